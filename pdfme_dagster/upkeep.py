"""What an operator does to many jobs at once, over all stores: failed ones again, old ones forgotten.

Not here: who decides it (cli_jobs.py), the statements themselves (stores/), or Dagster's partitions.
"""

from dataclasses import dataclass, replace

from pdfme_dagster.domain.job import JobState
from pdfme_dagster.errors import PdfmeError, PermanentError
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.job_reports import UNKNOWN, JobChoice, JobReports
from pdfme_dagster.stores.objects import ObjectStore


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
