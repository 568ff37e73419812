"""A stream and its schema → an entity in the making: columns, keys, the cursor, and what transformations change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sdgen.errors import Path, Problem
from sdgen.readers.airbyte.schemas import Absent, Schema
from sdgen.readers.airbyte.streams import FieldPath, Stream
from sdgen.readers.airbyte.times import set_cursor, set_later_moments
from sdgen.readers.drafts import EntityDraft
from sdgen.readers.jsonschema.columns import Property, distinct_names, read_property
from sdgen.readers.jsonschema.shapes import Shape, shape_of
from sdgen.scenario.model import RowCount
from sdgen.scenario.types import NESTED, Type

_FEW = frozenset({"choice", "const", "boolean", "uniform_int"})  # too few values for a key of its own
_NO_KEYS = NESTED | {"json", "binary"}


@dataclass
class StreamDraft(EntityDraft):
    """The entity to be of a stream. names: the column of each field of the schema."""

    stream: Stream = field(kw_only=True)
    schema: Schema = field(kw_only=True)
    names: dict[str, str] = field(default_factory=dict)
    notes: list[Problem] = field(default_factory=list)

    def tell(self, what: str, column: str = "", place: Path | None = None, hint: str = "") -> None:
        """A note on the entity or a column, with the line of a place in the schema."""
        path: Path = ("entities", self.name, *(("columns", column) if column else ()))
        if place is None:
            fields = [each for each, name in self.names.items() if name == column]
            place = (*self.schema.place, *(("properties", fields[0]) if fields else ()))
        positions = self.schema.document.positions
        # The nearest part that has a place: what came by a reference stands elsewhere.
        stands = next((place[:size] for size in range(len(place), -1, -1) if place[:size] in positions), ())
        self.notes.append(Problem(path, what, hint, self.schema.document.file, *positions.get(stands, (0, 0))))

    def field_of(self, path: FieldPath) -> str:
        """The column of a field; "" where there is none, or it is inside another one."""
        return self.names.get(path[0], "") if len(path) == 1 else ""


def drafted(name: str, stream: Stream, schema: Schema, rows: int) -> StreamDraft:
    """The entity of a stream without its links; Absent where the schema has no fields."""
    description = " ".join(stream.description.split())[:300]
    draft = StreamDraft(name, rows=RowCount(count=rows), description=description, stream=stream, schema=schema)
    for note in schema.notes:
        draft.tell(note)
    if name != stream.name:
        draft.tell(f"the stream is called {stream.name!r}, which can't be its table's name", place=stream.place)
    shape = _record(draft, shape_of(schema.value))
    # Removals come first, so that a field that is removed and added anew is there.
    properties = _with_added(draft, _kept(draft, shape)) or _named_elsewhere(draft)
    if not properties:
        raise Absent("its schema has no fields")
    _add_columns(draft, shape, properties)
    _set_key(draft)
    _set_cursor(draft)
    _set_listed(draft)
    _set_constants(draft)
    # Last, as it counts from columns whose generators are settled by then.
    set_later_moments(draft.columns)
    return draft


def _record(draft: StreamDraft, shape: Shape) -> Shape:
    """The shape of one record: of the items, where the schema is said to be of a list of them."""
    inner = shape_of(shape.keywords.get("items"))
    if shape.properties or not inner.properties:
        return shape
    draft.schema = replace(draft.schema, place=(*draft.schema.place, "items"))
    draft.tell("its schema is of a list: its items are taken for the records")
    return inner


def _kept(draft: StreamDraft, shape: Shape) -> Mapping[str, Any]:
    """The properties without those that a transformation removes."""
    properties = {str(key): value for key, value in shape.properties.items()}
    removed = []
    for path in draft.stream.removed:
        fewer = _without(properties, path)
        if fewer is not None:
            properties = fewer
            removed.append(".".join(path))
    if removed:
        draft.tell(f"removed by a transformation: {', '.join(removed)}", place=draft.stream.place)
    return properties


def _with_added(draft: StreamDraft, properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """With the keys that AddFields adds and the schema lacks: of parents, or of the stream itself."""
    stream = draft.stream
    slices = [*(each.field for each in stream.parents), *(each.field for each in stream.listed)]
    added = {
        each.path[0]: {"type": "string"}
        for each in stream.added
        if len(each.path) == 1
        and each.path[0] not in properties
        and (each.path in stream.primary_key or any(refers_to(each.value, one) for one in slices))
    }
    if added and properties:
        draft.tell(f"added by a transformation, not in its schema: {', '.join(added)}", place=stream.place)
    return {**properties, **added} if properties else properties


def _named_elsewhere(draft: StreamDraft) -> dict[str, Any]:
    """Fields of a stream with an empty schema: those of its key and cursor, and those that are added."""
    stream = draft.stream
    paths = [
        *stream.primary_key,
        *((stream.cursor.field,) if stream.cursor else ()),
        *(add.path for add in stream.added),
    ]
    names = dict.fromkeys(path[0] for path in paths if len(path) == 1)
    if names:
        draft.tell("its schema has no fields: there are those alone that its key, its cursor and transformations name")
    return {name: {"type": "string"} for name in names}


def _without(properties: Mapping[str, Any], path: FieldPath) -> dict[str, Any] | None:
    """The properties without the field of a path; None where there is no such field."""
    if path[0] not in properties:
        return None
    rest = {key: value for key, value in properties.items() if key != path[0]}
    if len(path) == 1:
        return rest
    outer = properties[path[0]]
    inner = outer.get("properties") if isinstance(outer, Mapping) else None
    fewer = _without(inner, path[1:]) if isinstance(inner, Mapping) else None
    if fewer is None:
        return None
    return {key: {**outer, "properties": fewer} if key == path[0] else value for key, value in properties.items()}


def _add_columns(draft: StreamDraft, shape: Shape, properties: Mapping[str, Any]) -> None:
    """Columns for all properties, those of the primary key first."""
    keys = [path[0] for path in draft.stream.primary_key if len(path) == 1 and path[0] in properties]
    cursor = draft.stream.cursor.field if draft.stream.cursor else ()
    ordered = [*keys, *(key for key in properties if key not in keys)]
    draft.names = distinct_names(ordered)
    for key in ordered:
        place = (*draft.schema.place, "properties", key)
        # A cursor is never null: without one a record could not be asked for.
        one = Property(key, properties[key], key in shape.required, key in keys or (key,) == cursor, place)
        column, notes = read_property(one)
        name = column.name = draft.names[key]
        draft.columns[name] = column
        for what, where in {each.what: each.place for each in reversed(notes)}.items():  # each once, at its first place
            draft.tell(what, name, where)
        if name != key:
            draft.tell(f"is called {key!r} in the source, which differs from another column in case alone", name, place)


def _set_key(draft: StreamDraft) -> None:
    columns = []
    for path in draft.stream.primary_key:
        name, called = draft.field_of(path), ".".join(path)
        if not name:
            why = "lies inside another field" if len(path) > 1 else "is not in the schema"
            draft.tell(f"the primary key's field {called!r} {why}: there is no primary key", place=draft.stream.place)
            return
        if draft.columns[name].type.kind in _NO_KEYS:
            what = f"the primary key's field {called!r} is no plain value: there is no primary key"
            draft.tell(what, place=draft.stream.place)
            return
        columns.append(name)
    for column in (draft.columns[name] for name in columns):
        column.primary, column.nullable = True, False
        # Schemas call ids `number`; a fraction is no key.
        if column.type.kind == "double":
            column.type, column.generator = Type("bigint"), None
        if len(columns) == 1 and column.generator is not None and column.generator.type in _FEW:
            column.generator = None


def _set_cursor(draft: StreamDraft) -> None:
    cursor = draft.stream.cursor
    if cursor is None:
        return
    name = draft.field_of(cursor.field)
    if not name:
        if not (len(cursor.field) > 1 and cursor.field[0] in draft.names):
            draft.tell(f"the cursor field {'.'.join(cursor.field)!r} is not in the schema", place=draft.stream.place)
        return
    problem = set_cursor(draft.columns, name, cursor)
    if problem:
        draft.tell(problem, name, draft.stream.place)


def _set_listed(draft: StreamDraft) -> None:
    """Columns that hold the values which are asked for one by one."""
    for listed in draft.stream.listed:
        added = (each.path for each in draft.stream.added if refers_to(each.value, listed.field))
        name = next((found for path in (*added, (listed.field,)) if (found := draft.field_of(path))), "")
        if name and draft.columns[name].type.kind == "text" and draft.primary != (name,):
            draft.columns[name].fill("choice", values=list(dict.fromkeys(listed.values)))
            draft.columns[name].nullable = False


def _set_constants(draft: StreamDraft) -> None:
    """Columns that a transformation gives one plain value."""
    for added in draft.stream.added:
        name = draft.field_of(added.path)
        # A template is filled in by the connector with what it gets, which is not known here.
        plain = "{{" not in added.value and "{%" not in added.value and added.value.strip()
        if name and plain and not draft.columns[name].primary and draft.columns[name].type.kind == "text":
            draft.columns[name].fill("const", value=added.value)
            draft.columns[name].nullable = False


def refers_to(template: str, variable: str) -> bool:
    """Whether a template takes a variable of the slice that a record was asked for with."""
    if not variable or "{{" not in template:
        return False
    name = re.escape(variable)
    # A name with brackets behind it is a method of the slice, such as .get(…).
    forms = rf"(?:\.{name}\b(?!\s*\()|\[\s*['\"]{name}['\"]\s*\]|\.get\(\s*['\"]{name}['\"])"
    return re.search(rf"stream_(?:partition|slice)(?:\.parent_slice|\.partition)?\s*{forms}", template) is not None
