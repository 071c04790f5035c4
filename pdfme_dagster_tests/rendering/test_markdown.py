"""Marked text: fonts found or made up, lines broken, decorated, linked and turned."""

import re
from math import cos, radians, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering.markdown import draw_marked_text, measure_marked_lines, strip_marks
from pdfme_dagster.rendering.page import MM, MM_PER_POINT, Page
from pdfme_dagster.rendering.text import Box, set_field
from pdfme_dagster_tests.rendering.flow_samples import LINE, list_shown, load_book, make_page, make_text

ASCENT = 10 * 1900 / 2048
DESCENT = -10 * 500 / 2048
# More than half of the width of 80 mm each.
HALF, OTHER = "more than half of the whole width and", "the other half of it, a bit more"
SPECIAL = "*~`[]()\\ab \n#"


def draw(value: str, *, lines: slice | None = None, height: float = 50, **properties: object) -> Page:
    page, field = make_page(), make_text(**properties)  # type: ignore[arg-type]
    box = Box(x=10 * MM, y=20 * MM, width=field.width * MM, height=height * MM)
    draw_marked_text(page, value, field, set_field(field, load_book().find("")), box, load_book(), lines)
    return page


def measure(text: str) -> float:
    return load_book().find("").measure(text) * 10


def list_places(page: Page) -> list[tuple[str, float, float]]:
    """Return each shown text with its left and its baseline from the box's top left, in points."""
    found = re.findall(r"1 0 \S+ 1 (\S+) (\S+) Tm", "\n".join(page.operators))
    return [
        (text, float(x) - 10 * MM, 70 * MM - float(y))
        for text, (x, y) in zip(list_shown(page), found, strict=True)
    ]


def near(value: float) -> object:
    return pytest.approx(value, abs=0.002)


# --- Fonts ---


def test_bold_without_a_font_is_drawn_three_times_a_little_further_right() -> None:
    assert list_places(draw("**a**")) == [("a", near(0.3 * repeat), near(ASCENT)) for repeat in range(3)]


def test_italic_without_a_font_leans_by_twelve_degrees() -> None:
    assert "1 0 0.2126 1" in draw("*a*").operators[0]
    assert "1 0 0 1" in draw("a").operators[0]


def test_a_variant_with_a_font_is_set_in_that() -> None:
    page = draw("**a** b", fontVariants={"bold": "Bold"})

    assert list_shown(page) == ["a", " b"]
    assert [face.name for face in page.basic_faces] == ["Bold", "Roboto"]


def test_bold_italic_takes_italic_before_bold_and_makes_up_the_rest() -> None:
    both = draw("***a***", fontVariants={"boldItalic": "Bold"})
    italic = draw("***a***", fontVariants={"italic": "Roboto", "bold": "Bold"})
    bold = draw("***a***", fontVariants={"bold": "Bold"})

    assert (len(list_shown(both)), "0.2126" in both.operators[0]) == (1, False)
    assert (len(list_shown(italic)), "0.2126" in italic.operators[0]) == (3, False)
    assert (len(list_shown(bold)), "0.2126" in bold.operators[0]) == (1, True)


def test_a_font_that_is_not_there_counts_as_none() -> None:
    assert len(list_shown(draw("**a**", fontVariants={"bold": "Elsewhere"}))) == 3


def test_plain_fallback_makes_nothing_up() -> None:
    page = draw("***a***", fontVariantFallback="plain")

    assert len(list_shown(page)) == 1
    assert "0.2126" not in page.operators[0]


@pytest.mark.parametrize(("value", "mark"), [("**secret**", "bold"), ("`secret`", "code")])
def test_error_fallback_refuses_what_would_be_made_up(value: str, mark: str) -> None:
    with pytest.raises(PermanentError, match=f'field "text": its text is marked {mark}') as caught:
        draw(value, fontVariantFallback="error")

    assert "secret" not in str(caught.value)


# --- Decorations ---


def test_code_has_a_background_and_some_room() -> None:
    page = draw("`a`b")

    assert page.operators[0].startswith("0.949 0.9529 0.9608 rg ")
    assert [x for _, x, _ in list_places(page)] == [near(1.5), near(measure("a") + 3)]


def test_struck_out_text_has_a_line_as_long_as_itself() -> None:
    [line, _] = draw("~~a~~").operators

    left, _, right = re.findall(r"(\S+) (\S+) m (\S+)", line)[0]
    assert float(right) - float(left) == near(measure("a"))


def test_a_link_is_underlined_and_leads_from_its_text() -> None:
    page = draw("go [there](https://a.example/x)")

    [link] = page.links
    left, base = 10 * MM + measure("go "), 70 * MM - ASCENT
    assert (link.left, link.right) == (near(left), near(left + measure("there")))
    assert (link.bottom, link.top) == (near(base + DESCENT), near(base + ASCENT))
    assert link.target == "https://a.example/x"
    assert sum(" l S" in each for each in page.operators) == 1


def test_a_link_in_an_underlined_field_is_not_underlined_twice() -> None:
    assert sum(" l S" in each for each in draw("[a](#b)", underline=True).operators) == 1


def test_a_link_broken_over_two_lines_is_two_links_to_one_field() -> None:
    page = draw(f"[{HALF} {OTHER}](#total)")

    assert [link.target for link in page.links] == ["#total", "#total"]


def test_the_rectangle_of_a_turned_link_is_around_the_turned_text() -> None:
    straight, turned = draw("[a](#b)").links[0], draw("[a](#b)", rotate=90).links[0]

    # A quarter turn clockwise about the middle of the box takes what is left to the top.
    middle_x, middle_y = 10 * MM + 40 * MM, 45 * MM
    angle = radians(-90)
    x, y = straight.left - middle_x, straight.top - middle_y
    assert turned.right == near(middle_x + x * cos(angle) - y * sin(angle))
    assert turned.top == near(middle_y + x * sin(angle) + y * cos(angle))
    assert turned.top - turned.bottom == near(straight.right - straight.left)


def test_strike_and_underline_of_the_field_go_through_the_whole_line() -> None:
    lines = [
        each for each in draw("a **b** c", strikethrough=True, underline=True).operators if " l S" in each
    ]

    assert len(lines) == 2


# --- Lines ---


def test_blanks_at_the_end_of_a_line_count_as_pdfme_counts_them() -> None:
    page = draw(f"{HALF}  x{OTHER}", alignment="right", width=64)

    assert list_shown(page) == [f"{HALF}  ", f"x{OTHER}"]
    assert list_places(page)[0][1] == near(64 * MM - measure(f"{HALF}  "))


def test_a_word_may_change_its_looks_and_is_still_one_word() -> None:
    page = draw("ab**cd**ef ab**cd**ef", width=20, fontVariants={"bold": "Bold"})

    assert [(text, y) for text, _, y in list_places(page)] == [
        *[(text, near(ASCENT)) for text in ("ab", "cd", "ef ")],
        *[(text, near(ASCENT + 10)) for text in ("ab", "cd", "ef")],
    ]


def test_a_word_that_is_too_wide_is_broken_where_the_line_is_full() -> None:
    shown = list_shown(draw("*aaaaaaaaaaaa*", width=10, fontVariants={"italic": "Roboto"}))

    assert "".join(shown) == "a" * 12
    assert len(shown) > 1
    assert all(measure(each) <= 10 * MM for each in shown)


def test_a_box_narrower_than_a_letter_has_one_on_each_line() -> None:
    assert list_shown(draw("abc", width=0)) == ["a", "b", "c"]


def test_the_text_itself_ends_lines_also_within_marks() -> None:
    page = draw("**a\nb**\r\n\nc\rd")

    assert [y for text, _, y in list_places(page) if text in "acd"] == [
        *[near(ASCENT)] * 3,
        near(ASCENT + 30),
        near(ASCENT + 40),
    ]


def test_justified_lines_fill_the_box_but_for_the_last_and_those_that_end() -> None:
    text = f"{HALF} {OTHER}\n"
    operators = [each for each in draw(text * 2, alignment="justify").operators if "Tj" in each]

    assert [" Tc " in each for each in operators] == [True, False, True, False]


def test_lines_of_a_part_keep_what_they_were_in_the_whole() -> None:
    text = f"{HALF} {OTHER}\n" * 2
    whole = draw(text, alignment="justify")
    parts = [draw(text, alignment="justify", lines=part) for part in (slice(0, 1), slice(1, None))]

    assert [shown for part in parts for shown in list_shown(part)] == list_shown(whole)
    assert " Tc " in parts[0].operators[0]


def test_a_line_that_reads_from_right_to_left_has_its_first_run_at_the_right() -> None:
    page = draw("محمد **12**", fontVariants={"bold": "Bold"})

    shown = "\n".join(page.operators)
    assert shown.index("(12) Tj") < shown.index("g 10 Tf")


def test_an_empty_text_draws_nothing_at_all() -> None:
    assert draw("", backgroundColor="#ff0000").operators == []


def test_heights_are_those_of_letters_first_and_of_the_size_then() -> None:
    field = make_text(lineHeight=1.5)
    setting = set_field(field, load_book().find(""))

    heights = measure_marked_lines("**a**\nb", field, setting, 80 * MM, load_book())
    assert heights == pytest.approx([ASCENT * MM_PER_POINT * 1.5, LINE * 1.5])
    assert measure_marked_lines("", field, setting, 80 * MM, load_book()) == pytest.approx([LINE * 1.5])


# --- Sizes ---


@pytest.mark.parametrize("fit", ["vertical", "horizontal"])
def test_a_dynamic_size_grows_to_the_box_and_shrinks_to_it(fit: str) -> None:
    dynamic = {"min": 2, "max": 40, "fit": fit}

    def find_size(value: str) -> float:
        shown = "\n".join(draw(value, height=10, dynamicFontSize=dynamic).operators)
        return float(re.findall(r"/F\d+ (\S+) Tf", shown)[0])

    assert find_size("**a**") == near(30.5)
    assert 2 <= find_size("**many words** " * 30) < 10


@pytest.mark.parametrize(("overflow", "is_cut"), [("visible", False), ("clip", True), ("ellipsis", True)])
def test_text_that_must_stay_inside_is_cut_off(overflow: str, is_cut: bool) -> None:
    operators = draw("a\n" * 50, overflow=overflow).operators

    assert operators[0].endswith("re W n") == is_cut
    assert (operators[-1] == "Q") == is_cut


def test_text_that_shrinks_gets_no_larger_than_its_size() -> None:
    assert "/F1 10 Tf" in draw("a", overflow="shrink").operators[0]
    assert "/F1 10 Tf" not in draw("a\n" * 50, overflow="shrink").operators[0]


# --- Everything ---


@given(st.text(SPECIAL, max_size=80), st.integers(0, 80))
def test_every_letter_is_shown_once_in_order_whatever_the_marks(value: str, width: int) -> None:
    page = draw(value, width=width, fontVariantFallback="plain")

    assert re.sub(r"\s", "", "".join(list_shown(page))) == re.sub(r"\s", "", strip_marks(value))


@given(st.text(SPECIAL, max_size=80), st.integers(1, 80), st.integers(0, 20))
def test_parts_show_what_the_whole_shows(value: str, width: int, cut: int) -> None:
    parts = [draw(value, width=width, lines=part) for part in (slice(0, cut), slice(cut, None))]

    assert [each for part in parts for each in list_shown(part)] == list_shown(draw(value, width=width))


def test_a_long_text_without_blanks_takes_no_long_time() -> None:
    page = draw("**" + "a" * 19_000 + "**", width=20)

    assert sum(map(len, list_shown(page))) == 3 * 19_000
