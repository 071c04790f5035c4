"""The services of a home together: one start, one stop, and nothing lost in between, however rude."""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from pdfme_dagster.errors import ServiceError
from pdfme_dagster.local import services as services_module
from pdfme_dagster.local.ports import LOOPBACK
from pdfme_dagster.local.processes import ParentWatch, Program, _find
from pdfme_dagster.local.services import EmbeddedServices, Endpoints, find_endpoints, start_services
from pdfme_dagster.local.state import read_state
from pdfme_dagster_tests.local.hold_services import ANY_PORTS

PROJECT = Path(__file__).parents[2]
BUCKETS = ("uploads", "pdfs")


@pytest.fixture(scope="module")
def created(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home, with a space in its name, that was started and stopped once."""
    home = tmp_path_factory.mktemp("created") / "my home"
    with start(home):
        pass
    return home


@pytest.fixture
def home(created: Path) -> Iterator[Path]:
    """The same home for each test, which must leave it stopped: a cluster of its own would cost seconds."""
    yield created
    assert find_processes(created) == []


def start(home: Path, **options: object) -> EmbeddedServices:
    return start_services(home, buckets=BUCKETS, preferred_ports=ANY_PORTS, **options)  # type: ignore[arg-type]


@contextmanager
def supervisor_process(
    home: Path, *options: str, python: str = sys.executable, **popen: object
) -> Iterator[subprocess.Popen[str]]:
    """Run a supervisor in a process of its own; killed at the end."""
    command = [python, "-P", "-m", "pdfme_dagster_tests.local.hold_services", str(home), *options]
    popen.setdefault("env", {**os.environ, "PYTHONPATH": str(PROJECT)})
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **popen) as process:  # type: ignore[call-overload]
        try:
            yield process
        finally:
            process.kill()


def read_environment(process: "subprocess.Popen[str]") -> dict[str, str]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the supervisor did not start"
    return dict(json.loads(line))


def write_everywhere(endpoints: Endpoints) -> None:
    with psycopg.connect(endpoints.postgres.conninfo(endpoints.database)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        connection.execute("TRUNCATE kept")
        connection.execute("INSERT INTO kept VALUES ('row')")
    with redis.Redis(port=endpoints.valkey.port, password=endpoints.valkey.password) as client:
        client.set("kept", "key")
    with closing(endpoints.s3.open_client()) as s3:
        s3.put_object(Bucket="pdfs", Key="kept.pdf", Body=b"object", Metadata={"pages": "1"})


def read_everywhere(endpoints: Endpoints) -> list[object]:
    with psycopg.connect(endpoints.postgres.conninfo(endpoints.database)) as connection:
        row = connection.execute("SELECT word FROM kept").fetchone()
    with redis.Redis(port=endpoints.valkey.port, password=endpoints.valkey.password) as client:
        key = client.get("kept")
    with closing(endpoints.s3.open_client()) as s3:
        found = s3.get_object(Bucket="pdfs", Key="kept.pdf")
        buckets = sorted(entry["Name"] for entry in s3.list_buckets()["Buckets"])
        return [row, key, found["Body"].read(), found["Metadata"], buckets]


KEPT = [("row",), b"key", b"object", {"pages": "1"}, ["pdfs", "uploads"]]


def find_processes(home: Path) -> list[psutil.Process]:
    """Return what works in a home's directories: by these, not by what the supervisor says it started."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def await_true(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_environment_names_everything_a_program_needs(services: EmbeddedServices) -> None:
    endpoints = services.endpoints
    assert services.environment() == {
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_PORT": str(endpoints.postgres.port),
        "POSTGRES_USER": "pdfme",
        "POSTGRES_PASSWORD": endpoints.postgres.password,
        "POSTGRES_DB": "pdfme",
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(endpoints.valkey.port),
        "REDIS_PASSWORD": endpoints.valkey.password,
        "S3_ENDPOINT_URL": f"http://127.0.0.1:{endpoints.s3.port}",
        "AWS_ACCESS_KEY_ID": endpoints.s3.access_key,
        "AWS_SECRET_ACCESS_KEY": endpoints.s3.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def test_everything_listens_on_loopback_only(services: EmbeddedServices) -> None:
    listening = {
        (connection.laddr.ip, connection.laddr.port)
        for child in services.supervisor.children.values()
        for connection in psutil.Process(child.identity.pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {(LOOPBACK, port) for port in services.endpoints.ports.values()}


def test_no_password_is_visible_to_other_users_of_the_machine(services: EmbeddedServices) -> None:
    visible = {path.name for path in services.home.rglob("*") if path.stat().st_mode & 0o077}
    commands = [
        psutil.Process(child.identity.pid).cmdline() for child in services.supervisor.children.values()
    ]
    secret = [value for name, value in services.environment().items() if "PASSWORD" in name or "KEY" in name]
    assert stat.S_IMODE(services.home.stat().st_mode) == 0o700
    assert not visible & {"secrets.json", "state.json", "valkey.conf", "logs"}
    assert not [word for command in commands for word in command if word in secret]


def test_second_start_says_where_the_running_one_listens(services: EmbeddedServices) -> None:
    services.publish_address("ui", "http://127.0.0.1:3000")
    ports = services.endpoints.ports
    where = f"postgres at 127.0.0.1:{ports['postgres']}, valkey at 127.0.0.1:{ports['valkey']}"
    with pytest.raises(
        ServiceError, match=f"in use by process {os.getpid()}, with {re.escape(where)}"
    ) as refused:
        start(services.home)
    assert "ui at http://127.0.0.1:3000" in str(refused.value)
    assert services.endpoints.s3.is_ready()


def test_running_services_are_found_by_their_home(services: EmbeddedServices, tmp_path: Path) -> None:
    assert find_endpoints(services.home) == services.endpoints
    with pytest.raises(ServiceError, match="no services run in"):
        find_endpoints(tmp_path)


def test_new_home_is_ready_and_private(created: Path) -> None:
    assert stat.S_IMODE(created.stat().st_mode) == 0o700
    assert read_state(created).supervisor is None
    assert (created / "postgres" / "PG_VERSION").read_text() == "16\n"


def test_stop_leaves_no_process_and_start_finds_all_again_on_the_same_ports(home: Path) -> None:
    with start(home) as running:
        write_everywhere(running.endpoints)
        ports = running.endpoints.ports
        assert len(find_processes(home)) >= 3
    assert find_processes(home) == []
    with start(home) as running:
        assert running.endpoints.ports == ports
        assert read_everywhere(running.endpoints) == KEPT


def test_start_and_stop_are_quick(home: Path) -> None:
    began = time.monotonic()
    running = start(home)
    ready = time.monotonic()
    running.stop()
    running.stop()
    assert ready - began < 5
    assert time.monotonic() - ready < 5
    with pytest.raises(ServiceError, match="are not running"):
        running.environment()


@pytest.mark.parametrize("options", [(), ("--orphan",)], ids=["killed with it", "left behind"])
def test_killed_supervisor_loses_nothing_and_leaves_nothing(home: Path, options: tuple[str, ...]) -> None:
    with supervisor_process(home, *options) as supervisor:
        read_environment(supervisor)
        write_everywhere(find_endpoints(home))
        supervisor.kill()
        supervisor.wait()
        if options or sys.platform != "linux":
            orphans = find_processes(home)
            assert {process.name() for process in orphans} >= {"postgres", "valkey-server"}
        else:
            await_true(lambda: not find_processes(home))
            orphans = []
        with start(home) as running:
            assert read_everywhere(running.endpoints) == KEPT
            assert not [orphan for orphan in orphans if _find(orphan.pid)]
    assert find_processes(home) == []


def test_stop_signal_ends_a_supervisor_and_all_it_started(home: Path) -> None:
    with supervisor_process(home) as supervisor:
        read_environment(supervisor)
        with pytest.raises(ServiceError, match=f"in use by process {supervisor.pid}"):
            start(home)
        supervisor.terminate()
        assert supervisor.wait(timeout=15) == 0
    assert find_processes(home) == []
    assert read_state(home).processes == {}


def test_taken_ports_are_left_to_their_owners(home: Path) -> None:
    (home / "state.json").unlink()  # the last ports would come before the preferred ones
    with socket.create_server((LOOPBACK, 0)) as first, socket.create_server((LOOPBACK, 0)) as second:
        taken = {"postgres": first.getsockname()[1], "s3": second.getsockname()[1], "valkey": 0}
        with start_services(home, buckets=(), preferred_ports=taken) as running:
            assert not set(running.endpoints.ports.values()) & set(taken.values())
            assert read_state(home).ports == running.endpoints.ports


def test_port_taken_at_the_last_moment_is_replaced(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choose = services_module._choose_ports
    with socket.create_server((LOOPBACK, 0)) as other:
        answers = iter([{"valkey": other.getsockname()[1]}])

        def choose_late(home: Path, preferred: Mapping[str, int]) -> dict[str, int]:
            return {**choose(home, preferred), **next(answers, {})}

        monkeypatch.setattr(services_module, "_choose_ports", choose_late)
        with start(home) as running:
            assert running.endpoints.ports["valkey"] != other.getsockname()[1]


def test_service_that_cannot_start_is_named_with_its_last_words_and_leaves_nothing(home: Path) -> None:
    manifest = home / "valkey" / "appendonlydir" / "appendonly.aof.manifest"
    whole = manifest.read_bytes()
    manifest.write_text("not a manifest\n")
    with pytest.raises(ServiceError, match=r"(?s)valkey did not become ready.*manifest"):
        start(home)
    manifest.write_bytes(whole)
    assert find_processes(home) == []


def test_stale_pid_file_of_an_unrelated_process_blocks_nothing_and_kills_nobody(home: Path) -> None:
    pid_file = home / "postgres" / "postmaster.pid"
    with subprocess.Popen(["sleep", "60"]) as unrelated:
        pid_file.write_text(f"{unrelated.pid}\n{home / 'postgres'}\n1\n5432\n\n127.0.0.1\n0 0\nready   \n")
        with start(home) as running:
            assert running.endpoints.postgres.is_ready()
        assert unrelated.poll() is None
        unrelated.kill()


def test_dead_service_comes_back_and_is_published(home: Path) -> None:
    deaths: list[str] = []
    with start(home, on_death=lambda child: deaths.append(child.program.name)) as running:
        child = running.supervisor.children["valkey"]
        psutil.Process(child.identity.pid).kill()
        child.popen.wait()

        def restart() -> bool:
            running.supervisor.restart_dead()
            return running.endpoints.valkey.is_ready()

        await_true(restart)
        revived = running.supervisor.children["valkey"].identity
        assert revived != child.identity
        assert read_state(home).processes["valkey"].identity == revived
    assert deaths == ["valkey"]


def test_supervision_revives_the_dead_until_told_to_stop(home: Path) -> None:
    with start(home) as running:
        child = running.supervisor.children["s3"]
        psutil.Process(child.identity.pid).kill()
        child.popen.wait()
        give_up = time.monotonic() + 10

        def wait(seconds: float) -> bool:
            time.sleep(0.02)
            return running.supervisor.children["s3"] is not child or time.monotonic() > give_up

        running.supervise(wait, ParentWatch())
        await_true(running.endpoints.s3.is_ready)
        running.endpoints.s3.create_buckets(BUCKETS)


def test_supervision_ends_with_its_launcher(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with start(home) as running:
        launcher = ParentWatch(names=None)
        monkeypatch.setattr(os, "getppid", lambda: 1)
        running.supervise(lambda seconds: False, launcher)
        assert running.endpoints.valkey.is_ready()


def test_lock_held_by_a_stranger_is_not_waited_for_forever(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services_module, "_LOCK_SECONDS", 0.05)
    with (home / "lock").open("r+") as stranger:
        fcntl.flock(stranger, fcntl.LOCK_EX)
        with pytest.raises(ServiceError, match=r"an unknown process holds .*lock"):
            start(home)


def test_program_beside_the_services_is_stopped_before_them(home: Path) -> None:
    at_the_end = "trap 'ls postgres/postmaster.pid; exit' TERM"
    program = Program(
        name="beside",
        command=("/bin/sh", "-c", f"{at_the_end}; echo ready; while :; do sleep 0.01; done"),
        environment={"PATH": os.defpath},
        directory=home,
    )
    with start(home) as running:
        child = running.start(program)
        assert read_state(home).processes["beside"].identity == child.identity
        await_true(lambda: "ready" in child.read_log_tail())
    assert child.read_log_tail() == "ready\npostgres/postmaster.pid"


def test_home_that_cannot_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServiceError, match="choose a directory you may write to"):
        start(tmp_path / "file" / "home")


def find_python_of(account: str, environment: dict[str, str]) -> str | None:
    """Return an interpreter of our version that an account can run, with our packages; None if none is."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in filter(None, (sys.executable, shutil.which(version, path="/usr/bin:/usr/local/bin"))):
        command = [python, "-c", "import psutil, psycopg, ministack, pdfme_dagster_tests"]
        try:
            subprocess.run(command, user=account, env=environment, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    return None


@pytest.mark.skipif(os.geteuid() != 0, reason="every other test ran as an ordinary user already")
def test_ordinary_user_gets_the_same() -> None:
    packages = str(Path(psutil.__file__).parents[1])
    environment = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join([str(PROJECT), packages])}
    python = find_python_of("nobody", environment)
    if python is None:
        pytest.skip("no interpreter of this version is open to the account nobody")
    with tempfile.TemporaryDirectory(prefix="pdfme-tests-") as directory:
        shutil.chown(directory, "nobody")
        home = Path(directory, "home")
        with supervisor_process(
            home, python=python, user="nobody", group=65534, extra_groups=[], env=environment
        ) as supervisor:
            read_environment(supervisor)
            write_everywhere(find_endpoints(home))
            assert read_everywhere(find_endpoints(home)) == KEPT
            assert {process.username() for process in find_processes(home)} == {"nobody"}
            supervisor.send_signal(signal.SIGTERM)
            assert supervisor.wait(timeout=15) == 0
        assert find_processes(home) == []
