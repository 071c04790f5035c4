"""Many at once over one job table: watchers, runs, operators; nothing is lost, done twice or stuck.

Not here: what one caller alone gets (stores/test_jobs.py), or the files themselves (test_etag_traps.py).
"""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest

from pdfme_dagster.domain.job import JobFailure, JobState
from pdfme_dagster.domain.upload import Upload
from pdfme_dagster.errors import PermanentError
from pdfme_dagster.intake import admit_uploads
from pdfme_dagster.stores import jobs as jobs_module
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.job_reports import JobChoice, JobReports
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.objects import ObjectStore
from pdfme_dagster_tests.stores.at_once import at_once
from pdfme_dagster_tests.stores.conftest import *  # noqa: F403 - these fixtures serve here too
from pdfme_dagster_tests.stores.sample_jobs import admit_jobs, make_completion

FILES = 5_000
WATCHERS = 8
JOBS = 2_000


class Listing(ObjectStore):
    """A bucket that was listed already, in an order of its own."""

    def __init__(self, uploads: Sequence[Upload]) -> None:
        self._listed = uploads

    def list_uploads(
        self, refuse: Callable[[PermanentError], None], ignore: Callable[[Upload], None] | None = None
    ) -> Iterator[Upload]:
        """Yield what was listed."""
        yield from self._listed


def number_etags(count: int) -> list[str]:
    return [f"{number:032x}" for number in range(count)]


def shuffle(items: Sequence[Any], seed: int) -> list[Any]:
    return random.Random(seed).sample(items, len(items))


def make_failures(etags: Sequence[str]) -> list[JobFailure]:
    return [JobFailure(etag=etag, key=etag, code="bad_amount", message="line 1: no amount") for etag in etags]


@pytest.fixture
def stores(database: str) -> Iterator[list[JobStore]]:
    """As many stores with connections of their own as there are watchers; their retries do not wait."""
    with ExitStack() as opened:
        yield [
            opened.enter_context(JobStore.open(database, max_pool_size=2, retry_seconds=0))
            for _ in range(WATCHERS)
        ]


@pytest.fixture
def raised_deadlocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a deadlock be raised: no statement that lost one is sent again."""
    monkeypatch.setattr(jobs_module, "_ATTEMPTS", 1)


# --- Watchers ---


def test_eight_watchers_over_5000_files_admit_each_once_and_hand_it_to_one_run(
    stores: list[JobStore], cache: SeenCache, dead_cache: SeenCache
) -> None:
    uploads = [Upload(etag=etag, key=f"in/{etag}.txt", size_bytes=1) for etag in number_etags(FILES)]

    def watch(number: int) -> tuple[Sequence[str], list[str]]:
        jobs, listing = stores[number], Listing(shuffle(uploads, number))
        # Half of them have no Redis.
        found = admit_uploads(
            listing, cache if number % 2 else dead_cache, jobs, max_retries=3, batch_size=1000
        )
        handed: list[str] = []
        while True:
            with jobs.dispatching():
                if not (taken := jobs.take_pending(300)):
                    return found.new, handed
                handed += jobs.dispatch(uuid4(), taken)

    watched = at_once([partial(watch, number) for number in range(WATCHERS)])
    etags = [upload.etag for upload in uploads]
    assert sorted(etag for new, _ in watched for etag in new) == etags
    assert sorted(etag for _, handed in watched for etag in handed) == etags
    assert stores[0].count_states(etags) == {JobState.PENDING: FILES}
    assert sum(dispatch.jobs for dispatch in stores[0].open_dispatches()) == FILES


# --- Runs ---


def test_four_runs_that_ask_for_overlapping_files_end_each_once(stores: list[JobStore]) -> None:
    etags = number_etags(JOBS)
    admit_jobs(stores[0], *etags)

    def run(number: int) -> tuple[set[str], set[str]]:
        jobs, run_id = stores[number], f"run-{number}"
        wanted = shuffle(etags[number * 200 : number * 200 + 1400], number)
        claimed = {claim.etag for claim in jobs.start(run_id, wanted).claimed}
        # It tries to end what it was refused too.
        ended = jobs.complete(run_id, [make_completion(etag) for etag in wanted[::2]])
        return claimed, ended | jobs.fail(run_id, make_failures(wanted[1::2]))

    runs = at_once([partial(run, number) for number in range(4)])
    assert all(claimed == ended for claimed, ended in runs)
    assert sorted(etag for claimed, _ in runs for etag in claimed) == etags
    counts = stores[0].count_states(etags)
    assert sum(counts.values()) == JOBS
    assert counts.keys() == {JobState.COMPLETED, JobState.FAILED}


# --- A storm ---


class Storm:
    """Callers that claim, end, give back, release and retry jobs at random, and what came of it.

    A run's id is used once, so that a claim is named by its run and its job.
    """

    def __init__(self, stores: Sequence[JobStore], database: str, etags: Sequence[str]) -> None:
        self.claims: Counter[tuple[str, str]] = Counter()
        self.ends: Counter[tuple[str, str]] = Counter()
        self.completed: Counter[str] = Counter()
        self._stores, self._database, self._etags = stores, database, etags
        self._runs = ["run-0"]
        self._noting = threading.Lock()

    def blow(self, caller: int, rounds: int) -> None:
        """Do this many things at random."""
        chance, jobs = random.Random(caller), self._stores[caller]
        with psycopg.connect(self._database, autocommit=True) as connection:
            for number in range(rounds):
                self._run(f"run-{caller}-{number}", jobs, chance)
                self._disturb(jobs, connection, chance)

    def finish(self, run_id: str, jobs: JobStore) -> None:
        """Claim all that is left, also what failed, and complete it."""
        jobs.release(sorted(jobs.claiming_runs()))
        claimed = [claim.etag for claim in jobs.start(run_id, self._etags, retry_failed=True).claimed]
        self._note(
            run_id, claimed, jobs.complete(run_id, list(map(make_completion, claimed))), completed=True
        )

    def _run(self, run_id: str, jobs: JobStore, chance: random.Random) -> None:
        self._runs.append(run_id)
        wanted = chance.sample(self._etags, 300)
        claimed = jobs.start(run_id, wanted, retry_failed=chance.random() < 0.5).claimed
        mine = shuffle([claim.etag for claim in claimed], chance.randrange(99))
        done, bad, again, later, left = (mine[part::5] for part in range(5))
        self._note(run_id, mine, jobs.complete(run_id, list(map(make_completion, done))), completed=True)
        self._note(run_id, [], jobs.fail(run_id, make_failures(bad)))
        self._note(run_id, [], {release.etag for release in jobs.requeue(run_id, make_failures(again))})
        self._note(run_id, [], jobs.postpone(run_id, later, seconds=0))
        assert jobs.complete(run_id, list(map(make_completion, done))) == set()
        if chance.random() < 0.5:
            # Too late, where the claim was released meanwhile.
            late = jobs.complete(run_id, list(map(make_completion, left)))
            self._note(run_id, [], late, completed=True)

    def _disturb(self, jobs: JobStore, connection: psycopg.Connection, chance: random.Random) -> None:
        match chance.randrange(5):
            case 0:
                jobs.release(chance.sample(self._runs, min(3, len(self._runs))))
            case 1:
                JobReports(connection).retry(JobChoice())
            case 2:
                connection.execute(
                    "SELECT mark_job_for_retry(id) FROM processing_jobs WHERE file_hash = %s",
                    (chance.choice(self._etags),),
                )
            case 3:
                jobs.release_stuck(chance.sample(self._runs, 1), 0)
            case _:
                request = uuid4()
                jobs.dispatch(request, chance.sample(self._etags, 200))
                jobs.withdraw([request])

    def _note(self, run_id: str, claimed: Sequence[str], ended: set[str], *, completed: bool = False) -> None:
        with self._noting:
            self.claims.update((run_id, etag) for etag in claimed)
            self.ends.update((run_id, etag) for etag in ended)
            self.completed.update(ended if completed else ())


@pytest.mark.usefixtures("raised_deadlocks")
def test_a_storm_of_claims_ends_releases_and_retries_loses_nothing_and_completes_each_job_once(
    stores: list[JobStore], database: str, psql: psycopg.Connection
) -> None:
    etags = number_etags(JOBS)
    for store in stores[:1]:
        store.admit(
            [Upload(etag=etag, key=f"in/{etag}.txt", size_bytes=1) for etag in etags],
            max_retries=9,
            batch_size=1000,
        )
    storm = Storm(stores, database, etags)
    at_once([partial(storm.blow, caller, 20) for caller in range(WATCHERS)])
    counts = stores[0].count_states(etags)
    assert sum(counts.values()) == JOBS
    assert counts.get(JobState.COMPLETED, 0) == sum(storm.completed.values())
    storm.finish("run-last", stores[0])
    assert storm.completed == Counter(etags)
    assert stores[0].count_states(etags) == {JobState.COMPLETED: JOBS}
    assert set(storm.claims.values()) == set(storm.ends.values()) == {1}
    assert storm.ends.keys() <= storm.claims.keys()
    assert psql.execute(
        "SELECT count(*) FROM processing_jobs WHERE retry_count > max_retries"
    ).fetchone() == (0,)


# --- Two statements over the same jobs ---

Call = Callable[[JobStore, Sequence[str]], object]
ENDS: dict[str, Call] = {
    "complete": lambda jobs, etags: jobs.complete("run-1", list(map(make_completion, etags))),
    "fail": lambda jobs, etags: jobs.fail("run-1", make_failures(etags)),
    "requeue": lambda jobs, etags: jobs.requeue("run-1", make_failures(etags)),
    "postpone": lambda jobs, etags: jobs.postpone("run-1", etags, seconds=0),
    "start": lambda jobs, etags: jobs.start("run-2", etags),
    "dispatch": lambda jobs, etags: jobs.dispatch(uuid4(), etags),
    "release": lambda jobs, etags: jobs.release(["run-1"]),
    "release_stuck": lambda jobs, etags: jobs.release_stuck(["run-1"], -1),
}
MEETINGS = [
    ("release", "complete"),
    ("release", "fail"),
    ("release", "requeue"),
    ("release", "postpone"),
    ("release_stuck", "complete"),
    ("dispatch", "start"),
    ("start", "start"),
]


@pytest.mark.usefixtures("raised_deadlocks")
@pytest.mark.parametrize(("one", "other"), MEETINGS)
def test_two_statements_that_meet_over_the_same_jobs_do_not_deadlock(
    stores: list[JobStore], database: str, psql: psycopg.Connection, one: str, other: str
) -> None:
    etags = number_etags(40)
    admit_jobs(stores[0], *shuffle(etags, 7))
    if one.startswith("release"):
        stores[0].start("run-1", etags)
    with psycopg.connect(database) as holder, ExitStack() as waiting:
        # Both get as far as this job, each from its own side, before either can go on.
        holder.execute("SELECT FROM processing_jobs WHERE file_hash = %s FOR UPDATE", (etags[20],))
        threads = waiting.enter_context(ThreadPoolExecutor(2))
        calls = [
            threads.submit(ENDS[one], stores[1], etags),
            threads.submit(ENDS[other], stores[2], etags[::-1]),
        ]
        while count_waiting(psql) < len(calls):
            assert not any(call.done() for call in calls)
        holder.commit()
        for call in calls:
            call.result()
    assert sum(stores[0].count_states(etags).values()) == len(etags)


def test_a_statement_that_loses_a_deadlock_with_an_operators_sql_is_sent_again(
    stores: list[JobStore], database: str, psql: psycopg.Connection
) -> None:
    admit_jobs(stores[0], "a", "b")
    touch: LiteralString = "UPDATE processing_jobs SET retry_count = 1 WHERE file_hash = %s"
    with psycopg.connect(database) as operator, ThreadPoolExecutor(1) as threads:
        # The run looks for deadlocks first, so that it is the one to lose.
        operator.execute("SET LOCAL deadlock_timeout = '1 min'")
        operator.execute(touch, ("b",))
        claims = threads.submit(stores[0].start, "run-1", ["a", "b"])
        while count_waiting(psql) < 1:
            assert not claims.done()
        # The run waits for b and has a.
        operator.execute(touch, ("a",))
        operator.commit()
        assert [claim.etag for claim in claims.result().claimed] == ["a", "b"]
    assert psql.execute("SELECT sum(retry_count) FROM processing_jobs").fetchone() == (2,)


def count_waiting(psql: psycopg.Connection) -> int:
    """Return how many connections wait for a lock."""
    row = psql.execute(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    ).fetchone()
    assert row is not None
    return int(row[0])
