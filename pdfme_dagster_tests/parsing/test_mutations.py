"""Right files with something cut, doubled, moved or changed: read or refused, and never read wrong unnoticed.

Not here: what a right file says (test_records.py, test_round_trip.py).
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdfme_dagster.domain.statement import ParsedFile, Statement, Transaction
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing import parse
from pdfme_dagster_tests.parsing.afs_writer import BRANCH, KEY_PREFIX, Style, write_file
from pdfme_dagster_tests.parsing.random_statements import sum_rows
from pdfme_dagster_tests.parsing.records import PROFILE

SAMPLES = Path(__file__).parent / "samples"
FILES = ("one_customer.txt", "three_customers_crlf.txt", "edge_cases.txt", "arabic_cp1256.txt")
CODES = {"bad_record", "bad_amount", "bad_date", "unknown_encoding"}
CODES_OF_WHOLE_FILES = {"empty_file", "unknown_encoding", "no_statement"}
# Far more than any of these files takes, also on a machine with other things to do.
NO_HANG = timedelta(seconds=5)
# In the rows of each customer, so far from each other that no single change turns one into another.
MARKS = ("ANTELOPE", "BEEHIVE", "CORMORANT")
CARDS = ("5000000000000015", "5000000000000023", "5000000000000031")
DAY = date(2025, 9, 21)
_LONG_NUMBER = re.compile(r"\d{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A right file, and what it says."""

    content: bytes
    statements: Mapping[str, Statement]
    marks: Mapping[str, str]
    line_end: bytes
    delimiter: bytes

    def lines(self) -> list[bytes]:
        return self.content.split(self.line_end)

    def join(self, lines: Sequence[bytes]) -> bytes:
        return self.line_end.join(lines)


def read_sample(name: str) -> Original:
    content = (SAMPLES / name).read_bytes()
    found = parse(content, profile=PROFILE).statements
    end = b"\r\n" if b"\r\n" in content else b"\n"
    return Original(
        content=content,
        statements={each.account: each for each in found},
        marks={},
        line_end=end,
        delimiter=b"|",
    )


def make_statement(card: str, opening: int, rows: Sequence[tuple[str, int, bool]]) -> Statement:
    """Make a statement of rows by description, amount and whether it is a credit; every third is foreign."""
    key, mark = ("900", BRANCH, KEY_PREFIX + card), MARKS[CARDS.index(card)]
    made = tuple(
        Transaction(
            date=DAY,
            posted=None if amount == 0 else DAY,
            description=f"{mark} {description}",
            amount=amount,
            credit=credit,
            original_currency="JPY" if number % 3 == 2 else None,
            original_amount=41_500 if number % 3 == 2 else None,
        )
        for number, (description, amount, credit) in enumerate(rows)
    )
    debits, credited = sum_rows(made)
    return Statement(
        org_id="900",
        account=card,
        name=f"HALA {mark}",
        address=("Flat 1", "شقة"),
        statement_date=DAY,
        currency="BHD",
        opening=opening,
        debits=debits,
        credits=credited,
        closing=opening + debits - credited,
        available=500_000,
        transactions=made,
        messages=("Thank you.", f"For {mark}."),
        extra_records=((*key, "3", "", "REWARD", "120"), (*key, "5", "", "INSTALMENT", "10.000")),
    )


CUSTOMERS = (
    # Round amounts beside small ones, and two that are the same.
    make_statement(
        CARDS[0],
        50_000,
        [
            ("Payment Received", 100_000, True),
            ("SHOP", 12_500, False),
            ("SHOP", 12_500, False),
            ("AIR", 148_750, False),
            ("Refund", 2_500, True),
        ],
    ),
    # Totals that are the same, so that opening and closing balance are.
    make_statement(
        CARDS[1], -1_000, [("FEE", 5_000, False), ("FEE WAIVED", 5_000, True), ("NOTE", 0, False)]
    ),
    make_statement(CARDS[2], 0, []),
)
STYLES = (
    Style(),
    Style(line_end="\r\n", file_end="\r\n\x1a", explicit=True, grouping="thousands", credit="-{}"),
    Style(line_end="\r", headings=False, trailing=0, no_original="", no_date="", messages_a_record=3),
    Style(encoding="utf-8-sig", marked=True, padding=" ", digits=1, credit="{}-", debit="{}+"),
    Style(encoding="cp1256", explicit=True, more_zeros=True, credit="{} CR"),
    Style(encoding="utf-16-le", trailing=1),
    Style(encoding="utf-16-be", line_end="\r\n", headings=False),
)


def write_original(style: Style) -> Original:
    codec = style.encoding.removesuffix("-sig")
    return Original(
        content=write_file(CUSTOMERS, style),
        statements={each.account: each for each in CUSTOMERS},
        marks=dict(zip(CARDS, MARKS, strict=True)),
        line_end=style.line_end.encode(codec),
        delimiter="|".encode(codec),
    )


# By name, since a failing test prints what it was given.
SAMPLE_FILES = {name: read_sample(name) for name in FILES}
WRITTEN_FILES = {f"written in style {number}": write_original(style) for number, style in enumerate(STYLES)}
ORIGINALS = {**SAMPLE_FILES, **WRITTEN_FILES}
names = st.sampled_from(list(ORIGINALS))
places = st.integers(0, 10_000)
spoilt_texts = st.one_of(
    st.sampled_from(
        [b"", b"0", b"-", b"1.5CR", b"abc", b"31022025", b"1", b"2", b"4", b"6", b"\xd8", b"\x1a"]
    ),
    st.sampled_from([b"9" * 5000, b"NEWL", b"Account transactions", b"Refund", "١٢".encode(), b"|||", b"\n"]),
    st.binary(max_size=12),
)


# --- What may happen to a file: one change, whose places and text are drawn ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Two places, taken modulo what there is, and a text."""

    at: int
    to: int
    text: bytes


changes = st.builds(Change, at=places, to=places, text=spoilt_texts)
Mutation = Callable[[Original, Change], bytes]


def cut_the_end_of_the_file(original: Original, change: Change) -> bytes:
    return original.content[: change.at % len(original.content)]


def cut_the_start_of_the_file(original: Original, change: Change) -> bytes:
    return original.content[change.at % len(original.content) :]


def change_a_byte(original: Original, change: Change) -> bytes:
    at = change.at % len(original.content)
    return original.content[:at] + bytes([change.to % 256]) + original.content[at + 1 :]


def insert_a_byte(original: Original, change: Change) -> bytes:
    at = change.at % (len(original.content) + 1)
    return original.content[:at] + bytes([change.to % 256]) + original.content[at:]


def drop_a_byte(original: Original, change: Change) -> bytes:
    at = change.at % len(original.content)
    return original.content[:at] + original.content[at + 1 :]


def drop_a_piece_of_a_line(original: Original, change: Change) -> bytes:
    lines, at = _pick_line(original, change)
    start, end = sorted(place % (len(lines[at]) + 1) for place in (change.to, change.to // 7))
    lines[at] = lines[at][:start] + lines[at][end:]
    return original.join(lines)


def cut_a_line(original: Original, change: Change) -> bytes:
    lines, at = _pick_line(original, change)
    lines[at] = lines[at][: change.to % (len(lines[at]) + 1)]
    return original.join(lines)


def join_two_lines(original: Original, change: Change) -> bytes:
    lines, at = _pick_line(original, change)
    lines[at : at + 2] = [b"".join(lines[at : at + 2])]
    return original.join(lines)


def insert_a_line(original: Original, change: Change) -> bytes:
    lines, at = _pick_line(original, change)
    return original.join([*lines[:at], change.text, *lines[at:]])


def drop_lines(original: Original, change: Change) -> bytes:
    lines, start, end = _pick_lines(original, change)
    return original.join([*lines[:start], *lines[end:]])


def double_lines(original: Original, change: Change) -> bytes:
    lines, start, end = _pick_lines(original, change)
    return original.join([*lines[:end], *lines[start:end], *lines[end:]])


def copy_a_line_elsewhere(original: Original, change: Change) -> bytes:
    lines, at = _pick_line(original, change)
    lines.insert(change.to % (len(lines) + 1), lines[at])
    return original.join(lines)


def move_lines(original: Original, change: Change) -> bytes:
    lines, start, end = _pick_lines(original, change)
    left = [*lines[:start], *lines[end:]]
    to = (change.at * 31 + change.to) % (len(left) + 1)
    return original.join([*left[:to], *lines[start:end], *left[to:]])


def swap_two_lines(original: Original, change: Change) -> bytes:
    lines, at = _pick_line(original, change)
    to = change.to % len(lines)
    lines[at], lines[to] = lines[to], lines[at]
    return original.join(lines)


def turn_lines_round(original: Original, change: Change) -> bytes:
    lines, start, end = _pick_lines(original, change)
    return original.join([*lines[:start], *reversed(lines[start:end]), *lines[end:]])


def change_a_field(original: Original, change: Change) -> bytes:
    return _change_fields(original, change, lambda fields, at: [*fields[:at], change.text, *fields[at + 1 :]])


def drop_a_field(original: Original, change: Change) -> bytes:
    return _change_fields(original, change, lambda fields, at: [*fields[:at], *fields[at + 1 :]])


def double_a_field(original: Original, change: Change) -> bytes:
    return _change_fields(original, change, lambda fields, at: [*fields[: at + 1], *fields[at:]])


def insert_a_field(original: Original, change: Change) -> bytes:
    return _change_fields(original, change, lambda fields, at: [*fields[:at], change.text, *fields[at:]])


def swap_two_fields(original: Original, change: Change) -> bytes:
    def swap(fields: list[bytes], at: int) -> list[bytes]:
        # Of what is not empty: two empty fields are most of a record.
        full = [place for place, field in enumerate(fields) if field.strip()] or [0]
        to = full[(change.at // 7) % len(full)]
        fields[at], fields[to] = fields[to], fields[at]
        return fields

    return _change_fields(original, change, swap)


def _pick_line(original: Original, change: Change) -> tuple[list[bytes], int]:
    lines = original.lines()
    return lines, change.at % len(lines)


def _pick_lines(original: Original, change: Change) -> tuple[list[bytes], int, int]:
    lines = original.lines()
    start, end = sorted(place % (len(lines) + 1) for place in (change.at, change.to))
    return lines, start, end


def _change_fields(
    original: Original, change: Change, alter: Callable[[list[bytes], int], list[bytes]]
) -> bytes:
    lines, at = _pick_line(original, change)
    fields = lines[at].split(original.delimiter)
    lines[at] = original.delimiter.join(alter(fields, change.to % len(fields)))
    return original.join(lines)


# Left out is what can keep all totals, since it changes two amounts at once: to cut a piece that reaches from
# within one row into another (000100000 and 000012500 become 000112500), or to move a piece from one amount
# into another (a balance from 12.000 to 2.000, its opposite from -1.000 to -11.000). No reader can tell.
LINE_MUTATIONS: tuple[Mutation, ...] = (
    cut_a_line,
    join_two_lines,
    insert_a_line,
    drop_lines,
    double_lines,
    copy_a_line_elsewhere,
    move_lines,
    swap_two_lines,
    turn_lines_round,
)
MUTATIONS: tuple[Mutation, ...] = (
    *LINE_MUTATIONS,
    cut_the_end_of_the_file,
    cut_the_start_of_the_file,
    change_a_byte,
    insert_a_byte,
    drop_a_byte,
    drop_a_piece_of_a_line,
    change_a_field,
    drop_a_field,
    double_a_field,
    insert_a_field,
    swap_two_fields,
)


# --- What must hold ---


def read_or_refuse(content: bytes) -> ParsedFile | ParseError:
    """Parse; whatever comes out must be whole: no warning or error without its line, none with a number."""
    try:
        parsed = parse(content, profile=PROFILE)
    except ParseError as exc:
        error = exc
    else:
        check_parsed(parsed)
        return parsed
    assert error.code in CODES | CODES_OF_WHOLE_FILES
    assert (error.line or 0) >= 1 or error.code in CODES_OF_WHOLE_FILES
    assert not _LONG_NUMBER.search(str(error))
    return error


def check_parsed(parsed: ParsedFile) -> None:
    assert parsed.statements or parsed.rejected
    assert all(each.line >= 1 for each in parsed.warnings)
    assert all((each.line or 0) >= 1 and each.code in CODES for each in parsed.rejected)
    told = [each.message for each in parsed.warnings]
    told += [each.message + each.account for each in parsed.rejected]
    assert not any(map(_LONG_NUMBER.search, told))
    assert all(each.amount >= 0 for statement in parsed.statements for each in statement.transactions)


def check_rows_are_the_customers_own(parsed: ParsedFile, original: Original) -> None:
    for statement in parsed.statements:
        others = [mark for card, mark in original.marks.items() if card != statement.account]
        for each in statement.transactions:
            assert not any(mark in each.description for mark in others)


def check_amounts_without_warning(parsed: ParsedFile, content: bytes, original: Original) -> None:
    """Assert that a statement without a warning about it has the amounts of the original one."""
    for statement, lines in zip(parsed.statements, find_lines(parsed, content), strict=True):
        if not any(each.line in lines for each in parsed.warnings):
            assert statement.account in original.statements
            assert list_amounts(statement) == list_amounts(original.statements[statement.account])


def find_lines(parsed: ParsedFile, content: bytes) -> list[range]:
    """Return the lines of each statement: up to the next record, as we read it here, that starts one."""
    text = content.decode(parsed.encoding).removeprefix("\ufeff").replace("\ufeff", "")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    starts = [number for number, line in enumerate(lines, start=1) if is_start(line)]
    positions = {each.position for each in parsed.rejected}
    ranges = [range(start, end) for start, end in pairwise([*starts, len(lines) + 1])]
    return [each for position, each in enumerate(ranges, start=1) if position not in positions]


def is_start(line: str) -> bool:
    fields = line.split("|")
    return len(fields) > 3 and fields[3].strip() == "1"


def list_amounts(statement: Statement) -> tuple[object, ...]:
    rows = Counter((each.amount, each.credit) for each in statement.transactions if each.amount)
    return statement.opening, statement.debits, statement.credits, statement.closing, rows


def change_several(original: Original, several: Sequence[tuple[Mutation, Change]]) -> bytes:
    for mutate, change in several:
        original = replace(original, content=mutate(original, change) or b"\n")
    return original.content


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: mutate.__name__)
@settings(deadline=NO_HANG, max_examples=200)
@given(name=names, change=changes)
def test_one_change_gives_no_wrong_amount_that_passes_the_control_totals(
    mutate: Mutation, name: str, change: Change
) -> None:
    content = mutate(ORIGINALS[name], change)
    parsed = read_or_refuse(content)
    if isinstance(parsed, ParsedFile):
        check_rows_are_the_customers_own(parsed, ORIGINALS[name])
        check_amounts_without_warning(parsed, content, ORIGINALS[name])


@settings(deadline=NO_HANG)
@given(name=names, several=st.lists(st.tuples(st.sampled_from(MUTATIONS), changes), max_size=5))
def test_after_any_changes_a_file_is_read_or_refused(
    name: str, several: list[tuple[Mutation, Change]]
) -> None:
    read_or_refuse(change_several(ORIGINALS[name], several))


# Not bytes and fields: several such changes can make anything, also a good row of another customer.
@settings(deadline=NO_HANG)
@given(
    name=st.sampled_from(list(WRITTEN_FILES)),
    several=st.lists(st.tuples(st.sampled_from(LINE_MUTATIONS), changes), max_size=5),
)
def test_however_lines_are_moved_no_row_gets_into_anothers_statement(
    name: str, several: list[tuple[Mutation, Change]]
) -> None:
    parsed = read_or_refuse(change_several(ORIGINALS[name], several))
    if isinstance(parsed, ParsedFile):
        check_rows_are_the_customers_own(parsed, ORIGINALS[name])


@pytest.mark.parametrize("first", SAMPLE_FILES)
@pytest.mark.parametrize("second", SAMPLE_FILES)
def test_joined_files_give_the_statements_of_both(first: str, second: str) -> None:
    joined = read_or_refuse(ORIGINALS[first].content + ORIGINALS[second].content)
    if isinstance(joined, ParsedFile):
        expected = [*ORIGINALS[first].statements, *ORIGINALS[second].statements]
        assert [each.account for each in joined.statements] == expected
    else:
        assert joined.code == "unknown_encoding"


@settings(deadline=NO_HANG)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    read_or_refuse(content)


@settings(deadline=NO_HANG)
@given(st.text(max_size=400), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1256", "cp037"]))
def test_any_text_is_read_or_refused(text: str, encoding: str) -> None:
    read_or_refuse(text.encode(encoding, "replace"))
