"""A job: what has become of one upload. The states read the same here, in Postgres and in Redis.

Not here: the statements that change a state, which are guarded SQL (stores/sql/), nor any file's content.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class JobState(StrEnum):
    """Where a job stands; see stores/sql/0001_processing_jobs.sql for what each state promises."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class Guard(StrEnum):
    """What must hold, beside the state, for a job to go the way of an arrow."""

    ALWAYS = "always"
    LISTED_AGAIN = "it was missing or superseded, is listed now, and has a new name or retries left"
    BY_PERSON = "a person asked for the run"
    REPROCESS = "the run was asked to make completed jobs again"
    HELD = "the run still holds the claim"
    HELD_NO_PDFS = "the run still holds the claim, and no PDFs from before stand"
    HELD_PDFS_STAND = "the run still holds the claim, and PDFs from before stand"
    HELD_RETRIES_LEFT = "the run still holds the claim, and retries are left"
    HELD_NO_RETRIES = "the run still holds the claim, no retries are left, and no PDFs from before stand"
    HELD_NO_RETRIES_PDFS_STAND = (
        "the run still holds the claim, no retries are left, and PDFs from before stand"
    )
    DEAD_RETRIES_LEFT = "the run holds the claim and is not alive, and retries are left"
    DEAD_NO_RETRIES = (
        "the run holds the claim, is not alive, no retries are left, and no PDFs from before stand"
    )
    DEAD_NO_RETRIES_PDFS_STAND = (
        "the run holds the claim, is not alive, no retries are left, and PDFs from before stand"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """One way for a job to change its state; ``event`` names the SQL that does it, and nothing else may."""

    event: str
    source: JobState
    target: JobState
    guard: Guard


def _arrows(event: str, source: JobState, *ways: tuple[JobState, Guard]) -> tuple[Arrow, ...]:
    return tuple(Arrow(event=event, source=source, target=target, guard=guard) for target, guard in ways)


# The state machine; docs/jobs.md has a line for each arrow, and a test goes them all in SQL, and no other.
ARROWS = (
    *_arrows("start", JobState.PENDING, (JobState.PROCESSING, Guard.ALWAYS)),
    *_arrows("start", JobState.FAILED, (JobState.PROCESSING, Guard.BY_PERSON)),
    *_arrows("start", JobState.COMPLETED, (JobState.PROCESSING, Guard.REPROCESS)),
    *_arrows("complete", JobState.PROCESSING, (JobState.COMPLETED, Guard.HELD)),
    *_arrows(
        "fail",
        JobState.PROCESSING,
        (JobState.FAILED, Guard.HELD_NO_PDFS),
        (JobState.COMPLETED, Guard.HELD_PDFS_STAND),
    ),
    *_arrows("postpone", JobState.PROCESSING, (JobState.PENDING, Guard.HELD)),
    *_arrows(
        "requeue",
        JobState.PROCESSING,
        (JobState.PENDING, Guard.HELD_RETRIES_LEFT),
        (JobState.FAILED, Guard.HELD_NO_RETRIES),
        (JobState.COMPLETED, Guard.HELD_NO_RETRIES_PDFS_STAND),
    ),
    *_arrows(
        "release",
        JobState.PROCESSING,
        (JobState.PENDING, Guard.DEAD_RETRIES_LEFT),
        (JobState.FAILED, Guard.DEAD_NO_RETRIES),
        (JobState.COMPLETED, Guard.DEAD_NO_RETRIES_PDFS_STAND),
    ),
    *_arrows(
        "release_stuck",
        JobState.PROCESSING,
        (JobState.PENDING, Guard.DEAD_RETRIES_LEFT),
        (JobState.FAILED, Guard.DEAD_NO_RETRIES),
        (JobState.COMPLETED, Guard.DEAD_NO_RETRIES_PDFS_STAND),
    ),
    *_arrows("admit", JobState.FAILED, (JobState.PENDING, Guard.LISTED_AGAIN)),
    *_arrows("retry", JobState.FAILED, (JobState.PENDING, Guard.ALWAYS)),
    *_arrows("mark_job_for_retry", JobState.FAILED, (JobState.PENDING, Guard.ALWAYS)),
    *_arrows("mark_job_for_retry", JobState.PROCESSING, (JobState.PENDING, Guard.ALWAYS)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A row of the job table as an operator reads it."""

    etag: str
    key: str
    state: JobState
    created_at: datetime
    completed_at: datetime | None
    pdf_location: str | None
    first_pdf: str | None
    error_code: str | None
    error_message: str | None
    statements: int
    pages: int
    rejected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownUpload:
    """An upload that has a job; ``put_again``: the same bytes once more since the job failed."""

    etag: str
    state: JobState
    put_again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A job that one run holds: only that run may complete, fail or requeue it.

    ``fence`` is greater than that of any claim of this job before. ``template_digest`` is that of the PDFs it
    already has, None where there are none.
    """

    etag: str
    key: str
    size_bytes: int
    fence: int
    template_digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What a finished job leaves behind.

    ``pdf_sha256`` is its PDF's, or of several that of their SHA-256s in hexadecimal, one behind the other.
    ``first_pdf`` is the first one at ``pdf_location``. ``profile`` read the file and ``warnings`` count what
    was odd about it; ``rejected`` customers got no PDF, and ``rejected_reason`` says who and why. Made again
    with the same ``template_digest``, the PDFs are the same bytes; ``template`` is its name.
    """

    etag: str
    pdf_location: str
    first_pdf: str
    statements: int
    pages: int
    pdf_bytes: int
    content_sha256: str | None
    pdf_sha256: str | None
    profile: str | None
    warnings: int = 0
    rejected: int = 0
    rejected_reason: str | None = None
    duplicate_of: str | None = None
    template: str | None = None
    template_digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedJob:
    """A completed job with what its partition shows.

    ``previous_digest`` is that of the PDFs which this run replaced by those of another template.
    """

    etag: str
    key: str
    pdf_location: str
    first_pdf: str
    statements: int
    pages: int
    pdf_bytes: int
    profile: str | None
    warnings: int = 0
    rejected: int = 0
    rejected_reason: str | None = None
    duplicate_of: str | None = None
    template: str | None = None
    template_digest: str | None = None
    previous_digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFailure:
    """Why a job ends ``failed`` (or goes back to ``pending``): a code to group by, a message to act on."""

    etag: str
    key: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a run got of what it asked for; ``elsewhere`` are another's jobs, ``unknown`` have none at all."""

    claimed: tuple[Claim, ...]
    completed: tuple[CompletedJob, ...]
    elsewhere: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDispatch:
    """Jobs handed to a run that has not claimed them yet."""

    dispatch_id: UUID
    jobs: int
    age_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A job taken back from a run: ``pending`` again, or ended when its retries are used up.

    Then it is ``failed``, or ``completed`` with the PDFs that it had before.
    """

    etag: str
    state: JobState
