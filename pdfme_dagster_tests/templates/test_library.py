"""The templates folder. Not here: what a template or a mapping may say."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pdfme_dagster.errors import TemplateError
from pdfme_dagster.templates.library import Library, load_library
from pdfme_dagster_tests.templates.stand_ins import StandInTemplate, read_stand_in, statement

FILES = {
    "card.json": "Cname closing 13xTr",
    "plain.json": "name address",
    "more.json": "20xTr",
    "total.json": "closing",
    "fonts/own.ttf": "a font",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "fonts").mkdir()
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "built_in.json").write_text("name closing available 5xTr")
    return tmp_path


def load(folder: Path, content: str | None = None) -> Library[StandInTemplate]:
    if content is not None:
        (folder / "templates.yaml").write_text(content)
    return load_library(None if content is None else folder, read_stand_in, built_in=folder / "built_in.json")


def explain(folder: Path, content: str) -> list[str]:
    with pytest.raises(TemplateError) as error:
        load(folder, content)
    return list(error.value.problems)


def digest(folder: Path, entry: str = "card.json", rest: str = "", org_id: str = "266") -> str:
    return load(folder, f"organisations: {{266: {entry}}}\n{rest}").choose(org_id).digest


# --- Choosing ---


def test_without_a_folder_everybody_gets_the_built_in_template(folder: Path) -> None:
    entry = load(folder).choose("266")
    assert (entry.name, entry.templates["template"].name) == ("default", "built_in.json")


def test_an_organisation_gets_its_template_and_others_the_default(folder: Path) -> None:
    library = load(folder, "default: plain.json\norganisations: {266: card.json}")
    chosen = {org_id: library.choose(org_id) for org_id in ("266", "267", "", "0266")}
    files = {org_id: entry.templates["template"].name for org_id, entry in chosen.items()}
    assert files == {"266": "card.json", "267": "plain.json", "": "plain.json", "0266": "plain.json"}


def test_the_default_is_the_built_in_template_where_none_is_named(folder: Path) -> None:
    library = load(folder, "organisations: {266: card.json}")
    assert library.choose("267").templates["template"].name == "built_in.json"


def test_an_organisation_without_a_template_has_the_defaults_in_its_own_way(folder: Path) -> None:
    library = load(
        folder, "default: card.json\norganisations: {266: {dates: yyyy, amounts: {negative: '(1.00)'}}}"
    )
    own, default = library.choose("266"), library.choose("267")
    assert own.templates == default.templates
    assert own.paginate(statement(closing=-5))[0].header["closing"] == "(0.005)"
    assert default.paginate(statement(closing=-5))[0].header["closing"] == "-0.005"


def test_the_built_in_template_marks_what_the_bank_owes(folder: Path) -> None:
    mapped, _ = load(folder).choose("1").paginate(statement(closing=-5))
    assert (mapped.header["closing"], mapped.header["available"]) == ("0.005 CR", "–")
    own = load(folder, "default: {amounts: {unknown: ''}}").choose("1").paginate(statement(closing=-5))[0]
    assert (own.header["closing"], own.header["available"]) == ("-0.005", "")


def test_a_file_is_read_once_however_many_organisations_use_it(folder: Path) -> None:
    read: list[str] = []

    def read_and_count(content: bytes, name: str) -> StandInTemplate:
        read.append(name)
        return read_stand_in(content, name)

    (folder / "templates.yaml").write_text(
        "default: card.json\norganisations: {1: card.json, 2: ./card.json}"
    )
    load_library(folder, read_and_count)
    assert read == ["card.json"]


# --- Entries ---


def test_an_entry_makes_pages_of_a_statement(folder: Path) -> None:
    entry = "{template: card.json, continuation: more.json, last: total.json}"
    _, pages = load(folder, f"organisations: {{266: {entry}}}").choose("266").paginate(statement())
    assert [(page.role, len(page.rows)) for page in pages] == [("template", 2), ("last", 0)]
    assert pages[1].inputs["closing"] == "1,121.526"


def test_an_entry_says_how_things_are_written_and_rendered(folder: Path) -> None:
    content = """
organisations:
  "266":
    template: card.json
    mapping: {fields: {Cname: org_id}}
    dates: d MMM yyyy
    language: en-GB
    title: Statement of account
    pdf_a: true
    missing_glyph: error
    overflow: shrink
"""
    entry = load(folder, content).choose("266")
    options = entry.options.model_dump(exclude_defaults=True)
    assert options == {
        "language": "en-GB",
        "title": "Statement of account",
        "pdf_a": True,
        "missing_glyph": "error",
        "overflow": "shrink",
    }
    assert entry.paginate(statement())[0].header["Cname"] == "266"


def test_only_names_that_a_template_uses_somewhere_are_read(folder: Path) -> None:
    (folder / "card.json").write_text("Cname {statement_date} 1xTr")
    mapped, _ = (
        load(folder, "organisations: {266: card.json}").choose("266").paginate(statement(transactions=()))
    )
    assert set(mapped.header) == {"Cname", "date", "name", "statement_date"}


@pytest.mark.parametrize(("field", "name"), [("last4", "last4"), ("extra.national_id", "national_id")])
def test_a_password_is_the_text_of_a_field(folder: Path, field: str, name: str) -> None:
    content = f"organisations: {{266: {{template: card.json, password: {{field: {field}}}}}}}"
    entry = load(folder, content).choose("266")
    mapped, _ = entry.paginate(statement(extra={"national_id": "0012"}))
    assert (entry.password_field, mapped.header[name]) == (name, "0012")


def test_further_prefixes_are_rows_of_transactions(folder: Path) -> None:
    (folder / "card.json").write_text("3xRow")
    _, (page,) = load(folder, "default: card.json\nprefixes: [Row]").choose("1").paginate(statement())
    assert page.inputs["Row2Details"] == "SHOP 2"


def test_fonts_are_read_from_the_folder(folder: Path) -> None:
    library = load(folder, "fonts: {Own: fonts/own.ttf}\nfallback_fonts: [Own, Roboto]")
    assert (library.fonts["Own"].content, library.fallback_fonts) == (b"a font", ("Own", "Roboto"))


def test_warnings_of_templates_are_collected(folder: Path) -> None:
    (folder / "card.json").write_text("Cnmae 1xTr")
    library = load(folder, "default: card.json\norganisations: {1: card.json}")
    assert library.warnings == ["Cnmae: shows no value of a statement; did you mean Cname?"]


# --- Digests ---


@pytest.mark.parametrize(
    ("entry", "rest"),
    [
        ("plain.json", ""),
        ("{template: card.json, continuation: more.json}", ""),
        ("{template: card.json, last: total.json}", ""),
        ("{template: card.json, single: more.json}", ""),
        ("{template: card.json, dates: d MMM yyyy}", ""),
        ("{template: card.json, amounts: {zero: ''}}", ""),
        ("{template: card.json, mapping: {fields: {Cname: org_id}}}", ""),
        ("{template: card.json, mapping: {rows: {Tr: {fields: {Details: side}}}}}", ""),
        ("{template: card.json, title: Other}", ""),
        ("{template: card.json, pdf_a: true}", ""),
        ("{template: card.json, password: {field: last4}}", ""),
        ("{template: card.json, overflow: clip}", ""),
        ("{template: card.json, ignore_rows: true}", ""),
        ("card.json", "fonts: {Own: fonts/own.ttf}"),
        ("card.json", "fallback_fonts: [Roboto]"),
        ("card.json", "prefixes: [Row]"),
    ],
)
def test_whatever_changes_the_output_changes_the_digest(folder: Path, entry: str, rest: str) -> None:
    assert digest(folder, entry, rest) != digest(folder)


@pytest.mark.parametrize("name", ["card.json", "more.json", "fonts/own.ttf"])
def test_a_changed_file_changes_the_digest(folder: Path, name: str) -> None:
    entry, rest = "{template: card.json, continuation: more.json}", "fonts: {Own: fonts/own.ttf}"
    before = digest(folder, entry, rest)
    (folder / name).write_text(FILES[name] + " ")
    assert digest(folder, entry, rest) != before


def test_what_changes_nothing_keeps_the_digest(folder: Path) -> None:
    before = digest(folder)
    (folder / "other.json").write_text(FILES["card.json"])
    assert digest(folder, "{template: other.json, dates: dd/MM/yyyy}") == before
    assert digest(folder, rest="default: plain.json") == before
    assert digest(folder, "{template: card.json, amounts: {zero: '0.00'}}") == before


def test_another_process_finds_the_same_digest(folder: Path) -> None:
    here = digest(folder, rest="fonts: {Own: fonts/own.ttf}")
    program = (
        "import sys, pathlib as p\n"
        "from pdfme_dagster.templates.library import load_library\n"
        "from pdfme_dagster_tests.templates.stand_ins import read_stand_in\n"
        "f = p.Path(sys.argv[1])\n"
        "print(load_library(f, read_stand_in, built_in=f / 'built_in.json').choose('266').digest)\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == here


# --- What is refused ---


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../card.json", "fonts/../../card.json", "..", "a\\b.json", ""],
)
def test_files_outside_of_the_folder_are_refused_by_their_names(folder: Path, name: str) -> None:
    (problem,) = explain(folder, f"organisations: {{266: {json.dumps(name)}}}")
    assert problem.startswith("templates.yaml: organisations.266: must be a file in the templates folder")


def test_a_link_out_of_the_folder_is_refused_and_one_within_is_not(
    folder: Path, tmp_path_factory: Any
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.json"
    outside.write_text("Cname")
    (folder / "out.json").symlink_to(outside)
    (folder / "in.json").symlink_to(folder / "plain.json")
    assert explain(folder, "default: out.json") == [
        "templates.yaml: default.template: out.json leads out of the folder; copy it into it"
    ]
    assert load(folder, "default: in.json").choose("1").name == "default"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("defualt: card.json", "templates.yaml: defualt: is no known key; did you mean default?"),
        (
            "organisations: {266: {templat: card.json}}",
            "templates.yaml: organisations.266.templat: is no known key; did you mean template?",
        ),
        (
            "organisations: {266: {template: card.json, overflow: hide}}",
            "templates.yaml: organisations.266.overflow: must be 'visible', 'shrink', 'clip' or 'ellipsis'",
        ),
        (
            "organisations: {266: {template: card.json, dates: dd/mm/yyyy}}",
            'templates.yaml: organisations.266.dates: "dd/mm/yyyy" has mm, a part of the time; months are MM',
        ),
        (
            "organisations: {266: {last: card.json}}",
            "templates.yaml: organisations.266: names last, but no template before it; add template",
        ),
        (
            "organisations: {a b: card.json}",
            "templates.yaml: organisations.a b: must be 1 to 32 letters, digits, - or _, not 'card.json'",
        ),
        (
            "default: {pdf_a: true, password: {field: last4}}",
            "templates.yaml: default: password and pdf_a exclude each other; remove one",
        ),
        (
            "default: {password: {field: lst4}}",
            "templates.yaml: default.password.field: lst4 is no field; did you mean last4?, or extra.NAME",
        ),
        (
            "default: {mapping: {fields: {Cnme: {join: x}}}}",
            "templates.yaml: default.mapping.fields.Cnme: has no value and is no known field; did you mean",
        ),
        (
            "prefixes: [T1]",
            'templates.yaml: prefixes: "T1" cannot stand before a row\'s number; use letters, like Tr',
        ),
        (
            "default: crad.json",
            "templates.yaml: default.template: crad.json is not there; did you mean card.json?",
        ),
        ("default: fonts", "templates.yaml: default.template: fonts is no file; name one"),
        ("fonts: {A: b.ttf}", "templates.yaml: fonts.A: b.ttf is not there; add it"),
        ("default: {language: xx-yy-zz}", "templates.yaml: default.language: language 'xx-yy-zz'"),
    ],
)
def test_what_is_wrong_is_told_with_file_key_and_fix(folder: Path, content: str, problem: str) -> None:
    (found,) = explain(folder, content)
    assert found.startswith(problem)


def test_all_that_is_wrong_is_told_at_once(folder: Path) -> None:
    (folder / "bad.json").write_text("broken")
    (folder / "gap.json").write_text("1xTr Tr2Date")
    (folder / "empty.json").write_text("")
    content = "default: bad.json\norganisations: {1: gap.json, 2: none.json, 3: empty.json, 4: bad.json}"
    assert [problem.split(": ")[:2] for problem in explain(folder, content)] == [
        ["bad.json", "is broken"],
        *[["templates.yaml", "organisations.1"]] * 3,
        ["templates.yaml", "organisations.2.template"],
        ["empty.json", "is empty; replace it"],
    ]


def test_a_folder_without_its_file_is_told(folder: Path) -> None:
    with pytest.raises(
        TemplateError, match=r"templates\.yaml: No such file or directory; add it, or name no"
    ):
        load_library(folder, read_stand_in)


def test_a_file_that_is_too_large_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pdfme_dagster.templates.library.MAX_TEMPLATE_BYTES", 10)
    assert explain(folder, "default: card.json") == ["card.json: is larger than 0 MB; replace it"]


def test_organisations_with_the_same_templates_share_what_was_worked_out(folder: Path) -> None:
    library = load(
        folder, "default: card.json\norganisations: {1: card.json, 2: {template: card.json, dates: yyyy}}"
    )
    layouts = [library.choose(org_id).layout for org_id in ("1", "2", "3")]
    assert layouts[0] is layouts[1] is layouts[2]
    assert len({library.choose(org_id).digest for org_id in ("1", "2", "3")}) == 2
