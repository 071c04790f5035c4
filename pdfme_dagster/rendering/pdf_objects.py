"""Fonts and pictures as PDF objects, ready as bytes but for the numbers that they get in a file.

Not here: subsets (faces.py), decoding (pictures.py), or files (compiled.py, document.py).

Each function returns a group: the first object is the one to refer to, an int in its parts is an index of the
group.
"""

import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import sha256

from pdfme_dagster.rendering.base_pdf import ObjectTemplate, Part
from pdfme_dagster.rendering.faces import Face
from pdfme_dagster.rendering.pictures import Picture

Group = tuple[ObjectTemplate, ...]

_SYMBOLIC = 4  # the descriptor flag of fonts whose codes are their own
_LONGEST_SECTION = 100  # of a CMap may list a hundred characters


@lru_cache(maxsize=64)
def write_basic_font(face: Face) -> Group:
    """Return the objects of a face's basic set: a font of one-byte codes, the same in every document."""
    basic, font_file = face.basic_set, face.embed_basic()
    first, last = min(basic), max(basic)
    widths = " ".join(
        f"{face.find_advance(basic[code][0]) * 1000:.7g}" if code in basic else "0"
        for code in range(first, last + 1)
    )
    name = _name_subset(face, font_file)
    font = (
        f"<</Type/Font/Subtype/TrueType/BaseFont/{name}/FirstChar {first}/LastChar {last}"
        f"/Widths[{widths}]/FontDescriptor "
    )
    return _group(
        [font.encode("ascii"), 1, b"/ToUnicode ", 3, b">>"],
        [_describe_font(face, name), 2, b">>"],
        [_write_font_file(font_file)],
        [write_stream(_map_to_unicode({code: text for code, (_, text) in basic.items()}, digits=2))],
    )


@lru_cache(maxsize=64)
def _write_glyph_font(face: Face, glyphs: tuple[tuple[int, str], ...]) -> Group:
    numbers = [glyph for glyph, _ in glyphs]
    font_file = face.embed_glyphs(numbers)
    name = _name_subset(face, font_file)
    widths = "".join(f"{glyph}[{face.find_advance(glyph) * 1000:.7g}]" for glyph in numbers)
    descendant = (
        f"<</Type/Font/Subtype/CIDFontType2/BaseFont/{name}/CIDToGIDMap/Identity"
        f"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/W[{widths}]/FontDescriptor "
    )
    font = f"<</Type/Font/Subtype/Type0/BaseFont/{name}/Encoding/Identity-H/DescendantFonts["
    return _group(
        [font.encode("ascii"), 1, b"]/ToUnicode ", 4, b">>"],
        [descendant.encode("ascii"), 2, b">>"],
        [_describe_font(face, name), 3, b">>"],
        [_write_font_file(font_file)],
        [write_stream(_map_to_unicode(dict(glyphs), digits=4))],
    )


def write_glyph_font(face: Face, glyphs: Mapping[int, str]) -> Group:
    """Return the objects of a font of two-byte glyph numbers that draws these, each standing for a text."""
    return _write_glyph_font(face, tuple(sorted(glyphs.items())))


def write_picture(picture: Picture) -> Group:
    """Return the objects of a picture, with its soft mask if it has one."""
    if picture.mask is None:
        return _group([_write_object_stream(picture.entries, picture.data)])
    entries, data = picture.mask
    head = b"<<%s/Length %d/SMask " % (picture.entries, len(picture.data))
    return _group(
        [head, 1, b">>\nstream\n%s\nendstream" % picture.data], [_write_object_stream(entries, data)]
    )


def write_stream(content: bytes, entries: bytes = b"", *, level: int = 9) -> bytes:
    """Return content as a deflated stream object; ``entries`` are further ones of its dictionary."""
    return _write_object_stream(b"/Filter/FlateDecode" + entries, zlib.compress(content, level))


def write_alphas(names: Iterable[str]) -> bytes:
    """Return the resource dictionary of graphics states such as ``A500_1000`` (lines, fills per mille)."""
    states = (
        f"/{name}<</CA {int(stroke) / 1000:g}/ca {int(fill) / 1000:g}>>"
        for name in sorted(names)
        for stroke, fill in [name[1:].split("_")]
    )
    return f"<<{''.join(states)}>>".encode("ascii")


def _write_object_stream(entries: bytes, data: bytes) -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (entries, len(data), data)


def _group(*objects: list[Part]) -> Group:
    return tuple(ObjectTemplate(parts=tuple(parts)) for parts in objects)


def _write_font_file(font_file: bytes) -> bytes:
    return write_stream(font_file, b"/Length1 %d" % len(font_file))


def _name_subset(face: Face, font_file: bytes) -> str:
    """Return the font's name, marked by six capitals as this very subset."""
    tag = "".join(chr(ord("A") + byte % 26) for byte in sha256(font_file).digest()[:6])
    return f"{tag}+{face.name}"


def _describe_font(face: Face, name: str) -> bytes:
    ascent, descent = round(face.ascent * 1000), round(face.descent * 1000)
    bounds = " ".join(map(str, face.bounds))
    return (
        f"<</Type/FontDescriptor/FontName/{name}/Flags {_SYMBOLIC}/FontBBox[{bounds}]/ItalicAngle 0/StemV 80"
        f"/Ascent {ascent}/Descent {descent}/CapHeight {ascent}/FontFile2 "
    ).encode("ascii")


def _map_to_unicode(texts: Mapping[int, str], *, digits: int) -> bytes:
    lines = [
        f"<{code:0{digits}X}> <{text.encode('utf-16-be', 'replace').hex().upper()}>"
        for code, text in sorted(texts.items())
        if text
    ]
    chunks = [lines[start : start + _LONGEST_SECTION] for start in range(0, len(lines), _LONGEST_SECTION)]
    sections = "\n".join(f"{len(chunk)} beginbfchar\n" + "\n".join(chunk) + "\nendbfchar" for chunk in chunks)
    return _TO_UNICODE.format(sections=sections, low="0" * digits, high="F" * digits).encode("ascii")


_TO_UNICODE = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<{low}> <{high}>
endcodespacerange
{sections}
endcmap
CMapName currentdict /CMap defineresource pop
end
end"""
