"""What files of any size have in common when their PDFs are made: one statement drawn, many PDFs summed up.

Not here: whole files, held in memory (batches.py) or in parts (big_files/).
"""

import hashlib
import traceback
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeVar

from pdfme_dagster.domain.privacy import mask_account
from pdfme_dagster.domain.statement import RenderedPdf, Statement
from pdfme_dagster.errors import PermanentError

if TYPE_CHECKING:
    from pdfme_dagster.rendering import StatementRenderer

# Enough to hide S3's latency; more threads only fight over one core.
_S3_THREADS = 8
# A file of many organisations may have as many templates; the job names this many.
_NAMED_TEMPLATES = 5

# Is told how far the work is, for people to read.
Report = Callable[[str], None]
T = TypeVar("T")
R = TypeVar("R")


def render_statement(statement: Statement, renderer: "StatementRenderer") -> RenderedPdf:
    """Render one statement; what its template cannot hold is said with the account, masked."""
    try:
        return renderer.render(statement)
    except PermanentError as exc:
        raise PermanentError(exc.code, f"{exc} (account {mask_account(statement.account)})") from exc


def sum_pdfs(digests: Sequence[str]) -> str:
    """Return the SHA-256 of a file's PDF, or of several that of their SHA-256s in hexadecimal, in order."""
    return digests[0] if len(digests) == 1 else _digest("".join(digests))


def sum_digests(digests: Collection[str]) -> str:
    """Return the digest of a file's template, or of several the SHA-256 over all, sorted."""
    return sum_pdfs(sorted(set(digests)))


def name_templates(names: Collection[str]) -> str:
    """Return the names of a file's templates, of many the first."""
    distinct = sorted(set(names))
    more = len(distinct) - _NAMED_TEMPLATES
    return ", ".join(distinct[:_NAMED_TEMPLATES]) + (f" and {more} more" if more > 0 else "")


def describe_defect(exc: Exception) -> str:
    """Say where the program broke, without the exception's own words: they may quote a customer."""
    frame = traceback.extract_tb(exc.__traceback__)[-1]
    place = f"{PurePath(frame.filename).name}, line {frame.lineno}, in {frame.name}"
    return f"the program failed on this file: {type(exc).__name__} at {place}; please report it"


def in_threads(call: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, Callable[[], R]]]:
    """Yield each item, in order, with a call that returns its result or raises its error.

    Only a few results wait at a time, so memory does not grow with the batch.
    """
    with ThreadPoolExecutor(_S3_THREADS, thread_name_prefix="s3") as threads:
        window: deque[tuple[T, Future[R]]] = deque()
        for item in items:
            window.append((item, threads.submit(call, item)))
            if len(window) > 2 * _S3_THREADS:
                first, future = window.popleft()
                yield first, future.result
        for first, future in window:
            yield first, future.result


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
