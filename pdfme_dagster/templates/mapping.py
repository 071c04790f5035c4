"""A statement's values as texts, under the names that templates use.

Not here: which value a name shows (mapping_spec.py, mapping.yaml), how a value is written (values.py), nor
which rows stand on which page (rows.py). A mapping is compiled once for a template; a statement then costs
little more than its texts.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pdfme_dagster.domain.statement import Statement
from pdfme_dagster.templates.amounts import AmountStyle
from pdfme_dagster.templates.mapping_spec import (
    HEADER_VALUES,
    TABLE_ROWS,
    FieldSpec,
    MappingSpec,
    RowSetSpec,
    name_extra,
)
from pdfme_dagster.templates.values import (
    MESSAGE_COLUMNS,
    ROW_COLUMNS,
    TEXTS,
    Printer,
    keep_lines,
    make_printer,
    read_balance,
    read_lines,
    sum_rows,
    write_any,
)
from pdfme_dagster.templates.yaml_checks import suggest

# Looking for a like name takes a millisecond; more would be a template of something else.
_MAX_SUGGESTED = 100
_ReadValue = Callable[[Statement], Any]
_ReadColumn = Callable[[Statement], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How an organisation writes: dates by a pattern, amounts, the language of names, its own title."""

    dates: str = "dd/MM/yyyy"
    amounts: AmountStyle = field(default_factory=AmountStyle)
    language: str = "en"
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedStatement:
    """A statement as texts: ``header`` by field, ``row_sets`` by prefix, each row in the order of its fields.

    Both are a customer's own: print them, never log them. The numbers are those of the statement's
    transactions, and of its messages that say something, shown or not.
    """

    header: Mapping[str, str] = field(repr=False)
    row_sets: Mapping[str, Sequence[tuple[str, ...]]] = field(repr=False)
    transactions: int
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementMapping:
    """A compiled mapping: each value is read once, then picked for each field that shows it.

    ``page_fields`` and ``pages_fields`` are filled page by page, ``table_fields`` hold all transactions.
    """

    header_names: tuple[str, ...]
    header_places: tuple[int, ...]
    picks: tuple[tuple[str, int, int], ...]
    values: tuple[_ReadValue, ...]
    row_fields: Mapping[str, tuple[str, ...]]
    row_sets: tuple[tuple[str, tuple[_ReadColumn, ...]], ...]
    printer: Printer
    page_fields: tuple[str, ...]
    pages_fields: tuple[str, ...]
    table_fields: tuple[str, ...]


def map_statement(statement: Statement, mapping: StatementMapping) -> MappedStatement:
    """Return a statement's values as texts, under the names that the mapping's template uses."""
    values = [read(statement) for read in mapping.values]
    header = {
        name: values[place] for name, place in zip(mapping.header_names, mapping.header_places, strict=True)
    }
    for name, place, start in mapping.picks:
        picked = values[place][start : start + 1]
        header[name] = picked if isinstance(picked, str) else "".join(picked)
    for name, extra in statement.extra.items():
        if name not in header:
            header[name] = write_any(mapping.printer, statement, extra)
    row_sets = {prefix: _read_cells(columns, statement) for prefix, columns in mapping.row_sets}
    return MappedStatement(
        header=header,
        row_sets=row_sets,
        transactions=len(statement.transactions),
        messages=len(keep_lines(statement.messages)),
    )


def _read_cells(columns: Iterable[_ReadColumn], statement: Statement) -> list[tuple[str, ...]]:
    """Return the cells of each row; columns are read whole, which is twice as fast."""
    return list(zip(*[column(statement) for column in columns], strict=True))


def fill_variables(variables: Iterable[str], values: Mapping[str, str]) -> str:
    """Return the JSON object that a multiVariableText takes; variables without a value are left out."""
    return json.dumps({name: values[name] for name in variables if name in values}, ensure_ascii=False)


def compile_mapping(
    spec: MappingSpec,
    style: Style,
    *,
    wants: Callable[[str], bool] = bool,
    row_fields: Mapping[str, Sequence[str]] | None = None,
) -> StatementMapping:
    """Prepare a mapping for a template that ``wants`` some fields, and of rows some by prefix; else for all.

    What a profile calls its own always comes along. By itself ``bool`` wants every name.

    ValueError where the dates' pattern or the language cannot be written.
    """
    compiler = _Compiler(spec, style)
    for name, each in spec.fields.items():
        if wants(name):
            compiler.add_field(name, each)
    for prefix, rows in spec.rows.items():
        compiler.add_rows(
            prefix, rows, tuple(rows.fields if row_fields is None else row_fields.get(prefix, ()))
        )
    return compiler.finish()


def find_unfilled(names: Iterable[str], spec: MappingSpec) -> list[str]:
    """Return a line for each field that no value has the name of, but one like it; for a warning.

    Other names may be a profile's own values.
    """
    unknown = [name for name in names if name not in spec.fields][:_MAX_SUGGESTED]
    hints = [(name, suggest(name, spec.fields)) for name in unknown]
    return [f"{name}: shows no value of a statement{hint}" for name, hint in hints if hint]


class _Compiler:
    """Collects what is read of a statement, each value once, and which fields show it."""

    def __init__(self, spec: MappingSpec, style: Style) -> None:
        self._spec, self._style = spec, style
        self._printers: dict[object, Printer] = {}
        self._values: list[_ReadValue] = []
        self._places: dict[object, int] = {}
        self._shown: dict[str, int] = {}
        self._picks: list[tuple[str, int, int]] = []
        self._row_fields: dict[str, tuple[str, ...]] = {}
        self._row_sets: list[tuple[str, tuple[_ReadColumn, ...]]] = []
        self._special: dict[str, list[str]] = {"page": [], "pages": [], "transactions": []}

    def add_field(self, name: str, spec: FieldSpec) -> None:
        value = spec.value or ""
        if value in self._special:
            self._special[value].append(name)
        if value in {"page", "pages"}:
            return
        key = (value, spec.join, spec.line is None, spec.dates, spec.amounts, spec.columns)
        if key not in self._places:
            self._places[key] = len(self._values)
            self._values.append(self._read_value(spec))
        place = spec.line or spec.character
        if place:
            self._picks.append((name, self._places[key], place - 1))
        else:
            self._shown[name] = self._places[key]

    def add_rows(self, prefix: str, spec: RowSetSpec, names: tuple[str, ...]) -> None:
        if names:
            self._row_fields[prefix] = names
            self._row_sets.append((prefix, tuple(self._read_column(spec, name) for name in names)))

    def finish(self) -> StatementMapping:
        return StatementMapping(
            header_names=tuple(self._shown),
            header_places=tuple(self._shown.values()),
            picks=tuple(self._picks),
            values=tuple(self._values),
            row_fields=self._row_fields,
            row_sets=tuple(self._row_sets),
            printer=self._printer(FieldSpec()),
            page_fields=tuple(self._special["page"]),
            pages_fields=tuple(self._special["pages"]),
            table_fields=tuple(self._special["transactions"]),
        )

    def _read_value(self, spec: FieldSpec) -> _ReadValue:
        value, printer = spec.value or "", self._printer(spec)
        extra = name_extra(value)
        if extra is not None:
            return lambda statement: write_any(printer, statement, statement.extra.get(extra, ""))
        if value == "title" and self._style.title is not None:
            title = self._style.title
            return lambda _: title
        kind = HEADER_VALUES[value]
        if kind == "lines":
            return partial(read_lines, value, None if spec.line else spec.join or "\n")
        if kind == "amount":
            return _read_amount(value, printer)
        if kind == "date":
            return lambda statement: printer.dates[statement.statement_date]
        return self._read_table(spec) if kind == "rows" else TEXTS[value]

    def _read_table(self, spec: FieldSpec) -> _ReadValue:
        rows = self._spec.rows.get(TABLE_ROWS, RowSetSpec())
        columns = [self._read_column(rows, name) for name in spec.columns or rows.fields]
        return lambda statement: json.dumps(_read_cells(columns, statement), ensure_ascii=False)

    def _read_column(self, rows: RowSetSpec, name: str) -> _ReadColumn:
        """Return what writes one field of all rows."""
        spec = rows.fields[name]
        if rows.source == "messages":
            return MESSAGE_COLUMNS[spec.value or ""]
        return partial(ROW_COLUMNS[spec.value or ""], self._printer(spec))

    def _printer(self, spec: FieldSpec) -> Printer:
        key = (spec.dates or self._style.dates, spec.amounts or self._style.amounts)
        if key not in self._printers:
            self._printers[key] = make_printer(*key, language=self._style.language)
        return self._printers[key]


def _read_amount(value: str, printer: Printer) -> _ReadValue:
    if value in {"opening", "closing"}:
        return partial(read_balance, printer, value)
    if value in {"debit_sum", "credit_sum"}:
        return lambda statement: printer.amounts[statement.currency][sum_rows(statement, value)]
    return lambda statement: printer.amounts[statement.currency][getattr(statement, value)]
