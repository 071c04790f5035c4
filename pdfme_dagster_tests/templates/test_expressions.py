"""Contents with placeholders: what they read, how a template's fields give them variables, what is refused.

Not here: single expressions (test_expressions_javascript.py) and limits (test_expressions_hostile.py).
"""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

import pytest

from pdfme_dagster.templates.expressions import (
    Content,
    ExpressionError,
    Variables,
    compile_content,
    compile_fields,
    compile_markup,
)

ORDERS = '[["Pens","2","1.25"],["Ink","1","9.5"],["Postage","","4"]]'
TOTAL = "{orders.reduce((sum, item) => sum + parseFloat(item[1] || 0) * parseFloat(item[2] || 0), 0)}"


def build_variables(
    fields: Iterable[tuple[str, Content | None]],
    inputs: Mapping[str, object],
    wanted: Collection[str] | None = None,
) -> Variables:
    return compile_fields(fields, wanted=wanted).build_variables(
        inputs, current_page=2, total_pages=3, date="2024/01/31", date_time="2024/01/31 12:00"
    )


def fill_template(fields: Mapping[str, str | None], inputs: Mapping[str, object], shown: str) -> str:
    """Fill in one field of a template whose editable fields have None."""
    contents = {
        name: None if content is None else compile_content(content, fields=fields)
        for name, content in fields.items()
    }
    content = contents[shown]
    assert content is not None
    text = content.fill(build_variables(contents.items(), inputs))
    assert content.fill(build_variables(contents.items(), inputs, wanted=content.names)) == text
    return text


def test_an_invoice_adds_up_its_table_and_the_tax_on_it() -> None:
    fields = {
        "orders": None,
        "taxInput": None,
        "info": None,
        "subtotal": TOTAL,
        "tax": "{Number(subtotal) * Number(taxInput.rate) / 100}",
        "total": "${Number(subtotal) + Number(tax)}",
        "head": "Invoice No.{info.InvoiceNo} • {total} due {date}",
    }
    inputs = {
        "orders": ORDERS,
        "taxInput": '{"rate":"10"}',
        "info": '{"InvoiceNo":"A-17"}',
    }
    assert fill_template(fields, inputs, "subtotal") == "12"
    assert fill_template(fields, inputs, "tax") == "1.2"
    assert fill_template(fields, inputs, "total") == "$13.2"
    assert fill_template(fields, inputs, "head") == "Invoice No.A-17 • $13.2 due 2024/01/31"


def test_pages_and_dates_are_what_the_caller_says() -> None:
    fields = {"foot": "{currentPage}/{totalPages} {date} {dateTime}"}
    assert fill_template(fields, {}, "foot") == "2/3 2024/01/31 2024/01/31 12:00"


def test_a_page_number_is_no_fields() -> None:
    fields = {"currentPage": "{1 + 1}x", "foot": "{currentPage}"}
    assert fill_template(fields, {"currentPage": "9"}, "foot") == "2"


def test_a_field_named_date_hides_the_date() -> None:
    assert fill_template({"date": None, "foot": "{date}|"}, {}, "foot") == "|"
    assert fill_template({"date": "{dateTime}!", "foot": "{date}"}, {}, "foot") == "2024/01/31 12:00!"


def test_an_editable_field_without_a_value_is_empty() -> None:
    assert fill_template({"name": None, "foot": "[{name}]"}, {}, "foot") == "[]"


def test_a_later_fields_content_is_read_as_written() -> None:
    fields = {"first": "<{second}>", "second": "{1 + 1}", "third": "{first} {second}"}
    assert fill_template(fields, {}, "first") == "<2>"
    # While the first field is filled in, the second one has not been.
    assert fill_template(fields, {}, "third") == "<{1 + 1}> 2"


def test_a_field_that_reads_itself_does_so_once() -> None:
    assert fill_template({"a": "x{a}"}, {}, "a") == "xxx{a}"


def test_fields_that_read_each_other_end() -> None:
    fields = {"a": "a{b}", "b": "b{a}"}
    assert fill_template(fields, {}, "a") == "abab{a}"


def test_names_that_are_numbers_are_filled_in_first() -> None:
    fields = {"a": "{b}{c}", "b": "1", "7": "{b}+", "c": "{7 + 1}"}
    assert fill_template(fields, {}, "7") == "1+"


def test_of_fields_with_one_name_the_last_counts() -> None:
    pages = [("a", compile_content("one")), ("b", None), ("a", compile_content("two"))]
    assert compile_content("{a}").fill(build_variables(pages, {})) == "two"


def test_a_value_overrides_a_fields_content() -> None:
    assert fill_template({"a": "{1 + 1}", "foot": "{a}"}, {"a": "given"}, "foot") == "given"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("[1, 2]", "1,2"),
        ("7.0", "7"),
        ('"{1 + 1}"', "2"),
        ("007", "007"),
        ('["{1 + 1}"]', "{1 + 1}"),
        ("  3 ", "3"),
        ("", ""),
    ],
)
def test_a_fields_content_that_is_json_is_its_value(content: str, text: str) -> None:
    parts = [("a", compile_markup(content))]
    assert compile_content("{a}").fill(build_variables(parts, {})) == text


def test_braces_that_come_with_a_document_are_not_evaluated() -> None:
    fields = {"merchant": None, "secret": "s", "foot": "{merchant} {merchant.length}"}
    assert fill_template(fields, {"merchant": "Shop {secret}"}, "foot") == "Shop {secret} 13"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"),
        (2.5, "2.5"),
        (True, "true"),
        (None, "null"),
        ([1, "😀"], "1,😀"),
        ({"k": 1}, "[object Object]"),
    ],
)
def test_a_value_may_be_what_json_has(value: object, text: str) -> None:
    assert fill_template({"foot": "{a}"}, {"a": value}, "foot") == text
    assert compile_content("{a}").fill({"a": value}) == text


def test_a_value_that_json_has_not_is_missing() -> None:
    assert fill_template({"foot": "{a}"}, {"a": Decimal("1.5")}, "foot") == "{a}"
    assert compile_content("{a}").fill({"a": [Decimal("1.5")]}) == "{a}"
    assert compile_content("{a}").fill({"a": 10**400}) == "Infinity"


def test_a_text_in_a_plain_mapping_is_not_read_as_json() -> None:
    assert compile_content("{a + 1}").fill({"a": "5"}) == "51"


def test_only_what_is_wanted_is_read() -> None:
    contents: list[tuple[str, Content | None]] = [
        ("a", None),
        ("b", compile_content("{a}")),
        ("c", compile_content("{b}")),
        ("d", compile_content("{a}{x}")),
    ]
    variables = build_variables(contents, {"a": "1", "x": "2"}, wanted=["c"])
    assert set(variables) == {"date", "dateTime", "a", "b", "c"}
    assert (variables["a"], variables["c"]) == (1, "1")


def test_the_variables_that_a_content_reads_are_known() -> None:
    content = compile_content("{a.b + rows.map(x => x + c).join()} {Math.PI} { {k: d, e} } {date}")
    assert content.names == {"a", "rows", "c", "d", "e", "date"}
    assert not content.is_literal


@pytest.mark.parametrize("content", ["", "plain", "{}", "}{", "{ }", "{a"])
def test_a_content_with_nothing_to_fill_in_is_literal(content: str) -> None:
    assert compile_content(content).is_literal
    assert compile_content(content).fill({}) == content


def test_a_field_hides_the_global_of_its_name() -> None:
    assert compile_content("{Date}", fields=["Date"]).fill({"Date": "today"}) == "today"
    assert compile_content("{Number}", fields=["Number"]).names == {"Number"}
    with pytest.raises(ExpressionError, match=r"Number\(\) is not supported"):
        compile_content("{Number(a)}", fields=["Number"])


def test_a_style_sheets_braces_stay_while_placeholders_are_filled_in() -> None:
    content = compile_markup("<svg><style>.a{fill:#fff} .b { color: red; }</style><text>{total}</text></svg>")
    assert content.names == {"total"}
    filled = "<svg><style>.a{fill:#fff} .b { color: red; }</style><text>5</text></svg>"
    assert content.fill({"total": "5"}) == filled


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{Date()}", "{Date()}: Date() is not supported; use {date} or {dateTime}"),
        ("{Date}", "Date is not supported; use {date} or {dateTime}"),
        ("{Date.now()}", "Date is not supported; use {date}"),
        ("{new Date()}", "new is not supported; for today's date use {date} or {dateTime}"),
        ("{undefined}", "pdfme does not know it; a == null"),
        ("{NaN}", "use isNaN(a) or Number.NaN"),
        ("{`a${b}`}", "` is not supported; write 'text ' + name instead of a template literal"),
        ("{a?.b}", "?. is not supported; write a && a.b instead of optional chaining"),
        ("{a ?? b}", "?? is not supported; write a || b"),
        ("{a = 1}", "= is not supported; compare with ==="),
        ("{a++}", "++ is not supported"),
        ("{a, b}", ", does not belong there"),
        ("{total USD}", "USD does not belong there; an expression is one value"),
        ("{Hello, world!}", ", does not belong there"),
        ("{typeof a}", "typeof is not supported; compare values instead"),
        ("{a in b}", "in is not supported"),
        ("{a instanceof b}", "instanceof is not supported"),
        ("{a & b}", "& is not supported"),
        ("{~a}", "~ is not supported"),
        ("{[...a]}", "... is not supported; use concat()"),
        ("{a.replace(/x/g, '')}", "/ is not supported; there are no regular expressions: use split"),
        ("{a /* b */}", "/* is not supported; leave comments out"),
        ("{a // b}", "// is not supported; leave comments out"),
        ("{1n}", "1n is not a number"),
        ("{08}", "08 is not a number"),
        ("{'\\8'}", "\\8 is no character"),
        ("{'\\01'}", "\\0 is no character"),
        ("{'\\u12'}", "\\u is no character"),
        ("{'\\u{110000}'}", "\\u{110000} is no character"),
        ("{'}' + a}", "a text is not closed by ', or has a brace in it: write \\x7b for { and \\x7d for }"),
        ("{a.toLocaleString()}", "toLocaleString is not supported; pdfme refuses it; use toFixed(2)"),
        ("{a.valueOf()}", "valueOf is not supported"),
        ("{a.constructor}", "constructor is not supported"),
        ("{a['__proto__']}", "__proto__ is not supported"),
        ("{ {'__proto__': a} }", "__proto__ is not supported"),
        ("{a.foo()}", "the method foo() is not supported; there are at, charAt, "),
        ("{a.push(1)}", "the method push() is not supported; use concat() or slice()"),
        ("{a.match('x')}", "there are no regular expressions; use includes()"),
        ("{a[b]()}", "methods are called by their names, as a.slice(1)"),
        ("{Math.random()}", "Math.random is not supported; the same document gives the same PDF"),
        ("{Math[a]}", "are read by their names, as Math.PI"),
        ("{Math.PI()}", "Math.PI(), which pdfme cannot call"),
        ("{Array.isArray(a)}", "Array.isArray(), which pdfme cannot call, is not supported"),
        ("{foo(1)}", "foo() is not supported; there are Boolean, Number, String, "),
        ("{Math(1)}", "Math() is not supported"),
        ("{Number}", "a function has no text; call it"),
        ("{x => x}", "a function has no text; call it"),
        ("{a.map(x => { return x })}", "a function's body is one expression"),
        ("{a.map((x, x) => x)}", "x cannot be a parameter's name"),
        ("{a.map((x = 1) => x)}", "= is not supported"),
        ("{-a ** 2}", "write (-a) ** b or -(a ** b)"),
        ("{[1,,2]}", ", does not belong there; expected a value"),
        ("{(a}", "its end does not belong there; expected )"),
        ("{a.}", "expected a name after the dot"),
        ("{ {a b} }", "b does not belong there; expected :"),
        ("{ {[a]: 1} }", "[ does not belong there; expected a key"),
        ("{ {if} }", "if is not supported"),
        ("{class}", "class is not supported"),
        ("{²}", "² is not a name"),
        ("{a @ b}", "@ is not part of an expression"),
        ("{a\x00b}", "is not a name"),
        ('{"a": 1}', ": does not belong there"),
    ],
)
def test_what_is_not_supported_is_refused_with_a_fix(content: str, problem: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_content(f"Total {content}")
    assert problem in str(caught.value)
    assert str(caught.value).isprintable()
    assert compile_markup(content).fill({}) == content


def test_the_first_problem_is_named_with_its_expression() -> None:
    with pytest.raises(ExpressionError, match=r"^\{b \+\}: its end does not belong there"):
        compile_content("{a} {b +} {c +}")


def test_a_message_shows_no_card_number_and_not_all_of_a_long_expression() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_content("{5000000000000012 + " + "a + " * 50 + "}")
    assert str(caught.value).startswith("{****0012 + a + a + ")
    assert len(str(caught.value)) < 200
