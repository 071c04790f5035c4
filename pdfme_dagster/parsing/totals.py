"""Control totals: what a statement says of itself against what its rows say.

Not here: what a mismatch leads to (reader.py).
"""

from collections.abc import Collection

from pdfme_dagster.domain.money import format_amount
from pdfme_dagster.domain.statement import Statement
from pdfme_dagster.parsing.profile import ControlTotal


def check_totals(statement: Statement, totals: Collection[ControlTotal]) -> list[str]:
    """Return what does not hold, with the difference; what a statement leaves out is not checked."""
    opening, debits, credited = statement.opening, statement.debits, statement.credits
    sums = [0, 0]
    for row in statement.transactions:
        sums[row.credit] += row.amount
    off: list[str] = []
    if "balance" in totals and opening is not None:
        # A statement without totals still has rows to add up.
        moved = (sums[0] if debits is None else debits) - (sums[1] if credited is None else credited)
        _compare("opening + debits - credits", opening + moved, statement.closing, statement, off)
    if "debits" in totals:
        _compare("sum of the debit rows", sums[0], debits, statement, off)
    if "credits" in totals:
        _compare("sum of the credit rows", sums[1], credited, statement, off)
    return off


def _compare(what: str, found: int, said: int | None, statement: Statement, off: list[str]) -> None:
    if said is not None and found != said:
        difference = f"{format_amount(found - said, statement.currency)} {statement.currency}"
        off.append(f"control total: {what} is off by {difference}")
