"""Amounts as integers of minor units: how many decimals a currency has, and how an amount is written.

Not here: reading amounts out of statement files (parsing/amounts.py). Never a float, never a locale.
"""

_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_NO_DECIMALS = frozenset(
    {
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
        *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
    }
)


def decimals_of(currency: str) -> int:
    """Return how many decimals an ISO 4217 currency has; 2 for a code that is not known."""
    if currency in _THREE_DECIMALS:
        return 3
    return 0 if currency in _NO_DECIMALS else 2


def format_amount(minor: int, currency: str) -> str:
    """Write an amount for people: ``1121526`` BHD is ``1,121.526``; the sign stands in front."""
    return _write_decimal(minor, currency, grouping=",")


def to_decimal_text(minor: int, currency: str) -> str:
    """Write an amount for programs: ``1121526`` BHD is ``1121.526``."""
    return _write_decimal(minor, currency, grouping="")


def _write_decimal(minor: int, currency: str, *, grouping: str) -> str:
    sign = "-" if minor < 0 else ""
    decimals = decimals_of(currency)
    whole, fraction = divmod(abs(minor), 10**decimals)
    text = f"{sign}{whole:{grouping}d}"
    return f"{text}.{fraction:0{decimals}d}" if decimals else text
