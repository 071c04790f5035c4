"""The twenty defects of the system this one replaces, by number: none of them may come back.

1 to 12 are its parser's, 13 to 20 its transformer's and generator's. Not here: what else is right or wrong.
"""

import json
from datetime import date
from pathlib import Path
from typing import NoReturn

import pytest

from pdfme_dagster.domain.money import format_amount
from pdfme_dagster.domain.upload import Upload, name_pdfs
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing import parse
from pdfme_dagster.parsing.profile import RecordsProfile
from pdfme_dagster.rendering import load_statement_renderer
from pdfme_dagster.rendering.shipped_fonts import load_face
from pdfme_dagster_tests.parsing.records import (
    CARD,
    OTHER_CARD,
    PROFILE,
    account,
    change_profile,
    customer,
    list_messages,
    message,
    parse_lines,
    parse_rows,
    parse_statement,
    row,
    write_record,
)
from pdfme_dagster_tests.rendering.samples import extract_text, make_statement

TEMPLATES = Path(__file__).parent / "golden" / "templates"
RENDERER = load_statement_renderer()


def write_three_customers(*, messages: bool) -> list[str]:
    lines: list[str] = []
    for card, shop in ((CARD, "A"), (OTHER_CARD, "B"), ("00-5000000000000031", "C")):
        lines += [account(card=card), customer(f"NAME {shop}", card=card), row("1.000", shop, card=card)]
        lines += [message(card=card)] * messages
    return lines


@pytest.mark.parametrize("messages", [True, False])
def test_defect_1_every_customer_of_a_file_gets_a_statement_with_only_their_own_rows(messages: bool) -> None:
    parsed = parse_lines(*write_three_customers(messages=messages))
    assert [each.name for each in parsed.statements] == ["NAME A", "NAME B", "NAME C"]
    assert [[r.description for r in each.transactions] for each in parsed.statements] == [["A"], ["B"], ["C"]]


@pytest.mark.parametrize("line", ["", "900|001", row(""), row("0.000", made="99999999"), "|||||"])
def test_defect_2_one_bad_line_does_not_kill_the_file(line: str) -> None:
    parsed = parse_lines(account(), customer(), line, message())
    assert len(parsed.statements) == 1
    assert len(parsed.warnings) == 1


def test_defect_2_a_short_card_number_does_not_kill_the_file() -> None:
    parsed = parse_lines(account(card="00-12"), customer(card="00-12"), message(card="00-12"))
    assert parsed.statements[0].account == "12"


def test_defect_2_trailing_empty_fields_may_be_cut_off() -> None:
    parsed = parse_lines(account(), write_record("2", {5: "N", 6: "Flat 1"}), message())
    assert parsed.statements[0].address == ("Flat 1",)
    assert list_messages(parsed) == ["line 2: record 2: field 82 missing; read as empty"]


@pytest.mark.parametrize(
    ("text", "minor"),
    [("5.000", 5_000), ("1,000.000", 1_000_000), ("100.00CR", 100_000), ("000005000", 5_000)],
)
def test_defect_3_a_decimal_point_is_believed(text: str, minor: int) -> None:
    assert parse_rows(row(text))[0].amount == minor


def test_defect_4_whether_integers_imply_decimals_is_a_setting_for_balances_too() -> None:
    lines = (account({12: "121250", 27: "878750"}), customer(), message())
    as_written = parse_lines(*lines).statements[0]
    implied = parse_lines(*lines, profile=change_profile(decimals=3)).statements[0]
    assert (as_written.closing, as_written.available) == (121_250_000, 878_750)
    assert (implied.closing, implied.available) == (121_250, 878_750)


def test_defect_5_money_is_whole_minor_units() -> None:
    rows = parse_rows(*[row("0.100")] * 3)
    assert sum(each.amount for each in rows) == 300
    assert all(type(each.amount) is int for each in rows)


@pytest.mark.parametrize(
    ("text", "printed"),
    [("187.720", "187.720"), ("50.000", "50.000"), ("0", "0.000"), ("12345678.900", "12,345,678.900")],
)
def test_defect_6_amounts_are_printed_with_all_decimals_and_separators(text: str, printed: str) -> None:
    statement = parse_statement(row(text))
    assert format_amount(statement.transactions[0].amount, statement.currency) == printed


@pytest.mark.parametrize(
    ("amount", "description"),
    [("5.000 CR", "SHOP"), ("5.000-", "SHOP"), ("5.000", "REFUND SHOP"), ("5.000", "Reversal")],
)
def test_defect_7_refunds_and_reversals_are_positive_credits(amount: str, description: str) -> None:
    (found,) = parse_rows(row(amount, description))
    assert (found.credit, found.amount) == (True, 5_000)


def test_defect_8_the_currency_and_its_decimals_are_the_profiles() -> None:
    profile = change_profile(
        {"amount": {"at": 7, "decimals": "currency"}, "original_amount": {"at": 57, "decimals": "currency"}},
        currency="KES",
    )
    statement = parse_statement(row("000012345"), profile=profile)
    assert format_amount(statement.transactions[0].amount, statement.currency) == "123.45"
    assert statement.currency == "KES"


def test_defect_9_the_31st_of_february_is_no_date_and_told() -> None:
    parsed = parse_lines(account(), customer(), row("0.000", made="31022025"), message())
    assert parsed.statements[0].transactions[0].date is None
    assert "invalid date 31022025" in parsed.warnings[0].message


def test_defect_10_windows_1256_is_read() -> None:
    text = "\n".join((account(), customer("فاطمة المثال"), message()))
    parsed = parse(text.encode("cp1256"), profile=PROFILE)
    assert (parsed.encoding, parsed.statements[0].name) == ("cp1256", "فاطمة المثال")


def test_defect_11_a_row_with_only_a_posting_date_is_kept() -> None:
    (found,) = parse_rows(row("1.250", "INTEREST", made="00000000"))
    assert (found.date, found.posted, found.amount) == (None, date(2025, 9, 2), 1_250)


def test_defect_11_messages_are_kept() -> None:
    assert parse_lines(account(), customer(), message("Hello")).statements[0].messages == ("Hello",)


def test_defect_12_control_totals_are_checked() -> None:
    parsed = parse_lines(account({43: "2.000", 12: "2.000"}), customer(), row("1.500"), message())
    assert list_messages(parsed) == ["line 1: control total: sum of the debit rows is off by -0.500 BHD"]


def test_defect_12_errors_have_line_numbers_and_no_card_numbers() -> None:
    with pytest.raises(ParseError) as error:
        parse_lines(account(), customer(), row("1.000", card=OTHER_CARD))
    assert str(error.value).startswith("line 3: account changes from ****0015 to ****0023")


def test_defect_12_types_3_and_5_are_kept() -> None:
    parsed = parse_lines(account(), customer(), write_record("3", {5: "REWARD"}), message())
    assert parsed.statements[0].extra_records[0][5] == "REWARD"


@pytest.mark.parametrize("rows", [1, 13, 14, 15, 30, 100])
def test_defect_13_no_row_is_dropped_between_pages(rows: int) -> None:
    statement = make_statement(rows)
    text = extract_text(RENDERER.render(statement).content)
    assert all(each.description in text for each in statement.transactions)


def test_defect_14_a_customer_without_rows_gets_a_page() -> None:
    (statement,) = parse_lines(account(), customer(), message()).statements
    assert statement.transactions == ()
    assert RENDERER.render(statement).pages == 1


def test_defect_15_dict_and_list_style_templates_give_the_same_pages(tmp_path: Path) -> None:
    shapes: dict[str, type] = {"dict": dict, "list": list}
    for style, shape in shapes.items():
        content = (TEMPLATES / f"card-statement-{style}-style.json").read_text()
        assert isinstance(json.loads(content)["schemas"][0], shape)
        (tmp_path / f"{style}.json").write_text(content)
    (tmp_path / "templates.yaml").write_text("organisations: {'1': dict.json, '2': list.json}")
    renderer = load_statement_renderer(tmp_path)
    for rows in (0, 13, 14):
        one, other = (renderer.render(make_statement(rows, org_id=org_id)) for org_id in ("1", "2"))
        assert (one.template, other.template) == ("dict.json", "list.json")
        assert one.content == other.content
        text = extract_text(one.content)
        assert all(each.description in text for each in make_statement(rows).transactions)


def test_defect_16_a_field_whose_name_starts_like_a_row_is_no_row() -> None:
    said = PROFILE.model_dump()
    said["records"]["1"]["fields"] |= {"Track": 16, "Tr1Debits": 17, "Tr2024Q3": 18}
    profile = RecordsProfile.model_validate(said)
    record = account({16: "A", 17: "9.999", 18: "B"})
    (statement,) = parse_lines(
        record, customer(), row("0.000", "SHOP"), message(), profile=profile
    ).statements
    assert [each.description for each in statement.transactions] == ["SHOP"]
    assert statement.extra == {"Track": "A", "Tr1Debits": "9.999", "Tr2024Q3": "B"}


def test_defect_17_what_all_documents_share_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object, **__: object) -> NoReturn:
        raise AssertionError(f"{path} is read again")

    before = load_face.cache_info()
    monkeypatch.setattr(Path, "open", refuse)
    for rows in range(5):
        assert RENDERER.render(make_statement(rows)).pages == 1
    assert load_face.cache_info().misses == before.misses


def test_defect_18_the_name_of_a_pdf_is_the_same_every_time_and_no_other_upload_has_it() -> None:
    uploads = [Upload(etag=etag, key="in/900_1.txt", size_bytes=1) for etag in ("a" * 32, "a" * 32, "b" * 32)]
    first, again, other = (name_pdfs(upload, "900", [1], customers=1) for upload in uploads)
    assert first == again != other


def test_defect_19_an_organisation_nobody_has_heard_of_gets_the_usual_layout() -> None:
    known, unknown = (RENDERER.render(make_statement(3, org_id=org_id)) for org_id in ("266", "nobody-yet"))
    assert extract_text(unknown.content) == extract_text(known.content).replace("266", "nobody-yet")


def test_defect_20_what_pages_share_is_in_the_file_once() -> None:
    one, many = RENDERER.render(make_statement(3)), RENDERER.render(make_statement(1000))
    assert many.pages >= 20
    fonts = b"/FontFile2"
    assert many.content.count(fonts) == one.content.count(fonts) >= 1
    assert len(many.content) < many.pages / 3 * len(one.content)
