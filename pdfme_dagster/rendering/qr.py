"""QR codes: a text to the modules of its symbol, the very symbol that pdfme draws.

Not here: where and how large it is drawn (codes.py).

The symbol follows ISO/IEC 18004, error correction M, raised as far as the version allows. Where the standard
leaves a choice (how a text is cut into modes, how masks are judged) it is that of pdfme's bar code writer, or
the pictures would differ. Libraries do not serve here: segno pads a message that ends on a byte with a byte
too many, zint cuts texts otherwise.

One difference is on purpose: that writer takes pairs of UTF-8 bytes for Shift-JIS and puts them in kanji
mode, and scanners then show other letters. Here such letters stay bytes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain, zip_longest
from typing import Literal

# pdfme takes up to 499 UTF-16 units, at most three bytes each: they fit into version 33.
MOST_CHARACTERS = 499

_Mode = Literal["N", "A", "B"]
_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {ord(character): value for value, character in enumerate(_ALPHANUMERIC)}
_MODE_BITS = {"N": 0b0001, "A": 0b0010, "B": 0b0100}
# Width of the character count by mode; versions 1 to 9, 10 to 26, 27 to 40.
_COUNT_BITS = {"N": (10, 12, 14), "A": (9, 11, 13), "B": (8, 16, 16)}

# Per version: error correction bytes of a block and the number of blocks, for levels M, Q, H (ISO/IEC 18004,
# table 9).
# fmt: off
_CHECKS_M = (
    10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26,
    26, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
)
_BLOCKS_M = (
    1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16,
    17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33, 35, 37, 38, 40, 43, 45, 47, 49,
)
_CHECKS_Q = (
    13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30,
    28, 30, 30, 30, 30, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
)
_BLOCKS_Q = (
    1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20,
    23, 23, 25, 27, 29, 34, 34, 35, 38, 40, 43, 45, 48, 51, 53, 56, 59, 62, 65, 68,
)
_CHECKS_H = (
    17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28,
    30, 24, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
)
_BLOCKS_H = (
    1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25,
    25, 34, 30, 32, 35, 37, 40, 42, 45, 48, 51, 54, 57, 60, 63, 66, 70, 74, 77, 81,
)
# fmt: on
# With the bits that a level has in the format information.
_LEVELS = ((0b00, _CHECKS_M, _BLOCKS_M), (0b11, _CHECKS_Q, _BLOCKS_Q), (0b10, _CHECKS_H, _BLOCKS_H))

_MASKS: tuple[Callable[[int, int], int], ...] = (
    lambda x, y: (x + y) % 2,
    lambda _, y: y % 2,
    lambda x, _: x % 3,
    lambda x, y: (x + y) % 3,
    lambda x, y: (x // 3 + y // 2) % 2,
    lambda x, y: x * y % 2 + x * y % 3,
    lambda x, y: (x * y % 2 + x * y % 3) % 2,
    lambda x, y: (x * y % 3 + (x + y) % 2) % 2,
)


@lru_cache(maxsize=512)
def encode_qr(text: str) -> tuple[str, ...]:
    """Return the rows of a text's symbol as strings of 0 and 1, without quiet zone.

    Raise ValueError where no version holds the text.
    """
    content = text.encode("utf-8")
    version, level, bits = _choose_version(content)
    frame = _build_frame(version)
    stream = "".join(f"{byte:08b}" for byte in _protect(_pad(bits, version, level), version, level))
    cells = list(frame.cells)
    for place, bit in zip(frame.order, stream, strict=False):
        cells[place] = bit
    plain = "".join(cells)
    mask = _choose_mask(plain, frame)
    masked = f"{int(plain, 2) ^ frame.masks[mask]:0{frame.size**2}b}"
    return _write_format(masked, frame.size, version, _LEVELS[level][0] << 3 | mask)


# --- the text as bits --------------------------------------------------------------------------------------


class _Runs:
    """How far digits, capitals (with the nine signs of that mode) and other bytes reach from each place."""

    def __init__(self, content: bytes) -> None:
        self.length = len(content)
        self.kinds: list[_Mode] = [_classify(byte) for byte in content]
        self.reach = [0] * (self.length + 1)
        self.either = [0] * (self.length + 1)  # digits or capitals
        for place in range(self.length - 1, -1, -1):
            same = place + 1 < self.length and self.kinds[place + 1] == self.kinds[place]
            self.reach[place] = 1 + (self.reach[place + 1] if same else 0)
            self.either[place] = 0 if self.kinds[place] == "B" else 1 + self.either[place + 1]

    def count(self, kind: _Mode, place: int) -> int:
        """Return how many bytes of this kind start here."""
        return self.reach[place] if place < self.length and self.kinds[place] == kind else 0

    def follows(self, kind: _Mode, place: int, least: int, then: _Mode | None) -> bool:
        """Tell whether at least so many of this kind stand here, and then this kind, None for the end."""
        count = self.count(kind, place)
        return count >= least and self._is_at(place + count, then)

    def either_follows(self, place: int, least: int, then: _Mode | None) -> bool:
        """Tell the same of digits and capitals taken together."""
        return self.either[place] >= least and self._is_at(place + self.either[place], then)

    def has_few_digits(self, place: int, limit: int) -> bool:
        """Tell whether the next run of digits, if any, is shorter than the limit."""
        while place < self.length and self.kinds[place] != "N":
            place += self.reach[place]
        return place >= self.length or self.reach[place] < limit

    def _is_at(self, place: int, kind: _Mode | None) -> bool:
        return place >= self.length if kind is None else place < self.length and self.kinds[place] == kind


def _classify(byte: int) -> _Mode:
    if 48 <= byte <= 57:
        return "N"
    return "A" if byte in _VALUES else "B"


# From how many characters on a change of mode pays, for the three groups of versions.
_Thresholds = tuple[int, int, int]
_START_DIGITS_BYTES: _Thresholds = (4, 4, 5)
_DIGITS_IN_CAPITALS_END: _Thresholds = (7, 8, 9)
_DIGITS_IN_CAPITALS: _Thresholds = (13, 15, 17)
_DIGITS_IN_CAPITALS_BYTES: _Thresholds = (13, 17, 18)
_CAPITALS_IN_BYTES: _Thresholds = (11, 15, 16)
_CAPITALS_IN_BYTES_DIGITS: _Thresholds = (12, 13, 15)
_CAPITALS_IN_BYTES_END: _Thresholds = (6, 7, 8)
_DIGITS_IN_BYTES: _Thresholds = (6, 8, 9)
_DIGITS_IN_BYTES_CAPITALS: _Thresholds = (6, 7, 8)
_DIGITS_IN_BYTES_END: _Thresholds = (3, 4, 4)


def _start_mode(runs: _Runs, at: int, group: int) -> _Mode:
    if runs.follows("N", at, _START_DIGITS_BYTES[group], "B"):
        return "N"
    if runs.follows("N", at, 1, "B"):
        return "B"
    if runs.follows("N", at, _DIGITS_IN_CAPITALS_END[group], "A") or runs.follows("N", at, 1, None):
        return "N"
    capitals = runs.either_follows(at, _CAPITALS_IN_BYTES_END[group], "B") or runs.either_follows(at, 1, None)
    return "A" if capitals else "B"


def _leave_bytes(runs: _Runs, at: int, group: int) -> _Mode:
    if (
        runs.follows("A", at, _CAPITALS_IN_BYTES[group], "B")
        or runs.follows("A", at, _CAPITALS_IN_BYTES_DIGITS[group], "N")
        or runs.follows("A", at, _CAPITALS_IN_BYTES_END[group], None)
    ):
        return "A"
    if (
        runs.follows("N", at, _DIGITS_IN_BYTES[group], "B")
        or runs.follows("N", at, _DIGITS_IN_BYTES_CAPITALS[group], "A")
        or runs.follows("N", at, _DIGITS_IN_BYTES_END[group], None)
    ):
        return "N"
    mixed_end = (
        runs.either_follows(at, _CAPITALS_IN_BYTES_END[group], None)
        and runs.either[at] <= _CAPITALS_IN_BYTES_DIGITS[group]
        and runs.has_few_digits(at, _DIGITS_IN_BYTES_CAPITALS[group])
    )
    return "A" if mixed_end else "B"


def _leave_capitals(runs: _Runs, at: int, group: int) -> _Mode:
    if runs.kinds[at] == "B":
        return "B"
    digits = (
        runs.follows("N", at, _DIGITS_IN_CAPITALS[group], "A")
        or runs.follows("N", at, _DIGITS_IN_CAPITALS_BYTES[group], "B")
        or runs.follows("N", at, _DIGITS_IN_CAPITALS_END[group], None)
    )
    return "N" if digits else "A"


def _choose_mode(mode: _Mode | None, runs: _Runs, at: int, group: int) -> _Mode:
    if mode is None:
        return _start_mode(runs, at, group)
    if mode == "B":
        return _leave_bytes(runs, at, group)
    return _leave_capitals(runs, at, group) if mode == "A" else runs.kinds[at]


def _split_modes(content: bytes, group: int) -> list[tuple[_Mode, bytes]]:
    """Cut a text into runs of one mode; what pays depends on the group of versions."""
    runs = _Runs(content)
    parts: list[tuple[_Mode, int]] = []
    mode: _Mode | None = None
    at = 0
    while at < runs.length:
        chosen = _choose_mode(mode, runs, at, group)
        if chosen == mode:
            at += 1
            parts[-1] = (chosen, at)
            continue
        mode = chosen
        at += runs.count(mode, at)
        parts.append((mode, at))
    starts = [0, *(end for _, end in parts)]
    return [(kind, content[start:end]) for (kind, end), start in zip(parts, starts, strict=False)]


def _write_digits(part: bytes) -> Iterator[str]:
    for start in range(0, len(part), 3):
        chunk = part[start : start + 3]
        yield f"{int(chunk):0{(0, 4, 7, 10)[len(chunk)]}b}"


def _write_capitals(part: bytes) -> Iterator[str]:
    values = [_VALUES[byte] for byte in part]
    for start in range(0, len(values) - 1, 2):
        yield f"{values[start] * 45 + values[start + 1]:011b}"
    if len(values) % 2:
        yield f"{values[-1]:06b}"


def _write_bytes(part: bytes) -> Iterator[str]:
    return (f"{byte:08b}" for byte in part)


_WRITERS: dict[_Mode, Callable[[bytes], Iterator[str]]] = {
    "N": _write_digits,
    "A": _write_capitals,
    "B": _write_bytes,
}


def _write_message(content: bytes, group: int) -> str | None:
    """Return the unpadded bits; None where a run is longer than its count can say."""
    bits: list[str] = []
    for mode, part in _split_modes(content, group):
        width = _COUNT_BITS[mode][group]
        if len(part) >= 1 << width:
            return None
        bits += (f"{_MODE_BITS[mode]:04b}{len(part):0{width}b}", *_WRITERS[mode](part))
    return "".join(bits)


# --- versions, padding and error correction ----------------------------------------------------------------


def _count_raw_bits(version: int) -> int:
    """Return how many modules of a version carry data or error correction."""
    bits = (16 * version + 128) * version + 64
    if version > 1:
        alignments = version // 7 + 2
        bits -= (25 * alignments - 10) * alignments - 55
    return bits - 36 if version > 6 else bits


def _count_data_bytes(version: int, level: int) -> int:
    _, correction, blocks = _LEVELS[level]
    return _count_raw_bits(version) // 8 - correction[version - 1] * blocks[version - 1]


def _choose_version(content: bytes) -> tuple[int, int, str]:
    """Return the smallest version with level M, the highest level it still has room for, and the bits."""
    messages = [_write_message(content, group) for group in range(3)]
    for version in range(1, 41):
        bits = messages[(version > 9) + (version > 26)]
        if bits is None or len(bits) > 8 * _count_data_bytes(version, 0):
            continue
        fitting = [level for level in range(3) if len(bits) <= 8 * _count_data_bytes(version, level)]
        return version, fitting[-1], bits
    raise ValueError("no QR code holds a text this long")


def _pad(bits: str, version: int, level: int) -> bytes:
    size = _count_data_bytes(version, level)
    bits += "0000"[: 8 * size - len(bits)]
    message = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    return message + (b"\xec\x11" * size)[: size - len(message)]


def _protect(message: bytes, version: int, level: int) -> bytes:
    """Cut the message into blocks, add error correction to each, and interleave them."""
    _, correction, counts = _LEVELS[level]
    count, check_bytes = counts[version - 1], correction[version - 1]
    short, longer = divmod(len(message), count)
    blocks, start = [], 0
    for number in range(count):
        end = start + short + (number >= count - longer)
        blocks.append(message[start:end])
        start = end
    checks = [_compute_checks(block, check_bytes) for block in blocks]
    columns = chain(zip_longest(*blocks), zip(*checks, strict=True))
    return bytes(byte for column in columns for byte in column if byte is not None)


def _compute_checks(block: bytes, count: int) -> bytes:
    """Return the Reed-Solomon remainder of a block; the register is one integer, highest byte first."""
    table = _tabulate_generator(count)
    kept, shift = (1 << 8 * count) - 1, 8 * (count - 1)
    register = 0
    for byte in block:
        register = (register << 8 & kept) ^ table[byte ^ register >> shift]
    return register.to_bytes(count, "big")


@cache
def _tabulate_generator(count: int) -> tuple[int, ...]:
    """Return the generator polynomial of this many check bytes times every byte, each as one integer."""
    generator = [1]
    root = 1
    for _ in range(count):
        shifted = [*generator, 0]
        for place, factor in enumerate(generator):
            shifted[place + 1] ^= _multiply(factor, root)
        generator, root = shifted, _multiply(root, 2)
    table = [0] * 256
    for bit in range(8):
        table[1 << bit] = int.from_bytes(
            bytes(_multiply(factor, 1 << bit) for factor in generator[1:]), "big"
        )
    for byte in range(256):
        table[byte] = table[byte & byte - 1] ^ table[byte & -byte]
    return tuple(table)


def _multiply(left: int, right: int) -> int:
    """Multiply in the field of 256 elements of ISO/IEC 18004."""
    product = 0
    while right:
        if right & 1:
            product ^= left
        left = left << 1 ^ (0x11D if left & 0x80 else 0)
        right >>= 1
    return product


# --- the symbol --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What all symbols of a version share.

    ``cells`` are its modules row by row, those of the data 0; ``order`` are the places of the data's bits;
    ``masks`` flip data modules, as integers of all modules with the first highest.
    """

    size: int
    cells: str
    order: tuple[int, ...]
    masks: tuple[int, ...]


@cache
def _build_frame(version: int) -> _Frame:
    size = 4 * version + 17
    cells = [""] * size**2
    _draw_timing(cells, size)
    for left, top in ((0, 0), (size - 7, 0), (0, size - 7)):
        _draw_finder(cells, size, left, top)
    _draw_alignments(cells, size, version)
    _reserve_format(cells, size, version)
    order = tuple(place for place in _walk_columns(size) if not cells[place])
    masks = tuple(_lay_mask(mask, cells, size) for mask in _MASKS)
    return _Frame(size=size, cells="".join(cell or "0" for cell in cells), order=order, masks=masks)


def _draw_timing(cells: list[str], size: int) -> None:
    for place in range(8, size - 8):
        cells[6 * size + place] = cells[place * size + 6] = "10"[place % 2]


def _draw_finder(cells: list[str], size: int, left: int, top: int) -> None:
    """Draw one of the three corner squares with the light line around it."""
    for y in range(max(top - 1, 0), min(top + 8, size)):
        for x in range(max(left - 1, 0), min(left + 8, size)):
            ring = max(abs(x - left - 3), abs(y - top - 3))
            cells[y * size + x] = "01"[ring not in (2, 4)]


def _draw_alignments(cells: list[str], size: int, version: int) -> None:
    centres = _list_alignments(size, version)
    corners = {(6, 6), (6, size - 7), (size - 7, 6)}
    for y in centres:
        for x in centres:
            if (x, y) not in corners:
                _draw_alignment(cells, size, x, y)


def _draw_alignment(cells: list[str], size: int, x: int, y: int) -> None:
    for down in range(-2, 3):
        for right in range(-2, 3):
            dark = max(abs(down), abs(right)) != 1
            cells[(y + down) * size + x + right] = "01"[dark]


def _list_alignments(size: int, version: int) -> list[int]:
    if version == 1:
        return []
    count = version // 7 + 2
    # Version 32 is the one that the rule of even steps does not give.
    step = 26 if version == 32 else -(-(size - 13) // (2 * count - 2)) * 2
    return [6, *sorted(size - 7 - step * number for number in range(count - 1))]


def _reserve_format(cells: list[str], size: int, version: int) -> None:
    """Keep the places of format and version; dark and light as the masks are judged with them."""
    for pair in _place_format(size):
        for place in pair:
            cells[place] = "1"
    for pair in _place_version(size, version):
        for place in pair:
            cells[place] = "0"
    cells[(size - 8) * size + 8] = "0"


def _place_format(size: int) -> list[tuple[int, int]]:
    """Return both places of each of the 15 format bits, the highest first."""
    near = [(x, 8) for x in (0, 1, 2, 3, 4, 5, 7, 8)] + [(8, y) for y in (7, 5, 4, 3, 2, 1, 0)]
    far = [(8, size - 1 - down) for down in range(7)] + [(size - 8 + right, 8) for right in range(8)]
    return [(y * size + x, v * size + u) for (x, y), (u, v) in zip(near, far, strict=True)]


def _place_version(size: int, version: int) -> list[tuple[int, int]]:
    """Return both places of each of the 18 version bits, the highest first; small versions have none."""
    if version < 7:
        return []
    spots = [(size - 11 + bit % 3, bit // 3) for bit in range(17, -1, -1)]
    return [(x * size + y, y * size + x) for x, y in spots]


def _walk_columns(size: int) -> Iterator[int]:
    """Yield the places in the order of the data: pairs of columns from the right, upwards first."""
    upwards = True
    for right in (*range(size - 1, 6, -2), 5, 3, 1):
        for y in range(size - 1, -1, -1) if upwards else range(size):
            yield y * size + right
            yield y * size + right - 1
        upwards = not upwards


def _lay_mask(mask: Callable[[int, int], int], cells: list[str], size: int) -> int:
    bits = (
        "1" if not cell and mask(place % size, place // size) == 0 else "0"
        for place, cell in enumerate(cells)
    )
    return int("".join(bits), 2)


# --- masks -------------------------------------------------------------------------------------------------


def _choose_mask(plain: str, frame: _Frame) -> int:
    """Return the first mask whose symbol scores lowest."""
    modules = int(plain, 2)
    scores = [_score(modules ^ mask, frame.size) for mask in frame.masks]
    return scores.index(min(scores))


def _score(modules: int, size: int) -> int:
    """Return the penalty of a symbol as ISO/IEC 18004 counts it, with format and version not yet written."""
    dark = modules.bit_count()
    balance = abs(dark * 100 - 50 * size**2) // (5 * size**2) * 10
    text = f"{modules:0{size**2}b}"
    rows = [text[start : start + size] for start in range(0, size**2, size)]
    columns = [text[start::size] for start in range(size)]
    return balance + _score_blocks(modules, size) + _score_lines(rows, size) + _score_lines(columns, size)


def _score_blocks(modules: int, size: int) -> int:
    """Return three for each square of two by two equal modules."""
    inner = _repeat((1 << size - 1) - 1, size, size - 1)
    across = ~(modules ^ modules >> 1)
    down = ~(modules ^ modules >> size)
    return 3 * (across & across >> size & down & inner).bit_count()


@cache
def _repeat(pattern: int, stride: int, times: int) -> int:
    return sum(pattern << stride * number for number in range(times))


def _score_lines(lines: list[str], size: int) -> int:
    """Return the penalties of runs of five or more and of finder-like patterns, for all rows or columns.

    The lines stand in one integer, with light modules between them: wider than any part of a pattern.
    """
    gap = size // 7 + 4
    stride = size + gap
    dark = int(("0" * gap).join(lines) + "0" * gap, 2)
    light = _repeat((1 << size) - 1, stride, size) << gap & ~dark
    return _score_runs(dark) + _score_runs(light) + _score_finders(dark, size)


def _score_runs(modules: int) -> int:
    """Return three for each run of five, and one more for each module beyond."""
    twos = modules & modules >> 1
    fives = twos & twos >> 2 & modules >> 4
    starts = fives & ~(fives << 1)
    return fives.bit_count() + 2 * starts.bit_count()


def _score_finders(dark: int, size: int) -> int:
    """Return forty for each dark 1:1:3:1:1 pattern of any width with four light modules before or after."""
    light = ~dark
    four = light & light >> 1
    four &= four >> 2
    count = 0
    for width in range(1, size // 7 + 1):
        ends = _match_pattern(dark, light, width)
        if ends:
            before, after = four >> 7 * width, four << 4
            count += (ends & (before | after)).bit_count()
    return 40 * count


def _match_pattern(dark: int, light: int, width: int) -> int:
    """Return where (at the last module) a pattern of this width ."""
    dark_run, light_run = dark, light
    for step in range(1, width):
        dark_run &= dark >> step
        light_run &= light >> step
    found = dark_run & light_run >> width & dark_run >> 6 * width & light_run >> 5 * width
    found &= dark_run >> 2 * width & dark_run >> 3 * width & dark_run >> 4 * width
    return found & light << 1 & light >> 7 * width


def _write_format(modules: str, size: int, version: int, format_bits: int) -> tuple[str, ...]:
    """Write level, mask and version into a masked symbol and cut it into rows."""
    cells = list(modules)
    cells[(size - 8) * size + 8] = "1"
    written = (format_bits << 10 | _divide(format_bits << 10, 0x537)) ^ 0x5412
    for bit, pair in zip(f"{written:015b}", _place_format(size), strict=True):
        for place in pair:
            cells[place] = bit
    numbered = version << 12 | _divide(version << 12, 0x1F25)
    for bit, pair in zip(f"{numbered:018b}", _place_version(size, version), strict=False):
        for place in pair:
            cells[place] = bit
    return tuple("".join(cells[start : start + size]) for start in range(0, size**2, size))


def _divide(value: int, polynomial: int) -> int:
    """Return the remainder of a division of polynomials over two elements."""
    while value.bit_length() >= polynomial.bit_length():
        value ^= polynomial << value.bit_length() - polynomial.bit_length()
    return value
