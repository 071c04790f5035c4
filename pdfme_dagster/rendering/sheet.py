"""A page being filled: lines of text that keep to the room they are given, and filled boxes behind them.

Not here: what a statement says or looks like (layout.py), nor how a page becomes PDF (pdf.py).

Lengths are points; x grows to the right, y grows down from the top edge, and a text's y is its baseline.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Literal, Protocol

from pdfme_dagster.rendering.scripts import order_visually, reads_right_to_left, shape_text

PAGE_WIDTH, PAGE_HEIGHT = 595.276, 841.89
_ELLIPSIS = "…"

Align = Literal["left", "right"]


class Measure(Protocol):
    """Return the width of a line of shaped text at size 1; the same text always has the same."""

    def __call__(self, text: str, *, bold: bool) -> float: ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How text looks; ``color`` is red, green and blue from 0 to 1, as a PDF writes them."""

    size: float
    color: str
    bold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One line in visual order, placed by its left end; ``size`` is the style's, or less to fit its room."""

    x: float
    y: float
    width: float
    line: str
    size: float
    style: Style


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One filled rectangle; x and y are its top left corner."""

    x: float
    y: float
    width: float
    height: float
    color: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One page and what has been put on it; ``rows`` are the numbers of its transactions, from 0."""

    measure: Measure
    texts: list[Text] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def fill(self, x: float, y: float, width: float, height: float, color: str) -> None:
        """Fill a rectangle whose top left corner is at x, y."""
        self.boxes.append(Box(x=x, y=y, width=width, height=height, color=color))

    def write(
        self,
        x: float,
        y: float,
        line: str,
        style: Style,
        *,
        room: float,
        align: Align = "left",
    ) -> None:
        """Write one visually ordered line from x, or up to x; set it smaller when wider than its room."""
        size, width = style.size, self.measure(line, bold=style.bold) * style.size
        if width > room:
            size, width = size * room / width, room
        left = x - width if align == "right" else x
        self.texts.append(Text(x=left, y=y, width=width, line=line, size=size, style=style))


def wrap_text(
    text: str, style: Style, measure: Measure, *, room: float, most: int | None = None
) -> list[str]:
    """Return ``text`` as visually ordered lines that fit; what ``most`` lines cannot hold ends in …"""
    return list(_wrap_text(text, style, measure, room, most))


# The same shops fill every statement of a month end.
@lru_cache(maxsize=4096)
def _wrap_text(text: str, style: Style, measure: Measure, room: float, most: int | None) -> tuple[str, ...]:
    shaped = shape_text(text)
    right_to_left = reads_right_to_left(shaped)
    fitting = _Room(room=room / style.size, bold=style.bold, measure=measure)
    lines = list(islice(fitting.break_lines(shaped), None if most is None else most + 1))
    if most is not None and len(lines) > most:
        lines[most - 1 :] = [fitting.shorten(lines[most - 1])]
    return tuple(order_visually(line, right_to_left=right_to_left) for line in lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Room:
    """The width a line may have, at size 1."""

    room: float
    bold: bool
    measure: Measure

    def holds(self, line: str) -> bool:
        return self.measure(line, bold=self.bold) <= self.room

    def break_lines(self, text: str) -> Iterator[str]:
        """Yield lines broken at blanks, and within a word only when it is wider than a whole line."""
        if self.holds(text):
            yield text
            return
        line = ""
        for word in text.split(" "):
            if line and self.holds(f"{line} {word}"):
                line = f"{line} {word}"
                continue
            if line:
                yield line
            *full, line = self.break_word(word)
            yield from full
        yield line

    def break_word(self, word: str) -> Iterator[str]:
        part = ""
        for character in word:
            if part and not self.holds(part + character):
                yield part
                part = ""
            part += character
        yield part

    def shorten(self, line: str) -> str:
        while line and not self.holds(line + _ELLIPSIS):
            line = line[:-1]
        return line.rstrip() + _ELLIPSIS
