"""Hands one op's result to the next in memory, within a run.

Not here: anything that outlives the run. Statements and PDFs are never written between ops, so an op that
is re-executed without its predecessor gets None and must make its input again.
"""

from typing import Any

import dagster as dg


class Handoff(dg.IOManager):
    """Keeps each output until the next op takes it: by then its memory is worth more than it is."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, ...], Any] = {}

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Keep an op's output."""
        self._values[tuple(context.get_identifier())] = obj

    def load_input(self, context: dg.InputContext) -> object:
        """Hand over what the op before made, once; None when that op did not run in this run."""
        assert context.upstream_output is not None  # the input of an op in a graph always has one
        return self._values.pop(tuple(context.upstream_output.get_identifier()), None)


@dg.io_manager
def handoff() -> Handoff:
    """Make a fresh handoff for a run."""
    return Handoff()
