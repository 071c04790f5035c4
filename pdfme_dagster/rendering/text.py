"""Text in a box as pdfme sets it: lines broken, sized to fit, aligned, and shown on a page.

Not here: glyphs and widths (shaping.py), where words end (words.py), marked-up text (markdown.py).

Rules are pdfme's, to the pixel. With A and D as ascent and descent (negative) at the size, H the height of
the box less padding and border, n lines and lh the line height:

* the first baseline stands below the box's top by A + (lh - 1) * size / 2 at the top,
  H - lh * size * (n - 1) + D - (lh - 1) * size / 2 at the bottom, and
  (H - lh * size * (n - 1) - A + D) / 2 + A in the middle; each following one lh * size lower;
* text may run out of its box below and at the right, unless ``overflow`` says otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate

from pdfme_dagster.rendering.bidi import reads_right_to_left
from pdfme_dagster.rendering.page import MM, MM_PER_POINT, Page
from pdfme_dagster.rendering.shaping import Typeface
from pdfme_dagster.rendering.words import (
    count_graphemes,
    is_japanese,
    keep_line_ends,
    split_graphemes,
    split_paragraphs,
    split_words,
)
from pdfme_dagster.templates.schema import DynamicFontSize, Overflow, Sides, TextBase, TextLook

BLACK = "000000"
_SIZE_STEP = 0.25
_SMALLEST_SHRUNK = 1.0
_ELLIPSIS = "…"
# Characters that are measured to find one text's size; beyond, sizes are tried in larger steps, or no more.
_MOST_MEASURED = 2_000_000
# What is remembered must not fill the memory.
_LONGEST_REMEMBERED = 500
# Rounding must not push a line out of its box, in points.
_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How a field's text is set; sizes in points, the box in millimetres as the template has it."""

    typeface: Typeface
    look: TextLook
    size: float
    dynamic: DynamicFontSize | None = None
    underline: bool = False
    strikethrough: bool = False
    overflow: Overflow = "visible"

    @property
    def color(self) -> str:
        """Return the text's colour as six hexadecimal digits."""
        return self.look.font_color or BLACK

    @property
    def insets(self) -> Sides:
        """Return what border and padding take from each side, in millimetres."""
        border, padding = self.look.border_width, self.look.padding
        return Sides(
            top=border.top + padding.top,
            right=border.right + padding.right,
            bottom=border.bottom + padding.bottom,
            left=border.left + padding.left,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line in logical order; ``closes`` marks a paragraph's last, ``right_to_left`` its direction."""

    text: str
    closes: bool = False
    right_to_left: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle on a page in points; x and y are its lower left corner."""

    x: float
    y: float
    width: float
    height: float

    def inset(self, sides: Sides) -> "Box":
        """Return what is left inside of sides given in millimetres."""
        width = max(0.0, self.width - (sides.left + sides.right) * MM)
        height = max(0.0, self.height - (sides.top + sides.bottom) * MM)
        return Box(x=self.x + sides.left * MM, y=self.y + sides.bottom * MM, width=width, height=height)


def set_field(field: TextBase, typeface: Typeface, overflow: Overflow = "visible") -> Setting:
    """Return how a field's text is set; ``overflow`` stands where the field has none of its own."""
    chosen = field.overflow or overflow
    return Setting(
        typeface=typeface,
        look=field,
        size=field.font_size,
        dynamic=None if chosen == "expand" else field.dynamic_font_size,
        underline=field.underline,
        strikethrough=field.strikethrough,
        overflow=chosen,
    )


# --- Breaking ---


def break_lines(text: str, setting: Setting, size: float, width: float) -> tuple[Line, ...]:
    """Break text into lines of at most ``width`` points at a font size."""
    spacing = setting.look.character_spacing
    return tuple(
        line
        for paragraph in split_paragraphs(text)
        for line in _break_paragraph(paragraph, setting.typeface, size, spacing, width)
    )


def measure_text(text: str, typeface: Typeface, size: float, spacing: float) -> float:
    """Return a line's width in points; spacing stands between its characters only, as pdfme counts it."""
    return typeface.measure(text) * size + (len(text) - 1) * spacing


def _break_paragraph(
    paragraph: str, typeface: Typeface, size: float, spacing: float, width: float
) -> tuple[Line, ...]:
    if len(paragraph) <= _LONGEST_REMEMBERED:
        return _break_short_paragraph(paragraph, typeface, size, spacing, width)
    return _break_short_paragraph.__wrapped__(paragraph, typeface, size, spacing, width)


def _measure_roughly(text: str, typeface: Typeface, size: float, spacing: float, width: float) -> float:
    """Return a line's width in points; of a very long text one that is too wide, if its beginning is."""
    if len(text) > 2 * _LONGEST_REMEMBERED and spacing >= 0:
        begin = measure_text(text[:_LONGEST_REMEMBERED], typeface, size, spacing)
        if begin > width:
            return begin
    return measure_text(text, typeface, size, spacing)


@lru_cache(maxsize=2048)  # a month end's shops and towns come again and again
def _break_short_paragraph(
    paragraph: str, typeface: Typeface, size: float, spacing: float, width: float
) -> tuple[Line, ...]:
    text = paragraph.rstrip()
    if not text:
        return (Line(text=""),)
    right_to_left = reads_right_to_left(text)
    if _measure_roughly(text, typeface, size, spacing, width) <= width:
        return (Line(text=text, closes=True, right_to_left=right_to_left),)
    lines = _Breaker(typeface=typeface, size=size, spacing=spacing, width=width).break_text(text)
    if is_japanese(text):
        lines = keep_line_ends(lines)
    last = len(lines) - 1
    return tuple(
        Line(text=line.rstrip(), closes=place == last, right_to_left=right_to_left)
        for place, line in enumerate(lines)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Breaker:
    """Fills lines with words as pdfme does: greedily, and by characters only where a word is too wide."""

    typeface: Typeface
    size: float
    spacing: float
    width: float

    def break_text(self, text: str) -> list[str]:
        # Each line as its parts: adding to a long text over and over would copy it as often.
        lines, used = [list[str]()], 0.0
        for word in split_words(text):
            advance = _measure_roughly(word, self.typeface, self.size, self.spacing, self.width)
            if used + advance <= self.width:
                used = self._add(lines, word, advance, used)
            elif not word.strip():
                lines.append([])
                used = 0.0
            elif advance <= self.width:
                lines.append([word])
                used = advance + self.spacing
            else:
                used = self._break_word(lines, word, used)
        return ["".join(parts) for parts in lines]

    def _break_word(self, lines: list[list[str]], word: str, used: float) -> float:
        for character in _list_pieces(word):
            advance = measure_text(character, self.typeface, self.size, self.spacing)
            if used + advance <= self.width:
                used = self._add(lines, character, advance, used)
            else:
                lines.append([character])
                used = advance + self.spacing
        return used

    def _add(self, lines: list[list[str]], text: str, advance: float, used: float) -> float:
        start = used if lines[-1] else 0.0
        lines[-1].append(text)
        return start + advance + self.spacing


def _list_pieces(word: str) -> Sequence[str]:
    # A letter and its marks stay together; elsewhere characters are pdfme's unit too.
    return word if word.isascii() else split_graphemes(word)


# --- Sizing ---


def fit_size(text: str, setting: Setting, width: float, height: float) -> float:
    """Return the font size that a field's dynamic size gives in a box of so many millimetres."""
    dynamic = setting.dynamic
    if dynamic is None or dynamic.max < dynamic.min:
        return setting.size
    return _fit_size(text, setting, dynamic, width, height)


def _fit_size(text: str, setting: Setting, dynamic: DynamicFontSize, width: float, height: float) -> float:
    look = setting.look
    sizer = _Sizer(
        text=text,
        typeface=setting.typeface,
        line_height=look.line_height,
        spacing=look.character_spacing,
        horizontal=dynamic.fit == "horizontal",
        width=width,
        height=height,
    )
    start = min(max(setting.size, dynamic.min), dynamic.max)
    find_size = _find_size if len(text) <= _LONGEST_REMEMBERED else _find_size.__wrapped__
    return find_size(sizer, start, dynamic.min, dynamic.max)


# pdfme tries sizes in quarters of a point; a value and its box come again on every statement.
@lru_cache(maxsize=4096)
def _find_size(sizer: "_Sizer", size: float, smallest: float, largest: float) -> float:
    tries = _MOST_MEASURED // (1 + len(sizer.text))
    size = sizer.skip_sizes(size, smallest)
    wide, high = sizer.measure(size)
    while size < largest and tries > 0 and sizer.has_room(wide, high):
        new_wide, new_high = sizer.measure(size + _SIZE_STEP)
        if new_high >= sizer.height:
            break
        size, wide, high, tries = size + _SIZE_STEP, new_wide, new_high, tries - 1
    while size > smallest and size > 0 and (wide > sizer.width or high > sizer.height):
        size = max(0.0, size - _SIZE_STEP) if tries > 0 else max(smallest, size / 2 - _SIZE_STEP)
        wide, high = sizer.measure(size)
        tries -= 1
    return size


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sizer:
    """Says how wide and high a text is at a size, in millimetres, for a box of that width and height."""

    text: str
    typeface: Typeface
    line_height: float
    spacing: float
    horizontal: bool
    width: float
    height: float

    def has_room(self, wide: float, high: float) -> bool:
        """Say whether a text of that width and height leaves room in the direction that counts."""
        return wide < self.width if self.horizontal else high < self.height

    def skip_sizes(self, size: float, smallest: float) -> float:
        """Return the first size down from this one that the text may fit its box at, no line broken yet.

        All lines together are at least half as long as the text's words: those that are broken lose the
        forms and ligatures that join their letters.
        """
        advance = sum(map(self.typeface.measure, self.text.split())) / 2
        squeeze, width = min(0.0, self.spacing) * len(self.text), self.width * MM
        while size > smallest and size > 0:
            pitch = size * self.line_height
            if (advance * size + squeeze - width) * pitch <= width * (self.height / MM_PER_POINT + 1):
                break
            size -= _SIZE_STEP
        return max(0.0, size)

    def measure(self, size: float) -> tuple[float, float]:
        wide, lines = 0.0, 0
        for paragraph in self.text.split("\n"):
            broken = _break_paragraph(paragraph, self.typeface, size, self.spacing, self.width * MM)
            lines += len(broken)
            whole = [paragraph] if self.horizontal else [line.text for line in broken]
            widths = (measure_text(each, self.typeface, size, self.spacing) for each in whole)
            wide = max(wide, max(widths))
        return wide * MM_PER_POINT, self._stack(size, lines)

    def _stack(self, size: float, lines: int) -> float:
        first = self.typeface.ascent * size * self.line_height
        return (first + (lines - 1) * size * self.line_height) * MM_PER_POINT


def stack_lines(count: int, setting: Setting, size: float) -> list[float]:
    """Return the heights of lines in millimetres: the first is as high as its letters, as pdfme counts."""
    line_height = setting.look.line_height
    first = setting.typeface.ascent * size * line_height * MM_PER_POINT
    return [first if place == 0 else size * line_height * MM_PER_POINT for place in range(count)]


# --- Drawing ---


def draw_lines(page: Page, lines: Sequence[Line], setting: Setting, box: Box) -> None:
    """Draw those lines of a text that stand on this page, of one that flows."""
    draw_decoration(page, setting.look, box)
    _show_lines(page, lines, setting, setting.size, box.inset(setting.insets))


def draw_text(page: Page, text: str, setting: Setting, box: Box) -> None:
    """Draw a text into its box."""
    if not text:
        return
    draw_decoration(page, setting.look, box)
    content = box.inset(setting.insets)
    size = fit_size(text, setting, content.width / MM, content.height / MM)
    broken = break_lines(text, setting, size, content.width)
    if setting.overflow in ("shrink", "clip", "ellipsis"):
        size, broken = _keep_inside(text, setting, size, broken, content)
    if setting.overflow == "clip":
        page.add(f"q {content.x:.3f} {content.y:.3f} {content.width:.3f} {content.height:.3f} re W n")
    _show_lines(page, broken, setting, size, content)
    if setting.overflow == "clip":
        page.add("Q")


def draw_decoration(page: Page, look: TextLook, box: Box) -> None:
    """Draw the background of a box and its borders, which lie inside."""
    if look.background_color:
        page.fill_box(box.x, box.y, box.width, box.height, look.background_color)
    if not look.border_color or look.border_width.is_none:
        return
    top, right, bottom, left = (
        side * MM
        for side in (
            look.border_width.top,
            look.border_width.right,
            look.border_width.bottom,
            look.border_width.left,
        )
    )
    page.fill_box(box.x, box.y + box.height - top, box.width, top, look.border_color)
    page.fill_box(box.x + box.width - right, box.y, right, box.height, look.border_color)
    page.fill_box(box.x, box.y, box.width, bottom, look.border_color)
    page.fill_box(box.x, box.y, left, box.height, look.border_color)


def offset_first_baseline(setting: Setting, size: float, lines: int, height: float) -> float:
    """Return how far the first baseline stands below the top of a box of that height, all in points."""
    ascent, descent = setting.typeface.ascent * size, setting.typeface.descent * size
    line_height = setting.look.line_height
    half = 0.0 if line_height == 0 else (line_height - 1) * size / 2
    following = line_height * size * (lines - 1)
    if setting.look.vertical_alignment == "top":
        return ascent + half
    if setting.look.vertical_alignment == "bottom":
        return height - following + descent - half
    return (height - following - ascent + descent) / 2 + ascent


def align_line(alignment: str | None, width: float, room: float, *, right_to_left: bool = False) -> float:
    """Return where a line begins from the left of its room."""
    if alignment == "center":
        return (room - width) / 2
    at_right = right_to_left if alignment is None else alignment == "right"
    return room - width if at_right else 0.0


def _show_lines(page: Page, lines: Sequence[Line], setting: Setting, size: float, box: Box) -> None:
    offset = offset_first_baseline(setting, size, len(lines), box.height)
    for place, line in enumerate(lines):
        if line.text:
            baseline = box.y + box.height - offset - setting.look.line_height * size * place
            _show_line(page, line, setting, size, box, baseline)


def _show_line(page: Page, line: Line, setting: Setting, size: float, box: Box, baseline: float) -> None:
    look, spacing = setting.look, setting.look.character_spacing
    width = measure_text(line.text, setting.typeface, size, spacing)
    x = box.x + align_line(look.alignment, width, box.width, right_to_left=line.right_to_left)
    for wanted, height in (
        (setting.strikethrough, baseline + setting.typeface.ascent * size / 3),
        (setting.underline, baseline - setting.typeface.ascent * size / 12),
    ):
        if wanted and width > 0:
            page.draw_line(x, height, x + width + 1, height, size / 12, setting.color)
    if look.alignment == "justify" and not line.closes:
        spacing += (box.width - width) / count_graphemes(line.text)
    pieces = setting.typeface.encode(line.text, right_to_left=line.right_to_left)
    page.show(x, baseline, pieces, size=size, color=setting.color, spacing=spacing)


# --- Overflow ---


def _keep_inside(
    text: str, setting: Setting, size: float, lines: tuple[Line, ...], box: Box
) -> tuple[float, tuple[Line, ...]]:
    """Return size and lines that stay in the box: smaller for ``shrink``, fewer for ``ellipsis``."""
    if setting.overflow == "clip" or _fits(lines, setting, size, box):
        return size, lines
    if setting.overflow == "ellipsis":
        return size, _shorten(lines, setting, size, box)
    if size <= _SMALLEST_SHRUNK:
        return size, lines
    shrinking = replace(setting, dynamic=DynamicFontSize(min=_SMALLEST_SHRUNK, max=size))
    size = max(_SMALLEST_SHRUNK, fit_size(text, shrinking, box.width / MM, box.height / MM))
    return size, break_lines(text, setting, size, box.width)


def _fits(lines: Sequence[Line], setting: Setting, size: float, box: Box) -> bool:
    return _count_high(lines, setting, size, box) == len(lines) and all(
        _is_narrow(line.text, setting, size, box) for line in lines
    )


def _count_high(lines: Sequence[Line], setting: Setting, size: float, box: Box) -> int:
    """Count the lines that the box is high enough for, from the first."""
    heights = accumulate(stack_lines(len(lines), setting, size))
    return sum(height * MM <= box.height + _TOLERANCE for height in heights)


def _is_narrow(text: str, setting: Setting, size: float, box: Box) -> bool:
    return measure_text(text, setting.typeface, size, setting.look.character_spacing) <= box.width


def is_high_enough(box: Box, setting: Setting) -> bool:
    """Say whether a box, borders and padding taken off, has room for one line."""
    return stack_lines(1, setting, setting.size)[0] * MM <= box.height + _TOLERANCE


def _shorten(lines: tuple[Line, ...], setting: Setting, size: float, box: Box) -> tuple[Line, ...]:
    """Keep the lines that fit, at least one; the last kept ends in … where something follows it."""
    high = max(1, _count_high(lines, setting, size, box))
    wide = next((n for n, line in enumerate(lines) if not _is_narrow(line.text, setting, size, box)), None)
    if wide is None and high >= len(lines):
        return lines
    fitting = high if wide is None else max(1, min(high, wide))
    last = lines[fitting - 1]
    letters = list(split_graphemes(last.text))
    while letters and not _is_narrow("".join(letters) + _ELLIPSIS, setting, size, box):
        letters.pop()
    return (*lines[: fitting - 1], replace(last, text="".join(letters).rstrip() + _ELLIPSIS))
