"""What tells a SourceBox schema from other documents."""

from __future__ import annotations

from sdgen.errors import SourceError
from sdgen.readers.base import Source

_SIGNS = ("generation_order", "database_type", "schema_version", "validation_rules", "custom_generators")


def fits(source: Source) -> bool:
    """A mapping with `tables` and one of the keys that only this format has, or tables with a record_count."""
    try:
        value = source.document.value
    except SourceError:
        return False
    if not isinstance(value, dict) or "entities" in value:
        return False
    tables = value.get("tables")
    counted = isinstance(tables, list) and any(isinstance(table, dict) and "record_count" in table for table in tables)
    signs = sum(key in value for key in _SIGNS)
    return counted or (isinstance(tables, list) and signs > 0) or signs > 1
