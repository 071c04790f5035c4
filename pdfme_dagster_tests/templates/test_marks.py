"""Marks: what they mark, what escapes them, and where links may lead."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.templates.marks import (
    MAX_MARKED_CHARACTERS,
    Mark,
    check_address,
    escape_marks,
    parse_marks,
    strip_marks,
)

PLAIN, BOLD, ITALIC = Mark(), Mark(bold=True), Mark(italic=True)
STRUCK, CODE, LINK = Mark(strikethrough=True), Mark(code=True), Mark(address="#x")
SPECIAL = "*~`[]()\\ab #"


@pytest.mark.parametrize(
    ("value", "runs"),
    [
        ("", []),
        ("plain", [(PLAIN, "plain")]),
        ("**a**", [(BOLD, "a")]),
        ("*a*", [(ITALIC, "a")]),
        ("***a***", [(Mark(bold=True, italic=True), "a")]),
        ("~~a~~b", [(STRUCK, "a"), (PLAIN, "b")]),
        ("`a*b*`", [(CODE, "a*b*")]),
        ("**a *b* c**", [(BOLD, "a "), (Mark(bold=True, italic=True), "b"), (BOLD, " c")]),
        ("**a `**` b**", [(BOLD, "a "), (Mark(bold=True, code=True), "**"), (BOLD, " b")]),
        ("[a *b*](#x) c", [(LINK, "a "), (Mark(italic=True, address="#x"), "b"), (PLAIN, " c")]),
        ("[a](#x)[b](#x)", [(LINK, "ab")]),
        ("**a**b**c", [(BOLD, "a"), (PLAIN, "b**c")]),
        ("2 * 3 = 6", [(PLAIN, "2 * 3 = 6")]),
        ("2 * 3 * 4", [(PLAIN, "2 "), (ITALIC, " 3 "), (PLAIN, " 4")]),
        ("\\*a\\* \\n \\", [(PLAIN, "*a* \\n \\")]),
        ("`a\\`b`", [(CODE, "a`b")]),
        ("[a](javascript:x)", [(PLAIN, "[a](javascript:x)")]),
        ("[a] (#x)", [(PLAIN, "[a] (#x)")]),
        ("[a](#x", [(PLAIN, "[a](#x")]),
        ("[a\\]](#x)", [(LINK, "a]")]),
        ("[a](#x(y)z)", [(Mark(address="#x(y)z"), "a")]),
        ("[a [b](#x)](#y)", [(LINK, "a [b"), (PLAIN, "](#y)")]),
        ("~~a ~ b~~", [(STRUCK, "a ~ b")]),
        ("****", [(PLAIN, "****")]),
    ],
)
def test_marks_are_read_as_pdfme_reads_them(value: str, runs: list[tuple[Mark, str]]) -> None:
    assert list(parse_marks(value)) == runs


@given(st.text(SPECIAL))
def test_an_escaped_text_reads_as_it_is(text: str) -> None:
    assert strip_marks(escape_marks(text)) == text


@given(st.text(SPECIAL))
def test_no_marks_make_letters_appear_or_vanish(text: str) -> None:
    letters = [letter for letter in strip_marks(text) if letter in "ab"]

    if "](" not in text:
        assert letters == [letter for letter in text if letter in "ab"]
    assert len(strip_marks(text)) <= len(text)


@pytest.mark.parametrize(
    ("address", "checked"),
    [
        (" https://a.example/x?y=1#z ", "https://a.example/x?y=1#z"),
        ("HTTP://a.example", "HTTP://a.example"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("https://a.example/ü x", "https://a.example/%C3%BC%20x"),
        ("#total", "#total"),
        ("# total%20sum ", "#total sum"),
        ("#%FF", "#%FF"),
        ("#", ""),
        ("#a\nb", ""),
        ("#%00", ""),
        ("", ""),
        ("javascript:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("data:text/html,x", ""),
        ("//a.example", ""),
        ("https://", ""),
        ("https:// a.example", ""),
        ("https://a.example/" + "x" * 2_048, ""),
    ],
)
def test_links_lead_to_the_web_to_mail_or_to_a_field(address: str, checked: str) -> None:
    assert check_address(address) == checked


def test_too_long_a_text_is_refused_but_can_be_stripped() -> None:
    text = "*" * (MAX_MARKED_CHARACTERS + 1)

    with pytest.raises(PermanentError, match="more than 20000; shorten it"):
        parse_marks(text)
    assert strip_marks(text) == text


@pytest.mark.parametrize("part", ["[", "[](", "**a ", "`", "\\`", "*~~", "[a](", "*a~~`", "* ** *** ~~ ` "])
def test_no_text_takes_long_to_read(part: str) -> None:
    text = (part * MAX_MARKED_CHARACTERS)[:MAX_MARKED_CHARACTERS]

    begun = time.process_time()
    parse_marks(text)
    assert time.process_time() - begun < 2
