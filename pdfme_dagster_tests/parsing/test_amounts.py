"""Amounts as files write them. Not here: which fields are amounts."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.domain.money import decimals_of, format_amount, to_decimal_text
from pdfme_dagster.parsing.amounts import Amount, Negative, compile_amount, read_amount

MINOR = st.integers(min_value=-(10**14), max_value=10**14)
CURRENCY = st.sampled_from(("BHD", "USD", "JPY"))


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("5.000", 5_000),
        ("1,000.000", 1_000_000),
        ("000100000", 100_000),
        ("12,500", 12_500),
        ("1,121,526", 1_121_526),
        ("1,00,000.000", 100_000_000),
        ("0.5", 500),
        ("7", 7),
        ("0", 0),
        ("  12.500  ", 12_500),
        ("12.50000", 12_500),
    ],
)
def test_amounts_with_and_without_decimal_point_are_read_in_thousandths(text: str, minor: int) -> None:
    assert read_amount(text, 3, 3) == (minor, None)


@pytest.mark.parametrize("text", ["-5.000", "- 5.000", "5.000-", "5.000 -", "5.000CR", "5.000 CR", "5.000 c"])
def test_minus_and_cr_are_credit(text: str) -> None:
    assert read_amount(text, 3, 3) == (5_000, True)


@pytest.mark.parametrize(
    "text", ["+5.000", "5.000+", "5.000DR", "5.000 DR", "5.000D", "5.000 dr", "+5.000 DR"]
)
def test_plus_and_dr_are_debit(text: str) -> None:
    assert read_amount(text, 3, 3) == (5_000, False)


def test_a_minus_that_agrees_with_its_mark_is_one_credit_not_two() -> None:
    assert read_amount("-5.000 CR", 3, 3) == (5_000, True)


def test_zero_keeps_its_mark() -> None:
    assert read_amount("0.000 CR", 3, 3) == (0, True)


@pytest.mark.parametrize("text", ["", " ", "\t"])
def test_an_empty_field_is_no_amount_and_not_zero(text: str) -> None:
    assert read_amount(text, 3, 3) is None


@pytest.mark.parametrize(
    "text",
    [
        "12,3x",
        "x",
        "1O0.000",
        "1.2.3",
        ".5",
        "5.",
        "--5",
        "5 XX",
        "1e3",
        "12,5",
        "1,2,3",
        ",5",
        "٥",
        "²",
        "5_0",
    ],
)
def test_what_the_grammar_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        read_amount(text, 3, 3)


@pytest.mark.parametrize("text", ["-5.000 DR", "-5.000D", "-5.000+"])
def test_opposite_signs_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="opposite signs"):
        read_amount(text, 3, 3)


@pytest.mark.parametrize("text", ["9" * 19, "1." + "0" * 18, "9" * 5000])
def test_absurdly_long_numbers_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="more than 18 digits"):
        read_amount(text, 3, 3)


@pytest.mark.parametrize(
    ("text", "implied", "currency", "minor"),
    [
        ("041500000", 3, "JPY", 41_500),
        ("000530500", 3, "USD", 53_050),
        ("053050", 2, "USD", 53_050),
        ("1305", 0, "BHD", 1_305_000),
        ("12.5", 3, "USD", 1_250),
        ("12.500", 3, "USD", 1_250),
        ("0", 3, "JPY", 0),
    ],
)
def test_implied_decimals_are_turned_into_the_decimals_of_the_currency(
    text: str, implied: int, currency: str, minor: int
) -> None:
    assert read_amount(text, implied, decimals_of(currency)) == (minor, None)


@pytest.mark.parametrize(("text", "decimals"), [("000530505", 2), ("5", 0), ("12.345", 2), ("0.1", 0)])
def test_more_decimals_than_the_currency_has_are_refused_unless_zero(text: str, decimals: int) -> None:
    with pytest.raises(ValueError, match=r"more than the \d decimals"):
        read_amount(text, 3, decimals)


@given(minor=MINOR, currency=CURRENCY)
def test_what_we_write_we_read_back(minor: int, currency: str) -> None:
    for text in (format_amount(minor, currency), to_decimal_text(minor, currency)):
        found = read_amount(text, 0, decimals_of(currency))
        assert found == (abs(minor), True if minor < 0 else None)


@given(minor=st.integers(min_value=0, max_value=10**14), currency=CURRENCY)
def test_implied_decimals_of_any_number_of_zeros_read_back(minor: int, currency: str) -> None:
    decimals = decimals_of(currency)
    assert read_amount(f"{minor:015d}", decimals, decimals) == (minor, None)


@given(st.text(max_size=30))
def test_any_text_is_an_amount_or_a_value_error(text: str) -> None:
    try:
        amount = read_amount(text, 3, 3)
    except ValueError:
        return
    assert amount is None or amount[0] >= 0


# --- What a minus means ---


@pytest.mark.parametrize("text", ["-5.000", "5.000-", "- 5.000", "-5.000 DR", "5.000 D"])
def test_on_an_account_a_minus_is_a_debit(text: str) -> None:
    assert read_amount(text, 3, 3, negative="debit") == (5_000, False)


@pytest.mark.parametrize("text", ["+5.000", "5.000+", "5.000 CR"])
def test_on_an_account_a_plus_is_a_credit(text: str) -> None:
    assert read_amount(text, 3, 3, negative="debit") == (5_000, True)


@pytest.mark.parametrize("negative", ["credit", "debit"])
def test_marks_mean_the_same_whatever_a_minus_means(negative: Negative) -> None:
    assert read_amount("5.000 CR", 3, 3, negative=negative) == (5_000, True)
    assert read_amount("5.000 DR", 3, 3, negative=negative) == (5_000, False)
    assert read_amount("5.000", 3, 3, negative=negative) == (5_000, None)


def test_a_minus_against_its_mark_is_refused_on_an_account_too() -> None:
    with pytest.raises(ValueError, match="opposite signs"):
        read_amount("-5.000 CR", 3, 3, negative="debit")


# --- The decimal point ---


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1.234,50", 123_450),
        ("1234,50", 123_450),
        ("0,5", 50),
        ("1.234", 123_400),
        ("1.234.567,89", 123_456_789),
    ],
)
def test_a_comma_may_be_the_decimal_point(text: str, minor: int) -> None:
    assert read_amount(text, 0, 2, point=",") == (minor, None)


@pytest.mark.parametrize("text", ["1,234.50", "12.5", "1.2,3.4", "1,2,3"])
def test_a_point_only_separates_thousands_then(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        read_amount(text, 0, 2, point=",")


# --- The short way ---

WRITTEN = st.one_of(
    st.text(alphabet="0123456789.,+- CRDcrd", max_size=22),
    st.from_regex(r"[+-]?[0-9]{1,9}([.,][0-9]{1,4})? ?(CR|DR|-)?", fullmatch=True),
    st.text(max_size=8),
)


def read_or_refuse(read: Callable[[], Amount | None]) -> Amount | str | None:
    try:
        return read()
    except ValueError as exc:
        return str(exc)


@given(
    text=WRITTEN,
    implied=st.integers(0, 6),
    decimals=st.sampled_from((0, 2, 3)),
    point=st.sampled_from((".", ",")),
    negative=st.sampled_from(("credit", "debit")),
)
def test_the_short_way_finds_what_the_long_way_finds(
    text: str, implied: int, decimals: int, point: str, negative: Negative
) -> None:
    short = compile_amount(implied, decimals, point=point, negative=negative)
    found = read_or_refuse(lambda: short(text.encode()))
    assert found == read_or_refuse(
        lambda: read_amount(text, implied, decimals, point=point, negative=negative)
    )


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("000005000", 5_000),
        ("5.000", 5_000),
        ("999999999999999", 999_999_999_999_999),
        (".500", None),
        ("5.", None),
    ],
)
def test_plain_digits_are_read_the_short_way(text: str, minor: int | None) -> None:
    read = compile_amount(3, 3)
    assert read_or_refuse(lambda: read(text.encode())) == (
        "is not a number" if minor is None else (minor, None)
    )


@given(minor=st.integers(min_value=0, max_value=10**14), currency=CURRENCY)
def test_the_short_way_reads_back_what_we_write(minor: int, currency: str) -> None:
    read = compile_amount(0, decimals_of(currency))
    assert read(to_decimal_text(minor, currency).encode()) == (minor, None)
