"""Files in fixed columns, read with the shipped profile. Not here: what all files of records have alike."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.domain.statement import ParsedFile, Transaction
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing import load_profiles, parse

SAMPLES = Path(__file__).parent / "samples"
FIXED = load_profiles()["fixed"]
ONE = "5000000000000015"
OTHER = "5000000000000023"


def place(*texts: tuple[int, str]) -> str:
    """Write texts at their first columns, counted from 1."""
    line = ""
    for column, text in texts:
        line = line.ljust(column - 1) + text
    return line


def begin(kind: str, account: str) -> tuple[tuple[int, str], ...]:
    return (1, kind), (3, "900"), (11, account)


def header(
    opening: str = "0.000", name: str = "NOORA SAMPLEH", *, account: str = ONE, day: str = "30092025"
) -> str:
    return place(*begin("10", account), (35, day), (43, "BHD"), (46, opening.rjust(18)), (64, name))


def address(*lines: str, account: str = ONE) -> str:
    return place(*begin("20", account), *zip((35, 65, 95), lines, strict=False))


def row(
    amount: str, mark: str = "DR", description: str = "SHOP", *, account: str = ONE, original: str = ""
) -> str:
    dates = (35, "01092025"), (43, "02092025")
    return place(
        *begin("30", account), *dates, (51, description), (87, amount.rjust(15)), (102, mark), (104, original)
    )


def message(text: str, *, account: str = ONE) -> str:
    return place(*begin("40", account), (35, text))


def trailer(*amounts: str, account: str = ONE) -> str:
    texts = (text.rjust(18) for text in amounts)
    return place(*begin("90", account), *zip((35, 53, 71, 89), texts, strict=False))


def parse_lines(*lines: str, end: str = "\n", encoding: str = "utf-8") -> ParsedFile:
    return parse("".join(line + end for line in lines).encode(encoding), profile=FIXED)


def parse_row(line: str) -> Transaction:
    (statement,) = parse_lines(header(), line, trailer()).statements
    (found,) = statement.transactions
    return found


# --- Samples ---


def test_a_file_of_several_customers_is_read() -> None:
    parsed = parse((SAMPLES / "fixed_three_customers.txt").read_bytes(), profile=FIXED)
    first, second, third = parsed.statements
    assert (first.org_id, first.account, first.name) == ("900", ONE, "NOORA SAMPLEH")
    assert first.address == ("Flat 12, Building 345", "Road 6789", "Riffa")
    assert (first.statement_date, first.currency) == (date(2025, 9, 30), "BHD")
    assert (first.opening, first.debits, first.credits) == (-1_250_000, 187_250, 900_000)
    assert (first.closing, first.available) == (-1_962_750, 1_962_750)
    assert first.transactions == (
        Transaction(date(2025, 9, 1), date(2025, 9, 2), "EXAMPLE HYPERMARKET MANAMA", 12_500, False),
        Transaction(
            date(2025, 9, 5), date(2025, 9, 6), "FICTIONAL AIR LONDON", 174_750, False, "GBP", 35_000
        ),
        Transaction(date(2025, 9, 25), date(2025, 9, 25), "SALARY", 900_000, True),
    )
    assert first.messages == ("Thank you for banking with us.", "Our branches close at noon on 1 October.")
    assert (second.account, second.currency, second.closing) == ("5000000000000023", "USD", 2_000)
    assert (third.name, third.transactions, third.closing) == ("HALA AL-DEMO", (), 0)
    assert (parsed.warnings, parsed.rejected) == ((), ())


@pytest.mark.parametrize(
    ("sample", "encoding"), [("fixed_arabic_cp1256.txt", "cp1256"), ("fixed_arabic_utf8_crlf.txt", "utf-8")]
)
def test_columns_are_characters_in_any_encoding_and_line_ends_do_not_count(
    sample: str, encoding: str
) -> None:
    parsed = parse((SAMPLES / sample).read_bytes(), profile=FIXED)
    (statement,) = parsed.statements
    assert parsed.encoding == encoding
    assert (statement.name, statement.address) == ("فاطمة المثال", ("شقة 12", "طريق 21", "المحرق"))
    assert statement.transactions == (
        Transaction(date(2025, 9, 4), None, "بقالة المثال", 2_500, False),
        Transaction(date(2025, 9, 5), None, "إيداع نقدي", 10_000, True),
    )
    assert statement.messages == ("شكرا لتعاملكم معنا",)
    assert (parsed.warnings, parsed.rejected) == ((), ())


# --- Lines ---


def test_lines_may_end_with_their_last_text() -> None:
    (statement,) = parse_lines(header(name=""), row("5.000"), trailer("5.000")).statements
    assert (statement.name, statement.closing) == ("", None)


def test_a_blank_line_is_counted_and_a_record_without_account_refuses_its_customer() -> None:
    parsed = parse_lines(header(), "", "", "30", trailer("0", "0", "0", "0"))
    assert [warning.message for warning in parsed.warnings] == [
        "blank line; skipped (2 such lines, the last is 3)"
    ]
    assert [each.line for each in parsed.rejected] == [4]


def test_a_record_of_another_account_refuses_the_customer_it_stands_in() -> None:
    parsed = parse_lines(header(), row("5.000", account=OTHER), trailer("0", "0", "0", "0"))
    assert parsed.statements == ()
    assert parsed.rejected[0].message.startswith("account changes from ****0015 to ****0023")


def test_a_customer_without_trailer_is_refused_and_the_next_is_read() -> None:
    second = (header(account=OTHER), trailer("0", "0", "0", "0", account=OTHER))
    parsed = parse_lines(header(), row("5.000"), *second)
    assert [(each.account, each.line) for each in parsed.rejected] == [("****0015", 1)]
    assert [each.account for each in parsed.statements] == [OTHER]


def test_a_record_behind_the_trailer_is_refused() -> None:
    parsed = parse_lines(header(), trailer("0", "0", "0", "0"), row("5.000"))
    assert [each.line for each in parsed.rejected] == [3]


def test_a_bad_amount_is_refused_with_its_line() -> None:
    parsed = parse_lines(header(), row("5,0"), trailer())
    assert [(each.line, each.code) for each in parsed.rejected] == [(2, "bad_amount")]


# --- Values ---


@pytest.mark.parametrize(
    ("amount", "mark", "minor", "credit"),
    [
        ("12.500", "DR", 12_500, False),
        ("12500", "CR", 12_500, True),
        ("000000000012500", "DR", 12_500, False),
        ("1,250.000", "C", 1_250_000, True),
        ("12.500-", "", 12_500, False),
        ("12.500+", "", 12_500, True),
    ],
)
def test_an_amount_has_a_mark_or_a_sign_and_a_point_or_implied_decimals(
    amount: str, mark: str, minor: int, credit: bool
) -> None:
    found = parse_row(row(amount, mark))
    assert (found.amount, found.credit) == (minor, credit)


@pytest.mark.parametrize(("original", "minor"), [("GBP       350.00", 35_000), ("JPY         1305", 1_305)])
def test_an_original_amount_has_the_decimals_of_its_own_currency(original: str, minor: int) -> None:
    found = parse_row(row("12.500", original=original))
    assert (found.original_currency, found.original_amount) == (original[:3], minor)


@pytest.mark.parametrize(
    ("opening", "owed"),
    [("100.000", -100_000), ("100.000-", 100_000), ("100.000 DR", 100_000), ("100.000CR", -100_000)],
)
def test_a_balance_is_the_customers_unless_a_sign_says_that_it_is_owed(opening: str, owed: int) -> None:
    (statement,) = parse_lines(header(opening), trailer("0", "0", opening)).statements
    assert (statement.opening, statement.closing) == (owed, owed)


def test_totals_that_do_not_hold_are_told_with_the_difference() -> None:
    parsed = parse_lines(header("10.000"), row("2.000"), trailer("3.000", "0", "8.000", "8.000"))
    assert [warning.message for warning in parsed.warnings] == [
        "control total: opening + debits - credits is off by 1.000 BHD",
        "control total: sum of the debit rows is off by -1.000 BHD",
    ]


@given(
    name=st.text(st.characters(blacklist_categories=("Cc", "Cs", "Z")), max_size=35),
    text=st.text(st.characters(blacklist_categories=("Cc", "Cs", "Z")), min_size=1, max_size=36),
    minor=st.integers(1, 10**9),
    credit=st.booleans(),
)
def test_texts_of_any_script_fill_their_columns_and_no_more(
    name: str, text: str, minor: int, credit: bool
) -> None:
    amount = f"{minor // 1000}.{minor % 1000:03d}"
    lines = (header(name=name), row(amount, "CR" if credit else "DR", text), trailer())
    (statement,) = parse_lines(*lines, encoding="utf-16").statements
    assert statement.name == name.replace("\ufeff", "")
    assert statement.transactions[0][2:5] == (text, minor, credit)


@given(st.text(alphabet="1023490 \n59BHD.-", max_size=150))
def test_any_text_behind_a_header_gives_statements_or_a_parse_error(text: str) -> None:
    try:
        parsed = parse_lines(header(), text)
    except ParseError:
        return
    assert all(each.line for each in parsed.rejected)
