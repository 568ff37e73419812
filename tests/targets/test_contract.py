"""What every target promises: the values come back, the modes hold, and a failed run changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdgen.errors import TargetError
from sdgen.targets.base import Mode
from tests.targets.made import batch as made_batch
from tests.targets.made import breaking, every_type, family, write
from tests.targets.places import Place


def _listing(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("coded", [False, True])
def test_every_type_comes_back(place: Place, coded: bool) -> None:
    table, data = every_type(33)
    table = place.declaring(table)
    texts = [c.name for c in table.columns if c.type.kind in {"string", "text", "enum"}] if coded else []
    write(place.open(), {table: [made_batch(table, data[:20], texts), made_batch(table, data[20:], texts)]})
    wanted = [tuple(place.kept(row[column.name], column.type) for column in table.columns) for row in data]
    found = place.rows(table)
    assert len(found) == len(wanted)
    for found_row, row in zip(found, wanted, strict=True):
        assert dict(zip(table.names, found_row, strict=True)) == dict(zip(table.names, row, strict=True))


def test_no_rows(place: Place) -> None:
    table, _ = every_type()
    write(place.open(), {table: []})
    assert place.rows(table) == []
    assert place.open().check([table], Mode.TRUNCATE_THEN_INSERT) == []


def test_create_then_again(place: Place) -> None:
    first = family()
    write(place.open(), first)
    parents, children = first
    target = place.open()
    problems = target.check([parents, children], Mode.CREATE_IF_MISSING)
    target.abort()
    if place.database:
        assert problems == []
        write(place.open(), family(start=5))
        assert [row[0] for row in place.rows(children)] == list(range(10))
    else:
        assert len(problems) == 2
        assert all("truncate_then_insert" in problem.hint for problem in problems)


def test_truncate(place: Place) -> None:
    write(place.open(), family(count=6))
    write(place.open(), family(count=4), Mode.TRUNCATE_THEN_INSERT)
    for table in family():
        assert [row[0] for row in place.rows(table)] == [0, 1, 2, 3]


def test_append(place: Place) -> None:
    first, second = family(), family(start=5)
    target = place.open()
    missing = target.check(list(first), Mode.APPEND_ONLY)
    target.abort()
    assert len(missing) == 2
    write(place.open(), first)
    if place.formats == ("json",):
        problems = place.open().check(list(second), Mode.APPEND_ONLY)
        assert len(problems) == 2
        assert all("can't be appended to" in problem.what for problem in problems)
        return
    write(place.open(), second, Mode.APPEND_ONLY)
    for table in second:
        assert [row[0] for row in place.rows(table)] == list(range(10))


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("mode", [Mode.CREATE_IF_MISSING, Mode.TRUNCATE_THEN_INSERT, Mode.APPEND_ONLY])
def test_failure_half_way(place: Place, tmp_path: Path, there: bool, mode: Mode) -> None:
    if there:
        write(place.open(), family())
    parents, children = family()
    before, files = [place.rows(parents), place.rows(children)], _listing(tmp_path)
    target = place.open()
    if target.check([parents, children], mode):
        target.abort()
        pytest.skip("refused from the start")
    rows = family(start=5)
    target.prepare(parents, mode)
    target.prepare(children, mode)
    target.write(parents, (target.encode(parents, each) for each in rows[parents]))
    with pytest.raises(RuntimeError, match="broken half-way"):
        target.write(children, breaking(target.encode(children, each) for each in rows[children]))
    target.abort()
    target.abort()
    assert [place.rows(parents), place.rows(children)] == before
    assert _listing(tmp_path).keys() == files.keys()
    if not place.database:
        assert _listing(tmp_path) == files


def test_abort_before_anything(place: Place, tmp_path: Path) -> None:
    target = place.open()
    target.check(list(family()), Mode.CREATE_IF_MISSING)
    target.abort()
    assert _listing(tmp_path) == {}


def test_a_new_place_that_was_given_up_is_gone(place: Place, tmp_path: Path) -> None:
    """Also where tables were made already, and rows were written."""
    target, tables = place.open(), family()
    assert target.check(list(tables), Mode.CREATE_IF_MISSING) == []
    for table, rows in tables.items():
        target.prepare(table, Mode.CREATE_IF_MISSING)
        target.write(table, (target.encode(table, each) for each in rows))
    target.abort()
    assert _listing(tmp_path) == {}


def test_bad_rows_leave_nothing(database: Place) -> None:
    """A duplicate key is refused by the database itself, at the latest in finish."""
    parents, children = family()
    rows = family()[parents] * 2
    with pytest.raises(TargetError, match=r"(?i)dupl|unique"):
        write(database.open(), {parents: rows, children: []})
    assert database.rows(parents) == []
