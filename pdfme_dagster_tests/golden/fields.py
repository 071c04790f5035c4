"""Templates in few words: one function per kind of field, pdfme's own property names.

Not here: what the templates show (texts.py, expanding.py, tables.py, figures.py, pages.py).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, repeat
from math import ceil
from typing import Any

Field = dict[str, Any]
Inputs = list[dict[str, str]]

A5 = (148, 210)
# Rows are many on a small page: a table of some dozens of rows fills several.
A6 = (105, 148)


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A template, its inputs and the one thing that it shows."""

    name: str
    template: dict[str, Any]
    inputs: Inputs


def make_theme(
    name: str,
    shows: str,
    *pages: list[Field] | dict[str, Field],
    base: Mapping[str, Any] | str | None = None,
    inputs: Inputs | None = None,
) -> Theme:
    """Return a theme; without inputs every editable field gets its own ``content``.

    Without a base the page is as low as the fields allow: white would dilute a difference.
    """
    sheets = list(pages)
    base = base or blank((A5[0], _find_lowest(sheets) + 8))
    template = {"pdfmeVersion": "6.1.13", "shows": shows, "basePdf": base, "schemas": sheets}
    return Theme(name=name, template=template, inputs=inputs or [_sample_inputs(sheets)])


def blank(
    size: tuple[float, float] = A5, *, padding: float = 8, static: Sequence[Field] = ()
) -> dict[str, Any]:
    """Return a blank page of that size with the same padding on all sides."""
    page = {"width": size[0], "height": size[1], "padding": [padding] * 4}
    return {**page, "staticSchema": list(static)} if static else page


def field(kind: str, name: str, box: tuple[float, float, float, float], **properties: Any) -> Field:
    """Return a field in the box ``x, y, width, height``."""
    x, y, width, height = box
    position = {"x": round(x, 3), "y": round(y, 3)}
    return {"name": name, "type": kind, "position": position, "width": width, "height": height, **properties}


def text(name: str, box: tuple[float, float, float, float], content: str, **properties: Any) -> Field:
    """Return an editable text whose sample input is ``content``."""
    return field("text", name, box, **{"content": content, "fontSize": 9, "fontName": "Roboto", **properties})


def fixed(name: str, box: tuple[float, float, float, float], content: str, **properties: Any) -> Field:
    """Return a read-only text; braces in it are expressions."""
    return text(name, box, content, readOnly=True, **properties)


def variables(
    name: str,
    box: tuple[float, float, float, float],
    wording: str,
    values: Mapping[str, Any],
    **properties: Any,
) -> Field:
    """Return a text with variables, which it lists unless ``properties`` say otherwise."""
    defaults = {"text": wording, "variables": list(values), "content": json.dumps(values), "fontSize": 9}
    return field("multiVariableText", name, box, **{**defaults, **properties})


def table(
    name: str,
    box: tuple[float, float, float, float],
    head: Mapping[str, float],
    rows: Sequence[Sequence[str]],
    **properties: Any,
) -> Field:
    """Return a table; ``head`` gives each column's title and its share of the width in percent."""
    styles = {"headStyles": cells(backgroundColor="#2c5f7c", fontColor="#ffffff"), "bodyStyles": cells()}
    defaults = {
        "content": json.dumps(rows),
        "head": list(head),
        "headWidthPercentages": list(head.values()),
        "showHead": True,
        "tableStyles": {"borderColor": "#2c5f7c", "borderWidth": 0.3},
        "columnStyles": {},
        **styles,
    }
    return field("table", name, box, **{**defaults, **properties})


def cells(**properties: Any) -> Field:
    """Return a style for a table's head or body."""
    defaults = {
        "fontName": "Roboto",
        "fontSize": 8,
        "alignment": "left",
        "verticalAlignment": "middle",
        "lineHeight": 1,
        "characterSpacing": 0,
        "fontColor": "#000000",
        "backgroundColor": "",
        "alternateBackgroundColor": "",
        "borderColor": "#888888",
        "borderWidth": sides(0.1),
        "padding": sides(1.5),
    }
    return {**defaults, **properties}


def sides(
    top: float, right: float | None = None, bottom: float | None = None, left: float | None = None
) -> Field:
    """Return a width per side; one number stands for all four."""
    values = (top, *(top if side is None else side for side in (right, bottom, left)))
    return dict(zip(("top", "right", "bottom", "left"), values, strict=True))


def grid(
    columns: int, width: float, height: float, *, left: float = 8, top: float = 8, gap: float = 5
) -> Iterator[tuple[float, float, float, float]]:
    """Yield boxes row by row, without end."""
    for row, column in map(divmod, count(), repeat(columns)):
        yield left + column * (width + gap), top + row * (height + gap), width, height


def frame(**properties: Any) -> Field:
    """Return the properties of a thin grey border, which shows where a box is."""
    return {"borderColor": "#9aa5b1", "borderWidth": sides(0.2), **properties}


def _find_lowest(pages: Sequence[list[Field] | dict[str, Field]]) -> int:
    """Return where the lowest field ends, whole millimetres from the top."""
    ends: list[float] = [each["position"]["y"] + each["height"] for _, each in _list_named(pages)]
    return ceil(max(ends))


def _sample_inputs(pages: Sequence[list[Field] | dict[str, Field]]) -> dict[str, str]:
    return {
        name: each["content"]
        for name, each in _list_named(pages)
        if not each.get("readOnly") and each.get("content")
    }


def _list_named(pages: Sequence[list[Field] | dict[str, Field]]) -> list[tuple[str, Field]]:
    return [
        (name, each)
        for page in pages
        for name, each in (page.items() if isinstance(page, dict) else ((f["name"], f) for f in page))
    ]
