"""The benchmark commands run, at sizes that measure nothing. Not here: how fast anything is."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks.statement_files import FileFacts, write_statement_file
from benchmarks.statements import invent_statements
from pdfme_dagster.big_files.files import LARGER_THAN_BYTES
from pdfme_dagster.domain.statement import ParsedFile
from pdfme_dagster.parsing import load_profiles, parse
from pdfme_dagster_tests.oracle import MISSING, find_oracle

ROOT = Path(__file__).parents[1]
MEASURED = {
    "records",
    "seconds_bare",
    "seconds_bare_text",
    "seconds_ours",
    "ratio",
    "ratio_text",
    "records_per_second",
    "peak_mib",
}
AIMS = {"times_pdfme_one_page", "times_pdfme_28_pages", "share_of_limit", "canvas_times_pdfme"}


# Dagster asks pydantic for what pydantic is going to drop.
DAGSTERS_OWN = "ignore:The `__fields__` attribute:DeprecationWarning"


def run_command(
    name: str, *options: str, expect: int = 0, path: str | None = None, seconds: float = 120
) -> str:
    """Run a benchmark and return what it prints; ``path`` is where it finds programs."""
    command = [sys.executable, "-W", "error", "-W", DAGSTERS_OWN, "-m", f"benchmarks.{name}", *options]
    environment = os.environ | ({} if path is None else {"PATH": path})
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False, env=environment
    )
    assert done.returncode == expect, done.stderr
    return done.stdout + done.stderr


def read_report(path: Path) -> dict[str, Any]:
    report = json.loads(path.read_text("utf-8"))
    assert isinstance(report, dict)
    return report


def write_and_parse(path: Path, customers: int, *, arabic: bool = False) -> tuple[FileFacts, ParsedFile]:
    facts = write_statement_file(path, customers, arabic=arabic)
    return facts, parse(path.read_bytes(), profile=load_profiles()["afs"])


@pytest.mark.parametrize("arabic", [False, True])
def test_a_measured_file_is_read_without_a_warning_and_holds_what_it_says(
    arabic: bool, tmp_path: Path
) -> None:
    path = tmp_path / "900_measured.txt"
    facts, parsed = write_and_parse(path, 20, arabic=arabic)
    assert parsed.warnings == ()
    assert parsed.rejected == ()
    assert facts == FileFacts(
        customers=len(parsed.statements),
        rows=sum(len(each.transactions) for each in parsed.statements),
        records=path.read_bytes().count(b"\n"),
        size_bytes=path.stat().st_size,
    )
    assert path.read_bytes().isascii() is not arabic


def test_a_measured_file_is_like_a_hosts(tmp_path: Path) -> None:
    facts, parsed = write_and_parse(tmp_path / "900_measured.txt", 200)
    rows = [row for each in parsed.statements for row in each.transactions]
    foreign = sum(row.original_currency is not None for row in rows) / len(rows)
    assert 3_500 < facts.size_bytes / facts.customers < 4_200
    assert 0.05 < foreign < 0.11
    assert len({row.description for row in rows}) > len(rows) / 3


def test_a_measured_file_has_the_same_bytes_every_time(tmp_path: Path) -> None:
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    write_statement_file(first, 5)
    write_statement_file(second, 5)
    assert first.read_bytes() == second.read_bytes()


def test_the_parse_benchmark_measures_three_files_and_writes_its_figures(tmp_path: Path) -> None:
    report = tmp_path / "parse.json"
    told = run_command(
        "parse", "--customers", "4", "--big-customers", "6", "--repeat", "1", "--json", str(report)
    )
    written = read_report(report)
    for name, customers in (("file_19mb", 4), ("file_19mb_arabic", 4), ("file_150mb", 6)):
        assert written[name].keys() >= MEASURED
        assert written[name]["customers"] == customers
        assert all(value > 0 for value in written[name].values())
        assert name in told


def test_the_big_file_benchmark_runs_one_through_everything_and_tells_what_it_took(tmp_path: Path) -> None:
    report = tmp_path / "big.json"
    told = run_command("big_file", "--customers", "2400", "--json", str(report), seconds=600)
    written = read_report(report)
    assert written["statements"] == written["pages"] == 2400
    # Else it was a small one, and nothing was measured.
    assert written["mib"] > LARGER_THAN_BYTES / (1 << 20)
    assert min(written[name] for name in ("seconds", "seconds_run", "peak_mib", "progress_lines")) > 0
    assert written["spent"].keys() == {"parse", "render", "store"}
    assert "peak of the run workers" in told


def run_render_benchmark(tmp_path: Path, path: str | None = None) -> tuple[str, dict[str, Any]]:
    report = tmp_path / "render.json"
    told = run_command("render", "--documents", "40", "--rounds", "2", "--json", str(report), path=path)
    return told, read_report(report)


@pytest.mark.skipif(find_oracle() is None, reason=MISSING)
def test_the_render_benchmark_sets_all_ways_beside_pdfme(tmp_path: Path) -> None:
    told, written = run_render_benchmark(tmp_path)
    assert written.keys() >= AIMS
    assert all(written[name] > 0 for name in AIMS)
    for pages in ("one_page", "pages_28"):
        assert written[pages].keys() >= {"pdfme", "canvas", "compiled", "statement", "limit"}
    assert "times_pdfme_28_pages" in told


def test_the_render_benchmark_without_node_says_so_and_leaves_pdfme_out(tmp_path: Path) -> None:
    told, written = run_render_benchmark(tmp_path, path=str(tmp_path))
    assert written.keys() & AIMS == {"share_of_limit"}
    assert "pdfme" not in written["one_page"]
    assert "no comparison with pdfme" in told


def test_the_render_benchmark_tells_how_much_memory_many_documents_take(tmp_path: Path) -> None:
    report = tmp_path / "memory.json"
    told = run_command("render", "--memory", "--documents", "50", "--json", str(report))
    written = read_report(report)
    assert 0 < written["peak_mib_5"] <= written["peak_mib_10"] <= written["peak_mib_50"]
    assert "peak memory after 50 documents" in told


def test_invented_statements_are_the_same_every_time_and_none_like_another() -> None:
    one, again = (list(invent_statements(20, (13, 13))) for _ in range(2))
    assert one == again
    assert len({statement.transactions for statement in one}) == 20
    assert {len(statement.transactions) for statement in one} == {13}
    assert all(re.fullmatch(r"50000000000000\d\d", statement.account) for statement in one)


def test_the_fuzz_run_counts_its_inputs_and_finds_nothing_in_a_moment(tmp_path: Path) -> None:
    report = tmp_path / "fuzz.json"
    told = run_command(
        "fuzz_parse", "--cpu-seconds", "0.5", "--seed", "7", "--profile", "afs", "--json", str(report)
    )
    written = read_report(report)
    assert written["failures"] == {}
    assert written["inputs"] == sum(written["outcomes"].values()) > 0
    assert "0 kinds of failure" in told


def test_a_fuzz_input_is_the_same_every_time() -> None:
    shown = [run_command("fuzz_parse", "--seed", "7", "--profile", "afs", "--input", "3") for _ in range(2)]
    assert shown[0] == shown[1] != ""


def test_a_fuzz_run_of_an_unknown_profile_says_which_there_are() -> None:
    told = run_command("fuzz_parse", "--profile", "ofs", expect=1)
    assert 'no sample is read by profile "ofs"; use all, afs' in told


# --- With a stack of their own ---


def test_the_month_end_benchmark_counts_what_came_out_and_says_where_the_time_went(tmp_path: Path) -> None:
    report = tmp_path / "month_end.json"
    told = run_command(
        "month_end", "--files", "6", "--broken", "1", "--background", "20", "--json", str(report)
    )
    figures = read_report(report)
    assert {"ratio_wall", "ratio_work", "seconds_wall", "seconds_work", "seconds_bare", "peak_mib"} <= set(
        figures
    )
    assert figures["files"] == 6
    assert figures["seconds_wall"] > figures["seconds_work"] > 0
    assert figures["ratio_wall"] == pytest.approx(figures["seconds_wall"] / figures["seconds_bare"], rel=0.05)
    assert {"s3", "postgres", "run-workers", "daemon", "code-server"} <= set(figures["cpu"])
    assert "parse, all runs" in figures["spent"]
    assert "6 files" in told


def test_the_discovery_benchmark_sets_a_tick_beside_bare_listings(tmp_path: Path) -> None:
    report = tmp_path / "discovery.json"
    run_command("discovery", "--files", "12", "--rounds", "2", "--json", str(report))
    figures = read_report(report)
    assert figures["files"] == 12
    assert figures["ratio_listing"] > 0


def test_the_latency_benchmark_times_single_files(tmp_path: Path) -> None:
    report = tmp_path / "latency.json"
    run_command("latency", "--rounds", "1", "--poll", "1", "--json", str(report))
    figures = read_report(report)
    assert 0 < figures["seconds_least"] == figures["seconds_median"] == figures["seconds_most"]


def test_the_growth_benchmark_draws_what_it_measured(tmp_path: Path) -> None:
    report, picture = tmp_path / "growth.json", tmp_path / "growth.png"
    run_command("growth", "--sizes", "3,6", "--picture", str(picture), "--json", str(report))
    assert set(read_report(report)["cost_per_file"]) == {"3", "6"}
    with Image.open(picture) as drawn:
        assert len(drawn.convert("L").getcolors() or []) > 2  # not an empty sheet


def test_the_history_benchmark_sets_old_beside_young(tmp_path: Path) -> None:
    report = tmp_path / "history.json"
    run_command("history", "--partitions", "30", "--files", "3", "--rounds", "1", "--json", str(report))
    figures = read_report(report)
    assert figures["partitions"] == 30
    assert figures["ratio"] > 0
