"""Records in Dagster's event log what became of each partition, and reads it, hundreds in a round trip.

Not here: deciding what became of it. Like storage.py this reaches under Dagster's public API, because
only ``report_dagster_event`` stores events in batches with metadata of their own, and only a planned event
marks a single partition of a failed run as failed. A contract test pins the behaviour.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg
from dagster._core.events import (
    AssetMaterializationPlannedData,
    AssetObservationData,
    DagsterEvent,
    DagsterEventBatchMetadata,
    DagsterEventType,
    StepMaterializationData,
)

# Without it each event is written on its own: forty times slower.
_EVENT_BATCH_SIZE = "500"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The step of a run in whose name partitions are recorded."""

    run_id: str
    job_name: str
    step_key: str
    asset_key: dg.AssetKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What Dagster shows of some partitions; one that is in neither set is missing or under way."""

    materialized: frozenset[str]
    failed: frozenset[str]


def write_in_batches() -> None:
    """Let this process store events in batches: Dagster reads the size from the environment at each event."""
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", _EVENT_BATCH_SIZE)


def read_shown(instance: dg.DagsterInstance, asset_key: dg.AssetKey, etags: Collection[str]) -> Shown:
    """Return what Dagster shows of these partitions, in four queries: as its status cache would find it."""
    materialized = _latest(instance, asset_key, DagsterEventType.ASSET_MATERIALIZATION, etags)
    planned = _latest(instance, asset_key, DagsterEventType.ASSET_MATERIALIZATION_PLANNED, etags)
    later = {etag: place for etag, place in planned.items() if place > materialized.get(etag, 0)}
    failed = _of_failed_runs(instance, asset_key, later.values())
    return Shown(materialized=frozenset(materialized.keys() - failed), failed=failed)


def _latest(
    instance: dg.DagsterInstance, asset_key: dg.AssetKey, event_type: DagsterEventType, etags: Collection[str]
) -> Mapping[str, int]:
    """Return the place in the event log of each partition's latest event of a type."""
    if not etags:  # asked for none, Dagster returns all
        return {}
    storage = instance.event_log_storage
    return storage.get_latest_storage_id_by_partition(asset_key, event_type, partitions=set(etags))


def _of_failed_runs(
    instance: dg.DagsterInstance, asset_key: dg.AssetKey, places: Collection[int]
) -> frozenset[str]:
    """Return the partitions of those planned events whose runs have failed."""
    if not places:
        return frozenset()
    records = instance.event_log_storage.get_event_records(
        dg.EventRecordsFilter(
            DagsterEventType.ASSET_MATERIALIZATION_PLANNED, asset_key=asset_key, storage_ids=list(places)
        )
    )
    run_ids = {record.run_id for record in records}
    runs = instance.get_runs(dg.RunsFilter(run_ids=sorted(run_ids), statuses=[dg.DagsterRunStatus.FAILURE]))
    failed = {run.run_id for run in runs}
    return frozenset(record.partition_key or "" for record in records if record.run_id in failed)


def record_materialized(
    instance: dg.DagsterInstance, step: Step, partitions: Mapping[str, Mapping[str, dg.MetadataValue]]
) -> None:
    """Record a materialization, with its own metadata, for each partition."""
    materialized = [
        StepMaterializationData(
            dg.AssetMaterialization(asset_key=step.asset_key, partition=etag, metadata=metadata)
        )
        for etag, metadata in partitions.items()
    ]
    _store(instance, step, DagsterEventType.ASSET_MATERIALIZATION, materialized)


def record_failed(
    instance: dg.DagsterInstance, step: Step, partitions: Mapping[str, Mapping[str, dg.MetadataValue]]
) -> None:
    """Mark exactly these partitions as failed, which takes effect when their run fails, and say why.

    The reason is an observation, because open-source Dagster keeps no event of a failed materialization.
    """
    planned = [AssetMaterializationPlannedData(step.asset_key, partition=etag) for etag in partitions]
    observed = [
        AssetObservationData(dg.AssetObservation(asset_key=step.asset_key, partition=etag, metadata=metadata))
        for etag, metadata in partitions.items()
    ]
    _store(instance, step, DagsterEventType.ASSET_MATERIALIZATION_PLANNED, planned)
    _store(instance, step, DagsterEventType.ASSET_OBSERVATION, observed)


def _store(
    instance: dg.DagsterInstance,
    step: Step,
    event_type: DagsterEventType,
    contents: Sequence[StepMaterializationData | AssetMaterializationPlannedData | AssetObservationData],
) -> None:
    for number, content in enumerate(contents, start=1):
        event = DagsterEvent(
            event_type_value=event_type.value,
            job_name=step.job_name,
            step_key=step.step_key,
            event_specific_data=content,
        )
        batch = DagsterEventBatchMetadata(f"{step.run_id}-{event_type.value}", number == len(contents))
        instance.report_dagster_event(event, run_id=step.run_id, batch_metadata=batch)
