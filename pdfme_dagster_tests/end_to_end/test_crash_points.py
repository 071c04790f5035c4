"""A process killed at each named place of the code loses no file and makes none twice, over a real `up`.

Not here: services and programs that die from outside (test_outages.py).
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest

from pdfme_dagster.crash_points import CrashPoint
from pdfme_dagster.local.statement_samples import make_files
from pdfme_dagster_tests.end_to_end.chaos import await_successor, judge, pid_of, pool_of, upload
from pdfme_dagster_tests.end_to_end.conftest import Up, await_true, start_up
from pdfme_dagster_tests.recoveries import Recovery

POINTS: tuple[CrashPoint, ...] = get_args(CrashPoint)
# Passed by the sensor in the code server; all others by runs in the workers' pool.
OF_THE_TICK = {"after-listing", "after-insert", "after-partitions", "after-dispatch"}
FILES, BROKEN = 40, 2


@dataclass(frozen=True, slots=True)
class Armed:
    """A running `up` whose processes die where a file of this folder says so."""

    up: Up
    folder: Path

    def arm(self, point: str) -> None:
        """Let the next process that passes the point die."""
        (self.folder / point).touch()

    def await_crash(self, point: str) -> float:
        """Wait until a process has died there and another is in its place; return when it died."""
        tick = point in OF_THE_TICK
        server, pool = pid_of(self.up, "code-server"), pool_of(self.up)
        await_true(lambda: not (self.folder / point).exists(), f"a crash at {point}")
        died = time.monotonic()
        if tick:
            await_successor(self.up, "code-server", server)
        else:
            await_true(
                lambda: len(pool & pool_of(self.up)) < len(pool) == len(pool_of(self.up)), "a new worker"
            )
        return died


@pytest.fixture(scope="module")
def armed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Armed]:
    """One `up` for all crashes."""
    folder = tmp_path_factory.mktemp("crashes")
    home = tmp_path_factory.mktemp("armed") / "home"
    with start_up(home, PDFME_CRASH_FOLDER=str(folder)) as running:
        yield Armed(running, folder)


def test_tick_and_run_that_die_on_the_way_cost_only_time(armed: Armed, recoveries: list[Recovery]) -> None:
    crash(armed, recoveries, "after-insert", "after-cache")


@pytest.mark.chaos
@pytest.mark.parametrize("point", POINTS)
def test_crash_loses_no_file_and_makes_none_twice(
    point: CrashPoint, armed: Armed, recoveries: list[Recovery]
) -> None:
    crash(armed, recoveries, point)


def crash(armed: Armed, recoveries: list[Recovery], *points: CrashPoint) -> None:
    """Upload fresh files, let a process die at each point in turn, and see that all comes right."""
    what = ", ".join(points)
    for point in points:
        armed.arm(point)
    batch = upload(armed.up, what, make_files(FILES, broken=BROKEN, seed=hash_of(what)))
    since = min([armed.await_crash(point) for point in points])
    recovery, violations = judge(armed.up, batch, what=what, crashes=len(points), since=since)
    recoveries.append(recovery)
    assert violations == []
    assert (recovery.lost, recovery.duplicated) == (0, 0)


def hash_of(what: str) -> int:
    """Return a number that is the same for the same points in every session."""
    return int.from_bytes(what.encode()) % 1_000_000
