"""What `parse` and `profiles` show people: a file's statements, its warnings, whom it leaves out.

Not here: JSON for programs (parsing/interchange.py). Never a customer's name or a full
account number.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from pdfme_dagster.console import make_table
from pdfme_dagster.domain.money import format_amount
from pdfme_dagster.domain.privacy import mask_account, mask_numbers
from pdfme_dagster.domain.statement import ParsedFile, ParseWarning, Rejected, Statement
from pdfme_dagster.errors import ParseError, PdfmeError
from pdfme_dagster.parsing import Profile, StatementReader, require_acceptable
from pdfme_dagster.parsing.reader import UNBALANCED
from pdfme_dagster.parsing.totals import check_totals

_SHOWN = 20
# The widest row of the table of statements; a file or pipe has no width of its own.
_WIDTH = 140
_STATEMENTS_A_STEP = 50


@dataclass(slots=True)
class _Sum:
    statements: int = 0
    rows: int = 0
    debits: int = 0
    credits: int = 0
    closing: int = 0
    unbalanced: int = 0


@dataclass(slots=True)
class Tally:
    """Counts a file's statements as they pass by, and keeps what is shown of the first.

    Where the file is refused as a whole the statements end, and ``refusal`` says why.
    """

    open_reader: Callable[[], StatementReader]
    reader: StatementReader | None = None
    refusal: ParseError | None = None
    read: int = 0
    last: Statement | None = None
    sums: dict[str, _Sum] = field(default_factory=dict)
    shown: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def warnings(self) -> Sequence[ParseWarning]:
        """What was odd so far."""
        return self.reader.warnings if self.reader else ()

    @property
    def rejected(self) -> Sequence[Rejected]:
        """Who was left out so far; at the end also why the file was refused, without an account."""
        rejected = list(self.reader.rejected) if self.reader else []
        if self.refusal:
            position, error = self.read + len(rejected) + 1, self.refusal
            rejected.append(
                Rejected(
                    position=position, account="", line=error.line, code=error.code, message=error.reason
                )
            )
        return rejected

    def statements(self, *, progress: bool) -> Iterator[Statement]:
        """Yield the file's statements, with a progress bar on stderr meanwhile if that is wanted."""
        try:
            self.reader = self.open_reader()
            for statement in _follow(self.reader) if progress else self.reader:
                self._count(statement, self.reader)
                yield statement
        except ParseError as exc:
            self.refusal = exc

    def require_acceptable(self) -> None:
        """Raise PdfmeError when the file is refused, saying by which rule if it is one of the profile's."""
        if self.refusal:
            raise self.refusal
        if self.reader and self.reader.rejected:
            self._require_acceptable(self.reader)

    def _require_acceptable(self, reader: StatementReader) -> None:
        profile = reader.profile
        # The rules only count statements, and nobody has held them all.
        parsed = ParsedFile(
            statements=(self.last,) * self.read if self.last else (),
            warnings=(),
            rejected=tuple(reader.rejected),
            encoding=reader.encoding,
            profile=profile.name,
        )
        try:
            require_acceptable(parsed, profile)
        except ParseError as exc:
            if exc.code == UNBALANCED:
                rule = f"on_unbalanced is {profile.on_unbalanced}"
            elif profile.on_bad_statement == "fail_file":
                rule = f"on_bad_statement is {profile.on_bad_statement}"
            else:
                rule = "no statement is left"
            raise PdfmeError(f"{exc}; the file is refused since {rule}") from exc

    def _count(self, statement: Statement, reader: StatementReader) -> None:
        self.read += 1
        self.last = statement
        balanced = not any(check_totals(statement, reader.profile.control_totals))
        self._add(statement, balanced=balanced)
        if len(self.shown) < _SHOWN:
            position = self.read + len(reader.rejected)
            self.shown.append(_describe_statement(position, statement, balanced=balanced))

    def _add(self, statement: Statement, *, balanced: bool) -> None:
        total = self.sums.setdefault(statement.currency, _Sum())
        total.statements += 1
        total.rows += len(statement.transactions)
        total.debits += sum(row.amount for row in statement.transactions if not row.credit)
        total.credits += sum(row.amount for row in statement.transactions if row.credit)
        total.closing += statement.closing or 0
        total.unbalanced += not balanced


def make_console() -> Console:
    """Return the console of stdout, wide enough for a table where it is not a terminal."""
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH)
    return console


def print_summary(console: Console, name: str, tally: Tally) -> None:
    """Print what is in a file that has been read."""
    if tally.reader:
        console.print(_file_table(name, tally, tally.reader))
    if tally.read:
        _print_whole(console, _statements_table(tally))
        _print_whole(console, _sums_table(tally))
    if tally.warnings:
        rows = [(str(each.line), each.message) for each in tally.warnings]
        console.print(_list_table(f"warnings ({len(rows):,})", ("line", "warning"), rows))
    if tally.rejected:
        rejected = [
            (str(each.position), each.account, "" if each.line is None else str(each.line), each.message)
            for each in tally.rejected
        ]
        title = f"rejected ({len(rejected):,})"
        console.print(_list_table(title, ("#", "account", "line", "reason"), rejected))


def print_profiles(console: Console, profiles: Iterable[Profile]) -> None:
    """Print which profiles there are and which files they are for."""
    table = make_table("profiles")
    for column in ("name", "format", "what for", "organisations", "file names"):
        table.add_column(column, overflow="fold")
    for each in profiles:
        organisations, names = ", ".join(each.organisations), ", ".join(each.names)
        table.add_row(*map(escape, (each.name, each.format, each.description, organisations, names)))
    console.print(table)


def _print_whole(console: Console, table: Table) -> None:
    """Print a table without folding its amounts; where it is too wide, the terminal breaks its lines."""
    width = console.width
    widest = console.measure(table, options=console.options.update(max_width=_WIDTH)).maximum
    console.width = max(width, widest)
    console.print(table)
    console.width = width


def _follow(reader: StatementReader) -> Iterator[Statement]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    # What is printed meanwhile is not rich's business: it may be JSON.
    bar = Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with bar:
        task = bar.add_task("reading", total=reader.size_bytes)
        for number, statement in enumerate(reader):
            if number % _STATEMENTS_A_STEP == 0:
                bar.update(task, completed=reader.bytes_done)
            yield statement


def _describe_statement(position: int, statement: Statement, *, balanced: bool) -> tuple[str, ...]:
    amounts = (statement.opening, statement.debits, statement.credits, statement.closing)
    return (
        str(position),
        mask_numbers(statement.org_id),
        mask_account(statement.account),
        str(statement.statement_date or ""),
        statement.currency,
        f"{len(statement.transactions):,}",
        *("" if each is None else format_amount(each, statement.currency) for each in amounts),
        "yes" if balanced else "no",
    )


def _file_table(name: str, tally: Tally, reader: StatementReader) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column()
    table.add_column(overflow="fold")
    counts = f"{tally.read:,} read, {len(reader.rejected):,} rejected"
    rows = {
        "file": name,
        "profile": ", ".join(filter(None, (reader.profile.name, reader.profile.description))),
        "encoding": reader.encoding,
        "size": f"{reader.size_bytes:,} bytes",
        "statements": f"{counts}, {len(reader.warnings):,} warnings",
    }
    for what, text in rows.items():
        table.add_row(what, escape(text))
    return table


def _statements_table(tally: Tally) -> Table:
    title = "statements" if tally.read <= _SHOWN else f"statements, the first {_SHOWN} of {tally.read:,}"
    table = make_table(title)
    for column in ("#", "org", "account", "date", "currency"):
        table.add_column(column, overflow="fold")
    for column in ("rows", "opening", "debits", "credits", "closing"):
        table.add_column(column, justify="right", overflow="fold")
    table.add_column("balanced")
    for row in tally.shown:
        table.add_row(*row)
    return table


def _sums_table(tally: Tally) -> Table:
    table = make_table("in all")
    table.add_column("currency")
    for column in ("statements", "rows", "debit rows", "credit rows", "closing", "not balanced"):
        table.add_column(column, justify="right", overflow="fold")
    for currency, total in tally.sums.items():
        amounts = (total.debits, total.credits, total.closing)
        counts = f"{total.statements:,}", f"{total.rows:,}"
        written = (format_amount(each, currency) for each in amounts)
        table.add_row(currency, *counts, *written, f"{total.unbalanced:,}")
    return table


def _list_table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    if len(rows) > _SHOWN:
        title += f", the first {_SHOWN}"
    table = make_table(title)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows[:_SHOWN]:
        table.add_row(*map(escape, row))
    return table
