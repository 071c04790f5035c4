"""The globals that pdfme lets expressions use: Math, Number, JSON and their like.

Not here: methods of values (expression_methods.py). There is no clock and no chance: Date and Math.random are
missing on purpose.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote

from pdfme_dagster.templates.expression_methods import (
    Arguments,
    read_argument,
    read_member,
    read_number,
    read_text,
)
from pdfme_dagster.templates.expression_syntax import JS_WHITESPACE
from pdfme_dagster.templates.expression_values import (
    UNDEFINED,
    Budget,
    EvaluationError,
    Function,
    Value,
    equals_as_same,
    is_nothing,
    is_number,
    is_truthy,
    join_pairs,
    list_entries,
    parse_json,
    read_number_prefix,
    to_integer,
    to_number,
    to_string,
    to_units,
    write_json,
)


def _of_one_number(compute: Callable[[float], float]) -> Function:
    return Function(invoke=lambda arguments, budget: compute(read_number(arguments, 0, budget)))


def _round_up_halves(number: float) -> float:
    whole = _floor(number)
    return _keep_sign(whole if number - whole < 0.5 else whole + 1, number)


def _floor(number: float) -> float:
    return _keep_sign(float(math.floor(number)), number) if math.isfinite(number) else number


def _ceil(number: float) -> float:
    return _keep_sign(float(math.ceil(number)), number) if math.isfinite(number) else number


def _truncate(number: float) -> float:
    return _keep_sign(float(math.trunc(number)), number) if math.isfinite(number) else number


def _keep_sign(whole: float, number: float) -> float:
    return whole or math.copysign(0.0, number)


def _sign(number: float) -> float:
    return float((number > 0) - (number < 0)) if number and number == number else number


def _root(number: float) -> float:
    return math.nan if number < 0 else math.sqrt(number)


def _smallest(arguments: Arguments, budget: Budget) -> Value:
    return -_largest_of([-to_number(argument, budget) for argument in arguments])


def _largest(arguments: Arguments, budget: Budget) -> Value:
    return _largest_of([to_number(argument, budget) for argument in arguments])


def _largest_of(numbers: list[float]) -> float:
    if any(number != number for number in numbers):
        return math.nan
    return max(numbers, key=lambda number: (number, math.copysign(1, number)), default=-math.inf)


def raise_power(number: float, exponent: float) -> float:
    """Return ``number ** exponent``; its last digit is the C library's, which V8's may differ from by one."""
    if exponent != exponent or (abs(number) == 1 and math.isinf(exponent)):
        return math.nan
    try:
        return math.pow(number, exponent)
    except OverflowError:
        return -math.inf if number < 0 and exponent % 2 == 1 else math.inf
    except ValueError:  # of nothing to a negative power, or a negative number to a fraction
        return _invert_zero(number, exponent) if number == 0 else math.nan


def _invert_zero(number: float, exponent: float) -> float:
    return math.copysign(math.inf, number) if exponent % 2 == 1 else math.inf


def _power(arguments: Arguments, budget: Budget) -> Value:
    return raise_power(read_number(arguments, 0, budget), read_number(arguments, 1, budget))


_DIGITS_OF: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
# More digits than the largest number has in any radix.
_MAX_DIGITS = 1_100


def _parse_int(arguments: Arguments, budget: Budget) -> Value:
    text = read_text(arguments, 0, budget).lstrip(JS_WHITESPACE)
    radix = to_integer(read_argument(arguments, 1, 0.0), budget)
    sign = -1.0 if text.startswith("-") else 1.0
    text = text[1:] if text[:1] in ("-", "+") else text
    if radix in (0, 16) and text[:2].lower() == "0x":
        text, radix = text[2:], 16
    if radix and not 2 <= radix <= 36:
        return math.nan
    return sign * _read_digits(text, radix or 10)


def _read_digits(text: str, radix: int) -> float:
    digits = re.match(f"[{_DIGITS_OF[:radix]}]*+", text, re.IGNORECASE | re.ASCII)
    found = digits[0] if digits else ""
    if not found:
        return math.nan
    found = found.lstrip("0") or "0"
    if radix == 10:
        return float(found)
    try:
        return float(int(found, radix)) if len(found) <= _MAX_DIGITS else math.inf
    except OverflowError:
        return math.inf


def _to_text(arguments: Arguments, budget: Budget) -> Value:
    return to_string(arguments[0], budget) if arguments else ""


def _to_numeral(arguments: Arguments, budget: Budget) -> Value:
    return to_number(arguments[0], budget) if arguments else 0.0


def _parse_float(arguments: Arguments, budget: Budget) -> Value:
    return read_number_prefix(read_text(arguments, 0, budget))


def _check_number(check: Callable[[float], bool]) -> Function:
    """Return one of Number's checks: false for whatever is no number."""

    def invoke(arguments: Arguments, budget: Budget) -> Value:
        value = read_argument(arguments, 0)
        return is_number(value) and check(to_number(value, budget))

    return Function(invoke=invoke)


def _is_whole(number: float) -> bool:
    return math.isfinite(number) and number == math.trunc(number)


def _keys_of(arguments: Arguments, budget: Budget) -> Value:
    return [key for key, _ in list_entries(read_argument(arguments, 0), budget)]


def _values_of(arguments: Arguments, budget: Budget) -> Value:
    return [item for _, item in list_entries(read_argument(arguments, 0), budget)]


def _entries_of(arguments: Arguments, budget: Budget) -> Value:
    return [[key, item] for key, item in list_entries(read_argument(arguments, 0), budget)]


def _from_entries(arguments: Arguments, budget: Budget) -> Value:
    entries = read_argument(arguments, 0)
    entries = [] if entries == "" else entries
    made: dict[str, Value] = {}
    if not isinstance(entries, list):
        raise EvaluationError("no entries")
    budget.spend(len(entries))
    for entry in entries:
        if not isinstance(entry, (list, dict)):
            raise EvaluationError("no entry")
        made[to_string(read_member(entry, "0"), budget)] = read_member(entry, "1")
    return made


def _assign(arguments: Arguments, budget: Budget) -> Value:
    made = dict(list_entries(read_argument(arguments, 0), budget))
    for source in arguments[1:]:
        if source is not None and source is not UNDEFINED:
            kept = list_entries(source, budget)
            made.update(
                (key, item) for key, item in kept if key not in ("__proto__", "constructor", "prototype")
            )
    return made


def _is_same(arguments: Arguments, budget: Budget) -> Value:
    left, right = read_argument(arguments, 0), read_argument(arguments, 1)
    if is_number(left) and is_number(right) and left == right == 0:
        return math.copysign(1, to_number(left, budget)) == math.copysign(1, to_number(right, budget))
    return equals_as_same(left, right, budget)


def _read_json(arguments: Arguments, budget: Budget) -> Value:
    text = read_text(arguments, 0, budget)
    budget.spend(len(text) // 8)
    if read_argument(arguments, 1) is not UNDEFINED:
        raise EvaluationError("JSON.parse takes a text only")
    try:
        return parse_json(text)
    except ValueError as error:
        raise EvaluationError("not JSON") from error


def _stringify(arguments: Arguments, budget: Budget) -> Value:
    if not is_nothing(read_argument(arguments, 1)):
        raise EvaluationError("JSON.stringify takes a value, null and an indent only")
    written = write_json(
        read_argument(arguments, 0), _read_indent(read_argument(arguments, 2), budget), budget
    )
    return UNDEFINED if written is None else written


def _read_indent(indent: Value, budget: Budget) -> str:
    if is_number(indent):
        return " " * min(max(to_integer(indent, budget), 0), 10)
    return indent[:10] if isinstance(indent, str) else ""


_URI_MARKS = "!*'()"
_URI_RESERVED = ";/?:@&=+$,#"


def _encode(text: str, safe: str) -> str:
    try:
        return quote(join_pairs(text), safe=safe)
    except UnicodeEncodeError as error:
        raise EvaluationError("half a character") from error


_ESCAPED_RUN = re.compile("(?:%[0-9a-fA-F]{2})+|%")


def _decode(text: str, kept: str) -> str:
    def decode_run(match: re.Match[str]) -> str:
        if match[0] == "%":
            raise EvaluationError("no escaped text")
        try:
            decoded = bytes.fromhex(match[0].replace("%", "")).decode()
        except ValueError as error:
            raise EvaluationError("no escaped text") from error
        return _keep_escapes(decoded, match[0], kept) if kept else decoded

    return to_units(_ESCAPED_RUN.sub(decode_run, text))


def _keep_escapes(decoded: str, escaped: str, kept: str) -> str:
    pieces, place = [], 0
    for character in decoded:
        pieces.append(escaped[place : place + 3] if character in kept else character)
        place += 3 * len(character.encode())
    return "".join(pieces)


def _of_text(convert: Callable[[str, str], str], marks: str) -> Function:
    def invoke(arguments: Arguments, budget: Budget) -> Value:
        text = read_text(arguments, 0, budget)
        budget.spend_text(len(text))
        converted = convert(text, marks)
        budget.spend_text(len(converted))
        return converted

    return Function(invoke=invoke)


_PARSE_INT: Final = Function(invoke=_parse_int)
_PARSE_FLOAT: Final = Function(invoke=_parse_float)
_MATH: Final = {
    "E": math.e,
    "LN10": math.log(10),
    "LN2": math.log(2),
    "PI": math.pi,
    "LOG10E": 0.4342944819032518,
    "LOG2E": 1.4426950408889634,
    "SQRT1_2": math.sqrt(0.5),
    "SQRT2": math.sqrt(2),
    "abs": _of_one_number(abs),
    "ceil": _of_one_number(_ceil),
    "floor": _of_one_number(_floor),
    "max": Function(invoke=_largest),
    "min": Function(invoke=_smallest),
    "pow": Function(invoke=_power),
    "round": _of_one_number(_round_up_halves),
    "sign": _of_one_number(_sign),
    "sqrt": _of_one_number(_root),
    "trunc": _of_one_number(_truncate),
}
_NUMBER: Final = {
    "EPSILON": 2.0**-52,
    "MAX_SAFE_INTEGER": 2.0**53 - 1,
    "MAX_VALUE": 1.7976931348623157e308,
    "MIN_SAFE_INTEGER": 1 - 2.0**53,
    "MIN_VALUE": 5e-324,
    "NEGATIVE_INFINITY": -math.inf,
    "NaN": math.nan,
    "POSITIVE_INFINITY": math.inf,
    "isFinite": _check_number(math.isfinite),
    "isInteger": _check_number(_is_whole),
    "isNaN": _check_number(math.isnan),
    "isSafeInteger": _check_number(lambda number: _is_whole(number) and abs(number) < 2**53),
    "parseFloat": _PARSE_FLOAT,
    "parseInt": _PARSE_INT,
}
_OBJECT: Final = {
    "assign": Function(invoke=_assign),
    "entries": Function(invoke=_entries_of),
    "fromEntries": Function(invoke=_from_entries),
    "is": Function(invoke=_is_same),
    "keys": Function(invoke=_keys_of),
    "values": Function(invoke=_values_of),
}
_ARRAY: Final = {
    "isArray": Function(invoke=lambda arguments, _budget: isinstance(read_argument(arguments, 0), list)),
}
GLOBALS: Final[Mapping[str, Function]] = {
    "Array": Function(members=_ARRAY),
    "Boolean": Function(invoke=lambda arguments, _budget: is_truthy(read_argument(arguments, 0))),
    "JSON": Function(
        members={"parse": Function(invoke=_read_json), "stringify": Function(invoke=_stringify)}
    ),
    "Math": Function(members=_MATH),
    "Number": Function(invoke=_to_numeral, members=_NUMBER),
    "Object": Function(members=_OBJECT),
    "String": Function(invoke=_to_text),
    "decodeURI": _of_text(_decode, _URI_RESERVED),
    "decodeURIComponent": _of_text(_decode, ""),
    "encodeURI": _of_text(_encode, _URI_MARKS + _URI_RESERVED),
    "encodeURIComponent": _of_text(_encode, _URI_MARKS),
    "isNaN": Function(invoke=lambda arguments, budget: math.isnan(read_number(arguments, 0, budget))),
    "parseFloat": _PARSE_FLOAT,
    "parseInt": _PARSE_INT,
}
# Functions in pdfme, which calls methods of objects, texts, numbers and arrays only.
NO_OWNERS: Final = frozenset({"Array", "Number", "String", "Boolean"})
