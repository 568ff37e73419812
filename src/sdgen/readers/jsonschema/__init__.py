"""JSON Schema and OpenAPI documents → scenario: schemas of records become entities, their properties columns."""

from __future__ import annotations

from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.jsonschema.signs import fits
from sdgen.scenario.model import Scenario

__all__ = ["fits", "read"]


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a document's schemas; SourceError where none of them is of records."""
    from sdgen.readers.jsonschema.reader import read  # much to import for a source that may be of another format

    return read(source, options)
