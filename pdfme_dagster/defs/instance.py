"""Looks after the Dagster instance itself: its tables, and runs whose workers are known to be dead.

Not here: taking back those runs' jobs, which the sensor does for every ended run (dispatch.py).
"""

import dagster as dg

# One that is only starting may have its message in the broker still, or lost with it; nobody can tell. A
# worker that finds the message of a run marked as failed leaves it alone.
_HANDED_OUT = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def create_tables() -> None:
    """Create Dagster's tables unless they exist. Before anything else: two that try at once both fail."""
    with dg.DagsterInstance.get():
        pass


def abandon_runs(instance: dg.DagsterInstance) -> int:
    """Mark every run handed to a worker as failed and return how many; only while no worker lives."""
    runs = instance.get_runs(dg.RunsFilter(statuses=_HANDED_OUT))
    for run in runs:
        instance.report_run_failed(run, "The run workers stopped before this run had ended.")
    return len(runs)
