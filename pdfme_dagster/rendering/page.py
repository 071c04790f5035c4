"""A page being filled: its operators, and what of fonts, pictures, transparency and links they need.

Not here: what is drawn (fields.py) or how a page becomes part of a PDF (compiled.py, canvas.py).

Lengths are points from the page's lower left corner, as in PDF. Operators are text of one byte a character.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import cos, pi, radians, sin, tan

from pdfme_dagster.rendering.faces import Face
from pdfme_dagster.rendering.figure import Figure, format_number
from pdfme_dagster.rendering.pictures import Picture
from pdfme_dagster.rendering.shaping import Piece

MM = 2.8346  # points, as pdfme takes it
MM_PER_POINT = 0.3528
# How far a control point stands along the tangent of a quarter of a circle of radius 1.
_KAPPA = 4 * (2**0.5 - 1) / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A rectangle that opens an address, or a field of this document by its name (``#name``).

    ``look`` is its border and colour as a PDF writes them; without it nothing shows.
    """

    left: float
    bottom: float
    right: float
    top: float
    target: str
    look: bytes = b""


@dataclass(slots=True, kw_only=True)
class Page:
    """One page; ``form`` is the page of the base PDF below it, from 0.

    ``font_names`` are those of faces, without the slash, for their basic sets.
    """

    width: float
    height: float
    font_names: Mapping[Face, str]
    form: int | None = None
    operators: list[str] = field(default_factory=list)
    basic_faces: dict[Face, None] = field(default_factory=dict)
    glyphs: dict[Face, dict[int, str]] = field(default_factory=dict)
    alphas: dict[str, None] = field(default_factory=dict)
    pictures: dict[str, Picture] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    anchors: dict[str, tuple[float, float]] = field(default_factory=dict)

    def add(self, operators: str) -> None:
        """Add operators as they are."""
        self.operators.append(operators)

    @contextmanager
    def turned(self, degrees: float, opacity: float, x: float, y: float) -> Iterator[None]:
        """Draw turned clockwise about x, y, and see-through by ``opacity`` (0 to 1)."""
        if not degrees and opacity == 1:
            yield
            return
        self.add("q")
        if opacity != 1:
            self.set_alpha(opacity)
        if degrees:
            self.add(write_turn(degrees, x, y))
        yield
        self.add("Q")

    def set_alpha(self, opacity: float) -> None:
        """Make what follows see-through, lines and fills alike."""
        name = name_alpha(opacity)
        self.alphas[name] = None
        self.add(f"/{name} gs")

    def fill_box(self, x: float, y: float, width: float, height: float, color: str) -> None:
        """Fill a rectangle whose lower left corner is at x, y; ``color`` is six hexadecimal digits."""
        if width > 0 and height > 0:
            self.add(f"{write_color(color)} rg {x:.3f} {y:.3f} {width:.3f} {height:.3f} re f")

    def draw_line(self, x1: float, y1: float, x2: float, y2: float, thickness: float, color: str) -> None:
        """Draw a straight line with butt ends."""
        self.add(f"{thickness:.3f} w {write_color(color)} RG {x1:.3f} {y1:.3f} m {x2:.3f} {y2:.3f} l S")

    def draw_path(self, path: str, *, fill: str | None, stroke: str | None, thickness: float) -> None:
        """Fill and stroke a path; without a colour it is left out."""
        if fill is None and stroke is None:
            return
        colors = (f"{write_color(fill)} rg " if fill else "") + (
            f"{write_color(stroke)} RG " if stroke else ""
        )
        paint = {(True, True): "B", (True, False): "f", (False, True): "S"}[bool(fill), bool(stroke)]
        self.add(f"{thickness:.3f} w {colors}{path} {paint}")

    def show(
        self,
        x: float,
        y: float,
        pieces: Sequence[Piece],
        *,
        size: float,
        color: str,
        spacing: float = 0,
        skew: float = 0,
        stretch: float = 1,
    ) -> None:
        """Show a line's pieces from x on the baseline y.

        ``skew`` leans them to the right by degrees, ``stretch`` makes them wider.
        """
        if not pieces or size <= 0:
            return
        lean = f"{tan(radians(skew)):.4f}" if skew else "0"
        wide = f"{stretch:.4f}" if stretch != 1 else "1"
        parts = [f"BT {write_color(color)} rg {wide} 0 {lean} 1 {x:.3f} {y:.3f} Tm"]
        if spacing:
            parts.append(f"{spacing:.4f} Tc")
        parts += [self._write_piece(piece, size) for piece in pieces]
        if spacing:
            parts.append("0 Tc")
        self.add(" ".join([*parts, "ET"]))

    def _write_piece(self, piece: Piece, size: float) -> str:
        name = self.font_names[piece.face]
        if piece.glyphs:
            known = self.glyphs.setdefault(piece.face, {})
            for glyph, text in piece.glyphs:
                if text or glyph not in known:
                    known[glyph] = known.get(glyph) or text
            name += "g"
        else:
            self.basic_faces[piece.face] = None
        return f"/{name} {format_number(size)} Tf {piece.write(size)}"

    def draw_picture(self, picture: Picture, x: float, y: float, width: float, height: float) -> None:
        """Draw a picture into the rectangle whose lower left corner is at x, y."""
        self.pictures[picture.digest] = picture
        self.add(f"q {width:.3f} 0 0 {height:.3f} {x:.3f} {y:.3f} cm /{name_picture(picture)} Do Q")

    def draw_figure(self, figure: Figure) -> None:
        """Draw a figure's operators; its labels are the caller's to show."""
        self.alphas.update(dict.fromkeys(name.lstrip("/") for name in figure.alphas))
        self.add(figure.operators)


def name_alpha(opacity: float) -> str:
    """Return the resource name of the graphics state that makes lines and fills see-through."""
    return f"A{round(opacity * 1000)}_{round(opacity * 1000)}"


def name_picture(picture: Picture) -> str:
    """Return the resource name of a picture, the same in every document."""
    return f"P{picture.digest[:16]}"


def write_color(digits: str) -> str:
    """Write six hexadecimal digits as red, green and blue from 0 to 1; what is written so stays as it is."""
    if " " in digits:
        return digits
    if digits == "000000":
        return "0 0 0"
    return " ".join(f"{int(digits[at : at + 2], 16) / 255:.4g}" for at in (0, 2, 4))


def write_turn(degrees: float, x: float, y: float) -> str:
    """Write the transformation that turns clockwise about x, y."""
    c, s = cos(-degrees * pi / 180), sin(-degrees * pi / 180)
    return f"{c:.6f} {s:.6f} {-s:.6f} {c:.6f} {x - c * x + s * y:.3f} {y - s * x - c * y:.3f} cm"


def trace_box(x: float, y: float, width: float, height: float, radius: float = 0) -> str:
    """Return the path of a rectangle, its corners rounded by ``radius``."""
    radius = min(radius, width / 2, height / 2)
    if radius <= 0:
        return f"{x:.3f} {y:.3f} {width:.3f} {height:.3f} re"
    right, top, k = x + width, y + height, radius * (1 - _KAPPA)
    r = radius
    return (
        f"{x + r:.3f} {y:.3f} m {right - r:.3f} {y:.3f} l "
        f"{right - k:.3f} {y:.3f} {right:.3f} {y + k:.3f} {right:.3f} {y + r:.3f} c "
        f"{right:.3f} {top - r:.3f} l "
        f"{right:.3f} {top - k:.3f} {right - k:.3f} {top:.3f} {right - r:.3f} {top:.3f} c "
        f"{x + r:.3f} {top:.3f} l {x + k:.3f} {top:.3f} {x:.3f} {top - k:.3f} {x:.3f} {top - r:.3f} c "
        f"{x:.3f} {y + r:.3f} l {x:.3f} {y + k:.3f} {x + k:.3f} {y:.3f} {x + r:.3f} {y:.3f} c h"
    )


def trace_ellipse(x: float, y: float, rx: float, ry: float) -> str:
    """Return the path of an ellipse about x, y."""
    kx, ky = rx * _KAPPA, ry * _KAPPA
    return (
        f"{x - rx:.3f} {y:.3f} m "
        f"{x - rx:.3f} {y + ky:.3f} {x - kx:.3f} {y + ry:.3f} {x:.3f} {y + ry:.3f} c "
        f"{x + kx:.3f} {y + ry:.3f} {x + rx:.3f} {y + ky:.3f} {x + rx:.3f} {y:.3f} c "
        f"{x + rx:.3f} {y - ky:.3f} {x + kx:.3f} {y - ry:.3f} {x:.3f} {y - ry:.3f} c "
        f"{x - kx:.3f} {y - ry:.3f} {x - rx:.3f} {y - ky:.3f} {x - rx:.3f} {y:.3f} c h"
    )
