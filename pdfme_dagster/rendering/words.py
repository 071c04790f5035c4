"""Where a line of text may break, as pdfme breaks it: after words of UAX #29, with Japan's rules on top.

Not here: how wide anything is (shaping.py) or where a line stands (text.py).
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from uniseg.graphemecluster import grapheme_clusters
from uniseg.wordbreak import words

# The library takes some 25 microseconds a character; these scripts have no marks or rules of their own. Left
# out are fractions, raised digits and a few signs, which Python and UAX #29 do not see alike.
_PLAIN = re.compile(
    r"[\x00-\xac\xae-\xb1\xb4-\xb8\xba\xbb\xbf-\u024f\u0370-\u0373\u0376-\u037d\u037f-\u0386\u0388-\u0482"
    r"\u048a-\u052f\u2010-\u2017\u2019-\u2023\u2025-\u2027\u2030-\u203e\u2041-\u2043\u2045-\u2053"
    r"\u2055-\u205e\u20a0-\u20bf]*"
)
# Blanks between these are a word of their own whatever stands around; marks join what is before them.
_BLANKS = re.compile(r"(?<=\w)( +)(?=[^\W\uff9e\uff9f])")
# A character and its marks, near enough for texts that nobody reads to the end.
_CHARACTER = re.compile(
    r"\r\n|.[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u093a-\u094f"
    r"\u0e31-\u0e3a\u0e47-\u0e4e\u200d\u20d0-\u20ff\ufe00-\ufe0f]*",
    re.DOTALL,
)
# A page has room for some ten thousand characters; the library would be at it for minutes.
_LONGEST_EXACT = 20_000
# What is remembered must not fill the memory.
_LONGEST_REMEMBERED = 1_000
_WORD = re.compile(
    r"\w+(?:(?:(?<=[^\W\d_])[.'’:·‧](?=[^\W\d_])|(?<=\d)[.,;'’](?=\d))\w+)*"
    r"| +|\r\n|.",
    re.DOTALL,
)
_PARAGRAPHS = re.compile(r"\r\n|\r|\n|\f|\v")
_JAPANESE = re.compile(
    r"[\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3041-\u309f\u30a1-\u30fa\u30fd-\u30ff"
    r"\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff]"
)
_NEVER_FIRST = frozenset("、。,.」』)}】>≫]・ー―-!！?？:：;；/／ゝ々〃ぁぃぅぇぉっゃゅょァィゥェォッャュョ")
_NEVER_LAST = frozenset("「『（｛【＜≪［〘〖〝‘“｟«")


def split_paragraphs(text: str) -> list[str]:
    """Split text where it says that a new line begins."""
    return _PARAGRAPHS.split(text)


def split_words(text: str) -> tuple[str, ...]:
    """Split a paragraph into words, runs of blanks and single signs; joined they are the paragraph."""
    if _PLAIN.fullmatch(text):
        return tuple(_WORD.findall(text))
    return tuple(word for part in _BLANKS.split(text) for word in _split_part(part))


def _split_part(part: str) -> tuple[str, ...]:
    if len(part) > _LONGEST_EXACT or _PLAIN.fullmatch(part):
        return tuple(_WORD.findall(part))
    return _find_words(part) if len(part) <= _LONGEST_REMEMBERED else tuple(words(part))


@lru_cache(maxsize=4096)
def _find_words(part: str) -> tuple[str, ...]:
    return tuple(words(part))


def split_graphemes(text: str) -> tuple[str, ...]:
    """Split text into what a reader takes for one character."""
    return _split_graphemes(text) if len(text) <= _LONGEST_REMEMBERED else _split_graphemes.__wrapped__(text)


@lru_cache(maxsize=4096)
def _split_graphemes(text: str) -> tuple[str, ...]:
    if len(text) > _LONGEST_EXACT:
        return tuple(_CHARACTER.findall(text))
    return tuple(text) if text.isascii() and "\r" not in text else tuple(grapheme_clusters(text))


def count_graphemes(text: str) -> int:
    """Count what a reader takes for characters."""
    return len(text) if text.isascii() else len(split_graphemes(text))


def is_japanese(text: str) -> bool:
    """Say whether there is a kanji or kana in the text; then Japan's rules for line ends hold."""
    return not text.isascii() and _JAPANESE.search(text) is not None


def keep_line_ends(lines: Iterable[str]) -> list[str]:
    """Move signs that may not begin a line to the line before, and those that may not end one to the next."""
    return _carry(_carry(list(lines), backwards=True), backwards=False)


def _carry(lines: list[str], *, backwards: bool) -> list[str]:
    """Carry forbidden signs from line to line, last line first when they go backwards."""
    at, forbidden = (0, _NEVER_FIRST) if backwards else (-1, _NEVER_LAST)
    kept: list[str] = []
    carried = ""
    for line in reversed(lines) if backwards else lines:
        sign = line[at] if line.strip() else ""
        if not sign:
            kept.append("")
            continue
        if sign in forbidden and len(line.strip()) == 1:  # where pdfme loses what was carried
            kept.append(line + carried if backwards else carried + line)
            carried = ""
            continue
        rest = (line[1:] if backwards else line[:-1]) if sign in forbidden else line
        kept.append(rest + carried if backwards else carried + rest)
        carried = sign if sign in forbidden else ""
    if backwards:
        return ([carried + kept[-1], *reversed(kept[:-1])] if kept else []) if carried else kept[::-1]
    if carried and kept:
        kept[-1] += carried
    return kept
