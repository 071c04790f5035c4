"""Which fonts there are, which one stands where a template names none, and which draw what others lack.

Not here: the fonts that templates.yaml names (templates/library.py), or what a font file says (faces.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pdfme_dagster.errors import ConfigurationError
from pdfme_dagster.rendering.faces import Face
from pdfme_dagster.rendering.font_book import FontBook
from pdfme_dagster.rendering.shaping import MissingGlyph
from pdfme_dagster.rendering.shipped_fonts import FALLBACK, STAND_INS, load_faces


@dataclass(frozen=True, slots=True, kw_only=True)
class FontChoice:
    """Fonts by name; ``fallback`` and ``stand_ins`` are names of some."""

    faces: Mapping[str, Face] = field(default_factory=load_faces)
    fallback: str = FALLBACK
    stand_ins: tuple[str, ...] = STAND_INS

    def make_book(self, missing: MissingGlyph) -> FontBook:
        """Return the fonts ready for use."""
        stand_ins = [self.faces[name] for name in self.stand_ins]
        return FontBook(self.faces, fallback=self.fallback, stand_ins=stand_ins, missing=missing)


def choose_fonts(files: Mapping[str, bytes], *, fallback: str | None = None) -> FontChoice:
    """Add font files by name to those shipped; the first is the fallback unless another one is named.

    All of them stand in for glyphs that others lack. ConfigurationError for what is no font.
    """
    faces = dict(load_faces())
    for name, content in files.items():
        try:
            faces[name] = Face(content, name=name)
        except ValueError as exc:
            raise ConfigurationError(f"font {name}: {exc}") from exc
    chosen = fallback or next(iter(files), FALLBACK)
    if chosen not in faces:
        raise ConfigurationError(f"fallback font {chosen} is not there; use {', '.join(faces)}, or add it")
    stand_ins = dict.fromkeys((*files, FALLBACK, *STAND_INS))
    return FontChoice(faces=faces, fallback=chosen, stand_ins=tuple(stand_ins))
