"""A warm run worker: a Celery worker that executes whole Dagster runs, taken from the launcher's broker.

Not here: the launcher's settings; the worker reads the very same ones from dagster.yaml.
"""

import gc

from dagster import DagsterInstance
from dagster_celery.tasks import create_execute_job_task

from pdfme_dagster.defs.heartbeats import send_heartbeats
from pdfme_dagster.defs.partition_events import write_in_batches
from pdfme_dagster.defs.run_launcher import HeartbeatRunLauncher
from pdfme_dagster.errors import ConfigurationError

_RUNS_PER_PROCESS = 200  # bounds what a leak in a long-lived process can cost


def run_worker(*, concurrency: int) -> None:
    """Execute runs until stopped, ``concurrency`` at a time, each in a warm process of its own."""
    write_in_batches()
    launcher = _load_launcher()
    create_execute_job_task(launcher.celery)
    send_heartbeats(launcher.heartbeat_url)
    _warm_up()
    # What was loaded stays: collections need neither walk it nor, by marking it, unshare it.
    gc.freeze()
    launcher.celery.worker_main(
        [
            "worker",
            f"--concurrency={concurrency}",
            "--pool=prefork",
            f"--max-tasks-per-child={_RUNS_PER_PROCESS}",
            "--queues=dagster",
            "--loglevel=WARNING",
            "--without-gossip",
            "--without-mingle",
        ]
    )


def _load_launcher() -> HeartbeatRunLauncher:
    with DagsterInstance.get() as instance:
        launcher = instance.run_launcher
        if not isinstance(launcher, HeartbeatRunLauncher):
            raise ConfigurationError(
                f"dagster.yaml names {type(launcher).__name__} as run_launcher, not HeartbeatRunLauncher: "
                "use the dagster.yaml that came with this version"
            )
        return launcher


def _warm_up() -> None:
    """Load what every run needs before the pool forks, so that no run pays for it and all share it.

    Nothing here opens a connection or starts a thread: neither survives a fork.
    """
    import psycopg  # noqa: F401

    import pdfme_dagster.defs.statement_pdfs  # noqa: F401
    from pdfme_dagster.defs.resources import connect_client, read_renderer
    from pdfme_dagster.rendering import load_statement_renderer
    from pdfme_dagster.settings import Settings

    connect_client(Settings.from_environment().objects.endpoint_url)
    try:
        read_renderer()
    except ConfigurationError:
        # The tick and each run say what is wrong; a worker that is up serves as soon as it is repaired.
        load_statement_renderer()
