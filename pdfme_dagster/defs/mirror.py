"""The sensor ``mirror_sensor``: the partition of every ended job shows in Dagster how the job ended.

A run records its own partitions, but not when it dies after ending jobs, and a job may fail without any run.
Each ended job is compared once, in batches: a tick sends the same few queries however many jobs it compares.
Not here: ending jobs (batches.py, dispatch.py), or how events are stored and read (partition_events.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import dagster as dg

from pdfme_dagster.defs.partition_events import (
    Step,
    read_shown,
    record_failed,
    record_materialized,
    write_in_batches,
)
from pdfme_dagster.defs.statement_pdfs import ASSET_KEY, JOB_NAME, describe_completed, describe_failure
from pdfme_dagster.domain.job import CompletedJob, JobFailure, JobState
from pdfme_dagster.stores.ended_jobs import EndedJob, EndedJobs
from pdfme_dagster.stores.objects import ObjectStore

# Carried by the runs that stand for failures which no run could record.
MIRROR_TAG = "pdfme/mirror"
_SECONDS_BETWEEN = 10
_JOBS_PER_TICK = 1_000
_STORE_STEP = f"{ASSET_KEY.to_python_identifier()}.store"
# A run that only waits has ended no job.
_AT_WORK = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """What one look found: ``compared`` ended jobs; those whose partitions did not show it now do."""

    compared: int
    completed: int
    failed: int


def build_mirror_sensor() -> dg.SensorDefinition:
    """Return the sensor, running from the start."""

    @dg.sensor(
        name="mirror_sensor",
        minimum_interval_seconds=_SECONDS_BETWEEN,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Compares ended jobs with their partitions, and records what a dead run could not.",
    )
    def mirror_sensor(
        context: dg.SensorEvaluationContext,
        ended_jobs: dg.ResourceParam[EndedJobs],
        objects: dg.ResourceParam[ObjectStore],
    ) -> dg.SkipReason:
        done = mirror_ended_jobs(context.instance, ended_jobs, objects)
        if done.completed or done.failed:
            context.log.warning(
                f"partitions that did not show how their jobs ended: {done.completed} completed, "
                f"{done.failed} failed"
            )
        return dg.SkipReason(
            f"{done.compared} ended jobs compared; {done.completed + done.failed} partitions put right"
        )

    return mirror_sensor


def mirror_ended_jobs(instance: dg.DagsterInstance, jobs: EndedJobs, objects: ObjectStore) -> Mirrored:
    """Record for each ended job what its partition does not show yet.

    Dying at any place here costs nothing: what was recorded is found at the next look. Two at once would
    record the same twice, which shows the same.
    """
    write_in_batches()
    at_work = {run.run_id for run in instance.get_runs(dg.RunsFilter(statuses=_AT_WORK))}
    ended = jobs.unmirrored(live_runs=at_work, limit=_JOBS_PER_TICK)
    if not ended:
        return Mirrored(compared=0, completed=0, failed=0)
    shown = read_shown(instance, ASSET_KEY, [job.etag for job in ended])
    completed = [
        job for job in ended if job.state is JobState.COMPLETED and job.etag not in shown.materialized
    ]
    failed = [job for job in ended if job.state is JobState.FAILED and job.etag not in shown.failed]
    _record_completed(instance, completed, jobs, objects)
    _record_failed(instance, failed)
    jobs.note_mirrored(ended)
    return Mirrored(compared=len(ended), completed=len(completed), failed=len(failed))


def _record_completed(
    instance: dg.DagsterInstance, ended: Sequence[EndedJob], jobs: EndedJobs, objects: ObjectStore
) -> None:
    """Record materializations in the names of the runs that made the PDFs."""
    made: Mapping[str, CompletedJob] = {
        job.etag: job for job in jobs.completed_among([e.etag for e in ended])
    }
    for run_id, of_run in groupby(sorted(ended, key=_run_of), key=_run_of):
        known = (made[job.etag] for job in of_run if job.etag in made)
        record_materialized(
            instance, _step(run_id), {job.etag: describe_completed(job, objects) for job in known}
        )


def _record_failed(instance: dg.DagsterInstance, ended: Sequence[EndedJob]) -> None:
    """Record failures in the name of a failed run of their own: only a failed run makes partitions fail."""
    if not ended:
        return
    # Failed from the first, so that nothing waits for it should this process die now.
    run = instance.add_run(
        dg.DagsterRun(
            job_name=JOB_NAME, tags={MIRROR_TAG: str(len(ended))}, status=dg.DagsterRunStatus.FAILURE
        )
    )
    record_failed(instance, _step(run.run_id), {job.etag: describe_failure(_failure(job)) for job in ended})
    instance.report_run_failed(
        run,
        f"{len(ended)} files failed whose own runs could not say so: this run only stands for them; "
        "see their partitions, or the view failed_jobs",
    )


def _run_of(job: EndedJob) -> str:
    return job.run_id or ""


def _step(run_id: str) -> Step:
    return Step(run_id=run_id, job_name=JOB_NAME, step_key=_STORE_STEP, asset_key=ASSET_KEY)


def _failure(job: EndedJob) -> JobFailure:
    return JobFailure(etag=job.etag, key=job.key, code=job.error_code or "unknown", message=job.error_message)
