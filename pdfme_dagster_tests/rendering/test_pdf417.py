"""PDF417: the symbols of pdfme's writer, held by hand-checked modules and against zint."""

from hashlib import sha256
from itertools import pairwise

import pytest
import zint
from hypothesis import given, settings
from hypothesis import strategies as st

from pdfme_dagster.rendering import pdf417
from pdfme_dagster.rendering.bars import read_modules
from pdfme_dagster.rendering.pdf417 import encode_pdf417
from pdfme_dagster.rendering.pdf417_patterns import load_patterns

# All of it what pdfme 6.1.13 draws.
_HI = (
    "1111111101010100011111010101111100110101000110000001111011001001110011110101011110000111111101000101001",
    "1111111101010100011111010100011000111110110100100001110111101111101011110101001000000111111101000101001",
    "1111111101010100011101010111111000100000111001001101100011111001001011010100011111000111111101000101001",
    "1111111101010100011010111100111110101011000011000001110001110100001010101111001111000111111101000101001",
    "1111111101010100011010111000010000100100111100100001100000100111010011110101110011100111111101000101001",
    "1111111101010100011110101111010000110101000011111001011110000010100011110101111000010111111101000101001",
    "1111111101010100011101001110111110111000011000101101010000110000011011010011101111000111111101000101001",
)
_DIGESTS = {
    "Invoice 40, due 12.50 EUR!": (120, 9, "a64f1f09e0ff9ff9"),
    "1234567890123": (103, 8, "2aaf8245016dac7b"),
    "Größe\n\x01ab": (120, 7, "d7f293ee707bb6e0"),
    "aB1;" * 100: (273, 39, "5d3cc93d5e832adc"),
}


def test_short_text_has_the_modules_of_pdfme() -> None:
    assert encode_pdf417("Hi 4!") == _HI


@pytest.mark.parametrize("text", _DIGESTS, ids=lambda text: text[:12])
def test_text_has_the_size_and_the_modules_of_pdfme(text: str) -> None:
    width, height, digest = _DIGESTS[text]
    rows = encode_pdf417(text)
    assert (len(rows[0]), len(rows)) == (width, height)
    assert sha256("\n".join(rows).encode()).hexdigest()[:16] == digest


@settings(max_examples=30)
@given(st.text("ABCDE ", min_size=8, max_size=100) | st.text("0123456789", min_size=13, max_size=90))
def test_symbol_is_that_of_zint_with_the_same_size_and_level(text: str) -> None:
    columns, _, level = pdf417._choose_size(len(pdf417._write_message(text.encode())))
    assert encode_pdf417(text) == read_modules(zint.Symbology.PDF417, text, option_1=level, option_2=columns)


def test_patterns_are_all_different_and_of_their_cluster() -> None:
    clusters = load_patterns()
    assert [len(set(cluster)) for cluster in clusters] == [929, 929, 929]
    for number, cluster in enumerate(clusters):
        for pattern in cluster:
            edges = [0, *(at for at in range(1, 17) if pattern[at] != pattern[at - 1]), 17]
            widths = [end - start for start, end in pairwise(edges)]
            assert len(widths) == 8
            assert (widths[0] - widths[2] + widths[4] - widths[6]) % 9 == 3 * number


@given(st.lists(st.integers(0, 928), min_size=1, max_size=60))
def test_message_with_its_checks_divides_by_the_generator(codewords: list[int]) -> None:
    checked = [*codewords, *pdf417._compute_checks(codewords, 8)]
    for power in range(1, 9):
        value = 0
        for codeword in checked:
            value = (value * 3**power + codeword) % 929
        assert value == 0


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("12345678", "n"),
        ("1234567", "t"),
        ("1234567890123abc", "nb"),
        ("1234567890123 abcd", "nt"),
        ("12345678a", "t"),
        ("abcd\x01", "b"),
        ("Total\x01Total", "tbt"),
    ],
)
def test_text_is_cut_into_long_numbers_text_and_bytes(text: str, kinds: str) -> None:
    names = {pdf417._TO_NUMBER: "n", pdf417._TO_TEXT: "t", pdf417._TO_BYTES: "b"}
    parts = list(pdf417._split_modes(text.encode()))
    assert "".join(names[kind] for kind, _ in parts) == kinds
    assert b"".join(part for _, part in parts) == text.encode()


def test_numbers_take_fifteen_codewords_for_forty_four_digits() -> None:
    codewords = list(pdf417._write_number(b"0" * 44))
    assert len(codewords) == 16
    value = 0
    for codeword in codewords[1:]:
        value = value * 900 + codeword
    assert str(value) == "1" + "0" * 44


def test_single_byte_in_a_text_is_shifted_to_and_the_text_goes_on() -> None:
    message = pdf417._write_message(b"TOTAL\x01TOTAL")
    assert message.count(pdf417._BYTE) == 1
    assert pdf417._TO_TEXT not in message


@pytest.mark.parametrize("text", ["é" * 1000, "é" * 556])
def test_text_that_fills_more_than_a_symbol_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="holds less text"):
        encode_pdf417(text)


@pytest.mark.parametrize("length", [1, 40, 41, 160, 161, 320, 321, 800, 900, 926])
def test_every_length_of_message_finds_room(length: int) -> None:
    columns, rows, level = pdf417._choose_size(length)
    assert 1 <= columns <= 30
    assert 3 <= rows <= 90
    assert 0 <= level <= 8
    assert length + pdf417._count_checks(level) < columns * rows <= 928 + pdf417._count_checks(level)
