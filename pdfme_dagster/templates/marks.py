"""Marked-up text as pdfme has it: bold, italic, struck out, code and links within a line.

Not here: fonts, lines and drawing (rendering/markdown.py).
"""

import re
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from urllib.parse import quote, unquote

from pdfme_dagster.errors import PermanentError

# Some ten pages of print. Looking for where marks end is linear, but in Python.
MAX_MARKED_CHARACTERS = 20_000
# What browsers and servers still take.
MAX_ADDRESS_CHARACTERS = 2_048
_ESCAPABLE = re.compile(r"[\\*~`\[\]()]")
_ESCAPED = re.compile(r"\\([\\*~`\[\]()])")
_SPECIAL = re.compile(r"[\\`*~\[]")
_BRACKET = re.compile(r"\\.|[\]()]", re.DOTALL)
_DELIMITERS = ("`", "***", "**", "~~", "*")
_ENDS = {each: re.compile(rf"\\.|`|{re.escape(each)}", re.DOTALL) for each in _DELIMITERS}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ADDRESS = re.compile(r"https?://[^\s/?#\\]+([/?#\\].*)?|mailto:\S.*", re.IGNORECASE)
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How a stretch of text is marked; ``address`` is where a link leads, see check_address."""

    bold: bool = False
    italic: bool = False
    strikethrough: bool = False
    code: bool = False
    address: str = ""


@lru_cache(maxsize=256)  # the wording of a template comes again with every statement
def parse_marks(value: str) -> tuple[tuple[Mark, str], ...]:
    """Return the stretches of a text with their marks; PermanentError for a text that is too long."""
    if len(value) > MAX_MARKED_CHARACTERS:
        raise PermanentError(
            "bad_field_value",
            f"a text with marks has {len(value)} characters, more than {MAX_MARKED_CHARACTERS}; shorten it",
        )
    parser = _Parser(value=value)
    parser.parse(0, len(value), Mark())
    return tuple((mark, text) for mark, text in parser.runs)


def strip_marks(value: str) -> str:
    """Return a text without its marks, as it is read; one that is too long comes back as it is."""
    if len(value) > MAX_MARKED_CHARACTERS:
        return value
    return "".join(text for _, text in parse_marks(value))


def escape_marks(value: str) -> str:
    """Return a text that reads as it is when its marks are parsed."""
    return _ESCAPABLE.sub(r"\\\g<0>", value)


def check_address(address: str) -> str:
    """Return where a link leads: a web or mail address in ASCII, ``#`` and a field's name, "" for neither."""
    address = address.strip()
    if len(address) > MAX_ADDRESS_CHARACTERS or _CONTROL.search(address):
        return ""
    if address.startswith("#"):
        name = _decode(address[1:]).strip()
        return f"#{name}" if name and not _CONTROL.search(name) else ""
    return quote(address, safe=_PRINTABLE) if _ADDRESS.fullmatch(address) else ""


def _decode(name: str) -> str:
    try:
        return unquote(name, errors="strict")
    except UnicodeDecodeError:
        return name


@dataclass(kw_only=True)
class _Parser:
    """Reads a text once; ranges within ranges are at most one of each mark deep, so recursion ends soon."""

    value: str
    runs: list[tuple[Mark, str]] = field(default_factory=list)

    def parse(self, start: int, end: int, mark: Mark) -> None:
        while start < end:
            special = _SPECIAL.search(self.value, start, end)
            until = special.start() if special else end
            self._add(self.value[start:until], mark)
            start = self._parse_special(until, end, mark) if special else end

    def _add(self, text: str, mark: Mark) -> None:
        if not text:
            return
        if self.runs and self.runs[-1][0] == mark:
            text = self.runs.pop()[1] + text
        self.runs.append((mark, text))

    def _parse_special(self, at: int, end: int, mark: Mark) -> int:
        """Take what a special character begins; return where it ends."""
        value = self.value
        if value[at] == "\\":
            is_escape = at + 1 < end and _ESCAPABLE.match(value[at + 1])
            self._add(value[at + 1] if is_escape else "\\", mark)
            return at + 2 if is_escape else at + 1
        if value[at] == "[" and not mark.address and (link := self._find_link(at, end)):
            label_end, link_end, address = link
            self.parse(at + 1, label_end, replace(mark, address=address))
            return link_end
        delimiter = next((each for each in _DELIMITERS if value.startswith(each, at)), "")
        closing = self._find_closing(delimiter, at + len(delimiter)) if delimiter else -1
        if closing == -1 or closing + len(delimiter) > end:
            self._add(value[at], mark)
            return at + 1
        self._parse_marked(delimiter, at + len(delimiter), closing, mark)
        return closing + len(delimiter)

    def _parse_marked(self, delimiter: str, start: int, end: int, mark: Mark) -> None:
        if delimiter == "`":
            self._add(_ESCAPED.sub(r"\1", self.value[start:end]), replace(mark, code=True))
            return
        if delimiter == "~~":
            inner = replace(mark, strikethrough=True)
        else:
            bold, italic = len(delimiter) > 1, len(delimiter) != 2
            inner = replace(mark, bold=mark.bold or bold, italic=mark.italic or italic)
        self.parse(start, end, inner)

    def _find_closing(self, delimiter: str, start: int) -> int:
        """Return where the delimiter comes again, -1 for never; what is escaped or code is passed over."""
        pattern = _ENDS[delimiter]
        while found := pattern.search(self.value, start):
            start = found.end()
            if found[0] == delimiter:
                return found.start()
            if found[0] == "`" and (code_end := self._find_closing("`", start)) != -1:
                start = code_end + 1
        return -1

    def _find_link(self, at: int, end: int) -> tuple[int, int, str] | None:
        """Return where the label and the whole link end, and its address."""
        labels, pairs = self._brackets
        place = bisect_left(labels, at + 1)
        label_end = labels[place] if place < len(labels) else end
        close = pairs.get(label_end + 1, end)
        if label_end >= end or close >= end:
            return None
        address = check_address(_ESCAPED.sub(r"\1", self.value[label_end + 2 : close]))
        return (label_end, close + 1, address) if address else None

    @cached_property
    def _brackets(self) -> tuple[list[int], dict[int, int]]:
        """Return the places of all ``]``, and where each ``(`` closes, those escaped left out."""
        labels, pairs, opened = list[int](), dict[int, int](), list[int]()
        for found in _BRACKET.finditer(self.value):
            if found[0] == "]":
                labels.append(found.start())
            elif found[0] == "(":
                opened.append(found.start())
            elif found[0] == ")" and opened:
                pairs[opened.pop()] = found.start()
        return labels, pairs
