"""What an op or a tick opens: the plain stores as resources, and the profiles and templates.

Settings are read by then.

Not here: what the stores do, or defaults of settings.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import dagster as dg

from pdfme_dagster.big_files.files import BigFiles, count_processes
from pdfme_dagster.parsing import Profiles, load_profiles
from pdfme_dagster.rendering import StatementRenderer, load_statement_renderer
from pdfme_dagster.settings import Settings, StatementSettings, TemplateSettings
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.contents import Contents, open_fast_contents
from pdfme_dagster.stores.ended_jobs import EndedJobs
from pdfme_dagster.stores.job_reports import JobReports
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.migrations import apply_migrations
from pdfme_dagster.stores.objects import ObjectStore, make_client

# 10,000 organisations' templates, and as many fonts.
_MOST_STAMPED = 20_000


class JobStoreResource(dg.ConfigurableResource[JobStore]):
    """The job table, at the schema this version needs."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[JobStore]:
        """Open the store for one run or tick."""
        settings = Settings.from_environment()
        postgres = settings.postgres
        _migrate_once(postgres.conninfo)
        with JobStore.open(
            postgres.conninfo,
            max_pool_size=postgres.max_pool_size,
            retry_seconds=settings.dispatch.retry_backoff_seconds,
        ) as jobs:
            yield jobs


class JobReportsResource(dg.ConfigurableResource[JobReports]):
    """The operator's view of the job table, at the schema this version needs."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[JobReports]:
        """Open the reports for one run."""
        conninfo = Settings.from_environment().postgres.conninfo
        _migrate_once(conninfo)
        with JobReports.open(conninfo) as reports:
            yield reports


class EndedJobsResource(dg.ConfigurableResource[EndedJobs]):
    """The job table, for the mirror of what has ended."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[EndedJobs]:
        """Open the store for one tick."""
        postgres = Settings.from_environment().postgres
        _migrate_once(postgres.conninfo)
        with EndedJobs.open(postgres.conninfo, max_pool_size=1) as jobs:
            yield jobs


class SeenCacheResource(dg.ConfigurableResource[SeenCache]):
    """The Redis fast path."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[SeenCache]:
        """Open the cache for one run or tick."""
        redis = Settings.from_environment().redis
        with SeenCache.open(
            host=redis.host, port=redis.port, password=redis.password, database=redis.database
        ) as cache:
            yield cache


class ObjectStoreResource(dg.ConfigurableResource[ObjectStore]):
    """The uploads and PDFs buckets."""

    def create_resource(self, context: dg.InitResourceContext) -> ObjectStore:
        """Make the store for one run or tick."""
        settings = Settings.from_environment().objects
        client = connect_client(settings.endpoint_url)
        return ObjectStore(
            client,
            contents=_open_contents(settings.endpoint_url),
            uploads_bucket=settings.uploads_bucket,
            uploads_prefix=settings.uploads_prefix,
            pdfs_bucket=settings.pdfs_bucket,
            max_file_bytes=settings.max_file_bytes,
            pdfs_url=settings.pdfs_url,
        )


def read_profiles() -> Profiles:
    """Load all profiles afresh; ConfigurationError lists what is wrong with them by file and key.

    Not once per process, so that a profile's change takes effect with the next run, and no resource, so that
    a tick with a broken one still admits what is new.
    """
    settings = StatementSettings.from_environment()
    return load_profiles(settings.profiles_dir, defaults=settings.profile_defaults())


def read_renderer() -> StatementRenderer:
    """Return all templates as they are now; TemplateError lists what is wrong with them, all of it.

    Those of a hundred organisations take a second to read, so that is done where a file has changed only.
    """
    settings = TemplateSettings.from_environment()
    folder = settings.templates_dir
    return _load_renderer(folder, settings.password_seed, _stamp_files(folder) if folder else ())


def read_big_files() -> BigFiles:
    """Return what takes the big files on itself; its processes read the templates for themselves."""
    settings = TemplateSettings.from_environment()
    return BigFiles(
        templates_dir=settings.templates_dir,
        password_seed=settings.password_seed,
        processes=count_processes(),
    )


@functools.lru_cache(maxsize=1)
def _load_renderer(folder: Path | None, seed: bytes | None, _stamps: object) -> StatementRenderer:
    return load_statement_renderer(folder, seed=seed)


def _stamp_files(folder: Path) -> object:
    """Return something that is equal only while no file of the folder changes, appears or goes."""
    paths = list(islice(folder.rglob("*"), _MOST_STAMPED + 1))
    # A folder that was not meant for templates: rather read what templates.yaml names each time.
    return tuple(map(_stamp, paths)) if len(paths) <= _MOST_STAMPED else object()


def _stamp(path: Path) -> tuple[object, ...]:
    try:
        now = path.stat()
    except OSError:
        return (path,)
    # Nobody can set ctime: it also tells of a file that was put back with an old date.
    return path, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns


# Once per process: a warm run worker keeps its connections and need not ask for the schema again.
connect_client = functools.cache(make_client)
_migrate_once = functools.cache(apply_migrations)


@functools.cache
def _open_contents(endpoint_url: str | None) -> Callable[[str], Contents]:
    return open_fast_contents(connect_client(endpoint_url), endpoint_url)
