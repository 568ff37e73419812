"""The grid of expressions: every call shape over all combinations of its arguments, and digests of what comes out.

An expression is run as users' expressions are: read, checked and computed by the generator `expression`. An error
counts as the value `error`, whatever its message says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from hashlib import blake2b
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa

from sdgen.errors import ScenarioError
from sdgen.generators.arrays.cast import cast_array, scalar_array
from sdgen.generators.base import Dependency, Generator
from sdgen.generators.column_batch import ColumnBatch
from sdgen.generators.expressions.expression import Expression
from sdgen.generators.registry import make
from sdgen.scenario.types import Type, parse_type
from tests.conformance.arguments import ARGUMENTS, GROUPS, LITERALS
from tests.generators.fake import FakeRows, facts

_ARGUMENT = re.compile(r"<(\w+)>")
_SINGLES = 2  # rows looked at one by one where any fails


@dataclass(frozen=True)
class Call:
    """One expression of a call shape: its text, and the sets that its columns a0, a1 … take their values from."""

    shape: str
    sql: str
    sets: tuple[str, ...]


def calls(shapes: Iterable[str]) -> Iterator[Call]:
    """The expressions of some call shapes: each set of a group by itself, each literal by itself."""
    for shape in shapes:
        for key in _spread(shape, GROUPS, "<{}>"):
            sets = tuple(name for name in _ARGUMENT.findall(key) if name in ARGUMENTS)
            numbers = iter(range(len(sets)))
            text = _ARGUMENT.sub(partial(_numbered, numbers), key)
            for sql in _spread(text, LITERALS, "{}"):
                yield Call(shape, sql, sets)


def _spread(shape: str, choices: Any, form: str) -> Iterator[str]:
    """The shape with each of the choices in place of the names that have some."""
    pieces = _ARGUMENT.split(shape)
    places = [pieces[n : n + 1] if n % 2 == 0 else _choices(pieces[n], choices, form) for n in range(len(pieces))]
    for chosen in product(*places):
        yield "".join(chosen)


def _choices(name: str, choices: Any, form: str) -> list[str]:
    return [form.format(choice) for choice in choices[name]] if name in choices else [f"<{name}>"]


@cache
def column(name: str) -> pa.Array:
    type, values = ARGUMENTS[name]
    return scalar_array(values, parse_type(type))


def outcome(call: Call) -> list[str]:
    """The type of an expression and its value at each combination of arguments, as texts; or that it is refused."""
    generator = make("expression", {"sql": call.sql}).resolved({})
    if list(generator.faults(facts(generator, "text"))):
        return ["refused"]
    types = {Dependency(f"a{number}"): parse_type(ARGUMENTS[name][0]) for number, name in enumerate(call.sets)}
    try:
        type = generator.natural_for(types)
    except ValueError:
        return ["no type"]
    return [str(type), *_values(generator, type, combinations(call.sets))]


def combinations(sets: tuple[str, ...]) -> FakeRows:
    """Rows that hold all combinations of the values of some sets."""
    columns = [column(name) for name in sets]
    places = np.indices([len(each) for each in columns]).reshape(len(columns), -1) if columns else np.zeros((0, 1), int)
    taken = {f"a{number}": each.take(pa.array(places[number])) for number, each in enumerate(columns)}
    return FakeRows(np.arange(places.shape[1]), taken)


def _numbered(numbers: Iterator[int], name: re.Match[str]) -> str:
    return f"a{next(numbers)}" if name[1] in ARGUMENTS else name[0]


def _values(generator: Generator, type: Type, rows: FakeRows) -> list[str]:
    """The values of an expression, as texts; where rows fail, `try(…)` tells which, and a few are held to it."""
    everything = np.arange(len(rows.numbers))
    made = _computed(generator, type, rows, everything)
    if made is not None:
        return made
    assert isinstance(generator, Expression)
    trying = make("expression", {"sql": f"try({generator.sql})"}).resolved({})
    tried = _computed(trying, type, rows, everything)
    failing = everything if tried is None else np.flatnonzero(np.array(tried) == "None")
    texts = np.array(tried or ["error"] * len(everything), dtype=object)
    texts[failing] = "error or null"
    for row in failing[:_SINGLES]:
        texts[row] = (_computed(generator, type, rows, everything[row : row + 1]) or ["error"])[0]
    return texts.tolist()


def _computed(generator: Generator, type: Type, rows: FakeRows, numbers: Any) -> list[str] | None:
    """The values at some rows; None where one of them fails."""
    try:
        made = generator.values(ColumnBatch(FakeRows(numbers, rows.columns), facts(generator, str(type))))
        return canonical(cast_array(made, type, type.arrow))
    except (ScenarioError, ValueError):
        return None


def canonical(array: pa.Array) -> list[str]:
    """Each value as a text that tells apart whatever differs: doubles by their bits, moments as counts."""
    return [_text(value) for value in array.cast(_counted(array.type)).to_pylist()]


def _counted(arrow: pa.DataType) -> pa.DataType:
    """The type with whole numbers for dates and times, since years beyond 9999 have no Python value."""
    if pa.types.is_map(arrow):
        return pa.map_(arrow.key_type, _counted(arrow.item_type))
    if pa.types.is_list(arrow):
        return pa.list_(_counted(arrow.value_type))
    if pa.types.is_struct(arrow):
        return pa.struct([field.with_type(_counted(field.type)) for field in arrow])
    if pa.types.is_date(arrow):
        return pa.int32()
    return pa.int64() if pa.types.is_temporal(arrow) else arrow


def _text(value: Any) -> str:
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_text(each)}" for name, each in value.items()) + "}"
    return ascii(value) if isinstance(value, str | bytes) else str(value)


def outcomes(shapes: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each call shape with a line for every outcome of it: the expression, its arguments' places, and the value."""
    for call in calls(shapes):
        for place, text in enumerate(outcome(call)):
            yield call.shape, f"{call.sql} over {' '.join(call.sets)} #{place}: {text}"


def digested(lines: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The digest of the lines under each name."""
    hashes: dict[str, Any] = {}
    for name, line in lines:
        hashes.setdefault(name, blake2b(digest_size=8)).update(f"{line}\n".encode())
    return {name: hasher.hexdigest() for name, hasher in hashes.items()}
