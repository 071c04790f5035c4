"""Arabic letters take their joined shapes, and mixed lines come out in the order the eye reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.rendering.scripts import order_visually, reads_right_to_left, reveal_letters, shape_text

MIXED = st.lists(
    st.sampled_from(["محمد", "علي", "Shop", "ref", "12345", "7", "(", ")", "-", "،", "."]), max_size=8
)

# Capitals stand for Arabic letters; every line was agreed with an independent implementation of UAX #9.
ARABIC_CAPITALS = str.maketrans("ABCDEFG", "ابتثجحخ")
IN_LATIN_LINES = [
    ("to) * CDE FG", "to) * GF EDC"),
    ("car 1,250.500 * * , CDE ,", "car 1,250.500 * * , EDC ,"),
    (") CDE 10/10/2025 FG . ,", ") GF 10/10/2025 EDC . ,"),
    ("$5) 10/10/2025 (AB [", "$5) 10/10/2025 (BA ["),
    ("$5 AB to) .", "$5 BA to) ."),
    ("3.50 FG 3.50", "3.50 3.50 GF"),
    ("] 12 / AB 3.50", "] 12 / 3.50 BA"),
    ("AB 7%]", "7 BA%]"),
    ("AB] * (* FG 10/10/2025", "10/10/2025 GF *) * [BA"),
    ("[) FG 12 12 to", "[) 12 12 GF to"),
    (".] car . CDE 1,250.500 3.50", ".] car . 3.50 1,250.500 EDC"),
    ("7% CDE 12 7% to", "7% 7 12 EDC% to"),
]
IN_ARABIC_LINES = [
    ("car (, CDE / 3.50 CDE", "EDC 3.50 / EDC ,) car"),
    (") CDE 1,250.500 CDE . to $5", "to $5 . EDC 1,250.500 EDC ("),
    ("CDE : 3.50] 10/10/2025 .)", "(. 10/10/2025 [3.50 : EDC"),
    ("FG car /) 12 (to", "car /) 12 (to GF"),
    ("FG FG 7%] 10/10/2025 FG", "GF 10/10/2025 [%7 GF GF"),
    ("12 : car] CDE", "EDC [car : 12"),
    ("10/10/2025) 1,250.500 to FG", "GF to 1,250.500 (10/10/2025"),
    ("(to . AB / $5 *", "* 5$ / BA . to)"),
    ("FG 1,250.500 car 1,250.500]", "[car 1,250.500 1,250.500 GF"),
    (": AB to 12", "to 12 BA :"),
    ("$5 / FG car 1,250.500 car FG", "GF car 1,250.500 car GF / $5"),
    ("] (FG 7% CDE 12)", "(12 EDC %7 GF) ["),
]


def show(text: str) -> str:
    shaped = shape_text(text)
    return order_visually(shaped, right_to_left=reads_right_to_left(shaped))


def test_letters_take_initial_medial_and_final_forms() -> None:
    assert shape_text("محمد") == "\ufee3\ufea4\ufee4\ufeaa"


def test_a_letter_that_never_joins_on_splits_the_word() -> None:
    assert shape_text("دار") == "\ufea9\ufe8d\ufead"


def test_lam_and_alef_become_one_ligature_joined_to_what_stands_before() -> None:
    assert shape_text("لا سلا") == "\ufefb \ufeb3\ufefc"


def test_marks_do_not_break_the_joining() -> None:
    assert shape_text("مُحمد") == "\ufee3\u064f\ufea4\ufee4\ufeaa"


def test_a_non_joiner_parts_two_letters_and_is_not_drawn() -> None:
    assert shape_text("ب\u200cب") == "\ufe8f\ufe8f"


def test_a_tatweel_joins_both_neighbours() -> None:
    assert shape_text("بـب") == "\ufe91\u0640\ufe90"


def test_persian_letters_have_their_forms_too() -> None:
    assert shape_text("پا") == "\ufb58\ufe8e"


def test_letters_come_back_from_their_forms() -> None:
    shaped = shape_text("شركة الاختبار لا")
    assert "".join(map(reveal_letters, shaped)) == "شركة الاختبار لا"


def test_characters_that_are_no_presentation_form_reveal_themselves() -> None:
    assert [reveal_letters(character) for character in "Aé½ﬁ"] == list("Aé½ﬁ")


def test_controls_and_direction_marks_are_dropped_and_blanks_collapse() -> None:
    assert shape_text("a\u202eb\x00\tc \u00a0 d\r\n\u200f") == "ab c d"
    assert shape_text("  PLAIN   TEXT ") == "PLAIN TEXT"


def test_a_latin_line_is_left_alone() -> None:
    assert show("CAFÉ (A/C 12-34) 5%") == "CAFÉ (A/C 12-34) 5%"


@pytest.mark.parametrize(
    ("logical", "visual"),
    [
        ("محمد 12345", "12345 ﺪﻤﺤﻣ"),
        ("شقة ١٢", "١٢ ﺔﻘﺷ"),
        ("Mr محمد (A/C 12345)", "Mr ﺪﻤﺤﻣ (A/C 12345)"),
        ("مبنى (Tower 5)", "(Tower 5) ﻰﻨﺒﻣ"),
        ("Shop (محمد) 12", "Shop (ﺪﻤﺤﻣ) 12"),
        ("دفع 1,250.500 BHD", "BHD 1,250.500 ﻊﻓﺩ"),
        ("قبل 10/10/2025.", ".10/10/2025 ﻞﺒﻗ"),
        ("رقم 5%", "%5 ﻢﻗﺭ"),
        ("دار 12-34", "12-34 ﺭﺍﺩ"),
    ],
)
def test_mixed_lines_are_ordered_as_the_unicode_algorithm_says(logical: str, visual: str) -> None:
    assert show(logical) == visual


@pytest.mark.parametrize(
    ("logical", "visual", "right_to_left"),
    [(*case, False) for case in IN_LATIN_LINES] + [(*case, True) for case in IN_ARABIC_LINES],
)
def test_lines_are_ordered_as_another_implementation_does(
    logical: str, visual: str, right_to_left: bool
) -> None:
    line = logical.translate(ARABIC_CAPITALS)
    assert order_visually(line, right_to_left=right_to_left) == visual.translate(ARABIC_CAPITALS)


def test_the_first_letter_with_a_direction_decides_the_lines_direction() -> None:
    assert reads_right_to_left("12 محمد Shop")
    assert not reads_right_to_left("12 Shop محمد")
    assert not reads_right_to_left("12 - 34")


@given(MIXED, st.booleans())
def test_ordering_moves_characters_but_never_loses_or_turns_round_a_number(
    words: list[str], right_to_left: bool
) -> None:
    line = shape_text(" ".join(words))
    ordered = order_visually(line, right_to_left=right_to_left)
    neutral = str.maketrans("()", "||")
    assert sorted(ordered.translate(neutral)) == sorted(line.translate(neutral))
    assert ordered.count("12345") == line.count("12345")
    assert ordered.count("Shop") == line.count("Shop")


@given(st.text())
def test_any_text_can_be_shaped_and_ordered(text: str) -> None:
    assert "\n" not in show(text)
