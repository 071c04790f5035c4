"""Cuts a file into parts that several processes can read at once, each from a statement's start to another's.

Not here: reading a part (reader.py).
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from pdfme_dagster.parsing.profile import Profile, RecordsProfile, read_columns
from pdfme_dagster.parsing.source import MAX_LINE_BYTES, ByteRange, TextSource

_WINDOW_BYTES = 1 << 20


def cut_ranges(stream: BinaryIO, profile: Profile, parts: int) -> list[ByteRange]:
    """Return at most ``parts`` ranges of about the same size that together are the file.

    Statements of files of typed records can be told apart by their bytes; any other file, and one in UTF-16,
    is one range. ParseError as of StatementReader.
    """
    source = TextSource(stream, profile.encodings)
    size = source.size_bytes
    starts = [0]
    if isinstance(profile, RecordsProfile) and _is_one_byte_ascii(source.encoding):
        start = _compile_start(profile)
        for part in range(1, parts):
            found = _find_start(stream, start, max(size * part // parts, starts[-1] + 1))
            if found is None:
                break
            if found > starts[-1]:
                starts.append(found)
    ranges: list[ByteRange] = []
    line = 1
    for begin, end in zip(starts, [*starts[1:], size], strict=True):
        ranges.append(ByteRange(start=begin, end=end, first_line=line, encoding=source.encoding))
        if end < size:
            line += _count_lines(stream, begin, end)
    return ranges


def _is_one_byte_ascii(encoding: str) -> bool:
    """Say whether what delimits records is the same single bytes as in ASCII."""
    if encoding in {"utf-8", "utf-8-sig"}:
        return True
    text = bytes(range(256)).decode(encoding, "replace")
    return len(text) == len(bytes(range(256))) and text[:128] == bytes(range(128)).decode()


def _compile_start(profile: RecordsProfile) -> re.Pattern[bytes]:
    """Return what matches the start of a record that starts a statement, from the line end before it.

    It may miss one, which costs nothing; it must not match another record.
    """
    kind = next(kind for kind, record in profile.records.items() if record.role == "start").encode()
    place = profile.fields["kind"].places[0]
    if profile.delimiter is None:
        columns = read_columns("fields.kind", place)
        blanks = columns.stop - columns.start - len(kind)
        # Columns are characters: only before ASCII are they as many bytes.
        return re.compile(
            rb"[\r\n][ -~]{%d}" % columns.start + re.escape(kind) + rb"(?: {%d}|(?=[\r\n]))" % blanks
        )
    delimiter = re.escape(profile.delimiter.encode())
    field = rb"[^\r\n" + delimiter + rb"]*"
    last = max(int(spec.places[0]) for spec in profile.fields.values())
    behind = (rb"(?:" + delimiter + field + rb"){%d}") % (last - int(place))
    before = (rb"(?:" + field + delimiter + rb"){%d}") % int(place)
    ends = rb"(?=[\r\n" + delimiter + rb"])"
    return re.compile(rb"[\r\n]" + before + rb"[ \t]*" + re.escape(kind) + rb"[ \t]*" + behind + ends)


def _find_start(stream: BinaryIO, start: re.Pattern[bytes], offset: int) -> int | None:
    """Return where the first statement at or after ``offset`` starts, None when none does."""
    at = offset - 1  # with the end of the line before
    while True:
        stream.seek(at)
        window = stream.read(_WINDOW_BYTES + MAX_LINE_BYTES)
        match = start.search(window)
        if match:
            return at + match.start() + 1
        if len(window) < _WINDOW_BYTES + MAX_LINE_BYTES:
            return None
        at += _WINDOW_BYTES


def _count_lines(stream: BinaryIO, begin: int, end: int) -> int:
    return sum(_line_ends(stream, begin, end))


def _line_ends(stream: BinaryIO, begin: int, end: int) -> Iterator[int]:
    stream.seek(begin)
    left, after_cr = end - begin, False
    while left > 0:
        block = stream.read(min(_WINDOW_BYTES, left))
        if not block:
            return
        left -= len(block)
        ends = block.count(b"\n") + block.count(b"\r") - block.count(b"\r\n")
        # A CR LF that two blocks share was counted with its CR.
        yield ends - (after_cr and block.startswith(b"\n"))
        after_cr = block.endswith(b"\r")
