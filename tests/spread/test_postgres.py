"""PostgreSQL filled by workers of real clusters: the rows of a local run, once each, all or nothing."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest

import sdgen
from sdgen.databases.postgres.spread import SpreadPostgres
from sdgen.errors import Cancelled, ScenarioError
from sdgen.execution.access import SHELL
from sdgen.execution.digest import Result
from sdgen.execution.execute import execute_run
from sdgen.execution.request import read_request
from sdgen.execution.resolve import resolve
from tests.spread.made import SCENARIO, at_rows, digests, dying, query, sums, tables

Local = tuple[Path, Result]


def test_the_rows_of_a_local_run(cluster: str, local: Local, postgres_url: str, written_here: Any) -> None:
    result = sdgen.write(SCENARIO, postgres_url, engine=cluster)
    assert digests(result) == digests(local[1])
    assert sums(postgres_url) == written_here
    assert tables(postgres_url) == [("public.closed",), ("public.patients",), ("public.visits",), ("public.wards",)]
    assert not sdgen.verify(SCENARIO, postgres_url).broken


def test_a_worker_that_is_killed_changes_nothing(
    cluster: str, local: Local, postgres_url: str, written_here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying(SpreadPostgres, monkeypatch, tmp_path / "died")
    result = sdgen.write(SCENARIO, postgres_url, engine=cluster)
    assert (tmp_path / "died").exists()
    assert digests(result) == digests(local[1])
    assert sums(postgres_url) == written_here


def test_tables_that_are_there(dask_cluster: str, local: Local, postgres_url: str, written_here: Any) -> None:
    sdgen.write(SCENARIO, postgres_url, rows={"patients": 500}, seed=3)
    query_before = tables(postgres_url)
    with psycopg.connect(postgres_url) as connection:
        connection.execute(b"ALTER TABLE visits ADD COLUMN seen timestamptz DEFAULT now()")
    sdgen.write(SCENARIO, postgres_url, engine=dask_cluster, mode="truncate_then_insert")
    with psycopg.connect(postgres_url) as connection:
        connection.execute(b"ALTER TABLE visits DROP COLUMN seen")
    assert sums(postgres_url) == written_here
    assert tables(postgres_url) == query_before


def test_rows_are_added_behind_others(dask_cluster: str, postgres_url: str) -> None:
    sdgen.write(SCENARIO, postgres_url, rows={"patients": 70_000})
    sdgen.write(
        SCENARIO,
        postgres_url,
        rows={"patients": 70_000},
        seed=9,
        engine=dask_cluster,
        mode="append_only",
        only=["patients"],
    )
    assert query(postgres_url, "SELECT count(*), min(id), max(id) FROM patients") == [(140_000, 1, 140_000)]


def test_a_schema_of_its_own(dask_cluster: str, postgres_url: str) -> None:
    url = f"{postgres_url}&schema=care"
    sdgen.write(SCENARIO, url, engine=dask_cluster, only=["wards", "closed"])
    assert tables(postgres_url) == [("care.closed",), ("care.wards",)]


@pytest.mark.parametrize("there", [False, True])
def test_cancelling_leaves_the_place_as_it_was(there: bool, cluster: str, postgres_url: str) -> None:
    if there:
        sdgen.write(SCENARIO, postgres_url, rows={"patients": 500})
    before, cancel = tables(postgres_url), threading.Event()
    mode = "truncate_then_insert" if there else "create_if_missing"
    request = read_request({"scenario": SCENARIO, "target": postgres_url, "engine": cluster, "mode": mode})
    with pytest.raises(Cancelled):
        execute_run(resolve(request, access=SHELL), listen=at_rows("patients", cancel.set), cancel=cancel)
    assert tables(postgres_url) == before
    if there:
        assert query(postgres_url, "SELECT count(*) FROM patients") == [(500,)]


def test_a_check_that_a_late_row_breaks(cluster: str, postgres_url: str) -> None:
    rows = {"type": "bigint", "generator": "sequence"}
    scenario = {
        "name": "late",
        "seed": 1,
        "entities": {"t": {"rows": 140_000, "check": "id <> 99999", "columns": {"id": rows}}},
    }
    with pytest.raises(ScenarioError, match="99999"):
        sdgen.write(scenario, postgres_url, engine=cluster)
    assert tables(postgres_url) == []
