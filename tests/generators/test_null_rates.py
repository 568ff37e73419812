"""What follows from another column's value: generators, and shares of nulls."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

import sdgen
from sdgen.engine import batch
from sdgen.generators.registry import make
from sdgen.readers.sources import read_text_as_scenario
from tests.generators.splits import faulty

SMALL: dict[str, Any] = {"generator": "uniform_int", "params": {"min": 1, "max": 9}}
LARGE: dict[str, Any] = {"generator": "uniform_int", "params": {"min": 100, "max": 900}}
KIND: dict[str, Any] = {"type": "text", "generator": "choice", "params": {"values": ["small", "large", "odd"]}}
PARENTS: dict[str, Any] = {"rows": 9, "columns": {"id": {"generator": "sequence", "primary_key": True}}}


def scenario(**columns: Any) -> dict[str, Any]:
    return {
        "name": "g",
        "seed": 1,
        "entities": {"p": PARENTS, "t": {"rows": 900, "columns": {"kind": KIND, **columns}}},
    }


def rows(**columns: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sdgen.generate(scenario(**columns))["t"].to_pylist()
    return found


def test_each_row_follows_the_other_column() -> None:
    params = {"by": "kind", "cases": {"small": SMALL, "large": LARGE}}
    for row in rows(it={"type": "int", "generator": "given", "params": params}):
        low, high = {"small": (1, 9), "large": (100, 900)}.get(row["kind"], (0, 0))
        assert row["it"] is None if row["kind"] == "odd" else low <= row["it"] <= high


def test_any_split_gives_the_same_rows() -> None:
    params = {"by": "kind", "cases": {"small": "person.last_name"}, "otherwise": "person.first_name"}
    plan = sdgen.plan(scenario(it={"type": "text", "generator": "given", "params": params}))
    whole = batch(plan, "t", 0, 300)
    assert batch(plan, "t", 100, 200).equals(whole.slice(100, 100))


def test_cases_are_written_as_texts_of_any_type() -> None:
    flag = {"type": "bool", "generator": "boolean"}
    params = {"by": "flag", "cases": {True: SMALL, False: LARGE}}
    made = rows(flag=flag, it={"type": "int", "generator": "given", "params": params})
    assert all((row["it"] < 10) == row["flag"] for row in made)


def test_faults() -> None:
    assert faulty("given", {"by": "x", "cases": {"a": "person.email"}}, "int") == ["cases.a"]
    wrong = {"by": "x", "cases": {"a": SMALL}, "otherwise": {"generator": "const", "params": {"value": "x"}}}
    assert faulty("given", wrong, "int") == ["otherwise.params.value"]
    for params in (
        {"by": "x", "cases": {}},
        {"by": "", "cases": {"a": SMALL}},
        {"by": "x", "cases": {"a": "no"}},
    ):
        with pytest.raises(ValidationError):
            make("given", params)


def test_shares_of_nulls_by_another_column() -> None:
    rates = {"kind": {"small": 0, "large": 1}}
    made = rows(it={"type": "int", "nullable": True, "null_rate": 0.5, "null_rates": rates, **SMALL})
    shares = {kind: [row["it"] is None for row in made if row["kind"] == kind] for kind in ("small", "large", "odd")}
    assert not any(shares["small"])
    assert all(shares["large"])
    assert 0.4 < sum(shares["odd"]) / len(shares["odd"]) < 0.6


def test_links_take_shares_of_nulls_too_and_copies_follow() -> None:
    link = {"generator": "fk", "params": {"entity": "p", "column": "id"}, "nullable": True, "null_rate": 0}
    made = rows(
        p_id={**link, "null_rates": {"kind": {"odd": 1}}},
        again={"generator": "parent", "params": {"column": "p_id.id"}},
    )
    assert all((row["p_id"] is None) == (row["kind"] == "odd") for row in made)
    assert all(row["again"] == row["p_id"] for row in made)


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ({"null_rates": {"kin": {"a": 1}}}, "t has no column 'kin'"),
        ({"null_rates": {"it": {"a": 1}}}, "depend on each other in a cycle"),
        ({"null_rates": {"kind": {"odd": 0.5}}, "nullable": False}, "null_rates has 0.5, but nullable is false"),
    ],
)
def test_what_can_not_be(column: dict[str, Any], told: str) -> None:
    with pytest.raises(sdgen.ScenarioError) as refused:
        rows(it={"type": "int", **SMALL, **column})
    assert told in str(refused.value)


def test_a_file_says_the_same() -> None:
    text = (
        "name: g\nentities:\n  t:\n    rows: 5\n    columns:\n      on: {type: bool}\n"
        "      it: {type: int, nullable: true, null_rates: {on: {true: 0, false: 1}}}\n"
    )
    column = read_text_as_scenario(text, "x.yaml").entities["t"].columns["it"]
    assert column.null_rates == {"on": {"true": 0, "false": 1}}
