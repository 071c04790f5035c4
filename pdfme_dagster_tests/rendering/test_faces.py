"""Font files are read as pdfme reads them, and their subsets draw what they promise."""

import re
import time
from importlib.resources import files
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont

from pdfme_dagster.rendering import faces
from pdfme_dagster.rendering.faces import Face, compile_unescaped
from pdfme_dagster.rendering.shipped_fonts import load_face, load_faces
from pdfme_dagster_tests.rendering.tiny_fonts import HEBREW, build_font, make_face

ROBOTO = (files("font_roboto") / "files" / "Roboto-Regular.ttf").read_bytes()


def read_font(content: bytes) -> TTFont:
    return TTFont(BytesIO(content))


# --- Reading ---


def test_heights_are_those_of_pdfme() -> None:
    roboto = load_face("Roboto")
    assert (roboto.units_per_em, roboto.ascent, roboto.descent) == (2048, 1900 / 2048, -500 / 2048)
    tiny = make_face("a")
    assert (tiny.ascent, tiny.descent) == (0.8, -0.2)


def test_a_character_has_a_glyph_and_a_glyph_an_advance() -> None:
    face = Face(build_font({"a": 300, "b": 700}), name="Tiny")
    assert [face.find_advance(face.find_glyph(character)) for character in "ab"] == [0.3, 0.7]
    assert face.find_glyph("c") == face.find_glyph("漢") == face.find_glyph("\ud800") == 0


def test_a_name_is_made_fit_for_a_pdf() -> None:
    content = build_font({"a": 500})
    assert Face(content, name="My Font (2)/x").name == "MyFont2x"
    assert Face(content, name="漢字").name == "Font"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no TrueType font; use a .ttf file"),
        (b"%PDF-1.4", "is no TrueType font; use a .ttf file"),
        (b"wOFF", r"is a web font \(WOFF\); use the .ttf file of the same font"),
        (b"wOF2", r"is a web font \(WOFF\); use the .ttf file of the same font"),
        (b"OTTO", "has PostScript outlines or several fonts; use a .ttf file with TrueType outlines"),
        (b"ttcf", "has PostScript outlines or several fonts; use a .ttf file with TrueType outlines"),
        (ROBOTO[:40], "is a damaged font; get the file anew"),
        (ROBOTO[:20_000], "is a damaged font; get the file anew"),
        (ROBOTO.replace(b"glyf", b"glyg", 1), "lacks the tables glyf; use a .ttf with TrueType outlines"),
        (ROBOTO.replace(b"GPOS", b"GP\xffS", 1), "is a damaged font; get the file anew"),
    ],
)
def test_files_that_cannot_be_used_say_why(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Face(content, name="Own")


def test_a_font_that_is_too_large_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "_LARGEST_FONT_BYTES", 1_000_000)
    with pytest.raises(ValueError, match=r"^the font is larger than 1 MB; use a smaller one$"):
        Face(bytes(1_000_001), name="Own")


@pytest.mark.parametrize("start", range(300, len(ROBOTO), len(ROBOTO) // 25))
def test_a_spoilt_font_is_refused_or_usable(start: int) -> None:
    spoilt = ROBOTO[:start] + bytes(255 - byte for byte in ROBOTO[start : start + 60]) + ROBOTO[start + 60 :]
    try:
        face = Face(spoilt, name="Own")
    except ValueError:
        return
    face.shape("fi é", right_to_left=False)
    face.embed_basic()
    face.embed_glyphs([1, 2, 3])


# --- The basic set ---


def test_the_basic_set_has_latin_1_ligatures_and_signs_of_money_by_one_byte_codes() -> None:
    basic = load_face("Roboto").basic_set
    texts = {text: code for code, (_, text) in basic.items()}
    assert all(texts[chr(code)] == code for code in range(0x20, 0x7F))
    assert {"fi", "fl", "ffi", "ffl", "é", "ß", "€", "–", "…", "−"} <= set(texts)
    assert max(basic) <= 0xFF
    assert not set(basic) & set(range(0x7F, 0x80))


def test_characters_that_share_a_glyph_have_codes_of_their_own() -> None:
    capitals = Face(build_font({"A": 500, "-": 300}, shared={"a": "A", "−": "-"}), name="Capitals")
    assert {code: text for code, (_, text) in capitals.basic_set.items()} == {
        0x2D: "-",
        0x41: "A",
        0x61: "a",
        0x80: "−",
    }
    assert "Aa-−".translate(dict(capitals.translation)) == "Aa-\x80"
    cmap = read_font(capitals.embed_basic())["cmap"].tables[0].cmap
    assert cmap[0x41] == cmap[0x61]
    assert cmap[0x2D] == cmap[0x80]


def test_a_font_without_latin_letters_has_no_basic_set() -> None:
    hebrew = make_face(HEBREW)
    assert (hebrew.basic_set, hebrew.basic_characters, hebrew.joined_pairs) == ({}, {}, [])
    assert not hebrew.unescaped.fullmatch("a")
    assert hebrew.unescaped.fullmatch("")


def test_the_subset_of_the_basic_set_draws_each_code() -> None:
    face = load_face("Roboto")
    font = read_font(face.embed_basic())
    [table] = font["cmap"].tables
    assert sorted(table.cmap) == sorted(face.basic_set)
    widths = font["hmtx"].metrics
    for code, (glyph, _) in face.basic_set.items():
        assert widths[table.cmap[code]][0] / 2048 == face.find_advance(glyph)
    assert len(face.embed_basic()) < len(ROBOTO) / 3


def test_a_subset_by_glyph_numbers_keeps_the_numbers() -> None:
    face = load_face("NotoSansArabic")
    glyph = face.find_glyph("ب")
    font = read_font(face.embed_glyphs([glyph]))
    assert font["maxp"].numGlyphs > glyph
    assert font["glyf"][font.getGlyphName(glyph)].numberOfContours != 0
    assert "fvar" not in font
    assert "GSUB" not in font


def test_subsets_are_the_same_every_time() -> None:
    glyphs = [40, 7, 300]
    one, other = (Face(ROBOTO, name="Roboto") for _ in range(2))
    assert one.embed_basic() == other.embed_basic()
    assert one.embed_glyphs(glyphs) == other.embed_glyphs(reversed(glyphs))


# --- Shaping ---


def test_ligatures_are_found_but_nothing_is_kerned() -> None:
    face = load_face("Roboto")
    assert [len(face.shape(text, right_to_left=False)) for text in ("fi", "ffl", "AV", "To")] == [1, 1, 2, 2]
    for text in ("AV", "To", "11"):
        shaped = face.shape(text, right_to_left=False)
        assert [advance for _, _, advance, *_ in shaped] == [
            face.find_advance(face.find_glyph(character)) for character in text
        ]


def test_right_to_left_glyphs_come_from_left_to_right() -> None:
    face = make_face(HEBREW)
    assert [place for _, place, *_ in face.shape("שלום", right_to_left=True)] == [3, 2, 1, 0]


@pytest.mark.parametrize("name", load_faces())
def test_only_letters_that_join_are_looked_for(name: str) -> None:
    face = load_face(name)
    if name != "NotoSansArabic":
        assert [pair for pair in face.joined_pairs if "f" not in pair] == []
    for plain in ("12,345.678", "21/09/2025", "SHOP 0001 SEEF"):
        assert not face.joining.search(plain)


# --- Patterns ---


def test_a_plain_text_is_one_that_needs_no_escape_and_no_ligature() -> None:
    plain = load_face("Roboto").unescaped
    for text in ("", "SHOP 12", "of", "f f", "half-time", "f"):
        assert plain.fullmatch(text), text
    for text in ("(a)", "\\", "fi", "office", "é", "\t", "\n", "aﬁ", "ب"):
        assert not plain.fullmatch(text), text


def test_a_pattern_for_several_faces_is_for_what_all_draw() -> None:
    tiny = make_face("abf 1")
    both = compile_unescaped([load_face("Roboto"), tiny], "\0")
    assert both.fullmatch("ab\0f1")
    assert not both.fullmatch("c")
    assert compile_unescaped([make_face(HEBREW)]).fullmatch("")
    assert compile_unescaped([make_face(HEBREW)], "\0").fullmatch("\0")


@pytest.mark.parametrize("unit", ["f", "fa", "a", "f a", "of ", "0,000.000 "])
def test_patterns_take_one_pass_whatever_the_text(unit: str) -> None:
    face = load_face("Roboto")
    text = unit * (100_000 // len(unit)) + "ب"
    started = time.perf_counter()
    for pattern in (face.unescaped, compile_unescaped(list(load_faces().values())[:6], "\0")):
        assert not pattern.fullmatch(text)
    face.joining.search(text)
    assert time.perf_counter() - started < 1


def test_outlines_can_be_drawn() -> None:
    assert re.fullmatch(r"(-?\d+ ){3}-?\d+", " ".join(map(str, make_face("a").bounds)))
