"""The closing equation over real services: each upload in one count, each PDF somebody's, or it says so.

Not here: how a job gets where it is (test_batches.py), or that the equation holds after any history
(test_exactly_once.py).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from pdfme_dagster.closing import Closing, close_books
from pdfme_dagster.domain.job import Completion, JobFailure
from pdfme_dagster.domain.upload import Upload
from pdfme_dagster.errors import TransientError
from pdfme_dagster.stores.job_reports import JobReports
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.ledger import Ledger, PdfCounts
from pdfme_dagster.stores.objects import ObjectStore
from pdfme_dagster_tests.command_line import Outcome, call_main
from pdfme_dagster_tests.stores.conftest import *  # noqa: F403 - these fixtures serve here too
from pdfme_dagster_tests.stores.conftest import open_objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NO_PDFS = PdfCounts(expected=0, stored=0, orphans=0, absent=0, forgotten=0)
NOTHING = Closing(
    listed=0, ignored=0, duplicates=0, superseded=0, missing=0, completed=0, failed=0, open=0, pdfs=NO_PDFS
)
TERMS = ("ignored", "duplicates", "superseded", "missing", "completed", "failed", "open")
Run = Callable[..., Outcome[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """A job table and two buckets that a test fills as it likes."""

    jobs: JobStore
    psql: psycopg.Connection
    objects: ObjectStore
    s3: "S3Client"
    uploads_bucket: str
    database: str

    def put(self, key: str, content: bytes = b"content") -> str:
        """Upload a file that no tick sees; return its ETag."""
        return self.s3.put_object(Bucket=self.uploads_bucket, Key=key, Body=content)["ETag"].strip('"')

    def start(self, key: str) -> str:
        """Upload a file with bytes of its own and have run-1 claim its job; return its ETag."""
        etag = self.put(key, key.encode())
        self.jobs.admit([Upload(etag=etag, key=key, size_bytes=9)], max_retries=3, batch_size=10)
        self.jobs.start("run-1", [etag])
        return etag

    def complete(self, key: str, *pdfs: str, customers: int = 1, **changes: Any) -> str:
        """Have a job completed with these PDFs, by key, without storing them."""
        etag = self.start(key)
        folder = pdfs[0].rpartition("/")[0] + "/" if customers > 1 and pdfs else None
        values: dict[str, Any] = {
            "pdf_location": f"s3://{self.objects.pdfs_bucket}/{folder or (pdfs or ('none',))[0]}",
            "first_pdf": "",
            "statements": len(pdfs),
            "pages": 1,
            "pdf_bytes": 1,
            "content_sha256": None,
            "pdf_sha256": None,
            "profile": "afs",
            "rejected": customers - len(pdfs) if pdfs else 0,
            "rejected_reason": "left out",
        }
        assert self.jobs.complete("run-1", [Completion(etag=etag, **values | changes)]) == {etag}
        return etag

    def fail(self, key: str, code: str) -> str:
        """Have a job failed."""
        etag = self.start(key)
        self.jobs.fail("run-1", [JobFailure(etag=etag, key=key, code=code, message="no")])
        return etag

    def store(self, *pdfs: str) -> None:
        """Put PDFs into the bucket."""
        for key in pdfs:
            self.s3.put_object(Bucket=self.objects.pdfs_bucket, Key=key, Body=b"%PDF-")

    def delete(self, key: str) -> None:
        """Delete an upload."""
        self.s3.delete_object(Bucket=self.uploads_bucket, Key=key)

    def close(self, prefix: str = "") -> Closing:
        """Return the closing of the uploads under this prefix."""
        objects = ObjectStore(
            self.s3,
            uploads_bucket=self.uploads_bucket,
            uploads_prefix=prefix,
            pdfs_bucket=self.objects.pdfs_bucket,
            max_file_bytes=1,
        )
        with Ledger.open(self.database) as ledger:
            return close_books(objects, ledger)


@pytest.fixture
def books(
    jobs: JobStore,
    psql: psycopg.Connection,
    objects: ObjectStore,
    s3: "S3Client",
    uploads_bucket: str,
    database: str,
) -> Books:
    """An empty job table and two empty buckets."""
    return Books(
        jobs=jobs, psql=psql, objects=objects, s3=s3, uploads_bucket=uploads_bucket, database=database
    )


# --- The equation ---


def test_nothing_at_all_is_closed(books: Books) -> None:
    assert books.close() == NOTHING
    assert NOTHING.is_closed


@pytest.mark.parametrize("term", TERMS)
@pytest.mark.parametrize("by", [-1, 1])
def test_a_count_that_is_off_by_one_is_unaccounted_for(term: str, by: int) -> None:
    twos: dict[str, Any] = dict.fromkeys(TERMS, 2)
    right = replace(NOTHING, listed=14, **twos)
    wrong = replace(NOTHING, listed=14, **twos | {term: 2 + by})
    assert (right.unaccounted, wrong.unaccounted) == (0, -by)
    assert not replace(wrong, open=0).is_closed


def duplicate_by_name(books: Books) -> None:
    books.complete("a", "9/a.pdf")
    books.s3.copy_object(
        Bucket=books.uploads_bucket, Key="b", CopySource={"Bucket": books.uploads_bucket, "Key": "a"}
    )


def duplicate_by_bytes(books: Books) -> None:
    original = books.complete("a", "9/a.pdf")
    books.complete("b", duplicate_of=original, content_sha256="c" * 64)


def superseded_pointing_to_the_newer(books: Books) -> None:
    newer = books.complete("a", "9/a.pdf")
    books.complete("older", duplicate_of=newer)


CASES: dict[str, tuple[Callable[[Books], object], dict[str, Any]]] = {
    "folder marker": (lambda books: books.put("folder/", b""), {"ignored": 1}),
    "further name": (duplicate_by_name, {"completed": 1, "duplicates": 1}),
    "same bytes": (duplicate_by_bytes, {"completed": 1, "duplicates": 1}),
    "replaced": (lambda books: books.fail("a", "superseded"), {"superseded": 1}),
    "newer version made": (superseded_pointing_to_the_newer, {"completed": 1, "superseded": 1}),
    "deleted": (lambda books: books.fail("a", "missing"), {"missing": 1}),
    "made": (lambda books: books.complete("a", "9/a.pdf"), {"completed": 1}),
    "broken": (lambda books: books.fail("a", "bad_amount"), {"failed": 1}),
    "empty": (lambda books: books.put("empty", b""), {"open": 1}),
    "in work": (lambda books: books.start("a"), {"open": 1}),
    "not seen yet": (lambda books: books.put("a"), {"open": 1}),
}


@pytest.mark.parametrize("case", CASES)
def test_every_upload_is_in_one_count(books: Books, case: str) -> None:
    make, counts = CASES[case]
    make(books)
    pdfs = counts.get("completed", 0)
    books.store(*["9/a.pdf"] * pdfs)
    closing = books.close()
    stored = replace(NO_PDFS, expected=pdfs, stored=pdfs)
    assert closing == replace(NOTHING, listed=sum(counts.values()), pdfs=stored, **counts)
    assert closing.is_closed == ("open" not in counts)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case not in {"folder marker", "empty", "not seen yet"}]
)
def test_a_job_whose_upload_is_gone_stays_in_its_count(books: Books, case: str) -> None:
    make, counts = CASES[case]
    make(books)
    before = books.close()
    for key in ("a", "b", "older"):
        books.delete(key)
    gone = counts | ({"duplicates": 0} if case == "further name" else {})
    assert books.close() == replace(before, listed=sum(gone.values()), **gone)


def test_a_renamed_upload_is_still_one(books: Books) -> None:
    duplicate_by_name(books)
    books.delete("a")
    assert books.close() == replace(
        NOTHING, listed=1, completed=1, pdfs=replace(NO_PDFS, expected=1, absent=1)
    )


def test_an_entry_without_a_usable_etag_is_failed(
    books: Books, hasty_client: "S3Client", database: str
) -> None:
    books.put("a.txt")

    def spoil(parsed: dict[str, Any], **_: object) -> None:
        for entry in parsed.get("Contents", []):
            entry["ETag"] = '"no, token"'

    hasty_client.meta.events.register("after-call.s3.ListObjectsV2", spoil)
    spoilt = open_objects(hasty_client, books.uploads_bucket, books.objects.pdfs_bucket)
    with Ledger.open(database) as ledger:
        assert close_books(spoilt, ledger) == replace(NOTHING, listed=1, failed=1)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE processing_jobs SET statements = 0 WHERE filename = 'a'",
        "UPDATE processing_jobs SET statements = NULL WHERE filename = 'a'",
        "UPDATE processing_jobs SET duplicate_of = 'nobody' WHERE filename = 'b'",
        "UPDATE processing_jobs SET status = 'failed', error_message = 'x' WHERE filename = 'a'",
        "DELETE FROM processing_jobs WHERE filename = 'a'",
    ],
)
def test_a_job_that_is_nothing_we_know_is_unaccounted_for(books: Books, damage: str) -> None:
    duplicate_by_bytes(books)
    books.store("9/a.pdf")
    assert books.close().is_closed
    books.psql.execute(damage.encode())
    closing = books.close()
    assert closing.unaccounted == 1
    assert not closing.is_closed


def test_a_prefix_closes_its_own_uploads_and_pdfs(books: Books) -> None:
    books.complete("in/a", "9/a.pdf")
    books.complete("out/b", "9/b/0001.pdf", "9/b/0002.pdf", customers=2)
    books.store("9/a.pdf", "9/b/0001.pdf", "9/b/0002.pdf")
    books.put("out/copy", b"in/a")
    one = replace(NOTHING, listed=1, completed=1, pdfs=replace(NO_PDFS, expected=1, stored=1))
    other = replace(one, listed=2, duplicates=1, pdfs=replace(NO_PDFS, expected=2, stored=2))
    assert (books.close("in/"), books.close("out/")) == (one, other)
    assert books.close("nowhere/") == NOTHING
    assert books.close().is_closed


# --- The PDFs ---


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (("9/a.pdf", "9/b/0001.pdf", "9/b/0002.pdf"), {"stored": 3}),
        (("9/a.pdf",), {"stored": 1, "absent": 2}),
        (("9/b/0002.pdf",), {"stored": 1, "absent": 2}),
        ((), {"absent": 3}),
        (("9/a.pdf", "9/b/0001.pdf", "9/b/0003.pdf"), {"stored": 3, "orphans": 1, "absent": 1}),
        (("9/b/0001.pdf", "9/b/0002.pdf", "9/b/00002.pdf"), {"stored": 3, "orphans": 1, "absent": 1}),
        (("9/a/0001.pdf", "0001.pdf", "A.PDF", "9/b/"), {"stored": 4, "orphans": 4, "absent": 3}),
    ],
)
def test_every_pdf_is_a_completed_jobs(
    books: Books, stored: tuple[str, ...], expected: dict[str, int]
) -> None:
    books.complete("a", "9/a.pdf")
    books.complete("b", "9/b/0001.pdf", "9/b/0002.pdf", customers=2)
    books.store(*stored)
    closing = books.close()
    assert closing.pdfs == replace(NO_PDFS, expected=3, **expected)
    assert closing.is_closed == (expected == {"stored": 3})


def test_a_file_that_left_customers_out_has_as_many_pdfs_as_statements(books: Books) -> None:
    books.complete("a", "9/a/0001.pdf", "9/a/0004.pdf", customers=4)
    books.store("9/a/0001.pdf", "9/a/0004.pdf")
    assert books.close().is_closed
    books.store("9/a/0002.pdf", "9/a/0005.pdf")
    assert books.close().pdfs == replace(NO_PDFS, expected=2, stored=4, orphans=2)


def test_the_10_000th_customer_has_five_digits(books: Books) -> None:
    books.complete("a", "9/a/10000.pdf", customers=10_000)
    books.store("9/a/10000.pdf")
    assert books.close().is_closed


def test_two_jobs_with_one_pdf_are_one_short(books: Books) -> None:
    books.complete("a", "9/a.pdf")
    books.complete("b", "9/a.pdf")
    books.store("9/a.pdf")
    assert books.close().pdfs == replace(NO_PDFS, expected=2, stored=1, absent=1)


def test_pdfs_in_another_bucket_are_absent(books: Books) -> None:
    books.complete("a", pdf_location="s3://elsewhere/9/a.pdf", statements=2)
    books.store("9/a.pdf")
    assert books.close().pdfs == replace(NO_PDFS, expected=2, stored=1, orphans=1, absent=2)


@pytest.mark.parametrize("code", ["bad_amount", "missing"])
def test_pdfs_of_a_job_that_failed_while_it_was_made_again_are_orphans(books: Books, code: str) -> None:
    etag = books.complete("a", "9/a.pdf")
    books.store("9/a.pdf")
    books.jobs.start("run-2", [etag], reprocess=True)
    assert books.close().pdfs == replace(NO_PDFS, stored=1, orphans=1)
    books.jobs.fail("run-2", [JobFailure(etag=etag, key="a", code=code, message="no")])
    closing = books.close()
    assert (closing.unaccounted, closing.pdfs.orphans, closing.is_closed) == (0, 1, False)


@pytest.mark.parametrize("how", ["forget", "function", "delete"])
def test_pdfs_of_forgotten_jobs_are_nobodys_fault(books: Books, how: str, database: str) -> None:
    one = books.complete("a", "9/a.pdf")
    several = books.complete("b", "9/b/0001.pdf", "9/b/0002.pdf", customers=3)
    books.store("9/a.pdf", "9/b/0001.pdf", "9/b/0002.pdf")
    books.delete("a")
    books.delete("b")
    books.psql.execute("UPDATE processing_jobs SET completed_at = now() - interval '91 days'")
    if how == "forget":
        with JobReports.open(database) as reports:
            assert sorted(reports.forget([one, several], days=90)) == sorted([one, several])
    else:
        forget = {"function": "SELECT cleanup_old_jobs()", "delete": "DELETE FROM processing_jobs"}
        books.psql.execute(forget[how].encode())
    closing = books.close()
    assert closing == replace(NOTHING, pdfs=replace(NO_PDFS, stored=3, forgotten=3))
    assert closing.is_closed
    books.store("9/b/0004.pdf")
    assert books.close().pdfs.orphans == 1
    books.complete("a", "9/a.pdf")
    assert books.close().pdfs == PdfCounts(expected=1, stored=4, orphans=1, absent=0, forgotten=2)


# --- The stores ---


def test_the_table_is_seen_at_one_moment(books: Books, database: str) -> None:
    books.complete("a", "9/a.pdf")
    books.store("9/a.pdf")
    with Ledger.open(database) as ledger:
        books.complete("b", "9/b.pdf")
        closing = close_books(books.objects, ledger)
    # The listing has both, the table's moment one.
    assert closing == replace(
        NOTHING, listed=2, completed=1, open=1, pdfs=replace(NO_PDFS, expected=1, stored=1)
    )


def test_s3_that_does_not_answer_is_no_imbalance(dead_objects: ObjectStore, database: str) -> None:
    with Ledger.open(database) as ledger, pytest.raises(TransientError, match="S3 does not answer"):
        close_books(dead_objects, ledger)


def test_postgres_that_does_not_answer_is_told(database: str) -> None:
    nowhere = psycopg.conninfo.make_conninfo(database, port=1)
    with pytest.raises(TransientError, match="Postgres does not answer"), Ledger.open(nowhere):
        pytest.fail("opened")


# --- The command ---


@pytest.fixture
def run(
    books: Books,
    service_environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Run:
    """Run the command line over the test's table and buckets."""
    monkeypatch.chdir(tmp_path)
    ours = {"UPLOADS_BUCKET": books.uploads_bucket, "PDFS_BUCKET": books.objects.pdfs_bucket}
    for name, value in (service_environment | ours | {"COLUMNS": "160"}).items():
        monkeypatch.setenv(name, value)
    return partial(call_main, monkeypatch, capsys, "close")


def test_closed_books_are_exit_code_0(books: Books, run: Run) -> None:
    duplicate_by_bytes(books)
    books.store("9/a.pdf")
    shown = run()
    lines = [" ".join(line.split()) for line in shown.out.splitlines()]
    assert (shown.code, shown.err) == (0, "")
    assert {"completed 1", "duplicates 1", "listed 2", "expected 1", "orphans 0"} <= set(lines)
    assert lines[-1] == "closed: every upload and every PDF is accounted for"


def test_books_are_json_for_programs(books: Books, run: Run) -> None:
    books.complete("a", "9/a.pdf")
    books.put("b")
    shown = run("--json")
    assert shown.code == 1
    assert json.loads(shown.out) == {
        "closed": False,
        "uploads": {
            "listed": 2,
            **dict.fromkeys(TERMS, 0),
            "completed": 1,
            "open": 1,
            "unaccounted": 0,
        },
        "pdfs": {"expected": 1, "stored": 0, "orphans": 0, "absent": 1, "forgotten": 0, "match": False},
    }


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda books: books.put("b"), "1 uploads are open"),
        (
            lambda books: books.psql.execute("UPDATE processing_jobs SET statements = 0"),
            "1 uploads are listed and 0",
        ),
        (lambda books: books.store("stray.pdf"), "1 PDFs are no completed job's"),
        (
            lambda books: books.s3.delete_object(Bucket=books.objects.pdfs_bucket, Key="9/a.pdf"),
            "1 PDFs of completed jobs are not in the bucket",
        ),
    ],
)
def test_each_thing_that_does_not_add_up_is_exit_code_1(
    books: Books, run: Run, spoil: Callable[[Books], object], told: str
) -> None:
    books.complete("a", "9/a.pdf")
    books.store("9/a.pdf")
    assert run().code == 0
    spoil(books)
    shown = run()
    assert shown.code == 1
    assert told in shown.out


def test_a_prefix_outside_of_ours_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPLOADS_PREFIX", "in/")
    assert run("--prefix", "in/2026-11/").code == 0
    refused = run("--prefix", "out/")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "--prefix out/: uploads are taken under UPLOADS_PREFIX=in/ alone" in refused.err
