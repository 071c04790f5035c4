"""Hundreds of failed jobs that an operator retries go in few runs, however they lie among the others."""

from typing import Any

import dagster as dg

from pdfme_dagster.defs.dispatch import dispatch_jobs
from pdfme_dagster.defs.partitions import add_partitions
from pdfme_dagster.domain.job import JobFailure, JobState
from pdfme_dagster.domain.upload import Upload
from pdfme_dagster.settings import DispatchSettings, Settings
from pdfme_dagster.stores.job_reports import JobChoice, JobReports
from pdfme_dagster.stores.jobs import JobStore


def test_400_scattered_retries_go_in_one_run_a_worker(
    instance: dg.DagsterInstance, jobs: JobStore, settings: Settings
) -> None:
    etags = [f"{number:032x}" for number in range(1200)]
    scattered = etags[::3]
    jobs.admit(
        [Upload(etag=etag, key=f"900_{etag}", size_bytes=1) for etag in etags],
        max_retries=3,
        batch_size=5000,
    )
    jobs.start("run-1", etags)
    jobs.fail("run-1", [JobFailure(etag=etag, key="", code="late", message="no") for etag in etags])
    add_partitions(instance, etags)
    with JobReports.open(settings.postgres.conninfo) as reports:
        assert len(reports.retry(JobChoice(etags=tuple(scattered)))) == 400
    requests = dispatch_jobs(instance, jobs, DispatchSettings.from_environment({"RUN_WORKERS": "2"}))
    assert 1 <= len(requests) <= 4  # workers, and what may wait for them
    taken = [etag for request in requests for etag in _read_etags(request)]
    assert sorted(taken) == scattered
    assert jobs.count_states(etags) == {JobState.PENDING: 400, JobState.FAILED: 800}


def _read_etags(request: dg.RunRequest) -> list[str]:
    config: Any = request.run_config
    etags: list[str] = config["ops"]["statement_pdfs"]["ops"]["parse"]["config"]["etags"]
    return etags
