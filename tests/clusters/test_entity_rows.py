"""How an entity is cut into partitions, without any cluster."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sdgen.engine import BATCH_ROWS
from sdgen.entity_rows import MOST_PARTITIONS, EntityRows, entity_rows, plan_of
from sdgen.errors import ScenarioError, SdgenError
from tests.clusters.conftest import DEPOT

NOTEBOOK = """
import cloudpickle, sdgen
from sdgen.entity_rows import entity_rows, plan_of

@sdgen.generator("label", makes="string")
def label(cells):
    return [f"L{number}" for number in cells.numbers.tolist()]

columns = {"label": {"type": "string", "generator": "label"}}
plan = plan_of({"name": "notebook", "entities": {"things": {"rows": 5, "columns": columns}}})
open("rows", "wb").write(cloudpickle.dumps(entity_rows(plan, "things", dumps=cloudpickle.dumps)))
"""


def rows_of(count: int, entity: str = "samples", **options: int) -> EntityRows:
    return entity_rows(plan_of(DEPOT, rows={entity: count}), entity, **options)  # type: ignore[arg-type]


def test_spans_are_of_whole_batches_and_about_equal_bytes() -> None:
    rows = rows_of(10**7)
    assert rows.span_rows % BATCH_ROWS == 0
    assert rows.spans[0].start == 0
    assert rows.spans[-1].stop == 10**7
    assert all(left.stop == right.start for left, right in zip(rows.spans, rows.spans[1:], strict=False))
    assert 8 << 20 < rows.span_rows * rows.row_bytes <= 32 << 20
    assert rows_of(10**7, partition_bytes=256 << 20).span_rows > rows.span_rows


def test_however_many_rows_there_are_spans_are_few_and_the_value_small() -> None:
    rows = rows_of(10**12)
    assert len(rows.spans) <= MOST_PARTITIONS
    assert len(pickle.dumps(rows)) < 100_000


def test_any_span_is_made_alone() -> None:
    rows = pickle.loads(pickle.dumps(rows_of(10**9)))
    (batch,) = rows.batches(999_999_990, 1_000_000_000, ["id"])
    assert batch["id"].to_pylist() == list(range(999_999_991, 1_000_000_001))


def test_no_rows_are_one_span() -> None:
    rows = rows_of(0)
    assert rows.spans == ((0, 0),)
    assert len(rows.table(0, 0)) == 0


def test_only_the_columns_that_are_asked_for_are_made() -> None:
    crash = {"type": "int", "generator": "expression", "params": {"sql": "cast('x' || id as int)"}}
    entity = {"rows": 50, "columns": {"id": {"type": "int", "generator": "sequence"}, "crash": crash}}
    plan = plan_of({"name": "faulty", "entities": {"things": entity}})
    with pytest.raises(SdgenError):
        entity_rows(plan, "things")
    assert entity_rows(plan, "things", columns=["id"]).table(0, 50).column_names == ["id"]


def test_another_version_is_told() -> None:
    other = replace(rows_of(10), version="0.0.1")
    with pytest.raises(SdgenError, match="and this worker has sdgen"):
        other.table(0, 10)


def test_generators_of_a_notebook_travel_with_the_plan(tmp_path: Path) -> None:
    cloudpickle = pytest.importorskip("cloudpickle")
    (tmp_path / "notebook.py").write_text(NOTEBOOK)
    subprocess.run([sys.executable, "notebook.py"], cwd=tmp_path, check=True)
    rows = cloudpickle.loads((tmp_path / "rows").read_bytes())
    assert rows.table(1, 3)["label"].to_pylist() == ["L1", "L2"]


def test_all_problems_at_once() -> None:
    with pytest.raises(ScenarioError) as told:
        entity_rows(plan_of(DEPOT), "samples", columns=["wrod", "nigth"], partition_bytes=0)
    assert len(told.value.problems) == 3


def test_engines_are_imported_where_they_are_used() -> None:
    code = """
import sys, sdgen, sdgen.api, sdgen.spark, sdgen.dask, sdgen.ray
sys.exit(str([name for name in ("pyspark", "dask", "distributed", "ray") if name in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == "[]"
