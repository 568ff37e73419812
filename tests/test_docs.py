"""Examples in the documents run as they stand, in the order in which a reader meets them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ["README.md", *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").glob("*.md")))]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$|^    \$ (.*?)$", re.MULTILINE | re.DOTALL)
_NEEDS_MORE = ("postgresql://", "mysql://", "clickhouse://", "counted://", "NAME", "SCENARIO")


def blocks(document: str) -> Iterator[tuple[str, str]]:
    for match in _BLOCK.finditer((ROOT / document).read_text("utf-8")):
        yield (match[1] or "sh"), (match[2] or match[3])


def runnable() -> list[str]:
    return [document for document in DOCS if any(kind in ("sh", "python") for kind, _ in blocks(document))]


@pytest.mark.parametrize("document", runnable())
def test_a_document(document: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for kind, text in blocks(document):
        if kind == "yaml" and text.startswith("name: "):
            name = text.splitlines()[0].removeprefix("name: ").split()[0]
            (tmp_path / f"{name}.yaml").write_text(text)
        elif kind == "sql":
            (tmp_path / text.splitlines()[0].removeprefix("-- ")).write_text(text)
        elif kind == "python":
            run([sys.executable, "-c", text], tmp_path)
        elif kind == "sh":
            for line in text.replace("\\\n", " ").splitlines():
                command = line.partition("  # ")[0].strip()
                if command.startswith("sdgen ") and not needs_more(command, tmp_path):
                    run(["bash", "-c", again(command)], tmp_path)


def needs_more(command: str, folder: Path) -> bool:
    """Whether a command speaks of something that isn't here: a server, a place holder, a schema not shown."""
    schema = "schema.sql" in command and not (folder / "schema.sql").exists()
    return schema or any(word in command for word in _NEEDS_MORE)


def again(command: str) -> str:
    """Places are written twice in a document: the second time, replace what is there."""
    writes = " --to " in command and not any(word in command for word in ("|", "--mode", "--to -"))
    return f"{command} --mode truncate_then_insert" if writes else command


def run(command: list[str], folder: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "SDGEN_RUNS_DB": str(folder / "runs.sqlite")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
