"""Samples of generators' values: which of them keep a condition."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from itertools import islice, product
from typing import Any

import numpy as np
import pyarrow as pa

from sdgen.errors import ScenarioError
from sdgen.generators.arrays.cast import cast_array
from sdgen.generators.choices.restricted import Restricted
from sdgen.generators.column_batch import ColumnContext
from sdgen.inference.fit import MANY, NOW, SAMPLE, cached_generator, first_cells
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import TIMES, Type


def share_kept(spec: GeneratorSpec, type: Type, check: str) -> float:
    """The share of a sample of a generator's values that keeps a condition over `value`; 0 where it can't be told."""
    nested = {"generator": spec.type, "params": dict(spec.params)}
    made = cached_generator(GeneratorSpec.model_construct(type="restricted", params={"value": nested, "check": check}))
    facts = ColumnContext(0, "entity", "column", type, SAMPLE, NOW)
    if not isinstance(made, Restricted) or made.needs() or list(made.faults(facts)):
        return 0.0
    cells = first_cells(facts)
    try:
        return float(made.kept(cells, made.value.values(cells, type)).mean())
    except (ScenarioError, ValueError):
        return 0.0


@lru_cache(maxsize=1024)
def is_expression(sql: str) -> bool:
    """Whether a text is one of the expressions' SQL."""
    made = cached_generator(GeneratorSpec.model_construct(type="expression", params={"sql": sql}))
    return made is not None and not list(made.faults(ColumnContext(0, "entity", "column", Type("bool"), 1, NOW)))


def values_kept(spec: GeneratorSpec | None, type: Type, check: str, sample: int = SAMPLE) -> tuple[float, list[object]]:
    """The share of a generator's values that keeps a condition over `value`, and values of the type that do.

    The values are the generator's where some of them do, else plain ones of the type: numbers near zero, days, hours.
    """
    spec = spec or GeneratorSpec(type="const", params={"value": None})
    nested = {"generator": spec.type, "params": dict(spec.params)}
    made = cached_generator(GeneratorSpec.model_construct(type="restricted", params={"value": nested, "check": check}))
    facts = ColumnContext(0, "entity", "column", type, MANY, NOW)
    if not isinstance(made, Restricted) or made.needs() or list(made.faults(facts)):
        return 0.0, []
    cells = first_cells(facts, sample)
    share = 0.0
    for plain in (False, True):
        try:
            values = _plain_values(type, check) if plain else made.value.values(cells, type)
            found = cast_array(values, type, type.arrow)
            kept = made.kept(first_cells(replace(facts, rows=len(found)), sample), found) & ~np.asarray(found.is_null())
        except (ScenarioError, ValueError, pa.ArrowException):
            continue
        share = share if plain else float(kept.mean())  # of the generator's own values
        if kept.any():
            return share, _written_values(found.filter(pa.array(kept)).unique())
    return 0.0, []


_PATHS = re.compile(r"""'(\$\.[^'*\[\]]+)'""")
_WORDS = re.compile(r"'([^'$]+)'")
_DOCUMENTS = 512
_MEMBERS: tuple[object, ...] = ("new", "open", 3, 12.5, True, ["sale", "new"], {"name": "new"}, 0, 40)
_LISTS: tuple[list[object], ...] = (
    ["sale"],
    ["sale", "new"],
    ["archived", "popular", "new"],
    ["a", "b", "c", "d"],
    ["a", "b", "c", "d", "e"],
    [],
)


def _documents(check: str) -> list[str]:
    """JSON documents that a condition may ask for: of each kind, and objects with the members that it names."""
    paths = list(dict.fromkeys(_PATHS.findall(check)))[:3]
    members = (*dict.fromkeys(word for word in _WORDS.findall(check) if len(word) < 40), *_MEMBERS)
    documents: list[object] = [*_LISTS, [1, 2], [[1], [2]], {"name": "new"}, {}, {"name": "open", "level": 2}]
    documents += [*map("".join, product(("new", "open", "sale"), ("", "er"))), *range(40), 2.5, 12.25, True, False]
    for values in islice(product(members, repeat=len(paths)), _DOCUMENTS if paths else 0):
        document: dict[str, Any] = {}
        for path, value in zip(paths, values, strict=True):
            *outer, last = path[2:].replace('"', "").split(".")
            inner = document
            for step in outer:
                inner = inner.setdefault(step, {})
                inner = inner if isinstance(inner, dict) else {}
            inner[last] = value
        documents.append(document)
    return [json.dumps(each, separators=(",", ":")) for each in documents]


def _plain_values(type: Type, check: str) -> pa.Array:
    """Values of a type that conditions may ask for: whole numbers, and moments at the beginning of days and hours."""
    if type.kind == "json":
        return pa.array(_documents(check))
    numbers = np.concatenate([np.arange(0, 2048), np.arange(-512, 0), np.arange(5000, 200_000, 2500)])
    days = np.datetime64("2023-01-01") + np.arange(3 * 365)
    hours = np.datetime64("2025-01-01T00:00:00") + np.arange(2 * 24 * 60) * np.timedelta64(15, "m")
    if type.kind in TIMES - {"date", "time"}:
        return pa.array(np.concatenate([days.astype("datetime64[us]"), hours.astype("datetime64[us]")]))
    if type.kind == "date":
        return pa.array(days)
    if type.kind == "time":
        return pa.array(np.arange(0, 86_400_000_000, 900_000_000), pa.time64("us"))
    return pa.array(numbers)


def _written_values(values: pa.Array) -> list[object]:
    """Values as a scenario writes them, evenly from all of them."""
    listed = values.take(pa.array(np.arange(0, len(values), max(len(values) // MANY, 1)))).to_pylist()
    return [each if isinstance(each, bool | int | float | str) else _written_value(each) for each in listed]


def _written_value(value: Any) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def sampled_texts(spec: GeneratorSpec, type: Type) -> list[str | None]:
    """Texts of a generator's first rows, as a column of the type has them; [] where it needs other columns."""
    made = cached_generator(spec)
    if made is None or made.needs():
        return []
    facts = ColumnContext(0, "entity", "column", type, SAMPLE, NOW)
    try:
        values: list[str | None] = cast_array(made.values(first_cells(facts)), type, pa.string()).to_pylist()
    except ValueError:
        return []
    return values
