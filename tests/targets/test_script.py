"""SQL scripts: loaded by the databases themselves, they give the rows they were made of; all or nothing as a file."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest

import sdgen
from sdgen.databases import sql_literals
from sdgen.databases.mysql.create import fitted
from sdgen.errors import TargetError
from sdgen.execution.destinations import open_target
from sdgen.files.script import SCRIPT_DIALECTS
from sdgen.scenario.types import parse_type
from sdgen.targets.base import Mode, Reference, Table, TableColumn
from sdgen.targets.tables import tables_of
from tests.targets import servers
from tests.targets.made import batch, breaking, canonical, every_type, family, write

DIALECTS = tuple(SCRIPT_DIALECTS)
Rows = list[tuple[Any, ...]]
_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def mariadb() -> Iterator[servers.Server]:
    if servers.missing():
        pytest.skip(f"{servers.missing()} is not installed")
    with servers.running() as server:
        yield server


class Database:
    """An empty database that takes scripts, and gives a table's rows in canonical form."""

    def __init__(self, run: Callable[[bytes], object], raw: Callable[[Table], Rows]) -> None:
        self.run = run
        self.raw = raw

    def rows(self, table: Table) -> Rows:
        types = [column.type for column in table.columns]
        found = [tuple(map(canonical, row, types)) for row in self.raw(table)]
        return sorted(found, key=lambda row: row[0])


@pytest.fixture(params=DIALECTS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    return _DATABASES[request.param](request, tmp_path)


def _postgres(request: pytest.FixtureRequest, folder: Path) -> Database:
    connection = psycopg.connect(request.getfixturevalue("postgres_url"), autocommit=True)
    request.addfinalizer(connection.close)
    connection.execute("SET timezone = 'Asia/Tokyo'")
    return Database(connection.execute, lambda table: connection.execute(_all(table, '"').encode()).fetchall())


def _mysql(request: pytest.FixtureRequest, folder: Path) -> Database:
    server: servers.Server = request.getfixturevalue("mariadb")
    server.run(
        b"DROP DATABASE IF EXISTS d; CREATE DATABASE d DEFAULT CHARACTER SET latin1; SET GLOBAL time_zone = '+09:00'"
    )

    def raw(table: Table) -> Rows:
        cells = ", ".join(f"IFNULL(HEX(CAST(`{name}` AS BINARY)), '-')" for name in table.names)
        text = server.run(
            f"SET time_zone = '+00:00'; SELECT {cells} FROM `{table.name}`".encode(), "d", "--batch", "-N"
        )
        return [tuple(map(_cell, line.split("\t"), table.columns)) for line in text.splitlines()]

    return Database(lambda script: server.run(script, "d"), raw)


def _cell(text: str, column: TableColumn) -> Any:
    if text == "-":
        return None
    value = bytes.fromhex(text)
    if column.type.kind in ("binary", "bool"):
        return int(value) if column.type.kind == "bool" else value
    return value.decode() + ("+00:00" if column.type.kind == "timestamptz" else "")


def _sqlite(request: pytest.FixtureRequest, folder: Path) -> Database:
    connection = sqlite3.connect(folder / "x.sqlite", isolation_level=None)
    request.addfinalizer(connection.close)
    return Database(
        lambda script: connection.executescript(script.decode()),
        lambda table: connection.execute(_all(table, '"')).fetchall(),
    )


def _all(table: Table, quote: str) -> str:
    return f"SELECT * FROM {quote}{table.name}{quote}"


_DATABASES = {"postgres": _postgres, "mysql": _mysql, "sqlite": _sqlite}


def _dialect(request: pytest.FixtureRequest) -> str:
    return str(request.node.callspec.params["database"])


def _script(folder: Path, dialect: str, tables: dict[Table, list[pa.RecordBatch]], **how: Any) -> bytes:
    place = folder / f"{len(list(folder.iterdir()))}.sql"
    write(open_target(str(place), (f"sql:{dialect}",)), tables, **how)
    return place.read_bytes()


@pytest.mark.parametrize("coded", [False, True])
def test_every_type_comes_back(database: Database, tmp_path: Path, request: pytest.FixtureRequest, coded: bool) -> None:
    table, data = every_type(530)
    texts = [c.name for c in table.columns if c.type.kind in {"string", "text", "enum"}] if coded else []
    parts = [batch(table, data[:512], texts), batch(table, data[512:], texts)]
    database.run(_script(tmp_path, _dialect(request), {table: parts}))
    wanted = [tuple(canonical(row[column.name], column.type) for column in table.columns) for row in data]
    found = database.rows(table)
    assert len(found) == len(wanted)
    for found_row, row in zip(found, wanted, strict=True):
        assert dict(zip(table.names, found_row, strict=True)) == dict(zip(table.names, row, strict=True))


NASTY = [
    "it's",
    "''",
    "\\",
    "\\'",
    "a\\nb",
    "a\nb",
    "\r\n",
    "\t",
    "\x1a",
    "%s",
    ";",
    "--",
    "/*",
    "$$",
    ":x",
    "?",
    "`",
    '"',
    "𝄞",
    "\x7f",
]


def test_nasty_texts(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    dialect = _dialect(request)
    nasty = [*NASTY, "".join(NASTY), *([] if dialect == "postgres" else ["nul\0here", "\0"])]
    named = (("k", "int"), ("t", "text"), ("n'a`m\"e;", "text"))
    table = Table("nasty", "n", tuple(TableColumn(name, parse_type(type), True) for name, type in named))
    data = [{"k": number, "t": text, named[2][0]: text} for number, text in enumerate(nasty)]
    database.run(_script(tmp_path, dialect, {table: [batch(table, data)]}))
    table = replace(table, columns=table.columns[:2])
    assert [row[:2] for row in database.rows(table)] == list(enumerate(nasty))


def test_nul_is_refused_for_postgres(tmp_path: Path) -> None:
    table = Table("t", "t", (TableColumn("c", parse_type("text"), True),))
    with pytest.raises(TargetError, match="NUL"):
        _script(tmp_path, "postgres", {table: [batch(table, [{"c": "a\0b"}])]})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("literals", "wanted"),
    [
        (sql_literals.POSTGRES, ["'NaN'", "'Infinity'", "'-Infinity'", "1.5", None]),
        (sql_literals.MYSQL, ["NULL", "NULL", "NULL", "1.5", None]),
        (sql_literals.SQLITE, ["NULL", "9e999", "-9e999", "1.5", None]),
    ],
)
def test_numbers_that_are_none(literals: sql_literals.Literals, wanted: list[str]) -> None:
    numbers = pa.array([float("nan"), float("inf"), float("-inf"), 1.5, None])
    assert literals.of(numbers, parse_type("double")).to_pylist() == wanted


def test_statements_end_at_fixed_rows(tmp_path: Path) -> None:
    table = Table("t", "t", (TableColumn("c", parse_type("int"), False),))
    data = [{"c": number} for number in range(1536)]
    whole = _script(tmp_path, "postgres", {table: [batch(table, data)]})
    parts = _script(tmp_path, "postgres", {table: [batch(table, data[:1024]), batch(table, data[1024:])]})
    assert whole == parts
    assert whole.count(b"INSERT INTO") == 3


def test_long_rows_make_short_statements() -> None:
    type, words = parse_type("text"), pa.record_batch({"c": ["x" * 100_000] * 64})
    text = sql_literals.encode([type], words, "INSERT INTO t (c) VALUES", sql_literals.POSTGRES).to_pybytes()
    assert max(map(len, text.split(b"INSERT"))) < sql_literals.LONGEST
    assert text.count(b"INSERT") == 2


def test_keys_hold_in_the_database(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Links, trees and unique sets are declared, and all rows are taken."""
    parents, children = family()
    database.run(_script(tmp_path, _dialect(request), family()))
    assert [row[0] for row in database.rows(children)] == [0, 1, 2, 3, 4]
    insert = "INSERT INTO parents (id, email) VALUES (99, 'p1@example.com');"
    with pytest.raises((psycopg.Error, sqlite3.Error, AssertionError), match=r"(?i)duplicate|unique"):
        database.run(insert.encode())
    assert len(database.rows(parents)) == 5


def test_unique_texts_differ_by_case(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    column = TableColumn("c", parse_type("text"), False)
    table = Table("t", "t", (column,), 0, ("c",))
    database.run(_script(tmp_path, _dialect(request), {table: [batch(table, [{"c": text} for text in "aAáÁ"])]}))
    assert len(database.rows(table)) == 4


def _circle() -> dict[Table, list[pa.RecordBatch]]:
    key = parse_type("int")
    columns = (TableColumn("id", key, False), TableColumn("other", key, True))
    tables = [
        Table(name, name, columns, 2, ("id",), (), (Reference(("other",), other, ("id",)),))
        for name, other in (("hens", "eggs"), ("eggs", "hens"))
    ]
    return {table: [batch(table, [{"id": 1, "other": 2}, {"id": 2, "other": 1}])] for table in tables}


def test_tables_in_a_circle(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    circle = _circle()
    database.run(_script(tmp_path, _dialect(request), circle))
    again = _script(tmp_path, _dialect(request), _circle(), mode=Mode.APPEND_ONLY)
    with pytest.raises((psycopg.Error, sqlite3.Error, AssertionError)):
        database.run(again)  # the keys are there already
    with suppress(sqlite3.Error):
        database.run(b"ROLLBACK")
    assert all(len(database.rows(table)) == 2 for table in circle)


def test_truncating_and_appending(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    dialect = _dialect(request)
    database.run(_script(tmp_path, dialect, family(count=6)))
    database.run(_script(tmp_path, dialect, family(count=3), mode=Mode.TRUNCATE_THEN_INSERT))
    append = _script(tmp_path, dialect, family(start=3, count=3), mode=Mode.APPEND_ONLY)
    assert b"CREATE" not in append
    database.run(append)
    for table in family():
        assert [row[0] for row in database.rows(table)] == [0, 1, 2, 3, 4, 5]


def test_an_example(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A whole example with all its keys: every value of every table."""
    settled = sdgen.plan("shop", rows={"customers": 40})
    place = tmp_path / "shop.sql"
    sdgen.write(settled, place, formats=[f"sql:{_dialect(request)}"])
    database.run(place.read_bytes())
    made = sdgen.generate(settled)
    for entity, table in tables_of(settled).items():
        types = [column.type for column in table.columns]
        rows = [tuple(map(canonical, row.values(), types)) for row in made[entity].to_pylist()]
        assert sorted(database.rows(table)) == sorted(rows)


def test_modes_of_the_file(tmp_path: Path) -> None:
    place = tmp_path / "x.sql"
    write(open_target(str(place)), family())
    first = place.read_bytes()
    for mode in (Mode.CREATE_IF_MISSING, Mode.APPEND_ONLY):
        (problem,) = open_target(str(place)).check(list(family()), mode)
        assert "exists" in problem.what
    write(open_target(str(place)), family(start=5), Mode.TRUNCATE_THEN_INSERT)
    assert place.read_bytes() != first


@pytest.mark.parametrize("there", [False, True])
def test_failure_leaves_the_place_as_it_was(tmp_path: Path, there: bool) -> None:
    place = tmp_path / "new" / "x.sql"
    if there:
        place.parent.mkdir()
        place.write_text("mine")
    target = open_target(str(place))
    rows = family()
    assert target.check(list(rows), Mode.TRUNCATE_THEN_INSERT) == []
    for table in rows:
        target.prepare(table, Mode.TRUNCATE_THEN_INSERT)
    for table, batches in rows.items():
        with pytest.raises(RuntimeError):
            target.write(table, breaking(target.encode(table, each) for each in batches))
    target.abort()
    target.abort()
    if there:
        assert [path.read_text() for path in place.parent.iterdir()] == ["mine"]
    else:
        assert list(tmp_path.iterdir()) == []


def test_killed_half_way(tmp_path: Path) -> None:
    place = tmp_path / "x.sql"
    command = [sys.executable, "-m", "tests.targets.test_script", str(place)]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not place.exists()
    write(open_target(str(place)), family())
    assert [path.name for path in tmp_path.iterdir()] == ["x.sql"]


def test_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write(open_target("-", ("sql",)), family())
    out = capfdbinary.readouterr().out
    assert out.index(b'CREATE TABLE IF NOT EXISTS "parents"') < out.index(b'CREATE TABLE IF NOT EXISTS "children"')
    assert out.endswith(b"COMMIT;\n")


@pytest.mark.parametrize(
    ("destination", "formats", "name", "first"),
    [
        ("x.sql", (), "x.sql", b"BEGIN"),
        ("x.mysql.sql", (), "x.mysql.sql", b"SET NAMES"),
        ("x.sql", ("sql:mysql",), "x.sql", b"SET NAMES"),
        ("out/", ("sql:sqlite",), "out/dump.sql", b"PRAGMA"),
    ],
)
def test_names_and_dialects(
    tmp_path: Path, destination: str, formats: tuple[str, ...], name: str, first: bytes
) -> None:
    write(open_target(f"{tmp_path}/{destination}", formats), family())
    assert first in (tmp_path / name).read_bytes()


@pytest.mark.parametrize(
    ("destination", "formats", "message"),
    [
        ("x.sql", ("csv",), "an SQL script"),
        ("x.sql", ("sql", "sql:mysql"), "an SQL script"),
        ("out/", ("csv", "sql"), "ask for it alone"),
        ("-", ("sql:oracle",), "can't have the format"),
    ],
)
def test_refused(destination: str, formats: tuple[str, ...], message: str) -> None:
    with pytest.raises(TargetError, match=message):
        open_target(destination, formats)


def test_rows_of_many_long_texts_fit_into_mysql(tmp_path: Path, mariadb: servers.Server) -> None:
    columns = [TableColumn(f"c{n}", parse_type(f"string({1000 + n})"), True) for n in range(30)]
    columns += [TableColumn("b", parse_type("binary"), False), TableColumn("t", parse_type("string(4000)"), False)]
    table = Table("wide", "w", tuple(columns), 0, ("b", "t"))
    made = fitted(table)
    assert [column.type.kind for column in made.columns[:30]].count("text") > 10
    row = {**{f"c{n}": "ü" * 1000 for n in range(30)}, "b": b"\0\xff", "t": "k"}
    mariadb.run(b"DROP DATABASE IF EXISTS w; CREATE DATABASE w")
    mariadb.run(_script(tmp_path, "mysql", {table: [batch(table, [row])]}), "w")
    assert mariadb.run(b"SELECT CHAR_LENGTH(c29), HEX(b) FROM wide", "w", "-N").split() == ["1000", "00FF"]


def test_what_a_script_declares_can_be_read_again(tmp_path: Path) -> None:
    for dialect in DIALECTS:
        place = tmp_path / f"{dialect}.sql"
        sdgen.write("fintech_loans", place, formats=[f"sql:{dialect}"], rows=5)
        read = sdgen.read(str(place))
        assert set(read.entities) == {"borrowers", "loans", "payments", "credit_scores"}
        link = read.entities["loans"].columns["borrower_id"].generator
        assert link is not None
        assert link.type == "fk"


def _die(place: str) -> None:
    """Write some rows, then die."""
    target, rows = open_target(place), family()
    assert target.check(list(rows), Mode.CREATE_IF_MISSING) == []
    for table in rows:
        target.prepare(table, Mode.CREATE_IF_MISSING)
    for table, batches in rows.items():
        target.write(table, [target.encode(table, each) for each in batches])
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    _die(*sys.argv[1:])
