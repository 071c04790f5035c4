"""The schema: applied once, under the names operators know, refusing what cannot be, fast where it is asked.

Not here: what the job store does with it (test_jobs.py).
"""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from pdfme_dagster.domain.job import JobState
from pdfme_dagster.errors import TransientError
from pdfme_dagster.local.ports import free_port
from pdfme_dagster.local.services import EmbeddedServices
from pdfme_dagster.stores import migrations
from pdfme_dagster.stores.migrations import apply_migrations
from pdfme_dagster.stores.named_queries import load_queries

ALL = [
    "0001_processing_jobs.sql",
    "0002_functions_and_views.sql",
    "0003_how_a_file_was_read.sql",
    "0004_what_pdfs_were_made_with.sql",
    "0005_exactly_once.sql",
    "0006_what_dagster_shows.sql",
    "0007_forgotten_pdfs.sql",
    "0008_pdfs_that_stand.sql",
]
SEED_COLUMNS = {
    "id",
    "file_hash",
    "filename",
    "status",
    "created_at",
    "processing_started_at",
    "completed_at",
    "pdf_location",
    "error_message",
    "retry_count",
    "max_retries",
}
# What a row of each state must say besides its name.
ROWS: dict[str, dict[str, Any]] = {
    "pending": {},
    "processing": {"run_id": "run-1", "processing_started_at": "now"},
    "completed": {"pdf_location": "s3://pdfs/900/a.pdf", "completed_at": "now"},
    "failed": {"error_message": "line 1: no such date", "completed_at": "now"},
}


@pytest.fixture
def empty_database(services: EmbeddedServices, administrator: psycopg.Connection) -> Iterator[str]:
    """The connection string of a database without any table."""
    name = sql.Identifier(f"empty_{uuid.uuid4().hex}")
    administrator.execute(sql.SQL("CREATE DATABASE {}").format(name))
    yield services.endpoints.postgres.conninfo(name.as_string().strip('"'))
    administrator.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture(scope="module")
def history(
    services: EmbeddedServices, administrator: psycopg.Connection, template_database: str
) -> Iterator[psycopg.Connection]:
    """A connection to a database with 20,000 completed jobs, and a few of every other kind."""
    name = f"history_{uuid.uuid4().hex}"
    clone = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    administrator.execute(clone.format(sql.Identifier(name), sql.Identifier(template_database)))
    with psycopg.connect(services.endpoints.postgres.conninfo(name), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO processing_jobs "
            "(file_hash, filename, status, pdf_location, completed_at, created_at) "
            "SELECT md5(n::text), n || '.txt', 'completed', 's3://pdfs/' || n, now(), "
            "now() - '30 days'::interval FROM generate_series(1, 20000) AS n"
        )
        for number in range(40):
            status = list(ROWS)[number % 4]
            add_job(connection, f"e{number}", status=status)
            add_job(connection, f"d{number}", dispatch_id=uuid.uuid4(), dispatched_at="now")
        connection.execute("VACUUM ANALYZE processing_jobs")
        yield connection
    administrator.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def add_job(psql: psycopg.Connection, etag: str = "e1", *, status: str = "pending", **columns: Any) -> UUID:
    """Insert a row that is valid for its state except where ``columns`` say otherwise; return its id."""
    row = {"file_hash": etag, "filename": f"{etag}.txt", "status": status, **ROWS.get(status, {}), **columns}
    insert = sql.SQL("INSERT INTO processing_jobs ({}) VALUES ({}) RETURNING id").format(
        sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join(map(sql.Placeholder, row))
    )
    (job,) = psql.execute(insert, row).fetchone() or ()
    return UUID(str(job))


def move_back(psql: psycopg.Connection, column: LiteralString, by: timedelta) -> None:
    """Make it look as if what ``column`` tells had happened that much earlier."""
    move = sql.SQL("UPDATE processing_jobs SET {0} = {0} - %s").format(sql.Identifier(column))
    psql.execute(move, (by,))


def ask(psql: psycopg.Connection, question: LiteralString, *parameters: object) -> list[Any]:
    """Return the first column of the answer."""
    return [row[0] for row in psql.execute(question, parameters)]


# --- Applying ---


def test_migrations_are_applied_once_in_order(empty_database: str) -> None:
    assert apply_migrations(empty_database) == ALL
    assert apply_migrations(empty_database) == []
    with psycopg.connect(empty_database) as connection:
        ledger = connection.execute("SELECT version, name FROM pdfme_migrations ORDER BY version").fetchall()
    assert ledger == [(int(name[:4]), name) for name in ALL]


def test_services_that_start_at_the_same_moment_apply_once(empty_database: str) -> None:
    together = Barrier(4)

    def start(_: int) -> list[str]:
        together.wait()
        return apply_migrations(empty_database)

    with ThreadPoolExecutor(4) as threads:
        applied = sorted(threads.map(start, range(4)))
    assert applied == [[], [], [], ALL]


def test_jobs_of_an_older_version_are_kept_and_name_nothing_that_was_not_known_then(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(migrations, "_numbered", lambda: list(enumerate(ALL[:2], start=1)))
        assert apply_migrations(empty_database) == ALL[:2]
    with psycopg.connect(empty_database, autocommit=True) as psql:
        add_job(psql, "e1", status="completed")
        assert apply_migrations(empty_database) == ALL[2:]
        row = psql.execute(
            "SELECT status, pdf_location, coalesce(first_pdf, profile, rejected_reason, warnings::text, "
            "rejected::text) FROM processing_jobs"
        ).fetchone()
        assert row == ("completed", "s3://pdfs/900/a.pdf", None)
        assert ask(psql, "SELECT count(*) FROM incomplete_jobs") == [0]


def test_the_first_completed_of_equal_contents_is_their_original_from_then_on(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(migrations, "_numbered", lambda: list(enumerate(ALL[:4], start=1)))
        apply_migrations(empty_database)
    with psycopg.connect(empty_database, autocommit=True) as psql:
        add_job(psql, "later", status="completed", content_sha256="a" * 64)
        add_job(psql, "first", status="completed", content_sha256="a" * 64, completed_at="2026-01-31")
        add_job(psql, "other", status="completed", content_sha256="b" * 64, retry_count=5)
        add_job(psql, "bad", status="failed", content_sha256="c" * 64)
        apply_migrations(empty_database)
        assert sorted(ask(psql, "SELECT file_hash FROM originals")) == ["first", "other"]
        assert ask(psql, "SELECT retry_count FROM processing_jobs WHERE file_hash = 'other'") == [3]


def test_a_migration_that_fails_leaves_nothing_behind(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "0001_good.sql").write_text("CREATE TABLE first (number integer);")
    (tmp_path / "0002_bad.sql").write_text("CREATE TABEL second (number integer);")
    (tmp_path / "queries.sql").write_text("no migration at all")
    monkeypatch.setattr(migrations, "_folder", lambda: tmp_path)
    with pytest.raises(psycopg.errors.SyntaxError):
        apply_migrations(empty_database)
    (tmp_path / "0002_bad.sql").unlink()
    assert apply_migrations(empty_database) == ["0001_good.sql"]
    (tmp_path / "0002_better.sql").write_text("CREATE TABLE second (number integer);")
    assert apply_migrations(empty_database) == ["0002_better.sql"]


@pytest.mark.parametrize("database", ["postgres", "missing"])
def test_postgres_that_lets_nobody_in_is_one_line_without_the_password(
    services: EmbeddedServices, database: str
) -> None:
    port = free_port(0) if database == "postgres" else services.endpoints.postgres.port
    known = services.endpoints.postgres.conninfo(database)
    with pytest.raises(TransientError, match=r"^Postgres does not answer: ") as refused:
        apply_migrations(psycopg.conninfo.make_conninfo(known, port=port))
    assert str(port) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert services.endpoints.postgres.password not in str(refused.value)


# --- Names ---


def test_columns_of_the_original_keep_their_names_and_types(psql: psycopg.Connection) -> None:
    rows = psql.execute(
        "SELECT column_name, data_type, character_maximum_length FROM information_schema.columns "
        "WHERE table_name = 'processing_jobs'"
    ).fetchall()
    types = {name: (kind, length) for name, kind, length in rows}
    assert set(types) >= SEED_COLUMNS
    assert types["id"] == ("uuid", None)
    assert types["file_hash"] == ("character varying", 64)
    times = [name for name in types if name.endswith("_at")]
    assert {types[name][0] for name in times} == {"timestamp with time zone"}


@pytest.mark.parametrize(
    "call",
    [
        "find_stuck_jobs()",
        "find_stuck_pending_jobs()",
        "mark_job_for_retry('00000000-0000-0000-0000-000000000000'::uuid)",
        "cleanup_old_jobs(90)",
        "job_statistics",
        "failed_jobs",
    ],
)
def test_functions_and_views_of_the_original_answer_under_their_names(
    history: psycopg.Connection, call: LiteralString
) -> None:
    assert history.execute(sql.SQL("SELECT * FROM {}").format(sql.SQL(call))).description


def test_every_state_of_the_domain_is_one_of_the_table(psql: psycopg.Connection) -> None:
    for state in JobState:
        add_job(psql, state, status=state)
    assert ask(psql, "SELECT status FROM processing_jobs ORDER BY position") == list(JobState)


def test_a_job_inserted_by_hand_is_pending_with_three_retries(psql: psycopg.Connection) -> None:
    psql.execute("INSERT INTO processing_jobs (file_hash, filename) VALUES ('e1', 'a.txt')")
    row = psql.execute("SELECT status, retry_count, max_retries, size_bytes FROM processing_jobs").fetchone()
    assert row == ("pending", 0, 3, 0)


# --- Functions and views ---


def test_jobs_claimed_for_more_than_an_hour_are_stuck(psql: psycopg.Connection) -> None:
    add_job(psql, "slow", status="processing")
    move_back(psql, "processing_started_at", timedelta(minutes=2))
    add_job(psql, "quick", status="processing")
    move_back(psql, "processing_started_at", timedelta(minutes=59))
    assert ask(psql, "SELECT file_hash FROM find_stuck_jobs()") == ["slow"]
    assert ask(psql, "SELECT file_hash FROM find_stuck_jobs('58 minutes')") == ["slow", "quick"]


def test_jobs_pending_for_more_than_ten_minutes_are_stuck(psql: psycopg.Connection) -> None:
    add_job(psql, "waiting")
    move_back(psql, "created_at", timedelta(minutes=11))
    add_job(psql, "new")
    add_job(psql, "done", status="completed", created_at="2025-01-01")
    assert ask(psql, "SELECT file_hash FROM find_stuck_pending_jobs()") == ["waiting"]


def test_a_pending_job_waits_from_its_dispatch_on(psql: psycopg.Connection) -> None:
    add_job(psql, dispatch_id=uuid.uuid4(), dispatched_at="now")
    move_back(psql, "created_at", timedelta(days=1))
    assert ask(psql, "SELECT file_hash FROM find_stuck_pending_jobs()") == []
    move_back(psql, "dispatched_at", timedelta(minutes=11))
    assert ask(psql, "SELECT pending_for >= '11 minutes' FROM find_stuck_pending_jobs()") == [True]


@pytest.mark.parametrize("status", ["failed", "processing", "pending"])
def test_a_job_that_is_not_completed_can_be_marked_for_retry(psql: psycopg.Connection, status: str) -> None:
    read: dict[str, Any] = {
        "profile": "afs",
        "warnings": 1,
        "rejected": 1,
        "rejected_reason": "line 1: no such date",
    }
    job = add_job(psql, status=status, dispatch_id=uuid.uuid4(), dispatched_at="now", retry_count=2, **read)
    assert ask(psql, "SELECT mark_job_for_retry(%s)", job) == [True]
    row = psql.execute(
        "SELECT status, retry_count, coalesce(run_id, dispatch_id::text, error_code, "
        "error_message, completed_at::text, processing_started_at::text, "
        "profile, warnings::text, rejected::text, rejected_reason) FROM processing_jobs"
    ).fetchone()
    assert row == ("pending", 2, None)


def test_a_completed_or_unknown_job_is_not_marked_for_retry(psql: psycopg.Connection) -> None:
    job = add_job(psql, status="completed")
    assert ask(psql, "SELECT mark_job_for_retry(%s)", job) == [False]
    assert ask(psql, "SELECT mark_job_for_retry(%s)", uuid.uuid4()) == [False]
    assert ask(psql, "SELECT status FROM processing_jobs") == ["completed"]


def test_cleanup_forgets_old_completed_jobs_only(psql: psycopg.Connection) -> None:
    for status in ROWS:
        add_job(psql, f"old-{status}", status=status)
    move_back(psql, "completed_at", timedelta(days=31))
    move_back(psql, "created_at", timedelta(days=31))
    add_job(psql, "recent", status="completed", created_at="2020-01-01")
    assert ask(psql, "SELECT cleanup_old_jobs(30)") == [1]
    kept = set(ask(psql, "SELECT file_hash FROM processing_jobs"))
    assert kept == {"old-pending", "old-processing", "old-failed", "recent"}


@pytest.mark.parametrize("days", [0, -1])
def test_cleanup_of_less_than_a_day_is_refused(history: psycopg.Connection, days: int) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match=rf"cleanup_old_jobs\({days}\).*at least 1"):
        history.execute("SELECT cleanup_old_jobs(%s)", (days,))


def test_statistics_count_the_last_day_by_state(psql: psycopg.Connection) -> None:
    add_job(psql, "before", status="completed")
    move_back(psql, "created_at", timedelta(hours=25))
    add_job(psql, "a", status="completed", processing_started_at="now", statements=2, pages=5, retry_count=1)
    add_job(psql, "b", status="completed", processing_started_at="now", statements=1, pages=4)
    add_job(psql, "c")
    found = psql.execute(
        "SELECT status, jobs, statements, pages, retries FROM job_statistics ORDER BY status"
    ).fetchall()
    assert found == [("completed", 2, 3, 9, 1), ("pending", 1, None, None, 0)]


def test_failed_jobs_come_with_their_reason_newest_first(psql: psycopg.Connection) -> None:
    add_job(psql, "first", status="failed", error_code="bad_date")
    move_back(psql, "completed_at", timedelta(seconds=1))
    add_job(psql, "second", status="failed", error_code="missing")
    add_job(psql, "fine", status="completed")
    rows = psql.execute("SELECT file_hash, error_code, error_message FROM failed_jobs").fetchall()
    assert rows == [(e, c, "line 1: no such date") for e, c in (("second", "missing"), ("first", "bad_date"))]


def test_incomplete_jobs_come_with_whom_they_left_out_newest_first(psql: psycopg.Connection) -> None:
    left_out = {"statements": 2, "rejected": 1, "profile": "afs"}
    add_job(psql, "first", status="completed", rejected_reason="line 5: no such date", **left_out)
    move_back(psql, "completed_at", timedelta(seconds=1))
    add_job(psql, "second", status="completed", rejected_reason="line 9: no such date", **left_out)
    add_job(psql, "whole", status="completed", rejected=0)
    add_job(psql, "older", status="completed")
    add_job(psql, "again", status="processing", rejected_reason="line 2: no such date", **left_out)
    rows = psql.execute(
        "SELECT file_hash, filename, statements, rejected, reason, profile FROM incomplete_jobs"
    ).fetchall()
    assert rows == [
        (name, f"{name}.txt", 2, 1, f"line {line}: no such date", "afs")
        for name, line in (("second", 9), ("first", 5))
    ]


# --- What cannot be ---


@pytest.mark.parametrize(
    ("status", "columns", "refused_by"),
    [
        ("sleeping", {}, "processing_jobs_status_check"),
        ("processing", {"run_id": None}, "processing_belongs_to_a_run"),
        ("processing", {"processing_started_at": None}, "processing_belongs_to_a_run"),
        ("completed", {"pdf_location": None}, "completed_says_where"),
        ("completed", {"completed_at": None}, "completed_says_where"),
        ("failed", {"error_message": None}, "failed_says_why"),
        ("pending", {"dispatch_id": uuid.UUID(int=1)}, "dispatched_at_some_time"),
        ("pending", {"retry_count": -1}, "processing_jobs_retry_count_check"),
        ("pending", {"max_retries": -1}, "processing_jobs_max_retries_check"),
        ("pending", {"size_bytes": -1}, "processing_jobs_size_bytes_check"),
        ("completed", {"pages": -1}, "processing_jobs_pages_check"),
        ("completed", {"statements": -1}, "processing_jobs_statements_check"),
        ("completed", {"pdf_bytes": -1}, "processing_jobs_pdf_bytes_check"),
        ("completed", {"warnings": -1}, "processing_jobs_warnings_check"),
        ("completed", {"rejected": -1, "rejected_reason": ""}, "processing_jobs_rejected_check"),
        ("completed", {"rejected": 1}, "rejected_says_why"),
    ],
)
def test_a_row_that_contradicts_its_state_is_refused(
    history: psycopg.Connection, status: str, columns: dict[str, Any], refused_by: str
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        add_job(history, "contradiction", status=status, **columns)
    assert refused.value.diag.constraint_name == refused_by


def test_an_etag_has_one_row_only(history: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        add_job(history, "e1")


# --- Speed with a long history ---


def list_indexes(plan: dict[str, Any]) -> set[str]:
    """Return the indexes a plan scans, and ``everything`` if it reads the table through."""
    found = {plan["Index Name"]} if "Index Name" in plan else set()
    if plan["Node Type"] == "Seq Scan":
        found.add("everything")
    return found.union(*(list_indexes(below) for below in plan.get("Plans", [])))


RUN = {"run_id": "run-1", "etags": [f"e{number}" for number in range(40)]}


@pytest.mark.parametrize(
    ("query", "parameters", "index"),
    [
        ("take_pending", {"limit": 1250}, "processing_jobs_waiting"),
        ("count_pending", {}, "processing_jobs_waiting"),
        ("open_dispatches", {}, "processing_jobs_dispatched"),
        ("withdraw", {"dispatch_ids": [uuid.UUID(int=1)]}, "processing_jobs_dispatched"),
        ("claiming_runs", {}, "processing_jobs_claimed"),
        ("release", {"run_ids": ["run-1"], "retry_seconds": 10.0}, "processing_jobs_claimed"),
        ("stuck_runs", {"seconds": 3600.0}, "processing_jobs_claimed"),
        (
            "release_stuck",
            {"run_ids": ["run-1"], "seconds": 3600.0, "retry_seconds": 10.0},
            "processing_jobs_claimed",
        ),
        ("count_recent", {"seconds": 10}, "processing_jobs_dispatched_at"),
        ("states", RUN, "processing_jobs_file_hash_key"),
        (
            "count_renamed",
            {**RUN, "keys": [f"{etag}.txt" for etag in RUN["etags"]]},
            "processing_jobs_filename",
        ),
        ("start", {**RUN, "retry_failed": True, "reprocess": True}, "processing_jobs_file_hash_key"),
    ],
)
def test_a_query_reads_its_index_and_not_the_history(
    history: psycopg.Connection, query: str, parameters: dict[str, Any], index: str
) -> None:
    explain = f"EXPLAIN (FORMAT JSON) {load_queries('queries.sql')[query]}"
    ((plans,),) = history.execute(explain.encode(), parameters)
    # What was found and locked is updated by its primary key.
    assert list_indexes(plans[0]["Plan"]) - {"processing_jobs_pkey"} == {index}


def test_the_mirror_reads_its_index_and_not_the_history(history: psycopg.Connection) -> None:
    explain = f"EXPLAIN (FORMAT JSON) {load_queries('mirror.sql')['unmirrored']}"
    ((plans,),) = history.execute(explain.encode(), {"live_runs": ["run-1"], "limit": 1000})
    assert list_indexes(plans[0]["Plan"]) == {"processing_jobs_unmirrored"}


@pytest.mark.parametrize(
    ("view", "index"),
    [
        ("failed_jobs", "processing_jobs_failed"),
        ("incomplete_jobs", "processing_jobs_incomplete"),
        ("job_statistics", "processing_jobs_created_at"),
    ],
)
def test_a_view_reads_its_index_and_not_the_history(
    history: psycopg.Connection, view: LiteralString, index: str
) -> None:
    ((plans,),) = history.execute(sql.SQL("EXPLAIN (FORMAT JSON) SELECT * FROM {}").format(sql.SQL(view)))
    assert list_indexes(plans[0]["Plan"]) == {index}
