"""Phrases of a pool: distinct, as many as asked, of the pool that a column names."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import sdgen
from sdgen.errors import ScenarioError
from sdgen.generators.text.phrases import alternatives

POOLS = {
    "sea": ["{calm|rough} water", "gulls", "salt"],
    "land": ["{red|green} hills", "dust", "{old|new} road", "wheat"],
}


def made(rows: int = 2000, **params: Any) -> list[dict[str, Any]]:
    kind = {"generator": "choice", "params": {"values": ["sea", "land"]}}
    it = {"generator": "text.phrases", "params": params}
    found: list[dict[str, Any]] = sdgen.generate(
        {"name": "x", "seed": 1, "entities": {"a": {"rows": rows, "columns": {"kind": kind, "it": it}}}}
    )["a"].to_pylist()
    return found


def test_of_one_pool() -> None:
    texts = [row["it"].split(" + ") for row in made(values=["a", "b", "c", "d"], min=1, max=3, separator=" + ")]
    assert {len(text) for text in texts} == {1, 2, 3}
    assert all(len(set(text)) == len(text) for text in texts)
    firsts, counts = Counter(text[0] for text in texts), Counter(len(text) for text in texts)
    assert all(abs(count / 500 - 1) < 0.2 for count in firsts.values())
    assert all(abs(count / 667 - 1) < 0.2 for count in counts.values())


def test_of_the_pool_that_a_column_names() -> None:
    pools = {name: {each for phrase in pool for each in alternatives(phrase)} for name, pool in POOLS.items()}
    seen: dict[str, set[str]] = {"sea": set(), "land": set()}
    for row in _by(POOLS):
        words = set(row["it"].split(", ")) - {""}
        assert words <= pools[row["kind"]]
        seen[row["kind"]] |= words
    assert seen == pools


def _by(pools: dict[str, list[str]], **column: Any) -> list[dict[str, Any]]:
    kind = {"generator": "choice", "params": {"values": ["sea", "land"]}, **column}
    it = {"generator": "text.phrases", "params": {"by": "kind", "pools": pools, "min": 0, "max": 4}}
    entity = {"rows": 500, "columns": {"kind": kind, "it": it}}
    found: list[dict[str, Any]] = sdgen.generate({"name": "x", "seed": 1, "entities": {"a": entity}})["a"].to_pylist()
    return found


def test_no_pool_no_text() -> None:
    rows = _by(POOLS, nullable=True)
    assert all((row["kind"] is None) == (row["it"] is None) for row in rows)
    assert any(row["it"] is None for row in rows)


def test_an_unknown_pool_is_told() -> None:
    with pytest.raises(ScenarioError, match="no pool is called 'land'"):
        _by({"sea": POOLS["land"]})


def test_what_stands_around() -> None:
    texts = [row["it"] for row in made(values=["a", "b"], min=0, max=2, prefix="(", suffix=")")]
    assert set(texts) == {"", "(a)", "(b)", "(a, b)", "(b, a)"}


def test_alternatives() -> None:
    assert list(alternatives("{a|b} c{ d|}")) == ["a c d", "a c", "b c d", "b c"]
    assert list(alternatives("plain")) == ["plain"]


@pytest.mark.parametrize(
    ("params", "what"),
    [
        ({}, "give values, or pools and by"),
        ({"values": ["a"], "by": "kind"}, "give values, or pools and by"),
        ({"values": ["a", "b"], "max": 3}, "3 different phrases can't come from 2"),
        ({"values": ["a", "{a|b}"], "max": 2}, "'a' is listed twice"),
        ({"values": ["a", "b"], "min": 2, "max": 1}, "min 2 is more than max 1"),
        ({"values": ["{a|b|c|d|e|f|g|h|i|j}" * 99]}, "phrases are too many"),
        ({"by": "kin", "pools": {"sea": ["a"]}, "max": 1}, "no column 'kin'"),
    ],
)
def test_mistakes(params: dict[str, Any], what: str) -> None:
    with pytest.raises(ScenarioError, match=what):
        made(rows=5, **params)
