"""Parts of a file for several processes. Not here: what a file says."""

import io
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing import ByteRange, Profile, StatementReader, cut_ranges, parse
from pdfme_dagster_tests.parsing.records import PROFILE, PROFILES, account, customer, message, row


def write_file(customers: int, *, end: str = "\n", name: str = "NOORA SAMPLEH") -> str:
    lines: list[str] = []
    for number in range(customers):
        card = f"00-5000000000000{number:03d}"
        lines += [account(card=card), customer(name, card=card)]
        lines += [row("1.000", f"SHOP {number}", card=card)] * (number % 4)
        lines += [message(f"to {number}", card=card)]
    return "".join(line + end for line in lines)


def read_parts(
    content: bytes, parts: Sequence[ByteRange], profile: Profile = PROFILE
) -> list[StatementReader]:
    return [StatementReader(io.BytesIO(content), profile, part=part) for part in parts]


def check_parts(content: bytes, parts: int, profile: Profile = PROFILE) -> list[ByteRange]:
    """Assert that the parts say together what the whole says; return them."""
    ranges = cut_ranges(io.BytesIO(content), profile, parts)
    whole = parse(content, profile=profile)
    readers = read_parts(content, ranges, profile)
    assert [each for reader in readers for each in reader] == list(whole.statements)
    assert [each for reader in readers for each in reader.warnings] == list(whole.warnings)
    assert ranges[0].start == 0
    assert ranges[-1].end == len(content)
    assert all(first.end == second.start for first, second in pairwise(ranges))
    return ranges


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1256"])
@pytest.mark.parametrize("parts", [1, 2, 3, 7])
def test_parts_say_together_what_the_whole_file_says(end: str, encoding: str, parts: int) -> None:
    content = write_file(20, end=end, name="فاطمة المثال").encode(encoding)
    assert len(check_parts(content, parts)) == parts


def test_parts_are_of_about_the_same_size() -> None:
    sizes = [each.end - each.start for each in check_parts(write_file(200).encode(), 4)]
    assert max(sizes) < 1.1 * min(sizes)


@given(customers=st.integers(1, 6), parts=st.integers(1, 12))
def test_there_are_never_more_parts_than_statements(customers: int, parts: int) -> None:
    assert 1 <= len(check_parts(write_file(customers).encode(), parts)) <= min(customers, parts)


def test_a_file_may_start_with_records_of_no_customer() -> None:
    content = ("HDR|20250921\n" + write_file(6)).encode()
    assert len(check_parts(content, 3)) == 3


def test_the_lines_of_a_part_have_their_numbers_in_the_file() -> None:
    lines = write_file(40, end="\r\n").split("\r\n")
    nameless = max(number for number, line in enumerate(lines, start=1) if "NOORA SAMPLEH" in line)
    lines[nameless - 1] = lines[nameless - 1].replace("NOORA SAMPLEH", "")
    content = "\r\n".join(lines).encode()
    ranges = check_parts(content, 2)
    assert ranges[1].first_line > 1
    with_warning = read_parts(content, ranges)[1]
    list(with_warning)
    unnamed = [each.line for each in with_warning.warnings if "no customer name" in each.message]
    assert unnamed == [nameless]


def test_all_parts_are_read_in_the_encoding_of_the_whole_file() -> None:
    content = (write_file(10) + write_file(10, name="فاطمة")).encode("cp1256")
    assert [each.encoding for each in cut_ranges(io.BytesIO(content), PROFILE, 2)] == ["cp1256", "cp1256"]


def test_a_file_in_utf_16_is_one_part() -> None:
    content = write_file(10).encode("utf-16")
    assert len(check_parts(content, 4)) == 1


@pytest.mark.parametrize("profile", ["csv", "json", "mt940"])
def test_a_file_of_another_format_is_one_part(profile: str) -> None:
    content = b":20:REF\n" * 100
    (only,) = cut_ranges(io.BytesIO(content), PROFILES[profile], 4)
    assert (only.start, only.end) == (0, len(content))


def test_the_records_of_a_customer_that_only_look_like_a_start_do_not_cut() -> None:
    look = row("1.000", "900|001|00-5000000000000015|1|").replace("|1|", " 1 ")
    lines = [account(), customer(), *[look] * 50, message()]
    assert len(check_parts("\n".join(lines).encode(), 8)) == 1


def test_a_start_may_lie_beyond_the_first_window() -> None:
    lines = [account(), customer(), *[row("1.000")] * 30_000, message()]
    content = ("\n".join(lines) + "\n" + write_file(2)).encode()
    assert len(content) > 3 << 20
    ranges = cut_ranges(io.BytesIO(content), PROFILE, 3)
    assert [content[each.start :].split(b"|")[3] for each in ranges] == [b"1"] * len(ranges)
    assert sum(len(list(reader)) for reader in read_parts(content, ranges)) == 3


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(ParseError) as error:
        cut_ranges(io.BytesIO(b""), PROFILE, 2)
    assert error.value.code == "empty_file"
