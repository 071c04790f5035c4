"""Templates are read again when their folder has changed, and only then.

Not here: what is wrong with templates, or what a tick and a run do about it.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pdfme_dagster.defs import resources
from pdfme_dagster.defs.resources import read_renderer
from pdfme_dagster.errors import ConfigurationError

CARD = "default: {template: card.json, ignore_rows: true}"


@pytest.fixture
def folder(templates_dir: Path) -> Path:
    """The folder of templates, good as it is."""
    (templates_dir / "templates.yaml").write_text(CARD)
    return templates_dir


def put_back(folder: Path) -> None:
    """Replace a template by one of the same size and date."""
    card, other = folder / "card.json", folder / "new.json"
    other.write_text(card.read_text().replace("Cname", "title"))
    before = card.stat()
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(card)


CHANGES: dict[str, Callable[[Path], object]] = {
    "the table": lambda folder: (folder / "templates.yaml").write_text(CARD.replace("card", "bill")),
    "a template": lambda folder: (folder / "card.json").write_text((folder / "bill.json").read_text()),
    "a template of the same size and date": put_back,
}


def test_templates_that_nobody_changed_are_read_once(folder: Path) -> None:
    first = read_renderer()
    assert read_renderer() is first
    (folder / "templates.yaml").touch()
    assert read_renderer() is not first


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_counts_at_once(folder: Path, change: str) -> None:
    ((before, _),) = read_renderer().list_renderers()
    CHANGES[change](folder)
    ((after, _),) = read_renderer().list_renderers()
    assert after.digest != before.digest


def test_broken_templates_are_told_of_each_time_until_they_are_repaired(folder: Path) -> None:
    read_renderer()
    (folder / "card.json").rename(folder / "away.json")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=r"card\.json is not there"):
            read_renderer()
    (folder / "away.json").rename(folder / "card.json")
    read_renderer()


def test_another_secret_counts_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renderers = []
    for word in ("elephants", "hedgehogs"):
        monkeypatch.setenv("PDF_PASSWORD_SEED", f"forty-two {word} remember everything")
        renderers.append(read_renderer())
    assert renderers[0] is not renderers[1]


def test_a_folder_with_too_many_files_to_watch_is_read_each_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "_MOST_STAMPED", 2)
    assert read_renderer() is not read_renderer()


def test_a_link_that_leads_nowhere_is_no_trouble(folder: Path) -> None:
    (folder / "old.json").symlink_to(folder / "gone.json")
    assert read_renderer() is read_renderer()
