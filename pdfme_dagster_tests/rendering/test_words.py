"""Lines may break where pdfme breaks them, and breaking loses nothing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uniseg.graphemecluster import grapheme_clusters
from uniseg.wordbreak import words as unicode_words

from pdfme_dagster.rendering.words import (
    count_graphemes,
    is_japanese,
    keep_line_ends,
    split_graphemes,
    split_paragraphs,
    split_words,
)

# As Intl.Segmenter splits them, a | between.
SEGMENTED = [
    "a:b| |x.y| |don't| |1,2;3.4'5| |a|.|1| |1|.|a| |_a| |US|*|2K| |note|-|3",
    "http|:|/|/|a.b|/|c|?|d|=|e|&|f| |foo|@|bar.com",
    "(|12,345.678|)| |W.L.L|.| |AT|&|T| |12|/|03|/|2025| |1|:|2",
    "a’b| |1’2| |a‘b| |a·b| |a․b| |a|.|.|b| |a|.| |b| |1|,|a",
    "a|²|b| |1|¼|2| |½| |cup| |1⁄2| |aªb| |3|×|4| |€|5.00",
    "a_1.2_b| |1.2.3a.b| |naïve| |café| |ПРИВЕТ| |мир.да",
    "x\u00adY|\u00a0|z|\t|a|\r\n|b|\n|c",
    "  |a|   |b|  ",
    "e\u0301f| |👨‍👩‍👧| |العربية| |١٢٣",
    "カタカナ|と|漢|字",
]
# Where the library and the quick pattern could part: signs between letters and digits, marks, wide blanks.
TRICKY = st.text("ab1é²ªж.,:;'’‘·․⁄_-  \t\r\n\u00a0\u00ad\u2003\u0301\u200dابت١漢カな\uff9e👨🏻", max_size=16)
ANYTHING = st.text(max_size=30) | TRICKY


@pytest.mark.parametrize("segmented", SEGMENTED)
def test_words_end_where_browsers_end_them(segmented: str) -> None:
    assert list(split_words(segmented.replace("|", ""))) == segmented.split("|")


@given(ANYTHING)
def test_words_are_those_of_unicode(text: str) -> None:
    assert list(split_words(text)) == list(unicode_words(text))


@given(ANYTHING)
def test_words_graphemes_and_paragraphs_joined_are_the_text(text: str) -> None:
    assert "".join(split_words(text)) == text
    assert "".join(split_graphemes(text)) == text
    assert "".join(split_paragraphs(text)) == re.sub(r"[\r\n\f\v]", "", text)


@given(ANYTHING)
def test_graphemes_are_those_of_unicode(text: str) -> None:
    assert list(split_graphemes(text)) == list(grapheme_clusters(text))
    assert count_graphemes(text) >= len(split_graphemes(text))


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("abc", 3), ("e\u0301x", 2), ("👨‍👩‍👧", 1), ("مُحَمَّد", 4), ("สวัสดี", 4)]
)
def test_a_letter_with_its_marks_counts_once(text: str, count: int) -> None:
    assert count_graphemes(text) == count


def test_paragraphs_end_at_any_line_end() -> None:
    assert split_paragraphs("a\r\nb\rc\nd\fe\vf\n\ng\n") == ["a", "b", "c", "d", "e", "f", "", "g", ""]


def test_a_text_of_a_million_characters_is_split_in_a_moment() -> None:
    for text in ("漢字" * 500_000, "a\u0301" * 500_000, "é漢 ب" * 250_000, "a." * 500_000, "'" * 10**6):
        assert "".join(split_words(text)) == text
    assert len(split_graphemes("a\u0301漢" * 300_000)) == 600_000


# --- Japan's rules for line ends ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("漢", True),
        ("ひ", True),
        ("カ", True),
        ("ﾊ", True),
        ("々", True),
        ("é한", False),
        ("、。", False),
        ("A", False),
    ],
)
def test_kanji_and_kana_are_japanese(text: str, expected: bool) -> None:
    assert is_japanese(text) == expected


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (["漢字", "。次の"], ["漢字。", "次の"]),
        (["漢字「", "次の」", "。"], ["漢字", "「次の」", "。"]),
        (["漢", "」字", "、次"], ["漢」", "字、", "次"]),
        (["あ", "。", "、い"], ["あ", "。、", "い"]),
        (["「", "い「", "う"], ["「", "い", "「う"]),
        (["。あ", "い"], ["。あ", "い"]),
        (["あ", "い「"], ["あ", "い「"]),
        (["あ", "", "。い"], ["あ。", "", "い"]),
        (["AB", "CD"], ["AB", "CD"]),
        ([], []),
    ],
)
def test_signs_that_may_not_begin_or_end_a_line_go_to_its_neighbour(
    lines: list[str], kept: list[str]
) -> None:
    assert keep_line_ends(lines) == kept


@given(st.lists(st.text("あ漢。、「」ー A", min_size=1, max_size=4), max_size=6))
def test_moving_signs_loses_none_and_keeps_their_order(lines: list[str]) -> None:
    assert "".join(keep_line_ends(lines)).replace(" ", "") == "".join(lines).replace(" ", "")
