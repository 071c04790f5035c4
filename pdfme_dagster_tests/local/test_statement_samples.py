"""The invented files of the demo: right where they should be right, and broken where not."""

import re
from collections import Counter
from itertools import pairwise

import pytest

from pdfme_dagster.domain.statement import ParsedFile
from pdfme_dagster.errors import ParseError
from pdfme_dagster.local.statement_samples import SampleFile, make_files
from pdfme_dagster.parsing import HEAD_BYTES, Profiles, load_profiles, parse, require_acceptable

PROFILES = load_profiles()
COUNT, BROKEN = 400, 28


@pytest.fixture(scope="module")
def files() -> list[SampleFile]:
    return list(make_files(COUNT, broken=BROKEN, seed=20250921))


@pytest.fixture(scope="module")
def good(files: list[SampleFile]) -> list[SampleFile]:
    return [file for file in files if file.broken is None]


@pytest.fixture(scope="module")
def refused(files: list[SampleFile]) -> list[tuple[SampleFile, ParseError]]:
    return [(file, refuse(file)) for file in files if file.broken is not None]


def read(file: SampleFile, profiles: Profiles = PROFILES) -> ParsedFile:
    """Read a file as a run does."""
    profile = profiles.choose(file.name, file.content[:HEAD_BYTES])
    parsed = parse(file.content, profile=profile, name=file.name)
    require_acceptable(parsed, profile)
    return parsed


def refuse(file: SampleFile, profiles: Profiles = PROFILES) -> ParseError:
    with pytest.raises(ParseError) as error:
        read(file, profiles)
    return error.value


def test_as_many_files_are_made_and_broken_as_asked_for(files: list[SampleFile]) -> None:
    assert len(files) == COUNT
    assert sum(file.broken is not None for file in files) == BROKEN


def test_every_good_file_gives_its_statements_and_no_warning_at_all(good: list[SampleFile]) -> None:
    for file in good:
        parsed = read(file)
        assert (len(parsed.statements), parsed.warnings) == (file.statements, ()), file.name
        assert (parsed.profile, parsed.rejected) == ("afs", ())


def test_every_broken_file_is_refused_and_promises_no_statement(
    refused: list[tuple[SampleFile, ParseError]],
) -> None:
    assert len(refused) == BROKEN
    assert all(file.statements == 0 for file, _ in refused)


def test_files_are_broken_in_seven_ways_as_often_each(refused: list[tuple[SampleFile, ParseError]]) -> None:
    assert set(Counter(file.broken for file, _ in refused).values()) == {BROKEN // 7}
    assert {error.code for _, error in refused} == {
        "empty_file",
        "unknown_encoding",
        "no_profile",
        "no_statement",
        "bad_record",
        "bad_amount",
        "bad_date",
    }


def test_broken_files_are_spread_evenly(files: list[SampleFile]) -> None:
    places = [place for place, file in enumerate(files) if file.broken]
    assert {after - before for before, after in pairwise(places)} <= {COUNT // BROKEN, COUNT // BROKEN + 1}


def test_no_two_files_have_the_same_bytes_or_name(files: list[SampleFile]) -> None:
    assert len({file.content for file in files}) == COUNT
    assert len({file.name for file in files}) == COUNT


def test_only_one_file_is_empty(files: list[SampleFile]) -> None:
    assert sum(not file.content for file in files) == 1
    assert sum(not file.content.strip() for file in files) == BROKEN // 7


def test_the_same_seed_makes_the_same_files_and_another_makes_others() -> None:
    first = list(make_files(20, broken=7, seed=1))
    assert first == list(make_files(20, broken=7, seed=1))
    assert first != list(make_files(20, broken=7, seed=2))


def test_names_tell_organisation_month_and_number(files: list[SampleFile]) -> None:
    for number, file in enumerate(files, start=1):
        assert re.fullmatch(rf"(900|901|266)_20\d\d(0[1-9]|1[0-2])_{number:06d}\.txt", file.name)


def test_the_organisation_in_the_name_is_the_one_in_the_records(good: list[SampleFile]) -> None:
    assert all(file.content.startswith(file.name.split("_")[0].encode() + b"|") for file in good)


def test_card_numbers_stay_in_the_invented_range(good: list[SampleFile]) -> None:
    for file in good:
        for statement in read(file).statements:
            assert re.fullmatch(r"50000000000000\d\d", statement.account)


def test_the_files_are_as_varied_as_a_month_end(good: list[SampleFile]) -> None:
    parsed = [read(file) for file in good]
    statements = [statement for each in parsed for statement in each.statements]
    rows = [row for statement in statements for row in statement.transactions]
    sizes = [len(statement.transactions) for statement in statements]
    assert {each.encoding for each in parsed} == {"utf-8", "cp1256"}
    assert (min(sizes), 60 < max(sizes) <= 90) == (0, True)
    assert sum(5 <= size <= 30 for size in sizes) > len(sizes) / 2
    assert {row.original_currency for row in rows} == {None, "GBP", "USD", "EUR", "JPY"}
    assert sum(row.credit for row in rows) > len(rows) / 20
    assert {len(statement.messages) for statement in statements} == {0, 1, 2}
    assert sum(not statement.name.isascii() for statement in statements) == pytest.approx(
        len(statements) / 8, rel=0.5
    )
    assert sum(file.statements > 1 for file in good) == pytest.approx(len(good) / 10, rel=0.5)
    assert any(b"|NEWL|" in file.content for file in good)
    assert any(b"\r\n" in file.content for file in good)


def test_all_files_may_be_broken_or_none() -> None:
    assert all(file.broken for file in make_files(30, broken=30, seed=3))
    assert not any(file.broken for file in make_files(30, broken=0, seed=3))
    assert list(make_files(0, broken=0, seed=3)) == []


@pytest.mark.parametrize("on_bad_statement", ["fail_file", "skip"])
def test_every_broken_file_is_refused_whatever_the_seed_and_the_rule(on_bad_statement: str) -> None:
    profiles = load_profiles(defaults={"on_bad_statement": on_bad_statement, "on_unbalanced": "fail"})
    for seed in range(5):
        for file in make_files(35, broken=35, seed=seed):
            refuse(file, profiles)


@pytest.mark.parametrize("broken", [-1, 6])
def test_more_broken_files_than_files_are_refused(broken: int) -> None:
    with pytest.raises(ValueError, match="from 0 to count, 5"):
        list(make_files(5, broken=broken, seed=1))
