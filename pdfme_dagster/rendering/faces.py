"""Font files: what they say of a character, and the two subsets of each that go into PDFs.

Not here: which face draws a character or in which order (shaping.py), nor PDF objects (font_objects.py).

Each face has a *basic* set of up to some 220 glyphs with one-byte codes, the same in every document, so that
a template's fixed part can hold it; what else a document needs is in a second subset, by glyph numbers.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from io import BytesIO

import uharfbuzz as hb
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable

_ASCII = "".join(map(chr, range(0x20, 0x7F)))
_MORE = "–—‘’“”„•…€£¥‹›™−" + "".join(map(chr, (*range(0xA1, 0xAD), *range(0xAE, 0x100))))
_FIRST_CODE, _LAST_CODE = 0x80, 0xFF
# pdfme draws ligatures and contextual forms, but never kerns.
_FEATURES = {"kern": False}
# A script face joins nearly all its letters; then every text is shaped.
_MOST_JOINED_PAIRS = 400
# What a viewer needs to draw by glyph number; layout rules and names are ballast there.
_UNUSED_TABLES = ("GDEF", "GPOS", "GSUB", "HVAR", "MVAR", "OS/2", "STAT", "cmap", "gasp", "name", "post")
_NEVER = re.compile(r"(?!)")
# HarfBuzz gives up on a buffer whose rules run for too long; no line of a page comes near.
_LONGEST_SHAPED = 2_000
_LARGEST_FONT_BYTES = 40_000_000
_DAMAGED = "is a damaged font; get the file anew"


class Face:
    """One TrueType font file; a variable font is used as its default instance."""

    def __init__(self, content: bytes, *, name: str) -> None:
        """Read a font file; ValueError says why it cannot be used."""
        self._check(content)
        self._source = hb.Face(content)
        self._font = hb.Font(self._source)
        self.name = re.sub(r"[^A-Za-z0-9-]", "", name) or "Font"
        self.units_per_em = int(self._source.upem)
        self.ascent, self.descent = self._read_heights()
        try:
            self.embed_basic()
            self.subset_glyphs(frozenset([0]))
        except Exception as exc:  # as above: each damage shows in its own way
            raise ValueError(_DAMAGED) from exc

    @staticmethod
    def _check(content: bytes) -> None:
        if len(content) > _LARGEST_FONT_BYTES:
            raise ValueError(
                f"the font is larger than {_LARGEST_FONT_BYTES // 1_000_000} MB; use a smaller one"
            )
        if content[:4] in (b"wOFF", b"wOF2"):
            raise ValueError("is a web font (WOFF); use the .ttf file of the same font")
        if content[:4] in (b"OTTO", b"ttcf"):
            raise ValueError(
                "has PostScript outlines or several fonts; use a .ttf file with TrueType outlines"
            )
        if content[:4] not in (b"\x00\x01\x00\x00", b"true"):
            raise ValueError("is no TrueType font; use a .ttf file")
        try:
            tables = set(TTFont(BytesIO(content), lazy=True).keys())
        except Exception as exc:  # fontTools raises whatever a damaged table makes it trip over
            raise ValueError(_DAMAGED) from exc
        missing = {"glyf", "loca", "head", "hhea", "hmtx", "maxp", "cmap"} - tables
        if missing:
            raise ValueError(
                f"lacks the tables {', '.join(sorted(missing))}; use a .ttf with TrueType outlines"
            )

    def _read_heights(self) -> tuple[float, float]:
        """Return ascent and descent (negative) at size 1 as pdfme takes them: from hhea, else the box."""
        hhea, head = (self._source.reference_table(tag).data for tag in ("hhea", "head"))
        ascent = _read_short(hhea, 4) or _read_short(head, 42)
        descent = _read_short(hhea, 6)
        height = ascent - (descent or _read_short(head, 38)) - abs(descent)
        return height / self.units_per_em, descent / self.units_per_em

    # --- What it says of characters and glyphs ---

    def find_glyph(self, character: str) -> int:
        """Return the glyph number of a character, 0 where the face has none."""
        return self._font.get_nominal_glyph(ord(character)) or 0

    def find_advance(self, glyph: int) -> float:
        """Return how far a glyph moves the pen, at size 1."""
        return float(self._font.get_glyph_h_advance(glyph)) / self.units_per_em

    def draw_glyph(self, glyph: int, pen: object) -> None:
        """Draw a glyph with a pen of fontTools, in the units of the font."""
        self._font.draw_glyph_with_pen(glyph, pen)

    def shape(
        self, text: str, *, right_to_left: bool, joined: bool = False
    ) -> list[tuple[int, int, float, float, float]]:
        """Return glyphs from left to right: number, index of its text, advance and offsets at size 1.

        The letters of ``joined`` text are in the forms that they need (joining.py), and stay whole.
        """
        starts = range(0, len(text), _LONGEST_SHAPED)
        glyphs: list[tuple[int, int, float, float, float]] = []
        for start in reversed(starts) if right_to_left else starts:
            part = text[start : start + _LONGEST_SHAPED]
            shaped = self._shape(part, right_to_left=right_to_left, joined=joined)
            glyphs += [(glyph, start + place, advance, x, y) for glyph, place, advance, x, y in shaped]
        return glyphs

    def _shape(
        self, text: str, *, right_to_left: bool, joined: bool
    ) -> list[tuple[int, int, float, float, float]]:
        buffer = hb.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if right_to_left else "ltr"
        # Each mark tells its own character, so that it can be copied from the page.
        buffer.cluster_level = hb.BufferClusterLevel.MONOTONE_CHARACTERS
        buffer.flags = hb.BufferFlags.REMOVE_DEFAULT_IGNORABLES
        hb.shape(self._font, buffer, _FEATURES | {"ccmp": False} if joined else _FEATURES)
        em = self.units_per_em
        return [
            (info.codepoint, info.cluster, place.x_advance / em, place.x_offset / em, place.y_offset / em)
            for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True)
        ]

    # --- The basic set ---

    @cached_property
    def basic_characters(self) -> Mapping[str, float]:
        """Map characters of the basic set to their advances at size 1."""
        glyphs = ((character, self.find_glyph(character)) for character in _ASCII + _MORE)
        return {character: self.find_advance(glyph) for character, glyph in glyphs if glyph}

    @cached_property
    def joining(self) -> re.Pattern[str]:
        """Return a pattern that finds what must be shaped: pairs that become other glyphs side by side."""
        pairs = self.joined_pairs
        if len(pairs) > _MOST_JOINED_PAIRS:
            return re.compile(r"[^\d\s]")
        return re.compile("|".join(map(re.escape, pairs))) if pairs else _NEVER

    @cached_property
    def unescaped(self) -> re.Pattern[str]:
        """Return a pattern for text that a PDF string holds as it stands: nothing to join or escape."""
        return compile_unescaped([self])

    @cached_property
    def joined_pairs(self) -> list[str]:
        """Shape all pairs and triples of one letter; what is not one plain glyph each is joined."""
        letters = [character for character in _ASCII[1:] if character in self.basic_characters]
        pairs: set[str] = set()
        for first in letters:
            pairs |= self._find_joined([first * 3, *(first + second for second in letters)])
        return sorted(pairs)

    def _find_joined(self, groups: Sequence[str]) -> set[str]:
        """Return the first two letters of each group that does not come out letter by letter."""
        shaped: dict[int, list[int]] = {}
        for glyph, place, *_ in self.shape(" ".join(groups), right_to_left=False):
            shaped.setdefault(place, []).append(glyph)
        joined, start = set[str](), 0
        for group in groups:
            if any(shaped.get(start + i) != [self.find_glyph(sign)] for i, sign in enumerate(group)):
                joined.add(group[:2])
            start += len(group) + 1
        return joined

    @cached_property
    def basic_set(self) -> Mapping[int, tuple[int, str]]:
        """Map one-byte codes to their glyphs and the text that each stands for; ASCII keeps its own codes.

        Characters have codes of their own also where they share a glyph, so that they are copied right.
        """
        shown = [character for character in _ASCII if character in self.basic_characters]
        basic = {ord(character): (self.find_glyph(character), character) for character in shown}
        more = [(self.find_glyph(each), each) for each in _MORE if each in self.basic_characters]
        free = range(_FIRST_CODE, _LAST_CODE + 1)
        return basic | dict(zip(free, [*self._list_ligatures().items(), *more], strict=False))

    @cached_property
    def codes(self) -> Mapping[int, int]:
        """Map glyph numbers of the basic set to their one-byte codes."""
        return {glyph: code for code, (glyph, _) in reversed(list(self.basic_set.items()))}

    def _list_ligatures(self) -> dict[int, str]:
        """Map the glyphs of Latin ligatures to their letters."""
        ligatures: dict[int, str] = {}
        for letters in ("ff", "fi", "fl", "ffi", "ffl"):
            shaped = self.shape(letters, right_to_left=False)
            if len(shaped) == 1 and shaped[0][0]:
                ligatures[shaped[0][0]] = letters
        return ligatures

    @cached_property
    def translation(self) -> Mapping[int, str]:
        """Return what ``str.translate`` needs to turn basic characters into an escaped PDF string."""
        table = {ord(text): chr(code) for code, (_, text) in self.basic_set.items() if len(text) == 1}
        return table | {ord(sign): f"\\{sign}" for sign in "\\()" if ord(sign) in table}

    def embed_basic(self) -> bytes:
        """Return a font file that draws the basic set by one-byte codes."""
        wanted = self._start_subset()
        wanted.glyph_set.update(self.codes)
        plan = hb.SubsetPlan(self._source, wanted)
        font = TTFont(BytesIO(bytes(plan.execute().blob.data)), recalcBBoxes=False, recalcTimestamp=False)
        moved = plan.old_to_new_glyph_mapping
        table = CmapSubtable.newSubtable(0)
        table.platformID, table.platEncID, table.language = 1, 0, 0
        table.cmap = {code: font.getGlyphName(moved[glyph]) for code, (glyph, _) in self.basic_set.items()}
        font["cmap"] = cmap = newTable("cmap")
        cmap.tableVersion, cmap.tables = 0, [table]
        written = BytesIO()
        font.save(written, reorderTables=None)
        return written.getvalue()

    def embed_glyphs(self, glyphs: Iterable[int]) -> bytes:
        """Return a font file that draws these glyphs by their numbers in the whole font."""
        return _subset_glyphs(self, frozenset(glyphs))

    def subset_glyphs(self, glyphs: frozenset[int]) -> bytes:
        """Return the subset without looking whether it was made before."""
        wanted = self._start_subset()
        wanted.flags |= hb.SubsetFlags.RETAIN_GIDS
        wanted.glyph_set.update(sorted(glyphs))
        return bytes(hb.subset(self._source, wanted).blob.data)

    def _start_subset(self) -> hb.SubsetInput:
        wanted = hb.SubsetInput()
        wanted.drop_table_tag_set.update(int.from_bytes(tag.encode(), "big") for tag in _UNUSED_TABLES)
        if "fvar" in self._source.table_tags:
            wanted.pin_all_axes_to_default(self._source)
        flags = hb.SubsetFlags
        # Hints stay: PDFium obeys them, and without them a page looks otherwise than with pdfme.
        wanted.flags = flags.NO_LAYOUT_CLOSURE | flags.NOTDEF_OUTLINE
        return wanted

    @cached_property
    def bounds(self) -> tuple[int, ...]:
        """Return the box around all glyphs (left, bottom, right, top) in thousandths of the font size."""
        head = self._source.reference_table("head").data
        return tuple(round(_read_short(head, at) * 1000 / self.units_per_em) for at in range(36, 44, 2))


def compile_unescaped(faces: Iterable[Face], also: str = "") -> re.Pattern[str]:
    """Return a pattern for text that all faces draw letter by letter and a PDF string holds as it stands.

    ``also`` are further characters that may be in it. No two of its parts begin alike, so that matching takes
    one pass whatever the text.
    """
    plain, followers = set(_ASCII) - set("\\()"), dict[str, set[str]]()
    for face in faces:
        plain &= set(face.basic_characters)
        for pair in face.joined_pairs:
            followers.setdefault(pair[0], set()).add(pair[1])
    singles = "".join(map(re.escape, sorted(plain.union(also).difference(followers))))
    single = f"[{singles}]*" if singles else ""
    joining = "|".join(
        f"{re.escape(first)}(?![{''.join(map(re.escape, sorted(seconds)))}])"
        for first, seconds in sorted(followers.items())
        if first in plain
    )
    return re.compile(f"{single}(?:(?:{joining}){single})*" if joining else single)


def _read_short(table: bytes, at: int) -> int:
    return int.from_bytes(table[at : at + 2], "big", signed=True)


# A customer's Arabic name needs some forty glyphs; names differ, so few subsets come twice.
@lru_cache(maxsize=64)
def _subset_glyphs(face: Face, glyphs: frozenset[int]) -> bytes:
    return face.subset_glyphs(glyphs)
