"""The job table: every event in a job's life, and who may cause it, also when two try at once.

Not here: the schema and the operator's functions (test_migrations.py).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest

from pdfme_dagster.domain.job import Claim, JobFailure, JobState, OpenDispatch, Release
from pdfme_dagster.domain.upload import Upload
from pdfme_dagster.errors import TransientError
from pdfme_dagster.local.ports import free_port
from pdfme_dagster.local.services import EmbeddedServices
from pdfme_dagster.stores import jobs as jobs_module
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster_tests.stores.at_once import at_once
from pdfme_dagster_tests.stores.counting import open_counting_pool
from pdfme_dagster_tests.stores.sample_jobs import make_completion

MANY = 2_000


def make_uploads(etags: Sequence[str]) -> list[Upload]:
    return [Upload(etag=etag, key=f"in/{etag}.txt", size_bytes=100) for etag in etags]


def admit(jobs: JobStore, *etags: str, max_retries: int = 3) -> list[str]:
    return jobs.admit(make_uploads(etags), max_retries=max_retries, batch_size=1000)


def complete(jobs: JobStore, run_id: str, *etags: str, **changes: Any) -> set[str]:
    return jobs.complete(
        run_id,
        [make_completion(etag, **{"pdf_location": f"s3://pdfs/{etag}", **changes}) for etag in etags],
    )


def make_failures(*etags: str, code: str = "bad_amount") -> list[JobFailure]:
    return [
        JobFailure(etag=etag, key=f"in/{etag}.txt", code=code, message=f"line 1: {code} in {etag}")
        for etag in etags
    ]


def state(jobs: JobStore, etag: str) -> JobState:
    return jobs.states([etag])[etag]


def number_etags(count: int) -> list[str]:
    return [f"{number:032x}" for number in range(count)]


@pytest.fixture
def two_stores(database: str) -> Iterator[tuple[JobStore, JobStore]]:
    """Two stores with connections of their own, as two processes have them."""
    with JobStore.open(database, max_pool_size=2) as one, JobStore.open(database, max_pool_size=2) as other:
        yield one, other


# --- Admission ---


def test_new_uploads_become_pending_jobs(jobs: JobStore) -> None:
    assert admit(jobs, "a", "b") == ["a", "b"]
    first, second = jobs.describe(["b", "a", "unknown"])
    assert (first.etag, first.key, first.state) == ("a", "in/a.txt", JobState.PENDING)
    assert (second.etag, second.statements, second.pages, second.pdf_location) == ("b", 0, 0, None)
    assert first.created_at.utcoffset() is not None


def test_known_uploads_start_no_job_whatever_became_of_them(jobs: JobStore) -> None:
    admit(jobs, "pending", "claimed", "done", "bad")
    jobs.start("run-1", ["claimed", "done", "bad"])
    complete(jobs, "run-1", "done")
    jobs.fail("run-1", make_failures("bad"))
    assert admit(jobs, "bad", "new", "done", "claimed", "pending") == ["new"]
    assert jobs.count_states(["pending", "claimed", "done", "bad", "new", "unknown"]) == {
        JobState.PENDING: 2,
        JobState.PROCESSING: 1,
        JobState.COMPLETED: 1,
        JobState.FAILED: 1,
    }


def test_an_etag_listed_twice_starts_one_job(jobs: JobStore) -> None:
    assert admit(jobs, "a", "a") == ["a"]
    assert jobs.admit(make_uploads(["b", "c", "b"]), max_retries=3, batch_size=2) == ["b", "c"]


def test_nothing_to_admit_asks_nothing(jobs: JobStore) -> None:
    assert admit(jobs) == []
    assert jobs.states([]) == {}
    assert jobs.describe([]) == []


def test_two_watchers_that_find_the_same_files_start_each_once(
    two_stores: tuple[JobStore, JobStore],
) -> None:
    etags = number_etags(MANY)
    one, other = two_stores
    first, second = at_once([lambda: admit(one, *etags), lambda: admit(other, *reversed(etags))])
    assert len(first) + len(second) == MANY
    assert sorted(first + second) == etags
    assert one.count_pending() == MANY


@pytest.mark.parametrize(("uploads", "statements"), [(5000, 5), (5001, 6), (1, 1), (0, 0)])
def test_admission_sends_one_statement_per_batch(database: str, uploads: int, statements: int) -> None:
    with open_counting_pool(database) as pool:
        admitted = admit(JobStore(pool), *number_etags(uploads))
        with pool.connection() as connection:
            assert len(connection.sent) == statements
    assert len(admitted) == uploads


# --- Dispatch ---


def test_jobs_wait_in_order_of_discovery(jobs: JobStore) -> None:
    admit(jobs, "z")
    admit(jobs, "a")
    admit(jobs, "m")
    assert jobs.count_pending() == 3
    assert jobs.take_pending(2) == ["z", "a"]
    assert jobs.take_pending(9) == ["z", "a", "m"]


def test_a_dispatched_job_is_no_longer_taken_but_stays_pending(jobs: JobStore) -> None:
    admit(jobs, "a", "b")
    request = uuid4()
    assert jobs.dispatch(request, ["a", "unknown"]) == {"a"}
    assert jobs.take_pending(9) == ["b"]
    assert jobs.count_pending() == 1
    assert state(jobs, "a") is JobState.PENDING
    (waiting,) = jobs.open_dispatches()
    assert waiting == OpenDispatch(dispatch_id=request, jobs=1, age_seconds=waiting.age_seconds)
    assert 0 <= waiting.age_seconds < 60


def test_a_dispatched_job_is_handed_to_no_second_run(jobs: JobStore) -> None:
    admit(jobs, "a", "b")
    jobs.dispatch(uuid4(), ["a"])
    assert jobs.dispatch(uuid4(), ["a", "b"]) == {"b"}


def test_two_dispatchers_give_each_job_to_one_run_only(two_stores: tuple[JobStore, JobStore]) -> None:
    etags = number_etags(300)
    admit(two_stores[0], *etags)

    def dispatch(jobs: JobStore) -> list[tuple[list[str], set[str]]]:
        handed: list[tuple[list[str], set[str]]] = []
        while True:
            with jobs.dispatching():
                if not (taken := jobs.take_pending(20)):
                    return handed
                handed.append((taken, jobs.dispatch(uuid4(), taken)))

    one, other = at_once([partial(dispatch, store) for store in two_stores])
    batches = one + other
    assert all(set(taken) == got for taken, got in batches)
    assert sorted(etag for taken, _ in batches for etag in taken) == etags
    assert len(batches) == 15


def test_dispatching_keeps_other_watchers_out_until_it_ends(jobs: JobStore, psql: psycopg.Connection) -> None:
    def is_free() -> bool:
        with psql.transaction():
            row = psql.execute(
                "SELECT pg_try_advisory_xact_lock(%s)", (jobs_module._DISPATCH_LOCK,)
            ).fetchone()
        return bool(row and row[0])

    with jobs.dispatching():
        assert not is_free()
    assert is_free()
    with pytest.raises(ZeroDivisionError), jobs.dispatching():
        raise ZeroDivisionError
    assert is_free()


def test_a_withdrawn_request_gives_back_what_was_not_claimed(jobs: JobStore) -> None:
    admit(jobs, "a", "b", "c")
    lost, alive = uuid4(), uuid4()
    jobs.dispatch(lost, ["a", "b"])
    jobs.dispatch(alive, ["c"])
    jobs.start("run-1", ["a"])
    assert jobs.withdraw([lost]) == {"b"}
    assert jobs.take_pending(9) == ["b"]
    assert [waiting.dispatch_id for waiting in jobs.open_dispatches()] == [alive]
    assert state(jobs, "a") is JobState.PROCESSING
    assert jobs.withdraw([]) == set()


def test_requests_age_from_their_dispatch(jobs: JobStore, psql: psycopg.Connection) -> None:
    admit(jobs, "a")
    jobs.dispatch(uuid4(), ["a"])
    psql.execute("UPDATE processing_jobs SET dispatched_at = dispatched_at - interval '90 seconds'")
    (waiting,) = jobs.open_dispatches()
    assert 90 <= waiting.age_seconds < 150
    assert jobs.count_recent(60) == 0
    assert jobs.count_recent(600) == 1


# --- Claims ---


def test_a_run_claims_what_it_asks_for_in_order_of_discovery(jobs: JobStore) -> None:
    admit(jobs, "z")
    admit(jobs, "a")
    claims = jobs.start("run-1", ["a", "z", "unknown"])
    assert [claim.etag for claim in claims.claimed] == ["z", "a"]
    first = claims.claimed[0]
    assert first == Claim(etag="z", key="in/z.txt", size_bytes=100, fence=first.fence)
    assert (claims.completed, claims.elsewhere, claims.unknown) == ((), (), ("unknown",))
    assert jobs.claiming_runs() == {"run-1"}


def test_a_claimed_job_is_never_claimed_again_even_when_a_person_asks(jobs: JobStore) -> None:
    admit(jobs, "a")
    jobs.start("run-1", ["a"])
    claims = jobs.start("run-2", ["a"], retry_failed=True, reprocess=True)
    assert (claims.claimed, claims.elsewhere) == ((), ("a",))


def test_two_runs_that_start_at_once_share_no_job(two_stores: tuple[JobStore, JobStore]) -> None:
    etags = number_etags(MANY)
    one, other = two_stores
    admit(one, *etags)
    first, second = at_once(
        [lambda: one.start("run-1", etags), lambda: other.start("run-2", list(reversed(etags)))]
    )
    claimed = [claim.etag for claims in (first, second) for claim in claims.claimed]
    assert sorted(claimed) == etags
    assert set(first.elsewhere) == {claim.etag for claim in second.claimed}


@pytest.mark.parametrize("retry_failed", [False, True])
def test_a_failed_job_is_claimed_only_when_a_person_asks(jobs: JobStore, retry_failed: bool) -> None:
    admit(jobs, "a")
    jobs.start("run-1", ["a"])
    jobs.fail("run-1", make_failures("a"))
    claims = jobs.start("run-2", ["a"], retry_failed=retry_failed)
    assert len(claims.claimed) == retry_failed
    assert claims.elsewhere == (() if retry_failed else ("a",))
    (job,) = jobs.describe(["a"])
    assert (job.error_code is None) == retry_failed


@pytest.mark.parametrize("reprocess", [False, True])
def test_a_completed_job_is_claimed_only_to_be_made_again(jobs: JobStore, reprocess: bool) -> None:
    admit(jobs, "a")
    jobs.start("run-1", ["a"])
    complete(jobs, "run-1", "a", pages=7)
    claims = jobs.start("run-2", ["a"], retry_failed=True, reprocess=reprocess)
    assert len(claims.claimed) == reprocess
    assert [done.pages for done in claims.completed] == ([] if reprocess else [7])
    assert claims.elsewhere == ()


# --- Ends ---


def test_a_completed_job_says_what_it_left_behind(jobs: JobStore) -> None:
    admit(jobs, "a", "b")
    jobs.start("run-1", ["a", "b"])
    assert complete(jobs, "run-1", "a") == {"a"}
    complete(
        jobs, "run-1", "b", statements=0, pages=0, content_sha256=None, pdf_sha256=None, duplicate_of="a"
    )
    (job, _) = jobs.describe(["a", "b"])
    assert (job.state, job.pdf_location, job.first_pdf) == (
        JobState.COMPLETED,
        "s3://pdfs/a",
        "s3://pdfs/a/1",
    )
    assert job.completed_at is not None
    assert (job.statements, job.pages, job.rejected) == (1, 2, 0)
    done = {job.etag: job for job in jobs.completed_among(["a", "b", "unknown"])}
    assert (done["a"].pdf_bytes, done["a"].duplicate_of) == (3000, None)
    assert (done["b"].pages, done["b"].duplicate_of) == (0, "a")


REJECTED = {"warnings": 4, "rejected": 2, "rejected_reason": "2 of 3 statements rejected: account ****0023"}


def test_a_completed_job_says_how_its_file_was_read_and_what_it_left_out(jobs: JobStore) -> None:
    admit(jobs, "a", "b")
    jobs.start("run-1", ["a", "b"])
    complete(jobs, "run-1", "a", **REJECTED)
    complete(jobs, "run-1", "b", profile=None)
    done = {job.etag: job for job in jobs.completed_among(["a", "b"])}
    assert (done["a"].profile, done["b"].profile) == ("afs", None)
    assert {name: getattr(done["a"], name) for name in REJECTED} == REJECTED
    assert (done["b"].warnings, done["b"].rejected, done["b"].rejected_reason) == (0, 0, None)
    assert [job.rejected for job in jobs.describe(["a", "b"])] == [2, 0]


def test_a_job_made_again_forgets_how_its_file_was_read_once_its_pdfs_are_written_over(
    jobs: JobStore, psql: psycopg.Connection
) -> None:
    admit(jobs, "a")
    jobs.start("run-1", ["a"])
    complete(jobs, "run-1", "a", **REJECTED)
    jobs.start("run-2", ["a"], reprocess=True)
    read = "SELECT profile, warnings, rejected, rejected_reason FROM processing_jobs"
    assert psql.execute(read).fetchone() != (None, None, None, None)
    jobs.remake("run-1", ["a"])
    assert psql.execute(read).fetchone() != (None, None, None, None)
    jobs.remake("run-2", ["a"])
    assert psql.execute(read).fetchone() == (None, None, None, None)
    complete(jobs, "run-2", "a")
    assert psql.execute(read).fetchone() == ("afs", 0, 0, None)


MADE_WITH = {"template": "card.json", "template_digest": "a" * 64}


def test_a_completed_job_says_what_its_pdfs_were_made_with(jobs: JobStore) -> None:
    admit(jobs, "a", "b")
    jobs.start("run-1", ["a", "b"])
    complete(jobs, "run-1", "a", **MADE_WITH)
    complete(jobs, "run-1", "b")
    done = {job.etag: job for job in jobs.completed_among(["a", "b"])}
    assert {name: getattr(done["a"], name) for name in MADE_WITH} == MADE_WITH
    assert (done["b"].template, done["b"].template_digest, done["b"].previous_digest) == (None, None, None)


def test_a_claim_knows_the_template_of_the_pdfs_that_are_there_also_after_a_run_that_died(
    jobs: JobStore, psql: psycopg.Connection
) -> None:
    admit(jobs, "a", "new")
    jobs.start("run-1", ["a"])
    complete(jobs, "run-1", "a", **MADE_WITH)
    for run_id in ("run-2", "run-3"):
        claims = jobs.start(run_id, ["a", "new"], reprocess=True).claimed
        assert [claim.template_digest for claim in claims] == ["a" * 64, None]
        jobs.release([run_id])
    jobs.start("run-4", ["a"])
    complete(jobs, "run-4", "a", template="bill.json", template_digest="b" * 64)
    read = "SELECT template, template_digest FROM processing_jobs WHERE file_hash = 'a'"
    assert psql.execute(read).fetchone() == ("bill.json", "b" * 64)


def test_a_job_completed_before_first_pdfs_were_noted_has_its_folder_instead(
    jobs: JobStore, psql: psycopg.Connection
) -> None:
    admit(jobs, "a")
    jobs.start("run-1", ["a"])
    complete(jobs, "run-1", "a")
    psql.execute(
        "UPDATE processing_jobs SET first_pdf = NULL, profile = NULL, warnings = NULL, rejected = NULL"
    )
    (done,), (job,) = jobs.completed_among(["a"]), jobs.describe(["a"])
    assert job.first_pdf == job.pdf_location
    assert (done.first_pdf, done.profile, done.warnings, done.rejected) == ("s3://pdfs/a", None, 0, 0)


def test_a_failed_job_says_why(jobs: JobStore) -> None:
    admit(jobs, "a", "b")
    jobs.start("run-1", ["a", "b"])
    assert jobs.fail("run-1", make_failures("a")) == {"a"}
    job, neighbour = jobs.describe(["a", "b"])
    assert (job.state, job.error_code) == (JobState.FAILED, "bad_amount")
    assert job.error_message == "line 1: bad_amount in a"
    assert neighbour.state is JobState.PROCESSING


def test_a_job_made_again_forgets_its_failure(jobs: JobStore) -> None:
    admit(jobs, "a")
    jobs.start("run-1", ["a"])
    jobs.fail("run-1", make_failures("a"))
    jobs.start("run-2", ["a"], retry_failed=True)
    complete(jobs, "run-2", "a")
    (job,) = jobs.describe(["a"])
    assert (job.state, job.error_code, job.error_message) == (JobState.COMPLETED, None, None)


ENDS: dict[str, Callable[[JobStore, str, str], Any]] = {
    "complete": lambda jobs, run_id, etag: complete(jobs, run_id, etag),
    "fail": lambda jobs, run_id, etag: jobs.fail(run_id, make_failures(etag)),
    "requeue": lambda jobs, run_id, etag: jobs.requeue(run_id, make_failures(etag)),
}


@pytest.mark.parametrize("end", ENDS)
def test_only_the_claiming_run_ends_a_job(jobs: JobStore, end: str) -> None:
    admit(jobs, "held", "waiting")
    jobs.start("run-1", ["held"])
    assert not ENDS[end](jobs, "run-2", "held")
    assert not ENDS[end](jobs, "run-1", "waiting")
    assert not ENDS[end](jobs, "run-1", "unknown")
    assert jobs.states(["held", "waiting"]) == {"held": JobState.PROCESSING, "waiting": JobState.PENDING}
    assert ENDS[end](jobs, "run-1", "held")


@pytest.mark.parametrize("end", ENDS)
def test_a_job_ends_once(jobs: JobStore, end: str) -> None:
    admit(jobs, "a")
    jobs.start("run-1", ["a"])
    complete(jobs, "run-1", "a")
    assert not ENDS[end](jobs, "run-1", "a")
    assert state(jobs, "a") is JobState.COMPLETED


@pytest.mark.parametrize("end", ENDS)
def test_a_run_whose_claim_was_released_ends_nothing(jobs: JobStore, end: str) -> None:
    admit(jobs, "a")
    jobs.start("run-1", ["a"])
    jobs.release(["run-1"])
    assert not ENDS[end](jobs, "run-1", "a")
    jobs.start("run-2", ["a"])
    assert not ENDS[end](jobs, "run-1", "a")
    assert jobs.claiming_runs() == {"run-2"}


# --- Retries ---


def requeue(jobs: JobStore, psql: psycopg.Connection) -> list[Release]:
    return jobs.requeue("run-1", make_failures("a", code="store_unavailable"))


def release(jobs: JobStore, psql: psycopg.Connection) -> list[Release]:
    return jobs.release(["run-1", "run-9"])


def release_stuck(jobs: JobStore, psql: psycopg.Connection) -> list[Release]:
    psql.execute("UPDATE processing_jobs SET processing_started_at = now() - interval '61 minutes'")
    return jobs.release_stuck(["run-1"], 3600)


TAKEN_BACK = [
    (requeue, "store_unavailable", "line 1: store_unavailable in a"),
    (release, "run_died", "run run-1 ended before this job did"),
    (release_stuck, "stuck", "run run-1 held this job since"),
]


@pytest.mark.parametrize(("take_back", "code", "message"), TAKEN_BACK)
def test_three_retries_and_then_failed(
    jobs: JobStore,
    psql: psycopg.Connection,
    take_back: Callable[[JobStore, psycopg.Connection], list[Release]],
    code: str,
    message: str,
) -> None:
    admit(jobs, "a")
    for _ in range(3):
        jobs.dispatch(uuid4(), ["a"])
        jobs.start("run-1", ["a"])
        assert take_back(jobs, psql) == [Release(etag="a", state=JobState.PENDING)]
        assert jobs.take_pending(1) == ["a"]
        assert jobs.claiming_runs() == set()
    jobs.start("run-1", ["a"])
    assert take_back(jobs, psql) == [Release(etag="a", state=JobState.FAILED)]
    (job,) = jobs.describe(["a"])
    assert (job.state, job.error_code) == (JobState.FAILED, code)
    assert (job.error_message or "").startswith(message)
    assert job.completed_at is not None
    assert psql.execute("SELECT retry_count FROM processing_jobs").fetchone() == (3,)


def test_a_job_without_retries_fails_at_its_first_trouble(jobs: JobStore) -> None:
    admit(jobs, "a", max_retries=0)
    jobs.start("run-1", ["a"])
    (release,) = jobs.requeue("run-1", make_failures("a"))
    assert release.state is JobState.FAILED


def test_only_the_named_runs_lose_their_claims(jobs: JobStore) -> None:
    admit(jobs, "a", "b")
    jobs.start("run-1", ["a"])
    jobs.start("run-2", ["b"])
    assert jobs.claiming_runs() == {"run-1", "run-2"}
    assert jobs.release(["run-1"]) == [Release(etag="a", state=JobState.PENDING)]
    assert jobs.release([]) == []
    assert jobs.claiming_runs() == {"run-2"}


def test_only_old_claims_are_stuck(jobs: JobStore, psql: psycopg.Connection) -> None:
    admit(jobs, "old", "young")
    jobs.start("run-1", ["old"])
    psql.execute(
        "UPDATE processing_jobs SET processing_started_at = processing_started_at - interval '1 hour'"
    )
    jobs.start("run-2", ["young"])
    assert jobs.stuck_runs(3600) == {"run-1"}
    assert [release.etag for release in jobs.release_stuck(["run-1", "run-2"], 3600)] == ["old"]
    assert state(jobs, "young") is JobState.PROCESSING


def read_waits(psql: psycopg.Connection) -> list[float]:
    """Return how many seconds each job waits from now on, or NaN."""
    rows = psql.execute(
        "SELECT extract(epoch FROM retry_at - now())::float8 FROM processing_jobs ORDER BY position"
    )
    return [float("nan") if wait is None else wait for (wait,) in rows]


def test_each_retry_waits_four_times_as_long_give_or_take_a_quarter(
    database: str, psql: psycopg.Connection
) -> None:
    with JobStore.open(database, max_pool_size=1, retry_seconds=100) as jobs:
        admit(jobs, "a")
        for usual in (100, 400, 1600):
            jobs.start("run-1", ["a"])
            jobs.release(["run-1"])
            (wait,) = read_waits(psql)
            assert 0.75 * usual - 5 < wait < 1.25 * usual + 5
            assert (jobs.take_pending(9), jobs.count_pending()) == ([], 0)


def test_no_retry_waits_longer_than_an_hour(database: str, psql: psycopg.Connection) -> None:
    with JobStore.open(database, max_pool_size=1) as jobs:
        admit(jobs, "a", max_retries=100)
        psql.execute("UPDATE processing_jobs SET retry_count = 99")
        jobs.start("run-1", ["a"])
        jobs.release(["run-1"])
        (wait,) = read_waits(psql)
        assert 3500 < wait <= 3600


def test_what_failed_together_is_due_together_and_batches_come_apart(
    database: str, psql: psycopg.Connection
) -> None:
    with JobStore.open(database, max_pool_size=1, retry_seconds=1000) as jobs:
        batches = [[f"{run}-{number}" for number in range(5)] for run in range(6)]
        for run, batch in enumerate(batches):
            admit(jobs, *batch)
            jobs.start(f"run-{run}", batch)
            jobs.release([f"run-{run}"])
        due = psql.execute(
            "SELECT count(*), count(DISTINCT retry_at) FROM processing_jobs GROUP BY left(file_hash, 1)"
        ).fetchall()
        waits = read_waits(psql)
    assert due == [(5, 1)] * 6
    assert max(waits) - min(waits) > 5


def test_a_person_waits_for_no_retry(database: str, psql: psycopg.Connection) -> None:
    with JobStore.open(database, max_pool_size=1) as jobs:
        admit(jobs, "a", "b")
        jobs.start("run-1", ["a", "b"])
        jobs.release(["run-1"])
        assert [claim.etag for claim in jobs.start("run-2", ["a"]).claimed] == ["a"]
        psql.execute("SELECT mark_job_for_retry(id) FROM processing_jobs WHERE file_hash = 'b'")
        assert jobs.take_pending(9) == ["b"]


# --- The same bytes ---


def make_contents(**letters: str) -> dict[str, str]:
    """Return a SHA-256 for each job, told by a letter."""
    return {etag: letter * 64 for etag, letter in letters.items()}


def test_the_first_found_is_the_original_of_its_bytes(jobs: JobStore) -> None:
    admit(jobs, "b")
    admit(jobs, "a", "c", "d")
    jobs.start("run-1", ["a", "b", "c"])
    assert jobs.find_twins("run-1", make_contents(a="1", b="1", c="2")) == {"a": "b"}
    jobs.start("run-2", ["d"])
    assert jobs.find_twins("run-2", make_contents(d="1")) == {"d": "b"}
    assert jobs.find_twins("run-1", make_contents(b="1", c="2")) == {}


def test_a_run_that_lost_its_claim_is_nobodys_original(jobs: JobStore) -> None:
    admit(jobs, "a", "b")
    jobs.start("run-1", ["a"])
    jobs.release(["run-1"])
    assert jobs.find_twins("run-1", make_contents(a="1")) == {}
    jobs.start("run-2", ["b"])
    assert jobs.find_twins("run-2", make_contents(b="1")) == {}


def test_a_failed_original_is_replaced_and_a_completed_one_is_not(jobs: JobStore) -> None:
    admit(jobs, "a", "b", "c")
    jobs.start("run-1", ["a", "b", "c"])
    jobs.find_twins("run-1", make_contents(a="1"))
    jobs.fail("run-1", make_failures("a"))
    assert jobs.find_twins("run-1", make_contents(b="1")) == {}
    complete(jobs, "run-1", "b")
    assert jobs.find_twins("run-1", make_contents(c="1")) == {"c": "b"}
    jobs.start("run-2", ["a"], retry_failed=True)
    assert jobs.find_twins("run-2", make_contents(a="1")) == {"a": "b"}


def test_an_original_whose_pdfs_are_anothers_is_replaced(jobs: JobStore) -> None:
    admit(jobs, "a", "b")
    jobs.start("run-1", ["a", "b"])
    jobs.find_twins("run-1", make_contents(a="1"))
    complete(jobs, "run-1", "a", duplicate_of="newer")
    assert jobs.find_twins("run-1", make_contents(b="1")) == {}


def test_equal_bytes_in_runs_at_the_same_moment_have_one_original(jobs: JobStore, database: str) -> None:
    etags = [f"{number:04}" for number in range(400)]
    admit(jobs, *etags)
    shares = [etags[number::4] for number in range(4)]
    for number, share in enumerate(shares):
        jobs.start(f"run-{number}", share)
    contents = {etag: f"{int(etag) // 8:064}" for etag in etags}

    def find(number: int) -> set[str]:
        with JobStore.open(database, max_pool_size=1) as store:
            mine = {etag: contents[etag] for etag in shares[number]}
            return set(mine) - set(store.find_twins(f"run-{number}", mine))

    originals = [etag for found in at_once([partial(find, number) for number in range(4)]) for etag in found]
    assert len(originals) == len(set(originals)) == 50
    assert {contents[etag] for etag in originals} == set(contents.values())


def test_a_postponed_job_waits_and_costs_no_retry(jobs: JobStore, psql: psycopg.Connection) -> None:
    admit(jobs, "a", "b")
    jobs.start("run-1", ["a", "b"])
    assert jobs.postpone("run-2", ["a"], seconds=60) == set()
    assert jobs.postpone("run-1", ["a"], seconds=60) == {"a"}
    assert (state(jobs, "a"), jobs.take_pending(9)) == (JobState.PENDING, [])
    assert psql.execute("SELECT max(retry_count) FROM processing_jobs").fetchone() == (0,)
    assert jobs.postpone("run-1", ["b"], seconds=0) == {"b"}
    assert jobs.take_pending(9) == ["b"]


# --- Fences ---


def read_fence(jobs: JobStore, run_id: str) -> int:
    """Claim the job ``a`` for a run and return the claim's fence."""
    (claim,) = jobs.start(run_id, ["a"]).claimed
    return claim.fence


def test_each_claim_has_a_higher_fence_whatever_the_clock_does(
    jobs: JobStore, psql: psycopg.Connection
) -> None:
    admit(jobs, "a", max_retries=9)
    first = read_fence(jobs, "run-1")
    jobs.release(["run-1"])
    second = read_fence(jobs, "run-2")
    # As if the clock had been a day ahead until now.
    psql.execute("UPDATE processing_jobs SET fence = fence + 86400000000")
    jobs.release(["run-2"])
    third = read_fence(jobs, "run-3")
    assert first < second < second + 86_400_000_000 < third


def test_a_job_forgotten_and_found_again_has_a_higher_fence(jobs: JobStore, psql: psycopg.Connection) -> None:
    admit(jobs, "a")
    before = read_fence(jobs, "run-1")
    psql.execute("DELETE FROM processing_jobs")
    admit(jobs, "a")
    assert read_fence(jobs, "run-2") > before


# --- By hand ---

RESET: LiteralString = "UPDATE processing_jobs SET status = 'pending' WHERE file_hash = 'a'"


def test_a_completed_job_reset_by_hand_is_taken_at_the_next_tick(
    jobs: JobStore, psql: psycopg.Connection
) -> None:
    admit(jobs, "a")
    jobs.dispatch(uuid4(), ["a"])
    jobs.start("run-1", ["a"])
    complete(jobs, "run-1", "a")
    psql.execute(RESET)
    assert jobs.open_dispatches() == []
    assert jobs.take_pending(9) == ["a"]
    assert jobs.dispatch(uuid4(), ["a"]) == {"a"}
    assert [claim.etag for claim in jobs.start("run-2", ["a"]).claimed] == ["a"]
    assert complete(jobs, "run-2", "a") == {"a"}


def test_a_failed_job_reset_by_hand_is_taken_at_once(jobs: JobStore, psql: psycopg.Connection) -> None:
    admit(jobs, "a")
    jobs.dispatch(uuid4(), ["a"])
    jobs.start("run-1", ["a"])
    jobs.fail("run-1", make_failures("a"))
    psql.execute(RESET)
    assert jobs.take_pending(9) == ["a"]


def test_jobs_that_ended_meanwhile_still_count_for_the_rate_limit(jobs: JobStore) -> None:
    admit(jobs, "a", "b", "c")
    jobs.dispatch(uuid4(), ["a", "b", "c"])
    jobs.start("run-1", ["a", "b", "c"])
    complete(jobs, "run-1", "a")
    jobs.fail("run-1", make_failures("b"))
    jobs.requeue("run-1", make_failures("c"))
    assert jobs.count_recent(60) == 3


def test_a_processing_job_reset_by_hand_is_taken_once_its_request_is_withdrawn(
    jobs: JobStore, psql: psycopg.Connection
) -> None:
    admit(jobs, "a")
    request = uuid4()
    jobs.dispatch(request, ["a"])
    jobs.start("run-1", ["a"])
    psql.execute(RESET)
    assert [waiting.dispatch_id for waiting in jobs.open_dispatches()] == [request]
    jobs.withdraw([request])
    assert jobs.take_pending(9) == ["a"]
    assert complete(jobs, "run-1", "a") == set()


def test_a_job_marked_for_retry_is_taken_at_once(jobs: JobStore, psql: psycopg.Connection) -> None:
    admit(jobs, "a")
    jobs.dispatch(uuid4(), ["a"])
    jobs.start("run-1", ["a"])
    jobs.fail("run-1", make_failures("a"))
    psql.execute("SELECT mark_job_for_retry(id) FROM processing_jobs")
    assert jobs.take_pending(9) == ["a"]


# --- Postgres goes away ---


def test_a_lost_connection_is_a_passing_trouble_and_the_next_call_works(
    jobs: JobStore, psql: psycopg.Connection
) -> None:
    admit(jobs, "a")
    psql.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with pytest.raises(TransientError, match=r"^Postgres does not answer: ") as lost:
        jobs.count_pending()
    assert "\n" not in str(lost.value)
    assert jobs.count_pending() == 1


def test_a_watcher_that_loses_postgres_while_dispatching_says_so(
    jobs: JobStore, psql: psycopg.Connection
) -> None:
    with pytest.raises(TransientError), jobs.dispatching():
        psql.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_postgres_that_is_not_there_is_said_in_one_line_without_the_password(
    services: EmbeddedServices, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(jobs_module, "_CONNECT_SECONDS", 0.3)
    nowhere = psycopg.conninfo.make_conninfo(services.endpoints.postgres.conninfo("x"), port=free_port(0))
    with (
        pytest.raises(TransientError, match=r"^Postgres does not answer: ") as refused,
        JobStore.open(nowhere),
    ):
        pass
    assert "\n" not in str(refused.value)
    assert services.endpoints.postgres.password not in str(refused.value) + caplog.text


def test_a_closed_store_answers_no_more(database: str) -> None:
    with JobStore.open(database, max_pool_size=1) as jobs:
        pass
    with pytest.raises(TransientError):
        jobs.dispatch(UUID(int=1), ["a"])
