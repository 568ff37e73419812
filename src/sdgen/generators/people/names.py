"""The names of people: first and last names of a locale, the common ones more often, by index.

An index stands for a slot of a first and a slot of a last name. A name has as many slots as its share of the people
asks for (`data/name_shares.yaml`), so slots drawn alike give names by frequency. Several slots may be of the same pair:
each has its number among them, which e-mail names are told apart by. ASCII forms are distinct too, and no first name is
listed for both genders.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa

from sdgen.generators.pools import chain, own, own_yaml, text_array, texts
from sdgen.generators.streams import Numbers

_LONGEST = 11  # letters of a first name: longer ones are rare, and look it
_MIDDLE_CAPITAL = re.compile(r"^(Mc|O')([a-z])")
_PEOPLE = 100_000  # that shares are given of


@dataclass(frozen=True, eq=False)
class Slots:
    """Slots of names: `place` is each slot's name, `number` its number among the slots of that name, of `count`."""

    place: Numbers
    number: Numbers
    count: Numbers

    @property
    def size(self) -> int:
        return len(self.place)


@dataclass(frozen=True, eq=False)
class Names:
    """First names (women's, then men's) and last names, each with its ASCII form beside it.

    Last names stand twice, in women's and in men's form; in most languages they are the same. Both halves have as many
    slots.
    """

    firsts: pa.Array
    lasts: pa.Array
    first_folds: tuple[str, ...]
    last_folds: tuple[str, ...]
    women: int
    first_slots: Slots
    last_slots: Slots

    @property
    def last_size(self) -> int:
        return len(self.lasts) // 2

    @property
    def size(self) -> int:
        """How many people there are: half of them women."""
        return self.first_slots.size * (self.last_slots.size // 2)

    @property
    def pairs(self) -> int:
        """How many different names they have."""
        return len(self.firsts) * self.last_size

    def slots(self, indexes: Numbers) -> tuple[Numbers, Numbers]:
        """The slots of first and last names of these people."""
        half = self.last_slots.size // 2
        first = indexes // half
        return first, indexes - first * half + (first >= self.first_slots.size // 2) * half


@cache
def names(locale: str) -> Names:
    """The names of a locale."""
    # Women's and men's first names share the set: a name that both have would leave the gender open.
    taken: set[str] = set()
    # Men's names come first here: a name that both lists have is a man's.
    men, women = (_firsts(locale, gender, taken) for gender in ("male", "female"))
    half, lasts = _lasts(locale)
    shares = {kind: _shares(locale, kind) for kind in ("female", "male", "surnames")}
    return Names(
        text_array(name for name, _ in women + men),
        text_array(name for name, _ in lasts),
        tuple(fold for _, fold in women + men),
        tuple(fold for _, fold in lasts),
        len(women),
        _slots(_weights(women, shares["female"]), _weights(men, shares["male"])),
        _slots(_weights(lasts[:half], shares["surnames"]), _weights(lasts[half:], shares["surnames"])),
    )


def _shares(locale: str, kind: str) -> Mapping[str, int]:
    """How many of 100,000 people have which name, in the locale or its language; none where that is not known."""
    # The locale's own shares go before those of its language.
    known, own_name = own_yaml("name_shares"), chain(locale)[0]
    named = (own_name, own_name.partition("-")[0])
    return next((known[name][kind] for name in named if kind in known.get(name, {})), {})


def _weights(listed: Sequence[tuple[str, str]], shares: Mapping[str, int]) -> list[int]:
    """The share of each name: those that none is known of share alike what is left, and no name is rarer than those."""
    known = [shares.get(name, 0) for name, _ in listed]
    # Names without a known share have what is left of the people, alike, and none less than the other.
    rest = max(1, (_PEOPLE - sum(known)) // max(1, known.count(0)))
    return [max(share, rest) for share in known]


def _slots(women: Sequence[int], men: Sequence[int]) -> Slots:
    """As many slots for women as for men: of each name in proportion to its weight, at least one."""
    # The rarest name gets one slot, and all others as many as they are commoner.
    size = max(sum(weights) // min(weights) for weights in (women, men))
    counts = np.array(_apportioned(women, size) + _apportioned(men, size), dtype=np.int64)
    place = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    number = np.arange(len(place), dtype=np.int64) - (np.cumsum(counts) - counts)[place]
    return Slots(place, number, counts)


def _apportioned(weights: Sequence[int], size: int) -> list[int]:
    """Whole numbers of that sum, in proportion to the weights (largest remainders), none below one."""
    # Largest remainders: sums are exact in whole numbers, and no float decides.
    total = sum(weights)
    counts = [max(1, weight * size // total) for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: (-(weights[place] * size % total), place))
    left = size - sum(counts)
    for place in by_remainder[: max(0, left)]:
        counts[place] += 1
    # One slot at least for each name may have given out too many: the commonest names give some back.
    for place in sorted(range(len(counts)), key=lambda place: (-counts[place], place))[: max(0, -left)]:
        counts[place] -= 1
    return counts


def _firsts(locale: str, gender: str, taken: set[str]) -> list[tuple[str, str]]:
    """First names of a gender, without those `taken` already."""
    if chain(locale)[0].partition("-")[0] == "en":
        listed = tuple(own("people")[gender])
    else:
        listed = texts(locale, "person", f"names.{gender}")
    short = (name for name in listed if len(name) <= _LONGEST and " " not in name)
    return _distinct(_shares(locale, gender), short, taken)


def _distinct(shares: Iterable[str], listed: Iterable[str], taken: set[str]) -> list[tuple[str, str]]:
    """Names with their ASCII forms, sorted: of two with the same form the one stays whose share is known."""
    return sorted(distinct_folds([*shares, *listed], taken))


# Women's and men's last names differ in some languages, and are paired by their places.
def _lasts(locale: str) -> tuple[int, list[tuple[str, str]]]:
    """Last names in women's and then in men's form, and how many there are of each."""
    shares = _shares(locale, "surnames")
    try:
        women, men = texts(locale, "person", "surnames.female"), texts(locale, "person", "surnames.male")
    except KeyError:
        both = _distinct(shares, map(_capitals, texts(locale, "person", "surnames")), set())
        return len(both), both + both
    female, male = _distinct(shares, women, set()), _distinct(shares, men, set())
    size = min(len(female), len(male))
    return size, female[:size] + male[:size]


def _capitals(name: str) -> str:
    return _MIDDLE_CAPITAL.sub(lambda match: match[1] + match[2].upper(), name)


# Letters that Unicode doesn't take apart into a letter and a mark.
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
        # NFKD takes accents off; letters that come of it may be known ones.
        plain = _LETTERS.get(letter) or unicodedata.normalize("NFKD", letter)
        pieces.append("".join(_LETTERS.get(part, part) for part in plain))
    # E-mail names have ASCII letters only, whatever the name is written in.
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
        # A form that is taken would make two people's addresses one, so that the name is left out.
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
