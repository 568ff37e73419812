"""Every road leads through the same door: guards, secrets, modes and problems are the same on all of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import sdgen
from sdgen.cli.app import app
from sdgen.errors import ScenarioError, SdgenError
from sdgen.execution.destinations import open_target
from sdgen.execution.execute import execute
from sdgen.execution.request import RunRequest, RunSettings
from sdgen.execution.resolve import resolve
from sdgen.service.service import Service
from sdgen.targets.base import Mode

SMALL = """\
name: small
seed: 1
entities:
  things:
    rows: 20
    columns:
      id: {generator: sequence, primary_key: true}
      name: {generator: person.first_name}
"""
GUARD = "the database 'prod' is not one of *_demo"


def _generate(scenario: Path, to: str, *options: str) -> None:
    result = CliRunner().invoke(app, ["generate", str(scenario), "--to", to, *options])
    if result.exit_code:
        raise SdgenError(result.stderr)


def _start(scenario: Path, to: str, *options: str) -> None:
    result = CliRunner().invoke(app, ["run", "start", "--scenario", str(scenario), "--target", to, *options])
    if result.exit_code:
        raise SdgenError(result.stderr)


def _write(scenario: Path, to: str, *options: str) -> None:
    sdgen.write(scenario, to)


def _run(scenario: Path, to: str, *options: str) -> None:
    sdgen.run(scenario, to)


def _service(scenario: Path, to: str, *options: str) -> None:
    service = Service.open()
    try:
        service.resolve(RunRequest(scenario_path=str(scenario), target=to))
        run = service.perform(RunRequest(scenario_path=str(scenario), target=to))
        assert run.status == "success", run.error
    finally:
        service.close()


ROADS = [_generate, _start, _write, _run, _service]
Road = Callable[..., None]


@pytest.fixture(autouse=True)
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SDGEN_RUNS_DB", str(tmp_path / "runs.sqlite"))
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    return file


def rows(file: str) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT count(*) FROM things").fetchone()[0])


@pytest.mark.parametrize("road", ROADS)
def test_guards_of_the_environment(road: Road, scenario: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDGEN_ALLOW_DATABASES", "*_demo,*_test")
    for destination in ("prod.sqlite", "prod.duckdb", "postgresql://nobody@127.0.0.1:1/prod"):
        with pytest.raises(SdgenError, match=r"'prod' is not one of \*_demo, \*_test"):
            road(scenario, destination)
    assert not Path("prod.sqlite").exists()
    road(scenario, "shop_demo.sqlite")
    assert rows("shop_demo.sqlite") == 20
    road(scenario, "prod/")  # files are no database


@pytest.mark.parametrize("road", ROADS)
def test_guards_of_a_scenario(road: Road, scenario: Path) -> None:
    scenario.write_text(SMALL.replace("seed: 1", "seed: 1\nallow_databases: ['*_demo']"))
    with pytest.raises(SdgenError, match="the database 'prod' is not one of"):
        road(scenario, "prod.sqlite")
    road(scenario, "a_demo.sqlite")


@pytest.mark.parametrize("road", [_generate, _start])
def test_guards_of_an_option(road: Road, scenario: Path) -> None:
    with pytest.raises(SdgenError, match="the database 'prod' is not one of"):
        road(scenario, "prod.sqlite", "--allow-databases", "*_demo")
    with pytest.raises(ScenarioError if road is None else SdgenError, match="is not one of"):
        sdgen.write(scenario, "prod.sqlite", allow_databases=["*_demo"])


@pytest.mark.parametrize("road", ROADS)
def test_variables_in_destinations(road: Road, scenario: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACE", "found")
    road(scenario, "sqlite:///${PLACE}.sqlite")
    assert rows("found.sqlite") == 20
    with pytest.raises(SdgenError, match="NOWHERE is not set"):
        road(scenario, "sqlite:///${NOWHERE}.sqlite")


@pytest.mark.parametrize("road", ROADS)
def test_the_mode_of_the_environment(road: Road, scenario: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    road(scenario, "x.sqlite")
    monkeypatch.setenv("SDGEN_DEFAULT_MODE", "truncate")
    road(scenario, "x.sqlite")
    assert rows("x.sqlite") == 20
    monkeypatch.setenv("SDGEN_DEFAULT_MODE", "trunkate")
    with pytest.raises(SdgenError, match="SDGEN_DEFAULT_MODE is 'trunkate'"):
        road(scenario, "x.sqlite")


def test_short_forms_of_modes(scenario: Path) -> None:
    for mode, expected in (("append", 40), ("truncate", 20)):
        sdgen.write(scenario, "x.sqlite") if not Path("x.sqlite").exists() else None
        sdgen.write(scenario, "x.sqlite", mode=mode)
        assert rows("x.sqlite") == expected
    _generate(scenario, "x.sqlite", "--mode", "append")
    assert rows("x.sqlite") == 40


@pytest.mark.parametrize("size", [1, 7, 20, 1000])
def test_batch_sizes_change_no_row_and_no_digest(size: int, scenario: Path) -> None:
    whole = sdgen.write(scenario, "whole.sqlite")
    parts = sdgen.write(scenario, f"parts{size}.sqlite", batch_size=size)
    assert [each.digest for each in parts.entities] == [each.digest for each in whole.entities]
    assert rows(f"parts{size}.sqlite") == 20


def test_targets_are_given_no_more_rows_at_once(scenario: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def spied(target: Any) -> Any:
        encode = target.encode
        target.encode = lambda table, batch: seen.append(len(batch)) or encode(table, batch)
        return target

    plan = sdgen.plan(scenario)
    execute(plan, spied(open_target("a/")), RunSettings(batch_size=8))
    assert seen == [8, 8, 4]
    monkeypatch.setenv("SDGEN_BATCH_SIZE", "6")
    assert resolve(RunRequest(scenario_path=str(scenario), target="b/")).settings.batch_size == 6
    target = {"dsn": "c/", "options": {"batch_size": 9}}
    assert resolve(RunRequest(scenario_path=str(scenario), target=target)).settings.batch_size == 9
    request = RunRequest(scenario_path=str(scenario), target=target, batch_size=3)
    assert resolve(request).settings.batch_size == 3


def test_all_problems_of_a_command_at_once(scenario: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDGEN_ALLOW_DATABASES", "*_demo")
    scenario.write_text(SMALL.replace("first_name}", "frist_name}"))
    with pytest.raises(SdgenError) as error:
        _generate(scenario, "prod.sqlite", "--rows", "thinsg=5", "--exclude", "nonesuch")
    for words in ("frist_name", "'thinsg'", "did you mean 'things'", "'nonesuch'", GUARD):
        assert words in str(error.value)


def test_a_target_of_a_file(scenario: Path) -> None:
    Path("demo.yaml").write_text("dsn: kept.sqlite\nmode: truncate\nallow_databases: [kept]\n")
    for _ in range(2):
        _generate(scenario, "demo.yaml")
    assert rows("kept.sqlite") == 20
    run = resolve(RunRequest(scenario_path=str(scenario), target_path="demo.yaml"))
    assert run.settings.mode is Mode.TRUNCATE_THEN_INSERT


def test_a_server_kind_needs_a_url(scenario: Path) -> None:
    with pytest.raises(SdgenError, match="a target of the kind mysql is a server"):
        _generate(scenario, "out/x.sqlite", "--target-kind", "mysql")


def test_remembered_runs_have_sets_rules_and_sizes(scenario: Path) -> None:
    Path("rules.yaml").write_text("rules:\n- {field: nickname, generator: const, params: {value: Bo}}\n")
    scenario.write_text(SMALL + "      nickname: string\n")
    _start(scenario, "x.sqlite", "--set", "entities.things.rows=7", "--rules", "rules.yaml")
    with closing(sqlite3.connect("x.sqlite")) as connection:
        assert connection.execute("SELECT count(*), min(nickname) FROM things").fetchone() == (7, "Bo")
    _start(scenario, "sized/", "--size", "300kB")
    assert 270_000 < Path("sized/things.csv").stat().st_size < 330_000
