"""Every setting: its default, what it refuses and in which words, and that the documents name the same ones.

Not here: what a setting does.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import dagster
import psycopg.conninfo
import pytest
import yaml

from pdfme_dagster.errors import ConfigurationError
from pdfme_dagster.parsing import load_profiles
from pdfme_dagster.rendering import load_statement_renderer
from pdfme_dagster.settings import (
    DispatchSettings,
    PostgresSettings,
    RetentionSettings,
    Settings,
    StatementSettings,
    TemplateSettings,
)
from pdfme_dagster_tests.stores.test_cache import DAY, HOUR

PROJECT = Path(__file__).parents[1]
LEAST = {"POSTGRES_PASSWORD": "secret-1"}
# boto3's own, which no code of ours reads; the last one is for Dagster's logs.
AWS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_S3"}


def read(**environment: str) -> Settings:
    return Settings.from_environment(LEAST | environment)


def flatten(settings: Any) -> dict[str, Any]:
    """Return all values by their dotted names."""
    found: dict[str, Any] = {}
    for field in fields(settings):
        value = getattr(settings, field.name)
        if is_dataclass(value):
            found |= {f"{field.name}.{name}": inner for name, inner in flatten(value).items()}
        else:
            found[field.name] = value
    return found


def test_everything_but_the_password_has_a_default() -> None:
    assert flatten(read()) == {
        "postgres.host": "localhost",
        "postgres.port": 5432,
        "postgres.user": "postgres",
        "postgres.password": "secret-1",
        "postgres.database": "pdfme",
        "postgres.max_pool_size": 10,
        "redis.host": "localhost",
        "redis.port": 6379,
        "redis.password": None,
        "redis.database": 0,
        "objects.endpoint_url": None,
        "objects.uploads_bucket": "uploads",
        "objects.uploads_prefix": "",
        "objects.pdfs_bucket": "pdfs",
        "objects.pdfs_url": None,
        "objects.max_file_bytes": 256 * 1024 * 1024,
        "dispatch.poll_seconds": 10,
        "dispatch.batch_size": 1000,
        "dispatch.rate_limit_per_second": 0,
        "dispatch.max_files_per_run": 1250,
        "dispatch.run_workers": os.cpu_count(),
        "dispatch.max_retries": 3,
        "dispatch.retry_backoff_seconds": 10,
        "dispatch.stuck_processing_seconds": HOUR,
        "dispatch.stuck_pending_seconds": 600,
        "retention.days": 90,
        "statements.currency": "BHD",
        "statements.fallback_encoding": "cp1256",
        "statements.profiles_dir": None,
        "statements.on_bad_statement": "fail_file",
        "statements.on_unbalanced": "warn",
        "templates.templates_dir": None,
        "templates.password_seed": None,
    }


def test_dispatch_retention_statements_and_templates_need_no_variable_at_all() -> None:
    assert DispatchSettings.from_environment({}) == read().dispatch
    assert RetentionSettings.from_environment({}) == read().retention
    assert StatementSettings.from_environment({}) == read().statements
    assert TemplateSettings.from_environment({}) == read().templates


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("10", 10), ("10s", 10), ("1500ms", 1.5), ("2m", 120), ("1h", HOUR), ("1d", DAY), ("1.5m", 90)],
)
def test_durations_have_units(written: str, seconds: float) -> None:
    assert read(POLL_INTERVAL=written).dispatch.poll_seconds == seconds


def test_an_empty_or_blank_variable_counts_as_not_set() -> None:
    blank = read(POSTGRES_HOST="", BATCH_SIZE="  ", POLL_INTERVAL="", S3_ENDPOINT_URL=" ", REDIS_PASSWORD="")
    assert blank == read()


def test_blanks_around_a_value_do_not_count() -> None:
    assert read(BATCH_SIZE=" 50 ", UPLOADS_BUCKET=" new \n") == read(BATCH_SIZE="50", UPLOADS_BUCKET="new")


# --- What is refused ---

PORT = "a whole number from 1 to 65535"
DURATION = "a duration of at least 1 s, like 10s, 10m or 1h"
ADDRESS = "an address like http://localhost:9000"
BUCKET = "a bucket's name, like uploads"
WRONG: list[tuple[str, str, str]] = [
    ("POSTGRES_PORT", "five", PORT),
    ("POSTGRES_PORT", "0", PORT),
    ("POSTGRES_PORT", "65536", PORT),
    ("POSTGRES_MAX_POOL_SIZE", "1", "a whole number from 2 to 1000"),
    ("REDIS_PORT", "-1", PORT),
    ("REDIS_DB", "a", "a whole number from 0 to 10000"),
    ("S3_ENDPOINT_URL", "localhost:9000", ADDRESS),
    ("S3_ENDPOINT_URL", "http://", ADDRESS),
    ("S3_ENDPOINT_URL", "http://[::1", ADDRESS),
    ("S3_ENDPOINT_URL", "http://localhost:port", ADDRESS),
    ("S3_ENDPOINT_URL", "http://localhost:99999", ADDRESS),
    ("PDFS_URL", "ftp://localhost/pdfs", ADDRESS),
    ("UPLOADS_BUCKET", "Uploads", BUCKET),
    ("UPLOADS_BUCKET", "a", BUCKET),
    ("UPLOADS_BUCKET", "in/here", BUCKET),
    ("PDFS_BUCKET", "-pdfs", BUCKET),
    ("PDFS_BUCKET", "s3://pdfs", BUCKET),
    ("MAX_FILE_BYTES", "256MB", "a whole number of at least 1"),
    ("POLL_INTERVAL", "often", DURATION),
    ("POLL_INTERVAL", "0", DURATION),
    ("POLL_INTERVAL", "-5s", DURATION),
    ("POLL_INTERVAL", "999ms", DURATION),
    ("BATCH_SIZE", "0", "a whole number from 1 to 50000"),
    ("BATCH_SIZE", "1.5", "a whole number from 1 to 50000"),
    ("RATE_LIMIT_PER_SECOND", "-1", "a whole number of at least 0"),
    ("MAX_FILES_PER_RUN", "25001", "a whole number from 1 to 25000"),
    ("RUN_WORKERS", "0", "a whole number from 1 to 10000"),
    ("MAX_RETRIES", "101", "a whole number from 0 to 100"),
    ("STUCK_PROCESSING_AFTER", "1 h", DURATION),
    ("STUCK_PENDING_AFTER", "10 minutes", DURATION),
    ("RETENTION_DAYS", "0", "a whole number from 1 to 100000"),
    ("RETENTION_DAYS", "90d", "a whole number from 1 to 100000"),
    ("STATEMENT_CURRENCY", "dinar", "an ISO 4217 code, like BHD"),
    ("STATEMENT_CURRENCY", "bhd", "an ISO 4217 code, like BHD"),
    ("FALLBACK_ENCODING", "cp9999", "an encoding, like cp1256"),
    ("FALLBACK_ENCODING", "base64", "an encoding, like cp1256"),
    ("FALLBACK_ENCODING", "undefined", "an encoding, like cp1256"),
    ("ON_BAD_STATEMENT", "fail", "fail_file or skip"),
    ("ON_BAD_STATEMENT", "Skip", "fail_file or skip"),
    ("ON_UNBALANCED", "fail_file", "warn or fail"),
]


@pytest.mark.parametrize(("name", "value", "expected"), WRONG)
def test_a_wrong_value_is_one_line_with_name_value_and_what_is_expected(
    name: str, value: str, expected: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(**{name: value})
    assert str(refused.value) == f"{name}={value!r} is not {expected}"


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_password_says_where_to_look(value: str | None) -> None:
    with pytest.raises(ConfigurationError, match=r"^POSTGRES_PASSWORD is not set: .*\.env\.example"):
        Settings.from_environment({} if value is None else {"POSTGRES_PASSWORD": value})


@pytest.mark.parametrize("seed", ["hippopotamus", "h" * 31, f" {'h' * 31} "])
def test_a_secret_that_is_too_short_is_refused_and_not_shown(seed: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(PDF_PASSWORD_SEED=seed)
    assert str(refused.value) == (
        "PDF_PASSWORD_SEED is too short: give it at least 32 characters that nobody can guess"
    )


# --- What is made of them ---


def test_every_profile_says_what_the_settings_say_where_it_says_nothing() -> None:
    settings = read(
        STATEMENT_CURRENCY="KWD",
        FALLBACK_ENCODING="iso-8859-6",
        ON_BAD_STATEMENT="skip",
        ON_UNBALANCED="fail",
    )
    profile = load_profiles(defaults=settings.statements.profile_defaults())["afs"]
    assert (profile.currency, profile.encodings) == ("KWD", ("utf-8", "iso-8859-6"))
    assert (profile.on_bad_statement, profile.on_unbalanced) == ("skip", "fail")


def test_settings_have_the_defaults_that_profiles_have() -> None:
    alone, by_settings = load_profiles(), load_profiles(defaults=read().statements.profile_defaults())
    assert list(alone) == list(by_settings)


@pytest.mark.parametrize("name", ["utf-8", "UTF8", "utf_8", "U8"])
def test_a_fallback_that_is_utf_8_itself_is_tried_once(name: str) -> None:
    assert read(FALLBACK_ENCODING=name).statements.profile_defaults()["encodings"] == ["utf-8"]


def test_whether_the_folder_of_profiles_is_there_is_not_asked_before_they_are_loaded() -> None:
    statements = read(PROFILES_DIR="no/such/folder").statements
    assert statements.profiles_dir == Path("no/such/folder")
    with pytest.raises(ConfigurationError, match=r"^PROFILES_DIR='no/such/folder' is not a folder; "):
        load_profiles(statements.profiles_dir)


def test_whether_the_folder_of_templates_is_there_is_not_asked_before_they_are_loaded() -> None:
    templates = read(TEMPLATES_DIR="no/such/folder").templates
    assert templates.templates_dir == Path("no/such/folder")
    with pytest.raises(ConfigurationError, match=r"^no/such/folder/templates\.yaml: No such file"):
        load_statement_renderer(templates.templates_dir, seed=templates.password_seed)


def test_passwords_do_not_show() -> None:
    seed = "secret-3-that-nobody-will-ever-guess"
    settings = read(POSTGRES_PASSWORD="secret-1", REDIS_PASSWORD="secret-2", PDF_PASSWORD_SEED=seed)
    assert settings.redis.password == "secret-2"
    assert settings.templates.password_seed == seed.encode()
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("endpoint", "address", "expected"),
    [
        (None, None, None),
        ("http://s3:9000", None, "http://s3:9000/out"),
        ("http://s3:9000/", None, "http://s3:9000/out"),
        ("http://s3:9000", "https://files.test/pdfs", "https://files.test/pdfs"),
        (None, "https://files.test/pdfs", "https://files.test/pdfs"),
    ],
)
def test_pdfs_are_linked_at_their_own_address_or_the_endpoint(
    endpoint: str | None, address: str | None, expected: str | None
) -> None:
    settings = read(S3_ENDPOINT_URL=endpoint or "", PDFS_URL=address or "", PDFS_BUCKET="out")
    assert settings.objects.pdfs_url == expected


@pytest.mark.parametrize("odd", ["p@ss:w/rd?#%41&=+ '\"\\", "كلمة", "["])
def test_postgres_reads_back_what_the_settings_say(odd: str) -> None:
    postgres = PostgresSettings(host="::1", port=5433, user=odd, password=odd, database=odd, max_pool_size=10)
    assert psycopg.conninfo.conninfo_to_dict(postgres.conninfo) == {
        "host": "::1",
        "port": "5433",
        "user": odd,
        "password": odd,
        "dbname": odd,
    }


# --- .env.example ---


class Recorder(Mapping[str, str]):
    """An environment that notes which variables are asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values_by_name = values
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        """Note and answer."""
        self.asked.add(name)
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        """Nobody should look through the whole environment."""
        raise AssertionError

    def __len__(self) -> int:
        """Return how many are set."""
        return len(self.values_by_name)


@pytest.fixture(scope="module")
def example() -> dict[str, str]:
    """The variables of .env.example."""
    lines = (PROJECT / ".env.example").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not re.fullmatch(r"#.*|[A-Z][A-Z0-9_]*=\S*", line)] == []
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def find_read() -> set[str]:
    environment = Recorder(LEAST)
    Settings.from_environment(environment)
    return environment.asked


def find_named(node: object) -> set[str]:
    """Return the variables that dagster.yaml takes from the environment."""
    if isinstance(node, dict):
        own = {str(node["env"])} if set(node) == {"env"} else set()
        return own.union(*map(find_named, node.values()))
    return set().union(*map(find_named, node)) if isinstance(node, list) else set()


def find_in_dagster(names: set[str]) -> set[str]:
    """Return those of these names that Dagster's own source speaks of."""
    sources = [path.read_text(encoding="utf-8") for path in Path(dagster.__file__).parent.rglob("*.py")]
    return {name for name in names if any(name in source for source in sources)}


def test_the_example_names_every_variable_that_is_read_and_no_other(example: dict[str, str]) -> None:
    instance = yaml.safe_load((PROJECT / "dagster.yaml").read_text(encoding="utf-8"))
    compose = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
    ours = find_read() | find_named(instance) | set(re.findall(r"\$\{([A-Z0-9_]+)", compose))
    assert ours - set(example) == set()
    assert set(example) - ours - AWS == set()


def test_the_example_names_nothing_of_dagsters_that_dagster_does_not_know(example: dict[str, str]) -> None:
    names = {name for name in example if name.startswith("DAGSTER_")}
    assert names
    assert find_in_dagster(names) == names


def test_the_example_is_valid_once_its_passwords_are_filled_in(example: dict[str, str]) -> None:
    settings = Settings.from_environment(example | LEAST)
    assert flatten(settings) == flatten(read()) | {
        "postgres.user": "pdfme",
        "objects.endpoint_url": "http://localhost:9000",
        "objects.pdfs_url": "http://localhost:9000/pdfs",
        "dispatch.run_workers": int(example["RUN_WORKERS"]),
    }


def test_the_example_runs_two_more_than_there_are_workers(example: dict[str, str]) -> None:
    assert int(example["MAX_CONCURRENT_RUNS"]) == int(example["RUN_WORKERS"]) + 2


def test_the_example_holds_no_secret(example: dict[str, str]) -> None:
    secret = {name for name in example if re.search("PASSWORD|SECRET|ACCESS_KEY", name)}
    assert {example[name] for name in secret} == {""}
