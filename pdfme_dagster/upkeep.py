"""What is done to many jobs at once, over all stores: failed ones again, old ones and their partitions gone.

Not here: who decides it (cli_jobs.py, defs/), the statements themselves (stores/), or how Dagster keeps a
partition: to this module it is an upload's place in a mirror.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from pdfme_dagster.domain.job import JobState
from pdfme_dagster.errors import PdfmeError, PermanentError
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.job_reports import UNKNOWN, JobChoice, JobReports
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.objects import ObjectStore

# Partitions removed under one hold of the dispatch lock: few, for a tick of the sensor may wait for it.
_ETAGS_A_LOCK = 20


class Mirror(Protocol):
    """Dagster's partitions, one an upload: they show the job table and may lose what was done long ago."""

    def etags(self) -> Sequence[str]:
        """Return all, in the order of ranges."""

    def in_use(self) -> Collection[str]:
        """Return those that a run which has not ended was started for."""

    def remove(self, etag: str) -> None:
        """Remove one, if it is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorRetirement:
    """Of all partitions that are ``shown``, ``old`` ones may go, of which ``in_use`` ones stay for now.

    ``removed`` ones are gone, or would be in a dry run; the rest of the old ones is for another time.
    """

    shown: int
    old: int
    in_use: int
    removed: int

    @property
    def left(self) -> int:
        """Old ones that nobody uses and that nonetheless are still there."""
        return self.old - self.in_use - self.removed


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """What a cleanup found: ``old`` jobs, of which ``listed`` ones stay since their uploads are still there.

    ``forgotten`` jobs are gone, or would be in a dry run; ``objects`` is how many uploads were listed.
    """

    objects: int
    old: int
    listed: int
    forgotten: int


def retry_failed(
    reports: JobReports, cache: SeenCache, choice: JobChoice, *, dry_run: bool
) -> dict[str, str]:
    """Send the chosen failed jobs back to pending; return their ETags, each with why it had failed."""
    if dry_run:
        failed = reports.jobs(replace(choice, states=(JobState.FAILED,)))
        return {row.etag: row.error_code or UNKNOWN for row in failed}
    retried = reports.retry(choice)
    cache.forget(list(retried))
    return retried


def retire_jobs(
    reports: JobReports,
    objects: ObjectStore,
    cache: SeenCache,
    *,
    days: int,
    prefix: str,
    batch_size: int,
    dry_run: bool,
) -> Retirement:
    """Forget jobs completed more than ``days`` ago whose uploads are no longer listed under ``prefix``.

    Raises PdfmeError, and forgets nothing, when the listing has an entry that cannot be told apart from a
    job's upload; TransientError when S3 or Postgres does not answer: what is forgotten by then is right.
    """
    # Chosen before the bucket is listed: an upload that comes back meanwhile keeps its job.
    old = reports.retired(days=days, prefix=prefix)
    refused: list[PermanentError] = []
    gone, listed = set(old), 0
    for upload in objects.list_uploads(refused.append):
        gone.discard(upload.etag)
        listed += 1
    if refused:
        raise PdfmeError(f"{refused[0]}; until then nothing is forgotten: it may be the upload of any job")
    forgotten = len(gone) if dry_run else _forget(reports, cache, sorted(gone), days, batch_size)
    return Retirement(objects=listed, old=len(old), listed=len(old) - len(gone), forgotten=forgotten)


def _forget(reports: JobReports, cache: SeenCache, etags: list[str], days: int, batch_size: int) -> int:
    forgotten = 0
    for start in range(0, len(etags), batch_size):
        batch = reports.forget(etags[start : start + batch_size], days=days)
        # Else the same file, uploaded once more, would be passed over as seen.
        cache.forget(batch)
        forgotten += len(batch)
    return forgotten


def retire_partitions(
    mirror: Mirror,
    reports: JobReports,
    jobs: JobStore,
    *,
    days: int,
    most: int,
    dry_run: bool,
    on_progress: Callable[[int, int], None] = lambda _done, _due: None,
) -> MirrorRetirement:
    """Remove up to ``most`` partitions of jobs that are gone or were completed more than ``days`` ago.

    Whether such an upload is still in the bucket does not matter: the job, not the partition, remembers it.
    """
    # Listed before the jobs are asked for: a job is there before its partition is.
    shown = mirror.etags()
    needed = reports.needed(shown, days=days)
    old = [etag for etag in shown if etag not in needed]
    used = set(mirror.in_use()).intersection(old)
    due = [etag for etag in old if etag not in used][:most]
    removed = 0
    for start in range(0, 0 if dry_run else len(due), _ETAGS_A_LOCK):
        removed += _remove(mirror, reports, jobs, due[start : start + _ETAGS_A_LOCK], days)
        on_progress(min(start + _ETAGS_A_LOCK, len(due)), len(due))
    return MirrorRetirement(
        shown=len(shown), old=len(old), in_use=len(used), removed=len(due) if dry_run else removed
    )


def _remove(mirror: Mirror, reports: JobReports, jobs: JobStore, etags: Sequence[str], days: int) -> int:
    # Within the lock nobody adds a partition. An upload may have come back since it was chosen, or a person
    # may have started a run for it.
    with jobs.dispatching():
        kept = reports.needed(etags, days=days).union(mirror.in_use())
        gone = [etag for etag in etags if etag not in kept]
        for etag in gone:
            mirror.remove(etag)
    return len(gone)
