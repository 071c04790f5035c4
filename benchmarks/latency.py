"""How long one file takes on an idle system, from the end of its upload until its PDF can be read.

    uv run python -m benchmarks.latency

Not here: many files at once (month_end.py).
"""

import argparse
import json
import os
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from statistics import median

from benchmarks.stage import Stage, open_stage
from benchmarks.statement_files import make_statement_files


def measure_latency(rounds: int, poll_seconds: int) -> list[float]:
    """Return the seconds that each of so many single files took; each waits until all is idle again."""
    with open_stage(workers=os.cpu_count() or 1, POLL_INTERVAL=f"{poll_seconds}s") as stage:
        files = list(make_statement_files(rounds + 1, pages=(1, 1)))
        # The first one finds connections that nobody has opened yet.
        return [_measure(stage, file) for file in files][1:]


def _measure(stage: Stage, file: tuple[str, bytes]) -> float:
    [etag] = stage.put([file]).values()
    began = time.perf_counter()
    prefix = f"900/{Path(file[0]).stem}-{etag[:8]}"
    with closing(stage.stack.services.endpoints.s3.open_client()) as client:
        bucket = stage.stack.settings.objects.pdfs_bucket
        stage.await_true(
            lambda: client.list_objects_v2(Bucket=bucket, Prefix=prefix)["KeyCount"] == 1,
            "no PDF",
            rest=0.05,
        )
    seconds = time.perf_counter() - began
    stage.await_true(lambda: not stage.live_runs(), "a run is still on")
    return seconds


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write JSON where it is wanted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.latency",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=10, help="how many files, one after the other")
    parser.add_argument("--poll", type=int, default=5, help="POLL_INTERVAL in seconds")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    given = parser.parse_args(arguments)
    seconds = measure_latency(given.rounds, given.poll)
    figures = {
        "seconds_median": round(median(seconds), 3),
        "seconds_least": round(min(seconds), 3),
        "seconds_most": round(max(seconds), 3),
        "poll_seconds": given.poll,
        "rounds": given.rounds,
    }
    print(
        f"upload to PDF, {given.rounds} files one by one, polling every {given.poll} s: median "
        f"{figures['seconds_median']:.2f} s ({figures['seconds_least']:.2f}–{figures['seconds_most']:.2f})"
    )
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
