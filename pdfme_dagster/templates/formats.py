"""Writes dates and times by the patterns that pdfme's date fields and our mappings use: ``dd/MM/yyyy``.

Not here: reading dates (parsing/dates.py) or amounts (amounts.py). The letters are those of date-fns:
Unicode's (UTS 35) and ``do`` for an ordinal. English is built in; other languages' names are Babel's.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, Literal

DateFormat = Callable[[dt.date], str]
MomentKind = Literal["date", "time", "dateTime"]

# Longer than any date; a pattern is written again for each one.
_MAX_PATTERN = 100
_MAX_LANGUAGES = 64
_PIECE = re.compile(r"''|'(?:[^']|'')+'|[A-Za-z]o(?![A-Za-z])|([A-Za-z])\1*|[^A-Za-z']+|'")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z]{4})?(?:[-_](?:[A-Za-z]{2}|[0-9]{3}))?")
_DATE_LETTERS, _TIME_LETTERS = "yuMLdEQqIRi", "HhKkmsSa"
_MOST = dict.fromkeys("yuR", 9) | dict.fromkeys("MLai", 5) | {"E": 6, "S": 3}
_ORDINALS = "yMLdQqIiHhKkms"
_HINTS = {
    "Y": "the year is yyyy",
    "D": "the day of the month is dd",
    "P": "write the date out, like dd/MM/yyyy",
    "p": "write the time out, like HH:mm",
    "A": "am and pm is a",
    "w": "the week of the year is I",
    "e": "the day of the week is i, its name EEE",
    "c": "the day of the week is i, its name EEE",
} | dict.fromkeys("xXOzZ", "a statement has no time zone; leave it out")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """A language's names by width; months from January, days from Monday, am before pm."""

    months: Mapping[str, tuple[str, ...]]
    months_alone: Mapping[str, tuple[str, ...]]
    days: Mapping[str, tuple[str, ...]]
    halves: Mapping[str, tuple[str, ...]]
    has_ordinals: bool = False


def _cut(names: str) -> Mapping[str, tuple[str, ...]]:
    """Return English names whole, by their first three, two and single letters."""
    wide = tuple(names.split())
    lengths = {"abbreviated": 3, "short": 2, "narrow": 1}
    return {"wide": wide} | {width: tuple(name[:n] for name in wide) for width, n in lengths.items()}


_MONTHS = _cut("January February March April May June July August September October November December")
_ENGLISH = _Names(
    months=_MONTHS,
    months_alone=_MONTHS,
    days=_cut("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    halves={"wide": ("a.m.", "p.m."), "abbreviated": ("AM", "PM"), "narrow": ("a", "p")},
    has_ordinals=True,
)
_NUMBERS: Mapping[str, Callable[[Any], int]] = {
    "y": lambda moment: moment.year,
    "u": lambda moment: moment.year,
    "M": lambda moment: moment.month,
    "L": lambda moment: moment.month,
    "d": lambda moment: moment.day,
    "Q": lambda moment: (moment.month + 2) // 3,
    "q": lambda moment: (moment.month + 2) // 3,
    "I": lambda moment: moment.isocalendar().week,
    "R": lambda moment: moment.isocalendar().year,
    "i": lambda moment: moment.isoweekday(),
    "H": lambda moment: moment.hour,
    "h": lambda moment: moment.hour % 12 or 12,
    "K": lambda moment: moment.hour % 12,
    "k": lambda moment: moment.hour or 24,
    "m": lambda moment: moment.minute,
    "s": lambda moment: moment.second,
}


def compile_date_format(pattern: str, language: str = "en", *, has_time: bool = True) -> DateFormat:
    """Return what writes a date, or a datetime, by the pattern; a date's time is midnight.

    Without ``has_time`` hours and minutes are refused, since ``mm`` is written for ``MM`` so often.
    ValueError that names the letters and the fix.
    """
    if not pattern.strip() or len(pattern) > _MAX_PATTERN:
        raise ValueError(f"has {len(pattern)} characters; write 1 to {_MAX_PATTERN}, like dd/MM/yyyy")
    names = _load_names(language)
    parts = [_compile_piece(match[0], names, has_time) for match in _PIECE.finditer(pattern.strip())]

    def write(day: dt.date) -> str:
        moment = day if isinstance(day, dt.datetime) else dt.datetime.combine(day, dt.time.min)
        return "".join([part if isinstance(part, str) else part(moment) for part in parts])

    return write


def check_language(language: str) -> str:
    """Return a language whose months and days have names; ValueError with the fix otherwise."""
    _load_names(language)
    return language


def default_pattern(kind: MomentKind, language: str = "en") -> str:
    """Return the pattern of a pdfme field that has none: its date numeric, in the order of the language."""
    if kind == "time":
        return "HH:mm"
    date = "MM/dd/yyyy" if _is_english(language) else _find_numeric_pattern(language)
    return date if kind == "date" else f"{date} {'hh:mm aa' if _is_english(language) else 'HH:mm'}"


def _compile_piece(piece: str, names: _Names, has_time: bool) -> str | Callable[[dt.datetime], str]:
    if piece == "'":
        raise ValueError("has a ' without a second one; close it, or write '' for one that is printed")
    if piece == "''":
        return "'"
    if piece[0] == "'":
        return piece[1:-1].replace("''", "'")
    if not piece[0].isascii() or not piece[0].isalpha():
        return piece
    _check_letters(piece, has_time)
    if piece[-1] == "o":
        return _write_ordinal(piece[0], names)
    return _write_name(piece, names) or _write_number(piece[0], len(piece))


def _check_letters(piece: str, has_time: bool) -> None:
    letter, is_ordinal = piece[0], len(piece) > 1 and piece[-1] == "o"
    known = _ORDINALS if is_ordinal else _DATE_LETTERS + _TIME_LETTERS
    if letter not in known:
        hint = _HINTS.get(letter, f"put text between two ', like '{piece}'")
        raise ValueError(f"has {piece}, which is no part of a date here; {hint}")
    if not has_time and letter in _TIME_LETTERS:
        hint = "months are MM, mm are minutes" if letter == "m" else "only dates are known here; leave it out"
        raise ValueError(f"has {piece}, a part of the time; {hint}")
    most = _MOST.get(letter, 2)
    if len(piece) > most:
        raise ValueError(f"has {piece}; write {letter} at most {most} times")


def _write_name(piece: str, names: _Names) -> Callable[[dt.datetime], str] | None:
    """Return what writes a month, a day of the week or am and pm by name, None where it is a number."""
    letter, length = piece[0], len(piece)
    if letter in "ML" and length > 2:
        months = (names.months if letter == "M" else names.months_alone)[_width(length)]
        return lambda moment: months[moment.month - 1]
    if letter == "E" or (letter == "i" and length > 2):
        days = names.days[_width(length)]
        return lambda moment: days[moment.weekday()]
    if letter == "a":
        halves = names.halves[_width(length)]
        shown = tuple(half.lower() for half in halves) if length == 3 else halves
        return lambda moment: shown[moment.hour // 12]
    return None


def _width(length: int) -> str:
    return {4: "wide", 5: "narrow", 6: "short"}.get(length, "abbreviated")


def _write_number(letter: str, length: int) -> Callable[[dt.datetime], str]:
    if letter == "S":
        return lambda moment: f"{moment.microsecond:06}"[:length]
    read = _NUMBERS[letter]
    if letter == "y" and length == 2:
        return lambda moment: f"{moment.year % 100:02}"
    return lambda moment: f"{read(moment):0{length}}"


def _write_ordinal(letter: str, names: _Names) -> Callable[[dt.datetime], str]:
    if not names.has_ordinals:
        raise ValueError(f"has {letter}o, which is English; write {letter}")
    read = _NUMBERS[letter]

    def write(moment: dt.datetime) -> str:
        number = read(moment)
        ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
        return f"{number}{ending}"

    return write


# --- Other languages ---


def _is_english(language: str) -> bool:
    return language.lower() in {"en", "en-us", "en_us"}


@lru_cache(maxsize=_MAX_LANGUAGES)
def _load_names(language: str) -> _Names:
    """Return a language's names; ValueError for one that nobody knows."""
    if re.split("[-_]", language.lower())[0] == "en":
        return _ENGLISH
    tree = _load_babel(language)
    months, alone, days = ("months", "format"), ("months", "stand-alone"), ("days", "format")
    return _Names(
        months={width: _read(tree, (*months, width), range(1, 13)) for width in _WIDTHS},
        months_alone={width: _read(tree, (*alone, width), range(1, 13)) for width in _WIDTHS},
        days={width: _read(tree, (*days, width), range(7)) for width in (*_WIDTHS, "short")},
        # Few languages have am and pm in more than this width.
        halves=dict.fromkeys(_WIDTHS, _read(tree, ("day_periods", "format", "abbreviated"), ("am", "pm"))),
    )


_WIDTHS = ("wide", "abbreviated", "narrow")


def _load_babel(language: str) -> Mapping[str, Any]:
    """Return Babel's tree of a language, in which a place may point to another."""
    try:
        core, locale_tree = import_module("babel.core"), import_module("babel.localedata")
    except ImportError:
        raise ValueError(
            f"language {language[:20]!r} needs the package Babel; install it, or write en"
        ) from None
    if not _LANGUAGE.fullmatch(language):
        raise ValueError(f"language {language[:20]!r} is none; write it like de or pt-BR")
    try:
        locale = core.Locale.parse(language.replace("-", "_"))
    except (ValueError, core.UnknownLocaleError):
        raise ValueError(f"language {language[:20]!r} is not known; write it like de or pt-BR") from None
    tree: Mapping[str, Any] = locale_tree.load(str(locale))
    return tree


def _read(tree: Mapping[str, Any], path: tuple[str, ...], keys: Iterable[Any]) -> tuple[str, ...]:
    """Return the names at a place of Babel's tree.

    ``Locale`` is passed by: in Babel 2.18 it keeps what an alias leads to in a tree that locales share, so a
    language's stand-alone months come out in the language that was read before.
    """
    return tuple(str(_find(tree, (*path, key))) for key in keys)


def _find(tree: Mapping[str, Any], path: tuple[Any, ...]) -> object:
    """Return what stands at a path, on which a node may be an alias, or one with some names of its own."""
    here: Any = tree
    for number, part in enumerate(path):
        alias, own = (
            here if isinstance(here, tuple) else (here, {}) if hasattr(here, "resolve") else (None, here)
        )
        if alias and part not in own:
            return _find(tree, (*alias.keys, *path[number:]))
        here = own[part]
    return here


def _find_numeric_pattern(language: str) -> str:
    """Return day, month and year in a language's order, each with all its digits."""
    found = _load_babel(language)["date_formats"]["short"].pattern
    plain = "".join(character for character in found if character.isascii() or character.isalnum())
    for letters, full in (("y+", "yyyy"), ("M+", "MM"), ("d+", "dd")):
        plain = re.sub(letters, full, plain)
    return plain.replace(" ", "").removesuffix(".") if "'" not in plain else "dd/MM/yyyy"
