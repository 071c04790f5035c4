"""Values of bar codes to bars: widths in modules, which bars are long, and the text below them.

Not here: QR, PDF417 and Data Matrix (modules in two directions) nor where a bar is drawn (codes.py).

Every function raises ValueError with one clause that says what its kind of code wants.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import zint

# Each is far beyond what a scanner reads; the last is where pdfme's writer stops too.
_MOST_CODE39, _MOST_NW7, _MOST_CODE128 = 80, 100, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Widths of bars and gaps in turn, a bar first and last; ``text`` is what a reader would type.

    ``guards`` are the numbers of the bars that reach down into the text. ``spans`` are, for codes whose bars
    differ in height, bottom and top of each bar as parts of the height.
    """

    widths: tuple[float, ...]
    text: str
    guards: frozenset[int] = frozenset()
    spans: tuple[tuple[float, float], ...] = ()


@lru_cache(maxsize=512)
def encode_bars(kind: str, value: str) -> Bars:
    """Return the bars of a value; ``kind`` is one of BAR_KINDS."""
    return _ENCODERS[kind](value)


# --- EAN and UPC -------------------------------------------------------------------------------------------

_DIGIT_WIDTHS = ("3211", "2221", "2122", "1411", "1132", "1231", "1114", "1312", "1213", "3112")
# Which left digits of an EAN-13 are mirrored says the first digit, of a UPC-E the check digit.
_EAN13_MIRRORED = (
    *("000000", "001011", "001101", "001110", "010011"),
    *("011001", "011100", "010101", "010110", "011010"),
)
_UPCE_MIRRORED = (
    *("111000", "110100", "110010", "110001", "101100"),
    *("100110", "100011", "101010", "101001", "100101"),
)
_EDGE, _MIDDLE, _UPCE_END = "111", "11111", "111111"


def complete_check_digit(digits: str, length: int) -> str:
    """Append the check digit where it is missing, else check it."""
    if not re.fullmatch(r"[0-9]+", digits) or len(digits) not in (length - 1, length):
        raise ValueError(f"wants {length - 1} or {length} digits with a right check digit")
    return _check_digit(digits, length, digits[: length - 1])


def _check_digit(digits: str, length: int, counted: str) -> str:
    """Complete ``digits`` by the check digit of the digits that are counted."""
    weighted = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(counted)))
    right = str(-weighted % 10)
    if len(digits) == length and digits[-1] != right:
        raise ValueError(
            f"wants {length - 1} or {length} digits with a right check digit: here the last should be {right}"
        )
    return digits[: length - 1] + right


def _mirror(digits: str, mirrored: str) -> str:
    return "".join(
        _DIGIT_WIDTHS[int(digit)][:: -1 if turned == "1" else 1]
        for digit, turned in zip(digits, mirrored, strict=True)
    )


def _encode_ean13(value: str) -> Bars:
    digits = complete_check_digit(value, 13)
    left = _mirror(digits[1:7], _EAN13_MIRRORED[int(digits[0])])
    return _join_ean(left, _mirror(digits[7:], "000000"), digits, long_digits=0)


def _encode_ean8(value: str) -> Bars:
    digits = complete_check_digit(value, 8)
    return _join_ean(_mirror(digits[:4], "0000"), _mirror(digits[4:], "0000"), digits, long_digits=0)


def _encode_upca(value: str) -> Bars:
    digits = complete_check_digit(value, 12)
    return _join_ean(_mirror(digits[:6], "000000"), _mirror(digits[6:], "000000"), digits, long_digits=1)


def _join_ean(left: str, right: str, text: str, *, long_digits: int) -> Bars:
    widths = _EDGE + left + _MIDDLE + right + _EDGE
    count, edge, middle = len(widths) // 2 + 1, 2 + 2 * long_digits, len(left) // 2 + 2
    guards = {*range(edge), middle, middle + 1, *range(count - edge, count)}
    return Bars(widths=tuple(map(int, widths)), text=text, guards=frozenset(guards))


def _encode_upce(value: str) -> Bars:
    """Encode seven or eight digits of number system 0.

    pdfme checks the last of eight digits as if it belonged to the seven before, while it belongs to the UPC-A
    that they stand for; it draws no correct code where the two differ. Here the right digit counts.
    """
    if not re.fullmatch(r"0[0-9]{6,7}", value):
        raise ValueError("wants 7 or 8 digits, the first a 0, with a right check digit")
    digits = _check_digit(value, 8, _expand_upce(value))
    widths = _EDGE + _mirror(digits[1:7], _UPCE_MIRRORED[int(digits[7])]) + _UPCE_END
    return Bars(widths=tuple(map(int, widths)), text=digits, guards=frozenset({0, 1, 14, 15, 16}))


def _expand_upce(digits: str) -> str:
    """Return the eleven digits of UPC-A that a UPC-E leaves zeros out of."""
    last = digits[6]
    if last in "012":
        return f"{digits[:3]}{last}0000{digits[3:6]}"
    if last in "34":
        kept = int(last)
        return f"{digits[: kept + 1]}00000{digits[kept + 1 : 6]}"
    return f"{digits[:6]}0000{last}"


# --- Code 128 ----------------------------------------------------------------------------------------------

_CODE128_WIDTHS = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222123122"
    "123221223211221132221231213212223112312131311222321122321221312212322112322211212123212321232121111323"
    "131123131321112313132113132311211313231113231311112133112331132131113123113321133121313121211331231131"
    "213113213311213131311123311321331121312113312311332111314111221411431111111224111422121124121421141122"
    "141221112214112412122114122411142112142211241211221114413111241112134111111242121142121241114212124112"
    "124211411212421112421211212141214121412121111143111341131141114113114311411113411311113141114131311141"
    "411131211412211214211232"
)
_SHIFT, _TO_C, _TO_B, _TO_A, _STOP = 98, 99, 100, 101, "2331112"
_START = {"A": 103, "B": 104, "C": 105}
_FNC4 = -1  # no byte: the next is, or all following are, above 127
_FNC4_CODE = {"A": 101, "B": 100}
# pdfme draws nothing for these, so it would be no use to write their UTF-8 bytes.
_JAPANESE = re.compile("[\u3000\u3005\u3006\u301c\u3040-\u30ff\u3400-\u9fcf\uff01-\uff5e]")


def _encode_code128(value: str) -> Bars:
    if not value or _JAPANESE.search(value):
        raise ValueError("wants at least one character, none of them Japanese or Chinese")
    content = value.encode("utf-8")
    if len(content) > _MOST_CODE128:
        raise ValueError(f"wants at most {_MOST_CODE128} characters")
    codes = _Code128(_insert_fnc4(content)).encode()
    check = (codes[0] + sum(place * code for place, code in enumerate(codes))) % 103
    widths = "".join(_CODE128_WIDTHS[6 * code : 6 * code + 6] for code in (*codes, check)) + _STOP
    return Bars(widths=tuple(map(int, widths)), text=value)


def _insert_fnc4(content: bytes) -> list[int]:
    """Return bytes below 128 with the marks that shift or lock to the upper half and back."""
    runs: list[int] = [0] * (len(content) + 1)
    for place in range(len(content) - 1, -1, -1):
        same = place + 1 < len(content) and (content[place] ^ content[place + 1]) < 128
        runs[place] = 1 + (runs[place + 1] if same else 0)
    message: list[int] = []
    upper = False
    for place, byte in enumerate(content):
        if (byte >= 128) != upper:
            locks = runs[place] >= (3 if place + runs[place] == len(content) else 5)
            message += [_FNC4] * (1 + locks)
            upper ^= locks
        message.append(byte & 127)
    return message


class _Code128:
    """The code sets of one message, chosen by the rules that ISO/IEC 15417 recommends in its annex E."""

    def __init__(self, message: Sequence[int]) -> None:
        self.message = message
        length = len(message)
        self.digits = [0] * (length + 1)
        # How far the next control character (set A alone) and small letter (set B alone) are.
        self.control, self.small = [length + 1] * (length + 1), [length + 1] * (length + 1)
        for place in range(length - 1, -1, -1):
            code = message[place]
            self.digits[place] = self.digits[place + 1] + 1 if 48 <= code <= 57 else 0
            self.control[place] = 0 if 0 <= code < 32 else self.control[place + 1] + 1
            self.small[place] = 0 if code >= 96 else self.small[place + 1] + 1
        self.codes: list[int] = []
        self.place = 0
        self.code_set = self._choose_start()

    def encode(self) -> list[int]:
        """Return the code numbers, start included, without check and stop."""
        self.codes.append(_START[self.code_set])
        while self.place < len(self.message):
            if self.code_set == "C":
                self._step_in_pairs()
            elif self.digits[self.place] >= 4:
                self._step_to_pairs()
            else:
                self._step_in_letters()
        return self.codes

    def _choose_start(self) -> str:
        digits = self.digits[0]
        if digits >= 4 or (digits == 2 and len(self.message) == 2):
            return "C"
        return self._choose_letters(0)

    def _choose_letters(self, place: int) -> str:
        return "A" if self.control[place] < self.small[place] else "B"

    def _step_in_pairs(self) -> None:
        if self.digits[self.place] < 2:
            self.code_set = self._choose_letters(self.place)
            self.codes.append(_TO_A if self.code_set == "A" else _TO_B)
            return
        tens, ones = self.message[self.place : self.place + 2]
        self.codes.append((tens - 48) * 10 + ones - 48)
        self.place += 2

    def _step_to_pairs(self) -> None:
        if self.digits[self.place] % 2:
            self._write(self.code_set)
        if self.digits[self.place] >= 4:
            self.codes.append(_TO_C)
            self.code_set = "C"

    def _step_in_letters(self) -> None:
        foreign, own = (self.control, self.small) if self.code_set == "B" else (self.small, self.control)
        if foreign[self.place]:
            self._write(self.code_set)
            return
        other = "A" if self.code_set == "B" else "B"
        after = self.place + 1
        if after < len(self.message) and own[after] < foreign[after]:
            self.codes.append(_SHIFT)
            self._write(other)
            return
        self.codes.append(_TO_A if other == "A" else _TO_B)
        self.code_set = other

    def _write(self, code_set: str) -> None:
        code = self.message[self.place]
        self.codes.append(_FNC4_CODE[code_set] if code == _FNC4 else code + 64 if code < 32 else code - 32)
        self.place += 1


# --- the rest, by zint -------------------------------------------------------------------------------------


def _encode_code39(value: str) -> Bars:
    if not re.fullmatch(rf"[0-9A-Z\-.$/+% ]{{1,{_MOST_CODE39}}}", value):
        raise ValueError(f"wants 1 to {_MOST_CODE39} digits, capitals, blanks or signs of -.$/+%")
    return Bars(widths=_measure_runs(zint.Symbology.CODE39, value, wide=3), text=f"*{value}*")


def _encode_nw7(value: str) -> Bars:
    if not re.fullmatch(rf"[A-D][0-9.$:/+\-]{{1,{_MOST_NW7}}}[A-D]", value):
        raise ValueError(
            f"wants A, B, C or D at both ends and 1 to {_MOST_NW7} digits or signs of -.$:/+ between"
        )
    return Bars(widths=_measure_runs(zint.Symbology.CODABAR, value, wide=3), text=value)


def _encode_itf14(value: str) -> Bars:
    digits = complete_check_digit(value, 14)
    return Bars(widths=_measure_runs(zint.Symbology.ITF14, digits[:13], wide=3), text=digits)


_MOST_ROWS = 200  # of a zint symbol: its memory holds that many, used or not


def _measure_runs(symbology: zint.Symbology, value: str, *, wide: int) -> tuple[float, ...]:
    """Return the widths that zint gives, its wide ones as wide as pdfme's."""
    (row,) = read_modules(symbology, value)
    return tuple(1 if len(run[0]) == 1 else wide for run in re.finditer(r"1+|0+", row.rstrip("0")))


def read_modules(symbology: zint.Symbology, value: str, **options: object) -> tuple[str, ...]:
    """Return the rows of zint's symbol as strings of 0 and 1; raise ValueError where it refuses or warns."""
    symbol = zint.Symbol()
    symbol.symbology = symbology
    symbol.warn_level = zint.WarningLevel.FAIL_ALL
    for name, option in options.items():
        setattr(symbol, name, option)
    try:
        symbol.encode(value)
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    packed, width = symbol.encoded_data.tobytes(), symbol.width
    stride = len(packed) // _MOST_ROWS
    # Eight modules a byte, the first the lowest bit.
    rows = (packed[start : start + stride] for start in range(0, symbol.rows * stride, stride))
    return tuple(f"{int.from_bytes(row, 'little'):0{8 * stride}b}"[: -width - 1 : -1] for row in rows)


_JAPANPOST_PITCH = (1.44, 1.872)  # bar and gap, in modules
_JAPANPOST_SPANS = {("1", "1"): (0.0, 1.0), ("1", "0"): (0.375, 1.0), ("0", "1"): (0.0, 0.625)}


def _encode_japanpost(value: str) -> Bars:
    """Encode a postcode and the address number behind it.

    Where the sum of all characters divides by 19 pdfme writes the start bars in place of the check character,
    which a sorter refuses; here it is the check character 0.
    """
    wanted = "wants 7 digits and then digits, capitals or -, in all at most 20, capitals counting twice"
    if not re.fullmatch(r"[0-9]{7}[0-9A-Z\-]{1,13}", value):
        raise ValueError(wanted)
    try:
        upper, _, lower = (row[::2] for row in read_modules(zint.Symbology.JAPANPOST, value))
    except ValueError as error:
        raise ValueError(wanted) from error
    spans = tuple(
        _JAPANPOST_SPANS.get((high, low), (0.375, 0.625)) for high, low in zip(upper, lower, strict=True)
    )
    widths = (_JAPANPOST_PITCH * len(spans))[:-1]
    return Bars(widths=widths, text=value, spans=spans)


_ENCODERS: dict[str, Callable[[str], Bars]] = {
    "ean13": _encode_ean13,
    "ean8": _encode_ean8,
    "upca": _encode_upca,
    "upce": _encode_upce,
    "code39": _encode_code39,
    "code128": _encode_code128,
    "nw7": _encode_nw7,
    "itf14": _encode_itf14,
    "japanpost": _encode_japanpost,
}
BAR_KINDS = frozenset(_ENCODERS)
