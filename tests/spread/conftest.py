"""Clusters of two worker processes, and what a run on this machine alone gives."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

import sdgen
from sdgen.execution.digest import Result
from sdgen.execution.spread import spans
from tests.spread.made import SCENARIO, sums


@pytest.fixture(autouse=True)
def spans_of_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small tables in many spans."""
    monkeypatch.setattr(spans, "SMALLEST", 1)
    monkeypatch.setattr(spans, "LARGEST", 1)


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The same rows as this process writes them: the folder, and the result."""
    folder = tmp_path_factory.mktemp("local") / "out"
    return folder, sdgen.write(SCENARIO, folder, formats=["parquet"])


@pytest.fixture
def written_here(postgres_server: str) -> Any:
    """What the tables hold when this process alone writes them."""
    name = "sdgen_written_here"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        if not connection.execute(b"SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchall():
            connection.execute(f"CREATE DATABASE {name}".encode())
            sdgen.write(SCENARIO, postgres_server.replace("/postgres?", f"/{name}?"))
    return sums(postgres_server.replace("/postgres?", f"/{name}?"))


@pytest.fixture(scope="session")
def dask_cluster() -> Iterator[str]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=logging.CRITICAL
    ) as cluster:
        yield f"dask://{cluster.scheduler_address.removeprefix('tcp://')}"


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[str]:
    ray = pytest.importorskip("ray")
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.CRITICAL)
    yield "ray://local"
    ray.shutdown()


@pytest.fixture(scope="session")
def spark_cluster() -> str:
    """A driver and two executors, each a process with one core and 1 GiB; they are made for each run."""
    pytest.importorskip("pyspark")
    root = Path(__file__).parents[2]
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["PYTHONPATH"] = os.pathsep.join([f"{root}/src", str(root), os.environ.get("PYTHONPATH", "")])
    return "spark://local-cluster[2,1,1024]"


@pytest.fixture(params=["dask", "ray", "spark"])
def cluster(request: pytest.FixtureRequest) -> str:
    """The URL of each engine in turn."""
    found: str = request.getfixturevalue(f"{request.param}_cluster")
    return found
