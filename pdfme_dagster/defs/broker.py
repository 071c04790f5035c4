"""The broker behind the Celery run launcher: whether it takes runs at all, and whether it still has them.

Not here: the launcher itself (run_launcher.py), which is configured in dagster.yaml.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

_ANSWER_SECONDS = 2
# From a run's being marked as starting to its message: two writes apart, but a broker may be slow.
_SENDING_SECONDS = 60
# Gone with everything else when Redis loses its memory; without expiry, so that nothing but that removes it.
_MEMORY_KEY = "pdfme:remembers"
_FORGOTTEN = "The broker has lost its memory: no worker has the message of this run."
_STARTING = dg.DagsterRunStatus.STARTING


def broker_trouble(instance: dg.DagsterInstance) -> str | None:
    """Return why no run can be launched now, None when all is well or no broker is used.

    Runs asked for while the broker is down would fail one after the other: better to let jobs wait.
    """
    from kombu.exceptions import OperationalError

    try:
        with _connect(instance):
            return None
    except (OperationalError, OSError) as exc:
        return (
            f"the run workers' broker does not answer ({type(exc).__name__}); dispatch goes on when it does"
        )


def fail_lost_runs(instance: dg.DagsterInstance, *, clock: Callable[[], float] = time.time) -> int:
    """Mark starting runs as failed that no worker will ever start; return how many.

    Those of a Redis that lost its memory, those whose daemon died before it sent theirs, and those whose
    worker could not even say that it had begun, since Postgres was away. Dagster itself would wait for them
    as long as the longest run takes, while they fill every place. A message that was there all the same does
    no harm: a worker leaves a run alone that is marked as failed.
    """
    with _connect(instance) as connection:
        if connection is None:
            return 0
        redis: Any = getattr(connection.default_channel, "client", None)
        forgotten = redis is not None and not redis.exists(_MEMORY_KEY)
        starting = instance.get_run_records(dg.RunsFilter(statuses=[_STARTING]))
        whys = {
            record.dagster_run.run_id: why
            for record in starting
            if (why := _FORGOTTEN if forgotten else _why_lost(instance, record, clock()))
        }
        # Looked at once more, after its task had ended: one that is starting still has come to nothing.
        lost = [run for run_id in whys if (run := instance.get_run_by_id(run_id)) and run.status is _STARTING]
        for run in lost:
            instance.report_run_failed(run, whys[run.run_id])
        if forgotten:
            # Last: should this process die before, the next tick does it again.
            redis.set(_MEMORY_KEY, "yes")
        return len(lost)


def _why_lost(instance: dg.DagsterInstance, record: dg.RunRecord, now: float) -> str | None:
    """Return why a starting run will never start, None when it may.

    It has a task as soon as its message is sent, and the task has a result when a worker is through with it.
    """
    from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

    task_id = record.dagster_run.tags.get(DAGSTER_CELERY_TASK_ID_TAG)
    if task_id is None:
        late = now - record.update_timestamp.timestamp() > _SENDING_SECONDS
        return "The daemon died before it sent this run: no worker has its message." if late else None
    launcher: Any = instance.run_launcher
    ended = launcher.celery.AsyncResult(task_id).ready()
    return "The worker that took this run could not start it; see its log." if ended else None


@contextmanager
def _connect(instance: dg.DagsterInstance) -> Iterator[Any]:
    """Yield a kombu connection to the broker; None when runs are launched without one."""
    from dagster_celery.launcher import CeleryRunLauncher

    launcher = instance.run_launcher
    if not isinstance(launcher, CeleryRunLauncher):
        yield None
        return
    # A server that accepts and then says nothing is as bad as none: bound both.
    patience = {"socket_connect_timeout": _ANSWER_SECONDS, "socket_timeout": _ANSWER_SECONDS}
    with launcher.celery.connection_for_write(transport_options=patience) as connection:
        connection.ensure_connection(max_retries=0, timeout=_ANSWER_SECONDS)
        yield connection
