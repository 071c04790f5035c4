"""Lines keep to the room they are given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.rendering.sheet import Sheet, Style, wrap_text

STYLE = Style(size=10, color="0 0 0")


def measure(text: str, *, bold: bool) -> float:
    """Half an em for every character; bold a little more."""
    return len(text) * (0.6 if bold else 0.5)


def wrap(text: str, *, characters: int, most: int | None = None) -> list[str]:
    return wrap_text(text, STYLE, measure, room=characters * 5, most=most)


def test_a_short_text_is_one_line() -> None:
    assert wrap("SHORT TEXT", characters=10) == ["SHORT TEXT"]


def test_a_long_text_breaks_at_blanks() -> None:
    assert wrap("one two three four", characters=9) == ["one two", "three", "four"]


def test_a_word_wider_than_a_line_is_broken_within() -> None:
    assert wrap("a XXXXXXXXXXXX b", characters=5) == ["a", "XXXXX", "XXXXX", "XX b"]


def test_what_does_not_fit_the_lines_allowed_ends_in_an_ellipsis() -> None:
    assert wrap("one two three four", characters=9, most=2) == ["one two", "three…"]
    assert wrap("XXXXXXXXXXXX", characters=5, most=2) == ["XXXXX", "XXXX…"]


def test_what_just_fits_the_lines_allowed_keeps_its_end() -> None:
    assert wrap("one two three", characters=9, most=2) == ["one two", "three"]


def test_an_empty_text_is_one_empty_line() -> None:
    assert wrap(" \t ", characters=5, most=2) == [""]


def test_lines_of_a_right_to_left_text_are_wrapped_in_reading_order() -> None:
    first, second = wrap("محمد 12 علي", characters=8)
    assert first == "12 ﺪﻤﺤﻣ"
    assert second == "ﻲﻠﻋ"


@given(st.text(max_size=80), st.integers(min_value=1, max_value=30), st.integers(min_value=1, max_value=4))
def test_no_line_is_wider_than_its_room_and_no_text_has_too_many_lines(
    text: str, characters: int, most: int
) -> None:
    lines = wrap(text, characters=characters, most=most)
    assert 1 <= len(lines) <= most
    assert all(len(line) <= characters for line in lines)


@given(st.text("ab ", max_size=80), st.integers(min_value=1, max_value=30))
def test_wrapping_without_a_limit_loses_no_letter(text: str, characters: int) -> None:
    assert "".join(wrap(text, characters=characters)).replace(" ", "") == text.replace(" ", "")


def test_text_stands_from_its_left_end_or_up_to_its_right_end() -> None:
    sheet = Sheet(measure=measure)
    sheet.write(100, 50, "ABCD", STYLE, room=40)
    sheet.write(100, 50, "ABCD", STYLE, room=40, align="right")
    assert [(text.x, text.width, text.size) for text in sheet.texts] == [(100, 20, 10), (80, 20, 10)]


@pytest.mark.parametrize(("align", "left"), [("left", 100), ("right", 90)])
def test_text_wider_than_its_room_is_set_smaller(align: str, left: float) -> None:
    sheet = Sheet(measure=measure)
    sheet.write(100, 50, "ABCD", STYLE, room=10, align=align)  # type: ignore[arg-type]
    assert [(text.x, text.width, text.size) for text in sheet.texts] == [(left, 10, 5)]
