"""A file's bytes to text and lines. Not here: what the lines say."""

import codecs
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing.source import (
    BLOCK_BYTES,
    MAX_LINE_BYTES,
    BinarySource,
    ByteRange,
    TextSource,
)

ARABIC = "محمد بن علي|شقة 12\n"
GUESSES = ("utf-8", "cp1256")


class SlowFile(io.BytesIO):
    """A file that gives a few bytes at a time, as if it had as many blocks."""

    bytes_at_once = 3

    def read(self, size: int | None = -1, /) -> bytes:
        """Read a little."""
        return super().read(self.bytes_at_once if size is None or size < 0 else min(size, self.bytes_at_once))


def open_source(content: bytes, *encodings: str) -> TextSource:
    return TextSource(io.BytesIO(content), encodings or GUESSES)


def decode(content: bytes) -> tuple[str, str]:
    source = open_source(content)
    return "".join(source.pieces()), source.encoding


def list_lines(content: bytes) -> list[str]:
    return [line for _, line in open_source(content).lines()]


# --- Encodings ---


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (ARABIC.encode("utf-8"), "utf-8"),
        (ARABIC.encode("utf-8-sig"), "utf-8-sig"),
        (codecs.BOM_UTF16_LE + ARABIC.encode("utf-16-le"), "utf-16"),
        (codecs.BOM_UTF16_BE + ARABIC.encode("utf-16-be"), "utf-16"),
        (ARABIC.encode("cp1256"), "cp1256"),
    ],
)
def test_text_is_the_same_from_every_known_encoding(content: bytes, encoding: str) -> None:
    assert decode(content) == (ARABIC, encoding)


def test_the_encodings_are_the_profiles() -> None:
    source = open_source("شقة".encode("iso-8859-6"), "utf-8", "iso-8859-6")
    assert ("".join(source.pieces()), source.encoding) == ("شقة", "iso-8859-6")


def test_of_two_encodings_the_first_in_which_the_whole_file_is_text_is_taken() -> None:
    late = b"x" * BLOCK_BYTES + "ÿ\n".encode("iso-8859-1")
    assert open_source(late, "utf-8", "iso-8859-6", "iso-8859-1").encoding == "iso-8859-1"


def test_an_encoding_whose_text_would_have_c1_controls_is_passed_over() -> None:
    arabic_letters_that_latin_1_takes_for_controls = "پگ\n".encode("cp1256")
    source = open_source(arabic_letters_that_latin_1_takes_for_controls, "iso-8859-1", "cp1256")
    assert ("".join(source.pieces()), source.encoding) == ("پگ\n", "cp1256")


def test_utf_16_without_a_mark_is_refused_for_its_zero_bytes() -> None:
    with pytest.raises(ParseError, match="U\\+0000") as error:
        open_source("900|001".encode("utf-16-le"))
    assert error.value.code == "unknown_encoding"


@pytest.mark.parametrize("control", ["\0", "\x01", "\x08", "\x0b", "\x1b", "\x1f", "\x7f", "\x85", "\x9f"])
@pytest.mark.parametrize("text", ["first\nsecond{}", "شقة\nsecond{}", "first\r\nsecond{}", "first\rsecond{}"])
def test_control_characters_are_refused_with_their_line(control: str, text: str) -> None:
    with pytest.raises(ParseError, match=f"line 2: .*U\\+{ord(control):04X}") as error:
        decode(text.format(control).encode())
    assert (error.value.code, error.value.line) == ("unknown_encoding", 2)


def test_the_line_of_a_control_character_is_right_in_later_blocks_too() -> None:
    lines = BLOCK_BYTES // 4
    with pytest.raises(ParseError) as error:
        open_source(b"abc\n" * (2 * lines) + b"\0")
    assert error.value.line == 2 * lines + 1


def test_tabs_line_ends_and_form_feeds_are_text_and_a_form_feed_reads_as_a_blank() -> None:
    assert list_lines(b"\fa\tb\r\nc\rd") == [" a\tb", "c", "d"]


@pytest.mark.parametrize("end", [b"\x1a", b"\x1a\x1a\x1a", b"\x1a\r\n", b"\n\x1a"])
def test_a_trailing_ctrl_z_is_taken_off(end: bytes) -> None:
    assert decode(b"900|001" + end)[0].rstrip("\n") == "900|001"
    assert list_lines(b"900|001" + end) == ["900|001"]


def test_a_trailing_ctrl_z_may_stand_in_the_block_before_the_last() -> None:
    source = TextSource(SlowFile(b"900|001\x1a\r\n\r\n \r\n"), GUESSES)
    assert [line for _, line in source.lines()] == ["900|001"]


@pytest.mark.parametrize("rest", [b"|001\n", b" " * BLOCK_BYTES + b"x"])
def test_a_ctrl_z_in_the_middle_is_refused(rest: bytes) -> None:
    with pytest.raises(ParseError, match="U\\+001A"):
        decode(b"900\x1a" + rest)


def test_utf_8_with_one_damaged_byte_is_refused_instead_of_read_as_the_next_encoding() -> None:
    content = bytearray((ARABIC * 5).encode())
    content[2] = 0x20
    with pytest.raises(ParseError, match="UTF-8 but byte 4") as error:
        decode(bytes(content))
    assert error.value.code == "unknown_encoding"


def test_a_damaged_byte_far_into_the_file_is_named_by_its_place_in_the_file() -> None:
    content = bytearray((ARABIC * 50_000).encode())
    content[-4] = 0xFF
    with pytest.raises(ParseError, match=f"byte {len(content) - 3} is not utf-8"):
        decode(bytes(content))


def test_a_utf_8_mark_before_other_bytes_is_refused() -> None:
    with pytest.raises(ParseError, match="is not utf-8"):
        decode(codecs.BOM_UTF8 + ARABIC.encode("cp1256"))


def test_utf_8_cut_inside_a_character_is_refused() -> None:
    with pytest.raises(ParseError, match="UTF-8 but byte"):
        decode(ARABIC.encode()[:5])


@pytest.mark.parametrize("content", [b"\xff\xfea", b"\xff\xfe\x00\xd8", b"\xff\xfe\x00\x00a\0\0\0"])
def test_broken_utf_16_and_utf_32_are_refused(content: bytes) -> None:
    with pytest.raises(ParseError) as error:
        decode(content)
    assert error.value.code == "unknown_encoding"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "punycode"])
def test_an_encoding_that_cannot_read_these_bytes_is_refused_however_it_says_so(encoding: str) -> None:
    with pytest.raises(ParseError) as error:
        list(open_source("شقة\nabc.".encode(), encoding).blocks())
    assert error.value.code == "unknown_encoding"


def test_bytes_that_no_encoding_knows_are_refused() -> None:
    with pytest.raises(ParseError, match="byte 1 is not iso-8859-6"):
        open_source(b"\xa1abc", "utf-8", "iso-8859-6")


def test_byte_order_marks_of_files_that_were_joined_are_taken_off() -> None:
    content = "\ufeffa\n".encode() * 2
    assert decode(content)[0] == "a\na\n"
    assert list_lines(content) == ["a", "a"]


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"  \r\n\t", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b"\x1a"]
)
def test_a_file_without_text_is_empty(content: bytes) -> None:
    with pytest.raises(ParseError) as error:
        open_source(content)
    assert error.value.code == "empty_file"


@given(st.binary())
def test_any_bytes_are_text_or_refused(content: bytes) -> None:
    try:
        text, _ = decode(content)
    except ParseError:
        return
    assert not any(character < " " and character not in "\t\r\n\f" for character in text)


# --- Lines ---


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_with_lf_crlf_or_cr(end: str) -> None:
    assert list_lines(end.join(["a", "", "b", ""]).encode()) == ["a", "", "b"]


def test_line_ends_may_be_mixed() -> None:
    assert list_lines(b"a\r\nb\rc\nd") == ["a", "b", "c", "d"]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u00a0"])
def test_unicode_line_separators_do_not_end_a_line(separator: str) -> None:
    assert list_lines(f"a{separator}b".encode()) == [f"a{separator}b"]


def test_lines_are_numbered_from_one_over_blank_ones_and_blocks() -> None:
    source = TextSource(SlowFile(b"\n\na\r\n\r\n\r\nb\n\n\n"), GUESSES)
    assert [(number, line) for number, line in source.lines() if line] == [(3, "a"), (6, "b")]


def test_a_blank_line_at_the_end_is_no_line_and_at_the_start_is_one() -> None:
    assert list_lines(b"\na\n\n\n") == ["", "a"]


def test_blocks_are_whole_lines() -> None:
    blocks = list(TextSource(SlowFile("ab\nمحمد\r\nc".encode()), GUESSES).blocks())
    assert b"\n".join(blocks) == "ab\nمحمد\nc".encode()
    assert len(blocks) == 3


@given(
    text=st.text(alphabet="ab\n\r|محé\u2028", min_size=1).filter(str.strip),
    encoding=st.sampled_from(("utf-8", "utf-8-sig", "utf-16")),
)
def test_lines_are_the_same_however_the_file_is_cut_into_blocks(text: str, encoding: str) -> None:
    content = text.encode(encoding)
    cut = [line for _, line in TextSource(SlowFile(content), GUESSES).lines()]
    # The last line that is not blank ends the file.
    expected = re.split("\r\n|\r|\n", text)
    while not expected[-1]:
        expected.pop()
    assert cut == list_lines(content) == expected


def test_an_endless_line_is_refused_before_it_fills_the_memory() -> None:
    content = b"a\n" + b"x" * (2 * MAX_LINE_BYTES)
    with pytest.raises(ParseError, match="line 2: a line is longer") as error:
        list_lines(content)
    assert error.value.code == "bad_record"


def test_progress_goes_from_nothing_to_the_size_of_the_file() -> None:
    content = b"900|001\n" * (BLOCK_BYTES // 4)
    source = open_source(content)
    done = [source.bytes_done for _ in source.blocks()]
    assert source.size_bytes == len(content)
    assert done == sorted(done)
    assert source.bytes_done == len(content)


def test_a_source_can_be_read_twice() -> None:
    source = open_source(b"a\nb\n")
    assert list(source.lines()) == list(source.lines()) == [(1, "a"), (2, "b")]


# --- Parts and bytes ---


def test_a_part_of_a_file_has_its_own_lines_with_the_numbers_of_the_whole() -> None:
    content = b"a\nb\nc\nd\n"
    source = TextSource(io.BytesIO(content), (), ByteRange(start=2, end=6, first_line=2, encoding="utf-8"))
    assert list(source.lines()) == [(2, "b"), (3, "c")]
    assert source.size_bytes == 4


def test_a_part_is_read_in_the_encoding_of_the_whole_file() -> None:
    content = b"a\n" + ARABIC.encode("cp1256")
    part = ByteRange(start=2, end=len(content), first_line=2, encoding="cp1256")
    assert list(TextSource(io.BytesIO(content), (), part).lines()) == [(2, ARABIC.strip())]


def test_a_binary_source_tells_how_far_it_was_read() -> None:
    source = BinarySource(io.BytesIO(b"<Document/>"))
    assert (source.bytes_done, source.size_bytes) == (0, 11)
    source.stream.read(4)
    assert source.bytes_done == 4


def test_a_binary_source_without_bytes_is_empty() -> None:
    with pytest.raises(ParseError) as error:
        BinarySource(io.BytesIO(b""))
    assert error.value.code == "empty_file"
