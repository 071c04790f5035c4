"""Where profiles come from, shipped ones and a user's own, and which one a file gets.

Not here: what a profile may say (profile.py). Nothing is guessed between two profiles that both fit.
"""

import codecs
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from pdfme_dagster.errors import ConfigurationError, ParseError
from pdfme_dagster.parsing.profile import Profile, RecordsProfile
from pdfme_dagster.parsing.reader import organisation_of
from pdfme_dagster.parsing.records import peek_organisation

# How much of a file is looked at to find its profile.
HEAD_BYTES = 64 * 1024

_SHIPPED = Path(__file__).parent / "profiles"
_ADAPTER: TypeAdapter[Profile] = TypeAdapter(Annotated[Profile, Field(discriminator="format")])
# Which files a profile is for is its own business, not that of one made from it.
_NOT_INHERITED = ("organisations", "names", "description")
_FORMATS = ("records", "table", "json", "camt053", "mt940")
# What to write instead, by pydantic's names of errors.
_WANTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a table, like [fields]",
    "mapping_type": "a table, like [fields]",
    "model_type": "a table, like [fields]",
    "string_too_long": "one character",
    "string_too_short": "one character",
    "string_type": "a text in quotation marks",
    "too_short": "a list of one or more",
    "tuple_type": 'a list, like ["a", "b"]',
}
_SEVERAL_KINDS = {
    "at": 'a field\'s number, columns like "5-12", a name, or a list of these',
    "decimals": '0 to 6, or "currency"',
}
_SHOWN_CHARACTERS = 40

Raw = Mapping[str, Any]


class Profiles:
    """All profiles by name."""

    def __init__(self, profiles: Mapping[str, Profile]) -> None:
        self._profiles = dict(profiles)

    def __iter__(self) -> Iterator[Profile]:
        return iter(self._profiles.values())

    def __getitem__(self, name: str) -> Profile:
        if name not in self._profiles:
            raise ConfigurationError(f'profile "{name}" is not known; use {", ".join(self._profiles)}')
        return self._profiles[name]

    def choose(self, name: str, head: bytes) -> Profile:
        """Return the profile for a file by its name and its first ``HEAD_BYTES``.

        By organisation, else by a pattern of its name, else by its looks; several that fit by one of these
        are told apart by the next. ParseError ``no_profile`` or ``ambiguous_profile``; ``empty_file``.
        """
        text, base = _read_head(head), PurePosixPath(name).name
        if not text.strip():
            raise ParseError("empty_file", "the file is empty or holds only blank lines; upload it again")
        tests: list[Callable[[Profile], bool]] = [
            lambda profile: _organisation(profile, text, name) in profile.organisations,
            lambda profile: any(fnmatchcase(base, pattern) for pattern in profile.names),
            lambda profile: _looks_like(profile, text),
        ]
        fitting = _narrow(list(self), tests)
        if len(fitting) == 1:
            return fitting[0]
        if not fitting:
            raise ParseError(
                "no_profile",
                "no profile fits this file: not its organisation, its name or its first lines; "
                "add a profile for it (docs/profiles/your-own.md)",
            )
        names = " and ".join(profile.name for profile in fitting)
        raise ParseError(
            "ambiguous_profile", f"profiles {names} all fit; give them different organisations or names"
        )


def load_profiles(folder: Path | None = None, *, defaults: Raw | None = None) -> Profiles:
    """Read the shipped profiles and those in ``folder``, which replace shipped ones of the same name.

    ``defaults`` stand where no profile says otherwise. ConfigurationError that lists every error with file,
    key and fix.
    """
    errors: list[str] = []
    shipped = _read_files(sorted(_SHIPPED.glob("*.toml")), errors)
    own = _read_files(_list_files(folder), errors) if folder else {}
    profiles: dict[str, Profile] = {}
    for name in shipped | own:
        file = f"{folder}/{name}.toml" if name in own else f"shipped profile {name}"
        raw: Raw = {}
        try:
            raw = {**(defaults or {}), **_inherit(name, own, shipped, ())}
            profiles[name] = _ADAPTER.validate_python({**raw, "name": name})
        except ValidationError as exc:
            errors += [f"{file}: {described}" for described in _describe_all(exc, raw)]
        except ConfigurationError as exc:
            errors.append(f"{file}: {exc}")
    if errors:
        raise ConfigurationError("\n".join(errors))
    return Profiles(profiles)


def read_profile(path: Path, *, defaults: Raw | None = None) -> Profile:
    """Read one profile file, which may extend a shipped one or a neighbour; see ``load_profiles``."""
    return load_profiles(path.parent, defaults=defaults)[path.stem]


def _list_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ConfigurationError(f"PROFILES_DIR={str(folder)!r} is not a folder; make it, or unset it")
    return sorted(folder.glob("*.toml"))


def _read_files(paths: Iterable[Path], errors: list[str]) -> dict[str, Raw]:
    """Return what each file says by its name; what cannot be read is added to the errors."""
    raws: dict[str, Raw] = {}
    for path in paths:
        try:
            raws[path.stem] = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
            errors.append(f"{path}: is no TOML file in UTF-8: {exc}")
        except OSError as exc:
            errors.append(f"{path}: cannot be read: {exc.strerror}")
    return raws


def _inherit(name: str, own: Mapping[str, Raw], shipped: Mapping[str, Raw], seen: tuple[str, ...]) -> Raw:
    """Return what a profile says together with what it extends; one may extend its shipped namesake."""
    raw = dict(own[name] if name in own else shipped[name])
    if "name" in raw:
        raise ConfigurationError("name: is that of the file; remove it")
    base = raw.pop("extends", None)
    if base is None:
        return raw
    trail = (*seen, name)
    if base == name and name in own and name in shipped:
        inherited = _inherit(name, {}, shipped, trail)
    elif base in trail:
        raise ConfigurationError(f"extends: goes in a circle, {' → '.join((*trail, base))}")
    elif base not in [*own, *shipped]:
        known = ", ".join(sorted({*own, *shipped}))
        raise ConfigurationError(f"extends: {_show(base)} is no profile; use {known}")
    else:
        inherited = _inherit(base, own, shipped, trail)
    return _merge({key: value for key, value in inherited.items() if key not in _NOT_INHERITED}, raw)


def _merge(base: Raw, changes: Raw) -> Raw:
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _describe_all(exc: ValidationError, raw: Raw) -> list[str]:
    """Write pydantic's errors as key, what is wrong and what to write instead: one for each key."""
    described: dict[str, str] = {}
    for error in exc.errors():
        # The first part of a place is the format, by which the kind of profile was found.
        key, kinds, value = _find_key(error["loc"][1:], raw)
        if error["type"] == "missing":
            key, kinds = f"{key}.{kinds[0]}".lstrip("."), []
        if kinds:
            # Of a value that may be of several kinds pydantic tells for each of them why it is not.
            wanted = _SEVERAL_KINDS["at" if "at" in (kinds[0], key.rpartition(".")[2]) else "decimals"]
            described.setdefault(key, f"{key}: must be {wanted}, not {_show(value)}")
        else:
            described.setdefault(key, _describe(key, error, value))
    return list(described.values())


def _find_key(place: tuple[int | str, ...], raw: Raw) -> tuple[str, list[str], Any]:
    """Return the key in the file, what else of the place is pydantic's own, and what the file says there."""
    path: list[str] = []
    here: Any = raw
    for number, part in enumerate(place):
        inside = range(len(here)) if isinstance(here, list) else here if isinstance(here, dict) else ()
        if part in inside:
            here = here[part]
            path.append(str(part))
        elif part != "[key]":
            return ".".join(path), [str(each) for each in place[number:]], here
    return ".".join(path), [], here


def _describe(key: str, error: Any, value: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    message = str(error["msg"]).removeprefix("Value error, ")
    if kind in {"union_tag_not_found", "union_tag_invalid"}:
        return f"format: is missing or unknown; use one of {', '.join(_FORMATS)}"
    if kind == "missing":
        return f"{key}: is missing; add it"
    if kind == "extra_forbidden":
        return f"{key}: is no known key{_suggest(key.rpartition('.')[2])}"
    if kind == "value_error":
        return f"{key}: {message}" if key else message
    wanted = _WANTED.get(kind) or context.get("expected") or message.removeprefix("Input should be ")
    return f"{key}: must be {wanted}, not {_show(value)}"


def _show(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}…"


def _suggest(key: str) -> str:
    known = {name for each in Profile.__args__ for name in each.model_fields}
    known |= {"at", "type", "decimals", "format", "rest", "role", "required", "ends", "fields", "extends"}
    if key in known:
        return " here, but in another format or table; remove it"
    close = get_close_matches(key, known, n=1)
    return f"; did you mean {close[0]}?" if close else "; remove it (docs/profiles/your-own.md lists all)"


# --- Choosing ---


def _narrow(profiles: list[Profile], tests: list[Callable[[Profile], bool]]) -> list[Profile]:
    """Return those that pass the first test which any passes, then fewer by the later ones."""
    reserved = [profile for profile in profiles if not profile.organisations]
    fitting: list[Profile] = []
    for number, test in enumerate(tests):
        among = fitting or (profiles if number == 0 else reserved)
        passing = [profile for profile in among if test(profile)]
        fitting = passing or fitting
        if number == 1 and not fitting:
            # Left are those for any file that looks right.
            reserved = [profile for profile in reserved if not profile.names]
    return fitting


def _organisation(profile: Profile, text: str, name: str) -> str | None:
    if not profile.organisations:
        return None
    written = peek_organisation(profile, text) if isinstance(profile, RecordsProfile) else None
    return written or organisation_of(name)


def _looks_like(profile: Profile, text: str) -> bool:
    return bool(profile.looks_like and re.search(profile.looks_like, text, re.MULTILINE))


def _read_head(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = head[: len(head) & ~1].decode("utf-16", "replace")
    else:
        text = head.decode("utf-8-sig", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")
