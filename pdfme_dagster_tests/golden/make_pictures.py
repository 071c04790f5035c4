"""Draws the pictures of docs/templates: the built-in template and two of ours, in English and in Arabic.

Not here: what the guide says about them, nor whether they are right; look at them.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image

from pdfme_dagster.domain.statement import RenderedPdf, Statement, Transaction
from pdfme_dagster.rendering.preview import draw_preview
from pdfme_dagster.rendering.statements import StatementRenderer
from pdfme_dagster.templates.library import BUILT_IN_TEMPLATE, load_library
from pdfme_dagster.templates.reading import read_template
from pdfme_dagster_tests.golden.corpus import find_template

PICTURES = Path(__file__).parents[2] / "docs" / "templates" / "pictures"
_DPI = 70
_COLORS = 32
_MARGIN, _AROUND = 10, (208, 208, 208)
_DAY = dt.date(2025, 9, 30)
_CARD = "5000000000000015"

_ENGLISH_NAME, _ENGLISH_ADDRESS = "NOORA SAMPLEH", ("Flat 12, Building 345", "Road 6789", "Riffa")
_ENGLISH_SHOPS = (
    "EXAMPLE HYPERMARKET MANAMA",
    "PETROL STATION 14",
    "CAFE SAMPLE*7K4RT9",
    "BOOKS & CO. LONDON",
)
_ENGLISH_MESSAGE = "Thank you for banking with us. Our branches close at noon on 1 October."
_ARABIC_NAME, _ARABIC_ADDRESS = "نورة الاختبار", ("شقة 12، مبنى 345", "طريق 6789", "الرفاع")
_ARABIC_SHOPS = ("سوق المثال المركزي (فرع 12)", "محطة وقود 14", "مقهى العينة CAFE 7", "كتب لندن REF 48213")
_ARABIC_MESSAGE = "شكراً لتعاملكم معنا. تغلق فروعنا عند الساعة 12:00 يوم 1 أكتوبر."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What a customer's statement says in one language."""

    name: str
    address: tuple[str, ...]
    shops: Sequence[str]
    message: str


ENGLISH = Wording(
    name=_ENGLISH_NAME, address=_ENGLISH_ADDRESS, shops=_ENGLISH_SHOPS, message=_ENGLISH_MESSAGE
)
ARABIC = Wording(name=_ARABIC_NAME, address=_ARABIC_ADDRESS, shops=_ARABIC_SHOPS, message=_ARABIC_MESSAGE)


def list_pictures() -> Iterator[tuple[str, list[Image.Image]]]:
    """Yield the name of each picture, and the pages that stand side by side in it."""
    card, table = find_template("card-statement-dict-style"), find_template("account-statement-table")
    for language, wording in (("english", ENGLISH), ("arabic", ARABIC)):
        for few, many in ((0, 1), (13, 14)):
            pages = [page for rows in (few, many) for page in _draw_pages(BUILT_IN_TEMPLATE, rows, wording)]
            yield f"default-{language}-{few}-{many}.png", pages
    yield "card-0-13.png", [*_draw_pages(card, 0, ENGLISH), *_draw_pages(card, 13, ENGLISH)]
    yield "card-14.png", _draw_pages(card, 14, ENGLISH)
    yield "card-arabic-14.png", _draw_pages(card, 14, ARABIC)
    yield "table-60.png", _draw_pages(table, 60, ENGLISH)


def invent_statement(rows: int, wording: Wording) -> Statement:
    """Return an invented statement with so many transactions."""
    transactions = tuple(_invent_row(number, wording) for number in range(rows))
    debits = sum(row.amount for row in transactions if not row.credit)
    returned = sum(row.amount for row in transactions if row.credit)
    return Statement(
        org_id="900",
        account=_CARD,
        name=wording.name,
        address=wording.address,
        statement_date=_DAY,
        currency="BHD",
        opening=25_250,
        debits=debits,
        credits=returned,
        closing=25_250 + debits - returned,
        available=974_750,
        transactions=transactions,
        messages=(wording.message,),
    )


def _invent_row(number: int, wording: Wording) -> Transaction:
    day = dt.date(2025, 9, number % 28 + 1)
    foreign = number % 4 == 3
    return Transaction(
        date=day,
        posted=day + dt.timedelta(days=1),
        description=wording.shops[number % len(wording.shops)],
        amount=(number + 1) * 7919 % 250_000,
        credit=number % 6 == 4,
        original_currency="GBP" if foreign else None,
        original_amount=(number + 1) * 1583 % 90_000 if foreign else None,
    )


# --- Drawing ---


@cache
def _load_renderer(template: Path) -> StatementRenderer:
    return StatementRenderer(load_library(None, read_template, built_in=template))


def _draw_pages(template: Path, rows: int, wording: Wording) -> list[Image.Image]:
    rendered: RenderedPdf = _load_renderer(template).render(invent_statement(rows, wording))
    pages = range(1, rendered.pages + 1)
    return [Image.open(BytesIO(draw_preview(rendered.content, page=page, dpi=_DPI))) for page in pages]


def join_pages(pages: Sequence[Image.Image]) -> Image.Image:
    """Return pages side by side, with few colours."""
    width = sum(page.width for page in pages) + _MARGIN * (len(pages) + 1)
    height = max(page.height for page in pages) + 2 * _MARGIN
    sheet, left = Image.new("RGB", (width, height), _AROUND), _MARGIN
    for page in pages:
        sheet.paste(page.convert("RGB"), (left, _MARGIN))
        left += page.width + _MARGIN
    return sheet.quantize(_COLORS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def main() -> None:
    """Write all pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, pages in list_pictures():
        join_pages(pages).save(PICTURES / name, optimize=True)


if __name__ == "__main__":
    main()
