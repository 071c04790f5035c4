"""What one process does with parts of one file: count statements, draw their PDFs, store these.

Not here: which parts there are and what all of them come to (files.py), or how a task gets here (process.py).
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from pdfme_dagster.big_files.spool import open_shared, write_all
from pdfme_dagster.crash_points import crash_point
from pdfme_dagster.domain.job import Claim
from pdfme_dagster.making import in_threads, render_statement
from pdfme_dagster.parsing import ByteRange, PartSurvey, Profile, StatementReader, survey_part

if TYPE_CHECKING:
    from pdfme_dagster.rendering import StatementRenderer
    from pdfme_dagster.stores.objects import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a process opens for itself: the templates, and the bucket of the PDFs."""

    templates_dir: Path | None
    password_seed: bytes | None = field(repr=False)
    endpoint_url: str
    pdfs_bucket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The file that a process works on, open at ``descriptor``."""

    claim: Claim
    profile: Profile
    descriptor: int
    tools: Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Read a part, None for the whole file, and count."""

    part: ByteRange | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Make the PDFs of a part, one after the other into the file at ``into``."""

    part: ByteRange | None
    into: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The PDFs of a part, in order."""

    sizes: tuple[int, ...]
    digests: tuple[str, ...]
    pages: int
    templates: frozenset[str]
    template_digests: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Store the PDFs at ``source`` under these keys, as many as there are."""

    source: int
    drawn: Drawn
    keys: tuple[str, ...]


Task = Survey | Draw | Store


class Work:
    """Does tasks for one file, and keeps what one task can use of another's."""

    def __init__(self, order: Order) -> None:
        self._order = order

    def do(self, task: Task) -> PartSurvey | Drawn | int:
        """Do a task; what cannot be done raises PdfmeError as it does for small files."""
        match task:
            case Survey():
                return self._survey(task)
            case Draw():
                return self._draw(task)
            case Store():
                return self._store(task)

    def _survey(self, task: Survey) -> PartSurvey:
        order = self._order
        stream = open_shared(order.descriptor)
        surveyed = survey_part(stream, order.profile, name=order.claim.key, part=task.part)
        crash_point("mid-parse")
        return surveyed

    def _draw(self, task: Draw) -> Drawn:
        order = self._order
        stream = open_shared(order.descriptor)
        reader = StatementReader(stream, order.profile, name=order.claim.key, part=task.part)
        sizes, digests, pages = list[int](), list[str](), 0
        templates, template_digests = set[str](), set[str]()
        for statement in reader:
            pdf = render_statement(statement, self._renderer)
            write_all(task.into, pdf.content)
            sizes.append(len(pdf.content))
            digests.append(sha256(pdf.content).hexdigest())
            pages += pdf.pages
            templates.add(pdf.template)
            template_digests.add(pdf.template_digest)
            crash_point("mid-render")
        return Drawn(
            sizes=tuple(sizes),
            digests=tuple(digests),
            pages=pages,
            templates=frozenset(templates),
            template_digests=frozenset(template_digests),
        )

    def _store(self, task: Store) -> int:
        claim = self._order.claim

        def write(pdf: tuple[str, str, int, int]) -> None:
            key, digest, size, start = pdf
            content = os.pread(task.source, size, start)
            self._objects.write_pdf(key, content, source_etag=claim.etag, sha256=digest, fence=claim.fence)
            crash_point("after-first-put")

        for _, written in in_threads(write, _list_pdfs(task)):
            written()
        return len(task.keys)

    @cached_property
    def _renderer(self) -> "StatementRenderer":
        # Imported late, like S3 below: a process does one kind of task and holds no more than that takes.
        from pdfme_dagster.rendering import load_statement_renderer

        tools = self._order.tools
        return load_statement_renderer(tools.templates_dir, seed=tools.password_seed)

    @cached_property
    def _objects(self) -> "ObjectStore":
        from pdfme_dagster.stores.contents import open_fast_contents
        from pdfme_dagster.stores.objects import ObjectStore, make_client

        tools = self._order.tools
        client = make_client(tools.endpoint_url)
        return ObjectStore(
            client,
            contents=open_fast_contents(client, tools.endpoint_url),
            uploads_bucket="",
            pdfs_bucket=tools.pdfs_bucket,
            max_file_bytes=0,
        )


def _list_pdfs(task: Store) -> Iterator[tuple[str, str, int, int]]:
    """Yield key, digest, size and place of each PDF."""
    starts = accumulate(task.drawn.sizes, initial=0)
    return zip(task.keys, task.drawn.digests, task.drawn.sizes, starts, strict=False)
