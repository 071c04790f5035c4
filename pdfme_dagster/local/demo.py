"""The demo: make statement files, upload them, let the sensor find them, watch, and sum up.

Not here: starting the stack (stack.py), making the files (statement_samples.py), or the terminal's looks
(screen.py).
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from pdfme_dagster.domain.job import Job, JobState
from pdfme_dagster.domain.upload import link_pdf, read_etag
from pdfme_dagster.errors import ServiceError
from pdfme_dagster.local.dagster_api import DagsterApi
from pdfme_dagster.local.stack import Stack
from pdfme_dagster.local.statement_samples import SampleFile, make_files
from pdfme_dagster.stores.jobs import JobStore

_UPLOAD_THREADS = 8
FIGURES = ("files", "statements", "pages", "pdfs", "completed", "failed", "runs", "new_jobs", "seconds")
# Nothing moves for this long: something is broken, and waiting on would hide it.
_PATIENCE_SECONDS = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """A sample file as uploaded."""

    etag: str
    sample: SampleFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Where the demo's files stand."""

    files: int
    found: int
    processing: int
    completed: int
    failed: int

    @property
    def ended(self) -> int:
        """How many need no more work."""
        return self.completed + self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How a demo ended. ``seconds``: last upload → last job completed or failed."""

    files: int
    statements: int
    pages: int
    pdfs: int
    completed: int
    failed: int
    runs: int
    new_jobs: int
    seconds: float
    failures: tuple[Job, ...]
    example: str | None
    surprises: tuple[str, ...]

    def figures(self) -> dict[str, float]:
        """Return the figures alone, as ``--json`` writes them."""
        return {name: getattr(self, name) for name in FIGURES}


def run_demo(
    stack: Stack,
    *,
    files: int,
    broken: int,
    seed: int,
    on_upload: Callable[[int], None],
    on_counts: Callable[[Counts], None],
) -> Summary:
    """Run the main job over synthetic files and return what became of them.

    Raises ServiceError when nothing moves for three minutes.
    """
    began = time.time()
    uploads = _upload(stack, make_files(files, broken=broken, seed=seed), on_upload)
    uploaded = time.time()
    api = DagsterApi(stack.ui_url)
    postgres = stack.settings.postgres
    with JobStore.open(postgres.conninfo, max_pool_size=2) as jobs:
        etags = sorted({upload.etag for upload in uploads})
        _watch(stack, jobs, etags, on_counts)
        _await(stack, lambda: api.ticked_since(uploaded), "the sensor has not looked at the bucket")
        _await(stack, lambda: api.count_live_runs() == 0, "runs are still on")
        described = jobs.describe(etags)
    return _sum_up(
        stack, uploads, described, began=began, uploaded=uploaded, runs=api.count_runs(since=began)
    )


def _upload(stack: Stack, samples: Iterator[SampleFile], on_upload: Callable[[int], None]) -> list[Uploaded]:
    with (
        closing(stack.services.endpoints.s3.open_client()) as client,
        ThreadPoolExecutor(_UPLOAD_THREADS) as threads,
    ):
        bucket = stack.settings.objects.uploads_bucket
        prefix = stack.settings.objects.uploads_prefix

        def put(sample: SampleFile) -> Uploaded:
            answer = client.put_object(Bucket=bucket, Key=prefix + sample.name, Body=sample.content)
            return Uploaded(etag=read_etag(answer["ETag"], sample.name), sample=sample)

        uploads: list[Uploaded] = []
        for upload in threads.map(put, samples):
            uploads.append(upload)
            on_upload(len(uploads))
        return uploads


def _watch(stack: Stack, jobs: JobStore, etags: Sequence[str], on_counts: Callable[[Counts], None]) -> None:
    moved, last = time.monotonic(), None
    while True:
        counts = _count(jobs, etags)
        on_counts(counts)
        if counts.ended == len(etags):
            return
        if counts != last:
            moved, last = time.monotonic(), counts
        elif time.monotonic() - moved > _PATIENCE_SECONDS:
            raise ServiceError(
                f"nothing moved for {_PATIENCE_SECONDS:.0f} s ({counts.ended} of {len(etags)} files done): "
                f"see {stack.ui_url} and {stack.services.home / 'logs'}"
            )
        stack.rest()


def _await(stack: Stack, holds: Callable[[], bool], trouble: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise ServiceError(f"{trouble} after {_PATIENCE_SECONDS:.0f} s: see {stack.ui_url}")
        stack.rest()


def _count(jobs: JobStore, etags: Sequence[str]) -> Counts:
    states: Mapping[JobState, int] = jobs.count_states(etags)
    return Counts(
        files=len(etags),
        found=sum(states.values()),
        processing=states.get(JobState.PROCESSING, 0),
        completed=states.get(JobState.COMPLETED, 0),
        failed=states.get(JobState.FAILED, 0),
    )


def _sum_up(
    stack: Stack,
    uploads: Sequence[Uploaded],
    jobs: Sequence[Job],
    *,
    began: float,
    uploaded: float,
    runs: int,
) -> Summary:
    completed = [job for job in jobs if job.state is JobState.COMPLETED]
    ends = [job.completed_at.timestamp() for job in jobs if job.completed_at]
    stored = _list_pdfs(stack)
    started_at = datetime.fromtimestamp(began, tz=UTC)
    return Summary(
        files=len(uploads),
        statements=sum(job.statements for job in completed),
        pages=sum(job.pages for job in completed),
        pdfs=sum(_count_pdfs(job, stored) for job in completed),
        completed=len(completed),
        failed=sum(job.state is JobState.FAILED for job in jobs),
        runs=runs,
        new_jobs=sum(job.created_at >= started_at for job in jobs),
        seconds=round(max(0.0, max(ends, default=uploaded) - uploaded), 3),
        failures=tuple(job for job in jobs if job.state is JobState.FAILED),
        example=_find_example(stack, completed),
        surprises=tuple(_surprises(uploads, {job.etag: job for job in jobs}, stored)),
    )


def _find_example(stack: Stack, completed: Sequence[Job]) -> str | None:
    locations = [job.first_pdf for job in completed if job.first_pdf]
    return link_pdf(stack.settings.objects.pdfs_url, locations[0]) if locations else None


def _surprises(
    uploads: Sequence[Uploaded], jobs: Mapping[str, Job], stored: Mapping[str, int]
) -> Iterator[str]:
    """Yield what is not as it must be: a good file without all its PDFs, a broken one that did not fail."""
    for upload in uploads:
        job = jobs[upload.etag]
        if upload.sample.broken:
            if job.state is not JobState.FAILED:
                yield f"{upload.sample.name} is broken ({upload.sample.broken}) and yet {job.state}"
        elif job.state is not JobState.COMPLETED:
            yield f"{upload.sample.name} is good and yet {job.state}: {job.error_message}"
        elif _count_pdfs(job, stored) != upload.sample.statements:
            found = _count_pdfs(job, stored)
            yield f"{upload.sample.name} holds {upload.sample.statements} statements but has {found} PDFs"


def _list_pdfs(stack: Stack) -> dict[str, int]:
    """Return how many PDFs each ``pdf_location`` holds."""
    bucket = stack.settings.objects.pdfs_bucket
    stored: dict[str, int] = {}
    with closing(stack.services.endpoints.s3.open_client()) as client:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for entry in page.get("Contents", []):
                folder = entry["Key"].rpartition("/")[0]
                for location in (f"s3://{bucket}/{entry['Key']}", f"s3://{bucket}/{folder}/"):
                    stored[location] = stored.get(location, 0) + 1
    return stored


def _count_pdfs(job: Job, stored: Mapping[str, int]) -> int:
    return stored.get(job.pdf_location or "", 0)
