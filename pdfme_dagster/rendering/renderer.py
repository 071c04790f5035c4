"""Renders documents of a template: the quick path where it applies, the other for everything else.

Not here: how either path works (compiled.py, document.py), which statement gets which template (templates/).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import Literal

from pdfme_dagster.domain.statement import RenderedPdf
from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering.compiled import CompiledTemplate, is_compilable
from pdfme_dagster.rendering.details import Details
from pdfme_dagster.rendering.document import write_document
from pdfme_dagster.rendering.page import Page
from pdfme_dagster.rendering.pages import Drawable, Inputs, Values, draw_input, draw_page, require_inputs

Path = Literal["compiled", "canvas"]
# A statement of 100,000 transactions has some 8,000 pages; more is a mistake that would fill the memory.
MAX_PAGES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PageInputs:
    """One page to render: the number of the template's page, from 0, and the texts of its fields."""

    page: int
    inputs: Inputs


class Renderer:
    """One template, or several that a statement's pages take turns in (first, continuation, last).

    Pages are numbered through: those of the second template follow those of the first.
    """

    def __init__(self, drawables: Sequence[Drawable], *, pdf_a: bool = False) -> None:
        """Take templates that are ready to be drawn, all with the same fonts."""
        firsts = [0, *accumulate(len(each.base.pages) if each.base else 0 for each in drawables)]
        self.drawables = [
            replace(each, first_form=first) for each, first in zip(drawables, firsts, strict=False)
        ]
        self._pdf_a = pdf_a
        self._places = [(each, page) for each in self.drawables for page in range(each.count_pages())]

    @property
    def flows(self) -> bool:
        """Say whether fields grow with their values; then an input makes as many pages as it takes."""
        return any(drawable.flows for drawable in self.drawables)

    @cached_property
    def path(self) -> Path:
        """Return which path documents take."""
        return "compiled" if all(map(is_compilable, self.drawables)) else "canvas"

    @cached_property
    def _compiled(self) -> CompiledTemplate:
        return CompiledTemplate(self.drawables, pdf_a=self._pdf_a)

    def warm_up(self) -> None:
        """Make what all documents share now, instead of with the first."""
        if self.path == "compiled":
            self._compiled  # noqa: B018  a cached property

    def render_pages(
        self, pages: Sequence[PageInputs], details: Details, *, path: Path | None = None
    ) -> RenderedPdf:
        """Render pages that are laid out already; ``path`` is for tests that compare the two."""
        _check_count(len(pages))
        if details.pdf_a != self._pdf_a:
            details = replace(details, pdf_a=self._pdf_a)
        if (path or self.path) == "compiled":
            content = self._compiled.write([(each.page, each.inputs) for each in pages], details)
            return RenderedPdf(content=content, pages=len(pages))
        drawn = [
            self._draw(each, number, len(pages), details.created)
            for number, each in enumerate(pages, start=1)
        ]
        return self._write(drawn, details)

    def render_inputs(
        self, inputs: Sequence[Inputs], details: Details, *, path: Path | None = None
    ) -> RenderedPdf:
        """Render a template as pdfme does: all its pages once for each input, in one file."""
        details = replace(details, pdf_a=self._pdf_a)
        [drawable] = self.drawables
        if (path or self.path) == "compiled" and len(inputs) == 1:
            require_inputs(drawable.template, inputs[0])
            pages = [PageInputs(page=page, inputs=inputs[0]) for page in range(len(self._places))]
            return self.render_pages(pages, details, path=path)
        drawn = [page for each in inputs for page in draw_input(drawable, each, details.created)]
        return self._write(drawn, details)

    def _draw(self, each: PageInputs, number: int, count: int, day: dt.date | None) -> Page:
        drawable, page = self._places[each.page]
        values = Values(drawable, each.inputs, number=number, count=count, day=day)
        return draw_page(drawable, drawable.still_pages[page], values, form=page)

    def _write(self, pages: Sequence[Page], details: Details) -> RenderedPdf:
        _check_count(len(pages))
        bases = [drawable.base for drawable in self.drawables if drawable.base]
        return RenderedPdf(content=write_document(pages, bases, details), pages=len(pages))


def _check_count(pages: int) -> None:
    if not 0 < pages <= MAX_PAGES:
        raise PermanentError(
            "too_many_pages" if pages else "no_pages",
            f"the document would have {pages} pages, not 1 to {MAX_PAGES}; split the statement",
        )
