"""Dates as statement files write them: ``ddMMyyyy``.

Not here: what to do about a bad one; that depends on the record it stands in.
"""

from datetime import date
from functools import lru_cache

_YEARS = range(1900, 2200)


def is_no_date(text: str) -> bool:
    """Tell whether a field says that there is no date: empty, blanks or zeros."""
    return not text.strip().strip("0")


# A file holds a few dozen different dates, each many times.
@lru_cache(maxsize=4096)
def read_date(text: str) -> date | None:
    """Read a date, None when there is none; ValueError for one that is in no calendar."""
    if is_no_date(text):
        return None
    digits = text.strip()
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        raise ValueError("is not ddMMyyyy")
    day = date(int(digits[4:]), int(digits[2:4]), int(digits[:2]))
    if day.year not in _YEARS:  # most likely yyyyMMdd
        raise ValueError("is not ddMMyyyy")
    return day
