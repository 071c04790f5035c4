"""Dates as statement files write them, by a format like ``ddMMyyyy``.

Not here: what to do about a bad one; that depends on the record it stands in.
"""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache

_YEARS = range(1900, 2200)
_TOKEN = re.compile(r"(yyyy|yy|MM|dd)")
_GROUPS = {"yyyy": r"(?P<y>\d{4})", "yy": r"(?P<y>\d{2})", "MM": r"(?P<m>\d{2})", "dd": r"(?P<d>\d{2})"}


def is_no_date(text: str) -> bool:
    """Tell whether a field says that there is no date: empty, blanks or zeros, whatever stands between."""
    return not text.strip("0 ./-\t")


# A file has one or two formats.
@lru_cache(maxsize=64)
def compile_date(date_format: str) -> Callable[[str], date | None]:
    """Return what reads dates written as ``date_format``, which has ``dd``, ``MM`` and ``yyyy`` or ``yy``.

    Everything else in the format stands for itself; a two-digit year lies in 2000 to 2099. What is returned
    gives None for no date and raises ValueError for one that is in no calendar. ValueError for a format that
    does not name day, month and year once each.
    """
    parts = _TOKEN.split(date_format)
    tokens = sorted(part[0] for part in parts if part in _GROUPS)
    if tokens != ["M", "d", "y"]:
        raise ValueError("needs dd, MM and yyyy (or yy), each once, like ddMMyyyy or yyyy-MM-dd")
    pattern = re.compile("".join(_GROUPS.get(part) or re.escape(part) for part in parts), re.ASCII)

    def read(text: str) -> date | None:
        if is_no_date(text):
            return None
        match = pattern.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"is not {date_format}")
        year = int(match["y"])
        day = date(year + 2000 if len(match["y"]) == 2 else year, int(match["m"]), int(match["d"]))
        if day.year not in _YEARS:  # most likely its parts are in another order
            raise ValueError(f"is not {date_format}")
        return day

    return read
