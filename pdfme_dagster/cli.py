"""The command `pdfme-dagster`: reads arguments, calls the package, prints, sets the exit code.

Not here: anything another program could want to call. Imports are made by the command that needs them, so
that `--help` answers at once.
"""

import json
import os
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer
from rich.console import Console

from pdfme_dagster.cli_files import write_utf8
from pdfme_dagster.cli_jobs import cleanup, close, jobs, retry, status
from pdfme_dagster.cli_profiles import load_choice, load_own_profiles
from pdfme_dagster.cli_templates import render, template_app
from pdfme_dagster.domain.privacy import mask_numbers, show_line
from pdfme_dagster.errors import ConfigurationError, PdfmeError, TemplateError

if TYPE_CHECKING:
    from pdfme_dagster.local.screen import Screen
    from pdfme_dagster.local.stack import Stack

app = typer.Typer(
    help="Statement files in, PDFs out, each exactly once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_FAILED, _USAGE = 1, 2

Home = Annotated[Path, typer.Option(help="Where data, logs and passwords live; made when missing.")]
_HOME = Path(".pdfme")


@app.command()
def up(home: Home = _HOME) -> None:
    """Start Postgres, Valkey, S3 and Dagster on this machine, until Ctrl-C."""
    from pdfme_dagster.local.screen import Screen

    screen = Screen(Console())
    with _running(home, screen) as stack:
        screen.stack(stack)
        _keep(stack, screen)


@app.command()
def demo(
    files: Annotated[int, typer.Option(min=0, help="How many statement files to make.")] = 500,
    broken: Annotated[int, typer.Option(min=0, help="How many of them are broken.")] = 3,
    seed: Annotated[int, typer.Option(help="The same seed makes the same files.")] = 7,
    home: Home = _HOME,
    leave: Annotated[bool, typer.Option("--exit", help="Stop everything when done.")] = False,
    summary_file: Annotated[
        Optional[Path],  # noqa: UP045  typer reads this at run time
        typer.Option("--json", help="Write the summary's figures to this file."),
    ] = None,
) -> None:
    """Do `up`, then the main job: upload made-up files and watch them become PDFs."""
    from pdfme_dagster.local.demo import run_demo
    from pdfme_dagster.local.screen import Screen

    if broken > files:
        raise typer.BadParameter(f"{broken} broken of {files} files: not more than there are")
    screen = Screen(Console())
    with _running(home, screen) as stack:
        screen.stack(stack)
        with screen.progress(files) as progress:
            summary = run_demo(
                stack,
                files=files,
                broken=broken,
                seed=seed,
                on_upload=progress.uploaded,
                on_counts=progress.counted,
            )
        screen.summary(summary, stack)
        if summary_file:
            summary_file.write_text(json.dumps(summary.figures(), indent=2) + "\n")
        if not leave:
            _keep(stack, screen)
    if summary.surprises:
        raise typer.Exit(_FAILED)


@app.command()
def upload(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True)],
    home: Home = _HOME,
) -> None:
    """Upload statement files to the running services of a home."""
    from pdfme_dagster.local.services import find_endpoints
    from pdfme_dagster.local.stack import UPLOADS_BUCKET

    client = find_endpoints(home).s3.open_client()
    for file in files:
        client.put_object(Bucket=UPLOADS_BUCKET, Key=file.name, Body=file.read_bytes())
        typer.echo(mask_numbers(f"{file} → s3://{UPLOADS_BUCKET}/{file.name}"))
    client.close()


@app.command()
def parse(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    profile: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="A profile's name, or the path of its .toml file; else the one that fits."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the interchange form, account numbers in full.")
    ] = False,
) -> None:
    """Read a statement file, without any service, and show what is in it; exit code 1 if it is refused."""
    from pdfme_dagster.parsing import StatementReader
    from pdfme_dagster.parsing.interchange import write_interchange
    from pdfme_dagster.summary import Tally, make_console, print_summary

    choose = load_choice(file, profile)
    write_utf8()
    progress = sys.stderr.isatty() and not (as_json and sys.stdout.isatty())
    with file.open("rb") as stream:
        if not stream.seekable():
            raise ConfigurationError(f"{file} is no regular file; save it as one")
        tally = Tally(lambda: StatementReader(stream, choose(stream), name=file.name))
        statements = tally.statements(progress=progress)
        if as_json:
            write_interchange(
                sys.stdout, statements, warnings=lambda: tally.warnings, rejected=lambda: tally.rejected
            )
        else:
            deque(statements, maxlen=0)
    if not as_json and not tally.refusal:
        print_summary(make_console(), mask_numbers(str(file)), tally)
    tally.require_acceptable()


@app.command()
def profiles() -> None:
    """Show which profiles there are, shipped and in PROFILES_DIR, and which files they are for."""
    from pdfme_dagster.summary import make_console, print_profiles

    write_utf8()
    print_profiles(make_console(), load_own_profiles())


app.command()(render)
app.add_typer(template_app, name="template")
app.command()(status)
app.command()(jobs)
app.command()(retry)
app.command()(cleanup)
app.command()(close)


@app.command()
def env(home: Home = _HOME) -> None:
    """Print the variables by which psql, aws and other programs find a home's services."""
    from pdfme_dagster.local.services import find_endpoints
    from pdfme_dagster.local.stack import build_environment, client_environment

    variables = build_environment(home.resolve(), find_endpoints(home).environment(), os.environ)
    for name, value in client_environment(variables).items():
        typer.echo(f"export {name}='{value}'")


@app.command()
def worker(
    concurrency: Annotated[int, typer.Option(min=1, help="How many runs at a time.")] = os.cpu_count() or 1,
) -> None:
    """Execute runs, warm, until stopped. Needs the same environment as the code server (.env.example)."""
    from pdfme_dagster.defs.run_worker import run_worker
    from pdfme_dagster.settings import Settings

    Settings.from_environment()
    run_worker(concurrency=concurrency)


@app.command()
def migrate() -> None:
    """Bring Postgres to this version's schema: the job table, and Dagster's tables if there are none."""
    from pdfme_dagster.defs.instance import create_tables
    from pdfme_dagster.settings import Settings
    from pdfme_dagster.stores.migrations import apply_migrations

    applied = apply_migrations(Settings.from_environment().postgres.conninfo)
    create_tables()
    typer.echo("\n".join(applied) or "nothing to do")


@app.command(hidden=True)
def abandon_runs() -> None:
    """Mark every run handed to a worker as failed. Only while no run worker is alive."""
    from dagster import DagsterInstance

    from pdfme_dagster.defs import instance

    with DagsterInstance.get() as dagster:
        typer.echo(f"{instance.abandon_runs(dagster)} runs")


def main() -> None:
    """Run the command line; errors of ours are one line, not a traceback."""
    try:
        app()
    except TemplateError as exc:
        _die("\nerror: ".join(map(show_line, exc.problems)), _USAGE)
    except ConfigurationError as exc:
        _die(str(exc), _USAGE)
    except PdfmeError as exc:
        _die(str(exc), _FAILED)
    except KeyboardInterrupt:
        sys.exit(130)


@contextmanager
def _running(home: Path, screen: "Screen") -> Iterator["Stack"]:
    """Run the stack until the caller is done or somebody stops us; either way no process is left."""
    from pdfme_dagster.local.processes import interrupted_by_stop_signals
    from pdfme_dagster.local.stack import run_stack

    with interrupted_by_stop_signals(), run_stack(home, on_step=screen.step, on_death=screen.death) as stack:
        try:
            yield stack
        finally:
            screen.stopping()


def _keep(stack: "Stack", screen: "Screen") -> None:
    """Keep everything running until Ctrl-C, or until the `uv` that started us is gone."""
    screen.waiting()
    with suppress(KeyboardInterrupt):
        stack.keep()


def _die(message: str, code: int) -> None:
    typer.echo(f"error: {message}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
