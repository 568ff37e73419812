"""What goes on at a moment among a parent's other rows, as counted one by one."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import sdgen
from sdgen.engine import batch
from sdgen.planning.planned_rows import PlannedRows

SCENARIO: dict[str, Any] = {
    "name": "machines",
    "seed": 8,
    "as_of": "2026-01-01T00:00:00Z",
    "entities": {
        "machines": {"rows": 40, "columns": {"id": {"generator": "sequence", "primary_key": True}}},
        "incidents": {
            "rows": {"per": "machines", "min": 0, "max": 7},
            "columns": {
                "machine_id": {"generator": "fk", "params": {"entity": "machines", "column": "id"}},
                "began_at": {"generator": "datetime", "params": {"start": "-10d"}, "null_rate": 0.1},
                "ended_at": {"generator": "after", "params": {"column": "began_at", "max": "3d"}, "null_rate": 0.2},
                "heat": {"type": "decimal(4,1)", "generator": "uniform_float", "params": {"min": -5, "max": 20}},
            },
        },
        "readings": {
            "rows": {"per": "machines", "count": 60},
            "columns": {
                "machine_id": {"generator": "fk", "params": {"entity": "machines", "column": "id"}},
                "at": {"generator": "time_series", "params": {"start": "-10d", "step": "4h", "per": "machine_id"}},
                "heat": {
                    "generator": "during",
                    "params": {
                        "at": "at",
                        "link": "machines",
                        "entity": "incidents",
                        "start": "began_at",
                        "end": "ended_at",
                        "column": "heat",
                    },
                },
                "begun": {
                    "generator": "during",
                    "params": {"at": "at", "link": "machine_id", "entity": "incidents", "start": "began_at"},
                },
            },
        },
    },
}


def test_each_reading_has_what_goes_on_at_its_moment() -> None:
    tables = sdgen.generate(SCENARIO)
    incidents = tables["incidents"].to_pylist()
    seen = set()
    for row in tables["readings"].to_pylist():
        own = [each for each in incidents if each["machine_id"] == row["machine_id"]]
        begun = [each for each in own if each["began_at"] is not None and each["began_at"] <= row["at"]]
        going = [each for each in begun if each["ended_at"] is None or each["ended_at"] > row["at"]]
        assert row["begun"] == len(begun)
        assert row["heat"] == pytest.approx(sum(float(each["heat"]) for each in going), abs=1e-5)
        seen.add(len(going))
    assert {0, 1, 2} <= seen


def test_rows_in_any_order_have_the_same() -> None:
    plan = sdgen.plan(SCENARIO)
    settled = plan.entities["readings"]
    whole = batch(plan, "readings", 0, settled.rows)["heat"].to_pylist()
    order = np.random.default_rng(3).integers(0, settled.rows, 300)
    for numbers in (order, order[:1], order[:0]):
        assert PlannedRows(plan, settled, numbers).column("heat").to_pylist() == [whole[row] for row in numbers]


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"entity": "incident"}, "no entity 'incident'"),
        ({"entity": "readings"}, "in a cycle"),
        ({"start": "began"}, "incidents has no column 'began'"),
        ({"start": "heat"}, "incidents.heat is decimal"),
        ({"column": "began_at"}, "incidents.began_at is timestamp"),
        ({"link": "sites"}, "'sites' is neither a link nor a parent"),
    ],
)
def test_what_cannot_be_is_told(params: dict[str, Any], told: str) -> None:
    changed = copy.deepcopy(SCENARIO)
    changed["entities"]["readings"]["columns"]["heat"]["params"].update(params)
    if params.get("entity") == "readings":
        changed["entities"]["readings"]["columns"]["heat"]["params"].update(start="at", end="at", column="heat")
    with pytest.raises(sdgen.ScenarioError, match=told):
        sdgen.plan(changed)


def test_the_other_entity_counts_its_rows_per_the_same_parent() -> None:
    changed = copy.deepcopy(SCENARIO)
    changed["entities"]["incidents"]["rows"] = 50
    with pytest.raises(sdgen.ScenarioError, match="incidents does not count its rows per machines"):
        sdgen.plan(changed)
