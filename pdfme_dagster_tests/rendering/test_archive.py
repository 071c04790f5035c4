"""Base PDFs that PDF/A-2b does not take: fonts outside of the file, colours of ink.

Not here: the metadata of such files (test_metadata.py).
"""

from io import BytesIO

import pikepdf
import pytest
from PIL import Image
from reportlab.lib.colors import CMYKColor
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from pdfme_dagster.errors import TemplateError
from pdfme_dagster.rendering.archive import find_archive_faults
from pdfme_dagster.rendering.fields import Brush
from pdfme_dagster.rendering.font_book import FontBook
from pdfme_dagster.rendering.preparing import prepare_template
from pdfme_dagster.rendering.shipped_fonts import load_face
from pdfme_dagster.templates.schema import Template


def draw_base(*, text: bool = False, ink: bool = False, picture: Image.Image | None = None) -> bytes:
    written = BytesIO()
    canvas = Canvas(written, pagesize=(200, 100), invariant=1)
    if text:
        canvas.drawString(10, 50, "Example Bank")
    if ink:
        canvas.setFillColor(CMYKColor(0.1, 0.2, 0.3, 0))
    if picture:
        canvas.drawImage(ImageReader(picture), 10, 10, 20, 20)
    canvas.rect(1, 1, 20, 20, fill=1)
    canvas.save()
    return without_unused_fonts(written.getvalue(), keep=text)


def without_unused_fonts(content: bytes, *, keep: bool) -> bytes:
    """ReportLab names Helvetica on every page, used or not."""
    with pikepdf.open(BytesIO(content)) as pdf:
        if not keep:
            for page in pdf.pages:
                del page.Resources["/Font"]
        written = BytesIO()
        pdf.remove_unreferenced_resources()
        pdf.save(written)
    return written.getvalue()


def test_a_font_that_is_not_embedded_is_named() -> None:
    assert find_archive_faults(draw_base(text=True)) == [
        "its font Helvetica is not embedded, which PDF/A demands; save it with all fonts embedded"
    ]


@pytest.mark.parametrize(
    "base", [draw_base(ink=True), draw_base(picture=Image.new("CMYK", (2, 2)))], ids=["fill", "picture"]
)
def test_colours_of_ink_are_told(base: bytes) -> None:
    [fault] = find_archive_faults(base)
    assert "ink (CMYK)" in fault


def test_a_page_of_rgb_without_text_has_no_faults() -> None:
    assert find_archive_faults(draw_base(picture=Image.new("RGB", (2, 2)))) == []


def test_a_template_is_refused_for_pdf_a_only() -> None:
    template = Template(name="card.json", digest="0" * 64, base=draw_base(text=True), pages=((),))
    book = FontBook({"Roboto": load_face("Roboto")}, fallback="Roboto")
    assert prepare_template(template, Brush(book=book)).base is not None
    with pytest.raises(TemplateError, match=r"^card\.json: basePdf: its font Helvetica is not embedded"):
        prepare_template(template, Brush(book=book, pdf_a=True))
