"""Reads a statement file by its profile, one statement at a time, whatever its format.

Not here: how a format is read (records.py, table.py, statement_json.py, camt053.py, mt940.py), nor which
profile a file gets (profiles.py).
"""

import io
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Protocol

from pdfme_dagster.domain.privacy import mask_account, show_value
from pdfme_dagster.domain.statement import ParsedFile, ParseWarning, Rejected, Statement
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing.drafts import Draft, Refused
from pdfme_dagster.parsing.notes import Notes
from pdfme_dagster.parsing.profile import Profile, is_org_id
from pdfme_dagster.parsing.source import BinarySource, ByteRange, TextSource
from pdfme_dagster.parsing.totals import check_totals

UNBALANCED = "unbalanced"
_ORG_IN_NAME = re.compile(r"([A-Za-z0-9-]{1,32})_")
_SHOWN = 5

Reading = Callable[[Any, Any, Notes], Iterator[Draft | Refused]]


class StatementReader:
    """Gives a file's statements one by one; iterate it once.

    ``name`` is the file's, which may say the organisation: ``{orgId}_…``. ``part`` is a range of bytes from
    ``cut_ranges``. While iterating, ``customers``, ``rejected`` and ``warnings`` grow and ``bytes_done`` goes
    up to ``size_bytes``. ParseError codes: ``empty_file``, ``unknown_encoding``, ``no_statement``,
    ``no_organisation``, and what a format refuses as a whole.
    """

    def __init__(
        self, stream: BinaryIO, profile: Profile, *, name: str = "", part: ByteRange | None = None
    ) -> None:
        self.profile = profile
        self.customers = 0
        self.rejected: list[Rejected] = []
        self.notes = Notes()
        self.has_strays = False
        self._source: TextSource | BinarySource
        if profile.format == "camt053":
            self._source = BinarySource(stream)
        else:
            self._source = TextSource(stream, profile.encodings, part)
        self._named = organisation_of(name)
        self._seen: dict[tuple[str, object], int] = {}

    @property
    def encoding(self) -> str:
        """How the bytes are read as text."""
        return self._source.encoding

    @property
    def size_bytes(self) -> int:
        """How many bytes there are to read."""
        return self._source.size_bytes

    @property
    def bytes_done(self) -> int:
        """How many bytes have been read."""
        return self._source.bytes_done

    @property
    def warnings(self) -> tuple[ParseWarning, ...]:
        """What was odd so far, in the order of the lines."""
        return self.notes.list_warnings()

    @property
    def identities(self) -> Collection[tuple[str, object]]:
        """Account and day of each statement so far."""
        return self._seen.keys()

    def __iter__(self) -> Iterator[Statement]:
        """Read on."""
        found = _import_reader(self.profile.format)(self._source, self.profile, self.notes)
        for self.customers, each in enumerate(found, start=1):
            statement = self._accept(self.customers, each)
            if statement is not None:
                yield statement
        if not self.customers:
            raise ParseError(
                "no_statement",
                f"no statement in the file as profile {self.profile.name} reads it; upload all of it, "
                "or choose another profile",
            )

    def _accept(self, position: int, found: Draft | Refused) -> Statement | None:
        if isinstance(found, Refused):
            self.has_strays |= found.stray
            self._check_stray(found)
            self._reject(position, found.account, found.error)
            return None
        statement = self._settle_organisation(found)
        off = check_totals(statement, self.profile.control_totals)
        if off and self.profile.on_unbalanced == "fail":
            message = f"{'; '.join(off)}; correct it, or set on_unbalanced to warn"
            self._reject(position, statement.account, ParseError(UNBALANCED, message, line=found.line))
            return None
        for message in off:
            self.notes.warn(found.line, message)
        self._note_repetition(found.line, statement)
        return statement

    def _check_stray(self, found: Refused) -> None:
        """Refuse the whole file for a record that is missing in a statement given out already."""
        if found.stray and any(account == found.account for account, _ in self._seen):
            message = (
                f"{found.error.reason} (account {mask_account(found.account)}, whose statement lacks it)"
            )
            raise ParseError(found.error.code, message, line=found.error.line)

    def _reject(self, position: int, account: str, error: ParseError) -> None:
        self.rejected.append(
            Rejected(
                position=position,
                account=mask_account(account),
                line=error.line,
                code=error.code,
                message=error.reason,
            )
        )

    def _settle_organisation(self, found: Draft) -> Statement:
        statement, named = found.statement, self._named
        if statement.org_id:
            # A word before the first underscore need not be an organisation; a number is.
            if named and named != statement.org_id and any(map(str.isdigit, named)):
                said = f"organisation {show_value(statement.org_id)}, the file's name {show_value(named)}"
                self.notes.count(found.line, f"the record says {said}; the record is believed")
            return statement
        org_id = self.profile.organisation or named
        if not org_id:
            raise ParseError(
                "no_organisation",
                "neither the file nor its name says whose it is; name it {organisation}_… or set "
                f"organisation in profile {self.profile.name}",
            )
        return replace(statement, org_id=org_id)

    def _note_repetition(self, line: int, statement: Statement) -> None:
        key = (statement.account, statement.statement_date)
        first = self._seen.setdefault(key, line)
        if first != line:
            account = mask_account(statement.account)
            self.notes.warn(
                line, f"account {account} has a statement of the same day at line {first} already"
            )


def _import_reader(form: str) -> Reading:
    """Return what reads a format; a run imports the libraries of the formats that it meets."""
    match form:
        case "records":
            from pdfme_dagster.parsing.records import read_records

            return read_records
        case "table":
            from pdfme_dagster.parsing.table import read_table

            return read_table
        case "json":
            from pdfme_dagster.parsing.statement_json import read_json

            return read_json
        case "camt053":
            from pdfme_dagster.parsing.camt053 import read_camt053

            return read_camt053
        case _:
            from pdfme_dagster.parsing.mt940 import read_mt940

            return read_mt940


def parse(content: bytes, *, profile: Profile, name: str = "") -> ParsedFile:
    """Read a whole file at once; see StatementReader."""
    reader = StatementReader(io.BytesIO(content), profile, name=name)
    statements = tuple(reader)
    return ParsedFile(
        statements=statements,
        warnings=reader.warnings,
        rejected=tuple(reader.rejected),
        encoding=reader.encoding,
        profile=profile.name,
    )


class Counted(Protocol):
    """A file that was read, whether or not anybody still has its statements."""

    @property
    def customers(self) -> int:
        """How many there are, ``rejected`` included."""

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """Who gets no statement."""


def require_acceptable(parsed: Counted, profile: Profile) -> None:
    """Raise ParseError when the profile's rules do not let the good statements go ahead without the bad.

    An unbalanced statement always blocks its file where it is rejected at all (``on_unbalanced = "fail"``);
    others do unless ``on_bad_statement`` is ``"skip"`` and something is left.
    """
    blocking = [each for each in parsed.rejected if each.code == UNBALANCED]
    if profile.on_bad_statement == "fail_file" or len(parsed.rejected) == parsed.customers:
        blocking = list(parsed.rejected)
    if not blocking:
        return
    first, *others = blocking
    reason = first.message
    if parsed.customers > 1:
        reason += f" (account {first.account})"
    if others:
        reason += (
            f"; {len(blocking)} of {parsed.customers} statements rejected, also {_list_rejected(others)}"
        )
    raise ParseError(first.code, reason, line=first.line)


def describe_rejected(rejected: Sequence[Rejected], parsed: Counted) -> str:
    """Return one text that names the first of them, with account, line and reason, and counts the rest."""
    return f"{len(rejected)} of {parsed.customers} statements rejected: {_list_rejected(rejected)}"


def _list_rejected(rejected: Sequence[Rejected]) -> str:
    told = [
        f"account {each.account}, {'' if each.line is None else f'line {each.line}: '}{each.message}"
        for each in rejected[:_SHOWN]
    ]
    if len(rejected) > _SHOWN:
        told.append(f"and {len(rejected) - _SHOWN} more")
    return "; ".join(told)


def organisation_of(name: str) -> str | None:
    """Return the organisation that a file's name starts with, ``266`` in ``in/266_2025-09.txt``."""
    match = _ORG_IN_NAME.match(PurePosixPath(name).name)
    return match[1] if match and is_org_id(match[1]) else None
