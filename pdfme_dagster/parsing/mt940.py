"""SWIFT MT940 files to statements: messages of tagged fields, the pages of one statement joined.

Not here: the grammar of balances and statement lines; that is the mt-940 library's, field by field. Its
reading of a whole file is not used: it loses lines without a type, cuts long amounts, moves the 30th of
February, logs account numbers, and takes a text that is a path for a file.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from mt940.tags import TAG_BY_ID

from pdfme_dagster.domain.money import decimals_of, is_currency
from pdfme_dagster.domain.privacy import show_value
from pdfme_dagster.domain.statement import Statement, Transaction
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing.amounts import read_amount
from pdfme_dagster.parsing.dates import compile_date, is_no_date
from pdfme_dagster.parsing.drafts import Draft, Refused, refuse_amount, refuse_date
from pdfme_dagster.parsing.notes import Notes
from pdfme_dagster.parsing.profile import Mt940Profile
from pdfme_dagster.parsing.source import TextSource

_NUMBER = TAG_BY_ID[28].re
_BALANCE = TAG_BY_ID[60].re
_LINE = TAG_BY_ID[61].re

_TAG = re.compile(r"\s*:([0-9]{2}|NS)([A-Z]?):(.*)", re.DOTALL)
_ENVELOPE = re.compile(r"\s*(?:-\s*$|-\}|\{[1-5]:)")
_KIND = re.compile(r"\{2:[IO]([0-9]{3})")
# Without an envelope, a message does not say what it is.
_STATEMENT_KINDS = frozenset({"", "940", "950"})
# The order of fields in a message; others may stand anywhere. What is out of order is of another message.
_RANKS = {"20": 0, "21": 0, "25": 0, "28": 0, "60": 1, "61": 2, "62": 3, "64": 4, "65": 4}
_REQUIRED = ("20", "25", "60", "62")
_ONCE = frozenset({*_REQUIRED, "28", "64"})
_KNOWN = frozenset({*_RANKS, "13", "34", "86", "90", "NS"})

_AMOUNT = re.compile(r"[0-9]{1,15},[0-9]*")
_NO_AMOUNT = "is not a number like 1234,50, with a decimal comma and at most 15 characters"
_DIGIT = re.compile(r"[0-9.,]")
_ORIGINAL = re.compile(r"/OCMT/([A-Z]{3})([0-9]{1,15},[0-9]*)")
_NO_REFERENCE = frozenset({"", "NONREF", "NOTPROVIDED"})
_read_short_date = compile_date("yyMMdd")

# Texts are filled to these widths, words broken or not; what is shorter ends with its word.
_LINE_WIDTH = 65
_SUBFIELD_WIDTH = 27
# A business code, and ?20 or the like with another sign in place of the question mark.
_STRUCTURED = re.compile(r"[0-9]{3}([?<>~^@|])(?=[0-9]{2})")
_SEPA_PURPOSE = re.compile(r"SVWZ\+(.*?)(?=(?:EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|ABWA|ABWE|IBAN|BIC)\+|$)")
_CODEWORD = re.compile(
    r"/(TRTP|TRCD|IBAN|BIC|NAME|REMI|EREF|PREF|CREF|MARF|CSID|ORDP|BENM|CNTP|RTRN|ISDT|PURP|ADDR"
    r"|ULTC|ULTD|UDTR|UCRD|OCMT|CHGS|EXCH)(?=/)"
)
_REMITTANCE_KIND = re.compile(r"(?:USTD|STRD(?:/CUR)?)/+")
_NAME_IN_COUNTERPARTY = 2


class _Field(NamedTuple):
    """A tagged field: where it is, its tag and the letter behind that, and its lines."""

    line: int
    tag: str
    letter: str
    lines: list[str]

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines).strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    """One message, which is a page of a statement; its ``kind`` is empty without an envelope."""

    line: int
    kind: str
    fields: list[_Field] = field(default_factory=list)

    def find(self, tag: str) -> _Field | None:
        """Return the first field with this tag."""
        return next((each for each in self.fields if each.tag == tag), None)

    def find_text(self, tag: str) -> str:
        """Return the first line of that field, empty when there is none."""
        found = self.find(tag)
        return found.text.partition("\n")[0].strip() if found else ""

    def is_between(self, tag: str) -> bool:
        """Tell whether the balance with this tag is one between two pages."""
        found = self.find(tag)
        return found is not None and found.letter == "M"

    def starts_anew(self, tag: str) -> bool:
        """Tell whether a field with this tag belongs to another message.

        A second account does, as well as a reference: where that line is lost, two customers must not mix.
        """
        return tag == "20" or (tag == "25" and self.find(tag) is not None)

    def has_as_text(self, tag: str) -> bool:
        """Tell whether what looks like a tag is a part of a description, like a time of day."""
        return tag not in _KNOWN and self.fields[-1].tag == "86"


class _Balance(NamedTuple):
    """What the customer owes, and when, as it is written."""

    line: int
    owed: int
    currency: str
    day: str


class _Scope(NamedTuple):
    """What the lines of one statement have in common; ``day`` is the statement's."""

    currency: str
    day: date | None
    notes: Notes


def read_mt940(source: TextSource, _profile: Mt940Profile, notes: Notes) -> Iterator[Draft | Refused]:
    """Yield every statement, its pages joined, without an organisation and without a name."""
    for pages in _gather_pages(_cut_messages(source.lines(), notes)):
        yield _read(pages, notes)


# --- Messages and pages ---


def _cut_messages(lines: Iterable[tuple[int, str]], notes: Notes) -> Iterator[_Message]:
    """Yield messages; every line with a tag is in one of them, also one between two messages."""
    message: _Message | None = None
    kind = ""
    for number, line in lines:
        if _ENVELOPE.match(line):
            if message is not None:
                yield message
                message, kind = None, ""
            found = _KIND.search(line)
            kind, line = found[1] if found else kind, line.partition("{4:")[2]
        tag = _TAG.match(line)
        if tag is None or (message is not None and message.has_as_text(tag[1])):
            _take_text(message, number, line, notes)
            continue
        if message is not None and message.starts_anew(tag[1]):
            yield message
            message, kind = None, ""
        message = message or _Message(line=number, kind=kind)
        message.fields.append(_Field(number, tag[1], tag[2], [tag[3]]))
    if message is not None:
        yield message


def _take_text(message: _Message | None, number: int, line: str, notes: Notes) -> None:
    if message is not None:
        message.fields[-1].lines.append(line)
    elif line.strip(" \t$"):
        notes.count(number, "line outside of any message; not read")


def _gather_pages(messages: Iterable[_Message]) -> Iterator[list[_Message]]:
    """Yield the messages of each statement; whether they are all of its pages is not checked here."""
    pages: list[_Message] = []
    for message in messages:
        if pages and not _is_next_page(pages[-1], message):
            yield pages
            pages = []
        pages.append(message)
    if pages:
        yield pages


def _is_next_page(page: _Message, message: _Message) -> bool:
    numbers = {_read_number(each)[0] for each in (page, message)} - {""}
    same = page.find_text("25") == message.find_text("25") != "" and len(numbers) < 2
    return same and (page.is_between("62") or message.is_between("60"))


def _read_number(message: _Message) -> tuple[str, int | None]:
    """Return the number of the statement and that of the page in it."""
    text = message.find_text("28")
    match = _NUMBER.match(text)
    if match is None:
        return text, None
    return match[1].lstrip("0"), int(match[2]) if match[2] else None


def _check_fields(page: _Message, notes: Notes) -> None:
    """Refuse a message that is no statement, or has lost a field or taken one from another."""
    if page.kind not in _STATEMENT_KINDS:
        message = f"message is an MT{page.kind}, not a statement (MT940); leave it out"
        raise ParseError("bad_record", message, line=page.line)
    rank, seen = 0, set()
    for each in page.fields:
        now = _RANKS.get(each.tag, rank)
        if now < rank or (each.tag in _ONCE and each.tag in seen):
            message = (
                f"field :{each.tag}: is there twice or out of order; two statements may have run together"
            )
            raise ParseError("bad_record", message, line=each.line)
        if each.tag not in _KNOWN:
            notes.count(each.line, f"field :{each.tag}{each.letter}: is not known; not read")
        rank = now
        seen.add(each.tag)
    missing = [tag for tag in _REQUIRED if tag not in seen]
    if missing or not _find_account(page, ""):
        message = (
            f"field :{(missing or ['25'])[0]}: is missing or empty, the file may be cut off; upload all of it"
        )
        raise ParseError("bad_record", message, line=page.line)


# --- Statement ---


def _read(pages: Sequence[_Message], notes: Notes) -> Draft | Refused:
    try:
        return Draft(pages[0].line, _read_statement(pages, notes))
    except ParseError as exc:
        return Refused(_find_account(pages[0], ""), exc)


def _read_statement(pages: Sequence[_Message], notes: Notes) -> Statement:
    for page in pages:
        _check_fields(page, notes)
    balances = [_read_balances(page) for page in pages]
    _check_pages(pages, balances)
    opening, closing, available = balances[0]["60"], balances[-1]["62"], balances[-1].get("64")
    day = _read_statement_date(closing, notes)
    scope = _Scope(closing.currency, day, notes)
    lines, messages = _split_lines(each for page in pages for each in page.fields)
    return Statement(
        org_id="",
        account=_find_account(pages[0], closing.currency),
        name="",
        address=(),
        statement_date=day,
        currency=closing.currency,
        opening=opening.owed,
        debits=None,
        credits=None,
        closing=closing.owed,
        # What is available is the customer's: the one balance that is positive when the bank owes it.
        available=None if available is None else -available.owed,
        transactions=tuple(_read_line(scope, number, each) for number, each in enumerate(lines, start=1)),
        messages=tuple(filter(None, (_describe(each.lines) for each in messages))),
    )


def _check_pages(pages: Sequence[_Message], balances: Sequence[Mapping[str, _Balance]]) -> None:
    """Refuse a statement of which a page is missing, doubled or out of order, or of another account."""
    if pages[0].is_between("60") or pages[-1].is_between("62"):
        tag = ":60M:" if pages[0].is_between("60") else ":62M:"
        message = f"the page that belongs to the balance {tag} is missing; add it"
        raise ParseError("bad_record", message, line=pages[0].line)
    for number, after in enumerate(pages[1:], start=1):
        before, ended, begins = pages[number - 1], balances[number - 1]["62"], balances[number]["60"]
        first, second = _read_number(before)[1], _read_number(after)[1]
        in_order = second == (None if first is None else first + 1)
        between = before.is_between("62") and after.is_between("60")
        if not (in_order and between and (ended.owed, ended.currency) == (begins.owed, begins.currency)):
            message = f"page {second or '?'} does not go on where page {first or '?'} ends; put all in order"
            raise ParseError("bad_record", message, line=after.line)


def _find_account(page: _Message, currency: str) -> str:
    """Return the account without the bank in front of it and the currency behind."""
    parts = [part.strip() for part in page.find_text("25").split("/") if part.strip()]
    if len(parts) > 1 and parts[-1] == currency:
        parts.pop()
    account = parts[-1] if parts else ""
    return account.removesuffix(currency).rstrip(" -") or account


def _read_statement_date(closing: _Balance, notes: Notes) -> date | None:
    try:
        day = _read_short_date(closing.day)
    except ValueError:
        reason = "is no day written yyMMdd"
        raise refuse_date(closing.line, "date of :62:", closing.day, reason) from None
    if day is None:
        notes.warn(closing.line, "no statement date")
    return day


# --- Balances and amounts ---


def _read_balances(page: _Message) -> dict[str, _Balance]:
    found = {each.tag: _read_balance(each) for each in page.fields if each.tag in {"60", "62", "64"}}
    currency = found["60"].currency
    for each in found.values():
        if each.currency != currency:
            message = f"balance in {each.currency} in a statement in {currency}; correct it and upload again"
            raise ParseError("bad_record", message, line=each.line)
    return found


def _read_balance(found: _Field) -> _Balance:
    line, text = found.line, found.text
    match = _BALANCE.match(text)
    # The library cuts what is too long, and does not mind what stands behind.
    if match is None or match.end() != len(text) or not is_currency(match["currency"]):
        shown = show_value(" ".join(text.split()))
        message = f'field :{found.tag}: "{shown}" is no balance like C250930BHD1234,567; correct it'
        raise ParseError("bad_record", message, line=line)
    amount = _read_amount(line, f"balance :{found.tag}:", match["amount"], match["currency"])
    owed = -amount if match["status"].upper() == "C" else amount
    return _Balance(line, owed, match["currency"], match["year"] + match["month"] + match["day"])


def _read_amount(line: int, name: str, text: str, currency: str) -> int:
    if not _AMOUNT.fullmatch(text):
        raise refuse_amount(line, name, text, _NO_AMOUNT)
    try:
        # The comma may stand at the end, but not in ours.
        found = read_amount(f"{text}0", 0, decimals_of(currency), point=",")
    except ValueError as exc:
        raise refuse_amount(line, name, text, exc) from exc
    return found[0] if found else 0


# --- Statement lines ---


class _Line(NamedTuple):
    """A :61: field and all lines of the :86: fields that describe it."""

    entry: _Field
    details: list[str]


def _split_lines(fields: Iterable[_Field]) -> tuple[list[_Line], list[_Field]]:
    """Return the statement lines, every :61: one of them, and the :86: fields that describe none."""
    lines: list[_Line] = []
    messages: list[_Field] = []
    described = False
    for each in fields:
        if each.tag == "61":
            lines.append(_Line(each, []))
        if each.tag in _RANKS:
            described = each.tag == "61"
        elif each.tag == "86" and described:
            lines[-1].details.extend(each.lines)
        elif each.tag == "86":
            messages.append(each)
    return lines, messages


def _read_line(scope: _Scope, number: int, found: _Line) -> Transaction:
    line = found.entry.line
    head, _, rest = found.entry.text.partition("\n")
    match = _LINE.match(head)
    if match is None:
        message = f'field :61: "{show_value(head)}" is no statement line; correct it and upload again'
        raise ParseError("bad_record", message, line=line)
    # The library takes digits behind the fifteenth, or a decimal point, for the beginning of a reference.
    if _DIGIT.match(head, match.end("amount")):
        raise refuse_amount(line, "amount", head[match.start("amount") :], _NO_AMOUNT)
    supplement = " ".join(f"{match['extra_details'] or ''} {rest}".split())
    made = _read_date(scope, line, number, match["year"] + match["month"] + match["day"])
    currency, original = _read_original(scope, line, number, supplement, "".join(found.details))
    return Transaction(
        date=made,
        posted=_read_posted(scope, line, number, made, match),
        description=_describe(found.details) or _find_reference(match, supplement),
        amount=_read_amount(line, "amount", match["amount"], scope.currency),
        # A reversed credit is a debit, a reversed debit a credit.
        credit=match["status"].upper() in {"C", "RD"},
        original_currency=currency,
        original_amount=original,
    )


def _read_date(scope: _Scope, line: int, number: int, text: str) -> date | None:
    try:
        made = _read_short_date(text)
    except ValueError:
        _warn_of_date(scope, line, number, "transaction date", text)
        return None
    if made is None:
        scope.notes.warn(line, f"row {number}: no transaction date")
    return made


def _read_posted(
    scope: _Scope, line: int, number: int, made: date | None, match: re.Match[str]
) -> date | None:
    """Return the entry date, which has no year: the one next to the value date."""
    text, near = (match["entry_month"] or "") + (match["entry_day"] or ""), made or scope.day
    if near is None or is_no_date(text):
        return None
    found = []
    for year in (near.year - 1, near.year, near.year + 1):
        with suppress(ValueError):
            found.append(_read_short_date(f"{year % 100:02}{text}"))
    posted = min(filter(None, found), key=lambda each: abs(each - near), default=None)
    if posted is None:
        _warn_of_date(scope, line, number, "posting date", text)
    return posted


def _warn_of_date(scope: _Scope, line: int, number: int, name: str, text: str) -> None:
    shown = show_value(text)
    scope.notes.warn(line, f"row {number}: invalid date {shown} as {name}; printed without it")


def _read_original(scope: _Scope, line: int, number: int, *texts: str) -> tuple[str, int] | tuple[None, None]:
    match = next(filter(None, map(_ORIGINAL.search, texts)), None)
    if match is None or match[1] == scope.currency:
        return None, None
    if not is_currency(match[1]):
        scope.notes.warn(line, f"row {number}: original currency or amount is missing or no ISO code")
        return None, None
    return match[1], _read_amount(line, f"original amount in {match[1]}", match[2], match[1])


# --- Descriptions ---


def _describe(lines: Sequence[str]) -> str:
    """Return what the lines of an :86: field tell a customer, whichever of three ways they are written."""
    text = _unfold([lines[0], *(line.removeprefix("//") for line in lines[1:])], _LINE_WIDTH) if lines else ""
    structured = _STRUCTURED.match(text)
    parts: list[str] = []
    if structured:
        parts = _read_subfields(text, structured[1])
    elif _CODEWORD.search(text):
        parts = _read_codewords(text)
    told = ", ".join(filter(None, (" ".join(part.split()) for part in parts)))
    return told or " ".join(text.split())


def _unfold(parts: Iterable[str], width: int) -> str:
    """Join parts that were cut to a width: one that fills it may have been cut within a word."""
    return "".join(part if len(part) >= width else f"{part} " for part in parts).rstrip()


def _read_subfields(text: str, sign: str) -> list[str]:
    """Return booking text, name and purpose of the German form: 166?00BOOKING TEXT?20PURPOSE?32NAME."""
    _, *found = re.split(f"{re.escape(sign)}([0-9]{{2}})", text)
    subfields = list(zip(found[::2], found[1::2], strict=True))

    def gather(keys: str) -> str:
        chosen = (value for key, value in subfields if re.fullmatch(keys, key))
        return _unfold(chosen, _SUBFIELD_WIDTH)

    purpose = gather("2[0-9]|6[0-3]")
    sepa = _SEPA_PURPOSE.search(purpose)
    return [gather("00"), gather("32|33"), sepa[1] if sepa else purpose]


def _read_codewords(text: str) -> list[str]:
    """Return booking text, name and purpose of the form with words: /TRTP/TEXT/NAME/NAME/REMI/PURPOSE."""
    before, *found = _CODEWORD.split(text)
    values: dict[str, str] = {}
    for word, value in zip(found[::2], found[1::2], strict=True):
        values.setdefault(word, value.strip("/ "))
    name = values.get("NAME") or _name_counterparty(values.get("CNTP", ""))
    purpose = _REMITTANCE_KIND.sub("", values.get("REMI", ""), count=1)
    told = [values.get("TRTP", ""), name, purpose]
    return [before, *told] if any(told) else []


def _name_counterparty(text: str) -> str:
    """Return the name in account/bank/name/town."""
    parts = text.split("/")
    return parts[_NAME_IN_COUNTERPARTY] if len(parts) > _NAME_IN_COUNTERPARTY else ""


def _find_reference(match: re.Match[str], supplement: str) -> str:
    own, bank = ((match[name] or "").strip() for name in ("customer_reference", "bank_reference"))
    told = "" if supplement.startswith("/") else supplement
    found = (told, own, bank, (match["id"] or "").strip())
    return next((each for each in found if each not in _NO_REFERENCE), "")
