"""Fonts of a few boxes, made on the spot: for scripts that the shipped fonts lack, and for odd files.

Not here: assertions.
"""

from collections.abc import Iterable, Mapping
from io import BytesIO

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from pdfme_dagster.rendering.faces import Face

UNITS = 1000
HEBREW = "".join(map(chr, range(0x05D0, 0x05EB)))
CHINESE = "漢字日本語東京大学"
KANA = "あいうえおアイウ、。「」ー"


def build_font(advances: Mapping[str, int], *, shared: Mapping[str, str] | None = None) -> bytes:
    """Return a TrueType font: a box for each character, as wide as its advance in thousandths.

    ``shared`` are characters that another one's glyph draws.
    """
    names = {character: f"u{ord(character):04X}" for character in advances}
    builder = FontBuilder(UNITS, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names.values()])
    known = {ord(character): name for character, name in names.items()}
    builder.setupCharacterMap(known | {ord(one): names[other] for one, other in (shared or {}).items()})
    widths = {".notdef": 500} | {names[character]: advance for character, advance in advances.items()}
    builder.setupGlyf({name: _draw_box(width) for name, width in widths.items()})
    builder.setupHorizontalMetrics({name: (width, 50) for name, width in widths.items()})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupOS2()
    builder.setupPost()
    builder.setupNameTable({"familyName": "Tiny", "styleName": "Regular"})
    written = BytesIO()
    builder.save(written)
    return written.getvalue()


def make_face(characters: Iterable[str], *, name: str = "Tiny", advance: int = 1000) -> Face:
    """Return a face that draws these characters, all equally wide."""
    return Face(build_font(dict.fromkeys(characters, advance)), name=name)


def _draw_box(width: int) -> object:
    pen = TTGlyphPen(None)
    corners = ((50, 0), (50, 700), (max(60, width - 50), 700), (max(60, width - 50), 0))
    pen.moveTo(corners[0])
    for corner in corners[1:]:
        pen.lineTo(corner)
    pen.closePath()
    return pen.glyph()
