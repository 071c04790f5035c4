"""Dagster's storage over connections that are kept. Not here: what Dagster stores."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import dagster as dg
import psycopg
import pytest
from dagster_postgres import DagsterPostgresStorage
from sqlalchemy.pool import NullPool

from pdfme_dagster.defs import storage
from pdfme_dagster.defs.storage import PooledPostgresStorage
from pdfme_dagster_tests.defs.conftest import read_storage_config

Count = Callable[[], int]

FORK = """
import os, sys
from pdfme_dagster.defs.storage import PooledPostgresStorage

def ask():
    with storage.run_storage.connect() as connection:
        return connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()

storage = PooledPostgresStorage(sys.argv[1])
before = ask()
if child := os.fork():
    ended = os.waitpid(child, 0)[1]
    print("same" if ask() == before else "another", os.waitstatus_to_exitcode(ended))
else:
    os._exit(0 if ask() != before else 1)
"""


@pytest.fixture
def url(database: str) -> str:
    where = read_storage_config(database)["postgres_db"]
    password = where["password"]
    return (
        f"postgresql://{where['username']}:{password}@{where['hostname']}:{where['port']}/{where['db_name']}"
    )


@pytest.fixture
def connections(administrator: psycopg.Connection, database: str) -> Count:
    """Count the connections to the test's database, other than this fixture's."""
    name = read_storage_config(database)["postgres_db"]["db_name"]
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"

    def count() -> int:
        row = administrator.execute(query, (name,)).fetchone()
        assert row is not None
        return int(row[0])

    return count


def read_everywhere(storage: DagsterPostgresStorage) -> None:
    storage.run_storage.get_runs()
    storage.event_log_storage.all_asset_keys()
    storage.schedule_storage.all_instigator_state()


def test_all_instances_of_a_process_share_one_connection(url: str, connections: Count) -> None:
    for _ in range(5):
        read_everywhere(PooledPostgresStorage(url))
    assert connections() == 1


def test_dagster_postgres_itself_keeps_none(url: str) -> None:
    """Once it does, our own storage is not needed any more."""
    plain: Any = DagsterPostgresStorage(url)
    assert isinstance(plain.run_storage._engine.pool, NullPool)


def test_a_connection_that_postgres_closed_is_replaced(
    url: str, administrator: psycopg.Connection, database: str, connections: Count
) -> None:
    kept = PooledPostgresStorage(url)
    read_everywhere(kept)
    name = read_storage_config(database)["postgres_db"]["db_name"]
    administrator.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (name,)
    )
    assert connections() == 0
    read_everywhere(kept)
    assert connections() == 1


def test_a_forked_process_opens_connections_of_its_own(url: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", FORK, url], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.split() == ["same", "0"]


def test_only_a_yes_about_the_schema_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "_answered", set())
    answers, asked = iter([False, True, False]), list[tuple[object, ...]]()

    def ask(*about: object) -> bool:
        asked.append(about)
        return next(answers)

    def answer(*about: object) -> bool:
        return storage._ask_until_yes(("url", "run_storage", "has_table"), ask, *about)

    connection = object()
    assert [answer(connection, "runs") for _ in range(3)] == [False, True, True]
    assert asked == [(connection, "runs")] * 2
    assert not answer(connection, "others")


def test_dagster_asks_postgres_about_its_schema_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "_answered", set())
    kept: Any = PooledPostgresStorage(url)
    assert kept.schedule_storage.has_instigators_table()
    assert kept.run_storage.has_run_stats_index_cols()
    monkeypatch.setattr(storage, "_open_engine", lambda *_: None)
    asking_nobody: Any = PooledPostgresStorage(url)
    assert asking_nobody.schedule_storage.has_instigators_table()
    assert asking_nobody.run_storage.has_run_stats_index_cols()


def test_an_instance_has_it_in_all_its_parts(instance: dg.DagsterInstance) -> None:
    parts: list[Any] = [instance.run_storage, instance.event_log_storage, instance.schedule_storage]
    assert len({id(part._engine) for part in parts}) == 1
    made = instance.get_ref().storage_data
    assert made is not None
    assert made.class_name == "PooledPostgresStorage"
