"""QR codes: the symbols of pdfme's writer, held by checked modules and against an independent encoder."""

from hashlib import sha256
from itertools import groupby, pairwise

import pytest
import segno
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pdfme_dagster.rendering import qr
from pdfme_dagster.rendering.qr import MOST_CHARACTERS, encode_qr

_DIGITS = st.text("0123456789", min_size=1, max_size=80)
_CAPITALS = st.text("ABCXYZ $%*+-./:", min_size=1, max_size=60)

# All of it what pdfme 6.1.13 draws.
_PDFME_4 = (
    "111111100000001111111",
    "100000100110001000001",
    "101110100000001011101",
    "101110100000101011101",
    "101110101101101011101",
    "100000100110001000001",
    "111111101010101111111",
    "000000001011000000000",
    "001100111111111010000",
    "010100000010000001101",
    "010010110111111000001",
    "010111011000000111001",
    "101011101001110101010",
    "000000001100111001001",
    "111111101011110100101",
    "100000100111011110011",
    "101110100110110111101",
    "101110101010001011010",
    "101110101010001100000",
    "100000100100101001100",
    "111111100010010110010",
)
_DIGESTS = {
    "https://example.org/pay?id=40&sum=12.50": (29, "6c929192fe49c342"),
    "INV-2024-000123": (21, "473fca80cdfa0eb9"),
    "Grüße 0123456789 ABCDEF": (25, "3df45dc54fe7bcf9"),
    "x" * 499: (85, "35799e6cb7021896"),
    "7" * 120: (33, "d70f77324956e551"),
}


def _read_mask(rows: tuple[str, ...]) -> int:
    """Return the mask that the format information names."""
    return int(rows[8][2:5], 2) ^ 0b101


def _count_runs(lines: list[str]) -> int:
    """Score runs by the letter of the standard."""
    lengths = [len(list(run)) for line in lines for _, run in groupby(line)]
    return sum(length - 2 for length in lengths if length >= 5)


def _count_blocks(rows: list[str]) -> int:
    return 3 * sum(
        len({upper[at], upper[at + 1], lower[at], lower[at + 1]}) == 1
        for upper, lower in pairwise(rows)
        for at in range(len(rows) - 1)
    )


def _count_finders(lines: list[str]) -> int:
    """Score patterns of one module a unit; the symbols of the test are too small for wider ones."""
    score = 0
    for line in lines:
        wide = f"0000{line}0000"
        for at in range(3, len(wide) - 7):
            if wide[at : at + 9] == "010111010" and (
                "0000" in (wide[at - 3 : at + 1], wide[at + 8 : at + 12])
            ):
                score += 40
    return score


def test_short_text_has_the_modules_of_pdfme() -> None:
    assert encode_qr("PDFME 4") == _PDFME_4


@pytest.mark.parametrize("text", _DIGESTS, ids=lambda text: text[:12])
def test_text_has_the_size_and_the_modules_of_pdfme(text: str) -> None:
    size, digest = _DIGESTS[text]
    rows = encode_qr(text)
    assert (len(rows), len(rows[0])) == (size, size)
    assert sha256("\n".join(rows).encode()).hexdigest()[:16] == digest


@settings(max_examples=30)
@given(_DIGITS | _CAPITALS)
def test_symbol_is_that_of_an_independent_encoder_with_the_same_mask(text: str) -> None:
    # Where a message ends on a byte segno adds one that the standard has not.
    assume((len(qr._write_message(text.encode(), 0) or "") + 4) % 8)
    rows = encode_qr(text)
    other = segno.make(text, error="m", mask=_read_mask(rows), micro=False)
    assert rows == tuple("".join(map(str, row)) for row in other.matrix)


@settings(max_examples=30)
@given(st.text(max_size=60).filter(lambda text: text.isprintable() and text))
def test_every_text_gives_a_square_with_three_finders(text: str) -> None:
    rows = encode_qr(text)
    assert len(rows) % 4 == 1
    assert {len(row) for row in rows} == {len(rows)}
    finder = ("1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111")
    assert tuple(row[:7] for row in rows[:7]) == finder
    assert tuple(row[-7:] for row in rows[:7]) == finder
    assert tuple(row[:7] for row in rows[-7:]) == finder


@settings(max_examples=40)
@given(st.integers(0, 2 ** (13 * 13) - 1))
def test_penalty_of_any_modules_is_what_the_standard_counts(modules: int) -> None:
    text = f"{modules:0169b}"
    rows = [text[start : start + 13] for start in range(0, 169, 13)]
    columns = [text[start::13] for start in range(13)]
    balance = int(abs(text.count("1") * 100 / 169 - 50) / 5) * 10
    counted = sum(_count_runs(lines) + _count_finders(lines) for lines in (rows, columns))
    assert qr._score(modules, 13) == balance + counted + _count_blocks(rows)


@pytest.mark.parametrize("width", [1, 2, 3])
def test_finder_like_pattern_counts_in_every_width_and_only_next_to_light(width: int) -> None:
    pattern = "".join(bit * width for bit in "1011101")
    size = 7 * width + 4
    blank = "0" * size

    def score(line: str) -> int:
        return qr._score_finders(
            int(("0" * (size // 7 + 4)).join([line, blank]) + "0" * (size // 7 + 4), 2), size
        )

    assert score(pattern + "0000") == 40
    assert score("0000" + pattern) == 40
    assert score("11" + pattern + "11") == 0


def test_longest_text_of_the_widest_letters_fits() -> None:
    assert len(encode_qr("€" * MOST_CHARACTERS)) <= 177


def test_text_beyond_every_version_is_refused() -> None:
    with pytest.raises(ValueError, match="no QR code holds"):
        encode_qr("x" * 3000)


def test_japanese_letters_stay_bytes_and_give_no_kanji_mode() -> None:
    assert qr._split_modes("あああああ".encode(), 0) == [("B", "あああああ".encode())]


@pytest.mark.parametrize(
    ("text", "modes"),
    [
        ("1234abc", "NB"),
        ("123abc", "B"),
        ("abc1234567", "BN"),
        ("abcAB12CD", "BA"),
        ("AB1234567890123", "AN"),
        ("AB123456", "A"),
        ("1234567ABC", "NA"),
        ("ab12", "B"),
        ("HELLO world", "AB"),
    ],
)
def test_text_is_cut_into_modes_where_it_pays(text: str, modes: str) -> None:
    parts = qr._split_modes(text.encode(), 0)
    assert "".join(mode for mode, _ in parts) == modes
    assert b"".join(part for _, part in parts) == text.encode()


@given(st.binary(min_size=1, max_size=40), st.integers(0, 2))
def test_no_byte_is_lost_where_a_text_is_cut(content: bytes, group: int) -> None:
    assert b"".join(part for _, part in qr._split_modes(content, group)) == content


def test_data_bytes_are_those_of_the_standard() -> None:
    assert [qr._count_data_bytes(version, 0) for version in (1, 2, 7, 10, 27, 40)] == [
        16,
        28,
        124,
        216,
        1128,
        2334,
    ]
    assert [qr._count_data_bytes(5, level) for level in (0, 1, 2)] == [86, 62, 46]


@given(st.binary(min_size=1, max_size=40))
def test_block_with_its_checks_divides_by_the_generator(block: bytes) -> None:
    checked = block + qr._compute_checks(block, 10)
    root = 1
    for _ in range(10):
        value = 0
        for byte in checked:
            value = qr._multiply(value, root) ^ byte
        assert value == 0
        root = qr._multiply(root, 2)
