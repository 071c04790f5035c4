"""Whether a file costs the same in a small month end and in a large one.

    uv run python -m benchmarks.growth --sizes 500,5000,50000 --picture growth.png

Each size in a stack of its own; the cost of a file is the work phase, from the first run's start to the last
one's end, divided by the files. Not here: how that compares with no orchestrator (month_end.py).
"""

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.stage import open_stage
from benchmarks.statement_files import make_statement_files

_WIDTH, _HEIGHT, _MARGIN = 640, 360, 60
_SCALE = 2
_FIRST = 100


def measure_cost(files: int, workers: int) -> dict[str, float]:
    """Return the seconds a file of a month end of so many files costs, in all and in the work phase."""
    with open_stage(workers=workers) as stage:
        # The first batch of all finds programs that have done nothing yet: it is no part of any size's cost.
        every = list(make_statement_files(files + _FIRST, pages=(1, 1)))
        stage.await_ended(list(stage.put(every[:_FIRST]).values()))
        stage.stop_sensor()
        etags = list(stage.put(every[_FIRST:]).values())
        began = stage.start_sensor()
        stage.await_ended(etags)
        stage.await_true(lambda: not stage.live_runs(), "runs are still on")
        runs = stage.runs_since(began)
        ((completed, last),) = stage.query(
            "SELECT count(*) FILTER (WHERE status = 'completed'),"
            " extract(epoch FROM max(completed_at))::float8 FROM processing_jobs"
        )
        assert completed == files + _FIRST
        work = max(run.ended for run in runs) - min(run.started for run in runs)
        return {"work": work / files, "wall": (last - began) / files, "runs": len(runs)}


def draw_growth(costs: Mapping[int, Mapping[str, float]], path: Path) -> None:
    """Save a picture of milliseconds per file over files, both as measured."""
    import pypdfium2
    from reportlab.graphics import renderPDF
    from reportlab.graphics.charts.lineplots import LinePlot
    from reportlab.graphics.shapes import Drawing, String

    lines = [[(files, cost[name] * 1000) for files, cost in costs.items()] for name in ("work", "wall")]
    plot = LinePlot()
    plot.x, plot.y = _MARGIN, _MARGIN
    plot.width, plot.height = _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN
    plot.data = lines
    plot.xValueAxis.valueMin = plot.yValueAxis.valueMin = 0
    plot.lines[1].strokeDashArray = (4, 3)
    drawing = Drawing(_WIDTH, _HEIGHT)
    drawing.add(plot)
    drawing.add(
        String(_MARGIN, _HEIGHT - 30, "ms a file: work phase (solid), from the last upload on (dashed)")
    )
    drawing.add(String(_WIDTH - 2 * _MARGIN, 20, "files"))
    with pypdfium2.PdfDocument(renderPDF.drawToString(drawing)) as document:
        document[0].render(scale=_SCALE).to_pil().save(path)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, draw, and write JSON where it is wanted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.growth",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sizes", default="500,5000,50000", help="how many files, smallest first")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="run workers")
    parser.add_argument("--picture", type=Path, help="where to save the plot, a PNG")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    given = parser.parse_args(arguments)
    costs: dict[int, dict[str, float]] = {}
    for size in map(int, given.sizes.split(",")):
        costs[size] = cost = measure_cost(size, given.workers)
        print(
            f"{size:>7,} files: {cost['work'] * 1000:6.2f} ms a file in the work phase, "
            f"{cost['wall'] * 1000:6.2f} ms from the last upload on, {cost['runs']:.0f} runs",
            flush=True,
        )
    if given.picture:
        draw_growth(costs, given.picture)
    if given.json:
        figures = {"cost_per_file": {str(size): cost["work"] for size, cost in costs.items()}}
        given.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
