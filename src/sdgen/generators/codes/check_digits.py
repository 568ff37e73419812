"""Check characters: what follows from the other characters of a code, by rules that are data.

Every rule is compiled into a small automaton: one table a place, from state and character to the next state, and the
check characters of each last state. So a weighted sum, the remainder of a long number, ISO 7064's hybrid system and
Verhoeff's scheme run as the same loop over places, on all rows at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from sdgen.generators.arrays.fixed_text import DIGITS, UPPER, Letters

NONE = "-"  # stands for the check character of numbers that are not given out, as they have none
SECOND = ">"  # the check character is that of the second weights
_ALNUM = {letter: value for value, letter in enumerate(DIGITS + UPPER)}
Step = Callable[[int, int, int], int]


class Form(BaseModel):
    """Check digits that are a number: base + ((add + times * state) mod modulus), written with `width` digits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int
    modulus: int
    base: int = 0
    add: int = 0
    times: int = 1

    def symbols(self, states: int) -> tuple[str, ...]:
        numbers = (self.base + (self.add + self.times * state) % self.modulus for state in range(states))
        return tuple(f"{number:0{self.width}d}" for number in numbers)


class CheckRule(BaseModel):
    """One check of a code, as `data/codes.yaml` has it.

    at: the first place that it fills. over: the places that it is made of (the first, and the one after the last).
    weights: numbers, or tables from a digit to what it adds. values: those of characters where they are not 0-9 and
    A-Z as 10 to 35. digit_sums: products count as the sum of their digits to this base. symbols: the check character
    of each remainder. after: characters that count as if they stood at the end.
    free: the place whose digit avoids the remainders that have no check character.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: Literal["weighted", "decimal", "hybrid", "verhoeff", "wide_luhn"] = "weighted"
    at: int
    over: tuple[int, int]
    weights: tuple[int | tuple[int, ...], ...] = ()
    second: tuple[int, ...] = ()
    modulus: int = 10
    digit_sums: int = 0
    add: int = 0
    values: Mapping[str, int] = {}
    symbols: str | Form
    second_symbols: str = ""
    after: str = ""
    free: int = -1


@dataclass(frozen=True, eq=False)
class Automaton:
    """A compiled rule: the places in the order in which they are read, a table for each, the last states' symbols."""

    places: tuple[int, ...]
    tables: tuple[NDArray[np.int32], ...]
    symbols: NDArray[np.uint8]
    first: int

    def last_states(self, letters: Letters) -> NDArray[np.int32]:
        states = np.full(len(letters), self.first, dtype=np.int32)
        for place, table in zip(self.places, self.tables, strict=True):
            # A state and a byte are one index into the place's table, which is the whole work for a place.
            states <<= 8
            states |= letters[:, place]
            states = table.take(states)
        return states

    def check(self, letters: Letters) -> Letters:
        """The check characters of these texts, as columns."""
        return self.symbols.take(self.last_states(letters), axis=0)


def automaton(rule: CheckRule) -> Automaton:
    """The rule, compiled."""
    states, first, backwards, step = _KINDS[rule.rule](rule)
    values = _ALNUM | dict(rule.values)
    places = range(*rule.over)[:: -1 if backwards else 1]
    tables = [_table(states, values, step, number) for number in range(len(places))]
    # Characters behind the code are known, so that the last table can take them in beforehand.
    for number, character in enumerate(rule.after, len(places)):
        reached = tables[-1].tolist()
        tables[-1] = np.array([step(state, number, values[character]) for state in reached], dtype=np.int32)
    return Automaton(tuple(places), tuple(tables), _symbol_bytes(rule, states), first)


def _table(states: int, values: Mapping[str, int], step: Step, place: int) -> NDArray[np.int32]:
    """From state * 256 + character to the next state."""
    # Characters that a layout doesn't have at a place lead to state 0, and never occur.
    table = np.zeros(states * 256, dtype=np.int32)
    for character, value in values.items():
        for state in range(states):
            table[state * 256 + ord(character)] = step(state, place, value)
    return table


def _symbol_bytes(rule: CheckRule, states: int) -> NDArray[np.uint8]:
    if isinstance(rule.symbols, Form):
        symbols: tuple[str, ...] = rule.symbols.symbols(states)
    elif rule.second:
        pairs = [divmod(state, rule.modulus) for state in range(states)]
        symbols = tuple(
            rule.second_symbols[last] if rule.symbols[one] == SECOND else rule.symbols[one] for one, last in pairs
        )
    else:
        symbols = tuple(rule.symbols)
    return np.array([list(symbol.encode("ascii")) for symbol in symbols], dtype=np.uint8)


def _weighted(rule: CheckRule) -> tuple[int, int, bool, Step]:
    """The sum of weights times values, to a modulus; a second sum beside it where there are second weights."""
    modulus = rule.modulus

    def one(state: int, place: int, value: int) -> int:
        return (state + _product(rule, rule.weights[place], value)) % modulus

    def both(state: int, place: int, value: int) -> int:
        first, last = divmod(state, modulus)
        # Both sums in one number, so that one table does for two.
        return one(first, place, value) * modulus + (last + _product(rule, rule.second[place], value)) % modulus

    if rule.second:
        return modulus * modulus, rule.add % modulus * modulus, False, both
    return modulus, rule.add % modulus, False, one


def _product(rule: CheckRule, weight: int | tuple[int, ...], value: int) -> int:
    if isinstance(weight, tuple):
        return weight[value % len(weight)]
    product = weight * value
    # Luhn's rule in general: the digits of a product, to this base, are added up.
    return product // rule.digit_sums + product % rule.digit_sums if rule.digit_sums else product


def _decimal(rule: CheckRule) -> tuple[int, int, bool, Step]:
    """The remainder of the number that the characters are, letters as two digits (ISO 7064, ISO 13616)."""

    def step(state: int, place: int, value: int) -> int:
        return (state * (10 if value < 10 else 100) + value) % rule.modulus

    return rule.modulus, 0, False, step


def _hybrid(rule: CheckRule) -> tuple[int, int, bool, Step]:
    """ISO 7064 MOD 11,10."""

    def step(state: int, place: int, value: int) -> int:
        return ((state + value) % 10 or 10) * 2 % 11

    return 11, 10, False, step


_DIHEDRAL = (
    "0123456789 1234067895 2340178956 3401289567 4012395678 5987604321 6598710432 7659821043 8765932104 9876543210"
)
_PERMUTED = "0123456789 1576283094 5803796142 8916043527 9453126870 4286573901 2793806415 7046913258"


def _verhoeff(rule: CheckRule) -> tuple[int, int, bool, Step]:
    """J. Verhoeff, Error Detecting Decimal Codes (1969): the dihedral group of order ten, read from the right."""
    products = [[int(digit) for digit in row] for row in _DIHEDRAL.split()]
    permuted = [[int(digit) for digit in row] for row in _PERMUTED.split()]

    def step(state: int, place: int, value: int) -> int:
        # The check digit itself is the place 0, so that the first digit read is the place 1.
        return products[state][permuted[(place + 1) % 8][value % 10]]

    return 10, 0, True, step


def _wide_luhn(rule: CheckRule) -> tuple[int, int, bool, Step]:
    """Luhn's sum from the right, letters being two digits (ISO 6166): the state is whether to double, and the sum."""

    def step(state: int, place: int, value: int) -> int:
        single, total = divmod(state, 10)
        # From the right, as the doubling counts from there; a letter takes two of its turns.
        for digit in map(int, reversed(str(value))):
            total += digit if single else sum(divmod(2 * digit, 10))
            single = 1 - single
        return single * 10 + total % 10

    return 20, 0, True, step


_KINDS: dict[str, Callable[[CheckRule], tuple[int, int, bool, Step]]] = {
    "weighted": _weighted,
    "decimal": _decimal,
    "hybrid": _hybrid,
    "verhoeff": _verhoeff,
    "wide_luhn": _wide_luhn,
}


def free_digits(rule: CheckRule) -> NDArray[np.uint8]:
    """By the state of a code whose free digit is 0, the digit that would leave it without a check character; else 10.

    ValueError where more than one digit would.
    """
    weight = rule.weights[rule.free - rule.over[0]]
    states = rule.modulus
    refused = np.full(states, 10, dtype=np.uint8)
    for state in range(states):
        # A digit that leaves no check character must be left out before the code is made, or
        # a code would have to be drawn again.
        without = [d for d in range(10) if rule.symbols[(state + _product(rule, weight, d)) % states] == NONE]  # type: ignore[index]
        if len(without) > 1:
            raise ValueError(f"digits {without} at {rule.free} leave no check character")
        refused[state] = without[0] if without else 10
    return refused
