"""How fast statement files are read, and in how much memory, beside a loop that only cuts the same lines.

Not here: whether they are read right (pdfme_dagster_tests/parsing/). Each measurement is a process of its
own; the times are CPU seconds, but for two processes seconds on the clock. Quote no run of a busy machine.
"""

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.memory import measure_peak_mib
from benchmarks.statement_files import FileFacts, write_statement_file

_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One measurement of one file; what a loop does not count is None."""

    cpu_seconds: float
    wall_seconds: float
    peak_mib: float
    customers: int | None = None
    rows: int | None = None
    warnings: int | None = None


class _Watch:
    """Measures from where it is made."""

    def __init__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def stop(self, **counts: int) -> Measured:
        return Measured(
            cpu_seconds=time.process_time() - self._cpu,
            wall_seconds=time.perf_counter() - self._wall,
            peak_mib=measure_peak_mib(),
            **counts,
        )


# --- What is measured, each in a process of its own ---


def cut_bytes(path: Path) -> Measured:
    """Cut lines that are in memory already, and do nothing with them: the least that reading can cost."""
    content = path.read_bytes()
    watch = _Watch()
    for line in content.split(b"\n"):
        line.split(b"|")
    return watch.stop()


def cut_text(path: Path) -> Measured:
    """Cut lines of text one by one, as a program does that trusts its file."""
    watch = _Watch()
    with path.open(encoding="utf-8") as file:
        for line in file:
            line.split("|")
    return watch.stop()


def read_statements(path: Path) -> Measured:
    """Read all statements and keep none."""
    from pdfme_dagster.parsing import load_profiles

    profile = load_profiles()["afs"]
    watch = _Watch()
    return watch.stop(**_count(path, profile))


def read_in_two_processes(path: Path) -> Measured:
    """Cut the file into two ranges and read each in a process that is running already."""
    from pdfme_dagster.parsing import cut_ranges, load_profiles

    profile = load_profiles()["afs"]
    with _start_worker() as first, _start_worker() as second:
        for worker in (first, second):
            worker.submit(_count, path, profile, []).result()
        watch = _Watch()
        with path.open("rb") as stream:
            parts = cut_ranges(stream, profile, 2)
        # A small file may be one part.
        running = [
            worker.submit(_count, path, profile, [part])
            for worker, part in zip((first, second), parts, strict=False)
        ]
        counts = [each.result() for each in running]
    return watch.stop(**{name: sum(count[name] for count in counts) for name in counts[0]})


def _start_worker() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def _count(path: Path, profile: Any, parts: Sequence[Any] = (None,)) -> dict[str, int]:
    """Read these parts of a file, None being all of it, and count what is found."""
    from pdfme_dagster.parsing import StatementReader

    customers = rows = warnings = 0
    for part in parts:
        with path.open("rb") as stream:
            reader = StatementReader(stream, profile, part=part)
            for statement in reader:
                customers += 1
                rows += len(statement.transactions)
            warnings += len(reader.warnings) + len(reader.rejected)
    return {"customers": customers, "rows": rows, "warnings": warnings}


_LOOPS: Mapping[str, Callable[[Path], Measured]] = {
    "bare": cut_bytes,
    "bare_text": cut_text,
    "ours": read_statements,
    "two_processes": read_in_two_processes,
}


# --- The report ---


def measure_file(path: Path, facts: FileFacts, repeat: int) -> dict[str, Any]:
    """Measure each loop ``repeat`` times, in turn, and return the medians; SystemExit on a wrong count."""
    measured: dict[str, list[Measured]] = {name: [] for name in _LOOPS}
    for _ in range(repeat):
        for name, loop in _LOOPS.items():
            measured[name].append(_run_alone(loop, path))
    for name in ("ours", "two_processes"):
        _check_counts(name, measured[name], facts)
    return _summarise(facts, measured)


def _run_alone(loop: Callable[[Path], Measured], path: Path) -> Measured:
    with _start_worker() as worker:
        return worker.submit(loop, path).result()


def _check_counts(name: str, measured: Sequence[Measured], facts: FileFacts) -> None:
    expected = (facts.customers, facts.rows, 0)
    for each in measured:
        found = (each.customers, each.rows, each.warnings)
        if found != expected:
            sys.exit(f"{name}: read {found} customers, rows and warnings instead of {expected}")


def _summarise(facts: FileFacts, measured: Mapping[str, Sequence[Measured]]) -> dict[str, Any]:
    bare, bare_text, ours = (
        median(each.cpu_seconds for each in measured[name]) for name in ("bare", "bare_text", "ours")
    )
    return {
        **asdict(facts),
        "seconds_bare": bare,
        "seconds_bare_text": bare_text,
        "seconds_ours": ours,
        "ratio": ours / bare,
        "ratio_text": ours / bare_text,
        "records_per_second": round(facts.records / ours),
        "peak_mib": median(each.peak_mib for each in measured["ours"]),
        "wall_seconds_ours": median(each.wall_seconds for each in measured["ours"]),
        "wall_seconds_two_processes": median(each.wall_seconds for each in measured["two_processes"]),
    }


def _print_summary(name: str, summary: Mapping[str, Any]) -> None:
    size = summary["size_bytes"] / 1e6
    print(f"{name}: {size:.1f} MB, {summary['customers']:,} customers, {summary['records']:,} records")
    print(f"  bare loop over bytes  {summary['seconds_bare']:8.3f} s")
    print(f"  bare loop over text   {summary['seconds_bare_text']:8.3f} s")
    print(f"  statements            {summary['seconds_ours']:8.3f} s", end="  ")
    print(f"{summary['ratio']:.2f} x bytes, {summary['ratio_text']:.2f} x text", end=", ")
    print(f"{summary['records_per_second']:,} records/s, peak {summary['peak_mib']:.0f} MiB")
    print(f"  on the clock          {summary['wall_seconds_ours']:8.3f} s", end="  ")
    print(f"in two processes {summary['wall_seconds_two_processes']:.3f} s", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the files, measure, print, and write JSON where it is wanted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parse", description=__doc__)
    parser.add_argument("--customers", type=int, default=5_000, help="customers of the file of 19 MB")
    parser.add_argument("--big-customers", type=int, default=40_000, help="customers of the file of 150 MB")
    parser.add_argument("--repeat", type=int, default=3, help="measurements of each kind; medians are told")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args(arguments)
    report: dict[str, Any] = {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "repeat": options.repeat,
    }
    files = {
        "file_19mb": (options.customers, False),
        "file_19mb_arabic": (options.customers, True),
        "file_150mb": (options.big_customers, False),
    }
    with tempfile.TemporaryDirectory(prefix="pdfme-benchmark-") as folder:
        for name, (customers, arabic) in files.items():
            path = Path(folder, f"900_{name}.txt")
            facts = write_statement_file(path, customers, arabic=arabic)
            report[name] = measure_file(path, facts, options.repeat)
            _print_summary(name, report[name])
            path.unlink()
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
