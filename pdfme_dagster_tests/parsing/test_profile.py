"""What a profile may say. Not here: where profiles come from and how errors are told (test_profiles.py)."""

from typing import Any

import pytest
from pydantic import ValidationError

from pdfme_dagster.parsing.profile import (
    Camt053Profile,
    FieldSpec,
    JsonProfile,
    Mt940Profile,
    RecordsProfile,
    TableProfile,
    is_org_id,
    read_columns,
)

KEYS: dict[str, Any] = {"kind": 0, "account": 1}
START: dict[str, Any] = {"H": {"role": "start"}}
COLUMNS: dict[str, Any] = {"account": "Account", "description": "Text", "amount": "Amount"}


def records(**keys: Any) -> RecordsProfile:
    raw = {"name": "own", "format": "records", "delimiter": "|", "fields": KEYS, "records": START}
    return RecordsProfile(**{**raw, **keys})


def table(**keys: Any) -> TableProfile:
    return TableProfile(**{"name": "own", "format": "table", "fields": COLUMNS, **keys})


def explain(error: pytest.ExceptionInfo[ValidationError]) -> list[str]:
    return [str(each["msg"]).removeprefix("Value error, ") for each in error.value.errors()]


# --- Fields ---


def test_a_field_is_its_place_or_a_table_with_more() -> None:
    fields = records(fields={"kind": 0, "account": {"at": 2}}).fields
    assert (fields["kind"], fields["account"].at) == (FieldSpec(at=0), 2)


@pytest.mark.parametrize(
    ("at", "places"), [(5, (5,)), ("Name", ("Name",)), ([6, 7], (6, 7)), (["a", "b"], ("a", "b"))]
)
def test_a_field_has_one_place_or_several(at: Any, places: tuple[int | str, ...]) -> None:
    assert FieldSpec(at=at).places == places


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("opening", "amount"),
        ("available", "amount"),
        ("amount", "amount"),
        ("debit", "amount"),
        ("original_amount", "amount"),
        ("date", "date"),
        ("statement_date", "date"),
        ("description", "text"),
        ("loyalty_points", "text"),
    ],
)
def test_the_type_of_a_field_is_known_by_its_name(name: str, kind: str) -> None:
    assert FieldSpec(at=1).type_of(name) == kind


def test_a_type_that_is_said_is_believed() -> None:
    assert FieldSpec(at=1, type="amount").type_of("minimum_due") == "amount"


@pytest.mark.parametrize("decimals", [0, 6, "currency"])
def test_decimals_are_a_few_or_the_currencys(decimals: Any) -> None:
    assert FieldSpec(at=1, decimals=decimals).decimals == decimals
    assert table(decimals=decimals).decimals == decimals


@pytest.mark.parametrize("decimals", [-1, 7, "two"])
def test_other_decimals_are_refused(decimals: Any) -> None:
    with pytest.raises(ValidationError):
        FieldSpec(at=1, decimals=decimals)


@pytest.mark.parametrize("date_format", ["ddmmyyyy", "%d%m%Y", "dd"])
def test_a_format_that_is_no_dates_is_refused_for_profile_and_field(date_format: str) -> None:
    for make in (lambda: table(date_format=date_format), lambda: FieldSpec(at=1, format=date_format)):
        with pytest.raises(ValidationError) as error:
            make()
        assert explain(error)[0].startswith(f'"{date_format}" needs dd, MM and yyyy')


# --- Columns and organisations ---


@pytest.mark.parametrize(("place", "cut"), [("1-1", "a"), ("2-4", "bcd"), ("5-9", "efg"), ("8-99999", "")])
def test_columns_count_from_one_and_both_ends_belong(place: str, cut: str) -> None:
    assert "abcdefg"[read_columns("name", place)] == cut


@pytest.mark.parametrize("place", ["0-5", "5", "5-4", "a-b", "1-2-3", "1-100000", "-", "", 7, "１-２"])
def test_other_columns_are_refused_with_the_field(place: int | str) -> None:
    with pytest.raises(ValueError, match=f'^fields.name: "{place}" is not first and last column'):
        read_columns("fields.name", place)


@pytest.mark.parametrize(
    ("value", "is_one"), [("266", True), ("ABC_1-x", True), ("x" * 32, True), ("x" * 33, False)]
)
def test_an_organisation_has_up_to_32_characters(value: str, is_one: bool) -> None:
    assert is_org_id(value) is is_one


@pytest.mark.parametrize("value", ["", "..", "a/b", "a b", "é", "٣", "266\n"])
def test_an_organisation_can_be_part_of_a_path(value: str) -> None:
    assert not is_org_id(value)


# --- All profiles ---


def test_what_a_profile_does_not_say_is_as_documented() -> None:
    profile = Camt053Profile(name="own", format="camt053")
    assert (profile.encodings, profile.currency) == (("utf-8", "cp1256"), "BHD")
    assert profile.control_totals == ("balance", "debits", "credits")
    assert (profile.on_bad_statement, profile.on_unbalanced) == ("fail_file", "warn")
    assert (profile.organisations, profile.names, profile.looks_like, profile.organisation) == (
        (),
        (),
        None,
        None,
    )


def test_dates_of_tables_and_json_are_iso_by_themselves() -> None:
    assert table().date_format == JsonProfile(name="own", format="json").date_format == "yyyy-MM-dd"
    assert records().date_format == "ddMMyyyy"


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("encodings", ["utf-8", "cp9999"], '"cp9999" is no text encoding'),
        ("encodings", ["base64"], '"base64" is no text encoding'),
        ("encodings", [], "at least 1"),
        ("currency", "bhd", '"bhd" is no ISO 4217 code'),
        ("currency", "BHDX", '"BHDX" is no ISO 4217 code'),
        ("organisation", "a/b", '"a/b" is not 1 to 32'),
        ("looks_like", "(", '"(" is no regular expression'),
        ("control_totals", ["sum"], "'balance', 'debits' or 'credits'"),
        ("on_unbalanced", "ignore", "'warn' or 'fail'"),
        ("on_bad_statement", "warn", "'fail_file' or 'skip'"),
        ("date_fromat", "ddMMyyyy", "Extra inputs"),
    ],
)
def test_what_no_profile_may_say_is_refused(key: str, value: object, reason: str) -> None:
    raw: dict[str, Any] = {"name": "own", "format": "mt940", key: value}
    for make in (lambda: Mt940Profile(**raw), lambda: table(**{key: value})):
        with pytest.raises(ValidationError) as error:
            make()
        assert reason in explain(error)[0]


def test_profiles_do_not_change() -> None:
    with pytest.raises(ValidationError):
        table().currency = "USD"


# --- Records ---


def test_a_records_profile_may_be_as_short_as_this() -> None:
    assert list(records().records) == ["H"]


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"fields": {"account": 1}}, "fields: kind missing"),
        ({"fields": {}}, "fields: account and kind missing"),
        ({"fields": {**KEYS, "name": 3}}, "fields: name not known here; use account, kind, organisation"),
        ({"records": {"H": {"role": "part"}}}, "records: 0 have the role start"),
        ({"records": {"H": {"role": "start"}, "T": {"role": "start"}}}, "records: 2 have the role start"),
        ({"records": {"H": {"role": "start", "ends": True}}}, "records.H.ends: the record that starts"),
        ({"fields": {"kind": 0, "account": "1-5"}}, 'fields.account: "1-5" is no field number'),
        ({"fields": {"kind": 0, "account": -1}}, 'fields.account: "-1" is no field number'),
        ({"delimiter": None}, 'fields.kind: "0" is not first and last column'),
        ({"account_prefix": "["}, '"[" is no regular expression'),
        ({"delimiter": ""}, "at least 1 character"),
        ({"delimiter": "||"}, "at most 1 character"),
        ({"records": {}}, "at least 1 item"),
    ],
)
def test_records_that_do_not_fit_together_are_refused(keys: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError) as error:
        records(**keys)
    assert reason in explain(error)[0]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"role": "row", "fields": {"amount": 1}}, "records.X.fields: description missing"),
        (
            {"role": "row", "fields": {"description": 1, "text": 2}},
            "records.X.fields: text not known here; use amount",
        ),
        ({"role": "message"}, "records.X.fields: text missing"),
        (
            {"role": "message", "fields": {"text": 1, "name": 2}},
            "records.X.fields: name not known here; use text",
        ),
        ({"role": "keep", "fields": {"name": 1}}, "records.X.fields: name not known here; use none"),
        ({"role": "ignore", "fields": {"name": 1}}, "records.X.fields: name not known here; use none"),
        ({"role": "part", "fields": {"name": "A"}}, 'records.X.fields.name: "A" is no field number'),
    ],
)
def test_a_record_has_the_fields_of_its_role(record: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError) as error:
        records(records={**START, "X": record})
    assert explain(error)[0].startswith(reason)


# --- Tables ---


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"account": "A", "amount": "B"}, "fields: description missing"),
        ({"description": "A", "amount": "B"}, "fields: account missing"),
        (
            {"account": "A", "description": "B"},
            "fields: name the column of amount, or those of debit and credit",
        ),
        ({**COLUMNS, "name": 3}, "fields.name: is no column's name; write it in quotes"),
        ({**COLUMNS, "address": ["Street", 4]}, "fields.address: is no column's name"),
    ],
)
def test_a_table_without_what_it_needs_is_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError) as error:
        table(fields=fields)
    assert explain(error)[0].startswith(reason)


def test_a_table_may_have_debits_and_credits_and_any_other_name() -> None:
    fields = {"account": "A", "description": "B", "debit": "C", "credit": "D", "branch": "E"}
    assert set(table(fields=fields).fields) == set(fields)
