"""Mixed directions: which stretches of a line run from right to left, in the order the eye meets them.

Not here: glyphs, widths or fonts (shaping.py).

This is UAX #9, but explicit marks are dropped: statements never mean them. One departure: a dash keeps the
numbers at its sides in order also after Arabic, since 12-34 may be a reference or a phone.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate, groupby
from typing import TypeVar
from unicodedata import bidirectional

T = TypeVar("T")

_RIGHT_TO_LEFT = re.compile(
    r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_MARKS = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_STRONG = {"L": "L", "R": "R", "AL": "R"}
_NUMBERS = ("EN", "AN")
_NEUTRAL = ("ON", "WS", "S", "B")
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_MOST_OPEN = 63


def has_right_to_left(text: str) -> bool:
    """Say whether any of the text may run from right to left."""
    return not text.isascii() and _RIGHT_TO_LEFT.search(text) is not None


def reads_right_to_left(text: str) -> bool:
    """Say whether the first letter with a direction is written from right to left."""
    return has_right_to_left(text) and _next_strong(map(bidirectional, text), "L") == "R"


def list_visual_runs(line: str, *, right_to_left: bool) -> list[tuple[str, int]]:
    """Return a line's runs from left to right with their levels, odd ones right to left.

    The text of a run is in logical order; ``right_to_left`` is the direction of the line's paragraph.
    """
    line = _MARKS.sub("", line)
    levels = _resolve_levels(line, [bidirectional(character) for character in line], base=int(right_to_left))
    runs = [(line[start:end], level) for level, start, end in _list_runs(levels)]
    order = _reverse_runs(list(range(len(runs))), [level for _, level in runs])
    return [runs[place] for place in order]


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
    pairs = _pair_brackets(line, types)
    if not pairs:
        return
    # How many characters before each place lean to a side; inside a pair, no bracket has been turned yet.
    counts = {side: [0, *accumulate(_lean(kind) == side for kind in types)] for side in "LR"}
    before, seen = base, 0
    for start, end in pairs:
        for kind in types[seen:start]:
            before = _lean(kind) or before
        seen = start
        inside = {side for side in "LR" if counts[side][end] > counts[side][start + 1]}
        if inside:
            types[start] = types[end] = base if base in inside else before


def _pair_brackets(line: str, types: list[str]) -> list[tuple[int, int]]:
    """Return the pairs by where they open; as UAX #9 says, beyond 63 open brackets there are no more."""
    pairs, open_brackets = [], list[int]()
    for i, character in enumerate(line):
        if types[i] == "ON" and character in _BRACKETS:
            if len(open_brackets) == _MOST_OPEN:
                break
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
