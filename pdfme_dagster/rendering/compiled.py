"""PDF files of a template that only text changes in: a constant prefix of bytes, a short tail per document.

Not here: the path for everything else (document.py), nor what is on the pages (compiled_page.py).

Everything that is the same in all documents of a template (base PDF, fonts, read-only fields) comes first in
the file, so its bytes, its lines of the cross-reference table and most of its hash are made once per process;
then what only title, date and number of pages decide, which is remembered. A document then costs its pages'
text, which is deflated once, and a join.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from pdfme_dagster.rendering.assembly import Prefix, Start, extend_start, finish_file
from pdfme_dagster.rendering.base_pdf import fill_references
from pdfme_dagster.rendering.compiled_page import CompiledPage, is_constant
from pdfme_dagster.rendering.details import (
    Details,
    describe_file,
    list_catalogue_parts,
    write_profile,
)
from pdfme_dagster.rendering.document import PDF_VERSION, collect_glyphs, name_form, write_link
from pdfme_dagster.rendering.faces import Face
from pdfme_dagster.rendering.figure import format_number
from pdfme_dagster.rendering.page import Page, name_alpha, name_picture
from pdfme_dagster.rendering.pages import Drawable, Inputs
from pdfme_dagster.rendering.pdf_objects import (
    Group,
    write_alphas,
    write_basic_font,
    write_glyph_font,
    write_picture,
    write_stream,
)
from pdfme_dagster.templates.schema import (
    CodeField,
    DateField,
    LineField,
    MarkField,
    MultiVariableTextField,
    SelectField,
    ShapeField,
    TemplateField,
    TextBase,
    TextField,
)

# Fields that need nothing but fonts and operators, whatever their value.
_COMPILED = (
    TextField,
    MultiVariableTextField,
    SelectField,
    DateField,
    LineField,
    ShapeField,
    MarkField,
    CodeField,
)

# More pages are not worth keeping what goes before their contents, some 60 bytes a page.
_REMEMBERED_PAGES = 200


def is_compilable(drawable: Drawable) -> bool:
    """Say whether this path takes a template: nothing flows, no value is a picture or has links."""
    fields = (*drawable.template.static_fields, *drawable.list_fields())
    return not drawable.flows and all(_is_compilable(field, drawable) for field in fields)


def _is_compilable(field: TemplateField, drawable: Drawable) -> bool:
    if isinstance(field, TextBase) and field.text_format == "inline-markdown":
        return False
    return isinstance(field, _COMPILED) or is_constant(field, drawable)


class CompiledTemplate:
    """The constant prefix of one or several templates, and their pages ready for values."""

    def __init__(self, drawables: Sequence[Drawable], *, pdf_a: bool = False) -> None:
        """Compile templates that are compilable, one or those that a statement's pages take turns in.

        They share their fonts; their base PDFs' bytes are kept.
        """
        self._names = drawables[0].brush.book.resource_names
        self._prefix = prefix = Prefix(PDF_VERSION)
        bases = [drawable.base for drawable in drawables if drawable.base]
        self._bases = [(base, prefix.add_group(base.objects)) for base in bases]
        places = [(drawable, page) for drawable in drawables for page in range(drawable.count_pages())]
        self.pages = [CompiledPage(drawable, page, number) for number, (drawable, page) in enumerate(places)]
        self._fonts = {face: prefix.add_group(write_basic_font(face)) for face in self._list_faces()}
        self._resources = self._write_resources()
        self._dictionaries = [_write_page(page) for page in self.pages]
        self._profile = prefix.add(write_profile()) if pdf_a else 0
        self._start = prefix.finish()
        # The title, the date and the number of pages are all that a month end's statements differ in here.
        self._find_start = lru_cache(maxsize=64)(self._describe)

    def _list_faces(self) -> list[Face]:
        """Return the faces whose basic sets any document may need, in the order of their names."""
        used = {face for page in self.pages for face in page.faces}
        return [face for face in self._names if face in used]

    def _write_resources(self) -> bytes:
        """Add what the pages share to the prefix; return their resources, open where fonts follow."""
        alphas = {name for page in self.pages for name in page.drawn.alphas}
        alphas |= {name_alpha(opacity) for page in self.pages for opacity in page.opacities}
        names = self._names
        fonts = _write_references({names[face]: number for face, number in self._fonts.items()})
        states = b"/Resources<</ExtGState" + write_alphas(alphas)
        objects = self._add_base_forms() | self._add_constants(states, fonts)
        return b"%s/XObject<<%s>>/Font<<%s" % (states, _write_references(objects), fonts)

    def _add_base_forms(self) -> dict[str, int]:
        forms = [first + page.form for base, first in self._bases for page in base.pages]
        return {name_form(number): form for number, form in enumerate(forms)}

    def _add_constants(self, states: bytes, fonts: bytes) -> dict[str, int]:
        """Add what is constant on each page as forms, with what they draw with; return their names."""
        pictures = {each.digest: each for page in self.pages for each in page.drawn.pictures.values()}
        drawn = {
            name_picture(each): self._prefix.add_group(write_picture(each)) for each in pictures.values()
        }
        glyphs = self._add_constant_glyphs()
        resources = b"%s/XObject<<%s>>/Font<<%s%s>>>>" % (states, _write_references(drawn), fonts, glyphs)
        forms: dict[str, int] = {}
        for page in self.pages:
            box = " ".join(map(format_number, page.size)).encode("ascii")
            entries = b"/Type/XObject/Subtype/Form/BBox[0 0 %s]%s" % (box, resources)
            for place, operators in enumerate(page.constants):
                if operators:
                    stream = write_stream(operators.encode("latin-1"), entries)
                    forms[page.name_constant(place)] = self._prefix.add(stream)
        return forms

    def _add_constant_glyphs(self) -> bytes:
        """Add the fonts of read-only texts beyond the basic sets; return their names."""
        return _write_references(
            {
                f"{self._names[face]}g": self._prefix.add_group(write_glyph_font(face, glyphs))
                for face, glyphs in collect_glyphs([page.drawn for page in self.pages]).items()
            }
        )

    def write(self, pages: Sequence[tuple[int, Inputs]], details: Details) -> bytes:
        """Return the PDF of pages, each the number of a page of the template, from 0, and its inputs."""
        count, places = len(pages), tuple([place for place, _ in pages])
        bodies: list[bytes] = []
        extras: list[Page] = []
        for number, (place, inputs) in enumerate(pages, start=1):
            content, extra = self.pages[place].draw(inputs, number=number, count=count, day=details.created)
            bodies.append(
                b"<</Filter/FlateDecode/Length %d>>\nstream\n%b\nendstream" % (len(content), content)
            )
            if extra is not None:
                extras.append(extra)
        fonts = self._add_fonts(bodies, extras, _number_first(self._start, count)) if extras else b""
        find_start = self._find_start if count <= _REMEMBERED_PAGES else self._describe
        return finish_file(find_start(details, places, fonts), bodies)

    def _add_fonts(self, bodies: list[bytes], extras: Sequence[Page], first: int) -> bytes:
        """Add the fonts that only this document needs; return their names. Bodies count from ``first``."""
        names, added = self._names, dict[str, int]()

        def add_font(name: str, group: Group) -> None:
            number = added[name] = first + len(bodies)
            bodies.extend(fill_references(template, number) for template in group)

        for face in names:
            if face not in self._fonts and any(face in page.basic_faces for page in extras):
                add_font(names[face], write_basic_font(face))
        for face, glyphs in collect_glyphs(extras).items():
            add_font(f"{names[face]}g", write_glyph_font(face, glyphs))
        return _write_references(added)

    def _describe(self, details: Details, places: tuple[int, ...], fonts: bytes) -> Start:
        """Return the start of files that say the same of themselves and have the same kinds of pages.

        ``fonts`` are the names of those that the document adds.
        """
        info = self._start.following
        catalogue, tree, sheet = info + 2, info + 3, info + 4
        content = _number_first(self._start, len(places))
        about, metadata = describe_file(details)
        bodies = [about, metadata, self._write_catalogue(details, tree, info + 1)]
        kids = b" ".join(b"%d 0 R" % (sheet + number) for number in range(len(places)))
        head = b"<</Type/Pages/Count %d%b%b>>>>" % (len(places), self._resources, fonts)
        bodies.append(b"%b/Kids[%b]>>" % (head, kids))
        bodies += [
            b"%b/Parent %d 0 R/Contents %d 0 R>>" % (self._dictionaries[place], tree, content + number)
            for number, place in enumerate(places)
        ]
        return extend_start(self._start, bodies, b"/Root %d 0 R/Info %d 0 R" % (catalogue, info))

    def _write_catalogue(self, details: Details, tree: int, metadata: int) -> bytes:
        numbers = (tree, metadata, self._profile)
        parts = list_catalogue_parts(details, pages=0, metadata=1, profile=2)
        written = [part if isinstance(part, bytes) else b"%d 0 R" % numbers[part] for part in parts]
        # One catalogue takes one set of layers: that of the first base PDF that has any.
        layers = (fill_references(base.catalogue, first) for base, first in self._bases)
        return b"".join((*written, next(filter(None, layers), b""), b">>"))


def _number_first(start: Start, pages: int) -> int:
    """Return the first content's number: information, metadata, catalogue, tree and pages come before."""
    return start.following + 4 + pages


def _write_page(page: CompiledPage) -> bytes:
    """Return a page's dictionary, open where parent and content follow."""
    size = " ".join(map(format_number, page.size)).encode("ascii")
    links = b"".join(write_link(link)[0] for link in page.links)
    return b"<</Type/Page/MediaBox[0 0 %s]" % size + (b"/Annots[%s]" % links if links else b"")


def _write_references(objects: Mapping[str, int]) -> bytes:
    return b"".join(b"/%s %d 0 R" % (name.encode("ascii"), number) for name, number in objects.items())
