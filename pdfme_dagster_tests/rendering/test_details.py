"""A file says what it is: the same in its dictionary, its metadata and its catalogue."""

import datetime as dt
import zlib

import pytest

from pdfme_dagster.rendering.base_pdf import Part
from pdfme_dagster.rendering.details import Details, describe_file, list_catalogue_parts, write_profile
from pdfme_dagster.rendering.metadata import make_srgb_profile

DAY = dt.date(2025, 9, 21)


def write_catalogue(details: Details) -> bytes:
    parts: list[Part] = list_catalogue_parts(details, pages=7, metadata=8, profile=9)
    return b"".join(part if isinstance(part, bytes) else b"%d 0 R" % part for part in parts)


def test_without_anything_said_a_file_is_english_and_has_no_date() -> None:
    info, metadata = describe_file(Details())
    assert info == b"<</Title()/Producer(pdfme-dagster)>>"
    assert b"CreateDate" not in metadata
    assert b"pdfaid" not in metadata


def test_dictionary_and_metadata_say_the_same() -> None:
    info, metadata = describe_file(Details(title="Statement (1)", language="ar-BH", created=DAY))
    assert info == b"<</Title(Statement \\(1\\))/Producer(pdfme-dagster)/CreationDate(D:20250921000000Z)>>"
    for said in (b"Statement (1)", b"<rdf:li>ar-BH</rdf:li>", b"2025-09-21T00:00:00Z", b"pdfme-dagster"):
        assert said in metadata


def test_metadata_are_a_stream_that_needs_no_decoding() -> None:
    _, metadata = describe_file(Details(title="Ä"))
    head, packet = metadata.removesuffix(b"\nendstream").split(b"\nstream\n", 1)
    assert head == b"<</Type/Metadata/Subtype/XML/Length %d>>" % len(packet)
    assert "Ä" in packet.decode()


def test_the_catalogue_names_language_and_shows_the_title() -> None:
    assert write_catalogue(Details(language="ar")) == (
        b"<</Type/Catalog/Pages 7 0 R/Metadata 8 0 R/Lang(ar)/ViewerPreferences<</DisplayDocTitle true>>"
    )


def test_an_archived_file_names_its_colours() -> None:
    catalogue = write_catalogue(Details(pdf_a=True))
    assert catalogue.endswith(
        b"/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB IEC61966-2.1)"
        b"/Info(sRGB IEC61966-2.1)/DestOutputProfile 9 0 R>>]"
    )
    _, metadata = describe_file(Details(pdf_a=True))
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in metadata
    assert catalogue.startswith(write_catalogue(Details()))


def test_the_profile_is_a_stream_of_three_colours() -> None:
    head, content = write_profile().removesuffix(b"\nendstream").split(b"\nstream\n", 1)
    assert b"/N 3" in head
    assert zlib.decompress(content) == make_srgb_profile()


def test_a_language_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a language tag"):
        describe_file(Details(language="en)/JS(x"))
