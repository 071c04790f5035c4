"""What Dagster remembers of ended runs and of partitions that are gone, and what of it may go too.

Not here: how long that is (retention.py), or recording anything (partition_events.py). This module reaches
under Dagster's public API, like that one: only ``delete_run`` is public, and it takes a failed partition's
red away with its run; events of one partition, and backfills under way, have no public way at all.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from pdfme_dagster.defs.dispatch import ENDED, LIVE
from pdfme_dagster.defs.partitions import UPLOADS, list_partitions
from pdfme_dagster.defs.statement_pdfs import ASSET_KEY

if TYPE_CHECKING:
    from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

_PARTITION_TAG = "dagster/partition"
_RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
# A run's config may list all its ETags: few at a time bound the memory.
_RUNS_A_TRIP = 100
_EVENTS_A_TRIP = 5_000


def find_used_partitions(instance: dg.DagsterInstance) -> set[str]:
    """Return the partitions that live runs were started for, all of them while a backfill is under way.

    A range whose end is gone fails its run. A backfill asks for its runs one after the other.
    """
    if _backfill_is_under_way(instance):
        return set(list_partitions(instance))
    runs = instance.get_runs(dg.RunsFilter(statuses=list(LIVE)))
    used = {run.tags[_PARTITION_TAG] for run in runs if _PARTITION_TAG in run.tags}
    ends = [tuple(run.tags.get(tag) for tag in _RANGE_TAGS) for run in runs]
    if ranges := [(first, last) for first, last in ends if first and last]:
        shown = list_partitions(instance)
        places = {etag: place for place, etag in enumerate(shown)}
        for first, last in ranges:
            used.update((first, last))
            if first in places and last in places:
                used.update(shown[places[first] : places[last] + 1])
    return used


def find_shown_runs(instance: dg.DagsterInstance) -> set[str]:
    """Return the runs with the newest event of each kind of each partition: its status is made of them."""
    from sqlalchemy import func, select

    events, partitions = _tables()
    newest = (
        select(func.max(events.c.id))
        .where(events.c.asset_key == ASSET_KEY.to_string(), events.c.partition.in_(partitions))
        .group_by(events.c.partition, events.c.dagster_event_type)
    )
    with _storage(instance).index_connection() as connection:
        found = connection.execute(select(events.c.run_id).where(events.c.id.in_(newest)).distinct())
        return {run_id for (run_id,) in found}


def find_old_runs(
    instance: dg.DagsterInstance, *, job_names: Collection[str], before: datetime, needed: Collection[str]
) -> Iterator[str]:
    """Yield our own runs that ended before then, the oldest first, but for those that are needed."""
    wanted = dg.RunsFilter(statuses=list(ENDED), updated_before=before)
    cursor = None
    while records := instance.get_run_records(wanted, limit=_RUNS_A_TRIP, cursor=cursor, ascending=True):
        for record in records:
            run = record.dagster_run
            # A run that the UI starts for an asset has a job name that every code location has.
            ours = run.job_name in job_names or run.asset_selection == {ASSET_KEY}
            if ours and run.run_id not in needed:
                yield run.run_id
        cursor = records[-1].dagster_run.run_id


def count_old_events(instance: dg.DagsterInstance, *, before: datetime) -> int:
    """Return how many events that old tell of partitions that are gone."""
    from sqlalchemy import func, select

    events, _ = _tables()
    with _storage(instance).index_connection() as connection:
        found = connection.execute(select(func.count()).select_from(events).where(*_old_events(before)))
        return int(found.scalar_one())


def delete_old_events(instance: dg.DagsterInstance, *, before: datetime, most: int) -> int:
    """Delete up to ``most`` events that old of partitions that are gone; return how many those were.

    Their runs stay, for they also hold the newest event of a partition that is there.
    """
    deleted = 0
    while number := _delete_events(instance, before, min(_EVENTS_A_TRIP, most - deleted)):
        deleted += number
    return deleted


def refresh_status(instance: dg.DagsterInstance) -> None:
    """Make Dagster count the partitions anew when next it shows them: its own count only ever adds."""
    instance.wipe_asset_cached_status([ASSET_KEY])


def _backfill_is_under_way(instance: dg.DagsterInstance) -> bool:
    # Loaded late, as all of this module's: the code server needs none of it.
    from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus

    under_way = [BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING, BulkActionStatus.FAILING]
    return instance.get_backfills_count(BulkActionsFilter(statuses=under_way)) > 0


def _delete_events(instance: dg.DagsterInstance, before: datetime, most: int) -> int:
    from dagster._core.storage.event_log.schema import AssetEventTagsTable as Tags
    from sqlalchemy import delete, select

    events, _ = _tables()
    with _storage(instance).index_connection() as connection:
        old = select(events.c.id).where(*_old_events(before)).limit(most)
        ids = [event_id for (event_id,) in connection.execute(old)]
        if ids:
            connection.execute(delete(Tags).where(Tags.c.event_id.in_(ids)))
            connection.execute(delete(events).where(events.c.id.in_(ids)))
    return len(ids)


def _old_events(before: datetime) -> tuple[Any, ...]:
    events, partitions = _tables()
    return (
        events.c.asset_key == ASSET_KEY.to_string(),
        events.c.partition.is_not(None),
        events.c.partition.not_in(partitions),
        # Dagster stores UTC without saying so.
        events.c.timestamp < before.astimezone(UTC).replace(tzinfo=None),
    )


def _tables() -> tuple[Any, Any]:
    """Return the table of events, and the query for the partitions that are there."""
    from dagster._core.storage.event_log.schema import DynamicPartitionsTable, SqlEventLogStorageTable
    from sqlalchemy import select

    there = DynamicPartitionsTable.c
    partitions = select(there.partition).where(there.partitions_def_name == UPLOADS.name)
    return SqlEventLogStorageTable, partitions


def _storage(instance: dg.DagsterInstance) -> "SqlEventLogStorage":
    storage: Any = instance.event_log_storage
    return storage  # type: ignore[no-any-return]
