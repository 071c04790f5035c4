"""Our PDFs beside pdfme's: with pdfme itself where node has it, else with what it drew when we last asked.

Not here: how the corpus is made and what it shows (../golden), how PDFs are compared (../oracle).
"""

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from pdfme_dagster.errors import PermanentError
from pdfme_dagster_tests.golden import corpus
from pdfme_dagster_tests.golden.make_templates import list_jobs
from pdfme_dagster_tests.golden.references import (
    PageReference,
    count_unequal_blocks,
    describe_pdf,
    read_references,
)
from pdfme_dagster_tests.oracle import MISSING, Difference, Job, compare_pdfs, find_oracle
from pdfme_dagster_tests.oracle.compare import list_words
from pdfme_dagster_tests.rendering.ours import render_ours

LARGEST_SHARE = 0.005
# The words under bars are of another font than pdfme's OCR-B, and pages of the corpus are full of codes.
LARGEST_SHARE_OF_CODES = 0.02
CODES = ("barcode-linear", "barcode-other", "barcode-qr")
# pdfme draws nothing for a wrong code and drops cells beyond the columns; nothing may be lost so silently.
REFUSED = {"invalid-values": "wants 12 or 13 digits", "table-extra-cells": "3 cells for 2 columns"}
DRAWN = [name for name in corpus.list_names() if name not in REFUSED]
# A line of text off by a quarter of a millimetre changes six blocks and more by more than this; rounding
# of the third decimal changes none.
UNEQUAL_LEVELS = 10
MOST_UNEQUAL_BLOCKS = 4

REPOSITORY = Path(__file__).parents[2]
GALLERY_VARIABLE = "PDFME_GALLERY"
GALLERY = Path(os.environ.get(GALLERY_VARIABLE) or REPOSITORY.parent / "shared" / "templates")
GALLERY_TEMPLATES = sorted(GALLERY.glob("pdfme-gallery-*.json")) if GALLERY.is_dir() else []

needs_pdfme = pytest.mark.skipif(find_oracle() is None, reason=MISSING)
needs_gallery = pytest.mark.skipif(
    not GALLERY_TEMPLATES,
    reason=f"pdfme's gallery is not there: name a folder with pdfme-gallery-*.json in {GALLERY_VARIABLE}",
)


@pytest.fixture(scope="session")
def draw_both(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Job], tuple[bytes, bytes]]:
    """Draw a job with our renderer and with pdfme, in pdfme's default font where the job names none."""
    oracle = find_oracle()
    assert oracle is not None
    default = {"Roboto": tmp_path_factory.mktemp("font") / "Roboto.ttf"}
    oracle.write_default_font(default["Roboto"])

    def draw(job: Job) -> tuple[bytes, bytes]:
        fonts, fallback = job.fonts or default, job.fallback or "Roboto"
        job = Job(template=job.template, inputs=job.inputs, fonts=fonts, fallback=fallback)
        ours = render_ours(job.template, job.inputs, fonts=fonts, fallback=fallback)
        return ours, oracle.render([job])[0]

    return draw


@needs_pdfme
@pytest.mark.parametrize("name", DRAWN)
def test_corpus_looks_as_pdfme_draws_it(name: str, drawn_by_pdfme: dict[str, bytes]) -> None:
    largest = LARGEST_SHARE_OF_CODES if name in CODES else LARGEST_SHARE
    assert_alike(compare_pdfs(render_by_name(name), drawn_by_pdfme[name]), largest)


@pytest.mark.parametrize("name", REFUSED)
def test_what_pdfme_would_leave_out_is_refused(name: str) -> None:
    with pytest.raises(PermanentError, match=REFUSED[name]):
        render_by_name(name)


@pytest.fixture(scope="session")
def drawn_by_pdfme() -> dict[str, bytes]:
    """The whole corpus as pdfme draws it, in one run of node."""
    oracle = find_oracle()
    assert oracle is not None
    jobs = list_jobs()
    return dict(zip(jobs, oracle.render(list(jobs.values())), strict=True))


@needs_pdfme
@pytest.mark.parametrize(
    "name", ["card-statement-dict-style--28-pages", "account-statement-table", "markdown-marks", "table-two"]
)
def test_statements_look_as_pdfme_draws_them_with_its_own_font(
    name: str, draw_both: Callable[[Job], tuple[bytes, bytes]]
) -> None:
    job = Job(template=corpus.find_template(name), inputs=corpus.find_inputs(name))
    assert_alike(compare_pdfs(*draw_both(job)))


@needs_pdfme
@needs_gallery
@pytest.mark.parametrize("template", GALLERY_TEMPLATES, ids=lambda path: path.stem)
def test_templates_of_the_gallery_look_as_pdfme_draws_them(
    template: Path, draw_both: Callable[[Job], tuple[bytes, bytes]], tmp_path: Path
) -> None:
    inputs = tmp_path / "inputs.json"
    inputs.write_text(json.dumps([sample_inputs(template)]), encoding="utf-8")
    assert_alike(compare_pdfs(*draw_both(Job(template=template, inputs=inputs))))


@pytest.mark.parametrize("name", [name for name in DRAWN if name not in CODES])
def test_corpus_looks_as_pdfme_drew_it(name: str) -> None:
    ours, theirs = describe_pdf(render_by_name(name)), read_golden()[name]
    assert [page.size for page in ours] == [page.size for page in theirs]
    pages = list(enumerate(zip(ours, theirs, strict=True), start=1))
    assert {n: only for n, (mine, other) in pages if (only := list_unequal_words(mine, other))} == {}
    unequal = {
        n: count_unequal_blocks(mine.blocks, other.blocks, levels=UNEQUAL_LEVELS)
        for n, (mine, other) in pages
    }
    assert {n: blocks for n, blocks in unequal.items() if blocks > MOST_UNEQUAL_BLOCKS} == {}


def assert_alike(difference: Difference, largest: float = LARGEST_SHARE) -> None:
    """Fail with one line that says what differs."""
    assert difference.our_pages == difference.their_pages, difference.describe()
    assert max(difference.page_shares) <= largest, difference.describe()
    assert not difference.unequal_texts, difference.describe()


def list_unequal_words(ours: PageReference, theirs: PageReference) -> tuple[list[str], list[str]] | None:
    """Return the words of both pages, None where they are the same."""
    mine, other = list_words(ours.text), list_words(theirs.text)
    return None if mine == other else (mine, other)


@cache
def render_by_name(name: str) -> bytes:
    """Return our PDF of a template of the corpus."""
    files = corpus.find_template(name), corpus.find_inputs(name)
    return render_ours(*files, fonts=corpus.list_fonts(), fallback=corpus.FALLBACK)


@cache
def read_golden() -> dict[str, list[PageReference]]:
    """Read what pdfme drew of the corpus."""
    return read_references(corpus.REFERENCES)


def sample_inputs(template: Path) -> dict[str, str]:
    """Return the contents of a template's editable fields, as pdfme's designer shows them."""
    pages = json.loads(template.read_text(encoding="utf-8"))["schemas"]
    fields = [
        (name, each)
        for page in pages
        for name, each in (page.items() if isinstance(page, dict) else ((f["name"], f) for f in page))
    ]
    return {name: each.get("content") or "" for name, each in fields if not each.get("readOnly")}
