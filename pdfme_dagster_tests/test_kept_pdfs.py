"""PDFs that wait in memory come out as they went in, and share what is the same. Not here: whole batches."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.domain.statement import RenderedPdf
from pdfme_dagster.kept_pdfs import PdfKeeper

BACKGROUND = bytes(range(256)) * 40


def render(content: bytes) -> RenderedPdf:
    return RenderedPdf(content=content, pages=1, template="card", template_digest="d" * 64)


def write_pdf(number: int) -> bytes:
    return b"%%PDF\n<</Length 9>>\nstream\n%b\nendstream\npage %d\n%%%%EOF\n" % (BACKGROUND, number)


@given(
    st.lists(st.sampled_from([b"", b"stream\n", b"endstream\n", b"stream", b"\n", b"x" * 2000]), max_size=9)
)
def test_every_pdf_comes_out_as_it_went_in(parts: list[bytes]) -> None:
    content = b"".join(parts)
    assert PdfKeeper().keep(render(content)).join() == content


def test_a_background_that_many_have_is_kept_once() -> None:
    keeper = PdfKeeper()
    kept = [keeper.keep(render(write_pdf(number))) for number in range(3)]
    backgrounds = [piece for pdf in kept for piece in pdf.pieces if BACKGROUND in piece]
    assert len(backgrounds) == 3
    assert all(one is other for one, other in combinations(backgrounds, 2))
    assert [pdf.join() for pdf in kept] == [write_pdf(number) for number in range(3)]
    assert (kept[0].pages, kept[0].template, kept[0].template_digest) == (1, "card", "d" * 64)
