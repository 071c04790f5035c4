"""Files of typed records, one a line: lines to customers to statements, by a profile.

Not here: cutting lines (layouts.py), single rows (rows.py) and fields (fields.py). A customer whose records
do not fit together is refused whole: nothing is guessed, and no row may reach another's statement.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pdfme_dagster.domain.memo import Memo
from pdfme_dagster.domain.privacy import mask_account, show_value
from pdfme_dagster.domain.statement import Statement, Transaction
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing.drafts import Draft, Refused
from pdfme_dagster.parsing.fields import UNSAID, Raw, StatementFields
from pdfme_dagster.parsing.layouts import Layout, last_number, make_layout
from pdfme_dagster.parsing.notes import Notes
from pdfme_dagster.parsing.profile import Record, RecordsProfile, is_org_id
from pdfme_dagster.parsing.rows import RowReader
from pdfme_dagster.parsing.source import TextSource

_KIND = re.compile(r"[0-9]{1,2}")
# Only these are repeated in a message: any other first word may be a piece of a customer's name.
_FRAMES = frozenset({"HDR", "HEADER", "BOF", "TRL", "TRAILER", "FTR", "FOOTER", "EOF", "END"})
_UNKNOWN = Record(role="ignore")
# Accounts without a first record are named one by one; a file has a few of them or is not read right at all.
_MAX_STRAYS = 100


def read_records(source: TextSource, profile: RecordsProfile, notes: Notes) -> Iterator[Draft | Refused]:
    """Yield each customer of the file in order, read or refused."""
    reader = _CustomerReader(profile, notes)
    for customer in _Grouping(profile, notes, reader.layout).group(source):
        if isinstance(customer, Refused):
            yield customer
            continue
        try:
            yield Draft(customer.line, reader.read(customer))
        except ParseError as exc:
            yield Refused(reader.find_account(customer.fields), exc)


def peek_organisation(profile: RecordsProfile, text: str) -> str | None:
    """Return the organisation in the first record of ``text`` that starts a statement."""
    layout = make_layout(profile)
    if layout.organisation_at is None:
        return None
    for line in text.split("\n"):
        fields = layout.cut(line.encode())
        record = profile.records.get(_text(fields, layout.kind_at))
        if record and record.role == "start":
            return _text(fields, layout.organisation_at) or None
    return None


class _Customer:
    """The records of one customer. ``trouble`` is the first thing that does not fit."""

    __slots__ = ("ended_by", "fields", "kept", "line", "messages", "parts", "rows", "trouble")

    def __init__(self, line: int, fields: list[bytes]) -> None:
        self.line = line
        self.fields = fields
        self.parts: dict[str, tuple[int, list[bytes]]] = {}
        self.rows: list[tuple[int, list[bytes]]] = []
        self.messages: list[tuple[str, list[bytes]]] = []
        self.kept: list[list[bytes]] = []
        self.ended_by: str | None = None
        self.trouble: ParseError | None = None


class _Grouping:
    """Puts the records of one customer after the other together."""

    def __init__(self, profile: RecordsProfile, notes: Notes, layout: Layout) -> None:
        self._notes = notes
        self._layout = layout
        self._prefix = re.compile(profile.account_prefix)
        self._records = Memo[bytes, tuple[str, Record]](
            lambda raw: ((kind := raw.decode().strip()), profile.records.get(kind, _UNKNOWN))
        )
        kinds = profile.records.items()
        self._start = next(kind for kind, record in kinds if record.role == "start")
        self._row_kinds = {kind.encode() for kind, each in kinds if each.role == "row" and not each.ends}
        # Accounts with records before the first statement, or among another customer's.
        self._orphans: dict[str, ParseError] = {}
        self._strays: dict[str, ParseError] = {}

    def group(self, source: TextSource) -> Iterator[_Customer | Refused]:
        """Yield customers, at the end also refusals of accounts that have records but no statement."""
        layout, row_kinds = self._layout, self._row_kinds
        cut, kind_at, account_at, full = layout.cut, layout.kind_at, layout.account_at, layout.full
        organisation_at = account_at if layout.organisation_at is None else layout.organisation_at
        customer: _Customer | None = None
        account = organisation = None
        rows: list[tuple[int, list[bytes]]] = []
        number = source.first_line - 1
        for block in source.blocks():
            for line in block.split(b"\n"):
                number += 1
                fields = cut(line)
                # Nearly every line is one more row of the same customer, written the same way.
                if (
                    len(fields) == full
                    and fields[kind_at] in row_kinds
                    and fields[account_at] == account
                    and fields[organisation_at] == organisation
                ):
                    rows.append((number, fields))
                    continue
                ended, customer = self._take(customer, number, fields)
                if ended:
                    yield ended
                if customer:
                    rows = customer.rows
                    # After a record that ends the customer, every line is looked at.
                    account = None if customer.ended_by else customer.fields[account_at]
                    organisation = customer.fields[organisation_at]
        if customer:
            yield customer
            yield from self._refuse_lost()

    def _take(
        self, customer: _Customer | None, line: int, fields: list[bytes]
    ) -> tuple[_Customer | None, _Customer | None]:
        """Put a record where it belongs; return the customer whom it ends, and the one who goes on."""
        whole = len(fields) >= self._layout.least
        kind, record = self._records[fields[self._layout.kind_at]] if whole else ("", _UNKNOWN)
        if record is _UNKNOWN:
            self._notes.count(line, _describe_unknown(fields, kind))
        elif record.role == "ignore":
            pass
        elif record.role == "start":
            return customer, self._start_customer(line, fields)
        elif customer is None:
            self._note_orphan(line, kind, fields)
        else:
            self._add(customer, line, kind, record, fields)
        return None, customer

    def _start_customer(self, line: int, fields: list[bytes]) -> _Customer:
        customer = _Customer(line, fields)
        account = _text(fields, self._layout.account_at)
        self._orphans.pop(account, None)
        customer.trouble = self._strays.pop(account, None)
        return customer

    def _note_orphan(self, line: int, kind: str, fields: list[bytes]) -> None:
        self._notes.count(
            line, f"orphan: type {kind} record before the first type {self._start} record; skipped"
        )
        account = _text(fields, self._layout.account_at)
        if account and len(self._orphans) < _MAX_STRAYS:
            message = (
                f"no type {self._start} record starts this account's statement; upload the whole extract"
            )
            self._orphans.setdefault(account, ParseError("bad_record", message, line=line))

    def _refuse_lost(self) -> Iterator[Refused]:
        for account, error in (self._orphans | self._strays).items():
            yield Refused(strip_prefix(self._prefix, account), error, stray=True)

    def _add(self, customer: _Customer, line: int, kind: str, record: Record, fields: list[bytes]) -> None:
        trouble = self._find_trouble(customer, line, kind, record, fields)
        if trouble:
            customer.trouble = customer.trouble or ParseError("bad_record", trouble, line=line)
            return
        match record.role:
            case "row":
                customer.rows.append((line, self._layout.fill(fields)))
            case "part":
                customer.parts[kind] = (line, fields)
            case "message":
                customer.messages.append((kind, fields))
            case "keep":
                customer.kept.append(fields)
        if record.ends:
            customer.ended_by = kind

    def _find_trouble(
        self, customer: _Customer, line: int, kind: str, record: Record, fields: list[bytes]
    ) -> str | None:
        """Return why a record is not this customer's, or None."""
        changed = self._describe_change(customer.fields, line, kind, fields)
        if changed:
            start = f"a customer starts with type {self._start}"
            return f"{changed} at a type {kind} record; {start}, so upload the whole extract"
        ended_by = customer.ended_by
        if ended_by and kind != ended_by:
            return (
                f"type {kind} record after type {ended_by}, which ends a customer; upload the whole extract"
            )
        if record.role == "part" and kind in customer.parts:
            account = mask_account(_text(fields, self._layout.account_at))
            return f"account {account} has a second type {kind} record; upload the whole extract"
        return None

    def _describe_change(self, first: list[bytes], line: int, kind: str, fields: list[bytes]) -> str | None:
        account_at, organisation_at = self._layout.account_at, self._layout.organisation_at
        same = fields[account_at] == first[account_at]
        if same and (organisation_at is None or fields[organisation_at] == first[organisation_at]):
            return None
        account, expected = _text(fields, account_at), _text(first, account_at)
        if account != expected:
            if account and len(self._strays) < _MAX_STRAYS:
                message = f"a type {kind} record stands among another customer's; upload the whole extract"
                self._strays.setdefault(account, ParseError("bad_record", message, line=line))
            return f"account changes from {mask_account(expected)} to {mask_account(account)}"
        if organisation_at is not None and _text(fields, organisation_at) != _text(first, organisation_at):
            return f"organisation of account {mask_account(account)} changes"
        return None


class _CustomerReader:
    """Reads the customers of one file."""

    def __init__(self, profile: RecordsProfile, notes: Notes) -> None:
        self.layout = make_layout(profile)
        self._profile = profile
        self._notes = notes
        self._prefix = re.compile(profile.account_prefix)
        self._pick = {
            kind: self.layout.compile_fields(record.fields) for kind, record in profile.records.items()
        }
        self._says_currency = any("currency" in record.fields for record in profile.records.values())
        self._last = {kind: last_number(record.fields) for kind, record in profile.records.items()}
        self._fields = {
            kind: StatementFields(profile, record.fields, notes, where=f"record {kind}: ")
            for kind, record in profile.records.items()
            if record.role in {"start", "part"}
        }
        self._start = next(kind for kind, record in profile.records.items() if record.role == "start")
        self._required = [kind for kind, record in profile.records.items() if record.required]
        self._ending = next((kind for kind, record in profile.records.items() if record.ends), None)
        self._org_ids = Memo[str, bool](is_org_id)
        self._row_readers = Memo[str, RowReader](self._make_row_reader)

    def find_account(self, fields: list[bytes]) -> str:
        """Return the account number in a record."""
        return strip_prefix(self._prefix, _text(fields, self.layout.account_at))

    def read(self, customer: _Customer) -> Statement:
        """Read one customer's records into a statement; ParseError when they cannot be read right."""
        if customer.trouble:
            raise customer.trouble
        self._check_parts(customer)
        org_id, account = self._read_identity(customer)
        currency, found = self._read_fields(customer)
        statement = Statement(
            org_id=org_id,
            account=account,
            currency=currency,
            transactions=self._read_rows(customer, currency),
            messages=self._read_messages(customer),
            extra_records=self._keep(customer.kept) if customer.kept else (),
            **found,
        )
        if self._ending and customer.ended_by is None:
            self._notes.warn(
                customer.line,
                f"record {self._start}: no type {self._ending} record ends this statement; it may be cut off",
            )
        return statement

    def _make_row_reader(self, currency: str) -> RowReader:
        specs = next((each.fields for each in self._profile.records.values() if each.role == "row"), {})
        return RowReader(self._profile, specs, self._notes, currency, self.layout.split_rest)

    def _check_parts(self, customer: _Customer) -> None:
        for kind in self._required:
            if kind not in customer.parts:
                account = mask_account(_text(customer.fields, self.layout.account_at))
                message = f"account {account} has no type {kind} record; upload the whole extract"
                raise ParseError("bad_record", message, line=customer.line)

    def _read_identity(self, customer: _Customer) -> tuple[str, str]:
        """Return organisation and account number; the former becomes part of paths, so it is checked."""
        org_id, account = "", self.find_account(customer.fields)
        if self.layout.organisation_at is not None:
            org_id = _text(customer.fields, self.layout.organisation_at)
            if not self._org_ids[org_id]:
                shown = show_value(org_id)
                message = f'organisation "{shown}" is not 1 to 32 letters, digits, _ or -; correct it'
                raise ParseError("bad_record", message, line=customer.line)
        if not account:
            raise ParseError("bad_record", "no account number; correct it", line=customer.line)
        return org_id, account

    def _read_fields(self, customer: _Customer) -> tuple[str, dict[str, Any]]:
        """Return the currency and all else that start and parts say of the statement."""
        said = [(self._start, customer.line, self._pick[self._start](customer.fields))]
        for kind, (line, fields) in customer.parts.items():
            said.append((kind, line, self._pick[kind](fields)))
        currency = self._find_currency(said) if self._says_currency else self._profile.currency
        found = {**UNSAID}
        for kind, line, raws in said:
            some = self._fields[kind].read_raw(line, raws, currency)
            if "extra" in some:
                some["extra"] = {**found["extra"], **some["extra"]}
            found.update(some)
        self._note_missing(customer)
        return currency, found

    def _find_currency(self, said: Iterable[tuple[str, int, Sequence[Raw]]]) -> str:
        codes = (self._fields[kind].find_currency(line, raws) for kind, line, raws in said)
        return next(filter(None, codes), self._profile.currency)

    def _note_missing(self, customer: _Customer) -> None:
        """Warn of records that were cut off before their last field."""
        for kind, (line, fields) in customer.parts.items():
            if self.layout.lacks(fields, self._last[kind]):
                self._notes.warn(line, f"record {kind}: field {self._last[kind]} missing; read as empty")

    def _read_rows(self, customer: _Customer, currency: str) -> tuple[Transaction, ...]:
        return self._row_readers[currency].read_all(customer.rows, self.layout.cut_row)

    def _keep(self, records: list[list[bytes]]) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(map(str.strip, self.layout.all_texts(fields))) for fields in records)

    def _read_messages(self, customer: _Customer) -> tuple[str, ...]:
        texts: list[str] = []
        for kind, fields in customer.messages:
            (text,) = self._pick[kind](fields)
            parts = [text] if isinstance(text, bytes) else text
            texts += [part.decode().strip() for part in parts if part and not part.isspace()]
        return tuple(texts)


def strip_prefix(prefix: re.Pattern[str], account: str) -> str:
    """Return an account number without what a file writes in front of it."""
    match = prefix.match(account)
    return account[match.end() :] if match else account


def _describe_unknown(fields: list[bytes], kind: str) -> str:
    if not any(field.strip() for field in fields):
        return "blank line; skipped"
    if _KIND.fullmatch(kind):
        return f"unknown record type {kind}; skipped"
    first = fields[0].decode().strip()
    return f"unknown record {first}; skipped" if first in _FRAMES else "unknown record; skipped"


def _text(fields: list[bytes], at: int) -> str:
    return fields[at].decode().strip() if at < len(fields) else ""
