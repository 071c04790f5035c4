"""Tables as pdfme sets them: rows read, measured, counted in units for page breaks, and drawn.

Not here: which rows stand on which page (flow.py), or how text in a box is set (text.py).

A row is as high as its highest cell: lines times line height, and the cell's padding and border. Cells of one
line of plain text, nearly all of a statement's, are written while they are measured, and shown in one go.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering.figure import format_number
from pdfme_dagster.rendering.font_book import FontBook
from pdfme_dagster.rendering.page import MM, MM_PER_POINT, Page, trace_box, write_color
from pdfme_dagster.rendering.placed import Placed
from pdfme_dagster.rendering.shaping import Typeface
from pdfme_dagster.rendering.text import (
    BLACK,
    Box,
    Setting,
    align_line,
    break_lines,
    draw_text,
    offset_first_baseline,
)
from pdfme_dagster.templates.json_texts import load_texts, write_text
from pdfme_dagster.templates.schema import BlankPage, CellStyle, Sides, TableField
from pdfme_dagster.templates.variables import MAX_CHARACTERS

# Some thousand pages, and more columns than a page has room for.
MAX_ROWS = 50_000
MAX_COLUMNS = 100
# pdfme leaves that much at a page's end when heads are repeated.
_SAFETY_MM = 0.5

Rows = tuple[tuple[str, ...], ...]


# --- Reading ---


def read_rows(value: str, field: TableField) -> Rows:
    """Return a table's rows, as many cells in each as it has columns; none for an empty value.

    PermanentError for what is no JSON array of rows, for too many of them, and for a text in a cell beyond
    the last column, which pdfme would leave out.
    """
    try:
        rows = load_texts(value) if value else []
    except ValueError as exc:
        raise _refuse(field, f"its value {exc}") from None
    if not isinstance(rows, list):
        raise _refuse(field, "its value is no JSON array")
    if len(rows) > MAX_ROWS or len(field.head) > MAX_COLUMNS:
        raise _refuse(
            field, f"has {len(rows)} rows of {len(field.head)} cells; {MAX_ROWS} of {MAX_COLUMNS} will do"
        )
    return tuple(_read_row(row, number, field) for number, row in enumerate(rows, start=1))


def _read_row(row: object, number: int, field: TableField) -> tuple[str, ...]:
    if not isinstance(row, list):
        raise _refuse(field, f"row {number} is no array")
    texts = [cell if isinstance(cell, str) and cell.isascii() else write_text(cell) for cell in row]
    columns = len(field.head)
    if any(texts[columns:]):
        raise _refuse(field, f"row {number} has {len(row)} cells for {columns} columns")
    texts += [""] * (columns - len(texts))
    if None in texts:
        raise _refuse(field, f"row {number}, cell {texts.index(None) + 1} is neither text nor number")
    if max(map(len, texts), default=0) > MAX_CHARACTERS:  # type: ignore[arg-type]  # none is None any more
        raise _refuse(field, f"row {number} has a cell of more than {MAX_CHARACTERS} characters")
    return tuple(texts[:columns])  # type: ignore[arg-type]  # none is None any more


def _refuse(field: TableField, reason: str) -> PermanentError:
    return PermanentError(
        "bad_field_value", f'field "{field.name}": {reason}; give rows like [["a", "b"], ["c", "d"]]'
    )


# --- Measuring ---


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """One column of the head or the body: where its text is, in points.

    ``slack`` is the share of free room that is left of the text.
    """

    text_x: float
    text_width: float
    slack: float
    setting: Setting


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Section:
    """The head or the body: one style, columns that differ in width and alignment; heights in millimetres.

    ``decorations`` are the backgrounds and borders of odd and even rows, see _write_decoration.
    """

    style: CellStyle
    columns: tuple[Column, ...]
    typeface: Typeface
    line_mm: float
    insets: Sides
    inset_mm: float
    decorations: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row's texts and height.

    ``shown`` are its cells from left to right: operators to be joined by the height of the baseline for those
    of one plain line, the number of the column for others.
    """

    texts: tuple[str, ...]
    height_mm: float
    shown: tuple[tuple[str, ...] | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLayout:
    """A table with all its rows measured."""

    field: TableField
    head: Section
    body: Section
    head_row: Row
    rows: tuple[Row, ...]

    @property
    def head_mm(self) -> float:
        """Return the height of the head as far as page breaks know of it: none unless it is asked for."""
        counts = self.field.show_head and "show_head" in self.field.model_fields_set
        return self.head_row.height_mm if counts else 0.0

    def measure_rows(self, rows: slice, *, is_split: bool) -> float:
        """Return how high these rows are when drawn, with the head where there is one."""
        head = self.head_row.height_mm if self.has_head(is_split=is_split) else 0.0
        return head + sum([row.height_mm for row in self.rows[rows]])

    def has_head(self, *, is_split: bool) -> bool:
        """Say whether there is a head on this page, which is a later one of the table if ``is_split``."""
        return self.field.show_head and (self.field.repeat_head or not is_split)


def lay_table(field: TableField, rows: Rows, book: FontBook) -> TableLayout:
    """Measure a table's head and rows."""
    head, body, head_row = _set_table(_Identity(field), book)
    measured = tuple([_measure_row(body, row) for row in rows])
    return TableLayout(field=field, head=head, body=body, head_row=head_row, rows=measured)


class _Identity:
    """A field as a key: the same object, not another one that is equal."""

    def __init__(self, field: TableField) -> None:
        self.field = field

    def __hash__(self) -> int:
        return id(self.field)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and self.field is other.field


@lru_cache(maxsize=64)  # the tables of the templates in use
def _set_table(key: _Identity, book: FontBook) -> tuple[Section, Section, Row]:
    """Return what all tables of a field have in common: head, body, and the head's row."""
    field, head, body = key.field, key.field.head_styles, key.field.body_styles
    head_section = _set_section(field, head, (head.background_color,) * 2, book)
    stripes = (body.alternate_background_color, body.background_color)
    body_section = _set_section(field, body, stripes, book)
    return head_section, body_section, _measure_row(head_section, field.head)


def _set_section(
    field: TableField, style: CellStyle, stripes: tuple[str | None, str | None], book: FontBook
) -> Section:
    border, padding = style.border_width, style.padding
    insets = Sides(
        top=border.top + padding.top,
        right=border.right + padding.right,
        bottom=border.bottom + padding.bottom,
        left=border.left + padding.left,
    )
    typeface, edges = book.find(style.font_name), list(_list_edges(field))
    odd, even = ("\n".join(_write_decoration(style, edges, color)) for color in stripes)
    return Section(
        style=style,
        columns=tuple(_list_columns(field, style, insets, typeface)),
        typeface=typeface,
        line_mm=MM_PER_POINT * style.font_size * style.line_height,
        insets=insets,
        inset_mm=border.top + border.bottom + padding.top + padding.bottom,
        decorations=(odd, even),
    )


def _list_edges(field: TableField) -> Iterator[tuple[float, float]]:
    """Yield where each column begins and ends, in millimetres; they need not fill the table's width."""
    left = field.position.x
    for percentage in field.head_width_percentages:
        width = field.width * (percentage / 100)
        yield left, width
        left += width


def _list_columns(field: TableField, style: CellStyle, insets: Sides, typeface: Typeface) -> Iterator[Column]:
    # Text is set in what the cell's own box leaves; that box is drawn for the whole row.
    nothing = {"background_color": None, "border_width": Sides(), "padding": Sides()}
    for number, (left, width) in enumerate(_list_edges(field)):
        alignment = field.column_styles.alignment.get(number, style.alignment)
        look = style.model_copy(update={**nothing, "alignment": alignment})
        yield Column(
            text_x=(left + insets.left) * MM,
            text_width=max(0.0, width - insets.left - insets.right) * MM,
            slack=align_line(alignment, 0.0, 1.0),
            setting=Setting(typeface=typeface, look=look, size=style.font_size),
        )


def _measure_row(section: Section, texts: tuple[str, ...]) -> Row:
    shown, plain, lines = list[tuple[str, ...] | int](), [""], 1
    for number, (text, column) in enumerate(zip(texts, section.columns, strict=True)):
        if not text:
            continue
        if written := _write_plain(section, column, text):
            plain[-1] += written[0]
            plain.append(written[1])
            continue
        shown += [tuple(plain), number] if len(plain) > 1 else [number]
        plain = [""]
        lines = max(lines, len(break_lines(text, column.setting, column.setting.size, column.text_width)))
    if len(plain) > 1:
        shown.append(tuple(plain))
    height = lines * section.line_mm + section.inset_mm if section.columns else 0.0
    return Row(texts=texts, height_mm=height, shown=tuple(shown))


@lru_cache(maxsize=20_000)  # a month end's dates, shops and currencies come again and again
def _write_plain(section: Section, column: Column, text: str) -> tuple[str, str] | None:
    """Return the operators that show a line, before and after its baseline's height.

    None for text that breaks, or that needs more than the basic set of its font.
    """
    pieces = section.typeface.encode(text, right_to_left=False)
    if len(pieces) != 1 or not text.isprintable() or text[-1].isspace():
        return None
    piece, style = pieces[0], section.style
    free = column.text_width - piece.width * style.font_size - (len(text) - 1) * style.character_spacing
    if free < 0 or piece.glyphs or piece.face is not section.typeface.first:
        return None
    return f"1 0 0 1 {column.text_x + free * column.slack:.3f} ", f" Tm {piece.shows[0].operators} "


def list_units(layout: TableLayout, blank: BlankPage) -> list[float]:
    """Return the heights that page breaks go by, in millimetres: the head's, then each row's.

    As in pdfme, where heads are repeated, the first row of each later page has the head's height on top.
    Which row that is, is worked out from where the table stands in the template, not where it was pushed to.
    """
    heights = [layout.head_mm, *(row.height_mm for row in layout.rows)]
    if not (layout.field.repeat_head and layout.head_mm > 0):
        return heights
    return _add_repeated_heads(heights, layout.field.position.y, blank)


def _add_repeated_heads(heights: Sequence[float], y_mm: float, blank: BlankPage) -> list[float]:
    top, _, bottom, _ = blank.padding
    room = blank.height - top - bottom
    first = page = max(0, int((y_mm - top) // room))
    units, begun = list[float](), False
    for place, height in enumerate(heights):
        while True:
            start = page * room + top
            total = height + (heights[0] if place and not begun and page > first else 0.0)
            at_top = not begun and abs(y_mm - start) < _SAFETY_MM
            if at_top or total <= start + room - y_mm - _SAFETY_MM:
                break
            page, y_mm, begun = page + 1, (page + 1) * room + top, False
        units.append(total)
        fitted = total <= start + room - y_mm - _SAFETY_MM
        y_mm, begun = y_mm + total, True
        if fitted and y_mm >= start + room - _SAFETY_MM:
            page, y_mm, begun = page + 1, (page + 1) * room + top, False
    return units


# --- Drawing ---


def draw_table(page: Page, placed: Placed, value: str, book: FontBook) -> None:
    """Draw the rows of a table that stand on this page, the head above them, the frame around."""
    layout, field = placed.layout, placed.field
    if not isinstance(layout, TableLayout):
        assert isinstance(field, TableField)
        layout = lay_table(field, read_rows(value, field), book)
    draw_rows(page, layout, placed.part or slice(None), y_mm=placed.y_mm, is_split=placed.is_split)


def draw_rows(page: Page, layout: TableLayout, rows: slice, *, y_mm: float, is_split: bool) -> None:
    """Draw these rows of a table; its stripes run through over all pages."""
    bottom = y_mm
    if layout.has_head(is_split=is_split):
        bottom = _Pen(page, layout.head).draw(layout.head_row, 0, bottom)
    pen = _Pen(page, layout.body)
    for number in range(*rows.indices(len(layout.rows))):
        bottom = pen.draw(layout.rows[number], number, bottom)
    _draw_frame(page, layout.field, y_mm, bottom)


def _draw_frame(page: Page, field: TableField, top_mm: float, bottom_mm: float) -> None:
    border, color = field.table_styles.border_width * MM, field.table_styles.border_color
    if border and color:
        x, y = field.position.x * MM + border / 2, page.height - bottom_mm * MM + border / 2
        width, height = field.width * MM - border, (bottom_mm - top_mm) * MM - border
        page.draw_path(trace_box(x, y, width, height), fill=None, stroke=color, thickness=border)


class _Pen:
    """Draws the rows of the head or the body on one page."""

    def __init__(self, page: Page, section: Section) -> None:
        self._page, self._section, style = page, section, section.style
        color = write_color(style.font_color or BLACK)
        name, size = page.font_names[section.typeface.first], format_number(style.font_size)
        spacing = f" {style.character_spacing:.4f} Tc" if style.character_spacing else ""
        self._begin = f"BT {color} rg /{name} {size} Tf{spacing} "
        self._end = "0 Tc ET" if spacing else "ET"

    def draw(self, row: Row, number: int, y_mm: float) -> float:
        """Draw the row of that number whose top is at ``y_mm``; return its bottom."""
        page, section = self._page, self._section
        if not section.columns:
            return y_mm
        if decoration := section.decorations[number % 2]:
            page.add(self._place_decoration(decoration, y_mm, row.height_mm))
        insets = section.insets
        height = max(0.0, row.height_mm - insets.top - insets.bottom) * MM
        self._show_texts(row, page.height - (y_mm + insets.top) * MM - height, height)
        return y_mm + row.height_mm

    def _place_decoration(self, decoration: str, y_mm: float, height_mm: float) -> str:
        """Write the heights of a row where letters stand for them, see _write_decoration."""
        border, high = self._section.style.border_width, height_mm * MM
        y = self._page.height - y_mm * MM - high
        return (
            decoration.replace("Y", f"{y:.3f}")
            .replace("H", f"{high:.3f}")
            .replace("M", f"{y + high / 2:.3f}")
            .replace("A", f"{y + high - border.top * MM / 2:.3f}")
            .replace("B", f"{y + border.bottom * MM / 2:.3f}")
        )

    def _show_texts(self, row: Row, y: float, height: float) -> None:
        """Show a row's cells from left to right into boxes of that lower edge and height."""
        columns = self._section.columns
        setting = columns[0].setting
        baseline = f"{y + height - offset_first_baseline(setting, setting.size, 1, height):.3f}"
        for shown in row.shown:
            if isinstance(shown, tuple):
                self._page.basic_faces[self._section.typeface.first] = None
                self._page.add(self._begin + baseline.join(shown) + self._end)
            else:
                column = columns[shown]
                box = Box(x=column.text_x, y=y, width=column.text_width, height=height)
                draw_text(self._page, row.texts[shown], column.setting, box)


def _write_decoration(
    style: CellStyle, edges: Sequence[tuple[float, float]], background: str | None
) -> Iterator[str]:
    """Yield the background and borders of each cell of a row, letters standing for the row's own heights.

    They are the middles of the top border (A), of the bottom border (B) and of the row (M), its bottom (Y)
    and how high it is (H). Cell by cell: the background of one may cover some of the border before it.
    """
    border, color = style.border_width, style.border_color
    has_border = bool(color) and not border.is_none
    if background:
        yield f"{write_color(background)} rg"
    if color and has_border:
        yield f"{write_color(color)} RG"
    for start, width in edges:
        left, right = start * MM, (start + width) * MM
        if background:
            yield f"{left:.3f} Y {width * MM:.3f} H re f"
        if has_border:
            yield from _write_borders(border, left, right)


def _write_borders(border: Sides, left: float, right: float) -> Iterator[str]:
    """Yield the borders of a cell; upright ones are short lines as thick as the row is high, as in pdfme."""
    for side, letter in ((border.top, "A"), (border.bottom, "B")):
        if side:
            yield f"{side * MM:.3f} w {left:.3f} {letter} m {right:.3f} {letter} l S"
    if border.left or border.right:
        yield "H w"
    if border.left:
        yield f"{left:.3f} M m {left + border.left * MM:.3f} M l S"
    if border.right:
        yield f"{right - border.right * MM:.3f} M m {right:.3f} M l S"
