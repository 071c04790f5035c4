"""Text of one plain line, which is nearly all that a statement prints, written by a short cut.

Not here: text of several lines, other scripts, boxes or turns (text.py); a test holds both to one result.

Two things make it quick, for a month end has millions of these texts. All digits of a font are equally wide,
so where an amount begins depends on its *shape* only (``0,000.000``), and shapes come again where amounts do
not. And whether the texts of a page are plain is found out for all of them in one go.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple, cast

from pdfme_dagster.rendering.faces import compile_unescaped
from pdfme_dagster.rendering.fields import Brush, set_text
from pdfme_dagster.rendering.figure import format_number
from pdfme_dagster.rendering.page import MM, write_color
from pdfme_dagster.rendering.text import (
    Box,
    Setting,
    align_line,
    is_high_enough,
    offset_first_baseline,
)
from pdfme_dagster.templates.schema import SelectField, TemplateField, TextField


class Style(NamedTuple):
    """What neighbouring texts can have in common; ``resource`` is the font's name."""

    color: str
    resource: str
    size: float

    def write(self) -> str:
        """Return the operators that set the style."""
        return f"/{self.resource} {format_number(self.size)} Tf {write_color(self.color)} rg"


# Amounts and dates have a few dozen shapes; names and shops have as many as there are.
_REMEMBERED_SHAPES = 400
_SHAPE = bytes.maketrans(b"123456789", b"000000000")
_LONGEST_REMEMBERED = 100
# Where fewer characters fit for sure, dates and amounts are found by their shapes at once.
_NARROW = 12
_BETWEEN = "\0"
# Each text closes the one before it: a page is then a row of beginnings and texts, and joined in one go.
CLOSE = ")Tj\n"


class Slot(dict[bytes, str | None]):
    """Where a field's text goes: the operators up to the text, by its shape where that decides it.

    None stands for shapes that take more than one plain line. ``corner`` is the top left of the field's box.
    """

    def __init__(self, field: TemplateField, setting: Setting, outer: Box, style: Style) -> None:
        """Take a field, how its text is set, and its box on the page."""
        super().__init__()
        self.name, self.style, self.start = field.name, style, style.write()
        self.corner = (outer.x, outer.y + outer.height)
        self.face = face = setting.typeface.first
        self._typeface, self._size, self._alignment = setting.typeface, setting.size, setting.look.alignment
        self._box = box = outer.inset(setting.insets)
        offset = offset_first_baseline(setting, setting.size, 1, box.height)
        self._y = format_number(box.y + box.height - offset)
        advances = face.basic_characters
        is_left = self._alignment in (None, "left", "justify")
        # A text of so many characters fits whatever they are, and begins at the left; others are measured.
        self.surely_fits = int(box.width / (max(1e-3, *advances.values()) * setting.size)) if is_left else -1
        self.has_even_digits = len({advances.get(digit) for digit in "0123456789"}) == 1
        self._left = self._move_to(box.x)
        self.at_left = f"{CLOSE}{self._left}"
        self[b""] = ""

    def __missing__(self, shape: bytes) -> str | None:
        line = shape.decode("latin-1")
        begun = self.begin(line) if self.face.unescaped.fullmatch(line) else None
        if len(shape) <= _LONGEST_REMEMBERED:
            if len(self) >= _REMEMBERED_SHAPES:
                self.clear()
                self[b""] = ""
            self[shape] = begun
        return begun

    def begin(self, line: str) -> str | None:
        """Return what closes another text and begins this one, None where it does not fit on one line."""
        begun = self._begin(line)
        return begun and f"{CLOSE}{begun}"

    def escape(self, line: str) -> str | None:
        """Return a text as it stands inside a PDF string, None for text that is not plain."""
        return self._typeface.write_plain(line)

    def write(self, text: str) -> str | None:
        """Return the operators of one text, None where it is no plain line."""
        line = text.rstrip()
        shown = self.escape(line)
        begun = self._begin(line) if shown else None
        return begun and f"{begun}{shown})Tj"

    def _begin(self, line: str) -> str | None:
        if len(line) <= self.surely_fits:
            return self._left
        width = self._typeface.measure(line) * self._size
        if width > self._box.width or line != line.rstrip():
            return None
        return self._move_to(self._box.x + align_line(self._alignment, width, self._box.width))

    def _move_to(self, x: float) -> str:
        return f"1 0 0 1 {format_number(x)} {self._y} Tm("


class Filled(NamedTuple):
    """A page's texts, and what begins each.

    A text is empty where there is none, and where it is no plain line: ``others`` are the places of those.
    """

    begins: list[str]
    texts: list[str]
    others: list[int]

    def join(self) -> str:
        """Return the operators of the page."""
        pieces = [""] * (2 * len(self.texts))
        pieces[::2], pieces[1::2] = self.begins, self.texts
        return "".join(pieces)


class SlotSet:
    """The slots of one page, whose texts are looked at together, and what stands between them."""

    def __init__(self, slots: Sequence[Slot | str]) -> None:
        """Take slots, and operators that stand between them, in the order in which they are drawn."""
        placed = [(place, slot) for place, slot in enumerate(slots) if isinstance(slot, Slot)]
        self._slots = dict(placed)
        # No input has None for its name.
        self._names: list[Any] = [slot.name if isinstance(slot, Slot) else None for slot in slots]
        self._begins = [slot.at_left if isinstance(slot, Slot) else slot for slot in slots]
        self._narrow = [(place, slot) for place, slot in placed if slot.surely_fits < _NARROW]
        self._wide = [(place, slot) for place, slot in placed if slot.surely_fits >= _NARROW]
        self._shape = _SHAPE if all(slot.has_even_digits for _, slot in placed) else None
        self._match_plain = compile_unescaped({slot.face: None for _, slot in placed}, _BETWEEN).match

    def fill(self, inputs: Mapping[str, str]) -> Filled:
        """Find what begins each text."""
        # As little of it as can be in loops of Python's own: a month end has millions of texts.
        texts = [*map(inputs.get, self._names, repeat(""))]
        joined = _BETWEEN.join(texts)
        if joined.count(_BETWEEN) >= len(texts) or f" {_BETWEEN}" in joined or joined.endswith(" "):
            texts = [text.replace(_BETWEEN, "").rstrip() for text in texts]
            joined = _BETWEEN.join(texts)
        begins = self._begin(texts, joined)
        for place in self._find_escaped(joined):
            slot, line = self._slots[place], texts[place].rstrip()
            shown = slot.escape(line)
            begins[place] = slot.begin(line) if shown else None
            texts[place] = shown or ""
        others = [place for place, begun in enumerate(begins) if begun is None] if None in begins else []
        for place in others:
            texts[place] = ""
        return Filled(cast("list[str]", begins), texts, others)

    def _begin(self, texts: Sequence[str], joined: str) -> list[str | None]:
        begins: list[str | None] = [*self._begins]
        shapes = joined.encode("latin-1", "replace").translate(self._shape).split(b"\0")
        for place, slot in self._narrow:
            begins[place] = slot[shapes[place]]
        for place, slot in self._wide:
            if not 0 < len(texts[place]) <= slot.surely_fits:
                begins[place] = slot[shapes[place]]
        return begins

    def _find_escaped(self, joined: str) -> Iterator[int]:
        """Yield the places of texts that a PDF string does not hold as they stand."""
        at = 0
        while at >= 0 and (found := self._match_plain(joined, at)) and found.end() < len(joined):
            yield joined.count(_BETWEEN, 0, found.end())
            at = joined.find(_BETWEEN, found.end())


class Slots:
    """The slots of a template's fields, on pages of one height."""

    def __init__(self, brush: Brush, page_height: float) -> None:
        self._brush, self._page_height = brush, page_height

    def find(self, field: TemplateField) -> Slot | None:
        """Return the slot of a field whose text can take the short cut, None for any other."""
        if not isinstance(field, TextField | SelectField) or field.rotate or field.opacity != 1:
            return None
        if field.read_only and field.text_format == "inline-markdown":
            return None
        setting = set_text(field, self._brush)
        height = field.height * MM
        y = self._page_height - field.position.y * MM - height
        outer = Box(x=field.position.x * MM, y=y, width=field.width * MM, height=height)
        if not _is_simple(setting, outer.inset(setting.insets)):
            return None
        style = Style(setting.color, self._brush.book.resource_names[setting.typeface.first], setting.size)
        return Slot(field, setting, outer, style)


def _is_simple(setting: Setting, box: Box) -> bool:
    if setting.size <= 0 or not setting.typeface.first.basic_set:
        return False
    if setting.overflow == "shrink" and not is_high_enough(box, setting):
        return False
    look = setting.look
    decorated = look.background_color or (look.border_color and not look.border_width.is_none)
    lined = setting.underline or setting.strikethrough
    return not (decorated or lined or setting.dynamic or look.character_spacing or setting.overflow == "clip")
