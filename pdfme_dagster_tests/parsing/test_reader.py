"""What is true of every format: whose a statement is, what may go ahead, progress. Not here: any format."""

import io

import pytest

from pdfme_dagster.domain.statement import ParsedFile
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing import (
    Profile,
    StatementReader,
    describe_rejected,
    parse,
    require_acceptable,
)
from pdfme_dagster.parsing.reader import organisation_of
from pdfme_dagster_tests.parsing.records import (
    OTHER_CARD,
    PROFILE,
    account,
    change_profile,
    customer,
    list_messages,
    message,
    row,
)

THIRD_CARD = "00-5000000000000031"
GOOD = (account(), customer(), message())


def write(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def read_as(name: str, *lines: str, profile: Profile = PROFILE) -> ParsedFile:
    return parse(write(*lines), profile=profile, name=name)


def bad(card: str, reason: str = "x") -> tuple[str, ...]:
    return account(card=card), customer(card=card), row(reason, card=card), message(card=card)


# --- Whose statement it is ---


@pytest.mark.parametrize(
    ("name", "organisation"),
    [
        ("266_2025-09.txt", "266"),
        ("in/september/266_1.txt", "266"),
        ("bank-7_x", "bank-7"),
        ("266.txt", None),
        ("_266.txt", None),
        ("a b_1.txt", None),
        ("", None),
    ],
)
def test_a_file_name_may_start_with_the_organisation(name: str, organisation: str | None) -> None:
    assert organisation_of(name) == organisation


def test_the_record_is_believed_when_the_file_name_says_another_organisation() -> None:
    parsed = read_as("266_2025-09.txt", *GOOD)
    assert parsed.statements[0].org_id == "900"
    assert list_messages(parsed) == [
        "line 1: the record says organisation 900, the file's name 266; the record is believed"
    ]


@pytest.mark.parametrize("name", ["900_2025-09.txt", "statement_september.txt", "x.txt"])
def test_a_name_that_says_the_same_or_nothing_is_no_reason_to_warn(name: str) -> None:
    assert read_as(name, *GOOD).warnings == ()


def test_without_an_organisation_in_the_records_the_profile_and_else_the_name_says_it() -> None:
    said = PROFILE.model_dump()
    del said["fields"]["organisation"]
    silent = change_profile(fields=said["fields"])
    speaking = change_profile(fields=said["fields"], organisation="77")
    assert read_as("266_1.txt", *GOOD, profile=silent).statements[0].org_id == "266"
    assert read_as("266_1.txt", *GOOD, profile=speaking).statements[0].org_id == "77"
    with pytest.raises(ParseError) as error:
        read_as("1.txt", *GOOD, profile=silent)
    assert error.value.code == "no_organisation"
    assert "{organisation}_…" in str(error.value)


# --- What may go ahead ---


def test_one_bad_customer_blocks_the_file_and_is_named_with_its_line() -> None:
    parsed = read_as("", *GOOD, *bad(OTHER_CARD))
    with pytest.raises(ParseError) as error:
        require_acceptable(parsed, PROFILE)
    assert (error.value.code, error.value.line) == ("bad_amount", 6)
    assert str(error.value) == (
        'line 6: amount "x" is not a number; correct it and upload the file again (account ****0023)'
    )


def test_several_bad_customers_are_all_named() -> None:
    parsed = read_as("", *bad("00-5000000000000015", "a"), *bad(OTHER_CARD, "b"), *bad(THIRD_CARD, "c"))
    with pytest.raises(ParseError) as error:
        require_acceptable(parsed, PROFILE)
    assert error.value.line == 3
    assert "; 3 of 3 statements rejected, also account ****0023, line 7: " in str(error.value)
    assert "account ****0031, line 11: " in str(error.value)


def test_hundreds_of_bad_customers_are_counted_rather_than_listed() -> None:
    lines = [line for number in range(300) for line in bad(f"00-500000000000{number:04d}")]
    text = describe_rejected((parsed := read_as("", *lines)).rejected, parsed)
    assert text.startswith("300 of 300 statements rejected: account ****0000, line 3: ")
    assert text.endswith("; and 295 more")
    assert len(text) < 1000


def test_with_skip_the_good_go_ahead_and_none_at_all_still_fails() -> None:
    profile = change_profile(on_bad_statement="skip")
    parsed = read_as("", *bad(OTHER_CARD), *GOOD, profile=profile)
    require_acceptable(parsed, profile)
    assert [each.account for each in parsed.statements] == ["5000000000000015"]
    assert [(each.position, each.account) for each in parsed.rejected] == [(1, "****0023")]
    with pytest.raises(ParseError, match="line 3: amount"):
        require_acceptable(read_as("", *bad(OTHER_CARD), profile=profile), profile)


def test_an_unbalanced_statement_is_a_warning() -> None:
    parsed = read_as("", account({12: "1.000"}), customer(), message())
    require_acceptable(parsed, PROFILE)
    assert list_messages(parsed) == [
        "line 1: control total: opening + debits - credits is off by -1.000 BHD",
    ]


@pytest.mark.parametrize("on_bad_statement", ["fail_file", "skip"])
def test_an_unbalanced_statement_blocks_its_file_when_the_profile_says_so(on_bad_statement: str) -> None:
    profile = change_profile(on_unbalanced="fail", on_bad_statement=on_bad_statement)
    other = (account(card=OTHER_CARD), customer(card=OTHER_CARD), message(card=OTHER_CARD))
    parsed = read_as("", account({12: "1.000"}), customer(), message(), *other, profile=profile)
    assert [each.code for each in parsed.rejected] == ["unbalanced"]
    with pytest.raises(ParseError) as error:
        require_acceptable(parsed, profile)
    assert (error.value.code, error.value.line) == ("unbalanced", 1)
    assert "is off by -1.000 BHD" in str(error.value)
    assert "on_unbalanced" in str(error.value)


def test_control_totals_that_do_not_hold_in_a_feed_can_be_left_out() -> None:
    profile = change_profile(control_totals=("debits", "credits"))
    assert read_as("", account({12: "1.000"}), customer(), message(), profile=profile).warnings == ()


def test_two_statements_of_one_account_and_day_are_warned_of() -> None:
    parsed = read_as("", *GOOD, *GOOD)
    assert len(parsed.statements) == 2
    assert list_messages(parsed) == [
        "line 4: account ****0015 has a statement of the same day at line 1 already",
    ]


# --- Reading on ---


def test_a_reader_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pdfme_dagster.parsing.source.BLOCK_BYTES", 1000)
    lines = [line for number in range(50) for line in bad(f"00-5000000000000{number:03d}", "1.000")]
    content = write(*lines)
    reader = StatementReader(io.BytesIO(content), PROFILE)
    done = [reader.bytes_done for _ in reader]
    assert done == sorted(done)
    assert done[0] < 3000
    assert (reader.size_bytes, reader.bytes_done, reader.encoding) == (len(content), len(content), "utf-8")


def test_the_profile_that_read_a_file_is_told() -> None:
    assert (read_as("", *GOOD).profile, read_as("", *GOOD).encoding) == ("afs", "utf-8")


def test_a_file_without_statement_names_the_profile() -> None:
    with pytest.raises(ParseError, match="as profile afs reads it") as error:
        read_as("", "hello")
    assert error.value.code == "no_statement"
