"""The names of people: every pair of a first and a last name of a locale, by index.

Index i of `size` stands for a gender, a first name and a last name. Their ASCII forms are distinct too, and no first
name is listed for both genders, so distinct indexes are distinct full names and distinct e-mail names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import pyarrow as pa

from sdgen.generators.pools import chain, own, text_array, texts
from sdgen.generators.streams import Numbers

_LONGEST = 11  # letters of a first name: longer ones are rare, and look it
_MIDDLE_CAPITAL = re.compile(r"^(Mc|O')([a-z])")


@dataclass(frozen=True, eq=False)
class Names:
    """First names (women's, then as many men's) and last names, each with its ASCII form beside it.

    Last names stand twice, in women's and in men's form; in most languages they are the same.
    """

    firsts: pa.Array
    lasts: pa.Array
    first_folds: tuple[str, ...]
    last_folds: tuple[str, ...]

    @property
    def per_gender(self) -> int:
        return len(self.firsts) // 2

    @property
    def last_size(self) -> int:
        return len(self.lasts) // 2

    @property
    def size(self) -> int:
        return len(self.firsts) * self.last_size

    def places(self, indexes: Numbers) -> tuple[Numbers, Numbers]:
        """The places of first and last names of these people."""
        first = indexes // self.last_size
        last = indexes - first * self.last_size
        return first, last + (first >= self.per_gender) * self.last_size


@cache
def names(locale: str) -> Names:
    """The names of a locale."""
    taken: set[str] = set()
    men = distinct_folds(_firsts(locale, "male"), taken)
    women = distinct_folds(_firsts(locale, "female"), taken)
    size = min(len(men), len(women))
    firsts = _spread(women, size) + _spread(men, size)
    lasts = _lasts(locale)
    return Names(
        text_array(name for name, _ in firsts),
        text_array(name for name, _ in lasts),
        tuple(fold for _, fold in firsts),
        tuple(fold for _, fold in lasts),
    )


def _firsts(locale: str, gender: str) -> tuple[str, ...]:
    if chain(locale)[0].partition("-")[0] == "en":
        return tuple(own("people")[gender])
    listed = texts(locale, "person", f"names.{gender}")
    return tuple(name for name in listed if len(name) <= _LONGEST and " " not in name)


def _lasts(locale: str) -> list[tuple[str, str]]:
    try:
        women, men = texts(locale, "person", "surnames.female"), texts(locale, "person", "surnames.male")
    except KeyError:
        both = distinct_folds((_capitals(name) for name in texts(locale, "person", "surnames")), set())
        return both + both
    female, male = distinct_folds(women, set()), distinct_folds(men, set())
    size = min(len(female), len(male))
    return female[:size] + male[:size]


def _capitals(name: str) -> str:
    return _MIDDLE_CAPITAL.sub(lambda match: match[1] + match[2].upper(), name)


def _spread(pairs: list[tuple[str, str]], size: int) -> list[tuple[str, str]]:
    """That many of the pairs, from all over the list."""
    return [pairs[number * len(pairs) // size] for number in range(size)]


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
