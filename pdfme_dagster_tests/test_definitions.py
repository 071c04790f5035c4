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
print(sorted(repository.job_names), [sensor.name for sensor in repository.sensor_defs])
print(sorted(name for name in ("pandas", "boto3", "reportlab.pdfgen", "celery") if name in sys.modules))
"""


def test_definitions_have_exactly_these_names() -> None:
    loaded = defs()
    dg.Definitions.validate_loadable(loaded)
    repository = loaded.get_repository_def()
    assert {key.to_user_string() for key in repository.asset_graph.get_all_asset_keys()} == {"statement_pdfs"}
    assert set(repository.job_names) == {"statement_pdfs_job", "__ASSET_JOB"}
    assert [sensor.name for sensor in repository.sensor_defs] == ["mirror_sensor", "uploads_sensor"]
    assert repository.schedule_defs == []
    assert set(loaded.resources or {}) == {"jobs", "ended_jobs", "cache", "objects", "handoff"}


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


def test_definitions_load_in_a_fresh_interpreter_without_environment_or_work() -> None:
    root = Path(__file__).parents[1]
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD], env={}, cwd=root, capture_output=True, text=True, check=True
    )
    names, heavy = loaded.stdout.splitlines()
    assert names == "['__ASSET_JOB', 'statement_pdfs_job'] ['mirror_sensor', 'uploads_sensor']"
    assert heavy == "[]"
