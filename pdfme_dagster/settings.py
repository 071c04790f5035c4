"""Every setting, read from the environment in this one place and checked before anything starts.

Not here: defaults hidden elsewhere, or anything that acts on a setting.
"""

import codecs
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote, urlsplit

from pdfme_dagster.domain.money import is_currency
from pdfme_dagster.errors import ConfigurationError

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, None: 1.0}
# Keys of passwords are made from it: shorter ones can be guessed.
_SHORTEST_SEED = 32
# Of a statement file, where nobody says otherwise.
MAX_FILE_BYTES = 256 * 1024 * 1024
# 273 years: more is a slip, and dates that far back still exist.
MAX_DAYS = 100_000
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresSettings:
    """Where the job table lives."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    max_pool_size: int

    @property
    def conninfo(self) -> str:
        """Return the libpq URI, password included: for drivers, never for logs."""
        return (
            f"postgresql://{quote(self.user, safe='')}:{quote(self.password, safe='')}"
            f"@{quote(self.host, safe='')}:{self.port}/{quote(self.database, safe='')}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisSettings:
    """Where the cache lives."""

    host: str
    port: int
    password: str | None = field(repr=False)
    database: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSettings:
    """Which buckets, where. Credentials stay with boto3's own ``AWS_*`` variables."""

    endpoint_url: str | None
    uploads_bucket: str
    uploads_prefix: str
    pdfs_bucket: str
    pdfs_url: str | None
    max_file_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchSettings:
    """How uploads are found and become runs. Reading these needs no variable to be set."""

    poll_seconds: float
    batch_size: int
    rate_limit_per_second: int
    max_files_per_run: int
    run_workers: int
    max_retries: int
    retry_backoff_seconds: float
    stuck_processing_seconds: float
    stuck_pending_seconds: float

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read these settings; raise ConfigurationError naming the first variable that is wrong."""
        read = _Reader(environment)
        return cls(
            poll_seconds=read.seconds("POLL_INTERVAL", "10s", low=1),
            batch_size=read.integer("BATCH_SIZE", 1000, low=1, high=50_000),
            rate_limit_per_second=read.integer("RATE_LIMIT_PER_SECOND", 0, low=0),
            max_files_per_run=read.integer("MAX_FILES_PER_RUN", 1250, low=1, high=25_000),
            run_workers=read.integer("RUN_WORKERS", os.cpu_count() or 1, low=1, high=10_000),
            max_retries=read.integer("MAX_RETRIES", 3, low=0, high=100),
            retry_backoff_seconds=read.seconds("RETRY_BACKOFF", "10s", low=0),
            stuck_processing_seconds=read.seconds("STUCK_PROCESSING_AFTER", "1h", low=1),
            stuck_pending_seconds=read.seconds("STUCK_PENDING_AFTER", "10m", low=1),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    """How long what is done is remembered. Needs no variable to be set."""

    days: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read these settings; raise ConfigurationError naming the first variable that is wrong."""
        return cls(days=_Reader(environment).integer("RETENTION_DAYS", 90, low=1, high=MAX_DAYS))


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementSettings:
    """How statement files are read where their profile does not say it. Needs no variable to be set.

    ``profiles_dir`` holds the user's own profiles; whoever loads them asks whether it is there.
    """

    currency: str
    fallback_encoding: str
    profiles_dir: Path | None
    on_bad_statement: str
    on_unbalanced: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read these settings; raise ConfigurationError naming the first variable that is wrong."""
        read = _Reader(environment)
        folder = read.optional("PROFILES_DIR")
        return cls(
            currency=read.currency("STATEMENT_CURRENCY", "BHD"),
            fallback_encoding=read.encoding("FALLBACK_ENCODING", "cp1256"),
            profiles_dir=Path(folder) if folder else None,
            on_bad_statement=read.choice("ON_BAD_STATEMENT", "fail_file", "skip"),
            on_unbalanced=read.choice("ON_UNBALANCED", "warn", "fail"),
        )

    def profile_defaults(self) -> dict[str, object]:
        """Return what a profile says that does not say it itself, under a profile's own keys."""
        unicode_only = codecs.lookup(self.fallback_encoding).name == "utf-8"
        return {
            "currency": self.currency,
            "encodings": ["utf-8"] if unicode_only else ["utf-8", self.fallback_encoding],
            "on_bad_statement": self.on_bad_statement,
            "on_unbalanced": self.on_unbalanced,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSettings:
    """What statements look like. Needs no variable to be set.

    ``templates_dir`` holds ``templates.yaml`` and what it names; whoever loads it asks whether it is there.
    ``password_seed`` is the secret that the keys of PDFs with passwords are made from.
    """

    templates_dir: Path | None
    password_seed: bytes | None = field(repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read these settings; raise ConfigurationError naming the first variable that is wrong."""
        read = _Reader(environment)
        folder = read.optional("TEMPLATES_DIR")
        return cls(
            templates_dir=Path(folder) if folder else None, password_seed=read.seed("PDF_PASSWORD_SEED")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a running service needs to know."""

    postgres: PostgresSettings
    redis: RedisSettings
    objects: ObjectSettings
    dispatch: DispatchSettings
    retention: RetentionSettings
    statements: StatementSettings
    templates: TemplateSettings

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read all settings; raise ConfigurationError naming the first variable missing or wrong."""
        read = _Reader(environment)
        settings = cls(
            postgres=PostgresSettings(
                host=read.text("POSTGRES_HOST", "localhost"),
                port=read.integer("POSTGRES_PORT", 5432, low=1, high=65535),
                user=read.text("POSTGRES_USER", "postgres"),
                password=read.text("POSTGRES_PASSWORD"),
                database=read.text("POSTGRES_DB", "pdfme"),
                max_pool_size=read.integer("POSTGRES_MAX_POOL_SIZE", 10, low=2, high=1000),
            ),
            redis=RedisSettings(
                host=read.text("REDIS_HOST", "localhost"),
                port=read.integer("REDIS_PORT", 6379, low=1, high=65535),
                password=read.optional("REDIS_PASSWORD"),
                database=read.integer("REDIS_DB", 0, low=0, high=10_000),
            ),
            objects=ObjectSettings(
                endpoint_url=read.url("S3_ENDPOINT_URL"),
                uploads_bucket=read.bucket("UPLOADS_BUCKET", "uploads"),
                uploads_prefix=read.optional("UPLOADS_PREFIX") or "",
                pdfs_bucket=read.bucket("PDFS_BUCKET", "pdfs"),
                pdfs_url=read.url("PDFS_URL") or read.default_pdfs_url(),
                max_file_bytes=read.integer("MAX_FILE_BYTES", MAX_FILE_BYTES, low=1),
            ),
            dispatch=DispatchSettings.from_environment(environment),
            retention=RetentionSettings.from_environment(environment),
            statements=StatementSettings.from_environment(environment),
            templates=TemplateSettings.from_environment(environment),
        )
        _check_buckets(settings.objects)
        return settings


def read_duration(name: str, value: str, *, low: float) -> float:
    """Return the seconds of a duration like ``10m``; raise ConfigurationError that names it otherwise."""
    match = _DURATION.fullmatch(value)
    if match is None or (seconds := float(match[1]) * _SECONDS[match[2]]) < low:
        raise _wrong(name, value, f"a duration of at least {low:g} s, like 10s, 10m or 1h")
    return seconds


@dataclass(frozen=True, slots=True)
class _Reader:
    environment: Mapping[str, str]

    def text(self, name: str, default: str | None = None) -> str:
        value = self.optional(name) or default
        if value is None:
            raise ConfigurationError(f"{name} is not set: give it a value (see .env.example)")
        return value

    def optional(self, name: str) -> str | None:
        return self.environment.get(name, "").strip() or None

    def integer(self, name: str, default: int, *, low: int, high: int | None = None) -> int:
        value = self.text(name, str(default))
        bounds = f"from {low} to {high}" if high is not None else f"of at least {low}"
        try:
            number = int(value)
        except ValueError:
            raise _wrong(name, value, f"a whole number {bounds}") from None
        if number < low or (high is not None and number > high):
            raise _wrong(name, value, f"a whole number {bounds}")
        return number

    def seconds(self, name: str, default: str, *, low: float) -> float:
        return read_duration(name, self.text(name, default), low=low)

    def url(self, name: str) -> str | None:
        value = self.optional(name)
        return (
            self._checked(name, value, _is_http_url, "an address like http://localhost:9000")
            if value
            else None
        )

    def default_pdfs_url(self) -> str | None:
        endpoint = self.url("S3_ENDPOINT_URL")
        return f"{endpoint.rstrip('/')}/{self.bucket('PDFS_BUCKET', 'pdfs')}" if endpoint else None

    def bucket(self, name: str, default: str) -> str:
        return self._checked(name, self.text(name, default), _is_bucket, "a bucket's name, like uploads")

    def currency(self, name: str, default: str) -> str:
        return self._checked(name, self.text(name, default), is_currency, "an ISO 4217 code, like BHD")

    def encoding(self, name: str, default: str) -> str:
        return self._checked(name, self.text(name, default), _is_encoding, "an encoding, like cp1256")

    def seed(self, name: str) -> bytes | None:
        """Return a long secret as bytes; the message never shows it."""
        value = self.optional(name)
        if value is not None and len(value) < _SHORTEST_SEED:
            raise ConfigurationError(
                f"{name} is too short: give it at least {_SHORTEST_SEED} characters that nobody can guess"
            )
        return value.encode() if value else None

    def choice(self, name: str, *choices: str) -> str:
        """Return one of ``choices``, of which the first is the default."""
        return self._checked(name, self.text(name, choices[0]), choices.__contains__, " or ".join(choices))

    @staticmethod
    def _checked(name: str, value: str, holds: Callable[[str], bool], expected: str) -> str:
        if not holds(value):
            raise _wrong(name, value, expected)
        return value


def _check_buckets(objects: ObjectSettings) -> None:
    if objects.uploads_bucket == objects.pdfs_bucket and not objects.uploads_prefix:
        raise ConfigurationError(
            f"PDFS_BUCKET={objects.pdfs_bucket!r} is also UPLOADS_BUCKET: PDFs would be taken for uploads; "
            "use two buckets, or set UPLOADS_PREFIX"
        )


def _wrong(name: str, value: str, expected: str) -> ConfigurationError:
    return ConfigurationError(f"{name}={value!r} is not {expected}")


def _is_http_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half an IPv6 address, or a port that is no number
        return False


def _is_bucket(value: str) -> bool:
    return _BUCKET.fullmatch(value) is not None


def _is_encoding(value: str) -> bool:
    try:
        b"a".decode(value, "replace")
    except (LookupError, UnicodeError):
        return False
    return True
