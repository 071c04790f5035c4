"""The command line as a user starts it: real processes, real Dagster, a home of the test's own.

Not here: anything that knows the package from inside; these tests only see what a user sees.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pdfme_dagster.local.services import Endpoints, find_endpoints
from pdfme_dagster.local.state import read_state

COMMAND = (sys.executable, "-m", "pdfme_dagster.cli")
READY = "Everything keeps running"
_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Up:
    """A running `up`, as seen from outside."""

    process: subprocess.Popen[str]
    home: Path
    printed: list[str]

    @property
    def endpoints(self) -> Endpoints:
        """Where its services listen."""
        return find_endpoints(self.home)

    @property
    def ui_url(self) -> str:
        """The address of its Dagster UI."""
        return read_state(self.home).addresses["Dagster UI"]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask its Postgres, as psql would."""
        with psycopg.connect(self.endpoints.postgres.conninfo("pdfme"), autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def graphql(self, query: str, **variables: object) -> dict[str, Any]:
        """Ask its Dagster UI, as a browser would."""
        request = urllib.request.Request(
            f"{self.ui_url}/graphql",
            data=json.dumps({"query": query, "variables": variables}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            body = json.load(answer)
        assert "errors" not in body, body
        return dict(body["data"])

    def stop(self, signal_number: int) -> None:
        """Send a signal and wait until the process is gone."""
        self.process.send_signal(signal_number)
        self.printed.extend(self.process.communicate(timeout=60)[0].splitlines())


def await_true(holds: Callable[[], bool], what: str, *, seconds: float = _PATIENCE_SECONDS) -> None:
    """Return once ``holds``; fail with ``what`` after so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.5)


@contextmanager
def start_up(home: Path, **settings: str) -> Iterator[Up]:
    """Start `up` in a home and yield when it says that it runs; kill it if the test did not stop it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DAGSTER_")}
    process = subprocess.Popen(
        [*COMMAND, "up", "--home", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=inherited | {"RUN_WORKERS": "2", "POLL_INTERVAL": "1s", "COLUMNS": "160"} | settings,
    )
    printed: list[str] = []
    assert process.stdout is not None
    try:
        for line in process.stdout:
            printed.append(line.rstrip())
            if READY in line:
                break
        assert process.poll() is None, "\n".join(printed)
        yield Up(process, home, printed)
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=60)
        process.stdout.close()


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One `up` for all tests that leave it running."""
    with start_up(tmp_path_factory.mktemp("up") / "home") as running:
        yield running
