"""Finished pages as PDF bytes: content streams, embedded fonts and metadata in a ReportLab document.

Not here: what stands where (layout.py), nor which glyph draws a letter (fonts.py).

Nothing comes from the clock, the environment or an earlier document: objects are numbered in one fixed order,
and the file's ID is a hash of what is on its pages.
"""

import zlib
from collections.abc import Sequence
from hashlib import sha256

from reportlab.pdfbase import pdfdoc

from pdfme_dagster.rendering.fonts import EmbeddedFace, Face, Fonts
from pdfme_dagster.rendering.sheet import PAGE_HEIGHT, PAGE_WIDTH, Box, Sheet

_SYMBOLIC = 4  # the descriptor flag of fonts that are addressed by glyph number


def draw_sheets(sheets: Sequence[Sheet], fonts: Fonts, *, title: str, created: str | None) -> bytes:
    """Return the PDF; ``created`` is its creation date as a PDF writes it, None for no date."""
    names = {face: f"/F{number}" for number, face in enumerate(fonts.faces)}
    contents = [write_content(sheet, fonts, names) for sheet in sheets]
    document = pdfdoc.PDFDocument(invariant=1, lang="en")
    document.info = _Info(title, created)
    document.signature = sha256("\f".join(contents).encode("ascii"))
    document.Catalog.ViewerPreferences = pdfdoc.PDFDictionary({"DisplayDocTitle": "true"})
    dictionary = document.idToObject[pdfdoc.BasicFonts].dict
    used = _collect_characters(sheets, fonts)
    for face in (face for face in fonts.faces if face in used):
        dictionary[names[face][1:]] = _make_font(face.embed(used[face]))
    for content in contents:
        document.addPage(_make_page(content))
    return bytes(document.GetPDFData(None))


def write_content(sheet: Sheet, fonts: Fonts, names: dict[Face, str]) -> str:
    """Return the drawing operators of a page; all boxes lie under all texts."""
    operators = [_fill_box(box) for box in sheet.boxes]
    operators.append("BT")
    face_set = color_set = None
    for text in sheet.texts:
        family = fonts.bold if text.style.bold else fonts.regular
        if text.style.color != color_set:
            color_set = text.style.color
            operators.append(f"{color_set} rg")
        operators.append(f"1 0 0 1 {text.x:.2f} {PAGE_HEIGHT - text.y:.2f} Tm")
        for face, run in family.split_faces(text.line):
            if (face, text.size) != face_set:
                face_set = face, text.size
                operators.append(f"{names[face]} {text.size:.4g} Tf")
            operators.append(f"<{family.encode(run)}> Tj")
    return "\n".join([*operators, "ET\n"])


def _fill_box(box: Box) -> str:
    bottom = PAGE_HEIGHT - box.y - box.height
    return f"{box.color} rg {box.x:.2f} {bottom:.2f} {box.width:.2f} {box.height:.2f} re f"


def _collect_characters(sheets: Sequence[Sheet], fonts: Fonts) -> dict[Face, list[str]]:
    """Map each face in use to the characters it draws."""
    used: dict[Face, list[str]] = {}
    for bold, family in ((False, fonts.regular), (True, fonts.bold)):
        lines = {text.line for sheet in sheets for text in sheet.texts if text.style.bold == bold}
        for character in sorted(set().union(*lines)):
            used.setdefault(family.faces[character], []).append(character)
    return used


def _make_page(content: str) -> pdfdoc.PDFPage:
    page = pdfdoc.PDFPage()
    page.MediaBox = pdfdoc.PDFArray([0, 0, PAGE_WIDTH, PAGE_HEIGHT])
    page.Contents = _make_stream(zlib.compress(content.encode("ascii"), 6))
    page.Resources = pdfdoc.PDFDictionary({"Font": pdfdoc.PDFObjectReference(pdfdoc.BasicFonts)})
    return page


def _make_stream(deflated: bytes, **entries: object) -> pdfdoc.PDFStream:
    return pdfdoc.PDFStream(pdfdoc.PDFDictionary({"Filter": "/FlateDecode", **entries}), deflated)


def _make_font(face: EmbeddedFace) -> "_Object":
    """Return a font whose character codes are glyph numbers (Identity-H)."""
    descriptor = _Object(
        Type="/FontDescriptor",
        FontName=f"/{face.base_font}",
        Flags=_SYMBOLIC,
        FontBBox=pdfdoc.PDFArray(face.bounds),
        ItalicAngle=0,
        Ascent=face.ascent,
        Descent=face.descent,
        CapHeight=face.ascent,
        StemV=80,
        FontFile2=_make_stream(face.font_file, Length1=face.font_file_length),
    )
    descendant = _Object(
        Type="/Font",
        Subtype="/CIDFontType2",
        BaseFont=f"/{face.base_font}",
        CIDSystemInfo="<</Registry (Adobe) /Ordering (Identity) /Supplement 0>>",
        CIDToGIDMap="/Identity",
        W=f"[{face.widths}]",
        FontDescriptor=descriptor,
    )
    return _Object(
        Type="/Font",
        Subtype="/Type0",
        BaseFont=f"/{face.base_font}",
        Encoding="/Identity-H",
        DescendantFonts=pdfdoc.PDFArray([descendant]),
        ToUnicode=_make_stream(face.to_unicode),
    )


class _Object(pdfdoc.PDFDictionary):  # type: ignore[misc]
    """A dictionary that is an object of its own, referred to by number."""

    __RefOnly__ = 1

    def __init__(self, **entries: object) -> None:
        super().__init__(entries)


class _Info(pdfdoc.PDFInfo):  # type: ignore[misc]
    """The title, the statement's date and nothing of the machine: ReportLab's own would read the clock."""

    def __init__(self, title: str, created: str | None) -> None:
        super().__init__()
        self.title = title
        self._created = created

    def format(self, document: pdfdoc.PDFDocument) -> bytes:
        entries = {"Title": pdfdoc.PDFString(self.title), "Producer": pdfdoc.PDFString("pdfme-dagster")}
        if self._created:
            entries["CreationDate"] = pdfdoc.PDFString(self._created)
        return bytes(pdfdoc.PDFDictionary(entries).format(document))
