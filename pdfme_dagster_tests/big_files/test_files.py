"""A big file ends exactly as it does when it is held whole, whatever is wrong with it.

Not here: how well it is read (../parsing/) or drawn (../rendering/); figures (benchmarks/big_file.py).
"""

import os
import subprocess
import sys
from collections.abc import Callable
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
from pdfme_dagster.errors import ConfigurationError
from pdfme_dagster.local.services import EmbeddedServices
from pdfme_dagster.parsing import load_profiles
from pdfme_dagster.stores.objects import ObjectStore
from pdfme_dagster_tests.desk import *  # noqa: F403 - its fixture serves here
from pdfme_dagster_tests.desk import ONE, SAMPLES, THREE, Desk, list_etags
from pdfme_dagster_tests.stores.conftest import *  # noqa: F403 - these fixtures serve here too
from pdfme_dagster_tests.test_batches import ROWS, load_templates, write_template

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
def both(desk: Desk, big_files: BigFiles, psql: psycopg.Connection) -> Callable[..., tuple[Ending, Ending]]:
    """Make a file held whole, then from scratch in parts; return how both ended."""

    def make(content: bytes, name: str = "in/900_big.txt", **changes: Any) -> tuple[Ending, Ending]:
        etag = desk.upload(name, content)
        endings = []
        for way in (None, replace(big_files, templates_dir=changes.pop("templates", None))):
            outcome = replace(desk, big_files=way, **changes).run("run", etag)
            endings.append(read_ending(desk, psql, outcome))
            clear(desk, psql)
        return endings[0], endings[1]

    return make


def read_ending(desk: Desk, psql: psycopg.Connection, outcome: Outcome) -> Ending:
    row = psql.cursor(row_factory=dict_row).execute("SELECT * FROM processing_jobs").fetchone()
    assert row is not None
    pdfs = desk.pdfs()
    heads = [desk.s3.head_object(Bucket=desk.objects.pdfs_bucket, Key=key) for key in sorted(pdfs)]
    return Ending(
        outcome=outcome,
        row={name: value for name, value in row.items() if name != "fence" and not name.endswith("_at")},
        pdfs=pdfs,
        metadata=[
            {name: value for name, value in head["Metadata"].items() if name != "fence"} for head in heads
        ],
    )


def clear(desk: Desk, psql: psycopg.Connection) -> None:
    """Forget what was made, so that it is made again as for the first time."""
    for key in desk.pdfs():
        desk.s3.delete_object(Bucket=desk.objects.pdfs_bucket, Key=key)
    psql.execute(
        "UPDATE processing_jobs SET status = 'pending', completed_at = NULL, pdf_location = NULL, "
        "first_pdf = NULL, statements = NULL, pages = NULL, pdf_bytes = NULL, content_sha256 = NULL, "
        "pdf_sha256 = NULL, profile = NULL, warnings = NULL, rejected = NULL, rejected_reason = NULL, "
        "template = NULL, template_digest = NULL, error_code = NULL, error_message = NULL, retry_count = 0"
    )


def spoil(content: bytes, *numbers: int) -> bytes:
    """Give the customers with these numbers a balance that is none."""
    for number in numbers:
        before, start, after = content.partition(b"00-TEST%012d|1|" % number)
        assert start
        content = before + start + after.replace(b".", b"x", 1)
    return content


def move_last_row_to_the_front(content: bytes) -> bytes:
    """Put a row of the last customer among the first one's, two parts away."""
    lines = content.splitlines(keepends=True)
    row = next(line for line in lines if b"TEST%012d|4|" % CUSTOMERS in line)
    lines.remove(row)
    return b"".join([*lines[:3], row, *lines[3:]])


# --- As if it had been held whole ---


def test_a_big_file_ends_as_if_it_had_been_held_whole(
    both: Callable[..., tuple[Ending, Ending]], content: bytes
) -> None:
    whole, parts = both(content)
    assert parts == whole
    assert len(parts.pdfs) == len(parts.metadata) == parts.row["statements"] == CUSTOMERS


# What parts say together is tested without processes in ../parsing/test_survey.py.
SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "some customers cannot be read": lambda content: spoil(content, 1, 11, 24),
    "a row stands among another's": move_last_row_to_the_front,
    "a control character": lambda content: content[:-400] + b"\0" + content[-400:],
    "one customer": lambda content: content[: content.index(b"900|001|00-TEST000000000002")],
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_broken_big_file_ends_as_if_it_had_been_held_whole(
    both: Callable[..., tuple[Ending, Ending]], content: bytes, spoilt: str
) -> None:
    whole, parts = both(SPOILT[spoilt](content), profiles=SKIPPING)
    assert parts == whole


def test_a_big_file_of_which_no_customer_may_be_missing_fails_as_if_it_had_been_held_whole(
    both: Callable[..., tuple[Ending, Ending]], content: bytes
) -> None:
    whole, parts = both(spoil(content, 20))
    assert parts == whole
    assert (parts.row["status"], parts.row["error_code"], parts.pdfs) == ("failed", "bad_amount", {})


@pytest.mark.parametrize("sample", ["camt053_two_customers.xml", "table_accounts.csv", "mt940_bare.sta"])
def test_a_big_file_of_a_format_without_parts_ends_as_if_it_had_been_held_whole(
    both: Callable[..., tuple[Ending, Ending]], sample: str
) -> None:
    whole, parts = both((SAMPLES / sample).read_bytes(), name=f"in/900_{sample}")
    assert parts == whole
    assert parts.pdfs


def test_a_statement_that_its_template_cannot_hold_fails_its_file_before_anything_is_stored(
    both: Callable[..., tuple[Ending, Ending]], content: bytes, tmp_path: Path
) -> None:
    # Every eighth customer has an Arabic name, for which this code has no signs.
    write_template(tmp_path, "card.json", {"name": "Cname", "type": "code39"}, ROWS[0])
    renderer = load_templates(tmp_path, "organisations: {900: card.json}")
    whole, parts = both(content, renderer=renderer, templates=tmp_path)
    assert parts == whole
    assert (parts.row["status"], parts.row["error_code"], parts.pdfs) == ("failed", "bad_field_value", {})
    assert "(account ****0008)" in parts.row["error_message"]


# --- In a run ---


def test_only_large_files_are_taken(big_files: BigFiles) -> None:
    taking = replace(big_files, larger_than_bytes=1000)
    sizes = [
        size
        for size in (0, 1000, 1001)
        if taking.takes(Claim(etag="a", key="a.txt", size_bytes=size, fence=1))
    ]
    assert sizes == [1001]


def test_progress_is_told_by_masked_name(
    desk: Desk, big_files: BigFiles, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_REPORT_EVERY", 10)
    told: list[str] = []
    desk = replace(desk, big_files=big_files, report=told.append)
    desk.run("run", desk.upload("in/900_5000000000000015.txt", content))
    for verb in ("drawn", "stored"):
        counts = [int(line.split()[1]) for line in told if line.endswith(f" of 24 statements {verb}")]
        assert len(counts) >= 2
        assert counts == sorted(counts)
        assert counts[-1] == CUSTOMERS
    assert all(line.startswith("in/900_****0015.txt: ") for line in told)


def test_big_and_small_files_of_a_batch_end_in_their_order(
    desk: Desk, big_files: BigFiles, content: bytes
) -> None:
    desk = replace(desk, big_files=replace(big_files, larger_than_bytes=10_000))
    contents = [ONE, content, b"no statement", b"x" * 20_000, THREE, content + b"\n"]
    etags = [desk.upload(f"in/{number}.txt", each) for number, each in enumerate(contents)]
    outcome = desk.run("run", *etags)
    assert list_etags(outcome.completed) == [etags[n] for n in (0, 1, 4, 5)]
    assert sorted(list_etags(outcome.failed)) == sorted([etags[2], etags[3]])


def test_a_big_file_with_the_same_bytes_as_another_is_its_duplicate(
    desk: Desk, big_files: BigFiles, content: bytes
) -> None:
    desk = replace(desk, big_files=big_files)
    etags = [desk.upload("in/a.txt", content), desk.put_in_parts("in/b.txt", content)]
    desk.look()
    outcome = desk.run("run", *etags)
    assert [job.duplicate_of for job in outcome.completed] == [None, etags[0]]
    assert len(desk.pdfs()) == CUSTOMERS


# --- Trouble ---


def store_anothers(desk: Desk, etag: str, number: int, source: str, fence: int) -> str:
    key = f"900/900_big-{etag[:8]}/{number:04d}.pdf"
    desk.objects.write_pdf(key, b"%PDF another's", source_etag=source, sha256="f" * 64, fence=fence)
    return key


def test_where_the_first_name_is_anothers_all_pdfs_get_the_longer_ones(
    desk: Desk, big_files: BigFiles, content: bytes
) -> None:
    etag = desk.upload("in/900_big.txt", content)
    key = store_anothers(desk, etag, 1, "other", 1)
    outcome = replace(desk, big_files=big_files).run("run", etag)
    assert list_etags(outcome.completed) == [etag]
    pdfs = desk.pdfs()
    assert pdfs.pop(key) == b"%PDF another's"
    assert sorted(pdfs) == [f"900/900_big-{etag}/{number:04d}.pdf" for number in range(1, CUSTOMERS + 1)]


def test_a_later_claims_pdf_is_not_overwritten(desk: Desk, big_files: BigFiles, content: bytes) -> None:
    etag = desk.upload("in/900_big.txt", content)
    key = store_anothers(desk, etag, 20, etag, 1 << 62)
    outcome = replace(desk, big_files=big_files).run("run", etag)
    (failure,) = outcome.failed
    assert failure.code == "claim_lost"
    assert desk.pdfs()[key] == b"%PDF another's"


@pytest.mark.parametrize("point", ["mid-parse", "mid-render", "after-first-put"])
def test_a_file_whose_process_is_killed_is_made_by_another_run(
    desk: Desk,
    big_files: BigFiles,
    content: bytes,
    point: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PDFME_CRASH_FOLDER", str(tmp_path))
    (tmp_path / point).touch()
    desk = replace(desk, big_files=big_files)
    etag = desk.upload("in/900_big.txt", content)
    assert desk.run("run-1", etag).requeued == (etag,)
    assert not (tmp_path / point).exists()
    assert desk.job(etag).state is JobState.PENDING
    assert "died (exit code -9)" in (desk.job(etag).error_message or "")
    commands = [child.cmdline() for child in psutil.Process().children()]
    assert not [command for command in commands if "pdfme_dagster.big_files" in command]
    assert list_etags(desk.run("run-2", etag).completed) == [etag]
    assert len(desk.pdfs()) == CUSTOMERS


def test_a_file_whose_templates_change_meanwhile_is_made_by_another_run(
    desk: Desk, big_files: BigFiles, content: bytes, tmp_path: Path
) -> None:
    write_template(tmp_path, "card.json", ROWS[0])
    load_templates(tmp_path, "organisations: {900: card.json}")
    etag = desk.upload("in/900_big.txt", content)
    tried = replace(desk, big_files=replace(big_files, templates_dir=tmp_path))
    assert tried.run("run-1", etag).requeued == (etag,)
    assert desk.pdfs() == {}


def test_a_store_that_does_not_answer_sends_the_file_back(
    desk: Desk, big_files: BigFiles, content: bytes, dead_objects: ObjectStore
) -> None:
    desk = replace(desk, big_files=big_files)
    etag = desk.upload("in/900_big.txt", content)
    assert desk.run("run-1", etag, objects=dead_objects).requeued == (etag,)


def test_a_bucket_that_is_not_there_is_no_files_fault(
    desk: Desk, big_files: BigFiles, content: bytes
) -> None:
    etag = desk.upload("in/900_big.txt", content)
    batch = replace(desk, big_files=big_files).render("run-1", etag)
    desk.s3.delete_bucket(Bucket=desk.objects.pdfs_bucket)
    with pytest.raises(ConfigurationError, match="does not exist"):
        desk.store("run-1", batch)


def test_no_process_outlives_the_one_that_started_it(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    path.write_bytes(content * 40)
    parent = subprocess.Popen([sys.executable, "-c", SLOW_PARENT, str(path)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent:
        children = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        assert len(children) == 2
        parent.kill()
    gone, alive = psutil.wait_procs(children, timeout=10)
    assert (len(gone), alive) == (2, [])


def test_there_are_never_more_than_two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(64), raising=False)
    assert count_processes() == 2
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(1), raising=False)
    assert count_processes() == 1


SKIPPING = load_profiles(defaults={"on_bad_statement": "skip"})
# Draws a file for ever in two processes, once it has told which.
SLOW_PARENT = """
import sys, psutil
from pathlib import Path
from pdfme_dagster.big_files.pool import open_pool
from pdfme_dagster.big_files.spool import Spool, write_at
from pdfme_dagster.big_files.work import Draw, Drawn, Order, Tools
from pdfme_dagster.domain.job import Claim
from pdfme_dagster.parsing import load_profiles
spools = [Spool() for _ in range(3)]
write_at(spools[0].descriptor, Path(sys.argv[1]).read_bytes(), 0)
order = Order(
    claim=Claim(etag="e", key="a.txt", size_bytes=1, fence=1),
    profile=load_profiles()["afs"],
    descriptor=spools[0].descriptor,
    tools=Tools(templates_dir=None, password_seed=None, endpoint_url="http://s3", pdfs_bucket="pdfs"),
)
targets = [spool.descriptor for spool in spools[1:]]
with open_pool(order, processes=2, keep_open=targets) as pool:
    print(*(child.pid for child in psutil.Process().children()), flush=True)
    pool.run([Draw(part=None, into=target, start=0) for target in targets], Drawn)
"""
