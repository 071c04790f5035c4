"""Finds the marked customers of marked_files.py in whatever a program left, however it is encoded there.

Not here: which places there are to look at (leftovers.py). A finding is a piece of a name or an address, five
letters of it or four of an Arabic one, or eight digits of a card number, whatever stands between them.
"""

import base64
import binascii
import html
import re
import unicodedata
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from pdfme_dagster_tests.end_to_end.marked_files import ADDRESS, CARDS, NAMES, PAYEE, PLANTED

_DEPTH = 4
_ORDINARY = {"alley", "heights"}
_BETWEEN = r"(?:(?![,;:|\"'\n\r\t])[\W_]){0,3}"
_CARD = re.compile(
    "|".join(_BETWEEN.join(digits) for digits in ("50000000", *(f"000000{card[-2:]}" for card in CARDS)))
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})")
_ESCAPED_BYTE = re.compile(rb"\\+x([0-9a-fA-F]{2})")
_HEX = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{2}){8,}(?![0-9a-f])", re.IGNORECASE)
_COMPRESSED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
_EXCERPT = 60


@dataclass(frozen=True, slots=True)
class Found:
    """A mark at a place, with what stands around it."""

    place: str
    mark: str
    excerpt: str


class MarkFinder:
    """Looks for marks; what it has seen once it does not search again."""

    def __init__(self) -> None:
        self._clean: set[str | bytes] = set()

    def find(self, place: str, content: str | bytes) -> list[Found]:
        """Return the marks in a text, or in bytes of any kind."""
        if content in self._clean:
            return []
        found: list[Found] = []
        for text in _unfold(content, _DEPTH):
            if text not in self._clean:
                here = [Found(place, *each) for each in _search(text)]
                found += here
                if not here:
                    self._clean.add(text)
        if not found:
            self._clean.add(content)
        return found


def _search(text: str) -> Iterator[tuple[str, str]]:
    plain = _fold(text)
    matches = (pattern.search(plain) for pattern in (_CARD, _LETTERS))
    for match in filter(None, matches):
        yield match[0], plain[max(match.start() - _EXCERPT, 0) : match.end() + _EXCERPT]


def _fold(text: str) -> str:
    """Return a text with small letters and ASCII digits, without what stands above or below letters."""
    if text.isascii():
        return text.lower()
    composed = unicodedata.normalize("NFKC", text).casefold()
    return "".join(
        str(unicodedata.decimal(each)) if each.isdecimal() else each
        for each in unicodedata.normalize("NFC", composed)
        if unicodedata.category(each) not in {"Mn", "Cf"}
    )


def _pieces() -> Iterator[str]:
    words = [word for text in (*NAMES, *ADDRESS, PAYEE, PLANTED) for word in re.split(r"[\s'-]+", text)]
    for word in map(_fold, words):
        if len(word) > 1 and word not in _ORDINARY:
            size = min(len(word), 5 if word.isascii() else 4)
            yield from (re.escape(word[at : at + size]) for at in range(len(word) - size + 1))
    letters = [_fold(word) for word in words if len(word) == 1 and not word.isascii()]
    yield from (r"[\s.…]{0,2}".join(letters[at : at + 3]) for at in range(len(letters) - 2))


_LETTERS = re.compile("|".join(dict.fromkeys(_pieces())))


# --- What a content may be hidden in ---


def _unfold(content: str | bytes, depth: int) -> Iterator[str]:
    """Yield a content as text in all ways that it can be read."""
    if isinstance(content, bytes):
        yield from _unfold_bytes(content, depth)
        return
    yield content
    if depth:
        for inner in _unwrap(content):
            yield from _unfold(inner, depth - 1)


def _unfold_bytes(content: bytes, depth: int) -> Iterator[str]:
    try:
        yield from _unfold(content.decode(), depth)
    except UnicodeDecodeError:
        # Something binary, which may have text in it, or text in another encoding.
        yield from _unfold(content.decode("utf-8", "replace"), 0)
        yield content.decode("cp1256", "replace")
    if b"\0" in content:
        yield from (content[start:].decode("utf-16-le", "replace") for start in (0, 1))
    if depth:
        for match in _COMPRESSED.finditer(content):
            with suppress(zlib.error):
                yield from _unfold_bytes(_decompress(content[match.start() :]), depth - 1)


def _decompress(content: bytes) -> bytes:
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(content)


def _unwrap(text: str) -> Iterator[str | bytes]:
    """Yield what a text has in it that is escaped or encoded, decoded."""
    if "\\" in text:
        if _ESCAPED.search(text):
            yield _unescape(text)
        if _ESCAPED_BYTE.search(raw := text.encode("utf-8", "replace")):
            yield _ESCAPED_BYTE.sub(lambda match: bytes.fromhex(match[1].decode()), raw)
    if "%" in text and (unquoted := unquote_to_bytes(text)) != text.encode("utf-8", "replace"):
        yield unquoted
    if "&" in text and (unescaped := html.unescape(text)) != text:
        yield unescaped
    yield from (bytes.fromhex(match[0]) for match in _HEX.finditer(text))
    for match in _BASE64.finditer(text):
        with suppress(binascii.Error):
            token = match[0].rstrip("=").translate(str.maketrans("-_", "+/"))
            yield base64.b64decode(token + "=" * (-len(token) % 4))


def _unescape(text: str) -> str:
    units = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
