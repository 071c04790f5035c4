"""dagster-celery's run launcher, which also notices that the process executing a run is gone.

Not here: heartbeats themselves (heartbeats.py), or what becomes of the run's files (dispatch.py).
"""

import time
from dataclasses import dataclass, replace
from typing import Any

import dagster as dg
import redis

# Dagster documents run launchers to be subclassed, but exports these two from nowhere else.
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

from pdfme_dagster.defs.heartbeats import open_client, read_heartbeat

# Four heartbeats and more.
_DEAD_AFTER_SECONDS = 12.0
# Dagster checks every five seconds. What kept a check waiting for longer may have kept the worker too, a
# sleeping laptop or a paused machine: it proves no more than one in time.
_MOST_PER_CHECK_SECONDS = 5.0
_FORGET_SECONDS = 600.0  # nobody asks again after a run has ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """For how long a run has had the same last heartbeat, as far as checks can tell."""

    heartbeat: object
    checked_at: float
    seconds: float = 0.0

    def check(self, heartbeat: object, at: float) -> "Silence":
        """Return the silence after another look at the heartbeat; ``at`` is in monotonic seconds."""
        if heartbeat != self.heartbeat:
            return Silence(heartbeat=heartbeat, checked_at=at)
        waited = min(at - self.checked_at, _MOST_PER_CHECK_SECONDS)
        return replace(self, checked_at=at, seconds=self.seconds + waited)


class HeartbeatRunLauncher(CeleryRunLauncher):
    """Hands runs to Celery workers; needs Redis as result backend, where the workers' heartbeats are."""

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self.heartbeat_url = str(self.backend)
        self._client = open_client(self.heartbeat_url)
        self._silences: dict[str, Silence] = {}

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Say whether a started run is executed by anybody; when Redis cannot tell, that it is.

        Dagster asks this of started runs alone; one that waits in the broker has its start timeout.
        """
        task_id = run.tags.get(DAGSTER_CELERY_TASK_ID_TAG)
        if task_id is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "started outside of the run workers")
        # Before the question: a Redis that takes long to answer is no silence of the worker's.
        now = time.monotonic()
        try:
            heartbeat = read_heartbeat(self._client, task_id)
            known = super().check_run_worker_health(run)
        except redis.RedisError as exc:
            # The worker may not have been able to write either: what was heard so far proves nothing.
            self._silences.clear()
            return CheckRunHealthResult(WorkerStatus.RUNNING, f"no heartbeat can be read: {exc}")
        seconds = self._note(task_id, heartbeat, now)
        if known.status is WorkerStatus.FAILED:
            return known
        if seconds >= _DEAD_AFTER_SECONDS:
            return CheckRunHealthResult(
                WorkerStatus.FAILED,
                f"no heartbeat for {seconds:.0f} s: the process that executed this run is gone",
            )
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    def _note(self, task_id: str, heartbeat: object, now: float) -> float:
        """Return for how many seconds this has been the task's last heartbeat."""
        first = Silence(heartbeat=heartbeat, checked_at=now)
        silence = self._silences.get(task_id, first).check(heartbeat, now)
        recent = {
            each: kept for each, kept in self._silences.items() if now - kept.checked_at < _FORGET_SECONDS
        }
        self._silences = recent | {task_id: silence}
        return silence.seconds


def answers(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Say whether whoever executes a run shows signs of life; one that nobody can ask does not."""
    launcher = instance.run_launcher
    if not launcher.supports_check_run_worker_health:
        return False
    if isinstance(launcher, HeartbeatRunLauncher) and DAGSTER_CELERY_TASK_ID_TAG not in run.tags:
        return False
    return launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING
