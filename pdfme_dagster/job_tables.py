"""Reports on jobs as people and programs read them: tables, JSON, CSV.

Not here: what is in a report (stores/job_reports.py), which has masked its texts already.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pdfme_dagster.closing import Closing
from pdfme_dagster.console import make_table
from pdfme_dagster.stores.job_reports import UNKNOWN, JobCounts, JobRow, StatusReport

# A spreadsheet takes what starts like this for a formula, and uploads are named by strangers.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# The closing equation's right side, in its order.
_TERMS = ("ignored", "duplicates", "superseded", "missing", "completed", "failed", "open")
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def print_status(console: Console, report: StatusReport) -> None:
    """Print how things stand, what needs somebody's eyes last."""
    console.print(_counts_table(report))
    if report.runs:
        table = _make_table("runs in flight", "run", "files are", right=("files", "since"))
        for run in report.runs:
            state = "processing" if run.state == "processing" else "handed to it (tag pdfme/dispatch)"
            table.add_row(escape(run.id), state, f"{run.files:,}", _show_age(run.age_seconds))
        console.print(table)
    if report.failures:
        table = _make_table(
            "failed, by cause", "cause", "oldest", "newest", "newest of them", right=("files",)
        )
        for cause in report.failures:
            example = f"{cause.key} ({cause.etag}): {cause.message}"
            times = (_show_time(cause.oldest), _show_time(cause.newest))
            table.add_row(escape(cause.code), *times, escape(example), f"{cause.files:,}")
        console.print(table)
    if report.incomplete:
        title = f"completed without some customers, the newest {len(report.incomplete)}"
        table = _make_table(title, "file", "completed", "who and why", right=("statements", "left out"))
        for file in report.incomplete:
            texts = (escape(file.key), _show_time(file.completed_at), escape(file.reason))
            table.add_row(*texts, f"{file.statements or 0:,}", f"{file.rejected:,}")
        console.print(table)


def print_jobs(console: Console, rows: Sequence[JobRow], *, more: bool) -> None:
    """Print jobs, one a row; ``more`` says that there are others."""
    if not rows:
        console.print("no such jobs")
        return
    title = f"jobs, the newest {len(rows):,} of more: --limit shows them" if more else f"{len(rows):,} jobs"
    columns = ("hash", "file", "org", "state", "found", "ended", "result")
    table = _make_table(title, *columns, right=("retries",))
    for row in rows:
        texts = map(escape, (row.etag, row.key, row.organisation or "", row.state))
        times = (_show_time(row.created_at), _show_time(row.completed_at))
        table.add_row(*texts, *times, escape(_describe(row)), f"{row.retry_count} of {row.max_retries}")
    console.print(table)


def print_causes(console: Console, causes: Mapping[str, int]) -> None:
    """Print how many jobs there are of each cause."""
    table = _make_table("by cause", "cause", right=("files",))
    for code, files in sorted(causes.items(), key=lambda cause: (-cause[1], cause[0])):
        table.add_row(escape(code), f"{files:,}")
    console.print(table)


def write_status(out: TextIO, report: StatusReport) -> None:
    """Write how things stand as one JSON object; times are UTC, ages in seconds."""
    counts = report.counts
    document = {
        "jobs": {
            "pending": {
                "waiting": counts.waiting,
                "due_later": counts.due_later,
                "handed": counts.handed,
                "total": counts.pending,
            },
            "processing": counts.processing,
            "completed": counts.completed,
            "failed": counts.failed,
            "total": counts.total,
        },
        "completed_in_last_minutes": _rates(counts),
        "oldest_waiting": asdict(report.oldest_waiting) if report.oldest_waiting else None,
        "runs": [asdict(run) for run in report.runs],
        "failures": [asdict(cause) for cause in report.failures],
        "incomplete": {"total": counts.incomplete, "newest": [asdict(file) for file in report.incomplete]},
    }
    out.write(json.dumps(document, ensure_ascii=False, indent=2, default=_utc) + "\n")


def write_json(out: TextIO, rows: Iterable[JobRow]) -> None:
    """Write jobs as one JSON array, an object a line, as they come."""
    separator = "[\n"
    for row in rows:
        out.write(separator + json.dumps(asdict(row), ensure_ascii=False, default=_utc))
        separator = ",\n"
    out.write("[]\n" if separator == "[\n" else "\n]\n")


def write_csv(out: TextIO, rows: Iterable[JobRow]) -> None:
    """Write jobs as CSV with a header, as they come; a text that looks like a formula gets an apostrophe."""
    writer = csv.writer(out, lineterminator="\n")
    names = [field.name for field in fields(JobRow)]
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(getattr(row, name)) for name in names])


def print_closing(console: Console, closing: Closing) -> None:
    """Print the closing equation as a sum, the PDFs, and each thing that keeps it from being closed."""
    uploads = _make_table("uploads", "what became of them", right=("files",))
    for term in _TERMS:
        uploads.add_row(term, f"{getattr(closing, term):,}")
    if closing.unaccounted:
        uploads.add_row("unaccounted", f"{closing.unaccounted:,}")
    uploads.add_section()
    uploads.add_row("listed", f"{closing.listed:,}")
    console.print(uploads)
    pdfs = _make_table("PDFs", "whose they are", right=("PDFs",))
    for name, count in asdict(closing.pdfs).items():
        pdfs.add_row(name, f"{count:,}")
    console.print(pdfs)
    console.print("\n".join(_list_trouble(closing)) or "closed: every upload and every PDF is accounted for")


def write_closing(out: TextIO, closing: Closing) -> None:
    """Write the closing equation as one JSON object."""
    uploads = {term: getattr(closing, term) for term in ("listed", *_TERMS)}
    document = {
        "closed": closing.is_closed,
        "uploads": uploads | {"unaccounted": closing.unaccounted},
        "pdfs": asdict(closing.pdfs) | {"match": closing.pdfs_match},
    }
    out.write(json.dumps(document, indent=2) + "\n")


def _list_trouble(closing: Closing) -> Iterator[str]:
    pdfs = closing.pdfs
    if closing.open:
        yield f"not closed: {closing.open:,} uploads are open; see `pdfme-dagster status`"
    if closing.unaccounted:
        yield (
            f"not closed: {closing.listed:,} uploads are listed and {closing.listed - closing.unaccounted:,} "
            "accounted for; jobs were changed by hand, or point to PDFs of a job that failed or is gone"
        )
    if pdfs.orphans:
        yield f"not closed: {pdfs.orphans:,} PDFs are no completed job's"
    if pdfs.absent:
        yield f"not closed: {pdfs.absent:,} PDFs of completed jobs are not in the bucket; make them again"


def _counts_table(report: StatusReport) -> Table:
    counts, oldest = report.counts, report.oldest_waiting
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column()
    table.add_column(overflow="fold")
    later = f" ({counts.due_later:,} until their next attempt is due)" if counts.due_later else ""
    waiting = f"{counts.waiting:,} waiting{later}"
    rates = ", ".join(f"{files:,} in the last {minutes} min" for minutes, files in _rates(counts).items())
    rows = {
        "pending": f"{counts.pending:,}: {waiting}, {counts.handed:,} handed to a run",
        "processing": f"{counts.processing:,}",
        "completed": f"{counts.completed:,}, {counts.incomplete:,} of them without some customers",
        "failed": f"{counts.failed:,}",
        "in all": f"{counts.total:,}",
        "completed files": rates,
        "oldest waiting": f"{oldest.key}, found {_show_age(oldest.age_seconds)} ago" if oldest else "none",
    }
    for what, text in rows.items():
        table.add_row(what, escape(text))
    return table


def _rates(counts: JobCounts) -> dict[str, int]:
    return {"1": counts.last_minute, "10": counts.last_10_minutes, "60": counts.last_60_minutes}


def _describe(row: JobRow) -> str:
    if row.error_message:
        return f"{row.error_code or UNKNOWN}: {row.error_message}"
    if row.state != "completed":
        return f"run {row.run_id}" if row.run_id else ""
    left_out = f", {row.rejected} left out" if row.rejected else ""
    return f"{row.statements or 0} statements, {row.pages or 0} pages{left_out}"


def _show_time(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z" if moment else ""


def _show_age(seconds: float) -> str:
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _utc(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return _utc(value)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _make_table(title: str, *columns: str, right: Sequence[str] = ()) -> Table:
    """Return a table of texts, and of figures on its right."""
    table = make_table(title)
    for column in columns:
        # A hash is there to be copied.
        table.add_column(column, overflow="fold", no_wrap=column == "hash")
    for column in right:
        table.add_column(column, justify="right", no_wrap=True)
    return table
