"""Inputs as pdfme has them: one or a list, every value becomes text, everything bounded."""

import pytest

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering import inputs
from pdfme_dagster.rendering.inputs import find_sample_inputs, read_inputs
from pdfme_dagster_tests.rendering.designs import make_design, make_field


def test_a_list_is_many_inputs_and_an_object_one() -> None:
    assert read_inputs(b'[{"a": "x"}, {}]', "i.json") == [{"a": "x"}, {}]
    assert read_inputs('\ufeff{"a": "é"}'.encode(), "i.json") == [{"a": "é"}]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("42", "42"),
        ("12345678901234567890", "12345678901234567890"),
        ("1.50", "1.5"),
        ("2.0", "2"),
        ("1e21", "1e+21"),
        ("-0.0", "0"),
        ("0", "0"),
        ("true", "true"),
        ("false", "false"),
        ('{"b": 1, "a": "é"}', '{"b":1,"a":"é"}'),
        ('[["a", 1.5], []]', '[["a",1.5],[]]'),
        ('"\\ud83d"', "\ufffd"),
        ('"\\ud83d\\ude00"', "😀"),
    ],
)
def test_values_become_the_text_that_javascript_makes_of_them(value: str, expected: str) -> None:
    assert read_inputs(f'{{"a": {value}}}'.encode(), "i.json") == [{"a": expected}]


@pytest.mark.parametrize("value", ["null", '""'])
def test_nothing_is_no_value(value: str) -> None:
    assert read_inputs(f'{{"a": {value}}}'.encode(), "i.json") == [{}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no JSON in UTF-8: expecting value at line 1 column 1"),
        (b'{"a": "5000 0000 0000 0015"', "expecting ',' delimiter at line 1 column 28"),
        (b"\xff", "byte 1 is none of UTF-8"),
        (b'{"a": NaN}', "NaN is no number of JSON"),
        (b'{"a": 1e999}', "a number is too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "is no JSON in UTF-8: exceeds the limit"),
        (b"[" * 100_000, "it is nested too deep"),
        (b'{"a": ' + b'{"a": ' * 100_000, "it is nested too deep"),
        (b"[]", "has no input; give one object at least"),
        (b"[{}, 1]", "input 2 must be an object"),
        (b"null", "input 1 must be an object"),
        (b'"text"', "input 1 must be an object"),
    ],
)
def test_what_are_no_inputs_is_refused_with_the_place_and_the_fix(content: bytes, message: str) -> None:
    with pytest.raises(PermanentError) as caught:
        read_inputs(content, "i.json")
    assert caught.value.code == "bad_inputs"
    assert str(caught.value).startswith("i.json: ")
    assert message.lower() in str(caught.value).lower()
    assert "0015" not in str(caught.value)


def test_more_inputs_than_a_document_has_pages_are_refused() -> None:
    with pytest.raises(PermanentError, match="has 10001 inputs, more than 10000; split it"):
        read_inputs(b"[" + b"{}," * 10_000 + b"{}]", "i.json")


def test_a_larger_file_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "MAX_INPUTS_BYTES", 3)
    with pytest.raises(PermanentError, match="is larger than"):
        read_inputs(b"[{}]", "i.json")


def test_sample_is_the_content_of_fields_that_take_inputs() -> None:
    design = make_design(
        [make_field("a", content="first"), make_field("fixed", content="x", readOnly=True)],
        [make_field("a", content="second"), make_field("b", content="")],
    )
    assert find_sample_inputs(design) == {"a": "first"}


def test_a_text_that_must_be_filled_in_shows_its_name() -> None:
    design = make_design([make_field("a", required=True), make_field("b", kind="image", required=True)])
    assert find_sample_inputs(design) == {"a": "a"}
