"""Nothing that a month end leaves behind names a customer or has more of a card than its last four digits.

Not here: the customers' files (marked_files.py), where programs leave things (leftovers.py), how marks are
found again (marks.py).
"""

import base64
import gzip
import json
import pickle
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import redis

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.parsing import (
    HEAD_BYTES,
    Profiles,
    describe_rejected,
    load_profiles,
    parse,
    require_acceptable,
)
from pdfme_dagster.rendering import StatementRenderer, load_statement_renderer
from pdfme_dagster_tests.command_line import call_main
from pdfme_dagster_tests.end_to_end.conftest import Up, await_true, start_up
from pdfme_dagster_tests.end_to_end.leftovers import PDFS, UPLOADS, list_left
from pdfme_dagster_tests.end_to_end.marked_files import (
    ADDRESS,
    CARDS,
    NAMES,
    PAYEE,
    PLANTED,
    TEMPLATES,
    choose_some,
    make_marked_files,
    write_card,
    write_folders,
)
from pdfme_dagster_tests.end_to_end.marks import Found, MarkFinder

LOGS = "dagster-logs"
# The object's key as the bank named it: without it nobody finds the file again. Views show the same column.
ALLOWED = {f"postgres {each}.filename" for each in ("processing_jobs", "failed_jobs", "incomplete_jobs")}
# What the files are meant to run into, so that every kind of reason is among what is searched.
CODES = {
    *("bad_amount", "bad_date", "bad_record", "unbalanced", "no_statement", "no_organisation", "empty_file"),
    *("unknown_encoding", "no_profile", "unsafe_xml", "too_large", "superseded", "missing"),
    *("rows_lost", "missing_glyph", "bad_field_value", "bad_password"),
}
REPLACED, DELETED = "900_blank.txt", "900_zero.txt"

BACKFILL = """mutation Backfill($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) { __typename ... on PythonError { message } } }"""
RUN = """mutation Run($params: ExecutionParams!) {
  launchRun(executionParams: $params) { __typename ... on PythonError { message } } }"""
BACKFILLS = "{ partitionBackfillsOrError { ... on PartitionBackfills { results { status } } } }"
LIVE = """{ runsOrError(filter: {statuses: [NOT_STARTED, QUEUED, STARTING, STARTED, CANCELING]}) {
  ... on Runs { count } } }"""
JOB = {
    "repositoryLocationName": "pdfme_dagster",
    "repositoryName": "__repository__",
    "jobName": "statement_pdfs_job",
}

Say = Callable[..., str]


@dataclass(frozen=True, slots=True)
class MonthEnd:
    """A month end that is over: what still runs, and all marks found in what it left."""

    up: Up
    found: tuple[Found, ...]


@pytest.fixture(scope="module")
def month_end(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MonthEnd]:
    """Marked files processed, some replaced or deleted, retried, made again; then marks planted."""
    folder = tmp_path_factory.mktemp("privacy")
    settings = write_folders(folder) | {
        "ON_BAD_STATEMENT": "skip",
        "MAX_FILE_BYTES": "200000",
        "PDF_PASSWORD_SEED": "0123456789abcdef" * 4,
    }
    with start_up(folder / "home", **settings) as up:
        upload(up, choose_some(make_marked_files()))
        await_ended(up)
        failed, done = choose_partitions(up)
        replace_and_delete(up)
        assert up.query("SELECT bool_and(mark_job_for_retry(id)) FROM failed_jobs") == [(True,)]
        await_ended(up)
        assert {code for (code,) in up.query("SELECT DISTINCT error_code FROM failed_jobs")} == CODES
        make_again(up, failed, done)
        plant(up)
        finder = MarkFinder()
        left = [*list_left(up), ("printed by up", "\n".join(up.printed))]
        yield MonthEnd(up, tuple(each for place, what in left for each in finder.find(place, what)))


def upload(up: Up, files: dict[str, bytes]) -> None:
    """Upload objects, several at a time."""
    with closing(up.endpoints.s3.open_client()) as client, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda key: client.put_object(Bucket=UPLOADS, Key=key, Body=files[key]), files))


def await_ended(up: Up) -> None:
    """Wait until every upload has a job that ended, and every run did."""
    with closing(up.endpoints.s3.open_client()) as client:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=UPLOADS)
        etags = {entry["ETag"].strip('"') for page in pages for entry in page.get("Contents", [])}
    jobs = "SELECT file_hash, status IN ('completed', 'failed') FROM processing_jobs"

    def is_over() -> bool:
        ended = dict(up.query(jobs))
        return etags <= ended.keys() and all(ended.values()) and up.graphql(LIVE)["runsOrError"]["count"] == 0

    await_true(is_over, "all jobs and runs ended")


def choose_partitions(up: Up) -> tuple[list[str], list[str]]:
    """Return the failed files that will be replaced and deleted, and completed files with most to tell of."""
    failed = f"SELECT file_hash FROM failed_jobs WHERE filename IN ('{REPLACED}', '{DELETED}')"
    done = (
        "SELECT file_hash FROM processing_jobs WHERE status = 'completed'"
        " ORDER BY rejected DESC, warnings DESC, file_hash LIMIT 20"
    )
    return [etag for (etag,) in up.query(failed)], [etag for (etag,) in up.query(done)]


def replace_and_delete(up: Up) -> None:
    """Let a failed file be another one, and one be gone, before they are retried."""
    with closing(up.endpoints.s3.open_client()) as client:
        client.put_object(Bucket=UPLOADS, Key=REPLACED, Body=make_marked_files()["900_good.sta"] + b"\n")
        client.delete_object(Bucket=UPLOADS, Key=DELETED)


def make_again(up: Up, failed: list[str], done: list[str]) -> None:
    """Backfill failed partitions from the UI, and reprocess completed ones in a run with a planted tag."""
    partitions = {"assetSelection": [{"path": ["statement_pdfs"]}], "partitionNames": failed}
    launched = up.graphql(BACKFILL, params=partitions)["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    config = {"ops": {"parse": {"config": {"etags": done, "reprocess": True}}}}
    run = {
        "selector": JOB,
        "runConfigData": {"ops": {"statement_pdfs": config}},
        "executionMetadata": {"tags": [{"key": "planted", "value": PLANTED}]},
    }
    launched = up.graphql(RUN, params=run)["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched

    def is_over() -> bool:
        backfills = up.graphql(BACKFILLS)["partitionBackfillsOrError"]["results"]
        return all(each["status"].startswith("COMPLETED") for each in backfills)

    await_true(is_over, "the backfill ended")
    await_ended(up)


def plant(up: Up) -> None:
    """Leave a name in every kind of place, each time encoded in another way."""
    with psycopg.connect(up.endpoints.postgres.conninfo("pdfme"), autocommit=True) as connection:
        connection.execute("CREATE TABLE planted (document jsonb, bytes bytea)")
        connection.execute(
            "INSERT INTO planted VALUES (%s, %s)",
            (json.dumps({"escaped": [escape(PLANTED)]}), zlib.compress(PLANTED.encode())),
        )
    valkey = up.endpoints.valkey
    with redis.Redis(host="127.0.0.1", port=valkey.port, password=valkey.password, db=7) as client:
        client.hset("planted", PLANTED, pickle.dumps([1]))
        client.set("result", json.dumps({"body": base64.b64encode(pickle.dumps([PLANTED])).decode()}))
        client.rpush(f"queue {PLANTED}", "x")
    with closing(up.endpoints.s3.open_client()) as s3:
        s3.put_object(Bucket=LOGS, Key="planted.gz", Body=gzip.compress(PLANTED.encode()))
        s3.put_object(Bucket=LOGS, Key=f"planted/{PLANTED}", Body=b"")
        s3.put_object(Bucket=PDFS, Key="planted.pdf", Body=b"", Metadata={"title": quote(escape(PLANTED))})
        s3.put_object(Bucket=PDFS, Key=f"planted {PLANTED}.pdf", Body=b"")
    (up.home / "logs" / "planted.log").write_text(PLANTED, encoding="utf-16")
    (up.home / f"planted-{PLANTED}").touch()


def escape(text: str) -> str:
    """Write a text as JSON can: every character by its number."""
    return "".join(f"\\u{ord(character):04x}" for character in text)


def is_planted(found: Found) -> bool:
    """Say whether it is a piece of what was left on purpose."""
    return found.mark in PLANTED.lower()


def test_nothing_left_behind_has_a_mark_but_the_file_names_of_the_job_table(month_end: MonthEnd) -> None:
    found = [each for each in month_end.found if not is_planted(each)]
    leaks = [each for each in found if each.place not in ALLOWED]
    assert not leaks, "\n".join(map(str, leaks[:40]))
    assert {each.place for each in found} == ALLOWED


def test_a_mark_left_in_any_kind_of_place_is_found(month_end: MonthEnd) -> None:
    places = {each.place for each in month_end.found if is_planted(each)}
    assert places >= {
        *(
            "postgres planted.document",
            "postgres planted.bytes",
            "postgres run_tags.value",
            "postgres runs.run_body",
        ),
        *("redis 7 key", "redis 7 value", "graphql runs"),
        *(f"s3 {LOGS} key", f"s3 {LOGS} content", f"s3 {PDFS} key", f"s3 {PDFS} metadata"),
        *("file logs content", f"file planted-{PLANTED} name"),
    }


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Run a command, return all that it prints."""
    monkeypatch.setenv("COLUMNS", "240")

    def run(*arguments: str | Path) -> str:
        outcome = call_main(monkeypatch, capsys, *arguments)
        return outcome.out + outcome.err

    return run


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("status", "--json"),
        ("jobs", "--limit=5000"),
        ("jobs", "--json"),
        ("jobs", "--csv"),
        ("retry", "--failed", "--dry-run"),
        ("cleanup", "--dry-run"),
    ],
    ids=" ".join,
)
def test_commands_on_jobs_print_no_mark(month_end: MonthEnd, say: Say, words: tuple[str, ...]) -> None:
    printed = say(*words, "--home", month_end.up.home)
    assert not printed.startswith("error")
    assert not MarkFinder().find("printed", printed)


def test_retry_prints_no_mark(month_end: MonthEnd, say: Say) -> None:
    printed = say("retry", "--error-code", "superseded", "--hash", CARDS[0], "--home", month_end.up.home)
    assert not MarkFinder().find("printed", printed)


def test_parse_prints_no_mark(tmp_path: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROFILES_DIR", write_folders(tmp_path)["PROFILES_DIR"])
    finder = MarkFinder()
    # Each call takes a while; what is said of the files, the next test asks of all of them.
    some = [*choose_some(make_marked_files()).items()][::4]
    for number, (key, content) in enumerate(some):
        file = tmp_path / f"{number}" / key.replace("/", " ")
        file.parent.mkdir()
        file.write_bytes(content)
        assert not finder.find(key, say("parse", file))


def test_no_reason_and_no_warning_has_a_mark(tmp_path: Path) -> None:
    folders = write_folders(tmp_path)
    defaults = {"on_bad_statement": "fail_file", "on_unbalanced": "warn"}
    profiles = load_profiles(Path(folders["PROFILES_DIR"]), defaults=defaults)
    renderer = load_statement_renderer(Path(folders["TEMPLATES_DIR"]), seed=bytes(32))
    finder = MarkFinder()
    for key, content in make_marked_files().items():
        for message in list_messages(key, content, profiles, renderer):
            assert not finder.find(key, message)


def list_messages(key: str, content: bytes, profiles: Profiles, renderer: StatementRenderer) -> Iterator[str]:
    """Yield all that is said of a file: warnings, who is left out and why, why it is refused."""
    try:
        profile = profiles.choose(key, content[:HEAD_BYTES])
        parsed = parse(content, profile=profile, name=key)
        yield from (warning.message for warning in parsed.warnings)
        yield from (f"{each.account}: {each.message}" for each in parsed.rejected)
        yield describe_rejected(parsed.rejected, parsed)
        require_acceptable(parsed, profile)
        for statement in parsed.statements if parsed.statements[0].org_id in TEMPLATES else ():
            renderer.render(statement)
    except PermanentError as exc:
        yield str(exc)


# --- The finder ---


@pytest.mark.parametrize(
    "text", [*NAMES, *ADDRESS, PAYEE, *(way for card in CARDS for way in write_card(card))]
)
@pytest.mark.parametrize(
    "encode",
    [
        str,
        str.upper,
        str.lower,
        str.encode,
        json.dumps,
        lambda text: json.dumps(json.dumps({"text": [text]})),
        lambda text: json.dumps({"body": base64.b64encode(json.dumps(text).encode()).decode()}),
        lambda text: base64.urlsafe_b64encode(pickle.dumps({"text": text})).decode().rstrip("="),
        lambda text: pickle.dumps({"text": zlib.compress(text.encode())}),
        lambda text: gzip.compress(json.dumps(text).encode()),
        lambda text: base64.b64encode(gzip.compress(text.encode())).decode(),
        lambda text: text.encode().hex(),
        lambda text: repr(text.encode()),
        lambda text: f"before{text}behind".encode("utf-16"),
        lambda text: quote(text),
        lambda text: "".join(f"&#{ord(character)};" for character in text),
    ],
)
def test_the_finder_finds_a_mark_however_it_is_encoded(
    text: str, encode: Callable[[str], str | bytes]
) -> None:
    assert MarkFinder().find("here", encode(text))


@pytest.mark.parametrize(
    "text",
    [
        *("****0015", "Villa 3, … Alley", "2025-09-30T12:00:00.000000+00:00", "line 14: amount", "1,500.000"),
        *("d41d8cd98f00b204e9800998ecf8427e", "5,000,000 bytes", "Gw Kv", "0" * 40, "900_202509_000123.txt"),
    ],
)
def test_the_finder_takes_nothing_else_for_a_mark(text: str) -> None:
    assert not MarkFinder().find("here", text)


def test_a_piece_of_a_name_or_eight_digits_of_a_card_are_found() -> None:
    for piece in ("Zorbl…", "…mbytko", "ضغثو", "5000 0000", "0000 0015", "5000-0000-00"):
        assert MarkFinder().find("here", piece)
