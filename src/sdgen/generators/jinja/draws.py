"""Chance inside a template: each call is a draw of its own, of (column's stream, row, number of the call).

Calls are numbered as the row's rendering comes to them, so calls that are added behind others change none of those.
A call that needs several words, such as a sample, takes a stream for each of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, Sequence, ValuesView
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import accumulate
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any

import pyarrow as pa

from sdgen.generators import streams
from sdgen.generators.arrays.encode_text import uuid_text
from sdgen.generators.column_batch import ColumnBatch
from sdgen.generators.streams import Numbers

# Draws of later calls are for few rows of a batch, as loops and branches differ from row to row.
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
        # Each row begins with its own call 0 and the whole budget, so that no row depends on the one before.
        self._place, self._calls, self.budget.left = place, 0, STEPS

    def words(self, count: int = 1) -> list[int]:
        """The 64-bit words of the next call."""
        # The call's number within the row, whatever branch it stands in: it is what the draw is keyed by.
        call, place = self._calls, self._place
        self._calls += 1
        self.budget.charge(count)
        if call >= _TOGETHER:
            return [self._alone(call, part) for part in range(count)]
        if call == len(self._words):
            self._words.append([])
        drawn = self._words[call]
        # For all rows at once, as soon as one of them asks: what a row gets doesn't depend on which.
        while len(drawn) < min(count, _TOGETHER):
            drawn.append(streams.draw(self._key(call, len(drawn)), self._numbers).tolist())
        words = [part[place] for part in drawn[:count]]
        return words + [self._alone(call, part) for part in range(_TOGETHER, count)] if count > _TOGETHER else words

    def _alone(self, call: int, part: int) -> int:
        return int(streams.draw(self._key(call, part), self._numbers[self._place : self._place + 1])[0])

    def _key(self, call: int, part: int) -> int:
        # The first word of a call has the call's own name; further ones, of a sample, are told apart by their part.
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
    # A list of weights costs as much as it is long, whichever value is taken.
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


# What values weigh inside a template, the budget that pays for them, and how they are written.
STEPS = 100_000  # what one rendering may cost: about one for each operation, and more for long values
LONGEST = 100_000  # characters of any text
HEAVIEST = 10_000  # values of a list, those inside its lists counted
_WIDEST = 1 << 128  # of whole numbers
_LETTERS = 6  # 64 characters of a text count as one value
_VIEWS = (Iterator, KeysView, ValuesView, ItemsView)
_FUNCTIONS = (BuiltinMethodType, FunctionType, MethodType)


class ExcessError(ValueError):
    """A rendering that goes beyond a bound."""


class Phrases(tuple[str, ...]):
    """A named list of the params. Drawing from it costs the same however long it is."""


class Pools(dict[str, Phrases]):
    """All pools under their names."""

    def __missing__(self, name: object) -> Phrases:
        raise ValueError(f"no pool is called {name!r}")


_WEIGHED = frozenset((str, int, float, bool, list, tuple, dict, Phrases))  # no iterators


class Budget:
    """What is left of the steps of one rendering. Steps are counted, not seconds: a row fails everywhere or nowhere."""

    def __init__(self) -> None:
        self.left = STEPS

    def charge(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise ExcessError(f"rendering takes more than {STEPS:,} steps")

    def checked(self, value: Any) -> Any:
        """The value, an iterator as a list, once it is paid for; ExcessError where it is too large for any budget."""
        # An iterator has no length to be weighed by, so that it becomes a list first.
        if type(value) not in _WEIGHED and isinstance(value, _VIEWS):
            value = list(value)
        self.charge(weight(value))
        return value

    def taken(self, value: Any) -> Any:
        """What a filter is to work on, once that is paid for."""
        if isinstance(value, _FUNCTIONS):
            raise TypeError("a function is no value: put brackets behind its name")
        # A pool of the params is paid for by an eighth of its length, since it is the same for every row.
        self.charge(len(value) >> 3 if isinstance(value, Phrases) else weight(value))
        return value


def weight(value: Any, inside: bool = False) -> int:
    """How much a value holds: its elements, and those of its elements; a pool is one value where it isn't `inside`.

    ExcessError where it is more than any value may hold.
    """
    if isinstance(value, str):
        check_length(len(value))
        return 1 + (len(value) >> _LETTERS)
    # Arithmetic on whole numbers without bounds could take any time and memory.
    if isinstance(value, int) and abs(value) > _WIDEST:
        raise ExcessError("a whole number of more than 128 bits")
    if not isinstance(value, (list, tuple, dict)) or (isinstance(value, (Phrases, Pools)) and not inside):
        return 1
    # A stack of its own, since lists may be nested deeper than Python calls.
    total, waiting = 0, [value]
    while waiting:
        parts = waiting.pop()
        total += 1 + len(parts)
        if total > HEAVIEST:  # before its parts are looked at: lists can hold one list many times
            raise ExcessError(f"a list of more than {HEAVIEST:,} values")
        for part in _parts(parts):
            if type(part) is str:
                total += len(part) >> _LETTERS
            elif isinstance(part, (list, tuple, dict)):
                waiting.append(part)
    return total


def _parts(value: Any) -> Iterable[Any]:
    return [part for pair in value.items() for part in pair] if isinstance(value, dict) else value


def check_length(length: int) -> None:
    """ExcessError where a text would be too long: to be asked before it is made."""
    if length > LONGEST:
        raise ExcessError(f"a text of {length:,} characters, and {LONGEST:,} is the most")


def text_of(value: Any) -> str:
    """A value as it stands in the text: null as nothing, lists and records as JSON."""
    write = _TEXTS.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, _FUNCTIONS):
        raise TypeError("a function has no text: put brackets behind its name")
    return str(value)  # what is undefined raises here


def _json(value: Any) -> str:
    weight(value, inside=True)
    return json.dumps(value, ensure_ascii=False, default=text_of)


def _uuid(value: bytes) -> str:
    return str(uuid_text(pa.array([value], pa.binary(16)))[0]) if len(value) == 16 else value.hex()


_TEXTS: Mapping[type, Callable[[Any], str]] = {
    str: lambda value: value,
    type(None): lambda value: "",
    bool: lambda value: "true" if value else "false",
    Decimal: lambda value: format(value, "f"),
    bytes: _uuid,
    **dict.fromkeys((int, float, date, datetime, time, timedelta), str),
    **dict.fromkeys((list, tuple, dict, Phrases, Pools), _json),
}
