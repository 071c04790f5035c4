"""A Dagster job that keeps its process busy until a file appears, for tests of whoever executes it."""

from pathlib import Path

import dagster as dg


class Hold(dg.Config):
    """Which folder the run is watched and ended through."""

    folder: str


@dg.op
def compute(config: Hold) -> None:
    """Compute, without a pause, until there is a file ``release``."""
    while not Path(config.folder, "release").exists():
        sum(range(100_000))


@dg.job(executor_def=dg.in_process_executor)
def held_job() -> None:
    """One op that does not end by itself."""
    compute()
