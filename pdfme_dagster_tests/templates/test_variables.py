"""Variables filled in, unknown ones dropped, missing ones telling that nothing is drawn."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.templates.schema import MultiVariableTextField
from pdfme_dagster.templates.variables import fill_variables


def make_field(text: str, *variables: str, **properties: object) -> MultiVariableTextField:
    described = {"type": "multiVariableText", "name": "letter", "text": text, "variables": variables}
    box = {"position": {"x": 0, "y": 0}, "width": 10, "height": 10}
    return MultiVariableTextField.model_validate({**described, **box, **properties})


def test_variables_are_replaced_wherever_they_stand() -> None:
    field = make_field("{a}, {b} and {a} again", "a", "b")

    assert fill_variables(field, '{"a": "one", "b": 2.50}') == "one, 2.5 and one again"


def test_unknown_variables_are_dropped_and_empty_braces_stay() -> None:
    assert fill_variables(make_field("a{b}c{}d{"), "") == "ac{}d{"


def test_values_are_text_whatever_is_in_them() -> None:
    field = make_field("{a} {b}", "a", "b")

    assert fill_variables(field, json.dumps({"a": "{b} {c} $& $$", "b": "\\1"})) == "{b} {c} $& $$ \\1"


def test_values_in_marked_text_do_not_mark_it() -> None:
    field = make_field("**{a}**", "a", textFormat="inline-markdown")

    assert fill_variables(field, '{"a": "2*3 [x]"}') == r"**2\*3 \[x\]**"


@pytest.mark.parametrize("value", ["", "{}", '{"a": "1"}', '{"a": "1", "b": null}'])
def test_a_listed_variable_that_is_missing_leaves_nothing_to_draw(value: str) -> None:
    assert fill_variables(make_field("{a} {b}", "a", "b"), value) is None


def test_a_variable_missing_from_a_required_field_is_an_error() -> None:
    with pytest.raises(PermanentError, match='field "letter" is required and its variable "b"') as caught:
        fill_variables(make_field("{a}", "a", "b", required=True), '{"a": "secret"}')

    assert caught.value.code == "missing_value"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("value", ["{secret", '["secret"]', '"secret"', "null", "[" * 10_000])
def test_a_value_that_is_no_object_is_refused_without_quoting_it(value: str) -> None:
    with pytest.raises(PermanentError, match='field "letter": its value is no JSON') as caught:
        fill_variables(make_field("{a}", "a"), value)

    assert caught.value.code == "bad_field_value"
    assert "secret" not in str(caught.value)


def test_a_variable_that_is_neither_text_nor_number_is_refused() -> None:
    with pytest.raises(PermanentError, match='its variable "a" is neither text nor number'):
        fill_variables(make_field("{a}", "a"), '{"a": ["secret"]}')


def test_a_read_only_field_shows_its_text_or_its_content() -> None:
    assert fill_variables(make_field("{a}", readOnly=True), "content") == "{a}"
    assert fill_variables(make_field("{a}", "a", readOnly=True), "content") == "content"


@given(st.dictionaries(st.text("abc", min_size=1), st.text(), max_size=4))
def test_values_come_out_as_they_went_in(values: dict[str, str]) -> None:
    field = make_field("".join(f"{{{name}}}|" for name in values), *values)

    filled = fill_variables(field, json.dumps(values, ensure_ascii=False))
    assert filled == "".join(f"{value}|" for value in values.values())
