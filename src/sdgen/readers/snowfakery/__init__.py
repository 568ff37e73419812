"""Snowfakery recipes → a scenario: the common part of them, the rest told with file and line."""

from __future__ import annotations

from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.snowfakery.signs import fits
from sdgen.scenario.model import Scenario

__all__ = ["fits", "read"]


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a recipe; ScenarioError with every problem where there can be none."""
    from sdgen.readers.snowfakery.reader import read  # much to import for a source that may be of another format

    return read(source, options)
