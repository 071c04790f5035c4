"""Bytes to text. Not here: what the text says."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing.decoding import decode_text, split_lines

ARABIC = "محمد بن علي|شقة 12\n"


def decode(content: bytes) -> tuple[str, str]:
    return decode_text(content, fallback="cp1256")


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


def test_the_fallback_is_a_setting() -> None:
    assert decode_text("شقة".encode("iso-8859-6"), fallback="iso-8859-6") == ("شقة", "iso-8859-6")


@pytest.mark.parametrize("control", ["\0", "\x01", "\x08", "\x0b", "\x1b", "\x1f", "\x7f", "\x85", "\x9f"])
@pytest.mark.parametrize("text", ["first\nsecond{}", "شقة\nsecond{}"])
def test_control_characters_are_refused_with_their_line(control: str, text: str) -> None:
    with pytest.raises(ParseError, match=f"line 2: .*U\\+{ord(control):04X}") as error:
        decode(text.format(control).encode())
    assert (error.value.code, error.value.line) == ("unknown_encoding", 2)


def test_tabs_line_ends_and_form_feeds_are_text_and_a_form_feed_reads_as_a_blank() -> None:
    assert decode(b"\fa\tb\r\nc\rd")[0] == " a\tb\r\nc\rd"


@pytest.mark.parametrize("end", [b"\x1a", b"\x1a\x1a\x1a", b"\x1a\r\n", b"\n\x1a"])
def test_a_trailing_ctrl_z_is_taken_off(end: bytes) -> None:
    assert decode(b"900|001" + end)[0].rstrip("\n") == "900|001"


def test_a_ctrl_z_in_the_middle_is_refused() -> None:
    with pytest.raises(ParseError, match="U\\+001A"):
        decode(b"900\x1a|001\n")


def test_utf_8_with_one_damaged_byte_is_refused_instead_of_read_as_the_fallback() -> None:
    content = bytearray((ARABIC * 5).encode())
    content[2] = 0x20
    with pytest.raises(ParseError, match="UTF-8 but for byte 4") as error:
        decode(bytes(content))
    assert error.value.code == "unknown_encoding"


def test_a_utf_8_mark_before_other_bytes_is_refused() -> None:
    with pytest.raises(ParseError, match="starts as UTF-8 but byte"):
        decode(codecs.BOM_UTF8 + ARABIC.encode("cp1256"))


def test_utf_8_cut_inside_a_character_is_refused() -> None:
    with pytest.raises(ParseError, match="UTF-8 but for byte"):
        decode(ARABIC.encode()[:5])


@pytest.mark.parametrize("content", [b"\xff\xfea", b"\xff\xfe\x00\xd8", b"\xff\xfe\x00\x00a\0\0\0"])
def test_broken_utf_16_and_utf_32_are_refused(content: bytes) -> None:
    with pytest.raises(ParseError) as error:
        decode(content)
    assert error.value.code == "unknown_encoding"


def test_bytes_the_fallback_does_not_know_are_refused() -> None:
    with pytest.raises(ParseError, match="byte 1 is not iso-8859-6"):
        decode_text(b"\xa1abc", fallback="iso-8859-6")


def test_byte_order_marks_of_files_that_were_joined_are_taken_off() -> None:
    assert decode("\ufeffa\n".encode() * 2)[0] == "a\na\n"


@given(st.binary())
def test_any_bytes_are_text_or_refused(content: bytes) -> None:
    try:
        text, _ = decode(content)
    except ParseError:
        return
    assert not any(character < " " and character not in "\t\r\n" for character in text)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_with_lf_crlf_or_cr(end: str) -> None:
    assert split_lines(end.join(["a", "", "b", ""])) == ["a", "", "b"]


def test_line_ends_may_be_mixed() -> None:
    assert split_lines("a\r\nb\rc\nd") == ["a", "b", "c", "d"]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x0b", "\x1c"])
def test_unicode_line_separators_do_not_end_a_line(separator: str) -> None:
    assert split_lines(f"a{separator}b") == [f"a{separator}b"]
