"""Turns pending jobs into run requests: group commit, and taking back what dead runs held.

Not here: finding uploads (intake.py) or the arithmetic of batches (domain/dispatch.py). Everything is read
from the job table and Dagster's run storage at each tick, so a lost tick, run or message costs a tick's wait.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import dagster as dg

from pdfme_dagster.crash_points import crash_point
from pdfme_dagster.defs.partitions import add_partitions
from pdfme_dagster.defs.statement_pdfs import ASSET_KEY, DISPATCH_TAG, BatchConfig
from pdfme_dagster.domain.dispatch import admissible, plan_runs
from pdfme_dagster.domain.job import Release
from pdfme_dagster.settings import DispatchSettings
from pdfme_dagster.stores.jobs import JobStore

_RATE_WINDOW_SECONDS = 10
# A request whose run does not exist yet may still be on its way from a tick to the daemon.
_SUBMIT_SECONDS = 60
ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
LIVE = tuple(status for status in dg.DagsterRunStatus if status not in ENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """What was freed: ``released`` claims, and ``withdrawn`` jobs, handed to a run that never began.

    ``on_their_way`` counts requests that may still get their run.
    """

    released: tuple[Release, ...]
    withdrawn: frozenset[str]
    on_their_way: int


def dispatch_jobs(
    instance: dg.DagsterInstance, jobs: JobStore, settings: DispatchSettings, *, new: Sequence[str] = ()
) -> list[dg.RunRequest]:
    """Return the runs to start now. ``new`` uploads get their partitions even if they must wait."""
    with jobs.dispatching():
        taken = take_back(instance, jobs, settings)
        sizes = plan_runs(
            pending=_admissible(jobs, settings),
            live_runs=taken.on_their_way + instance.get_runs_count(dg.RunsFilter(statuses=list(LIVE))),
            workers=settings.run_workers,
            max_files=settings.max_files_per_run,
        )
        waiting = jobs.take_pending(sum(sizes)) if sizes else []
        if not (new or waiting):
            return []
        order = add_partitions(instance, [*new, *waiting])
        crash_point("after-partitions")
        waiting.sort(key=order.__getitem__)
        return [_request(jobs, batch, order) for batch in _cut(waiting, sizes)]


def take_back(instance: dg.DagsterInstance, jobs: JobStore, settings: DispatchSettings) -> TakenBack:
    """Free what ended, vanished or stuck runs held. Call it while ``dispatching``."""
    claiming = jobs.claiming_runs()
    gone = claiming - _live_runs(instance, claiming)
    released = jobs.release(sorted(gone)) if gone else []
    patience = settings.stuck_processing_seconds
    stuck = [run_id for run_id in jobs.stuck_runs(patience) if not _is_alive(instance, run_id)]
    if stuck:
        released += jobs.release_stuck(stuck, patience)
    lost, on_their_way = _find_lost(instance, jobs, settings)
    return TakenBack(
        released=tuple(released),
        withdrawn=frozenset(jobs.withdraw(lost) if lost else ()),
        on_their_way=on_their_way,
    )


def _is_alive(instance: dg.DagsterInstance, run_id: str) -> bool:
    from pdfme_dagster.defs.run_launcher import answers  # Celery takes a while to import

    run = instance.get_run_by_id(run_id)
    return run is not None and answers(instance, run)


def _find_lost(
    instance: dg.DagsterInstance, jobs: JobStore, settings: DispatchSettings
) -> tuple[list[UUID], int]:
    """Return the requests whose run ended or never came to be, and how many of the others have none yet."""
    requests = jobs.open_dispatches()
    if not requests:
        return [], 0
    runs = _runs_by_dispatch(instance, [request.dispatch_id for request in requests])
    lost: list[UUID] = []
    on_their_way = 0
    patience = min(_SUBMIT_SECONDS, settings.stuck_pending_seconds)
    for request in requests:
        status = runs.get(request.dispatch_id)
        if status is None and request.age_seconds < patience:
            on_their_way += 1
        elif status is None or status in ENDED:
            lost.append(request.dispatch_id)
    return lost, on_their_way


def _runs_by_dispatch(
    instance: dg.DagsterInstance, dispatch_ids: Sequence[UUID]
) -> dict[UUID, dg.DagsterRunStatus]:
    """Return the status of each request's run, a live one before an ended one when it was re-executed."""
    records = instance.get_run_records(
        dg.RunsFilter(tags={DISPATCH_TAG: [str(dispatch_id) for dispatch_id in dispatch_ids]})
    )
    runs = [record.dagster_run for record in records]
    runs.sort(key=lambda run: run.status not in ENDED)
    return {UUID(run.tags[DISPATCH_TAG]): run.status for run in runs}


def _live_runs(instance: dg.DagsterInstance, run_ids: Collection[str]) -> set[str]:
    if not run_ids:
        return set()
    runs = instance.get_runs(dg.RunsFilter(run_ids=sorted(run_ids), statuses=list(LIVE)))
    return {run.run_id for run in runs}


def _admissible(jobs: JobStore, settings: DispatchSettings) -> int:
    rate = settings.rate_limit_per_second
    return admissible(
        rate_per_second=rate,
        window_seconds=_RATE_WINDOW_SECONDS,
        recent=jobs.count_recent(_RATE_WINDOW_SECONDS) if rate else 0,
        pending=jobs.count_pending(),
    )


def _cut(etags: Sequence[str], sizes: Sequence[int]) -> Iterator[Sequence[str]]:
    start = 0
    for size in sizes:
        if batch := etags[start : start + size]:
            yield batch
        start += size


def _request(jobs: JobStore, etags: Sequence[str], order: dict[str, int]) -> dg.RunRequest:
    """Ask for one run: a range of partitions when they lie side by side, else a list of ETags."""
    dispatch_id = uuid4()
    jobs.dispatch(dispatch_id, etags)
    crash_point("after-dispatch")
    tags = {DISPATCH_TAG: str(dispatch_id), "pdfme/files": str(len(etags))}
    if order[etags[-1]] - order[etags[0]] + 1 == len(etags):
        ends = {
            "dagster/asset_partition_range_start": etags[0],
            "dagster/asset_partition_range_end": etags[-1],
        }
        return dg.RunRequest(tags=tags | ends)
    return dg.RunRequest(tags=tags, run_config=batch_run_config(BatchConfig(etags=list(etags))))


def batch_run_config(config: BatchConfig) -> dict[str, object]:
    """Return the run config that hands ``config`` to the asset's ``parse`` op."""
    return {"ops": {ASSET_KEY.to_python_identifier(): {"ops": {"parse": {"config": config.model_dump()}}}}}
