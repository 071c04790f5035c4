"""What a template's properties become as checked values, and what they may not be."""

from typing import Any

import pytest
from pydantic import ValidationError

from pdfme_dagster.templates.schema import (
    FIELD_TYPES,
    MAX_ENTRIES,
    BlankPage,
    ColumnStyles,
    MultiVariableTextField,
    ShapeField,
    Sides,
    TableField,
    Template,
    TextField,
)

BOX: dict[str, Any] = {"name": "field", "position": {"x": 1, "y": 2}, "width": 3, "height": 4}
TABLE: dict[str, Any] = {**BOX, "type": "table", "head": ["A", "B"], "headWidthPercentages": [60, 40]}


def make_text(**properties: object) -> TextField:
    return TextField.model_validate({**BOX, "type": "text", **properties})


def list_faults(model: Any, value: object) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as raised:
        model.model_validate(value)
    return [(".".join(map(str, error["loc"])), error["msg"]) for error in raised.value.errors()]


def test_every_type_of_pdfme_has_a_model() -> None:
    texts = ["text", "multiVariableText", "select", "date", "time", "dateTime", "table", "list"]
    drawn = [
        "line",
        "rectangle",
        "ellipse",
        "image",
        "signature",
        "svg",
        "checkbox",
        "radioGroup",
        "circleMark",
    ]
    codes = ["qrcode", "japanpost", "ean13", "ean8", "code39", "code128", "nw7", "itf14", "upca", "upce"]
    assert list(FIELD_TYPES) == [*texts, *drawn, *codes, "gs1datamatrix", "pdf417"]


@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_every_type_needs_only_what_pdfme_needs(kind: str) -> None:
    field = FIELD_TYPES[kind].model_validate({**TABLE, "type": kind})
    assert (field.name, field.position.x, field.height, field.opacity) == ("field", 1, 4, 1)


def test_what_is_not_said_of_a_text_is_as_in_pdfme() -> None:
    text = make_text()
    assert (text.font_size, text.line_height, text.character_spacing) == (13, 1, 0)
    assert (text.alignment, text.vertical_alignment, text.font_color) == (None, "top", None)
    assert (text.overflow, text.text_format, text.font_name) == (None, "plain", "")


def test_cells_are_smaller_than_texts_and_have_air() -> None:
    table = TableField.model_validate(TABLE)
    for style in (table.head_styles, table.body_styles):
        assert (style.font_size, style.vertical_alignment, style.border_color) == (10, "middle", "000000")
        assert style.padding == Sides(top=5, right=5, bottom=5, left=5)


def test_names_are_those_of_pdfme() -> None:
    text = make_text(fontColor="#123456", borderWidth={"top": 1}, dynamicFontSize={"min": 4, "max": 9})
    assert text.font_color == "123456"
    assert text.border_width == Sides(top=1)
    assert text.dynamic_font_size is not None
    assert (text.dynamic_font_size.min, text.dynamic_font_size.fit) == (4, "vertical")


@pytest.mark.parametrize(
    ("written", "read"),
    [("#1a2B3c", "1a2b3c"), ("#abc", "aabbcc"), ("#11223344", "112233"), ("", None), (None, None)],
)
def test_a_colour_is_six_digits_or_none(written: object, read: object) -> None:
    assert make_text(fontColor=written).font_color == read


@pytest.mark.parametrize("written", ["red", "#12", "#12345", "#gggggg", "123456", 7, "#１２３"])
def test_other_colours_are_refused(written: object) -> None:
    faults = list_faults(TextField, {**BOX, "type": "text", "fontColor": written})
    assert faults == [("fontColor", "Value error, must be a colour like #1a2b3c")]


def test_a_property_that_is_null_is_as_one_that_is_not_there() -> None:
    assert make_text(fontSize=None, padding=None, alignment=None, content=None) == make_text()


def test_a_number_that_the_designer_cleared_is_the_default() -> None:
    assert make_text(fontSize="", lineHeight="", characterSpacing="") == make_text()
    shape = ShapeField.model_validate({**BOX, "type": "ellipse", "borderWidth": "", "radius": ""})
    assert (shape.border_width, shape.radius) == (0, 0)


def test_properties_that_only_the_designer_needs_are_passed_over() -> None:
    assert make_text(id="abc", icon="<svg/>", __bodyRange={"start": 1}) == make_text()


def test_fields_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        make_text().width = 5


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("width", -1),
        ("width", 10_001),
        ("height", float("nan")),
        ("rotate", float("inf")),
        ("opacity", 1.5),
        ("fontSize", 1001),
        ("fontSize", -0.1),
        ("lineHeight", 101),
        ("characterSpacing", -1001),
        ("alignment", "middle"),
        ("verticalAlignment", "center"),
        ("overflow", "hidden"),
        ("textFormat", "html"),
        ("content", 5),
        ("position", [1, 2]),
    ],
)
def test_what_is_out_of_bounds_is_refused_by_its_key(key: str, value: object) -> None:
    faults = list_faults(TextField, {**BOX, "type": "text", key: value})
    assert [place for place, _ in faults] == [key]


def test_a_column_needs_a_name_and_a_width() -> None:
    faults = list_faults(TableField, {**TABLE, "headWidthPercentages": [100]})
    assert faults == [
        ("", "Value error, 2 columns in head, 1 in headWidthPercentages; give each column both")
    ]


@pytest.mark.parametrize(
    ("model", "described", "key"),
    [
        (TableField, {**TABLE, "head": ["A"] * (MAX_ENTRIES + 1)}, "head"),
        (TableField, {**TABLE, "headWidthPercentages": ["x"] * 10**5}, "headWidthPercentages"),
        (
            MultiVariableTextField,
            {**BOX, "type": "multiVariableText", "variables": [0] * 10**5},
            "variables",
        ),
        (ColumnStyles, {"alignment": dict.fromkeys(map(str, range(10**4)), "up")}, "alignment"),
    ],
)
def test_very_many_entries_are_one_fault_not_one_each(model: Any, described: object, key: str) -> None:
    [(place, message)] = list_faults(model, described)
    assert place == key
    assert message.endswith(f" entries, more than {MAX_ENTRIES}; remove some")


def test_columns_are_aligned_by_their_number() -> None:
    assert ColumnStyles.model_validate({"alignment": {"0": "right", "2": "center"}}).alignment == {
        0: "right",
        2: "center",
    }


def test_a_page_has_room_between_its_paddings() -> None:
    assert BlankPage.model_validate({"width": 10, "height": 10, "padding": [1, 2, 3, 4]}).padding == (
        1,
        2,
        3,
        4,
    )
    faults = list_faults(BlankPage, {"width": 10, "height": 10, "padding": [5, 0, 5, 0]})
    assert faults == [("", "Value error, padding leaves no room between top and bottom; make it smaller")]


@pytest.mark.parametrize("size", [0, -1, 10_001])
def test_a_page_has_a_size(size: float) -> None:
    assert list_faults(BlankPage, {"width": size, "height": 10, "padding": [0, 0, 0, 0]})


def test_only_blank_pages_have_static_fields() -> None:
    page = BlankPage(width=10, height=10, padding=(0, 0, 0, 0), static_fields=(make_text(),))
    assert Template(name="a", digest="", base=page, pages=((),)).static_fields == (make_text(),)
    assert Template(name="a", digest="", base=b"%PDF", pages=((),)).static_fields == ()
