"""Calls made at one moment, each in a thread of its own.

Not here: what is called, or what must come of it.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Call all at the same moment, each in a thread of its own; return their results in order."""
    together = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        together.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))
