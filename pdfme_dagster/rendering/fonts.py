"""Fonts: which face draws a character, how wide it is, and the bytes that embed the face in a PDF.

Not here: the order and the joining of letters (scripts.py) nor what is written where (layout.py).

Faces load once per process, at first use. A face is embedded as a subset that depends only on the characters
a document needs, never on what was rendered before: same statement, same bytes.
"""

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from hashlib import sha256
from importlib.resources import files
from itertools import groupby
from typing import Generic, TypeVar

import uharfbuzz as hb

from pdfme_dagster.rendering.scripts import reveal_letters

T = TypeVar("T")

_LATIN = frozenset(map(chr, range(0x20, 0x7F))) | frozenset("–…·")
_ARABIC = frozenset(map(chr, (*range(0xFE80, 0xFEFD), *range(0x660, 0x66A), 0x60C)))
# What a viewer needs to draw by glyph number; layout rules, names and hints are ballast there.
_UNUSED_TABLES = ("GDEF", "GPOS", "GSUB", "HVAR", "MVAR", "OS/2", "STAT", "cmap", "gasp", "name", "post")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedFace:
    """A subset as a PDF wants it: font file and ToUnicode map deflated, names and widths as text."""

    base_font: str
    font_file: bytes
    font_file_length: int
    to_unicode: bytes
    widths: str
    ascent: int
    descent: int
    bounds: tuple[int, ...]


class Face:
    """One font file; characters always embedded (``basic``) keep most documents on one cached subset."""

    def __init__(self, *, package: str, file: str, name: str, basic: frozenset[str]) -> None:
        self._source = hb.Face((files(package) / "files" / file).read_bytes())
        self._font = hb.Font(self._source)
        self._basic = basic
        self.name = name

    def find_glyph(self, character: str) -> int:
        """Return the glyph number of a character, 0 where the face has none."""
        return self._font.get_nominal_glyph(ord(character)) or 0

    def scale(self, units: float) -> float:
        """Convert font units to thousandths of the font size."""
        return units * 1000 / int(self._source.upem)

    def measure_glyph(self, glyph: int) -> float:
        """Return a glyph's advance in thousandths of the font size."""
        return self.scale(float(self._font.get_glyph_h_advance(glyph)))

    def embed(self, characters: Iterable[str]) -> EmbeddedFace:
        """Return the subset that holds the basic characters and these."""
        return _embed_subset(self, self._basic.union(filter(self.find_glyph, characters)))

    def subset(self, characters: Iterable[str]) -> bytes:
        """Return a font file that draws only these characters, by their glyph numbers in the whole file."""
        wanted = hb.SubsetInput()
        wanted.unicode_set.update(map(ord, characters))
        wanted.drop_table_tag_set.update(int.from_bytes(tag.encode(), "big") for tag in _UNUSED_TABLES)
        wanted.pin_all_axes_to_default(self._source)
        flags = hb.SubsetFlags
        wanted.flags = flags.RETAIN_GIDS | flags.NO_HINTING | flags.NO_LAYOUT_CLOSURE | flags.NOTDEF_OUTLINE
        return bytes(hb.subset(self._source, wanted).blob.data)

    @cached_property
    def bounds(self) -> tuple[int, ...]:
        """Return the box around all glyphs (left, bottom, right, top) in thousandths of the font size."""
        head = self._source.reference_table("head").data
        corners = (int.from_bytes(head[at : at + 2], "big", signed=True) for at in range(36, 44, 2))
        return tuple(round(self.scale(corner)) for corner in corners)

    @cached_property
    def extents(self) -> tuple[int, int]:
        """Return ascent and descent in thousandths of the font size."""
        extents = self._font.get_font_extents("ltr")
        return round(self.scale(extents.ascender)), round(self.scale(extents.descender))


class _Lookup(dict[str, T], Generic[T]):
    """What is known of each character, found out at its first use."""

    def __init__(self, find: Callable[[str], T]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, character: str) -> T:
        return self.setdefault(character, self._find(character))


class Family:
    """A chain of faces: the first that has a character draws it, else the first draws its empty box."""

    def __init__(self, *faces: Face) -> None:
        self._first = faces[0]
        self.faces = _Lookup(lambda c: next((face for face in faces if face.find_glyph(c)), faces[0]))
        self._codes = _Lookup(lambda c: f"{self.faces[c].find_glyph(c):04X}")
        self._advances = _Lookup(self._find_advance)

    def _find_advance(self, character: str) -> float:
        face = self.faces[character]
        return face.measure_glyph(face.find_glyph(character)) / 1000

    def measure(self, text: str) -> float:
        """Return the width of a line at size 1."""
        return sum(map(self._advances.__getitem__, text))

    def split_faces(self, text: str) -> list[tuple[Face, str]]:
        """Split a line where its face changes."""
        if text.isascii():
            return [(self._first, text)]
        return [(face, "".join(run)) for face, run in groupby(text, key=self.faces.__getitem__)]

    def encode(self, text: str) -> str:
        """Return the glyph numbers of a run of one face, in hexadecimal."""
        return "".join(map(self._codes.__getitem__, text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fonts:
    """The two weights of a statement, over the faces both fall back to."""

    regular: Family
    bold: Family
    faces: tuple[Face, ...]

    def measure(self, text: str, *, bold: bool) -> float:
        """Return the width of a line at size 1."""
        return (self.bold if bold else self.regular).measure(text)


@cache
def load_fonts() -> Fonts:
    """Return the built-in fonts: Roboto, and Noto Sans Arabic for what Roboto lacks."""
    regular = Face(package="font_roboto", file="Roboto-Regular.ttf", name="Roboto-Regular", basic=_LATIN)
    bold = Face(package="font_roboto", file="Roboto-Medium.ttf", name="Roboto-Medium", basic=_LATIN)
    arabic = Face(
        package="fontpkg_noto_sans_arabic",
        file="NotoSansArabic[wdth,wght].ttf",
        name="NotoSansArabic-Regular",
        basic=_ARABIC,
    )
    return Fonts(regular=Family(regular, arabic), bold=Family(bold, arabic), faces=(regular, bold, arabic))


@lru_cache(maxsize=64)
def _embed_subset(face: Face, characters: frozenset[str]) -> EmbeddedFace:
    letters = {face.find_glyph(character): character for character in sorted(characters)}
    font_file = face.subset(characters)
    ascent, descent = face.extents
    return EmbeddedFace(
        base_font=f"{_tag_subset(font_file)}+{face.name}",
        font_file=zlib.compress(font_file, 9),
        font_file_length=len(font_file),
        to_unicode=zlib.compress(_map_to_unicode(letters), 9),
        widths=" ".join(f"{glyph}[{face.measure_glyph(glyph):.7g}]" for glyph in (0, *sorted(letters))),
        ascent=ascent,
        descent=descent,
        bounds=face.bounds,
    )


def _tag_subset(font_file: bytes) -> str:
    """Return the six capitals that mark a font name as this very subset."""
    return "".join(chr(ord("A") + byte % 26) for byte in sha256(font_file).digest()[:6])


def _map_to_unicode(letters: dict[int, str]) -> bytes:
    lines = [
        # Readers turn a right-to-left line round as they copy it, also inside a ligature.
        f"<{glyph:04X}> <{reveal_letters(letter)[::-1].encode('utf-16-be').hex().upper()}>"
        for glyph, letter in sorted(letters.items())
    ]
    # A CMap section may list a hundred characters.
    chunks = [lines[start : start + 100] for start in range(0, len(lines), 100)]
    sections = [f"{len(chunk)} beginbfchar\n" + "\n".join(chunk) + "\nendbfchar" for chunk in chunks]
    return _TO_UNICODE.format("\n".join(sections)).encode("ascii")


_TO_UNICODE = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
{}
endcmap
CMapName currentdict /CMap defineresource pop
end
end"""
