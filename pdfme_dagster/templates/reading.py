"""Reads a template file as pdfme's designer exports it, of any version, and lists all that is wrong with it.

Not here: what needs fonts or pictures to be told (rendering/), nor where files are (library.py).

The shape decides, not ``pdfmeVersion``: a page is a list of fields (since version 5) or a dictionary by name.
"""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from hashlib import sha256
from reprlib import Repr
from typing import Any

from pydantic import ValidationError

from pdfme_dagster.errors import TemplateError
from pdfme_dagster.templates.schema import FIELD_TYPES, BlankPage, Template, TemplateField

# A base PDF of 50 MB in base64, and fields beside it.
MAX_TEMPLATE_BYTES = 70_000_000
MAX_PAGES = 200
# pdfme's largest gallery templates have some 600 on a page.
MAX_FIELDS = 5_000
_PDF_PREFIX = "data:application/pdf;base64,"
# More help nobody; a file of some megabytes may have hundreds of thousands.
MAX_PROBLEMS = 1_000
_SHOWN_CHARACTERS = 40
# Stands for one that cannot be read while the rest is checked.
_ANY_PAGE = BlankPage(width=210, height=297, padding=(0, 0, 0, 0))


def read_template(content: bytes, name: str) -> Template:
    """Read a template; ``name`` stands in errors. TemplateError lists every problem with field and fix."""
    template, problems = read_partly(content, name)
    if problems:
        raise TemplateError(problems)
    return template


def read_partly(content: bytes, name: str) -> tuple[Template, list[str]]:
    """Return what of a template can be read, for further checks, and what is wrong with the rest.

    TemplateError for a file of which nothing can be read.
    """
    raw = _read_json(content, name)
    problems: list[str] = []
    base = _read_base(raw.get("basePdf"), problems)
    pages = tuple(_read_pages(raw.get("schemas"), problems))
    template = Template(name=name, digest=sha256(content).hexdigest(), base=base or _ANY_PAGE, pages=pages)
    shown = [f"{name}: {problem}" for problem in problems[:MAX_PROBLEMS]]
    if len(problems) > MAX_PROBLEMS:
        shown.append(f"{name}: and more; repair these first")
    return template, shown


def _read_json(content: bytes, name: str) -> Mapping[str, Any]:
    if len(content) > MAX_TEMPLATE_BYTES:
        raise TemplateError(
            [f"{name}: is larger than {MAX_TEMPLATE_BYTES // 1_000_000} MB; use a smaller basePdf"]
        )
    try:
        raw = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:  # JSON and Unicode errors are ValueErrors
        reason = "nested too deep" if isinstance(exc, RecursionError) else str(exc).partition(";")[0]
        raise TemplateError(
            [f"{name}: is no JSON in UTF-8: {reason}; export it again from the designer"]
        ) from None
    if not isinstance(raw, dict):
        raise TemplateError([f'{name}: is no template: must be an object with "basePdf" and "schemas"'])
    return raw


def _refuse_constant(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")


def _read_base(raw: object, problems: list[str]) -> BlankPage | bytes:
    if isinstance(raw, dict):
        return _read_blank(raw, problems)
    if not isinstance(raw, str):
        problems.append(
            "basePdf: is missing; give a blank page's width, height and padding, or a PDF in base64"
        )
        return b""
    if not raw.startswith(_PDF_PREFIX):
        problems.append(
            f"basePdf: {_show(raw)} is no PDF in base64; addresses are never fetched, embed the PDF"
        )
        return b""
    try:
        content = b64decode(raw.removeprefix(_PDF_PREFIX), validate=True)
    except ValueError:  # damaged base64, or letters that are not even ASCII
        problems.append("basePdf: its base64 is damaged; export the template again")
        return b""
    if not content:
        problems.append("basePdf: its base64 is empty; export the template again")
    return content


def _read_blank(raw: Mapping[str, Any], problems: list[str]) -> BlankPage | bytes:
    fields = tuple(_read_fields(raw.get("staticSchema") or [], "basePdf.staticSchema", problems))
    try:
        page = BlankPage.model_validate({**raw, "staticSchema": ()})
    except ValidationError as exc:
        problems += [f"basePdf: {described}" for described in _describe_all(exc)]
        return b""
    return page.model_copy(update={"static_fields": fields})


def _read_pages(raw: object, problems: list[str]) -> Iterator[tuple[TemplateField, ...]]:
    if not isinstance(raw, list) or not raw:
        problems.append("schemas: must be a list of one page or more; export the template again")
        return
    if len(raw) > MAX_PAGES:
        problems.append(f"schemas: has {len(raw)} pages, more than {MAX_PAGES}; split the template")
        return
    for number, page in enumerate(raw, start=1):
        yield tuple(_read_fields(page, f"page {number}", problems))


def _read_fields(page: object, place: str, problems: list[str]) -> Iterator[TemplateField]:
    """Yield a page's fields; of fields with one name the first is drawn, as pdfme does."""
    if isinstance(page, dict):
        page = [{**field, "name": name} if isinstance(field, dict) else field for name, field in page.items()]
    if not isinstance(page, list):
        problems.append(f"{place}: must be a list of fields or an object by name; export the template again")
        return
    if len(page) > MAX_FIELDS:
        problems.append(f"{place}: has {len(page)} fields, more than {MAX_FIELDS}; split the page")
        return
    names: set[str] = set()
    for number, raw in enumerate(page, start=1):
        if len(problems) > MAX_PROBLEMS:
            return
        name = raw.get("name") if isinstance(raw, dict) else None
        if isinstance(name, str) and name in names:
            continue
        known = _show(name) if name and isinstance(name, str) else number
        field = _read_field(raw, f"{place}, field {known}", problems)
        if field is not None:
            names.add(field.name)
            yield field


def _read_field(raw: object, place: str, problems: list[str]) -> TemplateField | None:
    if not isinstance(raw, dict):
        problems.append(f"{place}: must be an object, not {_show(raw)}")
        return None
    kind = raw.get("type")
    model = FIELD_TYPES.get(kind) if isinstance(kind, str) else None
    if model is None:
        problems.append(f"{place}: type {_show(kind)} is not known; use one of {_list_types(kind)}")
        return None
    try:
        return model.model_validate(raw)  # type: ignore[return-value]  # the models are the union's members
    except ValidationError as exc:
        problems += [f"{place}: {described}" for described in _describe_all(exc)]
        return None


def _list_types(kind: object) -> str:
    close = get_close_matches(kind[:_SHOWN_CHARACTERS], FIELD_TYPES, n=1) if isinstance(kind, str) else []
    return f"{close[0]} (did you mean that?), {', '.join(FIELD_TYPES)}" if close else ", ".join(FIELD_TYPES)


def _describe_all(exc: ValidationError) -> Iterator[str]:
    """Write pydantic's errors as property, what it must be and what it is."""
    for error in exc.errors(include_url=False, include_context=False)[: MAX_PROBLEMS + 1]:
        key = ".".join(_shorten(str(part)) for part in error["loc"])
        message = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        if error["type"] == "missing":
            yield f"{key}: is missing; add it"
        elif error["type"] == "value_error":
            yield f"{key}: {message}, not {_show(error['input'])}" if key else message
        else:
            yield f"{key}: must be {message[0].lower()}{message[1:]}, not {_show(error['input'])}"


def _show(value: object) -> str:
    return _shorten(json.dumps(value, ensure_ascii=False) if isinstance(value, str) else _SHORT.repr(value))


def _shorten(text: str) -> str:
    """Cut a text to size; what no encoding has (half a character of UTF-16) is shown by its number."""
    shown = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
    return shown.encode("utf-8", "backslashreplace").decode("utf-8")


# However large or deep a value is, only its beginning is written.
_SHORT = Repr()
_SHORT.maxlevel, _SHORT.maxlist, _SHORT.maxdict, _SHORT.maxother = 3, 8, 8, _SHOWN_CHARACTERS
