"""What a tick costs that finds nothing new, against the bare paginated listing of the same bucket.

    uv run python -m benchmarks.discovery --files 5000

The bare listing is boto3 as it comes; the tick's own client parses dates faster, so a listing through that
one is measured too. Not here: files that are new (month_end.py).
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import dagster as dg

from benchmarks.memory import measure_peak_mib
from benchmarks.stage import Stage, open_stage
from pdfme_dagster.definitions import defs
from pdfme_dagster.defs.resources import connect_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SENSOR = "uploads_sensor"


def measure_discovery(files: int, rounds: int) -> dict[str, float]:
    """Return the median seconds of two bare listings and of a tick, taken in turns."""
    with open_stage(workers=1) as stage, closing(stage.stack.services.endpoints.s3.open_client()) as plain:
        stage.stop_sensor()
        stage.put((f"900_{number:06}.txt", b"%d" % number) for number in range(files))
        with _environment(stage), dg.DagsterInstance.get() as instance:
            settings = stage.stack.settings.objects
            own, bucket = connect_client(settings.endpoint_url), settings.uploads_bucket
            tick = _make_tick(instance)
            tick()
            _complete_all(stage)
            # The second teaches Redis that they are completed.
            tick()
            calls = (lambda: _list(plain, bucket, files), lambda: _list(own, bucket, files), tick)
            times = [[_time(call) for call in calls] for _ in range(rounds)]
    listing, own_listing, ticking = (median(column) for column in zip(*times, strict=True))
    return {
        "files": files,
        "seconds_listing": round(listing, 4),
        "seconds_listing_own_client": round(own_listing, 4),
        "seconds_tick": round(ticking, 4),
        "ratio_listing": round(ticking / listing, 3),
        "ratio_listing_own_client": round(ticking / own_listing, 3),
        "peak_mib": round(measure_peak_mib(), 1),
    }


@contextmanager
def _environment(stage: Stage) -> Iterator[None]:
    """Let this process be one of the stack's."""
    before = dict(os.environ)
    os.environ.update(stage.stack.environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _make_tick(instance: dg.DagsterInstance) -> Callable[[], None]:
    """Return what evaluates the sensor with resources of its own, as the code server does."""
    repository = defs().get_repository_def()
    sensor = repository.get_sensor_def(_SENSOR)
    available = repository.get_top_level_resources()
    resources = {name: available[name] for name in sensor.required_resource_keys}

    def tick() -> None:
        with dg.build_sensor_context(
            instance=instance, repository_def=repository, resources=resources
        ) as context:
            sensor.evaluate_tick(context)

    return tick


def _list(client: "S3Client", bucket: str, files: int) -> None:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    assert sum(len(page.get("Contents", [])) for page in pages) == files


def _complete_all(stage: Stage) -> None:
    stage.query(
        "UPDATE processing_jobs SET status = 'completed', completed_at = now(), pdf_location = 's3://pdfs/x',"
        " dispatch_id = NULL"
    )


def _time(call: Callable[[], None]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write JSON where it is wanted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.discovery",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--files", type=int, default=5000, help="known files in the bucket")
    parser.add_argument("--rounds", type=int, default=15, help="how often; the figures are medians")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    given = parser.parse_args(arguments)
    figures = measure_discovery(given.files, given.rounds)
    print(
        f"{given.files:,} known files: bare listing {figures['seconds_listing']:.3f} s, "
        f"tick {figures['seconds_tick']:.3f} s = {figures['ratio_listing']:.2f} x "
        f"({figures['ratio_listing_own_client']:.2f} x a listing through the tick's own client); "
        f"peak of this process {figures['peak_mib']:.0f} MiB"
    )
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
