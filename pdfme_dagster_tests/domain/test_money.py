"""Amounts: decimals by currency and how they are written. Not here: reading them from files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.domain.money import decimals_of, format_amount, is_currency, to_decimal_text

ANY_CURRENCY = st.sampled_from(("BHD", "KWD", "JPY", "KRW", "USD", "KES", "CLF"))


@pytest.mark.parametrize("currency", ["BHD", "KWD", "OMR", "JOD", "IQD", "LYD", "TND"])
def test_gulf_dinars_and_their_like_have_three_decimals(currency: str) -> None:
    assert decimals_of(currency) == 3


@pytest.mark.parametrize("currency", ["JPY", "KRW", "VND", "CLP", "ISK", "UGX", "XOF", "XAF", "PYG", "RWF"])
def test_yen_and_its_like_have_no_decimals(currency: str) -> None:
    assert decimals_of(currency) == 0


@pytest.mark.parametrize("currency", ["USD", "EUR", "GBP", "SAR", "AED", "KES"])
def test_all_other_currencies_have_two_decimals(currency: str) -> None:
    assert decimals_of(currency) == 2


@pytest.mark.parametrize("code", ["BDH", "usd", "US", "", "EURO", "XAU", "XXX"])
def test_a_code_that_is_no_money_has_no_decimals_to_guess(code: str) -> None:
    assert not is_currency(code)
    with pytest.raises(KeyError):
        decimals_of(code)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1_121_526, "BHD", "1,121.526"),
        (187_720, "BHD", "187.720"),
        (50_000, "BHD", "50.000"),
        (0, "BHD", "0.000"),
        (5, "BHD", "0.005"),
        (-25_000, "BHD", "-25.000"),
        (-1_234_567, "USD", "-12,345.67"),
        (-1, "USD", "-0.01"),
        (41_500, "JPY", "41,500"),
        (0, "JPY", "0"),
        (12_345_678_901_234, "BHD", "12,345,678,901.234"),
    ],
)
def test_amounts_are_written_with_all_decimals_separators_and_the_sign_in_front(
    minor: int, currency: str, text: str
) -> None:
    assert format_amount(minor, currency) == text
    assert to_decimal_text(minor, currency) == text.replace(",", "")


@given(minor=st.integers(), currency=ANY_CURRENCY)
def test_no_digit_of_an_amount_is_lost_however_large(minor: int, currency: str) -> None:
    text = to_decimal_text(minor, currency)
    assert int(text.replace(".", "")) == minor
    assert len(text.partition(".")[2]) == decimals_of(currency)


@given(minor=st.integers(), currency=ANY_CURRENCY)
def test_both_ways_to_write_differ_only_in_separators(minor: int, currency: str) -> None:
    assert format_amount(minor, currency).replace(",", "") == to_decimal_text(minor, currency)
