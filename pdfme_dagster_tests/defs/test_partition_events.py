"""The contract with Dagster's event log: hundreds of events a round trip, each with its own metadata."""

from collections.abc import Sequence

import dagster as dg
import pytest
from dagster._core.events.log import EventLogEntry

from pdfme_dagster.defs.partition_events import Step, record_failed, record_materialized

STEP = Step(
    run_id="5e3e4c2a-0000-4000-8000-000000000000",
    job_name="statement_pdfs_job",
    step_key="statement_pdfs.store",
    asset_key=dg.AssetKey("statement_pdfs"),
)


@pytest.fixture
def batches(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The size of each batch that reaches Postgres, which still stores it."""
    sizes: list[int] = []
    storage = instance.event_log_storage
    store_event_batch = storage.store_event_batch

    def count(events: Sequence[EventLogEntry]) -> None:
        sizes.append(len(events))
        store_event_batch(events)

    monkeypatch.setattr(storage, "store_event_batch", count)
    return sizes


def test_materializations_are_stored_in_batches_with_their_own_metadata(
    instance: dg.DagsterInstance, batches: list[int]
) -> None:
    record_materialized(
        instance, STEP, {f"etag-{number}": {"pages": dg.MetadataValue.int(number)} for number in range(600)}
    )
    assert batches == [500, 100]
    records = instance.fetch_materializations(STEP.asset_key, limit=1000).records
    stored = {record.partition_key: record.asset_materialization for record in records}
    assert len(stored) == 600
    assert stored["etag-77"] is not None
    assert stored["etag-77"].metadata["pages"].value == 77


def test_failures_are_stored_in_batches_with_their_reasons(
    instance: dg.DagsterInstance, batches: list[int]
) -> None:
    reasons = {f"etag-{number}": {"code": dg.MetadataValue.text("empty_file")} for number in range(3)}
    record_failed(instance, STEP, reasons)
    assert batches == [3, 3]
    records = instance.fetch_observations(STEP.asset_key, limit=10).records
    assert sorted(record.partition_key or "" for record in records) == sorted(reasons)
