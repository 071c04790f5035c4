"""The program of a process that works on parts of a file: tasks in, one answer each out, through pipes.

    python -m pdfme_dagster.big_files

Not here: the work (work.py), or whoever starts it (pool.py).
"""

import os
import pickle
import signal
import sys
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from pdfme_dagster.errors import ConfigurationError, PermanentError, TransientError

if TYPE_CHECKING:
    from pdfme_dagster.big_files.work import Task, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a task came to: its ``result``, or the ``error`` that it raised, by kind, code and message.

    Not as an exception: these are made anew on the other side, and its traceback stays here.
    """

    result: object = None
    error: tuple[str, str, str] | None = None

    def get(self) -> object:
        """Return the result, or raise the error."""
        if self.error is None:
            return self.result
        kind, code, message = self.error
        if kind == "permanent":
            raise PermanentError(code, message)
        raise TransientError(message) if kind == "transient" else ConfigurationError(message)


def main() -> None:
    """Work until whoever started this closes the pipe, or is gone."""
    # A Ctrl-C is for the parent, whose end is also ours.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that is printed may get between the answers
    from pdfme_dagster.big_files.work import Work

    tasks: SimpleQueue[Task] = SimpleQueue()
    work = Work(pickle.load(sys.stdin.buffer))  # noqa: S301 - from whoever started this
    Thread(target=_read_tasks, args=(sys.stdin.buffer, tasks), daemon=True).start()
    while True:
        pickle.dump(_attempt(work, tasks.get()), answers)
        answers.flush()


def _read_tasks(stream: BinaryIO, tasks: "SimpleQueue[Task]") -> NoReturn:
    """Read ahead, so that the end of the pipe is noticed in the middle of a task too."""
    try:
        while True:
            tasks.put(pickle.load(stream))  # noqa: S301 - as above
    finally:
        os._exit(0)


def _attempt(work: "Work", task: "Task") -> Answer:
    from pdfme_dagster.making import describe_defect

    try:
        return Answer(result=work.do(task))
    except PermanentError as exc:
        return Answer(error=("permanent", exc.code, str(exc)))
    except TransientError as exc:
        return Answer(error=("transient", "", str(exc)))
    except ConfigurationError as exc:
        return Answer(error=("configuration", "", str(exc)))
    except Exception as exc:  # a defect of ours: said as for small files, in which it also ends one file only
        return Answer(error=("permanent", "internal_error", describe_defect(exc)))
