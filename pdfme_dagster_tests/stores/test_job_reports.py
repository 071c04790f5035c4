"""What an operator is told of the job table, and does to it: exact, in few statements, also beside runs.

Not here: the three stores together (../test_upkeep.py) or how a report looks (../test_job_tables.py).
"""

import random
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from pdfme_dagster.domain.job import JobFailure, JobState
from pdfme_dagster.domain.upload import Upload
from pdfme_dagster.errors import ConfigurationError, TransientError
from pdfme_dagster.local.ports import free_port
from pdfme_dagster.local.services import EmbeddedServices
from pdfme_dagster.parsing.reader import organisation_of
from pdfme_dagster.stores.job_reports import JobChoice, JobReports
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster_tests.stores.at_once import at_once
from pdfme_dagster_tests.stores.counting import CountingConnection
from pdfme_dagster_tests.stores.sample_jobs import admit_jobs, make_completion

CARD = "5000000000000015"


def number_etags(count: int) -> list[str]:
    return [f"{number:032x}" for number in range(count)]


def complete(jobs: JobStore, run_id: str, *etags: str, **changes: Any) -> None:
    done = [make_completion(etag, **changes) for etag in etags]
    assert jobs.complete(run_id, done) == set(etags)


def fail(jobs: JobStore, *etags: str, code: str = "bad_amount", run_id: str = "run-f") -> None:
    jobs.start(run_id, etags)
    jobs.fail(
        run_id,
        [JobFailure(etag=etag, key="", code=code, message=f"line 1: {code} in {etag}") for etag in etags],
    )


@pytest.fixture
def reports(database: str) -> Iterator[JobReports]:
    """The reports over this test's database."""
    with JobReports.open(database) as opened:
        yield opened


@pytest.fixture
def counted(database: str) -> Iterator[CountingConnection]:
    """A connection to this test's database that counts its statements."""
    with CountingConnection.connect(database, autocommit=True) as connection:
        yield connection


# --- Status ---


def test_counts_of_5000_jobs_are_exact_in_six_statements(jobs: JobStore, counted: CountingConnection) -> None:
    etags = number_etags(5000)
    admit_jobs(jobs, *etags)
    done, failing, working, handed = etags[:3000], etags[3000:3400], etags[3400:4000], etags[4000:4100]
    jobs.start("run-1", done)
    complete(jobs, "run-1", *done[:2990])
    complete(jobs, "run-1", *done[2990:], rejected=2, rejected_reason="line 3: no such date")
    fail(jobs, *failing[:399])
    fail(jobs, *failing[399:], code="too_large")
    jobs.start("run-2", working[:500])
    jobs.start("run-3", working[500:])
    request = uuid4()
    jobs.dispatch(request, handed)

    counted.sent.clear()
    report = JobReports(counted).status()

    assert len(counted.sent) == 6
    counts = report.counts
    assert (counts.waiting, counts.handed, counts.pending) == (900, 100, 1000)
    assert (counts.processing, counts.completed, counts.failed, counts.total) == (600, 3000, 400, 5000)
    assert (counts.incomplete, len(report.incomplete)) == (10, 10)
    assert [(run.id, run.state, run.files) for run in report.runs] == [
        ("run-2", "processing", 500),
        ("run-3", "processing", 100),
        (str(request), "handed", 100),
    ]
    assert [(cause.code, cause.files) for cause in report.failures] == [("bad_amount", 399), ("too_large", 1)]
    assert report.oldest_waiting is not None
    assert report.oldest_waiting.etag == etags[4100]


def test_a_retry_that_is_due_later_is_counted_apart(database: str, reports: JobReports) -> None:
    with JobStore.open(database, max_pool_size=1) as jobs:
        admit_jobs(jobs, "a", "b", "c")
        jobs.start("run-1", ["a", "b"])
        jobs.release(["run-1"])
    counts = reports.status().counts
    assert (counts.waiting, counts.due_later, counts.pending) == (3, 2, 3)


def test_an_empty_table_has_a_status(reports: JobReports) -> None:
    report = reports.status()
    assert (report.counts.total, report.counts.last_60_minutes, report.oldest_waiting) == (0, 0, None)
    assert (report.runs, report.failures, report.incomplete) == ((), (), ())


def test_the_rate_is_of_completed_files_alone(
    jobs: JobStore, reports: JobReports, psql: psycopg.Connection
) -> None:
    etags = number_etags(6)
    admit_jobs(jobs, *etags, "bad")
    jobs.start("run-1", etags)
    complete(jobs, "run-1", *etags)
    fail(jobs, "bad")
    for etag, minutes in zip(etags, (0, 0, 2, 9, 30, 61), strict=True):
        psql.execute(
            "UPDATE processing_jobs SET completed_at = now() - make_interval(mins => %s) "
            "WHERE file_hash = %s",
            (minutes, etag),
        )
    counts = reports.status().counts
    assert (counts.last_minute, counts.last_10_minutes, counts.last_60_minutes) == (2, 4, 5)


def test_the_oldest_waiting_is_the_next_to_go(
    jobs: JobStore, reports: JobReports, psql: psycopg.Connection
) -> None:
    admit_jobs(jobs, "handed", "first", "second")
    jobs.dispatch(uuid4(), ["handed"])
    psql.execute("UPDATE processing_jobs SET created_at = now() - interval '5 minutes'")
    waiting = reports.status().oldest_waiting
    assert waiting is not None
    assert (waiting.etag, waiting.key) == ("first", "in/900_first.txt")
    assert 300 <= waiting.age_seconds < 360


def test_a_cause_shows_its_newest_failure_and_when_it_began(
    jobs: JobStore, reports: JobReports, psql: psycopg.Connection
) -> None:
    admit_jobs(jobs, "a", "b", "c")
    fail(jobs, "a", "b", "c")
    psql.execute("UPDATE processing_jobs SET completed_at = now() - interval '1 day' WHERE file_hash = 'a'")
    psql.execute("UPDATE processing_jobs SET completed_at = now() + interval '1 day' WHERE file_hash = 'b'")
    (cause,) = reports.status().failures
    assert (cause.files, cause.etag, cause.message) == (3, "b", "line 1: bad_amount in b")
    assert cause.oldest is not None
    assert cause.newest is not None
    assert (cause.newest - cause.oldest).days == 2


def test_failures_made_by_sql_without_a_code_are_a_cause_that_can_be_chosen(
    jobs: JobStore, reports: JobReports, psql: psycopg.Connection
) -> None:
    admit_jobs(jobs, "a", "b")
    fail(jobs, "b")
    psql.execute(
        "UPDATE processing_jobs SET status = 'failed', error_message = 'by hand' WHERE file_hash = 'a'"
    )
    codes = {cause.code: cause.etag for cause in reports.status().failures}
    assert codes == {"unknown": "a", "bad_amount": "b"}
    assert reports.retry(JobChoice(code="unknown")) == {"a": "unknown"}


def test_texts_come_out_masked_and_in_one_line(
    jobs: JobStore, reports: JobReports, psql: psycopg.Connection
) -> None:
    admit_jobs(jobs, "a", key=f"in/900_{CARD}\n5000 0000 0000 0023_{{}}.txt")
    psql.execute(
        "UPDATE processing_jobs SET status = 'failed', error_code = 'x', error_message = %s",
        (f"card {CARD}\x1b[2J",),
    )
    (cause,) = reports.status().failures
    (row,) = reports.jobs(JobChoice())
    assert cause.key == row.key == "in/900_****0015?****0023_a.txt"
    assert cause.message == row.error_message == "card ****0015?[2J"


def test_a_run_that_a_message_names_can_be_looked_for(jobs: JobStore, reports: JobReports) -> None:
    run_id = "12345678-1234-4123-8123-123456789012"
    admit_jobs(jobs, "a")
    for _ in range(4):
        jobs.start(run_id, ["a"])
        jobs.release([run_id])
    (row,) = reports.jobs(JobChoice())
    assert (row.state, row.error_message) == ("failed", f"run {run_id} ended before this job did")


# --- Which jobs ---


def chosen(reports: JobReports, **choice: Any) -> list[str]:
    return [row.etag for row in reports.jobs(JobChoice(**choice))]


def test_jobs_are_chosen_by_all_that_is_given(
    jobs: JobStore, reports: JobReports, psql: psycopg.Connection
) -> None:
    admit_jobs(jobs, "a", "b", "c", "d")
    admit_jobs(jobs, "e", key="in/266_{}.txt")
    fail(jobs, "a", "b", "e")
    fail(jobs, "c", code="too_large")
    assert chosen(reports) == ["e", "d", "c", "b", "a"]
    assert chosen(reports, states=(JobState.FAILED,)) == ["e", "c", "b", "a"]
    assert chosen(reports, states=(JobState.PENDING, JobState.COMPLETED)) == ["d"]
    assert chosen(reports, code="bad_amount", organisation="900") == ["b", "a"]
    assert chosen(reports, organisation="266") == ["e"]
    assert chosen(reports, organisation="26") == []
    assert chosen(reports, etags=("c", "a", "nobody")) == ["c", "a"]
    assert [row.etag for row in reports.jobs(JobChoice(), limit=2)] == ["e", "d"]
    psql.execute("UPDATE processing_jobs SET created_at = now() - interval '1 day'")
    assert chosen(reports, since_seconds=3600) == ["e", "c", "b", "a"]
    assert chosen(reports, since_seconds=2 * 86_400) == ["e", "d", "c", "b", "a"]


def test_a_row_has_what_became_of_the_job(jobs: JobStore, reports: JobReports) -> None:
    admit_jobs(jobs, "a")
    jobs.start("run-1", ["a"])
    complete(jobs, "run-1", "a", rejected=1, rejected_reason="line 2: no such date", template="card")
    (row,) = reports.jobs(JobChoice())
    assert (row.state, row.run_id, row.statements, row.pages, row.rejected) == ("completed", "run-1", 1, 2, 1)
    assert (row.retry_count, row.max_retries, row.pdf_location) == (0, 3, "s3://pdfs/900/a/")
    assert (row.profile, row.template, row.error_code, row.size_bytes) == ("afs", "card", None, 100)


def test_a_name_has_the_organisation_that_the_reader_finds_in_it(jobs: JobStore, reports: JobReports) -> None:
    draw = random.Random(7)
    names = ["266_a.txt", "in/266_a", "266_a/", "266_a/.", "266_a/..", "a/./266_x", "x266", "_", "2\n6_a"]
    names += ["".join(draw.choices("a9-_/. \n", k=draw.randint(1, 8))) for _ in range(3000)]
    names += [f"{'9' * length}_x" for length in (31, 32, 33)]
    keys = list(dict.fromkeys(names))
    admitted = [Upload(etag=str(number), key=key, size_bytes=1) for number, key in enumerate(keys)]
    jobs.admit(admitted, max_retries=3, batch_size=5000)
    found = {row.etag: row.organisation for row in reports.jobs(JobChoice())}
    expected = {str(number): organisation_of(key) for number, key in enumerate(keys)}
    masked = {etag: "****9999" if name and len(name) > 30 else name for etag, name in expected.items()}
    assert found == masked
    assert len(set(expected.values())) > 20


def test_the_place_of_its_pdfs_knows_the_organisation_better_than_the_name(
    jobs: JobStore, reports: JobReports
) -> None:
    admit_jobs(jobs, "a", key="in/266_{}.txt")
    jobs.start("run-1", ["a"])
    complete(jobs, "run-1", "a")
    assert chosen(reports, organisation="900") == ["a"]
    assert chosen(reports, organisation="266") == []


# --- Retry ---


def test_a_retry_leaves_a_job_as_mark_job_for_retry_does(
    jobs: JobStore, reports: JobReports, psql: psycopg.Connection
) -> None:
    admit_jobs(jobs, "one", "set")
    jobs.dispatch(uuid4(), ["one", "set"])
    jobs.start("run-1", ["one", "set"])
    complete(jobs, "run-1", "one", "set", rejected=1, rejected_reason="line 2: no such date", template="card")
    psql.execute(
        "UPDATE processing_jobs SET status = 'failed', error_code = 'x', error_message = 'y', "
        "retry_count = 3, dispatched_at = '2026-01-01', created_at = '2026-01-01', dispatch_id = %s",
        (uuid4(),),
    )
    psql.execute("SELECT mark_job_for_retry(id) FROM processing_jobs WHERE file_hash = 'one'")
    assert reports.retry(JobChoice(etags=("set",))) == {"set": "x"}
    rows = psql.execute(
        "SELECT replace((to_jsonb(j) - 'id' - 'position')::text, file_hash, '') FROM processing_jobs AS j"
    ).fetchall()
    assert rows[0] == rows[1]
    assert psql.execute("SELECT DISTINCT retry_count FROM processing_jobs").fetchall() == [(3,)]


def test_a_retry_touches_failed_jobs_alone(jobs: JobStore, reports: JobReports) -> None:
    admit_jobs(jobs, "pending", "handed", "claimed", "done", "bad")
    request = uuid4()
    jobs.dispatch(request, ["handed"])
    jobs.start("run-1", ["claimed", "done"])
    complete(jobs, "run-1", "done")
    fail(jobs, "bad")
    everything = ("pending", "handed", "claimed", "done", "bad", "nobody")
    assert reports.retry(JobChoice(etags=everything)) == {"bad": "bad_amount"}
    assert reports.retry(JobChoice(states=(JobState.COMPLETED,))) == {}
    assert reports.states(everything) == {
        "pending": JobState.PENDING,
        "handed": JobState.PENDING,
        "claimed": JobState.PROCESSING,
        "done": JobState.COMPLETED,
        "bad": JobState.PENDING,
    }
    assert jobs.claiming_runs() == {"run-1"}
    assert [each.dispatch_id for each in jobs.open_dispatches()] == [request]


def test_400_scattered_failures_are_retried_in_one_statement(
    jobs: JobStore, counted: CountingConnection
) -> None:
    etags = number_etags(4000)
    admit_jobs(jobs, *etags)
    scattered = etags[::10]
    jobs.start("run-1", sorted(set(etags) - set(scattered)))
    complete(jobs, "run-1", *sorted(set(etags) - set(scattered)))
    fail(jobs, *scattered)
    counted.sent.clear()
    assert set(JobReports(counted).retry(JobChoice())) == set(scattered)
    assert len(counted.sent) == 1
    assert jobs.take_pending(5000) == scattered


def test_a_job_claimed_meanwhile_is_not_touched(jobs: JobStore, database: str, reports: JobReports) -> None:
    etags = number_etags(400)
    admit_jobs(jobs, *etags)
    fail(jobs, *etags)
    with psycopg.connect(database) as connection:
        connection.execute(
            "UPDATE processing_jobs SET status = 'processing', run_id = 'run-2', "
            "processing_started_at = now() WHERE file_hash = ANY(%s)",
            (etags[:50],),
        )
        # Not committed yet; the retry does not wait for it either.
        assert set(reports.retry(JobChoice())) == set(etags[50:])
    assert jobs.count_states(etags) == {JobState.PROCESSING: 50, JobState.PENDING: 350}
    assert reports.retry(JobChoice()) == {}


@pytest.mark.parametrize("attempt", range(5))
def test_retries_and_claims_at_once_share_the_jobs_out(jobs: JobStore, database: str, attempt: int) -> None:
    etags = number_etags(400)
    admit_jobs(jobs, *etags)
    fail(jobs, *etags)

    def retry() -> set[str]:
        with JobReports.open(database) as own:
            return set(own.retry(JobChoice()))

    def claim(run_id: str, order: list[str]) -> set[str]:
        return {claim.etag for claim in jobs.start(run_id, order, retry_failed=True).claimed}

    back = etags[::-1]
    results = at_once([retry, lambda: claim("r1", etags[:200]), retry, lambda: claim("r2", back[:200])])
    (first, mine, second, yours) = results
    assert not first & second
    assert not mine & yours
    # A run may claim what was pending again by then; what it had claimed before, no retry took from it.
    counts = jobs.count_states(etags)
    assert counts.get(JobState.PROCESSING, 0) == len(mine | yours)
    assert counts.get(JobState.PENDING, 0) == 400 - len(mine | yours)


# --- Cleanup ---


def age(psql: psycopg.Connection, days: int, *etags: str) -> None:
    psql.execute(
        "UPDATE processing_jobs SET completed_at = now() - make_interval(days => %s) "
        "WHERE file_hash = ANY(%s)",
        (days, list(etags)),
    )


def test_old_completed_jobs_may_go_others_never(
    jobs: JobStore, reports: JobReports, psql: psycopg.Connection
) -> None:
    etags = ("old", "new", "bad", "claimed", "pending")
    admit_jobs(jobs, *etags)
    jobs.start("run-1", ["old", "new", "claimed"])
    complete(jobs, "run-1", "old", "new")
    fail(jobs, "bad")
    age(psql, 91, "old", "bad")
    assert reports.retired(days=90, prefix="") == {"old"}
    assert reports.forget(etags, days=90) == ["old"]
    assert set(reports.states(etags)) == set(etags) - {"old"}


def test_a_job_made_again_since_it_was_chosen_is_kept(
    jobs: JobStore, reports: JobReports, psql: psycopg.Connection
) -> None:
    admit_jobs(jobs, "again", "claimed")
    jobs.start("run-1", ["again", "claimed"])
    complete(jobs, "run-1", "again", "claimed")
    age(psql, 91, "again", "claimed")
    assert reports.retired(days=90, prefix="") == {"again", "claimed"}
    jobs.start("run-2", ["again", "claimed"], reprocess=True)
    complete(jobs, "run-2", "again")
    assert reports.forget(["again", "claimed"], days=90) == []


def test_a_job_whose_pdfs_stand_for_another_stays_as_long_as_that_one(
    jobs: JobStore, reports: JobReports, psql: psycopg.Connection
) -> None:
    admit_jobs(jobs, "first", "twin")
    jobs.start("run-1", ["first", "twin"])
    complete(jobs, "run-1", "first")
    complete(jobs, "run-1", "twin", duplicate_of="first")
    age(psql, 91, "first", "twin")
    assert reports.retired(days=90, prefix="") == {"twin"}
    assert reports.forget(["first"], days=90) == []
    assert reports.forget(["twin"], days=90) == ["twin"]
    assert reports.forget(["first"], days=90) == ["first"]


def test_jobs_that_the_listing_could_not_show_stay(
    jobs: JobStore, reports: JobReports, psql: psycopg.Connection
) -> None:
    admit_jobs(jobs, "a", key="2026_%/{}.txt")
    admit_jobs(jobs, "b", key="2026-x/{}.txt")
    jobs.start("run-1", ["a", "b"])
    complete(jobs, "run-1", "a", "b")
    age(psql, 91, "a", "b")
    assert reports.retired(days=90, prefix="2026_%/") == {"a"}


# --- Errors ---


def test_no_postgres_is_said_in_one_line(services: EmbeddedServices) -> None:
    conninfo = f"postgresql://someone:not-for-logs@127.0.0.1:{free_port(0)}/pdfme"
    with (
        pytest.raises(TransientError, match=r"^Postgres does not answer: ") as refused,
        JobReports.open(conninfo),
    ):
        pass
    assert "\n" not in str(refused.value)
    assert "not-for-logs" not in str(refused.value)


def test_a_connection_lost_in_mid_report_is_said_in_one_line(
    reports: JobReports, psql: psycopg.Connection
) -> None:
    psql.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with pytest.raises(TransientError, match=r"^Postgres does not answer: "):
        reports.status()


def test_a_database_of_another_version_asks_for_migrate(
    reports: JobReports, psql: psycopg.Connection
) -> None:
    psql.execute("ALTER TABLE processing_jobs RENAME COLUMN template TO something")
    with pytest.raises(ConfigurationError, match=r"column j\.template does not exist.*pdfme-dagster migrate"):
        list(reports.jobs(JobChoice()))
    psql.execute("DROP TABLE processing_jobs CASCADE")
    with pytest.raises(ConfigurationError, match=r'"processing_jobs" does not exist.*pdfme-dagster migrate'):
        reports.status()


# --- Partitions and runs ---


def test_a_job_needs_its_partition_unless_it_was_completed_long_ago(
    reports: JobReports, jobs: JobStore, psql: psycopg.Connection
) -> None:
    admit_jobs(jobs, "waiting", "running", "failed", "old", "recent", "other")
    jobs.start("run-1", ["running", "old", "recent"])
    complete(jobs, "run-1", "old", "recent")
    fail(jobs, "failed")
    psql.execute(
        "UPDATE processing_jobs SET completed_at = completed_at - interval '91 days' "
        "WHERE file_hash IN ('old', 'failed')"
    )
    asked = ["waiting", "running", "failed", "old", "recent", "nobody"]
    assert reports.needed(asked, days=90) == {"waiting", "running", "failed", "recent"}
    assert reports.needed(asked, days=92) == {"waiting", "running", "failed", "recent", "old"}
    assert reports.needed([], days=90) == set()


def test_runs_that_process_or_failed_jobs_explain_them(reports: JobReports, jobs: JobStore) -> None:
    admit_jobs(jobs, "a", "b", "c", "d")
    jobs.start("run-1", ["a"])
    jobs.start("run-2", ["b"])
    complete(jobs, "run-2", "b")
    fail(jobs, "c", run_id="run-3")
    assert reports.explaining_runs() == {"run-1", "run-3"}
