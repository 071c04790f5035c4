"""What parts of a file say together is what the whole says, or the parts admit that they cannot tell.

Not here: cutting (test_ranges.py).
"""

import io
from collections.abc import Callable

import pytest

from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing import (
    FileSurvey,
    PartSurvey,
    cut_ranges,
    describe_rejected,
    join_surveys,
    load_profiles,
    parse,
    require_acceptable,
    survey_part,
)
from pdfme_dagster.parsing.notes import Notes
from pdfme_dagster_tests.parsing.records import PROFILE, account, customer, message, row

CUSTOMERS = 24
PARTS = 5
Lines = list[str]


def card(number: int) -> str:
    return f"00-5000000000000{number:03d}"


def write_lines(customers: int = CUSTOMERS) -> Lines:
    """Write five lines for each customer."""
    lines: Lines = []
    for number in range(customers):
        own = card(number)
        lines += [account(card=own), customer(card=own), row("1.000", f"SHOP {number}", card=own)]
        lines += [row("2.000", "CAFE", card=own), message("hello", card=own)]
    return lines


def encode(lines: Lines) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def survey(content: bytes) -> tuple[FileSurvey | None, int]:
    """Survey a file in parts; return what they say, and how many there were."""
    ranges = cut_ranges(io.BytesIO(content), PROFILE, PARTS)
    parts = [survey_part(io.BytesIO(content), PROFILE, part=part) for part in ranges]
    return join_surveys(parts, PROFILE), len(parts)


def spoil(*numbers: int) -> Callable[[Lines], Lines]:
    """Take from these customers the record that each must have."""
    return lambda lines: [line for at, line in enumerate(lines) if at not in {5 * n + 1 for n in numbers}]


TOGETHER: dict[str, Callable[[Lines], Lines]] = {
    "good": lambda lines: lines,
    "one customer cannot be read": spoil(19),
    "several in different parts cannot": spoil(3, 4, 11, 22, 23),
    "the first cannot": spoil(0),
    "none can": spoil(*range(CUSTOMERS)),
    "odd lines everywhere": lambda lines: [each for line in lines for each in (line, "", "9|what")],
    "a row beside its customer in one part": lambda lines: [lines[7], *lines[:7], *lines[8:]],
}
APART: dict[str, Callable[[Lines], Lines]] = {
    "a row among a customer's of another part": lambda lines: [
        *lines[:3],
        lines[-2],
        *lines[3:-2],
        lines[-1],
    ],
    "a row behind all": lambda lines: [*lines[:2], *lines[3:], lines[2]],
    "a customer twice": lambda lines: [*lines, *lines[:5]],
    "rows without a start": lambda lines: [row("1.000", "LOST", card=card(999)), *lines],
    "rows before their start in another part": lambda lines: [row("1.000", "EARLY", card=card(23)), *lines],
}


@pytest.mark.parametrize("change", TOGETHER)
def test_parts_say_together_what_the_whole_file_says(change: str) -> None:
    content = encode(TOGETHER[change](write_lines()))
    whole = parse(content, profile=PROFILE)
    together, parts = survey(content)
    assert parts == PARTS
    assert together == FileSurvey(
        customers=whole.customers,
        rejected=whole.rejected,
        warnings=whole.warnings,
        org_id=whole.statements[0].org_id if whole.statements else None,
        profile=whole.profile,
    )
    assert together.statements == len(whole.statements)


@pytest.mark.parametrize("change", APART)
def test_parts_that_bear_on_each_other_say_that_only_the_whole_file_tells(change: str) -> None:
    together, parts = survey(encode(APART[change](write_lines())))
    assert (together, parts) == (None, PARTS)


@pytest.mark.parametrize("profile", ["fail_file", "skip"])
@pytest.mark.parametrize("change", TOGETHER)
def test_the_same_rules_hold_for_what_was_only_counted(change: str, profile: str) -> None:
    content = encode(TOGETHER[change](write_lines()))
    chosen = load_profiles(defaults={"on_bad_statement": profile})[PROFILE.name]
    told = []
    for file in (parse(content, profile=PROFILE), survey(content)[0]):
        assert file is not None
        try:
            require_acceptable(file, chosen)
            told.append(describe_rejected(file.rejected, file))
        except ParseError as exc:
            told.append(f"{exc.code} {exc}")
    assert told[0] == told[1]


@pytest.mark.parametrize("cut", [1, 7, 600, 1000, 1500])
def test_notes_of_two_parts_are_those_of_one(cut: int) -> None:
    whole, first, second = Notes(), Notes(), Notes()
    for number in range(1, 1600):
        for notes in (whole, first if number < cut else second):
            notes.warn(number, f"odd {number}")
            notes.count(number, f"kind {number % 3}")
    first.append(second)
    assert first.list_warnings() == whole.list_warnings()


def test_a_survey_shows_no_account() -> None:
    content = encode(write_lines(1))
    assert "5000000000000" not in repr(survey_part(io.BytesIO(content), PROFILE))
    assert isinstance(survey_part(io.BytesIO(content), PROFILE), PartSurvey)
