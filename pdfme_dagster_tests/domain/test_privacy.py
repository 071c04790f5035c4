"""What messages may show. Not here: which messages there are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.domain.privacy import mask_account, mask_numbers, show_sentence, show_value

CARD = "5000000000000015"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (CARD, "****0015"),
        ("5000 0000 0000 0015", "****0015"),
        ("5000-0000-0000-0015", "****0015"),
        ("00-5000000000000015", "****0015"),
        ("card 5000000000000015.", "card ****0015."),
        (f"{CARD} and {CARD[:-2]}23", "****0015 and ****0023"),
        (f"900_{CARD}_1.txt", "900_****0015_1.txt"),
        (f"x{CARD}y", "x****0015y"),
        ("500000000012", "****0012"),
        ("5000000000000000019", "****0019"),
        ("5000_0000_0000_0015", "****0015"),
        ("5000.0000.0000.0015", "****0015"),
        ("in/5000/0000/0000/0015/card.txt", "in/****0015/card.txt"),
        ("900_5000_0000_0000_0015_1.txt", "900_****0015_1.txt"),
        ("5000_0000_0000_0000_019", "****0019"),
        ("5000 0000_0000-0015", "****0015"),
        ("5000 0000 0000_0015", "****0015"),
        ("5000 - 0000 - 0000 - 0015", "****0015"),
        ("5000\u00a00000\u00a00000\u00a00015", "****0015"),
        ("5000\u20110000\u20110000\u20110015", "****0015"),
        ("3000_000000_00015", "****0015"),
        ("3000.000000.0015", "****0015"),
        ("2025.5000.0000.0000.0015", "****0015"),
    ],
)
def test_card_numbers_are_masked_to_their_last_four(text: str, masked: str) -> None:
    assert mask_numbers(text) == masked


def test_a_date_behind_a_card_number_does_not_hide_the_card_number() -> None:
    assert mask_numbers("5000 0000 0000 0015 21092025") == "****2025"


@pytest.mark.parametrize("text", ["2025-09-5000 0000 0000 0015", "5000 0000 0000 0015 " + "9" * 30])
def test_of_digits_in_any_groups_only_the_last_four_are_left(text: str) -> None:
    assert mask_numbers(text) in {"****0015", "****9999"}


def test_a_date_before_a_card_number_does_not_hide_the_card_number() -> None:
    assert CARD not in mask_numbers(f"2025 09 21 {CARD}")


def test_a_card_number_inside_a_longer_run_of_digits_is_masked_too() -> None:
    assert mask_numbers(f"000000{CARD}21092025") == "****2025"


def test_a_card_number_in_arabic_digits_is_masked_too() -> None:
    assert mask_numbers("٥٠٠٠٠٠٠٠٠٠٠٠٠٠١٥") == "****٠٠١٥"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "line 14: amount",
            "21/09/2025",
            "900_202509_000123.txt",
            "2025-09-21",
            "12345678901",
            "1,121.526",
        ),
        *(
            "2025-09-30 12:00:00.123456",
            "2025-09-30T12:00:00.000000+00:00",
            "2025_0930_120000",
            "10.100.200.255:5432",
        ),
        *("1.234.567.890.123", "1,234,567,890.123", "0900_202509_0001.txt", "2025/09/30/900_0001_0002.txt"),
        *("d41d8cd98f00b204e9800998ecf8427e-12", "ab120000_000012_0015", "1.2.3.4.5.6.7.8.9.10.11.12.13"),
    ],
)
def test_dates_file_names_and_short_numbers_stay_readable(text: str) -> None:
    assert mask_numbers(text) == text


@given(
    before=st.text("abc :|/", max_size=4),
    after=st.text("abc :|/", max_size=4),
    joint=st.sampled_from("- _./"),
)
def test_no_card_number_survives_wherever_it_stands(before: str, after: str, joint: str) -> None:
    split = joint.join(CARD[start : start + 4] for start in range(0, 16, 4))
    for number in (CARD, split):
        assert mask_numbers(before + number + after) == f"{before}****0015{after}"


@given(st.text())
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = mask_numbers(text)
    assert mask_numbers(once) == once


@pytest.mark.parametrize(
    ("account", "masked"),
    [("00-5000000000000015", "****0015"), ("12", "****12"), ("", "****"), ("NOORA SAMPLEH", "****")],
)
def test_an_account_shows_its_last_four_digits_and_no_letters(account: str, masked: str) -> None:
    assert mask_account(account) == masked


@pytest.mark.parametrize(
    "text", ["12.3x", "31022025", "1,0O0.00", "5.000 CR", "5.000dr", "N/A", "-", "C", "12 x 3"]
)
def test_short_values_without_words_are_shown_as_they_are(text: str) -> None:
    assert show_value(text) == text


def test_words_in_a_value_are_hidden_since_they_may_be_a_name() -> None:
    assert show_value("NOORA SAMPLEH") == "… …"
    assert show_value("محمد الاختبار") == "… …"
    assert show_value("Building 345") == "… 345"
    assert show_value("AL-DEMO 5 Crane") == "…-… 5 …"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Bo Li", "… …"),
        ("مُحَمَّد", "…"),  # with its vowels, which are no letters
        ("می\u200cخواهم", "…"),
        ("Zo\u0308rb", "…"),
        ("S A M P L E H", "…"),
        ("S. A. M. P", "…"),
    ],
)
def test_a_name_is_hidden_however_it_is_written(name: str, shown: str) -> None:
    assert show_value(name) == shown


def test_a_card_number_split_by_words_is_masked() -> None:
    assert show_value("NOORA 5000 0000 SAMPLEH 0000 0015") == "… ****0015"


def test_of_a_sentence_only_words_that_are_no_names_are_shown() -> None:
    assert show_sentence('amount "12,3x" is not a number') == 'amount "12,3x" is not a number'
    assert show_sentence("customer NOORA Sampleh (هالة) 5000_0000_0000_0015 is odd") == (
        "customer … … (…) ****0015 is odd"
    )


def test_a_card_number_in_a_value_is_masked_before_the_value_is_cut() -> None:
    assert show_value(f"1234 | 567 | 8 | 9 | {CARD}") == "1234 | 567 | 8 | 9 | ***…"
    assert show_value("7" * 100) == "****7777"


def test_long_values_are_cut() -> None:
    assert show_value("1." * 50) == "1." * 12 + "…"


def test_a_shown_value_cannot_disturb_a_log() -> None:
    assert show_value("1\x1b[31m\n2\x7f\x85") == "1?[31m?2??"
