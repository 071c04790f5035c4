"""Lists: items read, markers counted, heights as pdfme counts them, items drawn below each other."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering import lists
from pdfme_dagster.rendering.flow import Placed
from pdfme_dagster.rendering.lists import draw_list, lay_list, list_units, read_items
from pdfme_dagster.rendering.page import MM, Page
from pdfme_dagster.rendering.text import Box
from pdfme_dagster.templates.schema import ListField
from pdfme_dagster_tests.rendering.flow_samples import LINE, list_shown, load_book, make_list, make_page


def draw(field: ListField, value: str, items: slice | None = None) -> Page:
    page = make_page()
    box = Box(x=10 * MM, y=10 * MM, width=80 * MM, height=80 * MM)
    draw_list(page, Placed(field=field, y_mm=10, height_mm=80, part=items), value, box, load_book())
    return page


def list_places(page: Page) -> list[tuple[float, float]]:
    """Return where each text begins, in millimetres from the page's left and its first line's top."""
    found = re.findall(r"1 0 0 1 (\S+) (\S+) Tm", "\n".join(page.operators))
    first = float(found[0][1])
    return [(float(x) / MM, (first - float(y)) / MM) for x, y in found]


@pytest.mark.parametrize(
    ("value", "items"),
    [
        ('["a", "b"]', ["a", "b"]),
        (' ["a", 1.50, true, null] ', ["a", "1.5", "true", "null"]),
        ("a\nb\r\n\tc\r\rd", ["a", "b", "\tc", "", "d"]),
        ("", []),
        (" \n\t ", []),
        ("[]", []),
        ("[a, b]", ["[a, b]"]),
        ('{"a": 1}', ['{"a": 1}']),
        ("5", ["5"]),
        ("[1, 2", ["[1, 2"]),
    ],
)
def test_items_are_those_of_an_array_else_the_lines(value: str, items: list[str]) -> None:
    assert read_items(value, make_list()) == items


def test_an_item_that_is_no_text_is_refused_without_quoting_it() -> None:
    with pytest.raises(PermanentError, match='field "items": item 2 is neither text nor number') as caught:
        read_items('["a", ["secret"]]', make_list())

    assert caught.value.code == "bad_field_value"


def test_more_items_than_the_bound_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MAX_ITEMS", 3)

    with pytest.raises(PermanentError, match="has 4 items, more than 3"):
        read_items("a\nb\nc\nd", make_list())


def test_numbers_begin_anew_below_each_item_of_a_higher_level() -> None:
    items = ["a", "\tb", "\tc", "\t\td", "e", "\tf", "\t" * 20 + "g"]
    layout = lay_list(make_list(listStyle="ordered"), items, load_book())

    assert [item.marker for item in layout.items] == ["1.", "1.", "2.", "1.", "2.", "1.", "1."]
    assert [item.level for item in layout.items] == [0, 1, 1, 2, 0, 1, 8]


def test_an_item_is_as_high_as_its_lines_and_the_space_below() -> None:
    layout = lay_list(make_list(itemSpacing=2), ["a", "b\nc", ""], load_book())

    assert list_units(layout) == pytest.approx([LINE + 2, 2 * LINE + 2, LINE])


def test_an_empty_list_is_one_unit_of_nothing() -> None:
    assert list_units(lay_list(make_list(), [], load_book())) == [0]


def test_deeper_items_have_less_room() -> None:
    text = "about half of the whole width"
    layout = lay_list(make_list(indentSize=30), [text, f"\t{text}"], load_book())

    assert list_units(layout) == pytest.approx([LINE, 2 * LINE])


def test_a_list_without_room_still_ends() -> None:
    layout = lay_list(make_list(width=5), ["abc"], load_book())

    assert layout.items[0].height_mm >= 3 * LINE - 0.01


def test_markers_end_where_the_gap_begins_and_texts_stand_behind() -> None:
    page = draw(make_list(), '["a", "\\tb"]')
    bullet = load_book().find("").measure("•") * 10 / MM

    assert list_shown(page)[1::2] == ["a", "b"]
    expected = [(16 - bullet, 0), (18, 0), (22 - bullet, LINE), (24, LINE)]
    assert [place for pair in list_places(page) for place in pair] == pytest.approx(
        [place for pair in expected for place in pair], abs=0.001
    )


def test_a_part_keeps_the_numbers_of_the_whole_list() -> None:
    page = draw(make_list(listStyle="ordered"), "a\nb\nc\nd", slice(2, 4))

    assert list_shown(page) == ["3.", "c", "4.", "d"]


def test_the_background_is_drawn_once_and_not_for_an_empty_list() -> None:
    field = make_list(backgroundColor="#ff0000")

    assert sum(" re f" in each for each in draw(field, "a\nb").operators) == 1
    assert draw(field, "").operators == []


def test_an_empty_item_has_a_marker() -> None:
    assert len(list_shown(draw(make_list(), "a\n\nb"))) == 5


@given(st.lists(st.text("ab \t", max_size=60), max_size=12), st.integers(0, 12))
def test_parts_together_show_every_item_once(items: list[str], cut: int) -> None:
    field = make_list(listStyle="ordered", width=40)
    value = "\n".join(items)
    parts = [draw(field, value, part) for part in (slice(0, cut), slice(cut, None))]

    together = [text for part in parts for text in list_shown(part)]
    assert together == list_shown(draw(field, value))
    assert re.sub(r"[\s\d.]", "", "".join(together)) == re.sub(r"\s", "", value)
