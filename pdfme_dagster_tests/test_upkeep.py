"""Retry and cleanup over real stores: Redis never keeps a job back, and no upload that is there is forgotten.

Not here: which jobs are chosen (stores/test_job_reports.py), the commands (test_cli_jobs.py), or Dagster's
own partitions (defs/test_retention.py): the mirror here is a list.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import redis

from pdfme_dagster.domain.job import Completion, JobFailure, JobState
from pdfme_dagster.domain.upload import Upload
from pdfme_dagster.errors import PdfmeError, TransientError
from pdfme_dagster.intake import admit_uploads
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.job_reports import JobChoice, JobReports
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.objects import ObjectStore
from pdfme_dagster.upkeep import MirrorRetirement, Retirement, retire_jobs, retire_partitions, retry_failed
from pdfme_dagster_tests.stores.conftest import *  # noqa: F403 - these fixtures serve here too

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def reports(database: str) -> Iterator[JobReports]:
    """The reports over this test's database."""
    with JobReports.open(database) as opened:
        yield opened


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Jobs completed long ago, and the bank's way to their uploads."""

    jobs: JobStore
    psql: psycopg.Connection
    s3: "S3Client"
    bucket: str

    def put(self, key: str, content: bytes) -> str:
        """Upload a file; return its ETag."""
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)["ETag"].strip('"')

    def complete(self, etag: str, key: str, *, days: int = 100, **changes: Any) -> None:
        """Make a job that was completed so many days ago."""
        self.jobs.admit([Upload(etag=etag, key=key, size_bytes=1)], max_retries=3, batch_size=10)
        self.jobs.start("run-1", [etag])
        values: dict[str, Any] = {"statements": 1, "pages": 1, "pdf_bytes": 1, "profile": "afs", **changes}
        done = Completion(
            etag=etag, pdf_location="s3://p/9/", first_pdf="", content_sha256=None, pdf_sha256=None, **values
        )
        assert self.jobs.complete("run-1", [done]) == {etag}
        self.psql.execute(
            "UPDATE processing_jobs SET completed_at = now() - make_interval(days => %s) "
            "WHERE file_hash = %s",
            (days, etag),
        )

    def etags(self) -> set[str]:
        """Return the jobs that are remembered."""
        return {etag for (etag,) in self.psql.execute("SELECT file_hash FROM processing_jobs")}


@pytest.fixture
def history(jobs: JobStore, psql: psycopg.Connection, s3: "S3Client", uploads_bucket: str) -> History:
    """A job table and an uploads bucket, both empty."""
    return History(jobs=jobs, psql=psql, s3=s3, bucket=uploads_bucket)


@pytest.fixture
def retire(reports: JobReports, objects: ObjectStore, cache: SeenCache) -> Callable[..., Retirement]:
    """Clean up what is older than 90 days, in batches of two; options as given."""

    def call(**options: Any) -> Retirement:
        stores: dict[str, Any] = {"objects": objects, "cache": cache, **options}
        wanted = {"days": 90, "prefix": "", "batch_size": 2, "dry_run": False}
        return retire_jobs(reports, **{**wanted, **stores})

    return call


def fail(jobs: JobStore, *etags: str) -> None:
    uploads = [Upload(etag=etag, key=f"900_{etag}", size_bytes=1) for etag in etags]
    jobs.admit(uploads, max_retries=3, batch_size=1000)
    jobs.start("run-1", etags)
    jobs.fail("run-1", [JobFailure(etag=etag, key="", code="bad_amount", message="no") for etag in etags])


# --- Retry ---


def test_a_retry_drops_what_redis_noted(
    reports: JobReports, jobs: JobStore, cache: SeenCache, redis_client: redis.Redis
) -> None:
    fail(jobs, "a", "b")
    cache.remember(["a", "b", "other"], JobState.PROCESSING)
    assert retry_failed(reports, cache, JobChoice(), dry_run=False) == {"a": "bad_amount", "b": "bad_amount"}
    assert redis_client.keys() == ["processed:other"]
    assert jobs.take_pending(9) == ["a", "b"]


def test_a_retry_needs_no_redis(reports: JobReports, jobs: JobStore, dead_cache: SeenCache) -> None:
    fail(jobs, "a")
    assert retry_failed(reports, dead_cache, JobChoice(), dry_run=False) == {"a": "bad_amount"}
    assert jobs.take_pending(9) == ["a"]


def test_a_dry_retry_changes_nothing(
    reports: JobReports, jobs: JobStore, cache: SeenCache, redis_client: redis.Redis, psql: psycopg.Connection
) -> None:
    fail(jobs, "a", "b")
    cache.remember(["a"], JobState.PROCESSING)
    before = psql.execute("SELECT j.*, xmin, xmax FROM processing_jobs AS j ORDER BY position").fetchall()
    choice = JobChoice(etags=("b", "nobody"))
    assert retry_failed(reports, cache, choice, dry_run=True) == {"b": "bad_amount"}
    after = psql.execute("SELECT j.*, xmin, xmax FROM processing_jobs AS j ORDER BY position").fetchall()
    assert after == before
    assert redis_client.keys() == ["processed:a"]


# --- Cleanup ---


def test_old_jobs_without_an_upload_are_forgotten_in_batches_and_others_kept(
    history: History, retire: Callable[..., Retirement], cache: SeenCache, redis_client: redis.Redis
) -> None:
    there = history.put("in/there.txt", b"there")
    history.complete(there, "in/there.txt")
    for number in range(5):
        history.complete(f"gone-{number}", f"in/{number}.txt")
    history.complete("recent", "in/recent.txt", days=80)
    cache.remember(sorted(history.etags()), JobState.COMPLETED)
    assert retire() == Retirement(objects=1, old=6, listed=1, forgotten=5)
    assert history.etags() == {there, "recent"}
    assert sorted(redis_client.keys()) == sorted([f"processed:{there}", "processed:recent"])
    assert retire() == Retirement(objects=1, old=1, listed=1, forgotten=0)


def test_an_upload_counts_as_there_under_whatever_name(
    history: History, retire: Callable[..., Retirement]
) -> None:
    etag = history.put("moved/new name.txt", b"content")
    history.complete(etag, "in/old name.txt")
    assert retire().forgotten == 0
    assert history.etags() == {etag}


def test_after_thousands_of_pages_and_names_every_listed_job_is_still_known(
    history: History,
    retire: Callable[..., Retirement],
    cache: SeenCache,
    redis_client: redis.Redis,
    jobs: JobStore,
    objects: ObjectStore,
) -> None:
    listed = [history.put(f"in/{number:04}.txt", b"%d" % number) for number in range(1200)]
    gone = [f"gone-{number}" for number in range(500)]
    uploads = [Upload(etag=etag, key=f"in/{etag}", size_bytes=1) for etag in listed + gone]
    jobs.admit(uploads, max_retries=3, batch_size=5000)
    history.psql.execute(
        "UPDATE processing_jobs SET status = 'completed', pdf_location = 's3://p/9/', "
        "completed_at = now() - interval '1 year'"
    )
    assert retire(batch_size=200) == Retirement(objects=1200, old=1700, listed=1200, forgotten=500)
    redis_client.flushall()
    intake = admit_uploads(objects, cache, jobs, max_retries=3, batch_size=1000)
    assert (intake.listed, intake.new) == (1200, ())


def test_an_upload_that_comes_back_during_the_listing_keeps_its_job(
    history: History, retire: Callable[..., Retirement], objects: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    etag = history.put("in/a.txt", b"content")
    history.complete(etag, "in/a.txt")
    history.s3.delete_object(Bucket=history.bucket, Key="in/a.txt")
    list_uploads = objects.list_uploads

    def come_back(refuse: Any) -> Any:
        history.put("in/z.txt", b"content")
        return list_uploads(refuse)

    monkeypatch.setattr(objects, "list_uploads", come_back)
    assert retire().forgotten == 0
    assert history.etags() == {etag}


def test_a_forgotten_upload_that_is_sent_again_is_new(
    history: History,
    retire: Callable[..., Retirement],
    objects: ObjectStore,
    cache: SeenCache,
    jobs: JobStore,
) -> None:
    etag = history.put("in/a.txt", b"content")
    history.complete(etag, "in/a.txt")
    cache.remember([etag], JobState.COMPLETED)
    history.s3.delete_object(Bucket=history.bucket, Key="in/a.txt")
    assert retire().forgotten == 1
    history.put("in/a.txt", b"content")
    assert admit_uploads(objects, cache, jobs, max_retries=3, batch_size=10).new == (etag,)


def test_a_dry_cleanup_changes_nothing(
    history: History, retire: Callable[..., Retirement], cache: SeenCache, redis_client: redis.Redis
) -> None:
    history.complete("gone", "in/a.txt")
    cache.remember(["gone"], JobState.COMPLETED)
    assert retire(dry_run=True) == Retirement(objects=0, old=1, listed=0, forgotten=1)
    assert history.etags() == {"gone"}
    assert redis_client.keys() == ["processed:gone"]


def test_where_the_bucket_cannot_be_listed_nothing_is_forgotten(
    history: History, retire: Callable[..., Retirement], dead_objects: ObjectStore
) -> None:
    history.complete("gone", "in/a.txt")
    with pytest.raises(TransientError):
        retire(objects=dead_objects)
    assert history.etags() == {"gone"}


def test_where_the_listing_breaks_off_nothing_is_forgotten(
    history: History,
    retire: Callable[..., Retirement],
    hasty_objects: ObjectStore,
    hasty_client: "S3Client",
) -> None:
    for number in range(1001):
        history.put(f"in/{number:04}.txt", b"%d" % number)
    history.complete("gone", "in/a.txt")
    pages = iter(range(2))

    def break_second(request: Any, **_: Any) -> None:
        if next(pages) == 1:
            request.url = request.url.replace(history.bucket, "no-such-bucket")

    hasty_client.meta.events.register("before-sign.s3.ListObjectsV2", break_second)
    with pytest.raises(PdfmeError):
        retire(objects=hasty_objects)
    assert history.etags() == {"gone"}


def test_where_an_entry_of_the_listing_is_odd_nothing_is_forgotten(
    history: History, retire: Callable[..., Retirement], hasty_objects: ObjectStore, hasty_client: "S3Client"
) -> None:
    history.put("in/odd.txt", b"odd")
    history.complete("gone", "in/a.txt")

    def spoil(parsed: Any, **_: Any) -> None:
        for entry in parsed["Contents"]:
            entry.pop("ETag")

    hasty_client.meta.events.register("after-call.s3.ListObjectsV2", spoil)
    with pytest.raises(PdfmeError, match=r"in/odd\.txt: ETag .* nothing is forgotten"):
        retire(objects=hasty_objects)
    assert history.etags() == {"gone"}


def test_a_cleanup_needs_no_redis(
    history: History, retire: Callable[..., Retirement], dead_cache: SeenCache
) -> None:
    history.complete("gone", "in/a.txt")
    assert retire(cache=dead_cache).forgotten == 1


# --- Partitions ---


@dataclass(slots=True)
class FakeMirror:
    """Partitions as a list; a test may do something when it is asked what is in use, or at each removal."""

    shown: list[str]
    used: set[str] = field(default_factory=set)
    at_look: Callable[[], object] = lambda: None
    at_removal: Callable[[], object] = lambda: None

    def etags(self) -> list[str]:
        """Return all."""
        return list(self.shown)

    def in_use(self) -> set[str]:
        """Return what the test says."""
        self.at_look()
        return self.used

    def remove(self, etag: str) -> None:
        """Remove one."""
        self.at_removal()
        self.shown.remove(etag)


@pytest.fixture
def retire_shown(reports: JobReports, jobs: JobStore) -> Callable[..., MirrorRetirement]:
    """Retire partitions of what is older than 90 days, all at once; options as given."""

    def call(mirror: FakeMirror, **options: Any) -> MirrorRetirement:
        return retire_partitions(
            mirror, reports, jobs, **{"days": 90, "most": 1000, "dry_run": False, **options}
        )

    return call


def test_partitions_of_old_and_of_gone_jobs_go_and_all_others_stay(
    history: History, retire_shown: Callable[..., MirrorRetirement]
) -> None:
    history.complete("old", "in/old.txt")
    history.complete("recent", "in/recent.txt", days=80)
    fail(history.jobs, "failed", "running", "waiting")
    history.psql.execute(
        "UPDATE processing_jobs SET completed_at = now() - interval '1 year' WHERE status = 'failed'"
    )
    history.psql.execute(
        "UPDATE processing_jobs SET status = 'processing', run_id = 'r' WHERE file_hash = 'running'"
    )
    history.psql.execute("UPDATE processing_jobs SET status = 'pending' WHERE file_hash = 'waiting'")
    mirror = FakeMirror(["old", "gone", "recent", "failed", "running", "waiting"])
    assert retire_shown(mirror) == MirrorRetirement(shown=6, old=2, in_use=0, removed=2)
    assert mirror.shown == ["recent", "failed", "running", "waiting"]
    assert "old" in history.etags()


def test_partitions_go_up_to_a_bound_the_oldest_first(
    history: History, retire_shown: Callable[..., MirrorRetirement]
) -> None:
    mirror = FakeMirror([f"gone-{number}" for number in range(60)], used={"gone-0"})
    told: list[tuple[int, int]] = []
    done = retire_shown(mirror, most=50, on_progress=lambda *numbers: told.append(numbers))
    assert done == MirrorRetirement(shown=60, old=60, in_use=1, removed=50)
    assert done.left == 9
    assert mirror.shown == ["gone-0", *(f"gone-{number}" for number in range(51, 60))]
    assert told == [(20, 50), (40, 50), (50, 50)]


def test_a_dry_run_removes_no_partition(
    history: History, retire_shown: Callable[..., MirrorRetirement]
) -> None:
    mirror = FakeMirror(["a", "b", "c"], used={"b"})
    done = retire_shown(mirror, most=1, dry_run=True)
    assert done == MirrorRetirement(shown=3, old=3, in_use=1, removed=1)
    assert mirror.shown == ["a", "b", "c"]


def test_an_upload_that_comes_back_meanwhile_keeps_its_partition(
    history: History, retire_shown: Callable[..., MirrorRetirement]
) -> None:
    mirror = FakeMirror(["back", "gone"])
    back = Upload(etag="back", key="900_back", size_bytes=1)
    mirror.at_look = lambda: history.jobs.admit([back], max_retries=3, batch_size=1)
    assert retire_shown(mirror).removed == 1
    assert mirror.shown == ["back"]


def test_a_job_that_is_made_again_meanwhile_keeps_its_partition(
    history: History, retire_shown: Callable[..., MirrorRetirement]
) -> None:
    history.complete("again", "in/again.txt")
    mirror = FakeMirror(["again"])
    mirror.at_look = lambda: history.jobs.start("run-2", ["again"], reprocess=True)
    assert retire_shown(mirror).removed == 0
    assert mirror.shown == ["again"]


def test_partitions_go_only_while_nobody_can_dispatch(
    history: History, retire_shown: Callable[..., MirrorRetirement]
) -> None:
    free: list[object] = []

    def try_lock() -> None:
        taken = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = ("
        taken += "SELECT oid FROM pg_database WHERE datname = current_database())"
        free.append(history.psql.execute(taken.encode()).fetchone())

    mirror = FakeMirror(["a", "b"], at_removal=try_lock)
    assert retire_shown(mirror).removed == 2
    assert free == [(1,), (1,)]
    try_lock()
    assert free[-1] == (0,)
