"""Texts that say something about a whole statement to its values: name, address, date, balances, extras.

Not here: where in a file the texts stand, nor its rows (rows.py).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from pdfme_dagster.domain.memo import Memo
from pdfme_dagster.domain.money import is_currency
from pdfme_dagster.domain.privacy import show_value
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing.amounts import Negative
from pdfme_dagster.parsing.dates import compile_date
from pdfme_dagster.parsing.drafts import refuse_amount, refuse_date
from pdfme_dagster.parsing.notes import Notes
from pdfme_dagster.parsing.profile import (
    KEY_FIELDS,
    ROW_FIELDS,
    STATEMENT_AMOUNTS,
    STATEMENT_FIELDS,
    FieldSpec,
    TextProfile,
)
from pdfme_dagster.parsing.rows import compile_field_amount

_SPOKEN = {
    "opening": "opening balance",
    "debits": "total debits",
    "credits": "total credits",
    "closing": "closing balance",
    "available": "available amount",
    "statement_date": "statement date",
}
_NOT_EXTRA = KEY_FIELDS | ROW_FIELDS | STATEMENT_FIELDS | {"message", "text"}
# What a statement has that a file says nothing about.
UNSAID: Mapping[str, Any] = {
    "name": "",
    "address": (),
    "statement_date": None,
    **dict.fromkeys(STATEMENT_AMOUNTS),
    "extra": {},
}

# A field in UTF-8, or the parts of one.
Raw = bytes | list[bytes]


class StatementFields:
    """Reads the statement fields among ``specs``; one for all statements of a file.

    ``where`` stands before each warning, like ``record 1: ``.
    """

    def __init__(
        self, profile: TextProfile, specs: Mapping[str, FieldSpec], notes: Notes, *, where: str = ""
    ) -> None:
        self._where = where
        self._profile = profile
        self._specs = specs
        self._notes = notes
        self._extras = [name for name in specs if name not in _NOT_EXTRA]
        self._amounts = [name for name in STATEMENT_AMOUNTS if name in specs]
        self._currency_at = list(specs).index("currency") if "currency" in specs else None
        # By currency, whose decimals the amounts have; None for what is not read here.
        self._readers = Memo(self._compile_readers)

    def read(self, line: int, texts: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Return all of Statement's arguments that ``texts`` may say, by name.

        Each text is a sequence of parts; a name that is missing is not said. ParseError ``bad_amount``,
        ``bad_date`` or ``bad_record``.
        """
        raws = [_encode(texts.get(name, ())) for name in self._specs]
        currency = self.find_currency(line, raws) or self._profile.currency
        return {**UNSAID, "currency": currency, **self.read_raw(line, raws, currency)}

    def find_currency(self, line: int, raws: Sequence[Raw]) -> str | None:
        """Return the currency that the fields say, None when they do not."""
        code = "" if self._currency_at is None else _join(raws[self._currency_at]).decode()
        if code and not is_currency(code):
            message = (
                f'currency "{show_value(code)}" is no ISO 4217 code, like BHD; correct it and upload again'
            )
            raise ParseError("bad_record", message, line=line)
        return code or None

    def read_raw(self, line: int, raws: Sequence[Raw], currency: str) -> dict[str, Any]:
        """Return the arguments that are among the specs, in a currency that is known.

        ``raws`` are the specs' fields in their order.
        """
        found: dict[str, Any] = {}
        name, raw = "", raws[0] if raws else b""
        try:
            for (name, read), raw in zip(self._readers[currency], raws, strict=False):
                if read is not None:
                    found[name] = read(raw)
        except ValueError as exc:
            raise self._refuse(line, name, raw, exc) from exc
        self._note_unsaid(line, found)
        if self._extras:
            extras = {name: found.pop(name) for name in self._extras}
            found["extra"] = {name: value for name, value in extras.items() if value not in {None, ""}}
        return found

    def _note_unsaid(self, line: int, found: Mapping[str, Any]) -> None:
        if not found.get("name", True):
            self._notes.warn(line, f"{self._where}no customer name")
        if None in found.values():
            if found.get("statement_date", True) is None:
                self._notes.warn(line, f"{self._where}no statement date")
            missing = [_SPOKEN[name] for name in self._amounts if found[name] is None]
            if missing:
                self._notes.warn(line, f"{self._where}missing {', '.join(missing)}")

    def _refuse(self, line: int, name: str, raw: Raw, reason: ValueError) -> ParseError:
        spoken, text = _SPOKEN.get(name, name), _join(raw).decode()
        if self._specs[name].type_of(name) == "date":
            return refuse_date(line, spoken, text, f"is no day written {self._date_format(name)}")
        return refuse_amount(line, spoken, text, reason)

    # --- What reads each field ---

    def _compile_readers(self, currency: str) -> list[tuple[str, Callable[[Raw], Any] | None]]:
        read = {name for name in STATEMENT_FIELDS if name != "currency"} | {*self._extras}
        return [
            (name, self._compile_reader(name, currency) if name in read else None) for name in self._specs
        ]

    def _compile_reader(self, name: str, currency: str) -> Callable[[Raw], Any]:
        match self._specs[name].type_of(name):
            case "amount":
                return self._compile_amount(name, currency)
            case "date":
                read_date = compile_date(self._date_format(name))
                dates = Memo[bytes, date | None](lambda raw: read_date(raw.decode()))
                return lambda raw: dates[_join(raw)]
        if name == "address":
            return _read_address
        return lambda raw: _join(raw).decode()

    def _compile_amount(self, name: str, currency: str) -> Callable[[Raw], int | None]:
        read_amount = compile_field_amount(self._profile, self._specs[name], currency)
        signs = _SIGNS.get(name, _OWN)[self._profile.negative]

        def read(raw: Raw) -> int | None:
            amount = read_amount(raw if isinstance(raw, bytes) else _join(raw))
            return None if amount is None else amount[0] * signs[amount[1]]

        return read

    def _date_format(self, name: str) -> str:
        return self._specs[name].format or self._profile.date_format


# What an amount is multiplied by when its text says nothing, credit (True) or debit (False), by what a minus
# means in the file. Balances become what the customer owes; totals and the available amount stay as they are.
_Signs = Mapping[Negative, Mapping[bool | None, int]]
_OWED: _Signs = {"credit": {None: 1, True: -1, False: 1}, "debit": {None: -1, True: -1, False: 1}}
_OWN: _Signs = {"credit": {None: 1, True: -1, False: 1}, "debit": {None: 1, True: 1, False: -1}}
_DEBITS = {None: 1, True: -1, False: 1}
# A total of credits marked CR or minus is still that total.
_CREDITS = {None: 1, True: 1, False: -1}
_SIGNS: Mapping[str, _Signs] = {
    "opening": _OWED,
    "closing": _OWED,
    "debits": {"credit": _DEBITS, "debit": _DEBITS},
    "credits": {"credit": _CREDITS, "debit": _CREDITS},
}


def _encode(parts: Sequence[str]) -> Raw:
    return parts[0].encode() if len(parts) == 1 else [part.encode() for part in parts]


def _read_address(raw: Raw) -> tuple[str, ...]:
    parts = [raw] if isinstance(raw, bytes) else raw
    return tuple(text for part in parts if (text := part.decode().strip()))


def _join(raw: Raw) -> bytes:
    """Return a field of several parts as one, with blanks between what is not empty."""
    if isinstance(raw, bytes):
        return raw.strip()
    return b" ".join(filter(None, (part.strip() for part in raw)))
