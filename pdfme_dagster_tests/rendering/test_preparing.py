"""What is wrong with a template is told when it is loaded, all of it, with field and fix."""

import json
from base64 import b64encode
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from pdfme_dagster.errors import TemplateError
from pdfme_dagster.rendering.preparing import find_missing_glyphs, list_font_names, prepare_template
from pdfme_dagster.rendering.shipped_fonts import load_faces
from pdfme_dagster_tests.golden.media import FormPage, form_content, rgb_picture, write_pdf
from pdfme_dagster_tests.rendering.renderers import (
    BLANK,
    make_brush,
    make_field,
    make_fixed,
    make_template,
    make_text,
    read_corpus,
)

PLACE = 'card.json: page 1, field "a": '
FONTS = f"use {', '.join(load_faces())}, or add it under fonts in templates.yaml"
MISSING = "add one to fallback_fonts in templates.yaml, or set missing_glyph to box or drop"
CMYK = {"pdf_a": True}


def list_problems(*fields: dict[str, Any], base: object = BLANK, **options: Any) -> list[str]:
    with pytest.raises(TemplateError) as raised:
        prepare_template(make_template(fields, base=base), make_brush(**options))
    return list(raised.value.problems)


def make_constant(kind: str, content: str, **properties: Any) -> dict[str, Any]:
    return make_field(kind, "a", 5, 5, readOnly=True, content=content, **properties)


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        (
            make_text("a", 5, 5, fontName="Helvetica"),
            f'fontName: font "Helvetica" is not there; {FONTS}',
        ),
        (
            make_field(
                "table", "a", 5, 5, head=["A"], headWidthPercentages=[100], bodyStyles={"fontName": "None"}
            ),
            f'bodyStyles.fontName: font "None" is not there; {FONTS}',
        ),
        (make_constant("image", "data:image/png,abc"), "content: "),
        (make_constant("svg", "<svg"), "content: "),
        (make_constant("ean13", "12"), "content: ean13 "),
        (make_constant("date", "soon"), "content: … is no date; write it like 2025/01/31 or 23:59"),
        (make_constant("text", "{1 +}"), "content: "),
        (make_constant("table", "[", head=["A"], headWidthPercentages=[100]), "content: "),
        (make_field("date", "a", 5, 5, format="yyyy QQ jj"), "format: "),
    ],
)
def test_a_field_that_can_never_be_drawn_is_refused(field: dict[str, Any], problem: str) -> None:
    [found] = list_problems(field)
    assert found.startswith(f"{PLACE}{problem}")


def test_bold_and_italic_can_be_made_unless_that_is_an_error() -> None:
    marked = make_fixed(
        "a",
        5,
        5,
        "**b**",
        textFormat="inline-markdown",
        fontVariants={"bold": "Roboto-Bold"},
        fontVariantFallback="error",
    )
    problems = list_problems(marked)
    assert [problem.removeprefix(PLACE).split(":")[0] for problem in problems] == [
        "fontVariants.italic",
        "fontVariants.bold_italic",
        "fontVariants.code",
    ]
    prepare_template(make_template([{**marked, "fontVariantFallback": "synthetic"}]), make_brush())


def test_a_base_pdf_that_cannot_be_used_is_refused_beside_all_else() -> None:
    problems = list_problems(
        make_text("a", 5, 5, fontName="None"), base="data:application/pdf;base64,JVBERi0xLjQ="
    )
    assert problems[0].startswith("card.json: basePdf: ")
    assert problems[1].startswith(PLACE)


def test_static_fields_are_checked_as_well() -> None:
    base = {**BLANK, "staticSchema": [make_text("a", 5, 5, fontName="None")]}
    [problem] = list_problems(base=base)
    assert problem.startswith('card.json: static, field "a": fontName: ')


def test_all_problems_of_all_fields_are_told_in_their_order() -> None:
    fields = [make_text(name, 5, 5, fontName="None") for name in "abc"]
    assert [problem.split('"')[1] for problem in list_problems(*fields)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "field",
    [
        make_fixed("a", 5, 5, "漢 ☃ b"),
        make_fixed("a", 5, 5, "**漢** ☃", textFormat="inline-markdown"),
        make_field("multiVariableText", "a", 5, 5, text="漢 {name} ☃", variables=["name"]),
        make_field("table", "a", 5, 5, head=["漢", "☃"], headWidthPercentages=[50, 50]),
    ],
)
def test_own_text_without_glyphs_is_refused_only_where_that_is_an_error(field: dict[str, Any]) -> None:
    assert list_problems(field, refuse_missing=True) == [
        f"{PLACE}no font draws U+2603, U+6F22 of its text; {MISSING}"
    ]
    template = make_template([field])
    prepare_template(template, make_brush(refuse_missing=False))
    assert list(find_missing_glyphs(template, make_brush())) == [
        f"{PLACE}no font draws U+2603, U+6F22 of its text; {MISSING}"
    ]


def test_many_missing_glyphs_are_told_by_the_first_ones() -> None:
    field = make_fixed("a", 5, 5, "".join(map(chr, range(0x4E00, 0x4F00))))
    [problem] = list_problems(field, missing="error")
    assert problem.count("U+") == 10


def test_a_mark_that_no_font_has_is_refused_too() -> None:
    [problem] = list_problems(make_fixed("a", 5, 5, "q\u0f35"), missing="error")
    assert "U+0F35" in problem


def test_expressions_are_checked_but_not_what_they_say() -> None:
    fine = [
        make_constant("image", "{logo}"),
        make_constant("code128", "{number}"),
        make_constant("date", "{date}"),
    ]
    for field in fine:
        assert prepare_template(make_template([field]), make_brush()).contents


def test_a_cmyk_picture_does_not_go_into_an_archive() -> None:
    written = BytesIO()
    Image.new("CMYK", (4, 4)).save(written, "JPEG")
    field = make_constant("image", f"data:image/jpeg;base64,{b64encode(written.getvalue()).decode()}")
    [problem] = list_problems(field, **CMYK)
    assert (
        problem
        == f"{PLACE}content: is a CMYK picture, which PDF/A with sRGB colours does not take; save it as RGB"
    )
    prepare_template(make_template([field]), make_brush())


def test_a_template_that_is_fine_keeps_what_was_made_of_it() -> None:
    fields = [
        make_fixed("a", 5, 5, "{currentPage}"),
        make_fixed("b", 5, 5, "plain"),
        make_constant("image", rgb_picture()),
    ]
    drawable = prepare_template(make_template(fields), make_brush())
    assert list(drawable.contents) == ["{currentPage}"]
    assert drawable.base is None
    based = prepare_template(read_corpus("base-pdf"), make_brush())
    assert based.base is not None
    assert based.count_pages() == len(based.base.pages)


def test_a_base_pdf_is_made_smaller_only_if_asked() -> None:
    page = FormPage(media_box=(0, 0, 100, 100), content=form_content(100, 100, "Form"))
    template = make_template([], base=write_pdf(page))
    for optimise in (False, True):
        drawable = prepare_template(template, make_brush(), optimise=optimise)
        assert drawable.count_pages() == 1


def test_fonts_are_listed_once_the_fallback_by_an_empty_name() -> None:
    fields = [
        make_text("a", 5, 5, fontName="Roboto-Bold"),
        make_text("b", 5, 5),
        make_text("c", 5, 5, fontName="Roboto-Bold"),
    ]
    assert list_font_names(make_template(fields)) == ["Roboto-Bold", ""]


def test_messages_stay_short_whatever_a_template_says() -> None:
    assert len(json.dumps(list_problems(make_constant("code39", "ö" * 10**5)))) < 500
    assert len(json.dumps(list_problems(make_constant("date", "x" * 10**5)))) < 500
