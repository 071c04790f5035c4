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
from pdfme_dagster.rendering.plain_text import CLOSE, Filled, Slot, Slots, SlotSet
from pdfme_dagster.templates.schema import TemplateField


class _Text(NamedTuple):
    """A field with a slot for its text."""

    slot: Slot
    placed: Placed


class _Run(NamedTuple):
    """Texts of one style; ``first`` is the number of the first on its page, from 0."""

    style: str
    first: int
    placed: tuple[Placed, ...]


# Runs that follow each other are one text object.
_Step = str | Placed | tuple[_Run, ...]


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
        self._steps, slots = _join_texts(list(self._list_steps()))
        self._slot_faces = dict.fromkeys(slot.face for slot in slots)
        self._texts = SlotSet(slots)
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
        written = [self._start] if self._start else []
        extras = _Extras(self, inputs, number, count, day)
        filled = self._texts.fill(inputs)
        for step in self._steps:
            if isinstance(step, tuple):
                written += _write_runs(step, filled, extras)
            elif isinstance(step, str):
                written.append(step)
            else:
                written.append(extras.draw(step))
        return zlib.compress("\n".join(written).encode("latin-1"), CONTENT_LEVEL), extras.page

    # --- Compiling ---

    def _list_forms(self) -> Iterator[str]:
        if self._blank.form is not None:
            yield f"/B{self._blank.form} Do\n"
        if self.constants[0]:
            yield f"/{self.name_constant(0)} Do\n"

    def name_constant(self, place: int) -> str:
        """Return the resource name of a form of what is constant."""
        return f"C{self._number}_{place}"

    def _list_steps(self) -> Iterator[_Step | _Text]:
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


def _join_texts(steps: Sequence[_Step | _Text]) -> tuple[list[_Step], list[Slot]]:
    """Gather neighbouring texts in runs of one style; return the slots of all texts, too."""
    joined: list[_Step] = []
    slots: list[Slot] = []
    for are_texts, members in groupby(steps, key=lambda step: isinstance(step, _Text)):
        if not are_texts:
            joined += [step for step in members if not isinstance(step, _Text)]
            continue
        runs = []
        texts = [step for step in members if isinstance(step, _Text)]
        for style, same in groupby(texts, key=lambda text: text.slot.style):
            run = list(same)
            # It ends in a text that is empty, so that all are closed alike.
            runs.append(_Run(f"{style.write()}(", len(slots), tuple(text.placed for text in run)))
            slots += [text.slot for text in run]
        joined.append(tuple(runs))
    return joined, slots


def _write_runs(runs: Sequence[_Run], filled: Filled, extras: _Extras) -> Iterator[str]:
    """Yield the operators of texts, all plain ones up to one that is not in one text object."""
    written: list[str] = []
    for run in runs:
        written.append(run.style)
        start, end = run.first, run.first + len(run.placed)
        for other in filled.others:
            if start <= other < end:
                written += filled.list_operators(slice(start, other))
                yield _close_texts(written)
                yield extras.draw(run.placed[other - run.first])
                written, start = [run.style], other + 1
        written += filled.list_operators(slice(start, end))
    yield _close_texts(written)


def _close_texts(written: Sequence[str]) -> str:
    return f"BT {f'{CLOSE}{chr(10)}'.join(written)}{CLOSE}\nET"
