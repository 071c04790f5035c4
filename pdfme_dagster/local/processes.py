"""Child processes: started, watched, restarted and stopped by one supervisor; orphans found by identity.

Not here: which programs run and what makes one ready (postgres.py, valkey.py, s3.py, services.py).
"""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

import psutil

from pdfme_dagster.errors import ServiceError

_PR_SET_PDEATHSIG = 1
# psutil adds whole seconds of boot time to clock ticks, and the kernel's boot time moves by one as NTP slews.
_SAME_CREATION_SECONDS = 2.0
_FIRST_BACKOFF_SECONDS = 1.0
_LAST_BACKOFF_SECONDS = 30.0
_HEALTHY_AFTER_SECONDS = 60.0
_POLL_SECONDS = 0.01
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_INHERITED = ("HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR", "TZ", "VIRTUAL_ENV")


def inherited_environment() -> dict[str, str]:
    """Return what a child needs of this process's environment to run at all: no credentials, no settings."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One process and no later one with the same number; ``create_time`` is in seconds since the epoch."""

    pid: int
    create_time: float

    @classmethod
    def of(cls, pid: int) -> "Identity":
        """Identify a process that exists now."""
        return cls(pid=pid, create_time=psutil.Process(pid).create_time())

    def find(self) -> psutil.Process | None:
        """Return the process if it still runs; a zombie does not."""
        found = _find(self.pid)
        if found and abs(found.create_time() - self.create_time) < _SAME_CREATION_SECONDS:
            return found
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run: a command in its own session, with exactly this environment.

    ``user`` is an account to run as, for root only. ``prepare`` is called before each start. ``restarts``:
    start it again when it dies unasked.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    stop_signal: signal.Signals = signal.SIGTERM
    user: str | None = None
    restarts: bool = False
    prepare: Callable[[], None] = lambda: None


@dataclass(slots=True, kw_only=True)
class ChildProcess:
    """A running program, or what is left of it: exit code and log."""

    program: Program
    popen: subprocess.Popen[bytes]
    identity: Identity
    log: Path
    started_seconds: float
    backoff_seconds: float = _FIRST_BACKOFF_SECONDS
    died_seconds: float | None = None

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self.popen.poll()

    def read_log_tail(self, lines: int = 12) -> str:
        """Return the last lines the program wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Supervisor:
    """Starts programs and owns their processes until ``stop``.

    ``keep_open`` are file descriptors every child inherits: a lock on one stays held until the last child is
    gone. ``on_change`` is told whenever the set of processes changed, ``on_death`` of each unexpected exit.
    """

    def __init__(
        self,
        *,
        logs: Path,
        keep_open: Collection[int] = (),
        on_change: Callable[[], None] = lambda: None,
        on_death: Callable[[ChildProcess], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.children: dict[str, ChildProcess] = {}
        self._logs = logs
        self._keep_open = tuple(keep_open)
        self._on_change = on_change
        self._on_death = on_death
        self._clock = clock

    def start(self, program: Program) -> ChildProcess:
        """Start a program now; raise ServiceError when it cannot be executed or already runs."""
        running = self.children.get(program.name)
        if running is not None and running.exit_code is None:
            raise ServiceError(f"{program.name} runs already, as process {running.identity.pid}")
        program.prepare()
        child = self._spawn(program, stdin=None)
        self.children[program.name] = child
        self._on_change()
        return child

    def run(self, program: Program, *, seconds: float, stdin: IO[bytes] | None = None) -> None:
        """Run a program to its end; raise ServiceError with its last words unless it succeeds in time."""
        child = self._spawn(program, stdin=stdin)
        try:
            code = child.popen.wait(timeout=seconds)
        except subprocess.TimeoutExpired as exc:
            raise ServiceError(f"{program.name} took more than {seconds:g} s, see {child.log}") from exc
        finally:
            _kill_tree(child)
        if code != 0:
            raise ServiceError(f"{program.name} failed with exit code {code}:\n{child.read_log_tail()}")

    def restart_dead(self) -> None:
        """Start what died unasked again, each after its back-off; call it every second or so."""
        for child in [child for child in self.children.values() if child.exit_code is not None]:
            if child.died_seconds is None:
                self._note_death(child)
            elif child.program.restarts and self._clock() >= child.died_seconds + child.backoff_seconds:
                self._restart(child)

    def stop(self, names: Collection[str] | None = None, *, seconds: float = 10.0) -> None:
        """Ask the named children (None: all) to stop, together, and kill what is left after ``seconds``."""
        stopping = [child for name, child in self.children.items() if names is None or name in names]
        _stop_children(stopping, seconds=seconds)
        for child in stopping:
            del self.children[child.program.name]
        if stopping:
            self._on_change()

    def _spawn(self, program: Program, *, stdin: IO[bytes] | None) -> ChildProcess:
        log = _rotate_log(self._logs, program.name)
        try:
            with open(log, "ab", opener=_open_private) as output:
                popen = _popen(program, stdin=stdin, log=output, keep_open=self._keep_open)
        except (OSError, subprocess.SubprocessError, KeyError) as exc:
            raise ServiceError(f"cannot start {program.name} ({program.command[0]}): {exc}") from exc
        return ChildProcess(
            program=program,
            popen=popen,
            identity=_identify(popen),
            log=log,
            started_seconds=self._clock(),
        )

    def _note_death(self, child: ChildProcess) -> None:
        child.died_seconds = self._clock()
        if child.died_seconds - child.started_seconds >= _HEALTHY_AFTER_SECONDS:
            child.backoff_seconds = _FIRST_BACKOFF_SECONDS
        _kill_tree(child)
        self._on_change()
        self._on_death(child)

    def _restart(self, child: ChildProcess) -> None:
        backoff = min(child.backoff_seconds * 2, _LAST_BACKOFF_SECONDS)
        try:
            self.start(child.program).backoff_seconds = backoff
        except (ServiceError, OSError):
            # Whatever is in its way may go away: the next attempt is as far off as after another death.
            child.died_seconds, child.backoff_seconds = self._clock(), backoff


def stop_recorded(recorded: Iterable[tuple[Identity, signal.Signals]], *, seconds: float = 10.0) -> None:
    """Stop what an earlier supervisor left behind: these identities and their sessions, nobody else's."""
    identities = list(recorded)
    leaders = [(found, stop) for identity, stop in identities if (found := identity.find())]
    descendants = [process for leader, _ in leaders for process in _list_descendants(leader)]
    for leader, stop in leaders:
        _send(leader, stop)
    _await_end([leader for leader, _ in leaders], seconds=seconds)
    left = [member for identity, _ in identities for member in _list_session(identity)]
    _kill_all([*(leader for leader, _ in leaders), *descendants, *left])


class ParentWatch:
    """Tells when the launcher that started this process is gone: ``uv`` killed with -9 leaves us running.

    Only parents with one of ``names`` are watched (None: any), so that a shell may exit before its job.
    """

    def __init__(self, names: Collection[str] | None = ("uv", "uvx")) -> None:
        self._parent = os.getppid()
        self._watched = names is None or psutil.Process(self._parent).name() in names

    def is_gone(self) -> bool:
        """Say whether the parent has died since."""
        return self._watched and os.getppid() != self._parent


@contextmanager
def interrupted_by_stop_signals() -> Iterator[None]:
    """Within, the first SIGINT, SIGTERM or SIGHUP raises KeyboardInterrupt; later ones disturb no stop.

    Even where they were ignored or blocked, as in the background of a shell; a nohup's hangup stays ignored.
    """
    caught = [each for each in _STOP_SIGNALS if each is not signal.SIGHUP or not _is_ignored(each)]

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for each in caught:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {each: signal.signal(each, interrupt) for each in caught}
    mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, caught)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for each, old in before.items():
            signal.signal(each, old)


def _is_ignored(number: signal.Signals) -> bool:
    return signal.getsignal(number) is signal.SIG_IGN


def _popen(
    program: Program, *, stdin: IO[bytes] | None, log: IO[bytes], keep_open: tuple[int, ...]
) -> subprocess.Popen[bytes]:
    account = pwd.getpwnam(program.user) if program.user else None
    with warnings.catch_warnings():
        # From 3.12 on a fork beside threads warns; ours calls one prepared C function and execs.
        warnings.simplefilter("ignore", DeprecationWarning)
        return subprocess.Popen(  # noqa: S603 - commands are built here, taken from nobody
            program.command,
            stdin=stdin or subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=program.directory,
            env=dict(program.environment),
            start_new_session=True,
            pass_fds=keep_open,
            preexec_fn=_prepare_child(),
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )


def _prepare_child() -> Callable[[], None]:
    """Return what a forked child calls before it becomes its program."""
    die_with_parent = _prepare_death_with_parent()

    def prepare() -> None:
        # Whoever is started in the background of a shell has signals ignored or blocked, and hands that on.
        for each in _STOP_SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
        if die_with_parent is not None:
            die_with_parent()

    return prepare


def _prepare_death_with_parent() -> Callable[[], None] | None:
    """Return what a forked child calls so that the kernel kills it with us; None where no kernel does."""
    if sys.platform != "linux":
        return None
    if threading.current_thread() is not threading.main_thread():
        # The signal comes when the forking *thread* ends, so any other thread would kill its children early.
        raise ServiceError("processes are started from the main thread only")
    # Looked up before the fork: between fork and exec only async-signal-safe work is allowed.
    prctl, parent, kill = ctypes.CDLL(None).prctl, os.getpid(), int(signal.SIGKILL)

    def die_with_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, kill, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return die_with_parent


def _rotate_log(logs: Path, name: str) -> Path:
    """Return where a program's fresh log goes, and keep the one before it."""
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = logs / f"{name}.log"
    if path.exists():
        path.replace(logs / f"{name}.log.1")
    return path


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _identify(popen: subprocess.Popen[bytes]) -> Identity:
    try:
        return Identity.of(popen.pid)
    except psutil.Error:  # gone already; whoever waits for readiness says so
        return Identity(pid=popen.pid, create_time=time.time())


def _stop_children(children: list[ChildProcess], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    running = [child for child in children if child.exit_code is None]
    descendants = [process for child in running for process in _list_descendants(child.identity.find())]
    for child in running:
        child.popen.send_signal(child.program.stop_signal)
    while any(child.exit_code is None for child in running) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    for child in children:
        _kill_tree(child)
    _kill_all(descendants)


def _kill_tree(child: ChildProcess) -> None:
    """Kill what is left of a child and of everything it started."""
    descendants = _list_descendants(child.identity.find())
    if child.exit_code is None:
        child.popen.kill()
    child.popen.wait()
    _kill_all([*descendants, *_list_session(child.identity)])


def _list_descendants(process: psutil.Process | None) -> list[psutil.Process]:
    try:
        return process.children(recursive=True) if process else []
    except psutil.Error:
        return []


def _list_session(leader: Identity) -> list[psutil.Process]:
    """Return the live processes of the session a leader opened, unless its number now leads another one."""
    rebooted = leader.create_time < psutil.boot_time() - _SAME_CREATION_SECONDS
    if rebooted or (leader.find() is None and _find(leader.pid) is not None):
        return []
    return [found for pid in psutil.pids() if _session_of(pid) == leader.pid and (found := _find(pid))]


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _find(pid: int) -> psutil.Process | None:
    """Return a process that runs; None for a number nobody has, and for a zombie."""
    try:
        found = psutil.Process(pid)
    except psutil.Error:
        return None
    return found if _runs(found) else None


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _kill_all(processes: Collection[psutil.Process]) -> None:
    for process in processes:
        _send(process, signal.SIGKILL)
    _await_end(processes, seconds=2.0)


def _await_end(processes: Collection[psutil.Process], *, seconds: float) -> None:
    """Wait until none runs; an orphan's zombie counts as gone, for in a container nobody may reap it."""
    deadline = time.monotonic() + seconds
    while any(_runs(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _send(process: psutil.Process, what: signal.Signals) -> None:
    with suppress(psutil.Error):  # gone, or not ours: then the lock it holds tells
        process.send_signal(what)
