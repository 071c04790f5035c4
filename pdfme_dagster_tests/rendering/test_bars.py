"""Bars of linear codes: run lengths checked by hand against pdfme, check digits, and refusals."""

import pytest
import zint
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.rendering.bars import BAR_KINDS, complete_check_digit, encode_bars, read_modules

# What pdfme 6.1.13 draws.
_RUNS = {
    ("ean13", "211234567890"): (
        "11122212221221211411132132111111111413121213311232113211111",
        "2112345678900",
    ),
    ("ean8", "0234567"): ("1113211212214111132111111231111413121411111", "02345673"),
    ("upca", "41600033610"): ("11111322221111432113211321111111141114111114222132111213111", "416000336108"),
    ("upce", "0012345"): ("111112322212212141123111231111111", "00123457"),
    ("code39", "A-1"): ("1311313111311113113113111131313113111131131131311", "*A-1*"),
    ("code128", "Ab 123456"): ("2112141113231214212122221131411122321311233311211242112331112", "Ab 123456"),
    ("code128", "12"): ("2112321122321222312331112", "12"),
    ("code128", "a\tÉ"): ("2112141211243111411421123111411313213111411421122212312331112", "a\tÉ"),
    ("nw7", "A12$B"): ("113313111111331111131131113311111313113", "A12$B"),
    ("itf14", "0460123456789"): (
        "11111111333113113133131131131111333131131113311333111113111133311333113111311",
        "04601234567893",
    ),
}
_JAPANPOST = "FDDAFFTFFADFTTFFTFDADFATFTDATFTTTDATDATDATDATDATDATDATDATDATDAADFDF"
_SPANS = {"F": (0.0, 1.0), "A": (0.375, 1.0), "D": (0.0, 0.625), "T": (0.375, 0.625)}

_DIGITS = st.text("0123456789", min_size=12, max_size=12)


@pytest.mark.parametrize(("kind", "value"), sorted(_RUNS), ids=str)
def test_value_has_the_bars_and_the_text_of_pdfme(kind: str, value: str) -> None:
    runs, text = _RUNS[kind, value]
    bars = encode_bars(kind, value)
    assert "".join(map(str, bars.widths)) == runs
    assert bars.text == text


def test_japanese_postcode_has_the_four_heights_of_pdfme() -> None:
    bars = encode_bars("japanpost", "6540123-A")
    assert bars.spans == tuple(_SPANS[letter] for letter in _JAPANPOST)
    assert bars.widths[:3] == (1.44, 1.872, 1.44)


def test_japanese_postcode_whose_sum_divides_by_19_has_the_check_character_0() -> None:
    # 1 + 4 dashes (10 each) and 9 fillers (14 each) make 171, nine times 19.
    check = encode_bars("japanpost", "0000005----").spans[-5:-2]
    assert check == encode_bars("japanpost", "0000000----").spans[2:5]


@given(_DIGITS)
def test_any_twelve_digits_get_the_check_digit_of_ean13(digits: str) -> None:
    complete = complete_check_digit(digits, 13)
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(complete))
    assert weighted % 10 == 0
    assert complete_check_digit(complete, 13) == complete
    assert encode_bars("ean13", digits) == encode_bars("ean13", complete)


@given(_DIGITS)
def test_ean13_and_upca_are_those_of_zint(digits: str) -> None:
    (row,) = read_modules(zint.Symbology.EANX, digits)
    assert _draw(encode_bars("ean13", digits).widths) == row
    (row,) = read_modules(zint.Symbology.UPCA, digits[:11])
    assert _draw(encode_bars("upca", digits[:11]).widths) == row


def _draw(widths: tuple[float, ...]) -> str:
    return "".join("10"[place % 2] * int(width) for place, width in enumerate(widths))


@given(st.text("0123456789", min_size=6, max_size=6).filter(lambda digits: digits[4:] not in ("03", "04")))
def test_upce_is_that_of_zint_where_zint_takes_the_number(digits: str) -> None:
    try:
        (row,) = read_modules(zint.Symbology.UPCE, "0" + digits)
    except ValueError:
        return
    assert _draw(encode_bars("upce", "0" + digits).widths) == row


@given(st.text("abcXYZ ,.", min_size=1, max_size=30) | st.text("0123456789", min_size=2, max_size=40))
def test_code128_is_that_of_zint_where_one_set_of_codes_serves(value: str) -> None:
    value = value[: len(value) // 2 * 2] if value.isdigit() else value
    (row,) = read_modules(zint.Symbology.CODE128, value)
    assert _draw(encode_bars("code128", value).widths) == row


@given(st.text(min_size=1, max_size=60).filter(lambda text: max(text) < "\u3000"))
def test_code128_of_any_text_is_whole_characters_and_a_stop(value: str) -> None:
    widths = encode_bars("code128", value).widths
    assert (sum(widths) - 13) % 11 == 0
    assert widths[-7:] == (2, 3, 3, 1, 1, 1, 2)


@pytest.mark.parametrize(
    ("value", "count"),
    [
        ("12", 1),  # pairs
        ("123", 3),  # too few digits for pairs, though zint takes them
        ("a1234", 4),  # letter, to pairs, two pairs
        ("a12345", 5),  # the odd digit first
        ("\t\t", 2),  # control characters alone need no change
        ("a\ta", 4),  # a shift
        ("a\t\t", 4),  # a lock
        ("aé", 5),  # of two upper bytes at the end each is marked
        ("éé", 6),  # four: locked once, by two marks
    ],
)
def test_code128_changes_its_set_where_the_standard_advises(value: str, count: int) -> None:
    assert (sum(encode_bars("code128", value).widths) - 13) // 11 - 2 == count


@pytest.mark.parametrize(
    ("kind", "value", "guards"),
    [
        ("ean13", "211234567890", {0, 1, 14, 15, 28, 29}),
        ("ean8", "0234567", {0, 1, 10, 11, 20, 21}),
        ("upca", "41600033610", {0, 1, 2, 3, 14, 15, 26, 27, 28, 29}),
        ("upce", "0012345", {0, 1, 14, 15, 16}),
        ("code39", "A-1", set()),
    ],
)
def test_guard_bars_are_the_outer_and_the_middle_ones(kind: str, value: str, guards: set[int]) -> None:
    assert encode_bars(kind, value).guards == guards


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("ean13", "211234567890X", "wants 12 or 13 digits"),
        ("ean13", "2112345678901", "the last should be 0"),
        ("ean8", "123", "wants 7 or 8 digits"),
        ("upca", "٤١٦٠٠٠٣٣٦١٠", "wants 11 or 12 digits"),
        ("upce", "1012345", "the first a 0"),
        ("upce", "00123456", "the last should be 7"),
        ("itf14", "04601234567890", "the last should be 3"),
        ("code39", "lower", "capitals"),
        ("code39", "A\tB", "capitals"),
        ("code39", "", "1 to 80"),
        ("code39", "A" * 81, "1 to 80"),
        ("nw7", "a123b", "wants A, B, C or D"),
        ("nw7", "AB", "1 to 100"),
        ("japanpost", "123456", "wants 7 digits"),
        ("japanpost", "1234567ABCDEFG", "capitals counting twice"),
        ("code128", "", "at least one character"),
        ("code128", "日本", "none of them Japanese"),
        ("code128", "x" * 501, "at most 500"),
    ],
)
def test_value_that_the_code_cannot_hold_is_refused_with_what_it_wants(
    kind: str, value: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        encode_bars(kind, value)


def test_longest_values_are_drawn() -> None:
    assert sum(encode_bars("code39", "%" * 80).widths) > 1000
    assert sum(encode_bars("nw7", "A" + ":" * 100 + "B").widths) > 1000
    assert sum(encode_bars("code128", "x" * 500).widths) == 502 * 11 + 13


def test_all_linear_codes_of_pdfme_are_there() -> None:
    assert {
        *("ean13", "ean8", "upca", "upce"),
        *("code39", "code128", "nw7", "itf14", "japanpost"),
    } == BAR_KINDS


def test_warning_of_zint_is_a_refusal() -> None:
    modes = zint.InputMode.GS1 | zint.InputMode.GS1PARENS
    with pytest.raises(ValueError, match="Invalid month"):
        read_modules(zint.Symbology.DATAMATRIX, "(17)199925", input_mode=modes)
