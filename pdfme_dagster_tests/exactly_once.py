"""A world to break: a bank's bucket, the program over real stores, workers that stop anywhere, and a model.

The model knows from what was done to the world what there must be; it looks at rows and objects one by one
and never counts by the program's SQL. Not here: what is done in which order (test_exactly_once.py).
"""

import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

import dagster as dg
import psycopg
import pytest
import redis
from botocore.exceptions import EndpointConnectionError
from psycopg.rows import dict_row

from pdfme_dagster import batches, intake, making
from pdfme_dagster.batches import parse_batch, render_batch, store_batch
from pdfme_dagster.closing import Closing, close_books
from pdfme_dagster.crash_points import CrashPoint
from pdfme_dagster.defs import dispatch
from pdfme_dagster.defs.dispatch import dispatch_jobs
from pdfme_dagster.defs.statement_pdfs import DISPATCH_TAG, JOB_NAME
from pdfme_dagster.errors import TransientError
from pdfme_dagster.intake import admit_uploads
from pdfme_dagster.making import sum_pdfs
from pdfme_dagster.parsing import load_profiles
from pdfme_dagster.rendering import StatementRenderer
from pdfme_dagster.settings import DispatchSettings
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.job_reports import JobChoice, JobReports
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.ledger import Ledger, PdfCounts
from pdfme_dagster.upkeep import retire_jobs, retry_failed
from pdfme_dagster_tests.stores.conftest import open_objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SAMPLES = Path(__file__).parent / "parsing" / "samples"
ONE = (SAMPLES / "one_customer.txt").read_bytes()
THREE = (SAMPLES / "three_customers_crlf.txt").read_bytes()
PROFILES = load_profiles(defaults={"on_bad_statement": "skip"})
DISPATCH = DispatchSettings.from_environment({"RUN_WORKERS": "3", "MAX_FILES_PER_RUN": "4"})
# Reasons that lie in what happened to a file, none of them in what is in it.
HAPPENED = {"missing", "superseded", "run_died", "stuck", "store_unavailable"}
START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
_TABLES = "processing_jobs, originals, forgotten_pdfs"
_STEP_SECONDS = 120.0
_ROUNDS = 12

Trouble = Literal["reads", "writes", "every second write", "answers", "listings"]
_OPERATIONS: Mapping[str, Trouble] = {
    "GetObject": "reads",
    "PutObject": "writes",
    "ListObjectsV2": "listings",
}


@dataclass(frozen=True, slots=True)
class Content:
    """What a file is, and what must come of it; no ``statements`` means that it cannot be read."""

    name: str
    content: bytes = field(repr=False)
    statements: int = 0
    rejected: int = 0

    @property
    def sha256(self) -> str:
        """The digest that a completed job must have."""
        return hashlib.sha256(self.content).hexdigest()


CONTENTS = (
    Content("one", ONE, 1),
    Content("another", b"\n" + ONE, 1),
    Content("three", THREE, 3),
    Content("three others", b"\r\n" + THREE, 3),
    Content("two of three", THREE.replace(b"|0.000||21092025|", b"|12,3x||21092025|"), 2, 1),
    Content("broken", ONE.replace(b"|121.250|", b"|12,3x|")),
    Content("letter", b"Dear bank,\n"),
    Content("empty", b""),
)


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a worker stops after passing ``nth`` times: for ever, or until it is told to go on."""

    point: CrashPoint
    dies: bool
    nth: int = 0


class Killed(BaseException):
    """Raised in a worker that is killed; nothing in the program catches it, as nothing catches SIGKILL."""


@dataclass(slots=True, eq=False)
class Worker:
    """A tick or a run in a thread of its own, of which one at a time moves."""

    work: Callable[[], object]
    etags: tuple[str, ...] = ()
    run: dg.DagsterRun | None = None
    listing: Mapping[str, str] = field(default_factory=dict)
    stop: Stop | None = None
    stopped_at: CrashPoint | None = None
    dead: bool = False
    _thread: threading.Thread | None = None
    _signals: "SimpleQueue[BaseException | None]" = field(default_factory=SimpleQueue)
    _go: threading.Event = field(default_factory=threading.Event)

    def move(self, stop: Stop | None = None) -> None:
        """Work on until the next stop or the end; raise what only a defect raises."""
        self.stop, self.stopped_at = stop, None
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        else:
            self._go.set()
        error = self._signals.get(timeout=_STEP_SECONDS)
        if self.stopped_at is None:
            self._thread.join()
        if isinstance(error, Killed):
            self.dead = True
        elif error and not isinstance(error, TransientError):
            raise error

    def kill(self) -> None:
        """End a stopped worker where it is."""
        self.dead = True
        self.move()

    def pass_point(self, name: CrashPoint) -> None:
        """Stop here if that was asked for."""
        if self.dead:
            raise Killed
        stop = self.stop
        if stop is None or stop.point != name:
            return
        if stop.nth:
            self.stop = Stop(stop.point, stop.dies, stop.nth - 1)
            return
        self.stop = None
        if stop.dies:
            self.dead = True
            raise Killed
        self.stopped_at = name
        self._signals.put(None)
        self._go.wait()
        self._go.clear()
        if self.dead:
            raise Killed

    def _work(self) -> None:
        try:
            self.work()
        except BaseException as exc:
            self._signals.put(exc)
        else:
            self._signals.put(None)


@dataclass(frozen=True, slots=True)
class Pdf:
    """A stored PDF as S3 has it."""

    content: bytes
    source: str
    sha256: str
    fence: int


@dataclass(slots=True)
class Services:
    """What all examples share."""

    psql: psycopg.Connection
    books: psycopg.Connection
    jobs: JobStore
    reports: JobReports
    cache: SeenCache
    redis: redis.Redis
    s3: "S3Client"
    fragile_s3: "S3Client"
    bucket: Callable[[str], str]
    renderers: Sequence[StatementRenderer]


class World:
    """One example: empty stores, and what the model knows of them."""

    def __init__(self, services: Services) -> None:
        self.services = services
        services.psql.execute(f"TRUNCATE {_TABLES}".encode())
        services.redis.flushall()
        self.uploads, self.pdfs_bucket = services.bucket("uploads"), services.bucket("pdfs")
        self.objects = open_objects(services.fragile_s3, self.uploads, self.pdfs_bucket)
        self.instance = dg.DagsterInstance.ephemeral()
        # What the model knows.
        self.listed: dict[str, str] = {}  # the ETag under each name
        self.markers: set[str] = set()
        self.contents: dict[str, Content] = {}  # of each ETag there ever was
        self.admitted: set[str] = set()  # the jobs there must be
        self.forgotten: set[str] = set()  # where the PDFs are of those that a cleanup has forgotten
        self.disturbed: set[str] = set()  # those in a run that did not simply go through
        self.fences: Counter[str] = Counter()
        self._pdfs: dict[tuple[object, ...], Pdf] = {}
        # What is going on.
        self.requests: list[dg.RunRequest] = []
        self.workers: list[Worker] = []  # those that stopped
        self.unnoticed: list[dg.DagsterRun] = []  # of workers that died
        self.trouble: set[Trouble] = set()
        self._writes = 0
        self._moving: Worker | None = None

    def end(self) -> None:
        """Leave no thread behind."""
        for worker in self.workers:
            worker.kill()
        self.instance.dispose()

    # --- What the bank does ---

    def upload(self, key: str, content: Content) -> None:
        """Put a file, in the place of another or not."""
        answer = self.services.s3.put_object(Bucket=self.uploads, Key=key, Body=content.content)
        self._note_upload(key, answer["ETag"], content)

    def upload_in_parts(self, key: str, content: Content) -> None:
        """Put the same bytes as a multipart upload, which gives them another ETag."""
        s3, bucket = self.services.s3, self.uploads
        upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        part = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=content.content)
        parts: Any = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        answer = s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload=parts)
        assert "-" in answer["ETag"]
        self._note_upload(key, answer["ETag"], content)

    def copy(self, source: str, key: str) -> None:
        """Copy a file under another name."""
        origin: Any = {"Bucket": self.uploads, "Key": source}
        answer = self.services.s3.copy_object(Bucket=self.uploads, Key=key, CopySource=origin)
        self._note_upload(key, answer["CopyObjectResult"]["ETag"], self.contents[self.listed[source]])

    def delete(self, key: str) -> None:
        """Delete a file."""
        self.services.s3.delete_object(Bucket=self.uploads, Key=key)
        del self.listed[key]

    def mark_folder(self, key: str) -> None:
        """Make a folder as a console does."""
        self.services.s3.put_object(Bucket=self.uploads, Key=key, Body=b"")
        self.markers.add(key)

    def _note_upload(self, key: str, etag: str, content: Content) -> None:
        self.listed[key] = etag.strip('"')
        self.contents[self.listed[key]] = content

    # --- What the program does ---

    def tick(self, stop: Stop | None = None, *, lose_requests: bool = False) -> Worker:
        """Have a watcher look once, and the daemon make runs of what it asks for unless that is lost."""

        def work() -> None:
            services = self.services
            new = admit_uploads(
                self.objects, services.cache, services.jobs, max_retries=DISPATCH.max_retries, batch_size=3
            ).new
            asked = dispatch_jobs(self.instance, services.jobs, DISPATCH, new=new)
            if not lose_requests:
                self.requests += asked

        worker = Worker(work, listing=dict(self.listed))
        self._move(worker, stop)
        return worker

    def start_run(self, request: dg.RunRequest, stop: Stop | None = None, *, template: int = 0) -> None:
        """Have a worker do a run that the sensor asked for, with the template there is by then."""
        self.requests.remove(request)
        order = list(self.instance.get_dynamic_partitions("uploads"))
        if START in request.tags:
            first, last = order.index(request.tags[START]), order.index(request.tags[END])
            etags = order[first : last + 1]
        else:
            etags = request.run_config["ops"]["statement_pdfs"]["ops"]["parse"]["config"]["etags"]
        self._start(etags, dict(request.tags), stop, template=template)

    def start_by_person(
        self, etags: Sequence[str], stop: Stop | None = None, *, reprocess: bool, template: int
    ) -> None:
        """Have a worker do a run that a person started for some partitions."""
        self._start(etags, {}, stop, reprocess=reprocess, template=template)

    def _start(
        self,
        etags: Sequence[str],
        tags: Mapping[str, str],
        stop: Stop | None,
        *,
        reprocess: bool = False,
        template: int = 0,
    ) -> None:
        run = dg.DagsterRun(
            job_name=JOB_NAME, run_id=str(uuid4()), tags=tags, status=dg.DagsterRunStatus.STARTED
        )
        self.instance.add_run(run)
        by_person = DISPATCH_TAG not in tags
        services = self.services

        def work() -> None:
            """Do what the asset's ops do."""
            claims = services.jobs.start(run.run_id, etags, retry_failed=by_person, reprocess=reprocess)
            self.pass_point("after-claim")
            parsed = parse_batch(
                run.run_id,
                claims,
                jobs=services.jobs,
                objects=self.objects,
                profiles=PROFILES,
                follow_replaced=by_person,
            )
            rendered = render_batch(parsed, renderer=services.renderers[template])
            store_batch(run.run_id, rendered, jobs=services.jobs, objects=self.objects, cache=services.cache)

        if stop or self.trouble or reprocess:
            self.disturbed.update(etags)
        self._move(Worker(work, etags=tuple(etags), run=run), stop)

    def go_on(self, worker: Worker, stop: Stop | None = None) -> None:
        """Let a stopped worker go on, whoever has its jobs by now."""
        self.workers.remove(worker)
        self._move(worker, stop)

    def kill(self, worker: Worker) -> None:
        """Kill a stopped worker."""
        worker.dead = True
        self.go_on(worker)

    def give_up_on(self, worker: Worker) -> None:
        """Have Dagster take a stopped worker's run for failed, though it will go on."""
        assert worker.run
        self._end(worker.run)

    def notice_deaths(self) -> None:
        """Have Dagster find out whose workers died."""
        for run in self.unnoticed:
            self._end(run)
        self.unnoticed.clear()

    def _move(self, worker: Worker, stop: Stop | None) -> None:
        if not worker.etags and worker.stopped_at in {None, "after-listing"} and not worker.dead:
            self._expect_admission(worker, stop)
        before = self.rows()
        self._moving = worker
        try:
            worker.move(stop)
        finally:
            self._moving = None
        if worker.run:
            self._check_changes(worker.run.run_id, before, self.rows())
        if worker.stopped_at:
            self.workers.append(worker)
        elif worker.run and worker.dead:
            self.unnoticed.append(worker.run)
        elif worker.run:
            self._end(worker.run)

    def _expect_admission(self, worker: Worker, stop: Stop | None) -> None:
        if "listings" in self.trouble and worker.stopped_at is None:
            return
        if stop and stop.point == "after-listing" and worker.stopped_at is None:
            return
        redis = self.services.redis
        # A watcher whose time to believe Redis is over looks without it.
        known = redis.scan_iter("processed:*") if redis.exists("processed-trusted") else ()
        hidden = {str(key).removeprefix("processed:") for key in known}
        self.admitted.update(set(worker.listing.values()) - hidden)

    def _end(self, run: dg.DagsterRun) -> None:
        """Have a run end. Failed or not is the same to everybody but the eye."""
        now = self.instance.get_run_by_id(run.run_id)
        if now and not now.is_finished:
            self.instance.report_run_failed(now)

    def pass_point(self, name: CrashPoint) -> None:
        """Be passed by whichever worker moves."""
        if self._moving:
            self._moving.pass_point(name)

    # --- What operators, time and other powers do ---

    def retry(self, etag: str | None = None) -> None:
        """Retry one job as SQL does, else all failed ones as the command does."""
        services = self.services
        if etag is None:
            retry_failed(services.reports, services.cache, JobChoice(), dry_run=False)
        else:
            services.psql.execute(
                "SELECT mark_job_for_retry(id) FROM processing_jobs WHERE file_hash = %s", (etag,)
            )

    def clean_up(self) -> None:
        """Let a hundred days pass and clean up: only what is gone from the bucket may be forgotten."""
        services = self.services
        services.psql.execute("UPDATE processing_jobs SET completed_at = completed_at - interval '100 days'")
        before = self.rows()
        retire_jobs(
            services.reports, self.objects, services.cache, days=90, prefix="", batch_size=2, dry_run=False
        )
        gone = before.keys() - self.rows().keys()
        pointed_to = {row["duplicate_of"] for row in before.values()}
        assert not gone & (set(self.listed.values()) | pointed_to)
        assert gone == {
            etag
            for etag, row in before.items()
            if row["status"] == "completed" and etag not in self.listed.values() and etag not in pointed_to
        }
        self.admitted -= gone
        self.forgotten |= {
            row["pdf_location"] for etag, row in before.items() if etag in gone and _is_own(row)
        }

    def pass_time(self, seconds: float) -> None:
        """Let the clock jump, forwards or backwards, by moving all that the table has of it."""
        moved = ("created_at", "dispatched_at", "processing_started_at", "completed_at", "retry_at")
        assignments = ", ".join(
            f"{name} = {name} - make_interval(secs => %(seconds)s::float8)" for name in moved
        )
        # Before the clock was put back it was later than it is now.
        fences = "fence = fence + (greatest(0, -%(seconds)s::float8) * 1000000)::bigint"
        self.services.psql.execute(
            f"UPDATE processing_jobs SET {assignments}, {fences}".encode(), {"seconds": seconds}
        )

    def flush_redis(self) -> None:
        """Lose all that Redis noted."""
        self.services.redis.flushall()

    def spoil_redis(self, etag: str) -> None:
        """Have Redis note what is not so."""
        self.services.redis.set(f"processed:{etag}", "completed")

    def break_request(self, event_name: str, **_: object) -> None:
        """Break the line before a request of the fragile client is sent."""
        kind = _OPERATIONS.get(event_name.rpartition(".")[2])
        self._writes += kind == "writes"
        second = kind == "writes" and "every second write" in self.trouble and self._writes % 2 == 0
        if second or kind in self.trouble:
            raise EndpointConnectionError(endpoint_url="s3")

    def break_answer(self, **_: object) -> None:
        """Break the line after a PDF was stored and before its writer hears of it."""
        if "answers" in self.trouble:
            raise EndpointConnectionError(endpoint_url="s3")

    # --- The truth ---

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return the job table by ETag."""
        with self.services.psql.cursor(row_factory=dict_row) as cursor:
            return {row["file_hash"]: row for row in cursor.execute("SELECT * FROM processing_jobs")}

    def pdfs(self) -> dict[str, Pdf]:
        """Return the PDFs bucket by key."""
        entries = self.services.s3.list_objects_v2(Bucket=self.pdfs_bucket).get("Contents", [])
        return {entry["Key"]: self._read_pdf(entry) for entry in entries}

    def _read_pdf(self, entry: Any) -> Pdf:
        seen = (entry["Key"], entry["ETag"], entry["LastModified"])
        if seen not in self._pdfs:
            answer = self.services.s3.get_object(Bucket=self.pdfs_bucket, Key=entry["Key"])
            told = answer["Metadata"]
            self._pdfs[seen] = Pdf(
                answer["Body"].read(), told["source-etag"], told["sha256"], int(told["fence"])
            )
        return self._pdfs[seen]

    def close(self) -> Closing:
        """Return what the program says."""
        calm, self.trouble = self.trouble, set()
        try:
            return close_books(self.objects, Ledger(self.services.books))
        finally:
            self.services.books.rollback()
            self.trouble = calm

    def check(self) -> Closing:
        """Hold all that must be so at any time against rows and objects; return the closing."""
        rows, pdfs = self.rows(), self.pdfs()
        assert rows.keys() == self.admitted
        for etag, row in rows.items():
            self._check_row(etag, row, rows)
        own = {etag for etag, row in rows.items() if _is_own(row)}
        alive = Counter(rows[etag]["content_sha256"] for etag in own)
        assert all(sets == 1 for sets in alive.values()), alive
        for key, pdf in pdfs.items():
            assert hashlib.sha256(pdf.content).hexdigest() == pdf.sha256
            assert pdf.fence >= self.fences[key], f"{key} was overwritten by an older claim"
            self.fences[key] = pdf.fence
        for etag in own:
            mine = [pdfs[key].content for key in self._keys_at(rows[etag]["pdf_location"], pdfs)]
            assert len(mine) == self.contents[etag].statements
            assert sum_pdfs([hashlib.sha256(each).hexdigest() for each in mine]) == rows[etag]["pdf_sha256"]
        closing = self.close()
        assert closing == self._count(rows, pdfs, own)
        # Uploads for which the PDFs of another stand that was to be made again and could not be.
        assert closing.unaccounted == sum(_is_stranded(row, rows) for row in rows.values())
        return closing

    def _check_row(self, etag: str, row: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]]) -> None:
        content, code, other = self.contents[etag], row["error_code"], row["duplicate_of"]
        assert row["retry_count"] <= row["max_retries"]
        if row["status"] == "failed":
            assert code in HAPPENED or (content.statements == 0 and code != "internal_error"), row
        elif row["status"] == "completed" and not other:
            assert content.statements > 0
            assert (row["statements"], row["rejected"]) == (content.statements, content.rejected)
            assert row["content_sha256"] == content.sha256
        elif row["status"] == "completed":
            assert other != etag
            assert other in rows
            assert row["content_sha256"] in {None, content.sha256}
            assert row["content_sha256"] is None or self.contents[other].content == content.content

    def _check_changes(
        self, run_id: str, before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Only jobs that a run holds, or may claim, change by its hand."""
        for etag, row in after.items():
            was = before[etag]
            assert row == was or was["run_id"] == run_id or was["status"] != "processing", (was, row)

    def _count(
        self, rows: Mapping[str, Mapping[str, Any]], pdfs: Mapping[str, Pdf], own: set[str]
    ) -> Closing:
        present = set(self.listed.values())
        counts = Counter(_classify(row) for row in rows.values() if not _is_stranded(row, rows))
        owned = {key for etag in own for key in self._keys_at(rows[etag]["pdf_location"], pdfs)}
        forgotten = {key for place in self.forgotten for key in self._keys_at(place, pdfs)} - owned
        return Closing(
            listed=len(self.markers) + len(self.listed) + len(self.admitted - present),
            ignored=len(self.markers),
            duplicates=len(self.listed) - len(present) + counts["duplicates"],
            superseded=counts["superseded"],
            missing=counts["missing"],
            completed=counts["completed"],
            failed=counts["failed"],
            open=counts["open"] + len(present - self.admitted),
            pdfs=PdfCounts(
                expected=sum(self.contents[etag].statements for etag in own),
                stored=len(pdfs),
                orphans=len(pdfs.keys() - owned - forgotten),
                absent=0,
                forgotten=len(forgotten),
            ),
        )

    def _keys_at(self, location: str, pdfs: Mapping[str, Pdf]) -> list[str]:
        """Return the keys at a job's ``pdf_location``, in order."""
        place = location.removeprefix(f"s3://{self.pdfs_bucket}/")
        return sorted(key for key in pdfs if key == place or (place.endswith("/") and key.startswith(place)))

    def check_claims(self) -> None:
        """Right after a tick: what is being processed is so by a run that lives."""
        for row in self.rows().values():
            if row["status"] == "processing":
                run = self.instance.get_run_by_id(row["run_id"])
                assert run
                assert not run.is_finished

    # --- The end ---

    def settle(self) -> Closing:
        """Let everything recover and come to its end; return the closing."""
        self.trouble.clear()
        self.flush_redis()
        while self.workers:
            self.go_on(self.workers[0])
        for _ in range(_ROUNDS):
            self.notice_deaths()
            self.pass_time(7200)
            self.tick()
            self.check_claims()
            closing = self.check()
            if closing.open == 0:
                return closing
            while self.requests:
                self.start_run(self.requests[0])
        raise AssertionError(f"still open after {_ROUNDS} rounds: {closing}")

    def check_end(self) -> None:
        """Nothing lost, nothing double: every file that can be had is made or refused for what is in it."""
        self.settle()
        self.retry()
        closing = self.settle()
        rows, present = self.rows(), set(self.listed.values())
        for etag in present:
            made = rows[etag]["status"] == "completed"
            assert made == (self.contents[etag].statements > 0), rows[etag]
            assert made or rows[etag]["error_code"] not in HAPPENED
        for etag in rows.keys() - present:
            if rows[etag]["status"] == "failed" and self.contents[etag].statements:
                assert rows[etag]["error_code"] in {"missing", "superseded"}
        pdfs = self.pdfs()
        known = {row["pdf_location"] for row in rows.values() if _is_own(row)} | self.forgotten
        left = pdfs.keys() - {key for place in known for key in self._keys_at(place, pdfs)}
        assert closing.pdfs.orphans == len(left)
        # What a run left that was killed, came too late, or was to make PDFs again that could not be.
        assert {pdfs[key].source for key in left} <= self.disturbed


def _is_own(row: Mapping[str, Any]) -> bool:
    """Say whether a job has PDFs of its own."""
    return row["status"] == "completed" and not row["duplicate_of"]


def _is_stranded(row: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]]) -> bool:
    """Say whether a completed job points to one that is failed."""
    other = row["duplicate_of"]
    return row["status"] == "completed" and other is not None and rows[other]["status"] == "failed"


def _classify(row: Mapping[str, Any]) -> str:
    if row["status"] in {"pending", "processing"}:
        return "open"
    if row["status"] == "failed":
        return row["error_code"] if row["error_code"] in {"missing", "superseded"} else "failed"
    if _is_own(row):
        return "completed"
    return "duplicates" if row["content_sha256"] else "superseded"


@contextmanager
def watch_points(services: Services) -> Iterator[Callable[[], World]]:
    """Yield what makes a world whose workers stop where they are told to; the last one made is the one."""
    current: list[World] = []

    def make() -> World:
        current[:] = [World(services)]
        return current[0]

    events = services.fragile_s3.meta.events
    events.register("before-send.s3", lambda **told: current[0].break_request(**told))
    events.register("after-call.s3.PutObject", lambda **told: current[0].break_answer(**told))
    with pytest.MonkeyPatch.context() as patch:
        for module in (batches, intake, dispatch):
            patch.setattr(module, "crash_point", lambda name: current[0].pass_point(name))
        # One thread at a time moves, so that a history can be told again.
        patch.setattr(making, "_S3_THREADS", 1)
        yield make
