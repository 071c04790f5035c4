"""Delimited files with a header line. Not here: what single amounts and dates mean."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pdfme_dagster.domain.money import to_decimal_text
from pdfme_dagster.domain.statement import ParsedFile, Transaction
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing import load_profiles, parse
from pdfme_dagster.parsing.profile import Profile, TableProfile

SAMPLES = Path(__file__).parent / "samples"
CSV = load_profiles()["csv"]
ONE = "5000000000000015"
OTHER = "5000000000000023"
QUOTE_LINE_BREAKS = "put a cell that holds a line break in quotation marks"
FIELDS = {"account": "Account", "date": "Date", "description": "Description", "amount": "Amount"}


def make_profile(fields: Mapping[str, object] | None = None, **keys: Any) -> TableProfile:
    """Make a profile of the four columns of FIELDS and some more."""
    raw: dict[str, Any] = {"name": "own", "format": "table", "negative": "debit", "organisation": "900"}
    return TableProfile(**{**raw, "fields": FIELDS | dict(fields or {}), **keys})


def parse_text(text: str, profile: Profile | None = None) -> ParsedFile:
    return parse(text.encode(), profile=profile or make_profile())


def parse_rows(*rows: str, header: str = "Account,Date,Description,Amount", **keys: Any) -> ParsedFile:
    return parse_text("\n".join((header, *rows)) + "\n", make_profile(**keys))


def list_rows(parsed: ParsedFile) -> list[tuple[str, list[str]]]:
    return [(each.account, [row.description for row in each.transactions]) for each in parsed.statements]


def list_messages(parsed: ParsedFile) -> list[str]:
    return [f"line {warning.line}: {warning.message}" for warning in parsed.warnings]


def list_rejected(parsed: ParsedFile) -> list[tuple[str, int | None, str]]:
    return [(each.account, each.line, each.message) for each in parsed.rejected]


# --- The shipped profile ---


def test_a_file_of_several_accounts_is_read_with_the_shipped_profile() -> None:
    parsed = parse((SAMPLES / "table_accounts.csv").read_bytes(), profile=CSV)
    first, second, third = parsed.statements
    assert (first.org_id, first.account, first.name) == ("900", ONE, "NOORA SAMPLEH")
    assert first.address == ("Flat 12", "Road 6789, Riffa")
    assert (first.statement_date, first.currency) == (date(2025, 9, 30), "BHD")
    assert first.transactions == (
        Transaction(date(2025, 9, 1), date(2025, 9, 2), "EXAMPLE HYPERMARKET, MANAMA", 12_500, False),
        Transaction(
            date(2025, 9, 5), date(2025, 9, 6), "FICTIONAL AIR LONDON", 174_750, False, "GBP", 35_000
        ),
        Transaction(date(2025, 9, 25), date(2025, 9, 25), "SALARY", 100_000, True),
    )
    assert first.messages == ("Thank you for banking with us.", "Our branches close at noon on 1 October.")
    assert (second.currency, second.address) == ("USD", ("Villa 3", "Road 21", "Muharraq"))
    assert second.transactions == (Transaction(date(2025, 9, 3), None, 'REFUND "TEST STORE"', 4_950, True),)
    assert (third.account, third.transactions) == ("BH00TEST00000000000031", ())
    assert not parsed.rejected


def test_balances_of_an_account_are_the_customers_money_and_so_not_owed() -> None:
    parsed = parse((SAMPLES / "table_accounts.csv").read_bytes(), profile=CSV)
    first, _, overdrawn = parsed.statements
    assert (first.opening, first.debits, first.credits, first.closing) == (
        -1_250_000,
        187_250,
        100_000,
        -1_162_750,
    )
    assert overdrawn.closing == 20_000


def test_columns_that_are_not_there_are_one_warning() -> None:
    parsed = parse((SAMPLES / "table_accounts.csv").read_bytes(), profile=CSV)
    assert list_messages(parsed) == [
        "line 1: the file has no column Address 3, Address 4, Available balance, Debit/Credit"
    ]


def test_an_arabic_file_is_read_in_windows_1256() -> None:
    parsed = parse((SAMPLES / "table_arabic_cp1256.csv").read_bytes(), profile=CSV, name="900_a.csv")
    assert parsed.encoding == "cp1256"
    assert [each.name for each in parsed.statements] == ["فاطمة المثال", "يوسف التجربة"]
    assert parsed.statements[1].transactions[0].description == "إيداع"
    assert not parsed.rejected


def test_debits_and_credits_may_have_a_column_each() -> None:
    parsed = parse((SAMPLES / "table_debit_credit_crlf.csv").read_bytes(), profile=CSV, name="900_d.csv")
    (statement,) = parsed.statements
    found = [(row.description, row.amount, row.credit) for row in statement.transactions]
    assert found == [("Rent", 350_000, False), ("Salary", 900_000, True), ("Account fee", 2_000, False)]
    assert list_messages(parsed)[1:] == ["line 5: blank row; skipped"]


# --- The header ---


def test_names_of_columns_are_matched_trimmed_and_in_any_case() -> None:
    header = ' ACCOUNT , date,"description  ",aMOUNT'
    assert list_rows(parse_rows(f"{ONE},2025-09-01,SHOP,5.000", header=header)) == [(ONE, ["SHOP"])]


def test_blank_lines_before_the_header_are_skipped_and_counted_in_line_numbers() -> None:
    parsed = parse_text(f"\n\nAccount,Date,Description,Amount\n{ONE},2025-09-01,SHOP,x\n")
    assert [each.line for each in parsed.rejected] == [4]


def test_columns_may_stand_in_any_order() -> None:
    parsed = parse_rows(f"5.000,SHOP,{ONE},2025-09-01", header="Amount,Description,Account,Date")
    assert parsed.statements[0].transactions == (Transaction(date(2025, 9, 1), None, "SHOP", 5_000, True),)


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("Konto,Date,Description,Amount", "Account"),
        ("Account,Date,Text,Amount", "Description"),
        ("Account,Date,Description,Sum", "Amount"),
        ("Date,Sum", "Account, Description, Amount"),
    ],
)
def test_a_header_without_a_column_that_is_needed_is_refused_with_what_it_has(
    header: str, missing: str
) -> None:
    with pytest.raises(ParseError) as error:
        parse_rows(header=header)
    assert (error.value.code, error.value.line) == ("bad_record", 1)
    assert f"no column {missing}; the header has {header.replace(',', ', ')}: rename" in error.value.reason
    assert "profile own" in error.value.reason


def test_a_file_without_header_is_refused_without_repeating_the_customer_in_its_first_line() -> None:
    with pytest.raises(ParseError) as error:
        parse_text(f"{ONE},NOORA SAMPLEH,2025-09-01,5.000\n")
    assert "the first line's 4 cells are no column names" in error.value.reason
    assert "NOORA" not in str(error.value)
    assert ONE not in str(error.value)


def test_a_file_of_nothing_but_delimiters_has_no_header() -> None:
    with pytest.raises(ParseError, match="no header line"):
        parse_text(",,,\n,,,\n")


def test_a_column_that_comes_twice_is_refused_when_it_is_read() -> None:
    with pytest.raises(ParseError, match='line 1: the header has the column "Amount" twice'):
        parse_rows(header="Account,Date,Description,Amount,AMOUNT")


def test_a_column_that_comes_twice_and_is_not_read_is_only_told_of() -> None:
    parsed = parse_rows(f"{ONE},2025-09-01,SHOP,5.000,a,b", header="Account,Date,Description,Amount,X,X")
    assert list_messages(parsed) == ["line 1: not read, since the profile does not name them: column X, X"]


def test_nothing_but_a_header_is_no_statement() -> None:
    with pytest.raises(ParseError) as error:
        parse_rows()
    assert error.value.code == "no_statement"


@pytest.mark.parametrize("header", ["Account,Description,Debit", "Account,Description,Amount,Credit"])
def test_debits_without_credits_are_refused_since_one_would_be_lost(header: str) -> None:
    with pytest.raises(ParseError, match="no column"):
        parse_text(header + "\n", CSV)


def test_an_amount_or_a_pair_of_columns_will_do() -> None:
    with pytest.raises(ParseError, match="no column Amount or Debit and Credit;"):
        parse_text("Account,Description\n", CSV)


def test_a_long_header_is_cut_in_messages() -> None:
    header = ",".join(["Date", *(f"Column {number} {'x' * 40}" for number in range(40))])
    with pytest.raises(ParseError) as error:
        parse_rows(header=header)
    assert "and 21 more" in error.value.reason
    assert len(error.value.reason) < 800


# --- Cells ---


def test_cells_in_quotation_marks_hold_delimiters_quotation_marks_and_line_breaks() -> None:
    parsed = parse_rows(f'"{ONE}",2025-09-01,"A ""B"", C\nD",5.000', f"{ONE},2025-09-02,E,x")
    assert list_rejected(parsed)[0][1] == 4
    parsed = parse_rows(f'"{ONE}",2025-09-01,"A ""B"", C\n  D",5.000')
    assert list_rows(parsed) == [(ONE, ['A "B", C D'])]


@pytest.mark.parametrize("delimiter", [";", "\t", "|", " "])
def test_the_delimiter_is_the_profiles(delimiter: str) -> None:
    rows = (delimiter.join(FIELDS.values()), delimiter.join((ONE, "2025-09-01", "SHOP", "5.000")))
    parsed = parse_text("\n".join(rows), make_profile(delimiter=delimiter))
    assert list_rows(parsed) == [(ONE, ["SHOP"])]


def test_blanks_after_a_delimiter_and_before_quotation_marks_do_not_matter() -> None:
    assert list_rows(parse_rows(f'{ONE}, 2025-09-01 , "A, B", 5.000')) == [(ONE, ["A, B"])]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('"SHOP" A,5.000', "expected after"),
        ('"SHOP,5.000', "unexpected end of data"),
        ('"' + "x" * 200_000, "field larger than field limit"),
    ],
)
def test_broken_quotation_marks_refuse_the_file_with_the_line_where_the_row_starts(
    row: str, message: str
) -> None:
    with pytest.raises(ParseError, match=f"line 3: .*{message}.*twice") as error:
        parse_rows(f"{ONE},2025-09-01,SHOP,1.000", f"{ONE},2025-09-01,{row}")
    assert error.value.code == "bad_record"


def test_two_stray_quotation_marks_do_not_swallow_the_rows_between_them() -> None:
    rows = (f'{ONE},2025-09-01,"SHOP,1.000', f"{OTHER},2025-09-01,B,2.000", f'{ONE},2025-09-01,TV 5",3.000')
    with pytest.raises(ParseError, match="line 2: a cell in quotation marks goes on for several lines"):
        parse_rows(*rows)


def test_blank_rows_and_lines_are_counted() -> None:
    parsed = parse_rows(",,,", "", f"{ONE},2025-09-01,SHOP,5.000", ' , ," ",')
    assert list_messages(parsed) == ["line 2: blank row; skipped (3 such lines, the last is 5)"]


def test_the_line_of_a_row_is_right_after_cells_of_several_lines() -> None:
    parsed = parse_rows(f'{ONE},2025-09-01,"A\n\n\nB",5.000', "", f"{OTHER},2025-09-01,SHOP,x")
    assert [each.line for each in parsed.rejected] == [7]


# --- Rows to accounts ---


def test_rows_are_gathered_by_account_wherever_they_stand_in_the_order_of_first_rows() -> None:
    rows = [
        f"{account},2025-09-01,{text},1.000" for account, text in ((OTHER, "a"), (ONE, "b"), (OTHER, "c"))
    ]
    assert list_rows(parse_rows(*rows)) == [(OTHER, ["a", "c"]), (ONE, ["b"])]


def test_a_row_with_nothing_but_account_and_name_makes_a_statement_without_transactions() -> None:
    parsed = parse_rows(f"{ONE},,,,N", header="Account,Date,Description,Amount,Name", fields={"name": "Name"})
    assert list_rows(parsed) == [(ONE, [])]
    assert parsed.warnings == ()


def test_cells_missing_at_the_end_of_a_row_are_empty() -> None:
    header, fields = "Account,Date,Description,Amount,Name,Message", {"name": "Name", "message": "Message"}
    (statement,) = parse_rows(f"{ONE},2025-09-01,SHOP,5.000", header=header, fields=fields).statements
    assert (statement.transactions[0].amount, statement.name) == (5_000, "")


@pytest.mark.parametrize(
    "row",
    [f"{ONE},2025-09-01,SHOP", f"{ONE},2025-09-01", f"{ONE},SHOP,5.000", f"2025-09-01,{ONE},5.000"],
)
def test_a_row_that_may_lack_a_cell_before_its_amount_refuses_every_account_it_may_be_of(row: str) -> None:
    parsed = parse_rows(f"{OTHER},2025-09-01,B,1.000", row, f"{ONE},2025-09-02,SHOP,1.000")
    assert list_rows(parsed) == [(OTHER, ["B"])]
    cells = row.count(",") + 1
    assert list_rejected(parsed) == [
        (
            "****0015",
            3,
            f"a row has {cells} cells, the header 4; {QUOTE_LINE_BREAKS}, and upload the file again",
        )
    ]


def test_an_account_of_nothing_but_cut_rows_is_refused_since_its_number_may_be_a_piece_of_an_address() -> (
    None
):
    header, fields = "Account,Date,Description,Amount,Name", {"name": "Name"}
    parsed = parse_rows(f"{ONE},2025-09-01,SHOP,1.000,N", "Flat 12", header=header, fields=fields)
    assert [(line, message[:38]) for _, line, message in list_rejected(parsed)] == [
        (3, "an account of nothing but rows with to")
    ]


@pytest.mark.parametrize("row", [f"{ONE},2025-09-01,A, B,5.000", f"B,{ONE},2025-09-01,A,5.000"])
def test_a_row_with_too_many_cells_refuses_every_account_it_may_be_of(row: str) -> None:
    parsed = parse_rows(row, f"{ONE},2025-09-01,SHOP,1.000", f"{OTHER},2025-09-01,B,1.000")
    assert list_rows(parsed) == [(OTHER, ["B"])]
    ((account, line, message),) = list_rejected(parsed)
    assert (account, line) == ("****0015", 2)
    assert message.startswith(
        "a row has 5 cells, the header 4; put a cell that holds the delimiter in quotation marks"
    )


def test_a_row_with_too_many_cells_that_is_of_no_account_is_refused_by_itself() -> None:
    parsed = parse_rows(f"{ONE},2025-09-01,A,1.000", f"{OTHER},2025-09-01,A,B,5.000")
    assert list_rows(parsed) == [(ONE, ["A"])]
    assert [each.line for each in parsed.rejected] == [3]


def test_blank_cells_behind_the_last_column_do_not_matter() -> None:
    assert list_rows(
        parse_rows(f"{ONE},2025-09-01,A,1.000,,", header="Account,Date,Description,Amount,,")
    ) == [(ONE, ["A"])]


def test_a_shifted_row_is_told_beside_rows_without_account() -> None:
    parsed = parse_rows(",2025-09-01,A,1.000", f"{OTHER},2025-09-01,,A,B,5.000", f"{ONE},2025-09-01,A,1.000")
    assert list_rows(parsed) == [(ONE, ["A"])]
    assert [line for _, line, _ in list_rejected(parsed)] == [2, 3]


def test_a_shifted_row_refuses_an_account_of_several_columns() -> None:
    header, fields = "Branch,Number,Date,Description,Amount", {"account": ["Branch", "Number"]}
    parsed = parse_rows("1,15,2025-09-01,A,1.000", "1,15,2025-09-01,A,B,2.000", header=header, fields=fields)
    assert (parsed.statements, [each.line for each in parsed.rejected]) == ((), [3])


def test_a_delimiter_at_the_end_of_every_row_does_not_matter() -> None:
    rows = [f"{ONE},2025-09-01,A,1.000,", f"{ONE},2025-09-01,B,1.000,"] * 150
    assert list_rows(parse_rows(*rows)) == [(ONE, ["A", "B"] * 150)]


def test_a_blank_cell_too_many_in_a_few_rows_may_have_shifted_them() -> None:
    rows = (f"{ONE},2025-09-01,A,1.000,", f"{ONE},2025-09-01,B,1.000", f"{OTHER},2025-09-01,C,1.000")
    parsed = parse_rows(*rows)
    assert list_rows(parsed) == [(OTHER, ["C"])]
    assert [(account, line) for account, line, _ in list_rejected(parsed)] == [("****0015", 2)]


def test_many_rows_with_a_blank_cell_too_many_refuse_the_file() -> None:
    with pytest.raises(ParseError, match="line 101: a row has 5 cells"):
        parse_rows(*[f"{ONE},2025-09-01,A,1.000,"] * 200, f"{ONE},2025-09-01,B,1.000")


def test_a_cell_below_a_blank_name_behind_the_last_column_is_one_too_many() -> None:
    parsed = parse_rows(f"{ONE},2025-09-01,A,B,1.000", header="Account,Date,Description,Amount,")
    assert len(parsed.rejected) == 1


def test_a_file_of_shifted_rows_is_refused_as_a_whole() -> None:
    with pytest.raises(ParseError, match="line 102: a row has 5 cells"):
        parse_rows(*[f"{ONE},2025-09-01,A,B,1.000"] * 101)


def test_rows_without_account_are_refused_together_since_they_are_somebodys() -> None:
    rows = (f"{ONE},2025-09-01,A,1.000", ",2025-09-01,B,1.000", ",2025-09-01,C,1.000")
    parsed = parse_rows(*rows)
    assert list_rows(parsed) == [(ONE, ["A"])]
    assert list_rejected(parsed) == [
        ("****", 3, "a row has no account number; correct it and upload the file again")
    ]


@pytest.mark.parametrize("number", ["5.00001E+15", "5,00001E+15", "5E+15", "5.0e15"])
def test_a_number_that_a_spreadsheet_has_rounded_is_no_account(number: str) -> None:
    parsed = parse_rows(f'"{number}",2025-09-01,A,1.000', f'"{number}",2025-09-01,B,1.000')
    ((_, line, message),) = list_rejected(parsed)
    assert line == 2
    assert message.startswith(
        f'account "{number}" was rounded by a spreadsheet, which must import that column as'
    )


def test_a_footer_is_refused_rather_than_taken_for_an_account() -> None:
    parsed = parse_rows(f"{ONE},2025-09-01,A,1.000", "Total,,,1.000")
    ((_, line, message),) = list_rejected(parsed)
    assert line == 3
    assert message.startswith('"…" is no account number, which has digits and no more than letters, blanks')


def test_the_prefix_of_an_account_is_taken_off_its_front_only() -> None:
    keys: dict[str, Any] = {"account_prefix": r"\d{2}-"}
    assert list_rows(parse_rows(f"00-{ONE},2025-09-01,A,1.000", **keys)) == [(ONE, ["A"])]
    assert list_rows(parse_rows("BH00-15,2025-09-01,A,1.000", **keys)) == [("BH00-15", ["A"])]


def test_an_account_that_is_nothing_but_prefix_is_refused() -> None:
    parsed = parse_rows("00-,2025-09-01,A,1.000", account_prefix=r"\d{2}-")
    assert list_rejected(parsed)[0][2].startswith("no account number behind its prefix")


def test_an_account_may_stand_in_several_columns() -> None:
    header, fields = "Branch,Number,Date,Description,Amount", {"account": ["Branch", "Number"]}
    parsed = parse_rows(
        "001,15,2025-09-01,A,1.000", "002,15,2025-09-01,B,1.000", header=header, fields=fields
    )
    assert list_rows(parsed) == [("001 15", ["A"]), ("002 15", ["B"])]


# --- What an account's rows say together ---

NAMED = "Account,Name,Opening,Currency,Date,Description,Amount"
NAMED_FIELDS = {"name": "Name", "opening": "Opening", "currency": "Currency"}


def parse_named(*rows: str, **keys: Any) -> ParsedFile:
    return parse_rows(*rows, header=NAMED, fields=NAMED_FIELDS, **keys)


def test_what_is_said_of_an_account_may_stand_in_any_of_its_rows() -> None:
    (statement,) = parse_named(
        f"{ONE},,,,2025-09-01,A,1.00",
        f"{ONE},N,,USD,2025-09-01,B,1.00",
        f"{ONE},N,5.00,USD,2025-09-01,C,1.00",
    ).statements
    assert (statement.name, statement.opening, statement.currency) == ("N", -500, "USD")
    assert [row.amount for row in statement.transactions] == [100, 100, 100]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("HALA AL-DEMO,1.000,BHD", "name is another one than in line 2"),
        ("NOORA SAMPLEH,2.000,BHD", "opening is another one than in line 2"),
        ("NOORA SAMPLEH,1.000,USD", "currency is another one than in line 2"),
    ],
)
def test_rows_that_do_not_agree_refuse_their_account_with_both_lines(second: str, message: str) -> None:
    parsed = parse_named(
        f"{ONE},NOORA SAMPLEH,1.000,BHD,2025-09-01,A,1.000",
        f"{OTHER},N,1.000,BHD,2025-09-01,B,1.000",
        f"{ONE},{second},2025-09-01,C,1.000",
    )
    assert list_rows(parsed) == [(OTHER, ["B"])]
    ((account, line, told),) = list_rejected(parsed)
    assert (account, line) == ("****0015", 4)
    assert told.startswith(message)


def test_several_organisations_of_one_account_refuse_it() -> None:
    header, fields = "Bank,Account,Date,Description,Amount", {"organisation": "Bank"}
    rows = (
        f"900,{ONE},2025-09-01,A,1.000",
        f"901,{ONE},2025-09-01,B,1.000",
        f"901,{OTHER},2025-09-01,C,1.000",
    )
    parsed = parse_rows(*rows, header=header, fields=fields)
    assert list_rejected(parsed)[0][2].startswith("organisation is another one than in line 2")
    assert [each.org_id for each in parsed.statements] == ["901"]


@pytest.mark.parametrize("organisation", ["../etc", "a b", "x" * 33])
def test_an_organisation_that_cannot_be_part_of_a_path_is_refused(organisation: str) -> None:
    header, fields = "Bank,Account,Date,Description,Amount", {"organisation": "Bank"}
    parsed = parse_rows(f"{organisation},{ONE},2025-09-01,A,1.000", header=header, fields=fields)
    assert "is not 1 to 32 letters" in list_rejected(parsed)[0][2]


def test_a_bad_balance_refuses_its_account_with_the_line_where_it_starts() -> None:
    parsed = parse_named(f"{ONE},N,1x,,2025-09-01,A,1.000", f"{OTHER},N,1.000,,2025-09-01,B,1.000")
    assert [(line, message[:22]) for _, line, message in list_rejected(parsed)] == [
        (2, 'opening balance "1x" i')
    ]
    assert list_rows(parsed) == [(OTHER, ["B"])]


def test_a_bad_amount_refuses_its_account_with_its_own_line() -> None:
    parsed = parse_rows(
        f"{ONE},2025-09-01,A,1.000", f"{ONE},2025-09-01,B,1O.000", f"{OTHER},2025-09-01,C,1.000"
    )
    assert list_rejected(parsed) == [
        ("****0015", 3, 'amount "1O.000" is not a number; correct it and upload the file again')
    ]


def test_other_names_are_extras_of_their_type() -> None:
    header = "Account,Date,Description,Amount,Due,Minimum,Branch"
    fields = {
        "due_date": {"at": "Due", "type": "date"},
        "minimum_due": {"at": "Minimum", "type": "amount"},
        "branch": "Branch",
    }
    parsed = parse_rows(f"{ONE},2025-09-01,A,1.000,2025-10-01,2.500,Riffa", header=header, fields=fields)
    assert parsed.statements[0].extra == {
        "due_date": date(2025, 10, 1),
        "minimum_due": 2_500,
        "branch": "Riffa",
    }


def test_different_messages_are_kept_in_order_and_the_same_once() -> None:
    header, fields = "Account,Date,Description,Amount,Message", {"message": "Message"}
    rows = [f"{ONE},2025-09-01,A,1.000,{text}" for text in ("b", "", "a", "b", '"c\nd"')]
    assert parse_rows(*rows, header=header, fields=fields).statements[0].messages == ("b", "a", "c d")


# --- Amounts ---

PAIR = "Account,Date,Description,Debit,Credit"


def parse_pair(*cells: str, **keys: Any) -> ParsedFile:
    fields = {name: place for name, place in FIELDS.items() if name != "amount"}
    rows = "\n".join((PAIR, *(f"{ONE},2025-09-01,SHOP,{each}" for each in cells)))
    return parse_text(
        rows, make_profile(**{"fields": fields | {"debit": "Debit", "credit": "Credit"}, **keys})
    )


@pytest.mark.parametrize(
    ("cells", "amount", "credit"),
    [
        ("5.000,", 5_000, False),
        (",5.000", 5_000, True),
        ("5.000,0.000", 5_000, False),
        ("0,5.000", 5_000, True),
        ("-5.000,", 5_000, False),
        ("5.000 DR,", 5_000, False),
        (",+5.000", 5_000, True),
        ('"1,250.000",', 1_250_000, False),
        ("5,", 5_000, False),
    ],
)
def test_the_column_says_the_direction(cells: str, amount: int, credit: bool) -> None:
    (row,) = parse_pair(cells).statements[0].transactions
    assert (row.amount, row.credit) == (amount, credit)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("5.000,3.000", "a row has debit 5.000 and credit 3.000"),
        (",-5.000", 'credit "-5.000" contradicts its side by its sign'),
        ("5.000 CR,", 'debit "5.000 CR" contradicts its side by its sign'),
        ("x,5.000", 'debit "x" is not a number'),
    ],
)
def test_two_amounts_or_a_sign_against_its_column_are_refused(cells: str, message: str) -> None:
    parsed = parse_pair("1.000,", cells)
    ((_, line, told),) = list_rejected(parsed)
    assert line == 3
    assert told.startswith(message)


def test_rows_with_neither_debit_nor_credit_are_printed_with_zero_and_a_warning() -> None:
    parsed = parse_pair(",", "0,0.00")
    assert [row.amount for row in parsed.statements[0].transactions] == [0, 0]
    assert list_messages(parsed) == ["line 2: row 1: no amount; printed as 0.000"]


@pytest.mark.parametrize(("currency", "minor"), [("BHD", 12_500), ("USD", 1_250), ("JPY", 13)])
def test_debits_and_credits_are_read_in_the_decimals_of_the_currency(currency: str, minor: int) -> None:
    text = to_decimal_text(minor, currency)
    parsed = parse_pair(f"{text},", f",{text}", currency=currency, decimals=2)
    expected = minor if currency != "JPY" else None
    if expected is None:  # 13 with two implied decimals is no whole yen
        assert len(parsed.rejected) == 1
        return
    assert [row.amount for row in parsed.statements[0].transactions] == [minor, minor]


def test_implied_decimals_hold_in_debit_and_credit_columns() -> None:
    parsed = parse_pair("12500,", ",700", currency="JPY", decimals=2)
    assert [row.amount for row in parsed.statements[0].transactions] == [125, 7]


def test_a_comma_may_be_the_decimal_point() -> None:
    parsed = parse_pair('"1.250,500",', ',"0,500"', decimal_point=",")
    assert [row.amount for row in parsed.statements[0].transactions] == [1_250_500, 500]


def test_an_amount_beside_debit_and_credit_must_be_the_only_one() -> None:
    header = "Account,Date,Description,Amount,Debit,Credit"
    fields = {"debit": "Debit", "credit": "Credit"}
    rows = (f"{ONE},2025-09-01,A,-1.000,,", f"{ONE},2025-09-01,B,,2.000,0", f"{ONE},2025-09-01,C,0,,3.000")
    (statement,) = parse_rows(*rows, header=header, fields=fields).statements
    assert [(row.amount, row.credit) for row in statement.transactions] == [
        (1_000, False),
        (2_000, False),
        (3_000, True),
    ]
    parsed = parse_rows(f"{ONE},2025-09-01,A,-1.000,1.000,", header=header, fields=fields)
    assert list_rejected(parsed)[0][2].startswith("a row has amount -1.000 and debit 1.000")


def test_a_direction_column_says_what_an_amount_without_sign_is() -> None:
    header, fields = "Account,Date,Description,Amount,D/C", {"direction": "D/C"}
    rows = (f"{ONE},2025-09-01,A,1.000,D", f"{ONE},2025-09-01,B,1.000,c", f"{ONE},2025-09-01,C,1.000,")
    (statement,) = parse_rows(*rows, header=header, fields=fields).statements
    assert [row.credit for row in statement.transactions] == [False, True, True]


def test_an_amount_and_its_mark_may_stand_in_two_columns() -> None:
    header, fields = "Account,Date,Description,Amount,Mark", {"amount": ["Amount", "Mark"]}
    (statement,) = parse_rows(f"{ONE},2025-09-01,A,1.000,DR", header=header, fields=fields).statements
    assert statement.transactions[0].credit is False


# --- Any file ---

ACCOUNTS = (ONE, OTHER, "BH00TEST00000000000031")
CURRENCIES = st.sampled_from(("BHD", "USD", "JPY"))
TEXT = st.text(
    st.characters(blacklist_categories=("Cc", "Cs", "Zs", "Zl", "Zp"), blacklist_characters="\ufeff"),
    min_size=1,
)
AMOUNT = st.integers(min_value=1, max_value=10**12)
MODEL_ROW = st.tuples(st.dates(date(1900, 1, 1), date(2199, 12, 31)), TEXT, AMOUNT, st.booleans())
MODEL = st.dictionaries(
    st.sampled_from(ACCOUNTS), st.tuples(CURRENCIES, TEXT, st.lists(MODEL_ROW)), min_size=1
)
Model = dict[str, tuple[str, str, list[tuple[date, str, int, bool]]]]


def write_csv(model: Model, order: Sequence[int], delimiter: str = ",") -> str:
    """Write accounts with their rows, put into another order, each account's own order kept."""
    out = io.StringIO()
    write = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    write.writerow(("Account", "Name", "Currency", "Date", "Description", "Amount"))
    queues: dict[str, list[tuple[str, str, int] | None]] = {
        account: [(day.isoformat(), text, minor if credit else -minor) for day, text, minor, credit in rows]
        or [None]
        for account, (_, _, rows) in model.items()
    }
    for turn in (*order, *range(sum(map(len, queues.values())))):
        waiting = [account for account, rows in queues.items() if rows]
        if not waiting:
            break
        account = waiting[turn % len(waiting)]
        currency, name, _ = model[account]
        row = queues[account].pop(0)
        cells = ("", "", "") if row is None else (*row[:2], to_decimal_text(row[2], currency))
        write.writerow((account, name, currency, *cells))
    return out.getvalue()


def named_profile(**keys: Any) -> TableProfile:
    return make_profile({"name": "Name", "currency": "Currency"}, filler_descriptions=[], **keys)


@given(model=MODEL, order=st.lists(st.integers(0, 5), max_size=20), delimiter=st.sampled_from(",;|\t"))
def test_what_is_written_is_read_back(model: Model, order: list[int], delimiter: str) -> None:
    parsed = parse_text(write_csv(model, order, delimiter), named_profile(delimiter=delimiter))
    found: Model = {
        each.account: (
            each.currency,
            each.name,
            [(row.date or date.min, row.description, row.amount, row.credit) for row in each.transactions],
        )
        for each in parsed.statements
    }
    assert found == model
    assert not parsed.rejected


@given(st.text(alphabet='AccountDescrip,"\n;0123456789. -+CRD\r\t', max_size=200))
def test_any_text_gives_statements_or_a_parse_error(text: str) -> None:
    header = "Account,Date,Description,Amount\n"
    for content in (text, header + text):
        try:
            parsed = parse_text(content)
        except ParseError:
            continue
        assert all(each.line for each in parsed.rejected)


def write_tagged(rows: int) -> str:
    """Write rows that say in their description whose they are and how much was paid."""
    lines = ["Account,Name,Date,Posting date,Description,Amount,Original currency,Original amount,Message"]
    for number in range(rows):
        account, tag = (ONE, "one") if number % 2 else (OTHER, "other")
        original = ("GBP", "20.00") if number % 3 == 0 else ("", "")
        cells = (account, f"NAME {tag}", "2025-09-01", "2025-09-02", f"{tag} {number}", f"-{number + 1}.000")
        lines.append(",".join((*cells, *original, "")))
    return "\n".join(lines) + "\n"


@settings(max_examples=400)
@given(data=st.data())
def test_structure_that_breaks_never_puts_a_row_or_amount_to_another_customer(data: st.DataObject) -> None:
    text = write_tagged(6)
    at = data.draw(st.integers(text.index("\n") + 1, len(text) - 1))
    change = data.draw(st.sampled_from([",", '"', "\n", '""', '",', ',"', "", "\n\n", ",,", "cut"]))
    changed = text[:at] if change == "cut" else text[:at] + change + text[at + (change == "") :]
    # A digit or sign that is missing makes another number, and nothing can know.
    assume(change or text[at] in ",\n")
    try:
        parsed = parse(changed.encode(), profile=CSV, name="900_x.csv")
    except ParseError:
        return
    for statement in parsed.statements:
        tag = {ONE: "one", OTHER: "other"}.get(statement.account)
        for row in statement.transactions if tag else ():
            words = row.description.replace('"', "").split()
            assert words[0] == tag
            assert (row.amount, row.credit) == ((int(words[1]) + 1) * 1_000, False)


def test_a_header_that_runs_into_a_customers_row_tells_nobodys_name() -> None:
    content = b"Account,Name,Description5000000000000015,NOORA SAMPLEH,2025-09-01,SHOP,12.500\n"
    with pytest.raises(ParseError) as error:
        parse(content, profile=load_profiles()["csv"])
    assert "there are numbers among them" in str(error.value)
    assert "NOORA" not in str(error.value)
