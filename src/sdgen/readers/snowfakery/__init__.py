"""Snowfakery recipes → a scenario: the common part of them, the rest told with file and line."""

from __future__ import annotations

from collections.abc import Mapping

from sdgen.errors import SdgenError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.snowfakery.recipe import ITEMS
from sdgen.scenario.model import Scenario


def matches(source: Source) -> bool:
    """Whether it is a list of items of which at least one is an object."""
    try:
        value = source.document.value
    except SdgenError:
        return False
    items = value if isinstance(value, list) else []
    known = all(isinstance(item, Mapping) and any(each in item for each in ITEMS) for item in items)
    return known and any("object" in item or "include_file" in item for item in items)


def read(source: Source, options: ReadOptions) -> Scenario:
    """The scenario of a recipe; ScenarioError with every problem where there can be none."""
    from sdgen.readers.snowfakery.reader import read  # much to import for a source that may be of another format

    return read(source, options)
