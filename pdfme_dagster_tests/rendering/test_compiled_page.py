"""A page is drawn in the template's order, with only what changes written anew for each document."""

import datetime as dt
import re
import zlib
from typing import Any

import pytest

from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering.compiled_page import CompiledPage, is_constant
from pdfme_dagster.rendering.preparing import prepare_template
from pdfme_dagster_tests.rendering.renderers import (
    BLANK,
    make_brush,
    make_field,
    make_fixed,
    make_template,
    make_text,
)
from pdfme_dagster_tests.rendering.tiny_fonts import HEBREW, make_face

BAR = make_field("rectangle", "bar", 0, 0, color="#ff0000", readOnly=True)


def compile_page(*fields: dict[str, Any], base: object = BLANK, **options: Any) -> CompiledPage:
    return CompiledPage(prepare_template(make_template(fields, base=base), make_brush(**options)), 0, 3)


def list_operators(page: CompiledPage, inputs: dict[str, str]) -> list[str]:
    content, _ = page.draw(inputs, number=2, count=5, day=dt.date(2025, 9, 21))
    return [line for line in zlib.decompress(content).decode("latin-1").splitlines() if line]


def count_shown(operators: list[str]) -> int:
    """Count the texts that are not empty."""
    return len(re.findall(r"\((?!\))", "\n".join(operators)))


def test_what_never_changes_is_drawn_once_below_what_does() -> None:
    page = compile_page(BAR, make_fixed("heading", 5, 5, "Heading"), make_text("a", 5, 20))
    assert "Heading" in page.constants[0]
    assert " re" in page.constants[0]
    operators = list_operators(page, {"a": "value"})
    assert operators[0] == "/C3_0 Do"
    assert not any("Heading" in operator for operator in operators)
    assert count_shown(operators) == 1


def test_constants_between_values_keep_their_place() -> None:
    page = compile_page(make_text("a", 5, 5), BAR, make_text("b", 5, 20))
    assert page.constants[0] == ""
    operators = list_operators(page, {"a": "one", "b": "other"})
    order = [
        next(n for n, line in enumerate(operators) if word in line) for word in ("one", "/C3_1 Do", "other")
    ]
    assert order == sorted(order)


def test_neighbours_set_font_and_size_only_where_they_change() -> None:
    fields = [make_text(name, 5, 5, fontSize=size) for name, size in (("a", 9), ("b", 9), ("c", 7), ("d", 9))]
    operators = list_operators(compile_page(*fields), dict.fromkeys("abcd", "text"))
    assert re.findall(r"/F1 (\d) Tf", "\n".join(operators)) == ["9", "7", "9"]
    assert count_shown(operators) == 4


def test_nothing_is_written_of_missing_values() -> None:
    page = compile_page(make_text("a", 5, 5), make_text("b", 5, 20))
    assert count_shown(list_operators(page, {"a": "only"})) == 1
    assert count_shown(list_operators(page, {})) == 0


def test_a_value_that_is_not_plain_stands_between_the_others() -> None:
    page = compile_page(*(make_text(name, 5, 5 + 10 * n) for n, name in enumerate("abc")))
    operators = "\n".join(list_operators(page, {"a": "one", "b": "two\nlines", "c": "last"}))
    places = [operators.index(word) for word in ("one", "two", "lines", "last")]
    assert places == sorted(places)
    assert operators.count("BT") == operators.count("ET")


def test_expressions_know_the_page_and_the_day() -> None:
    page = compile_page(make_fixed("a", 5, 5, "{currentPage}/{totalPages} {date}"))
    assert any("2/5 2025/09/21" in operator for operator in list_operators(page, {}))


def test_only_what_needs_more_than_the_template_brings_more_along() -> None:
    page = compile_page(make_text("a", 5, 5))
    _, plain = page.draw({"a": "plain"}, number=1, count=1, day=None)
    _, arabic = page.draw({"a": "محمد"}, number=1, count=1, day=None)
    assert plain is None
    assert arabic is not None
    assert len(arabic.glyphs) == 1


def test_static_fields_are_constant_unless_they_have_expressions() -> None:
    static = [make_text("s", 5, 5, content="as it is {x}"), make_fixed("p", 5, 15, "page {currentPage}")]
    page = compile_page(make_text("a", 5, 25), base={**BLANK, "staticSchema": static})
    assert "as it is {x}" in page.constants[0]
    operators = list_operators(page, {"a": "value", "s": "passed over"})
    assert count_shown(operators) == 2


def test_a_field_is_constant_if_it_is_read_only_without_expressions() -> None:
    fields = [make_text("a", 5, 5), make_fixed("b", 5, 5, "x"), make_fixed("c", 5, 5, "{currentPage}")]
    drawable = prepare_template(make_template(fields), make_brush())
    assert [is_constant(field, drawable) for field in drawable.template.pages[0]] == [False, True, False]


def test_documents_find_the_faces_and_transparency_that_they_may_need() -> None:
    page = compile_page(
        make_text("a", 5, 5, fontName="Roboto-Bold"),
        make_fixed("b", 5, 5, "x", fontName="Roboto-Italic"),
        make_text("c", 5, 5, opacity=0.5),
    )
    assert {face.name for face in page.faces} == {"Roboto-Bold", "Roboto-Italic"}
    assert page.opacities == {0.5}


def test_a_font_without_latin_letters_is_no_basic_font_of_the_page() -> None:
    book = make_brush().book
    assert make_face(HEBREW) not in compile_page(make_text("a", 5, 5)).faces
    assert book.find("").first in compile_page(make_text("a", 5, 5)).faces


def test_a_value_that_cannot_be_drawn_is_an_error() -> None:
    page = compile_page(make_field("ean13", "code", 5, 5))
    with pytest.raises(PermanentError, match='field "code"'):
        page.draw({"code": "12"}, number=1, count=1, day=None)
