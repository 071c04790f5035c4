"""`render`, `template check` and `template preview` as their users see them: files, lines, the exit code."""

import datetime as dt
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image

from pdfme_dagster import cli_files
from pdfme_dagster.cli import main
from pdfme_dagster.errors import ConfigurationError
from pdfme_dagster_tests.rendering.designs import make_export, make_field
from pdfme_dagster_tests.rendering.samples import extract_pages, extract_text

SAMPLES = Path(__file__).parent / "parsing" / "samples"
THREE = SAMPLES / "three_customers_crlf.txt"
ONE = SAMPLES / "arabic_cp1256.txt"
BOLD = Path(str(files("font_roboto"))) / "files" / "Roboto-Bold.ttf"
SEED = "a secret of a test, which is long enough"
VARIABLES = ("PROFILES_DIR", "ON_BAD_STATEMENT", "TEMPLATES_DIR", "PDF_PASSWORD_SEED")
# A name and two rows a page.
ROWS = ["Cname", "Tr1Details", "Tr2Details"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended; ``out`` are bytes, since they may be a PDF."""

    code: int
    out: bytes
    err: str

    @property
    def lines(self) -> list[str]:
        """What it printed, with single blanks."""
        return [" ".join(line.split()) for line in self.out.decode().splitlines()]


Run = Callable[..., Outcome]
Save = Callable[..., Path]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run the command line in this process, with none of our variables but those given."""

    def run_command(*arguments: str | Path, **variables: str | Path) -> Outcome:
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))
        monkeypatch.setattr(sys, "argv", ["pdfme-dagster", *map(str, arguments)])
        capsysbinary.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsysbinary.readouterr()
        return Outcome(int(ended.value.code or 0), printed.out, printed.err.decode())

    return run_command


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Save a file; call it with name and text, bytes or what becomes JSON."""

    def save_file(name: str, content: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        if not isinstance(content, str | bytes):
            content = json.dumps(content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return save_file


def make_template(*fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template of one blank page."""
    return make_export(fields)


def make_statement_template() -> dict[str, Any]:
    """Return a template for statements: a name and two rows a page."""
    return make_template(*(make_field(name, y=10 + 10 * row) for row, name in enumerate(ROWS)))


def read_title(content: bytes) -> str:
    with pikepdf.open(BytesIO(content)) as pdf:
        return str(pdf.docinfo["/Title"])


def list_leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.suffix == ".tmp")


# --- render with inputs ---


def test_inputs_are_rendered_all_into_one_pdf(run: Run, save: Save, tmp_path: Path) -> None:
    template = save("t.json", make_template(make_field("a")))
    inputs = save("i.json", [{"a": "first"}, {"a": 42}, {}])
    outcome = run("render", template, "--inputs", inputs, "-o", tmp_path / "out.pdf")
    assert (outcome.code, outcome.lines, outcome.err) == (0, [f"{tmp_path / 'out.pdf'}: 3 pages"], "")
    assert extract_pages((tmp_path / "out.pdf").read_bytes()) == ["first", "42", ""]
    assert list_leftovers(tmp_path) == []


def test_one_object_is_one_input(run: Run, save: Save, tmp_path: Path) -> None:
    template = save("t.json", make_template(make_field("a")))
    outcome = run("render", template, "--inputs", save("i.json", {"a": "only"}), "-o", tmp_path / "o.pdf")
    assert outcome.code == 0
    assert extract_text((tmp_path / "o.pdf").read_bytes()) == "only"


def test_a_dash_writes_nothing_but_the_pdf_to_stdout(run: Run, save: Save, tmp_path: Path) -> None:
    template, inputs = save("t.json", make_template(make_field("a"))), save("i.json", {"a": "x"})
    day = ("--date", "2025-01-31")
    outcome = run("render", template, "--inputs", inputs, *day, "-o", "-")
    assert (outcome.code, outcome.err) == (0, "")
    run("render", template, "--inputs", inputs, *day, "-o", tmp_path / "o.pdf")
    assert outcome.out == (tmp_path / "o.pdf").read_bytes()


def test_same_command_gives_same_bytes_in_another_process(run: Run, save: Save, tmp_path: Path) -> None:
    template = save("t.json", make_template(make_field("a"), make_field("b", y=30, kind="qrcode")))
    inputs = save("i.json", {"a": "fit €", "b": "text"})
    arguments = ["render", str(template), "--inputs", str(inputs), "--date", "2025-01-31", "-o", "-"]
    command = [sys.executable, "-m", "pdfme_dagster.cli", *arguments]
    other = subprocess.run(
        command, capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": "7", "LC_ALL": "C"}
    )
    assert other.stdout == run(*arguments).out


def test_date_is_what_the_template_shows_and_today_without_it(run: Run, save: Save) -> None:
    shown = make_field("a", readOnly=True, content="{date}")
    template, inputs = save("t.json", make_template(shown)), save("i.json", {})
    given = run("render", template, "--inputs", inputs, "--date", "2025-01-31", "-o", "-")
    assert extract_text(given.out) == "2025/01/31"
    before = dt.datetime.now().astimezone().date()
    today = extract_text(run("render", template, "--inputs", inputs, "-o", "-").out)
    after = dt.datetime.now().astimezone().date()
    assert today in {f"{before:%Y/%m/%d}", f"{after:%Y/%m/%d}"}


def test_title_and_language_are_the_files_and_the_title_is_the_templates_name_otherwise(
    run: Run, save: Save
) -> None:
    template = save("letter.json", make_template(make_field("a", kind="date", format="MMMM")))
    inputs = save("i.json", {"a": "2025/01/31"})
    common = ("render", template, "--inputs", inputs, "-o", "-")
    content = run(*common, "--title", "Own (1)", "--language", "de").out
    assert read_title(content) == "Own (1)"
    assert extract_text(content) == "Januar"
    with pikepdf.open(BytesIO(content)) as pdf:
        assert str(pdf.Root["/Lang"]) == "de"
    assert read_title(run(*common).out) == "letter"


def test_own_fonts_have_their_names_and_the_first_stands_where_none_is_named(run: Run, save: Save) -> None:
    template = save("t.json", make_template(make_field("a"), make_field("b", y=30, fontName="Roboto")))
    inputs = save("i.json", {"a": "x", "b": "y"})
    common = ("render", template, "--inputs", inputs, "-o", "-", "--font", f"Own={BOLD}")
    assert list_fonts(run(*common).out) == {"Own", "Roboto"}
    assert list_fonts(run(*common, "--fallback-font", "Roboto-Light").out) == {"Roboto", "Roboto-Light"}


def list_fonts(content: bytes) -> set[str]:
    """Return the names of the fonts that any page's text is set in."""
    import pypdfium2
    import pypdfium2.raw as raw

    names = set()
    document = pypdfium2.PdfDocument(content)
    for page in document:
        for each in page.get_objects([raw.FPDF_PAGEOBJ_TEXT]):
            buffer = (raw.c_char * 100)()
            raw.FPDFFont_GetBaseFontName(raw.FPDFTextObj_GetFont(each), buffer, 100)
            names.add(buffer.value.decode().partition("+")[2] or buffer.value.decode())
        page.close()
    document.close()
    return names


@pytest.mark.parametrize(("policy", "expected"), [("box", 0), ("drop", 0), ("error", 1)])
def test_missing_glyphs_are_treated_as_asked_for(run: Run, save: Save, policy: str, expected: int) -> None:
    template, inputs = save("t.json", make_template(make_field("a"))), save("i.json", {"a": "x\u4e2d"})
    outcome = run("render", template, "--inputs", inputs, "-o", "-", "--missing-glyph", policy)
    assert outcome.code == expected
    if policy == "error":
        assert "U+4E2D" in outcome.err
        assert outcome.out == b""


def test_overflow_is_treated_as_asked_for(run: Run, save: Save) -> None:
    template = save("t.json", make_template(make_field("a")))
    inputs = save("i.json", {"a": "many words " * 40})
    common = ("render", template, "--inputs", inputs, "--date", "2025-01-31", "-o", "-")
    texts = {way: run(*common, "--overflow", way).out for way in ("visible", "shrink", "clip", "ellipsis")}
    assert len(set(texts.values())) == 4
    assert "…" in extract_text(texts["ellipsis"])


def test_both_paths_draw_the_same_text_and_one_that_cannot_be_taken_is_refused(run: Run, save: Save) -> None:
    template, inputs = save("t.json", make_template(make_field("a"))), save("i.json", {"a": "same"})
    common = ("render", template, "--inputs", inputs, "-o", "-", "--path")
    assert extract_text(run(*common, "compiled").out) == extract_text(run(*common, "canvas").out) == "same"
    save("t.json", make_template(make_field("a", kind="image")))
    save("i.json", {})
    refused = run(*common, "compiled")
    assert (refused.code, refused.err) == (2, "error: t.json: cannot be compiled; take the path canvas\n")


def test_pdf_a_says_so_in_its_metadata(run: Run, save: Save) -> None:
    template, inputs = save("t.json", make_template(make_field("a"))), save("i.json", {"a": "x"})
    assert b"pdfaid:part>2" in run("render", template, "--inputs", inputs, "-o", "-", "--pdf-a").out


# --- render statements ---


def test_statements_of_a_file_become_a_folder_of_numbered_pdfs(run: Run, tmp_path: Path) -> None:
    outcome = run("render", "--statement", THREE, "-o", tmp_path / "out")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.lines == [f"{tmp_path / 'out'}: 3 PDFs, 3 pages"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0001.pdf", "0002.pdf", "0003.pdf"]
    assert "NOORA SAMPLEH" in extract_text((tmp_path / "out" / "0001.pdf").read_bytes())


def test_one_statement_becomes_one_pdf_or_the_first_of_a_folder(run: Run, tmp_path: Path) -> None:
    outcome = run("render", "--statement", ONE, "-o", tmp_path / "out.pdf")
    assert (outcome.code, outcome.lines) == (0, [f"{tmp_path / 'out.pdf'}: 1 page"])
    assert outcome.err == f"warning: {ONE}: 2 warnings; `pdfme-dagster parse` lists them\n"
    assert run("render", "--statement", ONE, "-o", tmp_path / "folder").code == 0
    assert (tmp_path / "folder" / "0001.pdf").read_bytes() == (tmp_path / "out.pdf").read_bytes()
    assert run("render", "--statement", ONE, "-o", "-").out == (tmp_path / "out.pdf").read_bytes()


@pytest.mark.parametrize("out", ["out.pdf", "-"])
def test_several_statements_do_not_go_into_one_file(run: Run, tmp_path: Path, out: str) -> None:
    place = out if out == "-" else tmp_path / out
    outcome = run("render", "--statement", THREE, "-o", place)
    assert (outcome.code, outcome.out) == (2, b"")
    assert outcome.err == f"error: {THREE} has 3 statements, {place} takes one; name a folder with -o\n"


def test_template_is_filled_by_the_shipped_mapping(run: Run, save: Save, tmp_path: Path) -> None:
    template = save("t.json", make_statement_template())
    run("render", "--statement", THREE, "--template", template, "-o", tmp_path / "out")
    first = extract_pages((tmp_path / "out" / "0001.pdf").read_bytes())
    assert [" ".join(page.split()) for page in first] == [
        "NOORA SAMPLEH TESTMAN Payment Received EXAMPLE HYPERMARKET MANAMA BHR",
        "NOORA SAMPLEH TESTMAN FICTIONAL AIR LONDON GBR CARD FEE",
    ]


def test_amounts_in_a_template_of_ones_own_are_written_as_templates_yaml_has_it(
    run: Run, save: Save, tmp_path: Path
) -> None:
    template = save("t.json", make_template(make_field("CurrentBalance")))
    save("templates/templates.yaml", "default: {template: t.json, ignore_rows: true}\n")
    save("templates/t.json", template.read_bytes())
    run("render", "--statement", THREE, "--templates", tmp_path / "templates", "-o", tmp_path / "b")
    third = extract_text((tmp_path / "b" / "0003.pdf").read_bytes())
    assert third == "-25.000"
    refused = run("render", "--statement", THREE, "--template", template, "-o", tmp_path / "a")
    assert refused.code == 1
    assert refused.err.startswith("error: statement 1 (account ****0015): 4 transactions")


def test_templates_dir_is_the_variables_or_the_options(run: Run, save: Save, tmp_path: Path) -> None:
    save("one/templates.yaml", 'organisations: {"900": t.json}')
    save("one/t.json", make_statement_template())
    save("two/templates.yaml", "default: {title: Second}")
    out = tmp_path / "out"
    run("render", "--statement", THREE, "-o", out, TEMPLATES_DIR=tmp_path / "one")
    assert len(extract_pages((out / "0001.pdf").read_bytes())) == 2
    run("render", "--statement", THREE, "-o", out, "--templates", tmp_path / "two", TEMPLATES_DIR="/none")
    assert read_title((out / "0001.pdf").read_bytes()) == "Second"


def test_options_come_before_those_of_the_folder(run: Run, save: Save, tmp_path: Path) -> None:
    save("t/templates.yaml", 'default: {title: Theirs}\norganisations: {"900": {title: Theirs too}}')
    options = ("--templates", tmp_path / "t", "--title", "Mine", "--pdf-a")
    run("render", "--statement", ONE, "-o", tmp_path / "o.pdf", *options)
    content = (tmp_path / "o.pdf").read_bytes()
    assert read_title(content) == "Mine"
    assert b"pdfaid:part>2" in content


def test_passwords_come_from_the_folder_with_the_seed_of_the_environment(
    run: Run, save: Save, tmp_path: Path
) -> None:
    save("t/templates.yaml", "default: {password: {field: CardNumber}}")
    arguments = ("render", "--statement", ONE, "--templates", tmp_path / "t", "-o", tmp_path / "o.pdf")
    without = run(*arguments)
    assert (without.code, "PDF_PASSWORD_SEED must be a secret" in without.err) == (2, True)
    assert not (tmp_path / "o.pdf").exists()
    assert run(*arguments, PDF_PASSWORD_SEED=SEED).code == 0
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(tmp_path / "o.pdf")
    with_pdf_a = run(*arguments, "--pdf-a", PDF_PASSWORD_SEED=SEED)
    assert with_pdf_a.code == 2
    assert "templates.yaml: default: password and pdf_a exclude each other" in with_pdf_a.err


def test_date_of_a_statement_is_its_own_unless_another_is_given(run: Run, save: Save) -> None:
    shown = make_field("a", readOnly=True, content="{dateTime}")
    rows = [make_field(f"Tr{row}Details", y=20 + 8 * row) for row in range(1, 9)]
    template = save("t.json", make_template(shown, *rows))
    common = ("render", "--statement", ONE, "--template", template, "-o", "-")
    assert extract_text(run(*common).out).startswith("2025/09/21")
    assert extract_text(run(*common, "--date", "2024-02-29").out).startswith("2024/02/29")


def test_customers_left_out_keep_the_numbers_of_the_others(run: Run, save: Save, tmp_path: Path) -> None:
    broken = save("900_a.txt", THREE.read_text("utf-8").replace("121.250", "12,3x"))
    refused = run("render", "--statement", broken, "-o", tmp_path / "out")
    assert (refused.code, (tmp_path / "out").exists()) == (1, False)
    assert "account ****0015" in refused.err
    skipped = run("render", "--statement", broken, "-o", tmp_path / "out", ON_BAD_STATEMENT="skip")
    assert skipped.code == 0
    assert "1 of 3 statements rejected: account ****0015" in skipped.err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0002.pdf", "0003.pdf"]


def test_profile_is_the_one_that_is_asked_for(run: Run, tmp_path: Path) -> None:
    outcome = run("render", "--statement", ONE, "--profile", "camt053", "-o", tmp_path / "o.pdf")
    assert outcome.code == 1
    unknown = run("render", "--statement", ONE, "--profile", "nobodys", "-o", tmp_path / "o.pdf")
    assert (unknown.code, "nobodys" in unknown.err, unknown.err.count("\n")) == (2, True, 1)
    assert list(tmp_path.iterdir()) == []


# --- Writing ---


def test_a_failed_render_leaves_the_old_file_and_nothing_else(run: Run, save: Save, tmp_path: Path) -> None:
    template = save("t.json", make_template(make_field("a", required=True)))
    old = save("old.pdf", "old")
    outcome = run("render", template, "--inputs", save("i.json", {}), "-o", old)
    assert outcome.code == 1
    assert 'error: template t.json: field "a" is required' in outcome.err
    assert old.read_text() == "old"
    assert list_leftovers(tmp_path) == []


def test_a_failed_statement_leaves_none_of_the_files_pdfs(run: Run, save: Save, tmp_path: Path) -> None:
    file = save("900_a.txt", THREE.read_text("utf-8").replace("YOUSIF", "YOUSIF \u4e2d"))
    (tmp_path / "out").mkdir()
    options = ("--missing-glyph", "error")
    outcome = run("render", "--statement", file, *options, "-o", tmp_path / "out")
    assert (outcome.code, outcome.err.count("\n")) == (1, 1)
    assert outcome.err.startswith("error: statement 2 (account ****0023): ")
    assert list((tmp_path / "out").iterdir()) == []
    assert run("render", "--statement", file, *options, "-o", tmp_path / "new").code == 1
    assert not (tmp_path / "new").exists()


def test_a_disk_that_fills_up_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out.pdf").write_text("old")

    def fail(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ConfigurationError, match="No space left on device"):
        cli_files.write_file(tmp_path / "out.pdf", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["out.pdf"]
    assert (tmp_path / "out.pdf").read_text() == "old"


def test_files_are_overwritten_behind_links_and_with_usual_permissions(
    run: Run, save: Save, tmp_path: Path
) -> None:
    template, inputs = save("t.json", make_template(make_field("a"))), save("i.json", {"a": "x"})
    real, link = save("real.pdf", "old"), tmp_path / "link.pdf"
    link.symlink_to(real)
    assert run("render", template, "--inputs", inputs, "-o", link).code == 0
    assert link.is_symlink()
    assert real.read_bytes().startswith(b"%PDF")
    assert stat.S_IMODE(real.stat().st_mode) == stat.S_IMODE(inputs.stat().st_mode)


def test_devices_are_written_to_and_not_replaced(run: Run, save: Save) -> None:
    template, inputs = save("t.json", make_template(make_field("a"))), save("i.json", {"a": "x"})
    assert run("render", template, "--inputs", inputs, "-o", "/dev/null").code == 0
    assert Path("/dev/null").is_char_device()


def test_a_reader_that_has_seen_enough_is_no_error(save: Save) -> None:
    template, inputs = save("t.json", make_template(make_field("a"))), save("i.json", {"a": "x"})
    arguments = ["render", str(template), "--inputs", str(inputs), "-o", "-"]
    with subprocess.Popen(
        [sys.executable, "-m", "pdfme_dagster.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_a_pdf_is_not_thrown_at_a_terminal(
    run: Run, save: Save, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    template, inputs = save("t.json", make_template(make_field("a"))), save("i.json", {"a": "x"})
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    outcome = run("render", template, "--inputs", inputs, "-o", "-")
    assert (outcome.code, outcome.out) == (2, b"")
    assert "this is a terminal" in outcome.err


# --- What is refused ---

GOOD = make_template(make_field("a"))
BAD_CALLS: list[tuple[list[str], int, str]] = [
    (
        ["render", "none.json", "--inputs", "i.json"],
        2,
        "none.json: No such file or directory; name a readable",
    ),
    (
        ["render", "t.json", "--inputs", "none.json"],
        2,
        "none.json: No such file or directory; name a readable",
    ),
    (["render", ".", "--inputs", "i.json"], 2, ".: Is a directory; name a readable file"),
    (["render", "no.json", "--inputs", "i.json"], 2, "no.json: is no JSON in UTF-8: "),
    (["render", "i.json", "--inputs", "i.json"], 2, "i.json: basePdf: is missing"),
    (
        ["render", "t.json", "--inputs", "no.json"],
        1,
        "no.json: is no JSON in UTF-8: expecting property name",
    ),
    (["render", "t.json", "--inputs", "list.json"], 1, 'list.json: input 1 must be an object like {"field"'),
    (["render", "t.json"], 2, "give TEMPLATE.json and --inputs INPUTS.json, or --statement FILE"),
    (["render"], 2, "give TEMPLATE.json and --inputs INPUTS.json, or --statement FILE"),
    (["render", "--inputs", "i.json"], 2, "give TEMPLATE.json and --inputs INPUTS.json, or --statement"),
    (["render", "t.json", "--statement", "s.txt"], 2, "--statement takes --template T instead of"),
    (["render", "--statement", "s.txt", "--inputs", "i.json"], 2, "--statement takes --template T instead"),
    (["render", "t.json", "--inputs", "i.json", "--profile", "afs"], 2, "--template, --templates and --prof"),
    (
        ["render", "--statement", "s.txt", "--template", "t.json", "--templates", "."],
        2,
        "--template is for all",
    ),
    (["render", "--statement", "none.txt"], 2, "none.txt: No such file or directory"),
    (["render", "--statement", "s.txt", "--profile", "afs"], 1, "the file is empty"),
    (["render", "--statement", str(ONE), "--template", "none.json"], 2, "none.json: No such file or"),
    (["render", "--statement", str(ONE), "--template", "no.json"], 2, "no.json: is no JSON in UTF-8"),
    (["render", "--statement", str(ONE), "--templates", "none"], 2, "none/templates.yaml: No such file"),
    (["render", "t.json", "--inputs", "i.json", "--date", "31.01.2025"], 2, "--date 31.01.2025 is no date"),
    (["render", "t.json", "--inputs", "i.json", "--date", "2025-02-30"], 2, "--date 2025-02-30 is no date"),
    (
        ["render", "t.json", "--inputs", "i.json", "--font", "own.ttf"],
        2,
        "--font own.ttf: write it like Own=",
    ),
    (["render", "t.json", "--inputs", "i.json", "--font", "Own=none.ttf"], 2, "none.ttf: No such file"),
    (
        ["render", "t.json", "--inputs", "i.json", "--font", "Own=i.json"],
        2,
        "--font Own=i.json: is no TrueType",
    ),
    (
        ["render", "t.json", "--inputs", "i.json", "--fallback-font", "Own"],
        2,
        "fallback font Own is not there",
    ),
    (["render", "t.json", "--inputs", "i.json", "--missing-glyph", "no"], 2, '--missing-glyph "no" must be'),
    (["render", "t.json", "--inputs", "i.json", "--overflow", "hide"], 2, '--overflow "hide" must be'),
    (["render", "t.json", "--inputs", "i.json", "--language", "x y"], 2, '--language "x y" '),
    (["render", "t.json", "--inputs", "i.json", "--path", "quick"], 2, "--path quick is unknown"),
    (["template", "preview", "t.json", "--page", "2"], 2, "page 2 is not there: the document has 1"),
    (["template", "preview", "t.json", "--page", "0"], 2, "page 0 is not there"),
    (["template", "preview", "t.json", "--dpi", "0"], 2, "0 dpi is not from 10 to 1200"),
    (
        ["template", "preview", "t.json", "--inputs", "i.json", "--statement", "s.txt"],
        2,
        "exclude each other",
    ),
    (["template", "preview", "none.json"], 2, "none.json: No such file or directory"),
]


@pytest.mark.parametrize(
    ("arguments", "code", "message"), BAD_CALLS, ids=[" ".join(a) for a, _, _ in BAD_CALLS]
)
def test_wrong_calls_are_told_in_one_line(
    run: Run,
    save: Save,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    for name, content in {
        "t.json": GOOD,
        "i.json": {},
        "no.json": "{no",
        "list.json": [1],
        "s.txt": "",
    }.items():
        save(name, content)
    monkeypatch.chdir(tmp_path)
    outcome = run(*arguments, "-o", "out.pdf")
    assert (outcome.code, outcome.out) == (code, b"")
    assert outcome.err.startswith("error: ")
    assert message in outcome.err
    assert all(line.startswith("error: ") for line in outcome.err.splitlines())
    assert not Path("out.pdf").exists()


@pytest.mark.parametrize("out", ["none/out.pdf", "folder", "t.json/out.pdf"])
def test_places_that_cannot_be_written_are_told_in_one_line(
    run: Run, save: Save, tmp_path: Path, out: str
) -> None:
    template, inputs = save("t.json", GOOD), save("i.json", {})
    (tmp_path / "folder").mkdir()
    outcome = run("render", template, "--inputs", inputs, "-o", tmp_path / out)
    assert outcome.code == 2
    assert outcome.err.startswith(f"error: {tmp_path / out}: ")
    assert outcome.err.endswith("; name a place with -o that can be written\n")
    assert list_leftovers(tmp_path) == []


# --- template check ---


def test_check_says_what_a_template_is_made_of(run: Run, save: Save) -> None:
    fields = [make_field(name, y=10 + 10 * row) for row, name in enumerate(ROWS)]
    template = save("t.json", make_template(*fields, make_field("line", y=90, kind="line", readOnly=True)))
    outcome = run("template", "check", template)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.lines == [
        "t.json",
        "pages 1, blank, 100 x 100 mm",
        "fields 4: text 3, line 1",
        "fonts Roboto",
        "rows page 1: 2 (Tr)",
        "path compiled",
    ]


def test_check_lists_every_problem_in_a_line_of_its_own(run: Run, save: Save) -> None:
    fields = [
        make_field("a", kind="hologram"),
        make_field("b", fontName="Papyrus"),
        make_field("c", readOnly=True, content="{window.open()}"),
        make_field("d", kind="image", readOnly=True, content="https://example.com/logo.png"),
        make_field("e\n\x1b[31m", fontName="Papyrus"),
    ]
    template = save("t.json", make_export(fields, base="https://example.com/base.pdf"))
    outcome = run("template", "check", template)
    assert (outcome.code, outcome.out) == (2, b"")
    lines = outcome.err.splitlines()
    assert all(line.startswith("error: t.json: ") for line in lines)
    for place in ("basePdf", '"a"', '"b"', '"c"', '"d"', '"e??[31m"'):
        assert sum(place in line for line in lines) == 1, place
    assert len(lines) == 6


def test_check_with_the_fonts_that_will_be_there(run: Run, save: Save) -> None:
    template = save("t.json", make_template(make_field("a", fontName="Own"), make_field("b", y=30)))
    refused = run("template", "check", template)
    assert (refused.code, 'font "Own" is not there' in refused.err) == (2, True)
    outcome = run("template", "check", template, "--font", f"Own={BOLD}", "--fallback-font", "Roboto")
    assert (outcome.code, "fonts Own, Roboto" in outcome.lines) == (0, True)


def test_check_warns_of_what_is_odd(run: Run, save: Save) -> None:
    template = save("t.json", make_template(make_field("StatmentDat")))
    outcome = run("template", "check", template)
    assert outcome.code == 0
    warnings = [line for line in outcome.lines if line.startswith("warning: ")]
    assert "StatmentDat: shows no value of a statement; did you mean StatmentDate?" in warnings[0]
    assert "t.json: has no place for transactions" in warnings[1]


def test_only_the_first_twenty_warnings_are_shown(run: Run, save: Save) -> None:
    fields = [make_field(f"Cnames{number}", y=number) for number in range(30)]
    lines = run("template", "check", save("t.json", make_template(*fields))).lines
    assert lines[-1] == "warning: and 11 more"


@pytest.mark.parametrize("name", ["", "templates.yaml"])
def test_check_of_a_folder_checks_all_that_it_names(run: Run, save: Save, tmp_path: Path, name: str) -> None:
    save("t/templates.yaml", 'organisations: {"900": card.json, "901": {template: card.json}}')
    save("t/card.json", make_statement_template())
    save("t/old.json", GOOD)
    outcome = run("template", "check", tmp_path / "t" / name)
    assert (outcome.code, outcome.err) == (0, "")
    assert [line for line in outcome.lines if line.endswith(".json")] == ["default.json", "card.json"]
    assert (
        outcome.lines[-2]
        == "warning: old.json: no organisation has it; name it in templates.yaml, or remove it"
    )
    assert outcome.lines[-1] == f"{tmp_path / 't'}: 2 templates, 2 organisations with an entry of their own"


def test_check_of_a_folder_lists_the_problems_of_all_its_files(run: Run, save: Save, tmp_path: Path) -> None:
    save(
        "t/templates.yaml",
        'organisations: {"900": a.json, "901": b.json, "902": none.json}\nfonts: {Own: x.ttf}',
    )
    save("t/a.json", make_template(make_field("a", kind="hologram"), make_field("b", fontName="Papyrus")))
    save("t/b.json", make_template(make_field("c", fontName="Own"), make_field("d", fontName="Papyrus")))
    save("t/x.ttf", "no font")
    outcome = run("template", "check", tmp_path / "t")
    assert (outcome.code, outcome.out) == (2, b"")
    lines = outcome.err.splitlines()
    for part in ('a.json: page 1, field "a"', 'a.json: page 1, field "b"', 'b.json: page 1, field "d"'):
        assert sum(part in line for line in lines) == 1, part
    assert any("none.json is not there" in line for line in lines)
    assert not any('field "c"' in line for line in lines)


def test_check_of_a_folder_or_file_that_is_none(run: Run, save: Save, tmp_path: Path) -> None:
    empty = run("template", "check", tmp_path)
    assert (empty.code, empty.err.count("\n")) == (2, 1)
    assert "templates.yaml: No such file or directory" in empty.err
    other = run("template", "check", save("mine.yaml", ""))
    assert (other.code, "such a file is called templates.yaml; rename it" in other.err) == (2, True)
    assert run("template", "check", tmp_path / "none.json").code == 2


# --- template preview ---


def test_preview_is_a_picture_of_the_first_page_with_the_templates_sample(
    run: Run, save: Save, tmp_path: Path
) -> None:
    template = save("t.json", make_template(make_field("a", content="sample")))
    outcome = run("template", "preview", template, "-o", tmp_path / "out.png")
    assert (outcome.code, outcome.lines, outcome.err) == (0, [f"{tmp_path / 'out.png'}: page 1 of 1"], "")
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.size == (394, 394)
        assert has_ink(picture)


def has_ink(picture: Image.Image) -> bool:
    darkest, _ = picture.convert("L").getextrema()
    assert isinstance(darkest, int | float)
    return darkest < 100


def test_preview_takes_a_page_a_resolution_and_inputs(run: Run, save: Save) -> None:
    template = save("t.json", make_export([], [make_field("a")]))
    inputs = save("i.json", {"a": "given"})
    common = ("template", "preview", template, "--inputs", inputs, "--dpi", "50", "-o", "-")
    first, second = (Image.open(BytesIO(run(*common, "--page", page).out)) for page in "12")
    assert first.size == second.size == (197, 197)
    assert (has_ink(first), has_ink(second)) == (False, True)


def test_preview_of_a_template_without_sample_says_how_to_fill_it(run: Run, save: Save) -> None:
    outcome = run("template", "preview", save("t.json", GOOD), "-o", "-")
    assert outcome.code == 0
    assert outcome.err.endswith(
        "its fields have no sample content; give --inputs or --statement to fill them\n"
    )


def test_preview_shows_the_first_statement_of_a_file(run: Run, save: Save) -> None:
    template = save("t.json", make_statement_template())
    common = ("template", "preview", template, "--statement", THREE, "-o", "-")
    second = Image.open(BytesIO(run(*common, "--page", "2").out))
    assert has_ink(second)
    missing = run(*common, "--page", "3")
    assert (missing.code, "page 3 is not there: the document has 2" in missing.err) == (2, True)


def test_preview_is_the_same_bytes_every_time(run: Run, save: Save) -> None:
    template = save("t.json", make_template(make_field("a", content="sample")))
    common = ("template", "preview", template, "-o", "-", "--date", "2025-01-31")
    assert run(*common).out == run(*common).out


# --- All of them ---


@pytest.mark.parametrize(
    "command", [["render"], ["template"], ["template", "check"], ["template", "preview"]]
)
def test_help_imports_nothing_that_takes_time(command: list[str]) -> None:
    code = (
        "import sys; sys.argv[1:] = sys.argv[1:] + ['--help']\n"
        "from pdfme_dagster.cli import app\n"
        "app(standalone_mode=False)\n"
        "heavy = {'pikepdf', 'fontTools', 'PIL', 'pypdfium2', 'dagster', 'reportlab', 'lxml'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
