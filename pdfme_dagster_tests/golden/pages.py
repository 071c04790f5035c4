"""Themes of whole templates: base PDFs, pages, inputs, static fields, expressions, dates, names.

Not here: what single fields look like (texts.py, figures.py).
"""

import json
from itertools import product

from pdfme_dagster_tests.golden.fields import (
    A6,
    Field,
    Theme,
    blank,
    field,
    fixed,
    frame,
    grid,
    make_theme,
    sides,
    text,
)
from pdfme_dagster_tests.golden.media import FormPage, form_content, write_pdf

LINK = (20, 60, 90, 14, "https://www.example.org/form")


def list_page_themes() -> list[Theme]:
    """Return the themes of this module."""
    return [
        _base_pdf(),
        _cropped_pdf(),
        _rotated_pdf(),
        _dict_style(),
        _several_pages(),
        _static_fields(),
        _several_inputs(),
        _names_and_inputs(),
        _expressions(),
        _calls(),
        _dates(),
        _languages(),
        _select(),
    ]


def _base_pdf() -> Theme:
    form = write_pdf(
        FormPage(media_box=(0, 0, 298, 420), content=form_content(298, 420, "First page"), links=(LINK,)),
        FormPage(media_box=(0, 0, 340, 300), content=form_content(340, 300, "Second page, landscape")),
    )
    first = [
        text("name", (10, 30, 60, 6), "On the first page"),
        fixed("page", (60, 130, 40, 6), "{currentPage}/{totalPages}"),
    ]
    second = [text("other", (10, 30, 60, 6), "On the second page", **frame())]
    third = [text("nowhere", (10, 30, 60, 6), "There is no third page")]
    return make_theme("base-pdf", "two pages of a base PDF of two sizes", first, second, third, base=form)


def _cropped_pdf() -> Theme:
    page = FormPage(
        media_box=(-20, -30, 400, 500),
        crop_box=(30, 40, 330, 460),
        content=f"1 0 0 1 30 40 cm {form_content(300, 420, 'Cropped')}",
        links=((50, 100, 90, 14, "https://www.example.org/crop"),),
    )
    fields = [
        text("corner", (0, 0, 40, 6), "In the corner", **frame()),
        text("low", (10, 140, 60, 6), "Near the bottom"),
    ]
    return make_theme(
        "base-pdf-cropped", "a base PDF whose visible part lies elsewhere", fields, base=write_pdf(page)
    )


def _rotated_pdf() -> Theme:
    page = FormPage(media_box=(0, 0, 300, 420), rotate=90, content=form_content(300, 420, "Rotated"))
    fields = [text("upright", (10, 30, 60, 6), "pdfme passes over the rotation", **frame())]
    return make_theme("base-pdf-rotated", "a base PDF that says it is turned", fields, base=write_pdf(page))


def _dict_style() -> Theme:
    def keyed(*fields: Field) -> dict[str, Field]:
        return {each.pop("name"): each for each in fields}

    first = keyed(
        text("name", (10, 10, 60, 6), "Fields by name"),
        text("sum", (10, 20, 60, 6), "12.500", alignment="right", **frame()),
        fixed("label", (10, 30, 60, 6), "Literal"),
    )
    second = keyed(
        text("name", (10, 10, 60, 6), "Fields by name"), text("2", (10, 20, 60, 6), "A name that is a number")
    )
    return make_theme(
        "dict-style", "pages as dictionaries, as pdfme 4 wrote them", first, second, base=blank(A6)
    )


def _several_pages() -> Theme:
    over = {"backgroundColor": "#fff2cc"}
    first = [
        text("one", (10, 10, 60, 10), "Drawn first", **over),
        text("two", (20, 14, 60, 10), "Over the first", backgroundColor="#d9ead3"),
        text("three", (30, 18, 60, 10), "Over both", backgroundColor="#cfe2f3"),
    ]
    second = [
        text("three", (10, 10, 60, 10), "", backgroundColor="#cfe2f3"),
        text("one", (20, 14, 60, 10), "", **over),
        text("only-here", (10, 30, 60, 6), "Only on the second page"),
    ]
    for each in second[:2]:
        each["content"] = {"three": "Over both", "one": "Drawn first"}[each["name"]]
    return make_theme(
        "several-pages", "template pages, an empty one, and draw order", first, second, [], base=blank(A6)
    )


def _static_fields() -> Theme:
    static = [
        fixed("page-number", (60, 138, 40, 5), "Page {currentPage} of {totalPages}", alignment="right"),
        field("line", "rule", (5, 136, 95, 0.4), color="#0b5394", readOnly=True),
        text("not-read-only", (5, 138, 50, 5), "Literal {currentPage}"),
        fixed("of-whom", (5, 3, 60, 5), "{name}"),
        field("rectangle", "band", (0, 0, 105, 2), color="#0b5394", readOnly=True),
    ]
    story = "\n".join(f"Paragraph {n} of a story that goes on." for n in range(1, 71))
    fields = [
        text("name", (5, 10, 60, 6), "Sample"),
        text("story", (5, 18, 95, 20), story, overflow="expand"),
    ]
    second = [text("end", (5, 20, 60, 6), "The second template page")]
    base = blank(A6, padding=10, static=static)
    return make_theme("static-fields", "fields of every page, page numbers", fields, second, base=base)


def _several_inputs() -> Theme:
    first = [text("name", (10, 10, 60, 6), ""), fixed("page", (60, 130, 40, 6), "{currentPage}/{totalPages}")]
    second = [
        text("note", (10, 10, 60, 30), "", **frame()),
        fixed("page", (60, 130, 40, 6), "{currentPage}/{totalPages}"),
    ]
    inputs = [
        {"name": "First customer", "note": "with a note"},
        {"name": "Second customer"},
        {"note": "No name", "unknown": "not drawn"},
    ]
    return make_theme(
        "several-inputs", "a document of three inputs", first, second, base=blank(A6), inputs=inputs
    )


def _names_and_inputs() -> Theme:
    fields = [
        text("same", (10, 10, 60, 6), "The first of a name is drawn", **frame()),
        text("same", (10, 20, 60, 6), "The second is not", **frame()),
        text("missing", (10, 30, 60, 6), "Content is no default", **frame()),
        fixed("literal", (10, 40, 60, 6), "Read-only takes no input", **frame()),
        text("Name with blanks, signs: äé", (10, 50, 60, 6), "", **frame()),
        text("__proto", (10, 60, 60, 6), "", **frame()),
        text("empty", (10, 70, 60, 6), "", **frame()),
        text("blank", (10, 80, 60, 6), "", **frame()),
        text("needed", (10, 90, 60, 6), "", required=True, **frame()),
        fixed("blank-content", (10, 100, 60, 6), "", **frame()),
    ]
    inputs = [
        {
            "same": "Same",
            "literal": "Not drawn",
            "Name with blanks, signs: äé": "Drawn",
            "__proto": "Also drawn",
            "empty": "",
            "blank": "   ",
            "needed": "Given",
        }
    ]
    return make_theme(
        "names-and-inputs", "double names, missing and empty inputs", fields, base=blank(A6), inputs=inputs
    )


def _expressions() -> Theme:
    wordings = (
        "{currentPage} of {totalPages}",
        "{first} {last}",
        "{amount} and {amount * 2} and {amount + 1}",
        "{Number(amount).toFixed(3)}",
        "{count > 3 ? 'many' : 'few'}",
        "{first + ' ' + last}",
        "{unknown} stays, {} too, {unclosed",
        "{missing || 'nothing'} {first && last} {!first}",
        "{card} {padded} {flag} {nothing}",
        "{order.city} {order.lines[1]} {order.sum - 0.5}",
        "{Math.round(2.5)} {Math.max(1, count, 3)} {Math.floor(-1.5)}",
        "{10 % 4} {2 + 3 * 4} {(2 + 3) * 4} {7 / 2} {1 / 3}",
        "{'a' < 'b'} {count === 7} {count != 7} {-count}",
        "{other} is another field, {label} too",
        "{String(count) + 1} {parseFloat('1.50')}",
        "{first.length} {1e21} {0.1 + 0.2} {1 / 0}",
    )
    boxes = grid(2, 61, 12)
    fields = [fixed(f"expression-{n}", next(boxes), words, **frame()) for n, words in enumerate(wordings)]
    fields += [
        fixed("other", next(boxes), "{count} rows", **frame()),
        fixed("label", next(boxes), "A label", **frame()),
        text("editable", next(boxes), "", **frame()),
    ]
    inputs = [
        {
            "first": "Sample",
            "last": "Customer",
            "amount": "12.50",
            "count": "7",
            "card": "5000 0000 0000 0015",
            "padded": "007",
            "flag": "true",
            "nothing": "null",
            "order": json.dumps({"city": "Harbour", "sum": 10, "lines": ["a", "b"]}),
            "editable": "{first} stays in an editable field",
        }
    ]
    return make_theme("expressions", "expressions in read-only fields", fields, inputs=inputs)


def _calls() -> Theme:
    wordings = (
        "{rows.reduce((sum, row) => sum + Number(row[1]), 0).toFixed(2)}",
        "{rows.map(row => row[0]).join(', ')}",
        "{rows.filter(row => row[1] > 2).length}",
        "{name.toUpperCase()} {name.slice(0, 3)}",
        "{[1, 2, 3].length} {({a: 1}).a}",
        "{Object.keys(order).join('-')} {JSON.stringify(order)}",
    )
    boxes = grid(1, 90, 12)
    fields = [fixed(f"call-{n}", next(boxes), words, **frame()) for n, words in enumerate(wordings)]
    inputs = [{"name": "Sample", "rows": '[["a","1.5"],["b","2.25"],["c","3"]]', "order": '{"x":1,"y":2}'}]
    return make_theme(
        "expression-calls", "arrow functions and methods", fields, base=blank(A6), inputs=inputs
    )


def _dates() -> Theme:
    day, hour, both = "2025/03/07", "09:05", "2025/12/31 23:59"
    patterns = {
        "date": (
            "yyyy/MM/dd",
            "dd.MM.yyyy",
            "d MMM yy",
            "EEEE, d MMMM yyyy",
            "EEE d/M",
            "d 'of' MMMM",
            "",
            "M-d-yyyy",
        ),
        "time": ("HH:mm", "h:mm a", "hh.mm", ""),
        "dateTime": ("yyyy-MM-dd HH:mm", "d MMM yyyy, h:mm a", "", "EEEE HH'h'mm"),
    }
    values = {"date": day, "time": hour, "dateTime": both}
    boxes = grid(3, 40, 8)
    fields = [
        _date(kind, f"{kind}-{n}", next(boxes), values[kind], format=pattern)
        for kind, listed in patterns.items()
        for n, pattern in enumerate(listed)
    ]
    fields += [
        _date(
            "date",
            "aligned",
            next(boxes),
            day,
            format="dd MMM",
            alignment="right",
            lineHeight=2,
            verticalAlignment="top",
        ),
        _date("date", "empty", next(boxes), "", format="dd MMM"),
        _date(
            "date", "boxed", next(boxes), day, format="dd MMM", padding=sides(2), backgroundColor="#fff2cc"
        ),
    ]
    return make_theme("dates", "dates and times by pattern", fields)


def _languages() -> Theme:
    languages = ("de", "fr", "es", "it", "pl", "ru")
    days = ("2025/03/07", "2025/08/23")
    fields = [
        _date("date", f"{locale}-{n}", box, day, format="EEEE d MMMM yyyy", locale=locale)
        for (locale, (n, day)), box in zip(product(languages, enumerate(days)), grid(2, 60, 8), strict=False)
    ]
    return make_theme("dates-languages", "names of days and months in other languages", fields)


def _date(
    kind: str, name: str, box: tuple[float, float, float, float], value: str, **properties: object
) -> Field:
    return text(name, box, value, **{"type": kind, "locale": "en", **frame(), **properties})


def _select() -> Theme:
    options = ["Blue", "Green", "A longer choice that wraps"]
    boxes = grid(2, 40, 12)
    fields = [
        text(f"chosen-{n}", next(boxes), value, type="select", options=options, **frame())
        for n, value in enumerate((*options, "", "Not an option"))
    ]
    looks: list[Field] = [
        {"alignment": "right", "verticalAlignment": "bottom", "underline": True},
        {"rotate": 20, "opacity": 0.5},
        {"readOnly": True},
    ]
    fields += [
        text(f"look-{n}", next(boxes), "Blue", type="select", options=options, **look)
        for n, look in enumerate(looks)
    ]
    return make_theme("select", "one of several values, drawn as text", fields, base=blank(A6))
