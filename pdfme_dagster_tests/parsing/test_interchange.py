"""The interchange form: what is written reads back as the same, and the schema says what is written."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pdfme_dagster.domain.money import decimals_of, is_currency
from pdfme_dagster.domain.statement import ParsedFile, ParseWarning, Rejected, Statement, Transaction
from pdfme_dagster.parsing import HEAD_BYTES, load_profiles, parse
from pdfme_dagster.parsing import interchange as form
from pdfme_dagster.parsing.interchange import describe_statement, write_interchange, write_object

SAMPLES = Path(__file__).parent / "samples"
PROFILES = load_profiles()
SCHEMA = json.loads((Path(form.__file__).parent / "interchange.schema.json").read_text("utf-8"))
SCHEMA_CHECK = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
ROW = Transaction(date(2025, 9, 1), None, "SHOP", 12_500, False, "JPY", 3_000)
ROUND_TRIPS = settings(max_examples=150, deadline=None)


def make_statement(**changes: Any) -> Statement:
    said: dict[str, Any] = {
        "org_id": "900",
        "account": "5000000000000015",
        "name": "NOORA SAMPLEH",
        "address": ("Flat 12", "Riffa"),
        "statement_date": date(2025, 9, 21),
        "currency": "BHD",
        "opening": 0,
        "debits": 12_500,
        "credits": 0,
        "closing": 12_500,
        "available": None,
        "transactions": (ROW,),
        "messages": ("Thank you.",),
    }
    return Statement(**said | changes)


def write(
    *statements: Statement, warnings: tuple[ParseWarning, ...] = (), rejected: tuple[Rejected, ...] = ()
) -> str:
    stream = io.StringIO()
    write_interchange(stream, statements, warnings=lambda: warnings, rejected=lambda: rejected)
    return stream.getvalue()


def write_parsed(parsed: ParsedFile) -> str:
    return write(*parsed.statements, warnings=parsed.warnings, rejected=parsed.rejected)


def read_back(text: str, profile: str = "json") -> ParsedFile:
    return parse(text.encode(), profile=PROFILES[profile], name="900_a.json")


def list_faults(text: str) -> list[str]:
    return [error.message for error in SCHEMA_CHECK.iter_errors(json.loads(text))]


# --- Any statement ---

DAYS = st.none() | st.dates(date(1900, 1, 1), date(2199, 12, 31))
TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=30)
CURRENCIES = st.sampled_from(["BHD", "USD", "JPY", "CLF"])
MONEY = st.integers(-(10**18) + 1, 10**18 - 1)
MOVED = st.integers(0, 10**18 - 1)


@st.composite
def draw_row(draw: st.DrawFn) -> Transaction:
    original = draw(st.none() | CURRENCIES)
    return Transaction(
        date=draw(DAYS),
        posted=draw(DAYS),
        description=draw(TEXTS),
        amount=draw(MOVED),
        credit=draw(st.booleans()),
        original_currency=original,
        original_amount=draw(MOVED) if original else None,
    )


STATEMENTS = st.builds(
    Statement,
    org_id=st.from_regex("[A-Za-z0-9_-]{1,32}", fullmatch=True),
    account=TEXTS.filter(str.strip),
    name=TEXTS,
    address=st.lists(TEXTS, max_size=4).map(tuple),
    statement_date=DAYS,
    currency=CURRENCIES,
    opening=st.none() | MONEY,
    debits=st.none() | MONEY,
    credits=st.none() | MONEY,
    closing=st.none() | MONEY,
    available=st.none() | MONEY,
    transactions=st.lists(draw_row(), max_size=4).map(tuple),
    messages=st.lists(TEXTS, max_size=3).map(tuple),
    extra=st.dictionaries(TEXTS, TEXTS | MONEY | DAYS.filter(bool), max_size=3),
    extra_records=st.lists(st.lists(TEXTS, max_size=3).map(tuple), max_size=2).map(tuple),
)


@ROUND_TRIPS
@given(st.lists(STATEMENTS, min_size=1, max_size=3))
def test_any_statements_written_and_read_again_are_the_same(statements: list[Statement]) -> None:
    text = write(*statements)
    parsed = read_back(text)
    assert parsed.rejected == ()
    assert list(parsed.statements) == statements
    assert write(*parsed.statements) == text


@ROUND_TRIPS
@given(st.lists(STATEMENTS, min_size=1, max_size=3))
def test_any_statements_written_a_line_each_and_read_again_are_the_same(statements: list[Statement]) -> None:
    lines = [write_object(describe_statement(each)) for each in statements]
    assert list(read_back("\n".join(lines), "jsonl").statements) == statements


@ROUND_TRIPS
@given(st.lists(STATEMENTS, max_size=3))
def test_whatever_is_written_is_as_the_schema_says(statements: list[Statement]) -> None:
    assert list_faults(write(*statements)) == []


def list_samples() -> list[str]:
    return sorted(
        path.name for path in SAMPLES.iterdir() if path.suffix in {".txt", ".csv", ".xml", ".sta", ".jsonl"}
    )


@pytest.mark.parametrize("name", list_samples())
def test_what_is_read_from_any_format_goes_through_the_form_unchanged(name: str) -> None:
    content = (SAMPLES / name).read_bytes()
    profile = PROFILES.choose(name, content[:HEAD_BYTES])
    parsed = parse(content, profile=profile, name=f"900_{name}")
    text = write_parsed(parsed)
    again = read_back(text)
    assert list_faults(text) == []
    assert again.statements == parsed.statements
    assert [(each.account, each.line, each.message) for each in again.rejected] == [
        (each.account, each.line, each.message) for each in parsed.rejected
    ]


# --- What is written ---


def test_a_statement_is_written_under_the_documented_keys() -> None:
    assert describe_statement(make_statement()) == {
        "org_id": "900",
        "account": "5000000000000015",
        "name": "NOORA SAMPLEH",
        "address": ["Flat 12", "Riffa"],
        "statement_date": "2025-09-21",
        "currency": "BHD",
        "opening": "0.000",
        "debits": "12.500",
        "credits": "0.000",
        "closing": "12.500",
        "available": None,
        "transactions": [
            {
                "date": "2025-09-01",
                "posted": None,
                "description": "SHOP",
                "amount": "12.500",
                "credit": False,
                "original_currency": "JPY",
                "original_amount": "3000",
            }
        ],
        "messages": ["Thank you."],
    }


def test_what_a_profile_reads_beyond_is_written_as_texts_with_their_types() -> None:
    extra = {"limit": 1_000_000, "due": date(2025, 10, 12), "points": "120"}
    written = describe_statement(make_statement(extra=extra, extra_records=(("900", "", "3"),)))
    assert written["extra"] == {"limit": "1000.000", "due": "2025-10-12", "points": "120"}
    assert written["extra_types"] == {"limit": "amount", "due": "date"}
    assert written["extra_records"] == [["900", "", "3"]]
    assert "extra_types" not in describe_statement(make_statement(extra={"points": "120"}))


def test_a_document_has_a_line_for_each_statement_warning_and_rejected_customer() -> None:
    warning = ParseWarning(line=3, message="no customer name")
    rejected = Rejected(position=2, account="****0023", line=14, code="bad_amount", message="amount is bad")
    lines = write(make_statement(), make_statement(), warnings=(warning,), rejected=(rejected,)).split("\n")
    assert [line[:24] for line in lines] == [
        '{"statements": [',
        '{"org_id": "900", "accou',
        '{"org_id": "900", "accou',
        "],",
        '"warnings": [',
        '{"line": 3, "message": "',
        "],",
        '"rejected": [',
        '{"account": "****0023", ',
        "]}",
        "",
    ]
    assert json.loads("\n".join(lines))["rejected"] == [
        {"account": "****0023", "line": 14, "message": "amount is bad"}
    ]


def test_a_document_of_nothing_has_all_three_lists() -> None:
    assert write() == '{"statements": [],\n"warnings": [],\n"rejected": []}\n'


def test_a_statement_is_written_before_the_next_is_asked_for() -> None:
    stream = io.StringIO()

    def give() -> Iterator[Statement]:
        for account in ("5000000000000015", "5000000000000023"):
            assert stream.getvalue().count("org_id") == int(account == "5000000000000023")
            yield make_statement(account=account)

    write_interchange(stream, give(), warnings=tuple, rejected=tuple)
    assert stream.getvalue().count("org_id") == 2


def test_arabic_is_written_as_it_is_and_what_readers_refuse_as_escapes() -> None:
    text = write_object({"name": "هالة \ufeff \x85 \x00 \ud800"})
    assert text == '{"name": "هالة \\ufeff \\u0085 \\u0000 \\ud800"}'
    assert text.encode().decode() == text


# --- The schema ---


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_knows_the_same_currencies_and_decimals_as_we_do() -> None:
    groups = {"noDecimals": 0, "twoDecimals": 2, "threeDecimals": 3, "fourDecimals": 4}
    listed = {code: decimals for name, decimals in groups.items() for code in SCHEMA["$defs"][name]["enum"]}
    letters = [chr(code) for code in range(ord("A"), ord("Z") + 1)]
    every = {a + b + c for a in letters for b in letters for c in letters if is_currency(a + b + c)}
    assert listed == {code: decimals_of(code) for code in every}


def test_samples_of_the_form_are_as_the_schema_says() -> None:
    assert list_faults((SAMPLES / "statements.json").read_text("utf-8")) == []


Change = Callable[[dict[str, Any]], object]
FAULTS: dict[str, Change] = {
    "no warnings": lambda doc: doc.pop("warnings"),
    "another key": lambda doc: doc.update(generated="2025-09-01"),
    "no statement's key may be missing": lambda doc: doc["statements"][0].pop("available"),
    "misspelt": lambda doc: doc["statements"][0].update(amout="1.000"),
    "account is a number": lambda doc: doc["statements"][0].update(account=5000000000000015),
    "account is blank": lambda doc: doc["statements"][0].update(account=" "),
    "organisation is a path": lambda doc: doc["statements"][0].update(org_id="../900"),
    "no such currency": lambda doc: doc["statements"][0].update(currency="BDH"),
    "date in another order": lambda doc: doc["statements"][0].update(statement_date="21-09-2025"),
    "date in no calendar": lambda doc: doc["statements"][0].update(statement_date="2025-02-31"),
    "balance is a number": lambda doc: doc["statements"][0].update(closing=12.5),
    "balance with few decimals": lambda doc: doc["statements"][0].update(closing="12.50"),
    "balance with separators": lambda doc: doc["statements"][0].update(closing="1,012.500"),
    "balance marked": lambda doc: doc["statements"][0].update(closing="12.500CR"),
    "amount is null": lambda doc: doc["statements"][0]["transactions"][0].update(amount=None),
    "amount is negative": lambda doc: doc["statements"][0]["transactions"][0].update(amount="-12.500"),
    "amount in another's decimals": lambda doc: doc["statements"][0]["transactions"][0].update(amount="12"),
    "yen with decimals": lambda doc: doc["statements"][0]["transactions"][0].update(original_amount="30.00"),
    "original without currency": lambda doc: doc["statements"][0]["transactions"][0].update(
        original_currency=None
    ),
    "original without amount": lambda doc: doc["statements"][0]["transactions"][0].update(
        original_currency="GBP", original_amount=None
    ),
    "direction as a text": lambda doc: doc["statements"][0]["transactions"][0].update(credit="CR"),
    "row with another key": lambda doc: doc["statements"][0]["transactions"][0].update(debit=True),
    "message with a control character": lambda doc: doc["statements"][0].update(messages=["\x07"]),
    "address is a text": lambda doc: doc["statements"][0].update(address="Flat 12"),
    "types of no extras": lambda doc: doc["statements"][0].update(extra_types={"limit": "amount"}),
    "extra is a number": lambda doc: doc["statements"][0].update(extra={"points": 120}),
    "warning without line": lambda doc: doc.update(warnings=[{"line": None, "message": "odd"}]),
    "rejected with a full number": lambda doc: doc.update(
        rejected=[{"account": "5000000000000015", "line": 1, "message": "odd"}]
    ),
    "rejected with a name": lambda doc: doc.update(
        rejected=[{"account": "****0015", "line": 1, "message": "odd", "name": "HALA AL-DEMO"}]
    ),
}


@pytest.mark.parametrize("change", FAULTS.values(), ids=FAULTS)
def test_the_schema_refuses_what_is_not_in_the_form(change: Change) -> None:
    document = json.loads(write(make_statement()))
    assert list_faults(json.dumps(document)) == []
    change(document)
    assert list_faults(json.dumps(document)) != []
