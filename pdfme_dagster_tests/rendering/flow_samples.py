"""Fields, fonts and pages for the tests of what flows, and what a page shows of them.

Not here: assertions.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from pdfme_dagster.rendering.faces import Face
from pdfme_dagster.rendering.flow import Placed
from pdfme_dagster.rendering.font_book import FontBook
from pdfme_dagster.rendering.page import MM, MM_PER_POINT, Page
from pdfme_dagster.templates.schema import (
    BlankPage,
    ListField,
    MultiVariableTextField,
    TableField,
    TextField,
)

BLANK = BlankPage(width=100, height=100, padding=(10, 10, 10, 10))
# A line of 10 pt.
LINE = 10 * MM_PER_POINT
FRAMELESS = {"padding": {"top": 0, "right": 0, "bottom": 0, "left": 0}}


@cache
def load_book() -> FontBook:
    """Return Roboto, and its bold as "Bold"."""
    folder = files("font_roboto") / "files"
    faces = {
        name: Face((folder / f"Roboto-{style}.ttf").read_bytes(), name=name)
        for name, style in (("Roboto", "Regular"), ("Bold", "Bold"))
    }
    return FontBook(faces, fallback="Roboto")


def make_page() -> Page:
    """Return an empty page of the size of BLANK."""
    return Page(width=BLANK.width * MM, height=BLANK.height * MM, font_names=load_book().resource_names)


def make_table(name: str = "rows", *, y: float = 10, height: float = 10, **properties: object) -> TableField:
    """Return a table of two columns, 40 mm each, in 10 pt without borders or padding."""
    described = {
        "head": ["A", "B"],
        "headWidthPercentages": [50, 50],
        "showHead": True,
        "headStyles": FRAMELESS,
        "bodyStyles": FRAMELESS,
        **_describe("table", name, y, height),
        **properties,
    }
    return TableField.model_validate(described)


def make_list(name: str = "items", *, y: float = 10, height: float = 10, **properties: object) -> ListField:
    """Return a list 80 mm wide in 10 pt without space between its items."""
    look = {"fontSize": 10, "itemSpacing": 0}
    return ListField.model_validate({**look, **_describe("list", name, y, height), **properties})


def make_text(name: str = "text", *, y: float = 10, height: float = 10, **properties: object) -> TextField:
    """Return a text 80 mm wide in 10 pt."""
    return TextField.model_validate({"fontSize": 10, **_describe("text", name, y, height), **properties})


def make_variables(text: str, variables: Sequence[str], **properties: object) -> MultiVariableTextField:
    """Return a text with variables, 80 mm wide in 10 pt."""
    described = {"text": text, "variables": variables, **_describe("multiVariableText", "letter", 10, 10)}
    return MultiVariableTextField.model_validate({"fontSize": 10, **described, **properties})


def _describe(kind: str, name: str, y: float, height: float) -> Mapping[str, object]:
    return {"type": kind, "name": name, "position": {"x": 10, "y": y}, "width": 80, "height": height}


def number_rows(count: int, *, lines: Mapping[int, int] | None = None) -> str:
    """Return rows whose first cell is their number; ``lines`` says how many lines some of them have."""
    return json.dumps([[f"r{n}", "\n".join("x" * (lines or {}).get(n, 1))] for n in range(count)])


def list_shown(page: Page) -> list[str]:
    """Return the texts shown on a page in the order in which they are drawn."""
    shown = re.findall(r"\(((?:\\.|[^\\)])*)\) Tj", "\n".join(page.operators))
    texts = {code: text for code, (_, text) in load_book().find("").first.basic_set.items()}
    return ["".join(texts[ord(code)] for code in re.sub(r"\\(.)", r"\1", each)) for each in shown]


def list_ranges(pages: Sequence[Sequence[Placed]], name: str) -> list[tuple[int, int, int]]:
    """Return where a field's parts stand: the page from 0, the first row, the one after the last."""
    return [
        (number, placed.part.start, placed.part.stop)
        for number, page in enumerate(pages)
        for placed in page
        if placed.field.name == name and placed.part
    ]
