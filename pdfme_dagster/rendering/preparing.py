"""Gets a template ready to be drawn, or refuses it with all that is wrong: fonts, pictures, expressions.

Not here: JSON and properties (templates/reading.py), or what is wrong with a value.
"""

from collections.abc import Collection, Iterator, Mapping

from pdfme_dagster.errors import PermanentError, TemplateError
from pdfme_dagster.rendering.archive import find_archive_faults
from pdfme_dagster.rendering.base_pdf import BasePdf, import_base_pdf
from pdfme_dagster.rendering.codes import check_code
from pdfme_dagster.rendering.fields import Brush, draw_field, find_format
from pdfme_dagster.rendering.markdown import strip_marks
from pdfme_dagster.rendering.page import Page
from pdfme_dagster.rendering.pages import Drawable
from pdfme_dagster.rendering.pictures import read_picture
from pdfme_dagster.rendering.placed import Placed
from pdfme_dagster.rendering.svg import compile_svg
from pdfme_dagster.templates.expressions import (
    Content,
    ExpressionError,
    Fields,
    compile_content,
    compile_fields,
    compile_markup,
)
from pdfme_dagster.templates.schema import (
    CodeField,
    DateField,
    ListField,
    MultiVariableTextField,
    PictureField,
    SvgField,
    TableField,
    Template,
    TemplateField,
    TextBase,
)
from pdfme_dagster.templates.variables import MAX_CHARACTERS

_SHOWN_GLYPHS = 10


def prepare_template(template: Template, brush: Brush, *, optimise: bool = False) -> Drawable:
    """Return a template ready to be drawn; TemplateError lists every problem with its field and fix.

    ``optimise`` makes the base PDF smaller, once.
    """
    problems: list[str] = []
    base = _import_base(template, problems, optimise=optimise)
    if base and brush.pdf_a and isinstance(template.base, bytes):
        problems += [f"basePdf: {fault}" for fault in find_archive_faults(template.base)]
    contents: dict[str, Content] = {}
    names = [field.name for page in template.pages for field in page]
    for place, field in _list_fields(template):
        found = [*_compile_content(field, names, contents), *_check_fonts(field, brush)]
        if not found:
            found = list(_check_field(field, brush))
        if not found and field.read_only and field.content not in contents:
            found = list(_check_drawing(field, brush))
        problems += [f'{place}, field "{field.name}": {problem}' for problem in found]
    if problems:
        raise TemplateError([f"{template.name}: {problem}" for problem in problems])
    return Drawable(
        template=template,
        base=base,
        contents=contents,
        variables=_compile_fields(template, contents),
        brush=brush,
    )


def list_font_names(template: Template) -> list[str]:
    """Return the fonts that a template names, each once; one that a field leaves open is an empty name."""
    named = (name for _, field in _list_fields(template) for _, name in _list_fonts(field))
    return list(dict.fromkeys(named))


def find_missing_glyphs(template: Template, brush: Brush) -> Iterator[str]:
    """Yield a line for each field whose own text has characters that no font draws."""
    for place, field in _list_fields(template):
        for problem in _check_glyphs(field, brush):
            yield f'{template.name}: {place}, field "{field.name}": {problem}'


def _list_fields(template: Template) -> Iterator[tuple[str, TemplateField]]:
    for field in template.static_fields:
        yield "static", field
    for number, page in enumerate(template.pages, start=1):
        for field in page:
            yield f"page {number}", field


def _import_base(template: Template, problems: list[str], *, optimise: bool) -> BasePdf | None:
    if not isinstance(template.base, bytes):
        return None
    try:
        return import_base_pdf(template.base, optimise=optimise)
    except ValueError as exc:
        problems.append(f"basePdf: {exc}")
        return None


def _compile_content(
    field: TemplateField, names: Collection[str], contents: dict[str, Content]
) -> Iterator[str]:
    if not field.read_only or "{" not in field.content or field.content in contents:
        return
    # These have braces of their own.
    compile_text = compile_markup if isinstance(field, SvgField | MultiVariableTextField) else compile_content
    try:
        content = compile_text(field.content, fields=names)
    except ExpressionError as exc:
        yield f"content: {exc}"
        return
    if not content.is_literal:
        contents[field.content] = content


def _compile_fields(template: Template, contents: Mapping[str, Content]) -> Fields:
    """Return what the template's fields give to its expressions, and only what those read."""
    wanted = frozenset(name for content in contents.values() for name in content.names)

    def find_content(field: TemplateField) -> Content | None:
        if not field.read_only:
            return None
        return contents.get(field.content) or compile_markup(field.content)

    fields = (field for page in template.pages for field in page if field.name in wanted)
    return compile_fields(((field.name, find_content(field)) for field in fields), wanted=wanted)


def _check_fonts(field: TemplateField, brush: Brush) -> Iterator[str]:
    for key, name in _list_fonts(field):
        if name not in brush.book:
            known = ", ".join(brush.book.names)
            yield f'{key}: font "{name}" is not there; use {known}, or add it under fonts in templates.yaml'


def _list_fonts(field: TemplateField) -> Iterator[tuple[str, str]]:
    """Yield the fonts that a field must have; bold and italic can be made from the plain one."""
    if isinstance(field, TableField):
        yield "headStyles.fontName", field.head_styles.font_name
        yield "bodyStyles.fontName", field.body_styles.font_name
    elif isinstance(field, TextBase):
        yield "fontName", field.font_name
        if field.font_variant_fallback == "error" and field.text_format == "inline-markdown":
            variants = field.font_variants
            for kind in ("bold", "italic", "bold_italic", "code"):
                yield f"fontVariants.{kind}", getattr(variants, kind) or "(none)"


def _check_field(field: TemplateField, brush: Brush) -> Iterator[str]:
    """Check what a field always draws, as far as it is known before there is a value."""
    yield from _check_length(field)
    if isinstance(field, DateField):
        yield from _check_call(find_format, field, brush.language, key="format")
    if brush.refuse_missing:
        yield from _check_glyphs(field, brush)
    if not field.read_only or not field.content:
        return
    if isinstance(field, PictureField) and "{" not in field.content:
        yield from _check_picture(field, pdf_a=brush.pdf_a)
    elif isinstance(field, SvgField):
        yield from _check_call(compile_svg, field.content, key="content")
    elif (
        isinstance(field, CodeField)
        and "{" not in field.content
        and (problem := check_code(field.type, field.content))
    ):
        yield f"content: {problem}"


def _check_length(field: TemplateField) -> Iterator[str]:
    """Refuse a text of the template's own that takes too long to lay out; lists have other limits."""
    if isinstance(field, ListField) or not isinstance(field, TextBase):
        return
    texts = {"content": field.content}
    if isinstance(field, MultiVariableTextField):
        texts["text"] = field.text
    for key, text in texts.items():
        if len(text) > MAX_CHARACTERS:
            yield f"{key}: has {len(text)} characters, more than {MAX_CHARACTERS}; shorten it"


def _check_call(call: object, *arguments: object, key: str) -> Iterator[str]:
    try:
        call(*arguments)  # type: ignore[operator]
    except (ValueError, PermanentError) as exc:
        yield f"{key}: {exc}"


def _check_drawing(field: TemplateField, brush: Brush) -> Iterator[str]:
    """Draw a field that is the same in every document, to see whether it can be."""
    page = Page(width=0, height=0, font_names=brush.book.resource_names)
    placed = Placed(field=field, y_mm=field.position.y, height_mm=field.height)
    try:
        draw_field(page, placed, field.content, brush)
    except PermanentError as exc:
        reason = str(exc).removeprefix(f'field "{field.name}": ')
        yield f"content: {reason}"


def _check_picture(field: PictureField, *, pdf_a: bool) -> Iterator[str]:
    try:
        picture = read_picture(field.content)
    except ValueError as exc:
        yield f"content: {exc}"
        return
    if pdf_a and picture.color_space == "DeviceCMYK":
        yield "content: is a CMYK picture, which PDF/A with sRGB colours does not take; save it as RGB"


def _check_glyphs(field: TemplateField, brush: Brush) -> Iterator[str]:
    for name, text in _list_static_texts(field):
        missing = brush.book.find(name).list_missing(text) if name in brush.book else ""
        if missing:
            shown = ", ".join(f"U+{ord(character):04X}" for character in missing[:_SHOWN_GLYPHS])
            yield (
                f"no font draws {shown} of its text; add one to fallback_fonts in templates.yaml, "
                "or set missing_glyph to box or drop"
            )


def _list_static_texts(field: TemplateField) -> Iterator[tuple[str, str]]:
    """Yield the fonts and texts that a field draws whatever its value."""
    if isinstance(field, TableField):
        yield field.head_styles.font_name, "".join(field.head)
    elif isinstance(field, MultiVariableTextField):
        yield field.font_name, field.text
    elif isinstance(field, TextBase) and field.read_only:
        marked = field.text_format == "inline-markdown"
        yield field.font_name, strip_marks(field.content) if marked else field.content
