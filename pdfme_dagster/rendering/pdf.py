"""Finished pages as PDF bytes: content streams, embedded fonts and metadata in a ReportLab document.

Not here: what stands where (layout.py), nor which glyph draws a letter (fonts.py).

Nothing comes from the clock, the environment or an earlier document: objects are numbered in one fixed order,
and the file's ID is a hash of what is on its pages.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
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
        document.addPage(_make_page(document, content))
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


def _make_page(document: pdfdoc.PDFDocument, content: str) -> "_Ready":
    return _Ready(
        b"<</Type/Page/Parent ",
        document.Pages,
        b"/MediaBox[0 0 %.3f %.3f]/Resources<</Font " % (PAGE_WIDTH, PAGE_HEIGHT),
        pdfdoc.PDFObjectReference(pdfdoc.BasicFonts),
        b">>/Contents ",
        _Ready(_write_stream(zlib.compress(content.encode("ascii"), 6))),
        b">>",
    )


def _make_font(face: EmbeddedFace) -> "_Ready":
    """Return a font whose character codes are glyph numbers (Identity-H)."""
    texts = _write_font(face)
    descriptor = _Ready(texts.descriptor, _Ready(texts.font_file), b">>")
    descendant = _Ready(texts.descendant, descriptor, b">>")
    return _Ready(texts.font, descendant, b"]/ToUnicode ", _Ready(texts.to_unicode), b">>")


@dataclass(frozen=True, slots=True, kw_only=True)
class _FontTexts:
    """A font's objects as a PDF writes them, each up to its reference to the next."""

    font: bytes
    descendant: bytes
    descriptor: bytes
    font_file: bytes
    to_unicode: bytes


@lru_cache(maxsize=64)
def _write_font(face: EmbeddedFace) -> _FontTexts:
    name = face.base_font
    bounds = f"/Flags {_SYMBOLIC}/FontBBox[{' '.join(map(str, face.bounds))}]/ItalicAngle 0/StemV 80"
    metrics = f"{bounds}/Ascent {face.ascent}/Descent {face.descent}/CapHeight {face.ascent}"
    widths = f"/W[{face.widths}]"
    info = "/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/CIDToGIDMap/Identity"
    texts = {
        "font": f"<</Type/Font/Subtype/Type0/BaseFont/{name}/Encoding/Identity-H/DescendantFonts[",
        "descendant": f"<</Type/Font/Subtype/CIDFontType2/BaseFont/{name}{info}{widths}/FontDescriptor ",
        "descriptor": f"<</Type/FontDescriptor/FontName /{name}{metrics}/FontFile2 ",
    }
    return _FontTexts(
        font_file=_write_stream(face.font_file, b"/Length1 %d" % face.font_file_length),
        to_unicode=_write_stream(face.to_unicode),
        **{object_name: text.encode("ascii") for object_name, text in texts.items()},
    )


def _write_stream(deflated: bytes, entries: bytes = b"") -> bytes:
    return b"<</Filter/FlateDecode/Length %d%s>>\nstream\n%s\nendstream" % (len(deflated), entries, deflated)


class _Ready(pdfdoc.PDFObject):  # type: ignore[misc]
    """An object written already, but for the numbers of the objects that it refers to.

    ReportLab would write each entry of each dictionary anew for every document: half of its time.
    """

    __RefOnly__ = 1

    def __init__(self, *parts: object) -> None:
        self._parts = parts

    def format(self, document: pdfdoc.PDFDocument) -> bytes:
        return b"".join(
            part if isinstance(part, bytes) else pdfdoc.format(part, document) for part in self._parts
        )


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
