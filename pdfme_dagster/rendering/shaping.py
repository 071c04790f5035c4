"""Text as glyphs: which face draws what, in which order the eye meets it, and how wide it is.

Not here: font files (faces.py), directions (bidi.py), nor where a line breaks (words.py) or stands (text.py).

Most text of a statement is Latin without ligatures; it never meets HarfBuzz. Everything else is split into
runs of one direction and one face, shaped, and put from left to right.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Literal
from unicodedata import category, normalize

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering.bidi import has_right_to_left, list_visual_runs
from pdfme_dagster.rendering.faces import Face
from pdfme_dagster.rendering.joining import join_letters, reveal_letters

MissingGlyph = Literal["box", "drop", "error"]
# As pdfme writes them: a tab is four blanks; a bell or a vertical tab is nothing.
_TABS = re.compile(r"[\t\x85\u2028\u2029]")
# Marks of direction are dropped too (bidi.py); the joiners have their say first (joining.py).
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_SOFT_HYPHEN = "\xad"
# Half a character of UTF-16, which no font or encoding has.
_HALVES = re.compile(r"[\ud800-\udfff]")
# What shapes its neighbours and is nothing by itself: joiners, selectors of a variant.
_MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")
_IGNORABLE = re.compile(r"[\u034f\u200c\u200d\ufe00-\ufe0f\U000e0000-\U000e01ef]")
# A glyph's number, index of its text, advance and offsets at size 1.
_Shaped = tuple[int, int, float, float, float]
# Shops and towns come again and again; names do not, and a long run should not fill memory with them.
_REMEMBERED = 4_096
_LONGEST_REMEMBERED = 500


@dataclass(frozen=True, slots=True)
class Show:
    """Operators that show some glyphs, all as far above the baseline; ``rise`` is at size 1."""

    operators: str
    rise: float = 0.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one line in one face; widths are at size 1.

    ``shows`` are with one-byte codes of the face's basic set, or, where there are ``glyphs``, with two-byte
    glyph numbers. ``glyphs`` maps those to the text that they stand for, wherever they do.
    """

    face: Face
    shows: tuple[Show, ...]
    width: float
    glyphs: tuple[tuple[int, str], ...] = ()

    def write(self, size: float) -> str:
        """Return the operators that show the piece at a font size in points."""
        if len(self.shows) == 1 and not self.shows[0].rise:
            return self.shows[0].operators
        return " ".join(f"{each.rise * size:.3f} Ts {each.operators}" for each in self.shows) + " 0 Ts"


class Typeface:
    """A named font with the faces that stand in for what it lacks; all widths are at size 1."""

    def __init__(self, faces: Sequence[Face], *, missing: MissingGlyph = "box") -> None:
        self.first, self.faces, self.missing = faces[0], tuple(faces), missing
        self.ascent, self.descent = self.first.ascent, self.first.descent
        self._advances = self.first.basic_characters
        self._plain = re.compile(f"[{''.join(map(re.escape, self._advances))}]*") if self._advances else None
        self._joining = self.first.joining
        self._unescaped = self.first.unescaped
        self._encode_short = lru_cache(maxsize=_REMEMBERED)(self._encode)
        self._measure_short = lru_cache(maxsize=_REMEMBERED)(self._measure)

    def is_plain(self, text: str) -> bool:
        """Say whether the first face draws this letter by letter, by its basic set."""
        return bool(self._plain and self._plain.fullmatch(text)) and not self._joining.search(text)

    def write_plain(self, text: str) -> str | None:
        """Return plain text as a PDF string's inside, None for text that is not plain."""
        if self._unescaped.fullmatch(text):
            return text
        return text.translate(self.first.translation) if self.is_plain(text) else None

    def measure(self, text: str) -> float:
        """Return the width of a stretch of text, spacing left out."""
        return self._measure_short(text) if len(text) <= _LONGEST_REMEMBERED else self._measure(text)

    def encode(self, text: str, *, right_to_left: bool) -> tuple[Piece, ...]:
        """Return a line's pieces from left to right; ``right_to_left`` is the paragraph's direction."""
        encode = self._encode_short if len(text) <= _LONGEST_REMEMBERED else self._encode
        return encode(text, right_to_left=right_to_left)

    def _measure(self, text: str) -> float:
        if self.is_plain(text):
            return sum(map(self._advances.__getitem__, text))
        if _SOFT_HYPHEN in text:  # pdfme draws a blank and counts nothing
            return self.measure(text.replace(_SOFT_HYPHEN, ""))
        if "\t" in text:  # pdfme draws four blanks and counts one glyph
            parts = text.split("\t")
            return sum(map(self.measure, parts)) + (len(parts) - 1) * self.first.find_advance(
                self.first.find_glyph("\t")
            )
        return sum(piece.width for piece in self.encode(text, right_to_left=False))

    def _encode(self, text: str, *, right_to_left: bool) -> tuple[Piece, ...]:
        text = _UNSEEN.sub("", _TABS.sub("    ", text)).replace(_SOFT_HYPHEN, " ")
        if not text:
            return ()
        if self.is_plain(text):
            width = sum(map(self._advances.__getitem__, text))
            return (Piece(self.first, (Show(f"({text.translate(self.first.translation)}) Tj"),), width),)
        # A letter that has its mark in it needs no font that has the mark.
        text = normalize("NFC", _HALVES.sub("\ufffd", text))
        if not right_to_left and not has_right_to_left(text):
            return tuple(self._shape(text, right_to_left=False))
        runs = list_visual_runs(text, right_to_left=right_to_left)
        return tuple(piece for run, level in runs for piece in self._shape(run, right_to_left=level % 2 == 1))

    def _shape(self, run: str, *, right_to_left: bool) -> Iterator[Piece]:
        parts = list(self._split_faces(run))
        for face, part in reversed(parts) if right_to_left else parts:
            yield from _encode_glyphs(face, part, right_to_left=right_to_left)

    def _split_faces(self, run: str) -> Iterator[tuple[Face, str]]:
        """Split text where its face changes; marks stay with their letter."""
        current, part = self.first, list[str]()
        for character in run:
            face = self._find_face(character, current)
            if face is None:
                continue
            if face is not current and part:
                yield current, "".join(part)
                part = []
            current = face
            part.append(character)
        if part:
            yield current, "".join(part)

    def _find_face(self, character: str, current: Face) -> Face | None:
        kind = category(character)
        if kind == "Cf" or _IGNORABLE.match(character):
            return current
        if kind in ("Mn", "Me") and current.find_glyph(character):
            return current
        for face in self.faces:
            if face.find_glyph(character):
                return face
        if self.missing == "error":
            raise PermanentError(
                "missing_glyph",
                f"no font draws U+{ord(character):04X}; add one to fallback_fonts in templates.yaml, "
                "or set missing_glyph to box or drop",
            )
        return self.first if self.missing == "box" else None

    def list_missing(self, text: str) -> list[str]:
        """Return the characters that no face has, sorted."""
        seen = {c for c in text if not c.isspace() and category(c) not in ("Cc", "Cf", "Mn", "Me")}
        return sorted(c for c in seen if not any(face.find_glyph(c) for face in self.faces))


def _encode_glyphs(face: Face, text: str, *, right_to_left: bool) -> Iterator[Piece]:
    """Shape a run and cut it where the way of writing its glyphs changes: basic codes or glyph numbers."""
    letters = join_letters(text) if right_to_left else text
    joined = right_to_left and all(map(face.find_glyph, letters))
    shaped = face.shape(letters if joined else text, right_to_left=right_to_left, joined=joined)
    texts = _list_cluster_texts(shaped, letters if joined else text, right_to_left=right_to_left)
    codes: Mapping[int, int] = {} if right_to_left else face.codes
    for is_basic, members in groupby(
        zip(shaped, texts, strict=True), key=lambda each: _is_basic(face, codes, *each[0])
    ):
        part, told = zip(*members, strict=True)
        width = sum(advance for _, _, advance, _, _ in part)
        if is_basic:
            yield Piece(face, (Show(_write_codes(part, codes)),), width)
        else:
            glyphs = tuple(
                (glyph, _tell(glyph, meant)) for (glyph, *_), meant in zip(part, told, strict=True)
            )
            yield Piece(face, tuple(_write_glyphs(face, part)), width, glyphs)


def _tell(glyph: int, meant: str) -> str:
    # One box stands for all characters that are missing: it tells none of them.
    return meant if glyph or not meant else "\ufffd"


def _is_basic(
    face: Face, codes: Mapping[int, int], glyph: int, _place: int, advance: float, dx: float, dy: float
) -> bool:
    """Say whether a code of the basic set draws a glyph where the shaper puts it."""
    return glyph in codes and not dx and not dy and abs(advance - face.find_advance(glyph)) < 0.00005


def _list_cluster_texts(shaped: Sequence[_Shaped], text: str, *, right_to_left: bool) -> list[str]:
    """Return what each glyph stands for; of several for the same letters, the last stands for them all."""
    starts = sorted({place for _, place, *_ in shaped})
    # Nothing is left of a text of joiners.
    ends = dict(zip(starts, [*starts[1:], len(text)], strict=bool(starts)))
    told = {start: _IGNORABLE.sub("", text[start:end]) for start, end in ends.items()}
    texts = {start: "".join(map(reveal_letters, each)) for start, each in told.items()}
    if right_to_left:  # readers turn such a line and its brackets round as they copy it, also in a ligature
        texts = {start: each[::-1].translate(_MIRRORED) for start, each in texts.items()}
    last = {place: number for number, (_, place, *_) in enumerate(shaped)}
    return [texts[place] if last[place] == number else "" for number, (_, place, *_) in enumerate(shaped)]


def _write_codes(part: Sequence[_Shaped], codes: Mapping[int, int]) -> str:
    return f"({''.join(_ESCAPED[codes[glyph]] for glyph, *_ in part)}) Tj"


_ESCAPED = [f"\\{sign}" if sign in "\\()" else sign for sign in map(chr, range(256))]


def _write_glyphs(face: Face, part: Sequence[_Shaped]) -> Iterator[Show]:
    """Yield operators, one for each rise, with moves where a mark stands beside its pen."""
    for rise, glyphs in groupby(part, key=lambda shaped: shaped[4]):
        written = "".join(_write_glyph(face, *shaped) for shaped in glyphs)
        yield Show((f"[{written}] TJ" if " " in written else f"{written} Tj").replace("><", ""), rise)


def _write_glyph(face: Face, glyph: int, _place: int, advance: float, dx: float, _rise: float) -> str:
    # A PDF moves the pen by the font's own width, whatever the shaper says.
    before, after = -dx * 1000, (dx + face.find_advance(glyph) - advance) * 1000
    if abs(before) < 0.05 and abs(after) < 0.05:
        return f"<{glyph:04X}>"
    return f" {before:.1f} <{glyph:04X}> {after:.1f} "
