"""jafgen schemas → a scenario: a file of one system, or a folder of such files as one dataset."""

from __future__ import annotations

from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.jafgen.signs import fits
from sdgen.scenario.model import Scenario

__all__ = ["fits", "read"]


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a file or a folder; ScenarioError with every problem of all its files."""
    from sdgen.readers.jafgen.reader import read  # much to import for a source that may be of another format

    return read(source, options)
