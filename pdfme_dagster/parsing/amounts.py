"""Amounts as statement files write them: signs, CR and DR marks, thousands separators, implied decimals.

Not here: which field is an amount, nor how amounts are written for people (domain/money.py).
"""

import re

_AMOUNT = re.compile(
    r"(?P<sign>[+-]?) *"
    # A comma only separates thousands: 12,5 is refused, since its writer may have meant a decimal comma.
    r"(?P<whole>[0-9]+(?:(?:,[0-9]{2,3})*,[0-9]{3})?)"
    r"(?:\.(?P<fraction>[0-9]+))?"
    r" *(?P<mark>CR|DR|C|D|-|\+)?",
    re.IGNORECASE | re.ASCII,
)
_CREDIT_MARKS = {"-": True, "CR": True, "C": True, "+": False, "DR": False, "D": False}
_MAX_DIGITS = 18


# A magnitude in minor units, and whether it is a credit: None when the text itself does not say. A plain
# tuple, since a named one costs as much to make as the number costs to read.
Amount = tuple[int, bool | None]


def read_amount(text: str, implied_decimals: int, decimals: int) -> Amount | None:
    """Read an amount into minor units of a currency with ``decimals``; None when the field is empty.

    Without a decimal point the last ``implied_decimals`` digits are decimals; with one, the value is as
    written. ValueError, its text completing "amount x …", when it cannot be read without guessing.
    """
    if text.isdigit() and text.isascii():
        return _to_minor(text, implied_decimals, decimals), None
    text = text.strip()
    if not text:
        return None
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise ValueError("is not a number")
    sign, whole, fraction, mark = match.groups()
    digits = whole.replace(",", "")
    if fraction is None:
        minor = _to_minor(digits, implied_decimals, decimals)
    else:
        minor = _to_minor(digits + fraction, len(fraction), decimals)
    return minor, _read_direction(sign, mark)


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


def _read_direction(sign: str, mark: str | None) -> bool | None:
    """Return True for a credit. A plus in front says nothing against a mark behind, a minus does."""
    if mark is None:
        return _CREDIT_MARKS[sign] if sign else None
    credit = _CREDIT_MARKS[mark.upper()]
    if sign == "-" and not credit:
        raise ValueError("has two opposite signs")
    return credit
