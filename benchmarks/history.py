"""What a long history costs a batch of today: partitions, jobs and events of years, then the same 500 files.

    uv run python -m benchmarks.history --partitions 100000

Batches without and with the history take turns in two stacks that are alike. Not here: how much history there
should be (docs/retention.md).
"""

import argparse
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import dagster as dg

from benchmarks.stage import Stage, open_stage
from benchmarks.statement_files import make_statement_files
from pdfme_dagster.defs.partition_events import Step, record_materialized
from pdfme_dagster.defs.statement_pdfs import ASSET_KEY, JOB_NAME

_AT_ONCE = 10_000


def measure_history(partitions: int, files: int, rounds: int) -> dict[str, float]:
    """Return the median seconds of a batch, from its discovery to its last run's end, in both stacks."""
    workers = os.cpu_count() or 1
    with open_stage(workers=workers) as young, open_stage(workers=workers) as old:
        for stage in (young, old):
            stage.stop_sensor()
        began = time.perf_counter()
        _make_history(old, partitions)
        print(f"history of {partitions:,} partitions made in {time.perf_counter() - began:.0f} s", flush=True)
        batches = list(make_statement_files(files * (rounds + 1), pages=(1, 1)))
        times: list[tuple[float, float]] = []
        for number in range(rounds + 1):
            batch = batches[number * files : (number + 1) * files]
            times.append((_measure(young, batch), _measure(old, batch)))
    # The first round finds everything cold.
    without, with_history = (median(column) for column in zip(*times[1:], strict=True))
    return {
        "partitions": partitions,
        "files": files,
        "seconds_without": round(without, 3),
        "seconds_with": round(with_history, 3),
        "ratio": round(with_history / without, 3),
    }


def _measure(stage: Stage, batch: Sequence[tuple[str, bytes]]) -> float:
    etags = list(stage.put(batch).values())
    began = stage.start_sensor()
    stage.await_ended(etags)
    stage.stop_sensor()
    ((found,),) = stage.query(
        "SELECT extract(epoch FROM min(created_at))::float8 FROM processing_jobs WHERE file_hash = ANY(%s)",
        etags,
    )
    ended = max(run.ended for run in stage.runs_since(began))
    return ended - float(found)


def _make_history(stage: Stage, partitions: int) -> None:
    """Let there be as many completed jobs, partitions and materializations, as if years had passed."""
    etags = [f"{number:032x}" for number in range(partitions)]
    stage.query(
        "INSERT INTO processing_jobs (file_hash, filename, status, created_at, completed_at, pdf_location,"
        " statements, pages) SELECT e, 'old/' || e || '.txt', 'completed', now() - interval '60 days',"
        " now() - interval '60 days', 's3://pdfs/old/' || e || '.pdf', 1, 1 FROM unnest(%s::text[]) AS e",
        etags,
    )
    with _instance(stage) as instance:
        for start in range(0, partitions, _AT_ONCE):
            some = etags[start : start + _AT_ONCE]
            instance.add_dynamic_partitions("uploads", some)
            run = instance.add_run(dg.DagsterRun(job_name=JOB_NAME, status=dg.DagsterRunStatus.SUCCESS))
            step = Step(run_id=run.run_id, job_name=JOB_NAME, step_key="store", asset_key=ASSET_KEY)
            record_materialized(instance, step, {etag: {"pages": dg.MetadataValue.int(1)} for etag in some})
    stage.query("VACUUM ANALYZE")


@contextmanager
def _instance(stage: Stage) -> Iterator[dg.DagsterInstance]:
    before = dict(os.environ)
    os.environ.update(stage.stack.environment, DAGSTER_EVENT_BATCH_SIZE="500")
    try:
        with dg.DagsterInstance.get() as instance:
            yield instance
    finally:
        os.environ.clear()
        os.environ.update(before)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write JSON where it is wanted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.history",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--partitions", type=int, default=100_000, help="partitions and jobs of the history")
    parser.add_argument("--files", type=int, default=500, help="files of a batch")
    parser.add_argument("--rounds", type=int, default=5, help="how many batches each; figures are medians")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    given = parser.parse_args(arguments)
    figures = measure_history(given.partitions, given.files, given.rounds)
    print(
        f"{given.files:,} files, discovery to end: without history {figures['seconds_without']:.2f} s, "
        f"with {given.partitions:,} partitions {figures['seconds_with']:.2f} s = {figures['ratio']:.2f} x"
    )
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
