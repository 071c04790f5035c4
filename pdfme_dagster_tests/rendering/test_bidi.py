"""Mixed lines come out in the order the eye reads, with numbers as they were written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.rendering.bidi import has_right_to_left, list_visual_runs, reads_right_to_left

MIXED = st.lists(
    st.sampled_from(["محمد", "علي", "Shop", "ref", "12345", "7", "(", ")", "[", "]", "-", "،", "."]),
    max_size=8,
)
MIRRORED = str.maketrans("()[]{}", ")(][}{")

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


def show(line: str, *, right_to_left: bool) -> str:
    """Return a line as the eye meets it, from left to right."""
    runs = list_visual_runs(line, right_to_left=right_to_left)
    return "".join(run.translate(MIRRORED)[::-1] if level % 2 else run for run, level in runs)


@pytest.mark.parametrize(
    ("logical", "visual"),
    [
        ("محمد 12345", "12345 دمحم"),
        ("شقة ١٢", "١٢ ةقش"),
        ("Mr محمد (A/C 12345)", "Mr دمحم (A/C 12345)"),
        ("مبنى (Tower 5)", "(Tower 5) ىنبم"),
        ("Shop (محمد) 12", "Shop (دمحم) 12"),
        ("دفع 1,250.500 BHD", "BHD 1,250.500 عفد"),
        ("قبل 10/10/2025.", ".10/10/2025 لبق"),
        ("رقم 5%", "%5 مقر"),
        ("دار 12-34", "12-34 راد"),
        ("שלום 12", "12 םולש"),
        ("CAFÉ (A/C 12-34) 5%", "CAFÉ (A/C 12-34) 5%"),
    ],
)
def test_mixed_lines_are_ordered_as_the_unicode_algorithm_says(logical: str, visual: str) -> None:
    assert show(logical, right_to_left=reads_right_to_left(logical)) == visual


@pytest.mark.parametrize(
    ("logical", "visual", "right_to_left"),
    [(*case, False) for case in IN_LATIN_LINES] + [(*case, True) for case in IN_ARABIC_LINES],
)
def test_lines_are_ordered_as_another_implementation_does(
    logical: str, visual: str, right_to_left: bool
) -> None:
    line = logical.translate(ARABIC_CAPITALS)
    assert show(line, right_to_left=right_to_left) == visual.translate(ARABIC_CAPITALS)


@pytest.mark.parametrize(
    ("logical", "visual", "right_to_left"),
    [
        ("AB (CD) ef", "(DC) BA ef", False),
        ("ab (CD) ef", "ab (DC) ef", False),
        ("AB [(cd)] ef", "ef [(cd)] BA", True),
        ("ab [(cd)] EF", "FE ab [(cd)]", True),
    ],
)
def test_brackets_go_the_way_of_what_they_hold_or_of_what_is_before(
    logical: str, visual: str, right_to_left: bool
) -> None:
    line = logical.translate(ARABIC_CAPITALS)
    assert show(line, right_to_left=right_to_left) == visual.translate(ARABIC_CAPITALS)


def test_marks_stay_with_their_letter() -> None:
    assert show("مُحَمَّد 1", right_to_left=True) == "1 " + "مُحَمَّد"[::-1]


def test_the_first_letter_with_a_direction_decides_the_lines_direction() -> None:
    assert reads_right_to_left("12 محمد Shop")
    assert reads_right_to_left("- שלום")
    assert not reads_right_to_left("12 Shop محمد")
    assert not reads_right_to_left("12 - 34")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ab", False), ("é漢", False), ("ש", True), ("aب", True), ("\ufefb", True), ("😀", False)],
)
def test_only_some_scripts_need_any_of_this(text: str, expected: bool) -> None:
    assert has_right_to_left(text) == expected


def test_marks_of_direction_are_dropped() -> None:
    assert show("a\u202eb\u2067c\u200f", right_to_left=False) == "abc"


@given(MIXED, st.booleans())
def test_ordering_moves_characters_but_never_loses_or_turns_round_a_number(
    words: list[str], right_to_left: bool
) -> None:
    line = " ".join(words)
    ordered = show(line, right_to_left=right_to_left)
    neutral = str.maketrans("()[]", "||||")
    assert sorted(ordered.translate(neutral)) == sorted(line.translate(neutral))
    assert ordered.count("12345") == line.count("12345")
    assert ordered.count("Shop") == line.count("Shop")


@given(st.text(), st.booleans())
def test_any_text_can_be_ordered(text: str, right_to_left: bool) -> None:
    list_visual_runs(text, right_to_left=right_to_left)


@pytest.mark.parametrize("brackets", ["(" * 50_000 + ")" * 50_000, "()" * 50_000, "([{}])" * 15_000])
def test_brackets_without_end_are_ordered_in_a_moment(brackets: str) -> None:
    line = f"ب{brackets}a"
    assert len(show(line, right_to_left=False)) == len(line)


def test_beyond_63_open_brackets_there_are_no_pairs() -> None:
    # The brackets around 1 are a pair in the first line only; then they go the way of the Latin before.
    assert show(f"{'[' * 62}a (1) ب", right_to_left=True).endswith("a (1)" + "]" * 62)
    assert show(f"{'[' * 63}a (1) ب", right_to_left=True).endswith("a (1" + "]" * 63)
