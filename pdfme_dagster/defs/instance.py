"""Looks after the Dagster instance itself: its tables, and runs whose workers are known to be dead.

Not here: taking back those runs' jobs, which the sensor does for every ended run (dispatch.py).
"""

import dagster as dg

_BEGUN = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def create_tables() -> None:
    """Create Dagster's tables unless they exist. Before anything else: two that try at once both fail."""
    with dg.DagsterInstance.get():
        pass


def abandon_runs() -> int:
    """Mark every run that had begun as failed and return how many; call it only while no worker lives."""
    with dg.DagsterInstance.get() as instance:
        runs = instance.get_runs(dg.RunsFilter(statuses=_BEGUN))
        for run in runs:
            instance.report_run_failed(run, "The run workers stopped while this run was on.")
        return len(runs)
