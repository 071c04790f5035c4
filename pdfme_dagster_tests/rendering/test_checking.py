"""Checks of templates: everything wrong at once, and what a good one is made of."""

import json
from base64 import b64encode
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from pdfme_dagster.errors import TemplateError
from pdfme_dagster.rendering.checking import TemplateReport, check_folder, check_template
from pdfme_dagster.rendering.font_choice import FontChoice
from pdfme_dagster.templates.library import BUILT_IN_TEMPLATE, RenderOptions
from pdfme_dagster_tests.rendering.designs import make_field, write_export

BOLD = (files("font_roboto") / "files" / "Roboto-Bold.ttf").read_bytes()


def check(content: bytes, **options: object) -> TemplateReport:
    return check_template(
        content, "t.json", fonts=FontChoice(), options=RenderOptions.model_validate(options)
    )


def list_problems(content: bytes, **options: object) -> list[str]:
    with pytest.raises(TemplateError) as caught:
        check(content, **options)
    return list(caught.value.problems)


def make_base_pdf(pages: int) -> str:
    pdf = pikepdf.new()
    for _ in range(pages):
        pdf.add_blank_page(page_size=(283.46, 283.46))
    written = BytesIO()
    pdf.save(written)
    return "data:application/pdf;base64," + b64encode(written.getvalue()).decode()


# --- One template ---


def test_report_counts_pages_fields_fonts_and_places_for_rows() -> None:
    rows = [make_field(f"Tr{row}Details", y=10 * row, fontName="Roboto-Bold") for row in (1, 2, 3)]
    report = check(write_export([make_field("a", y=50), *rows], [make_field("Tr1Details")]))
    assert (report.pages, report.base, report.path) == (2, "blank, 100 x 100 mm", "compiled")
    assert report.fields == {"text": 5}
    assert set(report.fonts) == {"Roboto", "Roboto-Bold"}
    assert report.rows == ((1, "Tr", 3), (2, "Tr", 1))
    assert (report.has_table, report.warnings) == (False, ())


def test_report_of_the_built_in_template_has_nothing_to_warn_of() -> None:
    report = check(BUILT_IN_TEMPLATE.read_bytes())
    assert (report.path, report.has_table, report.warnings) == ("canvas", True, ())


def test_pages_of_fields_without_a_page_of_the_base_pdf_are_told() -> None:
    fields = [make_field("Tr1Details")]
    report = check(write_export(fields, [make_field("b")], base=make_base_pdf(1)))
    assert (report.pages, report.base) == (1, "base PDF, 100 x 100 mm")
    assert report.warnings == ("t.json: the base PDF has 1 pages fewer than there are pages of fields",)


def test_problems_of_reading_and_of_drawing_are_listed_together() -> None:
    fields = [
        make_field("a", kind="hologram"),
        make_field("b", width=-1),
        make_field("c", fontName="Papyrus"),
        make_field("d", kind="svg", readOnly=True, content="<svg><unclosed></svg>"),
        make_field("e", readOnly=True, content="{1 +}"),
    ]
    problems = list_problems(write_export(fields, base="https://example.com/base.pdf"))
    places = ["basePdf", '"a"', '"b"', '"c"', '"d"', '"e"']
    assert [sum(place in problem for problem in problems) for place in places] == [1] * 6
    assert len(problems) == 6


def test_rows_are_checked_only_where_all_fields_can_be_read() -> None:
    gap = [make_field("Tr1Details"), make_field("Tr2Details", y=20), make_field("Tr2Date", y=20)]
    assert any("Tr1Date" in problem for problem in list_problems(write_export(gap)))
    damaged = [*gap, make_field("Tr1Date", kind="hologram")]
    assert len(list_problems(write_export(damaged))) == 1


def test_a_file_of_which_nothing_can_be_read_has_one_problem() -> None:
    assert list_problems(b"[]") == ['t.json: is no template: must be an object with "basePdf" and "schemas"']
    assert len(list_problems(b"\xff")) == 1


def test_characters_that_no_font_has_are_a_problem_or_a_warning_as_the_policy_is() -> None:
    content = write_export([make_field("Tr1Details"), make_field("b", readOnly=True, content="\u4e2d")])
    [problem] = list_problems(content)
    assert "U+4E2D" in problem
    [warning] = check(content, missing_glyph="box").warnings
    assert "U+4E2D" in warning


# --- A folder ---


def write_folder(folder: Path, **contents: bytes | str) -> None:
    """Write files; double underscores in names stand for dots."""
    for name, content in contents.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def test_each_file_is_reported_once_and_under_its_own_name(tmp_path: Path) -> None:
    card = write_export([make_field("Tr1Details")])
    entries = {"1": "a.json", "2": {"template": "a.json", "language": "ar"}, "3": "b.json"}
    write_folder(
        tmp_path,
        templates__yaml=json.dumps({"default": {"template": "a.json"}, "organisations": entries}),
        a__json=card,
        b__json=card,
    )
    report = check_folder(tmp_path)
    assert [each.name for each in report.templates] == ["a.json", "b.json"]
    assert (report.organisations, report.warnings) == (3, ())


def test_fonts_and_options_that_are_handed_in_count(tmp_path: Path) -> None:
    own = write_export([make_field("Tr1Details", fontName="Own"), make_field("a", y=30)])
    write_folder(tmp_path, templates__yaml="default: {template: a.json}", a__json=own)
    with pytest.raises(TemplateError, match='font "Own" is not there'):
        check_folder(tmp_path)
    [report] = check_folder(tmp_path, fonts={"Own": BOLD}, fallback="Own").templates
    assert report.fonts == ("Own",)
    with pytest.raises(TemplateError, match="fallback font None such is not there"):
        check_folder(tmp_path, fonts={"Own": BOLD}, fallback="None such")


def test_passwords_ask_for_a_seed_where_pdfs_are_made_but_not_here(tmp_path: Path) -> None:
    write_folder(tmp_path, templates__yaml="default: {password: {field: CardNumber}}")
    [warning] = check_folder(tmp_path).warnings
    assert "PDF_PASSWORD_SEED must be set" in warning
    with pytest.raises(TemplateError, match="password and pdf_a exclude each other"):
        check_folder(tmp_path, options={"pdf_a": True})


def test_problems_of_all_files_are_listed_and_each_once(tmp_path: Path) -> None:
    bad = write_export([make_field("a", kind="hologram"), make_field("b", fontName="Papyrus")])
    write_folder(
        tmp_path,
        templates__yaml=json.dumps(
            {
                "organisations": {"1": "a.json", "2": "a.json", "3": "none.json", "4": "c.json"},
                "fonts": {"O": "o.ttf"},
            }
        ),
        a__json=bad,
        c__json=write_export([make_field("c", fontName="O")]),
        o__ttf="no font",
    )
    with pytest.raises(TemplateError) as caught:
        check_folder(tmp_path)
    problems = caught.value.problems
    assert len(problems) == len(set(problems))
    assert any('"a"' in problem for problem in problems)
    assert any('"b"' in problem for problem in problems)
    assert not any('field "c"' in problem for problem in problems)
