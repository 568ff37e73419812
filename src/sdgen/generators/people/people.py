"""People: all columns of one row and one `who` speak of the same person.

Row r is person `permute(r mod size)` of the locale's `size` pairs of first and last names, so full names are
distinct in each round of `size` rows. An e-mail name is the ASCII form of both, followed by the number of the round
from the second on (`mary.smith2`): unique for any number of rows, with nothing remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from sdgen.generators.base import ColumnBatch, ColumnContext
from sdgen.generators.domains import permute
from sdgen.generators.people.names import Names, names
from sdgen.generators.pools import chain, encoded, file_digests, joined, own_pool, taken, text_array
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.generators.text_generator import ALL_TEXTS, FamilyGenerator, carried
from sdgen.scenario.types import Type

UNLIMITED = 1 << 62  # a capacity no table reaches
RESERVED = ("example.com", "example.org", "example.net")  # RFC 2606: nobody can receive mail there

_SEPARATORS = (".", "_", "-")
_SEPARATOR_OF = np.array([0, 0, 1, 0, 0, 2, 0, 0], dtype=np.int64)
_FAMILY_NAME_FIRST = {"hu": " ", "ja": " ", "ko": "", "zh": ""}  # and what stands between


class PersonGenerator(FamilyGenerator):
    """One column of a person."""

    family: ClassVar[str] = "person"

    def lists_used(self, facts: ColumnContext) -> Mapping[str, str]:
        return file_digests(chain(facts.locale), "person")

    def people(self, cells: ColumnBatch) -> tuple[Names, Numbers, Numbers]:
        """The locale's names, each row's index into them, and its round."""
        if cells.numbers is not cells.rows.numbers:  # parts of a nested column
            return self._people(cells)
        return cells.rows.shared(f"person {self.who}", lambda: self._people(cells))

    def _people(self, cells: ColumnBatch) -> tuple[Names, Numbers, Numbers]:
        listed = names(cells.facts.locale)
        numbers = cells.numbers
        rounds = np.zeros_like(numbers)
        if len(numbers) and numbers.max() >= listed.size:
            rounds = numbers // listed.size
            numbers = numbers - rounds * listed.size
        return listed, permute(cells.family_key(self.family, self.who), numbers, listed.size), rounds

    def women(self, cells: ColumnBatch) -> Numbers:
        """1 for each row's man, 0 for a woman."""
        listed, people, _ = self.people(cells)
        return (people >= listed.size // 2).astype(np.int64)


@register("person.full_name", "person.name", "faker_name")
class FullName(PersonGenerator):
    """A person's full name, in the order of the locale; distinct for as many rows as there are pairs of names."""

    example: ClassVar[str] = "{generator: person.full_name}"

    def capacity(self, facts: ColumnContext) -> int | None:
        return names(facts.locale).size if _between(facts.locale) else None

    def values(self, cells: ColumnBatch) -> pa.Array:
        listed, people, _ = self.people(cells)
        first, last = listed.places(people)
        given, between = taken(listed.firsts, first), _between(cells.facts.locale)
        if _language(cells.facts.locale) in _FAMILY_NAME_FIRST:
            return joined(taken(listed.lasts, last), between, given)
        return joined(given, taken(_led(between, listed), last))


@register("person.first_name", "person.last_name", "person.surname")
class NamePart(PersonGenerator):
    """A person's first or last name.

    A unique column lists each name once, and then no longer agrees with the other columns of the person.
    """

    example: ClassVar[str] = "{generator: person.first_name}"
    about: ClassVar[Mapping[str, str]] = {
        "person.first_name": "A person's first name, which fits the gender.",
        "person.last_name": "A person's last name.",
    }

    def arrow(self, type: Type) -> pa.DataType:
        return carried(type)

    def capacity(self, facts: ColumnContext) -> int | None:
        listed = names(facts.locale)
        return len(listed.firsts) if self._given else listed.last_size

    def values(self, cells: ColumnBatch) -> pa.Array:
        listed, people, _ = self.people(cells)
        pool = listed.firsts if self._given else listed.lasts
        if cells.facts.unique:
            return encoded(pool, cells.indexes(self.capacity(cells.facts) or 0))
        first, last = listed.places(people)
        return encoded(pool, first if self._given else last)

    @property
    def _given(self) -> bool:
        return self.called == "person.first_name"


class PersonLabel(PersonGenerator):
    """A column of few values."""

    fits: ClassVar[frozenset[str]] = ALL_TEXTS

    def arrow(self, type: Type) -> pa.DataType:
        return carried(type)


@register("person.gender", "person.sex")
class Gender(PersonLabel):
    """A person's gender, which fits the first name: half women, half men."""

    example: ClassVar[str] = "{generator: person.gender, params: {labels: [F, M]}}"

    labels: tuple[str, str] = Field(default=("Female", "Male"), description="what to write for a woman and for a man")

    def values(self, cells: ColumnBatch) -> pa.Array:
        return encoded(text_array(self.labels), self.women(cells))


@register("person.title")
class Title(PersonLabel):
    """A form of address that fits the gender: Ms., Mrs. or Mr., and Dr. now and then."""

    example: ClassVar[str] = "{generator: person.title}"

    def values(self, cells: ColumnBatch) -> pa.Array:
        place = self.women(cells) * 16 + self.family_below(cells, "title", 16)
        return encoded(text_array(("Dr.", "Mr.", "Mrs.", "Ms.")), _TITLE_OF[place])


_TITLE_OF = np.array([0] + [2] * 6 + [3] * 9 + [0] + [1] * 15, dtype=np.int64)


@register("person.occupation", "person.job_title")
class Occupation(PersonLabel):
    """A job title."""

    example: ClassVar[str] = "{generator: person.occupation}"

    def capacity(self, facts: ColumnContext) -> int | None:
        return len(own_pool("people", "occupation"))

    def values(self, cells: ColumnBatch) -> pa.Array:
        pool = own_pool("people", "occupation")
        if cells.facts.unique:
            return encoded(pool, cells.indexes(len(pool)))
        return encoded(pool, self.family_below(cells, "occupation", len(pool)))


@register("person.email")
class Email(PersonGenerator):
    """An e-mail address that fits the person's name, at a domain nobody owns; unique for any number of rows."""

    example: ClassVar[str] = "{generator: person.email, unique: true}"

    domain_name: str = Field(
        default="",
        alias="domain",
        pattern=r"^$|^[A-Za-z0-9][A-Za-z0-9.-]*$",
        description="the part after the @; left out, one of the reserved example.com, example.org and example.net",
    )

    def capacity(self, facts: ColumnContext) -> int | None:
        return UNLIMITED

    def values(self, cells: ColumnBatch) -> pa.Array:
        listed, people, rounds = self.people(cells)
        first, last = listed.places(people)
        domains = (self.domain_name,) if self.domain_name else RESERVED
        begins, ends = _mail_pools(cells.facts.locale, domains)
        mixed = first + last
        name = taken(begins, first * len(_SEPARATORS) + _SEPARATOR_OF[mixed & 7])
        at = (mixed >> 3) % len(domains)
        if not rounds.any():
            return joined(name, taken(ends, last * len(domains) + at))
        surname = taken(_folds(cells.facts.locale), last)
        return joined(name, surname, _round_text(rounds), taken(text_array("@" + each for each in domains), at))


@register("person.username")
class Username(PersonGenerator):
    """A user name made of the person's name, some with two digits; unique for any number of rows."""

    example: ClassVar[str] = "{generator: person.username, unique: true}"

    def capacity(self, facts: ColumnContext) -> int | None:
        return UNLIMITED

    def values(self, cells: ColumnBatch) -> pa.Array:
        listed, people, rounds = self.people(cells)
        first, last = listed.places(people)
        begins, _ = _mail_pools(cells.facts.locale, RESERVED)
        mixed = first * 3 + last
        name = taken(begins, first * len(_SEPARATORS) + _SEPARATOR_OF[mixed & 7])
        parts = [name, taken(_folds(cells.facts.locale), last), taken(_two_digits(), (mixed >> 3) % 200)]
        return joined(*parts, _round_text(rounds)) if rounds.any() else joined(*parts)


def _language(locale: str) -> str:
    return chain(locale)[0].partition("-")[0]


def _between(locale: str) -> str:
    return _FAMILY_NAME_FIRST.get(_language(locale), " ")


@cache
def _led(between: str, listed: Names) -> pa.Array:
    """Last names with what stands before them."""
    return joined(between, listed.lasts)


@cache
def _folds(locale: str) -> pa.Array:
    return text_array(names(locale).last_folds)


@cache
def _mail_pools(locale: str, domains: tuple[str, ...]) -> tuple[pa.Array, pa.Array]:
    """First names with each separator, and last names at each domain."""
    listed = names(locale)
    begins = text_array(first + mark for first, mark in product(listed.first_folds, _SEPARATORS))
    return begins, text_array(f"{last}@{domain}" for last, domain in product(listed.last_folds, domains))


@cache
def _two_digits() -> pa.Array:
    """Nothing, or two digits: by turns."""
    return text_array("" if number % 2 else f"{number // 2:02d}" for number in range(200))


def _round_text(rounds: Numbers) -> pa.Array:
    """The number of each row's round: nothing for the first, then 2, 3 …"""
    numbers = pa.array(rounds + 1).cast(pa.string())
    return pa.compute.if_else(pa.array(rounds == 0), "", numbers)
