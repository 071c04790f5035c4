"""How amounts are written. Not here: reading them (parsing/test_amounts.py)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pdfme_dagster.domain.money import format_amount
from pdfme_dagster.templates.amounts import AmountStyle, write_amount


@pytest.mark.parametrize(
    ("minor", "currency", "style", "written"),
    [
        (1121526, "BHD", {}, "1,121.526"),
        (187720, "BHD", {}, "187.720"),
        (50, "KES", {}, "0.50"),
        (-1234567, "USD", {}, "-12,345.67"),
        (1234567, "EUR", {"thousands": ".", "decimal_point": ","}, "12.345,67"),
        (1234567, "CHF", {"thousands": "'"}, "12'345.67"),
        (1234567, "USD", {"thousands": ""}, "12345.67"),
        (1234567, "JPY", {"thousands": "\u00a0"}, "1\u00a0234\u00a0567"),
        (-100, "USD", {"negative": "1.00-"}, "1.00-"),
        (-100, "USD", {"negative": "(1.00)"}, "(1.00)"),
        (-100, "USD", {"negative": "1.00 CR"}, "1.00 CR"),
        (-100, "EUR", {"negative": "(1.00)", "decimal_point": ",", "thousands": "."}, "(1,00)"),
        (0, "BHD", {}, "0.000"),
        (0, "BHD", {"zero": ""}, ""),
        (0, "BHD", {"zero": "-"}, "–"),
        (None, "BHD", {}, ""),
        (None, "BHD", {"unknown": "-"}, "–"),
        (None, "BHD", {"zero": "-"}, ""),
    ],
)
def test_an_amount_is_written_in_the_organisations_style(
    minor: int | None, currency: str, style: dict[str, Any], written: str
) -> None:
    assert write_amount(minor, currency, AmountStyle(**style)) == written


@given(st.integers(), st.sampled_from(["BHD", "USD", "JPY", "CLF"]))
def test_without_a_style_amounts_are_those_of_the_domain(minor: int, currency: str) -> None:
    assert write_amount(minor, currency, AmountStyle()) == format_amount(minor, currency)


@pytest.mark.parametrize(
    "style",
    [{"decimal_point": ",", "thousands": ","}, {"decimal_point": "·"}, {"negative": "1.00"}, {"zer": ""}],
)
def test_styles_that_cannot_be_read_back_are_refused(style: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AmountStyle(**style)
