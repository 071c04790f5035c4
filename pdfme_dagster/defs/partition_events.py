"""Records what became of each partition in Dagster's event log, hundreds of events per database round trip.

Not here: deciding what became of it. This is the one module that reaches under Dagster's public API, because
only ``report_dagster_event`` stores events in batches with metadata of their own, and only a planned event
marks a single partition of a failed run as failed. A contract test pins the behaviour.
"""

from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The step of a run in whose name partitions are recorded."""

    run_id: str
    job_name: str
    step_key: str
    asset_key: dg.AssetKey


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
