"""Our renderer as the tests against pdfme call it.

Not here: the comparison (test_against_pdfme.py).
"""

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path

from pdfme_dagster.rendering.details import Details
from pdfme_dagster.rendering.faces import Face
from pdfme_dagster.rendering.fields import Brush
from pdfme_dagster.rendering.font_book import FontBook
from pdfme_dagster.rendering.preparing import prepare_template
from pdfme_dagster.rendering.renderer import Renderer
from pdfme_dagster.templates.reading import read_template

# The day that pdfme is told, too (../oracle/generate.mjs).
TODAY = dt.date(2025, 1, 1)


def render_ours(template: Path, inputs: Path, *, fonts: Mapping[str, Path], fallback: str) -> bytes:
    """Return our PDF of a template file and its inputs file, as pdfme would make it: all inputs in one."""
    faces = {name: Face(path.read_bytes(), name=name) for name, path in fonts.items()}
    brush = Brush(book=FontBook(faces, fallback=fallback))
    drawable = prepare_template(read_template(template.read_bytes(), template.stem), brush)
    values = json.loads(inputs.read_text(encoding="utf-8"))
    return Renderer([drawable]).render_inputs(values, Details(created=TODAY)).content
