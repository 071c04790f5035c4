"""What a statement file says, as values; everything printed comes from here.

Not here: how a file's bytes become statements (parsing/) nor how statements become pages (rendering/).
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Transaction(NamedTuple):
    """One row of a statement.

    ``amount`` is in minor units of the statement's currency and never negative: ``credit`` says the
    direction. ``original_amount`` is in minor units of ``original_currency``; domestic rows have neither.
    A NamedTuple, since a file holds a million of them: 0.2 microseconds each instead of a dataclass's 1.6.
    """

    date: dt.date | None
    posted: dt.date | None
    description: str
    amount: int
    credit: bool
    original_currency: str | None = None
    original_amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One customer's statement of one period.

    Amounts are integers in minor units of ``currency`` (ISO 4217); balances are positive when the customer
    owes. ``account`` is the full card or account number: print it, never log it. ``extra`` holds what a
    profile reads beyond these (an int is an amount), ``extra_records`` the fields of records it only keeps.
    """

    org_id: str
    account: str
    name: str
    address: tuple[str, ...]
    statement_date: dt.date | None
    currency: str
    opening: int | None
    debits: int | None
    credits: int | None
    closing: int | None
    available: int | None
    transactions: tuple[Transaction, ...]
    messages: tuple[str, ...]
    extra: Mapping[str, str | int | dt.date] = field(default_factory=dict)
    extra_records: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseWarning:
    """Something odd that did not stop the file; ``line`` counts from 1."""

    line: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A customer whose statement cannot be made, while the file's others can.

    ``position`` counts the customers of the file from 1; ``account`` shows its last four at most; ``line``
    counts from 1, None where a format has no lines.
    """

    position: int
    account: str
    line: int | None
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFile:
    """All statements of one file, in file order, with what was odd about it and how it was read.

    Together ``statements`` and ``rejected`` are all customers of the file.
    """

    statements: tuple[Statement, ...]
    warnings: tuple[ParseWarning, ...]
    rejected: tuple[Rejected, ...]
    encoding: str
    profile: str

    @property
    def customers(self) -> int:
        """How many customers the file has."""
        return len(self.statements) + len(self.rejected)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPdf:
    """One document as PDF bytes.

    The same statement gives the same bytes while ``template_digest`` is the same: the SHA-256 of all that a
    PDF depends on beside the statement. Both are empty where no organisation's template was asked for.
    """

    content: bytes
    pages: int
    template: str = ""
    template_digest: str = ""
