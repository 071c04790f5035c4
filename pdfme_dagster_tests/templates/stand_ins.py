"""Small stand-ins for templates, and statements to fill them with. Not here: real pdfme templates."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from pdfme_dagster.domain.statement import Statement, Transaction
from pdfme_dagster.errors import TemplateError

DAY = dt.date(2026, 2, 3)


@dataclass(frozen=True, kw_only=True)
class Place:
    x: float = 10
    y: float = 20


@dataclass(frozen=True, kw_only=True)
class StandInField:
    name: str
    type: str = "text"
    read_only: bool = False
    content: str = ""
    position: Place = field(default_factory=Place)
    variables: tuple[str, ...] = ()
    head: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StandInTemplate:
    name: str = "card.json"
    digest: str = "0" * 64
    pages: tuple[tuple[StandInField, ...], ...]


def text(name: str, x: float = 10, y: float = 20) -> StandInField:
    return StandInField(name=name, position=Place(x=x, y=y))


def lines(numbers: Iterable[int], columns: str = "Date Details Debits Credits", *, prefix: str = "Tr") -> Any:
    """Return the fields of rows, seven mm a line."""
    return tuple(
        text(f"{prefix}{number}{column}", x=10 + 30 * place, y=90 + 7 * number)
        for number in numbers
        for place, column in enumerate(columns.split())
    )


def template(*pages: Iterable[StandInField], name: str = "card.json") -> StandInTemplate:
    return StandInTemplate(name=name, pages=tuple(tuple(page) for page in pages))


def read_stand_in(content: bytes, name: str) -> StandInTemplate:
    """Read a template of one line a page, with the names of its fields; ``3xTr`` are three rows."""
    if b"broken" in content:
        raise TemplateError([f"{name}: is broken"])
    pages = [_read_page(line.split()) for line in content.decode().splitlines()]
    return StandInTemplate(name=name, digest=sha256(content).hexdigest(), pages=tuple(pages))


def _read_page(names: list[str]) -> tuple[StandInField, ...]:
    fields: list[StandInField] = []
    for name in names:
        count, _, prefix = name.partition("x")
        rows = lines(range(1, int(count) + 1), prefix=prefix) if count.isdigit() else (text(name),)
        fields.extend(rows)
    return tuple(fields)


def row(number: int, **changes: Any) -> Transaction:
    values: dict[str, Any] = {
        "date": DAY,
        "posted": None,
        "description": f"SHOP {number}",
        "amount": 1000 * number,
        "credit": False,
    }
    return Transaction(**{**values, **changes})


def statement(**changes: Any) -> Statement:
    values: dict[str, Any] = {
        "org_id": "266",
        "account": "5000000000000012",
        "name": "SAMPLE CUSTOMER",
        "address": ("Building 1", "", "Example Town"),
        "statement_date": DAY,
        "currency": "BHD",
        "opening": 149427,
        "debits": 1159819,
        "credits": 187720,
        "closing": 1121526,
        "available": None,
        "transactions": (row(1), row(2, credit=True)),
        "messages": ("Thank you.", " ", "Closed on Friday."),
    }
    return Statement(**{**values, **changes})
