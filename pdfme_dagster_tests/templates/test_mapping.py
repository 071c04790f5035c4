"""A statement's values under the names of templates. Not here: which rows stand on which page."""

import json
from typing import Any

import pytest

from pdfme_dagster.domain.statement import Statement
from pdfme_dagster.errors import TemplateError
from pdfme_dagster.templates.amounts import AmountStyle
from pdfme_dagster.templates.mapping import (
    MappedStatement,
    Style,
    compile_mapping,
    fill_variables,
    find_unfilled,
    map_statement,
)
from pdfme_dagster.templates.mapping_spec import (
    HEADER_VALUES,
    ROW_VALUES,
    MappingSpec,
    load_shipped_mapping,
    merge_mapping,
)
from pdfme_dagster.templates.yaml_checks import read_yaml
from pdfme_dagster_tests.templates.stand_ins import DAY, row, statement

SHIPPED = load_shipped_mapping()


def map_all(filled: Statement, *, changes: str = "", **style: Any) -> MappedStatement:
    spec = merge_mapping(SHIPPED, read_yaml(changes.encode(), "own.yaml", MappingSpec))
    return map_statement(filled, compile_mapping(spec, Style(**style)))


def header(name: str, *, changes: str = "", style: dict[str, Any] | None = None, **values: Any) -> str:
    return map_all(statement(**values), changes=changes, **(style or {})).header[name]


def column(name: str, *rows: Any, style: dict[str, Any] | None = None, **values: Any) -> list[str]:
    changes = f"rows: {{X: {{fields: {{Y: {name}}}}}}}"
    mapped = map_all(statement(transactions=rows, **values), changes=changes, **(style or {}))
    return [cells[0] for cells in mapped.row_sets["X"]]


# --- Names of templates ---


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Cname", "SAMPLE CUSTOMER"),
        ("PaySlipName", "SAMPLE CUSTOMER"),
        ("Caddress", "Building 1, Example Town"),
        ("CardNumber", "5000 0000 0000 0012"),
        ("CN1", "5"),
        ("CN2", "0"),
        ("CN16", "2"),
        ("StatmentDate", "03/02/2026"),
        ("StatementDate", "03/02/2026"),
        ("OpeningBalance", "149.427"),
        ("CurrentBalance", "1,121.526"),
        ("AvailableBalance", ""),
        ("TotalDepits", "1,159.819"),
        ("TotalDebits", "1,159.819"),
        ("DebitsTotal", "1,159.819"),
        ("TotalCredits", "187.720"),
        ("CreditsTotal", "187.720"),
        ("Messages", "Thank you.\nClosed on Friday."),
        ("title", "Card statement"),
        ("address", "Building 1\nExample Town"),
        ("address2", "Example Town"),
        ("address4", ""),
        ("account", "5000000000000012"),
        ("account_masked", "****0012"),
        ("last4", "0012"),
        ("org_id", "266"),
        ("currency", "BHD"),
        ("date", "03/02/2026"),
        ("row_count", "2"),
        ("message2", "Closed on Friday."),
    ],
)
def test_the_names_of_templates_show_the_statement(name: str, text: str) -> None:
    assert header(name) == text


@pytest.mark.parametrize(
    ("name", "extra", "text"),
    [
        ("PaymentDate", {"due_date": DAY}, "03/02/2026"),
        ("MinimumDue", {"minimum_due": 12500}, "12.500"),
        ("CreditLimit", {"credit_limit": 1_000_000}, "1,000.000"),
        ("Arrears", {"arrears": 0}, "0.000"),
        ("DaysPastDue", {"days_past_due": "30"}, "30"),
        ("GPStratingPoint", {"points_opening": "1200"}, "1200"),
        ("GPPointsErned", {"points_earned": "15"}, "15"),
        ("GPPointsRedeemed", {"points_redeemed": "7"}, "7"),
        ("GPPointBalance", {"points_balance": "1208"}, "1208"),
        ("PaymentDate", {}, ""),
        ("branch", {"branch": "Harbour"}, "Harbour"),
        ("name", {"name": "OTHER"}, "SAMPLE CUSTOMER"),
    ],
)
def test_what_a_profile_reads_beyond_comes_under_both_names(
    name: str, extra: dict[str, Any], text: str
) -> None:
    assert header(name, extra=extra) == text


@pytest.mark.parametrize(
    ("account", "grouped", "first", "last4", "title"),
    [
        ("5000000000000012", "5000 0000 0000 0012", "5", "0012", "Card statement"),
        ("500000000000012", "5000 0000 0000 012", "5", "0012", "Card statement"),
        ("KW81-0000-0012", "KW81-0000-0012", "8", "0012", "Account statement"),
        ("12-3", "12-3", "1", "123", "Account statement"),
        ("", "", "", "", "Account statement"),
    ],
)
def test_accounts_that_are_no_cards_stay_as_they_are(
    account: str, grouped: str, first: str, last4: str, title: str
) -> None:
    mapped = map_all(statement(account=account)).header
    names = ("CardNumber", "CN1", "last4", "title")
    assert tuple(mapped[name] for name in names) == (grouped, first, last4, title)


def test_an_organisation_has_its_own_title() -> None:
    assert header("title", style={"title": "Kontoauszug"}) == "Kontoauszug"


def test_a_statement_without_anything_has_empty_texts() -> None:
    nothing = dict.fromkeys(("statement_date", "opening", "debits", "credits", "closing"))
    mapped = map_all(statement(name="", account="", address=(), messages=(), transactions=(), **nothing))
    filled = {name: text for name, text in mapped.header.items() if text}
    assert filled == {
        "currency": "BHD",
        "org_id": "266",
        "title": "Account statement",
        "row_count": "0",
        "all_transactions": "[]",
        "credit_sum": "0.000",
        "debit_sum": "0.000",
        "transactions": "[]",
    }
    assert (mapped.transactions, mapped.messages, mapped.row_sets) == (0, 0, {"Tr": [], "Msg": []})


def test_texts_are_a_customers_own_and_not_in_what_a_log_shows() -> None:
    assert "SAMPLE" not in repr(map_all(statement()))


# --- Styles ---


def test_dates_are_written_by_the_organisations_pattern_and_a_fields_own() -> None:
    changes = "fields: {StatementDate: {dates: MMMM yyyy}}"
    mapped = map_all(statement(), changes=changes, dates="d MMM yyyy").header
    assert (mapped["StatmentDate"], mapped["StatementDate"]) == ("3 Feb 2026", "February 2026")


def test_amounts_are_written_in_the_organisations_style_and_a_fields_own() -> None:
    changes = 'fields: {CurrentBalance: {amounts: {negative: "1.00-"}}}'
    style = AmountStyle(negative="(1.00)", unknown="-")
    mapped = map_all(statement(closing=-5), changes=changes, amounts=style).header
    assert [mapped[name] for name in ("CurrentBalance", "closing", "available")] == ["0.005-", "(0.005)", "–"]


def test_balances_of_an_account_have_no_sign_when_they_are_the_customers() -> None:
    style: dict[str, Any] = {"amounts": AmountStyle(balances="held")}
    mapped = map_all(statement(opening=-1250, closing=7, debits=3, available=4), **style).header
    names = ("opening", "closing", "debits", "available")
    assert [mapped[name] for name in names] == ["1.250", "-0.007", "0.003", "0.004"]
    assert column("amount", row(1), row(2, credit=True), style=style) == ["-1.000", "2.000"]
    assert column("balance", row(1), row(2, credit=True), style=style, opening=-500) == ["-0.500", "1.500"]


def test_amounts_have_their_currencys_decimals_also_one_after_another() -> None:
    mapping = compile_mapping(SHIPPED, Style())
    texts = [
        map_statement(statement(currency=code), mapping).header["opening"] for code in ("JPY", "BHD", "USD")
    ]
    assert texts == ["149,427", "149.427", "1,494.27"]


# --- Rows ---


ROWS = (
    row(1, posted=DAY.replace(day=4), original_currency="GBP", original_amount=1250),
    row(2, date=None, credit=True, original_currency="JPY", original_amount=700),
)


@pytest.mark.parametrize(
    ("value", "cells"),
    [
        ("number", ["1", "2"]),
        ("date", ["03/02/2026", ""]),
        ("posted", ["04/02/2026", ""]),
        ("description", ["SHOP 1", "SHOP 2"]),
        ("debit", ["1.000", ""]),
        ("credit", ["", "2.000"]),
        ("amount", ["1.000", "-2.000"]),
        ("balance", ["150.427", "148.427"]),
        ("side", ["DR", "CR"]),
        ("currency", ["BHD", "BHD"]),
        ("original_currency", ["GBP", "JPY"]),
        ("original_amount", ["12.50", "700"]),
    ],
)
def test_a_rows_values_are_written_for_all_rows(value: str, cells: list[str]) -> None:
    assert column(value, *ROWS) == cells


def test_domestic_rows_have_no_original() -> None:
    assert column("original_amount", row(1)) == column("original_currency", row(1)) == [""]


def test_there_is_no_running_balance_without_an_opening_one() -> None:
    assert column("balance", row(1), row(2), opening=None) == ["", ""]


def test_rows_have_the_names_of_the_card_templates() -> None:
    wanted = ("Date", "Pdate", "Details", "Debits", "Credits", "Currency", "Amount")
    mapping = compile_mapping(SHIPPED, Style(), row_fields={"Tr": wanted})
    mapped = map_statement(statement(transactions=ROWS), mapping)
    assert mapping.row_fields == {"Tr": wanted}
    assert mapped.row_sets == {
        "Tr": [
            ("03/02/2026", "04/02/2026", "SHOP 1", "1.000", "", "GBP", "12.50"),
            ("", "", "SHOP 2", "", "2.000", "JPY", "700"),
        ]
    }


def test_messages_are_rows_too() -> None:
    mapping = compile_mapping(SHIPPED, Style(), row_fields={"Msg": ("No", "Text")})
    assert map_statement(statement(), mapping).row_sets == {
        "Msg": [("1", "Thank you."), ("2", "Closed on Friday.")]
    }


def test_a_table_gets_the_columns_that_the_mapping_says() -> None:
    assert json.loads(header("transactions", transactions=ROWS)) == [
        ["03/02/2026", "SHOP 1", "1.000", ""],
        ["", "SHOP 2", "", "2.000"],
    ]
    changes = "fields: {transactions: {columns: [No, SignedAmount]}}"
    assert json.loads(header("transactions", transactions=ROWS, changes=changes)) == [
        ["1", "1.000"],
        ["2", "-2.000"],
    ]


def test_a_tables_texts_survive_their_json() -> None:
    described = 'A "B" \\ \n ‏مثال'
    cells = json.loads(header("transactions", transactions=(row(1, description=described),)))
    assert cells[0][1] == described


# --- Only what a template wants ---


def test_only_wanted_fields_are_read() -> None:
    mapping = compile_mapping(SHIPPED, Style(), wants={"Cname", "Cpage"}.__contains__, row_fields={})
    mapped = map_statement(statement(), mapping)
    assert (mapped.header, mapped.row_sets) == ({"Cname": "SAMPLE CUSTOMER"}, {})
    assert (mapping.page_fields, mapping.pages_fields) == (("Cpage",), ())
    assert (mapped.transactions, mapped.messages) == (2, 2)


def test_variables_get_the_same_values_and_those_without_are_left_out() -> None:
    mapped = map_all(statement())
    filled = fill_variables(("date", "last4", "unknown"), mapped.header)
    assert json.loads(filled) == {"date": "03/02/2026", "last4": "0012"}


def test_a_name_that_is_almost_known_is_told() -> None:
    assert find_unfilled(["Cname", "Cnmae", "Logo"], SHIPPED) == [
        "Cnmae: shows no value of a statement; did you mean Cname?"
    ]


# --- The mapping as data ---


def test_every_value_is_shown_by_some_field_of_the_shipped_mapping() -> None:
    shown = {field.value for field in SHIPPED.fields.values()}
    in_rows = {field.value for rows in SHIPPED.rows.values() for field in rows.fields.values()}
    known = {value for values in ROW_VALUES.values() for value in values}
    assert set(HEADER_VALUES) <= shown | {"account_digits"}
    assert known - in_rows == {"currency"}


def test_an_organisation_adds_changes_and_extends() -> None:
    changes = """
fields:
  Branch: extra.branch
  Caddress: {join: " / "}
  Cname: org_id
rows:
  Tr: {fields: {Details: side}}
  Item: {fields: {Text: description}}
  Note: {source: messages, fields: {Line: text}}
"""
    mapped = map_all(statement(extra={"branch": "Harbour"}), changes=changes)
    names = ("Branch", "Caddress", "Cname", "PaySlipName")
    texts = [mapped.header[name] for name in names]
    assert texts == ["Harbour", "Building 1 / Example Town", "266", "SAMPLE CUSTOMER"]
    assert mapped.row_sets["Tr"][0][3] == "DR"
    assert mapped.row_sets["Item"] == [("SHOP 1",), ("SHOP 2",)]
    assert mapped.row_sets["Note"] == [("Thank you.",), ("Closed on Friday.",)]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("fields: {A: opning}", "fields.A: opning is no value of a statement; did you mean opening?"),
        ("fields: {A: branch}", "or extra.NAME for a profile's own"),
        ("fields: {A: extra.}", "fields.A: extra. is no value of a statement"),
        ("fields: {A: {value: name, jion: x}}", "fields.A.jion: is no known key; did you mean join?"),
        (
            "fields: {A: {value: name, join: x}}",
            "fields.A.join: does nothing for name; options that do: character",
        ),
        (
            "fields: {A: {value: page, line: 1}}",
            "fields.A.line: does nothing for page; options that do: none",
        ),
        ("fields: {A: {value: statement_date, dates: dd/mm/yyyy}}", 'fields.A.dates: "dd/mm/yyyy" has mm'),
        (
            "fields: {A: {value: address, line: 0}}",
            "fields.A.line: must be greater than or equal to 1, not 0",
        ),
        (
            "fields: {A: {value: opening, amounts: {zero: none}}}",
            "fields.A.amounts.zero: must be '0.00', '-' or ''",
        ),
        ("fields: {A: 3}", "fields.A: must be a table of keys and values, not 3"),
        ("rows: {Tr: {fields: {X: dat}}}", "rows.Tr.fields.X: dat is no value of a row; did you mean date?"),
        ("rows: {Tr: {source: rows}}", "rows.Tr.source: must be 'transactions' or 'messages', not 'rows'"),
        ("rows: {T1: {fields: {X: date}}}", '"T1" cannot stand before'),
    ],
)
def test_a_misspelt_mapping_is_refused_with_the_fix(content: str, problem: str) -> None:
    with pytest.raises(TemplateError) as error:
        read_yaml(content.encode(), "own.yaml", MappingSpec)
    assert [problem in each for each in error.value.problems] == [True]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            "fields: {Cnme: {join: x}}",
            ".fields.Cnme: has no value and is no known field; did you mean Cname?",
        ),
        ("fields: {Cname: {join: x}}", ".fields.Cname.join: does nothing for name"),
        (
            "fields: {transactions: {columns: [Dat]}}",
            ".fields.transactions.columns: Dat is no field of rows Tr",
        ),
        (
            "rows: {Msg: {fields: {X: date}}}",
            ".rows.Msg.fields.X: date is no value of a row; use one of number, text",
        ),
        (
            "rows: {Own: {fields: {X: {dates: d}}}}",
            ".rows.Own.fields.X: has no value and is no known field; add one",
        ),
    ],
)
def test_changes_that_fit_nothing_are_refused(content: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r"^\.") as error:
        merge_mapping(SHIPPED, read_yaml(content.encode(), "own.yaml", MappingSpec))
    assert [each.startswith(problem) for each in str(error.value).splitlines()] == [True]
