"""Where fields stand once tables, lists and texts have grown: what is lower moves down, and on to new pages.

Not here: how high anything is (tables.py, lists.py, text.py, markdown.py) or how it is drawn (fields.py).

Rules are pdfme's. Within the padding of a blank page, the pages of a template page are one long strip. Fields
are put on it from the top down, each as far below its place in the template as the end of the one before. A
field is one unit or several (rows, items, lines); pages break between units only.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cmp_to_key
from math import fmod

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering import lists, tables
from pdfme_dagster.rendering.font_book import FontBook
from pdfme_dagster.rendering.lists import ListLayout
from pdfme_dagster.rendering.markdown import measure_marked_lines
from pdfme_dagster.rendering.page import MM
from pdfme_dagster.rendering.placed import Placed
from pdfme_dagster.rendering.tables import TableLayout
from pdfme_dagster.rendering.text import Box, Line, break_lines, set_field, stack_lines
from pdfme_dagster.templates.schema import (
    BlankPage,
    ListField,
    MultiVariableTextField,
    TableField,
    TemplateField,
    TextField,
)
from pdfme_dagster.templates.variables import fill_variables

__all__ = ["Placed", "flow_pages", "is_flowing", "place_still", "sort_for_drawing"]

# A year of a busy account has some hundred; more is a broken template, such as one with hardly any room.
MAX_PAGES = 10_000
# Lengths are the same within this, as pdfme compares them.
_SAME_MM = 0.01

FindValue = Callable[[TemplateField], str]


def is_flowing(field: TemplateField) -> bool:
    """Say whether a field grows with its value."""
    if isinstance(field, TextField | MultiVariableTextField):
        return field.overflow == "expand"
    return isinstance(field, TableField | ListField)


def place_still(fields: Sequence[TemplateField]) -> list[Placed]:
    """Place the fields of a page where the template has them; there is no text that expands."""
    return [
        Placed(field=_keep_size(field), y_mm=field.position.y, height_mm=field.height) for field in fields
    ]


def _keep_size(field: TemplateField) -> TemplateField:
    if isinstance(field, TextField | MultiVariableTextField) and field.overflow == "expand":
        return field.model_copy(update={"overflow": "visible"})
    return field


def flow_pages(
    pages: Sequence[Sequence[TemplateField]], blank: BlankPage, value_of: FindValue, book: FontBook
) -> list[list[Placed]]:
    """Return the fields of each page, in the order in which they are drawn.

    Every row, item and line is on one of the pages. PermanentError for values that cannot be laid out, and
    for more than ``MAX_PAGES`` pages.
    """
    flowed: list[list[Placed]] = []
    for fields in pages:
        strip = _Strip(blank=blank, most_pages=MAX_PAGES - len(flowed))
        offset = 0.0
        for item in _list_items(fields, blank, value_of, book):
            end = strip.place(item, item.base_mm + offset)
            offset = end - (item.base_mm + item.field.height)
        flowed += strip.finish({field.name: number for number, field in enumerate(fields)})
    _require_all_rows(flowed)
    return sort_for_drawing(flowed)


def _require_all_rows(pages: Sequence[Sequence[Placed]]) -> None:
    """Raise rather than lose a row of a table: counted once more where they are drawn."""
    left: dict[str, int] = {}
    for placed in (placed for page in pages for placed in page):
        if isinstance(placed.layout, TableLayout):
            rows = len(placed.layout.rows)
            drawn = len(range(rows)[placed.part or slice(None)])
            left[placed.field.name] = left.get(placed.field.name, rows) - drawn
    for name, rows in left.items():
        if rows:
            raise PermanentError(
                "rows_lost", f'table "{name}": {rows} rows are on no page; this is our error, report it'
            )


def sort_for_drawing(pages: Sequence[Sequence[Placed]]) -> list[list[Placed]]:
    """Sort each page's fields as pdfme draws them: a name that was on an earlier page comes earlier."""
    names = dict.fromkeys(placed.field.name for page in pages for placed in page)
    order = {name: number for number, name in enumerate(names)}
    return [sorted(page, key=lambda placed: order[placed.field.name]) for page in pages]


# --- Units ---


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """A field in units; ``base_mm`` is its place in the template from the top of the strip.

    ``layout`` is what was worked out for all of it: of a text that is split, its lines.
    """

    field: TemplateField
    base_mm: float
    units: Sequence[float]
    layout: TableLayout | ListLayout | tuple[Line, ...] | None = None
    splits_text: bool = False

    def cut(self, start: int, end: int, y_mm: float) -> Placed:
        """Return these units of the field, standing at that height of a page."""
        height, is_split = sum(self.units[start:end]), start > 0
        if isinstance(self.layout, TableLayout):  # its first unit is the head
            part: slice | None = slice(max(0, start - 1), end - 1)
        else:
            part = slice(start, end) if self.layout or self.splits_text else None
        return Placed(
            field=self._cut_box(start, end) if self.splits_text else self.field,
            y_mm=y_mm,
            height_mm=height,
            part=part,
            is_split=is_split,
            layout=self.layout,
        )

    def _cut_box(self, start: int, end: int) -> TemplateField:
        """Return the field with border and padding only where its box begins and ends."""
        text = self.field
        assert isinstance(text, TextField | MultiVariableTextField)
        open_sides: dict[str, float] = {} if start == 0 else {"top": 0.0}
        if end < len(self.units):
            open_sides["bottom"] = 0.0
        if not open_sides:
            return text
        border, padding = (each.model_copy(update=open_sides) for each in (text.border_width, text.padding))
        return text.model_copy(update={"border_width": border, "padding": padding})


def _list_items(
    fields: Sequence[TemplateField], blank: BlankPage, value_of: FindValue, book: FontBook
) -> list[_Item]:
    """Return fields in units, from the top down; those side by side in the template's order."""
    items = [_measure_field(field, blank, value_of, book) for field in fields]
    order = {field.name: number for number, field in enumerate(fields)}

    def compare(one: _Item, other: _Item) -> float:
        higher = one.base_mm - other.base_mm
        return higher if abs(higher) > _SAME_MM else order[one.field.name] - order[other.field.name]

    return sorted(items, key=cmp_to_key(compare))  # type: ignore[arg-type]  # a float has a sign, too


def _measure_field(field: TemplateField, blank: BlankPage, value_of: FindValue, book: FontBook) -> _Item:
    # What stands in the top padding is moved below it.
    base = max(0.0, field.position.y - blank.padding[0])
    if not is_flowing(field):
        return _Item(field=field, base_mm=base, units=(field.height,))
    value = value_of(field)
    if isinstance(field, TableField):
        table = tables.lay_table(field, tables.read_rows(value, field), book)
        return _Item(field=field, base_mm=base, units=tables.list_units(table, blank), layout=table)
    if isinstance(field, ListField):
        items = lists.lay_list(field, lists.read_items(value, field), book)
        return _Item(field=field, base_mm=base, units=lists.list_units(items), layout=items)
    assert isinstance(field, TextField | MultiVariableTextField)
    units, lines = _measure_text(field, value, book)
    if len(units) == 1:
        return _Item(field=field, base_mm=base, units=units)
    # Broken once, not anew on each of its pages.
    return _Item(field=field, base_mm=base, units=units, layout=lines, splits_text=True)


def _measure_text(
    field: TextField | MultiVariableTextField, value: str, book: FontBook
) -> tuple[list[float], tuple[Line, ...] | None]:
    """Return the heights of a text's lines with border and padding; one height when all fit the field.

    The lines come with them, but those of marked text.
    """
    text = fill_variables(field, value) if isinstance(field, MultiVariableTextField) else value
    if text is None:
        return [field.height], None
    heights, lines = _measure_lines(field, text, book)
    border, padding = field.border_width, field.padding
    heights[0] += border.top + padding.top
    heights[-1] += border.bottom + padding.bottom
    if sum(heights) <= field.height:
        return [field.height], None
    return heights, lines


def _measure_lines(
    field: TextField | MultiVariableTextField, text: str, book: FontBook
) -> tuple[list[float], tuple[Line, ...] | None]:
    setting = set_field(field, book.find(field.font_name))
    # The very arithmetic that draws it: with another width, lines might break elsewhere.
    width = Box(x=0.0, y=0.0, width=field.width * MM, height=0.0).inset(setting.insets).width
    marked = field.text_format == "inline-markdown" and (field.read_only or field.type != "text")
    if marked:
        return measure_marked_lines(text, field, setting, width, book), None
    lines = break_lines(text, setting, setting.size, width)
    return stack_lines(len(lines), setting, setting.size), lines


# --- Pages ---


@dataclass(slots=True, kw_only=True)
class _Strip:
    """The pages of one template page, filled from the top down."""

    blank: BlankPage
    most_pages: int
    pages: list[list[Placed]] = field(default_factory=list)

    @property
    def room_mm(self) -> float:
        return self.blank.height - self.blank.padding[0] - self.blank.padding[2]

    def place(self, item: _Item, start_mm: float) -> float:
        """Put a field on the strip from there on; return where it ends."""
        room, units = self.room_mm, item.units
        page, y = max(0, int(start_mm // room)), max(0.0, fmod(start_mm, room))
        done, end_mm = 0, 0.0
        while done < len(units):
            self._open_page(page)
            taken = 0 if self._is_too_high(units[done], y) else self._count_fitting(item, done, y)
            if not taken:
                page, y = page + 1, 0.0
                continue
            placed = item.cut(done, done + taken, y + self.blank.padding[0])
            self.pages[page].append(placed)
            y, done = y + placed.height_mm, done + taken
            if y >= room - _SAME_MM or self._is_paper_full(item, done, placed):
                page, y = page + 1, 0.0
            end_mm = page * room + y
        return end_mm

    def _open_page(self, page: int) -> None:
        if page >= self.most_pages:
            raise PermanentError(
                "too_many_pages",
                f"has more than {MAX_PAGES} pages; split the statement, or make the page's padding smaller",
            )
        while len(self.pages) <= page:
            self.pages.append([])

    def _is_too_high(self, unit: float, y: float) -> bool:
        """Say whether a unit must go to the next page; one at the top of a page stays, however high it is."""
        left = self.room_mm - y
        return unit > left + _SAME_MM and abs(left - self.room_mm) > _SAME_MM

    def _count_fitting(self, item: _Item, start: int, y: float) -> int:
        """Return how many units fit below y, one at least; none where a table's head would be left alone."""
        end, height, units = start, 0.0, item.units
        while end < len(units) and y + height + units[end] <= self.room_mm + _SAME_MM:
            height += units[end]
            end += 1
        if not isinstance(item.layout, TableLayout):
            return max(1, end - start)
        if len(units) > 1 and start == 0 and end == 1 and y > _SAME_MM:
            return 0
        return max(1, self._keep_on_paper(item.layout, start, end, y) - start)

    def _keep_on_paper(self, table: TableLayout, start: int, end: int, y: float) -> int:
        """Return the end of units that are on the paper when drawn, one row at least.

        A table may be higher than its units, see tables.list_units. In pdfme it then stands in the bottom
        padding, and rows that have no room there either are off the page, where nobody sees them.
        """
        high = table.measure_rows(slice(max(0, start - 1), end - 1), is_split=start > 0)
        room = self.blank.height - self.blank.padding[0] - y + _SAME_MM
        while end > max(start + 1, 2) and high > room:
            end -= 1
            high -= table.rows[end - 1].height_mm
        return end

    def _is_paper_full(self, item: _Item, done: int, placed: Placed) -> bool:
        """Say whether the next row of a table would no longer be on the paper."""
        if done == len(item.units) or not isinstance(item.layout, TableLayout):
            return False
        begin = placed.part.start if placed.part else 0
        high = item.layout.measure_rows(slice(begin, done), is_split=placed.is_split)
        return placed.y_mm + high > self.blank.height + _SAME_MM

    def finish(self, order: dict[str, int]) -> Iterator[list[Placed]]:
        """Yield the pages that have something on them, and empty ones between; always at least one."""
        while len(self.pages) > 1 and not self.pages[-1]:
            self.pages.pop()
        for page in self.pages or [[]]:
            yield sorted(page, key=lambda placed: order[placed.field.name])
