"""An S3 that answers with errors, late, in part or not at all costs time and no file.

Ticks and runs go one after the other in this process. Not here: an S3 that dies or hangs under a whole stack
(../end_to_end/test_outages.py).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import dagster as dg
import psycopg
import pytest
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

from pdfme_dagster.definitions import defs
from pdfme_dagster.defs.mirror import mirror_ended_jobs
from pdfme_dagster.defs.partitions import UPLOADS
from pdfme_dagster.defs.resources import JobStoreResource, ObjectStoreResource, SeenCacheResource
from pdfme_dagster.defs.statement_pdfs import ASSET_KEY, JOB_NAME
from pdfme_dagster.errors import TransientError
from pdfme_dagster.local.statement_samples import make_files
from pdfme_dagster.settings import Settings
from pdfme_dagster.stores.ended_jobs import EndedJobs
from pdfme_dagster.stores.objects import ObjectStore
from pdfme_dagster_tests.defs.fault_proxy import Fault, Faults, fault_proxy
from pdfme_dagster_tests.end_to_end.chaos import put_samples, read_jobs, read_pdfs
from pdfme_dagster_tests.end_to_end.invariants import (
    Batch,
    Evidence,
    count_duplicated,
    count_lost,
    list_violations,
)
from pdfme_dagster_tests.recoveries import Recovery

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FILES, BROKEN = 60, 3
# More often than the clients try by themselves, so that jobs go back and are tried by another run.
_STUBBORN = 7
_PATIENCE_SECONDS = 400.0
KINDS: dict[str, tuple[Fault, ...]] = {
    "500": (Fault.INTERNAL_ERROR,),
    "503": (Fault.SLOW_DOWN,),
    "late": (Fault.SLOW,),
    "cut": (Fault.CUT_BEFORE, Fault.CUT_AFTER),
    "torn": (Fault.TORN,),
    "all of it": tuple(Fault),
}


class Stack:
    """What `up` is made of, in this process: ticks, runs and looks of the mirror, one after the other."""

    def __init__(self, instance: dg.DagsterInstance, jobs: EndedJobs, objects: ObjectStore) -> None:
        self._instance, self._jobs, self._objects = instance, jobs, objects
        self._repository = defs().get_repository_def()

    def work(self) -> None:
        """Tick once, and execute the runs it asks for."""
        for request in self._tick():
            run = self._repository.get_job(JOB_NAME).execute_in_process(
                instance=self._instance,
                tags=request.tags,
                run_config=request.run_config,
                raise_on_error=False,
            )
            assert run.dagster_run.is_finished
        mirror_ended_jobs(self._instance, self._jobs, self._objects)

    def _tick(self) -> list[dg.RunRequest]:
        sensor = self._repository.get_sensor_def("uploads_sensor")
        resources = {
            "jobs": JobStoreResource(),
            "cache": SeenCacheResource(),
            "objects": ObjectStoreResource(),
        }
        with (
            suppress(TransientError),
            dg.build_sensor_context(instance=self._instance, resources=resources) as context,
        ):
            result = sensor(context)
            return list(result.run_requests or []) if isinstance(result, dg.SensorResult) else []
        return []


@pytest.fixture
def ended_jobs(settings: Settings) -> Iterator[EndedJobs]:
    """The job table."""
    with EndedJobs.open(settings.postgres.conninfo, max_pool_size=2) as store:
        yield store


@pytest.mark.chaos
@pytest.mark.parametrize("kind", KINDS)
def test_s3_in_trouble_costs_no_file(
    kind: str,
    instance: dg.DagsterInstance,
    settings: Settings,
    ended_jobs: EndedJobs,
    objects: ObjectStore,
    s3: "S3Client",
    recoveries: list[Recovery],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    buckets = settings.objects
    batch = put_samples(s3, buckets.uploads_bucket, "faults", make_files(FILES, broken=BROKEN, seed=5))
    stack = Stack(instance, ended_jobs, objects)
    faults = Faults(kinds=KINDS[kind], share=0.25, times=_STUBBORN)
    since = time.monotonic()
    with fault_proxy(str(buckets.endpoint_url), faults) as address:
        monkeypatch.setenv("S3_ENDPOINT_URL", address)
        await_rest(stack, settings, batch)
    evidence = gather(instance, settings, s3, batch)
    recoveries.append(
        Recovery(
            what=f"S3 answers: {kind} ({faults.struck} times)",
            crashes=0,
            files=FILES,
            lost=count_lost(evidence),
            duplicated=count_duplicated(evidence),
            seconds=time.monotonic() - since,
        )
    )
    assert list_violations(evidence) == []
    assert faults.struck > FILES / 4
    # Errors outlast the clients' own patience, so they were met by the job table too.
    assert kind not in {"500", "503"} or any(job.retry_count for job in evidence.jobs.values())


def await_rest(stack: Stack, settings: Settings, batch: Batch) -> None:
    """Work until every job has ended."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    ended = "SELECT count(*) FROM processing_jobs WHERE status IN ('completed', 'failed')"
    while query(settings)(ended) != [(len(batch.statements),)]:
        assert time.monotonic() < deadline, query(settings)("TABLE job_statistics")
        stack.work()
        time.sleep(0.2)


def gather(instance: dg.DagsterInstance, settings: Settings, s3: "S3Client", batch: Batch) -> Evidence:
    """Look at every store."""
    jobs = read_jobs(query(settings))
    keys, pdfs = read_pdfs(s3, settings.objects.pdfs_bucket, batch, jobs)
    status = get_and_update_asset_status_cache_value(instance, ASSET_KEY, UPLOADS)
    assert status is not None
    with partition_loading_context(dynamic_partitions_store=instance):
        failed = frozenset(status.deserialize_failed_partition_subsets(UPLOADS).get_partition_keys())
        made = frozenset(status.deserialize_materialized_partition_subsets(UPLOADS).get_partition_keys())
    return Evidence(
        batch=batch,
        jobs=jobs,
        pdf_keys=keys,
        pdfs=pdfs,
        materialized=made - failed,
        failed=failed,
        live_runs=frozenset(),
    )


def query(settings: Settings) -> Callable[[str], list[tuple[Any, ...]]]:
    """Return what asks the test's Postgres."""

    def ask(statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(settings.postgres.conninfo) as connection:
            return connection.execute(statement.encode()).fetchall()

    return ask
