"""MT940 files, good and broken. Not here: which profile a file gets, nor how bytes become text."""

import datetime as dt
import io
import itertools
import logging
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import mt940
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdfme_dagster.domain.money import to_decimal_text
from pdfme_dagster.domain.statement import Statement, Transaction
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing.drafts import Draft, Refused
from pdfme_dagster.parsing.mt940 import read_mt940
from pdfme_dagster.parsing.notes import Notes
from pdfme_dagster.parsing.profile import Mt940Profile
from pdfme_dagster.parsing.profiles import HEAD_BYTES, load_profiles
from pdfme_dagster.parsing.reader import parse
from pdfme_dagster.parsing.source import TextSource
from pdfme_dagster.parsing.totals import check_totals
from pdfme_dagster_tests.parsing.spoilt import altered_files, cut_files, reordered_files

SAMPLES = Path(__file__).parent / "samples"
ENVELOPES = (SAMPLES / "mt940_envelopes.sta").read_bytes()
BARE = (SAMPLES / "mt940_bare.sta").read_bytes()
PROFILE = Mt940Profile(name="mt940", format="mt940", encodings=("utf-8", "iso-8859-1"))
SECRETS = (
    "NOORA",
    "SAMPLEH",
    "MOCKERY",
    "AL-DEMO",
    "5000000000000015",
    "BH00TEST00000000000031",
    "0000000023",
)


def read(content: bytes, notes: Notes | None = None) -> Iterator[Draft | Refused]:
    return read_mt940(TextSource(io.BytesIO(content), PROFILE.encodings), PROFILE, notes or Notes())


def statements_of(content: bytes) -> list[Statement]:
    found = list(read(content))
    assert all(isinstance(each, Draft) for each in found), found
    return [each.statement for each in found if isinstance(each, Draft)]


def warnings_of(content: bytes) -> list[tuple[int, str]]:
    notes = Notes()
    list(read(content, notes))
    return [(warning.line, warning.message) for warning in notes.list_warnings()]


def message(
    *lines: str,
    account: str = "5000000000000015",
    number: str = "9",
    opening: str = "F:C250901BHD0,",
    closing: str = "F:C250930BHD0,",
) -> str:
    head = (":20:SAMPLE", f":25:{account}", f":28C:{number}", f":60{opening}")
    return "\n".join((*head, *lines, f":62{closing}", "-", ""))


def only(*lines: str) -> Statement:
    [statement] = statements_of(message(*lines).encode())
    return statement


def row(*lines: str) -> Transaction:
    [transaction] = only(*lines).transactions
    return transaction


def refusal(content: str) -> ParseError:
    [found] = read(content.encode())
    assert isinstance(found, Refused)
    return found.error


# --- What is read ---


def test_sample_in_envelopes_is_read_in_full_its_pages_joined() -> None:
    first, second = statements_of(ENVELOPES)

    assert first == Statement(
        org_id="",
        account="5000000000000015",
        name="",
        address=(),
        statement_date=dt.date(2025, 9, 30),
        currency="BHD",
        opening=-1_000_000,
        debits=None,
        credits=None,
        closing=-1_460_300,
        available=1_360_300,
        transactions=(
            Transaction(
                dt.date(2025, 9, 4),
                dt.date(2025, 9, 5),
                "Incoming transfer, YOUSIF MOCKERY, Rent of September, flat 12",
                500_000,
                True,
            ),
            Transaction(
                dt.date(2025, 9, 11),
                dt.date(2025, 9, 11),
                "Card purchase INVENTED BOOKS LTD London",
                47_200,
                False,
                "GBP",
                9_285,
            ),
            Transaction(dt.date(2025, 9, 16), dt.date(2025, 9, 16), "Reversal of a charge", 12_500, True),
            Transaction(dt.date(2025, 9, 17), None, "REF-4711", 5_000, False),
        ),
        messages=("Our branches are closed on the first of October.",),
    )
    assert (second.account, second.currency) == ("BH00TEST00000000000031", "JPY")
    assert (second.opening, second.closing, second.transactions) == (100_000, 100_000, ())


def test_bare_sample_is_read_in_full() -> None:
    last = dt.date(2025, 12, 31)
    first, second = statements_of(BARE)

    assert (first.account, first.currency, first.statement_date) == ("0000000023", "EUR", last)
    assert (first.opening, first.closing, first.available) == (-123_456, -114_500, None)
    assert first.transactions == (
        Transaction(
            dt.date(2026, 1, 2),
            last,
            "SEPA-LASTSCHRIFT, INVENTED POWER AND LIGHT, Invented Power for December 2025",
            9_995,
            False,
        ),
        Transaction(
            last, None, "GUTSCHRIFT, HALA AL-DEMO, Thank you for the lunch of yesterday", 1_000, True
        ),
        Transaction(last, last, "NINT", 39, True),
    )
    assert second.account == "0000000031"
    assert second.transactions == (
        Transaction(last, last, "NOORA SAMPLEH, Gift for your birthday", 700, True),
        Transaction(last, last, "TRANSFER-9", 700, False),
    )


def test_statements_say_the_line_of_their_reference() -> None:
    assert [each.line for each in read(ENVELOPES) if isinstance(each, Draft)] == [2, 29]
    assert [each.line for each in read(BARE) if isinstance(each, Draft)] == [3, 16]


@pytest.mark.parametrize("content", [ENVELOPES, BARE])
def test_control_totals_hold_over_the_samples(content: bytes) -> None:
    for statement in statements_of(content):
        assert not list(check_totals(statement, PROFILE.control_totals))


def test_samples_read_without_a_warning_but_for_the_bank_s_own_heading() -> None:
    assert not warnings_of(ENVELOPES)
    assert warnings_of(BARE) == [
        (1, "line outside of any message; not read (2 such lines, the last is 2)"),
    ]


@pytest.mark.parametrize("content", [ENVELOPES, BARE])
def test_rows_are_as_many_and_as_much_as_the_library_finds_in_the_whole_file(content: bytes) -> None:
    found = mt940.models.Transactions(options=mt940.Options.all()).parse(content.decode())
    theirs = [Decimal(each.data["amount"].amount) for each in found]
    ours = [
        Decimal(to_decimal_text(each.amount if each.credit else -each.amount, statement.currency))
        for statement in statements_of(content)
        for each in statement.transactions
    ]

    assert ours == theirs


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_of_any_kind_are_read(end: str) -> None:
    assert statements_of(ENVELOPES.replace(b"\n", end.encode()) + b"\x1a") == statements_of(ENVELOPES)


def test_organisation_comes_from_the_file_s_name() -> None:
    parsed = parse(BARE, profile=PROFILE, name="266_2025-12.sta")

    assert [statement.org_id for statement in parsed.statements] == ["266", "266"]


@pytest.mark.parametrize("content", [ENVELOPES, BARE, BARE.replace(b"lunch", "Müsli".encode("latin-1"))])
def test_shipped_profile_knows_its_files_by_their_looks(content: bytes) -> None:
    profile = load_profiles().choose("in/266_december.sta", content[:HEAD_BYTES])

    assert profile.name == "mt940"
    assert parse(content, profile=profile, name="266_december.sta").statements


def test_messages_need_no_end_mark_between_them() -> None:
    content = (message() + message(account="5000000000000022")).replace("-\n", "")

    assert [each.account for each in statements_of(content.encode())] == [
        "5000000000000015",
        "5000000000000022",
    ]


def test_envelope_s_blocks_may_stand_on_lines_of_their_own() -> None:
    content = "{1:F01SAMP}\n{2:I940SAMP}\n{4:\n" + message().replace("\n-\n", "\n-}{5:{CHK:1}}$\n")

    assert len(statements_of(content.encode())) == 1
    assert len(statements_of(content.replace("{4:\n", "{4:").encode())) == 1


# --- Accounts and balances ---


@pytest.mark.parametrize(
    ("text", "account"),
    [
        ("5000000000000015", "5000000000000015"),
        ("SAMPBHBM/5000000000000015", "5000000000000015"),
        ("5000000000000015BHD", "5000000000000015"),
        ("5000000000000015 BHD", "5000000000000015"),
        ("SAMPBHBM/5000000000000015/BHD", "5000000000000015"),
        ("5000000000000015USD", "5000000000000015USD"),
        ("BH00TEST00000000000015", "BH00TEST00000000000015"),
        ("BHD", "BHD"),
    ],
)
def test_account_is_read_without_bank_and_currency(text: str, account: str) -> None:
    assert statements_of(message(account=text).encode())[0].account == account


def test_account_with_the_bank_on_the_next_line_is_read() -> None:
    content = message().replace(":25:5000000000000015", ":25P:5000000000000015\nSAMPBHBM")

    assert statements_of(content.encode())[0].account == "5000000000000015"


def test_credit_balance_is_not_owed_and_debit_balance_is() -> None:
    [statement] = statements_of(
        message(opening="F:D250901BHD1,5", closing=":C250930BHD,").replace("BHD,", "BHD2,").encode()
    )

    assert (statement.opening, statement.closing) == (1_500, -2_000)


def test_overdrawn_available_balance_is_negative() -> None:
    content = message().replace("\n-", "\n:64:D250930BHD2,\n:65:C251001BHD9,\n-")

    assert statements_of(content.encode())[0].available == -2_000


@pytest.mark.parametrize(
    ("closing", "code"),
    [
        ("F:C250930BHD", "bad_amount"),
        ("F:C250930BHD1", "bad_amount"),
        ("F:C250930BHD1,2,3", "bad_amount"),
        ("F:C250930BHD1,2345", "bad_amount"),
        ("F:C250930BHD1.23", "bad_record"),
        ("F:C250930BHD12345678901234567,", "bad_record"),
        ("F:C250930BHD1,0 and more", "bad_record"),
        ("F:C250930BHD1,\nmore", "bad_record"),
        ("F:C250930B1D1,", "bad_record"),
        ("F:C250930QQQ1,", "bad_record"),
        ("F:X250930BHD1,", "bad_record"),
        ("F:C250931BHD1,", "bad_date"),
        ("F:C250930USD1,", "bad_record"),
        ("F:", "bad_record"),
    ],
)
def test_balance_that_cannot_be_read_refuses_the_statement(closing: str, code: str) -> None:
    content = message(closing=closing)
    error = refusal(content)

    assert (error.code, error.line) == (code, 5)


def test_closing_balance_without_a_day_is_said() -> None:
    content = message(closing="F:C000000BHD0,").encode()

    assert statements_of(content)[0].statement_date is None
    assert warnings_of(content) == [(5, "no statement date")]


# --- Statement lines ---


@pytest.mark.parametrize(
    ("mark", "credit"),
    [("C", True), ("D", False), ("RC", False), ("RD", True), ("CD", True), ("RCD", False), ("d", False)],
)
def test_mark_says_the_direction_and_a_reversal_turns_it(mark: str, credit: bool) -> None:
    transaction = row(f":61:250905{mark}1,5NTRFNONREF")

    assert (transaction.amount, transaction.credit) == (1_500, credit)


@pytest.mark.parametrize(
    ("days", "date", "posted"),
    [
        ("2509050906", dt.date(2025, 9, 5), dt.date(2025, 9, 6)),
        ("250905", dt.date(2025, 9, 5), None),
        ("250905    ", dt.date(2025, 9, 5), None),
        ("2512311231", dt.date(2025, 12, 31), dt.date(2025, 12, 31)),
        ("2512310102", dt.date(2025, 12, 31), dt.date(2026, 1, 2)),
        ("2601021231", dt.date(2026, 1, 2), dt.date(2025, 12, 31)),
        ("2403010229", dt.date(2024, 3, 1), dt.date(2024, 2, 29)),
    ],
)
def test_entry_date_is_in_the_year_next_to_the_value_date(
    days: str, date: dt.date, posted: dt.date | None
) -> None:
    transaction = row(f":61:{days}C1,NTRFNONREF")

    assert (transaction.date, transaction.posted) == (date, posted)


@pytest.mark.parametrize(
    ("days", "date", "posted", "told"),
    [
        ("2502300301", None, dt.date(2025, 3, 1), "row 1: invalid date 250230 as transaction date"),
        ("2503010230", dt.date(2025, 3, 1), None, "row 1: invalid date 0230 as posting date"),
        ("25030102", dt.date(2025, 3, 1), None, "row 1: invalid date 02 as posting date"),
        ("0000000301", None, dt.date(2026, 3, 1), "row 1: no transaction date"),
    ],
)
def test_row_with_an_invalid_date_is_printed_without_it(
    days: str, date: dt.date | None, posted: dt.date | None, told: str
) -> None:
    closing = "F:C260101BHD0," if posted and posted.year == 2026 else "F:C250301BHD0,"
    content = message(f":61:{days}C1,NTRFNONREF", closing=closing).encode()
    [transaction] = statements_of(content)[0].transactions

    assert (transaction.date, transaction.posted) == (date, posted)
    [(line, warning)] = warnings_of(content)
    assert line == 5
    assert warning.startswith(told)


def test_amount_may_stand_behind_a_blank_and_end_with_its_comma() -> None:
    assert row(":61:250905C 1500,NTRFNONREF").amount == 1_500_000


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (":61:", "bad_record"),
        (":61:250905", "bad_record"),
        (":61:250905X1,NTRF", "bad_record"),
        (":61:25-09-05C1,NTRF", "bad_record"),
        (":61:250905C1NTRF", "bad_amount"),
        (":61:250905C,NTRF", "bad_amount"),
        (":61:250905C1.50NTRF", "bad_amount"),
        (":61:250905C1,234,5NTRF", "bad_amount"),
        (":61:250905C1,2345NTRF", "bad_amount"),
        (":61:250905C123456789012345678,00NTRF", "bad_amount"),
        (":61:250905C١,٥NTRF", "bad_amount"),
    ],
)
def test_line_that_cannot_be_read_refuses_its_statement_alone(line: str, code: str) -> None:
    broken = message(":61:250901C1,NTRF", line)
    before, found, after = read(message().encode() + broken.encode() + message().encode())

    assert isinstance(found, Refused)
    assert (found.account, found.error.code, found.error.line) == ("5000000000000015", code, 12)
    assert isinstance(before, Draft)
    assert isinstance(after, Draft)


def test_lines_without_a_type_are_rows_each() -> None:
    # The library's own reading keeps the last of them only.
    rows = only(":61:250905C1,", ":61:250905C2,", ":61:250905C3,").transactions

    assert [each.amount for each in rows] == [1_000, 2_000, 3_000]


def test_tag_behind_blanks_is_a_tag() -> None:
    assert len(only(" :61:250905C1,NTRF", "\t:61:250905C1,NTRF").transactions) == 2


def test_original_amount_is_read_from_the_supplement_or_the_description() -> None:
    by_supplement = row(":61:250905D1,NMSCNONREF", "/OCMT/JPY396,/CHGS/BHD0,1")
    by_description = row(":61:250905D1,NMSCNONREF", ":86:/OCMT/USD2,65/NAME/HALA AL-DEMO")

    assert (by_supplement.original_currency, by_supplement.original_amount) == ("JPY", 396)
    assert (by_description.original_currency, by_description.original_amount) == ("USD", 265)
    assert row(":61:250905D1,NMSCNONREF", "/OCMT/BHD1,").original_currency is None


def test_original_amount_with_too_many_decimals_refuses_the_statement() -> None:
    assert refusal(message(":61:250905D1,NMSCNONREF", "/OCMT/JPY3,5/")).code == "bad_amount"


def test_original_amount_in_no_currency_is_left_out_with_a_warning() -> None:
    content = message(":61:250905D1,NMSCNONREF", "/OCMT/QQQ3,5/").encode()

    assert statements_of(content)[0].transactions[0].original_currency is None
    assert warnings_of(content) == [(5, "row 1: original currency or amount is missing or no ISO code")]


# --- Descriptions ---


@pytest.mark.parametrize(
    ("lines", "description"),
    [
        ((":86:Lunch", "with  a guest"), "Lunch with a guest"),
        ((":86:" + "x" * 65, "yz"), "x" * 65 + "yz"),
        ((":86:" + "x" * 64, "yz"), "x" * 64 + " yz"),
        ((":86:Lunch", ":86:with a guest"), "Lunch with a guest"),
        ((":86:Lunch at", ":15:30 Uhr"), "Lunch at :15:30 Uhr"),
        ((":86:835?00CHARGE",), "CHARGE"),
        ((":86:835",), "835"),
        ((":86:835?10991",), "835?10991"),
        ((":86:166?20A first ?20and a second",), "A first and a second"),
        (
            (":86:166?20NO SUBFIELD FILLS ITS WIDTH,?21BUT IT IS CUT?60TWICE",),
            "NO SUBFIELD FILLS ITS WIDTH,BUT IT IS CUT TWICE",
        ),
        ((":86:020<00TRANSFER<20for rent<27NOORA<32HALA AL-DEMO",), "TRANSFER, HALA AL-DEMO, for rent NOORA"),
        ((":86:166?20EREF+1?21SVWZ+Rent ABWA+NOORA",), "Rent"),
        ((":86:166?20EREF+1?21MREF+2",), "EREF+1 MREF+2"),
        ((":86:/EREF/1/NAME/HALA AL-DEMO/REMI/Rent",), "HALA AL-DEMO, Rent"),
        ((":86:/ORDP/NAME/HALA AL-DEMO/REMI/STRD/CUR/4711",), "HALA AL-DEMO, 4711"),
        ((":86:Rent/REMI/of May/IBAN/BH00TEST00000000000031",), "Rent, of May"),
        ((":86:/REMI/Rent", "//of May"), "Rent of May"),
        ((":86:/EREF/1/IBAN/2",), "/EREF/1/IBAN/2"),
        ((":86:/CNTP/1/2",), "/CNTP/1/2"),
        ((":86:either/or",), "either/or"),
    ],
)
def test_description_is_what_a_customer_would_read(lines: tuple[str, ...], description: str) -> None:
    assert row(":61:250905C1,NTRFREF-1", *lines).description == description


@pytest.mark.parametrize(
    ("lines", "description"),
    [
        ((":61:250905C1,NTRFREF-1//BANK-1",), "REF-1"),
        ((":61:250905C1,NTRFREF-1", "Rent of May"), "Rent of May"),
        ((":61:250905C1,NTRFREF-1", "/BATCH/12"), "REF-1"),
        ((":61:250905C1,NTRFNONREF//BANK-1",), "BANK-1"),
        ((":61:250905C1,NTRFNONREF", ":86:", ""), "NTRF"),
        ((":61:250905C1,",), ""),
    ],
)
def test_row_without_a_description_has_its_reference(lines: tuple[str, ...], description: str) -> None:
    assert row(*lines).description == description


def test_description_of_no_row_is_the_statement_s_message() -> None:
    content = message(":86:Before", ":61:250905C1,NTRF", ":86:Rent").replace("\n-", "\n:86:After\n:86:all\n-")
    [statement] = statements_of(content.encode())

    assert statement.transactions[0].description == "Rent"
    assert statement.messages == ("Before", "After", "all")


def test_fields_that_are_not_read_are_said_unless_they_are_known() -> None:
    content = message(
        ":13D:2509302310+0300", ":61:250905C1,NTRF", ":NS:22Bank", ":99X:x", ":90D:0BHD0,", ":99X:y"
    )

    assert warnings_of(content.encode()) == [
        (8, "field :99X: is not known; not read (2 such lines, the last is 10)"),
    ]


# --- Pages ---


def page(number: str, opening: str, closing: str, *lines: str) -> str:
    return message(*lines, number=number, opening=opening, closing=closing)


FIRST = page("12/1", "F:C250901BHD1,", "M:C250902BHD2,", ":61:250902C1,NTRFA")
SECOND = page("12/2", "M:C250902BHD2,", "M:C250903BHD1,", ":61:250903D1,NTRFB")
THIRD = page("12/3", "M:C250903BHD1,", "F:C250904BHD5,", ":61:250904C4,NTRFC")


def test_consecutive_pages_are_one_statement() -> None:
    [statement] = statements_of((FIRST + SECOND + THIRD).encode())

    assert (statement.opening, statement.closing) == (-1_000, -5_000)
    assert statement.statement_date == dt.date(2025, 9, 4)
    assert [each.description for each in statement.transactions] == ["A", "B", "C"]
    assert not list(check_totals(statement, PROFILE.control_totals))


def test_pages_without_numbers_are_joined_by_their_balances() -> None:
    content = (FIRST + SECOND + THIRD).replace(":28C:12/1", ":28C:12").replace(":28C:12/2", ":28C:12")

    assert len(statements_of(content.replace(":28C:12/3", ":28C:12").encode())) == 1


@pytest.mark.parametrize(
    "pages",
    [
        (FIRST, THIRD),
        (FIRST, SECOND),
        (SECOND, THIRD),
        (FIRST,),
        (THIRD,),
        (SECOND,),
        (FIRST, SECOND, SECOND, THIRD),
        (FIRST, THIRD, SECOND),
        (FIRST, SECOND.replace("BHD2,", "BHD3,"), THIRD),
        (FIRST, SECOND.replace(":61:250903D1,", ":61:250903D1"), THIRD),
        (FIRST, SECOND.replace("BHD", "USD"), THIRD),
        (FIRST, SECOND.replace("12/2", "12"), THIRD),
        (FIRST, SECOND.replace(":28C:12/2\n", ""), THIRD),
        (FIRST.replace("62M", "62F"), THIRD),
    ],
)
def test_statement_with_a_page_lost_doubled_or_broken_is_refused_as_a_whole(pages: tuple[str, ...]) -> None:
    other = message(account="5000000000000022")
    before, found, after = read((other + "".join(pages) + other).encode())

    assert isinstance(before, Draft)
    assert isinstance(found, Refused)
    assert found.account == "5000000000000015"
    assert isinstance(after, Draft)


def test_pages_of_different_accounts_are_never_joined() -> None:
    found = list(read((FIRST + SECOND.replace("5000000000000015", "5000000000000022") + THIRD).encode()))

    assert [isinstance(each, Refused) for each in found] == [True, True, True]


def test_complete_statements_of_one_account_stay_apart() -> None:
    assert len(statements_of((message() + message(number="10") + message()).encode())) == 3


# --- Refusals ---


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (":20:SAMPLE\n", "", 1),
        (":25:5000000000000015\n", "", 1),
        (":25:5000000000000015", ":25:/", 1),
        (":60F:C250901BHD0,\n", "", 1),
        (":62F:C250930BHD0,\n", "", 1),
        (":62F:", ":64:C250930BHD0,\n:62F:", 7),
        (":62F:", ":62F:C250930BHD0,\n:62F:", 7),
        (":60F:", ":60F:C250901BHD0,\n:60F:", 5),
        (":28C:9", ":28C:9\n:28C:9", 4),
        ("\n-", "\n:61:250905C1,NTRF\n-", 7),
        (":60F:", ":61:250905C1,NTRF\n:60F:", 5),
    ],
)
def test_field_lost_doubled_or_out_of_order_refuses_the_statement(old: str, new: str, line: int) -> None:
    content = message(":61:250905C1,NTRF")
    assert old in content
    error = refusal(content.replace(old, new, 1))

    assert (error.code, error.line) == ("bad_record", line)


def test_rows_behind_the_end_of_a_message_are_refused_and_nobody_s() -> None:
    complete, found = read((message() + ":61:250905C1,NTRF\n:86:Rent\n").encode())

    assert isinstance(complete, Draft)
    assert complete.statement.transactions == ()
    assert isinstance(found, Refused)
    assert (found.account, found.error.line) == ("", 7)


def test_second_account_without_a_reference_is_refused_and_its_neighbours_are_read() -> None:
    lost = message(":61:250905C7,NTRF", account="5000000000000022").replace(":20:SAMPLE\n", "")
    content = (message(":61:250905C1,NTRF") + lost + message()).replace("-\n", "")
    first, second, third = read(content.encode())

    assert isinstance(first, Draft)
    assert [each.amount for each in first.statement.transactions] == [1_000]
    assert isinstance(second, Refused)
    assert second.account == "5000000000000022"
    assert isinstance(third, Draft)


@pytest.mark.parametrize("kind", ["941", "942", "103"])
def test_message_of_another_kind_is_refused_by_name(kind: str) -> None:
    content = "{1:F01SAMP}{2:O" + kind + "2310SAMP}{4:\n" + message() + message()
    first, second = read(content.encode())

    assert isinstance(first, Refused)
    assert f"MT{kind}" in first.error.reason
    assert isinstance(second, Draft)


def test_file_without_a_message_has_no_statement() -> None:
    with pytest.raises(ParseError) as failure:
        parse(b"SAMPLEBANK\n940\n", profile=PROFILE, name="266_x.sta")

    assert failure.value.code == "no_statement"


def test_file_cut_off_in_a_statement_gives_those_before_it() -> None:
    first, second = read(BARE[: BARE.rindex(b":62F:")])

    assert isinstance(first, Draft)
    assert isinstance(second, Refused)
    assert "cut off" in second.error.reason


def test_text_that_is_a_path_opens_no_file(tmp_path: Path) -> None:
    statement = tmp_path / "statement.sta"
    statement.write_bytes(BARE)

    assert list(read(str(statement).encode())) == []


def test_nothing_of_a_file_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        list(read(ENVELOPES + message(":61:NOORA SAMPLEH").encode()))

    assert not caplog.records


@pytest.mark.parametrize(
    "lines",
    [
        (":61:250905C" + "1" * 100_000,),
        (":61:250905C1,NTRF" + "A" * 16 + "//" + "B" * 100_000, "C", "D"),
        (":61:250905    " + " " * 100_000,),
        (":61:250905C1,NTRF", ":86:166" + "?20" * 50_000),
        (":61:250905C1,NTRF", ":86:166?20SVWZ+" + "SVWZ+ERE" * 20_000),
        (":61:250905C1,NTRF", ":86:" + "/NAME" * 30_000),
        (":61:250905C1,NTRF", ":86:" + "/OCMT/USD" * 20_000),
        (":61:250905C1,NTRF", ":86:x", *["y"] * 50_000),
        (":61:250905C1,NTRF",) * 5_000,
        (" " * 100_000 + ":",),
        (":64:C250930BHD" + "1" * 100_000,),
    ],
)
def test_long_texts_are_read_or_refused_at_once(lines: tuple[str, ...]) -> None:
    started = time.process_time()
    list(read(message(*lines).encode()))

    assert time.process_time() - started < 3


# --- Properties ---

TEXTS = st.text(st.characters(codec="latin-1", categories=("L", "N")), min_size=1, max_size=40)
DAYS = st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31))
ROWS = st.lists(
    st.tuples(DAYS, st.integers(-40, 40), TEXTS, st.integers(0, 10**10), st.booleans()).map(
        lambda each: Transaction(each[0], near(each[0], each[1]), *each[2:])
    ),
    max_size=6,
)


def near(day: dt.date, away: int) -> dt.date:
    other = day + dt.timedelta(days=away)
    return other if 2000 <= other.year <= 2099 else day


def write_amount(minor: int, currency: str) -> str:
    text = to_decimal_text(abs(minor), currency).replace(".", ",")
    return text if "," in text else f"{text},"


def write_balance(owed: int, currency: str) -> str:
    return f"F:{'D' if owed > 0 else 'C'}250930{currency}{write_amount(owed, currency)}"


def write_row(each: Transaction, currency: str) -> list[str]:
    assert each.date
    assert each.posted
    days = f"{each.date:%y%m%d}{each.posted:%m%d}"
    mark = "C" if each.credit else "D"
    return [f":61:{days}{mark}{write_amount(each.amount, currency)}NTRFNONREF", f":86:{each.description}"]


@given(currency=st.sampled_from(("BHD", "EUR", "JPY")), opening=st.integers(-(10**10), 10**10), rows=ROWS)
@settings(deadline=None)
def test_what_is_written_is_read_back(currency: str, opening: int, rows: list[Transaction]) -> None:
    closing = opening + sum(-each.amount if each.credit else each.amount for each in rows)
    lines = itertools.chain.from_iterable(write_row(each, currency) for each in rows)
    content = message(
        *lines, opening=write_balance(opening, currency), closing=write_balance(closing, currency)
    )
    [statement] = statements_of(content.encode())

    assert (statement.currency, statement.opening, statement.closing) == (currency, opening, closing)
    assert statement.transactions == tuple(rows)
    assert not list(check_totals(statement, PROFILE.control_totals))


def assert_read_or_refused(content: bytes) -> None:
    notes = Notes()
    told: list[str] = []
    rows = 0
    try:
        for each in read(content, notes):
            if isinstance(each, Refused):
                told.append(str(each.error))
                rows += 10**6
            else:
                rows += len(each.statement.transactions)
    except ParseError as failure:
        told.append(str(failure))
        rows += 10**6
    told += [warning.message for warning in notes.list_warnings()]
    assert not [each for each in told if any(secret in each for secret in SECRETS)]
    # Every statement line is a row, or stands in something that was refused.
    assert rows >= content.count(b"\n:61:")


@given(st.binary(min_size=1, max_size=300))
@settings(deadline=None)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    assert_read_or_refused(content)


@given(
    st.lists(st.sampled_from(message(":61:250905C1,NTRF", ":86:Rent").splitlines()), min_size=1, max_size=30)
)
@settings(deadline=None)
def test_any_fields_in_any_order_are_read_or_refused(lines: list[str]) -> None:
    assert_read_or_refused("\n".join(lines).encode())


@given(cut_files((ENVELOPES, BARE)))
@settings(deadline=None)
def test_any_cut_is_read_or_refused(content: bytes) -> None:
    assert_read_or_refused(content)


@given(reordered_files((ENVELOPES, BARE)))
@settings(deadline=None)
def test_any_lines_lost_doubled_or_moved_are_read_or_refused(content: bytes) -> None:
    assert_read_or_refused(content)


@given(altered_files((ENVELOPES, BARE), b":/{}-,.?+ \n\x1aCDRFM0169\xe9"))
@settings(deadline=None)
def test_any_changed_characters_are_read_or_refused(content: bytes) -> None:
    assert_read_or_refused(content)


@pytest.mark.parametrize("content", [ENVELOPES, BARE])
def test_lines_lost_never_put_a_row_in_another_s_statement_while_the_accounts_are_there(
    content: bytes,
) -> None:
    lines = content.split(b"\n")
    owners = {row: each.account for each in statements_of(content) for row in each.transactions}
    for start, end in itertools.combinations(range(len(lines) + 1), 2):
        if not any(line.startswith(b":25:") for line in lines[start:end]):
            for each in read(b"\n".join(lines[:start] + lines[end:])):
                if isinstance(each, Draft):
                    rows = each.statement.transactions
                    assert {owners.get(row, each.statement.account) for row in rows} <= {
                        each.statement.account
                    }
