"""PDF417: a text to the modules of its symbol, the very symbol that pdfme draws.

Not here: where and how large it is drawn (codes.py), nor the patterns of the codewords (pdf417_patterns.py).

The symbol follows ISO/IEC 15438. The choices that the standard leaves open (how a text is cut into modes, how
many columns, how much error correction) are those of pdfme's bar code writer; zint's are others.
"""

import math
import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise

from pdfme_dagster.rendering.pdf417_patterns import load_patterns

# What pdfme takes; a symbol of 925 codewords is full before that with most texts.
MOST_CHARACTERS = 1000

_FIELD = 929  # the number of codewords, a prime
_MOST_CODEWORDS, _MOST_COUNTED = 926, 928  # of text, and with their count and padding
_TO_TEXT, _TO_BYTES, _TO_NUMBER, _BYTE, _TO_WHOLE_BYTES, _PADDING = 900, 901, 902, 913, 924, 900
_LEAST_DIGITS, _LEAST_ALL_DIGITS, _LEAST_TEXT = 13, 8, 5
_START, _STOP = "11111111010101000", "111111101000101001"

# The four alphabets of text mode, capitals, small letters, signs, and more signs; a place is a value.
_ALPHABETS = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ ",
    "abcdefghijklmnopqrstuvwxyz ",
    "0123456789&\r\t,:#-.$/+%*=^\0 ",
    ";<>@[\\]_`~!\r\t,:\n-.$/\"|*()?{}'",
)
_CAPITALS, _SMALL, _SIGNS, _MORE = range(4)
_LETTERS: tuple[dict[int, int], ...] = tuple(
    {ord(letter): value for value, letter in enumerate(alphabet) if letter != "\0"} for alphabet in _ALPHABETS
)
_TEXT = frozenset(letter for alphabet in _LETTERS for letter in alphabet)
# The values that lock to another alphabet, and those that shift to it for one letter.
_LOCKS: tuple[tuple[tuple[int, ...], ...], ...] = (
    ((), (27,), (28,), (28, 25)),
    ((28, 28), (), (28,), (28, 25)),
    ((28,), (27,), (), (25,)),
    ((29,), (29, 27), (29, 28), ()),
)
_SHIFTS = {(_CAPITALS, _MORE): 29, (_SMALL, _CAPITALS): 27, (_SMALL, _MORE): 29, (_SIGNS, _MORE): 29}
_PAD = 29  # a shift with nothing to shift; from the last alphabet it locks to capitals


@lru_cache(maxsize=256)
def encode_pdf417(text: str) -> tuple[str, ...]:
    """Return the rows of a text's symbol as strings of 0 and 1, without quiet zone.

    A row is three modules high. Raise ValueError where the text does not fit.
    """
    message = _write_message(text.encode("utf-8"))
    columns, rows, level = _choose_size(min(len(message), _MOST_CODEWORDS))
    checks = _count_checks(level)
    length = columns * rows - checks
    if len(message) > _MOST_CODEWORDS or length > _MOST_COUNTED:
        raise ValueError("holds less text than this: up to 1800 letters, 2600 digits or 1100 bytes")
    codewords = [length, *message, *[_PADDING] * (length - 1 - len(message))]
    codewords += _compute_checks(codewords, checks)
    return tuple(_write_rows(codewords, columns, rows, level))


# --- the text as codewords ---------------------------------------------------------------------------------


def _write_message(content: bytes) -> list[int]:
    codewords: list[int] = []
    mode, alphabet = _TO_TEXT, _CAPITALS
    for kind, part in _split_modes(content):
        if kind == _TO_TEXT:
            if mode != _TO_TEXT:
                codewords.append(_TO_TEXT)
                alphabet = _CAPITALS
            values, alphabet = _write_text(part, alphabet)
            codewords += (high * 30 + low for high, low in zip(values[::2], values[1::2], strict=True))
        elif kind == _TO_BYTES and len(part) == 1 and mode == _TO_TEXT:
            codewords += (_BYTE, part[0])
            continue
        else:
            codewords += _write_number(part) if kind == _TO_NUMBER else _write_bytes(part)
        mode = kind
    return codewords


def _split_modes(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Cut a text where the mode changes: long numbers, text of five letters or more, and bytes."""
    if content.isdigit() and len(content) >= _LEAST_ALL_DIGITS:
        yield _TO_NUMBER, content
        return
    kinds = list(_classify(content))
    starts = [0, *(place for place in range(1, len(kinds)) if kinds[place] != kinds[place - 1]), len(kinds)]
    for start, end in pairwise(starts):
        yield kinds[start], content[start:end]


def _classify(content: bytes) -> Iterator[int]:
    """Yield the mode of each byte."""
    letters = "".join("d" if 48 <= byte <= 57 else "t" if byte in _TEXT else "b" for byte in content)
    # Digits that are not enough for a number are text, though never the last of a longer run.
    marked = re.sub(rf"d{{{_LEAST_DIGITS},}}", lambda run: "n" * len(run[0]), letters)
    marked = re.sub(rf"[dt]{{{_LEAST_TEXT},}}", lambda run: "T" * len(run[0]), marked)
    return (_TO_NUMBER if mark == "n" else _TO_TEXT if mark == "T" else _TO_BYTES for mark in marked)


def _write_number(digits: bytes) -> Iterator[int]:
    yield _TO_NUMBER
    for start in range(0, len(digits), 44):
        value = int(b"1" + digits[start : start + 44])
        yield from _split_number(value, 1 + int(math.log(value, 900)))


def _split_number(value: int, count: int) -> list[int]:
    parts: list[int] = []
    while value or len(parts) < count:
        value, part = divmod(value, 900)
        parts.append(part)
    return parts[::-1]


def _write_bytes(part: bytes) -> Iterator[int]:
    whole = len(part) - len(part) % 6
    yield _TO_WHOLE_BYTES if whole == len(part) else _TO_BYTES
    for start in range(0, whole, 6):
        yield from _split_number(int.from_bytes(part[start : start + 6], "big"), 5)
    yield from part[whole:]


# A way through the alphabets: how many values it takes, and the values, the last first.
_Values = tuple[int, "_Values"] | None
_Way = tuple[int, _Values]
_NO_WAY: _Way = (1 << 30, None)


def _write_text(part: bytes, alphabet: int) -> tuple[list[int], int]:
    """Return an even number of values, as few as can be, and the alphabet after them."""
    ways = [_NO_WAY] * 4
    ways[alphabet] = (0, None)
    for letter in part:
        ways = _add_letter(_lock_alphabets(ways), letter)
    end = min(range(4), key=lambda number: ways[number][0])
    values: list[int] = []
    rest = ways[end][1]
    while rest is not None:
        value, rest = rest
        values.append(value)
    values.reverse()
    if len(values) % 2:
        values.append(_PAD)
        end = _CAPITALS if end == _MORE else end
    return values, end


def _lock_alphabets(ways: list[_Way]) -> list[_Way]:
    """Let every alphabet be reached by locks where that is shorter."""
    ways = list(ways)
    better = True
    while better:
        better = False
        for start in range(4):
            for end in range(4):
                locked = _extend(ways[start], _LOCKS[start][end])
                if locked[0] < ways[end][0]:
                    ways[end] = locked
                    better = True
    return ways


def _add_letter(ways: list[_Way], letter: int) -> list[_Way]:
    """Write a letter in every alphabet that has it, or by a shift; of equal ways the first stays."""
    longer = [_NO_WAY] * 4
    for alphabet in range(4):
        value = _LETTERS[alphabet].get(letter)
        if value is None:
            continue
        _keep_shorter(longer, alphabet, _extend(ways[alphabet], (value,)))
        for start in range(4):
            shift = _SHIFTS.get((start, alphabet))
            if shift is not None:
                _keep_shorter(longer, start, _extend(ways[start], (shift, value)))
    return longer


def _keep_shorter(ways: list[_Way], alphabet: int, way: _Way) -> None:
    if way[0] < ways[alphabet][0]:
        ways[alphabet] = way


def _extend(way: _Way, values: Sequence[int]) -> _Way:
    length, written = way
    for value in values:
        written = (value, written)
    return length + len(values), written


# --- size and error correction -----------------------------------------------------------------------------


def _choose_size(length: int) -> tuple[int, int, int]:
    """Return columns, rows and the error correction level for so many codewords of message."""
    advised = 2 + (length > 40) + (length > 160) + (length > 320)
    level = min(advised, _find_level(_FIELD - 2 - length))
    needed = length + _count_checks(level)
    columns = max(1, math.floor(math.sqrt(needed / 3) + 0.5))
    rows = max(3, -(-(needed + 1) // columns))
    return columns, rows, max(level, min(8, _find_level(columns * rows - 1 - length)))


def _find_level(room: int) -> int:
    """Return the highest level whose error correction fits into so many codewords."""
    return room.bit_length() - 2


def _count_checks(level: int) -> int:
    """Return how many codewords a level takes; level -1, for a symbol all but full, takes one."""
    return 1 << level + 1


def _compute_checks(codewords: Sequence[int], count: int) -> list[int]:
    """Return the Reed-Solomon codewords over the field of 929 elements."""
    generator = _build_generator(count)
    register = [0] * count
    for codeword in codewords:
        factor = codeword + register[0]
        register = [
            (kept - factor * part) % _FIELD for kept, part in zip((*register[1:], 0), generator, strict=True)
        ]
    return [-kept % _FIELD for kept in register]


@cache
def _build_generator(count: int) -> tuple[int, ...]:
    """Return the generator polynomial without its leading 1, highest power first."""
    generator = [1]
    root = 1
    for _ in range(count):
        root = root * 3 % _FIELD
        shifted = [*generator, 0]
        for place, factor in enumerate(generator):
            shifted[place + 1] = (shifted[place + 1] - factor * root) % _FIELD
        generator = shifted
    return tuple(generator[1:])


def _write_rows(codewords: Sequence[int], columns: int, rows: int, level: int) -> Iterator[str]:
    clusters = load_patterns()
    facts = ((rows - 1) // 3, level * 3 + (rows - 1) % 3, columns - 1)
    for row in range(rows):
        cluster = clusters[row % 3]
        left, right = (row // 3 * 30 + facts[(row + turn) % 3] for turn in (0, 2))
        line = codewords[row * columns : (row + 1) * columns]
        yield _START + "".join(cluster[codeword] for codeword in (left, *line, right)) + _STOP
