"""Digests depend on values alone: not on batch sizes, memory layout, or workers."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

import sdgen
from sdgen.execution.digest import block_digest, column_digests, digest

COLUMNS: dict[str, Any] = {
    "n": {"generator": "sequence"},
    "u": {"generator": "uuid4", "nullable": True},
    "b": {"generator": "boolean", "nullable": True},
    "c": {"generator": "choice", "params": {"values": ["x", "yy", ""]}, "nullable": True},
    "s": {"generator": "person.full_name", "nullable": True},
    "d": {"type": "decimal(9,2)", "generator": "lognormal", "params": {"median": 4}, "nullable": True},
}


def batches(**request: Any) -> list[pa.RecordBatch]:
    scenario = {"name": "x", "seed": 1, "entities": {"it": {"rows": 150_000, "columns": COLUMNS}}}
    return list(sdgen.batches(scenario, "it", **request))


@pytest.fixture(scope="module")
def expected() -> str:
    return digest(batches())


@pytest.mark.parametrize("request_", [{"batch_rows": 1000}, {"batch_rows": 65_537}, {"workers": 2}], ids=str)
def test_splits_and_workers_change_nothing(expected: str, request_: dict[str, int]) -> None:
    assert digest(batches(**request_)) == expected


def test_memory_under_nulls_and_slices_changes_nothing(expected: str) -> None:
    table = pa.Table.from_batches(batches())
    padded = pa.concat_tables([table.slice(0, 3), table]).combine_chunks().slice(3)
    assert digest(padded.to_batches()) == expected


@pytest.mark.parametrize("seed", [2, 3])
def test_another_seed_changes_it(expected: str, seed: int) -> None:
    assert digest(batches(seed=seed)) != expected


def test_each_part_of_a_batch_counts() -> None:
    base = pa.record_batch({"a": pa.array([1, 2, None]), "b": pa.array(["x", "y", "z"])})
    others = [
        pa.record_batch({"a": pa.array([1, None, 2]), "b": base["b"]}),
        pa.record_batch({"a": base["a"], "b": pa.array(["xy", "", "z"])}),
        pa.record_batch({"a": base["a"], "c": base["b"]}),
        base.slice(0, 2),
    ]
    assert len({digest([batch]) for batch in [base, *others]}) == 5


def test_nested_values_count() -> None:
    lists = [[[1], [2, 3]], [[1, 2], [3]], [[], [1, 2, 3]]]
    assert len({digest([pa.record_batch({"a": pa.array(value)})]) for value in lists}) == 3
    structs = [[{"p": 1, "q": None}], [{"p": None, "q": 1}], [None]]
    kind = pa.struct({"p": pa.int64(), "q": pa.int64()})
    assert len({digest([pa.record_batch({"a": pa.array(value, kind)})]) for value in structs}) == 3


def test_columns_have_digests_of_their_own() -> None:
    whole = pa.Table.from_batches(batches()).combine_chunks()
    block, other = (whole.slice(0, 65_536).to_batches()[0], whole.slice(0, 65_535).to_batches()[0])
    found = column_digests(block)
    assert list(found) == list(COLUMNS)
    assert len(set(found.values())) == len(COLUMNS)
    assert not set(found.values()) & set(column_digests(other).values())
    changed = block.set_column(2, "b", block.column(2).fill_null(True))
    assert [name for name, digest in column_digests(changed).items() if digest != found[name]] == ["b"]


def test_a_slice_of_maps_has_the_digest_of_its_values() -> None:
    type = pa.map_(pa.string(), pa.int64())
    maps = pa.array([[("a", 1)], [("b", 2), ("c", 3)], [], None, [("d", 4)]], type)
    sliced = pa.record_batch({"m": maps}).slice(1, 3)
    rebuilt = pa.record_batch({"m": pa.array(maps.slice(1, 3).to_pylist(), type)})
    assert block_digest(sliced, 0) == block_digest(rebuilt, 0)
