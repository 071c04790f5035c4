"""Statements to PDF bytes.

Not here: reading statement files (parsing/) or keeping PDFs (stores/). Rendering knows no clock, environment
or service: the same statement gives the same bytes in every process.
"""

from pdfme_dagster.domain.privacy import mask_account
from pdfme_dagster.domain.statement import RenderedPdf, Statement
from pdfme_dagster.errors import PermanentError
from pdfme_dagster.rendering.fonts import load_fonts
from pdfme_dagster.rendering.layout import format_date, layout_statement
from pdfme_dagster.rendering.pdf import draw_sheets

__all__ = ["render_statement", "warm_up"]


def warm_up() -> None:
    """Load the fonts now instead of with the first statement."""
    load_fonts()


def render_statement(statement: Statement) -> RenderedPdf:
    """Render one statement with the built-in layout; raise PermanentError rather than lose a transaction."""
    fonts = load_fonts()
    sheets = layout_statement(statement, fonts.measure)
    drawn = [row for sheet in sheets for row in sheet.rows]
    if drawn != list(range(len(statement.transactions))):
        raise PermanentError(
            "rows_lost",
            f"account {mask_account(statement.account)}: {len(statement.transactions)} transactions in, "
            f"{len(drawn)} drawn; this is an error of the layout, report it",
        )
    day = statement.statement_date
    content = draw_sheets(
        sheets,
        fonts,
        title=f"Statement {format_date(day)}".strip(),
        created=None if day is None else f"D:{day.year:04}{day.month:02}{day.day:02}000000Z",
    )
    return RenderedPdf(content=content, pages=len(sheets))
