"""A template's base PDF, imported once: its pages as form XObjects, to stand before a document's own objects.

Not here: the fields drawn over it, a file's header, cross-reference table and trailer, nor reading templates.

As pdfme 6 does it, a page becomes as large as its CropBox and its corner moves to the origin; /Rotate and
/UserUnit have no effect; of the annotations only links to the web come along, form fields and stamps are
not drawn. Unlike pdfme, layers (optional content) that are off stay off, and a page without content is blank.

A base PDF comes from outside: what is decoded is bounded, and only what draws comes along, so no script,
action, attached file or reference to another file can reach a customer.
"""

import logging
import re
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from urllib.parse import urlsplit

import pikepdf
import uharfbuzz as hb
from pikepdf.settings import set_qpdf_limits

# A document carries its base PDF along: these are far beyond what is sensible for a statement.
MAX_FILE_BYTES = 50 * 1024 * 1024
MAX_PAGES = 500
MAX_OBJECTS = 50_000
MAX_LINKS = 5_000
MAX_URI_CHARACTERS = 2_000  # browsers open no longer ones
_FAR = 1e6  # no coordinate of a page is beyond; numbers without end would come out unreadable
MAX_PAGE_POINTS = 14_400  # the largest page PDF viewers promise to show, 5.08 m
# A few kilobytes can inflate to many gigabytes.
MAX_DECODED_BYTES = 100 * 1024 * 1024
MAX_DECODED_TOTAL = 4 * MAX_DECODED_BYTES
MAX_IMAGE_PIXELS = 100_000_000  # A4 at 900 dpi; images in other formats than PDF's own are not decoded here
MAX_NESTING = 60  # arrays and dictionaries inside one another; real files stay below ten
_MAX_FILTERS = 6
_LZW_EXPANSION = 2_731  # 12 bits stand for at most 4,096 bytes


def _name_set(names: str) -> frozenset[str]:
    return frozenset(f"/{name}" for name in names.split())


_RESOURCES = _name_set("ColorSpace ExtGState Font Pattern Properties Shading XObject")
_NAMED = _RESOURCES | {"/CharProcs"}
# Nothing of these draws, and each can bring along half of the source document.
_BALLAST = _name_set(
    "A AA AF Alternates EF F FDecodeParms FFilter JS LastModified Length Measure Metadata OPI Parent"
    " PieceInfo PtData Ref StructParent StructParents Thumb Usage"
)
_FOREIGN_TYPES = _name_set(
    "Action Annot Catalog EmbeddedFile Filespec JavaScript Metadata ObjStm Outlines Page Pages Sig StructElem"
    " StructTreeRoot XRef"
)
_ACTIONS = _name_set(
    "GoTo GoTo3DView GoToE GoToR Hide ImportData JavaScript Launch Movie Named Rendition ResetForm"
    " RichMediaExecute SetOCGState Sound SubmitForm Thread Trans URI"
)
_PLAIN_FILTERS = _name_set(
    "FlateDecode Fl LZWDecode LZW ASCII85Decode A85 ASCIIHexDecode AHx RunLengthDecode RL"
)
_FLATE = ("/FlateDecode", "/Fl")
_LZW = ("/LZWDecode", "/LZW")
_LAYERS = ("/OCG", "/OCMD")
_LAYER_ENTRIES = frozenset(("/Type", "/Name", "/Intent"))
_LINK_SCHEMES = ("http", "https", "mailto")

# Hints, layout rules, bitmaps and names: no viewer needs them to draw by glyph number or code. ``post``
# stays: simple fonts may look glyphs up by name.
_FONT_BALLAST = (
    *("BASE", "DSIG", "EBDT", "EBLC", "EBSC", "GDEF", "GPOS", "GSUB", "JSTF", "LTSH"),
    *("PCLT", "VDMX", "cvt ", "fpgm", "gasp", "hdmx", "kern", "meta", "name", "prep"),
)
_FONT_UNTOUCHED = ("OS/2", "cmap", "post")

_UNSAFE_IN_NAME = re.compile(rb"[^!-~]|[#%()<>\[\]{}/]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CUT_OFF = re.compile(r"unable to find trailer|\bEOF\b")
_LZW_NAME = re.compile(rb"/(?:L|#4[cC])(?:Z|#5[aA])(?:W|#57)")

Part = bytes | int
Rect = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectTemplate:
    """An object whose numbers are still open: an int in ``parts`` stands for a reference to that object."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link to the web: left, bottom, right, top in points; ``look`` holds /Border, /C and /H as written."""

    rect: Rect
    uri: str
    look: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BasePage:
    """A page in points; ``form`` is the index of the object that draws it, its corner at the origin."""

    width: float
    height: float
    form: int
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BasePdf:
    """Every page, and every object the pages need, each once.

    ``catalogue`` holds the entries that the document's catalogue needs so that layers that are off stay off;
    empty when the base PDF has no layers.
    """

    pages: tuple[BasePage, ...]
    objects: tuple[ObjectTemplate, ...]
    catalogue: ObjectTemplate


def import_base_pdf(content: bytes, *, optimise: bool = False) -> BasePdf:
    """Import all pages of a PDF; the same content gives the same objects in every process.

    ``optimise`` packs everything anew and strips embedded TrueType fonts of hints and tables that do not
    draw: often half the size. Outlines stay, and viewers that ignore hints (Poppler) draw the same pixels;
    PDFium obeys hints, there the edges of such letters change slightly.

    Raise ValueError, naming the fix, for a file that is no PDF, is encrypted, damaged, without pages, too
    large or made to exhaust memory.
    """
    _check_file(content)
    try:
        with _guard_qpdf(), _open_pdf(content) as source:
            imported = _Import(source, optimise=optimise).run()
            _check_warnings(source.get_warnings())
    except pikepdf.DataDecodingError as error:
        raise _refuse_decoding(error) from error
    except (pikepdf.PikepdfError, ArithmeticError, RuntimeError, TypeError, UnicodeError) as error:
        # Entries of another kind than they must be, numbers beyond all bounds, names in no known encoding.
        raise ValueError(f"the base PDF is damaged: {_REPAIR}") from error
    return imported


def number_objects(base: BasePdf, first: int) -> list[bytes]:
    """Return the objects as bytes, without ``n 0 obj``, given that they are numbered from ``first`` on."""
    return [fill_references(template, first) for template in base.objects]


def fill_references(template: ObjectTemplate, first: int) -> bytes:
    """Return an object, or the entries for the catalogue, with its references as numbers."""
    return b"".join(
        part if isinstance(part, bytes) else b"%d 0 R" % (first + part) for part in template.parts
    )


_REPAIR = "open it in a PDF program and save or print it to a new PDF"


def _check_file(content: bytes) -> None:
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(
            f"the base PDF has {len(content):,} bytes, more than {MAX_FILE_BYTES:,}: use smaller pictures"
        )
    if b"%PDF-" not in content[:1024]:
        raise ValueError("the base PDF is not a PDF (it does not start with %PDF-): save it as PDF")
    # qpdf bounds every other filter, and reads compressed objects before anything can be checked.
    if b"/XRef" in content and _LZW_NAME.search(content):
        raise ValueError(f"the base PDF has LZW streams beside compressed objects: {_REPAIR}")


def _open_pdf(content: bytes) -> pikepdf.Pdf:
    try:
        # Without an end of file behind it, qpdf loses the last object of a file that it must repair.
        source = pikepdf.open(BytesIO(content + b"\n%%EOF\n"), suppress_warnings=True)
    except pikepdf.PasswordError as error:
        raise ValueError(_ENCRYPTED) from error
    if source.is_encrypted:
        source.close()
        raise ValueError(_ENCRYPTED)
    return source


def _check_warnings(warnings: list[str]) -> None:
    """Refuse what qpdf goes on with although a part is missing or made up: nobody would see it."""
    told = "\n".join(warnings)
    if "limit exceeded" in told:
        raise _refuse_bomb()
    if _CUT_OFF.search(told):
        raise ValueError(f"the base PDF is damaged, its end is missing: take a whole copy, or {_REPAIR}")
    if "MediaBox" in told:
        raise ValueError(f"the base PDF has a page without a size (/MediaBox): {_REPAIR}")


_ENCRYPTED = "the base PDF is encrypted: save it without a password"


@contextmanager
def _guard_qpdf() -> Iterator[None]:
    """Bound what qpdf decodes and keep it quiet; both hold for the process, so they are given back."""
    logger = logging.getLogger("pikepdf._core")
    logger.addFilter(_drop_record)
    previous = set_qpdf_limits(
        flate_max_memory=MAX_DECODED_BYTES,
        run_length_max_memory=MAX_DECODED_BYTES,
        png_max_memory=MAX_DECODED_BYTES,
        tiff_max_memory=MAX_DECODED_BYTES,
        max_stream_filters=_MAX_FILTERS,
        parser_max_container_size=20 * MAX_OBJECTS,
        doc_max_warnings=MAX_OBJECTS,
    )
    try:
        yield
    finally:
        logger.removeFilter(_drop_record)
        set_qpdf_limits(**previous)  # type: ignore[arg-type]  # its own answer, typed too widely


def _drop_record(_: logging.LogRecord) -> bool:
    return False


def _refuse_decoding(error: Exception) -> ValueError:
    if "limit exceeded" in str(error):
        return _refuse_bomb()
    return ValueError(f"the base PDF has a damaged stream: {_REPAIR}")


def _refuse_bomb() -> ValueError:
    return ValueError(
        f"the base PDF unpacks to more than {MAX_DECODED_BYTES:,} bytes in one stream or "
        f"{MAX_DECODED_TOTAL:,} in all: use smaller pictures"
    )


class _Import:
    """One run over a base PDF: objects are counted as they are first referred to, page forms before all."""

    def __init__(self, source: pikepdf.Pdf, *, optimise: bool) -> None:
        self._source = source
        self._optimise = optimise
        self._indices: dict[tuple[int, int], int] = {}
        self._waiting: deque[tuple[int, pikepdf.Object, str]] = deque()
        self._objects: dict[int, ObjectTemplate] = {}
        self._layers: list[pikepdf.Object] = []
        self._decoded_bytes = 0
        self._links = 0

    def run(self) -> BasePdf:
        pages = [page.obj for page in self._list_pages()]
        imported = tuple(self._import_page(index, page) for index, page in enumerate(pages))
        while self._waiting:
            index, value, role = self._waiting.popleft()
            self._objects[index] = ObjectTemplate(parts=_join(self._write_object(value, role)))
        objects = tuple(self._objects[index] for index in range(len(self._objects)))
        return BasePdf(pages=imported, objects=objects, catalogue=self._write_layers())

    def _list_pages(self) -> list[pikepdf.Page]:
        count = len(self._source.pages)
        if count == 0:
            raise ValueError(f"the base PDF has no pages: {_REPAIR}")
        if count > MAX_PAGES:
            raise ValueError(
                f"the base PDF has {count:,} pages, more than {MAX_PAGES}: keep those that are drawn on"
            )
        self._next_index = count
        return list(self._source.pages)

    def _import_page(self, index: int, page: pikepdf.Object) -> BasePage:
        left, bottom, right, top = box = _read_page_box(page, number=index + 1)
        content = zlib.compress(self._read_contents(page), 9)
        head = f"<</Type/XObject/Subtype/Form/BBox[{_write_numbers(*box)}]"
        if left or bottom:
            head += f"/Matrix[1 0 0 1 {_write_numbers(-left, -bottom)}]"
        parts: list[Part] = [head.encode("ascii"), b"/Resources "]
        resources = _find_inherited(page, "/Resources")
        parts += self._write_value(resources, "/Resources", 0) if resources is not None else [b"<<>>"]
        parts += [b"/Filter/FlateDecode", *_frame_stream(content)]
        self._objects[index] = ObjectTemplate(parts=_join(parts))
        links = tuple(self._read_links(page, box))
        return BasePage(width=right - left, height=top - bottom, form=index, links=links)

    def _read_contents(self, page: pikepdf.Object) -> bytes:
        contents = page.get("/Contents")
        streams = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
        return b"\n".join(self._decode(stream) for stream in streams if isinstance(stream, pikepdf.Stream))

    def _read_links(self, page: pikepdf.Object, box: Rect) -> Iterator[Link]:
        annotations = page.get("/Annots")
        for annotation in annotations if isinstance(annotations, pikepdf.Array) else ():
            link = self._read_link(annotation, box)
            if link is not None:
                self._links += 1
                yield link
            if self._links > MAX_LINKS:
                raise ValueError(f"the base PDF has more than {MAX_LINKS} links: remove them")

    def _read_link(self, annotation: object, box: Rect) -> Link | None:
        if not isinstance(annotation, pikepdf.Dictionary) or _read_name(annotation, "/Subtype") != "/Link":
            return None
        uri, rect = _read_uri(annotation.get("/A")), _read_box(annotation.get("/Rect"))
        visible = None if rect is None else _clip_to_page(rect, box)
        if uri is None or visible is None:
            return None
        return Link(rect=visible, uri=uri, look=_write_link_look(annotation))

    # -- one object ------------------------------------------------------------------------------------------

    def _refer(self, value: pikepdf.Object, role: str) -> int:
        index = self._indices.get(value.objgen)
        if index is None:
            index = self._indices[value.objgen] = self._next_index
            self._next_index += 1
            self._waiting.append((index, value, role))
            if _read_name(value, "/Type") == "/OCG":
                self._layers.append(value)
        if index >= MAX_OBJECTS:
            raise ValueError(f"the base PDF needs more than {MAX_OBJECTS:,} objects: simplify it")
        return index

    def _write_value(self, value: object, role: str, depth: int) -> list[Part]:
        """Write what an array or dictionary holds; ``role`` is the key that led here."""
        if not isinstance(value, pikepdf.Object):
            return [write_scalar(value)]
        if _is_foreign(value):
            return [b"null"]
        if value.is_indirect and isinstance(value, (pikepdf.Dictionary, pikepdf.Array, pikepdf.Stream)):
            return [self._refer(value, role)]
        return self._write_direct(value, role, depth)

    def _write_object(self, value: pikepdf.Object, role: str) -> list[Part]:
        if isinstance(value, pikepdf.Stream):
            return self._write_stream(value, role)
        return self._write_direct(value, role, 0)

    def _write_direct(self, value: pikepdf.Object, role: str, depth: int) -> list[Part]:
        if depth > MAX_NESTING:
            raise ValueError(f"the base PDF nests values deeper than {MAX_NESTING} levels: {_REPAIR}")
        if isinstance(value, pikepdf.Dictionary):
            return [b"<<", *self._write_entries(_select_entries(value, role), role, depth), b">>"]
        if not isinstance(value, pikepdf.Array):
            return [value.unparse()]
        parts: list[Part] = [b"["]
        for item in value:
            parts += [*self._write_value(item, role, depth + 1), b" "]
        return [*parts, b"]"]

    def _write_entries(self, entries: Mapping[str, object], role: str, depth: int) -> list[Part]:
        parts: list[Part] = []
        for key in sorted(entries):
            # In a dictionary of named resources a key is a name and says nothing of what it holds.
            written = self._write_value(entries[key], "" if role in _NAMED else key, depth + 1)
            if written != [b"null"]:
                parts += [write_name(key), b" ", *written]
        return parts

    def _write_stream(self, stream: pikepdf.Stream, role: str) -> list[Part]:
        entries = _select_entries(stream, role)
        _check_pixels(entries)
        body = self._pack(stream, entries, role)
        return [b"<<", *self._write_entries(entries, "", 0), *_frame_stream(body)]

    # -- streams ---------------------------------------------------------------------------------------------

    def _pack(self, stream: pikepdf.Stream, entries: dict[str, object], role: str) -> bytes:
        """Return the bytes to write; ``entries`` get the filter that goes with them."""
        raw, filters = stream.read_raw_bytes(), _list_filters(stream)
        if self._optimise and role == "/FontFile2" and _is_plain(filters):
            slim = _slim_font(self._decode(stream))
            entries["/Length1"] = len(slim)
            return _deflate_stream(entries, slim)
        if filters and not (_is_plain(filters) and self._is_repacked(entries)):
            self._measure(stream, raw, filters)
            return raw
        if len(filters) == 1 and filters[0] in _FLATE:
            # Only the packing is made anew: a predictor stays, it makes pictures small.
            inflated = self._inflate(raw)
            return raw if inflated is None else min(zlib.compress(inflated, 9), raw, key=len)
        return _deflate_stream(entries, self._decode(stream))

    def _is_repacked(self, entries: Mapping[str, object]) -> bool:
        return self._optimise or "/PatternType" in entries or str(entries.get("/Subtype")) == "/Form"

    def _decode(self, stream: pikepdf.Stream) -> bytes:
        if any(name in _LZW for name in _list_filters(stream)):
            _check_lzw(stream)
        decoded = stream.read_bytes(pikepdf.StreamDecodeLevel.specialized)
        self._count(len(decoded))
        return decoded

    def _inflate(self, raw: bytes) -> bytes | None:
        """Return what is packed; None where it is damaged, viewers then draw what they can of it."""
        try:
            inflated = zlib.decompressobj().decompress(raw, MAX_DECODED_BYTES + 1)
        except zlib.error:
            return None
        self._count(len(inflated))
        return inflated

    def _measure(self, stream: pikepdf.Stream, raw: bytes, filters: list[str]) -> None:
        """Refuse a stream that stays packed but would unpack to too much in the reader's viewer."""
        if len(filters) > 1 and _is_plain(filters):
            self._decode(stream)
        elif filters[0] in _FLATE:
            self._inflate(raw)
        elif filters[0] in _LZW:
            _check_lzw(stream)

    def _count(self, decoded: int) -> None:
        self._decoded_bytes += decoded
        if decoded > MAX_DECODED_BYTES or self._decoded_bytes > MAX_DECODED_TOTAL:
            raise _refuse_bomb()

    # -- layers ----------------------------------------------------------------------------------------------

    def _write_layers(self) -> ObjectTemplate:
        """Write /OCProperties for the layers in use: which there are, and which are off when a file opens."""
        if not self._layers:
            return ObjectTemplate(parts=())
        hidden = _find_hidden_layers(self._source.Root.get("/OCProperties"), self._layers)
        parts: list[Part] = [b"/OCProperties<</OCGs["]
        for layer in self._layers:
            parts += [self._indices[layer.objgen], b" "]
        parts.append(b"]/D<</Name(Layers)/OFF[")
        for layer in hidden:
            parts += [self._indices[layer.objgen], b" "]
        return ObjectTemplate(parts=_join([*parts, b"]>>>>"]))


# -- pages ---------------------------------------------------------------------------------------------------


def _find_inherited(page: pikepdf.Object, key: str) -> pikepdf.Object | None:
    """Return a page's entry or that of the nearest node of the page tree above it."""
    node: object = page
    for _ in range(MAX_NESTING):
        if not isinstance(node, pikepdf.Dictionary):
            return None
        if isinstance(found := node.get(key), pikepdf.Object):
            return found
        node = node.get("/Parent")
    return None


def _read_page_box(page: pikepdf.Object, number: int) -> Rect:
    box = _read_box(_find_inherited(page, "/CropBox")) or _read_box(_find_inherited(page, "/MediaBox"))
    if box is None:
        raise ValueError(f"page {number} of the base PDF has no size (/MediaBox): {_REPAIR}")
    width, height = box[2] - box[0], box[3] - box[1]
    if not (0 < width <= MAX_PAGE_POINTS and 0 < height <= MAX_PAGE_POINTS):
        raise ValueError(
            f"page {number} of the base PDF is {width:.5g} x {height:.5g} points large; "
            f"a side has more than 0 and at most {MAX_PAGE_POINTS:,}: set its size and crop box"
        )
    return box


def _read_box(value: object) -> Rect | None:
    """Return left, bottom, right, top whatever corner comes first; None for anything but four numbers."""
    if not isinstance(value, pikepdf.Array) or len(value) != 4:
        return None
    numbers = [float(item) for item in value if isinstance(item, (int, Decimal))]
    if len(numbers) != 4 or max(map(abs, numbers)) > _FAR:
        return None
    x0, y0, x1, y1 = numbers
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _clip_to_page(rect: Rect, box: Rect) -> Rect | None:
    """Return a rectangle's visible part seen from the page's corner, None when there is none."""
    left, bottom = max(rect[0], box[0]), max(rect[1], box[1])
    right, top = min(rect[2], box[2]), min(rect[3], box[3])
    if right <= left or top <= bottom:
        return None
    return left - box[0], bottom - box[1], right - box[0], top - box[1]


def _read_uri(action: object) -> str | None:
    """Return where a link leads if that is the web or a mail address, as pdfme understands it."""
    if not isinstance(action, pikepdf.Dictionary) or _read_name(action, "/S") != "/URI":
        return None
    value = action.get("/URI")
    uri = str(value).strip() if isinstance(value, pikepdf.String) else ""
    return uri if len(uri) <= MAX_URI_CHARACTERS and _is_web_address(uri) else None


def _is_web_address(uri: str) -> bool:
    if _CONTROL.search(uri):
        return False
    try:
        address = urlsplit(uri)
    except ValueError:
        return False
    return address.scheme in _LINK_SCHEMES and bool(address.netloc or address.scheme == "mailto")


def _write_link_look(annotation: pikepdf.Object) -> bytes:
    """Keep border and colour; a link without either gets no border, though PDF's default is a black one."""
    border = _list_numbers(annotation.get("/Border")) or [Decimal(0)] * 3
    look = f"/Border[{_write_numbers(*border[:3])}]"
    if color := _list_numbers(annotation.get("/C")):
        look += f"/C[{_write_numbers(*color[:4])}]"
    if (highlight := _read_name(annotation, "/H")) in ("/N", "/I", "/O", "/P"):
        look += f"/H{highlight}"
    return look.encode("ascii")


def _list_numbers(value: object) -> list[Decimal]:
    items: list[object] = list(value) if isinstance(value, pikepdf.Array) else []
    return [Decimal(item) for item in items if isinstance(item, (int, Decimal))]


def _find_hidden_layers(properties: object, layers: list[pikepdf.Object]) -> list[pikepdf.Object]:
    settings = properties.get("/D") if isinstance(properties, pikepdf.Dictionary) else None
    if not isinstance(settings, pikepdf.Dictionary):
        return []
    if _read_name(settings, "/BaseState") == "/OFF":
        shown = _list_numbers_of(settings.get("/ON"))
        return [layer for layer in layers if layer.objgen not in shown]
    hidden = _list_numbers_of(settings.get("/OFF"))
    return [layer for layer in layers if layer.objgen in hidden]


def _list_numbers_of(layers: object) -> set[tuple[int, int]]:
    items = list(layers) if isinstance(layers, pikepdf.Array) else []
    return {item.objgen for item in items if isinstance(item, pikepdf.Object)}


# -- what comes along ----------------------------------------------------------------------------------------


def _is_foreign(value: pikepdf.Object) -> bool:
    """Say whether a value belongs to the document or its interaction, not to what a page draws."""
    if not isinstance(value, (pikepdf.Dictionary, pikepdf.Stream)):
        return False
    if _read_name(value, "/Type") in _FOREIGN_TYPES or _read_name(value, "/S") in _ACTIONS:
        return True
    return "/EF" in value and ("/F" in value or "/UF" in value)


def _select_entries(value: pikepdf.Object, role: str) -> dict[str, object]:
    entries: dict[str, object] = dict(value.items())
    if role == "/Resources":
        return {key: entry for key, entry in entries.items() if key in _RESOURCES}
    if role == "/Properties":
        # What a page's marks are called must be known, but only layers change what is drawn.
        return {key: entry if _is_layer(entry) else pikepdf.Dictionary() for key, entry in entries.items()}
    if role in _NAMED:
        return entries
    if _read_name(value, "/Type") == "/OCG":
        return {key: entry for key, entry in entries.items() if key in _LAYER_ENTRIES}
    if isinstance(value, pikepdf.Stream) or _read_name(value, "/Type"):
        return {key: entry for key, entry in entries.items() if key not in _BALLAST}
    return entries


def _is_layer(value: object) -> bool:
    return isinstance(value, pikepdf.Dictionary) and _read_name(value, "/Type") in _LAYERS


def _check_pixels(entries: Mapping[str, object]) -> None:
    width, height = entries.get("/Width"), entries.get("/Height")
    if isinstance(width, int) and isinstance(height, int) and width * height > MAX_IMAGE_PIXELS:
        raise ValueError(
            f"the base PDF has a picture of {width:,} x {height:,} pixels, more than {MAX_IMAGE_PIXELS:,}: "
            "use a smaller one"
        )


def _check_lzw(stream: pikepdf.Stream) -> None:
    """Refuse what could unpack to too much: qpdf has no bound for this filter."""
    if len(stream.read_raw_bytes()) * _LZW_EXPANSION > MAX_DECODED_BYTES:
        raise ValueError(f"the base PDF has a large stream with the old LZW compression: {_REPAIR}")


def _list_filters(stream: pikepdf.Stream) -> list[str]:
    value = stream.get("/Filter")
    filters = [str(item) for item in value] if isinstance(value, pikepdf.Array) else [str(value)]
    if len(filters) > _MAX_FILTERS:
        raise ValueError(f"the base PDF has a stream with {len(filters)} filters: {_REPAIR}")
    return [] if value is None else filters


def _is_plain(filters: list[str]) -> bool:
    return all(name in _PLAIN_FILTERS for name in filters)


def _deflate_stream(entries: dict[str, object], decoded: bytes) -> bytes:
    entries.pop("/DecodeParms", None)
    entries["/Filter"] = pikepdf.Name.FlateDecode
    return zlib.compress(decoded, 9)


def _slim_font(font: bytes) -> bytes:
    """Return a TrueType font without hints, all glyphs under their numbers; as it is where that fails."""
    try:
        source = hb.Face(font)
        wanted = hb.SubsetInput()
        wanted.keep_everything()
        flags = hb.SubsetFlags
        wanted.flags = flags.RETAIN_GIDS | flags.NO_HINTING | flags.NOTDEF_OUTLINE | flags.NO_LAYOUT_CLOSURE
        wanted.drop_table_tag_set.update(map(_pack_tag, _FONT_BALLAST))
        wanted.no_subset_table_tag_set.update(map(_pack_tag, _FONT_UNTOUCHED))
        slim = bytes(hb.subset(source, wanted).blob.data)
    except RuntimeError:
        return font
    return slim if 0 < len(slim) < len(font) else font


def _pack_tag(tag: str) -> int:
    return int.from_bytes(tag.encode("ascii"), "big")


# -- writing -------------------------------------------------------------------------------------------------


def _read_name(value: pikepdf.Object, key: str) -> str:
    """Return a name as text, empty when the entry is none."""
    entry = value.get(key)
    return str(entry) if isinstance(entry, pikepdf.Name) else ""


def write_scalar(value: object) -> bytes:
    """Return a number, truth value or null as a PDF writes it."""
    if value is None:
        return b"null"
    if isinstance(value, bool):
        return b"true" if value else b"false"
    return format(value, "d" if isinstance(value, int) else "f").encode("ascii")


def write_name(key: str) -> bytes:
    """Return a name, given as pikepdf has it (``/Type``), as a PDF writes it."""
    name = key[1:].encode("utf-8", "surrogateescape")
    return b"/" + _UNSAFE_IN_NAME.sub(lambda match: b"#%02x" % match[0][0], name)


def _write_numbers(*numbers: float | Decimal) -> str:
    return " ".join(f"{number:.4f}".rstrip("0").rstrip(".") for number in numbers)


def _frame_stream(body: bytes) -> list[Part]:
    return [b"/Length %d>>\nstream\n" % len(body), body, b"\nendstream"]


def _join(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Merge neighbouring bytes."""
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, bytes) and joined and isinstance(joined[-1], bytes):
            joined[-1] += part
        else:
            joined.append(part)
    return tuple(joined)
