"""The job ``retry_failed_jobs``: chosen failed jobs are pending again, however their partitions lie.

Not here: the retry itself (upkeep.py), or the runs: the sensor makes a few at its next tick (dispatch.py),
where a backfill of scattered partitions would make one each.
"""

from collections import Counter
from collections.abc import Mapping

import dagster as dg
from pydantic import Field

from pdfme_dagster.domain.privacy import show_line
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.job_reports import JobChoice, JobReports
from pdfme_dagster.upkeep import retry_failed

RETRY_JOB_NAME = "retry_failed_jobs"
_SHOWN = 20


class RetryConfig(dg.Config):
    """Which failed jobs: those for which all that is given holds; all where nothing is."""

    error_code: str = Field(default="", description="Only those with this cause, like bad_amount.")
    organisation: str = Field(default="", description="Only this organisation's, like 900.")
    hashes: list[str] = Field(
        default_factory=list, description="Only these: ETags, which are the partitions' names too."
    )
    dry_run: bool = Field(default=False, description="Only count them by cause; change nothing.")

    def choice(self) -> JobChoice:
        """Return it as the job table's reports take it."""
        return JobChoice(
            code=self.error_code or None,
            organisation=self.organisation or None,
            etags=tuple(each.strip('"') for each in self.hashes) or None,
        )


@dg.op(out=dg.Out(dg.Nothing))
def retry(
    context: dg.OpExecutionContext,
    config: RetryConfig,
    reports: dg.ResourceParam[JobReports],
    cache: dg.ResourceParam[SeenCache],
) -> dg.Output[None]:
    """Send the chosen failed jobs back to pending and say why they had failed."""
    choice = config.choice()
    retried = retry_failed(reports, cache, choice, dry_run=config.dry_run)
    causes = dict(Counter(retried.values()).most_common())
    context.log.info(_describe(causes, dry_run=config.dry_run))
    others = [etag for etag in choice.etags or () if etag not in retried]
    if others:
        context.log.warning(_describe_others(others, reports))
    return dg.Output(
        None,
        metadata={
            "jobs": dg.MetadataValue.int(len(retried)),
            "left_alone": dg.MetadataValue.int(len(others)),
            "causes": dg.MetadataValue.json(causes),
            "dry_run": dg.MetadataValue.bool(config.dry_run),
        },
    )


@dg.job(
    name=RETRY_JOB_NAME,
    description="Sends failed jobs back to pending, all or chosen ones; the sensor makes few runs of them.",
)
def retry_failed_job() -> None:
    """Run the one op."""
    retry()


def _describe(causes: Mapping[str, int], *, dry_run: bool) -> str:
    total = sum(causes.values())
    told = (
        f"failed jobs that would be pending again: {total:,}; nothing is changed"
        if dry_run
        else f"failed jobs that are pending again: {total:,}; the sensor takes them at its next tick"
    )
    return "\n".join([told, *(f"{code}: {jobs:,}" for code, jobs in causes.items())])


def _describe_others(etags: list[str], reports: JobReports) -> str:
    states = reports.states(etags)
    names = ", ".join(f"{etag} ({states.get(etag, 'unknown')})" for etag in etags[:_SHOWN])
    more = f" and {len(etags) - _SHOWN:,} more" if len(etags) > _SHOWN else ""
    return f"not failed, left alone: {show_line(names)}{more}"
