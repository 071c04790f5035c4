"""Ways to look into finished PDFs: their structure, their pixels, where their letters stand.

Not here: making PDFs, or what tests expect of them.
"""

import re
from io import BytesIO
from typing import NamedTuple

import numpy as np
import pikepdf
import pypdfium2
from numpy.typing import NDArray

DPI = 100


class Letter(NamedTuple):
    """A character of a page's text, and the left and bottom of its box in points."""

    text: str
    left: float
    bottom: float


def check_structure(content: bytes) -> None:
    """Fail where another program would have to repair the file, or an object is not where the table says."""
    with pikepdf.open(BytesIO(content), attempt_recovery=False) as document:
        problems = [*document.check_pdf_syntax(), *document.get_warnings()]
    assert problems == []
    start = int(content.rsplit(b"startxref", 1)[1].split()[0])
    head, _, rows = content[start:].partition(b"0000000000 65535 f")
    assert head.split()[0] == b"xref"
    entries = re.findall(rb"(\d{10}) 00000 n", rows)
    assert len(entries) == int(head.split()[2]) - 1
    for number, offset in enumerate(map(int, entries), start=1):
        assert content[offset:].startswith(b"%d 0 obj" % number), number


def draw_pages(content: bytes, *, dpi: int = DPI) -> list[NDArray[np.uint8]]:
    """Return each page's pixels as PDFium draws them: rows, columns, channels."""
    document = pypdfium2.PdfDocument(content)
    try:
        return [page.render(scale=dpi / 72).to_numpy().copy() for page in document]
    finally:
        document.close()


def count_pages(content: bytes) -> int:
    """Return how many pages PDFium finds."""
    document = pypdfium2.PdfDocument(content)
    try:
        return len(document)
    finally:
        document.close()


def list_letters(content: bytes, page: int = 0) -> list[Letter]:
    """Return a page's characters in the order in which they are copied."""
    document = pypdfium2.PdfDocument(content)
    try:
        text = document[page].get_textpage()
        return [
            Letter(text.get_text_range(at, 1), *text.get_charbox(at)[:2]) for at in range(text.count_chars())
        ]
    finally:
        document.close()


def find_ids(content: bytes) -> list[bytes]:
    """Return the two IDs in a file's trailer, in hexadecimal or as they stand."""
    found = re.search(rb"/ID\s*\[\s*<?(\w+)>?\s*<?(\w+)>?\s*\]", content[content.rindex(b"trailer") :])
    assert found
    return [found[1], found[2]]
