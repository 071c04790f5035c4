"""The nightly job over real services: what is old goes, and nothing that anybody still needs.

Not here: ten years of it (test_steady_state.py), which jobs are forgotten (../test_upkeep.py).
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import psycopg
import pytest
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

from pdfme_dagster.definitions import defs
from pdfme_dagster.defs.dispatch import batch_run_config
from pdfme_dagster.defs.partitions import UPLOADS
from pdfme_dagster.defs.statement_pdfs import ASSET_KEY, BatchConfig
from pdfme_dagster.domain.job import JobState
from pdfme_dagster.domain.upload import Upload
from pdfme_dagster.settings import Settings
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster_tests.defs.clock import age

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ONE = (Path(__file__).parents[1] / "parsing" / "samples" / "one_customer.txt").read_bytes()
Put = Callable[[str, bytes], str]
Make = Callable[..., list[str]]
Retire = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def psql(database: str) -> Iterator[psycopg.Connection]:
    """The operator's way into the same database."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def make(upload: Put, jobs: JobStore, instance: dg.DagsterInstance, settings: Settings) -> Make:
    """Upload this many good files and then the broken ones, and run them in one run; return their ETags."""

    def make_files(word: str, good: int, broken: int = 0) -> list[str]:
        contents = [ONE + b"\n" * number for number in range(good)] + [b"?" * (n + 1) for n in range(broken)]
        etags = []
        for number, content in enumerate(contents):
            key = f"900_{word}_{number}.txt"
            etag = upload(key, content + word.encode() * (number >= good) + b"\n" * (100 * len(word)))
            jobs.admit([Upload(etag=etag, key=key, size_bytes=1)], max_retries=3, batch_size=1)
            etags.append(etag)
        instance.add_dynamic_partitions("uploads", etags)
        run_range(instance, etags)
        return etags

    return make_files


@pytest.fixture
def retire(instance: dg.DagsterInstance, settings: Settings) -> Retire:
    """Run the job ``retention`` with this config."""

    def execute(*, raise_on_error: bool = True, **config: Any) -> dg.ExecuteInProcessResult:
        return (
            defs()
            .resolve_job_def("retention")
            .execute_in_process(
                instance=instance,
                run_config={"ops": {"retire": {"config": config}}},
                raise_on_error=raise_on_error,
            )
        )

    return execute


def run_range(instance: dg.DagsterInstance, etags: Sequence[str]) -> str:
    ends = zip(("start", "end"), (etags[0], etags[-1]), strict=True)
    tags = {f"dagster/asset_partition_range_{end}": etag for end, etag in ends}
    job = defs().resolve_job_def("statement_pdfs_job")
    return job.execute_in_process(instance=instance, tags=tags, raise_on_error=False).run_id


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    """Return the numbers that the run shows."""
    outputs = [each for each in result.all_events if each.event_type is dg.DagsterEventType.STEP_OUTPUT]
    data: Any = outputs[0].event_specific_data
    return {name: value.value for name, value in data.metadata.items()}


def partitions(instance: dg.DagsterInstance) -> list[str]:
    return list(instance.get_dynamic_partitions("uploads"))


def statuses(instance: dg.DagsterInstance) -> dict[str, set[str]]:
    """Return the partitions by status as the UI shows them."""
    status = get_and_update_asset_status_cache_value(instance, ASSET_KEY, UPLOADS)
    if status is None:
        return {"materialized": set(), "failed": set()}
    with partition_loading_context(dynamic_partitions_store=instance):
        failed = set(status.deserialize_failed_partition_subsets(UPLOADS).get_partition_keys())
        done = set(status.deserialize_materialized_partition_subsets(UPLOADS).get_partition_keys())
    return {"materialized": done - failed, "failed": failed}


def with_events(psql: psycopg.Connection) -> set[str]:
    """Return the partitions that the event log tells of."""
    return {key for (key,) in psql.execute("SELECT partition FROM event_logs WHERE partition IS NOT NULL")}


def runs(instance: dg.DagsterInstance, job: str = "statement_pdfs_job") -> set[str]:
    return {run.run_id for run in instance.get_runs(dg.RunsFilter(job_name=job))}


def logged(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> list[str]:
    return [each.user_message for each in instance.all_logs(result.run_id) if each.level == logging.INFO]


def test_what_was_done_long_ago_leaves_dagster_and_every_job_stays_while_its_upload_is_there(
    make: Make, retire: Retire, jobs: JobStore, instance: dg.DagsterInstance, psql: psycopg.Connection
) -> None:
    *mixed, broken = make("a", good=2, broken=1)
    (mixed_run,) = runs(instance)
    done = make("bb", good=2)
    age(psql, days=100)
    recent = make("ccc", good=1)
    assert statuses(instance) == {"materialized": {*mixed, *done, *recent}, "failed": {broken}}
    result = retire()
    assert partitions(instance) == [broken, *recent]
    assert statuses(instance) == {"materialized": set(recent), "failed": {broken}}
    assert with_events(psql) == {broken, *recent}
    assert mixed_run in runs(instance)
    assert len(runs(instance)) == 2  # the one of the failure and the recent one
    assert jobs.count_states([*mixed, *done, *recent, broken]) == {JobState.COMPLETED: 5, JobState.FAILED: 1}
    assert metadata(result) == {
        "days": 90,
        "partitions_retired": 4,
        "partitions_in_use": 0,
        "partitions_left": 0,
        "partitions_now": 2,
        "runs_deleted": 1,
        "events_deleted": 2,
        "jobs_forgotten": 0,
        "jobs_kept_since_listed": 4,
        "dry_run": False,
    }
    assert metadata(retire())["partitions_retired"] == 0


def test_jobs_whose_uploads_are_gone_are_forgotten_too(
    make: Make,
    retire: Retire,
    jobs: JobStore,
    psql: psycopg.Connection,
    s3: "S3Client",
    settings: Settings,
    instance: dg.DagsterInstance,
) -> None:
    gone, there = make("a", good=2)
    age(psql, days=100)
    s3.delete_object(Bucket=settings.objects.uploads_bucket, Key="900_a_0.txt")
    result = retire()
    assert metadata(result)["jobs_forgotten"] == 1
    assert set(jobs.states([gone, there])) == {there}
    assert partitions(instance) == []
    told = "\n".join(logged(instance, result))
    assert (
        "partitions: 2, of which 2 are of jobs completed more than 90 days ago, or gone; retired: 2" in told
    )
    assert "uploads listed: 1; jobs completed more than 90 days ago: 2, of which forgotten: 1" in told


def test_days_are_a_setting_that_one_run_may_differ_from(
    make: Make,
    retire: Retire,
    instance: dg.DagsterInstance,
    psql: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make("a", good=1)
    age(psql, days=100)
    monkeypatch.setenv("RETENTION_DAYS", "120")
    assert metadata(retire())["partitions_retired"] == 0
    assert metadata(retire(days=99))["partitions_retired"] == 1
    age(psql, days=121)
    retire()
    assert len(runs(instance, "retention")) == 1  # this night's own


def test_dry_run_changes_nothing(
    make: Make, retire: Retire, instance: dg.DagsterInstance, psql: psycopg.Connection
) -> None:
    etags = make("a", good=3)
    psql.execute("DELETE FROM processing_jobs WHERE file_hash = %s", (etags[0],))
    age(psql, days=100)
    before = (partitions(instance), runs(instance), with_events(psql), statuses(instance))
    result = retire(dry_run=True)
    assert (partitions(instance), runs(instance), with_events(psql), statuses(instance)) == before
    assert metadata(result)["partitions_retired"] == 3
    assert metadata(result)["partitions_now"] == 3
    assert "would be retired: 3" in "\n".join(logged(instance, result))


def test_a_night_does_no_more_than_it_is_told_to(
    make: Make, retire: Retire, instance: dg.DagsterInstance, psql: psycopg.Connection
) -> None:
    etags = [*make("a", good=2), *make("bb", good=1), *make("ccc", good=2, broken=1)]
    age(psql, days=100)
    first = metadata(retire(max_partitions=3, max_runs=1, max_events=1))
    assert (first["partitions_retired"], first["partitions_left"], first["runs_deleted"]) == (3, 2, 1)
    assert partitions(instance) == etags[3:]
    second = metadata(retire(max_events=1))
    assert (second["partitions_retired"], second["runs_deleted"], second["events_deleted"]) == (2, 1, 1)
    assert metadata(retire())["events_deleted"] == 1
    assert with_events(psql) == {etags[-1]}


def test_partitions_of_a_live_run_stay_until_it_has_ended(
    make: Make, retire: Retire, instance: dg.DagsterInstance, psql: psycopg.Connection
) -> None:
    etags = make("a", good=6)
    age(psql, days=100)
    ranged = {
        "dagster/asset_partition_range_start": etags[1],
        "dagster/asset_partition_range_end": etags[3],
    }
    for number, tags in enumerate((ranged, {"dagster/partition": etags[5]})):
        run = dg.DagsterRun(
            job_name="__ASSET_JOB", run_id=f"live-{number}", status=dg.DagsterRunStatus.STARTED, tags=tags
        )
        instance.add_run(run)
    result = retire()
    assert partitions(instance) == [*etags[1:4], etags[5]]
    assert (metadata(result)["partitions_retired"], metadata(result)["partitions_in_use"]) == (2, 4)
    for number in range(2):
        run = instance.get_run_by_id(f"live-{number}") or pytest.fail("no such run")
        instance.report_run_failed(run)
    assert metadata(retire())["partitions_retired"] == 4
    assert partitions(instance) == []


def test_no_partition_goes_while_a_backfill_is_under_way(
    make: Make, retire: Retire, instance: dg.DagsterInstance, psql: psycopg.Connection
) -> None:
    etags = make("a", good=2)
    age(psql, days=100)
    backfill = PartitionBackfill(
        backfill_id="by-a-person",
        status=BulkActionStatus.REQUESTED,
        from_failure=False,
        tags={},
        backfill_timestamp=0.0,
        asset_selection=[ASSET_KEY],
    )
    instance.add_backfill(backfill)
    assert metadata(retire())["partitions_in_use"] == 2
    assert partitions(instance) == etags
    canceled: PartitionBackfill = backfill.with_status(BulkActionStatus.CANCELED)  # type: ignore[no-untyped-call]
    instance.update_backfill(canceled)
    assert metadata(retire())["partitions_retired"] == 2


def test_history_of_others_and_of_failures_stays(
    make: Make, retire: Retire, jobs: JobStore, instance: dg.DagsterInstance, psql: psycopg.Connection
) -> None:
    (broken,) = make("a", good=0, broken=1)
    again = run_range(instance, [broken])
    for number, job in enumerate(("another_teams_job", "__ASSET_JOB")):
        ended = dg.DagsterRun(
            job_name=job,
            run_id=f"theirs-{number}",
            status=dg.DagsterRunStatus.SUCCESS,
            asset_selection=frozenset({dg.AssetKey("another_asset")}) if number else None,
        )
        instance.add_run(ended)
    jobs.admit([Upload(etag="b", key="900_b", size_bytes=1)], max_retries=3, batch_size=1)
    explains = dg.DagsterRun(
        job_name="statement_pdfs_job", run_id="b-failed", status=dg.DagsterRunStatus.FAILURE
    )
    instance.add_run(explains)
    jobs.start("b-failed", ["b"])
    psql.execute("UPDATE processing_jobs SET status = 'failed', error_message = 'no' WHERE file_hash = 'b'")
    age(psql, days=100)
    assert metadata(retire())["runs_deleted"] == 1  # the first attempt at the broken file
    assert runs(instance) == {again, "b-failed"}
    assert {"theirs-0", "theirs-1"} <= {run.run_id for run in instance.get_runs()}
    assert statuses(instance)["failed"] == {broken}


def test_a_bucket_that_cannot_be_listed_costs_only_the_forgetting(
    make: Make,
    retire: Retire,
    instance: dg.DagsterInstance,
    psql: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make("a", good=2)
    age(psql, days=100)
    monkeypatch.setenv("UPLOADS_BUCKET", "no-such-bucket")
    assert not retire(raise_on_error=False).success
    assert partitions(instance) == []
    assert runs(instance) == set()


def test_a_retired_upload_can_be_made_again_and_has_its_partition_back(
    make: Make, retire: Retire, jobs: JobStore, instance: dg.DagsterInstance, psql: psycopg.Connection
) -> None:
    again, seen, quiet = make("a", good=3)
    age(psql, days=100)
    retire()
    assert partitions(instance) == []
    job = defs().resolve_job_def("statement_pdfs_job")
    for etag, reprocess in ((again, True), (seen, False)):
        config = BatchConfig(etags=[etag, "made-up"], reprocess=reprocess)
        job.execute_in_process(instance=instance, run_config=batch_run_config(config), raise_on_error=False)
    assert statuses(instance)["materialized"] == {again, seen}
    assert partitions(instance) == [again, seen]
    assert metadata(retire())["partitions_retired"] == 1
    assert partitions(instance) == [again]
    assert jobs.count_states([again, seen, quiet]) == {JobState.COMPLETED: 3}
