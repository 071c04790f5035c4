"""Finding uploads: each becomes one job, with Redis or without it.

Not here: listing (stores/test_objects.py), partitions and runs (defs/).
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import redis

from pdfme_dagster.domain.job import Completion, JobFailure, JobState
from pdfme_dagster.errors import TransientError
from pdfme_dagster.intake import Intake, ListingPace, admit_uploads
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.objects import ObjectStore
from pdfme_dagster_tests.stores.conftest import *  # noqa: F403 - these fixtures serve here too

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Put = Callable[..., str]


@pytest.fixture
def put(s3: "S3Client", uploads_bucket: str) -> Put:
    """Upload a file as the bank does; call it with a key and get its ETag."""

    def put_upload(key: str, content: str | None = None) -> str:
        body = (key if content is None else content).encode()
        answer = s3.put_object(Bucket=uploads_bucket, Key=key, Body=body)
        return answer["ETag"].strip('"')

    return put_upload


def look(objects: ObjectStore, cache: SeenCache, jobs: JobStore) -> Intake:
    return admit_uploads(objects, cache, jobs, max_retries=3, batch_size=1000)


def end_jobs(jobs: JobStore, *, completed: str, failed: str) -> None:
    """Let a run complete one job and fail another."""
    jobs.start("run-1", [completed, failed])
    done = Completion(
        etag=completed,
        pdf_location="s3://pdfs/a.pdf",
        first_pdf="s3://pdfs/a.pdf",
        statements=1,
        pages=1,
        pdf_bytes=1,
        content_sha256=None,
        pdf_sha256=None,
        profile="afs",
    )
    jobs.complete("run-1", [done])
    jobs.fail("run-1", [JobFailure(etag=failed, key="b", code="bad_date", message="line 1: no date")])


def test_new_files_become_pending_jobs_and_are_remembered(
    objects: ObjectStore, cache: SeenCache, jobs: JobStore, put: Put
) -> None:
    etags = {put("in/a.txt"), put("in/b.txt")}
    put("in/", "")
    found = look(objects, cache, jobs)
    assert (found.listed, found.refused, set(found.new)) == (2, 0, etags)
    assert jobs.count_states(found.new) == {JobState.PENDING: 2}
    assert cache.seen(list(etags)) == etags
    assert {job.key for job in jobs.describe(list(etags))} == {"in/a.txt", "in/b.txt"}


def test_an_empty_bucket_is_no_trouble(objects: ObjectStore, cache: SeenCache, jobs: JobStore) -> None:
    assert look(objects, cache, jobs) == Intake(listed=0, refused=0, new=())


def test_a_second_look_starts_nothing_and_asks_postgres_nothing(
    objects: ObjectStore, cache: SeenCache, jobs: JobStore, put: Put, database: str
) -> None:
    put("a.txt")
    look(objects, cache, jobs)
    with JobStore.open(database, max_pool_size=1) as closed:
        pass
    assert look(objects, cache, closed) == Intake(listed=1, refused=0, new=())


def fail_again(jobs: JobStore, etag: str, code: str) -> None:
    jobs.start("run-1", [etag], retry_failed=True)
    assert jobs.fail("run-1", [JobFailure(etag=etag, key="", code=code, message="no")]) == {etag}


@pytest.mark.parametrize("code", ["missing", "superseded"])
def test_a_file_that_could_not_be_read_is_read_under_the_name_it_has_now(
    objects: ObjectStore,
    cache: SeenCache,
    jobs: JobStore,
    put: Put,
    s3: "S3Client",
    uploads_bucket: str,
    code: str,
) -> None:
    etag = put("a.txt", "same")
    look(objects, cache, jobs)
    put("b.txt", "same")
    s3.delete_object(Bucket=uploads_bucket, Key="a.txt")
    fail_again(jobs, etag, code)
    cache.forget([etag])
    assert look(objects, cache, jobs).new == (etag,)
    (job,) = jobs.describe([etag])
    assert (job.key, job.state, job.error_code) == ("b.txt", JobState.PENDING, None)


def test_a_file_that_is_back_under_its_name_is_tried_again_as_often_as_retries_are_left(
    objects: ObjectStore, cache: SeenCache, jobs: JobStore, put: Put
) -> None:
    etag = put("a.txt")
    look(objects, cache, jobs)
    found = []
    for _ in range(5):
        fail_again(jobs, etag, "missing")
        cache.forget([etag])
        found.append(look(objects, cache, jobs).new)
    assert found == [(etag,), (etag,), (etag,), (), ()]


def test_a_file_that_failed_for_what_is_in_it_is_not_tried_again(
    objects: ObjectStore, cache: SeenCache, jobs: JobStore, put: Put
) -> None:
    etag = put("b.txt", "same")
    look(objects, cache, jobs)
    fail_again(jobs, etag, "bad_date")
    cache.forget([etag])
    put("a.txt", "same")
    assert look(objects, cache, jobs).new == ()


def test_the_same_content_under_another_name_starts_no_job(
    objects: ObjectStore, cache: SeenCache, jobs: JobStore, put: Put
) -> None:
    etag = put("b.txt", "same")
    assert look(objects, cache, jobs).new == (etag,)
    put("a.txt", "same")
    put("c.txt", "same")
    assert look(objects, cache, jobs) == Intake(listed=3, refused=0, new=())
    assert [job.key for job in jobs.describe([etag])] == ["b.txt"]


def test_twins_found_together_are_one_job_under_the_name_listed_first(
    objects: ObjectStore, cache: SeenCache, jobs: JobStore, put: Put
) -> None:
    etag = put("b.txt", "same")
    put("a.txt", "same")
    assert look(objects, cache, jobs) == Intake(listed=2, refused=0, new=(etag,))
    assert [job.key for job in jobs.describe([etag])] == ["a.txt"]


def test_new_content_under_a_known_name_is_a_new_job(
    objects: ObjectStore, cache: SeenCache, jobs: JobStore, put: Put
) -> None:
    first = put("a.txt", "one")
    look(objects, cache, jobs)
    second = put("a.txt", "two")
    assert look(objects, cache, jobs).new == (second,)
    assert jobs.states([first, second]) == {first: JobState.PENDING, second: JobState.PENDING}


def test_a_flushed_redis_changes_nothing_and_is_taught_again(
    objects: ObjectStore, cache: SeenCache, jobs: JobStore, put: Put, redis_client: redis.Redis
) -> None:
    waiting, completed, failed = put("a.txt"), put("b.txt"), put("c.txt")
    look(objects, cache, jobs)
    end_jobs(jobs, completed=completed, failed=failed)
    redis_client.flushall()
    assert look(objects, cache, jobs) == Intake(listed=3, refused=0, new=())
    known = {key: redis_client.get(key) for key in redis_client.scan_iter("processed:*")}
    # A failed job is not remembered: whoever repairs it shall not have to repair Redis too.
    assert known == {f"processed:{waiting}": "processing", f"processed:{completed}": "completed"}


def test_a_dead_redis_changes_nothing(
    objects: ObjectStore, dead_cache: SeenCache, jobs: JobStore, put: Put, caplog: pytest.LogCaptureFixture
) -> None:
    etag = put("a.txt")
    assert look(objects, dead_cache, jobs) == Intake(listed=1, refused=0, new=(etag,))
    assert look(objects, dead_cache, jobs) == Intake(listed=1, refused=0, new=())
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_a_hint_for_a_file_that_was_reset_does_not_hide_its_job(
    objects: ObjectStore, cache: SeenCache, jobs: JobStore, put: Put, psql: psycopg.Connection
) -> None:
    completed, failed = put("a.txt"), put("b.txt")
    look(objects, cache, jobs)
    end_jobs(jobs, completed=completed, failed=failed)
    cache.remember([completed], JobState.COMPLETED)
    psql.execute("UPDATE processing_jobs SET status = 'pending'")
    assert look(objects, cache, jobs).new == ()
    assert set(jobs.take_pending(9)) == {completed, failed}


def test_a_file_without_a_usable_etag_is_logged_and_the_others_are_admitted(
    hasty_client: "S3Client",
    hasty_objects: ObjectStore,
    cache: SeenCache,
    jobs: JobStore,
    put: Put,
    caplog: pytest.LogCaptureFixture,
) -> None:
    put("a.txt")
    etag = put("b.txt")

    def spoil(parsed: dict[str, Any], **_: object) -> None:
        parsed["Contents"][0]["ETag"] = '"no, token"'

    hasty_client.meta.events.register("after-call.s3.ListObjectsV2", spoil)
    assert look(hasty_objects, cache, jobs) == Intake(listed=1, refused=1, new=(etag,))
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("Upload refused: a.txt: ETag ")


def test_s3_that_does_not_answer_admits_nothing(
    dead_objects: ObjectStore, cache: SeenCache, jobs: JobStore
) -> None:
    with pytest.raises(TransientError, match="S3 does not answer"):
        look(dead_objects, cache, jobs)
    assert jobs.count_pending() == 0


def test_postgres_that_does_not_answer_leaves_the_files_for_the_next_look(
    objects: ObjectStore, cache: SeenCache, jobs: JobStore, put: Put, database: str
) -> None:
    etag = put("a.txt")
    with JobStore.open(database, max_pool_size=1) as closed:
        pass
    with pytest.raises(TransientError, match="Postgres does not answer"):
        look(objects, cache, closed)
    assert cache.seen([etag]) == set()
    assert look(objects, cache, jobs).new == (etag,)


def test_a_hint_about_a_job_that_postgres_has_lost_hides_its_upload_for_ten_minutes_at_most(
    objects: ObjectStore, cache: SeenCache, jobs: JobStore, put: Put, redis_client: redis.Redis
) -> None:
    look(objects, cache, jobs)
    etag = put("a.txt")
    cache.remember([etag], JobState.COMPLETED)
    assert look(objects, cache, jobs).new == ()
    # As after ten minutes.
    redis_client.delete("processed-trusted")
    assert look(objects, cache, jobs).new == (etag,)


# --- Pace ---


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize(("took", "rest"), [(0.9, 0.0), (4.0, 36.0)])
def test_a_long_listing_may_wait_for_nine_times_as_long_as_it_took(took: float, rest: float) -> None:
    clock = Clock()
    pace = ListingPace(clock)
    assert not pace.may_wait()
    with pace.listing():
        clock.seconds += took
    assert pace.may_wait() is bool(rest)
    clock.seconds += rest
    assert not pace.may_wait()
