"""One dynamic partition per ETag. Outside defs/ a partition key is simply an etag."""

from collections.abc import Sequence

import dagster as dg

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
