"""Pictures of codes: the pixels that pdfme's writer draws, and rectangles that stay inside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.rendering.bars import encode_bars
from pdfme_dagster.rendering.code_pixels import CodePicture, paint_rows, picture_bars, picture_modules

_MM = 72 / 25.4

# Width and height in mm, whether with text; then what pdfme 6.1.13 has: the picture's size, the first bar and
# the last, and the height of the text's line.
_Case = tuple[str, str, float, float, bool]
_Bar = tuple[int, int, int, int]
_PICTURES: dict[_Case, tuple[tuple[int, int], _Bar, _Bar, int | None]] = {
    ("ean13", "2112345678900", 40, 16, True): ((476, 268), (0, 15, 5, 253), (470, 15, 5, 253), 2),
    ("ean13", "2112345678900", 40, 16, False): ((476, 228), (0, 0, 5, 228), (470, 0, 5, 228), None),
    ("code128", "This is Code 128!", 40, 20, True): ((444, 326), (0, 42, 4, 284), (440, 42, 4, 284), 4),
    ("code39", "THIS IS CODE 39", 40, 20, True): ((542, 324), (0, 40, 2, 284), (540, 40, 2, 284), 2),
    ("itf14", "04601234567893", 40, 12, True): ((653, 245), (56, 57, 4, 171), (592, 57, 4, 171), 2),
    ("upce", "00123457", 40, 20, True): ((562, 324), (0, 15, 11, 309), (550, 15, 11, 309), 2),
    ("japanpost", "6540123789-A-K-Z", 80, 7.2, True): ((1101, 143), (0, 40, 7, 103), (1093, 40, 7, 103), 2),
}

_BOXES = st.floats(5, 400)
_KINDS = st.sampled_from(
    [
        *(("ean13", "211234567890"), ("ean8", "0234567"), ("upca", "41600033610"), ("upce", "0012345")),
        *(("code39", "A-1"), ("code128", "INV-40 gjpq_|"), ("nw7", "A12$B"), ("itf14", "0460123456789")),
        *(("japanpost", "6540123-A"), ("code128", "0" * 90)),
    ]
)


def _picture(kind: str, value: str, width: float, height: float, include_text: bool) -> CodePicture:
    return picture_bars(
        encode_bars(kind, value), width, height, framed=kind == "itf14", include_text=include_text
    )


@pytest.mark.parametrize("case", _PICTURES, ids=lambda case: f"{case[0]}-{case[4]}")
def test_linear_code_has_the_pixels_of_pdfme(case: _Case) -> None:
    kind, value, width, height, include_text = case
    size, first, last, line = _PICTURES[case]
    picture = _picture(kind, value, width * _MM, height * _MM, include_text)
    assert (picture.width, picture.height) == size
    assert (picture.bars[0], picture.bars[-1]) == (first, last)
    assert (picture.text and picture.text.line) == line


def test_frame_of_itf14_surrounds_bars_and_quiet_zones() -> None:
    picture = _picture("itf14", "04601234567893", 40 * _MM, 12 * _MM, False)
    assert (picture.width, picture.height) == (653, 205)
    assert picture.frame == ((0, 185, 653, 20), (0, 0, 653, 20), (0, 0, 16, 205), (637, 0, 16, 205))


def test_modules_fill_the_picture_and_have_no_quiet_zone() -> None:
    picture = picture_modules(("101", "010", "111"), 30 * _MM, 15 * _MM, row_height=1)
    assert (picture.width, picture.height) == (3 * 141, 3 * 70)
    assert picture.bars[0] == (0, 0, 423, 70)
    assert set(picture.bars[1:]) == {(141, 70, 141, 70), (0, 140, 141, 70), (282, 140, 141, 70)}


def test_rows_of_three_modules_are_whole_modules_high() -> None:
    picture = picture_modules(("1" * 103,) * 10, 40 * _MM, 16 * _MM, row_height=3)
    assert (picture.width, picture.height) == (515, 210)


@given(_KINDS, _BOXES, _BOXES, st.booleans())
def test_everything_lies_inside_the_picture(
    code: tuple[str, str], width: float, height: float, include_text: bool
) -> None:
    picture = _picture(*code, width, height, include_text)
    for left, bottom, across, up in (*picture.bars, *picture.frame):
        assert left >= 0
        assert bottom >= 0
        assert across >= 1
        assert up >= 1
        assert left + across <= picture.width
        assert bottom + up <= picture.height
    assert (picture.text is None) != include_text


@given(_KINDS, _BOXES, _BOXES)
def test_bars_do_not_touch(code: tuple[str, str], width: float, height: float) -> None:
    picture = _picture(*code, width, height, True)
    ends = [left + across for left, _, across, _ in picture.bars]
    assert all(end < bar[0] for end, bar in zip(ends, picture.bars[1:], strict=False))


@given(_KINDS, st.floats(0.01, 1e6), st.floats(0.01, 1e6))
def test_picture_of_any_box_is_bounded(code: tuple[str, str], width: float, height: float) -> None:
    picture = _picture(*code, width, height, True)
    assert picture.width <= 7000
    assert picture.height <= 5100


def test_narrow_box_gets_one_pixel_a_module() -> None:
    picture = _picture("code128", "This is Code 128!", 3, 20, False)
    assert picture.width == sum(encode_bars("code128", "This is Code 128!").widths)
    assert {across for _, _, across, _ in picture.bars} <= {1, 2, 3, 4}


def test_text_wider_than_the_bars_widens_the_picture() -> None:
    with_text = _picture("code128", "0" * 90, 300, 30, True)
    without = _picture("code128", "0" * 90, 300, 30, False)
    assert with_text.width > without.width
    assert with_text.bars[0][0] > 0


@pytest.mark.parametrize(("text", "more"), [("X", 0), ("j", 7), ("g", 8), ("_", 10), ("Xg", 8), ("E", -1)])
def test_letters_that_reach_below_the_line_make_the_picture_higher(text: str, more: int) -> None:
    heights = [_picture("code128", value, 100, 30, True).height for value in ("A", text)]
    assert heights[1] - heights[0] == more


def test_painted_rows_are_bits_from_the_top_padded_to_bytes() -> None:
    assert paint_rows([(0, 0, 1, 2), (9, 1, 1, 1)], 10, 3) == bytes([0, 0, 0x80, 0x40, 0x80, 0])


@given(st.lists(st.tuples(*[st.integers(0, 9)] * 2, *[st.integers(1, 10)] * 2), max_size=8))
def test_painted_pixels_are_those_of_the_rectangles(rectangles: list[tuple[int, int, int, int]]) -> None:
    wanted = [
        any(x <= column < x + w and y <= 19 - row < y + h for x, y, w, h in rectangles)
        for row in range(20)
        for column in range(24)
    ]
    bits = int.from_bytes(paint_rows(rectangles, 24, 20), "big")
    assert f"{bits:0480b}" == "".join("01"[dark] for dark in wanted)
