"""The job table in Postgres, the truth about every upload. Methods are the events in a job's life.

Not here: SQL (sql/queries.sql), the schema (sql/0001…), or what a job's file contains.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from typing import Any, Self, TypeVar
from uuid import UUID

from psycopg.errors import DeadlockDetected
from psycopg.rows import RowFactory, kwargs_row, tuple_row
from psycopg_pool import ConnectionPool

from pdfme_dagster.domain.job import (
    Claim,
    Claims,
    CompletedJob,
    Completion,
    Job,
    JobFailure,
    JobState,
    KnownUpload,
    OpenDispatch,
    Release,
)
from pdfme_dagster.domain.upload import Upload
from pdfme_dagster.stores.named_queries import load_queries, postgres_errors

# One watcher at a time decides which runs to ask for; the others wait the moment it takes.
_DISPATCH_LOCK = 0x64697370
# One run at a time finds out whose bytes are whose.
_ORIGINALS_LOCK = 0x6F726967
_CONNECT_SECONDS = 10.0
_RETRY_SECONDS = 10.0
# Of a statement that lost a deadlock, each after the second that Postgres takes to find one.
_ATTEMPTS = 3

T = TypeVar("T")
Rows = list[tuple[Any, ...]]


class JobStore:
    """Set-based access to ``processing_jobs``; every call is one short transaction.

    Raises TransientError when Postgres does not answer.
    """

    def __init__(self, pool: ConnectionPool, *, retry_seconds: float = _RETRY_SECONDS) -> None:
        self._pool = pool
        self._retry_seconds = retry_seconds

    @classmethod
    @contextmanager
    def open(
        cls, conninfo: str, *, max_pool_size: int = 10, retry_seconds: float = _RETRY_SECONDS
    ) -> Iterator[Self]:
        """Yield a store over a pool of at most ``max_pool_size`` connections, closed afterwards.

        The first automatic retry of a job waits about ``retry_seconds``, each later one four times as long.
        """
        pool = ConnectionPool(
            conninfo, min_size=1, max_size=max_pool_size, timeout=_CONNECT_SECONDS, open=False, name="jobs"
        )
        with postgres_errors():
            pool.open(wait=True, timeout=_CONNECT_SECONDS)
        try:
            yield cls(pool, retry_seconds=retry_seconds)
        finally:
            pool.close()

    def admit(self, uploads: Sequence[Upload], *, max_retries: int, batch_size: int) -> list[str]:
        """Insert a pending job for each upload not known yet; return the new ETags in order of discovery.

        Those that were missing or superseded when they were read, and are listed now, are pending again.
        """
        new: list[tuple[int, str]] = []
        for start in range(0, len(uploads), batch_size):
            batch = uploads[start : start + batch_size]
            rows = self._rows(
                "admit",
                etags=[upload.etag for upload in batch],
                keys=[upload.key for upload in batch],
                sizes=[upload.size_bytes for upload in batch],
                max_retries=max_retries,
            )
            new += [(position, etag) for etag, position in rows]
        return [etag for _, etag in sorted(new)]

    def states(self, etags: Sequence[str]) -> dict[str, JobState]:
        """Return the state of each of these jobs that exists."""
        return {etag: JobState(state) for etag, state in self._rows("states", etags=list(etags))}

    def recall(self, uploads: Sequence[Upload]) -> list[KnownUpload]:
        """Return what became of each of these uploads that has a job."""
        etags = [upload.etag for upload in uploads]
        return self._made(_make_known, "recall", etags=etags, put_at=[upload.put_at for upload in uploads])

    def count_renamed(self, uploads: Sequence[Upload]) -> int:
        """Return how many of these uploads have the name of an older one, under another ETag."""
        etags, keys = [upload.etag for upload in uploads], [upload.key for upload in uploads]
        return int(self._rows("count_renamed", etags=etags, keys=keys)[0][0])

    def count_states(self, etags: Sequence[str]) -> dict[JobState, int]:
        """Return how many of these jobs are in each state."""
        return {JobState(state): jobs for state, jobs in self._rows("count_states", etags=list(etags))}

    def describe(self, etags: Sequence[str]) -> list[Job]:
        """Return these jobs' rows in order of discovery."""
        return self._made(_make_job, "describe", etags=list(etags))

    @contextmanager
    def dispatching(self) -> Iterator[None]:
        """Hold the dispatch lock: within, no other watcher takes pending jobs."""
        with postgres_errors(), self._pool.connection() as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_DISPATCH_LOCK,))
            yield

    def count_pending(self) -> int:
        """Return how many jobs could go into a run now: none is asked for, and no retry is only due later."""
        return int(self._rows("count_pending")[0][0])

    def take_pending(self, limit: int) -> list[str]:
        """Return up to ``limit`` of them, oldest first. Call it while ``dispatching``."""
        return [etag for (etag,) in self._rows("take_pending", limit=limit)]

    def count_recent(self, seconds: float) -> int:
        """Return how many jobs were dispatched during the last ``seconds``, by any watcher."""
        return int(self._rows("count_recent", seconds=seconds)[0][0])

    def dispatch(self, dispatch_id: UUID, etags: Sequence[str]) -> set[str]:
        """Hand pending jobs to a run request; return those that it got."""
        return {etag for (etag,) in self._rows("dispatch", dispatch_id=dispatch_id, etags=list(etags))}

    def open_dispatches(self) -> list[OpenDispatch]:
        """Return the run requests whose jobs are still pending."""
        return self._made(OpenDispatch, "open_dispatches")

    def withdraw(self, dispatch_ids: Sequence[UUID]) -> set[str]:
        """Take back what these run requests never claimed; return the ETags, pending again."""
        return {etag for (etag,) in self._rows("withdraw", dispatch_ids=list(dispatch_ids))}

    def start(
        self, run_id: str, etags: Sequence[str], *, retry_failed: bool = False, reprocess: bool = False
    ) -> Claims:
        """Claim for a run what it may have of these jobs, in order of discovery."""
        claimed = self._made(
            Claim, "start", run_id=run_id, etags=list(etags), retry_failed=retry_failed, reprocess=reprocess
        )
        rest = sorted(set(etags) - {claim.etag for claim in claimed})
        states = self.states(rest) if rest else {}
        done = [etag for etag, state in states.items() if state is JobState.COMPLETED]
        return Claims(
            claimed=tuple(claimed),
            completed=self.completed_among(done),
            elsewhere=tuple(sorted(states.keys() - done)),
            unknown=tuple(etag for etag in rest if etag not in states),
        )

    def completed_among(self, etags: Sequence[str]) -> tuple[CompletedJob, ...]:
        """Return those of these jobs that are completed, in order of discovery."""
        return tuple(self._made(CompletedJob, "completed_among", etags=list(etags))) if etags else ()

    def remake(self, run_id: str, etags: Sequence[str]) -> None:
        """Note that this run writes over the PDFs that these jobs had, where it still holds them."""
        self._rows("remake", run_id=run_id, etags=list(etags))

    def complete(self, run_id: str, completions: Sequence[Completion]) -> set[str]:
        """End jobs that this run still holds as completed; return their ETags. The others were lost to it."""
        names = [field.name for field in fields(Completion) if field.name != "etag"]
        columns = {name: [getattr(done, name) for done in completions] for name in names}
        rows = self._rows("complete", run_id=run_id, etags=[done.etag for done in completions], **columns)
        return {etag for (etag,) in rows}

    def fail(self, run_id: str, failures: Sequence[JobFailure]) -> set[str]:
        """End jobs that this run still holds as failed; return their ETags.

        Those made before stay completed while their PDFs stand.
        """
        return {etag for (etag,) in self._rows("fail", run_id=run_id, **_columns(failures))}

    def requeue(self, run_id: str, failures: Sequence[JobFailure]) -> list[Release]:
        """Give back jobs that met a passing trouble; out of retries they end as with ``fail``."""
        return self._made(
            _make_release, "requeue", run_id=run_id, retry_seconds=self._draw_wait(), **_columns(failures)
        )

    def find_twins(self, run_id: str, contents: Mapping[str, str]) -> dict[str, str]:
        """Return, for claimed jobs with the bytes of another, that other's ETag: its PDFs stand for them.

        ``contents`` has the SHA-256 of each job's bytes. A job that is nobody's twin is from now on the
        original of its bytes, until it fails.
        """
        asked = {"run_id": run_id, "etags": list(contents), "contents": list(contents.values())}
        with postgres_errors(), self._pool.connection() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_ORIGINALS_LOCK,))
            connection.execute(_query("claim_originals"), asked)
            return dict(connection.execute(_query("twins"), asked).fetchall())

    def postpone(self, run_id: str, etags: Sequence[str], *, seconds: float) -> set[str]:
        """Give back jobs that wait for another's PDFs, which counts as no retry; return their ETags."""
        return {etag for (etag,) in self._rows("postpone", run_id=run_id, etags=list(etags), seconds=seconds)}

    def claiming_runs(self) -> set[str]:
        """Return the runs that hold claims."""
        return {run_id for (run_id,) in self._rows("claiming_runs")}

    def release(self, run_ids: Sequence[str]) -> list[Release]:
        """Take back the claims of runs that have ended."""
        return self._made(_make_release, "release", run_ids=list(run_ids), retry_seconds=self._draw_wait())

    def stuck_runs(self, seconds: float) -> set[str]:
        """Return the runs that hold claims older than ``seconds``."""
        return {run_id for (run_id,) in self._rows("stuck_runs", seconds=seconds)}

    def release_stuck(self, run_ids: Sequence[str], seconds: float) -> list[Release]:
        """Take back the claims of these runs that are older than ``seconds``."""
        return self._made(
            _make_release,
            "release_stuck",
            run_ids=list(run_ids),
            seconds=seconds,
            retry_seconds=self._draw_wait(),
        )

    def _draw_wait(self) -> float:
        """Give or take a quarter, drawn once for a batch.

        What failed together comes back together, in one run; two batches that failed at once come apart.
        """
        return self._retry_seconds * random.uniform(0.75, 1.25)  # noqa: S311  no secret

    def _rows(self, query: str, **parameters: object) -> Rows:
        return self._ask(tuple_row, query, parameters)

    def _made(self, make: Callable[..., T], query: str, **parameters: object) -> list[T]:
        """Return what ``make`` makes of each row's columns by name."""
        return self._ask(kwargs_row(make), query, parameters)

    def _ask(self, rows: RowFactory[T], query: str, parameters: Mapping[str, object]) -> list[T]:
        """Send one statement; once more when it lost a deadlock, which undid it.

        Ours lock in one order and cannot cause one, but an operator's SQL over many jobs may.
        """
        with postgres_errors():
            for _ in range(_ATTEMPTS - 1):
                with suppress(DeadlockDetected):
                    return self._send(rows, query, parameters)
            return self._send(rows, query, parameters)

    def _send(self, rows: RowFactory[T], query: str, parameters: Mapping[str, object]) -> list[T]:
        with self._pool.connection() as connection, connection.cursor(row_factory=rows) as cursor:
            return cursor.execute(_query(query), parameters).fetchall()


def _query(name: str) -> bytes:
    return load_queries("queries.sql")[name].encode()


def _make_job(*, state: str, **columns: Any) -> Job:
    return Job(state=JobState(state), **columns)


def _make_known(*, state: str, **columns: Any) -> KnownUpload:
    return KnownUpload(state=JobState(state), **columns)


def _make_release(*, etag: str, state: str) -> Release:
    return Release(etag=etag, state=JobState(state))


def _columns(failures: Sequence[JobFailure]) -> Mapping[str, list[str]]:
    return {
        "etags": [failure.etag for failure in failures],
        "codes": [failure.code for failure in failures],
        "messages": [failure.message for failure in failures],
    }
