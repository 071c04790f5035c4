"""Connections that count their statements, alone and in a pool of one.

Not here: how many there may be.
"""

from typing import Any

import psycopg
from psycopg_pool import ConnectionPool


class CountingConnection(psycopg.Connection[Any]):
    """A connection that counts what is sent over it, by whatever cursor."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.sent: list[object] = []
        counted = self.sent

        class CountingCursor(psycopg.Cursor[Any]):
            def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
                counted.append(query)
                return super().execute(query, *arguments, **options)

        self.cursor_factory = CountingCursor


def open_counting_pool(conninfo: str) -> ConnectionPool[Any]:
    """Return a pool over one counting connection; enter it to open it."""
    return ConnectionPool(conninfo, connection_class=CountingConnection, min_size=1, max_size=1, open=False)
