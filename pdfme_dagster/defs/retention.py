"""The nightly job ``retention``: what was done long ago leaves Dagster, and at last the job table.

Not here: which jobs and partitions those are (upkeep.py), or how Dagster keeps its history (history.py).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

import dagster as dg
from pydantic import Field

from pdfme_dagster.defs import history
from pdfme_dagster.defs.partitions import list_partitions, remove_partition
from pdfme_dagster.defs.retry_failed import RETRY_JOB_NAME
from pdfme_dagster.defs.statement_pdfs import JOB_NAME
from pdfme_dagster.settings import MAX_DAYS, Settings
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.job_reports import JobReports
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.objects import ObjectStore
from pdfme_dagster.upkeep import MirrorRetirement, Retirement, retire_jobs, retire_partitions

RETENTION_JOB_NAME = "retention"
# The runs whose history is ours to prune: others may share the instance.
_OUR_JOBS = (JOB_NAME, RETENTION_JOB_NAME, RETRY_JOB_NAME)
# 03:00 UTC: between a day's last uploads and the next day's first.
_NIGHTLY = "0 3 * * *"
_PROGRESS = 1_000


class RetentionConfig(dg.Config):
    """What a person may change for one run; the nightly one takes all as it is here."""

    dry_run: bool = Field(
        default=False, description="Only count what would go, history as if all partitions stayed."
    )
    days: int = Field(default=0, ge=0, le=MAX_DAYS, description="How many days are kept; 0: RETENTION_DAYS.")
    max_partitions: int = Field(
        default=5_000, ge=0, description="Partitions retired at most; 5,000 take one to two minutes."
    )
    max_runs: int = Field(default=1_000, ge=0, description="Ended runs deleted at most, with their events.")
    max_events: int = Field(
        default=100_000, ge=0, description="Events of retired partitions deleted at most, beyond those."
    )


@dataclass(frozen=True, slots=True)
class PartitionMirror:
    """An instance's partitions as upkeep.Mirror."""

    instance: dg.DagsterInstance

    def etags(self) -> Sequence[str]:
        """Return all, in the order of ranges."""
        return list_partitions(self.instance)

    def in_use(self) -> Collection[str]:
        """Return those that a live run or backfill may still ask for."""
        return history.find_used_partitions(self.instance)

    def remove(self, etag: str) -> None:
        """Remove one."""
        remove_partition(self.instance, etag)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """What left Dagster's history: ended ``runs``, and ``events`` of runs that stay."""

    runs: int
    events: int


def prune_history(
    instance: dg.DagsterInstance, reports: JobReports, config: RetentionConfig, *, before: datetime
) -> Pruning:
    """Delete what ended before then and no partition or open job needs: runs, then single events."""
    needed = history.find_shown_runs(instance) | reports.explaining_runs()
    old = history.find_old_runs(instance, job_names=_OUR_JOBS, before=before, needed=needed)
    # All are found before the first one goes: each page of runs begins where the one before has ended.
    runs = list(islice(old, config.max_runs))
    if config.dry_run:
        return Pruning(runs=len(runs), events=history.count_old_events(instance, before=before))
    for run_id in runs:
        instance.delete_run(run_id)
    return Pruning(
        runs=len(runs), events=history.delete_old_events(instance, before=before, most=config.max_events)
    )


@dg.op(out=dg.Out(dg.Nothing))
def retire(
    context: dg.OpExecutionContext,
    config: RetentionConfig,
    jobs: dg.ResourceParam[JobStore],
    reports: dg.ResourceParam[JobReports],
    cache: dg.ResourceParam[SeenCache],
    objects: dg.ResourceParam[ObjectStore],
) -> dg.Output[None]:
    """Retire partitions, then history, then jobs: a bucket that cannot be listed costs the last part only."""
    settings = Settings.from_environment()
    days = config.days or settings.retention.days
    mirrored = retire_partitions(
        PartitionMirror(context.instance),
        reports,
        jobs,
        days=days,
        most=config.max_partitions,
        dry_run=config.dry_run,
        on_progress=lambda done, due: _tell_progress(context, done, due),
    )
    context.log.info(_describe_partitions(mirrored, days, dry_run=config.dry_run))
    before = datetime.now(UTC) - timedelta(days=days)
    pruned = prune_history(context.instance, reports, config, before=before)
    if not config.dry_run:
        history.refresh_status(context.instance)
    context.log.info(_describe_history(pruned, days, dry_run=config.dry_run))
    forgotten = retire_jobs(
        reports,
        objects,
        cache,
        days=days,
        prefix=settings.objects.uploads_prefix,
        batch_size=settings.dispatch.batch_size,
        dry_run=config.dry_run,
    )
    context.log.info(_describe_jobs(forgotten, days, dry_run=config.dry_run))
    return dg.Output(None, metadata=_metadata(mirrored, pruned, forgotten, config, days))


@dg.job(
    name=RETENTION_JOB_NAME,
    description="Retires what was completed more than RETENTION_DAYS ago: partitions, history, jobs.",
)
def retention_job() -> None:
    """Run the one op."""
    retire()


nightly_retention = dg.ScheduleDefinition(
    name="nightly_retention",
    job=retention_job,
    cron_schedule=_NIGHTLY,
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


def _tell_progress(context: dg.OpExecutionContext, done: int, due: int) -> None:
    if done % _PROGRESS == 0 and done < due:
        context.log.info(f"{done:,} of {due:,} partitions retired")


def _describe_partitions(mirrored: MirrorRetirement, days: int, *, dry_run: bool) -> str:
    return (
        f"partitions: {mirrored.shown:,}, of which {mirrored.old:,} are of jobs completed more than {days} "
        f"days ago, or gone; {_would(dry_run, 'retired')}: {mirrored.removed:,}, "
        f"kept since runs use them: {mirrored.in_use:,}, left for another night: {mirrored.left:,}"
    )


def _describe_history(pruned: Pruning, days: int, *, dry_run: bool) -> str:
    return (
        f"runs ended more than {days} days ago that nothing refers to, {_would(dry_run, 'deleted')}: "
        f"{pruned.runs:,}; events of retired partitions {_would(dry_run, 'deleted')} in other runs: "
        f"{pruned.events:,}"
    )


def _describe_jobs(forgotten: Retirement, days: int, *, dry_run: bool) -> str:
    return (
        f"uploads listed: {forgotten.objects:,}; jobs completed more than {days} days ago: "
        f"{forgotten.old:,}, of which {_would(dry_run, 'forgotten')}: {forgotten.forgotten:,}, "
        f"kept since their uploads are still there: {forgotten.listed:,}"
    )


def _would(dry_run: bool, done: str) -> str:
    return f"would be {done}" if dry_run else done


def _metadata(
    mirrored: MirrorRetirement, pruned: Pruning, forgotten: Retirement, config: RetentionConfig, days: int
) -> dict[str, dg.MetadataValue]:
    numbers = {
        "days": days,
        "partitions_retired": mirrored.removed,
        "partitions_in_use": mirrored.in_use,
        "partitions_left": mirrored.left,
        "partitions_now": mirrored.shown - (0 if config.dry_run else mirrored.removed),
        "runs_deleted": pruned.runs,
        "events_deleted": pruned.events,
        "jobs_forgotten": forgotten.forgotten,
        "jobs_kept_since_listed": forgotten.listed,
    }
    shown: dict[str, dg.MetadataValue] = {name: dg.MetadataValue.int(each) for name, each in numbers.items()}
    return shown | {"dry_run": dg.MetadataValue.bool(config.dry_run)}
