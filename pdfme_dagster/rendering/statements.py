"""Statements to PDFs: each with the template of its organisation, or with the built-in one.

Not here: which organisation gets which template and what its fields are filled with (templates/library.py),
nor how a page is drawn (renderer.py).
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from pdfme_dagster.domain.statement import RenderedPdf, Statement
from pdfme_dagster.errors import ConfigurationError, PermanentError, TemplateError
from pdfme_dagster.rendering.details import Details
from pdfme_dagster.rendering.encryption import encrypt_pdf
from pdfme_dagster.rendering.faces import Face
from pdfme_dagster.rendering.font_choice import FontChoice
from pdfme_dagster.rendering.pages import Counters
from pdfme_dagster.rendering.renderer import PageInputs, Renderer
from pdfme_dagster.rendering.renderer import Path as RenderPath
from pdfme_dagster.rendering.shipped_fonts import FALLBACK, STAND_INS, load_faces
from pdfme_dagster.rendering.template_renderer import make_renderer
from pdfme_dagster.templates.amounts import AmountStyle
from pdfme_dagster.templates.library import (
    BUILT_IN_TEMPLATE,
    EntrySpec,
    Library,
    LibraryEntry,
    LibrarySpec,
    load_library,
    read_library_spec,
)
from pdfme_dagster.templates.pages import PageInputs as StatementPage
from pdfme_dagster.templates.reading import read_template
from pdfme_dagster.templates.schema import Template

Entry = LibraryEntry[Template]
_SHORTEST_SEED = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recipe:
    """An entry with its fonts; two with one digest make the same PDFs, and share what is made ready once."""

    digest: str
    fallback: str
    entry: Entry = field(compare=False)
    fonts: FontChoice = field(compare=False)


class StatementRenderer:
    """Renders statements of any organisation; everything was checked when it was made."""

    def __init__(
        self, library: Library[Template], *, seed: bytes | None = None, fallback: str = FALLBACK
    ) -> None:
        """Get all templates ready; TemplateError lists what is wrong with any of them.

        ``seed`` is the secret that passwords' keys are made from: 32 bytes or more, needed where an
        organisation's PDFs have passwords. ``fallback`` is the font of fields that name none.
        """
        self._library, self._seed = library, seed
        entries = [library.default, *library.organisations.values()]
        if any(entry.options.password for entry in entries) and len(seed or b"") < _SHORTEST_SEED:
            raise ConfigurationError(
                f"PDF_PASSWORD_SEED must be a secret of at least {_SHORTEST_SEED} characters: "
                "templates.yaml gives PDFs passwords, and their keys are made from it"
            )
        fonts = _read_fonts(library, fallback)
        problems: list[str] = []
        self._recipes = {
            entry.name: _Recipe(digest=entry.digest, fallback=fallback, entry=entry, fonts=fonts)
            for entry in entries
        }
        self._renderers: dict[str, Renderer] = {}
        for name, recipe in self._recipes.items():
            try:
                self._renderers[name] = _make_renderer(recipe)
            except TemplateError as exc:
                problems += exc.problems
        if problems:
            raise TemplateError(list(dict.fromkeys(problems)))

    @property
    def warnings(self) -> list[str]:
        """Return what is odd about the templates, but stops none."""
        return self._library.warnings

    def list_renderers(self) -> Iterator[tuple[Entry, Renderer]]:
        """Yield what each organisation's statements are made by; the first is for those not named."""
        return ((recipe.entry, self._renderers[name]) for name, recipe in self._recipes.items())

    def render(
        self, statement: Statement, *, day: dt.date | None = None, path: RenderPath | None = None
    ) -> RenderedPdf:
        """Render one statement; PermanentError rather than lose a transaction.

        ``day`` is what templates know as ``date``, else the statement's; ``path`` is for comparing the two.
        """
        entry = self._library.choose(statement.org_id)
        renderer = self._renderers[entry.name]
        mapped, pages = entry.paginate(statement)
        details = Details(
            title=_write_title(entry, statement),
            language=entry.options.language,
            created=day or statement.statement_date,
        )
        if renderer.flows:
            counters = Counters(page=entry.layout.page_fields, pages=entry.layout.pages_fields)
            rendered = renderer.render_inputs([pages[0].inputs], details, counters=counters, path=path)
        else:
            rendered = renderer.render_pages(_number_pages(renderer, entry, pages), details, path=path)
        return self._finish(rendered, entry, mapped.header)

    def _finish(self, rendered: RenderedPdf, entry: Entry, header: Mapping[str, str]) -> RenderedPdf:
        content = rendered.content
        if entry.password_field is not None:
            content = self._encrypt(content, header.get(entry.password_field, ""))
        return RenderedPdf(
            content=content,
            pages=rendered.pages,
            template=entry.templates["template"].name,
            template_digest=entry.digest,
        )

    def _encrypt(self, content: bytes, password: str) -> bytes:
        assert self._seed is not None
        try:
            return encrypt_pdf(content, password, seed=self._seed)
        except ValueError as exc:
            raise PermanentError("bad_password", f"the statement's PDF gets no password: {exc}") from exc


def load_statement_renderer(
    folder: Path | None = None,
    *,
    seed: bytes | None = None,
    template: Path | None = None,
    fonts: Mapping[str, bytes] | None = None,
    fallback: str | None = None,
    options: Mapping[str, object] | None = None,
) -> StatementRenderer:
    """Read the templates folder, or one template for everybody; else there is the built-in one.

    ``fonts`` by name and ``options`` of RenderOptions come before what the folder says; ``fallback`` is the
    font of fields that name none. TemplateError lists all that is wrong.
    """
    spec = LibrarySpec(default=EntrySpec(amounts=AmountStyle())) if template else read_library_spec(folder)
    library = load_library(
        None if template else folder,
        read_template,
        built_in=template or BUILT_IN_TEMPLATE,
        spec=spec.override(options or {}, fonts=fonts or ()),
        fonts=fonts,
    )
    return StatementRenderer(library, seed=seed, fallback=fallback or FALLBACK)


def _read_fonts(library: Library[Template], fallback: str) -> FontChoice:
    """Return all fonts, the folder's before shipped ones."""
    faces, problems = dict(load_faces()), []
    for name, file in library.fonts.items():
        try:
            faces[name] = Face(file.content, name=name)
        except ValueError as exc:
            problems.append(f"templates.yaml: fonts.{name}: {exc}")
    stand_ins = (*library.fallback_fonts, FALLBACK, *STAND_INS)
    known, known_names = ", ".join(faces), {*faces, *library.fonts}
    problems += [
        f"templates.yaml: fallback_fonts: {name} is no font; use {known}, or add it under fonts"
        for name in stand_ins
        if name not in known_names
    ]
    if fallback not in known_names:
        problems.append(f"fallback font {fallback} is not there; use {known}, or add it")
    if problems:
        raise TemplateError(problems)
    return FontChoice(faces=faces, fallback=fallback, stand_ins=stand_ins)


# A warm worker meets the same templates run after run; an organisation's needs some megabytes.
@lru_cache(maxsize=256)
def _make_renderer(recipe: _Recipe) -> Renderer:
    templates = list(recipe.entry.templates.values())
    renderer = make_renderer(templates, recipe.fonts, recipe.entry.options, keep_texts=True)
    if renderer.flows and len(templates) > 1:
        names = ", ".join(each.name for each in templates)
        raise TemplateError(
            [f"{names}: a table, list or growing text breaks pages itself; name one template only"]
        )
    renderer.warm_up()
    return renderer


def _write_title(entry: Entry, statement: Statement) -> str:
    """Return the file's title: the organisation's own, or what it is and of which day; never an account."""
    day = statement.statement_date
    return entry.options.title or ("Statement" if day is None else f"Statement {day:%d/%m/%Y}")


def _number_pages(renderer: Renderer, entry: Entry, pages: list[StatementPage]) -> list[PageInputs]:
    """Number pages through the templates that a statement's pages take turns in."""
    firsts, first = {}, 0
    for role, drawable in zip(entry.templates, renderer.drawables, strict=True):
        firsts[role] = first
        first += drawable.count_pages()
    return [PageInputs(page=firsts[page.role] + page.page, inputs=page.inputs) for page in pages]
