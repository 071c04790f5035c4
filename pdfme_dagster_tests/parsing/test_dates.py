"""Dates as files write them. Not here: what follows from a bad one."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.parsing.dates import compile_date, is_no_date

CARD = "ddMMyyyy"
ISO = "yyyy-MM-dd"


def read_date(text: str, date_format: str = CARD) -> date | None:
    return compile_date(date_format)(text)


@pytest.mark.parametrize("text", ["21092025", " 21092025 "])
def test_dates_are_day_month_year(text: str) -> None:
    assert read_date(text) == date(2025, 9, 21)


@pytest.mark.parametrize(
    ("date_format", "text"),
    [
        ("yyyy-MM-dd", "2025-09-21"),
        ("dd/MM/yyyy", "21/09/2025"),
        ("MM/dd/yyyy", "09/21/2025"),
        ("dd.MM.yy", "21.09.25"),
        ("yyMMdd", "250921"),
        ("yyyyMMdd", " 20250921"),
        ("yyyy-MM-ddT00:00:00", "2025-09-21T00:00:00"),
        ("dd (MM) yyyy", "21 (09) 2025"),
    ],
)
def test_a_format_says_the_order_and_what_stands_between(date_format: str, text: str) -> None:
    assert read_date(text, date_format) == date(2025, 9, 21)


@pytest.mark.parametrize(
    "date_format",
    ["", "ddMM", "ddMMyyyyyy", "dd-mm-yyyy", "yyyy-dd-dd", "DDMMYYYY", "ddMMyyyyMM", "d.M.yyyy"],
)
def test_a_format_without_day_month_and_year_once_each_is_refused(date_format: str) -> None:
    with pytest.raises(ValueError, match="needs dd, MM and yyyy"):
        compile_date(date_format)


@pytest.mark.parametrize("text", ["", "   ", "00000000", "0", "\t"])
def test_empty_blank_and_zero_fields_are_no_date(text: str) -> None:
    assert is_no_date(text)
    assert read_date(text) is None


@pytest.mark.parametrize("text", ["0000-00-00", "00/00/0000", "00.00.0000", "--", " / / "])
def test_zeros_with_separators_are_no_date_in_any_format(text: str) -> None:
    assert is_no_date(text)
    assert read_date(text, ISO) is None


@pytest.mark.parametrize("text", ["01.01.2000", "x", "0000-01-00"])
def test_other_texts_are_dates_or_wrong(text: str) -> None:
    assert not is_no_date(text)


@pytest.mark.parametrize(
    "text",
    ["31022025", "29022025", "00012025", "01132025", "2025092", "2109202５", "21/09/25", "x", "210920251"],
)
def test_days_that_no_calendar_has_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_date(text)


@pytest.mark.parametrize(
    ("date_format", "text"),
    [
        (ISO, "2025/09/21"),
        (ISO, "21-09-2025"),
        (ISO, "2025-9-21"),
        ("dd/MM/yyyy", "09/21/2025"),
        ("yyMMdd", "20250921"),
    ],
)
def test_a_date_in_another_format_is_refused(date_format: str, text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_date(text, date_format)


def test_characters_that_mean_something_to_patterns_stand_for_themselves() -> None:
    with pytest.raises(ValueError, match="is not"):
        read_date("21x09x2025", "dd.MM.yyyy")


@pytest.mark.parametrize("text", ["20110921", "01010001", "21099999"])
def test_years_far_off_are_refused_since_they_are_most_likely_written_year_first(text: str) -> None:
    with pytest.raises(ValueError, match="is not ddMMyyyy"):
        read_date(text)


def test_the_29th_of_february_exists_in_leap_years() -> None:
    assert read_date("29022024") == date(2024, 2, 29)


def test_years_of_two_digits_are_of_this_century() -> None:
    assert read_date("991231", "yyMMdd") == date(2099, 12, 31)


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31)))
def test_every_day_reads_back(day: date) -> None:
    assert read_date(f"{day.day:02d}{day.month:02d}{day.year:04d}") == day
    assert read_date(day.isoformat(), ISO) == day


@given(text=st.text(max_size=12), date_format=st.sampled_from((CARD, ISO, "dd.MM.yy")))
def test_any_text_is_a_date_none_or_a_value_error(text: str, date_format: str) -> None:
    try:
        day = read_date(text, date_format)
    except ValueError:
        return
    assert (day is None) == is_no_date(text)
