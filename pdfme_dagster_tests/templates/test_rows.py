"""Finding a page's places for rows. Not here: which rows come to them (test_pages.py)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.templates.mapping_spec import RowSetSpec, load_shipped_mapping
from pdfme_dagster.templates.rows import RowPlaces, check_row_sets, find_row_sets, find_unknown_columns
from pdfme_dagster_tests.templates.stand_ins import StandInField, lines, text

ROWS = load_shipped_mapping().rows


def find(*fields: StandInField) -> list[RowPlaces]:
    return find_row_sets(fields, ROWS)


def check(*fields: StandInField) -> list[str]:
    return check_row_sets(fields, ROWS)


def move(fields: tuple[StandInField, ...], name: str, *, down: float) -> list[StandInField]:
    return [
        replace(field, position=replace(field.position, y=field.position.y + down))
        if field.name == name
        else field
        for field in fields
    ]


def swap(fields: tuple[StandInField, ...], one: str, other: str) -> list[StandInField]:
    names = {one: other, other: one}
    return [replace(field, name=names.get(field.name, field.name)) for field in fields]


def test_places_are_counted_never_assumed() -> None:
    (found,) = find(text("Cname"), *lines(range(1, 14)))
    assert (found.prefix, found.source, found.count) == ("Tr", "transactions", 13)
    assert found.columns == ("Date", "Details", "Debits", "Credits")
    assert found.names[:5] == ("Tr1Date", "Tr1Details", "Tr1Debits", "Tr1Credits", "Tr2Date")


@given(st.lists(st.integers(0, 999_999), min_size=1, max_size=20, unique=True))
def test_numbers_start_anywhere_have_gaps_and_are_taken_in_order(numbers: list[int]) -> None:
    (found,) = find(*lines(numbers, "Details"))
    assert found.names == tuple(f"Tr{number}Details" for number in sorted(numbers))


def test_columns_are_in_the_order_of_the_mapping_whatever_the_templates() -> None:
    (found,) = find(*reversed(lines([1, 2])))
    assert found.columns == ("Date", "Details", "Debits", "Credits")


@pytest.mark.parametrize(
    "name",
    [
        "Transfer",
        "Tr",
        "Tr1",
        "TrDate",
        "Tr1_2",
        "Tr1Date2",
        "Tr1Col2Date",
        "tr1Date",
        "Tr1234567Date",
        "XTr1Date",
        "Tr١Date",
    ],
)
def test_names_that_merely_look_like_a_rows_are_ordinary_fields(name: str) -> None:
    assert find(text(name)) == []


def test_a_name_with_two_numbers_is_read_from_the_left() -> None:
    rows = {"Tr": RowSetSpec.model_validate({"fields": {"Col2Text": "description"}})}
    (found,) = find_row_sets([text("Tr13Col2Text")], rows)
    assert (found.columns, found.names) == (("Col2Text",), ("Tr13Col2Text",))


def test_a_read_only_field_is_no_place() -> None:
    (found,) = find(*lines([1], "Details"), replace(text("Tr2Details"), read_only=True))
    assert found.names == ("Tr1Details",)


def test_every_prefix_of_the_mapping_is_found() -> None:
    found = find(*lines([1], "Text", prefix="Msg"), *lines([1], "Details"))
    assert [(each.prefix, each.source) for each in found] == [("Tr", "transactions"), ("Msg", "messages")]


# --- What can be wrong ---


def test_rows_on_lines_of_their_own_are_right() -> None:
    assert check(text("Cname"), *lines(range(1, 40))) == []


def test_a_row_of_two_lines_is_right_where_all_rows_have_them() -> None:
    fields = [
        field
        for n in (1, 2, 3)
        for field in (text(f"Tr{n}Date", y=n * 10), text(f"Tr{n}Details", y=n * 10 + 4))
    ]
    assert check(*fields) == []


def test_rows_beside_each_other_are_right() -> None:
    assert check(text("Tr1Details", x=10), text("Tr2Details", x=110)) == []


@pytest.mark.parametrize("down", [0.9, -0.9])
def test_a_field_placed_by_hand_may_be_a_little_off(down: float) -> None:
    assert check(*move(lines(range(1, 6)), "Tr3Debits", down=down)) == []


@pytest.mark.parametrize("down", [1.5, -3.5, 70])
def test_a_field_off_its_rows_line_is_named(down: float) -> None:
    (problem,) = check(*move(lines(range(1, 6)), "Tr3Debits", down=down))
    assert problem == (
        f"Tr3Debits: stands {abs(down):.1f} mm off the line of its row; number it by the row it stands in"
    )


def test_fields_that_are_numbered_the_wrong_way_round_are_named() -> None:
    problems = check(*swap(lines(range(1, 6)), "Tr3Debits", "Tr4Debits"))
    assert [problem.split(":")[0] for problem in problems] == ["Tr3Debits", "Tr4Debits"]


def test_a_row_that_lacks_a_field_would_lose_it() -> None:
    fields = [field for field in lines(range(1, 4)) if field.name != "Tr2Credits"]
    assert check(*fields) == [
        "Tr2Credits: is missing, while other rows have it; add it, or remove it from all rows"
    ]


def test_rows_on_one_another_are_named() -> None:
    assert check(text("Tr1Details"), text("Tr2Details", y=20.5)) == [
        "Tr2Details: stands on Tr1Details; move it to a line of its own"
    ]


def test_a_number_that_is_written_in_two_ways_is_named() -> None:
    assert check(text("Tr1Details"), text("Tr01Details", y=30)) == [
        "Tr01Details: is the same place as Tr1Details; number it otherwise"
    ]


def test_problems_of_a_kind_end_after_a_few() -> None:
    assert len(check(*(text(f"Tr{number}Details") for number in range(2000)))) == 10


def test_fields_that_show_nothing_of_a_row_are_told_once_for_all_rows() -> None:
    fields = [*lines(range(1, 4), "Details Debts Ref"), text("Transfer1Name")]
    assert find_unknown_columns(fields, ROWS) == [
        "Tr1Debts: Debts is no field of rows Tr; did you mean Debits?",
        "Tr1Ref: Ref is no field of rows Tr; add it to the mapping",
    ]
