"""A big file's way through parse, render and store: its bytes and its PDFs lie on the disk, never in memory.

The outcome is that of the same file held whole (batches.py): same keys, same bytes, same rows, same errors.
So nothing is stored before every statement has become a PDF.

Not here: what a process does with a part (work.py), or which step of a run calls this (batches.py).
"""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import accumulate, pairwise
from pathlib import Path

from pdfme_dagster.big_files.pool import SlicePool, open_pool
from pdfme_dagster.big_files.spool import Spool, open_shared, write_at
from pdfme_dagster.big_files.work import Draw, Drawn, Order, Store, Survey, Tools
from pdfme_dagster.domain.job import Claim, Completion
from pdfme_dagster.domain.privacy import mask_numbers
from pdfme_dagster.domain.upload import Upload, locate_pdf, locate_pdfs, name_pdfs
from pdfme_dagster.errors import PermanentError, TransientError
from pdfme_dagster.making import Report, name_templates, sum_digests, sum_pdfs
from pdfme_dagster.parsing import (
    HEAD_BYTES,
    ByteRange,
    FileSurvey,
    PartSurvey,
    Profile,
    Profiles,
    cut_ranges,
    describe_rejected,
    join_surveys,
    require_acceptable,
)
from pdfme_dagster.rendering import StatementRenderer
from pdfme_dagster.stores.objects import ObjectStore

# Held whole, a file takes fifteen times its size: of this much no harm, and starting processes costs seconds.
LARGER_THAN_BYTES = 8 << 20
# Some thousand statements: enough to be worth a task, few enough for all processes to end together.
_PART_BYTES = 4 << 20
_MOST_PARTS = 64
# Where the PDFs of the next part start in their common file: what lies between takes no room on the disk, and
# a file for each part would use up those that a process may have open.
_PART_ROOM_BYTES = 1 << 36
# With two a run took 457 MiB in all its processes; a third would take it above 500 MB.
_MOST_PROCESSES = 2
_REPORT_EVERY = 2000

# A part of the file to read by itself; None is the whole file.
Parts = Sequence[ByteRange | None]


def count_processes() -> int:
    """Return how many processes work on a file: as many as there are cores for us, up to two."""
    # Not the machine's where a container has fewer, which not every system can tell.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MOST_PROCESSES)


@dataclass(frozen=True, slots=True, kw_only=True)
class BigFiles:
    """Takes files on itself that are larger than so many bytes.

    ``templates_dir`` and ``password_seed`` are as of ``load_statement_renderer``.
    """

    templates_dir: Path | None
    password_seed: bytes | None
    processes: int
    larger_than_bytes: int = LARGER_THAN_BYTES
    part_bytes: int = _PART_BYTES

    def takes(self, claim: Claim) -> bool:
        """Say whether a file is one of those."""
        return claim.size_bytes > self.larger_than_bytes

    def parse(self, claim: Claim, *, objects: ObjectStore, profiles: Profiles) -> "BigParsed":
        """Read a file onto the disk and count what it says; PermanentError when it is not acceptable."""
        spool = Spool()
        digest = _download(claim, objects, spool)
        stream = open_shared(spool.descriptor)
        profile = profiles.choose(claim.key, stream.read(HEAD_BYTES))
        tools = Tools(
            templates_dir=self.templates_dir,
            password_seed=self.password_seed,
            endpoint_url=objects.endpoint_url,
            pdfs_bucket=objects.pdfs_bucket,
        )
        opened = _OpenFile(
            order=Order(claim=claim, profile=profile, descriptor=spool.descriptor, tools=tools),
            spool=spool,
            processes=self.processes,
        )
        parts, customers, file = opened.survey(self._cut(spool, profile))
        require_acceptable(file, profile)
        return BigParsed(opened=opened, content_sha256=digest, file=file, parts=parts, customers=customers)

    def _cut(self, spool: Spool, profile: Profile) -> Parts:
        if profile.format != "records":
            return [None]
        stream = open_shared(spool.descriptor)
        count = max(self.processes, os.fstat(spool.descriptor).st_size // self.part_bytes)
        ranges = cut_ranges(stream, profile, min(count, _MOST_PARTS))
        return ranges if len(ranges) > 1 else [None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _OpenFile:
    """A file on the disk, and who works on it."""

    order: Order
    spool: Spool
    processes: int

    def open_pool(self, tasks: int, keep_open: Sequence[int] = ()) -> AbstractContextManager[SlicePool]:
        """Start the processes for so many tasks."""
        return open_pool(self.order, processes=min(self.processes, tasks), keep_open=keep_open)

    def survey(self, parts: Parts) -> tuple[Parts, tuple[int, ...], FileSurvey]:
        """Return the parts that can be read by themselves, the customers of each, and what all say together.

        Whatever one part alone cannot tell, an error above all, the whole file is asked for.
        """
        try:
            surveyed = self._survey_parts(parts)
            file = join_surveys(surveyed, self.order.profile)
        except PermanentError:
            if len(parts) == 1:
                raise
            file = None
        if file is None:
            return self.survey([None])
        return parts, tuple(part.customers for part in surveyed), file

    def _survey_parts(self, parts: Parts) -> list[PartSurvey]:
        with self.open_pool(len(parts)) as pool:
            return pool.run([Survey(part=part) for part in parts], PartSurvey)


@dataclass(frozen=True, slots=True, kw_only=True)
class BigParsed:
    """A claimed file on the disk, every statement read once; ``customers`` are those of each part."""

    opened: _OpenFile
    content_sha256: str
    file: FileSurvey
    parts: Parts
    customers: tuple[int, ...]

    @property
    def claim(self) -> Claim:
        """Whose it is."""
        return self.opened.order.claim

    def render(self, renderer: StatementRenderer, report: Report) -> "BigRendered":
        """Draw all statements onto the disk, telling how far it is; the first that cannot be drawn raises.

        Each process has read the templates itself: TransientError unless they were all the ``renderer``'s.
        """
        progress = _Progress(self.claim, self.file.statements, "drawn", report)
        spool = Spool()
        tasks = [
            Draw(part=part, into=spool.descriptor, start=number * _PART_ROOM_BYTES)
            for number, part in enumerate(self.parts)
        ]
        with self.opened.open_pool(len(tasks), [spool.descriptor]) as pool:
            drawn = pool.run(tasks, Drawn, lambda part: progress.add(len(part.sizes)))
        known = {entry.digest for entry, _ in renderer.list_renderers()}
        if any(part.template_digests - known for part in drawn):
            raise TransientError("the templates were changed while this file's PDFs were made")
        return BigRendered(parsed=self, drawn=tuple(drawn), spool=spool)

    def name_parts(self, *, whole_etag: bool) -> list[tuple[str, ...]]:
        """Return the keys of each part's PDFs."""
        claim, file = self.claim, self.file
        upload = Upload(etag=claim.etag, key=claim.key, size_bytes=claim.size_bytes)
        left_out = {each.position for each in file.rejected}
        return [
            tuple(
                name_pdfs(
                    upload,
                    file.org_id or "",
                    [position for position in range(first + 1, end + 1) if position not in left_out],
                    customers=file.customers,
                    whole_etag=whole_etag,
                )
            )
            for first, end in pairwise(accumulate(self.customers, initial=0))
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class BigRendered:
    """A claimed file's PDFs on the disk."""

    parsed: BigParsed
    drawn: tuple[Drawn, ...]
    spool: Spool

    @property
    def claim(self) -> Claim:
        """Whose it is."""
        return self.parsed.claim

    @property
    def file(self) -> FileSurvey:
        """What it says, without its statements."""
        return self.parsed.file

    def store(self, report: Report) -> Completion:
        """Store all PDFs, telling how far it is; return what the file's job leaves behind."""
        keys = self._store_pdfs(report)
        file, drawn, bucket = self.file, self.drawn, self.parsed.opened.order.tools.pdfs_bucket
        completion = Completion(
            etag=self.claim.etag,
            pdf_location=locate_pdfs(bucket, keys, customers=file.customers),
            first_pdf=locate_pdf(bucket, keys[0]),
            statements=file.statements,
            pages=sum(part.pages for part in drawn),
            pdf_bytes=sum(sum(part.sizes) for part in drawn),
            content_sha256=self.parsed.content_sha256,
            pdf_sha256=sum_pdfs([digest for part in drawn for digest in part.digests]),
            profile=file.profile,
            warnings=len(file.warnings),
            rejected=len(file.rejected),
            rejected_reason=describe_rejected(file.rejected, file) if file.rejected else None,
            template=name_templates(frozenset().union(*(part.templates for part in drawn))),
            template_digest=sum_digests(frozenset().union(*(part.template_digests for part in drawn))),
        )
        for spool in (self.spool, self.parsed.opened.spool):
            spool.close()  # other big files of the batch wait for the room
        return completion

    def _store_pdfs(self, report: Report) -> Sequence[str]:
        """Store all PDFs under their names; where another upload has one of those, under the longer ones."""
        try:
            return self._store_under(report, whole_etag=False)
        except PermanentError as exc:
            if exc.code != "name_taken":
                raise
        return self._store_under(report, whole_etag=True)

    def _store_under(self, report: Report, *, whole_etag: bool) -> Sequence[str]:
        progress = _Progress(self.claim, self.file.statements, "stored", report)
        named = self.parsed.name_parts(whole_etag=whole_etag)
        tasks = [
            Store(source=self.spool.descriptor, start=number * _PART_ROOM_BYTES, drawn=drawn, keys=keys)
            for number, (drawn, keys) in enumerate(zip(self.drawn, named, strict=True))
            if keys
        ]
        # One PDF ahead of all: where the names are another upload's, no process has used any yet.
        first = replace(tasks[0], keys=tasks[0].keys[:1])
        with self.parsed.opened.open_pool(len(tasks), [self.spool.descriptor]) as pool:
            pool.run([first], int)
            pool.run(tasks, int, progress.add)
        return [key for part in named for key in part]


class _Progress:
    """Tells how many statements are done, every few thousand."""

    def __init__(self, claim: Claim, total: int, done: str, report: Report) -> None:
        self._name, self._total, self._verb, self._report = mask_numbers(claim.key), total, done, report
        self._count = self._told = 0

    def add(self, count: int) -> None:
        """Count some more."""
        self._count += count
        if self._count - self._told >= _REPORT_EVERY or self._count == self._total:
            self._told = self._count
            self._report(f"{self._name}: {self._count:,} of {self._total:,} statements {self._verb}")


def _download(claim: Claim, objects: ObjectStore, spool: Spool) -> str:
    """Write exactly the claimed version into the spool; return its SHA-256."""
    digest, place = sha256(), 0
    upload = Upload(etag=claim.etag, key=claim.key, size_bytes=claim.size_bytes)
    for block in objects.stream_upload(upload):
        digest.update(block)
        write_at(spool.descriptor, block, place)
        place += len(block)
    return digest.hexdigest()
