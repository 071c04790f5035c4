"""The embedded Postgres, Valkey and S3 endpoint of one home, started, published and stopped together.

Not here: what each of them is (postgres.py, valkey.py, s3.py), nor which other processes belong to an `up`.
"""

import fcntl
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from pdfme_dagster.errors import ServiceError
from pdfme_dagster.local.ports import LOOPBACK, free_port, give_back, is_free
from pdfme_dagster.local.postgres import USER, Postgres
from pdfme_dagster.local.processes import (
    ChildProcess,
    Identity,
    ParentWatch,
    Program,
    Supervisor,
    stop_recorded,
)
from pdfme_dagster.local.s3 import REGION, S3
from pdfme_dagster.local.state import (
    RecordedProcess,
    Secrets,
    State,
    keep_secrets,
    read_secrets,
    read_state,
    write_state,
)
from pdfme_dagster.local.valkey import Valkey

PREFERRED_PORTS: Mapping[str, int] = {"postgres": 5432, "valkey": 6379, "s3": 9000}
_READY_SECONDS = 60.0
# All is gone within the ten seconds that people wait; the services' clients may use up this much of it.
_STOP_SECONDS = 8.0
_STOP_BESIDE_SECONDS = 5.0
_LOCK_SECONDS = 10.0
_POLL_SECONDS = 0.01
_TICK_SECONDS = 0.5
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """The three services of one home, as configured; they need not run."""

    database: str
    postgres: Postgres
    valkey: Valkey
    s3: S3

    @property
    def ports(self) -> dict[str, int]:
        """The port of each service by name."""
        return {"postgres": self.postgres.port, "valkey": self.valkey.port, "s3": self.s3.port}

    def environment(self) -> dict[str, str]:
        """Return the settings by which a program finds the services, passwords included."""
        return {
            "POSTGRES_HOST": LOOPBACK,
            "POSTGRES_PORT": str(self.postgres.port),
            "POSTGRES_USER": USER,
            "POSTGRES_PASSWORD": self.postgres.password,
            "POSTGRES_DB": self.database,
            "REDIS_HOST": LOOPBACK,
            "REDIS_PORT": str(self.valkey.port),
            "REDIS_PASSWORD": self.valkey.password,
            "S3_ENDPOINT_URL": self.s3.url,
            "AWS_ACCESS_KEY_ID": self.s3.access_key,
            "AWS_SECRET_ACCESS_KEY": self.s3.secret_key,
            "AWS_DEFAULT_REGION": REGION,
        }


class EmbeddedServices:
    """The running services of one home, and whatever else its caller starts beside them.

    Everything it starts is in ``state.json``, so that the next start finds what a killed one left behind.
    """

    def __init__(self, *, home: Path, lock: int, on_death: Callable[[ChildProcess], None]) -> None:
        self.home = home
        self.supervisor = Supervisor(
            logs=home / "logs", keep_open=(lock,), on_change=self._publish, on_death=on_death
        )
        self._lock = lock
        self._state = State(supervisor=Identity.of(os.getpid()), ports=read_state(home).ports)
        self._endpoints: Endpoints | None = None
        self._publish()

    @property
    def endpoints(self) -> Endpoints:
        """Where the services are."""
        if self._endpoints is None:
            raise ServiceError(f"the services of {self.home} are not running")
        return self._endpoints

    def environment(self) -> dict[str, str]:
        """Return the settings by which a program finds the services, passwords included."""
        return self.endpoints.environment()

    def start(self, program: Program) -> ChildProcess:
        """Start another program beside the services; it is published, and stopped before them."""
        return self.supervisor.start(program)

    def publish_address(self, name: str, address: str) -> None:
        """Tell a second start where something else of ours listens, say ``ui`` at an URL."""
        self._state = replace(self._state, addresses={**self._state.addresses, name: address})
        self._publish()

    def launch(self, endpoints: Endpoints, *, buckets: tuple[str, ...]) -> None:
        """Start the three services side by side; return when they answer and hold database and buckets."""
        self._state = replace(self._state, ports=endpoints.ports)
        s3 = self.start(endpoints.s3.program())
        valkey = self.start(endpoints.valkey.program())
        endpoints.postgres.create_cluster(self.supervisor)
        postgres = self.start(endpoints.postgres.program())
        deadline = time.monotonic() + _READY_SECONDS
        await_ready(postgres, endpoints.postgres.is_ready, deadline)
        endpoints.postgres.create_database(endpoints.database)
        await_ready(valkey, endpoints.valkey.is_ready, deadline)
        await_ready(s3, endpoints.s3.is_ready, deadline)
        endpoints.s3.create_buckets(buckets)
        self._endpoints = endpoints

    def supervise(self, wait: Callable[[float], bool], parent: ParentWatch) -> None:
        """Keep everything running until ``wait`` says so or the parent is gone; stop nothing.

        ``wait(seconds)`` waits at most that long and returns True to end the supervision.
        """
        while not (wait(_TICK_SECONDS) or parent.is_gone()):
            self.supervisor.restart_dead()

    def halt(self) -> None:
        """Stop all processes: first those beside the services, which may still need them."""
        deadline = time.monotonic() + _STOP_SECONDS
        beside = set(self.supervisor.children) - set(PREFERRED_PORTS)
        self.supervisor.stop(beside, seconds=_STOP_BESIDE_SECONDS)
        self.supervisor.stop(seconds=deadline - time.monotonic())

    def stop(self) -> None:
        """Stop everything, keep the data, and let go of the home."""
        if self._lock < 0:
            return
        self.halt()
        for port in self._state.ports.values():
            give_back(port)
        write_state(self.home, State(ports=self._state.ports))
        # Closed, not unlocked: a child that survived all this keeps the next start out.
        os.close(self._lock)
        self._lock, self._endpoints = -1, None

    def _publish(self) -> None:
        children = self.supervisor.children.items()
        processes = {
            name: RecordedProcess(identity=child.identity, stop_signal=child.program.stop_signal)
            for name, child in children
        }
        self._state = replace(self._state, processes=processes)
        write_state(self.home, self._state)

    def __enter__(self) -> "EmbeddedServices":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_services(
    home: Path,
    *,
    buckets: tuple[str, ...],
    database: str = "pdfme",
    preferred_ports: Mapping[str, int] = PREFERRED_PORTS,
    on_death: Callable[[ChildProcess], None] = lambda _: None,
) -> EmbeddedServices:
    """Start the services of a home, new or old; return when they are ready.

    The last ports are used again if free, then the preferred ones, then any. Orphans of a killed supervisor
    are stopped first. Raises ServiceError when the home is in use, saying where, or a service does not start.
    """
    home = _create_home(home)
    services = EmbeddedServices(home=home, lock=_lock_home(home), on_death=on_death)
    try:
        _launch(services, buckets=buckets, database=database, preferred_ports=preferred_ports)
    except BaseException:
        services.stop()
        raise
    return services


def find_endpoints(home: Path, *, database: str = "pdfme") -> Endpoints:
    """Return where the services of a home listen; raise ServiceError when they do not run."""
    state = read_state(home)
    if not state.is_running:
        raise ServiceError(f"no services run in {home}: start them with `pdfme-dagster up`")
    return _build_endpoints(home.resolve(), read_secrets(home), database, state.ports)


def _launch(
    services: EmbeddedServices, *, buckets: tuple[str, ...], database: str, preferred_ports: Mapping[str, int]
) -> None:
    secrets = keep_secrets(services.home)
    for attempt in range(1, _ATTEMPTS + 1):
        ports = _choose_ports(services.home, preferred_ports)
        try:
            services.launch(_build_endpoints(services.home, secrets, database, ports), buckets=buckets)
            return
        except ServiceError:
            services.halt()
            # Taken now means: somebody was quicker between our look and our server's. Then look again.
            if attempt == _ATTEMPTS or all(is_free(port) for port in ports.values()):
                raise


def _choose_ports(home: Path, preferred_ports: Mapping[str, int]) -> dict[str, int]:
    wished = {**PREFERRED_PORTS, **preferred_ports, **read_state(home).ports}
    return {name: free_port(wished[name]) for name in PREFERRED_PORTS}


def _build_endpoints(home: Path, secrets: Secrets, database: str, ports: Mapping[str, int]) -> Endpoints:
    return Endpoints(
        database=database,
        postgres=Postgres(home=home, port=ports["postgres"], password=secrets.postgres_password),
        valkey=Valkey(home=home, port=ports["valkey"], password=secrets.valkey_password),
        s3=S3(
            home=home,
            port=ports["s3"],
            access_key=secrets.s3_access_key,
            secret_key=secrets.s3_secret_key,
        ),
    )


def _create_home(home: Path) -> Path:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise ServiceError(f"cannot create {home} ({exc}): choose a directory you may write to") from exc
    return home.resolve()


def _lock_home(home: Path) -> int:
    """Return a locked file descriptor that means: nothing runs in this home but what its holder starts."""
    try:
        lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as exc:
        raise ServiceError(f"cannot open {home / 'lock'} ({exc}): start as the owner of {home}") from exc
    try:
        _await_lock(lock, home)
    except BaseException:
        os.close(lock)
        raise
    return lock


def _await_lock(lock: int, home: Path) -> None:
    """Take the lock, stopping what a killed supervisor left: each of its children holds the lock too."""
    deadline = time.monotonic() + _LOCK_SECONDS
    locked = _try_lock(lock)
    if locked or not read_state(home).is_running:
        _stop_orphans(home)
    while not (locked or _try_lock(lock)):
        state = read_state(home)
        if state.supervisor is not None and state.is_running:
            raise ServiceError(
                f"{home} is in use by process {state.supervisor.pid}, with {state.describe()}: "
                "stop that one first, or choose another directory"
            )
        if time.monotonic() > deadline:
            raise ServiceError(f"an unknown process holds {home / 'lock'}: stop it (`lsof` names it)")
        time.sleep(_POLL_SECONDS)


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stop_orphans(home: Path) -> None:
    processes = read_state(home).processes.values()
    stop_recorded((process.identity, process.stop_signal) for process in processes)


def await_ready(child: ChildProcess, is_ready: Callable[[], bool], deadline: float) -> None:
    """Wait until a child is ready; raise ServiceError with its last words when it dies or takes too long."""
    while child.exit_code is not None or not is_ready():
        if child.exit_code is not None or time.monotonic() > deadline:
            raise ServiceError(
                f"{child.program.name} did not become ready (exit code {child.exit_code}), "
                f"see {child.log}:\n{child.read_log_tail()}"
            )
        time.sleep(_POLL_SECONDS)
