"""How fast PDFs are made, beside pdfme's generator and beside the least that such a file can cost.

Not here: whether they look right (pdfme_dagster_tests/); only a sample is looked at, so that nobody measures
nonsense. Times are CPU milliseconds for one document, from texts by field to bytes. What is compared takes
turns, round after round, always on documents that have not been drawn before; told are the medians of the
rounds' times and of their ratios. Quote no run of a busy machine.

The limit is the same pages' operators deflated (zlib, level 1) and joined with what all files begin with.
"""

import argparse
import gc
import json
import platform
import re
import shutil
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Any

import pypdfium2

from benchmarks.memory import measure_peak_mib
from benchmarks.peer import Peer, find_pdfme
from benchmarks.statements import invent_mixture, invent_statements
from pdfme_dagster.domain.statement import Statement
from pdfme_dagster.rendering import StatementRenderer, load_statement_renderer
from pdfme_dagster.rendering.details import Details
from pdfme_dagster.rendering.faces import Face
from pdfme_dagster.rendering.fields import Brush
from pdfme_dagster.rendering.font_book import FontBook
from pdfme_dagster.rendering.preparing import prepare_template
from pdfme_dagster.rendering.renderer import PageInputs, Renderer
from pdfme_dagster.rendering.shipped_fonts import STAND_INS, load_faces
from pdfme_dagster.templates.library import Library, load_library
from pdfme_dagster.templates.reading import read_template
from pdfme_dagster.templates.schema import Template
from pdfme_dagster_tests.oracle import Oracle

_TEMPLATE = (
    Path(__file__).parents[1]
    / "pdfme_dagster_tests"
    / "golden"
    / "templates"
    / "card-statement-dict-style.json"
)
_ROWS_PER_PAGE = 13
_MANY_PAGES = 28
# pdfme takes some hundred times as long, so it gets this share of the documents.
_PEER_SHARE = 20
_WARM_UP = {1: 100, _MANY_PAGES: 10}
# For each document of one page so many of 28 pages.
_MANY_SHARE = 50
_SAMPLE = 3
_DPI = 100
_STREAM = re.compile(rb"/Length (\d+)>>\nstream\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A statement, and its pages' texts by field."""

    statement: Statement
    pages: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """The template made ready in all ways that are measured."""

    library: Library[Template]
    statements: StatementRenderer
    renderer: Renderer
    names: frozenset[str]
    peer: Peer | None

    def write_document(self, statement: Statement) -> Document:
        """Return a statement with the texts of the template's own fields."""
        _, pages = self.library.default.paginate(statement)
        return Document(
            statement=statement,
            pages=tuple({name: page.inputs.get(name, "") for name in self.names} for page in pages),
        )


def open_workshop(folder: Path, pdfme: Oracle | None) -> Workshop:
    """Get the template ready in a folder of its own, and start pdfme if there is any.

    All have one font file: pdfme's own, for it takes three times as long with the one that we come with.
    """
    template = folder / _TEMPLATE.name
    shutil.copyfile(_TEMPLATE, template)
    font = folder / "Roboto.ttf"
    write_font(font, pdfme)
    spec = f"default: {template.name}\nfonts: {{Roboto: {font.name}}}\n"
    (folder / "templates.yaml").write_text(spec, encoding="utf-8")
    renderer = make_renderer(template, font)
    return Workshop(
        library=load_library(folder, read_template),
        statements=load_statement_renderer(folder),
        renderer=renderer,
        names=frozenset(field.name for field in renderer.drawables[0].list_fields()),
        peer=None if pdfme is None else Peer(pdfme, template, font, folder),
    )


def write_font(path: Path, pdfme: Oracle | None) -> None:
    """Write pdfme's font where it is there, else ours."""
    if pdfme:
        pdfme.write_default_font(path)
    else:
        path.write_bytes((files("font_roboto") / "files" / "Roboto-Regular.ttf").read_bytes())


def make_renderer(template: Path, font: Path) -> Renderer:
    """Return the renderer of a template file with a font file for Roboto, warm."""
    faces = {**load_faces(), "Roboto": Face(font.read_bytes(), name="Roboto")}
    brush = Brush(book=FontBook(faces, fallback="Roboto", stand_ins=[faces[name] for name in STAND_INS]))
    renderer = Renderer([prepare_template(read_template(template.read_bytes(), template.name), brush)])
    renderer.warm_up()
    return renderer


# --- What is measured ---


def render_compiled(workshop: Workshop, document: Document) -> bytes:
    """Make a PDF the quick way."""
    return workshop.renderer.render_pages(_number(document), _describe(document)).content


def render_canvas(workshop: Workshop, document: Document) -> bytes:
    """Make a PDF the way that draws everything."""
    return workshop.renderer.render_pages(_number(document), _describe(document), path="canvas").content


def render_statement(workshop: Workshop, document: Document) -> bytes:
    """Make a PDF of a statement: its texts and its pages worked out, too."""
    return workshop.statements.render(document.statement).content


def _number(document: Document) -> list[PageInputs]:
    return [PageInputs(page=0, inputs=inputs) for inputs in document.pages]


def _describe(document: Document) -> Details:
    return Details(title="Statement 30/09/2025", created=document.statement.statement_date)


_WAYS: Mapping[str, Callable[[Workshop, Document], bytes]] = {
    "compiled": render_compiled,
    "canvas": render_canvas,
    "statement": render_statement,
}


def deflate_and_join(start: bytes, streams: Sequence[bytes]) -> bytes:
    """Do the least that a file of such pages takes."""
    return b"".join((start, *[zlib.compress(stream, 1) for stream in streams]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One way in one round: for a document of it."""

    cpu_ms: float
    size_bytes: float


def time_documents(render: Callable[[Any], bytes], documents: Sequence[Any]) -> Timed:
    """Render documents one after the other; nothing of them is kept."""
    gc.collect()
    size, begun = 0, time.process_time()
    for document in documents:
        size += len(render(document))
    spent = time.process_time() - begun
    return Timed(cpu_ms=spent * 1000 / len(documents), size_bytes=size / len(documents))


def measure_round(workshop: Workshop, documents: Sequence[Document]) -> dict[str, Timed]:
    """Measure all ways on the same new documents, in turn; SystemExit where a sample of them is wrong."""
    sample = [render_compiled(workshop, document) for document in documents]
    start = _find_start(sample[0], sample[-1])
    contents = [
        (start, _read_streams(pdf, start, len(doc.pages))) for pdf, doc in zip(sample, documents, strict=True)
    ]
    del sample[_SAMPLE:]
    timed = {"compiled": time_documents(partial(render_compiled, workshop), documents)}
    timed["limit"] = time_documents(lambda each: deflate_and_join(*each), contents)
    for name in ("canvas", "statement"):
        timed[name] = time_documents(partial(_WAYS[name], workshop), documents)
    first = None
    if workshop.peer:
        few = documents[: max(1, len(documents) // _PEER_SHARE)]
        cpu_ms, size, first = workshop.peer.render([document.pages for document in few])
        timed["pdfme"] = Timed(cpu_ms=cpu_ms / len(few), size_bytes=size / len(few))
    for number, pdf in enumerate(sample):
        check_document(workshop, documents[number], pdf, None if number else first)
    return timed


def _find_start(one: bytes, other: bytes) -> bytes:
    """Return the whole objects that both files begin with."""
    differ = next(at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return one[: one.rindex(b"endobj\n", 0, differ) + len(b"endobj\n")]


def _read_streams(pdf: bytes, start: bytes, pages: int) -> list[bytes]:
    """Return the operators of each page: the first streams after what all files begin with."""
    found = [pdf[each.end() : each.end() + int(each[1])] for each in _STREAM.finditer(pdf, len(start))]
    if len(found) != pages:
        sys.exit(f"found {len(found)} content streams for {pages} pages")
    return [zlib.decompress(stream) for stream in found]


# --- Whether it is right ---


def check_document(workshop: Workshop, document: Document, compiled: bytes, theirs: bytes | None) -> None:
    """Look at a document all ways: pages, every text, equal pixels of ours; SystemExit at the first fault."""
    canvas, whole = (render(workshop, document) for render in (render_canvas, render_statement))
    if whole != compiled:
        sys.exit("a statement's PDF is not that of its texts")
    if draw_pages(canvas) != draw_pages(compiled):
        sys.exit("the two paths do not draw the same")
    for name, pdf in (("compiled", compiled), ("canvas", canvas), ("pdfme", theirs)):
        if pdf is not None:
            _check_texts(name, document, read_pages(pdf))


def _check_texts(name: str, document: Document, read: Sequence[str]) -> None:
    if len(read) != len(document.pages):
        sys.exit(f"{name}: {len(read)} pages instead of {len(document.pages)}")
    for number, (inputs, page) in enumerate(zip(document.pages, read, strict=True), start=1):
        missing = [field for field, text in inputs.items() if "".join(text.split()) not in page]
        if missing:
            sys.exit(f"{name}: page {number} does not show {', '.join(missing)}")


def read_pages(pdf: bytes) -> list[str]:
    """Return each page's text without blanks, as PDFium reads it."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return ["".join(page.get_textpage().get_text_range().split()) for page in document]
    finally:
        document.close()


def draw_pages(pdf: bytes) -> list[bytes]:
    """Return each page's pixels."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [bytes(page.render(scale=_DPI / 72).to_numpy().tobytes()) for page in document]
    finally:
        document.close()


# --- The report ---


def measure_pages(workshop: Workshop, pages: int, documents: int, rounds: int) -> dict[str, Any]:
    """Measure documents of so many pages in rounds; return medians and ratios."""
    rows = (pages * _ROWS_PER_PAGE - (12 if pages > 1 else 0), pages * _ROWS_PER_PAGE)
    invent = partial(_invent_documents, workshop, rows)
    share = max(2, documents // rounds)
    warm_up = invent(min(_WARM_UP[pages], share), seed=1_000_000)
    if workshop.peer:
        workshop.peer.render([document.pages for document in warm_up])
    for document in warm_up:
        for render in _WAYS.values():
            render(workshop, document)
    timed = [measure_round(workshop, invent(share, seed=pages * 1000 + each)) for each in range(rounds)]
    return _summarise(timed) | {"documents": share * rounds, "rounds": rounds}


def _invent_documents(workshop: Workshop, rows: tuple[int, int], count: int, *, seed: int) -> list[Document]:
    return [workshop.write_document(each) for each in invent_statements(count, rows, seed=seed)]


def _summarise(rounds: Sequence[Mapping[str, Timed]]) -> dict[str, Any]:
    def compare(one: str, other: str) -> float:
        return median(each[one].cpu_ms / each[other].cpu_ms for each in rounds)

    ways = list(rounds[0])
    summary: dict[str, Any] = {
        name: {
            "cpu_ms": median(each[name].cpu_ms for each in rounds),
            "size_bytes": median(each[name].size_bytes for each in rounds),
            "share_of_limit": compare("limit", name),
        }
        for name in ways
    }
    for name in ways if "pdfme" in ways else []:
        summary[name]["times_pdfme"] = compare("pdfme", name)
    return summary


def _print_summary(title: str, summary: Mapping[str, Any]) -> None:
    print(f"\n{title}, {summary['documents']:,} documents in {summary['rounds']} rounds")
    print(f"{'':20}{'CPU ms':>10}{'PDFs/s/core':>13}{'KB':>8}{'x pdfme':>10}{'of the limit':>14}")
    for name, label in _LABELS.items():
        if name in summary:
            print(_write_line(label, summary[name]), flush=True)


_LABELS = {
    "pdfme": "pdfme",
    "canvas": "canvas path",
    "statement": "statement to PDF",
    "compiled": "compiled path",
    "limit": "limit",
}


def _write_line(label: str, way: Mapping[str, float]) -> str:
    times = f"{way['times_pdfme']:10.1f}" if "times_pdfme" in way else f"{'-':>10}"
    return (
        f"{label:20}{way['cpu_ms']:10.4f}{1000 / way['cpu_ms']:13,.0f}{way['size_bytes'] / 1000:8.1f}"
        f"{times}{way['share_of_limit']:13.1%}"
    )


def _list_figures(one: Mapping[str, Any], many: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the figures that the aims are about; without pdfme only one."""
    yield "share_of_limit", one["compiled"]["share_of_limit"]
    if "pdfme" in one:
        yield "times_pdfme_one_page", one["compiled"]["times_pdfme"]
        yield "times_pdfme_28_pages", many["compiled"]["times_pdfme"]
        yield "canvas_times_pdfme", one["canvas"]["times_pdfme"]


def measure_times(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Measure and print everything but memory."""
    workshop = open_workshop(folder, find_pdfme(options.pdfme))
    with workshop.peer or nullcontext():
        if workshop.peer:
            print(
                f"pdfme {workshop.peer.version}, template and font held in memory, the same font file as ours"
            )
        else:
            print("node or @pdfme/generator is not there: no comparison with pdfme (--pdfme names a folder)")
        one = measure_pages(workshop, 1, options.documents, options.rounds)
        _print_summary("one page", one)
        many = measure_pages(workshop, _MANY_PAGES, options.documents // _MANY_SHARE, options.rounds)
        _print_summary(f"{_MANY_PAGES} pages", many)
    figures = dict(_list_figures(one, many))
    print("\n" + "\n".join(f"{name:22}{value:8.2f}" for name, value in figures.items()))
    return figures | {"one_page": one, f"pages_{_MANY_PAGES}": many}


def measure_memory(folder: Path, documents: int) -> dict[str, float]:
    """Render documents of all kinds and print the peak of memory after some and after all of them.

    What is remembered of texts is full after a fifth of 50,000.
    """
    workshop = open_workshop(folder, None)
    peaks: dict[str, float] = {}
    for number, statement in enumerate(invent_mixture(documents), start=1):
        document = workshop.write_document(statement)
        rendered = workshop.renderer.render_pages(_number(document), _describe(document))
        if rendered.pages != len(document.pages):
            sys.exit(f"document {number} has {rendered.pages} pages instead of {len(document.pages)}")
        if number in (documents // 10, documents // 5, documents):
            peak = peaks[f"peak_mib_{number}"] = measure_peak_mib()
            print(f"peak memory after {number:,} documents: {peak:.1f} MiB", flush=True)
    return peaks


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write JSON where it is wanted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.render", description=__doc__)
    parser.add_argument(
        "--documents", type=int, help="documents in all: 6,000 of one page, 50,000 for memory"
    )
    parser.add_argument("--rounds", type=int, default=12, help="rounds that the documents are shared among")
    parser.add_argument("--pdfme", type=Path, metavar="DIR", help="folder with a node_modules that has pdfme")
    parser.add_argument("--memory", action="store_true", help="measure memory instead of time")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args(arguments)
    options.documents = options.documents or (50_000 if options.memory else 6_000)
    report: dict[str, Any] = {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }
    with tempfile.TemporaryDirectory(prefix="pdfme-benchmark-") as name:
        folder = Path(name)
        report |= (
            measure_memory(folder, options.documents) if options.memory else measure_times(folder, options)
        )
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
