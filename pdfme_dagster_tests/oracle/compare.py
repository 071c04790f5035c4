"""Two PDFs side by side: pages, pixels and text, as PDFium reads them.

Not here: where the PDFs come from, and how much difference is too much.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from unicodedata import normalize

import numpy as np
import pypdfium2
from numpy.typing import NDArray

# Below this a difference is anti-aliasing that nobody sees.
VISIBLE_LEVELS = 16

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far our PDF is from theirs; shares are of pixels, 0 to 1, pages count from 1."""

    our_pages: int
    their_pages: int
    page_shares: tuple[float, ...]
    overall: float
    unequal_texts: tuple[tuple[int, str, str], ...]

    @property
    def worst_page(self) -> int:
        """Return the page with the largest share of differing pixels, 0 if there is none."""
        shares = self.page_shares
        return shares.index(max(shares)) + 1 if shares else 0

    def describe(self) -> str:
        """Say in one line what differs, with words of the first unequal text."""
        parts = [f"{self.our_pages} pages, pdfme {self.their_pages}"]
        if self.page_shares:
            worst = self.worst_page
            parts.append(f"{self.overall:.3%} of pixels, page {worst} {self.page_shares[worst - 1]:.3%}")
        for page, ours, theirs in self.unequal_texts[:1]:
            parts.append(f"text of page {page}: {_show_words(ours, theirs)}")
        return "; ".join(parts)


def compare_pdfs(ours: bytes, theirs: bytes, dpi: int = 100) -> Difference:
    """Compare all pages that both have; a page of another size differs where only one of the two is."""
    mine, other = pypdfium2.PdfDocument(ours), pypdfium2.PdfDocument(theirs)
    try:
        pages = range(min(len(mine), len(other)))
        counts = [_count_differing(draw_page(mine[n], dpi), draw_page(other[n], dpi)) for n in pages]
        texts = [(n + 1, read_text(mine[n]), read_text(other[n])) for n in pages]
        return Difference(
            our_pages=len(mine),
            their_pages=len(other),
            page_shares=tuple(differing / total for differing, total in counts),
            overall=sum(differing for differing, _ in counts) / max(1, sum(total for _, total in counts)),
            unequal_texts=tuple(text for text in texts if list_words(text[1]) != list_words(text[2])),
        )
    finally:
        mine.close()
        other.close()


def draw_page(page: pypdfium2.PdfPage, dpi: int) -> Picture:
    """Return the page as height x width x 3 levels."""
    bitmap = page.render(scale=dpi / 72, draw_annots=False)
    try:
        return np.array(bitmap.to_numpy()[:, :, :3], dtype=np.uint8)
    finally:
        bitmap.close()


def read_text(page: pypdfium2.PdfPage) -> str:
    """Return the page's text with single blanks, so that only what is written counts."""
    textpage = page.get_textpage()
    try:
        return " ".join(textpage.get_text_range().split())
    finally:
        textpage.close()


def list_words(text: str) -> list[str]:
    """Return the words of a text in order; a letter with its mark counts as one, however it is written."""
    return normalize("NFC", text).split()


def _count_differing(ours: Picture, theirs: Picture) -> tuple[int, int]:
    """Return how many pixels differ visibly, and of how many."""
    height, width = (min(ours.shape[axis], theirs.shape[axis]) for axis in (0, 1))
    total = max(ours.shape[0], theirs.shape[0]) * max(ours.shape[1], theirs.shape[1])
    levels = np.abs(ours[:height, :width].astype(np.int16) - theirs[:height, :width].astype(np.int16))
    return int((levels.max(axis=2) > VISIBLE_LEVELS).sum()) + total - height * width, total


def _show_words(ours: str, theirs: str) -> str:
    """Show some words that only one of the two has."""
    mine, other = Counter(ours.split()), Counter(theirs.split())
    only_ours, only_theirs = (" ".join(islice(words.elements(), 6)) for words in (mine - other, other - mine))
    return f"only ours {only_ours!r}, only pdfme's {only_theirs!r}"
