"""Bring a database to this version's schema: numbered SQL files, each applied once, in order.

Not here: the SQL itself (sql/*.sql) or any query of the running system.
"""

from importlib import resources
from importlib.abc import Traversable

import psycopg

from pdfme_dagster.errors import TransientError

# Any constant does; two starting services take turns on it.
_LOCK = 0x70646D65

_LEDGER = """
CREATE TABLE IF NOT EXISTS pdfme_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


def apply_migrations(conninfo: str) -> list[str]:
    """Apply what is missing, in one transaction under an advisory lock, and return the names applied."""
    try:
        with psycopg.connect(conninfo, connect_timeout=10) as connection:
            return _apply(connection)
    except psycopg.OperationalError as exc:
        raise TransientError(f"Postgres does not answer: {str(exc).splitlines()[0]}") from exc


def _apply(connection: psycopg.Connection) -> list[str]:
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    connection.execute("SET LOCAL client_min_messages = warning")
    connection.execute(_LEDGER)
    done = {version for (version,) in connection.execute("SELECT version FROM pdfme_migrations")}
    missing = [(version, name) for version, name in _numbered() if version not in done]
    for version, name in missing:
        connection.execute(_read(name).encode())
        connection.execute("INSERT INTO pdfme_migrations (version, name) VALUES (%s, %s)", (version, name))
    return [name for _, name in missing]


def _numbered() -> list[tuple[int, str]]:
    names = sorted(file.name for file in _folder().iterdir() if file.name[:4].isdigit())
    return [(int(name[:4]), name) for name in names]


def _read(name: str) -> str:
    return (_folder() / name).read_text(encoding="utf-8")


def _folder() -> Traversable:
    return resources.files("pdfme_dagster.stores") / "sql"
