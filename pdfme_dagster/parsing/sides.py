"""One amount out of the three fields in which a row may have it: amount, debit or credit.

Not here: what else a row says (rows.py).
"""

from collections.abc import Callable, Mapping

from pdfme_dagster.domain.money import to_decimal_text
from pdfme_dagster.domain.privacy import show_value
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing.amounts import Amount
from pdfme_dagster.parsing.drafts import refuse_amount
from pdfme_dagster.parsing.profile import FieldSpec, TextProfile
from pdfme_dagster.parsing.rows import compile_field_amount

SIDES = ("amount", "debit", "credit")


def compile_sides(
    profile: TextProfile, specs: Mapping[str, FieldSpec], currency: str
) -> Callable[[Mapping[str, bytes]], bytes]:
    """Return what makes one amount with its mark of those of a row, given by their names in UTF-8.

    What is returned raises ParseError ``bad_amount``, without a line, when more than one is not zero, or one
    contradicts its side by its sign.
    """
    readers = {name: compile_field_amount(profile, specs.get(name), currency) for name in SIDES}

    def join(texts: Mapping[str, bytes]) -> bytes:
        moved = {name: _read_side(name, raw, readers[name]) for name, raw in texts.items()}
        names = [name for name, minor in moved.items() if minor]
        if len(names) > 1:
            shown = " and ".join(f"{name} {show_value(texts[name].decode())}" for name in names)
            raise ParseError("bad_amount", f"a row has {shown}; correct it and upload the file again")
        if not names:
            return next((raw for raw in texts.values() if raw), b"")
        (name,) = names
        if name == "amount":
            return texts[name]
        return _mark(moved[name], name, currency, profile.decimal_point)

    return join


def _read_side(name: str, raw: bytes, read: Callable[[bytes], Amount | None]) -> int:
    """Return an amount without its sign, which must not contradict its side."""
    try:
        minor, credit = read(raw) or (0, None)
        if minor and name != "amount" and credit is (name == "debit"):
            raise ValueError("contradicts its side by its sign")
    except ValueError as exc:
        error = refuse_amount(0, name, raw.decode(), exc)
        raise ParseError(error.code, error.reason) from exc
    return minor


def _mark(minor: int, name: str, currency: str, point: str) -> bytes:
    """Write an amount with a decimal point, so that no digits are taken for implied decimals."""
    text = to_decimal_text(minor, currency)
    text = (text if "." in text else f"{text}.0").replace(".", point)
    return f"{text} {'CR' if name == 'credit' else 'DR'}".encode()
