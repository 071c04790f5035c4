"""A statement's values in expressions: they stay the texts they are, where pdfme takes numbers for numbers.

Not here: expressions themselves (test_expressions.py).
"""

import pytest

from pdfme_dagster.templates.expressions import compile_content, compile_fields


def fill(content: str, *, keep_texts: bool, **inputs: str) -> str:
    variables = compile_fields([]).build_variables(
        inputs, current_page=1, total_pages=2, date="", date_time="", keep_texts=keep_texts
    )
    return compile_content(content).fill(variables)


@pytest.mark.parametrize(
    ("value", "as_text", "as_json"),
    [
        ("25.250", "25.250", "25.25"),
        ("5000000000000000015", "5000000000000000015", "5000000000000000000"),
        ("1e5", "1e5", "100000"),
        ("true", "true", "true"),
        ("1,000.500", "1,000.500", "1,000.500"),
    ],
)
def test_a_number_stays_as_it_is_written(value: str, as_text: str, as_json: str) -> None:
    assert fill("{value}", keep_texts=True, value=value) == as_text
    assert fill("{value}", keep_texts=False, value=value) == as_json


def test_a_table_is_an_array_all_the_same() -> None:
    rows = '[["01/09/2025", "1.000"], ["02/09/2025", "2.000"]]'
    assert fill("{rows.length} rows, {rows[1][1]}", keep_texts=True, rows=rows) == "2 rows, 2.000"


def test_numbers_can_be_calculated_with_when_asked_for() -> None:
    content = "{Number(count) + 1} {count == 0 ? 'none' : 'some'} {currentPage + 1}"
    assert fill(content, keep_texts=True, count="0") == "1 none 2"
