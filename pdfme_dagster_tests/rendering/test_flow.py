"""What grows pushes what is lower, page breaks fall between units, and nothing is ever lost."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering import flow
from pdfme_dagster.rendering.flow import Placed, flow_pages, is_flowing, place_still, sort_for_drawing
from pdfme_dagster.rendering.lists import draw_list
from pdfme_dagster.rendering.markdown import draw_marked_text
from pdfme_dagster.rendering.page import MM
from pdfme_dagster.rendering.tables import TableLayout, draw_table
from pdfme_dagster.rendering.text import Box, draw_lines, draw_text, set_field
from pdfme_dagster.templates.schema import BlankPage, SelectField, TemplateField, TextField
from pdfme_dagster_tests.rendering.flow_samples import (
    BLANK,
    FRAMELESS,
    LINE,
    list_ranges,
    list_shown,
    load_book,
    make_list,
    make_page,
    make_table,
    make_text,
    make_variables,
    number_rows,
)

ASCENT = LINE * 1900 / 2048


def place(
    *fields: TemplateField, values: Mapping[str, str] | None = None, blank: BlankPage = BLANK
) -> list[list[Placed]]:
    known = values or {}
    return flow_pages([fields], blank, lambda field: known.get(field.name, ""), load_book())


def locate(pages: Sequence[Sequence[Placed]], name: str) -> list[tuple[int, float]]:
    """Return the page, from 0, and the height of each part of a field."""
    return [
        (number, placed.y_mm)
        for number, page in enumerate(pages)
        for placed in page
        if placed.field.name == name
    ]


def at(*places: tuple[int, float]) -> list[object]:
    return [(page, pytest.approx(y)) for page, y in places]


# --- What flows ---


def test_tables_lists_and_expanding_texts_flow() -> None:
    assert is_flowing(make_table())
    assert is_flowing(make_list())
    assert is_flowing(make_text(overflow="expand"))
    assert is_flowing(make_variables("", [], overflow="expand"))


def test_other_fields_do_not_flow() -> None:
    box = {"name": "choice", "position": {"x": 0, "y": 0}, "width": 1, "height": 1}

    assert not is_flowing(make_text())
    assert not is_flowing(SelectField.model_validate({"type": "select", "overflow": "expand", **box}))


def test_still_fields_stay_where_the_template_has_them() -> None:
    fields = (make_text("high", y=2), make_table(y=95))

    placed = place_still(fields)
    assert [(each.field, each.y_mm, each.height_mm, each.part) for each in placed] == [
        (fields[0], 2, 10, None),
        (fields[1], 95, 10, None),
    ]


def test_expanding_text_that_cannot_expand_is_drawn_as_it_is() -> None:
    [placed] = place_still([make_text(overflow="expand")])

    assert isinstance(placed.field, TextField)
    assert placed.field.overflow == "visible"


# --- Places ---


def test_a_field_below_a_grown_table_moves_down_by_the_growth() -> None:
    pages = place(make_table(height=10), make_text("below", y=25), values={"rows": number_rows(9)})

    assert locate(pages, "below") == at((0, 15 + 10 * LINE))


def test_a_table_that_is_shorter_than_its_field_pulls_up_what_is_below() -> None:
    pages = place(make_table(height=40), make_text("below", y=55), values={"rows": number_rows(1)})

    assert locate(pages, "below") == at((0, 15 + 2 * LINE))


def test_an_empty_list_takes_no_room() -> None:
    pages = place(make_list(height=10), make_text("below", y=25))

    assert locate(pages, "below") == at((0, 15))
    assert pages[0][0].part == slice(0, 1)


def test_a_field_beside_a_table_but_lower_moves_too() -> None:
    pages = place(make_table(height=10), make_text("beside", y=12), values={"rows": number_rows(9)})

    assert locate(pages, "beside") == at((0, 2 + 10 * LINE))


def test_fields_at_the_same_height_are_taken_in_the_order_of_the_template() -> None:
    fields = (make_table("left", y=10.005), make_table("right", y=10))
    pages = place(*fields, values={"left": number_rows(4), "right": number_rows(4)})

    assert locate(pages, "left") == at((0, 10.005))
    assert locate(pages, "right") == at((0, 5 * LINE))


def test_a_field_in_the_top_padding_moves_below_it() -> None:
    assert locate(place(make_text(y=2)), "text") == at((0, 10))


def test_a_field_that_straddles_the_bottom_padding_moves_to_the_next_page() -> None:
    assert locate(place(make_text(y=85)), "text") == at((1, 10))


def test_a_field_in_the_bottom_padding_is_as_far_below_the_next_pages_top() -> None:
    assert locate(place(make_text(y=93)), "text") == at((1, 13))


def test_a_field_higher_than_a_page_stands_at_the_top_of_one() -> None:
    pages = place(make_text("tall", y=20, height=120), make_text("below", y=145))

    assert locate(pages, "tall") == at((1, 10))
    assert locate(pages, "below") == at((2, 15))


def test_pages_between_stay_empty_and_those_at_the_end_go() -> None:
    assert [len(page) for page in place(make_text(y=180))] == [0, 0, 1]
    assert place() == [[]]


def test_template_pages_do_not_push_each_other() -> None:
    first, second = make_table(), make_text("second", y=20)
    pages = flow_pages([[first], [], [second]], BLANK, lambda _: number_rows(40), load_book())

    assert [[each.field.name for each in page] for page in pages] == [["rows"], ["rows"], [], ["second"]]
    assert locate(pages, "second") == at((3, 20))


def test_fields_are_drawn_in_the_order_in_which_their_names_come_first() -> None:
    a, b, c = (Placed(field=make_text(name), y_mm=0, height_mm=1) for name in "abc")

    assert sort_for_drawing([[b], [c, a, b], [a, c]]) == [[b], [b, c, a], [c, a]]


def test_fields_keep_the_order_of_the_template_on_each_page() -> None:
    fields = (make_text("low", y=70), make_table("high", y=10))
    pages = place(*fields, values={"high": number_rows(3)})

    assert [each.field.name for each in pages[0]] == ["low", "high"]


# --- Tables over pages ---


def test_a_table_breaks_between_rows() -> None:
    pages = place(make_table(), values={"rows": number_rows(50)})

    assert list_ranges(pages, "rows") == [(0, 0, 21), (1, 21, 43), (2, 43, 50)]
    assert [page[0].is_split for page in pages] == [False, True, True]


def test_repeated_heads_take_room_on_later_pages() -> None:
    pages = place(make_table(repeatHead=True), values={"rows": number_rows(50)})

    assert list_ranges(pages, "rows") == [(0, 0, 21), (1, 21, 42), (2, 42, 50)]


def test_a_head_is_never_alone_at_the_end_of_a_page() -> None:
    pages = place(make_table(y=85, height=1), values={"rows": number_rows(2)})

    assert locate(pages, "rows") == at((1, 10))


def test_a_row_higher_than_a_page_has_a_page_of_its_own() -> None:
    pages = place(make_table(), values={"rows": number_rows(3, lines={1: 60})})

    assert list_ranges(pages, "rows") == [(0, 0, 1), (1, 1, 2), (2, 2, 3)]


@pytest.mark.parametrize("show", [True, None])
@pytest.mark.parametrize("repeat", [True, False])
def test_rows_stay_on_the_paper_where_a_head_is_drawn_that_was_not_counted(
    show: bool | None, repeat: bool
) -> None:
    blank = BlankPage(width=100, height=100, padding=(10, 10, 1, 10))
    head = {**FRAMELESS, "fontSize": 60}
    table = make_table(y=12, showHead=show, repeatHead=repeat, headStyles=head)
    values = {"items": "\n".join("abcdefghi"), "rows": number_rows(60)}

    pages = place(make_list(height=1), table, values=values, blank=blank)
    ranges = list_ranges(pages, "rows")
    assert [row for _, start, end in ranges for row in range(start, end)] == list(range(60))
    assert len({page for page, _, _ in ranges}) == len(ranges)
    for placed in (each for page in pages for each in page if each.field.name == "rows"):
        assert isinstance(placed.layout, TableLayout)
        assert placed.part is not None
        high = placed.layout.measure_rows(placed.part, is_split=placed.is_split)
        assert placed.y_mm + high <= blank.height + 0.01


def test_what_follows_goes_by_the_last_field_that_was_placed() -> None:
    fields = (make_table("long"), make_table("short", y=20, height=30), make_text("below", y=60))
    pages = place(*fields, values={"long": number_rows(9), "short": number_rows(1)})

    # Below the short table as far as in the template, not pushed by the long one a second time.
    assert locate(pages, "below") == at((0, 10 + 10 * LINE + 2 * LINE + 10))


def test_a_template_with_hardly_any_room_is_refused_before_it_fills_the_memory() -> None:
    blank = BlankPage(width=100, height=100, padding=(50, 0, 49.9999, 0))

    with pytest.raises(PermanentError, match="has more than 10000 pages") as caught:
        place(make_text(y=9_000), blank=blank)
    assert caught.value.code == "too_many_pages"


def test_the_bound_holds_for_all_template_pages_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "MAX_PAGES", 5)

    with pytest.raises(PermanentError, match="has more than 5 pages"):
        flow_pages([[make_table()]] * 3, BLANK, lambda _: number_rows(40), load_book())


# --- Texts ---


def test_text_grows_by_its_lines_the_first_as_high_as_its_letters() -> None:
    fields = (make_text(overflow="expand", height=5), make_text("below", y=20))
    pages = place(*fields, values={"text": "a\nb\nc"})

    assert pages[0][0].height_mm == pytest.approx(ASCENT + 2 * LINE)
    assert locate(pages, "below") == at((0, 15 + ASCENT + 2 * LINE))


@pytest.mark.parametrize("value", ["", "short", "two\nlines"])
def test_text_that_fits_keeps_the_height_of_its_field(value: str) -> None:
    [[placed]] = place(make_text(overflow="expand", height=10), values={"text": value})

    assert (placed.height_mm, placed.part) == (10, None)


def test_a_single_line_higher_than_its_field_makes_it_grow() -> None:
    [[placed]] = place(make_text(overflow="expand", height=1), values={"text": "a"})

    assert placed.height_mm == pytest.approx(ASCENT)
    assert placed.part is None


def test_a_box_that_is_split_is_open_where_it_goes_on() -> None:
    sides = {"top": 1, "right": 2, "bottom": 3, "left": 4}
    field = make_text(
        overflow="expand", padding=sides, borderWidth=sides, dynamicFontSize={"min": 1, "max": 9}
    )
    pages = place(field, values={"text": "\n".join("x" * 60)})

    texts = [page[0].field for page in pages]
    assert all(isinstance(text, TextField) for text in texts)
    assert [(text.padding.top, text.border_width.top) for text in texts] == [(1, 1), (0, 0), (0, 0)]  # type: ignore[union-attr]
    assert [(text.padding.bottom, text.border_width.bottom) for text in texts] == [(0, 0), (0, 0), (3, 3)]  # type: ignore[union-attr]
    assert {text.padding.left for text in texts} == {4}  # type: ignore[union-attr]
    assert sum(page[0].height_mm for page in pages) == pytest.approx(ASCENT + 59 * LINE + 8)


def test_marked_text_is_measured_without_its_marks() -> None:
    marked: dict[str, Any] = {
        "textFormat": "inline-markdown",
        "readOnly": True,
        "overflow": "expand",
        "height": 1,
    }
    value = "**about half of the whole width** *and the other half of it*"

    [[read_only]] = place(make_text(**marked), values={"text": value})
    [[editable]] = place(make_text(**{**marked, "readOnly": False}), values={"text": value})
    assert read_only.height_mm == pytest.approx(ASCENT + LINE)
    assert editable.height_mm == pytest.approx(ASCENT + LINE)
    [[short]] = place(make_text(**marked), values={"text": "**a**"})
    assert short.height_mm == pytest.approx(ASCENT)


def test_variables_grow_with_their_values_and_stay_as_they_are_without() -> None:
    field = make_variables("{a} and {b}", ["a", "b"], overflow="expand", height=5)

    [[filled]] = place(field, values={"letter": json.dumps({"a": "1\n2\n3", "b": "4"})})
    [[missing]] = place(field, values={"letter": '{"a": "1\\n2\\n3"}'})
    assert filled.height_mm == pytest.approx(ASCENT + 2 * LINE)
    assert missing.height_mm == 5


# --- Nothing is lost ---

CASES = st.fixed_dictionaries(
    {
        "y": st.floats(0, 250),
        "height": st.floats(0, 100),
        "before": st.integers(0, 30),
        "top": st.floats(0, 49),
        "bottom": st.floats(0, 49),
        "padding": st.floats(0, 12),
        "show": st.sampled_from([True, False, None]),
        "repeat": st.booleans(),
        "count": st.integers(0, 90),
        "lines": st.dictionaries(st.integers(0, 90), st.integers(0, 40), max_size=4),
    }
)


@given(CASES)
def test_every_row_is_on_one_page_in_order_and_drawn(case: dict[str, Any]) -> None:
    style = {"padding": dict.fromkeys(("top", "right", "bottom", "left"), case["padding"])}
    table = make_table(
        y=case["y"],
        height=case["height"],
        showHead=case["show"],
        repeatHead=case["repeat"],
        headStyles=style,
        bodyStyles=style,
    )
    rows = number_rows(case["count"], lines=case["lines"])
    blank = BlankPage(width=100, height=100, padding=(case["top"], 0, case["bottom"], 0))
    values = {"items": "\n".join("i" * case["before"]), "rows": rows}
    pages = place(make_list(height=1), table, make_text("last", y=300), values=values, blank=blank)

    assert [row for _, start, end in list_ranges(pages, "rows") for row in range(start, end)] == list(
        range(case["count"])
    )
    drawn = [text for page in pages for text in _draw_tables(page) if text.startswith("r")]
    assert drawn == [f"r{number}" for number in range(case["count"])]
    assert len(locate(pages, "last")) == 1
    assert all(y >= blank.padding[0] - 0.01 for name in ("rows", "last") for _, y in locate(pages, name))


def _draw_tables(placed: Sequence[Placed]) -> list[str]:
    page = make_page()
    for each in placed:
        if isinstance(each.layout, TableLayout):
            draw_table(page, each, "", load_book())
    return list_shown(page)


@given(st.integers(0, 120), st.floats(0, 250), st.floats(0, 30), st.integers(0, 40))
def test_every_item_and_every_line_is_drawn_once(count: int, y: float, padding: float, before: int) -> None:
    look: dict[str, Any] = {
        "padding": {"top": padding, "bottom": padding},
        "overflow": "expand",
        "lineHeight": 1.2,
    }
    text = make_text("plain", y=y, height=1, **look)
    marked = make_text("marked", y=y + 5, readOnly=True, textFormat="inline-markdown", **look)
    lines = [f"n{number}" for number in range(count)]
    values = {
        "before": number_rows(before),
        "items": json.dumps(lines),
        "plain": "\n".join(lines),
        "marked": "\n".join(f"**{line}**" for line in lines),
    }
    fields = (make_table("before"), make_list("items", y=30), text, marked)

    pages = place(*fields, values=values)
    for name, repeats in (("items", 1), ("plain", 1), ("marked", 3)):
        drawn = [shown for page in pages for each in page for shown in _draw(each, values, name)]
        assert [shown for shown in drawn if shown != "•"] == [line for line in lines for _ in range(repeats)]


def _draw(placed: Placed, values: Mapping[str, str], name: str) -> list[str]:
    page, field = make_page(), placed.field
    if field.name != name:
        return []
    box = Box(x=10 * MM, y=0, width=field.width * MM, height=placed.height_mm * MM)
    if not isinstance(field, TextField):
        draw_list(page, placed, values[name], box, load_book())
    elif field.text_format == "plain":
        setting = set_field(field, load_book().find(""))
        if isinstance(placed.layout, tuple):
            draw_lines(page, placed.layout[placed.part or slice(None)], setting, box)
        else:
            draw_text(page, values[name], setting, box)
    else:
        setting = set_field(field, load_book().find(""))
        draw_marked_text(page, values[name], field, setting, box, load_book(), placed.part)
    return list_shown(page)


@given(CASES)
def test_parts_of_a_field_follow_each_other_without_overlap(case: dict[str, Any]) -> None:
    table = make_table(y=case["y"], repeatHead=case["repeat"])
    pages = place(table, values={"rows": number_rows(case["count"])})

    places = [number for number, page in enumerate(pages) for each in page]
    assert all(one < other for one, other in pairwise(places))
    assert all(each.y_mm + each.height_mm <= 90.02 for page in pages for each in page)
