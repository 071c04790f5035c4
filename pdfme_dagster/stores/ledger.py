"""The job table laid against what is in the buckets, by two listings and two statements of SQL.

Not here: SQL (sql/closing.sql), listing (objects.py), or what the counts must add up to (../closing.py).
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self, TypeVar

import psycopg
from psycopg.rows import class_row

from pdfme_dagster.domain.upload import find_pdf
from pdfme_dagster.stores.named_queries import load_queries, postgres_errors

_CONNECT_SECONDS = 10

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadCounts:
    """What became of listed ETags and of jobs; ``gone`` are jobs whose ETag is not listed."""

    gone: int
    duplicates: int
    superseded: int
    missing: int
    completed: int
    failed: int
    open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfCounts:
    """The PDFs: ``expected`` by completed jobs, and those ``stored``.

    ``orphans`` are no completed job's; ``absent`` ones a completed job has and the bucket has not;
    ``forgotten`` are those of jobs that a cleanup has forgotten.
    """

    expected: int
    stored: int
    orphans: int
    absent: int
    forgotten: int


class Ledger:
    """The job table at the moment it is opened, over one connection.

    A listing goes through it into a temporary table, so that neither side is ever held in memory. Raises
    TransientError when Postgres does not answer, ConfigurationError when it has another schema.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, conninfo: str) -> Iterator[Self]:
        """Yield the ledger over a transaction of its own, which leaves nothing behind."""
        with postgres_errors():
            connection = psycopg.connect(conninfo, connect_timeout=_CONNECT_SECONDS)
        with connection:
            with postgres_errors():
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                connection.execute(_query("this_moment"))
            yield cls(connection)

    def count_uploads(self, etags: Iterable[str], *, prefix: str) -> UploadCounts:
        """Take the ETags of all listed uploads, one for each name, and count what became of them."""
        self._note("upload", ((etag,) for etag in etags))
        return self._count(UploadCounts, "uploads", prefix=prefix)

    def count_pdfs(self, keys: Iterable[str], *, bucket: str, prefix: str) -> PdfCounts:
        """Take all keys of the PDFs bucket and count whose they are.

        Only those of uploads under this prefix are counted, and those that are nobody's.
        """
        self._note("pdf", (find_pdf(bucket, key) for key in keys))
        return self._count(PdfCounts, "pdfs", prefix=prefix)

    def _note(self, what: str, listed: Iterable[tuple[object, ...]]) -> None:
        with postgres_errors(), self._connection.cursor() as cursor:
            cursor.execute(_query(f"listed_{what}s"))
            with cursor.copy(_query(f"note_{what}")) as copy:
                for row in listed:
                    copy.write_row(row)

    def _count(self, counts: type[T], query: str, **parameters: object) -> T:
        with postgres_errors(), self._connection.cursor(row_factory=class_row(counts)) as cursor:
            (row,) = cursor.execute(_query(query), parameters).fetchall()
        return row


def _query(name: str) -> bytes:
    return load_queries("closing.sql")[name].encode()
