"""The fonts that come with the project: Roboto in its weights, and Noto Sans Arabic for what Roboto lacks.

Not here: what a font file says (faces.py), or fonts of the user's (templates/library.py).
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from pdfme_dagster.rendering.faces import Face

FALLBACK = "Roboto"
# The names that templates use; pdfme knows Roboto only.
_FILES = {
    "Roboto": ("font_roboto", "Roboto-Regular.ttf"),
    "Roboto-Light": ("font_roboto", "Roboto-Light.ttf"),
    "Roboto-Medium": ("font_roboto", "Roboto-Medium.ttf"),
    "Roboto-Bold": ("font_roboto", "Roboto-Bold.ttf"),
    "Roboto-Italic": ("font_roboto", "Roboto-Italic.ttf"),
    "Roboto-BoldItalic": ("font_roboto", "Roboto-BoldItalic.ttf"),
    "NotoSansArabic": ("fontpkg_noto_sans_arabic", "NotoSansArabic[wdth,wght].ttf"),
}
STAND_INS = ("NotoSansArabic",)


@cache
def load_face(name: str) -> Face:
    """Return a shipped font, read at its first use; KeyError for a name that is none."""
    package, file = _FILES[name]
    return Face((files(package) / "files" / file).read_bytes(), name=name)


def load_faces() -> Mapping[str, Face]:
    """Return all shipped fonts by name."""
    return {name: load_face(name) for name in _FILES}
