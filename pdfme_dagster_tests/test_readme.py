"""The README says what is true: its variables, commands and files exist, and none of ours is missing."""

import re
from pathlib import Path

import typer.main

from pdfme_dagster.cli import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
# These matter to docker compose alone; docs/deployment.md explains them.
COMPOSE_ONLY = {"PUBLISH_ADDRESS", "SERVICES_HOST"}


def test_configuration_table_has_every_variable_and_no_other() -> None:
    table = README.split("## Configuration", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`([A-Z0-9_]+)`", row)}
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    known = set(re.findall(r"^([A-Z0-9_]+)=", example, flags=re.MULTILINE))
    assert documented == known - COMPOSE_ONLY


def test_commands_it_names_exist_and_visible_ones_are_named() -> None:
    command = typer.main.get_command(app)
    commands = getattr(command, "commands")  # noqa: B009  click's groups have it, click's base class does not
    named = set(re.findall(r"pdfme-dagster (\w[\w-]*)", README))
    assert named == {name for name, each in commands.items() if not each.hidden}


def test_links_lead_to_files() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
