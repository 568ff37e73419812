"""Some people: the places of their names in the lists, and what tells those of one name apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from zlib import crc32

import numpy as np
import pyarrow as pa

from sdgen.generators.people.names import Names, names
from sdgen.generators.pools import joined, taken, text_array
from sdgen.generators.streams import Numbers

UNLIMITED = 1 << 62  # a capacity no table reaches
RESERVED = ("example.com", "example.org", "example.net")  # RFC 2606: nobody can receive mail there

SEPARATORS = (".", "_", "-")
# The order in which a name's first three people take the marks: one row for each of eight kinds of names.
# Most names take the point first, some the underscore or the hyphen.
_MARKS = np.array([[0, 1, 2]] * 5 + [[1, 0, 2]] * 2 + [[2, 0, 1]], dtype=np.int64)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


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
    # A checksum of the letters, so that a name has one number in every locale and list.
    return np.array([crc32(fold.encode("ascii")) for fold in folds], dtype=np.int64)


def people_of(listed: Names, indexes: Numbers, rounds: Numbers, part: tuple[int, int] = (0, 1)) -> People:
    """The people of these indexes below `listed.size`, and rounds.

    part: which of several locales it is, and how many there are: people of one name have different numbers in each.
    """
    firsts, lasts = listed.first_slots, listed.last_slots
    first_slot, last_slot = listed.slots(indexes)
    first, last = firsts.place.take(first_slot), lasts.place.take(last_slot)
    last_count = lasts.count.take(last)
    # The number of a pair of slots among the pairs of that name: rows of it are
    # numbered without a look at any other row.
    number = firsts.number.take(first_slot) * last_count + lasts.number.take(last_slot)
    if rounds.any():
        # Each round has as many people of the name as the one before.
        number += rounds * firsts.count.take(first) * last_count
    if part[1] > 1:
        # Locales take turns in the numbers of a name, so that addresses of different locales never meet.
        number = number * part[1] + part[0]
    return People(listed, first, last, (first >= listed.women).astype(np.int64), number)


def initials_of(listed: Names, numbers: Numbers) -> tuple[pa.Array, ...]:
    """As many initials as tell numbers apart: none for 0, then A., B. … A. A., A. B. … (a number in base 26)."""
    letters = _letters(listed.firsts[0].as_py())
    pool = text_array(("", *(f"{letter}. " for letter in letters)))
    parts = []
    # Digits in base 26 without a zero, as columns of a spreadsheet are counted: A to Z, and then AA.
    while numbers.any():
        rest = (numbers - 1) // len(letters)
        parts.append(taken(pool, np.where(numbers > 0, numbers - rest * len(letters), 0)))
        numbers = np.maximum(rest, 0)
    return tuple(parts)


def _letters(name: str) -> str:
    """The letters of initials, in the script of a name: the same for all locales that share it."""
    return _CYRILLIC if "\u0400" <= name[0] <= "\u04ff" else _LETTERS.upper()


_CYRILLIC = "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЭЮЯ"


_INITIALS, DIGITS = 26, 100
_NUMBERED = (1 + _INITIALS) * (1 + DIGITS)  # the first turn that is told by a number as well


@dataclass(frozen=True, eq=False)
class NameMark:
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
            parts.append(taken(_initial_pool(), self.initials * len(SEPARATORS) + self.marks))
        return parts


def name_marks(people: People, mixed: Numbers) -> NameMark:
    """What tells people of one name apart, for each number another.

    The first three take the marks, then three each pair of digits, each initial, each of both, and so on with a number.
    `mixed` depends on the name alone: it says which mark, letter and digits come first.
    """
    # Which mark, letter and digits come first depends on the name, or every second person
    # of a name would have the same ones.
    turn = people.number // 3
    marks = _MARKS[mixed & 7, people.number - turn * 3]
    initials, digits = np.zeros_like(turn), np.zeros_like(turn)
    numbers = np.full_like(turn, -1)
    later = np.flatnonzero(turn)
    turn, mixed = turn[later], mixed[later]
    if len(later) and turn.max() >= _NUMBERED:
        # A number in front is what is left when all marks, initials and digits are used up.
        numbers[later] = turn // _NUMBERED - 1
        turn = turn % _NUMBERED
    letter, pair = (each.take(turn) for each in _turns())
    initials[later] = np.where(letter > 0, (letter + mixed) % _INITIALS + 1, 0)
    digits[later] = np.where(pair > 0, (pair + mixed) % DIGITS + 1, 0)
    return NameMark(marks, initials, digits, numbers)


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
    pairs = [(0, pair) for pair in range(1, DIGITS + 1)]
    letters = [(letter, 0) for letter in range(1, _INITIALS + 1)]
    both = product(range(1, _INITIALS + 1), range(1, DIGITS + 1))
    turns = np.array([(0, 0), *pairs, *letters, *both], dtype=np.int64)
    return turns[:, 0].copy(), turns[:, 1].copy()


@cache
def _initial_pool() -> pa.Array:
    """Nothing, or a letter, with each mark."""
    return text_array(letter + mark if letter else "" for letter, mark in product(("", *_LETTERS), SEPARATORS))
