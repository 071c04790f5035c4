"""Inputs that are JSON: read with all their numbers as texts, as pdfme prints them.

Not here: what the arrays and objects must look like; that is for the fields that have them.
"""

import json
import math

from pdfme_dagster.templates.expression_values import from_units, number_to_string


def load_texts(value: str) -> object:
    """Read JSON with numbers as texts; ValueError, which quotes nothing, when it is none."""
    try:
        loaded: object = json.loads(
            value, parse_int=_write_integer, parse_float=_write_float, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError):
        raise ValueError("is no JSON") from None
    return loaded


def write_text(value: object) -> str | None:
    """Return a loaded text, number, truth or null as JavaScript's String() does, None for anything else."""
    if isinstance(value, str):
        return from_units(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return None


def _write_integer(digits: str) -> str:
    # JavaScript rounds beyond 16 digits; a reference number must keep them all.
    return "0" if digits == "-0" else digits


def _write_float(digits: str) -> str:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("too large a number")
    return number_to_string(number)


def _refuse_constant(name: str) -> str:
    raise ValueError(f"{name} is no number of JSON")
