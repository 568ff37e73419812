"""Entities as Dask's DataFrames and Ray's Datasets, made by two processes each: the same rows as here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

import sdgen
import sdgen.dask
import sdgen.ray
from sdgen.entity_rows import entity_rows, plan_of
from sdgen.errors import ScenarioError
from sdgen.scenario.types import Type
from tests.clusters.conftest import DEPOT, SOURCES, examples

if TYPE_CHECKING:
    from distributed import Client


@pytest.fixture(scope="module")
def expected() -> pa.Table:
    """The rows of samples, with uuids as text, which these engines have them as."""
    rows = entity_rows(plan_of(DEPOT), "samples", substitutes={"uuid": Type("string")})
    return rows.table(rows.first, rows.stop)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    distributed = pytest.importorskip("distributed")
    pytest.importorskip("dask.dataframe")
    os.environ["PYTHONPATH"] = os.pathsep.join([SOURCES, os.environ.get("PYTHONPATH", "")])
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, memory_limit=0)
    with cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def ray() -> Iterator[None]:
    ray = pytest.importorskip("ray")
    pytest.importorskip("ray.data")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    environment = {"env_vars": {"PYTHONPATH": SOURCES}}
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, runtime_env=environment)
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield
    ray.shutdown()


def test_a_dask_dataframe(client: Client, expected: pa.Table) -> None:
    frame = sdgen.dask.dataframe(DEPOT, "samples", partition_bytes=1_000_000)
    assert (frame.npartitions, frame.divisions) == (2, (0, 65_536, 69_999))
    computed = frame.compute()
    assert computed.index.tolist()[-1] == 69_999
    table = pa.Table.from_pandas(computed, preserve_index=False)
    assert table.cast(expected.schema).equals(expected)


def test_dask_makes_only_the_columns_it_needs(client: Client) -> None:
    frame = sdgen.dask.dataframe(DEPOT, "samples")[["n8"]]
    assert "columns=['n8']" in frame.optimize(fuse=False).expr.tree_repr()
    assert frame.tail(2).n8.tolist() == sdgen.generate(DEPOT)["samples"]["n8"].to_pylist()[-2:]


def test_a_join_in_dask(client: Client) -> None:
    plan = sdgen.plan(DEPOT, seed=9)
    bins, parcels = (sdgen.dask.dataframe(plan, name, partition_bytes=1_000_000) for name in ("bins", "parcels"))
    joined = parcels.merge(bins, left_on="bin_id", right_on="id", suffixes=("", "_bin"))
    assert len(joined) == plan.entities["parcels"].rows == bins.parcel_count.sum().compute()


def test_a_ray_dataset(ray: None, expected: pa.Table) -> None:
    dataset = sdgen.ray.dataset(DEPOT, "samples", partition_bytes=1_000_000)
    assert dataset.count() == 70_000
    import ray as engine

    table = pa.concat_tables(engine.get(dataset.to_arrow_refs())).sort_by("id").cast(expected.schema)
    assert table.equals(expected)


def test_sums_in_ray(ray: None) -> None:
    plan = sdgen.plan(DEPOT, seed=9)
    parcels = sdgen.ray.dataset(plan, "parcels", columns=["id", "weight"])
    assert parcels.schema().names == ["id", "weight"]
    assert parcels.sum("id") == plan.entities["parcels"].rows * (plan.entities["parcels"].rows + 1) // 2
    assert [row["id"] for row in sdgen.ray.dataset(plan, "parcels").limit(3).take_all()] == [1, 2, 3]


def test_no_rows(client: Client, ray: None) -> None:
    assert len(sdgen.dask.dataframe(DEPOT, "samples", rows={"samples": 0})) == 0
    assert sdgen.ray.dataset(DEPOT, "samples", rows={"samples": 0}).count() == 0


def test_mistakes(client: Client, ray: None) -> None:
    with pytest.raises(ScenarioError, match="has no entity 'bin'\n    did you mean 'bins'"):
        sdgen.dask.dataframe(DEPOT, "bin")
    with pytest.raises(ScenarioError, match="unknown option 'sede'"):
        sdgen.ray.dataset(DEPOT, "bins", sede=1)


def test_the_pages_examples(client: Client, ray: None) -> None:
    for text in examples("dask-and-ray.md"):
        exec(text, {})
