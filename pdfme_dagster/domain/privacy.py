"""What may be shown of a card number or of a value nobody has checked: in messages, logs and file names.

Not here: what is printed on the statement itself; that is the customer's own.
"""

import re

# A longer run may have a card number inside it, so it is masked whole.
_LONG_NUMBER = re.compile(r"(?<!\d)\d(?:[ -]?\d){11,}")
_WORD = re.compile(r"[^\W\d_]{3,}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NOT_DIGIT = re.compile(r"\D")
_SHOWN_CHARACTERS = 24


def mask_numbers(text: str) -> str:
    """Replace every run of 12 or more digits, also one split by single blanks or dashes, by its last four."""
    return _LONG_NUMBER.sub(lambda match: mask_account(match[0]), text)


def mask_account(account: str) -> str:
    """Show an account or card number as ``****`` and its last four digits, whatever its length."""
    return "****" + _NOT_DIGIT.sub("", account)[-4:]


def show_line(text: str) -> str:
    """Return a text in one line that can be printed: no control characters, no halves of characters."""
    return _CONTROL.sub("?", text).encode("utf-8", "backslashreplace").decode("utf-8")


def show_value(text: str) -> str:
    """Show a field's text in a message: numbers masked, words hidden (they may be names), cut to size.

    Control characters become question marks, so that no text can disturb a log.
    """
    shown = show_line(_WORD.sub("…", mask_numbers(text)))
    return shown if len(shown) <= _SHOWN_CHARACTERS else shown[:_SHOWN_CHARACTERS] + "…"
