"""JSON documents and lines of statements, in the interchange form and as a profile says."""

import copy
import io
import json
import re
from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdfme_dagster.domain.statement import ParsedFile, Transaction
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing import HEAD_BYTES, StatementReader, load_profiles, parse
from pdfme_dagster.parsing.profile import JsonProfile
from pdfme_dagster.parsing.statement_json import _Cursor, _Decoder, is_interchange

SAMPLES = Path(__file__).parent / "samples"
PAGE = (Path(__file__).parents[2] / "docs" / "profiles" / "json.md").read_text("utf-8")
PROFILES = load_profiles()
ONE, OTHER = "5000000000000015", "5000000000000023"
ALL_AGAIN = "; correct it, or upload all of the file again"
AGAIN = "; correct it and upload the file again"
ROW: dict[str, Any] = {
    "date": "2025-09-01",
    "posted": None,
    "description": "SHOP",
    "amount": "12.500",
    "credit": False,
    "original_currency": None,
    "original_amount": None,
}
STATEMENT: dict[str, Any] = {
    "org_id": "900",
    "account": ONE,
    "name": "NOORA SAMPLEH",
    "address": [],
    "statement_date": "2025-09-21",
    "currency": "BHD",
    "opening": "0.000",
    "debits": "12.500",
    "credits": "0.000",
    "closing": "12.500",
    "available": None,
    "transactions": [ROW],
    "messages": [],
}


def say(**changes: Any) -> dict[str, Any]:
    """Return a statement of the form, with some keys set otherwise."""
    return copy.deepcopy(STATEMENT) | changes


def say_row(**changes: Any) -> dict[str, Any]:
    """Return a statement with one row, with some of the row's keys set otherwise."""
    return say(transactions=[ROW | changes], debits=None, closing=None)


def parse_text(text: str, profile: str | JsonProfile = "json") -> ParsedFile:
    chosen = PROFILES[profile] if isinstance(profile, str) else profile
    return parse(text.encode(), profile=chosen, name="900_a.json")


def parse_all(*statements: Any) -> ParsedFile:
    return parse_text(json.dumps({"statements": statements, "warnings": [], "rejected": []}))


def make_profile(**keys: Any) -> JsonProfile:
    return JsonProfile(**{"name": "own", "format": "json", "control_totals": (), **keys})


def parse_mapped(*statements: Any, **keys: Any) -> ParsedFile:
    """Parse statements by a profile that says something, so that nothing has to be in the form."""
    return parse_text(json.dumps({"statements": statements}), make_profile(**{"decimals": 3, **keys}))


def refuse(text: str, profile: str | JsonProfile = "json") -> ParseError:
    with pytest.raises(ParseError) as error:
        parse_text(text, profile)
    return error.value


def list_rejected(parsed: ParsedFile) -> list[tuple[str, int | None, str]]:
    return [(each.account, each.line, each.message) for each in parsed.rejected]


def list_reasons(parsed: ParsedFile) -> list[str]:
    return [each.message for each in parsed.rejected]


def list_messages(parsed: ParsedFile) -> list[str]:
    return [f"line {warning.line}: {warning.message}" for warning in parsed.warnings]


# --- The interchange form ---


def test_a_document_in_the_form_is_read_with_the_shipped_profile() -> None:
    parsed = parse_text((SAMPLES / "statements.json").read_text("utf-8"))
    first, second = parsed.statements
    assert (first.org_id, first.account, first.name) == ("900", ONE, "NOORA SAMPLEH")
    assert first.address == ("Flat 12", "Building 345", "Road 6789", "Block 10")
    assert (first.statement_date, first.currency) == (date(2025, 9, 21), "BHD")
    assert (first.opening, first.debits, first.credits) == (50_000, 161_250, 100_000)
    assert (first.closing, first.available) == (111_250, 888_750)
    assert first.transactions == (
        Transaction(date(2025, 8, 23), date(2025, 8, 24), "Payment Received", 100_000, True),
        Transaction(date(2025, 8, 25), None, 'EXAMPLE "HYPERMARKET" MANAMA', 12_500, False),
        Transaction(
            date(2025, 8, 30), date(2025, 9, 1), "FICTIONAL AIR TOKYO", 148_750, False, "JPY", 59_000
        ),
    )
    assert first.messages == ("Thank you for banking with us.",)
    assert first.extra == {"limit": 1_000_000, "due": date(2025, 10, 12), "points": "120"}
    assert (second.name, second.closing, second.available) == ("هالة المثال", -125_000, None)


def test_a_customer_whom_an_earlier_reading_rejected_stays_rejected_and_its_warnings_are_dropped() -> None:
    parsed = parse_text((SAMPLES / "statements.json").read_text("utf-8"))
    assert list_rejected(parsed) == [("****0031", 14, 'amount "12,3x" is not a number')]
    assert parsed.warnings == ()


def test_lines_are_read_one_by_one_and_only_a_broken_one_is_lost() -> None:
    parsed = parse_text((SAMPLES / "statements.jsonl").read_text("utf-8"), "jsonl")
    assert [each.closing for each in parsed.statements] == [-25_000, 1_000]
    assert parsed.statements[0].transactions[1].original_amount == 6_000
    assert list_rejected(parsed) == [("****", 4, f"no JSON at character 210: unterminated string{ALL_AGAIN}")]
    assert list_messages(parsed) == ["line 3: blank line; skipped"]


def test_amounts_may_be_numbers_which_are_never_rounded() -> None:
    text = json.dumps({"statements": [say_row(amount=0)]}).replace(
        '"amount": 0', '"amount": 1234567890123.100'
    )
    (statement,) = parse_text(text).statements
    assert statement.transactions[0].amount == 1_234_567_890_123_100


@pytest.mark.parametrize(
    ("amount", "minor"),
    [("12.500", 12_500), ("12.5", 12_500), ("12", 12_000), (12, 12_000), ("0012.5000", 12_500), ("0", 0)],
)
def test_amounts_say_their_decimals_themselves(amount: object, minor: int) -> None:
    (statement,) = parse_all(say_row(amount=amount)).statements
    assert statement.transactions[0].amount == minor


def test_a_minus_before_a_balance_or_total_is_kept() -> None:
    minus = dict.fromkeys(("opening", "debits", "credits", "closing", "available"), "-25.000")
    (statement,) = parse_all(say(transactions=[], **minus)).statements
    assert {getattr(statement, name) for name in minus} == {-25_000}


@pytest.mark.parametrize("credit", [True, False])
def test_credit_decides_the_direction_whatever_the_description_says(credit: bool) -> None:
    (statement,) = parse_all(say_row(credit=credit, description="Refund CR")).statements
    assert statement.transactions[0].credit is credit


def test_texts_are_kept_as_they_are_but_for_line_breaks() -> None:
    parsed = parse_all(say(name="  NOORA\r\nSAMPLEH ", address=["", " Flat\t1"]))
    assert (parsed.statements[0].name, parsed.statements[0].address) == ("  NOORA SAMPLEH ", ("", " Flat 1"))


def test_what_names_no_currency_or_organisation_gets_that_of_profile_and_file_name() -> None:
    parsed = parse_text(json.dumps([say(currency=None, org_id=None), say(currency=None, org_id="")]))
    assert [(each.currency, each.org_id) for each in parsed.statements] == [("BHD", "900")] * 2


# Each change of a statement, and the reason for which it is then refused.
FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"account": None}, "account is missing"),
    ({"account": " "}, "account is missing"),
    ({"account": 5000000000000015}, "account is a number, not a text"),
    ({"name": ["NOORA"]}, "name is a list, not a text"),
    ({"name": "A\x1b[2J"}, "name has the character U+001B, which is not text"),
    ({"name": "A\ud800"}, "name has the character U+D800, which is not text"),
    ({"org_id": "../900"}, 'org_id "../900" is not 1 to 32 letters, digits, _ or -'),
    ({"address": "Flat 12"}, "address is a text, not a list"),
    ({"address": ["Flat 12", 5]}, "address[1] is a number, not a text"),
    ({"statement_date": "31/09/2025"}, 'statement_date "31/09/2025" is no day written yyyy-MM-dd'),
    ({"statement_date": "2025-02-31"}, 'statement_date "2025-02-31" is no day written yyyy-MM-dd'),
    ({"statement_date": 20250921}, "statement_date is a number, not a text"),
    ({"currency": "bhd"}, 'currency "…" is no ISO 4217 code, like BHD'),
    ({"currency": "XXX"}, 'currency "…" is no ISO 4217 code, like BHD'),
    ({"closing": "12,3x"}, 'closing "12,3x" is not a number like 1234.500'),
    ({"closing": "1,234.500"}, 'closing "1,234.500" is not a number like 1234.500'),
    ({"closing": "12.500CR"}, 'closing "12.500CR" is not a number like 1234.500'),
    ({"closing": "+12.500"}, 'closing "+12.500" is not a number like 1234.500'),
    ({"closing": "١٢"}, 'closing "١٢" is not a number like 1234.500'),
    ({"closing": ""}, 'closing "" is not a number like 1234.500'),
    ({"closing": "12.5001"}, 'closing "12.5001" has more than the 3 decimals of its currency'),
    ({"closing": "1" * 19}, 'closing "****1111" has more than 18 digits'),
    ({"closing": 1e300}, 'closing "1e+300" is not a number like 1234.500'),
    ({"closing": True}, "closing is true, not an amount"),
    ({"closing": {"amount": "1.000"}}, "closing is an object, not an amount"),
    ({"transactions": None}, "transactions is missing: write [] where there are none"),
    ({"transactions": {}}, "transactions is an object, not a list"),
    ({"transactions": [None]}, "transactions[0] is null, not an object"),
    ({"messages": [["a"]]}, "messages[0] is a list, not a text"),
    ({"extra": []}, "extra is a list, not an object"),
    ({"extra": {"points": 120}}, "extra.points is a number, not a text"),
    ({"extra": {"limit": "x"}, "extra_types": {"limit": "amount"}}, 'extra.limit "x" is not a number like'),
    ({"extra": {"limit": "1"}, "extra_types": {"limit": "money"}}, "extra_types.limit is not amount, date"),
    ({"extra": {"a\x00": "120"}}, 'extra."a?" has the character U+0000'),
    ({"extra_records": ["900"]}, "extra_records[0] is a text, not a list"),
    ({"extra_records": [["900", None]]}, "extra_records[0][1] is null, not a text"),
]


@pytest.mark.parametrize(("change", "reason"), FAULTS)
def test_a_statement_with_a_fault_is_refused_with_its_place(change: dict[str, Any], reason: str) -> None:
    parsed = parse_all(say(account=OTHER), say(**change), say(account=OTHER, statement_date="2025-08-21"))
    assert len(parsed.statements) == 2
    (message,) = list_reasons(parsed)
    assert message.startswith(f"statements[1].{reason}")
    assert message.endswith(AGAIN)
    assert "NOORA" not in message


# Each change of a row, and the reason for which its statement is then refused.
ROW_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"amount": None}, "amount is missing"),
    ({"amount": "-12.500"}, 'amount "-12.500" is negative; credit says the direction'),
    ({"amount": "12,500"}, 'amount "12,500" is not a number like 1234.500'),
    ({"credit": None}, "credit is missing"),
    ({"credit": "true"}, "credit is neither true nor false"),
    ({"credit": 1}, "credit is neither true nor false"),
    ({"date": "01092025"}, 'date "01092025" is no day written yyyy-MM-dd'),
    ({"description": 5}, "description is a number, not a text"),
    ({"original_amount": "1.00"}, "original_currency is missing, but not original_amount"),
    ({"original_currency": "GBP"}, "original_amount is missing, but not original_currency"),
    ({"original_currency": "GBP", "original_amount": "1.005"}, 'original_amount "1.005" has more than the 2'),
    ({"original_currency": "GBP", "original_amount": "-1.00"}, 'original_amount "-1.00" is negative'),
    ({"original_currency": "POUNDS"}, 'original_currency "…" is no ISO 4217 code'),
]


@pytest.mark.parametrize(("change", "reason"), ROW_FAULTS)
def test_a_row_with_a_fault_refuses_its_statement(change: dict[str, Any], reason: str) -> None:
    parsed = parse_all(say(account=OTHER), say(transactions=[ROW, ROW | change]))
    assert [each.account for each in parsed.statements] == [OTHER]
    (message,) = list_reasons(parsed)
    assert message.startswith(f"statements[1].transactions[1].{reason}")


@pytest.mark.parametrize("key", ["amount", "credit"])
def test_a_row_without_amount_or_direction_is_never_guessed(key: str) -> None:
    row = {name: value for name, value in ROW.items() if name != key}
    assert list_reasons(parse_all(say(transactions=[row])))[0].startswith(
        f"statements[0].transactions[0].{key} is missing"
    )


def test_a_misspelt_key_is_warned_of_once_with_how_often_it_came() -> None:
    row = ROW | {"amout": "1.000"}
    parsed = parse_text(
        "[\n" + ",\n".join(json.dumps(say(account=each, transactions=[row])) for each in (ONE, OTHER)) + "]"
    )
    assert list_messages(parsed) == [
        "line 2: key transactions.amout is not read; is it misspelt? (2 such lines, the last is 3)"
    ]


def test_keys_that_are_no_names_are_not_repeated_and_many_are_only_counted() -> None:
    odd = {"NOORA SAMPLEH": 1, "\x1b[2J": 2, "5000000000000015": 3, **{f"key{at}": 0 for at in range(200)}}
    messages = list_messages(parse_all(say(**odd)))
    assert len(messages) == 101
    shown = " ".join(messages)
    assert 'key statements."… …" is not read' in shown
    assert "NOORA" not in shown
    assert "\x1b" not in shown
    assert ONE not in shown
    assert "line 1: more keys are not read; are they misspelt? (103 such lines, the last is 1)" in messages


def test_an_unknown_key_that_may_be_a_name_is_not_repeated() -> None:
    assert list_messages(parse_all(say(Noora=1))) == [
        'line 1: key statements."…" is not read; is it misspelt?'
    ]
    twice = json.dumps([say()])[:-2] + ', "NOORA": 1, "NOORA": 2}]'
    assert 'key "…" comes twice' in list_reasons(parse_text(twice))[0]


def test_keys_that_are_left_out_are_one_warning_and_null_is_none() -> None:
    left = {key: value for key, value in STATEMENT.items() if key not in {"name", "closing"}}
    assert list_messages(parse_all(left, say(account=OTHER, name=None, closing=None))) == [
        "line 1: statements[0]: no name, closing"
    ]


# --- Documents ---


def test_a_statement_is_refused_at_its_own_line_whatever_ends_the_lines() -> None:
    for end in ("\n", "\r\n", "\r"):
        lines = ("[", json.dumps(say()), ",", "", json.dumps(say(closing="x")), "]")
        assert [each.line for each in parse_text(end.join(lines)).rejected] == [5]


def test_a_list_of_statements_and_a_single_one_are_documents_too() -> None:
    expected = parse_all(say()).statements
    assert parse_text(json.dumps([say()])).statements == expected
    assert parse_text(json.dumps(say(), indent=1)).statements == expected


def test_a_single_statement_with_a_fault_is_refused_not_the_file() -> None:
    assert list_rejected(parse_text("\n\n" + json.dumps(say(closing="x"), indent=1))) == [
        ("****0015", 3, f'closing "x" is not a number like 1234.500{AGAIN}')
    ]
    assert list_rejected(parse_text('{"error": "no such month"}')) == [
        ("****", 1, f"account is missing{AGAIN}")
    ]


def test_other_keys_of_a_document_are_warned_of() -> None:
    text = json.dumps({"month": "2025-09", "statements": [say()], "warnings": [{"line": 1, "message": "x"}]})
    assert list_messages(parse_text(text)) == ["line 1: key month is not read; is it misspelt?"]


def test_elements_that_are_no_objects_are_refused_one_by_one() -> None:
    parsed = parse_all("NOORA SAMPLEH", 5, None, [], say())
    assert len(parsed.statements) == 1
    kinds = ("a text", "a number", "null", "a list")
    assert list_reasons(parsed) == [
        f"statements[{at}]: {kind} instead of a statement's object{AGAIN}" for at, kind in enumerate(kinds)
    ]


def test_a_key_that_comes_twice_in_an_object_refuses_its_statement() -> None:
    twice = json.dumps(say()).replace('"closing": "12.500"', '"closing": "12.500", "closing": "99.000"')
    deep = json.dumps(say(account=OTHER)).replace('"amount"', '"amount": "1.000", "amount"')
    parsed = parse_text(f'{{"statements": [{twice}, {deep}]}}')
    assert list_rejected(parsed) == [
        ("****0015", 1, f"statements[0]: key closing comes twice in an object{AGAIN}"),
        ("****0023", 1, f"statements[1]: key amount comes twice in an object{AGAIN}"),
    ]


def test_a_key_that_comes_twice_among_very_many_is_found_at_once() -> None:
    odd = json.dumps(say(**{f"key{number}": 0 for number in range(200_000)}))
    (reason,) = list_reasons(parse_text(f'[{odd[:-1]}, "key7": 1}}]'))
    assert reason == f"[0]: key key7 comes twice in an object{AGAIN}"


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_refuses_its_statement(constant: str) -> None:
    text = json.dumps([say(closing=0), say(account=OTHER)]).replace('"closing": 0', f'"closing": {constant}')
    parsed = parse_text(text)
    assert [each.account for each in parsed.statements] == [OTHER]
    assert list_reasons(parsed) == [f"[0]: {constant} is no amount{AGAIN}"]


DEEP = "[" * 200_000
BROKEN: list[tuple[str, int, str]] = [
    ('{"statements": [\n{"account": "5"\n', 3, "no JSON: expecting ',' delimiter"),
    ('{"statements": [\n{"account" "5"}]}', 2, "no JSON: expecting ':' delimiter"),
    ('{"statements": [\n{},\n]}', 3, "no JSON: expecting value"),
    ('{"statements": [\n{}\n{}]}', 3, "no JSON: expecting ,"),
    ('{"statements": [],\n}', 2, "no JSON: expecting a key in quotation marks"),
    ('{"statements": []\n', 2, "no JSON: expecting ,"),
    ('{"statements" []}', 1, "no JSON: expecting :"),
    ('{"statements": []}\n\n{"statements": []}', 3, "no JSON: more text behind the end"),
    ('{"statements": [],\n"statements": []}', 2, "key statements comes twice"),
    ('{"rejected": [],\n"rejected": []}', 2, "key rejected comes twice"),
    ("[1, 2\n", 2, "no JSON: expecting ,"),
    ('["A\nB"]', 1, "no JSON: invalid control character"),
    ('["A\\x"]', 1, "no JSON: invalid \\escape"),
    ('{"statements": {}}', 1, "statements is no list of statements"),
    ('{"statements": null}', 1, "statements is no list of statements"),
    ('{"rejected": {}}', 1, "no JSON: expecting ["),
    ("\n5", 2, "the document is no list of statements"),
    ('"A"', 1, "the document is no list of statements"),
    ("NOORA SAMPLEH", 1, "the document is no list of statements"),
    ("\n" + DEEP, 2, "no JSON: lists or objects within each other too deep"),
    ('{"x":\n' + DEEP, 2, "no JSON: lists or objects within each other too deep"),
    ('{"statements": [\n{"x": ' + '{"x":' * 100_000, 2, "no JSON: lists or objects within each other too"),
]


@pytest.mark.parametrize(("text", "line", "reason"), BROKEN, ids=[each[2] for each in BROKEN])
def test_a_broken_document_is_refused_with_the_line(text: str, line: int, reason: str) -> None:
    error = refuse(text)
    assert (error.code, error.line) == ("bad_record", line)
    assert re.sub(" at character [0-9,]+", "", error.reason).startswith(reason)
    assert "NOORA" not in error.reason


def test_statements_before_the_broken_place_have_been_given() -> None:
    text = f'{{"statements": [{json.dumps(say())},\n{{"account": '
    reader = StatementReader(io.BytesIO(text.encode()), PROFILES["json"])
    statements = iter(reader)
    assert next(statements).account == ONE
    with pytest.raises(ParseError, match="line 2: no JSON at character 456: expecting value"):
        next(statements)


def test_a_document_without_statements_is_refused() -> None:
    assert refuse('{"statements": [], "warnings": [], "rejected": []}').code == "no_statement"
    assert refuse("[]").code == "no_statement"


def test_rejected_customers_without_statements_are_not_lost() -> None:
    entries = [
        {"account": "****0015", "line": 14, "message": "amount is bad"},
        {"account": "****0023", "line": None, "message": "5000000000000023 \x1b is odd"},
        {"account": "", "line": "x", "message": "a" * 600},
        {"account": "", "line": 3, "message": "no account for NOORA Sampleh (هالة)"},
        {"line": 10**30},
        "odd",
    ]
    parsed = parse_text(json.dumps({"rejected": entries, "statements": []}))
    assert list_rejected(parsed) == [
        ("****0015", 14, "amount is bad"),
        ("****0023", None, "****0023   is odd"),
        ("****", None, "a" * 500),
        ("****", 3, "no account for … … (…)"),
        ("****", 1, "an entry of rejected has no message"),
        ("****", None, "an entry of rejected has no message"),
    ]


def test_a_document_in_utf_16_is_read() -> None:
    content = json.dumps([say(name="هالة")], ensure_ascii=False).encode("utf-16")
    parsed = parse(content, profile=PROFILES["json"])
    assert (parsed.encoding, parsed.statements[0].name) == ("utf-16", "هالة")


# --- Lines ---


def test_every_line_that_is_no_statement_is_refused_by_itself() -> None:
    lines = [json.dumps(say()), "{", '{"a": 1} 2', "[]", "5", DEEP, json.dumps(say(closing="x"))]
    parsed = parse_text("\n".join(lines), "jsonl")
    assert len(parsed.statements) == 1
    assert list_rejected(parsed) == [
        ("****", 2, f"no JSON at character 2: expecting property name enclosed in double quotes{ALL_AGAIN}"),
        ("****", 3, f"no JSON at character 10: more text behind the end{ALL_AGAIN}"),
        ("****", 4, f"a list instead of a statement's object{AGAIN}"),
        ("****", 5, f"a number instead of a statement's object{AGAIN}"),
        ("****", 6, f"no JSON at character 1: lists or objects within each other too deep{ALL_AGAIN}"),
        ("****0015", 7, f'closing "x" is not a number like 1234.500{AGAIN}'),
    ]


def test_a_file_that_starts_with_a_hundred_lines_of_something_else_is_refused_whole() -> None:
    error = refuse("\n".join(["{"] * 101 + [json.dumps(say())]), "jsonl")
    assert (error.line, error.reason[:35]) == (101, "the first 100 lines are no JSON; pr")
    parsed = parse_text("\n".join([json.dumps(say())] + ["{"] * 101), "jsonl")
    assert (len(parsed.statements), len(parsed.rejected)) == (1, 101)


# --- A profile's own keys ---

BANK = make_profile(
    statements="data.accounts",
    rows="entries",
    date_format="dd/MM/yyyy",
    negative="debit",
    control_totals=("balance",),
    fields={
        "organisation": "bank",
        "account": "iban",
        "name": "owner.fullName",
        "address": ["owner.address.lines", "owner.address.country"],
        "statement_date": "asOf",
        "currency": "currency",
        "opening": "balances.opening",
        "closing": "balances.closing",
        "message": "notes",
        "rewards": "rewards",
    },
    row_fields={
        "date": "bookedOn",
        "posted": "valueOn",
        "description": "text",
        "debit": "out",
        "credit": "in",
        "original_currency": "fx.code",
        "original_amount": "fx.amount",
    },
)


def test_a_banks_own_json_is_read_by_a_profile() -> None:
    parsed = parse_text((SAMPLES / "statements_of_a_bank.json").read_text("utf-8"), BANK)
    (statement,) = parsed.statements
    assert (statement.org_id, statement.account) == ("900", "BH00TEST00000000000015")
    assert (statement.name, statement.address) == ("NOORA SAMPLEH", ("Flat 12", "Riffa", "BH"))
    assert (statement.opening, statement.closing) == (-1_250_000, 62_750)
    assert statement.transactions == (
        Transaction(date(2025, 9, 1), date(2025, 9, 2), "Rent September", 1_400_000, False),
        Transaction(date(2025, 9, 5), None, "FICTIONAL AIR", 12_750, False, "GBP", 2_550),
        Transaction(date(2025, 9, 25), None, "Salary", 100_000, True),
    )
    assert statement.messages == ("Thank you.", "Our branches close at noon on 1 October.")
    assert statement.extra == {"rewards": "42"}
    assert list_rejected(parsed) == [
        ("****0023", 21, f'data.accounts[1]: closing balance "5e3" is not a number{AGAIN}')
    ]
    assert list_messages(parsed) == [
        "line 2: key generatedAt is not read; is it misspelt?",
        "line 4: key data.branch is not read; is it misspelt?",
    ]


def test_a_profile_that_says_how_texts_are_written_leaves_the_form() -> None:
    assert is_interchange(make_profile())
    assert is_interchange(make_profile(lines=True, statements="data", currency="USD", organisation="900"))
    assert not is_interchange(make_profile(negative="debit"))
    assert not is_interchange(make_profile(rows="entries"))


@pytest.mark.parametrize(
    ("keys", "amount", "direction", "expected"),
    [
        ({}, "12500", None, (12_500, False)),
        ({}, 12500, None, (12_500, False)),
        ({}, 12.5, None, (12_500, False)),
        ({}, "-12500", None, (12_500, True)),
        ({}, "12,500.000CR", None, (12_500_000, True)),
        ({}, "12500", True, (12_500, True)),
        ({}, "12500", False, (12_500, False)),
        ({}, "12500", "cr", (12_500, True)),
        ({"negative": "debit"}, "12500", None, (12_500, True)),
        ({"negative": "debit"}, "-12500", None, (12_500, False)),
        ({"negative": "debit"}, 12500, False, (12_500, False)),
        ({"decimal_point": ","}, "1.234,5", None, (1_234_500, False)),
        ({"decimal_point": ","}, 1234.5, None, (1_234_500, False)),
        ({"decimals": 0, "negative": "debit"}, 12, None, (12_000, True)),
        ({"decimals": "currency"}, "12", None, (12, False)),
        ({"credit_marks": ["+"], "debit_marks": ["-"]}, "12500", "+", (12_500, True)),
        ({"credit_marks": [], "debit_marks": []}, "12500", True, (12_500, True)),
        ({"credit_descriptions": ["shop"]}, "12500", None, (12_500, True)),
    ],
)
def test_amounts_and_directions_are_written_as_the_profile_says(
    keys: dict[str, Any], amount: object, direction: object, expected: tuple[int, bool]
) -> None:
    (statement,) = parse_mapped(say_row(amount=amount, credit=direction), **keys).statements
    (row,) = statement.transactions
    assert (row.amount, row.credit) == expected


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"amount": "12,3x"}, 'amount "12,3x" is not a number'),
        ({"amount": "1E5"}, 'amount "1E5" is not a number'),
        ({"credit": "perhaps"}, 'debit or credit mark "…" is not one of C, CR, TRUE, D, DR, FALSE'),
        ({"amount": [1]}, ".amount is a list, not a text"),
        ({"amount": True}, ".amount is true, not a text"),
        ({"description": {"text": "SHOP"}}, ".description is an object, not a text"),
        ({"description": "A\x07"}, ".description has the character U+0007"),
    ],
)
def test_a_row_that_cannot_be_read_refuses_its_statement_with_its_place(
    row: dict[str, Any], reason: str
) -> None:
    parsed = parse_mapped(say(account=OTHER), say(transactions=[ROW, ROW | row]))
    (message,) = list_reasons(parsed)
    assert message.removeprefix("statements[1].transactions[1]").removeprefix(": ").startswith(reason)


PAIR = {"date": "date", "description": "description", "debit": "out", "credit": "in"}


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ({"out": "5.000"}, (5_000, False)),
        ({"in": "5.000", "out": "0.000"}, (5_000, True)),
        ({"in": 5000, "out": None}, (5_000, True)),
        ({"in": "", "out": "5000"}, (5_000, False)),
    ],
)
def test_debits_and_credits_may_have_a_key_each(amounts: dict[str, Any], expected: tuple[int, bool]) -> None:
    row = {"date": "2025-09-01", "description": "SHOP", **amounts}
    (statement,) = parse_mapped(say(transactions=[row]), row_fields=PAIR).statements
    assert (statement.transactions[0].amount, statement.transactions[0].credit) == expected


@pytest.mark.parametrize(
    ("amounts", "reason"),
    [
        ({"in": "5.000", "out": "5.000"}, "a row has debit 5.000 and credit 5.000"),
        ({"out": "-5.000"}, 'debit "-5.000" contradicts its side by its sign'),
        ({"in": "x"}, 'credit "x" is not a number'),
        ({"in": True}, "in is true, not a text"),
    ],
)
def test_two_amounts_in_a_row_are_not_chosen_from(amounts: dict[str, Any], reason: str) -> None:
    row = {"date": "2025-09-01", "description": "SHOP", **amounts}
    (message,) = list_reasons(parse_mapped(say(transactions=[row]), row_fields=PAIR))
    assert reason in message


def test_an_amount_of_a_pair_in_yen_is_not_taken_for_implied_decimals() -> None:
    row = {"date": "2025-09-01", "description": "SHOP", "out": "500000"}
    said = {"account": ONE, "currency": "JPY", "transactions": [row]}
    (statement,) = parse_mapped(said, row_fields=PAIR).statements
    assert statement.transactions[0].amount == 500


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"account": None}, "account is missing"),
        ({"account": 12345678901234567890}, "account is a number that programs round; write it in quotation"),
        ({"account": 1.5}, "account is a number that programs round"),
        ({"account": ["5"]}, "account is a list, not a text"),
        ({"org_id": "../900"}, 'org_id "../900" is not 1 to 32 letters'),
        ({"transactions": "none"}, "transactions is a text, not a list"),
        ({"transactions": [5]}, "transactions[0] is a number, not an object"),
        ({"currency": "bhd"}, ': currency "…" is no ISO 4217 code'),
        ({"statement_date": "31.02.2025"}, ': statement date "31.02.2025" is no day written yyyy-MM-dd'),
    ],
)
def test_a_statement_that_cannot_be_read_is_refused_with_its_place(
    change: dict[str, Any], reason: str
) -> None:
    parsed = parse_mapped(say(account=OTHER), say(**change))
    (message,) = list_reasons(parsed)
    assert message.removeprefix("statements[1]").removeprefix(".").startswith(reason)


def test_whole_numbers_are_taken_for_accounts_and_organisations() -> None:
    (statement,) = parse_mapped(say(account=int(ONE), org_id=900)).statements
    assert (statement.account, statement.org_id) == (ONE, "900")


def test_a_way_that_does_not_lead_through_objects_refuses_the_statement() -> None:
    fields = {"account": "account.number", "closing": "closing"}
    parsed = parse_mapped(say(account={"number": ONE}), say(account=ONE), say(account=None), fields=fields)
    assert len(parsed.statements) == 1
    assert list_reasons(parsed) == [
        f"statements[1].account.number leads through a text, not through objects{AGAIN}",
        f"statements[2].account.number is missing{AGAIN}",
    ]


def test_keys_beside_those_of_the_profile_are_warned_of_on_every_level() -> None:
    fields = {"account": "account.number", "name": "name"}
    statement = {"account": {"number": ONE, "branch": 7}, "nmae": "HALA AL-DEMO", "transactions": []}
    assert list_messages(parse_mapped(statement, fields=fields)) == [
        "line 1: no customer name",
        "line 1: key statements.nmae is not read; is it misspelt?",
        "line 1: key statements.account.branch is not read; is it misspelt?",
    ]


def test_rows_may_be_missing_with_a_warning() -> None:
    left = {key: value for key, value in STATEMENT.items() if key != "transactions"}
    parsed = parse_mapped(left)
    assert parsed.statements[0].transactions == ()
    assert "line 1: statements[0]: no transactions; read as a statement without rows" in list_messages(parsed)


def test_a_list_of_statements_that_is_not_where_the_profile_says_is_refused() -> None:
    error = refuse('{"data": {"account": []}}', BANK)
    assert error.reason.startswith("data.accounts is no list of statements")


def test_lines_may_be_in_a_banks_own_keys() -> None:
    profile = make_profile(lines=True, fields={"account": "iban", "closing": "closing"}, rows="rows")
    lines = [json.dumps({"iban": each, "closing": -5, "rows": []}) for each in (ONE, OTHER)]
    assert [each.closing for each in parse_text("\n".join(lines), profile).statements] == [-5_000, -5_000]


# --- What docs/profiles/json.md shows ---


def find_block(language: str, number: int) -> str:
    """Return one of the page's examples."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(blocks[number])


def test_the_pages_document_is_read_as_the_page_says() -> None:
    parsed = parse_text(find_block("json", 0))
    (statement,) = parsed.statements
    assert (statement.closing, [row.credit for row in statement.transactions]) == (-25_000, [False, True])
    assert [each.line for each in parsed.rejected] == [14]
    assert parsed.warnings == ()


def test_the_pages_profile_reads_the_pages_other_banks_json(tmp_path: Path) -> None:
    (tmp_path / "mybank.toml").write_text(find_block("toml", 0), "utf-8")
    profiles = load_profiles(tmp_path)
    content = find_block("json", 1).encode()
    parsed = parse(content, profile=profiles.choose("mybank_2025-09.json", content))
    (statement,) = parsed.statements
    assert (statement.org_id, statement.closing) == ("900", -1_237_250)
    assert statement.transactions == (
        Transaction(date(2025, 9, 5), None, "FICTIONAL AIR", 12_750, False, "GBP", 2_550),
    )
    assert (statement.extra, len(statement.messages)) == ({"rewards": "42"}, 2)
    assert (parsed.rejected, parsed.warnings) == ((), ())


# --- Which profile a file gets ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps({"statements": [say()]}), "json"),
        (json.dumps({"statements": [say()]}, indent=2), "json"),
        ('{"statements": []}', "json"),
        ('\ufeff{\r\n  "statements": []}', "json"),
        (json.dumps({"warnings": [], "rejected": [{"account": ""}]}), "json"),
        (json.dumps([say()]), "json"),
        (json.dumps([say()], indent=2), "json"),
        (json.dumps(say(), indent=2), "json"),
        (json.dumps(say()), "jsonl"),
        (f"\n{json.dumps(say())}\n", "jsonl"),
        (f"{json.dumps(say())}\r\n{json.dumps(say())}\r\n", "jsonl"),
        (json.dumps(say(transactions=[ROW] * 2_000)) + "\n", "jsonl"),
        (json.dumps([say(transactions=[ROW] * 2_000)]), "json"),
    ],
)
def test_a_file_gets_the_profile_that_reads_it(text: str, expected: str) -> None:
    content = text.encode()
    profile = PROFILES.choose("a.json", content[:HEAD_BYTES])
    assert profile.name == expected
    if "BH" in text:
        assert parse(content, profile=profile).statements


@pytest.mark.parametrize("text", ['{"data": {"items": []}}', "[1, 2, 3]", "NOORA SAMPLEH", '{"account'])
def test_other_files_get_neither(text: str) -> None:
    with pytest.raises(ParseError) as error:
        PROFILES.choose("a.json", text.encode())
    assert error.value.code == "no_profile"


# --- Any text ---

Step = Callable[[str], str]
WHOLE = (SAMPLES / "statements.json").read_text("utf-8")
LINES = (SAMPLES / "statements.jsonl").read_text("utf-8")
PIECES = ("{", "}", "[", "]", ",", ":", '"', "\\", "\n", "null", "-", "1e5", "\\ud800", "NaN", "\u0662", " ")
FUZZ = settings(max_examples=300, deadline=None)


def cut_into(text: str, places: Sequence[int]) -> list[str]:
    ends = [0, *sorted(min(place, len(text)) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(ends)]


def walk(cursor: _Cursor) -> list[object]:
    """Return all that a cursor finds in an object of lists, with lines."""
    found: list[object] = []
    for key in cursor.walk_object():
        found.append((key, cursor.find_line()))
        if cursor.peek() == "[":
            found += [(number, cursor.find_line(), *cursor.read()) for number in cursor.walk_list()]
        else:
            found.append(cursor.read())
    cursor.end()
    return found


@FUZZ
@given(st.lists(st.integers(0, len(WHOLE)), max_size=12), st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_document_reads_the_same_in_whatever_pieces_it_comes(places: list[int], end: str) -> None:
    text = WHOLE.replace("\n", end)
    whole = walk(_Cursor([text], 1, _Decoder()))
    assert walk(_Cursor(cut_into(text, places), 1, _Decoder())) == whole
    assert len(whole) == 7


def test_a_number_that_goes_on_in_the_next_piece_is_one_number() -> None:
    cursor = _Cursor(["[1", "2", ".5", "", "0 ", ",\r", "", "\n7", "]"], 1, _Decoder())
    assert [cursor.read()[0] for _ in cursor.walk_list()] == ["12.50", "7"]
    assert cursor.find_line() == 2


@FUZZ
@given(st.data(), st.sampled_from([("json", WHOLE), ("jsonl", LINES)]))
def test_any_mutation_gives_statements_or_a_parse_error(data: st.DataObject, file: tuple[str, str]) -> None:
    profile, text = file
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 40)))
        text = text[:start] + "".join(data.draw(st.lists(st.sampled_from(PIECES), max_size=3))) + text[end:]
    for chosen in (profile, BANK, make_profile(negative="debit", lines=profile == "jsonl")):
        try:
            parsed = parse_text(text, chosen)
        except ParseError:
            continue
        assert parsed.statements or parsed.rejected


KEYS = st.sampled_from([*STATEMENT, *ROW, "data", "accounts", "iban", "owner"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@FUZZ
@given(VALUES)
def test_any_value_gives_statements_or_a_parse_error(value: object) -> None:
    for chosen in (PROFILES["json"], BANK, make_profile(decimals=3)):
        for document in (value, [value], {"statements": [value]}, {"data": {"accounts": [value]}}):
            try:
                parsed = parse(json.dumps(document).encode(), profile=chosen, name="900_a.json")
            except ParseError:
                continue
            assert parsed.statements or parsed.rejected
