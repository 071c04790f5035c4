"""The built-in A4 statement: what it says, how it looks, and which rows stand on which page.

Not here: fonts, PDF objects or ReportLab; widths come from the ``measure`` argument, so this is arithmetic.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from pdfme_dagster.domain.money import format_amount
from pdfme_dagster.domain.statement import Statement, Transaction
from pdfme_dagster.rendering.scripts import reads_right_to_left
from pdfme_dagster.rendering.sheet import PAGE_HEIGHT, PAGE_WIDTH, Align, Measure, Sheet, Style, wrap_text

_LEFT, _RIGHT = 56.7, PAGE_WIDTH - 56.7  # 20 mm: where the window of an envelope begins
_BLEED = 6.0  # tints reach this far beyond the text they carry

_INK, _NAVY, _GREY, _WHITE, _MIST = "0.13 0.15 0.2", "0.09 0.2 0.34", "0.4 0.44 0.5", "1 1 1", "0.73 0.8 0.88"
_TINT, _STRIPE, _HAIRLINE, _ACCENT = "0.91 0.935 0.96", "0.965 0.973 0.982", "0.82 0.85 0.88", "0.16 0.5 0.6"

_TITLE, _SMALL_TITLE = Style(size=21, color=_WHITE, bold=True), Style(size=13, color=_WHITE, bold=True)
_FACT_LABEL, _FACT = Style(size=6.5, color=_MIST), Style(size=9.5, color=_WHITE, bold=True)
_NAME, _ADDRESS = Style(size=10, color=_INK, bold=True), Style(size=10, color=_INK)
_HEADING, _UNIT = Style(size=10.5, color=_NAVY, bold=True), Style(size=8.5, color=_GREY)
_LABEL, _VALUE = Style(size=9, color=_GREY), Style(size=9, color=_INK)
_STRONG = Style(size=9.5, color=_NAVY, bold=True)
_COLUMN_HEAD, _CELL = Style(size=7.5, color=_NAVY, bold=True), Style(size=8.5, color=_INK)
_SOFT_CELL, _TOTAL = Style(size=8.5, color=_GREY), Style(size=8.5, color=_NAVY, bold=True)
_MESSAGE, _FOOTNOTE = Style(size=8.5, color=_INK), Style(size=7, color=_GREY)

_BAND_HEIGHT, _SMALL_BAND_HEIGHT = 76.0, 46.0
_ADDRESS_TOP, _ADDRESS_LINE, _ADDRESS_ROOM, _ADDRESS_LINES = 152.0, 13.5, 225.0, 12
_PANEL_LEFT, _PANEL_TOP, _PANEL_LINE = 318.0, 112.0, 19.0
_PANEL_BOTTOM = _PANEL_TOP + 7 * _PANEL_LINE
_TABLE_GAP, _BODY_TOP, _BODY_BOTTOM = 26.0, _SMALL_BAND_HEIGHT + 22, 786.0
_HEAD_HEIGHT, _ROW_HEIGHT, _EXTRA_LINE, _TOTAL_HEIGHT = 21.0, 16.0, 10.5, 24.0
_MESSAGE_LINE, _MESSAGE_LINES, _MESSAGE_PADDING, _MESSAGE_GAP = 12.5, 40, 8.0, 12.0

_POSTED, _DESCRIPTION, _CURRENCY = _LEFT + 54, _LEFT + 108, _LEFT + 277
_ORIGINAL, _DEBIT = _LEFT + 358, _LEFT + 418  # right edges, like the last column's
_DATE_ROOM, _DESCRIPTION_ROOM, _CURRENCY_ROOM, _AMOUNT_ROOM = 48.0, 161.0, 20.0, 58.0
_CREDIT, _CREDIT_ROOM = " CR", 17.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """A piece of the body that stays whole; ``draw`` puts it on a sheet at a top edge."""

    height: float
    draw: Callable[[Sheet, float], None]
    tabular: bool = True


def layout_statement(statement: Statement, measure: Measure) -> list[Sheet]:
    """Place everything a statement says; ``measure`` returns the width of a line at size 1."""
    address = _wrap_address(statement, measure)
    table_top = max(_PANEL_BOTTOM, _ADDRESS_TOP + len(address) * _ADDRESS_LINE) + _TABLE_GAP
    blocks = list(_list_blocks(statement, measure))
    cuts = paginate(
        [block.height for block in blocks],
        first=_BODY_BOTTOM - table_top - _HEAD_HEIGHT,
        following=_BODY_BOTTOM - _BODY_TOP - _HEAD_HEIGHT,
    )
    sheets = [Sheet(measure=measure) for _ in cuts]
    for number, (sheet, cut) in enumerate(zip(sheets, cuts, strict=True), start=1):
        _draw_band(sheet, statement, number, len(sheets))
        _draw_body(sheet, blocks[cut.start : cut.stop], statement, table_top if number == 1 else _BODY_TOP)
        _draw_footer(sheet, statement, is_last=number == len(sheets))
    _draw_address(sheets[0], address)
    _draw_panel(sheets[0], statement)
    return sheets


def paginate(heights: Sequence[float], *, first: float, following: float) -> list[range]:
    """Cut blocks into pages: as many as fit, never none; ``first`` and ``following`` are the pages' room."""
    pages: list[range] = []
    start, used = 0, 0.0
    for place, height in enumerate(heights):
        used += height
        if used > (following if pages else first) and place > start:
            pages.append(range(start, place))
            start, used = place, height
    return [*pages, range(start, len(heights))]


def format_date(day: date | None) -> str:
    """Return a date as dd/MM/yyyy, nothing for none."""
    return "" if day is None else f"{day.day:02}/{day.month:02}/{day.year:04}"


def format_balance(minor: int | None, currency: str) -> str:
    """Return a balance without sign; ``CR`` says that the bank owes it, a dash that it is unknown."""
    if minor is None:
        return "–"
    return format_amount(abs(minor), currency) + (_CREDIT if minor < 0 else "")


def format_account(account: str) -> str:
    """Return a card number in groups of four, any other account number as it is."""
    if not _is_card(account):
        return account or "–"
    return " ".join(account[start : start + 4] for start in range(0, len(account), 4))


def title_statement(statement: Statement) -> str:
    """Return what this kind of statement calls itself."""
    return "Card statement" if _is_card(statement.account) else "Account statement"


def _is_card(account: str) -> bool:
    return account.isascii() and account.isdigit() and 15 <= len(account) <= 19


def _wrap_address(statement: Statement, measure: Measure) -> list[tuple[str, Style]]:
    parts = [(statement.name, _NAME), *((line, _ADDRESS) for line in statement.address)]
    lines = [
        (line, style)
        for part, style in parts
        if part.strip()
        for line in wrap_text(part, style, measure, room=_ADDRESS_ROOM, most=2)
    ]
    return lines[:_ADDRESS_LINES]


def _draw_address(sheet: Sheet, lines: list[tuple[str, Style]]) -> None:
    for place, (line, style) in enumerate(lines):
        sheet.write(_LEFT, _ADDRESS_TOP + place * _ADDRESS_LINE, line, style, room=_ADDRESS_ROOM)


def _draw_band(sheet: Sheet, statement: Statement, number: int, count: int) -> None:
    height, style = (_BAND_HEIGHT, _TITLE) if number == 1 else (_SMALL_BAND_HEIGHT, _SMALL_TITLE)
    sheet.fill(0, 0, PAGE_WIDTH, height, _NAVY)
    sheet.fill(0, height, PAGE_WIDTH, 2.5, _ACCENT)
    middle = height / 2
    sheet.write(_LEFT, middle + style.size * 0.36, title_statement(statement), style, room=200)
    facts = [
        (_RIGHT, 60, "PAGE", f"{number} of {count}"),
        (_RIGHT - 68, 76, "STATEMENT DATE", format_date(statement.statement_date) or "–"),
        (_RIGHT - 152, 60, "ORGANISATION", statement.org_id or "–"),
        (_RIGHT - 220, 110, "ACCOUNT", format_account(statement.account)),
    ]
    for right, room, label, value in facts[: 3 if number == 1 else 4]:
        sheet.write(right, middle - 4.5, label, _FACT_LABEL, room=room, align="right")
        sheet.write(right, middle + 8.5, value, _FACT, room=room, align="right")


def _draw_panel(sheet: Sheet, statement: Statement) -> None:
    """Draw the account block: the number and the balances, the closing balance on a tint."""
    currency, top = statement.currency, _PANEL_TOP
    kind = "Card number" if _is_card(statement.account) else "Account number"
    sheet.write(_PANEL_LEFT, top + 13, "Account summary", _HEADING, room=140)
    sheet.write(_RIGHT, top + 13, f"amounts in {currency}", _UNIT, room=90, align="right")
    sheet.fill(_PANEL_LEFT - _BLEED, top + _PANEL_LINE, _RIGHT - _PANEL_LEFT + 2 * _BLEED, 1.2, _NAVY)
    lines = [
        (kind, format_account(statement.account), False),
        ("Opening balance", format_balance(statement.opening, currency), False),
        ("Total debits", _format_known(statement.debits, currency), False),
        ("Total credits", _format_known(statement.credits, currency), False),
        ("Closing balance", format_balance(statement.closing, currency), True),
        ("Available", _format_known(statement.available, currency), False),
    ]
    # Room for the suffix is kept on every line or on none, so that the digits stay below each other.
    right = _RIGHT - _CREDIT_ROOM if any(value.endswith(_CREDIT) for _, value, _ in lines) else _RIGHT
    for label, value, is_strong in lines:
        top += _PANEL_LINE
        _draw_panel_line(sheet, top, right, label, value, is_strong=is_strong)


def _draw_panel_line(
    sheet: Sheet, top: float, right: float, label: str, value: str, *, is_strong: bool
) -> None:
    left, width = _PANEL_LEFT - _BLEED, _RIGHT - _PANEL_LEFT + 2 * _BLEED
    if is_strong:
        sheet.fill(left, top, width, _PANEL_LINE, _TINT)
    sheet.fill(left, top + _PANEL_LINE - 0.5, width, 0.5, _HAIRLINE)
    label_style, value_style = (_STRONG, _STRONG) if is_strong else (_LABEL, _VALUE)
    sheet.write(_PANEL_LEFT, top + 13, label, label_style, room=90)
    amount = value.removesuffix(_CREDIT)
    sheet.write(right, top + 13, amount, value_style, room=right - _PANEL_LEFT - 94, align="right")
    if amount != value:
        sheet.write(_RIGHT, top + 13, _CREDIT.strip(), value_style, room=_CREDIT_ROOM, align="right")


def _draw_footer(sheet: Sheet, statement: Statement, *, is_last: bool) -> None:
    sheet.fill(_LEFT, PAGE_HEIGHT - 40, _RIGHT - _LEFT, 0.5, _HAIRLINE)
    note = (
        f"Amounts are in {statement.currency} unless another currency is shown. CR: balance in your favour."
    )
    sheet.write(_LEFT, PAGE_HEIGHT - 28, note, _FOOTNOTE, room=360)
    if not is_last:
        sheet.write(
            _RIGHT, PAGE_HEIGHT - 28, "Continued on the next page", _FOOTNOTE, room=110, align="right"
        )


def _draw_body(sheet: Sheet, blocks: Sequence[_Block], statement: Statement, top: float) -> None:
    if any(block.tabular for block in blocks):
        _draw_column_heads(sheet, top, statement.currency)
        top += _HEAD_HEIGHT
    for block in blocks:
        block.draw(sheet, top)
        top += block.height


def _draw_column_heads(sheet: Sheet, top: float, currency: str) -> None:
    sheet.fill(_LEFT - _BLEED, top, _RIGHT - _LEFT + 2 * _BLEED, _HEAD_HEIGHT - 1, _TINT)
    sheet.fill(_LEFT - _BLEED, top + _HEAD_HEIGHT - 2, _RIGHT - _LEFT + 2 * _BLEED, 1, _NAVY)
    for x, label in ((_LEFT, "Date"), (_POSTED, "Posted"), (_DESCRIPTION, "Description")):
        sheet.write(x, top + 13, label, _COLUMN_HEAD, room=_DATE_ROOM)
    for right, label in (
        (_ORIGINAL, "Original amount"),
        (_DEBIT, f"Debit {currency}"),
        (_RIGHT, f"Credit {currency}"),
    ):
        sheet.write(right, top + 13, label, _COLUMN_HEAD, room=_AMOUNT_ROOM, align="right")


def _list_blocks(statement: Statement, measure: Measure) -> Iterator[_Block]:
    rows = [_lay_row(number, statement, measure) for number in range(len(statement.transactions))]
    if rows:
        yield from rows[:-1]
        yield _stack_blocks(rows[-1], _lay_totals(statement))
    else:
        yield _Block(height=46, draw=_draw_nothing_happened)
    yield from _lay_messages(statement, measure)


def _stack_blocks(upper: _Block, lower: _Block) -> _Block:
    """Return two blocks as one: the totals never stand on a page without a row."""

    def draw(sheet: Sheet, top: float) -> None:
        upper.draw(sheet, top)
        lower.draw(sheet, top + upper.height)

    return _Block(height=upper.height + lower.height, draw=draw)


def _draw_nothing_happened(sheet: Sheet, top: float) -> None:
    sheet.write(
        _LEFT, top + 27, "There were no transactions in this period.", _SOFT_CELL, room=_RIGHT - _LEFT
    )
    sheet.fill(_LEFT - _BLEED, top + 45, _RIGHT - _LEFT + 2 * _BLEED, 0.5, _HAIRLINE)


def _lay_row(number: int, statement: Statement, measure: Measure) -> _Block:
    row = statement.transactions[number]
    lines = wrap_text(row.description, _CELL, measure, room=_DESCRIPTION_ROOM, most=2)
    height = _ROW_HEIGHT + (len(lines) - 1) * _EXTRA_LINE

    def draw(sheet: Sheet, top: float) -> None:
        sheet.rows.append(number)
        if number % 2:
            sheet.fill(_LEFT - _BLEED, top, _RIGHT - _LEFT + 2 * _BLEED, height, _STRIPE)
        for place, line in enumerate(lines):
            sheet.write(_DESCRIPTION, top + 11 + place * _EXTRA_LINE, line, _CELL, room=_DESCRIPTION_ROOM)
        _draw_cells(sheet, top + 11, row, statement.currency)

    return _Block(height=height, draw=draw)


def _draw_cells(sheet: Sheet, baseline: float, row: Transaction, currency: str) -> None:
    """Draw everything of a row but its description."""
    if row.date:
        sheet.write(_LEFT, baseline, format_date(row.date), _CELL, room=_DATE_ROOM)
    if row.posted:
        sheet.write(_POSTED, baseline, format_date(row.posted), _SOFT_CELL, room=_DATE_ROOM)
    if row.original_currency:
        sheet.write(_CURRENCY, baseline, row.original_currency, _SOFT_CELL, room=_CURRENCY_ROOM)
    if row.original_amount is not None:
        original = format_amount(row.original_amount, row.original_currency or currency)
        sheet.write(_ORIGINAL, baseline, original, _SOFT_CELL, room=_AMOUNT_ROOM, align="right")
    right = _RIGHT if row.credit else _DEBIT
    sheet.write(right, baseline, format_amount(row.amount, currency), _CELL, room=_AMOUNT_ROOM, align="right")


def _lay_totals(statement: Statement) -> _Block:
    rows, currency = statement.transactions, statement.currency
    debits = format_amount(sum(row.amount for row in rows if not row.credit), currency)
    credited = format_amount(sum(row.amount for row in rows if row.credit), currency)
    label = f"Total of {len(rows)} transactions" if len(rows) > 1 else "Total of 1 transaction"

    def draw(sheet: Sheet, top: float) -> None:
        sheet.fill(_LEFT - _BLEED, top + 1, _RIGHT - _LEFT + 2 * _BLEED, 1, _NAVY)
        sheet.write(_LEFT, top + 15, label, _TOTAL, room=_ORIGINAL - _LEFT)
        sheet.write(_DEBIT, top + 15, debits, _TOTAL, room=_AMOUNT_ROOM, align="right")
        sheet.write(_RIGHT, top + 15, credited, _TOTAL, room=_AMOUNT_ROOM, align="right")

    return _Block(height=_TOTAL_HEIGHT, draw=draw)


def _lay_messages(statement: Statement, measure: Measure) -> Iterator[_Block]:
    """Yield one box, or several where the messages are longer than a page."""
    room = _RIGHT - _LEFT - _BLEED
    lines = [
        (line, reads_right_to_left(message))
        for message in statement.messages
        if message.strip()
        for line in wrap_text(message, _MESSAGE, measure, room=room)
    ]
    for start in range(0, len(lines), _MESSAGE_LINES):
        yield _lay_box(lines[start : start + _MESSAGE_LINES])


def _lay_box(lines: list[tuple[str, bool]]) -> _Block:
    height = len(lines) * _MESSAGE_LINE + 2 * _MESSAGE_PADDING

    def draw(sheet: Sheet, top: float) -> None:
        sheet.fill(_LEFT - _BLEED, top + _MESSAGE_GAP, _RIGHT - _LEFT + 2 * _BLEED, height, _STRIPE)
        sheet.fill(_LEFT - _BLEED, top + _MESSAGE_GAP, 2.5, height, _ACCENT)
        baseline = top + _MESSAGE_GAP + _MESSAGE_PADDING + 9
        for place, (line, right_to_left) in enumerate(lines):
            x = _RIGHT if right_to_left else _LEFT + _BLEED
            align: Align = "right" if right_to_left else "left"
            room = _RIGHT - _LEFT - _BLEED
            sheet.write(x, baseline + place * _MESSAGE_LINE, line, _MESSAGE, room=room, align=align)

    return _Block(height=_MESSAGE_GAP + height, draw=draw, tabular=False)


def _format_known(minor: int | None, currency: str) -> str:
    return "–" if minor is None else format_amount(minor, currency)
