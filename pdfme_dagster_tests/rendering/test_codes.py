"""Codes in a box: operators, labels, colours, and refusals that say what a code wants."""

import re
import subprocess
import sys
import zlib
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering import codes
from pdfme_dagster.rendering.codes import CODE_TYPES, check_code, convert_color, draw_code
from pdfme_dagster.rendering.figure import Figure, format_number

_VALUES = {
    "qrcode": "https://example.org/",
    "japanpost": "6540123789-A-K-Z",
    "ean13": "2112345678900",
    "ean8": "02345673",
    "code39": "THIS IS CODE 39",
    "code128": "This is Code 128!",
    "nw7": "A0123456789B",
    "itf14": "04601234567893",
    "upca": "416000336108",
    "upce": "00123457",
    "gs1datamatrix": "(01)03453120000011(17)191125(10)ABCD1234",
    "pdf417": "This is PDF417!",
}
_WITHOUT_TEXT = {"qrcode", "gs1datamatrix", "pdf417"}
# What pdfme 6.1.13 draws.
_GTIN = (
    "1010101010101010",
    "1101011011100011",
    "1000101111101000",
    "1011100100111011",
    "1110001010111010",
    "1001011011111111",
    "1011011101100100",
    "1001001111000001",
    "1100001011011010",
    "1100010011010101",
    "1001100000101000",
    "1101000000001011",
    "1110011111101110",
    "1001010100100101",
    "1010000010100010",
    "1111111111111111",
)


def _draw(kind: str, value: str | None = None, **changes: object) -> Figure:
    options: dict[str, Any] = {
        "x": 100.0,
        "y": 200.0,
        "width": 113.4,
        "height": 56.7,
        "bar_color": "#000000",
        "background_color": "#ffffff",
        "text_color": None,
        "include_text": True,
    }
    return draw_code(kind, _VALUES[kind] if value is None else value, **(options | changes))


def _list_rectangles(figure: Figure) -> list[tuple[float, ...]]:
    return [
        tuple(map(float, line.split()[:4])) for line in figure.operators.splitlines() if line.endswith(" re")
    ]


def _read_image(figure: Figure) -> tuple[int, int, str]:
    """Return width, height and the bits of a figure's inline image."""
    found = re.search(r"BI /W (\d+) /H (\d+) .*\nID ([0-9a-f]+)>\nEI", figure.operators)
    assert found is not None
    bits = zlib.decompress(bytes.fromhex(found[3]))
    return int(found[1]), int(found[2]), f"{int.from_bytes(bits, 'big'):0{8 * len(bits)}b}"


def test_all_types_of_pdfme_are_there() -> None:
    assert frozenset(_VALUES) == CODE_TYPES


@pytest.mark.parametrize("kind", sorted(_VALUES))
def test_every_kind_is_drawn_with_few_operators_and_numbers_of_three_decimals(kind: str) -> None:
    figure = _draw(kind)
    lines = figure.operators.splitlines()
    assert (lines[0], lines[1], lines[-1]) == ("q", "1 0 0 1 100 200 cm", "Q")
    number = r"-?\d+(\.\d{1,3})?"
    pattern = rf"({number} ){{4}}re|({number} ){{3}}rg|1 0 0 1 100 200 cm|q|Q|f"
    assert all(re.fullmatch(pattern, line) for line in lines)
    assert lines.count("q") == lines.count("Q") == 1
    assert figure.alphas == ()


@pytest.mark.parametrize("kind", sorted(_VALUES))
def test_every_kind_fills_its_box_and_stays_inside(kind: str) -> None:
    rectangles = _list_rectangles(_draw(kind, background_color=None, include_text=False))
    assert min(left for left, *_ in rectangles) == 0
    assert min(bottom for _, bottom, *_ in rectangles) == 0
    # An odd width of modules leaves a pixel at the right, as pdfme has it.
    assert 112.8 < max(left + width for left, _, width, _ in rectangles) <= 113.402
    assert abs(max(bottom + height for _, bottom, _, height in rectangles) - 56.7) < 0.005


@pytest.mark.parametrize("kind", sorted(_VALUES))
def test_text_is_one_label_below_the_bars_where_the_kind_has_one(kind: str) -> None:
    labels = _draw(kind).labels
    assert len(labels) == (kind not in _WITHOUT_TEXT)
    for label in labels:
        assert 200 < label.y < 205
        assert label.x >= 100
        # The room has the blank right of the last letter, too.
        assert label.x + label.width <= 213.4 + 4
        assert 5 < label.size < 11
    assert _draw(kind, include_text=False).labels == ()


def test_label_says_what_a_reader_would_type() -> None:
    assert [label.text for label in _draw("code39", "A-1").labels] == ["*A-1*"]
    assert [label.text for label in _draw("ean13", "211234567890").labels] == ["2112345678900"]
    assert [label.text for label in _draw("code128", "a\tb").labels] == ["a b"]


def test_label_is_in_the_middle_under_the_bars() -> None:
    (label,) = _draw("ean13", width=200.0).labels
    assert abs(label.x + label.width / 2 - 200) < 2


def test_gtin_has_the_modules_of_pdfme() -> None:
    assert codes._read_gs1("(01)03453120000011") == _GTIN
    digest = sha256("\n".join(codes._read_gs1(_VALUES["gs1datamatrix"])).encode()).hexdigest()
    assert digest.startswith("5f754a3f142b7f7e")


def test_background_lies_below_the_bars_and_each_colour_is_filled_once() -> None:
    lines = _draw("itf14", bar_color="#f00", background_color="#00ff00").operators.splitlines()
    assert [line for line in lines if line.endswith(" rg")] == ["0 1 0 rg", "0 0 0 rg", "1 0 0 rg"]
    assert lines[2:5] == ["0 1 0 rg", "0 0 113.4 56.7 re", "f"]
    assert lines.count("f") == 3


def test_colours_left_out_are_black_on_nothing() -> None:
    figure = _draw("code128", bar_color=None, background_color=None, text_color=None)
    assert figure.operators.splitlines()[2] == "0 0 0 rg"
    assert figure.labels[0].color == "0 0 0"
    assert _draw("code128", text_color="#0000ff").labels[0].color == "0 0 1"


@pytest.mark.parametrize(
    ("color", "converted"),
    [
        (None, None),
        ("", None),
        ("#fff", "1 1 1"),
        ("fff", "1 1 1"),
        ("#336699", "0.2 0.4 0.6"),
        ("#012345", "0.0039 0.1373 0.2706"),
        ("#000000ff", "0 0 0"),  # no alpha: pdfme's writer takes the last two digits for black
        ("#ff000000", "0 1 1"),
    ],
)
def test_colour_is_written_as_the_operator_wants_it(color: str | None, converted: str | None) -> None:
    assert convert_color(color) == converted


@pytest.mark.parametrize("color", ["red", "#12", "#12345", "#gggggg", "#fff\n"])
def test_what_is_no_colour_is_refused(color: str) -> None:
    with pytest.raises(ValueError, match="is no colour; write it as #rrggbb"):
        convert_color(color)


@pytest.mark.parametrize("kind", sorted(_VALUES))
def test_picture_shows_the_pixels_of_the_rectangles(kind: str) -> None:
    plain: dict[str, Any] = {"background_color": None, "include_text": False}
    width, height, bits = _read_image(_draw(kind, as_picture=True, **plain))
    rectangles = _list_rectangles(_draw(kind, **plain))
    stride = len(bits) // height
    for left, bottom, across, up in rectangles[:: max(1, len(rectangles) // 20)]:
        column = int((left + across / 2) / 113.4 * width)
        row = height - 1 - int((bottom + up / 2) / 56.7 * height)
        assert bits[row * stride + column] == "1" or kind == "itf14"
    share = bits.count("1") / (width * height)
    assert 0.05 < share < 0.95


def test_picture_is_shorter_than_rectangles() -> None:
    assert len(_draw("qrcode", as_picture=True).operators) < len(_draw("qrcode").operators) / 2


def test_box_without_size_stays_empty() -> None:
    assert _draw("qrcode", width=0.0) == Figure(operators="")
    assert _draw("qrcode", height=-1.0) == Figure(operators="")


@pytest.mark.parametrize("kind", sorted(_VALUES))
def test_value_that_can_be_drawn_is_accepted_and_an_empty_one_is_not(kind: str) -> None:
    assert check_code(kind, _VALUES[kind]) is None
    assert f'{kind} "": {kind} wants' in str(check_code(kind, ""))


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (
            "ean13",
            "2112345678901",
            (
                'ean13 "****8901": ean13 wants 12 or 13 digits with a right check digit: '
                "here the last should be 0"
            ),
        ),
        ("ean8", "12", 'ean8 "12": ean8 wants 7 or 8 digits with a right check digit'),
        ("qrcode", "x" * 500, 'qrcode "…": qrcode wants 1 to 499 characters'),
        ("pdf417", "x" * 1001, 'pdf417 "…": pdf417 wants 1 to 1000 characters'),
        (
            "code39",
            "Mrs Example",
            'code39 "… …": code39 wants 1 to 80 digits, capitals, blanks or signs of -.$/+%',
        ),
    ],
)
def test_refusal_names_the_code_the_value_shortened_and_what_is_wanted(
    kind: str, value: str, message: str
) -> None:
    assert check_code(kind, value) == message


@pytest.mark.parametrize(
    "value",
    [
        "(01)03453120000012",  # check digit
        "(01)034531200000",  # twelve digits: pdfme takes them and then fails
        "(10)ABC",
        "(01)03453120000011(17)199925",  # no month 99
        "(01)03453120000011(10)" + "A" * 31,
        "(01)03453120000011(10)é",
        "xx(01)03453120000011",
    ],
)
def test_gtin_that_gs1_does_not_know_is_refused(value: str) -> None:
    assert "gs1datamatrix wants" in str(check_code("gs1datamatrix", value))


@pytest.mark.parametrize("kind", sorted(_VALUES))
def test_half_a_character_is_refused(kind: str) -> None:
    message = check_code(kind, "a\ud800")
    assert message is not None
    assert message.encode("utf-8")


def test_refused_value_makes_no_figure() -> None:
    with pytest.raises(PermanentError, match="wants 12 or 13 digits") as caught:
        _draw("ean13", "1")
    assert caught.value.code == "bad_code"


@settings(max_examples=60)
@given(st.sampled_from(sorted(_VALUES)), st.text(max_size=80))
def test_any_text_is_either_refused_in_one_line_or_drawn(kind: str, value: str) -> None:
    problem = check_code(kind, value)
    if problem is None:
        assert _draw(kind, value).operators.isascii()
        return
    assert "\n" not in problem
    assert len(problem) < 200


@given(st.text("0123456789", min_size=13, max_size=13), st.sampled_from(["ean13", "itf14"]))
def test_any_thirteen_digits_are_an_itf14_and_one_in_ten_an_ean13(digits: str, kind: str) -> None:
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    assert (check_code(kind, digits) is None) == (kind == "itf14" or weighted % 10 == 0)


def test_value_of_any_length_is_judged_at_once() -> None:
    for kind in sorted(CODE_TYPES):
        assert check_code(kind, "1" * 1_000_000) is not None


def test_operators_are_the_same_in_every_process() -> None:
    program = (
        "from pdfme_dagster.rendering.codes import *\n"
        f"for kind, value in {sorted(_VALUES.items())!r}:\n"
        "  for as_picture in (False, True):\n"
        "    print(draw_code(kind, value, x=1, y=2, width=90, height=40, bar_color='#123',"
        " background_color='', text_color='', include_text=True, as_picture=as_picture))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


@pytest.mark.parametrize(
    ("value", "written"), [(1.0, "1"), (0.12349, "0.123"), (-0.0001, "0"), (1e-9, "0"), (1e6, "1000000")]
)
def test_number_is_written_short_and_without_exponent(value: float, written: str) -> None:
    assert format_number(value) == written
