"""Runs whose process is gone are noticed, and only those: real workers, killed, stopped, busy, cut off.

Not here: what becomes of the files of such a run (test_uploads_sensor.py, ../end_to_end/).
"""

import logging
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest
from dagster._core.launcher import LaunchRunContext, WorkerStatus
from dagster._daemon.monitoring.run_monitoring import monitor_started_run

from pdfme_dagster.defs.heartbeats import read_heartbeat
from pdfme_dagster.defs.run_launcher import HeartbeatRunLauncher, Silence
from pdfme_dagster.defs.run_worker import run_worker
from pdfme_dagster.errors import ConfigurationError
from pdfme_dagster.local.ports import free_port, give_back
from pdfme_dagster.local.processes import ChildProcess, Program, Supervisor, inherited_environment
from pdfme_dagster.local.services import await_ready
from pdfme_dagster.local.valkey import Valkey
from pdfme_dagster_tests.defs.held_runs import held_job

# dagster-celery registers its task again for each launch, and Celery 5.7 says so.
pytestmark = pytest.mark.filterwarnings("ignore:Task name 'execute_job' is already registered")

ROOT = Path(__file__).parents[2]
TASK_ID = "dagster-celery/task_id"
_PATIENCE_SECONDS = 60.0
_NOTICED_SECONDS = 30.0


def test_silence_lasts_as_long_as_checks_find_the_same_heartbeat() -> None:
    silence = Silence(heartbeat=b"1", checked_at=100.0)
    for second in (103, 106, 109):
        silence = silence.check(b"1", second)
    assert silence.seconds == 9


def test_any_other_heartbeat_ends_the_silence_and_so_does_a_lost_one() -> None:
    silence = Silence(heartbeat=b"2", checked_at=100.0, seconds=11.0)
    assert silence.check(b"1", 105.0).seconds == 0
    assert silence.check(None, 105.0).seconds == 0


def test_check_after_a_long_sleep_counts_as_one_in_time() -> None:
    assert Silence(heartbeat=b"1", checked_at=100.0).check(b"1", 4000.0).seconds == 5


def test_worker_refuses_a_launcher_that_would_not_read_its_heartbeats(instance: dg.DagsterInstance) -> None:
    with pytest.raises(ConfigurationError, match="names DefaultRunLauncher as run_launcher"):
        run_worker(concurrency=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """An instance with our dagster.yaml, real worker processes, and the runs given to them."""

    instance: dg.DagsterInstance
    supervisor: Supervisor
    valkey: Valkey
    environment: dict[str, str]
    folder: Path

    @property
    def launcher(self) -> HeartbeatRunLauncher:
        """The instance's own."""
        launcher = self.instance.run_launcher
        assert isinstance(launcher, HeartbeatRunLauncher)
        return launcher

    def start(self, name: str) -> ChildProcess:
        """Start a worker for one run at a time."""
        command = (sys.executable, "-m", "pdfme_dagster.cli", "worker", "--concurrency", "1")
        return self.supervisor.start(
            Program(name=name, command=command, environment=self.environment, directory=ROOT)
        )

    def launch(self) -> str:
        """Launch a run that lasts until it is released."""
        origin = dg.reconstructable(held_job).get_python_origin()
        run = self.instance.create_run_for_job(
            held_job,
            run_config={"ops": {"compute": {"config": {"folder": str(self.folder)}}}},
            status=dg.DagsterRunStatus.STARTING,
            job_code_origin=origin,
        )
        self.launcher.launch_run(LaunchRunContext(dagster_run=run, workspace=None))
        return run.run_id

    def launch_started(self) -> str:
        """Launch a run and return when a worker has begun with it."""
        run_id = self.launch()
        await_true(lambda: self.status(run_id) is dg.DagsterRunStatus.STARTED, "the run's start")
        return run_id

    def release(self) -> None:
        """Let all runs end."""
        (self.folder / "release").touch()

    def find(self, run_id: str) -> dg.DagsterRun:
        """Read a run."""
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run

    def status(self, run_id: str) -> dg.DagsterRunStatus:
        """Read a run's status."""
        return self.find(run_id).status

    def worker_of(self, run_id: str) -> int:
        """Return the process that executes a run."""
        result = self.launcher.celery.AsyncResult(self.find(run_id).tags[TASK_ID])
        return int(result.info["pid"])

    def heartbeat(self, run_id: str) -> object:
        """Read a run's heartbeat."""
        return read_heartbeat(self.launcher._client, self.find(run_id).tags[TASK_ID])

    def monitor(self) -> None:
        """Do what Dagster's daemon does every five seconds to each run that has started."""
        started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
        nowhere: Any = None
        for record in self.instance.get_run_records(started):
            monitor_started_run(self.instance, nowhere, record, logging.getLogger("monitoring"))

    def await_healthy(self, run_id: str, *, heartbeats: int) -> None:
        """Monitor until a run has shown some more heartbeats; fail when it is found dead before."""
        seen = {None, self.heartbeat(run_id)}

        def beats_on() -> bool:
            self.monitor()
            assert self.status(run_id) is dg.DagsterRunStatus.STARTED
            seen.add(self.heartbeat(run_id))
            return len(seen) > heartbeats + 1

        await_true(beats_on, f"{heartbeats} heartbeats")

    def await_failure(self, run_id: str) -> None:
        """Monitor until a run is found dead."""

        def is_failed() -> bool:
            self.monitor()
            return self.status(run_id) is dg.DagsterRunStatus.FAILURE

        await_true(is_failed, "the run's failure")

    def await_success(self, *run_ids: str) -> None:
        """Wait until runs have ended well."""
        done = dg.DagsterRunStatus.SUCCESS
        await_true(lambda: all(self.status(run_id) is done for run_id in run_ids), "success")


@pytest.fixture
def workers(
    service_environment: dict[str, str],
    bucket: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Workers]:
    """No worker yet, with a broker of the test's own."""
    with start_valkey(tmp_path) as (supervisor, valkey):
        url = f"redis://:{valkey.password}@127.0.0.1:{valkey.port}/1"
        environment = service_environment | {
            "CELERY_BROKER_URL": url,
            "CELERY_RESULT_BACKEND": url,
            "MAX_CONCURRENT_RUNS": "4",
            "LOGS_BUCKET": bucket("logs"),
            "AWS_ENDPOINT_URL_S3": service_environment["S3_ENDPOINT_URL"],
            "DAGSTER_HOME": str(tmp_path),
        }
        (tmp_path / "dagster.yaml").write_bytes((ROOT / "dagster.yaml").read_bytes())
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with dg.DagsterInstance.get() as instance:
            yield Workers(
                instance=instance,
                supervisor=supervisor,
                valkey=valkey,
                environment=inherited_environment() | environment,
                folder=tmp_path,
            )


@contextmanager
def start_valkey(home: Path) -> Iterator[tuple[Supervisor, Valkey]]:
    """Start a server, and stop it with all that its supervisor started beside it."""
    supervisor = Supervisor(logs=home / "logs")
    port = free_port(0)
    valkey = Valkey(home=home, port=port, password="hedgehog2")
    try:
        await_ready(supervisor.start(valkey.program()), valkey.is_ready, time.monotonic() + 10)
        yield supervisor, valkey
    finally:
        supervisor.stop(set(supervisor.children) - {"valkey"}, seconds=1.0)
        supervisor.stop()
        give_back(port)


def await_true(holds: Callable[[], bool], what: str) -> None:
    """Return once ``holds``; fail with ``what`` after a minute."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"not within {_PATIENCE_SECONDS:.0f} s: {what}"
        time.sleep(0.2)


def kill_tree(process: psutil.Process) -> None:
    """Kill a process and all that it started, as a machine's end does."""
    for each in [*process.children(recursive=True), process]:
        each.kill()


def test_run_of_a_killed_worker_is_failed_within_30_seconds_and_no_other_run(workers: Workers) -> None:
    pids = {workers.start(name).identity.pid for name in ("one", "two")}
    lost, kept = workers.launch_started(), workers.launch_started()
    waiting = workers.launch()
    (killed,) = pids & {parent.pid for parent in psutil.Process(workers.worker_of(lost)).parents()}
    workers.await_healthy(lost, heartbeats=2)
    kill_tree(psutil.Process(killed))
    began = time.monotonic()
    workers.await_failure(lost)
    assert time.monotonic() - began < _NOTICED_SECONDS
    (event,) = workers.instance.all_logs(lost, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert "the process that executed this run is gone" in event.message
    workers.await_healthy(kept, heartbeats=1)
    # It waited in the broker, not in the worker that was killed.
    assert workers.status(waiting) is dg.DagsterRunStatus.STARTING
    workers.release()
    workers.await_success(kept, waiting)


def test_worker_that_was_asked_to_stop_ends_its_run_in_peace(workers: Workers) -> None:
    worker = workers.start("one")
    run_id = workers.launch_started()
    worker.popen.send_signal(signal.SIGTERM)
    await_true(lambda: "Warm shutdown" in worker.read_log_tail(), "the worker stopping")
    # More than the silence that would count as death.
    workers.await_healthy(run_id, heartbeats=5)
    workers.release()
    workers.await_success(run_id)
    assert worker.popen.wait(timeout=20) == 0


def test_pool_process_killed_alone_is_noticed_by_its_worker(workers: Workers) -> None:
    workers.start("one")
    run_id = workers.launch_started()
    psutil.Process(workers.worker_of(run_id)).kill()
    workers.await_failure(run_id)
    (event,) = workers.instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert "Celery task failed" in event.message


def test_broker_that_pauses_forgets_everything_or_crashes_fails_no_run(workers: Workers) -> None:
    workers.start("one")
    run_id = workers.launch_started()
    broker = workers.supervisor.children["valkey"]
    workers.await_healthy(run_id, heartbeats=1)
    broker.popen.send_signal(signal.SIGSTOP)
    try:
        # Each waits two seconds for an answer: more, in all, than the silence that would count as death.
        checks = [workers.launcher.check_run_worker_health(workers.find(run_id)) for _ in range(8)]
    finally:
        broker.popen.send_signal(signal.SIGCONT)
    assert {check.status for check in checks} == {WorkerStatus.RUNNING}
    assert all("no heartbeat can be read" in str(check.msg) for check in checks)
    workers.await_healthy(run_id, heartbeats=1)
    workers.launcher._client.flushall()
    workers.await_healthy(run_id, heartbeats=1)
    broker.popen.kill()
    broker.popen.wait()
    workers.monitor()
    again = workers.supervisor.start(broker.program)
    await_ready(again, workers.valkey.is_ready, time.monotonic() + 10)
    workers.await_healthy(run_id, heartbeats=5)
    workers.release()
    workers.await_success(run_id)
