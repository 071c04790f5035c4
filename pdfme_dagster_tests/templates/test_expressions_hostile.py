"""Expressions and values made to do harm: everything ends, soon, and stays in place.

Not here: what expressions are worth (test_expressions_javascript.py).
"""

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.templates import expression_values
from pdfme_dagster.templates.expressions import (
    MAX_PLACEHOLDERS,
    ExpressionError,
    compile_content,
    compile_fields,
    compile_markup,
)

LONG = 1_000_000
MANY = [float(number) for number in range(50_000)]
HUGE: dict[str, object] = {"many": MANY, "a": "a" * LONG, "b": "b" + "a" * (LONG // 2)}


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the real limit, so that a tenth of the time is enough to reach it."""
    monkeypatch.setattr(expression_values, "MAX_STEPS", expression_values.MAX_STEPS // 10)


@pytest.mark.usefixtures("few_steps")
@pytest.mark.parametrize(
    "content",
    [
        "{'a'.repeat(1e9)}",
        "{'a'.padStart(1e9)}",
        "{'a'.padEnd(1 / 0, 'bc')}",
        "{a + 'a'}",
        "{a.concat(a)}",
        "{a.replaceAll('a', a)}",
        "{a.replaceAll('', a)}",
        "{a.replace('a', \"$'$'$'\")}",
        "{a.split('').map(x => a).join('')}",
        "{many.map(x => a)}",
        "{many.map(x => a + '').length}",
        "{many.map(x => many.map(y => y))}",
        "{many.map(x => many.includes(-1)).length}",
        "{many.map(x => Object.keys(many)).length}",
        "{many.map(x => a.lastIndexOf(b)).length}",
        "{many.map(x => x % 2 ? a : b + b.slice(2)).sort().length}",
        "{many.map(x => parseInt(a)).length}",
        "{many.map(x => a < b + b).length}",
        "{many.reduce((x, y) => [x, x], 0)}",
        "{many.reduce((x, y) => [x], 0)}",
        "{many.reduce((x, y) => [x], 0).flat(1 / 0)}",
        "{JSON.stringify(many.reduce((x, y) => [x, x], 0))}",
        "{JSON.stringify(many.reduce((x, y) => ({x}), 0))}",
        "{many.reduce((x, y) => [x, x], 0) == 1}",
        "{JSON.stringify(a, null, 9).concat(a)}",
        "{encodeURIComponent(a.split('a').join('é'))}",
        "{(f => f(f))(f => f(f))}",
        "{(f => f(f))(f => [1].map(x => f(f)))}",
        "{(f => f(f))(f => 'a'.replace('a', x => f(f)))}",
        "{(f => f(f))(f => [1, 2].sort((x, y) => f(f)))}",
    ],
)
def test_an_expression_that_takes_too_much_stays_in_place(content: str) -> None:
    assert compile_content(f"{content}{{1 + 1}}").fill(HUGE) in (content + "2", content + "{1 + 1}")


@pytest.mark.usefixtures("few_steps")
def test_what_one_placeholder_costs_is_not_left_to_the_next() -> None:
    content = compile_content("{many.map(x => many.map(y => y))} {many.length}")
    assert content.fill(HUGE) == content.source


def test_a_large_table_is_added_up() -> None:
    rows: list[object] = [["text", "2", "1.25"]] * 10_000
    content = compile_content("{rows.reduce((sum, row) => sum + Number(row[1]) * Number(row[2]), 0)}")
    assert content.fill({"rows": rows}) == "25000"


@pytest.mark.parametrize(
    "code",
    [
        "(" * 3_000,
        "[" * 3_000 + "]" * 3_000,
        "(" * 100 + "1" + ")" * 100,
        "- " * 1_900 + "1",
        "!" * 3_999 + "1",
        "a ? b : " * 400 + "c",
        "2 ** " * 700 + "2",
        "a" + ".b" * 1_900,
        "a" + "[0]" * 1_300,
        "f" + "()" * 1_900,
        "x => " * 700 + "x",
        "(1 || 1 && 1 == 1 < 1 + 1 * " * 23 + "1" + ")" * 23,
        "'" + "\\" * 3_997,
        "1" * 5_000,
    ],
)
def test_a_deep_or_long_expression_is_refused(code: str) -> None:
    with pytest.raises(ExpressionError):
        compile_content("{" + code.replace("{", "") + "}")


def test_a_long_sum_is_not_deep() -> None:
    assert compile_content("{1" + " + 1" * 900 + "}").fill({}) == "901"


@contextmanager
def little_stack(frames: int) -> Iterator[None]:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + frames)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize(
    "content",
    [
        "{(1 || 1 && 1 == 1 < 1 + 1 * (" * 1 + "1))}",
        "{" + "(1 || 1 && 1 == 1 < 1 + 1 * " * 23 + "1" + ")" * 23 + "}",
        "{(f => f(f))(f => [1].map(x => f(f)))}",
        "{(f => f(f))(f => [[[[1 || 1 && 1 == 1 < 1 + 1 * f(f)]]]])}",
        "{(f => f(f))(f => 'a'.replace('a', x => f(f)))}",
        "{(f => f(f))(f => deep + f(f))}",
        "{JSON.stringify(deep)}",
        "{deep == 1}",
    ],
)
def test_nothing_needs_more_of_pythons_stack_than_there_always_is(content: str) -> None:
    deep: object = 1
    for _ in range(60):
        deep = {"a": [deep]} if len(content) % 2 else [deep]
    with little_stack(550):
        compile_markup(content).fill({"deep": deep})


def test_a_content_has_so_many_placeholders() -> None:
    assert compile_content("{a}" * MAX_PLACEHOLDERS).fill({"a": "x"}) == "x" * MAX_PLACEHOLDERS
    with pytest.raises(ExpressionError, match="after 1000 others"):
        compile_content("{a}" * (MAX_PLACEHOLDERS + 2))
    assert compile_markup("{a}" * 1_500).fill({"a": "x"}) == "x" * MAX_PLACEHOLDERS + "{a}" * 500


@pytest.mark.parametrize("content", ["{" * 300_000, "{}" * 100_000, "}" * 300_000, "{" * 9 + "}" * 8])
def test_any_number_of_braces_is_read_in_one_pass(content: str) -> None:
    assert compile_content(content).fill({}) == content


@pytest.mark.parametrize(
    "value",
    [
        "[" * 500_000,
        "[" * 200_000 + "]" * 200_000,
        '{"a":' * 200 + "1" + "}" * 200,
        "[" * 70 + '"' + '\\"' * 200_000,
        "[" * 70 + '"' + '\\"' * 200_000 + "\\",
        "NaN",
        "-Infinity",
        "[1",
        "\x00",
        "\ufeff1",
    ],
)
def test_a_value_that_is_no_json_or_too_deep_is_a_text(value: str) -> None:
    variables = compile_fields([]).build_variables(
        {"a": value}, current_page=1, total_pages=1, date="", date_time=""
    )
    assert variables["a"] == value


def test_values_deep_but_within_limits_are_read() -> None:
    value = "[" * 64 + "1" + "]" * 64
    variables = compile_fields([]).build_variables(
        {"a": value, "b": "9" * 400}, current_page=1, total_pages=1, date="", date_time=""
    )
    assert compile_content("{a} {b}").fill(variables) == "1 Infinity"


def test_fields_that_double_each_other_stay_within_a_documents_budget() -> None:
    first = compile_content("{'x'.repeat(1000)}")
    doubled = [(f"f{n}", compile_content(f"{{f{n - 1}}}{{f{n - 1}}}")) for n in range(1, 300)]
    variables = compile_fields([("f0", first), *doubled]).build_variables(
        {}, current_page=1, total_pages=1, date="", date_time=""
    )
    texts = [text for text in variables.values() if isinstance(text, str)]
    assert sum(map(len, texts)) < 100_000_000


@pytest.mark.parametrize(
    "content",
    [
        "{a.__class__}",
        "{a.format}",
        "{a['__class__']}",
        "{a['__' + 'class__']}",
        "{d.keys}",
        "{d.items}",
        "{d.__len__}",
        "{n.real}",
        "{l.append}",
        "{l.index}",
    ],
)
def test_attributes_of_python_are_not_there(content: str) -> None:
    value = compile_markup(content).fill({"a": "text", "d": {"k": 1}, "n": 5, "l": [1]})
    assert value in ("undefined", content)


@pytest.mark.parametrize("key", ["constructor", "__proto__", "prototype", "__defineGetter__"])
def test_what_leads_out_of_a_value_in_javascript_fails_also_when_it_is_computed(key: str) -> None:
    assert compile_content("{a[k]}").fill({"a": {key: 1}, "k": key}) == "{a[k]}"
    with pytest.raises(ExpressionError):
        compile_content(f"{{a.{key}}}")


def test_half_a_character_is_replaced_since_nothing_can_write_it() -> None:
    assert compile_content("{a[0]}{a[1]} {a.split('').join('')}").fill({"a": "😀"}) == "\ufffd\ufffd 😀"
    assert compile_content("{encodeURIComponent(a[0])}").fill({"a": "😀"}) == "{encodeURIComponent(a[0])}"


WORD_TEXTS = """
a rows Math Number Object JSON map reduce sort length replace ( ) [ ] { } => . , ? : + - * ** / % ==
=== && || ! ' ` 0 1 9e9 0x 1_ null true constructor __proto__ new this { } {a} $ é 😀
"""
WORDS = st.sampled_from([*WORD_TEXTS.split(), " ", '"', "\\", "\\u", "\n", "\u2028"])
ANY_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=3), values, max_size=3),
    max_leaves=5,
)


@given(content=st.lists(WORDS, max_size=25).map("".join) | st.text(), value=ANY_VALUES)
def test_any_text_is_filled_in_or_refused(content: str, value: object) -> None:
    for text in (content, "{" + content + "}"):
        try:
            compiled = compile_content(text)
        except ExpressionError:
            compiled = compile_markup(text)
        filled = compiled.fill({"a": value, "rows": [value, value]})
        filled.encode("utf-8", "surrogatepass")
        assert compiled.fill({"rows": [value, value], "a": value}) == filled


CALL_NAMES = """
at charAt concat endsWith every filter find flat flatMap hasOwnProperty includes indexOf join
lastIndexOf map padEnd padStart reduce reduceRight repeat replace replaceAll reverse slice some sort
split startsWith substr substring toFixed toPrecision toSorted toString toUpperCase trim with
"""
CALLS = st.sampled_from(CALL_NAMES.split())
ARGUMENTS = st.sampled_from(
    [
        "",
        "a",
        "1",
        "-1",
        "1 / 0",
        "x => x",
        "(x, y) => x < y",
        "a, a",
        "2, 'b'",
        "null",
        "[a]",
        "String",
        "{}",
    ]
)


@given(calls=st.lists(st.tuples(CALLS, ARGUMENTS), min_size=1, max_size=4), value=ANY_VALUES | st.text())
def test_any_method_of_any_value_is_worth_something_or_fails(
    calls: list[tuple[str, str]], value: object
) -> None:
    content = "{a" + "".join(f".{name}({arguments})" for name, arguments in calls) + "}"
    assert isinstance(compile_content(content).fill({"a": value}), str)


@given(value=st.text() | st.lists(st.sampled_from('[]{},:"\\u0de1.-+e tn'), max_size=20).map("".join))
def test_any_text_may_be_a_variable(value: str) -> None:
    variables = compile_fields([]).build_variables(
        {"a": value}, current_page=1, total_pages=1, date="", date_time=""
    )
    assert isinstance(compile_content("{a}{JSON.stringify(a)}").fill(variables), str)
