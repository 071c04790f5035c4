"""What a tick of the uploads sensor admits, dispatches and takes back, over real services."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import psycopg
import pytest
import redis

from pdfme_dagster.defs.statement_pdfs import DISPATCH_TAG, JOB_NAME
from pdfme_dagster.defs.uploads_sensor import build_uploads_sensor
from pdfme_dagster.domain.job import JobState
from pdfme_dagster.domain.upload import Upload
from pdfme_dagster.errors import ConfigurationError
from pdfme_dagster.intake import ListingPace
from pdfme_dagster.settings import DispatchSettings, Settings
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.objects import ObjectStore

START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
Put = Callable[[str, bytes], str]
Tick = Callable[..., list[dg.RunRequest]]


@pytest.fixture
def tick(
    instance: dg.DagsterInstance, settings: Settings, jobs: JobStore, cache: SeenCache, objects: ObjectStore
) -> Tick:
    """Evaluate the sensor once and return the runs it asks for."""

    def evaluate(pace: ListingPace | None = None, **changed: str) -> list[dg.RunRequest]:
        chosen = DispatchSettings.from_environment({"RUN_WORKERS": "2"} | changed)
        sensor = build_uploads_sensor(chosen, pace)
        context = dg.build_sensor_context(instance=instance)
        result = sensor(context, jobs=jobs, cache=cache, objects=objects)
        return list(result.run_requests or []) if isinstance(result, dg.SensorResult) else []

    return evaluate


def test_new_uploads_become_partitions_and_one_range_run(
    tick: Tick, upload: Put, instance: dg.DagsterInstance, jobs: JobStore
) -> None:
    etags = {upload(f"900_{number}.txt", b"%d" % number) for number in range(20)}
    (request,) = tick()
    partitions = list(instance.get_dynamic_partitions("uploads"))
    assert set(partitions) == etags
    assert (request.tags[START], request.tags[END]) == (partitions[0], partitions[-1])
    assert jobs.count_states(sorted(etags)) == {JobState.PENDING: 20}


class LongListing(ListingPace):
    """A pace after a listing that took long."""

    def may_wait(self) -> bool:
        return True


def test_a_long_listing_waits_while_jobs_do_and_dispatch_goes_on(
    tick: Tick, jobs: JobStore, upload: Put
) -> None:
    waiting = Upload(etag=upload("900_1.txt", b"one"), key="900_1.txt", size_bytes=3)
    jobs.admit([waiting], max_retries=3, batch_size=100)
    later = upload("900_2.txt", b"two")
    (request,) = tick(LongListing())
    assert request.tags[START] == waiting.etag
    assert jobs.states([later]) == {}
    assert len(tick(LongListing())) == 1  # now nothing waits
    assert jobs.states([later]) == {later: JobState.PENDING}


def test_second_tick_starts_nothing_new(tick: Tick, upload: Put) -> None:
    upload("900_1.txt", b"one")
    assert len(tick()) == 1
    assert tick() == []


def test_same_content_under_another_name_starts_no_job_and_no_run(
    tick: Tick, upload: Put, instance: dg.DagsterInstance
) -> None:
    upload("900_1.txt", b"one")
    tick()
    upload("900_copy.txt", b"one")
    assert tick() == []
    assert len(instance.get_dynamic_partitions("uploads")) == 1


def test_flushed_redis_starts_nothing_twice(tick: Tick, upload: Put, redis_client: redis.Redis) -> None:
    upload("900_1.txt", b"one")
    tick()
    redis_client.flushall()
    assert tick() == []


def test_a_failed_upload_put_again_unchanged_starts_nothing_and_the_tick_says_what_does(
    instance: dg.DagsterInstance,
    settings: Settings,
    jobs: JobStore,
    cache: SeenCache,
    objects: ObjectStore,
    upload: Put,
    tick: Tick,
    database: str,
) -> None:
    etag = upload("900_1.txt", b"one")
    tick()
    cache.forget([etag])
    _finish_all(database)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE processing_jobs SET completed_at = completed_at - interval '1 minute'")
    upload("900_1.txt", b"one")
    result = build_uploads_sensor(settings.dispatch)(
        dg.build_sensor_context(instance=instance), jobs=jobs, cache=cache, objects=objects
    )
    assert isinstance(result, dg.SkipReason)
    assert result.skip_message == (
        "1 uploads listed, 0 new, 0 refused; 1 failed uploads were put again unchanged since they failed, "
        f"which starts nothing: `pdfme-dagster retry --hash {etag}`, or materialize their partitions; "
        "no run needed"
    )
    assert jobs.states([etag]) == {etag: JobState.FAILED}


def test_dead_redis_stops_neither_discovery_nor_the_sensor(
    instance: dg.DagsterInstance, settings: Settings, jobs: JobStore, objects: ObjectStore, upload: Put
) -> None:
    etag = upload("900_1.txt", b"one")
    sensor = build_uploads_sensor(settings.dispatch)
    with SeenCache.open(host="127.0.0.1", port=1) as dead:
        for expected in (1, 0):
            context = dg.build_sensor_context(instance=instance)
            result = sensor(context, jobs=jobs, cache=dead, objects=objects)
            requests = result.run_requests if isinstance(result, dg.SensorResult) else []
            assert len(requests or []) == expected
    assert jobs.states([etag]) == {etag: JobState.PENDING}


def test_two_sensors_at_the_same_moment_create_and_dispatch_each_job_once(
    instance: dg.DagsterInstance, settings: Settings, cache: SeenCache, objects: ObjectStore, upload: Put
) -> None:
    etags = sorted(upload(f"900_{number}.txt", b"%d" % number) for number in range(300))
    sensor = build_uploads_sensor(settings.dispatch)
    barrier = threading.Barrier(2)
    asked: list[dg.RunRequest] = []

    def watch() -> None:
        with JobStore.open(settings.postgres.conninfo, max_pool_size=4) as jobs:
            context = dg.build_sensor_context(instance=instance)
            barrier.wait()
            result = sensor(context, jobs=jobs, cache=cache, objects=objects)
            if isinstance(result, dg.SensorResult):
                asked.extend(result.run_requests or [])

    watchers = [threading.Thread(target=watch) for _ in range(2)]
    for watcher in watchers:
        watcher.start()
    for watcher in watchers:
        watcher.join()

    order = list(instance.get_dynamic_partitions("uploads"))
    dispatched = [etag for request in asked for etag in etags_of(request, order)]
    with JobStore.open(settings.postgres.conninfo, max_pool_size=2) as jobs:
        waiting = jobs.take_pending(1000)
        assert sorted(jobs.states(etags)) == etags
    assert sorted(order) == etags
    assert sorted(dispatched + waiting) == etags


def test_scattered_jobs_go_in_one_run_by_their_etags(
    tick: Tick, upload: Put, database: str, instance: dg.DagsterInstance
) -> None:
    for number in range(9):
        upload(f"900_{number}.txt", b"%d" % number)
    tick()
    partitions = list(instance.get_dynamic_partitions("uploads"))
    scattered = [partitions[1], partitions[4], partitions[8]]
    _finish_all(database)
    with psycopg.connect(database) as connection:
        connection.execute(
            "SELECT mark_job_for_retry(id) FROM processing_jobs WHERE file_hash = ANY(%s)", (scattered,)
        )
    (request,) = tick()
    assert START not in request.tags
    assert request.run_config["ops"]["statement_pdfs"]["ops"]["parse"]["config"]["etags"] == scattered


def test_job_reset_by_sql_alone_is_dispatched_although_redis_says_completed(
    tick: Tick, upload: Put, database: str, cache: SeenCache
) -> None:
    etag = upload("900_1.txt", b"one")
    tick()
    _finish_all(database)
    cache.remember([etag], JobState.COMPLETED)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE processing_jobs SET status = 'pending'")
    (request,) = tick()
    assert request.tags[START] == etag


def test_claims_of_a_run_that_ended_are_dispatched_again(
    tick: Tick, upload: Put, instance: dg.DagsterInstance, jobs: JobStore
) -> None:
    etag = upload("900_1.txt", b"one")
    (first,) = tick()
    run = _create_run(instance, first)
    jobs.start(run.run_id, [etag])
    assert tick() == []
    instance.report_run_failed(run)
    (second,) = tick()
    assert second.tags[DISPATCH_TAG] != first.tags[DISPATCH_TAG]
    assert not jobs.complete(run.run_id, [])


def test_run_that_ended_without_claiming_gives_its_jobs_back(
    tick: Tick, upload: Put, instance: dg.DagsterInstance
) -> None:
    upload("900_1.txt", b"one")
    (first,) = tick()
    run = _create_run(instance, first)
    assert tick() == []
    instance.report_run_canceled(run)
    assert len(tick()) == 1


def test_request_that_never_became_a_run_is_asked_for_again_after_a_minute(
    tick: Tick, upload: Put, database: str
) -> None:
    upload("900_1.txt", b"one")
    tick()
    assert tick() == []
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE processing_jobs SET dispatched_at = dispatched_at - interval '61 seconds'")
    assert len(tick()) == 1


def test_job_whose_tick_died_before_its_partition_was_added_gets_both(
    tick: Tick, upload: Put, instance: dg.DagsterInstance, jobs: JobStore
) -> None:
    etag = upload("900_1.txt", b"one")
    jobs.admit([Upload(etag=etag, key="900_1.txt", size_bytes=3)], max_retries=3, batch_size=10)
    (request,) = tick()
    assert list(instance.get_dynamic_partitions("uploads")) == [etag]
    assert request.tags[START] == etag


def test_many_files_are_split_over_the_workers_and_capped(
    tick: Tick, upload: Put, instance: dg.DagsterInstance
) -> None:
    for number in range(250):
        upload(f"900_{number}.txt", b"%d" % number)
    requests = tick(MAX_FILES_PER_RUN="100")
    order = list(instance.get_dynamic_partitions("uploads"))
    sizes = [len(etags_of(request, order)) for request in requests]
    assert sorted(sizes) == [83, 83, 84]


def test_busy_workers_get_no_run_for_a_trickle_of_files(
    tick: Tick, upload: Put, instance: dg.DagsterInstance
) -> None:
    for number in range(2):
        upload(f"900_{number}.txt", b"%d" % number)
        (request,) = tick()
        _create_run(instance, request)
    upload("900_late.txt", b"late")
    assert tick() == []
    assert len(instance.get_dynamic_partitions("uploads")) == 3


def test_rate_limit_admits_so_many_in_ten_seconds(tick: Tick, upload: Put, jobs: JobStore) -> None:
    for number in range(30):
        upload(f"900_{number}.txt", b"%d" % number)
    (request,) = tick(RATE_LIMIT_PER_SECOND="2")
    assert request.tags["pdfme/files"] == "20"
    assert tick(RATE_LIMIT_PER_SECOND="2") == []
    assert jobs.count_pending() == 10


def test_broken_profile_fails_the_tick_and_jobs_wait_until_it_is_repaired(
    tick: Tick, upload: Put, profiles_dir: Path, instance: dg.DagsterInstance, jobs: JobStore
) -> None:
    etag = upload("900_1.txt", b"one")
    profile = profiles_dir / "mine.toml"
    profile.write_text('extends = "afs"\ncurency = "KWD"\non_unbalanced = "stop"\n')
    for _ in range(2):
        with pytest.raises(ConfigurationError) as refused:
            tick()
        told = str(refused.value).splitlines()
        assert all(line.startswith(f"{profile}: ") for line in told)
        assert "did you mean currency?" in str(refused.value)
        assert any("on_unbalanced: " in line for line in told)
    assert jobs.states([etag]) == {etag: JobState.PENDING}
    assert jobs.take_pending(9) == [etag]
    assert instance.get_runs_count() == 0
    profile.write_text('extends = "afs"\ncurrency = "KWD"\n')
    (request,) = tick()
    assert request.tags[START] == etag
    assert list(instance.get_dynamic_partitions("uploads")) == [etag]


def test_missing_folder_of_profiles_fails_the_tick_by_its_variable(
    tick: Tick, upload: Put, profiles_dir: Path, jobs: JobStore
) -> None:
    etag = upload("900_1.txt", b"one")
    profiles_dir.rmdir()
    with pytest.raises(
        ConfigurationError, match=r"^PROFILES_DIR='.*' is not a folder; make it, or unset it$"
    ):
        tick()
    assert jobs.take_pending(9) == [etag]


def test_broken_templates_fail_the_tick_with_all_that_is_wrong_and_jobs_wait(
    tick: Tick, upload: Put, templates_dir: Path, instance: dg.DagsterInstance, jobs: JobStore
) -> None:
    etag = upload("900_1.txt", b"one")
    templates = templates_dir / "templates.yaml"
    templates.write_text("organisations: {900: crad.json, 901: {template: bill.json, language: klingon}}")
    with pytest.raises(ConfigurationError) as refused:
        tick()
    assert "language" in str(refused.value)
    templates.write_text(
        "organisations: {900: crad.json, 901: {template: bill.json, ignore_rows: true}}\nfonts: {Own: a.ttf}"
    )
    with pytest.raises(ConfigurationError) as refused:
        tick()
    assert "did you mean card.json?" in str(refused.value)
    assert "fonts.Own: a.ttf is not there" in str(refused.value)
    assert jobs.take_pending(9) == [etag]
    assert instance.get_runs_count() == 0
    templates.write_text("organisations: {900: {template: card.json, ignore_rows: true}}")
    (request,) = tick()
    assert request.tags[START] == etag


def test_passwords_without_their_secret_fail_the_tick_by_its_variable(
    tick: Tick, upload: Put, templates_dir: Path, jobs: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    etag = upload("900_1.txt", b"one")
    (templates_dir / "templates.yaml").write_text(
        "default: {template: card.json, ignore_rows: true, password: {field: Cname}}"
    )
    with pytest.raises(ConfigurationError, match=r"^PDF_PASSWORD_SEED must be a secret of at least 32"):
        tick()
    assert jobs.take_pending(9) == [etag]
    monkeypatch.setenv("PDF_PASSWORD_SEED", "forty-two elephants remember everything")
    assert len(tick()) == 1


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port where connections are accepted and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@pytest.mark.parametrize("broker", ["dead", "hung"])
def test_broker_that_does_not_answer_lets_jobs_wait_and_says_so(
    broker: str,
    silent_port: int,
    instance: dg.DagsterInstance,
    settings: Settings,
    jobs: JobStore,
    cache: SeenCache,
    objects: ObjectStore,
    upload: Put,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dagster_celery.launcher import CeleryRunLauncher

    monkeypatch.setattr("pdfme_dagster.defs.broker._ANSWER_SECONDS", 0.2)
    url = f"redis://127.0.0.1:{silent_port if broker == 'hung' else 1}/1"
    launcher = CeleryRunLauncher(default_queue="dagster", broker=url, backend="rpc://")
    monkeypatch.setattr(type(instance), "run_launcher", launcher)
    etag = upload("900_1.txt", b"one")
    result = build_uploads_sensor(settings.dispatch)(
        dg.build_sensor_context(instance=instance), jobs=jobs, cache=cache, objects=objects
    )
    assert isinstance(result, dg.SkipReason)
    assert "1 new uploads wait" in str(result.skip_message)
    assert jobs.take_pending(10) == [etag]


def etags_of(request: dg.RunRequest, order: list[str]) -> list[str]:
    """Return the uploads a run request is for."""
    if START in request.tags:
        return order[order.index(request.tags[START]) : order.index(request.tags[END]) + 1]
    return list(request.run_config["ops"]["statement_pdfs"]["ops"]["parse"]["config"]["etags"])


def _finish_all(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "UPDATE processing_jobs SET status = 'failed', error_message = 'made so', completed_at = now(), "
            "dispatch_id = NULL"
        )


def _create_run(instance: dg.DagsterInstance, request: dg.RunRequest) -> dg.DagsterRun:
    run = dg.DagsterRun(job_name=JOB_NAME, tags=dict(request.tags), status=dg.DagsterRunStatus.STARTED)
    return instance.add_run(run)
