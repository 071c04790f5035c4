"""A stack of its own for a benchmark: services, Dagster, run workers; files go in, the sensor is let loose.

Not here: what is measured (month_end.py, latency.py …), or the loop without Dagster (bare.py).
"""

import json
import os
import platform
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from pdfme_dagster.local.processes import Supervisor
from pdfme_dagster.local.stack import Stack, run_stack

_THREADS = 8
# Looking costs what is looked at: once a second, where the clock is not read from it.
_MOMENT_SECONDS = 1.0
_SAMPLE_SECONDS = 1.0
_LOCATION = {"repositoryLocationName": "pdfme_dagster", "repositoryName": "__repository__"}
_SENSORS = """
query Sensors($repository: RepositorySelector!) { sensorsOrError(repositorySelector: $repository) {
  ... on Sensors { results { id name sensorState { status } } } } }
"""
_START = """
mutation Start($sensor: SensorSelector!) { startSensor(sensorSelector: $sensor) {
  __typename ... on PythonError { message } } }
"""
_STOP = (
    """mutation Stop($id: String!) { stopSensor(id: $id) { __typename ... on PythonError { message } } }"""
)
_RUNS = """
query Runs($filter: RunsFilter!) { runsOrError(filter: $filter) { ... on Runs { results {
  runId status creationTime startTime endTime stepStats { stepKey startTime endTime } } } } }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """When a run and its steps began and ended, in epoch seconds."""

    created: float
    started: float
    ended: float
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Stage:
    """A running stack under a benchmark's control."""

    stack: Stack

    def put(self, files: Iterable[tuple[str, bytes]]) -> dict[str, str]:
        """Upload files; return the ETag of each name."""
        bucket = self.stack.settings.objects.uploads_bucket
        with (
            closing(self.stack.services.endpoints.s3.open_client()) as client,
            ThreadPoolExecutor(_THREADS) as threads,
        ):

            def put_one(file: tuple[str, bytes]) -> tuple[str, str]:
                answer = client.put_object(Bucket=bucket, Key=file[0], Body=file[1])
                return file[0], answer["ETag"].strip('"')

            return dict(threads.map(put_one, files))

    def stop_sensor(self) -> None:
        """Stop the uploads sensor and wait until no tick of it is under way."""
        sensors = self.ask(_SENSORS, repository=_LOCATION)["sensorsOrError"]["results"]
        (found,) = [each["id"] for each in sensors if each["name"] == "uploads_sensor"]
        self.ask(_STOP, id=found)
        self.await_true(lambda: not self.live_runs(), "runs are still on")

    def start_sensor(self) -> float:
        """Start the uploads sensor and return when that was, in epoch seconds."""
        moment = time.time()
        self.ask(_START, sensor=_LOCATION | {"sensorName": "uploads_sensor"})
        return moment

    def live_runs(self) -> bool:
        """Say whether any run is queued or under way."""
        live = ["NOT_STARTED", "QUEUED", "STARTING", "STARTED", "CANCELING"]
        return bool(self.ask(_RUNS, filter={"statuses": live})["runsOrError"]["results"])

    def runs_since(self, moment: float) -> list[Steps]:
        """Return the runs created since then, in order; those that only stand for failures have no steps."""
        results = self.ask(_RUNS, filter={"createdAfter": moment})["runsOrError"]["results"]
        return sorted((_read_run(run) for run in results if run["stepStats"]), key=lambda run: run.created)

    def watch_memory(self) -> "MemoryWatch":
        """Return what watches the memory of all run workers together."""
        return MemoryWatch(self.stack.services.supervisor.children["run-workers"].identity.pid)

    def list_pdfs(self) -> set[str]:
        """Return the key of every stored PDF."""
        bucket = self.stack.settings.objects.pdfs_bucket
        with closing(self.stack.services.endpoints.s3.open_client()) as client:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
            return {entry["Key"] for page in pages for entry in page.get("Contents", [])}

    def run_of(self, etag: str) -> Steps:
        """Return the run that ended this upload's job."""
        ((run_id,),) = self.query("SELECT run_id FROM processing_jobs WHERE file_hash = %s", etag)
        (run,) = self.ask(_RUNS, filter={"runIds": [run_id]})["runsOrError"]["results"]
        return _read_run(run)

    def await_ended(self, etags: Sequence[str]) -> None:
        """Wait until there are all these jobs, and none at all is open."""
        count = "SELECT count(*) FROM processing_jobs WHERE file_hash = ANY(%s)"
        none_open = "SELECT count(*) = 0 FROM processing_jobs WHERE status IN ('pending', 'processing')"
        self.await_true(
            lambda: self.query(count, list(etags))[0][0] == len(set(etags)), "uploads are not found"
        )
        self.await_true(lambda: bool(self.query(none_open)[0][0]), "jobs are open")

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask Postgres."""
        with psycopg.connect(self.stack.settings.postgres.conninfo, autocommit=True) as connection:
            cursor = connection.execute(sql.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def await_true(
        self, holds: Callable[[], bool], what: str, *, seconds: float = 3600, rest: float = _MOMENT_SECONDS
    ) -> None:
        """Return once it holds; TimeoutError with what it waited for."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(what)
            self.stack.services.supervisor.restart_dead()
            time.sleep(rest)

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """Ask the Dagster UI over GraphQL."""
        request = urllib.request.Request(
            f"{self.stack.ui_url}/graphql",
            data=json.dumps({"query": query, "variables": variables}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            body = json.load(answer)
        if body.get("errors"):
            raise RuntimeError(str(body["errors"]))
        return dict(body["data"])


@contextmanager
def open_stage(*, workers: int, **settings: str) -> Iterator[Stage]:
    """Start a stack in a new home, with so many run workers and these settings; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="pdfme-benchmark-") as folder:
        environment = {**os.environ, "POLL_INTERVAL": "5s", "RUN_WORKERS": str(workers), **settings}
        with run_stack(Path(folder, "home"), environment=environment) as stack:
            yield Stage(stack)


class MemoryWatch:
    """The most memory that a program and all its children held together while this was entered, in MiB.

    What processes share is counted once (PSS), where the system says so; else twice (RSS).
    """

    def __init__(self, pid: int) -> None:
        self.peak_mib = 0.0
        self._root = psutil.Process(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.peak_mib = max(self.peak_mib, self._measure())
            if self._over.wait(_SAMPLE_SECONDS):
                return

    def _measure(self) -> float:
        total = 0
        for process in (self._root, *self._root.children(recursive=True)):
            with suppress(psutil.Error):
                memory = process.memory_full_info()
                total += getattr(memory, "pss", memory.rss)
        return total / (1 << 20)


class CpuWatch:
    """The CPU seconds that each program of a stack used, children included, while this was entered."""

    def __init__(self, supervisor: Supervisor) -> None:
        self.seconds: dict[str, float] = {}
        self._programs = {name: child.identity.pid for name, child in supervisor.children.items()}

    def __enter__(self) -> "CpuWatch":
        self._before = self._measure()
        return self

    def __exit__(self, *exc: object) -> None:
        after = self._measure()
        self.seconds = {name: round(after[name] - self._before[name], 2) for name in after}

    def _measure(self) -> dict[str, float]:
        return {name: _cpu_seconds(psutil.Process(pid)) for name, pid in self._programs.items()}


def describe_machine() -> dict[str, object]:
    """Return what figures are worth little without."""
    return {"python": platform.python_version(), "cores": os.cpu_count(), "machine": platform.machine()}


def _cpu_seconds(root: psutil.Process) -> float:
    """Return what a process, its living children and their dead ones have used."""
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:4])
    return total


def _read_run(run: Mapping[str, Any]) -> Steps:
    steps: dict[str, float] = {}
    for step in run["stepStats"]:
        name = step["stepKey"].rpartition(".")[2]
        steps[name] = steps.get(name, 0.0) + step["endTime"] - step["startTime"]
    return Steps(created=run["creationTime"], started=run["startTime"], ended=run["endTime"], seconds=steps)
