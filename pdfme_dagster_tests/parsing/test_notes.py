"""The warnings of one file. Not here: what deserves one."""

from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.parsing.notes import Notes


def tell(notes: Notes) -> list[tuple[int, str]]:
    return [(warning.line, warning.message) for warning in notes.list_warnings()]


def test_nothing_odd_gives_no_warning() -> None:
    assert tell(Notes()) == []


def test_warnings_come_in_the_order_of_their_lines_whenever_they_were_given() -> None:
    notes = Notes()
    notes.warn(9, "late")
    notes.count(5, "counted")
    notes.warn(2, "early")
    assert tell(notes) == [(2, "early"), (5, "counted"), (9, "late")]


def test_warnings_of_one_line_keep_the_order_in_which_they_were_given() -> None:
    notes = Notes()
    notes.warn(3, "b")
    notes.warn(3, "a")
    assert tell(notes) == [(3, "b"), (3, "a")]


def test_the_same_warning_may_be_given_for_several_lines() -> None:
    notes = Notes()
    notes.warn(1, "no name")
    notes.warn(2, "no name")
    assert tell(notes) == [(1, "no name"), (2, "no name")]


def test_what_is_counted_once_reads_like_any_other_warning() -> None:
    notes = Notes()
    notes.count(4, "blank line; skipped")
    assert tell(notes) == [(4, "blank line; skipped")]


def test_what_is_counted_often_is_one_warning_with_the_number_of_lines() -> None:
    notes = Notes()
    for line in (4, 6, 11):
        notes.count(line, "blank line; skipped")
    notes.count(5, "other")
    assert tell(notes) == [
        (4, "blank line; skipped (3 such lines, the last is 11)"),
        (5, "other"),
    ]


def test_after_a_thousand_warnings_the_others_are_only_counted() -> None:
    notes = Notes()
    for line in range(1, 1_501):
        notes.warn(line, "no name")
    told = tell(notes)
    assert len(told) == 1_001
    assert told[-2:] == [(1_000, "no name"), (1_000, "and 500 more warnings")]


def test_what_is_counted_is_told_however_many_warnings_there_are() -> None:
    notes = Notes()
    for line in range(1, 1_501):
        notes.warn(line, "no name")
    notes.count(1_600, "blank line; skipped")
    assert tell(notes)[-2:] == [(1_600, "blank line; skipped"), (1_600, "and 500 more warnings")]


def test_listing_changes_nothing() -> None:
    notes = Notes()
    notes.count(1, "blank line; skipped")
    assert tell(notes) == tell(notes)


@given(st.lists(st.tuples(st.integers(1, 50), st.sampled_from("abc"))))
def test_every_line_that_is_counted_is_told_of(counted: list[tuple[int, str]]) -> None:
    notes = Notes()
    for line, message in counted:
        notes.count(line, message)
    firsts = {message: next(line for line, each in counted if each == message) for _, message in counted}
    assert {(line, message[0]) for line, message in tell(notes)} == {(v, k) for k, v in firsts.items()}
