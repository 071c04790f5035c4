"""A base PDF's pages come along as they look, with nothing else of their document."""

import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
import reportlab
from pikepdf import Array, Dictionary, Name, String
from pikepdf.settings import get_qpdf_limits
from PIL import Image, ImageChops
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from pdfme_dagster.rendering.base_pdf import (
    MAX_DECODED_BYTES,
    MAX_FILE_BYTES,
    MAX_PAGES,
    BasePdf,
    fill_references,
    import_base_pdf,
    number_objects,
)

WIDTH, HEIGHT = 400, 300
VERA = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
Change = Callable[[pikepdf.Pdf], None]


def draw_base(pages: int = 1) -> bytes:
    """Return a PDF with text, shapes, transparency, a picture with a mask, and links."""
    written = BytesIO()
    canvas = Canvas(written, pagesize=(WIDTH, HEIGHT), invariant=1)
    shade = Image.linear_gradient("L").resize((64, 64))
    picture = ImageReader(Image.merge("RGBA", (shade, shade.rotate(90), shade.rotate(180), shade)))
    for page in range(pages):
        canvas.setFont("Helvetica", 14)
        canvas.drawString(30, 250, f"Page {page + 1} of the letterhead")
        canvas.setFillColorRGB(0.1, 0.3, 0.8)
        canvas.rect(20, 20, 360, 30, fill=1, stroke=0)
        canvas.setFillAlpha(0.4)
        canvas.circle(200, 60, 40, fill=1)
        canvas.drawImage(picture, 60, 80, 100, 100, mask="auto")
        canvas.linkURL("https://example.com/terms", (30, 240, 130, 270))
        canvas.linkURL("javascript:alert(1)", (30, 200, 130, 220))
        canvas.showPage()
    canvas.save()
    return written.getvalue()


def change_base(change: Change, pages: int = 1) -> bytes:
    with pikepdf.open(BytesIO(draw_base(pages))) as source:
        change(source)
        return save(source)


def save(source: pikepdf.Pdf, **options: object) -> bytes:
    written = BytesIO()
    source.save(written, deterministic_id=True, compress_streams=False, **options)  # type: ignore[arg-type]  # passed on
    return written.getvalue()


def write_document(base: BasePdf) -> bytes:
    """Return a PDF with one page per page of the base, the base drawn and nothing else."""
    objects, count = number_objects(base, 1), len(base.objects)
    pages = range(count + 3, count + 3 + 2 * len(base.pages), 2)
    kids = b" ".join(b"%d 0 R" % number for number in pages)
    objects.append(b"<</Type/Catalog/Pages %d 0 R%s>>" % (count + 2, fill_references(base.catalogue, 1)))
    objects.append(b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(pages), kids))
    for number, page in zip(pages, base.pages, strict=True):
        resources = b"/Resources<</XObject<</B %d 0 R>>>>" % (1 + page.form)
        box = b"/MediaBox[0 0 %g %g]" % (page.width, page.height)
        objects.append(
            b"<</Type/Page/Parent %d 0 R%s%s/Contents %d 0 R>>" % (count + 2, box, resources, number + 1)
        )
        objects.append(b"<</Length 5>>\nstream\n/B Do\nendstream")
    return join_objects(objects, root=count + 1)


def join_objects(objects: list[bytes], root: int = 1) -> bytes:
    content, table = b"%PDF-1.7\n", b"0000000000 65535 f \n"
    for number, written in enumerate(objects, 1):
        table += b"%010d 00000 n \n" % len(content)
        content += b"%d 0 obj\n%s\nendobj\n" % (number, written)
    size = len(objects) + 1
    end = b"xref\n0 %d\n%strailer\n<</Size %d/Root %d 0 R>>\n" % (size, table, size, root)
    return content + end + b"startxref\n%d\n%%%%EOF\n" % len(content)


def draw_pixels(content: bytes, dpi: int = 100) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(content)
    try:
        return [
            page.render(scale=dpi / 72, may_draw_forms=False).to_pil().convert("RGB") for page in document
        ]
    finally:
        document.close()


def measure_difference(content: bytes, other: bytes) -> int:
    """Return by how much two documents differ at most in any pixel of any page."""
    first, second = draw_pixels(content), draw_pixels(other)
    assert [page.size for page in first] == [page.size for page in second]
    pairs = zip(first, second, strict=True)
    return max(max(ImageChops.difference(one, two).tobytes()) for one, two in pairs)


def join_all(base: BasePdf) -> bytes:
    return b"\n".join(number_objects(base, 1))


def set_entry(key: str, value: object) -> Change:
    def change(source: pikepdf.Pdf) -> None:
        source.pages[0].obj[key] = value

    return change


# -- how it looks --------------------------------------------------------------------------------------------


def split_contents(source: pikepdf.Pdf) -> None:
    content = source.pages[0].obj.Contents.read_bytes()
    middle = content.index(b"\n", len(content) // 2)
    halves = [source.make_stream(half) for half in (content[:middle], content[middle:])]
    source.pages[0].obj.Contents = Array(halves)


def move_to_page_tree(source: pikepdf.Pdf) -> None:
    page = source.pages[0].obj
    for key in ("/Resources", "/MediaBox"):
        source.Root.Pages[key] = page[key]
        del page[key]


def add_pattern_and_mask(source: pikepdf.Pdf) -> None:
    page, box = source.pages[0], Array([0, 0, 10, 10])
    tile = source.make_stream(b"1 0 0 rg 0 0 5 5 re f", PatternType=1, PaintType=1, TilingType=1, BBox=box)
    tile.XStep, tile.YStep, tile.Resources = 10, 10, Dictionary()
    group = Dictionary(S=Name.Transparency, CS=Name.DeviceGray)
    mask = source.make_stream(
        b"0.5 g 0 0 90 90 re f", Subtype=Name.Form, BBox=Array([0, 0, 90, 90]), Group=group
    )
    page.obj.Resources.Pattern = Dictionary(T=tile)
    states = page.obj.Resources.ExtGState
    states.M, states.B = Dictionary(SMask=Dictionary(S=Name.Luminosity, G=mask)), Dictionary(BM=Name.Multiply)
    page.contents_add(b"/Pattern cs /T scn 200 100 90 90 re f q /M gs 0 0 1 rg 0 0 90 90 re f Q")
    page.contents_add(b"q /B gs 1 1 0 rg 150 150 90 90 re f 0 1 1 rg 200 170 90 90 re f Q")


@pytest.mark.parametrize(
    "change",
    [
        lambda source: None,
        split_contents,
        move_to_page_tree,
        add_pattern_and_mask,
        set_entry("/Group", Dictionary(S=Name.Transparency, CS=Name.DeviceRGB, I=True)),
        set_entry("/CropBox", Array([40, 30, 350, 280])),
        set_entry("/CropBox", Array([350.5, 280.25, 40, 30])),
    ],
    ids=["plain", "split", "inherited", "pattern", "group", "cropped", "corners swapped"],
)
@pytest.mark.parametrize("optimise", [False, True])
def test_pages_look_as_in_the_base_pdf(change: Change, optimise: bool) -> None:
    content = change_base(change)
    assert measure_difference(content, write_document(import_base_pdf(content, optimise=optimise))) == 0


def test_compressed_objects_are_read() -> None:
    with pikepdf.open(BytesIO(draw_base(3))) as source:
        content = save(source, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert measure_difference(content, write_document(import_base_pdf(content))) == 0


def test_a_page_is_as_large_as_its_crop_box_and_starts_at_the_origin() -> None:
    (page,) = import_base_pdf(change_base(set_entry("/CropBox", Array([40, 30, 350.5, 280])))).pages
    assert (page.width, page.height) == (310.5, 250)


def test_a_media_box_off_the_origin_is_moved_there() -> None:
    base = import_base_pdf(change_base(set_entry("/MediaBox", Array([-100, -50, 400, 300]))))
    assert (base.pages[0].width, base.pages[0].height) == (500, 350)
    assert b"/BBox[-100 -50 400 300]/Matrix[1 0 0 1 100 50]" in join_all(base)


@pytest.mark.parametrize(("key", "value"), [("/Rotate", 90), ("/UserUnit", 2)])
def test_rotation_and_user_unit_are_ignored_as_in_pdfme(key: str, value: int) -> None:
    turned = write_document(import_base_pdf(change_base(set_entry(key, value))))
    assert measure_difference(turned, draw_base()) == 0


def test_annotations_are_not_drawn_as_in_pdfme() -> None:
    def add_annotations(source: pikepdf.Pdf) -> None:
        drawn = source.make_stream(b"1 0 0 rg 0 0 99 99 re f", Subtype=Name.Form, BBox=Array([0, 0, 99, 99]))
        look, rect = Dictionary(N=drawn), Array([200, 200, 299, 299])
        kinds = (Name.Widget, Name.Stamp)
        made = [Dictionary(Type=Name.Annot, Subtype=kind, Rect=rect, AP=look, F=4) for kind in kinds]
        widget, stamp = (source.make_indirect(annotation) for annotation in made)
        source.pages[0].obj.Annots, source.Root.AcroForm = (
            Array([widget, stamp]),
            Dictionary(Fields=Array([widget])),
        )

    content = write_document(import_base_pdf(change_base(add_annotations)))
    assert measure_difference(content, draw_base()) == 0


def add_layers(source: pikepdf.Pdf) -> None:
    shown, hidden = (source.make_indirect(Dictionary(Type=Name.OCG, Name=String(name))) for name in "ab")
    hidden.Usage = Dictionary(CreatorInfo=Dictionary(Creator=String("a program")))
    source.Root.OCProperties = Dictionary(OCGs=Array([shown, hidden]), D=Dictionary(OFF=Array([hidden])))
    source.pages[0].obj.Resources.Properties = Dictionary(
        S=shown, H=hidden, N=Dictionary(Note=String("secret"))
    )
    source.pages[0].contents_add(b"/OC /S BDC 0 0 1 rg 200 100 50 50 re f EMC /Span /N BDC EMC")
    source.pages[0].contents_add(b"/OC /H BDC 1 0 0 rg 300 100 50 50 re f EMC")


def test_layers_that_are_off_stay_off() -> None:
    content = change_base(add_layers)
    base = import_base_pdf(content)
    assert measure_difference(content, write_document(base)) == 0
    assert b"a program" not in join_all(base)
    assert b"secret" not in join_all(base)


def test_layers_that_only_some_are_on_of_stay_off() -> None:
    def turn_round(source: pikepdf.Pdf) -> None:
        add_layers(source)
        shown = source.Root.OCProperties.OCGs[0]
        source.Root.OCProperties.D = Dictionary(BaseState=Name.OFF, ON=Array([shown]))

    content = change_base(turn_round)
    assert measure_difference(content, write_document(import_base_pdf(content))) == 0


def test_without_layers_the_catalogue_needs_nothing() -> None:
    assert fill_references(import_base_pdf(draw_base()).catalogue, 1) == b""


def test_a_page_without_content_is_blank() -> None:
    base = import_base_pdf(join_objects([CATALOG, PAGES, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 90 90]>>"]))
    (page,) = draw_pixels(write_document(base))
    assert page.getextrema() == ((255, 255),) * 3


# -- what comes along ----------------------------------------------------------------------------------------

CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"


def test_pages_share_fonts_and_pictures() -> None:
    one, many = (import_base_pdf(draw_base(pages)) for pages in (1, 20))
    assert len(many.objects) - len(one.objects) == 19
    assert [page.form for page in many.pages] == list(range(20))


def test_references_count_from_the_given_number() -> None:
    base = import_base_pdf(draw_base())
    references = [
        {int(number) for number in re.findall(rb"(\d+) 0 R", b"".join(number_objects(base, first)))}
        for first in (1, 501)
    ]
    assert references[1] == {number + 500 for number in references[0]}
    assert max(references[0]) <= len(base.objects)


def test_the_same_base_pdf_gives_the_same_objects_in_every_process(tmp_path: Path) -> None:
    path = tmp_path / "base.pdf"
    path.write_bytes(change_base(add_layers))
    script = (
        "import sys, hashlib; from pathlib import Path; from pdfme_dagster.rendering.base_pdf import *;"
        "base = import_base_pdf(Path(sys.argv[1]).read_bytes(), optimise=True);"
        "print(hashlib.sha256(repr(base).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script, path],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def add_ballast(source: pikepdf.Pdf) -> None:
    page, script = source.pages[0].obj, Dictionary(S=Name.JavaScript, JS=String("alert"))
    source.Root.OpenAction = page.AA = script
    source.Root.AcroForm = Dictionary(Fields=Array([]), XFA=String("form"))
    form = source.make_stream(
        b"", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 1, 1]), StructParents=3
    )
    form.Metadata = source.make_stream(b"<xmp>", Type=Name.Metadata)
    form.PieceInfo = Dictionary(Program=Dictionary(Private=page))
    form.OC, form.Ref, form.Odd = script, Dictionary(F=String("other.pdf")), script
    attached = source.make_stream(b"attached", Type=Name.EmbeddedFile)
    form.AF = form.More = source.make_indirect(Dictionary(F=String("a.txt"), EF=Dictionary(F=attached)))
    page.Resources.XObject.X, page.Resources.Odd = form, page
    page.Thumb = source.make_stream(b"thumb")


def test_nothing_that_does_not_draw_comes_along() -> None:
    written = join_all(import_base_pdf(change_base(add_ballast)))
    for word in (
        b"alert",
        b"XFA",
        b"StructParents",
        b"Metadata",
        b"PieceInfo",
        b"other.pdf",
        b"a.txt",
        b"Odd",
    ):
        assert word not in written
    for kind in (b"/Page", b"/Catalog", b"/EmbeddedFile"):
        assert not re.search(rb"/Type ?%s\b" % kind, written)


def test_a_resource_may_have_the_name_of_ballast() -> None:
    def rename(source: pikepdf.Pdf) -> None:
        fonts = source.pages[0].obj.Resources.Font
        (name,) = sorted(fonts.keys())
        source.pages[0].obj.Resources.Font = Dictionary({"/Parent": fonts[name], "/Resources": fonts[name]})
        content = source.pages[0].obj.Contents.read_bytes()
        source.pages[0].obj.Contents = source.make_stream(
            content.replace(name.encode() + b" 14", b"/Parent 14")
        )

    content = change_base(rename)
    assert measure_difference(content, write_document(import_base_pdf(content))) == 0


def test_names_numbers_and_texts_keep_their_bytes() -> None:
    font = b"<</Type/Font/N#e9#20#2f 1/Real -.5/Yes true/No false/S(a\\)\351)/Null null/Q[[1]2 .25]>>"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<</Font<</F#e4 %s>>>>>>" % font
    written = import_base_pdf(join_objects([CATALOG, PAGES, page])).objects[0].parts
    expected = b"<</No false/N#e9#20#2f 1/Q [[1 ] 2 0.25 ]/Real -0.5/S <6129e9>/Type /Font/Yes true>>"
    assert b"/F#e4 " + expected in b"".join(part for part in written if isinstance(part, bytes))


# -- links ---------------------------------------------------------------------------------------------------


def link_to(uri: str, rect: tuple[float, ...] = (10, 10, 50, 20), **entries: Any) -> Change:
    action = Dictionary(S=Name.URI, URI=String(uri))
    annotation = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array(rect), A=action, **entries)
    return set_entry("/Annots", Array([annotation]))


def test_links_to_the_web_come_along_and_scripts_do_not() -> None:
    (link,) = import_base_pdf(draw_base()).pages[0].links
    assert (link.uri, link.rect) == ("https://example.com/terms", (30, 240, 130, 270))
    assert link.look.startswith(b"/Border[0 0 0]")


@pytest.mark.parametrize("uri", ["http://example.com", "HTTPS://example.com/a b", "mailto:bank@example.com"])
def test_web_and_mail_addresses_are_links(uri: str) -> None:
    assert [link.uri for link in import_base_pdf(change_base(link_to(f" {uri} "))).pages[0].links] == [uri]


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http://[",
        "relative",
        "https://a.example/\nb",
        "https://example.com/" + "a" * 2000,
    ],
)
def test_other_addresses_are_no_links(uri: str) -> None:
    assert import_base_pdf(change_base(link_to(uri))).pages[0].links == ()


def test_links_move_with_the_crop_box_and_are_cut_to_it() -> None:
    def crop(source: pikepdf.Pdf) -> None:
        link_to("https://example.com", (90, 40, 20, 80))(source)
        source.pages[0].obj.CropBox = Array([50, 50, 350, 280])

    (link,) = import_base_pdf(change_base(crop)).pages[0].links
    assert link.rect == (0, 0, 40, 30)


def test_a_link_outside_the_page_is_left_out() -> None:
    assert (
        import_base_pdf(change_base(link_to("https://example.com", (500, 10, 600, 20)))).pages[0].links == ()
    )


def test_a_links_border_and_colour_are_kept() -> None:
    look: dict[str, Any] = {"Border": Array([0, 0, 2]), "C": Array([1, 0, 0.5]), "H": Name.P}
    (link,) = import_base_pdf(change_base(link_to("https://example.com", **look))).pages[0].links
    assert link.look == b"/Border[0 0 2]/C[1 0 0.5]/H/P"


# -- streams -------------------------------------------------------------------------------------------------


def add_picture(data: bytes, filters: object, **entries: object) -> Change:
    def change(source: pikepdf.Pdf) -> None:
        picture = source.make_stream(b"", Type=Name.XObject, Subtype=Name.Image)
        picture.write(data, filter=filters)  # type: ignore[arg-type]  # a name, names or None
        for key, value in entries.items():
            picture[f"/{key}"] = value
        source.pages[0].obj.Resources.XObject.New = picture

    return change


def test_what_is_packed_stays_packed_as_it_is() -> None:
    jpeg = b"\xff\xd8 a jpeg of sorts"
    packed = zlib.compress(bytes(1000), 0)
    for data, filters in ((jpeg, Name.DCTDecode), (packed, Name.FlateDecode)):
        assert data in join_all(import_base_pdf(change_base(add_picture(data, filters))))


def test_what_is_not_packed_is_deflated() -> None:
    written = join_all(import_base_pdf(change_base(add_picture(b"plain" * 500, None))))
    assert zlib.compress(b"plain" * 500, 9) in written


def test_optimising_packs_anew_and_keeps_predictors() -> None:
    change = add_picture(
        zlib.compress(bytes(1000), 0), Name.FlateDecode, DecodeParms=Dictionary(Predictor=15)
    )
    written = join_all(import_base_pdf(change_base(change), optimise=True))
    assert zlib.compress(bytes(1000), 9) in written
    assert b"/Predictor 15" in written


def embed_whole_font(source: pikepdf.Pdf) -> None:
    """Write with a font that has hints and layout tables, by glyph number and by name."""
    file = source.make_stream(VERA.read_bytes(), Length1=VERA.stat().st_size)
    descriptor = source.make_indirect(
        Dictionary(
            Type=Name.FontDescriptor, FontName=Name.V, Flags=32, FontFile2=file, Ascent=900, Descent=-200
        )
    )
    system = Dictionary(Registry=String("Adobe"), Ordering=String("Identity"), Supplement=0)
    descendant = Dictionary(Type=Name.Font, Subtype=Name.CIDFontType2, BaseFont=Name.V, CIDSystemInfo=system)
    descendant.FontDescriptor, descendant.DW, descendant.CIDToGIDMap = descriptor, 700, Name.Identity
    fonts = source.pages[0].obj.Resources.Font
    fonts.G = Dictionary(Type=Name.Font, Subtype=Name.Type0, BaseFont=Name.V, Encoding=Name("/Identity-H"))
    fonts.G.DescendantFonts = Array([descendant])
    fonts.N = Dictionary(Type=Name.Font, Subtype=Name.TrueType, BaseFont=Name.V, FontDescriptor=descriptor)
    fonts.N.Encoding = Dictionary(
        BaseEncoding=Name.WinAnsiEncoding, Differences=Array([1, Name.eacute, Name.fi])
    )
    fonts.N.FirstChar, fonts.N.LastChar, fonts.N.Widths = 0, 255, Array([600] * 256)
    source.pages[0].contents_add(b"BT /G 20 Tf 1 0 0 1 20 140 Tm <002400250026004400450080> Tj ET")
    source.pages[0].contents_add(b"BT /N 20 Tf 1 0 0 1 20 110 Tm (\\001\\002 Ag) Tj ET")


def test_optimised_fonts_are_smaller_and_draw_the_same_letters() -> None:
    content = change_base(embed_whole_font)
    plain, slim = (import_base_pdf(content, optimise=optimise) for optimise in (False, True))
    assert len(join_all(slim)) < 0.8 * len(join_all(plain))
    # PDFium obeys hints, so at screen size edges change; at a size where hints do nothing little may.
    first, second = (draw_pixels(write_document(base), dpi=600)[0] for base in (plain, slim))
    histogram = ImageChops.difference(first, second).convert("L").histogram()
    assert sum(histogram[64:]) / sum(histogram) < 0.001


def test_a_font_that_is_none_is_left_as_it_is() -> None:
    def spoil(source: pikepdf.Pdf) -> None:
        embed_whole_font(source)
        file = source.pages[0].obj.Resources.Font.N.FontDescriptor.FontFile2
        file.write(b"no font at all")

    assert zlib.compress(b"no font at all", 9) in join_all(import_base_pdf(change_base(spoil), optimise=True))


# -- what is refused -----------------------------------------------------------------------------------------


@contextmanager
def refused(words: str) -> Iterator[None]:
    with pytest.raises(ValueError, match=words) as caught:
        yield
    assert type(caught.value) is ValueError
    assert ": " in str(caught.value), "a refusal names the fix"


def test_other_files_are_refused() -> None:
    for content in (b"", b"PK\x03\x04 a document", b"<html>"):
        with refused("not a PDF"):
            import_base_pdf(content)


def test_a_header_alone_is_damaged() -> None:
    with refused("damaged"):
        import_base_pdf(b"%PDF-1.7\n")


@pytest.mark.parametrize("user", ["", "secret"])
def test_encrypted_files_are_refused(user: str) -> None:
    with pikepdf.open(BytesIO(draw_base())) as source:
        written = BytesIO()
        source.save(written, encryption=pikepdf.Encryption(owner="owner", user=user))
    with refused("save it without a password"):
        import_base_pdf(written.getvalue())


def test_a_file_without_pages_is_refused() -> None:
    with refused("no pages|damaged"):
        import_base_pdf(join_objects([CATALOG, b"<</Type/Pages/Kids[]/Count 0>>"]))


def test_too_many_pages_are_refused() -> None:
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"
    kids = b" ".join(b"%d 0 R" % number for number in range(3, 4 + MAX_PAGES))
    pages = b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, MAX_PAGES + 1)
    with refused("501 pages"):
        import_base_pdf(join_objects([CATALOG, pages, *[page] * (MAX_PAGES + 1)]))


def test_a_page_tree_that_doubles_at_every_level_is_refused_at_once() -> None:
    nodes = [b"<</Type/Pages/Count 2/Kids[%d 0 R %d 0 R]>>" % (number, number) for number in range(3, 43)]
    with refused("damaged"):
        import_base_pdf(join_objects([CATALOG, *nodes, b"<</Type/Page/MediaBox[0 0 9 9]>>"]))


def test_too_large_files_are_refused() -> None:
    with refused("use smaller pictures"):
        import_base_pdf(b"%PDF-1.7\n" + bytes(MAX_FILE_BYTES))


BOMB = zlib.compress(bytes(MAX_DECODED_BYTES + 1), 9)


def write_bomb(filters: Name | Array, data: bytes) -> Change:
    def change(source: pikepdf.Pdf) -> None:
        source.pages[0].obj.Contents = source.make_stream(b"")
        source.pages[0].obj.Contents.write(data, filter=filters)

    return change


@pytest.mark.parametrize(
    "change",
    [
        write_bomb(Name.FlateDecode, BOMB),
        write_bomb(Array([Name.FlateDecode, Name.FlateDecode]), zlib.compress(BOMB, 9)),
        write_bomb(Name.RunLengthDecode, b"\x81\x00" * (MAX_DECODED_BYTES // 128 + 1) + b"\x80"),
        add_picture(BOMB, Name.FlateDecode),
        add_picture(BOMB, Array([Name.FlateDecode, Name.DCTDecode])),
        add_picture(BOMB.hex().encode(), Array([Name.ASCIIHexDecode, Name.FlateDecode])),
    ],
    ids=["flate", "twice", "run length", "picture", "picture of two kinds", "hexadecimal"],
)
def test_bombs_are_refused(change: Change) -> None:
    with refused("unpacks to more than"):
        import_base_pdf(change_base(change))


def test_bombs_are_refused_also_among_compressed_objects() -> None:
    box = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 9 0 R>>"
    stream = b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream" % (
        len(BOMB),
        BOMB,
    )
    offsets, content = [], b"%PDF-1.7\n"
    for number, written in enumerate([CATALOG, PAGES, box, stream], 1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, written)
    rows = [
        b"\x00\x00\x00\x00\x00\xff",
        *(b"\x01" + offset.to_bytes(4, "big") + b"\x00" for offset in offsets),
    ]
    rows += [
        b"\x01" + len(content).to_bytes(4, "big") + b"\x00",
        *[bytes(6)] * 3,
        b"\x02\x00\x00\x00\x04\x00",
    ]
    table = b"".join(rows)
    head = b"<</Type/XRef/Root 1 0 R/Size 10/W[1 4 1]/Length %d>>" % len(table)
    end = b"5 0 obj\n%s\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (
        head,
        table,
        len(content),
    )
    with refused("unpacks|damaged"):
        import_base_pdf(content + end)


def test_what_all_streams_unpack_to_is_bounded() -> None:
    most = zlib.compress(bytes(MAX_DECODED_BYTES), 9)

    def add_pictures(source: pikepdf.Pdf) -> None:
        for number in range(5):
            picture = source.make_stream(b"", Subtype=Name.Image)
            picture.write(most, filter=Name.FlateDecode)
            source.pages[0].obj.Resources.XObject[f"/P{number}"] = picture

    with refused("unpacks to more than"):
        import_base_pdf(change_base(add_pictures))


def test_pictures_of_too_many_pixels_are_refused() -> None:
    with refused("20,000 x 20,000 pixels"):
        import_base_pdf(change_base(add_picture(b"", Name.DCTDecode, Width=20_000, Height=20_000)))


def test_large_lzw_streams_are_refused_because_nothing_bounds_them() -> None:
    with refused("LZW"):
        import_base_pdf(change_base(write_bomb(Name.LZWDecode, bytes(50_000))))


def test_lzw_beside_compressed_objects_is_refused() -> None:
    with pikepdf.open(BytesIO(draw_base())) as source:
        write_bomb(Name.LZWDecode, b"\x80\x0b\x60\x50")(source)
        content = save(source, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    for spelling in (b"/LZWDecode", b"/#4cZ#57Decode"):
        with refused("LZW"):
            import_base_pdf(content + spelling)


def test_small_lzw_streams_are_read() -> None:
    packed = bytes.fromhex("800b6050220c0c8501")  # the example of the PDF standard
    base = import_base_pdf(change_base(write_bomb(Name.LZWDecode, packed)))
    assert zlib.compress(bytes([45, 45, 45, 45, 45, 65, 45, 45, 45, 66]), 9) in join_all(base)


@pytest.mark.parametrize(
    "box", [None, [0, 0, 0, 100], [0, 0, 20_000, 100], [0, 0, 100], [0, 0, 10**9, 10**9], ["a", 0, 1, 1]]
)
def test_pages_without_a_sensible_size_are_refused(box: list[object] | None) -> None:
    written = b"" if box is None else b"/MediaBox[%s]" % " ".join(map(str, box)).encode()
    with refused("MediaBox|points large|damaged"):
        import_base_pdf(join_objects([CATALOG, PAGES, b"<</Type/Page/Parent 2 0 R%s>>" % written]))


def test_values_nested_too_deep_are_refused() -> None:
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<</Font<</F %s>>>>>>"
    with refused("deeper than"):
        import_base_pdf(join_objects([CATALOG, PAGES, page % (b"[" * 100 + b"]" * 100)]))


def test_a_wrong_cross_reference_table_is_mended() -> None:
    content = draw_base()
    broken = content.replace(b"startxref\n", b"startxref\n9")
    assert import_base_pdf(broken) == import_base_pdf(content)


def test_a_file_that_was_cut_off_is_refused() -> None:
    content = draw_base()
    for end in (content.rindex(b"xref\n", 0, content.rindex(b"startxref")), len(content) // 2):
        with refused("damaged"):
            import_base_pdf(content[:end])


def test_a_damaged_page_is_refused() -> None:
    with refused("damaged stream"):
        import_base_pdf(change_base(write_bomb(Name.FlateDecode, b"no deflate data")))


def test_nothing_is_logged_and_limits_are_given_back(caplog: pytest.LogCaptureFixture) -> None:
    before = get_qpdf_limits()
    for content in (draw_base(), draw_base()[:700], b"%PDF-1.7\n"):
        try:
            import_base_pdf(content)
        except ValueError:
            continue
    assert get_qpdf_limits() == before
    assert caplog.records == []


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="qpdf is not installed")
@pytest.mark.parametrize("change", [add_layers, add_pattern_and_mask, embed_whole_font, add_ballast])
def test_qpdf_finds_nothing_wrong(change: Change, tmp_path: Path) -> None:
    path = tmp_path / "document.pdf"
    path.write_bytes(write_document(import_base_pdf(change_base(change, pages=3), optimise=True)))
    check = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True)
    assert (check.returncode, "WARNING" in check.stderr) == (0, False)
