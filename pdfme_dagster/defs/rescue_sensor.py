"""The sensor ``rescue_sensor``: every few seconds, free the jobs that ended, dead or stuck runs still hold.

Not here: how that is found out (dispatch.take_back). The uploads sensor does the same before it dispatches,
but not while S3 is down; and it looks at states, so an event that Dagster never sent costs nothing.
"""

import dagster as dg

from pdfme_dagster.defs.dispatch import TakenBack, take_back
from pdfme_dagster.domain.job import JobState
from pdfme_dagster.settings import DispatchSettings
from pdfme_dagster.stores.jobs import JobStore

_SECONDS = 5


def build_rescue_sensor(settings: DispatchSettings) -> dg.SensorDefinition:
    """Return the sensor, running from the start."""

    @dg.sensor(
        name="rescue_sensor",
        minimum_interval_seconds=_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Frees the jobs of runs that failed, were cancelled or died, and of those that hang.",
    )
    def rescue_sensor(context: dg.SensorEvaluationContext, jobs: dg.ResourceParam[JobStore]) -> dg.SkipReason:
        with jobs.dispatching():
            taken = take_back(context.instance, jobs, settings)
        return dg.SkipReason(describe_taken(taken))

    return rescue_sensor


def describe_taken(taken: TakenBack) -> str:
    """Say in one line what was taken back."""
    if not (taken.released or taken.withdrawn):
        return "every claim belongs to a live run"
    ended = sum(release.state is not JobState.PENDING for release in taken.released)
    return (
        f"taken back from runs that ended before their jobs did: {len(taken.released)} jobs, of which "
        f"{ended} are out of retries; from runs that never began: {len(taken.withdrawn)}"
    )
