"""All that a home's programs left, place by place: tables, Redis, objects, files, and what the UI answers.

Not here: what must not be among it. Places are found by asking for all there are: new ones are covered.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import redis
from psycopg import sql

from pdfme_dagster_tests.end_to_end.conftest import Up

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# What customers' files and PDFs are: their own data.
UPLOADS, PDFS = "uploads", "pdfs"
# Where the services keep what is asked of themselves here, under its name.
_SERVICE_FOLDERS = {"postgres", "valkey", "s3"}

Left = Iterator[tuple[str, str | bytes]]

_RUNS = """{ runsOrError { ... on Runs { results {
  runId status runConfigYaml tags { key value }
  eventConnection(limit: 5000) { events { __typename ... on MessageEvent { message eventType stepKey }
    ... on ErrorEvent { error { ...err } }
    ... on DisplayableEvent { label description metadataEntries { ...entry } }
    ... on ExecutionStepFailureEvent { failureMetadata { metadataEntries { ...entry } } } } } } } } }"""
_ASSET = """{ assetNodeOrError(assetKey: {path: ["statement_pdfs"]}) { ... on AssetNode {
  description partitionKeys
  assetMaterializations(limit: 5000) { partition message label description metadataEntries { ...entry } }
  assetObservations(limit: 5000) { partition message label description metadataEntries { ...entry } } } } }"""
_TICKS = """{ sensorOrError(sensorSelector: {repositoryLocationName: "pdfme_dagster",
  repositoryName: "__repository__", sensorName: "uploads_sensor"}) { ... on Sensor { description
    sensorState { ticks(limit: 500) { status skipReason cursor error { ...err } } } } } }"""
_BACKFILLS = """{ partitionBackfillsOrError { ... on PartitionBackfills { results {
  id status title description partitionNames tags { key value } error { ...err } } } } }"""
_LOGS = """query Logs($key: [String!]!) { capturedLogs(logKey: $key) { stdout stderr } }"""
_LOG_KEYS = """{ runsOrError { ... on Runs { results { runId
  eventConnection(limit: 5000) { events { ... on LogsCapturedEvent { fileKey } } } } } } }"""
_FRAGMENTS = {
    "err": "fragment err on PythonError { message stack errorChain { error { message stack } } }",
    "entry": """fragment entry on MetadataEntry { label description ... on TextMetadataEntry { text }
      ... on UrlMetadataEntry { url } ... on TableMetadataEntry { table { records } } }""",
}


def list_left(up: Up) -> Left:
    """Yield each place and a content of it."""
    yield from _list_tables(up)
    yield from _list_redis(up)
    with closing(up.endpoints.s3.open_client()) as client:
        yield from _list_objects(client)
    yield from _list_files(up)
    yield from _ask_ui(up)


def _list_tables(up: Up) -> Left:
    """Yield every value of every column, of all databases."""
    with psycopg.connect(up.endpoints.postgres.conninfo("postgres"), autocommit=True) as connection:
        databases = connection.execute("SELECT datname FROM pg_database WHERE datallowconn").fetchall()
    for (database,) in databases:
        with psycopg.connect(up.endpoints.postgres.conninfo(database), autocommit=True) as connection:
            tables = connection.execute(
                "SELECT table_schema, table_name FROM information_schema.tables"
                " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
            ).fetchall()
            for schema, table in tables:
                yield from _list_table(connection, schema, table)


def _list_table(connection: psycopg.Connection, schema: str, table: str) -> Left:
    rows = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table)))
    places = [f"postgres {table}.{column.name}" for column in rows.description or ()]
    for row in rows:
        for place, value in zip(places, row, strict=True):
            if value is not None and not isinstance(value, int | float):
                yield place, _write(value)


def _write(value: Any) -> str | bytes:
    if isinstance(value, str | bytes):
        return value
    return (
        json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
    )


def _list_redis(up: Up) -> Left:
    valkey = up.endpoints.valkey

    def connect(database: int) -> redis.Redis:
        return redis.Redis(host="127.0.0.1", port=valkey.port, password=valkey.password, db=database)

    with connect(0) as client:
        databases = [int(name.removeprefix("db")) for name in client.info("keyspace")]
    for database in databases:
        with connect(database) as client:
            for key in client.scan_iter():
                yield f"redis {database} key", key
                yield from ((f"redis {database} value", each) for each in _flatten(_read_redis(client, key)))


def _read_redis(client: redis.Redis, key: bytes) -> Any:
    match client.type(key):
        case b"list":
            return client.lrange(key, 0, -1)
        case b"set":
            return client.smembers(key)
        case b"zset":
            return client.zrange(key, 0, -1)
        case b"hash":
            return client.hgetall(key)
        case b"stream":
            return client.xrange(key)
        case _:
            return client.get(key)


def _flatten(value: Any) -> Iterator[str | bytes]:
    if isinstance(value, dict):
        value = [*value.items()]
    if isinstance(value, list | tuple | set):
        for each in value:
            yield from _flatten(each)
    elif value is not None:
        yield value if isinstance(value, bytes) else str(value)


# Random letters of the endpoint's own, in which a mark turns up sooner or later.
_OF_THE_ANSWER = {"x-amz-id-2", "x-amz-request-id"}


def _list_objects(client: "S3Client") -> Left:
    """Yield every object's key and metadata, and the contents of those that are not PDFs."""
    names = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
    for bucket in sorted({*names} - {UPLOADS}):
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for key in (entry["Key"] for entry in page.get("Contents", [])):
                yield f"s3 {bucket} key", key
                head = client.head_object(Bucket=bucket, Key=key)
                headers = head["ResponseMetadata"]["HTTPHeaders"].items()
                stored = {name: value for name, value in headers if name not in _OF_THE_ANSWER}
                yield f"s3 {bucket} metadata", json.dumps([head["Metadata"], stored])
                if bucket != PDFS:
                    yield f"s3 {bucket} content", client.get_object(Bucket=bucket, Key=key)["Body"].read()


def _list_files(up: Up) -> Left:
    for path in sorted(up.home.rglob("*")):
        place = path.relative_to(up.home)
        if place.parts[0] not in _SERVICE_FOLDERS and path.is_file():
            yield f"file {place.parts[0]} name", str(place)
            yield f"file {place.parts[0]} content", path.read_bytes()


def _ask_ui(up: Up) -> Left:
    for name, query in (("runs", _RUNS), ("asset", _ASSET), ("ticks", _TICKS), ("backfills", _BACKFILLS)):
        fragments = [text for word, text in _FRAGMENTS.items() if f"...{word}" in query]
        yield f"graphql {name}", json.dumps(up.graphql(query + "".join(fragments)), ensure_ascii=False)
    for run in up.graphql(_LOG_KEYS)["runsOrError"]["results"]:
        for key in filter(None, (event.get("fileKey") for event in run["eventConnection"]["events"])):
            logs = up.graphql(_LOGS, key=[run["runId"], "compute_logs", key])["capturedLogs"]
            yield "graphql logs", json.dumps(logs, ensure_ascii=False)
