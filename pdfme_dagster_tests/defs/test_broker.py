"""Runs whose messages a broker has lost, or never got, are ended at once instead of holding a place.

Not here: a broker that does not answer (test_uploads_sensor.py).
"""

import json
import time

import dagster as dg
import pytest
import redis
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

from pdfme_dagster.defs.broker import broker_trouble, fail_lost_runs
from pdfme_dagster.defs.statement_pdfs import JOB_NAME

STARTING, STARTED, FAILED = (
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.FAILURE,
)


@pytest.fixture
def broker(
    instance: dg.DagsterInstance,
    redis_url: str,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> redis.Redis:
    """An empty Redis that the instance's launcher has as its broker."""
    launcher = CeleryRunLauncher(default_queue="dagster", broker=redis_url, backend=redis_url)
    monkeypatch.setattr(type(instance), "run_launcher", launcher)
    return redis_client


def add_run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus) -> str:
    return instance.add_run(dg.DagsterRun(job_name=JOB_NAME, status=status)).run_id


def status_of(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_runs_that_a_broker_has_forgotten_fail_once(
    instance: dg.DagsterInstance, broker: redis.Redis
) -> None:
    assert fail_lost_runs(instance) == 0
    run_id = add_run(instance, STARTING)
    assert fail_lost_runs(instance) == 0
    broker.flushall()
    assert fail_lost_runs(instance) == 1
    assert status_of(instance, run_id) is FAILED
    again = add_run(instance, STARTING)
    assert fail_lost_runs(instance) == 0
    assert status_of(instance, again) is STARTING


@pytest.mark.parametrize(("seconds", "sent", "failed"), [(30, False, 0), (90, False, 1), (3600, True, 0)])
def test_run_whose_daemon_died_before_it_was_sent_fails_after_a_minute(
    seconds: float, sent: bool, failed: int, instance: dg.DagsterInstance, broker: redis.Redis
) -> None:
    assert fail_lost_runs(instance) == 0
    tags = {DAGSTER_CELERY_TASK_ID_TAG: "task-1"} if sent else {}
    instance.add_run(dg.DagsterRun(job_name=JOB_NAME, status=STARTING, tags=tags))
    assert fail_lost_runs(instance, clock=lambda: time.time() + seconds) == failed


@pytest.mark.parametrize(("state", "failed"), [("FAILURE", 1), ("SUCCESS", 1), ("STARTED", 0), (None, 0)])
def test_run_whose_worker_is_through_with_it_and_never_started_it_fails(
    state: str | None, failed: int, instance: dg.DagsterInstance, broker: redis.Redis
) -> None:
    assert fail_lost_runs(instance) == 0
    tags = {DAGSTER_CELERY_TASK_ID_TAG: "task-1"}
    run_id = instance.add_run(dg.DagsterRun(job_name=JOB_NAME, status=STARTING, tags=tags)).run_id
    if state:
        # As Celery writes it; with redis-py 8 its own way of writing is deprecated.
        error = {"exc_type": "OperationalError", "exc_message": ["gone"], "exc_module": "sqlalchemy.exc"}
        meta = {"task_id": "task-1", "status": state, "result": error if state == "FAILURE" else None}
        broker.set("celery-task-meta-task-1", json.dumps(meta))
    assert fail_lost_runs(instance) == failed
    assert status_of(instance, run_id) is (FAILED if failed else STARTING)


def test_run_that_a_worker_has_already_is_left_alone(
    instance: dg.DagsterInstance, broker: redis.Redis
) -> None:
    run_id = add_run(instance, STARTED)
    assert fail_lost_runs(instance) == 0
    assert status_of(instance, run_id) is STARTED


def test_dying_on_the_way_leaves_the_rest_to_the_next_look(
    instance: dg.DagsterInstance, broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = add_run(instance, STARTING)
    with monkeypatch.context() as dying:
        dying.setattr(dg.DagsterInstance, "report_run_failed", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            fail_lost_runs(instance)
    assert fail_lost_runs(instance) == 1
    assert status_of(instance, run_id) is FAILED


def test_memory_is_of_the_broker_alone_and_never_expires(
    instance: dg.DagsterInstance, broker: redis.Redis
) -> None:
    fail_lost_runs(instance)
    (key,) = broker.keys()
    assert broker.ttl(key) == -1
    assert broker_trouble(instance) is None


def test_without_a_broker_nothing_is_asked(instance: dg.DagsterInstance) -> None:
    run_id = add_run(instance, STARTING)
    assert fail_lost_runs(instance) == 0
    assert broker_trouble(instance) is None
    assert status_of(instance, run_id) is STARTING
