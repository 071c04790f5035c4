"""Checks templates before anybody waits for their PDFs: all that is wrong, or what each one is made of.

Not here: the rules themselves (templates/, preparing.py, statements.py), or printing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from pdfme_dagster.errors import TemplateError
from pdfme_dagster.rendering.faces import Face
from pdfme_dagster.rendering.font_choice import FontChoice
from pdfme_dagster.rendering.page import MM
from pdfme_dagster.rendering.pages import Drawable
from pdfme_dagster.rendering.preparing import find_missing_glyphs, list_font_names, prepare_template
from pdfme_dagster.rendering.renderer import Renderer
from pdfme_dagster.rendering.shipped_fonts import FALLBACK, STAND_INS, load_face, load_faces
from pdfme_dagster.rendering.statements import StatementRenderer
from pdfme_dagster.rendering.template_renderer import make_brush
from pdfme_dagster.templates.library import (
    LIBRARY_FILE,
    MAX_FONT_BYTES,
    LibrarySpec,
    RenderOptions,
    load_library,
    read_library_spec,
)
from pdfme_dagster.templates.mapping_spec import MappingSpec, load_shipped_mapping
from pdfme_dagster.templates.pages import Layout, PagePlan, Role, plan_pages
from pdfme_dagster.templates.reading import MAX_TEMPLATE_BYTES, read_partly, read_template
from pdfme_dagster.templates.schema import BlankPage

# Keys made from it open nothing: a check makes no PDFs.
_ANY_SEED = b"a check makes no PDFs, so any will do"
# Files of the folder that are looked at for one that nobody names.
_MAX_LISTED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateReport:
    """What a template that can be rendered is made of.

    ``base`` says what is below its fields, ``fields`` counts those by type, ``rows`` the places for rows by
    page and prefix, from page 1, ``has_table`` that a table shows all; ``fonts`` are those that its fields
    name, the fallback for none.
    """

    name: str
    pages: int
    base: str
    fields: Mapping[str, int]
    fonts: tuple[str, ...]
    rows: tuple[tuple[int, str, int], ...]
    has_table: bool
    path: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderReport:
    """A templates folder that can be used: its templates, and what is odd about all of it."""

    templates: tuple[TemplateReport, ...]
    organisations: int
    warnings: tuple[str, ...]


def check_template(
    content: bytes,
    name: str,
    *,
    fonts: FontChoice,
    options: RenderOptions,
    mapping: MappingSpec | None = None,
) -> TemplateReport:
    """Check one template, also as one of statements; TemplateError lists all that is wrong with it."""
    template, problems = read_partly(content, name)
    drawable: Drawable | None = None
    layout: Layout | None = None
    with _noting(problems):
        # Rows would have gaps where a field could not be read.
        layout = None if problems else plan_pages(template, mapping or load_shipped_mapping())
    with _noting(problems):
        drawable = prepare_template(template, make_brush(fonts, options), optimise=options.optimise_base_pdf)
    if problems or drawable is None or layout is None:
        raise TemplateError(list(dict.fromkeys(problems)))
    lines = (f"{name}: {line.removeprefix(f'{name}: ')}" for line in layout.warnings)
    report = _describe(drawable, "template", layout)
    return replace(report, warnings=(*lines, *report.warnings))


def check_folder(
    folder: Path,
    *,
    fonts: Mapping[str, bytes] | None = None,
    fallback: str | None = None,
    options: Mapping[str, object] | None = None,
) -> FolderReport:
    """Check ``templates.yaml`` and all that it names; TemplateError lists every problem.

    ``fonts`` and ``options``, by their names in RenderOptions, come before what the folder says.
    """
    spec = read_library_spec(folder).override(options or {}, fonts=fonts or ())
    try:
        library = load_library(folder, read_template, spec=spec, fonts=fonts)
        renderer = StatementRenderer(library, seed=_ANY_SEED, fallback=fallback or FALLBACK)
    except TemplateError as exc:
        more = _find_more_problems(folder, spec, fonts or {}, fallback)
        raise TemplateError(list(dict.fromkeys([*exc.problems, *more]))) from None
    return FolderReport(
        templates=tuple(_describe_all(renderer)),
        organisations=len(library.organisations),
        warnings=(*library.warnings, *_list_warnings(folder, spec)),
    )


@contextmanager
def _noting(problems: list[str]) -> Iterator[None]:
    """Note the problems of a template that is refused, and go on."""
    try:
        yield
    except TemplateError as exc:
        problems += exc.problems


# --- What a template is made of ---


def _describe(drawable: Drawable, role: Role, layout: Layout) -> TemplateReport:
    template, book = drawable.template, drawable.brush.book
    fields = [*template.static_fields, *drawable.list_fields()]
    named = (name or book.fallback for name in list_font_names(template))
    return TemplateReport(
        name=template.name,
        pages=drawable.count_pages(),
        base=_describe_base(drawable),
        fields=dict(Counter(field.type for field in fields).most_common()),
        fonts=tuple(dict.fromkeys(named)),
        rows=tuple(_list_rows(role, layout)),
        has_table=any(plan.has_table for plan in _list_plans(role, layout)),
        path=Renderer([drawable]).path,
        warnings=tuple(_list_oddities(drawable, layout)),
    )


def _describe_base(drawable: Drawable) -> str:
    blank = drawable.template.base
    if isinstance(blank, BlankPage):
        return f"blank, {blank.width:g} x {blank.height:g} mm"
    assert drawable.base is not None
    first = drawable.base.pages[0]
    return f"base PDF, {first.width / MM:.0f} x {first.height / MM:.0f} mm"


def _list_rows(role: Role, layout: Layout) -> Iterator[tuple[int, str, int]]:
    for plan in _list_plans(role, layout):
        yield from ((plan.page + 1, places.prefix, places.count) for places in plan.rows.values())


def _list_plans(role: Role, layout: Layout) -> list[PagePlan]:
    pages = layout.single if role == "single" else layout.pages
    assert pages is not None
    plans = [plan for plan in pages.list_plans() if plan.role == role]
    return sorted(plans, key=lambda plan: plan.page)


def _list_oddities(drawable: Drawable, layout: Layout) -> Iterator[str]:
    template = drawable.template
    if not layout.ignore_rows and not any(
        plan.capacity or plan.has_table for plan in layout.pages.list_plans()
    ):
        yield (
            f"{template.name}: has no place for transactions, so that statements with any are refused; "
            "add fields like Tr1Date or a table named transactions"
        )
    if not drawable.brush.refuse_missing:
        yield from find_missing_glyphs(template, drawable.brush)
    unused = len(template.pages) - drawable.count_pages()
    if unused > 0:
        yield f"{template.name}: the base PDF has {unused} pages fewer than there are pages of fields"


# --- A folder ---


def _describe_all(renderer: StatementRenderer) -> Iterator[TemplateReport]:
    """Yield a report for each template file, however many organisations have it."""
    seen: set[str] = set()
    for entry, made in renderer.list_renderers():
        for (role, template), drawable in zip(entry.templates.items(), made.drawables, strict=True):
            if template.name not in seen:
                seen.add(template.name)
                # Files of one content share what is made of them, also its name.
                yield _describe(replace(drawable, template=template), role, entry.layout)


def _list_warnings(folder: Path, spec: LibrarySpec) -> Iterator[str]:
    if any(entry.password for entry in spec.entries.values()):
        yield f"{LIBRARY_FILE}: has passwords; PDF_PASSWORD_SEED must be set where its PDFs are made"
    named = {Path(file) for entry in spec.entries.values() for file in entry.files.values()}
    found = (path.relative_to(folder) for path in islice(sorted(folder.rglob("*.json")), _MAX_LISTED))
    for path in found:
        if path not in named:
            yield f"{path}: no organisation has it; name it in {LIBRARY_FILE}, or remove it"


def _find_more_problems(
    folder: Path, spec: LibrarySpec, fonts: Mapping[str, bytes], fallback: str | None
) -> Iterator[str]:
    """Yield what is wrong with templates one by one: loading stops before it, if anything else is wrong."""
    choice = _choose_any_fonts(folder, spec, fonts, fallback)
    checked: set[str] = set()
    for entry in spec.entries.values():
        for file in entry.files.values():
            if file in checked:
                continue
            checked.add(file)
            content = _read_inside(folder, file, MAX_TEMPLATE_BYTES)
            if content is not None:
                yield from _find_problems(content, file, choice, entry)


def _find_problems(content: bytes, name: str, fonts: FontChoice, options: RenderOptions) -> Sequence[str]:
    try:
        template, _ = read_partly(content, name)
        prepare_template(template, make_brush(fonts, options))
    except TemplateError as exc:
        return exc.problems
    return ()


def _choose_any_fonts(
    folder: Path, spec: LibrarySpec, fonts: Mapping[str, bytes], fallback: str | None
) -> FontChoice:
    """Return the folder's fonts; another one stands for each that cannot be read, which is known by now."""
    faces = {**dict.fromkeys((*spec.fonts, *fonts), load_face(FALLBACK)), **load_faces()}
    found = {name: _read_inside(folder, file, MAX_FONT_BYTES) for name, file in spec.fonts.items()}
    for name, content in {**found, **fonts}.items():
        with suppress(ValueError):
            faces[name] = Face(content or b"", name=name)
    stand_ins = tuple(name for name in (*spec.fallback_fonts, *STAND_INS) if name in faces)
    chosen = fallback if fallback in faces else FALLBACK
    return FontChoice(faces=faces, fallback=chosen or FALLBACK, stand_ins=stand_ins)


def _read_inside(folder: Path, name: str, most: int) -> bytes | None:
    """Return a file of the folder; None for one that is not there, not inside of it, or too large."""
    try:
        path = (folder / name).resolve(strict=True)
        if not path.is_relative_to(folder.resolve()) or path.stat().st_size > most:
            return None
        return path.read_bytes()
    except (OSError, RuntimeError):
        return None
