"""pdfme's generator is found where it is, and asked in JSON.

Not here: what it draws (../golden).
"""

import json
from pathlib import Path

import pytest

from pdfme_dagster_tests.golden import corpus
from pdfme_dagster_tests.oracle import MISSING, Job, Oracle, OracleError, find_oracle, pdfme

HERE = Path(pdfme.__file__).parent
needs_pdfme = pytest.mark.skipif(find_oracle() is None, reason=MISSING)


def ask(job: Job) -> bytes:
    oracle = find_oracle()
    assert oracle is not None
    return oracle.render([job])[0]


def test_every_package_is_pinned_to_one_release() -> None:
    pinned = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert pinned == {f"@pdfme/{name}": "6.1.13" for name in ("common", "generator", "schemas")}


def test_the_lock_file_names_no_place_to_load_from() -> None:
    packages = json.loads((HERE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_a_folder_of_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PDFME_ORACLE", "elsewhere")
    assert pdfme._list_places()[:2] == [Path("elsewhere/node_modules"), Path("elsewhere")]


def test_without_packages_there_is_no_oracle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdfme, "_list_places", list)
    assert pdfme.find_oracle.__wrapped__() is None


@needs_pdfme
def test_the_same_job_gives_the_same_bytes() -> None:
    job = Job(template=corpus.find_template("lines"), inputs=corpus.find_inputs("lines"))
    assert ask(job) == ask(job)


@needs_pdfme
def test_what_pdfme_refuses_is_told_with_the_templates_name(tmp_path: Path) -> None:
    template = tmp_path / "broken.json"
    template.write_text('{"schemas": [], "basePdf": 5}', encoding="utf-8")
    with pytest.raises(OracleError, match=r"broken\.json"):
        ask(Job(template=template, inputs=corpus.find_inputs("lines")))


@needs_pdfme
def test_time_is_measured_per_document() -> None:
    oracle = find_oracle()
    assert oracle is not None
    job = Job(template=corpus.find_template("lines"), inputs=corpus.find_inputs("lines"))
    [timing] = oracle.measure([job], repeats=5)
    assert timing.repeats == 5
    assert timing.cpu_ms > 0
    assert timing.size_bytes > 500


def test_a_node_that_fails_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "node"
    broken.write_text("#!/bin/sh\necho 'no such module' >&2\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    with pytest.raises(OracleError, match="ended with 1: no such module"):
        Oracle(node=broken, modules=tmp_path).render([])
