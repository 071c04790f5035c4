"""A big file ends exactly as it does when it is held whole, whatever is wrong with it.

Not here: how well it is read (../parsing/) or drawn (../rendering/); figures (benchmarks/big_file.py).
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from psycopg.rows import dict_row

from benchmarks.statement_files import write_statement_file
from pdfme_dagster.batches import Outcome
from pdfme_dagster.big_files import files
from pdfme_dagster.big_files.files import BigFiles, count_processes
from pdfme_dagster.domain.job import Claim, JobState
from pdfme_dagster.local.services import EmbeddedServices
from pdfme_dagster.parsing import load_profiles
from pdfme_dagster.rendering import load_statement_renderer
from pdfme_dagster_tests.desk import *  # noqa: F403 - its fixture serves here
from pdfme_dagster_tests.desk import ONE, SAMPLES, THREE, Desk, list_etags
from pdfme_dagster_tests.stores.conftest import *  # noqa: F403 - these fixtures serve here too

CUSTOMERS = 24


@pytest.fixture
def big_files(services: EmbeddedServices, monkeypatch: pytest.MonkeyPatch) -> BigFiles:
    """What takes every file on itself, in parts of a few statements."""
    for name, value in services.environment().items():
        monkeypatch.setenv(name, value)
    return BigFiles(
        templates_dir=None, password_seed=None, processes=2, larger_than_bytes=0, part_bytes=16 << 10
    )


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file of some parts."""
    path = tmp_path_factory.mktemp("big") / "big.txt"
    write_statement_file(path, CUSTOMERS, arabic=True)
    return path.read_bytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """All that a file leaves behind."""

    outcome: Outcome
    row: dict[str, Any]
    pdfs: dict[str, bytes]
    metadata: list[dict[str, str]]


@pytest.fixture
def both(
    desk: Desk, big_files: BigFiles, psql: psycopg.Connection
) -> Callable[..., tuple[Ending, Ending]]:
    """Make a file held whole, then from scratch in parts; return how both ended."""

    def make(content: bytes, **changes: Any) -> tuple[Ending, Ending]:
        etag = desk.upload("in/900_big.txt", content)
        endings = []
        for way in (None, replace(big_files, **changes.pop("big", {}))):
            tried = replace(desk, big_files=way, **changes)
            outcome = tried.run("run", etag, by_person=True)
            endings.append(read_ending(desk, psql, outcome))
            for key in desk.pdfs():
                desk.s3.delete_object(Bucket=desk.objects.pdfs_bucket, Key=key)
            psql.execute("UPDATE processing_jobs SET status = 'failed', pdf_location = NULL, error_message = ''")
            psql.execute("UPDATE processing_jobs SET pdf_sha256 = NULL, template_digest = NULL, fence = 0")
        return endings[0], endings[1]

    return make


def read_ending(desk: Desk, psql: psycopg.Connection, outcome: Outcome) -> Ending:
    row = psql.cursor(row_factory=dict_row).execute("SELECT * FROM processing_jobs").fetchone()
    assert row is not None
    pdfs = desk.pdfs()
    bucket = desk.objects.pdfs_bucket
    times = {"processing_started_at", "completed_at", "retry_at", "dispatched_at"}
    return Ending(
        outcome=outcome,
        row={name: value for name, value in row.items() if name not in times},
        pdfs=pdfs,
        metadata=[desk.s3.head_object(Bucket=bucket, Key=key)["Metadata"] for key in sorted(pdfs)],
    )


def spoil(content: bytes, number: int) -> bytes:
    """Spoil the first amount of the customer with this number."""
    account = b"00-TEST%012d|4|" % number
    before, found, after = content.partition(account)
    assert found
    return before + found + after.replace(b"00000000", b"0000x000", 1) if False else before + found + b"x" + after


def test_try(both, content) -> None:
    t = time.time()
    whole, parts = both(content)
    print(time.time() - t, parts.outcome, len(parts.pdfs))
    assert parts == whole
    assert len(parts.pdfs) == CUSTOMERS
