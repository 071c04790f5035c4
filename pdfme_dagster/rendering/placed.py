"""A field where it is drawn: on which height of a page, and which part of it.

Not here: how it got there (flow.py) or how it is drawn (fields.py).
"""

from dataclasses import dataclass

from pdfme_dagster.templates.schema import TemplateField


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A field on one page; ``part`` are its rows, items or lines there, None for all.

    ``y_mm`` is its top from the page's top. ``is_split`` tells that it began on an earlier page; ``layout``
    is what was worked out for the whole field, if anything was.
    """

    field: TemplateField
    y_mm: float
    height_mm: float
    part: slice | None = None
    is_split: bool = False
    layout: object | None = None
