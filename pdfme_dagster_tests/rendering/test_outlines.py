"""Words that are part of a picture are seen, squeezed into their room, but are no text of the page."""

import re

import pytest

from pdfme_dagster.rendering.details import Details
from pdfme_dagster.rendering.document import write_document
from pdfme_dagster.rendering.figure import Label
from pdfme_dagster.rendering.outlines import trace_glyph, write_outlines
from pdfme_dagster.rendering.page import Page
from pdfme_dagster.rendering.shipped_fonts import load_face
from pdfme_dagster_tests.rendering.pdf_checks import draw_pages
from pdfme_dagster_tests.rendering.samples import extract_text
from pdfme_dagster_tests.rendering.tiny_fonts import make_face

TINY = make_face("ab ")


def make_label(text: str = "ab", *, width: float = 0, size: float = 10) -> Label:
    return Label(x=20, y=30, size=size, text=text, color="0 0 1", width=width)


def draw(operators: str) -> tuple[bytes, tuple[int, int]]:
    """Return a page of 100 x 60 pt, and the leftmost and rightmost column that is not white."""
    face = load_face("Roboto")
    page = Page(width=100, height=60, font_names={face: "F1"})
    page.add(operators)
    content = write_document([page], [], Details())
    [picture] = draw_pages(content, dpi=72)
    columns = [place for place in range(picture.shape[1]) if picture[:, place].min() < 128]
    return content, (columns[0], columns[-1])


def test_a_glyph_is_traced_in_the_units_of_its_font() -> None:
    assert trace_glyph(TINY, TINY.find_glyph("a")) == (
        "50.0 0.0 m 50.0 700.0 l 950.0 700.0 l 950.0 0.0 l 50.0 0.0 l h"
    )
    assert trace_glyph(load_face("Roboto"), load_face("Roboto").find_glyph(" ")) == ""
    assert " c" in trace_glyph(load_face("Roboto"), load_face("Roboto").find_glyph("o"))


@pytest.mark.parametrize(("width", "scale"), [(0, 0.01), (20, 0.01), (40, 0.02), (10, 0.005)])
def test_letters_are_squeezed_or_stretched_to_their_room(width: float, scale: float) -> None:
    scales = re.findall(r"q (\S+) 0 0 (\S+) (\S+) 30\.000 cm", write_outlines(make_label(width=width), TINY))
    assert [tuple(map(float, each)) for each in scales] == [
        (scale, 0.01, 20),
        (scale, 0.01, pytest.approx(20 + scale * 1000)),
    ]


def test_words_are_seen_but_cannot_be_copied() -> None:
    content, (left, right) = draw(write_outlines(make_label("HIH", width=60), load_face("Roboto")))
    assert extract_text(content) == ""
    assert left == pytest.approx(20, abs=3)
    assert right == pytest.approx(80, abs=5)


def test_the_graphics_state_is_as_before() -> None:
    operators = write_outlines(make_label("a b"), TINY)
    assert operators.startswith("q 0 0 1 rg\n")
    assert len(re.findall(r"\bq\b", operators)) == len(re.findall(r"\bQ\b", operators))


def test_an_empty_label_and_unknown_letters_do_no_harm() -> None:
    assert write_outlines(make_label("", width=50), TINY) == "q 0 0 1 rg\nQ"
    assert " f Q" in write_outlines(make_label("漢"), TINY)
