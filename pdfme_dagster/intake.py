"""Find new uploads and admit each exactly once: list, ask Redis, let Postgres decide.

Not here: partitions and runs (defs/uploads_sensor.py), or the work on a file (batches.py).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from pdfme_dagster.crash_points import crash_point
from pdfme_dagster.domain.job import JobState
from pdfme_dagster.errors import PermanentError
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.objects import ObjectStore

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What one look at the bucket found; ``new`` are ETags in order of discovery."""

    listed: int
    refused: int
    new: tuple[str, ...]


def admit_uploads(
    objects: ObjectStore, cache: SeenCache, jobs: JobStore, *, max_retries: int, batch_size: int
) -> Intake:
    """List the bucket and make a pending job for every ETag that has none.

    No object is downloaded, and neither store is asked file by file. Raises TransientError when S3 or
    Postgres does not answer; what was admitted before that stays admitted.
    """
    refused: list[PermanentError] = []
    uploads = list(objects.list_uploads(refused.append))
    crash_point("after-listing")
    for error in refused:
        _LOG.error("Upload refused: %s", error)
    # Two names with the same bytes share an ETag: one job, under the name listed first.
    by_etag = {upload.etag: upload for upload in reversed(uploads)}
    etags = list(dict.fromkeys(upload.etag for upload in uploads))
    seen = cache.seen(etags)
    unseen = [by_etag[etag] for etag in etags if etag not in seen]
    new = jobs.admit(unseen, max_retries=max_retries, batch_size=batch_size)
    crash_point("after-insert")
    cache.remember(new, JobState.PROCESSING)
    _warm(cache, jobs, sorted({upload.etag for upload in unseen}.difference(new)))
    return Intake(listed=len(uploads), refused=len(refused), new=tuple(new))


def _warm(cache: SeenCache, jobs: JobStore, known: Sequence[str]) -> None:
    """Teach Redis what Postgres knew, so that the next look need not ask it again."""
    states = jobs.states(known) if known else {}
    for state in (JobState.PENDING, JobState.PROCESSING, JobState.COMPLETED):
        cache.remember([etag for etag in known if states.get(etag) is state], state)
