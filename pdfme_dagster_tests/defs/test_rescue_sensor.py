"""What the rescue sensor takes back, and from whom it does not, over real services."""

from dataclasses import dataclass, replace

import dagster as dg
import psycopg
import pytest
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus

from pdfme_dagster.defs.rescue_sensor import build_rescue_sensor
from pdfme_dagster.defs.statement_pdfs import JOB_NAME
from pdfme_dagster.domain.job import JobState
from pdfme_dagster.domain.upload import Upload
from pdfme_dagster.settings import Settings
from pdfme_dagster.stores.jobs import JobStore

NOTHING = "every claim belongs to a live run"


@dataclass(frozen=True)
class Launcher:
    """A launcher that says of every worker the same."""

    status: WorkerStatus
    supports_check_run_worker_health: bool = True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Say how the run's worker is."""
        return CheckRunHealthResult(self.status)


def rescue(instance: dg.DagsterInstance, settings: Settings, jobs: JobStore) -> str:
    """Evaluate the sensor once and return what it says."""
    told = build_rescue_sensor(settings.dispatch)(dg.build_sensor_context(instance=instance), jobs=jobs)
    assert isinstance(told, dg.SkipReason)
    return str(told.skip_message)


def start_run(instance: dg.DagsterInstance, jobs: JobStore, *etags: str, max_retries: int = 3) -> str:
    """Let a run claim new jobs; return its id."""
    jobs.admit(
        [Upload(etag=etag, key=f"{etag}.txt", size_bytes=1) for etag in etags],
        max_retries=max_retries,
        batch_size=10,
    )
    run = instance.add_run(dg.DagsterRun(job_name=JOB_NAME, status=dg.DagsterRunStatus.STARTED))
    jobs.start(run.run_id, etags)
    return run.run_id


def age_claims(settings: Settings) -> None:
    """Let all claims be two hours old."""
    with psycopg.connect(settings.postgres.conninfo, autocommit=True) as psql:
        psql.execute("UPDATE processing_jobs SET processing_started_at = now() - interval '2 hours'")


@pytest.mark.parametrize("end", ["report_run_failed", "report_run_canceled"])
def test_a_run_that_failed_or_was_cancelled_loses_its_claims_at_the_next_look(
    instance: dg.DagsterInstance, settings: Settings, jobs: JobStore, end: str
) -> None:
    run_id = start_run(instance, jobs, "a", "b")
    assert rescue(instance, settings, jobs) == NOTHING
    run = instance.get_run_by_id(run_id)
    getattr(instance, end)(run)
    told = rescue(instance, settings, jobs)
    assert "2 jobs, of which 0 are out of retries" in told
    assert jobs.states(["a", "b"]) == {"a": JobState.PENDING, "b": JobState.PENDING}
    assert rescue(instance, settings, jobs) == NOTHING


def test_what_is_taken_back_waits_before_it_goes_again(
    instance: dg.DagsterInstance, settings: Settings
) -> None:
    with JobStore.open(settings.postgres.conninfo, retry_seconds=60) as jobs:
        run = instance.get_run_by_id(start_run(instance, jobs, "a"))
        assert run
        instance.report_run_failed(run)
        rescue(instance, settings, jobs)
        assert jobs.states(["a"]) == {"a": JobState.PENDING}
        assert jobs.take_pending(9) == []
        with psycopg.connect(settings.postgres.conninfo, autocommit=True) as psql:
            psql.execute("UPDATE processing_jobs SET retry_at = retry_at - interval '76 seconds'")
        assert jobs.take_pending(9) == ["a"]


def test_a_job_out_of_retries_is_counted_as_failed(
    instance: dg.DagsterInstance, settings: Settings, jobs: JobStore
) -> None:
    run = instance.get_run_by_id(start_run(instance, jobs, "a", max_retries=0))
    assert run
    instance.report_run_failed(run)
    assert "1 jobs, of which 1 are out of retries" in rescue(instance, settings, jobs)
    assert jobs.states(["a"]) == {"a": JobState.FAILED}


def test_a_run_that_nobody_knows_loses_its_claims(
    instance: dg.DagsterInstance, settings: Settings, jobs: JobStore
) -> None:
    instance.delete_run(start_run(instance, jobs, "a"))
    rescue(instance, settings, jobs)
    assert jobs.claiming_runs() == set()


@pytest.mark.parametrize(
    ("launcher", "state"),
    [
        (Launcher(WorkerStatus.RUNNING), JobState.PROCESSING),
        (Launcher(WorkerStatus.UNKNOWN), JobState.PENDING),
        (Launcher(WorkerStatus.FAILED), JobState.PENDING),
        (Launcher(WorkerStatus.RUNNING, supports_check_run_worker_health=False), JobState.PENDING),
    ],
)
def test_an_old_claim_is_stuck_unless_its_worker_answers(
    instance: dg.DagsterInstance,
    settings: Settings,
    jobs: JobStore,
    monkeypatch: pytest.MonkeyPatch,
    launcher: Launcher,
    state: JobState,
) -> None:
    monkeypatch.setattr(type(instance), "run_launcher", launcher)
    start_run(instance, jobs, "a")
    assert rescue(instance, settings, jobs) == NOTHING
    age_claims(settings)
    rescue(instance, settings, jobs)
    assert jobs.states(["a"]) == {"a": state}


def test_what_a_stuck_run_writes_later_is_refused_and_another_has_it(
    instance: dg.DagsterInstance, settings: Settings, jobs: JobStore
) -> None:
    late = start_run(instance, jobs, "a")
    age_claims(settings)
    stopped = replace(settings.dispatch, stuck_processing_seconds=60)
    assert rescue(instance, replace(settings, dispatch=stopped), jobs) != NOTHING
    newer = instance.add_run(dg.DagsterRun(job_name=JOB_NAME, status=dg.DagsterRunStatus.STARTED)).run_id
    (claim,) = jobs.start(newer, ["a"]).claimed
    assert jobs.start(late, ["a"]).elsewhere == ("a",)
    assert claim.fence > 0
    assert jobs.claiming_runs() == {newer}
