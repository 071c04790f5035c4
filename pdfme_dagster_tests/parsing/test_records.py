"""Whole files: the samples, the order of records, control totals, what is refused and what only warned of."""

import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pdfme_dagster.domain.money import to_decimal_text
from pdfme_dagster.domain.statement import ParsedFile, Statement, Transaction
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing import parse
from pdfme_dagster.parsing.profile import RecordsProfile
from pdfme_dagster.parsing.records import peek_organisation
from pdfme_dagster_tests.parsing.records import (
    CARD,
    NAME,
    OTHER_CARD,
    PROFILE,
    account,
    change_profile,
    customer,
    list_messages,
    message,
    parse_leniently,
    parse_lines,
    parse_rows,
    row,
    write_record,
)

SAMPLES = Path(__file__).parent / "samples"
EXPECTED: Mapping[str, Any] = json.loads((SAMPLES / "expected.json").read_text("utf-8"))


def parse_sample(name: str) -> ParsedFile:
    return parse((SAMPLES / name).read_bytes(), profile=PROFILE)


def bhd(minor: int | None) -> str | None:
    return None if minor is None else to_decimal_text(minor, "BHD")


def describe_row(found: Transaction) -> list[str | None]:
    original = found.original_amount
    return [
        str(found.date),
        str(found.posted),
        found.description,
        "CR" if found.credit else "DR",
        bhd(found.amount),
        found.original_currency,
        None if original is None else to_decimal_text(original, found.original_currency or ""),
    ]


def describe_statement(found: Statement) -> dict[str, Any]:
    return {
        "org": found.org_id,
        "card": found.account,
        "statement_date": str(found.statement_date),
        "opening": bhd(found.opening),
        "debits": bhd(found.debits),
        "credits": bhd(found.credits),
        "current": bhd(found.closing),
        "available": bhd(found.available),
        "name": found.name,
        "address": list(found.address),
        "rows": [describe_row(each) for each in found.transactions],
        "messages": list(found.messages),
    }


def refuse(*lines: str) -> ParseError:
    with pytest.raises(ParseError) as error:
        parse_lines(*lines)
    return error.value


# --- Samples ---


def test_sample_one_customer_is_read_to_the_last_field() -> None:
    parsed = parse_sample("one_customer.txt")
    assert [describe_statement(each) for each in parsed.statements] == [EXPECTED["one_customer.txt"]["0"]]
    assert parsed.warnings == ()
    assert parsed.encoding == "utf-8"


def test_sample_three_customers_gives_three_statements() -> None:
    parsed = parse_sample("three_customers_crlf.txt")
    expected = EXPECTED["three_customers_crlf.txt"]
    assert len(parsed.statements) == expected["customers"]
    assert [len(each.transactions) for each in parsed.statements] == expected["rows"]
    assert [bhd(each.closing) for each in parsed.statements] == expected["current"]
    assert describe_row(parsed.statements[2].transactions[1])[2:5] == expected["row_2_1"]
    assert parsed.warnings == ()


def test_sample_three_customers_keeps_messages_names_and_rows_apart() -> None:
    first, second, third = parse_sample("three_customers_crlf.txt").statements
    assert [len(each.messages) for each in (first, second, third)] == [2, 1, 0]
    assert first.messages[1] == "This message is the second line of customer 1."
    assert [each.name for each in (second, third)] == ["YOUSIF MOCKERY", "HALA AL-DEMO"]
    assert third.address == ("House 7", "Avenue 3", "Muharraq")


def test_sample_edge_cases_amounts() -> None:
    (statement,) = parse_sample("edge_cases.txt").statements
    expected = EXPECTED["edge_cases.txt"]
    assert [bhd(each.amount) for each in statement.transactions] == expected["amounts"]
    originals = {
        each.original_currency: to_decimal_text(each.original_amount, each.original_currency)
        for each in statement.transactions
        if each.original_currency and each.original_amount is not None
    }
    assert originals == expected["original"]
    assert statement.name == "محمد بن علي الاختبار"
    assert statement.address == ("شقة ١٢", "Building 5", "Road 1")
    assert statement.transactions[6].description.endswith("SHRUNK (BRANCH) \\ 5/6")


def test_sample_edge_cases_warnings() -> None:
    parsed = parse_sample("edge_cases.txt")
    lines = [1, 3, 4, 9, 10, 12]
    facts = [
        "unknown record HDR",
        "record 2: field 82 missing",
        "blank",
        "row 5: no transaction date",
        "row 6: invalid date 31022025",
        "unknown record type 7",
    ]
    hints = [re.sub(r"^line \d+: ", "", hint) for hint in EXPECTED["edge_cases.txt"]["warnings"]]
    assert sorted(facts) == sorted(hints)
    assert [each.line for each in parsed.warnings] == lines
    assert all(fact in each.message for fact, each in zip(facts, parsed.warnings, strict=True))


def test_sample_edge_cases_keeps_rows_with_odd_dates() -> None:
    (statement,) = parse_sample("edge_cases.txt").statements
    fifth, sixth = statement.transactions[4:6]
    assert (fifth.date, fifth.posted) == (None, date(2025, 9, 5))
    assert (sixth.date, sixth.posted) == (None, date(2025, 9, 5))


def test_sample_in_windows_1256_has_the_same_name_as_in_utf_8() -> None:
    parsed = parse_sample("arabic_cp1256.txt")
    assert parsed.encoding == "cp1256"
    assert parsed.statements[0].name == parse_sample("edge_cases.txt").statements[0].name
    assert parsed.statements[0].address == ("شقة 12", "Building 5", "Road 1")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_sample_reads_the_same_in_every_encoding_and_with_every_line_end(encoding: str, end: str) -> None:
    text = (SAMPLES / "edge_cases.txt").read_text("utf-8")
    again = parse(text.replace("\n", end).encode(encoding), profile=PROFILE)
    assert again.statements == parse_sample("edge_cases.txt").statements
    assert again.warnings == parse_sample("edge_cases.txt").warnings


# --- The account record ---


@pytest.mark.parametrize(
    ("text", "minor"),
    [("1,305.000", 1_305_000), ("25.000-", -25_000), ("25.000 CR", -25_000), ("1305", 1_305_000), ("", None)],
)
def test_balances_are_positive_when_the_customer_owes_and_none_when_absent(
    text: str, minor: int | None
) -> None:
    parsed = parse_lines(account({12: text}), customer(), message())
    assert parsed.statements[0].closing == minor


def test_the_available_amount_has_implied_decimals_unless_it_has_a_point() -> None:
    for text in ("000878750", "878.750"):
        assert parse_lines(account({27: text}), customer(), message()).statements[0].available == 878_750


def test_a_feed_may_imply_decimals_in_balances() -> None:
    profile = change_profile(decimals=3)
    parsed = parse_lines(account({12: "1305000"}), customer(), message(), profile=profile)
    assert parsed.statements[0].closing == 1_305_000


def test_total_credits_marked_as_credit_are_still_that_total() -> None:
    lines = (account({12: "5.000-", 41: "5.000 CR"}), customer(), row("5.000-"), message())
    parsed = parse_lines(*lines)
    assert parsed.statements[0].credits == 5_000
    assert parsed.warnings == ()


@pytest.mark.parametrize(
    ("field", "name"),
    [
        (12, "closing balance"),
        (27, "available amount"),
        (41, "total credits"),
        (43, "total debits"),
        (45, "opening balance"),
    ],
)
def test_an_unreadable_balance_is_refused_with_its_name(field: int, name: str) -> None:
    error = refuse(account({field: "1.2.3"}), customer(), message())
    assert str(error) == f'line 1: {name} "1.2.3" is not a number; correct it and upload the file again'
    assert error.code == "bad_amount"


def test_missing_balances_are_none_with_one_warning() -> None:
    parsed = parse_lines(write_record("1", {14: "21092025"}), customer(), message())
    assert parsed.statements[0].opening is None
    names = "opening balance, total debits, total credits, closing balance, available amount"
    assert list_messages(parsed) == [f"line 1: record 1: missing {names}"]


@pytest.mark.parametrize("text", ["31022025", "2025-09-21", "20250921"])
def test_an_invalid_statement_date_is_refused(text: str) -> None:
    error = refuse(account({14: text}), customer(), message())
    assert (error.code, error.line) == ("bad_date", 1)
    assert text in str(error)


def test_an_absent_statement_date_is_none_with_a_warning() -> None:
    parsed = parse_lines(account({14: "00000000"}), customer(), message())
    assert parsed.statements[0].statement_date is None
    assert list_messages(parsed) == ["line 1: record 1: no statement date"]


@pytest.mark.parametrize(
    ("key", "number"),
    [("00-5000000000000015", "5000000000000015"), ("5000000000000015", "5000000000000015"), ("00-12", "12")],
)
def test_the_account_loses_its_prefix_when_it_has_one(key: str, number: str) -> None:
    parsed = parse_lines(account(card=key), customer(card=key), message(card=key))
    assert parsed.statements[0].account == number


@pytest.mark.parametrize("org", ["", "../9", "9/0", "9" * 33])
def test_an_organisation_that_cannot_be_part_of_a_path_is_refused(org: str) -> None:
    error = refuse(account(org=org), customer().replace("900|", f"{org}|", 1))
    assert error.code == "bad_record"


@pytest.mark.parametrize("key", ["", "00-"])
def test_a_customer_without_account_is_refused(key: str) -> None:
    error = refuse(account(card=key), customer(card=key))
    assert (error.code, error.line) == ("bad_record", 1)


# --- Order of records ---


def test_a_statement_starts_at_each_type_1_record_also_for_the_same_account() -> None:
    month = (account(), customer(), message())
    assert len(parse_lines(*month, *month).statements) == 2


@pytest.mark.parametrize(
    "record", [row("1.000", card=OTHER_CARD), message(card=OTHER_CARD), row("1", card="")]
)
def test_an_account_that_changes_without_type_1_is_rejected(record: str) -> None:
    error = refuse(account(), customer(), record)
    assert (error.code, error.line) == ("bad_record", 3)
    assert "account changes from ****0015 to ****" in str(error)


def test_an_organisation_that_changes_without_type_1_is_rejected() -> None:
    error = refuse(account(), customer(), row("1.000").replace("900|", "901|", 1))
    assert (error.code, error.line) == ("bad_record", 3)


def test_a_broken_customer_is_rejected_and_the_neighbours_are_read() -> None:
    good = (account(), customer(), message())
    bad = (account(card=OTHER_CARD), customer(card=OTHER_CARD), row("x", card=OTHER_CARD))
    parsed = parse_leniently(*good, *bad, *good)
    assert [each.account for each in parsed.statements] == ["5000000000000015"] * 2
    (rejected,) = parsed.rejected
    assert (rejected.position, rejected.account, rejected.line) == (2, "****0023", 6)
    assert (rejected.code, rejected.message) == (
        "bad_amount",
        'amount "x" is not a number; correct it and upload the file again',
    )


def test_a_missing_type_2_record_is_refused() -> None:
    error = refuse(account(), row("1.000"), message())
    assert str(error) == "line 1: account ****0015 has no type 2 record; upload the whole extract"
    assert error.code == "bad_record"


def test_a_second_type_2_record_is_refused() -> None:
    error = refuse(account(), customer(), customer("YOUSIF MOCKERY"), message())
    assert str(error) == "line 3: account ****0015 has a second type 2 record; upload the whole extract"


@pytest.mark.parametrize("record", [row("1.000"), customer(), write_record("3", {5: "REWARD"})])
def test_a_record_after_the_messages_is_refused_since_they_end_a_customer(record: str) -> None:
    error = refuse(account(), customer(), message(), record)
    assert (error.code, error.line) == ("bad_record", 4)


def test_records_before_the_first_type_1_are_orphans_and_warned_of() -> None:
    parsed = parse_lines(row("1.000"), row("2.000"), message(), account(), customer(), message())
    assert parsed.statements[0].transactions == ()
    assert list_messages(parsed) == [
        "line 1: orphan: type 4 record before the first type 1 record; skipped (2 such lines, the last is 2)",
        "line 3: orphan: type 6 record before the first type 1 record; skipped",
    ]


def test_a_statement_without_type_6_may_be_cut_off() -> None:
    parsed = parse_lines(account(), customer())
    assert list_messages(parsed) == [
        "line 1: record 1: no type 6 record ends this statement; it may be cut off",
    ]


def test_types_3_and_5_are_kept_as_they_are() -> None:
    extras = (write_record("3", {5: "REWARD"}), write_record("5", {5: "INSTALMENT"}))
    parsed = parse_lines(account(), customer(), *extras, message())
    assert parsed.warnings == ()
    assert [each[3:] for each in parsed.statements[0].extra_records] == [
        ("3", "", "REWARD"),
        ("5", "", "INSTALMENT"),
    ]


def test_a_profile_may_read_more_fields_and_they_are_kept_by_name() -> None:
    said = PROFILE.model_dump()
    said["records"]["1"]["fields"] |= {
        "credit_limit": {"at": 30, "type": "amount", "decimals": 3},
        "payment_date": {"at": 31, "type": "date"},
        "branch": 1,
    }
    profile = RecordsProfile.model_validate(said)
    record = account({30: "000500000", 31: "15102025"})
    extra = parse_lines(record, customer(), message(), profile=profile).statements[0].extra
    assert extra == {"credit_limit": 500_000, "payment_date": date(2025, 10, 15), "branch": "001"}


def test_the_record_type_may_be_padded() -> None:
    lines = [line.replace(f"{CARD}|", f"{CARD} | ", 1) for line in (account(), customer(), message("m"))]
    assert parse_lines(*lines).statements[0].messages == ("m",)


def test_messages_are_all_non_empty_fields_of_all_type_6_records() -> None:
    second = write_record("6", {5: "b", 6: " ", 8: " c "})
    assert parse_lines(account(), customer(), message("a"), second).statements[0].messages == ("a", "b", "c")


def test_a_customer_among_whose_records_another_stands_is_rejected_and_so_is_the_other() -> None:
    lost = row("1.000", card=OTHER_CARD)
    other = (account(card=OTHER_CARD), customer(card=OTHER_CARD), message(card=OTHER_CARD))
    parsed = parse_leniently(account(), customer(), lost, message(), *other)
    assert parsed.statements == ()
    assert [(each.position, each.account, each.line) for each in parsed.rejected] == [
        (1, "****0015", 3),
        (2, "****0023", 3),
    ]


def test_a_customer_whose_first_record_is_lost_is_named_as_well() -> None:
    parsed = parse_leniently(account(), customer(), message(), customer(card=OTHER_CARD))
    assert [(each.account, each.line) for each in parsed.rejected] == [("****0015", 4), ("****0023", 4)]
    assert "among another customer's" in parsed.rejected[1].message


def test_an_orphan_whose_account_never_gets_a_statement_is_rejected_so_that_no_customer_is_lost() -> None:
    parsed = parse_leniently(row("1.000", card=OTHER_CARD), account(), customer(), message())
    assert len(parsed.statements) == 1
    (rejected,) = parsed.rejected
    assert (rejected.account, rejected.line) == ("****0023", 1)
    assert "no type 1 record starts this account's statement" in rejected.message


# --- Lines that are skipped ---


def test_unknown_records_are_told_once_with_their_number() -> None:
    unknown = (write_record("7", {}), "TRL|3", write_record("7", {}), "", "NOORA|SAMPLEH", " | ")
    parsed = parse_lines(account(), customer(), *unknown, message())
    assert list_messages(parsed) == [
        "line 3: unknown record type 7; skipped (2 such lines, the last is 5)",
        "line 4: unknown record TRL; skipped",
        "line 6: blank line; skipped (2 such lines, the last is 8)",
        "line 7: unknown record; skipped",
    ]


def test_blank_lines_at_the_end_are_not_worth_a_warning() -> None:
    assert parse_lines(account(), customer(), message(), "", "").warnings == ()


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"\r\n \r\n", b"\xef\xbb\xbf", b"\x1a", b"\f\n", b"\xff\xfe"]
)
def test_a_file_without_text_is_empty(content: bytes) -> None:
    with pytest.raises(ParseError) as error:
        parse(content, profile=PROFILE)
    assert (error.value.code, error.value.line) == ("empty_file", None)


@pytest.mark.parametrize("line", ["hello", "HDR|20250921|900", customer(), "|||"])
def test_a_file_without_type_1_record_has_no_statement(line: str) -> None:
    assert refuse(line).code == "no_statement"


def test_binary_content_is_refused() -> None:
    with pytest.raises(ParseError) as error:
        parse(b"%PDF-1.7\n\x00\x01\xff\xfe", profile=PROFILE)
    assert error.value.code == "unknown_encoding"


# --- Control totals ---


def test_totals_that_hold_are_silent() -> None:
    totals = account({12: "12.000", 41: "3.000", 43: "5.000", 45: "10.000"})
    assert parse_lines(totals, customer(), row("5.000"), row("3.000 CR"), message()).warnings == ()


def test_totals_that_do_not_hold_are_told_with_the_difference() -> None:
    totals = account({12: "12.500", 41: "3.000", 43: "5.000", 45: "10.000"})
    parsed = parse_lines(totals, customer(), row("4.000"), row("1003.250 CR"), message())
    assert list_messages(parsed) == [
        "line 1: control total: opening + debits - credits is off by -0.500 BHD",
        "line 1: control total: sum of the debit rows is off by -1.000 BHD",
        "line 1: control total: sum of the credit rows is off by 1,000.250 BHD",
    ]


# --- Privacy and settings ---


def test_no_message_holds_a_name_or_a_card_number() -> None:
    shifted = write_record("4", {4: NAME, 7: "1.000", 10: CARD, 22: NAME})
    lines = (NAME, f"{NAME}|{CARD}", account(), customer(), shifted, f"{CARD}|x|y|{NAME}", message(NAME))
    texts = list_messages(parse_lines(*lines))
    texts.append(str(refuse(account(), customer(), write_record("4", {7: NAME, 22: "x"}))))
    texts.append(str(refuse(account({12: CARD + "x"}), customer())))
    texts.append(str(refuse(account({14: NAME}), customer())))
    texts.append(str(refuse(account(org=NAME), customer().replace("900", NAME, 1))))
    texts.append(str(refuse(account(), customer(card=NAME))))
    assert len(texts) >= 9
    for text in texts:
        assert "NOORA" not in text
        assert "5000000000000015" not in text


# --- Other profiles of typed records ---


def change_records(**records: Any) -> RecordsProfile:
    """Return the shipped profile with other types of records beside its own."""
    said = PROFILE.model_dump()
    return RecordsProfile.model_validate({**said, "records": said["records"] | records})


def test_a_record_to_ignore_is_nobodys_wherever_it_stands() -> None:
    profile = change_records(**{"9": {"role": "ignore"}})
    frame = write_record("9", {5: "FILE END"}, card="")
    parsed = parse_lines(frame, account(), customer(), frame, row("0.000"), message(), frame, profile=profile)
    assert len(parsed.statements[0].transactions) == 1
    assert parsed.warnings == ()


def test_an_account_loses_only_what_stands_at_its_front() -> None:
    card = "BH00-5000000000000015"
    parsed = parse_lines(account(card=card), customer(card=card), message(card=card))
    assert parsed.statements[0].account == "BH00-5000000000000015"


def test_two_types_of_row_may_stand_in_one_statement() -> None:
    profile = change_records(**{"8": PROFILE.model_dump()["records"]["4"]})
    fee = row("2.000", "FEE").replace("|4|", "|8|", 1)
    statement = parse_lines(account(), customer(), row("1.000"), fee, message(), profile=profile).statements[
        0
    ]
    assert [each.description for each in statement.transactions] == ["SHOP", "FEE"]


def test_a_record_that_strayed_from_a_statement_given_out_already_fails_the_file_whatever_the_rule() -> None:
    profile = change_profile(on_bad_statement="skip")
    first = (account(card=OTHER_CARD), customer(card=OTHER_CARD), message(card=OTHER_CARD))
    second = (account(), customer(), row("1.000", card=OTHER_CARD), message())
    with pytest.raises(ParseError) as error:
        parse_leniently(*first, *second, profile=profile)
    assert (error.value.code, error.value.line) == ("bad_record", 6)
    assert "account ****0023, whose statement lacks it" in str(error.value)


def test_a_signed_amount_and_a_mark_count_before_the_words_in_every_row() -> None:
    rows = parse_rows(row("1.000 DR", "Refund"), row("1.000-"), row("1.000 CR"), row("+1.000", "Refund"))
    assert [each.credit for each in rows] == [False, True, True, False]


def test_what_is_odd_in_one_row_does_not_reach_the_next() -> None:
    rows = parse_rows(
        row("5.000", "Refund"),
        row("5.000", made="99999999"),
        row("0", "NEWL", made="", posted=""),
        row("1.000"),
    )
    assert [(each.amount, each.credit) for each in rows] == [(5_000, True), (5_000, False), (1_000, False)]


@pytest.mark.parametrize(
    ("line", "organisation"),
    [("HD|266|ACC-1", "266"), ("HD", None), ("HD| |ACC-1", None), ("TX|266|ACC-1", None)],
)
def test_the_organisation_of_the_first_start_can_be_looked_up(line: str, organisation: str | None) -> None:
    profile = RecordsProfile.model_validate(
        {
            "name": "mybank",
            "format": "records",
            "delimiter": "|",
            "fields": {"kind": 0, "organisation": 1, "account": 2},
            "records": {"HD": {"role": "start"}},
        }
    )
    assert peek_organisation(profile, f"{line}\n") == organisation
