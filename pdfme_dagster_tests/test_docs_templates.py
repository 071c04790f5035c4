"""docs/templates says what is true: types, properties, names, keys, examples, commands, pictures and links.

Not here: whether what it says of them is well said.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image
from pydantic import BaseModel
from typer.testing import CliRunner

from pdfme_dagster import rendering, templates
from pdfme_dagster.cli import app, main
from pdfme_dagster.rendering import (
    base_pdf,
    encryption,
    faces,
    inputs,
    lists,
    pages,
    pdf417,
    pictures,
    preview,
    qr,
    renderer,
    svg,
    svg_paths,
    tables,
)
from pdfme_dagster.rendering.statements import StatementRenderer
from pdfme_dagster.templates import (
    expression_syntax,
    expression_values,
    expressions,
    library,
    marks,
    reading,
    schema,
    variables,
)
from pdfme_dagster.templates.amounts import AmountStyle
from pdfme_dagster.templates.library import EntrySpec, LibrarySpec, load_library
from pdfme_dagster.templates.mapping_spec import (
    _OPTIONS,
    HEADER_VALUES,
    ROW_VALUES,
    FieldSpec,
    RowSetSpec,
    load_shipped_mapping,
)
from pdfme_dagster.templates.reading import read_template
from pdfme_dagster.templates.schema import FIELD_TYPES, CellStyle
from pdfme_dagster.templates.yaml_checks import MAX_YAML_BYTES
from pdfme_dagster_tests.golden import make_pictures
from pdfme_dagster_tests.golden.corpus import find_inputs, find_template

FOLDER = Path(__file__).parents[1] / "docs" / "templates"
GUIDE, SUPPORT, FIELDS = (
    (FOLDER / name).read_text(encoding="utf-8") for name in ("README.md", "support.md", "fields.md")
)
ROBOTO = Path(str(files("font_roboto"))) / "files" / "Roboto-Regular.ttf"
# These need services that a test of words does not start.
WITH_SERVICES = {"up", "upload"}
# Half of the picture would have to change for most of these; another release of PDFium moves an edge.
MOST_CHANGED = 0.01
SEED = b"only a test's, and long enough for one"


def list_examples(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)


def find_section(page: str, heading: str) -> str:
    """Return what stands below a heading that begins so, up to the next one as high or higher."""
    found = page.partition(f"\n{heading}")[2].partition("\n")[2]
    assert found, heading
    depth = len(heading) - len(heading.lstrip("#"))
    return re.split(rf"\n#{{1,{depth}}} ", found)[0]


def list_rows(section: str) -> list[list[str]]:
    """Return the cells of all rows that begin with code."""
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def list_codes(section: str) -> list[str]:
    """Return what stands as code in the first column of a section's tables."""
    return [name for row in list_rows(section) for name in re.findall(r"`([^`]+)`", row[0])]


# --- support.md ---


def list_sections() -> Iterator[tuple[str, str]]:
    """Yield the headings of the second level and what stands below each."""
    for part in SUPPORT.split("\n## ")[1:]:
        heading, _, rest = part.partition("\n")
        yield heading, rest.split("\n### ")[0]


def find_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (find_model(each) for each in get_args(annotation))
    return next((each for each in found if each), None)


def list_properties(model: type[BaseModel], *, cells: bool = False) -> set[str]:
    """Return a model's properties by their names in JSON, those within others after a full stop."""
    names: set[str] = set()
    for name, field in model.model_fields.items():
        alias, inner = field.alias or name, find_model(field.annotation)
        if inner is None or (inner is CellStyle and not cells):
            names.add(alias)
        else:
            names |= {f"{alias}.{each}" for each in list_properties(inner)}
    return names - {"type"}


def test_support_lists_exactly_the_types_that_are_known() -> None:
    assert list_codes(find_section(SUPPORT, "## Types")) == list(FIELD_TYPES)


@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_support_lists_every_property_of_a_type_and_no_other(kind: str) -> None:
    sections = [rest for heading, rest in list_sections() if f"`{kind}`" in heading or "Every" in heading]
    documented = [name for section in sections for name in list_codes(section)]
    assert sorted(documented) == sorted(list_properties(FIELD_TYPES[kind]))


def test_support_lists_every_property_of_a_cell_and_no_other() -> None:
    assert sorted(list_codes(find_section(SUPPORT, "### Cells"))) == sorted(list_properties(CellStyle))


def test_defaults_in_support_are_those_of_the_models() -> None:
    shown = {
        name: row[1]
        for heading, rest in list_sections()
        for row in list_rows(rest)
        for name in re.findall(r"`([^`]+)`", row[0])
        if "Lists" in heading or "Text:" in heading
    }
    fields = FIELD_TYPES["list"].model_fields
    wanted = {
        field.alias: field.default for field in fields.values() if isinstance(field.default, (int, str))
    }
    numbers = {name: default for name, default in wanted.items() if name in shown and shown[name].isdigit()}
    assert {name: float(shown[name]) for name in numbers} == numbers
    assert len(numbers) > 5


# --- fields.md ---


def test_fields_lists_exactly_the_shipped_names_with_their_values() -> None:
    rows = list_rows(find_section(FIELDS, "## Shipped names"))
    told = [(name, row[1].strip("`")) for row in rows for name in re.findall(r"`([^`]+)`", row[0])]
    assert sorted(told) == sorted((name, spec.value) for name, spec in load_shipped_mapping().fields.items())


@pytest.mark.parametrize(("prefix", "heading"), [("Tr", "## Rows"), ("Msg", "## Messages")])
def test_fields_lists_exactly_the_shipped_rows_with_their_values(prefix: str, heading: str) -> None:
    told = [(row[0].strip("`"), row[1].strip("`")) for row in list_rows(find_section(FIELDS, heading))]
    assert told == [(name, spec.value) for name, spec in load_shipped_mapping().rows[prefix].fields.items()]


def test_fields_lists_exactly_the_columns_of_shipped_tables() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| `transactions` \| a table: (.*) \|$", FIELDS, flags=re.MULTILINE))
    shipped = load_shipped_mapping().fields.items()
    assert told == {name: ", ".join(spec.columns) for name, spec in shipped if spec.columns}


def test_fields_lists_every_value_with_its_kind_and_options() -> None:
    told = {
        name: (row[1], set(re.findall(r"`(\w+)`", row[2])))
        for row in list_rows(find_section(FIELDS, "## What the values are"))
        for name in re.findall(r"`([^`]+)`", row[0])
    }
    known = {**HEADER_VALUES, "extra.NAME": "any", **ROW_VALUES["messages"], **ROW_VALUES["transactions"]}
    assert told == {name: (kind, set(_OPTIONS[kind])) for name, kind in known.items()}


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("### The file", LibrarySpec),
        ("### An entry", EntrySpec),
        ("### Amounts", AmountStyle),
        ("### Fields", FieldSpec),
        ("### Rows of your own", RowSetSpec),
    ],
)
def test_fields_lists_every_key_of_the_yaml_each_in_an_example(heading: str, model: type[BaseModel]) -> None:
    section = find_section(FIELDS, heading)
    assert sorted(list_codes(section)) == sorted(model.model_fields)
    examples = "\n".join(list_examples(FIELDS, "yaml"))
    assert [key for key in model.model_fields if not re.search(rf"\b{key}:", examples)] == []


# --- Examples ---


def list_yaml_examples() -> list[str]:
    return list_examples(GUIDE, "yaml") + list_examples(FIELDS, "yaml")


def make_folder(folder: Path, example: str) -> Path:
    """Write an example with the files that it names: a table's template where it says so, else a card's."""
    folder.mkdir(exist_ok=True)
    (folder / "templates.yaml").write_text(example, encoding="utf-8")
    for name in re.findall(r"[\w/-]+\.(?:json|ttf)\b", example):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(find_sample(name).read_bytes())
    return folder


def find_sample(name: str) -> Path:
    if name.endswith(".ttf"):
        return ROBOTO
    # The card's letter paper is not for an archive: its fonts are not embedded.
    has_blank_page = "table" in name or "archive" in name
    return find_template("account-statement-table" if has_blank_page else "card-statement-dict-style")


@pytest.mark.parametrize("example", list_yaml_examples())
def test_every_yaml_example_is_a_folder_that_loads(example: str, tmp_path: Path) -> None:
    loaded = load_library(make_folder(tmp_path, example), read_template)
    assert loaded.organisations or loaded.default.templates["template"].name != "default.json"
    StatementRenderer(loaded, seed=SEED)


def list_commands() -> list[str]:
    lines = "".join(list_examples(GUIDE, "sh") + list_examples(FIELDS, "sh") + list_examples(SUPPORT, "sh"))
    return lines.splitlines()


def split_command(line: str) -> list[str]:
    """Return a command's arguments behind ``pdfme-dagster``, variables in front of it left out."""
    return shlex.split(line.partition("uv run pdfme-dagster ")[2])


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go where the guide's files are: a template, inputs, a statement file, a font, a folder."""
    for name in ("TEMPLATES_DIR", "PROFILES_DIR", "PDF_PASSWORD_SEED", "ON_BAD_STATEMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    make_folder(tmp_path / "templates", list_examples(GUIDE, "yaml")[0])
    card = "card-statement-dict-style"
    (tmp_path / "card.json").write_bytes(find_template(card).read_bytes())
    (tmp_path / "inputs.json").write_bytes(find_inputs(card).read_bytes())
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "NotoSansSC.ttf").write_bytes(ROBOTO.read_bytes())
    afs = (FOLDER.parent / "profiles" / "afs.md").read_text(encoding="utf-8")
    (tmp_path / "900_september.txt").write_text(list_examples(afs, "text")[0], encoding="utf-8")
    return tmp_path


def run_command(line: str) -> str:
    done = CliRunner().invoke(app, split_command(line), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.parametrize("line", list_commands())
def test_every_command_without_services_runs(line: str, workplace: Path) -> None:
    arguments = split_command(line)
    assert arguments, f"{line} is none of ours"
    if arguments[0] in WITH_SERVICES:
        assert CliRunner().invoke(app, [arguments[0], "--help"]).exit_code == 0
        return
    run_command(line)
    if "-o" in arguments:
        assert (workplace / arguments[arguments.index("-o") + 1]).stat().st_size > 1_000


def test_what_the_guide_shows_is_what_a_check_prints(workplace: Path) -> None:
    assert run_command(list_commands()[0]) == list_examples(GUIDE, "text")[0]


def test_problems_in_the_guide_are_those_of_its_draft(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [draft] = list_examples(GUIDE, "json")
    json.loads(draft)
    (workplace / "draft.json").write_text(draft, encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["pdfme-dagster", "template", "check", "draft.json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == list_examples(GUIDE, "text")[1]


# --- Failures and limits ---


def test_the_guide_lists_every_code_of_a_failure() -> None:
    folders = [Path(str(package.__file__)).parent for package in (rendering, templates)]
    source = "".join(path.read_text("utf-8") for folder in folders for path in sorted(folder.glob("*.py")))
    raised = {
        code
        for call in re.findall(r"PermanentError\(([^,]*),", source)
        for code in re.findall(r'"([a-z_]+)"', call)
    }
    assert set(list_codes(find_section(GUIDE, "## 6. When something fails"))) == raised


MILLION, MEBI = 1_000_000, 1024 * 1024
LIMITS: Mapping[str, tuple[float, ...]] = {
    "a template file": (library.MAX_TEMPLATE_BYTES / MILLION,),
    "pages of a template": (reading.MAX_PAGES,),
    "fields on a page": (reading.MAX_FIELDS,),
    "entries of a list in a template: columns, variables": (schema.MAX_ENTRIES,),
    "`templates.yaml`": (MAX_YAML_BYTES / MILLION, library._MAX_ORGANISATIONS, library._MAX_FONTS),
    "a font": (faces._LARGEST_FONT_BYTES / MILLION,),
    "a base PDF": (
        base_pdf.MAX_FILE_BYTES / MEBI,
        base_pdf.MAX_PAGES,
        base_pdf.MAX_OBJECTS,
        base_pdf.MAX_LINKS,
    ),
    "… decoded": (base_pdf.MAX_DECODED_BYTES / MEBI, base_pdf.MAX_DECODED_TOTAL / MEBI),
    "pages of a PDF": (renderer.MAX_PAGES,),
    "fields drawn in a PDF": (pages.MAX_DRAWN_FIELDS,),
    "rows of a table": (tables.MAX_ROWS, tables.MAX_COLUMNS),
    "items of a list": (lists.MAX_ITEMS,),
    "a picture": (pictures.MOST_BYTES / MILLION, pictures.MOST_PIXELS / MILLION),
    "an SVG": (svg.MOST_BYTES / MILLION, svg._MOST_ELEMENTS, svg_paths.MOST_SEGMENTS, svg._DEEPEST),
    "an expression": (
        expression_syntax.MAX_CODE_LENGTH,
        expression_syntax.MAX_NESTING,
        expressions.MAX_PLACEHOLDERS,
    ),
    "… at work": (expression_values.MAX_STEPS, expression_values.MAX_TEXT_LENGTH),
    "a text, a cell, an item of a list": (variables.MAX_CHARACTERS,),
    "all texts of the inputs": (pages.MAX_ALL_CHARACTERS,),
    "a marked text": (marks.MAX_MARKED_CHARACTERS,),
    "a QR code": (qr.MOST_CHARACTERS,),
    "a PDF417 code": (pdf417.MOST_CHARACTERS,),
    "a password": (encryption.MAX_PASSWORD_BYTES,),
    "inputs for `render --inputs`": (inputs.MAX_INPUTS_BYTES / MILLION, inputs.MAX_INPUTS),
    "a preview": (preview.MAX_PIXELS / MILLION, preview.HIGHEST_DPI),
}


def test_limits_in_the_guide_are_those_of_the_source() -> None:
    lines = find_section(GUIDE, "## Limits").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ") and "---" not in line]
    told = {
        row[0]: tuple(float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*\d|\d", row[1]))
        for row in rows[1:]
    }
    assert told == LIMITS


# --- Pictures and links ---


@cache
def draw_pictures() -> Mapping[str, Image.Image]:
    return {name: make_pictures.join_pages(drawn) for name, drawn in make_pictures.list_pictures()}


def test_pictures_are_those_that_are_drawn_and_small() -> None:
    kept = {path.name: path.stat().st_size for path in make_pictures.PICTURES.iterdir()}
    assert kept.keys() == draw_pictures().keys()
    assert max(kept.values()) < 60_000
    assert sum(kept.values()) < 600_000


def test_pictures_show_what_comes_out_today() -> None:
    for name, drawn in draw_pictures().items():
        with Image.open(make_pictures.PICTURES / name) as kept:
            assert kept.size == drawn.size, name
            # Not compared are the few colours, which another release of Pillow chooses otherwise.
            ours, theirs = (np.asarray(each.convert("L"), dtype=np.int16) for each in (drawn, kept))
        assert np.mean(np.abs(ours - theirs) > 64) < MOST_CHANGED, (
            f"{name}: run make_pictures, and look at it"
        )


def test_every_picture_is_shown() -> None:
    assert set(re.findall(r"\]\(pictures/([^)]+)\)", GUIDE)) == draw_pictures().keys()


@pytest.mark.parametrize("wording", [make_pictures.ENGLISH, make_pictures.ARABIC])
def test_both_ways_to_a_pdf_give_the_same_pixels(wording: make_pictures.Wording) -> None:
    loaded = load_library(None, read_template, built_in=find_template("card-statement-dict-style"))
    made, statement = StatementRenderer(loaded), make_pictures.invent_statement(14, wording)
    quick, slow = (made.render(statement, path=path) for path in get_args(renderer.Path))
    assert quick.content != slow.content
    for page in (1, 2):
        drawn = [preview.draw_preview(each.content, page=page) for each in (quick, slow)]
        assert drawn[0] == drawn[1]


@pytest.mark.parametrize("name", ["README.md", "support.md", "fields.md"])
def test_links_lead_to_files_and_headings(name: str) -> None:
    page = (FOLDER / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", page))
    assert links
    assert [link for link in links if not leads_somewhere(link, name)] == []


def leads_somewhere(link: str, page: str) -> bool:
    file, _, anchor = link.partition("#")
    target = FOLDER / (file or page)
    if not anchor:
        return target.exists()
    headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return anchor in {name_anchor(heading) for heading in headings}


def name_anchor(heading: str) -> str:
    """Return the anchor that forges give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
