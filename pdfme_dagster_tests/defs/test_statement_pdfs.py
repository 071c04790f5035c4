"""What a run of the asset leaves in the job table, in S3 and in Dagster's event log, over real services."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

from pdfme_dagster.definitions import defs
from pdfme_dagster.defs.dispatch import batch_run_config
from pdfme_dagster.defs.partitions import UPLOADS
from pdfme_dagster.defs.resources import read_big_files
from pdfme_dagster.defs.statement_pdfs import ASSET_KEY, BatchConfig
from pdfme_dagster.domain.job import JobState
from pdfme_dagster.domain.upload import Upload
from pdfme_dagster.settings import Settings
from pdfme_dagster.stores.jobs import JobStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SAMPLES = Path(__file__).parents[1] / "parsing" / "samples"
ONE = (SAMPLES / "one_customer.txt").read_bytes()
THREE = (SAMPLES / "three_customers_crlf.txt").read_bytes()
# Of the first of the three customers the closing balance cannot be read.
TWO_OF_THREE = THREE.replace(b"|121.250|", b"|12x.250|")
Put = Callable[[str, bytes], str]
Run = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def admit(
    upload: Put, jobs: JobStore, instance: dg.DagsterInstance
) -> Callable[[Mapping[str, bytes]], list[str]]:
    """Upload files, make their jobs and partitions, and return their ETags in that order."""

    def admit_files(files: Mapping[str, bytes]) -> list[str]:
        uploads = [
            Upload(etag=upload(key, content), key=key, size_bytes=len(content))
            for key, content in files.items()
        ]
        for one in uploads:
            jobs.admit([one], max_retries=3, batch_size=1)
        etags = [one.etag for one in uploads]
        instance.add_dynamic_partitions("uploads", etags)
        return etags

    return admit_files


Admit = Callable[[Mapping[str, bytes]], list[str]]


@pytest.fixture
def run(instance: dg.DagsterInstance, settings: Settings) -> Run:
    """Run the job over the range of these partitions, or over these ETags as config."""

    def execute(
        etags: Sequence[str], *, scattered: bool = False, reprocess: bool = False, **tags: str
    ) -> dg.ExecuteInProcessResult:
        job = defs().resolve_job_def("statement_pdfs_job")
        config = BatchConfig(etags=list(etags) if scattered else [], reprocess=reprocess)
        ends = {f"dagster/asset_partition_range_{end}": etag for end, etag in _ends(etags)}
        return job.execute_in_process(
            instance=instance,
            tags=tags | ({} if scattered else ends),
            run_config=batch_run_config(config),
            raise_on_error=False,
        )

    return execute


def test_range_run_gives_each_upload_its_pdfs_and_its_partition_a_materialization(
    admit: Admit, run: Run, jobs: JobStore, instance: dg.DagsterInstance, s3: "S3Client", settings: Settings
) -> None:
    one, three = admit({"900_1.txt": ONE, "900_3.txt": THREE})
    result = run([one, three])
    assert result.success
    assert jobs.count_states([one, three]) == {JobState.COMPLETED: 2}
    assert list_pdfs(s3, settings) == [
        f"900/900_1-{one[:8]}.pdf",
        f"900/900_3-{three[:8]}/0001.pdf",
        f"900/900_3-{three[:8]}/0002.pdf",
        f"900/900_3-{three[:8]}/0003.pdf",
    ]
    shown = materializations(instance)
    assert set(shown) == {one, three}
    assert shown[three]["statements"] == 3
    assert shown[three]["file"] == "900_3.txt"
    assert shown[three]["pages"] == 3
    assert shown[one]["pdf"] == f"{settings.objects.pdfs_url}/900/900_1-{one[:8]}.pdf"
    assert shown[one]["bytes"] == jobs.completed_among([one])[0].pdf_bytes


def test_a_run_tells_how_far_a_big_file_is(
    admit: Admit, run: Run, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    taking_all = replace(read_big_files(), larger_than_bytes=0)
    monkeypatch.setattr("pdfme_dagster.defs.statement_pdfs.read_big_files", lambda: taking_all)
    (three,) = admit({"900_5000000000000015.txt": THREE})
    result = run([three])
    assert result.success
    assert materializations(instance)[three]["statements"] == 3
    told = [event.user_message for event in instance.all_logs(result.run_id)]
    assert "900_****0015.txt: 3 of 3 statements drawn" in told
    assert "900_****0015.txt: 3 of 3 statements stored" in told


def test_each_partition_is_materialized_once_per_run(
    admit: Admit, run: Run, instance: dg.DagsterInstance
) -> None:
    etags = admit({"900_1.txt": ONE, "900_3.txt": THREE})
    result = run(etags)
    events = instance.all_logs(result.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    assert sorted(event.get_dagster_event().partition or "" for event in events) == sorted(etags)


def test_bad_files_fail_alone_with_their_reason(
    admit: Admit, run: Run, jobs: JobStore, instance: dg.DagsterInstance
) -> None:
    one, empty, three, garbage = admit(
        {"900_1.txt": ONE, "900_2.txt": b"", "900_3.txt": THREE, "900_4.txt": b"\0\1\2"}
    )
    result = run([one, garbage])
    assert not result.success
    assert jobs.states([one, empty, three, garbage]) == {
        one: JobState.COMPLETED,
        three: JobState.COMPLETED,
        empty: JobState.FAILED,
        garbage: JobState.FAILED,
    }
    assert set(materializations(instance)) == {one, three}
    assert failed_partitions(instance) == {empty, garbage}
    failure = result.failure_data_for_node("statement_pdfs.store")
    assert failure is not None
    assert "2 files failed, the others are done" in str(failure.user_failure_data)
    assert "900_2.txt: the file is empty" in str(failure.user_failure_data)
    reasons = observations(instance)
    assert reasons[empty]["code"] == "empty_file"
    assert reasons[garbage]["file"] == "900_4.txt"


def test_scattered_uploads_run_by_config_without_partition_tags(
    admit: Admit, run: Run, jobs: JobStore, instance: dg.DagsterInstance
) -> None:
    one, empty, three = admit({"900_1.txt": ONE, "900_2.txt": b"", "900_3.txt": THREE})
    assert run([one, three], scattered=True).success
    assert jobs.states([one, empty, three])[empty] is JobState.PENDING
    assert set(materializations(instance)) == {one, three}


def test_failed_partition_is_materialized_again_once_its_cause_is_gone(
    admit: Admit, run: Run, jobs: JobStore, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = admit({"900_1.txt": ONE})
    monkeypatch.setenv("MAX_FILE_BYTES", "100")
    assert not run([one]).success
    assert failed_partitions(instance) == {one}
    monkeypatch.delenv("MAX_FILE_BYTES")
    assert run([one]).success
    assert jobs.states([one]) == {one: JobState.COMPLETED}
    assert failed_partitions(instance) == set()


def test_partition_of_a_replaced_file_points_to_the_replacement(
    admit: Admit, run: Run, jobs: JobStore, instance: dg.DagsterInstance
) -> None:
    (broken,) = admit({"900_1.txt": ONE[200:]})
    assert not run([broken]).success
    (corrected,) = admit({"900_1.txt": ONE})
    refused = run([broken])
    assert not refused.success
    assert "was replaced by version" in str(
        refused.failure_data_for_node("statement_pdfs.store").user_failure_data  # type: ignore[union-attr]
    )
    assert run([corrected]).success
    assert run([broken]).success
    assert jobs.completed_among([broken])[0].duplicate_of == corrected
    assert materializations(instance)[broken]["duplicate_of"] == corrected
    assert failed_partitions(instance) == set()


def test_run_of_the_sensor_leaves_failed_jobs_alone(admit: Admit, run: Run, jobs: JobStore) -> None:
    (empty,) = admit({"900_1.txt": b""})
    run([empty])
    result = run([empty], **{"pdfme/dispatch": "9d2f6f0e-0000-4000-8000-000000000000"})
    assert result.success
    assert jobs.states([empty]) == {empty: JobState.FAILED}


def test_completed_partition_is_skipped_as_done_unless_reprocess_is_asked(
    admit: Admit, run: Run, jobs: JobStore, s3: "S3Client", settings: Settings
) -> None:
    (one,) = admit({"900_1.txt": ONE})
    run([one])
    stored = last_modified(s3, settings)
    assert run([one]).success
    assert last_modified(s3, settings) == stored
    (key,) = stored
    s3.delete_object(Bucket=settings.objects.pdfs_bucket, Key=key)
    assert run([one], reprocess=True).success
    assert list_pdfs(s3, settings) == [key]


def test_reexecution_from_failure_does_the_lost_steps_again(
    admit: Admit, run: Run, jobs: JobStore, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, three = admit({"900_1.txt": ONE, "900_3.txt": THREE})
    monkeypatch.setenv("MAX_FILE_BYTES", str(len(ONE)))
    failed = run([one, three])
    monkeypatch.delenv("MAX_FILE_BYTES")
    with dg.execute_job(
        dg.reconstructable(rebuild_job),
        instance=instance,
        tags=dict(failed.dagster_run.tags),  # as the UI does
        reexecution_options=dg.ReexecutionOptions.from_failure(failed.run_id, instance),
    ) as again:
        assert again.success
        assert {event.step_key for event in again.all_events if event.step_key} == {"statement_pdfs.store"}
    assert jobs.count_states([one, three]) == {JobState.COMPLETED: 2}
    assert failed_partitions(instance) == set()


def test_run_whose_jobs_are_held_elsewhere_does_nothing(admit: Admit, run: Run, jobs: JobStore) -> None:
    (one,) = admit({"900_1.txt": ONE})
    jobs.start("another-run", [one])
    assert run([one]).success
    assert jobs.states([one]) == {one: JobState.PROCESSING}


def test_what_is_odd_about_a_readable_file_is_in_the_log_of_its_run(
    admit: Admit, run: Run, instance: dg.DagsterInstance
) -> None:
    etags = admit({"900_edge.txt": (SAMPLES / "edge_cases.txt").read_bytes()})
    result = run(etags)
    logged = list_warnings(instance, result.run_id)
    assert any("900_edge.txt, line 10:" in message and "31022025" in message for message in logged), logged
    assert materializations(instance)[etags[0]]["warnings"] == 6


def test_file_with_a_rejected_customer_fails_and_stores_nothing(
    admit: Admit, run: Run, jobs: JobStore, instance: dg.DagsterInstance, s3: "S3Client", settings: Settings
) -> None:
    (etag,) = admit({"900_3.txt": TWO_OF_THREE})
    assert not run([etag]).success
    assert jobs.states([etag]) == {etag: JobState.FAILED}
    assert list_pdfs(s3, settings) == []
    assert str(observations(instance)[etag]["reason"]).startswith("line 1: closing balance ")


def test_file_completed_without_a_customer_says_so_and_its_run_succeeds(
    admit: Admit,
    run: Run,
    instance: dg.DagsterInstance,
    s3: "S3Client",
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ON_BAD_STATEMENT", "skip")
    one, three = admit({"900_1.txt": ONE, "900_5000000000000015.txt": TWO_OF_THREE})
    result = run([one, three])
    assert result.success
    folder = f"900/900__0015-{three[:8]}"
    assert list_pdfs(s3, settings) == [
        f"900/900_1-{one[:8]}.pdf",
        f"{folder}/0002.pdf",
        f"{folder}/0003.pdf",
    ]
    shown = materializations(instance)
    assert (shown[one]["profile"], shown[one]["warnings"]) == ("afs", 0)
    assert not {"rejected", "reason"} & set(shown[one])
    assert shown[three]["rejected"] == 1
    assert str(shown[three]["reason"]).startswith("1 of 3 statements rejected: account ****0015, line 1: ")
    assert shown[three]["pdf"] == f"{settings.objects.pdfs_url}/{folder}/0002.pdf"
    (warned,) = (text for text in list_warnings(instance, result.run_id) if "without some" in text)
    assert "900_****0015.txt: 1 of 3 statements rejected: account ****0015" in warned
    assert not [text for text in (warned, str(shown)) if "5000000000000015" in text or "NOORA" in text]


def test_partition_completed_without_a_customer_shows_it_also_when_skipped_as_done(
    admit: Admit, run: Run, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ON_BAD_STATEMENT", "skip")
    (etag,) = admit({"900_3.txt": TWO_OF_THREE})
    run([etag])
    before = materializations(instance)
    again = run([etag])
    assert again.success
    assert materializations(instance) == before
    assert not [text for text in list_warnings(instance, again.run_id) if "without some" in text]


def test_many_files_completed_without_a_customer_do_not_flood_the_log(
    admit: Admit, run: Run, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ON_BAD_STATEMENT", "skip")
    etags = admit({f"900_{number:02d}.txt": TWO_OF_THREE + b"\n" * number for number in range(22)})
    result = run(etags)
    (warned,) = (text for text in list_warnings(instance, result.run_id) if "without some" in text)
    assert warned.count("1 of 3 statements rejected") == 20
    assert warned.endswith("and 2 more: see the view incomplete_jobs")


def test_changed_profile_takes_effect_with_the_next_run(
    admit: Admit, run: Run, instance: dg.DagsterInstance, profiles_dir: Path
) -> None:
    (etag,) = admit({"900_1.txt": ONE})
    run([etag])
    assert materializations(instance)[etag]["profile"] == "afs"
    (profiles_dir / "bank_900.toml").write_text('extends = "afs"\norganisations = ["900"]\n')
    run([etag], reprocess=True)
    assert materializations(instance)[etag]["profile"] == "bank_900"


def test_run_that_meets_a_broken_profile_fails_before_it_claims_anything(
    admit: Admit, run: Run, jobs: JobStore, profiles_dir: Path
) -> None:
    (etag,) = admit({"900_1.txt": ONE})
    (profiles_dir / "mine.toml").write_text("format = records")
    result = run([etag])
    assert not result.success
    failure = result.failure_data_for_node("statement_pdfs.parse")
    assert "mine.toml: is no TOML file" in str(failure)
    assert jobs.states([etag]) == {etag: JobState.PENDING}
    assert jobs.claiming_runs() == set()


CARD = "organisations: {900: {template: card.json, ignore_rows: true}}"


def test_partition_shows_which_template_its_pdfs_were_made_with(
    admit: Admit, run: Run, jobs: JobStore, instance: dg.DagsterInstance, templates_dir: Path
) -> None:
    (templates_dir / "templates.yaml").write_text(CARD)
    own, other = admit({"900_1.txt": ONE, "901_1.txt": ONE.replace(b"900|001|", b"901|001|")})
    result = run([own, other])
    assert result.success
    shown = materializations(instance)
    assert (shown[own]["template"], shown[other]["template"]) == ("card.json", "default.json")
    digests = {job.etag: job.template_digest or "" for job in jobs.completed_among([own, other])}
    assert {etag: shown[etag]["template_digest"] for etag in shown} == {
        etag: digest[:12] for etag, digest in digests.items()
    }
    assert not [text for text in list_infos(instance, result.run_id) if "new versions" in text]


def test_pdfs_made_again_say_so_where_their_template_has_changed(
    admit: Admit,
    run: Run,
    instance: dg.DagsterInstance,
    templates_dir: Path,
    s3: "S3Client",
    settings: Settings,
) -> None:
    templates = templates_dir / "templates.yaml"
    templates.write_text(CARD)
    (etag,) = admit({"900_5000000000000015.txt": ONE})
    run([etag])
    first, bytes_before = materializations(instance)[etag], pdf_etags(s3, settings)
    same = run([etag], reprocess=True)
    assert materializations(instance)[etag] == first
    assert pdf_etags(s3, settings) == bytes_before
    assert not [text for text in list_infos(instance, same.run_id) if "new versions" in text]
    templates.write_text(CARD.replace("card", "bill"))
    changed = run([etag], reprocess=True)
    shown = materializations(instance)[etag]
    assert pdf_etags(s3, settings) != bytes_before
    assert shown["template"] == "bill.json"
    assert shown["previous_template_digest"] == first["template_digest"] != shown["template_digest"]
    (told,) = (text for text in list_infos(instance, changed.run_id) if "new versions" in text)
    assert told.endswith(
        f"900_****0015.txt: bill.json ({shown['template_digest']}, before {first['template_digest']})"
    )


def test_run_that_meets_broken_templates_fails_before_it_claims_anything(
    admit: Admit, run: Run, jobs: JobStore, templates_dir: Path
) -> None:
    (etag,) = admit({"900_1.txt": ONE})
    (templates_dir / "templates.yaml").write_text("organisations: {900: crad.json}")
    result = run([etag])
    assert not result.success
    failure = result.failure_data_for_node("statement_pdfs.parse")
    assert "crad.json is not there; did you mean card.json?" in str(failure)
    assert jobs.states([etag]) == {etag: JobState.PENDING}
    assert jobs.claiming_runs() == set()


def test_file_whose_template_has_no_place_for_its_rows_fails_alone(
    admit: Admit, run: Run, jobs: JobStore, instance: dg.DagsterInstance, templates_dir: Path
) -> None:
    (templates_dir / "templates.yaml").write_text("organisations: {900: card.json}")
    bad, good = admit({"900_1.txt": ONE, "901_1.txt": ONE.replace(b"900|001|", b"901|001|")})
    assert not run([bad, good]).success
    assert jobs.states([bad, good]) == {bad: JobState.FAILED, good: JobState.COMPLETED}
    assert observations(instance)[bad]["code"] == "rows_lost"


def test_what_is_odd_about_templates_is_in_the_log_of_each_run(
    admit: Admit, run: Run, instance: dg.DagsterInstance, templates_dir: Path
) -> None:
    card = templates_dir / "card.json"
    card.write_text(card.read_text().replace("Cname", "Cnmae"))
    (templates_dir / "templates.yaml").write_text(CARD)
    result = run(admit({"900_1.txt": ONE}))
    assert result.success
    assert any("did you mean Cname?" in text for text in list_warnings(instance, result.run_id))


def test_partition_made_up_by_hand_fails_alone(
    admit: Admit, run: Run, jobs: JobStore, instance: dg.DagsterInstance
) -> None:
    (one,) = admit({"900_1.txt": ONE})
    instance.add_dynamic_partitions("uploads", ["made-up"])
    result = run([one, "made-up"])
    assert not result.success
    assert failed_partitions(instance) == {"made-up"}
    assert observations(instance)["made-up"]["code"] == "unknown_upload"
    assert jobs.states([one]) == {one: JobState.COMPLETED}


def test_run_without_partitions_says_what_to_do(run: Run, jobs: JobStore) -> None:
    result = run([], scattered=True)
    assert not result.success
    assert "names no partition" in str(result.failure_data_for_node("statement_pdfs.parse"))


def test_same_upload_gives_the_same_bytes_in_every_run(
    admit: Admit, run: Run, s3: "S3Client", settings: Settings
) -> None:
    (three,) = admit({"900_3.txt": THREE})
    run([three])
    before = pdf_etags(s3, settings)
    run([three], reprocess=True)
    assert pdf_etags(s3, settings) == before
    assert len(before) == 3


def _ends(etags: Sequence[str]) -> list[tuple[str, str]]:
    return [("start", etags[0]), ("end", etags[-1])] if etags else []


def rebuild_job() -> dg.JobDefinition:
    """Return the job afresh, as a run worker does."""
    return defs().resolve_job_def("statement_pdfs_job")


def list_pdfs(s3: "S3Client", settings: Settings) -> list[str]:
    """Return the keys in the PDFs bucket."""
    return sorted(pdf_etags(s3, settings))


def pdf_etags(s3: "S3Client", settings: Settings) -> dict[str, str]:
    """Return each PDF's ETag, the MD5 of its bytes."""
    listing = s3.list_objects_v2(Bucket=settings.objects.pdfs_bucket)
    return {entry["Key"]: entry["ETag"] for entry in listing.get("Contents", [])}


def last_modified(s3: "S3Client", settings: Settings) -> dict[str, object]:
    """Return when each PDF was written."""
    listing = s3.list_objects_v2(Bucket=settings.objects.pdfs_bucket)
    return {entry["Key"]: entry["LastModified"] for entry in listing.get("Contents", [])}


def materializations(instance: dg.DagsterInstance) -> dict[str, dict[str, object]]:
    """Return the metadata of each partition's latest materialization."""
    records = instance.fetch_materializations(ASSET_KEY, limit=1000, ascending=True).records
    return dict(_shown(records))


def list_warnings(instance: dg.DagsterInstance, run_id: str, level: int = logging.WARNING) -> list[str]:
    """Return what a run's log warns of."""
    return [entry.user_message for entry in instance.all_logs(run_id) if entry.level == level]


def list_infos(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """Return what a run's log tells besides."""
    return list_warnings(instance, run_id, logging.INFO)


def observations(instance: dg.DagsterInstance) -> dict[str, dict[str, object]]:
    """Return the metadata of each partition's latest observation."""
    records = instance.fetch_observations(ASSET_KEY, limit=1000, ascending=True).records
    return dict(_shown(records))


def failed_partitions(instance: dg.DagsterInstance) -> set[str]:
    """Return the partitions that the UI shows as failed: the very call behind its ``partitionStats``."""
    status = get_and_update_asset_status_cache_value(instance, ASSET_KEY, UPLOADS)
    assert status is not None
    with partition_loading_context(dynamic_partitions_store=instance):
        return set(status.deserialize_failed_partition_subsets(UPLOADS).get_partition_keys())


def _shown(records: Sequence[dg.EventLogRecord]) -> Iterator[tuple[str, dict[str, object]]]:
    for record in records:
        event = record.asset_materialization or record.asset_observation
        assert event is not None
        yield event.partition or "", {name: value.value for name, value in event.metadata.items()}
