"""What of a base PDF keeps it out of an archive file (PDF/A-2b): fonts that are not in it, colours of ink.

Not here: importing it (base_pdf.py), or the metadata that claims the standard (metadata.py).
"""

from collections.abc import Iterable, Iterator
from io import BytesIO

import pikepdf

_FONT_KINDS = ("/Type1", "/MMType1", "/TrueType", "/CIDFontType0", "/CIDFontType2")
_FONT_FILES = ("/FontFile", "/FontFile2", "/FontFile3")
_INK_OPERATORS = "k K"
_INKS = "its colours are of ink (CMYK), which PDF/A with sRGB colours does not take; save it in RGB"


def find_archive_faults(content: bytes) -> list[str]:
    """Return what a base PDF that could be imported has against PDF/A; each fault once, with its fix."""
    with pikepdf.open(BytesIO(content)) as pdf:
        objects = list(pdf.objects)
        faults = list(_find_open_fonts(objects))
        if any(map(_uses_ink, [*pdf.pages, *objects])):
            faults.append(_INKS)
    return list(dict.fromkeys(faults))


def _find_open_fonts(objects: Iterable[pikepdf.Object]) -> Iterator[str]:
    for each in objects:
        if (
            not isinstance(each, pikepdf.Dictionary)
            or each.get("/Type") != "/Font"
            or str(each.get("/Subtype")) not in _FONT_KINDS
        ):
            continue
        descriptor = each.get("/FontDescriptor")
        if descriptor is None or not any(key in descriptor for key in _FONT_FILES):
            name = str(each.get("/BaseFont", "/?")).lstrip("/")
            yield f"its font {name} is not embedded, which PDF/A demands; save it with all fonts embedded"


def _uses_ink(drawn: pikepdf.Object | pikepdf.Page) -> bool:
    """Say whether a page, a form or a picture has colours of ink."""
    if isinstance(drawn, pikepdf.Page):
        return _draws_ink(drawn)
    if not isinstance(drawn, pikepdf.Stream):
        return False
    kind = drawn.get("/Subtype")
    if kind == "/Image":
        return str(drawn.get("/ColorSpace")) == "/DeviceCMYK"
    return kind == "/Form" and _draws_ink(drawn)


def _draws_ink(drawn: pikepdf.Object | pikepdf.Page) -> bool:
    return bool(pikepdf.parse_content_stream(drawn, _INK_OPERATORS))
