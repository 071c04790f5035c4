"""Fonts and pictures become objects that are ready but for their numbers."""

import re
import zlib

import pytest

from pdfme_dagster.rendering.pdf_objects import (
    Group,
    write_alphas,
    write_basic_font,
    write_glyph_font,
    write_picture,
    write_stream,
)
from pdfme_dagster.rendering.pictures import read_picture
from pdfme_dagster.rendering.shipped_fonts import load_face
from pdfme_dagster_tests.golden.media import rgb_picture, rgba_picture
from pdfme_dagster_tests.rendering.tiny_fonts import make_face


def join(group: Group, place: int = 0) -> bytes:
    """Return an object with the places of others in its group as they are."""
    return b"".join(part if isinstance(part, bytes) else b"#%d" % part for part in group[place].parts)


def inflate(body: bytes) -> bytes:
    head, content = body.removesuffix(b"\nendstream").split(b"\nstream\n", 1)
    assert b"/Filter/FlateDecode" in head
    assert b"/Length %d" % len(content) in head
    return zlib.decompress(content)


def read_unicode(group: Group) -> dict[str, str]:
    lines = re.findall(rb"^<(\w+)> <(\w+)>$", inflate(join(group, len(group) - 1)), re.MULTILINE)
    return {code.decode(): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in lines[1:]}


def test_a_basic_font_has_codes_of_one_byte_and_tells_their_texts() -> None:
    group = write_basic_font(load_face("Roboto"))
    font = join(group)
    assert font.startswith(b"<</Type/Font/Subtype/TrueType/BaseFont/")
    assert re.search(rb"\+Roboto/FirstChar 32/LastChar \d+/Widths\[248\.0469 ", font)
    assert font.endswith(b"/FontDescriptor #1/ToUnicode #3>>")
    texts = read_unicode(group)
    assert (texts["41"], texts["80"]) == ("A", "fi")


def test_widths_are_those_of_the_font() -> None:
    group = write_basic_font(make_face("AC", advance=700))
    assert b"/FirstChar 65/LastChar 67/Widths[700 0 700]" in join(group)


def test_a_font_of_glyph_numbers_lists_their_widths_and_texts() -> None:
    face = load_face("NotoSansArabic")
    numbers = {face.find_glyph(letter): letter for letter in "بت"} | {5: "", 6: "لا"}
    group = write_glyph_font(face, numbers)
    assert b"/Encoding/Identity-H/DescendantFonts[#1]/ToUnicode #4>>" in join(group)
    widths = re.search(rb"/W\[(.*?\])\]", join(group, 1))
    assert widths
    assert [int(number) for number in re.findall(rb"(\d+)\[", widths[1])] == sorted(numbers)
    assert set(read_unicode(group).values()) == {"ب", "ت", "لا"}


def test_long_lists_of_texts_come_in_sections_of_a_hundred() -> None:
    characters = [chr(0x4E00 + number) for number in range(250)]
    face = make_face(characters)
    group = write_glyph_font(face, {face.find_glyph(each): each for each in characters})
    content = inflate(join(group, 4))
    assert re.findall(rb"(\d+) beginbfchar", content) == [b"100", b"100", b"50"]
    assert set(read_unicode(group).values()) >= set(characters[1:])


def test_texts_beyond_the_first_plane_and_halves_of_them_can_be_told() -> None:
    group = write_glyph_font(make_face("ab"), {1: "😀", 2: "\ud800"})
    assert b"<D83DDE00>" in inflate(join(group, 4))


@pytest.mark.parametrize("glyphs", [{1: "a", 2: "b"}, {2: "b", 1: "a"}])
def test_the_order_of_glyphs_does_not_matter(glyphs: dict[int, str]) -> None:
    face = make_face("ab")
    assert write_glyph_font(face, glyphs) == write_glyph_font(face, dict(sorted(glyphs.items())))


def test_a_subset_is_named_by_what_is_in_it() -> None:
    one, other = (write_basic_font(make_face(letters)) for letters in ("ab", "abc"))
    names = [re.search(rb"/BaseFont/([A-Z]{6})\+Tiny", join(group)) for group in (one, other)]
    assert names[0]
    assert names[1]
    assert names[0][1] != names[1][1]
    assert names[0][1] in join(one, 1)


def test_a_descriptor_has_heights_and_bounds_in_thousandths() -> None:
    group = write_basic_font(make_face("a"))
    assert b"/Flags 4/FontBBox[50 0 950 700]/ItalicAngle 0/StemV 80/Ascent 800/Descent -200" in join(group, 1)
    assert inflate(join(group, 2))[:4] == b"\x00\x01\x00\x00"


def test_a_picture_has_its_mask_beside_it() -> None:
    plain, masked = read_picture(rgb_picture()), read_picture(rgba_picture())
    assert len(write_picture(plain)) == 1
    group = write_picture(masked)
    assert b"/SMask #1>>" in join(group)
    assert b"/DeviceGray" in join(group, 1)


def test_streams_are_deflated() -> None:
    assert inflate(write_stream(b"content " * 50, b"/N 3")) == b"content " * 50
    assert b"/N 3" in write_stream(b"", b"/N 3")


def test_graphics_states_are_listed_in_order() -> None:
    assert write_alphas(["A500_1000", "A0_250"]) == b"<</A0_250<</CA 0/ca 0.25>>/A500_1000<</CA 0.5/ca 1>>>>"
    assert write_alphas([]) == b"<<>>"
