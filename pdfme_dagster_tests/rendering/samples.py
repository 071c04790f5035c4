"""Invented statements for the rendering tests, and ways to look into the PDFs made of them.

Not here: assertions.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import pypdfium2

from pdfme_dagster.domain.statement import Statement, Transaction

ARABIC_NAME = "محمد بن علي الاختبار"
LONG_DESCRIPTION = (
    "A VERY LONG MERCHANT DESCRIPTION THAT DOES NOT FIT TWO LINES OF ITS COLUMN (BRANCH) \\ 5/6"
)


def make_transaction(number: int = 0, *, description: str | None = None) -> Transaction:
    """Return a row with its own amount and description; every fourth is a credit, every fifth foreign."""
    foreign = number % 5 == 1
    day = date(2025, 9, 1) + timedelta(days=number % 20)
    return Transaction(
        date=day,
        posted=day + timedelta(days=1),
        description=f"SHOP {number:04} SEEF" if description is None else description,
        amount=1000 + 37 * number,
        credit=number % 4 == 3,
        original_currency="GBP" if foreign else None,
        original_amount=2500 + number if foreign else None,
    )


def make_statement(rows: int = 3, *, descriptions: Iterable[str] = (), **changes: object) -> Statement:
    """Return a statement with that many rows, or one row per description; ``changes`` replace fields."""
    transactions = tuple(make_transaction(number) for number in range(rows))
    if described := [make_transaction(n, description=text) for n, text in enumerate(descriptions)]:
        transactions = tuple(described)
    statement = Statement(
        org_id="266",
        account="5000000000000015",
        name="Sample Customer One",
        address=("Flat 12, Building 5", "Road 1", "Manama"),
        statement_date=date(2025, 9, 21),
        currency="BHD",
        opening=149427,
        debits=sum(row.amount for row in transactions if not row.credit),
        credits=sum(row.amount for row in transactions if row.credit),
        closing=1121526,
        available=2000000,
        transactions=transactions,
        messages=("Please pay by the due date.",),
    )
    return replace(statement, **changes)  # type: ignore[arg-type]


def extract_pages(content: bytes) -> list[str]:
    """Return the text of each page as PDFium reads it."""
    document = pypdfium2.PdfDocument(content)
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


def extract_text(content: bytes) -> str:
    """Return all text with single blanks, so that line ends do not matter."""
    return " ".join(" ".join(extract_pages(content)).split())
