"""How an organisation writes its amounts: separators, negative and zero amounts, whose money a balance is.

Not here: a currency's decimals (domain/money.py) or which amount stands where (mapping.py).
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from pdfme_dagster.domain.money import format_amount

_DASH = "–"


class AmountStyle(BaseModel):
    """How amounts are written; the defaults are ``1,121.526``, ``-1.00``, ``0.00`` and nothing for none.

    ``negative`` and ``zero`` show what they mean. ``balances`` says which ones have no sign: those that the
    customer owes, as on a card, or the customer's money that the bank holds, as on an account.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    decimal_point: Literal[".", ","] = "."
    thousands: Literal[",", ".", "'", "’", " ", "\u00a0", "\u202f", ""] = ","
    negative: Literal["-1.00", "1.00-", "(1.00)", "1.00 CR"] = "-1.00"
    zero: Literal["0.00", "-", ""] = "0.00"
    unknown: Literal["-", ""] = ""
    balances: Literal["owed", "held"] = "owed"

    @model_validator(mode="after")
    def _check_separators(self) -> "AmountStyle":
        if self.decimal_point == self.thousands:
            raise ValueError(f'decimal_point and thousands are both "{self.thousands}"; change one')
        return self


def write_amount(minor: int | None, currency: str, style: AmountStyle) -> str:
    """Write an amount in minor units of its currency; None is an unknown one."""
    if minor is None:
        return _DASH if style.unknown else ""
    if minor == 0 and style.zero != "0.00":
        return _DASH if style.zero else ""
    separators: dict[str, str | int | None] = {",": style.thousands, ".": style.decimal_point}
    text = format_amount(abs(minor), currency).translate(str.maketrans(separators))
    return style.negative.replace("1.00", text) if minor < 0 else text
