"""`pdfme-dagster status`, `jobs`, `retry` and `cleanup` as an operator sees them, over real services.

Not here: what the reports count (stores/test_job_reports.py), all that a cleanup keeps (test_upkeep.py).
"""

import csv
import io
import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
import redis

from pdfme_dagster.batches import parse_batch, render_batch, store_batch
from pdfme_dagster.domain.job import JobFailure, JobState
from pdfme_dagster.local.ports import free_port
from pdfme_dagster.local.services import EmbeddedServices
from pdfme_dagster.parsing import load_profiles
from pdfme_dagster.rendering import load_statement_renderer
from pdfme_dagster.settings import Settings
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.migrations import apply_migrations
from pdfme_dagster.stores.objects import ObjectStore
from pdfme_dagster_tests.command_line import Outcome, call_main
from pdfme_dagster_tests.stores.conftest import template_database
from pdfme_dagster_tests.stores.sample_jobs import admit_jobs

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["template_database"]

OURS = ("POSTGRES_", "REDIS_", "S3_", "AWS_", "UPLOADS_", "PDFS_", "CELERY_")
CARDS = ("5000000000000015", "5000000000000023", "5000000000000031")
NAMES = ("ZUBAYDAHMARKED", "QUSAYYMARKED", "Flat Marked")


Run = Callable[..., Outcome[str]]


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment without any service, and a folder without a home."""
    for name in [name for name in os.environ if name.startswith(OURS)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "240")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def call(outside: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process, where no service is named."""

    return partial(call_main, monkeypatch, capsys)


@pytest.fixture
def environment(
    call: Run, service_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """The environment names this test's own services from here on."""
    for name, value in service_environment.items():
        monkeypatch.setenv(name, value)
    return service_environment


@pytest.fixture
def run(call: Run, environment: dict[str, str]) -> Run:
    """Run the command line over this test's own services."""
    return call


@pytest.fixture
def jobs(environment: dict[str, str]) -> Iterator[JobStore]:
    """The job table that the commands look at."""
    with JobStore.open(Settings.from_environment(environment).postgres.conninfo) as store:
        yield store


@pytest.fixture
def psql(environment: dict[str, str], database: str) -> Iterator[psycopg.Connection]:
    """The operator's way into the same database."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def fail(jobs: JobStore, *etags: str, code: str = "bad_amount") -> None:
    jobs.start("run-1", etags)
    jobs.fail("run-1", [JobFailure(etag=etag, key="", code=code, message=f"no: {code}") for etag in etags])


def complete_long_ago(psql: psycopg.Connection, *etags: str) -> None:
    psql.execute(
        "UPDATE processing_jobs SET status = 'completed', pdf_location = 's3://pdfs/900/', "
        "completed_at = now() - interval '91 days' WHERE file_hash = ANY(%s)",
        (list(etags),),
    )


# --- status ---


def test_status_shows_counts_runs_and_causes(run: Run, jobs: JobStore) -> None:
    admit_jobs(jobs, *(f"w{number}" for number in range(1200)), "h1", "h2", "p1", "f1")
    request = uuid4()
    jobs.dispatch(request, ["h1", "h2"])
    jobs.start("run-9", ["p1"])
    fail(jobs, "f1", code="too_large")
    shown = run("status")
    assert (shown.code, shown.err) == (0, "")
    lines = [" ".join(line.split()) for line in shown.out.splitlines()]
    assert "pending 1,202: 1,200 waiting, 2 handed to a run" in lines
    assert "in all 1,204" in lines
    assert "completed files 0 in the last 1 min, 0 in the last 10 min, 0 in the last 60 min" in lines
    assert any(line.startswith("oldest waiting in/900_w0.txt, found ") for line in lines)
    assert any(line.startswith("run-9 processing 1 ") for line in lines)
    assert any(line.startswith(f"{request} handed to it (tag pdfme/dispatch) 2 ") for line in lines)
    assert any(line.startswith("too_large 20") and "(f1): no: too_large" in line for line in lines)


def test_status_is_json_for_programs(run: Run, jobs: JobStore) -> None:
    admit_jobs(jobs, "w1", "w2", "f1")
    fail(jobs, "f1")
    status = json.loads(run("status", "--json").out)
    assert status["jobs"] == {
        "pending": {"waiting": 2, "due_later": 0, "handed": 0, "total": 2},
        "processing": 0,
        "completed": 0,
        "failed": 1,
        "total": 3,
    }
    assert status["completed_in_last_minutes"] == {"1": 0, "10": 0, "60": 0}
    assert status["oldest_waiting"]["etag"] == "w1"
    (cause,) = status["failures"]
    assert (cause["code"], cause["files"], cause["message"]) == ("bad_amount", 1, "no: bad_amount")
    assert cause["newest"].endswith("+00:00")
    assert status["incomplete"] == {"total": 0, "newest": []}


# --- jobs ---


def test_jobs_is_a_table_of_the_newest(run: Run, jobs: JobStore) -> None:
    admit_jobs(jobs, *(f"e{number:02}" for number in range(60)))
    shown = run("jobs")
    assert "the newest 50 of more" in shown.out
    assert "e59" in shown.out
    assert "e09" not in shown.out
    assert "60 jobs" in run("jobs", "--limit", "60").out
    assert "no such jobs" in run("jobs", "--status", "failed").out


def test_jobs_are_filtered_and_printed_as_json_or_csv(run: Run, jobs: JobStore) -> None:
    admit_jobs(jobs, "a", "b", "c")
    admit_jobs(jobs, "d", key="in/266_{}.txt")
    fail(jobs, "a", "d")
    fail(jobs, "b", code="too_large")
    chosen = ("--status", "failed", "--org", "900", "--since", "2h")
    assert [row["etag"] for row in json.loads(run("jobs", *chosen, "--json").out)] == ["b", "a"]
    assert [row["etag"] for row in csv.DictReader(io.StringIO(run("jobs", *chosen, "--csv").out))] == [
        "b",
        "a",
    ]
    (row,) = json.loads(run("jobs", *chosen, "--error-code", "bad_amount", "--json").out)
    assert (row["organisation"], row["state"], row["error_message"]) == ("900", "failed", "no: bad_amount")
    assert json.loads(run("jobs", "--org", "1", "--json").out) == []
    several = run("jobs", "--status", "failed", "--status", "pending", "--json", "--limit", "3")
    assert [row["etag"] for row in json.loads(several.out)] == ["d", "c", "b"]


def test_thousands_of_jobs_are_valid_json_and_csv(run: Run, jobs: JobStore) -> None:
    admit_jobs(jobs, *(f"e{number}" for number in range(4500)), key='in/900_"{}",\n"=ä.txt')
    assert len(json.loads(run("jobs", "--json").out)) == 4500
    rows = list(csv.DictReader(io.StringIO(run("jobs", "--csv").out)))
    assert len(rows) == 4500
    assert rows[-1]["key"] == 'in/900_"e0",?"=ä.txt'


# --- retry ---


def test_retry_sends_chosen_failures_back_and_says_why_they_had_failed(
    run: Run, jobs: JobStore, redis_client: redis.Redis
) -> None:
    admit_jobs(jobs, "a", "b", "c", "done")
    admit_jobs(jobs, "d", key="in/266_{}.txt")
    fail(jobs, "a", "b", "d")
    fail(jobs, "c", code="too_large")
    redis_client.set("processed:a", "processing")
    done = run("retry", "--error-code", "bad_amount", "--org", "900")
    assert (done.code, done.err) == (0, "")
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert lines[0] == "failed jobs that are pending again: 2; the sensor takes them at its next tick"
    assert "bad_amount 2" in lines
    assert redis_client.keys() == []
    assert jobs.take_pending(9) == ["a", "b", "done"]
    rest = run("retry", "--failed").out
    assert rest.startswith("failed jobs that are pending again: 2;")
    assert "too_large" in rest
    assert run("retry", "--failed").out.startswith("failed jobs that are pending again: 0;")


def test_retry_by_hash_says_what_it_left_alone(run: Run, jobs: JobStore, psql: psycopg.Connection) -> None:
    admit_jobs(jobs, "a", "b", "done")
    fail(jobs, "a", "b")
    complete_long_ago(psql, "done")
    done = run("retry", "--hash", '"a"', "--hash", "done", "--hash", "nobody")
    assert done.out.startswith("failed jobs that are pending again: 1;")
    assert done.err == "left alone: done (completed), nobody (unknown)\n"
    assert jobs.states(["a", "b", "done"]) == {
        "a": JobState.PENDING,
        "b": JobState.FAILED,
        "done": JobState.COMPLETED,
    }


def test_a_dry_retry_says_the_same_and_changes_nothing(run: Run, jobs: JobStore) -> None:
    admit_jobs(jobs, "a", "b")
    fail(jobs, "a", "b")
    done = run("retry", "--failed", "--dry-run")
    assert done.out.startswith("failed jobs that would be pending again: 2; nothing is changed")
    assert jobs.count_states(["a", "b"]) == {JobState.FAILED: 2}


def test_retry_without_a_choice_is_refused(run: Run, jobs: JobStore) -> None:
    admit_jobs(jobs, "a")
    fail(jobs, "a")
    refused = run("retry")
    assert refused.code == 2
    assert refused.err.startswith("error: retry which jobs? --failed takes all")
    assert run("retry", "--dry-run").code == 2
    assert jobs.count_states(["a"]) == {JobState.FAILED: 1}


# --- cleanup ---


def test_cleanup_says_what_it_did(
    run: Run, jobs: JobStore, psql: psycopg.Connection, s3: "S3Client", environment: dict[str, str]
) -> None:
    bucket = environment["UPLOADS_BUCKET"]
    there = s3.put_object(Bucket=bucket, Key="in/900_a.txt", Body=b"there")["ETag"].strip('"')
    admit_jobs(jobs, there, "gone", "new")
    complete_long_ago(psql, there, "gone")
    found = (
        "jobs completed more than 90 days ago: 2, of which {}: 1, kept since their uploads are still there: 1"
    )
    dry = run("cleanup", "--dry-run")
    assert (dry.code, dry.err) == (0, "")
    assert dry.out.splitlines()[:2] == [
        f"uploads listed in s3://{bucket}/: 1",
        found.format("would be forgotten"),
    ]
    assert set(jobs.states([there, "gone", "new"])) == {there, "gone", "new"}
    assert (
        run("cleanup", "--days", "92")
        .out.splitlines()[1]
        .startswith("jobs completed more than 92 days ago: 0,")
    )
    done = run("cleanup").out.splitlines()
    assert done[1] == found.format("forgotten")
    assert done[2] == "their partitions in Dagster go at night, by the job retention"
    assert set(jobs.states([there, "gone", "new"])) == {there, "new"}


def test_cleanup_keeps_jobs_for_retention_days_unless_it_is_told(
    run: Run, jobs: JobStore, psql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    admit_jobs(jobs, "gone")
    complete_long_ago(psql, "gone")
    monkeypatch.setenv("RETENTION_DAYS", "400")
    assert "jobs completed more than 400 days ago: 0," in run("cleanup").out
    assert "jobs completed more than 90 days ago: 1," in run("cleanup", "--days", "90", "--dry-run").out


# --- Where the services are ---


def test_a_running_home_is_found_by_its_folder(call: Run, services: EmbeddedServices) -> None:
    apply_migrations(services.endpoints.postgres.conninfo("pdfme"))
    services.endpoints.s3.create_buckets(["uploads"])
    for command in (("status", "--json"), ("jobs", "--json"), ("retry", "--failed"), ("cleanup",)):
        done = call(*command, "--home", services.home)
        assert (done.code, done.err) == (0, ""), command


def test_a_home_that_is_named_counts_more_than_the_environment(run: Run, tmp_path: Path) -> None:
    refused = run("status", "--home", tmp_path)
    assert refused.code == 1
    assert "no services run in" in refused.err


@pytest.mark.parametrize("command", [("status",), ("jobs",), ("retry", "--failed"), ("cleanup",)])
def test_without_any_services_one_line_says_what_to_do(call: Run, command: tuple[str, ...]) -> None:
    refused = call(*command)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        "error: no services run in .pdfme: start them with `pdfme-dagster up`, name another home by --home, "
        "or set POSTGRES_PASSWORD and what else .env.example has\n"
    )


def test_half_an_environment_names_what_is_missing(call: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_HOST", "localhost")
    refused = call("status")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "POSTGRES_PASSWORD is not set" in refused.err


@pytest.mark.parametrize(
    ("variable", "command", "message"),
    [
        ("POSTGRES_PORT", "status", "error: Postgres does not answer: "),
        ("POSTGRES_PORT", "jobs", "error: Postgres does not answer: "),
        ("UPLOADS_BUCKET", "cleanup", "error: the bucket no-such-bucket does not exist"),
    ],
)
def test_a_service_that_is_not_there_is_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, variable: str, command: str, message: str
) -> None:
    monkeypatch.setenv(variable, str(free_port(0)) if variable.endswith("PORT") else "no-such-bucket")
    refused = run(command)
    assert refused.code in {1, 2}
    assert refused.err.startswith(message)
    assert refused.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("jobs", "--since", "soon"),
        ("jobs", "--json", "--csv"),
        ("jobs", "--status", "lost"),
        ("jobs", "--limit", "0"),
        ("cleanup", "--days", "0"),
    ],
)
def test_nonsense_is_refused(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).code == 2


# --- Privacy ---


def make_file(*accounts: tuple[str, str]) -> bytes:
    """Return an extract of marked customers."""
    customers = [
        f"900|001|00-{account}|1{'|' * 9}0.000||21092025{'|' * 13}000500000{'|' * 14}0.000||0.000||0.000\n"
        f"900|001|00-{account}|2||{name}|{NAMES[2]}\n"
        f"900|001|00-{account}|6\n"
        for account, name in accounts
    ]
    return "".join(customers).encode()


def test_no_output_has_a_card_number_or_a_name(
    run: Run, jobs: JobStore, s3: "S3Client", environment: dict[str, str]
) -> None:
    settings = Settings.from_environment(environment)
    one, other, third = CARDS
    good, bad = (one, NAMES[0]), (other, NAMES[1])
    files = {
        f"in/900_{one}_good.txt": make_file(good),
        f"in/900_{one}_bad.txt": make_file(good, bad).replace(b"21092025", b"2109x025"),
        f"in/900_{other[:4]} {other[4:8]} {other[8:12]} {other[12:]}_skip.txt": make_file(good)
        + make_file(bad).replace(b"0.000||21", b"12,3x||21"),
        f"in/900_{third}.txt": b"not a statement of " + NAMES[0].encode() + b" " + third.encode(),
    }
    bucket = settings.objects.uploads_bucket
    objects = ObjectStore(
        s3, uploads_bucket=bucket, pdfs_bucket=settings.objects.pdfs_bucket, max_file_bytes=10**6
    )
    for key, content in files.items():
        s3.put_object(Bucket=bucket, Key=key, Body=content)
    uploads = list(objects.list_uploads(lambda error: pytest.fail(str(error))))
    etags = [upload.etag for upload in uploads]
    jobs.admit(uploads, max_retries=3, batch_size=100)
    where = settings.redis
    with SeenCache.open(host=where.host, port=where.port, password=where.password) as cache:
        claims = jobs.start("run-1", etags)
        profiles = load_profiles(defaults={"on_bad_statement": "skip"})
        parsed = parse_batch(
            "run-1", claims, jobs=jobs, objects=objects, profiles=profiles, follow_replaced=False
        )
        rendered = render_batch(parsed, renderer=load_statement_renderer())
        store_batch("run-1", rendered, jobs=jobs, objects=objects, cache=cache)
    assert jobs.count_states(etags) == {JobState.COMPLETED: 2, JobState.FAILED: 2}

    commands: list[tuple[Any, ...]] = [
        ("status",),
        ("status", "--json"),
        ("jobs",),
        ("jobs", "--json"),
        ("jobs", "--csv"),
        ("retry", "--failed", "--dry-run"),
        ("retry", "--failed"),
        ("status", "--json"),
        ("cleanup",),
    ]
    printed = ""
    for command in commands:
        done = run(*command)
        assert done.code == 0
        printed += done.out + done.err
    digits = printed.replace(" ", "").replace("-", "")
    for mark in (*CARDS, *(card[:12] for card in CARDS)):
        assert mark not in digits
    for name in NAMES:
        assert name.lower() not in printed.lower()
    assert "900_****0015_good.txt" in printed
