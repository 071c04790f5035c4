"""Themes of what grows and pushes the rest down: expanding text, lists, page breaks.

Not here: tables (tables.py).
"""

import json

from pdfme_dagster_tests.golden.fields import (
    A6,
    Field,
    Theme,
    blank,
    field,
    fixed,
    frame,
    make_theme,
    sides,
    text,
    variables,
)
from pdfme_dagster_tests.golden.texts import SENTENCE

LINES = "\n".join(f"Line {n} of a text that fills its page and goes on to the next." for n in range(1, 41))
EXPAND = {"overflow": "expand"}
MARKER = {"borderColor": "#cc0000", "borderWidth": sides(0, 0, 0.4, 0)}
PAGE = blank(A6, padding=10)


def list_expanding_themes() -> list[Theme]:
    """Return the themes of this module."""
    return [
        _one_page(),
        _several_pages(),
        _variables_and_marks(),
        _page_breaks(),
        _list_styles(),
        _list_pages(),
    ]


def _below(y: float, name: str = "below", x: float = 10) -> Field:
    return text(name, (x, y, 40, 5), f"{name}, was at {y}", **MARKER)


def _one_page() -> Theme:
    fields = [
        text("grows", (10, 10, 40, 8), SENTENCE, **EXPAND, **frame()),
        text("beside", (55, 12, 40, 5), "Beside, a little lower", **MARKER),
        _below(20),
        text("padded", (10, 30, 40, 8), SENTENCE, padding=sides(2), lineHeight=1.4, **EXPAND, **frame()),
        _below(40, "below-padded"),
        text("fits", (10, 50, 40, 12), "Fits its box", **EXPAND, **frame()),
        _below(65, "below-fitting"),
        text("one-line", (10, 75, 60, 2), "A line taller than its box", fontSize=14, **EXPAND, **frame()),
        _below(80, "below-one-line"),
        text(
            "dynamic",
            (10, 88, 40, 6),
            SENTENCE,
            dynamicFontSize={"min": 4, "max": 30, "fit": "vertical"},
            **EXPAND,
        ),
        _below(96, "last"),
    ]
    return make_theme("expand-one-page", "text that grows and pushes what is lower", fields, base=PAGE)


def _several_pages() -> Theme:
    fields = [
        fixed("title", (10, 10, 60, 6), "Over several pages", fontSize=12),
        text("long", (10, 20, 70, 10), LINES, padding=sides(3), alignment="justify", **EXPAND, **frame()),
        _below(32),
        text(
            "middle",
            (10, 40, 60, 10),
            LINES[:900],
            verticalAlignment="middle",
            backgroundColor="#eef4e0",
            **EXPAND,
        ),
        _below(60, "last"),
    ]
    return make_theme(
        "expand-several-pages", "text over several pages, its box split with it", fields, base=PAGE
    )


def _variables_and_marks() -> Theme:
    marked = " ".join(f"Item **{n}** is *worth* `{n * 7}`." for n in range(1, 60))
    values = {"name": "Sample Customer", "story": SENTENCE * 4}
    fields = [
        variables("variables", (10, 10, 50, 6), "{name}: {story}", values, **EXPAND, **frame()),
        _below(18, "below-variables"),
        variables("missing", (10, 25, 50, 10), "{nobody}", {"nobody": None}, **EXPAND, **frame()),
        _below(37, "below-missing"),
        fixed("marked", (10, 45, 70, 8), marked, textFormat="inline-markdown", **EXPAND, **frame()),
        _below(55, "last"),
    ]
    return make_theme("expand-variables-and-marks", "variables and marked text that grow", fields, base=PAGE)


def _page_breaks() -> Theme:
    first = [
        text("in-top-padding", (10, 2, 40, 5), "Was in the top padding", **MARKER),
        text("short", (10, 20, 40, 4), "An expanding text that fits", fontSize=6, **EXPAND),
        text("straddles", (10, 134, 40, 8), "Straddles the bottom padding", **frame()),
        text("in-bottom-padding", (55, 140, 40, 5), "Was in the bottom padding", **MARKER),
    ]
    second = [
        fixed("second", (10, 10, 60, 6), "Second template page, its fields stay"),
        text("taller", (10, 30, 30, 140), "Taller than a page", **frame()),
        _below(40, "beside-taller", x=50),
    ]
    return make_theme("page-breaks", "fields that straddle pages move to the next", first, second, base=PAGE)


def _list(name: str, box: tuple[float, float, float, float], items: list[str], **properties: object) -> Field:
    defaults = {"content": json.dumps(items), "fontSize": 9, "fontName": "Roboto"}
    return field("list", name, box, **{**defaults, **properties})


def _list_styles() -> Theme:
    nested = [
        "First",
        "\tInner one",
        "\tInner two that is long enough to wrap",
        "\t\tDeep",
        "Second",
        "\tInner",
    ]
    fields = [
        _list("bullets", (8, 8, 42, 40), nested),
        _list("numbers", (53, 8, 42, 40), nested, listStyle="ordered"),
        _list(
            "measured",
            (98, 8, 44, 40),
            nested,
            markerWidth=4,
            markerGap=4,
            indentSize=3,
            itemSpacing=3,
            lineHeight=1.4,
            fontColor="#204080",
        ),
        _list(
            "shaded",
            (75, 62, 60, 10.525),
            ["right", "aligned and long enough that it needs a second line here"],
            backgroundColor="#f3e9d2",
            alignment="right",
            underline=True,
        ),
        _list("lines", (8, 62, 60, 22), [], content="one\ntwo\r\n\tthree\n\nafter an empty item"),
        _list(
            "spaced", (8, 90, 60, 8), ["letters", "apart"], characterSpacing=1.5, itemSpacing=0, opacity=0.5
        ),
        _list("empty", (8, 100, 60, 30), []),
        text("under-empty", (8, 132, 60, 5), "Pulled up: the list above is empty", **MARKER),
    ]
    return make_theme("list-styles", "bullets, numbers, levels, measures", fields, base=blank((148, 150)))


def _list_pages() -> Theme:
    items = [
        ("\t" if n % 4 == 2 else "") + f"Item {n}: " + SENTENCE[: 20 + 13 * (n % 6)] for n in range(1, 46)
    ]
    fields = [
        fixed("title", (10, 10, 60, 6), "A list over several pages", fontSize=12),
        _list(
            "items", (10, 20, 80, 20), items, listStyle="ordered", itemSpacing=2, backgroundColor="#eef2f7"
        ),
        _below(45, "last"),
    ]
    return make_theme("list-pages", "a numbered list over several pages", fields, base=PAGE)
