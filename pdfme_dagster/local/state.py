"""The two files a home directory is known by: ``state.json`` (who runs where) and ``secrets.json``.

Not here: acting on them (services.py).
"""

import json
import os
import secrets
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pdfme_dagster.errors import ServiceError
from pdfme_dagster.local.ports import LOOPBACK
from pdfme_dagster.local.processes import Identity

_STATE = "state.json"
_SECRETS = "secrets.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedProcess:
    """A child as the next supervisor must know it, to stop it if this one cannot."""

    identity: Identity
    stop_signal: signal.Signals


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What runs in a home: ``supervisor`` is None after a clean stop, ``ports`` are then the last ones."""

    supervisor: Identity | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    processes: Mapping[str, RecordedProcess] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_running(self) -> bool:
        """Whether the supervisor that wrote this still runs."""
        return self.supervisor is not None and self.supervisor.find() is not None

    def describe(self) -> str:
        """Say in one line where everything listens."""
        where = {name: f"{LOOPBACK}:{port}" for name, port in self.ports.items()} | dict(self.addresses)
        return ", ".join(f"{name} at {address}" for name, address in where.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Passwords of one home, made up once; only letters and digits, so they need no quoting anywhere."""

    postgres_password: str = field(repr=False)
    valkey_password: str = field(repr=False)
    s3_access_key: str = field(repr=False)
    s3_secret_key: str = field(repr=False)


def read_state(home: Path) -> State:
    """Return what ``state.json`` says; an empty state when there is none or it is unreadable."""
    try:
        return _parse_state(json.loads((home / _STATE).read_bytes()))
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return State()


def write_state(home: Path, state: State) -> None:
    """Replace ``state.json``, readable by us only."""
    _write_private(home / _STATE, asdict(state))


def read_secrets(home: Path) -> Secrets:
    """Return the passwords of a home; raise ServiceError when they are missing or unreadable."""
    path = home / _SECRETS
    try:
        return Secrets(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError) as exc:
        raise ServiceError(
            f"{path} cannot be read ({exc}): restore it, or move {home} away to start empty"
        ) from exc


def keep_secrets(home: Path) -> Secrets:
    """Return the passwords of a home, making them up when it is new."""
    if not (home / _SECRETS).exists():
        made_up = Secrets(
            postgres_password=secrets.token_hex(16),
            valkey_password=secrets.token_hex(16),
            s3_access_key=f"PDFME{secrets.token_hex(8).upper()}",
            s3_secret_key=secrets.token_hex(20),
        )
        _write_private(home / _SECRETS, asdict(made_up))
    return read_secrets(home)


def _parse_state(read: dict[str, Any]) -> State:
    supervisor = read["supervisor"]
    return State(
        supervisor=Identity(**supervisor) if supervisor else None,
        ports={str(name): int(port) for name, port in read["ports"].items()},
        processes={name: _parse_process(entry) for name, entry in read["processes"].items()},
        addresses={str(name): str(address) for name, address in read["addresses"].items()},
    )


def _parse_process(entry: dict[str, Any]) -> RecordedProcess:
    return RecordedProcess(
        identity=Identity(**entry["identity"]), stop_signal=signal.Signals(entry["stop_signal"])
    )


def _write_private(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file that is at no time partial, and at no time readable by anybody else."""
    staging = path.with_name(f".{path.name}.new")
    staging.unlink(missing_ok=True)
    with open(os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    staging.replace(path)
