"""Dagster's partitions show how every job ended, also where its run could not say so, over real services."""

from collections.abc import Iterator

import dagster as dg
import psycopg
import pytest
import sqlalchemy

from pdfme_dagster.defs.mirror import MIRROR_TAG, Mirrored, build_mirror_sensor, mirror_ended_jobs
from pdfme_dagster.defs.partition_events import Step, read_shown, record_failed, record_materialized
from pdfme_dagster.defs.statement_pdfs import ASSET_KEY, JOB_NAME
from pdfme_dagster.domain.job import JobFailure
from pdfme_dagster.settings import Settings
from pdfme_dagster.stores.ended_jobs import EndedJobs
from pdfme_dagster.stores.objects import ObjectStore
from pdfme_dagster_tests.defs.test_statement_pdfs import failed_partitions, materializations, observations
from pdfme_dagster_tests.stores.sample_jobs import admit_jobs, make_completion

DEAD = dg.DagsterRunStatus.FAILURE
NOTHING = Mirrored(compared=0, completed=0, failed=0)


@pytest.fixture
def ended_jobs(settings: Settings) -> Iterator[EndedJobs]:
    """The job table, as the sensor has it."""
    with EndedJobs.open(settings.postgres.conninfo, max_pool_size=2) as store:
        yield store


@pytest.fixture
def table(ended_jobs: EndedJobs, instance: dg.DagsterInstance) -> "Table":
    """Jobs a to d with their partitions."""
    admit_jobs(ended_jobs, *"abcd")
    instance.add_dynamic_partitions("uploads", list("abcd"))
    return Table(ended_jobs, instance)


@pytest.fixture
def sent() -> Iterator[list[str]]:
    """What Dagster's storage sends to Postgres."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", note)
    yield statements
    sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", note)


class Table:
    """Ends jobs in runs that then have the status that a test wants, and record nothing."""

    def __init__(self, jobs: EndedJobs, instance: dg.DagsterInstance) -> None:
        self._jobs, self._instance = jobs, instance

    def start(self, *etags: str, status: dg.DagsterRunStatus = DEAD, reprocess: bool = False) -> str:
        run = self._instance.add_run(dg.DagsterRun(job_name=JOB_NAME, status=status))
        self._jobs.start(run.run_id, etags, retry_failed=True, reprocess=reprocess)
        return run.run_id

    def complete(self, *etags: str, status: dg.DagsterRunStatus = DEAD) -> str:
        run_id = self.start(*etags, status=status, reprocess=True)
        self._jobs.complete(run_id, [make_completion(etag) for etag in etags])
        return run_id

    def fail(self, *etags: str, status: dg.DagsterRunStatus = DEAD) -> str:
        run_id = self.start(*etags, status=status, reprocess=True)
        self._jobs.remake(run_id, etags)
        failures = [JobFailure(etag=etag, key="", code="bad_amount", message="line 1: no") for etag in etags]
        self._jobs.fail(run_id, failures)
        return run_id


def test_completed_jobs_of_a_dead_run_are_materialized_in_its_name(
    table: Table, instance: dg.DagsterInstance, ended_jobs: EndedJobs, objects: ObjectStore
) -> None:
    run_id = table.complete("a", "b")
    assert mirror(instance, ended_jobs, objects) == Mirrored(compared=2, completed=2, failed=0)
    assert set(materializations(instance)) == {"a", "b"}
    assert materializations(instance)["a"]["file"] == "in/900_a.txt"
    records = instance.fetch_materializations(ASSET_KEY, limit=9).records
    assert {record.run_id for record in records} == {run_id}
    assert mirror(instance, ended_jobs, objects) == NOTHING


def test_failed_jobs_of_a_dead_run_are_failed_partitions_with_their_reason(
    table: Table, instance: dg.DagsterInstance, ended_jobs: EndedJobs, objects: ObjectStore
) -> None:
    table.fail("a")
    assert mirror(instance, ended_jobs, objects) == Mirrored(compared=1, completed=0, failed=1)
    assert failed_partitions(instance) == {"a"}
    assert observations(instance)["a"] == {
        "file": "in/900_a.txt",
        "code": "bad_amount",
        "reason": "line 1: no",
    }
    assert mirror(instance, ended_jobs, objects) == NOTHING


@pytest.mark.parametrize("status", [DEAD, dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.SUCCESS])
def test_job_out_of_retries_without_any_run_is_a_failed_partition(
    status: dg.DagsterRunStatus,
    table: Table,
    instance: dg.DagsterInstance,
    ended_jobs: EndedJobs,
    objects: ObjectStore,
    database: str,
) -> None:
    execute(database, "UPDATE processing_jobs SET retry_count = max_retries")
    ended_jobs.release([table.start("a", status=status)])
    assert mirror(instance, ended_jobs, objects).failed == 1
    assert failed_partitions(instance) == {"a"}
    assert observations(instance)["a"]["code"] == "run_died"
    (run,) = instance.get_runs(dg.RunsFilter(tags={MIRROR_TAG: "1"}))
    assert run.status is DEAD
    told = [event.message for event in instance.all_logs(run.run_id)]
    assert any("1 files failed whose own runs could not say so" in text for text in told)


def test_what_a_run_recorded_itself_is_left_alone(
    table: Table, instance: dg.DagsterInstance, ended_jobs: EndedJobs, objects: ObjectStore
) -> None:
    record_materialized(instance, step(table.complete("a")), {"a": {}})
    record_failed(instance, step(table.fail("b")), {"b": {}})
    before = len(instance.fetch_observations(ASSET_KEY, limit=9).records)
    assert mirror(instance, ended_jobs, objects) == Mirrored(compared=2, completed=0, failed=0)
    assert len(instance.fetch_materializations(ASSET_KEY, limit=9).records) == 1
    assert len(instance.fetch_observations(ASSET_KEY, limit=9).records) == before
    assert instance.get_runs(dg.RunsFilter(tags={MIRROR_TAG: "1"})) == []


def test_jobs_of_a_live_run_wait_until_it_has_ended(
    table: Table, instance: dg.DagsterInstance, ended_jobs: EndedJobs, objects: ObjectStore
) -> None:
    run_id = table.complete("a", status=dg.DagsterRunStatus.STARTED)
    assert mirror(instance, ended_jobs, objects) == NOTHING
    run = instance.get_run_by_id(run_id)
    assert run is not None
    instance.report_run_failed(run)
    assert mirror(instance, ended_jobs, objects).completed == 1


@pytest.mark.parametrize("last", ["complete", "fail"])
def test_partition_shows_how_a_job_ended_last(
    last: str, table: Table, instance: dg.DagsterInstance, ended_jobs: EndedJobs, objects: ObjectStore
) -> None:
    first = {"complete": "fail", "fail": "complete"}[last]
    for how in (first, last):
        getattr(table, how)("a")
        assert mirror(instance, ended_jobs, objects).compared == 1
    shown = read_shown(instance, ASSET_KEY, ["a"])
    assert (shown.materialized, shown.failed) == (
        (frozenset("a"), frozenset()) if last == "complete" else (frozenset(), frozenset("a"))
    )
    assert failed_partitions(instance) == set(shown.failed)


def test_failure_recorded_in_a_run_that_was_cancelled_is_recorded_again(
    table: Table, instance: dg.DagsterInstance, ended_jobs: EndedJobs, objects: ObjectStore
) -> None:
    run_id = table.fail("a", status=dg.DagsterRunStatus.CANCELED)
    record_failed(instance, step(run_id), {"a": {}})
    assert failed_partitions(instance) == set()
    assert mirror(instance, ended_jobs, objects).failed == 1
    assert failed_partitions(instance) == {"a"}


def test_dying_before_the_mark_records_nothing_twice(
    table: Table,
    instance: dg.DagsterInstance,
    ended_jobs: EndedJobs,
    objects: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table.complete("a")
    table.fail("b")
    with monkeypatch.context() as dying:
        dying.setattr(EndedJobs, "note_mirrored", lambda *_: None)
        assert mirror(instance, ended_jobs, objects) == Mirrored(compared=2, completed=1, failed=1)
    assert mirror(instance, ended_jobs, objects) == Mirrored(compared=2, completed=0, failed=0)
    assert mirror(instance, ended_jobs, objects) == NOTHING


def test_job_that_ended_anew_between_look_and_mark_is_looked_at_again(
    table: Table, ended_jobs: EndedJobs
) -> None:
    table.complete("a")
    looked = ended_jobs.unmirrored(live_runs=(), limit=9)
    table.fail("a")
    assert ended_jobs.note_mirrored(looked) == 0
    (job,) = ended_jobs.unmirrored(live_runs=(), limit=9)
    assert job.state == "failed"


def test_look_takes_so_many_jobs_the_longest_ended_first(table: Table, ended_jobs: EndedJobs) -> None:
    for etag in "cab":
        table.complete(etag)
    assert [job.etag for job in ended_jobs.unmirrored(live_runs=(), limit=2)] == ["c", "a"]


def test_jobs_that_have_not_ended_are_not_looked_at(table: Table, ended_jobs: EndedJobs) -> None:
    table.start("a")
    assert ended_jobs.unmirrored(live_runs=(), limit=9) == []


def test_look_sends_no_statement_more_for_more_jobs(
    instance: dg.DagsterInstance, ended_jobs: EndedJobs, objects: ObjectStore, sent: list[str]
) -> None:
    counts = []
    for count in (1, 10, 400):
        etags = [f"{count}-{number:04d}" for number in range(count)]
        admit_jobs(ended_jobs, *etags)
        Table(ended_jobs, instance).complete(*etags)
        sent.clear()
        assert mirror(instance, ended_jobs, objects).completed == count
        counts.append(len(sent))
        assert read_shown(instance, ASSET_KEY, etags).materialized == set(etags)
    assert counts[2] <= counts[1] <= counts[0] <= 12


def test_tick_says_what_it_did(
    table: Table, instance: dg.DagsterInstance, ended_jobs: EndedJobs, objects: ObjectStore
) -> None:
    table.complete("a")
    table.fail("b", "c")
    context = dg.build_sensor_context(instance=instance)
    result = build_mirror_sensor()(context, ended_jobs=ended_jobs, objects=objects)
    assert isinstance(result, dg.SkipReason)
    assert result.skip_message == "3 ended jobs compared; 3 partitions put right"


def mirror(instance: dg.DagsterInstance, jobs: EndedJobs, objects: ObjectStore) -> Mirrored:
    """Look once."""
    return mirror_ended_jobs(instance, jobs, objects)


def step(run_id: str) -> Step:
    """Return the step in whose name a run records."""
    return Step(
        run_id=run_id,
        job_name=JOB_NAME,
        step_key="statement_pdfs.store",
        asset_key=dg.AssetKey(["statement_pdfs"]),
    )


def execute(database: str, statement: str) -> None:
    """Send a statement, as psql would."""
    with psycopg.connect(database) as connection:
        connection.execute(statement.encode())
