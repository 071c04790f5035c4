"""A service or a program that dies, hangs or forgets in the middle of 500 files loses none, over a real `up`.

Not here: crashes at chosen places of the code (test_crash_points.py), or an S3 that answers wrongly
(../defs/test_s3_faults.py).
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil
import pytest
import redis

from pdfme_dagster.local.statement_samples import make_files
from pdfme_dagster_tests.end_to_end.chaos import await_successor, judge, pid_of, upload
from pdfme_dagster_tests.end_to_end.conftest import Up, await_true, start_up
from pdfme_dagster_tests.recoveries import Recovery

pytestmark = pytest.mark.chaos

FILES, BROKEN = 500, 5
_HANG_SECONDS = 20.0
_REDIS_SECONDS = 60.0
_BROKER_DATABASE = 1


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One `up` for all outages, with runs small enough that some wait for a worker."""
    with start_up(tmp_path_factory.mktemp("outages") / "home", MAX_FILES_PER_RUN="60") as running:
        yield running


Outage = Callable[[Up], int]


@contextmanager
def stopped(up: Up, name: str) -> Iterator[None]:
    """Within, a program's clock stands still."""
    process = psutil.Process(pid_of(up, name))
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def kill(*names: str) -> Outage:
    """Return an outage: kill these programs, all at once, and wait for their successors."""

    def strike(up: Up) -> int:
        pids = {name: pid_of(up, name) for name in names}
        for pid in pids.values():
            psutil.Process(pid).kill()
        for name, pid in pids.items():
            await_successor(up, name, pid)
        return len(names)

    return strike


def hang(name: str, seconds: float) -> Outage:
    """Return an outage: let a program stand still for a while."""

    def strike(up: Up) -> int:
        with stopped(up, name):
            time.sleep(seconds)  # the outage itself, nothing to observe
        return 0

    return strike


def keep_killing(name: str, seconds: float) -> Outage:
    """Return an outage: for a while, kill a program as often as it is started."""

    def strike(up: Up) -> int:
        end, killed = time.monotonic() + seconds, set()
        while time.monotonic() < end:
            with suppress(psutil.Error):
                process = psutil.Process(pid_of(up, name))
                if process.pid not in killed:
                    process.kill()
                    killed.add(process.pid)
            time.sleep(0.1)
        await_true(lambda: pid_of(up, name) not in killed, f"another {name}")
        return len(killed)

    return strike


def flush_redis(up: Up) -> int:
    """Empty the cache and the broker at once while runs wait in its queue.

    Workers take runs from there as fast as they come, so they are stopped meanwhile.
    """
    valkey = up.endpoints.valkey
    address = f"redis://:{valkey.password}@127.0.0.1:{valkey.port}/{_BROKER_DATABASE}"
    with redis.Redis.from_url(address) as broker, stopped(up, "run-workers"):
        await_true(lambda: broker.llen("dagster") > 0, "a run in the queue")
        broker.flushall()
    return 0


OUTAGES: dict[str, Outage] = {
    "Redis hangs for a minute": hang("valkey", _REDIS_SECONDS),
    "Redis is killed for a minute": keep_killing("valkey", _REDIS_SECONDS),
    "Redis forgets all, runs in its queue too": flush_redis,
    "Postgres is killed": kill("postgres"),
    "S3 is killed": kill("s3"),
    "S3 hangs for 20 seconds": hang("s3", _HANG_SECONDS),
    "the daemon is killed": kill("daemon"),
    "the code server is killed": kill("code-server"),
    "the webserver is killed": kill("webserver"),
    "all run workers are killed": kill("run-workers"),
    "all of Dagster is killed": kill("daemon", "code-server", "webserver", "run-workers"),
}


@pytest.mark.parametrize("what", OUTAGES)
def test_outage_in_the_middle_of_a_batch_loses_no_file(
    what: str, stack: Up, recoveries: list[Recovery]
) -> None:
    seed = list(OUTAGES).index(what)
    batch = upload(stack, f"outage {seed}", make_files(FILES, broken=BROKEN, seed=seed))
    await_work(stack)
    crashes = OUTAGES[what](stack)
    recovery, violations = judge(stack, batch, what=what, crashes=crashes, since=time.monotonic())
    recoveries.append(recovery)
    assert violations == []
    assert (recovery.lost, recovery.duplicated) == (0, 0)


def await_work(up: Up) -> None:
    """Wait until a run is at work and files are left for others."""
    working = "SELECT count(*) FROM processing_jobs WHERE status = 'processing'"
    await_true(lambda: up.query(working) != [(0,)], "a run at work")
