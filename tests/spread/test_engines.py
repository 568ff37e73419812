"""Engines by their URLs: what is refused before anything is written, and engines of other packages."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import psycopg
import pytest

import sdgen
from sdgen.errors import ScenarioError, TargetError
from sdgen.execution.access import SHELL, Access
from sdgen.execution.digest import Result
from sdgen.execution.request import read_request
from sdgen.execution.resolve import resolve
from sdgen.execution.spread import engines, task
from sdgen.execution.spread.task import FinishedPart, RefusedPart, SpreadTask
from sdgen.targets.base import Span
from tests.spread.made import SCENARIO, digests, parts

Local = tuple[Path, Result]
Parts = Generator[FinishedPart | RefusedPart]
WARDS: dict[str, Any] = {"only": ["wards"], "formats": ["parquet"]}


class Twice:
    """An engine of threads that does every span twice, at the same time, the last one first."""

    closed = 0

    def __init__(self, address: str, workers: int) -> None:
        assert address == "here"

    def run(self, task: SpreadTask, spans: Iterable[Span]) -> Parts:
        with ThreadPoolExecutor(4) as pool:
            yield from pool.map(task, [span for span in reversed(list(spans)) for _ in range(2)])

    def cancel(self) -> None:
        pass

    def close(self) -> None:
        Twice.closed += 1


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an engine that another package brings."""
    point = EntryPoint("twice", f"{__name__}:Twice", "sdgen.engines")
    monkeypatch.setattr(engines, "entry_points", lambda group: [point] if group == point.group else [])
    return "twice://here"


def test_an_engine_of_another_package_that_does_spans_twice(another: str, local: Local, tmp_path: Path) -> None:
    closed = Twice.closed
    result = sdgen.write(SCENARIO, tmp_path / "out", formats=["parquet"], engine=another)
    assert digests(result) == digests(local[1])
    assert Twice.closed == closed + 1
    assert len(list((tmp_path / "out" / "visits").iterdir())) == 4
    assert parts(tmp_path / "out", "patients").num_rows == 140_000


def test_no_row_is_there_twice(another: str, local: Local, postgres_url: str) -> None:
    assert digests(sdgen.write(SCENARIO, postgres_url, engine=another)) == digests(local[1])
    with psycopg.connect(postgres_url) as connection:
        counted = connection.execute(
            b"SELECT (SELECT count(*) FROM patients), (SELECT count(*) FROM visits)"
        ).fetchone()
    assert counted == (140_000, digests(local[1])["visits"][0])


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("dusk://host:1", r"no engine is called 'dusk://host:1'\n +did you mean 'dask://'"),
        ("dask", "no engine is called 'dask'"),
        ("dask://", "names no cluster\n +write dask://host:8786 or dask://local"),
    ],
)
def test_engines_that_are_none(url: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=told):
        sdgen.write(SCENARIO, tmp_path / "out", engine=url, **WARDS)


@pytest.mark.parametrize("scheme", ["dask", "ray", "spark"])
def test_a_package_that_is_missing(scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    with pytest.raises(TargetError, match=rf"not installed\n.*'?sdgen\[{scheme}\]"):
        sdgen.write(SCENARIO, tmp_path / "out", engine=f"{scheme}://host:1", **WARDS)


def test_a_scheduler_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    from sdgen.execution.spread import dask_engine

    monkeypatch.setattr(dask_engine, "PATIENCE", 1)
    with pytest.raises(TargetError, match=r"dask://127.0.0.1:1 can't be reached(.|\n)*dask scheduler"):
        sdgen.write(SCENARIO, tmp_path / "out", engine="dask://127.0.0.1:1", **WARDS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("target", "more", "told"),
    [
        ("x.sqlite", {}, r"can't be written in parts by twice://here\n +folders of files .* PostgreSQL and MySQL can"),
        ("out/", {"formats": ["json"]}, "format json can't be written by an engine\n +choose one of parquet"),
        ("out/", {"formats": ["parquet", "csv"]}, "format parquet, csv can't be written by an engine"),
        ("out/", {"resume": True}, "leave resume and commit_every out"),
        ("out/", {"mode": "append_only", "formats": ["csv"]}, "can't append to csv files"),
        (
            "memory://bay/x/",
            {"formats": ["arrow"]},
            "format arrow can't be written by an engine\n +choose one of parquet",
        ),
        ("out/", {"formats": ["snowflake"]}, "can't be written in parts by twice://here"),
    ],
)
def test_targets_that_cannot(
    target: str, more: dict[str, Any], told: str, another: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = {"formats": ["parquet"], **more} if target.endswith("/") else more
    with pytest.raises(TargetError, match=told):
        sdgen.write(SCENARIO, target, engine=another, **options)
    assert list(tmp_path.iterdir()) == []


def test_workers_with_another_sdgen(another: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = iter(["2.0", *["1.0"] * 9])
    monkeypatch.setattr(task, "version", lambda name: next(versions))
    with pytest.raises(TargetError, match=r'has sdgen 1.0, .* begun with sdgen 2.0\n.*"sdgen==2.0"'):
        sdgen.write(SCENARIO, tmp_path / "out", engine=another, **WARDS)


def test_requests_from_a_network_name_no_engine_that_is_not_allowed(another: str) -> None:
    request = read_request({"scenario": SCENARIO, "target": "out/", "formats": "parquet", "engine": another})
    with pytest.raises(ScenarioError, match="not an engine that requests may name"):
        resolve(request, access=Access(paths=False, engines=()))
    assert resolve(request, access=Access(engines=("twice://*",))).settings.engine == another


def test_the_engine_is_no_part_of_what_identifies_a_run(another: str) -> None:
    plain = {"scenario": SCENARIO, "target": "out/", "formats": "parquet"}
    here, there = (resolve(read_request({**plain, **more}), access=SHELL) for more in ({}, {"engine": another}))
    assert there.settings.engine == there.job.engine == another
    assert (here.config_hash, here.job.identity) == (there.config_hash, there.job.identity)
    assert resolve(read_request({**plain, "engine": "local"}), access=SHELL).settings.engine == ""


def test_a_remembered_run_and_its_command(another: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sdgen.service.service import Service

    monkeypatch.chdir(tmp_path)
    service = Service.open(str(tmp_path / "runs.sqlite"))
    try:
        run = sdgen.run(SCENARIO, "out/", formats=["parquet"], engine=another, runs_db=tmp_path / "runs.sqlite")
        assert run.request["engine"] == another
        assert f"--engine {another}" in service.command(run.id).text
        again = service.perform_again(run.id)
        assert service.comparison(again.id).same
    finally:
        service.close()


def test_the_command_line(another: str, local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from sdgen.cli.app import app
    from sdgen.readers.native.write import scenario_text

    monkeypatch.chdir(tmp_path)
    Path("clinic.yaml").write_text(scenario_text(sdgen.read(SCENARIO)))
    done = CliRunner().invoke(
        app, ["generate", "clinic.yaml", "--to", "out/", "--format", "parquet", "--engine", another]
    )
    assert done.exit_code == 0, done.output
    assert all(digest in done.stdout for _, digest in digests(local[1]).values())
    assert f"--engine {another}" in done.stdout
    assert parts(tmp_path / "out", "wards").num_rows == 3


def test_spans_are_whole_blocks_sized_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    from sdgen.execution.spread import spans

    monkeypatch.setattr(spans, "SMALLEST", 16 << 20)
    monkeypatch.setattr(spans, "LARGEST", 256 << 20)
    assert spans.rows_per_span(100, 1000) == 65_536 * 3  # 16 MiB of rows
    assert spans.rows_per_span(1e6, 1000) == 65_536
    assert spans.rows_per_span(100, 10**9) == 65_536 * 41  # 256 MiB
    assert 10**13 / spans.rows_per_span(100, 10**13) <= spans.MOST_SPANS
    plan = sdgen.plan(SCENARIO)
    from sdgen.targets.tables import tables_of

    tables = tables_of(plan)
    assert list(spans.spans_of(plan, tables["closed"])) == [Span("closed", 0, 0)]
    assert list(spans.spans_of(plan, tables["patients"])) == [Span("patients", 0, 140_000)]
    monkeypatch.setattr(spans, "LARGEST", 1)
    assert [(each.start, each.stop) for each in spans.spans_of(plan, tables["patients"])] == [
        (0, 65_536),
        (65_536, 131_072),
        (131_072, 140_000),
    ]
