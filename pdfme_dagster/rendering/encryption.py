"""Password protection of a finished PDF: AES-256, revision 6 of the standard handler (ISO 32000-2, 7.6).

Not here: whose password it is or where the secret is kept; both are handed in.

qpdf could encrypt too, but with fresh random keys: a file made again would have other bytes, and nobody
could tell whether a statement changed. So keys, salts and initialisation vectors all come from HMAC-SHA256
over a secret seed, the document and the password. Without the seed nobody can tell them from random ones.
One document with one password always gives the same file; any other document or password gives another key,
so no two customers share one. An onlooker learns only that two equal files are equal. This holds as long as
the seed is random and secret: who has it and the plain document can compute the key, as can who has the
password.

Objects are numbered anew, and the file's ID comes from the seed as well: a hash of the plain document would
let others test their guesses of what is in it.
"""

import hashlib
import hmac
import stringprep
import unicodedata
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import pikepdf
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from pdfme_dagster.rendering.base_pdf import write_name, write_scalar

MIN_SEED_BYTES = 32  # as many as the key that is made of it
MAX_PASSWORD_BYTES = 127  # revision 6 ignores what follows
MAX_NESTING = 60  # arrays and dictionaries inside one another

# Bits of /P: printing, copying, reading aloud, printing in full quality; not changing, annotating, filling
# in, assembling. The bits 7, 8 and above 12 are always set.
_PERMISSIONS = (0xFFFFF0C0 | 1 << 2 | 1 << 4 | 1 << 9 | 1 << 11) - (1 << 32)
_PDF_A_NAMESPACE = b"http://www.aiim.org/pdfa/ns/id/"
_NO_IV = bytes(16)
_HASHES = (hashlib.sha256, hashlib.sha384, hashlib.sha512)
_FORBIDDEN_TABLES: tuple[Callable[[str], bool], ...] = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def encrypt_pdf(content: bytes, password: str, *, seed: bytes) -> bytes:
    """Return the PDF so that it opens with the password only; it may be printed and copied from, not changed.

    ``seed`` is a secret of at least 32 random bytes; the same arguments give the same bytes. Raise ValueError
    for a shorter seed, for a password that cannot be typed, is empty or longer than 127 bytes, and for a PDF
    that is damaged, encrypted already or claims PDF/A, which forbids encryption.
    """
    typed = prepare_password(password)
    if len(seed) < MIN_SEED_BYTES:
        raise ValueError(
            f"the seed has {len(seed)} bytes: take {MIN_SEED_BYTES} random ones and keep them secret"
        )
    root = hmac.digest(seed, hashlib.sha256(content).digest() + typed, "sha256")
    try:
        with pikepdf.open(BytesIO(content), suppress_warnings=True) as source:
            _check_source(source)
            return _Encryption(source, typed, root).write()
    except pikepdf.PasswordError as error:
        raise ValueError(_ENCRYPTED) from error
    except pikepdf.PdfError as error:
        raise ValueError("the PDF is damaged: render it again") from error


def prepare_password(password: str) -> bytes:
    """Return the bytes viewers make of a password: SASLprep, as UTF-8. Raise ValueError if it is none."""
    kept = (" " if stringprep.in_table_c12(c) else c for c in password if not stringprep.in_table_b1(c))
    typed = unicodedata.normalize("NFKC", "".join(kept))
    if any(forbidden(character) for character in typed for forbidden in _FORBIDDEN_TABLES):
        raise ValueError("the password has a character that cannot be typed: use letters, digits and signs")
    encoded = typed.encode("utf-8")
    if not 1 <= len(encoded) <= MAX_PASSWORD_BYTES:
        raise ValueError(f"the password has {len(encoded)} bytes: use 1 to {MAX_PASSWORD_BYTES}")
    return encoded


_ENCRYPTED = "the PDF is encrypted already: encrypt the plain one"


def _check_source(source: pikepdf.Pdf) -> None:
    if source.is_encrypted:
        raise ValueError(_ENCRYPTED)
    metadata = source.Root.get("/Metadata")
    if isinstance(metadata, pikepdf.Stream) and _PDF_A_NAMESPACE in metadata.read_bytes():
        raise ValueError("PDF/A forbids encryption: leave out the password or PDF/A")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """The file key and how the two passwords unlock it, as the encryption dictionary has them."""

    file_key: bytes
    user: bytes
    user_key: bytes
    owner: bytes
    owner_key: bytes
    permissions: bytes


class _Encryption:
    """One run over a document: objects are numbered from 1 as they are first referred to."""

    def __init__(self, source: pikepdf.Pdf, password: bytes, root: bytes) -> None:
        self._source = source
        self._root = root
        self._keys = _make_keys(password, root)
        self._numbers: dict[tuple[int, int], int] = {}
        self._waiting: deque[pikepdf.Object] = deque()
        self._encrypted = 0

    def write(self) -> bytes:
        self._extend_catalogue()
        trailer = b"/Root " + self._write_value(self._source.Root, 0)
        if "/Info" in self._source.trailer:
            trailer += b"/Info " + self._write_value(self._source.trailer.Info, 0)
        objects = []
        while self._waiting:
            objects.append(self._write_object(self._waiting.popleft()))
        objects.append(_write_encryption(self._keys))
        file_id = _derive(self._root, b"ID")[:16].hex().encode("ascii")
        trailer += b"/Encrypt %d 0 R/ID[<%s><%s>]" % (len(objects), file_id, file_id)
        return _write_file(max(self._source.pdf_version, "1.7"), objects, trailer)

    def _extend_catalogue(self) -> None:
        """Say that a file of PDF 1.7 has encryption of PDF 2.0."""
        level = pikepdf.Dictionary(BaseVersion=pikepdf.Name("/1.7"), ExtensionLevel=8)
        self._source.Root.Extensions = pikepdf.Dictionary(ADBE=level)

    def _write_object(self, value: pikepdf.Object) -> bytes:
        if not isinstance(value, pikepdf.Stream):
            return self._write_direct(value, 0)
        body = self._encrypt(value.read_raw_bytes())
        entries = {key: entry for key, entry in value.items() if key != "/Length"}
        head = self._write_entries(entries, 0)
        return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (head, len(body), body)

    def _write_value(self, value: object, depth: int) -> bytes:
        if not isinstance(value, pikepdf.Object):
            return write_scalar(value)
        if value.is_indirect and isinstance(value, (pikepdf.Dictionary, pikepdf.Array, pikepdf.Stream)):
            return self._refer(value)
        return self._write_direct(value, depth)

    def _refer(self, value: pikepdf.Object) -> bytes:
        number = self._numbers.get(value.objgen)
        if number is None:
            number = self._numbers[value.objgen] = len(self._numbers) + 1
            self._waiting.append(value)
        return b"%d 0 R" % number

    def _write_direct(self, value: pikepdf.Object, depth: int) -> bytes:
        if depth > MAX_NESTING:
            raise ValueError(f"the PDF nests values deeper than {MAX_NESTING} levels")
        if isinstance(value, pikepdf.Dictionary):
            return b"<<" + self._write_entries(dict(value.items()), depth) + b">>"
        if isinstance(value, pikepdf.Array):
            return b"[" + b" ".join(self._write_value(item, depth + 1) for item in value) + b"]"
        if isinstance(value, pikepdf.String):
            return b"<" + self._encrypt(bytes(value)).hex().encode("ascii") + b">"
        return value.unparse()

    def _write_entries(self, entries: dict[str, pikepdf.Object], depth: int) -> bytes:
        return b"".join(
            write_name(key) + b" " + self._write_value(entries[key], depth + 1) for key in sorted(entries)
        )

    def _encrypt(self, plain: bytes) -> bytes:
        self._encrypted += 1
        iv = _derive(self._root, b"IV%d" % self._encrypted)[:16]
        padding = 16 - len(plain) % 16
        return iv + _run_aes(self._keys.file_key, iv, plain + bytes([padding]) * padding)


def _write_file(version: str, objects: list[bytes], trailer: bytes) -> bytes:
    pieces = [b"%%PDF-%s\n%%\xe2\xe3\xcf\xd3\n" % version.encode("ascii")]
    offsets, offset = [], len(pieces[0])
    for number, content in enumerate(objects, 1):
        pieces.append(b"%d 0 obj\n%s\nendobj\n" % (number, content))
        offsets.append(b"%010d 00000 n \n" % offset)
        offset += len(pieces[-1])
    size = len(objects) + 1
    pieces += [b"xref\n0 %d\n0000000000 65535 f \n" % size, *offsets]
    pieces.append(b"trailer\n<</Size %d%s>>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, offset))
    return b"".join(pieces)


def _write_encryption(keys: _Keys) -> bytes:
    texts = {
        "O": keys.owner,
        "OE": keys.owner_key,
        "Perms": keys.permissions,
        "U": keys.user,
        "UE": keys.user_key,
    }
    strings = "".join(f"/{key}<{text.hex()}>" for key, text in texts.items())
    return (
        "<</Filter/Standard/V 5/R 6/Length 256"
        "/CF<</StdCF<</Type/CryptFilter/CFM/AESV3/AuthEvent/DocOpen/Length 32>>>>/StmF/StdCF/StrF/StdCF"
        f"/P {_PERMISSIONS}/EncryptMetadata true{strings}>>"
    ).encode("ascii")


def _make_keys(password: bytes, root: bytes) -> _Keys:
    """Follow the algorithms 8, 9 and 10 of ISO 32000-2; nobody is told the owner's password."""
    file_key, owner_password = _derive(root, b"file key"), _derive(root, b"owner").hex().encode("ascii")
    salts = _derive(root, b"salts")
    user = _hash(password, salts[:8]) + salts[:16]
    owner = _hash(owner_password, salts[16:24], user) + salts[16:32]
    known = _PERMISSIONS.to_bytes(4, "little", signed=True) + b"\xff\xff\xff\xffTadb"
    return _Keys(
        file_key=file_key,
        user=user,
        user_key=_run_aes(_hash(password, salts[8:16]), _NO_IV, file_key),
        owner=owner,
        owner_key=_run_aes(_hash(owner_password, salts[24:], user), _NO_IV, file_key),
        # One block: without a vector CBC is what the standard asks for, ECB.
        permissions=_run_aes(file_key, _NO_IV, known + _derive(root, b"permissions")[:4]),
    )


def _derive(root: bytes, purpose: bytes) -> bytes:
    return hmac.digest(root, purpose, "sha256")


def _hash(password: bytes, salt: bytes, user: bytes = b"") -> bytes:
    """Follow algorithm 2.B, slow on purpose: at least 64 rounds, how many more depends on what comes out."""
    key = hashlib.sha256(password + salt + user).digest()
    rounds, last = 0, 0
    while rounds < 64 or last > rounds - 32:
        mixed = _run_aes(key[:16], key[16:32], (password + key + user) * 64)
        key = _HASHES[sum(mixed[:16]) % 3](mixed).digest()
        rounds, last = rounds + 1, mixed[-1]
    return key[:32]


def _run_aes(key: bytes, iv: bytes, plain: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(plain) + encryptor.finalize()
