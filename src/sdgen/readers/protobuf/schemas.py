"""Messages → the JSON Schemas of their JSON mapping (https://protobuf.dev/programming-guides/json/), and a scenario."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from sdgen.errors import Path, Problem, SourceError
from sdgen.readers.jsonschema.entities import key_of
from sdgen.readers.jsonschema.reader import read_schemas
from sdgen.readers.protobuf.syntax import Message, ProtoEnum, ProtoField, ProtoFile
from sdgen.readers.yaml_text import Document
from sdgen.scenario.model import Scenario

Schema = dict[str, Any]

_WHOLE32: Schema = {"type": "integer", "format": "int32"}
_WHOLE64: Schema = {"type": "integer", "format": "int64"}
_NATURAL32: Schema = {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}
_NATURAL64: Schema = {"type": "integer", "format": "int64", "minimum": 0}
_SCALARS: Mapping[str, Schema] = {
    "double": {"type": "number"},
    "float": {"type": "number", "format": "float"},
    **dict.fromkeys(("int32", "sint32", "sfixed32"), _WHOLE32),
    **dict.fromkeys(("uint32", "fixed32"), _NATURAL32),
    **dict.fromkeys(("int64", "sint64", "sfixed64"), _WHOLE64),
    **dict.fromkeys(("uint64", "fixed64"), _NATURAL64),
    "bool": {"type": "boolean"},
    "string": {"type": "string"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
}
_WRAPPERS = {"Double": "double", "Float": "float", "Int64": "int64", "UInt64": "uint64", "Int32": "int32"}
_WRAPPERS |= {"UInt32": "uint32", "Bool": "bool", "String": "string", "Bytes": "bytes"}
_YEAR: Schema = {"type": "integer", "minimum": 2000, "maximum": 2030}
_KNOWN: Mapping[str, Schema] = {
    **{f"google.protobuf.{name}Value": _SCALARS[scalar] for name, scalar in _WRAPPERS.items()},
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^(0|[1-9][0-9]{0,4})\.[0-9]{3}s$"},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Value": {"type": ["string", "number", "boolean"]},
    "google.protobuf.ListValue": {"type": "array", "items": {"type": ["string", "number"]}},
    "google.protobuf.FieldMask": {"type": "string", "pattern": "^(name|title|state|labels)(,(owner|description))?$"},
    "google.type.LatLng": {
        "type": "object",
        "properties": {
            "latitude": {"type": "number", "minimum": -90, "maximum": 90},
            "longitude": {"type": "number", "minimum": -180, "maximum": 180},
        },
        "required": ["latitude", "longitude"],
    },
    "google.type.Money": {
        "type": "object",
        "properties": {
            "currency_code": {"enum": ["USD", "EUR", "GBP"]},
            "units": {"type": "integer", "minimum": 0, "maximum": 5000},
            "nanos": {"enum": [0, 250_000_000, 500_000_000, 990_000_000]},
        },
        "required": ["currency_code", "units", "nanos"],
    },
    "google.type.Date": {
        "type": "object",
        "properties": {
            "year": _YEAR,
            "month": {"type": "integer", "minimum": 1, "maximum": 12},
            "day": {"type": "integer", "minimum": 1, "maximum": 28},
        },
        "required": ["year", "month", "day"],
    },
}
# Texts of the keys of maps, which JSON has for any type.
_KEYS: Mapping[str, Schema] = {"string": {}, "bool": {"enum": ["true", "false"]}}
_NUMBERED: Schema = {"pattern": "^[1-9][0-9]{0,3}$"}
_UNSET = re.compile(r"(?:.*_)?(?:UNSPECIFIED|UNKNOWN|INVALID|UNDEFINED)")
_CALL = re.compile(r".*(?:Request|Response|Req|Resp|Reply)")


def protobuf_scenario(
    source: str, files: Sequence[ProtoFile], imported: Sequence[ProtoFile], notes: Sequence[Problem], rows: int | None
) -> Scenario:
    """The scenario of the messages of files; SourceError where none of them has a field that can be filled."""
    found = _Translation([*files, *imported])
    definitions = {message.name: found.message(message) for message in found.messages.values()}
    tables = [message.name for message in found.tables(files) if definitions[message.name]["properties"]]
    if not tables:
        raise SourceError([Problem((), "there is no message with fields in it", "", source), *notes, *found.notes])
    title = PurePath(source.replace("\\", "/").rstrip("/")).name.partition(".")[0] or "messages"
    value = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, "$defs": definitions}
    scenario = read_schemas(Document(source, value, found.positions), rows, tables)
    where = {name.rpartition(".")[2]: found.messages[name].file for name in tables}
    told = [
        replace(each, file=where.get(str(each.path[1]), each.file)) if len(each.path) > 1 else each
        for each in scenario.notes
    ]
    return scenario.read_from(scenario.origin, [*told, *notes, *found.notes])


@dataclass
class _Translation:
    """All messages and enums by their whole names, and what is told of them."""

    files: Sequence[ProtoFile]
    notes: list[Problem] = field(default_factory=list)
    positions: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.messages: dict[str, Message] = {each.name: each for file in self.files for each in file.messages}
        self.enums: dict[str, ProtoEnum] = {each.name: each for file in self.files for each in file.enums}
        for file in self.files:
            for what, line in file.skipped:
                self.tell(f"{what} are left out", file.name, line)

    def tell(self, what: str, file: str, line: int, path: Path = ()) -> None:
        self.notes.append(Problem(path, what, "", file, line, 1))

    def tables(self, files: Sequence[ProtoFile]) -> Iterator[Message]:
        """Messages that stand by themselves: not those that services alone exchange, nor parts without a key."""
        parts = {
            self._resolved(each.type, message.name) for message in self.messages.values() for each in message.fields
        }
        calls = {self._resolved(name, file.package) for file in files for name in file.calls}
        own = [message for file in files for message in file.messages if message.top and message.fields]
        left = {each.name: why for each in own if (why := self._why_not(each, parts, calls))}
        # Where every message is a part or a call, they are what the file is about.
        if len(left) == len(own):
            left = {}
        for message in own:
            if message.name in left:
                self.tell(f"{message.name} is no table of its own: {left[message.name]}", message.file, message.line)
            else:
                yield message

    def _why_not(self, message: Message, parts: set[str], calls: set[str]) -> str:
        short = message.name.rpartition(".")[2]
        keyed = key_of(message.name, [each.name for each in message.fields])
        if message.name in calls and _CALL.fullmatch(short):
            return "services exchange it"
        return "it is a part of others" if message.name in parts and not keyed else ""

    def message(self, message: Message) -> Schema:
        """The JSON Schema of a message."""
        self.positions["$defs", message.name] = (message.line, 1)
        properties: dict[str, Schema] = {}
        required: list[str] = []
        oneofs: dict[str, list[str]] = {}
        for each in message.fields:
            schema = self._field(message, each)
            if schema is None:
                continue
            properties[each.name] = schema | ({"description": each.description} if each.description else {})
            self.positions["$defs", message.name, "properties", each.name] = (each.line, 1)
            if each.oneof:
                oneofs.setdefault(each.oneof, []).append(each.name)
            elif self._present(each, message):
                required.append(each.name)
        found: Schema = {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }
        # A oneof may be unset too; here one member is always there, so that all of them occur.
        kinds = [{"oneOf": [{"required": [name]} for name in names]} for names in oneofs.values()]
        found |= kinds[0] if len(kinds) == 1 else {"allOf": kinds} if kinds else {}
        return found | ({"description": message.description} if message.description else {})

    def _present(self, each: ProtoField, message: Message) -> bool:
        """Whether every record has a field: those without presence have, and what proto2 requires."""
        if each.label in ("required", "repeated") or each.key:
            return True
        # proto3's scalars without `optional` have no presence: what is unset is zero, and zero is written like any
        # value.
        scalar = each.type in _SCALARS or self._resolved(each.type, message.name) in self.enums
        return scalar and not each.label

    def _field(self, message: Message, each: ProtoField) -> Schema | None:
        schema = self._type(each.type, message.name)
        if schema is None:
            name = message.name.rpartition(".")[2]
            what = f"the field {each.name} of {name} is left out: nothing is known of its type {each.type}"
            self.tell(what, message.file, each.line)
            return None
        if each.key:
            names = _KEYS.get(each.key, _NUMBERED)
            return {"type": "object", "additionalProperties": schema} | ({"propertyNames": names} if names else {})
        return {"type": "array", "items": schema} if each.label == "repeated" else schema

    def _type(self, type: str, scope: str) -> Schema | None:
        if type in _SCALARS:
            return dict(_SCALARS[type])
        name = self._resolved(type, scope)
        if name in self.enums:
            values = self.enums[name].values
            return {"enum": [each for each in values if not _UNSET.fullmatch(each)] or list(values)}
        if name in self.messages:
            return {"$ref": f"#/$defs/{name}"}
        return dict(_KNOWN[name]) if name in _KNOWN else None

    def _resolved(self, type: str, scope: str) -> str:
        """The whole name of a type: the innermost that the scope knows."""
        if type.startswith("."):
            return type[1:]
        # Names are looked up as in C++: from the innermost scope outwards.
        while True:
            name = f"{scope}.{type}" if scope else type
            if name in self.messages or name in self.enums or name in _KNOWN or not scope:
                return name
            scope = scope.rpartition(".")[0]
