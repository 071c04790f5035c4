"""A run's desk: the three real stores, and what the bank, a tick of the sensor and a run do to them.

Not here: Dagster (defs/), or what must come of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from pdfme_dagster.batches import (
    BigFiles,
    Outcome,
    RenderedBatch,
    parse_batch,
    render_batch,
    store_batch,
)
from pdfme_dagster.domain.job import Job
from pdfme_dagster.domain.upload import Upload
from pdfme_dagster.intake import Intake, admit_uploads
from pdfme_dagster.making import Report
from pdfme_dagster.parsing import Profiles, load_profiles
from pdfme_dagster.rendering import StatementRenderer, load_statement_renderer
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.objects import ObjectStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["desk"]

SAMPLES = Path(__file__).parent / "parsing" / "samples"
ONE = (SAMPLES / "one_customer.txt").read_bytes()
THREE = (SAMPLES / "three_customers_crlf.txt").read_bytes()
PROFILES = load_profiles()
RENDERER = load_statement_renderer()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The three stores, the profiles and templates, and the bank's way into the uploads bucket."""

    profiles: Profiles
    renderer: StatementRenderer
    jobs: JobStore
    objects: ObjectStore
    cache: SeenCache
    s3: "S3Client"
    uploads_bucket: str
    big_files: BigFiles | None = None
    report: Report = lambda _: None

    def put(self, key: str, content: bytes) -> str:
        """Put a file as the bank does; return its ETag."""
        return self.s3.put_object(Bucket=self.uploads_bucket, Key=key, Body=content)["ETag"].strip('"')

    def put_in_parts(self, key: str, *parts: bytes) -> str:
        """Put a file in parts; its ETag is not that of the same bytes put whole."""
        place: Any = {"Bucket": self.uploads_bucket, "Key": key}
        place["UploadId"] = self.s3.create_multipart_upload(**place)["UploadId"]
        done: list[Any] = [
            {"PartNumber": number, "ETag": self.s3.upload_part(**place, PartNumber=number, Body=part)["ETag"]}
            for number, part in enumerate(parts, 1)
        ]
        answer = self.s3.complete_multipart_upload(**place, MultipartUpload={"Parts": done})
        return str(answer["ETag"]).strip('"')

    def look(self, *, objects: ObjectStore | None = None, cache: SeenCache | None = None) -> Intake:
        """Find and admit uploads as a tick of the sensor does."""
        return admit_uploads(
            objects or self.objects, cache or self.cache, self.jobs, max_retries=3, batch_size=1000
        )

    def upload(self, key: str, content: bytes, *, max_retries: int = 3) -> str:
        """Put a file and admit it; return its ETag."""
        etag = self.put(key, content)
        upload = Upload(etag=etag, key=key, size_bytes=len(content))
        self.jobs.admit([upload], max_retries=max_retries, batch_size=10)
        return etag

    def render(
        self,
        run_id: str,
        *etags: str,
        by_person: bool = False,
        objects: ObjectStore | None = None,
        **start: bool,
    ) -> RenderedBatch:
        """Claim, read, parse and render as a run does."""
        claims = self.jobs.start(run_id, etags, retry_failed=by_person, **start)
        parsed = parse_batch(
            run_id,
            claims,
            jobs=self.jobs,
            objects=objects or self.objects,
            profiles=self.profiles,
            follow_replaced=by_person,
            big_files=self.big_files,
        )
        return render_batch(parsed, renderer=self.renderer, report=self.report)

    def store(self, run_id: str, batch: RenderedBatch, objects: ObjectStore | None = None) -> Outcome:
        """Store as a run does."""
        return store_batch(
            run_id,
            batch,
            jobs=self.jobs,
            objects=objects or self.objects,
            cache=self.cache,
            report=self.report,
        )

    def run(self, run_id: str, *etags: str, **options: Any) -> Outcome:
        """Do all the work of a run."""
        return self.store(run_id, self.render(run_id, *etags, **options), options.get("objects"))

    def job(self, etag: str) -> Job:
        """Return one job's row."""
        (job,) = self.jobs.describe([etag])
        return job

    def pdfs(self) -> dict[str, bytes]:
        """Return every stored PDF by its key."""
        bucket = self.objects.pdfs_bucket
        entries = self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {
            entry["Key"]: self.s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            for entry in entries
        }


@pytest.fixture
def desk(jobs: JobStore, objects: ObjectStore, cache: SeenCache, s3: "S3Client", uploads_bucket: str) -> Desk:
    """The three stores of this test, empty."""
    return Desk(
        profiles=PROFILES,
        renderer=RENDERER,
        jobs=jobs,
        objects=objects,
        cache=cache,
        s3=s3,
        uploads_bucket=uploads_bucket,
    )


def list_etags(jobs: Sequence[Any]) -> list[str]:
    return [job.etag for job in jobs]


def refuse_requests(client: "S3Client", operation: str, part: str) -> None:
    """Break the line for every request of this operation whose address contains ``part``."""

    def refuse(request: Any, **_: object) -> None:
        if part in request.url:
            raise EndpointConnectionError(endpoint_url=request.url)

    client.meta.events.register(f"before-send.s3.{operation}", refuse)
