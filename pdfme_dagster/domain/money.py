"""Amounts as integers of minor units: how many decimals a currency has, and how an amount is written.

Not here: reading amounts out of statement files (parsing/amounts.py). Never a float, never a locale.
"""

# ISO 4217 in 2026, and HRK, SLL and ZWL, which statements of former years still name.
_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL
GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW
KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN
NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL
SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES
VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ZWL
"""
_FOUR = {"CLF", "UYW"}
_THREE = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}
_NONE = {
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
    *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
}
_NOT_TWO = dict.fromkeys(_FOUR, 4) | dict.fromkeys(_THREE, 3) | dict.fromkeys(_NONE, 0)
_DECIMALS = {code: _NOT_TWO.get(code, 2) for code in _CODES.split()}


def is_currency(code: str) -> bool:
    """Say whether this is an ISO 4217 code of money that a statement can be in."""
    return code in _DECIMALS


def decimals_of(currency: str) -> int:
    """Return how many decimals an ISO 4217 currency has; KeyError for a code that is none."""
    return _DECIMALS[currency]


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
