"""Rows of a statement: direction, dates, originals, headings. Not here: the other records."""

from datetime import date

import pytest

from pdfme_dagster.errors import ParseError
from pdfme_dagster_tests.parsing.records import (
    account,
    change_profile,
    customer,
    list_messages,
    message,
    parse_lines,
    parse_rows,
    row,
    write_record,
)


@pytest.mark.parametrize(
    ("amount", "description", "credit"),
    [
        ("000005000", "SHOP", False),
        ("000005000-", "SHOP", True),
        ("5.000 CR", "SHOP", True),
        ("-5.000", "SHOP", True),
        ("5.000 DR", "Payment Received", False),
        ("+5.000", "REFUND SHOP", False),
        ("000005000", "Payment Received", True),
        ("000005000", "REFUND EXAMPLE STORE", True),
        ("000005000", "Shop, reversal of 1 May", True),
        ("000005000", "MONTHLY CASHBACK", True),
        ("000005000", "NONREFUNDABLE DEPOSIT", False),
    ],
)
def test_a_sign_decides_the_direction_and_else_the_description(
    amount: str, description: str, credit: bool
) -> None:
    (found,) = parse_rows(row(amount, description))
    assert (found.amount, found.credit) == (5_000, credit)


@pytest.mark.parametrize(
    ("mark", "amount", "credit"),
    [
        ("C", "5.000", True),
        ("cr", "5.000", True),
        ("D", "5.000", False),
        ("", "5.000", True),
        ("D", "5.000-", True),
    ],
)
def test_a_direction_field_stands_between_sign_and_description(mark: str, amount: str, credit: bool) -> None:
    record = write_record("4", {4: "01092025", 7: amount, 22: "REFUND", 30: mark})
    (found,) = parse_rows(record, profile=change_profile({"direction": 30}))
    assert found.credit is credit


def test_a_direction_field_with_an_unknown_mark_is_refused_rather_than_guessed() -> None:
    record = write_record("4", {4: "01092025", 7: "5.000", 22: "SHOP", 30: "X"})
    with pytest.raises(ParseError, match='line 3: debit or credit mark "X"') as error:
        parse_rows(record, profile=change_profile({"direction": 30}))
    assert error.value.code == "bad_record"


def test_credit_descriptions_are_a_setting() -> None:
    profile = change_profile(credit_descriptions=("Salary",))
    found = parse_rows(row("1.000", "SALARY MAY"), row("1.000", "Refund"), profile=profile)
    assert [each.credit for each in found] == [True, False]


def test_without_credit_descriptions_only_signs_make_a_credit() -> None:
    found = parse_rows(row("1.000", "Refund"), row("1.000-"), profile=change_profile(credit_descriptions=()))
    assert [each.credit for each in found] == [False, True]


@pytest.mark.parametrize("amount", ["12,3x", "1O0.000", "12.3456"])
def test_an_unreadable_amount_tells_line_field_value_and_what_to_do(amount: str) -> None:
    with pytest.raises(ParseError, match=f'line 4: amount "{amount}" .*; correct it and upload') as error:
        parse_rows(row("1.000"), row(amount))
    assert (error.value.code, error.value.line) == ("bad_amount", 4)


def test_an_unreadable_original_amount_tells_its_currency() -> None:
    with pytest.raises(ParseError, match='line 3: original amount in USD "000530505" has more') as error:
        parse_rows(row("1.000", currency="USD", original="000530505"))
    assert error.value.code == "bad_amount"


@pytest.mark.parametrize(
    ("currency", "original", "expected"),
    [
        ("GBP", "000300000", ("GBP", 30_000)),
        ("JPY", "041500000", ("JPY", 41_500)),
        ("KWD", "000001234", ("KWD", 1_234)),
        ("usd", "12.50", ("USD", 1_250)),
        ("USD", "12.50-", ("USD", 1_250)),
        ("USD", "000000000", ("USD", 0)),
        ("", "000000000", (None, None)),
        ("", "", (None, None)),
        ("BHD", "000005000", (None, None)),
    ],
)
def test_the_original_amount_is_in_minor_units_of_its_own_currency(
    currency: str, original: str, expected: tuple[str | None, int | None]
) -> None:
    (found,) = parse_rows(row("000005000", currency=currency, original=original))
    assert (found.original_currency, found.original_amount) == expected


@pytest.mark.parametrize(("currency", "original"), [("826", "000300000"), ("£", "1.00"), ("GBP", "")])
def test_an_original_without_iso_code_or_amount_is_left_out_with_a_warning(
    currency: str, original: str
) -> None:
    record = row("0.000", currency=currency, original=original)
    parsed = parse_lines(account(), customer(), record, message())
    assert parsed.statements[0].transactions[0].original_currency is None
    assert list_messages(parsed) == [
        "line 3: row 1: original currency or amount is missing or no ISO code",
    ]


@pytest.mark.parametrize(
    "record",
    [
        row("000000000", "NEWL", made="00000000", posted="00000000"),
        row("000000000", "NEWL"),
        row("", "Account transactions", made="", posted=""),
        row("000000000", "Card 1: Account transactions", made="00000000", posted="00000000"),
        row("0", "Any other heading", made="00000000", posted="00000000"),
    ],
)
def test_headings_and_fillers_are_no_rows(record: str) -> None:
    parsed = parse_lines(account(), customer(), record, message())
    assert parsed.statements[0].transactions == ()
    assert parsed.warnings == ()


def test_a_heading_with_an_amount_is_printed_with_a_warning_since_it_is_money() -> None:
    parsed = parse_lines(
        account({12: "1.000", 43: "1.000"}),
        customer(),
        row("1.000", "NEWL", made="00000000", posted="03092025"),
        message(),
    )
    assert parsed.statements[0].transactions[0].amount == 1_000
    assert list_messages(parsed) == [
        "line 3: row 1: reads like a heading but has an amount; printed",
        "line 3: row 1: no transaction date",
    ]


def test_a_shop_named_like_a_heading_is_a_row_when_it_has_an_amount() -> None:
    (found,) = parse_rows(row("1.000", "Account transactions LLC"))
    assert found.description == "Account transactions LLC"


def test_a_row_with_a_date_and_amount_zero_is_printed() -> None:
    (found,) = parse_rows(row("000000000", "WAIVED FEE"))
    assert (found.amount, found.date) == (0, date(2025, 9, 1))


def test_a_row_with_an_amount_and_no_dates_is_printed() -> None:
    (found,) = parse_rows(row("1.000", "CHARGE", made="00000000", posted="00000000"))
    assert (found.amount, found.date, found.posted) == (1_000, None, None)


def test_a_row_without_an_amount_is_printed_as_zero_with_a_warning() -> None:
    parsed = parse_lines(account(), customer(), row(""), message())
    assert parsed.statements[0].transactions[0].amount == 0
    assert list_messages(parsed) == ["line 3: row 1: no amount; printed as 0.000"]


def test_an_invalid_posting_date_keeps_the_row_and_names_the_field() -> None:
    parsed = parse_lines(account(), customer(), row("0.000", posted="2025-9-1"), message())
    found = parsed.statements[0].transactions[0]
    assert (found.date, found.posted) == (date(2025, 9, 1), None)
    assert list_messages(parsed) == [
        "line 3: row 1: invalid date 2025-9-1 as posting date; printed without it",
    ]


def test_warnings_count_only_printed_rows() -> None:
    rows = (row("", "NEWL", made="", posted=""), row("0.000"), row("0.000", made=""))
    parsed = parse_lines(account(), customer(), *rows, message())
    assert list_messages(parsed) == ["line 5: row 2: no transaction date"]


def test_a_record_cut_off_before_its_first_field_is_skipped_with_a_warning() -> None:
    parsed = parse_lines(account(), customer(), write_record("4", {}), write_record("4", {}), message())
    assert parsed.statements[0].transactions == ()
    assert list_messages(parsed) == [
        "line 3: empty row; skipped (2 such lines, the last is 4)",
    ]


def test_implied_decimals_follow_the_billing_currency_when_the_profile_does_not_fix_them() -> None:
    profile = change_profile(
        {"amount": {"at": 7, "decimals": "currency"}, "original_amount": {"at": 57, "decimals": "currency"}},
        currency="KES",
    )
    (found,) = parse_rows(row("000012345", currency="USD", original="000000100"), profile=profile)
    assert (found.amount, found.original_amount) == (12_345, 100)
