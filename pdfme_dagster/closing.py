"""The closing equation: every upload that we know of is in exactly one count, every PDF is somebody's.

Not here: what an imbalance means to the operator (docs/closing.md), how it is shown (job_tables.py), or any
repair: the close changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pdfme_dagster.domain.upload import Upload
from pdfme_dagster.errors import PermanentError
from pdfme_dagster.stores.ledger import Ledger, PdfCounts
from pdfme_dagster.stores.objects import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What became of every version that is or ever was in the uploads bucket, as far as it is known.

    ``listed`` counts the objects in the bucket and the jobs whose upload is there no longer; it is counted
    apart from the others, which must add up to it. ``ignored`` are folder markers. ``duplicates`` are further
    names of an ETag, and uploads for which the PDFs of others with the same bytes stand. ``superseded`` and
    ``missing`` were replaced or deleted before they were read. ``completed`` have PDFs of their own.
    ``failed`` include objects without a usable ETag, ``open`` those that have no job yet.
    """

    listed: int
    ignored: int
    duplicates: int
    superseded: int
    missing: int
    completed: int
    failed: int
    open: int
    pdfs: PdfCounts

    @property
    def unaccounted(self) -> int:
        """How many uploads are in none of the counts; below zero, how many are in two."""
        ended = self.ignored + self.duplicates + self.superseded + self.missing + self.completed
        return self.listed - ended - self.failed - self.open

    @property
    def pdfs_match(self) -> bool:
        """Whether every PDF is a completed job's and every completed job has its PDFs."""
        pdfs = self.pdfs
        # The last is arithmetic over independent counts: it can only fail if one of them is wrong.
        return pdfs.orphans == pdfs.absent == 0 and pdfs.stored == pdfs.expected + pdfs.forgotten

    @property
    def is_closed(self) -> bool:
        """Whether nothing is open, no upload is unaccounted for, and the PDFs match."""
        return self.open == self.unaccounted == 0 and self.pdfs_match


@dataclass(slots=True)
class _Listing:
    """Counts a listing's entries as they pass: each is an upload, ignored or refused."""

    entries: int = 0
    ignored: int = 0
    refused: int = 0

    def ignore(self, _: Upload) -> None:
        self.ignored += 1
        self.entries += 1

    def refuse(self, _: PermanentError) -> None:
        self.refused += 1
        self.entries += 1

    def etags(self, objects: ObjectStore) -> Iterator[str]:
        for upload in objects.list_uploads(self.refuse, self.ignore):
            self.entries += 1
            yield upload.etag


def close_books(objects: ObjectStore, ledger: Ledger) -> Closing:
    """Count what became of all uploads under the store's prefix, and whose the PDFs are.

    Never raises because something does not add up; TransientError when S3 or Postgres does not answer.
    """
    listing, prefix = _Listing(), objects.uploads_prefix
    uploads = ledger.count_uploads(listing.etags(objects), prefix=prefix)
    # Listed after the table's moment: what was completed by then has its PDFs by now.
    pdfs = ledger.count_pdfs(objects.list_pdfs(), bucket=objects.pdfs_bucket, prefix=prefix)
    return Closing(
        listed=listing.entries + uploads.gone,
        ignored=listing.ignored,
        duplicates=uploads.duplicates,
        superseded=uploads.superseded,
        missing=uploads.missing,
        completed=uploads.completed,
        failed=uploads.failed + listing.refused,
        open=uploads.open,
        pdfs=pdfs,
    )
