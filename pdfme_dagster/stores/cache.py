"""The fast path in Redis: which uploads were probably seen. A hint, never the truth.

Not here: any decision. A flushed, stale or dead Redis makes discovery slower and changes nothing else, so
no method raises: a cache that does not answer knows nothing.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Self, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from pdfme_dagster.domain.job import JobState

_LOG = logging.getLogger(__name__)

_PROCESSING_SECONDS = 60 * 60
_COMPLETED_SECONDS = 24 * 60 * 60
# A dead server costs one short wait per call; redis-py alone would retry for seconds per command.
_ANSWER_SECONDS = 0.5
# How long the cache is believed, over all watchers, before Postgres is asked about every upload once more.
_TRUSTED_SECONDS = 10 * 60
_TRUSTED_KEY = "processed-trusted"
_KEYS_PER_TRIP = 5_000

T = TypeVar("T")


class SeenCache:
    """``processed:<etag>`` = ``processing`` for an hour or ``completed`` for a day.

    It may know what Postgres does not: after a restore, or when jobs were deleted by SQL. So a watcher asks
    every ten minutes whether it is ``trusted`` still, and then looks without it.
    """

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client

    @classmethod
    @contextmanager
    def open(cls, *, host: str, port: int, password: str | None = None, database: int = 0) -> Iterator[Self]:
        """Yield a cache; nothing is connected before the first call."""
        client = redis.Redis(
            host=host,
            port=port,
            password=password,
            db=database,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=_ANSWER_SECONDS,
            socket_connect_timeout=_ANSWER_SECONDS,
        )
        try:
            yield cls(client)
        finally:
            client.close()

    def is_trusted(self) -> bool:
        """Say whether to believe ``seen``; every ten minutes one watcher is told not to."""
        return _or_nothing(
            lambda: not self._client.set(_TRUSTED_KEY, "yes", nx=True, ex=_TRUSTED_SECONDS), False
        )

    def seen(self, etags: Sequence[str]) -> set[str]:
        """Return those of these uploads that were probably admitted before."""

        def ask() -> set[str]:
            found: set[str] = set()
            for some in _trips(etags):
                values = self._client.mget([_key(etag) for etag in some])
                found.update(etag for etag, value in zip(some, values, strict=True) if value is not None)
            return found

        return _or_nothing(ask, set())

    def remember(self, etags: Sequence[str], state: JobState) -> None:
        """Note that these uploads are being processed or are completed."""
        seconds = _COMPLETED_SECONDS if state is JobState.COMPLETED else _PROCESSING_SECONDS
        value = state.value if state is JobState.COMPLETED else JobState.PROCESSING.value

        def note() -> None:
            for some in _trips(etags):
                pipeline = self._client.pipeline(transaction=False)
                for etag in some:
                    pipeline.set(_key(etag), value, ex=seconds)
                pipeline.execute()

        _or_nothing(note, None)

    def forget(self, etags: Sequence[str]) -> None:
        """Drop what was noted of these uploads."""

        def drop() -> None:
            for some in _trips(etags):
                self._client.delete(*[_key(etag) for etag in some])

        _or_nothing(drop, None)


def _trips(etags: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(etags), _KEYS_PER_TRIP):
        yield etags[start : start + _KEYS_PER_TRIP]


def _key(etag: str) -> str:
    return f"processed:{etag}"


def _or_nothing(call: Callable[[], T], nothing: T) -> T:
    try:
        return call()
    except redis.RedisError as exc:
        _LOG.warning(
            "Redis does not answer (%s): asking Postgres instead, which is only slower", type(exc).__name__
        )
        return nothing
