"""Links in order: pairs of an earlier and a later parent; and trees in which every row has a parent."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import sdgen

PARENTS: dict[str, Any] = {"columns": {"id": {"generator": "sequence", "primary_key": True}}}
ONE: dict[str, Any] = {"generator": "fk", "params": {"entity": "p", "column": "id"}}
TWO: dict[str, Any] = {"generator": "fk", "params": {**ONE["params"], "later_than": "one"}}


def scenario(parents: int, rows: int, **entity: Any) -> dict[str, Any]:
    pairs = {"rows": rows, "columns": {"one": ONE, "two": TWO}, **entity}
    return {"name": "o", "seed": 1, "entities": {"p": {"rows": parents, **PARENTS}, "t": pairs}}


def pairs(parents: int, rows: int, **entity: Any) -> list[tuple[int, int]]:
    return [(row["one"], row["two"]) for row in sdgen.generate(scenario(parents, rows, **entity))["t"].to_pylist()]


@pytest.mark.parametrize("parents", [2, 3, 4, 7, 8])
def test_a_unique_set_has_every_pair_once(parents: int) -> None:
    every = [(one, two) for one in range(1, parents + 1) for two in range(one + 1, parents + 1)]
    assert sorted(pairs(parents, len(every), unique=[["one", "two"]])) == every


@pytest.mark.parametrize("parents", [5, 6])
def test_all_pairs_are_alike(parents: int) -> None:
    counts = Counter(pairs(parents, 6000))
    assert len(counts) == parents * (parents - 1) // 2
    assert max(counts.values()) < 1.3 * min(counts.values())


def test_more_pairs_than_there_are() -> None:
    with pytest.raises(sdgen.ScenarioError, match="can't be made unique over 11 rows"):
        pairs(5, 11, unique=[["one", "two"]])


@pytest.mark.parametrize(
    ("one", "two", "told"),
    [
        ({}, {"later_than": "none"}, "no other link 'none'"),
        ({}, {"later_than": "one", "distribution": "zipf"}, "all pairs alike"),
        ({"distribution": "zipf"}, {"later_than": "one"}, "drawn together, and neither can be drawn otherwise"),
        ({}, {"later_than": "one", "unlike": "one"}, "neither quotas nor within"),
    ],
)
def test_what_can_not_be(one: dict[str, Any], two: dict[str, Any], told: str) -> None:
    asked = scenario(5, 9)
    for name, params in (("one", one), ("two", two)):
        asked["entities"]["t"]["columns"][name] = {"generator": "fk", "params": {**ONE["params"], **params}}
    with pytest.raises(sdgen.ScenarioError) as refused:
        sdgen.generate(asked)
    assert told in str(refused.value)


def test_a_pair_needs_two_parents() -> None:
    with pytest.raises(sdgen.ScenarioError, match="one row only"):
        pairs(1, 3)


def test_a_tree_without_roots() -> None:
    up = {"generator": "fk", "params": {"entity": "t", "column": "id", "roots": 0}, "nullable": False}
    tree: dict[str, Any] = {"name": "o", "seed": 1, "entities": {"t": {**PARENTS, "rows": 200}}}
    tree["entities"]["t"]["columns"] = {**PARENTS["columns"], "up": up}
    rows = sdgen.generate(tree)["t"].to_pylist()
    assert [row["up"] for row in rows[:2]] == [2, 1]
    assert all(row["up"] < row["id"] for row in rows[1:])
    tree["entities"]["t"]["rows"] = 1
    with pytest.raises(sdgen.ScenarioError, match="two rows or more"):
        sdgen.generate(tree)
