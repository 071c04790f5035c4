"""What a PDF says about itself: information dictionary, XMP packet and the colour profile that PDF/A wants.

Not here: where these objects stand in the file, nor the pages.

Dates are days handed in, never the clock; the same facts give the same bytes.
"""

import re
from collections.abc import Callable
from datetime import date
from struct import pack
from xml.sax.saxutils import escape

PRODUCER = "pdfme-dagster"
SRGB_NAME = "sRGB IEC61966-2.1"

MAX_TITLE_CHARACTERS = 500  # viewers show the title in a window's frame
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,6}")
# XML allows no control characters nor lone surrogates, not even escaped.
_NOT_IN_XML = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_ASCII = re.compile(r"[ -~]*")
_SPECIAL = re.compile(r"([()\\])")

_NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "pdf": "http://ns.adobe.com/pdf/1.3/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}
_PDF_A_NAMESPACE = "http://www.aiim.org/pdfa/ns/id/"
_PDF_A = "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>"

# A monitor's red, green and blue as X, Y, Z under the D50 light of colour profiles (adapted by Bradford).
_PRIMARIES = {
    b"rXYZ": (0.4360747, 0.2225045, 0.0139322),
    b"gXYZ": (0.3850649, 0.7168786, 0.0971045),
    b"bXYZ": (0.1430804, 0.0606169, 0.7141733),
}
_WHITE = (0.9642, 1.0, 0.8249)
# Viewers draw straight lines between the points: with these the tone is never 1/10,000 off.
_CURVE_POINTS = 128


def clean_text(text: str) -> str:
    """Return a text as both dictionary and XMP can hold it: one line, blanks for what XML cannot say."""
    return " ".join(_NOT_IN_XML.sub(" ", text).split())[:MAX_TITLE_CHARACTERS]


def write_xmp(*, title: str, language: str, created: date | None, pdf_a: bool) -> bytes:
    """Return an XMP packet that says what ``write_info`` says; with ``pdf_a`` it claims PDF/A-2b.

    Raise ValueError for a language that is no language tag such as ``en`` or ``ar-BH``.
    """
    if not _LANGUAGE.fullmatch(language):
        raise ValueError(f'language "{language[:24]}" is not a language tag: write it like en or ar-BH')
    namespaces = _NAMESPACES | ({"pdfaid": _PDF_A_NAMESPACE} if pdf_a else {})
    declared = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in sorted(namespaces.items()))
    alternative = f'<rdf:Alt><rdf:li xml:lang="x-default">{escape(clean_text(title))}</rdf:li></rdf:Alt>'
    properties = [
        f"<dc:title>{alternative}</dc:title>",
        f"<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>",
        f"<pdf:Producer>{PRODUCER}</pdf:Producer>",
        "" if created is None else f"<xmp:CreateDate>{created.isoformat()}T00:00:00Z</xmp:CreateDate>",
        _PDF_A if pdf_a else "",
    ]
    packet = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about=""{declared}>{"".join(properties)}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta>\n<?xpacket end="r"?>'
    )
    return packet.encode("utf-8")


def write_info(*, title: str, created: date | None) -> bytes:
    """Return the information dictionary: title, producer and, if there is one, the day as creation date."""
    entries = b"/Title" + write_text(clean_text(title)) + b"/Producer" + write_text(PRODUCER)
    if created is not None:
        entries += b"/CreationDate(D:%04d%02d%02d000000Z)" % (created.year, created.month, created.day)
    return b"<<" + entries + b">>"


def write_text(text: str) -> bytes:
    """Return a text string as a PDF writes it: in brackets if all ASCII, else UTF-16 in hexadecimal."""
    if _ASCII.fullmatch(text):
        return b"(" + _SPECIAL.sub(r"\\\1", text).encode("ascii") + b")"
    return b"<feff" + text.encode("utf-16-be", "replace").hex().encode("ascii") + b">"


def write_output_intent(profile: int) -> bytes:
    """Return an output intent that names the profile in object number ``profile``: colours are sRGB."""
    name = SRGB_NAME.encode("ascii")
    return (
        b"<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(%s)/Info(%s)/DestOutputProfile %d 0 R>>"
        % (name, name, profile)
    )


def make_srgb_profile() -> bytes:
    """Return a monitor profile (ICC version 2.1, about 700 bytes) for the colours of sRGB.

    Its stream in a PDF has ``/N 3``.
    """
    tags = {
        b"desc": _pack_description(SRGB_NAME),
        b"cprt": b"text\0\0\0\0No copyright, use freely\0",
        b"wtpt": _pack_color(_WHITE),
        **{tag: _pack_color(color) for tag, color in _PRIMARIES.items()},
        b"rTRC": _pack_curve(_linearise_tone, _CURVE_POINTS),
    }
    places, body = _place_tags(tags, offset=128 + 4 + 12 * (len(tags) + 2))
    # The three colours share one curve.
    places |= {b"gTRC": places[b"rTRC"], b"bTRC": places[b"rTRC"]}
    table = pack(">I", len(places)) + b"".join(pack(">4sII", tag, *place) for tag, place in places.items())
    return _pack_header(128 + len(table) + len(body)) + table + body


def _pack_header(size: int) -> bytes:
    return pack(
        ">I4sI4s4s4s6H4s4sI4s4s8sI12s4s44x",
        size,
        b"",
        0x02100000,
        b"mntr",
        b"RGB ",
        b"XYZ ",
        *(2000, 1, 1, 0, 0, 0),  # a date must stand here; this one says nothing
        b"acsp",
        b"",
        0,
        b"",
        b"",
        b"",
        0,
        _pack_numbers(_WHITE),
        b"",
    )


def _place_tags(tags: dict[bytes, bytes], offset: int) -> tuple[dict[bytes, tuple[int, int]], bytes]:
    """Return each tag's offset and size in the profile, and all of them padded to four bytes."""
    places, body = {}, b""
    for tag, content in tags.items():
        places[tag] = (offset + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    return places, body


def _pack_description(text: str) -> bytes:
    name = text.encode("ascii") + b"\0"
    # Empty Unicode and Macintosh versions must follow.
    return b"desc\0\0\0\0" + pack(">I", len(name)) + name + bytes(4 + 4 + 2 + 1 + 67)


def _pack_color(xyz: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + _pack_numbers(xyz)


def _pack_numbers(numbers: tuple[float, float, float]) -> bytes:
    return pack(">3i", *(round(number * 65536) for number in numbers))


def _pack_curve(tone: Callable[[float], float], points: int) -> bytes:
    values = (round(65535 * tone(place / (points - 1))) for place in range(points))
    return b"curv\0\0\0\0" + pack(f">I{points}H", points, *values)


def _linearise_tone(value: float) -> float:
    """Return the light that an sRGB value stands for, both 0..1 (IEC 61966-2-1)."""
    return float(value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)
