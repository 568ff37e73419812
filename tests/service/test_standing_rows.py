"""How many rows are there already, asked of every kind of target that can tell."""

from __future__ import annotations

import pytest

from sdgen.execution.destinations import count_rows
from sdgen.execution.target_kinds import kind_of
from tests.targets.conftest import DATABASES, place  # noqa: F401
from tests.targets.made import family, write
from tests.targets.places import Place


@pytest.mark.parametrize("place", [*DATABASES, "clickhouse"], indirect=True)
def test_rows_that_are_there(place: Place) -> None:  # noqa: F811
    parents, children = family()
    kind = kind_of(place.destination)
    assert count_rows(kind, place.destination, [parents, children]) in ({}, {"parents": 0})
    write(place.open(), family())
    found = count_rows(kind, place.destination, [parents, children])
    assert found == {"parents": parents.rows or len(place.rows(parents)), "children": len(place.rows(children))}


def test_no_answer() -> None:
    parents, _ = family()
    for destination in ("mysql://nobody@127.0.0.1:1/x", "clickhouse://127.0.0.1:1/x"):
        assert count_rows(kind_of(destination), destination, [parents]) is None
