"""Transforms of SVG (``translate(5 5) rotate(30)``) as matrices.

Not here: view boxes, and what is drawn through a matrix (svg.py).

A matrix is a, b, c, d, e, f, as both SVG and PDF write it.
"""

import math
import re
from collections.abc import Callable

from pdfme_dagster.domain.privacy import mask_numbers
from pdfme_dagster.rendering.svg_paths import FURTHEST

Matrix = tuple[float, float, float, float, float, float]

_IDENTITY: Matrix = (1, 0, 0, 1, 0, 0)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_TRANSFORM = re.compile(r"[\s,]*(\w{1,20})\s*\(([^()]*)\)")


def parse_transform(text: str) -> Matrix:
    """Return a list of transforms as one matrix; units after numbers are dropped. Raise ValueError."""
    matrix, position = _IDENTITY, 0
    text = text.rstrip(" \t\r\n,")
    while position < len(text):
        step = _TRANSFORM.match(text, position)
        if not step:
            raise _refuse_transform(text[position:])
        numbers = [_NUMBER.match(part) for part in re.split(r"[\s,]+", step[2].strip(" \t\r\n,"))]
        values = [float(number[0]) for number in numbers if number]
        make, counts = _TRANSFORMS.get(step[1], (None, ()))
        if make is None or len(values) not in counts or None in numbers or max(map(abs, values)) > FURTHEST:
            raise _refuse_transform(step[0])
        matrix, position = multiply(matrix, make(values)), step.end()
    return matrix


def _refuse_transform(text: str) -> ValueError:
    return ValueError(
        f"transform {mask_numbers(text.strip()[:30])!r} is not understood; "
        "write matrix, translate, scale, rotate, skewX or skewY with their numbers"
    )


def translate(values: list[float]) -> Matrix:
    """Return the matrix that moves by x and y; by x both ways if there is no y, as pdfme does."""
    return 1, 0, 0, 1, values[0], values[-1]


def scale(values: list[float]) -> Matrix:
    """Return the matrix that magnifies x and y, both the same if there is one number."""
    return values[0], 0, 0, values[-1], 0, 0


def _rotate(values: list[float]) -> Matrix:
    x, y = values[1:] if len(values) == 3 else (0.0, 0.0)
    cosine, sine = math.cos(math.radians(values[0])), math.sin(math.radians(values[0]))
    return cosine, sine, -sine, cosine, x - cosine * x + sine * y, y - sine * x - cosine * y


def _matrix(values: list[float]) -> Matrix:
    return values[0], values[1], values[2], values[3], values[4], values[5]


_TRANSFORMS: dict[str, tuple[Callable[[list[float]], Matrix], tuple[int, ...]]] = {
    "matrix": (_matrix, (6,)),
    "translate": (translate, (1, 2)),
    "translateX": (lambda values: (1, 0, 0, 1, values[0], 0), (1,)),
    "translateY": (lambda values: (1, 0, 0, 1, 0, values[0]), (1,)),
    "scale": (scale, (1, 2)),
    "scaleX": (lambda values: (values[0], 0, 0, 1, 0, 0), (1,)),
    "scaleY": (lambda values: (1, 0, 0, values[0], 0, 0), (1,)),
    "rotate": (_rotate, (1, 3)),
    "skewX": (lambda values: (1, 0, math.tan(math.radians(values[0])), 1, 0, 0), (1,)),
    "skewY": (lambda values: (1, math.tan(math.radians(values[0])), 0, 1, 0, 0), (1,)),
}


def multiply(outer: Matrix, inner: Matrix) -> Matrix:
    """Return the matrix that applies ``inner`` first."""
    a, b, c, d, e, f = outer
    a2, b2, c2, d2, e2, f2 = inner
    return (
        a * a2 + c * b2,
        b * a2 + d * b2,
        a * c2 + c * d2,
        b * c2 + d * d2,
        a * e2 + c * f2 + e,
        b * e2 + d * f2 + f,
    )
