"""Are the rows of a place the very rows of the plan? A few of them, found by their key, tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from sdgen.databases.dialect import Dialect
from sdgen.planning.plan import EntityPlan
from sdgen.scenario.types import INTEGERS, NESTED, TEXTS, Type
from sdgen.targets.csv_encoding import plain_text
from sdgen.verification.comparable import exact, one_array
from sdgen.verification.expected import Expectation, rows_of, spread
from sdgen.verification.findings import Finding, Found, Status, listed

SPOTS = 100
_KEYS = INTEGERS | TEXTS | {"uuid", "date"}


@dataclass(frozen=True)
class Spots:
    """How many of the rows looked for are there, and in how many of those each column that differs does so."""

    wanted: int
    there: int
    columns: int
    differing: Mapping[str, int]

    @property
    def paired(self) -> bool:
        """Whether the rows are those of the plan, but for what may have happened to them since."""
        same = sum(1 for name in self.differing if self.differing[name] * 2 < self.there)
        return self.there * 2 > self.wanted and (self.columns - len(self.differing) + same) * 2 > self.columns

    def finding(self, entity: str) -> Finding:
        wanted = f"{self.wanted:,} rows of the plan"
        if self.there == self.wanted and not self.differing:
            return Finding(entity, (), "same rows", Status.OK, wanted, "yes")
        if not self.paired:
            return Finding(entity, (), "same rows", Status.WARNING, wanted, "no: another seed, or other row counts?")
        parts = [f"{self.wanted - self.there} are not there"] if self.there < self.wanted else []
        parts += [f"{name} differs in {number}" for name, number in self.differing.items()]
        return Finding(entity, tuple(self.differing), "same rows", Status.WARNING, wanted, f"no: {listed(parts)}")


def look(found: Found, expectation: Expectation) -> Spots | Finding:
    """Compare spot rows with the plan's; a finding that says why where that can't be done."""
    entity = expectation.plan.entities[found.entity.name]
    moving = expectation.moving[entity.name]
    if not expectation.seed_known:
        return _skipped(entity, "the seed isn't known: give --seed")
    key = _key(found, moving)
    if not key:
        return _skipped(entity, "no key to find rows by")
    names = [column.name for column in found.columns if column.name not in moving and _simple(column.type)]
    names = list(dict.fromkeys([*key, *names]))
    planned = rows_of(expectation.plan, entity.name, spread(entity.rows, SPOTS))
    ours = {name: one_array(planned.column(name)) for name in names}
    theirs = _fetched(found, names, key, ours)
    return _compared(_rows(ours, entity, key), _rows(theirs, entity, key), [name for name in names if name not in key])


def _skipped(entity: EntityPlan, why: str) -> Finding:
    return Finding(entity.name, (), "same rows", Status.SKIPPED, found=why)


def _key(found: Found, moving: frozenset[str]) -> tuple[str, ...]:
    """Columns that tell rows apart, never null, and of types that can be looked up."""
    for columns in (found.table.primary_key, *found.table.unique):
        types = [found.table.column(name) for name in columns]
        usable = all(each.type.kind in _KEYS and not each.nullable for each in types)
        if columns and usable and set(columns) <= found.names - moving:
            return columns
    return ()


def _simple(type: Type) -> bool:
    """Whether the values of a type look the same in every place."""
    items = {item.kind for item in type.items}
    return type.kind not in NESTED or items <= INTEGERS | TEXTS | {"bool"}


def _fetched(found: Found, names: Sequence[str], key: tuple[str, ...], ours: Mapping[str, pa.Array]) -> dict[str, Any]:
    listing = ", ".join(found.place.selected(found.table.column(name)) for name in names)
    keys = [_literals(ours[name], found.table.column(name).type, found.place.dialect) for name in key]
    quoted = found.quoted(key)
    each = [" AND ".join(f"{n} = {v}" for n, v in zip(quoted, row, strict=True)) for row in zip(*keys, strict=True)]
    where = f"{quoted[0]} IN ({', '.join(keys[0])})" if len(key) == 1 else " OR ".join(f"({one})" for one in each)
    table = found.place.arrow(f"SELECT {listing} FROM {found.source} WHERE {where if each else 'false'}")
    return {name: one_array(table[name]) for name in names}


def _literals(values: pa.Array, type: Type, dialect: Dialect) -> list[str]:
    texts = plain_text(values, type).to_pylist()
    return texts if type.kind in INTEGERS else [dialect.literal(text) for text in texts]


Rows = dict[tuple[Any, ...], dict[str, Any]]


def _rows(columns: Mapping[str, pa.Array], entity: EntityPlan, key: tuple[str, ...]) -> Rows:
    values = {name: _values(array, entity.columns[name].type) for name, array in columns.items()}
    rows = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
    return {tuple(row[name] for name in key): row for row in rows}


def _values(array: pa.Array, type: Type) -> list[Any]:
    """The values as `exact` has them; one that is none of the type stays as it is, and equals none of the plan."""
    try:
        return exact(array, type)
    except ValueError:
        if len(array) == 1:
            return [("none", type.kind, array[0].as_py())]
    return [value for place in range(len(array)) for value in _values(array.slice(place, 1), type)]


def _compared(ours: Rows, theirs: Rows, names: Sequence[str]) -> Spots:
    both = ours.keys() & theirs.keys()
    differing = {name: sum(ours[key][name] != theirs[key][name] for key in both) for name in names}
    return Spots(len(ours), len(both), len(names), {name: number for name, number in differing.items() if number})
