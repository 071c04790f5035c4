"""Real services for tests that need them, one set per session; and the chaos tests' report.

Not here: fakes, or anything only one folder of tests uses.
"""

import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import psycopg
import pytest
import redis
from psycopg import sql

from pdfme_dagster.local.services import EmbeddedServices, start_services
from pdfme_dagster_tests.recoveries import Recovery, write_report

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# How fast the machine is says nothing of the code: the first draw of a fresh clone takes seconds to find out
# which characters an encoding has.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")

_RECOVERIES = pytest.StashKey[list[Recovery]]()
ANY_PORTS = {"postgres": 0, "valkey": 0, "s3": 0}


@pytest.fixture(scope="session")
def services() -> Iterator[EmbeddedServices]:
    """The embedded services, on ports of their own so that test runs can go side by side."""
    with tempfile.TemporaryDirectory(prefix="pdfme-tests-") as directory:
        home = Path(directory, "home")
        with start_services(home, buckets=(), preferred_ports=ANY_PORTS) as running:
            yield running


@pytest.fixture(scope="session")
def administrator(services: EmbeddedServices) -> Iterator[psycopg.Connection]:
    """An autocommitting connection that creates and drops the tests' databases."""
    with psycopg.connect(services.endpoints.postgres.conninfo("postgres"), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def template_database(services: EmbeddedServices, administrator: psycopg.Connection) -> str:
    """The name of the database each test's is cloned from: empty unless a folder's conftest fills it.

    To fill it, override this fixture: take it, apply the schema through
    ``services.endpoints.postgres.conninfo(name)``, close that connection, return the name.
    """
    name = "pdfme_template"
    administrator.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return name


@pytest.fixture
def database(
    services: EmbeddedServices, administrator: psycopg.Connection, template_database: str
) -> Iterator[str]:
    """The connection string of a database of this test's own."""
    name = f"test_{uuid.uuid4().hex}"
    clone = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    administrator.execute(clone.format(sql.Identifier(name), sql.Identifier(template_database)))
    yield services.endpoints.postgres.conninfo(name)
    administrator.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def redis_url(services: EmbeddedServices) -> str:
    """The address of database 0 of an empty Redis; all its databases are emptied before each test."""
    valkey = services.endpoints.valkey
    with redis.Redis(host="127.0.0.1", port=valkey.port, password=valkey.password) as client:
        client.flushall()
    return f"redis://:{valkey.password}@127.0.0.1:{valkey.port}/0"


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of the test's empty Redis that answers with str."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture(scope="session")
def s3(services: EmbeddedServices) -> Iterator["S3Client"]:
    """A client of the S3 endpoint."""
    client = services.endpoints.s3.open_client()
    yield client
    client.close()


@pytest.fixture
def bucket(s3: "S3Client") -> Callable[[str], str]:
    """Create a bucket of this test's own; call it with a word and get the bucket's name."""

    def create_bucket(word: str) -> str:
        name = f"{word}-{uuid.uuid4().hex[:12]}"
        s3.create_bucket(Bucket=name)
        return name

    return create_bucket


@pytest.fixture
def service_environment(
    services: EmbeddedServices, database: str, redis_url: str, bucket: Callable[[str], str]
) -> dict[str, str]:
    """The settings of a program that shall use this test's database, empty Redis and fresh buckets."""
    return services.environment() | {
        "POSTGRES_DB": str(psycopg.conninfo.conninfo_to_dict(database)["dbname"]),
        "UPLOADS_BUCKET": bucket("uploads"),
        "PDFS_BUCKET": bucket("pdfs"),
    }


@pytest.fixture(scope="session")
def recoveries(request: pytest.FixtureRequest) -> list[Recovery]:
    """What every crash and outage came to; append to it, and it is told at the end."""
    return request.config.stash.setdefault(_RECOVERIES, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell what the crashes and outages of this session came to."""
    if recoveries := config.stash.get(_RECOVERIES, []):
        terminalreporter.section("crashes and outages")
        for line in write_report(recoveries):
            terminalreporter.write_line(line)
