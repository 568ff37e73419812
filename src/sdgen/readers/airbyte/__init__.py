"""An Airbyte low-code manifest → a scenario: each stream whose schema is known is an entity."""

from __future__ import annotations

from sdgen.readers.airbyte.signs import fits
from sdgen.readers.base import ReadOptions, Source
from sdgen.scenario.model import Scenario

__all__ = ["fits", "read"]


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a manifest; SourceError where no stream of it has a schema."""
    from sdgen.readers.airbyte.reader import read  # much to import for a source that may be of another format

    return read(source, options)
