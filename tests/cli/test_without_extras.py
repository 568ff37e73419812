"""A plain install: what works without the optional packages, and what is said where a package is missing."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sdgen.errors import install_hint

# What `pip install .` brings is what pyproject.toml lists; the extras, and what only the tests need, are hidden.
EXTRAS = ("chdb", "clickhouse_connect", "pytest", "httpx", "scipy", "hypothesis", "jsonschema", "pandas")
WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in {missing}:
            raise ModuleNotFoundError("No module named " + repr(top), name=top)
sys.meta_path.insert(0, Missing())
from sdgen.cli import main
main()
"""
MODELS = """\
export interface Visit { visit_id: Key<string>; stars: number; }
export const visits = new OlapTable<Visit>("visits", { orderByFields: ["visit_id"] });
"""


def _sdgen(folder: Path, *words: str, missing: tuple[str, ...] = EXTRAS) -> subprocess.CompletedProcess[str]:
    program = WITHOUT.replace("{missing}", repr(set(missing)))
    return subprocess.run(
        [sys.executable, "-c", program, *words], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "command",
    [
        "generate iot --to x.duckdb",
        "generate shop --to x --size 1MB",
        "generate models.ts --rows 5 --to x.sqlite",
        "run start --scenario iot --target x_demo.sqlite",
        "run list",
        "scenario list",
        "target list",
        "serve --help",
    ],
)
def test_a_plain_install_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("SDGEN_RUNS_DB", str(tmp_path / "runs.sqlite"))
    (tmp_path / "models.ts").write_text(MODELS)
    done = _sdgen(tmp_path, *shlex.split(command))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("url", "package"), [("chdb:///x", "chdb"), ("clickhouse://localhost/x", "clickhouse-connect")]
)
def test_what_needs_an_extra_tells_this_interpreters_command(tmp_path: Path, url: str, package: str) -> None:
    done = _sdgen(tmp_path, "generate", "iot", "--to", url)
    assert done.returncode == 1
    assert f"needs the package {package}" in done.stderr
    command = done.stderr.partition("install it: ")[2].strip()
    assert shlex.split(command) == [sys.executable, "-m", "pip", "install", "sdgen[clickhouse]"]


@pytest.mark.parametrize(
    ("command", "package"),
    [("generate iot --to x.duckdb", "duckdb"), ("run list", "sqlalchemy"), ("serve", "fastapi")],
)
def test_a_broken_install_is_told_as_one(tmp_path: Path, command: str, package: str) -> None:
    done = _sdgen(tmp_path, *command.split(), missing=(package,))
    assert done.returncode == 1
    assert f"this needs {package}, which is not installed" in done.stderr
    assert shlex.join([sys.executable, "-m", "pip", "install", "sdgen"]) in done.stderr
    assert "bug" not in done.stderr


def test_where_there_is_no_pip_uv_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sdgen.errors.find_spec", lambda name: None)
    command = shlex.split(install_hint("sdgen[clickhouse]").removeprefix("install it: "))
    assert command == ["uv", "pip", "install", "--python", sys.executable, "sdgen[clickhouse]"]
