"""Templates and inputs that mean harm, and a process of little memory that renders them and tells of each.

Not here: what must come of them (test_hostile.py).

``python -m pdfme_dagster_tests.rendering.hostile`` prints JSON lines: the name of each case, and once more
with what came of it and what it touched beyond the interpreter's and the package's own files.
"""

import json
import resource
import struct
import sys
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pdfme_dagster
from pdfme_dagster.errors import PermanentError, TemplateError
from pdfme_dagster.rendering.details import Details
from pdfme_dagster.rendering.inputs import read_inputs
from pdfme_dagster.rendering.preview import draw_preview
from pdfme_dagster.templates.reading import read_template
from pdfme_dagster_tests.rendering.pdf_checks import check_structure
from pdfme_dagster_tests.rendering.renderers import make_field, make_renderer, make_text

MEMORY_BYTES = 3 * 1024**3  # of addresses; the interpreter and its libraries take a third
_BLANK = {"width": 210, "height": 297, "padding": [10, 10, 10, 10]}


@dataclass(frozen=True)
class Case:
    """A template and inputs as they stand in their files; both are made when their turn comes."""

    template: Callable[[], bytes]
    inputs: Callable[[], bytes] = lambda: b"[{}]"


def _write(*fields: Mapping[str, Any], base: object = None, pages: int = 1) -> bytes:
    return json.dumps({"basePdf": base or _BLANK, "schemas": [list(fields)] * pages}).encode()


def _fixed(kind: str, content: str, **more: Any) -> bytes:
    return _write(make_field(kind, "field", 10, 10, readOnly=True, content=content, **more))


def _values(kind: str, value: object, **more: Any) -> Case:
    return Case(lambda: _write(make_field(kind, "field", 10, 10, **more)), lambda: _encode({"field": value}))


def _encode(value: object) -> bytes:
    return json.dumps([value]).encode()


def _replace_number(text: str) -> Callable[[], bytes]:
    return lambda: _write(make_text("field", 12345, 10)).replace(b"12345", text.encode())


def _make_png(width: int, height: int, packed: bytes) -> str:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return "data:image/png;base64," + b64encode(content).decode()


def _make_pdf(pages: int = 1, *, data: bytes = b"", loop: bool = False) -> str:
    """Return a PDF with one page, listed as often as asked, or whose tree of pages holds itself."""
    kids = "2 0 R" if loop else " ".join(["3 0 R"] * pages)
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {pages}/Kids[{kids}]>>".encode(),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 4 0 R>>",
        b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(data), data),
    ]
    content, places = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, start=1):
        places.append(len(content))
        content += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 5\n0000000000 65535 f \n%strailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
    content += end % (table, len(content))
    return "data:application/pdf;base64," + b64encode(content).decode()


def _on_pdf(**made: Any) -> Case:
    return Case(lambda: _write(make_text("field", 10, 10), base=_make_pdf(**made)))


def _svg(body: str, head: str = "") -> Case:
    size = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9"'
    return Case(lambda: _fixed("svg", f"{head}<svg {size}>{body}</svg>"))


def _set_text(value: str = "word " * 2_000, **more: Any) -> Case:
    """Return a text whose field has odd properties."""
    return Case(lambda: _write(make_text("field", 10, 10) | more), lambda: _encode({"field": value}))


def _make_static_fields() -> bytes:
    fixed = [make_text(f"s{n}", 1, 1, readOnly=True, content="{currentPage}") for n in range(500)]
    table = make_field("table", "field", 10, 10, **_TABLE)
    return _write(table, base={"width": 99, "height": 30, "padding": [10, 10, 10, 10], "staticSchema": fixed})


def _use_often(number: int) -> str:
    return f'<g id="g{number}">' + f'<use href="#g{number + 1}"/>' * 10 + "</g>"


def _expression(body: str, value: str = "1") -> Case:
    return Case(lambda: _fixed("text", f"{{{body}}}", fontSize=9), lambda: _encode({"a": value}))


_TABLE = {"head": ["a"], "headWidthPercentages": [100], "showHead": True}
_LONG = "word " * 200_000
_MANY = [make_text(f"f{number}", 10, 10) for number in range(5_000)]
_LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))

REFUSED: dict[str, Case] = {
    "many pages": Case(lambda: _write(pages=100_000)),
    "many fields": Case(lambda: _write(*[make_text(f"f{n}", 1, 1) for n in range(100_000)])),
    "nested JSON": Case(lambda: b'{"basePdf":' + b"[" * 1_000_000),
    "nested inputs": Case(_write, lambda: b"[" * 1_000_000),
    "large file": Case(lambda: b" " * 100_000_000),
    "position NaN": Case(_replace_number("NaN")),
    "position Infinity": Case(_replace_number("-Infinity")),
    "position beyond numbers": Case(_replace_number("1e999")),
    "position far away": Case(_replace_number("1" + "0" * 300)),
    "digits without end": Case(_replace_number("1" * 1_000_000)),
    "size NaN in text": Case(lambda: _fixed("text", "a", fontSize="NaN")),
    "picture of 100 MB": Case(lambda: _fixed("image", "data:image/png;base64," + "A" * 140_000_000)),
    "picture of 100 MB as a value": Case(
        lambda: _write(make_field("image", "field", 10, 10)),
        lambda: _encode({"field": "data:image/png;base64," + "A" * 140_000_000}),
    ),
    "picture of 10^10 pixels": Case(lambda: _fixed("image", _make_png(100_000, 100_000, zlib.compress(b"")))),
    "picture on the network": Case(lambda: _fixed("image", "http://127.0.0.1:9/a.png")),
    "picture in a file": Case(lambda: _fixed("image", "file:///etc/hostname")),
    "base PDF on the network": Case(lambda: _write(base="https://127.0.0.1:9/a.pdf")),
    "base PDF in a file": Case(lambda: _write(base="/etc/hostname")),
    "base PDF of 100000 pages": _on_pdf(pages=100_000),
    "base PDF that unpacks to 400 MB": _on_pdf(data=zlib.compress(bytes(400_000_000), 9)),
    "base PDF that holds itself": _on_pdf(loop=True),
    "SVG with a picture on the network": _svg('<image xlink:href="http://127.0.0.1:9/a.png"/>'),
    "SVG with a picture in a file": _svg('<image href="file:///etc/hostname"/>'),
    "SVG with an entity in a file": _svg("&a;", '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/hostname">]>'),
    "SVG with a billion laughs": _svg("&l12;", f'<!DOCTYPE svg [<!ENTITY l0 "ha">{_LAUGHS}]>'),
    "SVG nested deep": _svg("<g>" * 50_000 + "</g>" * 50_000),
    "SVG of many elements": _svg("<rect/>" * 200_000),
    "expression nested deep": _expression("(" * 1_000 + "a" + ")" * 1_000),
    "expression of many characters": _expression("+".join(["a"] * 10_000)),
    "expression that reaches out": _expression("a.constructor.constructor('return process')()"),
    "expression that imports": _expression("require('fs').readFileSync('/etc/hostname')"),
    "name of no end": Case(lambda: _write(make_text("n" * 10_000_000, 10, 10))),
    "table of a million rows": _values("table", [["1"]] * 1_000_000, **_TABLE),
    "table of a row nested deep": _values("table", "[" * 500_000, **_TABLE),
    "list of a million items": _values("list", ["a"] * 1_000_000, fontSize=9),
    "text of 1 MB": _values("text", _LONG, fontSize=9),
    "text of 1 MB that grows": _values("text", _LONG, fontSize=9, overflow="expand"),
    "cell of 1 MB": _values("table", [[_LONG]], **_TABLE),
    "item of 1 MB": _values("list", [_LONG], fontSize=9),
    "variable of 1 MB a thousand times": Case(
        lambda: _write(make_field("multiVariableText", "f", 1, 1, text="{a}" * 1000, variables=["a"])),
        lambda: _encode({"f": json.dumps({"a": "b" * 100_000})}),
    ),
    "text of 1 MB of the template": Case(lambda: _fixed("text", _LONG, fontSize=9)),
    "texts of 30 MB": Case(
        lambda: _write(*_MANY), lambda: _encode({f"f{n}": _LONG[:6_000] for n in range(5_000)})
    ),
    "static fields on thousands of pages": Case(
        _make_static_fields, lambda: _encode({"field": [["1"]] * 5_000})
    ),
    "table of 50000 rows on small pages": Case(
        lambda: _make_static_fields().replace(b"static", b"no"), lambda: _encode({"field": [["1"]] * 50_000})
    ),
    "width below nothing": _set_text(width=-1),
    "height of 10^308": _set_text(height=1e308),
    "font of 10^6 points": _set_text(fontSize=1e6),
    "font of less than nothing": _set_text(fontSize=-9),
    "page of 10^6 mm": Case(lambda: _write(base={"width": 1e6, "height": 1e6, "padding": [0, 0, 0, 0]})),
    "thousands of placeholders": _expression("a} {" * 5_000 + "a"),
    "name of half a character": Case(lambda: _write(make_text("\ud800", 10, 10))),
    "date of the year 0": _values("date", "0000/01/01", fontSize=9),
    "date of a million digits": _values("date", "9" * 200_000, fontSize=9),
    "bars of a million characters": _values("code128", "1" * 1_000_000),
    "code of a million characters": _values("qrcode", "1" * 1_000_000),
    "PDF417 of a million characters": _values("pdf417", "1" * 1_000_000),
    "a million inputs": Case(_write, lambda: b"[" + b"{}," * 1_000_000 + b"{}]"),
}

DRAWN: dict[str, Case] = {
    "picture that unpacks to 400 MB": Case(
        lambda: _fixed("image", _make_png(100, 100, zlib.compress(bytes(400_000_000), 9)))
    ),
    "SVG that uses itself": _svg('<g id="a"><use href="#a"/></g>'),
    "SVG that uses a file": _svg('<use xlink:href="/etc/hostname#a"/>'),
    "expression with a dunder": _expression("a.__class__.__mro__"),
    "expression that repeats": _expression("a.repeat(1e9)"),
    "expression that pads": _expression("a.padStart(1e9).padEnd(1e9)"),
    "long text": _values("text", _LONG[:200_000], fontSize=9),
    "long text that grows": _values("text", _LONG[:200_000], fontSize=9, overflow="expand"),
    "long text without a break": _values("text", "w" * 200_000, fontSize=9),
    "long cell": _values("table", [[_LONG[:200_000]]], **_TABLE),
    "long text to be sized": _values(
        "text", _LONG[:200_000], fontSize=9, dynamicFontSize={"min": 1, "max": 99, "fit": "vertical"}
    ),
    "text of marks": _values("text", "\u0301" * 100_000, fontSize=9),
    "text of brackets of both directions": _values("text", "(\u05d0[" * 50_000, fontSize=9),
    "text of surrogates and controls": _values("text", "\ud800\x00\u202e" * 10_000, fontSize=9),
    "stars in marked text": _values("text", "*" * 19_000, fontSize=9, textFormat="inline-markdown"),
    "names that name each other": Case(
        lambda: _write(
            make_text("a", 10, 10, readOnly=True, content="{b}"),
            make_text("b", 10, 20, readOnly=True, content="{a}"),
        )
    ),
    "table of 50000 rows": _values("table", [["1"]] * 50_000, **_TABLE),
    "5000 fields": Case(lambda: _write(*_MANY), lambda: _encode({f"f{n}": "text" for n in range(5_000)})),
    "5000 names in a ring": Case(
        lambda: _write(
            *[
                make_text(f"f{n}", 1, 1, readOnly=True, content=f"{{f{(n + 1) % 5_000}}}")
                for n in range(5_000)
            ]
        )
    ),
    "text in a box of no width": _set_text(width=0),
    "text in a box of no height": _set_text(height=0),
    "text of 0 points": _set_text(fontSize=0),
    "text of lines of no height": _set_text(lineHeight=0),
    "letters on top of each other": _set_text(characterSpacing=-999),
    "long text in a small box": _set_text(
        _LONG[:200_000], width=0.1, dynamicFontSize={"min": 0, "max": 1_000}
    ),
    "marks of direction": _set_text("\u202e\u05d0\u2066a" * 20_000),
    "names of paths and quotes": Case(
        lambda: _write(
            *[make_text(name, 1, 1) for name in ("../../etc", "/", "a\"b'c", "(\\)", "__proto__", "\0")]
        ),
        lambda: _encode({"../../etc": "a", "__proto__": "b", "(\\)": "c", "\0": "d"}),
    ),
    "keys that come twice": Case(
        lambda: _write(make_text("a", 1, 1)).replace(b'"schemas"', b'"schemas": 1, "schemas"'),
        lambda: b'[{"a": "1", "a": "2"}]',
    ),
    "date of the year 9999": _values("date", "9999/12/31", fontSize=9),
    "SVG that uses parts 10^9 times": _svg("".join(map(_use_often, range(9))) + '<rect id="g9"/>'),
    "value that looks like an expression": _values("text", "{field}{require('fs')}", fontSize=9),
    "value that looks like PDF": _values("text", ") Tj ET endstream endobj (", fontSize=9),
}


def run(case: Case) -> str:
    """Return what came of a case: ``drawn``, or the first line of what it was refused with."""
    try:
        template = read_template(case.template(), "hostile.json")
        renderer = make_renderer(template)
        content = renderer.render_inputs(read_inputs(case.inputs(), "inputs.json"), Details()).content
    except (TemplateError, PermanentError) as exc:
        return f"refused: {exc}"
    check_structure(content)
    draw_preview(content, dpi=20)
    return "drawn"


def _tell(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run every case and print a line for each."""
    run(Case(lambda: _fixed("text", "{1 + 1}", fontSize=9)))  # imports and fonts are loaded
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    homes = (Path(sys.prefix), Path(sys.base_prefix), Path(pdfme_dagster.__file__).parent)
    own = tuple(str(home.resolve()) for home in homes)
    touched: list[str] = []

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and not str(Path(str(arguments[0])).resolve()).startswith(own):
            touched.append(f"{event} {arguments[0]}")
        if event.startswith(("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "urllib.")):
            touched.append(event)

    sys.addaudithook(watch)
    for name, case in (REFUSED | DRAWN).items():
        touched.clear()
        _tell(name=name)
        try:
            outcome = run(case)
        except Exception as exc:  # what an operator would see as a crash
            outcome = f"crashed: {exc!r}"
        _tell(name=name, outcome=outcome[:20_000], touched=touched)


if __name__ == "__main__":
    main()
