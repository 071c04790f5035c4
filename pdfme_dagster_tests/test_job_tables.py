"""Reports as people and programs read them: nothing in a file's name disturbs a table or a spreadsheet.

Not here: what is reported (stores/test_job_reports.py), the commands (test_cli_jobs.py).
"""

import csv
import io
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from rich.console import Console

from pdfme_dagster.job_tables import print_jobs, print_status, write_csv, write_json
from pdfme_dagster.stores.job_reports import (
    FailureCause,
    IncompleteFile,
    JobCounts,
    JobRow,
    StatusReport,
    WaitingJob,
)

NOON = datetime(2025, 9, 30, 15, 0, tzinfo=timezone(timedelta(hours=3)))


def make_row(**changes: Any) -> JobRow:
    nothing: dict[str, Any] = dict.fromkeys(JobRow.__dataclass_fields__)
    known = {"etag": "abc", "key": "900_a.txt", "state": "pending", "created_at": NOON}
    return JobRow(**{**nothing, **known, "retry_count": 1, "max_retries": 3, "size_bytes": 7, **changes})


def make_report(**changes: Any) -> StatusReport:
    counts = JobCounts(**dict.fromkeys(JobCounts.__dataclass_fields__, 0))
    known: dict[str, Any] = {"counts": counts, "oldest_waiting": None}
    return StatusReport(**{**known, "runs": (), "failures": (), "incomplete": (), **changes})


def draw(draw_on: Any, *arguments: Any, width: int = 160, **options: Any) -> str:
    out = io.StringIO()
    draw_on(Console(file=out, width=width), *arguments, **options)
    return out.getvalue()


def test_status_says_how_many_only_wait_for_their_next_attempt() -> None:
    counts = replace(make_report().counts, waiting=1200, due_later=1000)
    shown = draw(print_status, make_report(counts=counts))
    assert "1,200: 1,200 waiting (1,000 until their next attempt is due), 0 handed to a run" in shown


def test_names_and_messages_are_no_markup() -> None:
    cause = FailureCause(
        code="[b]x", files=1, oldest=None, newest=NOON, etag="e", key="[red]a[/red]", message="[/]"
    )
    waiting = WaitingJob(etag="w", key="[blink]w", age_seconds=5400)
    file = IncompleteFile(
        etag="i", key="[i]i", completed_at=NOON, statements=3, rejected=1, reason="line 3: [u]"
    )
    shown = draw(print_status, make_report(failures=(cause,), oldest_waiting=waiting, incomplete=(file,)))
    for text in ("[b]x", "[red]a[/red] (e): [/]", "[blink]w, found 1.5 h ago", "[i]i", "line 3: [u]"):
        assert text in shown
    assert "[dim]" in draw(print_jobs, [make_row(key="[dim]", organisation="[/]")], more=False)


def test_times_are_utc_for_everybody() -> None:
    assert "2025-09-30 12:00:00Z" in draw(print_jobs, [make_row()], more=False)
    out = io.StringIO()
    write_json(out, [make_row()])
    (row,) = json.loads(out.getvalue())
    assert datetime.fromisoformat(row["created_at"]) == NOON
    assert row["created_at"].endswith("+00:00")


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({"state": "completed", "statements": 3, "pages": 7}, "3 statements, 7 pages"),
        ({"state": "completed", "statements": 3, "pages": 7, "rejected": 2}, "7 pages, 2 left out"),
        ({"state": "failed", "error_code": "bad_amount", "error_message": "no"}, "bad_amount: no"),
        ({"state": "failed", "error_message": "no"}, "unknown: no"),
        ({"state": "processing", "run_id": "run-7"}, "run run-7"),
    ],
)
def test_a_row_says_what_came_of_the_job(changes: dict[str, Any], result: str) -> None:
    shown = draw(print_jobs, [make_row(**changes)], more=False)
    assert result in shown
    assert "1 of 3" in shown


def test_a_hash_is_whole_on_a_narrow_screen() -> None:
    etag = "0123456789abcdef" * 2
    assert etag in draw(print_jobs, [make_row(etag=etag, error_message="x " * 200)], width=100, more=False)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", '=HYPERLINK("x")'])
def test_no_text_is_a_formula_for_a_spreadsheet(text: str) -> None:
    out = io.StringIO()
    write_csv(out, [make_row(key=text, pages=-1)])
    (row,) = csv.DictReader(io.StringIO(out.getvalue()))
    assert (row["key"], row["pages"], row["error_code"]) == (f"'{text}", "-1", "")


def test_no_jobs_are_a_header_or_an_empty_list() -> None:
    lines, array = io.StringIO(), io.StringIO()
    write_csv(lines, [])
    write_json(array, [])
    assert lines.getvalue().startswith("etag,key,organisation,state,")
    assert json.loads(array.getvalue()) == []


def test_ages_are_told_in_a_unit_that_fits() -> None:
    for seconds, shown in ((0.4, "0 s"), (59, "59 s"), (60, "1.0 min"), (86_400 * 2.5, "2.5 d")):
        waiting = WaitingJob(etag="w", key="w", age_seconds=seconds)
        assert f"found {shown} ago" in draw(print_status, make_report(oldest_waiting=waiting))


def test_only_what_is_json_goes_into_json() -> None:
    with pytest.raises(TypeError, match="object has no form in JSON"):
        write_json(io.StringIO(), [make_row(pages=object())])
