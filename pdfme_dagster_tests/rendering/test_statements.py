"""The whole way from a statement to a PDF: the right template, complete, and the same everywhere."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pdfme_dagster.errors import ConfigurationError, PermanentError, TemplateError
from pdfme_dagster.rendering import StatementRenderer, load_statement_renderer, statements
from pdfme_dagster_tests.golden import corpus
from pdfme_dagster_tests.rendering.pdf_checks import check_structure, count_pages, draw_pages
from pdfme_dagster_tests.rendering.renderers import make_field, make_fixed, make_text
from pdfme_dagster_tests.rendering.samples import (
    ARABIC_NAME,
    LONG_DESCRIPTION,
    extract_pages,
    extract_text,
    make_statement,
)
from pdfme_dagster_tests.rendering.tiny_fonts import CHINESE, build_font

SEED = b"a secret of more than thirty-two characters"
CARD = (corpus.TEMPLATES / "card-statement-dict-style.json").read_bytes()
LETTERS = st.text("ABCDEFGHJKLMNOPRSTUVWXYZ0123456789", min_size=1, max_size=18)
A4 = {"width": 210, "height": 297, "padding": [10, 10, 10, 10]}


@pytest.fixture(scope="module")
def built_in() -> StatementRenderer:
    """The renderer of those who have no templates folder."""
    return load_statement_renderer()


def make_template(label: str = "own", rows: int = 13, base: object = A4, **more: Any) -> bytes:
    """Return a template with a label and places for some transactions."""
    fields = [
        make_fixed("label", 10, 5, f"label:{label}"),
        make_text("name", 60, 5),
        make_text("account", 110, 5),
    ]
    for number in range(1, rows + 1):
        y = 20 + 7 * number
        fields += [
            make_text(f"Tr{number}Details", 10, y, width=80),
            make_text(f"Tr{number}Debits", 100, y, alignment="right"),
            make_text(f"Tr{number}Credits", 150, y, alignment="right"),
        ]
    return json.dumps({"basePdf": base, "schemas": [[*fields, *more.get("fields", [])]]}).encode()


def write_folder(folder: Path, spec: Mapping[str, Any], files: Mapping[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "templates.yaml").write_text(yaml.safe_dump(dict(spec)), encoding="utf-8")
    return folder


def load(folder: Path, spec: Mapping[str, Any], files: Mapping[str, bytes], **more: Any) -> StatementRenderer:
    return load_statement_renderer(write_folder(folder, spec, files), **more)


def list_problems(folder: Path, spec: Mapping[str, Any], files: Mapping[str, bytes]) -> list[str]:
    with pytest.raises(TemplateError) as raised:
        load(folder, spec, files, seed=SEED)
    return list(raised.value.problems)


def count_rows(content: bytes) -> int:
    return len(re.findall(r"SHOP \d{4} SEEF", extract_text(content)))


# --- Templates ---


def test_an_organisation_has_its_own_template_and_others_the_default(tmp_path: Path) -> None:
    files = {"own.json": make_template("own"), "all.json": make_template("all")}
    renderer = load(tmp_path, {"default": "all.json", "organisations": {"266": "own.json"}}, files)
    own, other = (renderer.render(make_statement(1, org_id=org_id)) for org_id in ("266", "999"))
    assert ("label:own" in extract_text(own.content), own.template) == (True, "own.json")
    assert ("label:all" in extract_text(other.content), other.template) == (True, "all.json")
    assert own.template_digest != other.template_digest


def test_without_a_default_others_have_the_built_in_template(
    tmp_path: Path, built_in: StatementRenderer
) -> None:
    renderer = load(tmp_path, {"organisations": {"266": "own.json"}}, {"own.json": make_template()})
    other = renderer.render(make_statement(2, org_id="999"))
    assert other.content == built_in.render(make_statement(2, org_id="999")).content
    assert other.template == "default.json"


def test_pages_take_turns_over_first_continuation_and_last(tmp_path: Path) -> None:
    bases = {
        name: json.loads(corpus.find_template(name).read_bytes())["basePdf"]
        for name in ("base-pdf", "base-pdf-cropped")
    }
    files = {
        "first.json": make_template("first", 3, bases["base-pdf"]),
        "next.json": make_template("next", 5),
        "last.json": make_template("last", 2, bases["base-pdf-cropped"]),
    }
    entry = {"template": "first.json", "continuation": "next.json", "last": "last.json"}
    renderer = load(tmp_path, {"default": entry}, files)
    rendered = renderer.render(make_statement(14))
    check_structure(rendered.content)
    labels = [re.findall(r"label:(\w+)", text) for text in extract_pages(rendered.content)]
    named = [label[0] for label in labels if label]
    assert (named[0], named[-1]) == ("first", "last")
    assert ["next"] in labels
    assert count_rows(rendered.content) == 14
    drawn = renderer.render(make_statement(14), path="canvas")
    assert extract_pages(drawn.content) == extract_pages(rendered.content)
    for ours, theirs in zip(draw_pages(rendered.content), draw_pages(drawn.content), strict=True):
        assert (ours == theirs).all()


def test_fonts_of_the_folder_are_used_and_stand_in(tmp_path: Path) -> None:
    field = make_text("messages", 10, 270, fontName="Own")
    files = {
        "own.json": make_template(fields=[field]),
        "own.ttf": build_font(dict.fromkeys("Messag", 600)),
        "cjk.ttf": build_font(dict.fromkeys(CHINESE, 1000)),
    }
    fonts = {"Own": "own.ttf", "Cjk": "cjk.ttf"}
    renderer = load(tmp_path, {"default": "own.json", "fonts": fonts, "fallback_fonts": ["Cjk"]}, files)
    content = renderer.render(make_statement(1, messages=("Message",), name="東京 A")).content
    assert {b"Own", b"Cjk"} <= set(re.findall(rb"/FontName\s*/[A-Z]{6}\+(\w+)", content))
    assert "東京 A" in extract_text(content)


def test_a_template_with_a_table_breaks_pages_itself(tmp_path: Path) -> None:
    table = {
        **make_field("table", "transactions", 10, 30, head=["Date", "Details", "Out", "In"]),
        "headWidthPercentages": [20, 40, 20, 20],
        "width": 190,
        "showHead": True,
    }
    own = json.dumps({"basePdf": A4, "schemas": [[table]]}).encode()
    renderer = load(tmp_path, {"default": "own.json"}, {"own.json": own})
    for rows in (0, 1, 14, 120):
        rendered = renderer.render(make_statement(rows))
        assert count_rows(rendered.content) == rows
        assert rendered.pages == count_pages(rendered.content)
    problems = list_problems(
        tmp_path,
        {"default": {"template": "own.json", "last": "last.json"}},
        {"last.json": make_template(rows=0)},
    )
    assert problems == [
        "own.json, last.json: a table, list or growing text breaks pages itself; name one template only"
    ]


# --- Complete ---


@pytest.mark.parametrize("rows", [0, 1, 13, 14, 400])
def test_every_row_is_drawn_once_in_the_order_of_the_statement(
    rows: int, tmp_path: Path, built_in: StatementRenderer
) -> None:
    own = load(tmp_path, {"default": "card.json"}, {"card.json": CARD})
    for renderer in (own, built_in):
        rendered = renderer.render(make_statement(rows))
        text = extract_text(rendered.content)
        places = [text.index(f"SHOP {number:04} SEEF") for number in range(rows)]
        assert all(one < other for one, other in pairwise(places))
        assert count_rows(rendered.content) == rows
        assert rendered.pages == count_pages(rendered.content)
    assert own.render(make_statement(rows)).pages == max(1, -(-rows // 13))


def test_every_row_and_total_can_be_read_from_the_built_in_template(built_in: StatementRenderer) -> None:
    text = extract_text(built_in.render(make_statement(120)).content)
    for amount in ("149.427", "1,121.526", "2,000.000", "286.470", "97.710"):
        assert amount in text
    assert "Total of 120 transactions 286.470 97.710" in text


def test_rows_that_have_no_place_are_an_error_not_a_statement(tmp_path: Path) -> None:
    own = json.dumps({"basePdf": A4, "schemas": [[make_text("name", 10, 10)]]}).encode()
    renderer = load(tmp_path, {"default": "own.json"}, {"own.json": own})
    with pytest.raises(PermanentError, match="3 transactions") as raised:
        renderer.render(make_statement(3))
    assert "5000000000000015" not in str(raised.value)
    assert "Sample" not in str(raised.value)


@settings(max_examples=15)
@given(st.lists(LETTERS, max_size=40))
def test_whatever_the_rows_say_can_be_read_back(descriptions: list[str]) -> None:
    text = extract_text(
        load_statement_renderer().render(make_statement(0, descriptions=descriptions)).content
    )
    for description in descriptions:
        assert description in text


def test_a_statement_that_knows_nothing_is_still_a_page(built_in: StatementRenderer) -> None:
    blank = make_statement(0, name="", address=(), org_id="", messages=("",), statement_date=None)
    unknown = replace(blank, opening=None, debits=None, credits=None, closing=None, available=None)
    assert built_in.render(unknown).pages == 1


def test_characters_without_a_glyph_do_not_stop_a_statement(built_in: StatementRenderer) -> None:
    odd = make_statement(
        descriptions=["漢字 😀 \x00\x1b \ud800 END"], name="\U0001f600", account="\u202e\x07"
    )
    assert "END" in extract_text(built_in.render(odd).content)


def test_arabic_text_is_copied_back_as_its_letters_in_reading_order(built_in: StatementRenderer) -> None:
    statement = make_statement(name=ARABIC_NAME, address=("شركة الأمل", "Mr محمد"))
    text = extract_text(built_in.render(statement).content)
    for words in (ARABIC_NAME, "شركة الأمل", "Mr محمد"):
        assert words in text


def test_a_long_description_does_not_hide_its_amount(built_in: StatementRenderer) -> None:
    text = extract_text(built_in.render(make_statement(descriptions=[LONG_DESCRIPTION])).content)
    assert "A VERY LONG MERCHANT DESCRIPTION" in text
    assert "1.000" in text


# --- What the file says of itself ---


def test_metadata_has_a_title_a_date_and_neither_customer_nor_account(built_in: StatementRenderer) -> None:
    content = built_in.render(make_statement()).content
    with pikepdf.open(BytesIO(content)) as document:
        assert {key: str(value) for key, value in document.docinfo.items()} == {
            "/Title": "Statement 21/09/2025",
            "/Producer": "pdfme-dagster",
            "/CreationDate": "D:20250921000000Z",
        }
        assert document.Root.Lang == "en"
        assert document.Root.ViewerPreferences.DisplayDocTitle
        packet = document.Root.Metadata.read_bytes()
    assert b"Statement 21/09/2025" in packet
    for secret in (b"5000000000000015", b"0015", b"Sample"):
        assert secret not in content.replace(packet, b"")
        assert secret not in packet


def test_titles_and_languages_are_the_organisations(tmp_path: Path) -> None:
    entry = {"template": "own.json", "title": "كشف الحساب", "language": "ar"}
    renderer = load(tmp_path, {"default": entry}, {"own.json": make_template()})
    with pikepdf.open(BytesIO(renderer.render(make_statement(1)).content)) as document:
        assert document.docinfo["/Title"] == "كشف الحساب"
        assert document.Root.Lang == "ar"
        assert "كشف الحساب" in document.Root.Metadata.read_bytes().decode()


def test_pdf_a_is_marked_and_has_its_colour_profile(tmp_path: Path) -> None:
    renderer = load(
        tmp_path, {"default": {"template": "own.json", "pdf_a": True}}, {"own.json": make_template()}
    )
    content = renderer.render(make_statement(14)).content
    check_structure(content)
    with pikepdf.open(BytesIO(content)) as document:
        [intent] = document.Root.OutputIntents
        assert intent.S == "/GTS_PDFA1"
        assert int(intent.DestOutputProfile.N) == 3
        packet = document.Root.Metadata.read_bytes()
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in packet


def test_only_embedded_fonts_are_used(built_in: StatementRenderer, tmp_path: Path) -> None:
    own = load(tmp_path, {"default": "own.json"}, {"own.json": make_template()})
    for renderer in (built_in, own):
        content = renderer.render(make_statement(2, name=ARABIC_NAME)).content
        assert b"Helvetica" not in content
        assert content.count(b"/FontDescriptor") > 0
        assert content.count(b"/FontFile2") == content.count(b"/Type/FontDescriptor")
        assert b"NotoSansArabic" not in renderer.render(make_statement(2)).content


# --- Passwords ---


def test_a_password_opens_the_file_and_nothing_else_does(tmp_path: Path) -> None:
    entry = {"template": "own.json", "password": {"field": "last4"}}
    renderer = load(tmp_path, {"default": entry}, {"own.json": make_template()}, seed=SEED)
    rendered = renderer.render(make_statement(2))
    assert renderer.render(make_statement(2)).content == rendered.content
    for password in ("", "0016", "5000000000000015"):
        with pytest.raises(pypdfium2.PdfiumError):
            pypdfium2.PdfDocument(rendered.content, password=password)
    document = pypdfium2.PdfDocument(rendered.content, password="0015")
    assert "SHOP 0001 SEEF" in document[0].get_textpage().get_text_range()
    document.close()


def test_a_statement_without_a_password_is_not_written_in_the_clear(tmp_path: Path) -> None:
    entry = {"template": "own.json", "password": {"field": "extra.pin"}}
    renderer = load(tmp_path, {"default": entry}, {"own.json": make_template()}, seed=SEED)
    with pytest.raises(PermanentError, match="the statement's PDF gets no password") as raised:
        renderer.render(make_statement(1))
    assert raised.value.code == "bad_password"


@pytest.mark.parametrize("seed", [None, b"", b"x" * 31])
def test_passwords_need_a_secret_from_the_start(seed: bytes | None, tmp_path: Path) -> None:
    entry = {"template": "own.json", "password": {"field": "last4"}}
    with pytest.raises(
        ConfigurationError, match="PDF_PASSWORD_SEED must be a secret of at least 32 characters"
    ):
        load(tmp_path, {"organisations": {"266": entry}}, {"own.json": make_template()}, seed=seed)
    load(tmp_path, {"default": "own.json"}, {"own.json": make_template()}, seed=seed)


# --- Digests and what is kept ---


def find_digest(folder: Path, spec: Mapping[str, Any], **files: bytes) -> str:
    named = {f"{name}.{'ttf' if name == 'font' else 'json'}": content for name, content in files.items()}
    return load(folder, spec, named, seed=SEED).render(make_statement(1, org_id="999")).template_digest


def test_the_digest_changes_with_all_that_changes_the_pdf_and_with_nothing_else(tmp_path: Path) -> None:
    own, font = make_template(), build_font({"a": 500})
    entry: dict[str, Any] = {"template": "own.json"}
    first = find_digest(tmp_path, {"default": entry}, own=own, font=font)
    assert find_digest(tmp_path / "elsewhere", {"default": entry}, own=own, font=font) == first
    assert (
        find_digest(tmp_path, {"default": entry, "organisations": {"266": "own.json"}}, own=own, font=font)
        == first
    )
    changed = [
        {"default": {**entry, **change}}
        for change in (
            {"language": "ar"},
            {"title": "Other"},
            {"overflow": "shrink"},
            {"missing_glyph": "drop"},
            {"pdf_a": True},
            {"dates": "yyyy-MM-dd"},
            {"amounts": {"negative": "(1.00)"}},
            {"password": {"field": "last4"}},
            {"mapping": {"fields": {"name": "org_id"}}},
        )
    ]
    changed.append({"default": entry, "fonts": {"Own": "font.ttf"}})
    digests = [find_digest(tmp_path, spec, own=own, font=font) for spec in changed]
    digests.append(find_digest(tmp_path, {"default": entry}, own=own + b" ", font=font))
    digests.append(find_digest(tmp_path, changed[-1], own=own, font=build_font({"b": 500})))
    assert len({first, *digests}) == len(digests) + 1


def test_a_second_load_of_the_same_makes_nothing_new(tmp_path: Path) -> None:
    spec, files = (
        {"default": "own.json", "organisations": {"266": "card.json"}},
        {"own.json": make_template(), "card.json": CARD},
    )
    one = load(tmp_path, spec, files)
    made = statements._make_renderer.cache_info().misses
    other = load(tmp_path, spec, files)
    assert statements._make_renderer.cache_info().misses == made
    assert [renderer for _, renderer in one.list_renderers()] == [
        renderer for _, renderer in other.list_renderers()
    ]
    assert one.render(make_statement(2)).content == other.render(make_statement(2)).content
    load(tmp_path, spec, files | {"own.json": make_template("changed")})
    assert statements._make_renderer.cache_info().misses == made + 1


# --- What is refused ---


def test_all_that_is_wrong_with_any_template_is_told_at_once(tmp_path: Path) -> None:
    files = {
        "one.json": make_template(fields=[make_text("a", 1, 1, fontName="None")]),
        "two.json": make_template(fields=[make_field("image", "b", 1, 1, readOnly=True, content="data:,x")]),
    }
    problems = list_problems(tmp_path, {"default": "one.json", "organisations": {"266": "two.json"}}, files)
    assert len(problems) == 2
    assert problems[0].startswith('one.json: page 1, field "a": fontName: font "None" is not there; use ')
    assert problems[1].startswith('two.json: page 1, field "b": content: ')


def test_fonts_that_cannot_be_used_are_told_with_their_key(tmp_path: Path) -> None:
    files = {"own.json": make_template(), "own.ttf": b"wOFF1234"}
    spec = {"default": "own.json", "fonts": {"Own": "own.ttf"}, "fallback_fonts": ["Other"]}
    problems = list_problems(tmp_path, spec, files)
    assert (
        problems[0] == "templates.yaml: fonts.Own: is a web font (WOFF); use the .ttf file of the same font"
    )
    assert problems[1].startswith("templates.yaml: fallback_fonts: Other is no font; use Roboto, ")


# --- The same everywhere ---

PRINT_DIGESTS = """
import sys
from hashlib import sha256
from pathlib import Path
from pdfme_dagster.rendering import load_statement_renderer
from pdfme_dagster_tests.rendering.samples import ARABIC_NAME, make_statement
card = load_statement_renderer(Path(sys.argv[1]), seed=b"s" * 32)
renderers = {"built-in": load_statement_renderer(), "card": card}
statements = {
    "latin": make_statement(14),
    "arabic": make_statement(2, name=ARABIC_NAME, messages=("يرجى السداد",)),
    "odd": make_statement(descriptions=["ßéü 漢字", "پاکستان", "Łódź"]),
    "many": make_statement(100),
    "closed": make_statement(1, org_id="777"),
}
for kind, renderer in renderers.items():
    for name in sorted(statements, reverse="reversed" in sys.argv):
        print(kind, name, sha256(renderer.render(statements[name]).content).hexdigest())
"""


def print_digests(folder: Path, *arguments: str, **environment: str) -> Sequence[str]:
    command = [sys.executable, "-c", PRINT_DIGESTS, str(folder), *arguments]
    run = subprocess.run(command, env=os.environ | environment, check=True, capture_output=True, text=True)
    return sorted(run.stdout.splitlines())


def test_the_same_statement_gives_the_same_bytes_in_any_process_order_zone_and_hash_seed(
    tmp_path: Path,
) -> None:
    closed = {"template": "card.json", "password": {"field": "last4"}}
    folder = write_folder(
        tmp_path, {"default": "card.json", "organisations": {"777": closed}}, {"card.json": CARD}
    )
    one = print_digests(folder, PYTHONHASHSEED="1", TZ="Asia/Bahrain", SOURCE_DATE_EPOCH="1")
    other = print_digests(folder, "reversed", PYTHONHASHSEED="2", TZ="America/New_York", LC_ALL="C")
    assert one == other
    assert len({line.split()[2] for line in one}) == 10


def test_earlier_documents_leave_no_trace(tmp_path: Path, built_in: StatementRenderer) -> None:
    own = load(tmp_path, {"default": "card.json"}, {"card.json": CARD})
    for renderer in (own, built_in):
        before = renderer.render(make_statement(3)).content
        renderer.render(make_statement(descriptions=["ÀÉÎÕÜ", "شراء", "漢字"]))
        assert renderer.render(make_statement(3)).content == before


def test_threads_do_not_disturb_each_other(tmp_path: Path) -> None:
    renderer = load(tmp_path, {"default": "card.json"}, {"card.json": CARD})
    given_statements = [make_statement(rows, name=f"{ARABIC_NAME} {rows}") for rows in range(12)]
    alone = [renderer.render(statement).content for statement in given_statements]
    with ThreadPoolExecutor(4) as threads:
        together = [rendered.content for rendered in threads.map(renderer.render, given_statements)]
    assert together == alone
