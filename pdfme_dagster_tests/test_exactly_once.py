"""Exactly once, whatever happens in whichever order: random histories of uploads, crashes, retries and time.

Not here: the world that they happen to, and what must hold in it (exactly_once.py).
"""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import redis
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pdfme_dagster.crash_points import CrashPoint
from pdfme_dagster.rendering import load_statement_renderer
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.job_reports import JobReports
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster_tests.exactly_once import CONTENTS, Content, Services, Stop, Trouble, World, watch_points
from pdfme_dagster_tests.stores.conftest import *  # noqa: F403 - these fixtures serve here too
from pdfme_dagster_tests.test_batches import write_template

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEYS = st.sampled_from(["900_a.txt", "900_b.txt", "in/900_a.txt"])
FOLDERS = st.sampled_from(["in/", "out/"])
FILES = st.sampled_from(CONTENTS)
# Which of those there are; a list is as long as it is by then.
NUMBERS = st.integers(0, 7)
TICK_POINTS: tuple[CrashPoint, ...] = ("after-listing", "after-insert", "after-partitions", "after-dispatch")
# A watcher that stands still at the other two holds the lock of all others.
TICK_STOPS = st.one_of(
    st.sampled_from([Stop(point, dies=True) for point in TICK_POINTS]),
    st.sampled_from([Stop(point, dies=False) for point in TICK_POINTS[:2]]),
)
RUN_POINTS: tuple[CrashPoint, ...] = (
    "after-claim",
    "mid-parse",
    "mid-render",
    "after-first-put",
    "after-puts",
    "after-complete",
    "after-cache",
)
RUN_STOPS = st.builds(Stop, st.sampled_from(RUN_POINTS), st.booleans(), st.sampled_from([0, 0, 1, 2]))
TROUBLES: tuple[Trouble, ...] = ("reads", "writes", "every second write", "answers", "listings")


class Histories(RuleBasedStateMachine):
    """What may happen, each thing at any time."""

    make_world: Callable[[], World]

    @initialize()
    def begin(self) -> None:
        """Empty everything."""
        self.world = type(self).make_world()

    # --- The bank ---

    @rule(key=KEYS, content=FILES)
    def upload(self, key: str, content: Content) -> None:
        self.world.upload(key, content)

    @rule(key=KEYS, content=FILES.filter(lambda each: bool(each.content)))
    def upload_in_parts(self, key: str, content: Content) -> None:
        self.world.upload_in_parts(key, content)

    @precondition(lambda self: self.world.listed)
    @rule(key=KEYS, number=NUMBERS)
    def copy(self, key: str, number: int) -> None:
        source = sorted(self.world.listed)[number % len(self.world.listed)]
        if source != key:
            self.world.copy(source, key)

    @precondition(lambda self: self.world.listed)
    @rule(number=NUMBERS)
    def delete(self, number: int) -> None:
        self.world.delete(sorted(self.world.listed)[number % len(self.world.listed)])

    @rule(key=FOLDERS)
    def mark_folder(self, key: str) -> None:
        self.world.mark_folder(key)

    # --- Watchers and workers ---

    @rule()
    def tick(self) -> None:
        self.world.tick()
        if "listings" not in self.world.trouble:
            self.world.check_claims()

    @rule(stop=TICK_STOPS)
    def tick_and_stop(self, stop: Stop) -> None:
        self.world.tick(stop)

    @rule()
    def tick_and_lose_requests(self) -> None:
        self.world.tick(lose_requests=True)

    @rule()
    def run(self) -> None:
        self._start_run(0, None)

    @rule(stop=RUN_STOPS, number=NUMBERS)
    def run_and_stop(self, stop: Stop, number: int) -> None:
        self._start_run(number, stop)

    def _start_run(self, number: int, stop: Stop | None) -> None:
        if not self.world.requests:
            self.world.tick()
        if requests := self.world.requests:
            self.world.start_run(requests[number % len(requests)], stop)

    @precondition(lambda self: self.world.admitted)
    @rule(
        numbers=st.sets(NUMBERS, min_size=1, max_size=3),
        reprocess=st.booleans(),
        template=st.sampled_from([0, 1]),
        stop=st.none() | RUN_STOPS,
    )
    def run_by_person(self, numbers: set[int], reprocess: bool, template: int, stop: Stop | None) -> None:
        known = sorted(self.world.admitted)
        etags = sorted({known[number % len(known)] for number in numbers})
        self.world.start_by_person(etags, stop, reprocess=reprocess, template=template)

    @precondition(lambda self: self.world.workers)
    @rule(number=NUMBERS, stop=st.none() | RUN_STOPS)
    def go_on(self, number: int, stop: Stop | None) -> None:
        self.world.go_on(self.world.workers[number % len(self.world.workers)], stop)

    @precondition(lambda self: self.world.workers)
    @rule(number=NUMBERS)
    def kill(self, number: int) -> None:
        self.world.kill(self.world.workers[number % len(self.world.workers)])

    @precondition(lambda self: any(worker.run for worker in self.world.workers))
    @rule(number=NUMBERS)
    def give_up_on(self, number: int) -> None:
        runs = [worker for worker in self.world.workers if worker.run]
        self.world.give_up_on(runs[number % len(runs)])

    @precondition(lambda self: any(worker.run for worker in self.world.workers))
    @rule(number=NUMBERS, stop=st.none() | RUN_STOPS, template=st.sampled_from([0, 1]), late=st.booleans())
    def overtake(self, number: int, stop: Stop | None, template: int, late: bool) -> None:
        """Give a stopped run's jobs to another one, which may stop too; the first may go on too late."""
        runs = [worker for worker in self.world.workers if worker.run]
        first = runs[number % len(runs)]
        self.world.give_up_on(first)
        self.world.tick()
        if self.world.requests:
            self.world.start_run(self.world.requests[-1], stop, template=template)
        if late:
            self.world.go_on(first)

    @precondition(lambda self: self.world.unnoticed)
    @rule()
    def notice_deaths(self) -> None:
        self.world.notice_deaths()

    # --- Stores, operators and time ---

    @rule(trouble=st.sampled_from(TROUBLES))
    def break_s3(self, trouble: Trouble) -> None:
        self.world.trouble.add(trouble)

    @precondition(lambda self: self.world.trouble)
    @rule()
    def repair_s3(self) -> None:
        self.world.trouble.clear()

    @rule()
    def flush_redis(self) -> None:
        self.world.flush_redis()

    @precondition(lambda self: self.world.contents)
    @rule(number=NUMBERS)
    def spoil_redis(self, number: int) -> None:
        self.world.spoil_redis(sorted(self.world.contents)[number % len(self.world.contents)])

    @rule()
    def retry_failed(self) -> None:
        self.world.retry()

    @precondition(lambda self: self.world.admitted)
    @rule(number=NUMBERS)
    def retry_by_sql(self, number: int) -> None:
        self.world.retry(sorted(self.world.admitted)[number % len(self.world.admitted)])

    @precondition(lambda self: "listings" not in self.world.trouble)
    @rule()
    def clean_up(self) -> None:
        self.world.clean_up()

    @rule(seconds=st.sampled_from([90, 7200, -90, -7200]))
    def pass_time(self, seconds: int) -> None:
        self.world.pass_time(seconds)

    # --- What must be so ---

    @invariant()
    def holds(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        """Let it all come to an end, and look."""
        if not hasattr(self, "world"):
            return
        try:
            self.world.check_end()
        finally:
            self.world.end()


@pytest.fixture
def make_world(
    database: str,
    psql: psycopg.Connection,
    cache: SeenCache,
    redis_client: redis.Redis,
    s3: "S3Client",
    hasty_client: "S3Client",
    bucket: Callable[[str], str],
    tmp_path: Path,
) -> Iterator[Callable[[], World]]:
    """Make a world; each is made of the same stores, emptied."""
    write_template(tmp_path, "other.json", {"name": "Cname", "type": "text"})
    (tmp_path / "templates.yaml").write_text("default: {template: other.json, ignore_rows: true}")
    with ExitStack() as stack:
        services = Services(
            psql=psql,
            books=stack.enter_context(psycopg.connect(database)),
            jobs=stack.enter_context(JobStore.open(database, max_pool_size=6, retry_seconds=0)),
            reports=stack.enter_context(JobReports.open(database)),
            cache=cache,
            redis=redis_client,
            s3=s3,
            fragile_s3=hasty_client,
            bucket=bucket,
            renderers=(load_statement_renderer(), load_statement_renderer(tmp_path)),
        )
        yield stack.enter_context(watch_points(services))


def check_histories(
    make_world: Callable[[], World], *, examples: int, steps: int, number: int | None
) -> None:
    """Live through so many histories; ``number`` is the seed, None for the same ones every time."""
    machine = type("Histories", (Histories,), {"make_world": staticmethod(make_world)})
    run_state_machine_as_test(
        machine if number is None else seed(number)(machine),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=number is None,
            database=None,
            report_multiple_bugs=False,
            # A history of fifty steps takes longer to shorten than to read.
            phases=(Phase.generate, Phase.shrink) if number is None else (Phase.generate,),
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


# --- Histories that were worth a test of their own ---


def test_a_file_that_was_renamed_before_it_was_read_is_made(make_world: Callable[[], World]) -> None:
    world = make_world()
    world.upload("900_a.txt", CONTENTS[0])
    world.tick()
    world.copy("900_a.txt", "900_b.txt")
    world.delete("900_a.txt")
    world.start_run(world.requests[0])
    assert world.check().missing == 1
    closing = world.settle()
    assert (closing.completed, closing.duplicates, closing.is_closed) == (1, 0, True)
    world.end()


def test_a_run_that_comes_too_late_overwrites_nothing_and_leaves_what_is_told(
    make_world: Callable[[], World],
) -> None:
    world = make_world()
    world.upload("900_a.txt", CONTENTS[0])
    world.tick()
    world.start_run(world.requests[0], Stop("mid-render", dies=False))
    world.give_up_on(world.workers[0])
    world.upload("900_a.txt", CONTENTS[1])
    world.tick()
    closing = world.settle()
    assert (closing.completed, closing.superseded) == (1, 1)
    # The late run stored its PDF after it had lost the job, which then could not be read again.
    assert (closing.pdfs.stored, closing.pdfs.orphans, closing.is_closed) == (2, 1, False)
    world.end()


def test_what_cannot_be_made_again_keeps_its_pdfs_and_those_who_share_them(
    make_world: Callable[[], World],
) -> None:
    world = make_world()
    world.upload("900_a.txt", CONTENTS[0])
    world.settle()
    world.upload_in_parts("900_b.txt", CONTENTS[0])
    assert world.settle().duplicates == 1
    original = world.listed["900_a.txt"]
    world.delete("900_a.txt")
    world.start_by_person([original], reprocess=True, template=0)
    closing = world.check()
    assert (closing.completed, closing.duplicates, closing.missing, closing.is_closed) == (1, 1, 0, True)
    assert world.rows()[original]["error_code"] == "missing"
    world.end()


@pytest.mark.parametrize("stop", [Stop("after-claim", dies=False), Stop("after-puts", dies=False), None])
def test_a_run_that_lost_its_job_changes_nothing_of_the_next_ones(
    make_world: Callable[[], World], stop: Stop | None
) -> None:
    world = make_world()
    world.upload("900_a.txt", CONTENTS[2])
    world.tick()
    world.start_run(world.requests[0], Stop("mid-render", dies=False))
    late = world.workers[0]
    world.give_up_on(late)
    world.tick()
    world.start_run(world.requests[0], stop, template=1)
    world.go_on(late)
    world.check()
    closing = world.settle()
    assert (closing.completed, closing.pdfs.stored, closing.is_closed) == (1, 3, True)
    world.end()


# --- Histories that nobody thought of ---


def test_a_few_histories_end_with_every_file_made_once(make_world: Callable[[], World]) -> None:
    check_histories(make_world, examples=10, steps=25, number=None)


@pytest.mark.chaos
def test_many_histories_end_with_every_file_made_once(make_world: Callable[[], World]) -> None:
    number = int(os.environ.get("CHAOS_SEED") or random.randrange(2**32))
    print(f"CHAOS_SEED={number} tells these histories again")  # noqa: T201
    check_histories(
        make_world, examples=int(os.environ.get("CHAOS_EXAMPLES") or 200), steps=50, number=number
    )
