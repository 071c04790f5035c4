"""Marked-up text in a box as pdfme sets it: bold, italic, struck out, code and links, on lines broken anew.

Not here: what marks mean (templates/marks.py), nor plain text (text.py); its rules for lines differ a little.

A variant that no font is named for is made from the plain one: bold is shown three times, each 3 % of the
size further right, italic leans by 12 degrees. Both count as wider than they are, and so does code.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from math import cos, radians, sin, tan

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering.bidi import reads_right_to_left
from pdfme_dagster.rendering.font_book import FontBook
from pdfme_dagster.rendering.page import MM, MM_PER_POINT, Link, Page
from pdfme_dagster.rendering.shaping import Typeface
from pdfme_dagster.rendering.text import (
    Box,
    Setting,
    align_line,
    draw_decoration,
    measure_text,
    offset_first_baseline,
)
from pdfme_dagster.rendering.words import count_graphemes, split_graphemes, split_words
from pdfme_dagster.templates.marks import Mark, escape_marks, parse_marks, strip_marks
from pdfme_dagster.templates.schema import DynamicFontSize, TextBase

__all__ = ["draw_marked_text", "escape_marks", "measure_marked_lines", "strip_marks"]

_BOLD_SHIFT = 0.03
_ITALIC_DEGREES = 12
_CODE_PADDING = 1.5
_CODE_COLOR = "f2f3f5"
# As for plain text, see text.py.
_SIZE_STEP = 0.25
_SMALLEST_SHRUNK = 1.0
# Characters that are measured to let one text grow; only a page of some metres has room for as many.
_MOST_MEASURED = 5_000_000
_LINE_END = re.compile(r"(\r\n|\r|\n)")
# Longer than any line, and short enough to be measured again for each line of a text without blanks.
_GLANCE = 400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Look:
    """A mark with its font; there is one object for each mark of a text."""

    mark: Mark
    typeface: Typeface
    bold: bool
    italic: bool

    def measure(self, text: str, size: float, spacing: float) -> float:
        """Return how wide a run counts, in points."""
        width = measure_text(text, self.typeface, size, spacing)
        if self.bold:
            width += size * _BOLD_SHIFT * 2
        if self.italic:
            width += self.typeface.ascent * size * tan(radians(_ITALIC_DEGREES))
        return width + 2 * _CODE_PADDING if self.mark.code else width


_Piece = tuple[_Look, str]


@dataclass(slots=True, kw_only=True)
class _Line:
    """A line of runs, its width and that of its last run; ``closes`` marks one that the text itself ends."""

    runs: list[_Piece] = field(default_factory=list)
    width: float = 0.0
    last_width: float = 0.0
    closes: bool = False

    @property
    def text(self) -> str:
        return "".join(text for _, text in self.runs)

    def find_ascent(self, size: float) -> float:
        """Return how high the line's letters are in points; one without letters is as high as the size."""
        return max((look.typeface.ascent * size for look, _ in self.runs), default=size)


# --- Drawing ---


def draw_marked_text(
    page: Page,
    value: str,
    field: TextBase,
    setting: Setting,
    box: Box,
    book: FontBook,
    lines: slice | None = None,
) -> None:
    """Draw a marked text into its box; ``lines`` are those that stand on this page, of a text that flows."""
    if not value:
        return
    draw_decoration(page, setting.look, box)
    content = box.inset(setting.insets)
    pieces = _find_looks(value, field, setting, book)
    if setting.overflow in ("shrink", "clip", "ellipsis"):
        setting = _keep_inside(setting)
    size = _fit_size(pieces, setting, content)
    broken = _break_lines(pieces, setting, size, content.width)
    pen = _Pen(page=page, field=field, setting=setting, size=size, box=box, content=content)
    if setting.overflow == "clip":
        page.add(f"q {content.x:.3f} {content.y:.3f} {content.width:.3f} {content.height:.3f} re W n")
    pen.draw_lines(broken, lines or slice(None))
    if setting.overflow == "clip":
        page.add("Q")


def _keep_inside(setting: Setting) -> Setting:
    """Return the setting of a text that must stay in its box: made smaller, else cut off at the edges."""
    if setting.overflow != "shrink":
        return replace(setting, overflow="clip")
    largest = setting.dynamic.max if setting.dynamic else setting.size
    return replace(setting, dynamic=DynamicFontSize(min=_SMALLEST_SHRUNK, max=max(largest, _SMALLEST_SHRUNK)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pen:
    """Shows the lines of one text."""

    page: Page
    field: TextBase
    setting: Setting
    size: float
    box: Box
    content: Box

    def draw_lines(self, lines: Sequence[_Line], part: slice) -> None:
        shown = lines[part]
        offset = offset_first_baseline(self.setting, self.size, len(shown), self.content.height)
        first, last = part.indices(len(lines))[0], len(lines) - 1
        for place, line in enumerate(shown):
            if line.runs:
                lower = self.setting.look.line_height * self.size * place
                y = self.content.y + self.content.height - offset - lower
                self._draw_line(line, y, is_filled=not line.closes and first + place < last)

    def _draw_line(self, line: _Line, y: float, *, is_filled: bool) -> None:
        look, spacing, width = self.setting.look, self.setting.look.character_spacing, line.width
        if look.alignment == "justify" and is_filled:
            spacing += (self.content.width - width) / max(1, count_graphemes(line.text))
            width = self.content.width
        x = self.content.x + align_line(look.alignment, width, self.content.width)
        ascent = line.find_ascent(self.size)
        if self.setting.strikethrough:
            self._rule(x, y + ascent / 3, width)
        if self.setting.underline:
            self._rule(x, y - ascent / 12, width)
        right_to_left = reads_right_to_left(line.text)
        for run, text in reversed(line.runs) if right_to_left else line.runs:
            width = run.measure(text, self.size, spacing)
            self._draw_run(run, text, x, y, width, spacing, right_to_left=right_to_left)
            x += width + spacing

    def _rule(self, x: float, y: float, width: float) -> None:
        if width > 0:
            self.page.draw_line(x, y, x + width, y, self.size / 12, self.setting.color)

    def _draw_run(
        self, run: _Look, text: str, x: float, y: float, width: float, spacing: float, *, right_to_left: bool
    ) -> None:
        ascent, padding = run.typeface.ascent * self.size, _CODE_PADDING if run.mark.code else 0.0
        if run.mark.code:
            self.page.fill_box(x, y - ascent * 0.2, width, ascent * 1.2, _CODE_COLOR)
        if run.mark.strikethrough:
            self._rule(x + padding, y + ascent / 3, width - padding * 2)
        if run.mark.address:
            if not self.setting.underline:
                self._rule(x + padding, y - ascent / 12, width - padding * 2)
            self._link(run, x, y, width)
        pieces = run.typeface.encode(text, right_to_left=right_to_left)
        for repeat in range(3 if run.bold else 1):
            self.page.show(
                x + padding + self.size * _BOLD_SHIFT * repeat,
                y,
                pieces,
                size=self.size,
                color=self.setting.color,
                spacing=spacing,
                skew=_ITALIC_DEGREES if run.italic else 0,
            )

    def _link(self, run: _Look, x: float, y: float, width: float) -> None:
        ascent, descent = run.typeface.ascent * self.size, run.typeface.descent * self.size
        if width <= 0 or ascent - descent <= 0:
            return
        corners = [self._turn(across, up) for across in (x, x + width) for up in (y + descent, y + ascent)]
        left, bottom = (min(each) for each in zip(*corners, strict=True))
        right, top = (max(each) for each in zip(*corners, strict=True))
        self.page.links.append(Link(left=left, bottom=bottom, right=right, top=top, target=run.mark.address))

    def _turn(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point is when the field is turned; links are not turned with their text."""
        angle = radians(-self.field.rotate)
        middle_x, middle_y = self.box.x + self.box.width / 2, self.box.y + self.box.height / 2
        x, y = x - middle_x, y - middle_y
        return middle_x + x * cos(angle) - y * sin(angle), middle_y + x * sin(angle) + y * cos(angle)


# --- Fonts ---


def _find_looks(value: str, field: TextBase, setting: Setting, book: FontBook) -> tuple[_Piece, ...]:
    marked = parse_marks(value)
    looks = {
        mark: _find_look(mark, field, setting, book) for mark in dict.fromkeys(mark for mark, _ in marked)
    }
    return tuple((looks[mark], text) for mark, text in marked)


def _find_look(mark: Mark, field: TextBase, setting: Setting, book: FontBook) -> _Look:
    """Return a mark's font; what of bold and italic it has not is made of it."""
    wanted = set() if mark.code else {key for key in ("bold", "italic") if getattr(mark, key)}
    needs = {key for key in ("bold", "italic") if getattr(mark, key)}
    typeface, has_code = setting.typeface, False
    variants = field.font_variants
    for name, makes in (
        (variants.code if mark.code else "", {"code"}),
        (variants.bold_italic, {"bold", "italic"}),
        (variants.italic, {"italic"}),
        (variants.bold, {"bold"}),
    ):
        if name and name in book and (makes == {"code"} or makes <= wanted):
            typeface, has_code = book.find(name), makes == {"code"}
            needs -= makes
            break
    if field.font_variant_fallback == "error" and (needs or (mark.code and not has_code)):
        raise PermanentError(
            "bad_field_value",
            f'field "{field.name}": its text is marked {", ".join(sorted(needs)) or "code"}, but no font is '
            "named for that; add one to fontVariants, or set fontVariantFallback to synthetic",
        )
    makes_up = field.font_variant_fallback != "plain"
    return _Look(
        mark=mark, typeface=typeface, bold=makes_up and "bold" in needs, italic=makes_up and "italic" in needs
    )


# --- Breaking ---


def measure_marked_lines(
    value: str, field: TextBase, setting: Setting, width: float, book: FontBook
) -> list[float]:
    """Return the heights of a marked text's lines in millimetres, in a box of ``width`` points.

    The first line is as high as the highest of its letters, as pdfme counts.
    """
    size, line_height = setting.size, setting.look.line_height
    lines = _break_lines(_find_looks(value, field, setting, book), setting, size, width)
    return [
        (line.find_ascent(size) if place == 0 else size) * line_height * MM_PER_POINT
        for place, line in enumerate(lines)
    ]


def _break_lines(pieces: Sequence[_Piece], setting: Setting, size: float, width: float) -> list[_Line]:
    breaker = _Breaker(size=size, spacing=setting.look.character_spacing, width=width)
    paragraphs = _split_paragraphs(pieces)
    for number, paragraph in enumerate(paragraphs, start=1):
        for word in _split_words(paragraph):
            breaker.add_word(word)
        if number < len(paragraphs):
            breaker.end_line(closes=True)
    if breaker.line.runs or not breaker.lines:
        breaker.end_line()
    return breaker.lines


def _split_paragraphs(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    paragraphs: list[list[_Piece]] = [[]]
    for look, text in pieces:
        for place, part in enumerate(_LINE_END.split(text)):
            if place % 2:
                paragraphs.append([])
            elif part:
                paragraphs[-1].append((look, part))
    return paragraphs


def _split_words(paragraph: Sequence[_Piece]) -> Iterator[list[_Piece]]:
    """Yield each word of a paragraph in the pieces that its marks cut it into."""
    if not paragraph:
        return
    ends = list(accumulate(len(text) for _, text in paragraph))
    words = split_words("".join(text for _, text in paragraph))
    place = 0
    for start, end in pairwise(accumulate(map(len, words), initial=0)):
        word = []
        while True:
            look, text = paragraph[place]
            begin = ends[place] - len(text)
            word.append((look, text[max(start, begin) - begin : end - begin]))
            if ends[place] >= end:
                break
            place += 1
        yield word
        if ends[place] == end:
            place += 1


@dataclass(slots=True, kw_only=True)
class _Breaker:
    """Fills lines with words as pdfme does; a word that is too wide is broken by characters, run by run."""

    size: float
    spacing: float
    width: float
    lines: list[_Line] = field(default_factory=list)
    line: _Line = field(default_factory=_Line)

    def end_line(self, *, closes: bool = False) -> None:
        self.line.closes = closes
        self.lines.append(self.line)
        self.line = _Line()

    def add_word(self, word: Sequence[_Piece]) -> None:
        width = self.measure_word(word)
        if width > self._room and self.line.runs:
            self.end_line()
        if width <= self._room:
            for look, text in word:
                self._add(look, text)
            return
        for look, text in word:
            self._add_broken(look, text)

    @property
    def _room(self) -> float:
        if not self.line.runs:
            return self.width
        return max(0.0, self.width - self.line.width - self.spacing)

    def measure_word(self, word: Sequence[_Piece]) -> float:
        """Return how wide pieces side by side count, in points."""
        widths = (look.measure(text, self.size, self.spacing) for look, text in word)
        return sum(widths) + self.spacing * (len(word) - 1)

    def _add(self, look: _Look, text: str) -> None:
        line, replaced = self.line, 0.0
        if line.runs and line.runs[-1][0] is look:
            text, replaced = line.runs.pop()[1] + text, line.last_width
        elif line.runs:
            line.width += self.spacing
        line.runs.append((look, text))
        line.last_width = look.measure(text, self.size, self.spacing)
        line.width += line.last_width - replaced

    def _add_broken(self, look: _Look, text: str) -> None:
        while text:
            width = self._glance(look, text)
            if width <= self._room:
                self._add(look, text)
                return
            fitting = "" if self.line.runs and width <= self.width else self._find_fitting(look, text)
            if fitting:
                self._add(look, fitting)
                text = text[len(fitting) :]
            if text:
                self.end_line()

    def _glance(self, look: _Look, text: str) -> float:
        """Measure a text, or of a very long one just enough to know that no line takes it."""
        begin = look.measure(text[:_GLANCE], self.size, self.spacing)
        if len(text) <= _GLANCE or (self.spacing >= 0 and begin > self.width):
            return begin
        return look.measure(text, self.size, self.spacing)

    def _find_fitting(self, look: _Look, text: str) -> str:
        """Return what of a text the line has room for, at least one character when the line is empty."""
        fitting, room = "", self._room
        for start in range(0, len(text), _GLANCE):
            for character in split_graphemes(text[start : start + _GLANCE]):
                if look.measure(fitting + character, self.size, self.spacing) > room:
                    return fitting if fitting or self.line.runs else character
                fitting += character
        return fitting


# --- Sizing ---


def _fit_size(pieces: Sequence[_Piece], setting: Setting, box: Box) -> float:
    """Return the font size that a field's dynamic size gives its marked text; see text.fit_size."""
    dynamic = setting.dynamic
    if dynamic is None or dynamic.max < dynamic.min:
        return setting.size
    horizontal, width, height = dynamic.fit == "horizontal", box.width / MM, box.height / MM
    size = min(max(setting.size, dynamic.min), dynamic.max)
    size = _skip_sizes(pieces, setting, size, dynamic.min, box)
    wide, high = _measure_block(pieces, setting, size, box.width, horizontal=horizontal)
    tries = _MOST_MEASURED // (1 + sum(len(text) for _, text in pieces))
    while size < dynamic.max and (wide < width if horizontal else high < height) and (tries := tries - 1) > 0:
        new_wide, new_high = _measure_block(
            pieces, setting, size + _SIZE_STEP, box.width, horizontal=horizontal
        )
        if new_high >= height:
            break
        size, wide, high = size + _SIZE_STEP, new_wide, new_high
    while size > dynamic.min and size > 0 and (wide > width or high > height):
        size -= _SIZE_STEP
        wide, high = _measure_block(pieces, setting, size, box.width, horizontal=horizontal)
    return size


def _skip_sizes(pieces: Sequence[_Piece], setting: Setting, size: float, smallest: float, box: Box) -> float:
    """Return the first size down from this one that the text may fit its box at, without breaking any lines.

    All lines together are at least as long as the text; some ligatures may come apart.
    """
    advance = 0.9 * sum(look.typeface.measure(text) for look, text in pieces)
    squeeze = min(0.0, setting.look.character_spacing) * sum(len(text) for _, text in pieces)
    while size > smallest and size > 0:
        lower = (advance * size + squeeze - box.width) * size * setting.look.line_height
        if lower <= box.height * box.width + 1:
            break
        size -= _SIZE_STEP
    return size


def _measure_block(
    pieces: Sequence[_Piece], setting: Setting, size: float, width: float, *, horizontal: bool
) -> tuple[float, float]:
    """Return how wide and high a marked text is at a size, in millimetres."""
    lines = _break_lines(pieces, setting, size, width)
    line_height, spacing = setting.look.line_height, setting.look.character_spacing
    high = (lines[0].find_ascent(size) + (len(lines) - 1) * size) * line_height
    if horizontal:
        breaker = _Breaker(size=size, spacing=spacing, width=width)
        widths = [
            breaker.measure_word(paragraph) if paragraph else 0.0 for paragraph in _split_paragraphs(pieces)
        ]
    else:
        widths = [line.width for line in lines]
    return max(widths) * MM_PER_POINT, high * MM_PER_POINT
