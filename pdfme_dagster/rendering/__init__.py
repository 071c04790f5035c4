"""Templates and values to PDF bytes.

Not here: reading templates (templates/) or statement files (parsing/), or keeping PDFs (stores/). This knows
no clock, environment or service: the same values give the same bytes in every process.
"""

from pdfme_dagster.rendering.statements import StatementRenderer, load_statement_renderer

__all__ = ["StatementRenderer", "load_statement_renderer"]
