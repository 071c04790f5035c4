"""pdfme's own generator as the oracle: what it draws, and how far our PDFs are from that.

Not here: our renderer, and what a test makes of a difference.
"""

from pdfme_dagster_tests.oracle.compare import Difference, compare_pdfs
from pdfme_dagster_tests.oracle.pdfme import MISSING, Job, Oracle, OracleError, Timing, find_oracle

__all__ = ["MISSING", "Difference", "Job", "Oracle", "OracleError", "Timing", "compare_pdfs", "find_oracle"]
