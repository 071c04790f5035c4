"""Writes statements in the card-statement format, in all ways a host may write a right file.

Not here: wrong files (test_mutations.py), nor single records for other tests (records.py).
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from pdfme_dagster.domain.statement import Statement, Transaction

# Of the currencies that files are written in; the package's own table is what is tested.
DECIMALS: Mapping[str, int] = {"BHD": 3, "KWD": 3, "USD": 2, "KES": 2, "GBP": 2, "JPY": 0, "KRW": 0}
KEY_PREFIX = "00-"
BRANCH = "001"
# A row with one of these is a credit unless its amount says otherwise.
CREDIT_WORDS = ("payment received", "refund", "reversal", "cashback")
HEADINGS = ("Account transactions", "NEWL", "YOUR PURCHASES")
_CONTROL_Z = "\x1a"
_ADDRESS_FIELDS = (6, 7, 8, 82)
# What stands between thousands; lakhs go by two digits but for the last three.
_GROUPINGS = {"": 0, "thousands": 3, "lakhs": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a host writes what the format leaves open.

    ``credit`` and ``debit`` are formats of an amount that says its direction; when ``marked``, all do.
    ``no_date`` and ``no_original`` stand for what a row does not have; ``trailing`` is the number of empty
    fields at the end of a record.
    """

    encoding: str = "utf-8"
    line_end: str = "\n"
    file_end: str = "\n"
    credit: str = "{}CR"
    debit: str = "{}DR"
    marked: bool = False
    # Whether rows and the available amount have a decimal point, or else three implied decimals.
    explicit: bool = False
    digits: int = 9
    grouping: str = ""
    more_zeros: bool = False
    no_date: str = "00000000"
    no_original: str = "000000000"
    padding: str = ""
    trailing: int = 8
    headings: bool = True
    messages_a_record: int = 1


def write_file(statements: Sequence[Statement], style: Style) -> bytes:
    """Write a file of these customers."""
    return encode_lines([line for each in statements for line in write_customer(each, style)], style)


def encode_lines(lines: Sequence[str], style: Style) -> bytes:
    """Write a file of these lines; UTF-16 begins with a byte order mark."""
    text = style.line_end.join(lines) + style.file_end
    return (("\ufeff" if style.encoding.startswith("utf-16") else "") + text).encode(style.encoding)


def write_customer(statement: Statement, style: Style) -> list[str]:
    """Write the records of one customer: 1, 2, headings, rows and kept records in turn, 6."""
    lines = [_write_start(statement, style), _write_part(statement, style)]
    headings = iter(HEADINGS * len(statement.transactions) if style.headings else "")
    for row, kept in zip_longest(statement.transactions, statement.extra_records):
        if style.headings:
            lines.append(_write_heading(next(headings, HEADINGS[0]), statement, style))
        if kept:
            lines.append(_join(kept, style))
        if row:
            lines.append(_write_row(row, statement, style))
    return lines + list(_write_messages(statement, style))


# --- Records ---


def _write_start(statement: Statement, style: Style) -> str:
    currency = statement.currency
    fields = {
        12: _write_balance(statement.closing, currency, style),
        14: write_date(statement.statement_date, style),
        27: _write_balance(statement.available, currency, style, implied=True),
        41: _write_total(statement.credits, currency, style, style.credit),
        43: _write_total(statement.debits, currency, style, style.debit),
        45: _write_balance(statement.opening, currency, style),
    }
    return _write_record("1", fields, statement, style)


def _write_part(statement: Statement, style: Style) -> str:
    # Without field 82 the record looks cut off.
    fields = {5: statement.name, 82: ""} | dict(zip(_ADDRESS_FIELDS, statement.address, strict=False))
    return _write_record("2", fields, statement, style)


def _write_row(row: Transaction, statement: Statement, style: Style) -> str:
    fields = {
        4: write_date(row.date, style),
        7: _write_row_amount(row, statement.currency, style),
        10: write_date(row.posted, style),
        22: row.description,
    }
    if row.original_currency is not None:
        original = _write_implied(row.original_amount or 0, row.original_currency, style)
        fields |= {56: row.original_currency, 57: original}
    elif style.no_original:
        fields[57] = style.no_original
    return _write_record("4", fields, statement, style)


def _write_heading(text: str, statement: Statement, style: Style) -> str:
    nothing = "0" * style.digits
    fields = {4: style.no_date, 7: nothing, 10: style.no_date, 22: text, 57: style.no_original}
    return _write_record("4", fields, statement, style)


def _write_messages(statement: Statement, style: Style) -> Iterator[str]:
    texts, size = statement.messages, style.messages_a_record
    for start in range(0, max(len(texts), 1), size):
        fields = dict(enumerate(texts[start : start + size], start=5))
        yield _write_record("6", fields, statement, style)


def _write_record(kind: str, fields: Mapping[int, str], statement: Statement, style: Style) -> str:
    keys = {0: statement.org_id, 1: BRANCH, 2: KEY_PREFIX + statement.account, 3: kind}
    texts = {**keys, **fields}
    return _join([texts.get(at, "") for at in range(max(texts) + 1)], style) + "|" * style.trailing


def _join(fields: Sequence[str], style: Style) -> str:
    return "|".join(f"{style.padding}{field}{style.padding}" for field in fields)


# --- Values ---


def write_date(day: dt.date | None, style: Style) -> str:
    """Write a date as ddMMyyyy."""
    return style.no_date if day is None else f"{day.day:02d}{day.month:02d}{day.year:04d}"


def _write_balance(minor: int | None, currency: str, style: Style, *, implied: bool = False) -> str:
    if minor is None:
        return ""
    write = _write_implied if implied else _write_explicit
    return _mark(write(abs(minor), currency, style), style, credit=minor < 0, needed=minor < 0)


def _write_total(minor: int | None, currency: str, style: Style, mark: str) -> str:
    text = "" if minor is None else _write_explicit(minor, currency, style)
    return mark.format(text) if text and style.marked else text


def _write_row_amount(row: Transaction, currency: str, style: Style) -> str:
    text = _write_implied(row.amount, currency, style)
    worded = any(word in row.description.casefold() for word in CREDIT_WORDS)
    return _mark(text, style, credit=row.credit, needed=row.credit is not worded)


def _mark(text: str, style: Style, *, credit: bool, needed: bool) -> str:
    if not (needed or style.marked):
        return text
    return (style.credit if credit else style.debit).format(text)


def _write_implied(minor: int, currency: str, style: Style) -> str:
    if not style.explicit:
        return str(minor * 10 ** (3 - DECIMALS[currency])).zfill(style.digits)
    text = _write_explicit(minor, currency, style)
    return text if "." in text else f"{text}.0"


def _write_explicit(minor: int, currency: str, style: Style) -> str:
    decimals = DECIMALS[currency]
    whole, fraction = divmod(minor, 10**decimals)
    written = f"{fraction:0{decimals}d}" if decimals else ""
    if style.more_zeros:
        written += "00"
    return _group(str(whole), style.grouping) + (f".{written}" if written else "")


def _group(whole: str, grouping: str) -> str:
    size = _GROUPINGS[grouping]
    if not size or len(whole) <= 3:
        return whole
    head, groups = whole[:-3], [whole[-3:]]
    while head:
        head, group = head[:-size], head[-size:]
        groups.insert(0, group)
    return ",".join(groups)
