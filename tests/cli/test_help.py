"""The help: quick to come, and all of it is in docs/commands.md, whose examples run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from sdgen import __version__
from sdgen.cli.app import app
from sdgen.cli.failures import report_error
from sdgen.errors import TargetError

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()
EXAMPLES = [
    line.partition("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("sdgen ") and not line.startswith("sdgen import")  # needs a schema
]


def _options() -> Iterator[tuple[str, str]]:
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        for param in command.params:
            for option in param.opts:
                if option.startswith("-"):
                    yield name, option


@pytest.mark.parametrize(("command", "option"), list(_options()))
def test_every_option_is_documented(command: str, option: str) -> None:
    section = PAGE.partition(f"\n## sdgen {command}\n")[2].partition("\n## ")[0]
    assert f"`{option}" in section


@pytest.mark.parametrize("line", EXAMPLES)
def test_examples_of_the_docs_are_right_usage(line: str, run: Callable[..., Any]) -> None:
    """Those that need no place are run; those that do are run up to the point where the destination is checked."""
    words = shlex.split(re.split(r"[|>]", line)[0])[1:]
    placed = words[0] in ("generate", "verify")
    if placed:
        words += ["--only", "nonesuch"]
    result = run(*words)
    assert result.exit_code == (1 if placed else 0), result.stderr
    assert not placed or "unknown entity 'nonesuch'" in result.stderr


def test_help_imports_nothing_heavy() -> None:
    heavy = {"numpy", "pyarrow", "pydantic", "rich", "yaml", "duckdb", "sqlglot", "mimesis"}
    script = (
        "import sys; from sdgen.cli import main\ntry: main()\nexcept SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", script, "--help"]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "preview" in process.stdout
    assert not heavy & {name.partition(".")[0] for name in process.stderr.split()}


PLAIN = """
name: plain
entities:
  members:
    rows: 5
    columns:
      id: {generator: uuid4, primary_key: true}
      name: {generator: person.full_name}
      joined_at: {generator: datetime, params: {start: 2020-01-01, end: 2025-01-01}}
  visits:
    rows: {per: members, min: 1, max: 3}
    columns:
      id: {generator: sequence, primary_key: true}
      member_id: {generator: fk, params: {entity: members, column: id}}
      fee: {type: "decimal(8,2)", generator: decimal, params: {min: 5, max: 90}}
"""


@pytest.mark.parametrize(
    ("command", "not_needed"),
    [
        (
            "preview plain.yaml",
            {
                "duckdb",
                "sqlglot",
                "pandas",
                "pyarrow.parquet",
                "sdgen.inference.rules",
                "asyncio",
                "sdgen.readers.feasibility",
            },
        ),
        (
            "preview shop",
            {
                "pandas",
                "pyarrow.parquet",
                "jinja2",
                "mimesis",
                "rich",
                "asyncio",
                "sdgen.execution.resolve",
                "sdgen.inference.rules",
                "sdgen.readers.feasibility",
                "sdgen.service",
            },
        ),
        ("import plain.sql", {"pandas", "pyarrow.parquet", "asyncio"}),
    ],
)
def test_what_a_command_does_not_need_is_not_imported(tmp_path: Path, command: str, not_needed: set[str]) -> None:
    (tmp_path / "plain.yaml").write_text(PLAIN)
    (tmp_path / "plain.sql").write_text("create table members (id bigint primary key, city varchar(40) not null);")
    script = (
        "import sys; from sdgen.cli import main\ntry: main()\nexcept SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    process = subprocess.run(
        [sys.executable, "-c", script, *command.split()], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ("orders" if "shop" in command else "members") in process.stdout
    assert not not_needed & set(process.stderr.split())


def test_a_process_of_its_own_ends_with_the_commands_status(tmp_path: Path) -> None:
    """Its output is whole, what is registered for the end runs, and it ends so with a thread at work as well."""
    script = """
import atexit, sys, threading
atexit.register(print, "registered")
if "late" in sys.argv:
    sys.argv.remove("late")
    threading.Thread(target=lambda: (threading.main_thread().join(), print("late"))).start()
from sdgen.cli import run
run()
"""
    (tmp_path / "plain.yaml").write_text(PLAIN)

    def ended(*words: str) -> tuple[int, str]:
        command = [sys.executable, "-c", script, *words]
        process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return process.returncode, process.stdout

    assert ended("--version") == (0, f"sdgen {__version__}\nregistered\n")
    assert ended("preview", "nonesuch.yaml") == (1, "registered\n")
    assert ended("preview", "--nonesuch") == (2, "registered\n")
    assert ended("--version", "late") == (0, f"sdgen {__version__}\nlate\nregistered\n")


@pytest.mark.parametrize(
    ("words", "code"), [(["preview", "-h"], 0), (["run", "list", "-h"], 0), (["previe"], 2), (["run", "lst"], 2)]
)
def test_only_the_command_that_is_called_is_built(
    words: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its help and errors are what they are where all are built."""
    called = app._with_one_command(words[0])
    assert (called is app) == (words[0] == "previe")
    shown = []
    for each in (called, app):
        with pytest.raises(SystemExit) as end:
            typer.main.get_command(each)(words, prog_name="sdgen")
        shown.append((end.value.code, *capsys.readouterr()))
    assert shown[0] == shown[1]
    assert shown[0][0] == code


def test_version(run: Callable[..., Any]) -> None:
    assert run("--version").stdout == f"sdgen {__version__}\n"


def test_no_command_shows_the_help(run: Callable[..., Any]) -> None:
    result = run()
    assert result.exit_code == 2
    assert "generate" in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("error", "words", "code"),
    [
        (TargetError("no room"), ("error: no room",), 1),
        (FileNotFoundError(2, "No such file or directory", "x"), ("error: x: No such file or directory",), 1),
        (MemoryError(), ("out of memory", "--workers"), 1),
        (KeyError("x"), ("error: KeyError: 'x'", "this is a bug in sdgen", "SDGEN_TRACEBACK=1"), 1),
        (KeyboardInterrupt(), ("cancelled",), 130),
    ],
)
def test_exceptions_in_words(
    error: BaseException, words: tuple[str, ...], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report_error(error) == code
    told = capsys.readouterr().err
    for word in words:
        assert word in told
