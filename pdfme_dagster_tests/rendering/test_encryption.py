"""An encrypted PDF opens with its password in every program, is the same each time, and is nobody else's."""

import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from pikepdf import Array, Dictionary, Name, String

from pdfme_dagster.rendering.encryption import MAX_PASSWORD_BYTES, encrypt_pdf, prepare_password
from pdfme_dagster.rendering.metadata import write_xmp

SEED = bytes(range(32))
PASSWORD = "a secret of 8 words"  # invented


def write_plain(title: str = "Statement", *, pdf_a: bool = False) -> bytes:
    """Return a PDF with texts at every depth, a stream and metadata."""
    with pikepdf.new() as document:
        page = document.add_blank_page(page_size=(200, 100)).obj
        page.Contents = document.make_stream(b"0 0 1 rg 10 10 50 50 re f")
        page.Odd = Array(
            [String("in an array"), Dictionary(Deep=String("nested \xe9")), Name("/A b"), 0.5, True]
        )
        packet = write_xmp(title=title, language="en", created=None, pdf_a=pdf_a)
        document.Root.Metadata = document.make_stream(packet, Type=Name.Metadata, Subtype=Name.XML)
        document.trailer.Info = document.make_indirect(Dictionary(Title=String(title)))
        written = BytesIO()
        document.save(written, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return written.getvalue()


def open_pdf(content: bytes, password: str = PASSWORD) -> pikepdf.Pdf:
    return pikepdf.open(BytesIO(content), password=password)


def draw_page(content: bytes, password: str | None = None) -> bytes:
    document = pypdfium2.PdfDocument(content, password=password)
    try:
        return bytes(document[0].render().to_pil().tobytes())
    finally:
        document.close()


def test_what_was_encrypted_reads_as_before() -> None:
    with open_pdf(encrypt_pdf(write_plain("Kontoauszug März"), PASSWORD, seed=SEED)) as opened:
        page = opened.pages[0].obj
        assert page.Contents.read_bytes() == b"0 0 1 rg 10 10 50 50 re f"
        assert [str(page.Odd[0]), str(page.Odd[1].Deep), str(page.Odd[2])] == [
            "in an array",
            "nested é",
            "/A b",
        ]
        assert str(opened.trailer.Info.Title) == "Kontoauszug März"
        assert "Kontoauszug März".encode() in opened.Root.Metadata.read_bytes()


def test_the_page_looks_as_before() -> None:
    plain = write_plain()
    assert draw_page(encrypt_pdf(plain, PASSWORD, seed=SEED), PASSWORD) == draw_page(plain)


def test_nothing_can_be_read_without_the_password() -> None:
    encrypted = encrypt_pdf(write_plain(), PASSWORD, seed=SEED)
    for words in (b"Statement", b"in an array", b"nested", b"xpacket", PASSWORD.encode()):
        assert words not in encrypted
        assert words.hex().encode() not in encrypted


@pytest.mark.parametrize("other", ["", "A secret of 8 words", "a secret of 8 word"])
def test_no_other_password_opens_it(other: str) -> None:
    encrypted = encrypt_pdf(write_plain(), PASSWORD, seed=SEED)
    with pytest.raises(pikepdf.PasswordError):
        open_pdf(encrypted, other)


def test_it_is_aes_256_of_revision_6_and_may_be_printed_and_copied_but_not_changed() -> None:
    with open_pdf(encrypt_pdf(write_plain(), PASSWORD, seed=SEED)) as opened:
        encryption, allowed = opened.encryption, opened.allow
        assert (encryption.R, encryption.V, encryption.bits) == (6, 5, 256)
        methods = (encryption.stream_method, encryption.string_method, encryption.file_method)
        assert [method.name for method in methods] == ["aesv3"] * 3
        assert (opened.user_password_matched, opened.owner_password_matched) == (True, False)
        granted = (allowed.print_lowres, allowed.print_highres, allowed.extract, allowed.accessibility)
        assert granted == (True,) * 4
        changes = (
            allowed.modify_other,
            allowed.modify_annotation,
            allowed.modify_form,
            allowed.modify_assembly,
        )
        assert changes == (False,) * 4


def test_the_same_document_password_and_seed_give_the_same_bytes() -> None:
    assert encrypt_pdf(write_plain(), PASSWORD, seed=SEED) == encrypt_pdf(write_plain(), PASSWORD, seed=SEED)


def list_secrets(content: bytes) -> set[bytes]:
    """Return what a file shows of its keys, its vectors and its ID."""
    strings = re.findall(rb"<([0-9a-f]{32,})>", content)
    vectors = re.findall(rb">>\nstream\n(.{16})", content, re.DOTALL)
    return {part for string in strings for part in (string[:32], string[-32:])} | set(vectors)


def test_another_document_password_or_seed_shares_no_key_salt_or_vector() -> None:
    plain = write_plain()
    files = [
        encrypt_pdf(plain, PASSWORD, seed=SEED),
        encrypt_pdf(plain, PASSWORD + "!", seed=SEED),
        encrypt_pdf(plain, PASSWORD, seed=SEED[::-1]),
        encrypt_pdf(write_plain("Other"), PASSWORD, seed=SEED),
    ]
    shown = [list_secrets(content) for content in files]
    assert len(set().union(*shown)) == sum(map(len, shown)) > 40
    with open_pdf(files[0]) as one, open_pdf(files[3]) as other:
        assert one.encryption.encryption_key != other.encryption.encryption_key


def test_every_text_and_stream_has_its_own_vector() -> None:
    plain = write_plain()
    with pikepdf.open(BytesIO(plain)) as document:
        document.pages[0].obj.Odd = Array([String("same text")] * 50)
        written = BytesIO()
        document.save(written, deterministic_id=True)
    encrypted = encrypt_pdf(written.getvalue(), PASSWORD, seed=SEED)
    (array,) = re.findall(rb"/Odd \[(.*?)\]", encrypted, re.DOTALL)
    assert len(set(array.split())) == 50


@pytest.mark.parametrize("number", range(25))
def test_the_slow_hash_stops_where_other_programs_stop(number: int) -> None:
    """How many rounds it takes depends on the password, so one password proves little."""
    password = f"password {number}" * (1 + number % 5)
    with open_pdf(encrypt_pdf(write_plain(), password, seed=SEED), password) as opened:
        assert opened.user_password_matched


@pytest.mark.parametrize(
    "password", ["x", "x" * MAX_PASSWORD_BYTES, "Gänsefüßchen", "كلمة السر", "密码", "٣٤٥"]
)
def test_passwords_of_any_script_and_length_open_it(password: str) -> None:
    encrypted = encrypt_pdf(write_plain(), password, seed=SEED)
    with open_pdf(encrypted, password) as opened:
        assert opened.user_password_matched
    assert draw_page(encrypted, password)


@pytest.mark.parametrize(
    ("typed", "bytes_made"),
    [
        ("e\u0301", "é".encode()),  # two ways to type one letter
        ("\uff11\uff12", b"12"),  # full width digits
        ("a\u00a0b\u3000c", b"a b c"),
        ("soft\u00adhyphen\u200b", b"softhyphen"),
        ("\u2168", b"IX"),
    ],
)
def test_passwords_that_look_alike_are_the_same(typed: str, bytes_made: bytes) -> None:
    assert prepare_password(typed) == bytes_made


@pytest.mark.parametrize("password", ["", "\u00ad", "x" * (MAX_PASSWORD_BYTES + 1), "é" * 64, "ﷺ" * 5])
def test_passwords_of_no_or_too_many_bytes_are_refused(password: str) -> None:
    with pytest.raises(ValueError, match="bytes: use 1 to 127"):
        encrypt_pdf(write_plain(), password, seed=SEED)


@pytest.mark.parametrize("character", ["\0", "\n", "\x7f", "\x85", "\ud800", "\ue000", "\ufffe", "\u202e"])
def test_passwords_that_cannot_be_typed_are_refused_without_showing_them(character: str) -> None:
    with pytest.raises(ValueError, match="cannot be typed") as caught:
        encrypt_pdf(write_plain(), f"hush{character}", seed=SEED)
    assert "hush" not in str(caught.value)


def test_a_short_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="31 bytes: take 32 random ones"):
        encrypt_pdf(write_plain(), PASSWORD, seed=SEED[:31])


def test_pdf_a_is_refused() -> None:
    with pytest.raises(ValueError, match="PDF/A forbids encryption"):
        encrypt_pdf(write_plain(pdf_a=True), PASSWORD, seed=SEED)


@pytest.mark.parametrize("user", ["", "user"])
def test_what_is_encrypted_already_is_refused(user: str) -> None:
    with pikepdf.open(BytesIO(write_plain())) as document:
        written = BytesIO()
        document.save(written, encryption=pikepdf.Encryption(owner="owner", user=user))
    with pytest.raises(ValueError, match="encrypted already"):
        encrypt_pdf(written.getvalue(), PASSWORD, seed=SEED)


def test_damaged_files_are_refused() -> None:
    with pytest.raises(ValueError, match="damaged"):
        encrypt_pdf(b"%PDF-1.7\n", PASSWORD, seed=SEED)


def test_values_nested_too_deep_are_refused() -> None:
    with pikepdf.open(BytesIO(write_plain())) as document:
        document.pages[0].obj.Odd = pikepdf.Object.parse(b"[" * 90 + b"]" * 90)
        written = BytesIO()
        document.save(written)
    with pytest.raises(ValueError, match="deeper than"):
        encrypt_pdf(written.getvalue(), PASSWORD, seed=SEED)


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="qpdf is not installed")
def test_qpdf_finds_nothing_wrong(tmp_path: Path) -> None:
    path = tmp_path / "encrypted.pdf"
    path.write_bytes(encrypt_pdf(write_plain(), PASSWORD, seed=SEED))
    command = ["qpdf", "--check", f"--password={PASSWORD}", str(path)]
    check = subprocess.run(command, capture_output=True, text=True)
    assert (check.returncode, "WARNING" in check.stderr) == (0, False)
