"""Years of month ends, a month at a time under a pretend clock: what Dagster remembers stays bounded.

Not here: a single night (test_retention.py). Runs are written down as they would have ended; no PDF is made.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import dagster as dg
import psycopg
import pytest
import redis

from pdfme_dagster.defs.dispatch import dispatch_jobs
from pdfme_dagster.defs.partition_events import Step, record_failed, record_materialized
from pdfme_dagster.defs.retention import RetentionConfig, retire
from pdfme_dagster.defs.statement_pdfs import ASSET_KEY, DISPATCH_TAG, JOB_NAME
from pdfme_dagster.domain.job import JobFailure
from pdfme_dagster.intake import admit_uploads
from pdfme_dagster.settings import Settings
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.job_reports import JobChoice, JobReports
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.objects import ObjectStore
from pdfme_dagster_tests.defs.clock import age
from pdfme_dagster_tests.stores.sample_jobs import make_completion

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FILES, DAYS_A_MONTH = 20, 30
# One file a month fails. It is made after all in the next month, but for each tenth, which nobody minds.
GIVEN_UP_EVERY = 10
# With 90 days: this month's and those of the three months before, and what was given up.
MONTHS_KEPT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """A bank that sends files each month, and the system that works on them; ``made`` counts per ETag."""

    instance: dg.DagsterInstance
    settings: Settings
    jobs: JobStore
    reports: JobReports
    cache: SeenCache
    objects: ObjectStore
    psql: psycopg.Connection
    s3: "S3Client"
    redis: redis.Redis
    made: dict[str, int] = field(default_factory=dict)

    def send(self, month: int) -> list[str]:
        """Upload the month's files; return their ETags."""
        bucket = self.settings.objects.uploads_bucket
        bodies = {f"{month:03}/900_{number:02}.txt": b"%d %d" % (month, number) for number in range(FILES)}
        answers = [self.s3.put_object(Bucket=bucket, Key=key, Body=body) for key, body in bodies.items()]
        return [answer["ETag"].strip('"') for answer in answers]

    def remove(self, month: int) -> None:
        """Remove that month's uploads."""
        names = [{"Key": f"{month:03}/900_{number:02}.txt"} for number in range(FILES)]
        self.s3.delete_objects(Bucket=self.settings.objects.uploads_bucket, Delete={"Objects": names})  # type: ignore[typeddict-item]

    def work(self, *, failing: str) -> set[str]:
        """Find uploads without Redis' help and end the runs that come of it; return what was new."""
        self.redis.flushdb()
        intake = admit_uploads(self.objects, self.cache, self.jobs, max_retries=3, batch_size=1000)
        for request in dispatch_jobs(self.instance, self.jobs, self.settings.dispatch, new=intake.new):
            self._run(request, failing)
        return set(intake.new)

    def _run(self, request: dg.RunRequest, failing: str) -> None:
        dispatch_id = request.tags[DISPATCH_TAG]
        handed = "SELECT file_hash FROM processing_jobs WHERE dispatch_id = %s AND status = 'pending'"
        etags = [etag for (etag,) in self.psql.execute(handed, (dispatch_id,))]
        good = [etag for etag in etags if etag != failing]
        status = dg.DagsterRunStatus.SUCCESS if good == etags else dg.DagsterRunStatus.FAILURE
        run = dg.DagsterRun(job_name=JOB_NAME, run_id=dispatch_id, status=status, tags=request.tags)
        self.instance.add_run(run)
        self.jobs.start(run.run_id, etags)
        self.jobs.complete(run.run_id, [make_completion(etag) for etag in good])
        step = Step(run_id=run.run_id, job_name=JOB_NAME, step_key="store", asset_key=ASSET_KEY)
        record_materialized(self.instance, step, {etag: {} for etag in good})
        if failing in etags:
            self.jobs.fail(run.run_id, [JobFailure(etag=failing, key="", code="bad_amount", message="12,3x")])
            record_failed(self.instance, step, {failing: {}})
        for etag in good:
            self.made[etag] = self.made.get(etag, 0) + 1

    def retire(self) -> None:
        """Do what the nightly job does."""
        retire(
            dg.build_op_context(instance=self.instance),
            RetentionConfig(),
            jobs=self.jobs,
            reports=self.reports,
            cache=self.cache,
            objects=self.objects,
        )

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        ((rows,),) = self.psql.execute(f"SELECT count(*) FROM {table}".encode())
        return int(rows)


@pytest.fixture
def bank(
    instance: dg.DagsterInstance,
    settings: Settings,
    jobs: JobStore,
    cache: SeenCache,
    objects: ObjectStore,
    s3: "S3Client",
    redis_client: redis.Redis,
    database: str,
) -> Iterator[Bank]:
    """A bank that has sent nothing yet."""
    with psycopg.connect(database, autocommit=True) as psql, JobReports.open(database) as reports:
        yield Bank(
            instance=instance,
            settings=settings,
            jobs=jobs,
            reports=reports,
            cache=cache,
            objects=objects,
            psql=psql,
            s3=s3,
            redis=redis_client,
        )


@pytest.mark.parametrize(
    ("months", "months_in_the_bucket"),
    [
        pytest.param(120, 120, id="ten-years-of-uploads-that-stay", marks=pytest.mark.chaos),
        pytest.param(20, 20, id="uploads-stay"),
        pytest.param(20, 6, id="uploads-are-removed"),
    ],
)
def test_history_stays_bounded_and_nothing_is_made_twice(
    bank: Bank, months: int, months_in_the_bucket: int
) -> None:
    failed: list[str] = []
    most = dict.fromkeys(("partitions", "runs", "events"), 0)
    for month in range(months):
        sent = bank.send(month)
        if failed and month % GIVEN_UP_EVERY:
            bank.reports.retry(JobChoice(etags=(failed[-1],)))
        failed.append(sent[0])
        # One that is listed and was forgotten would be new again.
        assert bank.work(failing=sent[0]) == set(sent)
        if month >= months_in_the_bucket:
            bank.remove(month - months_in_the_bucket)
        bank.retire()
        for name, table in (("partitions", "dynamic_partitions"), ("runs", "runs"), ("events", "event_logs")):
            most[name] = max(most[name], bank.count(table))
        age(bank.psql, days=DAYS_A_MONTH)
    given_up = months // GIVEN_UP_EVERY
    assert len(set(failed) - bank.made.keys()) == given_up
    assert set(bank.made.values()) == {1}
    assert len(bank.made) + given_up == months * FILES
    assert most["partitions"] <= MONTHS_KEPT * FILES + given_up
    assert most["runs"] <= MONTHS_KEPT + given_up
    # A materialization each; a failure is a planned event and the reason.
    assert most["events"] <= MONTHS_KEPT * (FILES + 2) + 2 * given_up
    assert bank.count("processing_jobs") <= months_in_the_bucket * FILES + given_up
