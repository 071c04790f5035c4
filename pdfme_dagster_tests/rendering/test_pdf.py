"""Pages become content streams and objects that other programs find nothing wrong with."""

import re
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest

from pdfme_dagster.rendering import render_statement
from pdfme_dagster.rendering.fonts import load_fonts
from pdfme_dagster.rendering.pdf import draw_sheets, write_content
from pdfme_dagster.rendering.scripts import shape_text
from pdfme_dagster.rendering.sheet import PAGE_HEIGHT, Sheet, Style
from pdfme_dagster_tests.rendering.samples import ARABIC_NAME, extract_text, make_statement

FONTS = load_fonts()
NAMES = {face: f"/F{number}" for number, face in enumerate(FONTS.faces)}
PLAIN, BOLD = Style(size=10, color="0 0 0"), Style(size=10, color="1 0 0", bold=True)


def make_sheet(*lines: tuple[str, Style]) -> Sheet:
    sheet = Sheet(measure=FONTS.measure)
    for place, (line, style) in enumerate(lines):
        sheet.write(50, 100 + 20 * place, line, style, room=400)
    return sheet


def list_operators(sheet: Sheet) -> list[str]:
    return write_content(sheet, FONTS, NAMES).splitlines()


def draw(*sheets: Sheet) -> bytes:
    return draw_sheets(sheets, FONTS, title="Test", created=None)


def test_text_is_placed_from_the_bottom_of_the_page() -> None:
    assert f"1 0 0 1 50.00 {PAGE_HEIGHT - 100:.2f} Tm" in list_operators(make_sheet(("A", PLAIN)))


def test_font_and_colour_are_set_only_when_they_change() -> None:
    operators = list_operators(make_sheet(("A", PLAIN), ("B", PLAIN), ("C", BOLD), ("D", BOLD)))
    assert [line for line in operators if line.endswith(" Tf")] == ["/F0 10 Tf", "/F1 10 Tf"]
    assert [line for line in operators if line.endswith(" rg")] == ["0 0 0 rg", "1 0 0 rg"]


def test_a_line_of_two_scripts_is_drawn_in_two_runs() -> None:
    operators = list_operators(make_sheet((f"A{shape_text('ب')}", PLAIN)))
    assert [line.split()[0] for line in operators if line.endswith(" Tf")] == ["/F0", "/F2"]
    assert len([line for line in operators if line.endswith(" Tj")]) == 2


def test_boxes_lie_under_all_text() -> None:
    sheet = make_sheet(("A", PLAIN))
    sheet.fill(10, 20, 30, 40, "0.5 0.5 0.5")
    operators = list_operators(sheet)
    assert operators[0] == f"0.5 0.5 0.5 rg 10.00 {PAGE_HEIGHT - 60:.2f} 30.00 40.00 re f"
    assert operators.index("BT") == 1


def test_content_streams_hold_what_was_written() -> None:
    sheet = make_sheet(("A", PLAIN))
    streams = re.findall(rb"stream\n(.+?)endstream", draw(sheet), re.DOTALL)
    inflated = [zlib.decompressobj().decompress(stream) for stream in streams]
    assert write_content(sheet, FONTS, NAMES).encode("ascii") in inflated


def test_fonts_are_embedded_once_for_all_pages() -> None:
    one, many = (draw(*[make_sheet(("A", PLAIN))] * count) for count in (1, 20))
    assert many.count(b"/FontFile2") == one.count(b"/FontFile2") == 1
    assert len(many) - len(one) < 19 * 500


def test_a_document_without_a_date_has_none() -> None:
    assert b"CreationDate" not in draw(make_sheet(("A", PLAIN)))


def test_brackets_and_backslashes_are_plain_characters() -> None:
    assert extract_text(draw(make_sheet(("a (b) \\ <c>", PLAIN)))) == "a (b) \\ <c>"


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="qpdf is not installed")
@pytest.mark.parametrize("rows", [0, 14, 100])
def test_qpdf_finds_nothing_wrong(rows: int, tmp_path: Path) -> None:
    path = tmp_path / "statement.pdf"
    path.write_bytes(render_statement(make_statement(rows, name=ARABIC_NAME)).content)
    check = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True)
    assert (check.returncode, "WARNING" in check.stderr) == (0, False)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_poppler_reads_the_same_letters(tmp_path: Path) -> None:
    path = tmp_path / "statement.pdf"
    path.write_bytes(render_statement(make_statement(14, name=ARABIC_NAME)).content)
    text = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout
    assert "SHOP 0013 SEEF" in text
    assert ARABIC_NAME in text
