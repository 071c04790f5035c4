"""What a statement file says, as values; everything printed comes from here.

Not here: how a file's bytes become statements (parsing/) nor how statements become pages (rendering/).
"""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One row of a statement.

    ``amount`` is in minor units of the statement's currency and never negative: ``credit`` says the
    direction. ``original_amount`` is in minor units of ``original_currency``; domestic rows have neither.
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
    owes. ``account`` is the full card or account number: print it, never log it.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseWarning:
    """Something odd that did not stop the file; ``line`` counts from 1."""

    line: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFile:
    """All statements of one file, in file order, with what was odd about it and how its bytes were read."""

    statements: tuple[Statement, ...]
    warnings: tuple[ParseWarning, ...]
    encoding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPdf:
    """One statement as PDF bytes; the same statement always gives the same bytes."""

    content: bytes
    pages: int
