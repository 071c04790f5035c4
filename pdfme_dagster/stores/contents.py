"""Whole objects of one bucket, read and written two ways: boto3 takes any key, obstore a sixth of the CPU.

Not here: listings, what the bytes mean, or which of the two is used (defs/resources.py). The same contract
test runs over both.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, NoReturn, Protocol

from pdfme_dagster.errors import ConfigurationError, PermanentError, TransientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from obstore.store import S3Store

ANSWER_SECONDS = 30
_BLOCK_BYTES = 1 << 20
_RETRIES = 4
_CREDENTIAL_CODES = {
    "AccessDenied",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "403",
    "NoCredentialsError",
    "PermissionDeniedError",
    "UnauthenticatedError",
}
_CONDITION_CODES = {
    "PreconditionFailed",
    "412",
    "PreconditionError",
    "AlreadyExistsError",
    "ConditionalRequestConflict",
}


class Contents(Protocol):
    """One bucket's objects as bytes.

    Raises PermanentError ``missing`` or ``superseded``, TransientError when S3 does not answer, and
    ConfigurationError when the bucket does not exist or refuses our credentials.
    """

    def read(self, key: str, etag: str) -> bytes:
        """Return the bytes of exactly this version."""

    def stream(self, key: str, etag: str) -> Iterator[bytes]:
        """Yield the bytes of exactly this version in blocks."""

    def create(self, key: str, content: bytes, metadata: Mapping[str, str]) -> bool:
        """Store a PDF with metadata unless something is under this key; return whether it was stored."""

    def look(self, key: str) -> "Stored | None":
        """Return what is under this key, None when nothing is."""

    def replace(self, key: str, content: bytes, metadata: Mapping[str, str], *, etag: str) -> bool:
        """Store a PDF in the place of exactly this version; return whether it was stored."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as it is without its bytes."""

    etag: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BotoContents:
    """Through boto3: any key that S3 allows."""

    client: "S3Client"
    bucket: str

    def read(self, key: str, etag: str) -> bytes:
        """Return the bytes of exactly this version."""
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=key, IfMatch=f'"{etag}"')
            return answer["Body"].read()
        except boto_errors() as exc:
            refuse_read(self.bucket, exc)

    def stream(self, key: str, etag: str) -> Iterator[bytes]:
        """Yield the bytes of exactly this version in blocks."""
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=key, IfMatch=f'"{etag}"')
            with closing(answer["Body"]) as body:
                yield from body.iter_chunks(_BLOCK_BYTES)
        except boto_errors() as exc:
            refuse_read(self.bucket, exc)

    def create(self, key: str, content: bytes, metadata: Mapping[str, str]) -> bool:
        """Store a PDF with metadata unless something is under this key; return whether it was stored."""
        return self._put(key, content, metadata, IfNoneMatch="*")

    def look(self, key: str) -> Stored | None:
        """Return what is under this key, None when nothing is."""
        try:
            answer = self.client.head_object(Bucket=self.bucket, Key=key)
        except boto_errors() as exc:
            if is_missing(exc):
                return None
            refuse(self.bucket, exc)
        return Stored(etag=answer["ETag"].strip('"'), metadata=answer["Metadata"])

    def replace(self, key: str, content: bytes, metadata: Mapping[str, str], *, etag: str) -> bool:
        """Store a PDF in the place of exactly this version; return whether it was stored."""
        return self._put(key, content, metadata, IfMatch=f'"{etag}"')

    def _put(self, key: str, content: bytes, metadata: Mapping[str, str], **condition: str) -> bool:
        try:
            self.client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=content,
                ContentType="application/pdf",
                Metadata=metadata,
                **condition,  # type: ignore[arg-type]  # one of two texts
            )
        except boto_errors() as exc:
            if _is_refused(exc) or is_missing(exc):
                return False
            refuse(self.bucket, exc)
        return True


@dataclass(frozen=True, slots=True)
class FastContents:
    """Through obstore; keys that it cannot address go through boto3."""

    store: "S3Store"
    any_key: BotoContents

    def read(self, key: str, etag: str) -> bytes:
        """Return the bytes of exactly this version."""
        import obstore
        from obstore.exceptions import BaseError

        if not _is_plain(key):
            return self.any_key.read(key, etag)
        try:
            return bytes(obstore.get(self.store, key, options={"if_match": f'"{etag}"'}).bytes())
        except (BaseError, FileNotFoundError) as exc:
            refuse_read(self.any_key.bucket, exc)

    def stream(self, key: str, etag: str) -> Iterator[bytes]:
        """Yield the bytes of exactly this version in blocks."""
        # obstore's timeout is for the whole body, however large it is; boto3's starts anew with each block.
        return self.any_key.stream(key, etag)

    def create(self, key: str, content: bytes, metadata: Mapping[str, str]) -> bool:
        """Store a PDF with metadata unless something is under this key; return whether it was stored."""
        import obstore
        from obstore.exceptions import BaseError

        if not _is_plain(key):
            return self.any_key.create(key, content, metadata)
        attributes = {"Content-Type": "application/pdf", **metadata}
        try:
            obstore.put(self.store, key, content, attributes=attributes, mode="create", use_multipart=False)
        except (BaseError, FileNotFoundError) as exc:
            if _is_refused(exc):
                return False
            try:
                refuse(self.any_key.bucket, exc)
            except TransientError:
                # obstore sends a conditional request once, whatever retries it was told; boto3 tries again.
                return self.any_key.create(key, content, metadata)
        return True

    def look(self, key: str) -> Stored | None:
        """Return what is under this key, None when nothing is."""
        return self.any_key.look(key)

    def replace(self, key: str, content: bytes, metadata: Mapping[str, str], *, etag: str) -> bool:
        """Store a PDF in the place of exactly this version; return whether it was stored."""
        return self.any_key.replace(key, content, metadata, etag=etag)


def open_fast_contents(client: "S3Client", endpoint_url: str | None) -> Callable[[str], Contents]:
    """Return what opens a bucket's contents through obstore, with boto3's region and credentials."""
    # Imported late, like boto3: the code server needs neither before its first tick.
    import boto3
    from obstore.auth.boto3 import Boto3CredentialProvider
    from obstore.store import S3Store

    if boto3.Session().get_credentials() is None:
        raise ConfigurationError("S3 has no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    credentials = Boto3CredentialProvider()

    @cache  # each of obstore's own takes 20 ms to make, as much as a tick's whole work on 1,000 uploads
    def open_bucket(bucket: str) -> FastContents:
        store = S3Store(
            bucket,
            endpoint=endpoint_url,
            region=client.meta.region_name,
            virtual_hosted_style_request=False,
            credential_provider=credentials,
            client_options={
                "allow_http": True,
                "connect_timeout": "5s",
                "timeout": f"{ANSWER_SECONDS}s",
            },
            retry_config={"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=ANSWER_SECONDS)},
        )
        return FastContents(store, BotoContents(client, bucket))

    return open_bucket


def boto_errors() -> tuple[type[Exception], ...]:
    """Return what boto3 raises when S3 refuses or does not answer."""
    from botocore.exceptions import BotoCoreError, ClientError
    from urllib3.exceptions import HTTPError

    return (BotoCoreError, ClientError, HTTPError)


def is_missing(exc: Exception) -> bool:
    """Say whether an error means that there is no such object."""
    # obstore exports a NotFoundError, but raises Python's FileNotFoundError.
    return _code(exc) in {"NoSuchKey", "404", "NotFoundError", "FileNotFoundError"}


def refuse_read(bucket: str, exc: Exception) -> NoReturn:
    """Raise what an error while reading one version means to us."""
    if _is_refused(exc):
        raise PermanentError(
            "superseded",
            "the file was replaced by another version before it was read; "
            "the new version is an upload of its own and gets its own PDF",
        ) from exc
    if is_missing(exc):
        raise PermanentError(
            "missing",
            "the file was deleted before it was read; if it was not meant to go, upload it again and "
            "materialize its partition",
        ) from exc
    refuse(bucket, exc)


def refuse(bucket: str, exc: Exception) -> NoReturn:
    """Raise what an error of S3's means to us."""
    code = _code(exc)
    if code == "NotImplemented":
        raise ConfigurationError(
            f"the S3 endpoint of the bucket {bucket} has no conditional writes (If-None-Match, If-Match), "
            "which keep an old run from overwriting newer PDFs: use one that has them, like AWS or a MinIO "
            "of 2024 or later"
        ) from exc
    if code == "NoSuchBucket":
        raise ConfigurationError(
            f"the bucket {bucket} does not exist: create it or correct its variable"
        ) from exc
    if code in _CREDENTIAL_CODES:
        raise ConfigurationError(
            f"the bucket {bucket} refuses our credentials ({code}): check the AWS_* variables"
        ) from exc
    raise TransientError(f"S3 does not answer for the bucket {bucket}: {code}") from exc


def _is_refused(exc: Exception) -> bool:
    """Say whether the request's own condition did not hold, or lost against another at the same moment."""
    return _code(exc) in _CONDITION_CODES


def _code(exc: Exception) -> str:
    """Return S3's error code where there is one, else the exception's name."""
    response = getattr(exc, "response", None)
    if response:
        return str(response["Error"].get("Code", ""))
    # obstore has one name for several of S3's answers; only the answer's text tells these apart.
    told = (code for code in ("NoSuchBucket", "NotImplemented") if f"<Code>{code}</Code>" in str(exc))
    return next(told, type(exc).__name__)


def _is_plain(key: str) -> bool:
    """Say whether obstore sends this key as it is: it strips slashes and refuses ``.``, ``..``, ``//``."""
    return key.isprintable() and all(segment not in {"", ".", ".."} for segment in key.split("/"))
