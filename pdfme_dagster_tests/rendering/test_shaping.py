"""Each character is drawn by the first font that has it, where it belongs, and can be copied again."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering.details import Details
from pdfme_dagster.rendering.document import write_document
from pdfme_dagster.rendering.faces import Face
from pdfme_dagster.rendering.font_book import FontBook
from pdfme_dagster.rendering.page import Page
from pdfme_dagster.rendering.shaping import MissingGlyph, Piece, Typeface
from pdfme_dagster.rendering.shipped_fonts import load_face
from pdfme_dagster_tests.rendering.pdf_checks import Letter, check_structure, list_letters
from pdfme_dagster_tests.rendering.samples import extract_text
from pdfme_dagster_tests.rendering.tiny_fonts import CHINESE, HEBREW, build_font, make_face

LATIN, ARABIC, OTHERS = load_face("Roboto"), load_face("NotoSansArabic"), make_face(HEBREW + CHINESE)
BOOK = FontBook({"Roboto": LATIN}, fallback="Roboto", stand_ins=[ARABIC, OTHERS])
TYPEFACE = BOOK.find("")


def encode(text: str, *, right_to_left: bool = False) -> tuple[Piece, ...]:
    return TYPEFACE.encode(text, right_to_left=right_to_left)


def draw(text: str, *, book: FontBook = BOOK, size: float = 20, right_to_left: bool = False) -> bytes:
    page = Page(width=400, height=100, font_names=book.resource_names)
    pieces = book.find("").encode(text, right_to_left=right_to_left)
    page.show(10, 40, pieces, size=size, color="000000")
    content = write_document([page], [], Details())
    check_structure(content)
    return content


def list_drawn(content: bytes) -> list[Letter]:
    return sorted(
        (letter for letter in list_letters(content) if letter.text.strip()), key=lambda each: each.left
    )


def list_glyph_texts(pieces: Sequence[Piece]) -> list[str]:
    return [text for piece in pieces for _, text in piece.glyphs]


# --- Latin ---


def test_plain_text_is_one_string_of_the_basic_set() -> None:
    [piece] = encode("Amount 1,250.500")
    assert (piece.face, piece.write(9), piece.glyphs) == (LATIN, "(Amount 1,250.500) Tj", ())
    assert piece.width == pytest.approx(
        sum(LATIN.find_advance(LATIN.find_glyph(c)) for c in "Amount 1,250.500")
    )


def test_brackets_and_backslashes_are_plain_characters() -> None:
    [piece] = encode("a (b) \\ c)")
    assert piece.write(9) == "(a \\(b\\) \\\\ c\\)) Tj"
    assert extract_text(draw("a (b) \\ c)(fi)")) == "a (b) \\ c)(fi)"


@pytest.mark.parametrize("letters", ["fi", "fl", "ffi", "ffl"])
def test_ligatures_are_one_glyph_and_copied_as_letters(letters: str) -> None:
    [piece] = encode(letters)
    assert len(piece.write(9)) == len("(x) Tj")
    assert extract_text(draw(f"a{letters}x {letters}")) == f"a{letters}x {letters}"


def test_letters_and_marks_become_the_letter_that_has_both() -> None:
    assert encode("e\u0301a\u0308")[0].write(9) == encode("éä")[0].write(9)
    assert extract_text(draw("o\u0323")) == "ọ"


def test_a_ligature_beyond_the_basic_set_is_copied_in_reading_order() -> None:
    assert extract_text(draw("Łódź ǆ ǅ ệ")) == "Łódź ǆ ǅ ệ"


def test_marks_without_a_letter_of_their_own_stand_above_and_below_theirs() -> None:
    base, *marks = list_drawn(draw("q\u0323\u0301"))
    assert base.text == "q"
    assert sorted(mark.text for mark in marks) == ["\u0301", "\u0323"]
    by_text = {mark.text: mark for mark in marks}
    assert by_text["\u0301"].bottom > by_text["\u0323"].bottom
    assert all(base.left - 2 < mark.left < base.left + 12 for mark in marks)


def test_tabs_are_four_blanks_that_count_as_one() -> None:
    assert encode("a\tb")[0].write(9) == "(a    b) Tj"
    tab = LATIN.find_advance(LATIN.find_glyph("\t"))
    assert TYPEFACE.measure("a\tb") == pytest.approx(TYPEFACE.measure("ab") + tab)
    assert encode("a\u2028b") == encode("a    b")


def test_controls_and_marks_of_direction_are_not_drawn() -> None:
    assert encode("a\x00\x07\x1b\x7fb\ufeff") == encode("ab")
    assert encode("\u200fa\u202eb\u2066") == encode("ab")
    assert encode("\u200b\x00") == ()
    assert encode("\U000e0000\ufe0f\u200d") == encode("\u200d", right_to_left=True) == ()
    assert encode("") == ()


def test_a_soft_hyphen_is_a_blank_that_counts_nothing_as_in_pdfme() -> None:
    assert encode("soft\u00adhyphen") == encode("soft hyphen")
    assert TYPEFACE.measure("soft\u00adhyphen") == TYPEFACE.measure("softhyphen")


def test_half_a_character_is_a_replacement_character() -> None:
    assert extract_text(draw("a\ud800b\udc00")) == "a\ufffdb\ufffd"


# --- Fallback ---


def test_each_character_is_drawn_by_the_first_font_that_has_it() -> None:
    pieces = encode("ab漢c字")
    assert [piece.face for piece in pieces] == [LATIN, OTHERS, LATIN, OTHERS]
    assert extract_text(draw("ab漢c字")) == "ab漢c字"


def test_marks_stay_in_the_font_of_their_letter() -> None:
    own = Face(build_font({"x": 500, "\u0301": 100}), name="Own")
    typeface = Typeface([own, LATIN])
    assert {piece.face for piece in typeface.encode("x\u0301", right_to_left=False)} == {own}
    assert [piece.face for piece in Typeface([LATIN, own]).encode("q\u0301", right_to_left=False)] == [
        LATIN
    ] * 2


@pytest.mark.parametrize(
    ("missing", "widths"), [("box", [LATIN.find_advance(0)]), ("drop", [])], ids=["box", "drop"]
)
def test_what_no_font_has_is_a_box_or_dropped(missing: MissingGlyph, widths: list[float]) -> None:
    typeface = Typeface([LATIN], missing=missing)
    pieces = typeface.encode("a😀b", right_to_left=False)
    shown = [piece.width for piece in pieces if piece.glyphs]
    assert shown == widths
    assert typeface.measure("a😀b") == pytest.approx(typeface.measure("ab") + sum(widths))


def test_a_box_tells_no_character() -> None:
    assert extract_text(draw("a😀漢☃b")) == "a\ufffd漢\ufffdb"


def test_what_no_font_has_is_an_error_where_that_is_wanted() -> None:
    typeface = Typeface([LATIN, ARABIC], missing="error")
    expected = (
        r"^no font draws U\+1F600; add one to fallback_fonts in templates.yaml, "
        r"or set missing_glyph to box or drop$"
    )
    with pytest.raises(PermanentError, match=expected) as raised:
        typeface.encode("a😀", right_to_left=False)
    assert raised.value.code == "missing_glyph"
    for fine in ("é ب \u200d\ufe0f\x07", "e\u0301", "❤\ufe0f".replace("❤", "a"), "\ud800"):
        typeface.encode(fine, right_to_left=False)


def test_missing_characters_are_listed_once_in_order() -> None:
    assert Typeface([LATIN]).list_missing("漢a字漢\n\t\u200d\u0301 é") == ["字", "漢"]
    assert TYPEFACE.list_missing("漢字 שלום ب") == []


def test_a_font_without_latin_letters_can_be_the_first() -> None:
    book = FontBook({"Hebrew": OTHERS}, fallback="Hebrew", stand_ins=[LATIN])
    assert extract_text(draw("שלום abc", book=book)) == "שלום abc"


# --- Right to left ---


def test_arabic_is_joined_and_copied_as_it_was_written() -> None:
    assert extract_text(draw("محمد بن علي", right_to_left=True)) == "محمد بن علي"
    joined, apart = (
        {glyph for piece in encode(text, right_to_left=True) for glyph, told in piece.glyphs if told != " "}
        for text in ("محم", "م ح")
    )
    assert not joined & apart


def test_lam_and_alef_are_one_glyph_copied_as_two_letters() -> None:
    [piece] = encode("لا", right_to_left=True)
    assert len(piece.glyphs) == 1
    assert extract_text(draw("سلام", right_to_left=True)) == "سلام"


def test_arabic_runs_from_right_to_left() -> None:
    places = {letter.text: letter.left for letter in list_drawn(draw("حمد", right_to_left=True))}
    assert places["ح"] > places["م"] > places["د"]


def test_arabic_marks_stand_at_their_letter() -> None:
    letters = list_drawn(draw("بَد", right_to_left=True))
    assert letters[0].text == "د"
    mark = next(letter for letter in letters if letter.text == "\u064e")
    base = next(letter for letter in letters if letter.text == "ب")
    assert mark.bottom > base.bottom
    assert base.left - 1 <= mark.left <= base.left + 15


def test_hebrew_runs_from_right_to_left_with_numbers_and_brackets_as_written() -> None:
    content = draw("שלום (12) abc", right_to_left=True)
    assert "".join(letter.text for letter in list_drawn(content)).endswith("םולש")
    assert [letter.text for letter in list_drawn(content)] == list("abc(12)םולש")
    assert extract_text(draw("שלום (בית)", right_to_left=True)) == "שלום (בית)"


def test_numbers_are_never_turned_round() -> None:
    for text in ("دفع 1,250.500 BHD", "12-34 دار", "ref 12345 محمد 67"):
        for right_to_left in (False, True):
            drawn = "".join(letter.text for letter in list_drawn(draw(text, right_to_left=right_to_left)))
            for number in ("1,250.500", "12-34", "12345", "67"):
                assert (number in drawn) == (number in text)


# --- Widths ---


@given(st.text("ab fi é1ب漢ש\u0301\u064f\t😀()", max_size=12), st.booleans())
def test_pieces_are_as_wide_as_the_text_counts(text: str, right_to_left: bool) -> None:
    pieces = encode(text, right_to_left=right_to_left)
    if "\t" not in text and not right_to_left:
        assert sum(piece.width for piece in pieces) == pytest.approx(TYPEFACE.measure(text))
    assert all(piece.width >= 0 for piece in pieces)


@given(st.text("abfi é1ب漢\u0301()", min_size=1, max_size=12))
def test_the_pen_of_a_viewer_is_where_the_measure_says(text: str) -> None:
    """A bar after the text stands where it ends; PDFium drops what is below a thousandth of the size."""
    plain = [letter.left for letter in list_letters(draw("|", size=10))]
    content = draw(f"{text}|", size=10)
    bars = [letter.left for letter in list_letters(content) if letter.text == "|"]
    assert bars == pytest.approx([plain[0] + 10 * TYPEFACE.measure(text)], abs=0.01 * len(text) + 0.01)


@given(st.text(max_size=20), st.booleans())
def test_any_text_can_be_drawn(text: str, right_to_left: bool) -> None:
    draw(text, right_to_left=right_to_left)


def test_only_short_texts_are_remembered() -> None:
    typeface = Typeface([LATIN])
    for number in range(3):
        typeface.measure("x" * 100_000 + str(number))
        typeface.encode("é漢" * 400 + str(number), right_to_left=False)
    assert typeface._measure_short.cache_info().currsize == 0
    assert typeface._encode_short.cache_info().currsize == 0


@pytest.mark.parametrize("text", ["x" * 10**6, "é漢" * 10_000, "ب" * 10**5, f"ب{'(' * 10**5}"])
def test_long_texts_are_measured_in_a_moment(text: str) -> None:
    assert TYPEFACE.measure(text) > 1000
