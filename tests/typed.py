"""Command lines as they are typed into a shell, most of them run in this process, which takes a fifth of the time."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from typer.testing import CliRunner

from sdgen.cli.app import app


def shell_commands(home: Path) -> Path:
    """A folder with the command `sdgen` in it, as an installed one is, and `words/sdgen`, which tells its arguments."""
    (home / "words").mkdir()
    scripts = {
        "sdgen": f'exec {shlex.quote(sys.executable)} -m sdgen "$@"',
        "words/sdgen": "printf '%s\\0' \"$@\"",
    }
    for name, script in scripts.items():
        (home / name).write_text(f"#!/bin/sh\n{script}\n")
        (home / name).chmod(0o755)
    return home


def typed(shell: Path, line: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a line gives: the shell tells what it makes of it, and sdgen runs here, if the line does nothing else."""
    if not line.startswith("sdgen ") or re.search(r"[|>;&]", re.sub(r"'[^']*'", "", line)):
        return run_by(shell, line, variables)
    words = run_by(shell / "words", line, variables).stdout.split("\0")[:-1]
    result = CliRunner().invoke(app, words, env=variables)
    return subprocess.CompletedProcess(words, result.exit_code, result.stdout, result.stderr)


def run_by(commands: Path, line: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{commands}:{os.environ['PATH']}", **variables}
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, env=environment)
