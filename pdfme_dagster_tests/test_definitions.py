"""The code location as Dagster loads it: exact names, no environment, no work."""

import subprocess
import sys
from pathlib import Path

import dagster as dg

from pdfme_dagster.definitions import defs

LOAD = """
import socket, sys
def refuse(*args, **kwargs): raise AssertionError("loading the definitions opened a connection")
socket.socket.connect = refuse
from pdfme_dagster.definitions import defs
repository = defs().get_repository_def()
print(sorted(repository.job_names))
print([each.name for each in (*repository.sensor_defs, *repository.schedule_defs)])
print(sorted(name for name in ("pandas", "boto3", "reportlab.pdfgen", "celery") if name in sys.modules))
"""


def test_definitions_have_exactly_these_names() -> None:
    loaded = defs()
    dg.Definitions.validate_loadable(loaded)
    repository = loaded.get_repository_def()
    assert {key.to_user_string() for key in repository.asset_graph.get_all_asset_keys()} == {"statement_pdfs"}
    assert set(repository.job_names) == {
        "statement_pdfs_job",
        "retention",
        "retry_failed_jobs",
        "__ASSET_JOB",
    }
    assert {sensor.name for sensor in repository.sensor_defs} == {
        "uploads_sensor",
        "rescue_sensor",
        "mirror_sensor",
    }
    assert [schedule.name for schedule in repository.schedule_defs] == ["nightly_retention"]
    assert set(loaded.resources or {}) == {"jobs", "reports", "ended_jobs", "cache", "objects", "handoff"}


def test_asset_is_one_graph_of_three_ops_over_dynamic_partitions() -> None:
    asset = defs().resolve_assets_def("statement_pdfs")
    assert isinstance(asset.partitions_def, dg.DynamicPartitionsDefinition)
    assert asset.partitions_def.name == "uploads"
    graph = asset.node_def
    assert isinstance(graph, dg.GraphDefinition)
    assert [node.name for node in graph.nodes_in_topological_order] == [
        "parse",
        "render",
        "store",
    ]


def test_sensor_runs_from_the_start() -> None:
    sensor = defs().resolve_sensor_def("uploads_sensor")
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    assert sensor.minimum_interval_seconds == 10


def test_retention_runs_every_night_from_the_start() -> None:
    schedule = defs().resolve_schedule_def("nightly_retention")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 3 * * *", "UTC")
    assert schedule.job_name == "retention"


def test_definitions_load_in_a_fresh_interpreter_without_environment_or_work() -> None:
    root = Path(__file__).parents[1]
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD], env={}, cwd=root, capture_output=True, text=True, check=True
    )
    jobs, ticking, heavy = loaded.stdout.splitlines()
    assert jobs == "['__ASSET_JOB', 'retention', 'retry_failed_jobs', 'statement_pdfs_job']"
    assert ticking == "['mirror_sensor', 'rescue_sensor', 'uploads_sensor', 'nightly_retention']"
    assert heavy == "[]"
