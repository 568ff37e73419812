"""Files: their exact text, agreement between formats, row groups, leftovers, standard output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sdgen.errors import TargetError
from sdgen.execution.destinations import open_target
from sdgen.files.formats import TextFile
from sdgen.scenario.types import parse_type
from sdgen.targets import columnar
from sdgen.targets.base import Mode, Table, TableColumn
from sdgen.targets.paths import staged
from tests.targets.made import batch, every_type, family, write
from tests.targets.places import files


def _table(*types: str) -> Table:
    return Table("t", "t", tuple(TableColumn(f"c{n}", parse_type(text), True) for n, text in enumerate(types)))


def test_csv_text(tmp_path: Path) -> None:
    table = _table("string", "bool", "double", "decimal(5,2)", "uuid", "array<string>")
    rows: list[list[Any]] = [
        ["plain", True, 1.5, 1, bytes(15) + b"\x01", ["a", "b"]],
        ["", False, 2.0, None, None, []],
        ['a "b", c', None, None, 2, None, None],
        ["two\nlines", None, None, None, None, None],
    ]
    write(
        open_target(f"{tmp_path}/out/"), {table: [batch(table, [dict(zip(table.names, r, strict=True)) for r in rows])]}
    )
    assert (tmp_path / "out" / "t.csv").read_bytes().decode() == (
        "c0,c1,c2,c3,c4,c5\n"
        'plain,true,1.5,1.00,00000000-0000-0000-0000-000000000001,"[""a"",""b""]"\n'
        '"",false,2,,,[]\n'
        '"a ""b"", c",,,2.00,,\n'
        '"two\nlines",,,,,\n'
    )


def test_csv_does_not_depend_on_batches(tmp_path: Path) -> None:
    table, data = every_type(40)
    write(open_target(f"{tmp_path}/one/", ("csv", "jsonl", "json")), {table: [batch(table, data)]})
    parts = [batch(table, data[at : at + 3]) for at in range(0, 40, 3)]
    write(open_target(f"{tmp_path}/many/", ("csv", "jsonl", "json")), {table: parts})
    for name in ("every type.csv", "every type.jsonl", "every type.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "many" / name).read_bytes()


def test_formats_agree(tmp_path: Path) -> None:
    table, data = every_type(40)
    formats = ("csv", "jsonl", "json", "parquet", "arrow")
    write(open_target(f"{tmp_path}/out/", formats), {table: [batch(table, data)]})
    csv, jsonl, json, parquet, arrow = (files(tmp_path / "out", format).rows(table) for format in formats)
    assert len(csv) == 40
    assert csv == jsonl == json == parquet == arrow


@pytest.mark.parametrize(("rows", "text"), [(0, "[]\n"), (1, '[\n{"c0":1}\n]\n'), (2, '[\n{"c0":1},\n{"c0":1}\n]\n')])
def test_an_array_of_objects(tmp_path: Path, rows: int, text: str) -> None:
    table = _table("int")
    parts = [batch(table, [{"c0": 1}])] * rows
    write(open_target(f"{tmp_path}/out/", ("json",)), {table: parts})
    assert (tmp_path / "out" / "t.json").read_text() == text


def test_row_groups_stand_at_fixed_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "rows_per_group", lambda columns: 10)
    table = _table("int", "string")
    data = [{"c0": n, "c1": f"w{n % 3}"} for n in range(25)]
    sizes = {"a": 25, "b": 4, "c": 1, "d": 10}
    for name, size in sizes.items():
        parts = [batch(table, data[at : at + size], ["c1"]) for at in range(0, 25, size)]
        write(open_target(f"{tmp_path}/{name}/", ("parquet",)), {table: parts})
        meta = pq.read_metadata(tmp_path / name / "t.parquet")
        assert [meta.row_group(n).num_rows for n in range(meta.num_row_groups)] == [10, 10, 5]
        assert meta.row_group(0).column(0).statistics.max == 9
        read = pq.read_table(tmp_path / name / "t.parquet")
        assert read.schema.field("c1").type == pa.string()
        assert read.column("c0").to_pylist() == list(range(25))


def test_uuids_are_the_logical_type(tmp_path: Path) -> None:
    table = _table("uuid", "json")
    write(open_target(f"{tmp_path}/out/", ("parquet",)), {table: [batch(table, [{"c0": bytes(16), "c1": "{}"}])]})
    schema = pq.ParquetFile(tmp_path / "out" / "t.parquet").schema
    assert [str(schema.column(n).logical_type) for n in range(2)] == ["UUID", "JSON"]


def test_leftovers_of_dead_processes_go(tmp_path: Path) -> None:
    dead, mine = tmp_path / ".out.sdgen-999999999-0123abcd", staged(tmp_path / "out")
    for folder in (dead, mine):
        folder.mkdir()
        (folder / "t.csv").touch()
    write(open_target(f"{tmp_path}/out/"), family())
    assert not dead.exists()
    assert mine.exists()


def test_files_that_were_being_put_in_place_are_there_for_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was killed between two renames is as good as done: who comes next sees all of its files."""
    parents, children = family()
    (tmp_path / "out").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rmdir", lambda path: None)
        write(open_target(f"{tmp_path}/out/"), family())
    (staging,) = tmp_path.glob(".out*.placing")
    (tmp_path / "out" / "parents.csv").rename(staging / "parents.csv")
    dead = staging.rename(tmp_path / ".out.sdgen-999999999-0123abcd.placing")
    assert open_target(f"{tmp_path}/out/").check([parents, children], Mode.APPEND_ONLY) == []
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["children.csv", "parents.csv"]
    assert not dead.exists()


def test_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    write(open_target(f"{tmp_path}/out"), family())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["children.csv", "notes.txt", "parents.csv"]


def test_append_needs_the_same_columns(tmp_path: Path) -> None:
    parents, _ = family()
    (tmp_path / "parents.csv").write_text("other,columns\n")
    (problem,) = open_target(str(tmp_path)).check([parents], Mode.APPEND_ONLY)
    assert "first line" in problem.what


def test_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    table = _table("int", "string")
    write(open_target("-"), {table: [batch(table, [{"c0": 1, "c1": "x"}])]})
    assert capfdbinary.readouterr().out == b"c0,c1\n1,x\n"
    problems = open_target("-").check([table, table], Mode.CREATE_IF_MISSING)
    assert "one table" in problems[0].what


@pytest.mark.parametrize("format", ["parquet", "arrow"])
def test_a_column_may_come_coded_once_and_plain_another_time(tmp_path: Path, format: str) -> None:
    table = _table("string")
    first: list[dict[str, Any]] = [{"c0": "a"}, {"c0": None}]
    second: list[dict[str, Any]] = [{"c0": "b"}]
    pairs: list[tuple[str, tuple[list[str], list[str]]]] = [
        ("x", (["c0"], [])),
        ("y", ([], ["c0"])),
        ("z", (["c0"], ["c0"])),
    ]
    for name, coded in pairs:
        parts = [batch(table, first, coded[0]), batch(table, second, coded[1])]
        write(open_target(f"{tmp_path}/{name}/", (format,)), {table: parts})
        place = files(tmp_path / name, format)
        assert [row[0] for row in place.raw(table)] == ["a", None, "b"]


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own words, and nothing left behind."""

    def full(self: object, part: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(TextFile, "write", full)
    with pytest.raises(TargetError, match="No space left on device"):
        write(open_target(f"{tmp_path}/out/"), family())
    assert list(tmp_path.iterdir()) == []
