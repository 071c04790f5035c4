"""The SQL files' statements by name, and what psycopg raises in our words.

Not here: any statement, or a connection.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources

import psycopg
from psycopg_pool import PoolTimeout

from pdfme_dagster.errors import ConfigurationError, TransientError


@functools.cache
def load_queries(file: str) -> Mapping[str, str]:
    """Return the statements of a file in ``sql/`` by the names they stand under."""
    text = (resources.files("pdfme_dagster.stores") / "sql" / file).read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@contextmanager
def postgres_errors() -> Iterator[None]:
    """Raise TransientError where Postgres does not answer, ConfigurationError where its schema is another."""
    try:
        yield
    except (psycopg.OperationalError, PoolTimeout) as exc:
        raise TransientError(f"Postgres does not answer: {_first_line(exc)}") from exc
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as exc:
        raise ConfigurationError(
            f"the job table is not that of this version ({_first_line(exc)}): run `pdfme-dagster migrate`"
        ) from exc


def _first_line(exc: Exception) -> str:
    return (str(exc).splitlines() or [type(exc).__name__])[0]
