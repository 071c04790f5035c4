"""Dates as files write them. Not here: what follows from a bad one."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.parsing.dates import is_no_date, read_date


@pytest.mark.parametrize("text", ["21092025", " 21092025 "])
def test_dates_are_day_month_year(text: str) -> None:
    assert read_date(text) == date(2025, 9, 21)


@pytest.mark.parametrize("text", ["", "   ", "00000000", "0"])
def test_empty_blank_and_zero_fields_are_no_date(text: str) -> None:
    assert is_no_date(text)
    assert read_date(text) is None


@pytest.mark.parametrize(
    "text",
    ["31022025", "29022025", "00012025", "01132025", "2025092", "2109202５", "21/09/25", "x", "210920251"],
)
def test_days_that_no_calendar_has_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_date(text)


@pytest.mark.parametrize("text", ["20110921", "01010001", "21099999"])
def test_years_far_off_are_refused_since_they_are_most_likely_written_year_first(text: str) -> None:
    with pytest.raises(ValueError, match="is not ddMMyyyy"):
        read_date(text)


def test_the_29th_of_february_exists_in_leap_years() -> None:
    assert read_date("29022024") == date(2024, 2, 29)


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31)))
def test_every_day_reads_back(day: date) -> None:
    assert read_date(f"{day.day:02d}{day.month:02d}{day.year:04d}") == day
