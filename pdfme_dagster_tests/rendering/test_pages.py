"""Each field has its value on each page, and pages are drawn in the template's order."""

import datetime as dt
from typing import Any

import pytest

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering.page import MM, Page
from pdfme_dagster.rendering.pages import Drawable, Values, draw_input, require_inputs, start_page
from pdfme_dagster.rendering.preparing import prepare_template
from pdfme_dagster_tests.rendering.flow_samples import list_shown
from pdfme_dagster_tests.rendering.renderers import (
    BLANK,
    make_brush,
    make_field,
    make_fixed,
    make_template,
    make_text,
    read_corpus,
)

DAY = dt.date(2025, 9, 21)


def prepare(*pages: Any, base: object = BLANK) -> Drawable:
    return prepare_template(make_template(*pages, base=base), make_brush())


def draw(drawable: Drawable, inputs: dict[str, str], day: dt.date | None = None) -> list[list[str]]:
    return [list_shown_anyhow(page) for page in draw_input(drawable, inputs, day)]


def list_shown_anyhow(page: Page) -> list[str]:
    """Return the texts of a page, whichever way they were written."""
    page.operators[:] = [operator.replace(")Tj", ") Tj") for operator in page.operators]
    return list_shown(page)


def test_a_field_shows_its_input_and_a_read_only_one_its_content() -> None:
    drawable = prepare([make_text("a", 5, 5, content="not a default"), make_fixed("b", 5, 15, "fixed")])
    assert draw(drawable, {"a": "input", "b": "passed over"}) == [["input", "fixed"]]
    assert draw(drawable, {}) == [["fixed"]]


def test_expressions_know_the_page_the_day_and_the_inputs() -> None:
    page = [make_fixed("a", 5, 5, "{currentPage}/{totalPages} {date} {name}"), make_text("name", 5, 15)]
    drawable = prepare(page, page)
    assert draw(drawable, {"name": "x"}, DAY) == [["1/2 2025/09/21 x", "x"], ["2/2 2025/09/21 x", "x"]]
    assert draw(drawable, {"name": "x"})[0][0] == "1/2  x"


def test_static_fields_are_below_all_others_on_every_page() -> None:
    static = [make_fixed("s", 5, 50, "static {currentPage}"), make_text("t", 5, 60, content="as it is {x}")]
    drawable = prepare([make_text("a", 5, 5)], [make_text("a", 5, 5)], base={**BLANK, "staticSchema": static})
    assert draw(drawable, {"a": "1", "t": "passed over"}) == [
        ["static 1", "as it is {x}", "1"],
        ["static 2", "as it is {x}", "1"],
    ]


def test_fields_are_drawn_by_name_in_the_order_of_their_first_page() -> None:
    drawable = prepare(
        [make_text("b", 5, 5), make_text("a", 5, 15)], [make_text("a", 5, 5), make_text("b", 5, 15)]
    )
    assert draw(drawable, {"a": "A", "b": "B"}) == [["B", "A"], ["B", "A"]]


def test_a_page_has_the_templates_size_or_the_base_pdfs() -> None:
    page = start_page(prepare([]), 0)
    assert (page.width, page.height, page.form) == (100 * MM, 80 * MM, None)
    drawable = prepare_template(read_corpus("base-pdf"), make_brush())
    assert drawable.base is not None
    based = start_page(drawable, 0)
    assert (based.width, based.height, based.form) == (
        drawable.base.pages[0].width,
        drawable.base.pages[0].height,
        0,
    )
    assert len(based.links) == len(drawable.base.pages[0].links)


def test_pages_are_those_of_the_base_pdf_whatever_the_template_has() -> None:
    template = read_corpus("base-pdf")
    drawable = prepare_template(template, make_brush())
    assert drawable.base is not None
    assert drawable.count_pages() == len(drawable.base.pages) == len(drawable.still_pages)
    assert len(draw_input(drawable, {})) == len(drawable.base.pages)


def test_required_fields_need_a_value_from_any_input() -> None:
    template = make_template([make_text("a", 5, 5, required=True), make_fixed("b", 5, 5, "", required=True)])
    require_inputs(template, [{}, {"a": "x"}])
    for inputs in ({}, {"a": ""}, {"b": "x"}):
        with pytest.raises(
            PermanentError, match=r'template card\.json: field "a" is required and has no value'
        ) as raised:
            require_inputs(template, [inputs])
        assert raised.value.code == "missing_value"


def test_a_template_flows_only_on_blank_pages() -> None:
    table = make_field("table", "t", 5, 5, head=["A"], headWidthPercentages=[100])
    assert prepare([table]).flows
    assert not prepare([make_text("a", 5, 5)]).flows
    based = prepare_template(read_corpus("table-over-pdf"), make_brush())
    assert not based.flows


def test_a_field_that_was_pushed_down_is_drawn_where_it_stands_now() -> None:
    table = make_field("table", "t", 5, 5, head=["A"], headWidthPercentages=[100], content="[]")
    drawable = prepare([table, make_text("below", 5, 30)])
    one, many = (
        draw_input(drawable, {"t": rows, "below": "below"})[-1].anchors["below"][1]
        for rows in ('[["1"]]', '[["1"], ["2"], ["3"]]')
    )
    assert many < one


def test_values_are_worked_out_once_for_a_page() -> None:
    drawable = prepare([make_fixed("a", 5, 5, "{name} {currentPage}")])
    values = Values(drawable, {"name": "x"}, number=3, count=9, day=None)
    [field] = drawable.template.pages[0]
    assert values.find(field) == values.find_fixed(field) == "x 3"


def test_short_cuts_are_found_once_for_a_page_height() -> None:
    drawable = prepare([make_text("a", 5, 5)])
    assert drawable.find_slots(200) is drawable.find_slots(200)
    assert drawable.find_slots(200) is not drawable.find_slots(300)
