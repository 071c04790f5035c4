"""Invented inputs for our own statement templates: one page, many pages, and a growing table.

Not here: those templates; they are kept as they were written.
"""

import json

from pdfme_dagster_tests.golden.fields import Inputs

ROWS_PER_PAGE = 13
CARD = "5000000000000015"
DETAILS = (
    "SEEF MARKET 12 MANAMA",
    "OFFICE SUPPLIES & CO. (BRANCH 4)",
    "ONLINE*BOOKS 7K4RT9 GBP 25.00",
    "PETROL STATION, NORTH ROAD",
    "CASH ADVANCE",
)


def list_statement_inputs() -> dict[str, Inputs]:
    """Return the inputs of our templates by name: ``template`` or ``template--variant``."""
    return {
        "card-statement-dict-style": _card_inputs(9),
        "card-statement-dict-style--28-pages": _card_inputs(27 * ROWS_PER_PAGE + 8),
        "card-statement-list-style": _card_inputs(20),
        "account-statement-table": _account_inputs(8),
        "account-statement-table--28-pages": _account_inputs(975),
        "account-statement-table--no-rows": _account_inputs(0),
    }


def _card_inputs(rows: int) -> Inputs:
    pages = max(1, -(-rows // ROWS_PER_PAGE))
    return [
        _card_page(page, pages, range(page * ROWS_PER_PAGE, min(rows, (page + 1) * ROWS_PER_PAGE)))
        for page in range(pages)
    ]


def _card_page(page: int, pages: int, rows: range) -> dict[str, str]:
    filled = {
        "Cname": "Sample Customer One",
        "Caddress": "Flat 12, Building 5, Road 1, Block 300, Manama",
        "StatmentDate": "21/09/2025",
        "CardNumber": f"{CARD[:4]} **** **** {CARD[-4:]}",
        "OpeningBalance": "149.427",
        "AvailableBalance": "2,000.000",
        "DebitsTotal": "1,159.819",
        "CreditsTotal": "187.720",
        "CurrentBalance": "1,121.526",
        "PaySlipName": "Sample Customer One",
        "Cpage": str(page + 1),
        "Mpage": str(pages),
        **{f"CN{n}": digit for n, digit in enumerate(CARD, start=1)},
    }
    for place, row in enumerate(rows, start=1):
        filled.update(_card_row(place, row))
    return filled


def _card_row(place: int, row: int) -> dict[str, str]:
    amount = f"{(row * 7919 % 250_000) / 1000:,.3f}"
    credit = row % 4 == 3
    return {
        f"Tr{place}Date": f"{row % 28 + 1:02}/09/2025",
        f"Tr{place}Pdate": f"{row % 28 + 1:02}/09/2025",
        f"Tr{place}Details": DETAILS[row % len(DETAILS)],
        f"Tr{place}Debits": "" if credit else amount,
        f"Tr{place}Credits": amount if credit else "",
    }


def _account_inputs(rows: int) -> Inputs:
    table = [
        [
            f"{row % 28 + 1:02}/09/2025",
            DETAILS[row % 5] * (1 + row % 3),
            f"{row * 1.125:,.3f}",
            "" if row % 2 else "5.000",
        ]
        for row in range(rows)
    ]
    summary = {"date": "21/09/2025", "last4": CARD[-4:], "opening": "149.427", "closing": "1,121.526"}
    return [
        {"Cname": "Sample Customer One", "transactions": json.dumps(table), "summary": json.dumps(summary)}
    ]
