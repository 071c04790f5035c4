"""`pdfme-dagster up` and what an operator does with it: upload, watch, read SQL, retry, stop, start again."""

import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from pdfme_dagster.local.stack import USUAL_PORTS
from pdfme_dagster.local.state import read_state
from pdfme_dagster.local.statement_samples import SampleFile, make_files
from pdfme_dagster_tests.end_to_end.conftest import COMMAND, Up, await_true, start_up

SAMPLES = Path(__file__).parents[1] / "parsing" / "samples"
ONE = (SAMPLES / "one_customer.txt").read_bytes()

STATS = """{ assetNodeOrError(assetKey: {path: ["statement_pdfs"]}) { ... on AssetNode {
  partitionStats { numMaterialized numFailed numPartitions } } } }"""
METADATA = """{ assetNodeOrError(assetKey: {path: ["statement_pdfs"]}) { ... on AssetNode {
  assetMaterializations(limit: 100) {
    partition metadataEntries { label ... on UrlMetadataEntry { url } } } } } }"""
LAUNCH = """mutation Launch($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
REASONS = """{ runsOrError(filter: {statuses: [FAILURE]}) { ... on Runs { results {
  eventConnection { events { ... on ExecutionStepFailureEvent { error { message } } } } } } } }"""


def test_upload_becomes_a_pdf_that_a_browser_can_open(up: Up) -> None:
    uploaded = run("upload", str(SAMPLES / "one_customer.txt"), "--home", str(up.home))
    assert "s3://uploads/one_customer.txt" in uploaded.stdout
    await_state(up, "one_customer.txt", "completed")
    await_true(lambda: bool(links(up)), "a materialization with a link")
    (url,) = links(up).values()
    with urllib.request.urlopen(url) as answer:
        assert answer.read(5) == b"%PDF-"
        assert answer.headers["Content-Type"] == "application/pdf"


def test_failed_partition_says_why_and_is_materialized_from_the_ui_after_its_file_is_replaced(up: Up) -> None:
    put(up, "900_replaced.txt", ONE.split(b"\n", 1)[1])
    await_state(up, "900_replaced.txt", "failed")
    await_true(lambda: stats(up)["numFailed"] == 1, "one failed partition in the UI")
    assert "900_replaced.txt: no statement in the file" in str(up.graphql(REASONS))
    ((etag,),) = up.query("SELECT file_hash FROM failed_jobs")
    put(up, "900_replaced.txt", ONE + b"\n")
    await_true(lambda: count(up, "900_replaced.txt", "completed") == 1, "the corrected file's PDF")
    launched = up.graphql(
        LAUNCH, params={"assetSelection": [{"path": ["statement_pdfs"]}], "partitionNames": [etag]}
    )
    assert launched["launchPartitionBackfill"]["__typename"] == "LaunchBackfillSuccess", launched
    await_true(lambda: stats(up)["numFailed"] == 0, "no failed partition in the UI")
    assert up.query("SELECT count(*) FROM failed_jobs") == [(0,)]


def test_job_marked_for_retry_in_sql_is_taken_at_the_next_tick(up: Up) -> None:
    put(up, "900_retried.txt", b"")
    await_state(up, "900_retried.txt", "failed")
    ((job, first_run),) = up.query("SELECT id, run_id FROM failed_jobs WHERE filename = '900_retried.txt'")
    assert up.query(f"SELECT mark_job_for_retry('{job}')") == [(True,)]
    again = f"SELECT count(*) FROM failed_jobs WHERE id = '{job}' AND run_id <> '{first_run}'"
    await_true(lambda: up.query(again) == [(1,)], "another run for the job")
    assert {row[0] for row in up.query("SELECT status FROM job_statistics")} >= {"failed"}
    assert up.query("SELECT * FROM find_stuck_jobs()") == []
    assert up.query("SELECT cleanup_old_jobs(90)") == [(0,)]


def test_second_up_on_the_same_home_says_where_the_first_one_is(up: Up) -> None:
    second = run("up", "--home", str(up.home))
    assert second.returncode == 1
    assert up.ui_url in second.stderr
    assert str(up.process.pid) in second.stderr


def test_table_names_everything_and_ports_that_were_taken_are_said(up: Up) -> None:
    printed = "\n".join(up.printed)
    for name in (
        "Dagster UI",
        "Postgres",
        "Valkey (Redis)",
        "S3",
        "sensor",
        "run workers",
        "buckets uploads, pdfs",
    ):
        assert name in printed
    assert up.ui_url in printed
    moved = [port for name, port in up.endpoints.ports.items() if port != USUAL_PORTS[name]]
    assert all(f"on {port} instead of" in printed.replace("\n", " ") for port in moved)


def test_env_lets_other_programs_in(up: Up) -> None:
    printed = run("env", "--home", str(up.home)).stdout
    assert f"export PGPORT='{up.endpoints.ports['postgres']}'" in printed
    assert "export AWS_ENDPOINT_URL_S3='http://127.0.0.1:" in printed


def test_run_workers_killed_in_mid_run_lose_no_file_and_make_none_twice(up: Up) -> None:
    good = list(make_files(200, broken=0, seed=1))
    before = count_pdfs(up)
    put_all(up, {sample.name: sample.content for sample in good})
    processing = "SELECT count(*) > 0 FROM processing_jobs WHERE status = 'processing'"
    await_true(lambda: up.query(processing) == [(True,)], "a run at work")
    psutil.Process(read_state(up.home).processes["run-workers"].identity.pid).kill()
    left = f"SELECT count(*) FROM processing_jobs WHERE status <> 'completed' AND filename IN ({names(good)})"
    await_true(lambda: up.query(left) == [(0,)], "every file completed")
    jobs = f"SELECT count(*), sum(statements) FROM processing_jobs WHERE filename IN ({names(good)})"
    statements = sum(sample.statements for sample in good)
    assert up.query(jobs) == [(200, statements)]
    assert count_pdfs(up) - before == statements


def test_stop_leaves_no_process_and_a_kill_loses_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with start_up(home) as killed:
        put(killed, "900_1.txt", ONE)
        await_state(killed, "900_1.txt", "completed")
        family = list_family(killed)
        killed.stop(signal.SIGKILL)
        await_true(lambda: not any(alive(process) for process in family), "all processes gone")
    with start_up(home) as again:
        assert again.query("SELECT filename, status FROM processing_jobs") == [("900_1.txt", "completed")]
        put(again, "900_2.txt", ONE + b"\n")
        await_state(again, "900_2.txt", "completed")
        family = list_family(again)
        began = time.monotonic()
        again.stop(signal.SIGINT)
        assert time.monotonic() - began < 10
        assert not any(alive(process) for process in family)
        assert again.process.returncode == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POLL_INTERVAL", "soon"),
        ("MAX_FILES_PER_RUN", "0"),
        ("STATEMENT_CURRENCY", "dinar"),
        ("ON_UNBALANCED", "stop"),
    ],
)
def test_wrong_setting_is_one_line_before_anything_starts(tmp_path: Path, name: str, value: str) -> None:
    refused = run("up", "--home", str(tmp_path / "home"), **{name: value})
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"error: {name}='{value}' is not ")
    assert len(refused.stderr.splitlines()) == 1
    assert not (tmp_path / "home").exists()


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        env=dict(os.environ) | environment,
        timeout=180,
        check=False,
    )


def put(up: Up, key: str, content: bytes) -> None:
    """Upload an object."""
    put_all(up, {key: content})


def put_all(up: Up, files: dict[str, bytes]) -> None:
    """Upload objects, one after the other."""
    client = up.endpoints.s3.open_client()
    for key, content in files.items():
        client.put_object(Bucket="uploads", Key=key, Body=content)
    client.close()


def names(samples: list[SampleFile]) -> str:
    """Return file names as an SQL list."""
    return ", ".join(f"'{sample.name}'" for sample in samples)


def count_pdfs(up: Up) -> int:
    """Return how many PDFs are stored."""
    client = up.endpoints.s3.open_client()
    pages = client.get_paginator("list_objects_v2").paginate(Bucket="pdfs")
    stored = sum(len(page.get("Contents", [])) for page in pages)
    client.close()
    return stored


def count(up: Up, filename: str, status: str) -> int:
    """Return how many jobs of this file name are in this state."""
    ((jobs,),) = up.query(
        f"SELECT count(*) FROM processing_jobs WHERE filename = '{filename}' AND status = '{status}'"
    )
    return int(jobs)


def await_state(up: Up, filename: str, status: str) -> None:
    """Wait until a job of this file name is in this state."""
    await_true(lambda: count(up, filename, status) > 0, f"{filename} {status}")


def stats(up: Up) -> dict[str, int]:
    """Return the partition counts that the UI shows."""
    return dict(up.graphql(STATS)["assetNodeOrError"]["partitionStats"])


def links(up: Up) -> dict[str, str]:
    """Return the link to its PDF that the UI shows for each partition."""
    return {
        event["partition"]: entry["url"]
        for event in up.graphql(METADATA)["assetNodeOrError"]["assetMaterializations"]
        for entry in event["metadataEntries"]
        if entry["label"] == "pdf"
    }


def list_family(up: Up) -> list[psutil.Process]:
    """Return `up` and everything it started."""
    leader = psutil.Process(up.process.pid)
    return [leader, *leader.children(recursive=True)]


def alive(process: psutil.Process) -> bool:
    """Say whether a process still runs."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
