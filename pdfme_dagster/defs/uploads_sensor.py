"""The sensor ``uploads_sensor``: at each tick, admit what is new in the bucket and ask for runs.

Not here: how either is done (intake.py, dispatch.py). It keeps no cursor: the job table remembers.
"""

import dagster as dg

from pdfme_dagster.defs.broker import broker_trouble, fail_lost_runs
from pdfme_dagster.defs.dispatch import dispatch_jobs
from pdfme_dagster.defs.resources import read_profiles, read_renderer
from pdfme_dagster.defs.statement_pdfs import JOB_NAME
from pdfme_dagster.intake import Intake, ListingPace, admit_uploads
from pdfme_dagster.settings import DispatchSettings
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.objects import ObjectStore


def build_uploads_sensor(settings: DispatchSettings, pace: ListingPace | None = None) -> dg.SensorDefinition:
    """Return the sensor, running from the start and polling every ``settings.poll_seconds``.

    ``pace`` remembers how long listings take, by default those of this sensor.
    """
    pace = pace or ListingPace()

    @dg.sensor(
        name="uploads_sensor",
        job_name=JOB_NAME,
        minimum_interval_seconds=max(1, round(settings.poll_seconds)),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Finds uploads, one partition per ETag, and asks for runs over batches of them.",
    )
    def uploads_sensor(
        context: dg.SensorEvaluationContext,
        jobs: dg.ResourceParam[JobStore],
        cache: dg.ResourceParam[SeenCache],
        objects: dg.ResourceParam[ObjectStore],
    ) -> dg.SensorResult | dg.SkipReason:
        if pace.may_wait() and jobs.count_pending():
            intake = Intake(listed=0, refused=0, new=())
        else:
            with pace.listing():
                intake = admit_uploads(
                    objects, cache, jobs, max_retries=settings.max_retries, batch_size=settings.batch_size
                )
        # Refused here and not in the runs: until it is repaired, jobs wait instead of failing one by one.
        read_profiles()
        read_renderer()
        if trouble := broker_trouble(context.instance):
            return dg.SkipReason(f"{len(intake.new)} new uploads wait: {trouble}")
        fail_lost_runs(context.instance)
        requests = dispatch_jobs(context.instance, jobs, settings, new=intake.new)
        if requests:
            return dg.SensorResult(run_requests=requests)
        return dg.SkipReason(f"{intake}; no run needed")

    return uploads_sensor
