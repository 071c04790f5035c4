"""The whole way from a statement to PDF bytes: the same everywhere, complete, and fit to be seen."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering import render_statement
from pdfme_dagster_tests.rendering.samples import (
    ARABIC_NAME,
    LONG_DESCRIPTION,
    extract_pages,
    extract_text,
    make_statement,
)

LETTERS = st.text("ABCDEFGHJKLMNOPRSTUVWXYZ0123456789", min_size=1, max_size=18)
PRINT_DIGESTS = """
import sys
from hashlib import sha256
from pdfme_dagster.rendering import render_statement
from pdfme_dagster_tests.rendering.samples import ARABIC_NAME, make_statement
statements = {
    "latin": make_statement(14),
    "arabic": make_statement(2, name=ARABIC_NAME, messages=("يرجى السداد",)),
    "odd": make_statement(descriptions=["ßéü 漢字", "پاکستان", "Łódź"]),
    "many": make_statement(100),
}
for name in sorted(statements, reverse="reversed" in sys.argv):
    print(name, sha256(render_statement(statements[name]).content).hexdigest())
"""


def print_digests(*arguments: str, **environment: str) -> list[str]:
    command = [sys.executable, "-c", PRINT_DIGESTS, *arguments]
    run = subprocess.run(command, env=os.environ | environment, check=True, capture_output=True, text=True)
    return sorted(run.stdout.splitlines())


def test_the_same_statement_gives_the_same_bytes_in_any_process_order_zone_and_hash_seed() -> None:
    one = print_digests(PYTHONHASHSEED="1", TZ="Asia/Bahrain", SOURCE_DATE_EPOCH="1")
    other = print_digests("reversed", PYTHONHASHSEED="2", TZ="America/New_York", LC_ALL="C")
    assert one == other
    assert len({line.split()[1] for line in one}) == 4


def test_earlier_documents_leave_no_trace() -> None:
    before = render_statement(make_statement(3)).content
    render_statement(make_statement(descriptions=["ÀÉÎÕÜ", "شراء", "漢字"]))
    assert render_statement(make_statement(3)).content == before


def test_threads_do_not_disturb_each_other() -> None:
    statements = [make_statement(rows, name=f"{ARABIC_NAME} {rows}") for rows in range(12)]
    alone = [render_statement(statement).content for statement in statements]
    with ThreadPoolExecutor(4) as threads:
        together = [rendered.content for rendered in threads.map(render_statement, statements)]
    assert together == alone


def test_another_amount_gives_another_file_id() -> None:
    ids = [
        re.search(rb"/ID \s*\[(.+?)\]", render_statement(make_statement(closing=closing)).content, re.DOTALL)
        for closing in (1, 2)
    ]
    assert ids[0]
    assert ids[1]
    assert ids[0][1] != ids[1][1]


@pytest.mark.parametrize(("rows", "pages"), [(0, 1), (14, 1), (60, 2), (400, 10)])
def test_page_counts_are_those_of_the_file(rows: int, pages: int) -> None:
    rendered = render_statement(make_statement(rows))
    assert rendered.pages == pages == len(extract_pages(rendered.content))


def test_every_row_and_total_can_be_read_from_the_file() -> None:
    statement = make_statement(120)
    text = extract_text(render_statement(statement).content)
    for number in range(120):
        assert f"SHOP {number:04} SEEF" in text
    for amount in ("149.427", "1,121.526", "2,000.000", "286.470", "97.710"):
        assert amount in text
    assert "Total of 120 transactions 286.470 97.710" in text


def test_rows_stand_in_the_order_of_the_statement() -> None:
    text = extract_text(render_statement(make_statement(90)).content)
    places = [text.index(f"SHOP {number:04}") for number in range(90)]
    assert all(one < other for one, other in pairwise(places))


def test_the_account_block_and_the_address_are_on_the_first_page() -> None:
    first, second = extract_pages(render_statement(make_statement(60)).content)
    for words in (
        "Sample Customer One",
        "Flat 12, Building 5",
        "Card number 5000 0000 0000 0015",
        "21/09/2025",
    ):
        assert words in first
    assert "Sample Customer One" not in second
    assert "5000 0000 0000 0015" in second


def test_arabic_text_is_copied_back_as_its_letters_in_reading_order() -> None:
    statement = make_statement(name=ARABIC_NAME, address=("شركة الأمل", "Mr محمد"))
    text = extract_text(render_statement(statement).content)
    assert ARABIC_NAME in text
    assert "شركة الأمل" in text
    assert "Mr محمد" in text


def test_arabic_stands_on_the_page_joined_and_from_right_to_left() -> None:
    document = pypdfium2.PdfDocument(render_statement(make_statement(name="محمد 12")).content)
    page = document[0].get_textpage()
    boxes = {page.get_text_range(i, 1): page.get_charbox(i) for i in range(page.count_chars())}
    document.close()
    lefts = [boxes[letter][0] for letter in "حد"]
    assert lefts[0] > lefts[1]


def test_characters_without_a_glyph_do_not_stop_a_statement() -> None:
    statement = make_statement(
        descriptions=["漢字 😀 \x00\x1b \ud800 END"], name="\U0001f600", account="\u202e\x07"
    )
    assert "END" in extract_text(render_statement(statement).content)


def test_a_statement_that_knows_nothing_is_still_a_page() -> None:
    blank = make_statement(0, name="", address=(), org_id="", messages=("",), statement_date=None)
    rendered = render_statement(
        replace(blank, opening=None, debits=None, credits=None, closing=None, available=None)
    )
    assert rendered.pages == 1
    assert "There were no transactions in this period." in extract_text(rendered.content)


def test_only_embedded_fonts_are_used() -> None:
    content = render_statement(make_statement(2, name=ARABIC_NAME)).content
    assert b"Helvetica" not in content
    names = re.findall(rb"/FontName /([^\s/]+)", content)
    assert [name.split(b"+")[1] for name in names] == [
        b"Roboto-Regular",
        b"Roboto-Medium",
        b"NotoSansArabic-Regular",
    ]
    assert content.count(b"/FontFile2 ") == 3


def test_a_latin_statement_carries_no_arabic_font() -> None:
    assert b"NotoSansArabic" not in render_statement(make_statement()).content


def test_metadata_has_a_title_a_date_and_no_customer() -> None:
    content = render_statement(make_statement()).content
    document = pypdfium2.PdfDocument(content)
    metadata = {key: value for key, value in document.get_metadata_dict().items() if value}
    document.close()
    assert metadata == {
        "Title": "Statement 21/09/2025",
        "Producer": "pdfme-dagster",
        "CreationDate": "D:20250921000000Z",
    }
    assert b"/Lang (en)" in content
    assert re.search(rb"/DisplayDocTitle true", content)
    assert b"5000000000000015" not in content
    assert b"Sample" not in content


def test_pages_are_a4_and_not_blank_in_pdfium() -> None:
    document = pypdfium2.PdfDocument(render_statement(make_statement(60)).content)
    for page in document:
        assert page.get_size() == pytest.approx((595.276, 841.89), abs=0.01)
        image = page.render(scale=0.5).to_pil().convert("L")
        dark = sum(image.histogram()[:128]) / (image.width * image.height)
        assert 0.05 < dark < 0.5
    document.close()


def test_rows_lost_by_the_layout_are_an_error_not_a_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "pdfme_dagster.rendering.layout.paginate", lambda heights, **_: [range(len(heights) - 1)]
    )
    with pytest.raises(PermanentError, match=r"account \*\*\*\*0015: 3 transactions in, 2 drawn") as raised:
        render_statement(make_statement(3, messages=()))
    assert raised.value.code == "rows_lost"


@settings(deadline=None, max_examples=15)
@given(st.lists(LETTERS, max_size=70))
def test_whatever_the_rows_say_can_be_read_back(descriptions: list[str]) -> None:
    text = extract_text(render_statement(make_statement(0, descriptions=descriptions)).content)
    for description in descriptions:
        assert description in text


def test_a_long_description_is_cut_with_an_ellipsis_and_keeps_its_amount() -> None:
    text = extract_text(render_statement(make_statement(descriptions=[LONG_DESCRIPTION])).content)
    assert "A VERY LONG MERCHANT DESCRIPTION" in text
    assert "…" in text
    assert "1.000" in text


def test_years_keep_four_digits_in_the_title() -> None:
    content = render_statement(make_statement(statement_date=date(987, 1, 2))).content
    assert b"(Statement 02/01/0987)" in content
