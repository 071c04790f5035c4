"""Colours as SVG writes them (``red``, ``#f00``, ``rgb(255 0 0 / 50%)``, ``hsl(0, 100%, 50%)``).

Not here: what is painted in them (svg.py), nor the colours of a template, which are hexadecimal only.
"""

import colorsys
import re
from collections.abc import Sequence

from PIL import ImageColor

from pdfme_dagster.domain.privacy import mask_numbers

_LONGEST = 100  # characters
_HEX = re.compile(
    r"#(?:([0-9a-f])([0-9a-f])([0-9a-f])([0-9a-f])?|([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})?)"
)
_FUNCTION = re.compile(r"(rgb|hsl)a?\(([^()]*)\)")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?")
_NOT_GIVEN = ("", "none", "transparent", "inherit")
_BLACK = "0 0 0"


def parse_color(text: str) -> tuple[str | None, float | None]:
    """Return "r g b", each 0 to 1, and the alpha if one is given; None for no colour.

    Raise ValueError for what is no colour, such as a reference to a gradient.
    """
    color = text.strip().lower()
    if color in _NOT_GIVEN:
        return None, None
    if color == "currentcolor":
        return _BLACK, None
    channels = _parse_channels(color) if len(color) <= _LONGEST else None
    if channels is None:
        raise ValueError(
            f"{mask_numbers(text[:100])[:30]!r} is no colour that pdfme draws; write #rrggbb or a name of CSS"
        )
    return " ".join(_write_channel(value) for value in channels[:3]), channels[3] if len(
        channels
    ) > 3 else None


def _parse_channels(color: str) -> Sequence[float] | None:
    """Return red, green, blue and, if given, alpha, each 0 to 1."""
    named = ImageColor.colormap.get(color, color)
    if isinstance(named, tuple):  # Pillow keeps a name so once it has been asked for it
        return [value / 255 for value in named[:3]]
    digits = _HEX.fullmatch(named)
    if digits:
        return [int(digit if len(digit) == 2 else digit * 2, 16) / 255 for digit in digits.groups() if digit]
    function = _FUNCTION.fullmatch(color)
    if not function:
        return None
    parts = [part for part in re.split(r"[\s,/]+", function[2]) if part]
    numbers = [_NUMBER.match(part) for part in parts]
    if len(parts) not in (3, 4) or None in numbers:
        return None
    values = [float(number[0]) for number in numbers if number]
    alpha = [_clamp(values[3] / 100 if parts[3].endswith("%") else values[3])] if len(values) == 4 else []
    return [*(_mix_hsl(values) if function[1] == "hsl" else _mix_rgb(values, parts)), *alpha]


def _mix_rgb(values: Sequence[float], parts: Sequence[str]) -> list[float]:
    whole = [
        round(value * 2.55) if part.endswith("%") else value
        for value, part in zip(values, parts, strict=True)
    ]
    return [_clamp(value / 255) for value in whole[:3]]


def _mix_hsl(values: Sequence[float]) -> list[float]:
    hue, saturation, lightness = values[0] % 360 / 360, _clamp(values[1] / 100), _clamp(values[2] / 100)
    return list(colorsys.hls_to_rgb(hue, lightness, saturation))


def _clamp(value: float) -> float:
    return min(1.0, max(0.0, value))


def _write_channel(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")
