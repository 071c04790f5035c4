"""The picture that pdfme's bar code writer makes of a code, as rectangles of whole pixels.

Not here: which bars and modules a code has (bars.py, qr.py, pdf417.py), and what goes into the PDF
(codes.py).

The writer draws five pixels to the point, every module a whole number of pixels wide, so that the picture
is mostly a little smaller than the box, over which pdfme then stretches it. Where an edge is a pixel off,
the proportions are those of the writer: bars are a pixel higher than asked, and an odd width leaves a
pixel at the right.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil, floor
from re import finditer

from pdfme_dagster.rendering.bars import Bars

Rectangle = tuple[int, int, int, int]  # left, bottom, width, height in pixels, from the lower left corner

_PIXELS = 5  # to the point
# Enough for 600 dpi on a whole A4 page; the writer gives up beyond 67 million pixels.
_MOST_PIXELS_A_SIDE = 5000

# The text is ten points high, in pdfme in OCR-B. In sizes: how wide a letter is, and the last one without
# what is right of it. In pixels: how far letters reach below the line, which makes the picture higher.
_TEXT_SIZE, _LETTER_WIDTH, _LAST_LETTER_WIDTH = 10, 0.637, 0.5
_TEXT_DROP = 39.0  # pixels from the foot of the bars to the line of the text
_USUAL_DEPTH = 1
_DEPTHS = {
    **dict.fromkeys("'*+-2<=>BDEILZ^`z~ \"", 0),
    **dict.fromkeys("!?", 3),
    "|": 7,
    **dict.fromkeys(",;jpqy", 8),
    "g": 9,
    "_": 11,
}

_GUARD_DROP = 5.0  # points that the guard bars of EAN and UPC reach down into the text
# The frame around an ITF-14, in modules across and points up: how thick it is, how far from the bars, how
# much of them it covers above and below, and how much lower the text stands.
_FRAME, _FRAME_QUIET, _FRAME_OVERLAP, _FRAME_TEXT_DROP = 4, 10, 0.55, 3.5


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedText:
    """Where the writer sets the text: left end, line, width and size, all in pixels."""

    text: str
    left: int
    line: int
    width: int
    size: int = _TEXT_SIZE * _PIXELS


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePicture:
    """A picture's size in pixels, its black frame, its bars or modules, and the text below them."""

    width: int
    height: int
    bars: tuple[Rectangle, ...]
    frame: tuple[Rectangle, ...] = ()
    text: PlacedText | None = None


def picture_modules(rows: tuple[str, ...], width: float, height: float, *, row_height: int) -> CodePicture:
    """Draw rows of 0 and 1 for a box in points; a row is so many modules high, and there is no quiet zone."""
    across = _choose_scale(width, len(rows[0]))
    up = _choose_scale(height, len(rows) * row_height) * row_height
    bars = tuple(
        (run.start() * across, number * up, (run.end() - run.start()) * across, up)
        for number, row in enumerate(reversed(rows))
        for run in finditer("1+", row)
    )
    return CodePicture(width=len(rows[0]) * across, height=len(rows) * up, bars=bars)


def picture_bars(bars: Bars, width: float, height: float, *, framed: bool, include_text: bool) -> CodePicture:
    """Draw bars for a box in points, with their text if wanted."""
    modules = sum(bars.widths)
    canvas = _Canvas(_choose_scale(width, modules))
    height = min(height, _MOST_PIXELS_A_SIDE / _PIXELS)
    frame = canvas.add_frame(modules, height) if framed else ()
    placed = [canvas.add_bar(*bar) for bar in _place_bars(bars, height, include_text)]
    drop = _TEXT_DROP + framed * _FRAME_TEXT_DROP * _PIXELS
    text = canvas.add_text(bars.text, modules, drop) if include_text else None
    return canvas.finish(placed, frame, text)


def paint_rows(rectangles: Iterable[Rectangle], width: int, height: int) -> bytes:
    """Return the pixels that rectangles cover as bits, rows from the top, each padded to whole bytes."""
    bands: dict[tuple[int, int], int] = {}
    for left, bottom, across, up in rectangles:
        band = (bottom, up)
        bands[band] = bands.get(band, 0) | (1 << across) - 1 << width - left - across
    lines = [0] * height
    for (bottom, up), covered in bands.items():
        for line in range(height - bottom - up, height - bottom):
            lines[line] |= covered
    stride = -(-width // 8)
    return b"".join((line << 8 * stride - width).to_bytes(stride, "big") for line in lines)


def _choose_scale(points: float, modules: float) -> int:
    """Return how many pixels a module gets; what is added makes up for the way from millimetres to points."""
    most = max(1, int(_MOST_PIXELS_A_SIDE / modules))
    return min(most, max(1, int(_PIXELS * points / modules + 1e-9)))


def _place_bars(bars: Bars, height: float, include_text: bool) -> Iterator[tuple[float, float, float, float]]:
    """Yield left, width, bottom and top of each bar, across in modules, up in points."""
    left = 0.0
    for number, width in enumerate(bars.widths):
        if number % 2 == 0:
            low, high = bars.spans[number // 2] if bars.spans else (0.0, 1.0)
            drop = _GUARD_DROP if include_text and number // 2 in bars.guards else 0.0
            yield left, width, low * height - drop, high * height
        left += width


def _round(value: float) -> int:
    """Round halves up."""
    return floor(value + 0.5)


class _Canvas:
    """The edges of what is drawn; pixels count from the left and the foot of the bars until all is drawn."""

    def __init__(self, scale: int) -> None:
        self.scale = scale
        self.left = self.bottom = self.right = self.top = 0

    def _cover(self, left: float, bottom: float, right: float, top: float) -> None:
        """Make room for pixels; right and top are the last that are covered."""
        self.left, self.right = min(self.left, floor(left)), max(self.right, ceil(right))
        self.bottom, self.top = min(self.bottom, floor(bottom)), max(self.top, ceil(top))

    def add_bar(self, left: float, width: float, bottom: float, top: float) -> Rectangle:
        """Place a bar given in modules across and points up."""
        pixels = floor(width * self.scale + 0.66) or 1
        middle = _round((left + width / 2) * self.scale)
        low, high = _round(bottom * _PIXELS), _round(top * _PIXELS)
        self._cover(middle - pixels / 2, low, middle + pixels / 2 - 1, high)
        return middle - pixels + pixels // 2, low, pixels, high - low + 1

    def add_frame(self, width: float, height: float) -> tuple[Rectangle, ...]:
        """Place the frame around bars so wide and high; return its four sides."""
        thick, quiet, rail = _FRAME * self.scale, _FRAME_QUIET * self.scale, _FRAME * _PIXELS
        low = _round((_FRAME_OVERLAP - _FRAME / 2) * _PIXELS) - rail // 2
        high = _round((height - _FRAME_OVERLAP + _FRAME / 2) * _PIXELS) + rail // 2
        left, right = -quiet - thick, _round(width * self.scale) + quiet + thick
        self._cover(left, low, right, high)
        across, rise = right - left + 1, high - low + 1
        return (
            (left, high + 1 - rail, across, rail),
            (left, low, across, rail),
            (left, low, thick, rise),
            (right + 1 - thick, low, thick, rise),
        )

    def add_text(self, text: str, width: float, drop: float) -> PlacedText:
        """Place the text in the middle under bars so wide."""
        size = _TEXT_SIZE * self.scale
        letter = int(_LETTER_WIDTH * size)
        ink = (len(text) - 1) * letter + int(_LAST_LETTER_WIDTH * size)
        left = (width * self.scale - ink) / 2
        depth = max(_DEPTHS.get(character, _USUAL_DEPTH) for character in text)
        # The line lies a hair below the whole pixel.
        self._cover(left, -drop - 1e-6 - depth + 1, left + ink - 1, -drop)
        return PlacedText(text=text, left=floor(left), line=-floor(drop) + 1, width=len(text) * letter)

    def finish(
        self, bars: Iterable[Rectangle], frame: Iterable[Rectangle], text: PlacedText | None
    ) -> CodePicture:
        """Return all that was placed, from the lower left corner of what it covers."""
        if text is not None:
            text = PlacedText(
                text=text.text, left=text.left - self.left, line=text.line - self.bottom, width=text.width
            )
        return CodePicture(
            width=self.right - self.left + 1,
            height=self.top - self.bottom + 1,
            bars=tuple(self._shift(bars)),
            frame=tuple(self._shift(frame)),
            text=text,
        )

    def _shift(self, rectangles: Iterable[Rectangle]) -> Iterator[Rectangle]:
        return (
            (left - self.left, bottom - self.bottom, across, up) for left, bottom, across, up in rectangles
        )
