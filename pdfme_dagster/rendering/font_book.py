"""The fonts of a template by name: what each falls back to, and what PDFs call their faces.

Not here: font files themselves (faces.py) or where they lie.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property

from pdfme_dagster.rendering.faces import Face
from pdfme_dagster.rendering.shaping import MissingGlyph, Typeface


class FontBook:
    """Named typefaces; the empty name is ``fallback``, and ``stand_ins`` draw what a font lacks, in order."""

    def __init__(
        self,
        faces: Mapping[str, Face],
        *,
        fallback: str,
        stand_ins: Sequence[Face] = (),
        missing: MissingGlyph = "box",
    ) -> None:
        """Take faces by the names that templates use; KeyError when the fallback is none of them."""
        self._faces, self.fallback = dict(faces), fallback
        self._stand_ins = (faces[fallback], *stand_ins)
        self._missing: MissingGlyph = missing
        self._typefaces = {name: self._combine(face) for name, face in self._faces.items()}

    def _combine(self, face: Face) -> Typeface:
        chain = dict.fromkeys((face, *self._stand_ins))
        return Typeface(tuple(chain), missing=self._missing)

    def __contains__(self, name: str) -> bool:
        return not name or name in self._faces

    @property
    def names(self) -> list[str]:
        """Return the names that templates may use."""
        return list(self._faces)

    def find(self, name: str) -> Typeface:
        """Return the typeface of a name; KeyError for one that is not there."""
        return self._typefaces[name or self.fallback]

    @cached_property
    def resource_names(self) -> Mapping[Face, str]:
        """Map every face to the name of its basic set among a page's fonts: F1, F2 …"""
        faces = dict.fromkeys((*self._faces.values(), *self._stand_ins))
        return {face: f"F{number}" for number, face in enumerate(faces, start=1)}
