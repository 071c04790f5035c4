"""Puts a PDF file together from a constant start and what one document adds to it.

Not here: which objects those are (compiled.py).

The start's bytes, its lines of the cross-reference table and its hash are made once; a document goes on from
there. Objects are numbered in the order in which they are added.
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


def extend_start(start: Start, bodies: Sequence[bytes], trailer: bytes) -> Start:
    """Return a start with further objects; ``trailer`` names the catalogue and the information."""
    written, lines = _write_objects(start, bodies)
    digest = start.digest.copy()
    digest.update(written)
    return Start(
        pieces=(*start.pieces, written),
        length=start.length + len(written),
        lines=start.lines + lines,
        following=start.following + len(bodies),
        trailer=trailer,
        digest=digest,
    )


def finish_file(start: Start, bodies: Sequence[bytes]) -> bytes:
    """Return a whole file with these last objects; its ID is a hash of all that goes before the table."""
    written, lines = _write_objects(start, bodies)
    digest = start.digest.copy()
    digest.update(written)
    identity = digest.hexdigest().encode("ascii")
    size = start.following + len(bodies)
    table = b"xref\n0 %d\n%b%b" % (size, start.lines, lines)
    end = b"trailer\n<</Size %d%b/ID[<%b><%b>]>>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        start.trailer,
        identity,
        identity,
        start.length + len(written),
    )
    return b"".join((*start.pieces, written, table, end))


def _write_objects(start: Start, bodies: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return objects that follow a start, and their lines of the cross-reference table."""
    written, lines, offset = [], [], start.length
    for number, body in enumerate(bodies, start=start.following):
        framed = _frame(number, body)
        written.append(framed)
        lines.append(_write_line(offset))
        offset += len(framed)
    return b"".join(written), b"".join(lines)


def _frame(number: int, body: bytes) -> bytes:
    return b"%d 0 obj\n%b\nendobj\n" % (number, body)


def _write_line(offset: int) -> bytes:
    return b"%010d 00000 n \n" % offset
