"""A plain install: what works without the optional packages, and what is said where one is wanted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"sqlalchemy", "fastapi", "jinja2", "uvicorn", "pymysql", "tree_sitter"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name.partition(".")[0])
sys.meta_path.insert(0, Missing())
from sdgen.cli import main
main()
"""


def _sdgen(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", WITHOUT, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("place", "more"), [("x.duckdb", ()), ("x", ("--size", "1MB"))])
def test_rows_are_written_without_them(tmp_path: Path, place: str, more: tuple[str, ...]) -> None:
    done = _sdgen("generate", "iot", "--to", str(tmp_path / place), *more)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / place).exists()


@pytest.mark.parametrize("command", ["run list", "target list", "serve"])
def test_what_needs_one_names_its_extra(command: str) -> None:
    done = _sdgen(*command.split())
    assert done.returncode == 1
    assert 'pip install "sdgen[service]"' in done.stderr.replace("'", '"')
    assert "bug" not in done.stderr
