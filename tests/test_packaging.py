"""What is installed: the locks cover what pyproject.toml asks, the oldest pins are its lower bounds, old Pythons are told so."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = {name: [Requirement(text) for text in texts] for name, texts in PROJECT["optional-dependencies"].items()}
BASE = [Requirement(text) for text in PROJECT["dependencies"]]
CLOSES = r" \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+"


def tool(name: str) -> ModuleType:
    spec = spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text_of(lock: str) -> str:
    return (ROOT / "requirements" / lock).read_text("utf-8")


def pins(lock: str) -> dict[str, set[Version]]:
    found: dict[str, set[Version]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text_of(lock), re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(Version(version))
    return found


@pytest.mark.parametrize(
    ("lock", "asked"),
    [("base.txt", BASE), ("locked.txt", [*BASE, *EXTRAS["clickhouse"], *EXTRAS["leg"], *EXTRAS["test"]])],
)
def test_a_lock_has_an_allowed_version_of_everything(lock: str, asked: list[Requirement]) -> None:
    locked = pins(lock)
    for requirement in asked:
        if requirement.name != "sdgen":
            versions = locked.get(canonicalize_name(requirement.name), set())
            assert versions, f"{requirement} is not in requirements/{lock}: make lock"
            assert all(requirement.specifier.contains(version) for version in versions), f"{requirement}: make lock"


def test_the_locks_agree() -> None:
    whole = pins("locked.txt")
    for part in ("base.txt", "build.txt"):
        assert pins(part).items() <= whole.items(), (
            f"requirements/{part} is not of one piece with locked.txt: make lock"
        )


@pytest.mark.parametrize("lock", ["base.txt", "build.txt", "locked.txt"])
def test_every_pin_has_hashes_and_no_index_is_named(lock: str) -> None:
    head, _, body = text_of(lock).partition("\n")
    assert re.match(r"# Python 3\.\d+ to 3\.\d+", head)
    assert re.fullmatch(rf"(?:[\w.-]+==[^\s;]+(?: ; [^\\\n]+?)?{CLOSES})+", body)
    assert "://" not in body


def test_the_oldest_pins_are_the_lower_bounds() -> None:
    oldest = pins("oldest.txt")
    for requirement in [*BASE, *EXTRAS["clickhouse"]]:
        (bound,) = [Version(part.version) for part in requirement.specifier if part.operator == ">="]
        assert oldest.pop(canonicalize_name(requirement.name)) == {bound}, requirement.name
    assert not oldest


def test_the_base_is_what_the_readme_needs_and_old_extras_stay() -> None:
    names = {requirement.name for requirement in BASE}
    assert {"sqlalchemy", "fastapi", "jinja2", "uvicorn", "pymysql", "tree-sitter", "tree-sitter-typescript"} <= names
    assert {"database", "service", "mysql", "typescript", "clickhouse"} <= EXTRAS.keys()


@pytest.mark.parametrize(
    ("version", "versions", "words"),
    [
        ((3, 9), "newest", "error: Python 3.9 to install with, but the newest versions are for Python 3.11 or newer\n"),
        ((3, 9), "locked", "the locked versions are for Python 3.11 to 3."),
        ((3, 99), "locked", "VERSIONS=newest"),
        ((3, 99), "oldest", "the oldest versions are for Python 3.11 to 3.13"),
        ((3, 99), "newest", ""),
        ((3, 12), "locked", ""),
    ],
)
def test_a_python_that_will_not_do_is_told_so(version: tuple[int, int], versions: str, words: str) -> None:
    refusal = tool("environment").refusal(version, versions)
    assert words in refusal
    assert bool(words) == bool(refusal)
    assert not refusal or "PYTHON=python3." in refusal


def test_other_versions_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "tools" / "environment.py"), str(tmp_path / "venv"), "latest"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "invalid choice: 'latest'" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_renewed_lock_tells_what_changed() -> None:
    before = "a==1 \\\n    --hash=sha256:00\nb==2 ; python_full_version < '3.12' \\\nb==3 ; python_full_version >= '3.12' \\\n"
    after = "a==1.1 \\\n    --hash=sha256:01\nb==2 ; python_full_version < '3.12' \\\nb==3 ; python_full_version >= '3.12' \\\nc==1 \\\n"
    assert tool("lock").changes(before, after) == ["a: 1 -> 1.1", "c: not there -> 1"]
