"""What a file says of itself without its statements: read part by part, counted, and put together again.

Not here: cutting a file into parts (ranges.py), or what is done with the statements.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import BinaryIO

from pdfme_dagster.domain.statement import ParseWarning, Rejected
from pdfme_dagster.parsing.notes import Notes
from pdfme_dagster.parsing.profile import Profile
from pdfme_dagster.parsing.reader import StatementReader
from pdfme_dagster.parsing.source import ByteRange

_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSurvey:
    """What one part says: ``rejected`` have their positions in the part, ``org_id`` is the first statement's.

    ``identities`` are digests of account and day; ``has_strays``: of accounts that may start in another part.
    """

    customers: int
    rejected: tuple[Rejected, ...]
    notes: Notes
    org_id: str | None
    identities: frozenset[bytes]
    has_strays: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSurvey:
    """What a whole file says, as a ParsedFile of it does; ``statements`` is how many it has."""

    customers: int
    rejected: tuple[Rejected, ...]
    warnings: tuple[ParseWarning, ...]
    org_id: str | None
    profile: str

    @property
    def statements(self) -> int:
        """How many customers get one."""
        return self.customers - len(self.rejected)


def survey_part(
    stream: BinaryIO, profile: Profile, *, name: str = "", part: ByteRange | None = None
) -> PartSurvey:
    """Read a part of a file, None for all of it, and keep no statement; ParseError as of StatementReader."""
    reader = StatementReader(stream, profile, name=name, part=part)
    org_id = None
    for statement in reader:
        org_id = org_id or statement.org_id
    return PartSurvey(
        customers=reader.customers,
        rejected=tuple(reader.rejected),
        notes=reader.notes,
        org_id=org_id,
        identities=frozenset(map(_digest, reader.identities)),
        has_strays=reader.has_strays,
    )


def join_surveys(parts: Sequence[PartSurvey], profile: Profile) -> FileSurvey | None:
    """Return what the parts say together; None where one bears on another, and only the whole file tells.

    That is so when an account has two statements of a day, or records away from its statement.
    """
    if len(parts) > 1 and (any(part.has_strays for part in parts) or _has_repetition(parts)):
        return None
    notes, rejected, before = Notes(), list[Rejected](), 0
    for part in parts:
        notes.append(part.notes)
        rejected += [replace(each, position=before + each.position) for each in part.rejected]
        before += part.customers
    return FileSurvey(
        customers=before,
        rejected=tuple(rejected),
        warnings=notes.list_warnings(),
        org_id=next((part.org_id for part in parts if part.org_id is not None), None),
        profile=profile.name,
    )


def _has_repetition(parts: Sequence[PartSurvey]) -> bool:
    return len(frozenset().union(*(part.identities for part in parts))) < sum(
        len(part.identities) for part in parts
    )


def _digest(identity: tuple[str, object]) -> bytes:
    account, day = identity
    return blake2b(f"{account}\n{day}".encode(), digest_size=_DIGEST_BYTES).digest()
