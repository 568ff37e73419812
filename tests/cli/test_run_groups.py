"""`sdgen scenario`, `target` and `run`: as a person meets them."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from sdgen.cli.app import app

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()
GROUPS = ("scenario", "target", "run")

Run = Callable[..., Any]


def _options() -> Iterator[tuple[str, str, str]]:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for group in GROUPS:
        for name, command in commands[group].commands.items():
            for param in command.params:
                yield from ((group, name, option) for option in param.opts if option.startswith("-"))


@pytest.mark.parametrize(("group", "command", "option"), list(_options()))
def test_every_option_is_documented(group: str, command: str, option: str) -> None:
    section = PAGE.partition(f"\n## sdgen {group}\n")[2].partition("\n## ")[0]
    assert f"`{option}" in section


def test_scenarios(run: Run, folder: Path) -> None:
    assert "shop" in run("scenario", "list").stdout
    assert run("scenario", "show", "shop").stdout.strip()
    assert json.loads(run("scenario", "show", "shop", "--format", "json").stdout)["name"] == "shop"
    assert run("scenario", "add", "small.yaml").stdout == "small 1.0.0: 2 entities\n"
    assert [
        each["source"]
        for each in json.loads(run("scenario", "list", "--format", "json").stdout)
        if each["id"] == "small"
    ] == ["store"]
    assert run("scenario", "validate", "small").stdout.startswith("valid: small 1.0.0")
    (folder / "bad.yaml").write_text("name: x\n")
    bad = run("scenario", "validate", "bad.yaml")
    assert bad.exit_code == 1
    assert "bad.yaml:1" in bad.stderr
    assert run("scenario", "add", "bad.yaml").exit_code == 1
    assert run("scenario", "remove", "small").exit_code == 0
    gone = run("scenario", "show", "small")
    assert gone.exit_code == 1
    assert "no scenario 'small'" in gone.stderr


def test_targets(run: Run, folder: Path) -> None:
    assert run("target", "add", "out/", "--id", "files").stdout.startswith("files: files: ")
    assert run("target", "add", "out/").exit_code == 1
    again = run("target", "add", "x.sqlite", "--id", "files")
    assert "--force" in again.stderr
    assert run("target", "add", "x.bin", "--id", "files", "--target-kind", "sqlite", "--force").exit_code == 0
    assert json.loads(run("target", "show", "files", "--format", "json").stdout)["kind"] == "sqlite"
    assert "kind" in run("target", "show", "files").stdout
    assert "can create, insert, truncate" in run("target", "test", "files").stdout
    refused = run("target", "test", "postgresql://me:hunter22@127.0.0.1:1/x")
    assert refused.exit_code == 1
    assert "hunter22" not in refused.stdout + refused.stderr
    assert run("target", "validate", "x.bin").exit_code == 1
    verdict = json.loads(run("target", "validate", "x.bin", "--format", "json").stdout)
    assert (verdict["valid"], verdict["problems"][0]["path"]) == (False, "target.dsn")
    for wrong, said in (
        ("postgresql://h:port/x", "can't be read"),
        ("postgresql://[::1/x", "can't be read"),
        ("mysql://[::1/x", "can't be read"),
        ("mysql://h:99999/x", "can't be read"),
        ("nowhere/x.sqlite", "does not exist"),
    ):
        refused = run("target", "validate", wrong)
        assert (refused.exit_code, said in refused.stderr) == (1, True), wrong
    for right in ("postgresql://", "postgresql://a:1,b:2/x", "mysql://h/x", "x.duckdb", "out/"):
        assert run("target", "validate", right).exit_code == 0, right
    literal = run("target", "add", "postgresql://me:hunter22@h/x", "--id", "x")
    assert "${NAME}" in literal.stderr
    assert "hunter22" not in literal.stderr
    assert json.loads(run("target", "list", "--format", "json").stdout)[0]["id"] == "files"
    assert "files" in run("target", "list").stdout
    assert run("target", "remove", "files").exit_code == 0
    assert run("target", "remove", "files").exit_code == 1


def test_a_run_from_start_to_end(run: Run, folder: Path) -> None:
    words = (
        "--scenario",
        "small.yaml",
        "--target",
        "x.sqlite",
        "--rows-override",
        "customers=10",
        "--exclude",
        "orders",
    )
    planned = run("run", "plan", *words)
    assert "10 rows, about" in planned.stdout
    assert json.loads(run("run", "plan", *words, "--output", "json").stdout)["rows"] == 10
    assert not (folder / "x.sqlite").exists()
    done = run("run", "start", *words)
    assert done.exit_code == 0, done.stderr
    assert "success" in done.stdout
    assert "customers: 10 rows" in done.stderr
    listed = json.loads(run("run", "list", "--format", "json").stdout)
    assert [(each["status"], each["rows_written"]) for each in listed] == [("success", 10)]
    assert listed[0]["id"] in run("run", "list", "--status", "success,failed", "--limit", "1").stdout
    assert run("run", "list", "--status", "lost").exit_code == 2
    assert "digest" in run("run", "show", "latest").stdout
    assert "success: 10 rows" in run("run", "logs", listed[0]["id"]).stdout
    again = run("run", "reproduce", "latest")
    assert again.exit_code == 0
    assert "the same rows" in again.stdout
    over = run("run", "cancel", "latest")
    assert over.exit_code == 1
    assert "is over" in over.stderr
    assert run("run", "show", "nonesuch").exit_code == 1


def test_a_run_that_fails(run: Run) -> None:
    words = ("run", "start", "--scenario", "small.yaml", "--target", "out/", "--quiet")
    assert run(*words).stdout == ""
    failed = run(*words)
    assert failed.exit_code == 1
    assert "exists" in failed.stderr
    assert "sdgen run logs" in failed.stderr
    assert json.loads(run("run", "show", "latest", "--format", "json").stdout)["status"] == "failed"
    assert run("run", "reproduce", "latest").exit_code == 1


def test_a_difference_is_an_exit_code(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from sdgen.generators.keys import Sequence

    assert run("run", "start", "--scenario", "small.yaml", "--target", "out/", "--quiet").exit_code == 0
    values = Sequence.values
    monkeypatch.setattr(Sequence, "version", 7)
    monkeypatch.setattr(
        Sequence, "values", lambda self, cells: values(self, cells).take(list(range(len(cells.rows.numbers)))[::-1])
    )
    done = run("run", "reproduce", "latest")
    assert done.exit_code == 1
    assert "DIFFERENT" in done.stdout
    assert "sequence was version" in done.stderr


def test_all_problems_of_a_request(run: Run) -> None:
    done = run(
        "run", "start", "--scenario", "small.yaml", "--target", "x.foo", "--rows-override", "custmers=1", "--scale", "0"
    )
    assert done.exit_code == 1
    done = run("run", "start", "--scenario", "small.yaml", "--target", "x.foo", "--rows-override", "custmers=1")
    assert "2 problems" in done.stderr
    assert "did you mean 'customers'" in done.stderr


def test_a_detached_run(run: Run) -> None:
    run_id = run("run", "start", "--scenario", "small.yaml", "--target", "d.sqlite", "--detach").stdout.strip()
    followed = run("run", "logs", run_id, "--follow")
    assert "success: 250 rows" in followed.stdout


def test_runs_are_searched_and_removed(run: Run) -> None:
    for name in ("a", "b", "c"):
        assert run("run", "start", "--scenario", "small.yaml", "--target", f"{name}.sqlite", "--quiet").exit_code == 0

    def listed(*words: str) -> list[str]:
        found = json.loads(run("run", "list", "--format", "json", *words).stdout)
        return [Path(each["destination"]).stem for each in found]

    assert listed("--search", "B.SQL") == ["b"]
    assert listed("--since", "2100-01-01") == listed("--until", "2000-01-01") == []
    assert len(listed("--since", "2020-01-01", "--until", "2100-01-01")) == 3
    (first,) = (
        each["id"] for each in json.loads(run("run", "list", "--search", "a.sqlite", "--format", "json").stdout)
    )
    would = run("run", "remove", "--keep", "1", "--dry-run")
    assert (would.stdout.splitlines()[-1], would.stderr) == (first, "2 runs would be removed\n")
    assert listed() == ["c", "b", "a"]
    assert run("run", "remove", first).stdout == f"{first}\n"
    assert listed() == ["c", "b"]
    assert run("run", "remove", first).exit_code == 1
    assert run("run", "remove", "--older-than", "1h").stdout == ""
    gone = json.loads(run("run", "remove", "--keep", "1", "--format", "json").stdout)
    assert len(gone["removed"]) == 1
    assert listed() == ["c"]
    assert run("run", "remove", "latest").exit_code == 0
    assert listed() == []


@pytest.mark.parametrize(
    "words", [(), ("latest", "--keep", "3"), ("--older-than", "soon"), ("--keep", "-1"), ("x", "--older-than", "1d")]
)
def test_what_to_remove_must_be_said_plainly(run: Run, words: tuple[str, ...]) -> None:
    assert run("run", "remove", *words).exit_code == 2


def test_what_a_server_keeps_must_be_said_plainly(run: Run) -> None:
    told = run("serve", "--keep", "forever")
    assert told.exit_code == 2
    assert "neither a number of runs" in told.stderr


def test_ctrl_c_cancels_a_run_in_the_foreground(folder: Path) -> None:
    command = [sys.executable, "-m", "sdgen", "run", "start", "--scenario", "small.yaml", "--target", "c.sqlite"]
    process = subprocess.Popen([*command, "--rows", "customers=50M"], stderr=subprocess.PIPE, text=True, env=os.environ)
    shown = [sys.executable, "-m", "sdgen", "run", "list", "--format", "json"]
    for _ in range(100):
        found = json.loads(subprocess.run(shown, capture_output=True, text=True, check=True).stdout)
        if found and found[0]["rows_written"]:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "cancelled; the target is as it was" in told
    assert not (folder / "c.sqlite").exists()


def test_scenarios_of_a_folder_tell_their_format_and_what_is_wrong(run: Run, folder: Path) -> None:
    schemas = folder / "schemas"
    schemas.mkdir()
    head = "system: {name: shop, version: '1'}\n"
    (schemas / "good.yaml").write_text(head + "entities: {users: {count: 3, attributes: {id: {type: uuid}}}}\n")
    (schemas / "bad.yaml").write_text(head + "entities: {users: {attributes: {id: {type: uuid}}}}\n")
    (schemas / "_sdgen.json").write_text("{}")
    lines = run("scenario", "list", "--scenarios-dir", "schemas").stdout.splitlines()
    mine = {line.split()[0]: line for line in lines if "folder" in line.split()}
    assert sorted(mine) == ["bad", "good"]
    assert "jafgen" in mine["good"].split()
    assert "can't be read: 2:" in mine["bad"]
    assert run("generate", "schemas/good.yaml", "--to", "out/").exit_code == 0
    assert json.loads((folder / "out" / "_sdgen.json").read_text())["total_rows"] == 3


def test_options_before_the_command(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SCENARIOS_DIR", "TARGETS_DIR", "RUNS_DB"):
        monkeypatch.setenv(f"SDGEN_{name}", "")
    logger = logging.getLogger("sdgen")
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "level", logging.NOTSET)
    (folder / "mine").mkdir()
    (folder / "small.yaml").rename(folder / "mine" / "small.yaml")
    before = ("--scenarios-dir", "mine", "--runs-db", "other.sqlite", "--log-level", "info")
    done = run(*before, "run", "start", "--scenario", "small", "--target", "x.sqlite", "--quiet")
    run_id = json.loads(run("--runs-db", "other.sqlite", "run", "show", "latest", "--format", "json").stdout)["id"]
    assert f" INFO    {run_id}: success: 250 rows" in done.stderr
    assert run("--log-level", "loud", "run", "list").exit_code == 2
    for param in typer.main.get_command(app).params:
        assert f"`{param.opts[0]}" in PAGE.partition("\n## ")[0]
