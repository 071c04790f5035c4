"""Templates find their fonts by name, and what a font lacks is drawn by the next."""

import pytest

from pdfme_dagster.rendering.font_book import FontBook
from pdfme_dagster_tests.rendering.tiny_fonts import make_face

FIRST, SECOND, SPARE = make_face("a"), make_face("b"), make_face("漢")
BOOK = FontBook({"First": FIRST, "Second": SECOND}, fallback="First", stand_ins=[SPARE])


def test_a_name_is_a_font_and_no_name_the_fallback() -> None:
    assert BOOK.find("Second").first is SECOND
    assert BOOK.find("").first is BOOK.find("First").first is FIRST
    assert BOOK.names == ["First", "Second"]
    with pytest.raises(KeyError):
        BOOK.find("Third")


def test_a_book_knows_which_names_it_has() -> None:
    assert [name in BOOK for name in ("First", "", "Third")] == [True, True, False]


def test_what_a_font_lacks_the_fallback_draws_then_those_that_stand_in() -> None:
    assert BOOK.find("Second").faces == (SECOND, FIRST, SPARE)
    assert BOOK.find("First").faces == (FIRST, SPARE)


def test_every_face_has_one_name_in_pdfs_in_one_order() -> None:
    assert list(BOOK.resource_names.items()) == [(FIRST, "F1"), (SECOND, "F2"), (SPARE, "F3")]
    twice = FontBook({"A": FIRST, "B": FIRST}, fallback="B", stand_ins=[FIRST])
    assert twice.resource_names == {FIRST: "F1"}


def test_missing_glyphs_are_treated_alike_in_all_fonts() -> None:
    book = FontBook({"First": FIRST}, fallback="First", missing="drop")
    assert book.find("").encode("漢", right_to_left=False) == ()


def test_a_fallback_must_be_one_of_the_fonts() -> None:
    with pytest.raises(KeyError):
        FontBook({"First": FIRST}, fallback="Second")
