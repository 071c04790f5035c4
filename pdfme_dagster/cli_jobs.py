"""The operator's commands on jobs: `status`, `jobs`, `retry`, `cleanup`, `close`.

Not here: what they do (stores/job_reports.py, upkeep.py, closing.py) or how it looks (job_tables.py).
"""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from pdfme_dagster.cli_files import write_utf8
from pdfme_dagster.domain.job import JobState
from pdfme_dagster.domain.privacy import mask_numbers, show_line
from pdfme_dagster.errors import ConfigurationError, ServiceError
from pdfme_dagster.settings import MAX_DAYS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from pdfme_dagster.settings import Settings
    from pdfme_dagster.stores.cache import SeenCache
    from pdfme_dagster.stores.job_reports import JobReports
    from pdfme_dagster.stores.ledger import Ledger
    from pdfme_dagster.stores.objects import ObjectStore

_HOME = Path(".pdfme")
_SHOWN = 50
_HASHES_SHOWN = 10

Home = Annotated[
    Optional[Path],  # noqa: UP045  typer reads these at run time
    typer.Option(help="The home of a running `up`; else the services that the environment names."),
]
Org = Annotated[Optional[str], typer.Option(help="Only this organisation's.")]  # noqa: UP045
ErrorCode = Annotated[Optional[str], typer.Option(help="Only those with this cause.")]  # noqa: UP045
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def status(home: Home = None, as_json: AsJson = False) -> None:
    """Show how things stand: counts, rate, what waits, runs in flight, failures by cause."""
    from pdfme_dagster.job_tables import print_status, write_status
    from pdfme_dagster.summary import make_console

    with _find_services(home).reports() as reports:
        report = reports.status()
    write_utf8()
    if as_json:
        write_status(sys.stdout, report)
    else:
        print_status(make_console(), report)


def jobs(
    states: Annotated[
        Optional[list[JobState]],  # noqa: UP045
        typer.Option("--status", help="Only those in this state; may be given several times."),
    ] = None,
    org: Org = None,
    error_code: ErrorCode = None,
    since: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Only those to which something happened this lately, like 2h."),
    ] = None,
    limit: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=1, help=f"How many, the newest first: {_SHOWN} in a table, else all."),
    ] = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    home: Home = None,
) -> None:
    """Show jobs, the newest first."""
    from pdfme_dagster.job_tables import print_jobs, write_csv, write_json
    from pdfme_dagster.settings import read_duration
    from pdfme_dagster.stores.job_reports import JobChoice
    from pdfme_dagster.summary import make_console

    if as_json and as_csv:
        raise ConfigurationError("--json and --csv: choose one")
    choice = JobChoice(
        states=tuple(states) if states else None,
        organisation=org,
        code=error_code,
        since_seconds=read_duration("--since", since, low=1) if since else None,
    )
    write_utf8()
    with _find_services(home).reports() as reports:
        if as_json or as_csv:
            (write_json if as_json else write_csv)(sys.stdout, reports.jobs(choice, limit=limit))
            return
        shown = limit or _SHOWN
        rows = list(reports.jobs(choice, limit=shown + 1))
    print_jobs(make_console(), rows[:shown], more=len(rows) > shown)


def retry(
    failed: Annotated[bool, typer.Option("--failed", help="All, unless others choose among them.")] = False,
    error_code: ErrorCode = None,
    org: Org = None,
    hashes: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--hash", help="Only the job with this hash; may be given several times."),
    ] = None,
    dry_run: DryRun = False,
    home: Home = None,
) -> None:
    """Send failed jobs back to pending, for the sensor's next tick; it counts as no automatic retry."""
    from pdfme_dagster.stores.job_reports import JobChoice
    from pdfme_dagster.upkeep import retry_failed

    if not (failed or error_code or org or hashes):
        raise ConfigurationError(
            "retry which jobs? --failed takes all failed ones; --error-code, --org, --hash choose among them"
        )
    etags = tuple(each.strip('"') for each in hashes) if hashes else None
    choice = JobChoice(code=error_code, organisation=org, etags=etags)
    services = _find_services(home)
    write_utf8()
    with services.reports() as reports, services.cache() as cache:
        retried = retry_failed(reports, cache, choice, dry_run=dry_run)
        others = [etag for etag in etags or () if etag not in retried]
        states = reports.states(others) if others else {}
    _print_retried(Counter(retried.values()), dry_run=dry_run)
    _print_others(others, states)


def cleanup(
    days: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=1, max=MAX_DAYS, help="How long completed jobs are kept; else RETENTION_DAYS."),
    ] = None,
    dry_run: DryRun = False,
    home: Home = None,
) -> None:
    """Forget old completed jobs whose uploads are no longer in the bucket; their PDFs stay."""
    from pdfme_dagster.upkeep import retire_jobs

    services = _find_services(home)
    objects = services.settings.objects
    days = days or services.settings.retention.days
    with services.reports() as reports, services.cache() as cache, services.objects() as store:
        done = retire_jobs(
            reports,
            store,
            cache,
            days=days,
            prefix=objects.uploads_prefix,
            batch_size=services.settings.dispatch.batch_size,
            dry_run=dry_run,
        )
    where = f"s3://{objects.uploads_bucket}/{show_line(objects.uploads_prefix)}"
    typer.echo(f"uploads listed in {where}: {done.objects:,}")
    typer.echo(
        f"jobs completed more than {days} days ago: {done.old:,}, of which "
        f"{'would be forgotten' if dry_run else 'forgotten'}: {done.forgotten:,}, "
        f"kept since their uploads are still there: {done.listed:,}"
    )
    if done.forgotten:
        typer.echo("their partitions in Dagster go at night, by the job retention")


def close(
    prefix: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Only uploads whose keys start like this; else all under UPLOADS_PREFIX."),
    ] = None,
    as_json: AsJson = False,
    home: Home = None,
) -> None:
    """Account for every upload and every PDF; exit code 0 only if nothing is open and all of it adds up."""
    from pdfme_dagster.closing import close_books
    from pdfme_dagster.job_tables import print_closing, write_closing
    from pdfme_dagster.summary import make_console

    services = _find_services(home)
    with services.ledger() as ledger, services.objects(prefix) as store:
        books = close_books(store, ledger)
    write_utf8()
    if as_json:
        write_closing(sys.stdout, books)
    else:
        print_closing(make_console(), books)
    if not books.is_closed:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Services:
    """The stores of a running `up`, or those that the environment names."""

    settings: "Settings"
    open_client: Callable[[], "S3Client"]

    def reports(self) -> "AbstractContextManager[JobReports]":
        from pdfme_dagster.stores.job_reports import JobReports

        return JobReports.open(self.settings.postgres.conninfo)

    def cache(self) -> "AbstractContextManager[SeenCache]":
        from pdfme_dagster.stores.cache import SeenCache

        redis = self.settings.redis
        return SeenCache.open(
            host=redis.host, port=redis.port, password=redis.password, database=redis.database
        )

    def ledger(self) -> "AbstractContextManager[Ledger]":
        from pdfme_dagster.stores.ledger import Ledger

        return Ledger.open(self.settings.postgres.conninfo)

    @contextmanager
    def objects(self, prefix: str | None = None) -> "Iterator[ObjectStore]":
        """Yield the store of all uploads, or of those under a narrower prefix."""
        from pdfme_dagster.stores.objects import ObjectStore

        objects = self.settings.objects
        wanted = objects.uploads_prefix if prefix is None else prefix
        if not wanted.startswith(objects.uploads_prefix):
            raise ConfigurationError(
                f"--prefix {show_line(wanted)}: uploads are taken under UPLOADS_PREFIX="
                f"{show_line(objects.uploads_prefix)} alone, so it must start with that"
            )
        with closing(self.open_client()) as client:
            yield ObjectStore(
                client,
                uploads_bucket=objects.uploads_bucket,
                uploads_prefix=wanted,
                pdfs_bucket=objects.pdfs_bucket,
                max_file_bytes=objects.max_file_bytes,
            )


def _find_services(home: Path | None) -> _Services:
    """Return the services of a home that is named, else those of the environment, else ``.pdfme``'s."""
    from pdfme_dagster.settings import Settings
    from pdfme_dagster.stores.objects import make_client

    if home is None and any(name.startswith("POSTGRES_") for name in os.environ):
        settings = Settings.from_environment()
        return _Services(settings=settings, open_client=lambda: make_client(settings.objects.endpoint_url))
    return _find_embedded(home)


def _find_embedded(home: Path | None) -> _Services:
    from pdfme_dagster.local.services import find_endpoints
    from pdfme_dagster.local.stack import build_environment
    from pdfme_dagster.settings import Settings

    try:
        endpoints = find_endpoints(home or _HOME)
    except ServiceError as exc:
        if home:
            raise
        raise ConfigurationError(
            f"{exc}, name another home by --home, or set POSTGRES_PASSWORD and what else .env.example has"
        ) from exc
    environment = build_environment((home or _HOME).resolve(), endpoints.environment(), os.environ)
    return _Services(settings=Settings.from_environment(environment), open_client=endpoints.s3.open_client)


def _print_retried(causes: Mapping[str, int], *, dry_run: bool) -> None:
    from pdfme_dagster.job_tables import print_causes
    from pdfme_dagster.summary import make_console

    jobs = sum(causes.values())
    if dry_run:
        typer.echo(f"failed jobs that would be pending again: {jobs:,}; nothing is changed")
    else:
        typer.echo(f"failed jobs that are pending again: {jobs:,}; the sensor takes them at its next tick")
    if causes:
        print_causes(make_console(), causes)


def _print_others(etags: Sequence[str], states: Mapping[str, JobState]) -> None:
    """Say which of the hashes that were asked for are not among the jobs chosen."""
    if etags:
        more = f" and {len(etags) - _HASHES_SHOWN:,} more" if len(etags) > _HASHES_SHOWN else ""
        # What is no job's hash may be anything that somebody typed.
        names = ", ".join(
            f"{etag} ({states[etag]})" if etag in states else f"{mask_numbers(etag)} (unknown)"
            for etag in etags[:_HASHES_SHOWN]
        )
        typer.echo(f"left alone: {show_line(names)}{more}", err=True)
