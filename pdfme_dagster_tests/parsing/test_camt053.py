"""camt.053 files, good, broken and hostile. Not here: which profile a file gets."""

import datetime as dt
import io
import re
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdfme_dagster.domain.money import decimals_of, to_decimal_text
from pdfme_dagster.domain.statement import Statement, Transaction
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing.camt053 import read_camt053
from pdfme_dagster.parsing.drafts import Draft, Refused
from pdfme_dagster.parsing.notes import Notes
from pdfme_dagster.parsing.profile import Camt053Profile
from pdfme_dagster.parsing.profiles import HEAD_BYTES, load_profiles
from pdfme_dagster.parsing.reader import StatementReader, parse
from pdfme_dagster.parsing.source import BinarySource
from pdfme_dagster.parsing.totals import check_totals
from pdfme_dagster_tests.parsing.spoilt import altered_files, cut_files, reordered_files

SAMPLES = Path(__file__).parent / "samples"
TWO = (SAMPLES / "camt053_two_customers.xml").read_bytes()
VERSION_08 = (SAMPLES / "camt053_version_08.xml").read_bytes()
PROFILE = Camt053Profile(name="camt053", format="camt053")
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"
SECRETS = ("NOORA", "SAMPLEH", "MOCKERY", "BH00TEST00000000000015", "5000000000000022", "000000000015")


def read(content: bytes, notes: Notes | None = None) -> Iterator[Draft | Refused]:
    return read_camt053(BinarySource(io.BytesIO(content)), PROFILE, notes or Notes())


def statements_of(content: bytes, notes: Notes | None = None) -> list[Statement]:
    found = list(read(content, notes))
    assert all(isinstance(each, Draft) for each in found), found
    return [each.statement for each in found if isinstance(each, Draft)]


def warnings_of(content: bytes) -> list[tuple[int, str]]:
    notes = Notes()
    list(read(content, notes))
    return [(warning.line, warning.message) for warning in notes.list_warnings()]


def change(old: str, new: str, *, content: bytes = TWO) -> bytes:
    text = content.decode()
    assert old in text
    return text.replace(old, new, 1).encode()


def line_of(text: str, *, content: bytes = TWO) -> int:
    return content[: content.index(text.encode())].count(b"\n") + 1


def balance(
    code: str, amount: str, mark: str = "CRDT", *, day: str = "2025-09-30", currency: str = "BHD"
) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='{currency}'>{amount}</Amt>"
        f"<CdtDbtInd>{mark}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def entry(inside: str = "", *, amount: str = "1.000", mark: str = "DBIT", currency: str = "BHD") -> str:
    return (
        f"<Ntry><Amt Ccy='{currency}'>{amount}</Amt><CdtDbtInd>{mark}</CdtDbtInd><Sts>BOOK</Sts>"
        f"<BookgDt><Dt>2025-09-05</Dt></BookgDt>{inside}</Ntry>"
    )


def document(*parts: str, head: str = "<Acct><Id><IBAN>BH00TEST00000000000015</IBAN></Id></Acct>") -> bytes:
    inside = "\n".join(parts)
    statement = f"<Stmt>{head}{inside}</Stmt>"
    return f"<Document xmlns='{NAMESPACE}'><BkToCstmrStmt>{statement}</BkToCstmrStmt></Document>".encode()


def only(content: bytes) -> Statement:
    [statement] = statements_of(content)
    return statement


def refusal(content: bytes) -> ParseError:
    [found] = read(content)
    assert isinstance(found, Refused)
    return found.error


# --- What is read ---


def test_sample_of_two_customers_is_read_in_full() -> None:
    day = dt.date(2025, 9, 30)
    first, second = statements_of(TWO)

    assert first == Statement(
        org_id="",
        account="BH00TEST00000000000015",
        name="NOORA SAMPLEH",
        address=("Flat 12, Building 34", "Road 5600, Manama"),
        statement_date=day,
        currency="BHD",
        opening=-1_000_000,
        debits=123_200,
        credits=512_500,
        closing=-1_389_300,
        available=1_289_300,
        transactions=(
            Transaction(
                dt.date(2025, 9, 4),
                dt.date(2025, 9, 5),
                "Incoming transfer, YOUSIF MOCKERY, Rent of September, flat 12",
                500_000,
                True,
            ),
            Transaction(
                dt.date(2025, 9, 9),
                dt.date(2025, 9, 11),
                "Card purchase INVENTED BOOKS LTD & Sons",
                47_200,
                False,
                "GBP",
                9_285,
            ),
            Transaction(
                dt.date(2025, 9, 15), dt.date(2025, 9, 15), "HALA AL-DEMO, Salary, and 1 more", 75_000, False
            ),
            Transaction(None, dt.date(2025, 9, 16), "Reversal of a charge", 12_500, True),
            Transaction(None, day, "FEE-0930", 1_000, False),
        ),
        messages=("Our branches are closed on the first of October.",),
    )
    assert second == Statement(
        org_id="",
        account="5000000000000022",
        name="",
        address=(),
        statement_date=day,
        currency="JPY",
        opening=100_000,
        debits=None,
        credits=None,
        closing=100_000,
        available=None,
        transactions=(),
        messages=(),
    )


def test_sample_of_version_08_in_windows_1256_is_read_in_full() -> None:
    assert only(VERSION_08) == Statement(
        org_id="",
        account="BH00TEST00000000000031",
        name="هالة التجربة",
        address=("Sample Avenue 7", "1015 Riffa", "BH"),
        statement_date=dt.date(2025, 9, 20),
        currency="BHD",
        opening=20_500,
        debits=None,
        credits=None,
        closing=-4_500,
        available=None,
        transactions=(
            Transaction(
                dt.date(2025, 9, 18), dt.date(2025, 9, 18), "يوسف المثال, RF18539007547034", 25_000, True
            ),
        ),
        messages=(),
    )


def test_statements_say_the_line_where_they_start() -> None:
    assert [each.line for each in read(TWO) if isinstance(each, Draft)] == [
        line_of("<Stmt>"),
        line_of("<Id>SAMPLE-2") - 1,
    ]


def test_samples_say_what_was_left_out_and_what_is_missing() -> None:
    pending = TWO[: TWO.index(b"PDNG")].rindex(b"<Ntry>")
    assert warnings_of(TWO) == [
        (TWO[:pending].count(b"\n") + 1, "entry is not booked (Sts is not BOOK); left out"),
        (line_of("<Id>SAMPLE-2") - 1, "no customer name (Acct/Ownr/Nm)"),
    ]
    assert warnings_of(VERSION_08) == [
        (5, "page 1 of a statement; printed as one of its own"),
        (28, "entry is not booked (Sts is not BOOK); left out"),
    ]


@pytest.mark.parametrize("content", [TWO, VERSION_08])
def test_control_totals_hold_over_the_samples(content: bytes) -> None:
    for statement in statements_of(content):
        assert not list(check_totals(statement, PROFILE.control_totals))


@pytest.mark.parametrize("version", ["001.02", "001.04", "001.08", "001.13", "002.01"])
def test_any_version_is_read(version: str) -> None:
    assert len(statements_of(TWO.replace(b"camt.053.001.02", f"camt.053.{version}".encode()))) == 2


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1256", "iso-8859-6"])
def test_text_is_read_in_the_encoding_that_the_file_says(encoding: str) -> None:
    said = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1256": "windows-1256"}.get(encoding, encoding)
    text = change("NOORA SAMPLEH", "نورة المثال").decode().replace('"UTF-8"', f'"{said}"')

    assert statements_of(text.encode(encoding))[0].name == "نورة المثال"


def test_organisation_comes_from_the_file_s_name() -> None:
    parsed = parse(TWO, profile=PROFILE, name="266_2025-09.xml")

    assert [statement.org_id for statement in parsed.statements] == ["266", "266"]
    assert parsed.encoding == "as the file says"


@pytest.mark.parametrize(
    "content", [TWO, VERSION_08, TWO.decode().replace("UTF-8", "UTF-16").encode("utf-16")]
)
def test_shipped_profile_knows_its_files_by_their_looks(content: bytes) -> None:
    profile = load_profiles().choose("in/266_september.xml", content[:HEAD_BYTES])

    assert profile.name == "camt053"
    assert parse(content, profile=profile, name="266_september.xml").statements


def test_progress_goes_up_to_the_size_of_the_file() -> None:
    reader = StatementReader(io.BytesIO(TWO), PROFILE, name="266_x.xml")
    list(reader)

    assert reader.bytes_done == reader.size_bytes == len(TWO)


def test_end_of_file_mark_behind_the_text_is_no_text() -> None:
    assert len(statements_of(TWO + b"\x1a")) == 2
    assert len(statements_of(TWO + b"\x1a\x1a")) == 2


def test_comments_instructions_and_cdata_do_not_hide_text() -> None:
    content = change("NOORA SAMPLEH", "NOORA <!-- no --><?no no?><![CDATA[<SAMPLEH>]]>")

    assert statements_of(content)[0].name == "NOORA <SAMPLEH>"


# --- Balances ---


def test_credit_balance_is_not_owed_and_debit_balance_is() -> None:
    statement = only(document(balance("OPBD", "5.000", "CRDT"), balance("CLBD", "7.000", "DBIT")))

    assert (statement.opening, statement.closing) == (-5_000, 7_000)


def test_overdrawn_available_balance_is_negative() -> None:
    assert only(document(balance("CLAV", "2.000", "DBIT"))).available == -2_000
    assert only(document(balance("CLAV", "2.000", "CRDT"))).available == 2_000


def test_closing_balance_of_the_period_before_opens_when_nothing_else_does() -> None:
    assert only(document(balance("PRCD", "5.000"))).opening == -5_000
    assert only(document(balance("PRCD", "5.000"), balance("OPBD", "6.000"))).opening == -6_000


@pytest.mark.parametrize(
    ("codes", "opening", "closing"),
    [
        (("ITBD", "ITBD"), -1, -2),
        (("ITBD", "ITBD", "ITBD"), -1, -3),
        (("OPBD", "ITBD"), -1, -2),
        (("ITBD", "CLBD"), -1, -2),
        (("OPBD", "ITBD", "ITBD"), -1, -3),
        (("ITBD", "ITBD", "CLBD"), -1, -3),
        (("OPBD", "ITBD", "CLBD"), -1, -3),
        (("ITBD",), None, None),
        (("XPCD", "FWAV"), None, None),
    ],
)
def test_interim_balances_open_and_close_a_page(
    codes: tuple[str, ...], opening: int | None, closing: int | None
) -> None:
    balances = [balance(code, f"0.00{number}") for number, code in enumerate(codes, start=1)]
    statement = only(document(*balances))

    assert (statement.opening, statement.closing) == (opening, closing)


def test_missing_balances_are_said() -> None:
    assert (1, "missing opening balance, closing balance") in warnings_of(document())
    assert (1, "missing closing balance") in warnings_of(document(balance("OPBD", "1")))


@pytest.mark.parametrize(
    ("head", "day"),
    [
        ("<FrToDt><ToDtTm>2025-09-29T23:59:59</ToDtTm></FrToDt><CreDtTm>2025-10-01T00:00:00Z</CreDtTm>", 29),
        ("<FrToDt><ToDt>2025-09-28</ToDt></FrToDt>", 28),
        ("<CreDtTm>2025-09-27T00:00:00+03:00</CreDtTm>", 27),
    ],
)
def test_statement_date_without_closing_balance_is_the_period_s_end_or_the_day_of_making(
    head: str, day: int
) -> None:
    assert only(document(head)).statement_date == dt.date(2025, 9, day)


def test_statement_without_any_date_is_made_and_says_so() -> None:
    assert only(document()).statement_date is None
    assert (1, "no statement date") in warnings_of(document())


def test_currency_of_the_first_amount_stands_in_for_the_account_s() -> None:
    assert only(document(balance("CLBD", "1.5", currency="KWD"))).closing == -1_500
    assert only(document(entry(amount="1.5", currency="USD"))).transactions[0].amount == 150


def test_empty_statement_that_names_no_currency_has_the_profile_s() -> None:
    assert only(document()).currency == PROFILE.currency


def test_page_in_the_middle_is_said_and_a_last_first_page_is_not() -> None:
    pages = "<StmtPgntn><PgNb>{}</PgNb><LastPgInd>{}</LastPgInd></StmtPgntn>"

    assert any("page 2" in message for _, message in warnings_of(document(pages.format(2, "true"))))
    assert not any("page" in message for _, message in warnings_of(document(pages.format(1, "true"))))


# --- Amounts and dates ---


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("0", 0),
        ("1", 1_000),
        ("1.5", 1_500),
        (".5", 500),
        ("5.", 5_000),
        ("+1.234", 1_234),
        ("1.23400", 1_234),
    ],
)
def test_amounts_are_xml_decimals_in_the_currency_s_minor_units(text: str, minor: int) -> None:
    assert only(document(entry(amount=text))).transactions[0].amount == minor


@pytest.mark.parametrize(
    "text",
    ["", "-1.000", "1,000.000", "1e3", "1.2345", "1 000", "x", ".", "1.0CR", "1" * 19, "<b>1</b>", "1<b/>2"],
)
def test_amount_that_is_no_plain_decimal_refuses_the_statement(text: str) -> None:
    assert refusal(document(entry(amount=text))).code == "bad_amount"


@pytest.mark.parametrize(
    "part",
    [
        entry(currency="USD"),
        balance("OPBD", "1", currency="USD"),
        balance("CLAV", "1", currency="USD"),
        "<Ntry><Amt>1</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts></Ntry>",
    ],
)
def test_two_currencies_in_one_statement_refuse_it(part: str) -> None:
    error = refusal(document(balance("CLBD", "1"), part))

    assert (error.code, error.line) == ("bad_amount", 2)
    assert "statement's BHD" in error.reason


def test_entry_that_is_left_out_may_be_in_any_currency() -> None:
    pending = entry(currency="USD").replace("BOOK", "PDNG")

    assert only(document(balance("CLBD", "1"), pending)).transactions == ()


def test_reversal_goes_the_way_its_mark_says() -> None:
    inside = "<RvslInd>true</RvslInd>"

    assert only(document(entry(inside, mark="CRDT"))).transactions[0].credit
    assert not only(document(entry(inside, mark="DBIT"))).transactions[0].credit


@pytest.mark.parametrize("text", ["2025-02-30", "30.09.2025", "2025-9-30", "soon", "2025-09-30T"])
def test_row_with_an_invalid_date_is_printed_without_it(text: str) -> None:
    content = document(entry(f"<ValDt><Dt>{text}</Dt></ValDt>"))
    [row] = only(content).transactions

    assert (row.date, row.posted, row.amount) == (None, dt.date(2025, 9, 5), 1_000)
    assert any("row 1: invalid date" in message for _, message in warnings_of(content))


def test_row_without_any_date_is_said() -> None:
    content = document(entry().replace("<BookgDt><Dt>2025-09-05</Dt></BookgDt>", ""))

    assert only(content).transactions[0].posted is None
    assert (1, "row 1: no date") in warnings_of(content)


def test_entry_that_does_not_say_whether_it_is_booked_is_printed_with_a_warning() -> None:
    content = document(entry().replace("<Sts>BOOK</Sts>", ""))

    assert len(only(content).transactions) == 1
    assert any("does not say whether it is booked" in message for _, message in warnings_of(content))


# --- Descriptions ---


def details(*parts: str) -> str:
    return f"<NtryDtls>{''.join(f'<TxDtls>{part}</TxDtls>' for part in parts)}</NtryDtls>"


PARTIES = (
    "<RltdPties><Dbtr><Nm>HALA AL-DEMO</Nm></Dbtr><Cdtr><Pty><Nm>YOUSIF MOCKERY</Nm></Pty></Cdtr></RltdPties>"
)


@pytest.mark.parametrize(
    ("inside", "mark", "description"),
    [
        (details(PARTIES), "CRDT", "HALA AL-DEMO"),
        (details(PARTIES), "DBIT", "YOUSIF MOCKERY"),
        ("<RvslInd>true</RvslInd>" + details(PARTIES), "CRDT", "YOUSIF MOCKERY"),
        (
            details("<RmtInf><Ustrd>Invoice\n  12</Ustrd><Ustrd>thanks</Ustrd></RmtInf>"),
            "DBIT",
            "Invoice 12 thanks",
        ),
        (details("<AddtlTxInf>Fee</AddtlTxInf>"), "DBIT", "Fee"),
        (details("<AddtlTxInf>fee</AddtlTxInf>") + "<AddtlNtryInf>Fee</AddtlNtryInf>", "DBIT", "Fee"),
        (details("<Refs><EndToEndId>NOTPROVIDED</EndToEndId><TxId>T-1</TxId></Refs>"), "DBIT", "T-1"),
        ("<NtryRef>N-1</NtryRef>", "DBIT", "N-1"),
        ("<BkTxCd><Prtry><Cd>CHRG</Cd></Prtry></BkTxCd>", "DBIT", "CHRG"),
        ("", "DBIT", ""),
        (
            details(PARTIES, PARTIES) + "<AddtlNtryInf>Salaries</AddtlNtryInf>",
            "DBIT",
            "Salaries, 2 transactions",
        ),
    ],
)
def test_description_is_what_a_customer_would_read(inside: str, mark: str, description: str) -> None:
    assert only(document(entry(inside, mark=mark))).transactions[0].description == description


def test_batch_stays_one_row_of_its_sum() -> None:
    detail = "<AmtDtls><InstdAmt><Amt Ccy='USD'>9.00</Amt></InstdAmt></AmtDtls>"
    [row] = only(document(entry(details(detail, detail), amount="6.800"))).transactions

    assert (row.amount, row.original_currency) == (6_800, None)


def test_original_amount_is_the_first_one_in_another_currency() -> None:
    amounts = (
        "<AmtDtls><InstdAmt><Amt Ccy='BHD'>1.000</Amt></InstdAmt>"
        "<TxAmt><Amt Ccy='JPY'>396</Amt></TxAmt></AmtDtls>"
    )
    [row] = only(document(entry(details(amounts)))).transactions

    assert (row.original_currency, row.original_amount) == ("JPY", 396)


def test_original_amount_with_too_many_decimals_refuses_the_statement() -> None:
    original = "<AmtDtls><InstdAmt><Amt Ccy='JPY'>3.5</Amt></InstdAmt></AmtDtls>"

    assert refusal(document(entry(details(original)))).code == "bad_amount"


@pytest.mark.parametrize("amount", ["<Amt>3</Amt>", "<Amt Ccy='QQQ'>3</Amt>", "<Amt Ccy='JPY'/>"])
def test_original_amount_without_currency_or_number_is_left_out_with_a_warning(amount: str) -> None:
    content = document(entry(details(f"<AmtDtls><InstdAmt>{amount}</InstdAmt></AmtDtls>")))

    assert only(content).transactions[0].original_currency is None
    assert any("row 1: original currency" in message for _, message in warnings_of(content))


# --- Refusals of one customer ---


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        ("<IBAN>BH00TEST00000000000015</IBAN>", "", "bad_record", "<Stmt>"),
        ("</Acct>", "</Acct><Acct/>", "bad_record", "<Stmt>"),
        ("<Ccy>BHD</Ccy>", "<Ccy>bhd</Ccy>", "bad_record", "<Stmt>"),
        ("<Ccy>BHD</Ccy>", "<Ccy>QQQ</Ccy>", "bad_record", "<Stmt>"),
        ("<Ccy>BHD</Ccy>", "<Ccy>USD</Ccy>", "bad_amount", "<Bal>"),
        ("1000.000", "1000.0001", "bad_amount", "<Bal>"),
        ("<CdtDbtInd>CRDT</CdtDbtInd>", "<CdtDbtInd>CR</CdtDbtInd>", "bad_record", "<Bal>"),
        ("<CdtDbtInd>CRDT</CdtDbtInd>", "", "bad_record", "<Bal>"),
        ("<Dt>2025-09-01</Dt>", "<Dt>2025-09-31</Dt>", "bad_date", "<Bal>"),
        ("<Sum>512.500</Sum>", "<Sum>many</Sum>", "bad_amount", "<Sum>"),
        ("500.000</Amt>", "500.000</Amt><Amt Ccy='BHD'>1.000</Amt>", "bad_amount", "<Ntry>"),
        ("NOORA SAMPLEH", "NOORA\x85SAMPLEH", "unknown_encoding", "<Nm>NOORA"),
    ],
)
def test_broken_customer_is_refused_by_line_and_its_neighbour_is_read(
    old: str, new: str, code: str, place: str
) -> None:
    first, second = read(change(old, new))

    assert isinstance(first, Refused)
    assert (first.error.code, first.error.line) == (code, line_of(place))
    assert isinstance(second, Draft)
    assert second.statement.account == "5000000000000022"


def test_second_balance_of_a_kind_refuses_the_statement() -> None:
    error = refusal(document(balance("CLBD", "1"), balance("CLBD", "1")))

    assert (error.code, error.line) == ("bad_record", 2)


def test_two_statements_that_have_run_together_are_refused_and_not_mixed() -> None:
    start, end = TWO.index(b"    </Stmt>"), TWO.index(b"<Acct>", TWO.index(b"    </Stmt>"))
    [found] = read(TWO[:start] + TWO[end:])

    assert isinstance(found, Refused)
    assert "2 accounts" in found.error.reason


def test_statement_within_a_statement_does_not_lend_it_rows() -> None:
    inner = document(entry(amount="7"), balance("OPBD", "1")).decode()
    inner = inner[inner.index("<Stmt>") : inner.index("</BkToCstmrStmt>")]
    first, second = read(document(inner, entry()))

    assert isinstance(first, Draft)
    assert [row.amount for row in first.statement.transactions] == [7_000]
    assert isinstance(second, Refused)


def test_refused_customer_is_known_by_the_last_four_of_the_account() -> None:
    content = change("2025-09-30</Dt>", "2025-09-31</Dt>")
    parsed = parse(content, profile=PROFILE, name="266_x.xml")

    assert [(each.position, each.account, each.code) for each in parsed.rejected] == [
        (1, "****0015", "bad_date")
    ]


# --- Refusals of the file ---


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (TWO.replace(b"camt.053", b"camt.052"), "Document urn:iso:std:iso:20022:tech:xsd:camt.052.001.02"),
        (b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.001.001.03'/>", "pain.001.001.03"),
        (b"<html><body/></html>", "html without a namespace"),
        (b"<Document><BkToCstmrStmt/></Document>", "Document without a namespace"),
        (b"<x:Document/>", "without a namespace"),
    ],
)
def test_other_xml_is_refused_with_what_it_is(content: bytes, told: str) -> None:
    with pytest.raises(ParseError, match="is no camt") as failure:
        list(read(content))

    assert failure.value.code == "bad_record"
    assert told in failure.value.reason


def test_file_without_statements_is_refused() -> None:
    with pytest.raises(ParseError) as failure:
        parse(f"<Document xmlns='{NAMESPACE}'/>".encode(), profile=PROFILE, name="266_x.xml")

    assert failure.value.code == "no_statement"


def test_statements_before_a_break_are_read_and_the_break_comes_out_with_its_line() -> None:
    found = read(TWO[: TWO.index(b"<Othr>")])

    assert isinstance(next(found), Draft)
    with pytest.raises(ParseError, match="it ends in the middle") as failure:
        next(found)
    assert (failure.value.code, failure.value.line) == ("bad_record", line_of("<Othr>"))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"x", "does not start with a tag"),
        (b"   \n", "does not start with a tag"),
        (TWO.replace(b"</Ownr>", b"</Owner>", 1), "a tag is closed by another"),
        (TWO + b"<Document/>", "something follows its end"),
        (TWO.replace(b"NOORA", b"NOORA&#1;", 1), "a character is not allowed"),
        (TWO.replace(b"NOORA", b"NOORA \x01", 1), "a character is not allowed"),
        (TWO.replace(b"NOORA", b"NOORA \xe9", 1), "bytes are not in its encoding"),
        (TWO.replace(b"UTF-8", b"UTF-NOORA", 1), "encoding is not known"),
        (TWO.replace(b"NOORA", b"&NOORA;", 1), "an entity is not declared"),
        (TWO.replace(b"<Nm>", b"<Nm NOORA='1' NOORA='2'>", 1), "libxml2's error 42"),
        (TWO.replace(b"<Stmt>", b"<Stmt>" + b"<a>" * 300, 1), "libxml2's error"),
    ],
)
def test_malformed_xml_is_refused_by_line_without_quoting_the_file(content: bytes, told: str) -> None:
    with pytest.raises(ParseError, match="not well-formed") as failure:
        list(read(content))

    assert failure.value.code == "bad_record"
    assert failure.value.line
    assert told in failure.value.reason
    assert "NOORA" not in str(failure.value)


@pytest.mark.parametrize("blanks", [0, 30_000, 70_000])
def test_undeclared_entity_ends_the_file_wherever_it_stands(blanks: int) -> None:
    # lxml with resolve_entities=False would take what follows for another document.
    padding = " " * blanks
    content = change("NOORA SAMPLEH", f"{padding}&NOORA;{padding}")
    with pytest.raises(ParseError, match="an entity is not declared") as failure:
        list(read(content))

    assert failure.value.line == line_of("NOORA")


# --- Hostile files ---

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "prolog",
    [
        "<!DOCTYPE Document>",
        "<!DOCTYPE Document []>",
        f'<!DOCTYPE Document [<!ENTITY l0 "ha">{LAUGHS}]>',
        '<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/camt.dtd">',
        '<!DOCTYPE Document PUBLIC "a" "file:///etc/hostname">',
        '<!DOCTYPE Document [<!ENTITY l9 SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE Document [<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]>',
        '<!DOCTYPE Document [<!ENTITY % a "b"><!ENTITY % c "%a;%a;"> %c;]>',
        f"<!-- {' ' * 100_000} --><!DOCTYPE Document []>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_any_document_type_is_refused_as_unsafe(prolog: str, encoding: str) -> None:
    text = change("NOORA", "&l9;").decode()
    text = text.replace(' encoding="UTF-8"?>', f"?>{prolog}")
    with pytest.raises(ParseError, match="document type") as failure:
        list(read(text.encode(encoding)))

    assert failure.value.code == "unsafe_xml"


def test_no_file_is_read_and_nobody_is_called_for_a_document_type(tmp_path: Path) -> None:
    secret = tmp_path / "secret.dtd"
    secret.write_text('<!ENTITY l9 "opened">')
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        host = f"http://127.0.0.1:{server.getsockname()[1]}"
        for place in (secret.as_uri(), f"{host}/secret.dtd"):
            for prolog in (
                f'<!DOCTYPE Document SYSTEM "{place}">',
                f'<!DOCTYPE Document [<!ENTITY l9 SYSTEM "{place}">]>',
                f'<!DOCTYPE Document [<!ENTITY % p SYSTEM "{place}"> %p;]>',
            ):
                with pytest.raises(ParseError) as failure:
                    list(read(prolog.encode() + document(entry("<NtryRef>&l9;</NtryRef>"))))
                assert failure.value.code == "unsafe_xml"
                assert "opened" not in str(failure.value)
        with pytest.raises(TimeoutError):
            server.accept()


def test_document_type_behind_the_root_is_refused() -> None:
    with pytest.raises(ParseError, match="not well-formed"):
        list(read(change("<Stmt>", "<!DOCTYPE Document []><Stmt>")))


# --- Size ---


def test_lines_beyond_65535_are_counted() -> None:
    blank = "\n" * 70_000
    one = document(f"{blank}<Ntry>\n<Amt Ccy='BHD'>x</Amt></Ntry>").decode()
    broken = one[one.index("<Stmt>") : one.index("</BkToCstmrStmt>")]
    fine = "\n<Stmt>\n\n<Acct><Id><IBAN>BH00TEST00000000000015</IBAN></Id></Acct></Stmt>"
    content = document().decode().replace("</BkToCstmrStmt>", f"{broken}{fine}</BkToCstmrStmt>").encode()
    _, second, third = read(content)

    assert isinstance(second, Refused)
    assert second.error.line == 70_001
    assert isinstance(third, Draft)
    assert third.line == 70_003


def test_break_beyond_line_65535_is_told_by_its_line() -> None:
    with pytest.raises(ParseError) as failure:
        list(read(b"\n" * 70_000 + document().replace(b"</Stmt>", b"</Stm>")))

    assert failure.value.line == 70_001


READ_MANY = """
    import resource, sys, tempfile
    from pdfme_dagster.parsing.camt053 import read_camt053
    from pdfme_dagster.parsing.notes import Notes
    from pdfme_dagster.parsing.profile import Camt053Profile
    from pdfme_dagster.parsing.source import BinarySource

    sample, times = sys.argv[1], int(sys.argv[2])
    content = open(sample, "rb").read()
    start, end = content.index(b"<Stmt>"), content.rindex(b"</BkToCstmrStmt>")
    with tempfile.TemporaryFile() as stream:
        stream.write(content[:start])
        for _ in range(times):
            stream.write(content[start:end])
        stream.write(content[end:])
        profile = Camt053Profile(name="camt053", format="camt053")
        found = sum(1 for _ in read_camt053(BinarySource(stream), profile, Notes()))
    print(found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_number_of_statements() -> None:
    # libxml2's memory is not Python's: tracemalloc would see none of it.
    peaks = {}
    for times in (150, 1_500):
        command = [sys.executable, "-c", textwrap.dedent(READ_MANY)]
        sample = str(SAMPLES / "camt053_two_customers.xml")
        told = subprocess.run([*command, sample, str(times)], capture_output=True, text=True, check=True)
        found, peak = map(int, told.stdout.split())
        assert found == 2 * times
        peaks[times] = peak

    assert peaks[1_500] < 1.2 * peaks[150]


# --- Properties ---

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)
DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1))
CURRENCIES = st.sampled_from(("BHD", "USD", "JPY"))
ROWS = st.lists(
    st.tuples(DAYS, DAYS, NAMES, st.integers(0, 10**12), st.booleans()).map(lambda row: Transaction(*row)),
    max_size=5,
)


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def write_row(row: Transaction, currency: str) -> str:
    return (
        f"<Ntry><Amt Ccy='{currency}'>{to_decimal_text(row.amount, currency)}</Amt>"
        f"<CdtDbtInd>{'CRDT' if row.credit else 'DBIT'}</CdtDbtInd><Sts>BOOK</Sts>"
        f"<BookgDt><Dt>{row.posted}</Dt></BookgDt><ValDt><Dt>{row.date}</Dt></ValDt>"
        f"<AddtlNtryInf>{escape(row.description)}</AddtlNtryInf></Ntry>"
    )


def write_balance(code: str, owed: int, currency: str) -> str:
    amount = to_decimal_text(abs(owed), currency)
    return balance(code, amount, "DBIT" if owed > 0 else "CRDT", currency=currency)


@given(currency=CURRENCIES, opening=st.integers(-(10**12), 10**12), rows=ROWS, name=NAMES)
@settings(deadline=None)
def test_what_is_written_is_read_back(
    currency: str, opening: int, rows: list[Transaction], name: str
) -> None:
    closing = opening + sum(-row.amount if row.credit else row.amount for row in rows)
    head = f"<Acct><Id><IBAN>BH00TEST00000000000015</IBAN></Id><Ownr><Nm>{escape(name)}</Nm></Ownr></Acct>"
    balances = (write_balance("OPBD", opening, currency), write_balance("CLBD", closing, currency))
    statement = only(document(*balances, *(write_row(row, currency) for row in rows), head=head))

    assert decimals_of(statement.currency) == decimals_of(currency)
    assert (statement.name, statement.opening, statement.closing) == (name, opening, closing)
    assert statement.transactions == tuple(rows)
    assert not list(check_totals(statement, PROFILE.control_totals))


def assert_read_or_refused(content: bytes) -> None:
    notes = Notes()
    told: list[str] = []
    try:
        for each in read(content, notes):
            if isinstance(each, Refused):
                told.append(str(each.error))
            else:
                assert each.line >= 1
                assert all(row.amount >= 0 for row in each.statement.transactions)
    except ParseError as failure:
        told.append(str(failure))
    told += [warning.message for warning in notes.list_warnings()]
    assert not [each for each in told if any(secret in each for secret in SECRETS)]


@given(st.binary(min_size=1, max_size=300))
@settings(deadline=None)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    assert_read_or_refused(content)


@given(cut_files((TWO, VERSION_08)))
@settings(deadline=None)
def test_any_cut_is_read_or_refused(content: bytes) -> None:
    assert_read_or_refused(content)


@given(reordered_files((TWO, VERSION_08)))
@settings(deadline=None)
def test_any_lines_lost_doubled_or_moved_are_read_or_refused(content: bytes) -> None:
    assert_read_or_refused(content)


@given(altered_files((TWO, VERSION_08), b"<>&/\"'= \n\x00\xff;:.-+0919CDRBSN"))
@settings(deadline=None)
def test_any_changed_characters_are_read_or_refused(content: bytes) -> None:
    assert_read_or_refused(content)


@given(st.sampled_from(sorted(set(re.findall(rb"<[A-Z][A-Za-z]+>", TWO)))), st.integers(0, 5))
@settings(deadline=None)
def test_any_element_renamed_or_emptied_is_read_or_refused(tag: bytes, skip: int) -> None:
    name = tag[1:-1]
    element = re.compile(rb"<" + name + rb">[^<]*</" + name + rb">")
    places = list(element.finditer(TWO)) or list(re.finditer(tag, TWO))
    match = places[skip % len(places)]
    assert_read_or_refused(TWO[: match.start()] + b"<" + name + b"/>" + TWO[match.end() :])
