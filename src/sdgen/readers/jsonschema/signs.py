"""What tells JSON Schema and OpenAPI documents from others."""

from __future__ import annotations

from typing import Any

from sdgen.errors import SdgenError
from sdgen.readers.base import Source

_SIGNS = ('"$schema"', "$schema", "openapi", "swagger")


def fits(source: Source) -> bool:
    """A document that says which JSON Schema it keeps to, or an OpenAPI or Swagger one with schemas."""
    if source.is_folder:
        return False
    try:
        if not any(sign in source.text for sign in _SIGNS):
            return False
        value = source.document.value
    except SdgenError:
        return False
    return isinstance(value, dict) and (is_api(value) or _is_schema(value))


def is_api(value: dict[str, Any]) -> bool:
    """Whether a document is one of OpenAPI or Swagger."""
    said = any(isinstance(value.get(key), str | int | float) for key in ("openapi", "swagger"))
    return said and any(isinstance(value.get(key), dict) for key in ("components", "definitions", "paths", "info"))


def _is_schema(value: dict[str, Any]) -> bool:
    said = value.get("$schema")
    return isinstance(said, str) and "json-schema.org" in said
