"""What pdfme drew, boiled down: each page's text and the mean ink of blocks of 1.5 mm.

Not here: drawing with pdfme (make_templates.py) or with ours.

Coarse, yet a line of text that is off by a quarter of a millimetre moves more ink from block to block than
anti-aliasing ever does.
"""

import json
import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
from numpy.typing import NDArray

from pdfme_dagster_tests.oracle.compare import draw_page, read_text

DPI = 200
BLOCK_PIXELS = 12
Blocks = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReference:
    """A page's text, its size in pixels at 200 dpi, and its blocks (rows x columns, 255 is white)."""

    text: str
    size: tuple[int, int]
    blocks: Blocks


def describe_pdf(content: bytes) -> list[PageReference]:
    """Return the reference of each page of a PDF."""
    document = pypdfium2.PdfDocument(content)
    try:
        return [_describe_page(page) for page in document]
    finally:
        document.close()


def read_references(path: Path) -> dict[str, list[PageReference]]:
    """Read all references by name."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {name: [_unpack_page(page) for page in pages] for name, pages in stored.items()}


def write_references(path: Path, references: dict[str, list[PageReference]]) -> None:
    """Write all references, a name per line so that a changed one shows as one line."""
    lines = [
        f"{json.dumps(name)}: {json.dumps([_pack_page(page) for page in pages], ensure_ascii=False)}"
        for name, pages in sorted(references.items())
    ]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def count_unequal_blocks(ours: Blocks, theirs: Blocks, *, levels: int) -> int:
    """Return how many blocks differ by more than ``levels`` of 255; all of them if the shapes differ."""
    if ours.shape != theirs.shape:
        return max(ours.size, theirs.size)
    return int((np.abs(ours.astype(np.int16) - theirs.astype(np.int16)) > levels).sum())


def _describe_page(page: pypdfium2.PdfPage) -> PageReference:
    picture = draw_page(page, DPI)
    height, width = picture.shape[:2]
    return PageReference(text=read_text(page), size=(width, height), blocks=_average(picture.mean(axis=2)))


def _average(grey: NDArray[np.float64]) -> Blocks:
    """Return the mean of each block; the page is continued in white to whole blocks."""
    height, width = grey.shape
    padding = ((0, -height % BLOCK_PIXELS), (0, -width % BLOCK_PIXELS))
    whole = np.pad(grey, padding, constant_values=255)
    rows, columns = whole.shape[0] // BLOCK_PIXELS, whole.shape[1] // BLOCK_PIXELS
    means = whole.reshape(rows, BLOCK_PIXELS, columns, BLOCK_PIXELS).mean(axis=(1, 3))
    blocks: Blocks = np.round(means).astype(np.uint8)
    return blocks


def _pack_page(page: PageReference) -> dict[str, Any]:
    packed = b64encode(zlib.compress(page.blocks.tobytes(), 9)).decode("ascii")
    return {"text": page.text, "size": page.size, "shape": page.blocks.shape, "blocks": packed}


def _unpack_page(stored: dict[str, Any]) -> PageReference:
    flat = np.frombuffer(zlib.decompress(b64decode(stored["blocks"])), dtype=np.uint8)
    width, height = stored["size"]
    return PageReference(text=stored["text"], size=(width, height), blocks=flat.reshape(stored["shape"]))
