"""Themes of tables: looks, growth, page breaks.

Not here: tables as statements use them; those are our own templates (corpus.py).
"""

from pdfme_dagster_tests.golden.fields import (
    A6,
    Field,
    Theme,
    blank,
    cells,
    fixed,
    make_theme,
    sides,
    table,
    text,
)
from pdfme_dagster_tests.golden.media import FormPage, form_content, write_pdf
from pdfme_dagster_tests.golden.texts import SENTENCE

HEAD = {"Date": 20, "Details": 50, "Amount": 30}
STRIPED = cells(backgroundColor="#ffffff", alternateBackgroundColor="#e3edf3")
RIGHT = {"alignment": {"2": "right"}}
PAGE = blank(A6, padding=10)
WIDE = blank((148, 200))
MARKER = {"borderColor": "#cc0000", "borderWidth": sides(0, 0, 0.4, 0)}


def list_table_themes() -> list[Theme]:
    """Return the themes of this module."""
    return [
        _looks(),
        _borders(),
        _wide_cells(),
        _extra_cells(),
        _repeated_head(),
        _single_head(),
        _no_head(),
        _empty(),
        _two_tables(),
        _lonely_head(),
        _tall_row(),
        _over_pdf(),
        _several_inputs(),
    ]


def make_rows(count: int, *, long_every: int = 0) -> list[list[str]]:
    """Return invented rows; every ``long_every``-th has details of several lines."""
    return [
        [
            f"{n % 28 + 1:02}/09",
            SENTENCE if long_every and (n + 1) % long_every == 0 else f"Shop {n:03}",
            f"{n * 7.125:.3f}",
        ]
        for n in range(count)
    ]


def _below(y: float, name: str = "below", x: float = 10) -> Field:
    return text(name, (x, y, 40, 5), f"{name}, was at {y}", **MARKER)


def _looks() -> Theme:
    fields = [
        table("plain", (8, 8, 132, 30), HEAD, make_rows(2)),
        table("striped", (8, 42, 60, 30), HEAD, make_rows(4), bodyStyles=STRIPED, columnStyles=RIGHT),
        table(
            "aligned",
            (8, 90, 132, 30),
            HEAD,
            make_rows(2, long_every=2),
            columnStyles={"alignment": {"0": "center", "1": "justify", "2": "right"}},
            headStyles=cells(
                fontName="Roboto-Bold", fontSize=11, characterSpacing=0.5, backgroundColor="#d0e0c0"
            ),
            bodyStyles=cells(lineHeight=1.5, verticalAlignment="bottom", fontColor="#7a1f1f"),
        ),
        table(
            "unframed",
            (8, 140, 132, 30),
            HEAD,
            make_rows(2, long_every=1),
            tableStyles={"borderColor": "", "borderWidth": 0},
            bodyStyles=cells(verticalAlignment="top", borderWidth=sides(0), backgroundColor="#fbf3d5"),
        ),
    ]
    return make_theme(
        "table-looks", "fonts, colours, stripes, alignment by column and cell", fields, base=WIDE
    )


def _borders() -> Theme:
    sided = cells(borderColor="#b00020", borderWidth=sides(0.2, 0.6, 1.2, 2), padding=sides(1, 2, 3, 4))
    fields = [
        table("sided", (8, 8, 132, 30), HEAD, make_rows(2, long_every=1), bodyStyles=sided),
        table(
            "sided-head",
            (8, 60, 132, 30),
            HEAD,
            make_rows(1),
            headStyles={**sided, "backgroundColor": "#dddddd"},
        ),
        table(
            "ruled", (8, 90, 60, 30), HEAD, make_rows(3), bodyStyles=cells(borderWidth=sides(0, 0, 0.3, 0))
        ),
        table(
            "thick",
            (80, 115, 60, 30),
            HEAD,
            make_rows(2),
            tableStyles={"borderColor": "#003300", "borderWidth": 2},
        ),
        table("defaults", (8, 150, 132, 30), HEAD, make_rows(1), headStyles={}, bodyStyles={}),
    ]
    return make_theme(
        "table-borders", "borders and padding per side, frames, and pdfme's own defaults", fields
    )


def _wide_cells() -> Theme:
    rows = [
        ["Donaudampfschifffahrtsgesellschaft", SENTENCE, "1,234,567.890"],
        ["two\nlines", "three\r\nshort\nlines", ""],
        ["", "", ""],
        ["either/or", "first.last@mail.example.org well-known", "US$ 12.50"],
    ]
    half = {"A": 20, "B": 20, "C": 20}
    more = {"A": 60, "B": 40, "C": 30}
    fields = [
        table("wrapped", (8, 8, 132, 45), HEAD, rows, columnStyles=RIGHT),
        table("sixty-percent", (8, 60, 132, 14), half, make_rows(1)),
        table("over-a-hundred", (8, 80, 80, 20), more, make_rows(1, long_every=1)),
        table("longer-head", (8, 110, 40, 20), {"A heading that wraps": 50, "B": 50}, [["1", "2"]]),
        table(
            "tight",
            (8, 180, 60, 10),
            {"A": 50, "B": 50},
            [["no", "padding"]],
            bodyStyles=cells(padding=sides(0)),
        ),
    ]
    return make_theme("table-wide-cells", "cells that wrap, empty cells, odd widths", fields, base=WIDE)


def _extra_cells() -> Theme:
    fields = [table("extra", (10, 10, 60, 14), {"A": 50, "B": 50}, [["1", "2", "3"], ["4", "5"]])]
    return make_theme(
        "table-extra-cells", "rows with more cells than the head: they are not drawn", fields, base=PAGE
    )


def _repeated_head() -> Theme:
    fields = [
        fixed("title", (10, 10, 80, 6), "The head on every page", fontSize=12),
        table(
            "rows", (10, 20, 85, 30), HEAD, make_rows(60, long_every=7), repeatHead=True, bodyStyles=STRIPED,
            columnStyles=RIGHT,
        ),
        _below(55, "last"),
        text("beside-last", (55, 55, 40, 5), "Beside the last", **MARKER),
    ]  # fmt: skip
    return make_theme("table-repeat-head", "a table over several pages, head on each", fields, base=PAGE)


def _single_head() -> Theme:
    rows = make_rows(47, long_every=5)
    fields = [
        fixed("title", (10, 10, 80, 6), "The head once", fontSize=12),
        table("rows", (10, 20, 85, 30), HEAD, rows, repeatHead=False, bodyStyles=STRIPED),
        _below(55, "last"),
    ]
    return make_theme("table-single-head", "a table over several pages, head on the first", fields, base=PAGE)


def _no_head() -> Theme:
    fields = [
        table(
            "rows", (10, 10, 85, 30), HEAD, make_rows(30), showHead=False, repeatHead=True, bodyStyles=STRIPED
        ),
        _below(45, "last"),
    ]
    return make_theme("table-no-head", "a table over two pages without a head", fields, base=PAGE)


def _empty() -> Theme:
    fields = [
        table("empty", (10, 10, 85, 40), HEAD, []),
        _below(52, "pulled-up"),
        table("empty-without-head", (10, 62, 85, 20), HEAD, [], showHead=False),
        _below(85, "pulled-up-more"),
        table("one-row", (10, 95, 85, 10), HEAD, make_rows(1)),
        _below(108, "last"),
        table("no-input", (10, 115, 85, 10), HEAD, [], content=""),
    ]
    return make_theme("table-empty", "tables without rows pull up what is lower", fields, base=PAGE)


def _two_tables() -> Theme:
    half = {"A": 50, "B": 50}
    fields = [
        table("first", (10, 10, 85, 20), HEAD, make_rows(9, long_every=4), bodyStyles=STRIPED),
        _below(35, "between"),
        table("second", (10, 45, 85, 20), HEAD, make_rows(25), repeatHead=True, bodyStyles=STRIPED),
        table("left", (10, 70, 40, 20), half, [["1", "2"]] * 3),
        table("right", (55, 70, 40, 20), half, [["3", "4"]] * 4),
        _below(95, "last"),
    ]
    return make_theme("table-two", "tables one after the other and side by side", fields, base=PAGE)


def _lonely_head() -> Theme:
    fields = [
        fixed("title", (10, 10, 80, 6), "No head alone at the bottom", fontSize=12),
        table("low", (10, 130, 85, 8), HEAD, make_rows(3), bodyStyles=STRIPED),
        _below(139, "last"),
    ]
    return make_theme("table-lonely-head", "a head without room for a row moves on", fields, base=PAGE)


def _tall_row() -> Theme:
    tall = [["01/09", "\n".join(f"line {n}" for n in range(1, 60)), "1.000"]]
    rows = [*make_rows(2), *tall, *make_rows(3)]
    fields = [
        table("rows", (10, 20, 85, 30), HEAD, rows, bodyStyles=STRIPED, repeatHead=True),
        _below(55, "last"),
    ]
    return make_theme("table-tall-row", "a row taller than a page", fields, base=PAGE)


def _over_pdf() -> Theme:
    form = write_pdf(
        FormPage(media_box=(0, 0, 298, 420), content=form_content(298, 420, "Form with a table"))
    )
    fields = [
        table("rows", (8, 25, 85, 30), HEAD, make_rows(12), bodyStyles=STRIPED, repeatHead=True),
        text("stays", (8, 130, 60, 5), "Nothing moves over a PDF", **MARKER),
    ]
    return make_theme("table-over-pdf", "a table over a base PDF pushes nothing", fields, base=form)


def _several_inputs() -> Theme:
    fields = [
        text("name", (10, 10, 60, 6), "", fontSize=12),
        table("rows", (10, 20, 85, 30), HEAD, [], repeatHead=True, bodyStyles=STRIPED),
        fixed("foot", (10, 55, 60, 5), "{name}: page {currentPage} of {totalPages}", **MARKER),
    ]
    counted = (("Short", 2), ("Long", 40), ("None", 0))
    inputs = [
        {"name": name, "rows": str(table("rows", (0, 0, 1, 1), HEAD, make_rows(rows))["content"])}
        for name, rows in counted
    ]
    return make_theme(
        "table-several-inputs", "one document of three inputs", fields, base=PAGE, inputs=inputs
    )
