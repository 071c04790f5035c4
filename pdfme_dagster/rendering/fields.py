"""Draws one field of a template with its value: the one place that knows every type of field.

Not here: which value a field has or where a flowing one stands (pages.py, flow.py), nor how each is drawn
(text.py, markdown.py, tables.py, lists.py, codes.py, pictures.py, svg.py).
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pdfme_dagster.domain.privacy import show_value
from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering.codes import check_code, draw_code
from pdfme_dagster.rendering.figure import Figure
from pdfme_dagster.rendering.font_book import FontBook
from pdfme_dagster.rendering.lists import draw_list
from pdfme_dagster.rendering.markdown import draw_marked_text
from pdfme_dagster.rendering.outlines import write_outlines
from pdfme_dagster.rendering.page import MM, Page, trace_box, trace_ellipse
from pdfme_dagster.rendering.pictures import place_picture, read_picture
from pdfme_dagster.rendering.placed import Placed
from pdfme_dagster.rendering.svg import Svg, compile_svg, draw_svg
from pdfme_dagster.rendering.tables import draw_table
from pdfme_dagster.rendering.text import BLACK, Box, Setting, draw_lines, draw_text, set_field
from pdfme_dagster.templates.formats import DateFormat, compile_date_format, default_pattern
from pdfme_dagster.templates.schema import (
    CodeField,
    DateField,
    LineField,
    ListField,
    MarkField,
    MultiVariableTextField,
    Overflow,
    PictureField,
    SelectField,
    ShapeField,
    SvgField,
    TableField,
    TemplateField,
    TextBase,
    TextField,
)
from pdfme_dagster.templates.variables import fill_variables

# A tick in a square, a dot in a ring: strokes of 2 on a grid of 24, as pdfme draws them.
_MARKS = {
    ("checkbox", False): '<rect width="18" height="18" x="3" y="3" rx="2"/>',
    ("checkbox", True): '<rect width="18" height="18" x="3" y="3" rx="2"/><path d="M8 12l2.5 2.5L16 9"/>',
    ("radioGroup", False): '<circle cx="12" cy="12" r="10"/>',
    ("radioGroup", True): '<circle cx="12" cy="12" r="10"/><circle cx="12" cy="12" r="1"/>',
}
_MOMENTS = {
    "date": ("%Y/%m/%d", "%Y-%m-%d"),
    "time": ("%H:%M", "%H:%M:%S", "%Y/%m/%d %H:%M"),
    "dateTime": ("%Y/%m/%d %H:%M", "%Y-%m-%dT%H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d", "%Y-%m-%d"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Brush:
    """What drawing needs beside a field and its value: fonts, language, what text does that is too long.

    ``refuse_missing`` refuses templates with characters in their own texts that no font draws. With
    ``keep_texts`` expressions take values as the texts they are, where pdfme takes ``25.250`` for a number.
    """

    book: FontBook
    language: str = "en"
    overflow: Overflow = "visible"
    pdf_a: bool = False
    refuse_missing: bool = True
    keep_texts: bool = False


def draw_field(page: Page, placed: Placed, value: str, brush: Brush) -> None:
    """Draw a field; PermanentError where the value cannot be drawn as this type."""
    field = placed.field
    height = placed.height_mm * MM
    box = Box(
        x=field.position.x * MM,
        y=page.height - placed.y_mm * MM - height,
        width=field.width * MM,
        height=height,
    )
    page.anchors.setdefault(field.name, (box.x, box.y + box.height))
    if isinstance(field, TableField):  # pdfme turns tables as little as it fades them
        draw_table(page, placed, value, brush.book)
        return
    # What pdfme draws through SVG is never see-through.
    opacity = 1.0 if isinstance(field, SvgField | MarkField) and field.type != "circleMark" else field.opacity
    with page.turned(field.rotate, opacity, box.x + box.width / 2, box.y + box.height / 2):
        _DRAWERS[type(field)](page, placed, value, box, brush)


def bad_value(field: TemplateField, reason: str) -> PermanentError:
    """Return the error of a value that a field cannot draw."""
    return PermanentError("bad_field_value", f'field "{field.name}": {reason}')


# --- Text ---


def _draw_text_field(page: Page, placed: Placed, value: str, box: Box, brush: Brush) -> None:
    field = placed.field
    assert isinstance(field, TextField | SelectField)
    setting = set_text(field, brush)
    if field.text_format == "inline-markdown" and field.read_only and isinstance(field, TextField):
        draw_marked_text(page, value, field, setting, box, brush.book, placed.part)
    else:
        _draw_plain_text(page, value, setting, box, placed)


def _draw_plain_text(page: Page, text: str, setting: Setting, box: Box, placed: Placed) -> None:
    if isinstance(placed.layout, tuple):
        draw_lines(page, placed.layout[placed.part or slice(None)], setting, box)
    else:
        draw_text(page, text, setting, box)


def _draw_variables_field(page: Page, placed: Placed, value: str, box: Box, brush: Brush) -> None:
    field = placed.field
    assert isinstance(field, MultiVariableTextField)
    text = fill_variables(field, value)
    if text is None:
        return
    setting = set_text(field, brush)
    if field.text_format == "inline-markdown":
        draw_marked_text(page, text, field, setting, box, brush.book, placed.part)
    else:
        _draw_plain_text(page, text, setting, box, placed)


def set_text(field: TextBase, brush: Brush) -> Setting:
    """Return how a text field is set with this brush."""
    return set_field(field, brush.book.find(field.font_name), brush.overflow)


def _draw_date_field(page: Page, placed: Placed, value: str, box: Box, brush: Brush) -> None:
    field = placed.field
    assert isinstance(field, DateField)
    if value:
        # Whatever the template says: pdfme sets dates in the middle, one line high.
        middle = field.model_copy(update={"vertical_alignment": "middle", "line_height": 1.0})
        draw_text(page, write_moment(field, value, brush.language), set_text(middle, brush), box)


def write_moment(field: DateField, value: str, language: str) -> str:
    """Return a date or time by the field's pattern; PermanentError for a value that is none."""
    for form in _MOMENTS[field.type]:
        try:
            moment = dt.datetime.strptime(value.strip(), form)  # noqa: DTZ007  a statement's date has no zone
        except ValueError:
            continue
        return find_format(field, language)(moment)
    raise bad_value(field, f"{show_value(value)} is no {field.type}; write it like 2025/01/31 or 23:59")


def find_format(field: DateField, language: str) -> DateFormat:
    """Return what writes the field's dates; ValueError names the letters of a pattern that mean nothing."""
    chosen = field.locale or language
    return _compile_format(field.format.strip() or default_pattern(field.type, chosen), chosen)


_compile_format: Callable[[str, str], DateFormat] = lru_cache(maxsize=256)(compile_date_format)


def _draw_list_field(page: Page, placed: Placed, value: str, box: Box, brush: Brush) -> None:
    draw_list(page, placed, value, box, brush.book)


# --- Shapes ---


def _draw_line_field(page: Page, placed: Placed, _value: str, box: Box, _brush: Brush) -> None:
    field = placed.field
    assert isinstance(field, LineField)
    if box.width and box.height and field.color:
        middle = box.y + box.height / 2
        page.draw_line(box.x, middle, box.x + box.width, middle, box.height, field.color)


def _draw_shape_field(page: Page, placed: Placed, _value: str, box: Box, _brush: Brush) -> None:
    field = placed.field
    assert isinstance(field, ShapeField)
    border = field.border_width * MM
    if field.type == "ellipse":
        path = _trace_ring(box, border)
    else:
        half = border / 2
        path = trace_box(
            box.x + half, box.y + half, box.width - border, box.height - border, field.radius * MM
        )
    page.draw_path(path, fill=field.color, stroke=_find_stroke(field), thickness=border)


def _find_stroke(field: ShapeField) -> str | None:
    """Return the border's colour as pdfme has it: a filled shape's is black if it has none of its own.

    One that is not filled has a border of no width too: the thinnest line that there is.
    """
    if field.color:
        return field.border_color or BLACK if field.border_width else None
    return field.border_color


def _trace_ring(box: Box, border: float) -> str:
    rx, ry = (box.width - border) / 2, (box.height - border) / 2
    return trace_ellipse(box.x + box.width / 2, box.y + box.height / 2, rx, ry)


def _draw_mark_field(page: Page, placed: Placed, value: str, box: Box, _brush: Brush) -> None:
    field = placed.field
    assert isinstance(field, MarkField)
    if field.type == "circleMark":
        border = field.border_width * MM
        if value == "true" and field.color and 0 < border < min(box.width, box.height):
            page.draw_path(_trace_ring(box, border), fill=None, stroke=field.color, thickness=border)
        return
    drawing = _compile_mark(field.type, value == "true", field.color or BLACK)
    page.draw_figure(draw_svg(drawing, x=box.x, y=box.y, width=box.width, height=box.height))


@lru_cache(maxsize=256)
def _compile_mark(kind: str, is_set: bool, color: str) -> Svg:
    look = f'fill="none" stroke="#{color}" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
    drawn = _MARKS[kind, is_set]
    return compile_svg(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" {look}>{drawn}</svg>')


# --- Pictures and codes ---


def _draw_picture_field(page: Page, placed: Placed, value: str, box: Box, brush: Brush) -> None:
    if not value:
        return
    try:
        picture = read_picture(value)
    except ValueError as exc:
        raise bad_value(placed.field, str(exc)) from exc
    if brush.pdf_a and picture.color_space == "DeviceCMYK":
        raise bad_value(
            placed.field, "a CMYK picture cannot go into a PDF/A with sRGB colours; save it as RGB"
        )
    if box.width and box.height:
        page.draw_picture(picture, *place_picture(picture, box.x, box.y, box.width, box.height))


def _draw_svg_field(page: Page, placed: Placed, value: str, box: Box, brush: Brush) -> None:
    if not value:
        return
    try:
        drawing = _compile_svg(value)
    except ValueError as exc:
        raise bad_value(placed.field, str(exc)) from exc
    _draw_figure(page, draw_svg(drawing, x=box.x, y=box.y, width=box.width, height=box.height), brush)


_compile_svg = lru_cache(maxsize=64)(compile_svg)


def _draw_code_field(page: Page, placed: Placed, value: str, box: Box, brush: Brush) -> None:
    field = placed.field
    assert isinstance(field, CodeField)
    if not value:
        return
    problem = check_code(field.type, value)
    if problem:
        raise bad_value(field, problem)
    figure = draw_code(
        field.type,
        value,
        x=box.x,
        y=box.y,
        width=box.width,
        height=box.height,
        bar_color=_write_hex(field.bar_color),
        background_color=_write_hex(field.background_color),
        text_color=_write_hex(field.text_color),
        include_text=field.includetext,
        # The dots of a picture fall onto a screen's as those of pdfme's do; rectangles are rounded otherwise.
        # But PDFium makes a see-through picture of this kind see-through twice.
        as_picture=field.opacity == 1,
    )
    page.draw_figure(figure)
    face = brush.book.find("").first
    for label in figure.labels:
        page.add(write_outlines(label, face))


def _write_hex(color: str | None) -> str | None:
    return color and f"#{color}"


def _draw_figure(page: Page, figure: Figure, brush: Brush) -> None:
    """Draw a figure and set its labels in the fallback font, each squeezed or stretched into its room."""
    page.draw_figure(figure)
    typeface = brush.book.find("")
    for label in figure.labels:
        pieces = typeface.encode(label.text, right_to_left=False)
        width = sum(piece.width for piece in pieces) * label.size
        stretch = label.width / width if label.width and width else 1.0
        page.show(label.x, label.y, pieces, size=label.size, color=label.color, stretch=stretch)


_Drawer = Callable[[Page, Placed, str, Box, Brush], None]
_DRAWERS: Mapping[type[Any], _Drawer] = {
    TextField: _draw_text_field,
    SelectField: _draw_text_field,
    MultiVariableTextField: _draw_variables_field,
    DateField: _draw_date_field,
    ListField: _draw_list_field,
    LineField: _draw_line_field,
    ShapeField: _draw_shape_field,
    MarkField: _draw_mark_field,
    PictureField: _draw_picture_field,
    SvgField: _draw_svg_field,
    CodeField: _draw_code_field,
}
