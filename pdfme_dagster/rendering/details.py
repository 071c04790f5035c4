"""What a PDF file says of itself: title, language, date, and whether it is made to be archived (PDF/A-2b).

Not here: the texts of metadata themselves (metadata.py), pages or fonts.
"""

import datetime as dt
from dataclasses import dataclass
from functools import cache, lru_cache

from pdfme_dagster.rendering.base_pdf import Part
from pdfme_dagster.rendering.metadata import SRGB_NAME, make_srgb_profile, write_info, write_text, write_xmp
from pdfme_dagster.rendering.pdf_objects import write_stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """A file's title (no account number in it), language, the statement's date, and PDF/A-2b or not."""

    title: str = ""
    language: str = "en"
    created: dt.date | None = None
    pdf_a: bool = False


# A month end's statements differ in little of this: a handful of dates, a few languages.
@lru_cache(maxsize=64)
def describe_file(details: Details) -> tuple[bytes, bytes]:
    """Return the information dictionary and the metadata stream, which say the same."""
    packet = write_xmp(
        title=details.title, language=details.language, created=details.created, pdf_a=details.pdf_a
    )
    stream = b"<</Type/Metadata/Subtype/XML/Length %d>>\nstream\n%s\nendstream" % (len(packet), packet)
    return write_info(title=details.title, created=details.created), stream


def list_catalogue_parts(details: Details, *, pages: int, metadata: int, profile: int) -> list[Part]:
    """Return a catalogue up to its last entry; the numbers are references, ``profile`` only for PDF/A."""
    parts: list[Part] = [b"<</Type/Catalog/Pages ", pages, b"/Metadata ", metadata]
    parts.append(b"/Lang%s/ViewerPreferences<</DisplayDocTitle true>>" % write_text(details.language))
    if details.pdf_a:
        name = SRGB_NAME.encode("ascii")
        parts.append(
            b"/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(%s)/Info(%s)"
            b"/DestOutputProfile " % (name, name)
        )
        parts += [profile, b">>]"]
    return parts


@cache
def write_profile() -> bytes:
    """Return the colour profile that all colours are meant in (sRGB), as a stream."""
    return write_stream(make_srgb_profile(), b"/N 3")
