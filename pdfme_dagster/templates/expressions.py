"""Placeholders in a template's fixed texts: ``{...}`` with an expression, as pdfme 5 and later fill them in.

Not here: JavaScript's grammar, values and library (the modules named expression_...), nor which fields of a
template have placeholders.

    contents = {name: compile_content(content, fields=names) for each read-only field}
    fields = compile_fields((name, contents.get(name)) for each field, wanted=names that contents read)
    variables = fields.build_variables(input, current_page=1, total_pages=2, date=..., date_time=...)
    text = contents["total"].fill(variables)

What pdfme does is done here, also where it surprises: a variable that looks like JSON is its value, so that
"12.50" prints as 12.5; both sides of && and || are evaluated; a field's content is filled in once, in the
order of the fields, so that a name in it reads a later field's content as written; an expression that fails
stays in place as it is written, braces and all.

On purpose it is otherwise here:

* What pdfme can never evaluate, and drops behind an expression or leaves in place without a word, is refused
  when the template is loaded.
* There is no clock: ``date`` and ``dateTime`` are variables, the statement's or the run's.
* What comes with a document is never evaluated: braces in a merchant's name are part of the name.
* Everything is bounded, there are no regular expressions, and nothing changes a variable in place: reverse()
  returns a copy, where pdfme's ``{rows.reverse().join()}`` turns the rows over twice.
* A function has no text: ``{total.toFixed}`` stays in place.
* The last digit of ``a ** b`` is the C library's, which that of V8 may differ from by one.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pdfme_dagster.templates.expression_compiler import Compiler, Evaluate, Frame, Variables
from pdfme_dagster.templates.expression_syntax import (
    JS_WHITESPACE,
    ExpressionError,
    parse_expression,
)
from pdfme_dagster.templates.expression_values import (
    Budget,
    EvaluationError,
    Value,
    adopt_value,
    from_units,
    order_keys,
    parse_json,
    to_string,
    to_units,
)

__all__ = [
    "Content",
    "ExpressionError",
    "Fields",
    "Variables",
    "compile_content",
    "compile_fields",
    "compile_markup",
]

# One content is a line or a paragraph; the limit keeps a hostile template from being read for minutes.
MAX_PLACEHOLDERS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placeholder:
    source: str  # with its braces: what stays when evaluating fails
    evaluate: Evaluate
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A field's content, ready to be filled in; ``names`` are the variables that it reads."""

    source: str
    names: frozenset[str]
    parts: tuple[str | _Placeholder, ...] = field(repr=False)

    @property
    def is_literal(self) -> bool:
        """Whether there is nothing to fill in."""
        return not any(isinstance(part, _Placeholder) for part in self.parts)

    def fill(self, variables: Mapping[str, object]) -> str:
        """Return the text with every placeholder replaced; never raises.

        ``variables`` are as ``Fields.build_variables`` makes them. In any other mapping, too, a text is a
        text and never read as JSON. A placeholder that fails, as one with a name they lack, stays in place as
        it is written.
        """
        if not isinstance(variables, Variables):
            variables = _adopt_variables(variables, self.names)
        return self.fill_within(variables, Budget())

    def fill_within(self, variables: Variables, budget: Budget) -> str:
        """Return the text with every placeholder replaced, at the cost of ``budget``; never raises."""
        frame = Frame(variables, {}, budget)
        return "".join(
            part if isinstance(part, str) else _fill_placeholder(part, frame) for part in self.parts
        )


def _fill_placeholder(placeholder: _Placeholder, frame: Frame) -> str:
    try:
        frame.budget.spend(placeholder.size)
        text = to_string(placeholder.evaluate(frame), frame.budget)
        frame.budget.spend_text(len(text))
    except EvaluationError:
        return placeholder.source
    return from_units(text)


def _adopt_variables(variables: Mapping[str, object], names: Collection[str]) -> Variables:
    """Return those of ``names``; a value that JavaScript has none such for is missing."""
    adopted = Variables()
    for name in sorted(names):
        if name in variables:
            _put_variable(adopted, name, variables[name], adopt_value)
    return adopted


def _put_variable(variables: Variables, name: str, value: object, read: Callable[[object], Value]) -> None:
    try:
        variables[name] = read(value)
    except EvaluationError:
        variables.pop(name, None)


def _read_variable(value: object) -> Value:
    """Return the value of a variable: what it says when it is JSON, as pdfme does."""
    if not isinstance(value, str):
        return adopt_value(value)
    try:
        return parse_json(value)
    except ValueError:
        return to_units(value)


def _read_structure(value: object) -> Value:
    """Return the value of a variable that is a text unless it is an array or an object."""
    if isinstance(value, str) and not value.lstrip().startswith(("[", "{")):
        return to_units(value)
    return _read_variable(value)


def compile_content(content: str, *, fields: Collection[str] = ()) -> Content:
    """Read the placeholders of a read-only field's content.

    ``fields`` are the names of the template's fields: they hide globals, so that with a field of that name
    ``{Date}`` is fine. ExpressionError names the first expression that is not supported. Braces that do not
    match, or have only blanks in them, are text, as in pdfme.
    """
    return _compile(content, fields, lenient=False)


def compile_markup(content: str, *, fields: Collection[str] = ()) -> Content:
    """Read placeholders as ``compile_content`` does, but what is no supported expression stays as text.

    For contents that have braces of their own, as the style sheet of an SVG.
    """
    return _compile(content, fields, lenient=True)


def _compile(content: str, fields: Collection[str], *, lenient: bool) -> Content:
    parts: list[str | _Placeholder] = []
    names: set[str] = set()
    for piece, is_code in _split_content(content):
        code = piece[1:-1].strip(JS_WHITESPACE) if is_code else ""
        if not code:
            parts.append(piece)
            continue
        try:
            placeholder, read = _compile_placeholder(piece, code, fields, len(parts))
        except ExpressionError:
            if not lenient:
                raise
            parts.append(piece)
        else:
            parts.append(placeholder)
            names |= read
    return Content(source=content, names=frozenset(names), parts=tuple(parts))


_BRACE = re.compile(r"[{}]")


def _split_content(content: str) -> Iterator[tuple[str, bool]]:
    """Yield a content's pieces, every other one in braces that match, quoted braces counting too."""
    place, start, depth = 0, 0, 0
    for match in _BRACE.finditer(content):
        if match[0] == "{":
            start = start if depth else match.start()
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                yield content[place:start], False
                yield content[start : match.end()], True
                place = match.end()
    yield content[place:], False


def _compile_placeholder(
    source: str, code: str, fields: Collection[str], place: int
) -> tuple[_Placeholder, set[str]]:
    if place > 2 * MAX_PLACEHOLDERS:
        raise ExpressionError(code, f"it comes after {MAX_PLACEHOLDERS} others; use several fields")
    compiler, node = Compiler(code, fields), parse_expression(code)
    return _Placeholder(source=source, evaluate=compiler.compile_whole(node), size=node.size), compiler.names


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What a template's fields give to expressions: each one's content by name, "" for an editable one."""

    values: Mapping[str, Value]
    # In the order in which they are filled in, each once.
    contents: tuple[tuple[str, Content], ...]
    wanted: frozenset[str] | None

    def build_variables(
        self,
        inputs: Mapping[str, object],
        *,
        current_page: int,
        total_pages: int,
        date: str,
        date_time: str,
        keep_texts: bool = False,
    ) -> Variables:
        """Return the variables of one page.

        ``inputs`` are the document's values by name: texts, read as JSON where they are, or what JSON has.
        They override fields, and the numbers of pages override both. ``date`` is ``yyyy/MM/dd`` and
        ``date_time`` ``yyyy/MM/dd HH:mm``, as pdfme writes them. With ``keep_texts`` only arrays and objects
        are read: an account number stays whole, and 25.250 keeps its zero.
        """
        read = _read_structure if keep_texts else _read_variable
        variables = Variables(date=date, dateTime=date_time)
        variables.update(self.values)
        given = {**inputs, "currentPage": current_page, "totalPages": total_pages}
        for name, value in given.items():
            if self.wanted is None or name in self.wanted:
                _put_variable(variables, name, value, read)
        budget = Budget()
        for name, content in self.contents:
            if name not in given:
                variables[name] = to_units(content.fill_within(variables, budget))
        return variables


def compile_fields(
    fields: Iterable[tuple[str, Content | None]], *, wanted: Collection[str] | None = None
) -> Fields:
    """Read a template's fields, page by page, each with its name and its content, None when it is editable.

    Of fields with one name, the last counts. With ``wanted``, the names that contents read, nothing else is
    read or filled in for each document; without, everything is.
    """
    latest = dict(fields)
    # The date is pdfme's first variable, also when a field has its name.
    order = [name for name in order_keys(["date", "dateTime", *latest]) if name in latest]
    values = {name: _read_variable(content.source) if content else "" for name, content in latest.items()}
    contents = {name: _refill(latest[name], values[name], latest) for name in order}
    reads = {name: content for name, content in contents.items() if content and not content.is_literal}
    if wanted is not None:
        wanted = _follow_names(wanted, reads)
    return Fields(
        values={name: value for name, value in values.items() if wanted is None or name in wanted},
        contents=tuple(
            (name, content) for name, content in reads.items() if wanted is None or name in wanted
        ),
        wanted=wanted,
    )


def _refill(content: Content | None, value: Value, fields: Collection[str]) -> Content | None:
    """Return what there is to fill in of a field's value: of JSON only a text, which is a content again."""
    if content is None or not isinstance(value, str):
        return None
    text = from_units(value)
    return content if text == content.source else compile_markup(text, fields=fields)


def _follow_names(wanted: Collection[str], contents: Mapping[str, Content]) -> frozenset[str]:
    """Return the names that are wanted, and those that their contents read, and so on."""
    found, ahead = set(wanted), list(wanted)
    while ahead:
        content = contents.get(ahead.pop())
        new = content.names - found if content else frozenset()
        found |= new
        ahead += new
    return frozenset(found)
