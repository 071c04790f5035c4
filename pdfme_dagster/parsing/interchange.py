"""The interchange form: statements as JSON objects, written piece by piece and read back exactly.

Not here: JSON of other shapes, nor taking a document apart (statement_json.py). interchange.schema.json says
the same to other programs, docs/profiles/json.md to people.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Any, TextIO, TypeVar

from pdfme_dagster.domain.memo import Memo
from pdfme_dagster.domain.money import decimals_of, is_currency, to_decimal_text
from pdfme_dagster.domain.privacy import mask_numbers, show_value
from pdfme_dagster.domain.statement import ParseWarning, Rejected, Statement, Transaction
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing.amounts import Amount, compile_amount
from pdfme_dagster.parsing.dates import compile_date
from pdfme_dagster.parsing.drafts import refuse_amount, refuse_date
from pdfme_dagster.parsing.notes import Notes
from pdfme_dagster.parsing.profile import STATEMENT_AMOUNTS, is_org_id

_ROW_KEYS = frozenset(Transaction._fields)
_USUAL_KEYS = ("name", "address", "statement_date", *STATEMENT_AMOUNTS, "messages")
_STATEMENT_KEYS = frozenset({*Statement.__dataclass_fields__, "extra_types"})
_AMOUNT = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_BLANKS = re.compile(r"[\t\n\r\f]+")
# Readers refuse these as they are, or take them for a byte order mark.
_ESCAPED = re.compile(r"[\x7f-\x9f\ufeff\ud800-\udfff]")
_NAME = re.compile(r"[A-Za-z_@$][\w.$-]{0,39}", re.ASCII)
# More different ones are only counted.
_MAX_UNREAD = 100

# Both know little and forget it when it grows; a row's amounts and dates are most of the work.
_AMOUNTS = Memo[str, Callable[[bytes], Amount | None]](lambda code: compile_amount(0, decimals_of(code)))
_DAYS = Memo(compile_date("yyyy-MM-dd"))

Steps = tuple[str | int, ...]
T = TypeVar("T")


# --- Writing ---


def write_interchange(
    stream: TextIO,
    statements: Iterable[Statement],
    *,
    warnings: Callable[[], Iterable[ParseWarning]],
    rejected: Callable[[], Iterable[Rejected]],
) -> None:
    """Write a document, one line a statement as it comes, then what is known when all have been.

    The same values give the same text. What ``statements`` raises is raised, with the document unfinished.
    """
    stream.write('{"statements": ')
    _write_list(stream, map(describe_statement, statements))
    stream.write(',\n"warnings": ')
    _write_list(stream, ({"line": each.line, "message": each.message} for each in warnings()))
    stream.write(',\n"rejected": ')
    _write_list(stream, map(_describe_rejected, rejected()))
    stream.write("}\n")


def write_object(value: Mapping[str, Any]) -> str:
    """Return an object as one line of JSON that every reader of text files lets pass."""
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(value, ensure_ascii=False))


def describe_statement(statement: Statement) -> dict[str, Any]:
    """Return a statement as an object of the interchange form, its account number in full."""
    currency = statement.currency
    found: dict[str, Any] = {
        "org_id": statement.org_id,
        "account": statement.account,
        "name": statement.name,
        "address": list(statement.address),
        "statement_date": _write_day(statement.statement_date),
        "currency": currency,
        **{name: _write_amount(getattr(statement, name), currency) for name in STATEMENT_AMOUNTS},
        "transactions": [_describe_row(row, currency) for row in statement.transactions],
        "messages": list(statement.messages),
    }
    if statement.extra:
        found |= _describe_extra(statement.extra, currency)
    if statement.extra_records:
        found["extra_records"] = [list(record) for record in statement.extra_records]
    return found


def _write_list(stream: TextIO, values: Iterable[Mapping[str, Any]]) -> None:
    start = "[\n"
    for value in values:
        stream.write(start + write_object(value))
        start = ",\n"
    stream.write("[]" if start == "[\n" else "\n]")


def _describe_rejected(rejected: Rejected) -> dict[str, Any]:
    return {"account": rejected.account, "line": rejected.line, "message": rejected.message}


def _describe_row(row: Transaction, currency: str) -> dict[str, Any]:
    return {
        "date": _write_day(row.date),
        "posted": _write_day(row.posted),
        "description": row.description,
        "amount": _write_amount(row.amount, currency),
        "credit": row.credit,
        "original_currency": row.original_currency,
        "original_amount": _write_amount(row.original_amount, row.original_currency or currency),
    }


def _describe_extra(extra: Mapping[str, str | int | date], currency: str) -> dict[str, Any]:
    """Return the extras as texts, and the types of those that are none."""
    texts: dict[str, str] = {}
    types: dict[str, str] = {}
    for name, value in extra.items():
        match value:
            case int():
                texts[name], types[name] = to_decimal_text(value, currency), "amount"
            case date():
                texts[name], types[name] = value.isoformat(), "date"
            case _:
                texts[name] = value
    return {"extra": texts} | ({"extra_types": types} if types else {})


def _write_day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _write_amount(minor: int | None, currency: str) -> str | None:
    return None if minor is None else to_decimal_text(minor, currency)


# --- Reading ---


class Number(str):
    """A number as its document writes it; nothing is rounded, and a text it is not."""

    __slots__ = ()


class JsonObject:
    """A JSON object with the line where its statement starts and the path to it.

    What is null is not there. ParseError ``bad_record``, ``bad_amount`` or ``bad_date`` for what has not the
    type that is asked for.
    """

    __slots__ = ("line", "path", "values")

    def __init__(self, line: int, path: Steps, values: Mapping[str, Any]) -> None:
        self.line = line
        self.values = values
        self.path = path

    def place(self, *path: str | int) -> str:
        """Return the path to what is in here, written like ``statements[0].closing``."""
        parts = (f"[{part}]" if isinstance(part, int) else f".{show_key(part)}" for part in self.path + path)
        return "".join(parts).removeprefix(".")

    def refuse(self, key: str | int, found: str) -> ParseError:
        """Return the error for what is here under a key."""
        message = f"{self.place(key)} {found}; correct it and upload the file again"
        return ParseError("bad_record", message, line=self.line)

    def warn(self, notes: Notes, message: str) -> None:
        """Add a warning about this object."""
        notes.warn(self.line, f"{self.place()}: {message}" if self.path else message)

    def text(self, key: str) -> str | None:
        """Return a text in one line."""
        value = self.values.get(key)
        if value is None:
            return None
        if type(value) is not str:
            raise self.refuse(key, f"is {name_type(value)}, not a text")
        return self.tidy(key, value)

    def tidy(self, key: str | int, value: str) -> str:
        """Return a text with its line breaks and tabs as blanks; refuse other control characters."""
        if _CONTROL.search(value):
            value = _BLANKS.sub(" ", value)
            odd = _CONTROL.search(value)
            if odd:
                raise self.refuse(key, f"has the character U+{ord(odd[0]):04X}, which is not text")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts of a list."""
        return tuple(self._each(key, JsonObject._text_in))

    def amount(self, key: str, currency: str, *, negative: bool = True) -> int | None:
        """Return an amount in minor units, from a text or a number without exponent."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.refuse(key, f"is {name_type(value)}, not an amount")
        text = self.tidy(key, value)
        try:
            return _read_amount(text, currency, negative=negative)
        except ValueError as exc:
            raise refuse_amount(self.line, self.place(key), text, exc) from exc

    def day(self, key: str) -> date | None:
        """Return a date."""
        text = self.text(key)
        try:
            return None if text is None else _DAYS[text]
        except ValueError as exc:
            reason = "is no day written yyyy-MM-dd"
            raise refuse_date(self.line, self.place(key), text or "", reason) from exc

    def truth(self, key: str) -> bool:
        """Return true or false, which must be there."""
        value = self.values.get(key)
        if not isinstance(value, bool):
            raise self.refuse(key, "is missing" if value is None else "is neither true nor false")
        return value

    def inner(self, key: str) -> "JsonObject":
        """Return the object under a key; an empty one when it is not there."""
        value = self.values.get(key)
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise self.refuse(key, f"is {name_type(value)}, not an object")
        return self._step(key, value)

    def lists(self, key: str) -> Iterator[tuple[str, ...]]:
        """Yield the lists of texts in a list."""
        return self._each(key, JsonObject._texts_in)

    def objects(self, key: str) -> Iterator["JsonObject"]:
        """Yield the objects of a list."""
        return self._each(key, JsonObject._object_in)

    def _each(self, key: str, read: Callable[["JsonObject", int, Any], T]) -> Iterator[T]:
        value = self.values.get(key)
        if value is None:
            return
        if not isinstance(value, list):
            raise self.refuse(key, f"is {name_type(value)}, not a list")
        within = self._step(key, {})
        for number, each in enumerate(value):
            yield read(within, number, each)

    def names(self) -> tuple[str, ...]:
        """Return the path to this object without its numbers."""
        return tuple(part for part in self.path if isinstance(part, str))

    def _text_in(self, number: int, value: Any) -> str:
        if type(value) is not str:
            raise self.refuse(number, f"is {name_type(value)}, not a text")
        return self.tidy(number, value)

    def _object_in(self, number: int, value: Any) -> "JsonObject":
        if not isinstance(value, dict):
            raise self.refuse(number, f"is {name_type(value)}, not an object")
        return self._step(number, value)

    def _texts_in(self, number: int, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise self.refuse(number, f"is {name_type(value)}, not a list")
        within = self._step(number, {})
        return tuple(within._text_in(at, each) for at, each in enumerate(value))

    def _step(self, part: str | int, values: Mapping[str, Any]) -> "JsonObject":
        return JsonObject(self.line, (*self.path, part), values)


class UnreadKeys:
    """Warns of keys that nobody reads, each once: a misspelt one must not lose an amount unnoticed."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._seen: set[tuple[str, ...]] = set()

    def note(self, line: int, path: tuple[str, ...], keys: Iterable[str]) -> None:
        """Note keys of an object."""
        for key in keys:
            place = (*path, key)
            if place in self._seen or len(self._seen) < _MAX_UNREAD:
                self._seen.add(place)
                shown = ".".join([*map(show_key, path), show_unknown_key(key)])
                self._notes.count(line, f"key {shown} is not read; is it misspelt?")
            else:
                self._notes.count(line, "more keys are not read; are they misspelt?")


class InterchangeReader:
    """Reads statements in the interchange form; nothing in it needs to be guessed.

    ``currency`` is that of statements which do not name theirs.
    """

    def __init__(self, currency: str, notes: Notes) -> None:
        self._currency = currency
        self._notes = notes
        self._unread = UnreadKeys(notes)

    def find_account(self, found: JsonObject) -> str:
        """Return the account number for the message that refuses a statement."""
        value = found.values.get("account")
        return value if isinstance(value, str) else ""

    def read(self, found: JsonObject) -> Statement:
        """Read a statement; ParseError when it says anything that has no meaning."""
        self._note_unread(found, _STATEMENT_KEYS)
        account, currency = found.text("account"), self._read_currency(found)
        if account is None or not account.strip():
            raise found.refuse("account", "is missing")
        if found.values.get("transactions") is None:
            raise found.refuse("transactions", "is missing: write [] where there are none")
        self._note_missing(found)
        return Statement(
            org_id=_read_organisation(found),
            account=account,
            name=found.text("name") or "",
            address=found.texts("address"),
            statement_date=found.day("statement_date"),
            currency=currency,
            opening=found.amount("opening", currency),
            debits=found.amount("debits", currency),
            credits=found.amount("credits", currency),
            closing=found.amount("closing", currency),
            available=found.amount("available", currency),
            transactions=tuple(self._read_row(row, currency) for row in found.objects("transactions")),
            messages=found.texts("messages"),
            extra=_read_extra(found, currency),
            extra_records=tuple(found.lists("extra_records")),
        )

    def _read_currency(self, found: JsonObject) -> str:
        return _read_code(found, "currency") or self._currency

    def _read_row(self, row: JsonObject, currency: str) -> Transaction:
        self._note_unread(row, _ROW_KEYS)
        amount = row.amount("amount", currency, negative=False)
        if amount is None:
            raise row.refuse("amount", "is missing")
        original = _read_code(row, "original_currency")
        if original is None and row.values.get("original_amount") is not None:
            raise row.refuse("original_currency", "is missing, but not original_amount")
        if original is not None and row.values.get("original_amount") is None:
            raise row.refuse("original_amount", "is missing, but not original_currency")
        return Transaction(
            date=row.day("date"),
            posted=row.day("posted"),
            description=row.text("description") or "",
            amount=amount,
            credit=row.truth("credit"),
            original_currency=original,
            original_amount=row.amount("original_amount", original or currency, negative=False),
        )

    def _note_unread(self, found: JsonObject, known: AbstractSet[str]) -> None:
        if not found.values.keys() <= known:
            self._unread.note(found.line, found.names(), (key for key in found.values if key not in known))

    def _note_missing(self, found: JsonObject) -> None:
        """Warn of keys that are not there; null says that there is nothing, and is no oversight."""
        missing = [key for key in _USUAL_KEYS if key not in found.values]
        if missing:
            found.warn(self._notes, f"no {', '.join(missing)}")


def name_type(value: object) -> str:
    """Say what kind of JSON value this is."""
    match value:
        case Number():
            return "a number"
        case str():
            return "a text"
        case bool():
            return "true" if value else "false"
        case list():
            return "a list"
        case dict():
            return "an object"
    return "null"


def show_key(key: str) -> str:
    """Show a key in a message: what is no plain name may be a person's."""
    return mask_numbers(key) if _NAME.fullmatch(key) else f'"{show_value(_CONTROL.sub("?", key))}"'


def show_unknown_key(key: str) -> str:
    """Show a key that nobody asked for: one with a capital in front may be a person's name, too."""
    return f'"{show_value(key)}"' if key[:1].isupper() else show_key(key)


def _read_amount(text: str, currency: str, *, negative: bool) -> int:
    if not _AMOUNT.fullmatch(text):
        raise ValueError("is not a number like 1234.500")
    minus = text.startswith("-")
    if minus and not negative:
        raise ValueError("is negative; credit says the direction")
    minor, _ = _AMOUNTS[currency](text.removeprefix("-").encode()) or (0, None)
    return -minor if minus else minor


def _read_code(found: JsonObject, key: str) -> str | None:
    code = found.text(key)
    if code is not None and not is_currency(code):
        raise found.refuse(key, f'"{show_value(code)}" is no ISO 4217 code, like BHD')
    return code


def _read_organisation(found: JsonObject) -> str:
    org_id = found.text("org_id") or ""
    if org_id and not is_org_id(org_id):
        raise found.refuse("org_id", f'"{show_value(org_id)}" is not 1 to 32 letters, digits, _ or -')
    return org_id


def _read_extra(found: JsonObject, currency: str) -> dict[str, str | int | date]:
    texts, types = found.inner("extra"), found.inner("extra_types")
    read: dict[str, Callable[[str], str | int | date | None]] = {
        "amount": lambda key: texts.amount(key, currency),
        "date": texts.day,
        "text": texts.text,
    }
    extra: dict[str, str | int | date] = {}
    for key in texts.values:
        kind = types.text(key) or "text"
        if kind not in read:
            raise types.refuse(key, "is not amount, date or text")
        value = read[kind](key)
        if value is not None:
            extra[texts.tidy(key, key)] = value
    return extra
