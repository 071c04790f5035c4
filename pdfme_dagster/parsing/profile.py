"""The card-statement profile: which field is what, and what a bank may set differently.

Not here: reading (afs.py, rows.py).
"""

from dataclasses import dataclass
from typing import Final

from pdfme_dagster.domain.money import decimals_of
from pdfme_dagster.errors import ConfigurationError

# Fields are numbered from 0. In every record:
ORG: Final = 0
ACCOUNT: Final = 2
KIND: Final = 3

# Kinds of record, in the order they come in; types 3 and 5 are known but not read.
ACCOUNT_RECORD: Final = "1"
CUSTOMER_RECORD: Final = "2"
ROW_RECORD: Final = "4"
MESSAGE_RECORD: Final = "6"
KINDS: Final = frozenset("123456")

# Account record.
CLOSING_BALANCE: Final = 12
STATEMENT_DATE: Final = 14
AVAILABLE: Final = 27
TOTAL_CREDITS: Final = 41
TOTAL_DEBITS: Final = 43
OPENING_BALANCE: Final = 45

# Customer record.
NAME: Final = 5
ADDRESS: Final = (6, 7, 8, 82)

# Row record.
TRANSACTION_DATE: Final = 4
AMOUNT: Final = 7
POSTING_DATE: Final = 10
DESCRIPTION: Final = 22
ORIGINAL_CURRENCY: Final = 56
ORIGINAL_AMOUNT: Final = 57

# Message record: this field and all after it.
FIRST_MESSAGE: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AfsProfile:
    """How one bank writes its card statements; ConfigurationError for an encoding that does not exist.

    ``implied_decimals`` counts for rows, originals and the available amount when they come without a decimal
    point (None: as many as the currency has), ``balance_decimals`` for balances and totals.
    ``direction_field`` is the number of a row's C or D field, for feeds that have one.
    """

    currency: str = "BHD"
    fallback_encoding: str = "cp1256"
    implied_decimals: int | None = 3
    balance_decimals: int = 0
    direction_field: int | None = None
    credit_descriptions: tuple[str, ...] = ("Payment Received", "Refund", "Reversal", "Cashback")
    filler_descriptions: tuple[str, ...] = ("NEWL",)
    heading_descriptions: tuple[str, ...] = ("Account transactions",)

    def __post_init__(self) -> None:
        try:
            " ".encode(self.fallback_encoding)
        except LookupError as exc:
            raise ConfigurationError(
                f'fallback_encoding "{self.fallback_encoding}" is no text encoding; use one like cp1256'
            ) from exc

    def implied_decimals_of(self, currency: str) -> int:
        """Return how many digits at the end of an amount without a decimal point are decimals."""
        return decimals_of(currency) if self.implied_decimals is None else self.implied_decimals
