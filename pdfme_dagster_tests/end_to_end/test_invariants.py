"""The checker of the chaos tests can fail: each invariant finds what it is for, and nothing else does."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from pdfme_dagster.making import sum_pdfs
from pdfme_dagster_tests.end_to_end import invariants
from pdfme_dagster_tests.end_to_end.invariants import (
    Batch,
    Evidence,
    JobRow,
    StoredPdf,
    count_duplicated,
    count_lost,
    list_violations,
)
from pdfme_dagster_tests.recoveries import Recovery, write_report


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def make_job(etag: str, **changes: Any) -> JobRow:
    values: dict[str, Any] = {
        "status": "completed",
        "run_id": "run-1",
        "retry_count": 0,
        "max_retries": 3,
        "pdf_location": f"s3://pdfs/900/{etag}.pdf",
        "statements": 1,
        "content_sha256": sha256(etag.encode()),
        "pdf_sha256": sha256(b"one"),
        "duplicate_of": None,
    }
    return JobRow(etag=etag, **values | changes)


def make_pdf(content: bytes, etag: str) -> StoredPdf:
    return StoredPdf(content=content, sha256=sha256(content), source_etag=etag)


ONE = make_job("one")
TWO = make_job(
    "two",
    pdf_location="s3://pdfs/900/two/",
    statements=2,
    pdf_sha256=sum_pdfs([sha256(b"first"), sha256(b"second")]),
)
BAD = make_job("bad", status="failed", pdf_location=None, statements=None, pdf_sha256=None)
PDFS = {
    "900/one.pdf": make_pdf(b"one", "one"),
    "900/two/0001.pdf": make_pdf(b"first", "two"),
    "900/two/0002.pdf": make_pdf(b"second", "two"),
}
GOOD = Evidence(
    batch=Batch(statements={"one": 1, "two": 2, "bad": 0}),
    jobs={"one": ONE, "two": TWO, "bad": BAD},
    pdf_keys=frozenset(PDFS),
    pdfs=PDFS,
    materialized=frozenset({"one", "two"}),
    failed=frozenset({"bad"}),
    live_runs=frozenset(),
)


def with_jobs(*jobs: JobRow) -> Evidence:
    return replace(GOOD, jobs=dict(GOOD.jobs) | {job.etag: job for job in jobs})


def with_pdf(key: str, **changes: Any) -> Evidence:
    pdfs: Mapping[str, StoredPdf] = PDFS | {key: replace(PDFS[key], **changes)}
    return replace(GOOD, pdfs=pdfs)


def test_good_evidence_has_no_violation() -> None:
    assert list_violations(GOOD) == []
    assert (count_lost(GOOD), count_duplicated(GOOD)) == (0, 0)


Invariant = Callable[[Evidence], Any]
BROKEN: list[tuple[Invariant, Evidence, str]] = [
    (invariants.uploads_have_ended, replace(GOOD, jobs={}), "one has no job"),
    (invariants.uploads_have_ended, with_jobs(replace(ONE, status="pending")), "one is pending"),
    (invariants.exactly_the_broken_have_failed, with_jobs(replace(ONE, status="failed")), "one has failed"),
    (invariants.exactly_the_broken_have_failed, with_jobs(make_job("bad")), "bad has not failed"),
    (
        invariants.statements_have_pdfs,
        with_jobs(replace(TWO, statements=1)),
        "two has 1 PDFs for 2 statements",
    ),
    (
        invariants.bucket_holds_what_jobs_name,
        replace(GOOD, pdf_keys=GOOD.pdf_keys | {"900/other.pdf"}),
        "900/other.pdf belongs to no job",
    ),
    (
        invariants.bucket_holds_what_jobs_name,
        replace(GOOD, pdf_keys=GOOD.pdf_keys - {"900/two/0002.pdf"}),
        "900/two/0002.pdf is not there",
    ),
    (
        invariants.bucket_holds_what_jobs_name,
        with_jobs(make_job("copy", pdf_location=ONE.pdf_location)),
        "900/one.pdf belongs to 2 jobs",
    ),
    (
        invariants.contents_have_one_pdf_set,
        with_jobs(make_job("copy", content_sha256=ONE.content_sha256)),
        f"content {ONE.content_sha256} has 2 PDF sets",
    ),
    (
        invariants.pdfs_are_what_they_claim,
        with_pdf("900/one.pdf", sha256="0"),
        "900/one.pdf has another SHA-256 than its metadata",
    ),
    (
        invariants.pdfs_are_what_they_claim,
        with_pdf("900/one.pdf", source_etag="two"),
        "900/one.pdf was made from two",
    ),
    (
        invariants.pdfs_are_what_they_claim,
        with_jobs(replace(TWO, pdf_sha256=sum_pdfs([sha256(b"second"), sha256(b"first")]))),
        "the PDFs of two have another SHA-256 than their job",
    ),
    (
        invariants.claims_have_live_runs,
        with_jobs(replace(ONE, status="processing")),
        "one is held by run run-1, which is gone",
    ),
    (
        invariants.retries_are_bounded,
        with_jobs(replace(ONE, retry_count=4)),
        "one was retried 4 times of 3",
    ),
    (
        invariants.dagster_shows_the_table,
        replace(GOOD, materialized=frozenset({"two"})),
        "one is completed, and Dagster does not show it",
    ),
    (
        invariants.dagster_shows_the_table,
        replace(GOOD, failed=frozenset()),
        "bad is failed, and Dagster does not show it",
    ),
    (
        invariants.dagster_shows_the_table,
        replace(GOOD, failed=frozenset({"bad", "one"})),
        "one is shown by Dagster as failed, and is not",
    ),
]


@pytest.mark.parametrize(("invariant", "evidence", "violation"), BROKEN)
def test_each_invariant_can_fail(invariant: Invariant, evidence: Evidence, violation: str) -> None:
    assert violation in list(invariant(evidence))
    assert violation in list_violations(evidence)


def test_every_invariant_is_among_those_that_can_fail() -> None:
    assert {invariant for invariant, _, _ in BROKEN} == set(invariants.INVARIANTS)


def test_claim_of_a_live_run_and_the_copy_of_another_file_are_fine() -> None:
    held = replace(GOOD, jobs={"one": replace(ONE, status="processing")}, live_runs=frozenset({"run-1"}))
    assert list(invariants.claims_have_live_runs(held)) == []
    copy = make_job("copy", pdf_location=ONE.pdf_location, duplicate_of="one")
    assert list(invariants.bucket_holds_what_jobs_name(with_jobs(copy))) == []


def test_lost_and_duplicated_files_are_counted() -> None:
    assert count_lost(replace(GOOD, jobs={})) == 3
    assert count_lost(replace(GOOD, pdf_keys=frozenset({"900/one.pdf"}))) == 1
    assert count_lost(with_jobs(make_job("bad"))) == 1
    assert count_duplicated(replace(GOOD, pdf_keys=GOOD.pdf_keys | {"900/other.pdf"})) == 1
    assert count_duplicated(with_jobs(make_job("copy", content_sha256=ONE.content_sha256))) == 1


def test_report_sums_up() -> None:
    one = Recovery(what="after-claim", crashes=1, files=40, lost=0, duplicated=0, seconds=30.0)
    *_, last = write_report([one, replace(one, what="mid-parse", lost=2, seconds=12.0)])
    assert last.split() == ["all", "2", "80", "2", "0", "30.0", "at", "most"]
