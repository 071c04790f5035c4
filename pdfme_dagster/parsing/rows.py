"""Texts of a row to a transaction: amounts, dates, debit or credit, and which records are no rows at all.

Not here: where in a file the texts stand (records.py, table.py, statement_json.py).
"""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from pdfme_dagster.domain.memo import Memo
from pdfme_dagster.domain.money import decimals_of, is_currency, to_decimal_text
from pdfme_dagster.domain.privacy import show_value
from pdfme_dagster.domain.statement import Transaction
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing.amounts import PLAIN_DIGITS, Amount, compile_amount, plain_factor
from pdfme_dagster.parsing.dates import compile_date, is_no_date
from pdfme_dagster.parsing.drafts import refuse_amount
from pdfme_dagster.parsing.notes import Notes
from pdfme_dagster.parsing.profile import FieldSpec, TextProfile

_make_row: Callable[[tuple[Any, ...]], Transaction] = partial(tuple.__new__, Transaction)
_NO_AMOUNT: Amount = (0, None)
# Date, posting date, description, amount, and the rest: what Memo can remember it by.
RowCut = tuple[bytes, bytes, bytes, bytes, Hashable]


class RowTexts(NamedTuple):
    """A row as its file writes it; empty is what it does not have."""

    date: str
    posted: str
    description: str
    amount: str
    direction: str = ""
    original_currency: str = ""
    original_amount: str = ""


# The rest of a row: direction, original currency, original amount, as UTF-8.
Rest = tuple[bytes, bytes, bytes]
# What is looked up for every row is a plain tuple: unpacking a named one takes three times as long.
_Wording = tuple[str, bool, bool | None]  # the text, whether it is no row's, whether it is a credit's
_RestRead = tuple[bool | None, str | None, int | None, str | None]  # direction, currency, amount, warning


class RowReader:
    """Reads the rows of one file that are in one currency.

    ``split_rest`` turns what stands for the rest in a RowCut into a Rest.
    """

    def __init__(
        self,
        profile: TextProfile,
        specs: Mapping[str, FieldSpec],
        notes: Notes,
        currency: str,
        split_rest: Callable[[Any], Rest] = tuple,
    ) -> None:
        self._notes = notes
        self._currency = currency
        self._profile = profile
        self._specs = specs
        self._read_amount = self._compile_amount("amount", currency)
        self._factor = plain_factor(_implied(profile, specs.get("amount"), currency), decimals_of(currency))
        self._originals = Memo(self._read_currency)
        self._directions = Memo(self._read_direction)
        self._made = _date_memo(profile, specs.get("date"))
        self._posted = _date_memo(profile, specs.get("posted"))
        self._wordings = Memo(_compile_wording(profile))
        self._split_rest = split_rest
        self._rests: Memo[Hashable, _RestRead] = Memo(self._read_rest)
        # What an amount is that says nothing of its direction: a purchase on a card, money in on an account.
        self._unsigned = profile.negative == "debit"
        marks = {mark.upper(): True for mark in profile.credit_marks}
        self._marks = marks | {mark.upper(): False for mark in profile.debit_marks}

    def read(self, line: int, number: int, texts: RowTexts) -> Transaction | None:
        """Read what would be row ``number`` (from 1) of its statement; None when it is no row.

        ParseError ``bad_amount`` or ``bad_record``.
        """
        made, posted, description, amount, *rest = texts
        head = (made.encode(), posted.encode(), description.encode(), amount.encode())
        return self._read_odd(line, number, (*head, tuple(text.encode() for text in rest)))

    def read_all(  # noqa: C901 - one loop on purpose: a call more for each row is a tenth of its time
        self, records: Iterable[tuple[int, list[bytes]]], cut: Callable[[list[bytes]], RowCut]
    ) -> tuple[Transaction, ...]:
        """Read the rows of one statement, each a line and what ``cut`` cuts; ParseError as ``read``.

        A file's million rows go through here: what an ordinary one needs is looked up in this loop, and the
        others are read again from the start.
        """
        rows: list[Transaction] = []
        wordings, made_on, posted_on, rests = self._wordings, self._made, self._posted, self._rests
        read_amount, factor, unsigned = self._read_amount, self._factor, self._unsigned
        for line, fields in records:
            made, posted, description, amount, rest = fields_cut = cut(fields)
            try:
                text, no_row, credit = wordings[description]
                day, posted_day = made_on[made], posted_on[posted]
                marked, currency, original, warning = rests[rest]
                if factor and len(amount) <= PLAIN_DIGITS and amount.isdigit():
                    minor, signed = int(amount) * factor, None
                else:
                    minor, signed = read_amount(amount) or _NO_AMOUNT
            except (ValueError, ParseError):
                pass
            else:
                if minor and day is not None and not no_row and not warning:
                    if signed is None:
                        signed = marked if marked is not None else unsigned if credit is None else credit
                    rows.append(_make_row((day, posted_day, text, minor, signed, currency, original)))
                    continue
                if no_row and not minor:
                    continue
            row = self._read_odd(line, len(rows) + 1, fields_cut)
            if row is not None:
                rows.append(row)
        return tuple(rows)

    def _read_odd(self, line: int, number: int, cut: RowCut) -> Transaction | None:
        made, posted, description, amount, rest = cut
        text, no_row, wording_credit = self._wordings[description]
        found = self._find_amount(line, amount)
        if found is None or not found[0]:
            if no_row or self._is_undated(line, made, posted, text):
                return None
        elif no_row:
            self._notes.warn(line, f"row {number}: reads like a heading but has an amount; printed")
        made_on = self._read_date(line, number, "transaction date", self._made, made)
        posted_on = self._read_date(line, number, "posting date", self._posted, posted)
        if is_no_date(made.decode()):
            self._notes.warn(line, f"row {number}: no transaction date")
        marked, currency, original, warning = self._find_rest(line, rest)
        if warning:
            self._notes.warn(line, f"row {number}: {warning}")
        minor, signed = found or self._note_no_amount(line, number)
        said = (credit for credit in (signed, marked, wording_credit) if credit is not None)
        credit = next(said, self._unsigned)
        return _make_row((made_on, posted_on, text, minor, credit, currency, original))

    def _find_amount(self, line: int, raw: bytes) -> Amount | None:
        try:
            return self._read_amount(raw)
        except ValueError as exc:
            raise refuse_amount(line, "amount", raw.decode(), exc) from exc

    def _is_undated(self, line: int, made: bytes, posted: bytes, description: str) -> bool:
        """Tell whether a record without an amount has no date either: then it is a heading."""
        if not (is_no_date(made.decode()) and is_no_date(posted.decode())):
            return False
        if not description:
            self._notes.count(line, "empty row; skipped")
        return True

    def _read_date(
        self, line: int, number: int, name: str, memo: "Memo[bytes, date | None]", raw: bytes
    ) -> date | None:
        try:
            return memo[raw]
        except ValueError:
            shown = show_value(raw.decode().strip())
            self._notes.warn(line, f"row {number}: invalid date {shown} as {name}; printed without it")
            return None

    def _note_no_amount(self, line: int, number: int) -> Amount:
        zero = to_decimal_text(0, self._currency)
        self._notes.warn(line, f"row {number}: no amount; printed as {zero}")
        return 0, None

    # --- What most rows do not say ---

    def _find_rest(self, line: int, rest: Hashable) -> _RestRead:
        try:
            return self._rests[rest]
        except ParseError as exc:
            raise ParseError(exc.code, exc.reason, line=line) from exc

    def _read_rest(self, rest: Hashable) -> _RestRead:
        direction, currency, amount = self._split_rest(rest)
        credit = self._directions[direction]
        code, read = self._originals[currency]
        if code is None:
            return credit, None, None, None
        try:
            found = read(amount) if read else None
        except ValueError as exc:
            shown = show_value(amount.decode().strip())
            message = f'original amount in {code} "{shown}" {exc}; correct it and upload the file again'
            raise ParseError("bad_amount", message) from exc
        if found is None:
            return credit, None, None, "original currency or amount is missing or no ISO code"
        return credit, code, found[0], None

    def _read_currency(self, raw: bytes) -> tuple[str | None, Callable[[bytes], Amount | None] | None]:
        """Return an original's currency, None when the row is domestic, and what reads its amounts."""
        code = raw.decode().strip().upper()
        if not code or code == self._currency:
            return None, None
        return code, self._compile_amount("original_amount", code) if is_currency(code) else None

    def _compile_amount(self, name: str, currency: str) -> Callable[[bytes], Amount | None]:
        return compile_field_amount(self._profile, self._specs.get(name), currency)

    def _read_direction(self, raw: bytes) -> bool | None:
        mark = raw.decode().strip()
        if mark and mark.upper() not in self._marks:
            shown, known = show_value(mark), ", ".join(self._marks)
            message = f'debit or credit mark "{shown}" is not one of {known}; correct it and upload again'
            raise ParseError("bad_record", message)
        return self._marks.get(mark.upper())


def compile_field_amount(
    profile: TextProfile, spec: FieldSpec | None, currency: str
) -> Callable[[bytes], Amount | None]:
    """Return what reads an amount in this currency, written as its field or else its profile says."""
    implied, decimals = _implied(profile, spec, currency), decimals_of(currency)
    return compile_amount(implied, decimals, point=profile.decimal_point, negative=profile.negative)


def _implied(profile: TextProfile, spec: FieldSpec | None, currency: str) -> int:
    """Return how many digits at the end of an amount without a decimal point are decimals."""
    said = profile.decimals if spec is None or spec.decimals is None else spec.decimals
    return decimals_of(currency) if said == "currency" else said


def _date_memo(profile: TextProfile, spec: FieldSpec | None) -> "Memo[bytes, date | None]":
    read = compile_date((spec and spec.format) or profile.date_format)
    return Memo(lambda raw: read(raw.decode()))


def _compile_wording(profile: TextProfile) -> Callable[[bytes], _Wording]:
    words = profile.credit_descriptions
    credit = re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b" if words else r"(?!)", re.IGNORECASE)
    # Looking for a word first is ten times as fast as the pattern, and most descriptions have none.
    folded_words = [word.casefold() for word in words]
    fillers, headings = profile.filler_descriptions, profile.heading_descriptions

    def read_wording(raw: bytes) -> _Wording:
        text = raw.decode().strip()
        no_row = text in fillers
        for heading in headings:
            no_row = no_row or heading in text
        folded = text.casefold()
        for word in folded_words:
            if word in folded and credit.search(text):
                return text, no_row, True
        return text, no_row, None

    return read_wording
