"""Members and methods that JavaScript's texts, numbers, arrays and objects have in expressions.

Not here: globals as Math (expression_globals.py), nor how values turn into one another
(expression_values.py).
There are no regular expressions, and whatever changes an array in place is missing; sort() and reverse()
return a copy.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cmp_to_key
from itertools import repeat
from typing import Final, TypeVar

from pdfme_dagster.templates.expression_syntax import JS_WHITESPACE
from pdfme_dagster.templates.expression_values import (
    CHARACTERS_PER_STEP,
    MAX_TEXT_LENGTH,
    MAX_VALUE_DEPTH,
    UNDEFINED,
    Budget,
    EvaluationError,
    Function,
    Value,
    equals_as_same,
    equals_strictly,
    is_index,
    is_number,
    is_truthy,
    join_pairs,
    join_values,
    number_to_string,
    to_integer,
    to_number,
    to_string,
    to_units,
    write_exponent,
)

Owner = TypeVar("Owner")
Arguments = list[Value]
Method = Callable[[Owner, Arguments, Budget], Value]

_FORBIDDEN = """
constructor __proto__ prototype __defineGetter__ __defineSetter__ __lookupGetter__ __lookupSetter__
"""
FORBIDDEN_MEMBERS: Final = frozenset(_FORBIDDEN.split())
# Methods that values have in JavaScript: read without a call, they are functions and not undefined.
_OBJECT_NAMES = """
hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf
"""
_OF_OBJECTS: Final = frozenset(_OBJECT_NAMES.split())
_OF_NUMBERS: Final = _OF_OBJECTS | {"toExponential", "toFixed", "toPrecision"}
_TEXT_NAMES = """
anchor at big blink bold charAt charCodeAt codePointAt concat endsWith fixed fontcolor fontsize includes
indexOf isWellFormed italics lastIndexOf link localeCompare match matchAll normalize padEnd padStart repeat
replace replaceAll search slice small split startsWith strike sub substr substring sup toLocaleLowerCase
toLocaleUpperCase toLowerCase toUpperCase toWellFormed trim trimEnd trimLeft trimRight trimStart
"""
_OF_TEXTS: Final = _OF_OBJECTS | frozenset(_TEXT_NAMES.split())
_ARRAY_NAMES = """
at concat copyWithin entries every fill filter find findIndex findLast findLastIndex flat flatMap forEach
includes indexOf join keys lastIndexOf map pop push reduce reduceRight reverse shift slice some sort splice
toReversed toSorted toSpliced unshift values with
"""
_OF_ARRAYS: Final = _OF_OBJECTS | frozenset(_ARRAY_NAMES.split())


def read_member(owner: Value, key: str) -> Value:
    """Return ``owner[key]``; UNDEFINED when a value has no such member, EvaluationError for a function."""
    if key in FORBIDDEN_MEMBERS:
        raise EvaluationError("a forbidden member")
    if isinstance(owner, dict):
        return owner[key] if key in owner else _miss(key, _OF_OBJECTS)
    if isinstance(owner, (list, str)):
        return _read_item(owner, key)
    if isinstance(owner, Function):
        if key not in owner.members:
            raise EvaluationError("no such member")
        return owner.members[key]
    if owner is None or owner is UNDEFINED:
        raise EvaluationError("nothing has no members")
    return _miss(key, _OF_NUMBERS if is_number(owner) else _OF_OBJECTS)


def _miss(key: str, methods: frozenset[str]) -> Value:
    if key in methods:
        raise EvaluationError("a method that is not called")
    return UNDEFINED


def _read_item(owner: list[Value] | str, key: str) -> Value:
    if key == "length":
        return float(len(owner))
    if is_index(key):
        return owner[int(key)] if int(key) < len(owner) else UNDEFINED
    return _miss(key, _OF_TEXTS if isinstance(owner, str) else _OF_ARRAYS)


def call_method(owner: Value, name: str, arguments: Arguments, budget: Budget) -> Value:
    """Return ``owner.name(...arguments)``; EvaluationError when JavaScript throws."""
    budget.spend(1)
    if isinstance(owner, str):
        budget.spend(len(owner) // CHARACTERS_PER_STEP)
        return _find_method(TEXT_METHODS, name)(owner, arguments, budget)
    if isinstance(owner, list):
        return _find_method(ARRAY_METHODS, name)(owner, arguments, budget)
    if isinstance(owner, bool):
        return _find_method(BOOLEAN_METHODS, name)(owner, arguments, budget)
    if isinstance(owner, (int, float)):
        return _find_method(NUMBER_METHODS, name)(float(owner), arguments, budget)
    if isinstance(owner, dict) and name not in owner:
        return _find_method(OBJECT_METHODS, name)(owner, arguments, budget)
    return call_function(read_member(owner, name), arguments, budget)


def _find_method(methods: Mapping[str, Method[Owner]], name: str) -> Method[Owner]:
    if name not in methods:
        raise EvaluationError("no such method")
    return methods[name]


def call_function(function: Value, arguments: Arguments, budget: Budget) -> Value:
    """Return ``function(...arguments)``; EvaluationError when JavaScript throws."""
    if not isinstance(function, Function) or function.invoke is None:
        raise EvaluationError("not a function")
    budget.spend(1)
    return function.invoke(arguments, budget)


def read_argument(arguments: Arguments, place: int, default: Value = UNDEFINED) -> Value:
    """Return an argument, ``default`` for one that is missing or undefined."""
    if place >= len(arguments) or arguments[place] is UNDEFINED:
        return default
    return arguments[place]


def read_text(arguments: Arguments, place: int, budget: Budget, default: Value = UNDEFINED) -> str:
    """Return an argument as a text."""
    text = to_string(read_argument(arguments, place, default), budget)
    budget.spend(len(text) // CHARACTERS_PER_STEP)
    return text


def read_whole(arguments: Arguments, place: int, budget: Budget, default: int = 0) -> int:
    """Return an argument as a whole number."""
    return to_integer(read_argument(arguments, place, float(default)), budget)


def read_number(arguments: Arguments, place: int, budget: Budget) -> float:
    """Return an argument as a number."""
    return to_number(read_argument(arguments, place), budget)


def _count_from_end(place: int, length: int) -> int:
    return max(place + length, 0) if place < 0 else min(place, length)


def _slice_bounds(arguments: Arguments, length: int, budget: Budget) -> slice:
    start = _count_from_end(read_whole(arguments, 0, budget), length)
    end = _count_from_end(read_whole(arguments, 1, budget, length), length)
    return slice(start, max(start, end))


# Texts.


def _char_at(text: str, arguments: Arguments, budget: Budget) -> Value:
    place = read_whole(arguments, 0, budget)
    return text[place] if 0 <= place < len(text) else ""


def _char_code_at(text: str, arguments: Arguments, budget: Budget) -> Value:
    place = read_whole(arguments, 0, budget)
    return float(ord(text[place])) if 0 <= place < len(text) else math.nan


def _item_at(owner: list[Value] | str, arguments: Arguments, budget: Budget) -> Value:
    place = read_whole(arguments, 0, budget)
    place += len(owner) if place < 0 else 0
    return owner[place] if 0 <= place < len(owner) else UNDEFINED


def _concat_texts(text: str, arguments: Arguments, budget: Budget) -> Value:
    return join_values([text, *(to_string(argument, budget) for argument in arguments)], "", budget)


def _text_includes(text: str, arguments: Arguments, budget: Budget) -> Value:
    place = _count_from_start(read_whole(arguments, 1, budget), len(text))
    return text.find(read_text(arguments, 0, budget), place) >= 0


def _count_from_start(place: int, length: int) -> int:
    return min(max(place, 0), length)


def _text_index_of(text: str, arguments: Arguments, budget: Budget) -> Value:
    place = _count_from_start(read_whole(arguments, 1, budget), len(text))
    return float(text.find(read_text(arguments, 0, budget), place))


def _text_last_index_of(text: str, arguments: Arguments, budget: Budget) -> Value:
    wanted = read_text(arguments, 0, budget)
    latest = to_number(read_argument(arguments, 1), budget)
    place = len(text) if latest != latest else _count_from_start(to_integer(latest, budget), len(text))
    head = text[: place + len(wanted)]
    # Python searches backwards in quadratic time, forwards in linear.
    found = head[::-1].find(wanted[::-1])
    return float(len(head) - found - len(wanted) if found >= 0 else -1)


def _text_starts_with(text: str, arguments: Arguments, budget: Budget) -> Value:
    place = _count_from_start(read_whole(arguments, 1, budget), len(text))
    return text.startswith(read_text(arguments, 0, budget), place)


def _text_ends_with(text: str, arguments: Arguments, budget: Budget) -> Value:
    end = _count_from_start(read_whole(arguments, 1, budget, len(text)), len(text))
    return text[:end].endswith(read_text(arguments, 0, budget))


def _make_padding(text: str, arguments: Arguments, budget: Budget) -> str:
    missing = read_whole(arguments, 0, budget) - len(text)
    filler = read_text(arguments, 1, budget, " ")
    if missing <= 0 or not filler:
        return ""
    budget.spend_text(missing + len(text))
    return (filler * (missing // len(filler) + 1))[:missing]


def _pad_start(text: str, arguments: Arguments, budget: Budget) -> Value:
    return _make_padding(text, arguments, budget) + text


def _pad_end(text: str, arguments: Arguments, budget: Budget) -> Value:
    return text + _make_padding(text, arguments, budget)


def _repeat_text(text: str, arguments: Arguments, budget: Budget) -> Value:
    times = read_whole(arguments, 0, budget)
    if not 0 <= times < 2**53:
        raise EvaluationError("a count out of range")
    budget.spend_text(times * len(text))
    return text * times if text else ""


_PATTERN = re.compile(r"\$[$&`']")


def _replace_text(text: str, arguments: Arguments, budget: Budget, *, limit: int) -> Value:
    wanted, replacement = read_text(arguments, 0, budget), read_argument(arguments, 1)
    pieces, place, length = [], 0, 0
    for found in _find_places(text, wanted, limit):
        new = _expand_replacement(text, wanted, found, replacement, budget)
        pieces += [text[place:found], new]
        place = found + len(wanted)
        length += len(new)
        budget.spend(1)
        budget.spend_text(length if length > MAX_TEXT_LENGTH else len(new))
    budget.spend_text(length + len(text))
    return "".join(pieces) + text[place:]


def _find_places(text: str, wanted: str, limit: int) -> Iterator[int]:
    found = text.find(wanted)
    for _ in repeat(None, limit):
        if found < 0:
            return
        yield found
        found = text.find(wanted, found + max(len(wanted), 1))


def _expand_replacement(text: str, wanted: str, found: int, replacement: Value, budget: Budget) -> str:
    if isinstance(replacement, Function):
        return to_string(call_function(replacement, [wanted, float(found), text], budget), budget)
    new = to_string(replacement, budget)
    if "$" not in new:
        return new
    around = {"$$": "$", "$&": wanted, "$`": text[:found], "$'": text[found + len(wanted) :]}
    budget.spend_text(len(new) + sum(len(around[pattern]) for pattern in _PATTERN.findall(new)))
    return _PATTERN.sub(lambda pattern: around[pattern[0]], new)


def _replace_first(text: str, arguments: Arguments, budget: Budget) -> Value:
    return _replace_text(text, arguments, budget, limit=1)


def _replace_all(text: str, arguments: Arguments, budget: Budget) -> Value:
    return _replace_text(text, arguments, budget, limit=len(text) + 1)


def _slice_text(text: str, arguments: Arguments, budget: Budget) -> Value:
    return text[_slice_bounds(arguments, len(text), budget)]


def _substring(text: str, arguments: Arguments, budget: Budget) -> Value:
    start = _count_from_start(read_whole(arguments, 0, budget), len(text))
    end = _count_from_start(read_whole(arguments, 1, budget, len(text)), len(text))
    return text[min(start, end) : max(start, end)]


def _substr(text: str, arguments: Arguments, budget: Budget) -> Value:
    start = _count_from_end(read_whole(arguments, 0, budget), len(text))
    count = max(read_whole(arguments, 1, budget, len(text)), 0)
    return text[start : start + count]


def _split_text(text: str, arguments: Arguments, budget: Budget) -> Value:
    separator, limit = (
        read_argument(arguments, 0),
        to_number(read_argument(arguments, 1, 2.0**32 - 1), budget),
    )
    most = int(limit) % 2**32 if math.isfinite(limit) else 0
    if separator is UNDEFINED:
        return [text][:most]
    separator = to_string(separator, budget)
    budget.spend(text.count(separator) + 1)
    return (text.split(separator) if separator else list(text))[:most]


def _upper_case(text: str, _arguments: Arguments, _budget: Budget) -> Value:
    return to_units(join_pairs(text).upper())


def _lower_case(text: str, _arguments: Arguments, _budget: Budget) -> Value:
    return to_units(join_pairs(text).lower())


TEXT_METHODS: Final[Mapping[str, Method[str]]] = {
    "at": _item_at,
    "charAt": _char_at,
    "charCodeAt": _char_code_at,
    "concat": _concat_texts,
    "endsWith": _text_ends_with,
    "includes": _text_includes,
    "indexOf": _text_index_of,
    "lastIndexOf": _text_last_index_of,
    "padEnd": _pad_end,
    "padStart": _pad_start,
    "repeat": _repeat_text,
    "replace": _replace_first,
    "replaceAll": _replace_all,
    "slice": _slice_text,
    "split": _split_text,
    "startsWith": _text_starts_with,
    "substr": _substr,
    "substring": _substring,
    "toLowerCase": _lower_case,
    "toString": lambda text, _arguments, _budget: text,
    "toUpperCase": _upper_case,
    "trim": lambda text, _arguments, _budget: text.strip(JS_WHITESPACE),
    "trimEnd": lambda text, _arguments, _budget: text.rstrip(JS_WHITESPACE),
    "trimStart": lambda text, _arguments, _budget: text.lstrip(JS_WHITESPACE),
}


# Numbers.

_MAX_DECIMALS = 100
# Enough for every digit of any double with 100 decimals, so that each is rounded once.
_EXACT: Final = Context(prec=1_200, rounding=ROUND_HALF_UP)


def _to_fixed(number: float, arguments: Arguments, budget: Budget) -> Value:
    decimals = read_whole(arguments, 0, budget)
    if not 0 <= decimals <= _MAX_DECIMALS:
        raise EvaluationError("a count of decimals out of range")
    if not abs(number) < 1e21:
        return number_to_string(number)
    rounded = Decimal(number).quantize(Decimal(1).scaleb(-decimals), context=_EXACT)
    return f"{rounded.copy_abs():f}" if number == 0 else f"{rounded:f}"


def _to_precision(number: float, arguments: Arguments, budget: Budget) -> Value:
    if read_argument(arguments, 0) is UNDEFINED or not math.isfinite(number):
        return number_to_string(number)
    precision = read_whole(arguments, 0, budget)
    if not 1 <= precision <= _MAX_DECIMALS:
        raise EvaluationError("a count of digits out of range")
    rounded = Context(prec=precision, rounding=ROUND_HALF_UP).plus(Decimal(abs(number)))
    exponent = rounded.adjusted() if number else 0
    if -7 < exponent < precision:
        text = f"{rounded:.{precision - 1 - exponent}f}"
    else:
        text = write_exponent("".join(map(str, rounded.as_tuple().digits)).ljust(precision, "0"), exponent)
    return "-" + text if number < 0 else text


def _number_text(number: float, arguments: Arguments, budget: Budget) -> Value:
    if read_number(arguments, 0, budget) not in (10.0,) and read_argument(arguments, 0) is not UNDEFINED:
        raise EvaluationError("only decimal numbers are written")
    return number_to_string(number)


NUMBER_METHODS: Final[Mapping[str, Method[float]]] = {
    "toFixed": _to_fixed,
    "toPrecision": _to_precision,
    "toString": _number_text,
}
BOOLEAN_METHODS: Final[Mapping[str, Method[bool]]] = {
    "toString": lambda value, _arguments, budget: to_string(value, budget)
}


# Objects.


def _has_own(owner: dict[str, Value], arguments: Arguments, budget: Budget) -> Value:
    return read_text(arguments, 0, budget) in owner


OBJECT_METHODS: Final[Mapping[str, Method[dict[str, Value]]]] = {
    "hasOwnProperty": _has_own,
    "toString": lambda owner, _arguments, budget: to_string(owner, budget),
}


# Arrays.


def _callback(arguments: Arguments) -> Function:
    function = read_argument(arguments, 0)
    if not isinstance(function, Function) or function.invoke is None:
        raise EvaluationError("not a function")
    return function


def _results(items: list[Value], arguments: Arguments, budget: Budget) -> Iterator[tuple[Value, Value]]:
    """Yield each item with what the function in the arguments makes of it."""
    function = _callback(arguments)
    for index, item in enumerate(items):
        yield item, call_function(function, [item, float(index), items], budget)


def _map_items(items: list[Value], arguments: Arguments, budget: Budget) -> Value:
    return [result for _, result in _results(items, arguments, budget)]


def _filter_items(items: list[Value], arguments: Arguments, budget: Budget) -> Value:
    return [item for item, result in _results(items, arguments, budget) if is_truthy(result)]


def _every_item(items: list[Value], arguments: Arguments, budget: Budget) -> Value:
    return all(is_truthy(result) for _, result in _results(items, arguments, budget))


def _some_item(items: list[Value], arguments: Arguments, budget: Budget) -> Value:
    return any(is_truthy(result) for _, result in _results(items, arguments, budget))


def _find_item(items: list[Value], arguments: Arguments, budget: Budget) -> Value:
    found = (item for item, result in _results(items, arguments, budget) if is_truthy(result))
    return next(found, UNDEFINED)


def _find_index(items: list[Value], arguments: Arguments, budget: Budget) -> Value:
    results = enumerate(_results(items, arguments, budget))
    return next((float(index) for index, (_, result) in results if is_truthy(result)), -1.0)


def _reduce_items(items: list[Value], arguments: Arguments, budget: Budget) -> Value:
    return _fold(list(enumerate(items)), items, arguments, budget)


def _reduce_from_right(items: list[Value], arguments: Arguments, budget: Budget) -> Value:
    return _fold(list(enumerate(items))[::-1], items, arguments, budget)


def _fold(
    numbered: list[tuple[int, Value]], items: list[Value], arguments: Arguments, budget: Budget
) -> Value:
    function = _callback(arguments)
    budget.spend(len(items))
    if len(arguments) > 1:
        result = arguments[1]
    elif numbered:
        result = numbered.pop(0)[1]
    else:
        raise EvaluationError("nothing to reduce")
    for index, item in numbered:
        result = call_function(function, [result, item, float(index), items], budget)
    return result


def _join_items(items: list[Value], arguments: Arguments, budget: Budget) -> Value:
    return join_values(items, read_text(arguments, 0, budget, ","), budget)


def _slice_items(items: list[Value], arguments: Arguments, budget: Budget) -> Value:
    return _copy(items[_slice_bounds(arguments, len(items), budget)], budget)


def _copy(items: list[Value], budget: Budget) -> Value:
    budget.spend(len(items))
    return items


def _concat_arrays(items: list[Value], arguments: Arguments, budget: Budget) -> Value:
    joined = list(items)
    for argument in arguments:
        budget.spend(len(argument) if isinstance(argument, list) else 1)
        joined += argument if isinstance(argument, list) else [argument]
    return _copy(joined, budget)


def _flatten_items(items: list[Value], arguments: Arguments, budget: Budget) -> Value:
    return _flatten(items, min(read_whole(arguments, 0, budget, 1), MAX_VALUE_DEPTH + 1), budget)


def _flatten(items: list[Value], levels: int, budget: Budget, depth: int = 0) -> list[Value]:
    if depth > MAX_VALUE_DEPTH:
        raise EvaluationError("too deep")
    budget.spend(len(items))
    flat: list[Value] = []
    for item in items:
        if isinstance(item, list) and levels > depth:
            flat += _flatten(item, levels, budget, depth + 1)
        else:
            flat.append(item)
    return flat


def _flat_map(items: list[Value], arguments: Arguments, budget: Budget) -> Value:
    return _flatten([result for _, result in _results(items, arguments, budget)], 1, budget)


def _array_includes(items: list[Value], arguments: Arguments, budget: Budget) -> Value:
    budget.spend(len(items))
    start = _count_from_end(read_whole(arguments, 1, budget), len(items))
    wanted = read_argument(arguments, 0)
    return any(equals_as_same(item, wanted, budget) for item in items[start:])


def _array_index_of(items: list[Value], arguments: Arguments, budget: Budget) -> Value:
    budget.spend(len(items))
    start = _count_from_end(read_whole(arguments, 1, budget), len(items))
    return _first_place(items, range(start, len(items)), read_argument(arguments, 0), budget)


def _array_last_index_of(items: list[Value], arguments: Arguments, budget: Budget) -> Value:
    budget.spend(len(items))
    last = to_integer(arguments[1], budget) if len(arguments) > 1 else len(items) - 1
    last = min(last, len(items) - 1) if last >= 0 else last + len(items)
    return _first_place(items, range(last, -1, -1), read_argument(arguments, 0), budget)


def _first_place(items: list[Value], places: range, wanted: Value, budget: Budget) -> float:
    return next((float(place) for place in places if equals_strictly(items[place], wanted, budget)), -1.0)


def _reverse_items(items: list[Value], _arguments: Arguments, budget: Budget) -> Value:
    return _copy(items[::-1], budget)


def _sort_items(items: list[Value], arguments: Arguments, budget: Budget) -> Value:
    budget.spend(len(items) * len(items).bit_length())
    defined = [item for item in items if item is not UNDEFINED]
    missing: list[Value] = [UNDEFINED] * (len(items) - len(defined))
    if read_argument(arguments, 0) is UNDEFINED:
        return _sort_by_text(defined, budget) + missing
    function = _callback(arguments)

    def compare(left: Value, right: Value) -> int:
        order = to_number(call_function(function, [left, right], budget), budget)
        return (order > 0) - (order < 0)

    return sorted(defined, key=cmp_to_key(compare)) + missing


def _sort_by_text(items: list[Value], budget: Budget) -> list[Value]:
    keys = [to_string(item, budget) for item in items]
    for key in keys:
        budget.spend(len(key) * len(keys).bit_length() // CHARACTERS_PER_STEP)
    return [items[place] for place in sorted(range(len(items)), key=keys.__getitem__)]


def _replace_item(items: list[Value], arguments: Arguments, budget: Budget) -> Value:
    place = read_whole(arguments, 0, budget)
    place += len(items) if place < 0 else 0
    if not 0 <= place < len(items):
        raise EvaluationError("no such item")
    return _copy([*items[:place], read_argument(arguments, 1), *items[place + 1 :]], budget)


ARRAY_METHODS: Final[Mapping[str, Method[list[Value]]]] = {
    "at": _item_at,
    "concat": _concat_arrays,
    "every": _every_item,
    "filter": _filter_items,
    "find": _find_item,
    "findIndex": _find_index,
    "flat": _flatten_items,
    "flatMap": _flat_map,
    "includes": _array_includes,
    "indexOf": _array_index_of,
    "join": _join_items,
    "lastIndexOf": _array_last_index_of,
    "map": _map_items,
    "reduce": _reduce_items,
    "reduceRight": _reduce_from_right,
    "reverse": _reverse_items,
    "slice": _slice_items,
    "some": _some_item,
    "sort": _sort_items,
    "toReversed": _reverse_items,
    "toSorted": _sort_items,
    "toString": lambda items, _arguments, budget: to_string(items, budget),
    "with": _replace_item,
}
METHODS: Final = frozenset().union(
    TEXT_METHODS, NUMBER_METHODS, BOOLEAN_METHODS, OBJECT_METHODS, ARRAY_METHODS
)
