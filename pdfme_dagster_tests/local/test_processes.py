"""The supervisor: what it starts it stops, with everything below, and nothing else."""

import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from pdfme_dagster.errors import ServiceError
from pdfme_dagster.local import processes
from pdfme_dagster.local.processes import (
    ChildProcess,
    Identity,
    ParentWatch,
    Program,
    Supervisor,
    inherited_environment,
    interrupted_by_stop_signals,
    stop_recorded,
)

T = TypeVar("T")

STUBBORN = "trap '' TERM; echo ready; while :; do sleep 60; done"
WITH_CHILD = "sleep 60 & echo $!; wait"


class Clock:
    """A clock the test moves."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def shell(directory: Path, script: str, *, name: str = "program", restarts: bool = False) -> Program:
    return Program(
        name=name,
        command=("/bin/sh", "-c", script),
        environment={"PATH": os.defpath},
        directory=directory,
        restarts=restarts,
    )


def read_line(child: ChildProcess) -> str:
    return await_value(lambda: child.log.read_text().partition("\n")[0] or None)


def await_value(look: Callable[[], T | None], seconds: float = 10.0) -> T:
    deadline = time.monotonic() + seconds
    while (seen := look()) is None:
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.01)
    return seen


def await_end(pid: int) -> None:
    await_value(lambda: None if processes._find(pid) else True)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(logs=tmp_path / "logs")
    yield made
    made.stop(seconds=0)


def test_program_gets_exactly_its_environment_and_its_own_session(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    child = supervisor.start(shell(tmp_path, "env; echo end; exec sleep 60"))
    seen = await_value(lambda: text if "end" in (text := child.log.read_text()) else None)
    assert {line.partition("=")[0] for line in seen.split()} <= {"PATH", "PWD", "SHLVL", "_", "OLDPWD", "end"}
    assert os.getsid(child.identity.pid) == child.identity.pid


def test_log_is_private_and_the_one_before_is_kept(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.run(shell(tmp_path, "echo first"), seconds=10)
    supervisor.run(shell(tmp_path, "echo second >&2"), seconds=10)
    logs = tmp_path / "logs"
    assert (logs / "program.log").read_text() == "second\n"
    assert (logs / "program.log.1").read_text() == "first\n"
    assert stat.S_IMODE((logs / "program.log").stat().st_mode) == 0o600
    assert stat.S_IMODE(logs.stat().st_mode) == 0o700


def test_same_program_is_not_started_twice(supervisor: Supervisor, tmp_path: Path) -> None:
    child = supervisor.start(shell(tmp_path, "exec sleep 60"))
    with pytest.raises(ServiceError, match=f"program runs already, as process {child.identity.pid}"):
        supervisor.start(shell(tmp_path, "exec sleep 60"))


def test_missing_executable_is_named(supervisor: Supervisor, tmp_path: Path) -> None:
    program = replace(shell(tmp_path, ""), command=("/nowhere/server",))
    with pytest.raises(ServiceError, match=r"cannot start program \(/nowhere/server\)"):
        supervisor.start(program)


def test_failed_run_repeats_the_last_words(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="exit code 3:\nno space"):
        supervisor.run(shell(tmp_path, "echo no space; exit 3"), seconds=10)


def test_run_that_takes_too_long_is_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with pytest.raises(ServiceError, match=r"took more than 0\.5 s"):
        supervisor.run(shell(tmp_path, f"echo $$ > {pid_file}; exec sleep 60"), seconds=0.5)
    assert processes._find(int(pid_file.read_text())) is None


def test_stop_sends_the_programs_own_signal(supervisor: Supervisor, tmp_path: Path) -> None:
    polite = shell(tmp_path, "trap 'echo asked; exit 7' INT; echo ready; while :; do sleep 0.01; done")
    child = supervisor.start(replace(polite, stop_signal=signal.SIGINT))
    read_line(child)
    supervisor.stop()
    assert (child.exit_code, child.read_log_tail()) == (7, "ready\nasked")
    assert supervisor.children == {}


def test_child_that_ignores_its_signal_is_killed_after_the_deadline(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    child = supervisor.start(shell(tmp_path, STUBBORN))
    read_line(child)
    supervisor.stop(seconds=0.05)
    assert child.exit_code == -signal.SIGKILL


def test_stop_leaves_no_grandchild(supervisor: Supervisor, tmp_path: Path) -> None:
    child = supervisor.start(shell(tmp_path, WITH_CHILD))
    grandchild = int(read_line(child))
    supervisor.stop()
    assert processes._find(grandchild) is None


def test_stop_of_some_leaves_the_others(supervisor: Supervisor, tmp_path: Path) -> None:
    for name in ("first", "second"):
        supervisor.start(shell(tmp_path, "exec sleep 60", name=name))
    supervisor.stop({"first"})
    assert list(supervisor.children) == ["second"]
    assert supervisor.children["second"].exit_code is None


def test_dead_child_is_reported_once_and_started_again_after_its_backoff(tmp_path: Path) -> None:
    clock, deaths = Clock(), list[str]()
    supervisor = Supervisor(
        logs=tmp_path, clock=clock, on_death=lambda child: deaths.append(child.program.name)
    )
    first = supervisor.start(shell(tmp_path, "exit 1", restarts=True))
    first.popen.wait()
    supervisor.restart_dead()
    supervisor.restart_dead()
    assert supervisor.children["program"] is first
    clock.seconds = 1.0
    supervisor.restart_dead()
    second = supervisor.children["program"]
    assert second is not first
    assert second.backoff_seconds == 2.0
    assert deaths == ["program"]
    supervisor.stop()


def test_backoff_starts_anew_after_a_healthy_minute(tmp_path: Path) -> None:
    clock = Clock()
    supervisor = Supervisor(logs=tmp_path, clock=clock)
    child = supervisor.start(shell(tmp_path, "exit 1", restarts=True))
    child.backoff_seconds = 30.0
    child.popen.wait()
    clock.seconds = 60.0
    supervisor.restart_dead()
    assert child.backoff_seconds == 1.0
    supervisor.stop()


def test_restart_that_fails_is_tried_again_later(tmp_path: Path) -> None:
    clock, attempts = Clock(), list[float]()

    def refuse_second() -> None:
        attempts.append(clock.seconds)
        if len(attempts) == 2:
            raise ServiceError("in the way")

    supervisor = Supervisor(logs=tmp_path, clock=clock)
    program = replace(shell(tmp_path, "exit 1", restarts=True), prepare=refuse_second)
    supervisor.start(program).popen.wait()
    for clock.seconds in (0.0, 1.0, 2.0, 3.0):
        supervisor.restart_dead()
    assert attempts == [0.0, 1.0, 3.0]
    supervisor.stop()


def test_child_that_need_not_restart_stays_dead(supervisor: Supervisor, tmp_path: Path) -> None:
    child = supervisor.start(shell(tmp_path, "exit 1"))
    child.popen.wait()
    supervisor.restart_dead()
    child.died_seconds = -1000.0
    supervisor.restart_dead()
    assert supervisor.children["program"] is child


def test_changes_are_told(tmp_path: Path) -> None:
    seen: list[list[str]] = []
    owner = Supervisor(logs=tmp_path, on_change=lambda: seen.append(list(owner.children)))
    owner.start(shell(tmp_path, "exec sleep 60"))
    owner.stop(seconds=0)
    assert seen == [["program"], []]


def test_orphan_and_its_session_are_stopped(supervisor: Supervisor, tmp_path: Path) -> None:
    child = supervisor.start(shell(tmp_path, WITH_CHILD))
    grandchild = int(read_line(child))
    stop_recorded([(child.identity, signal.SIGTERM)])
    assert processes._find(child.identity.pid) is None
    assert processes._find(grandchild) is None


def test_session_of_a_dead_leader_is_stopped(supervisor: Supervisor, tmp_path: Path) -> None:
    child = supervisor.start(shell(tmp_path, WITH_CHILD))
    grandchild = int(read_line(child))
    child.popen.kill()
    child.popen.wait()
    stop_recorded([(child.identity, signal.SIGTERM)])
    assert processes._find(grandchild) is None


def test_process_that_only_has_an_orphans_number_is_left_alone(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    child = supervisor.start(shell(tmp_path, WITH_CHILD))
    grandchild = int(read_line(child))
    earlier = Identity(pid=child.identity.pid, create_time=child.identity.create_time - 60)
    stop_recorded([(earlier, signal.SIGKILL)])
    assert child.exit_code is None
    assert processes._find(grandchild) is not None


def test_identity_finds_its_process_and_no_zombie(supervisor: Supervisor, tmp_path: Path) -> None:
    assert (found := Identity.of(os.getpid()).find()) is not None
    assert found.pid == os.getpid()
    child = supervisor.start(shell(tmp_path, "exit 0"))
    await_end(child.identity.pid)
    assert child.identity.find() is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills children with their parent")
def test_children_start_from_the_main_thread_only(supervisor: Supervisor, tmp_path: Path) -> None:
    refused: list[ServiceError] = []

    def start() -> None:
        try:
            supervisor.start(shell(tmp_path, "exit 0"))
        except ServiceError as exc:
            refused.append(exc)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(refused[0])


def test_inherited_environment_has_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("POSTGRES_PASSWORD", "secret")
    assert "secret" not in inherited_environment().values()


def test_first_stop_signal_interrupts_and_a_second_does_not_disturb_the_stop() -> None:
    before = signal.getsignal(signal.SIGTERM)
    stopped: list[str] = []

    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            stopped.append("calmly")

    with pytest.raises(KeyboardInterrupt), interrupted_by_stop_signals():
        work()
    assert stopped == ["calmly"]
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stop_signal_is_heard_even_where_a_shell_had_it_ignored_or_blocked(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [number])
    try:
        with pytest.raises(KeyboardInterrupt), interrupted_by_stop_signals():
            os.kill(os.getpid(), number)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(number, before)


def test_child_hears_stop_signals_that_its_parent_ignores(supervisor: Supervisor, tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        polite = shell(tmp_path, "trap 'echo asked; exit 7' INT; echo ready; while :; do sleep 0.01; done")
        child = supervisor.start(replace(polite, stop_signal=signal.SIGINT))
        read_line(child)
        supervisor.stop()
    finally:
        signal.signal(signal.SIGINT, before)
    assert (child.exit_code, child.read_log_tail()) == (7, "ready\nasked")


def test_ignored_hangup_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupted_by_stop_signals():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


CHILD_OF_A_LAUNCHER = """
    import sys
    from pdfme_dagster.local.processes import ParentWatch
    watch = ParentWatch(names=None)
    print("watching", flush=True)
    while not watch.is_gone():
        pass
    print("gone")
"""


def test_child_notices_that_its_launcher_was_killed() -> None:
    launcher = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    child = textwrap.dedent(CHILD_OF_A_LAUNCHER)
    with subprocess.Popen(
        [sys.executable, "-c", launcher, child], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as started:
        assert started.stdout is not None
        with closing(started.stdout) as output:
            assert output.readline() == b"watching\n"
            started.kill()
            assert output.read() == b"gone\n"


def test_parent_that_is_no_launcher_is_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = ParentWatch(names=("some-launcher",))
    monkeypatch.setattr(os, "getppid", lambda: 1)
    assert not watch.is_gone()
