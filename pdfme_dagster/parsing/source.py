"""A file's bytes as UTF-8 in blocks of whole lines: which encoding it is in, and whether it is text at all.

Not here: what the lines mean. A file is refused rather than read as garble, and it is never held whole.
"""

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from pdfme_dagster.errors import ParseError

BLOCK_BYTES = 1 << 18
# A record has a few hundred bytes, a statement on one line of JSON some 250 a row: this is neither's.
MAX_LINE_BYTES = 16 << 20

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BOM = "\ufeff".encode()
_END_OF_FILE = b"\x1a"
_AFTER_THE_END = b"\x1a\r\n\t\f "
_ASCII_CONTROLS = bytes([*range(9), 11, *range(14, 32), 127])
_C1_CONTROL = re.compile(rb"\xc2[\x80-\x9f]")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]|\xc2[\x80-\x9f]")
_UTF8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteRange:
    """A part of a file from a statement's start to another's, and the encoding of the whole file.

    ``end`` is the first byte behind it.
    """

    start: int
    end: int
    first_line: int
    encoding: str


class TextSource:
    """The text of a seekable file, or of a part of it.

    UTF-16 and UTF-8 byte order marks decide the encoding; else the first of ``encodings`` does in which the
    whole file is text. Nothing is opened or closed here. ParseError ``empty_file`` or ``unknown_encoding``.
    """

    def __init__(self, stream: BinaryIO, encodings: Sequence[str], part: ByteRange | None = None) -> None:
        self._stream = stream
        self._start = part.start if part else 0
        self._end = part.end if part else stream.seek(0, 2)
        self.first_line = part.first_line if part else 1
        self.bytes_done = 0
        self.encoding = ""  # not known yet
        self.encoding = self._find_encoding([part.encoding] if part else encodings)

    @property
    def size_bytes(self) -> int:
        """How many bytes of the file there are to read; ``bytes_done`` of them have been."""
        return self._end - self._start

    def blocks(self) -> Iterator[bytes]:
        """Yield blocks of whole lines as UTF-8, separated by LF; blank lines at the end are left out.

        CR LF, CR and LF all end a line, and nothing else does.
        """
        return _cut_into_lines(self._decode(self.encoding), self.first_line)

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield each line with its number from 1."""
        number = self.first_line
        for block in self.blocks():
            for line in block.decode().split("\n"):
                yield number, line
                number += 1

    def pieces(self) -> Iterator[str]:
        """Yield the text piece by piece as it stands, for formats in which lines mean nothing."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        for block in self._decode(self.encoding):
            yield decoder.decode(block).replace("\ufeff", "")

    # --- Which encoding ---

    def _find_encoding(self, encodings: Sequence[str]) -> str:
        self._stream.seek(0)
        head = self._stream.read(4)
        if head.startswith(_UTF16_MARKS):
            encodings = ["utf-16"]
        elif head.startswith(codecs.BOM_UTF8):
            encodings = ["utf-8-sig"]
        for encoding in encodings:
            try:
                self._check(encoding)
            except _WrongEncodingError as exc:
                refused = exc
                if encoding == "utf-8":
                    self._check_not_damaged_utf8(exc)
            else:
                return encoding
        raise _refuse(str(refused), line=refused.line)

    def _check(self, encoding: str) -> None:
        blank, before = True, 0
        for block in self._decode(encoding):
            blank = blank and not block.strip()
            # These tests take a tenth of the pattern's time.
            if len(block.translate(None, _ASCII_CONTROLS)) != len(block) or _C1_CONTROL.search(block):
                self._check_controls(block, before, encoding)
            before += len(block)
        if blank:
            raise ParseError("empty_file", "the file is empty or holds only blank lines; upload it again")

    def _check_controls(self, block: bytes, before: int, encoding: str) -> None:
        control = _CONTROL.search(block)
        if control:
            found = f"control character U+{ord(control[0].decode()):04X}, read as {encoding}"
            raise _WrongEncodingError(found, line=self._line_at(before + control.start(), encoding))

    def _line_at(self, offset: int, encoding: str) -> int:
        """Return the number of the line in which this byte of the decoded text stands."""
        text = b"".join(_take(self._decode(encoding), offset))
        return self.first_line + text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")

    def _check_not_damaged_utf8(self, reason: "_WrongEncodingError") -> None:
        """Refuse a file that is UTF-8 but for a few bytes: another encoding would garble all its names."""
        high = in_sequences = 0
        for block in self._read():
            high += len(_HIGH_BYTE.findall(block))
            in_sequences += sum(map(len, _UTF8_SEQUENCE.findall(block)))
        if 2 * in_sequences > high:
            raise _refuse(f"the file is UTF-8 but {reason}", line=reason.line)

    # --- Bytes ---

    def _read(self) -> Iterator[bytes]:
        self._stream.seek(self._start)
        self.bytes_done = 0
        while raw := self._stream.read(min(BLOCK_BYTES, self.size_bytes - self.bytes_done)):
            yield raw
            self.bytes_done += len(raw)

    def _decode(self, encoding: str) -> Iterator[bytes]:
        """Yield the text as UTF-8 in blocks, without what follows an end-of-file mark."""
        blocks = self._transcode(encoding)
        for block in blocks:
            end = block.find(_END_OF_FILE)
            # With text behind it, it is a control character like any other, and refused.
            if end < 0 or any(rest.strip(_AFTER_THE_END) for rest in chain([block[end:]], blocks)):
                yield block
            else:
                yield block[:end]

    def _transcode(self, encoding: str) -> Iterator[bytes]:
        if encoding in {"utf-8", "utf-8-sig"} and self.encoding:
            return self._read()  # it has been checked: characters cut by a block come together in their line
        return self._convert(encoding)

    def _convert(self, encoding: str) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(encoding)()
        same = b"aZ9|\n".decode(encoding, "replace") == "aZ9|\n"
        kept = 0  # bytes of a character that the last block cut
        for raw in chain(self._read(), [b""]):
            if same and not kept and raw.isascii():
                yield raw
                continue
            try:
                text = decoder.decode(raw, final=not raw)
            except UnicodeDecodeError as exc:
                place = self._start + self.bytes_done - kept + exc.start + 1
                raise _WrongEncodingError(f"byte {place} is not {encoding}") from exc
            except UnicodeError as exc:  # like UTF-16 without its mark
                raise _WrongEncodingError(f"it is not {encoding}") from exc
            kept = len(decoder.getstate()[0])
            yield text.encode()


class BinarySource:
    """The bytes of a seekable file, for a format that says itself how they are text."""

    encoding = "as the file says"

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.size_bytes = stream.seek(0, 2)
        stream.seek(0)
        if not self.size_bytes:
            raise ParseError("empty_file", "the file is empty; upload it again")

    @property
    def bytes_done(self) -> int:
        """How much has been read."""
        return self.stream.tell()


class _WrongEncodingError(Exception):
    """Raised when a file is not in the encoding it is tried in."""

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def _cut_into_lines(blocks: Iterable[bytes], line: int) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        text = rest + block
        held = b"\r" if text.endswith(b"\r") else b""  # the LF that belongs to it may be in the next block
        text = _tidy(text[: len(text) - len(held)])
        cut = text.rfind(b"\n") + 1
        body = text[:cut].rstrip(b"\n")
        if not body:
            rest = text + held
            if len(rest) > MAX_LINE_BYTES:
                raise ParseError("bad_record", "a line is longer than 16 MiB: no statement file", line=line)
            continue
        yield body
        line += body.count(b"\n") + 1
        rest = text[len(body) + 1 :] + held
    rest = _tidy(rest).rstrip(b"\n")
    if rest:
        yield rest


def _tidy(text: bytes) -> bytes:
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\f" in text:
        text = text.replace(b"\f", b" ")
    return text if text.isascii() else text.replace(_BOM, b"")


def _take(blocks: Iterable[bytes], size: int) -> Iterator[bytes]:
    for block in blocks:
        yield block[:size]
        size -= len(block)
        if size <= 0:
            return


def _refuse(found: str, *, line: int | None = None) -> ParseError:
    message = (
        f"not a text file in a known encoding: {found}; send it as UTF-8, or name its encoding in the "
        "profile or in FALLBACK_ENCODING"
    )
    return ParseError("unknown_encoding", message, line=line)
