"""People: all columns of one row and one `who` speak of the same person.

Row r is person `permute(r mod size)` of the locale's `size` pairs of slots of first and last names, and common names
have many slots. People of the same name have numbers, from 0: that of the pair of slots among the name's pairs, and
after it those of further rounds of `size` rows. An e-mail name is the ASCII form of both names with a mark, digits
and an initial that tell the numbers apart (`mary.smith`, `mary_smith`, `mary.smith84`, `mary.k.smith`): unique for any
number of rows, with nothing remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import ClassVar
from zlib import crc32

import numpy as np
import pyarrow as pa
from pydantic import Field

from sdgen.generators.base import ColumnBatch, ColumnContext
from sdgen.generators.domains import permute
from sdgen.generators.people.names import Names, names
from sdgen.generators.pools import chain, encoded, file_digests, joined, mixture, own_pool, taken, text_array
from sdgen.generators.registry import register
from sdgen.generators.streams import Numbers
from sdgen.generators.text_generator import ALL_TEXTS, FamilyGenerator, carried
from sdgen.scenario.types import Type

UNLIMITED = 1 << 62  # a capacity no table reaches
RESERVED = ("example.com", "example.org", "example.net")  # RFC 2606: nobody can receive mail there

_SEPARATORS = (".", "_", "-")
# The order in which a name's first three people take the marks: one row for each of eight kinds of names.
_MARKS = np.array([[0, 1, 2]] * 5 + [[1, 0, 2]] * 2 + [[2, 0, 1]], dtype=np.int64)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_FAMILY_NAME_FIRST = {"hu": " ", "ja": " ", "ko": "", "zh": ""}  # and what stands between


@dataclass(frozen=True, eq=False)
class People:
    """Some people: the places of their first and last names, whether they are men, and their numbers among those of
    the same name."""

    listed: Names
    first: Numbers
    last: Numbers
    men: Numbers
    number: Numbers

    def mixed(self, times: int) -> Numbers:
        """A number that the name alone decides, whichever locale has it."""
        firsts, lasts = _hashes(self.listed.first_folds), _hashes(self.listed.last_folds)
        return firsts.take(self.first) * times + lasts.take(self.last)


@cache
def _hashes(folds: tuple[str, ...]) -> Numbers:
    return np.array([crc32(fold.encode("ascii")) for fold in folds], dtype=np.int64)


def people_of(listed: Names, indexes: Numbers, rounds: Numbers, part: tuple[int, int] = (0, 1)) -> People:
    """The people of these indexes below `listed.size`, and rounds.

    part: which of several locales it is, and how many there are: people of one name have different numbers in each.
    """
    firsts, lasts = listed.first_slots, listed.last_slots
    first_slot, last_slot = listed.slots(indexes)
    first, last = firsts.place.take(first_slot), lasts.place.take(last_slot)
    last_count = lasts.count.take(last)
    number = firsts.number.take(first_slot) * last_count + lasts.number.take(last_slot)
    if rounds.any():
        number += rounds * firsts.count.take(first) * last_count
    if part[1] > 1:
        number = number * part[1] + part[0]
    return People(listed, first, last, (first >= listed.women).astype(np.int64), number)


class PersonGenerator(FamilyGenerator):
    """One column of a person."""

    family: ClassVar[str] = "person"
    by_locale: ClassVar[bool] = True

    def lists_used(self, facts: ColumnContext) -> Mapping[str, str]:
        return file_digests(chain(facts.locale), "person")

    def people(self, cells: ColumnBatch) -> People:
        """Each row's person."""
        if cells.numbers is not cells.rows.numbers:  # parts of a nested column
            return self._people(cells)
        return cells.rows.shared(f"person {self.who}", lambda: self._people(cells))

    def _people(self, cells: ColumnBatch) -> People:
        listed = names(cells.facts.locale)
        numbers = cells.numbers
        rounds = np.zeros_like(numbers)
        if len(numbers) and numbers.max() >= listed.size:
            rounds = numbers // listed.size
            numbers = numbers - rounds * listed.size
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
        return UNLIMITED if all(_between(locale) for locale, _ in mixture(facts.locale)) else None

    def values(self, cells: ColumnBatch) -> pa.Array:
        people = self.people(cells)
        listed, between = people.listed, _between(cells.facts.locale)
        given, family = taken(listed.firsts, people.first), taken(listed.lasts, people.last)
        initials = _initials(listed, people.number) if cells.facts.unique and people.number.any() else ()
        if _language(cells.facts.locale) in _FAMILY_NAME_FIRST:
            return joined(family, between, *initials, given)
        return (
            joined(given, " ", *initials, family)
            if initials
            else joined(given, taken(_led(between, listed), people.last))
        )


def _initials(listed: Names, numbers: Numbers) -> tuple[pa.Array, ...]:
    """As many initials as tell numbers apart: none for 0, then A., B. … A. A., A. B. … (a number in base 26)."""
    letters = _letters(listed.firsts[0].as_py())
    pool = text_array(("", *(f"{letter}. " for letter in letters)))
    parts = []
    while numbers.any():
        rest = (numbers - 1) // len(letters)
        parts.append(taken(pool, np.where(numbers > 0, numbers - rest * len(letters), 0)))
        numbers = np.maximum(rest, 0)
    return tuple(parts)


def _letters(name: str) -> str:
    """The letters of initials, in the script of a name: the same for all locales that share it."""
    return _CYRILLIC if "\u0400" <= name[0] <= "\u04ff" else _LETTERS.upper()


_CYRILLIC = "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЭЮЯ"


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

    def capacity(self, facts: ColumnContext) -> int | None:
        if len(mixture(facts.locale)) > 1:
            return None
        listed = names(facts.locale)
        return len(listed.firsts) if self._given else listed.last_size

    def values(self, cells: ColumnBatch) -> pa.Array:
        people = self.people(cells)
        pool = people.listed.firsts if self._given else people.listed.lasts
        if cells.facts.unique:
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
    """A form of address that fits the gender: Ms., Mrs. or Mr., and Dr. now and then."""

    version: ClassVar[int] = 2
    example: ClassVar[str] = "{generator: person.title}"

    def values(self, cells: ColumnBatch) -> pa.Array:
        place = self.people(cells).men * 16 + self.family_below(cells, "title", 16)
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

    version: ClassVar[int] = 2
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
        people = self.people(cells)
        domains = (self.domain_name,) if self.domain_name else RESERVED
        mixed = people.mixed(1)
        begins, lasts = _mail_pools(cells.facts.locale)
        told = told_apart(people, mixed)
        begin = taken(begins, people.first * len(_SEPARATORS) + told.marks)
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
        told = told_apart(people, people.mixed(3))
        begin = taken(begins, people.first * len(_SEPARATORS) + told.marks)
        ends = taken(_end_pool(()), told.digits)
        return joined(begin, *told.middles(), taken(lasts, people.last), ends)


_INITIALS, _DIGITS = 26, 100
_NUMBERED = (1 + _INITIALS) * (1 + _DIGITS)  # the first turn that is told by a number as well


@dataclass(frozen=True, eq=False)
class Told:
    """What tells people of one name apart: a mark, an initial, two digits (0 for none), and a number (-1 for none)."""

    marks: Numbers
    initials: Numbers
    digits: Numbers
    numbers: Numbers

    def middles(self) -> list[pa.Array]:
        """What stands between the names, if anything does."""
        parts = []
        if self.numbers.max(initial=-1) >= 0:
            shown = joined(pa.array(self.numbers).cast(pa.string()), "-")
            parts.append(pa.compute.if_else(pa.array(self.numbers < 0), "", shown))
        if self.initials.any():
            parts.append(taken(_initial_pool(), self.initials * len(_SEPARATORS) + self.marks))
        return parts


def told_apart(people: People, mixed: Numbers) -> Told:
    """What tells people of one name apart, for each number another.

    The first three take the marks, then three each pair of digits, each initial, each of both, and so on with a number.
    `mixed` depends on the name alone: it says which mark, letter and digits come first.
    """
    turn = people.number // 3
    marks = _MARKS[mixed & 7, people.number - turn * 3]
    initials, digits = np.zeros_like(turn), np.zeros_like(turn)
    numbers = np.full_like(turn, -1)
    later = np.flatnonzero(turn)
    turn, mixed = turn[later], mixed[later]
    if len(later) and turn.max() >= _NUMBERED:
        numbers[later] = turn // _NUMBERED - 1
        turn = turn % _NUMBERED
    letter, pair = (each.take(turn) for each in _turns())
    initials[later] = np.where(letter > 0, (letter + mixed) % _INITIALS + 1, 0)
    digits[later] = np.where(pair > 0, (pair + mixed) % _DIGITS + 1, 0)
    return Told(marks, initials, digits, numbers)


def longest_text(called: str, locale: str, rows: int) -> int:
    """The length that no name, e-mail address or user name of so many people exceeds."""
    listed = names(locale)
    longest = max(map(len, listed.first_folds)) + max(map(len, listed.last_folds)) + 1
    most = -(-rows // listed.size) * int(listed.first_slots.count.max()) * int(listed.last_slots.count.max())
    if called == "person.full_name":
        initials = 0
        while most > 1:
            initials, most = initials + 1, -(-most // _INITIALS)
        return longest + 3 * initials
    longest += len("x.00") + (len(f"{most // (3 * _NUMBERED)}-") if most > 3 * _NUMBERED else 0)
    return longest + (0 if called == "person.username" else len(f"@{RESERVED[0]}"))


@cache
def _turns() -> tuple[Numbers, Numbers]:
    """By turn, the initial and the pair of digits that tell it, counted from 1."""
    pairs = [(0, pair) for pair in range(1, _DIGITS + 1)]
    letters = [(letter, 0) for letter in range(1, _INITIALS + 1)]
    both = product(range(1, _INITIALS + 1), range(1, _DIGITS + 1))
    turns = np.array([(0, 0), *pairs, *letters, *both], dtype=np.int64)
    return turns[:, 0].copy(), turns[:, 1].copy()


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
    begins = text_array(first + mark for first, mark in product(listed.first_folds, _SEPARATORS))
    return begins, text_array(listed.last_folds)


@cache
def _initial_pool() -> pa.Array:
    """Nothing, or a letter, with each mark."""
    return text_array(letter + mark if letter else "" for letter, mark in product(("", *_LETTERS), _SEPARATORS))


@cache
def _end_pool(domains: tuple[str, ...]) -> pa.Array:
    """Nothing, or two digits, at each domain."""
    digits = ("", *(f"{number:02d}" for number in range(_DIGITS)))
    return text_array(pair + domain for pair, domain in product(digits, ["@" + each for each in domains] or [""]))
