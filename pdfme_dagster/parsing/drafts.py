"""What a format's reader finds, customer by customer, and what all readers refuse alike.

Not here: what is done with it (reader.py).
"""

from typing import NamedTuple

from pdfme_dagster.domain.privacy import show_value
from pdfme_dagster.domain.statement import Statement
from pdfme_dagster.errors import ParseError


class Draft(NamedTuple):
    """A statement and the line where it starts. Its ``org_id`` may be empty: then the file's name says it."""

    line: int
    statement: Statement


class Refused(NamedTuple):
    """A customer who cannot be read, by the account as the file has it.

    ``stray`` says that records of that account stand where they belong to no statement: if it has one, which
    may have been given out by then, that one lacks them.
    """

    account: str
    error: ParseError
    stray: bool = False


def refuse_amount(line: int, name: str, text: str, reason: object) -> ParseError:
    """Return the error for an amount that cannot be read."""
    message = f'{name} "{show_value(text.strip())}" {reason}; correct it and upload the file again'
    return ParseError("bad_amount", message, line=line)


def refuse_date(line: int, name: str, text: str, reason: object) -> ParseError:
    """Return the error for a date that a statement cannot do without."""
    message = f'{name} "{show_value(text.strip())}" {reason}; correct it and upload the file again'
    return ParseError("bad_date", message, line=line)
