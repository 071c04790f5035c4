"""What a profile says: how one kind of statement file is written, as checked values.

Not here: where profiles come from and which one a file gets (profiles.py), nor reading by one (records.py,
table.py, statement_json.py, camt053.py, mt940.py). docs/profiles/ explains every key.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from pdfme_dagster.domain.money import is_currency
from pdfme_dagster.parsing.amounts import Negative
from pdfme_dagster.parsing.dates import compile_date

ControlTotal = Literal["balance", "debits", "credits"]
OnBadStatement = Literal["fail_file", "skip"]
OnUnbalanced = Literal["warn", "fail"]

# What fields are called that every statement or row has; what a profile names otherwise is an extra.
STATEMENT_AMOUNTS = ("opening", "debits", "credits", "closing", "available")
STATEMENT_FIELDS = frozenset({"name", "address", "statement_date", "currency", *STATEMENT_AMOUNTS})
ROW_AMOUNTS = ("amount", "debit", "credit", "original_amount")
ROW_FIELDS = frozenset({"date", "posted", "description", "direction", "original_currency", *ROW_AMOUNTS})
KEY_FIELDS = frozenset({"organisation", "account", "kind"})
_AMOUNTS = frozenset({*STATEMENT_AMOUNTS, *ROW_AMOUNTS})
_DATES = frozenset({"statement_date", "date", "posted"})
_COLUMNS = re.compile(r"([1-9]\d{0,4})-([1-9]\d{0,4})")
_ORG_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")

FieldType = Literal["text", "amount", "date"]


class _Checked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=False)


class FieldSpec(_Checked):
    """Where a field stands and how it is written.

    ``at`` is a field's number from 0 (delimited), its first and last column from 1 like ``"5-12"`` (fixed
    width), a column's name (table) or a key (JSON); a list where a value has several parts, like an address.
    What is None is as the profile says.
    """

    at: int | str | Annotated[tuple[int | str, ...], Field(min_length=1)]
    type: FieldType | None = None
    decimals: Annotated[int, Field(ge=0, le=6)] | Literal["currency"] | None = None
    format: str | None = None
    # Also everything behind it, for records that end in any number of texts.
    rest: bool = False

    @field_validator("at", mode="before")
    @classmethod
    def _check_at(cls, value: object) -> object:
        if any(isinstance(place, bool) for place in (value if isinstance(value, list | tuple) else [value])):
            raise ValueError("true and false are no places")
        return value

    @field_validator("format")
    @classmethod
    def _check_format(cls, value: str | None) -> str | None:
        return None if value is None else _check_date_format(value)

    @property
    def places(self) -> tuple[int | str, ...]:
        """All places, in order."""
        return self.at if isinstance(self.at, tuple) else (self.at,)

    def type_of(self, name: str) -> FieldType:
        """Return what is read when the field has this name."""
        if self.type:
            return self.type
        if name in _AMOUNTS:
            return "amount"
        return "date" if name in _DATES else "text"


def _expand(value: object) -> object:
    """Let ``closing = 12`` stand for ``closing = { at = 12 }``."""
    return value if isinstance(value, dict | FieldSpec) else {"at": value}


Fields = Mapping[str, Annotated[FieldSpec, BeforeValidator(_expand)]]


def _check_date_format(value: str) -> str:
    try:
        compile_date(value)
    except ValueError as exc:
        raise ValueError(f'"{value}" {exc}') from exc
    return value


def _check_delimiter(value: str) -> str:
    if value in {'"', "\n", "\r"}:
        raise ValueError("a quotation mark or a line end cannot stand between fields")
    return value


Delimiter = Annotated[str, Field(min_length=1, max_length=1), AfterValidator(_check_delimiter)]


class _Profile(_Checked):
    """What every profile says."""

    name: str
    description: str = ""
    # Which files it is for.
    organisations: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    looks_like: str | None = None
    # How a file is read that does not say it itself.
    encodings: Annotated[tuple[str, ...], Field(min_length=1)] = ("utf-8", "cp1256")
    currency: str = "BHD"
    organisation: str | None = None
    # What must hold, and what happens when it does not.
    control_totals: tuple[ControlTotal, ...] = ("balance", "debits", "credits")
    on_bad_statement: OnBadStatement = "fail_file"
    on_unbalanced: OnUnbalanced = "warn"

    @field_validator("encodings")
    @classmethod
    def _check_encodings(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for encoding in value:
            try:
                b"a".decode(encoding, "replace")
            except (LookupError, UnicodeError):
                raise ValueError(f'"{encoding}" is no text encoding; use one like cp1256') from None
        return value

    @field_validator("currency")
    @classmethod
    def _check_currency(cls, value: str) -> str:
        if not is_currency(value):
            raise ValueError(f'"{value}" is no ISO 4217 code, like BHD')
        return value

    @field_validator("organisation")
    @classmethod
    def _check_organisation(cls, value: str | None) -> str | None:
        if value is not None and not is_org_id(value):
            raise ValueError(f'"{value}" is not 1 to 32 letters, digits, _ or -')
        return value

    @field_validator("looks_like")
    @classmethod
    def _check_looks(cls, value: str | None) -> str | None:
        return None if value is None else _check_pattern(value)


class TextProfile(_Profile):
    """What a profile says of a format that has no rules of its own for dates, amounts and directions."""

    date_format: str = "ddMMyyyy"
    # Of amounts without a decimal point, how many of the digits are decimals.
    decimals: Annotated[int, Field(ge=0, le=6)] | Literal["currency"] = 0
    decimal_point: Literal[".", ","] = "."
    # What a minus means: on a card's statement a credit, on an account's a debit.
    negative: Negative = "credit"
    credit_marks: tuple[str, ...] = ("C", "CR")
    debit_marks: tuple[str, ...] = ("D", "DR")
    # Words in a description that make an amount without a sign a credit.
    credit_descriptions: tuple[str, ...] = ()
    # A row without an amount is none when its description is exactly, or contains, one of these.
    filler_descriptions: tuple[str, ...] = ()
    heading_descriptions: tuple[str, ...] = ()

    @field_validator("date_format")
    @classmethod
    def _check_format(cls, value: str) -> str:
        return _check_date_format(value)

    @model_validator(mode="after")
    def _check_marks(self) -> Self:
        both = {mark.upper() for mark in self.credit_marks} & {mark.upper() for mark in self.debit_marks}
        if both:
            raise ValueError(
                f"credit_marks: {', '.join(sorted(both))} is in debit_marks too; a mark is one of them"
            )
        return self


class Record(_Checked):
    """One kind of record.

    ``start`` begins a statement, ``part`` says more about it, ``row`` is a transaction, ``message`` a text;
    ``keep`` is kept as it is and ``ignore`` is not. Behind a record that ``ends`` a statement only records
    of its own kind may follow until the next starts.
    """

    role: Literal["start", "part", "row", "message", "keep", "ignore"]
    required: bool = False
    ends: bool = False
    fields: Fields = Field(default_factory=dict)


class RecordsProfile(TextProfile):
    """Files of typed records, one a line: delimited, or in fixed columns when there is no ``delimiter``."""

    format: Literal["records"]
    delimiter: Delimiter | None = None
    # Taken off the front of an account number: a regular expression.
    account_prefix: str = ""
    # Of every record: kind and account, and organisation where there is one.
    fields: Fields
    records: Annotated[Mapping[str, Record], Field(min_length=1)]

    @field_validator("account_prefix")
    @classmethod
    def _check_prefix(cls, value: str) -> str:
        return _check_pattern(value)

    @model_validator(mode="after")
    def _check_records(self) -> Self:
        roles = [record.role for record in self.records.values()]
        if roles.count("start") != 1:
            raise ValueError(f"records: {roles.count('start')} have the role start; give it to exactly one")
        _check_names("fields", self.fields, KEY_FIELDS, required=frozenset({"account", "kind"}))
        self._check_places("fields", self.fields)
        _check_single("fields", self.fields)
        for kind, record in self.records.items():
            self._check_record(f"records.{kind}", record)
        rows = [record.fields for record in self.records.values() if record.role == "row"]
        if any(fields != rows[0] for fields in rows):
            raise ValueError("records: all with the role row must have the same fields")
        return self

    def _check_record(self, where: str, record: Record) -> None:
        fields = f"{where}.fields"
        self._check_places(fields, record.fields)
        match record.role:
            case "row":
                known = ROW_FIELDS - {"debit", "credit"}
                _check_names(fields, record.fields, known, required=frozenset({"description"}))
                _check_single(fields, record.fields)
            case "message":
                _check_names(fields, record.fields, frozenset({"text"}), required=frozenset({"text"}))
            case "keep" | "ignore":
                _check_names(fields, record.fields, frozenset())
        if record.ends and record.role == "start":
            raise ValueError(f"{where}.ends: the record that starts a statement cannot end it")

    def _check_places(self, where: str, fields: Fields) -> None:
        for name, spec in fields.items():
            for place in spec.places:
                if self.delimiter is None:
                    read_columns(f"{where}.{name}", place)
                elif not isinstance(place, int) or place < 0:
                    raise ValueError(f'{where}.{name}: "{place}" is no field number; they count from 0')


class TableProfile(TextProfile):
    """Delimited files with a header: one row per transaction, gathered to statements by account."""

    format: Literal["table"]
    delimiter: Delimiter = ","
    date_format: str = "yyyy-MM-dd"
    account_prefix: str = ""
    fields: Fields

    @model_validator(mode="after")
    def _check_fields(self) -> Self:
        required = frozenset({"account", "description"})
        _check_names("fields", self.fields, None, required=required)
        if unread := sorted({"kind", "text"} & self.fields.keys()):
            raise ValueError(f"fields: {', '.join(unread)} says nothing in a table; give it another name")
        for name, spec in self.fields.items():
            if any(not isinstance(place, str) for place in spec.places):
                raise ValueError(f"fields.{name}: is no column's name; write it in quotes")
        if not {"amount", "debit", "credit"} & self.fields.keys():
            raise ValueError("fields: name the column of amount, or those of debit and credit")
        return self


class JsonProfile(TextProfile):
    """JSON documents of statements, or one statement a line; the fields default to the interchange form."""

    format: Literal["json"]
    lines: bool = False
    date_format: str = "yyyy-MM-dd"
    # The key of the list of statements, and in each of them that of its rows; dots lead deeper.
    statements: str = "statements"
    rows: str = "transactions"
    fields: Fields = Field(default_factory=dict)
    row_fields: Fields = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_fields(self) -> Self:
        for where, fields in (("fields", self.fields), ("row_fields", self.row_fields)):
            for name, spec in fields.items():
                if any(not isinstance(place, str) for place in spec.places):
                    raise ValueError(f"{where}.{name}: is no key; write it in quotation marks")
        if self.fields:
            _check_names("fields", self.fields, None, required=frozenset({"account"}))
        if self.row_fields:
            _check_names("row_fields", self.row_fields, ROW_FIELDS, required=frozenset({"description"}))
            if not {"amount", "debit", "credit"} & self.row_fields.keys():
                raise ValueError("row_fields: name the key of amount, or those of debit and credit")
        return self


class Camt053Profile(_Profile):
    """ISO 20022 bank-to-customer statements, camt.053 of any version."""

    format: Literal["camt053"]


class Mt940Profile(_Profile):
    """SWIFT MT940 customer statements."""

    format: Literal["mt940"]


Profile = RecordsProfile | TableProfile | JsonProfile | Camt053Profile | Mt940Profile


def read_columns(where: str, place: int | str) -> slice:
    """Return what ``"5-12"``, counted from 1, cuts out of a line; ValueError naming ``where``."""
    match = _COLUMNS.fullmatch(str(place))
    if match is None or int(match[1]) > int(match[2]):
        raise ValueError(f'{where}: "{place}" is not first and last column, like "5-12", counted from 1')
    return slice(int(match[1]) - 1, int(match[2]))


def is_org_id(value: str) -> bool:
    """Say whether this can be an organisation: it becomes a part of paths."""
    return _ORG_ID.fullmatch(value) is not None


def _check_pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as exc:
        raise ValueError(f'"{value}" is no regular expression: {exc}') from exc
    return value


def _check_single(where: str, fields: Fields) -> None:
    for name, spec in fields.items():
        if len(spec.places) > 1 or spec.rest:
            raise ValueError(f"{where}.{name}: has several places; this field stands in one")


def _check_names(
    where: str,
    fields: Mapping[str, Any],
    known: frozenset[str] | None,
    *,
    required: frozenset[str] = frozenset(),
) -> None:
    missing = sorted(required - fields.keys())
    if missing:
        raise ValueError(f"{where}: {' and '.join(missing)} missing")
    unknown = sorted(fields.keys() - known) if known is not None else []
    if unknown:
        raise ValueError(
            f"{where}: {', '.join(unknown)} not known here; use {', '.join(sorted(known or ())) or 'none'}"
        )
