"""Faces load lazily, fall back for what they lack, and embed the same bytes whatever came before."""

import subprocess
import sys
import zlib
from unicodedata import category

from pdfme_dagster.rendering.fonts import load_fonts
from pdfme_dagster.rendering.scripts import shape_text

REGULAR, BOLD, ARABIC = load_fonts().faces


def test_importing_the_package_loads_no_font() -> None:
    script = (
        "import sys, pdfme_dagster.rendering.fonts as fonts\n"
        "assert fonts.load_fonts.cache_info().currsize == 0\n"
        "assert 'font_roboto' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_fonts_are_loaded_once() -> None:
    assert load_fonts() is load_fonts()


def test_digits_are_equally_wide_so_that_amounts_stand_in_columns() -> None:
    fonts = load_fonts()
    for bold in (False, True):
        assert len({round(fonts.measure(digit, bold=bold), 6) for digit in "0123456789"}) == 1


def test_a_width_is_the_sum_of_its_characters() -> None:
    fonts = load_fonts()
    assert fonts.measure("AB", bold=False) == fonts.measure("A", bold=False) + fonts.measure("B", bold=False)
    assert fonts.measure("", bold=True) == 0


def test_arabic_letters_fall_back_to_the_arabic_face_in_either_weight() -> None:
    line = f"Mr {shape_text('محمد')} 12"
    for family, latin in ((load_fonts().regular, REGULAR), (load_fonts().bold, BOLD)):
        assert [face for face, _ in family.split_faces(line)] == [latin, ARABIC, latin]
        assert "".join(run for _, run in family.split_faces(line)) == line


def test_every_presentation_form_of_arabic_has_a_glyph() -> None:
    letters = [chr(code) for code in range(0x620, 0x6D4) if category(chr(code)) == "Lo"]
    shaped = {
        form
        for letter in letters
        for form in shape_text(f"ب{letter}ب {letter} {letter}ب ب{letter} ل{letter}")
    }
    assert len(shaped) > 200
    assert [form for form in shaped - {" "} if not ARABIC.find_glyph(form)] == []


def test_a_character_no_face_has_is_drawn_as_the_first_faces_empty_box() -> None:
    assert load_fonts().regular.split_faces("漢") == [(REGULAR, "漢")]
    assert load_fonts().regular.encode("漢") == "0000"
    assert load_fonts().regular.measure("漢") > 0


def test_a_subset_depends_on_the_characters_alone() -> None:
    first = REGULAR.embed("é")
    REGULAR.embed("ßü")
    assert REGULAR.embed("éé") == first
    assert REGULAR.embed("ABC") == REGULAR.embed("") != first


def test_unlike_subsets_have_unlike_names() -> None:
    names = {face.base_font for face in (REGULAR.embed(""), REGULAR.embed("é"), BOLD.embed(""))}
    assert len(names) == 3
    assert all(len(name.split("+")[0]) == 6 for name in names)


def test_a_subset_is_small_and_truetype() -> None:
    embedded = REGULAR.embed("")
    assert len(embedded.font_file) < 9_000
    assert zlib.decompress(embedded.font_file)[:4] == b"\x00\x01\x00\x00"
    assert len(zlib.decompress(embedded.font_file)) == embedded.font_file_length


def test_joined_forms_are_copied_back_as_letters() -> None:
    glyph = ARABIC.find_glyph("\ufee3")
    assert f"<{glyph:04X}> <0645>".encode() in zlib.decompress(ARABIC.embed("").to_unicode)
