"""Drawings in SVG as operators of a PDF page, the way pdfme draws them.

Not here: path data (svg_paths.py), pictures in PNG or JPEG (pictures.py), the font that texts are set in.

pdfme draws ``svg``, ``g``, ``path``, ``polygon``, ``rect``, ``circle``, ``ellipse``, ``line`` and ``text``,
each as it is written: from attributes and ``style="..."``, not from ``<style>``. It passes over everything
else with all that is in it (``polyline``, ``use``, ``defs``, gradients, clip paths, masks, filters, ``a``,
``switch``) and over some attributes; they are named in ``Svg.ignored``. Where its rules are not SVG's,
pdfme's hold:

- Nothing is filled unless ``fill`` says so; ``none`` and ``transparent`` leave what is inherited.
- A fill is stroked too as soon as there is a ``stroke-width``, in black without a ``stroke``, and then
  by the nonzero rule; without ``stroke-width`` a fill is not stroked. A line is always stroked.
- Opacities replace what is inherited. A colour of alpha 0 is opaque. ``currentColor`` is black.
- In ``style`` what follows a semicolon without a blank is passed over: ``fill:red;stroke:blue`` has no
  stroke.
- Corners are never round: neither a rectangle's ``rx`` nor joins; no dashes; nothing is hidden.
- ``translate(5)`` is ``translate(5 5)``; ``preserveAspectRatio`` fits the height of a box that is wider
  than high, else the width, and cuts off the rest; units are dropped, a percentage is of the box.
- A text is one line in Helvetica; here its place and width are Helvetica's and the font is the caller's, and
  it stands above all shapes and is not cut off at the box.

What pdfme cannot draw without failing or writing a damaged page is refused or drawn by the standard.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace

from lxml import etree
from reportlab.pdfbase.pdfmetrics import stringWidth

from pdfme_dagster.domain.privacy import show_value
from pdfme_dagster.rendering.figure import Figure, Label
from pdfme_dagster.rendering.svg_colors import parse_color
from pdfme_dagster.rendering.svg_paths import FURTHEST, MOST_SEGMENTS, write_number, write_numbers, write_path
from pdfme_dagster.rendering.svg_transforms import Matrix, multiply, parse_transform, scale, translate

MOST_BYTES = 2_000_000  # a detailed coat of arms has 300,000
_MOST_ELEMENTS = 20_000
_DEEPEST = 64  # elements inside each other; drawing programs reach about 20
_DEEPEST_DRAWINGS = 16  # svg in svg: each saves the graphics state, which PDF/A allows 28 times

_ROUND = 4 / 3 * (math.sqrt(2) - 1)  # how far the control points of a quarter circle are along its radius
_TEXT_SIZE = 12.0
_TEXT_HEIGHT = 0.925  # of Helvetica at size 1: ascent 0.718, descent 0.207
_BLACK = "0 0 0"

_DECLARATION = re.compile(r"\A\ufeff?\s*(?:<\?xml\b[^>]{0,200}\?>)?\s*")
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_CAPS = {"round": 1, "square": 2}  # butt is none: pdfme takes it for not given
_BELOW = {
    "text-before-edge": 1.0,
    "middle": 0.5,
    "text-after-edge": -1.0,
}  # of a text's height: how far its y is above

# Attributes that change what is seen, but not in pdfme; with these values the drawing is as without them.
_PASSED_OVER = ("clip-path", "display", "filter", "mask", "stroke-dasharray", "stroke-linejoin", "visibility")
_AS_DRAWN = ("none", "inline", "miter", "visible", "inherit")
_DECLARED = frozenset(
    {"fill", "fill-opacity", "fill-rule", "font-size", "opacity", "stroke", "stroke-linecap"}
)
_DECLARED |= {"stroke-opacity", "stroke-width", "width", "height"}
_DECLARED |= set(_PASSED_OVER)

Size = tuple[float, float]
_FARTHEST = 1e9  # more than that in a matrix is a mistake, and some viewers give up
_UPRIGHT = 1e-6  # of its size: how far a text may lean by rounding
_SMALLEST_VIEW = 0.001
# What colours, pen and dashes are when a page begins; the page may have changed them.
_DEFAULTS = "0 0 0 rg 0 0 0 RG 1 w 0 J 0 j 10 M [] 0 d"
_ACROSS = frozenset({"x", "width", "x1", "x2", "cx", "r", "rx"})
# Which part of the spare room is left of and above the drawing; pdfme has three of them its own way.
_ASPECTS = {
    "xMinYMin": (0.0, 0.0),
    "xMidYMin": (0.5, 0.0),
    "xMaxYMin": (1.0, 0.5),
    "xMinYMid": (0.0, 1.0),
    "xMaxYMid": (1.0, 0.5),
    "xMinYMax": (0.0, 1.0),
    "xMidYMax": (0.5, 1.0),
    "xMaxYMax": (1.0, 1.0),
}


@dataclass(frozen=True, slots=True)
class _Length:
    """A number, or a percentage of the box's width or height."""

    value: float
    percent: bool

    def resolve(self, whole: float) -> float:
        return self.value * whole / 100 if self.percent else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Style:
    """What an element says about its painting, and what it inherits; None is not said."""

    fill: str | None = None
    fill_opacity: float | None = None
    fill_rule: str | None = None
    stroke: str | None = None
    stroke_opacity: float | None = None
    stroke_width: float | None = None
    line_cap: int | None = None
    font_size: float | None = None

    def pass_on(self, inner: "_Style") -> "_Style":
        """Return the style of an element inside that says ``inner`` of itself."""
        said = {name: getattr(inner, name) for name in _STYLE_NAMES}
        return _Style(
            **{name: getattr(self, name) if value is None else value for name, value in said.items()}
        )


_STYLE_NAMES = tuple(field_.name for field_ in fields(_Style))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Element:
    kind: str
    line: int
    style: _Style
    matrix: Matrix
    lengths: Mapping[str, _Length]
    path: str = ""
    text: str = ""
    anchor: str = ""
    baseline: str = ""
    aspect: str = ""
    view_box: tuple[float, float, float, float] | None = None
    inside: "tuple[_Element, ...]" = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Svg:
    """A drawing ready to be put into boxes.

    ``ignored`` names the elements and attributes in it that pdfme passes over; those that it passes over in a
    ``style`` for want of a blank begin with a semicolon.
    """

    root: _Element
    ignored: tuple[str, ...]


def compile_svg(source: str) -> Svg:
    """Read a drawing; raise ValueError, saying where and what to do, for one that cannot be drawn.

    Refused are texts that are no SVG, a DTD, pictures inside, references, colours and transforms unknown,
    texts turned or half transparent, and whatever exceeds the bounds of this module.
    """
    compiler = _Compiler()
    root = compiler.compile_element(_parse_xml(source), depth=1)
    svg = Svg(root=root, ignored=tuple(sorted(compiler.ignored)))
    # Finds what shows only where everything comes together, and does not depend on the box.
    if _draw_page(svg, x=0, y=0, width=100, height=100, opacity=1).farthest > _FARTHEST:
        raise ValueError(
            "the SVG's transforms and view boxes magnify too much; export it again at its own size"
        )
    return svg


def draw_svg(svg: Svg, *, x: float, y: float, width: float, height: float, opacity: float = 1.0) -> Figure:
    """Draw into the box whose lower left corner is ``x``, ``y``, in points; what is outside is cut off.

    ``opacity`` dims shapes, not labels. Coordinates have up to 6 decimals, matrices 9: one scales the other.
    """
    if width <= 0 or height <= 0:
        return Figure(operators="")
    page = _draw_page(svg, x=x, y=y, width=width, height=height, opacity=opacity)
    operators = "\n".join(["q", _DEFAULTS, *page.operators, "Q"])
    return Figure(operators=operators, alphas=tuple(page.alphas), labels=tuple(page.labels))


def _draw_page(svg: Svg, *, x: float, y: float, width: float, height: float, opacity: float) -> "_Page":
    page = _Page(opacity=opacity)
    # Inside an SVG y grows down from the top edge.
    corner: Matrix = (1, 0, 0, -1, x, y + height)
    place = _Place(matrix=corner, style=_Style(), size=(width, height), view=(width, height))
    page.draw_drawing(svg.root, place, (width, height))
    return page


# --- Reading


def _parse_xml(source: str) -> etree._Element:
    if len(source) > MOST_BYTES or len(source.encode("utf-8", "replace")) > MOST_BYTES:
        raise ValueError(f"the SVG has more than {MOST_BYTES:,} bytes; simplify the drawing")
    # A declared encoding is that of the file the text came from; here it is text already.
    text = source[_DECLARATION.match(source).end() :]  # type: ignore[union-attr]  # matches nothing, too
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("the SVG has a DTD, which is not read; remove <!DOCTYPE ...> from it")
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError) as exc:
        line = exc.lineno if isinstance(exc, etree.XMLSyntaxError) else None
        raise ValueError(f"the SVG is no well-formed XML (line {line or '?'}); export it again") from exc
    if _name_element(root) != "svg":
        raise ValueError(f'the text "{show_value(source[:100])}" is no SVG; write <svg ...> ... </svg>')
    return root


def _name_element(node: etree._Element) -> str:
    """Return the name of an element of SVG, or with the prefix ``other:`` of anything else."""
    name = etree.QName(node)
    known = name.namespace in (None, "http://www.w3.org/2000/svg")
    return name.localname if known else f"other:{name.localname}"


def _find_line(node: etree._Element) -> int:
    line = node.sourceline
    return line if isinstance(line, int) else 0


class _Compiler:
    """Reads the elements of one drawing and counts what they add up to."""

    def __init__(self) -> None:
        self.ignored: set[str] = set()
        self._segments_left = MOST_SEGMENTS
        self._elements_left = _MOST_ELEMENTS

    def compile_element(self, node: etree._Element, depth: int) -> _Element:
        self._elements_left -= 1
        if self._elements_left < 0:
            raise ValueError(f"the SVG has more than {_MOST_ELEMENTS:,} elements; simplify the drawing")
        if depth > _DEEPEST:
            raise ValueError(
                f"the SVG has more than {_DEEPEST} elements inside each other; ungroup the drawing"
            )
        kind = _name_element(node)
        try:
            attributes, passed_over = _read_attributes(node)
            self.ignored |= passed_over
            path = self._compile_path(kind, attributes)
            return _Element(
                kind=kind,
                line=_find_line(node),
                style=_read_style(attributes),
                matrix=parse_transform(node.get("transform", "")),
                lengths=_read_lengths(attributes),
                path=path,
                text=_read_text(node) if kind == "text" else "",
                anchor=node.get("text-anchor", ""),
                baseline=node.get("dominant-baseline", ""),
                aspect=node.get("preserveAspectRatio", ""),
                view_box=_read_view_box(attributes, depth) if kind == "svg" else None,
                inside=tuple(self._compile_inside(node, depth)) if kind in ("svg", "g") else (),
            )
        except _PlacedError:
            raise
        except ValueError as exc:
            raise _PlacedError(f"line {_find_line(node)}, <{kind}>: {exc}") from exc

    def _compile_inside(self, node: etree._Element, depth: int) -> Iterator[_Element]:
        for inner in node:
            kind = _name_element(inner)
            if kind in _DRAWN:
                yield self.compile_element(inner, depth + 1)
            elif kind == "image" and any(
                etree.QName(name).localname in ("href", "src") for name in inner.attrib
            ):
                raise _PlacedError(
                    f"line {_find_line(inner)}, <image>: pictures inside an SVG are not drawn; "
                    "put the picture into a field of type image"
                )
            elif not kind.startswith("other:"):
                self.ignored.add(kind)

    def _compile_path(self, kind: str, attributes: Mapping[str, str]) -> str:
        path = attributes.get("d", "") if kind == "path" else ""
        if kind == "polygon" and attributes.get("points", "").strip():
            path = f"M{attributes['points']}Z"
        if not path:
            return ""
        operators, segments = write_path(path, most_segments=self._segments_left)
        self._segments_left -= segments
        return operators


class _PlacedError(ValueError):
    """Raised with the line and the element in its message."""


def _read_attributes(node: etree._Element) -> tuple[dict[str, str], set[str]]:
    """Return attributes, and over them what ``style`` declares; and the names of what pdfme passes over."""
    attributes = {str(name): str(value).strip() for name, value in node.attrib.items()}
    passed_over = set()
    for index, declaration in enumerate(node.get("style", "").split(";")):
        name, _, value = declaration.partition(":")
        if not value.strip() or name.strip() not in _DECLARED:
            continue
        if index and not name[:1].isspace():
            passed_over.add(f";{name.strip()}")
        else:
            attributes[name.strip()] = value.strip()
    passed_over |= {name for name in _PASSED_OVER if attributes.get(name, "none") not in _AS_DRAWN}
    return attributes, passed_over


def _read_style(attributes: Mapping[str, str]) -> _Style:
    fill, fill_alpha = parse_color(attributes.get("fill", ""))
    stroke, stroke_alpha = parse_color(attributes.get("stroke", ""))
    opacity = _read_opacity(attributes, "opacity")
    fill_rule = attributes.get("fill-rule")
    return _Style(
        fill=fill,
        fill_opacity=_first(_read_opacity(attributes, "fill-opacity"), opacity, fill_alpha or None),
        fill_rule=fill_rule if fill_rule in ("nonzero", "evenodd") else None,
        stroke=stroke,
        stroke_opacity=_first(_read_opacity(attributes, "stroke-opacity"), opacity, stroke_alpha or None),
        stroke_width=_read_positive(attributes, "stroke-width"),
        line_cap=_CAPS.get(attributes.get("stroke-linecap", "")),
        font_size=_read_positive(attributes, "font-size"),
    )


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _read_length(text: str) -> _Length | None:
    number = _NUMBER.match(text)
    if not number:
        return None
    value = float(number[0])
    if abs(value) > FURTHEST:
        raise ValueError(f'"{show_value(text[:100])}" is too large; at most {FURTHEST:,.0f} is drawn')
    return _Length(value, text.endswith("%"))


def _read_opacity(attributes: Mapping[str, str], name: str) -> float | None:
    length = _read_length(attributes.get(name, ""))
    if length and not 0 <= length.resolve(1) <= 1:
        raise ValueError(f'{name}="{show_value(attributes[name][:100])}" is not between 0 and 1')
    return length.resolve(1) if length else None


def _read_positive(attributes: Mapping[str, str], name: str) -> float | None:
    length = _read_length(attributes.get(name, ""))
    if length and length.value < 0:
        raise ValueError(f'{name}="{show_value(attributes[name][:100])}" is negative')
    return length.resolve(1) if length else None


def _read_lengths(attributes: Mapping[str, str]) -> dict[str, _Length]:
    names = ("x", "y", "width", "height", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry")
    lengths = ((name, _read_length(attributes.get(name, ""))) for name in names)
    return {name: length for name, length in lengths if length}


def _read_text(node: etree._Element) -> str:
    text = re.sub(r"\s", " ", "".join(map(str, node.itertext())).strip())
    if text.encode("cp1252", "replace").decode("cp1252") != text:
        raise ValueError("pdfme sets it in Helvetica, which has Latin letters only; make it a path")
    return text


def _read_view_box(attributes: Mapping[str, str], depth: int) -> tuple[float, float, float, float] | None:
    """Return left, top, width and height; the outermost drawing may have those of its own size instead."""
    given = attributes.get("viewBox", "")
    if not given and depth == 1:
        sizes = [_read_length(attributes.get(name, "")) for name in ("width", "height")]
        if None in sizes or any(size.percent for size in sizes if size):
            return None
        given = " ".join(["0 0", *(write_number(size.value) for size in sizes if size)])
    if not given:
        return None
    numbers = [_read_length(part) for part in re.split(r"[\s,]+", given)]
    values = [number.value for number in numbers if number]
    if len(values) != 4 or len(numbers) != 4 or min(values[2:]) < _SMALLEST_VIEW:
        raise ValueError(f'viewBox="{show_value(given[:100])}" is not left, top, width and height')
    return values[0], values[1], values[2], values[3]


# --- Drawing


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where an element is drawn: from its coordinates to the page's, with the style it inherits.

    ``size`` is that of the drawing around it, which percentages are of, ``view`` the same in its coordinates.
    """

    matrix: Matrix
    style: _Style
    size: Size
    view: Size

    def enter(self, element: _Element) -> "_Place":
        """Return the place inside an element, its own position and style applied."""
        matrix = multiply(self.matrix, element.matrix)
        x, y = self.measure(element, "x", 0.0), self.measure(element, "y", 0.0)
        return replace(
            self, matrix=multiply(matrix, translate([x, y])), style=self.style.pass_on(element.style)
        )

    def measure(self, element: _Element, name: str, default: float) -> float:
        """Return a length of the element; names with an x or the width are measured across."""
        length = element.lengths.get(name)
        across = name in _ACROSS
        return length.resolve(self.size[0 if across else 1]) if length else default


@dataclass(slots=True, kw_only=True)
class _Page:
    """The operators, alphas and labels so far; ``farthest`` is the largest number in any matrix."""

    opacity: float
    operators: list[str] = field(default_factory=list)
    alphas: dict[str, None] = field(default_factory=dict)
    labels: list[Label] = field(default_factory=list)
    farthest: float = 0.0
    open_drawings: int = 0

    def draw_element(self, element: _Element, place: _Place) -> None:
        if element.kind == "svg":
            sizes = [element.lengths.get(name) for name in ("width", "height")]
            given = [length.value if length and length.value else 0.0 for length in sizes]
            self.draw_drawing(element, place, (given[0] or place.view[0], given[1] or place.view[1]))
            return
        inner = place.enter(element)
        self.farthest = max(self.farthest, *map(_measure_distance, inner.matrix))
        if element.kind == "g":
            self.draw_inside(element, inner)
        elif element.kind == "text":
            self.draw_text(element, inner)
        else:
            self.draw_shape(element, inner)

    def draw_drawing(self, element: _Element, place: _Place, size: Size) -> None:
        """Draw an ``svg`` into a rectangle of ``size`` at its x and y, and cut it off there."""
        x, y = (element.lengths[name].value if name in element.lengths else 0.0 for name in ("x", "y"))
        matrix = multiply(place.matrix, translate([x, y]))
        left, top, *view = element.view_box or (0.0, 0.0, *size)
        fitted = multiply(matrix, _fit((view[0], view[1]), size, element.aspect))
        inner = _Place(
            matrix=multiply(fitted, translate([-left, -top])),
            style=place.style.pass_on(element.style),
            size=size,
            view=(view[0], view[1]),
        )
        self.open_drawings += 1
        if self.open_drawings > _DEEPEST_DRAWINGS:
            raise ValueError(
                f"line {element.line}, <svg>: one of more than {_DEEPEST_DRAWINGS} in each other; ungroup"
            )
        self.operators += ["q", _write_clip(matrix, size)]
        self.draw_inside(element, inner)
        self.operators.append("Q")
        self.open_drawings -= 1

    def draw_inside(self, element: _Element, place: _Place) -> None:
        for inner in element.inside:
            self.draw_element(inner, place)

    def draw_shape(self, element: _Element, place: _Place) -> None:
        style = place.style
        path = _DRAWN[element.kind](element, place)
        paint = _choose_paint(element.kind, style)
        if not path or not paint:
            return
        self.operators.append("q")
        if paint == "S":
            self.set_alpha(style.stroke_opacity, None if element.kind == "line" else style.fill_opacity)
        else:
            self.set_alpha(style.stroke_opacity, style.fill_opacity)
        self.operators += [*_write_state(element.kind, place), path, paint, "Q"]

    def set_alpha(self, stroke: float | None, fill: float | None) -> None:
        alphas = [round((1.0 if value is None else value) * self.opacity * 1000) for value in (stroke, fill)]
        if alphas != [1000, 1000]:
            name = f"A{alphas[0]}_{alphas[1]}"
            self.alphas[name] = None
            self.operators.append(f"/{name} gs")

    def draw_text(self, element: _Element, place: _Place) -> None:
        if not element.text:
            return
        reason = _refuse_text(place)
        if reason:
            raise ValueError(f"line {element.line}, <text>: {reason}")
        across, _, _, down, _, _ = place.matrix
        size = place.style.font_size or _TEXT_SIZE
        width = float(stringWidth(element.text, "Helvetica", size))
        back = {"middle": width / 2, "end": width}.get(element.anchor, 0.0)
        below = _BELOW.get(element.baseline, 0.0) * _TEXT_HEIGHT * size
        *_, x, y = multiply(place.matrix, translate([-back, below]))
        color = place.style.fill or _BLACK
        label = Label(x=x, y=y, size=-down * size, text=element.text, color=color, width=across * width)
        self.labels.append(label)


def _refuse_text(place: _Place) -> str | None:
    """Return why a text cannot be a label, which is upright and opaque."""
    a, b, c, d, _, _ = place.matrix
    if abs(b) + abs(c) > _UPRIGHT * abs(a) or a <= 0 or d >= 0:
        return "turned or mirrored text is not drawn; make it a path"
    if place.style.fill_opacity not in (None, 1.0):
        return "transparent text is not drawn; mix the colour instead"
    return None


def _measure_distance(value: float) -> float:
    return abs(value) if math.isfinite(value) else math.inf


def _choose_paint(kind: str, style: _Style) -> str | None:
    """Return the operator that paints a shape, None if nothing does."""
    if kind == "line":
        return "S"
    if style.fill:
        if style.stroke_width:
            return "B"
        return "f*" if style.fill_rule == "evenodd" and kind in ("path", "polygon") else "f"
    return "S" if style.stroke else None


def _write_state(kind: str, place: _Place) -> Iterator[str]:
    """Yield the operators for colours, pen and matrix where they are not as ``_DEFAULTS`` has set them."""
    style = place.style
    if style.fill and style.fill != _BLACK:
        yield f"{style.fill} rg"
    if style.stroke and style.stroke != _BLACK:
        yield f"{style.stroke} RG"
    width = _choose_width(kind, style.stroke_width)
    if width != 1.0:
        yield f"{write_number(width)} w"
    if style.line_cap:
        yield f"{style.line_cap} J"
    # 9 decimals: a coordinate may be a million, and its place has to be right to 0.001.
    yield f"{' '.join(_write_entry(value) for value in place.matrix)} cm"


def _choose_width(kind: str, given: float | None) -> float:
    """Return a pen's width; 0 is a hairline, which pdfme strokes rectangles and ellipses with unless told."""
    if kind in ("path", "polygon"):
        return given or 1.0
    if given is None:
        return 1.0 if kind == "line" else 0.0
    return given


def _write_entry(value: float) -> str:
    text = f"{max(-_FARTHEST, min(_FARTHEST, value)):.9f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _write_clip(matrix: Matrix, size: Size) -> str:
    """Return operators that cut off what is outside a rectangle at the matrix's origin."""
    corners = [(0.0, 0.0), (size[0], 0.0), size, (0.0, size[1])]
    points = [multiply(matrix, translate(list(corner)))[4:] for corner in corners]
    written = [f"{_write_entry(round(x, 3))} {_write_entry(round(y, 3))}" for x, y in points]
    return f"{written[0]} m {written[1]} l {written[2]} l {written[3]} l h W n"


def _fit(view: Size, size: Size, aspect: str) -> Matrix:
    """Return the matrix from a view box's size to that of the drawing."""
    scale_x, scale_y = size[0] / view[0], size[1] / view[1]
    if aspect == "none":
        return scale([scale_x, scale_y])
    both = scale_y if size[0] > size[1] else scale_x
    across, down = _ASPECTS.get(aspect, (0.5, 0.5))
    spare = size[0] - view[0] * both, size[1] - view[1] * both
    return both, 0, 0, both, across * spare[0], down * spare[1]


def _draw_path(element: _Element, _: _Place) -> str:
    return element.path


def _draw_rectangle(element: _Element, place: _Place) -> str:
    width = place.measure(element, "width", place.size[0])
    height = place.measure(element, "height", place.size[1])
    return f"0 0 {write_numbers(width, height)} re" if place.style.fill or place.style.stroke else ""


def _draw_line(element: _Element, place: _Place) -> str:
    x1, y1, x2, y2 = (place.measure(element, name, 0.0) for name in ("x1", "y1", "x2", "y2"))
    return f"{write_numbers(x1, y1)} m {write_numbers(x2, y2)} l"


def _draw_ellipse(element: _Element, place: _Place) -> str:
    radius = place.measure(element, "r", 0.0)
    rx = place.measure(element, "rx", radius)
    ry = place.measure(element, "ry", radius or rx)
    rx = rx or ry
    if not rx or not ry:
        return ""
    cx, cy = place.measure(element, "cx", 0.0), place.measure(element, "cy", 0.0)
    ox, oy = rx * _ROUND, ry * _ROUND
    quarters = (
        (cx - rx, cy - oy, cx - ox, cy - ry, cx, cy - ry),
        (cx + ox, cy - ry, cx + rx, cy - oy, cx + rx, cy),
        (cx + rx, cy + oy, cx + ox, cy + ry, cx, cy + ry),
        (cx - ox, cy + ry, cx - rx, cy + oy, cx - rx, cy),
    )
    return "\n".join(
        [f"{write_numbers(cx - rx, cy)} m", *(f"{write_numbers(*quarter)} c" for quarter in quarters)]
    )


def _draw_nothing(_: _Element, __: _Place) -> str:
    return ""


_DRAWN: dict[str, Callable[[_Element, _Place], str]] = {
    "svg": _draw_nothing,
    "g": _draw_nothing,
    "text": _draw_nothing,
    "path": _draw_path,
    "polygon": _draw_path,
    "rect": _draw_rectangle,
    "circle": _draw_ellipse,
    "ellipse": _draw_ellipse,
    "line": _draw_line,
}
