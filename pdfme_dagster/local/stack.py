"""Everything `pdfme-dagster up` runs: the embedded services and Dagster's own processes, as one.

Not here: how a process is kept (processes.py), what a service is (postgres.py …), or anything of Dagster's
API: its processes are started as commands, like in production.
"""

import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from pdfme_dagster.domain.dispatch import WAITING_RUNS
from pdfme_dagster.errors import ServiceError
from pdfme_dagster.local.ports import LOOPBACK, free_port, give_back
from pdfme_dagster.local.processes import ChildProcess, ParentWatch, Program, inherited_environment
from pdfme_dagster.local.services import PREFERRED_PORTS, EmbeddedServices, await_ready, start_services
from pdfme_dagster.settings import Settings

UPLOADS_BUCKET, PDFS_BUCKET, LOGS_BUCKET = "uploads", "pdfs", "dagster-logs"
USUAL_PORTS: Mapping[str, int] = {"ui": 3000, "code": 4000, **PREFERRED_PORTS}
# On a laptop somebody is watching, and a listing costs nothing.
_POLL_INTERVAL = "5s"
_READY_SECONDS = 120.0
_REST_SECONDS = 0.2
_BROKER_DATABASE = 1
# What the user may decide; where the services are, the stack decides itself.
_KNOWN = (
    "UPLOADS_PREFIX",
    "POLL_INTERVAL",
    "BATCH_SIZE",
    "RATE_LIMIT_PER_SECOND",
    "MAX_FILES_PER_RUN",
    "RUN_WORKERS",
    "MAX_RETRIES",
    "RETRY_BACKOFF",
    "STUCK_PROCESSING_AFTER",
    "STUCK_PENDING_AFTER",
    "RETENTION_DAYS",
    "MAX_FILE_BYTES",
    "STATEMENT_CURRENCY",
    "FALLBACK_ENCODING",
    "PROFILES_DIR",
    "ON_BAD_STATEMENT",
    "ON_UNBALANCED",
    "TEMPLATES_DIR",
    "PDF_PASSWORD_SEED",
)
# For tests alone: crash_points.py.
_HOOKS = ("PDFME_CRASH_FOLDER",)
_FOLDERS = ("PROFILES_DIR", "TEMPLATES_DIR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A running stack: the UI, all ports by name, and the environment by which programs find the rest."""

    services: EmbeddedServices
    environment: Mapping[str, str]
    ui_url: str
    ports: Mapping[str, int]
    parent: ParentWatch

    @property
    def settings(self) -> Settings:
        """The settings that its programs run with."""
        return Settings.from_environment(self.environment)

    def rest(self) -> None:
        """Wait a moment, and start again what died in it."""
        time.sleep(_REST_SECONDS)
        self.services.supervisor.restart_dead()

    def keep(self) -> None:
        """Keep everything running until interrupted, or until whoever launched this process is gone."""
        self.services.supervise(_wait, self.parent)


@contextmanager
def run_stack(
    home: Path,
    *,
    environment: Mapping[str, str] = os.environ,
    on_step: Callable[[str], None] = lambda _: None,
    on_death: Callable[[ChildProcess], None] = lambda _: None,
) -> Iterator[Stack]:
    """Start everything, yield when the UI answers, and stop everything on the way out, however that is.

    Raises ConfigurationError before anything starts when a variable in ``environment``, a profile or a
    template is wrong, and ServiceError when the home is in use or something does not start.
    """
    _check(environment)
    parent = ParentWatch()
    on_step("Postgres, Valkey, S3")
    buckets = (UPLOADS_BUCKET, PDFS_BUCKET, LOGS_BUCKET)
    with start_services(home, buckets=buckets, on_death=on_death) as services:
        ports = {name: free_port(USUAL_PORTS[name]) for name in ("ui", "code")}
        try:
            complete = build_environment(services.home, services.environment(), environment)
            on_step("Dagster: code server, daemon, webserver, run workers")
            folder = _prepare_dagster_home(services.home, ports["code"])
            _Dagster(services=services, environment=complete, ports=ports, folder=folder).start()
            ui_url = f"http://{LOOPBACK}:{ports['ui']}"
            services.publish_address("Dagster UI", ui_url)
            yield Stack(
                services=services,
                environment=complete,
                ui_url=ui_url,
                ports=ports | services.endpoints.ports,
                parent=parent,
            )
        finally:
            services.stop()
            for port in ports.values():
                give_back(port)


def build_environment(
    home: Path, endpoints: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, str]:
    """Return what every program of the stack runs with: where things are, and the user's own settings."""
    chosen = {name: environment[name] for name in _KNOWN + _HOOKS if environment.get(name, "").strip()}
    workers = chosen.setdefault("RUN_WORKERS", str(os.cpu_count() or 1))
    chosen.setdefault("POLL_INTERVAL", _POLL_INTERVAL)
    # The programs run in a folder of their own.
    chosen |= {name: str(Path(chosen[name].strip()).absolute()) for name in _FOLDERS if name in chosen}
    broker = (
        f"redis://:{endpoints['REDIS_PASSWORD']}@{endpoints['REDIS_HOST']}:{endpoints['REDIS_PORT']}"
        f"/{_BROKER_DATABASE}"
    )
    return {
        **inherited_environment(),
        **endpoints,
        **chosen,
        "UPLOADS_BUCKET": UPLOADS_BUCKET,
        "PDFS_BUCKET": PDFS_BUCKET,
        "LOGS_BUCKET": LOGS_BUCKET,
        "AWS_ENDPOINT_URL_S3": endpoints["S3_ENDPOINT_URL"],
        "CELERY_BROKER_URL": broker,
        "CELERY_RESULT_BACKEND": broker,
        "MAX_CONCURRENT_RUNS": str(int(workers) + WAITING_RUNS),
        "DAGSTER_HOME": str(home / "dagster"),
        "DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS": "1",
        "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS": "300",
        "PYTHONUNBUFFERED": "1",
    }


def client_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what psql, aws and our own commands need of the stack's environment."""
    own = ("POSTGRES_", "REDIS_", "AWS_", "S3_", "CELERY_", "UPLOADS_", "PDFS_", "LOGS_")
    libpq = {
        "PGHOST": "POSTGRES_HOST",
        "PGPORT": "POSTGRES_PORT",
        "PGUSER": "POSTGRES_USER",
        "PGPASSWORD": "POSTGRES_PASSWORD",
        "PGDATABASE": "POSTGRES_DB",
    }
    return {name: value for name, value in environment.items() if name.startswith(own)} | {
        name: environment[ours] for name, ours in libpq.items()
    }


def _wait(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _check(environment: Mapping[str, str]) -> None:
    """Refuse a wrong setting, profile or template now, by its name, instead of in some process's log."""
    # Imported late: `upload` and `env` need none of it.
    from pdfme_dagster.parsing import load_profiles
    from pdfme_dagster.rendering import load_statement_renderer

    kept = {name: environment[name] for name in _KNOWN if name in environment}
    settings = Settings.from_environment(kept | {"POSTGRES_PASSWORD": "made up later"})
    statements, templates = settings.statements, settings.templates
    load_profiles(statements.profiles_dir, defaults=statements.profile_defaults())
    load_statement_renderer(templates.templates_dir, seed=templates.password_seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dagster:
    """Dagster's processes beside the services: code server, daemon, webserver, run workers."""

    services: EmbeddedServices
    environment: Mapping[str, str]
    ports: Mapping[str, int]
    folder: Path

    def start(self) -> None:
        self._run("migrate")
        module = ("-m", "pdfme_dagster.definitions", "--location-name", "pdfme_dagster")
        code = self._start("code-server", "dagster", "api", "grpc", *module, *self._listen("code"))
        workers = ("worker", "--concurrency", self.environment["RUN_WORKERS"])
        # All workers are this one program: whatever run they had been given died with the last of them.
        self._start("run-workers", "pdfme_dagster.cli", *workers, prepare=lambda: self._run("abandon-runs"))
        # Daemon and webserver look for the code once and then only every minute: start them when it is there.
        _await_listening(code, self.ports["code"])
        workspace = ("-w", str(self.folder / "workspace.yaml"))
        self._start("daemon", "dagster._daemon", "run", *workspace)
        webserver = self._start("webserver", "dagster_webserver", *self._listen("ui"), *workspace)
        _await_listening(webserver, self.ports["ui"])

    def _listen(self, name: str) -> tuple[str, ...]:
        return ("-h", LOOPBACK, "-p", str(self.ports[name]))

    def _start(self, name: str, *module: str, prepare: Callable[[], None] = lambda: None) -> ChildProcess:
        return self.services.start(replace(self._program(name, *module), restarts=True, prepare=prepare))

    def _run(self, command: str) -> None:
        """Run one of our own commands to its end."""
        program = self._program(command, "pdfme_dagster.cli", command)
        self.services.supervisor.run(program, seconds=_READY_SECONDS)

    def _program(self, name: str, *module: str) -> Program:
        command = (sys.executable, "-P", "-m", *module)
        return Program(name=name, command=command, environment=self.environment, directory=self.folder)


def _prepare_dagster_home(home: Path, code_port: int) -> Path:
    folder = home / "dagster"
    folder.mkdir(mode=0o700, exist_ok=True)
    shutil.copyfile(_find_dagster_yaml(), folder / "dagster.yaml")
    (folder / "workspace.yaml").write_text(
        "load_from:\n"
        "  - grpc_server:\n"
        f"      host: {LOOPBACK}\n"
        f"      port: {code_port}\n"
        "      location_name: pdfme_dagster\n"
    )
    return folder


def _find_dagster_yaml() -> Path:
    """Return the one dagster.yaml: at the repository's root, or where a wheel carries it."""
    package = Path(str(resources.files("pdfme_dagster")))
    for candidate in (package.parent / "dagster.yaml", package / "local" / "dagster.yaml"):
        if candidate.is_file():
            return candidate
    raise ServiceError(f"no dagster.yaml beside or in {package}: install pdfme-dagster again")


def _await_listening(child: ChildProcess, port: int) -> None:
    await_ready(child, lambda: _listens(port), time.monotonic() + _READY_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        connection.settimeout(1.0)
        return connection.connect_ex((LOOPBACK, port)) == 0
