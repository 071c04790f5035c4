"""Finds a template page's places for repeating rows, by the names of its fields: ``Tr1Date``, ``Tr2Date``.

Not here: which rows come to which page (pages.py). A row's field is a known prefix, a number and a field that
the mapping has; everything else that merely looks like it is an ordinary field.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median
from typing import Any, Protocol

from pdfme_dagster.templates.mapping_spec import RowSetSpec, Source
from pdfme_dagster.templates.yaml_checks import suggest

# How far a field may stand off its row's line; designers place by hand.
_TOLERANCE_MM = 1.0
# More of a kind say nothing new.
_MAX_PROBLEMS = 10


class PositionLike(Protocol):
    """A corner in mm from the page's top left."""

    @property
    def x(self) -> float: ...
    @property
    def y(self) -> float: ...


class FieldLike(Protocol):
    """What is asked of a field; a multiVariableText also has ``variables``, a table its ``head``."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def read_only(self) -> bool: ...
    @property
    def position(self) -> Any: ...


class TemplateLike(Protocol):
    """What is asked of a template."""

    @property
    def name(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def pages(self) -> Sequence[Sequence[Any]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPlaces:
    """Where a page has room for ``count`` rows.

    ``columns`` are what the fields of a row show, ``names`` the names of all fields, a row after the other by
    rising number.
    """

    prefix: str
    source: Source
    columns: tuple[str, ...]
    names: tuple[str, ...]
    count: int


def find_row_sets(fields: Iterable[FieldLike], rows: Mapping[str, RowSetSpec]) -> list[RowPlaces]:
    """Return a page's places for rows, by the prefixes and fields that the mapping's ``rows`` know."""
    found = _find_fields(fields, rows)
    return [_collect_places(prefix, rows[prefix], found[prefix]) for prefix in rows if found[prefix]]


def check_row_sets(fields: Sequence[FieldLike], rows: Mapping[str, RowSetSpec]) -> list[str]:
    """Return what is wrong with a page's rows: fields that are missing, twice, or on another row's line."""
    problems: list[str] = []
    for prefix, found in _find_fields(fields, rows).items():
        if found:
            problems += _find_twins(prefix, fields, rows[prefix])
            problems += _find_gaps(prefix, found)
            problems += _find_strays(found)
            problems += _find_overlaps(found)
    return problems


def find_unknown_columns(fields: Iterable[FieldLike], rows: Mapping[str, RowSetSpec]) -> list[str]:
    """Return a line for each field that looks like one of a row, but shows nothing of it; for a warning."""
    unknown: dict[tuple[str, str], str] = {}
    for field in fields:
        for prefix, spec in rows.items():
            split = _split_name(field.name, prefix)
            if split and split[1] not in spec.fields and not field.read_only:
                unknown.setdefault((prefix, split[1]), field.name)
    return [
        f"{name}: {column} is no field of rows {prefix}"
        + (suggest(column, rows[prefix].fields) or "; add it to the mapping")
        for (prefix, column), name in islice(unknown.items(), _MAX_PROBLEMS)
    ]


def looks_like_row(name: str, prefixes: Iterable[str]) -> bool:
    """Say whether a name is a known prefix, a number and something."""
    return any(_split_name(name, prefix) for prefix in prefixes)


_Found = dict[int, dict[str, FieldLike]]


def _find_fields(fields: Iterable[FieldLike], rows: Mapping[str, RowSetSpec]) -> dict[str, _Found]:
    """Return by prefix and number each row's fields by what they show; the first of a name counts."""
    found: dict[str, _Found] = {prefix: {} for prefix in rows}
    for field in fields:
        for prefix, spec in rows.items():
            split = _split_name(field.name, prefix)
            # A read-only field shows its own content, so a row would not be seen in it.
            if split and split[1] in spec.fields and not field.read_only:
                found[prefix].setdefault(split[0], {}).setdefault(split[1], field)
    return found


def _split_name(name: str, prefix: str) -> tuple[int, str] | None:
    """Return number and field of a row's field, None for any other; a number has six digits at most."""
    if not name.startswith(prefix):
        return None
    match = re.fullmatch(r"([0-9]{1,6})([^0-9].*)", name[len(prefix) :], re.DOTALL)
    return (int(match[1]), match[2]) if match else None


def _collect_places(prefix: str, spec: RowSetSpec, found: _Found) -> RowPlaces:
    columns = tuple(column for column in spec.fields if any(column in place for place in found.values()))
    places = [found[number] for number in sorted(found)]
    return RowPlaces(
        prefix=prefix,
        source=spec.source or "transactions",
        columns=columns,
        names=tuple(place[column].name for place in places for column in columns if column in place),
        count=len(places),
    )


# --- What can be wrong ---


def _find_twins(prefix: str, fields: Iterable[FieldLike], spec: RowSetSpec) -> list[str]:
    """Find numbers that are written in two ways: Tr1Date and Tr01Date."""
    seen: dict[tuple[int, str], str] = {}
    problems: list[str] = []
    for field in fields:
        split = _split_name(field.name, prefix)
        if split and split[1] in spec.fields and seen.setdefault(split, field.name) != field.name:
            problems.append(f"{field.name}: is the same place as {seen[split]}; number it otherwise")
    return problems[:_MAX_PROBLEMS]


def _find_gaps(prefix: str, found: _Found) -> list[str]:
    """Find rows that lack a field which others have: what it shows would be lost there."""
    columns = dict.fromkeys(column for place in found.values() for column in place)
    return [
        f"{prefix}{number}{column}: is missing, while other rows have it; add it, or remove it from all rows"
        for number in sorted(found)
        for column in columns
        if column not in found[number]
    ][:_MAX_PROBLEMS]


def _find_strays(found: _Found) -> list[str]:
    """Find fields that stand higher or lower in their row than in most rows: they are numbered wrong."""
    lines = {number: median(field.position.y for field in place.values()) for number, place in found.items()}
    offsets: dict[str, list[float]] = {}
    for number, place in found.items():
        for column, field in place.items():
            offsets.setdefault(column, []).append(field.position.y - lines[number])
    usual = {column: median(values) for column, values in offsets.items()}
    return [
        f"{field.name}: stands {abs(stray):.1f} mm off the line of its row; number it by the row it stands in"
        for number, place in sorted(found.items())
        for column, field in place.items()
        if abs(stray := field.position.y - lines[number] - usual[column]) > _TOLERANCE_MM
    ][:_MAX_PROBLEMS]


def _find_overlaps(found: _Found) -> list[str]:
    """Find rows that would be printed on each other, by any of their fields."""
    problems: list[str] = []
    seen: dict[tuple[str, int, int], FieldLike] = {}
    for _, place in sorted(found.items()):
        for column, field in place.items():
            other = _find_neighbour(seen, column, field)
            if other is not None:
                problems.append(f"{field.name}: stands on {other.name}; move it to a line of its own")
            seen.setdefault((column, int(field.position.x), int(field.position.y)), field)
    return problems[:_MAX_PROBLEMS]


def _find_neighbour(
    seen: Mapping[tuple[str, int, int], FieldLike], column: str, field: FieldLike
) -> FieldLike | None:
    """Return a field of another row at the same place; ``seen`` is by whole mm, so that this is quick."""
    x, y = field.position.x, field.position.y
    for near in ((column, int(x) + right, int(y) + down) for right in (-1, 0, 1) for down in (-1, 0, 1)):
        other = seen.get(near)
        if other and max(abs(other.position.x - x), abs(other.position.y - y)) < _TOLERANCE_MM:
            return other
    return None
