"""Files without a name: private, shared by number, and gone with their last owner."""

import gc
import os
import stat
import tempfile

import pytest

from pdfme_dagster.big_files import spool as spools
from pdfme_dagster.big_files.spool import Spool, open_shared, write_at
from pdfme_dagster.errors import TransientError


def test_a_spool_has_no_name_and_is_its_owners_alone() -> None:
    spool = Spool()
    found = os.fstat(spool.descriptor)
    assert found.st_nlink == 0
    assert stat.S_IMODE(found.st_mode) == 0o600


def test_a_spool_is_closed_when_nobody_refers_to_it() -> None:
    descriptor = Spool().descriptor
    gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_several_readers_each_have_their_own_place() -> None:
    spool = Spool()
    write_at(spool.descriptor, b"one two three", 0)
    first, second = open_shared(spool.descriptor), open_shared(spool.descriptor)
    assert (first.read(3), second.read(7), first.read(4)) == (b"one", b"one two", b" two")
    assert first.seek(-5, os.SEEK_END) == 8
    assert (first.read(), first.tell(), second.read(100)) == (b"three", 13, b" three")


def test_what_lies_between_two_places_takes_no_room() -> None:
    spool = Spool()
    for place in (0, 1 << 36):
        write_at(spool.descriptor, b"here", place)
    assert os.pread(spool.descriptor, 4, 1 << 36) == b"here"
    assert os.fstat(spool.descriptor).st_blocks * 512 < 1 << 20


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_is_a_passing_trouble() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(TransientError, match=r"No space left on device.*TMPDIR"):
        write_at(full, b"x", 0)
    os.close(full)


def test_a_folder_named_by_the_operator_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: "/srv/room")
    assert spools._find_folder() == "/srv/room"
