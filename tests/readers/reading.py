"""What tests of several formats ask of a scenario that was read, or of one that can't be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sdgen.errors import SourceError
from sdgen.scenario.model import Scenario

# How uneven links are to parents of which nothing is known but that they are no lookups.
UNEVEN: dict[str, Any] = {"distribution": "zipf", "exponent": 0.6}


def params_of(scenario: Scenario, entity: str, column: str) -> Any:
    """The params of a column's own generator."""
    generator = scenario.entities[entity].columns[column].generator
    assert generator is not None
    return dict(generator.params)


def assert_fault(read: Callable[[], object], what: str, line: int) -> None:
    """The first problem says what is wrong, and in which line."""
    with pytest.raises(SourceError) as caught:
        read()
    problem = caught.value.problems[0]
    assert what in problem.what
    assert problem.line == line
