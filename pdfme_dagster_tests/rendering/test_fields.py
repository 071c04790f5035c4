"""Each type of field is drawn where it stands, and says which value it cannot draw."""

import re
from base64 import b64encode
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering.fields import draw_field, find_format, set_text, write_moment
from pdfme_dagster.rendering.page import MM, Page
from pdfme_dagster.rendering.placed import Placed
from pdfme_dagster.templates.schema import FIELD_TYPES, DateField, TemplateField
from pdfme_dagster_tests.golden.media import rgb_picture
from pdfme_dagster_tests.rendering.renderers import make_brush, make_field

HEIGHT = 200.0
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><rect width="10" height="10"/></svg>'
CODES = {
    "qrcode": "https://example.com",
    "ean13": "4006381333931",
    "code128": "ABC-123",
    "code39": "ABC-123",
}


def read_field(kind: str, **properties: Any) -> TemplateField:
    described = make_field(kind, "field", 10, 20, **properties)
    return FIELD_TYPES[kind].model_validate(described)  # type: ignore[return-value]  # the models are the union's


def draw(kind: str, value: str, *, brush: Any = None, **properties: Any) -> Page:
    brush = brush or make_brush()
    page = Page(width=300, height=HEIGHT, font_names=brush.book.resource_names)
    field = read_field(kind, **properties)
    draw_field(page, Placed(field=field, y_mm=field.position.y, height_mm=field.height), value, brush)
    return page


def refuse(kind: str, value: str, **properties: Any) -> str:
    with pytest.raises(PermanentError) as raised:
        draw(kind, value, **properties)
    assert raised.value.code == "bad_field_value"
    return str(raised.value)


def test_a_field_stands_from_its_top_left_corner() -> None:
    page = draw("rectangle", "", color="#ff0000")
    assert page.operators == ["0.000 w 1 0 0 rg 28.346 126.300 113.384 17.008 re f"]
    assert page.anchors == {"field": (10 * MM, HEIGHT - 20 * MM)}


def test_a_field_is_turned_about_its_middle_and_see_through() -> None:
    page = draw("rectangle", "", color="#ff0000", rotate=90, opacity=0.25)
    assert page.operators[:2] == ["q", "/A250_250 gs"]
    assert page.operators[2].endswith(" cm")
    assert page.operators[-1] == "Q"


@pytest.mark.parametrize("kind", ["svg", "checkbox", "radioGroup"])
def test_drawings_are_never_see_through_as_in_pdfme(kind: str) -> None:
    assert not draw(kind, SVG if kind == "svg" else "true", opacity=0.5).alphas


def test_lines_are_as_thick_as_their_field_is_high() -> None:
    page = draw("line", "", color="#0000ff", height=1)
    assert page.operators == ["2.835 w 0 0 1 RG 28.346 141.891 m 141.730 141.891 l S"]
    assert draw("line", "", height=1).operators == []
    assert draw("line", "", color="#0000ff", height=0).operators == []


@pytest.mark.parametrize(
    ("look", "paint"),
    [
        ({"color": "#ff0000"}, "f"),
        ({"color": "#ff0000", "borderWidth": 1}, "B"),
        ({"color": "#ff0000", "borderWidth": 1, "borderColor": "#00ff00"}, "B"),
        ({"borderColor": "#00ff00"}, "S"),
        ({"borderWidth": 1}, None),
        ({}, None),
    ],
)
def test_shapes_are_filled_and_framed_as_in_pdfme(look: dict[str, Any], paint: str | None) -> None:
    for kind in ("rectangle", "ellipse"):
        operators = draw(kind, "", **look).operators
        assert [operator.split()[-1] for operator in operators] == ([paint] if paint else [])


def test_marks_are_set_only_by_true() -> None:
    for kind in ("checkbox", "radioGroup"):
        assert draw(kind, "true").operators != draw(kind, "false").operators == draw(kind, "").operators
    ring = {"color": "#ff0000", "borderWidth": 0.5}
    assert draw("circleMark", "true", **ring).operators[0].endswith(" S")
    assert draw("circleMark", "false", **ring).operators == []


@pytest.mark.parametrize("kind", ["image", "signature", "svg", "qrcode", "date", "text", "select"])
def test_nothing_is_drawn_of_no_value(kind: str) -> None:
    assert draw(kind, "").operators == []


def test_pictures_are_drawn_into_their_box() -> None:
    for kind in ("image", "signature"):
        page = draw(kind, rgb_picture())
        assert len(page.pictures) == len(page.operators) == 1
    assert draw("image", rgb_picture(), width=0).operators == []


@pytest.mark.parametrize("kind", CODES)
def test_codes_are_drawn_with_words_that_are_no_text(kind: str) -> None:
    page = draw(kind, CODES[kind], includetext=True, textColor="#000000", barColor="#000000")
    assert page.operators
    assert not any("Tj" in operator for operator in page.operators)


def test_several_variables_fill_a_text() -> None:
    field = {"text": "{a} and {b}", "variables": ["a", "b"]}
    page = draw("multiVariableText", '{"a": "1", "b": "2"}', **field)
    assert "(1 and 2) Tj" in page.operators[0]
    assert draw("multiVariableText", '{"a": "1"}', **field).operators == []


# --- Values that cannot be drawn ---


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("image", "not a picture", 'field "field": '),
        ("image", "https://example.com/logo.png", 'field "field": '),
        ("svg", "<svg", 'field "field": '),
        ("svg", '<!DOCTYPE x [<!ENTITY a "b">]><svg/>', 'field "field": '),
        ("ean13", "123", 'field "field": '),
        ("date", "tomorrow", 'field "field": … is no date; write it like 2025/01/31 or 23:59'),
        ("time", "25:00", 'field "field": 25:00 is no time; write it like 2025/01/31 or 23:59'),
        ("dateTime", "2025/02/30 10:00", 'field "field": 2025/02/30 10:00 is no dateTime; write it like'),
    ],
)
def test_a_value_that_cannot_be_drawn_is_told_with_its_field(kind: str, value: str, message: str) -> None:
    assert refuse(kind, value).startswith(message)


def test_messages_show_no_names_and_no_card_numbers() -> None:
    shown = refuse("date", "Sample Customer 5000 0000 0000 0015")
    assert "Sample" not in shown
    assert "5000 0000 0000 0015" not in shown
    assert len(refuse("date", "x" * 10**6)) < 200


def test_cmyk_pictures_do_not_go_into_an_archive() -> None:
    written = BytesIO()
    Image.new("CMYK", (4, 4)).save(written, "JPEG")
    uri = f"data:image/jpeg;base64,{b64encode(written.getvalue()).decode()}"
    assert draw("image", uri).operators
    assert "save it as RGB" in refuse("image", uri, brush=make_brush(pdf_a=True))


# --- Dates ---


def make_date(kind: str = "date", **properties: Any) -> DateField:
    field = read_field(kind, **properties)
    assert isinstance(field, DateField)
    return field


@pytest.mark.parametrize(
    ("kind", "pattern", "value", "written"),
    [
        ("date", "dd/MM/yyyy", "2025/09/05", "05/09/2025"),
        ("date", "d MMM yyyy", "2025-09-05", "5 Sep 2025"),
        ("time", "HH:mm", "23:59", "23:59"),
        ("time", "h:mm a", "2025/09/05 23:59", "11:59 PM"),
        ("dateTime", "dd/MM/yyyy HH:mm", " 2025-09-05T07:08 ", "05/09/2025 07:08"),
        ("dateTime", "yyyy-MM-dd", "2025/09/05", "2025-09-05"),
    ],
)
def test_moments_are_written_by_their_pattern(kind: str, pattern: str, value: str, written: str) -> None:
    assert write_moment(make_date(kind, format=pattern), value, "en") == written


def test_months_are_those_of_the_fields_language_else_of_the_organisations() -> None:
    assert write_moment(make_date(format="d MMMM", locale="de"), "2025/03/05", "en") == "5 März"
    assert write_moment(make_date(format="d MMMM"), "2025/03/05", "de") == "5 März"


def test_letters_of_a_pattern_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="jj"):
        find_format(make_date(format="yyyy jj"), "en")


def test_dates_stand_in_the_middle_in_one_line_height() -> None:
    looks: tuple[dict[str, Any], ...] = (
        {"verticalAlignment": "top", "lineHeight": 3},
        {"verticalAlignment": "bottom"},
        {},
    )
    shown = {tuple(draw("date", "2025/09/05", fontSize=9, **look).operators) for look in looks}
    assert len(shown) == 1


def test_text_takes_the_overflow_of_the_brush_unless_it_has_its_own() -> None:
    brush = make_brush(overflow="shrink")
    text, own = read_field("text"), read_field("text", overflow="clip")
    assert (set_text(text, brush).overflow, set_text(own, brush).overflow) == ("shrink", "clip")  # type: ignore[arg-type]
    assert re.search(r" re W n$", draw("text", "x", overflow="clip").operators[0])
