"""Small YAML files: what is refused, and how it is told. Not here: what the files say."""

from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from pdfme_dagster.errors import TemplateError
from pdfme_dagster.templates.yaml_checks import MAX_YAML_BYTES, read_yaml


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int = 1
    is_on: bool = False


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    names: Mapping[str, str] = {}
    inner: Inner = Inner()
    parts: Mapping[str, Inner] = {}
    needed: str = ""


class Needy(BaseModel):
    needed: str


def explain(content: str | bytes, model: type[BaseModel] = Outer) -> list[str]:
    raw = content.encode() if isinstance(content, str) else content
    with pytest.raises(TemplateError) as error:
        read_yaml(raw, "a.yaml", model)
    return list(error.value.problems)


def test_a_file_is_read_as_its_model() -> None:
    read = read_yaml(b"names: {a: b}\ninner: {size: 3, is_on: true}\n", "a.yaml", Outer)
    assert (read.names, read.inner) == ({"a": "b"}, Inner(size=3, is_on=True))


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"\xef\xbb\xbfneeded: ''", b"~"])
def test_a_file_that_says_nothing_is_all_defaults(content: bytes) -> None:
    assert read_yaml(content, "a.yaml", Outer) == Outer()


@pytest.mark.parametrize("name", ["NO", "on", "0266", "1_000", "1:20", "2026-01-01", "1e3", "0x10", "y"])
def test_names_stay_as_they_are_written(name: str) -> None:
    assert read_yaml(f"names: {{{name}: {name}}}".encode(), "a.yaml", Outer).names == {name: name}


def test_an_organisation_written_as_a_number_is_its_digits() -> None:
    assert list(read_yaml(b"names: {266: a}", "a.yaml", Outer).names) == ["266"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("names: &a {b: c}", "line 1: has an anchor (& or *); write it out"),
        ("names:\n  a: *b", "line 2: has an anchor (& or *); write it out"),
        ("names:\n  a: b\n  a: c", "line 3: has 'a' twice; remove one"),
        ("names: {266: b, '266': c}", "line 1: has '266' twice; remove one"),
        ("names: {[a]: b}", "line 1: has a key that is no text; write a text"),
        ("names: " + "[" * 30 + "]" * 30, "line 1: is nested too deep; write it flatter"),
        ("- a", "must be a table of keys and values, not ['a']"),
        ("a", "must be a table of keys and values, not 'a'"),
    ],
)
def test_what_could_stand_for_more_than_is_written_is_refused(content: str, problem: str) -> None:
    assert explain(content) == [f"a.yaml: {problem}"]


@pytest.mark.parametrize(
    "content",
    [
        "a: !!python/object/apply:os.system [x]",
        "a: !own b",
        b"a: \xff",
        "a: \x00",
        "a: b: c",
        "a: [",
        "--- a\n--- b",
        "a: !!int x",
        "[" * 100_000,
        "a: " + "{b: " * 50_000,
    ],
)
def test_anything_else_is_refused_as_well(content: str | bytes) -> None:
    assert len(explain(content)) == 1


def test_a_file_may_not_fill_the_memory() -> None:
    assert explain(b"#" * (MAX_YAML_BYTES + 1)) == ["a.yaml: is larger than 1,000 KB; make it smaller"]


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(content: str) -> None:
    with suppress(TemplateError):
        read_yaml(content.encode("utf-8", "replace"), "a.yaml", Outer)


def test_all_that_is_wrong_is_told_at_once_with_key_and_fix() -> None:
    content = "inner: {size: big, is_no: true}\nparts: {a: {siz: 2}}\nnames: [b]\nneed: x\n"
    assert explain(content) == [
        "a.yaml: names: must be a table of keys and values, not ['b']",
        "a.yaml: inner.size: must be a valid integer, unable to parse string as an integer, not 'big'",
        "a.yaml: inner.is_no: is no known key; did you mean is_on?",
        "a.yaml: parts.a.siz: is no known key; did you mean size?",
        "a.yaml: need: is no known key; did you mean needed?",
    ]


def test_a_key_like_no_other_is_answered_with_all() -> None:
    assert explain("inner: {zzz: 1}") == ["a.yaml: inner.zzz: is no known key; use is_on, size"]


def test_what_is_missing_is_named() -> None:
    assert explain("", Needy) == ["a.yaml: needed: is missing; add it"]


def test_a_long_value_is_cut() -> None:
    assert len(explain("inner: " + "x" * 500)[0]) < 120
