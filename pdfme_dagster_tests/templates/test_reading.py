"""Template files of any version are read alike, and what is wrong with one is told all at once."""

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdfme_dagster.errors import TemplateError
from pdfme_dagster.templates import reading
from pdfme_dagster.templates.reading import MAX_FIELDS, MAX_PAGES, MAX_PROBLEMS, read_partly, read_template
from pdfme_dagster.templates.schema import FIELD_TYPES, BlankPage, Template

BLANK = {"width": 210, "height": 297, "padding": [10, 10, 10, 10]}
BOX = {"position": {"x": 1, "y": 2}, "width": 30, "height": 4}
TYPES = ", ".join(FIELD_TYPES)
AGAIN = "export it again from the designer"
PROPERTIES = [
    *("position", "width", "height", "rotate", "opacity", "content", "fontSize", "fontColor", "padding"),
    *("borderWidth", "dynamicFontSize", "head", "headWidthPercentages", "headStyles", "columnStyles"),
    *("variables", "text", "format", "color"),
]


def make_field(name: str, kind: str = "text", **properties: object) -> dict[str, Any]:
    return {"name": name, "type": kind, **BOX, **properties}


def write(pages: object, base: object = BLANK, **more: object) -> bytes:
    return json.dumps({"basePdf": base, "schemas": pages, **more}).encode()


def read(pages: object, base: object = BLANK) -> Template:
    return read_template(write(pages, base), "card.json")


def list_problems(content: bytes) -> list[str]:
    with pytest.raises(TemplateError) as raised:
        read_template(content, "card.json")
    assert str(raised.value) == "\n".join(raised.value.problems)
    return [problem.removeprefix("card.json: ") for problem in raised.value.problems]


def test_a_page_is_a_list_of_fields_or_an_object_by_name_whatever_the_version() -> None:
    listed = [[make_field("b"), make_field("a", content="x")]]
    named = [{field["name"]: {**field, "name": "passed over"} for field in listed[0]}]
    assert read(listed).pages == read(named).pages
    assert [field.name for field in read(named).pages[0]] == ["b", "a"]
    older = read_template(write(named, pdfmeVersion="6.1.13"), "card.json")
    assert older.pages == read(named).pages


def test_of_fields_with_one_name_the_first_is_drawn() -> None:
    page = [make_field("a", content="first"), make_field("b"), make_field("a", "no such type")]
    assert [(field.name, field.content) for field in read([page]).pages[0]] == [("a", "first"), ("b", "")]


def test_pages_may_have_fields_of_one_name() -> None:
    assert len(read([[make_field("a")], [make_field("a")]]).pages) == 2


def test_a_blank_page_brings_its_static_fields_in_both_shapes() -> None:
    fields = [make_field("line", "line")]
    listed = read([[]], {**BLANK, "staticSchema": fields})
    named = read([[]], {**BLANK, "staticSchema": {"line": fields[0]}})
    assert listed.static_fields == named.static_fields
    assert isinstance(listed.base, BlankPage)
    assert [field.type for field in listed.static_fields] == ["line"]


def test_a_base_pdf_comes_as_its_bytes() -> None:
    assert read([[]], "data:application/pdf;base64,JVBERi0=").base == b"%PDF-"


def test_the_digest_is_that_of_the_file() -> None:
    content = write([[]])
    assert read_template(content, "card.json").digest == sha256(content).hexdigest()
    assert read_template(content, "card.json").name == "card.json"


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read_template(b"\xef\xbb\xbf" + write([[]]), "card.json").pages == ((),)


# --- Files of which nothing can be read ---


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            b"",
            f"is no JSON in UTF-8: Expecting value: line 1 column 1 (char 0); {AGAIN}",
        ),
        (
            b'{"a": NaN}',
            "is no JSON in UTF-8: NaN is no number of JSON; export it again from the designer",
        ),
        (
            b'{"a": -Infinity}',
            "is no JSON in UTF-8: -Infinity is no number of JSON; export it again from the designer",
        ),
        (
            b"\xff\xfe{",
            (
                "is no JSON in UTF-8: 'utf-8' codec can't decode byte 0xff in position 0: "
                f"invalid start byte; {AGAIN}"
            ),
        ),
        (b"[" * 100_000, "is no JSON in UTF-8: nested too deep; export it again from the designer"),
        (b"[1]", 'is no template: must be an object with "basePdf" and "schemas"'),
        (b'"basePdf"', 'is no template: must be an object with "basePdf" and "schemas"'),
    ],
    ids=["empty", "nan", "infinity", "utf-16", "deep", "list", "text"],
)
def test_what_is_no_json_object_is_refused_at_once(content: bytes, problem: str) -> None:
    assert list_problems(content) == [problem]


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    [problem] = list_problems(b'{"basePdf": %s}' % (b"9" * 5000))
    assert problem.startswith("is no JSON in UTF-8: Exceeds the limit")


def test_a_file_that_is_too_large_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_TEMPLATE_BYTES", 5_000_000)
    assert list_problems(b"[" * 5_000_001) == ["is larger than 5 MB; use a smaller basePdf"]


# --- Files of which something is wrong ---


@pytest.mark.parametrize(
    ("base", "problem"),
    [
        (None, "is missing; give a blank page's width, height and padding, or a PDF in base64"),
        (5, "is missing; give a blank page's width, height and padding, or a PDF in base64"),
        (
            "https://example.com/base.pdf",
            '"https://example.com/base.pdf" is no PDF in base64; addresses are never fetched, embed the PDF',
        ),
        (
            "file:///etc/hostname",
            '"file:///etc/hostname" is no PDF in base64; addresses are never fetched, embed the PDF',
        ),
        ("data:application/pdf;base64,JVBER", "its base64 is damaged; export the template again"),
        ("data:application/pdf;base64,JV BE", "its base64 is damaged; export the template again"),
        ("data:application/pdf;base64,ÄÖÜß", "its base64 is damaged; export the template again"),
        ("data:application/pdf;base64,", "its base64 is empty; export the template again"),
    ],
)
def test_a_base_is_a_blank_page_or_a_pdf_in_base64(base: object, problem: str) -> None:
    assert list_problems(write([[]], base)) == [f"basePdf: {problem}"]


def test_a_blank_page_needs_sizes() -> None:
    assert list_problems(write([[]], {"width": "wide", "padding": [1, 2, 3]})) == [
        'basePdf: width: must be a valid number, unable to parse string as a number, not "wide"',
        "basePdf: height: is missing; add it",
        "basePdf: padding.3: is missing; add it",
    ]
    assert list_problems(write([[]], {**BLANK, "padding": [200, 0, 97, 0]})) == [
        "basePdf: padding leaves no room between top and bottom; make it smaller"
    ]


@pytest.mark.parametrize("pages", [None, [], {}, "text", 5])
def test_schemas_are_pages(pages: object) -> None:
    problem = "schemas: must be a list of one page or more; export the template again"
    assert list_problems(write(pages)) == [problem]


def test_there_are_bounds_for_pages_and_fields() -> None:
    assert list_problems(write([[]] * (MAX_PAGES + 1))) == [
        f"schemas: has {MAX_PAGES + 1} pages, more than {MAX_PAGES}; split the template"
    ]
    assert list_problems(write([[], [0] * (MAX_FIELDS + 1)])) == [
        f"page 2: has {MAX_FIELDS + 1} fields, more than {MAX_FIELDS}; split the page"
    ]
    assert list_problems(write([[]], {**BLANK, "staticSchema": [0] * (MAX_FIELDS + 1)})) == [
        f"basePdf.staticSchema: has {MAX_FIELDS + 1} fields, more than {MAX_FIELDS}; split the page"
    ]


@pytest.mark.parametrize("page", [None, 5, "text"])
def test_a_page_is_a_list_or_an_object(page: object) -> None:
    problem = "page 1: must be a list of fields or an object by name; export the template again"
    assert list_problems(write([page])) == [problem]


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ("text", 'page 1, field 1: must be an object, not "text"'),
        ([[]], "page 1, field 1: must be an object, not [[]]"),
        (None, "page 1, field 1: must be an object, not None"),
        (
            make_field("a", "txt"),
            f'page 1, field "a": type "txt" is not known; use one of text (did you mean that?), {TYPES}',
        ),
        (make_field("a", "blob"), f'page 1, field "a": type "blob" is not known; use one of {TYPES}'),
        ({"name": "a"}, f'page 1, field "a": type None is not known; use one of {TYPES}'),
        (make_field("a", width=-1), 'page 1, field "a": width: must be greater than or equal to 0, not -1'),
        (
            make_field("a", fontColor="red"),
            'page 1, field "a": fontColor: must be a colour like #1a2b3c, not "red"',
        ),
        (
            make_field("a", alignment="up"),
            "page 1, field \"a\": alignment: must be 'left', 'center', 'right' or 'justify', not \"up\"",
        ),
        (make_field("a", content=5), 'page 1, field "a": content: must be a valid string, not 5'),
        (
            make_field("a", "table", head=["A"], headWidthPercentages=[]),
            'page 1, field "a": 1 columns in head, 0 in headWidthPercentages; give each column both',
        ),
        ({"type": "text", **BOX}, "page 1, field 1: name: is missing; add it"),
        ({"type": "text", "name": 5, **BOX}, "page 1, field 1: name: must be a valid string, not 5"),
    ],
)
def test_a_field_is_refused_with_its_place_the_value_and_what_it_must_be(field: object, problem: str) -> None:
    assert list_problems(write([[field]])) == [problem]


def test_all_problems_are_told_in_the_order_of_the_file() -> None:
    pages = [[make_field("a", opacity=2), make_field("b", "blob")], {"c": {"type": "line"}}]
    base = {**BLANK, "width": 0, "staticSchema": [7]}
    assert [problem.split(": ")[0] for problem in list_problems(write(pages, base))] == [
        "basePdf.staticSchema, field 1",
        "basePdf",
        'page 1, field "a"',
        'page 1, field "b"',
        *['page 2, field "c"'] * 3,
    ]


def test_what_can_be_read_is_there_for_further_checks() -> None:
    template, problems = read_partly(write([[make_field("a"), make_field("b", "blob")]], 5), "card.json")
    assert [field.name for field in template.pages[0]] == ["a"]
    assert isinstance(template.base, BlankPage)
    assert len(problems) == 2


# --- Hostile files ---


def test_large_values_are_shown_by_their_beginning() -> None:
    long = "x" * 10**6
    problems = list_problems(
        write(
            [
                [
                    make_field(long, long),
                    make_field("a", position=[[0] * 10**5] * 3),
                    make_field(
                        "b", "table", head=[], headWidthPercentages=[], columnStyles={"alignment": {long: 1}}
                    ),
                ]
            ],
            long,
        )
    )
    assert len(problems) == 5
    assert max(map(len, problems)) < 600


def test_a_value_that_is_nested_deep_is_shown_by_its_beginning() -> None:
    deep = b"[" * 900 + b"]" * 900
    [problem] = list_problems(b'{"basePdf": %s, "schemas": [[%s]]}' % (json.dumps(BLANK).encode(), deep))
    assert problem == "page 1, field 1: must be an object, not [[[[...]]]]"


def test_half_a_character_can_be_told() -> None:
    problems = list_problems(write([[make_field("a\udc00", "\ud800")]], "\udfff"))
    assert "\n".join(problems).encode().decode().count("\\ud") == 3


def test_thousands_of_problems_are_cut_off() -> None:
    problems = list_problems(write([[{}] * MAX_FIELDS] * 20))
    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[-1] == "and more; repair these first"


def test_tens_of_thousands_of_bad_entries_are_one_problem() -> None:
    table = make_field("a", "table", head=[1] * 50_000, headWidthPercentages=[1])
    [problem] = list_problems(write([[table]]))
    assert problem.startswith(
        'page 1, field "a": head: has 50000 entries, more than 1000; remove some, not [1,'
    )


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([*FIELD_TYPES]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "type",
                    "position",
                    "x",
                    "y",
                    "width",
                    "height",
                    "padding",
                    "content",
                    "staticSchema",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


def read_anything(content: bytes) -> None:
    try:
        read_template(content, "card.json")
    except TemplateError as exc:
        refused = exc
    else:
        return
    assert refused.problems
    assert all(problem.startswith("card.json: ") for problem in refused.problems)
    str(refused).encode()


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise_anything_else(content: bytes) -> None:
    read_anything(content)


@given(JSON, JSON)
def test_no_json_makes_it_raise_anything_else(base: object, pages: object) -> None:
    read_anything(json.dumps({"basePdf": base, "schemas": pages}).encode())


@given(st.sampled_from(sorted(FIELD_TYPES)), st.dictionaries(st.sampled_from(PROPERTIES), JSON, max_size=5))
def test_no_property_makes_it_raise_anything_else(kind: str, properties: dict[str, object]) -> None:
    read_anything(write([[make_field("a", kind, head=[], headWidthPercentages=[]) | properties]]))
