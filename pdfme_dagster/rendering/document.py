"""Finished pages as a PDF file, through ReportLab's document: the path for whatever the template draws.

Not here: what is on the pages (pages.py); templates of plain text take the quicker path (compiled.py).

Nothing comes from the clock, the environment or an earlier document: objects are numbered in one fixed order,
and the file's ID is a hash of what is on its pages and of what it says of itself.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from reportlab.pdfbase import pdfdoc

from pdfme_dagster.rendering.base_pdf import BasePdf, ObjectTemplate
from pdfme_dagster.rendering.details import (
    Details,
    describe_file,
    list_catalogue_parts,
    write_profile,
)
from pdfme_dagster.rendering.faces import Face
from pdfme_dagster.rendering.figure import format_number
from pdfme_dagster.rendering.metadata import write_text
from pdfme_dagster.rendering.page import Link, Page, name_picture
from pdfme_dagster.rendering.pdf_objects import (
    Group,
    write_alphas,
    write_basic_font,
    write_glyph_font,
    write_picture,
)

# Level 1 takes half the time of 6 and a page's operators come out a tenth larger.
CONTENT_LEVEL = 1
PDF_VERSION = (1, 7)


class _Ready(pdfdoc.PDFObject):  # type: ignore[misc]
    """An object written already, but for the numbers of the objects that it refers to.

    ReportLab would write each entry of each dictionary anew for every document: half of its time.
    """

    __RefOnly__ = 1

    def __init__(self, *parts: object) -> None:
        self.parts: tuple[object, ...] = parts

    def format(self, document: pdfdoc.PDFDocument) -> bytes:
        return b"".join(
            part if isinstance(part, bytes) else pdfdoc.format(part, document) for part in self.parts
        )


class _Catalogue(_Ready):
    """The document's catalogue; ReportLab's own knows no output intents."""

    Outlines = None


def write_document(pages: Sequence[Page], bases: Sequence[BasePdf], details: Details) -> bytes:
    """Return the PDF of these pages; ``bases`` are what their forms are of, one after the other."""
    document = pdfdoc.PDFDocument(invariant=1, pdfVersion=PDF_VERSION)
    resources = _Resources(pages, bases)
    tree, sheets = _Ready(), [_Ready() for _ in pages]
    anchors = find_anchors(pages)
    contents = [write_content(page) for page in pages]
    for page, sheet, content in zip(pages, sheets, contents, strict=True):
        sheet.parts = (*_write_page(page, tree, _Ready(content)), *_write_links(page, sheets, anchors), b">>")
    tree.parts = tuple(_write_tree(sheets, resources))
    document.Pages = tree
    info, metadata = describe_file(details)
    document.Catalog = _Catalogue(*_write_catalogue(tree, resources, details, metadata))
    document.info = _Info(info)
    document.signature = sha256(b"".join((info, metadata, *contents)))
    return bytes(document.GetPDFData(None))


def write_content(page: Page) -> bytes:
    """Return a page's content stream, the base page's form drawn below it all."""
    drawn = page.operators if page.form is None else [f"/{name_form(page.form)} Do", *page.operators]
    content = zlib.compress("\n".join(drawn).encode("latin-1"), CONTENT_LEVEL)
    return b"<</Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream" % (len(content), content)


def name_form(number: int) -> str:
    """Return the resource name of a page of the base PDF."""
    return f"B{number}"


def find_anchors(pages: Sequence[Page]) -> dict[str, tuple[int, float, float]]:
    """Map the names of fields to the page, from 0, and the point where each stands first."""
    anchors: dict[str, tuple[int, float, float]] = {}
    for number, page in enumerate(pages):
        for name, (x, y) in page.anchors.items():
            anchors.setdefault(name, (number, x, y))
    return anchors


def write_link(link: Link) -> tuple[bytes, str | None]:
    """Return a link annotation; one to a field is open-ended, and the field's name comes with it."""
    rect = " ".join(map(format_number, (link.left, link.bottom, link.right, link.top)))
    head = b"<</Type/Annot/Subtype/Link/F 4%s/Rect[%s]" % (
        link.look or b"/Border[0 0 0]",
        rect.encode("ascii"),
    )
    if link.target.startswith("#"):
        return head + b"/Dest[", link.target[1:]
    return head + b"/A<</S/URI/URI" + write_text(link.target) + b">>>>", None


def _write_page(page: Page, tree: _Ready, content: _Ready) -> Iterator[object]:
    size = f"{format_number(page.width)} {format_number(page.height)}".encode("ascii")
    yield from (b"<</Type/Page/Parent ", tree, b"/MediaBox[0 0 %s]/Contents " % size, content)


def _write_links(
    page: Page, sheets: Sequence[_Ready], anchors: Mapping[str, tuple[int, float, float]]
) -> Iterator[object]:
    if not page.links:
        return
    yield b"/Annots["
    for link in page.links:
        written, name = write_link(link)
        if name is None:
            yield written
        elif name in anchors:
            number, x, y = anchors[name]
            yield from (written, sheets[number], f"/XYZ {x:.3f} {y:.3f} null]>>".encode("ascii"))
    yield b"]"


def _write_tree(sheets: Sequence[_Ready], resources: "_Resources") -> Iterator[object]:
    yield b"<</Type/Pages/Count %d/Resources" % len(sheets)
    yield from resources.write()
    yield b"/Kids["
    for sheet in sheets:
        yield from (sheet, b" ")
    yield b"]>>"


def _write_catalogue(
    tree: _Ready, resources: "_Resources", details: Details, metadata: bytes
) -> Iterator[object]:
    named = [tree, _Ready(metadata), _Ready(write_profile())]
    for part in list_catalogue_parts(details, pages=0, metadata=1, profile=2):
        yield part if isinstance(part, bytes) else named[part]
    yield from resources.catalogue
    yield b">>"


class _Info(pdfdoc.PDFInfo):  # type: ignore[misc]
    """The information dictionary as we write it; ReportLab's own would read the clock."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._content = content

    def format(self, _document: pdfdoc.PDFDocument) -> bytes:
        return self._content

    def digest(self, _md5: object) -> None:
        """Add nothing: it is in the hash already."""


class _Resources:
    """The fonts, pictures and base pages that the pages of one document share, each once."""

    def __init__(self, pages: Sequence[Page], bases: Sequence[BasePdf]) -> None:
        names = pages[0].font_names
        basic = dict.fromkeys(face for page in pages for face in page.basic_faces)
        self.fonts = {names[face]: _tie(write_basic_font(face)) for face in names if face in basic}
        for face, glyphs in collect_glyphs(pages).items():
            self.fonts[f"{names[face]}g"] = _tie(write_glyph_font(face, glyphs))
        pictures = {digest: picture for page in pages for digest, picture in page.pictures.items()}
        self.pictures = {name_picture(each): _tie(write_picture(each)) for each in pictures.values()}
        self.alphas = dict.fromkeys(name for page in pages for name in page.alphas)
        used = {page.form for page in pages}
        self.forms: dict[str, _Ready] = {}
        self.catalogue: list[object] = []
        self._base_pages = 0
        for base in bases:
            self._add_base(base, used)

    def _add_base(self, base: BasePdf, used: set[int | None]) -> None:
        tied = _tie_all(base.objects)
        first = self._base_pages
        self._base_pages += len(base.pages)
        shown = {name_form(n): tied[page.form] for n, page in enumerate(base.pages, start=first) if n in used}
        if shown and not self.catalogue:  # layers of the first base PDF that has any
            self.catalogue += [
                part if isinstance(part, bytes) else tied[part] for part in base.catalogue.parts
            ]
        self.forms |= shown

    def write(self) -> Iterator[object]:
        """Yield the parts of the resource dictionary that all pages inherit."""
        yield b"<<"
        if self.alphas:
            yield b"/ExtGState " + write_alphas(self.alphas)
        yield from _write_names(b"/Font", self.fonts)
        yield from _write_names(b"/XObject", self.forms | self.pictures)
        yield b">>"


def _write_names(kind: bytes, objects: Mapping[str, _Ready]) -> Iterator[object]:
    if not objects:
        return
    yield kind + b"<<"
    for name, ready in objects.items():
        yield b"/" + name.encode("ascii") + b" "
        yield ready
    yield b">>"


def collect_glyphs(pages: Sequence[Page]) -> dict[Face, dict[int, str]]:
    """Return the glyphs of each face in use, in the order of the fonts."""
    used: dict[Face, dict[int, str]] = {}
    for face in pages[0].font_names:
        for page in pages:
            for glyph, text in page.glyphs.get(face, {}).items():
                known = used.setdefault(face, {})
                known[glyph] = known.get(glyph) or text
    return used


def _tie(group: Group) -> _Ready:
    return _tie_all(group)[0]


def _tie_all(objects: Sequence[ObjectTemplate]) -> list[_Ready]:
    """Return objects that refer to each other."""
    tied = [_Ready() for _ in objects]
    for ready, template in zip(tied, objects, strict=True):
        ready.parts = tuple(tied[part] if isinstance(part, int) else part for part in template.parts)
    return tied
