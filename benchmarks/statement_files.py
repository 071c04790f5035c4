"""Makes big files in the card-statement format, or many small ones, always the same bytes for the same size.

Not here: small and broken ones (pdfme_dagster/local/statement_samples.py). All of it is invented; the
accounts are no card numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from random import Random

_SEED = 20250921
_PLACES = ("MANAMA BHR", "RIFFA BHR", "MUHARRAQ BHR", "SEEF BHR", "SITRA BHR", "ISA TOWN BHR")
_TRADES = ("HYPERMARKET", "PETROL STATION", "CAFE", "PHARMACY", "BILL PAYMENT", "SCHOOL", "FURNITURE")
_SHOPS = 20_000
_FOREIGN = {"GBP": 10, "USD": 10, "EUR": 10, "JPY": 1000}  # the smallest amount, in thousandths
_HEADING = "00000000|||000000000|||00000000||||||||||||"
_DOMESTIC = "|000000000"
_ROWS_FOR_A_FILLER = 14
_ROWS_ON_FIRST, _ROWS_ON_NEXT = 20, 41


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What a file holds; ``records`` are its lines, ``rows`` the transactions among them."""

    customers: int
    rows: int
    records: int
    size_bytes: int


def write_statement_file(path: Path, customers: int, *, arabic: bool = False) -> FileFacts:
    """Write a file of so many customers, about 3.8 kB each; every eighth has an Arabic name if wanted."""
    rng = Random(_SEED)
    shops = _name_shops(rng)
    rows = records = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for number in range(1, customers + 1):
            name = "نورة الاختبار" if arabic and number % 8 == 0 else "NOORA SAMPLEH"
            lines, rows_written = _write_customer(rng, number, name, shops)
            file.write("".join(f"{line}\n" for line in lines))
            rows += rows_written
            records += len(lines)
    return FileFacts(customers=customers, rows=rows, records=records, size_bytes=path.stat().st_size)


def make_statement_files(count: int, *, pages: tuple[int, int]) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of files of one customer each, whose statements have from … to so many pages.

    Pages are those of the built-in template.
    """
    rng = Random(_SEED)
    shops = _name_shops(rng)
    for number in range(1, count + 1):
        rows = _ROWS_ON_FIRST + (rng.randint(*pages) - 1) * _ROWS_ON_NEXT
        lines, _ = _write_customer(rng, number, "NOORA SAMPLEH", shops, rows=rows)
        yield f"900_202509_{number:06d}.txt", "".join(f"{line}\n" for line in lines).encode()


def _name_shops(rng: Random) -> list[str]:
    return [f"{rng.choice(_TRADES)} {number:05d} {rng.choice(_PLACES)}" for number in range(_SHOPS)]


def _write_customer(
    rng: Random, number: int, name: str, shops: list[str], *, rows: int | None = None
) -> tuple[list[str], int]:
    """Write a customer with so many rows, payment included; by default some twenty."""
    start = f"900|001|00-TEST{number:012d}|"
    purchases = rng.randint(17, 23) if rows is None else rows - 1
    amounts = [rng.randint(100, 90_000) for _ in range(purchases)]
    payment, opening, debits = rng.randint(1_000, 500_000), rng.randint(0, 500_000), sum(amounts)
    records = [_write_account(opening + debits - payment, payment, debits, opening)]
    records.append(_write_person(number, name))
    records.append(_write_row(_HEADING, "Account transactions", _DOMESTIC))
    records.append(_write_row(_write_head(rng, payment), "Payment Received", _DOMESTIC))
    for position, amount in enumerate(amounts, start=1):
        # Everybody buys at a few shops, and somebody at each.
        shop = shops[int(_SHOPS * rng.random() ** 3)]
        records.append(_write_row(_write_head(rng, amount), shop, _write_original(rng)))
        if position % _ROWS_FOR_A_FILLER == 0:
            records.append(_write_row(_HEADING, "NEWL", _DOMESTIC))
    records.append("6||Thank you for banking with us.||||||")
    if number % 2:
        records.append("6||Tell us within 30 days of anything that you do not recognise.||||||")
    return [start + record for record in records], len(amounts) + 1


def _write_account(closing: int, credited: int, debits: int, opening: int) -> str:
    texts = {3: "1", 12: _write_balance(closing), 14: "21092025", 27: "000878750"}
    texts |= {41: _write_balance(credited), 43: _write_balance(debits), 45: _write_balance(opening)}
    return "".join(texts[at] + "|" * (following - at) for at, following in pairwise([*texts, 59]))


def _write_person(number: int, name: str) -> str:
    address = f"Flat {number % 99 + 1}|Building {number % 2999 + 1}|Road {number % 9999 + 1}"
    return f"2||{name} {number:06d}|{address}{'|' * 74}Riffa|||||||"


def _write_head(rng: Random, amount: int) -> str:
    day = rng.randint(1, 20)
    return f"{day:02d}092025|||{amount:09d}|||{day + rng.randint(0, 1):02d}092025||||||||||||"


def _write_original(rng: Random) -> str:
    """Write original currency and amount, which one row in twelve has."""
    if rng.random() >= 1 / 12:
        return _DOMESTIC
    currency = rng.choice(tuple(_FOREIGN))
    return f"{currency}|{_FOREIGN[currency] * rng.randint(200, 40_000):09d}"


def _write_row(start: str, description: str, original: str) -> str:
    return f"4|{start}{description}{'|' * 34}{original}||||||||||||"


def _write_balance(minor: int) -> str:
    whole, fraction = divmod(abs(minor), 1000)
    return f"{whole}.{fraction:03d}" + ("-" if minor < 0 else "")
