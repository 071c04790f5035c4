"""Letters as filled paths: for what must be seen on a page, but is no text of it.

Not here: text that can be copied (text.py, shaping.py).

The words under a barcode repeat its value, and in pdfme they are part of its picture: whoever copies or
searches a page's text does not meet them twice.
"""

from functools import lru_cache

from fontTools.pens.basePen import BasePen

from pdfme_dagster.rendering.faces import Face
from pdfme_dagster.rendering.figure import Label


def write_outlines(label: Label, face: Face) -> str:
    """Return the operators that fill a label's letters, squeezed or stretched to its width, in one face."""
    glyphs = [face.find_glyph(character) for character in label.text]
    advances = [face.find_advance(glyph) * label.size for glyph in glyphs]
    width = sum(advances)
    stretch = label.width / width if label.width and width else 1.0
    parts, x = [f"q {label.color} rg"], label.x
    for glyph, advance in zip(glyphs, advances, strict=True):
        path = trace_glyph(face, glyph)
        if path:
            scale = label.size / face.units_per_em
            parts.append(f"q {scale * stretch:.6f} 0 0 {scale:.6f} {x:.3f} {label.y:.3f} cm {path} f Q")
        x += advance * stretch
    return "\n".join([*parts, "Q"])


@lru_cache(maxsize=512)
def trace_glyph(face: Face, glyph: int) -> str:
    """Return the path of a glyph in the units of its font."""
    pen = _PathPen()
    face.draw_glyph(glyph, pen)
    return " ".join(pen.operators)


class _PathPen(BasePen):  # type: ignore[misc]  # fontTools ships no types
    """Writes what a font draws as operators; curves of TrueType become those of PDF."""

    def __init__(self) -> None:
        super().__init__(None)
        self.operators: list[str] = []

    def _moveTo(self, point: tuple[float, float]) -> None:  # noqa: N802  fontTools calls it so
        self.operators.append(f"{point[0]:.1f} {point[1]:.1f} m")

    def _lineTo(self, point: tuple[float, float]) -> None:  # noqa: N802
        self.operators.append(f"{point[0]:.1f} {point[1]:.1f} l")

    def _curveToOne(self, *points: tuple[float, float]) -> None:  # noqa: N802
        self.operators.append(" ".join(f"{x:.1f} {y:.1f}" for x, y in points) + " c")

    def _closePath(self) -> None:  # noqa: N802
        self.operators.append("h")
