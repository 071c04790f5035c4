"""Values of a whole statement. Not here: where in a file they stand."""

from datetime import date
from typing import Any

import pytest

from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing.fields import StatementFields
from pdfme_dagster.parsing.notes import Notes
from pdfme_dagster.parsing.profile import FieldSpec
from pdfme_dagster_tests.parsing.records import change_profile

NAMES = ("name", "address", "statement_date", "opening", "debits", "credits", "closing", "available")


def read(
    texts: dict[str, list[str]], *, specs: dict[str, FieldSpec] | None = None, **changes: Any
) -> tuple[dict[str, Any], list[str]]:
    """Return what is read of these texts, and the warnings."""
    specs = specs or {name: FieldSpec(at=0) for name in texts}
    notes = Notes()
    found = StatementFields(change_profile(**changes), specs, notes).read(7, texts)
    return found, [each.message for each in notes.list_warnings()]


def test_what_is_not_said_is_none_empty_or_the_profiles() -> None:
    found, warnings = read({})
    assert found == {
        "name": "",
        "address": (),
        "statement_date": None,
        "currency": "BHD",
        "opening": None,
        "debits": None,
        "credits": None,
        "closing": None,
        "available": None,
        "extra": {},
    }
    assert warnings == []


def test_what_should_be_said_and_is_not_is_warned_of() -> None:
    _, warnings = read({name: [" "] for name in NAMES})
    missing = "opening balance, total debits, total credits, closing balance, available amount"
    assert warnings == ["no customer name", "no statement date", f"missing {missing}"]


def test_parts_are_joined_and_an_address_is_a_list_of_what_is_not_blank() -> None:
    found, _ = read({"name": [" NOORA ", "", "SAMPLEH"], "address": ["Flat 1", " ", "Riffa "]})
    assert (found["name"], found["address"]) == ("NOORA SAMPLEH", ("Flat 1", "Riffa"))


@pytest.mark.parametrize(
    ("negative", "text", "owed"),
    [
        ("credit", "5.000", 5_000),
        ("credit", "5.000-", -5_000),
        ("credit", "5.000 CR", -5_000),
        ("credit", "5.000 DR", 5_000),
        ("debit", "5.000", -5_000),
        ("debit", "-5.000", 5_000),
        ("debit", "5.000 CR", -5_000),
        ("debit", "5.000 DR", 5_000),
    ],
)
@pytest.mark.parametrize("name", ["opening", "closing"])
def test_a_balance_is_what_the_customer_owes(name: str, negative: str, text: str, owed: int) -> None:
    found, _ = read({name: [text]}, negative=negative)
    assert found[name] == owed


@pytest.mark.parametrize(
    ("negative", "name", "text", "minor"),
    [
        ("credit", "debits", "5.000", 5_000),
        ("credit", "debits", "5.000 CR", -5_000),
        ("credit", "credits", "5.000-", 5_000),
        ("credit", "credits", "5.000 DR", -5_000),
        ("debit", "debits", "-5.000", 5_000),
        ("debit", "credits", "5.000", 5_000),
        ("credit", "available", "5.000", 5_000),
        ("credit", "available", "5.000-", -5_000),
        ("debit", "available", "5.000", 5_000),
        ("debit", "available", "-5.000", -5_000),
    ],
)
def test_totals_and_the_available_amount_keep_their_own_sign(
    negative: str, name: str, text: str, minor: int
) -> None:
    assert read({name: [text]}, negative=negative)[0][name] == minor


def test_amounts_have_the_decimals_of_the_currency_that_the_file_says() -> None:
    found, _ = read({"closing": ["12.50"], "currency": ["USD"]})
    assert (found["closing"], found["currency"]) == (1_250, "USD")
    with pytest.raises(ParseError, match=r"12\.505\" has more than the 2 decimals"):
        read({"closing": ["12.505"], "currency": ["USD"]})


@pytest.mark.parametrize("code", ["usd", "US", "840", "DOLLAR"])
def test_a_currency_that_is_no_iso_code_is_refused(code: str) -> None:
    with pytest.raises(ParseError, match="is no ISO 4217 code") as error:
        read({"currency": [code]})
    assert (error.value.code, error.value.line) == ("bad_record", 7)


def test_a_date_may_have_a_format_of_its_own() -> None:
    specs = {"statement_date": FieldSpec(at=0, format="yyyy-MM-dd")}
    assert read({"statement_date": ["2025-09-21"]}, specs=specs)[0]["statement_date"] == date(2025, 9, 21)
    with pytest.raises(ParseError, match='statement date "21092025" is no day written yyyy-MM-dd') as error:
        read({"statement_date": ["21092025"]}, specs=specs)
    assert error.value.code == "bad_date"


def test_other_names_are_extras_of_their_type_and_left_out_when_empty() -> None:
    specs = {
        "credit_limit": FieldSpec(at=0, type="amount"),
        "payment_date": FieldSpec(at=1, type="date"),
        "branch": FieldSpec(at=2),
        "points": FieldSpec(at=3),
    }
    texts = {"credit_limit": ["500.000"], "payment_date": ["15102025"], "branch": ["001"], "points": [""]}
    found, warnings = read(texts, specs=specs)
    assert found["extra"] == {"credit_limit": 500_000, "payment_date": date(2025, 10, 15), "branch": "001"}
    assert warnings == []


def test_an_extra_amount_of_zero_is_kept() -> None:
    specs = {"minimum_due": FieldSpec(at=0, type="amount")}
    assert read({"minimum_due": ["0.000"]}, specs=specs)[0]["extra"] == {"minimum_due": 0}


def test_an_unreadable_extra_is_refused_by_its_name() -> None:
    specs = {"credit_limit": FieldSpec(at=0, type="amount")}
    with pytest.raises(ParseError, match='line 7: credit_limit "x" is not a number'):
        read({"credit_limit": ["x"]}, specs=specs)
