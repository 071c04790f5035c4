"""Type 4 records to transactions: amounts, dates, debit or credit, and which records are no rows at all.

Not here: the other records of a statement (afs.py).
"""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from pdfme_dagster.domain.money import decimals_of, to_decimal_text
from pdfme_dagster.domain.privacy import show_value
from pdfme_dagster.domain.statement import Transaction
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing.amounts import Amount, read_amount
from pdfme_dagster.parsing.dates import is_no_date, read_date
from pdfme_dagster.parsing.notes import Notes
from pdfme_dagster.parsing.profile import (
    AMOUNT,
    DESCRIPTION,
    ORIGINAL_AMOUNT,
    ORIGINAL_CURRENCY,
    POSTING_DATE,
    TRANSACTION_DATE,
    AfsProfile,
)

# A row is split only as far as its description: what follows is the same text for all domestic rows, and
# splitting it costs more than all else but making the Transaction.
SPLITS = DESCRIPTION + 1
_NO_FIELDS = ("",) * (SPLITS + 1)
_DOMESTIC = (None, None)
_DIRECTIONS = {"C": True, "CR": True, "D": False, "DR": False}
_CURRENCY = re.compile(r"[A-Z]{3}")
_Original = tuple[str, str]


def split_rest(fields: list[str]) -> list[str]:
    """Split the last field, which holds all that ``SPLITS`` left together."""
    return [*fields[:-1], *fields[-1].split("|")]


def refuse_amount(line: int, name: str, text: str, reason: object) -> ParseError:
    """Return the error for an amount that cannot be read."""
    message = f'{name} "{show_value(text.strip())}" {reason}; correct it and upload the file again'
    return ParseError("bad_amount", message, line=line)


class _Wording(NamedTuple):
    """What a description says about its record."""

    no_row: bool
    credit: bool


class RowReader:
    """Reads the rows of one file, of all its customers."""

    def __init__(self, profile: AfsProfile, notes: Notes) -> None:
        self._profile = profile
        self._notes = notes
        self._decimals = decimals_of(profile.currency)
        self._implied = profile.implied_decimals_of(profile.currency)
        self._read_wording = _compile_wording(profile)

    def read(self, line: int, fields: list[str], number: int) -> Transaction | None:
        """Read a record that would be row ``number`` (from 1) of its statement; None when it is no row."""
        if len(fields) <= SPLITS:
            fields = [*fields, *_NO_FIELDS[len(fields) :]]
        description = fields[DESCRIPTION].strip()
        wording = self._read_wording(description)
        amount = self._read_amount(line, fields[AMOUNT])
        if amount is None or not amount[0]:
            if wording.no_row or self._is_undated(line, fields, description):
                return None
        elif wording.no_row:
            self._notes.warn(line, f"row {number}: reads like a heading but has an amount; printed")
        made, posted = self._read_dates(line, fields, number)
        original = _find_original(fields[SPLITS])
        currency, original_minor = self._read_original(line, original, number) if original else _DOMESTIC
        minor, credit = amount or self._note_no_amount(line, number)
        return Transaction(
            date=made,
            posted=posted,
            description=description,
            amount=minor,
            credit=self._read_direction(line, fields, wording) if credit is None else credit,
            original_currency=currency,
            original_amount=original_minor,
        )

    def _read_amount(self, line: int, text: str) -> Amount | None:
        try:
            return read_amount(text, self._implied, self._decimals)
        except ValueError as exc:
            raise refuse_amount(line, "amount", text, exc) from exc

    def _is_undated(self, line: int, fields: list[str], description: str) -> bool:
        """Tell whether a record without an amount has no date either: then it is a heading."""
        if not (is_no_date(fields[TRANSACTION_DATE]) and is_no_date(fields[POSTING_DATE])):
            return False
        if not description:
            self._notes.count(line, "empty type 4 record; skipped")
        return True

    def _read_dates(self, line: int, fields: list[str], number: int) -> tuple[date | None, date | None]:
        try:
            made, posted = read_date(fields[TRANSACTION_DATE]), read_date(fields[POSTING_DATE])
        except ValueError:
            made = self._read_date(line, "transaction date", fields[TRANSACTION_DATE], number)
            posted = self._read_date(line, "posting date", fields[POSTING_DATE], number)
        if made is None and is_no_date(fields[TRANSACTION_DATE]):
            self._notes.warn(line, f"row {number}: no transaction date")
        return made, posted

    def _read_date(self, line: int, name: str, text: str, number: int) -> date | None:
        try:
            return read_date(text)
        except ValueError:
            shown = show_value(text.strip())
            self._notes.warn(line, f"row {number}: invalid date {shown} as {name}; printed without it")
            return None

    def _read_original(self, line: int, original: _Original, number: int) -> tuple[str | None, int | None]:
        code, text = original
        if code == self._profile.currency:
            return _DOMESTIC
        if not text or not _CURRENCY.fullmatch(code):
            self._notes.warn(line, f"row {number}: original currency or amount is missing or no ISO code")
            return _DOMESTIC
        try:
            amount = read_amount(text, self._implied, decimals_of(code))
        except ValueError as exc:
            raise refuse_amount(line, f"original amount in {code}", text, exc) from exc
        return code, amount[0] if amount else None

    def _note_no_amount(self, line: int, number: int) -> Amount:
        zero = to_decimal_text(0, self._profile.currency)
        self._notes.warn(line, f"row {number}: no amount; printed as {zero}")
        return 0, None

    def _read_direction(self, line: int, fields: list[str], wording: _Wording) -> bool:
        """Tell whether a row whose amount has no sign is a credit."""
        if self._profile.direction_field is not None:
            mark = _field(split_rest(fields), self._profile.direction_field).upper()
            if mark:
                return _read_mark(line, mark)
        return wording.credit


def _read_mark(line: int, mark: str) -> bool:
    if mark not in _DIRECTIONS:
        message = (
            f'debit or credit mark "{show_value(mark)}" is not C, CR, D or DR; correct it and upload again'
        )
        raise ParseError("bad_record", message, line=line)
    return _DIRECTIONS[mark]


def _field(fields: list[str], number: int) -> str:
    return fields[number].strip() if number < len(fields) else ""


@lru_cache(maxsize=1024)
def _find_original(rest: str) -> _Original | None:
    """Return currency and amount as written, out of all behind the description; None for a domestic row."""
    fields = rest.split("|")
    code = _field(fields, ORIGINAL_CURRENCY - SPLITS).upper()
    return (code, _field(fields, ORIGINAL_AMOUNT - SPLITS)) if code else None


@lru_cache(maxsize=16)
def _compile_wording(profile: AfsProfile) -> Callable[[str], _Wording]:
    """Return what reads descriptions by a profile; it remembers them, since shops repeat in all files."""
    words = "|".join(map(re.escape, profile.credit_descriptions))
    credit = re.compile(rf"\b(?:{words})\b" if words else r"(?!)", re.IGNORECASE)

    @lru_cache(maxsize=65536)
    def read_wording(description: str) -> _Wording:
        heading = any(heading in description for heading in profile.heading_descriptions)
        no_row = heading or description in profile.filler_descriptions
        return _Wording(no_row, credit.search(description) is not None)

    return read_wording
