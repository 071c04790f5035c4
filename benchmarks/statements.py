"""Invented statements as a month end has them: no two alike, shops that come again, every amount its own.

Not here: statement files (statement_files.py), or what a template makes of a statement.
"""

import datetime as dt
from collections.abc import Iterator
from random import Random

from pdfme_dagster.domain.statement import Statement, Transaction

_SEED = 20250921
_SHOPS = 600
_TRADES = (
    "HYPERMARKET",
    "PETROL STATION",
    "CAFE",
    "PHARMACY",
    "TRAVEL",
    "SCHOOL FEES",
    "FURNITURE & CO.",
    "BOOKS",
)
_PLACES = (
    "MANAMA BHR",
    "RIFFA BHR",
    "MUHARRAQ BHR",
    "SEEF BHR",
    "SITRA BHR",
    "ISA TOWN BHR",
    "HAMAD TOWN BHR",
)
_GIVEN = ("NOORA", "SAMPLE", "YUSUF", "MARYAM", "EXAMPLE", "TARIQ", "LAYLA", "OMAR")
_FAMILY = ("SAMPLEH", "TESTER", "EXAMPLEH", "INVENTED", "PLACEHOLDER")
_FOREIGN = ("GBP", "USD", "EUR", "AED")
_CODE = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_ARABIC_NAME = "نورة الاختبار"
_DAY = dt.date(2025, 9, 30)


def invent_statements(count: int, rows: tuple[int, int], *, seed: int = 0) -> Iterator[Statement]:
    """Yield statements with a number of rows from ``rows``, ends included; one seed, the same ones."""
    rng = Random(_SEED + seed)
    shops = [f"{rng.choice(_TRADES)} {rng.randint(1, 99):02d} {rng.choice(_PLACES)}" for _ in range(_SHOPS)]
    for _ in range(count):
        yield _invent_statement(rng, [_invent_row(rng, shops) for _ in range(rng.randint(*rows))])


def invent_mixture(count: int, *, seed: int = 0) -> Iterator[Statement]:
    """Yield statements of all kinds: few rows and many, Arabic names, texts of several lines."""
    rng = Random(_SEED - 1 - seed)
    for number in range(count):
        rows = (0, 200) if number % 100 == 0 else (0, 40)
        [statement] = invent_statements(1, rows, seed=rng.randrange(1 << 40))
        yield _make_odd(statement, number)


def _make_odd(statement: Statement, number: int) -> Statement:
    """Return every eighth statement with an Arabic name, every tenth with a text that needs two lines."""
    transactions = statement.transactions
    if number % 10 == 0 and transactions:
        long = transactions[0]._replace(description=f"{transactions[0].description} {number:06d} " * 3)
        transactions = (long, *transactions[1:])
    name = f"{_ARABIC_NAME} {statement.name}" if number % 8 == 0 else statement.name
    changed = {field: getattr(statement, field) for field in Statement.__dataclass_fields__}
    return Statement(**changed | {"name": name, "transactions": transactions})


def _invent_statement(rng: Random, rows: list[Transaction]) -> Statement:
    debits = sum(row.amount for row in rows if not row.credit)
    credits_ = sum(row.amount for row in rows if row.credit)
    opening = rng.randint(0, 900_000)
    return Statement(
        org_id="900",
        # Of the test numbers only: no card of anybody has them.
        account=f"50000000000000{rng.randint(0, 99):02d}",
        name=f"{rng.choice(_GIVEN)} {rng.choice(_FAMILY)} {rng.randint(1, 99_999)}",
        address=(
            f"Flat {rng.randint(1, 99)}, Building {rng.randint(1, 2999)}",
            f"Road {rng.randint(1, 9999)}",
            "Riffa",
        ),
        statement_date=_DAY,
        currency="BHD",
        opening=opening,
        debits=debits,
        credits=credits_,
        closing=opening + debits - credits_,
        available=rng.randint(0, 5_000_000),
        transactions=tuple(rows),
        messages=(),
    )


def _invent_row(rng: Random, shops: list[str]) -> Transaction:
    day = _DAY - dt.timedelta(days=rng.randint(1, 28))
    foreign = rng.random() < 1 / 12
    # Everybody buys at a few shops, and somebody at each.
    shop = shops[int(_SHOPS * rng.random() ** 2)]
    return Transaction(
        date=day,
        posted=day + dt.timedelta(days=rng.randint(0, 1)),
        description=f"{shop}{_invent_ending(rng)}",
        amount=int(10 ** rng.uniform(2, 6.5)),
        credit=rng.random() < 1 / 6,
        original_currency=rng.choice(_FOREIGN) if foreign else None,
        original_amount=rng.randint(100, 90_000) if foreign else None,
    )


def _invent_ending(rng: Random) -> str:
    """Return what a terminal adds to its shop's name: often nothing, else a till, a reference or a code."""
    kind = rng.random()
    if kind < 0.4:
        return ""
    if kind < 0.6:
        return f" TILL {rng.randint(1, 30)}"
    if kind < 0.8:
        return f" REF {rng.randint(10_000_000, 99_999_999)}"
    return "*" + "".join(rng.choices(_CODE, k=6))
