"""One dynamic partition per ETag. Outside defs/ a partition key is simply an etag.

Not here: which ones are needed no longer (upkeep.py), or the events that are recorded for them.
"""

from collections.abc import Sequence

import dagster as dg

from pdfme_dagster.stores.jobs import JobStore

UPLOADS = dg.DynamicPartitionsDefinition(name="uploads")
_NAME = "uploads"


def add_partitions(instance: dg.DagsterInstance, etags: Sequence[str]) -> dict[str, int]:
    """Add a partition for every ETag that has none and return each ETag's place in the order of all.

    Ranges follow this order. One bulk insert: asking Dagster to add them with a tick's result would check
    them one by one. The caller holds the dispatch lock, so that no other watcher adds the same ones.
    """
    existing = list(instance.get_dynamic_partitions(_NAME))
    known = set(existing)
    new = [etag for etag in dict.fromkeys(etags) if etag not in known]
    if new:
        instance.add_dynamic_partitions(_NAME, new)
    return {etag: place for place, etag in enumerate(existing + new)}


def list_partitions(instance: dg.DagsterInstance) -> Sequence[str]:
    """Return the ETags that have a partition, in the order of ranges."""
    return instance.get_dynamic_partitions(_NAME)


def remove_partition(instance: dg.DagsterInstance, etag: str) -> None:
    """Remove an upload's partition. Dagster has no way to remove many at once."""
    instance.delete_dynamic_partition(_NAME, etag)


def restore_partitions(instance: dg.DagsterInstance, jobs: JobStore, etags: Sequence[str]) -> None:
    """Add the partitions that these jobs no longer have, so that what becomes of them is shown."""
    # With the lock, else retention may just have looked and be about to remove one that we find.
    with jobs.dispatching():
        instance.add_dynamic_partitions(_NAME, list(etags))
