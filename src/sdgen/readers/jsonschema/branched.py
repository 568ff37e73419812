"""Entities whose schema has several alternatives: each row is of one of them, and a column says of which.

The column is the discriminator, where one field's constants tell the alternatives apart, else a hidden one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sdgen.readers.drafts import ColumnDraft, spec
from sdgen.readers.jsonschema.branches import Schema, values_of
from sdgen.readers.jsonschema.columns import Note, Part, Property, read_property
from sdgen.scenario.types import Type

_HIDDEN = "branch"


@dataclass(frozen=True)
class BranchColumn:
    """The column that says of which alternative a row is, and its values for each of them."""

    name: str
    values: tuple[tuple[Any, ...], ...]
    hidden: bool = False

    def draft(self) -> ColumnDraft:
        """The column, all alternatives being equally likely."""
        values = [value for each in self.values for value in each]
        weights = [1 / len(each) for each in self.values for _ in each]
        even = {} if len(set(weights)) == 1 else {"weights": weights}
        numbers = all(isinstance(value, int) and not isinstance(value, bool) for value in values)
        type = Type("bigint") if numbers else Type("text")
        return ColumnDraft(self.name, type, spec("choice", values=values, **even), hidden=self.hidden)


def branch_column(schemas: Sequence[Schema], taken: Mapping[str, object]) -> BranchColumn:
    """The discriminator of some alternatives: a field with other constants in each; else a hidden column."""
    for name in schemas[0].get("properties", {}):
        values = [_constants(each, name) for each in schemas]
        every = [value for each in values for value in each]
        if all(values) and len(set(map(str, every))) == len(every):
            return BranchColumn(name, tuple(map(tuple, values)))
    name, number = _HIDDEN, 2
    while name in taken:
        name, number = f"{_HIDDEN}_{number}", number + 1
    return BranchColumn(name, tuple((number,) for number in range(1, len(schemas) + 1)), hidden=True)


def _constants(schema: Schema, name: str) -> list[Any]:
    properties = schema.get("properties", {})
    values = (values_of(properties[name]) or []) if isinstance(properties.get(name), Mapping) else []
    plain = all(isinstance(value, str) for value in values) or all(type(value) is int for value in values)
    return values if plain and name in schema.get("required", ()) else []


def branched(one: Property, schemas: Sequence[Schema], by: BranchColumn) -> tuple[ColumnDraft, tuple[Note, ...]]:
    """The column of a property that isn't the same in all alternatives: null in those that don't have it."""
    cases: list[tuple[Any, bool, list[Any]]] = []
    for schema, values in zip(schemas, by.values, strict=True):
        properties = schema.get("properties", {})
        if one.name not in properties:
            continue
        own, required = properties[one.name], one.name in schema.get("required", ())
        same = next((each for each in cases if each[0] == own and each[1] == required), None)
        if same is None:
            cases.append((own, required, list(values)))
        else:
            same[2].extend(values)
    drafts = [read_property(Property(one.name, own, required, one.key, one.place, True)) for own, required, _ in cases]
    notes = tuple(dict.fromkeys(note for _, told in drafts for note in told))
    columns = [column for column, _ in drafts]
    types = {column.type for column in columns}
    type = types.pop() if len(types) == 1 else Type("json")
    parts = []
    for column, (_, required, when) in zip(columns, cases, strict=True):
        part = Part(column.type, column.generator)
        spelled = part.spelled if type == column.type else part.as_json
        rate = 0.0 if required else 0.1 if column.null_rate is None else column.null_rate
        parts.append({"when": when, **spelled, **({"null_rate": rate} if rate else {})})
    generator = spec("mixture", by=by.name, parts=parts)
    draft = ColumnDraft(one.name, type, generator, True, 0.0, optional=True, description=columns[0].description)
    return draft, notes
