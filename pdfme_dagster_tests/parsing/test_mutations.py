"""Samples with lines changed, cut, doubled and swapped: read or refused, never anything else.

Not here: what a right file says (test_afs.py).
"""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pdfme_dagster.domain.statement import ParsedFile
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing import parse
from pdfme_dagster_tests.parsing.records import PROFILE

SAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parent / "samples").glob("*.txt"))]
CODES = {"empty_file", "unknown_encoding", "no_statement", "bad_record", "bad_amount", "bad_date"}
SPOILT = st.one_of(
    st.sampled_from([b"", b"0", b"-", b"1.5CR", b"abc", b"31022025", b"1", b"6", b"\xd8", b"9" * 5000]),
    st.binary(max_size=12),
)

sample = st.sampled_from(SAMPLES)
place = st.integers(min_value=0, max_value=10_000)


def read_or_refuse(content: bytes) -> ParsedFile | ParseError:
    """Parse; whatever comes out must be whole: no warnings without line, no error without a known code."""
    try:
        parsed = parse(content, profile=PROFILE)
    except ParseError as exc:
        error = exc
    else:
        check_parsed(parsed)
        return parsed
    assert error.code in CODES
    assert "500000000000" not in str(error)
    return error


def check_parsed(parsed: ParsedFile) -> None:
    assert parsed.statements or parsed.rejected
    assert all(warning.line >= 1 and "500000000000" not in warning.message for warning in parsed.warnings)
    assert all(each.line and each.code in CODES for each in parsed.rejected)
    assert all("500000000000" not in each.message + each.account for each in parsed.rejected)
    assert all(row.amount >= 0 for each in parsed.statements for row in each.transactions)


@settings(deadline=None)
@given(content=sample, at=place, field=place, spoilt=SPOILT)
def test_any_field_may_hold_anything(content: bytes, at: int, field: int, spoilt: bytes) -> None:
    lines = content.split(b"\n")
    fields = lines[at % len(lines)].split(b"|")
    fields[field % len(fields)] = spoilt
    lines[at % len(lines)] = b"|".join(fields)
    read_or_refuse(b"\n".join(lines))


@settings(deadline=None)
@given(content=sample, at=place)
def test_a_file_may_end_anywhere(content: bytes, at: int) -> None:
    read_or_refuse(content[: at % len(content)])


@settings(deadline=None)
@given(content=sample, at=place, to=place)
def test_a_line_may_be_cut_anywhere(content: bytes, at: int, to: int) -> None:
    lines = content.split(b"\n")
    line = lines[at % len(lines)]
    lines[at % len(lines)] = line[: to % (len(line) + 1)]
    read_or_refuse(b"\n".join(lines))


@settings(deadline=None)
@given(content=sample, at=place, to=place, keep=st.booleans())
def test_a_line_may_be_doubled_or_moved_anywhere(content: bytes, at: int, to: int, keep: bool) -> None:
    lines = content.split(b"\n")
    line = lines[at % len(lines)] if keep else lines.pop(at % len(lines))
    lines.insert(to % (len(lines) + 1), line)
    read_or_refuse(b"\n".join(lines))


@settings(deadline=None)
@given(content=sample, at=place, byte=st.integers(min_value=0, max_value=255))
def test_any_byte_may_change(content: bytes, at: int, byte: int) -> None:
    changed = bytearray(content)
    changed[at % len(changed)] = byte
    read_or_refuse(bytes(changed))


@settings(deadline=None)
@given(first=sample, second=sample)
def test_joined_files_give_the_statements_of_both(first: bytes, second: bytes) -> None:
    joined = read_or_refuse(first + second)
    parts = [read_or_refuse(content) for content in (first, second)]
    if isinstance(joined, ParsedFile):
        assert len(joined.statements) == sum(
            len(part.statements) for part in parts if isinstance(part, ParsedFile)
        )


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    read_or_refuse(content)
