"""Bytes to text: which encoding a file is in, and whether it is text at all.

Not here: what the lines mean. A file is refused rather than read as garble.
"""

import codecs
import re

from pdfme_dagster.errors import ParseError

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ASCII_CONTROLS = bytes([*range(9), 11, *range(14, 32), 127])
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
_UTF8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")


def decode_text(content: bytes, *, fallback: str) -> tuple[str, str]:
    """Return a file's text and the name of its encoding.

    UTF-16 needs a byte order mark; anything that is not strict UTF-8 is read as ``fallback``. Byte order
    marks and a trailing Ctrl-Z are taken off and form feeds become blanks. ParseError ``unknown_encoding``
    when the bytes are no text or are damaged UTF-8.
    """
    text, encoding = _decode(content, fallback)
    text = _strip_end_of_file(text)
    _check_controls(text, encoding)
    return text.replace("\ufeff", "").replace("\f", " "), encoding


def split_lines(text: str) -> list[str]:
    """Split at CR LF, LF or CR and nowhere else: ``str.splitlines`` cuts at characters names may hold."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.rstrip("\n").split("\n")


def _decode(content: bytes, fallback: str) -> tuple[str, str]:
    if content.startswith(_UTF16_MARKS):
        return _decode_as(content, "utf-16"), "utf-16"
    encoding = "utf-8-sig" if content.startswith(codecs.BOM_UTF8) else "utf-8"
    try:
        return content.decode(encoding), encoding
    except UnicodeDecodeError as exc:
        if encoding == "utf-8-sig":
            raise _refuse(f"it starts as UTF-8 but byte {exc.start + 1} is not") from exc
        _check_not_damaged_utf8(content, exc.start)
    return _decode_as(content, fallback), fallback


def _decode_as(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as exc:
        raise _refuse(f"byte {exc.start + 1} is not {encoding}") from exc


def _check_not_damaged_utf8(content: bytes, offset: int) -> None:
    """Refuse a file that is UTF-8 but for a few bytes: the fallback would turn all its names to garble."""
    in_sequences = sum(map(len, _UTF8_SEQUENCE.findall(content)))
    if 2 * in_sequences > len(_HIGH_BYTE.findall(content)):
        raise _refuse(f"the file is UTF-8 but for byte {offset + 1}")


def _strip_end_of_file(text: str) -> str:
    """Take off the Ctrl-Z old hosts end a file with, and the blank lines around it."""
    if "\x1a" not in text:
        return text
    body = text.rstrip("\x1a\r\n\t\f ")
    return body if "\x1a" in text[len(body) :] else text


def _check_controls(text: str, encoding: str) -> None:
    # The first test is three times as fast as the pattern, and nearly every file is ASCII.
    if text.isascii() and len(text.encode().translate(None, _ASCII_CONTROLS)) == len(text):
        return
    control = _CONTROL.search(text)
    if control:
        line = len(split_lines(text[: control.start()] + "."))
        found = f"control character U+{ord(control[0]):04X}, read as {encoding}"
        raise _refuse(found, line=line)


def _refuse(found: str, *, line: int | None = None) -> ParseError:
    message = f"not a text file in a known encoding: {found}; send it as UTF-8 or set the fallback encoding"
    return ParseError("unknown_encoding", message, line=line)
