"""What the chaos tests do to a running stack and see of it: upload, kill, wait until it rests, take evidence.

Not here: what must hold (invariants.py), or which crash or outage is tried (test_crash_points.py …).
"""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

import psutil
import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from pdfme_dagster.local.state import read_state
from pdfme_dagster.local.statement_samples import SampleFile
from pdfme_dagster_tests.end_to_end.conftest import Up, await_true
from pdfme_dagster_tests.end_to_end.invariants import (
    Batch,
    Evidence,
    JobRow,
    StoredPdf,
    count_duplicated,
    count_lost,
    list_violations,
)
from pdfme_dagster_tests.recoveries import Recovery

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")

# A retry waits up to minutes, a lost request one, a dead run half of one: together still less than this.
_REST_SECONDS = 600.0
# At rest, Dagster's partitions follow within two looks of the mirror.
_AGREE_SECONDS = 60.0

_COLUMNS = [field.name for field in fields(JobRow) if field.name != "etag"]
_JOBS = f"SELECT file_hash, {', '.join(_COLUMNS)} FROM processing_jobs"
_PARTITIONS = """{ assetNodeOrError(assetKey: {path: ["statement_pdfs"]}) { ... on AssetNode {
  assetPartitionStatuses { ... on DefaultPartitionStatuses {
    materializedPartitions failedPartitions } } } } }"""
_LIVE = """{ runsOrError(filter: {statuses: [NOT_STARTED, QUEUED, STARTING, STARTED, CANCELING]}) {
  ... on Runs { results { runId } } } }"""


def upload(up: Up, folder: str, samples: Iterable[SampleFile]) -> Batch:
    """Upload files under a folder of their own; return them as a batch."""
    with closing(up.endpoints.s3.open_client()) as client:
        return put_samples(client, "uploads", folder, samples)


def put_samples(client: "S3Client", bucket: str, folder: str, samples: Iterable[SampleFile]) -> Batch:
    """Put files into a bucket, under a folder of their own."""
    statements = {}
    for sample in samples:
        answer = client.put_object(Bucket=bucket, Key=f"{folder}/{sample.name}", Body=sample.content)
        statements[answer["ETag"].strip('"')] = sample.statements
    return Batch(statements=statements)


def pid_of(up: Up, name: str) -> int:
    """Return the number under which one of the stack's programs runs now."""
    return read_state(up.home).processes[name].identity.pid


def pool_of(up: Up) -> frozenset[int]:
    """Return the run workers' pool processes."""
    try:
        children = psutil.Process(pid_of(up, "run-workers")).children()
        return frozenset(child.pid for child in children if child.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return frozenset()


def await_successor(up: Up, name: str, pid: int) -> None:
    """Wait until the supervisor has started a program again that ran as process ``pid``."""
    await_true(lambda: pid_of(up, name) != pid and psutil.pid_exists(pid_of(up, name)), f"another {name}")


def await_rest(up: Up, batch: Batch) -> None:
    """Wait until every upload of a batch has an ended job, and no run is left."""
    etags = ", ".join(f"'{etag}'" for etag in batch.statements)
    ended = (
        "SELECT count(*) FROM processing_jobs "
        f"WHERE status IN ('completed', 'failed') AND file_hash IN ({etags})"
    )

    def rests() -> bool:
        return up.query(ended) == [(len(batch.statements),)] and not _live_runs(up)

    await_true(lambda: bool(_look(rests)), "every job ended and no run left", seconds=_REST_SECONDS)


def judge(up: Up, batch: Batch, *, what: str, crashes: int, since: float) -> tuple[Recovery, list[str]]:
    """Wait until the stack rests; return what the recovery came to, and what does not hold all the same."""
    await_rest(up, batch)
    evidence = _await_agreement(up, batch)
    recovery = Recovery(
        what=what,
        crashes=crashes,
        files=len(batch.statements),
        lost=count_lost(evidence),
        duplicated=count_duplicated(evidence),
        seconds=time.monotonic() - since,
    )
    return recovery, list_violations(evidence)


def _await_agreement(up: Up, batch: Batch) -> Evidence:
    """Return the first evidence that all holds, or the last that it does not."""
    deadline = time.monotonic() + _AGREE_SECONDS
    while True:
        seen = _look(lambda: gather(up, batch))
        if seen and (not list_violations(seen) or time.monotonic() > deadline):
            return seen
        time.sleep(0.5)


def gather(up: Up, batch: Batch) -> Evidence:
    """Look at every store of a stack."""
    jobs = read_jobs(up.query)
    shown = up.graphql(_PARTITIONS)["assetNodeOrError"]["assetPartitionStatuses"]
    with closing(up.endpoints.s3.open_client()) as client:
        keys, pdfs = read_pdfs(client, "pdfs", batch, jobs)
    return Evidence(
        batch=batch,
        jobs=jobs,
        pdf_keys=keys,
        pdfs=pdfs,
        materialized=frozenset(shown["materializedPartitions"]),
        failed=frozenset(shown["failedPartitions"]),
        live_runs=_live_runs(up),
    )


def read_jobs(query: Callable[[str], list[tuple[Any, ...]]]) -> dict[str, JobRow]:
    """Return the whole job table."""
    return {
        etag: JobRow(etag=etag, **dict(zip(_COLUMNS, values, strict=True))) for etag, *values in query(_JOBS)
    }


def read_pdfs(
    client: "S3Client", bucket: str, batch: Batch, jobs: Mapping[str, JobRow]
) -> tuple[frozenset[str], dict[str, StoredPdf]]:
    """Return the keys of all PDFs, and those of this batch as they are."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = frozenset(entry["Key"] for page in pages for entry in page.get("Contents", []))
    named = [key for etag in batch.statements if etag in jobs for key in jobs[etag].pdf_keys]
    return keys, {key: _read_pdf(client, bucket, key) for key in named if key in keys}


def _read_pdf(client: "S3Client", bucket: str, key: str) -> StoredPdf:
    answer = client.get_object(Bucket=bucket, Key=key)
    noted = answer["Metadata"]
    return StoredPdf(
        content=answer["Body"].read(),
        sha256=noted.get("sha256", ""),
        source_etag=noted.get("source-etag", ""),
    )


def _live_runs(up: Up) -> frozenset[str]:
    return frozenset(run["runId"] for run in up.graphql(_LIVE)["runsOrError"]["results"])


def _look(look: Callable[[], T]) -> T | None:
    """Look, where what is looked at may not answer just now: then there is nothing to see."""
    try:
        return look()
    except (psycopg.Error, OSError, KeyError, AssertionError, BotoCoreError, ClientError):
        return None
