"""Text is broken, sized, aligned and kept in its box as pdfme does it, and as its overflow says."""

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.rendering import text as text_module
from pdfme_dagster.rendering.font_book import FontBook
from pdfme_dagster.rendering.page import MM, MM_PER_POINT, Page
from pdfme_dagster.rendering.shaping import Typeface
from pdfme_dagster.rendering.shipped_fonts import load_face
from pdfme_dagster.rendering.text import (
    Box,
    Setting,
    align_line,
    break_lines,
    draw_lines,
    draw_text,
    fit_size,
    measure_text,
    offset_first_baseline,
    set_field,
    stack_lines,
)
from pdfme_dagster.templates.schema import Overflow, Sides, TextField
from pdfme_dagster_tests.rendering.tiny_fonts import CHINESE, KANA, make_face

# All letters are as wide as the size; 10 pt high lines of 100 pt hold ten of them.
LETTERS = "abcdefghijklmnopqrstuvwxyz.,-…()" + CHINESE + KANA
TINY = Typeface([make_face(LETTERS + " ")])
BOOK = FontBook({"Tiny": TINY.first, "Roboto": load_face("Roboto")}, fallback="Tiny")
BOX = Box(x=20, y=50, width=100, height=40)
ROOM = Box(x=0, y=0, width=100.0, height=200)


def make_setting(*, typeface: Typeface = TINY, size: float = 10, **properties: object) -> Setting:
    described: dict[str, Any] = {
        "name": "a",
        "type": "text",
        "position": {"x": 0, "y": 0},
        "width": 1,
        "height": 1,
    }
    field = TextField.model_validate({**described, "fontSize": size, **properties})
    return set_field(field, typeface)


def list_lines(text: str, width: float = 100, **properties: Any) -> list[str]:
    return [line.text for line in break_lines(text, make_setting(**properties), 10, width)]


def draw(text: str, box: Box = BOX, **properties: Any) -> list[str]:
    page = Page(width=200, height=200, font_names=BOOK.resource_names)
    draw_text(page, text, make_setting(**properties), box)
    return page.operators


def list_places(operators: list[str]) -> list[tuple[float, float]]:
    """Return where each shown line begins."""
    found = re.findall(r"1 0 0 1 (\S+) (\S+) Tm", "\n".join(operators))
    return [(float(x), float(y)) for x, y in found]


def list_shown(operators: list[str]) -> list[str]:
    """Return each shown line of plain letters."""
    return re.findall(r"\((.*)\) Tj", "\n".join(operators))


def find_size(operators: list[str]) -> float:
    return float(re.findall(r"/F1 (\S+) Tf", "\n".join(operators))[0])


# --- Breaking ---


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("abc", ["abc"]),
        ("abc def ghi", ["abc def ", "ghi"]),
        ("abcde fghij", ["abcde ", "fghij"]),
        ("abcdefghij k", ["abcdefghij", "k"]),
        ("abc   ", ["abc"]),
        ("  abc", ["  abc"]),
        ("abcdefghijklm", ["abcdefghij", "klm"]),
        ("ab cdefghijklmno", ["ab cdefghi", "jklmno"]),
        ("abcde-fghijk", ["abcde-", "fghijk"]),
        ("abcde.fghijk", ["abcde.fghi", "jk"]),
        ("abcde,fghijk", ["abcde,", "fghijk"]),
        ("abcdefghij            klm", ["abcdefghij", "klm"]),
        ("a\nb\n\nc", ["a", "b", "", "c"]),
        ("a\r\nb\rc", ["a", "b", "c"]),
        ("\n", ["", ""]),
    ],
)
def test_lines_end_after_words_that_fit(text: str, lines: list[str]) -> None:
    assert list_lines(text) == [line.rstrip() for line in lines]


def test_chinese_breaks_anywhere_and_japanese_by_its_rules() -> None:
    assert list_lines(CHINESE * 2) == [(CHINESE * 2)[:10], (CHINESE * 2)[10:]]
    assert list_lines("漢字日本語東京大学漢。字") == ["漢字日本語東京大学漢。", "字"]
    assert list_lines("漢字日本語東京大学「字」") == ["漢字日本語東京大学", "「字」"]


def test_a_letter_and_its_marks_stay_together() -> None:
    roboto = Typeface([load_face("Roboto")])
    lines = break_lines("q\u0301" * 30, make_setting(typeface=roboto), 10, 50)
    assert all(len(line.text) % 2 == 0 for line in lines)


def test_spacing_stands_between_letters_and_takes_room() -> None:
    assert list_lines("abcdefghij", 100, characterSpacing=1) == ["abcdefghi", "j"]
    assert measure_text("abc", TINY, 10, 2) == 34
    assert measure_text("a", TINY, 10, 2) == 10
    assert list_lines("abcdefghijk", 100, characterSpacing=-1) == ["abcdefghijk"]


def test_a_paragraphs_last_line_closes_it() -> None:
    lines = break_lines("abc def ghi\njkl", make_setting(), 10, 100)
    assert [(line.text, line.closes) for line in lines] == [("abc def", False), ("ghi", True), ("jkl", True)]


def test_a_line_knows_its_paragraphs_direction() -> None:
    lines = break_lines("12 محمد\nabc محمد", make_setting(), 10, 1000)
    assert [line.right_to_left for line in lines] == [True, False]


@given(st.text("abc -.,漢。「あ\n", max_size=60), st.floats(0, 150), st.floats(-3, 3))
def test_breaking_loses_no_letter_and_no_line_is_too_wide(text: str, width: float, spacing: float) -> None:
    setting = make_setting(characterSpacing=spacing)
    lines = break_lines(text, setting, 10, width)
    assert re.sub(r"\s", "", "".join(line.text for line in lines)) == re.sub(r"\s", "", text)
    assert sum(line.closes for line in lines) == sum(bool(part.rstrip()) for part in text.split("\n"))


@given(st.text("abc -.,", max_size=60), st.floats(10, 150))
def test_lines_of_latin_letters_stay_in_their_width(text: str, width: float) -> None:
    assert all(measure_text(line, TINY, 10, 0) <= width for line in list_lines(text, width) if line)


# --- Placing ---


@pytest.mark.parametrize(
    ("alignment", "lefts"),
    [(None, [20, 20]), ("left", [20, 20]), ("center", [35, 55]), ("right", [50, 90]), ("justify", [20, 20])],
)
def test_lines_are_aligned(alignment: str | None, lefts: list[float]) -> None:
    places = list_places(draw("abc def ghi", alignment=alignment))
    assert [x for x, _ in places] == lefts


def test_without_an_alignment_arabic_begins_at_the_right() -> None:
    assert align_line(None, 30, 100, right_to_left=True) == 70
    assert align_line("left", 30, 100, right_to_left=True) == 0
    book = FontBook({"Noto": load_face("NotoSansArabic")}, fallback="Noto")
    page = Page(width=200, height=200, font_names=book.resource_names)
    draw_text(page, "محمد", make_setting(typeface=book.find("")), BOX)
    [(x, _)] = list_places(page.operators)
    assert x == pytest.approx(20 + 100 - 10 * book.find("").measure("محمد"), abs=0.001)


def test_justified_lines_fill_the_box_but_for_a_paragraphs_last() -> None:
    first, last = draw("abc def ghi", alignment="justify")
    assert "4.2857 Tc" in first  # 30 pt over seven characters
    assert "Tc" not in last


@pytest.mark.parametrize(
    ("vertical", "line_height", "offset"),
    [
        ("top", 1, 8),
        ("top", 2, 13),
        ("top", 0, 8),
        ("middle", 1, 20),
        ("middle", 2, 15),
        ("bottom", 1, 28),
        ("bottom", 2, 13),
        ("bottom", 0, 38),
    ],
)
def test_the_first_baseline_is_where_pdfme_has_it(vertical: str, line_height: float, offset: float) -> None:
    setting = make_setting(verticalAlignment=vertical, lineHeight=line_height)
    lines = 1 if vertical == "top" else 2
    assert offset_first_baseline(setting, 10, lines, 40) == pytest.approx(
        {("middle", 1): 18, ("middle", 2): 13}.get((vertical, int(line_height)), offset)
    )


def test_following_lines_stand_a_line_height_lower() -> None:
    assert [y for _, y in list_places(draw("a\nb\n\nc", lineHeight=1.5))] == [79.5, 64.5, 34.5]


def test_padding_and_border_take_room() -> None:
    sides = {"top": 1, "right": 2, "bottom": 3, "left": 4}
    [(x, y)] = list_places(draw("a", padding=sides, borderWidth=sides))
    assert (x, y) == pytest.approx((20 + 8 * MM, 90 - 2 * MM - 8), abs=0.001)
    inner = BOX.inset(Sides(top=1, right=2, bottom=3, left=4))
    assert (inner.x, inner.y) == (20 + 4 * MM, 50 + 3 * MM)
    assert (inner.width, inner.height) == (100 - 6 * MM, 40 - 4 * MM)
    assert BOX.inset(Sides(left=100, top=100)) == Box(x=20 + 100 * MM, y=50, width=0, height=0)


def test_a_background_and_borders_lie_below_the_text_inside_the_box() -> None:
    operators = draw("a", backgroundColor="#ff0000", borderColor="#00ff00", borderWidth={"top": 1, "left": 2})
    assert operators[:3] == [
        "1 0 0 rg 20.000 50.000 100.000 40.000 re f",
        "0 1 0 rg 20.000 87.165 100.000 2.835 re f",
        "0 1 0 rg 20.000 50.000 5.669 40.000 re f",
    ]
    assert len(operators) == 4
    assert draw("", backgroundColor="#ff0000") == []


def test_lines_under_and_through_the_text_are_a_point_longer() -> None:
    strike, under, _ = draw("abc", underline=True, strikethrough=True, fontColor="#ff0000")
    assert strike == "0.833 w 1 0 0 RG 20.000 84.667 m 51.000 84.667 l S"
    assert under == "0.833 w 1 0 0 RG 20.000 81.333 m 51.000 81.333 l S"
    assert len(draw("\n \n", underline=True)) == 0


def test_only_some_lines_of_a_text_that_flows_are_drawn() -> None:
    page, setting = Page(width=200, height=200, font_names=BOOK.resource_names), make_setting()
    draw_lines(page, break_lines("a\nb\nc\nd", setting, 10, 100)[1:3], setting, BOX)
    assert list_shown(page.operators) == ["b", "c"]


# --- Sizing ---


@pytest.mark.parametrize(
    ("text", "dynamic", "size"),
    [
        ("abc", None, 10),
        ("abc", {"min": 20, "max": 10}, 10),
        ("abc", {"min": 4, "max": 12, "fit": "horizontal"}, 12),
        ("abcdefghijklmnopqrst", {"min": 4, "max": 12, "fit": "horizontal"}, 4.75),
        ("abcdefghijklmnopqrst" * 3, {"min": 4, "max": 12, "fit": "horizontal"}, 4),
        ("abc", {"min": 4, "max": 30, "fit": "vertical"}, 30),
        ("abcd", {"min": 4, "max": 100, "fit": "vertical"}, 24.75),
        ("abc def", {"min": 1, "max": 100, "fit": "vertical"}, 22),
        ("abc", {"min": 12, "max": 14, "fit": "horizontal"}, 14),
        ("abc", {"min": 2, "max": 3, "fit": "horizontal"}, 3),
    ],
)
def test_a_dynamic_size_is_the_largest_that_fits(text: str, dynamic: object, size: float) -> None:
    setting = make_setting(dynamicFontSize=dynamic)
    assert fit_size(text, setting, 100 / MM, 40 / MM) == size


def fit_slowly(text: str, setting: Setting, width: float, height: float) -> float:
    """Try all sizes one by one, as pdfme does."""
    dynamic = setting.dynamic
    assert dynamic is not None

    def measure(size: float) -> tuple[float, float]:
        parts = text.split("\n")
        broken = [line for part in parts for line in break_lines(part, setting, size, width * MM)]
        shown = parts if dynamic.fit == "horizontal" else [line.text for line in broken]
        widest = max(
            measure_text(each, setting.typeface, size, setting.look.character_spacing) for each in shown
        )
        return max(0, widest * MM_PER_POINT), sum(stack_lines(len(broken), setting, size))

    size = min(max(setting.size, dynamic.min), dynamic.max)
    wide, high = measure(size)
    while size < dynamic.max and (wide < width if dynamic.fit == "horizontal" else high < height):
        larger = measure(size + 0.25)
        if larger[1] >= height:
            break
        size, (wide, high) = size + 0.25, larger
    while size > dynamic.min and size > 0 and (wide > width or high > height):
        size = max(0, size - 0.25)
        wide, high = measure(size)
    return size


@given(
    text=st.text("abc -.,漢\n", min_size=1, max_size=60),
    start=st.integers(1, 100).map(lambda quarters: quarters / 4),
    limits=st.tuples(st.integers(0, 60), st.integers(0, 120)).map(sorted),
    fit=st.sampled_from(["horizontal", "vertical"]),
    spacing=st.sampled_from([0, 0.5, -1, 3]),
    width=st.floats(0, 60),
    height=st.floats(0, 40),
)
def test_sizes_are_those_that_trying_all_one_by_one_finds(
    text: str, start: float, limits: list[int], fit: str, spacing: float, width: float, height: float
) -> None:
    dynamic = {"min": limits[0] / 4, "max": limits[1] / 4, "fit": fit}
    setting = make_setting(size=start, dynamicFontSize=dynamic, characterSpacing=spacing)
    assert fit_size(text, setting, width, height) == pytest.approx(fit_slowly(text, setting, width, height))


def test_a_text_that_grows_with_its_box_keeps_its_size() -> None:
    assert make_setting(dynamicFontSize={"min": 1, "max": 5}, overflow="expand").dynamic is None


# --- Overflow ---

LONG = "abc def ghi jkl mno pqr stu vwx"


def test_a_field_has_its_own_overflow_or_the_organisations() -> None:
    described: dict[str, Any] = {
        "name": "a",
        "type": "text",
        "position": {"x": 0, "y": 0},
        "width": 1,
        "height": 1,
    }
    own = TextField.model_validate({**described, "overflow": "clip"})
    assert set_field(own, TINY, "shrink").overflow == "clip"
    assert set_field(TextField.model_validate(described), TINY, "shrink").overflow == "shrink"
    assert set_field(TextField.model_validate(described), TINY).overflow == "visible"


def test_visible_text_runs_out_below() -> None:
    operators = draw(LONG, overflow="visible")
    assert list_shown(operators) == ["abc def", "ghi jkl", "mno pqr", "stu vwx"]
    box = Box(x=20, y=50, width=100, height=15)
    assert min(y for _, y in list_places(draw(LONG, box))) < box.y


def test_clipped_text_is_cut_at_the_box() -> None:
    operators = draw(LONG, Box(x=20, y=50, width=100, height=15), overflow="clip", padding={"left": 1})
    assert operators[0] == "q 22.835 50.000 97.165 15.000 re W n"
    assert operators[-1] == "Q"
    assert len(list_shown(operators)) == 4


@pytest.mark.parametrize("height", [8, 15, 28, 37])
def test_shrunk_text_fits_its_box(height: float) -> None:
    box = Box(x=20, y=50, width=100, height=height)
    operators = draw(LONG, box, overflow="shrink")
    size, shown = find_size(operators), list_shown(operators)
    assert size < 10
    assert "".join(shown).replace(" ", "") == LONG.replace(" ", "")
    assert 0.8 * size + size * (len(shown) - 1) <= height + 0.01
    assert max(map(len, shown)) * size <= 100


def test_text_that_fits_is_not_shrunk_nor_enlarged() -> None:
    assert find_size(draw("abc", overflow="shrink")) == 10
    assert find_size(draw("abc", size=0.5, overflow="shrink")) == 0.5
    assert (
        find_size(draw("abc" * 100, size=0.5, overflow="shrink", box=Box(x=0, y=0, width=1, height=1))) == 0.5
    )


@given(
    st.text("abc -漢\n", min_size=1, max_size=40).filter(str.strip),
    st.integers(1, 200).map(lambda tenths: tenths / 10),
    st.floats(0, 100),
    st.floats(0, 100),
)
def test_shrinking_never_goes_below_its_bound(text: str, size: float, width: float, height: float) -> None:
    operators = draw(text, Box(x=0, y=0, width=width, height=height), size=size, overflow="shrink")
    shown = float(re.findall(r"/F1g? (\S+) Tf", "\n".join(operators))[0])
    assert min(size, 1) <= shown <= size


@pytest.mark.parametrize(
    ("text", "height", "shown"),
    [
        (LONG, 39, ["abc def", "ghi jkl", "mno pqr", "stu vwx"]),
        (LONG, 30, ["abc def", "ghi jkl", "mno pqr…"]),
        (LONG, 18, ["abc def", "ghi jkl…"]),
        (LONG, 10, ["abc def…"]),
        (LONG, 0, ["abc def…"]),
        ("abc", 0, ["abc"]),
        ("abcdefghijklm", 10, ["abcdefghi…"]),
        ("abcde fgh\nk", 10, ["abcde fgh…"]),
        ("a\n\nb", 18, ["a", "…"]),
    ],
)
def test_an_ellipsis_tells_that_something_follows(text: str, height: float, shown: list[str]) -> None:
    typeface = Typeface([make_face(LETTERS + " ")])
    page = Page(width=200, height=200, font_names={typeface.first: "F1"})
    box = Box(x=20, y=50, width=100, height=height)
    draw_text(page, text, make_setting(typeface=typeface, overflow="ellipsis"), box)
    texts = {code: text for code, (_, text) in typeface.first.basic_set.items()}
    drawn = ["".join(texts[ord(code)] for code in line) for line in list_shown(page.operators)]
    assert drawn == [line for line in shown if line]


@given(st.text("abc -漢\n", max_size=40), st.floats(0, 60), st.floats(0, 60))
def test_an_ellipsis_keeps_text_in_its_box(text: str, width: float, height: float) -> None:
    operators = draw(text, Box(x=0, y=0, width=width, height=height), overflow="ellipsis")
    places = list_places(operators)
    assert all(baseline >= -0.01 for _, baseline in places[1:])


# --- Degenerate and hostile ---


@pytest.mark.parametrize("overflow", ["visible", "shrink", "clip", "ellipsis", "expand"])
@pytest.mark.parametrize("box", [Box(x=0, y=0, width=0, height=0), Box(x=0, y=0, width=0.1, height=50)])
@pytest.mark.parametrize("dynamic", [None, {"min": 0, "max": 50}, {"min": 0, "max": 50, "fit": "horizontal"}])
def test_boxes_without_room_are_drawn_without_complaint(
    overflow: Overflow, box: Box, dynamic: object
) -> None:
    for text in ("abc def", "a\nb", "漢字。"):
        for size in (0, 0.1, 10):
            draw(text, box, size=size, overflow=overflow, dynamicFontSize=dynamic, underline=True)


@pytest.mark.parametrize("size", [0, 10])
def test_text_of_no_size_is_not_shown(size: float) -> None:
    assert len(list_shown(draw("abc", size=size))) == (size > 0)


@pytest.mark.parametrize("overflow", ["visible", "shrink", "clip", "ellipsis"])
@pytest.mark.parametrize("unit", ["abc ", "a", "a\n", "漢", " "])
def test_a_very_long_value_is_drawn_in_a_moment(overflow: Overflow, unit: str) -> None:
    draw(unit * (100_000 // len(unit)) + "a", overflow=overflow)


def test_a_value_of_a_megabyte_is_drawn_in_a_moment() -> None:
    started = time.process_time()
    draw("abc " * 250_000, overflow="shrink", dynamicFontSize={"min": 1, "max": 1000})
    assert time.process_time() - started < 20


@pytest.mark.parametrize("fit", ["horizontal", "vertical"])
@pytest.mark.parametrize("limits", [(0, 1000), (900, 1000), (1, 12)])
@pytest.mark.parametrize("box", [BOX, Box(x=0, y=0, width=28_000, height=28_000)])
def test_the_size_of_a_long_value_is_found_in_a_moment(
    fit: str, limits: tuple[float, float], box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_module, "_MOST_MEASURED", 100_000)
    dynamic = {"min": limits[0], "max": limits[1], "fit": fit}
    for text in ("abc def ghi " * 3_000, "abcdefgh" * 3_000):
        size = fit_size(
            text, make_setting(dynamicFontSize=dynamic, size=500), box.width / MM, box.height / MM
        )
        assert limits[0] - 0.25 < size <= limits[1]


def test_lines_of_no_height_do_not_take_forever() -> None:
    for overflow in ("ellipsis", "shrink"):
        draw("a\n" * 20_000, lineHeight=0, overflow=overflow)


def test_long_lines_are_put_together_in_one_go() -> None:
    assert len(list_lines("a b " * 100_000 + "c" * 10, 3_999_995)) == 2
