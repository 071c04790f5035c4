"""The work of one run, without Dagster: claim, read, parse, render, store, complete.

Not here: which files a run gets (defs/), or how a single file is parsed or rendered. Every step takes a
whole batch and a bad file only ever ends its own job.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from pdfme_dagster.crash_points import crash_point
from pdfme_dagster.domain.job import Claim, Claims, CompletedJob, Completion, JobFailure, JobState
from pdfme_dagster.domain.statement import ParsedFile, ParseWarning
from pdfme_dagster.domain.upload import Upload, locate_pdf, locate_pdfs, name_pdfs
from pdfme_dagster.errors import ConfigurationError, PermanentError, TransientError
from pdfme_dagster.kept_pdfs import KeptPdf, PdfKeeper
from pdfme_dagster.making import (
    Report,
    describe_defect,
    in_threads,
    name_templates,
    render_statement,
    sum_digests,
    sum_pdfs,
)
from pdfme_dagster.parsing import HEAD_BYTES, Profiles, describe_rejected, parse, require_acceptable
from pdfme_dagster.rendering import StatementRenderer
from pdfme_dagster.stopwatch import Stopwatch
from pdfme_dagster.stores.cache import SeenCache
from pdfme_dagster.stores.jobs import JobStore
from pdfme_dagster.stores.objects import ObjectStore

# Files completed per database round trip: rare enough to be cheap, often enough to watch.
_FILES_PER_COMPLETION = 100
# How soon to look again whether the job with the same bytes has its PDFs.
_TWIN_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """One claimed file as statements."""

    claim: Claim
    content_sha256: str
    file: ParsedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """One claimed file with the same bytes as the upload ``original``, whose PDFs stand for both."""

    claim: Claim
    original: str
    content_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One claimed file as PDFs, one per statement, under the keys that they get.

    Where other PDFs have those, they get the ``long_keys``. Of the statements only counts are left, those
    ``rejected`` included in ``customers``: 1,000 files' PDFs fill the memory enough.
    """

    claim: Claim
    content_sha256: str
    customers: int
    keys: tuple[str, ...]
    long_keys: tuple[str, ...]
    pdfs: tuple[KeptPdf, ...]
    profile: str
    warnings: int
    rejected: int
    rejected_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """A file's PDFs in S3: how many bytes they have together, and what their SHA-256s come to."""

    keys: tuple[str, ...]
    size_bytes: int
    sha256: str


class Noted(Protocol):
    """What was odd about a file."""

    @property
    def warnings(self) -> tuple[ParseWarning, ...]:
        """In the order of its lines."""


class BigParsed(Protocol):
    """One claimed file that is too big to be held, parsed; as ``Parsed``, but it renders itself."""

    @property
    def claim(self) -> Claim:
        """Whose it is."""

    @property
    def content_sha256(self) -> str:
        """The digest of its bytes."""

    @property
    def file(self) -> Noted:
        """What it says, without its statements."""

    def render(self, renderer: StatementRenderer, report: Report) -> "BigRendered":
        """Render all statements, by others of the renderer's kind, and tell how far it is.

        PermanentError as for any file.
        """


class BigRendered(Protocol):
    """Such a file as PDFs; as ``Rendered``, but it stores itself."""

    @property
    def claim(self) -> Claim:
        """Whose it is."""

    def store(self, report: Report) -> Completion:
        """Store all PDFs, telling how far it is; PermanentError and TransientError as for any file."""


class BigFiles(Protocol):
    """What takes the files on itself that are too big to be held."""

    def takes(self, claim: Claim) -> bool:
        """Say whether a file is one of those."""

    def parse(self, claim: Claim, *, objects: ObjectStore, profiles: Profiles) -> BigParsed:
        """Read and parse it; PermanentError and TransientError as for any file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setbacks:
    """What went wrong in a batch so far: ``failed`` for good, ``requeued`` to be tried again."""

    failed: tuple[JobFailure, ...] = ()
    requeued: tuple[JobFailure, ...] = ()

    def __add__(self, other: "Setbacks") -> "Setbacks":
        return Setbacks(failed=self.failed + other.failed, requeued=self.requeued + other.requeued)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """What travels with the files of a batch.

    ``already`` were completed before this run; ``superseded`` need no PDF because a newer version has one,
    ``twins`` because another upload with the same bytes has; ``unknown`` name no upload that we know of.
    """

    already: tuple[CompletedJob, ...]
    superseded: tuple[tuple[Claim, Completion], ...]
    twins: tuple[Twin, ...]
    unknown: tuple[str, ...]
    setbacks: Setbacks


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedBatch(_Batch):
    """What ``parse`` hands to ``render``."""

    files: tuple[Parsed | BigParsed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedBatch(_Batch):
    """What ``render`` hands to ``store``."""

    files: tuple[Rendered | BigRendered, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a batch ended, job by job.

    ``postponed`` wait for the PDFs of another upload with the same bytes; ``lost`` were taken from this run
    and are another's now.
    """

    completed: tuple[CompletedJob, ...]
    already: tuple[CompletedJob, ...]
    failed: tuple[JobFailure, ...]
    requeued: tuple[str, ...]
    postponed: tuple[str, ...]
    lost: tuple[str, ...]


def parse_batch(
    run_id: str,
    claims: Claims,
    *,
    jobs: JobStore,
    objects: ObjectStore,
    profiles: Profiles,
    follow_replaced: bool,
    big_files: BigFiles | None = None,
    watch: Stopwatch | None = None,
) -> ParsedBatch:
    """Read and parse every claimed file, each by the profile that fits it; set those aside that are twins.

    ``big_files`` takes those that it wants; ``watch`` is told what took how long. With ``follow_replaced`` (a
    user asked for these files), a file that was replaced by a newer, completed version counts as done: its
    job points to the newer one's PDFs.
    """

    def read(claim: Claim) -> bytes | BigFiles:
        if big_files and big_files.takes(claim):
            return big_files
        return objects.read_upload(Upload(etag=claim.etag, key=claim.key, size_bytes=claim.size_bytes))

    watch = watch or Stopwatch()
    files: list[Parsed | BigParsed] = []
    superseded: list[tuple[Claim, Completion]] = []
    setbacks = _Tally()
    for claim, content in in_threads(read, claims.claimed):
        with setbacks.of(claim):
            try:
                with watch.time("download"):
                    read_content = content()
                with watch.time("parse"):
                    files.append(_parse_file(claim, read_content, objects, profiles))
                crash_point("mid-parse")
            except PermanentError as exc:
                if not (follow_replaced and exc.code == "superseded"):
                    raise
                superseded.append((claim, _follow(claim, jobs, objects)))
    with watch.time("find twins"):
        originals = jobs.find_twins(run_id, {each.claim.etag: each.content_sha256 for each in files})
    return ParsedBatch(
        files=tuple(each for each in files if each.claim.etag not in originals),
        twins=tuple(
            Twin(claim=each.claim, original=originals[each.claim.etag], content_sha256=each.content_sha256)
            for each in files
            if each.claim.etag in originals
        ),
        already=claims.completed,
        superseded=tuple(superseded),
        unknown=claims.unknown,
        setbacks=setbacks.total(),
    )


def render_batch(
    batch: ParsedBatch, *, renderer: StatementRenderer, report: Report = lambda _: None
) -> RenderedBatch:
    """Render every parsed file, one PDF per statement, each with its organisation's template.

    ``report`` is told how far the big files are.
    """
    files: list[Rendered | BigRendered] = []
    setbacks, keeper = _Tally(), PdfKeeper()
    for parsed in batch.files:
        with setbacks.of(parsed.claim):
            files.append(_render_file(parsed, renderer, keeper, report))
            crash_point("mid-render")
    return RenderedBatch(
        files=tuple(files),
        already=batch.already,
        superseded=batch.superseded,
        twins=batch.twins,
        unknown=batch.unknown,
        setbacks=batch.setbacks + setbacks.total(),
    )


def store_batch(
    run_id: str,
    batch: RenderedBatch,
    *,
    jobs: JobStore,
    objects: ObjectStore,
    cache: SeenCache,
    report: Report = lambda _: None,
    watch: Stopwatch | None = None,
) -> Outcome:
    """Store every PDF, then end every job that this run still holds: completed, failed or pending again.

    ``report`` is told how far the big files are, ``watch`` what took how long.
    """

    def write(rendered: Rendered | BigRendered) -> Completion | BigRendered:
        # A big file's turn comes when all before it are done, so that there is one at a time.
        return _write_file(rendered, objects) if isinstance(rendered, Rendered) else rendered

    watch = watch or Stopwatch()
    if remade := [each.claim.etag for each in batch.files if each.claim.template_digest]:
        jobs.remake(run_id, remade)
    done: list[tuple[Claim, Completion]] = list(batch.superseded)
    ended: list[CompletedJob] = []
    setbacks = _Tally()
    for rendered, completion in in_threads(write, batch.files):
        with setbacks.of(rendered.claim):
            with watch.time("upload"):
                written = completion()
                made = written if isinstance(written, Completion) else written.store(report)
            done.append((rendered.claim, made))
        if len(done) >= _FILES_PER_COMPLETION:
            with watch.time("complete"):
                ended += _complete(run_id, done, jobs, cache)
            done.clear()
    with watch.time("complete"):
        ended += _complete(run_id, done, jobs, cache)
        ended += _complete(run_id, _complete_twins(batch.twins, jobs), jobs, cache)
        return _end_batch(run_id, batch, ended, batch.setbacks + setbacks.total(), jobs, cache)


def _parse_file(
    claim: Claim, content: bytes | BigFiles, objects: ObjectStore, profiles: Profiles
) -> Parsed | BigParsed:
    if not isinstance(content, bytes):
        return content.parse(claim, objects=objects, profiles=profiles)
    profile = profiles.choose(claim.key, content[:HEAD_BYTES])
    file = parse(content, profile=profile, name=claim.key)
    require_acceptable(file, profile)
    return Parsed(claim=claim, content_sha256=hashlib.sha256(content).hexdigest(), file=file)


def _follow(claim: Claim, jobs: JobStore, objects: ObjectStore) -> Completion:
    current = objects.current_etag(claim.key)
    if current is None:
        raise PermanentError(
            "missing", "the file was replaced and then deleted; upload it again if it is wanted"
        )
    newer = jobs.completed_among([current])
    if not newer:
        raise PermanentError(
            "superseded",
            f"the file was replaced by version {current}, which is not completed yet; "
            "once it is, this partition can be materialized again",
        )
    return _point_to(newer[0], claim)


def _complete_twins(twins: Sequence[Twin], jobs: JobStore) -> list[tuple[Claim, Completion]]:
    """Return the completions of the twins whose originals are completed by now, in this run or another."""
    originals = {job.etag: job for job in jobs.completed_among([twin.original for twin in twins])}
    return [
        (twin.claim, _point_to(originals[twin.original], twin.claim, content_sha256=twin.content_sha256))
        for twin in twins
        if twin.original in originals
    ]


def _point_to(job: CompletedJob, claim: Claim, *, content_sha256: str | None = None) -> Completion:
    """Return the completion of a job without PDFs of its own: those of ``job`` stand for it."""
    return Completion(
        etag=claim.etag,
        pdf_location=job.pdf_location,
        first_pdf=job.first_pdf,
        statements=0,
        pages=0,
        pdf_bytes=0,
        content_sha256=content_sha256,
        pdf_sha256=None,
        profile=None,
        duplicate_of=job.etag,
    )


def _render_file(
    parsed: Parsed | BigParsed, renderer: StatementRenderer, keeper: PdfKeeper, report: Report
) -> Rendered | BigRendered:
    if not isinstance(parsed, Parsed):
        return parsed.render(renderer, report)
    file, claim = parsed.file, parsed.claim
    upload = Upload(etag=claim.etag, key=claim.key, size_bytes=claim.size_bytes)
    customers = file.customers
    left_out = {each.position for each in file.rejected}
    positions = [position for position in range(1, customers + 1) if position not in left_out]
    name = partial(name_pdfs, upload, file.statements[0].org_id, positions, customers=customers)
    return Rendered(
        claim=claim,
        content_sha256=parsed.content_sha256,
        customers=customers,
        keys=tuple(name()),
        long_keys=tuple(name(whole_etag=True)),
        pdfs=tuple(keeper.keep(render_statement(statement, renderer)) for statement in file.statements),
        profile=file.profile,
        warnings=len(file.warnings),
        rejected=len(file.rejected),
        rejected_reason=describe_rejected(file.rejected, file) if file.rejected else None,
    )


def _write_file(rendered: Rendered, objects: ObjectStore) -> Completion:
    stored = _write_pdfs(rendered, objects)
    return Completion(
        etag=rendered.claim.etag,
        pdf_location=locate_pdfs(objects.pdfs_bucket, stored.keys, customers=rendered.customers),
        first_pdf=locate_pdf(objects.pdfs_bucket, stored.keys[0]),
        statements=len(rendered.pdfs),
        pages=sum(pdf.pages for pdf in rendered.pdfs),
        pdf_bytes=stored.size_bytes,
        content_sha256=rendered.content_sha256,
        pdf_sha256=stored.sha256,
        profile=rendered.profile,
        warnings=rendered.warnings,
        rejected=rendered.rejected,
        rejected_reason=rendered.rejected_reason,
        template=name_templates({pdf.template for pdf in rendered.pdfs}),
        template_digest=sum_digests({pdf.template_digest for pdf in rendered.pdfs}),
    )


def _write_pdfs(rendered: Rendered, objects: ObjectStore) -> _Stored:
    """Store a file's PDFs; return what is stored then.

    What is stored decides: a key belongs to the upload whose PDF is under it, so that each upload finds its
    own names again, and no PDF ever gives way to that of another upload.
    """
    try:
        return _write_under(rendered.keys, rendered, objects)
    except PermanentError as exc:
        if exc.code != "name_taken":
            raise
    return _write_under(rendered.long_keys, rendered, objects)


def _write_under(keys: tuple[str, ...], rendered: Rendered, objects: ObjectStore) -> _Stored:
    claim, digests, size_bytes = rendered.claim, list[str](), 0
    for key, pdf in zip(keys, rendered.pdfs, strict=True):
        content = pdf.join()
        size_bytes += len(content)
        digests.append(hashlib.sha256(content).hexdigest())
        objects.write_pdf(key, content, source_etag=claim.etag, sha256=digests[-1], fence=claim.fence)
        crash_point("after-first-put")
    return _Stored(keys=keys, size_bytes=size_bytes, sha256=sum_pdfs(digests))


def _complete(
    run_id: str, done: Sequence[tuple[Claim, Completion]], jobs: JobStore, cache: SeenCache
) -> list[CompletedJob]:
    if not done:
        return []
    crash_point("after-puts")
    held = jobs.complete(run_id, [completion for _, completion in done])
    crash_point("after-complete")
    cache.remember(sorted(held), JobState.COMPLETED)
    crash_point("after-cache")
    return [_completed_job(claim, completion) for claim, completion in done if claim.etag in held]


def _completed_job(claim: Claim, completion: Completion) -> CompletedJob:
    before, now = claim.template_digest, completion.template_digest
    return CompletedJob(
        etag=claim.etag,
        key=claim.key,
        pdf_location=completion.pdf_location,
        first_pdf=completion.first_pdf,
        statements=completion.statements,
        pages=completion.pages,
        pdf_bytes=completion.pdf_bytes,
        profile=completion.profile,
        warnings=completion.warnings,
        rejected=completion.rejected,
        rejected_reason=completion.rejected_reason,
        duplicate_of=completion.duplicate_of,
        template=completion.template,
        template_digest=now,
        previous_digest=before if before and now and before != now else None,
    )


def _end_batch(
    run_id: str,
    batch: RenderedBatch,
    ended: Sequence[CompletedJob],
    setbacks: Setbacks,
    jobs: JobStore,
    cache: SeenCache,
) -> Outcome:
    requeued = jobs.requeue(run_id, setbacks.requeued) if setbacks.requeued else []
    failed = jobs.fail(run_id, setbacks.failed) if setbacks.failed else set()
    waiting = {twin.claim.etag for twin in batch.twins}.difference(job.etag for job in ended)
    postponed = jobs.postpone(run_id, sorted(waiting), seconds=_TWIN_SECONDS) if waiting else set()
    cache.forget(sorted(failed.union(postponed, (release.etag for release in requeued))))
    exhausted = {release.etag for release in requeued if release.state is not JobState.PENDING}
    accounted = {job.etag for job in ended} | failed | postponed | {release.etag for release in requeued}
    mine = {rendered.claim.etag for rendered in batch.files}
    mine.update(claim.etag for claim, _ in batch.superseded)
    mine.update(twin.claim.etag for twin in batch.twins)
    mine.update(setback.etag for setback in setbacks.failed + setbacks.requeued)
    return Outcome(
        completed=tuple(ended),
        already=batch.already,
        failed=(*_list_failed(setbacks, failed | exhausted), *map(_refuse_unknown, batch.unknown)),
        requeued=tuple(release.etag for release in requeued if release.etag not in exhausted),
        postponed=tuple(sorted(postponed)),
        lost=tuple(sorted(mine - accounted)),
    )


def _list_failed(setbacks: Setbacks, ended: set[str]) -> Iterator[JobFailure]:
    return (setback for setback in setbacks.failed + setbacks.requeued if setback.etag in ended)


def _refuse_unknown(etag: str) -> JobFailure:
    return JobFailure(
        etag=etag,
        key=etag,
        code="unknown_upload",
        message="no upload with this ETag is known; the sensor adds partitions, so upload the file instead",
    )


class _Tally:
    """Turns one file's exception into that file's setback, so that its neighbours go on."""

    def __init__(self) -> None:
        self._failed: list[JobFailure] = []
        self._requeued: list[JobFailure] = []

    @contextmanager
    def of(self, claim: Claim) -> Iterator[None]:
        try:
            yield
        except PermanentError as exc:
            self._failed.append(_failure(claim, exc.code, str(exc)))
        except TransientError as exc:
            self._requeued.append(_failure(claim, "store_unavailable", str(exc)))
        except ConfigurationError:
            raise  # every other file would fail alike: let the run say it once
        except Exception as exc:  # a defect of ours, met by one file: end that file, not its neighbours
            self._failed.append(_failure(claim, "internal_error", describe_defect(exc)))

    def total(self) -> Setbacks:
        return Setbacks(failed=tuple(self._failed), requeued=tuple(self._requeued))


def _failure(claim: Claim, code: str, message: str) -> JobFailure:
    return JobFailure(etag=claim.etag, key=claim.key, code=code, message=message)
