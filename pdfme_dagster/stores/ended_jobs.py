"""Which ended jobs Dagster's partitions may not show yet, and noting that they do.

Not here: SQL (sql/mirror.sql), or what a partition shows (defs/mirror.py).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import kwargs_row

from pdfme_dagster.domain.job import JobState
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.named_queries import load_queries, postgres_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedJob:
    """A completed or failed job; ``run_id`` is None when it failed because its run was gone."""

    etag: str
    key: str
    state: JobState
    run_id: str | None
    ended_at: datetime
    error_code: str | None
    error_message: str


class EndedJobs(JobStore):
    """The job table, with a mark on each ended job: whether its partition is known to show it.

    Raises TransientError when Postgres does not answer.
    """

    def unmirrored(self, *, live_runs: Collection[str], limit: int) -> list[EndedJob]:
        """Return up to ``limit`` jobs without that mark, the longest ended first, none of live runs."""
        with (
            postgres_errors(),
            self._pool.connection() as connection,
            connection.cursor(row_factory=kwargs_row(_make_ended)) as cursor,
        ):
            parameters = {"live_runs": sorted(live_runs), "limit": limit}
            return cursor.execute(_query("unmirrored"), parameters).fetchall()

    def note_mirrored(self, ended: Sequence[EndedJob]) -> int:
        """Mark jobs whose partitions show them; return how many are still as they were then."""
        parameters = {"etags": [job.etag for job in ended], "ended_at": [job.ended_at for job in ended]}
        with postgres_errors(), self._pool.connection() as connection:
            return connection.execute(_query("mirrored"), parameters).rowcount


def _query(name: str) -> bytes:
    return load_queries("mirror.sql")[name].encode()


def _make_ended(*, state: str, **columns: Any) -> EndedJob:
    return EndedJob(state=JobState(state), **columns)
