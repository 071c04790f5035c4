"""A Dagster instance over the test's own Postgres, and our stores over the same services.

Not here: the services themselves (../conftest.py).
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import psycopg
import psycopg.conninfo
import pytest
import redis

from pdfme_dagster.local.services import EmbeddedServices
from pdfme_dagster.settings import Settings
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.migrations import apply_migrations
from pdfme_dagster.stores.objects import ObjectStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture(scope="session")
def dagster_template(services: EmbeddedServices, administrator: psycopg.Connection) -> str:
    """A database that holds Dagster's tables and ours: making them takes seconds, cloning them does not."""
    name = "pdfme_dagster_template"
    administrator.execute(f"CREATE DATABASE {name}".encode())
    conninfo = services.endpoints.postgres.conninfo(name)
    apply_migrations(conninfo)
    # No connection may be left to a database that others are cloned from.
    with dg.instance_for_test(overrides={"storage": {"postgres": read_storage_config(conninfo)}}) as instance:
        instance.get_runs_count()
    return name


@pytest.fixture
def template_database(dagster_template: str) -> str:
    """Clone each test's database from the one with all tables."""
    return dagster_template


@pytest.fixture
def instance(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """A Dagster instance whose runs and events are in the test's database, with the stack's settings."""
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "500")
    monkeypatch.setenv("DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS", "1")
    with _open_instance(database) as instance:
        yield instance


@pytest.fixture
def settings(service_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of this test, also put into the environment, where resources read them."""
    for name, value in (service_environment | {"RUN_WORKERS": "2"}).items():
        monkeypatch.setenv(name, value)
    return Settings.from_environment()


@pytest.fixture
def profiles_dir(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder where this test's own profiles are looked for."""
    monkeypatch.setenv("PROFILES_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def templates_dir(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two templates of one text each, where ``templates.yaml`` is still to be written."""
    page = {"width": 210, "height": 297, "padding": [0, 0, 0, 0]}
    for name, left in (("card.json", 10), ("bill.json", 20)):
        place = {"position": {"x": left, "y": 10}, "width": 100, "height": 10}
        field = {"name": "Cname", "type": "text", **place}
        (tmp_path / name).write_text(json.dumps({"schemas": [[field]], "basePdf": page}))
    monkeypatch.setenv("TEMPLATES_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def jobs(settings: Settings) -> Iterator[JobStore]:
    """The job table."""
    with JobStore.open(settings.postgres.conninfo, max_pool_size=4, retry_seconds=0) as store:
        yield store


@pytest.fixture
def cache(redis_client: redis.Redis, settings: Settings) -> Iterator[SeenCache]:
    """The cache, empty."""
    where = settings.redis
    with SeenCache.open(host=where.host, port=where.port, password=where.password) as store:
        yield store


@pytest.fixture
def objects(s3: "S3Client", settings: Settings) -> ObjectStore:
    """The test's own buckets."""
    return ObjectStore(
        s3,
        uploads_bucket=settings.objects.uploads_bucket,
        pdfs_bucket=settings.objects.pdfs_bucket,
        max_file_bytes=settings.objects.max_file_bytes,
        pdfs_url=settings.objects.pdfs_url,
    )


@pytest.fixture
def upload(s3: "S3Client", settings: Settings) -> Callable[[str, bytes], str]:
    """Put an object into the uploads bucket and return its ETag."""

    def put(key: str, content: bytes) -> str:
        answer = s3.put_object(Bucket=settings.objects.uploads_bucket, Key=key, Body=content)
        return answer["ETag"].strip('"')

    return put


def read_storage_config(conninfo: str) -> dict[str, Any]:
    """Return what dagster.yaml would say of a database."""
    where = psycopg.conninfo.conninfo_to_dict(conninfo)
    return {
        "postgres_db": {
            "hostname": where["host"],
            "port": int(str(where["port"])),
            "username": where["user"],
            "password": where["password"],
            "db_name": where["dbname"],
        }
    }


def _open_instance(conninfo: str) -> AbstractContextManager[dg.DagsterInstance]:
    storage = {"module": "pdfme_dagster.defs.storage", "class": "PooledPostgresStorage"}
    config = {"custom": storage | {"config": read_storage_config(conninfo)}}
    return dg.instance_for_test(overrides={"storage": config})
