"""Find new uploads and admit each exactly once: list, ask Redis, let Postgres decide.

Not here: partitions and runs (defs/uploads_sensor.py), or the work on a file (batches.py).
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import monotonic

from pdfme_dagster.crash_points import crash_point
from pdfme_dagster.domain.job import JobState, KnownUpload
from pdfme_dagster.domain.upload import Upload
from pdfme_dagster.errors import PermanentError
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.objects import ObjectStore

_LOG = logging.getLogger(__name__)

# Corrected files come one by one; so many known names with new ETags at once are worth a look.
_RENAMED_AT_ONCE = 10
# A listing longer than this is repeated, while jobs wait, only after nine times as long.
_LONG_SECONDS = 1.0
_RESTS = 9
# Enough to copy into a command; `pdfme-dagster jobs` lists all.
_ETAGS_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What one look at the bucket found; ``new`` are ETags in order of discovery.

    ``renamed`` of them have names that were known under other ETags. ``put_again`` are the uploads of failed
    jobs, put once more unchanged since they failed: that starts nothing.
    """

    listed: int
    refused: int
    new: tuple[str, ...]
    renamed: int = 0
    put_again: tuple[str, ...] = ()

    def __str__(self) -> str:
        counts = f"{self.listed} uploads listed, {len(self.new)} new, {self.refused} refused"
        return f"{counts}; {_describe_put_again(self.put_again)}" if self.put_again else counts


class ListingPace:
    """Lets a long listing give way while jobs wait: what it would find stands behind them anyway.

    50,000 uploads take four seconds to list; every five seconds, that is most of a core that the work needs.
    A process' own memory is enough: whoever forgets lists once more.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock, self._due = clock, 0.0

    def may_wait(self) -> bool:
        """Say whether the last listing was so long, and so lately, that the next may wait while jobs do."""
        return self._clock() < self._due

    @contextmanager
    def listing(self) -> Iterator[None]:
        """Take the time of a listing."""
        began = self._clock()
        yield
        seconds = self._clock() - began
        self._due = self._clock() + _RESTS * seconds if seconds > _LONG_SECONDS else 0.0


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
    by_etag = _merge_names(uploads)
    seen = cache.seen(list(by_etag)) if cache.is_trusted() else set()
    unseen = [upload for etag, upload in by_etag.items() if etag not in seen]
    new = jobs.admit(unseen, max_retries=max_retries, batch_size=batch_size)
    crash_point("after-insert")
    cache.remember(new, JobState.PROCESSING)
    renamed = _count_renamed(jobs, [by_etag[etag] for etag in new])
    known = _recall(cache, jobs, [by_etag[etag] for etag in sorted({u.etag for u in unseen}.difference(new))])
    put_again = tuple(each.etag for each in known if each.put_again)
    if put_again:
        _LOG.warning("%s", _describe_put_again(put_again))
    return Intake(
        listed=len(uploads), refused=len(refused), new=tuple(new), renamed=renamed, put_again=put_again
    )


def _merge_names(uploads: Iterable[Upload]) -> dict[str, Upload]:
    """Return the uploads by ETag, in order of the listing.

    Two names with the same bytes share an ETag: one job, under the name listed first, put there when the
    last of them was.
    """
    merged: dict[str, Upload] = {}
    for upload in uploads:
        first = merged.setdefault(upload.etag, upload)
        if upload.put_at > first.put_at:
            merged[upload.etag] = replace(first, put_at=upload.put_at)
    return merged


def _count_renamed(jobs: JobStore, new: Sequence[Upload]) -> int:
    renamed = jobs.count_renamed(new) if new else 0
    if renamed >= _RENAMED_AT_ONCE:
        _LOG.warning(
            "%d known names changed their ETag at once: files corrected, or the same bytes copied, sent in "
            "parts or encrypted with another key. Files with known bytes will be completed as duplicates, "
            "without PDFs of their own",
            renamed,
        )
    return renamed


def _recall(cache: SeenCache, jobs: JobStore, uploads: Sequence[Upload]) -> list[KnownUpload]:
    """Return what Postgres knew of uploads; teach Redis, so that the next look need not ask again.

    A failed job is not taught: whoever repairs it shall not have to repair Redis too.
    """
    known = jobs.recall(uploads) if uploads else []
    for state in (JobState.PENDING, JobState.PROCESSING, JobState.COMPLETED):
        cache.remember([each.etag for each in known if each.state is state], state)
    return known


def _describe_put_again(etags: Sequence[str]) -> str:
    chosen = " ".join(f"--hash {etag}" for etag in etags[:_ETAGS_SHOWN])
    more = ", and so on" if len(etags) > _ETAGS_SHOWN else ""
    return (
        f"{len(etags)} failed uploads were put again unchanged since they failed, which starts nothing: "
        f"`pdfme-dagster retry {chosen}`{more}, or materialize their partitions"
    )
