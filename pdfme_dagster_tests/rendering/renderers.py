"""Renderers of templates written as dictionaries or taken from the corpus.

Not here: assertions, nor statements (samples.py).
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pdfme_dagster.rendering.fields import Brush
from pdfme_dagster.rendering.font_book import FontBook
from pdfme_dagster.rendering.preparing import prepare_template
from pdfme_dagster.rendering.renderer import Renderer
from pdfme_dagster.rendering.shipped_fonts import FALLBACK, STAND_INS, load_face, load_faces
from pdfme_dagster.templates.reading import read_template
from pdfme_dagster.templates.schema import Template
from pdfme_dagster_tests.golden import corpus

BLANK: dict[str, Any] = {"width": 100, "height": 80, "padding": [5, 5, 5, 5]}


@cache
def make_brush(**options: Any) -> Brush:
    """Return a brush with the shipped fonts; ``missing`` is what to do without a glyph."""
    missing = options.pop("missing", "box")
    stand_ins = [load_face(name) for name in STAND_INS]
    book = FontBook(load_faces(), fallback=FALLBACK, stand_ins=stand_ins, missing=missing)
    return Brush(book=book, **options)


def make_template(
    *pages: Sequence[Mapping[str, Any]], base: object = BLANK, name: str = "card.json"
) -> Template:
    """Return a template of pages of fields."""
    return read_template(json.dumps({"basePdf": base, "schemas": pages}).encode(), name)


def make_renderer(*templates: Template, pdf_a: bool = False, **options: Any) -> Renderer:
    """Return a renderer of one template, or of several that take turns."""
    brush = make_brush(pdf_a=pdf_a, **options)
    return Renderer([prepare_template(each, brush) for each in templates], pdf_a=pdf_a)


def read_corpus(name: str) -> Template:
    """Return a template of the corpus."""
    return read_template(corpus.find_template(name).read_bytes(), name)


def make_field(kind: str, name: str, x: float, y: float, **properties: Any) -> dict[str, Any]:
    """Return a field of 40 x 6 mm."""
    return {"type": kind, "name": name, "position": {"x": x, "y": y}, "width": 40, "height": 6, **properties}


def make_text(name: str, x: float, y: float, **properties: Any) -> dict[str, Any]:
    """Return a text of 9 pt in a box of 40 x 6 mm."""
    return make_field("text", name, x, y, **{"fontSize": 9, **properties})


def make_fixed(name: str, x: float, y: float, content: str, **properties: Any) -> dict[str, Any]:
    """Return a text that is the same in every document, unless it has expressions."""
    return make_text(name, x, y, readOnly=True, content=content, **properties)
