"""What the programs of `up` are told of the user's settings; wrong ones are refused before anything starts.

Not here: starting the stack (../end_to_end/).
"""

import re
from pathlib import Path

import pytest

from pdfme_dagster.errors import ConfigurationError
from pdfme_dagster.local.stack import _KNOWN, build_environment, client_environment, run_stack
from pdfme_dagster.settings import Settings

ENDPOINTS = {
    "POSTGRES_HOST": "127.0.0.1",
    "POSTGRES_PASSWORD": "secret-1",
    "REDIS_HOST": "127.0.0.1",
    "REDIS_PORT": "6379",
    "REDIS_PASSWORD": "secret-2",
    "S3_ENDPOINT_URL": "http://127.0.0.1:9000",
}
EXAMPLE = (Path(__file__).parents[2] / ".env.example").read_text(encoding="utf-8")
# Where the services are and what they are called, which the stack decides.
DECIDED = re.compile(r"(POSTGRES|REDIS|CELERY|AWS|DAGSTER)_|.*_(BUCKET|URL)$")
# For docker compose alone, or made from RUN_WORKERS.
ELSEWHERE = {"PUBLISH_ADDRESS", "SERVICES_HOST", "MAX_CONCURRENT_RUNS"}


def test_the_user_may_decide_everything_but_where_the_services_are() -> None:
    names = set(re.findall(r"^([A-Z0-9_]+)=", EXAMPLE, flags=re.MULTILINE))
    assert set(_KNOWN) == {name for name in names if not DECIDED.match(name)} - ELSEWHERE


def test_programs_read_what_the_user_set(tmp_path: Path) -> None:
    chosen = {"ON_BAD_STATEMENT": "skip", "ON_UNBALANCED": "fail", "STATEMENT_CURRENCY": "KWD"}
    built = build_environment(tmp_path, ENDPOINTS, chosen | {"UPLOADS_BUCKET": "elsewhere"})
    statements = Settings.from_environment(built).statements
    assert (statements.on_bad_statement, statements.on_unbalanced) == ("skip", "fail")
    assert (statements.currency, built["UPLOADS_BUCKET"]) == ("KWD", "uploads")


def test_programs_read_the_secret_of_passwords_and_other_programs_are_not_told(tmp_path: Path) -> None:
    seed = "elephants-never-forget-their-secrets"
    built = build_environment(tmp_path, ENDPOINTS, {"PDF_PASSWORD_SEED": seed})
    assert Settings.from_environment(built).templates.password_seed == seed.encode()
    where = dict.fromkeys(("POSTGRES_PORT", "POSTGRES_USER", "POSTGRES_DB"), "any")
    assert seed not in client_environment(built | where).values()


FOLDERS = ["PROFILES_DIR", "TEMPLATES_DIR"]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_relative_folder_is_taken_from_where_up_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for written in ("mine", "./mine", f" {tmp_path}/mine "):
        built = build_environment(tmp_path / "home", ENDPOINTS, {name: written})
        assert built[name] == str(tmp_path / "mine")


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_without_a_folder_programs_are_told_of_none(tmp_path: Path, name: str, value: str | None) -> None:
    environment = {} if value is None else {name: value}
    assert name not in build_environment(tmp_path, ENDPOINTS, environment)


def test_a_broken_profile_is_refused_before_anything_starts(tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text('extends = "afs"\ncurrency = "dinar"\n')
    with (
        pytest.raises(ConfigurationError, match=r"mine\.toml: currency: "),
        run_stack(tmp_path / "home", environment={"PROFILES_DIR": str(tmp_path)}),
    ):
        pass
    assert not (tmp_path / "home").exists()


def test_a_missing_folder_of_profiles_is_refused_before_anything_starts(tmp_path: Path) -> None:
    environment = {"PROFILES_DIR": str(tmp_path / "nowhere")}
    with (
        pytest.raises(ConfigurationError, match=r"^PROFILES_DIR='.*nowhere' is not a folder; "),
        run_stack(tmp_path / "home", environment=environment),
    ):
        pass
    assert not (tmp_path / "home").exists()


def test_broken_templates_are_refused_before_anything_starts(tmp_path: Path) -> None:
    templates = tmp_path / "templates.yaml"
    templates.write_text("organisations: {900: card.json, 901: bill.json}\n")
    with (
        pytest.raises(ConfigurationError, match=r"organisations\.900.*\n.*organisations\.901"),
        run_stack(tmp_path / "home", environment={"TEMPLATES_DIR": str(tmp_path)}),
    ):
        pass
    assert not (tmp_path / "home").exists()
