"""Pictures of a PDF's pages, for looking at.

Not here: making the PDF (renderer.py), or pictures that stand in one (pictures.py).
"""

from io import BytesIO

import pypdfium2

from pdfme_dagster.errors import ConfigurationError

LOWEST_DPI, HIGHEST_DPI = 10, 1200
# 300 MB in memory; an A3 page at 600 dpi has 70 million.
MAX_PIXELS = 100_000_000
_POINTS_PER_INCH = 72


def draw_preview(content: bytes, *, page: int = 1, dpi: int = 100) -> bytes:
    """Return one page of a PDF of ours, counted from 1, as a PNG.

    ConfigurationError for a page that there is none of, and for a picture that would be too large.
    """
    if not LOWEST_DPI <= dpi <= HIGHEST_DPI:
        raise ConfigurationError(f"{dpi} dpi is not from {LOWEST_DPI} to {HIGHEST_DPI}; choose another")
    document = pypdfium2.PdfDocument(content)
    try:
        if not 1 <= page <= len(document):
            raise ConfigurationError(f"page {page} is not there: the document has {len(document)}")
        return _draw_page(document[page - 1], dpi)
    finally:
        document.close()


def _draw_page(page: pypdfium2.PdfPage, dpi: int) -> bytes:
    width, height = (side * dpi / _POINTS_PER_INCH for side in page.get_size())
    if width * height > MAX_PIXELS:
        raise ConfigurationError(
            f"the picture would have {width:,.0f} x {height:,.0f} pixels, more than {MAX_PIXELS:,}; "
            "choose fewer dpi"
        )
    picture = BytesIO()
    page.render(scale=dpi / _POINTS_PER_INCH).to_pil().save(picture, format="PNG", dpi=(dpi, dpi))
    return picture.getvalue()
