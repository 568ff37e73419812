"""JSON Schema and OpenAPI documents → scenario: schemas of records become entities, their properties columns.

The schema OF scenario files is something else: see `scenario/json_schema.py`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from sdgen.errors import Path, Problem, SourceError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.jsonschema.entities import Candidate, candidates, choose, fields_of, is_one_of, key_of, named
from sdgen.readers.jsonschema.references import References, SchemaNode, Unresolved, is_api
from sdgen.readers.jsonschema.scenario import scenario_of
from sdgen.readers.yaml_text import Document
from sdgen.scenario.model import Scenario

_DEFINED = ("$defs", "definitions")
_MOST_LISTS = 4


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a document's schemas; SourceError where none of them is of records."""
    return read_schemas(source.document, options.rows)


def read_schemas(document: Document, rows: int | None = None, tables: Collection[str] = ()) -> Scenario:
    """The scenario of a JSON Schema or OpenAPI document, `rows` rows an entity.

    tables: the definitions that are entities, where the language that they were translated from tells; the others are
    parts of them.
    """
    if not isinstance(document.value, dict):
        raise SourceError(document.problem((), "this is no JSON Schema: it is no mapping"))
    references = References(document)
    found = candidates(references, _places(references.root()))
    if tables:
        own = named([each for each in found if each.name in tables])
        return scenario_of(_title(document), references, own, rows)
    # Descriptions in place are often copies of one record with other fields: they count only where nothing is named.
    if not found and is_api(document.value):
        found = candidates(references, inline_places(references.root()))
    root = {name: each for name, each in _root(references).items() if not is_one_of(each, found)}
    parts = [each for each in found if each.place not in [own.place for own in root.values()]]
    # Beside a document's own schema, definitions are its parts unless a key makes them records.
    entities = {**root, **choose([each for each in parts if each.key] if root else parts).entities}
    if not entities:
        hint = "an entity is an object with properties: at the top, in $defs, definitions, components.schemas or paths"
        raise SourceError(Problem((), "no schema here is of records", hint, document.file))
    kept = {each.place for each in entities.values()}
    left_out = [each for each in found if each.place not in kept]
    return scenario_of(_title(document), references, entities, rows, left_out)


def _places(root: SchemaNode) -> Iterator[tuple[str, SchemaNode]]:
    """The schemas that a document defines, by name."""
    inner = root.value.get("components")
    if isinstance(inner, dict) and isinstance(inner.get("schemas"), dict):
        yield from _children(root.child("components", "schemas"))
    for key in _DEFINED:
        if isinstance(root.value.get(key), dict):
            yield from _children(root.child(key))


def _children(place: SchemaNode) -> Iterator[tuple[str, SchemaNode]]:
    """The schemas of a mapping; those of a mapping in it that is no schema itself are of it too."""
    for name, value in place.value.items():
        if isinstance(value, dict):
            yield str(name), place.child(name)


def _root(references: References) -> Mapping[str, Candidate]:
    """The document's own schema where it is one of records, or of lists of them, by the name it gets."""
    place, name = references.root(), _title(references.first)
    if is_api(place.value):
        return {}
    for _ in range(_MOST_LISTS):
        value = place.value
        if isinstance(value.get("$ref"), str):
            place, name = _followed(references, place), value["$ref"].rpartition("/")[2] or name
        elif inside := _inside(value):
            place = place.child(*inside)
        else:
            break
        if not isinstance(place.value, dict):
            return {}
    fields = tuple(dict.fromkeys(fields_of(references, place)))
    return named([Candidate(name, place, fields, key_of(name, fields))]) if fields else {}


def _inside(value: dict[str, Any]) -> Path:
    """Where the records are of which a schema is a list or a dictionary; () where it is none."""
    # A schema with fields is a record, whatever its further fields may be.
    if "properties" in value:
        return ()
    named = value.get("patternProperties")
    found: tuple[Path, ...] = (("items",), ("additionalProperties",))
    found += tuple(("patternProperties", name) for name in (named if isinstance(named, dict) else ()))
    return next((path for path in found if isinstance(_at(value, path), dict)), ())


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _followed(references: References, place: SchemaNode) -> SchemaNode:
    try:
        return references.target(place, place.value["$ref"])
    except Unresolved as error:
        raise SourceError(place.document.problem(place.path, str(error))) from None


def _title(document: Document) -> str:
    """What a document calls itself: the API's or the schema's title, or else its file."""
    value = document.value
    info = value.get("info")
    title = info.get("title") if isinstance(info, dict) else value.get("title")
    if isinstance(title, str) and 0 < len(title.strip()) <= 60:
        return title.strip()
    name = PurePath(document.file).name.partition(".")[0]
    return name or "schema"


_METHODS = ("get", "post", "put", "patch")
_WRAPPED = ("items", "data", "results", "records", "values", "content", "entries", "list", "hits", "edges", "node")
_MOST_WRAPPERS = 6


def inline_places(root: SchemaNode) -> Iterator[tuple[str, SchemaNode]]:
    """The schemas of answers and requests, named by the last word of their path; the first of each name."""
    paths = root.value.get("paths")
    seen: set[str] = set()
    for path in paths if isinstance(paths, dict) else ():
        name = _name(str(path))
        for method in _METHODS:
            for where in _bodies(root, ("paths", path, method)):
                place = _record(root.child(*where))
                # The same record is described once for each of an API's operations.
                if place is not None and name not in seen:
                    seen.add(name)
                    yield name, place


def _name(path: str) -> str:
    words = [word for word in path.split("/") if word and "{" not in word and not re.fullmatch(r"v\d+|api|rest", word)]
    return re.sub(r"[^\w]+", "_", words[-1]).strip("_") if words else "record"


def _bodies(root: SchemaNode, operation: Path) -> Iterator[Path]:
    """Where the schemas of an operation stand: of what it answers in success, then of what it is sent."""
    answers = _schema_at(root, (*operation, "responses"))
    # YAML reads the code as a number, JSON as a text.
    good = [code for code in answers if str(code).startswith("2")] if isinstance(answers, dict) else []
    # Answers come first: what an API sends has its key, which what is sent to it often lacks.
    for where in [*((*operation, "responses", code) for code in good), (*operation, "requestBody")]:
        if isinstance(_schema_at(root, (*where, "schema")), dict):
            yield (*where, "schema")
        content = _schema_at(root, (*where, "content"))
        for kind in content if isinstance(content, dict) else ():
            # Of several kinds of content, forms and files are no records.
            if "json" in str(kind) and isinstance(_schema_at(root, (*where, "content", kind, "schema")), dict):
                yield (*where, "content", kind, "schema")


def _record(place: SchemaNode) -> SchemaNode | None:
    """The record that a schema is of, or lists of which it carries; None where it names its schema elsewhere."""
    for _ in range(_MOST_WRAPPERS):
        inner = _schemas_inside(place)
        if inner is None:
            break
        place = place.child(*inner)
    value = place.value
    return place if isinstance(value, dict) and isinstance(value.get("properties"), dict) else None


def _schemas_inside(place: SchemaNode) -> Path | None:
    if isinstance(_schema_at(place, ("items",)), dict):
        return ("items",)
    properties = _schema_at(place, ("properties",))
    for name in _WRAPPED if isinstance(properties, dict) and len(properties) <= 8 else ():
        if any(isinstance(_schema_at(place, ("properties", name, key)), dict) for key in ("items", "properties")):
            return ("properties", name)
    return None


def _schema_at(place: SchemaNode, path: Path) -> object:
    value = place.value
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value
