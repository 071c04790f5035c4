"""The processes that work on one file: started, given tasks one by one, and never left behind.

Programs of their own, not multiprocessing's children: a Celery worker's process may have none of those, and
these import nothing of what it has imported.

Not here: what they do (work.py).
"""

import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from selectors import EVENT_READ, DefaultSelector
from typing import TypeVar

from pdfme_dagster.big_files.process import Answer
from pdfme_dagster.big_files.work import Order, Task
from pdfme_dagster.errors import PdfmeError, TransientError

_PROGRAM = "pdfme_dagster.big_files"

R = TypeVar("R")


class SlicePool:
    """Some processes for one file."""

    def __init__(self, processes: Sequence[subprocess.Popen[bytes]]) -> None:
        self._processes = processes

    def run(
        self, tasks: Sequence[Task], kind: type[R], done: Callable[[R], None] = lambda _: None
    ) -> list[R]:
        """Do all tasks and return their results in order; ``done`` gets each as soon as it is there.

        Raises what the first task in this order raised that raised anything, as if they were done in turn;
        TransientError when a process died.
        """
        round_ = _Round(self._processes, tasks)
        for result in round_.results():
            assert isinstance(result, kind)
            done(result)
        return round_.list_results()  # type: ignore[return-value]  # each was looked at


class _Round:
    def __init__(self, processes: Sequence[subprocess.Popen[bytes]], tasks: Sequence[Task]) -> None:
        self._waiting = deque(enumerate(tasks))
        self._idle = list(processes)
        self._busy: dict[int, subprocess.Popen[bytes]] = {}
        self._results: dict[int, object] = {}
        self._failed: tuple[int, PdfmeError] | None = None

    def results(self) -> Iterator[object]:
        """Give out tasks and yield results as they come, until all are done or one has failed."""
        with DefaultSelector() as selector:
            while self._give(selector):
                for key, _ in selector.select():
                    selector.unregister(key.fileobj)
                    number: int = key.data
                    process = self._busy.pop(number)
                    try:
                        self._results[number] = _receive(process)
                    except PdfmeError as exc:
                        self._note(number, exc)
                    else:
                        yield self._results[number]
                    self._idle.append(process)
        if self._failed:
            raise self._failed[1]

    def list_results(self) -> list[object]:
        return [self._results[number] for number in sorted(self._results)]

    def _give(self, selector: DefaultSelector) -> bool:
        """Give tasks to whoever has none; say whether anything is to be waited for.

        Tasks are begun in order: after a failure, only those before it that are still under way matter.
        """
        while self._waiting and self._idle and not self._failed:
            number, task = self._waiting.popleft()
            process = self._idle.pop()
            try:
                _send(process, task)
            except TransientError as exc:
                self._note(number, exc)
                break
            self._busy[number] = process
            assert process.stdout is not None
            selector.register(process.stdout, EVENT_READ, number)
        return any(not self._failed or number < self._failed[0] for number in self._busy)

    def _note(self, number: int, exc: PdfmeError) -> None:
        if self._failed is None or number < self._failed[0]:
            self._failed = number, exc


@contextmanager
def open_pool(order: Order, *, processes: int, keep_open: Collection[int] = ()) -> Iterator[SlicePool]:
    """Start processes for a file; ``keep_open`` are further descriptors for their tasks.

    They end with this context, whatever happens in it, and with this process, however that ends.
    """
    with ExitStack() as stack:
        started = [stack.enter_context(_start([order.descriptor, *keep_open])) for _ in range(processes)]
        for process in started:
            _send(process, order)
        yield SlicePool(started)


@contextmanager
def _start(descriptors: Collection[int]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=descriptors,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process
    finally:
        # Between tasks it has nothing to lose, and within one nothing that anybody waits for.
        process.kill()
        process.wait()
        process.stdout.close()
        with suppress(OSError):  # what it did not read is lost with it
            process.stdin.close()


def _send(process: subprocess.Popen[bytes], message: Order | Task) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(pickle.dumps(message))
        process.stdin.flush()
    except OSError as exc:
        raise _report_death(process) from exc


def _receive(process: subprocess.Popen[bytes]) -> object:
    assert process.stdout is not None
    try:
        answer = pickle.load(process.stdout)  # noqa: S301 - from our own process
    except (EOFError, OSError, pickle.UnpicklingError) as exc:
        raise _report_death(process) from exc
    assert isinstance(answer, Answer)
    return answer.get()


def _report_death(process: subprocess.Popen[bytes]) -> TransientError:
    process.kill()
    return TransientError(
        f"a process that worked on this file died (exit code {process.wait()}); "
        "if it was killed for its memory, give the machine more or lower RUN_WORKERS"
    )
