"""Scenario files of the older sdgen, written in Go: `older_form` says what tells them from native ones."""

from __future__ import annotations

from sdgen.errors import SdgenError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.sdgen_go.older_form import is_older
from sdgen.scenario.model import Scenario


def matches(source: Source) -> bool:
    """Whether a document is surely of the older form."""
    try:
        # Keys that stand twice don't matter for telling the formats apart; `read` tells them.
        return is_older(source.parsed.value)
    except SdgenError:
        return False


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a document; ScenarioError with every problem where it is wrong."""
    from sdgen.readers.sdgen_go.reader import read  # much to import for a source that may be of another format

    return read(source, options)
