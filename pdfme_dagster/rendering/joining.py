"""Arabic letters in the form that their neighbours ask for, as Unicode's presentation forms.

Not here: order (bidi.py) or glyphs (shaping.py).

A font that has these forms draws each joined letter with one glyph of its own: text copied from a page then
is what was written. Without them, fonts may draw a letter and its dots apart, and share either among others.
"""

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from unicodedata import category, decomposition, normalize

_PRESENTATION_FORMS = (range(0xFB50, 0xFC00), range(0xFE80, 0xFEFD))
_LAM, _TATWEEL, _NON_JOINER, _JOINER = "\u0644", "\u0640", "\u200c", "\u200d"
_FORM_NAMES = {  # by whether the letter before and the letter after join
    (False, False): "isolated",
    (False, True): "initial",
    (True, True): "medial",
    (True, False): "final",
}


def join_letters(text: str) -> str:
    """Return text in logical order with its Arabic letters joined; other letters stay as they are."""
    return "".join(_join_letters(normalize("NFC", text)))


def reveal_letters(character: str) -> str:
    """Return the plain letters that a presentation form stands for; anything else as it is."""
    code = ord(character)
    if any(code in block for block in _PRESENTATION_FORMS):
        return normalize("NFKC", character)
    return character


@cache
def _list_forms() -> dict[str, dict[str, str]]:
    """Map letters, and lam with an alef, to their forms by name: isolated, initial, medial, final."""
    forms: dict[str, dict[str, str]] = {
        name: dict.fromkeys(_FORM_NAMES.values(), name) for name in (_TATWEEL, _JOINER)
    }
    for code in (code for block in _PRESENTATION_FORMS for code in block):
        tag, *parts = decomposition(chr(code)).split() or [""]
        letters = "".join(chr(int(part, 16)) for part in parts)
        if len(letters) == 1 or (len(letters) == 2 and letters[0] == _LAM):
            forms.setdefault(letters, {}).setdefault(tag.strip("<>"), chr(code))
    return forms


def _join_letters(text: str) -> Iterator[str]:
    """Yield each character in the form its neighbours ask for; marks stay and break nothing."""
    letters = _pair_lam_alef(text)
    joining = [i for i, letter in enumerate(letters) if category(letter[-1]) != "Mn"]
    before = {place: earlier for earlier, place in pairwise(joining)}
    after = dict(pairwise(joining))
    for i, letter in enumerate(letters):
        joined_before = i in before and _joins_on(letters[before[i]]) and _joins_back(letter)
        joined_after = i in after and _joins_on(letter) and _joins_back(letters[after[i]])
        form = _FORM_NAMES[joined_before, joined_after]
        if letter not in (_NON_JOINER, _JOINER):
            yield _list_forms().get(letter, {}).get(form, letter)


def _pair_lam_alef(text: str) -> list[str]:
    letters: list[str] = []
    for character in text:
        if letters and letters[-1] + character in _list_forms():
            letters[-1] += character
        else:
            letters.append(character)
    return letters


def _joins_on(letter: str) -> bool:
    return "initial" in _list_forms().get(letter, ())


def _joins_back(letter: str) -> bool:
    return "final" in _list_forms().get(letter, ())
