"""Renews the locks in requirements/ with the newest versions that pyproject.toml allows, and says which ones changed.

Run by `make lock`, in an environment that has uv. It takes the index that pip is configured for; none is written down.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "requirements"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "x86_64-apple-darwin", "aarch64-apple-darwin")
HEAD = f"# Python {PYTHONS[0]} to {PYTHONS[-1]} on Linux (glibc) and macOS. Made by `make lock`: not to be edited.\n"
_UNIVERSAL = ("--universal", "--generate-hashes", "--no-header", "--no-annotate", "--python-version", PYTHONS[0])
_WITHIN = ("--constraint", "requirements/locked.txt")
# The first has everything; the others are parts of it, so that no two ever want different versions.
LOCKS: dict[str, tuple[str, ...]] = {
    "locked.txt": ("pyproject.toml", "-", "--extra", "test"),
    "base.txt": ("pyproject.toml", *_WITHIN),
    "build.txt": ("-", *_WITHIN),
}
_PIN = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)


def build_requirements() -> str:
    """What building the project needs, an editable install included, as lines."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return "\n".join([*project["build-system"]["requires"], "editables"])


def uv(*words: str) -> str:
    """Run uv on the build's requirements as its standard input, and hand back its output; leave where it fails."""
    index = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    )
    chosen = os.environ.get("PIP_INDEX_URL") or index.stdout.strip()
    environment = {**os.environ, **({"UV_DEFAULT_INDEX": chosen} if chosen else {})}
    command = [sys.executable, "-m", "uv", "--quiet", *words]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, input=build_requirements(), stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"error: uv {' '.join(words)} failed")
    return done.stdout


def versions(text: str) -> dict[str, set[str]]:
    """Versions by package: some have several, for different Pythons."""
    found: dict[str, set[str]] = {}
    for name, version in _PIN.findall(text):
        found.setdefault(name, set()).add(version)
    return found


def changes(before: str, after: str) -> list[str]:
    old, new = versions(before), versions(after)
    return [
        f"{name}: {', '.join(sorted(old.get(name, {'not there'})))} -> {', '.join(sorted(new.get(name, {'gone'})))}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def check_wheels() -> None:
    """Every pinned version is there as a wheel for each Python and platform that the first line names."""
    for python in PYTHONS:
        for platform in PLATFORMS:
            place = ("--python-version", python, "--python-platform", platform)
            # Offline: the index was asked a moment ago.
            uv("pip", "compile", "requirements/locked.txt", "--offline", "--no-deps", "--only-binary", ":all:", *place)


def main() -> None:
    locked = FOLDER / "locked.txt"
    before = locked.read_text("utf-8") if locked.exists() else ""
    for name, words in LOCKS.items():
        (FOLDER / name).write_text(HEAD + uv("pip", "compile", *_UNIVERSAL, *words), "utf-8")
    check_wheels()
    print("\n".join(changes(before, locked.read_text("utf-8"))) or "requirements/ holds the newest versions already")


if __name__ == "__main__":
    main()
