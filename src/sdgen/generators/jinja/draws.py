"""Chance inside a template: each call is a draw of its own, of (column's stream, row, number of the call).

Calls are numbered as the row's rendering comes to them, so calls that are added behind others change none of those.
A call that needs several words, such as a sample, takes a stream for each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from sdgen.generators import streams
from sdgen.generators.base import ColumnBatch
from sdgen.generators.jinja.values import STEPS, Budget
from sdgen.generators.streams import Numbers

_TOGETHER = 64  # so many calls, and words of one call, are drawn for all rows at once; further ones row by row
_BITS = 64
_SHORT = 1_024  # up to so many values, copying the list is faster than keeping account of it


class Draws:
    """The draws of some rows, one row after the other, and what each row's rendering may cost."""

    def __init__(self, cells: ColumnBatch, numbers: Numbers) -> None:
        self._cells, self._numbers = cells, numbers
        self._words: list[list[list[int]]] = []  # by call, by part, by row: as far as they were asked for
        self._place = 0
        self._calls = 0
        self.budget = Budget()

    def begin(self, place: int) -> None:
        """Go on to the row at a place."""
        self._place, self._calls, self.budget.left = place, 0, STEPS

    def words(self, count: int = 1) -> list[int]:
        """The 64-bit words of the next call."""
        call, place = self._calls, self._place
        self._calls += 1
        self.budget.charge(count)
        if call >= _TOGETHER:
            return [self._alone(call, part) for part in range(count)]
        if call == len(self._words):
            self._words.append([])
        drawn = self._words[call]
        while len(drawn) < min(count, _TOGETHER):
            drawn.append(streams.draw(self._key(call, len(drawn)), self._numbers).tolist())
        words = [part[place] for part in drawn[:count]]
        return words + [self._alone(call, part) for part in range(_TOGETHER, count)] if count > _TOGETHER else words

    def _alone(self, call: int, part: int) -> int:
        return int(streams.draw(self._key(call, part), self._numbers[self._place : self._place + 1])[0])

    def _key(self, call: int, part: int) -> int:
        return self._cells.key(f"call {call}/{part}" if part else f"call {call}")


def _below(word: int, size: int) -> int:
    """A word as a whole number in [0, size), by multiplication."""
    return (word * size) >> _BITS


def _unit(word: int) -> float:
    return (word >> 11) * 2.0**-53


def _listed(values: Any) -> Sequence[Any]:
    if not isinstance(values, (list, tuple)):
        raise TypeError(f"draws are made from a list, not from {type(values).__name__}")
    return values


def number(drawn: Draws, low: Any = None, high: Any = None) -> int | float:
    """`random()`: a number from 0 up to 1; `random(1, 6)`: a whole number, both ends included; of floats a float."""
    word = drawn.words()[0]
    if low is None:
        return _unit(word)
    low, high = (0, low) if high is None else (low, high)
    if low > high:
        raise ValueError(f"random({low}, {high}): the first is above the second")
    if isinstance(low, int) and isinstance(high, int):
        return low + _below(word, high - low + 1)
    return float(low) + _unit(word) * (float(high) - float(low))


def choice(drawn: Draws, values: Any) -> Any:
    """One of the values, all equally likely."""
    listed = _listed(values)
    if not listed:
        raise ValueError("nothing can be chosen from an empty list")
    return listed[_below(drawn.words()[0], len(listed))]


def sample(drawn: Draws, values: Any, count: int) -> list[Any]:
    """So many of the values, none twice, in random order."""
    listed = _listed(values)
    size = len(listed)
    if not isinstance(count, int) or not 0 <= count <= size:
        raise ValueError(f"{count} different ones can't come from {size}")
    words = drawn.words(count)
    # The first steps of Fisher and Yates' shuffle; of a long list only the places that are exchanged are kept.
    if size <= _SHORT:
        shuffled = list(listed)
        for turn, word in enumerate(words):
            place = turn + ((word * (size - turn)) >> _BITS)
            shuffled[turn], shuffled[place] = shuffled[place], shuffled[turn]
        return shuffled[:count]
    moved: dict[int, int] = {}
    chosen = []
    for turn, word in enumerate(words):
        place = turn + ((word * (size - turn)) >> _BITS)
        chosen.append(listed[moved.get(place, place)])
        moved[place] = moved.get(turn, turn)
    return chosen


def shuffle(drawn: Draws, values: Any) -> list[Any]:
    """All of the values in random order."""
    return sample(drawn, values, len(_listed(values)))


def weighted(drawn: Draws, values: Any, weights: Any = None) -> Any:
    """One of the values by its weight: of `{'red': 3, 'blue': 1}`, or of a list with a list of weights."""
    if isinstance(values, Mapping) and weights is None:
        values, weights = list(values), list(values.values())
    listed = _listed(values)
    if not isinstance(weights, (list, tuple)) or len(weights) != len(listed) or not listed:
        raise ValueError("weighted takes one weight for each value")
    drawn.budget.charge(len(weights))
    ends = list(accumulate(weights))
    if min(weights) < 0 or not ends[-1] > 0:
        raise ValueError("weights must be zero or more, and not all zero")
    point = _unit(drawn.words()[0]) * float(ends[-1])
    return next(value for value, end in zip(listed, ends, strict=True) if point < end)


FILTERS: Mapping[str, Callable[..., Any]] = {
    "choice": choice,
    "random": choice,
    "sample": sample,
    "shuffle": shuffle,
    "weighted": weighted,
}
