"""What a mapping says: which value of a statement each template field shows, and how.

Not here: working a statement's values out by it (mapping.py). ``mapping.yaml`` is the shipped one.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from pdfme_dagster.templates.amounts import AmountStyle
from pdfme_dagster.templates.formats import compile_date_format
from pdfme_dagster.templates.yaml_checks import list_faults, raise_all, read_yaml, suggest

Kind = Literal["text", "lines", "amount", "date", "any", "rows", "page"]
Source = Literal["transactions", "messages"]

# What a header field can show. An account is ``grouped`` in fours when it is a card number; ``debits`` and
# ``credits`` are the totals that the file states, the sums are those of the rows.
HEADER_VALUES: Mapping[str, Kind] = {
    **dict.fromkeys(("org_id", "name", "currency", "title", "account", "account_grouped"), "text"),
    **dict.fromkeys(("account_digits", "account_masked", "last4", "row_count"), "text"),
    **dict.fromkeys(("address", "messages"), "lines"),
    **dict.fromkeys(("opening", "debits", "credits", "closing", "available"), "amount"),
    **dict.fromkeys(("debit_sum", "credit_sum"), "amount"),
    "statement_date": "date",
    "transactions": "rows",
    **dict.fromkeys(("page", "pages"), "page"),
}
# What a field of a row can show. ``amount`` is negative for a credit, ``balance`` what is owed after the row.
ROW_VALUES: Mapping[Source, Mapping[str, Kind]] = {
    "transactions": {
        **dict.fromkeys(("number", "description", "side", "currency", "original_currency"), "text"),
        **dict.fromkeys(("debit", "credit", "amount", "balance", "original_amount"), "amount"),
        **dict.fromkeys(("date", "posted"), "date"),
    },
    "messages": dict.fromkeys(("number", "text"), "text"),
}
# Which options a kind of value has beside ``value``; what a profile calls its own may be of any kind.
_OPTIONS: Mapping[Kind, frozenset[str]] = {
    "text": frozenset({"character"}),
    "lines": frozenset({"join", "line"}),
    "amount": frozenset({"amounts"}),
    "date": frozenset({"dates"}),
    "any": frozenset({"amounts", "dates", "character"}),
    "rows": frozenset({"columns"}),
    "page": frozenset(),
}
# The rows whose fields are the columns of a table.
TABLE_ROWS = "Tr"
_EXTRA = re.compile(r"extra\.([^\s.][^.]{0,63})")
_PREFIX = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_]{0,30}[A-Za-z_])?")
_SHIPPED = Path(__file__).parent / "mapping.yaml"
# As many columns as a table can have and still be read.
_MAX_COLUMNS = 30

DatePattern = Annotated[str, Field(max_length=100)]


def check_pattern(value: str, language: str = "en") -> str:
    """Return a date pattern that can be written; ValueError with the fix otherwise."""
    try:
        compile_date_format(value, language, has_time=False)
    except ValueError as exc:
        raise ValueError(f'"{value}" {exc}') from None
    return value


class _Checked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FieldSpec(_Checked):
    """One field of a template: the value, and what is to differ from the organisation's style.

    ``join`` stands between lines, ``line`` and ``character`` pick one of them from 1, ``columns`` are row
    fields. Without ``value`` it only changes the options of a field that is already known.
    """

    value: str | None = None
    join: Annotated[str, Field(max_length=20)] | None = None
    line: Annotated[int, Field(ge=1, le=100)] | None = None
    character: Annotated[int, Field(ge=1, le=100)] | None = None
    dates: DatePattern | None = None
    amounts: AmountStyle | None = None
    columns: Annotated[tuple[str, ...], Field(min_length=1, max_length=_MAX_COLUMNS)] | None = None

    @field_validator("dates")
    @classmethod
    def _check_dates(cls, value: str | None) -> str | None:
        return None if value is None else check_pattern(value)


class HeaderField(FieldSpec):
    """A field that stands once on a page."""

    @model_validator(mode="after")
    def _check_value(self) -> Self:
        raise_all(self.value and _find_faults(self, HEADER_VALUES))
        return self


class RowField(FieldSpec):
    """A field of a repeating row."""

    @model_validator(mode="after")
    def _check_value(self) -> Self:
        raise_all(self.value and _find_faults(self, {**ROW_VALUES["messages"], **ROW_VALUES["transactions"]}))
        return self


def _expand(value: object) -> object:
    """Let ``Cname: name`` stand for ``Cname: {value: name}``."""
    return {"value": value} if isinstance(value, str) else value


class RowSetSpec(_Checked):
    """The fields of repeating rows, which a template names by prefix, number and field: ``Tr1Date``."""

    source: Source | None = None
    fields: Mapping[str, Annotated[RowField, BeforeValidator(_expand)]] = {}


class MappingSpec(_Checked):
    """Fields by their names in templates; a profile's own values also come under their own names."""

    fields: Mapping[str, Annotated[HeaderField, BeforeValidator(_expand)]] = {}
    rows: Mapping[str, RowSetSpec] = {}

    @model_validator(mode="after")
    def _check_prefixes(self) -> Self:
        raise_all(problem for prefix in self.rows for problem in find_prefix_faults(prefix))
        return self


def find_prefix_faults(prefix: str) -> Iterator[str]:
    """Yield why a prefix cannot stand before a row's number, if so."""
    if not _PREFIX.fullmatch(prefix):
        yield f'"{prefix[:40]}" cannot stand before a row\'s number; use letters, like Tr'


def merge_mapping(base: MappingSpec, changes: MappingSpec) -> MappingSpec:
    """Return a mapping with changes; ValueError with a line for each of them that cannot be."""
    problems: list[str] = []
    rows = {
        prefix: _merge_rows(prefix, base.rows.get(prefix), changes.rows.get(prefix), problems)
        for prefix in {**base.rows, **changes.rows}
    }
    fields = _merge_fields(".fields", base.fields, changes.fields, HeaderField, problems)
    for name, field in changes.fields.items():
        problems += [f".fields.{name}.columns: {fault}" for fault in _find_column_faults(field, rows)]
    raise_all(problems)
    return MappingSpec(fields=fields, rows=rows)


def _merge_rows(
    prefix: str, base: RowSetSpec | None, changes: RowSetSpec | None, problems: list[str]
) -> RowSetSpec:
    base, changes = base or RowSetSpec(), changes or RowSetSpec()
    source = changes.source or base.source or "transactions"
    fields = _merge_fields(f".rows.{prefix}.fields", base.fields, changes.fields, RowField, problems)
    for name, field in fields.items():
        problems += [
            f".rows.{prefix}.fields.{name}{fault}" for fault in _find_faults(field, ROW_VALUES[source])
        ]
    return RowSetSpec(source=source, fields=fields)


F = TypeVar("F", bound=FieldSpec)


def _merge_fields(
    place: str, base: Mapping[str, F], changes: Mapping[str, F], model: type[F], problems: list[str]
) -> dict[str, F]:
    merged = dict(base)
    for name, field in changes.items():
        if field.value is not None:
            merged[name] = field
        elif name not in base:
            hint = suggest(name, base) or "; add one"
            problems.append(f"{place}.{name}: has no value and is no known field{hint}")
        else:
            try:
                merged[name] = model.model_validate({**_said(base[name]), **_said(field)})
            except ValidationError as exc:
                problems += [f"{place}.{name}{fault}" for fault in list_faults(exc)]
    return merged


def _said(field: FieldSpec) -> dict[str, object]:
    return {name: getattr(field, name) for name in sorted(field.model_fields_set)}


def _find_faults(field: FieldSpec, known: Mapping[str, Kind]) -> list[str]:
    """Return what is wrong with a field's value and options, each after its place."""
    value = field.value or ""
    is_header = known is HEADER_VALUES
    kind = "any" if is_header and _EXTRA.fullmatch(value) else known.get(value)
    if kind is None:
        hint = suggest(value, known) or f"; use one of {', '.join(sorted(known))}"
        extra = ", or extra.NAME for a profile's own" if is_header else ""
        return [f": {value[:40]} is no value of a {'statement' if is_header else 'row'}{hint}{extra}"]
    fitting = " or ".join(sorted(_OPTIONS[kind])) or "none"
    return [
        f".{option}: does nothing for {value}; options that do: {fitting}"
        for option in sorted(field.model_fields_set - {"value"} - _OPTIONS[kind])
    ]


def _find_column_faults(field: FieldSpec, rows: Mapping[str, RowSetSpec]) -> list[str]:
    known = rows[TABLE_ROWS].fields if TABLE_ROWS in rows else {}
    return [
        f"{column} is no field of rows {TABLE_ROWS}{suggest(column, known)}"
        for column in field.columns or ()
        if column not in known
    ]


def name_extra(value: str) -> str | None:
    """Return the profile's own name of ``extra.NAME``, None for any other value."""
    match = _EXTRA.fullmatch(value)
    return match[1] if match else None


@cache
def load_shipped_mapping() -> MappingSpec:
    """Read ``mapping.yaml``, which lies beside this module."""
    return merge_mapping(MappingSpec(), read_yaml(_SHIPPED.read_bytes(), "mapping.yaml", MappingSpec))
