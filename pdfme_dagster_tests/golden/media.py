"""Pictures and base PDFs, made byte by byte so that they are the same with every release of every library.

Not here: where they are put on a page (figures.py, pages.py).
"""

import struct
import zlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass

# A photograph-like 24 x 16 baseline picture, encoded once: encoders differ from release to release.
JPEG = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhl"
    "bXd7gYKBTmCNl4x9lnN+gXz/2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8"
    "fHx8fHx8fHx8fHx8fHz/wAARCAAQABgDASIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAAAAQF/8QAFxABAQEBAAAAAAAA"
    "AAAAAAAAAwACYf/EABYBAQEBAAAAAAAAAAAAAAAAAAIDBf/EAB0RAAECBwAAAAAAAAAAAAAAAAABAwIEERIUIUH/2gAMAwEA"
    "AhEDEQA/AGG7U4axjbtUbQSXuJMtGvhZRGsnhV4acDWj/9k="
)

Pixel = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPage:
    """A page of a base PDF: boxes in points, operators, and links as (x, y, width, height, address)."""

    media_box: tuple[int, int, int, int]
    content: str
    crop_box: tuple[int, int, int, int] | None = None
    rotate: int = 0
    links: tuple[tuple[int, int, int, int, str], ...] = ()


def png(width: int, height: int, pixel: Pixel, *, colour_type: int) -> str:
    """Return a PNG as data URI; ``pixel`` gives 1 byte (grey, type 0), 3 (type 2) or 4 (alpha, type 6)."""
    rows = b"".join(b"\0" + b"".join(pixel(x, y) for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    # Level 0 stores: deflated bytes depend on the zlib at hand.
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 0)) + _chunk(b"IEND", b"")
    return _data_uri("image/png", b"\x89PNG\r\n\x1a\n" + chunks)


def rgb_picture() -> str:
    """Return 24 x 16 pixels from red to blue, darker to the bottom."""
    return png(24, 16, lambda x, y: bytes((240 - 10 * x, 60 + 8 * y, 10 * x)), colour_type=2)


def rgba_picture() -> str:
    """Return a green disc of 20 pixels with a soft edge on nothing."""

    def pixel(x: int, y: int) -> bytes:
        distance = ((x - 9.5) ** 2 + (y - 9.5) ** 2) ** 0.5
        return bytes((20, 150, 90, max(0, min(255, round((10 - distance) * 85)))))

    return png(20, 20, pixel, colour_type=6)


def grey_picture() -> str:
    """Return a chess board of 12 x 20 grey pixels."""
    return png(12, 20, lambda x, y: bytes((230 if (x // 4 + y // 4) % 2 else 70,)), colour_type=0)


def signature_picture() -> str:
    """Return a pen stroke of 60 x 20 pixels on nothing."""

    def pixel(x: int, y: int) -> bytes:
        on_stroke = abs(y - 10 - 7 * ((x % 20) / 10 - 1) * (1 - 2 * (x // 20 % 2))) < 1.2
        return bytes((10, 20, 90, 255 if on_stroke else 0))

    return png(60, 20, pixel, colour_type=6)


def jpeg_picture() -> str:
    """Return the JPEG as data URI."""
    return f"data:image/jpeg;base64,{JPEG}"


def write_pdf(*pages: FormPage) -> str:
    """Return a PDF of these pages as data URI; /F1 is Helvetica."""
    first = 4
    kids = " ".join(f"{first + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [ {kids} ] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, page in enumerate(pages):
        objects += [_describe_page(page, first + 2 * number + 1), _stream(page.content)]
    return _data_uri("application/pdf", _join_objects(objects))


def form_content(width: int, height: int, title: str) -> str:
    """Return the operators of a form: a frame 10 pt inside the page, a grey band and a title."""
    return (
        f"0.85 g 10 {height - 50} {width - 20} 40 re f "
        f"0 0.3 0.5 RG 1.5 w 10 10 {width - 20} {height - 20} re S "
        f"0 g BT /F1 14 Tf 20 {height - 36} Td ({title}) Tj ET"
    )


def _describe_page(page: FormPage, content: int) -> str:
    boxes = f"/MediaBox [ {_join(page.media_box)} ]"
    if page.crop_box:
        boxes += f" /CropBox [ {_join(page.crop_box)} ]"
    return (
        f"<< /Type /Page /Parent 2 0 R {boxes} /Rotate {page.rotate} /Contents {content} 0 R "
        f"/Annots [ {' '.join(map(_describe_link, page.links))} ] /Resources << /Font << /F1 3 0 R >> >> >>"
    )


def _describe_link(link: tuple[int, int, int, int, str]) -> str:
    x, y, width, height, address = link
    rect = f"{x} {y} {x + width} {y + height}"
    action = f"<< /Type /Action /S /URI /URI ({address}) >>"
    return f"<< /Type /Annot /Subtype /Link /Border [ 0 0 0 ] /Rect [ {rect} ] /A {action} >>"


def _join(box: tuple[int, int, int, int]) -> str:
    return " ".join(map(str, box))


def _stream(content: str) -> str:
    return f"<< /Length {len(content)} >>\nstream\n{content}\nendstream"


def _join_objects(objects: list[str]) -> bytes:
    body = "%PDF-1.4\n"
    offsets = []
    for number, each in enumerate(objects, start=1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{each}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    tail = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return f"{body}xref\n0 {size}\n0000000000 65535 f \n{table}{tail}".encode("ascii")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{b64encode(content).decode('ascii')}"
