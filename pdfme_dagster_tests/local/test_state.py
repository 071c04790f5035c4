"""The state and secrets of a home: private, whole, and forgiving of what cannot be read."""

import os
import signal
import stat
from pathlib import Path

import pytest

from pdfme_dagster.errors import ServiceError
from pdfme_dagster.local.processes import Identity
from pdfme_dagster.local.state import (
    RecordedProcess,
    State,
    keep_secrets,
    read_secrets,
    read_state,
    write_state,
)


def recorded_state() -> State:
    return State(
        supervisor=Identity.of(os.getpid()),
        ports={"postgres": 5432},
        processes={
            "postgres": RecordedProcess(identity=Identity(pid=7, create_time=1.5), stop_signal=signal.SIGINT)
        },
        addresses={"ui": "http://127.0.0.1:3000"},
    )


def test_state_reads_as_written(tmp_path: Path) -> None:
    write_state(tmp_path, recorded_state())
    assert read_state(tmp_path) == recorded_state()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff", b'{"supervisor": {"pid": 1}}'])
def test_unreadable_state_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state.json").write_bytes(content)
    assert read_state(tmp_path) == State()


def test_state_runs_as_long_as_its_supervisor() -> None:
    assert recorded_state().is_running
    assert not State().is_running
    assert not State(supervisor=Identity(pid=os.getpid(), create_time=1.0)).is_running


def test_state_says_where_everything_listens() -> None:
    assert recorded_state().describe() == "postgres at 127.0.0.1:5432, ui at http://127.0.0.1:3000"


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_both_files_are_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        keep_secrets(tmp_path)
        write_state(tmp_path, State())
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"secrets.json": 0o600, "state.json": 0o600}


def test_secrets_are_made_up_once_per_home(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert keep_secrets(tmp_path) == keep_secrets(tmp_path) == read_secrets(tmp_path)
    assert keep_secrets(tmp_path).postgres_password != keep_secrets(tmp_path / "other").postgres_password


def test_secrets_are_not_printed(tmp_path: Path) -> None:
    secrets = keep_secrets(tmp_path)
    assert secrets.postgres_password not in repr(secrets)
    assert secrets.s3_access_key not in repr(secrets)


def test_damaged_secrets_are_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{}")
    with pytest.raises(ServiceError, match=r"restore it, or move .* away"):
        keep_secrets(tmp_path)
