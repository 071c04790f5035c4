"""A page of a template made ready for values: what never changes drawn once, a slot for each text that does.

Not here: files (compiled.py), nor what stands where (plain_text.py, fields.py).
"""

import datetime as dt
import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from pdfme_dagster.rendering.document import CONTENT_LEVEL
from pdfme_dagster.rendering.faces import Face
from pdfme_dagster.rendering.fields import draw_field
from pdfme_dagster.rendering.flow import place_still
from pdfme_dagster.rendering.page import Page
from pdfme_dagster.rendering.pages import Drawable, Inputs, Values, start_page
from pdfme_dagster.rendering.placed import Placed
from pdfme_dagster.rendering.plain_text import CLOSE, Slot, Slots, SlotSet
from pdfme_dagster.templates.schema import TemplateField


class _Text(NamedTuple):
    """A field with a slot for its text."""

    slot: Slot
    placed: Placed


# What is drawn for each document: a text, another field, or operators.
_Step = _Text | Placed | str


class _Extras:
    """What one page of a document needs beyond the template's fixed part; made at the first use."""

    __slots__ = ("_given", "_template_page", "_values", "page")

    def __init__(
        self, template_page: "CompiledPage", inputs: Inputs, number: int, count: int, day: dt.date | None
    ) -> None:
        self._template_page, self._given = template_page, (inputs, number, count, day)
        self.page: Page | None = None
        self._values: Values | None = None

    def draw(self, placed: Placed) -> str:
        """Draw a field the long way; return its operators."""
        drawable = self._template_page.drawable
        if self.page is None or self._values is None:
            inputs, number, count, day = self._given
            self.page = self._template_page.start()
            self._values = Values(drawable, inputs, number=number, count=count, day=day)
        draw_field(self.page, placed, self._values.find(placed.field), drawable.brush)
        operators = "\n".join(self.page.operators)
        self.page.operators.clear()
        return operators


class CompiledPage:
    """One page of a template."""

    def __init__(self, drawable: Drawable, page: int, number: int) -> None:
        """Draw what is constant on a page of a template, from 0, and make slots for what is not.

        ``number`` is the page's among all that are compiled together.
        """
        self.drawable = drawable
        self._blank = start_page(drawable, page)
        fixed = place_still(drawable.template.static_fields)
        self._placed = [*fixed, *drawable.still_pages[page]]
        self._constant = {id(each) for each in fixed if not each.field.read_only}
        self._constant |= {id(each) for each in self._placed if is_constant(each.field, drawable)}
        self.links = self._blank.links
        self.size = (self._blank.width, self._blank.height)
        # One form for what can lie below everything, and one for each stretch of constants that cannot.
        self.constants: list[str] = []
        self.drawn = self.start()
        self._number = number
        self._slots = Slots(drawable.brush, self._blank.height)
        steps = list(self._list_steps())
        self._slot_faces = dict.fromkeys(step.slot.face for step in steps if isinstance(step, _Text))
        self._lines = _Lines(steps)
        self._start = "".join(self._list_forms())

    def start(self) -> Page:
        """Return an empty page of this size."""
        width, height = self.size
        return Page(width=width, height=height, font_names=self._blank.font_names)

    @property
    def faces(self) -> Mapping[Face, None]:
        """Return the faces whose basic sets documents need: those of all text, and of what is constant."""
        return self._slot_faces | self.drawn.basic_faces

    @property
    def opacities(self) -> set[float]:
        """Return how see-through fields are, those that are not left out."""
        return {placed.field.opacity for placed in self._placed if placed.field.opacity != 1}

    def draw(
        self, inputs: Inputs, *, number: int, count: int, day: dt.date | None
    ) -> tuple[bytes, Page | None]:
        """Return a page's deflated operators, and what they need beyond the template's fixed part."""
        extras = _Extras(self, inputs, number, count, day)
        content = self._start + self._lines.write(inputs, extras)
        return zlib.compress(content.encode("latin-1"), CONTENT_LEVEL), extras.page

    # --- Compiling ---

    def _list_forms(self) -> Iterator[str]:
        if self._blank.form is not None:
            yield f"/B{self._blank.form} Do\n"
        if self.constants[0]:
            yield f"/{self.name_constant(0)} Do\n"

    def name_constant(self, place: int) -> str:
        """Return the resource name of a form of what is constant."""
        return f"C{self._number}_{place}"

    def _list_steps(self) -> Iterator[_Step]:
        """Yield what is drawn for each document, in the order of the template: text is copied in that order.

        What is constant becomes a form for each stretch of it, the first one below everything that is not.
        """
        self.constants.append("")
        for is_constant, stretch in groupby(self._placed, key=lambda placed: id(placed) in self._constant):
            if not is_constant:
                for placed in stretch:
                    slot = None if placed.field.read_only else self._slots.find(placed.field)
                    yield placed if slot is None else _Text(slot, placed)
                continue
            members = list(stretch)
            operators = self._draw_constants(members)
            if members[0] is self._placed[0]:
                self.constants[0] = operators
            elif operators:
                self.constants.append(operators)
                yield f"/{self.name_constant(len(self.constants) - 1)} Do"

    def _draw_constants(self, members: Sequence[Placed]) -> str:
        for placed in members:
            draw_field(self.drawn, placed, placed.field.content, self.drawable.brush)
        operators = "\n".join(self.drawn.operators)
        self.drawn.operators.clear()
        return operators


def is_constant(field: TemplateField, drawable: Drawable) -> bool:
    """Say whether a field is drawn alike in every document."""
    return field.read_only and field.content not in drawable.contents


class _Lines:
    """What is drawn for each document on a page: one text object, which all that is no plain text interrupts.

    A style ends in an empty text: each text closes the one before it.
    """

    def __init__(self, steps: Sequence[_Step]) -> None:
        styles = [step.slot.style.write() for step in steps if isinstance(step, _Text)]
        self._has_texts = bool(styles)
        self._placed: dict[int, tuple[Placed, str]] = {}
        self._drawn: list[int] = []
        slots = list(self._list_slots(steps, style := next(iter(styles), "")))
        self._start, self._end = (f"BT {style}(", f"{CLOSE}ET") if styles else ("", "")
        self._slots = SlotSet(slots)

    def _list_slots(self, steps: Sequence[_Step], style: str) -> Iterator[Slot | str]:
        """Yield slots and what stands between them, a style where it changes; note what is drawn for each."""
        place = 0
        for step in steps:
            if isinstance(step, str):
                yield self._interrupt(step, style)
            elif isinstance(step, _Text):
                if step.slot.style.write() != style:
                    style = step.slot.style.write()
                    yield f"{CLOSE}{style}("
                    place += 1
                self._placed[place] = (step.placed, style)
                yield step.slot
            else:
                self._placed[place] = (step, style)
                self._drawn.append(place)
                yield ""
            place += 1

    def write(self, inputs: Inputs, extras: _Extras) -> str:
        """Return the operators for one document's page."""
        filled = self._slots.fill(inputs)
        for place in (*self._drawn, *filled.others):
            placed, style = self._placed[place]
            filled.begins[place] = self._interrupt(extras.draw(placed), style)
        return f"{self._start}{filled.join()}{self._end}"

    def _interrupt(self, operators: str, style: str) -> str:
        return f"{CLOSE}ET\n{operators}\nBT {style}(" if self._has_texts else f"{operators}\n"
