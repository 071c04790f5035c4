"""Every row stands on a page, pages fill up, and nothing runs into its neighbour."""

from datetime import date
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdfme_dagster.domain.statement import Transaction
from pdfme_dagster.rendering.fonts import load_fonts
from pdfme_dagster.rendering.layout import (
    format_account,
    format_balance,
    format_date,
    layout_statement,
    paginate,
    title_statement,
)
from pdfme_dagster.rendering.sheet import PAGE_HEIGHT, PAGE_WIDTH, Sheet, Text
from pdfme_dagster_tests.rendering.samples import ARABIC_NAME, LONG_DESCRIPTION, make_statement

HEIGHTS = st.lists(st.floats(min_value=1, max_value=60), max_size=200)
HUGE = 10**15


def lay_out(*arguments: int, **fields: object) -> list[Sheet]:
    return layout_statement(make_statement(*arguments, **fields), load_fonts().measure)  # type: ignore[arg-type]


def list_lines(sheet: Sheet) -> list[str]:
    return [text.line for text in sheet.texts]


def find_ends(sheet: Sheet, line: str) -> set[float]:
    return {round(text.x + text.width, 3) for text in sheet.texts if text.line == line}


def overlap(one: Text, other: Text) -> bool:
    """Say whether two texts' boxes, from a little below the baseline to cap height, share an area."""
    apart = 0.05
    beside = one.x + one.width <= other.x + apart or other.x + other.width <= one.x + apart
    above = one.y + 0.2 * one.size <= other.y - 0.75 * other.size + apart
    below = other.y + 0.2 * other.size <= one.y - 0.75 * one.size + apart
    return not (beside or above or below)


@given(HEIGHTS)
def test_pages_hold_all_blocks_in_order_and_never_more_than_fits(heights: list[float]) -> None:
    cuts = paginate(heights, first=100, following=150)
    assert [place for cut in cuts for place in cut] == list(range(len(heights)))
    for number, cut in enumerate(cuts):
        assert sum(heights[cut.start : cut.stop]) <= (150 if number else 100) or len(cut) == 1


@given(HEIGHTS)
def test_a_page_ends_only_when_the_next_block_does_not_fit(heights: list[float]) -> None:
    cuts = paginate(heights, first=100, following=150)
    for number, (cut, after) in enumerate(pairwise(cuts)):
        assert sum(heights[cut.start : cut.stop]) + heights[after.start] > (150 if number else 100)


def test_nothing_to_place_is_one_page() -> None:
    assert paginate([], first=100, following=150) == [range(0)]


def test_a_block_higher_than_a_page_gets_a_page_of_its_own() -> None:
    assert paginate([10, 500, 10], first=100, following=150) == [range(1), range(1, 2), range(2, 3)]


@pytest.mark.parametrize(("rows", "pages"), [(0, 1), (1, 1), (14, 1), (30, 2), (60, 2), (400, 10)])
def test_as_many_pages_as_the_rows_need(rows: int, pages: int) -> None:
    sheets = lay_out(rows)
    assert len(sheets) == pages
    assert [row for sheet in sheets for row in sheet.rows] == list(range(rows))


@pytest.mark.parametrize("rows", range(26, 34))
def test_totals_never_stand_on_a_page_without_a_row(rows: int) -> None:
    last = lay_out(rows, messages=())[-1]
    assert last.rows
    assert f"Total of {rows} transactions" in list_lines(last)


def test_column_heads_and_page_numbers_are_on_every_page() -> None:
    sheets = lay_out(60)
    for number, sheet in enumerate(sheets, start=1):
        assert {"Date", "Posted", "Description", "Debit BHD", "Credit BHD"} <= set(list_lines(sheet))
        assert f"{number} of {len(sheets)}" in list_lines(sheet)
    assert ["Continued on the next page" in list_lines(sheet) for sheet in sheets] == [True, False]


def test_a_statement_without_rows_says_so_and_has_no_totals() -> None:
    (sheet,) = lay_out(0)
    assert "There were no transactions in this period." in list_lines(sheet)
    assert not [line for line in list_lines(sheet) if line.startswith("Total of")]


def test_totals_are_the_sums_of_the_rows_drawn() -> None:
    statement = make_statement(4, debits=1, credits=2)
    (sheet,) = layout_statement(statement, load_fonts().measure)
    lines = list_lines(sheet)
    assert lines[lines.index("Total of 4 transactions") :][:3] == [
        "Total of 4 transactions",
        "3.111",
        "1.111",
    ]


def test_debits_and_credits_stand_in_columns_of_their_own() -> None:
    (sheet,) = lay_out(4, debits=None, credits=None)
    assert find_ends(sheet, "1.037") == find_ends(sheet, "3.111") == find_ends(sheet, "Debit BHD")
    assert find_ends(sheet, "1.111") == find_ends(sheet, "Credit BHD") != find_ends(sheet, "Debit BHD")


def test_an_original_amount_has_its_own_currencys_decimals() -> None:
    assert {"GBP", "25.01"} <= set(list_lines(lay_out(2)[0]))


def test_a_row_without_dates_or_description_is_drawn_all_the_same() -> None:
    (sheet,) = lay_out(descriptions=["", " "])
    assert sheet.rows == [0, 1]


def test_a_long_description_takes_two_lines_and_an_ellipsis() -> None:
    (sheet,) = lay_out(descriptions=[LONG_DESCRIPTION])
    lines = list_lines(sheet)
    at = lines.index("A VERY LONG MERCHANT DESCRIPTION")
    assert lines[at + 1].endswith("…")


def test_messages_too_long_for_a_page_go_on_over_the_next() -> None:
    text = " ".join(f"word{number}" for number in range(3000))
    sheets = lay_out(2, messages=(text,))
    assert len(sheets) > 2
    lines = [line for sheet in sheets for line in list_lines(sheet) if line.startswith("word")]
    assert " ".join(lines) == text


def test_a_right_to_left_message_begins_at_the_right() -> None:
    (sheet,) = lay_out(1, messages=("السداد", "Please pay"))
    (latin,) = [text for text in sheet.texts if text.line == "Please pay"]
    (arabic,) = [text for text in sheet.texts if text.y == latin.y - 12.5]
    assert latin.x < 70
    assert arabic.x + arabic.width > 530


@pytest.mark.parametrize(
    "fields",
    [
        {"rows": 400},
        {"rows": 0, "closing": -25000},
        {"rows": 3, "opening": -HUGE, "debits": HUGE, "credits": HUGE, "closing": -HUGE, "available": HUGE},
        {
            "rows": 3,
            "name": "VERYLONGNAME " * 20,
            "address": ("x" * 200, "y " * 90, "c", "d", "e", "f", "g", "h"),
        },
        {"rows": 3, "org_id": "ORGANISATION" * 3, "account": "ACCOUNT-" * 9, "currency": "MWK"},
        {"rows": 31, "name": ARABIC_NAME, "address": ("شقة ١٢، مبنى 5", "Road 1 (طريق)")},
        {
            "descriptions": [
                "W" * 300,
                LONG_DESCRIPTION,
                "شراء من متجر Example Shop رقم 12345 " * 4,
                "漢字 😀",
            ]
        },
    ],
    ids=["many", "none", "huge", "long name", "odd account", "arabic", "descriptions"],
)
def test_no_text_overlaps_another_or_leaves_the_page(fields: dict[str, object]) -> None:
    for sheet in lay_out(**fields):
        clashes = [
            (one.line, other.line)
            for one, other in combinations(sheet.texts, 2)
            if abs(one.y - other.y) < 30 and overlap(one, other)
        ]
        assert clashes == []
        assert all(text.x >= 0 and text.x + text.width <= PAGE_WIDTH for text in sheet.texts)
        assert all(0 < text.y < PAGE_HEIGHT - 20 for text in sheet.texts)


def test_a_huge_amount_is_set_smaller_rather_than_over_its_neighbour() -> None:
    row = Transaction(date=None, posted=None, description="X", amount=HUGE * 1000, credit=True)
    (sheet,) = lay_out(transactions=(row,), credits=None)
    amounts = [text for text in sheet.texts if text.line == "1,000,000,000,000,000.000"]
    assert len(amounts) == 2
    assert all(amount.width <= 58 and amount.size < 8 for amount in amounts)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.text(max_size=120), max_size=90))
def test_rows_in_are_rows_drawn_whatever_they_say(descriptions: list[str]) -> None:
    sheets = lay_out(0, descriptions=descriptions)
    assert [row for sheet in sheets for row in sheet.rows] == list(range(len(descriptions)))


@settings(deadline=None, max_examples=40)
@given(
    st.text(max_size=60),
    st.lists(st.text(max_size=60), max_size=5),
    st.lists(st.integers(min_value=-HUGE, max_value=HUGE), min_size=3, max_size=3),
    st.text("0123456789ABC-/", max_size=40),
)
def test_nothing_overlaps_whatever_the_header_says(
    name: str, address: list[str], amounts: list[int], account: str
) -> None:
    opening, closing, available = amounts
    (sheet,) = lay_out(
        2,
        name=name,
        address=tuple(address),
        account=account,
        opening=opening,
        closing=closing,
        available=available,
    )
    drawn = [text for text in sheet.texts if text.width]
    assert not [
        (one.line, other.line)
        for one, other in combinations(drawn, 2)
        if abs(one.y - other.y) < 30 and overlap(one, other)
    ]


def test_the_address_stands_in_the_window_of_an_envelope() -> None:
    (sheet,) = lay_out(1, address=("Line 1", "Line 2", "Line 3", "Line 4"))
    wanted = {"Sample Customer One", "Line 1", "Line 2", "Line 3", "Line 4"}
    block = [text for text in sheet.texts if text.line in wanted]
    mm = 72 / 25.4
    assert len(block) == 5
    assert all(20 * mm <= text.x + 0.1 and text.x + text.width <= 105 * mm for text in block)
    assert all(50 * mm <= text.y - text.size and text.y <= 85 * mm for text in block)


def test_blank_address_lines_leave_no_gap() -> None:
    (sheet,) = lay_out(1, name="N", address=("", "A1", "  ", "A2"))
    ys = [text.y for text in sheet.texts if text.line in ("N", "A1", "A2")]
    assert [round(other - one, 2) for one, other in pairwise(ys)] == [13.5, 13.5]


def test_a_long_address_moves_the_table_down_instead_of_running_into_it() -> None:
    short, long = (lay_out(1, address=("Some street",) * count)[0] for count in (2, 11))
    heads = [next(text.y for text in sheet.texts if text.line == "Date") for sheet in (short, long)]
    last = max(text.y for text in long.texts if text.line == "Some street")
    assert heads[0] < heads[1]
    assert last < heads[1] - 20


def test_every_other_row_is_tinted_and_tints_cover_their_rows() -> None:
    (sheet,) = lay_out(4, messages=())
    stripes = [box for box in sheet.boxes if box.color == "0.965 0.973 0.982"]
    inside = {
        text.line
        for text in sheet.texts
        for box in stripes
        if text.line.startswith("SHOP") and box.y < text.y < box.y + box.height
    }
    assert inside == {"SHOP 0001 SEEF", "SHOP 0003 SEEF"}


def test_one_transaction_is_not_called_transactions() -> None:
    assert "Total of 1 transaction" in list_lines(lay_out(1)[0])


def test_totals_the_file_does_not_give_are_a_dash() -> None:
    (sheet,) = lay_out(0, opening=None, debits=None, credits=None, closing=None, available=None)
    assert list_lines(sheet).count("–") == 5


def test_dates_are_day_month_year() -> None:
    assert format_date(date(2025, 9, 1)) == "01/09/2025"
    assert format_date(None) == ""


def test_a_balance_in_the_customers_favour_is_marked_and_has_no_sign() -> None:
    assert format_balance(-25000, "BHD") == "25.000 CR"
    assert format_balance(25000, "BHD") == "25.000"
    assert format_balance(None, "BHD") == "–"


def test_the_closing_balance_keeps_its_digits_in_line_with_the_others() -> None:
    (sheet,) = lay_out(0, closing=-25000, messages=())
    assert find_ends(sheet, "25.000") == find_ends(sheet, "149.427") == find_ends(sheet, "2,000.000")
    assert max(find_ends(sheet, "25.000")) < max(find_ends(sheet, "CR"))


def test_an_amount_overdrawn_is_negative_not_a_credit() -> None:
    (sheet,) = lay_out(0, available=-5000)
    assert "-5.000" in list_lines(sheet)
    assert "CR" not in list_lines(sheet)


@pytest.mark.parametrize(
    ("account", "shown", "title"),
    [
        ("5000000000000015", "5000 0000 0000 0015", "Card statement"),
        ("00-ACC/123", "00-ACC/123", "Account statement"),
        ("", "–", "Account statement"),
    ],
)
def test_a_card_number_is_printed_in_groups_of_four(account: str, shown: str, title: str) -> None:
    assert format_account(account) == shown
    assert title_statement(make_statement(account=account)) == title
