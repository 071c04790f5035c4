"""Bar codes and QR codes as pdfme draws them: filled rectangles, and where the text below the bars stands.

Not here: how a value becomes bars or modules (bars.py, qr.py, pdf417.py), where each pixel of pdfme's picture
lies (code_pixels.py), nor fonts: the caller sets the labels.

A code has no quiet zone of its own, as in pdfme: leave room around the box.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from zlib import compress

import zint

from pdfme_dagster.domain.privacy import show_value
from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering.bars import BAR_KINDS, complete_check_digit, encode_bars, read_modules
from pdfme_dagster.rendering.code_pixels import (
    CodePicture,
    Rectangle,
    paint_rows,
    picture_bars,
    picture_modules,
)
from pdfme_dagster.rendering.figure import Figure, Label, format_number
from pdfme_dagster.rendering.pdf417 import MOST_CHARACTERS as MOST_PDF417
from pdfme_dagster.rendering.pdf417 import encode_pdf417
from pdfme_dagster.rendering.qr import MOST_CHARACTERS as MOST_QR
from pdfme_dagster.rendering.qr import encode_qr

_POINTS_PER_MM = 2.8346
_BLACK = "0 0 0"


def check_code(kind: str, value: str) -> str | None:
    """Return None where the value can be drawn as this kind of code, else one sentence with what it wants.

    Where a value is empty or invalid by its own rules pdfme draws nothing and says nothing. Some that it
    calls valid its bar code writer refuses, and the whole document fails: small letters at the ends of an
    nw7, a GTIN in (01) without 14 digits, breaks of GS1 rules, a UPC-E whose check digit is wrong, tabs
    in a code39, too much in a japanpost, a pdf417 or a code128. Here all of these are refused.

    Drawn here and not there are UPC-E numbers of eight digits with a right check digit (bars.py tells why).
    Only here code39 and nw7 have a bound.
    """
    try:
        _ENCODERS[kind](value)
    except ValueError as error:
        halved = isinstance(error, UnicodeEncodeError)
        shown = show_value(value.encode("utf-8", "replace").decode("utf-8"))
        reason = "wants whole characters, here is half of one (a lone surrogate)" if halved else error
        return f'{kind} "{shown}": {kind} {reason}'
    return None


def draw_code(
    kind: str,
    value: str,
    *,
    x: float,
    y: float,
    width: float,
    height: float,
    bar_color: str | None,
    background_color: str | None,
    text_color: str | None,
    include_text: bool,
    as_picture: bool = False,
) -> Figure:
    """Draw a code into a box in points, ``x``, ``y`` its lower left corner.

    Colours are as in templates; none is no background, or black. With ``as_picture`` the code is not
    rectangles but an inline image of the pixels that pdfme's has: viewers that move pictures to whole
    pixels of the screen then show the same as with pdfme, and the operators are shorter.

    Raise PermanentError for a value that ``check_code`` refuses, ValueError for something that is no colour.
    """
    problem = check_code(kind, value)
    if problem:
        raise PermanentError("bad_code", problem)
    bars, text = convert_color(bar_color) or _BLACK, convert_color(text_color) or _BLACK
    background = convert_color(background_color)
    if width <= 0 or height <= 0:
        return Figure(operators="")
    picture = _picture_code(kind, value, width, height, include_text)
    box = _Box(x=x, y=y, across=width / picture.width, up=height / picture.height)
    write = _write_image if as_picture else _write_rectangles
    lines = ["q", f"1 0 0 1 {format_number(x)} {format_number(y)} cm"]
    if background:
        lines += (f"{background} rg", f"0 0 {format_number(width)} {format_number(height)} re", "f")
    for color, rectangles in ((_BLACK, picture.frame), (bars, picture.bars)):
        if rectangles:
            lines += (f"{color} rg", *write(rectangles, picture, box))
    return Figure(operators="\n".join([*lines, "Q", ""]), labels=_place_labels(picture, box, text))


def convert_color(color: str | None) -> str | None:
    """Return a template's colour as "r g b", None for none.

    Eight digits are cyan, magenta, yellow and black, as the writer in pdfme takes them. Raise ValueError for
    anything that is no colour.
    """
    if not color:
        return None
    digits = color.removeprefix("#")
    if not re.fullmatch(r"[0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8}", digits):
        raise ValueError(f'"{show_value(color)}" is no colour; write it as #rrggbb')
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    parts = [byte / 255 for byte in bytes.fromhex(digits)]
    if len(parts) == 4:
        parts = [(1 - part) * (1 - parts[3]) for part in parts[:3]]
    return " ".join(f"{part:.4f}".rstrip("0").rstrip(".") for part in parts)


# --- values ------------------------------------------------------------------------------------------------


def _count_units(value: str) -> int:
    """Return the length that pdfme sees: in UTF-16."""
    return len(value.encode("utf-16-le")) // 2


def _read_qr(value: str) -> tuple[str, ...]:
    if not 1 <= _count_units(value) <= MOST_QR:
        raise ValueError(f"wants 1 to {MOST_QR} characters")
    return encode_qr(value)


def _read_pdf417(value: str) -> tuple[str, ...]:
    if not 1 <= _count_units(value) <= MOST_PDF417:
        raise ValueError(f"wants 1 to {MOST_PDF417} characters")
    return encode_pdf417(value)


_MOST_GS1 = 52


@lru_cache(maxsize=512)
def _read_gs1(value: str) -> tuple[str, ...]:
    """Return zint's symbol: always of pdfme's size, with other codewords for one value in 25."""
    item = re.search(r"\(01\)([0-9]*)(?:\(|$)", value)
    if item is None or len(item[1]) != 14 or len(value) > _MOST_GS1:
        raise ValueError(
            f"wants at most {_MOST_GS1} characters with a GTIN of 14 digits, as (01)03453120000011"
        )
    complete_check_digit(item[1], 14)
    modes = zint.InputMode.GS1 | zint.InputMode.GS1PARENS | zint.InputMode.FAST
    square = zint.DataMatrixOptions.SQUARE
    try:
        return read_modules(zint.Symbology.DATAMATRIX, value, input_mode=modes, option_3=square)
    except ValueError as error:
        raise ValueError("wants GS1 items as (01)03453120000011(10)A1, each as GS1 defines it") from error


_MODULES: dict[str, Callable[[str], tuple[str, ...]]] = {
    "qrcode": _read_qr,
    "pdf417": _read_pdf417,
    "gs1datamatrix": _read_gs1,
}
_ENCODERS: dict[str, Callable[[str], object]] = {
    **_MODULES,
    **{kind: partial(encode_bars, kind) for kind in sorted(BAR_KINDS)},
}
CODE_TYPES = frozenset(_ENCODERS)


# --- drawings ----------------------------------------------------------------------------------------------

_ROW_HEIGHTS = {"pdf417": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    """A box in points, and how wide and high a pixel is in it."""

    x: float
    y: float
    across: float
    up: float


def _picture_code(kind: str, value: str, width: float, height: float, include_text: bool) -> CodePicture:
    # The writer has it from millimetres to points by 72 points to the inch, which pdfme has not.
    wide, high = (side / _POINTS_PER_MM / 25.4 * 72 for side in (width, height))
    if kind in BAR_KINDS:
        bars = encode_bars(kind, value)
        return picture_bars(bars, wide, high, framed=kind == "itf14", include_text=include_text)
    return picture_modules(_MODULES[kind](value), wide, high, row_height=_ROW_HEIGHTS.get(kind, 1))


def _write_rectangles(rectangles: Sequence[Rectangle], _: CodePicture, box: _Box) -> Iterator[str]:
    """Yield one path of all rectangles and its filling: without a gap between those that touch."""
    across = cache(lambda pixels: format_number(pixels * box.across))
    up = cache(lambda pixels: format_number(pixels * box.up))
    for left, bottom, width, height in rectangles:
        yield f"{across(left)} {up(bottom)} {across(width)} {up(height)} re"
    yield "f"


def _write_image(rectangles: Sequence[Rectangle], picture: CodePicture, box: _Box) -> Iterator[str]:
    """Yield an inline image, one bit a pixel, that lets the colour through where rectangles are."""
    pixels = compress(paint_rows(rectangles, picture.width, picture.height), 6).hex()
    width, height = (format_number(side) for side in (picture.width * box.across, picture.height * box.up))
    yield f"q\n{width} 0 0 {height} 0 0 cm"
    yield f"BI /W {picture.width} /H {picture.height} /IM true /D [1 0] /F [/AHx /Fl]\nID {pixels}>\nEI\nQ"


def _place_labels(picture: CodePicture, box: _Box, color: str) -> tuple[Label, ...]:
    text = picture.text
    if text is None:
        return ()
    label = Label(
        x=box.x + text.left * box.across,
        y=box.y + text.line * box.up,
        size=text.size * box.up,
        text=re.sub(r"[\x00-\x1f\x7f]", " ", text.text),
        color=color,
        width=text.width * box.across,
    )
    return (label,)
