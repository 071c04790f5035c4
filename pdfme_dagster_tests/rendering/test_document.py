"""Finished pages become a file that other programs find nothing wrong with, the same one every time."""

import datetime as dt
import zlib
from io import BytesIO
from typing import Any

import pikepdf
import pytest

from pdfme_dagster.rendering.base_pdf import import_base_pdf
from pdfme_dagster.rendering.details import Details
from pdfme_dagster.rendering.document import find_anchors, write_content, write_document, write_link
from pdfme_dagster.rendering.page import Link, Page
from pdfme_dagster.rendering.pictures import read_picture
from pdfme_dagster.rendering.shaping import Typeface
from pdfme_dagster.rendering.shipped_fonts import load_face
from pdfme_dagster_tests.golden.media import rgb_picture, rgba_picture
from pdfme_dagster_tests.rendering.pdf_checks import check_structure, count_pages, find_ids
from pdfme_dagster_tests.rendering.renderers import read_corpus
from pdfme_dagster_tests.rendering.samples import extract_pages

LATIN, BOLD, ARABIC = (load_face(name) for name in ("Roboto", "Roboto-Bold", "NotoSansArabic"))
NAMES = {LATIN: "F1", BOLD: "F2", ARABIC: "F3"}


def make_page(text: str = "", **properties: Any) -> Page:
    page = Page(**{"width": 200.0, "height": 100.0, "font_names": NAMES, **properties})
    if text:
        pieces = Typeface([LATIN, ARABIC]).encode(text, right_to_left=False)
        page.show(10, 50, pieces, size=12, color="000000")
    return page


def write(*pages: Page, bases: Any = (), **details: Any) -> bytes:
    content = write_document(pages, bases, Details(**details))
    check_structure(content)
    return content


def test_pages_are_whole_with_their_text_in_their_order() -> None:
    content = write(make_page("first (1)"), make_page("محمد"), make_page())
    assert count_pages(content) == 3
    assert [text.strip() for text in extract_pages(content)] == ["first (1)", "محمد", ""]


def test_a_content_stream_holds_what_was_drawn_over_the_base_page() -> None:
    page = make_page(form=2)
    page.add("q Q")
    head, stream = write_content(page).removesuffix(b"\nendstream").split(b"\nstream\n", 1)
    assert zlib.decompress(stream) == b"/B2 Do\nq Q"
    assert head == b"<</Filter/FlateDecode/Length %d>>" % len(stream)


def test_fonts_are_embedded_once_and_only_those_in_use() -> None:
    one, many = write(make_page("A")), write(*[make_page("A") for _ in range(20)])
    assert many.count(b"/FontFile2") == one.count(b"/FontFile2") == 1
    assert len(many) - len(one) < 19 * 500
    assert b"Helvetica" not in many
    assert write(make_page("A محمد")).count(b"/FontFile2") == 2
    assert write(make_page()).count(b"/FontFile2") == 0


def test_pictures_are_embedded_once() -> None:
    pages = [make_page(), make_page()]
    for page in pages:
        for uri in (rgb_picture(), rgba_picture(), rgb_picture()):
            page.draw_picture(read_picture(uri), 0, 0, 10, 10)
    content = write(*pages)
    with pikepdf.open(BytesIO(content)) as document:
        assert len(document.pages[0].Resources.XObject) == 2


def test_transparency_is_declared() -> None:
    page = make_page()
    with page.turned(0, 0.5, 0, 0):
        page.fill_box(0, 0, 10, 10, "ff0000")
    with pikepdf.open(BytesIO(write(page))) as document:
        state = document.pages[0].Resources.ExtGState.A500_500
        assert (float(state.CA), float(state.ca)) == (0.5, 0.5)


def test_base_pages_come_along_if_they_are_used() -> None:
    template = read_corpus("base-pdf")
    assert isinstance(template.base, bytes)
    base = import_base_pdf(template.base)
    pages = len(base.pages)
    content = write(make_page("over", form=pages), make_page(), bases=[base, base])
    with pikepdf.open(BytesIO(content)) as document:
        assert list(document.pages[0].Resources.XObject) == [f"/B{pages}"]


# --- Links ---


def make_link(target: str, **look: Any) -> Link:
    return Link(left=1, bottom=2.5, right=30, top=40, target=target, **look)


def test_a_link_opens_an_address() -> None:
    assert write_link(make_link("https://example.com/(a)")) == (
        (
            b"<</Type/Annot/Subtype/Link/F 4/Border[0 0 0]/Rect[1 2.5 30 40]/A<</S/URI"
            b"/URI(https://example.com/\\(a\\))>>>>"
        ),
        None,
    )
    assert b"/F 4/Border[0 0 1]/Rect" in write_link(make_link("https://a", look=b"/Border[0 0 1]"))[0]


def test_a_link_to_a_field_goes_where_that_stands_first() -> None:
    first, second = make_page(), make_page()
    first.links += [make_link("#total"), make_link("#unknown"), make_link("https://example.com")]
    second.anchors["total"] = (10, 90)
    third = make_page()
    third.anchors["total"] = (0, 0)
    with pikepdf.open(BytesIO(write(first, second, third))) as document:
        inside, outside = document.pages[0].Annots
        assert inside.Dest[0].objgen == document.pages[1].objgen
        assert [float(each) for each in list(inside.Dest)[2:4]] == [10, 90]
        assert str(outside.A.URI) == "https://example.com"
    assert find_anchors([first, second, third]) == {"total": (1, 10, 90)}


# --- What the file says of itself ---


def test_the_file_says_its_title_and_language_in_all_places() -> None:
    content = write(make_page("A"), title="كشف (1)", language="ar", created=dt.date(2025, 9, 21))
    with pikepdf.open(BytesIO(content)) as document:
        assert document.docinfo["/Title"] == "كشف (1)"
        assert document.docinfo["/CreationDate"] == "D:20250921000000Z"
        assert document.Root.Lang == "ar"
        assert document.Root.ViewerPreferences.DisplayDocTitle
        packet = document.Root.Metadata.read_bytes().decode()
    assert "كشف (1)" in packet
    assert "2025-09-21T00:00:00Z" in packet


def test_an_archived_file_names_its_colours_and_others_do_not() -> None:
    for pdf_a in (True, False):
        with pikepdf.open(BytesIO(write(make_page("A"), pdf_a=pdf_a))) as document:
            assert ("/OutputIntents" in document.Root) == pdf_a
            assert (b"pdfaid" in document.Root.Metadata.read_bytes()) == pdf_a


def test_a_document_without_a_date_has_none() -> None:
    content = write(make_page("A"))
    assert b"CreationDate" not in content
    assert b"ModDate" not in content


@pytest.mark.parametrize("change", ["title", "content", "date"])
def test_the_id_is_a_hash_of_pages_and_title(change: str) -> None:
    one = find_ids(write(make_page("A"), title="One"))
    other = find_ids(
        write(
            make_page("B" if change == "content" else "A"),
            title="Two" if change == "title" else "One",
            created=dt.date(2025, 1, 1) if change == "date" else None,
        )
    )
    assert one[0] == one[1]
    assert one != other


def test_the_same_pages_give_the_same_bytes_after_other_documents() -> None:
    before = write(make_page("A محمد"))
    write(make_page("محمود B"), make_page("x"))
    assert write(make_page("A محمد")) == before
