"""Where a line of text may break, as pdfme breaks it: after words of UAX #29, with Japan's rules on top.

Not here: how wide anything is (shaping.py) or where a line stands (text.py).
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from uniseg.graphemecluster import grapheme_clusters
from uniseg.wordbreak import words

# The library takes some 25 microseconds a character; these scripts have no marks or rules of their own.
_PLAIN = re.compile(
    r"[\x00-\xac\xae-\u024f\u0370-\u0373\u0376-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u20a0-\u20bf]*"
)
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


@lru_cache(maxsize=4096)
def split_words(text: str) -> tuple[str, ...]:
    """Split a paragraph into words, runs of blanks and single signs; joined they are the paragraph."""
    if _PLAIN.fullmatch(text):
        return tuple(_WORD.findall(text))
    return tuple(words(text))


@lru_cache(maxsize=4096)
def split_graphemes(text: str) -> tuple[str, ...]:
    """Split text into what a reader takes for one character."""
    if text.isascii():
        return tuple(text)
    return tuple(grapheme_clusters(text))


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
        if sign in forbidden and len(line.strip()) == 1:
            kept.append(line)
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
