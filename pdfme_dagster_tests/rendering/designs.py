"""Small templates for tests, as pdfme's designer would export them.

Not here: assertions.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pdfme_dagster.templates.reading import read_template
from pdfme_dagster.templates.schema import Template

PAGE = {"width": 100, "height": 100, "padding": [5, 5, 5, 5]}


def make_field(name: str, *, y: int = 10, kind: str = "text", **more: object) -> dict[str, Any]:
    """Return a field; ``more`` are its further properties, by pdfme's names."""
    return {"name": name, "type": kind, "position": {"x": 10, "y": y}, "width": 80, "height": 8, **more}


def make_export(*pages: Sequence[Mapping[str, Any]], base: object = None) -> dict[str, Any]:
    """Return what the designer would export: pages of fields on a blank page, or on another base."""
    return {"basePdf": PAGE if base is None else base, "schemas": list(pages)}


def write_export(*pages: Sequence[Mapping[str, Any]], base: object = None) -> bytes:
    """Return the file of it."""
    return json.dumps(make_export(*pages, base=base)).encode()


def make_design(*pages: Sequence[Mapping[str, Any]], name: str = "t.json") -> Template:
    """Return the template that is read of it."""
    return read_template(write_export(*pages), name)
