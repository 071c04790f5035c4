"""The code location: everything Dagster loads. Loading does no work and needs no environment variable."""

import dagster as dg

from pdfme_dagster.defs.handoff import handoff
from pdfme_dagster.defs.mirror import build_mirror_sensor
from pdfme_dagster.defs.rescue_sensor import build_rescue_sensor
from pdfme_dagster.defs.resources import (
    EndedJobsResource,
    JobReportsResource,
    JobStoreResource,
    ObjectStoreResource,
    SeenCacheResource,
)
from pdfme_dagster.defs.retention import nightly_retention, retention_job
from pdfme_dagster.defs.retry_failed import retry_failed_job
from pdfme_dagster.defs.statement_pdfs import JOB_NAME, build_statement_pdfs
from pdfme_dagster.defs.uploads_sensor import build_uploads_sensor
from pdfme_dagster.settings import DispatchSettings


@dg.definitions
def defs() -> dg.Definitions:
    """Connect the asset, the jobs, the sensors, the schedule and the resources."""
    settings = DispatchSettings.from_environment()
    statement_pdfs = build_statement_pdfs(max_files_per_run=settings.max_files_per_run)
    job = dg.define_asset_job(JOB_NAME, selection=[statement_pdfs])
    return dg.Definitions(
        assets=[statement_pdfs],
        jobs=[job, retention_job, retry_failed_job],
        sensors=[build_uploads_sensor(settings), build_rescue_sensor(settings), build_mirror_sensor()],
        schedules=[nightly_retention],
        resources={
            "jobs": JobStoreResource(),
            "reports": JobReportsResource(),
            "ended_jobs": EndedJobsResource(),
            "cache": SeenCacheResource(),
            "objects": ObjectStoreResource(),
            "handoff": handoff,
        },
        # A run is the unit of parallelism: within it the three ops share one warm process.
        executor=dg.in_process_executor,
    )
