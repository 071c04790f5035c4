"""Whether runs can be handed to workers at all: the broker behind the Celery run launcher.

Not here: the launcher itself (run_launcher.py), which is configured in dagster.yaml.
"""

import dagster as dg

_ANSWER_SECONDS = 2


def broker_trouble(instance: dg.DagsterInstance) -> str | None:
    """Return why no run can be launched now, None when all is well or no broker is used.

    Runs asked for while the broker is down would fail one after the other: better to let jobs wait.
    """
    from dagster_celery.launcher import CeleryRunLauncher

    launcher = instance.run_launcher
    if not isinstance(launcher, CeleryRunLauncher):
        return None
    from kombu.exceptions import OperationalError

    # A server that accepts and then says nothing is as bad as none: bound both.
    patience = {"socket_connect_timeout": _ANSWER_SECONDS, "socket_timeout": _ANSWER_SECONDS}
    try:
        with launcher.celery.connection_for_write(transport_options=patience) as connection:
            connection.ensure_connection(max_retries=0, timeout=_ANSWER_SECONDS)
    except (OperationalError, OSError) as exc:
        return (
            f"the run workers' broker does not answer ({type(exc).__name__}); dispatch goes on when it does"
        )
    return None
