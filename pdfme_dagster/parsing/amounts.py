"""Amounts as statement files write them: signs, CR and DR marks, thousands separators, implied decimals.

Not here: which field is an amount, nor how amounts are written for people (domain/money.py).
"""

import re
from collections.abc import Callable
from typing import Final, Literal

_AMOUNT = re.compile(
    r"(?P<sign>[+-]?) *"
    # A comma only separates thousands: 12,5 is refused, since its writer may have meant a decimal comma.
    r"(?P<whole>[0-9]+(?:(?:,[0-9]{2,3})*,[0-9]{3})?)"
    r"(?:\.(?P<fraction>[0-9]+))?"
    r" *(?P<mark>CR|DR|C|D|-|\+)?",
    re.IGNORECASE | re.ASCII,
)
_MAX_DIGITS = 18
# So many digits are within the limit whatever they are multiplied by.
PLAIN_DIGITS: Final = 12
_POINT_FOR_COMMA = str.maketrans(",.", ".,")

# What a minus says of an amount: on a card statement that it is a credit, on an account's that it is a debit.
Negative = Literal["credit", "debit"]
# A magnitude in minor units, and whether it is a credit: None when the text itself does not say. A plain
# tuple, since a named one costs as much to make as the number costs to read.
Amount = tuple[int, bool | None]


def read_amount(
    text: str, implied_decimals: int, decimals: int, *, point: str = ".", negative: Negative = "credit"
) -> Amount | None:
    """Read an amount into minor units of a currency with ``decimals``; None when the field is empty.

    Without a decimal point the last ``implied_decimals`` digits are decimals; with one, the value is as
    written. ``point`` "," reads 1.234,50. ValueError, its text completing "amount x …", when it cannot be
    read without guessing.
    """
    text = text.strip()
    if not text:
        return None
    match = _AMOUNT.fullmatch(text.translate(_POINT_FOR_COMMA) if point == "," else text)
    if match is None:
        raise ValueError("is not a number")
    sign, whole, fraction, mark = match.groups()
    digits = whole.replace(",", "")
    if fraction is None:
        minor = _to_minor(digits, implied_decimals, decimals)
    else:
        minor = _to_minor(digits + fraction, len(fraction), decimals)
    return minor, _read_direction(sign, mark, negative)


def compile_amount(
    implied_decimals: int, decimals: int, *, point: str = ".", negative: Negative = "credit"
) -> Callable[[bytes], Amount | None]:
    """Return ``read_amount`` for UTF-8 fields of one kind, with a short way for plain digits."""
    factor = plain_factor(implied_decimals, decimals)
    divisor = 10 ** max(implied_decimals - decimals, 0)
    separator = point.encode()

    def read(raw: bytes) -> Amount | None:
        # bytes.isdigit knows ASCII digits only.
        if len(raw) <= PLAIN_DIGITS:
            if raw.isdigit():
                minor, lost = (int(raw) * factor, 0) if factor else divmod(int(raw), divisor)
                if not lost:
                    return minor, None
            else:
                whole, _, fraction = raw.partition(separator)
                if (
                    whole
                    and decimals
                    and len(fraction) == decimals
                    and (digits := whole + fraction).isdigit()
                ):
                    return int(digits), None
        return read_amount(raw.decode(), implied_decimals, decimals, point=point, negative=negative)

    return read


def plain_factor(implied_decimals: int, decimals: int) -> int:
    """Return what makes plain digits minor units, 0 when that takes more than multiplying."""
    return 10 ** (decimals - implied_decimals) if decimals >= implied_decimals else 0


def _to_minor(digits: str, written_decimals: int, decimals: int) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"has more than {_MAX_DIGITS} digits")
    missing = decimals - written_decimals
    if missing >= 0:
        return int(digits + "0" * missing)
    minor, lost = int(digits[:missing] or "0"), digits[missing:]
    if lost.strip("0"):
        raise ValueError(f"has more than the {decimals} decimals of its currency")
    return minor


_MARKS: Final = {"CR": True, "C": True, "DR": False, "D": False}


def _read_direction(sign: str, mark: str | None, negative: Negative) -> bool | None:
    """Return True for a credit. A plus in front says nothing against a mark behind, a minus does."""
    signs = {"-": negative == "credit", "+": negative == "debit"}
    if mark is None:
        return signs[sign] if sign else None
    credit = {**_MARKS, **signs}[mark.upper()]
    if sign == "-" and credit is not signs["-"]:
        raise ValueError("has two opposite signs")
    return credit
