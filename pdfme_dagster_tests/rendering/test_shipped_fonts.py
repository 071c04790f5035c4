"""The fonts that come along can be loaded, and draw what statements of the Gulf print."""

import pytest

from pdfme_dagster.rendering.shipped_fonts import FALLBACK, STAND_INS, load_face, load_faces


def test_all_fonts_are_there_each_loaded_once() -> None:
    faces = load_faces()
    assert FALLBACK in faces
    assert set(STAND_INS) <= set(faces)
    assert all(load_face(name) is face and face.name == name for name, face in faces.items())


def test_other_names_are_no_fonts() -> None:
    with pytest.raises(KeyError):
        load_face("../Roboto")


def test_latin_and_arabic_letters_and_digits_are_drawn() -> None:
    for name in load_faces():
        face = load_face(name)
        text = "شركة ١٢٣٬٤٥٦٫٧٨٩" if name in STAND_INS else "Account 12,345.678 € ßéñŁ"
        assert [character for character in text if not face.find_glyph(character)] == []
