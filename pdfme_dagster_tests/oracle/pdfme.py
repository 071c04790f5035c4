"""pdfme's generator run by node, where it is installed: jobs in, PDFs out.

Not here: the comparing of PDFs (compare.py).

Install it once with ``npm ci`` in this folder, or name a folder that has ``node_modules`` in PDFME_ORACLE.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SCRIPT = HERE / "generate.mjs"
VARIABLE = "PDFME_ORACLE"
OLDEST_NODE = 20
MISSING = (
    f"pdfme's generator is not installed: run `npm ci` with node {OLDEST_NODE} or newer in {HERE.name}/, "
    f"or name a folder that has its node_modules in {VARIABLE}"
)
# A document takes tens of milliseconds, one of hundreds of pages some seconds.
SECONDS_PER_BATCH = 600


class OracleError(Exception):
    """Raised when pdfme refuses a template or its inputs, or node does not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A template file and its inputs file, with fonts by name; no fonts means pdfme's default font."""

    template: Path
    inputs: Path
    fonts: Mapping[str, Path] = field(default_factory=dict)
    fallback: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """CPU time of one document, template and fonts held in memory."""

    cpu_ms: float
    size_bytes: int
    repeats: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Oracle:
    """A node and the node_modules that hold @pdfme."""

    node: Path
    modules: Path

    def render(self, jobs: Sequence[Job]) -> list[bytes]:
        """Return pdfme's PDF of each job; OracleError if pdfme refuses one."""
        with tempfile.TemporaryDirectory() as folder:
            outs = [Path(folder) / f"{number}.pdf" for number in range(len(jobs))]
            answers = self._ask([_describe_job(job, out) for job, out in zip(jobs, outs, strict=True)])
            _raise_refusals(jobs, answers)
            return [out.read_bytes() for out in outs]

    def measure(self, jobs: Sequence[Job], *, repeats: int = 300) -> list[Timing]:
        """Return the CPU time of each job, mean over ``repeats`` documents after a warm-up."""
        answers = self._ask([_describe_job(job, Path()) for job in jobs], "--time", str(repeats))
        return [
            Timing(cpu_ms=answer["cpu_ms"], size_bytes=answer["bytes"], repeats=answer["repeats"])
            for answer in answers
        ]

    def write_default_font(self, path: Path) -> None:
        """Write the font file that pdfme uses when it is given none."""
        self._ask([], "--default-font", str(path))

    def _ask(self, jobs: Sequence[Mapping[str, Any]], *arguments: str) -> list[dict[str, Any]]:
        command = [str(self.node), str(SCRIPT), "--modules", str(self.modules), *arguments]
        # UTC, for dates are formatted in the machine's zone.
        environment = {**os.environ, "TZ": "UTC"}
        ran = subprocess.run(
            command,
            input=json.dumps(jobs),
            capture_output=True,
            text=True,
            env=environment,
            timeout=SECONDS_PER_BATCH,
            check=False,
        )
        if ran.returncode:
            raise OracleError(f"node ended with {ran.returncode}: {ran.stderr.strip()[-500:]}")
        answers: list[dict[str, Any]] = json.loads(ran.stdout)
        return answers


@cache
def find_oracle() -> Oracle | None:
    """Return pdfme's generator, or None where node or the packages are absent; MISSING says what to do."""
    node = shutil.which("node")
    modules = next((path for path in _list_places() if (path / "@pdfme" / "generator").is_dir()), None)
    if node is None or modules is None or _read_node_version(node) < OLDEST_NODE:
        return None
    return Oracle(node=Path(node), modules=modules)


def _list_places() -> list[Path]:
    named = os.environ.get(VARIABLE)
    places = [Path(named) / "node_modules", Path(named)] if named else []
    return [*places, HERE / "node_modules"]


def _read_node_version(node: str) -> int:
    ran = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False)
    major = ran.stdout.strip().lstrip("v").partition(".")[0]
    return int(major) if major.isdecimal() else 0


def _describe_job(job: Job, out: Path) -> dict[str, Any]:
    return {
        "template": str(job.template),
        "inputs": str(job.inputs),
        "fonts": {name: str(path) for name, path in job.fonts.items()},
        "fallback": job.fallback,
        "out": str(out),
    }


def _raise_refusals(jobs: Sequence[Job], answers: Sequence[Mapping[str, Any]]) -> None:
    refused = [
        f"{job.template.name}: {answer['error']}"
        for job, answer in zip(jobs, answers, strict=True)
        if "error" in answer
    ]
    if refused:
        raise OracleError("; ".join(refused))
