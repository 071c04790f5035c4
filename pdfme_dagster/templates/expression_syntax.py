"""What an expression may look like: its words, and the tree they make by JavaScript's precedence.

Not here: what a tree is worth (expression_compiler.py), nor which names and methods there are
(expression_methods.py, expression_globals.py).

The grammar is the part of JavaScript that pdfme evaluates. What pdfme parses but never evaluates, and always
leaves in place as text, is refused here by name.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from pdfme_dagster.domain.privacy import mask_numbers

# Nobody writes a longer one by hand; the limit keeps every pass over an expression cheap.
MAX_CODE_LENGTH: Final = 4_000
# Brackets, choices and arrows inside each other: parsing takes up to some eighteen Python calls each.
MAX_NESTING: Final = 24
# Levels of the tree, where a.b.c has three: evaluating takes a Python call or two for each.
MAX_DEPTH: Final = 64

JS_WHITESPACE: Final = (
    "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_SHOWN_CODE = 60


class ExpressionError(ValueError):
    """Raised for an expression that is not supported; the text names it, what it is about, and the fix."""

    def __init__(self, code: str, problem: str) -> None:
        super().__init__(code, problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"{show_code(self.args[0])}: {self.problem}"


def show_code(code: str) -> str:
    """Show an expression in a message, in its braces: long numbers masked, cut to size, printable."""
    return "{" + show_part(code) + "}"


def show_part(code: str) -> str:
    """Show a part of an expression in a message."""
    shown = "".join(character if character.isprintable() else " " for character in code[: 4 * _SHOWN_CODE])
    shown = mask_numbers(shown)
    return shown if len(shown) <= _SHOWN_CODE else shown[:_SHOWN_CODE] + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A part of an expression; ``depth`` counts the levels below and with it, ``size`` its nodes."""

    depth: int = 1
    size: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal(Node):
    """A number, a text, true, false or null."""

    value: float | str | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(Node):
    """A variable, a parameter or something global."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unary(Node):
    """One of ``+ - !`` before its operand."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary(Node):
    """Operators of one precedence, from the left: a chain, so that a long sum is not a deep tree."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditional(Node):
    """``test ? yes : no``."""

    test: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Member(Node):
    """``owner.key`` with a text as the key, or ``owner[key]``."""

    owner: Node
    key: Node | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Node):
    """``callee(arguments)``."""

    callee: Node
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Array(Node):
    """``[items]``."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Node):
    """``{key: value}``; keys are as written, a later one overrides."""

    entries: tuple[tuple[str | float, Node], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow(Node):
    """``(parameters) => body``."""

    parameters: tuple[str, ...]
    body: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    kind: str
    text: str
    start: int
    value: float | str = ""


_END = "end"
_NAME_TEXT = r"[^\s\ufeff!-\#%-/:-@\[-^`{-~]+"
_NAME = re.compile(_NAME_TEXT)
_DIGITS = r"[0-9](?:_?[0-9])*"
_TOKEN = re.compile(
    rf"""
    (?P<blank>[{JS_WHITESPACE}]+)
    | (?P<number> 0[xX][0-9a-fA-F](?:_?[0-9a-fA-F])* | 0[oO][0-7](?:_?[0-7])* | 0[bB][01](?:_?[01])*
        | (?: (?:0|[1-9](?:_?[0-9])*) (?:\.(?:{_DIGITS})?)? | \.{_DIGITS} ) (?:[eE][+-]?{_DIGITS})? )
    | (?P<string> "(?:[^"\\\r\n]|\\(?:\r\n|.))*" | '(?:[^'\\\r\n]|\\(?:\r\n|.))*' )
    | (?P<name> {_NAME_TEXT} )
    | (?P<refused> // | /\* | \.\.\. | \?\.(?![0-9]) | \?\?=? | \+\+ | -- | <<=? | >>>?=? | (?:\*\*|[-+*/%])=
        | (?:&&|\|\|)= | &(?!&) | \|(?!\|) | \^ | ~ | =(?![=>]) | ` | ; | \# | \\ )
    | (?P<sign> => | === | !== | == | != | <= | >= | && | \|\| | \*\* | [-+*/%<>!?:.,()\[\]{{}}] )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?P<escaped>\r\n|u\{[0-9a-fA-F]{1,8}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL
)
_ESCAPED: Final = {
    "n": "\n",
    "t": "\t",
    "b": "\b",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "0": "\0",
    **dict.fromkeys(("\r\n", "\n", "\r", "\u2028", "\u2029"), ""),
}
_NEW_LINE = re.compile("[\n\r\u2028\u2029]")
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_RESERVED_NAMES = """
break case catch class const continue debugger default delete do else enum export extends finally for
function if import in instanceof new return super switch this throw try typeof var void while with
"""
_RESERVED: Final = frozenset(_RESERVED_NAMES.split())
_FIXES: Final = {
    "`": "write 'text ' + name instead of a template literal",
    "?.": "write a && a.b instead of optional chaining",
    "??": "write a || b instead",
    "...": "use concat() or Object.assign() instead of spreading",
    "=": "compare with === ; nothing can be assigned",
    "//": "leave comments out",
    "/*": "leave comments out",
    "/": "there are no regular expressions: use split('a').join('b') or replaceAll('a', 'b')",
    "new": "for today's date use {date} or {dateTime}",
    "typeof": "compare values instead",
    "function": "write x => x + 1",
}
_POWERS: Final = {
    "||": 1,
    "&&": 2,
    **dict.fromkeys(("==", "!=", "===", "!=="), 3),
    **dict.fromkeys(("<", ">", "<=", ">="), 4),
    **dict.fromkeys(("+", "-"), 5),
    **dict.fromkeys(("*", "/", "%"), 6),
    "**": 7,
}
_PREFIXES: Final = ("+", "-", "!")


def parse_expression(code: str) -> Node:
    """Return the tree of one expression; ExpressionError when it is none, or outside what is supported."""
    return _Parser(code).parse()


def _refuse(code: str, text: str) -> NoReturn:
    fix = _FIXES.get(text)
    raise ExpressionError(code, f"{text} is not supported" + (f"; {fix}" if fix else ""))


def _read_tokens(code: str) -> list[_Token]:
    tokens, place = [], 0
    while place < len(code):
        match = _TOKEN.match(code, place)
        if match is None:
            raise ExpressionError(code, _explain_character(code[place]))
        if match.lastgroup != "blank":
            tokens.append(_to_token(code, match))
        place = match.end()
    return [*tokens, _Token(kind=_END, text="its end", start=len(code))]


def _explain_character(character: str) -> str:
    if character in "'\"":
        return (
            f"a text is not closed by {character}, or has a brace in it: write \\x7b for {{ and \\x7d for }}"
        )
    return f"{show_part(character)} is not part of an expression"


def _to_token(code: str, match: re.Match[str]) -> _Token:
    kind, text, start = match.lastgroup or "", match[0], match.start()
    if kind == "refused":
        _refuse(code, text)
    if kind == "number":
        if behind := _NAME.match(code, match.end()):
            raise ExpressionError(
                code, f"{show_part(text + behind[0])} is not a number; write one as 12.5 or 0x1f"
            )
        return _Token(kind="literal", text=text, start=start, value=_read_number(text.replace("_", "")))
    if kind == "string":
        return _Token(kind="literal", text=text, start=start, value=_read_string(code, text[1:-1]))
    if kind == "name" and not text.replace("$", "_").isidentifier():
        raise ExpressionError(code, f"{show_part(text)} is not a name")
    return _Token(kind=kind, text=text, start=start)


def _read_number(text: str) -> float:
    if text[:2].lower() in ("0x", "0o", "0b"):
        try:
            return float(int(text, 0))
        except OverflowError:
            return float("inf")
    return float(text)


def _read_string(code: str, text: str) -> str:
    def read_escape(match: re.Match[str]) -> str:
        escaped = match["escaped"]
        if escaped in _ESCAPED and not (escaped == "0" and text[match.end() : match.end() + 1].isdigit()):
            return _ESCAPED[escaped]
        if escaped[0] in "ux" and len(escaped) > 1:
            number = int(escaped[1:].strip("{}"), 16)
            if number <= 0x10FFFF:
                return chr(number)
        if escaped[0] in "ux0123456789":
            raise ExpressionError(code, f"\\{escaped} is no character; write \\x7b or \\u007b")
        return escaped

    return _ESCAPE.sub(read_escape, text) if "\\" in text else text


class _Parser:
    """Reads a list of tokens by recursive descent, binary operators by their power."""

    def __init__(self, code: str) -> None:
        if len(code) > MAX_CODE_LENGTH:
            raise ExpressionError(code, f"it is longer than {MAX_CODE_LENGTH} characters; use several fields")
        self._code = code
        self._tokens = _read_tokens(code)
        self._place = 0
        self._nesting = 0
        self._arrow_start = -1  # the only token at which an arrow function's brackets may open

    def parse(self) -> Node:
        node = self._parse_value()
        if self._token.kind != _END:
            self._fail_here()
        return node

    @property
    def _token(self) -> _Token:
        return self._tokens[self._place]

    def _take(self) -> _Token:
        token = self._token
        self._place += token.kind != _END
        return token

    def _take_sign(self, *signs: str) -> str | None:
        token = self._token
        return self._take().text if token.kind == "sign" and token.text in signs else None

    def _expect(self, sign: str) -> None:
        if self._take_sign(sign) is None:
            self._fail_here(f"; expected {sign}")

    def _fail_here(self, hint: str = "") -> NoReturn:
        token = self._token
        if token.text in _FIXES or token.text in _RESERVED:
            _refuse(self._code, token.text)
        hint = (
            hint or "; an expression is one value: write a + ' ' + b, or put braces of their own around each"
        )
        raise ExpressionError(self._code, f"{show_part(token.text)} does not belong there{hint}")

    def _measure(self, *parts: Node) -> dict[str, int]:
        depth = 1 + max((part.depth for part in parts), default=0)
        if depth > MAX_DEPTH:
            raise ExpressionError(self._code, f"it is more than {MAX_DEPTH} levels deep; use several fields")
        return {"depth": depth, "size": 1 + sum(part.size for part in parts)}

    def _enter(self) -> None:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise ExpressionError(self._code, f"it nests more than {MAX_NESTING} levels; use several fields")

    def _parse_value(self) -> Node:
        self._enter()
        self._arrow_start = self._place
        node = self._parse_conditional()
        self._nesting -= 1
        return node

    def _parse_conditional(self) -> Node:
        test = self._parse_binary(1)
        if self._take_sign("?") is None:
            return test
        yes = self._parse_value()
        self._expect(":")
        no = self._parse_value()
        return Conditional(test=test, yes=yes, no=no, **self._measure(test, yes, no))

    def _parse_binary(self, least: int) -> Node:
        left = self._parse_unary()
        while (power := self._next_power()) >= least:
            left = self._parse_power(left) if power == _POWERS["**"] else self._parse_chain(left, power)
        return left

    def _next_power(self) -> int:
        return _POWERS.get(self._token.text, 0) if self._token.kind == "sign" else 0

    def _parse_power(self, left: Node) -> Node:
        operator = self._take().text
        right = self._parse_nested(_POWERS["**"])
        return Binary(first=left, rest=((operator, right),), **self._measure(left, right))

    def _parse_nested(self, least: int) -> Node:
        self._enter()
        node = self._parse_binary(least)
        self._nesting -= 1
        return node

    def _parse_chain(self, first: Node, power: int) -> Node:
        rest = []
        while self._next_power() == power:
            operator = self._take().text
            rest.append((operator, self._parse_binary(power + 1)))
        return Binary(first=first, rest=tuple(rest), **self._measure(first, *(node for _, node in rest)))

    def _parse_unary(self) -> Node:
        operator = self._take_sign(*_PREFIXES)
        if operator is None:
            return self._parse_members()
        self._enter()
        operand = self._parse_unary()
        self._nesting -= 1
        if self._next_power() == _POWERS["**"]:
            raise ExpressionError(self._code, f"write (-a) ** b or -(a ** b) for {operator} before **")
        return Unary(operator=operator, operand=operand, **self._measure(operand))

    def _parse_members(self) -> Node:
        node = self._parse_primary()
        while sign := self._take_sign(".", "[", "("):
            node = self._parse_link(node, sign)
        return node

    def _parse_link(self, node: Node, sign: str) -> Node:
        if sign == ".":
            key = self._take()
            if key.kind != "name":
                self._place -= key.kind != _END
                self._fail_here("; expected a name after the dot")
            return Member(owner=node, key=key.text, **self._measure(node))
        if sign == "[":
            index = self._parse_value()
            self._expect("]")
            return Member(owner=node, key=index, **self._measure(node, index))
        arguments = self._parse_list(")")
        return Call(callee=node, arguments=arguments, **self._measure(node, *arguments))

    def _parse_list(self, closing: str) -> tuple[Node, ...]:
        nodes: list[Node] = []
        while self._take_sign(closing) is None:
            if nodes:
                self._expect(",")
                if self._take_sign(closing):
                    break
            nodes.append(self._parse_value())
        return tuple(nodes)

    def _parse_primary(self) -> Node:
        token, start = self._take(), self._place - 1
        if token.kind == "literal":
            return Literal(value=token.value)
        if token.kind == "name":
            return self._parse_name(token, start)
        if token.kind == "sign" and token.text == "(":
            return self._parse_brackets(start)
        if token.kind == "sign" and token.text == "[":
            items = self._parse_list("]")
            return Array(items=items, **self._measure(*items))
        if token.kind == "sign" and token.text == "{":
            return self._parse_record()
        self._place -= token.kind != _END
        return self._fail_here("; expected a value")

    def _parse_name(self, token: _Token, start: int) -> Node:
        if token.text in _WORDS:
            return Literal(value=_WORDS[token.text])
        if token.text in _RESERVED:
            _refuse(self._code, token.text)
        if self._arrow_start == start and self._take_arrow():
            return self._parse_body((token.text,))
        return Name(name=token.text)

    def _take_arrow(self) -> bool:
        if self._token.text != "=>" or self._token.kind != "sign":
            return False
        before = self._tokens[self._place - 1]
        if _NEW_LINE.search(self._code, before.start + len(before.text), self._token.start):
            return False
        return self._take_sign("=>") is not None

    def _parse_brackets(self, start: int) -> Node:
        if self._arrow_start == start and (parameters := self._read_parameters()) is not None:
            return self._parse_body(parameters)
        node = self._parse_value()
        self._expect(")")
        return node

    def _read_parameters(self) -> tuple[str, ...] | None:
        """Take ``a, b) =>`` when that is what comes next."""
        start, names = self._place, []
        while self._token.kind == "name":
            names.append(self._take().text)
            if not self._take_sign(","):
                break
        if self._take_sign(")") and self._take_arrow():
            return tuple(names)
        self._place = start
        return None

    def _parse_body(self, parameters: Sequence[str]) -> Node:
        for name in parameters:
            if name in _WORDS or name in _RESERVED or parameters.count(name) > 1:
                raise ExpressionError(self._code, f"{name} cannot be a parameter's name there")
        if self._token.kind == "sign" and self._token.text == "{":
            raise ExpressionError(
                self._code, "a function's body is one expression: write x => x + 1, or x => ({})"
            )
        body = self._parse_value()
        return Arrow(parameters=tuple(parameters), body=body, **self._measure(body))

    def _parse_record(self) -> Node:
        entries: list[tuple[str | float, Node]] = []
        while self._take_sign("}") is None:
            if entries:
                self._expect(",")
                if self._take_sign("}"):
                    break
            entries.append(self._parse_entry())
        return Record(entries=tuple(entries), **self._measure(*(node for _, node in entries)))

    def _parse_entry(self) -> tuple[str | float, Node]:
        token = self._take()
        if token.kind not in ("name", "literal"):
            self._place -= token.kind != _END
            self._fail_here("; expected a key, as in {a: 1}")
        if token.kind == "name" and self._token.text in (",", "}"):
            if token.text in _WORDS or token.text in _RESERVED:
                _refuse(self._code, token.text)
            return token.text, Name(name=token.text)
        self._expect(":")
        return token.text if token.kind == "name" else token.value, self._parse_value()
