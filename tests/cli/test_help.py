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
