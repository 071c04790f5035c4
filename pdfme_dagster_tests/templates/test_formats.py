"""Dates and times by patterns. Not here: which pattern an organisation has (test_library.py)."""

import datetime as dt
from importlib.util import find_spec

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.templates.formats import MomentKind, check_language, compile_date_format, default_pattern

MORNING = dt.datetime.combine(dt.date(2026, 2, 2), dt.time(9, 5, 7, 120_000))
needs_babel = pytest.mark.skipif(find_spec("babel") is None, reason="the package Babel is not installed")


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("dd/MM/yyyy", "02/02/2026"),
        ("d.M.yy", "2.2.26"),
        ("yyyy-MM-dd", "2026-02-02"),
        ("yyyyMMdd", "20260202"),
        ("d MMM yyyy", "2 Feb 2026"),
        ("d MMMM yyyy", "2 February 2026"),
        ("MMMMM LLL LLLL L", "F Feb February 2"),
        ("EEE, d MMM", "Mon, 2 Feb"),
        ("EEEE EEEEE EEEEEE E", "Monday M Mo Mon"),
        ("i ii iii iiii", "1 01 Mon Monday"),
        ("do MMMM", "2nd February"),
        ("Q QQ q qo", "1 01 1 1st"),
        ("R-II", "2026-06"),
        ("yyyy年M月d日", "2026年2月2日"),
        ("yyyy u y", "2026 2026 2026"),
        ("HH:mm:ss", "09:05:07"),
        ("h:mm a", "9:05 AM"),
        ("hh 'o''clock' aaa aaaa aaaaa", "09 o'clock am a.m. a"),
        ("K k H", "9 9 9"),
        ("ss.SSS", "07.120"),
        ("''yy", "'26"),
        ("  d/M  ", "2/2"),
        ("'of' MMMM", "of February"),
    ],
)
def test_letters_write_what_they_write_in_pdfme(pattern: str, written: str) -> None:
    assert compile_date_format(pattern)(MORNING) == written


@pytest.mark.parametrize(
    ("hour", "written"), [(0, "12 0 24 am"), (11, "11 11 11 am"), (12, "12 0 12 pm"), (23, "11 11 23 pm")]
)
def test_hours_are_counted_as_the_letter_says(hour: int, written: str) -> None:
    assert compile_date_format("h K k aaa")(MORNING.replace(hour=hour)) == written


@pytest.mark.parametrize(
    ("day", "written"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (22, "22nd"),
        (31, "31st"),
    ],
)
def test_ordinals_are_english(day: int, written: str) -> None:
    assert compile_date_format("do")(dt.date(2026, 1, day)) == written


def test_a_dates_time_is_midnight() -> None:
    assert compile_date_format("dd/MM HH:mm")(dt.date(2026, 2, 2)) == "02/02 00:00"


def test_a_year_has_four_digits_also_long_ago() -> None:
    assert compile_date_format("dd/MM/yyyy")(dt.date(986, 7, 1)) == "01/07/0986"


@given(st.dates())
def test_any_date_is_written_as_the_default_layout_does(day: dt.date) -> None:
    assert compile_date_format("dd/MM/yyyy")(day) == f"{day.day:02}/{day.month:02}/{day.year:04}"


@given(st.dates(min_value=dt.date(1900, 1, 1)))
def test_names_and_weeks_agree_with_the_calendar(day: dt.date) -> None:
    year, week, weekday = day.isocalendar()
    assert compile_date_format("R-II-i")(day) == f"{year}-{week:02}-{weekday}"


@pytest.mark.parametrize(
    ("pattern", "fix"),
    [
        ("dd/MM/YYYY", "the year is yyyy"),
        ("DD/MM/yyyy", "the day of the month is dd"),
        ("PPP", "write the date out"),
        ("pp", "write the time out"),
        ("d MMMM at HH", "put text between two '"),
        ("HH:mm X", "no time zone"),
        ("ddd", "at most 2 times"),
        ("MMMMMM", "at most 5 times"),
        ("d 'of MMMM", "close it"),
        ("dd/MM/yyyy" * 11, "write 1 to 100"),
        ("  ", "write 1 to 100"),
    ],
)
def test_other_letters_are_refused_with_what_to_write(pattern: str, fix: str) -> None:
    with pytest.raises(ValueError, match=fix):
        compile_date_format(pattern)


@pytest.mark.parametrize(("pattern", "fix"), [("dd/mm/yyyy", "months are MM"), ("dd/MM HH", "leave it out")])
def test_minutes_are_refused_where_only_dates_are_known(pattern: str, fix: str) -> None:
    with pytest.raises(ValueError, match=fix):
        compile_date_format(pattern, has_time=False)


@given(st.text(max_size=30))
def test_any_pattern_is_written_or_refused(pattern: str) -> None:
    try:
        write = compile_date_format(pattern)
    except ValueError:
        return
    assert isinstance(write(MORNING), str)


@pytest.mark.parametrize(
    ("kind", "pattern"), [("date", "MM/dd/yyyy"), ("time", "HH:mm"), ("dateTime", "MM/dd/yyyy hh:mm aa")]
)
def test_a_field_without_a_pattern_has_pdfmes(kind: MomentKind, pattern: str) -> None:
    assert default_pattern(kind) == pattern


@pytest.mark.parametrize("language", ["en", "en-US", "en_GB"])
def test_english_is_built_in(language: str) -> None:
    assert compile_date_format("d MMM", check_language(language))(MORNING) == "2 Feb"


@pytest.mark.parametrize("language", ["", "../de", "english", "d" * 300])
def test_a_language_that_is_none_is_refused(language: str) -> None:
    with pytest.raises(ValueError, match="language"):
        check_language(language)


# --- With Babel ---


@needs_babel
@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("de", "Montag, 2. Februar 2026"),
        ("fr", "lundi, 2. février 2026"),
        ("pt-Br", "segunda-feira, 2. fevereiro 2026"),
        ("ar", "الاثنين, 2. فبراير 2026"),
        ("zh-TW", "星期一, 2. 2月 2026"),
    ],
)
def test_other_languages_names_are_babels(language: str, written: str) -> None:
    assert compile_date_format("EEEE, d. MMMM yyyy", language)(MORNING) == written


@needs_babel
def test_a_month_that_stands_alone_does_not_depend_on_what_was_written_before() -> None:
    alone = [compile_date_format("LLLL", language)(MORNING) for language in ("zh", "eu", "pt-BR", "ru")]
    assert alone == ["二月", "otsaila", "fevereiro", "февраль"]


@needs_babel
@pytest.mark.parametrize(
    ("language", "pattern"), [("de", "dd.MM.yyyy"), ("ar", "dd/MM/yyyy"), ("sv", "yyyy-MM-dd")]
)
def test_a_date_without_a_pattern_is_in_its_languages_order(language: str, pattern: str) -> None:
    assert default_pattern("date", language) == pattern
    assert default_pattern("dateTime", language) == f"{pattern} HH:mm"


@needs_babel
def test_ordinals_of_other_languages_are_refused() -> None:
    with pytest.raises(ValueError, match="has do, which is English; write d"):
        compile_date_format("do MMMM", "de")
