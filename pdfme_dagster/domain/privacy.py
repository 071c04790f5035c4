"""What may be shown of a card number or of a value nobody has checked: in messages, logs and file names.

Not here: what is printed on the statement itself; that is the customer's own.
"""

import re

# What may stand between the groups of a card number: signs, blanks, an ellipsis, but no letter.
_JOINT = r"[\W_]{1,3}"
# A run of 12 digits, or groups as on a card: in fours, or 4-6-5 and 4-6-4 as some that start with 3. Dates,
# times and addresses have other groups. A longer run may have a card number inside it, so it is masked whole.
_LONG_NUMBER = re.compile(
    rf"""(?<!\d)(?:
        \d{{4}}(?:{_JOINT}\d{{4}}){{3,}}(?:{_JOINT}\d{{2,3}}(?!\d))?
        | 3\d{{3}}{_JOINT}\d{{6}}{_JOINT}\d{{4,5}}
        | \d(?:[ -]?\d){{11}}
    )(?:[ -]?\d)*""",
    re.VERBOSE,
)
# Two letters or more, with the vowel signs and joiners among them; initials and letters spaced out are one
# word too. CR and DR stay: they are marks of amounts, as single letters are.
_WORD = re.compile(
    r"""(?!(?:CR|DR)(?![^\W\d_]))
    [^\W\d_](?:(?:[^\w\s\x00-\x7f]|[ .]{1,2}(?=[^\W\d_](?![^\W\d_])))*[^\W\d_])+""",
    re.VERBOSE | re.IGNORECASE,
)
# What messages name beside what stands in a file.
_TERMS = frozenset({"JSON", "XML", "ISO", "UTF"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NOT_DIGIT = re.compile(r"\D")
_SHOWN_CHARACTERS = 24


def mask_numbers(text: str) -> str:
    """Replace every run of 12 or more digits, and every number grouped as on a card, by its last four.

    A run may be split by single blanks or dashes, groups by up to three signs of any kind.
    """
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
    # Words first: a number may go on behind one.
    shown = show_line(mask_numbers(_WORD.sub("…", text)))
    return shown if len(shown) <= _SHOWN_CHARACTERS else shown[:_SHOWN_CHARACTERS] + "…"


def show_sentence(text: str) -> str:
    """Show a message that another program wrote: numbers masked, words hidden but those in small letters.

    Small letters are those from a to z; a name has a capital, or is written in another script.
    """
    return show_line(mask_numbers(_WORD.sub(_hide_perhaps_name, text)))


def _hide_perhaps_name(word: re.Match[str]) -> str:
    return word[0] if word[0] in _TERMS or (word[0].isascii() and word[0].islower()) else "…"
