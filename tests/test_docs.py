"""Examples in the documents run as they stand, in the order in which a reader meets them."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.typed import shell_commands, typed

ROOT = Path(__file__).parent.parent
DOCS = ["README.md", *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").glob("*.md")))]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$|^    \$ (.*?)$", re.MULTILINE | re.DOTALL)
_API = re.compile(r"^    \$ (sdgen serve &|curl .*?|kill %1)(?:  +#.*)?$", re.MULTILINE)
_ELSEWHERE = ("docs/spark.md", "docs/dask-and-ray.md")  # tests/clusters runs their examples, on its clusters
_BY_PROCESSES = ("README.md", "docs/tutorial.md")  # what people type first is run as they do: each command is a process
_NEEDS_MORE = (
    "sdgen serve",
    "dask://",
    "ray://",
    "spark://",
    "postgresql://",
    "mysql://",
    "clickhouse://",
    "counted://",
    "NAME",
    "SCENARIO",
    "nats://",
    "s3://",
    "lake/",
)


def blocks(document: str) -> Iterator[tuple[str, str]]:
    for match in _BLOCK.finditer((ROOT / document).read_text("utf-8")):
        yield (match[1] or "sh"), (match[2] or match[3])


def runnable() -> list[str]:
    documents = [document for document in DOCS if document not in _ELSEWHERE]
    return [document for document in documents if any(kind in ("sh", "python") for kind, _ in blocks(document))]


@pytest.fixture
def shell(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shell_commands(tmp_path_factory.mktemp("bin"))


@pytest.mark.parametrize("document", runnable())
def test_a_document(document: str, tmp_path: Path, shell: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
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
                    line = again(command)
                    if document in _BY_PROCESSES:
                        run(["bash", "-c", line], tmp_path)
                    else:
                        succeeded(line, typed(shell, line, SDGEN_RUNS_DB=str(tmp_path / "runs.sqlite")))


def furnish(folder: Path) -> None:
    """What a reader has who stands in the repository's folder."""
    (folder / "out").mkdir()
    for name in ("examples", "targets"):
        shutil.copytree(ROOT / name, folder / name)


def test_the_readmes_yaml_is_an_example() -> None:
    (shown,) = [text for kind, text in blocks("README.md") if kind == "yaml"]
    assert shown == (ROOT / "examples" / "quickstart.yaml").read_text("utf-8")


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_readmes_quick_start_of_the_api(tmp_path: Path) -> None:
    """As it is typed, but for the port, which another program may hold, and a wait until the server answers."""
    furnish(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    serve, *requests, end = _API.findall((ROOT / "README.md").read_text("utf-8"))
    assert (serve, end) == ("sdgen serve &", "kill %1")
    ready = f"curl --silent --retry 60 --retry-connrefused --retry-delay 1 localhost:{port}/api/v1/health"
    lines = [f"sdgen serve --port {port} &", ready, *(line.replace("8765", port) for line in requests)]
    script = "\n".join(f"{line}\necho" for line in lines)
    answers = run(["bash", "-c", f"trap 'kill %1; wait' EXIT\nset -m -e\n{script}"], tmp_path)
    last = json.loads(answers.strip().splitlines()[-1])
    assert (last["status"], last["entities"][0]["written"]) == ("success", 100)
    assert (tmp_path / "out" / "quickstart_demo.sqlite").exists()


def needs_more(command: str, folder: Path) -> bool:
    """Whether a command speaks of something that isn't here: a server, a place holder, a schema not shown."""
    schema = "schema.sql" in command and not (folder / "schema.sql").exists()
    return schema or any(word in command for word in _NEEDS_MORE)


def again(command: str) -> str:
    """Places are written twice in a document: the second time, replace what is there."""
    writes = " --to " in command and not any(word in command for word in ("|", "--mode", "--to -"))
    return f"{command} --mode truncate_then_insert" if writes else command


def run(command: list[str], folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "SDGEN_RUNS_DB": str(folder / "runs.sqlite")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return succeeded(shlex.join(command), done)


def succeeded(line: str, done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout
