"""JSON Schema and OpenAPI documents → scenario: schemas of records become entities, their properties columns."""

from sdgen.read.jsonschema.reader import fits, read

__all__ = ["fits", "read"]
