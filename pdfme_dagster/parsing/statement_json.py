"""JSON documents of statements, and files of one statement a line, by a profile.

Not here: the interchange form itself (interchange.py), nor what a row (rows.py) or a field (fields.py) says.
A document's text is held whole, but the objects of one statement at a time.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Protocol

from pdfme_dagster.domain.memo import Memo
from pdfme_dagster.domain.privacy import show_sentence, show_value
from pdfme_dagster.domain.statement import Statement, Transaction
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing.drafts import Draft, Refused
from pdfme_dagster.parsing.fields import StatementFields
from pdfme_dagster.parsing.interchange import (
    InterchangeReader,
    JsonObject,
    Number,
    Steps,
    UnreadKeys,
    name_type,
    show_key,
    show_unknown_key,
)
from pdfme_dagster.parsing.notes import Notes
from pdfme_dagster.parsing.profile import STATEMENT_AMOUNTS, FieldSpec, JsonProfile, is_org_id
from pdfme_dagster.parsing.rows import RowReader, RowTexts
from pdfme_dagster.parsing.sides import SIDES, compile_sides
from pdfme_dagster.parsing.source import TextSource

_BLANKS = re.compile(r"[ \t\n\r]*")
_ODD = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_LINE_BREAK = re.compile(r"[\r\n]+")
# Beyond it, other programs' numbers skip some.
_MAX_EXACT: Final = 2**53
_MAX_LINE_DIGITS = 9
# A statement of so many characters has a million rows: what is held of a file that is no JSON.
_MAX_VALUE = 1 << 26
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
            twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
            self._trouble = f"key {show_unknown_key(twice)} comes twice in an object"
        return found

    def _refuse_constant(self, constant: str) -> None:
        self._trouble = f"{constant} is no amount"


class _Cursor:
    """A place in JSON text, which moves on value by value and holds no more than the next one.

    ParseError ``bad_record`` where the text is no JSON.
    """

    def __init__(self, pieces: Iterable[str], first_line: int, decoder: _Decoder) -> None:
        self._pieces = filter(None, pieces)
        self._decoder = decoder
        self._text, self._at, self._dropped = "", 0, 0
        self._line, self._counted = first_line, 0

    def peek(self) -> str:
        """Return the character that comes next, empty at the end."""
        while True:
            match = _BLANKS.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text) or not self._fetch(1):
                return self._text[self._at : self._at + 1]

    def find_line(self) -> int:
        """Return the number of the line that comes next."""
        self.peek()
        return self._line_at(self._at)

    def read(self) -> tuple[Any, str | None]:
        """Return the value that comes next, and why it must not be believed, or None."""
        self.peek()
        while True:
            try:
                value, end, trouble = self._decoder.decode(self._text, self._at)
            except json.JSONDecodeError as exc:
                held = len(self._text) - self._at
                if held > _MAX_VALUE or not self._fetch(held):
                    found = exc.msg.removesuffix(" at").removesuffix(" starting")
                    raise self._refuse(f"{found[:1].lower()}{found[1:]}", exc.pos) from exc
            except RecursionError as exc:
                raise self._refuse("lists or objects within each other too deep", self._at) from exc
            else:
                # A number may go on in the next piece.
                if end < len(self._text) or not self._fetch(1):
                    self._at = end
                    return value, trouble

    def walk_object(self) -> Iterator[str]:
        """Yield the keys of the object that comes next; whoever iterates takes each one's value before on."""
        seen: set[str] = set()
        for _ in self._walk("{", "}"):
            if self.peek() != '"':
                raise self._refuse("expecting a key in quotation marks", self._at)
            line = self.find_line()
            key, _ = self.read()
            if key in seen:
                message = f"key {show_unknown_key(key)} comes twice; correct it and upload the file again"
                raise ParseError("bad_record", message, line=line)
            seen.add(key)
            self._take(":")
            yield key

    def walk_list(self) -> Iterator[int]:
        """Number the elements of the list that comes next; whoever iterates takes each before going on."""
        yield from self._walk("[", "]")

    def end(self) -> None:
        """Refuse what comes behind the last value."""
        if self.peek():
            raise self._refuse("more text behind the end", self._at)

    def _walk(self, first: str, last: str) -> Iterator[int]:
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
        self._at += 1

    def _fetch(self, size: int) -> bool:
        """Add at least so many characters if there are any, and let go of those behind us."""
        pieces: list[str] = []
        # CR and LF of a line's end stay together.
        while size > 0 or (pieces and pieces[-1].endswith("\r")):
            piece = next(self._pieces, None)
            if piece is None:
                break
            pieces.append(piece)
            size -= len(piece)
        if pieces:
            self._line_at(self._at)
            self._dropped += self._at
            self._text = "".join((self._text[self._at :], *pieces))
            self._at = self._counted = 0
        return bool(pieces)

    def _refuse(self, found: str, at: int) -> ParseError:
        place = f"at character {self._dropped + at + 1:,}"
        message = f"no JSON {place}: {found}; correct it, or upload all of the file again"
        return ParseError("bad_record", message, line=self._line_at(at))

    def _line_at(self, at: int) -> int:
        """Return the number of the line at a place that is not before the last one asked for."""
        text, start = self._text, self._counted
        ends = text.count("\n", start, at) + text.count("\r", start, at) - text.count("\r\n", start, at)
        self._line, self._counted = self._line + ends, at
        return self._line


# --- Values to statements ---


def _read_lines(source: TextSource, reader: _Reader, notes: Notes) -> Iterator[Draft | Refused]:
    decoder, strays, sound = _Decoder(), 0, False
    for line, text in source.lines():
        if not text or text.isspace():
            notes.count(line, "blank line; skipped")
            continue
        cursor = _Cursor([text], line, decoder)
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


def _read_statement(
    reader: _Reader, line: int, path: Steps, value: Any, trouble: str | None
) -> Draft | Refused:
    found = JsonObject(line, path, value if isinstance(value, dict) else {})
    try:
        if not isinstance(value, dict):
            trouble = f"{name_type(value)} instead of a statement's object"
        if trouble:
            where = f"{found.place()}: " if path else ""
            raise ParseError(
                "bad_record", f"{where}{trouble}; correct it and upload the file again", line=line
            )
        return Draft(line, reader.read(found))
    except ParseError as exc:
        return Refused(reader.find_account(found), exc)


class _Document:
    """One document: an object with a list of statements in it, such a list, or a single statement."""

    def __init__(self, source: TextSource, profile: JsonProfile, reader: _Reader, notes: Notes) -> None:
        self._cursor = _Cursor(source.pieces(), source.first_line, _Decoder())
        self._path = tuple(profile.statements.split("."))
        self._reader = reader
        # Only our own form has customers whom an earlier reading refused.
        self._ours = isinstance(reader, InterchangeReader)
        self._unread = UnreadKeys(notes)
        self._skipped: dict[tuple[str, ...], int] = {}
        # Whether the list of statements has been found, or the way to it.
        self._found = self._descended = False

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
        line = self._cursor.find_line()
        # The document may turn out to be a statement itself.
        values: dict[str, tuple[Any, str | None]] = {}
        yield from self._search((), values)
        if self._found:
            for path, skipped_at in self._skipped.items():
                self._unread.note(skipped_at, path[:-1], path[-1:])
        elif self._descended:
            raise self._refuse_shape(".".join(self._path))
        else:
            statement = {key: value for key, (value, _) in values.items()}
            trouble = next((trouble for _, trouble in values.values() if trouble), None)
            yield _read_statement(self._reader, line, (), statement, trouble)

    def _search(
        self, path: tuple[str, ...], values: dict[str, tuple[Any, str | None]]
    ) -> Iterator[Draft | Refused]:
        """Look for the list of statements in the object that comes next, and keep its values until then."""
        for key in self._cursor.walk_object():
            place = (*path, key)
            if place == self._path:
                values.clear()
                yield from self._read_list(place)
            elif place == self._path[: len(place)] and self._cursor.peek() == "{":
                self._descended = True
                yield from self._search(place, {})
            elif self._ours and place == ("rejected",):
                yield from self._read_rejected()
            else:
                line, value = self._cursor.find_line(), self._cursor.read()
                if not self._found:
                    values[key] = value
                if not self._ours or place != ("warnings",):
                    self._skipped[place] = line

    def _read_list(self, path: Steps) -> Iterator[Draft | Refused]:
        self._found = True
        if self._cursor.peek() != "[":
            raise self._refuse_shape(JsonObject(0, path, {}).place())
        for number in self._cursor.walk_list():
            line = self._cursor.find_line()
            yield _read_statement(self._reader, line, (*path, number), *self._cursor.read())

    def _read_rejected(self) -> Iterator[Refused]:
        self._found = True
        for _ in self._cursor.walk_list():
            line = self._cursor.find_line()
            value, _ = self._cursor.read()
            yield _read_rejected(line, value if isinstance(value, dict) else {})

    def _refuse_shape(self, what: str) -> ParseError:
        message = (
            f"{what} is no list of statements; see docs/profiles/json.md, or set statements in the profile"
        )
        return ParseError("bad_record", message, line=self._cursor.find_line())


def _read_rejected(line: int, value: Mapping[str, Any]) -> Refused:
    """Return a customer whom an earlier reading refused, with the line of the file that it read."""
    account, message, first = (value.get(key) for key in ("account", "message", "line"))
    if not isinstance(message, str) or not message:
        message = "an entry of rejected has no message"
    if isinstance(first, Number):
        first = int(first) if first.isdecimal() and len(first) <= _MAX_LINE_DIGITS else line
    message = show_sentence(_ODD.sub(" ", message))[:_MAX_MESSAGE]
    error = ParseError("bad_record", message, line=first if type(first) is int else None)
    return Refused(account if isinstance(account, str) else "", error)


# --- Statements as a profile says ---


class _MappedReader:
    """Reads statements whose keys and texts are as a profile says."""

    def __init__(self, profile: JsonProfile, notes: Notes) -> None:
        marks = {
            "credit_marks": (*profile.credit_marks, "true"),
            "debit_marks": (*profile.debit_marks, "false"),
        }
        profile = profile.model_copy(update=marks)
        self._profile, self._notes = profile, notes
        self._specs = profile.fields or _OWN_FIELDS
        self._row_specs = profile.row_fields or _OWN_ROW_FIELDS
        self._fields = StatementFields(profile, self._specs, notes)
        self._rows: Memo[str, _RowMaker] = Memo(lambda code: _RowMaker(profile, self._row_specs, notes, code))
        self._known = _grow_tree([*_list_places(self._specs), profile.rows])
        self._known_in_rows = _grow_tree(_list_places(self._row_specs))
        self._unread = UnreadKeys(notes)

    def find_account(self, found: JsonObject) -> str:
        """Return the account number for the message that refuses a statement."""
        try:
            return self._read_one(found, "account")
        except ParseError:
            return ""

    def read(self, found: JsonObject) -> Statement:
        """Read a statement; ParseError when it cannot be read right."""
        self._note_unread(found.line, found.names(), found.values, self._known)
        account = self._read_one(found, "account")
        if not account:
            raise found.refuse(self._key_of("account"), "is missing")
        texts = {name: _read_parts(found, name, spec, self._profile) for name, spec in self._specs.items()}
        messages = texts.pop("message", [])
        try:
            said = self._fields.read(found.line, {name: parts for name, parts in texts.items() if parts})
        except ParseError as exc:
            raise _put_place(exc, found) from exc
        return Statement(
            org_id=self._read_organisation(found),
            account=account,
            transactions=tuple(self._read_rows(found, said["currency"])),
            messages=tuple(filter(None, map(str.strip, messages))),
            **said,
        )

    def _read_one(self, found: JsonObject, name: str) -> str:
        spec = self._specs.get(name)
        parts = _read_parts(found, name, spec, self._profile) if spec else []
        return " ".join(filter(None, map(str.strip, parts)))

    def _key_of(self, name: str) -> str:
        spec = self._specs.get(name)
        return str(spec.places[0]) if spec else name

    def _read_organisation(self, found: JsonObject) -> str:
        org_id = self._read_one(found, "organisation")
        if org_id and not is_org_id(org_id):
            reason = f'"{show_value(org_id)}" is not 1 to 32 letters, digits, _ or -'
            raise found.refuse(self._key_of("organisation"), reason)
        return org_id

    def _read_rows(self, found: JsonObject, currency: str) -> Iterator[Transaction]:
        key = self._profile.rows
        rows = _find(found, key)
        if rows is None:
            found.warn(self._notes, f"no {show_key(key)}; read as a statement without rows")
        maker, number = self._rows[currency], 1
        for each in JsonObject(found.line, found.path, {key: rows}).objects(key):
            self._note_unread(each.line, each.names(), each.values, self._known_in_rows)
            row = maker.make(number, each)
            if row is not None:
                number += 1
                yield row

    def _note_unread(
        self, line: int, path: tuple[str, ...], values: Mapping[str, Any], known: "_Tree"
    ) -> None:
        if not values.keys() <= known.keys():
            self._unread.note(line, path, (key for key in values if key not in known))
        for key, inner in known.items():
            value = values.get(key) if inner else None
            if isinstance(value, dict):
                self._note_unread(line, (*path, key), value, inner)


class _RowMaker:
    """Reads the rows of one file that are in one currency."""

    def __init__(
        self, profile: JsonProfile, specs: Mapping[str, FieldSpec], notes: Notes, currency: str
    ) -> None:
        self._profile, self._specs = profile, specs
        self._reader = RowReader(profile, specs, notes, currency)
        self._join = compile_sides(profile, specs, currency)

    def make(self, number: int, row: JsonObject) -> Transaction | None:
        """Read what would be row ``number`` of its statement; None when it is no row."""
        texts = {
            name: " ".join(_read_parts(row, name, spec, self._profile)) for name, spec in self._specs.items()
        }
        try:
            amount = texts.get("amount", "")
            if "debit" in texts or "credit" in texts:
                amount = self._join_amounts(row.line, texts)
            told = {name: texts[name] for name in RowTexts._fields if name in texts}
            empty = {"date": "", "posted": "", "description": ""}
            return self._reader.read(row.line, number, RowTexts(**{**empty, **told, "amount": amount}))
        except ParseError as exc:
            raise _put_place(exc, row) from exc

    def _join_amounts(self, line: int, texts: Mapping[str, str]) -> str:
        try:
            return self._join({name: texts[name].encode() for name in SIDES if name in texts}).decode()
        except ParseError as exc:
            raise ParseError(exc.code, exc.reason, line=line) from exc


def _put_place(error: ParseError, found: JsonObject) -> ParseError:
    """Return the error with the path to the object that it is about."""
    place = found.place()
    return ParseError(error.code, f"{place}: {error.reason}" if place else error.reason, line=error.line)


# --- Keys to texts ---

_Tree = dict[str, Any]  # of a tree each


def _list_places(specs: Mapping[str, FieldSpec]) -> list[str]:
    return [str(place) for spec in specs.values() for place in spec.places]


def _grow_tree(places: Iterable[str]) -> _Tree:
    """Return which keys lead to these places, level by level."""
    tree: _Tree = {}
    for place in places:
        branch = tree
        for key in place.split("."):
            branch = branch.setdefault(key, {})
    return tree


def _find(found: JsonObject, place: str) -> Any:
    """Return the value to which a key leads, or several with dots between; None when there is none."""
    value: Any = found.values
    for key in place.split("."):
        if value is None:
            return None
        if not isinstance(value, dict):
            raise found.refuse(place, f"leads through {name_type(value)}, not through objects")
        value = value.get(key)
    return value


def _read_parts(found: JsonObject, name: str, spec: FieldSpec, profile: JsonProfile) -> list[str]:
    """Return the texts of a field; of lists and of several lines where that is what it has."""
    parts: list[str] = []
    for place in map(str, spec.places):
        value = _find(found, place)
        values = value if name in _LISTS and isinstance(value, list) else [value]
        for each in values:
            if each is not None:
                text = _read_text(found, place, name, each)
                if isinstance(each, Number) and spec.type_of(name) == "amount":
                    text = text.replace(".", profile.decimal_point)
                parts += _LINE_BREAK.split(text) if name in _LISTS else [text]
    return [found.tidy(place, part) for part in parts]


def _read_text(found: JsonObject, place: str, name: str, value: Any) -> str:
    if name == "direction" and isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise found.refuse(place, f"is {name_type(value)}, not a text")
    if name == "account" and isinstance(value, Number) and not _is_exact(value):
        raise found.refuse(place, "is a number that programs round; write it in quotation marks")
    return value


def _is_exact(number: Number) -> bool:
    return number.isdecimal() and len(number) <= len(str(_MAX_EXACT)) and int(number) <= _MAX_EXACT
