"""An upload: one version of one object that a bank dropped into the bucket, and the names its PDFs get.

Not here: reading objects (stores/objects.py) or what became of them (domain/job.py).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from pdfme_dagster.domain.privacy import mask_numbers, show_line
from pdfme_dagster.errors import PermanentError

# S3 promises no more than an opaque token; what we accept also fits a partition key and VARCHAR(64).
_ETAG = re.compile(r"[0-9A-Za-z_.=+-]{1,64}")
_UNSAFE = re.compile(r"[^\w.-]+")
_STEM_CHARACTERS = 100
_LONG_AGO = datetime.fromtimestamp(0, UTC)
# A PDF among several: no other has such a name, because the others' end with a part of the ETag.
_NUMBERED = re.compile(r"([0-9]{4}|[1-9][0-9]{4,8})\.pdf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One object version as a listing shows it; ``etag`` is without quotes.

    ``put_at`` is when it was last put there, long ago where nobody asked: the same bytes put again are the
    same upload.
    """

    etag: str
    key: str
    size_bytes: int
    put_at: datetime = field(default=_LONG_AGO, compare=False)

    @property
    def is_folder_marker(self) -> bool:
        """Say whether this is the empty ``name/`` object that consoles make for a folder."""
        return self.size_bytes == 0 and self.key.endswith("/")


def read_etag(value: str, key: str) -> str:
    """Return the bare ETag of a listing or response; raise PermanentError when it is no usable token."""
    etag = value.removeprefix("W/").strip('"')
    if not _ETAG.fullmatch(etag):
        raise PermanentError(
            "bad_etag",
            f"{_show(key)}: ETag {value[:80]!r} is not a token of at most 64 letters and digits; "
            "upload the file again",
        )
    return etag


def read_entry(entry: Mapping[str, Any]) -> Upload:
    """Return the upload that an entry of a listing shows; raise PermanentError when it is not usable.

    The entry has S3's own names: ``Key``, ``ETag``, ``Size`` and ``LastModified``.
    """
    key = entry["Key"]
    etag = read_etag(entry.get("ETag", ""), key)
    if "\0" in key:
        raise PermanentError("bad_key", f"{_show(key)}: a name with a NUL character; upload it under another")
    if "Size" not in entry:
        raise PermanentError("no_size", f"{_show(key)}: listed without its size; upload the file again")
    put_at = entry.get("LastModified", _LONG_AGO)
    return Upload(etag=etag, key=key, size_bytes=entry["Size"], put_at=put_at)


def name_pdfs(
    upload: Upload, org_id: str, positions: Sequence[int], *, customers: int, whole_etag: bool = False
) -> list[str]:
    """Return one object key per statement, derived from the upload alone so that writing twice is harmless.

    A file of one customer: ``<org>/<file stem>-<first 8 of the ETag>.pdf``; of several: a folder of that name
    with ``0001.pdf``, ``0002.pdf`` … ``positions`` are those of the statements among all ``customers`` of the
    file, from 1, so that a customer's PDF has its name whether or not another's could be made.

    Two uploads may share all that: the name with the ``whole_etag`` is one upload's alone.
    """
    stem = _safe(mask_numbers(PurePosixPath(upload.key).stem))[:_STEM_CHARACTERS]
    version = upload.etag if whole_etag else _safe(upload.etag)[:8]
    base = f"{_safe(mask_numbers(org_id))}/{stem}-{version}"
    if customers == 1:
        return [f"{base}.pdf"]
    return [f"{base}/{position:04d}.pdf" for position in positions]


def locate_pdf(bucket: str, key: str) -> str:
    """Return where the object under this key is, as the job table says it."""
    return f"s3://{bucket}/{key}"


def locate_pdfs(bucket: str, keys: Sequence[str], *, customers: int) -> str:
    """Return the job's ``pdf_location``: the PDF itself, or the folder for a file of several customers."""
    return locate_pdf(bucket, keys[0] if customers == 1 else keys[0].rpartition("/")[0] + "/")


def find_pdf(bucket: str, key: str) -> tuple[str, int | None]:
    """Return the ``pdf_location`` of the job that has this PDF, and its number when that is a folder.

    A folder's own marker has the number 0, which is no PDF's.
    """
    folder, _, name = key.rpartition("/")
    if not name:
        return locate_pdf(bucket, key), 0
    if folder and _NUMBERED.fullmatch(name):
        return locate_pdf(bucket, f"{folder}/"), int(name.removesuffix(".pdf"))
    return locate_pdf(bucket, key), None


def link_pdf(pdfs_url: str | None, location: str) -> str:
    """Return the web address of the PDF at a job's ``first_pdf``.

    ``pdfs_url`` is where a browser finds the bucket; None stands for the AWS console. A folder, which is all
    that jobs of before migration 3 know, stands for its first PDF.
    """
    bucket, _, key = location.removeprefix("s3://").partition("/")
    key = quote(f"{key}0001.pdf" if key.endswith("/") else key)
    if pdfs_url:
        return f"{pdfs_url.rstrip('/')}/{key}"
    return f"https://console.aws.amazon.com/s3/object/{bucket}?prefix={key}"


def _show(key: str) -> str:
    return show_line(mask_numbers(key))


def _safe(name: str) -> str:
    return _UNSAFE.sub("_", name).strip("._-") or "_"
