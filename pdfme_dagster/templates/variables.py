"""Texts with ``{variables}`` filled in from an input that is a JSON object of their values.

Not here: expressions in read-only contents (expressions.py); they have braces too.

Each variable is replaced once: braces or dollar signs within a value are text. pdfme goes through the text
for each value in turn, so that there a value can pull in another one, or vanish as an unknown variable.
"""

import re
from collections.abc import Iterator, Mapping

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.templates.json_texts import load_texts, write_text
from pdfme_dagster.templates.marks import escape_marks
from pdfme_dagster.templates.schema import MultiVariableTextField

_VARIABLE = re.compile(r"\{([^{}]*)\}")
# Some fifty pages; text is laid out as a whole, and a short one may repeat a long value.
MAX_CHARACTERS = 200_000


def fill_variables(field: MultiVariableTextField, value: str) -> str | None:
    """Return what a field says with the values of an input; None when one that it lists is missing.

    Nothing is drawn then, as in pdfme. PermanentError for one that is missing from a required field, and for
    an input that is no such object.
    """
    if field.read_only:
        return value if field.variables else field.text
    values = _read_values(field, value)
    missing = next((name for name in field.variables if values.get(name) is None), None)
    if missing is None:
        return "".join(_fill(field, values))
    if field.required:
        raise PermanentError(
            "missing_value", f'field "{field.name}" is required and its variable "{missing}" has no value'
        )
    return None


def _read_values(field: MultiVariableTextField, value: str) -> Mapping[str, object]:
    try:
        values = load_texts(value) if value else {}
    except ValueError as exc:
        raise _refuse(field, f"its value {exc}") from None
    if not isinstance(values, dict):
        raise _refuse(field, "its value is no JSON object")
    return values


def _fill(field: MultiVariableTextField, values: Mapping[str, object]) -> Iterator[str]:
    length = 0
    for number, part in enumerate(_VARIABLE.split(field.text)):
        text = _find_text(field, values, part) if number % 2 else part
        length += len(text)
        if length > MAX_CHARACTERS:
            raise PermanentError(
                "bad_field_value",
                f'field "{field.name}": more than {MAX_CHARACTERS} characters with its values; shorten them',
            )
        yield text


def _find_text(field: MultiVariableTextField, values: Mapping[str, object], name: str) -> str:
    if name not in values:
        return "" if name else "{}"
    text = write_text(values[name])
    if text is None:
        raise _refuse(field, f'its variable "{name}" is neither text nor number')
    return escape_marks(text) if field.text_format == "inline-markdown" else text


def _refuse(field: MultiVariableTextField, reason: str) -> PermanentError:
    return PermanentError(
        "bad_field_value", f'field "{field.name}": {reason}; give an object like {{"name": "value"}}'
    )
