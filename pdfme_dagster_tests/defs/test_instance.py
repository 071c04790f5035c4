"""Runs whose workers are known to be dead are ended in Dagster's books, and no other."""

import dagster as dg
import pytest

from pdfme_dagster.defs.instance import abandon_runs

HANDED_OUT = {dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING}


# A queued run cannot be made without a code location to queue it for.
STATUSES = [status for status in dg.DagsterRunStatus if status is not dg.DagsterRunStatus.QUEUED]


@pytest.mark.parametrize("status", STATUSES, ids=str)
def test_only_runs_handed_to_a_worker_are_abandoned(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus
) -> None:
    run = instance.add_run(dg.DagsterRun(job_name="statement_pdfs_job", status=status))
    abandoned = abandon_runs(instance)
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    assert abandoned == (1 if status in HANDED_OUT else 0)
    assert found.status is (dg.DagsterRunStatus.FAILURE if status in HANDED_OUT else status)
