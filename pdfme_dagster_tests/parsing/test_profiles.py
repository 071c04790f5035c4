"""Loading profiles and choosing one for a file. Not here: what a profile may say (test_profile.py)."""

import codecs
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.errors import ConfigurationError, ParseError
from pdfme_dagster.parsing import HEAD_BYTES, load_profiles, parse, read_profile
from pdfme_dagster.parsing.profile import RecordsProfile, TableProfile
from pdfme_dagster.parsing.profiles import Profiles

SAMPLES = Path(__file__).parent / "samples"
SHIPPED = load_profiles()
# Which profile each of our sample files is for.
EXPECTED = {
    "arabic_cp1256.txt": "afs",
    "edge_cases.txt": "afs",
    "one_customer.txt": "afs",
    "three_customers_crlf.txt": "afs",
    "fixed_*.txt": "fixed",
    "table_*.csv": "csv",
    "camt053_*.xml": "camt053",
    "mt940_*.sta": "mt940",
    "statements.json": "json",
    "statements.jsonl": "jsonl",
}
# Not a statement file, and one for a profile of its own.
NO_STATEMENTS = {"expected.json", "statements_of_a_bank.json"}
AFS_START = b"900|001|00-5000000000000015|1||||||||0.000\n"
DATE_FORMATS = "dd, MM and yyyy (or yy), each once, like ddMMyyyy or yyyy-MM-dd"
PLACES = 'a field\'s number, columns like "5-12", a name, or a list of these'
CSV_START = b"Account,Date,Description,Amount\n"


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def load(folder: Path, **files: str) -> Profiles:
    return load_profiles(write(folder, files))


def list_errors(folder: Path, **files: str) -> list[str]:
    """Return the errors that these profiles give, without the folder."""
    with pytest.raises(ConfigurationError) as error:
        load(folder, **files)
    return [line.replace(f"{folder}/", "") for line in str(error.value).split("\n")]


# --- Loading ---


def test_the_shipped_profiles_are_those_documented() -> None:
    readme = Path(__file__).parents[2] / "docs" / "profiles" / "README.md"
    rows = [line for line in readme.read_text(encoding="utf-8").splitlines() if line.startswith("| [`")]
    documented = {row.split("`")[1] for row in rows}
    assert {profile.name for profile in SHIPPED} == documented


def test_a_profile_is_called_as_its_file(tmp_path: Path) -> None:
    profiles = load(tmp_path, mybank='extends = "csv"')
    assert profiles["mybank"].name == "mybank"


def test_a_folder_adds_to_the_shipped_profiles(tmp_path: Path) -> None:
    profiles = load(tmp_path, mybank='extends = "csv"')
    assert {profile.name for profile in profiles} == {profile.name for profile in SHIPPED} | {"mybank"}


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no profile", encoding="utf-8")
    (tmp_path / "mybank.toml.bak").write_text("= broken", encoding="utf-8")
    assert len(list(load(tmp_path))) == len(list(SHIPPED))


def test_one_file_is_read_with_its_neighbours(tmp_path: Path) -> None:
    write(
        tmp_path, {"base": 'extends = "csv"\ndelimiter = ";"', "mybank": 'extends = "base"\ncurrency = "USD"'}
    )
    profile = read_profile(tmp_path / "mybank.toml")
    assert isinstance(profile, TableProfile)
    assert (profile.name, profile.delimiter, profile.currency) == ("mybank", ";", "USD")


def test_what_extends_another_changes_single_keys_of_its_tables(tmp_path: Path) -> None:
    profile = load(tmp_path, mybank='extends = "afs"\ndelimiter = ";"\nrecords.1.fields.closing = 13')[
        "mybank"
    ]
    shipped = SHIPPED["afs"]
    assert isinstance(profile, RecordsProfile)
    assert isinstance(shipped, RecordsProfile)
    assert profile.delimiter == ";"
    assert profile.records["1"].fields["closing"].at == 13
    assert profile.records["1"].fields["opening"] == shipped.records["1"].fields["opening"]
    assert profile.records["4"] == shipped.records["4"]
    assert profile.credit_descriptions == shipped.credit_descriptions


def test_lists_are_replaced_and_not_added_to(tmp_path: Path) -> None:
    profile = load(tmp_path, mybank='extends = "afs"\ncredit_descriptions = ["Salary"]')["mybank"]
    assert isinstance(profile, RecordsProfile)
    assert profile.credit_descriptions == ("Salary",)


def test_which_files_a_profile_is_for_is_not_inherited(tmp_path: Path) -> None:
    base = 'extends = "csv"\norganisations = ["900"]\nnames = ["*.csv"]\ndescription = "Base"'
    profile = load(tmp_path, base=base, mybank='extends = "base"')["mybank"]
    assert (profile.organisations, profile.names, profile.description) == ((), (), "")


def test_a_namesake_replaces_the_shipped_profile(tmp_path: Path) -> None:
    own = 'format = "table"\nfields = { account = "A", description = "B", amount = "C" }'
    profile = load(tmp_path, csv=own)["csv"]
    assert isinstance(profile, TableProfile)
    assert set(profile.fields) == {"account", "description", "amount"}


def test_a_namesake_may_extend_the_shipped_profile(tmp_path: Path) -> None:
    profile = load(tmp_path, afs='extends = "afs"\ncurrency = "KES"')["afs"]
    assert isinstance(profile, RecordsProfile)
    assert (profile.currency, profile.delimiter) == ("KES", "|")


def test_what_extends_a_replaced_profile_extends_the_replacement(tmp_path: Path) -> None:
    profiles = load(tmp_path, afs='extends = "afs"\ncurrency = "KES"', mybank='extends = "afs"')
    assert profiles["mybank"].currency == "KES"


def test_defaults_stand_where_neither_profile_nor_base_says_otherwise(tmp_path: Path) -> None:
    write(tmp_path, {"base": 'extends = "csv"\ncurrency = "USD"', "mybank": 'extends = "base"'})
    profiles = load_profiles(tmp_path, defaults={"currency": "KES", "encodings": ["utf-8"]})
    assert (profiles["csv"].currency, profiles["mybank"].currency) == ("KES", "USD")
    assert profiles["mybank"].encodings == ("utf-8",)


# --- Errors ---


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("curency = 'BHD'", "curency: is no known key; did you mean currency?"),
        (
            "[fields]\naccount = { at = 'A', tipe = 'text' }",
            "fields.account.tipe: is no known key; did you mean type?",
        ),
        ("zzz = 1", "zzz: is no known key; remove it (docs/profiles/your-own.md lists all)"),
        ("name = 'other'", "name: is that of the file; remove it"),
        ("fields.date = {}", "fields.date.at: is missing; add it"),
        ("fields.date = { format = 'dd' }", "fields.date.at: is missing; add it"),
        ("organisations = '900'", """organisations: must be a list, like ["a", "b"], not '900'"""),
        ("organisations = [900]", "organisations.0: must be a text in quotation marks, not 900"),
        ("currency = 3", "currency: must be a text in quotation marks, not 3"),
        ("currency = 'bhd'", 'currency: "bhd" is no ISO 4217 code, like BHD'),
        ("encodings = []", "encodings: must be a list of one or more, not []"),
        ("encodings = ['cp9999']", 'encodings: "cp9999" is no text encoding; use one like cp1256'),
        ("organisation = 'a/b'", 'organisation: "a/b" is not 1 to 32 letters, digits, _ or -'),
        ("delimiter = ',,'", "delimiter: must be one character, not ',,'"),
        ("delimiter = ''", "delimiter: must be one character, not ''"),
        ("on_unbalanced = 'stop'", "on_unbalanced: must be 'warn' or 'fail', not 'stop'"),
        (
            "control_totals = ['balance', 'sum']",
            "control_totals.1: must be 'balance', 'debits' or 'credits', not 'sum'",
        ),
        (
            "looks_like = '('",
            'looks_like: "(" is no regular expression: missing ), unterminated subpattern at position 0',
        ),
        (
            "date_format = 'mm/dd/yyyy'",
            f'date_format: "mm/dd/yyyy" needs {DATE_FORMATS}',
        ),
        (
            "fields.date = { at = 'D', format = 'yyyy' }",
            f'fields.date.format: "yyyy" needs {DATE_FORMATS}',
        ),
        ("decimals = 'two'", """decimals: must be 0 to 6, or "currency", not 'two'"""),
        (
            "fields.amount = { at = 'A', decimals = 7 }",
            'fields.amount.decimals: must be 0 to 6, or "currency", not 7',
        ),
        (
            "fields.name = { at = { first = 'A' } }",
            f"fields.name.at: must be {PLACES}, not {{'first': 'A'}}",
        ),
        (
            "fields.name = ['A', 1.5]",
            f"fields.name: must be {PLACES}, not ['A', 1.5]",
        ),
        ("fields.name = 5", "fields.name: is no column's name; write it in quotes"),
        ("fields.name = true", f"fields.name: must be {PLACES}, not True"),
        ("encodings = ['idna']", 'encodings: "idna" is no text encoding; use one like cp1256'),
        ("fields.name = []", f"fields.name: must be {PLACES}, not []"),
        ("fields.text = 'Text'", "fields: text says nothing in a table; give it another name"),
        ("fields.kind = 'Kind'", "fields: kind says nothing in a table; give it another name"),
        ("delimiter = '\"'", "delimiter: a quotation mark or a line end cannot stand between fields"),
        ("fields = 5", "fields: must be a table, like [fields], not 5"),
        (
            "fields.account.rest = 'perhaps'\nfields.account.at = 'A'",
            "fields.account.rest: must be true or false, not 'perhaps'",
        ),
        ("lines = 1", "lines: is no known key here, but in another format or table; remove it"),
    ],
)
def test_an_error_names_file_key_and_fix(tmp_path: Path, text: str, error: str) -> None:
    assert f"mybank.toml: {error}" in list_errors(tmp_path, mybank=f'extends = "csv"\n{text}')


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("records.2.role = 'start'", "records: 2 have the role start; give it to exactly one"),
        ("records.1.role = 'part'", "records: 0 have the role start; give it to exactly one"),
        ("records.7 = {}", "records.7.role: is missing; add it"),
        (
            "records.4.role = 'rows'",
            "records.4.role: must be 'start', 'part', 'row', 'message', 'keep' or 'ignore', not 'rows'",
        ),
        ("records.4.feilds = {}", "records.4.feilds: is no known key; did you mean fields?"),
        (
            "records.4.fields.shop = 3",
            "records.4.fields: shop not known here; use amount, date, description, direction, ",
        ),
        ("records.4.fields.debit = 3", "records.4.fields: debit not known here; use amount, date, "),
        (
            "records.4.fields.description = [3, 4]",
            "records.4.fields.description: has several places; this field stands in one",
        ),
        (
            "records.4.fields.description = { at = 3, rest = true }",
            "records.4.fields.description: has several places; this field stands in one",
        ),
        ("fields.account = [1, 2]", "fields.account: has several places; this field stands in one"),
        (
            "records.8 = { role = 'row', fields = { description = 5 } }",
            "records: all with the role row must have the same fields",
        ),
        ('delimiter = "\\n"', "delimiter: a quotation mark or a line end cannot stand between fields"),
        (
            "credit_marks = ['c', 'D']",
            "credit_marks: D is in debit_marks too; a mark is one of them",
        ),
        ("fields.account = '1-5'", 'fields.account: "1-5" is no field number; they count from 0'),
        ("account_prefix = '['", 'account_prefix: "[" is no regular expression: unterminated character set'),
        ("records = []", "records: must be a table, like [fields], not []"),
    ],
)
def test_an_error_in_a_record_names_file_key_and_fix(tmp_path: Path, text: str, error: str) -> None:
    (found,) = list_errors(tmp_path, mybank=f'extends = "afs"\n{text}')
    assert found.startswith(f"mybank.toml: {error}")


@pytest.mark.parametrize("columns", ["12-5", "5", "0-4", "a-b"])
def test_bad_columns_are_named_with_their_field(tmp_path: Path, columns: str) -> None:
    text = f'extends = "fixed"\nrecords.10.fields.name = "{columns}"'
    (error,) = list_errors(tmp_path, mybank=text)
    assert error.startswith(f'mybank.toml: records.10.fields.name: "{columns}" is not first and last column')


@pytest.mark.parametrize("text", ["", "currency = 'BHD'", "format = 'csv'", "format = 3"])
def test_a_profile_without_a_format_is_told_which_there_are(tmp_path: Path, text: str) -> None:
    assert list_errors(tmp_path, mybank=text) == [
        "mybank.toml: format: is missing or unknown; use one of records, table, json, camt053, mt940"
    ]


def test_a_format_alone_is_told_what_is_missing(tmp_path: Path) -> None:
    assert list_errors(tmp_path, mybank='format = "records"') == [
        "mybank.toml: fields: is missing; add it",
        "mybank.toml: records: is missing; add it",
    ]


def test_an_empty_file_does_not_stand_for_its_shipped_namesake(tmp_path: Path) -> None:
    assert list_errors(tmp_path, csv="")[0].startswith("csv.toml: format: is missing")


def test_a_file_that_is_no_toml_is_told_with_the_place(tmp_path: Path) -> None:
    assert list_errors(tmp_path, mybank="format = table") == [
        "mybank.toml: is no TOML file in UTF-8: Invalid value (at line 1, column 10)"
    ]


def test_a_file_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    (tmp_path / "mybank.toml").write_bytes('description = "مصرف"'.encode("cp1256"))
    (error,) = list_errors(tmp_path)
    assert error.startswith("mybank.toml: is no TOML file in UTF-8: 'utf-8' codec can't decode")


def test_a_folder_with_the_name_of_a_profile_is_told(tmp_path: Path) -> None:
    (tmp_path / "mybank.toml").mkdir()
    assert list_errors(tmp_path) == ["mybank.toml: cannot be read: Is a directory"]


def test_extending_what_there_is_not_is_told_with_what_there_is(tmp_path: Path) -> None:
    (error,) = list_errors(tmp_path, mybank='extends = "sap"')
    assert error.startswith("mybank.toml: extends: 'sap' is no profile; use afs, ")


@pytest.mark.parametrize("base", ["5", "['csv']", "true"])
def test_extending_anything_but_a_name_is_told(tmp_path: Path, base: str) -> None:
    (error,) = list_errors(tmp_path, mybank=f"extends = {base}")
    assert "is no profile; use" in error


def test_extending_in_a_circle_is_told_for_every_file_in_it(tmp_path: Path) -> None:
    assert list_errors(tmp_path, a='extends = "b"', b='extends = "a"') == [
        "a.toml: extends: goes in a circle, a → b → a",
        "b.toml: extends: goes in a circle, b → a → b",
    ]


def test_a_profile_that_is_not_shipped_cannot_extend_itself(tmp_path: Path) -> None:
    assert list_errors(tmp_path, mybank='extends = "mybank"') == [
        "mybank.toml: extends: goes in a circle, mybank → mybank"
    ]


def test_all_errors_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    errors = list_errors(
        tmp_path,
        a='extends = "csv"\ncurrency = "x"\nencodings = ["x"]\ndate_format = "x"',
        b="= broken",
        c='extends = "afs"\nspaces = 1',
        d='extends = "csv"',
    )
    assert [error.split(": ")[:2] for error in errors] == [
        ["b.toml", "is no TOML file in UTF-8"],
        ["a.toml", "encodings"],
        ["a.toml", "currency"],
        ["a.toml", "date_format"],
        ["c.toml", "spaces"],
    ]


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    (error,) = list_errors(tmp_path, mybank=f'extends = "csv"\non_unbalanced = "{"x" * 900}"')
    assert len(error) < 120


def test_a_folder_that_is_missing_is_told_by_its_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"PROFILES_DIR=.*is not a folder; make it, or unset it"):
        load_profiles(tmp_path / "none")


def test_a_name_that_is_not_known_is_told_with_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match='profile "sap" is not known; use afs, '):
        SHIPPED["sap"]


# --- Choosing ---


def choose(profiles: Profiles, name: str, head: bytes) -> str:
    """Return the name of the profile, or the code of the error."""
    try:
        return profiles.choose(name, head).name
    except ParseError as exc:
        return exc.code


@pytest.mark.parametrize(
    "sample", sorted(path.name for path in SAMPLES.iterdir() if path.name not in NO_STATEMENTS)
)
def test_every_sample_is_chosen_by_exactly_its_own_profile(sample: str) -> None:
    (expected,) = {profile for pattern, profile in EXPECTED.items() if Path(sample).match(pattern)}
    content = (SAMPLES / sample).read_bytes()
    alone = [
        profile.name
        for profile in SHIPPED
        if choose(Profiles({"": profile}), sample, content) == profile.name
    ]
    assert alone == [expected]
    assert choose(SHIPPED, sample, content[:HEAD_BYTES]) == expected
    assert choose(SHIPPED, "900_upload.txt", content[:HEAD_BYTES]) == expected


@pytest.mark.parametrize("sample", ["fixed_three_customers.txt", "table_accounts.csv", "one_customer.txt"])
def test_a_sample_in_utf_16_is_chosen_and_read(sample: str) -> None:
    text = (SAMPLES / sample).read_text(encoding="utf-8")
    content = codecs.BOM_UTF16_BE + text.encode("utf-16-be")
    profile = SHIPPED.choose(sample, content[:601])
    read = parse(content, profile=profile)
    assert read.encoding == "utf-16"
    assert len(read.statements) == len(parse(text.encode(), profile=profile).statements) > 0


@pytest.mark.parametrize("before", [b"", codecs.BOM_UTF8, b"\n\r\n", codecs.BOM_UTF8 + b"\r\n"])
@pytest.mark.parametrize(("start", "profile"), [(AFS_START, "afs"), (CSV_START, "csv")])
def test_a_mark_and_blank_lines_before_the_first_line_do_not_matter(
    before: bytes, start: bytes, profile: str
) -> None:
    assert choose(SHIPPED, "upload", before + start) == profile


@pytest.mark.parametrize(
    ("header", "profile"),
    [
        (b"Account,Description,Amount\n", "csv"),
        (b"Amount,DESCRIPTION,account\r\n", "csv"),
        (b'"Account","Name","Description","Debit","Credit"\n', "csv"),
        (b"Account,Description,Credit", "csv"),
        (b"Account,Description\n", "no_profile"),
        (b"Account;Description;Amount\n", "no_profile"),
        (b"Account name,Description,Amount\n", "no_profile"),
        (b"x\nAccount,Description,Amount\n", "no_profile"),
        (b"Account,Description\nAmount,1\n", "no_profile"),
    ],
)
def test_a_table_is_known_by_its_first_line(header: bytes, profile: str) -> None:
    assert choose(SHIPPED, "upload.csv", header) == profile


@pytest.mark.parametrize(
    "content", [b"", b"\n \r\n\t", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b"\xff\xfe \0\n\0"]
)
def test_a_file_without_text_is_empty(content: bytes) -> None:
    assert choose(SHIPPED, "900_x.txt", content) == "empty_file"


@pytest.mark.parametrize(
    "content", [b"hello\n", b"%PDF-1.7\n", b"PK\x03\x04", b"\x1f\x8b\x08\0", b"{}", b"<html/>"]
)
def test_what_no_profile_is_for_is_refused_with_what_to_do(content: bytes) -> None:
    with pytest.raises(ParseError) as error:
        SHIPPED.choose("900_x.txt", content)
    assert error.value.code == "no_profile"
    assert "docs/profiles/your-own.md" in str(error.value)


OWN = 'extends = "csv"\nlooks_like = "^Konto;"\ndelimiter = ";"\n'
OWN_START = b"Konto;Betrag\n"


def test_a_profile_of_ones_own_is_chosen_by_its_looks(tmp_path: Path) -> None:
    profiles = load(tmp_path, mybank=OWN)
    assert choose(profiles, "x", OWN_START) == "mybank"
    assert choose(profiles, "x", CSV_START) == "csv"


def test_the_organisation_in_the_name_comes_before_the_looks(tmp_path: Path) -> None:
    profiles = load(tmp_path, mybank=OWN + 'organisations = ["900", "901"]')
    assert choose(profiles, "in/901_september.csv", CSV_START) == "mybank"
    assert choose(profiles, "in/902_september.csv", CSV_START) == "csv"


def test_a_profile_of_some_organisations_is_for_no_other_whatever_it_looks_like(tmp_path: Path) -> None:
    profiles = load(tmp_path, mybank=OWN + 'organisations = ["900"]')
    assert choose(profiles, "902_september.csv", OWN_START) == "no_profile"


def test_the_organisation_in_the_record_wins_over_the_one_in_the_name(tmp_path: Path) -> None:
    profiles = load(
        tmp_path,
        nine='extends = "afs"\norganisations = ["900"]',
        ten='extends = "afs"\norganisations = ["1000"]',
    )
    assert choose(profiles, "1000_x.txt", AFS_START) == "nine"
    assert choose(profiles, "900_x.txt", AFS_START.replace(b"900", b"1000")) == "ten"
    assert choose(profiles, "x.txt", AFS_START) == "nine"


def test_the_organisation_of_fixed_columns_is_found_too(tmp_path: Path) -> None:
    profiles = load(tmp_path, nine='extends = "fixed"\norganisations = ["900"]')
    assert choose(profiles, "x.txt", (SAMPLES / "fixed_three_customers.txt").read_bytes()) == "nine"


def test_the_pattern_of_a_name_comes_before_the_looks(tmp_path: Path) -> None:
    profiles = load(tmp_path, mybank=OWN + 'names = ["acc_*.csv", "*.acc"]')
    assert choose(profiles, "in/acc_09.csv", CSV_START) == "mybank"
    assert choose(profiles, "09.acc", CSV_START) == "mybank"
    assert choose(profiles, "09.csv", CSV_START) == "csv"


def test_a_profile_of_some_names_is_for_no_other_whatever_it_looks_like(tmp_path: Path) -> None:
    profiles = load(tmp_path, mybank=OWN + 'names = ["acc_*.csv"]')
    assert choose(profiles, "09.csv", OWN_START) == "no_profile"


def test_patterns_mind_capitals_and_not_folders(tmp_path: Path) -> None:
    profiles = load(tmp_path, mybank=OWN + 'names = ["acc_*"]')
    assert choose(profiles, "acc_in/09.csv", OWN_START) == "no_profile"
    assert choose(profiles, "ACC_09.csv", OWN_START) == "no_profile"


def test_several_of_one_organisation_are_told_apart_by_their_names(tmp_path: Path) -> None:
    both = OWN + 'organisations = ["900"]\n'
    profiles = load(tmp_path, cards=both + 'names = ["*cards*"]', loans=both + 'names = ["*loans*"]')
    assert choose(profiles, "900_cards.csv", OWN_START) == "cards"
    assert choose(profiles, "900_loans.csv", OWN_START) == "loans"
    assert choose(profiles, "900_other.csv", OWN_START) == "ambiguous_profile"


def test_several_of_one_organisation_are_told_apart_by_their_looks(tmp_path: Path) -> None:
    profiles = load(
        tmp_path,
        own=OWN + 'organisations = ["900"]',
        cards='extends = "afs"\norganisations = ["900"]',
    )
    assert choose(profiles, "900_x.csv", OWN_START) == "own"
    assert choose(profiles, "900_x.csv", AFS_START) == "cards"


def test_several_that_fit_alike_are_named(tmp_path: Path) -> None:
    profiles = load(tmp_path, one=OWN, two=OWN)
    with pytest.raises(ParseError) as error:
        profiles.choose("x.csv", OWN_START)
    assert error.value.code == "ambiguous_profile"
    assert error.value.reason == "profiles one and two all fit; give them different organisations or names"


def test_one_that_only_extends_a_shipped_profile_is_not_guessed_apart_from_it(tmp_path: Path) -> None:
    profiles = load(tmp_path, mybank='extends = "csv"\ncurrency = "USD"')
    assert choose(profiles, "x.csv", CSV_START) == "ambiguous_profile"
    assert (
        choose(load(tmp_path, mybank='extends = "csv"\norganisations = ["900"]'), "900_x", CSV_START)
        == "mybank"
    )


@given(name=st.text(max_size=20), head=st.binary(max_size=200))
def test_any_bytes_get_a_profile_or_a_parse_error(name: str, head: bytes) -> None:
    codes = {"no_profile", "ambiguous_profile", "empty_file"}
    assert choose(SHIPPED, name, head) in codes | {profile.name for profile in SHIPPED}
