"""What must hold of a stack at rest, whatever died before: each file once, and every store saying the same.

A violation is a sentence; none means that all holds. Not here: gathering the evidence (chaos.py).
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pdfme_dagster.making import sum_pdfs


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A row of the job table."""

    etag: str
    status: str
    run_id: str | None
    retry_count: int
    max_retries: int
    pdf_location: str | None
    statements: int | None
    content_sha256: str | None
    pdf_sha256: str | None
    duplicate_of: str | None

    @property
    def pdf_keys(self) -> tuple[str, ...]:
        """The keys of its own PDFs, in order, as it says them; none where another job's stand for them."""
        if self.status != "completed" or self.duplicate_of or not self.pdf_location:
            return ()
        key = self.pdf_location.removeprefix("s3://").partition("/")[2]
        if not key.endswith("/"):
            return (key,)
        return tuple(f"{key}{number:04d}.pdf" for number in range(1, (self.statements or 0) + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPdf:
    """An object of the PDFs bucket; ``sha256`` and ``source_etag`` are what its metadata claims."""

    content: bytes
    sha256: str
    source_etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Uploads of one test: by ETag how many statements each has, 0 for a broken one."""

    statements: Mapping[str, int]

    @property
    def broken(self) -> frozenset[str]:
        """The ETags of those that must fail."""
        return frozenset(etag for etag, statements in self.statements.items() if statements == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A stack at one moment: all jobs, PDF keys and partitions; the contents of this batch's PDFs alone."""

    batch: Batch
    jobs: Mapping[str, JobRow]
    pdf_keys: frozenset[str]
    pdfs: Mapping[str, StoredPdf]
    materialized: frozenset[str]
    failed: frozenset[str]
    live_runs: frozenset[str]

    def of_status(self, status: str) -> frozenset[str]:
        """Return the ETags of all jobs in this state."""
        return frozenset(etag for etag, job in self.jobs.items() if job.status == status)


def list_violations(evidence: Evidence) -> list[str]:
    """Return what does not hold; an empty list when all does."""
    return [violation for invariant in INVARIANTS for violation in invariant(evidence)]


def count_lost(evidence: Evidence) -> int:
    """Return how many of the batch's files have not all that they must have."""
    return sum(1 for etag in evidence.batch.statements if _is_lost(evidence, etag))


def count_duplicated(evidence: Evidence) -> int:
    """Return how many PDFs there are beyond those that jobs name, and files made more than once."""
    named = [key for job in evidence.jobs.values() for key in job.pdf_keys]
    return len(evidence.pdf_keys.difference(named)) + sum(1 for _ in contents_have_one_pdf_set(evidence))


def uploads_have_ended(evidence: Evidence) -> Iterator[str]:
    """Every upload has a job, completed or failed."""
    for etag in evidence.batch.statements:
        job = evidence.jobs.get(etag)
        if job is None:
            yield f"{etag} has no job"
        elif job.status not in {"completed", "failed"}:
            yield f"{etag} is {job.status}"


def exactly_the_broken_have_failed(evidence: Evidence) -> Iterator[str]:
    """A file fails when it is broken and only then."""
    failed = evidence.of_status("failed")
    for etag in evidence.batch.statements:
        if (etag in failed) != (etag in evidence.batch.broken):
            yield f"{etag} has {'failed' if etag in failed else 'not failed'}"


def statements_have_pdfs(evidence: Evidence) -> Iterator[str]:
    """A completed file has as many PDFs as statements."""
    for etag, statements in evidence.batch.statements.items():
        job = evidence.jobs.get(etag)
        if job and job.status == "completed" and not job.duplicate_of and len(job.pdf_keys) != statements:
            yield f"{etag} has {len(job.pdf_keys)} PDFs for {statements} statements"


def bucket_holds_what_jobs_name(evidence: Evidence) -> Iterator[str]:
    """No PDF without a job that names it, no name without its PDF, and none named twice."""
    named = Counter(key for job in evidence.jobs.values() for key in job.pdf_keys)
    yield from (f"{key} belongs to no job" for key in evidence.pdf_keys - named.keys())
    yield from (f"{key} is not there" for key in named.keys() - evidence.pdf_keys)
    yield from (f"{key} belongs to {jobs} jobs" for key, jobs in named.items() if jobs > 1)


def contents_have_one_pdf_set(evidence: Evidence) -> Iterator[str]:
    """The same content is made once, whatever its names and ETags."""
    contents = Counter(job.content_sha256 for job in evidence.jobs.values() if job.pdf_keys)
    yield from (f"content {sha256} has {sets} PDF sets" for sha256, sets in contents.items() if sets > 1)


def pdfs_are_what_they_claim(evidence: Evidence) -> Iterator[str]:
    """A PDF's SHA-256 and source are those of its metadata, and its job's sums up all in order."""
    for etag in evidence.batch.statements:
        job = evidence.jobs.get(etag)
        stored = [(key, evidence.pdfs[key]) for key in (job.pdf_keys if job else ()) if key in evidence.pdfs]
        for key, pdf in stored:
            if hashlib.sha256(pdf.content).hexdigest() != pdf.sha256:
                yield f"{key} has another SHA-256 than its metadata"
            if pdf.source_etag != etag:
                yield f"{key} was made from {pdf.source_etag}"
        digests = [hashlib.sha256(pdf.content).hexdigest() for _, pdf in stored]
        if job and stored and sum_pdfs(digests) != job.pdf_sha256:
            yield f"the PDFs of {etag} have another SHA-256 than their job"


def claims_have_live_runs(evidence: Evidence) -> Iterator[str]:
    """A job is processing only while its run lives."""
    for job in evidence.jobs.values():
        if job.status == "processing" and job.run_id not in evidence.live_runs:
            yield f"{job.etag} is held by run {job.run_id}, which is gone"


def retries_are_bounded(evidence: Evidence) -> Iterator[str]:
    """No job was tried more often than it may be."""
    for job in evidence.jobs.values():
        if job.retry_count > job.max_retries:
            yield f"{job.etag} was retried {job.retry_count} times of {job.max_retries}"


def dagster_shows_the_table(evidence: Evidence) -> Iterator[str]:
    """The partitions that Dagster shows as materialized and failed are the completed and failed jobs."""
    for status, shown in (("completed", evidence.materialized), ("failed", evidence.failed)):
        jobs = evidence.of_status(status)
        yield from (f"{etag} is {status}, and Dagster does not show it" for etag in jobs - shown)
        yield from (f"{etag} is shown by Dagster as {status}, and is not" for etag in shown - jobs)


INVARIANTS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    uploads_have_ended,
    exactly_the_broken_have_failed,
    statements_have_pdfs,
    bucket_holds_what_jobs_name,
    contents_have_one_pdf_set,
    pdfs_are_what_they_claim,
    claims_have_live_runs,
    retries_are_bounded,
    dagster_shows_the_table,
)


def _is_lost(evidence: Evidence, etag: str) -> bool:
    job = evidence.jobs.get(etag)
    if etag in evidence.batch.broken:
        return job is None or job.status != "failed"
    return job is None or job.status != "completed" or not evidence.pdf_keys.issuperset(job.pdf_keys)
