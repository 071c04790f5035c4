"""Which ETags are usable, and the names PDFs get. Not here: reading objects (../stores/test_objects.py)."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pdfme_dagster.domain.upload import (
    Upload,
    find_pdf,
    link_pdf,
    locate_pdf,
    locate_pdfs,
    name_pdfs,
    read_entry,
    read_etag,
)
from pdfme_dagster.errors import PermanentError

CARD = "5000000000000015"
UPLOAD = Upload(etag="0123456789abcdef0123456789abcdef", key="in/900_202509_000001.txt", size_bytes=7)


@pytest.mark.parametrize(
    ("written", "etag"),
    [
        ('"0123456789abcdef0123456789abcdef"', "0123456789abcdef0123456789abcdef"),
        ("0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"),
        ('W/"abc"', "abc"),
        ('"0123456789abcdef0123456789abcdef-38"', "0123456789abcdef0123456789abcdef-38"),
        (f'"{"f" * 64}"', "f" * 64),
        ('"CPDq7ufB+gIC=EAE_1."', "CPDq7ufB+gIC=EAE_1."),
    ],
)
def test_an_etag_loses_its_quotes(written: str, etag: str) -> None:
    assert read_etag(written, "a.txt") == etag


@pytest.mark.parametrize(
    "written", ["", '""', '"a b"', '"a,b"', '"a"b"', '"a/b"', '"كشف"', '"a\n"', f'"{"f" * 65}"', "x" * 5000]
)
def test_an_odd_token_is_refused_with_the_place_and_the_fix(written: str) -> None:
    with pytest.raises(PermanentError, match=r"^in/a\.txt: ETag .*; upload the file again$") as refused:
        read_etag(written, "in/a.txt")
    assert refused.value.code == "bad_etag"
    assert len(str(refused.value)) < 250


def test_a_card_number_in_the_name_of_a_refused_file_is_masked() -> None:
    with pytest.raises(PermanentError) as refused:
        read_etag("", f"in/{CARD}.txt")
    assert CARD not in str(refused.value)


@given(st.text())
def test_whatever_is_accepted_fits_a_partition_key_and_the_table(written: str) -> None:
    try:
        etag = read_etag(written, "a.txt")
    except PermanentError:
        return
    assert 1 <= len(etag) <= 64
    assert etag.isascii()
    assert not set(etag) & set(" ,'\"/\\")
    assert read_etag(f'"{etag}"', "a.txt") == etag


@pytest.mark.parametrize(
    ("key", "size_bytes", "marker"),
    [("in/", 0, True), ("in/", 1, False), ("in/a.txt", 0, False), ("/", 0, True)],
)
def test_only_an_empty_object_named_like_a_folder_is_one(key: str, size_bytes: int, marker: bool) -> None:
    assert Upload(etag="a", key=key, size_bytes=size_bytes).is_folder_marker is marker


def test_one_statement_is_one_pdf() -> None:
    keys = name_pdfs(UPLOAD, "900", [1], customers=1)
    assert keys == ["900/900_202509_000001-01234567.pdf"]
    assert locate_pdfs("pdfs", keys, customers=1) == "s3://pdfs/900/900_202509_000001-01234567.pdf"


def test_several_statements_are_a_folder_of_numbered_pdfs() -> None:
    keys = name_pdfs(UPLOAD, "900", [1, 2, 3], customers=3)
    folder = "900/900_202509_000001-01234567"
    assert keys == [f"{folder}/0001.pdf", f"{folder}/0002.pdf", f"{folder}/0003.pdf"]
    assert locate_pdfs("pdfs", keys, customers=3) == f"s3://pdfs/{folder}/"


def test_a_pdf_is_numbered_by_its_customer_whoever_was_rejected() -> None:
    folder = "900/900_202509_000001-01234567"
    assert name_pdfs(UPLOAD, "900", [1, 3], customers=3) == [f"{folder}/0001.pdf", f"{folder}/0003.pdf"]


def test_a_file_of_several_customers_is_a_folder_also_when_one_statement_is_left() -> None:
    folder = "900/900_202509_000001-01234567"
    keys = name_pdfs(UPLOAD, "900", [2], customers=2)
    assert keys == [f"{folder}/0002.pdf"]
    assert locate_pdfs("pdfs", keys, customers=2) == f"s3://pdfs/{folder}/"


@pytest.mark.parametrize(
    ("pdfs_url", "address"),
    [
        ("http://s3:9000/pdfs", "http://s3:9000/pdfs/900/a/"),
        ("http://s3:9000/pdfs/", "http://s3:9000/pdfs/900/a/"),
        (None, "https://console.aws.amazon.com/s3/object/pdfs?prefix=900/a/"),
    ],
)
def test_a_link_leads_to_the_pdf_and_for_a_bare_folder_to_its_first(
    pdfs_url: str | None, address: str
) -> None:
    assert link_pdf(pdfs_url, locate_pdf("pdfs", "900/a/0002.pdf")) == f"{address}0002.pdf"
    assert link_pdf(pdfs_url, "s3://pdfs/900/a/") == f"{address}0001.pdf"


@pytest.mark.parametrize(
    ("key", "stem"),
    [
        ("a b/c d.txt", "c_d"),
        ("in/كشف حساب.txt", "كشف_حساب"),
        ("..", "_"),
        ("../../etc/passwd", "passwd"),
        ("in/", "in"),
        ("/", "_"),
        (".hidden", "hidden"),
        ("a.tar.gz", "a.tar"),
        ("???.txt", "_"),
        (f"{'x' * 300}.txt", "x" * 100),
    ],
)
def test_odd_names_become_plain_ones(key: str, stem: str) -> None:
    assert name_pdfs(replace(UPLOAD, key=key), "900", [1], customers=1) == [f"900/{stem}-01234567.pdf"]


def test_versions_of_a_file_get_different_names() -> None:
    newer = replace(UPLOAD, etag="f" * 32)
    keys, others = (name_pdfs(each, "900", [1, 2], customers=2) for each in (UPLOAD, newer))
    assert not set(keys) & set(others)


def test_the_name_with_the_whole_etag_is_one_uploads_alone() -> None:
    stem = "900/900_202509_000001"
    for etag in (UPLOAD.etag, f"{UPLOAD.etag}-2", "a+b", "a=b", "a_b"):
        upload = replace(UPLOAD, etag=etag)
        one = name_pdfs(upload, "900", [1], customers=1, whole_etag=True)
        assert one == [f"{stem}-{etag}.pdf"]
        several = name_pdfs(upload, "900", [1, 3], customers=3, whole_etag=True)
        assert several == [f"{stem}-{etag}/0001.pdf", f"{stem}-{etag}/0003.pdf"]


LISTED = {"Key": "in/a.txt", "ETag": '"abc"', "Size": 7, "LastModified": datetime(2025, 9, 30, tzinfo=UTC)}


def test_an_entry_of_a_listing_is_an_upload() -> None:
    upload = read_entry(LISTED)
    assert upload == Upload(etag="abc", key="in/a.txt", size_bytes=7)
    assert upload.put_at == LISTED["LastModified"]


def test_the_same_bytes_put_again_are_the_same_upload() -> None:
    later = read_entry(LISTED | {"LastModified": datetime(2026, 1, 1, tzinfo=UTC)})
    assert later == read_entry(LISTED)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"Key": "in/\0.txt"}, "bad_key"), ({"Size": None}, "no_size"), ({"ETag": None}, "bad_etag")],
)
def test_an_entry_that_cannot_be_an_upload_is_refused(changes: dict[str, str | None], code: str) -> None:
    entry = {name: value for name, value in (LISTED | changes).items() if value is not None}
    with pytest.raises(PermanentError, match=r"^in/[a?]\.txt: .*; upload ") as refused:
        read_entry(entry)
    assert refused.value.code == code


def test_an_entry_without_a_time_was_put_long_ago() -> None:
    entry = {name: value for name, value in LISTED.items() if name != "LastModified"}
    assert read_entry(entry).put_at.year == 1970


TEXT = st.text(min_size=1, max_size=200)


@given(
    key=TEXT,
    org_id=TEXT,
    etag=st.from_regex(r"[0-9A-Za-z_.=+-]{1,64}", fullmatch=True),
    count=st.integers(1, 30),
)
@example(key="../..", org_id="..", etag="..", count=2)
def test_names_are_safe_distinct_and_always_the_same(key: str, org_id: str, etag: str, count: int) -> None:
    upload = Upload(etag=etag, key=key, size_bytes=1)
    positions = range(1, count + 1)
    keys = name_pdfs(upload, org_id, positions, customers=count)
    assert keys == name_pdfs(replace(upload, size_bytes=2), org_id, positions, customers=count)
    assert len(set(keys)) == count
    assert keys == sorted(keys)
    for name in keys:
        assert name.endswith(".pdf")
        assert len(name.encode()) <= 1024
        assert not {"", ".", ".."} & set(name.split("/"))
        assert len(name.split("/")) == (2 if count == 1 else 3)
    location = locate_pdfs("pdfs", keys, customers=count)
    assert location.endswith("/") == (count > 1)
    numbers = positions if count > 1 else [None]
    assert [find_pdf("pdfs", name) for name in keys] == [(location, number) for number in numbers]


@pytest.mark.parametrize(
    ("key", "location", "number"),
    [
        ("9/a/10000.pdf", "9/a/", 10_000),
        ("9/a/00001.pdf", "9/a/00001.pdf", None),
        ("9/a/001.pdf", "9/a/001.pdf", None),
        ("9/a/0001.PDF", "9/a/0001.PDF", None),
        ("9/a/٠٠٠١.pdf", "9/a/٠٠٠١.pdf", None),
        ("0001.pdf", "0001.pdf", None),
        ("9/a/", "9/a/", 0),
    ],
)
def test_what_is_no_pdf_of_ours_is_at_no_jobs_place(key: str, location: str, number: int | None) -> None:
    assert find_pdf("pdfs", key) == (f"s3://pdfs/{location}", number)


@given(before=st.text("ab _/.", max_size=5), after=st.text("ab _/.", max_size=5))
def test_no_name_shows_a_card_number(before: str, after: str) -> None:
    upload = replace(UPLOAD, key=f"{before}{CARD}{after}.txt")
    assert CARD not in "".join(name_pdfs(upload, f"{before}{CARD}{after}", [1, 2], customers=2))
