"""What docs/profiles says is true: its examples run, its tables are complete, its links lead somewhere."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pdfme_dagster.parsing import load_profiles, parse
from pdfme_dagster.parsing.interchange import describe_statement
from pdfme_dagster.parsing.profile import (
    ROW_FIELDS,
    STATEMENT_FIELDS,
    Camt053Profile,
    FieldSpec,
    JsonProfile,
    Mt940Profile,
    Record,
    RecordsProfile,
    TableProfile,
)

DOCS = Path(__file__).parents[2] / "docs" / "profiles"
PAGE = (DOCS / "your-own.md").read_text(encoding="utf-8")
MODELS = (FieldSpec, Record, RecordsProfile, TableProfile, JsonProfile, Camt053Profile, Mt940Profile)
FILE_NAME = "266_accounts_2025-09.txt"


def read_blocks(page: str, kind: str) -> list[str]:
    """Return the fenced blocks of a kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)


def run_example(folder: Path) -> Any:
    (folder / "mybank.toml").write_text(read_blocks(PAGE, "toml")[0], encoding="utf-8")
    content = read_blocks(PAGE, "text")[0].encode()
    profile = load_profiles(folder).choose(FILE_NAME, content)
    assert profile.name == "mybank"
    return parse(content, profile=profile, name=FILE_NAME)


def anchor_of(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


# --- The worked example ---


def test_the_worked_example_is_read_by_its_profile_without_a_warning(tmp_path: Path) -> None:
    parsed = run_example(tmp_path)
    assert (parsed.warnings, parsed.rejected) == ((), ())
    assert [each.account for each in parsed.statements] == ["5000000000000015", "5000000000000023"]


def test_the_worked_example_gives_the_statement_that_the_page_shows(tmp_path: Path) -> None:
    first, _ = run_example(tmp_path).statements
    shown = json.loads(read_blocks(PAGE, "json")[0])
    described = describe_statement(first)
    assert {key: described[key] for key in shown} == shown


def test_the_worked_examples_second_statement_is_as_the_page_says(tmp_path: Path) -> None:
    first, second = run_example(tmp_path).statements
    assert (second.currency, second.opening, second.closing) == ("BHD", 2_500, 2_500)
    assert [(row.description, row.amount, row.credit) for row in second.transactions] == [
        ("ACCOUNT FEE", 500, False),
        ("REVERSAL OF FEE", 500, True),
    ]
    assert first.extra == {"branch": "Manama", "overdraft_limit": 50_000}
    assert second.extra == {"branch": "Riffa"}


def test_the_worked_example_is_refused_where_the_page_says_so(tmp_path: Path) -> None:
    run_example(tmp_path)
    content = read_blocks(PAGE, "text")[0]
    profile = load_profiles(tmp_path)["mybank"]
    for changed in (
        content.replace("SM;266;ACC-5000000000000015;212,50;900,00;1.937,50\n", ""),
        content.replace("SALARY;900,00", "SALARY;901,00"),
        content.replace("TX;266;ACC-5000000000000015;20250925", "TX;266;ACC-5000000000000031;20250925"),
    ):
        parsed = parse(changed.encode(), profile=profile, name=FILE_NAME)
        assert [each.account for each in parsed.statements] == ["5000000000000023"]
        assert "****0015" in [each.account for each in parsed.rejected]


# --- The reference ---


def list_documented_keys(page: str) -> set[str]:
    """Return what stands in the first cell of a table."""
    return {
        name
        for line in page.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    }


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_of_every_profile_is_in_a_table(model: type[FieldSpec]) -> None:
    assert set(model.model_fields) - {"name"} <= list_documented_keys(PAGE)


def test_every_key_that_is_in_a_table_exists() -> None:
    roles = {"start", "part", "row", "message", "keep", "ignore"}
    known = {name for model in MODELS for name in model.model_fields} | roles | {"extends"}
    assert list_documented_keys(PAGE) <= known


def test_every_field_of_statement_and_row_is_named() -> None:
    (fields,) = re.findall(r"\| a statement \|(.*)\|\n\| a row \|(.*)\|", PAGE)
    named = [set(re.findall(r"`(\w+)`", cell)) for cell in fields]
    assert named[0] == STATEMENT_FIELDS
    assert named[1] - {"table", "json"} == ROW_FIELDS


@pytest.mark.parametrize(
    "key", ["date_format", "decimals", "decimal_point", "negative", "credit_marks", "debit_marks"]
)
def test_defaults_in_the_tables_are_those_of_the_models(key: str) -> None:
    (row,) = [
        line for line in PAGE.splitlines() if line.startswith(f"| `{key}` |") and "the profile's" not in line
    ]
    default = RecordsProfile.model_fields[key].default
    shown = list(default) if isinstance(default, tuple) else default
    assert str(shown).replace("'", '"') in row.split("|")[2]


# --- All pages ---


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_links_lead_to_pages_and_headings(page: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", (DOCS / page).read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        linked = DOCS / (path or page)
        assert linked.exists(), target
        headings = re.findall(r"^#+ (.*)$", linked.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert not anchor or anchor in map(anchor_of, headings), target


@pytest.mark.parametrize("page", ["afs.md", "csv.md", "fixed-width.md"])
def test_profiles_that_a_page_shows_extend_the_one_it_is_about(page: str, tmp_path: Path) -> None:
    (shown,) = read_blocks((DOCS / page).read_text(encoding="utf-8"), "toml")
    (tmp_path / "mybank.toml").write_text(shown, encoding="utf-8")
    profile = load_profiles(tmp_path)["mybank"]
    assert tomllib.loads(shown)["extends"] == page.split(".")[0].removesuffix("-width")
    assert profile.organisations == ("266",)


@pytest.mark.parametrize(
    ("page", "kind"), [("afs.md", "text"), ("csv.md", "csv"), ("fixed-width.md", "text")]
)
def test_files_that_a_page_shows_are_read_by_its_profile(page: str, kind: str) -> None:
    (shown,) = read_blocks((DOCS / page).read_text(encoding="utf-8"), kind)
    content = "".join(re.findall(r"^(?!  |1234).*\n", shown, flags=re.MULTILINE)).encode()
    profile = load_profiles().choose("900_x", content)
    assert profile.name == page.split(".")[0].removesuffix("-width")
    parsed = parse(content, profile=profile, name="900_x")
    assert parsed.statements
    assert not parsed.rejected
    assert not [each for each in parsed.warnings if "control total" in each.message]
