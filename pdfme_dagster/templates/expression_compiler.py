"""Turns the tree of an expression into Python functions that call each other.

Not here: the grammar (expression_syntax.py), what values and their methods do (expression_values.py,
expression_methods.py, expression_globals.py), nor where expressions stand (expressions.py).
"""

import math
import operator
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import singledispatchmethod
from typing import Any, Final, NoReturn

from pdfme_dagster.templates.expression_globals import GLOBALS, NO_OWNERS, raise_power
from pdfme_dagster.templates.expression_methods import (
    FORBIDDEN_MEMBERS,
    METHODS,
    call_function,
    call_method,
    read_member,
)
from pdfme_dagster.templates.expression_syntax import (
    Array,
    Arrow,
    Binary,
    Call,
    Conditional,
    ExpressionError,
    Literal,
    Member,
    Name,
    Node,
    Record,
    Unary,
    show_part,
)
from pdfme_dagster.templates.expression_values import (
    CHARACTERS_PER_STEP,
    UNDEFINED,
    Budget,
    EvaluationError,
    Function,
    Value,
    equals_loosely,
    equals_strictly,
    is_truthy,
    number_to_string,
    to_key,
    to_number,
    to_primitive,
    to_string,
    to_units,
)


class Frame:
    """What an expression is evaluated with: the variables, an arrow function's parameters, the budget."""

    __slots__ = ("budget", "parameters", "variables")

    def __init__(self, variables: "Variables", parameters: dict[str, Value], budget: Budget) -> None:
        self.variables = variables
        self.parameters = parameters
        self.budget = budget


Evaluate = Callable[[Frame], Value]


class Variables(dict[str, Value]):
    """Variables by name, read and ready to be used."""

    __slots__ = ()


_UNKNOWN_NAMES: Final = {
    "Date": "use {date} or {dateTime}: a document has its own date, not the clock's",
    "undefined": "pdfme does not know it; a == null is true for it as well",
    "NaN": "pdfme does not know it; use isNaN(a) or Number.NaN",
    "Infinity": "pdfme does not know it; use Number.POSITIVE_INFINITY",
    "RegExp": "there are no regular expressions",
    "this": "use the names of fields",
}
_NOT_CALLED: Final = {
    "toLocaleString": "pdfme refuses it; use toFixed(2)",
    "valueOf": "pdfme refuses it; use Number(a) or String(a)",
    **dict.fromkeys(("push", "unshift", "splice", "pop", "shift"), "use concat() or slice()"),
    **dict.fromkeys(("match", "matchAll", "search"), "there are no regular expressions; use includes()"),
    "forEach": "use map()",
    "random": "the same document gives the same PDF",
}


class Compiler:
    """Turns an expression's tree into functions that call each other, and notes which variables it reads."""

    def __init__(self, code: str, fields: Collection[str]) -> None:
        self.code = code
        self.names: set[str] = set()
        self._fields = fields
        self._parameters: frozenset[str] = frozenset()

    def compile_whole(self, node: Node) -> Evaluate:
        """Return what evaluates the tree; ExpressionError when it is something that has no text."""
        if isinstance(node, Arrow) or (isinstance(node, Name) and self._is_global(node)):
            raise ExpressionError(self.code, "a function has no text; call it")
        return self._compile(node)

    @singledispatchmethod
    def _compile(self, node: Node) -> Evaluate:
        raise TypeError(node)

    def _refuse(self, what: str, name: str, known: Iterable[str] = ()) -> NoReturn:
        fix = _UNKNOWN_NAMES.get(name) or _NOT_CALLED.get(name)
        fix = f"; {fix}" if fix else ""
        rest = f"; there are {', '.join(sorted(known))}" if known else ""
        raise ExpressionError(self.code, f"{what} is not supported{fix}{rest}")

    def _is_global(self, node: Node) -> bool:
        """Say whether this names something global; every other name is a variable or a parameter."""
        if not isinstance(node, Name) or node.name in self._parameters or node.name in self._fields:
            return False
        return node.name in GLOBALS

    @_compile.register
    def _compile_literal(self, node: Literal) -> Evaluate:
        value = to_units(node.value) if isinstance(node.value, str) else node.value
        return lambda _frame: value

    @_compile.register
    def _compile_name(self, node: Name) -> Evaluate:
        name = node.name
        if name in self._parameters:
            return lambda frame: frame.parameters[name]
        if self._is_global(node):
            known = GLOBALS[name]
            return lambda _frame: known
        if name in _UNKNOWN_NAMES and name not in self._fields:
            self._refuse(name, name)
        self.names.add(name)
        return _look_up(name)

    @_compile.register
    def _compile_unary(self, node: Unary) -> Evaluate:
        operand, apply = self._compile(node.operand), _UNARY[node.operator]
        return lambda frame: apply(operand(frame), frame.budget)

    @_compile.register
    def _compile_binary(self, node: Binary) -> Evaluate:
        first = self._compile(node.first)
        rest = [(_BINARY[sign], self._compile(operand)) for sign, operand in node.rest]

        def evaluate(frame: Frame) -> Value:
            left = first(frame)
            for apply, right in rest:
                left = apply(left, right(frame), frame.budget)
            return left

        return evaluate

    @_compile.register
    def _compile_conditional(self, node: Conditional) -> Evaluate:
        test, yes, no = self._compile(node.test), self._compile(node.yes), self._compile(node.no)
        return lambda frame: yes(frame) if is_truthy(test(frame)) else no(frame)

    @_compile.register
    def _compile_array(self, node: Array) -> Evaluate:
        items = [self._compile(item) for item in node.items]
        return lambda frame: [item(frame) for item in items]

    @_compile.register
    def _compile_record(self, node: Record) -> Evaluate:
        entries = [(_write_key(key), self._compile(item)) for key, item in node.entries]
        if any(key == "__proto__" for key, _ in entries):
            self._refuse("__proto__", "__proto__")
        return lambda frame: {key: item(frame) for key, item in entries}

    @_compile.register
    def _compile_arrow(self, node: Arrow) -> Evaluate:
        outer = self._parameters
        self._parameters = outer.union(node.parameters)
        body = self._compile(node.body)
        self._parameters = outer
        return _define_arrow(node, body)

    @_compile.register
    def _compile_member(self, node: Member) -> Evaluate:
        owner, key = self._compile(node.owner), _name_member(node)
        if key is None:
            index = self._compile_key(node)
            return lambda frame: read_member(owner(frame), to_key(index(frame)))
        name = to_units(key)
        self._check_member(node, key)
        return lambda frame: read_member(owner(frame), name)

    def _compile_key(self, node: Member) -> Evaluate:
        if isinstance(node.key, str) or self._is_global(node.owner):
            raise ExpressionError(
                self.code, "members of something global are read by their names, as Math.PI"
            )
        return self._compile(node.key)

    def _check_member(self, node: Member, key: str) -> None:
        if key in FORBIDDEN_MEMBERS or key in ("toLocaleString", "valueOf"):
            self._refuse(key, key)
        if isinstance(node.owner, Name) and self._is_global(node.owner):
            members = GLOBALS[node.owner.name].members
            if key not in members:
                self._refuse(f"{node.owner.name}.{show_part(key)}", key, members)

    @_compile.register
    def _compile_call(self, node: Call) -> Evaluate:
        arguments = [self._compile(argument) for argument in node.arguments]
        if isinstance(node.callee, Member):
            owner, name = self._compile(node.callee.owner), self._name_method(node.callee)
            return lambda frame: call_method(
                owner(frame), name, [argument(frame) for argument in arguments], frame.budget
            )
        self._check_callee(node.callee)
        callee = self._compile(node.callee)
        return lambda frame: call_function(
            callee(frame), [argument(frame) for argument in arguments], frame.budget
        )

    def _name_method(self, callee: Member) -> str:
        """Return the name of the method that is called; ExpressionError when there is none such."""
        name = _name_member(callee)
        if name is None:
            raise ExpressionError(self.code, "methods are called by their names, as a.slice(1)")
        self._check_member(callee, name)
        if isinstance(callee.owner, Name) and self._is_global(callee.owner):
            owner = callee.owner.name
            member = GLOBALS[owner].members[name]
            if owner in NO_OWNERS or not isinstance(member, Function):
                self._refuse(f"{owner}.{name}(), which pdfme cannot call,", name)
        elif name not in METHODS:
            self._refuse(f"the method {show_part(name)}()", name, METHODS)
        return name

    def _check_callee(self, callee: Node) -> None:
        if not isinstance(callee, Name) or callee.name in self._parameters:
            return
        if not self._is_global(callee) or GLOBALS[callee.name].invoke is None:
            functions = [name for name, known in GLOBALS.items() if known.invoke]
            self._refuse(f"{show_part(callee.name)}()", callee.name, functions)


def _name_member(node: Member) -> str | None:
    """Return the name of a member that is known without evaluating anything."""
    if isinstance(node.key, str):
        return node.key
    return node.key.value if isinstance(node.key, Literal) and isinstance(node.key.value, str) else None


def _write_key(key: str | float) -> str:
    return to_units(key) if isinstance(key, str) else number_to_string(key)


def _look_up(name: str) -> Evaluate:
    def evaluate(frame: Frame) -> Value:
        try:
            return frame.variables[name]
        except KeyError:
            raise EvaluationError("no such variable") from None

    return evaluate


# What calling a function takes besides its body.
_CALL_DEPTH = 3


def _define_arrow(node: Arrow, body: Evaluate) -> Evaluate:
    names, size, levels = node.parameters, node.size, node.body.depth + _CALL_DEPTH

    def evaluate(frame: Frame) -> Value:
        def invoke(arguments: list[Value], budget: Budget) -> Value:
            budget.spend(size)
            budget.descend(levels)
            try:
                missing = [UNDEFINED] * (len(names) - len(arguments))
                given = dict(zip(names, [*arguments, *missing], strict=False))
                return body(Frame(frame.variables, {**frame.parameters, **given}, budget))
            finally:
                budget.ascend(levels)

        return Function(invoke=invoke)

    return evaluate


def _add(left: Value, right: Value, budget: Budget) -> Value:
    if isinstance(left, float) and isinstance(right, float):
        return left + right
    left, right = to_primitive(left, budget), to_primitive(right, budget)
    if not isinstance(left, str) and not isinstance(right, str):
        return to_number(left, budget) + to_number(right, budget)
    left, right = to_string(left, budget), to_string(right, budget)
    budget.spend_text(len(left) + len(right))
    return left + right


def _divide(left: float, right: float) -> float:
    if right:
        return left / right
    if not left or left != left:
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _remainder(left: float, right: float) -> float:
    if not right or math.isinf(left):
        return math.nan
    return math.fmod(left, right)


_Apply = Callable[[Value, Value, Budget], Value]


def _compute(compute: Callable[[float, float], float]) -> _Apply:
    return lambda left, right, budget: compute(to_number(left, budget), to_number(right, budget))


def _compare(compare: Callable[[Any, Any], bool]) -> _Apply:
    def apply(left: Value, right: Value, budget: Budget) -> Value:
        left, right = to_primitive(left, budget), to_primitive(right, budget)
        if isinstance(left, str) and isinstance(right, str):
            budget.spend(min(len(left), len(right)) // CHARACTERS_PER_STEP)
            return compare(left, right)
        return compare(to_number(left, budget), to_number(right, budget))

    return apply


_UNARY: Final[Mapping[str, Callable[[Value, Budget], Value]]] = {
    "+": to_number,
    "-": lambda value, budget: -to_number(value, budget),
    "!": lambda value, _budget: not is_truthy(value),
}
_BINARY: Final[Mapping[str, _Apply]] = {
    # pdfme evaluates both sides before it looks at the left one.
    "&&": lambda left, right, _budget: right if is_truthy(left) else left,
    "||": lambda left, right, _budget: left if is_truthy(left) else right,
    "==": equals_loosely,
    "!=": lambda left, right, budget: not equals_loosely(left, right, budget),
    "===": equals_strictly,
    "!==": lambda left, right, budget: not equals_strictly(left, right, budget),
    "<": _compare(operator.lt),
    ">": _compare(operator.gt),
    "<=": _compare(operator.le),
    ">=": _compare(operator.ge),
    "+": _add,
    "-": _compute(operator.sub),
    "*": _compute(operator.mul),
    "/": _compute(_divide),
    "%": _compute(_remainder),
    "**": _compute(raise_power),
}
