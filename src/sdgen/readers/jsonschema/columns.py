"""One property of a JSON Schema (references resolved) → a column: type, generator where keywords ask for one, nulls.

Columns and fields whose name is enough are left without a generator: a rule finds it. Where one field of a struct needs
a generator, the struct names that field's alone; the others' are found by rules too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sdgen.errors import Path
from sdgen.inference.names import snake
from sdgen.readers.drafts import ColumnDraft, spec
from sdgen.readers.jsonschema.branches import branches, has_conditions
from sdgen.readers.jsonschema.keywords import FORBIDDEN, values_of
from sdgen.readers.jsonschema.parts import DISTINCT, LISTED, PartOfValue, by_type, mixture, of_one_number
from sdgen.readers.jsonschema.shapes import Shape, shape_of
from sdgen.readers.jsonschema.values import scalar_value
from sdgen.scenario.model import GeneratorSpec
from sdgen.scenario.types import Type, array_of

MOST_DEPTH = 8  # levels of fields within fields; what lies deeper is a JSON document
MOST_FIELDS = 2000  # fields of one column, those of its fields included
_MOST_ITEMS = 3
_FIELD_NULLS = 0.1  # of fields that may be null or left out, as of columns
_LONGEST_DESCRIPTION = 300
_ALWAYS_SET = re.compile(
    r"id|uuid|name|(?:date_)?(?:created|updated|modified|last_modified)(?:_(?:at|on|date|time|time_?stamp|utc))*"
)


@dataclass(frozen=True)
class Property:
    """One property: its name, its schema with references resolved, and where that stands in the source.

    required: every record has it, so that it is null only where its type says so. key: it is part of what names a
    record, and never null. document: records are JSON, in which fields that need not be there are left out. strict:
    what its schema says goes before what its name does.
    """

    name: str
    schema: Any
    required: bool = False
    key: bool = False
    place: Path = ()
    document: bool = False
    strict: bool = False


@dataclass(frozen=True)
class Note:
    """What was guessed or left out, and where in the source."""

    place: Path
    what: str


def read_property(one: Property) -> tuple[ColumnDraft, tuple[Note, ...]]:
    """The column of a property, and what is to be told of it."""
    reading = _PropertyReader(document=one.document, strict=one.strict)
    part = reading.part(one.name, one.schema, one.place, 0)
    nullable = not one.key and (part.nullable or not one.required)
    column = ColumnDraft(
        one.name,
        part.type,
        part.generator,
        nullable=nullable,
        null_rate=_null_rate(one.name, part),
        # Its type takes no null, so a record without the field can only leave it out.
        optional=one.document and not one.required and not part.nullable,
        description=_short(shape_of(one.schema).description),
    )
    return column, tuple(reading.notes)


def _null_rate(name: str, part: PartOfValue) -> float | None:
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
    document: bool = False
    strict: bool = False

    def part(self, name: str, schema: Any, place: Path, depth: int) -> PartOfValue:
        """The part of a schema: of its one alternative, or a mixture of several."""
        found = branches(schema)
        self.tell(found.told, place)
        # Rows of documents are written as JSON, where a field may be a text in one and a number in the next.
        kinds = [one for each in found.schemas for one in by_type(each)] if self.document else list(found.schemas)
        shapes = [shape_of(each) for each in kinds]
        if not self.document and len({shape.kind for shape in shapes} - {"null", "object"}) > 1:
            shapes = [shape_of(schema)]  # records of APIs, most often in databases: one type that holds all of them
        nullable = any(shape.nullable or shape.kind == "null" for shape in shapes)
        # Null is a share of the column's rows, not one of its kinds.
        shapes = [shape for shape in shapes if shape.kind != "null"] or shapes[:1]
        if not shapes:
            self.tell(("no value is valid: its conditions are left out",), place)
            shapes = [shape_of(schema)]
        # An alternative that says nothing of the type would make a mixture of JSON out of a plain column.
        if len(shapes) > 1 and has_conditions(schema) and any(shape.kind != "any" for shape in shapes):
            shapes = [shape for shape in shapes if shape.kind != "any"]
        parts = [self.one(name, shape, place, depth) for shape in shapes]
        part = parts[0] if len(parts) == 1 else mixture(parts)
        return replace(part, nullable=nullable or shapes[0].kind == "null")

    def one(self, name: str, shape: Shape, place: Path, depth: int) -> PartOfValue:
        """The part of a schema without conditions."""
        self.tell(shape.told, place)
        values = values_of(shape.keywords) or ()
        mixed = self.document and len({isinstance(value, str) for value in values if value is not None}) > 1
        if mixed or any(isinstance(value, list | Mapping) for value in values):
            return mixture(
                [PartOfValue(Type("json"), spec("json", value=value)) for value in values if value is not None]
            )
        if shape.kind == "object":
            return self._object(name, shape, place, depth)
        if shape.kind == "array":
            return self._array(name, shape, place, depth)
        written = shape.keywords.get("contentSchema")
        if shape.kind == "string" and isinstance(written, Mapping) and written and depth < MOST_DEPTH:
            inner = self.part(name, written, (*place, "contentSchema"), depth + 1)
            if inner.type.kind != "json" or inner.generator is not None:
                return PartOfValue(Type("text"), spec("json", of=inner.spelled))
        value = scalar_value(name, shape, self.strict)
        self.tell(value.told, place)
        return PartOfValue(value.type, value.generator, value.null_rate)

    def tell(self, told: Iterable[str], place: Path) -> None:
        self.notes += [note for what in told if (note := Note(place, what)) not in self.notes]

    def _object(self, name: str, shape: Shape, place: Path, depth: int) -> PartOfValue:
        properties = {str(key): value for key, value in shape.properties.items()}
        if not properties:
            return self._map(name, shape, place, depth)
        # Counted before the fields are read: a schema of many levels grows by products.
        self.fields += len(properties)
        if depth >= MOST_DEPTH or self.fields > MOST_FIELDS:
            most = f"{MOST_FIELDS} fields" if self.fields > MOST_FIELDS else f"{MOST_DEPTH} levels of fields"
            self.tell((f"has more than {most}: the rest is a JSON document",), place)
            return PartOfValue(Type("json"))
        present = _present(shape, properties)
        size = _size(shape.keywords.get("maxProperties"))
        if size is not None and len(present) <= size < len(properties):
            kept = [*present, *(key for key in properties if key not in present)][:size]
            self.tell((f"has at most {size} fields: {', '.join(sorted(kept))} alone",), place)
            properties = {key: each for key, each in properties.items() if key in kept}
        names = distinct_names(properties)
        renamed = [f"{old!r} is called {new!r}" for old, new in names.items() if old != new]
        if renamed:
            self.tell((f"fields whose names differ in case alone: {', '.join(renamed)}",), place)
        parts = {
            names[key]: self.part(key, schema, (*place, "properties", key), depth + 1)
            for key, schema in properties.items()
        }
        return _struct(parts, {names[key] for key in present} if self.document else parts.keys())

    def _map(self, name: str, shape: Shape, place: Path, depth: int) -> PartOfValue:
        """An object whose names are free: a map where something is known of its values or its names."""
        values, pattern = _map_values(shape)
        if values is None:
            empty = (self.document and FORBIDDEN in shape.keywords) or shape.keywords.get(
                "additionalProperties"
            ) is False
            return PartOfValue(Type("json"), spec("json", value={}) if empty else None)
        inner = self.part(f"{name}_value", values, (*place, "additionalProperties"), depth + 1)
        type = Type("map", items=(Type("text"), inner.type))
        least, most = _size(shape.keywords.get("minProperties")), _size(shape.keywords.get("maxProperties"))
        keys, distinct = _map_keys(shape, pattern)
        # A map that nothing is known of is left to the rules, which know maps by their names.
        if inner.generator is None and keys is None and least is None and most is None:
            return PartOfValue(type)
        least = min(1 if least is None else least, distinct)
        most = min(max(least, _MOST_ITEMS) if most is None else max(least, most), distinct, least + 10)
        params = {"keys": keys or {"type": "text"}, "values": inner.spelled, "min": min(least, most), "max": most}
        return PartOfValue(type, GeneratorSpec(type="map", params=params))

    def _array(self, name: str, shape: Shape, place: Path, depth: int) -> PartOfValue:
        words = shape.keywords
        places, items = _places(words)
        least, most = _size(words.get("minItems")), _size(words.get("maxItems"))
        if "contains" in words and not places:
            places, items = _containing(words, items)
            least = max(least or 0, len(places) + 1)
        if places and depth < MOST_DEPTH:
            return self._tuple(name, [*places, *[items] * ((least or 0) - len(places))][:most], place, depth)
        known = items not in (None, True, False, {}) and depth < MOST_DEPTH
        inner = self.part(name, items, (*place, "items"), depth + 1) if known else PartOfValue(Type("text"))
        if inner.type.kind == "array" and depth + 1 >= MOST_DEPTH:
            inner = PartOfValue(Type("json"))
        if "contains" in words and words.get("minContains") != 0:
            self.tell(("contains is not kept: elements follow items alone",), place)
        unique = words.get("uniqueItems") is True
        if inner.generator is None and least is None and most is None and not unique:
            return PartOfValue(array_of(inner.type))
        least = min(least or 0, 1000)
        most = min(max(least, _MOST_ITEMS) if most is None else max(least, most), least + 10)
        if unique:
            inner, most = self._distinct(inner, items, least, most, place)
        params = {"items": inner.spelled, "min": least, "max": most}
        if unique and most > 1 and inner.generator is not None and inner.generator.type in LISTED:
            params["unique"] = True
        return PartOfValue(array_of(inner.type), GeneratorSpec(type="array", params=params))

    def _distinct(self, inner: PartOfValue, items: Any, least: int, most: int, place: Path) -> tuple[PartOfValue, int]:
        """Elements that can be told apart, and how many at most; one alone where none of their values can be."""
        known = DISTINCT.get(inner.type.kind) if inner.generator is None else None
        inner = inner if known is None else replace(inner, generator=known)
        generator = inner.generator
        if generator is not None and generator.type in ("choice", "const"):
            most = min(most, len(generator.params.get("values", (None,))))
        elif generator is not None and generator.type == "uniform_int":
            params = generator.params
            most = min(most, (params["max"] - params["min"]) // params.get("step", 1) + 1)
        # How many distinct values a rule's generator has is not known here, and one element is distinct by itself.
        elif generator is None or generator.type not in ("pattern", "uuid4"):
            most = max(1, least)
        told = generator is None or generator.type not in (*LISTED, "uuid4")
        if most < least or (most > 1 and told):
            self.tell((f"uniqueItems may not be kept: {least} distinct elements can't be promised",), place)
        return inner, max(most, least)

    def _tuple(self, name: str, places: list[Any], place: Path, depth: int) -> PartOfValue:
        """An array each of whose places has a schema of its own; of one type where all are, else JSON."""
        parts = [
            self.part(name, schema, (*place, "prefixItems", number), depth + 1) for number, schema in enumerate(places)
        ]
        parts = of_one_number(parts)
        type = array_of(parts[0].type) if len({part.type for part in parts}) == 1 else Type("json")
        return PartOfValue(type, spec("tuple", items=[part.spelled for part in parts]))


def _present(shape: Shape, properties: Mapping[str, Any]) -> set[str]:
    """The fields that an object always has: those required, and so many more as its least size asks for."""
    required = [name for name in properties if name in shape.required]
    others = [name for name in properties if name not in shape.required]
    return {*required, *others[: max(0, (_size(shape.keywords.get("minProperties")) or 0) - len(required))]}


def _struct(parts: Mapping[str, PartOfValue], present: Collection[str]) -> PartOfValue:
    """A struct; fields that need not be present, or may be null, have a share of nulls."""
    optional = tuple(name for name, part in parts.items() if name not in present and not part.nullable)
    types = tuple(part.type for part in parts.values())
    type = Type("struct", fields=tuple(parts), items=types, optional=optional)
    named = {name: _field(name, part, name in present) for name, part in parts.items()}
    named = {name: each for name, each in named.items() if each.keys() != {"type"}}
    return PartOfValue(type, spec("struct", fields=named) if named else None)


def _field(name: str, part: PartOfValue, present: bool) -> dict[str, Any]:
    rate = 0.0 if present and not part.nullable else _null_rate(name, part)
    rate = _FIELD_NULLS if rate is None else rate
    return {**part.spelled, **({"null_rate": rate} if rate else {})}


def _map_values(shape: Shape) -> tuple[Any, str]:
    """The schema of an object's values where its names are free and their values have one, and the names' pattern."""
    named = shape.keywords.get("patternProperties")
    patterns = [(str(key), each) for key, each in named.items()] if isinstance(named, Mapping) else []
    for pattern, inner in [("", shape.keywords.get("additionalProperties")), *patterns[:1]]:
        if isinstance(inner, Mapping) and inner:
            values = branches(inner).schemas
            if any(shape_of(each).kind not in ("any", "null") for each in values):
                return inner, pattern
    return None, ""


# Names of a map are distinct texts, also where they are read as something else.
_NAMES = {
    **dict.fromkeys(("int", "bigint", "double", "decimal"), spec("pattern", regex="[1-9][0-9]{0,3}")),
    "date": spec("pattern", regex="202[0-5]-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"),
    **dict.fromkeys(
        ("timestamptz", "timestamp"), spec("pattern", regex="202[0-5]-0[1-9]-1[0-9]T(0[6-9]|1[0-9]):[0-5]0:00Z")
    ),
    "time": spec("pattern", regex="(0[6-9]|1[0-9]):[0-5][05]:00"),
    "uuid": spec("pattern", regex="[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
    "bool": spec("choice", values=["true", "false"]),
}


def _map_keys(shape: Shape, pattern: str) -> tuple[dict[str, Any] | None, int]:
    """The generator of a map's names where their schema or pattern says something, and how many they are at most."""
    names = shape.keywords.get("propertyNames")
    names = {
        "type": "string",
        **(names if isinstance(names, Mapping) else {}),
        **({"pattern": pattern} if pattern else {}),
    }
    if names == {"type": "string"}:
        return None, 1000
    values = values_of(names)
    if values:
        # Names are texts, also those of an enumeration of numbers.
        listed = [each if isinstance(each, str) else json.dumps(each) for each in values]
        return PartOfValue(Type("text"), spec("choice", values=listed)).spelled, len(listed)
    value = scalar_value("map_key", shape_of(names))
    generator = value.generator if value.type.kind in ("text", "string") else _NAMES.get(value.type.kind)
    return (None if generator is None else PartOfValue(Type("text"), generator).spelled), 1000


def _places(words: Mapping[str, Any]) -> tuple[list[Any], Any]:
    """The schemas of an array's first places, and that of all further ones."""
    items, prefixed = words.get("items"), words.get("prefixItems")
    # Before draft 2020-12 a list in `items` was what `prefixItems` is now, and `additionalItems` the rest.
    if isinstance(items, list):
        return items, words.get("additionalItems")
    return (prefixed, items) if isinstance(prefixed, list) else ([], items)


def _containing(words: Mapping[str, Any], items: Any) -> tuple[list[Any], Any]:
    """The schemas of the first places, which `contains` asks for, and that of all others, of which it may take none."""
    wanted, rest = words["contains"], items if isinstance(items, Mapping) else {}
    least, most = _size(words.get("minContains")), _size(words.get("maxContains"))
    least = 1 if least is None else least
    if most is not None:
        rest = {"allOf": [rest, {"not": wanted}]}
    fits = branches({"allOf": [items if isinstance(items, Mapping) else {}, wanted]})
    found = fits.schemas[0] if len(fits.schemas) == 1 else {"anyOf": list(fits.schemas)}
    return ([found] * min(least, 20) if fits.schemas and not fits.told else []), rest


def _size(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
