"""How long a run spends on what, for its log. Not here: when anything happened."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter


class Stopwatch:
    """Seconds by what they were spent on, in the order in which it was first done."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def time(self, what: str) -> Iterator[None]:
        """Add the time until the end of the block, also when that raises."""
        began = perf_counter()
        try:
            yield
        finally:
            self.seconds[what] = self.seconds.get(what, 0.0) + perf_counter() - began

    def __str__(self) -> str:
        return ", ".join(f"{what} {seconds:.2f}" for what, seconds in self.seconds.items())
