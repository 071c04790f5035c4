"""Delimited files with a header line: cells to rows to accounts to statements, by a profile.

Not here: what a row (rows.py) or a field (fields.py) says. An account's rows may stand anywhere in the file,
so all are held until its end; a row that may be anybody's refuses every account that it may be of.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from pdfme_dagster.domain.memo import Memo
from pdfme_dagster.domain.privacy import mask_numbers, show_value
from pdfme_dagster.domain.statement import Statement, Transaction
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing.dates import compile_date
from pdfme_dagster.parsing.drafts import Draft, Refused
from pdfme_dagster.parsing.fields import StatementFields
from pdfme_dagster.parsing.notes import Notes
from pdfme_dagster.parsing.profile import ROW_FIELDS, FieldSpec, TableProfile, is_org_id
from pdfme_dagster.parsing.rows import Rest, RowCut, RowReader
from pdfme_dagster.parsing.sides import SIDES, compile_sides
from pdfme_dagster.parsing.source import TextSource

# A row that has none of the first seven is no transaction: the others say nothing by themselves.
_ROW = ("date", "posted", "description", *SIDES, "original_amount", "original_currency", "direction")
_TELLING = slice(0, 7)
# Text holds neither of these: it would have been refused for its control characters.
_CELL_END = "\x1f"
_AMOUNT_END = "\x1e"
_LINE_BREAK = re.compile(r"\s*\n\s*")
# What a spreadsheet makes of a long number; most of its digits are lost.
_ROUNDED = re.compile(r"[0-9]([.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE)
# No column's name has so many digits.
_NUMBER = re.compile(r"[0-9]{4}")
_ACCOUNT = re.compile(r"[A-Za-z0-9 ./:*#_-]*[0-9][A-Za-z0-9 ./:*#_-]*")
# A file with more rows that may be anybody's is not read right at all.
_MAX_STRAYS = 100
_SHOWN_COLUMNS = 20
_SHOWN_CHARACTERS = 24

_QUOTE_DELIMITERS = "put a cell that holds the delimiter in quotation marks"
_QUOTE_LINE_BREAKS = "put a cell that holds a line break in quotation marks"

Parts = tuple[str, ...]
Stray = tuple[list[str], ParseError]


def read_table(source: TextSource, profile: TableProfile, notes: Notes) -> Iterator[Draft | Refused]:
    """Yield each account of the file, read or refused, in the order of their first rows.

    ParseError ``bad_record`` when the file is not delimited text or has no column it cannot be read without.
    """
    records = _read_records(source, profile.delimiter)
    columns = _find_columns(profile, notes, *_read_header(records))
    table = _Table(columns, notes)
    for line, cells in records:
        table.add(line, cells)
    yield from _read_accounts(table, _AccountReader(profile, columns.specs, notes))


# --- Lines to cells ---


def _read_records(source: TextSource, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the trimmed cells of each record with the line where it starts."""
    lines = (f"{text}\n" for _, text in source.lines())
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=delimiter != " ")
    while True:
        line = source.first_line + reader.line_num
        try:
            cells = next(reader, None)
        except csv.Error as exc:
            message = f'{exc}; write a quotation mark inside of a cell twice ("") and upload the file again'
            raise ParseError("bad_record", message, line=line) from exc
        if cells is None:
            return
        if source.first_line + reader.line_num > line + 1:
            _check_line_breaks(line, cells, delimiter)
        yield line, [*map(str.strip, cells)]


def _check_line_breaks(line: int, cells: Sequence[str], delimiter: str) -> None:
    """Refuse a cell that has swallowed rows, from one stray quotation mark to the next."""
    for cell in cells:
        if "\n" in cell and cell.count(delimiter) >= len(cells) - 1:
            message = (
                "a cell in quotation marks goes on for several lines, with whole rows in it as it seems; "
                'write a quotation mark inside of a cell twice (""), or that cell in one line'
            )
            raise ParseError("bad_record", message, line=line)


def _read_header(records: Iterator[tuple[int, list[str]]]) -> tuple[int, list[str]]:
    for line, cells in records:
        if any(cells):
            while not cells[-1]:
                cells.pop()
            return line, cells
    raise ParseError("bad_record", "the file has no header line; upload it again")


# --- Which column is which ---


class _Columns:
    """Where the fields stand that the header has."""

    def __init__(self, profile: TableProfile, places: dict[str, tuple[int, ...]], width: int) -> None:
        self.width = width
        self.specs = {name: profile.fields[name] for name in places}
        # Behind the last column stand an empty cell, for what the file does not have, and joined cells.
        self._joined = [found for found in places.values() if len(found) > 1]
        joined_at = {found: number for number, found in enumerate(self._joined, start=width + 1)}
        at = {name: joined_at.get(found, found[0]) for name, found in places.items()}
        self.account_at, self.message_at = at["account"], at.get("message", width)
        self.pick_row = itemgetter(*(at.get(name, width) for name in _ROW))
        self.statement = {
            name: found for name, found in places.items() if name not in {*ROW_FIELDS, "account", "message"}
        }
        of_statement = (number for found in self.statement.values() for number in found)
        # Twice, since an itemgetter of one gives no tuple.
        self.pick_statement = itemgetter(self.message_at, self.message_at, *of_statement)
        self._read_date, self._read_posted = (
            compile_date((spec and spec.format) or profile.date_format)
            for spec in map(profile.fields.get, ("date", "posted"))
        )

    def complete(self, cells: list[str]) -> list[str]:
        """Return as many cells as the header has, an empty one, and each field of several cells as one."""
        full = cells[: self.width]
        full += [""] * (self.width + 1 - len(full))
        full += [" ".join(filter(None, (full[number] for number in found))) for found in self._joined]
        return full

    def is_shifted(self, row: tuple[str, ...]) -> bool:
        """Tell whether a transaction that has too few cells may lack one before its amount."""
        made, posted, _, *amounts = row
        try:
            self._read_date(made)
            self._read_posted(posted)
        except ValueError:
            return True
        return not any(amounts[: len(SIDES)])


def _find_columns(profile: TableProfile, notes: Notes, line: int, header: list[str]) -> _Columns:
    numbers: dict[str, list[int]] = {}
    for number, name in enumerate(header):
        numbers.setdefault(_fold(name), []).append(number)
    places: dict[str, tuple[int, ...]] = {}
    missing: dict[str, list[str]] = {}
    for field, spec in profile.fields.items():
        names = [str(place) for place in spec.places]
        _check_unique(line, names, numbers)
        places[field] = tuple(numbers[_fold(name)][0] for name in names if _fold(name) in numbers)
        missing[field] = [name for name in names if _fold(name) not in numbers]
    _check_complete(profile, line, header, missing)
    _note_columns(notes, line, header, places, missing)
    return _Columns(profile, {field: found for field, found in places.items() if found}, len(header))


def _fold(name: str) -> str:
    return " ".join(name.split()).casefold()


def _check_unique(line: int, names: list[str], numbers: dict[str, list[int]]) -> None:
    for name in names:
        if len(numbers.get(_fold(name), ())) > 1:
            message = f'the header has the column "{name}" twice; rename the one that is not meant'
            raise ParseError("bad_record", message, line=line)


def _check_complete(
    profile: TableProfile, line: int, header: list[str], missing: dict[str, list[str]]
) -> None:
    """Refuse a header without account or description, without amounts, or with debits but no credits."""
    lacking = [*missing["account"], *missing["description"]]
    pair = [name for name in ("debit", "credit") if name in profile.fields]
    without_pair = [name for field in pair for name in missing[field]]
    found_one = any(not missing[field] for field in pair)
    if missing.get("amount", [""]) and (without_pair or not pair):
        lacking += [" or ".join(filter(None, (*missing.get("amount", ()), " and ".join(without_pair))))]
    elif found_one:
        lacking += without_pair
    if lacking:
        found = _describe_header(profile, header)
        message = (
            f"no column {', '.join(lacking)}; {found}: rename them, or set fields in profile {profile.name}"
        )
        raise ParseError("bad_record", message, line=line)


def _describe_header(profile: TableProfile, header: list[str]) -> str:
    """Name the columns there are, unless the line seems to be a customer's."""
    mapped = {_fold(str(place)) for spec in profile.fields.values() for place in spec.places}
    if not mapped & {_fold(name) for name in header}:
        return f"the first line's {len(header)} cells are no column names that the profile knows"
    return f"the header has {_list_names(header)}"


def _note_columns(
    notes: Notes,
    line: int,
    header: list[str],
    places: dict[str, tuple[int, ...]],
    missing: dict[str, list[str]],
) -> None:
    # Amounts stand in one column or in two.
    other = {"debit", "credit"} if places.get("amount") else {"amount"}
    absent = [name for field, names in missing.items() if field not in other for name in names]
    read = {number for found in places.values() for number in found}
    unread = [name for number, name in enumerate(header) if name and number not in read]
    if absent:
        notes.warn(line, f"the file has no column {_list_names(absent)}")
    if unread:
        notes.warn(line, f"not read, since the profile does not name them: column {_list_names(unread)}")


def _list_names(names: list[str]) -> str:
    if any(_NUMBER.search(name) for name in names):
        return "(not shown: there are numbers among them, as in a header that runs into a customer's row)"
    shown = [mask_numbers(name)[:_SHOWN_CHARACTERS] for name in names[:_SHOWN_COLUMNS] if name]
    more = len(names) - _SHOWN_COLUMNS
    return ", ".join([*shown, f"and {more} more"] if more > 0 else shown)


# --- Rows to accounts ---


class _Account:
    """What the rows of one account say; ``trouble`` is the first thing that does not fit."""

    __slots__ = ("last", "line", "messages", "rows", "said", "trouble", "whole")

    def __init__(self, line: int, trouble: ParseError | None) -> None:
        self.line = line
        self.trouble = trouble
        self.said: dict[str, tuple[int, Parts]] = {}
        self.messages: dict[str, None] = {}
        # A run of bytes each: a file may have millions, and a tuple of texts takes several times the memory.
        self.rows: list[bytes] = []
        self.last: tuple[str, ...] = ()
        # Whether there is a row that is sure to be one.
        self.whole = False


class _Table:
    """Gathers a file's rows by account."""

    def __init__(self, columns: _Columns, notes: Notes) -> None:
        self._columns = columns
        self._notes = notes
        self.accounts: dict[str, _Account] = {}
        # Rows that may be of any account which stands in one of their cells.
        self._strays: list[Stray] = []
        # Rows with blank cells too many: all have them, or these are shifted.
        self._wide: list[Stray] = []
        self._lengths: set[int] = set()

    def add(self, line: int, cells: list[str]) -> None:
        """Put one row where it belongs."""
        columns, width = self._columns, self._columns.width
        if not any(cells):
            self._notes.count(line, "blank row; skipped")
            return
        full = columns.complete(cells)
        row, number = columns.pick_row(full), full[columns.account_at]
        telling = any(row[_TELLING])
        self._lengths.add(len(cells))
        if any(cells[width:]):
            self._stray(line, [*cells, number], self._strays, _QUOTE_DELIMITERS)
            return
        if len(cells) < width and telling and columns.is_shifted(row):
            self._stray(line, [*cells, number], self._strays, _QUOTE_LINE_BREAKS)
            return
        if len(cells) > width and len(self._wide) < _MAX_STRAYS:
            self._stray(line, [*cells, number], self._wide, _QUOTE_DELIMITERS)
        account = self.accounts.get(number) or self._open(line, number)
        account.whole = account.whole or telling or len(cells) >= width
        if account.trouble is None:
            self._add_to(account, line, full, row if telling else ())

    def list_strays(self) -> list[Stray]:
        """Return the rows that are shifted or cut, once all are there; ParseError when too many are."""
        if not self._wide or len(self._lengths) == 1:
            return self._strays
        if len(self._wide) == _MAX_STRAYS:
            raise self._wide[-1][1]
        return self._strays + self._wide

    def _stray(self, line: int, accounts: list[str], strays: list[Stray], fix: str) -> None:
        """Note a row that may be of any of these accounts: its cells, and what it says itself."""
        reason = f"a row has {len(accounts) - 1} cells, the header {self._columns.width}"
        error = ParseError("bad_record", f"{reason}; {fix}, and upload the file again", line=line)
        if len(strays) == _MAX_STRAYS:
            raise error
        strays.append((accounts, error))

    def _open(self, line: int, number: str) -> _Account:
        trouble = _find_trouble(number)
        message = f"{trouble}; correct it and upload the file again"
        account = _Account(line, ParseError("bad_record", message, line=line) if trouble else None)
        self.accounts[number] = account
        return account

    def _add_to(self, account: _Account, line: int, full: list[str], row: tuple[str, ...]) -> None:
        said = self._columns.pick_statement(full)
        if said != account.last:
            account.last = said
            self._add_said(account, line, full)
        if row:
            made, posted, text, amount, debit, credit, original, currency, direction = row
            amounts = _AMOUNT_END.join((amount, debit, credit)) if debit or credit else amount
            held = _CELL_END.join((str(line), made, posted, text, amounts, direction, currency, original))
            account.rows.append((_LINE_BREAK.sub(" ", held) if "\n" in held else held).encode())

    def _add_said(self, account: _Account, line: int, full: list[str]) -> None:
        message = full[self._columns.message_at]
        if message:
            account.messages[_LINE_BREAK.sub(" ", message)] = None
        for name, numbers in self._columns.statement.items():
            parts = tuple(part.strip() for number in numbers for part in full[number].split("\n"))
            if not any(parts):
                continue
            first, before = account.said.setdefault(name, (line, parts))
            if before != parts:
                account.trouble = _refuse_change(name, first, line)
                return


def _find_trouble(number: str) -> str | None:
    """Return why this is no account number, or None."""
    if not number:
        return "a row has no account number"
    shown = show_value(number)
    if _ROUNDED.fullmatch(number):
        return f'account "{shown}" was rounded by a spreadsheet, which must import that column as text'
    if not _ACCOUNT.fullmatch(number):
        return f'"{shown}" is no account number, which has digits and no more than letters, blanks, ./:*#_-'
    return None


def _refuse_change(name: str, first: int, line: int) -> ParseError:
    message = (
        f"{name.replace('_', ' ')} is another one than in line {first}, of the same account; all rows of an "
        "account must say the same, or nothing"
    )
    return ParseError("bad_record", message, line=line)


# --- Accounts to statements ---


def _read_accounts(table: _Table, reader: "_AccountReader") -> Iterator[Draft | Refused]:
    """Yield all accounts, then the rows that are of none; what has been yielded is no longer held."""
    nobodys: list[Refused] = []
    for numbers, error in table.list_strays():
        struck = [table.accounts[number] for number in numbers if number and number in table.accounts]
        for account in struck:
            account.trouble = account.trouble or error
        if not struck:
            nobodys.append(Refused("", error))
    for number in list(table.accounts):
        yield reader.read(number, table.accounts.pop(number))
    yield from nobodys


class _AccountReader:
    """Reads the accounts of one file."""

    def __init__(self, profile: TableProfile, specs: dict[str, FieldSpec], notes: Notes) -> None:
        self._profile = profile
        self._prefix = re.compile(profile.account_prefix)
        self._fields = StatementFields(profile, specs, notes)
        self._rows: Memo[str, RowReader] = Memo(
            lambda currency: RowReader(profile, specs, notes, currency, _split_rest)
        )
        self._amounts: Memo[str, Memo[bytes, bytes]] = Memo(
            lambda currency: Memo(_compile_amounts(profile, currency))
        )

    def read(self, number: str, account: _Account) -> Draft | Refused:
        """Read what an account's rows say."""
        prefix = self._prefix.match(number)
        number = number[prefix.end() :] if prefix else number
        try:
            return Draft(account.line, self._read(number, account))
        except ParseError as exc:
            return Refused(number, exc)

    def _read(self, number: str, account: _Account) -> Statement:
        if account.trouble:
            raise account.trouble
        if not account.whole:
            message = (
                "an account of nothing but rows with too few cells; write all cells and upload the file again"
            )
            raise ParseError("bad_record", message, line=account.line)
        if not number:
            raise ParseError(
                "bad_record", "no account number behind its prefix; correct it", line=account.line
            )
        found = self._fields.read(account.line, {name: parts for name, (_, parts) in account.said.items()})
        return Statement(
            org_id=self._read_organisation(account),
            account=number,
            transactions=self._read_rows(account, found["currency"]),
            messages=tuple(account.messages),
            **found,
        )

    def _read_organisation(self, account: _Account) -> str:
        line, parts = account.said.get("organisation", (account.line, ()))
        org_id = " ".join(filter(None, parts))
        if org_id and not is_org_id(org_id):
            shown = show_value(org_id)
            message = f'organisation "{shown}" is not 1 to 32 letters, digits, _ or -; correct it'
            raise ParseError("bad_record", message, line=line)
        return org_id

    def _read_rows(self, account: _Account, currency: str) -> tuple[Transaction, ...]:
        cut = (self._cut_row(row, self._amounts[currency]) for row in account.rows)
        return self._rows[currency].read_all(cut, _name_cut)

    def _cut_row(self, row: bytes, amounts: Memo[bytes, bytes]) -> tuple[int, list[bytes]]:
        line, *cut = row.split(b"\x1f", 5)
        if b"\x1e" in cut[3]:
            try:
                cut[3] = amounts[cut[3]]
            except ParseError as exc:
                raise ParseError(exc.code, exc.reason, line=int(line)) from exc
        return int(line), cut


def _name_cut(cut: list[bytes]) -> RowCut:
    made, posted, text, amount, rest = cut
    return made, posted, text, amount, rest


def _split_rest(rest: Any) -> Rest:
    direction, currency, amount = rest.split(b"\x1f")
    return direction, currency, amount


def _compile_amounts(profile: TableProfile, currency: str) -> Callable[[bytes], bytes]:
    """Return what makes one amount of the cells of amount, debit and credit."""
    join = compile_sides(profile, profile.fields, currency)
    return lambda raw: join(dict(zip(SIDES, raw.split(b"\x1e"), strict=True)))
