"""Reads what pdfme calls inputs, a list of objects of texts by field, and a template's own sample of one.

Not here: what a field can do with its text (fields.py), or inputs made of a statement (templates/pages.py).
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering.pages import Inputs
from pdfme_dagster.rendering.renderer import MAX_PAGES
from pdfme_dagster.templates.expression_values import from_units, number_to_string
from pdfme_dagster.templates.schema import Template, TextBase

# Some hundred photographs in base64; text of a document of 10,000 pages takes a quarter of it.
MAX_INPUTS_BYTES = 100_000_000
# Each input makes a page at least.
MAX_INPUTS = MAX_PAGES
_SHOWN_CHARACTERS = 40


def read_inputs(content: bytes, name: str) -> list[Inputs]:
    """Read a list of inputs, or one, from JSON; ``name`` stands in errors. PermanentError says what is wrong.

    Values that are no texts become some: numbers as JavaScript writes them, null nothing, lists and objects
    JSON, as tables and texts with variables take it.
    """
    raw = _read_json(content, name)
    listed = raw if isinstance(raw, list) else [raw]
    if not listed:
        raise _refuse(name, "has no input; give one object at least, {} if there is nothing to fill in")
    if len(listed) > MAX_INPUTS:
        raise _refuse(name, f"has {len(listed)} inputs, more than {MAX_INPUTS}; split it")
    return [_read_input(each, name, number) for number, each in enumerate(listed, start=1)]


def find_sample_inputs(template: Template) -> Inputs:
    """Return what a designer shows in the fields that take inputs: their content.

    A text that must be filled in and has none shows its name.
    """
    fields = [field for page in template.pages for field in page if not field.read_only]
    sample = {field.name: field.content for field in reversed(fields) if field.content}
    for field in fields:
        if field.required and isinstance(field, TextBase):
            sample.setdefault(field.name, field.name)
    return sample


def _read_json(content: bytes, name: str) -> object:
    if len(content) > MAX_INPUTS_BYTES:
        raise _refuse(name, f"is larger than {MAX_INPUTS_BYTES // 1_000_000} MB; split it")
    try:
        raw: object = json.loads(
            content.decode("utf-8-sig"), parse_constant=_refuse_constant, parse_float=_read_float
        )
    except (ValueError, RecursionError) as exc:  # JSON and Unicode errors are ValueErrors
        raise _refuse(name, f"is no JSON in UTF-8: {_describe(exc)}; save it as JSON") from None
    return raw


def _describe(exc: Exception) -> str:
    """Return what is wrong and where, but nothing of what the file says."""
    if isinstance(exc, RecursionError):
        return "it is nested too deep"
    if isinstance(exc, json.JSONDecodeError):
        return f"{exc.msg[:1].lower()}{exc.msg[1:]} at line {exc.lineno} column {exc.colno}"
    if isinstance(exc, UnicodeDecodeError):
        return f"byte {exc.start + 1} is none of UTF-8"
    return str(exc).partition(":")[0]


def _read_float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _refuse_constant(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")


def _read_input(raw: object, name: str, number: int) -> Mapping[str, str]:
    if not isinstance(raw, dict):
        kind = "null" if raw is None else type(raw).__name__
        raise _refuse(name, f'input {number} must be an object like {{"field": "text"}}, not {kind}')
    return {key: text for key, text in _list_texts(raw) if text}


def _list_texts(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in raw.items():
        # A lone half of a surrogate pair would otherwise stop the PDF from being written.
        yield from_units(key), from_units(_write_value(value))


def _write_value(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return number_to_string(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _refuse(name: str, reason: str) -> PermanentError:
    return PermanentError("bad_inputs", f"{name}: {reason}")
