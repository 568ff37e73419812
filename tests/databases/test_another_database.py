"""A database of another package, the one of docs/add-a-target.md, can do all that the built-in ones can."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest

from sdgen.databases import registry
from sdgen.databases.base import DatabaseKind
from sdgen.execution.access import ANYTHING
from sdgen.execution.destinations import count_rows, open_reader, open_target
from sdgen.execution.target_kinds import facts, kind_of, kinds, named
from sdgen.execution.targets import inline_target
from sdgen.readers.sql.database import read_database
from sdgen.service.catalog_store import probe
from tests.targets.made import family, write
from tests.targets.places import Place, Rows
from tests.targets.test_contract import (  # noqa: F401
    test_a_new_place_that_was_given_up_is_gone,
    test_abort_before_anything,
    test_append,
    test_create_then_again,
    test_every_type_comes_back,
    test_failure_half_way,
    test_no_rows,
    test_truncate,
)

PAGE = (Path(__file__).parents[2] / "docs" / "add-a-target.md").read_text("utf-8")
(CODE,) = [block for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) if "TOY" in block]
(ENTRY,) = [block for block in re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) if "TOY" in block]


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> DatabaseKind:
    """As if the page's package were installed."""
    module = ModuleType("toy_database")
    exec(compile(CODE, "docs/add-a-target.md", "exec"), module.__dict__)
    kind: DatabaseKind = module.__dict__["TOY"]
    monkeypatch.setattr(registry, "_provided", lambda: (kind,))
    return kind


@pytest.fixture
def place(toy: DatabaseKind, tmp_path: Path) -> Place:
    """For the contract of targets."""
    destination = f"toy:///{tmp_path}/x"

    def raw(table: object) -> Rows:
        if not (tmp_path / "x").exists():
            return []
        with closing(open_reader(destination)) as reader:
            if not reader.columns(table):  # type: ignore[arg-type]
                return []
            found = reader.arrow(f'SELECT * FROM "{table.name}"')  # type: ignore[attr-defined]
        return [tuple(row.values()) for row in found.to_pylist()]

    return Place(destination, (), raw)


def test_it_is_known_by_what_its_record_says(toy: DatabaseKind, tmp_path: Path) -> None:
    assert kind_of("toy:///x") == kind_of("x.toy") == named("TOY") == "toy"
    assert "toy" in kinds()
    assert facts("toy").local
    assert not facts("toy").server
    assert type(open_target(f"{tmp_path}/x.toy")).__name__ == "ToyTarget"


def test_it_is_counted_probed_and_reflected(place: Place) -> None:
    tables = family()
    assert count_rows("toy", place.destination, list(tables)) == {}
    write(place.open(), tables)
    assert count_rows("toy", place.destination, list(tables)) == {"parents": 5, "children": 5}
    tried = probe(inline_target(place.destination, ANYTHING))
    assert (tried.ok, tried.kind, tried.can_create, tried.can_insert) == (True, "toy", True, True)
    schema = read_database(place.destination)
    assert [table.name.name for table in schema.tables] == ["parents", "children"]
    assert [key.table.name for key in schema.tables[1].foreign_keys] == ["parents", "children"]


def test_the_pages_commands(tmp_path: Path) -> None:
    """In processes of their own, where the entry point alone makes it known."""
    (tmp_path / "toy_database.py").write_text(CODE)
    installed = tmp_path / "toy_database-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-database\nVersion: 1\n")
    ((group, points),) = tomllib.loads(ENTRY)["project"]["entry-points"].items()
    lines = [f"{name} = {value}" for name, value in points.items()]
    (installed / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]))
    commands = re.findall(r"^    sdgen (.*toy:///.*)$", PAGE, re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["generate", "verify", "generate", "import"]
    printed = [_sdgen(f"{command} {_MORE.get(command.split()[0], '')}", tmp_path) for command in commands]
    assert "0 broken" in printed[1]
    assert re.search(r"^  orders:$", printed[3], re.MULTILINE)


_MORE = {"generate": "--scale 0.02 --seed 7 --as-of 2026-01-01", "verify": "--scale 0.02 --seed 7 --as-of 2026-01-01"}


def _sdgen(command: str, folder: Path) -> str:
    paths = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH", "")])])
    environment = {**os.environ, "PYTHONPATH": paths, "SDGEN_RUNS_DB": str(folder / "runs.sqlite")}
    done = subprocess.run(
        [sys.executable, "-m", "sdgen", *command.split()], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout
