"""The command line of a stored run: typed into a shell it makes the same rows; nothing secret is in it."""

from __future__ import annotations

import shlex
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
from typer.testing import CliRunner

from sdgen.cli.app import app
from sdgen.execution.request import RunRequest
from sdgen.service.service import Service
from tests.service.made import tiny


def typed(service: Service, run_id: str) -> str:
    """Do what the command says, the scenario saved where it asks for that; the new run's id."""
    command = service.command(run_id)
    if command.file:
        Path(command.file).write_text(service.scenario_text(run_id), "utf-8")
    program, *words = shlex.split(command.text)
    assert program == "sdgen"
    done = CliRunner().invoke(app, [*words, "--quiet"])
    assert done.exit_code == 0, done.output
    return service.run("latest").id


@pytest.mark.parametrize(
    "request_",
    [
        {"scenario_id": "shop", "target_id": "demo", "rows": {"customers": 20}, "include": ["customers", "orders"]},
        {"scenario_id": "shop", "target": "x's out/", "formats": ["jsonl", "csv"], "scale": 0.1, "seed": -3},
        {"scenario": tiny(7), "target": "made.sqlite", "mode": "truncate_then_insert", "rows": {"*": 3}},
        {"scenario_id": "shop", "target": "set.duckdb", "set": {"entities.customers.rows": 9}, "rows": {"*": 8}},
        {"scenario": tiny(7), "target": {"kind": "sqlite", "dsn": "odd.name"}, "commit_every": 5},
    ],
)
def test_a_command_makes_the_same_rows(service: Service, folder: Path, request_: dict[str, Any]) -> None:
    (folder / "targets" / "demo.yaml").write_text("dsn: ../demo.sqlite\nmode: truncate_then_insert\n")
    once = service.perform(RunRequest(**request_))
    assert once.status == "success", once.error
    for name in ("made.sqlite", "set.duckdb", "odd.name"):
        (folder / name).unlink(missing_ok=True)
    rmtree(folder / "x's out", ignore_errors=True)
    again = service.run(typed(service, once.id))
    assert [each.digest for each in again.entities] == [each.digest for each in once.entities]
    assert (again.destination, again.mode, again.seed) == (once.destination, once.mode, once.seed)


def test_a_scenario_that_has_changed_since_is_no_longer_named(service: Service, folder: Path) -> None:
    file = folder / "scenarios" / "mine.yaml"
    file.write_text("name: mine\nentities: {a: {rows: 3, columns: {id: {generator: sequence}}}}\n")
    run_id = service.perform(RunRequest(scenario_id="mine", target="m.sqlite")).id
    assert "--scenario mine --" in service.command(run_id).text
    assert service.command(run_id).file == ""
    file.write_text("name: mine\nentities: {a: {rows: 4, columns: {id: {generator: sequence}}}}\n")
    assert service.command(run_id).file == "mine.yaml"
    assert "--scenario mine.yaml" in service.command(run_id).text


def test_no_password_is_told(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_PASSWORD", "hunter2secret")
    for password, said in (("hunter2secret", "${PASSWORD}"), ("${DEMO_PASSWORD}", "${DEMO_PASSWORD}")):
        target = f"postgresql://app:{password}@127.0.0.1:1/demo?connect_timeout=1"
        run = service.perform(RunRequest(scenario=tiny(2), target=target))
        command = service.command(run.id)
        assert "hunter2" not in command.text
        assert said in command.text
        assert command.password == (said == "${PASSWORD}")
