"""The compiled path makes the other path's page, to the pixel, in a file that nobody has to repair."""

import datetime as dt
import re
from io import BytesIO
from typing import Any

import numpy as np
import pikepdf
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.rendering.details import Details
from pdfme_dagster.rendering.renderer import PageInputs, Renderer
from pdfme_dagster.templates.schema import Template
from pdfme_dagster_tests.golden import corpus
from pdfme_dagster_tests.rendering.pdf_checks import check_structure, count_pages, draw_pages
from pdfme_dagster_tests.rendering.renderers import (
    make_field,
    make_fixed,
    make_renderer,
    make_template,
    make_text,
    read_corpus,
)
from pdfme_dagster_tests.rendering.samples import extract_pages

DETAILS = Details(title="Statement 01/02/2025", created=dt.date(2025, 2, 1))
# The corpus has values that are refused; they are the others' tests' matter.
DRAWN = [name for name in corpus.list_names() if name not in ("invalid-values", "table-extra-cells")]
TEXTS = [
    "12,345.678",
    "a (b) \\ c)",
    "first\nsecond\n\nlast",
    "office fluffy",
    "Crème brûlée Łódź",
    "محمد بن علي",
    "Mr محمد (A/C 12)",
    "漢字 😀 ☃",
    "\x00\x1b\ud800 END \u202e",
    "  spaces  ",
    "a\tb",
    "wide " * 30,
    "",
]


def make_letter() -> Template:
    box = {"backgroundColor": "#ddeeff", "borderColor": "#334455", "borderWidth": {"top": 0.4, "left": 0.4}}
    looks: list[dict[str, Any]] = [
        {},
        {"alignment": "right"},
        {"alignment": "center", "fontName": "Roboto-Bold"},
        {"alignment": "justify", "verticalAlignment": "bottom"},
        {"rotate": 10},
        {"opacity": 0.4, "fontColor": "#cc0000"},
        {"underline": True, "strikethrough": True},
        {"characterSpacing": 1.5},
        {"dynamicFontSize": {"min": 4, "max": 20, "fit": "horizontal"}},
        {"overflow": "shrink"},
        {"overflow": "clip"},
        {"overflow": "ellipsis"},
        box,
    ]
    fields = [
        make_text(f"text{n}", 5 + 45 * (n % 2), 4 + 9 * (n // 2), **look) for n, look in enumerate(looks)
    ]
    fixed = [
        make_fixed("heading", 5, 1, "Heading أهلا fi"),
        make_fixed("page", 60, 1, "{currentPage} of {totalPages}, {date}"),
        make_field("rectangle", "bar", 2, 30, color="#eeeeaa", readOnly=True),
        make_field("line", "rule", 2, 3, height=0.5, color="#000000", readOnly=True),
    ]
    mixed = [fixed[0], fixed[1], *fields[:5], fixed[2], *fields[5:], fixed[3]]
    return make_template(mixed)


LETTER = make_renderer(make_letter())


def render(renderer: Renderer, inputs: dict[str, str], path: Any, **details: Any) -> bytes:
    return renderer.render_inputs([inputs], Details(**details) if details else DETAILS, path=path).content


def list_characters(content: bytes) -> list[str]:
    """Return each page's text without blanks, which PDFium sees by how neighbouring texts are written."""
    return ["".join(text.split()) for text in extract_pages(content)]


def assert_alike(renderer: Renderer, inputs: dict[str, str]) -> None:
    compiled, drawn = (render(renderer, inputs, path) for path in ("compiled", "canvas"))
    check_structure(compiled)
    check_structure(drawn)
    assert list_characters(compiled) == list_characters(drawn)
    for ours, theirs in zip(draw_pages(compiled), draw_pages(drawn), strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("name", DRAWN)
def test_the_corpus_looks_the_same_on_both_paths(name: str) -> None:
    renderer = make_renderer(read_corpus(name))
    if renderer.path == "compiled":
        assert_alike(renderer, corpus.read_inputs(name)[0])
    else:
        assert name not in ("card-statement-dict-style", "dates", "marks", "base-pdf", "text-box")


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_looks_the_same_on_both_paths(text: str) -> None:
    assert LETTER.path == "compiled"
    assert_alike(LETTER, {f"text{number}": text for number in range(13)})


@given(st.dictionaries(st.integers(0, 12).map("text{}".format), st.text(max_size=30)))
def test_any_values_look_the_same_on_both_paths(inputs: dict[str, str]) -> None:
    assert_alike(LETTER, inputs)


def test_constants_over_and_under_values_keep_their_place() -> None:
    under = make_field("rectangle", "under", 5, 5, height=20, color="#ffff00", readOnly=True)
    over = make_field("rectangle", "over", 15, 5, height=20, color="#0000ff", readOnly=True)
    text = make_text("text", 5, 5, fontSize=20)
    renderer = make_renderer(make_template([under, text, over]))
    # The text runs out of its box below and at the right, where the second rectangle covers it.
    assert_alike(renderer, {"text": "many words that run out of their box " * 3})
    content = render(renderer, {"text": "x " * 60}, "compiled")
    [page] = draw_pages(content)
    covered = page[25:90, 65:170].reshape(-1, 3)
    assert len(np.unique(covered, axis=0)) == 1


def test_pages_are_as_many_as_asked_for_in_any_order() -> None:
    renderer = make_renderer(
        make_template(
            [make_text("a", 5, 5), make_fixed("n", 5, 20, "first {currentPage}")], [make_text("a", 5, 40)]
        )
    )
    pages = [PageInputs(page=page, inputs={"a": f"number {n}"}) for n, page in enumerate((0, 1, 1, 0))]
    rendered = renderer.render_pages(pages, DETAILS)
    check_structure(rendered.content)
    assert rendered.pages == count_pages(rendered.content) == 4
    texts = extract_pages(rendered.content)
    assert ["first" in text for text in texts] == [True, False, False, True]
    assert [text.split("number ")[1][0] for text in texts] == list("0123")
    assert "first 4" in texts[3]


def test_templates_that_take_turns_share_fonts_and_keep_their_base_pages() -> None:
    templates = [read_corpus(name) for name in ("base-pdf", "base-pdf-cropped", "base-pdf-rotated")]
    renderer = make_renderer(*templates)
    assert renderer.path == "compiled"
    count = sum(each.count_pages() for each in renderer.drawables)
    pages = [PageInputs(page=page, inputs={}) for page in range(count)]
    compiled, drawn = (
        renderer.render_pages(pages, DETAILS, path=path).content for path in ("compiled", "canvas")
    )
    check_structure(compiled)
    for ours, theirs in zip(draw_pages(compiled), draw_pages(drawn), strict=True):
        assert np.array_equal(ours, theirs)
    assert compiled.count(b"/FontFile2") == drawn.count(b"/FontFile2")


def list_links(content: bytes) -> list[tuple[Any, ...]]:
    with pikepdf.open(BytesIO(content)) as document:
        return [
            (number, str(link.A.URI), *map(float, link.Rect))
            for number, page in enumerate(document.pages)
            for link in page.get("/Annots", [])
        ]


def test_links_of_the_base_pdf_come_along_on_both_paths() -> None:
    renderer = make_renderer(read_corpus("base-pdf"))
    compiled, drawn = (render(renderer, {}, path) for path in ("compiled", "canvas"))
    assert list_links(compiled) == list_links(drawn)
    assert list_links(compiled)


def test_a_value_beyond_the_basic_set_brings_its_font_with_it_and_leaves_no_trace() -> None:
    renderer = make_renderer(make_template([make_text("a", 5, 5)]))
    before = render(renderer, {"a": "plain"}, None)
    arabic = render(renderer, {"a": "محمد"}, None)
    assert (b"NotoSansArabic" in before, b"NotoSansArabic" in arabic) == (False, True)
    assert render(renderer, {"a": "plain"}, None) == before


def test_what_a_file_says_of_itself_is_the_same_on_both_paths() -> None:
    for details in ({"title": "A (b)", "language": "ar"}, {"created": dt.date(2025, 3, 4)}, {"title": "Ä"}):
        for pdf_a in (False, True):
            renderer = make_renderer(make_template([make_text("a", 5, 5)]), pdf_a=pdf_a)
            compiled, drawn = (
                render(renderer, {"a": "x"}, path, **details) for path in ("compiled", "canvas")
            )
            assert describe(compiled) == describe(drawn)


def describe(content: bytes) -> list[object]:
    with pikepdf.open(BytesIO(content)) as document:
        root = document.Root
        return [
            {key: str(value) for key, value in document.docinfo.items()},
            root.Metadata.read_bytes(),
            str(root.Lang),
            bool(root.ViewerPreferences.DisplayDocTitle),
            [str(intent.Info) for intent in root.get("/OutputIntents", [])],
        ]


def test_the_id_is_a_hash_of_the_file() -> None:
    contents = [
        render(LETTER, {"text0": text}, "compiled", title=title) for text in "ab" for title in ("one", "two")
    ]
    ids = [re.findall(rb"/ID\s*\[\s*<(\w+)><(\w+)>", content) for content in contents]
    assert all(len(found) == 1 and found[0][0] == found[0][1] for found in ids)
    assert len({found[0] for found in ids}) == 4


def test_no_template_is_written_twice_into_a_long_document() -> None:
    pages = [PageInputs(page=0, inputs={"text0": str(number)}) for number in range(50)]
    one, many = (LETTER.render_pages(pages[:count], DETAILS).content for count in (1, 50))
    assert one.count(b"/FontFile2") == many.count(b"/FontFile2")
    assert len(many) - len(one) < 49 * 2_000


def test_pages_that_pdfium_finds_have_the_templates_size() -> None:
    document = pypdfium2.PdfDocument(render(LETTER, {}, "compiled"))
    assert document[0].get_size() == pytest.approx((283.46, 226.768), abs=0.001)
    document.close()
