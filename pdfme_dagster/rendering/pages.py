"""A template's pages with the values of one input: which value each field has, and every field drawn.

Not here: how one field is drawn (fields.py), where flowing ones stand (flow.py), or PDF files.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering.base_pdf import BasePdf
from pdfme_dagster.rendering.fields import Brush, draw_field
from pdfme_dagster.rendering.flow import flow_pages, is_flowing, place_still, sort_for_drawing
from pdfme_dagster.rendering.page import MM, Link, Page
from pdfme_dagster.rendering.placed import Placed
from pdfme_dagster.rendering.plain_text import Slot, Slots
from pdfme_dagster.templates.expressions import Content, Fields
from pdfme_dagster.templates.schema import BlankPage, ListField, Template, TemplateField, TextBase
from pdfme_dagster.templates.variables import MAX_CHARACTERS

Inputs = Mapping[str, str]
# Ten thousand pages of two hundred fields, which take half a minute, as so many characters do.
MAX_DRAWN_FIELDS = 2_000_000
MAX_ALL_CHARACTERS = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Which fields show the number of a page, and of how many it is."""

    page: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()

    def count(self, inputs: Inputs, number: int, count: int) -> Inputs:
        """Return a page's inputs with its numbers filled in."""
        if not (self.page or self.pages):
            return inputs
        return {**inputs, **dict.fromkeys(self.page, str(number)), **dict.fromkeys(self.pages, str(count))}


NO_COUNTERS = Counters()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawable:
    """A checked template: its base PDF imported, its expressions compiled, its fonts at hand.

    ``contents`` maps the contents of read-only fields to what they say, where they have expressions;
    ``variables`` is what the template's fields give to those. ``first_form`` is the number of its base
    PDF's first page among the base pages of a document that several templates make up.
    """

    template: Template
    base: BasePdf | None
    contents: Mapping[str, Content]
    variables: Fields
    brush: Brush
    first_form: int = 0
    slots: dict[float, dict[int, Slot]] = field(default_factory=dict, repr=False)
    placed: list[Sequence[Placed]] = field(default_factory=list, repr=False)

    @property
    def flows(self) -> bool:
        """Say whether fields grow with their values and push others down, over as many pages as it takes."""
        return isinstance(self.template.base, BlankPage) and any(map(is_flowing, self.list_fields()))

    def list_fields(self) -> Iterator[TemplateField]:
        """Yield the fields of all pages, static ones left out."""
        return (field for page in self.template.pages for field in page)

    @property
    def still_pages(self) -> Sequence[Sequence[Placed]]:
        """Return the fields of each page, in the order in which they are drawn, where nothing flows."""
        if not self.placed:
            pages = sort_for_drawing([place_still(page) for page in self.template.pages])[
                : self.count_pages()
            ]
            self.placed.extend([*pages, *([] for _ in range(self.count_pages() - len(pages)))])
        return self.placed

    def find_slots(self, page_height: float) -> dict[int, Slot]:
        """Return the short cuts of this template's own fields, by ``id``: fields that flow are copies."""
        if page_height not in self.slots:
            slots = Slots(self.brush, page_height)
            fields = (*self.template.static_fields, *self.list_fields())
            found = ((id(field), slots.find(field)) for field in fields)
            self.slots[page_height] = {key: slot for key, slot in found if slot is not None}
        return self.slots[page_height]

    def count_pages(self) -> int:
        """Count the pages of an input when nothing flows: those of the base PDF, else the template's."""
        return len(self.base.pages) if self.base else len(self.template.pages)


def draw_input(
    drawable: Drawable,
    inputs: Inputs,
    day: dt.date | None = None,
    counters: Counters = NO_COUNTERS,
    most_fields: int = MAX_DRAWN_FIELDS,
) -> list[Page]:
    """Draw all pages of a template with one input; PermanentError where a value cannot be drawn.

    ``day`` is what expressions know as ``date``: there is no clock.
    """
    placed = _place_fields(drawable, inputs, day)
    check_fields(len(placed) * len(drawable.template.static_fields) + sum(map(len, placed)), most_fields)
    pages = []
    for number, fields in enumerate(placed, start=1):
        counted = counters.count(inputs, number, len(placed))
        values = Values(drawable, counted, number=number, count=len(placed), day=day)
        pages.append(draw_page(drawable, fields, values, form=number - 1))
    return pages


def check_fields(count: int, most: int = MAX_DRAWN_FIELDS) -> None:
    """Raise PermanentError for more fields than are drawn in seconds."""
    if count > most:
        raise PermanentError(
            "too_many_fields",
            f"{count} fields would be drawn, more than {most}; use fewer static ones, or split the statement",
        )


def require_inputs(template: Template, inputs: Sequence[Inputs]) -> None:
    """Raise PermanentError for a required field to which no input gives a value; one does, as in pdfme."""
    for each in (each for page in template.pages for each in page if each.required):
        if not each.read_only and not any(given.get(each.name) for given in inputs):
            raise PermanentError(
                "missing_value", f'template {template.name}: field "{each.name}" is required and has no value'
            )


def check_lengths(template: Template, inputs: Sequence[Inputs]) -> None:
    """Raise PermanentError for texts too long to be laid out in seconds; lists have other limits."""
    total = 0
    for each in (each for page in template.pages for each in page):
        if isinstance(each, TextBase) and not isinstance(each, ListField):
            lengths = [len(given.get(each.name) or "") for given in inputs]
            longest, total = max(lengths, default=0), total + sum(lengths)
            if longest > MAX_CHARACTERS:
                raise PermanentError(
                    "bad_field_value",
                    f'field "{each.name}": has {longest} characters, more than {MAX_CHARACTERS}; shorten it',
                )
    if total > MAX_ALL_CHARACTERS:
        raise PermanentError(
            "bad_field_value",
            f"the inputs have {total} characters, more than {MAX_ALL_CHARACTERS}; split them",
        )


def draw_page(drawable: Drawable, placed: Sequence[Placed], values: "Values", *, form: int) -> Page:
    """Draw one page: the static fields, then these; ``form`` is the page of the base PDF below."""
    page = start_page(drawable, form)
    slots = drawable.find_slots(page.height)
    fixed = ((each, values.find_fixed(each.field)) for each in place_still(drawable.template.static_fields))
    for each, value in chain(fixed, ((each, values.find(each.field)) for each in placed)):
        if not _draw_plain(page, slots.get(id(each.field)), each, value):
            draw_field(page, each, value, drawable.brush)
    return page


def _draw_plain(page: Page, slot: Slot | None, placed: Placed, value: str) -> bool:
    """Draw a text that fits its slot on one plain line, or none; say whether that was possible."""
    if slot is None or placed.y_mm != placed.field.position.y:
        return False
    written = slot.write(value) if value else ""
    if written is None:
        return False
    page.anchors.setdefault(slot.name, slot.corner)
    if written:
        page.basic_faces[slot.face] = None
        page.add(f"BT {slot.start} {written} ET")
    return True


def start_page(drawable: Drawable, form: int) -> Page:
    """Return a page with nothing on it but the base PDF's, with the links of that."""
    names = drawable.brush.book.resource_names
    if drawable.base is None:
        blank = drawable.template.base
        assert isinstance(blank, BlankPage)
        return Page(width=blank.width * MM, height=blank.height * MM, font_names=names)
    base = drawable.base.pages[form]
    links = [
        Link(left=left, bottom=bottom, right=right, top=top, target=link.uri, look=link.look)
        for link in base.links
        for left, bottom, right, top in [link.rect]
    ]
    return Page(
        width=base.width, height=base.height, font_names=names, form=drawable.first_form + form, links=links
    )


class Values:
    """The value of each field on one page."""

    def __init__(
        self, drawable: Drawable, inputs: Inputs, *, number: int, count: int, day: dt.date | None
    ) -> None:
        self._inputs, self._drawable = inputs, drawable
        self._number, self._count, self._day = number, count, day
        self._variables: Mapping[str, object] | None = None

    def find(self, field: TemplateField) -> str:
        """Return what a field shows: its content when it is read-only, else the input of its name."""
        return self._fill(field) if field.read_only else self._inputs.get(field.name, "")

    def find_fixed(self, field: TemplateField) -> str:
        """Return what a static field shows: its content, which has expressions when it is read-only."""
        return self._fill(field) if field.read_only else field.content

    def _fill(self, field: TemplateField) -> str:
        content = self._drawable.contents.get(field.content)
        return field.content if content is None else content.fill(self._find_variables())

    def _find_variables(self) -> Mapping[str, object]:
        if self._variables is None:
            written = "" if self._day is None else f"{self._day:%Y/%m/%d}"
            self._variables = self._drawable.variables.build_variables(
                self._inputs,
                current_page=self._number,
                total_pages=self._count,
                date=written,
                date_time=written and f"{written} 00:00",
                keep_texts=self._drawable.brush.keep_texts,
            )
        return self._variables


def _place_fields(drawable: Drawable, inputs: Inputs, day: dt.date | None) -> Sequence[Sequence[Placed]]:
    template = drawable.template
    if drawable.flows:
        assert isinstance(template.base, BlankPage)
        values = Values(drawable, inputs, number=1, count=1, day=day)
        return flow_pages(template.pages, template.base, values.find, drawable.brush.book)
    return drawable.still_pages
