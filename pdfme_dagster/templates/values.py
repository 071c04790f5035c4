"""What each value of a statement, and of its rows, is as a text.

Not here: which field shows which value (mapping_spec.py). Rows are written a column at a time.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import accumulate

from pdfme_dagster.domain.memo import Memo
from pdfme_dagster.domain.privacy import mask_account
from pdfme_dagster.domain.statement import Statement, Transaction
from pdfme_dagster.templates.amounts import AmountStyle, write_amount
from pdfme_dagster.templates.formats import compile_date_format

# Amounts and dates as they were written before, so that each is written once: bounded, see Memo.
Amounts = Mapping[int | None, str]
Dates = Mapping[date | None, str]

_NOT_DIGIT = re.compile(r"[^0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Printer:
    """Writes dates and amounts in one style. ``sign`` is -1 where what the bank holds is positive."""

    dates: Dates
    amounts: Mapping[str, Amounts]
    sign: int


def make_printer(dates: str, amounts: AmountStyle, *, language: str) -> Printer:
    """Return a printer; ValueError for a pattern or a language that cannot be written."""
    write = compile_date_format(dates, language, has_time=False)
    return Printer(
        dates=Memo(lambda day: "" if day is None else write(day)),
        amounts=Memo(partial(_remember_amounts, amounts)),
        sign=-1 if amounts.balances == "held" else 1,
    )


def _remember_amounts(style: AmountStyle, currency: str) -> Amounts:
    return Memo(lambda minor: write_amount(minor, currency, style))


# --- Of a statement ---


def group_account(account: str) -> str:
    """Return a card number in groups of four, any other account number as it is."""
    if not _is_card(account):
        return account
    return " ".join([account[start : start + 4] for start in range(0, len(account), 4)])


def read_lines(value: str, join: str | None, statement: Statement) -> str | list[str]:
    """Return the lines of an address or of messages that say something, joined unless by None."""
    lines = keep_lines(getattr(statement, value))
    return lines if join is None else join.join(lines)


def read_balance(printer: Printer, value: str, statement: Statement) -> str:
    """Return a balance, without sign when it is of the kind that has none."""
    minor: int | None = getattr(statement, value)
    return printer.amounts[statement.currency][None if minor is None else minor * printer.sign]


def write_any(printer: Printer, statement: Statement, value: str | int | date) -> str:
    """Write what a profile calls its own: a text, an amount or a date."""
    if isinstance(value, str):
        return value
    return printer.amounts[statement.currency][value] if isinstance(value, int) else printer.dates[value]


def _is_card(account: str) -> bool:
    return account.isascii() and account.isdigit() and 15 <= len(account) <= 19


def _read_digits(statement: Statement) -> str:
    return _NOT_DIGIT.sub("", statement.account)


def keep_lines(lines: Iterable[str]) -> list[str]:
    """Return the lines that say something."""
    return [line for line in lines if line and not line.isspace()]


def sum_rows(statement: Statement, value: str) -> int:
    """Return the sum of a statement's debits or credits, as its rows have them."""
    credit = value == "credit_sum"
    return sum(row.amount for row in statement.transactions if row.credit == credit)


TEXTS: Mapping[str, Callable[[Statement], str]] = {
    "org_id": lambda statement: statement.org_id,
    "name": lambda statement: statement.name,
    "currency": lambda statement: statement.currency,
    "title": lambda statement: "Card statement" if _is_card(statement.account) else "Account statement",
    "account": lambda statement: statement.account,
    "account_grouped": lambda statement: group_account(statement.account),
    "account_digits": _read_digits,
    "account_masked": lambda statement: mask_account(statement.account) if statement.account else "",
    "last4": lambda statement: _read_digits(statement)[-4:],
    "row_count": lambda statement: str(len(statement.transactions)),
}


# --- Of all rows ---


def _read_debits(printer: Printer, statement: Statement) -> list[str]:
    amounts = printer.amounts[statement.currency]
    return ["" if row.credit else amounts[row.amount] for row in statement.transactions]


def _read_credits(printer: Printer, statement: Statement) -> list[str]:
    amounts = printer.amounts[statement.currency]
    return [amounts[row.amount] if row.credit else "" for row in statement.transactions]


def _read_signed(printer: Printer, statement: Statement) -> list[str]:
    amounts, sign = printer.amounts[statement.currency], printer.sign
    return [amounts[_sign_amount(row) * sign] for row in statement.transactions]


def _read_balances(printer: Printer, statement: Statement) -> list[str]:
    amounts, rows, sign = printer.amounts[statement.currency], statement.transactions, printer.sign
    if statement.opening is None:
        return [amounts[None]] * len(rows)
    balances = accumulate((_sign_amount(row) for row in rows), initial=statement.opening)
    return [amounts[balance * sign] for balance in balances][1:]


def _sign_amount(row: Transaction) -> int:
    """Return what a row adds to what the customer owes."""
    return -row.amount if row.credit else row.amount


def _read_originals(printer: Printer, statement: Statement) -> list[str]:
    amounts, currency = printer.amounts, statement.currency
    return [
        "" if row.original_amount is None else amounts[row.original_currency or currency][row.original_amount]
        for row in statement.transactions
    ]


ROW_COLUMNS: Mapping[str, Callable[[Printer, Statement], list[str]]] = {
    "number": lambda _, statement: [str(place + 1) for place in range(len(statement.transactions))],
    "date": lambda printer, statement: [printer.dates[row.date] for row in statement.transactions],
    "posted": lambda printer, statement: [printer.dates[row.posted] for row in statement.transactions],
    "description": lambda _, statement: [row.description for row in statement.transactions],
    "debit": _read_debits,
    "credit": _read_credits,
    "amount": _read_signed,
    "balance": _read_balances,
    "side": lambda _, statement: ["CR" if row.credit else "DR" for row in statement.transactions],
    "currency": lambda _, statement: [statement.currency] * len(statement.transactions),
    "original_currency": lambda _, statement: [row.original_currency or "" for row in statement.transactions],
    "original_amount": _read_originals,
}
MESSAGE_COLUMNS: Mapping[str, Callable[[Statement], list[str]]] = {
    "number": lambda statement: [str(place + 1) for place in range(len(keep_lines(statement.messages)))],
    "text": lambda statement: keep_lines(statement.messages),
}
