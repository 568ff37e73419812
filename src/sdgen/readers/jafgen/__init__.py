"""jafgen schemas → a scenario: a file of one system, or a folder of such files as one dataset."""

from __future__ import annotations

from collections.abc import Mapping

from sdgen.errors import SdgenError
from sdgen.readers.base import MOST_BYTES, ReadOptions, Source
from sdgen.readers.jafgen.records import documents
from sdgen.scenario.model import Scenario


def matches(source: Source) -> bool:
    """Whether it is a document with a system and entities, or a folder that holds one directly."""
    if not source.is_folder:
        return _is_schema(source)
    return any(_is_schema(each) for each in documents(source.path))


def _is_schema(source: Source) -> bool:
    """Whether a file is a schema; its text is looked at before it is parsed, since folders may hold many others."""
    try:
        if source.path.stat().st_size > MOST_BYTES or "system" not in source.text or "entities" not in source.text:
            return False
        # Keys that stand twice are no reason to take it for another format: `read` tells them as problems.
        value = source.parsed.value
    except (SdgenError, OSError):
        return False
    return isinstance(value, Mapping) and "entities" in value and isinstance(value.get("system"), Mapping)


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a file or a folder; ScenarioError with every problem of all its files."""
    from sdgen.readers.jafgen.reader import read  # much to import for a source that may be of another format

    return read(source, options)
