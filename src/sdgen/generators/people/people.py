"""People: all columns of one row and one `who` speak of the same person.

Row r is person `permute(r mod size)` of the locale's `size` pairs of slots of first and last names, and common names
have many slots. People of the same name have numbers, from 0: that of the pair of slots among the name's pairs, and
after it those of further rounds of `size` rows. An e-mail name is the ASCII form of both names with a mark, digits
and an initial that tell the numbers apart (`mary.smith`, `mary_smith`, `mary.smith84`, `mary.k.smith`): unique for any
number of rows, with nothing remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Annotated, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from sdgen.generators.column_batch import ColumnBatch, ColumnContext
from sdgen.generators.domains import permute
from sdgen.generators.locales import LocaleGenerator
from sdgen.generators.people.names import Names, names
from sdgen.generators.people.persons import (
    DIGITS,
    RESERVED,
    SEPARATORS,
    UNLIMITED,
    People,
    initials_of,
    name_marks,
    people_of,
)
from sdgen.generators.pools import Joined, chain, encoded, file_digests, joined, own_pool, taken, text_array
from sdgen.generators.registry import register
from sdgen.generators.text.languages import is_english, language_digests, pairs
from sdgen.generators.text_generator import ALL_TEXTS, FamilyGenerator, carried
from sdgen.scenario.types import Type

Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*$")]
Hosts = Annotated[dict[Host, Annotated[int, Field(ge=1, le=100)]], Field(min_length=1, max_length=100)]
_FAMILY_NAME_FIRST = {"hu": " ", "ja": " ", "ko": "", "zh": ""}  # and what stands between


class PersonGenerator(LocaleGenerator, FamilyGenerator):
    """One column of a person."""

    family: ClassVar[str] = "person"

    def lists_used(self, facts: ColumnContext) -> Mapping[str, str]:
        return file_digests(chain(", ".join(self.locales_in(facts))), "person")

    def people(self, cells: ColumnBatch) -> People:
        """Each row's person."""
        # Elements of a nested column have numbers of their own, so that they aren't the row's person.
        if cells.numbers is not cells.rows.numbers:  # parts of a nested column
            return self._people(cells)
        # A person is computed once for all columns of the row that speak of them.
        name = f"person {self.who} {cells.facts.locale}"
        return cells.rows.shared(name, lambda: self._people(cells))

    def _people(self, cells: ColumnBatch) -> People:
        listed = names(cells.facts.locale)
        numbers = cells.numbers
        rounds = np.zeros_like(numbers)
        # Rows beyond all pairs of slots begin a further round, which tells people of one pair apart.
        if len(numbers) and numbers.max() >= listed.size:
            rounds = numbers // listed.size
            numbers = numbers - rounds * listed.size
        # A permutation of all pairs of slots: no person comes twice in a round, with nothing remembered.
        indexes = permute(cells.family_key(self.family, self.who), numbers, listed.size)
        return people_of(listed, indexes, rounds, cells.facts.locale_part)


@register("person.full_name", "person.name", "faker_name")
class FullName(PersonGenerator):
    """A person's full name, in the order of the locale, the common names more often.

    A unique column tells people of the same name apart by initials between: Mary Smith, Mary A. Smith.
    """

    version: ClassVar[int] = 2
    example: ClassVar[str] = "{generator: person.full_name}"

    def capacity(self, facts: ColumnContext) -> int | None:
        return UNLIMITED if all(map(_between, self.locales_in(facts))) else None

    def values(self, cells: ColumnBatch) -> pa.Array:
        people = self.people(cells)
        listed, between = people.listed, _between(cells.facts.locale)
        given, family = taken(listed.firsts, people.first), taken(listed.lasts, people.last)
        # Only a unique column needs people of one name told apart.
        initials = initials_of(listed, people.number) if cells.facts.unique and people.number.any() else ()
        if _language(cells.facts.locale) in _FAMILY_NAME_FIRST:
            return joined(family, between, *initials, given)
        return (
            joined(given, " ", *initials, family)
            if initials
            else joined(given, taken(_led(between, listed), people.last))
        )


@register("person.first_name", "person.last_name", "person.surname")
class NamePart(PersonGenerator):
    """A person's first or last name, the common ones more often.

    A unique column lists each name once, and then no longer agrees with the other columns of the person.
    """

    version: ClassVar[int] = 2
    example: ClassVar[str] = "{generator: person.first_name}"
    about: ClassVar[Mapping[str, str]] = {
        "person.first_name": "A person's first name, which fits the gender, the common ones more often.",
        "person.last_name": "A person's last name, the common ones more often.",
    }

    def arrow(self, type: Type) -> pa.DataType:
        return carried(type)

    def domain(self, facts: ColumnContext) -> Joined | None:
        # The lists of several locales may hold the same name.
        locales = self.locales_in(facts)
        if len(locales) > 1:
            return None
        listed = names(locales[0])
        return Joined((listed.firsts if self._given else listed.lasts.slice(0, listed.last_size),))

    def values(self, cells: ColumnBatch) -> pa.Array:
        people = self.people(cells)
        pool = people.listed.firsts if self._given else people.listed.lasts
        if cells.facts.unique or cells.facts.joint is not None:
            # A unique column, or one of a unique set, lists each name once, and can't follow the person.
            return encoded(pool, cells.indexes(self.capacity(cells.facts) or 0))
        return encoded(pool, people.first if self._given else people.last)

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

    version: ClassVar[int] = 2
    example: ClassVar[str] = "{generator: person.gender, params: {labels: [F, M]}}"

    labels: tuple[str, str] = Field(default=("Female", "Male"), description="what to write for a woman and for a man")

    def values(self, cells: ColumnBatch) -> pa.Array:
        return encoded(text_array(self.labels), self.people(cells).men)


@register("person.title")
class Title(PersonLabel):
    """A form of address that fits the gender: Ms., Mrs. or Mr., and Dr. now and then; Frau or Herr in German."""

    version: ClassVar[int] = 2
    example: ClassVar[str] = "{generator: person.title}"

    def lists_used(self, facts: ColumnContext) -> Mapping[str, str]:
        return {**super().lists_used(facts), **language_digests(*self.locales_in(facts))}

    def values(self, cells: ColumnBatch) -> pa.Array:
        if not is_english(cells.facts.locale):
            men, women = pairs(cells.facts.locale, "title")
            return encoded(pa.concat_arrays([women, men]), self.people(cells).men)
        place = self.people(cells).men * 16 + self.family_below(cells, "title", 16)
        return encoded(text_array(("Dr.", "Mr.", "Mrs.", "Ms.")), _TITLE_OF[place])


_TITLE_OF = np.array([0] + [2] * 6 + [3] * 9 + [0] + [1] * 15, dtype=np.int64)


@register("person.occupation", "person.job_title")
class Occupation(PersonLabel):
    """A job title in the locale's language, in the form for women or men where it has two: Lehrerin, Lehrer."""

    example: ClassVar[str] = "{generator: person.occupation}"

    def lists_used(self, facts: ColumnContext) -> Mapping[str, str]:
        return {**super().lists_used(facts), **language_digests(*self.locales_in(facts))}

    def capacity(self, facts: ColumnContext) -> int | None:
        locales = self.locales_in(facts)
        return len(_jobs(locales[0])[0]) if len(locales) == 1 else None

    def values(self, cells: ColumnBatch) -> pa.Array:
        men, both = _jobs(cells.facts.locale)
        if cells.facts.unique:
            return encoded(men, cells.indexes(len(men)))
        place = self.family_below(cells, "occupation", len(men))
        if len(both) == len(men):
            return encoded(men, place)
        return encoded(both, place + (1 - self.people(cells).men) * len(men))


@cache
def _jobs(locale: str) -> tuple[pa.Array, pa.Array]:
    """Job titles of men, and behind them those of women where the language has two forms."""
    if is_english(locale):
        jobs = own_pool("people", "occupation")
        return jobs, jobs
    men, women = pairs(locale, "job")
    return (men, men) if men == women else (men, pa.concat_arrays([men, women]))


@register("person.email")
class Email(PersonGenerator):
    """An e-mail address that fits the person's name, at a domain nobody owns; unique for any number of rows."""

    version: ClassVar[int] = 2
    example: ClassVar[str] = "{generator: person.email, unique: true}"

    domain_name: Literal[""] | Host | Hosts = Field(
        default="",
        alias="domain",
        description="the part after the @, or several with whole weights, as {inbox.example: 5, post.example: 2}; left"
        " out, one of the reserved example.com, example.org and example.net",
    )

    def capacity(self, facts: ColumnContext) -> int | None:
        return UNLIMITED

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains, each as often as its weight says."""
        if isinstance(self.domain_name, str):
            return (self.domain_name,) if self.domain_name else RESERVED
        return tuple(name for name, weight in self.domain_name.items() for _ in range(weight))

    def values(self, cells: ColumnBatch) -> pa.Array:
        people = self.people(cells)
        domains = self.domains
        # From the name alone, so that marks, digits and domains vary between names and never within one.
        mixed = people.mixed(1)
        begins, lasts = _mail_pools(cells.facts.locale)
        told = name_marks(people, mixed)
        begin = taken(begins, people.first * len(SEPARATORS) + told.marks)
        # Three bits have chosen the marks; the domain takes others.
        ends = taken(_end_pool(domains), told.digits * len(domains) + (mixed >> 3) % len(domains))
        return joined(begin, *told.middles(), taken(lasts, people.last), ends)


@register("person.username")
class Username(PersonGenerator):
    """A user name made of the person's name, many with two digits; unique for any number of rows."""

    version: ClassVar[int] = 2
    example: ClassVar[str] = "{generator: person.username, unique: true}"

    def capacity(self, facts: ColumnContext) -> int | None:
        return UNLIMITED

    def values(self, cells: ColumnBatch) -> pa.Array:
        people = self.people(cells)
        begins, lasts = _mail_pools(cells.facts.locale)
        # Another number of the name than the e-mail address has, so that both don't end in the same digits.
        told = name_marks(people, people.mixed(3))
        begin = taken(begins, people.first * len(SEPARATORS) + told.marks)
        ends = taken(_end_pool(()), told.digits)
        return joined(begin, *told.middles(), taken(lasts, people.last), ends)


def _language(locale: str) -> str:
    return chain(locale)[0].partition("-")[0]


def _between(locale: str) -> str:
    return _FAMILY_NAME_FIRST.get(_language(locale), " ")


@cache
def _led(between: str, listed: Names) -> pa.Array:
    """Last names with what stands before them."""
    return joined(between, listed.lasts)


@cache
def _mail_pools(locale: str) -> tuple[pa.Array, pa.Array]:
    """First names with each mark, and last names, in ASCII."""
    listed = names(locale)
    begins = text_array(first + mark for first, mark in product(listed.first_folds, SEPARATORS))
    return begins, text_array(listed.last_folds)


@cache
def _end_pool(domains: tuple[str, ...]) -> pa.Array:
    """Nothing, or two digits, at each domain."""
    digits = ("", *(f"{number:02d}" for number in range(DIGITS)))
    return text_array(pair + domain for pair, domain in product(digits, ["@" + each for each in domains] or [""]))
