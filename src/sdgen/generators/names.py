"""The names of people: every pair of a first and a last name of a locale, by index.

Index i of `size` stands for a gender, a first name and a last name. Their ASCII forms are distinct too, and no first
name is listed for both genders, so distinct indexes are distinct full names and distinct e-mail names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import pyarrow as pa

from sdgen.generators.draws import Numbers
from sdgen.generators.folding import distinct_folds
from sdgen.generators.pools import chain, own, text_array, texts

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
