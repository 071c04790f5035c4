"""A month end through sensor, daemon, code server and run workers, against the same work without them.

    uv run python -m benchmarks.month_end --files 5000

All files lie in the bucket, the sensor is let loose, and the clock runs until the last job has ended (wall)
and from the first run's start to the last one's end (work). Before that, on the same services: the bare loop
(bare.py), with as many processes as there are run workers. Seconds are on the clock; quote the ratios.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.backgrounds import write_background_templates
from benchmarks.bare import Bare, run_bare
from benchmarks.stage import CpuWatch, Stage, Steps, describe_machine, open_stage
from benchmarks.statement_files import make_statement_files
from pdfme_dagster.domain.upload import Upload

_NAIVE_RUNS = 20
_BROKEN = b"900|001|00-5000000000000015|1|||no statement at all\n"


def measure_month_end(
    files: int, *, pages: tuple[int, int], broken: int, workers: int, templates: Path | None, naive: bool
) -> dict[str, Any]:
    """Measure one month end and its bare loop, check what came out, and return the figures."""
    settings = {"TEMPLATES_DIR": str(templates)} if templates else {}
    with open_stage(workers=workers, **settings) as stage:
        stage.stop_sensor()
        good = dict(make_statement_files(files - broken, pages=pages))
        bad = {f"900_broken_{number:05}.txt": _BROKEN + b"%d\n" % number for number in range(broken)}
        etags = stage.put((good | bad).items())
        uploads = [Upload(etag=etags[key], key=key, size_bytes=len(good[key])) for key in good]
        supervisor = stage.stack.services.supervisor
        with CpuWatch(supervisor) as bare_cpu:
            bare = _run_bare(stage, uploads, workers)
        with stage.watch_memory() as memory, CpuWatch(supervisor) as cpu:
            began = stage.start_sensor()
            stage.await_ended(list(etags.values()))
            stage.await_true(lambda: not stage.live_runs(), "runs are still on")
        runs = stage.runs_since(began)
        figures = _read_figures(stage, list(etags.values()), began, runs, bare)
        _check(stage, good=len(good), broken=broken, bare=bare)
        figures |= {"files": files, "workers": workers, "peak_mib": round(memory.peak_mib, 1)}
        figures |= {
            "cpu": cpu.seconds,
            "cpu_bare": {"s3": bare_cpu.seconds["s3"], "processes": bare.cpu_seconds},
        }
        if naive:
            figures |= _measure_naive(stage, list(etags.values())[:_NAIVE_RUNS], files)
        return figures


def _run_bare(stage: Stage, uploads: Sequence[Upload], workers: int) -> Bare:
    bucket = "pdfs-bare"
    stage.stack.services.endpoints.s3.create_buckets((bucket,))
    return run_bare(uploads, stage.stack.environment, processes=workers, pdfs_bucket=bucket)


def _read_figures(
    stage: Stage, etags: list[str], began: float, runs: Sequence[Steps], bare: Bare
) -> dict[str, Any]:
    ((found, claimed, last),) = stage.query(
        "SELECT extract(epoch FROM min(created_at))::float8, "
        "extract(epoch FROM min(processing_started_at))::float8, "
        "extract(epoch FROM max(completed_at))::float8 FROM processing_jobs WHERE file_hash = ANY(%s)",
        etags,
    )
    first, end = min(run.started for run in runs), max(run.ended for run in runs)
    return {
        "seconds_wall": round(last - began, 3),
        "seconds_work": round(end - first, 3),
        "seconds_bare": round(bare.seconds, 3),
        "ratio_wall": round((last - began) / bare.seconds, 3),
        "ratio_work": round((end - first) / bare.seconds, 3),
        "runs": len(runs),
        "spent": {
            "tick wait": round(found - began, 3),
            "listing, insert, partitions, run requests": round(min(run.created for run in runs) - found, 3),
            "queue and launch of the first run": round(first - min(run.created for run in runs), 3),
            "run start until the first claim": round(claimed - first, 3),
            **_sum_steps(stage, runs, began),
            "last run's end after the last job's": round(end - last, 3),
        },
    }


def _sum_steps(stage: Stage, runs: Sequence[Steps], began: float) -> dict[str, float]:
    """Return the seconds of each part of each op over all runs, which lie side by side, and of all else."""
    parts: dict[str, float] = {"render": sum(run.seconds["render"] for run in runs)}
    told = stage.query(
        "SELECT substring(event from 'seconds: ([a-z0-9., ]+)') FROM event_logs"
        " WHERE event LIKE '%%seconds: %%' AND timestamp > to_timestamp(%s) AT TIME ZONE 'UTC'",
        began,
    )
    for name, seconds in (part.rsplit(" ", 1) for (line,) in told if line for part in line.split(", ")):
        parts[name] = parts.get(name, 0.0) + float(seconds)
    ops = sum(sum(run.seconds.values()) for run in runs)
    around = sum(run.ended - run.started for run in runs) - ops
    rest = {"other parts of ops": ops - sum(parts.values()), "around the ops": around}
    order = ("claim", "download", "parse", "find twins", "render", "upload", "complete", "events")
    return {f"{name}, all runs": round((parts | rest)[name], 3) for name in (*order, *rest)}


def _check(stage: Stage, *, good: int, broken: int, bare: Bare) -> None:
    """Exit unless every good file has its PDF, and exactly the broken ones failed."""
    counts = dict(stage.query("SELECT status, count(*) FROM processing_jobs GROUP BY status"))
    expected = {"completed": good} | ({"failed": broken} if broken else {})
    stored = len(stage.list_pdfs())
    if counts != expected or stored != good or bare.pdfs != good:
        sys.exit(f"wrong: jobs {counts} instead of {expected}; {stored} and {bare.pdfs} PDFs of {good}")


def _measure_naive(stage: Stage, etags: Sequence[str], files: int) -> dict[str, Any]:
    """Start one run per file, each in a process of its own as Dagster does it out of the box."""
    times = []
    for etag in etags:
        tags = json.dumps({"dagster/partition": etag})
        command = (sys.executable, "-m", "dagster", "job", "execute", "-m", "pdfme_dagster.definitions")
        stage.query("UPDATE processing_jobs SET status = 'pending' WHERE file_hash = %s", etag)
        before = os.times().elapsed
        subprocess.run(
            [*command, "-j", "statement_pdfs_job", "--tags", tags],
            env=dict(stage.stack.environment),
            check=True,
            capture_output=True,
        )
        times.append(os.times().elapsed - before)
    return {
        "naive_seconds_a_file": round(median(times), 3),
        "naive_seconds_extrapolated": round(median(times) * files),
    }


def _print(figures: Mapping[str, Any]) -> None:
    print(f"{figures['files']:,} files, {figures['workers']} run workers, {figures['runs']} runs")
    print(f"  bare loop          {figures['seconds_bare']:9.2f} s")
    print(f"  wall               {figures['seconds_wall']:9.2f} s  {figures['ratio_wall']:.2f} x")
    print(f"  work               {figures['seconds_work']:9.2f} s  {figures['ratio_work']:.2f} x")
    print(f"  peak of the run workers, all processes: {figures['peak_mib']:.0f} MiB")
    for name, seconds in figures["spent"].items():
        print(f"    {name:<45} {seconds:8.2f} s")
    for title, what in (("bare loop", "cpu_bare"), ("pipeline", "cpu")):
        used = ", ".join(f"{name} {seconds:.1f}" for name, seconds in figures[what].items())
        print(f"  CPU seconds, {title}: {used}")
    if "naive_seconds_a_file" in figures:
        print(
            f"  one run per file, each in a new process: {figures['naive_seconds_a_file']:.1f} s a file "
            f"(median of {_NAIVE_RUNS}), extrapolated {figures['naive_seconds_extrapolated']:,} s"
        )


def _read_pages(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    return int(low), int(high or low)


def _arguments() -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    yield ("--files",), {"type": int, "default": 5000, "help": "statement files, one statement each"}
    yield ("--pages",), {"type": _read_pages, "default": (1, 1), "help": "pages of each, like 1 or 1-28"}
    yield ("--broken",), {"type": int, "default": 5, "help": "how many of the files cannot be read"}
    yield ("--workers",), {"type": int, "default": os.cpu_count(), "help": "run workers, and bare processes"}
    yield (
        ("--templates",),
        {"type": Path, "help": "a folder as TEMPLATES_DIR; default: the built-in template"},
    )
    yield (
        ("--background",),
        {"type": int, "default": 0, "help": "KiB of a picture behind each page of the built-in template"},
    )
    yield ("--rounds",), {"type": int, "default": 1, "help": "how often; each figure is then a median"}
    yield ("--naive",), {"action": "store_true", "help": f"also {_NAIVE_RUNS} runs of one file each"}
    yield ("--json",), {"type": Path, "help": "where to write the figures"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write JSON where it is wanted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.month_end",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for names, options in _arguments():
        parser.add_argument(*names, **options)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="pdfme-templates-") as folder:
        templates = given.templates
        if given.background:
            templates = write_background_templates(Path(folder), kib=given.background)
        rounds = [_measure_round(given, templates) for _ in range(given.rounds)]
    figures = {
        name: median(each[name] for each in rounds)
        for name, value in rounds[0].items()
        if isinstance(value, int | float)
    }
    if given.rounds > 1:
        wall, work = figures["ratio_wall"], figures["ratio_work"]
        print(f"medians of {given.rounds}: wall {wall:.2f} x, work {work:.2f} x")
    if given.json:
        details = {name: rounds[-1][name] for name in ("spent", "cpu", "cpu_bare")}
        given.json.write_text(json.dumps({**figures, **details, **describe_machine()}, indent=2) + "\n")


def _measure_round(given: argparse.Namespace, templates: Path | None) -> dict[str, Any]:
    figures = measure_month_end(
        given.files,
        pages=given.pages,
        broken=given.broken,
        workers=given.workers,
        templates=templates,
        naive=given.naive,
    )
    _print(figures)
    return figures


if __name__ == "__main__":
    main()
