"""Tables: rows read without loss, heights as pdfme counts them, cells drawn where they belong."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering import tables
from pdfme_dagster.rendering.flow import Placed
from pdfme_dagster.rendering.page import MM, MM_PER_POINT, Page
from pdfme_dagster.rendering.tables import draw_rows, draw_table, lay_table, list_units, read_rows
from pdfme_dagster.templates.schema import TableField
from pdfme_dagster_tests.rendering.flow_samples import (
    BLANK,
    FRAMELESS,
    LINE,
    list_shown,
    load_book,
    make_page,
    make_table,
    number_rows,
)

NARROW: dict[str, Any] = {"headWidthPercentages": [10, 10]}
BORDERED = {**FRAMELESS, "borderWidth": {"top": 0.5, "right": 0.25, "bottom": 0.5, "left": 0.25}}


def draw(field: TableField, value: str, *, rows: slice | None = None, is_split: bool = False) -> Page:
    page = make_page()
    placed = Placed(field=field, y_mm=10, height_mm=10, part=rows, is_split=is_split)
    draw_table(page, placed, value, load_book())
    return page


# --- Reading ---


def test_an_empty_value_is_a_table_without_rows() -> None:
    assert read_rows("", make_table()) == ()


def test_numbers_truths_and_null_become_the_texts_that_pdfme_prints() -> None:
    value = "[[1.50, true], [null, 1e21], [-0, 12345678901234567890], [0.1, 1e-7]]"

    assert read_rows(value, make_table()) == (
        ("1.5", "true"),
        ("null", "1e+21"),
        ("0", "12345678901234567890"),
        ("0.1", "1e-7"),
    )


def test_a_short_row_is_filled_up_with_empty_cells() -> None:
    assert read_rows('[["a"], []]', make_table()) == (("a", ""), ("", ""))


def test_empty_cells_beyond_the_last_column_are_dropped() -> None:
    assert read_rows('[["a", "b", "", ""]]', make_table()) == (("a", "b"),)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("[[1, 2", "its value is no JSON"),
        ("[[NaN, 2]]", "its value is no JSON"),
        ("[[1e999, 2]]", "its value is no JSON"),
        ('{"a": 1}', "its value is no JSON array"),
        ('["secret"]', "row 1 is no array"),
        ('[["a", "b"], ["a", "b", "secret"]]', "row 2 has 3 cells for 2 columns"),
        ('[["a", ["secret"]]]', "row 1, cell 2 is neither text nor number"),
        ('[[{"secret": 1}, "b"]]', "row 1, cell 1 is neither text nor number"),
        ("[" * 100_000, "its value is no JSON"),
    ],
)
def test_what_is_no_rows_is_refused_with_the_field_and_without_quoting_it(value: str, reason: str) -> None:
    with pytest.raises(PermanentError, match=re.escape(f'field "rows": {reason}; give rows like')) as caught:
        read_rows(value, make_table())

    assert caught.value.code == "bad_field_value"
    assert "secret" not in str(caught.value)


def test_more_rows_than_the_bound_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_ROWS", 3)

    with pytest.raises(PermanentError, match="has 4 rows of 2 cells"):
        read_rows(number_rows(4), make_table())


def test_half_a_surrogate_pair_does_not_get_on_the_page() -> None:
    assert read_rows(r'[["a\ud800", "b"]]', make_table()) == (("a\ufffd", "b"),)


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=8))
def test_every_text_comes_out_of_json_as_it_went_in(rows: list[list[str]]) -> None:
    expected = tuple(tuple(re.sub("[\ud800-\udfff]", "\ufffd", cell) for cell in row) for row in rows)

    assert read_rows(json.dumps(rows), make_table()) == expected


# --- Measuring ---


def test_a_row_is_as_high_as_its_highest_cell() -> None:
    layout = lay_table(make_table(), (("a", "b"), ("a\nb\nc", "d"), ("", "")), load_book())

    assert [row.height_mm for row in layout.rows] == pytest.approx([LINE, 3 * LINE, LINE])


def test_padding_and_border_count_for_the_height_and_narrow_the_text() -> None:
    padded = {
        "padding": {"top": 1, "right": 15, "bottom": 2, "left": 15},
        "borderWidth": {"top": 0.5, "right": 0, "bottom": 0.25, "left": 0},
    }
    layout = lay_table(make_table(bodyStyles=padded), (("two words", ""),), load_book())

    assert layout.rows[0].height_mm == pytest.approx(2 * LINE + 3.75)
    assert layout.body.columns[0].text_width == pytest.approx(10 * MM)


def test_cells_without_a_style_have_five_millimetres_of_padding() -> None:
    layout = lay_table(make_table(bodyStyles={}), (("a", "b"),), load_book())

    assert layout.rows[0].height_mm == pytest.approx(LINE + 10)


def test_units_are_the_head_and_each_row() -> None:
    layout = lay_table(make_table(), (("a", "b"), ("c\nd", "e")), load_book())

    assert list_units(layout, BLANK) == pytest.approx([LINE, LINE, 2 * LINE])


def test_a_table_without_a_head_has_a_first_unit_of_nothing() -> None:
    layout = lay_table(make_table(showHead=False), (("a", "b"),), load_book())

    assert list_units(layout, BLANK) == pytest.approx([0, LINE])


def test_a_head_that_is_not_asked_for_is_drawn_but_not_counted() -> None:
    field = make_table(showHead=None)
    layout = lay_table(field, (("a", "b"),), load_book())

    assert list_units(layout, BLANK) == pytest.approx([0, LINE])
    assert list_shown(draw(field, '[["a", "b"]]')) == ["A", "B", "a", "b"]


def test_the_first_row_of_each_later_page_carries_a_repeated_head() -> None:
    layout = lay_table(make_table(repeatHead=True), read_rows(number_rows(50), make_table()), load_book())

    # 80 mm less half a millimetre for safety hold 22 lines of 3.528 mm.
    units = list_units(layout, BLANK)
    assert [place for place, unit in enumerate(units) if unit > 1.5 * LINE] == [22, 43]
    assert sum(units) == pytest.approx(53 * LINE)


def test_a_row_higher_than_a_page_does_not_hang_the_count() -> None:
    rows = read_rows(number_rows(3, lines={1: 60}), make_table())
    layout = lay_table(make_table(repeatHead=True), rows, load_book())

    assert list_units(layout, BLANK) == pytest.approx([LINE, LINE, 61 * LINE, 2 * LINE])


# --- Drawing ---


def test_head_and_rows_are_drawn_from_left_to_right() -> None:
    page = draw(make_table(), number_rows(2))

    assert list_shown(page) == ["A", "B", "r0", "x", "r1", "x"]


def test_wrapped_cells_keep_their_place_in_the_reading_order() -> None:
    page = draw(make_table(head=["A", "B", "C"], headWidthPercentages=[30, 30, 30]), '[["a", "b\\nc", "d"]]')

    assert list_shown(page)[3:] == ["a", "b", "c", "d"]


def test_a_later_part_has_a_head_only_when_heads_are_repeated() -> None:
    rows, value = slice(1, 2), number_rows(3)

    assert list_shown(draw(make_table(), value, rows=rows, is_split=True)) == ["r1", "x"]
    repeated = draw(make_table(repeatHead=True), value, rows=rows, is_split=True)
    assert list_shown(repeated) == ["A", "B", "r1", "x"]
    hidden = draw(make_table(repeatHead=True, showHead=False), value, rows=rows, is_split=True)
    assert list_shown(hidden) == ["r1", "x"]


def test_stripes_run_through_over_pages() -> None:
    striped = {**FRAMELESS, "backgroundColor": "#ffffff", "alternateBackgroundColor": "#ff0000"}
    field, value = make_table(showHead=False, bodyStyles=striped), number_rows(4)

    def list_fills(rows: slice) -> list[str]:
        drawn = "\n".join(draw(field, value, rows=rows).operators)
        return re.findall(r"(1 [01] [01]) rg\n", drawn)

    assert list_fills(slice(0, 4)) == ["1 0 0", "1 1 1", "1 0 0", "1 1 1"]
    assert list_fills(slice(1, 3)) == ["1 1 1", "1 0 0"]


def test_even_rows_have_no_background_when_there_is_no_alternate_one() -> None:
    plain = {**FRAMELESS, "backgroundColor": "#ff0000"}
    page = draw(make_table(showHead=False, bodyStyles=plain), number_rows(3))

    assert "\n".join(page.operators).count("1 0 0 rg") == 1


def test_borders_lie_inside_the_cell_and_are_black_unless_told() -> None:
    field = make_table(showHead=False, head=["A"], headWidthPercentages=[50], bodyStyles=BORDERED)
    page = draw(field, '[["a"]]')
    top, high, left, right = page.height - 10 * MM, LINE * MM + MM, 10 * MM, 50 * MM

    upper, middle, lower = top - 0.25 * MM, top - high / 2, top - high + 0.25 * MM
    assert page.operators[0].splitlines() == [
        "0 0 0 RG",
        f"{0.5 * MM:.3f} w {left:.3f} {upper:.3f} m {right:.3f} {upper:.3f} l S",
        f"{0.5 * MM:.3f} w {left:.3f} {lower:.3f} m {right:.3f} {lower:.3f} l S",
        f"{high:.3f} w",
        f"{left:.3f} {middle:.3f} m {left + 0.25 * MM:.3f} {middle:.3f} l S",
        f"{right - 0.25 * MM:.3f} {middle:.3f} m {right:.3f} {middle:.3f} l S",
    ]


@pytest.mark.parametrize("color", ["", "#00ff00"])
def test_borders_take_their_colour_and_none_without_one(color: str) -> None:
    page = draw(make_table(bodyStyles={**BORDERED, "borderColor": color}), number_rows(1))

    assert (" RG" in "\n".join(page.operators)) == bool(color)


def test_the_frame_is_around_all_that_is_drawn_on_the_page() -> None:
    field = make_table(tableStyles={"borderWidth": 1, "borderColor": "#0000ff"})
    page = draw(field, number_rows(5), rows=slice(0, 2))

    height = 3 * LINE * MM - MM
    box = f"{10.5 * MM:.3f} {page.height - 10 * MM - MM / 2 - height:.3f} {79 * MM:.3f} {height:.3f} re S"
    assert page.operators[-1].endswith(f"0 0 1 RG {box}")


def test_columns_are_aligned_one_by_one_in_head_and_body() -> None:
    page = draw(make_table(columnStyles={"alignment": {"1": "right"}}), '[["abc", "abc"]]')
    width = load_book().find("").measure("abc") * 10

    lefts = [float(x) for x in re.findall(r"1 0 0 1 (\S+) \S+ Tm", page.operators[-1])]
    assert lefts == pytest.approx([10 * MM, 90 * MM - width], abs=0.001)


def test_text_that_needs_more_than_the_basic_set_is_drawn_by_glyph_numbers() -> None:
    page = draw(make_table(), json.dumps([["Ωmega", "Arabic محمد"]]))

    [face] = page.glyphs
    assert set("Ω") <= set(page.glyphs[face].values())
    assert page.basic_faces


def test_character_spacing_ends_with_the_row() -> None:
    page = draw(make_table(bodyStyles={**FRAMELESS, "characterSpacing": 1.5}), number_rows(1))

    assert "1.5000 Tc" in page.operators[-1]
    assert page.operators[-1].endswith("0 Tc ET")


def test_a_table_without_columns_draws_nothing() -> None:
    page = draw(make_table(head=[], headWidthPercentages=[]), "[[], []]")

    assert list_shown(page) == []


@given(st.lists(st.lists(st.text("ab \n-é9", max_size=40), min_size=2, max_size=2), max_size=12))
def test_every_letter_of_every_cell_is_drawn_once(rows: list[list[str]]) -> None:
    field = make_table(showHead=False, **NARROW)
    layout = lay_table(field, read_rows(json.dumps(rows), field), load_book())
    page = make_page()
    draw_rows(page, layout, slice(None), y_mm=10, is_split=False)

    drawn = "".join(list_shown(page))
    written = "".join("".join(row) for row in rows)
    assert re.sub(r"\s", "", drawn) == re.sub(r"\s", "", written)


def test_heights_of_lines_are_millimetres_of_the_font_size() -> None:
    field = make_table(bodyStyles={**FRAMELESS, "fontSize": 8, "lineHeight": 1.25})
    layout = lay_table(field, (("a\nb", ""),), load_book())

    assert layout.rows[0].height_mm == pytest.approx(2 * MM_PER_POINT * 8 * 1.25)
