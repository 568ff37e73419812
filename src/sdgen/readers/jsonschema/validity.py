"""Whether values are of a JSON Schema: rows are tried before a scenario is handed out.

Columns that their names alone give values to may break a limit of their schema: such a column is read again, to the
letter. What breaks it still is told. This knows the keywords that values are made by, no others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from sdgen.generators.arrays.encode_text import json_text
from sdgen.readers.drafts import ColumnDraft, spec
from sdgen.readers.feasibility import sampled_columns
from sdgen.readers.jsonschema.branches import branches
from sdgen.readers.jsonschema.columns import Note, Property, read_property
from sdgen.readers.jsonschema.keywords import (
    EXCLUDED,
    FORBIDDEN,
    Schema,
    accepts,
    modern,
    property_schema,
    same,
    sound,
    values_of,
)
from sdgen.readers.jsonschema.parts import PartOfValue
from sdgen.scenario.model import Scenario
from sdgen.scenario.types import Type, parse_type

_ROWS = 500
# fmt: off
_LIMITS = frozenset({
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "pattern", "minItems",
    "maxItems", "uniqueItems", "minProperties", "maxProperties", "propertyNames", "patternProperties", "required",
    "additionalProperties", "const", "enum", "not", "oneOf", "anyOf", "allOf",
})
# fmt: on


def is_limited(schema: object) -> bool:
    """Whether a schema, or one inside it, has keywords that values could break."""
    if isinstance(schema, Mapping):
        return not _LIMITS.isdisjoint(schema) or any(map(is_limited, schema.values()))
    return isinstance(schema, list) and any(map(is_limited, schema))


def broken(scenario: Scenario, schemas: Mapping[tuple[str, str], Any], margin: int = 0) -> dict[tuple[str, str], str]:
    """The columns, of those with schemas, that have values which are not of theirs, and what is wrong with one.

    margin: so many characters more than the least must texts have, as those of other rows may be shorter.
    """
    limited = {key: schema for key, schema in schemas.items() if is_limited(schema)}
    if not limited:
        return {}
    found: dict[tuple[str, str], str] = {}
    for key, array in sampled_columns(scenario, limited, _ROWS):
        for value in _values(array, scenario.entities[key[0]].columns[key[1]].type):
            fault = next(faults(limited[key], value, margin), "")
            if fault:
                found[key] = fault
                break
    return found


def _values(array: pa.Array, type: str) -> Iterator[Any]:
    """The values as JSON has them, those that are null left out: whether they may be is the column's affair."""
    parsed = parse_type(type) if type else None
    for text in json_text(array, parsed).drop_null().unique().to_pylist():
        # The same JSON that is written, so that what is left out there is missing here too.
        yield json.loads(text)


def faults(schema: object, value: object, margin: int = 0) -> Iterator[str]:
    """What is wrong with a value; nothing where one of the schema's alternatives takes it."""
    if not isinstance(schema, Mapping):
        return
    found = [next(_faults(each, value, margin), "") for each in branches(schema).schemas]
    if all(found):
        yield found[0] if found else "no value is valid"


def _faults(schema: Mapping[str, Any], value: object, margin: int) -> Iterator[str]:
    schema = modern(sound(schema))
    words = values_of(schema)
    shown = json.dumps(value, ensure_ascii=False)[:60]
    if words is not None and value not in words:
        yield f"{shown} is not one of its values"
    elif any(same(value, each) for each in schema.get(EXCLUDED, ())):
        yield f"{shown} is a value that it doesn't take"
    elif not accepts(_with_margin(schema, margin) if words is None else schema, value):
        yield f"{shown} breaks a limit"
    elif isinstance(value, list):
        yield from _array_faults(schema, value, shown, margin)
    elif isinstance(value, Mapping):
        yield from _object_faults(schema, value, shown, margin)


def _with_margin(schema: Mapping[str, Any], margin: int) -> Mapping[str, Any]:
    least, most = schema.get("minLength"), schema.get("maxLength")
    free = isinstance(least, int) and least > 1 and (not isinstance(most, int) or most > least + margin)
    return {**schema, "minLength": least + margin} if free and isinstance(least, int) else schema


def _array_faults(schema: Mapping[str, Any], value: list[Any], shown: str, margin: int) -> Iterator[str]:
    if not _size(schema, "Items", len(value)):
        yield f"{shown} has {len(value)} elements"
    if schema.get("uniqueItems") is True and len({json.dumps(each, sort_keys=True) for each in value}) < len(value):
        yield f"{shown} has an element twice"
    prefixed, items = schema.get("prefixItems"), schema.get("items")
    if isinstance(items, list):
        prefixed, items = items, schema.get("additionalItems")
    prefixed = prefixed if isinstance(prefixed, list) else []
    for place, each in enumerate(value):
        yield from faults(prefixed[place] if place < len(prefixed) else items, each, margin)


def _object_faults(schema: Mapping[str, Any], value: Mapping[str, Any], shown: str, margin: int) -> Iterator[str]:
    missing = [name for name in schema.get("required") or () if name not in value]
    if missing:
        yield f"{missing[0]} is missing"
    if not _size(schema, "Properties", len(value)):
        yield f"{shown} has {len(value)} fields"
    for name in schema.get(FORBIDDEN, ()):
        if name in value:
            yield f"{name} is there"
    for name, each in value.items():
        inner = property_schema(schema, name)
        yield from ([f"{name} is none of its fields"] if inner is False else faults(inner, each, margin))


def _size(schema: Mapping[str, Any], what: str, size: int) -> bool:
    least, most = schema.get(f"min{what}"), schema.get(f"max{what}")
    return not (isinstance(least, int) and size < least) and not (isinstance(most, int) and size > most)


# Entities whose schema has several alternatives: each row is of one of them, and a column says of which.
#
# The column is the discriminator, where one field's constants tell the alternatives apart, else a hidden one.
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
        # An alternative with three constants is as likely as one with a single one.
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
        # Compared as texts: 1 and "1" must not name two alternatives in one column.
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
        # Alternatives that say the same of the field share a case, which keeps the mixture small.
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
        part = PartOfValue(column.type, column.generator)
        spelled = part.spelled if type == column.type else part.as_json
        rate = 0.0 if required else 0.1 if column.null_rate is None else column.null_rate
        parts.append({"when": when, **spelled, **({"null_rate": rate} if rate else {})})
    generator = spec("mixture", by=by.name, parts=parts)
    # A field that every record has is null where an alternative says so, and never left out.
    optional = not all(one.name in schema.get("required", ()) for schema in schemas)
    draft = ColumnDraft(one.name, type, generator, True, 0.0, optional=optional, description=columns[0].description)
    return draft, notes
