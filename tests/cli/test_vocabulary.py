"""One vocabulary: what is said alike in all commands, what it was called before, and how it looks on a terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from sdgen.cli.app import app
from sdgen.cli.commands import FORMER_OPTIONS, spelled_anew
from sdgen.cli.failures import colored
from sdgen.cli.tables import fitted, width

Run = Callable[..., Any]
RUN_OPTIONS = ("--to", "--only", "--exclude", "--format", "--output", "--set", "--rules", "--size", "--mode", "--rows")


def commands() -> dict[str, Any]:
    """All commands by their words."""
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    groups = {name: each for name, each in known.items() if hasattr(each, "commands")}
    single = {name: each for name, each in known.items() if name not in groups}
    return single | {f"{group} {name}": each for group in groups for name, each in groups[group].commands.items()}


def options(name: str) -> set[str]:
    return {option for param in commands()[name].params for option in param.opts if option.startswith("-")}


@pytest.mark.parametrize("option", RUN_OPTIONS)
@pytest.mark.parametrize("name", ["generate", "run start", "run plan"])
def test_a_run_is_asked_for_in_the_same_words(name: str, option: str) -> None:
    assert option in options(name)


def test_no_command_shows_a_former_spelling_beside_the_current_one() -> None:
    for name in commands():
        known = options(name)
        for former, current in FORMER_OPTIONS.items():
            if former not in ("--format", "--output", "--target"):  # words that mean something else elsewhere
                assert former not in known or current not in known, (name, former)


@pytest.mark.parametrize("name", sorted(commands()))
def test_usage_lines_are_plain(run: Run, name: str) -> None:
    usage = run(*name.split(), "--help").stdout.splitlines()[0]
    assert not re.search(r"[{}]|\[\[", usage), usage
    assert "[default: 0;" not in run(*name.split(), "--help").stdout.partition("--workers")[2][:200]


@pytest.mark.parametrize(
    ("words", "known", "anew"),
    [
        ("shop --include a --table=b", "--only", "shop --only a --only=b"),
        ("--format table", "--output", "--output text"),
        ("--format=table x", "--output", "--output=text x"),
        ("--format table", "--output --format", "--format table"),
        ("-o x --output y", "--to -o", "-o x --to y"),
        ("--output json", "--to --output", "--output json"),
        ("a -- --include", "--only", "a -- --include"),
        ("--set x=--include", "--set --only", "--set x=--include"),
    ],
)
def test_former_spellings(words: str, known: str, anew: str) -> None:
    assert " ".join(spelled_anew(words.split(), set(known.split()))) == anew


def test_former_spellings_work_and_are_not_shown(run: Run) -> None:
    now = run("preview", "shop", "stores", "--output", "json").stdout
    assert run("preview", "shop", "stores", "--format", "json").stdout == now
    assert run("preview", "shop", "stores", "--format", "table").stdout == run("preview", "shop", "stores").stdout
    assert run("generate", "small.yaml", "--to", "o/", "--include", "customers").exit_code == 0
    assert "--include" not in run("generate", "--help").stdout
    assert "--format" not in run("preview", "--help").stdout


def test_version(run: Run) -> None:
    assert run("-V").stdout == run("--version").stdout == f"sdgen {__import__('sdgen').__version__}\n"


def test_generate_tells_programs_too(run: Run) -> None:
    told = json.loads(run("generate", "small.yaml", "--to", "x.sqlite", "--output", "json").stdout)
    [only] = told["runs"]
    assert (told["rows"], only["rows"]) == (250, 250)
    assert (only["kind"], only["mode"], only["destination"]) == ("sqlite", "create_if_missing", "x.sqlite")
    assert [each["rows"] for each in only["entities"]] == [50, 200]
    assert all(len(each["digest"]) == 32 for each in only["entities"])
    assert only["again"].startswith("sdgen generate small.yaml --to x.sqlite --seed ")
    refused = run("generate", "small.yaml", "--to", "-", "--only", "customers", "--output", "json")
    assert refused.exit_code == 2
    assert "the rows themselves go to standard output" in refused.stderr


def test_a_run_takes_its_scenario_either_way(run: Run) -> None:
    words: tuple[str, ...]
    for words in (("small.yaml",), ("--scenario", "small.yaml")):
        told = json.loads(run("run", "plan", *words, "--to", "x.sqlite", "--output", "json").stdout)
        assert told["rows"] == 250
    for words in ((), ("small.yaml", "--scenario", "small.yaml")):
        refused = run("run", "plan", *words, "--to", "x.sqlite")
        assert (refused.exit_code, "name the scenario, once" in refused.stderr) == (2, True)


def test_file_formats_of_a_run_are_called_as_those_of_generate(run: Run, folder: Path) -> None:
    assert run("run", "start", "small.yaml", "--to", "o/", "--format", "jsonl,parquet").exit_code == 0
    assert {path.suffix for path in (folder / "o").iterdir()} >= {".jsonl", ".parquet"}
    assert run("run", "start", "small.yaml", "--to", "p/", "--file-format", "jsonl").exit_code == 0
    assert "'jsonx' is not one of" in run("run", "start", "small.yaml", "--to", "q/", "--format", "jsonx").stderr


def test_a_log_is_a_document_or_lines(run: Run) -> None:
    run("run", "start", "small.yaml", "--to", "x.sqlite")
    document = json.loads(run("run", "logs", "latest", "--output", "json").stdout)
    lines = [json.loads(line) for line in run("run", "logs", "latest", "--output", "jsonl").stdout.splitlines()]
    assert document == lines
    assert len(lines) == len(run("run", "logs", "latest").stdout.splitlines()) > 3
    refused = run("run", "logs", "latest", "--follow", "--output", "json")
    assert (refused.exit_code, "use jsonl, a document for each line" in refused.stderr) == (2, True)


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "error: it failed\nwarning: x\n20260101  failed   a\n20260101  success"
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    assert colored(text, io.StringIO()) == text
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown = colored(text, io.StringIO())
    assert shown.startswith("\x1b[1;31merror:\x1b[0m it failed\n\x1b[1;33mwarning:\x1b[0m x\n")
    assert "20260101\x1b[31m  failed\x1b[0m   a" in shown
    assert shown.endswith("20260101\x1b[32m  success\x1b[0m")
    monkeypatch.setenv("NO_COLOR", "1")
    assert colored(text, io.StringIO()) == text


@pytest.mark.parametrize(
    ("widths", "most", "chosen"),
    [
        ([10, 20, 30], 0, [10, 20, 30]),
        ([10, 20, 30], 64, [10, 20, 30]),
        ([10, 20, 30], 54, [10, 20, 20]),
        ([10, 20, 30], 50, [10, 18, 18]),
        ([30, 20, 10], 40, [30, 8]),
        ([50, 9], 40, [50]),
        ([50], 40, [50]),
    ],
)
def test_tables_fit_a_terminal(widths: list[int], most: int, chosen: list[int]) -> None:
    assert fitted(widths, most) == chosen


def test_a_table_is_no_wider_than_the_terminal(folder: Path) -> None:
    """A real terminal: 60 places wide, and with columns that have no room in it."""
    shown = _on_terminal(["preview", "shop", "orders", "--rows", "3"], 60)
    lines = shown.splitlines()
    assert max(map(width, lines[1:-1])) <= 60
    assert lines[-1].startswith("beside these: ")
    assert all(line.split()[0].count("-") == 4 for line in lines[4:7]), "ids are whole"


def _on_terminal(words: list[str], columns: int) -> str:
    leader, follower = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "NO_COLOR": "1"}
    with subprocess.Popen([sys.executable, "-m", "sdgen", *words], stdout=follower, env=environment) as process:
        os.close(follower)
        pieces = []
        while piece := _read(leader):
            pieces.append(piece)
    assert process.returncode == 0
    os.close(leader)
    return b"".join(pieces).decode().replace("\r\n", "\n")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux says so at the end of a terminal
        return b""


def test_completion_is_offered(folder: Path) -> None:
    environment = {**os.environ, "_SDGEN_COMPLETE": "complete_bash", "COMP_WORDS": "sdgen run st", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv[0] = 'sdgen'; from sdgen.cli import main; main()"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "start" in done.stdout.split()
