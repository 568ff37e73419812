"""What sdgen makes of scenarios that are right: the plan of each case of right.yaml and a digest of its rows, in plans.json.

As with the golden digests, a change of rows is a change of everybody's data. `python -m tests.planning.test_plans` writes
plans.json anew; its difference is what to read.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

import sdgen

HERE = Path(__file__).parent
PLANS = HERE / "plans.json"
CASES: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "right.yaml").read_text())["cases"]
REQUEST = ("rows", "scale", "only")
MOST = 10_000  # rows that are made in small batches too
AS_OF = "2026-01-01T00:00:00Z"


def scenario_of(case: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: value for name, value in case.items() if name not in (*REQUEST, "guessed", "first")}
    return {"name": "right", "seed": 1, "as_of": AS_OF, **own}


def request_of(case: Mapping[str, Any]) -> dict[str, Any]:
    return {name: case[name] for name in REQUEST if name in case}


def outlined(plan: Any) -> dict[str, Any]:
    """A plan in words, without its rows."""
    return {
        "scenario": f"{plan.scenario} {plan.version} {plan.seed} {plan.as_of}",
        "versions": dict(plan.versions),
        "cyclic": [" → ".join(cycle) for cycle in plan.cyclic],
        "identity": plan.identity,
        "entities": {name: _entity(entity) for name, entity in plan.entities.items()},
    }


def _entity(entity: Any) -> dict[str, Any]:
    found = {
        "table": entity.table,
        "rows": entity.rows,
        "primary_key": list(entity.primary_key),
        "unique": [list(columns) for columns in entity.unique],
        "foreign_keys": [f"{','.join(key.columns)} → {key.entity}({','.join(key.to)})" for key in entity.foreign_keys],
        "links": {name: link.parent for name, link in entity.links.items()},
        "mode": entity.mode and entity.mode.value,
        "target": {name: dict(told) for name, told in entity.target.items()},
        "checks": [condition.sql for condition in entity.conditions],
        "columns": {name: _column(column) for name, column in entity.columns.items()},
    }
    return {name: value for name, value in found.items() if value}


def _column(column: Any) -> str:
    words = [str(column.type), str(column.arrow), column.generator.called, "null" if column.nullable else "not null"]
    words += [str(dict(column.target))] * bool(column.target)
    words += [f"{column.null_rate:g}"] * bool(column.null_rate) + ["hidden"] * column.hidden
    return ", ".join(words)


def rows_of(plan: Any) -> dict[str, str]:
    """A digest of each entity's rows."""
    return {name: digest(table) for name, table in sdgen.generate(plan, workers=1).items()}


def digest(table: pa.Table) -> str:
    return hashed(repr(table.to_pydict()))


def hashed(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def appended(case: Mapping[str, Any]) -> dict[str, list[str]]:
    """Each table of a database that was written twice: how many rows it has, and a digest of them in their order."""
    with tempfile.TemporaryDirectory() as folder:
        place = f"{folder}/x.sqlite"
        sdgen.write(scenario_of(case), place, **case["first"])
        sdgen.write(scenario_of(case), place, mode="append_only", **request_of(case))
        with closing(sqlite3.connect(place)) as database:
            found = {name: database.execute(f'select * from "{name}"').fetchall() for name in case["entities"]}
    return {name: [str(len(rows)), hashed(repr(rows))] for name, rows in found.items()}


def guessed(plan: Any) -> dict[str, dict[str, Any]]:
    """The generator of each column, with those of its params that are not the usual ones."""

    def spelled(column: Any) -> dict[str, Any]:
        params = column.generator.model_dump(mode="json", exclude_defaults=True)
        return {"generator": column.generator.called, "null_rate": column.null_rate, "params": params}

    return {
        name: {column: spelled(each) for column, each in entity.columns.items()}
        for name, entity in plan.entities.items()
    }


def found(case: Mapping[str, Any]) -> dict[str, Any]:
    if "first" in case:
        return appended(case)
    plan = sdgen.plan(scenario_of(case), **request_of(case))
    if "guessed" in case:
        return guessed(plan)
    return {**outlined(plan), "rows": rows_of(plan)}


@pytest.mark.parametrize("name", CASES)
def test_what_is_planned(name: str) -> None:
    assert found(CASES[name]) == json.loads(PLANS.read_text())[name]


def parts(plan: Any, name: str) -> list[Any]:
    """An entity's rows as a list, made in small batches that begin anywhere."""
    rows = max(plan.entities[name].rows // 15, 7)
    return [row for batch in sdgen.batches(plan, name, batch_rows=rows) for row in batch.to_pylist()]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not {"first", "guessed"} & case.keys()])
def test_any_batches_give_the_same(name: str) -> None:
    plan = sdgen.plan(scenario_of(CASES[name]), **request_of(CASES[name]))
    small = {entity for entity, planned in plan.entities.items() if planned.rows <= MOST}
    for entity, table in sdgen.generate(plan, workers=1).items():
        assert entity not in small or parts(plan, entity) == table.to_pylist(), entity


def test_nothing_else_is_kept() -> None:
    assert list(json.loads(PLANS.read_text())) == list(CASES)


if __name__ == "__main__":
    PLANS.write_text(
        json.dumps({name: found(case) for name, case in CASES.items()}, indent=1, ensure_ascii=False) + "\n"
    )
