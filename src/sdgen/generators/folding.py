"""Names in plain ASCII letters, as they stand in an e-mail address."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_LATIN = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ə": "e"}
_CYRILLIC_LETTERS = "абвгдезийклмнопрстуфхцыэіґәғқңөұүһ"
_CYRILLIC_SOUNDS = "a b v g d e z i i k l m n o p r s t u f kh ts y e i g a g k n o u u h"
_CYRILLIC = dict(zip(_CYRILLIC_LETTERS, _CYRILLIC_SOUNDS.split(), strict=True))
_CYRILLIC |= {"ж": "zh", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "yu", "я": "ya", "є": "ye", "ъ": "", "ь": ""}
_GREEK_LETTERS, _GREEK_SOUNDS = "αβγδεζηικλμνξοπρσςτυφω", "a v g d e z i i k l m n x o p r s s t y f o"
_GREEK = dict(zip(_GREEK_LETTERS, _GREEK_SOUNDS.split(), strict=True)) | {"θ": "th", "χ": "ch", "ψ": "ps"}
_LETTERS = _LATIN | _CYRILLIC | _GREEK
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"


def folded(text: str) -> str:
    """The text in lower-case ASCII letters alone; "" where nothing of it can be written so."""
    if text.isascii() and text.isalpha():
        return text.lower()
    pieces = []
    for letter in text.lower():
        plain = _LETTERS.get(letter) or unicodedata.normalize("NFKD", letter)
        pieces.append("".join(_LETTERS.get(part, part) for part in plain))
    return "".join(part for part in "".join(pieces) if "a" <= part <= "z")


def syllables(number: int) -> str:
    """A pronounceable stand-in for a name that has no ASCII form; distinct for each number."""
    base = len(_CONSONANTS) * len(_VOWELS)
    parts = []
    for _ in range(2):
        number, rest = divmod(number, base)
        parts.append(_CONSONANTS[rest // len(_VOWELS)] + _VOWELS[rest % len(_VOWELS)])
    return "".join(parts) if number == 0 else "".join(parts) + syllables(number - 1)


def distinct_folds(texts: Iterable[str], taken: set[str]) -> list[tuple[str, str]]:
    """The texts with their ASCII forms, leaving out those taken in either form; `taken` grows by what is kept.

    A text without any ASCII form gets one made of syllables.
    """
    kept = []
    for text in texts:
        if text in taken:
            continue
        form = folded(text) or _stand_in(taken)
        if form not in taken:
            taken.update((text, form))
            kept.append((text, form))
    return kept


def _stand_in(taken: set[str]) -> str:
    number = len(taken)
    while syllables(number) in taken:
        number += 1
    return syllables(number)
