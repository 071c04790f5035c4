"""The embedded Postgres: its cluster, its command, and when it is ready.

Not here: finding executables another account can run (postgres_binaries.py), or what lives in the database.
"""

import os
import pwd
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from pdfme_dagster.errors import ServiceError
from pdfme_dagster.local.ports import LOOPBACK
from pdfme_dagster.local.postgres_binaries import find_binaries
from pdfme_dagster.local.processes import Program, Supervisor

USER = "pdfme"
_ACCOUNT_INSTEAD_OF_ROOT = "nobody"
_MAX_CONNECTIONS = 200
_READY_LINE = 8
_INITDB_SECONDS = 120.0
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A cluster in ``<home>/postgres`` that listens on the loopback interface only.

    Postgres refuses to run as root: started by root, it belongs to and runs as an unprivileged account.
    """

    home: Path
    port: int
    password: str = field(repr=False)

    @property
    def cluster(self) -> Path:
        """The data directory."""
        return self.home / "postgres"

    def create_cluster(self, supervisor: Supervisor) -> None:
        """Create the data directory unless it exists; it appears whole or not at all."""
        if self.cluster.exists():
            return
        staging = self.home / "postgres.new"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
        with tempfile.TemporaryFile() as password:
            password.write(self.password.encode() + b"\n")
            password.seek(0)
            _give_away(staging, password.fileno())
            supervisor.run(self._initdb(staging), seconds=_INITDB_SECONDS, stdin=password)
        staging.rename(self.cluster)

    def program(self) -> Program:
        """Return how to run the server."""
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": str(_MAX_CONNECTIONS),
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return Program(
            name="postgres",
            command=(self._find("postgres"), "-D", _name_directory(self.cluster), *options),
            environment=_ENVIRONMENT,
            directory=self.cluster,
            stop_signal=signal.SIGINT,  # SIGTERM would wait for every client to leave
            user=_account(),
            restarts=True,
            prepare=self.remove_stale_pid_file,
        )

    def remove_stale_pid_file(self) -> None:
        """Remove ``postmaster.pid`` unless a live Postgres works here: a zombie's would block the start."""
        file = self.cluster / "postmaster.pid"
        if not file.exists():
            return
        words = file.read_text().split(maxsplit=1)
        pid = int(words[0]) if words and words[0].isdigit() else 0
        if _is_postgres_of(pid, self.cluster):
            raise ServiceError(f"Postgres (process {pid}) already runs in {self.cluster}: stop it first")
        file.unlink()

    def is_ready(self) -> bool:
        """Say whether the server accepts connections, as it notes itself in ``postmaster.pid``."""
        try:
            lines = (self.cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= _READY_LINE and lines[_READY_LINE - 1].strip() == "ready"

    def create_database(self, name: str) -> None:
        """Create a database unless it exists; raise ServiceError when the server does not let us in."""
        try:
            with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
                known = "SELECT 1 FROM pg_database WHERE datname = %s"
                if connection.execute(known, (name,)).fetchone() is None:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except psycopg.OperationalError as exc:
            raise ServiceError(
                f"Postgres in {self.cluster} does not accept the password of {self.home / 'secrets.json'}: "
                f"restore that file, or move {self.home} away to start empty ({exc})"
            ) from exc

    def conninfo(self, database: str) -> str:
        """Return a libpq connection string, password included."""
        return psycopg.conninfo.make_conninfo(
            host=LOOPBACK, port=self.port, user=USER, password=self.password, dbname=database
        )

    def _initdb(self, directory: Path) -> Program:
        options = ("-U", USER, "-A", "scram-sha-256", "--pwfile=/dev/stdin", "-E", "UTF8", "--locale=C")
        return Program(
            name="initdb",
            command=(self._find("initdb"), "-D", _name_directory(directory), *options),
            environment=_ENVIRONMENT,
            directory=directory,
            user=_account(),
        )

    def _find(self, executable: str) -> str:
        return str(find_binaries(self.home, user=_account()) / executable)


def _account() -> str | None:
    return _ACCOUNT_INSTEAD_OF_ROOT if os.geteuid() == 0 else None


def _give_away(directory: Path, password: int) -> None:
    """Let the account that runs Postgres own its directory and read the password once."""
    account = _account()
    if account is None:
        return
    try:
        entry = pwd.getpwnam(account)
        for target in (directory, password):
            os.chown(target, entry.pw_uid, entry.pw_gid)
    except (KeyError, OSError) as exc:
        raise ServiceError(
            f"Postgres does not run as root, and {directory} cannot be given to {account} ({exc}): "
            "start as an ordinary user"
        ) from exc


def _name_directory(directory: Path) -> str:
    """Return the name under which Postgres finds its directory, which is also its working directory.

    The account it runs as may be unable to pass through the directories above (a home below /root, 0700).
    A working directory opened by root stays usable all the same, and this is its name on Linux.
    """
    return "/proc/self/cwd" if _account() and sys.platform == "linux" else str(directory)


def _is_postgres_of(pid: int, cluster: Path) -> bool:
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or "postgres" not in process.name():
            return False
        return Path(process.cwd()) == cluster or str(cluster) in process.cmdline()
    except (psutil.Error, ValueError):
        return False
