"""Files without a name for what memory shall not hold: gone with the last process that has them open.

Not here: what is in them.
"""

import io
import os
import tempfile
import weakref
from typing import BinaryIO

from pdfme_dagster.errors import TransientError

_BUFFER_BYTES = 1 << 18


class Spool:
    """A nameless file that only its owner can open, until ``close`` or until nobody refers to it."""

    def __init__(self) -> None:
        try:
            with tempfile.TemporaryFile(dir=_find_folder(), prefix="pdfme-") as file:
                self.descriptor = os.dup(file.fileno())
        except OSError as exc:
            raise _report_no_room(exc) from exc
        self.close = weakref.finalize(self, os.close, self.descriptor)

    def write(self, block: bytes) -> None:
        """Append a block."""
        write_all(self.descriptor, block)


class _SharedFile(io.RawIOBase):
    """A file that several processes read at once, each at its own place: the system keeps one for all."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._at = descriptor, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: os.fstat(self._descriptor).st_size}
        self._at = start[whence] + offset
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        read = os.preadv(self._descriptor, [buffer], self._at)
        self._at += read
        return read


def open_shared(descriptor: int) -> BinaryIO:
    """Return the file behind a descriptor to read from its start; closing it leaves the descriptor open."""
    return io.BufferedReader(_SharedFile(descriptor), _BUFFER_BYTES)


def write_all(descriptor: int, block: bytes) -> None:
    """Write a block where the descriptor stands; TransientError when there is no room."""
    left = memoryview(block)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError as exc:
        raise _report_no_room(exc) from exc


def _report_no_room(exc: OSError) -> TransientError:
    return TransientError(
        f"a big file and its PDFs lie on the disk until they are stored, and cannot ({exc.strerror}): free "
        "some room, or set TMPDIR to a folder that has more"
    )


def _find_folder() -> str | None:
    """Return the folder for large temporary files, None for the usual one: ``/tmp`` is often memory."""
    large = "/var/tmp"  # noqa: S108 - no name is ever visible there
    usual = tempfile.gettempdir()
    return large if usual == "/tmp" and os.access(large, os.W_OK | os.X_OK) else usual  # noqa: S108
