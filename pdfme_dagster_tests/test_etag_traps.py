"""The traps of ETags and keys, each over the real S3 endpoint: what is found, read, made once and told.

Not here: which tokens are usable at all (domain/test_upload.py), or many callers at once (test_at_once.py).
"""

import hashlib
import logging
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from pdfme_dagster.batches import Outcome, Rendered, RenderedBatch
from pdfme_dagster.domain.job import JobState
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.contents import Contents, open_fast_contents
from pdfme_dagster.stores.job_reports import JobChoice, JobReports
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.objects import ObjectStore
from pdfme_dagster_tests.desk import *  # noqa: F403 - its fixture serves here
from pdfme_dagster_tests.desk import ONE, THREE, Desk, list_etags, refuse_requests
from pdfme_dagster_tests.stores.at_once import at_once
from pdfme_dagster_tests.stores.conftest import *  # noqa: F403 - these fixtures serve here too
from pdfme_dagster_tests.stores.conftest import open_objects
from pdfme_dagster_tests.stores.counting import open_counting_pool

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from pdfme_dagster.local.services import EmbeddedServices

MULTIPART = re.compile(r"[0-9a-f]{32}-\d+")
PLACE = b"Flat 12"


def vary(content: bytes, number: int) -> bytes:
    """Return the file of another customer: other bytes, other PDFs."""
    assert PLACE in content
    return content.replace(PLACE, b"Flat %d" % number)


def stored_at(desk: Desk, etag: str) -> dict[str, bytes]:
    """Return the PDFs at a completed job's place."""
    place = (desk.job(etag).pdf_location or "").removeprefix(f"s3://{desk.objects.pdfs_bucket}/")
    return {key: content for key, content in desk.pdfs().items() if key.startswith(place)}


def list_sources(desk: Desk) -> dict[str, str]:
    """Return the ETag that each stored PDF was made from, by key."""
    bucket = desk.objects.pdfs_bucket
    return {
        key: desk.s3.head_object(Bucket=bucket, Key=key)["Metadata"]["source-etag"] for key in desk.pdfs()
    }


def read_messages(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == level]


# --- The same bytes under another ETag ---


@pytest.fixture
def twins(desk: Desk) -> tuple[str, str]:
    """One file put whole and then in parts: the same bytes under two ETags, both found."""
    whole, parts = desk.put("in/whole.txt", THREE), desk.put_in_parts("in/parts.txt", THREE)
    assert MULTIPART.fullmatch(parts)
    assert set(desk.look().new) == {whole, parts}
    return whole, parts


def assert_one_set(desk: Desk, *etags: str) -> str:
    """Check that these jobs are completed with one set of PDFs between them; return its owner."""
    done = {job.etag: job for job in desk.jobs.completed_among(etags)}
    assert done.keys() == set(etags)
    (owner,) = [job for job in done.values() if job.duplicate_of is None]
    assert {job.duplicate_of for job in done.values()} == {None, owner.etag}
    assert {job.pdf_location for job in done.values()} == {owner.pdf_location}
    assert sum(job.statements for job in done.values()) == owner.statements == 3
    assert list(list_sources(desk).values()) == [owner.etag] * 3
    return owner.etag


def test_a_twin_in_the_same_batch_has_the_pdfs_of_the_first(desk: Desk, twins: tuple[str, str]) -> None:
    outcome = desk.run("run-1", *reversed(twins))
    assert set(list_etags(outcome.completed)) == set(twins)
    # Whichever was listed first.
    assert assert_one_set(desk, *twins) == desk.jobs.describe(twins)[0].etag


@pytest.mark.parametrize("first", [0, 1], ids=["whole", "parts"])
def test_a_twin_in_a_later_run_has_the_pdfs_of_the_first(
    desk: Desk, twins: tuple[str, str], first: int
) -> None:
    desk.run("run-1", twins[first])
    before = desk.pdfs()
    (done,) = desk.run("run-2", twins[1 - first]).completed
    assert done.duplicate_of == twins[first]
    assert assert_one_set(desk, *twins) == twins[first]
    assert desk.pdfs() == before


def render_at_once(desk: Desk, twins: tuple[str, str]) -> tuple[tuple[str, RenderedBatch], ...]:
    """Let two runs read one twin each at the same moment; return the owner's run first."""
    calls = [partial(desk.render, f"run-{number}", etag) for number, etag in enumerate(twins)]
    batches = list(zip(("run-0", "run-1"), at_once(calls), strict=True))
    owner, other = sorted(batches, key=lambda batch: len(batch[1].twins))
    assert (len(owner[1].files), len(other[1].files)) == (1, 0)
    return owner, other


def test_a_twin_read_at_the_same_moment_is_completed_once_the_other_has_its_pdfs(
    desk: Desk, twins: tuple[str, str]
) -> None:
    owner, other = render_at_once(desk, twins)
    assert len(desk.store(*owner).completed) == 1
    assert len(desk.store(*other).completed) == 1
    assert_one_set(desk, *twins)


def test_a_twin_of_a_file_in_work_waits_which_costs_no_retry_and_is_completed_later(
    desk: Desk, twins: tuple[str, str], psql: psycopg.Connection
) -> None:
    owner, other = render_at_once(desk, twins)
    (waiting,) = desk.store(*other).postponed
    counted = "SELECT status, retry_count, retry_at > now() FROM processing_jobs WHERE file_hash = %s"
    assert psql.execute(counted, (waiting,)).fetchone() == ("pending", 0, True)
    assert desk.jobs.take_pending(9) == []
    assert desk.pdfs() == {}
    assert len(desk.store(*owner).completed) == 1
    (done,) = desk.run("run-9", waiting).completed
    assert done.duplicate_of == assert_one_set(desk, *twins)


@pytest.mark.parametrize("number", range(4))
def test_twins_in_two_runs_at_the_same_moment_get_one_set_whoever_comes_first(
    desk: Desk, twins: tuple[str, str], number: int
) -> None:
    at_once([partial(desk.run, f"run-{each}", etag) for each, etag in enumerate(twins)])
    desk.run("run-9", *twins)
    assert_one_set(desk, *twins)


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "two runs"])
def test_when_the_first_fails_its_twin_gets_the_pdfs(
    desk: Desk, hasty_client: "S3Client", hasty_objects: ObjectStore, together: bool
) -> None:
    first = desk.upload("in/whole.txt", THREE, max_retries=0)
    twin = desk.put_in_parts("in/parts.txt", THREE)
    assert desk.look().new == (twin,)
    refuse_requests(hasty_client, "PutObject", "/pdfs-")
    outcome = desk.run("run-1", *([first, twin] if together else [first]), objects=hasty_objects)
    assert list_etags(outcome.failed) == [first]
    assert outcome.postponed == ((twin,) if together else ())
    (done,) = desk.run("run-2", twin).completed
    assert (done.duplicate_of, done.statements) == (None, 3)
    (again,) = desk.run("run-3", first, by_person=True).completed
    assert again.duplicate_of == twin
    assert assert_one_set(desk, first, twin) == twin


def test_many_known_names_with_new_etags_are_told_once_and_get_no_second_pdfs(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    files = {f"in/{number}.txt": vary(ONE, number) for number in range(12)}
    old = [desk.put(key, content) for key, content in files.items()]
    assert desk.look().renamed == 0
    desk.run("run-1", *old)
    before = list_sources(desk)
    assert len(before) == 12
    # Another key of the bucket's encryption gives every object another ETag, as parts do here.
    new = [desk.put_in_parts(key, content) for key, content in files.items()]
    caplog.clear()
    found = desk.look()
    assert (set(found.new), found.renamed) == (set(new), 12)
    (told,) = read_messages(caplog, logging.WARNING)
    assert told.startswith("12 known names changed their ETag at once: ")
    assert "completed as duplicates, without PDFs of their own" in told
    outcome = desk.run("run-2", *new)
    assert {job.key: job.duplicate_of for job in outcome.completed} == dict(zip(files, old, strict=True))
    assert list_sources(desk) == before
    caplog.clear()
    assert desk.look().renamed == 0
    assert read_messages(caplog, logging.WARNING) == []


def test_a_few_corrected_files_and_many_new_ones_are_no_warning(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(9):
        desk.put(f"in/{number}.txt", b"%d" % number)
    desk.look()
    for number in range(30):
        desk.put(f"in/{number}.txt", b"corrected %d" % number)
    assert desk.look().renamed == 9
    assert read_messages(caplog, logging.WARNING) == []


# --- One content, two names; one name, two contents ---


def test_one_content_under_two_names_is_one_job_with_one_pdf(desk: Desk) -> None:
    etag = desk.put("in/b.txt", ONE)
    assert desk.put("in/a.txt", ONE) == etag
    found = desk.look()
    assert (found.listed, found.new) == (2, (etag,))
    assert list_etags(desk.run("run-1", etag).completed) == [etag]
    assert desk.put("in/c.txt", ONE) == etag
    assert desk.look().new == ()
    assert list(list_sources(desk).values()) == [etag]


def test_a_file_overwritten_after_it_was_found_is_superseded_and_its_new_version_has_its_own_pdf(
    desk: Desk,
) -> None:
    first = desk.put("in/a.txt", ONE)
    desk.look()
    second = desk.put("in/a.txt", vary(ONE, 99))
    (failure,) = desk.run("run-1", first).failed
    assert (failure.etag, failure.code) == (first, "superseded")
    assert desk.pdfs() == {}
    assert desk.look().new == (second,)
    assert list_etags(desk.run("run-2", second).completed) == [second]
    assert list(list_sources(desk).values()) == [second]


def test_a_correction_under_the_same_name_is_a_job_of_its_own_and_both_pdfs_stay(desk: Desk) -> None:
    first = desk.put("in/a.txt", ONE)
    desk.look()
    desk.run("run-1", first)
    second = desk.put("in/a.txt", vary(ONE, 99))
    found = desk.look()
    assert (found.new, found.renamed) == ((second,), 1)
    (done,) = desk.run("run-2", second).completed
    assert done.duplicate_of is None
    assert sorted(list_sources(desk).values()) == sorted([first, second])


def test_an_empty_file_fails_with_its_reason_and_folder_markers_are_none(desk: Desk) -> None:
    markers = {desk.put(key, b"") for key in ("in/", "in/deep/")}
    empty = desk.put("in/empty.txt", b"")
    assert markers == {empty}
    found = desk.look()
    assert (found.listed, found.new) == (1, (empty,))
    (failure,) = desk.run("run-1", empty).failed
    assert (failure.etag, failure.key) == (empty, "in/empty.txt")
    assert "empty" in failure.message
    assert failure.code == "empty_file"


def test_a_folder_marker_listed_first_does_not_name_the_job_of_an_empty_file(desk: Desk) -> None:
    desk.put("in/", b"")
    empty = desk.put("in/z.txt", b"")
    desk.look()
    assert desk.job(empty).key == "in/z.txt"


def test_a_file_that_vanished_is_missing_and_counted(desk: Desk) -> None:
    etag, other = desk.put("in/a.txt", ONE), desk.put("in/b.txt", THREE)
    desk.look()
    desk.s3.delete_object(Bucket=desk.uploads_bucket, Key="in/a.txt")
    outcome = desk.run("run-1", etag, other)
    assert [(failure.etag, failure.code) for failure in outcome.failed] == [(etag, "missing")]
    assert list_etags(outcome.completed) == [other]
    assert desk.look().new == ()
    assert desk.jobs.count_states([etag, other]) == {JobState.FAILED: 1, JobState.COMPLETED: 1}


# --- The same bytes put again ---


def fail(desk: Desk, psql: psycopg.Connection, *files: tuple[str, bytes]) -> list[str]:
    """Put files that fail; they did so a minute ago."""
    etags = [desk.put(key, content) for key, content in files]
    desk.look()
    assert len(desk.run("run-1", *etags).failed) == len(etags)
    assert desk.look().put_again == ()
    psql.execute("UPDATE processing_jobs SET completed_at = completed_at - interval '1 minute'")
    psql.execute("UPDATE processing_jobs SET created_at = created_at - interval '1 minute'")
    return etags


def test_failed_uploads_put_again_unchanged_start_nothing_and_the_look_says_so(
    desk: Desk, psql: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    files = [(f"in/{number}.txt", b"no statement %d" % number) for number in range(5)]
    etags = fail(desk, psql, *files)
    for key, content in files[:4]:
        desk.put(key, content)
    # Under another name the same bytes are the same upload too.
    desk.put("in/renamed.txt", files[4][1])
    caplog.clear()
    found = desk.look()
    assert (found.new, set(found.put_again)) == ((), set(etags))
    (told,) = read_messages(caplog, logging.WARNING)
    assert told.startswith("5 failed uploads were put again unchanged since they failed, which starts noth")
    assert re.search(r"`pdfme-dagster retry( --hash [0-9a-f]{32}){3}`, and so on, or materialize", told)
    assert str(found) == f"6 uploads listed, 0 new, 0 refused; {told}"
    assert desk.jobs.count_states(etags) == {JobState.FAILED: 5}
    assert desk.jobs.take_pending(9) == []


def test_a_retry_ends_what_is_said_of_an_upload_put_again(desk: Desk, psql: psycopg.Connection) -> None:
    (etag,) = fail(desk, psql, ("in/a.txt", b"no statement"))
    desk.put("in/a.txt", b"no statement")
    assert desk.look().put_again == (etag,)
    assert set(JobReports(psql).retry(JobChoice(etags=(etag,)))) == {etag}
    assert desk.look().put_again == ()
    assert desk.jobs.take_pending(9) == [etag]
    desk.run("run-2", etag)
    assert desk.job(etag).state is JobState.FAILED
    assert desk.look().put_again == ()


def test_completed_files_put_again_and_failed_ones_left_alone_are_not_mentioned(
    desk: Desk, psql: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    (failed,) = fail(desk, psql, ("in/bad.txt", b"no statement"))
    psql.execute("UPDATE processing_jobs SET completed_at = completed_at + interval '1 minute'")
    good = desk.put("in/good.txt", ONE)
    desk.look()
    desk.run("run-2", good)
    psql.execute(
        "UPDATE processing_jobs SET completed_at = completed_at - interval '1 minute' "
        "WHERE status = 'completed'"
    )
    desk.put("in/good.txt", ONE)
    caplog.clear()
    assert desk.look().put_again == ()
    assert read_messages(caplog, logging.WARNING) == []
    assert desk.jobs.states([failed, good]) == {failed: JobState.FAILED, good: JobState.COMPLETED}


# --- What a look costs ---


@pytest.fixture
def counted(desk: Desk, database: str) -> Iterator[tuple[Desk, Callable[[], int]]]:
    """The desk over one connection, and how many statements it has sent since this was last asked."""
    with open_counting_pool(database) as pool:

        def count() -> int:
            with pool.connection() as connection:
                sent = len(connection.sent)
                connection.sent.clear()
            return sent

        yield replace(desk, jobs=JobStore(pool)), count


@pytest.mark.parametrize("files", [3, 150])
def test_a_look_sends_the_same_few_statements_however_many_files_there_are(
    counted: tuple[Desk, Callable[[], int]], dead_cache: SeenCache, psql: psycopg.Connection, files: int
) -> None:
    desk, count = counted
    etags = [desk.put(f"in/{number}.txt", b"%d" % number) for number in range(files)]
    sent = {}
    desk.look()
    sent["all new"] = count()
    desk.look()
    sent["quiet"] = count()
    psql.execute(
        "UPDATE processing_jobs SET status = 'failed', error_message = 'made so', "
        "completed_at = now() - interval '1 minute'"
    )
    desk.cache.forget(etags)
    assert len(desk.look().put_again) == files
    sent["failed and put again"] = count()
    for number in range(files):
        desk.put(f"in/{number}.txt", b"corrected %d" % number)
    assert desk.look().renamed == files
    sent["renamed"] = count()
    assert len(desk.look(cache=dead_cache).new) == 0
    sent["without Redis"] = count()
    assert sent == {
        "all new": 2,
        "quiet": 0,
        "failed and put again": 2,
        "renamed": 2,
        "without Redis": 2,
    }


# --- Cursors ---


def test_late_uploads_with_older_times_and_earlier_names_are_found(
    desk: Desk, hasty_client: "S3Client", hasty_objects: ObjectStore
) -> None:
    desk.put("in/m.txt", ONE)
    desk.look()
    late = {desk.put(key, key.encode()) for key in ("in/a.txt", "in/n.txt", "0.txt")}

    def date_back(parsed: dict[str, Any], **_: object) -> None:
        for entry in parsed["Contents"]:
            if entry["Key"] != "in/m.txt":
                entry["LastModified"] = datetime(2001, 1, 1, tzinfo=UTC)

    hasty_client.meta.events.register("after-call.s3.ListObjectsV2", date_back)
    assert set(desk.look(objects=hasty_objects).new) == late


# --- Odd ETags ---


def show_etags(client: "S3Client", shown: dict[str, Any]) -> None:
    """Let the endpoint list these ETags (None: none at all), and know them when a file is read."""

    def alter(parsed: dict[str, Any], **_: object) -> None:
        for entry in parsed["Contents"]:
            if entry["Key"] in shown:
                entry["ETag"] = shown[entry["Key"]]
                if entry["ETag"] is None:
                    del entry["ETag"]

    def restore(params: dict[str, Any], **_: object) -> None:
        if params["Key"] in shown:
            token = shown[params["Key"]].removeprefix("W/").strip('"')
            assert params.pop("IfMatch") == f'"{token}"'

    client.meta.events.register("after-call.s3.ListObjectsV2", alter)
    client.meta.events.register("before-parameter-build.s3.GetObject", restore)


USABLE = {
    "weak.txt": ('W/"0123456789abcdef0123456789abcdef"', "0123456789abcdef0123456789abcdef"),
    "bare.txt": ("fedcba9876543210fedcba9876543210", "fedcba9876543210fedcba9876543210"),
    "opaque.txt": ('"CPDq7ufB+gIC=EAE_1."', "CPDq7ufB+gIC=EAE_1."),
    "azure.txt": ('"0x8DCABCDEF012345"', "0x8DCABCDEF012345"),
    "azure/azure.txt": ('"0x8DCABCDEF012346"', "0x8DCABCDEF012346"),
    "plus/opaque.txt": ('"CPDq7ufB+gIC+EAE_1."', "CPDq7ufB+gIC+EAE_1."),
    "long.txt": (f'"{"f" * 64}"', "f" * 64),
}


@pytest.mark.parametrize("kind", ["boto3", "obstore"])
def test_odd_etags_name_their_uploads_and_pdfs_like_any_other(
    desk: Desk,
    hasty_client: "S3Client",
    services: "EmbeddedServices",
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    for name, value in services.environment().items():
        monkeypatch.setenv(name, value)
    for number, key in enumerate(USABLE):
        desk.put(key, vary(ONE, number))
    show_etags(hasty_client, {key: shown for key, (shown, _) in USABLE.items()})
    reading = open_objects(hasty_client, desk.uploads_bucket, desk.objects.pdfs_bucket)
    etags = {token for _, token in USABLE.values()}
    assert set(desk.look(objects=reading).new) == etags
    batch = desk.render("run-1", *etags, objects=reading)
    fast = open_fast_contents(desk.s3, services.endpoints.s3.url) if kind == "obstore" else None
    writing = open_objects(desk.s3, desk.uploads_bucket, desk.objects.pdfs_bucket, contents=fast)
    assert set(list_etags(desk.store("run-1", batch, writing).completed)) == etags
    # Four of them share the first eight characters and the stem by twos.
    sources = list_sources(desk)
    assert sorted(sources.values()) == sorted(etags)
    assert {job.pdf_location for job in desk.jobs.describe(list(etags))} == {
        f"s3://{desk.objects.pdfs_bucket}/{key}" for key in sources
    }


def test_unusable_etags_and_entries_are_refused_and_counted_and_their_neighbours_go_on(
    desk: Desk, hasty_client: "S3Client", hasty_objects: ObjectStore, caplog: pytest.LogCaptureFixture
) -> None:
    shown = {
        "in/blank.txt": '"a b"',
        "in/comma.txt": '"a,b"',
        "in/empty.txt": '""',
        "in/long.txt": f'"{"f" * 65}"',
        "in/none.txt": None,
        "in/words.txt": '"كشف"',
    }
    for key in (*shown, "in/size.txt"):
        desk.put(key, key.encode())
    good = desk.put("in/good.txt", ONE)

    def forget_size(parsed: dict[str, Any], **_: object) -> None:
        for entry in parsed["Contents"]:
            if entry["Key"] == "in/size.txt":
                del entry["Size"]

    show_etags(hasty_client, shown)
    hasty_client.meta.events.register("after-call.s3.ListObjectsV2", forget_size)
    found = desk.look(objects=hasty_objects)
    assert (found.listed, found.refused, found.new) == (1, 7, (good,))
    assert str(found) == "1 uploads listed, 1 new, 7 refused"
    told = read_messages(caplog, logging.ERROR)
    assert [message.split(": ")[1] for message in told] == sorted([*shown, "in/size.txt"])
    assert list_etags(desk.run("run-1", good).completed) == [good]


def test_a_name_that_postgres_cannot_hold_is_refused_and_its_neighbours_go_on(
    desk: Desk, hasty_client: "S3Client", hasty_objects: ObjectStore, caplog: pytest.LogCaptureFixture
) -> None:
    desk.put("in/nul.txt", THREE)
    good = desk.put("in/good.txt", ONE)

    def name(parsed: dict[str, Any], **_: object) -> None:
        for entry in parsed["Contents"]:
            entry["Key"] = entry["Key"].replace("nul", "n\0l")

    hasty_client.meta.events.register("after-call.s3.ListObjectsV2", name)
    found = desk.look(objects=hasty_objects)
    assert (found.refused, found.new) == (1, (good,))
    assert read_messages(caplog, logging.ERROR) == [
        "Upload refused: in/n?l.txt: a name with a NUL character; upload it under another"
    ]


# --- Odd keys ---

LONG = "long/" + "/".join(["x" * 200] * 5) + "/" + "y" * 10 + ".txt"
ODD_KEYS = [
    " leading and trailing .txt ",
    "%2e%2e%2fpercent.txt",
    "../up.txt",
    "/leading.txt",
    "50% off.txt",
    "a+b c.txt",
    "a+b%20c.txt",
    "a/../b.txt",
    "a/./b.txt",
    "back\\slash.txt",
    "bell\x07\x1f.txt",
    "in//double.txt",
    "line\nfeed.txt",
    "nothing",
    "q?a=b#c&d<e>'\".txt",
    "tab\there.txt",
    unicodedata.normalize("NFC", "é/crédit.txt"),
    unicodedata.normalize("NFD", "é/crédit.txt"),
    "كشف حساب.txt",
    "📄🏦.txt",
    "emoji/📄🏦.txt",
    LONG + "z" * (1024 - len(LONG)),
]
SAFE = re.compile(r"900/[\w.-]+-[0-9a-f]{8}\.pdf")


@pytest.mark.parametrize("kind", ["boto3", "obstore"])
def test_files_with_odd_names_are_read_and_their_pdfs_have_plain_names_of_their_own(
    desk: Desk, services: "EmbeddedServices", monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    assert max(len(key.encode()) for key in ODD_KEYS) == 1024
    for name, value in services.environment().items():
        monkeypatch.setenv(name, value)
    contents: Callable[[str], Contents] | None = None
    if kind == "obstore":
        contents = open_fast_contents(desk.s3, services.endpoints.s3.url)
    objects = open_objects(desk.s3, desk.uploads_bucket, desk.objects.pdfs_bucket, contents=contents)
    etags = {desk.put(key, vary(ONE, number)): key for number, key in enumerate(ODD_KEYS)}
    found = desk.look(objects=objects)
    assert (found.listed, found.refused, set(found.new)) == (len(ODD_KEYS), 0, set(etags))
    assert {job.etag: job.key for job in desk.jobs.describe(list(etags))} == etags
    outcome = desk.run("run-1", *etags, objects=objects)
    assert set(list_etags(outcome.completed)) == etags.keys()
    sources = list_sources(desk)
    assert sorted(sources.values()) == sorted(etags)
    assert all(SAFE.fullmatch(key) for key in sources), sources
    assert {job.pdf_location for job in outcome.completed} == {
        f"s3://{desk.objects.pdfs_bucket}/{key}" for key in sources
    }


# --- Two uploads that would have the same names ---


def find_namesakes(content: bytes) -> tuple[bytes, bytes]:
    """Return two customers' files whose ETags share their first eight characters."""
    seen: dict[str, int] = {}
    for number in range(1_000_000):
        prefix = hashlib.md5(vary(content, number), usedforsecurity=False).hexdigest()[:8]
        if prefix in seen:
            return vary(content, seen[prefix]), vary(content, number)
        seen[prefix] = number
    raise AssertionError("no namesakes")


@pytest.fixture(scope="module", params=[ONE, THREE], ids=["a PDF", "a folder"])
def namesakes(request: pytest.FixtureRequest) -> tuple[bytes, bytes]:
    """Two customers' files whose PDFs would have the same names."""
    return find_namesakes(request.param)


@pytest.fixture
def pair(desk: Desk, namesakes: tuple[bytes, bytes]) -> tuple[str, str]:
    """Both, found in two folders under the same name."""
    one, other = (desk.put(f"{n}/900_1.txt", content) for n, content in enumerate(namesakes))
    assert one != other
    assert one[:8] == other[:8]
    assert set(desk.look().new) == {one, other}
    return one, other


def assert_each_has_its_own(desk: Desk, pair: Sequence[str], rendered: dict[str, list[bytes]]) -> None:
    for etag in pair:
        own = stored_at(desk, etag)
        assert list(own.values()) == rendered[etag]
        assert {list_sources(desk)[key] for key in own} == {etag}


def render_each(desk: Desk, pair: Sequence[str]) -> tuple[RenderedBatch, list[Rendered]]:
    batch = desk.render("run-0", *pair)
    return batch, [file for file in batch.files if isinstance(file, Rendered)]


def test_two_uploads_with_the_same_short_name_keep_their_own_pdfs(desk: Desk, pair: tuple[str, str]) -> None:
    batch, (one, other) = render_each(desk, pair)
    rendered = {file.claim.etag: [pdf.join() for pdf in file.pdfs] for file in (one, other)}
    assert one.keys == other.keys
    assert set(list_etags(desk.store("run-0", batch).completed)) == set(pair)
    assert_each_has_its_own(desk, pair, rendered)
    assert len(desk.pdfs()) == 2 * len(one.keys)


@pytest.mark.parametrize("first", [0, 1])
def test_namesakes_made_one_after_the_other_and_again_in_any_order_keep_their_names_and_bytes(
    desk: Desk, pair: tuple[str, str], first: int
) -> None:
    short, long = pair[first], pair[1 - first]
    for number, etag in enumerate((short, long)):
        assert list_etags(desk.run(f"run-{number}", etag).completed) == [etag]
    before, sources = desk.pdfs(), list_sources(desk)
    for etag, version in ((short, short[:8]), (long, long)):
        assert all(f"900_1-{version}" in key for key, source in sources.items() if source == etag)
        assert f"/900_1-{version}" in (desk.job(etag).pdf_location or "")
    places = [desk.job(etag).pdf_location for etag in pair]
    for number, etag in enumerate((long, short, long)):
        desk.run(f"again-{number}", etag, by_person=True, reprocess=True)
    assert desk.pdfs() == before
    assert list_sources(desk) == sources
    assert [desk.job(etag).pdf_location for etag in pair] == places


@pytest.mark.parametrize("number", range(3))
def test_namesakes_in_two_runs_at_the_same_moment_keep_their_own_pdfs(
    desk: Desk, pair: tuple[str, str], number: int
) -> None:
    outcomes: list[Outcome] = at_once(
        [partial(desk.run, f"run-{each}", etag) for each, etag in enumerate(pair)]
    )
    assert {job.etag for outcome in outcomes for job in outcome.completed} == set(pair)
    sources = list_sources(desk)
    assert {source: list(sources.values()).count(source) for source in pair} == dict.fromkeys(
        pair, len(sources) // 2
    )
    for etag in pair:
        assert {sources[key] for key in stored_at(desk, etag)} == {etag}


def test_a_file_both_of_whose_names_are_anothers_fails_and_overwrites_nothing(
    desk: Desk, pair: tuple[str, str]
) -> None:
    batch, (file,) = render_each(desk, pair[:1])
    for key in (file.keys[0], file.long_keys[0]):
        desk.objects.write_pdf(key, b"%PDF another's", source_etag="other", sha256="f" * 64, fence=1)
    (failure,) = desk.store("run-0", batch).failed
    assert failure.code == "name_taken"
    assert file.long_keys[0] in failure.message
    assert set(desk.pdfs().values()) == {b"%PDF another's"}
