"""What expressions, casts and texts are made of is the same with every release of the libraries below.

Digests of all outcomes are kept in digests.json. `python -m tests.conformance` writes it anew, and with --show NAME
prints the outcomes behind a digest; `make conformance` compares on the oldest and the newest releases that
pyproject.toml allows.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sdgen.generators.expressions.allowed import FUNCTIONS, NODES, TYPES
from sdgen.generators.expressions.functions import OWN_FUNCTIONS
from sdgen.generators.expressions.syntax import parse_expression
from tests.conformance import libraries, shapes
from tests.conformance.arguments import ARGUMENTS, GROUPS, LITERALS
from tests.conformance.grid import calls, digested, outcomes

DIGESTS = Path(__file__).with_name("digests.json")
KNOWN: dict[str, dict[str, str]] = json.loads(DIGESTS.read_text("utf-8")) if DIGESTS.exists() else {}


@pytest.mark.parametrize("name", shapes.SHAPES)
def test_expressions_give_the_same(name: str) -> None:
    assert digested(outcomes(shapes.SHAPES[name])) == KNOWN[name]


@pytest.mark.parametrize("grid", libraries.GRIDS)
def test_libraries_give_the_same(grid: str) -> None:
    assert digested(libraries.GRIDS[grid]()) == KNOWN[grid]


def test_the_grid_is_complete() -> None:
    """Whatever expressions may be made of is tried: who lists a function gives it call shapes."""
    assert shapes.FUNCTIONS.keys() == FUNCTIONS
    assert shapes.TYPES.keys() == TYPES
    assert OWN_FUNCTIONS.keys() <= FUNCTIONS
    assert KNOWN.keys() == shapes.SHAPES.keys() | libraries.GRIDS.keys()
    listed = [*shapes.OPERATORS.values(), shapes.CASTS["decimal(4,1)"], shapes.FUNCTIONS["position"]]
    trees = [parse_expression(call.sql).tree for call in calls(sum(listed, ()))]
    assert {type(node).__name__ for tree in trees if tree for node in tree.walk()} >= NODES


def test_every_name_in_a_shape_is_a_set() -> None:
    named = {name for listed in shapes.SHAPES.values() for shape in listed for name in re.findall(r"<(\w+)>", shape)}
    assert named <= ARGUMENTS.keys() | GROUPS.keys() | LITERALS.keys()
    assert {name for names in GROUPS.values() for name in names} <= ARGUMENTS.keys()
