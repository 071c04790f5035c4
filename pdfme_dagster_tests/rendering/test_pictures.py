import base64
import struct
import zlib
from io import BytesIO

import pikepdf
import pypdfium2
import pytest
from PIL import Image

from pdfme_dagster.rendering import pictures
from pdfme_dagster.rendering.pictures import Picture, place_picture, read_picture


def make_picture(mode: str = "RGB", size: tuple[int, int] = (40, 20)) -> Image.Image:
    ramp = Image.linear_gradient("L").resize(size)
    if mode == "L":
        return ramp
    turned = ramp.transpose(Image.Transpose.ROTATE_180)
    return Image.merge("RGB", (ramp, turned, ramp)).convert(mode)


def save(image: Image.Image, format_name: str = "PNG", **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def make_uri(content: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def read(content: bytes) -> Picture:
    return read_picture(make_uri(content))


def make_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def make_png(
    color: int, bits: int, rows: list[bytes], *before: bytes, size: tuple[int, int] = (4, 2)
) -> bytes:
    header = make_chunk(b"IHDR", struct.pack(">IIBBBBB", *size, bits, color, 0, 0, 0))
    pixels = make_chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(before) + pixels + make_chunk(b"IEND", b"")


def make_pdf(picture: Picture) -> bytes:
    """Put a picture on a page of its own size in points, over green."""
    pdf = pikepdf.new()
    size = (picture.width_px, picture.height_px)
    page = pdf.add_blank_page(page_size=size)

    def make_image(entries: bytes, data: bytes) -> pikepdf.Stream:
        stream = pdf.make_stream(data)
        for name, value in pikepdf.Object.parse(b"<< " + entries + b" >>").items():
            stream[name] = value
        return stream

    image = make_image(picture.entries, picture.data)
    if picture.mask:
        image.SMask = make_image(*picture.mask)
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(I=image))
    page.Contents = pdf.make_stream(b"0 1 0 rg 0 0 %d %d re f q %d 0 0 %d 0 0 cm /I Do Q" % (*size, *size))
    buffer = BytesIO()
    pdf.save(buffer)
    return buffer.getvalue()


def rasterise(picture: Picture) -> Image.Image:
    document = pypdfium2.PdfDocument(make_pdf(picture))
    image: Image.Image = document[0].render(scale=1).to_pil()
    document.close()
    return image.convert("RGB")


def measure_difference(one: Image.Image, other: Image.Image) -> float:
    """Return the share of pixels that differ by more than 16 levels."""
    pairs = zip(one.convert("RGB").tobytes(), other.convert("RGB").tobytes(), strict=True)
    return sum(abs(a - b) > 16 for a, b in pairs) / (one.width * one.height * 3)


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P"])
def test_opaque_png_has_the_pixels_of_the_file(mode: str) -> None:
    image = make_picture("RGB").convert(mode)
    picture = read(save(image))
    assert picture.mask is None
    assert (picture.width_px, picture.height_px) == (40, 20)
    assert zlib.decompress(picture.data) == image.convert("L" if mode in "L1" else "RGB").tobytes()
    assert picture.color_space == ("DeviceGray" if mode in "L1" else "DeviceRGB")


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_png_has_its_opacity_as_soft_mask(mode: str) -> None:
    image = make_picture("L").convert(mode)
    image.putalpha(make_picture("L"))
    picture = read(save(image))
    assert picture.mask is not None
    entries, data = picture.mask
    assert b"/ColorSpace /DeviceGray" in entries
    assert zlib.decompress(data) == make_picture("L").tobytes()
    assert zlib.decompress(picture.data) == image.convert("RGB" if mode == "RGBA" else "L").tobytes()


def test_picture_that_is_opaque_everywhere_has_no_mask() -> None:
    assert read(save(make_picture("RGBA"))).mask is None


def test_palette_colours_can_be_transparent() -> None:
    palette = make_chunk(b"PLTE", bytes([255, 0, 0, 0, 0, 255]))
    picture = read(make_png(3, 1, [b"\x50", b"\xa0"], palette, make_chunk(b"tRNS", b"\x80")))
    assert zlib.decompress(picture.data)[:6] == b"\xff\0\0\0\0\xff"
    assert picture.mask is not None
    assert zlib.decompress(picture.mask[1]) == b"\x80\xff\x80\xff\xff\x80\xff\x80"


@pytest.mark.parametrize(
    ("bits", "row", "grey"), [(2, b"\x1b", [0, 85, 170, 255]), (4, b"\x0d\x9f", [0, 221, 153, 255])]
)
def test_grey_of_few_bits_is_spread_and_its_transparent_grey_too(
    bits: int, row: bytes, grey: list[int]
) -> None:
    transparent = grey[2] * (2**bits - 1) // 255
    picture = read(make_png(0, bits, [row, row], make_chunk(b"tRNS", struct.pack(">H", transparent))))
    assert zlib.decompress(picture.data) == bytes(grey * 2)
    assert picture.mask is not None
    assert zlib.decompress(picture.mask[1]) == bytes([255, 255, 0, 255] * 2)


@pytest.mark.parametrize(("color", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_of_16_bits_a_channel_the_upper_8_are_drawn(color: int, channels: int) -> None:
    row = b"".join(bytes([value, 0x77]) for value in range(10, 10 + 4 * channels))
    picture = read(make_png(color, 16, [row, row]))
    drawn = zlib.decompress(picture.data)
    assert drawn[0] == 10
    assert drawn[len(drawn) // 8 * 3] == 10 + 3 * channels
    assert (picture.mask is not None) == (color in (4, 6))


def test_transparent_colour_of_16_bits_is_refused() -> None:
    content = make_png(0, 16, [b"\1\2" * 4] * 2, make_chunk(b"tRNS", b"\1\2"))
    with pytest.raises(
        ValueError, match="transparent colour of 16 bits; save the picture as PNG or JPEG again"
    ):
        read(content)


@pytest.mark.parametrize(
    ("mode", "color_space"), [("RGB", "DeviceRGB"), ("L", "DeviceGray"), ("CMYK", "DeviceCMYK")]
)
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_goes_into_the_pdf_as_it_is(mode: str, color_space: str, progressive: bool) -> None:
    content = save(make_picture(mode), "JPEG", progressive=progressive)
    picture = read(content)
    assert picture.data == content
    assert picture.color_space == color_space
    assert f"/ColorSpace /{color_space} ".encode() in picture.entries
    assert (b"/Decode [1 0 1 0 1 0 1 0]" in picture.entries) == (mode == "CMYK")
    assert b"/Filter /DCTDecode" in picture.entries


def test_way_up_noted_by_a_camera_is_passed_over() -> None:
    exif = Image.Exif()
    exif[0x112] = 6
    picture = read(save(make_picture(), "JPEG", exif=exif))
    assert (picture.width_px, picture.height_px) == (40, 20)


@pytest.mark.parametrize(
    ("mode", "format_name"), [("RGB", "PNG"), ("L", "PNG"), ("RGB", "JPEG"), ("L", "JPEG")]
)
def test_drawn_picture_looks_like_the_file(mode: str, format_name: str) -> None:
    content = save(make_picture(mode), format_name)
    expected = Image.open(BytesIO(content)).convert("RGB")
    assert measure_difference(rasterise(read(content)), expected) <= 0.005


def test_cmyk_jpeg_is_not_drawn_as_its_negative() -> None:
    image = Image.new("CMYK", (16, 16), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 8, 16, 16))
    drawn = rasterise(read(save(image, "JPEG", quality=95))).convert("L").tobytes()
    assert min(drawn[:64]) > 240
    assert max(drawn[-64:]) < 60


def test_what_is_behind_shows_through_a_transparent_picture() -> None:
    image = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 10, 5))
    drawn = rasterise(read(save(image)))
    assert drawn.getpixel((5, 2)) == (255, 0, 0)
    assert drawn.getpixel((5, 7)) == (0, 255, 0)


def test_same_file_gives_the_same_picture_whatever_type_is_declared() -> None:
    content = save(make_picture())
    first = read_picture(make_uri(content))
    pictures._pictures_read = pictures._PicturesRead(0)
    try:
        second = read_picture(" DATA:image/jpeg;charset=x;base64," + base64.encodebytes(content).decode())
    finally:
        pictures._pictures_read = pictures._PicturesRead(pictures._KEPT_BYTES)
    assert second == first
    assert second is not first
    assert len(first.digest) == 64


def test_text_and_profiles_change_nothing_that_is_drawn() -> None:
    plain = make_png(0, 8, [b"\1\2\3\4"] * 2)
    with_more = make_png(
        0, 8, [b"\1\2\3\4"] * 2, make_chunk(b"gAMA", b"\0\0\1\0"), make_chunk(b"iCCP", b"p\0\0nonsense")
    )
    assert read(plain).data == read(with_more).data


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((10, 20, 100, 100), (10, 45, 100, 50)),
        ((10, 20, 100, 10), (50, 20, 20, 10)),
        ((10, 20, 40, 20), (10, 20, 40, 20)),
        ((0, 0, 100, 0), (50, 0, 0, 0)),
    ],
)
def test_picture_is_as_large_as_its_box_allows_and_in_the_middle(
    box: tuple[float, float, float, float], expected: tuple[float, float, float, float]
) -> None:
    assert place_picture(read(save(make_picture())), *box) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "is no data URI; write data:image/png;base64,"),
        ("Ms Example", "is no data URI"),
        ("https://pictures.test/a.png", "is an address; nothing is fetched"),
        ("//pictures.test/a.png", "is an address"),
        ("file:///a.png", "is an address"),
        ("data:image/png,abc", "is not base64"),
        ("data:image/png;base64,!!!!", "base64 is damaged"),
        ("data:image/png;base64,Zähl", "base64 is damaged"),
        ("data:application/pdf;base64,JVBERi0=", "is a PDF, which pdfme draws no longer"),
        (make_uri(b"GIF89a" + bytes(20)), "is a GIF, neither PNG nor JPEG"),
        (make_uri(b"<svg></svg>"), "is an SVG, neither"),
        (make_uri(b""), "is of an unknown kind"),
    ],
)
def test_what_is_no_picture_is_refused_with_the_fix(value: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        read_picture(value)
    assert "Example" not in str(caught.value)


@pytest.mark.parametrize("format_name", ["PNG", "JPEG"])
@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_cut_off_picture_is_refused(format_name: str, part: float) -> None:
    content = save(make_picture(size=(200, 200)), format_name)
    with pytest.raises(ValueError, match=r"(damaged or cut off|without a size)"):
        read(content[: int(len(content) * part)])


def test_damaged_pixels_are_refused() -> None:
    content = bytearray(save(make_picture()))
    content[content.index(b"IDAT") + 10] ^= 0xFF
    with pytest.raises(ValueError, match="damaged or cut off PNG"):
        read(bytes(content))


def test_animated_png_is_refused() -> None:
    frames = [make_picture(), make_picture().transpose(Image.Transpose.ROTATE_180)]
    with pytest.raises(ValueError, match="animated PNG; save one frame"):
        read(save(frames[0], save_all=True, append_images=frames[1:]))


@pytest.mark.parametrize("size", [(50_000, 1_001), (2**31 - 1, 2**31 - 1), (0, 5)])
def test_too_many_pixels_are_refused_before_any_is_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=f"the picture is {size[0]} by {size[1]} pixels"):
        read(make_png(2, 8, [], size=size))


def test_jpeg_of_too_many_pixels_is_refused_before_any_is_decoded() -> None:
    content = bytearray(save(make_picture(), "JPEG"))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"
    with pytest.raises(ValueError, match="65535 by 65535 pixels"):
        read(bytes(content))


def test_file_of_too_many_bytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_BYTES", 1000)
    for size in (1001, 9000):  # counted after decoding, and for the larger before
        with pytest.raises(ValueError, match=f"has {size:,} bytes, at most 1,000"):
            read(bytes(size))


@pytest.mark.parametrize("name", [b"zTXt", b"iCCP", b"iTXt"])
def test_bomb_in_a_chunk_that_is_not_drawn_is_never_unpacked(
    name: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = make_chunk(name, b"a\0\0" + zlib.compress(bytes(5_000_000), 9))
    picture = read(make_png(0, 8, [b"\1\2\3\5"] * 2, *[bomb] * 20))
    assert zlib.decompress(picture.data) == b"\1\2\3\5" * 2


def test_pixels_beyond_the_size_are_not_unpacked_into_the_picture() -> None:
    picture = read(make_png(0, 8, [b"\1\2\3\6"] * 2 + [bytes(10_000_000)]))
    assert len(zlib.decompress(picture.data)) == 8


def test_png_in_too_many_pieces_is_refused() -> None:
    pieces = make_chunk(b"tEXt", b"") * 50_001
    with pytest.raises(ValueError, match="more than 50,000 pieces"):
        read(make_png(0, 8, [b"\1\2\3\4"] * 2, pieces))


def test_jpeg_in_too_many_passes_is_refused() -> None:
    content = save(make_picture(), "JPEG", progressive=True)
    scan = content.rindex(b"\xff\xda")
    with pytest.raises(ValueError, match=r"in 1[0-9][0-9] passes"):
        read(content[:scan] + content[scan:-2] * 120 + content[-2:])


@pytest.mark.parametrize(
    "content", [b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\xff\xff", b"\xff\xd8" + b"\xff" * 5000]
)
def test_jpeg_of_broken_segments_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="without a size"):
        read(content)


def test_every_damaged_byte_is_either_drawn_or_refused_with_a_reason() -> None:
    for format_name in ("PNG", "JPEG"):
        content = save(make_picture(size=(12, 8)), format_name)
        for position in range(3, len(content), 7):
            damaged = bytearray(content)
            damaged[position] ^= 0x5A
            try:
                picture = read(bytes(damaged))
            except ValueError as exc:
                assert str(exc).startswith("the picture")  # noqa: PT017  # either outcome will do
            else:
                assert picture.size_bytes > 0


def make_kept(digest: str, size_bytes: int) -> Picture:
    return Picture(
        width_px=1, height_px=1, digest=digest, color_space="DeviceGray", entries=b"", data=bytes(size_bytes)
    )


def test_pictures_read_before_are_kept_up_to_a_number_of_bytes() -> None:
    shelf = pictures._PicturesRead(100)
    for name in "abcd":
        shelf.keep(make_kept(name, 25))
    assert shelf.find("a") is not None
    shelf.keep(make_kept("e", 20))
    assert [name for name in "abcde" if shelf.find(name)] == ["a", "c", "d", "e"]


def test_picture_kept_twice_counts_once_and_a_huge_one_is_not_kept() -> None:
    shelf = pictures._PicturesRead(100)
    for _ in range(9):
        shelf.keep(make_kept("a", 25))
    shelf.keep(make_kept("huge", 26))
    assert shelf.find("a") is not None
    assert shelf.find("huge") is None


def test_same_picture_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    content = save(Image.new("RGB", (3, 3), (1, 2, 3)))
    first = read(content)
    monkeypatch.setattr(pictures, "_read_content", None)
    assert read(content) is first
