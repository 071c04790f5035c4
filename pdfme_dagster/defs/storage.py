"""Dagster's storage in Postgres, as dagster-postgres has it, over connections that are kept.

dagster-postgres opens one per query, several hundred a minute even when nothing happens, and each costs both
sides some 5 ms of CPU: at month end more than all events. Not here: any query, or what is stored.
"""

import os
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Self

from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import create_pg_engine, get_token_provider_from_config, pg_url_from_config
from sqlalchemy.engine import Engine

# Per process. Threads that need more at once open more, which are closed when they are given back.
_KEPT = 3
_MOST_BEYOND = 60
# Firewalls forget connections that have long been idle.
_SECONDS_KEPT = 600
# Questions about the schema that Dagster asks of Postgres' catalogue again and again, at 6 ms each. Only an
# upgrade changes the answers, from no to yes.
_QUESTIONS = {
    "run_storage": ("has_run_stats_index_cols", "has_backfill_id_column", "has_bulk_actions_selector_cols"),
    "event_log_storage": ("has_table", "has_asset_key_col", "_has_asset_key_col_on_connection"),
    "schedule_storage": ("has_instigators_table", "_has_instigators_table", "has_secondary_index_table"),
}
_answered: set[tuple[str, ...]] = set()
_created: set[str] = set()
_engines: dict[str, Engine] = {}
_lock = threading.Lock()


class PooledPostgresStorage(DagsterPostgresStorage):
    """dagster-postgres' storage, whose three parts share the connections of this process."""

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        *,
        token_provider: Any = None,
        **rest: Any,
    ) -> None:
        """Create missing tables only the first time in this process."""
        create = should_autocreate_tables and postgres_url not in _created
        super().__init__(postgres_url, create, token_provider=token_provider, **rest)
        self.should_autocreate_tables = should_autocreate_tables
        if create:
            _created.add(postgres_url)
        for part, questions in _QUESTIONS.items():
            storage: Any = getattr(self, part)
            storage._engine = _open_engine(postgres_url, token_provider)
            for question in questions:
                ask = getattr(storage, question)
                setattr(storage, question, partial(_ask_until_yes, (postgres_url, part, question), ask))

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Make the storage that dagster.yaml describes."""
        return cls(
            pg_url_from_config(config_value),
            config_value.get("should_autocreate_tables", True),
            token_provider=get_token_provider_from_config(config_value),
            inst_data=inst_data,
        )


def _open_engine(postgres_url: str, token_provider: Any) -> Engine:
    """Return this process's engine; a connection that Postgres has closed meanwhile is replaced unnoticed."""
    with _lock:
        if postgres_url not in _engines:
            _engines[postgres_url] = create_pg_engine(
                postgres_url,
                token_provider,
                isolation_level="AUTOCOMMIT",
                pool_size=_KEPT,
                max_overflow=_MOST_BEYOND,
                pool_recycle=_SECONDS_KEPT,
                pool_pre_ping=True,
            )
        return _engines[postgres_url]


def _ask_until_yes(key: tuple[str, ...], ask: Callable[..., bool], *about: Any) -> bool:
    """Answer a question about the schema: by Postgres, until the answer is yes."""
    full_key = (*key, *(each for each in about if isinstance(each, str)))  # a connection is no part of it
    if full_key not in _answered:
        if not ask(*about):
            return False
        _answered.add(full_key)
    return True


def _leave_to_parent() -> None:
    """Let a forked process open connections of its own: two that speak on one understand neither answer."""
    for engine in _engines.values():
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_leave_to_parent)
