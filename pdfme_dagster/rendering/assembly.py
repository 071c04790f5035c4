"""Puts a PDF file together from a constant start and what one document adds to it.

Not here: which objects those are (compiled.py).

The start's bytes, its lines of the cross-reference table and its hash are made once; a document goes on from
there. Objects are numbered in the order in which they are asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from pdfme_dagster.rendering.base_pdf import ObjectTemplate, fill_references

HEADER = b"%%PDF-%d.%d\n%%\xe2\xe3\xcf\xd3\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The start of many files: its bytes in some pieces, and how to go on.

    ``lines`` are those of the cross-reference table, ``following`` is the next object's number, ``trailer``
    names catalogue and information, ``digest`` is a hash of the bytes.
    """

    pieces: tuple[bytes, ...]
    length: int
    lines: bytes
    following: int
    trailer: bytes
    digest: Any


class Prefix:
    """Objects that are the same in all documents, one after the other."""

    def __init__(self, version: tuple[int, int]) -> None:
        self._pieces: list[bytes] = [HEADER % version]
        self._length = len(self._pieces[0])
        self._offsets: list[int] = []

    def add(self, body: bytes) -> int:
        """Add an object; return its number."""
        return self.add_group([ObjectTemplate(parts=(body,))])

    def add_group(self, group: Sequence[ObjectTemplate]) -> int:
        """Add objects that refer to each other; return the number of the first."""
        first = len(self._offsets) + 1
        for number, template in enumerate(group, start=first):
            self._offsets.append(self._length)
            self._pieces.append(_frame(number, fill_references(template, first)))
            self._length += len(self._pieces[-1])
        return first

    def finish(self) -> Start:
        """Return the start that all documents share; it names no catalogue yet."""
        content = b"".join(self._pieces)
        lines = b"0000000000 65535 f \n" + b"".join(map(_write_line, self._offsets))
        following = len(self._offsets) + 1
        return Start(
            pieces=(content,),
            length=self._length,
            lines=lines,
            following=following,
            trailer=b"",
            digest=blake2b(content, digest_size=16),
        )


def extend_start(start: Start, info: bytes, metadata: bytes, catalogue: Sequence[bytes | int]) -> Start:
    """Return a start with what a file says of itself.

    Integers in the catalogue refer to the page tree (0), which is the next object then, and the metadata (1).
    """
    first = start.following
    numbers = (first + 3, first + 1)
    written = b"".join(part if isinstance(part, bytes) else b"%d 0 R" % numbers[part] for part in catalogue)
    bodies = [_frame(first + place, body) for place, body in enumerate((info, metadata, written))]
    added = b"".join(bodies)
    digest = start.digest.copy()
    digest.update(added)
    lines, offset = start.lines, start.length
    for body in bodies:
        lines += _write_line(offset)
        offset += len(body)
    return Start(
        pieces=(*start.pieces, added),
        length=offset,
        lines=lines,
        following=first + 3,
        trailer=b"/Root %d 0 R/Info %d 0 R" % (first + 2, first),
        digest=digest,
    )


class Tail:
    """The end of a file, with what only this document has."""

    __slots__ = ("_following", "_length", "_lines", "_parts", "_start")

    def __init__(self, start: Start) -> None:
        self._start, self._following, self._length = start, start.following, start.length
        self._parts: list[bytes] = []
        self._lines: list[bytes] = []

    def reserve(self) -> int:
        """Return the number of an object that is written later."""
        self._lines.append(b"")
        self._following += 1
        return self._following - 1

    def fill(self, number: int, body: bytes) -> None:
        """Write an object under the number that was reserved for it."""
        written = b"%d 0 obj\n%b\nendobj\n" % (number, body)
        self._parts.append(written)
        self._lines[number - self._start.following] = b"%010d 00000 n \n" % self._length
        self._length += len(written)

    def add(self, body: bytes) -> int:
        """Write an object; return its number."""
        number = self.reserve()
        self.fill(number, body)
        return number

    def add_group(self, group: Sequence[ObjectTemplate]) -> int:
        """Write objects that refer to each other; return the number of the first."""
        first = self._following
        for template in group:
            self.add(fill_references(template, first))
        return first

    def close(self) -> bytes:
        """Return the whole file; its ID is a hash of all that goes before the table."""
        start = self._start
        body = b"".join(self._parts)
        digest = start.digest.copy()
        digest.update(body)
        identity = digest.hexdigest().encode("ascii")
        end = b"trailer\n<</Size %d%b/ID[<%b><%b>]>>\nstartxref\n%d\n%%%%EOF\n" % (
            self._following,
            start.trailer,
            identity,
            identity,
            self._length,
        )
        table = b"xref\n0 %d\n%b" % (self._following, start.lines)
        return b"".join((*start.pieces, body, table, *self._lines, end))


def _frame(number: int, body: bytes) -> bytes:
    return b"%d 0 obj\n%b\nendobj\n" % (number, body)


def _write_line(offset: int) -> bytes:
    return b"%010d 00000 n \n" % offset
