"""Arabic letters take their joined shapes, and come back from them."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.rendering.joining import join_letters, reveal_letters


@pytest.mark.parametrize(
    ("letters", "joined"),
    [
        ("محمد", "\ufee3\ufea4\ufee4\ufeaa"),
        ("دار", "\ufea9\ufe8d\ufead"),
        ("لا سلا", "\ufefb \ufeb3\ufefc"),
        ("لأ لإ لآ", "\ufef7 \ufef9 \ufef5"),
        ("مُحمد", "\ufee3\u064f\ufea4\ufee4\ufeaa"),
        ("ب\u200cب", "\ufe8f\ufe8f"),
        ("ب\u200d", "\ufe91"),
        ("بـب", "\ufe91\u0640\ufe90"),
        ("پا", "\ufb58\ufe8e"),
        ("ب ب", "\ufe8f \ufe8f"),
        ("ب1ب", "\ufe8f1\ufe8f"),
        ("ا\u0653", "\ufe81"),
    ],
    ids=[
        "initial, medial, final",
        "letters that never join on",
        "lam with alef",
        "lam with alefs of all kinds",
        "marks break nothing",
        "a non-joiner parts",
        "a joiner joins",
        "a tatweel joins both",
        "Persian",
        "a blank parts",
        "a digit parts",
        "a mark that belongs into its letter",
    ],
)
def test_letters_take_the_form_that_their_neighbours_ask_for(letters: str, joined: str) -> None:
    assert join_letters(letters) == joined


def test_letters_come_back_from_their_forms() -> None:
    text = "شركة الاختبار لا إلى پاکستان"
    assert "".join(map(reveal_letters, join_letters(text))) == text


@pytest.mark.parametrize("character", [*"Aé½ﬁ漢ب", "\u064f"])
def test_what_is_no_presentation_form_stays_as_it_is(character: str) -> None:
    assert reveal_letters(character) == join_letters(character).replace("\ufe8f", "ب") == character


@given(st.text("بدلاأحمهةيىپ \u064f\u0651", max_size=20))
def test_joining_and_revealing_gives_the_text_back(text: str) -> None:
    assert "".join(map(reveal_letters, join_letters(text))) == normalize("NFC", text)


@given(st.text())
def test_any_text_can_be_joined(text: str) -> None:
    join_letters(text)
