"""The hint in Redis: right when it answers, silent when it does not.

Not here: what intake makes of it (../test_intake.py).
"""

import logging
import socket
from collections.abc import Callable, Iterator
from time import monotonic

import pytest
import redis

from pdfme_dagster.domain.job import JobState
from pdfme_dagster.local.ports import LOOPBACK
from pdfme_dagster.local.services import EmbeddedServices
from pdfme_dagster.stores.cache import SeenCache

HOUR, DAY = 3_600, 86_400
WRONG = "not-the-password"


def test_what_was_remembered_is_seen(cache: SeenCache) -> None:
    cache.remember(["a", "b"], JobState.PROCESSING)
    assert cache.seen(["a", "b", "c"]) == {"a", "b"}
    assert cache.seen([]) == set()


@pytest.mark.parametrize(
    ("state", "value", "seconds"),
    [
        (JobState.PENDING, "processing", HOUR),
        (JobState.PROCESSING, "processing", HOUR),
        (JobState.COMPLETED, "completed", DAY),
    ],
)
def test_a_hint_reads_as_the_original_wrote_it_and_ends_by_itself(
    cache: SeenCache, redis_client: redis.Redis, state: JobState, value: str, seconds: int
) -> None:
    cache.remember(["abc"], state)
    assert redis_client.keys() == ["processed:abc"]
    assert redis_client.get("processed:abc") == value
    assert seconds - 60 < int(redis_client.ttl("processed:abc")) <= seconds


def test_completion_replaces_processing(cache: SeenCache, redis_client: redis.Redis) -> None:
    cache.remember(["abc"], JobState.PROCESSING)
    cache.remember(["abc"], JobState.COMPLETED)
    assert redis_client.get("processed:abc") == "completed"
    assert int(redis_client.ttl("processed:abc")) > HOUR


def test_what_is_forgotten_is_seen_no_more(cache: SeenCache) -> None:
    cache.remember(["a", "b"], JobState.COMPLETED)
    cache.forget(["a", "never seen"])
    cache.forget([])
    assert cache.seen(["a", "b"]) == {"b"}


def test_a_flushed_redis_knows_nothing(cache: SeenCache, redis_client: redis.Redis) -> None:
    cache.remember(["a"], JobState.COMPLETED)
    redis_client.flushall()
    assert cache.seen(["a"]) == set()


def test_many_keys_take_few_round_trips(cache: SeenCache, redis_client: redis.Redis) -> None:
    def count_questions() -> int:
        return int(redis_client.info("commandstats").get("cmdstat_mget", {"calls": 0})["calls"])

    etags = [f"{number:032x}" for number in range(12_000)]
    cache.remember(etags, JobState.PROCESSING)
    before = count_questions()
    assert cache.seen([*etags, "new"]) == set(etags)
    assert count_questions() - before == 3
    cache.forget(etags)
    assert redis_client.dbsize() == 0


def test_a_value_that_nobody_can_read_is_still_a_hint(cache: SeenCache, redis_client: redis.Redis) -> None:
    redis_client.set("processed:a", b"\xff\xfe")
    assert cache.seen(["a"]) == {"a"}


def test_databases_are_kept_apart(services: EmbeddedServices, redis_client: redis.Redis) -> None:
    valkey = services.endpoints.valkey
    with SeenCache.open(host=LOOPBACK, port=valkey.port, password=valkey.password, database=3) as third:
        third.remember(["a"], JobState.COMPLETED)
    assert redis_client.dbsize() == 0


# --- No answer ---


@pytest.fixture
def locked_cache(services: EmbeddedServices) -> Iterator[SeenCache]:
    """A cache that was given the wrong password."""
    with SeenCache.open(host=LOOPBACK, port=services.endpoints.valkey.port, password=WRONG) as cache:
        yield cache


@pytest.fixture
def silent_cache() -> Iterator[SeenCache]:
    """A cache whose server takes connections and never says a word."""
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with SeenCache.open(host=LOOPBACK, port=port, password=WRONG) as cache:
            yield cache


CALLS: list[Callable[[SeenCache], object]] = [
    lambda cache: cache.seen(["a"]),
    lambda cache: cache.remember(["a"], JobState.COMPLETED),
    lambda cache: cache.forget(["a"]),
]


@pytest.mark.parametrize("call", CALLS, ids=["seen", "remember", "forget"])
@pytest.mark.parametrize("store", ["locked_cache", "dead_cache", "silent_cache"])
def test_redis_that_does_not_answer_costs_a_moment_and_a_warning(
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
    store: str,
    call: Callable[[SeenCache], object],
) -> None:
    cache: SeenCache = request.getfixturevalue(store)
    started = monotonic()
    assert not call(cache)
    assert monotonic() - started < 3
    (warning,) = caplog.records
    assert (warning.name, warning.levelno) == ("pdfme_dagster.stores.cache", logging.WARNING)
    assert "asking Postgres instead" in warning.getMessage()
    assert WRONG not in caplog.text
    assert "not-for-logs" not in caplog.text


def test_a_dead_redis_is_not_asked_again_for_every_batch(dead_cache: SeenCache) -> None:
    started = monotonic()
    assert dead_cache.seen([str(number) for number in range(100_000)]) == set()
    assert monotonic() - started < 3


def test_a_server_that_does_not_exist_is_like_one_that_is_down() -> None:
    with SeenCache.open(host="redis.invalid", port=6379) as cache:
        assert cache.seen(["a"]) == set()


def test_it_is_believed_for_ten_minutes_by_all_watchers_and_then_not_once(
    cache: SeenCache, redis_client: redis.Redis
) -> None:
    assert [cache.is_trusted() for _ in range(3)] == [False, True, True]
    assert 590 < int(str(redis_client.ttl("processed-trusted"))) <= 600
    redis_client.delete("processed-trusted")
    assert [cache.is_trusted() for _ in range(2)] == [False, True]


def test_a_dead_redis_is_not_believed(dead_cache: SeenCache) -> None:
    assert not dead_cache.is_trusted()
