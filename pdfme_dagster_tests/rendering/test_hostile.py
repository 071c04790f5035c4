"""Hostile templates and inputs are refused, or drawn within bounds; none reads a file or asks the network.

Not here: the cases themselves (hostile.py), nor each limit to the last unit (the tests of each module).
"""

import json
import subprocess
import sys
from typing import Any

import pytest

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering.details import Details
from pdfme_dagster.rendering.renderer import PageInputs
from pdfme_dagster_tests.rendering.hostile import DRAWN, REFUSED
from pdfme_dagster_tests.rendering.renderers import make_renderer, make_template, make_text

# All of them take a tenth of it; only a hang takes as long.
_MOST_SECONDS = 400
_LONGEST_MESSAGE = 5_000


@pytest.fixture(scope="module")
def outcomes() -> dict[str, dict[str, Any]]:
    """What came of each case, in one process of little memory."""
    command = [sys.executable, "-m", "pdfme_dagster_tests.rendering.hostile"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_MOST_SECONDS, check=False)
    except subprocess.TimeoutExpired as exc:
        pytest.fail(f"hangs at {_read_lines(exc.stdout)[-1]['name']}")
    lines = _read_lines(done.stdout)
    assert done.returncode == 0, f"dies at {lines[-1:]}: {done.stderr[-2_000:]}"
    return {line["name"]: line for line in lines if "outcome" in line}


def _read_lines(output: str | bytes | None) -> list[dict[str, Any]]:
    text = output.decode() if isinstance(output, bytes) else output or ""
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_a_message_of_some_lines(name: str, outcomes: dict[str, dict[str, Any]]) -> None:
    outcome = outcomes[name]["outcome"]
    assert outcome.startswith("refused: ")
    assert len(outcome) < _LONGEST_MESSAGE


@pytest.mark.parametrize("name", DRAWN)
def test_it_is_drawn_within_bounds(name: str, outcomes: dict[str, dict[str, Any]]) -> None:
    assert outcomes[name]["outcome"] == "drawn"


@pytest.mark.parametrize("name", REFUSED | DRAWN)
def test_it_touches_no_file_and_no_network(name: str, outcomes: dict[str, dict[str, Any]]) -> None:
    assert outcomes[name]["touched"] == []


def test_pages_of_too_many_fields_are_refused_before_any_is_drawn() -> None:
    renderer = make_renderer(make_template([make_text(f"f{n}", 1, 1) for n in range(201)]))
    with pytest.raises(PermanentError, match="2010000 fields"):
        renderer.render_pages([PageInputs(page=0, inputs={})] * 10_000, Details())
