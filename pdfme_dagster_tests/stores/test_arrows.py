"""The state machine: every arrow of domain/job.py can be gone in SQL, and no other way can."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from pdfme_dagster.domain.job import ARROWS, Guard, JobFailure, JobState
from pdfme_dagster.stores.job_reports import JobChoice, JobReports
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster_tests.stores.sample_jobs import admit_jobs, make_completion

PAGE = Path(__file__).parents[2] / "docs" / "jobs.md"
HOLDER = "the-holder"
FAILURE = JobFailure(etag="a", key="a.txt", code="bad_date", message="line 1: no such date")
MISSING = JobFailure(etag="a", key="a.txt", code="missing", message="deleted before it was read")


@dataclass(frozen=True, slots=True)
class Desk:
    """Everybody's ways to change a job."""

    jobs: JobStore
    reports: JobReports
    psql: psycopg.Connection

    def state(self) -> JobState:
        """Return the job's state."""
        return self.jobs.states(["a"])["a"]

    def put(self, state: JobState, *, max_retries: int, missing: bool, made_before: bool) -> None:
        """Make the job, and bring it into this state by the ways of a run."""
        admit_jobs(self.jobs, "a")
        self.psql.execute("UPDATE processing_jobs SET max_retries = %s", (max_retries,))
        if made_before:
            self.jobs.start(HOLDER, ["a"])
            self.jobs.complete(HOLDER, [make_completion("a")])
            self.psql.execute("UPDATE processing_jobs SET status = 'pending'")
        if state is not JobState.PENDING:
            self.jobs.start(HOLDER, ["a"])
            self.psql.execute("UPDATE processing_jobs SET processing_started_at = now() - interval '2 h'")
        if state is JobState.COMPLETED:
            self.jobs.complete(HOLDER, [make_completion("a")])
        if state is JobState.FAILED:
            self.jobs.remake(HOLDER, ["a"])
            self.jobs.fail(HOLDER, [MISSING if missing else FAILURE])


@pytest.fixture
def desk(jobs: JobStore, database: str, psql: psycopg.Connection) -> Iterator[Desk]:
    """A desk over this test's database."""
    with JobReports.open(database) as reports:
        yield Desk(jobs, reports, psql)


# Each event as the run ``run`` brings it about, with what guards it; dead runs are those that somebody names.
EVENTS: dict[str, Callable[[Desk, str, frozenset[Guard]], object]] = {
    "start": lambda desk, run, given: desk.jobs.start(
        run, ["a"], retry_failed=Guard.BY_PERSON in given, reprocess=Guard.REPROCESS in given
    ),
    "complete": lambda desk, run, given: desk.jobs.complete(run, [make_completion("a")]),
    "fail": lambda desk, run, given: desk.jobs.fail(run, [FAILURE]),
    "postpone": lambda desk, run, given: desk.jobs.postpone(run, ["a"], seconds=0),
    "requeue": lambda desk, run, given: desk.jobs.requeue(run, [FAILURE]),
    "release": lambda desk, run, given: desk.jobs.release([run]),
    "release_stuck": lambda desk, run, given: desk.jobs.release_stuck([run], 3600),
    "admit": lambda desk, run, given: admit_jobs(desk.jobs, "a", key="renamed/{}.txt"),
    "retry": lambda desk, run, given: desk.reports.retry(JobChoice()),
    "mark_job_for_retry": lambda desk, run, given: desk.psql.execute(
        "SELECT mark_job_for_retry(id) FROM processing_jobs"
    ),
}
HELD = {guard for guard in Guard if "holds the claim" in guard}
Situation = tuple[str, int, bool, frozenset[Guard]]
SITUATIONS: list[Situation] = [
    (run, max_retries, made_before, asked)
    for run in (HOLDER, "another")
    for max_retries in (0, 3)
    for made_before in (False, True)
    for asked in map(frozenset[Guard], ((), (Guard.BY_PERSON,), (Guard.REPROCESS,), (Guard.LISTED_AGAIN,)))
]


def given(run: str, max_retries: int, made_before: bool, asked: frozenset[Guard]) -> frozenset[Guard]:
    """Return the guards that hold in a situation, told by their own words."""
    said = {
        "and retries are left": max_retries > 0,
        "no retries are left": max_retries == 0,
        "and no PDFs from before stand": not made_before,
        "and PDFs from before stand": made_before,
    }
    held = {guard for guard in HELD if all(so for words, so in said.items() if words in guard)}
    return frozenset({Guard.ALWAYS, *asked, *(held if run == HOLDER else ())})


def follow(event: str, state: JobState, guards: frozenset[Guard]) -> JobState:
    """Return where the arrows lead; where none does, the job stays."""
    targets = {
        arrow.target
        for arrow in ARROWS
        if (arrow.event, arrow.source) == (event, state) and arrow.guard in guards
    }
    assert len(targets) <= 1
    return targets.pop() if targets else state


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", JobState)
def test_an_event_moves_a_job_exactly_along_the_arrows(desk: Desk, event: str, state: JobState) -> None:
    for run, max_retries, made_before, asked in SITUATIONS:
        desk.psql.execute("DELETE FROM processing_jobs")
        missing = Guard.LISTED_AGAIN in asked
        desk.put(state, max_retries=max_retries, missing=missing, made_before=made_before)
        guards = given(run, max_retries, made_before, asked)
        EVENTS[event](desk, run, guards)
        assert desk.state() is follow(event, state, guards), (run, max_retries, made_before, sorted(asked))


def test_every_arrow_has_an_event_that_is_tried() -> None:
    assert {arrow.event for arrow in ARROWS} == set(EVENTS)


def test_the_page_has_a_line_for_every_arrow_and_no_other() -> None:
    cells = [
        tuple(cell.strip().strip("`") for cell in line.strip().strip("|").split("|"))
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    told = {row[:4] for row in cells if len(row) == 5}
    assert told == {(arrow.event, arrow.source, arrow.target, arrow.guard) for arrow in ARROWS}
    assert all(row[4] for row in cells if len(row) == 5)
