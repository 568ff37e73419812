"""A column that is unique by itself stays so inside a primary key of several columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sdgen


def test_a_link_may_lead_to_a_unique_part_of_a_key(tmp_path: Path) -> None:
    key: dict[str, Any] = {"type": "bigint", "primary_key": True}
    parts = {"a": {**key, "unique": True}, "b": {**key, "generator": "uniform_int", "params": {"min": 1, "max": 3}}}
    link = {"generator": "fk", "params": {"entity": "parents", "column": "a"}}
    scenario = {"name": "s", "entities": {"parents": {"columns": parts}, "children": {"columns": {"a": link}}}}
    plan = sdgen.plan(scenario, seed=1)
    assert plan.entities["parents"].unique == (("a",),)
    sdgen.write(plan, str(tmp_path / "x.duckdb"))
