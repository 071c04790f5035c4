"""Random statements whose totals hold, and random ways to write a file of them.

Not here: writing it (afs_writer.py), nor what is tested with it.
"""

import datetime as dt
from collections.abc import Iterable

from hypothesis import strategies as st

from pdfme_dagster.domain.statement import Statement, Transaction
from pdfme_dagster_tests.parsing.afs_writer import BRANCH, DECIMALS, HEADINGS, KEY_PREFIX, Style

CURRENCIES = ("BHD", "KWD", "USD", "KES", "JPY")
# What parts fields, lines and files, and the mark that may begin a file.
_NO_TEXT = "|\n\r\x1a\ufeff"
ANY_LETTERS = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters=_NO_TEXT)
ASCII_LETTERS = st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters=_NO_TEXT)
ARABIC_LETTERS = st.characters(min_codepoint=0x621, max_codepoint=0x63A) | st.sampled_from("فقكلمنهوي ")
_ODD_TEXTS = (
    "NOORA SAMPLEH",
    "محمد بن علي الاختبار",
    "O'STUB (BRANCH) \\ 5/6",
    '"QUOTED", AND 1,5;2',
    "<b>&amp;</b>",
    "=1+1",
    "00000000",
    "5000000000000015",
    "Ünï çødé ﷺ 日本",
    "1",
    "CR",
)
_SHOPS = ("Payment Received", "REFUND SAMPLE STORE", "Cashback", "NEWLY OPENED SHOP", "CARD FEE")
Letters = st.SearchStrategy[str]


def letters_of(encoding: str) -> Letters:
    """Return the letters that files in an encoding may have."""
    if encoding.startswith("utf"):
        return ANY_LETTERS
    return st.characters(codec=encoding, exclude_categories=("Cc", "Cs"), exclude_characters=_NO_TEXT)


def texts(letters: Letters, odd: Iterable[str] = ()) -> st.SearchStrategy[str]:
    """Return texts of one or more letters without blanks around them, and some that are odd."""
    drawn = st.text(letters, min_size=1, max_size=12).map(str.strip).filter(bool)
    return drawn | st.sampled_from([*odd, "x"])


def _odd_texts(encoding: str) -> list[str]:
    return [text for text in _ODD_TEXTS if text == text.encode(encoding, "ignore").decode(encoding)]


def days() -> st.SearchStrategy[dt.date]:
    """Return the days that a file may have."""
    return st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31))


def amounts() -> st.SearchStrategy[int]:
    """Return amounts in minor units, small and large."""
    return st.integers(0, 100_000) | st.integers(0, 10**12)


@st.composite
def transactions(
    draw: st.DrawFn, currency: str, descriptions: st.SearchStrategy[str], *, least: int = 0
) -> Transaction:
    """Draw a row of a statement in a currency, of ``least`` minor units or more."""
    others = [None, *(code for code in DECIMALS if code != currency)]
    original = draw(st.sampled_from(others))
    return Transaction(
        date=draw(days()),
        posted=draw(st.none() | days()),
        description=draw(descriptions),
        amount=least + draw(amounts()),
        credit=draw(st.booleans()),
        original_currency=original,
        original_amount=None if original is None else draw(amounts()),
    )


@st.composite
def statements(
    draw: st.DrawFn,
    account: str,
    currency: str = "BHD",
    encoding: str = "utf-8",
    letters: Letters | None = None,
) -> Statement:
    """Draw a statement of which nothing is missing and whose control totals hold."""
    text = texts(letters_of(encoding) if letters is None else letters, _odd_texts(encoding))
    descriptions = (text | st.sampled_from(_SHOPS)).filter(lambda each: each not in HEADINGS)
    rows = tuple(draw(st.lists(transactions(currency, descriptions), max_size=5)))
    org_id = draw(st.text("abcXYZ0189_-", min_size=1, max_size=32))
    opening = draw(amounts()) * draw(st.sampled_from([1, -1]))
    debits, credited = sum_rows(rows)
    key = (org_id, BRANCH, KEY_PREFIX + account)
    kept = st.tuples(st.sampled_from("35"), text, st.just(""), text).map(lambda fields: (*key, *fields))
    return Statement(
        org_id=org_id,
        account=account,
        name=draw(text),
        address=tuple(draw(st.lists(text, max_size=4))),
        statement_date=draw(days()),
        currency=currency,
        opening=opening,
        debits=debits,
        credits=credited,
        closing=opening + debits - credited,
        available=draw(amounts()) * draw(st.sampled_from([1, -1])),
        transactions=rows,
        messages=tuple(draw(st.lists(text, max_size=4))),
        extra_records=tuple(draw(st.lists(kept, max_size=2))),
    )


def sum_rows(rows: Iterable[Transaction]) -> tuple[int, int]:
    """Return the sums of debits and credits."""
    sums = [0, 0]
    for row in rows:
        sums[row.credit] += row.amount
    return sums[0], sums[1]


def accounts() -> st.SearchStrategy[str]:
    """Return invented card and account numbers."""
    cards = st.integers(0, 99).map(lambda number: f"50000000000000{number:02d}")
    return cards | st.integers(0, 99).map(lambda number: f"BH00TEST000000000000{number:02d}")


@st.composite
def customers(
    draw: st.DrawFn, currency: str = "BHD", encoding: str = "utf-8", letters: Letters | None = None
) -> tuple[Statement, ...]:
    """Draw the statements of one file, each of another account."""
    numbers = draw(st.lists(accounts(), min_size=1, max_size=3, unique=True))
    return tuple(draw(statements(number, currency, encoding, letters)) for number in numbers)


def styles(encoding: str = "utf-8") -> st.SearchStrategy[Style]:
    """Return ways to write a file in an encoding."""
    end = st.sampled_from(["\n", "\r", "\r\n"])
    return st.builds(
        Style,
        encoding=st.just(encoding),
        line_end=end,
        file_end=st.sampled_from(["", "\n", "\r\n", "\r", "\n\n", "\x1a", "\n\x1a", "\r\n\x1a\r\n"]),
        credit=st.sampled_from(["{}CR", "{} CR", "{}C", "{}cr", "{}-", "-{}", "{} -", "- {}", "+{}CR"]),
        debit=st.sampled_from(["{}DR", "{} DR", "{}D", "{}dr", "{}+", "+{}"]),
        marked=st.booleans(),
        explicit=st.booleans(),
        digits=st.sampled_from([1, 9, 15]),
        grouping=st.sampled_from(["", "thousands", "lakhs"]),
        more_zeros=st.booleans(),
        no_date=st.sampled_from(["00000000", "", "        ", "0"]),
        no_original=st.sampled_from(["000000000", "0", ""]),
        padding=st.sampled_from(["", "", " ", "\t", "   "]),
        trailing=st.sampled_from([0, 1, 8, 90]),
        headings=st.booleans(),
        messages_a_record=st.integers(1, 5),
    )
