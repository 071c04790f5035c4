"""Path data of SVG (``M10 10 h5 z``) as PDF operators, in the path's own coordinates.

Not here: the elements of an SVG and how they are painted (svg.py).

Curves are where pdfme has them: a quadratic curve becomes the operator ``v``, which is a cubic one whose
first control point is the start, and ``S`` and ``T`` mirror the control point of any curve before them.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pdfme_dagster.domain.privacy import show_value

MOST_SEGMENTS = 20_000  # of all paths of a drawing: more takes a viewer seconds, on every page
FURTHEST = 1_000_000.0  # a coordinate beyond is a mistake: A4 has 842 points, map data in metres some 100,000
_THINNEST_RADIUS = 1e-9  # an arc of less is a straight line, as one of radius 0 is by the standard
_SMALLEST_SQUARE = 1e-18  # keeps an arc between two points that are all but one from dividing by 0

Point = tuple[float, float]

_ARGUMENTS = {"M": "nn", "L": "nn", "H": "n", "V": "n", "C": "nnnnnn", "S": "nnnn", "Q": "nnnn", "T": "nn"}
_ARGUMENTS |= {"A": "nnnffnn", "Z": ""}
_COMMAND = re.compile(r"[\s,]*([MmLlHhVvCcSsQqTtAaZz])")
_TOKENS = {
    "n": re.compile(r"[\s,]*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"),
    "f": re.compile(r"[\s,]*([01])"),  # flags need no blank after them: a1 1 0 01.5.5
}
_END = re.compile(r"[\s,]*\Z")


def write_path(path: str, *, most_segments: int) -> tuple[str, int]:
    """Return the operators that draw path data, without painting it, and the number of its segments.

    Raise ValueError for data that SVG does not allow, or for more than ``most_segments``: what the drawing's
    other paths have left of ``MOST_SEGMENTS``.
    """
    pen = _Pen()
    segments = 0
    for letter, arguments in _read_commands(path):
        segments += 1
        if segments > most_segments:
            raise ValueError(f"the drawing has more than {MOST_SEGMENTS:,} path segments; simplify it")
        if segments == 1 and letter not in "Mm":
            raise ValueError("path data has to begin with M; put the starting point first")
        _DRAW[letter.upper()](pen, pen.place(letter, arguments))
    return "\n".join(pen.operators), segments


def write_number(value: float) -> str:
    """Write a number in a path's own coordinates: 6 decimals, as a box may magnify it a lot."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def write_numbers(*values: float) -> str:
    """Write numbers as operands, a blank between them."""
    return " ".join(map(write_number, values))


def _read_commands(path: str) -> Iterator[tuple[str, list[float]]]:
    position = 0
    while not _END.match(path, position):
        command = _COMMAND.match(path, position)
        if not command:
            raise _refuse_path(path, position)
        letter, position = command[1], command.end()
        while True:
            arguments, position = _read_arguments(path, position, _ARGUMENTS[letter.upper()])
            yield letter, arguments
            if not arguments or not _TOKENS["n"].match(path, position):
                break
            letter = {"M": "L", "m": "l"}.get(letter, letter)


def _read_arguments(path: str, position: int, kinds: str) -> tuple[list[float], int]:
    arguments = []
    for kind in kinds:
        token = _TOKENS[kind].match(path, position)
        if not token or abs(float(token[1])) > FURTHEST:
            raise _refuse_path(path, position)
        arguments.append(float(token[1]))
        position = token.end()
    return arguments, position


def _refuse_path(path: str, position: int) -> ValueError:
    shown = show_value(path[position : position + 40])
    return ValueError(
        f'path data is wrong at "{shown}" (character {position + 1}); write commands with all their numbers, '
        f"each within {FURTHEST:,.0f}"
    )


@dataclass(slots=True, kw_only=True)
class _Pen:
    """Where the path is: the current point, its subpath's start, the last control point of a curve."""

    at: Point = (0.0, 0.0)
    start: Point = (0.0, 0.0)
    control: Point | None = None
    operators: list[str] = field(default_factory=list)

    def place(self, letter: str, arguments: list[float]) -> list[float]:
        """Return the arguments of a relative command as those of an absolute one."""
        x, y = self.at
        if letter.isupper():
            return arguments
        if letter == "a":
            return [*arguments[:5], arguments[5] + x, arguments[6] + y]
        first, second = (y, y) if letter == "v" else (x, y)
        return [value + (second if index % 2 else first) for index, value in enumerate(arguments)]

    def mirror(self) -> Point:
        """Return the last control point on the other side of the current point, which it is without one."""
        if self.control is None:
            return self.at
        return 2 * self.at[0] - self.control[0], 2 * self.at[1] - self.control[1]

    def write(self, operator: str, *points: float) -> None:
        self.operators.append(f"{write_numbers(*points)} {operator}")


def _move(pen: _Pen, arguments: list[float]) -> None:
    pen.at = pen.start = (arguments[0], arguments[1])
    pen.control = None
    pen.write("m", *pen.at)


def _line(pen: _Pen, arguments: list[float]) -> None:
    pen.at, pen.control = (arguments[0], arguments[1]), None
    pen.write("l", *pen.at)


def _horizontal(pen: _Pen, arguments: list[float]) -> None:
    _line(pen, [arguments[0], pen.at[1]])


def _vertical(pen: _Pen, arguments: list[float]) -> None:
    _line(pen, [pen.at[0], arguments[0]])


def _curve(pen: _Pen, arguments: list[float]) -> None:
    pen.write("c", *arguments)
    pen.control, pen.at = (arguments[2], arguments[3]), (arguments[4], arguments[5])


def _smooth_curve(pen: _Pen, arguments: list[float]) -> None:
    _curve(pen, [*pen.mirror(), *arguments])


def _quadratic(pen: _Pen, arguments: list[float]) -> None:
    pen.write("v", *arguments)
    pen.control, pen.at = (arguments[0], arguments[1]), (arguments[2], arguments[3])


def _smooth_quadratic(pen: _Pen, arguments: list[float]) -> None:
    _quadratic(pen, [*pen.mirror(), *arguments])


def _arc(pen: _Pen, arguments: list[float]) -> None:
    end = (arguments[5], arguments[6])
    if min(abs(arguments[0]), abs(arguments[1])) < _THINNEST_RADIUS:
        _line(pen, list(end))
        return
    if end != pen.at:
        for curve in _bend_arc(pen.at, end, arguments):
            pen.write("c", *curve)
    pen.at, pen.control = end, None


def _close(pen: _Pen, _: list[float]) -> None:
    pen.operators.append("h")
    pen.at, pen.control = pen.start, None


_DRAW: dict[str, Callable[[_Pen, list[float]], None]] = {
    "M": _move,
    "L": _line,
    "H": _horizontal,
    "V": _vertical,
    "C": _curve,
    "S": _smooth_curve,
    "Q": _quadratic,
    "T": _smooth_quadratic,
    "A": _arc,
    "Z": _close,
}


def _bend_arc(start: Point, end: Point, arguments: list[float]) -> Iterator[tuple[float, ...]]:
    """Yield the cubic curves of an arc, one for each quarter turn at most.

    The way from end points to centre is that of SVG 1.1, appendix F.6: turn and squeeze the ellipse into a
    unit circle, find the centre there, come back.
    """
    cosine, sine = math.cos(math.radians(arguments[2])), math.sin(math.radians(arguments[2]))
    half_x, half_y = (start[0] - end[0]) / 2, (start[1] - end[1]) / 2
    along, across = cosine * half_x + sine * half_y, cosine * half_y - sine * half_x
    reach = math.hypot(along / arguments[0], across / arguments[1])
    stretch = max(1.0, reach)  # radii too small to reach both ends grow until they do
    rx, ry = abs(arguments[0]) * stretch, abs(arguments[1]) * stretch
    unit_x, unit_y = along / rx, across / ry
    off = math.sqrt(max(0.0, 1 / max(_SMALLEST_SQUARE, unit_x * unit_x + unit_y * unit_y) - 1))
    if arguments[3] == arguments[4]:
        off = -off
    centre_x, centre_y = off * unit_y, -off * unit_x
    first = math.atan2(unit_y - centre_y, unit_x - centre_x)
    turn = math.atan2(-unit_y - centre_y, -unit_x - centre_x) - first
    if arguments[4] and turn < 0:
        turn += math.tau
    elif not arguments[4] and turn > 0:
        turn -= math.tau
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)

    def leave_circle(x: float, y: float) -> Point:
        x, y = (x + centre_x) * rx, (y + centre_y) * ry
        return cosine * x - sine * y + middle[0], sine * x + cosine * y + middle[1]

    for controls in _bend_circle(first, turn):
        yield tuple(value for point in controls for value in leave_circle(*point))


def _bend_circle(first: float, turn: float) -> Iterator[tuple[Point, Point, Point]]:
    pieces = math.ceil(abs(turn) / (math.pi / 2 + 0.001))
    step = turn / max(1, pieces)
    handle = 4 / 3 * math.tan(step / 4)
    for piece in range(pieces):
        a, b = first + piece * step, first + (piece + 1) * step
        yield (
            (math.cos(a) - handle * math.sin(a), math.sin(a) + handle * math.cos(a)),
            (math.cos(b) + handle * math.sin(b), math.sin(b) - handle * math.cos(b)),
            (math.cos(b), math.sin(b)),
        )
