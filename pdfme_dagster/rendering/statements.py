"""Statements to PDFs: each with the template of its organisation, or with the built-in one.

Not here: which organisation gets which template and what its fields are filled with (templates/library.py),
nor how a page is drawn (renderer.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from pdfme_dagster.domain.statement import RenderedPdf, Statement
from pdfme_dagster.errors import ConfigurationError, PermanentError, TemplateError
from pdfme_dagster.rendering.details import Details
from pdfme_dagster.rendering.encryption import encrypt_pdf
from pdfme_dagster.rendering.faces import Face
from pdfme_dagster.rendering.fields import Brush
from pdfme_dagster.rendering.font_book import FontBook
from pdfme_dagster.rendering.preparing import prepare_template
from pdfme_dagster.rendering.renderer import PageInputs, Renderer
from pdfme_dagster.rendering.shipped_fonts import FALLBACK, STAND_INS, load_faces
from pdfme_dagster.templates.library import Library, LibraryEntry, load_library
from pdfme_dagster.templates.pages import PageInputs as StatementPage
from pdfme_dagster.templates.reading import read_template
from pdfme_dagster.templates.schema import Template

Entry = LibraryEntry[Template]
_SHORTEST_SEED = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recipe:
    """An entry with its fonts; two with one digest make the same PDFs, and share what is made ready once."""

    digest: str
    entry: Entry = field(compare=False)
    faces: Mapping[str, Face] = field(compare=False)
    stand_ins: tuple[str, ...] = field(compare=False)


class StatementRenderer:
    """Renders statements of any organisation; everything was checked when it was made."""

    def __init__(self, library: Library[Template], *, seed: bytes | None = None) -> None:
        """Get all templates ready; TemplateError lists what is wrong with any of them.

        ``seed`` is the secret that passwords' keys are made from: 32 bytes or more, needed where an
        organisation's PDFs have passwords.
        """
        self._library, self._seed = library, seed
        entries = [library.default, *library.organisations.values()]
        if any(entry.options.password for entry in entries) and len(seed or b"") < _SHORTEST_SEED:
            raise ConfigurationError(
                f"PDF_PASSWORD_SEED must be a secret of at least {_SHORTEST_SEED} characters: "
                "templates.yaml gives PDFs passwords, and their keys are made from it"
            )
        faces, stand_ins = _read_faces(library)
        problems: list[str] = []
        self._recipes = {
            entry.name: _Recipe(digest=entry.digest, entry=entry, faces=faces, stand_ins=stand_ins)
            for entry in entries
        }
        for recipe in self._recipes.values():
            try:
                _make_renderer(recipe)
            except TemplateError as exc:
                problems += exc.problems
        if problems:
            raise TemplateError(list(dict.fromkeys(problems)))

    @property
    def warnings(self) -> list[str]:
        """Return what is odd about the templates, but stops none."""
        return self._library.warnings

    def render(self, statement: Statement) -> RenderedPdf:
        """Render one statement; PermanentError rather than lose a transaction."""
        entry = self._library.choose(statement.org_id)
        renderer = _make_renderer(self._recipes[entry.name])
        mapped, pages = entry.paginate(statement)
        details = Details(
            title=_write_title(entry, statement),
            language=entry.options.language,
            created=statement.statement_date,
        )
        if renderer.flows:
            rendered = renderer.render_inputs([pages[0].inputs], details)
        else:
            rendered = renderer.render_pages(_number_pages(renderer, entry, pages), details)
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


def load_statement_renderer(folder: Path | None = None, *, seed: bytes | None = None) -> StatementRenderer:
    """Read the templates folder, or only the built-in template; TemplateError lists all that is wrong."""
    return StatementRenderer(load_library(folder, read_template), seed=seed)


def _read_faces(library: Library[Template]) -> tuple[Mapping[str, Face], tuple[str, ...]]:
    """Return all fonts by name, the folder's before shipped ones, and the names of those that stand in."""
    faces, problems = dict(load_faces()), []
    for name, file in library.fonts.items():
        try:
            faces[name] = Face(file.content, name=name)
        except ValueError as exc:
            problems.append(f"templates.yaml: fonts.{name}: {exc}")
    stand_ins = (*library.fallback_fonts, *STAND_INS)
    known = ", ".join(faces)
    problems += [
        f"templates.yaml: fallback_fonts: {name} is no font; use {known}, or add it under fonts"
        for name in stand_ins
        if name not in faces and name not in library.fonts
    ]
    if problems:
        raise TemplateError(problems)
    return faces, stand_ins


# A warm worker meets the same templates run after run; an organisation's needs some megabytes.
@lru_cache(maxsize=256)
def _make_renderer(recipe: _Recipe) -> Renderer:
    options = recipe.entry.options
    book = FontBook(
        recipe.faces,
        fallback=FALLBACK,
        stand_ins=[recipe.faces[name] for name in recipe.stand_ins],
        missing=options.missing_glyph,
    )
    brush = Brush(book=book, language=options.language, overflow=options.overflow, pdf_a=options.pdf_a)
    templates = recipe.entry.templates.values()
    drawables = [prepare_template(each, brush, optimise=options.optimise_base_pdf) for each in templates]
    renderer = Renderer(drawables, pdf_a=options.pdf_a)
    if renderer.flows and len(drawables) > 1:
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
