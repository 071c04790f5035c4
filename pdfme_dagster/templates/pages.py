"""Which pages a statement has, and what is filled into each of them.

Not here: finding a page's places for rows (rows.py), nor tables, which break pages while they are drawn.

1. A page of a template that has places for transactions is a *row page*. Those of ``template``, then those
   of ``continuation``, come in order: always the first, and as many as are needed; the last one repeats.
2. ``last``, when named, is always the last row page. It takes what the others leave, which may be nothing.
3. ``single``, when named, is used instead of all others for a statement whose transactions all fit on it.
4. A page without such places comes once: before the row pages if it stands before them in its template, else
   after them. Without any row page each page comes once, and the transactions stand in a table.
5. Places for messages are filled in the order of the pages; messages make no pages.
6. All other fields are filled on every page.
7. Nobody's transaction is lost: what no page shows is a PermanentError, unless the organisation ignores rows.

Rows fill page after page, so there are as few pages as can be.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal

from pdfme_dagster.errors import PermanentError, TemplateError
from pdfme_dagster.templates.mapping import MappedStatement, fill_variables, find_unfilled
from pdfme_dagster.templates.mapping_spec import TABLE_ROWS, MappingSpec, Source
from pdfme_dagster.templates.rows import (
    FieldLike,
    RowPlaces,
    TemplateLike,
    check_row_sets,
    find_row_sets,
    find_unknown_columns,
    looks_like_row,
)

Role = Literal["template", "continuation", "last", "single"]

# A statement of 130,000 rows in places for thirteen; a page of inputs takes some 5 KB.
MAX_PAGES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePlan:
    """One page of a template: which it is, where rows go, and which fields take variables.

    ``has_table`` says that a table on it shows all transactions.
    """

    role: Role
    page: int
    rows: Mapping[Source, RowPlaces]
    variables: tuple[tuple[str, tuple[str, ...]], ...]
    has_table: bool

    @property
    def capacity(self) -> int:
        """How many transactions have a place here."""
        return self.capacity_of("transactions")

    def capacity_of(self, source: Source) -> int:
        """How many rows of a source have a place here."""
        return self.rows[source].count if source in self.rows else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSet:
    """The pages a statement can have, in order; see the module for the rules."""

    front: tuple[PagePlan, ...]
    repeating: tuple[PagePlan, ...]
    last: PagePlan | None
    back: tuple[PagePlan, ...]

    def list_plans(self) -> Sequence[PagePlan]:
        """Return all of them, each once."""
        last = () if self.last is None else (self.last,)
        return (*self.front, *self.repeating, *last, *self.back)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """An organisation's pages; see the module for the rules.

    ``names`` are the fields that are filled on every page, ``row_fields`` what rows show by prefix.
    ``warnings`` are for whoever made the templates.
    """

    pages: PageSet
    single: PageSet | None
    names: frozenset[str]
    row_fields: Mapping[str, tuple[str, ...]]
    page_fields: tuple[str, ...]
    pages_fields: tuple[str, ...]
    ignore_rows: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageInputs:
    """One page to draw: a template page by its role and number from 0, and the texts of its fields.

    ``rows`` are the transactions that stand on it.
    """

    role: Role
    page: int
    rows: range
    inputs: dict[str, str] = field(repr=False)


def paginate_statement(mapped: MappedStatement, layout: Layout) -> list[PageInputs]:
    """Return a statement's pages, each with its inputs; PermanentError rather than lose a row."""
    chosen = layout.pages
    if layout.single and mapped.transactions <= sum(plan.capacity for plan in layout.single.repeating):
        chosen = layout.single
    counts = _spread_transactions(mapped.transactions, chosen)
    plans = [*chosen.front, *_list_row_pages(chosen, len(counts)), *chosen.back]
    spread = [0] * len(chosen.front) + counts + [0] * len(chosen.back)
    pages = list(_fill_pages(mapped, layout, plans, spread))
    _require_complete(mapped, plans, sum(len(page.rows) for page in pages), ignore_rows=layout.ignore_rows)
    return pages


def spread_rows(count: int, repeating: Sequence[int], last: int | None) -> list[int]:
    """Return how many rows come to each row page, as few pages as can be.

    ``repeating`` are the places of the pages that come in order, the last again and again; none is zero.
    ``last`` are those of the page at the end, None when there is no such page.
    """
    counts: list[int] = []
    left = count
    while not counts or left > (last or 0):
        taken = min(left, repeating[min(len(counts), len(repeating) - 1)])
        counts.append(taken)
        left -= taken
        if len(counts) > MAX_PAGES:
            raise PermanentError(
                "too_many_pages", f"{count} rows make more than {MAX_PAGES} pages; give a page more rows"
            )
    return counts if last is None else [*counts, left]


def _spread_transactions(count: int, chosen: PageSet) -> list[int]:
    last = None if chosen.last is None else chosen.last.capacity
    if not chosen.repeating:
        return [] if last is None else [0]
    return spread_rows(count, [plan.capacity for plan in chosen.repeating], last)


def _list_row_pages(chosen: PageSet, count: int) -> list[PagePlan]:
    if chosen.last is not None:
        count -= 1
    plans = list(chosen.repeating[:count])
    plans += chosen.repeating[-1:] * (count - len(plans))
    return plans if chosen.last is None else [*plans, chosen.last]


def _fill_pages(
    mapped: MappedStatement, layout: Layout, plans: Sequence[PagePlan], counts: Sequence[int]
) -> Iterator[PageInputs]:
    row = message = 0
    for number, (plan, count) in enumerate(zip(plans, counts, strict=True), start=1):
        inputs = dict(mapped.header)
        inputs |= dict.fromkeys(layout.page_fields, str(number))
        inputs |= dict.fromkeys(layout.pages_fields, str(len(plans)))
        rows, row = range(row, row + count), row + count
        message_end = min(message + plan.capacity_of("messages"), mapped.messages)
        _fill_rows(inputs, mapped, layout, plan.rows.get("transactions"), rows)
        _fill_rows(inputs, mapped, layout, plan.rows.get("messages"), range(message, message_end))
        message = message_end
        for name, variables in plan.variables:
            inputs[name] = fill_variables(variables, inputs)
        yield PageInputs(role=plan.role, page=plan.page, rows=rows, inputs=inputs)


def _fill_rows(
    inputs: dict[str, str], mapped: MappedStatement, layout: Layout, room: RowPlaces | None, rows: range
) -> None:
    """Fill rows into a page's places from the first on; places that are left stay without input."""
    if room is None:
        return
    texts: Sequence[Sequence[str]] = mapped.row_sets[room.prefix][rows.start : rows.stop]
    fields = layout.row_fields[room.prefix]
    if fields != room.columns:
        columns = [fields.index(column) for column in room.columns]
        texts = [[row[column] for column in columns] for row in texts]
    inputs.update(zip(room.names, chain.from_iterable(texts), strict=False))


def _require_complete(
    mapped: MappedStatement, plans: Sequence[PagePlan], placed: int, *, ignore_rows: bool
) -> None:
    """Raise rather than leave out a transaction, or some of the messages where pages show them in rows."""
    if placed != mapped.transactions and not ignore_rows and not any(plan.has_table for plan in plans):
        raise PermanentError(
            "rows_lost",
            f"{mapped.transactions} transactions, but the template has places for {placed}; add fields like "
            "Tr1Date or a table named transactions, or set ignore_rows",
        )
    room = sum(plan.capacity_of("messages") for plan in plans)
    if 0 < room < mapped.messages:
        raise PermanentError(
            "rows_lost",
            f"{mapped.messages} messages, but the pages have places for {room}; add places, "
            "or show all of them in one field named messages",
        )


# --- Planning ---


def plan_pages(
    template: TemplateLike,
    spec: MappingSpec,
    *,
    continuation: TemplateLike | None = None,
    last: TemplateLike | None = None,
    single: TemplateLike | None = None,
    ignore_rows: bool = False,
) -> Layout:
    """Work out the pages of an organisation's templates; TemplateError lists all that cannot be."""
    planner = _Planner(spec)
    pages = planner.join_roles(
        planner.plan("template", template),
        planner.plan("continuation", continuation),
        planner.plan("last", last),
    )
    alone = planner.join_roles(planner.plan("single", single), [], []) if single else None
    if planner.problems:
        raise TemplateError(list(dict.fromkeys(planner.problems)))
    others = [name for name in sorted(planner.names) if not looks_like_row(name, spec.rows)]
    return Layout(
        pages=pages,
        single=alone,
        names=frozenset(planner.names),
        row_fields=planner.order_row_fields(),
        page_fields=tuple(name for name, each in spec.fields.items() if each.value == "page"),
        pages_fields=tuple(name for name, each in spec.fields.items() if each.value == "pages"),
        ignore_rows=ignore_rows,
        warnings=tuple(dict.fromkeys([*planner.warnings, *find_unfilled(others, spec)])),
    )


class _Planner:
    """Reads the pages of templates, and collects what is wrong with them."""

    def __init__(self, spec: MappingSpec) -> None:
        self._spec = spec
        self._columns: dict[str, set[str]] = {}
        self.names: set[str] = set()
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def plan(self, role: Role, template: TemplateLike | None) -> list[PagePlan]:
        if template is None:
            return []
        return [
            self._plan_page(role, number, fields, f"{template.name}: page {number + 1}: ")
            for number, fields in enumerate(template.pages)
        ]

    def join_roles(self, main: list[PagePlan], more: list[PagePlan], end: list[PagePlan]) -> PageSet:
        """Return pages in their order, by the rules of this module."""
        row_pages = [place for place, plan in enumerate(main) if plan.capacity]
        first = row_pages[0] if row_pages else len(main)
        repeating = [plan for plan in [*main, *more] if plan.capacity]
        self._check_roles(more, end, repeating)
        others = [plan for plan in main[first:] if not plan.capacity]
        return PageSet(
            front=tuple(main[:first]),
            repeating=tuple(repeating),
            last=end[0] if end else None,
            back=(*end[1:], *others),
        )

    def order_row_fields(self) -> dict[str, tuple[str, ...]]:
        """Return what rows show by prefix, in the order of the mapping."""
        return {
            prefix: tuple(column for column in self._spec.rows[prefix].fields if column in columns)
            for prefix, columns in sorted(self._columns.items())
        }

    def _check_roles(self, more: list[PagePlan], end: list[PagePlan], repeating: list[PagePlan]) -> None:
        self.problems += [
            f"continuation: page {plan.page + 1} has no places for transactions; remove it, or add some"
            for plan in more
            if not plan.capacity
        ]
        self.problems += [
            f"last: page {plan.page + 1} has places for transactions, which only its first may; remove them"
            for plan in end[1:]
            if plan.capacity
        ]
        if end and end[0].capacity and not repeating:
            self.problems.append(
                "last: has places for transactions, but no page before it has; name that template as template"
            )

    def _plan_page(self, role: Role, number: int, fields: Sequence[Any], place: str) -> PagePlan:
        rows = self._spec.rows
        self.problems += [place + problem for problem in check_row_sets(fields, rows)]
        self.warnings += [place + warning for warning in find_unknown_columns(fields, rows)]
        found = find_row_sets(fields, rows)
        by_source = {each.source: each for each in reversed(found)}
        if len(by_source) < len(found):
            prefixes = " and ".join(each.prefix for each in found)
            self.problems.append(f"{place}{prefixes} show the same rows; use one prefix on a page")
        for each in found:
            self._columns.setdefault(each.prefix, set()).update(each.columns)
        in_rows = {name for each in found for name in each.names}
        open_fields = [each for each in fields if not each.read_only and each.name not in in_rows]
        variables = tuple((each.name, tuple(each.variables)) for each in open_fields if _has_variables(each))
        self.names.update(each.name for each in open_fields)
        self.names.update(name for _, names in variables for name in names)
        tables = [each for each in open_fields if self._is_table(each)]
        self.problems += [place + problem for each in tables for problem in self._find_head_faults(each)]
        return PagePlan(role=role, page=number, rows=by_source, variables=variables, has_table=bool(tables))

    def _is_table(self, field: FieldLike) -> bool:
        spec = self._spec.fields.get(field.name)
        return field.type == "table" and spec is not None and spec.value == "transactions"

    def _find_head_faults(self, field: Any) -> Iterator[str]:
        """Yield why a table's heads do not stand over the columns that it will get."""
        columns = self._spec.fields[field.name].columns or tuple(self._spec.rows[TABLE_ROWS].fields)
        head = getattr(field, "head", columns)
        if len(head) != len(columns):
            yield (
                f"{field.name}: has {len(head)} heads for the columns {', '.join(columns)}; "
                f"set mapping.fields.{field.name}.columns"
            )


def _has_variables(field: FieldLike) -> bool:
    return field.type == "multiVariableText" and hasattr(field, "variables")
