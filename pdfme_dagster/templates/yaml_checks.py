"""Reads a small YAML file into a checked model, or lists all that is wrong with it: file, key and fix.

Not here: what the files say (mapping_spec.py, library.py).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from pdfme_dagster.errors import TemplateError

M = TypeVar("M", bound=BaseModel)

# A thousand organisations with a mapping each take 100 KB.
MAX_YAML_BYTES = 1_000_000
# Ours are six deep; PyYAML's composer calls itself for each level.
_MAX_DEPTH = 20
_SHOWN_CHARACTERS = 40
# What to write instead, by pydantic's names of errors.
_WANTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a table of keys and values",
    "mapping_type": "a table of keys and values",
    "model_type": "a table of keys and values",
    "string_pattern_mismatch": "1 to 32 letters, digits, - or _",
    "string_type": "a text in quotation marks",
    "too_short": "a list of one or more",
    "tuple_type": "a list, like [a, b]",
}


class _PlainLoader(yaml.SafeLoader):
    """Plain values only: no anchors, no key twice, numbers and true or false as in YAML 1.2.

    In YAML 1.1 an organisation called ``NO`` would be false, and ``0266`` the number 182.
    """

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse what could stand for more than is written."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs lack it
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refuse("has an anchor (& or *)", event, "write it out")
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise _refuse("is nested too deep", event, "write it flatter")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Refuse a key that stands there twice, of which YAML would take the last."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise _refuse("has a key that is no text", key_node, "write a text")
            key = str(self.construct_object(key_node))
            if key in seen:
                raise _refuse(f"has {_show(key)} twice", key_node, "remove one")
            seen.add(key)
        return super().construct_mapping(node, deep)


_PlainLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"(?:~|null|)", ["~", "n", ""]),
    ("bool", r"(?:true|false)", list("tf")),
    ("int", r"-?(?:0|[1-9][0-9]{0,17})", list("-0123456789")),
):
    _PlainLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"{_pattern}\Z"), _first)


def _refuse(problem: str, place: Any, fix: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=f"{problem}; {fix}", problem_mark=place.start_mark)


def read_yaml(content: bytes, name: str, model: type[M]) -> M:
    """Read a YAML file as a model; ``name`` stands in errors. TemplateError lists every problem."""
    raw = _load_yaml(content, name)
    try:
        return model.model_validate(raw)
    except ValidationError as exc:
        raise TemplateError([f"{name}: {problem}" for problem in _describe_all(exc, raw, model)]) from None


def suggest(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean …?`` for a name that is like a known one, else nothing."""
    close = get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def raise_all(faults: Iterable[str] | None) -> None:
    """Raise a ValueError of all faults, if any; one that starts with a full stop names a key further in."""
    found = list(faults or ())
    if found:
        raise ValueError("\n".join(found))


def list_faults(exc: ValidationError) -> list[str]:
    """Return the messages of an error, each as it follows upon the place of what was checked."""
    return [
        join_place("".join(f".{part}" for part in error["loc"]), line)
        for error in exc.errors()
        for line in str(error["msg"]).removeprefix("Value error, ").splitlines()
    ]


def join_place(key: str, fault: str) -> str:
    """Return a place with what is wrong there, or further in; see ``raise_all``."""
    return f"{key}{fault}" if fault.startswith((".", ": ")) else f"{key}: {fault}"


def _load_yaml(content: bytes, name: str) -> Mapping[str, Any]:
    if len(content) > MAX_YAML_BYTES:
        raise TemplateError([f"{name}: is larger than {MAX_YAML_BYTES // 1000:,} KB; make it smaller"])
    try:
        loader = _PlainLoader(content.decode("utf-8-sig"))
        raw = loader.get_single_data()
    except yaml.MarkedYAMLError as exc:
        line = f"line {exc.problem_mark.line + 1}: " if exc.problem_mark else ""
        raise TemplateError([f"{name}: {line}{exc.problem}"]) from None
    except (yaml.YAMLError, ValueError, TypeError) as exc:
        reason = str(exc).splitlines()[0]
        raise TemplateError([f"{name}: is no YAML in UTF-8: {reason[:100]}"]) from None
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise TemplateError([f"{name}: must be a table of keys and values, not {_show(raw)}"])
    named: Mapping[str, Any] = _name_keys(raw)
    return named


def _name_keys(value: Any) -> Any:
    """Return the same with numbers as keys written as texts: organisations are often numbers."""
    if isinstance(value, dict):
        return {str(key) if type(key) is int else key: _name_keys(each) for key, each in value.items()}
    return [_name_keys(each) for each in value] if isinstance(value, list) else value


# --- Telling what is wrong ---


def _describe_all(exc: ValidationError, raw: Mapping[str, Any], model: type[BaseModel]) -> list[str]:
    """Write pydantic's errors as key, what is wrong and what to write instead: once for each key."""
    described: dict[str, list[str]] = {}
    for error in exc.errors():
        path, value = _find_key(error["loc"], raw)
        key = ".".join(path)
        described.setdefault(
            key if error["type"] != "missing" else f"{key}.{error['loc'][-1]}",
            [join_place(key, line).lstrip(".: ") for line in _describe(error, value, model).splitlines()],
        )
    return [line for lines in described.values() for line in lines]


def _find_key(place: tuple[int | str, ...], raw: Any) -> tuple[list[str], Any]:
    """Return the place in the file, without what of it is pydantic's own, and what the file says there."""
    path, here = [], raw
    for part in place:
        inside = range(len(here)) if isinstance(here, list) else here if isinstance(here, dict) else ()
        if part in inside:
            here = here[part]
            path.append(str(part))
    return path, here


def _describe(error: Any, value: object, model: type[BaseModel]) -> str:
    """Return what is wrong with a value, in one line or several, as ``raise_all`` takes them."""
    kind, name = error["type"], str(error["loc"][-1]) if error["loc"] else ""
    message = str(error["msg"]).removeprefix("Value error, ")
    if kind == "missing":
        return f".{name}: is missing; add it"
    if kind == "extra_forbidden":
        known = _list_keys(model, error["loc"][:-1])
        return f"is no known key{suggest(name, known) or '; use ' + ', '.join(sorted(known))}"
    if kind == "value_error":
        return message
    wanted = _WANTED.get(kind) or error.get("ctx", {}).get("expected")
    return f"must be {wanted or message.removeprefix('Input should be ')}, not {_show(value)}"


def _list_keys(model: type[BaseModel], place: tuple[int | str, ...]) -> set[str]:
    """Return the keys that the model at a place of an error has."""
    models: list[type[BaseModel]] = [model]
    for part in place:
        inner = [each for outer in models for each in _list_models(outer.model_fields.get(str(part)))]
        models = inner or models
    return {key for each in models for key in each.model_fields}


def _list_models(field: Any) -> list[type[BaseModel]]:
    return list(_walk(field.annotation)) if field is not None else []


def _walk(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _walk(inner)


def _show(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}…"
