"""Objects in S3: everything is listed, exactly one version is read, and trouble is named for what it is.

Not here: the emulator's own manners (../local/test_s3.py); which ETags are usable (../domain/test_upload.py).
"""

import hashlib
import random
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from pdfme_dagster.domain.upload import Upload
from pdfme_dagster.errors import ConfigurationError, PermanentError, TransientError
from pdfme_dagster.local.ports import LOOPBACK, free_port
from pdfme_dagster.local.services import EmbeddedServices
from pdfme_dagster.stores.contents import Contents, Stored, open_fast_contents
from pdfme_dagster.stores.objects import ObjectStore
from pdfme_dagster_tests.stores.at_once import at_once
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
    upload = put("a.bin", content)
    assert either.read_upload(upload) == content
    assert b"".join(either.stream_upload(upload)) == content


def test_a_large_upload_comes_in_blocks(either: ObjectStore, put: Callable[..., Upload]) -> None:
    content = random.Random(7).randbytes(1_000_000)
    upload = replace(put("a.bin", content * 3), size_bytes=1_000_000)
    blocks = list(either.stream_upload(upload))
    assert len(blocks) > 1
    assert b"".join(blocks) == content * 3


def test_a_replaced_upload_is_superseded(either: ObjectStore, put: Callable[..., Upload]) -> None:
    first = put("a.txt", b"one")
    second = put("a.txt", b"two")
    with pytest.raises(PermanentError, match="replaced by another version") as refused:
        either.read_upload(first)
    assert refused.value.code == "superseded"
    with pytest.raises(PermanentError, match="replaced by another version"):
        list(either.stream_upload(first))
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
    with pytest.raises(PermanentError, match="deleted before it was read"):
        list(either.stream_upload(upload))
    assert either.current_etag("a.txt") is None


def test_an_upload_over_the_limit_is_refused_without_download(
    dead_objects: ObjectStore, put: Callable[..., Upload]
) -> None:
    upload = replace(put("a.txt"), size_bytes=1_000_001)
    with pytest.raises(PermanentError, match=r"1,000,001 bytes.*MAX_FILE_BYTES=1000000") as refused:
        dead_objects.read_upload(upload)
    assert refused.value.code == "too_large"
    with pytest.raises(PermanentError, match="MAX_FILE_BYTES=1000000"):
        list(dead_objects.stream_upload(upload))


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


class Meddling:
    """A bucket where something happens at a chosen call, once or each time: what others do meanwhile."""

    def __init__(self, contents: Contents, **meddle: Callable[[], object]) -> None:
        self._contents, self._meddle = contents, meddle

    def read(self, key: str, etag: str) -> bytes:
        """Read undisturbed."""
        return self._contents.read(key, etag)

    def stream(self, key: str, etag: str) -> Iterator[bytes]:
        """Read undisturbed."""
        return self._contents.stream(key, etag)

    def create(self, key: str, content: bytes, metadata: Mapping[str, str]) -> bool:
        """Let it happen, then create."""
        self._happen("create")
        return self._contents.create(key, content, metadata)

    def look(self, key: str) -> Stored | None:
        """Let it happen, then look."""
        self._happen("look")
        return self._contents.look(key)

    def replace(self, key: str, content: bytes, metadata: Mapping[str, str], *, etag: str) -> bool:
        """Let it happen, then replace."""
        self._happen("replace")
        return self._contents.replace(key, content, metadata, etag=etag)

    def _happen(self, call: str) -> None:
        if call in self._meddle:
            self._meddle[call]()


class LosingAnswers(Meddling):
    """A bucket whose first answer to a write gets lost, so that the driver sends it again."""

    def create(self, key: str, content: bytes, metadata: Mapping[str, str]) -> bool:
        """Create twice; only the second answer arrives."""
        super().create(key, content, metadata)
        return super().create(key, content, metadata)

    def replace(self, key: str, content: bytes, metadata: Mapping[str, str], *, etag: str) -> bool:
        """Replace twice; only the second answer arrives."""
        super().replace(key, content, metadata, etag=etag)
        return super().replace(key, content, metadata, etag=etag)


KEY = "900/a-0123abcd.pdf"


def write(objects: ObjectStore, fence: int, content: bytes | None = None, **changes: str) -> None:
    """Store what a claim made, by default bytes that say whose they are."""
    values = {"source_etag": "abc", "sha256": "f" * 64} | changes
    objects.write_pdf(KEY, b"%%PDF %d" % fence if content is None else content, fence=fence, **values)


def read_pdf(s3: "S3Client", pdfs_bucket: str) -> bytes:
    return s3.get_object(Bucket=pdfs_bucket, Key=KEY)["Body"].read()


@pytest.fixture
def open_bucket(either: ObjectStore) -> Callable[[str], Contents]:
    """What opens this test's bucket of PDFs, once through boto3 alone and once as runs use it."""
    return lambda _: either._pdfs


Meddle = Callable[..., ObjectStore]


@pytest.fixture
def meddled(
    program_client: "S3Client", uploads_bucket: str, pdfs_bucket: str, open_bucket: Callable[[str], Contents]
) -> Meddle:
    """Open a store whose bucket is meddled with."""

    def open_store(kind: type[Meddling] = Meddling, **meddle: Callable[[], object]) -> ObjectStore:
        def contents(bucket: str) -> Contents:
            return kind(open_bucket(bucket), **meddle)

        return open_objects(program_client, uploads_bucket, pdfs_bucket, contents=contents)

    return open_store


def test_a_later_claims_pdf_is_never_overwritten_by_an_earlier_one(
    s3: "S3Client", pdfs_bucket: str, either: ObjectStore
) -> None:
    write(either, 9)
    for fence in (8, 1, 0):
        with pytest.raises(PermanentError, match="this one came too late") as refused:
            write(either, fence)
        assert refused.value.code == "claim_lost"
    assert read_pdf(s3, pdfs_bucket) == b"%PDF 9"


def test_an_earlier_claims_pdf_is_replaced_also_by_other_bytes(
    s3: "S3Client", pdfs_bucket: str, either: ObjectStore
) -> None:
    for fence in (7, 9, 2**60):
        write(either, fence, sha256=f"{fence:064x}")
        assert read_pdf(s3, pdfs_bucket) == b"%%PDF %d" % fence
    stored = s3.head_object(Bucket=pdfs_bucket, Key=KEY)
    assert stored["Metadata"] == {"source-etag": "abc", "sha256": f"{2**60:064x}", "fence": str(2**60)}
    assert stored["ContentType"] == "application/pdf"


def test_the_same_claim_may_write_again(s3: "S3Client", pdfs_bucket: str, either: ObjectStore) -> None:
    for _ in range(3):
        write(either, 7)
    write(either, 7, b"%PDF made again", sha256="e" * 64)
    assert read_pdf(s3, pdfs_bucket) == b"%PDF made again"


@pytest.mark.parametrize(
    "metadata",
    [{}, {"source-etag": "abc"}, {"sha256": "f" * 64}, {"fence": ""}, {"fence": "seven"}, {"fence": "-1"}],
    ids=str,
)
def test_pdfs_of_before_there_were_fences_are_replaced(
    s3: "S3Client", pdfs_bucket: str, either: ObjectStore, metadata: dict[str, str]
) -> None:
    s3.put_object(Bucket=pdfs_bucket, Key=KEY, Body=b"%PDF old", Metadata=metadata)
    write(either, 7)
    assert read_pdf(s3, pdfs_bucket) == b"%PDF 7"


@pytest.mark.parametrize("fence", [1, 7, 9])
def test_another_uploads_pdf_is_never_overwritten(
    s3: "S3Client", pdfs_bucket: str, either: ObjectStore, fence: int
) -> None:
    write(either, 7, source_etag="other")
    with pytest.raises(PermanentError, match=f"another upload's PDF under {KEY}") as refused:
        write(either, fence)
    assert refused.value.code == "name_taken"
    assert read_pdf(s3, pdfs_bucket) == b"%PDF 7"


@pytest.mark.parametrize("before", [None, 3], ids=["new", "replaced"])
def test_a_write_whose_answer_was_lost_is_stored_once_and_no_trouble(
    s3: "S3Client", pdfs_bucket: str, either: ObjectStore, meddled: Meddle, before: int | None
) -> None:
    if before is not None:
        write(either, before)
    write(meddled(LosingAnswers), 7)
    assert read_pdf(s3, pdfs_bucket) == b"%PDF 7"


@pytest.mark.parametrize("call", ["create", "look", "replace"])
def test_a_pdf_deleted_meanwhile_is_stored_anew(
    s3: "S3Client", pdfs_bucket: str, either: ObjectStore, meddled: Meddle, call: str
) -> None:
    write(either, 3)
    store = meddled(**{call: lambda: s3.delete_object(Bucket=pdfs_bucket, Key=KEY)})
    write(store, 7)
    assert read_pdf(s3, pdfs_bucket) == b"%PDF 7"


@pytest.mark.parametrize("other", [5, 9])
def test_a_pdf_stored_between_look_and_replacement_is_looked_at_again(
    s3: "S3Client", pdfs_bucket: str, either: ObjectStore, meddled: Meddle, other: int
) -> None:
    write(either, 3)
    others = iter([other])

    def meddle() -> None:
        for fence in others:
            write(either, fence)

    store = meddled(replace=meddle)
    if other > 7:
        with pytest.raises(PermanentError, match="came too late"):
            write(store, 7)
    else:
        write(store, 7)
    assert read_pdf(s3, pdfs_bucket) == b"%%PDF %d" % max(7, other)


def test_a_key_that_others_write_without_end_is_a_passing_trouble(
    s3: "S3Client", pdfs_bucket: str, meddled: Meddle
) -> None:
    versions = iter(range(99))

    def meddle() -> None:
        s3.put_object(Bucket=pdfs_bucket, Key=KEY, Body=b"%PDF old", Metadata={"n": str(next(versions))})
        s3.put_object(Bucket=pdfs_bucket, Key=KEY, Body=b"%%PDF %d" % next(versions))

    with pytest.raises(TransientError, match="others write under its key"):
        write(meddled(create=meddle, replace=meddle), 7)


@pytest.mark.parametrize("seed", range(4))
def test_of_many_claims_at_once_the_highest_wins_whatever_the_order(
    s3: "S3Client", pdfs_bucket: str, either: ObjectStore, seed: int
) -> None:
    chance = random.Random(seed)
    fences = chance.sample(range(1, 100), 8)

    def claim(fence: int) -> str:
        while True:
            try:
                write(either, fence)
            except TransientError:
                continue  # as a run does that is tried again
            except PermanentError as exc:
                return exc.code
            return "stored"

    if chance.random() < 0.5:
        s3.put_object(Bucket=pdfs_bucket, Key=KEY, Body=b"%PDF old")
    came_to = dict(zip(fences, at_once([partial(claim, fence) for fence in fences]), strict=True))
    assert read_pdf(s3, pdfs_bucket) == b"%%PDF %d" % max(fences)
    assert came_to.pop(max(fences)) == "stored"
    assert set(came_to.values()) <= {"stored", "claim_lost"}


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
    "stream": lambda objects: list(objects.stream_upload(UPLOAD)),
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


class WithoutConditions(BaseHTTPRequestHandler):
    """An endpoint that knows no conditional writes."""

    def do_PUT(self) -> None:
        """Say so, as S3 does."""
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = b"<Error><Code>NotImplemented</Code><Message>If-None-Match</Message></Error>"
        self.send_response(HTTPStatus.NOT_IMPLEMENTED)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def old_endpoint() -> Iterator[str]:
    """The address of an endpoint without conditional writes."""
    with ThreadingHTTPServer((LOOPBACK, free_port(0)), WithoutConditions) as server:
        serving = Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield f"http://{LOOPBACK}:{server.server_port}"
        server.shutdown()
        serving.join()


@pytest.mark.parametrize("kind", ["boto3", "obstore"])
def test_an_endpoint_without_conditional_writes_is_a_setting_to_correct(
    old_endpoint: str,
    services: EmbeddedServices,
    program_client: "S3Client",
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    for name, value in services.environment().items():
        monkeypatch.setenv(name, value)
    client = open_client_at(old_endpoint, services)
    contents = open_fast_contents(client, old_endpoint) if kind == "obstore" else None
    with (
        closing(client),
        pytest.raises(ConfigurationError, match="bucket pdfs has no conditional writes"),
    ):
        write(open_objects(client, "uploads", "pdfs", contents=contents), 7)


def open_client_at(url: str, services: EmbeddedServices) -> "S3Client":
    return open_hasty_client(replace(services.endpoints.s3, port=int(url.rpartition(":")[2])))


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
