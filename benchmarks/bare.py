"""The same files made into the same PDFs without an orchestrator, to compare with.

Download, parse, render and upload are the pipeline's own functions, in as many processes as it has run
workers; there is no job table, no cache, no event, and nothing survives a crash. Not here: what is compared.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from pdfme_dagster.domain.upload import Upload, name_pdfs
from pdfme_dagster.making import in_threads
from pdfme_dagster.parsing import HEAD_BYTES, load_profiles, parse
from pdfme_dagster.rendering import load_statement_renderer
from pdfme_dagster.stores.contents import open_fast_contents
from pdfme_dagster.stores.objects import ObjectStore, make_client

_FILES_A_SHARE = 250
_TOOLS: dict[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """What the loop did: ``pdfs`` stored, and the ``seconds`` from the first read to the last write.

    ``cpu_seconds`` are those of its processes in that time.
    """

    pdfs: int
    seconds: float
    cpu_seconds: float


def run_bare(
    uploads: Sequence[Upload], environment: Mapping[str, str], *, processes: int, pdfs_bucket: str
) -> Bare:
    """Make all PDFs in warm processes; the clock starts when each of them is ready."""
    shares = [uploads[start : start + _FILES_A_SHARE] for start in range(0, len(uploads), _FILES_A_SHARE)]
    with ProcessPoolExecutor(
        processes,
        mp_context=get_context("spawn"),
        initializer=_prepare,
        initargs=(dict(environment), pdfs_bucket),
    ) as pool:
        # Each holds on for a moment, so that all processes start.
        list(pool.map(time.sleep, [1.0] * processes))
        began = time.perf_counter()
        made = list(pool.map(_make_share, shares))
        seconds = time.perf_counter() - began
    return Bare(
        pdfs=sum(pdfs for pdfs, _ in made),
        seconds=seconds,
        cpu_seconds=sum(cpu_seconds for _, cpu_seconds in made),
    )


def _prepare(environment: Mapping[str, str], pdfs_bucket: str) -> None:
    import os

    os.environ.update(environment)
    endpoint = environment["S3_ENDPOINT_URL"]
    client = make_client(endpoint)
    _TOOLS["objects"] = ObjectStore(
        client,
        contents=open_fast_contents(client, endpoint),
        uploads_bucket=environment["UPLOADS_BUCKET"],
        pdfs_bucket=pdfs_bucket,
        max_file_bytes=1 << 30,
    )
    _TOOLS["profiles"] = load_profiles()
    _TOOLS["renderer"] = load_statement_renderer()


def _make_share(uploads: Sequence[Upload]) -> tuple[int, float]:
    """Return how many PDFs were made, and the CPU seconds it took."""
    began = time.process_time()
    objects, renderer = _TOOLS["objects"], _TOOLS["renderer"]
    made = []
    for upload, content in in_threads(objects.read_upload, uploads):
        made += _make(upload, content(), _TOOLS["profiles"], renderer)

    def write(pdf: tuple[str, str, bytes, str]) -> None:
        key, etag, content, sha256 = pdf
        objects.write_pdf(key, content, source_etag=etag, sha256=sha256, fence=1)

    for _, written in in_threads(write, made):
        written()
    return len(made), time.process_time() - began


def _make(upload: Upload, content: bytes, profiles: Any, renderer: Any) -> list[tuple[str, str, bytes, str]]:
    import hashlib

    file = parse(content, profile=profiles.choose(upload.key, content[:HEAD_BYTES]), name=upload.key)
    count = len(file.statements)
    keys = name_pdfs(upload, file.statements[0].org_id, range(1, count + 1), customers=count)
    pdfs = [renderer.render(statement).content for statement in file.statements]
    return [
        (key, upload.etag, pdf, hashlib.sha256(pdf).hexdigest()) for key, pdf in zip(keys, pdfs, strict=True)
    ]
