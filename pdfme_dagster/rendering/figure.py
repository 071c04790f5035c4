"""A finished drawing: content stream operators, and the words that the caller still has to set in a font.

Not here: what is drawn (codes.py draws bar codes) nor the page it goes on.

Everything is in points from the page's lower left corner.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One line of text: ``x``, ``y`` is the left end of its baseline, ``width`` the room it has to fill.

    ``color`` is "r g b", each 0 to 1, as the operator ``rg`` wants it.
    """

    x: float
    y: float
    size: float
    text: str
    color: str
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Operators in ASCII that leave the graphics state as it was, the alphas they use, and the labels.

    ``alphas`` are the names of graphics states, such as ``A500_500``: whoever puts the figure on a page
    declares them among its resources.
    """

    operators: str
    alphas: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()


def format_number(value: float) -> str:
    """Write a number as operators want it: at most 3 decimals, no exponent, no trailing zeros."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
