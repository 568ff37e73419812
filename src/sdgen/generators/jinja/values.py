"""What values weigh inside a template, the budget that pays for them, and how they are written."""

from __future__ import annotations

import json
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any

import pyarrow as pa

from sdgen.generators.arrays.encode_text import uuid_text

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
        if type(value) not in _WEIGHED and isinstance(value, _VIEWS):
            value = list(value)
        self.charge(weight(value))
        return value

    def taken(self, value: Any) -> Any:
        """What a filter is to work on, once that is paid for."""
        if isinstance(value, _FUNCTIONS):
            raise TypeError("a function is no value: put brackets behind its name")
        self.charge(len(value) >> 3 if isinstance(value, Phrases) else weight(value))
        return value


def weight(value: Any, inside: bool = False) -> int:
    """How much a value holds: its elements, and those of its elements; a pool is one value where it isn't `inside`.

    ExcessError where it is more than any value may hold.
    """
    if isinstance(value, str):
        check_length(len(value))
        return 1 + (len(value) >> _LETTERS)
    if isinstance(value, int) and abs(value) > _WIDEST:
        raise ExcessError("a whole number of more than 128 bits")
    if not isinstance(value, (list, tuple, dict)) or (isinstance(value, (Phrases, Pools)) and not inside):
        return 1
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
