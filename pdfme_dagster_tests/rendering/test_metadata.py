"""What a PDF says about itself is the same in both places, for every title, and its colours are sRGB."""

import subprocess
import sys
from datetime import date
from io import BytesIO

import pikepdf
import pytest
from lxml import etree
from PIL import Image, ImageChops, ImageCms

from pdfme_dagster.rendering.metadata import (
    MAX_TITLE_CHARACTERS,
    SRGB_NAME,
    clean_text,
    make_srgb_profile,
    write_info,
    write_output_intent,
    write_text,
    write_xmp,
)

DAY = date(2025, 9, 21)
TITLES = [
    "Statement 21 September 2025",
    "a (b) \\ c) (",
    'less < & > "quoted" ]]>',
    "كشف حساب",
    "Kontoauszug für März – №5",
    "\U0001f600 outside the basic plane",
    "",
]


def make_xmp(title: str = "Statement", *, created: date | None = DAY, pdf_a: bool = False) -> bytes:
    return write_xmp(title=title, language="en", created=created, pdf_a=pdf_a)


def read_properties(packet: bytes) -> dict[str, str]:
    """Return the text of each property by its name without namespace."""
    root = etree.fromstring(packet)
    (description,) = root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    return {etree.QName(entry).localname: "".join(map(str, entry.itertext())) for entry in description}


def read_info(written: bytes) -> dict[str, str]:
    dictionary = pikepdf.Object.parse(written)
    return {key[1:]: str(value) for key, value in dictionary.items()}


@pytest.mark.parametrize("title", TITLES)
def test_both_places_say_the_same(title: str) -> None:
    info, xmp = read_info(write_info(title=title, created=DAY)), read_properties(make_xmp(title))
    assert info["Title"] == xmp["title"] == title
    assert info["Producer"] == xmp["Producer"] == "pdfme-dagster"
    assert (info["CreationDate"], xmp["CreateDate"]) == ("D:20250921000000Z", "2025-09-21T00:00:00Z")


def test_without_a_day_there_is_no_date_in_either() -> None:
    assert "CreationDate" not in read_info(write_info(title="Statement", created=None))
    assert "CreateDate" not in read_properties(make_xmp(created=None))


def test_a_pdf_program_finds_the_properties() -> None:
    with pikepdf.new() as document:
        packet = write_xmp(title="a < b", language="ar-BH", created=DAY, pdf_a=True)
        document.Root.Metadata = document.make_stream(packet, Type=pikepdf.Name.Metadata)
        with document.open_metadata() as metadata:
            assert metadata.pdfa_status == "2B"
            assert metadata["dc:title"] == "a < b"
            assert list(metadata["dc:language"]) == ["ar-BH"]


def test_pdf_a_is_claimed_only_when_wanted() -> None:
    claimed = read_properties(make_xmp(pdf_a=True))
    assert (claimed["part"], claimed["conformance"]) == ("2", "B")
    assert b"pdfaid" not in make_xmp(pdf_a=False)


def test_a_packet_is_framed_as_xmp_wants_it() -> None:
    packet = make_xmp().decode("utf-8")
    assert packet.startswith('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    assert packet.endswith('<?xpacket end="r"?>')


@pytest.mark.parametrize("character", ["\0", "\x0b", "\x1b", "\x7f", "\x85", "\ud800", "\ufffe", "\r\n"])
def test_what_xml_cannot_hold_becomes_a_blank_in_both(character: str) -> None:
    title = f"a{character}b"
    assert clean_text(title) == "a b"
    assert read_info(write_info(title=title, created=None))["Title"] == "a b"
    assert read_properties(make_xmp(title))["title"] == "a b"


def test_titles_are_cut_to_a_sensible_length() -> None:
    assert len(read_properties(make_xmp("x" * 10_000))["title"]) == MAX_TITLE_CHARACTERS


@pytest.mark.parametrize("language", ["en", "ar-BH", "zh-Hant-HK"])
def test_language_tags_are_taken(language: str) -> None:
    packet = write_xmp(title="", language=language, created=None, pdf_a=False)
    assert read_properties(packet)["language"] == language


@pytest.mark.parametrize("language", ["", "english language", "e", "en_GB", "en<b/>", "en\n", "٣٣"])
def test_other_languages_are_refused(language: str) -> None:
    with pytest.raises(ValueError, match="language tag: write it like en"):
        write_xmp(title="", language=language, created=None, pdf_a=False)


@pytest.mark.parametrize("text", [*TITLES, "tab\tand\nline", "\ud800"])
def test_text_strings_are_ascii_bytes_that_read_back(text: str) -> None:
    written = write_text(text)
    assert written.isascii()
    assert str(pikepdf.Object.parse(written)) == text.replace("\ud800", "?")


def test_plain_text_stays_readable() -> None:
    assert write_text("Statement (1)") == b"(Statement \\(1\\))"
    assert write_text("ä") == b"<feff00e4>"


def test_the_output_intent_names_profile_and_colours() -> None:
    intent = pikepdf.Object.parse(write_output_intent(7).replace(b"7 0 R", b"null"))
    assert (str(intent.S), str(intent.OutputConditionIdentifier)) == ("/GTS_PDFA1", SRGB_NAME)
    assert b"/DestOutputProfile 7 0 R" in write_output_intent(7)


# -- the colour profile -------------------------------------------------------------------------------------


def read_tags(profile: bytes) -> dict[bytes, tuple[int, int]]:
    count = int.from_bytes(profile[128:132], "big")
    rows = (profile[place : place + 12] for place in range(132, 132 + 12 * count, 12))
    return {row[:4]: (int.from_bytes(row[4:8], "big"), int.from_bytes(row[8:], "big")) for row in rows}


def test_the_profile_has_the_header_of_a_monitor_of_version_2() -> None:
    profile = make_srgb_profile()
    assert int.from_bytes(profile[:4], "big") == len(profile) < 800
    assert profile[8:12] == b"\x02\x10\0\0"
    assert (profile[12:16], profile[16:20], profile[20:24]) == (b"mntr", b"RGB ", b"XYZ ")
    assert profile[36:40] == b"acsp"
    assert profile[68:80].hex() == "0000f6d6000100000000d32d"  # D50, as every profile must have it
    assert profile[84:128] == bytes(44)


def test_the_profile_has_every_tag_that_is_required_each_in_its_place() -> None:
    profile, kinds = make_srgb_profile(), {b"desc": b"desc", b"cprt": b"text", b"wtpt": b"XYZ "}
    kinds |= {color + b"XYZ": b"XYZ " for color in (b"r", b"g", b"b")}
    kinds |= {color + b"TRC": b"curv" for color in (b"r", b"g", b"b")}
    tags = read_tags(profile)
    assert tags.keys() == kinds.keys()
    for tag, (offset, size) in tags.items():
        assert offset % 4 == 0
        assert offset + size <= len(profile)
        assert profile[offset : offset + 8] == kinds[tag] + bytes(4)


def test_the_primaries_add_up_to_white() -> None:
    profile = make_srgb_profile()
    starts = [read_tags(profile)[color + b"XYZ"][0] + 8 for color in (b"r", b"g", b"b")]
    sums = [
        sum(int.from_bytes(profile[start + axis : start + axis + 4], "big") for start in starts)
        for axis in (0, 4, 8)
    ]
    for total, white in zip(sums, (0.9642, 1.0, 0.8249), strict=True):
        assert total / 65536 == pytest.approx(white, abs=0.0005)


def test_colours_come_out_as_in_another_programs_srgb() -> None:
    profile = ImageCms.ImageCmsProfile(BytesIO(make_srgb_profile()))
    assert profile.profile.profile_description == SRGB_NAME
    shade = Image.linear_gradient("L")
    colors = Image.merge("RGB", (shade, shade.rotate(90), shade.rotate(180)))
    converted = ImageCms.profileToProfile(colors, profile, ImageCms.createProfile("sRGB"))
    assert converted is not None
    assert max(ImageChops.difference(colors, converted).tobytes()) <= 1


def test_the_profile_is_the_same_in_another_process() -> None:
    script = "from pdfme_dagster.rendering.metadata import *; print(make_srgb_profile().hex())"
    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == make_srgb_profile().hex()
