"""Heartbeats of runs: the process that executes a run writes one into Redis every few seconds, while it does.

Not here: what silence means (run_launcher.py). Celery's own ping will not do for this: a worker that was
asked to stop does not answer until its run has ended, nor does one that has yet to find its broker again.
"""

import threading
import time
from contextlib import suppress

import redis
from celery.signals import task_postrun, task_prerun
from redis.backoff import NoBackoff
from redis.retry import Retry

_BEAT_SECONDS = 3.0
_KEPT_SECONDS = 60
_ANSWER_SECONDS = 2.0


def open_client(url: str) -> redis.Redis:
    """Return a client that connects when first used, and gives up soon: the next heartbeat is on its way."""
    return redis.Redis.from_url(
        url,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=_ANSWER_SECONDS,
        socket_connect_timeout=_ANSWER_SECONDS,
    )


def read_heartbeat(client: redis.Redis, task_id: str) -> object:
    """Return the last heartbeat of a Celery task, unlike any other; raise RedisError if nobody answers."""
    return client.get(_key(task_id))


def send_heartbeats(url: str) -> None:
    """Let every Celery task of this process, and of those it forks, have heartbeats while it is executed."""
    client = open_client(url)
    ends: dict[str, threading.Event] = {}

    def start(task_id: str, **_: object) -> None:
        ends[task_id] = threading.Event()
        threading.Thread(target=_beat, args=(client, task_id, ends[task_id]), daemon=True).start()

    def end(task_id: str, **_: object) -> None:
        ends.pop(task_id).set()

    task_prerun.connect(start, weak=False)
    task_postrun.connect(end, weak=False)


def _beat(client: redis.Redis, task_id: str, ended: threading.Event) -> None:
    while True:
        # Nobody reads while nobody answers: a heartbeat that is not written is not missed.
        with suppress(redis.RedisError):
            client.set(_key(task_id), time.time(), ex=_KEPT_SECONDS)
        if ended.wait(_BEAT_SECONDS):
            return


def _key(task_id: str) -> str:
    return f"pdfme:heartbeat:{task_id}"
