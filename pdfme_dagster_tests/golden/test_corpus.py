"""The corpus is whole and current.

Not here: our renderer against it (../rendering/test_against_pdfme.py).
"""

import json
from typing import Any

import numpy as np
import pytest

from pdfme_dagster_tests.golden import corpus
from pdfme_dagster_tests.golden.make_templates import list_files
from pdfme_dagster_tests.golden.media import FormPage, form_content, write_pdf
from pdfme_dagster_tests.golden.references import (
    PageReference,
    count_unequal_blocks,
    read_references,
    write_references,
)

TYPES = {
    *(
        "text",
        "multiVariableText",
        "table",
        "line",
        "rectangle",
        "ellipse",
        "image",
        "svg",
        "signature",
        "list",
    ),
    *("date", "time", "dateTime", "select", "checkbox", "radioGroup", "circleMark"),
    *("qrcode", "japanpost", "ean13", "ean8", "code39", "code128", "nw7", "itf14", "upca", "upce"),
    *("gs1datamatrix", "pdf417"),
}
LARGEST_BYTES = 1_500_000


def list_fields(template: dict[str, Any]) -> list[dict[str, Any]]:
    base = template["basePdf"]
    static = base.get("staticSchema", []) if isinstance(base, dict) else []
    pages = [page.values() if isinstance(page, dict) else page for page in template["schemas"]]
    return [*static, *(each for page in pages for each in page)]


def test_written_files_are_what_the_themes_say() -> None:
    stale = [
        path.name
        for path, content in list_files().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != content
    ]
    assert stale == [], "run python -m pdfme_dagster_tests.golden.make_templates"


def test_no_file_is_left_of_a_theme_that_is_gone() -> None:
    written = {path for path in list_files() if path.parent == corpus.INPUTS}
    assert set(corpus.INPUTS.glob("*.json")) == written
    assert {path.stem for path in corpus.TEMPLATES.glob("*.json")} == {
        name.partition("--")[0] for name in corpus.list_names()
    }


def test_every_type_of_field_has_a_theme() -> None:
    shown = {each["type"] for theme in corpus.list_themes() for each in list_fields(theme.template)}
    assert shown == TYPES


def test_names_of_themes_are_unique_and_say_what_is_shown() -> None:
    themes = corpus.list_themes()
    assert len({theme.name for theme in themes}) == len(themes)
    assert all(theme.template["shows"] for theme in themes)


def test_every_template_has_a_reference_with_pages() -> None:
    references = read_references(corpus.REFERENCES)
    assert sorted(references) == corpus.list_names()
    assert all(references.values())


def test_references_stay_small() -> None:
    assert corpus.REFERENCES.stat().st_size < LARGEST_BYTES


def test_fonts_of_the_corpus_are_shipped() -> None:
    assert [path.name for path in corpus.list_fonts().values() if not path.is_file()] == []


@pytest.mark.parametrize("name", ["account-statement-table--28-pages", "card-statement-dict-style--28-pages"])
def test_long_statements_have_28_pages(name: str) -> None:
    assert len(read_references(corpus.REFERENCES)[name]) == 28


def test_references_are_read_as_they_were_written(tmp_path: Any) -> None:
    blocks = np.arange(12, dtype=np.uint8).reshape(3, 4)
    write_references(tmp_path / "r.json", {"a": [PageReference(text="Größe", size=(24, 18), blocks=blocks)]})
    [page] = read_references(tmp_path / "r.json")["a"]
    assert (page.text, page.size) == ("Größe", (24, 18))
    assert (page.blocks == blocks).all()


def test_blocks_differ_only_beyond_the_levels() -> None:
    white = np.full((2, 2), 255, dtype=np.uint8)
    other = np.array([[255, 245], [244, 0]], dtype=np.uint8)
    assert count_unequal_blocks(white, other, levels=10) == 2
    assert count_unequal_blocks(white, other[:1], levels=10) == 4


def test_base_pdfs_are_the_same_every_time() -> None:
    page = FormPage(media_box=(0, 0, 100, 100), content=form_content(100, 100, "Form"))
    assert write_pdf(page) == write_pdf(page)
    assert json.dumps(write_pdf(page)).startswith('"data:application/pdf;base64,JVBERi0xLjQ')
