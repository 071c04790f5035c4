"""Objects in S3: list uploads, read one exact version of one, write its PDFs.

Not here: what the bytes mean, or which endpoint and credentials (the caller makes the client).
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pdfme_dagster.domain.upload import Upload, link_pdf, read_entry, read_etag
from pdfme_dagster.errors import PermanentError, TransientError
from pdfme_dagster.stores.contents import (
    ANSWER_SECONDS,
    BotoContents,
    Contents,
    Stored,
    boto_errors,
    is_missing,
    refuse,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Two writers of one key are rare, and each attempt ends with one of them done.
_WRITE_ATTEMPTS = 5

T = TypeVar("T")


def make_client(endpoint_url: str | None, *, max_connections: int = 32) -> "S3Client":
    """Return an S3 client with path-style addressing; credentials come from boto3's usual places."""
    # Imported late: half a second that the code server need not spend before it answers.
    from boto3.session import Session
    from botocore.config import Config
    from botocore.session import get_session

    session = get_session()
    # A listing's time is mostly spent on its dates, which the usual parser takes for any format.
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_parse_timestamp)
    return Session(botocore_session=session).client(
        "s3",
        endpoint_url=endpoint_url,
        config=Config(
            s3={"addressing_style": "path"},
            retries={"max_attempts": 5, "mode": "standard"},
            max_pool_connections=max_connections,
            connect_timeout=5,
            read_timeout=ANSWER_SECONDS,
            # Checksums beyond TLS and the ETag cost CPU per request and not every endpoint knows them.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


class ObjectStore:
    """The uploads bucket to read and the PDFs bucket to write.

    ``contents`` opens a bucket for whole reads and writes, by default through ``client``. Raises
    PermanentError for an object that is gone, replaced or too large; TransientError when S3 does not answer;
    ConfigurationError when a bucket does not exist or refuses our credentials.
    """

    def __init__(
        self,
        client: "S3Client",
        *,
        uploads_bucket: str,
        uploads_prefix: str = "",
        pdfs_bucket: str,
        max_file_bytes: int,
        pdfs_url: str | None = None,
        contents: Callable[[str], Contents] | None = None,
    ) -> None:
        open_bucket = contents or (lambda bucket: BotoContents(client, bucket))
        self._uploads, self._pdfs = open_bucket(uploads_bucket), open_bucket(pdfs_bucket)
        self._client = client
        self._uploads_bucket = uploads_bucket
        self.uploads_prefix = uploads_prefix
        self.pdfs_bucket = pdfs_bucket
        self._max_file_bytes = max_file_bytes
        self._pdfs_url = pdfs_url

    @property
    def endpoint_url(self) -> str:
        """Where S3 is, for another process that opens a client of its own."""
        return self._client.meta.endpoint_url

    def list_uploads(
        self,
        refuse: Callable[[PermanentError], None],
        ignore: Callable[[Upload], None] | None = None,
    ) -> Iterator[Upload]:
        """Yield every upload, a page of 1,000 at a time and without download; folder markers are left out.

        An entry without a usable ETag, size or key goes to ``refuse``, a folder marker to ``ignore``, and the
        listing goes on.
        """
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._uploads_bucket, Prefix=self.uploads_prefix
        )
        for page in self._answers(pages, self._uploads_bucket):
            for entry in page.get("Contents", []):
                try:
                    upload = read_entry(entry)
                except PermanentError as exc:
                    refuse(exc)
                    continue
                if not upload.is_folder_marker:
                    yield upload
                elif ignore:
                    ignore(upload)

    def list_pdfs(self) -> Iterator[str]:
        """Yield the key of every object in the PDFs bucket, a page of 1,000 at a time."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.pdfs_bucket)
        for page in self._answers(pages, self.pdfs_bucket):
            yield from (entry["Key"] for entry in page.get("Contents", []))

    def read_upload(self, upload: Upload) -> bytes:
        """Return the bytes of exactly this version."""
        self._check_size(upload)
        return self._uploads.read(upload.key, upload.etag)

    def stream_upload(self, upload: Upload) -> Iterator[bytes]:
        """Yield the bytes of exactly this version in blocks, so that no memory need hold them all."""
        self._check_size(upload)
        yield from self._uploads.stream(upload.key, upload.etag)

    def current_etag(self, key: str) -> str | None:
        """Return the ETag of what is under this key now, None when nothing is."""
        try:
            return read_etag(self._client.head_object(Bucket=self._uploads_bucket, Key=key)["ETag"], key)
        except boto_errors() as exc:
            if is_missing(exc):
                return None
            refuse(self._uploads_bucket, exc)

    def write_pdf(self, key: str, content: bytes, *, source_etag: str, sha256: str, fence: int) -> None:
        """Store one PDF; writing the same again is harmless. ``fence`` is the claim's.

        Raises PermanentError ``claim_lost`` where a later claim has stored one, ``name_taken`` where another
        upload has.
        """
        metadata = {"source-etag": source_etag, "sha256": sha256, "fence": str(fence)}
        for _ in range(_WRITE_ATTEMPTS):
            if self._pdfs.create(key, content, metadata):
                return
            stored = self._pdfs.look(key)
            if stored is None:
                continue  # deleted meanwhile
            if stored.metadata.get("source-etag", source_etag) != source_etag:
                raise PermanentError(
                    "name_taken",
                    f"the PDFs bucket has another upload's PDF under {key}, where this one belongs: "
                    "move that elsewhere and try this file again",
                )
            if _read_fence(stored) > fence:
                raise PermanentError("claim_lost", "a later run has stored this PDF; this one came too late")
            # Our own: it was stored after all, and only the answer was lost.
            if stored.metadata == metadata or self._pdfs.replace(key, content, metadata, etag=stored.etag):
                return
        raise TransientError(f"S3 stored no PDF in {_WRITE_ATTEMPTS} attempts: others write under its key")

    def link(self, location: str) -> str:
        """Return the web address of the PDF at a job's ``first_pdf``."""
        return link_pdf(self._pdfs_url, location)

    def _check_size(self, upload: Upload) -> None:
        if upload.size_bytes > self._max_file_bytes:
            raise PermanentError(
                "too_large",
                f"the file has {upload.size_bytes:,} bytes, more than MAX_FILE_BYTES={self._max_file_bytes}: "
                "raise the limit or split the file",
            )

    def _answers(self, pages: Iterable[T], bucket: str) -> Iterator[T]:
        try:
            yield from pages
        except boto_errors() as exc:
            refuse(bucket, exc)


def _parse_timestamp(value: Any) -> datetime:
    """Return a date as botocore does, but one of a listing at once, without a parser for all formats."""
    from botocore.utils import parse_timestamp

    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return parse_timestamp(value)


def _read_fence(stored: Stored) -> int:
    """Return the fence of the claim that stored an object; those of before there were fences have 0."""
    fence = stored.metadata.get("fence", "")
    return int(fence) if fence.isdecimal() else 0
