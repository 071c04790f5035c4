"""Lists as pdfme sets them: items with bullets or numbers, indented by level.

Not here: which items stand on which page (flow.py), or how text in a box is set (text.py).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering.font_book import FontBook
from pdfme_dagster.rendering.markdown import draw_marked_text
from pdfme_dagster.rendering.page import MM, MM_PER_POINT, Page
from pdfme_dagster.rendering.placed import Placed
from pdfme_dagster.rendering.text import Box, Setting, break_lines, draw_text, set_field
from pdfme_dagster.templates.json_texts import load_texts, write_text
from pdfme_dagster.templates.schema import ListField
from pdfme_dagster.templates.variables import MAX_CHARACTERS

# Some thousand pages.
MAX_ITEMS = 50_000
_DEEPEST_LEVEL = 8
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
# Text is wrapped as if there were at least so much room.
_NARROWEST_MM = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item; ``height_mm`` has the space below it."""

    text: str
    level: int
    marker: str
    height_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLayout:
    """A list with all its items measured."""

    field: ListField
    marker: Setting
    body: Setting
    items: tuple[Item, ...]


def read_items(value: str, field: ListField) -> list[str]:
    """Return the items of a JSON array, else one a line, none for blank. PermanentError for too many."""
    items = _split_items(value, field)
    if len(items) > MAX_ITEMS:
        raise _refuse(field, f"has {len(items)} items, more than {MAX_ITEMS}")
    if max(map(len, items), default=0) > MAX_CHARACTERS:
        raise _refuse(field, f"has an item of more than {MAX_CHARACTERS} characters")
    return items


def _split_items(value: str, field: ListField) -> list[str]:
    value_start = value.lstrip()[:1]
    if value_start != "[":
        return _LINE_ENDS.split(value) if value_start else []
    try:
        loaded = load_texts(value.strip())
    except ValueError:
        return _LINE_ENDS.split(value)
    assert isinstance(loaded, list)
    texts = [write_text(item) for item in loaded]
    if None in texts:
        raise _refuse(field, f"item {texts.index(None) + 1} is neither text nor number")
    return [text for text in texts if text is not None]


def _refuse(field: ListField, reason: str) -> PermanentError:
    return PermanentError("bad_field_value", f'field "{field.name}": {reason}; give items like ["a", "b"]')


def lay_list(field: ListField, items: Sequence[str], book: FontBook) -> ListLayout:
    """Measure a list's items."""
    marker, body = _set_parts(field, book)
    markers = _list_markers(field, [_split_level(item)[0] for item in items])
    measured = []
    for number, (item, sign) in enumerate(zip(items, markers, strict=True), start=1):
        level, text = _split_level(item)
        width = max(_NARROWEST_MM, _measure_body(field, level)) * MM
        lines = len(break_lines(text, body, field.font_size, width))
        height = lines * (MM_PER_POINT * field.font_size * field.line_height)
        height += field.item_spacing if number < len(items) else 0.0
        measured.append(Item(text=text, level=level, marker=sign, height_mm=height))
    return ListLayout(field=field, marker=marker, body=body, items=tuple(measured))


def _set_parts(field: ListField, book: FontBook) -> tuple[Setting, Setting]:
    """Return how markers and texts are set: from the top, the background being drawn for all at once."""
    changes = {
        "background_color": None,
        "vertical_alignment": "top",
        "dynamic_font_size": None,
        "overflow": "visible",
    }
    typeface = book.find(field.font_name)
    marker = field.model_copy(update={**changes, "alignment": "right"})
    return set_field(marker, typeface), set_field(field.model_copy(update=changes), typeface)


def _split_level(item: str) -> tuple[int, str]:
    text = item.lstrip("\t")
    return min(len(item) - len(text), _DEEPEST_LEVEL), text


def _list_markers(field: ListField, levels: Sequence[int]) -> Iterator[str]:
    """Yield a marker for each item; a number begins anew below each item of a higher level."""
    counts = [0] * (_DEEPEST_LEVEL + 1)
    for level in levels:
        counts[level] += 1
        counts[level + 1 :] = [0] * (_DEEPEST_LEVEL - level)
        yield f"{counts[level]}." if field.list_style == "ordered" else "•"


def _measure_body(field: ListField, level: int) -> float:
    return max(0.0, field.width - _find_body(field, level))


def _find_body(field: ListField, level: int) -> float:
    return level * field.indent_size + field.marker_width + field.marker_gap


def list_units(layout: ListLayout) -> list[float]:
    """Return the heights that page breaks go by, in millimetres: each item's; an empty list has none."""
    return [item.height_mm for item in layout.items] or [0.0]


def draw_list(page: Page, placed: Placed, value: str, box: Box, book: FontBook) -> None:
    """Draw the items of a list that stand on this page into a box, downwards from its top."""
    layout, field = placed.layout, placed.field
    if not isinstance(layout, ListLayout):
        assert isinstance(field, ListField)
        layout = lay_list(field, read_items(value, field), book)
    items = layout.items[placed.part or slice(None)]
    if items and layout.field.background_color:
        page.fill_box(box.x, box.y, box.width, box.height, layout.field.background_color)
    top = box.y + box.height
    for item in items:
        bottom = top - item.height_mm * MM
        _draw_item(page, layout, item, box.x, bottom, book)
        top = bottom


def _draw_item(page: Page, layout: ListLayout, item: Item, x: float, y: float, book: FontBook) -> None:
    field, height = layout.field, item.height_mm * MM
    indent, body = item.level * field.indent_size * MM, _find_body(field, item.level) * MM
    marker_box = Box(x=x + indent, y=y, width=field.marker_width * MM, height=height)
    body_box = Box(x=x + body, y=y, width=_measure_body(field, item.level) * MM, height=height)
    draw_text(page, item.marker, layout.marker, marker_box)
    # Heights are those of the text as it is written, marks and all, as in pdfme.
    if field.text_format == "inline-markdown" and field.read_only:
        draw_marked_text(page, item.text, field, layout.body, body_box, book, None)
    else:
        draw_text(page, item.text, layout.body, body_box)
