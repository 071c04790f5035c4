"""The broker behind the Celery run launcher: whether it takes runs at all, and whether it still has them.

Not here: the launcher itself, which is dagster-celery's and configured in dagster.yaml.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

_ANSWER_SECONDS = 2
# Gone with everything else when Redis loses its memory; without expiry, so that nothing but that removes it.
_MEMORY_KEY = "pdfme:remembers"


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


def fail_forgotten_runs(instance: dg.DagsterInstance) -> int:
    """Mark runs as failed whose messages a Redis that lost its memory no longer has; return how many.

    Dagster itself would wait for them as long as the longest run takes, while they fill every place. A message
    that was there all the same does no harm: a worker leaves a run alone that is marked as failed.
    """
    with _connect(instance) as connection:
        redis = getattr(connection.default_channel, "client", None) if connection else None
        if redis is None or redis.exists(_MEMORY_KEY):
            return 0
        waiting = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING]))
        for run in waiting:
            instance.report_run_failed(
                run, "The broker has lost its memory, and with it the message of this run."
            )
        # Last: should this process die before, the next tick does it again.
        redis.set(_MEMORY_KEY, "yes")
        return len(waiting)


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
