"""The templates folder: ``templates.yaml`` says which organisation gets which template, and how.

Not here: what a template says (schema.py) or a mapping (mapping_spec.py), nor drawing with the fonts.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Annotated, Generic, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from pdfme_dagster.domain.statement import Statement
from pdfme_dagster.errors import TemplateError
from pdfme_dagster.templates.amounts import AmountStyle
from pdfme_dagster.templates.formats import check_language
from pdfme_dagster.templates.mapping import (
    MappedStatement,
    StatementMapping,
    Style,
    compile_mapping,
    map_statement,
)
from pdfme_dagster.templates.mapping_spec import (
    TABLE_ROWS,
    DatePattern,
    MappingSpec,
    check_pattern,
    find_prefix_faults,
    load_shipped_mapping,
    merge_mapping,
    name_extra,
)
from pdfme_dagster.templates.pages import Layout, PageInputs, Role, paginate_statement, plan_pages
from pdfme_dagster.templates.rows import TemplateLike
from pdfme_dagster.templates.yaml_checks import (
    MAX_YAML_BYTES,
    join_place,
    list_faults,
    raise_all,
    read_yaml,
    suggest,
)

T = TypeVar("T", bound=TemplateLike)

LIBRARY_FILE = "templates.yaml"
BUILT_IN_TEMPLATE = Path(__file__).parent / "default.json"
# A base PDF of 50 MB in base64 with its fields; the largest fonts for Chinese have some 20 MB.
MAX_TEMPLATE_BYTES = 70_000_000
MAX_FONT_BYTES = 64_000_000
_MAX_ORGANISATIONS = 10_000
_MAX_FONTS = 200
# Names of the folder that are looked through for one that was meant.
_MAX_LISTED = 1_000
_LONG_BASE64 = re.compile(rb"[A-Za-z0-9+/=]{200,}")
# Counts what this program changes in how the same template comes out.
LAYOUT_VERSION = 1
_ROLES: tuple[Role, ...] = ("template", "continuation", "last", "single")


def _check_path(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or "\\" in value or "\0" in value or not path.parts:
        raise ValueError("must be a file in the templates folder, written like card.json or fonts/own.ttf")
    return value


RelativePath = Annotated[str, Field(max_length=500), AfterValidator(_check_path)]
OrgId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
FontName = Annotated[str, Field(min_length=1, max_length=100)]


class _Checked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PasswordOptions(_Checked):
    """Whose text is the PDF's password: a field of the mapping, or ``extra.NAME`` of a profile."""

    field: str


class RenderOptions(_Checked):
    """How an organisation's PDFs are made, beyond what its template says.

    Without ``missing_glyph``, a character that no font draws is a box where it is a value's, and refused in
    the template's own texts.
    """

    language: str = "en"
    title: Annotated[str, Field(max_length=200)] | None = None
    password: PasswordOptions | None = None
    pdf_a: bool = False
    optimise_base_pdf: bool = False
    missing_glyph: Literal["box", "drop", "error"] | None = None
    overflow: Literal["visible", "shrink", "clip", "ellipsis"] = "visible"

    @field_validator("language")
    @classmethod
    def _check_language(cls, value: str) -> str:
        return check_language(value)

    @model_validator(mode="after")
    def _check_password(self) -> Self:
        if self.password and self.pdf_a:
            raise ValueError("password and pdf_a exclude each other; remove one")
        return self


class EntrySpec(RenderOptions):
    """What ``templates.yaml`` says of an organisation, or of all others."""

    template: RelativePath | None = None
    continuation: RelativePath | None = None
    last: RelativePath | None = None
    single: RelativePath | None = None
    mapping: MappingSpec = MappingSpec()
    dates: DatePattern = "dd/MM/yyyy"
    amounts: AmountStyle | None = None
    ignore_rows: bool = False

    @field_validator("dates")
    @classmethod
    def _check_dates(cls, value: str) -> str:
        return check_pattern(value)

    @model_validator(mode="after")
    def _check_roles(self) -> Self:
        others = [role for role in _ROLES[1:] if getattr(self, role)]
        if others and not self.template:
            raise ValueError(f"names {others[0]}, but no template before it; add template")
        return self

    @property
    def files(self) -> dict[Role, str]:
        """The files by their roles."""
        named: dict[Role, str | None] = {role: getattr(self, role) for role in _ROLES}
        return {role: file for role, file in named.items() if file is not None}


def _expand(value: object) -> object:
    """Let ``"266": card.json`` stand for ``"266": {template: card.json}``."""
    return {"template": value} if isinstance(value, str) else value


Entry = Annotated[EntrySpec, BeforeValidator(_expand)]


# How the built-in template's amounts look unless an entry says otherwise: what the bank owes is marked, and
# what is unknown is a dash.
_BUILT_IN_AMOUNTS = AmountStyle(negative="1.00 CR", unknown="-")


class LibrarySpec(_Checked):
    """What ``templates.yaml`` says. ``prefixes`` are further ones for rows of the fields that Tr has."""

    default: Entry = EntrySpec()
    organisations: Annotated[Mapping[OrgId, Entry], Field(max_length=_MAX_ORGANISATIONS)] = {}
    fonts: Annotated[Mapping[FontName, RelativePath], Field(max_length=_MAX_FONTS)] = {}
    fallback_fonts: tuple[FontName, ...] = ()
    prefixes: tuple[str, ...] = ()

    @field_validator("prefixes")
    @classmethod
    def _check_prefixes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        raise_all(problem for prefix in value for problem in find_prefix_faults(prefix))
        return value

    @property
    def entries(self) -> dict[str, EntrySpec]:
        """The entries by their keys."""
        own = {f"organisations.{org_id}": entry for org_id, entry in self.organisations.items()}
        return {"default": self.default, **own}

    def override(self, options: Mapping[str, object], *, fonts: Iterable[str] = ()) -> "LibrarySpec":
        """Return the same with these of RenderOptions for everybody, and fonts before the fallback fonts.

        TemplateError where options exclude each other.
        """
        problems = [
            join_place(f"{LIBRARY_FILE}: {key}", fault)
            for key, entry in self.entries.items()
            for fault in _find_option_faults(entry, options)
        ]
        if problems:
            raise TemplateError(problems)
        own = {org_id: entry.model_copy(update=options) for org_id, entry in self.organisations.items()}
        changed = {
            "default": self.default.model_copy(update=options),
            "organisations": own,
            "fallback_fonts": (*fonts, *self.fallback_fonts),
        }
        return self.model_copy(update=changed)


def _find_option_faults(entry: EntrySpec, options: Mapping[str, object]) -> Iterator[str]:
    given = {key: getattr(entry, key) for key in RenderOptions.model_fields}
    try:
        RenderOptions.model_validate({**given, **options})
    except ValidationError as exc:
        yield from list_faults(exc)


@dataclass(frozen=True, slots=True, kw_only=True)
class FontFile:
    """A font of the folder: its bytes and their SHA-256."""

    content: bytes = field(repr=False)
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryEntry(Generic[T]):
    """What an organisation's statements are made of; ``name`` is its id, or ``default``.

    ``digest`` is the SHA-256 of all that changes the output. ``password_field``
    is the field whose text is the password.
    """

    name: str
    digest: str
    templates: Mapping[Role, T]
    layout: Layout
    mapping: StatementMapping
    options: RenderOptions
    password_field: str | None

    def paginate(self, statement: Statement) -> tuple[MappedStatement, list[PageInputs]]:
        """Return a statement's texts and its pages; PermanentError rather than lose a row."""
        mapped = map_statement(statement, self.mapping)
        return mapped, paginate_statement(mapped, self.layout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Library(Generic[T]):
    """All templates: the default, and those of organisations that have their own."""

    default: LibraryEntry[T]
    organisations: Mapping[str, LibraryEntry[T]]
    fonts: Mapping[str, FontFile]
    fallback_fonts: tuple[str, ...]

    def choose(self, org_id: str) -> LibraryEntry[T]:
        """Return the entry for an organisation, the default one for those that have none."""
        return self.organisations.get(org_id, self.default)

    @property
    def warnings(self) -> list[str]:
        """What is odd about the templates, but does not stop them."""
        entries = [self.default, *self.organisations.values()]
        return list(dict.fromkeys(line for entry in entries for line in entry.layout.warnings))


def load_library(
    folder: Path | None,
    read: Callable[[bytes, str], T],
    *,
    built_in: Path = BUILT_IN_TEMPLATE,
    spec: LibrarySpec | None = None,
    fonts: Mapping[str, bytes] | None = None,
) -> Library[T]:
    """Read ``templates.yaml`` and all it names; without a folder there is the built-in template only.

    ``read`` makes a template of a file's bytes and name. A ``spec`` is taken instead of ``templates.yaml``,
    and ``fonts`` come before those of the same names. TemplateError lists every problem with file, key and
    fix.
    """
    files = _Files(folder, read)
    if spec is None:
        spec = read_library_spec(folder)
    loader = _Loader(spec, files, built_in)
    loader.fonts |= {
        name: FontFile(content=content, digest=_digest(content)) for name, content in (fonts or {}).items()
    }
    default = loader.load("default", "default", spec.default)
    own = {
        org_id: loader.load(org_id, f"organisations.{org_id}", entry)
        for org_id, entry in spec.organisations.items()
    }
    if files.problems or default is None:
        raise TemplateError(list(dict.fromkeys(files.problems)))
    return Library(
        default=default,
        organisations={org_id: entry for org_id, entry in own.items() if entry},
        fonts=loader.fonts,
        fallback_fonts=spec.fallback_fonts,
    )


def read_library_spec(folder: Path | None) -> LibrarySpec:
    """Read ``templates.yaml`` alone; TemplateError lists every problem with key and fix."""
    if folder is None:
        return LibrarySpec()
    path = folder / LIBRARY_FILE
    try:
        with path.open("rb") as file:
            content = file.read(MAX_YAML_BYTES + 1)
    except OSError as exc:
        reason = exc.strerror or "cannot be read"
        raise TemplateError([f"{path}: {reason}; add it, or name no templates folder"]) from None
    return read_yaml(content, LIBRARY_FILE, LibrarySpec)


class _Files(Generic[T]):
    """The folder's files, each read once; what is wrong with them is collected."""

    def __init__(self, folder: Path | None, read: Callable[[bytes, str], T]) -> None:
        self._root = folder.resolve() if folder else None
        self._read = read
        self._templates: dict[Path, _TemplateFile[T] | None] = {}
        self.problems: list[str] = []

    def read_template(self, name: str, key: str) -> "_TemplateFile[T] | None":
        path = self._find(name, key)
        return self.read_path(path, name) if path else None

    def read_path(self, path: Path, name: str) -> "_TemplateFile[T] | None":
        if path not in self._templates:
            content = self._load(path, name, MAX_TEMPLATE_BYTES)
            self._templates[path] = None if content is None else self._parse(content, name)
        return self._templates[path]

    def read_font(self, name: str, key: str) -> FontFile | None:
        path = self._find(name, key)
        content = path and self._load(path, name, MAX_FONT_BYTES)
        return FontFile(content=content, digest=sha256(content).hexdigest()) if content else None

    def _parse(self, content: bytes, name: str) -> "_TemplateFile[T] | None":
        try:
            template = self._read(content, name)
        except TemplateError as exc:
            self.problems += exc.problems
            return None
        # The picture of a page says nothing of names.
        return _TemplateFile(template=template, text=_LONG_BASE64.sub(b"", content), digest=_digest(content))

    def _find(self, name: str, key: str) -> Path | None:
        """Return a file's place; None, and a problem, for one that is not inside of the folder."""
        if self._root is None:
            return None
        try:
            path = (self._root / name).resolve(strict=True)
        except (OSError, RuntimeError):
            close = suggest(name, self._list_names())
            self.problems.append(f"{LIBRARY_FILE}: {key}: {name} is not there{close or '; add it'}")
            return None
        if not path.is_relative_to(self._root):
            self.problems.append(f"{LIBRARY_FILE}: {key}: {name} leads out of the folder; copy it into it")
            return None
        if not path.is_file():
            self.problems.append(f"{LIBRARY_FILE}: {key}: {name} is no file; name one")
            return None
        return path

    def _list_names(self) -> list[str]:
        found = islice(self._root.iterdir(), _MAX_LISTED) if self._root else ()
        return [path.name for path in found]

    def _load(self, path: Path, name: str, most: int) -> bytes | None:
        try:
            with path.open("rb") as file:
                content = file.read(most + 1)
        except OSError as exc:
            self.problems.append(f"{name}: {exc.strerror}; make it readable")
            return None
        if len(content) > most or not content:
            size = f"larger than {most // 1_000_000} MB" if content else "empty"
            self.problems.append(f"{name}: is {size}; replace it")
            return None
        return content


@dataclass(frozen=True, slots=True, kw_only=True)
class _TemplateFile(Generic[T]):
    """A template with its file's digest, and its text to look for names in."""

    template: T
    text: bytes
    digest: str


class _Loader(Generic[T]):
    """Makes entries of what ``templates.yaml`` says of them."""

    def __init__(self, spec: LibrarySpec, files: _Files[T], built_in: Path) -> None:
        self._spec, self._files, self._built_in = spec, files, built_in
        fonts = {name: files.read_font(file, f"fonts.{name}") for name, file in spec.fonts.items()}
        self.fonts = {name: font for name, font in fonts.items() if font}
        self._base = _add_prefixes(load_shipped_mapping(), spec.prefixes)
        self._plans: dict[object, tuple[Layout, frozenset[str]]] = {}

    def load(self, name: str, key: str, entry: EntrySpec) -> LibraryEntry[T] | None:
        """Return an entry, None when a problem was noted."""
        files, mapping = self._read_files(key, entry), self._merge(key, entry)
        if files is None or mapping is None:
            return None
        try:
            return self._make(name, entry, files, mapping)
        except TemplateError as exc:
            self._files.problems += [f"{LIBRARY_FILE}: {key}: {problem}" for problem in exc.problems]
        except ValueError as exc:
            self._files.problems += [
                join_place(f"{LIBRARY_FILE}: {key}", line) for line in str(exc).splitlines()
            ]
        return None

    def _merge(self, key: str, entry: EntrySpec) -> MappingSpec | None:
        if not (entry.mapping.fields or entry.mapping.rows):
            return self._base
        try:
            return merge_mapping(self._base, entry.mapping)
        except ValueError as exc:
            self._files.problems += [f"{LIBRARY_FILE}: {key}.mapping{line}" for line in str(exc).splitlines()]
            return None

    def _read_files(self, key: str, entry: EntrySpec) -> "dict[Role, _TemplateFile[T]] | None":
        named = entry.files or self._spec.default.files
        if not named:
            built_in = self._files.read_path(self._built_in, self._built_in.name)
            return {"template": built_in} if built_in else None
        found = {role: self._files.read_template(file, f"{key}.{role}") for role, file in named.items()}
        read = {role: file for role, file in found.items() if file}
        return read if len(read) == len(found) else None

    def _make(
        self, name: str, entry: EntrySpec, files: "dict[Role, _TemplateFile[T]]", mapping: MappingSpec
    ) -> LibraryEntry[T]:
        layout, used = self._plan(files, mapping, ignore_rows=entry.ignore_rows)
        style, password = self._style(entry), _find_password(entry, mapping)
        wanted = used | {password or ""}
        return LibraryEntry(
            name=name,
            digest=self._sum_up(entry, files, mapping, style),
            templates={role: file.template for role, file in files.items()},
            layout=layout,
            mapping=compile_mapping(mapping, style, wants=wanted.__contains__, row_fields=layout.row_fields),
            options=RenderOptions(**{key: getattr(entry, key) for key in RenderOptions.model_fields}),
            password_field=password,
        )

    def _plan(
        self, files: "dict[Role, _TemplateFile[T]]", mapping: MappingSpec, *, ignore_rows: bool
    ) -> tuple[Layout, frozenset[str]]:
        """Return the pages of templates, and the fields that any of them names anywhere.

        Most organisations change nothing of the mapping, and then share this with others.
        """
        key = (tuple((role, file.digest) for role, file in files.items()), ignore_rows)
        if mapping is self._base and key in self._plans:
            return self._plans[key]
        templates = {role: file.template for role, file in files.items()}
        layout = plan_pages(
            templates["template"],
            mapping,
            continuation=templates.get("continuation"),
            last=templates.get("last"),
            single=templates.get("single"),
            ignore_rows=ignore_rows,
        )
        texts = [file.text for file in files.values()]
        found = {name for name in mapping.fields if any(name.encode() in text for text in texts)}
        plan = layout, layout.names | found
        if mapping is self._base:
            self._plans[key] = plan
        return plan

    def _style(self, entry: EntrySpec) -> Style:
        is_built_in = not (entry.files or self._spec.default.files)
        amounts = entry.amounts or (_BUILT_IN_AMOUNTS if is_built_in else AmountStyle())
        return Style(dates=entry.dates, amounts=amounts, language=entry.language, title=entry.title)

    def _sum_up(
        self, entry: EntrySpec, files: "dict[Role, _TemplateFile[T]]", mapping: MappingSpec, style: Style
    ) -> str:
        """Return the digest of all that changes the output, which is written in one way only."""
        parts = {
            "layout": LAYOUT_VERSION,
            "templates": {role: file.digest for role, file in files.items()},
            "entry": entry.model_dump(mode="json", exclude={*_ROLES, "mapping", "amounts"}),
            "amounts": style.amounts.model_dump(mode="json"),
            "fields": mapping.model_dump(mode="json", include={"fields"}),
            # The order of a row's fields is that of a table's columns.
            "rows": [
                [
                    prefix,
                    rows.source,
                    [[name, each.model_dump(mode="json")] for name, each in rows.fields.items()],
                ]
                for prefix, rows in sorted(mapping.rows.items())
            ],
            "fonts": {name: font.digest for name, font in self.fonts.items()},
            "fallback_fonts": self._spec.fallback_fonts,
        }
        return _digest(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode())


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def _add_prefixes(mapping: MappingSpec, prefixes: Iterable[str]) -> MappingSpec:
    rows = {prefix: mapping.rows[TABLE_ROWS] for prefix in prefixes if prefix not in mapping.rows}
    return MappingSpec(fields=mapping.fields, rows={**mapping.rows, **rows})


def _find_password(entry: EntrySpec, mapping: MappingSpec) -> str | None:
    """Return the field whose text is the password; ValueError for one that is not known."""
    if entry.password is None:
        return None
    name = entry.password.field
    extra = name_extra(name)
    if extra is None and name not in mapping.fields:
        hint = suggest(name, mapping.fields)
        raise ValueError(f".password.field: {name[:40]} is no field{hint}, or extra.NAME for a profile's own")
    return extra or name
