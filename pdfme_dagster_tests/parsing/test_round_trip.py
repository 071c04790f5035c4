"""What is written in the card-statement format is read again, however a host writes it.

Not here: files with something wrong in them (test_mutations.py).
"""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.domain.statement import ParsedFile, Statement
from pdfme_dagster.parsing import Profile, StatementReader, cut_ranges, parse, source
from pdfme_dagster_tests.parsing.afs_writer import HEADINGS, Style, write_customer, write_file
from pdfme_dagster_tests.parsing.random_statements import (
    ARABIC_LETTERS,
    CURRENCIES,
    customers,
    styles,
)
from pdfme_dagster_tests.parsing.records import PROFILE, change_profile

SAMPLES = Path(__file__).parent / "samples"
UNICODE = st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"])
ONE_BYTE = st.sampled_from(["cp1256", "iso-8859-6", "iso-8859-1"])


def read(content: bytes, currency: str = "BHD", encodings: Sequence[str] = ("utf-8", "cp1256")) -> ParsedFile:
    return parse(content, profile=change_profile(currency=currency, encodings=tuple(encodings)))


def check(parsed: ParsedFile, written: Sequence[Statement]) -> None:
    assert parsed.statements == tuple(written)
    assert parsed.warnings == ()
    assert parsed.rejected == ()


def test_the_writer_writes_the_sample_as_its_host_did() -> None:
    content = (SAMPLES / "one_customer.txt").read_bytes()
    (statement,) = parse(content, profile=PROFILE).statements
    ours = [line.rstrip("|") for line in write_customer(statement, Style(headings=False))]
    theirs = [line.rstrip("|") for line in content.decode().splitlines()]
    assert sorted(ours) == sorted(line for line in theirs if not any(text in line for text in HEADINGS))


@given(st.sampled_from(CURRENCIES), st.data())
def test_statements_in_any_currency_are_read_as_written(currency: str, data: st.DataObject) -> None:
    written = data.draw(customers(currency))
    check(read(write_file(written, data.draw(styles())), currency), written)


@given(UNICODE, st.data())
def test_unicode_files_are_read_as_written(encoding: str, data: st.DataObject) -> None:
    written = data.draw(customers())
    content = write_file(written, data.draw(styles(encoding)))
    check(read(content), written)


@given(st.sampled_from(["utf-8-sig", "utf-16-le", "utf-16-be"]), st.data())
def test_a_mark_at_the_start_of_a_file_is_believed_before_the_profile(
    encoding: str, data: st.DataObject
) -> None:
    written = data.draw(customers())
    content = write_file(written, data.draw(styles(encoding)))
    check(read(content, encodings=["cp1256"]), written)


@given(ONE_BYTE, st.data())
def test_files_in_a_profiles_encoding_are_read_as_written(encoding: str, data: st.DataObject) -> None:
    written = data.draw(customers(encoding=encoding))
    parsed = read(write_file(written, data.draw(styles(encoding))), encodings=[encoding])
    check(parsed, written)
    assert parsed.encoding == encoding


@given(customers(letters=ARABIC_LETTERS, encoding="cp1256"), styles("cp1256"))
def test_arabic_in_windows_1256_is_told_from_utf_8(written: tuple[Statement, ...], style: Style) -> None:
    content = write_file(written, style)
    parsed = read(content)
    check(parsed, written)
    assert parsed.encoding == ("utf-8" if content.isascii() else "cp1256")


@given(UNICODE, st.sampled_from([1, 2, 3, 7, 64]), st.data())
def test_the_borders_of_blocks_do_not_matter(encoding: str, size: int, data: st.DataObject) -> None:
    written = data.draw(customers())
    content = write_file(written, data.draw(styles(encoding)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "BLOCK_BYTES", size)
        check(read(content), written)


@given(UNICODE | ONE_BYTE, st.integers(1, 5), st.data())
def test_parts_say_together_what_was_written(encoding: str, parts: int, data: st.DataObject) -> None:
    written = data.draw(customers(encoding=encoding))
    content = write_file(written, data.draw(styles(encoding)))
    profile = change_profile(encodings=("utf-8" if encoding.startswith("utf") else encoding,))
    assert read_in_parts(content, profile, parts) == list(written)


def read_in_parts(content: bytes, profile: Profile, parts: int) -> list[Statement]:
    readers = [
        StatementReader(io.BytesIO(content), profile, part=part)
        for part in cut_ranges(io.BytesIO(content), profile, parts)
    ]
    read = [statement for reader in readers for statement in reader]
    assert not any(reader.warnings or reader.rejected for reader in readers)
    return read
