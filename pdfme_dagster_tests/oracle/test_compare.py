"""Two PDFs are compared as one would by eye.

Not here: pdfme itself (test_pdfme.py).
"""

import io
from base64 import b64decode

import pytest
from reportlab.pdfgen.canvas import Canvas

from pdfme_dagster_tests.golden.media import FormPage, write_pdf
from pdfme_dagster_tests.oracle import Difference, compare_pdfs


def make_pdf(*pages: str, y: float = 50, width: float = 200) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(width, 100), invariant=1)
    for page in pages:
        canvas.drawString(20, y, page)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def test_a_pdf_does_not_differ_from_itself() -> None:
    difference = compare_pdfs(make_pdf("One", "Two"), make_pdf("One", "Two"))
    assert (difference.our_pages, difference.their_pages) == (2, 2)
    assert (difference.page_shares, difference.overall, difference.unequal_texts) == ((0.0, 0.0), 0.0, ())


def test_moved_text_changes_pixels_and_no_words() -> None:
    difference = compare_pdfs(make_pdf("One word"), make_pdf("One word", y=53))
    assert difference.overall > 0
    assert difference.unequal_texts == ()


def test_another_word_is_named() -> None:
    difference = compare_pdfs(make_pdf("Same", "One word"), make_pdf("Same", "One ward"))
    assert difference.unequal_texts == ((2, "One word", "One ward"),)
    assert difference.worst_page == 2
    assert "page 2: only ours 'word', only pdfme's 'ward'" in difference.describe()


def test_pages_that_only_one_has_are_counted_not_compared() -> None:
    difference = compare_pdfs(make_pdf("One"), make_pdf("One", "Two"))
    assert (difference.our_pages, difference.their_pages, len(difference.page_shares)) == (1, 2, 1)


def test_a_wider_page_differs_by_what_the_other_lacks() -> None:
    difference = compare_pdfs(make_pdf("One"), make_pdf("One", width=250))
    assert difference.overall == pytest.approx(0.2, abs=0.01)


def test_words_may_be_written_in_any_order() -> None:
    first, second = "BT /F1 12 Tf 10 50 Td (first) Tj ET", "BT /F1 12 Tf 80 50 Td (second) Tj ET"
    contents = (f"{first} {second}", f"{second} {first}")
    forms = (write_pdf(FormPage(media_box=(0, 0, 200, 100), content=content)) for content in contents)
    ours, theirs = (b64decode(form.partition(",")[2]) for form in forms)
    assert compare_pdfs(ours, theirs).unequal_texts == ()


def test_a_pdf_without_pages_in_common_has_no_worst_page() -> None:
    empty = Difference(our_pages=0, their_pages=1, page_shares=(), overall=0, unequal_texts=())
    assert empty.worst_page == 0
    assert empty.describe() == "0 pages, pdfme 1"
