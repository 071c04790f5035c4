"""The pipe-delimited card-statement extract: lines to customers to statements.

Not here: bytes to text (decoding.py), single rows (rows.py), what a bank sets differently (profile.py). One
customer that cannot be read fails the file: nothing is guessed, and no row may reach another's statement.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from pdfme_dagster.domain.money import decimals_of, format_amount
from pdfme_dagster.domain.privacy import mask_account, show_value
from pdfme_dagster.domain.statement import ParsedFile, Statement, Transaction
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing.amounts import read_amount
from pdfme_dagster.parsing.dates import read_date
from pdfme_dagster.parsing.decoding import decode_text, split_lines
from pdfme_dagster.parsing.notes import Notes
from pdfme_dagster.parsing.profile import (
    ACCOUNT,
    ACCOUNT_RECORD,
    ADDRESS,
    AVAILABLE,
    CLOSING_BALANCE,
    CUSTOMER_RECORD,
    FIRST_MESSAGE,
    KIND,
    KINDS,
    MESSAGE_RECORD,
    NAME,
    OPENING_BALANCE,
    ORG,
    ROW_RECORD,
    STATEMENT_DATE,
    TOTAL_CREDITS,
    TOTAL_DEBITS,
    AfsProfile,
)
from pdfme_dagster.parsing.rows import SPLITS, RowReader, refuse_amount, split_rest

_ORG_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_ACCOUNT_PREFIX = re.compile(r"^[0-9]{2}-")
_KIND = re.compile(r"[0-9]{1,2}")
# Only these are repeated in a message: any other first field may be a piece of a customer's name.
_FRAMES = frozenset({"HDR", "HEADER", "BOF", "TRL", "TRAILER", "FTR", "FOOTER", "EOF", "END"})
_BALANCES = {
    "opening balance": OPENING_BALANCE,
    "total debits": TOTAL_DEBITS,
    "total credits": TOTAL_CREDITS,
    "closing balance": CLOSING_BALANCE,
    "available amount": AVAILABLE,
}


class _Record(NamedTuple):
    line: int
    kind: str
    fields: list[str]


def parse(content: bytes, *, profile: AfsProfile) -> ParsedFile:
    """Read a statement file.

    ParseError codes: ``empty_file``, ``unknown_encoding``, ``no_statement``, ``bad_record``, ``bad_amount``,
    ``bad_date``.
    """
    text, encoding = decode_text(content, fallback=profile.fallback_encoding)
    if not text or text.isspace():
        raise ParseError("empty_file", "the file is empty or holds only blank lines; upload it again")
    notes = Notes()
    reader = _StatementReader(profile, notes)
    statements = tuple(reader.read(customer) for customer in _group_customers(split_lines(text), notes))
    if not statements:
        raise ParseError("no_statement", "no type 1 record: the file starts no statement; upload all of it")
    return ParsedFile(statements=statements, warnings=notes.list_warnings(), encoding=encoding)


def _group_customers(lines: list[str], notes: Notes) -> Iterator[list[_Record]]:
    """Give the records of one customer after the other; each group starts with its type 1 record."""
    customer: list[_Record] = []
    for number, line in enumerate(lines, start=1):
        fields = line.split("|", SPLITS)
        kind = fields[KIND].strip() if len(fields) > KIND else ""
        if kind == ACCOUNT_RECORD:
            if customer:
                yield customer
            customer = [_Record(number, kind, fields)]
        elif kind not in KINDS:
            notes.count(number, _describe_unknown(fields, kind))
        elif not customer:
            notes.count(number, f"orphan: type {kind} record before the first type 1 record; skipped")
        else:
            first = customer[0].fields
            if fields[ACCOUNT] != first[ACCOUNT] or fields[ORG] != first[ORG]:
                _check_same_account(number, kind, fields, first)
            customer.append(_Record(number, kind, fields))
    if customer:
        yield customer


def _describe_unknown(fields: list[str], kind: str) -> str:
    if not any(field.strip() for field in fields):
        return "blank line; skipped"
    if _KIND.fullmatch(kind):
        return f"unknown record type {kind}; skipped"
    first = fields[0].strip()
    return f"unknown record {first}; skipped" if first in _FRAMES else "unknown record; skipped"


def _check_same_account(line: int, kind: str, fields: list[str], first: list[str]) -> None:
    account, expected = fields[ACCOUNT].strip(), first[ACCOUNT].strip()
    if account != expected:
        change = f"account changes from {mask_account(expected)} to {mask_account(account)}"
    elif fields[ORG].strip() != first[ORG].strip():
        change = f"organisation of account {mask_account(account)} changes"
    else:
        return
    message = f"{change} at a type {kind} record; a customer starts with type 1, so upload the whole extract"
    raise ParseError("bad_record", message, line=line)


class _StatementReader:
    """Reads the statements of one file."""

    def __init__(self, profile: AfsProfile, notes: Notes) -> None:
        self._currency = profile.currency
        self._notes = notes
        self._rows = RowReader(profile, notes)
        self._decimals = decimals_of(profile.currency)
        self._implied = dict.fromkeys(_BALANCES, profile.balance_decimals)
        self._implied["available amount"] = profile.implied_decimals_of(profile.currency)

    def read(self, customer: list[_Record]) -> Statement:
        """Read one customer's records into a statement."""
        _check_order(customer)
        account = customer[0]
        org_id, number = _read_identity(account)
        name, address = self._read_customer(_find_customer_record(customer))
        balances = self._read_balances(account)
        statement = Statement(
            org_id=org_id,
            account=number,
            name=name,
            address=address,
            statement_date=self._read_statement_date(account),
            currency=self._currency,
            opening=balances["opening balance"],
            debits=balances["total debits"],
            credits=balances["total credits"],
            closing=balances["closing balance"],
            available=balances["available amount"],
            transactions=self._read_rows(customer),
            messages=tuple(_read_messages(customer)),
        )
        self._check_totals(account.line, statement)
        if customer[-1].kind != MESSAGE_RECORD:
            self._notes.warn(
                account.line, "record 1: no type 6 record ends this statement; it may be cut off"
            )
        return statement

    def _read_balances(self, account: _Record) -> dict[str, int | None]:
        fields = split_rest(account.fields)
        balances = {name: self._read_balance(account.line, fields, name) for name in _BALANCES}
        missing = [name for name, balance in balances.items() if balance is None]
        if missing:
            self._notes.warn(account.line, f"record 1: missing {', '.join(missing)}")
        return balances

    def _read_balance(self, line: int, fields: list[str], name: str) -> int | None:
        text = _field(fields, _BALANCES[name])
        try:
            amount = read_amount(text, self._implied[name], self._decimals)
        except ValueError as exc:
            raise refuse_amount(line, name, text, exc) from exc
        if amount is None:
            return None
        # A total of credits marked CR or minus is still that total.
        minor, credit = amount
        return -minor if credit and name != "total credits" else minor

    def _read_statement_date(self, account: _Record) -> date | None:
        text = _field(account.fields, STATEMENT_DATE)
        try:
            day = read_date(text)
        except ValueError as exc:
            message = (
                f'statement date "{show_value(text)}" is no day written ddMMyyyy; correct it and upload again'
            )
            raise ParseError("bad_date", message, line=account.line) from exc
        if day is None:
            self._notes.warn(account.line, "record 1: no statement date")
        return day

    def _read_customer(self, record: _Record) -> tuple[str, tuple[str, ...]]:
        fields = split_rest(record.fields)
        last = ADDRESS[-1]
        if len(fields) <= last:
            self._notes.warn(record.line, f"record 2: field {last} missing; read as empty")
        name = _field(fields, NAME)
        if not name:
            self._notes.warn(record.line, "record 2: no customer name")
        parts = (_field(fields, number) for number in ADDRESS)
        return name, tuple(part for part in parts if part)

    def _read_rows(self, customer: list[_Record]) -> tuple[Transaction, ...]:
        rows: list[Transaction] = []
        for line, kind, fields in customer:
            if kind == ROW_RECORD:
                row = self._rows.read(line, fields, len(rows) + 1)
                if row is not None:
                    rows.append(row)
        return tuple(rows)

    def _check_totals(self, line: int, statement: Statement) -> None:
        opening, debits, credited = statement.opening, statement.debits, statement.credits
        if opening is not None and debits is not None and credited is not None:
            self._compare(line, "opening + debits - credits", opening + debits - credited, statement.closing)
        sums = [0, 0]
        for row in statement.transactions:
            sums[row.credit] += row.amount
        self._compare(line, "sum of the debit rows", sums[False], debits)
        self._compare(line, "sum of the credit rows", sums[True], credited)

    def _compare(self, line: int, what: str, found: int, said: int | None) -> None:
        if said is not None and found != said:
            difference = f"{format_amount(found - said, self._currency)} {self._currency}"
            self._notes.warn(line, f"control total: {what} is off by {difference}")


def _check_order(customer: list[_Record]) -> None:
    ended = False
    for record in customer:
        if ended and record.kind != MESSAGE_RECORD:
            message = (
                f"type {record.kind} record after type 6, which ends a customer; upload the whole extract"
            )
            raise ParseError("bad_record", message, line=record.line)
        ended = record.kind == MESSAGE_RECORD


def _find_customer_record(customer: list[_Record]) -> _Record:
    found = [record for record in customer if record.kind == CUSTOMER_RECORD]
    if len(found) == 1:
        return found[0]
    how_many, line = ("a second", found[1].line) if found else ("no", customer[0].line)
    account = mask_account(customer[0].fields[ACCOUNT])
    message = f"account {account} has {how_many} type 2 record; upload the whole extract"
    raise ParseError("bad_record", message, line=line)


def _read_identity(account: _Record) -> tuple[str, str]:
    """Return organisation and account number; the organisation becomes part of paths, so it is checked."""
    org_id, key = _field(account.fields, ORG), _field(account.fields, ACCOUNT)
    if not _ORG_ID.fullmatch(org_id):
        message = f'organisation "{show_value(org_id)}" is not 1 to 32 letters, digits, _ or -; correct it'
        raise ParseError("bad_record", message, line=account.line)
    number = _ACCOUNT_PREFIX.sub("", key)
    if not number:
        raise ParseError("bad_record", "no account number (field 2); correct it", line=account.line)
    return org_id, number


def _read_messages(customer: list[_Record]) -> Iterator[str]:
    for record in customer:
        if record.kind == MESSAGE_RECORD:
            texts = map(str.strip, split_rest(record.fields)[FIRST_MESSAGE:])
            yield from filter(None, texts)


def _field(fields: list[str], number: int) -> str:
    return fields[number].strip() if number < len(fields) else ""
