"""ISO 20022 camt.053 files, of any version, to statements: one <Stmt> in memory at a time.

Not here: joining a statement's pages that are statements of their own. Entities, DTDs and the network are
never used, whatever a file asks for.
"""

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias, cast

from lxml import etree

from pdfme_dagster.domain.money import decimals_of, is_currency
from pdfme_dagster.domain.privacy import mask_numbers, show_value
from pdfme_dagster.domain.statement import Statement, Transaction
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing.amounts import read_amount
from pdfme_dagster.parsing.dates import compile_date
from pdfme_dagster.parsing.drafts import Draft, Refused, refuse_amount, refuse_date
from pdfme_dagster.parsing.notes import Notes
from pdfme_dagster.parsing.profile import Camt053Profile
from pdfme_dagster.parsing.source import BinarySource

_Element: TypeAlias = etree._Element

_BLOCK_BYTES = 64 * 1024
_END_OF_FILE = b"\x1a"
_MAX_LINE = 0xFFFF
_SHOWN_ROOT = 60
_CAMT053 = re.compile(r"\bcamt\.053\.")
_AMOUNT = re.compile(r"\+?([0-9]*)\.?([0-9]*)")
# The day of a date or a moment; both may have an offset from UTC, which does not change what is printed.
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T[0-9]{2}:.*|Z|[+-][0-9]{2}:[0-9]{2})?")
_CONTROL = re.compile(r"[\x7f-\x9f]")
# Some of libxml2's numbers for what is wrong.
_REASONS = {
    4: "it does not start with a tag",
    5: "something follows its end",
    9: "a character is not allowed",
    26: "an entity is not declared",
    32: "its encoding is not known",
    76: "a tag is closed by another",
    77: "it ends in the middle",
    81: "bytes are not in its encoding",
}
_read_iso_date = compile_date("yyyy-MM-dd")

# Which balances are read, by their code. There is only one of each in a statement, but for the last.
_SINGLE = ("OPBD", "PRCD", "CLBD")
_INTERIM = "ITBD"
_AVAILABLE = "CLAV"
_OPENING = ("OPBD", "PRCD")
_CLOSING = ("CLBD",)


class _Balance(NamedTuple):
    """What the customer owes, and when."""

    owed: int
    date: date | None


class _Scope(NamedTuple):
    """What the parts of one statement have in common."""

    line: int
    currency: str
    notes: Notes


def read_camt053(source: BinarySource, profile: Camt053Profile, notes: Notes) -> Iterator[Draft | Refused]:
    """Yield every statement as it comes, without an organisation.

    ParseError ``unsafe_xml`` for a file with a document type, ``bad_record`` for one that is no camt.053 or,
    after the statements before the break, is not well-formed.
    """
    _check_root(source)
    for element in _cut_statements(source):
        yield _read(element, profile, notes)


# --- XML ---


class _Prolog:
    """Sees what stands before the root element; libxml2 tells of a document type before it reads into it."""

    root = ""

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise ParseError(
            "unsafe_xml", "the XML has a document type (<!DOCTYPE …>), which no camt.053 has; send it without"
        )

    def start(self, tag: str, _attributes: object) -> None:
        self.root = self.root or tag

    def close(self) -> None:
        return None


class _Blocks:
    """A stream without the end-of-file mark that some hosts put behind the text."""

    def __init__(self, source: BinarySource) -> None:
        self._source = source
        source.stream.seek(0)

    def read(self, size: int = _BLOCK_BYTES) -> bytes:
        block = self._source.stream.read(size)
        if self._source.bytes_done >= self._source.size_bytes:
            return block.rstrip(_END_OF_FILE)
        return block


def _check_root(source: BinarySource) -> None:
    namespace, _, name = _find_root(source).removeprefix("{").rpartition("}")
    if not _CAMT053.search(namespace):
        found = mask_numbers(f"{name} {namespace or 'without a namespace'}")[:_SHOWN_ROOT]
        message = f"the XML is no camt.053 statement file: its root is {found}; send the camt.053"
        raise ParseError("bad_record", message)


def _find_root(source: BinarySource) -> str:
    prolog, blocks = _Prolog(), _Blocks(source)
    parser = etree.XMLParser(target=cast("Any", prolog), no_network=True, load_dtd=False)
    try:
        while not prolog.root and (block := blocks.read()):
            parser.feed(block)
        if not prolog.root:
            parser.close()
    except etree.XMLSyntaxError as exc:
        # What is wrong behind the root is found later, when the statements before it have been read.
        if not prolog.root:
            raise _refuse_xml(exc) from None
    return prolog.root


def _cut_statements(source: BinarySource) -> Iterator[_Element]:
    parsed = etree.iterparse(
        _Blocks(source),
        events=("end",),
        tag="{*}Stmt",
        # False would let lxml end quietly at an entity that nobody has declared, and start again behind it.
        resolve_entities="internal",
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        for _, element in parsed:
            yield element
            _free(element)
    except etree.XMLSyntaxError as exc:
        raise _refuse_xml(exc) from None


def _free(element: _Element) -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _refuse_xml(error: etree.XMLSyntaxError) -> ParseError:
    """Return the error without libxml2's own words, which may quote the file."""
    code = getattr(error, "code", 0)
    reason = _REASONS.get(code, f"libxml2's error {code}")
    message = f"the XML is not well-formed: {reason}; make the file again and upload all of it"
    return ParseError("bad_record", message, line=error.lineno or None)


def _line_of(element: _Element) -> int:
    line = cast("int | None", element.sourceline) or 1
    if line < _MAX_LINE:
        return line
    # libxml2 has 16 bits for an element's line. Beyond, it knows where the first text in it ends.
    while not element.text and len(element):
        element = element[0]
    return line - (element.text or "").count("\n")


@lru_cache(maxsize=256)
def _in_any_version(path: str) -> str:
    return "/".join("{*}" + name for name in path.split("/"))


def _find(parent: _Element, path: str) -> _Element | None:
    return parent.find(_in_any_version(path))


def _find_all(parent: _Element, path: str) -> list[_Element]:
    return parent.findall(_in_any_version(path))


def _read_text(element: _Element | None) -> str:
    if element is None or not element.text or len(element):
        return ""
    if _CONTROL.search(element.text):
        message = "text has control characters; the XML is not in the encoding that it declares, correct that"
        raise ParseError("unknown_encoding", message, line=_line_of(element))
    return " ".join(element.text.split())


def _text(parent: _Element | None, *paths: str) -> str:
    """Return the first text that there is, its blanks and line ends as single blanks."""
    if parent is not None:
        for path in paths:
            text = _read_text(_find(parent, path))
            if text:
                return text
    return ""


def _texts(parent: _Element, path: str) -> list[str]:
    return list(filter(None, map(_read_text, _find_all(parent, path))))


# --- Statement ---


def _read(element: _Element, profile: Camt053Profile, notes: Notes) -> Draft | Refused:
    line, account = _line_of(element), ""
    try:
        account = _read_account(line, element)
        scope = _Scope(line, _find_currency(line, element) or profile.currency, notes)
        return Draft(line, _read_statement(scope, element, account))
    except ParseError as exc:
        return Refused(account, exc)


def _read_account(line: int, element: _Element) -> str:
    accounts = _find_all(element, "Acct")
    if len(accounts) != 1:
        message = (
            f"a statement has {len(accounts)} accounts (Acct) instead of one; correct it and upload again"
        )
        raise ParseError("bad_record", message, line=line)
    account = _text(accounts[0], "Id/IBAN", "Id/Othr/Id")
    if not account:
        message = "a statement's account has no number (Acct/Id); correct it and upload again"
        raise ParseError("bad_record", message, line=line)
    return account


def _find_currency(line: int, element: _Element) -> str:
    code = _text(element, "Acct/Ccy")
    if not code:
        amounts = [*_find_all(element, "Bal/Amt"), *_find_all(element, "Ntry/Amt")]
        code = next(filter(None, (amount.get("Ccy", "") for amount in amounts)), "")
    if code and not is_currency(code):
        message = f'currency "{show_value(code)}" is no ISO 4217 code, like BHD; correct it and upload again'
        raise ParseError("bad_record", message, line=line)
    return code


def _read_statement(scope: _Scope, element: _Element, account: str) -> Statement:
    balances = _read_balances(scope, element)
    opening, closing = _choose_balances(balances)
    available = balances.get(_AVAILABLE)
    _note_missing(scope, element, opening, closing)
    return Statement(
        org_id="",
        account=account,
        name=_text(element, "Acct/Ownr/Nm"),
        address=tuple(_read_address(element)),
        statement_date=(closing and closing.date) or _read_statement_date(scope, element),
        currency=scope.currency,
        opening=None if opening is None else opening.owed,
        debits=_read_sum(scope, element, "TtlDbtNtries"),
        credits=_read_sum(scope, element, "TtlCdtNtries"),
        closing=None if closing is None else closing.owed,
        # What is available is the customer's: the one balance that is positive when the bank owes it.
        available=None if available is None else -available[0].owed,
        transactions=tuple(_read_entries(scope, element)),
        messages=tuple(_texts(element, "AddtlStmtInf")),
    )


def _note_missing(
    scope: _Scope, element: _Element, opening: _Balance | None, closing: _Balance | None
) -> None:
    if not _text(element, "Acct/Ownr/Nm"):
        scope.notes.count(scope.line, "no customer name (Acct/Ownr/Nm)")
    missing = [name for name, found in (("opening", opening), ("closing", closing)) if found is None]
    if missing:
        scope.notes.warn(scope.line, f"missing {', '.join(f'{name} balance' for name in missing)}")
    page = _text(element, "StmtPgntn/PgNb")
    if page and (page != "1" or _text(element, "StmtPgntn/LastPgInd") == "false"):
        scope.notes.warn(scope.line, f"page {show_value(page)} of a statement; printed as one of its own")


def _read_address(element: _Element) -> Iterator[str]:
    address = _find(element, "Acct/Ownr/PstlAdr")
    if address is None:
        return
    yield from _texts(address, "AdrLine")
    for parts in (("StrtNm", "BldgNb"), ("PstCd", "TwnNm"), ("Ctry",)):
        line = " ".join(filter(None, (_text(address, part) for part in parts)))
        if line:
            yield line


def _read_statement_date(scope: _Scope, element: _Element) -> date | None:
    text = _text(element, "FrToDt/ToDtTm", "FrToDt/ToDt", "CreDtTm")
    found = _read_sure_date(scope.line, "statement date", text)
    if found is None:
        scope.notes.warn(scope.line, "no statement date")
    return found


def _read_sure_date(line: int, name: str, text: str) -> date | None:
    try:
        return _read_day(text)
    except ValueError:
        raise refuse_date(line, name, text, "is no day written yyyy-MM-dd") from None


def _read_day(text: str) -> date | None:
    match = _DAY.fullmatch(text)
    return _read_iso_date(match[1] if match else text)


def _read_sum(scope: _Scope, element: _Element, name: str) -> int | None:
    total = _find(element, f"TxsSummry/{name}/Sum")
    if total is None or not total.text:
        return None
    return _read_minor(_line_of(total), f"{name}/Sum", _read_text(total), scope.currency)


# --- Balances and amounts ---


def _read_balances(scope: _Scope, element: _Element) -> dict[str, list[_Balance]]:
    balances: dict[str, list[_Balance]] = {}
    for each in _find_all(element, "Bal"):
        code = _text(each, "Tp/CdOrPrtry/Cd")
        if code in _SINGLE and code in balances:
            message = f"a statement has two {code} balances; two may have run together, correct it"
            raise ParseError("bad_record", message, line=_line_of(each))
        if code in {*_SINGLE, _INTERIM, _AVAILABLE}:
            balances.setdefault(code, []).append(_read_balance(scope, each, code))
    return balances


def _read_balance(scope: _Scope, element: _Element, code: str) -> _Balance:
    line = _line_of(element)
    amount = _read_amount(line, f"balance {code}", element, scope.currency)
    owed = -amount if _is_credit(line, element) else amount
    return _Balance(owed, _read_sure_date(line, f"date of {code}", _text(element, "Dt/Dt", "Dt/DtTm")))


def _choose_balances(balances: dict[str, list[_Balance]]) -> tuple[_Balance | None, _Balance | None]:
    """Return opening and closing; a page of a statement has interim balances in their place."""
    opening = next((balances[code][0] for code in _OPENING if code in balances), None)
    closing = next((balances[code][0] for code in _CLOSING if code in balances), None)
    interim = balances.get(_INTERIM, [])
    # A single one says where the page ends if the other end is there, and otherwise nothing.
    if len(interim) > 1 or (interim and (opening is None) is not (closing is None)):
        opening, closing = opening or interim[0], closing or interim[-1]
    return opening, closing


def _read_amount(line: int, name: str, parent: _Element, currency: str) -> int:
    """Return the amount of a balance or an entry; two would mean that two of those have run together."""
    amounts = _find_all(parent, "Amt")
    if len(amounts) != 1:
        message = f"{name} has {len(amounts)} amounts (Amt) instead of one; correct it and upload again"
        raise ParseError("bad_amount", message, line=line)
    code = amounts[0].get("Ccy", "")
    if code != currency:
        # A code is no name, but what stands in its place may be one.
        shown = code if is_currency(code) else f'"{show_value(code)}"'
        message = f"{name} is in {shown}, not in the statement's {currency}; correct it and upload again"
        raise ParseError("bad_amount", message, line=line)
    return _read_minor(line, name, _read_text(amounts[0]), currency)


def _read_minor(line: int, name: str, text: str, currency: str) -> int:
    match = _AMOUNT.fullmatch(text)
    if match is None or not (match[1] or match[2]):
        raise refuse_amount(line, name, text, "is not a number like 1234.50")
    try:
        # Both parts may be left out in XML's decimals, but not in ours.
        found = read_amount(f"{match[1] or 0}.{match[2] or 0}", 0, decimals_of(currency))
    except ValueError as exc:
        raise refuse_amount(line, name, text, exc) from exc
    return found[0] if found else 0


def _is_credit(line: int, element: _Element) -> bool:
    mark = _text(element, "CdtDbtInd")
    if mark not in {"CRDT", "DBIT"}:
        message = f'CdtDbtInd "{show_value(mark)}" is not CRDT or DBIT; correct it and upload again'
        raise ParseError("bad_record", message, line=line)
    return mark == "CRDT"


# --- Entries ---


def _read_entries(scope: _Scope, element: _Element) -> Iterator[Transaction]:
    number = 0
    for entry in _find_all(element, "Ntry"):
        line = _line_of(entry)
        status = _text(entry, "Sts/Cd", "Sts")
        if not status:
            scope.notes.count(line, "entry does not say whether it is booked (Sts); printed")
        elif status != "BOOK":
            scope.notes.count(line, "entry is not booked (Sts is not BOOK); left out")
            continue
        number += 1
        yield _read_entry(scope._replace(line=line), number, entry)


def _read_entry(scope: _Scope, number: int, entry: _Element) -> Transaction:
    details = _find_all(entry, "NtryDtls/TxDtls")
    # A batch has several: then only the entry itself speaks of all its money.
    single = details[0] if len(details) == 1 else None
    credit = _is_credit(scope.line, entry)
    amount = _read_amount(scope.line, "amount", entry, scope.currency)
    made = _text(single, "RltdDts/TxDtTm") or _text(entry, "ValDt/Dt", "ValDt/DtTm")
    posted = _text(entry, "BookgDt/Dt", "BookgDt/DtTm")
    if not made and not posted:
        scope.notes.warn(scope.line, f"row {number}: no date")
    currency, original = _read_original(scope, number, entry, single)
    return Transaction(
        date=_read_row_date(scope, number, "transaction date", made),
        posted=_read_row_date(scope, number, "posting date", posted),
        description=_describe(entry, details, credit=credit),
        amount=amount,
        credit=credit,
        original_currency=currency,
        original_amount=original,
    )


def _read_row_date(scope: _Scope, number: int, name: str, text: str) -> date | None:
    try:
        return _read_day(text)
    except ValueError:
        shown = show_value(text)
        scope.notes.warn(scope.line, f"row {number}: invalid date {shown} as {name}; printed without it")
        return None


def _read_original(
    scope: _Scope, number: int, entry: _Element, single: _Element | None
) -> tuple[str, int] | tuple[None, None]:
    """Return the first amount in another currency, of what was instructed and what was paid."""
    amount = next(_find_originals(scope, entry, single), None)
    if amount is None:
        return None, None
    code, text = amount.get("Ccy", ""), _read_text(amount)
    if not is_currency(code) or not text:
        message = f"row {number}: original currency or amount is missing or no ISO code"
        scope.notes.warn(scope.line, message)
        return None, None
    return code, _read_minor(scope.line, f"original amount in {code}", text, code)


def _find_originals(scope: _Scope, entry: _Element, single: _Element | None) -> Iterator[_Element]:
    for parent in (single, entry):
        for path in ("AmtDtls/InstdAmt/Amt", "AmtDtls/TxAmt/Amt"):
            amount = None if parent is None else _find(parent, path)
            if amount is not None and amount.get("Ccy") != scope.currency:
                yield amount


# --- Descriptions ---


def _describe(entry: _Element, details: list[_Element], *, credit: bool) -> str:
    """Return what kind of booking it was, with whom, and for what; else a reference."""
    parts = [_text(entry, "AddtlNtryInf")]
    if details and (len(details) == 1 or not parts[0]):
        parts += _describe_detail(entry, details[0], credit=credit)
    if len(details) > 1:
        parts.append(f"{len(details)} transactions" if parts[0] else f"and {len(details) - 1} more")
    return ", ".join(_drop_repeated(parts)) or _find_reference(entry, details)


def _describe_detail(entry: _Element, detail: _Element, *, credit: bool) -> list[str]:
    # A reversal goes the other way, between the same two.
    other = "Dbtr" if credit is not (_text(entry, "RvslInd") in {"true", "1"}) else "Cdtr"
    name = _text(detail, f"RltdPties/{other}/Nm", f"RltdPties/{other}/Pty/Nm")
    purpose = " ".join(_texts(detail, "RmtInf/Ustrd"))
    if not purpose:
        purpose = _text(detail, "RmtInf/Strd/AddtlRmtInf", "RmtInf/Strd/CdtrRefInf/Ref")
    return [_text(detail, "AddtlTxInf"), name, purpose]


def _drop_repeated(parts: list[str]) -> Iterator[str]:
    """Yield the parts that no other says already."""
    folded = [part.casefold() for part in parts]
    for number, part in enumerate(parts):
        others = [*folded[:number], *(each for each in folded[number + 1 :] if each != folded[number])]
        if part and not any(folded[number] in other for other in others):
            yield part


def _find_reference(entry: _Element, details: list[_Element]) -> str:
    names = ("EndToEndId", "InstrId", "TxId", "AcctSvcrRef")
    found = [_text(details[0], f"Refs/{name}") for name in names] if details else []
    found += [_text(entry, "AcctSvcrRef"), _text(entry, "NtryRef"), _text(entry, "BkTxCd/Prtry/Cd")]
    return next((each for each in found if each and each != "NOTPROVIDED"), "")
