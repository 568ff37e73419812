"""The tables of a plan: parents stand before those that refer to them, as far as it can be seen in the tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sdgen
from sdgen.targets.tables import tables_of


def entity(**links: dict[str, Any]) -> dict[str, Any]:
    columns = {name: {"generator": "fk", **link} for name, link in links.items()}
    return {"rows": 5, "columns": {"id": {"generator": "sequence", "primary_key": True}, **columns}}


def test_a_circle_by_a_hidden_column_is_none_of_tables(tmp_path: Path) -> None:
    entities = {
        "orders": entity(account_id={"params": {"entity": "accounts", "column": "id"}}),
        "accounts": entity(first={"params": {"entity": "orders", "column": "id"}, "hidden": True}),
    }
    plan = sdgen.plan({"name": "x", "entities": entities}, seed=1)
    assert plan.cyclic
    assert list(tables_of(plan)) == ["accounts", "orders"]
    assert sdgen.write(plan, tmp_path / "x.duckdb").rows == 10
