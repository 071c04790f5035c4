"""How a line is cut into fields: between delimiters, or by columns.

Not here: what the fields mean (rows.py, fields.py) nor which lines belong together (records.py). Lines and
fields are UTF-8 bytes: cutting bytes takes two thirds of the time of cutting text, and most of what is cut is
never looked at.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter, methodcaller
from typing import Any, Protocol

from pdfme_dagster.parsing.fields import Raw
from pdfme_dagster.parsing.profile import FieldSpec, RecordsProfile, read_columns
from pdfme_dagster.parsing.rows import Rest, RowCut

_HEAD = ("date", "posted", "description", "amount")
_REST = ("direction", "original_currency", "original_amount")


class Layout(Protocol):
    """Cuts lines to lists, in which only the places of kind, account and organisation are known outside."""

    kind_at: int
    account_at: int
    organisation_at: int | None
    # A list shorter than ``least`` lacks one of them; one of ``full`` length has all that a row needs.
    least: int
    full: int

    @property
    def cut(self) -> Callable[[bytes], list[bytes]]:
        """Return what cuts a line, as far as rows need it."""

    @property
    def cut_row(self) -> Callable[[list[bytes]], RowCut]:
        """Return what cuts a row of full length further: date, posting date, description, amount, rest."""

    def fill(self, fields: list[bytes]) -> list[bytes]:
        """Return a cut line in full length."""

    def split_rest(self, rest: Any) -> Rest:
        """Return the texts of a row's rest."""

    def compile_fields(self, specs: Mapping[str, FieldSpec]) -> Callable[[list[bytes]], Sequence[Raw]]:
        """Return what picks these fields, in this order, out of a line that was cut."""

    def lacks(self, fields: list[bytes], number: int) -> bool:
        """Say whether the line ends before the field of this number."""

    def all_texts(self, fields: list[bytes]) -> list[str]:
        """Return everything in the line."""


def make_layout(profile: RecordsProfile) -> Layout:
    """Return the layout of a profile's lines."""
    row: Mapping[str, FieldSpec] = next(
        (record.fields for record in profile.records.values() if record.role == "row"), {}
    )
    if profile.delimiter is None:
        return _Columns(profile.fields, row)
    return _Delimited(profile.delimiter, profile.fields, row)


class _Delimited:
    """Fields between delimiters, without quoting.

    A line is cut only as far as its row's date, amounts and description: what follows is the same text in
    most rows, and cutting it costs more than all else but making the Transaction.
    """

    def __init__(self, delimiter: str, keys: Mapping[str, FieldSpec], row: Mapping[str, FieldSpec]) -> None:
        self._delimiter = delimiter.encode()
        self.kind_at = _number(keys["kind"])
        self.account_at = _number(keys["account"])
        self.organisation_at = _number(keys["organisation"]) if "organisation" in keys else None
        self.least = max(self.kind_at, self.account_at, self.organisation_at or 0) + 1
        head = [_number(row[name]) for name in _HEAD if name in row]
        self._depth = max([self.least - 1, *head]) + 1
        rest = [_number(row[name]) if name in row else None for name in _REST]
        behind = all(at is None or at >= self._depth for at in rest)
        # All that is behind the description is one piece, remembered as it stands.
        self._places = [*(_number(row[name]) if name in row else None for name in _HEAD), self._depth]
        self._rest_places = rest
        # Counted from where the rest begins; an empty field behind them is what the profile leaves out.
        inside = [-1 if at is None else at - self._depth for at in rest]
        self._rest_depth = max(inside) + 1
        self._pick_rest: Callable[[list[bytes]], Rest] = itemgetter(*inside)
        self.cut: Callable[[bytes], list[bytes]] = methodcaller("split", self._delimiter, self._depth)
        self.full = self._depth + 1
        self.cut_row: Callable[[list[bytes]], RowCut] = self._cut_any_row
        if behind and None not in self._places:
            self.cut_row = itemgetter(*self._places)

    def fill(self, fields: list[bytes]) -> list[bytes]:
        return fields + [b""] * (self.full - len(fields))

    def _cut_any_row(self, fields: list[bytes]) -> RowCut:
        whole = self._cut_whole(fields)
        made, posted, description, amount = (_at(whole, place) for place in self._places[:-1])
        rest = tuple(_at(whole, place) for place in self._rest_places)
        return made, posted, description, amount, rest

    def split_rest(self, rest: Any) -> Rest:
        if isinstance(rest, tuple):
            return rest
        fields = rest.split(self._delimiter, self._rest_depth)
        fields += [b""] * (self._rest_depth + 2 - len(fields))
        return self._pick_rest(fields)

    def compile_fields(self, specs: Mapping[str, FieldSpec]) -> Callable[[list[bytes]], Sequence[Raw]]:
        last = last_number(specs)
        least, limit = last + 1, max(last + 1 - self._depth, 0)
        several = {at: _pick_parts(spec) for at, spec in enumerate(specs.values()) if not _is_single(spec)}
        if any(spec.rest for spec in specs.values()):
            limit = -1
        # Those of several parts get only the first at first.
        pick = _pick_numbers([_number(spec) for spec in specs.values()])
        delimiter = self._delimiter

        def pick_all(fields: list[bytes]) -> Sequence[Raw]:
            whole = fields[:-1] + fields[-1].split(delimiter, limit)
            if len(whole) < least:
                whole += [b""] * (least - len(whole))
            picked: Sequence[Raw] = pick(whole)
            if several:
                picked = list(picked)
                for at, pick_parts in several.items():
                    picked[at] = pick_parts(whole)
            return picked

        return pick_all

    def lacks(self, fields: list[bytes], number: int) -> bool:
        return len(fields) + fields[-1].count(self._delimiter) <= number

    def all_texts(self, fields: list[bytes]) -> list[str]:
        return [field.decode() for field in self._cut_whole(fields)]

    def _cut_whole(self, fields: list[bytes]) -> list[bytes]:
        return [*fields[:-1], *fields[-1].split(self._delimiter)]


class _Columns:
    """Fields in fixed columns, which are characters and not bytes; a cut line ends with the line itself."""

    kind_at, account_at = 0, 1

    def __init__(self, keys: Mapping[str, FieldSpec], row: Mapping[str, FieldSpec]) -> None:
        names = ("kind", "account", "organisation")
        self._keys = [_columns(keys[name]) for name in names if name in keys]
        self.organisation_at = 2 if "organisation" in keys else None
        self.least = self.full = len(self._keys) + 1
        self._head = [_columns(row[name]) if name in row else slice(0, 0) for name in _HEAD]
        self._rest = [_columns(row[name]) if name in row else slice(0, 0) for name in _REST]

    def cut(self, line: bytes) -> list[bytes]:
        slicer = _slicer(line)
        return [*map(slicer, self._keys), line]

    def cut_row(self, fields: list[bytes]) -> RowCut:
        slicer = _slicer(fields[-1])
        made, posted, description, amount = map(slicer, self._head)
        return made, posted, description, amount, tuple(map(slicer, self._rest))

    def fill(self, fields: list[bytes]) -> list[bytes]:
        return fields

    def split_rest(self, rest: Any) -> Rest:
        return rest  # type: ignore[no-any-return]  # as _cut_row made it

    def compile_fields(self, specs: Mapping[str, FieldSpec]) -> Callable[[list[bytes]], Sequence[Raw]]:
        places = [_slices(spec) for spec in specs.values()]

        def pick_all(fields: list[bytes]) -> Sequence[Raw]:
            slicer = _slicer(fields[-1])
            cut = [[slicer(place) for place in slices] for slices in places]
            return [parts[0] if len(parts) == 1 else parts for parts in cut]

        return pick_all

    def lacks(self, fields: list[bytes], number: int) -> bool:  # noqa: ARG002
        return False  # blanks at the end of a line are often cut off

    def all_texts(self, fields: list[bytes]) -> list[str]:
        return [fields[-1].decode()]


def _slicer(line: bytes) -> Callable[[slice], bytes]:
    if line.isascii():
        return line.__getitem__
    text = line.decode()
    return lambda place: text[place].encode()


def _slices(spec: FieldSpec) -> list[slice]:
    slices = [read_columns("", place) for place in spec.places]
    return [*slices, slice(slices[-1].stop, None)] if spec.rest else slices


def _pick_numbers(numbers: Sequence[int]) -> Callable[[list[bytes]], Sequence[Raw]]:
    if len(numbers) > 1:
        return itemgetter(*numbers)
    return lambda whole: [whole[number] for number in numbers]


def _pick_parts(spec: FieldSpec) -> Callable[[list[bytes]], list[bytes]]:
    """Return what picks the parts of a field out of all fields of a line."""
    numbers = [int(place) for place in spec.places]
    if spec.rest:
        first, behind = numbers[:-1], numbers[-1]
        return lambda whole: [whole[at] for at in first] + whole[behind:]
    return lambda whole: [whole[at] for at in numbers]


def _is_single(spec: FieldSpec) -> bool:
    return isinstance(spec.at, int) and not spec.rest


def last_number(specs: Mapping[str, FieldSpec]) -> int:
    """Return the highest field number of a delimited record; -1 when there is none, as with columns."""
    numbers = (place for spec in specs.values() for place in spec.places if isinstance(place, int))
    return max(numbers, default=-1)


def _at(fields: list[bytes], place: int | None) -> bytes:
    return b"" if place is None or place >= len(fields) else fields[place]


def _number(spec: FieldSpec) -> int:
    return int(spec.places[0])


def _columns(spec: FieldSpec) -> slice:
    return read_columns("", spec.places[0])
