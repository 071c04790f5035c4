"""Documents are made one after the other, by whichever path, without a trace and without end."""

import gc
import tracemalloc
from functools import lru_cache

import pytest

from pdfme_dagster.errors import ConfigurationError, PermanentError
from pdfme_dagster.rendering import plain_text, shaping, text, words
from pdfme_dagster.rendering import renderer as renderer_module
from pdfme_dagster.rendering.details import Details
from pdfme_dagster.rendering.renderer import PageInputs, Path, Renderer
from pdfme_dagster_tests.golden import corpus
from pdfme_dagster_tests.rendering import renderers
from pdfme_dagster_tests.rendering.pdf_checks import check_structure, count_pages
from pdfme_dagster_tests.rendering.renderers import (
    make_field,
    make_fixed,
    make_renderer,
    make_template,
    make_text,
    read_corpus,
)
from pdfme_dagster_tests.rendering.samples import extract_pages

TABLE = make_field("table", "t", 5, 5, head=["A"], headWidthPercentages=[100])


@pytest.mark.parametrize(
    ("field", "path"),
    [
        (make_text("a", 5, 5), "compiled"),
        (make_field("qrcode", "a", 5, 5), "compiled"),
        (make_field("rectangle", "a", 5, 5), "compiled"),
        (make_fixed("a", 5, 5, "{currentPage}"), "compiled"),
        (make_field("image", "a", 5, 5), "canvas"),
        (make_field("svg", "a", 5, 5), "canvas"),
        (make_fixed("a", 5, 5, "**b**", textFormat="inline-markdown"), "canvas"),
        (make_text("a", 5, 5, overflow="expand"), "canvas"),
        (TABLE, "canvas"),
    ],
)
def test_templates_of_plain_fields_take_the_quick_path(field: dict[str, object], path: str) -> None:
    renderer = make_renderer(make_template([field]))
    assert renderer.path == path
    assert renderer.flows == (field is TABLE or field.get("overflow") == "expand")
    renderer.warm_up()


def test_the_quick_path_is_refused_where_it_does_not_lead() -> None:
    renderer = make_renderer(make_template([TABLE]))
    with pytest.raises(ConfigurationError, match=r"card\.json: cannot be compiled; take the path canvas"):
        renderer.render_inputs([{}], Details(), path="compiled")


def test_inputs_make_all_pages_once_each_in_one_file() -> None:
    renderer = make_renderer(make_template([make_text("a", 5, 5)], [make_text("a", 5, 5)]))
    rendered = renderer.render_inputs([{"a": "one"}, {"a": "two"}], Details())
    check_structure(rendered.content)
    assert [text.strip() for text in extract_pages(rendered.content)] == ["one", "one", "two", "two"]
    assert rendered.pages == 4


@pytest.mark.parametrize(
    "name", ["account-statement-table", "card-statement-dict-style", "several-inputs", "svg"]
)
def test_what_is_said_to_be_the_number_of_pages_is_it(name: str) -> None:
    rendered = make_renderer(read_corpus(name)).render_inputs(corpus.read_inputs(name), Details())
    check_structure(rendered.content)
    assert rendered.pages == count_pages(rendered.content)


def test_no_page_and_too_many_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    renderer = make_renderer(make_template([make_text("a", 5, 5)]))
    with pytest.raises(PermanentError, match="the document would have 0 pages, not 1 to") as raised:
        renderer.render_pages([], Details())
    assert raised.value.code == "no_pages"
    monkeypatch.setattr(renderer_module, "MAX_PAGES", 2)
    with pytest.raises(PermanentError, match="3 pages, not 1 to 2; split the statement") as raised:
        renderer.render_pages([PageInputs(page=0, inputs={})] * 3, Details())
    assert raised.value.code == "too_many_pages"


def test_required_fields_are_looked_at_on_all_pages_together() -> None:
    renderer = make_renderer(make_template([make_text("a", 5, 5, required=True)]))
    pages = [PageInputs(page=0, inputs=inputs) for inputs in ({}, {"a": "x"})]
    assert renderer.render_pages(pages, Details()).pages == 2
    with pytest.raises(PermanentError, match="is required and has no value"):
        renderer.render_pages(pages[:1], Details())
    with pytest.raises(PermanentError, match="is required and has no value"):
        renderer.render_inputs([{}], Details())


def test_a_renderer_decides_whether_files_are_archived() -> None:
    for pdf_a in (True, False):
        renderer = make_renderer(make_template([make_text("a", 5, 5)]), pdf_a=pdf_a)
        paths: tuple[Path, ...] = ("compiled", "canvas")
        for path in paths:
            content = renderer.render_inputs([{}], Details(pdf_a=not pdf_a), path=path).content
            assert (b"/OutputIntents" in content) == pdf_a


def make_busy_renderer() -> Renderer:
    """A template of texts that take all ways: short cuts, shapes, several lines, other scripts, sizes."""
    looks: list[dict[str, object]] = [
        {},
        {"alignment": "right"},
        {"dynamicFontSize": {"min": 4, "max": 12, "fit": "vertical"}},
        {"overflow": "ellipsis"},
        {"rotate": 5},
    ]
    fields = [make_text(f"a{number}", 5, 5 + 10 * number, **look) for number, look in enumerate(looks)]
    return make_renderer(make_template([*fields, make_fixed("page", 5, 70, "{currentPage} {a0}")]))


def measure_growth(renderer: Renderer, numbers: range, path: Path) -> int:
    """Return by how many bytes memory grows while documents with values of their own are made."""
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for number in numbers:
        values = [f"{number}.000", f"SHOP {number}", f"{number % 31}/09/2025", "(x)", f"x {number}"]
        if number % 40 == 0:
            values = [f"محمد {number} é漢", f"many words {number} " * 5, f"{number}", "office", f"é {number}"]
        inputs = {f"a{place}": value for place, value in enumerate(values)}
        renderer.render_inputs([inputs], Details(title=f"{number % 70}"), path=path)
    gc.collect()
    return tracemalloc.get_traced_memory()[0] - before


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> Renderer:
    """A renderer that remembers little, so that it is full after a hundred documents."""
    monkeypatch.setattr(shaping, "_REMEMBERED", 50)
    monkeypatch.setattr(plain_text, "_REMEMBERED_SHAPES", 20)
    for module, name in (
        (text, "_break_short_paragraph"),
        (text, "_find_size"),
        (words, "_find_words"),
        (words, "_split_graphemes"),
    ):
        monkeypatch.setattr(module, name, lru_cache(maxsize=50)(getattr(module, name).__wrapped__))
    monkeypatch.setattr(renderers, "make_brush", renderers.make_brush.__wrapped__)
    return make_busy_renderer()


@pytest.mark.parametrize(("path", "documents"), [("compiled", 3_000), ("canvas", 300)])
def test_thousands_of_documents_do_not_fill_the_memory(
    path: Path, documents: int, forgetful: Renderer
) -> None:
    tracemalloc.start()
    try:
        measure_growth(forgetful, range(150), path)
        growth = measure_growth(forgetful, range(150, 150 + documents), path)
    finally:
        tracemalloc.stop()
    # A file has some 15 kB; what grows is what still finds its place in small caches.
    assert growth < 200_000
