"""The job ``retry_failed_jobs``: what it sends back to pending, and what it says of it.

Not here: what a retry does (../test_upkeep.py), which runs come of it (test_retried_jobs.py).
"""

import logging
from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from pdfme_dagster.definitions import defs
from pdfme_dagster.defs.dispatch import dispatch_jobs
from pdfme_dagster.defs.partitions import add_partitions
from pdfme_dagster.domain.job import JobFailure, JobState
from pdfme_dagster.domain.upload import Upload
from pdfme_dagster.settings import DispatchSettings, Settings
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster_tests.stores.sample_jobs import admit_jobs

Retry = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def retry(instance: dg.DagsterInstance, settings: Settings) -> Retry:
    """Run the job with this config."""

    def execute(**config: Any) -> dg.ExecuteInProcessResult:
        job = defs().resolve_job_def("retry_failed_jobs")
        return job.execute_in_process(
            instance=instance, run_config={"ops": {"retry": {"config": config}}} if config else None
        )

    return execute


def fail(jobs: JobStore, *etags: str, code: str = "bad_amount") -> None:
    jobs.start("run-1", etags)
    jobs.fail("run-1", [JobFailure(etag=etag, key="", code=code, message="no") for etag in etags])


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    outputs = [each for each in result.all_events if each.event_type is dg.DagsterEventType.STEP_OUTPUT]
    data: Any = outputs[0].event_specific_data
    return {name: value.value for name, value in data.metadata.items()}


def told(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult, level: int) -> list[str]:
    return [each.user_message for each in instance.all_logs(result.run_id) if each.level == level]


def test_without_config_all_failed_jobs_are_pending_again(
    retry: Retry, jobs: JobStore, instance: dg.DagsterInstance
) -> None:
    admit_jobs(jobs, "a", "b", "c", "waiting")
    fail(jobs, "a", "b")
    fail(jobs, "c", code="too_large")
    result = retry()
    assert jobs.count_states(["a", "b", "c", "waiting"]) == {JobState.PENDING: 4}
    assert metadata(result) == {
        "jobs": 3,
        "left_alone": 0,
        "causes": {"bad_amount": 2, "too_large": 1},
        "dry_run": False,
    }
    (line,) = told(instance, result, logging.INFO)
    assert line == (
        "failed jobs that are pending again: 3; the sensor takes them at its next tick\n"
        "bad_amount: 2\ntoo_large: 1"
    )


def test_config_chooses_by_cause_organisation_and_hash(
    retry: Retry, jobs: JobStore, instance: dg.DagsterInstance
) -> None:
    admit_jobs(jobs, "a", "b", "c", "waiting")
    admit_jobs(jobs, "d", key="in/266_{}.txt")
    fail(jobs, "a", "b", "d")
    fail(jobs, "c", code="too_large")
    retry(error_code="bad_amount", organisation="266")
    assert jobs.states(["d"]) == {"d": JobState.PENDING}
    result = retry(hashes=['"a"', "waiting", "nobody"])
    assert jobs.states(["a", "b", "c"]) == {
        "a": JobState.PENDING,
        "b": JobState.FAILED,
        "c": JobState.FAILED,
    }
    assert (metadata(result)["jobs"], metadata(result)["left_alone"]) == (1, 2)
    assert told(instance, result, logging.WARNING) == [
        "not failed, left alone: waiting (pending), nobody (unknown)"
    ]


def test_dry_run_only_counts(retry: Retry, jobs: JobStore, instance: dg.DagsterInstance) -> None:
    admit_jobs(jobs, "a", "b")
    fail(jobs, "a", "b")
    result = retry(dry_run=True)
    assert metadata(result)["causes"] == {"bad_amount": 2}
    assert told(instance, result, logging.INFO)[0].startswith("failed jobs that would be pending again: 2;")
    assert jobs.count_states(["a", "b"]) == {JobState.FAILED: 2}


def test_hundreds_of_scattered_failures_go_in_few_runs(
    retry: Retry, jobs: JobStore, instance: dg.DagsterInstance
) -> None:
    etags = [f"{number:032x}" for number in range(900)]
    jobs.admit(
        [Upload(etag=etag, key=f"900_{etag}", size_bytes=1) for etag in etags], max_retries=3, batch_size=5000
    )
    add_partitions(instance, etags)
    fail(jobs, *etags[::3], code="late")
    fail(jobs, *etags[1::3], code="other")
    psql_pending = set(etags[2::3])
    jobs.start("run-2", sorted(psql_pending))  # not waiting themselves
    assert metadata(retry(error_code="late"))["jobs"] == 300
    requests = dispatch_jobs(instance, jobs, DispatchSettings.from_environment({"RUN_WORKERS": "2"}))
    assert 1 <= len(requests) <= 4
    assert sum(int(request.tags["pdfme/files"]) for request in requests) >= 300
