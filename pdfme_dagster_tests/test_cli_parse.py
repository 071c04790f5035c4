"""`pdfme-dagster parse` and `profiles` as their users see them: what is printed where, and the exit code."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pdfme_dagster.parsing import interchange
from pdfme_dagster_tests.command_line import Outcome, call_main

SAMPLES = Path(__file__).parent / "parsing" / "samples"
SCHEMA = json.loads((Path(interchange.__file__).parent / "interchange.schema.json").read_text("utf-8"))
CUSTOMER = "900|001|00-5000000000000015"
GOOD = (
    f"{CUSTOMER}|1{'|' * 9}0.000||21092025{'|' * 13}000500000{'|' * 14}0.000||0.000||0.000\n"
    f"{CUSTOMER}|2||NOORA SAMPLEH|Flat 12\n"
    f"{CUSTOMER}|6\n"
)
BAD = GOOD.replace("0015", "0023").replace("0.000||21092025", "12,3x||21092025")
UNBALANCED = GOOD.replace("0015", "0031").replace("0.000||21092025", "1.000||21092025")
VARIABLES = ("PROFILES_DIR", "STATEMENT_CURRENCY", "FALLBACK_ENCODING", "ON_BAD_STATEMENT", "ON_UNBALANCED")


Run = Callable[..., Outcome[str]]
Save = Callable[[str, str], Path]


def read_document(outcome: Outcome[str]) -> dict[str, Any]:
    """Return what a command printed, which is in the interchange form."""
    document: dict[str, Any] = json.loads(outcome.out)
    Draft202012Validator(SCHEMA).validate(document)
    return document


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process, with none of our variables but those given."""

    def run_command(*arguments: str | Path, **variables: str | Path) -> Outcome[str]:
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in {"COLUMNS": "200", **variables}.items():
            monkeypatch.setenv(name, str(value))
        return call_main(monkeypatch, capsys, *arguments)

    return run_command


@pytest.fixture
def save(tmp_path: Path) -> Callable[[str, str], Path]:
    """Save a file; call it with name and text."""

    def save_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return save_file


# --- The summary ---


def test_summary_tells_file_profile_encoding_size_and_each_statement(run: Run) -> None:
    path = SAMPLES / "three_customers_crlf.txt"
    outcome = run("parse", path)
    assert (outcome.code, outcome.err) == (0, "")
    lines = [" ".join(line.split()) for line in outcome.out.splitlines()]
    assert lines[:5] == [
        f"file {path}",
        "profile afs, Card-statement extract, pipe-delimited",
        "encoding utf-8",
        "size 2,417 bytes",
        "statements 3 read, 0 rejected, 0 warnings",
    ]
    assert "1 900 ****0015 2025-09-21 BHD 4 50.000 171.250 100.000 121.250 yes" in lines
    assert "3 900 ****0031 2025-09-21 BHD 2 0.000 5.000 30.000 -25.000 yes" in lines
    assert "BHD 3 6 176.250 130.000 96.250 0" in lines


def test_summary_shows_no_name_and_no_full_account_number(run: Run) -> None:
    for sample in ("three_customers_crlf.txt", "edge_cases.txt", "statements.json"):
        shown = run("parse", SAMPLES / sample, ON_BAD_STATEMENT="skip").out
        assert "****0015" in shown
        assert "500000" not in shown
        assert "SAMPLEH" not in shown


def test_summary_masks_a_card_number_in_organisation_and_file_name(run: Run, save: Save) -> None:
    card = "5000_0000_0000_0015"
    text = (SAMPLES / "one_customer.txt").read_text().replace("900|", f"{card}|")
    shown = run("parse", save(f"900_{card}.txt", text)).out
    assert card not in shown
    assert "900_****0015.txt" in shown
    assert "1 ****0015 ****0015 2025-09-21" in " ".join(shown.split())


def test_amounts_are_not_folded_where_the_terminal_is_narrow(run: Run) -> None:
    shown = run("parse", SAMPLES / "three_customers_crlf.txt", COLUMNS="60", FORCE_COLOR="1", TERM="xterm")
    assert " ".join(shown.out.split()).count("BHD 4 50.000 171.250 100.000 121.250 yes") == 1


def test_warnings_are_listed_with_their_lines(run: Run) -> None:
    outcome = run("parse", SAMPLES / "edge_cases.txt")
    assert outcome.code == 0
    assert "warnings (6)" in outcome.out
    assert "10    row 6: invalid date 31022025 as transaction date; printed without it" in outcome.out


def test_only_the_first_twenty_of_many_are_listed_and_all_are_counted(run: Run, save: Save) -> None:
    cards = [f"{number:04}" for number in range(25)]
    path = save("900_a.txt", "".join(UNBALANCED.replace("0031", card) for card in cards))
    shown = run("parse", path).out
    assert "statements, the first 20 of 25" in shown
    assert "warnings (50), the first 20" in shown
    assert ("****0019" in shown, "****0020" in shown) == (True, False)
    assert " ".join(shown.split()).count("BHD 25 0 0.000 0.000 25.000 25") == 1


def test_a_rejected_customer_fails_the_file_and_is_told_with_line_and_rule(run: Run, save: Save) -> None:
    outcome = run("parse", save("900_a.txt", GOOD + BAD))
    assert outcome.code == 1
    assert "1 read, 1 rejected" in outcome.out
    reason = 'closing balance "12,3x" is not a number; correct it and upload the file again'
    assert f"2  ****0023  4     {reason}" in outcome.out
    rule = "the file is refused since on_bad_statement is fail_file"
    assert outcome.err == f"error: line 4: {reason} (account ****0023); {rule}\n"


def test_a_rejected_customer_is_left_out_where_the_rule_says_so(run: Run, save: Save) -> None:
    path = save("900_a.txt", BAD + GOOD)
    outcome = run("parse", path, ON_BAD_STATEMENT="skip")
    assert (outcome.code, outcome.err) == (0, "")
    assert "1 read, 1 rejected" in outcome.out
    assert "2  900  ****0015" in outcome.out
    alone = run("parse", save("900_b.txt", BAD), ON_BAD_STATEMENT="skip")
    assert alone.code == 1
    assert alone.err.endswith("the file is refused since no statement is left\n")


def test_a_statement_that_is_not_balanced_is_shown_so_or_fails_the_file(run: Run, save: Save) -> None:
    path = save("900_a.txt", GOOD + UNBALANCED)
    warned = run("parse", path)
    assert warned.code == 0
    assert "1.000  no" in warned.out
    failed = run("parse", path, ON_UNBALANCED="fail", ON_BAD_STATEMENT="skip")
    assert failed.code == 1
    assert failed.err.endswith("the file is refused since on_unbalanced is fail\n")


# --- JSON ---


def test_json_is_the_interchange_form_and_nothing_else_on_stdout(run: Run) -> None:
    outcome = run("parse", SAMPLES / "three_customers_crlf.txt", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    accounts = [each["account"] for each in read_document(outcome)["statements"]]
    assert accounts == ["5000000000000015", "5000000000000023", "5000000000000031"]
    assert read_document(outcome)["statements"][2]["closing"] == "-25.000"


def list_samples() -> list[str]:
    """Name the samples that a shipped profile reads."""
    others = {"expected.json", "statements_of_a_bank.json"}
    return sorted(path.name for path in SAMPLES.iterdir() if path.name not in others)


@pytest.mark.parametrize("name", list_samples())
def test_json_of_every_sample_goes_through_a_second_time_unchanged(run: Run, save: Save, name: str) -> None:
    first = run("parse", SAMPLES / name, "--json", ON_BAD_STATEMENT="skip")
    second = run("parse", save("again.json", first.out), "--json", ON_BAD_STATEMENT="skip")
    assert read_document(first)["statements"]
    for key in ("statements", "rejected"):
        assert read_document(second)[key] == read_document(first)[key]


def test_json_tells_statements_and_rejected_customers_also_when_the_file_fails(run: Run, save: Save) -> None:
    outcome = run("parse", save("900_a.txt", GOOD + BAD), "--json")
    assert outcome.code == 1
    assert [each["account"] for each in read_document(outcome)["statements"]] == ["5000000000000015"]
    assert read_document(outcome)["rejected"] == [
        {
            "account": "****0023",
            "line": 4,
            "message": 'closing balance "12,3x" is not a number; correct it and upload the file again',
        }
    ]
    assert outcome.err.endswith("the file is refused since on_bad_statement is fail_file\n")


def test_json_is_complete_when_the_file_breaks_off_in_the_middle(run: Run, save: Save) -> None:
    content = (SAMPLES / "camt053_two_customers.xml").read_text("utf-8")
    cut = save("900_a.xml", content[: content.rindex("<Ntry>") if "<Ntry>" in content else -200])
    outcome = run("parse", cut, "--json")
    assert outcome.code == 1
    last = read_document(outcome)["rejected"][-1]
    assert last["account"] == ""
    assert outcome.err.startswith("error: ")
    assert last["message"] in outcome.err


def test_json_is_complete_when_a_document_breaks_off_behind_a_statement(run: Run, save: Save) -> None:
    whole = run("parse", SAMPLES / "three_customers_crlf.txt", "--json").out
    outcome = run("parse", save("900_a.json", whole[: whole.index("5000000000000031")]), "--json")
    assert outcome.code == 1
    assert len(read_document(outcome)["statements"]) == 2
    assert [each["account"] for each in read_document(outcome)["rejected"]] == [""]
    assert read_document(outcome)["rejected"][0]["line"] == 4


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "the file is empty"), ("\x00\x01", "control character"), ("hello\n", "no profile fits this file")],
)
def test_a_file_that_is_refused_as_a_whole_is_one_line_of_error(
    run: Run, save: Save, text: str, reason: str
) -> None:
    path = save("900_a.txt", text)
    option = ("--profile", "afs") if "\x00" in text else ()
    shown, printed = run("parse", path, *option), run("parse", path, "--json", *option)
    assert (shown.code, shown.out, printed.code) == (1, "", 1)
    assert reason in shown.err
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    assert read_document(printed)["statements"] == []
    assert reason in read_document(printed)["rejected"][0]["message"]


def test_json_is_utf_8_whatever_the_locale_and_needs_no_environment() -> None:
    command = [
        sys.executable,
        "-m",
        "pdfme_dagster.cli",
        "parse",
        str(SAMPLES / "arabic_cp1256.txt"),
        "--json",
    ]
    ended = subprocess.run(
        command,
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii", "PATH": os.environ["PATH"]},
        cwd=Path(__file__).parents[1],
        check=True,
    )
    (statement,) = json.loads(ended.stdout.decode("utf-8"))["statements"]
    assert any("\u0600" <= letter <= "\u06ff" for letter in statement["name"])
    assert ended.stderr == b""


def test_a_reader_that_goes_away_is_no_trouble(save: Save) -> None:
    path = save("900_a.txt", GOOD * 2_000)
    command = [sys.executable, "-m", "pdfme_dagster.cli", "parse", str(path), "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path(__file__).parents[1]
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


# --- Which profile ---


def test_the_profile_may_be_named(run: Run) -> None:
    outcome = run("parse", SAMPLES / "one_customer.txt", "--profile", "csv")
    assert outcome.code == 1
    assert outcome.err.startswith("error: line 1: no column Account")


def test_the_profile_may_be_a_file(run: Run, save: Save) -> None:
    profile = save("own.toml", 'extends = "afs"\nfields.organisation = 1')
    outcome = run("parse", SAMPLES / "one_customer.txt", "--json", "--profile", profile)
    assert outcome.code == 0
    assert read_document(outcome)["statements"][0]["org_id"] == "001"


def test_profiles_of_ones_own_are_found_and_chosen_by_the_files_name(
    run: Run, save: Save, tmp_path: Path
) -> None:
    save("own.toml", 'extends = "afs"\nfields.organisation = 1\nnames = ["one_*"]\ncurrency = "KWD"')
    outcome = run("parse", SAMPLES / "one_customer.txt", PROFILES_DIR=tmp_path)
    assert "profile     own" in outcome.out
    assert "KWD" in outcome.out


def test_currency_and_encoding_are_those_of_the_settings(run: Run, tmp_path: Path) -> None:
    shown = run("parse", SAMPLES / "one_customer.txt", "--json", STATEMENT_CURRENCY="KWD")
    assert read_document(shown)["statements"][0]["currency"] == "KWD"
    path = tmp_path / "900_a.txt"
    path.write_bytes(GOOD.replace("NOORA", "ÄÖÜ").encode("iso-8859-1"))
    shown = run("parse", path, "--json", FALLBACK_ENCODING="iso-8859-1")
    assert read_document(shown)["statements"][0]["name"] == "ÄÖÜ SAMPLEH"


def test_an_unknown_profile_is_a_usage_error(run: Run, tmp_path: Path) -> None:
    sample = SAMPLES / "one_customer.txt"
    unknown = run("parse", sample, "--profile", "asf", "--json")
    assert (unknown.code, unknown.out) == (2, "")
    assert unknown.err == (
        'error: profile "asf" is not known; use afs, camt053, csv, fixed, json, jsonl, mt940\n'
    )
    absent = run("parse", sample, "--profile", tmp_path / "own.toml")
    assert absent.code == 2
    assert "is not there" in absent.err


def test_a_missing_file_or_a_folder_is_a_usage_error(run: Run, tmp_path: Path) -> None:
    missing, folder = run("parse", tmp_path / "900_a.txt"), run("parse", tmp_path)
    assert (missing.code, folder.code) == (2, 2)
    assert "does not exist" in missing.err
    assert "is a directory" in folder.err


def test_what_cannot_be_read_twice_is_a_usage_error(run: Run, tmp_path: Path) -> None:
    pipe = tmp_path / "900_a.txt"
    os.mkfifo(pipe)
    descriptor = os.open(pipe, os.O_RDWR)
    outcome = run("parse", pipe)
    os.close(descriptor)
    assert outcome.code == 2
    assert "no regular file" in outcome.err


def test_a_wrong_setting_or_profile_is_a_usage_error_with_its_place(run: Run, save: Save) -> None:
    sample = SAMPLES / "one_customer.txt"
    assert run("parse", sample, ON_BAD_STATEMENT="ignore").err == (
        "error: ON_BAD_STATEMENT='ignore' is not fail_file or skip\n"
    )
    wrong = save("own.toml", 'extends = "afs"\ndelimeter = ";"')
    outcome = run("parse", sample, "--profile", wrong)
    assert outcome.code == 2
    assert f"{wrong}: delimeter: is no known key; did you mean delimiter?" in outcome.err


# --- Progress ---


class Terminal(io.StringIO):
    """A terminal that remembers what was written to it."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


def test_progress_is_shown_on_stderr_and_only_when_that_is_a_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    outcome = run("parse", SAMPLES / "three_customers_crlf.txt", "--json", TERM="xterm")
    assert len(read_document(outcome)["statements"]) == 3
    assert "reading" in terminal.getvalue()


# --- profiles ---


def test_profiles_lists_shipped_and_own_ones_with_the_files_they_are_for(
    run: Run, save: Save, tmp_path: Path
) -> None:
    text = (
        'extends = "afs"\ndescription = "Cards [gold]"\norganisations = ["900", "901"]\nnames = ["g_*.txt"]'
    )
    save("own.toml", text)
    outcome = run("profiles", PROFILES_DIR=tmp_path)
    assert (outcome.code, outcome.err) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in outcome.out.splitlines()[3:] if line.strip()}
    assert rows["own"] == ["records", "Cards", "[gold]", "900,", "901", "g_*.txt"]
    assert rows["jsonl"][0] == "json"
    assert {"afs", "csv", "fixed", "json", "jsonl", "camt053", "mt940", "own"} <= rows.keys()


def test_every_error_of_ones_own_profiles_is_listed(run: Run, save: Save, tmp_path: Path) -> None:
    save("one.toml", 'extends = "afs"\ncurrency = "DINAR"')
    save("two.toml", 'format = "xml"')
    outcome = run("profiles", PROFILES_DIR=tmp_path)
    assert (outcome.code, outcome.out) == (2, "")
    assert "one.toml: currency: " in outcome.err
    assert "two.toml: format: is missing or unknown" in outcome.err
    absent = run("profiles", PROFILES_DIR=tmp_path / "none")
    assert absent.code == 2
    assert "is not a folder" in absent.err
