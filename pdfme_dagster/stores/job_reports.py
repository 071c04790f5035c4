"""What an operator asks of the job table and does to it: reports, a retry of chosen failures, a cleanup.

Not here: SQL (sql/reports.sql), the events in a job's life (jobs.py), or how a report is shown. Texts come
out as they may be shown: no card number, one line.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeVar

import psycopg
from psycopg.rows import class_row

from pdfme_dagster.domain.job import JobState
from pdfme_dagster.domain.privacy import mask_numbers, show_line
from pdfme_dagster.stores.named_queries import load_queries, postgres_errors

# The code of failures that have none: those made by SQL alone.
UNKNOWN = "unknown"
_CONNECT_SECONDS = 10
# More of them nobody reads; the count is exact, and `TABLE incomplete_jobs` has all.
_INCOMPLETE_SHOWN = 20
_ROWS_A_TRIP = 2_000
_RUN_ID = re.compile(r"(?<!\w)([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?!\w)")

T = TypeVar("T")


class _Shown:
    """Makes the texts that somebody outside wrote fit to be shown, whatever class has them."""

    __slots__ = ()
    _texts: tuple[str, ...] = ("key", "organisation", "message", "reason", "error_message", "rejected_reason")

    def __post_init__(self) -> None:
        for name in self._texts:
            if text := getattr(self, name, None):
                object.__setattr__(self, name, _show(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCounts:
    """All jobs by state: ``waiting`` and ``handed`` (to a run that has not claimed them) are pending.

    ``due_later`` of the waiting ones met trouble and may go again only when their back-off is over.
    ``incomplete`` are completed ones that left customers out; ``last_*`` completed ones by when.
    """

    waiting: int
    due_later: int
    handed: int
    processing: int
    completed: int
    failed: int
    incomplete: int
    last_minute: int
    last_10_minutes: int
    last_60_minutes: int

    @property
    def pending(self) -> int:
        """Jobs that no run has claimed."""
        return self.waiting + self.handed

    @property
    def total(self) -> int:
        """All jobs that are remembered."""
        return self.pending + self.processing + self.completed + self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingJob(_Shown):
    """The job at the head of the queue; ``age_seconds`` counts from its discovery."""

    etag: str
    key: str
    age_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInFlight:
    """A run that processes files, by run id; or one they are ``handed`` to, by its tag pdfme/dispatch."""

    id: str
    state: str
    files: int
    age_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureCause(_Shown):
    """Failed jobs with one error code, and the newest of them."""

    code: str
    files: int
    oldest: datetime | None
    newest: datetime | None
    etag: str
    key: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncompleteFile(_Shown):
    """A completed file that left customers out, and why."""

    etag: str
    key: str
    completed_at: datetime
    statements: int | None
    rejected: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """The job table at one moment; ``incomplete`` are the newest such files, ``counts`` has their number."""

    counts: JobCounts
    oldest_waiting: WaitingJob | None
    runs: tuple[RunInFlight, ...]
    failures: tuple[FailureCause, ...]
    incomplete: tuple[IncompleteFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow(_Shown):
    """A job with all that an operator may want to know of it."""

    etag: str
    key: str
    organisation: str | None
    state: str
    created_at: datetime
    dispatched_at: datetime | None
    processing_started_at: datetime | None
    completed_at: datetime | None
    retry_count: int
    max_retries: int
    error_code: str | None
    error_message: str | None
    run_id: str | None
    size_bytes: int
    profile: str | None
    template: str | None
    statements: int | None
    pages: int | None
    rejected: int | None
    rejected_reason: str | None
    pdf_location: str | None
    duplicate_of: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobChoice:
    """Which jobs are meant: those for which all that is given holds.

    ``organisation`` is that of the job's PDFs, else that of the file's name; ``since_seconds`` how long ago
    something happened to the job at most.
    """

    states: tuple[JobState, ...] | None = None
    organisation: str | None = None
    code: str | None = None
    etags: tuple[str, ...] | None = None
    since_seconds: float | None = None

    def parameters(self) -> Mapping[str, object]:
        """Return the parameters of the SQL condition ``chosen``."""
        return {
            "states": None if self.states is None else [state.value for state in self.states],
            "organisation": self.organisation,
            "code": self.code,
            "etags": None if self.etags is None else list(self.etags),
            "seconds": self.since_seconds,
        }


class JobReports:
    """Reports over one connection, each a few statements at one moment, however many jobs there are.

    Raises TransientError when Postgres does not answer, ConfigurationError when it has another schema.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, conninfo: str) -> Iterator[Self]:
        """Yield reports over a connection of their own, closed afterwards."""
        with postgres_errors():
            connection = psycopg.connect(conninfo, connect_timeout=_CONNECT_SECONDS, autocommit=True)
        with connection:
            yield cls(connection)

    def status(self) -> StatusReport:
        """Return how things stand."""
        with self._one_moment():
            (counts,) = self._made(JobCounts, "counts")
            return StatusReport(
                counts=counts,
                oldest_waiting=next(iter(self._made(WaitingJob, "oldest_waiting")), None),
                runs=tuple(self._made(RunInFlight, "runs")),
                failures=tuple(self._made(FailureCause, "failures")),
                incomplete=tuple(self._made(IncompleteFile, "incomplete", {"limit": _INCOMPLETE_SHOWN})),
            )

    def jobs(self, choice: JobChoice, *, limit: int | None = None) -> Iterator[JobRow]:
        """Yield the chosen jobs, the newest first, without ever holding them all."""
        query = _query("list")
        parameters = {**choice.parameters(), "limit": limit}
        with (
            self._one_moment(),
            self._connection.cursor(name="jobs", row_factory=class_row(JobRow)) as cursor,
        ):
            cursor.itersize = _ROWS_A_TRIP
            yield from cursor.execute(query, parameters)

    def states(self, etags: Sequence[str]) -> dict[str, JobState]:
        """Return the state of each of these jobs that exists."""
        return {etag: JobState(state) for etag, state in self._rows("states", {"etags": list(etags)})}

    def retry(self, choice: JobChoice) -> dict[str, str]:
        """Send the chosen failed jobs back to pending; return their ETags, each with why it had failed.

        As with ``mark_job_for_retry`` it counts as no automatic retry. No job in another state is touched,
        nor one that a run is claiming at this moment.
        """
        return dict(self._rows("retry", choice.parameters()))

    def needed(self, etags: Sequence[str], *, days: int) -> set[str]:
        """Return those of these jobs that are open, failed, or not completed more than ``days`` ago."""
        return {etag for (etag,) in self._rows("needed", {"etags": list(etags), "days": days})}

    def explaining_runs(self) -> set[str]:
        """Return the runs that process jobs now or by which jobs failed."""
        return {run_id for (run_id,) in self._rows("explaining_runs", {})}

    def retired(self, *, days: int, prefix: str) -> set[str]:
        """Return the jobs under this prefix completed more than ``days`` ago on which no other depends."""
        return {etag for (etag,) in self._rows("retired", {"days": days, "prefix": prefix})}

    def forget(self, etags: Sequence[str], *, days: int) -> list[str]:
        """Delete those of these jobs still completed more than ``days`` ago; return their ETags.

        Only for uploads that are no longer listed: they would be found again as new.
        """
        return [etag for (etag,) in self._rows("forget", {"etags": list(etags), "days": days})]

    @contextmanager
    def _one_moment(self) -> Iterator[None]:
        """See the table as it is now until the end, whatever is committed meanwhile."""
        with postgres_errors(), self._connection.transaction():
            self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield

    def _rows(self, query: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        with postgres_errors():
            return self._connection.execute(_query(query), parameters).fetchall()

    def _made(self, row: type[T], query: str, parameters: Mapping[str, object] | None = None) -> list[T]:
        with postgres_errors(), self._connection.cursor(row_factory=class_row(row)) as cursor:
            return cursor.execute(_query(query), parameters).fetchall()


def _show(text: str) -> str:
    """Mask a text's numbers, but no digits of a run's id: the operator looks for it."""
    parts = _RUN_ID.split(text)
    parts[::2] = map(mask_numbers, parts[::2])
    return show_line("".join(parts))


def _query(name: str) -> bytes:
    queries = load_queries("reports.sql")
    text = queries[name]
    for part in ("chosen", "organisation"):
        text = text.replace(f"{{{part}}}", queries[part].strip())
    return text.encode()
