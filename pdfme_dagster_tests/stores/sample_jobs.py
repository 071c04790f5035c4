"""Jobs in the states that a test needs. Not here: what a store does with them."""

from typing import Any

from pdfme_dagster.domain.job import Completion
from pdfme_dagster.domain.upload import Upload
from pdfme_dagster.stores.jobs import JobStore


def admit_jobs(jobs: JobStore, *etags: str, key: str = "in/900_{}.txt") -> None:
    """Add new jobs; ``key`` has a place for the ETag."""
    uploads = [Upload(etag=etag, key=key.format(etag), size_bytes=100) for etag in etags]
    jobs.admit(uploads, max_retries=3, batch_size=1000)


def make_completion(etag: str, **changes: Any) -> Completion:
    """Return what a file of one statement on two pages leaves behind."""
    values: dict[str, Any] = {
        "pdf_location": f"s3://pdfs/900/{etag}/",
        "first_pdf": f"s3://pdfs/{etag}/1",
        "statements": 1,
        "pages": 2,
        "pdf_bytes": 3000,
        "content_sha256": "c" * 64,
        "pdf_sha256": "d" * 64,
        "profile": "afs",
    }
    return Completion(etag=etag, **values | changes)
