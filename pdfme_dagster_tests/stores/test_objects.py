"""Objects in S3: everything is listed, exactly one version is read, and trouble is named for what it is.

Not here: the emulator's own manners (../local/test_s3.py); which ETags are usable (../domain/test_upload.py).
"""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pdfme_dagster.domain.upload import Upload
from pdfme_dagster.errors import ConfigurationError, PermanentError, TransientError
from pdfme_dagster.local.ports import free_port
from pdfme_dagster.local.services import EmbeddedServices
from pdfme_dagster.stores.contents import Contents, open_fast_contents
from pdfme_dagster.stores.objects import ObjectStore
from pdfme_dagster_tests.stores.conftest import open_hasty_client, open_objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ODD_KEYS = [
    "../up.txt",
    "50% off.txt",
    "a b.txt",
    "a+b%20c.txt",
    "deep//a/../b.txt",
    "line\nfeed.txt",
    "q?a=b#c&d<e>.txt",
    "über/كشف حساب.txt",
]


@pytest.fixture
def put(s3: "S3Client", uploads_bucket: str) -> Callable[..., Upload]:
    """Upload a file as the bank does; call it with a key and get the upload that should be found."""

    def put_upload(key: str, content: bytes = b"content") -> Upload:
        s3.put_object(Bucket=uploads_bucket, Key=key, Body=content)
        etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return Upload(etag=etag, key=key, size_bytes=len(content))

    return put_upload


@pytest.fixture(params=["boto3", "obstore"])
def either(
    request: pytest.FixtureRequest, program_client: "S3Client", uploads_bucket: str, pdfs_bucket: str
) -> ObjectStore:
    """The object store over this test's buckets, once through boto3 alone and once as runs use it."""
    contents = request.getfixturevalue("fast_contents") if request.param == "obstore" else None
    return open_objects(program_client, uploads_bucket, pdfs_bucket, contents=contents)


@pytest.fixture
def fast_contents(
    services: EmbeddedServices, program_client: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Contents]:
    """What opens a bucket's contents through obstore."""
    for name, value in services.environment().items():
        monkeypatch.setenv(name, value)
    return open_fast_contents(program_client, services.endpoints.s3.url)


def list_uploads(objects: ObjectStore) -> list[Upload]:
    """List without tolerating a refused entry."""

    def refuse(error: PermanentError) -> None:
        raise error

    return list(objects.list_uploads(refuse))


# --- Listing ---


def test_uploads_are_listed_over_all_pages(
    objects: ObjectStore, uploads_bucket: str, fast_contents: Callable[[str], Contents]
) -> None:
    # Through obstore, since boto3 would take twice as long to put them there.
    bucket = fast_contents(uploads_bucket)
    keys = [f"in/{number:05}.txt" for number in range(2_100)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda key: bucket.create(key, key.encode(), {}), keys))
    uploads = list_uploads(objects)
    assert [upload.key for upload in uploads] == keys
    assert len({upload.etag for upload in uploads}) == len(keys)


def test_an_empty_bucket_lists_nothing(objects: ObjectStore) -> None:
    assert list_uploads(objects) == []


def test_folder_markers_are_left_out_and_empty_files_are_not(
    objects: ObjectStore, put: Callable[..., Upload]
) -> None:
    put("in/", b"")
    uploads = [put("in/empty.txt", b""), put("odd/", b"a file all the same")]
    assert list_uploads(objects) == uploads


def test_only_what_is_under_the_prefix_is_listed(
    s3: "S3Client", uploads_bucket: str, put: Callable[..., Upload]
) -> None:
    put("elsewhere/a.txt")
    below = put("in/a.txt")
    store = ObjectStore(
        s3, uploads_bucket=uploads_bucket, uploads_prefix="in/", pdfs_bucket="pdfs", max_file_bytes=1
    )
    assert list_uploads(store) == [below]


def test_odd_keys_are_listed_and_read_as_they_are(either: ObjectStore, put: Callable[..., Upload]) -> None:
    uploads = [put(key, key.encode()) for key in ODD_KEYS]
    assert list_uploads(either) == uploads
    assert [either.read_upload(upload).decode() for upload in uploads] == ODD_KEYS
    assert [either.current_etag(key) for key in ODD_KEYS] == [upload.etag for upload in uploads]


def test_an_entry_without_a_usable_etag_is_refused_and_the_rest_is_listed(
    hasty_client: "S3Client", hasty_objects: ObjectStore, put: Callable[..., Upload]
) -> None:
    good = [put("a.txt"), put("c.txt", b"other")]
    put("b.txt")
    put("d.txt")

    def spoil(parsed: dict[str, Any], **_: object) -> None:
        entries = {entry["Key"]: entry for entry in parsed["Contents"]}
        entries["b.txt"]["ETag"] = '"no, token"'
        del entries["d.txt"]["ETag"]

    hasty_client.meta.events.register("after-call.s3.ListObjectsV2", spoil)
    refused: list[PermanentError] = []
    assert list(hasty_objects.list_uploads(refused.append)) == good
    assert [(error.code, str(error)[:6]) for error in refused] == [
        ("bad_etag", "b.txt:"),
        ("bad_etag", "d.txt:"),
    ]


# --- Reading ---


@pytest.mark.parametrize("content", [b"", bytes(range(256)) * 1000], ids=["empty", "bytes"])
def test_an_upload_is_read_whole(either: ObjectStore, put: Callable[..., Upload], content: bytes) -> None:
    assert either.read_upload(put("a.bin", content)) == content


def test_a_replaced_upload_is_superseded(either: ObjectStore, put: Callable[..., Upload]) -> None:
    first = put("a.txt", b"one")
    second = put("a.txt", b"two")
    with pytest.raises(PermanentError, match="replaced by another version") as refused:
        either.read_upload(first)
    assert refused.value.code == "superseded"
    assert either.current_etag("a.txt") == second.etag
    assert either.read_upload(second) == b"two"


def test_a_deleted_upload_is_missing(
    s3: "S3Client", uploads_bucket: str, either: ObjectStore, put: Callable[..., Upload]
) -> None:
    upload = put("a.txt")
    s3.delete_object(Bucket=uploads_bucket, Key="a.txt")
    with pytest.raises(PermanentError, match="deleted before it was read") as refused:
        either.read_upload(upload)
    assert refused.value.code == "missing"
    assert either.current_etag("a.txt") is None


def test_an_upload_over_the_limit_is_refused_without_download(
    dead_objects: ObjectStore, put: Callable[..., Upload]
) -> None:
    upload = replace(put("a.txt"), size_bytes=1_000_001)
    with pytest.raises(PermanentError, match=r"1,000,001 bytes.*MAX_FILE_BYTES=1000000") as refused:
        dead_objects.read_upload(upload)
    assert refused.value.code == "too_large"


def test_an_upload_at_the_limit_is_read(objects: ObjectStore, put: Callable[..., Upload]) -> None:
    assert len(objects.read_upload(put("a.txt", b"x" * 1_000_000))) == 1_000_000


# --- PDFs ---


@pytest.mark.parametrize("key", ["900/a-0123abcd.pdf", "900/a b/0001.pdf", "900/كشف.pdf", "900//a.pdf"])
def test_a_pdf_is_stored_with_what_it_was_made_from(
    s3: "S3Client", pdfs_bucket: str, either: ObjectStore, key: str
) -> None:
    for _ in range(2):
        either.write_pdf(key, b"%PDF-1.7", source_etag="abc", sha256="f" * 64, fence=7)
    stored = s3.get_object(Bucket=pdfs_bucket, Key=key)
    assert stored["Body"].read() == b"%PDF-1.7"
    assert stored["ContentType"] == "application/pdf"
    assert stored["Metadata"] == {"source-etag": "abc", "sha256": "f" * 64, "fence": "7"}
    assert s3.list_objects_v2(Bucket=pdfs_bucket)["KeyCount"] == 1


@pytest.mark.parametrize(
    ("pdfs_url", "location", "link"),
    [
        ("http://s3/pdfs", "s3://pdfs/900/a.pdf", "http://s3/pdfs/900/a.pdf"),
        ("http://s3/pdfs/", "s3://pdfs/900/a/", "http://s3/pdfs/900/a/0001.pdf"),
        ("http://s3/pdfs", "s3://pdfs/900/a b#ü.pdf", "http://s3/pdfs/900/a%20b%23%C3%BC.pdf"),
        (
            None,
            "s3://pdfs/900/a.pdf",
            "https://console.aws.amazon.com/s3/object/pdfs?prefix=900/a.pdf",
        ),
        (
            None,
            "s3://pdfs/900/a/",
            "https://console.aws.amazon.com/s3/object/pdfs?prefix=900/a/0001.pdf",
        ),
    ],
)
def test_a_link_leads_to_the_pdf_or_the_first_of_several(
    s3: "S3Client", pdfs_url: str | None, location: str, link: str
) -> None:
    store = ObjectStore(s3, uploads_bucket="uploads", pdfs_bucket="pdfs", max_file_bytes=1, pdfs_url=pdfs_url)
    assert store.link(location) == link


# --- Trouble ---

UPLOAD = Upload(etag="abc", key="a.txt", size_bytes=1)
CALLS: dict[str, Callable[[ObjectStore], object]] = {
    "list": list_uploads,
    "read": lambda objects: objects.read_upload(UPLOAD),
    "write": lambda objects: objects.write_pdf("a.pdf", b"%PDF", source_etag="abc", sha256="f" * 64, fence=7),
}
CALLS_AND_HEAD: dict[str, Callable[[ObjectStore], object]] = {
    **CALLS,
    "head": lambda objects: objects.current_etag("a.txt"),
}


@pytest.mark.parametrize("kind", ["boto3", "obstore"])
@pytest.mark.parametrize("call", CALLS)
def test_a_bucket_that_does_not_exist_is_named(
    program_client: "S3Client", fast_contents: Callable[[str], Contents], call: str, kind: str
) -> None:
    contents = fast_contents if kind == "obstore" else None
    store = open_objects(program_client, "no-such-uploads", "no-such-pdfs", contents=contents)
    with pytest.raises(ConfigurationError, match=r"bucket no-such-(uploads|pdfs) does not exist") as refused:
        CALLS[call](store)
    assert ("pdfs" in str(refused.value)) == (call == "write")


@pytest.fixture
def refused_client(services: EmbeddedServices) -> Iterator["S3Client"]:
    """A client with somebody else's access key."""
    client = open_hasty_client(replace(services.endpoints.s3, access_key="SOMEBODY"))
    yield client
    client.close()


@pytest.mark.parametrize("call", CALLS_AND_HEAD)
def test_refused_credentials_are_a_setting_to_correct(refused_client: "S3Client", call: str) -> None:
    store = open_objects(refused_client, "uploads", "pdfs")
    with pytest.raises(ConfigurationError, match=r"refuses our credentials.*AWS_\*") as refused:
        CALLS_AND_HEAD[call](store)
    assert "SOMEBODY" not in str(refused.value)


@pytest.mark.parametrize("call", ["read", "write"])
def test_refused_credentials_are_the_same_through_obstore(
    program_client: "S3Client",
    fast_contents: Callable[[str], Contents],
    monkeypatch: pytest.MonkeyPatch,
    services: EmbeddedServices,
    call: str,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "SOMEBODY")
    contents = open_fast_contents(program_client, services.endpoints.s3.url)
    store = open_objects(program_client, "uploads", "pdfs", contents=contents)
    with pytest.raises(ConfigurationError, match=r"refuses our credentials.*AWS_\*") as refused:
        CALLS[call](store)
    assert "SOMEBODY" not in str(refused.value)


def test_s3_that_is_not_there_is_a_passing_trouble_through_obstore_too(
    program_client: "S3Client", fast_contents: Callable[[str], Contents]
) -> None:
    contents = open_fast_contents(program_client, f"http://127.0.0.1:{free_port(0)}")
    store = open_objects(program_client, "uploads", "pdfs", contents=contents)
    with pytest.raises(TransientError, match=r"^S3 does not answer for the bucket uploads: \w+$"):
        store.read_upload(UPLOAD)


@pytest.mark.parametrize("call", CALLS_AND_HEAD)
def test_s3_that_is_not_there_is_a_passing_trouble(dead_objects: ObjectStore, call: str) -> None:
    with pytest.raises(
        TransientError, match=r"^S3 does not answer for the bucket (uploads|pdfs)-"
    ) as refused:
        CALLS_AND_HEAD[call](dead_objects)
    assert "\n" not in str(refused.value)


def test_a_body_that_breaks_off_is_a_passing_trouble(
    hasty_client: "S3Client", hasty_objects: ObjectStore, put: Callable[..., Upload]
) -> None:
    upload = put("a.txt", b"x" * 1000)

    def break_off(parsed: dict[str, Any], **_: object) -> None:
        parsed["Body"].read(500)
        parsed["Body"]._content_length = 2000

    hasty_client.meta.events.register("after-call.s3.GetObject", break_off)
    with pytest.raises(TransientError, match="S3 does not answer"):
        hasty_objects.read_upload(upload)
