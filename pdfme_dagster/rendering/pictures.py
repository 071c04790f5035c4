"""Pictures in templates and values (PNG, JPEG) as the image objects of a PDF, and where they stand in a box.

Not here: drawings in SVG (svg.py), bar codes (codes.py), nor the page that a picture is put on.

As in pdfme: a JPEG goes into the PDF as it is, a PNG as 8 bits a channel with its transparency as a soft
mask; gamma, colour profiles and a camera's note of which way up it was held (EXIF) are passed over. Colours
are the device's. For PDF/A-2b with an sRGB output intent DeviceRGB and DeviceGray will do, DeviceCMYK is not
allowed: ``Picture.color_space`` tells.
"""

import base64
import binascii
import re
import warnings
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from threading import Lock

from PIL import Image

from pdfme_dagster.domain.privacy import show_value

MOST_BYTES = 20_000_000  # of the file: a logo has thousands, a scan of a page in full colour a few million
MOST_PIXELS = 50_000_000  # A4 at 700 dpi; an RGBA picture of that size takes 200 MB while it is read
_MOST_CHUNKS = 50_000  # of a PNG: encoders write one per 8 KB or more, which is 2,500 in the largest file
_MOST_SCANS = 100  # of a JPEG: progressive encoders write about ten
_MOST_SCANNED_PIXELS = 1_000_000_000  # a decoder visits every pixel once per scan, however short the scan is
_KEPT_BYTES = 64_000_000  # of pictures read before: a logo is on every statement of a month end

_DATA_URI = re.compile(r"data:([^,;\s]{0,100})((?:;[^,;\s]{0,100}){0,8}),", re.IGNORECASE)
_BLANKS = str.maketrans("", "", " \t\r\n")
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_DRAWN_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # markers SOF0 to SOF15
_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})  # those that no length follows
_SCAN = b"\xff\xda"
_JPEG_COLORS = {1: "DeviceGray", 3: "DeviceRGB", 4: "DeviceCMYK"}
_CONVERT = "save the picture as PNG or JPEG again, with 8 bits a channel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture as a PDF image object.

    ``entries`` are those of its dictionary except ``/Length`` and ``/SMask``; ``mask`` is the soft mask, if
    anything is transparent: entries and data of an image object of its own. ``digest`` is the SHA-256 of the
    file, in hex: equal pictures can share one object.
    """

    width_px: int
    height_px: int
    digest: str
    color_space: str
    entries: bytes
    data: bytes
    mask: tuple[bytes, bytes] | None = None

    @property
    def size_bytes(self) -> int:
        """Return the bytes that the picture takes in a PDF."""
        return len(self.data) + (len(self.mask[1]) if self.mask else 0)


def read_picture(data_uri: str) -> Picture:
    """Read a picture from ``data:image/png;base64,...`` or jpeg; the bytes count, not the type given.

    Raise ValueError, saying what is wrong and what to do, for anything but one whole PNG or JPEG within
    20 MB and 50 million pixels.
    """
    content = _decode_data_uri(data_uri)
    digest = sha256(content).hexdigest()
    known = _pictures_read.find(digest)
    if known:
        return known
    picture = _read_content(content, digest)
    _pictures_read.keep(picture)
    return picture


def place_picture(
    picture: Picture, x: float, y: float, width: float, height: float
) -> tuple[float, float, float, float]:
    """Return the largest rectangle of the picture's proportions in the middle of a box.

    Both are x, y of the lower left corner, width and height, in points.
    """
    ratio = picture.width_px / picture.height_px
    if ratio * height > width:
        drawn = width / ratio
        return x, y + (height - drawn) / 2, width, drawn
    drawn = height * ratio
    return x + (width - drawn) / 2, y, drawn, height


def _decode_data_uri(data_uri: str) -> bytes:
    stripped = data_uri.strip()
    header = _DATA_URI.match(stripped)
    if not header:
        raise ValueError(_explain_no_data_uri(stripped))
    media_type, parameters = header[1].lower(), header[2].lower()
    if media_type == "application/pdf":
        raise ValueError(
            "the picture is a PDF, which pdfme draws no longer since version 5; convert the page to PNG"
        )
    if ";base64" not in parameters:
        raise ValueError("the picture's data URI is not base64; write data:image/png;base64,...")
    if (len(stripped) - header.end()) * 3 // 4 > 2 * MOST_BYTES:
        raise ValueError(_explain_bytes((len(stripped) - header.end()) * 3 // 4))
    return _decode_base64(stripped[header.end() :].translate(_BLANKS))


def _explain_no_data_uri(value: str) -> str:
    if re.match(r"(https?|ftp|file):|//", value, re.IGNORECASE):
        return (
            "the picture is an address; nothing is fetched for a template, so put the picture itself there "
            "as data:image/png;base64,..."
        )
    return f'the picture "{show_value(value[:200])}" is no data URI; write data:image/png;base64,...'


def _decode_base64(text: str) -> bytes:
    try:
        content = base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ValueError("the picture's base64 is damaged; encode the file again") from exc
    if len(content) > MOST_BYTES:
        raise ValueError(_explain_bytes(len(content)))
    return content


def _explain_bytes(size_bytes: int) -> str:
    return (
        f"the picture has {size_bytes:,} bytes, at most {MOST_BYTES:,} are drawn; "
        "save it with fewer pixels or as JPEG"
    )


def _read_content(content: bytes, digest: str) -> Picture:
    if content.startswith(_PNG):
        return _read_png(content, digest)
    if content.startswith(_JPEG):
        return _read_jpeg(content, digest)
    raise ValueError(f"the picture is {_name_format(content)}, neither PNG nor JPEG; {_CONVERT}")


def _name_format(content: bytes) -> str:
    names = {b"GIF8": "a GIF", b"RIFF": "a WebP", b"%PDF": "a PDF", b"BM": "a BMP", b"II*\0": "a TIFF"}
    names |= {b"MM\0*": "a TIFF", b"<svg": "an SVG", b"<?xml": "an SVG"}
    return next((name for start, name in names.items() if content.startswith(start)), "of an unknown kind")


def _check_pixels(width_px: int, height_px: int) -> None:
    if width_px < 1 or height_px < 1:
        raise ValueError(f"the picture is {width_px} by {height_px} pixels; {_CONVERT}")
    if width_px * height_px > MOST_PIXELS:
        raise ValueError(
            f"the picture is {width_px} by {height_px} pixels, at most {MOST_PIXELS:,} in all are drawn; "
            "save it smaller"
        )


def _decode(content: bytes, format_name: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow finds odd but reads is fine
            image = Image.open(BytesIO(content), formats=[format_name])
            image.load()
    except Exception as exc:  # the decoders raise whatever they stumble over, struct.error for one
        raise ValueError(f"the picture is a damaged or cut off {format_name}; {_CONVERT}") from exc
    return image


# --- JPEG


def _read_jpeg(content: bytes, digest: str) -> Picture:
    width_px, height_px, bits, channels = _read_jpeg_frame(content)
    _check_pixels(width_px, height_px)
    # Every other FF of the coded pixels is followed by 00, so this counts scans, and thumbnails' at worst.
    scans = content.count(_SCAN)
    if scans > _MOST_SCANS or scans * width_px * height_px > _MOST_SCANNED_PIXELS:
        raise ValueError(f"the picture is a JPEG in {scans} passes, too many for its size; {_CONVERT}")
    color_space = _JPEG_COLORS.get(channels)
    if bits != 8 or color_space is None:
        raise ValueError(f"the picture is a JPEG of {channels} channels of {bits} bits; {_CONVERT}")
    if _decode(content, "JPEG").size != (width_px, height_px):
        raise ValueError(f"the picture is a JPEG with two sizes; {_CONVERT}")
    entries = _write_entries(width_px, height_px, color_space, "DCTDecode")
    if channels == 4:
        entries += b" /Decode [1 0 1 0 1 0 1 0]"  # programs that write CMYK write it inverted
    return Picture(
        width_px=width_px,
        height_px=height_px,
        digest=digest,
        color_space=color_space,
        entries=entries,
        data=content,
    )


def _read_jpeg_frame(content: bytes) -> tuple[int, int, int, int]:
    """Return width, height, bits a channel and channels from the first frame header."""
    for marker, start, end in _walk_segments(content):
        if marker in _FRAMES and end - start >= 6:
            height_px = int.from_bytes(content[start + 1 : start + 3])
            width_px = int.from_bytes(content[start + 3 : start + 5])
            return width_px, height_px, content[start], content[start + 5]
    raise ValueError(f"the picture is a JPEG without a size; {_CONVERT}")


def _walk_segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of the segments before the first scan."""
    position = 2
    while position + 4 <= len(content) and content[position] == 0xFF:
        marker = content[position + 1]
        if marker == 0xDA:
            return
        if marker == 0xFF or marker in _BARE_MARKERS:
            position += 1 if marker == 0xFF else 2
            continue
        end = position + 2 + int.from_bytes(content[position + 2 : position + 4])
        if end > len(content):
            return
        yield marker, position + 4, end
        position = end


# --- PNG


def _read_png(content: bytes, digest: str) -> Picture:
    drawn = _cut_png(content)
    # The signature, a length and a name come before the header: 8 + 4 + 4 bytes.
    width_px, height_px = int.from_bytes(drawn[16:20]), int.from_bytes(drawn[20:24])
    _check_pixels(width_px, height_px)
    image = _reduce_depth(_decode(drawn, "PNG"), bits=drawn[24])
    color, alpha = _split_alpha(image)
    color_space = "DeviceGray" if color.mode == "L" else "DeviceRGB"
    return Picture(
        width_px=width_px,
        height_px=height_px,
        digest=digest,
        color_space=color_space,
        entries=_write_entries(width_px, height_px, color_space, "FlateDecode"),
        data=zlib.compress(color.tobytes(), 9),
        mask=_write_mask(alpha) if alpha else None,
    )


def _cut_png(content: bytes) -> bytes:
    """Return the PNG with nothing but what is drawn: text, profiles and times may hide bombs."""
    parts = [_PNG]
    for name, start, end in _walk_chunks(content):
        if len(parts) == 1 and name != b"IHDR":
            break
        if name == b"acTL" and int.from_bytes(content[start + 8 : start + 12]) > 1:
            raise ValueError("the picture is an animated PNG; save one frame of it as PNG")
        if name in _DRAWN_CHUNKS:
            parts.append(content[start:end])
    if len(parts) == 1 or not parts[-1].endswith(b"IEND\xaeB`\x82"):
        raise ValueError(f"the picture is a damaged or cut off PNG; {_CONVERT}")
    return b"".join(parts)


def _walk_chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of the chunks up to the last one, which is IEND in a whole file."""
    position = len(_PNG)
    for _ in range(_MOST_CHUNKS):
        name = content[position + 4 : position + 8]
        end = position + 12 + int.from_bytes(content[position : position + 4])
        if end > len(content) or len(name) < 4:
            return
        yield name, position, end
        if name == b"IEND":
            return
        position = end
    raise ValueError(f"the picture is a PNG in more than {_MOST_CHUNKS:,} pieces; {_CONVERT}")


def _reduce_depth(image: Image.Image, bits: int) -> Image.Image:
    """Return the picture with 8 bits a channel: of 16 the upper 8, as pdfme has it."""
    transparent = image.info.get("transparency")
    if transparent is not None and bits == 16:
        raise ValueError(f"the picture is a PNG with a transparent colour of 16 bits; {_CONVERT}")
    if isinstance(transparent, int) and image.mode == "L":
        # Pillow spreads 2 and 4 bits over 0 to 255, but not the transparent grey.
        image.info["transparency"] = transparent * 255 // (2**bits - 1)
    if image.mode.startswith("I"):  # grey of 16 bits; colour of 16 bits Pillow has reduced already
        return image.convert("I").point([value >> 8 for value in range(65536)], "L")
    return image


def _split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return the colours, grey or RGB, and the opacity if not all is opaque."""
    grey = image.mode in ("1", "L", "LA")
    if image.mode in ("LA", "RGBA") or "transparency" in image.info:
        whole = image.convert("RGBA")
        alpha = whole.getchannel("A")
        color = whole.getchannel("R") if grey else whole.convert("RGB")
        lowest, _ = alpha.getextrema()
        return color, alpha if isinstance(lowest, int) and lowest < 255 else None
    return image.convert("L" if grey else "RGB"), None


def _write_entries(width_px: int, height_px: int, color_space: str, filter_name: str) -> bytes:
    return (
        f"/Type /XObject /Subtype /Image /Width {width_px} /Height {height_px} "
        f"/ColorSpace /{color_space} /BitsPerComponent 8 /Filter /{filter_name}"
    ).encode("ascii")


def _write_mask(alpha: Image.Image) -> tuple[bytes, bytes]:
    entries = _write_entries(alpha.width, alpha.height, "DeviceGray", "FlateDecode")
    return entries, zlib.compress(alpha.tobytes(), 9)


# --- Pictures read before


class _PicturesRead:
    """The pictures used last, up to a number of bytes: ``lru_cache`` counts heads, not weight."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held_bytes = 0
        self._pictures: OrderedDict[str, Picture] = OrderedDict()
        self._lock = Lock()

    def find(self, digest: str) -> Picture | None:
        with self._lock:
            if digest in self._pictures:
                self._pictures.move_to_end(digest)
            return self._pictures.get(digest)

    def keep(self, picture: Picture) -> None:
        # One that fills most of the room would push out all the small ones that come again.
        if picture.size_bytes > self._most_bytes // 4:
            return
        with self._lock:
            if picture.digest not in self._pictures:
                self._held_bytes += picture.size_bytes
            self._pictures[picture.digest] = picture
            while self._held_bytes > self._most_bytes:
                _, dropped = self._pictures.popitem(last=False)
                self._held_bytes -= dropped.size_bytes


_pictures_read = _PicturesRead(_KEPT_BYTES)
