"""Spoils files at random: bytes, lines, fields, values and the structure of every format that we read.

Not here: reading what comes out (fuzz_parse.py). A generator seeded the same spoils the same way.
"""

import re
from collections.abc import Callable, Sequence
from random import Random

# Spoilt files stay small enough to read hundreds of them a second, with a large one now and then.
_MAX_BYTES = 200_000
_NUMBER = re.compile(rb"[+-]?\d[\d.,]*")
_WORD = re.compile(rb"[A-Za-z]{2,}")
_TAG = re.compile(rb"</?[A-Za-z][^>]{0,200}>")
_ELEMENT = re.compile(rb"<([A-Za-z]+)[^>]*>.{0,2000}?</\1>", re.DOTALL)
_OBJECT = re.compile(rb"\{[^{}]{0,4000}\}")
_MEMBER = re.compile(rb'"[^"\n]{0,60}"\s*:\s*("[^"\n]*"|[\w.+-]+)')
_LINE = re.compile(rb"[^\n]+\n")
_SWIFT_FIELD = re.compile(rb":\d\d[A-Z]?:[^\n]*")
_DELIMITERS = (b"|", b",", b";", b"\t", b":", b"/", b'"')
_ENCODINGS = (
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "cp1256",
    "iso-8859-6",
    "latin-1",
    "cp037",
)

NUMBERS = (
    *(b"0", b"-0", b"+1", b"00000000", b"99999999", b"31022025", b"2025-02-31", b"0000-00-00", b"20250230"),
    *(
        b"1.5CR",
        b"5.000-",
        b"1,000.000",
        b"1.000,00",
        b"12,5",
        b"1.",
        b".5",
        b"1.2.3",
        b"1e400",
        b"1E5",
        b"-1",
    ),
    *(b"NaN", b"Infinity", b"0x10", b"1_000", b"999999999999999999", b"5000000000000015", b"9" * 5000),
    *("١٢٣".encode(), "１２".encode(), "²".encode(), b"5000 0000 0000 0015", b"0.0000000000000000001"),
)
TEXTS = (
    *(
        b"",
        b" ",
        b"\t",
        b"NEWL",
        b"Account transactions",
        b"Payment Received",
        b"SOMEBODY",
        b"BHD",
        b"JPY",
    ),
    *(
        b"XXX",
        b"bhd",
        b"CR",
        b"DR",
        b"D",
        b"RC",
        b"\x00",
        b"\x1a",
        b"\x1b[2J",
        b"\x7f",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
    ),
    *(
        "\u2028".encode(),
        "\u0085".encode(),
        "\ufeff".encode(),
        "\u202e".encode(),
        "نورة".encode(),
        b"\xed\xa0\x80",
    ),
    *(
        b"../../etc/passwd",
        b"=1+1",
        b"A" * 300,
        b"A" * 140_000,
        b'"',
        b'""',
        b"'",
        b"\\",
        b"\\u0000",
        b"\\ud800",
    ),
)
STRUCTURE = (
    *(
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n\n",
        b"|",
        b"|" * 200,
        b",",
        b",,,,",
        b";",
        b"{",
        b"}",
        b"[",
        b"]",
        b"[" * 60_000,
    ),
    *(
        b"null",
        b"true",
        b"{}",
        b"[]",
        b"[[]]",
        b'{"a":' * 3000,
        b'"statements":[',
        b"NaN",
        b"<",
        b">",
        b"</",
        b"&lt;",
    ),
    *(b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"<![CDATA[x]]>", b"<!--", b"-->", b"<?xml version='1.0'?>"),
    *(
        b'<?xml version="1.0" encoding="utf-16"?>',
        b"<a>" * 2000,
        b'xmlns="urn:x"',
        b"<Stmt>",
        b"</Stmt>",
        b"<Ntry/>",
    ),
    *(
        b":20:X\n",
        b":25:BH00TEST\n",
        b":60F:C250901BHD1,\n",
        b":61:2509010901D1,NMSC\n",
        b":86:\n",
        b":62F:",
        b"-}",
    ),
    *(b"{4:\n", b"{1:F01}", b"-\n", b"900|001|00-5000000000000015|1|", b"900|001|00-5000000000000015|6|x\n"),
)

Spoil = Callable[[Random, bytes], bytes]


def spoil(rng: Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Return the content after one or a few changes, some of which take pieces from the others.

    Half of all are changed with care: what they say changes, but hardly how it is put together, so that more
    than the first bad byte is read.
    """
    weighted = _CAREFUL if rng.random() < 0.5 else _WEIGHTED
    spoils, weights = [each for each, _ in weighted], [weight for _, weight in weighted]
    for _ in range(min(1 + int(rng.expovariate(0.7)), 8)):
        if weighted is _WEIGHTED and rng.random() < 0.05:
            content = _splice(rng, content, rng.choice(others))
        else:
            content = rng.choices(spoils, weights)[0](rng, content)
        if len(content) > _MAX_BYTES:
            start = rng.randrange(len(content) - _MAX_BYTES)
            content = content[start : start + _MAX_BYTES]
    return content


def _draw_range(rng: Random, size: int) -> tuple[int, int]:
    """Return a start and an end, mostly near each other."""
    start = rng.randint(0, size)
    length = rng.choice((0, 1, 1, 2, rng.randint(0, 20), rng.randint(0, 200), rng.randint(0, size)))
    return start, min(start + length, size)


def _draw_value(rng: Random) -> bytes:
    return rng.choice(rng.choice((NUMBERS, TEXTS)))


# --- Bytes ---


def _change_bytes(rng: Random, content: bytes) -> bytes:
    start, end = _draw_range(rng, len(content))
    return content[:start] + rng.randbytes(min(end - start, 40) or 1) + content[end:]


def _change_bit(rng: Random, content: bytes) -> bytes:
    at = rng.randrange(len(content) or 1)
    return (
        content[:at]
        + bytes(byte ^ (1 << rng.randrange(8)) for byte in content[at : at + 1])
        + content[at + 1 :]
    )


def _drop_bytes(rng: Random, content: bytes) -> bytes:
    start, end = _draw_range(rng, len(content))
    return content[:start] + content[end:]


def _double_bytes(rng: Random, content: bytes) -> bytes:
    start, end = _draw_range(rng, len(content))
    return content[:end] + content[start:end] * rng.choice((1, 1, 2, 50)) + content[end:]


def _move_bytes(rng: Random, content: bytes) -> bytes:
    start, end = _draw_range(rng, len(content))
    left = content[:start] + content[end:]
    to = rng.randint(0, len(left))
    return left[:to] + content[start:end] + left[to:]


def _insert_token(rng: Random, content: bytes) -> bytes:
    at = rng.randint(0, len(content))
    return content[:at] + rng.choice(rng.choice((NUMBERS, TEXTS, STRUCTURE))) + content[at:]


def _cut(rng: Random, content: bytes) -> bytes:
    at = rng.randint(0, len(content))
    return content[:at] if rng.random() < 0.8 else content[at:]


def _splice(rng: Random, content: bytes, other: bytes) -> bytes:
    start, end = _draw_range(rng, len(other))
    at = rng.randint(0, len(content))
    return content[:at] + other[start:end] + content[at:]


# --- Lines and fields ---


def _change_lines(rng: Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    start, end = sorted((rng.randint(0, len(lines)), rng.randint(0, len(lines))))
    if rng.random() < 0.6:
        end = min(start + 1, len(lines))
    some, left = lines[start:end], [*lines[:start], *lines[end:]]
    to = rng.randint(0, len(left))
    changed = rng.choice(
        (
            left,
            [*lines[:end], *some, *lines[end:]],
            [*left[:to], *some, *left[to:]],
            [*lines[:start], *reversed(some), *lines[end:]],
            [*lines[:start], b"".join(some), *lines[end:]],
            [*lines[:start], *(line[: rng.randint(0, len(line))] for line in some), *lines[end:]],
            [*lines[:start], rng.choice(STRUCTURE), *lines[start:]],
        )
    )
    return b"\n".join(changed)


def _change_field(rng: Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    line = rng.randrange(len(lines))
    delimiter = rng.choice([each for each in _DELIMITERS if each in lines[line]] or [b"|"])
    fields = lines[line].split(delimiter)
    at, to = rng.randrange(len(fields)), rng.randrange(len(fields))
    match rng.randrange(6):
        case 0 | 1:
            fields[at] = _draw_value(rng)
        case 2:
            fields[at], fields[to] = fields[to], fields[at]
        case 3:
            del fields[at]
        case 4:
            fields.insert(at, fields[to])
        case _:
            fields[at] = b" " * rng.randint(0, 3) + fields[at] + rng.choice((b" ", b"-", b"CR", b"x"))
    lines[line] = delimiter.join(fields)
    return b"\n".join(lines)


def _change_columns(rng: Random, content: bytes) -> bytes:
    """Write over a few characters of a line, so that all others stay in their columns."""
    lines = content.split(b"\n")
    at = rng.randrange(len(lines))
    line, value = lines[at], _draw_value(rng)[:40]
    start = rng.randint(0, len(line))
    lines[at] = line[:start] + value + line[start + len(value) :]
    return b"\n".join(lines)


# --- What a pattern finds ---


def _replace_match(pattern: re.Pattern[bytes], draw: Callable[[Random], bytes]) -> Spoil:
    def spoil_match(rng: Random, content: bytes) -> bytes:
        matches = list(pattern.finditer(content))
        if not matches:
            return content
        match = rng.choice(matches)
        return content[: match.start()] + draw(rng) + content[match.end() :]

    return spoil_match


def _rearrange(pattern: re.Pattern[bytes]) -> Spoil:
    """Return what drops, doubles, nests or swaps whole pieces that the pattern finds."""

    def rearrange(rng: Random, content: bytes) -> bytes:
        matches = list(pattern.finditer(content))
        if not matches:
            return content
        match, other = rng.choice(matches), rng.choice(matches)
        piece = rng.choice((b"", match[0] * 2, match[0] * 30, other[0], match[0] + other[0]))
        return content[: match.start()] + piece + content[match.end() :]

    return rearrange


# --- The whole file ---


def _write_otherwise(rng: Random, content: bytes) -> bytes:
    encoding = rng.choice(_ENCODINGS)
    match rng.randrange(5):
        case 0:
            return content.replace(b"\r\n", b"\n").replace(
                b"\n", rng.choice((b"\r", b"\r\n", b"\n\r", b"\x0b"))
            )
        case 1:
            return content + rng.choice((b"\x1a", b"\n\x1a\n", b"\n" * 2000, b"\x00", b" "))
        case 2:
            return (
                rng.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\n", b" ", b"HDR|1\n", b"\x00"))
                + content
            )
        case 3:
            return content * rng.choice((2, 3, 20))
        case _:
            return content.decode("utf-8", "replace").encode(encoding, "replace")


Weighted = tuple[tuple[Spoil, int], ...]
_CAREFUL: Weighted = (
    (_change_field, 4),
    (_change_columns, 2),
    (_replace_match(_NUMBER, lambda rng: rng.choice(NUMBERS)), 8),
    (_replace_match(_WORD, lambda rng: rng.choice(TEXTS)), 4),
    (_rearrange(_NUMBER), 3),
    (_rearrange(_ELEMENT), 4),
    (_rearrange(_OBJECT), 2),
    (_rearrange(_MEMBER), 2),
    (_rearrange(_SWIFT_FIELD), 4),
    (_rearrange(_LINE), 3),
)
_WEIGHTED: Weighted = (
    (_change_bytes, 4),
    (_change_bit, 4),
    (_drop_bytes, 4),
    (_double_bytes, 3),
    (_move_bytes, 2),
    (_insert_token, 6),
    (_cut, 2),
    (_change_lines, 8),
    (_change_field, 6),
    (_change_columns, 4),
    (_replace_match(_TAG, lambda rng: rng.choice(STRUCTURE)), 3),
    (_replace_match(_MEMBER, lambda rng: b'"extra":' + rng.choice(STRUCTURE)), 3),
    (_rearrange(_TAG), 3),
    (_write_otherwise, 2),
)
