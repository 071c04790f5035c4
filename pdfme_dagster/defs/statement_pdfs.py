"""The asset ``statement_pdfs``: one graph of three ops, parse → render → store, over a batch of partitions.

Not here: the work itself (batches.py), or which files a run gets (dispatch.py).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from pdfme_dagster import batches
from pdfme_dagster.batches import Outcome, ParsedBatch, RenderedBatch
from pdfme_dagster.crash_points import crash_point
from pdfme_dagster.defs.partition_events import Step, record_failed, record_materialized
from pdfme_dagster.defs.partitions import UPLOADS, restore_partitions
from pdfme_dagster.defs.resources import read_big_files, read_profiles, read_renderer
from pdfme_dagster.domain.job import CompletedJob, JobFailure
from pdfme_dagster.domain.privacy import mask_numbers
from pdfme_dagster.stopwatch import Stopwatch
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.objects import ObjectStore

ASSET_KEY = dg.AssetKey("statement_pdfs")
JOB_NAME = "statement_pdfs_job"
# Carried by runs that the sensor asked for; a run without it was started by a person.
DISPATCH_TAG = "pdfme/dispatch"
_SHOWN = 20
_DIGEST_SHOWN = 12
# Of one op's parts, beside Dagster's own times of whole ops; benchmarks read it.
_SECONDS = "seconds: "


class BatchConfig(dg.Config):
    """What a run may be told beyond its partitions."""

    etags: list[str] = Field(
        default_factory=list,
        description="Which uploads, when they are no contiguous range of partitions; else its partitions.",
    )
    reprocess: bool = Field(
        default=False,
        description="Make the PDFs of completed uploads again too, instead of skipping them as already done.",
    )


@dg.op(out=dg.Out(io_manager_key="handoff"))
def parse(
    context: dg.OpExecutionContext,
    config: BatchConfig,
    jobs: dg.ResourceParam[JobStore],
    objects: dg.ResourceParam[ObjectStore],
) -> ParsedBatch:
    """Claim the batch's jobs for this run, read each upload and parse it to statements."""
    return _parse(context, config, jobs, objects)


@dg.op(out=dg.Out(io_manager_key="handoff"))
def render(
    context: dg.OpExecutionContext,
    parsed: ParsedBatch | None,
    jobs: dg.ResourceParam[JobStore],
    objects: dg.ResourceParam[ObjectStore],
) -> RenderedBatch:
    """Render every statement to a PDF."""
    return _render(context, parsed, jobs, objects)


# A generator that yields nothing: an output would make Dagster materialize all partitions of the run.
@dg.op(out=dg.Out(is_required=False))
def store(
    context: dg.OpExecutionContext,
    rendered: RenderedBatch | None,
    jobs: dg.ResourceParam[JobStore],
    objects: dg.ResourceParam[ObjectStore],
    cache: dg.ResourceParam[SeenCache],
) -> Iterator[dg.Output[None]]:
    """Store the PDFs, end the jobs, and record what became of each partition."""
    batch = rendered or _render(context, None, jobs, objects)
    watch = Stopwatch()
    outcome = batches.store_batch(
        context.run_id, batch, jobs=jobs, objects=objects, cache=cache, report=context.log.info, watch=watch
    )
    with watch.time("events"):
        _record(context, outcome, objects)
    context.log.info(f"{_SECONDS}{watch}")
    _report(context, outcome)
    yield from ()


def build_statement_pdfs(*, max_files_per_run: int) -> dg.AssetsDefinition:
    """Return the asset; a backfill from the UI is cut into runs of at most ``max_files_per_run``."""

    @dg.graph_asset(
        name=ASSET_KEY.to_python_identifier(),
        description="The PDFs of one upload: one per statement in the file, stored exactly once.",
        partitions_def=UPLOADS,
        backfill_policy=dg.BackfillPolicy.multi_run(max_files_per_run),
        kinds={"pdf", "s3"},
        group_name="statements",
    )
    def statement_pdfs() -> None:
        return store(render(parse()))  # type: ignore[no-any-return]

    return statement_pdfs


def _parse(
    context: dg.OpExecutionContext, config: BatchConfig, jobs: JobStore, objects: ObjectStore
) -> ParsedBatch:
    etags = config.etags or _partitions(context)
    # Before any job is claimed: it is no file's fault when a profile or a template is broken.
    profiles = read_profiles()
    read_renderer()
    by_person = DISPATCH_TAG not in context.run.tags or context.run.parent_run_id is not None
    watch = Stopwatch()
    with watch.time("claim"):
        claims = jobs.start(context.run_id, etags, retry_failed=by_person, reprocess=config.reprocess)
    crash_point("after-claim")
    if by_person:  # who may ask for what was retired
        restore_partitions(context.instance, jobs, [job.etag for job in claims.claimed + claims.completed])
    context.log.info(
        f"{len(etags)} files: {len(claims.claimed)} claimed, {len(claims.completed)} completed already, "
        f"{len(claims.elsewhere)} held elsewhere"
    )
    batch = batches.parse_batch(
        context.run_id,
        claims,
        jobs=jobs,
        objects=objects,
        profiles=profiles,
        follow_replaced=by_person,
        big_files=read_big_files(),
        watch=watch,
    )
    context.log.info(f"{_SECONDS}{watch}")
    _log_warnings(context, batch)
    return batch


def _log_warnings(context: dg.OpExecutionContext, batch: ParsedBatch) -> None:
    """Log what was odd about files that could be read all the same, without flooding the run."""
    lines = [
        f"{mask_numbers(parsed.claim.key)}, line {warning.line}: {warning.message}"
        for parsed in batch.files
        for warning in parsed.file.warnings
    ]
    if lines:
        context.log.warning(_cap(lines))


def _cap(lines: Sequence[str], rest: str = "") -> str:
    """Join lines, after the first twenty only saying how many more there are and where the ``rest`` is."""
    more = len(lines) - _SHOWN
    return "\n".join([*lines[:_SHOWN], f"and {more} more{rest}"] if more > 0 else lines)


def _partitions(context: dg.OpExecutionContext) -> list[str]:
    if not (context.has_partition_key or context.has_partition_key_range):
        raise dg.Failure(
            "this run names no partition: choose some in the UI, or list ETags in the config of op parse",
            allow_retries=False,
        )
    return list(context.partition_keys)


def _render(
    context: dg.OpExecutionContext, parsed: ParsedBatch | None, jobs: JobStore, objects: ObjectStore
) -> RenderedBatch:
    """Render; after a re-execution "from failure" the op before did not run here, so do its part too."""
    batch = parsed or _parse(context, _batch_config(context), jobs, objects)
    renderer = read_renderer()
    if renderer.warnings:
        context.log.warning(_cap(renderer.warnings))
    return batches.render_batch(batch, renderer=renderer, report=context.log.info)


def _batch_config(context: dg.OpExecutionContext) -> BatchConfig:
    ops: dict[str, Any] = dict(context.run_config).get("ops", {})  # type: ignore[assignment]
    graph = ops.get(ASSET_KEY.to_python_identifier(), {})
    return BatchConfig(**graph.get("ops", {}).get("parse", {}).get("config", {}))


def _record(context: dg.OpExecutionContext, outcome: Outcome, objects: ObjectStore) -> None:
    step = Step(
        run_id=context.run_id,
        job_name=context.job_name,
        step_key=context.get_step_execution_context().step.key,
        asset_key=ASSET_KEY,
    )
    good = {job.etag: describe_completed(job, objects) for job in outcome.completed + outcome.already}
    record_materialized(context.instance, step, good)
    record_failed(
        context.instance, step, {failure.etag: describe_failure(failure) for failure in outcome.failed}
    )


def describe_completed(job: CompletedJob, objects: ObjectStore) -> dict[str, dg.MetadataValue]:
    """Return what the partition of a completed job shows."""
    shown: dict[str, dg.MetadataValue] = {
        "file": dg.MetadataValue.text(mask_numbers(job.key)),
        "statements": dg.MetadataValue.int(job.statements),
        "pages": dg.MetadataValue.int(job.pages),
        "bytes": dg.MetadataValue.int(job.pdf_bytes),
        "pdf": dg.MetadataValue.url(objects.link(job.first_pdf)),
        "warnings": dg.MetadataValue.int(job.warnings),
    }
    if job.profile:
        shown["profile"] = dg.MetadataValue.text(job.profile)
    shown |= _describe_template(job)
    if job.rejected:
        shown["rejected"] = dg.MetadataValue.int(job.rejected)
        shown["reason"] = dg.MetadataValue.text(job.rejected_reason or "")
    if job.duplicate_of:
        shown["duplicate_of"] = dg.MetadataValue.text(job.duplicate_of)
    return shown


def _describe_template(job: CompletedJob) -> dict[str, dg.MetadataValue]:
    told = {
        "template": job.template,
        "template_digest": job.template_digest and job.template_digest[:_DIGEST_SHOWN],
        "previous_template_digest": job.previous_digest and job.previous_digest[:_DIGEST_SHOWN],
    }
    return {name: dg.MetadataValue.text(text) for name, text in told.items() if text}


def describe_failure(failure: JobFailure) -> dict[str, dg.MetadataValue]:
    """Return what the partition of a failed job shows."""
    return {
        "file": dg.MetadataValue.text(mask_numbers(failure.key)),
        "code": dg.MetadataValue.text(failure.code),
        "reason": dg.MetadataValue.text(failure.message),
    }


def _report(context: dg.OpExecutionContext, outcome: Outcome) -> None:
    """Log what happened; fail the run when files failed, which marks exactly their partitions."""
    pages = sum(job.pages for job in outcome.completed)
    context.log.info(f"{len(outcome.completed)} files completed, {pages} pages; {len(outcome.failed)} failed")
    if incomplete := [job for job in outcome.completed if job.rejected]:
        lines = [f"{mask_numbers(job.key)}: {job.rejected_reason}" for job in incomplete]
        told = _cap(lines, ": see the view incomplete_jobs")
        context.log.warning(f"completed without some of their customers:\n{told}")
    _report_new_versions(context, outcome)
    if outcome.requeued:
        context.log.warning(f"{len(outcome.requeued)} files met a passing trouble and wait for another run")
    if outcome.postponed:
        context.log.info(f"{len(outcome.postponed)} files wait for the PDFs of others with the same bytes")
    if outcome.lost:
        context.log.warning(f"{len(outcome.lost)} claims were taken from this run; another run has them")
    if outcome.failed:
        raise dg.Failure(
            _describe(outcome.failed), metadata={"failed": _table(outcome.failed)}, allow_retries=False
        )


def _report_new_versions(context: dg.OpExecutionContext, outcome: Outcome) -> None:
    """Log which PDFs took the place of others, made with another template or with this one as it was."""
    lines = [
        f"{mask_numbers(job.key)}: {job.template} ({now[:_DIGEST_SHOWN]}, before {before[:_DIGEST_SHOWN]})"
        for job in outcome.completed
        if (before := job.previous_digest) and (now := job.template_digest)
    ]
    if lines:
        context.log.info(f"new versions, made again with another template:\n{_cap(lines)}")


def _describe(failures: Sequence[JobFailure]) -> str:
    lines = [f"{mask_numbers(failure.key)}: {failure.message}" for failure in failures]
    what = "1 file" if len(failures) == 1 else f"{len(failures)} files"
    return f"{what} failed, the others are done:\n{_cap(lines, ': see the view failed_jobs')}"


def _table(failures: Sequence[JobFailure]) -> dg.TableMetadataValue:
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "partition": failure.etag,
                    "file": mask_numbers(failure.key),
                    "code": failure.code,
                    "reason": failure.message,
                }
            )
            for failure in failures[:_SHOWN]
        ]
    )
