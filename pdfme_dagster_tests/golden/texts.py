"""Themes of text that keeps its box: alignment, lines, boxes, sizes, wrapping, letters, markdown.

Not here: text that grows and pushes others down (expanding.py).
"""

from itertools import product

from pdfme_dagster_tests.golden.fields import (
    A6,
    Field,
    Theme,
    blank,
    fixed,
    frame,
    grid,
    make_theme,
    sides,
    text,
    variables,
)

ALIGNMENTS = ("left", "center", "right", "justify")
VERTICALS = ("top", "middle", "bottom")
SENTENCE = "The lighthouse keeper counts seven grey ships before breakfast and writes them down."
PARAGRAPHS = "First the short one.\nThen a second paragraph that needs more than a line.\nEnd."


def list_text_themes() -> list[Theme]:
    """Return the themes of this module."""
    return [
        _alignment(),
        _line_height(),
        _character_spacing(),
        _underline(),
        _rotation(),
        _opacity(),
        _box(),
        _grow_and_shrink(),
        _wrapping(),
        _paragraphs(),
        _letters(),
        _overflowing(),
        _fonts(),
        _markdown(),
        _markdown_variants(),
        _markdown_layout(),
        _variables(),
        _variables_read_only(),
    ]


def _alignment() -> Theme:
    combined = zip(product(VERTICALS, ALIGNMENTS), grid(4, 29, 30), strict=False)
    fields = [
        text(f"{v}-{a}", box, PARAGRAPHS, alignment=a, verticalAlignment=v, **frame())
        for (v, a), box in combined
    ]
    single = [
        text(f"one-{a}", box, "One line", alignment=a, **frame())
        for a, box in zip(ALIGNMENTS, grid(4, 29, 8, top=115), strict=False)
    ]
    return make_theme("text-alignment", "four alignments by three vertical ones", fields + single)


def _line_height() -> Theme:
    combined = zip(product((0, 0.8, 1, 1.5), VERTICALS), grid(3, 40, 28), strict=False)
    fields = [
        text(f"{lh}-{v}", box, SENTENCE, lineHeight=lh, verticalAlignment=v, **frame())
        for (lh, v), box in combined
    ]
    return make_theme("text-line-height", "line heights 0, 0.8, 1, 1.5 by vertical alignment", fields)


def _character_spacing() -> Theme:
    combined = zip(product((0, 0.5, 2, -0.3), ALIGNMENTS), grid(4, 29, 36), strict=False)
    fields = [
        text(f"{spacing}-{a}", box, SENTENCE, characterSpacing=spacing, alignment=a, **frame())
        for (spacing, a), box in combined
    ]
    return make_theme("text-character-spacing", "space between letters, wider and tighter", fields)


def _underline() -> Theme:
    looks: list[Field] = [
        {"underline": True},
        {"strikethrough": True},
        {"underline": True, "strikethrough": True, "fontColor": "#b00020"},
        {"underline": True, "characterSpacing": 1.5},
        {"underline": True, "rotate": 20},
        {"strikethrough": True, "lineHeight": 1.5, "opacity": 0.5},
    ]
    combined = zip(product(looks, ALIGNMENTS), grid(4, 29, 22), strict=False)
    fields = [
        text(
            f"{n}-{look_and[1]}",
            box,
            "Seven grey ships\n\nsail in line",
            alignment=look_and[1],
            **look_and[0],
        )
        for n, (look_and, box) in enumerate(combined)
    ]
    return make_theme("text-underline-strike", "underlined and struck through", fields)


def _rotation() -> Theme:
    looks: list[Field] = [
        {},
        {"alignment": "right", "verticalAlignment": "bottom"},
        {
            "alignment": "center",
            "verticalAlignment": "middle",
            "underline": True,
            "backgroundColor": "#e6f0d8",
        },
        {
            "alignment": "justify",
            "characterSpacing": 0.5,
            "borderColor": "#884400",
            "borderWidth": sides(0.5),
        },
    ]
    combined = zip(product(looks, (15, 90, -30, 180)), grid(4, 26, 18, left=14, top=22, gap=20), strict=False)
    fields = [
        text(f"{n}-at-{look_and[1]}", box, SENTENCE[:48], rotate=look_and[1], fontSize=8, **look_and[0])
        for n, (look_and, box) in enumerate(combined)
    ]
    base = blank((200, 190))
    return make_theme("text-rotation", "turned by 15, 90, -30 and 180 degrees", fields, base=base)


def _opacity() -> Theme:
    looks: list[Field] = [
        {"opacity": 0.3},
        {"opacity": 0.3, "backgroundColor": "#3366cc", "fontColor": "#ffffff"},
        {"opacity": 0},
        {"opacity": 1, "fontColor": "#f80"},
        {"opacity": 0.5, **frame(borderWidth=sides(1))},
        {"fontColor": "#11223380", "backgroundColor": "#eeddcc80"},
    ]
    under = field_behind()
    fields = [
        text(f"look-{n}", box, SENTENCE, **look)
        for n, (look, box) in enumerate(zip(looks, grid(2, 42, 20), strict=False))
    ]
    return make_theme(
        "text-opacity", "see-through text, boxes and short colours", [*under, *fields], base=blank(A6)
    )


def field_behind() -> list[Field]:
    """Return a band that shows through what lies over it."""
    return [fixed("behind", (5, 5, 80, 130), "|" * 700, fontSize=12, fontColor="#cc0000")]


def _box() -> Theme:
    looks: list[Field] = [
        {"padding": sides(3), **frame()},
        {"padding": sides(1, 2, 6, 8), "borderColor": "#aa0000", "borderWidth": sides(0.5, 1, 2, 3)},
        {"padding": sides(4), "backgroundColor": "#fff2cc"},
        {"borderColor": "#0055aa", "borderWidth": sides(0, 0, 1, 0)},
        {"borderColor": "#0055aa", "borderWidth": {"left": 1.5}, "padding": {"left": 2}},
        {"borderWidth": sides(1)},
        {"padding": sides(14), **frame()},
        {"padding": sides(2), "rotate": 10, **frame(backgroundColor="#d9ead3")},
        {"padding": sides(2), "alignment": "right", "verticalAlignment": "bottom", **frame()},
        {"padding": sides(2, 6), "alignment": "center", "verticalAlignment": "middle", **frame()},
    ]
    boxes = grid(3, 40, 26, gap=6)
    fields = [
        text(f"box-{n}", box, SENTENCE[:60], **look)
        for n, (look, box) in enumerate(zip(looks, boxes, strict=False))
    ]
    empty = text("empty", (8, 150, 40, 20), "", backgroundColor="#ff0000", **frame())
    return make_theme("text-box", "padding, borders per side and background", [*fields, empty])


def _grow_and_shrink() -> Theme:
    def fit(smallest: float, largest: float, how: str) -> Field:
        return {"dynamicFontSize": {"min": smallest, "max": largest, "fit": how}}

    looks: list[Field] = [
        {"content": "Grows", **fit(4, 40, "vertical")},
        {"content": SENTENCE * 3, **fit(4, 40, "vertical")},
        {"content": "Grows wide", **fit(4, 40, "horizontal")},
        {"content": SENTENCE, **fit(4, 40, "horizontal")},
        {"content": PARAGRAPHS, **fit(5, 30, "vertical")},
        {"content": PARAGRAPHS, **fit(5, 30, "horizontal")},
        {"content": "Smallest is above", **fit(14, 20, "horizontal")},
        {"content": SENTENCE * 3, **fit(8, 12, "vertical")},
        {"content": "Smallest over largest", **fit(20, 10, "vertical")},
        {
            "content": "Padded and spaced",
            "padding": sides(3),
            "characterSpacing": 1,
            **fit(4, 40, "vertical"),
        },
        {"content": "Line height", "lineHeight": 1.6, **fit(4, 40, "horizontal")},
        {"content": "Fit is missing", "dynamicFontSize": {"min": 6, "max": 18}},
    ]
    fields = [
        text(f"size-{n}", box, **{**frame(), **look})
        for n, (look, box) in enumerate(zip(looks, grid(3, 40, 24), strict=False))
    ]
    return make_theme(
        "text-dynamic-size", "sizes that grow and shrink to fit, by height and by width", fields
    )


def _wrapping() -> Theme:
    words = [
        "Donaudampfschifffahrtsgesellschaftskapitaenswitwe wohnt hier",
        "well-known mother-in-law state-of-the-art re-entry",
        "either/or and/or 2025/09/21 path/to/some/file.txt",
        "write to first.last+tag@mail.example.org or to a_b@c.example",
        "12,345.678 and 1.234.567,89 and -7.50 and (3.20) 100% 50,5",
        "$1,250.00 EUR 99.90 £5 ¥2000 BHD12.345 €7,50 US$3",
        "note-3 US*2K4RT9 W.L.L. o'clock don’t #12 A&B 5th:6th",
        "https://www.example.org/path?query=value&other=1#part",
        "a  b   c    d     e      f       g        h         i",
        "((nested) [brackets] {braces}) \"quoted words\" 'single'",
        "one…two—three–four;five:six!seven?eight,nine.ten",
        "3x4=12; x>y<z a+b~c^d|e\\f snake_case camelCase v1.2.3-rc4",
    ]
    boxes = zip(words, grid(3, 40, 26), strict=False)
    fields = [text(f"wrap-{n}", box, word, **frame()) for n, (word, box) in enumerate(boxes)]
    narrow = [
        text(f"narrow-{n}", box, word, fontSize=7, **frame())
        for n, (word, box) in enumerate(zip(words, grid(6, 18, 34, top=134, gap=4), strict=False))
    ]
    return make_theme(
        "text-wrapping", "where lines break: words, hyphens, slashes, numbers, addresses", fields + narrow
    )


def _paragraphs() -> Theme:
    words = [
        "CRLF one\r\nCRLF two\r\n\r\nafter a blank line",
        "CR one\rCR two\r\rafter",
        "LF one\nLF two\n\n\nafter two blank lines",
        "form feed\fand vertical tab\vhere",
        "trailing blanks    \nand more   ",
        "    leading blanks\n  on both lines",
        "ends with breaks\n\n",
        "\n\nbegins with breaks",
        "a line of blanks\n     \nin between",
        "very many      blanks      inside      a      line",
        "tabs\there\tand\tthere",
    ]
    boxes = list(zip(product(words, ("left", "right")), grid(4, 29, 28), strict=False))
    fields = [
        text(f"{n}-{a}", box, word, alignment=a, verticalAlignment="middle", **frame())
        for n, ((word, a), box) in enumerate(boxes)
    ]
    return make_theme(
        "text-paragraphs", "line ends of every kind, blank lines, leading and trailing blanks", fields
    )


def _letters() -> Theme:
    words = [
        "fi fl ff ffi ffl: office, fluffy, affine, baffle, finish, difficult",
        "Crème brûlée à l’œuvre; Größe, Übung, señor, Ångström, Žižka, Łódź, naïve, façade",
        "Сотрудник считает корабли: ёжик, щука, Їжак, Ђорђе",
        "Ο φάρος μετρά επτά πλοία: ΑΒΓ άέήίόύώ",
        "Tiếng Việt: Đường phố Hà Nội, những chiếc thuyền",
        "Combined: e\u0301 a\u0308 n\u0303 o\u0302",
        "“Curly” ‘single’ „low“ «guillemets» – — … • · † ‡ § ¶ © ® ™ ° ± × ÷ ½ ¼ ¾",
        "€ £ ¥ ¢ ₹ ₽ ₺ ₩ No-break\u00a0space soft\u00adhyphen",
    ]
    boxes = zip(words, grid(2, 61, 22), strict=False)
    fields = [text(f"letters-{n}", box, word, fontSize=10, **frame()) for n, (word, box) in enumerate(boxes)]
    spaced = [
        text("ligatures-spaced", (8, 120, 61, 15), "fluffy office baffle", characterSpacing=2, **frame()),
        text(
            "ligatures-justified",
            (74, 120, 40, 22),
            "finish the difficult affine baffle now",
            alignment="justify",
        ),
        text("ligatures-underlined", (8, 145, 61, 10), "fluffy office", alignment="right", underline=True),
    ]
    return make_theme(
        "text-letters", "ligatures, accents, Cyrillic, Greek, Vietnamese, signs", fields + spaced
    )


def _overflowing() -> Theme:
    looks: list[Field] = [
        {"alignment": a, "verticalAlignment": v, "overflow": o}
        for v, (a, o) in product(VERTICALS, (("left", "visible"), ("right", "visible")))
    ]
    boxes = grid(2, 40, 8, top=20, gap=20)
    fields = [
        text(f"over-{n}", box, SENTENCE, **look, **frame())
        for n, (look, box) in enumerate(zip(looks, boxes, strict=False))
    ]
    thin = [
        text("no-width", (115, 20, 0, 20), "Words", **frame()),
        text("no-height", (120, 20, 30, 0), "Line without height", **frame()),
        text("narrower-than-a-letter", (120, 50, 1.2, 20), "Narrow", **frame()),
        text("beyond-the-page", (125, 120, 60, 30), SENTENCE, **frame()),
    ]
    return make_theme(
        "text-overflow-visible", "text taller or wider than its box, and off the page", fields + thin
    )


def _fonts() -> Theme:
    names = ("Roboto", "Roboto-Bold", "Roboto-Italic", "Roboto-BoldItalic")
    fields = [
        text(f"{name}-{size}", box, f"{name} {size}: fluffy 123", fontName=name, fontSize=size)
        for (name, size), box in zip(product(names, (5, 8.5, 14)), grid(3, 42, 16), strict=False)
    ]
    unnamed = field_without_font("unnamed", (8, 100, 60, 10))
    sized = text("no-size", (75, 100, 60, 10), "Thirteen points")
    del sized["fontSize"]
    return make_theme(
        "text-fonts", "fonts by name, sizes, and what is missing falls back", [*fields, unnamed, sized]
    )


def field_without_font(name: str, box: tuple[float, float, float, float]) -> Field:
    """Return a text that names no font."""
    unnamed = text(name, box, "The fallback font")
    del unnamed["fontName"]
    return unnamed


MARKS = (
    "plain **bold** *italic* ***both*** ~~strike~~ `code` end",
    "**bold *and italic* inside** and *italic **and bold** inside*",
    r"escaped \*stars\* and \`ticks\` and \[brackets\] and \\ itself",
    "unclosed **bold and *italic and `code",
    "`code **not bold** inside` and **`code` in bold**",
    "snake_case_name 2*3*4 * alone ** twice",
    "~~struck **bold** words~~ and **~~bold struck~~**",
    "[a link](https://www.example.org/a) and [mail](mailto:a@mail.example.org)",
    "[refused](javascript:alert(1)) and [no address]() and [**bold link**](https://www.example.org)",
    "[to a field](#mark-0) and [broken](https://www.example.org",
    "line one **bold\nover** two lines\n\n*after a blank line*",
    "fi **fi** *ffl* `ffi` a**b**c mid**dle**word",
)
MARKED = {"textFormat": "inline-markdown", "readOnly": True}


def _markdown() -> Theme:
    boxes = zip(MARKS, grid(2, 61, 24), strict=False)
    fields = [text(f"mark-{n}", box, words, **MARKED, **frame()) for n, (words, box) in enumerate(boxes)]
    editable = text(
        "not-read-only", (8, 185, 61, 10), "editable stays **literal**", textFormat="inline-markdown"
    )
    return make_theme("markdown-marks", "every inline mark, bold and italic made up", [*fields, editable])


def _markdown_variants() -> Theme:
    variants = {
        "bold": "Roboto-Bold",
        "italic": "Roboto-Italic",
        "boldItalic": "Roboto-BoldItalic",
        "code": "Roboto",
    }
    looks: list[Field] = [
        {"fontVariants": variants},
        {"fontVariants": {"bold": "Roboto-Bold"}},
        {"fontVariants": {"italic": "Roboto-Italic"}},
        {"fontVariants": variants, "fontVariantFallback": "error"},
        {"fontVariantFallback": "plain"},
        {"fontVariantFallback": "synthetic", "characterSpacing": 1},
    ]
    boxes = zip(product(looks, MARKS[:2]), grid(2, 61, 20), strict=False)
    fields = [
        text(f"variant-{n}", box, look_and[1], **MARKED, **look_and[0], **frame())
        for n, (look_and, box) in enumerate(boxes)
    ]
    return make_theme(
        "markdown-variants", "fonts for bold, italic and code, and what stands in for them", fields
    )


def _markdown_layout() -> Theme:
    words = (
        "The **lighthouse keeper** counts *seven grey* ships `before` breakfast and ~~writes~~ them **down**."
    )
    looks: list[Field] = [
        *({"alignment": a, "verticalAlignment": v} for v, a in product(VERTICALS, ALIGNMENTS)),
        {"rotate": 30},
        {"underline": True, "lineHeight": 1.5},
        {"strikethrough": True, "alignment": "right"},
        {"dynamicFontSize": {"min": 4, "max": 20, "fit": "vertical"}},
        {"dynamicFontSize": {"min": 4, "max": 20, "fit": "horizontal"}},
        {"opacity": 0.4, "padding": sides(3)},
        {"characterSpacing": 1, "alignment": "justify"},
        {"content": "**Donaudampfschifffahrts**gesellschaftskapitaen *unbreakablelongword*"},
    ]
    fields = [
        text(f"layout-{n}", box, **{"content": words, **MARKED, **frame(), **look})
        for n, (look, box) in enumerate(zip(looks, grid(4, 29, 28), strict=False))
    ]
    return make_theme("markdown-layout", "marked text aligned, wrapped, turned and fitted", fields)


def _variables() -> Theme:
    pair = {"name": "Sample Customer", "sum": "12.500"}
    boxes = grid(2, 61, 16)
    fields = [
        variables("all", next(boxes), "Dear {name}, you owe {sum}.", pair, **frame()),
        variables("twice", next(boxes), "{name} {name} {sum}{sum}", pair, **frame()),
        variables(
            "listed-missing", next(boxes), "{name} and {other}", pair, variables=["name", "other"], **frame()
        ),
        variables("null", next(boxes), "{name}", {"name": None}, **frame()),
        variables("unlisted", next(boxes), "{name}, {unknown} is removed, {} stays", pair, **frame()),
        variables("number", next(boxes), "{n} + {m} = {b}", {"n": 7, "m": 1.5, "b": True}, **frame()),
        variables("empty-value", next(boxes), "[{name}]", {"name": ""}, **frame()),
        variables("none-listed", next(boxes), "Words {without} a list", {}, content="{}", **frame()),
        variables("braces", next(boxes), "{ name } and {sum", pair, **frame()),
        variables("lines", next(boxes), "{name}\n{sum}", pair, alignment="right", underline=True, **frame()),
        variables("read-only-none", next(boxes), "Fixed words", {}, readOnly=True, content="", **frame()),
        variables(
            "marked",
            next(boxes),
            "**{name}** has *{sum}*",
            {**pair, "sum": "*5*"},
            textFormat="inline-markdown",
        ),
        variables(
            "fitted", next(boxes), "{name}", pair, dynamicFontSize={"min": 6, "max": 40, "fit": "vertical"}
        ),
        variables("dollar", next(boxes), "Costs {sum}", {"sum": "5 (net)"}, **frame()),
    ]
    return make_theme("multi-variable-text", "variables given, missing, unlisted and empty", fields)


def _variables_read_only() -> Theme:
    pair = {"name": "Sample Customer", "sum": "12.500"}
    boxes = grid(2, 61, 16)
    fields = [
        variables(
            "words", next(boxes), "not drawn {name}", pair, readOnly=True, content="Its content", **frame()
        ),
    ]
    return make_theme(
        "multi-variable-read-only", "with variables and read-only: the content is drawn", fields
    )
