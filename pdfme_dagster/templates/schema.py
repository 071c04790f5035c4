"""What a pdfme template says, as checked values: pages of fields on a blank page or a base PDF.

Not here: reading JSON and telling what is wrong with it (reading.py), or drawing anything (rendering/).

Lengths are millimetres from the page's top left corner, font sizes are points, as in pdfme. Properties that
only its designer needs are passed over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

# Wider than any page a PDF can have (14,400 pt); keeps arithmetic finite and coordinates short.
_FARTHEST_MM = 10_000.0
_LARGEST_POINTS = 1_000.0
# Columns of a table or variables of a text; a page has no room for more.
MAX_ENTRIES = 1_000

Alignment = Literal["left", "center", "right", "justify"]
VerticalAlignment = Literal["top", "middle", "bottom"]
# pdfme knows visible and expand; the others are ours, for text that must not run over its neighbours.
Overflow = Literal["visible", "expand", "shrink", "clip", "ellipsis"]


def _read_color(value: object) -> object:
    """Return None for no colour, else its red, green and blue as six hexadecimal digits."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.startswith("#"):
        digits = value[1:]
        if len(digits) == 3:
            digits = "".join(digit * 2 for digit in digits)
        if len(digits) in (6, 8) and all(digit in "0123456789abcdefABCDEF" for digit in digits):
            return digits[:6].lower()
    raise ValueError("must be a colour like #1a2b3c")


def _bound(value: object) -> object:
    """Refuse a list or object of very many entries before each of them becomes an error of its own."""
    if isinstance(value, list | tuple | Mapping) and len(value) > MAX_ENTRIES:
        raise ValueError(f"has {len(value)} entries, more than {MAX_ENTRIES}; remove some")
    return value


def _or(default: float) -> BeforeValidator:
    """Take the empty text, which the designer leaves where a number was cleared, as the default."""
    return BeforeValidator(lambda value: default if value == "" else value)


Millimetres = Annotated[float, Field(ge=-_FARTHEST_MM, le=_FARTHEST_MM, allow_inf_nan=False)]
Length = Annotated[float, Field(ge=0, le=_FARTHEST_MM, allow_inf_nan=False)]
Points = Annotated[float, Field(ge=0, le=_LARGEST_POINTS, allow_inf_nan=False)]
Factor = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Percentage = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Spacing = Annotated[float, Field(ge=-_LARGEST_POINTS, le=_LARGEST_POINTS, allow_inf_nan=False)]
# Names stand in messages.
Name = Annotated[str, Field(max_length=500)]
Color = Annotated[str | None, BeforeValidator(_read_color)]


class _Part(BaseModel):
    """A piece of a template: frozen, pdfme's own names, unknown properties passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, value: object) -> object:
        """Take a property that is null as one that is not there."""
        if isinstance(value, Mapping):
            return {key: each for key, each in value.items() if each is not None}
        return value


class Position(_Part):
    """A corner, from the page's top left."""

    x: Millimetres
    y: Millimetres


class Sides(_Part):
    """A width for each side of a box."""

    top: Length = 0
    right: Length = 0
    bottom: Length = 0
    left: Length = 0

    @property
    def is_none(self) -> bool:
        """Say whether all sides are zero."""
        return not (self.top or self.right or self.bottom or self.left)


class DynamicFontSize(_Part):
    """Between which sizes text is fitted into its box, by height or by width."""

    min: Points
    max: Points
    fit: Literal["vertical", "horizontal"] = "vertical"


class FieldBase(_Part):
    """What all fields have. ``content`` is drawn where the field is read-only; else the input of its name."""

    name: Name
    position: Position
    width: Length
    height: Length
    rotate: Annotated[float, Field(ge=-36_000, le=36_000, allow_inf_nan=False)] = 0
    opacity: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 1
    read_only: bool = False
    required: bool = False
    content: str = ""


class TextLook(_Part):
    """How text looks; an empty ``font_name`` is the fallback font.

    Without ``alignment`` a paragraph begins where its letters do: at the left, or Arabic at the right.
    """

    font_name: Name = ""
    font_size: Annotated[Points, _or(13)] = 13
    line_height: Annotated[Factor, _or(1)] = 1
    character_spacing: Annotated[Spacing, _or(0)] = 0
    alignment: Alignment | None = None
    vertical_alignment: VerticalAlignment = "top"
    font_color: Color = None
    background_color: Color = None
    border_color: Color = None
    border_width: Sides = Sides()
    padding: Sides = Sides()


class FontVariants(_Part):
    """The fonts that bold, italic, both and code are set in."""

    bold: Name = ""
    italic: Name = ""
    bold_italic: Name = ""
    code: Name = ""


class TextBase(FieldBase, TextLook):
    """A box of text."""

    underline: bool = False
    strikethrough: bool = False
    dynamic_font_size: DynamicFontSize | None = None
    overflow: Overflow | None = None
    text_format: Literal["plain", "inline-markdown"] = "plain"
    font_variants: FontVariants = FontVariants()
    font_variant_fallback: Literal["synthetic", "plain", "error"] = "synthetic"


class TextField(TextBase):
    """Plain or marked-up text."""

    type: Literal["text"]


class MultiVariableTextField(TextBase):
    """A text with ``{variables}``, whose input is a JSON object of their values."""

    type: Literal["multiVariableText"]
    text: str = ""
    variables: Annotated[tuple[str, ...], BeforeValidator(_bound)] = ()


class SelectField(TextBase):
    """One of several values, drawn as text."""

    type: Literal["select"]


class DateField(TextBase):
    """A date or time (``yyyy/MM/dd``, ``HH:mm`` or both), drawn by a date pattern."""

    type: Literal["date", "time", "dateTime"]
    format: str = ""
    locale: str = ""


class CellStyle(TextLook):
    """How the cells of a table's head or body look."""

    vertical_alignment: VerticalAlignment = "middle"
    font_size: Annotated[Points, _or(10)] = 10
    padding: Sides = Sides(top=5, right=5, bottom=5, left=5)
    border_color: Color = "000000"
    alternate_background_color: Color = None


class TableStyles(_Part):
    """The frame around a table."""

    border_width: Length = 0
    border_color: Color = None


class ColumnStyles(_Part):
    """What differs from column to column, by its number from 0."""

    alignment: Annotated[Mapping[int, Alignment], BeforeValidator(_bound)] = {}


class TableField(FieldBase):
    """A table; its input is a JSON array of rows, each an array of texts."""

    type: Literal["table"]
    head: Annotated[tuple[str, ...], BeforeValidator(_bound)]
    head_width_percentages: Annotated[tuple[Percentage, ...], BeforeValidator(_bound)]
    show_head: bool = True
    repeat_head: bool = False
    table_styles: TableStyles = TableStyles()
    head_styles: CellStyle = CellStyle()
    body_styles: CellStyle = CellStyle()
    column_styles: ColumnStyles = ColumnStyles()

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        if len(self.head) != len(self.head_width_percentages):
            raise ValueError(
                f"{len(self.head)} columns in head, "
                f"{len(self.head_width_percentages)} in headWidthPercentages; "
                "give each column both"
            )
        return self


class ListField(TextBase):
    """Items with bullets or numbers, by a JSON array or one a line; tabs in front are levels."""

    type: Literal["list"]
    list_style: Literal["bullet", "ordered"] = "bullet"
    marker_width: Length = 6
    marker_gap: Length = 2
    indent_size: Length = 6
    item_spacing: Length = 1


class LineField(FieldBase):
    """A line; its thickness is the height."""

    type: Literal["line"]
    color: Color = None


class ShapeField(FieldBase):
    """A rectangle or an ellipse; its border lies within the box."""

    type: Literal["rectangle", "ellipse"]
    color: Color = None
    border_color: Color = None
    border_width: Annotated[Length, _or(0)] = 0
    radius: Annotated[Length, _or(0)] = 0


class PictureField(FieldBase):
    """A PNG or JPEG as a data URI, centred in its box."""

    type: Literal["image", "signature"]


class SvgField(FieldBase):
    """A drawing in SVG."""

    type: Literal["svg"]


class MarkField(FieldBase):
    """A check mark, a radio button or a ring around something; drawn as set when its input is ``true``."""

    type: Literal["checkbox", "radioGroup", "circleMark"]
    color: Color = None
    border_width: Length = 0


CodeType = Literal[
    "qrcode",
    "japanpost",
    "ean13",
    "ean8",
    "code39",
    "code128",
    "nw7",
    "itf14",
    "upca",
    "upce",
    "gs1datamatrix",
    "pdf417",
]


class CodeField(FieldBase):
    """A barcode or QR code."""

    type: CodeType
    bar_color: Color = None
    background_color: Color = None
    text_color: Color = None
    includetext: Annotated[bool, Field(alias="includetext")] = False


TemplateField = (
    TextField
    | MultiVariableTextField
    | SelectField
    | DateField
    | TableField
    | ListField
    | LineField
    | ShapeField
    | PictureField
    | SvgField
    | MarkField
    | CodeField
)

FIELD_TYPES: Mapping[str, type[FieldBase]] = {
    kind: model
    for model in get_args(TemplateField)
    for kind in get_args(model.model_fields["type"].annotation)
}


class BlankPage(_Part):
    """A blank page; fields that flow stay within its padding (top, right, bottom, left)."""

    width: Annotated[Length, Field(gt=0)]
    height: Annotated[Length, Field(gt=0)]
    padding: tuple[Length, Length, Length, Length]
    static_fields: Annotated[tuple[TemplateField, ...], Field(alias="staticSchema")] = ()

    @model_validator(mode="after")
    def _check_padding(self) -> Self:
        top, _, bottom, _ = self.padding
        if top + bottom >= self.height:
            raise ValueError("padding leaves no room between top and bottom; make it smaller")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One template file.

    ``base`` is a blank page, or the bytes of the PDF under each page. ``pages`` are its pages' fields in the
    order of the file, names unique on a page; ``digest`` is the SHA-256 of the file, in hexadecimal.
    """

    name: str
    digest: str
    base: BlankPage | bytes
    pages: tuple[tuple[TemplateField, ...], ...]

    @property
    def static_fields(self) -> tuple[TemplateField, ...]:
        """Return the fields that are drawn on every page, below all others."""
        return self.base.static_fields if isinstance(self.base, BlankPage) else ()
