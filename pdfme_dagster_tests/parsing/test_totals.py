"""Control totals. Not here: what a mismatch leads to (test_reader.py)."""

from dataclasses import replace

import pytest

from pdfme_dagster.domain.statement import Statement, Transaction
from pdfme_dagster.parsing.profile import ControlTotal
from pdfme_dagster.parsing.totals import check_totals

ALL: tuple[ControlTotal, ...] = ("balance", "debits", "credits")
SPENT = Transaction(date=None, posted=None, description="SHOP", amount=300, credit=False)
PAID = Transaction(date=None, posted=None, description="PAYMENT", amount=100, credit=True)
STATEMENT = Statement(
    org_id="900",
    account="5000000000000015",
    name="NOORA SAMPLEH",
    address=(),
    statement_date=None,
    currency="USD",
    opening=1_000,
    debits=300,
    credits=100,
    closing=1_200,
    available=None,
    transactions=(SPENT, PAID),
    messages=(),
)


def test_what_holds_is_silent() -> None:
    assert check_totals(STATEMENT, ALL) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"closing": 1_100}, ["control total: opening + debits - credits is off by 1.00 USD"]),
        ({"transactions": (PAID,)}, ["control total: sum of the debit rows is off by -3.00 USD"]),
        ({"transactions": (SPENT,)}, ["control total: sum of the credit rows is off by -1.00 USD"]),
    ],
)
def test_what_does_not_hold_is_told_with_the_difference(changes: dict[str, object], told: list[str]) -> None:
    assert check_totals(replace(STATEMENT, **changes), ALL) == told  # type: ignore[arg-type]


@pytest.mark.parametrize("missing", ["opening", "closing"])
def test_a_balance_that_is_not_said_cannot_be_checked(missing: str) -> None:
    assert check_totals(replace(STATEMENT, **{missing: None}), ALL) == []  # type: ignore[arg-type]


def test_without_totals_the_rows_themselves_lead_from_opening_to_closing() -> None:
    silent = replace(STATEMENT, debits=None, credits=None)
    assert check_totals(silent, ALL) == []
    assert check_totals(replace(silent, closing=1_201), ALL) == [
        "control total: opening + debits - credits is off by -0.01 USD"
    ]


def test_only_the_totals_that_are_asked_for_are_checked() -> None:
    wrong = replace(STATEMENT, closing=0, debits=0, credits=0)
    assert [len(check_totals(wrong, (each,))) for each in ALL] == [1, 1, 1]
    assert check_totals(wrong, ()) == []
