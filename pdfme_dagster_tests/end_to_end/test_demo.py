"""`pdfme-dagster demo`: the main job from upload to PDF, then again on the same home."""

import json
import os
import subprocess
from pathlib import Path

from pdfme_dagster_tests.end_to_end.conftest import COMMAND

_LAST_NAMES = ("SAMPLEH", "TESTMAN", "MOCKERY", "AL-DEMO", "O'STUB", "الاختبار", "التجربة")


def test_demo_makes_every_pdf_once_and_a_second_one_finds_nothing_new(tmp_path: Path) -> None:
    first = run_demo(tmp_path)
    assert first["files"] == 30
    assert (first["completed"], first["failed"], first["new_jobs"]) == (26, 4, 30)
    assert first["pdfs"] == first["statements"] >= 26
    assert first["pages"] >= first["pdfs"]
    assert first["runs"] >= 1
    assert first["seconds"] > 0
    second = run_demo(tmp_path)
    assert (second["runs"], second["new_jobs"], second["seconds"]) == (0, 0, 0)
    assert {name: second[name] for name in ("completed", "failed", "pdfs", "pages")} == {
        name: first[name] for name in ("completed", "failed", "pdfs", "pages")
    }


def run_demo(folder: Path) -> dict[str, float]:
    """Run the demo to its end; return what it wrote with --json."""
    summary = folder / "summary.json"
    demo = subprocess.run(
        [
            *COMMAND,
            "demo",
            "--files=30",
            "--broken=4",
            "--exit",
            f"--home={folder}/home",
            f"--json={summary}",
        ],
        capture_output=True,
        text=True,
        env=dict(os.environ) | {"RUN_WORKERS": "2", "POLL_INTERVAL": "1s", "COLUMNS": "200"},
        timeout=600,
        check=False,
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "Failed, each with its reason" in demo.stdout
    assert not [each for each in (*_LAST_NAMES, "50000000000000") if each in demo.stdout + demo.stderr]
    figures = dict(json.loads(summary.read_text()))
    assert list(figures) == [
        "files",
        "statements",
        "pages",
        "pdfs",
        "completed",
        "failed",
        "runs",
        "new_jobs",
        "seconds",
    ]
    return figures
