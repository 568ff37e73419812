"""JSON Schema and OpenAPI documents → scenario: schemas of records become entities, their properties columns."""

from __future__ import annotations

from typing import Any

from sdgen.errors import SdgenError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.jsonschema.references import is_api
from sdgen.scenario.model import Scenario

_MARKS = ('"$schema"', "$schema", "openapi", "swagger")


def matches(source: Source) -> bool:
    """A document that says which JSON Schema it keeps to, or an OpenAPI or Swagger one with schemas."""
    if source.is_folder:
        return False
    try:
        # Most files have none of these words, and parsing a large one as YAML is slow: the text is looked at first.
        if not any(mark in source.text for mark in _MARKS):
            return False
        value = source.document.value
    except SdgenError:
        return False
    return isinstance(value, dict) and (is_api(value) or _is_schema(value))


def _is_schema(value: dict[str, Any]) -> bool:
    dialect = value.get("$schema")
    return isinstance(dialect, str) and "json-schema.org" in dialect


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a document's schemas; SourceError where none of them is of records."""
    from sdgen.readers.jsonschema.reader import read  # much to import for a source that may be of another format

    return read(source, options)
