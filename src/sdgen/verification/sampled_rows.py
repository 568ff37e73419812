"""Are the rows of a target the very rows of the plan? A few of them, found by their key, tell."""

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
from sdgen.verification.findings import Finding, Status, StoredEntity, list_values

SAMPLED = 100
_KEYS = INTEGERS | TEXTS | {"uuid", "date"}


@dataclass(frozen=True)
class SampledRows:
    """How many of the rows looked for are there, and in how many of those each column that differs does so."""

    looked_for: int
    present: int
    columns: int
    differing: Mapping[str, int]

    @property
    def paired(self) -> bool:
        """Whether the rows are those of the plan, but for what may have happened to them since."""
        # Most rows and most columns must agree: rows may have been changed since, and are the plan's all the same.
        same = sum(1 for name in self.differing if self.differing[name] * 2 < self.present)
        return self.present * 2 > self.looked_for and (self.columns - len(self.differing) + same) * 2 > self.columns

    @property
    def lacks(self) -> bool:
        """Whether a row is missing, or has another value."""
        return self.present < self.looked_for or bool(self.differing)

    def finding(self, entity: str) -> Finding:
        expected = f"{self.looked_for:,} rows of the plan"
        if not self.lacks:
            return Finding(entity, (), "same rows", Status.OK, expected, "yes")
        if not self.paired:
            return Finding(entity, (), "same rows", Status.WARNING, expected, "no: another seed, or other row counts?")
        parts = [f"{self.looked_for - self.present} are not there"] if self.present < self.looked_for else []
        parts += [f"{name} differs in {number}" for name, number in self.differing.items()]
        return Finding(
            entity, tuple(self.differing), "same rows", Status.WARNING, expected, f"no: {list_values(parts)}"
        )


def compare_sampled_rows(stored: StoredEntity, expectation: Expectation) -> SampledRows | Finding:
    """Compare spot rows with the plan's; a finding that says why where that can't be done."""
    entity = expectation.plan.entities[stored.entity.name]
    moving = expectation.moving[entity.name]
    if not expectation.seed_known:
        return _skip(entity, "the seed isn't known: give --seed")
    key = _key(stored, moving)
    if not key:
        return _skip(entity, "no key to find rows by")
    unknown = moving | stored.set_by_triggers
    names = [column.name for column in stored.columns if column.name not in unknown and _simple(column.type)]
    names = list(dict.fromkeys([*key, *names]))
    planned = rows_of(expectation.plan, entity.name, spread(entity.rows, SAMPLED))
    ours = {name: one_array(planned.column(name)) for name in names}
    theirs = _fetch(stored, names, key, ours)
    return _compare(_rows(ours, entity, key), _rows(theirs, entity, key), [name for name in names if name not in key])


def _skip(entity: EntityPlan, why: str) -> Finding:
    return Finding(entity.name, (), "same rows", Status.SKIPPED, found=why)


def _key(stored: StoredEntity, moving: frozenset[str]) -> tuple[str, ...]:
    """Columns that tell rows apart, never null, and of types that can be looked up."""
    for columns in (stored.table.primary_key, *stored.table.unique):
        types = [stored.table.column(name) for name in columns]
        usable = all(each.type.kind in _KEYS and not each.nullable for each in types)
        if columns and usable and set(columns) <= stored.names - moving:
            return columns
    return ()


def _simple(type: Type) -> bool:
    """Whether the values of a type look the same in every target."""
    items = {item.kind for item in type.items}
    return type.kind not in NESTED or items <= INTEGERS | TEXTS | {"bool"}


def _fetch(
    stored: StoredEntity, names: Sequence[str], key: tuple[str, ...], ours: Mapping[str, pa.Array]
) -> dict[str, Any]:
    listing = ", ".join(stored.reader.selected(stored.table.column(name)) for name in names)
    keys = [_literals(ours[name], stored.table.column(name).type, stored.reader.dialect) for name in key]
    quoted = stored.quoted(key)
    each = [" AND ".join(f"{n} IN ({v})" for n, v in zip(quoted, row, strict=True)) for row in zip(*keys, strict=True)]
    # A list of keys can be looked up in the key's index; of several columns each row needs a condition of its own.
    where = f"{quoted[0]} IN ({', '.join(keys[0])})" if len(key) == 1 else " OR ".join(f"({one})" for one in each)
    table = stored.reader.arrow(f"SELECT {listing} FROM {stored.source} WHERE {where if each else 'false'}")
    return {name: one_array(table[name]) for name in names}


def _literals(values: pa.Array, type: Type, dialect: Dialect) -> list[str]:
    """Each value as SQL has it; a uuid in both its forms, where a database may keep either."""
    texts = plain_text(values, type).to_pylist()
    if type.kind == "uuid" and dialect.hex_uuids:
        return [f"{dialect.literal(text)}, {dialect.literal(text.replace('-', ''))}" for text in texts]
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
            # No value of the plan is a tuple that begins so.
            return [("none", type.kind, array[0].as_py())]
    return [value for index in range(len(array)) for value in _values(array.slice(index, 1), type)]


def _compare(ours: Rows, theirs: Rows, names: Sequence[str]) -> SampledRows:
    both = ours.keys() & theirs.keys()
    differing = {name: sum(ours[key][name] != theirs[key][name] for key in both) for name in names}
    return SampledRows(len(ours), len(both), len(names), {name: number for name, number in differing.items() if number})
