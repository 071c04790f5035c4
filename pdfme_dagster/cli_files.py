"""Files and stdout of the command line: read with a bound, written whole or not at all; errors are one line.

Not here: what is in them.
"""

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from secrets import token_hex

from pdfme_dagster.errors import ConfigurationError

STDOUT = Path("-")


def read_file(path: Path, *, most_bytes: int) -> bytes:
    """Read a file; ConfigurationError when it cannot be read or has more than ``most_bytes``."""
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as exc:
        raise ConfigurationError(f"{path}: {exc.strerror or 'cannot be read'}; name a readable file") from exc
    if len(content) > most_bytes:
        raise ConfigurationError(f"{path}: is larger than {most_bytes // 1_000_000} MB; name a smaller file")
    return content


def write_file(path: Path, content: bytes) -> None:
    """Write a file at once, or stdout for ``-``; ConfigurationError when it cannot be written."""
    if path == STDOUT:
        _write_stdout(content)
        return
    try:
        # A link keeps leading where it leads.
        target = path.resolve()
        if target.exists() and not target.is_file() and not target.is_dir():
            target.write_bytes(content)  # a pipe or a device
        else:
            _replace_files([(target, content)])
    except OSError as exc:
        raise _explain(path, exc) from exc


def write_folder(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write files into a folder, made when missing, once all of them are on the disk; else none of them.

    They are written as they come, so that memory holds one at a time.
    """
    is_new = not folder.exists()
    try:
        folder.mkdir(exist_ok=True)
        _replace_files((folder / name, content) for name, content in files)
    except OSError as exc:
        raise _explain(folder, exc) from exc
    finally:
        if is_new:
            with suppress(OSError):  # it has files: all is well
                folder.rmdir()


def write_utf8() -> None:
    """Print UTF-8 whatever the locale: JSON is, and messages have more than ASCII."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")


def _replace_files(files: Iterable[tuple[Path, bytes]]) -> None:
    """Write all files under other names beside their own, then rename them."""
    suffix = token_hex(8)
    written: list[tuple[Path, Path]] = []
    try:
        for number, (path, content) in enumerate(files):
            aside = path.with_name(f".{suffix}-{number}.tmp")
            written.append((aside, path))
            with aside.open("xb") as file:
                file.write(content)
        for aside, path in written:
            aside.replace(path)
    finally:
        for aside, _ in written:
            aside.unlink(missing_ok=True)


def _write_stdout(content: bytes) -> None:
    if sys.stdout.isatty():
        raise ConfigurationError("-: this is a terminal; send the output to a file or a program")
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read it has seen enough; nothing may be written when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(path: Path, exc: OSError) -> ConfigurationError:
    reason = exc.strerror or "cannot be written"
    return ConfigurationError(f"{path}: {reason}; name a place with -o that can be written")
