"""Avro schemas (.avsc) → scenario: records become entities, through the JSON Schema of their values.

The types are those of the Avro specification 1.12. A field is there in every record, null where its union has null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sdgen.errors import Path, SdgenError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.yaml_text import Document
from sdgen.scenario.model import Scenario

Schema = dict[str, Any]

_PRIMITIVES: Mapping[str, Schema] = {
    "null": {"type": "null"},
    "boolean": {"type": "boolean"},
    "int": {"type": "integer", "format": "int32"},
    "long": {"type": "integer", "format": "int64"},
    "float": {"type": "number", "format": "float"},
    "double": {"type": "number"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
    "string": {"type": "string"},
}
_UNITS = ("millis", "micros", "nanos")
_LOGICAL: Mapping[str, Schema] = {
    "uuid": {"type": "string", "format": "uuid"},
    "date": {"type": "string", "format": "date"},
    "time-millis": {"type": "string", "format": "time"},
    "time-micros": {"type": "string", "format": "time"},
    **{f"timestamp-{unit}": {"type": "string", "format": "date-time"} for unit in _UNITS},
    **{f"local-timestamp-{unit}": {"type": "string", "format": "timestamp-without-timezone"} for unit in _UNITS},
    "duration": {"type": "string", "format": "duration"},
}
_NAMED = ("record", "error", "enum", "fixed")


def matches(source: Source) -> bool:
    """An .avsc file, or a document of a record with fields, or of a list of such."""
    if source.is_folder:
        return False
    if source.suffix == ".avsc":
        return True
    try:
        # JSON files of many megabytes are not parsed for a guess.
        if '"fields"' not in source.text or '"record"' not in source.text:
            return False
        value = source.document.value
    except SdgenError:
        return False
    return all(map(_is_record, value)) and bool(value) if isinstance(value, list) else _is_record(value)


def _is_record(value: object) -> bool:
    return isinstance(value, dict) and value.get("type") == "record" and isinstance(value.get("fields"), list)


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a schema's records; SourceError where there are none."""
    from sdgen.readers.jsonschema.reader import read_schemas

    document = source.document
    found = _Translation(document)
    root = found.schema(document.value, (), "")
    # Of several schemas in a list the last one is the main one: a type must be defined before it is used.
    main = document.value[-1] if isinstance(document.value, list) and document.value else document.value
    name = str(main.get("name", "schema")) if isinstance(main, dict) else "schema"
    value = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name, "$defs": found.named}
    if not isinstance(document.value, list):
        value = {**value, **root}
    scenario = read_schemas(Document(document.file, value, found.positions), options.rows)
    notes = [document.problem(path, what) for path, what in found.notes]
    return scenario.read_from(scenario.origin, [*scenario.notes, *notes])


@dataclass
class _Translation:
    """Avro's schemas as JSON Schemas, which know where they stand in the document."""

    document: Document
    named: dict[str, Schema] = field(default_factory=dict)
    positions: dict[Path, tuple[int, int]] = field(default_factory=dict)
    notes: list[tuple[Path, str]] = field(default_factory=list)

    def schema(self, value: Any, path: Path, space: str) -> Schema:
        """The JSON Schema of a type at a path; `space` is the namespace that names without one are of."""
        if isinstance(value, list):
            return self._union(value, path, space)
        if isinstance(value, str):
            return self._by_name(value, path, space)
        if not isinstance(value, dict):
            self.notes.append((path, f"no type but {value!r}: taken as any value"))
            return {}
        kind = value.get("type")
        if kind in _NAMED:
            return self._definition(value, str(kind), path, space)
        if kind == "array":
            return {"type": "array", "items": self.schema(value.get("items"), (*path, "items"), space)}
        if kind == "map":
            inner = self.schema(value.get("values"), (*path, "values"), space)
            return {"type": "object", "additionalProperties": inner}
        return self._logical(value, path) or self.schema(kind, (*path, "type"), space)

    def _union(self, value: list[Any], path: Path, space: str) -> Schema:
        parts = [self.schema(each, (*path, place), space) for place, each in enumerate(value)]
        return parts[0] if len(parts) == 1 else {"anyOf": parts}

    def _by_name(self, name: str, path: Path, space: str) -> Schema:
        if name in _PRIMITIVES:
            return dict(_PRIMITIVES[name])
        full = name if "." in name or not space else f"{space}.{name}"
        for known in (full, name):
            if known in self.named:
                return {"$ref": f"#/$defs/{known}"}
        self.notes.append((path, f"the type {name!r} is not defined before: taken as any value"))
        return {}

    def _logical(self, value: Mapping[str, Any], path: Path) -> Schema | None:
        """A logical type; None where there is none, or one that is not known, which leaves the type itself."""
        logical = value.get("logicalType")
        if logical == "decimal":
            digits, places = value.get("precision", 18), value.get("scale", 0)
            return {"type": "number", "format": "decimal", "x-digits": digits, "x-places": places}
        if logical is not None and logical not in _LOGICAL:
            self.notes.append((path, f"the logical type {logical!r} is not known: values are of its plain type"))
        return dict(_LOGICAL[str(logical)]) if logical in _LOGICAL else None

    def _definition(self, value: Mapping[str, Any], kind: str, path: Path, space: str) -> Schema:
        """A named type, kept in the definitions: it is referred to, by itself too."""
        name = str(value.get("name", "record"))
        # A name with points is whole, whatever `namespace` says; and what stands inside is of that namespace too.
        space = name.rpartition(".")[0] or str(value.get("namespace", space) or "")
        full = name if "." in name or not space else f"{space}.{name}"
        # Known before its fields are read: a record may have fields of its own type.
        self.named[full] = {}
        self.positions["$defs", full] = self._line(path)
        if kind == "enum":
            found: Schema = {"enum": value.get("symbols") or []}
        elif kind == "fixed":
            size = value.get("size") if isinstance(value.get("size"), int) else 16
            found = self._logical(value, path) or {"type": "string", "pattern": f"^[0-9a-f]{{{2 * (size or 16)}}}$"}
        else:
            found = self._record(value, path, full, space)
        doc = value.get("doc")
        self.named[full] = {**found, "description": doc} if isinstance(doc, str) else found
        return {"$ref": f"#/$defs/{full}"}

    def _record(self, value: Mapping[str, Any], path: Path, full: str, space: str) -> Schema:
        properties: dict[str, Schema] = {}
        fields = value.get("fields")
        for place, each in enumerate(fields if isinstance(fields, list) else ()):
            if not isinstance(each, dict) or not isinstance(each.get("name"), str):
                continue
            own = (*path, "fields", place)
            found = self.schema(each.get("type"), (*own, "type"), space)
            found |= {"description": each["doc"]} if isinstance(each.get("doc"), str) else {}
            found |= {"default": each["default"]} if each.get("default") is not None else {}
            # As all readers of Avro have it, where a record has no such field.
            found |= {"default": None} if "anyOf" in found and "default" not in found else {}
            properties[each["name"]] = found
            self.positions["$defs", full, "properties", each["name"]] = self._line(own)
        # Avro writes each field of each record: null is a value of a union, not an absence.
        return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}

    def _line(self, path: Path) -> tuple[int, int]:
        sizes = range(len(path), -1, -1)
        known = self.document.positions
        return next((known[path[:size]] for size in sizes if path[:size] in known), (0, 0))
