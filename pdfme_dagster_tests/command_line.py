"""The command line in the tests' own process. Not here: what it should print, or which variables it sees."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import pytest

from pdfme_dagster.cli import main

T = TypeVar("T", str, bytes)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """How a command ended; ``out`` and ``err`` are texts or bytes."""

    code: int
    out: T
    err: T


def call_main(
    monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[T], *arguments: str | Path
) -> Outcome[T]:
    """Run a command and return how it ended; what was captured before is dropped."""
    monkeypatch.setattr(sys, "argv", ["pdfme-dagster", *map(str, arguments)])
    capture.readouterr()
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capture.readouterr()
    return Outcome(int(ended.value.code or 0), printed.out, printed.err)
