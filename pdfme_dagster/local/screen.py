"""What `up` and `demo` show on the terminal: tables, progress, summary.

Not here: deciding anything.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from pdfme_dagster.domain.privacy import mask_numbers
from pdfme_dagster.local.demo import Counts, Summary
from pdfme_dagster.local.processes import ChildProcess
from pdfme_dagster.local.stack import USUAL_PORTS, Stack

_FAILURES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Screen:
    """A terminal, or a log file: without a terminal nothing is redrawn."""

    console: Console

    def step(self, what: str) -> None:
        """Say what is being started."""
        self.console.print(f"[dim]starting[/] {escape(what)} …")

    def death(self, child: ChildProcess) -> None:
        """Say that a process died and will be started again."""
        self.console.print(
            f"[yellow]{child.program.name} ended unexpectedly (exit code {child.exit_code}); "
            f"starting it again. Its log: {escape(str(child.log))}[/]"
        )

    def stack(self, stack: Stack) -> None:
        """Print what runs where and what to do with it."""
        self.console.print(_stack_table(stack))
        if moved := _moved_ports(stack):
            self.console.print(f"[yellow]Ports were taken:[/] {moved}")
        home = stack.services.home
        option = "" if home == Path(".pdfme").resolve() else f" --home {home}"
        self.console.print(
            f"To upload a file:  [bold]uv run pdfme-dagster upload FILE…{escape(option)}[/]\n"
            f'For psql and aws:  [bold]eval "$(uv run pdfme-dagster env{escape(option)})"[/], '
            "then: psql -c 'TABLE job_statistics'\n"
            f"Data:              {escape(str(home))}, passwords in secrets.json, logs in logs/",
            soft_wrap=True,
        )

    def waiting(self) -> None:
        """Say how to stop."""
        self.console.print("Everything keeps running. [bold]Ctrl-C[/] stops it; the data stays.")

    def stopping(self) -> None:
        """Say that it stops."""
        self.console.print("stopping …")

    def summary(self, summary: Summary, stack: Stack) -> None:
        """Print how a demo ended."""
        self.console.print()  # where nothing is redrawn, the progress ends without a line's end
        self.console.print(_summary_table(summary))
        if summary.failures:
            self.console.print(_failures_table(summary))
        assets = f"{stack.ui_url}/assets/statement_pdfs"
        if summary.example:
            self.console.print(f"A PDF:              {summary.example}", soft_wrap=True)
        self.console.print(f"All PDFs:           {assets}?view=events", soft_wrap=True)
        self.console.print(f"Failed partitions:  {assets}?view=partitions&status=FAILED", soft_wrap=True)
        for surprise in summary.surprises[:_FAILURES_SHOWN]:
            self.console.print(f"[red]WRONG: {escape(surprise)}[/]")

    @contextmanager
    def progress(self, files: int) -> Iterator["DemoProgress"]:
        """Show the demo's progress while inside."""
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description:<10}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("ETA"),
            TimeRemainingColumn(),
        )
        progress = DemoProgress(Progress(*columns, console=self.console), files)
        with Live(progress, console=self.console, refresh_per_second=4):
            yield progress


class DemoProgress:
    """Two bars, files uploaded and files ended, and a line that says where the files stand."""

    def __init__(self, progress: Progress, files: int) -> None:
        self._progress = progress
        self._uploading = progress.add_task("uploading", total=files, rate="")
        self._working = progress.add_task("statements", total=files, rate="", start=False)
        self._counts = ""

    def uploaded(self, files: int) -> None:
        """Note that so many files are uploaded."""
        self._progress.update(self._uploading, completed=files)

    def counted(self, counts: Counts) -> None:
        """Note where the files stand."""
        self._progress.start_task(self._working)
        speed = self._progress.tasks[self._working].speed
        rate = f"{speed:.0f} files/s" if speed else ""
        self._progress.update(self._working, completed=counts.ended, rate=rate)
        self._counts = (
            f"  found {counts.found}, processing {counts.processing}, "
            f"completed {counts.completed}, failed {counts.failed}"
        )

    def __rich__(self) -> Group:
        return Group(self._progress, self._counts)


def _stack_table(stack: Stack) -> Table:
    ports, objects = stack.ports, stack.settings.objects
    buckets = f"buckets {objects.uploads_bucket}, {objects.pdfs_bucket}"
    table = Table(title="pdfme_dagster is up", title_justify="left")
    for column in ("what", "where", "log"):
        table.add_column(column, overflow="fold")
    rows = [
        ("Dagster UI", stack.ui_url, "webserver"),
        (
            "Postgres",
            f"127.0.0.1:{ports['postgres']}, database {stack.settings.postgres.database}",
            "postgres",
        ),
        ("Valkey (Redis)", f"127.0.0.1:{ports['valkey']}", "valkey"),
        ("S3", f"http://127.0.0.1:{ports['s3']}, {buckets}", "s3"),
        ("sensor", f"looks every {stack.settings.dispatch.poll_seconds:g} s", "daemon"),
        ("run workers", f"{stack.settings.dispatch.run_workers} warm processes", "run-workers"),
        ("code server", f"127.0.0.1:{ports['code']}", "code-server"),
    ]
    for what, where, log in rows:
        table.add_row(what, where, f"{log}.log")
    return table


def _moved_ports(stack: Stack) -> str:
    """Name what does not listen where one would look first, because somebody else does or did."""
    return ", ".join(
        f"{name} on {port} instead of {USUAL_PORTS[name]}"
        for name, port in stack.ports.items()
        if port != USUAL_PORTS[name]
    )


def _summary_table(summary: Summary) -> Table:
    table = Table(title="Month end", title_justify="left", show_header=False)
    rate = summary.files / summary.seconds if summary.seconds else 0.0
    rows = [
        ("files", f"{summary.files:,} ({summary.new_jobs:,} new)"),
        ("completed / failed", f"{summary.completed:,} / {summary.failed:,}"),
        ("statements", f"{summary.statements:,}"),
        ("PDFs", f"{summary.pdfs:,}"),
        ("pages", f"{summary.pages:,}"),
        ("runs", f"{summary.runs:,}"),
        ("last upload → last job", f"{summary.seconds:.1f} s" + (f", {rate:.0f} files/s" if rate else "")),
    ]
    for name, value in rows:
        table.add_row(name, value)
    return table


def _failures_table(summary: Summary) -> Table:
    table = Table(title="Failed, each with its reason", title_justify="left")
    for column in ("file", "code", "reason"):
        table.add_column(column, overflow="fold")
    for job in summary.failures[:_FAILURES_SHOWN]:
        table.add_row(escape(mask_numbers(job.key)), job.error_code, escape(job.error_message or ""))
    more = len(summary.failures) - _FAILURES_SHOWN
    if more > 0:
        table.add_row(f"and {more} more", "", "SELECT * FROM failed_jobs")
    return table
