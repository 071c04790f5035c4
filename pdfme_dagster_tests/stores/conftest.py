"""The three stores over real services: a migrated database, an empty Redis, two fresh buckets; and dead ones.

Not here: the services themselves (../conftest.py). Tests of modules above the stores import these fixtures.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from pdfme_dagster.local.ports import LOOPBACK, free_port
from pdfme_dagster.local.s3 import REGION, S3
from pdfme_dagster.local.services import EmbeddedServices
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.contents import Contents
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.migrations import apply_migrations
from pdfme_dagster.stores.objects import ObjectStore, make_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = [
    "cache",
    "dead_cache",
    "dead_objects",
    "hasty_client",
    "hasty_objects",
    "jobs",
    "objects",
    "pdfs_bucket",
    "program_client",
    "psql",
    "template_database",
    "uploads_bucket",
]


@pytest.fixture(scope="session")
def template_database(
    services: EmbeddedServices, administrator: psycopg.Connection, template_database: str
) -> str:
    """The name of a database at the current schema: a clone, so that the common template stays empty."""
    name = f"migrated_{uuid.uuid4().hex}"
    clone = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    administrator.execute(clone.format(sql.Identifier(name), sql.Identifier(template_database)))
    apply_migrations(services.endpoints.postgres.conninfo(name))
    return name


@pytest.fixture
def jobs(database: str) -> Iterator[JobStore]:
    """The job store over this test's database; its retries do not wait."""
    with JobStore.open(database, max_pool_size=3, retry_seconds=0) as store:
        yield store


@pytest.fixture
def psql(database: str) -> Iterator[psycopg.Connection]:
    """The operator's way into this test's database: an autocommitting connection."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def cache(services: EmbeddedServices, redis_url: str) -> Iterator[SeenCache]:
    """The cache over this test's empty Redis."""
    valkey = services.endpoints.valkey
    with SeenCache.open(host=LOOPBACK, port=valkey.port, password=valkey.password) as store:
        yield store


@pytest.fixture
def dead_cache() -> Iterator[SeenCache]:
    """A cache whose Redis is not there."""
    with SeenCache.open(host=LOOPBACK, port=free_port(0), password="not-for-logs") as store:
        yield store


@pytest.fixture
def uploads_bucket(bucket: Callable[[str], str]) -> str:
    """The name of this test's empty uploads bucket."""
    return bucket("uploads")


@pytest.fixture
def pdfs_bucket(bucket: Callable[[str], str]) -> str:
    """The name of this test's empty PDFs bucket."""
    return bucket("pdfs")


@pytest.fixture(scope="session")
def program_client(services: EmbeddedServices) -> Iterator["S3Client"]:
    """A client as the program makes it, its credentials taken from the environment."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in services.environment().items():
            environment.setenv(name, value)
        client = make_client(services.endpoints.s3.url)
    yield client
    client.close()


@pytest.fixture
def hasty_client(services: EmbeddedServices) -> Iterator["S3Client"]:
    """A client that tries once only; a test may spoil its requests by event hooks."""
    client = open_hasty_client(services.endpoints.s3)
    yield client
    client.close()


@pytest.fixture
def objects(program_client: "S3Client", uploads_bucket: str, pdfs_bucket: str) -> ObjectStore:
    """The object store over this test's buckets."""
    return open_objects(program_client, uploads_bucket, pdfs_bucket)


@pytest.fixture
def hasty_objects(hasty_client: "S3Client", uploads_bucket: str, pdfs_bucket: str) -> ObjectStore:
    """The object store over this test's buckets, through the client that a test may spoil."""
    return open_objects(hasty_client, uploads_bucket, pdfs_bucket)


@pytest.fixture
def dead_objects(services: EmbeddedServices, uploads_bucket: str, pdfs_bucket: str) -> Iterator[ObjectStore]:
    """The object store over this test's buckets when S3 is not there."""
    client = open_hasty_client(replace(services.endpoints.s3, port=free_port(0)))
    yield open_objects(client, uploads_bucket, pdfs_bucket)
    client.close()


def open_hasty_client(s3: S3) -> "S3Client":
    """Return a client that gives up after its first attempt; close it."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=s3.url,
        region_name=REGION,
        aws_access_key_id=s3.access_key,
        aws_secret_access_key=s3.secret_key,
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, connect_timeout=2),
    )


def open_objects(
    client: "S3Client",
    uploads_bucket: str,
    pdfs_bucket: str,
    *,
    contents: Callable[[str], Contents] | None = None,
) -> ObjectStore:
    """Return an object store without a prefix that takes files of up to 1 MB."""
    return ObjectStore(
        client,
        uploads_bucket=uploads_bucket,
        pdfs_bucket=pdfs_bucket,
        max_file_bytes=1_000_000,
        contents=contents,
    )
