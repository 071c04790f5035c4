"""JSON documents of statements, and files of one statement a line, by a profile.

Not here: the interchange form itself (interchange.py), nor what a row (rows.py) or a field (fields.py) says.
A document's text is held whole, but the objects of one statement at a time.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from pdfme_dagster.domain.money import to_decimal_text
from pdfme_dagster.domain.privacy import mask_numbers, show_value
from pdfme_dagster.domain.statement import Statement, Transaction
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing.amounts import Amount
from pdfme_dagster.parsing.drafts import Draft, Refused, refuse_amount
from pdfme_dagster.parsing.fields import StatementFields
from pdfme_dagster.parsing.interchange import (
    InterchangeReader,
    JsonObject,
    Number,
    Path,
    UnreadKeys,
    name_type,
    show_key,
)
from pdfme_dagster.parsing.memo import Memo
from pdfme_dagster.parsing.notes import Notes
from pdfme_dagster.parsing.profile import STATEMENT_AMOUNTS, FieldSpec, JsonProfile, is_org_id
from pdfme_dagster.parsing.rows import RowReader, RowTexts, compile_field_amount
from pdfme_dagster.parsing.source import TextSource

_BLANKS = re.compile(r"[ \t\n\r]*")
_ODD = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_LINE_BREAK = re.compile(r"[\r\n]+")
# Beyond it, other programs' numbers skip some.
_MAX_EXACT: Final = 2**53
_MAX_LINE_DIGITS = 9
_MAX_MESSAGE = 500
# A file that starts with so many lines of something else has no statements on its lines.
_MAX_STRAYS = 100

# What our fields are called where a profile does not say it: as in the interchange form.
_OWN_FIELDS = {
    "organisation": FieldSpec(at="org_id"),
    "message": FieldSpec(at="messages"),
    **{
        name: FieldSpec(at=name)
        for name in ("account", "name", "address", "statement_date", "currency", *STATEMENT_AMOUNTS)
    },
}
_OWN_ROW_FIELDS = {
    "direction": FieldSpec(at="credit"),
    **{
        name: FieldSpec(at=name)
        for name in ("date", "posted", "description", "amount", "original_currency", "original_amount")
    },
}
_AMOUNTS = ("amount", "debit", "credit")
_LISTS = frozenset({"address", "message"})
# Keys of a profile that say how statements are written; who sets none of them has the interchange form.
_WRITTEN = (
    *("fields", "row_fields", "rows", "date_format", "decimals", "decimal_point", "negative"),
    *("credit_marks", "debit_marks", "credit_descriptions", "filler_descriptions", "heading_descriptions"),
)
_INTERCHANGE = JsonProfile(name="", format="json")


class _Reader(Protocol):
    """Reads the statement that an object says."""

    def read(self, found: JsonObject) -> Statement: ...

    def find_account(self, found: JsonObject) -> str: ...


def read_json(source: TextSource, profile: JsonProfile, notes: Notes) -> Iterator[Draft | Refused]:
    """Yield each statement of the file, read or refused.

    ParseError ``bad_record`` where a document is no JSON, or has no list of statements.
    """
    exact = is_interchange(profile)
    reader: _Reader = InterchangeReader(profile.currency, notes) if exact else _MappedReader(profile, notes)
    if profile.lines:
        yield from _read_lines(source, reader, notes)
    else:
        yield from _Document(source, profile, reader, notes).read()


def is_interchange(profile: JsonProfile) -> bool:
    """Tell whether a profile's statements are in the interchange form, which is read exactly."""
    return all(getattr(profile, key) == getattr(_INTERCHANGE, key) for key in _WRITTEN)


# --- Text to values ---


class _Decoder:
    """Makes values of JSON text; numbers stay as they are written."""

    def __init__(self) -> None:
        self._trouble: str | None = None
        self._json = json.JSONDecoder(
            object_pairs_hook=self._make_object,
            parse_float=Number,
            parse_int=Number,
            parse_constant=self._refuse_constant,
        )

    def decode(self, text: str, at: int) -> tuple[Any, int, str | None]:
        """Return the value at a place, the place behind it, and why it must not be believed, or None."""
        self._trouble = None
        value, end = self._json.raw_decode(text, at)
        return value, end, self._trouble

    def _make_object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            self._trouble = f"key {show_key(twice)} comes twice in an object"
        return found

    def _refuse_constant(self, constant: str) -> None:
        self._trouble = f"{constant} is no amount"


class _Cursor:
    """A place in JSON text, which moves on value by value. ParseError ``bad_record`` where it is no JSON."""

    def __init__(self, text: str, first_line: int, decoder: _Decoder) -> None:
        self._text = text
        self._decoder = decoder
        self._first_line = first_line
        self.rewind()

    def rewind(self) -> None:
        """Go back to the start."""
        self._at = _skip_blanks(self._text, 0)
        self._line, self._counted = self._first_line, 0

    def peek(self) -> str:
        """Return the character that comes next, empty at the end."""
        return self._text[self._at : self._at + 1]

    def find_line(self) -> int:
        """Return the number of the line that comes next."""
        return self._line_at(self._at)

    def read(self) -> tuple[Any, str | None]:
        """Return the value that comes next, and why it must not be believed, or None."""
        try:
            value, end, trouble = self._decoder.decode(self._text, self._at)
        except json.JSONDecodeError as exc:
            raise self._refuse(f"{exc.msg[:1].lower()}{exc.msg[1:]}", exc.pos) from exc
        except RecursionError as exc:
            raise self._refuse("lists or objects within each other too deep", self._at) from exc
        self._at = _skip_blanks(self._text, end)
        return value, trouble

    def keys(self) -> Iterator[str]:
        """Yield the keys of the object that comes next; whoever iterates takes each one's value before on."""
        seen: set[str] = set()
        for _ in self._members("{", "}"):
            line = self.find_line()
            key, _ = self.read()
            if type(key) is not str:
                raise self._refuse("a key is no text", self._at)
            if key in seen:
                message = f"key {show_key(key)} comes twice; correct it and upload the file again"
                raise ParseError("bad_record", message, line=line)
            seen.add(key)
            self._take(":")
            yield key

    def elements(self) -> Iterator[int]:
        """Number the elements of the list that comes next; whoever iterates takes each before going on."""
        yield from self._members("[", "]")

    def end(self) -> None:
        """Refuse what comes behind the last value."""
        if self.peek():
            raise self._refuse("more text behind the end", self._at)

    def _members(self, first: str, last: str) -> Iterator[int]:
        self._take(first)
        number = 0
        while number or self.peek() != last:
            yield number
            number += 1
            if self.peek() == last:
                break
            self._take(",")
        self._take(last)

    def _take(self, expected: str) -> None:
        if self.peek() != expected:
            raise self._refuse(f"expecting {expected}", self._at)
        self._at = _skip_blanks(self._text, self._at + 1)

    def _refuse(self, found: str, at: int) -> ParseError:
        message = f"no JSON: {found}; correct it, or upload all of the file again"
        return ParseError("bad_record", message, line=self._line_at(at))

    def _line_at(self, at: int) -> int:
        if at < self._counted:
            self._line, self._counted = self._first_line, 0
        text, start = self._text, self._counted
        ends = text.count("\n", start, at) + text.count("\r", start, at) - text.count("\r\n", start, at)
        self._line, self._counted = self._line + ends, at
        return self._line


def _skip_blanks(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at


# --- Values to statements ---


def _read_lines(source: TextSource, reader: _Reader, notes: Notes) -> Iterator[Draft | Refused]:
    decoder, strays, sound = _Decoder(), 0, False
    for line, text in source.lines():
        if not text or text.isspace():
            notes.count(line, "blank line; skipped")
            continue
        cursor = _Cursor(text, line, decoder)
        try:
            value, trouble = cursor.read()
            cursor.end()
        except ParseError as exc:
            strays += 1
            if strays > _MAX_STRAYS and not sound:
                message = f"the first {_MAX_STRAYS} lines are no JSON; profile json reads whole documents"
                raise ParseError("bad_record", message, line=line) from exc
            yield Refused("", exc)
        else:
            sound = True
            yield _read_statement(reader, line, (), value, trouble)


def _read_statement(reader: _Reader, line: int, path: Path, value: Any, trouble: str | None) -> Draft | Refused:
    found = JsonObject(line, path, value if isinstance(value, dict) else {})
    try:
        if not isinstance(value, dict):
            trouble = f"{name_type(value)} instead of a statement's object"
        if trouble:
            where = f"{found.place()}: " if path else ""
            raise ParseError("bad_record", f"{where}{trouble}; correct it and upload the file again", line=line)
        return Draft(line, reader.read(found))
    except ParseError as exc:
        return Refused(reader.find_account(found), exc)


class _Document:
    """One document: an object with a list of statements in it, such a list, or a single statement."""

    def __init__(self, source: TextSource, profile: JsonProfile, reader: _Reader, notes: Notes) -> None:
        self._cursor = _Cursor(source.text(), source.first_line, _Decoder())
        self._path = tuple(profile.statements.split("."))
        self._reader = reader
        # Only our own form has customers whom an earlier reading refused.
        self._ours = isinstance(reader, InterchangeReader)
        self._unread = UnreadKeys(notes)
        self._skipped: dict[tuple[str, ...], int] = {}
        self._found = False

    def read(self) -> Iterator[Draft | Refused]:
        """Yield each statement."""
        match self._cursor.peek():
            case "[":
                yield from self._read_list(())
            case "{":
                yield from self._read_object()
            case _:
                raise self._refuse_shape("the document")
        self._cursor.end()

    def _read_object(self) -> Iterator[Draft | Refused]:
        yield from self._search(())
        if self._found:
            for path, line in self._skipped.items():
                self._unread.note(line, path[:-1], path[-1:])
            return
        self._cursor.rewind()
        line = self._cursor.find_line()
        yield _read_statement(self._reader, line, (), *self._cursor.read())

    def _search(self, path: tuple[str, ...]) -> Iterator[Draft | Refused]:
        """Look for the list of statements in the object that comes next, whose path this is."""
        for key in self._cursor.keys():
            place = (*path, key)
            if place == self._path:
                yield from self._read_list(place)
            elif place == self._path[: len(place)] and self._cursor.peek() == "{":
                yield from self._search(place)
            elif self._ours and place == ("rejected",):
                yield from self._read_rejected()
            else:
                line = self._cursor.find_line()
                self._cursor.read()
                if not self._ours or place != ("warnings",):
                    self._skipped[place] = line

    def _read_list(self, path: Path) -> Iterator[Draft | Refused]:
        self._found = True
        if self._cursor.peek() != "[":
            raise self._refuse_shape(JsonObject(0, path, {}).place())
        for number in self._cursor.elements():
            line = self._cursor.find_line()
            yield _read_statement(self._reader, line, (*path, number), *self._cursor.read())

    def _read_rejected(self) -> Iterator[Refused]:
        self._found = True
        for _ in self._cursor.elements():
            line = self._cursor.find_line()
            value, _ = self._cursor.read()
            yield _read_rejected(line, value if isinstance(value, dict) else {})

    def _refuse_shape(self, what: str) -> ParseError:
        message = f"{what} is no list of statements; see docs/profiles/json.md, or set statements in the profile"
        return ParseError("bad_record", message, line=self._cursor.find_line())


def _read_rejected(line: int, value: Mapping[str, Any]) -> Refused:
    """Return a customer whom an earlier reading refused, with the line of the file that it read."""
    account, message, first = (value.get(key) for key in ("account", "message", "line"))
    if not isinstance(message, str) or not message:
        message = "an entry of rejected has no message"
    if isinstance(first, Number):
        first = int(first) if first.isdecimal() and len(first) <= _MAX_LINE_DIGITS else line
    message = mask_numbers(_ODD.sub(" ", message))[:_MAX_MESSAGE]
    error = ParseError("bad_record", message, line=first if type(first) is int else None)
    return Refused(account if isinstance(account, str) else "", error)
