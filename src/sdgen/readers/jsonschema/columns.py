"""One property of a JSON Schema (references resolved) → a column: type, generator where keywords ask for one, nulls.

Columns and fields whose name is enough are left without a generator: a rule finds it. Where one field of a struct needs
a generator, the struct names that field's alone; the others' are found by rules too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sdgen.errors import Path
from sdgen.inference.names import snake
from sdgen.readers.drafts import ColumnDraft
from sdgen.readers.jsonschema.shapes import Shape, shape_of
from sdgen.readers.jsonschema.values import scalar_value
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import Type, array_of

MOST_DEPTH = 8  # levels of fields within fields; what lies deeper is a JSON document
MOST_FIELDS = 2000  # fields of one column, those of its fields included
_MOST_ITEMS = 3
_LONGEST_DESCRIPTION = 300
_ALWAYS_SET = re.compile(
    r"id|uuid|name|(?:date_)?(?:created|updated|modified|last_modified)(?:_(?:at|on|date|time|time_?stamp|utc))*"
)


@dataclass(frozen=True)
class Property:
    """One property: its name, its schema with references resolved, and where that stands in the source.

    required: every record has it, so that it is null only where its type says so. key: it is part of what names a
    record, and never null.
    """

    name: str
    schema: Any
    required: bool = False
    key: bool = False
    place: Path = ()


@dataclass(frozen=True)
class Note:
    """What was guessed or left out, and where in the source."""

    place: Path
    what: str


@dataclass(frozen=True)
class Part:
    """The type of a value or of a part of it, and its generator: None where rules find it."""

    type: Type
    generator: GeneratorSpec | None = None
    null_rate: float | None = None

    @property
    def spelled(self) -> dict[str, Any]:
        """The part as it is written inside another generator."""
        if self.generator is None:
            return {"type": str(self.type)}
        params = {"params": dict(self.generator.params)} if self.generator.params else {}
        return {"generator": self.generator.type, **params, "type": str(self.type)}


def read_property(one: Property) -> tuple[ColumnDraft, tuple[Note, ...]]:
    """The column of a property, and what is to be told of it."""
    shape = shape_of(one.schema)
    reading = _PropertyReader()
    part = reading.part(one.name, shape, one.place, 0)
    nullable = not one.key and (shape.nullable or not one.required or shape.kind == "null")
    column = ColumnDraft(
        one.name,
        part.type,
        part.generator,
        nullable=nullable,
        null_rate=_null_rate(one.name, part),
        description=_short(shape.description),
    )
    return column, tuple(reading.notes)


def _null_rate(name: str, part: Part) -> float | None:
    """What every record has is null in none, even where its schema says that it may be."""
    return 0.0 if part.null_rate is None and _ALWAYS_SET.fullmatch(snake(name)) else part.null_rate


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_DESCRIPTION else text[: _LONGEST_DESCRIPTION - 1].rpartition(" ")[0] + "…"


def distinct_names(names: Iterable[str]) -> dict[str, str]:
    """A name of its own for each, those that differ in case alone being numbered: databases take them for the same."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        plain = re.sub(r"[\x00-\x1f]", " ", name).strip() or "unnamed"
        new, number = plain, 2
        while new.lower() in taken:
            new, number = f"{plain}_{number}", number + 1
        taken.add(new.lower())
        found[name] = new
    return found


@dataclass
class _PropertyReader:
    """One column on its way: what was told, and how many fields it has so far."""

    notes: list[Note] = field(default_factory=list)
    fields: int = 0

    def part(self, name: str, shape: Shape, place: Path, depth: int) -> Part:
        self.tell(shape.told, place)
        if shape.kind == "object":
            return self._object(name, shape, place, depth)
        if shape.kind == "array":
            return self._array(name, shape, place, depth)
        value = scalar_value(name, shape)
        self.tell(value.told, place)
        return Part(value.type, value.generator, value.null_rate)

    def tell(self, told: Iterable[str], place: Path) -> None:
        self.notes += [Note(place, what) for what in told]

    def _object(self, name: str, shape: Shape, place: Path, depth: int) -> Part:
        properties = {str(key): value for key, value in shape.properties.items()}
        values = _map_values(shape)
        if not properties:
            return self._map(name, values, place, depth) if values is not None else Part(Type("json"))
        self.fields += len(properties)
        if depth >= MOST_DEPTH or self.fields > MOST_FIELDS:
            most = f"{MOST_FIELDS} fields" if self.fields > MOST_FIELDS else f"{MOST_DEPTH} levels of fields"
            self.tell((f"has more than {most}: the rest is a JSON document",), place)
            return Part(Type("json"))
        names = distinct_names(properties)
        renamed = [f"{old!r} is called {new!r}" for old, new in names.items() if old != new]
        if renamed:
            self.tell((f"fields whose names differ in case alone: {', '.join(renamed)}",), place)
        parts = {
            names[key]: self.part(key, shape_of(schema), (*place, "properties", key), depth + 1)
            for key, schema in properties.items()
        }
        return _struct(parts)

    def _map(self, name: str, values: Shape, place: Path, depth: int) -> Part:
        inner = self.part(f"{name}_value", values, (*place, "additionalProperties"), depth + 1)
        type = Type("map", items=(Type("text"), inner.type))
        if inner.generator is None:
            return Part(type)
        params = {"keys": {"type": "text"}, "values": inner.spelled, "min": 1, "max": _MOST_ITEMS}
        return Part(type, GeneratorSpec(type="map", params=params))

    def _array(self, name: str, shape: Shape, place: Path, depth: int) -> Part:
        items = shape.words.get("items")
        if isinstance(items, list):  # a tuple: all of its places have one type here
            items = {"anyOf": items} if len(items) > 1 else items[0] if items else None
        prefixed = shape.words.get("prefixItems")
        if items in (None, True, {}) and isinstance(prefixed, list) and prefixed:
            items = {"anyOf": prefixed}
        known = items not in (None, True, {}) and depth < MOST_DEPTH
        inner = self.part(name, shape_of(items), (*place, "items"), depth + 1) if known else Part(Type("text"))
        if inner.type.kind == "array" and depth + 1 >= MOST_DEPTH:
            inner = Part(Type("json"))
        least, most = _size(shape.words.get("minItems")), _size(shape.words.get("maxItems"))
        type = array_of(inner.type)
        if inner.generator is None and least is None and most is None:
            return Part(type)
        least = min(least or 0, 1000)
        most = min(max(least, _MOST_ITEMS) if most is None else max(least, most), least + 10)
        return Part(type, GeneratorSpec(type="array", params={"items": inner.spelled, "min": least, "max": most}))


def _struct(parts: Mapping[str, Part]) -> Part:
    type = Type("struct", fields=tuple(parts), items=tuple(part.type for part in parts.values()))
    named = {name: part.spelled for name, part in parts.items() if part.generator is not None}
    return Part(type, GeneratorSpec(type="struct", params={"fields": named}) if named else None)


def _map_values(shape: Shape) -> Shape | None:
    """The shape of an object's values where its keys are free and their values have one."""
    for key in ("additionalProperties", "patternProperties"):
        inner = shape.words.get(key)
        if key == "patternProperties" and isinstance(inner, Mapping):
            inner = next(iter(inner.values()), None)
        if isinstance(inner, Mapping) and inner:
            values = shape_of(inner)
            return values if values.kind not in ("any", "null") else None
    return None


def _size(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
