"""A run that is killed half-way leaves the place as it was, and the next run works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sdgen.targets.base import Mode
from tests.targets.conftest import DATABASES, KEYLESS
from tests.targets.made import breaking, family, write
from tests.targets.places import Place

_ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("place", ["csv", *DATABASES, *KEYLESS], indirect=True)
@pytest.mark.parametrize("there", [False, True])
def test_killed_half_way(place: Place, there: bool) -> None:
    if there:
        write(place.open(), family())
    mode = Mode.TRUNCATE_THEN_INSERT if there else Mode.CREATE_IF_MISSING
    parents, children = family()
    before = [place.rows(parents), place.rows(children)]
    command = [sys.executable, "-m", "tests.targets.test_killed", place.destination, mode, *place.formats]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [place.rows(parents), place.rows(children)] == before
    write(place.open(), family(start=5), mode)
    assert [row[0] for row in place.rows(children)] == [5, 6, 7, 8, 9]
    if place.destination.endswith("/"):
        assert [path.name for path in Path(place.destination).parent.iterdir()] == ["out"]


def _die(destination: str, mode: str, *formats: str) -> None:
    """Write some rows of the second table, then die."""
    from sdgen.execution.destinations import open_target

    target = open_target(destination, formats)
    rows = family(start=5)
    assert target.check(list(rows), Mode(mode)) == []
    for table in rows:
        target.prepare(table, Mode(mode))
    for table, batches in rows.items():
        parts = [target.encode(table, batch) for batch in batches]
        try:
            target.write(table, breaking(parts) if table.name == "children" else parts)
        except RuntimeError:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    _die(*sys.argv[1:])
