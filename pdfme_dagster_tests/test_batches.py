"""The work of a run: every file of a batch ends as it should, whatever happens to its neighbours.

Not here: what a statement reads like (parsing/) or looks like (rendering/).
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from pdfme_dagster import batches
from pdfme_dagster.batches import Outcome, Rendered, store_batch
from pdfme_dagster.domain.job import JobState
from pdfme_dagster.domain.statement import RenderedPdf, Statement
from pdfme_dagster.domain.upload import Upload, name_pdfs
from pdfme_dagster.errors import ConfigurationError, PermanentError, TransientError
from pdfme_dagster.local.statement_samples import make_files
from pdfme_dagster.parsing import load_profiles
from pdfme_dagster.rendering import StatementRenderer, load_statement_renderer
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.objects import ObjectStore
from pdfme_dagster_tests.desk import *  # noqa: F403 - its fixture serves here
from pdfme_dagster_tests.desk import ONE, PROFILES, SAMPLES, THREE, Desk, list_etags, refuse_requests
from pdfme_dagster_tests.stores.conftest import *  # noqa: F403 - these fixtures serve here too
from pdfme_dagster_tests.stores.conftest import open_objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The closing balances of the three customers, each unlike any other text of the file.
BALANCES = (b"|121.250|", b"|0.000||21092025|", b"|25.000-|")
SKIPPING = load_profiles(defaults={"on_bad_statement": "skip"})
SEED = b"forty-two elephants remember everything"


def write_template(folder: Path, name: str, *fields: dict[str, object]) -> None:
    """Write a template of a blank page with these fields, each in a place of its own."""
    placed = [
        {"position": {"x": 10, "y": 10 + 12 * number}, "width": 190, "height": 10, **each}
        for number, each in enumerate(fields)
    ]
    page = {"width": 210, "height": 297, "padding": [0, 0, 0, 0]}
    (folder / name).write_text(json.dumps({"schemas": [placed], "basePdf": page}))


def load_templates(folder: Path, content: str) -> StatementRenderer:
    """Load a folder whose ``templates.yaml`` says this."""
    (folder / "templates.yaml").write_text(content)
    return load_statement_renderer(folder, seed=SEED)


# --- Files that go well ---


def test_each_statement_of_a_file_becomes_a_pdf_under_its_key(desk: Desk) -> None:
    one = desk.upload("in/single.txt", ONE)
    three = desk.upload("in/three.txt", THREE)
    outcome = desk.run("run-1", one, three)
    assert list_etags(outcome.completed) == [one, three]
    assert (outcome.already, outcome.failed, outcome.requeued, outcome.lost) == ((), (), (), ())
    pdfs = desk.pdfs()
    folder = f"900/three-{three[:8]}"
    assert sorted(pdfs) == sorted(
        [f"900/single-{one[:8]}.pdf", f"{folder}/0001.pdf", f"{folder}/0002.pdf", f"{folder}/0003.pdf"]
    )
    assert all(content.startswith(b"%PDF-") for content in pdfs.values())
    assert desk.job(three).pdf_location == f"s3://{desk.objects.pdfs_bucket}/{folder}/"


def test_a_completed_job_tells_sizes_pages_and_digests(desk: Desk, psql: psycopg.Connection) -> None:
    etag = desk.upload("in/three.txt", THREE)
    (done,) = desk.run("run-1", etag).completed
    contents = [content for _, content in sorted(desk.pdfs().items())]
    assert (done.statements, done.pdf_bytes, done.duplicate_of) == (3, sum(map(len, contents)), None)
    assert done.pages >= 3
    row = psql.execute(
        "SELECT status, statements, pages, pdf_bytes, content_sha256, pdf_sha256, run_id FROM processing_jobs"
    ).fetchone()
    each = "".join(hashlib.sha256(content).hexdigest() for content in contents)
    digests = (hashlib.sha256(THREE).hexdigest(), hashlib.sha256(each.encode()).hexdigest())
    assert row == ("completed", 3, done.pages, done.pdf_bytes, *digests, "run-1")


def test_a_stored_pdf_carries_its_source_and_its_digest(desk: Desk) -> None:
    etag = desk.upload("in/single.txt", ONE)
    batch = desk.render("run-1", etag)
    desk.store("run-1", batch)
    ((key, content),) = desk.pdfs().items()
    stored = desk.s3.head_object(Bucket=desk.objects.pdfs_bucket, Key=key)
    assert stored["Metadata"] == {
        "source-etag": etag,
        "sha256": hashlib.sha256(content).hexdigest(),
        "fence": str(batch.files[0].claim.fence),
    }


def test_completed_files_are_remembered_in_redis(desk: Desk) -> None:
    good, bad = desk.upload("a.txt", ONE), desk.upload("b.txt", b"no statement")
    desk.cache.remember([good, bad], JobState.PROCESSING)
    desk.run("run-1", good, bad)
    assert desk.cache.seen([good, bad]) == {good}


def test_a_dead_redis_changes_no_outcome(desk: Desk, dead_cache: SeenCache) -> None:
    good, bad = desk.upload("a.txt", ONE), desk.upload("b.txt", b"no statement")
    batch = desk.render("run-1", good, bad)
    outcome = store_batch("run-1", batch, jobs=desk.jobs, objects=desk.objects, cache=dead_cache)
    assert (list_etags(outcome.completed), list_etags(outcome.failed)) == ([good], [bad])


def test_a_completed_file_is_skipped_unless_it_is_to_be_made_again(desk: Desk) -> None:
    etag = desk.upload("in/single.txt", ONE)
    first = desk.run("run-1", etag)
    before = desk.pdfs()
    skipped = desk.run("run-2", etag, by_person=True)
    assert (skipped.completed, skipped.already) == ((), first.completed)
    again = desk.run("run-3", etag, by_person=True, reprocess=True)
    assert (again.completed, again.already) == (first.completed, ())
    assert desk.pdfs() == before


def test_many_files_are_completed_in_portions(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_FILES_PER_COMPLETION", 2)
    etags = [desk.upload(f"{number}.txt", b"\n" * number + ONE) for number in range(25)]
    outcome = desk.run("run-1", *reversed(etags))
    assert list_etags(outcome.completed) == etags
    assert desk.jobs.count_states(etags) == {JobState.COMPLETED: 25}


def test_an_empty_batch_is_no_trouble(desk: Desk) -> None:
    assert desk.run("run-1") == Outcome(
        completed=(), already=(), failed=(), requeued=(), postponed=(), lost=()
    )


# --- Good and broken files together ---


def test_broken_files_fail_each_for_its_reason_and_cost_the_good_ones_nothing(desk: Desk) -> None:
    files = list(make_files(21, broken=7, seed=5))
    etags = [desk.upload(f"in/{file.name}", file.content) for file in files]
    outcome = desk.run("run-1", *etags)
    good = {etag: file for etag, file in zip(etags, files, strict=True) if file.broken is None}
    assert list_etags(outcome.completed) == list(good)
    assert list_etags(outcome.failed) == [etag for etag in etags if etag not in good]
    assert [job.statements for job in outcome.completed] == [file.statements for file in good.values()]
    expected = [
        key
        for etag, file in good.items()
        for key in name_pdfs(
            Upload(etag=etag, key=file.name, size_bytes=0),
            file.name.split("_")[0],
            range(1, file.statements + 1),
            customers=file.statements,
        )
    ]
    assert sorted(desk.pdfs()) == sorted(expected)


def test_a_failed_file_says_code_place_and_name(desk: Desk) -> None:
    etag = desk.upload("in/bad.txt", ONE.replace(b"|121.250|", b"|12,3x|"))
    (failure,) = desk.run("run-1", etag).failed
    assert (failure.key, failure.code) == ("in/bad.txt", "bad_amount")
    job = desk.job(etag)
    assert (job.state, job.error_code, job.error_message) == (JobState.FAILED, "bad_amount", failure.message)
    assert failure.message.startswith("line 1: ")
    assert "12,3x" in failure.message


def test_failed_files_show_no_name_and_no_card_number(desk: Desk) -> None:
    broken = ONE.replace(b"NOORA SAMPLEH TESTMAN|Flat 12", b"NOORA\0SAMPLEH")
    cut = ONE[:300]
    etags = [desk.upload(f"in/{number}.txt", content) for number, content in enumerate((broken, cut))]
    messages = " ".join(failure.message for failure in desk.run("run-1", *etags).failed)
    assert messages
    assert "NOORA" not in messages
    assert "5000000000000015" not in messages


def test_a_repaired_file_can_be_made_by_a_person(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    etag = desk.upload("a.txt", ONE)
    with monkeypatch.context() as broken:
        broken.setattr(StatementRenderer, "render", fail_on("0015"))
        desk.run("run-1", etag)
    assert desk.run("run-2", etag) == Outcome(
        completed=(), already=(), failed=(), requeued=(), postponed=(), lost=()
    )
    assert list_etags(desk.run("run-3", etag, by_person=True).completed) == [etag]


# --- Profiles ---


def test_each_file_is_read_by_the_profile_that_fits_it(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "kuwait.toml").write_text('extends = "afs"\nnames = ["kw_*"]\ncurrency = "KWD"\n')
    desk = replace(desk, profiles=load_profiles(tmp_path))
    etags = [desk.upload("in/kw_1.txt", ONE), desk.upload("in/bh_1.txt", THREE)]
    outcome = desk.run("run-1", *etags)
    assert [job.profile for job in outcome.completed] == ["kuwait", "afs"]
    assert [job.profile for job in desk.jobs.completed_among(etags)] == ["kuwait", "afs"]


def test_a_file_that_no_profile_fits_fails_alone_and_says_so(desk: Desk) -> None:
    strange, good = desk.upload("in/strange.txt", b"Dear bank,\n"), desk.upload("in/good.txt", ONE)
    outcome = desk.run("run-1", strange, good)
    assert list_etags(outcome.completed) == [good]
    assert [(failure.etag, failure.code) for failure in outcome.failed] == [(strange, "no_profile")]


def test_what_was_odd_about_a_completed_file_is_counted(desk: Desk) -> None:
    etag = desk.upload("in/edge.txt", (SAMPLES / "edge_cases.txt").read_bytes())
    batch = desk.render("run-1", etag)
    (rendered,) = batch.files
    (done,) = desk.store("run-1", batch).completed
    assert isinstance(rendered, Rendered)
    assert done.warnings == rendered.warnings > 0


# --- Templates ---

NAME: dict[str, object] = {"name": "Cname", "type": "text"}
ROWS: list[dict[str, object]] = [{"name": f"Tr{number}Details", "type": "text"} for number in range(1, 7)]
# The bank's second organisation, also in a file of both.
OTHER = ONE.replace(b"900|001|", b"901|001|").replace(b"5000000000000015", b"5000000000000023")


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """A folder with two templates; ``load_templates`` says which is whose."""
    write_template(tmp_path, "card.json", NAME, *ROWS)
    write_template(tmp_path, "bill.json", *ROWS, NAME)
    return tmp_path


def test_each_statement_gets_the_template_of_its_organisation_and_its_job_says_which(
    desk: Desk, templates: Path
) -> None:
    desk = replace(desk, renderer=load_templates(templates, "organisations: {900: card.json}"))
    etags = [desk.upload("in/own.txt", ONE), desk.upload("in/other.txt", OTHER)]
    completed = desk.run("run-1", *etags).completed
    assert [job.template for job in completed] == ["card.json", "default.json"]
    digests = [job.template_digest or "" for job in completed]
    assert len(set(digests)) == 2
    assert all(len(digest) == 64 for digest in digests)
    assert desk.jobs.completed_among(etags) == completed


def test_a_file_with_several_templates_has_all_their_names_and_a_digest_over_all(
    desk: Desk, templates: Path
) -> None:
    told = []
    for number, content in enumerate((ONE + OTHER, OTHER + ONE)):
        desk = replace(
            desk, renderer=load_templates(templates, "organisations: {900: card.json, 901: bill.json}")
        )
        contents = (content, ONE + b"\n" * number, OTHER + b"\n" * number)
        etags = [desk.upload(f"in/{number}-{n}.txt", each) for n, each in enumerate(contents)]
        both, *single = desk.run(f"run-{number}", *etags).completed
        assert both.statements == 2
        assert both.template == "bill.json, card.json"
        digests = sorted(job.template_digest or "" for job in single)
        assert both.template_digest == hashlib.sha256("".join(digests).encode()).hexdigest()
        told.append((both.template, both.template_digest))
    assert told[0] == told[1]


def test_many_templates_of_one_file_are_named_up_to_a_bound(desk: Desk, templates: Path) -> None:
    card = (templates / "card.json").read_text()
    for number in range(8):
        (templates / f"{number}.json").write_text(card)
    chosen = ", ".join(f"90{number}: {number}.json" for number in range(8))
    renderer = load_templates(templates, f"organisations: {{{chosen}}}")
    content = b"".join(
        ONE.replace(b"900|001|", b"90%d|001|" % number).replace(
            b"5000000000000015", b"50000000000000%d5" % number
        )
        for number in range(8)
    )
    (done,) = replace(desk, renderer=renderer).run("run-1", desk.upload("in/all.txt", content)).completed
    assert (done.statements, done.template) == (8, "0.json, 1.json, 2.json, 3.json, 4.json and 3 more")


def test_pdfs_made_again_with_the_same_template_are_the_same_bytes(desk: Desk, templates: Path) -> None:
    chosen = "organisations: {900: card.json}"
    etag = desk.upload("in/three.txt", THREE)
    made = []
    for run_id, more in (("run-1", ""), ("run-2", ", 901: bill.json")):
        # What another organisation gets is no matter of this one's.
        renderer = load_templates(templates, chosen.replace("}", more + "}"))
        (done,) = replace(desk, renderer=renderer).run(run_id, etag, by_person=True, reprocess=True).completed
        made.append((desk.pdfs(), done.template_digest, done.previous_digest))
    assert made[0] == made[1]
    assert made[0][2] is None


def test_pdfs_made_again_with_another_template_are_known_to_be_another_version(
    desk: Desk, templates: Path
) -> None:
    etag = desk.upload("in/one.txt", ONE)
    chosen = "organisations: {900: card.json}"
    (first,) = replace(desk, renderer=load_templates(templates, chosen)).run("run-1", etag).completed
    before = desk.pdfs()
    write_template(templates, "card.json", *ROWS, NAME)
    changed = replace(desk, renderer=load_templates(templates, chosen))
    (again,) = changed.run("run-2", etag, by_person=True, reprocess=True).completed
    assert desk.pdfs() != before
    assert desk.pdfs().keys() == before.keys()
    assert (again.template, again.previous_digest) == ("card.json", first.template_digest)
    assert again.template_digest not in {None, first.template_digest}
    (stored,) = desk.jobs.completed_among([etag])
    assert stored == replace(again, previous_digest=None)


def test_pdfs_of_before_templates_were_noted_are_no_other_version(
    desk: Desk, psql: psycopg.Connection
) -> None:
    etag = desk.upload("in/one.txt", ONE)
    desk.run("run-1", etag)
    psql.execute("UPDATE processing_jobs SET template = NULL, template_digest = NULL")
    (again,) = desk.run("run-2", etag, by_person=True, reprocess=True).completed
    assert (again.template, again.previous_digest) == ("default.json", None)


def test_a_file_with_a_password_is_the_same_every_time(desk: Desk, templates: Path) -> None:
    renderer = load_templates(templates, "default: {template: card.json, password: {field: CardNumber}}")
    desk = replace(desk, renderer=renderer)
    etag = desk.upload("in/one.txt", ONE)
    desk.run("run-1", etag)
    before = desk.pdfs()
    assert all(b"/Encrypt" in content for content in before.values())
    desk.run("run-2", etag, by_person=True, reprocess=True)
    assert desk.pdfs() == before


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What cannot be rendered: the template's fields, what ``templates.yaml`` says, and a customer's name."""

    fields: tuple[dict[str, object], ...] = (NAME, *ROWS)
    entry: str = ""
    name: str = "NOORA SAMPLEH TESTMAN"


# No profile that is shipped reads it.
ARREARS: dict[str, object] = {"name": "Arrears", "type": "text"}
REFUSALS = {
    "bad_field_value": Refusal(fields=({"name": "Cname", "type": "date"}, *ROWS)),
    "missing_value": Refusal(fields=(NAME, *ROWS, ARREARS | {"required": True, "overflow": "expand"})),
    "rows_lost": Refusal(fields=(NAME,)),
    "missing_glyph": Refusal(entry="missing_glyph: error", name="NOORA \u6f22"),
    "bad_password": Refusal(entry="password: {field: Arrears}"),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_statement_that_cannot_be_rendered_fails_its_file_alone_and_shows_no_customer(
    desk: Desk, psql: psycopg.Connection, tmp_path: Path, code: str
) -> None:
    refusal = REFUSALS[code]
    write_template(tmp_path, "card.json", *refusal.fields)
    entry = ", ".join(filter(None, ("template: card.json", refusal.entry)))
    renderer = load_templates(tmp_path, f"organisations: {{900: {{{entry}}}}}")
    content = ONE.replace(b"NOORA SAMPLEH TESTMAN", refusal.name.encode())
    bad, good = desk.upload("in/bad.txt", content), desk.upload("in/good.txt", OTHER)
    outcome = replace(desk, renderer=renderer).run("run-1", bad, good)
    assert list_etags(outcome.completed) == [good]
    (row,) = psql.execute("SELECT file_hash, error_code, error_message FROM failed_jobs").fetchall()
    assert row[:2] == (bad, code)
    assert row[2].endswith(" (account ****0015)")
    assert "5000000000000015" not in row[2]
    assert not [word for word in ("NOORA", "SAMPLEH", "TESTMAN", "HYPERMARKET") if word in row[2]]


# --- Customers who are rejected ---


def spoil(*customers: int) -> bytes:
    """Return the file of three customers with unreadable closing balances of these, counted from 1."""
    content = THREE
    for customer in customers:
        assert content.count(BALANCES[customer - 1]) == 1
        content = content.replace(BALANCES[customer - 1], BALANCES[customer - 1].replace(b".", b".x"))
    return content


def test_a_rejected_customer_fails_the_whole_file_and_nothing_is_stored(desk: Desk) -> None:
    bad, good = desk.upload("in/three.txt", spoil(2)), desk.upload("in/one.txt", ONE)
    outcome = desk.run("run-1", bad, good)
    assert list_etags(outcome.completed) == [good]
    (failure,) = outcome.failed
    assert (failure.etag, failure.code) == (bad, "bad_amount")
    assert failure.message.startswith("line 13: ")
    assert failure.message.endswith(" (account ****0023)")
    assert len(desk.pdfs()) == 1


def test_where_bad_customers_are_skipped_the_others_get_their_pdfs(
    desk: Desk, psql: psycopg.Connection
) -> None:
    desk = replace(desk, profiles=SKIPPING)
    whole = desk.upload("in/three.txt", THREE)
    desk.run("run-1", whole)
    complete = desk.pdfs()
    etag = desk.upload("in/three.txt", spoil(2))
    (done,) = desk.run("run-2", etag).completed
    assert (done.statements, done.rejected) == (2, 1)
    folder, before = (f"900/three-{each[:8]}" for each in (etag, whole))
    made = {key: content for key, content in desk.pdfs().items() if key not in complete}
    assert made == {
        f"{folder}/0001.pdf": complete[f"{before}/0001.pdf"],
        f"{folder}/0003.pdf": complete[f"{before}/0003.pdf"],
    }
    assert done.pdf_location == f"s3://{desk.objects.pdfs_bucket}/{folder}/"
    row = psql.execute("SELECT file_hash, rejected, reason, profile FROM incomplete_jobs").fetchone()
    assert row == (etag, 1, done.rejected_reason, "afs")
    assert (done.rejected_reason or "").startswith("1 of 3 statements rejected: account ****0023, line 13: ")


@pytest.mark.parametrize("rejected", [(1,), (1, 2), (2, 3), (1, 3)])
def test_the_first_pdf_of_a_job_is_one_that_exists(desk: Desk, rejected: tuple[int, ...]) -> None:
    desk = replace(desk, profiles=SKIPPING)
    etag = desk.upload("in/three.txt", spoil(*rejected))
    (done,) = desk.run("run-1", etag).completed
    keys = sorted(desk.pdfs())
    assert [key.rpartition("/")[2] for key in keys] == [
        f"000{customer}.pdf" for customer in (1, 2, 3) if customer not in rejected
    ]
    assert done.first_pdf == f"s3://{desk.objects.pdfs_bucket}/{keys[0]}"
    assert done.pdf_location.endswith(f"/three-{etag[:8]}/")
    assert desk.objects.link(done.first_pdf).endswith(keys[0])
    assert desk.jobs.completed_among([etag]) == (done,)


def test_a_replaced_file_points_to_a_pdf_that_its_newer_version_has(desk: Desk) -> None:
    desk = replace(desk, profiles=SKIPPING)
    old, newer = desk.upload("in/three.txt", THREE), desk.upload("in/three.txt", spoil(1))
    (made,) = desk.run("run-1", newer).completed
    (done,) = desk.run("run-2", old, by_person=True).completed
    assert (done.first_pdf, done.duplicate_of) == (made.first_pdf, newer)
    assert (done.profile, done.rejected, done.rejected_reason) == (None, 0, None)


def test_a_corrected_file_clears_the_incomplete_job_once_it_is_made_again(
    desk: Desk, psql: psycopg.Connection
) -> None:
    desk = replace(desk, profiles=SKIPPING)
    incomplete = desk.upload("in/three.txt", spoil(1))
    desk.run("run-1", incomplete)
    corrected = desk.upload("in/three.txt", THREE)
    desk.run("run-2", corrected)
    (done,) = desk.run("run-3", incomplete, by_person=True, reprocess=True).completed
    assert done.duplicate_of == corrected
    assert psql.execute("SELECT count(*) FROM incomplete_jobs").fetchone() == (0,)


def test_a_file_of_which_nothing_is_left_fails_also_where_bad_customers_are_skipped(desk: Desk) -> None:
    desk = replace(desk, profiles=SKIPPING)
    (failure,) = desk.run("run-1", desk.upload("in/three.txt", spoil(1, 2, 3))).failed
    assert "; 3 of 3 statements rejected, also account ****" in failure.message
    assert desk.pdfs() == {}


def test_totals_that_do_not_hold_fail_the_file_by_its_rule_alone(desk: Desk) -> None:
    wrong = THREE.replace(b"|25.000-|", b"|26.000-|")
    (done,) = desk.run("run-1", desk.upload("in/warned.txt", wrong)).completed
    assert (done.statements, done.warnings, done.rejected) == (3, 1, 0)
    strict = load_profiles(defaults={"on_bad_statement": "skip", "on_unbalanced": "fail"})
    before = desk.pdfs()
    (failure,) = replace(desk, profiles=strict).run("run-2", desk.upload("in/b.txt", wrong + b"\n")).failed
    assert failure.code == "unbalanced"
    assert desk.pdfs() == before


def test_what_is_said_of_rejected_customers_shows_no_name_and_no_card_number(
    desk: Desk, psql: psycopg.Connection
) -> None:
    texts: list[str] = []
    for number, profiles in enumerate((PROFILES, SKIPPING)):
        content = spoil(1, 3).replace(b"|0.000||21092025|", b"|0.000||NOORA SAMPLEH|")
        content = ONE.replace(b"5000000000000015", b"5000000000000049") + b"\n" * number + content
        etag = desk.upload(f"in/{number}.txt", content)
        outcome = replace(desk, profiles=profiles).run(f"run-{number}", etag)
        texts += [failure.message for failure in outcome.failed]
        texts += [job.rejected_reason or "" for job in outcome.completed]
        texts += [
            str(row) for row in psql.execute("SELECT error_message, rejected_reason FROM processing_jobs")
        ]
    told = " ".join(texts)
    assert told.count("3 of 4 statements rejected") >= 4
    assert not [word for word in ("NOORA", "SAMPLEH", "YOUSIF", "HALA") if word in told]
    assert "50000000000000" not in told


# --- Defects of ours ---


def fail_on(ending: str) -> Callable[[StatementRenderer, Statement], RenderedPdf]:
    """Return a method that breaks on accounts with this ending, naming the customer in its exception."""
    render = StatementRenderer.render

    def render_or_break(renderer: StatementRenderer, statement: Statement) -> RenderedPdf:
        if statement.account.endswith(ending):
            raise KeyError(f"{statement.name} {statement.account}")
        return render(renderer, statement)

    return render_or_break


def test_an_unexpected_exception_ends_its_own_file_without_its_words(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StatementRenderer, "render", fail_on("0031"))
    bad = desk.upload("a.txt", ONE.replace(b"5000000000000015", b"5000000000000031"))
    good = desk.upload("b.txt", ONE)
    outcome = desk.run("run-1", bad, good)
    assert list_etags(outcome.completed) == [good]
    (failure,) = outcome.failed
    assert (failure.etag, failure.code) == (bad, "internal_error")
    assert "KeyError at test_batches.py, line" in failure.message
    assert "please report it" in failure.message
    assert "NOORA" not in failure.message
    assert "0031" not in failure.message


# --- Files that changed meanwhile ---


def test_an_overwritten_file_is_superseded_and_a_deleted_one_missing(desk: Desk) -> None:
    overwritten, deleted = desk.upload("a.txt", ONE), desk.upload("b.txt", THREE)
    newer = desk.upload("a.txt", ONE + b"\n")
    desk.s3.delete_object(Bucket=desk.uploads_bucket, Key="b.txt")
    outcome = desk.run("run-1", overwritten, deleted, newer)
    assert {failure.etag: failure.code for failure in outcome.failed} == {
        overwritten: "superseded",
        deleted: "missing",
    }
    assert list_etags(outcome.completed) == [newer]


def test_a_replaced_file_that_a_person_asks_for_points_to_the_pdfs_of_its_newer_version(desk: Desk) -> None:
    old = desk.upload("a.txt", ONE)
    newer = desk.upload("a.txt", THREE)
    desk.run("run-1", newer)
    pdfs = desk.pdfs()
    (done,) = desk.run("run-2", old, by_person=True).completed
    assert (done.etag, done.duplicate_of, done.statements, done.pages) == (old, newer, 0, 0)
    assert desk.job(old).state is JobState.COMPLETED
    assert desk.job(old).pdf_location == desk.job(newer).pdf_location
    assert desk.pdfs() == pdfs


def test_a_replaced_file_whose_newer_version_is_not_done_fails_and_says_what_to_do(desk: Desk) -> None:
    old = desk.upload("a.txt", ONE)
    newer = desk.upload("a.txt", THREE)
    (failure,) = desk.run("run-1", old, by_person=True).failed
    assert failure.code == "superseded"
    assert newer in failure.message
    assert "once it is, this partition can be materialized again" in failure.message
    desk.run("run-2", newer)
    assert list_etags(desk.run("run-3", old, by_person=True).completed) == [old]


def test_a_deleted_file_is_missing_also_when_a_person_asks(desk: Desk) -> None:
    etag = desk.upload("a.txt", ONE)
    desk.s3.delete_object(Bucket=desk.uploads_bucket, Key="a.txt")
    assert [failure.code for failure in desk.run("run-1", etag, by_person=True).failed] == ["missing"]


def test_a_file_over_the_limit_fails_and_names_the_limit(desk: Desk) -> None:
    etag = desk.upload("a.txt", ONE + b"\n" * 1_000_000)
    (failure,) = desk.run("run-1", etag).failed
    assert failure.code == "too_large"
    assert "MAX_FILE_BYTES=1000000" in failure.message


# --- Services that go away ---


@pytest.mark.parametrize("operation", ["GetObject", "PutObject"])
def test_files_that_s3_does_not_answer_for_are_requeued_and_the_others_completed(
    desk: Desk, hasty_client: "S3Client", hasty_objects: ObjectStore, operation: str
) -> None:
    refuse_requests(hasty_client, operation, "unlucky")
    lucky, unlucky = desk.upload("lucky.txt", ONE), desk.upload("unlucky.txt", THREE)
    desk.cache.remember([lucky, unlucky], JobState.PROCESSING)
    outcome = desk.run("run-1", lucky, unlucky, objects=hasty_objects)
    assert list_etags(outcome.completed) == [lucky]
    assert (outcome.requeued, outcome.failed, outcome.lost) == ((unlucky,), (), ())
    job = desk.job(unlucky)
    assert (job.state, job.error_code) == (JobState.PENDING, "store_unavailable")
    assert desk.cache.seen([lucky, unlucky]) == {lucky}
    assert list_etags(desk.run("run-2", unlucky).completed) == [unlucky]


def test_s3_gone_between_reading_and_storing_requeues_everything(
    desk: Desk, dead_objects: ObjectStore
) -> None:
    etags = [desk.upload("a.txt", ONE), desk.upload("b.txt", THREE)]
    batch = desk.render("run-1", *etags)
    outcome = desk.store("run-1", batch, dead_objects)
    assert sorted(outcome.requeued) == sorted(etags)
    assert sorted(desk.jobs.take_pending(9)) == sorted(etags)
    assert desk.pdfs() == {}


def test_a_file_out_of_retries_fails_for_the_trouble_it_met(desk: Desk, dead_objects: ObjectStore) -> None:
    etag = desk.upload("a.txt", ONE, max_retries=0)
    outcome = desk.run("run-1", etag, objects=dead_objects)
    assert outcome.requeued == ()
    assert [(failure.etag, failure.code) for failure in outcome.failed] == [(etag, "store_unavailable")]
    assert desk.job(etag).state is JobState.FAILED


@pytest.mark.parametrize(("uploads", "pdfs"), [("no-such-bucket", None), (None, "no-such-bucket")])
def test_a_missing_bucket_stops_the_run_and_blames_no_file(
    desk: Desk, uploads: str | None, pdfs: str | None
) -> None:
    etag = desk.upload("a.txt", ONE)
    wrong = open_objects(desk.s3, uploads or desk.uploads_bucket, pdfs or desk.objects.pdfs_bucket)
    with pytest.raises(ConfigurationError, match="no-such-bucket does not exist"):
        desk.run("run-1", etag, objects=wrong)
    assert desk.job(etag).state is JobState.PROCESSING
    assert [release.state for release in desk.jobs.release(["run-1"])] == [JobState.PENDING]


def test_postgres_gone_before_completion_ends_the_run_and_writing_again_is_harmless(
    desk: Desk, database: str
) -> None:
    etag = desk.upload("a.txt", ONE)
    batch = desk.render("run-1", etag)
    with JobStore.open(database, max_pool_size=1) as closed:
        pass
    with pytest.raises(TransientError, match="Postgres does not answer"):
        store_batch("run-1", batch, jobs=closed, objects=desk.objects, cache=desk.cache)
    before = desk.pdfs()
    assert len(before) == 1
    desk.jobs.release(["run-1"])
    assert list_etags(desk.run("run-2", etag).completed) == [etag]
    assert desk.pdfs() == before


# --- Claims that are taken away ---


def test_a_claim_taken_away_in_mid_batch_is_lost_and_not_completed(desk: Desk) -> None:
    kept, taken, broken = desk.upload("a.txt", ONE), desk.upload("b.txt", THREE), desk.upload("c.txt", b"x")
    batch = desk.render("run-1", taken, broken)
    desk.jobs.release(["run-1"])
    desk.jobs.start("run-2", [taken, broken])
    outcome = desk.store("run-1", batch)
    assert (outcome.completed, outcome.failed, outcome.requeued) == ((), (), ())
    assert outcome.lost == tuple(sorted([taken, broken]))
    assert desk.jobs.states([kept, taken, broken]) == {
        kept: JobState.PENDING,
        taken: JobState.PROCESSING,
        broken: JobState.PROCESSING,
    }
    assert desk.cache.seen([taken, broken]) == set()


def test_both_runs_of_a_contested_file_write_the_same_pdf_and_one_completes_it(desk: Desk) -> None:
    etag = desk.upload("a.txt", ONE)
    slow = desk.render("run-1", etag)
    desk.jobs.release(["run-1"])
    assert list_etags(desk.run("run-2", etag).completed) == [etag]
    before = desk.pdfs()
    assert desk.store("run-1", slow).lost == (etag,)
    assert desk.pdfs() == before
    assert desk.job(etag).state is JobState.COMPLETED


# --- Made again ---


def test_what_cannot_be_made_again_stays_as_it_was_made(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    etag = desk.upload("a.txt", THREE)
    desk.run("run-1", etag)
    before, pdfs = desk.jobs.completed_among([etag]), desk.pdfs()
    with monkeypatch.context() as broken:
        broken.setattr(StatementRenderer, "render", fail_on("0031"))
        outcome = desk.run("run-2", etag, reprocess=True)
    assert list_etags(outcome.failed) == [etag]
    assert (desk.jobs.completed_among([etag]), desk.pdfs()) == (before, pdfs)
    assert desk.job(etag).error_code == "internal_error"
    assert list_etags(desk.run("run-3", etag, reprocess=True).completed) == [etag]
    assert desk.job(etag).error_message is None


def test_what_was_written_over_in_part_does_not_count_as_made(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    etag = desk.upload("a.txt", THREE)
    desk.run("run-1", etag)
    write = ObjectStore.write_pdf

    def fail_on_the_third(objects: ObjectStore, key: str, *args: Any, **named: Any) -> None:
        if key.endswith("0003.pdf"):
            raise PermanentError("name_taken", "somebody else's")
        write(objects, key, *args, **named)

    with monkeypatch.context() as broken:
        broken.setattr(ObjectStore, "write_pdf", fail_on_the_third)
        assert list_etags(desk.run("run-2", etag, reprocess=True).failed) == [etag]
    assert desk.job(etag).state is JobState.FAILED
    assert list_etags(desk.run("run-3", etag, by_person=True).completed) == [etag]
