"""SourceBox schemas (JSON): tables with record counts, columns with generators, relationships, an order."""

from __future__ import annotations

from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.sourcebox.signs import fits
from sdgen.scenario.model import Scenario

__all__ = ["fits", "read"]


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a document; ScenarioError with every problem where there can be none."""
    from sdgen.readers.sourcebox.reader import read  # much to import for a source that may be of another format

    return read(source, options)
