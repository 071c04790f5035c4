"""The commands `render`, `template check` and `template preview`: options in, files and lines out.

Not here: anything another program could want to call (rendering/). Imports are made by the command that needs
them, so that `--help` answers at once.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional, cast

import typer

from pdfme_dagster.cli_files import STDOUT, read_file, write_file, write_folder, write_utf8
from pdfme_dagster.cli_profiles import load_choice
from pdfme_dagster.domain.privacy import mask_account, show_line
from pdfme_dagster.errors import ConfigurationError, PermanentError

if TYPE_CHECKING:
    from pdfme_dagster.domain.statement import ParsedFile, RenderedPdf, Statement
    from pdfme_dagster.rendering import StatementRenderer
    from pdfme_dagster.rendering.checking import TemplateReport
    from pdfme_dagster.rendering.font_choice import FontChoice
    from pdfme_dagster.rendering.pages import Inputs
    from pdfme_dagster.rendering.renderer import Path as RenderPath
    from pdfme_dagster.templates.library import RenderOptions
    from pdfme_dagster.templates.schema import Template

template_app = typer.Typer(help="Check and look at templates.", no_args_is_help=True)

_SHOWN_WARNINGS = 20

_PathOption = Optional[Path]  # noqa: UP045  typer reads this at run time
_TextOption = Optional[str]  # noqa: UP045
_TextsOption = Optional[list[str]]  # noqa: UP045

Out = Annotated[Path, typer.Option("--output", "-o", help="Where to write it; - is stdout.")]
InputsFile = Annotated[
    _PathOption, typer.Option("--inputs", help="A JSON file: a list of objects of texts by field, or one.")
]
StatementFile = Annotated[_PathOption, typer.Option("--statement", help="A statement file.")]
ProfileName = Annotated[
    _TextOption, typer.Option("--profile", help="How to read it: a profile's name or .toml file.")
]
Fonts = Annotated[
    _TextsOption,
    typer.Option("--font", metavar="NAME=PATH", help="A TrueType font; may be given several times."),
]
FallbackFont = Annotated[
    _TextOption,
    typer.Option(
        metavar="NAME", help="The font of fields that name none; else the first --font, else Roboto."
    ),
]
MissingGlyph = Annotated[
    _TextOption, typer.Option(metavar="box|drop|error", help="What becomes of characters no font has.")
]
Overflow = Annotated[
    _TextOption,
    typer.Option(metavar="visible|shrink|clip|ellipsis", help="What becomes of text too long for its field."),
]
Language = Annotated[
    _TextOption, typer.Option(metavar="TAG", help="Of the file, and of names in dates: en, ar-BH.")
]
Title = Annotated[_TextOption, typer.Option(metavar="TEXT", help="The file's title.")]
Date = Annotated[
    _TextOption,
    typer.Option(
        metavar="YYYY-MM-DD", help="What {date} is; else the statement's date, or today with inputs."
    ),
]
PdfA = Annotated[bool, typer.Option("--pdf-a", help="Make a PDF/A-2b.")]
Optimise = Annotated[bool, typer.Option("--optimise", help="Make the base PDF smaller.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """How PDFs shall look: fonts by name, the one for fields that name none, options that were given."""

    fonts: Mapping[str, bytes]
    fallback: str | None
    given: Mapping[str, object]
    options: "RenderOptions"

    def choose_fonts(self) -> "FontChoice":
        from pdfme_dagster.rendering.font_choice import choose_fonts

        return choose_fonts(self.fonts, fallback=self.fallback)


def render(
    template: Annotated[
        _PathOption, typer.Argument(metavar="TEMPLATE.json", help="A template, with --inputs.")
    ] = None,
    *,
    out: Out,
    inputs: InputsFile = None,
    statement: StatementFile = None,
    own_template: Annotated[
        _PathOption, typer.Option("--template", help="A template for all statements of the file.")
    ] = None,
    templates: Annotated[
        _PathOption, typer.Option(help="A folder with templates.yaml; else TEMPLATES_DIR, else built in.")
    ] = None,
    profile: ProfileName = None,
    font: Fonts = None,
    fallback_font: FallbackFont = None,
    missing_glyph: MissingGlyph = None,
    overflow: Overflow = None,
    language: Language = None,
    title: Title = None,
    date: Date = None,
    pdf_a: PdfA = False,
    optimise: Optimise = False,
    path: Annotated[_TextOption, typer.Option(hidden=True, help="compiled or canvas.")] = None,
) -> None:
    """Make a PDF of a template and inputs, or PDFs of a statement file, without any service."""
    _check_render(template, inputs, statement, own_template, templates, profile)
    look = _read_look(
        font,
        fallback_font,
        missing_glyph=missing_glyph,
        overflow=overflow,
        language=language,
        title=title,
        pdf_a=pdf_a or None,
        optimise_base_pdf=optimise or None,
    )
    day, way = _read_date(date), _read_path(path)
    if statement is not None:
        renderer = _load_renderer(look, own_template, templates)
        parsed = _read_statements(statement, profile)
        _write_statements(statement, parsed, renderer, out, day, way)
        return
    assert template is not None
    assert inputs is not None
    read = _read_template(template)
    pdf = _render_inputs(read, _read_inputs(inputs), look, day, way)
    write_file(out, pdf.content)
    _tell(out, _count(pdf.pages, "page"))


@template_app.command()
def check(
    template: Annotated[
        Path, typer.Argument(metavar="TEMPLATE", help="A template, a templates folder or templates.yaml.")
    ],
    font: Fonts = None,
    fallback_font: FallbackFont = None,
    missing_glyph: MissingGlyph = None,
    overflow: Overflow = None,
    language: Language = None,
    pdf_a: PdfA = False,
    optimise: Optimise = False,
) -> None:
    """Say what a template is made of, or all that is wrong with it (exit code 2)."""
    look = _read_look(
        font,
        fallback_font,
        missing_glyph=missing_glyph,
        overflow=overflow,
        language=language,
        pdf_a=pdf_a or None,
        optimise_base_pdf=optimise or None,
    )
    write_utf8()
    if template.is_dir() or template.suffix in {".yaml", ".yml"}:
        _check_folder(template, look)
    else:
        _check_file(template, look)


@template_app.command()
def preview(
    template: Annotated[Path, typer.Argument(metavar="TEMPLATE.json", help="A template.")],
    *,
    out: Out,
    page: Annotated[int, typer.Option(help="Which page, from 1.")] = 1,
    dpi: Annotated[int, typer.Option(help="Dots per inch.")] = 100,
    inputs: InputsFile = None,
    statement: StatementFile = None,
    profile: ProfileName = None,
    font: Fonts = None,
    fallback_font: FallbackFont = None,
    missing_glyph: MissingGlyph = None,
    overflow: Overflow = None,
    language: Language = None,
    date: Date = None,
) -> None:
    """Draw a page as a PNG: with the template's own sample, with inputs, or with a file's first statement."""
    from pdfme_dagster.rendering.inputs import find_sample_inputs
    from pdfme_dagster.rendering.preview import draw_preview

    if inputs and statement:
        raise ConfigurationError("--inputs and --statement exclude each other; leave out one")
    look = _read_look(font, fallback_font, missing_glyph=missing_glyph, overflow=overflow, language=language)
    day, is_empty = _read_date(date), False
    if statement is not None:
        renderer = _load_renderer(look, template, None)
        pdf = renderer.render(_read_statements(statement, profile).statements[0], day=day)
    else:
        read = _read_template(template)
        values = _read_inputs(inputs) if inputs else [find_sample_inputs(read)]
        is_empty = not any(values)
        pdf = _render_inputs(read, values, look, day, None)
    write_file(out, draw_preview(pdf.content, page=page, dpi=dpi))
    _tell(out, f"page {page} of {pdf.pages}")
    if is_empty:
        _warn([f"{template}: its fields have no sample content; give --inputs or --statement to fill them"])


# --- Options ---


def _check_render(
    template: Path | None,
    inputs: Path | None,
    statement: Path | None,
    own_template: Path | None,
    templates: Path | None,
    profile: str | None,
) -> None:
    """Raise ConfigurationError for options that do not go together."""
    if statement is None:
        if own_template or templates or profile:
            raise ConfigurationError("--template, --templates and --profile go with --statement; name a file")
        if template is None or inputs is None:
            raise ConfigurationError("give TEMPLATE.json and --inputs INPUTS.json, or --statement FILE")
    elif template or inputs:
        raise ConfigurationError("--statement takes --template T instead of TEMPLATE.json, and no --inputs")
    elif own_template and templates:
        raise ConfigurationError("--template is for all organisations; leave out it or --templates")


def _read_look(fonts: Sequence[str] | None, fallback: str | None, **options: str | bool | None) -> _Look:
    from pydantic import ValidationError

    from pdfme_dagster.templates.library import RenderOptions

    given = {key: value for key, value in options.items() if value is not None}
    try:
        checked = RenderOptions.model_validate(given)
    except ValidationError as exc:
        error = exc.errors()[0]
        flag = f"--{error['loc'][0]}".replace("_", "-")
        message = error["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
        raise ConfigurationError(f'{flag} "{show_line(str(error["input"])[:40])}" {message}') from exc
    files = dict(_read_font(each) for each in fonts or ())
    return _Look(fonts=files, fallback=fallback or next(iter(files), None), given=given, options=checked)


def _read_font(given: str) -> tuple[str, bytes]:
    from pdfme_dagster.rendering.faces import Face
    from pdfme_dagster.templates.library import MAX_FONT_BYTES

    name, _, path = given.partition("=")
    if not name or not path:
        raise ConfigurationError(f"--font {given}: write it like Own=own.ttf")
    content = read_file(Path(path), most_bytes=MAX_FONT_BYTES)
    try:
        Face(content, name=name)
    except ValueError as exc:
        raise ConfigurationError(f"--font {given}: {exc}") from exc
    return name, content


def _read_date(given: str | None) -> dt.date | None:
    if given is None:
        return None
    try:
        if len(given) == len("2025-01-31"):
            return dt.date.fromisoformat(given)
    except ValueError:
        pass
    raise ConfigurationError(f"--date {given} is no date; write it like 2025-01-31")


def _read_path(given: str | None) -> "RenderPath | None":
    if given not in (None, "compiled", "canvas"):
        raise ConfigurationError(f"--path {given} is unknown; choose compiled or canvas")
    return cast("RenderPath | None", given)


# --- Templates and inputs ---


def _read_template(path: Path) -> "Template":
    from pdfme_dagster.templates.reading import MAX_TEMPLATE_BYTES, read_template

    return read_template(read_file(path, most_bytes=MAX_TEMPLATE_BYTES), path.name)


def _read_inputs(path: Path) -> "list[Inputs]":
    from pdfme_dagster.rendering.inputs import MAX_INPUTS_BYTES, read_inputs

    return read_inputs(read_file(path, most_bytes=MAX_INPUTS_BYTES), path.name)


def _render_inputs(
    template: "Template",
    inputs: "Sequence[Inputs]",
    look: _Look,
    day: dt.date | None,
    path: "RenderPath | None",
) -> "RenderedPdf":
    from pdfme_dagster.rendering.details import Details
    from pdfme_dagster.rendering.template_renderer import make_renderer

    options = look.options
    details = Details(
        title=options.title or Path(template.name).stem,
        language=options.language,
        # Inputs say of no day that they are of it, and pdfme takes this one.
        created=day or dt.datetime.now().astimezone().date(),
    )
    renderer = make_renderer([template], look.choose_fonts(), options)
    return renderer.render_inputs(inputs, details, path=path)


# --- Statements ---


def _load_renderer(look: _Look, template: Path | None, templates: Path | None) -> "StatementRenderer":
    from pdfme_dagster.rendering import load_statement_renderer
    from pdfme_dagster.settings import TemplateSettings
    from pdfme_dagster.templates.reading import MAX_TEMPLATE_BYTES

    settings = TemplateSettings.from_environment()
    if template:
        read_file(template, most_bytes=MAX_TEMPLATE_BYTES)
    renderer = load_statement_renderer(
        templates or settings.templates_dir,
        seed=settings.password_seed,
        template=template,
        fonts=look.fonts,
        fallback=look.fallback,
        options=look.given,
    )
    _warn(renderer.warnings)
    return renderer


def _read_statements(file: Path, profile: str | None) -> "ParsedFile":
    """Read a statement file by the rules of its profile; what was odd goes to stderr."""
    from pdfme_dagster.parsing import describe_rejected, parse, require_acceptable
    from pdfme_dagster.settings import MAX_FILE_BYTES

    content = read_file(file, most_bytes=MAX_FILE_BYTES)
    chosen = load_choice(file, profile)(BytesIO(content))
    parsed = parse(content, profile=chosen, name=file.name)
    require_acceptable(parsed, chosen)
    if parsed.rejected:
        _warn([f"{file}: {describe_rejected(parsed.rejected, parsed)}"])
    if parsed.warnings:
        _warn([f"{file}: {_count(len(parsed.warnings), 'warning')}; `pdfme-dagster parse` lists them"])
    return parsed


def _write_statements(
    file: Path,
    parsed: "ParsedFile",
    renderer: "StatementRenderer",
    out: Path,
    day: dt.date | None,
    path: "RenderPath | None",
) -> None:
    """Write the PDF of the only customer, or a folder of them, each named by its place among all."""
    left_out = {each.position for each in parsed.rejected}
    customers = len(parsed.statements) + len(left_out)
    takes_one = not out.is_dir() and (out == STDOUT or out.suffix.lower() == ".pdf" or out.exists())
    if takes_one and customers == 1:
        pdf = _render_statement(renderer, 1, parsed.statements[0], day, path)
        write_file(out, pdf.content)
        _tell(out, _count(pdf.pages, "page"))
        return
    if takes_one:
        raise ConfigurationError(f"{file} has {customers} statements, {out} takes one; name a folder with -o")
    positions = [position for position in range(1, customers + 1) if position not in left_out]
    pages: list[int] = []

    def render_all() -> Iterator[tuple[str, bytes]]:
        for position, statement in zip(positions, parsed.statements, strict=True):
            pdf = _render_statement(renderer, position, statement, day, path)
            pages.append(pdf.pages)
            yield f"{position:04d}.pdf", pdf.content

    write_folder(out, render_all())
    _tell(out, f"{_count(len(pages), 'PDF')}, {_count(sum(pages), 'page')}")


def _render_statement(
    renderer: "StatementRenderer",
    position: int,
    statement: "Statement",
    day: dt.date | None,
    path: "RenderPath | None",
) -> "RenderedPdf":
    try:
        return renderer.render(statement, day=day, path=path)
    except PermanentError as exc:
        place = f"statement {position} (account {mask_account(statement.account)})"
        raise PermanentError(exc.code, f"{place}: {exc}") from exc


# --- Checks ---


def _check_file(file: Path, look: _Look) -> None:
    from pdfme_dagster.rendering.checking import check_template
    from pdfme_dagster.templates.reading import MAX_TEMPLATE_BYTES

    content = read_file(file, most_bytes=MAX_TEMPLATE_BYTES)
    report = check_template(content, file.name, fonts=look.choose_fonts(), options=look.options)
    _print_report(report)
    _warn(report.warnings, err=False)


def _check_folder(given: Path, look: _Look) -> None:
    from pdfme_dagster.rendering.checking import check_folder
    from pdfme_dagster.templates.library import LIBRARY_FILE

    if not given.is_dir() and given.name != LIBRARY_FILE:
        raise ConfigurationError(f"{given}: such a file is called {LIBRARY_FILE}; rename it")
    folder = given if given.is_dir() else given.parent
    report = check_folder(folder, fonts=look.fonts, fallback=look.fallback, options=look.given)
    for each in report.templates:
        _print_report(each)
    warnings = [*report.warnings, *(line for each in report.templates for line in each.warnings)]
    _warn(warnings, err=False)
    typer.echo(
        f"{folder}: {_count(len(report.templates), 'template')}, "
        f"{_count(report.organisations, 'organisation')} with an entry of their own"
    )


def _print_report(report: "TemplateReport") -> None:
    fields = ", ".join(f"{kind} {count}" for kind, count in report.fields.items())
    rows = [f"page {page}: {count} ({prefix})" for page, prefix, count in report.rows]
    rows += ["a table of all"] if report.has_table else []
    typer.echo(show_line(report.name))
    for label, value in (
        ("pages", f"{report.pages}, {report.base}"),
        ("fields", f"{sum(report.fields.values())}: {fields or 'none'}"),
        ("fonts", ", ".join(report.fonts) or "none"),
        ("rows", ", ".join(rows) or "no places"),
        ("path", report.path),
    ):
        typer.echo(f"  {label:<7} {show_line(value)}")


# --- Messages ---


def _warn(warnings: Sequence[str], *, err: bool = True) -> None:
    more = len(warnings) - _SHOWN_WARNINGS
    for line in [*warnings[:_SHOWN_WARNINGS], *([f"and {more} more"] if more > 0 else [])]:
        typer.echo(f"warning: {show_line(line)}", err=err)


def _tell(out: Path, what: str) -> None:
    """Say what was written, where stdout is not what was written."""
    if out != STDOUT:
        typer.echo(f"{out}: {what}")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
