"""The short cut for plain lines shows what the long way shows, or leaves a text to it."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pdfme_dagster.rendering import plain_text
from pdfme_dagster.rendering.faces import Face
from pdfme_dagster.rendering.fields import Brush, draw_field
from pdfme_dagster.rendering.font_book import FontBook
from pdfme_dagster.rendering.page import Page
from pdfme_dagster.rendering.placed import Placed
from pdfme_dagster.rendering.plain_text import CLOSE, Slot, Slots, SlotSet
from pdfme_dagster.rendering.shipped_fonts import load_face
from pdfme_dagster.templates.schema import SelectField, TextField
from pdfme_dagster_tests.rendering.tiny_fonts import HEBREW, build_font, make_face

PAGE_HEIGHT = 300.0
FONTS = {
    "Roboto": load_face("Roboto"),
    "Bold": load_face("Roboto-Bold"),
    "Uneven": Face(
        build_font({sign: 300 + 40 * n for n, sign in enumerate("0123456789.,abfi")}), name="Uneven"
    ),
    "Few": make_face("ab"),
    "Hebrew": make_face(HEBREW),
}
BRUSH = Brush(book=FontBook(FONTS, fallback="Roboto", stand_ins=[load_face("NotoSansArabic")]))


class Shown(NamedTuple):
    """A line as a viewer shows it."""

    font: str
    size: float
    color: str
    place: tuple[float, ...]
    text: str


def make_field(**properties: object) -> TextField:
    described: dict[str, Any] = {
        "name": "amount",
        "type": "text",
        "position": {"x": 10, "y": 20},
        "width": 30,
        "height": 6,
        "fontSize": 9,
    }
    return TextField.model_validate(described | properties)


def find_slot(field: TextField, brush: Brush = BRUSH) -> Slot | None:
    return Slots(brush, PAGE_HEIGHT).find(field)


def make_slot(**properties: object) -> Slot:
    slot = find_slot(make_field(**properties))
    assert slot is not None
    return slot


def draw_slowly(field: TextField, text: str) -> list[Shown]:
    page = Page(width=200, height=PAGE_HEIGHT, font_names=BRUSH.book.resource_names)
    draw_field(page, Placed(field=field, y_mm=field.position.y, height_mm=field.height), text, BRUSH)
    return read_operators(page.operators)


def read_operators(operators: Sequence[str]) -> list[Shown]:
    """Return what operators show, in whatever order they set font, colour and place."""
    shown = []
    for block in re.findall(r"BT (.*?) ET", "\n".join(operators), re.DOTALL):
        font, size = re.findall(r"/(\S+) (\S+) Tf", block)[0]
        [color] = re.findall(r"(\S+ \S+ \S+) rg", block)
        [matrix] = re.findall(r"((?:\S+ ){6})Tm", block)
        [text] = re.findall(r"Tm[^(]*\((.*)\) ?Tj", block, re.DOTALL) or [block]
        shown.append(Shown(font, float(size), color, tuple(map(float, matrix.split())), text))
    return shown


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "alignment": st.sampled_from(["left", "center", "right", "justify"]),
        "verticalAlignment": st.sampled_from(["top", "middle", "bottom"]),
        "fontName": st.sampled_from(list(FONTS)),
        "fontSize": st.sampled_from([0, 0.3, 6, 7.125, 9, 40]),
        "lineHeight": st.sampled_from([0, 0.8, 1, 1.5]),
        "fontColor": st.sampled_from(["#123456", "#ff0000"]),
        "overflow": st.sampled_from(["visible", "shrink", "clip", "ellipsis"]),
        "padding": st.just({"top": 1, "right": 2, "bottom": 1.5, "left": 0.5}),
        "borderWidth": st.just({"top": 0.5, "right": 0.25, "bottom": 0, "left": 1}),
        "characterSpacing": st.sampled_from([0, 1]),
        "underline": st.booleans(),
        "width": st.sampled_from([0, 3, 30, 90]),
        "height": st.sampled_from([0, 2, 6, 30]),
    },
)
TEXTS = (
    st.text(max_size=12)
    | st.text("0123456789.,- ", max_size=14)
    | st.text("fila 0()\\é", max_size=12)
    | st.sampled_from(
        ["12,345.678", "21/09/2025", "SHOP 0001 SEEF", "office", "  x", "x  ", "\0", "a\nb", "ab " * 40]
    )
)


@given(FIELDS, TEXTS)
@example({}, "(a)")
@example({"fontName": "Few"}, "ab")
@example({"overflow": "shrink", "height": 2}, "12")
def test_the_short_cut_shows_what_the_long_way_shows(properties: dict[str, object], text: str) -> None:
    field = make_field(**properties)
    slot = find_slot(field)
    written = None if slot is None else slot.write(text)
    if slot is not None and written is not None:
        assert read_operators([f"BT {slot.start} {written} ET"]) == draw_slowly(field, text)


def write_together(slots: Sequence[Slot], inputs: Mapping[str, str]) -> list[str | None]:
    """Return the operators of each text, None where it is left to the long way."""
    filled = SlotSet(slots).fill(inputs)
    written = [
        text and f"{begun.removeprefix(CLOSE)}{text})Tj"
        for begun, text in zip(filled.begins, filled.texts, strict=True)
    ]
    return [None if place in filled.others else text for place, text in enumerate(written)]


@given(st.lists(st.tuples(FIELDS, TEXTS), max_size=5))
def test_texts_looked_at_together_are_shown_as_the_long_way_shows_each(
    described: list[tuple[dict[str, object], str]],
) -> None:
    fields = [make_field(name=str(number), **each) for number, (each, _) in enumerate(described)]
    slots = [slot for slot in map(find_slot, fields) if slot is not None]
    inputs = {field.name: text for field, (_, text) in zip(fields, described, strict=True)}
    for written_before in ({}, dict.fromkeys(inputs, "0.000")):
        write_together(slots, written_before)
        for slot, written in zip(slots, write_together(slots, inputs), strict=True):
            if written is not None:
                shown = read_operators([f"BT {slot.start} {written} ET"] if written else [])
                assert shown == draw_slowly(fields[int(slot.name)], inputs[slot.name])


@pytest.mark.parametrize("alignment", ["left", "right"])
def test_texts_are_joined_with_what_stands_between_them(alignment: str) -> None:
    slots = [make_slot(name=name, alignment=alignment) for name in "abcd"]
    filled = SlotSet([*slots[:3], f"{CLOSE}1 g(", slots[3]]).fill({"a": "1.00", "c": "", "d": "(2)"})
    assert filled.others == []
    assert f"(){CLOSE}" not in filled.join()
    assert f"({filled.join()})Tj" == f"()Tj\n{slots[0].write('1.00')}\n1 g()Tj\n{slots[3].write('(2)')}"


def test_operators_between_texts_take_no_input() -> None:
    assert SlotSet(["q", "Q"]).fill({"": "text", "q": "text"}).join() == "qQ"


@pytest.mark.parametrize("alignment", [None, "left", "center", "right", "justify"])
@pytest.mark.parametrize("text", ["12,345.678", "21/09/2025", "SHOP 0001 SEEF", "coffee (2)", "Café"])
def test_what_statements_print_takes_the_short_cut(alignment: str | None, text: str) -> None:
    slot = make_slot(alignment=alignment, width=60)
    written = slot.write(text)
    assert written is not None
    assert write_together([slot], {"amount": text}) == [written]


def test_a_missing_text_is_written_as_nothing() -> None:
    slots = [make_slot(name="a"), make_slot(name="b"), make_slot(name="c")]
    first, second, third = write_together(slots, {"a": "1", "c": ""})
    assert first
    assert (second, third) == ("", "")
    assert write_together([], {"a": "1"}) == []


@pytest.mark.parametrize("text", ["a\0b", "\0", "a\0", "1\n2", "1 ", " ", "é", "(1)", "fi", "ب", "x" * 500])
def test_one_text_that_is_not_plain_leaves_the_others_as_they_are(text: str) -> None:
    slots = [make_slot(name=name) for name in "abc"]
    written = write_together(slots, {"a": "1.000", "b": text, "c": "2.000"})
    assert [written[0], written[2]] == [slots[0].write("1.000"), slots[2].write("2.000")]
    assert written[0] is not None
    assert written[2] is not None


@pytest.mark.parametrize(
    "properties",
    [
        {"rotate": 5},
        {"opacity": 0.5},
        {"backgroundColor": "#ffffff"},
        {"borderColor": "#000000", "borderWidth": {"top": 1}},
        {"underline": True},
        {"strikethrough": True},
        {"characterSpacing": 1},
        {"dynamicFontSize": {"min": 1, "max": 5}},
        {"overflow": "clip"},
        {"overflow": "shrink", "height": 2},
        {"readOnly": True, "textFormat": "inline-markdown"},
        {"fontSize": 0},
        {"fontName": "Hebrew"},
    ],
)
def test_what_is_not_simple_has_no_slot(properties: dict[str, object]) -> None:
    assert find_slot(make_field(**properties)) is None


def test_selects_have_slots_too_and_borders_without_a_colour_are_none() -> None:
    select = SelectField.model_validate(make_field().model_dump(by_alias=True) | {"type": "select"})
    assert Slots(BRUSH, PAGE_HEIGHT).find(select) is not None
    assert find_slot(make_field(borderWidth={"top": 1})) is not None


def test_a_text_too_wide_for_its_line_is_left_to_the_long_way() -> None:
    slot = make_slot(width=10)
    assert slot.write("1.000") is not None
    assert slot.write("1,000,000,000.000") is None
    assert slot[b"0,000,000,000.000"] is None


def test_shapes_are_remembered_only_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_text, "_REMEMBERED_SHAPES", 10)
    slot = make_slot(alignment="right")
    texts = SlotSet([slot])
    for number in range(200):
        texts.fill({"amount": "x" * (number % 37)})
        assert len(slot) <= 10
    texts.fill({"amount": "x" * 5000})
    assert max(map(len, slot)) < 500


def test_where_digits_are_uneven_shapes_decide_nothing() -> None:
    slot = make_slot(fontName="Uneven", alignment="right")
    one, other = (write_together([slot], {"amount": text})[0] for text in ("1.1", "9.9"))
    assert one is not None
    assert other is not None
    assert one.split("(")[0] != other.split("(")[0]


@pytest.mark.parametrize("unit", ["a", "f", "of ", "0,000.000 ", " ", "(", "\0"])
def test_long_texts_take_one_pass(unit: str) -> None:
    slots = [make_slot(name=name, alignment="right") for name in "ab"]
    started = time.process_time()
    for end in ("ب", "fi", "\0", ""):
        write_together(slots, {"a": unit * (100_000 // len(unit)) + end, "b": "1"})
    assert time.process_time() - started < 1
