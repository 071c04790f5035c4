"""Which rows stand on which page. Not here: finding a page's places (test_rows.py)."""

import json
from dataclasses import replace
from functools import cache
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.domain.statement import Statement
from pdfme_dagster.errors import PermanentError, TemplateError
from pdfme_dagster.templates.mapping import Style, compile_mapping, map_statement
from pdfme_dagster.templates.mapping_spec import MappingSpec, load_shipped_mapping, merge_mapping
from pdfme_dagster.templates.pages import (
    MAX_PAGES,
    Layout,
    PageInputs,
    paginate_statement,
    plan_pages,
    spread_rows,
)
from pdfme_dagster_tests.templates.stand_ins import (
    StandInField,
    StandInTemplate,
    lines,
    row,
    statement,
    template,
    text,
)

SHIPPED = load_shipped_mapping()
ROWS = tuple(row(number) for number in range(200))
CARD = template([text("Cname"), text("Cpage"), text("Mpage"), *lines(range(1, 14))])


def rows_of(number: int) -> Statement:
    return statement(transactions=ROWS[:number], messages=())


def fill(filled: Statement, layout: Layout, spec: MappingSpec = SHIPPED) -> list[PageInputs]:
    mapping = compile_mapping(spec, Style(), wants=layout.names.__contains__, row_fields=layout.row_fields)
    return paginate_statement(map_statement(filled, mapping), layout)


def drawn(page: PageInputs) -> list[str]:
    """Return what the page shows of rows, in the order of their numbers."""
    cells = {
        int(name.removeprefix("Tr").removesuffix("Details")): value
        for name, value in page.inputs.items()
        if name.startswith("Tr") and name.endswith("Details")
    }
    return [cells[number] for number in sorted(cells)]


def spread(pages: list[PageInputs]) -> list[tuple[str, int, int]]:
    return [(page.role, page.page, len(page.rows)) for page in pages]


def plan(*capacities: int, more: Any = (), last: int | None = None, single: int | None = None) -> Layout:
    return plan_pages(
        _make("card.json", capacities),
        SHIPPED,
        continuation=_make("more.json", more) if more else None,
        last=None if last is None else _make("last.json", (last,)),
        single=None if single is None else _make("single.json", (single,)),
    )


@cache
def _make(name: str, capacities: tuple[int, ...]) -> StandInTemplate:
    pages = [[text("Cname"), *lines(range(1, places + 1), "Details")] for places in capacities]
    return template(*pages, name=name)


# --- The arithmetic ---


CAPACITIES = st.lists(st.integers(1, 7), min_size=1, max_size=4)


def fewest_pages(rows: int, repeating: list[int], last: int | None) -> int:
    """Try one page more until all rows have a place."""
    for pages in count(1):
        room = sum(repeating[min(place, len(repeating) - 1)] for place in range(pages))
        if room + (last or 0) >= rows:
            return pages + (last is not None)
    raise AssertionError


@given(st.integers(0, 60), CAPACITIES, st.none() | st.integers(0, 7))
def test_rows_in_are_rows_out_on_as_few_pages_as_can_be(
    rows: int, repeating: list[int], last: int | None
) -> None:
    counts = spread_rows(rows, repeating, last)
    assert sum(counts) == rows
    assert len(counts) == fewest_pages(rows, repeating, last)
    ordinary = counts if last is None else counts[:-1]
    assert all(taken <= repeating[min(place, len(repeating) - 1)] for place, taken in enumerate(ordinary))
    assert last is None or counts[-1] <= last


@given(
    st.integers(0, 60),
    CAPACITIES,
    st.just([]) | CAPACITIES,
    st.none() | st.integers(0, 7),
    st.none() | st.integers(0, 7),
)
def test_every_row_is_drawn_once_and_in_order_by_any_templates(
    rows: int, main: list[int], more: list[int], last: int | None, single: int | None
) -> None:
    pages = fill(rows_of(rows), plan(*main, more=tuple(more), last=last, single=single))
    assert [cell for page in pages for cell in drawn(page)] == [f"SHOP {number}" for number in range(rows)]
    assert [number for page in pages for number in page.rows] == list(range(rows))
    assert all(len(page.rows) == len(drawn(page)) for page in pages)
    if single is not None and rows <= single:
        assert len(pages) == 1
    else:
        assert len(pages) == fewest_pages(rows, [*main, *more], last)


@pytest.mark.parametrize(
    ("rows", "last", "counts"),
    [
        (0, None, [0]),
        (13, None, [13]),
        (14, None, [13, 1]),
        (30, None, [13, 13, 4]),
        (0, 0, [0, 0]),
        (13, 0, [13, 0]),
        (14, 0, [13, 1, 0]),
        (13, 5, [13, 0]),
        (18, 5, [13, 5]),
        (19, 5, [13, 6, 0]),
    ],
)
def test_thirteen_places_and_a_page_at_the_end(rows: int, last: int | None, counts: list[int]) -> None:
    assert spread_rows(rows, [13], last) == counts


def test_more_pages_than_anybody_prints_are_refused() -> None:
    assert len(spread_rows(MAX_PAGES, [1], None)) == MAX_PAGES
    with pytest.raises(PermanentError, match="more than 10000 pages") as error:
        spread_rows(10**9, [1], None)
    assert error.value.code == "too_many_pages"


# --- Roles ---


@pytest.mark.parametrize(
    ("layout", "rows", "pages"),
    [
        (plan(2), 0, [("template", 0, 0)]),
        (plan(2), 3, [("template", 0, 2), ("template", 0, 1)]),
        (plan(2, 3), 2, [("template", 0, 2)]),
        (plan(2, 3), 7, [("template", 0, 2), ("template", 1, 3), ("template", 1, 2)]),
        (plan(2, more=(3,)), 7, [("template", 0, 2), ("continuation", 0, 3), ("continuation", 0, 2)]),
        (plan(2, last=0), 0, [("template", 0, 0), ("last", 0, 0)]),
        (plan(2, last=1), 3, [("template", 0, 2), ("last", 0, 1)]),
        (plan(2, more=(3,), last=1), 4, [("template", 0, 2), ("continuation", 0, 2), ("last", 0, 0)]),
        (plan(2, last=0, single=1), 1, [("single", 0, 1)]),
        (plan(2, last=0, single=1), 2, [("template", 0, 2), ("last", 0, 0)]),
        (plan(0, 2, 0), 3, [("template", 0, 0), ("template", 1, 2), ("template", 1, 1), ("template", 2, 0)]),
        (plan(2, 0, last=1), 3, [("template", 0, 2), ("last", 0, 1), ("template", 1, 0)]),
        (plan(0, more=(2,)), 3, [("template", 0, 0), ("continuation", 0, 2), ("continuation", 0, 1)]),
        (plan(0, 0), 0, [("template", 0, 0), ("template", 1, 0)]),
        (plan(0, last=0), 0, [("template", 0, 0), ("last", 0, 0)]),
    ],
)
def test_pages_come_by_their_roles(layout: Layout, rows: int, pages: list[tuple[str, int, int]]) -> None:
    assert spread(fill(rows_of(rows), layout)) == pages


def test_pages_of_the_last_template_follow_it() -> None:
    layout = plan_pages(_make("card.json", (2, 0)), SHIPPED, last=_make("last.json", (1, 0)))
    assert spread(fill(rows_of(3), layout)) == [
        ("template", 0, 2),
        ("last", 0, 1),
        ("last", 1, 0),
        ("template", 1, 0),
    ]


# --- What a page is filled with ---


def test_header_fields_stand_on_every_page_and_pages_are_counted() -> None:
    pages = fill(rows_of(30), plan_pages(CARD, SHIPPED))
    heads = [[page.inputs[name] for name in ("Cname", "Cpage", "Mpage")] for page in pages]
    assert heads == [["SAMPLE CUSTOMER", str(number), "3"] for number in (1, 2, 3)]


def test_rows_take_the_numbers_of_their_page() -> None:
    first, second = fill(rows_of(14), plan_pages(CARD, SHIPPED))
    assert (first.inputs["Tr1Details"], first.inputs["Tr13Details"]) == ("SHOP 0", "SHOP 12")
    assert (second.inputs["Tr1Details"], "Tr2Details" in second.inputs) == ("SHOP 13", False)
    assert second.inputs["Tr1Debits"] == "13.000"


def test_pages_may_show_different_columns_and_prefixes() -> None:
    changes = MappingSpec.model_validate(
        {"rows": {"Row": {"fields": {"Text": "description", "Side": "side"}}}}
    )
    spec = merge_mapping(SHIPPED, changes)
    more = template(lines([7, 9], "Side Text", prefix="Row"), lines([1], "Credits Date"), name="more.json")
    layout = plan_pages(template(lines([3], "Debits Details")), spec, continuation=more)
    pages = fill(rows_of(4), layout, spec)
    rows = [{name: text for name, text in page.inputs.items() if name[:2] in ("Tr", "Ro")} for page in pages]
    assert rows == [
        {"Tr3Details": "SHOP 0", "Tr3Debits": "0.000"},
        {"Row7Text": "SHOP 1", "Row7Side": "DR", "Row9Text": "SHOP 2", "Row9Side": "DR"},
        {"Tr1Date": "03/02/2026", "Tr1Credits": ""},
    ]


def test_variables_are_filled_page_by_page() -> None:
    field = StandInField(
        name="foot", type="multiVariableText", variables=("Cpage", "pages", "last4", "Tr1Details", "no")
    )
    pages = fill(rows_of(2), plan_pages(template([field, *lines([1], "Details")]), SHIPPED))
    assert [json.loads(page.inputs["foot"]) for page in pages] == [
        {"Cpage": "1", "pages": "2", "last4": "0012", "Tr1Details": "SHOP 0"},
        {"Cpage": "2", "pages": "2", "last4": "0012", "Tr1Details": "SHOP 1"},
    ]


def test_a_table_takes_all_transactions_on_one_page() -> None:
    table = StandInField(name="transactions", type="table", head=("Date", "Details", "Debits", "Credits"))
    (page,) = fill(rows_of(30), plan_pages(template([table]), SHIPPED))
    assert len(json.loads(page.inputs["transactions"])) == 30


# --- Nothing is lost ---


def test_a_template_that_shows_no_transactions_fails_a_statement_that_has_some() -> None:
    layout = plan_pages(template([text("Cname")]), SHIPPED)
    assert len(fill(rows_of(0), layout)) == 1
    with pytest.raises(PermanentError, match="30 transactions, but the template has places for 0") as error:
        fill(rows_of(30), layout)
    assert error.value.code == "rows_lost"


def test_an_organisation_may_ignore_rows() -> None:
    layout = plan_pages(template([text("Cname")]), SHIPPED, ignore_rows=True)
    assert len(fill(rows_of(30), layout)) == 1


def test_messages_fill_the_places_that_pages_have() -> None:
    layout = plan_pages(template([*lines([1], "Details"), *lines([1], "Text", prefix="Msg")]), SHIPPED)
    filled = replace(rows_of(3), messages=("a", "b"))
    assert [page.inputs.get("Msg1Text") for page in fill(filled, layout)] == ["a", "b", None]


def test_messages_are_shown_all_or_not_at_all() -> None:
    layout = plan_pages(template([*lines([1], "Details"), *lines([1], "Text", prefix="Msg")]), SHIPPED)
    with pytest.raises(PermanentError, match="2 messages, but the pages have places for 1") as error:
        fill(replace(rows_of(1), messages=("a", "b")), layout)
    assert error.value.code == "rows_lost"
    assert len(fill(replace(rows_of(1), messages=("a", "b")), plan(1))) == 1


# --- Templates that cannot be ---


def explain(main: StandInTemplate, spec: MappingSpec = SHIPPED, **others: Any) -> list[str]:
    with pytest.raises(TemplateError) as error:
        plan_pages(main, spec, **others)
    return list(error.value.problems)


def test_all_problems_are_told_with_file_page_and_field() -> None:
    gap = template([text("Cname")], [text("Tr1Date"), text("Tr2Details", x=90, y=30)])
    empty = template([text("Cname")], name="more.json")
    missing = "is missing, while other rows have it; add it, or remove it from all rows"
    assert explain(gap, continuation=empty) == [
        f"card.json: page 2: Tr1Details: {missing}",
        f"card.json: page 2: Tr2Date: {missing}",
        "continuation: page 1 has no places for transactions; remove it, or add some",
    ]


def test_rows_at_the_end_need_a_page_that_repeats_before_them() -> None:
    assert explain(_make("card.json", (0,)), last=_make("last.json", (3,))) == [
        "last: has places for transactions, but no page before it has; name that template as template"
    ]
    assert explain(_make("card.json", (1,)), last=_make("last.json", (1, 1))) == [
        "last: page 2 has places for transactions, which only its first may; remove them"
    ]


def test_one_page_shows_its_rows_by_one_prefix() -> None:
    changes = MappingSpec.model_validate({"rows": {"Row": {"fields": {"Text": "description"}}}})
    page = template([*lines([1], "Details"), *lines([1], "Text", prefix="Row")])
    (problem,) = explain(page, merge_mapping(SHIPPED, changes))
    assert problem == "card.json: page 1: Tr and Row show the same rows; use one prefix on a page"


def test_a_tables_heads_stand_over_its_columns() -> None:
    table = StandInField(name="transactions", type="table", head=("Date", "Text"))
    (problem,) = explain(template([table]))
    assert problem == (
        "card.json: page 1: transactions: has 2 heads for the columns Date, Details, Debits, Credits; "
        "set mapping.fields.transactions.columns"
    )


def test_names_that_are_almost_known_are_warnings() -> None:
    layout = plan_pages(template([text("Cnmae"), text("Logo"), *lines([1], "Details Debts")]), SHIPPED)
    assert layout.warnings == (
        "card.json: page 1: Tr1Debts: Debts is no field of rows Tr; did you mean Debits?",
        "Cnmae: shows no value of a statement; did you mean Cname?",
    )
