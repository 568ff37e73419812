"""SourceBox schemas (JSON): tables with record counts, columns with generators, relationships, an order."""

from __future__ import annotations

from sdgen.errors import SourceError
from sdgen.readers.base import ReadOptions, Source
from sdgen.scenario.model import Scenario

_OWN_KEYS = ("generation_order", "database_type", "schema_version", "validation_rules", "custom_generators")


def matches(source: Source) -> bool:
    """A mapping with `tables` and one of the keys that only this format has, or tables with a record_count."""
    try:
        value = source.document.value
    except SourceError:
        return False
    if not isinstance(value, dict) or "entities" in value:
        return False
    tables = value.get("tables")
    counted = isinstance(tables, list) and any(isinstance(table, dict) and "record_count" in table for table in tables)
    own = sum(key in value for key in _OWN_KEYS)
    # `tables` alone is a common key: only together with a word of the format's own does it tell.
    return counted or (isinstance(tables, list) and own > 0) or own > 1


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a document; ScenarioError with every problem where there can be none."""
    from sdgen.readers.sourcebox.reader import read  # much to import for a source that may be of another format

    return read(source, options)
