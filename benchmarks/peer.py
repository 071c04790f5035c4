"""pdfme's generator as a process that stays: warm, it takes turns with ours on the same documents.

Not here: what the numbers mean (render.py), and where pdfme is (the tests' oracle).
"""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

from pdfme_dagster_tests.oracle import Oracle, find_oracle

_SCRIPT = Path(__file__).with_name("pdfme.mjs")


class Peer(AbstractContextManager["Peer"]):
    """A running node with pdfme, one template and one font."""

    def __init__(self, pdfme: Oracle, template: Path, font: Path, folder: Path) -> None:
        """Start it; ``folder`` takes files for a while."""
        package = json.loads((pdfme.modules / "@pdfme" / "generator" / "package.json").read_text("utf-8"))
        self.version = str(package["version"])
        self._documents, self._out = folder / "documents.json", folder / "first.pdf"
        command = [str(pdfme.node), str(_SCRIPT), str(pdfme.modules.resolve()), str(template), str(font)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def render(self, documents: Sequence[Sequence[Mapping[str, str]]]) -> tuple[float, int, bytes]:
        """Render documents; return CPU milliseconds and bytes in all, and the first one's PDF."""
        self._documents.write_text(json.dumps(documents), encoding="utf-8")
        answer = self._ask({"documents": str(self._documents), "out": str(self._out)})
        return float(answer["cpu_ms"]), int(answer["bytes"]), self._out.read_bytes()

    def _ask(self, question: Mapping[str, str]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("node ended without an answer; what it wrote stands above")
        answer: dict[str, Any] = json.loads(line)
        return answer


def find_pdfme(named: Path | None) -> Oracle | None:
    """Return pdfme of a folder that is named, else of the tests; None without it or without node.

    SystemExit if the named folder has none.
    """
    if named is None:
        return find_oracle()
    modules = next((path for path in (named / "node_modules", named) if (path / "@pdfme").is_dir()), None)
    if modules is None:
        raise SystemExit(f"{named} has no node_modules with @pdfme/generator; run npm ci there")
    node = shutil.which("node")
    return None if node is None else Oracle(node=Path(node), modules=modules)
