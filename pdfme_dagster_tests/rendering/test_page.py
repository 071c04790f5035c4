"""What is put on a page becomes operators, and the page knows what they need."""

import pytest

from pdfme_dagster.rendering.figure import Figure
from pdfme_dagster.rendering.page import (
    Page,
    name_alpha,
    name_picture,
    trace_box,
    trace_ellipse,
    write_color,
    write_turn,
)
from pdfme_dagster.rendering.pictures import read_picture
from pdfme_dagster.rendering.shaping import Typeface
from pdfme_dagster_tests.golden.media import rgb_picture
from pdfme_dagster_tests.rendering.tiny_fonts import HEBREW, make_face

LATIN, HEBREW_FACE = make_face("abc é"), make_face(HEBREW)
TYPEFACE = Typeface([LATIN, HEBREW_FACE])


def make_page() -> Page:
    return Page(width=100, height=50, font_names={LATIN: "F1", HEBREW_FACE: "F2"})


def show(text: str, **look: float) -> Page:
    page = make_page()
    page.show(10, 20, TYPEFACE.encode(text, right_to_left=False), size=9, color="ff0000", **look)
    return page


def test_a_line_is_shown_in_its_colour_from_its_place() -> None:
    page = show("abc")
    assert page.operators == ["BT 1 0 0 rg 1 0 0 1 10.000 20.000 Tm /F1 9 Tf (abc) Tj ET"]
    assert (list(page.basic_faces), page.glyphs) == ([LATIN], {})


def test_glyphs_beyond_the_basic_set_have_a_font_of_their_own() -> None:
    page = show("ab ש")
    assert page.operators[0].split("Tm ")[1] == "/F1 9 Tf (ab ) Tj /F2g 9 Tf <001A> Tj ET"
    assert page.glyphs == {HEBREW_FACE: {HEBREW_FACE.find_glyph("ש"): "ש"}}


def test_spacing_ends_with_its_line_and_leaning_and_stretching_are_in_the_matrix() -> None:
    assert "0.5000 Tc" in show("ab", spacing=0.5).operators[0]
    assert show("ab", spacing=0.5).operators[0].endswith("0 Tc ET")
    assert "1 0 0.2126 1 10.000" in show("ab", skew=12).operators[0]
    assert "1.5000 0 0 1 10.000" in show("ab", stretch=1.5).operators[0]


def test_nothing_is_shown_of_nothing_and_of_no_size() -> None:
    page = make_page()
    page.show(0, 0, (), size=9, color="000000")
    page.show(0, 0, TYPEFACE.encode("abc", right_to_left=False), size=0, color="000000")
    assert page.operators == []


def test_a_glyph_tells_its_text_once_it_is_known() -> None:
    page = make_page()
    for told in ("", "x", "", "y"):
        [piece] = TYPEFACE.encode("ש", right_to_left=True)
        page.show(
            0, 0, [type(piece)(piece.face, piece.shows, piece.width, ((7, told),))], size=9, color="000000"
        )
    assert page.glyphs[HEBREW_FACE] == {7: "x"}


def test_turning_and_transparency_end_where_they_began() -> None:
    page = make_page()
    with page.turned(90, 0.5, 10, 20):
        page.add("inside")
    assert page.operators == [
        "q",
        "/A500_500 gs",
        "0.000000 -1.000000 1.000000 0.000000 -10.000 30.000 cm",
        "inside",
        "Q",
    ]
    assert list(page.alphas) == ["A500_500"]
    plain = make_page()
    with plain.turned(0, 1, 10, 20):
        plain.add("inside")
    assert plain.operators == ["inside"]


def test_boxes_and_lines_are_drawn() -> None:
    page = make_page()
    page.fill_box(1, 2, 3, 4, "00ff00")
    page.fill_box(1, 2, 0, 4, "00ff00")
    page.draw_line(1, 2, 3, 4, 0.5, "0000ff")
    assert page.operators == [
        "0 1 0 rg 1.000 2.000 3.000 4.000 re f",
        "0.500 w 0 0 1 RG 1.000 2.000 m 3.000 4.000 l S",
    ]


@pytest.mark.parametrize(
    ("fill", "stroke", "operators"),
    [
        ("ff0000", "00ff00", ["1.000 w 1 0 0 rg 0 1 0 RG path B"]),
        ("ff0000", None, ["1.000 w 1 0 0 rg path f"]),
        (None, "00ff00", ["1.000 w 0 1 0 RG path S"]),
        (None, None, []),
    ],
)
def test_a_path_is_filled_and_stroked(fill: str | None, stroke: str | None, operators: list[str]) -> None:
    page = make_page()
    page.draw_path("path", fill=fill, stroke=stroke, thickness=1)
    assert page.operators == operators


def test_pictures_and_figures_bring_what_they_need() -> None:
    page, picture = make_page(), read_picture(rgb_picture())
    page.draw_picture(picture, 1, 2, 30, 40)
    page.draw_figure(Figure(operators="figure", alphas=("A300_300", "/A200_200")))
    assert page.operators == [f"q 30.000 0 0 40.000 1.000 2.000 cm /{name_picture(picture)} Do Q", "figure"]
    assert page.pictures == {picture.digest: picture}
    assert list(page.alphas) == ["A300_300", "A200_200"]


@pytest.mark.parametrize(
    ("opacity", "name"), [(1, "A1000_1000"), (0.5, "A500_500"), (0.0004, "A0_0"), (0, "A0_0")]
)
def test_graphics_states_are_named_by_per_mille(opacity: float, name: str) -> None:
    assert name_alpha(opacity) == name


@pytest.mark.parametrize(
    ("digits", "written"),
    [
        ("000000", "0 0 0"),
        ("ffffff", "1 1 1"),
        ("336699", "0.2 0.4 0.6"),
        ("010203", "0.003922 0.007843 0.01176"),
    ],
)
def test_colours_are_three_shares_without_an_exponent(digits: str, written: str) -> None:
    assert write_color(digits) == written
    assert write_color(written) == written


def test_turning_is_clockwise_about_a_point() -> None:
    a, b, c, d, e, f, _ = write_turn(90, 10, 20).split()
    x, y = 10 + 5, 20
    moved = (float(a) * x + float(c) * y + float(e), float(b) * x + float(d) * y + float(f))
    assert moved == pytest.approx((10, 15))


def test_boxes_have_round_corners_if_they_are_to() -> None:
    assert trace_box(1, 2, 30, 40) == trace_box(1, 2, 30, 40, -1) == "1.000 2.000 30.000 40.000 re"
    assert trace_box(1, 2, 30, 40, 5).count(" c") == 4
    assert trace_box(0, 0, 10, 20, 99) == trace_box(0, 0, 10, 20, 5)


def test_an_ellipse_is_four_curves_through_its_ends() -> None:
    path = trace_ellipse(10, 20, 5, 3)
    assert path.endswith(" c h")
    assert path.count(" c ") == 4
    for end in ("5.000 20.000", "10.000 23.000", "15.000 20.000", "10.000 17.000"):
        assert end in path
