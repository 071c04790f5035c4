"""Mixed-direction text: joins Arabic letters and puts a line's characters into the order the eye meets them.

Not here: glyphs, widths or fonts (fonts.py); a line is a string of characters all the way to the page.

Arabic is drawn with Unicode's presentation forms, one character per joined shape, because then a font's own
character map is all that drawing needs, and the letters can be told back when text is copied from the page.
Order follows UAX #9 without its explicit marks, which are dropped: statements never mean them. One departure:
a dash keeps the numbers at its sides in order also after Arabic, since 12-34 may be a reference or a phone.
"""

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import groupby, pairwise
from typing import TypeVar
from unicodedata import bidirectional, category, decomposition, normalize

T = TypeVar("T")

_PRESENTATION_FORMS = (range(0xFB50, 0xFC00), range(0xFE80, 0xFEFD))
_LAM, _TATWEEL, _NON_JOINER, _JOINER = "\u0644", "\u0640", "\u200c", "\u200d"
_FORM_NAMES = {  # by whether the letter before and the letter after join
    (False, False): "isolated",
    (False, True): "initial",
    (True, True): "medial",
    (True, False): "final",
}
_STRONG = {"L": "L", "R": "R", "AL": "R"}
_NUMBERS = ("EN", "AN")
_NEUTRAL = ("ON", "WS", "S", "B")
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")


@lru_cache(maxsize=4096)  # a bank's merchants come again and again
def shape_text(text: str) -> str:
    """Return ``text`` in logical order, blanks collapsed, controls dropped and Arabic letters joined."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    clean = "".join(_keep_printable(normalize("NFC", text)))
    return " ".join("".join(_join_letters(clean)).split())


def reads_right_to_left(text: str) -> bool:
    """Say whether the first letter with a direction is written from right to left."""
    return _next_strong(map(bidirectional, text), "L") == "R"


def order_visually(line: str, *, right_to_left: bool) -> str:
    """Return one line of shaped text from left to right, as drawn; numbers keep their digits' order."""
    if line.isascii() and not right_to_left:
        return line
    types = [bidirectional(character) for character in line]
    levels = _resolve_levels(line, types, base=int(right_to_left))
    places = _reverse_runs(list(range(len(line))), levels)
    return "".join(line[i].translate(_MIRRORED) if levels[i] % 2 else line[i] for i in places)


def reveal_letters(character: str) -> str:
    """Return the plain letters that a presentation form stands for; anything else as it is."""
    code = ord(character)
    if any(code in block for block in _PRESENTATION_FORMS):
        return normalize("NFKC", character)
    return character


def _keep_printable(text: str) -> Iterator[str]:
    for character in text:
        if character in (_NON_JOINER, _JOINER):
            yield character
        elif character.isspace() or category(character) == "Cc":
            yield " "
        elif category(character) != "Cf":
            yield character


@cache
def _list_forms() -> dict[str, dict[str, str]]:
    """Map letters, and lam with an alef, to their forms by name: isolated, initial, medial, final."""
    forms: dict[str, dict[str, str]] = {
        name: dict.fromkeys(_FORM_NAMES.values(), name) for name in (_TATWEEL, _JOINER)
    }
    for code in (code for block in _PRESENTATION_FORMS for code in block):
        tag, *parts = decomposition(chr(code)).split() or [""]
        letters = "".join(chr(int(part, 16)) for part in parts)
        if len(letters) == 1 or (len(letters) == 2 and letters[0] == _LAM):
            forms.setdefault(letters, {}).setdefault(tag.strip("<>"), chr(code))
    return forms


def _join_letters(text: str) -> Iterator[str]:
    """Yield each character in the form its neighbours ask for; marks stay and break nothing."""
    letters = _pair_lam_alef(text)
    joining = [i for i, letter in enumerate(letters) if category(letter[-1]) != "Mn"]
    before = {place: earlier for earlier, place in pairwise(joining)}
    after = dict(pairwise(joining))
    for i, letter in enumerate(letters):
        joined_before = i in before and _joins_on(letters[before[i]]) and _joins_back(letter)
        joined_after = i in after and _joins_on(letter) and _joins_back(letters[after[i]])
        form = _FORM_NAMES[joined_before, joined_after]
        if letter not in (_NON_JOINER, _JOINER):
            yield _list_forms().get(letter, {}).get(form, letter)


def _pair_lam_alef(text: str) -> list[str]:
    letters: list[str] = []
    for character in text:
        if letters and letters[-1] + character in _list_forms():
            letters[-1] += character
        else:
            letters.append(character)
    return letters


def _joins_on(letter: str) -> bool:
    return "initial" in _list_forms().get(letter, ())


def _joins_back(letter: str) -> bool:
    return "final" in _list_forms().get(letter, ())


def _next_strong(types: Iterator[str], default: str) -> str:
    return next((_STRONG[kind] for kind in types if kind in _STRONG), default)


def _resolve_levels(line: str, types: list[str], *, base: int) -> list[int]:
    """Return the embedding level of each character; ``types`` is used up."""
    _resolve_weak(types, start="R" if base else "L")
    _resolve_brackets(line, types, base="R" if base else "L")
    _resolve_neutral(types, base="R" if base else "L")
    return [_raise_level(kind, base) for kind in types]


def _raise_level(kind: str, base: int) -> int:
    if base:
        return 1 if kind == "R" else 2
    return {"R": 1, "L": 0}.get(kind, 2)


def _resolve_weak(types: list[str], *, start: str) -> None:
    """Rules W1 to W7: marks follow their letter, separators inside a number belong to it."""
    strong = previous = start
    for i, kind in enumerate(types):
        kind = previous if kind == "NSM" else kind
        strong = kind if kind in _STRONG else strong
        previous = types[i] = "AN" if kind == "EN" and strong == "AL" else kind
    _join_numbers(types)
    strong = start
    for i, kind in enumerate(types):
        strong = _STRONG.get(kind, strong)
        types[i] = _STRONG.get(kind) or ("L" if kind == "EN" and strong == "L" else kind)


def _join_numbers(types: list[str]) -> None:
    """Rules W4 to W6: one separator between two numbers, and signs beside one, are digits."""
    for i in range(1, len(types) - 1):
        left, kind, right = types[i - 1 : i + 2]
        if left == right and left in _NUMBERS and kind in ("CS", "ES"):
            types[i] = left
    for kind, start, end in _list_runs(types):
        if kind == "ET" and "EN" in (*types[max(start - 1, 0) : start], *types[end : end + 1]):
            types[start:end] = ["EN"] * (end - start)
    types[:] = ["ON" if kind in ("ES", "ET", "CS", "BN") else kind for kind in types]


def _resolve_brackets(line: str, types: list[str], *, base: str) -> None:
    """Rule N0: a pair of brackets goes the way of the text it holds, or of the text before it."""
    for start, end in _pair_brackets(line, types):
        inside = {_lean(kind) for kind in types[start + 1 : end]} - {""}
        if not inside:
            continue
        before = next((lean for lean in map(_lean, reversed(types[:start])) if lean), base)
        types[start] = types[end] = base if base in inside else before


def _pair_brackets(line: str, types: list[str]) -> list[tuple[int, int]]:
    pairs, open_brackets = [], list[int]()
    for i, character in enumerate(line):
        if types[i] == "ON" and character in _BRACKETS:
            open_brackets.append(i)
        elif types[i] == "ON" and character in _BRACKETS.values():
            matches = [start for start in open_brackets if _BRACKETS[line[start]] == character]
            if matches:
                pairs.append((matches[-1], i))
                del open_brackets[open_brackets.index(matches[-1]) :]
    return sorted(pairs)


def _resolve_neutral(types: list[str], *, base: str) -> None:
    """Rules N1 and N2: what has no direction takes that of both its neighbours, or the line's."""
    types[:] = ["ON" if kind in _NEUTRAL else kind for kind in types]
    for kind, start, end in _list_runs(types):
        if kind == "ON":
            left = _lean(types[start - 1]) if start else base
            right = _lean(types[end]) if end < len(types) else base
            types[start:end] = [left if left == right else base] * (end - start)


def _lean(kind: str) -> str:
    """Return the direction a resolved type pulls its neighbours in; numbers count as right to left."""
    return "R" if kind in ("R", *_NUMBERS) else "L" if kind == "L" else ""


def _list_runs(kinds: Iterable[T]) -> list[tuple[T, int, int]]:
    """Return each run of equals as (what, start, end)."""
    runs: list[tuple[T, int, int]] = []
    for kind, members in groupby(kinds):
        start = runs[-1][2] if runs else 0
        runs.append((kind, start, start + len(list(members))))
    return runs


def _reverse_runs(places: list[int], levels: list[int]) -> list[int]:
    """Rule L2: reverse every run at or above each level, highest first."""
    for level in range(max(levels, default=0), 0, -1):
        is_reversed = [levels[place] >= level for place in places]
        for reverse, start, end in _list_runs(is_reversed):
            if reverse:
                places[start:end] = places[start:end][::-1]
    return places
