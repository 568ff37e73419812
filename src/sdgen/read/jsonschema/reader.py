"""JSON Schema and OpenAPI documents → scenario: schemas of records become entities, their properties columns.

The schema OF scenario files is something else: see `scenario/jsonschema.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from sdgen.errors import Path, Problem, SourceError
from sdgen.read.base import ROWS, ReadOptions, Source
from sdgen.read.jsonschema.entities import Candidate, candidates, choose, fields_of, is_one_of, key_of, named
from sdgen.read.jsonschema.paths import inline_places
from sdgen.read.jsonschema.references import Place, References, Unresolved
from sdgen.read.jsonschema.scenario import scenario_of
from sdgen.read.jsonschema.signs import is_api
from sdgen.read.yamlfile import Document
from sdgen.scenario.model import Scenario

_DEFINED = ("$defs", "definitions")
_MOST_LISTS = 4


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a document's schemas; SourceError where none of them is of records."""
    return read_schemas(source.document, options.rows)


def read_schemas(document: Document, rows: int | None = None) -> Scenario:
    """The scenario of a JSON Schema or OpenAPI document, `rows` rows an entity."""
    if not isinstance(document.value, dict):
        raise SourceError(document.problem((), "this is no JSON Schema: it is no mapping"))
    references = References(document)
    found = candidates(references, _places(references.root()))
    if not found and is_api(document.value):
        found = candidates(references, inline_places(references.root()))
    root = {name: each for name, each in _root(references).items() if not is_one_of(each, found)}
    parts = [each for each in found if each.place not in [own.place for own in root.values()]]
    entities = {**root, **choose([each for each in parts if each.key] if root else parts).entities}
    if not entities:
        hint = "an entity is an object with properties: at the top, in $defs, definitions, components.schemas or paths"
        raise SourceError(Problem((), "no schema here is of records", hint, document.file))
    kept = {each.place for each in entities.values()}
    left_out = [each for each in found if each.place not in kept]
    return scenario_of(_title(document), references, entities, ROWS if rows is None else rows, left_out)


def _places(root: Place) -> Iterator[tuple[str, Place]]:
    """The schemas that a document defines, by name."""
    inner = root.value.get("components")
    if isinstance(inner, dict) and isinstance(inner.get("schemas"), dict):
        yield from _children(root.child("components", "schemas"))
    for key in _DEFINED:
        if isinstance(root.value.get(key), dict):
            yield from _children(root.child(key))


def _children(place: Place) -> Iterator[tuple[str, Place]]:
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


def _followed(references: References, place: Place) -> Place:
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
