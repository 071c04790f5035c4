"""The embedded Postgres: private to this machine, hard to confuse, and runnable by whom it must be."""

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import psycopg
import pytest

from pdfme_dagster.errors import ServiceError
from pdfme_dagster.local import postgres, postgres_binaries
from pdfme_dagster.local.ports import free_port, give_back
from pdfme_dagster.local.postgres import Postgres
from pdfme_dagster.local.postgres_binaries import find_binaries
from pdfme_dagster.local.processes import Supervisor
from pdfme_dagster.local.services import EmbeddedServices

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to start as another account")


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Postgres]:
    """A cluster not yet created, in a directory only its owner may pass through."""
    port = free_port(0)
    yield Postgres(home=tmp_path, port=port, password="made-up")
    give_back(port)


@pytest.fixture
def open_home() -> Iterator[Path]:
    """A directory anybody may pass through; pytest's own are private."""
    with tempfile.TemporaryDirectory(prefix="pdfme-tests-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


def test_connection_needs_the_password(services: EmbeddedServices) -> None:
    wrong = replace(services.endpoints.postgres, password="wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong.conninfo("postgres"))


def test_server_listens_on_loopback_only_and_on_no_socket_file(services: EmbeddedServices) -> None:
    with psycopg.connect(services.endpoints.postgres.conninfo("postgres")) as connection:
        names = ("listen_addresses", "unix_socket_directories", "max_connections", "password_encryption")
        shown = [connection.execute(f"SHOW {name}").fetchone() for name in names]
    assert shown == [("127.0.0.1",), ("",), ("200",), ("scram-sha-256",)]


def test_server_never_runs_as_root(services: EmbeddedServices) -> None:
    pid = services.supervisor.children["postgres"].identity.pid
    assert psutil.Process(pid).uids().real != 0
    assert stat.S_IMODE(services.endpoints.postgres.cluster.stat().st_mode) == 0o700


def test_database_is_created_once_and_kept(services: EmbeddedServices, database: str) -> None:
    name = str(psycopg.conninfo.conninfo_to_dict(database)["dbname"])
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE kept (id int)")
    services.endpoints.postgres.create_database(name)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_lost_secrets_are_an_error_that_says_what_to_do(services: EmbeddedServices) -> None:
    stranger = replace(services.endpoints.postgres, password="wrong")
    with pytest.raises(ServiceError, match=r"restore that file, or move .* away to start empty"):
        stranger.create_database("pdfme")


def test_pid_file_of_a_live_server_is_respected(services: EmbeddedServices) -> None:
    pid = services.supervisor.children["postgres"].identity.pid
    with pytest.raises(ServiceError, match=f"process {pid}\\) already runs in"):
        services.endpoints.postgres.remove_stale_pid_file()
    assert (services.endpoints.postgres.cluster / "postmaster.pid").exists()


@pytest.mark.parametrize("content", ["", "no number\n", f"{os.getpid()}\n/elsewhere\n", "99999999\n"])
def test_pid_file_that_names_no_server_of_ours_is_removed(fresh: Postgres, content: str) -> None:
    fresh.cluster.mkdir()
    (fresh.cluster / "postmaster.pid").write_text(content)
    fresh.remove_stale_pid_file()
    assert not (fresh.cluster / "postmaster.pid").exists()


def test_pid_file_of_a_zombie_is_removed(fresh: Postgres) -> None:
    fresh.cluster.mkdir()
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as zombie:
        assert zombie.stdout is not None
        zombie.stdout.read()
        (fresh.cluster / "postmaster.pid").write_text(f"{zombie.pid}\n{fresh.cluster}\n")
        fresh.remove_stale_pid_file()
    assert not (fresh.cluster / "postmaster.pid").exists()


def test_pid_file_without_ready_line_is_not_ready(fresh: Postgres) -> None:
    assert not fresh.is_ready()
    fresh.cluster.mkdir()
    (fresh.cluster / "postmaster.pid").write_text("1\n" * 7 + "starting\n")
    assert not fresh.is_ready()


def test_unfinished_cluster_is_created_anew_and_the_password_is_written_nowhere(fresh: Postgres) -> None:
    (fresh.home / "postgres.new").mkdir()
    (fresh.home / "postgres.new" / "PG_VERSION").write_text("half")
    fresh.create_cluster(Supervisor(logs=fresh.home / "logs"))
    assert (fresh.cluster / "PG_VERSION").read_text() == "16\n"
    assert not (fresh.home / "postgres.new").exists()
    written = [path for path in fresh.home.rglob("*") if path.is_file()]
    assert not [path for path in written if fresh.password.encode() in path.read_bytes()]
    assert not any(fresh.password in word for word in fresh.program().command)
    assert fresh.password not in repr(fresh)


def test_failed_creation_repeats_why_and_leaves_no_cluster(
    fresh: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "USER", "pg_reserved")
    with pytest.raises(ServiceError, match=r"(?s)initdb failed with exit code 1:.*superuser name"):
        fresh.create_cluster(Supervisor(logs=fresh.home / "logs"))
    assert not fresh.cluster.exists()


def test_ordinary_user_runs_it_as_themselves(fresh: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    program = fresh.program()
    assert program.user is None
    assert program.command[1:3] == ("-D", str(fresh.cluster))


def test_root_runs_it_as_another_account_by_its_working_directory(
    fresh: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(postgres, "find_binaries", lambda home, user: Path("/bin"))
    program = fresh.program()
    assert (program.user, program.directory) == ("nobody", fresh.cluster)
    assert program.command[1:3] == ("-D", "/proc/self/cwd")


def test_root_elsewhere_names_the_directory_itself(fresh: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(postgres, "find_binaries", lambda home, user: Path("/bin"))
    assert fresh.program().command[1:3] == ("-D", str(fresh.cluster))


def test_root_that_may_not_give_files_away_is_told_what_to_do(
    fresh: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise PermissionError("not permitted")

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", refuse)
    with pytest.raises(ServiceError, match=r"cannot be given to nobody .*start as an ordinary user"):
        fresh.create_cluster(Supervisor(logs=fresh.home / "logs"))


@AS_ROOT
def test_binaries_another_account_cannot_reach_are_copied_once(
    monkeypatch: pytest.MonkeyPatch, open_home: Path
) -> None:
    closed = find_binaries(open_home, user=None)
    can_run = postgres_binaries._can_run
    monkeypatch.setattr(
        postgres_binaries, "_can_run", lambda path, user: path != closed and can_run(path, user=user)
    )
    copied = find_binaries(open_home, user="nobody")
    assert copied.is_relative_to(open_home)
    first = copied.stat().st_ino
    assert find_binaries(open_home, user="nobody").stat().st_ino == first
    (copied / "initdb").unlink()
    assert (find_binaries(open_home, user="nobody") / "initdb").exists()


@AS_ROOT
def test_copy_that_somebody_else_put_there_is_not_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copied = postgres_binaries._copy_binaries(tmp_path)
    os.chown(copied.parents[2], 65534, 65534)
    with pytest.raises(ServiceError, match="belongs to somebody else"):
        postgres_binaries._copy_binaries(tmp_path)


def test_no_place_for_another_account_is_an_error_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(postgres_binaries, "_can_run", lambda path, user: False)
    monkeypatch.setattr(postgres_binaries, "_is_open", lambda directory: False)
    with pytest.raises(ServiceError, match="or start as an ordinary user"):
        find_binaries(tmp_path, user="nobody")
