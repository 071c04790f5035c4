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
from pdfme_dagster.errors import ConfigurationError, PermanentError
from pdfme_dagster.rendering.compiled import CompiledTemplate, is_compilable
from pdfme_dagster.rendering.details import Details
from pdfme_dagster.rendering.document import write_document
from pdfme_dagster.rendering.page import Page
from pdfme_dagster.rendering.pages import (
    MAX_DRAWN_FIELDS,
    NO_COUNTERS,
    Counters,
    Drawable,
    Inputs,
    Values,
    check_fields,
    check_lengths,
    draw_input,
    draw_page,
    require_inputs,
)

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
        """Render pages that are laid out already; ``path`` is for comparing the two."""
        _check_count(len(pages))
        check_fields(len(pages) * self._most_fields)
        self._require_inputs(pages)
        if details.pdf_a != self._pdf_a:
            details = replace(details, pdf_a=self._pdf_a)
        if self._choose(path) == "compiled":
            content = self._compiled.write([(each.page, each.inputs) for each in pages], details)
            return RenderedPdf(content=content, pages=len(pages))
        drawn = [
            self._draw(each, number, len(pages), details.created)
            for number, each in enumerate(pages, start=1)
        ]
        return self._write(drawn, details)

    @cached_property
    def _most_fields(self) -> int:
        """Return how many fields the fullest page has."""
        counts = [
            len(drawable.template.static_fields) + len(drawable.still_pages[page])
            for drawable, page in self._places
        ]
        return max(counts, default=0)

    @cached_property
    def _requiring(self) -> list[tuple[Drawable, set[int]]]:
        """Return the templates with required fields, and the numbers of their pages."""
        return [
            (drawable, {number for number, (each, _) in enumerate(self._places) if each is drawable})
            for drawable in self.drawables
            if any(field.required and not field.read_only for field in drawable.list_fields())
        ]

    def _require_inputs(self, pages: Sequence[PageInputs]) -> None:
        for drawable, numbers in self._requiring:
            given = [each.inputs for each in pages if each.page in numbers]
            if given:
                require_inputs(drawable.template, given)

    def render_inputs(
        self,
        inputs: Sequence[Inputs],
        details: Details,
        *,
        counters: Counters = NO_COUNTERS,
        path: Path | None = None,
    ) -> RenderedPdf:
        """Render a template as pdfme does: all its pages once for each input, in one file."""
        details = replace(details, pdf_a=self._pdf_a)
        [drawable] = self.drawables
        require_inputs(drawable.template, inputs)
        check_lengths(drawable.template, inputs)
        if self._choose(path) == "compiled" and len(inputs) == 1:
            pages = [PageInputs(page=page, inputs=inputs[0]) for page in range(len(self._places))]
            return self.render_pages(pages, details, path=path)
        most = MAX_DRAWN_FIELDS // max(1, len(inputs))
        drawn = [
            page for each in inputs for page in draw_input(drawable, each, details.created, counters, most)
        ]
        return self._write(drawn, details)

    def _choose(self, path: Path | None) -> Path:
        if path == "compiled" and self.path != "compiled":
            names = ", ".join(drawable.template.name for drawable in self.drawables)
            raise ConfigurationError(f"{names}: cannot be compiled; take the path canvas")
        return path or self.path

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
