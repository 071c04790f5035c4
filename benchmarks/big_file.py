"""One big file through sensor, daemon and run workers, read, drawn and stored by several processes.

    uv run python -m benchmarks.big_file --customers 40000

The file lies in the bucket, the sensor is let loose, and the clock runs until its job has ended. The memory
is that of the run workers with all their children, what they share counted once. Afterwards every PDF must
be there, named after its place in the file, and what the run's log said of its progress is counted.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.stage import Stage, Steps, describe_machine, open_stage
from benchmarks.statement_files import FileFacts, write_statement_file

_NAME = "900_202509_big.txt"
_MIB = 1 << 20


def measure_big_file(customers: int, *, workers: int) -> dict[str, Any]:
    """Measure one file of so many customers, check what came out, and return the figures."""
    with open_stage(workers=workers) as stage:
        stage.stop_sensor()
        facts, etag = _put_file(stage, customers)
        with stage.watch_memory() as memory:
            began = stage.start_sensor()
            stage.await_ended([etag])
            stage.await_true(lambda: not stage.live_runs(), "runs are still on")
        figures = _read_figures(stage, etag, began, stage.run_of(etag), facts)
        told = _count_progress(stage)
        _check(stage, etag, customers, told)
        return figures | {"workers": workers, "peak_mib": round(memory.peak_mib, 1), "progress_lines": told}


def _put_file(stage: Stage, customers: int) -> tuple[FileFacts, str]:
    with tempfile.TemporaryDirectory(prefix="pdfme-benchmark-") as folder:
        path = Path(folder, _NAME)
        facts = write_statement_file(path, customers)
        return facts, stage.put([(_NAME, path.read_bytes())])[_NAME]


def _read_figures(stage: Stage, etag: str, began: float, run: Steps, facts: FileFacts) -> dict[str, Any]:
    ((last, pages, pdf_bytes),) = stage.query(
        "SELECT extract(epoch FROM completed_at)::float8, pages, pdf_bytes FROM processing_jobs "
        "WHERE file_hash = %s",
        etag,
    )
    return {
        "seconds": round(last - began, 3),
        "seconds_run": round(run.ended - run.started, 3),
        "spent": {name: round(seconds, 3) for name, seconds in run.seconds.items()},
        "statements": facts.customers,
        "statements_per_second": round(facts.customers / (run.ended - run.started), 1),
        "mib": round(facts.size_bytes / _MIB, 1),
        "pages": pages or 0,
        "pdf_mib": round((pdf_bytes or 0) / _MIB, 1),
    }


def _count_progress(stage: Stage) -> int:
    ((count,),) = stage.query("SELECT count(*) FROM event_logs WHERE event LIKE '%% statements stored%%'")
    return int(count)


def _check(stage: Stage, etag: str, customers: int, told: int) -> None:
    """Exit unless there is exactly one PDF for each statement, and the log told of them."""
    ((status, message, statements),) = stage.query(
        "SELECT status, error_message, statements FROM processing_jobs WHERE file_hash = %s", etag
    )
    stored = stage.list_pdfs()
    folder = f"900/{Path(_NAME).stem}-{etag[:8]}"
    expected = {f"{folder}/{number:04d}.pdf" for number in range(1, customers + 1)}
    if (status, statements) != ("completed", customers) or stored != expected or not told:
        sys.exit(
            f"wrong: the job is {status} ({message}) with {statements} statements of {customers}; "
            f"{len(stored & expected)} PDFs as expected, {len(stored - expected)} others; "
            f"{told} lines of progress"
        )


def _print(figures: Mapping[str, Any]) -> None:
    print(f"{figures['statements']:,} statements, {figures['mib']:.0f} MiB, {figures['workers']} run workers")
    print(f"  from the sensor to the job's end {figures['seconds']:9.2f} s")
    print(f"  the run    {figures['seconds_run']:9.2f} s  {figures['statements_per_second']:,.0f} a second")
    for name, seconds in figures["spent"].items():
        print(f"    {name:<8} {seconds:9.2f} s")
    print(f"  peak of the run workers, all processes: {figures['peak_mib']:.0f} MiB")
    print(f"  {figures['pages']:,} pages, {figures['pdf_mib']:,.0f} MiB of PDFs")
    print(f"  {figures['progress_lines']} lines of progress in the run's log")


def _arguments() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "--customers", {"type": int, "default": 40_000, "help": "statements of the file, 3.8 kB each"}
    yield "--workers", {"type": int, "default": 1, "help": "run workers, of which one has the file"}
    yield "--json", {"type": Path, "help": "where to write the figures"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write JSON where it is wanted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.big_file",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name, options in _arguments():
        parser.add_argument(name, **options)
    given = parser.parse_args(arguments)
    figures = measure_big_file(given.customers, workers=given.workers)
    _print(figures)
    if given.json:
        given.json.write_text(json.dumps({**figures, **describe_machine()}, indent=2) + "\n")


if __name__ == "__main__":
    main()
