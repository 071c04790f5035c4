"""Themes of what is not text: lines, shapes, pictures, marks, barcodes.

Not here: the bytes of the pictures (media.py).
"""

from itertools import product
from typing import Any

from pdfme_dagster_tests.golden.fields import A6, Field, Theme, blank, field, fixed, grid, make_theme
from pdfme_dagster_tests.golden.media import (
    grey_picture,
    jpeg_picture,
    rgb_picture,
    rgba_picture,
    signature_picture,
)

Box = tuple[float, float, float, float]


def list_figure_themes() -> list[Theme]:
    """Return the themes of this module."""
    return [
        _lines(),
        _rectangles(),
        _ellipses(),
        _pictures(),
        _vectors(),
        _marks(),
        _qr_codes(),
        _linear_codes(),
        _other_codes(),
        _invalid_values(),
        _degenerate(),
    ]


def _lines() -> Theme:
    thick = [
        _line(f"thick-{t}", (8, 8 + 6 * n, 60, t), "#000000") for n, t in enumerate((0.05, 0.2, 0.5, 1, 3))
    ]
    turned = [
        _line(f"turned-{angle}", (80, 20, 50, 0.6), "#0055aa", rotate=angle) for angle in (0, 15, 45, 90, -30)
    ]
    fields = [
        *thick,
        *turned,
        _line("upright", (20, 60, 0.5, 40), "#aa0000"),
        _line("faint", (8, 50, 100, 4), "#cc0000", opacity=0.3),
        _line("short-colour", (40, 60, 60, 1), "#0a0"),
        _line("no-colour", (40, 70, 60, 1), ""),
        _line("no-length", (40, 80, 0, 1), "#000000"),
        _line("no-thickness", (40, 90, 60, 0), "#000000"),
    ]
    return make_theme("lines", "lines thick, thin, turned and faint", fields)


def _line(name: str, box: Box, color: str, **properties: Any) -> Field:
    return field("line", name, box, **{"color": color, "readOnly": True, **properties})


def _rectangles() -> Theme:
    fields = [_shape("rectangle", n, box, look) for n, (look, box) in enumerate(_shape_looks())]
    looks: list[Field] = [{"color": "#cfe2f3"}, {"borderColor": "#aa0000", "borderWidth": 1.5}]
    combined = zip(product((1, 5, 30), looks), grid(3, 40, 24, top=120), strict=False)
    rounded = [
        _shape("rectangle", 20 + n, box, {"radius": radius, **look})
        for n, ((radius, look), box) in enumerate(combined)
    ]
    return make_theme("rectangles", "filled, bordered and rounded rectangles", fields + rounded)


def _ellipses() -> Theme:
    fields = [_shape("ellipse", n, box, look) for n, (look, box) in enumerate(_shape_looks())]
    turned = [
        _shape(
            "ellipse",
            20 + n,
            box,
            {"color": "#d9ead3", "borderColor": "#274e13", "borderWidth": 1, "rotate": angle},
        )
        for n, (angle, box) in enumerate(zip((15, 90, -30), grid(3, 40, 18, top=130), strict=False))
    ]
    return make_theme("ellipses", "filled, bordered and turned ellipses", fields + turned)


def _shape_looks() -> list[tuple[Field, Box]]:
    looks: list[Field] = [
        {"color": "#3366cc"},
        {"borderColor": "#cc3300", "borderWidth": 1},
        {"color": "#ffe599", "borderColor": "#7f6000", "borderWidth": 4},
        {"color": "#3366cc", "opacity": 0.4},
        {"color": "#ffe599", "borderColor": "#7f6000", "borderWidth": 3, "opacity": 0.5},
        {"color": "#93c47d", "borderColor": "", "borderWidth": 2},
        {"borderColor": "#cc3300", "borderWidth": 0},
        {"color": "", "borderColor": ""},
        {"color": "#f80", "borderColor": "#08f", "borderWidth": 0.2},
    ]
    return list(zip(looks, grid(3, 40, 30), strict=False))


def _shape(kind: str, number: int, box: Box, look: Field) -> Field:
    return field(kind, f"{kind}-{number}", box, readOnly=True, **look)


def _pictures() -> Theme:
    sources = {"rgb": rgb_picture(), "rgba": rgba_picture(), "grey": grey_picture(), "jpeg": jpeg_picture()}
    looks: list[Field] = [{}, {"rotate": 30}, {"opacity": 0.4}, {"rotate": 90, "readOnly": True}]
    fields = [
        field("image", f"{name}-{n}", box, content=source, **look)
        for (n, look), ((name, source), box) in (
            ((index // 4, looks[index // 4]), pair)
            for index, pair in enumerate(zip(list(sources.items()) * 4, grid(4, 26, 26, top=8), strict=False))
        )
    ]
    shaped = [
        field("image", "wide", (8, 135, 80, 20), content=sources["rgb"]),
        field("image", "tall", (100, 135, 10, 40), content=sources["rgb"]),
        field("image", "none", (120, 135, 20, 20), content=""),
        field("signature", "signed", (8, 165, 60, 25), content=signature_picture()),
    ]
    return make_theme(
        "pictures", "PNG and JPEG fitted into boxes, turned and faint; a signature", fields + shaped
    )


SVGS = {
    "shapes": (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 60">'
        '<rect x="5" y="5" width="40" height="20" fill="#cfe2f3" stroke="#0b5394" stroke-width="2"/>'
        '<circle cx="60" cy="18" r="13" fill="#f4cccc"/><ellipse cx="25" cy="45" rx="18" ry="9" fill="none" '
        'stroke="#990000"/><line x1="40" y1="35" x2="75" y2="55" stroke="#000000" stroke-width="3"/></svg>'
    ),
    "paths": (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48">'
        '<path d="M4 44 L24 4 L44 44 Z" fill="#ffd966" stroke="#7f6000"/>'
        '<path d="M12 36 C 16 20, 32 20, 36 36" fill="none" stroke="#cc0000" stroke-width="2"/>'
        '<path d="m20 40 h8 v-4 h-8 z" fill="#0055aa"/></svg>'
    ),
    "groups": (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 60">'
        '<g fill="#38761d" transform="translate(10,5)"><rect x="0" y="0" width="15" height="15"/>'
        '<g transform="scale(2)"><rect x="10" y="4" width="10" height="6"/></g></g>'
        '<polygon points="5,55 30,30 55,55" fill="#674ea7"/>'
        '<polyline points="5,30 15,25 25,30" fill="none" stroke="#000000"/></svg>'
    ),
    "sized": (
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">'
        '<rect width="40" height="20" fill="#999999"/></svg>'
    ),
}


def _vectors() -> Theme:
    fields = [
        field("svg", f"{name}-{n}", box, content=source, readOnly=n == 0)
        for n, ((name, source), box) in enumerate(
            zip(list(SVGS.items()) + list(SVGS.items())[:2], grid(3, 40, 30), strict=False)
        )
    ]
    stretched = [
        field("svg", "wide", (8, 85, 80, 20), content=SVGS["paths"]),
    ]
    return make_theme("svg", "vector pictures: shapes, paths, groups", fields + stretched)


def _marks() -> Theme:
    fields = [
        field(kind, f"{kind}-{value}-{n}", box, content=value, **look)
        for n, (((kind, value), look), box) in enumerate(
            zip(
                product(
                    product(("checkbox", "radioGroup", "circleMark"), ("true", "false", "")),
                    (
                        {"color": "#0055aa", "borderWidth": 0.5, "group": "one"},
                        {"color": "#000000", "borderWidth": 2, "opacity": 0.5},
                    ),
                ),
                grid(6, 16, 12),
                strict=False,
            )
        )
    ]
    turned = field(
        "circleMark", "turned", (8, 70, 40, 12), content="true", color="#aa0000", borderWidth=1, rotate=20
    )
    odd = field("circleMark", "no-border", (60, 70, 20, 12), content="true", color="#aa0000", borderWidth=0)
    return make_theme(
        "marks", "check boxes, radio buttons and rings, set and not set", [*fields, turned, odd]
    )


def _code(kind: str, number: int, box: Box, value: str, **properties: Any) -> Field:
    defaults = {"content": value, "backgroundColor": "#ffffff", "barColor": "#000000"}
    return field(kind, f"{kind}-{number}", box, **{**defaults, **properties})


def _qr_codes() -> Theme:
    looks: list[Field] = [
        {},
        {"barColor": "#0b5394", "backgroundColor": "#fff2cc"},
        {"opacity": 0.5},
        {"rotate": 15},
        {"backgroundColor": ""},
        {"readOnly": True},
    ]
    words = ("https://www.example.org/pay?id=7", "12345", "SAMPLE 12", "Größe", "a" * 120, "")
    fields = [
        _code("qrcode", n, box, word, **look)
        for n, ((word, look), box) in enumerate(
            zip(zip(words, looks, strict=True), grid(3, 30, 30), strict=False)
        )
    ]
    wide = _code("qrcode", 10, (8, 80, 60, 20), "stretched")
    return make_theme("barcode-qr", "QR codes", [*fields, wide], base=blank((120, 110)))


def _linear_codes() -> Theme:
    values = {
        "ean13": "290000000012",
        "ean8": "2000001",
        "code39": "SAMPLE-39",
        "code128": "Sample Code 128",
        "nw7": "A40156B",
        "itf14": "1000000000001",
        "upca": "40000000001",
        "upce": "0123456",
    }
    looks: list[Field] = [
        {"includetext": True, "textColor": "#000000"},
        {"includetext": False, "barColor": "#0b5394", "backgroundColor": "#fff2cc"},
    ]
    combined = zip(product(values.items(), looks), grid(2, 60, 18), strict=False)
    fields = [_code(kind, n, box, value, **look) for n, (((kind, value), look), box) in enumerate(combined)]
    return make_theme("barcode-linear", "bars, with and without their text", fields)


def _other_codes() -> Theme:
    values = {
        "japanpost": "10000011-2-3",
        "gs1datamatrix": "(01)09501101530003(10)SAMPLE",
        "pdf417": "Sample PDF417 with some words",
    }
    fields = [
        _code(kind, n, box, value, includetext=False)
        for n, ((kind, value), box) in enumerate(zip(values.items(), grid(2, 40, 30), strict=False))
    ]
    return make_theme("barcode-other", "stacked, square and postal codes", fields)


def _invalid_values() -> Theme:
    fields = [
        fixed("title", (8, 8, 60, 6), "Below are fields that pdfme cannot draw"),
        _code("ean13", 9, (8, 20, 40, 20), "not a number"),
        field("svg", "not-svg", (55, 20, 30, 20), content="no picture"),
    ]
    return make_theme("invalid-values", "a barcode and a picture that are none: pdfme draws nothing", fields)


def _degenerate() -> Theme:
    flat: list[Field] = [
        _shape(
            "rectangle",
            1,
            (10, 10, 0, 20),
            {"color": "#aa0000", "borderColor": "#000000", "borderWidth": 0.5},
        ),
        _shape("rectangle", 2, (20, 10, 30, 0), {"color": "#aa0000"}),
        _shape("rectangle", 3, (60, 10, 2, 2), {"borderColor": "#aa0000", "borderWidth": 3}),
        _shape("ellipse", 1, (10, 40, 20, 0), {"color": "#aa0000"}),
        field("circleMark", "flat-ring", (40, 40, 0, 10), content="true", color="#aa0000", borderWidth=1),
        fixed("flat-text", (10, 60, 30, 0), "No height"),
        fixed("invisible-text", (10, 70, 30, 6), "Invisible", opacity=0),
    ]
    invisible: list[Field] = [
        _shape("rectangle", 4, (10, 80, 20, 10), {"color": "#aa0000", "opacity": 0}),
        _shape("ellipse", 2, (40, 80, 20, 10), {"color": "#aa0000", "opacity": 0}),
        _line("invisible-line", (10, 95, 60, 1), "#aa0000", opacity=0),
        field("image", "invisible-image", (70, 80, 20, 15), content=rgb_picture(), opacity=0),
        _line("far-away", (300, 300, 60, 1), "#aa0000"),
    ]
    return make_theme(
        "degenerate", "zero sizes, nothing visible, off the page", flat + invisible, base=blank(A6)
    )
