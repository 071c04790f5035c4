"""JavaScript's values and how they turn into one another: texts, numbers, arrays, objects, JSON.

Not here: methods and globals (expression_methods.py, expression_globals.py), nor when anything is evaluated.

A value is ``None`` (null), ``UNDEFINED``, a bool, a float, a str, a list, a dict or a ``Function``; an int
counts as the number it is. JavaScript counts UTF-16 units, so a str here has a pair of surrogates for each
character beyond U+FFFF: ``to_units`` lets texts in, ``from_units`` lets them out. Nothing changes a value
once it is made. Whatever JavaScript would throw is an ``EvaluationError``.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pdfme_dagster.templates.expression_syntax import JS_WHITESPACE

# What one document's expressions, or one content's, may cost together: a second or two at worst. Adding up
# a table costs about 15 steps a row.
MAX_STEPS: Final = 1_000_000
# Characters that are looked at or made for one step: memory is bounded with the steps.
CHARACTERS_PER_STEP: Final = 64
# A text that an expression makes. No page has room for as much.
MAX_TEXT_LENGTH: Final = 1_000_000
# A variable that is longer is not read as JSON, but stays a text.
MAX_JSON_LENGTH: Final = 10_000_000
# Arrays and objects inside each other; each takes a Python call or two.
MAX_VALUE_DEPTH: Final = 64
# Levels of expressions that are being evaluated inside each other through arrow functions.
MAX_LIVE_DEPTH: Final = 128

# One of those in the module's docstring; object, since lists and dicts hold values again.
Value = object


class EvaluationError(Exception):
    """Raised where JavaScript throws, or when it gets too much; the placeholder then stays as text."""


class Undefined:
    """JavaScript's undefined."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED: Final = Undefined()


class Budget:
    """Counts what evaluating costs, so that it ends."""

    __slots__ = ("_depth", "_steps")

    def __init__(self) -> None:
        self._steps = MAX_STEPS
        self._depth = 0

    def spend(self, steps: int) -> None:
        """Count ``steps`` more; EvaluationError when there are none left."""
        self._steps -= steps
        if self._steps < 0:
            raise EvaluationError("too many steps")

    def spend_text(self, length: int) -> None:
        """Count a text of ``length`` that is about to be made; EvaluationError when it is too long."""
        if length > MAX_TEXT_LENGTH:
            raise EvaluationError("too long a text")
        self.spend(length // CHARACTERS_PER_STEP)

    def descend(self, levels: int) -> None:
        """Go ``levels`` deeper, until ``ascend``; EvaluationError, and no deeper, when that is too deep."""
        if self._depth + levels > MAX_LIVE_DEPTH:
            raise EvaluationError("too deep")
        self._depth += levels

    def ascend(self, levels: int) -> None:
        """Come back from ``levels`` below."""
        self._depth -= levels


Invoke = Callable[[list[Value], Budget], Value]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Function:
    """Something to call, or a holder of such as ``Math`` is, or both as ``Number`` is."""

    invoke: Invoke | None = None
    members: Mapping[str, Value] = field(default_factory=dict)


_SURROGATE = re.compile("[\ud800-\udfff]")


def to_units(text: str) -> str:
    """Return a text with a pair of surrogates for each character beyond U+FFFF."""
    if text.isascii() or max(text) <= "\uffff":
        return text
    return "".join(
        character
        if character <= "\uffff"
        else chr(0xD7C0 + (ord(character) >> 10)) + chr(0xDC00 + (ord(character) & 0x3FF))
        for character in text
    )


def from_units(text: str) -> str:
    """Return a text as Python writes it; half a pair becomes U+FFFD, since nothing can encode it."""
    return join_pairs(text, "replace")


def join_pairs(text: str, errors: str = "surrogatepass") -> str:
    """Return a text as Python writes it; halves of pairs stay, unless ``errors`` says otherwise."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", errors)


def parse_json(text: str) -> Value:
    """Return the value of a JSON text as JavaScript's JSON.parse does; ValueError when it is none.

    ValueError also for one longer than ``MAX_JSON_LENGTH`` or deeper than ``MAX_VALUE_DEPTH``.
    """
    start = text.lstrip(" \t\n\r")[:1]
    if not start or start not in _JSON_STARTS or len(text) > MAX_JSON_LENGTH or _is_deep(text):
        raise ValueError("not JSON")
    value: Value = _JSON.decode(to_units(text))
    # Python joins an escaped pair of surrogates.
    return adopt_value(value) if "\\u" in text else value


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


_JSON: Final = json.JSONDecoder(parse_int=float, parse_constant=_refuse_constant)
_JSON_STARTS: Final = frozenset('{["-0123456789tfn')
_JSON_STRING: Final = re.compile(r'"(?:[^"\\]++|\\.?)*+(?:"|\Z)', re.DOTALL)
_NO_BRACKETS: Final = re.compile(r"[^\[\]{}]+")


def _is_deep(text: str) -> bool:
    """Say whether a JSON text nests too deep, without parsing it; of what is no JSON, either may be said."""
    if text.count("[") + text.count("{") <= MAX_VALUE_DEPTH:
        return False
    brackets = _NO_BRACKETS.sub("", _JSON_STRING.sub("", text)).replace("{", "[").replace("}", "]")
    for _ in range(MAX_VALUE_DEPTH):
        brackets = brackets.replace("[]", "")
    return bool(brackets)


def adopt_value(value: object, depth: int = 0) -> Value:
    """Return a value made elsewhere as one of this module's; EvaluationError when JSON has none such."""
    if depth > MAX_VALUE_DEPTH:
        raise EvaluationError("too deep")
    if isinstance(value, str):
        return to_units(value)
    if isinstance(value, list):
        return [adopt_value(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {to_units(str(key)): adopt_value(item, depth + 1) for key, item in value.items()}
    if value is None or isinstance(value, bool):
        return value
    return _to_float(value)


def _to_float(value: object) -> float:
    if not isinstance(value, (int, float)):
        raise EvaluationError("not a value of JavaScript")
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def number_to_string(number: float) -> str:
    """Write a number as JavaScript does: 0.1, 100, 1e+21, NaN; minus zero as 0."""
    if number != number:
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if abs(number) < 2**53 and number == int(number):
        return str(int(number))
    return ("-" if number < 0 else "") + _write_digits(*split_digits(abs(number)))


def split_digits(number: float) -> tuple[str, int]:
    """Return the fewest digits that tell a positive number, and how many of them precede its point."""
    mantissa, _, exponent = repr(number).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = int(exponent or "0") + (len(whole) if whole != "0" else len(digits) - len(fraction))
    return digits.rstrip("0"), point


def _write_digits(digits: str, point: int) -> str:
    if 0 < point <= 21:
        padded = digits.ljust(point, "0")
        return padded[:point] + ("." + padded[point:] if len(padded) > point else "")
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    return write_exponent(digits, point - 1)


def write_exponent(digits: str, exponent: int) -> str:
    """Write digits with the point behind the first one and an exponent: 1.5e-7."""
    fraction = "." + digits[1:] if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{exponent:+d}"


_DECIMAL = re.compile(r"[+-]?(?:Infinity|(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?)")
_BASED = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")


def string_to_number(text: str) -> float:
    """Read a text as Number() does: blanks around it, decimal, hexadecimal; "" is 0, anything else NaN."""
    text = text.strip(JS_WHITESPACE)
    if not text:
        return 0.0
    if _DECIMAL.fullmatch(text):
        return float(text)
    return _to_float(int(text, 0)) if _BASED.fullmatch(text) else math.nan


def read_number_prefix(text: str) -> float:
    """Read the number that a text starts with, as parseFloat() does; NaN when there is none."""
    match = _DECIMAL.match(text.lstrip(JS_WHITESPACE))
    return float(match[0]) if match else math.nan


def is_truthy(value: Value) -> bool:
    """Say whether a value counts as true."""
    if value is None or value is UNDEFINED or value is False:
        return False
    if isinstance(value, (int, float)):
        return value == value and value != 0
    return value != "" if isinstance(value, str) else True


def to_string(value: Value, budget: Budget, depth: int = 0) -> str:
    """Turn a value into text as String() does; functions have none here."""
    if isinstance(value, str):
        return value
    if value is None or value is UNDEFINED or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, (int, float)):
        return number_to_string(_to_float(value))
    if isinstance(value, list):
        return join_values(value, ",", budget, depth)
    if isinstance(value, dict) and "toString" not in value:
        return "[object Object]"
    raise EvaluationError("a function is no text")


_WORDS: Final[dict[object, str]] = {None: "null", UNDEFINED: "undefined", True: "true", False: "false"}


def join_values(items: list[Value], separator: str, budget: Budget, depth: int = 0) -> str:
    """Return the items' texts with ``separator`` between them; null and undefined are empty ones."""
    if depth > MAX_VALUE_DEPTH:
        raise EvaluationError("too deep")
    budget.spend(len(items))
    texts, length = [], len(separator) * len(items)
    for item in items:
        text = "" if item is None or item is UNDEFINED else to_string(item, budget, depth + 1)
        length += len(text)
        budget.spend_text(length if length > MAX_TEXT_LENGTH else len(text))
        texts.append(text)
    return separator.join(texts)


def to_number(value: Value, budget: Budget) -> float:
    """Turn a value into a number as Number() does."""
    if isinstance(value, float):
        return value
    if value is None:
        return 0.0
    if value is UNDEFINED:
        return math.nan
    if isinstance(value, (bool, int)):
        return _to_float(value)
    text = to_string(value, budget)
    budget.spend(len(text) // CHARACTERS_PER_STEP)
    return string_to_number(text)


def to_integer(value: Value, budget: Budget) -> int:
    """Turn a value into a whole number, towards zero; NaN is 0, and infinity beyond any length."""
    number = to_number(value, budget)
    if number != number:
        return 0
    return int(max(min(number, 2.0**53), -(2.0**53)))


def to_primitive(value: Value, budget: Budget) -> Value:
    """Turn arrays and objects into text, as operators do with their operands."""
    return to_string(value, budget) if isinstance(value, (list, dict, Function)) else value


def to_key(value: Value) -> str:
    """Return the name of a member that a text or number stands for; nothing else is one for pdfme."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number_to_string(_to_float(value))
    raise EvaluationError("not a key")


def is_number(value: Value) -> bool:
    """Say whether a value is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def equals_strictly(left: Value, right: Value, budget: Budget) -> bool:
    """Compare as ``===`` does."""
    if isinstance(left, str) and isinstance(right, str):
        budget.spend(len(left) // CHARACTERS_PER_STEP if len(left) == len(right) else 0)
        return left == right
    if is_number(left) and is_number(right):
        return left == right
    return left is right


def equals_loosely(left: Value, right: Value, budget: Budget) -> bool:
    """Compare as ``==`` does."""
    if is_nothing(left) or is_nothing(right):
        return is_nothing(left) and is_nothing(right)
    if _kind(left) == _kind(right):
        return equals_strictly(left, right, budget)
    left, right = to_primitive(left, budget), to_primitive(right, budget)
    if isinstance(left, str) and isinstance(right, str):
        return equals_strictly(left, right, budget)
    return to_number(left, budget) == to_number(right, budget)


def is_nothing(value: Value) -> bool:
    """Say whether a value is null or undefined."""
    return value is None or value is UNDEFINED


def _kind(value: Value) -> type:
    if isinstance(value, (list, dict, Function)):
        return object
    return float if is_number(value) else type(value)


def equals_as_same(left: Value, right: Value, budget: Budget) -> bool:
    """Compare as includes() does: NaN is NaN."""
    return (is_nan(left) and is_nan(right)) or equals_strictly(left, right, budget)


def is_nan(value: Value) -> bool:
    """Say whether a value is the number NaN."""
    return isinstance(value, float) and value != value


_INDEX = re.compile(r"(?:0|[1-9][0-9]{0,9})")
_MAX_INDEX = 2**32 - 2


def is_index(key: str) -> bool:
    """Say whether a key is an array's index: such keys come first in an object, by size."""
    return _INDEX.fullmatch(key) is not None and int(key) <= _MAX_INDEX


def order_keys(keys: Iterable[str]) -> list[str]:
    """Return keys in the order in which JavaScript lists them."""
    keys = list(keys)
    indexes = [key for key in keys if is_index(key)]
    if not indexes:
        return keys
    return sorted(indexes, key=int) + [key for key in keys if not is_index(key)]


def list_entries(value: Value, budget: Budget) -> list[tuple[str, Value]]:
    """Return keys and values of an object, array or text as Object.entries() does; none for a number."""
    if value is None or value is UNDEFINED or isinstance(value, Function):
        raise EvaluationError("no object")
    if isinstance(value, dict):
        budget.spend(len(value))
        return [(key, value[key]) for key in order_keys(value)]
    if isinstance(value, (list, str)):
        budget.spend(len(value))
        return [(str(index), item) for index, item in enumerate(value)]
    return []


_TO_ESCAPE = re.compile(
    '["\\\\\x00-\x1f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]'
)
_SHORT_ESCAPES: Final = {
    '"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t",
}  # fmt: skip


def _quote(text: str, budget: Budget) -> str:
    budget.spend_text(len(text))
    return '"' + _TO_ESCAPE.sub(lambda found: _escape(found[0]), text) + '"'


def _escape(character: str) -> str:
    return _SHORT_ESCAPES.get(character) or f"\\u{ord(character):04x}"


def write_json(value: Value, indent: str, budget: Budget, depth: int = 0) -> str | None:
    """Write a value as JSON.stringify() does, with ``indent`` for each level; None for undefined."""
    budget.spend(1)
    if depth > MAX_VALUE_DEPTH:
        raise EvaluationError("too deep")
    if isinstance(value, str):
        return _quote(value, budget)
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, (int, float)):
        number = _to_float(value)
        return number_to_string(number) if math.isfinite(number) else "null"
    if value is UNDEFINED:
        return None
    if isinstance(value, list):
        parts = [write_json(item, indent, budget, depth + 1) or "null" for item in value]
        return _write_group(parts, "[]", indent, budget, depth)
    return _write_group(_write_entries(value, indent, budget, depth), "{}", indent, budget, depth)


def _write_entries(value: Value, indent: str, budget: Budget, depth: int) -> list[str]:
    if not isinstance(value, dict) or isinstance(value.get("toJSON"), Function):
        raise EvaluationError("a function is no JSON")
    colon = ": " if indent else ":"
    return [
        _quote(key, budget) + colon + text
        for key, item in list_entries(value, budget)
        if (text := write_json(item, indent, budget, depth + 1)) is not None
    ]


def _write_group(parts: list[str], brackets: str, indent: str, budget: Budget, depth: int) -> str:
    margin = "\n" + indent * depth if indent and parts else ""
    budget.spend_text(sum(len(part) + len(margin) + len(indent) + 1 for part in parts))
    step = margin and margin + indent
    return brackets[0] + step + ("," + step).join(parts) + margin + brackets[1]
