"""Files put together from a constant start and a document's own end are whole."""

import re

import pytest

from pdfme_dagster.rendering.assembly import Prefix, Start, extend_start, finish_file
from pdfme_dagster.rendering.base_pdf import ObjectTemplate
from pdfme_dagster_tests.rendering.pdf_checks import check_structure, find_ids

PAGE = b"<</Type/Page/MediaBox[0 0 10 10]/Resources<<>>/Parent 3 0 R/Contents 5 0 R>>"


def make_start(note: bytes = b"(note)") -> Start:
    prefix = Prefix((1, 7))
    assert prefix.add(note) == 1
    start = prefix.finish()
    return extend_start(start, [b"<</Type/Catalog/Pages 3 0 R>>"], b"/Root 2 0 R")


def make_file(start: Start, content: bytes = b"") -> bytes:
    stream = b"<</Length %d>>\nstream\n%b\nendstream" % (len(content), content)
    return finish_file(start, [b"<</Type/Pages/Count 1/Kids[4 0 R]>>", PAGE, stream])


def test_a_file_is_its_start_its_own_objects_and_a_table_of_both() -> None:
    content = make_file(make_start(), b"0 0 5 5 re f")
    check_structure(content)
    assert content.startswith(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n(note)\nendobj\n")
    assert content.endswith(b"%%EOF\n")
    assert b"/Size 6/Root 2 0 R" in content


def test_objects_of_a_group_refer_to_each_other_wherever_they_stand() -> None:
    prefix = Prefix((1, 7))
    prefix.add(b"null")
    group = [ObjectTemplate(parts=(b"[", 1, b" ", 0, b"]")), ObjectTemplate(parts=(b"(second)",))]
    assert prefix.add_group(group) == 2
    assert b"2 0 obj\n[3 0 R 2 0 R]\nendobj\n3 0 obj\n(second)\nendobj\n" in prefix.finish().pieces[0]


def test_a_start_can_be_gone_on_from_many_times() -> None:
    start = make_start()
    one, two, again = make_file(start, b"1"), make_file(start, b"22"), make_file(start, b"1")
    assert one == again
    for content in (one, two):
        check_structure(content)
    assert one[: start.length] == two[: start.length]


def test_the_id_is_a_hash_of_all_objects() -> None:
    contents = [make_file(make_start(note), page) for note in (b"(a)", b"(b)") for page in (b"", b"n")]
    ids = [find_ids(content) for content in contents]
    assert all(first == second and re.fullmatch(rb"[0-9a-f]{32}", first) for first, second in ids)
    assert len({first for first, _ in ids}) == 4


@pytest.mark.parametrize("count", [1, 9, 300])
def test_tables_of_any_length_are_right(count: int) -> None:
    prefix = Prefix((1, 7))
    for number in range(count):
        prefix.add(b"(%d)" % number)
    catalogue = b"<</Type/Catalog/Pages %d 0 R>>" % (count + 2)
    start = extend_start(prefix.finish(), [catalogue], b"/Root %d 0 R" % (count + 1))
    page = b"<</Type/Page/MediaBox[0 0 10 10]/Resources<<>>/Parent %d 0 R>>" % (count + 2)
    check_structure(finish_file(start, [b"<</Type/Pages/Count 1/Kids[%d 0 R]>>" % (count + 3), page]))
