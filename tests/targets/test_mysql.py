"""MySQL and MariaDB: what they would change in silence, tables that are there, and runs of both old and new tables."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sdgen.databases import loading
from sdgen.databases.existing_tables import ExistingRowsQuery, takes
from sdgen.databases.mysql.dialect import MYSQL
from sdgen.databases.mysql.target import MySQL
from sdgen.errors import TargetError
from sdgen.execution.destinations import open_target
from sdgen.scenario.types import parse_type
from sdgen.targets.base import Mode, Reference, Table, TableColumn
from tests.targets.made import UUIDS, batch, breaking, canonical, every_type, family, write
from tests.targets.places import mysql, run_mysql
from tests.targets.servers import Server


def _open(url: str) -> MySQL:
    target = open_target(url)
    assert isinstance(target, MySQL)
    return target


def _table(name: str, columns: dict[str, str], **rest: Any) -> Table:
    made = tuple(TableColumn(each, parse_type(type), False) for each, type in columns.items())
    return Table(name, name, made, **rest)


def _problems(url: str, *tables: Table, mode: Mode = Mode.CREATE_IF_MISSING) -> list[str]:
    target = _open(url)
    try:
        return [str(problem) for problem in target.check(tables, mode)]
    finally:
        target.abort()


def _names(url: str) -> list[str]:
    return sorted(row[0] for row in run_mysql(url, "SHOW TABLES"))


FITS = ["int|int(11)", "uint|int(10) unsigned", "bool|tinyint(1)", "bool|bit(1)", "enum(a)|enum('a','b')"]
FITS += [
    "text|enum('a','b')",
    "timestamp|datetime(6)",
    "json|longtext",
    "int|year(4)",
    "uuid|char(36)",
    "string(5)|varchar(5)",
]
NOT = [
    "enum(c)|enum('a','b')",
    "int|int(10) unsigned",
    "string(6)|varchar(5)",
    "text|point",
    "decimal(5,3)|decimal(5,2)",
]


@pytest.mark.parametrize("pair", FITS + NOT)
def test_takes(pair: str) -> None:
    wanted, declared = pair.split("|")
    assert takes(parse_type(wanted), declared, MYSQL) is (pair in FITS)


@pytest.fixture
def without_local(mysql_server: Server) -> Iterator[None]:
    """A server that takes no LOAD DATA LOCAL, as MySQL 8 does where it isn't told to."""
    mysql_server.run(b"SET GLOBAL local_infile = 0")
    yield
    mysql_server.run(b"SET GLOBAL local_infile = 1")


def test_every_type_by_inserts(mysql_url: str, without_local: None) -> None:
    table, data = every_type(700)
    target = _open(mysql_url)
    write(target, {table: [batch(table, data[:600]), batch(table, data[600:])]})
    assert not target.connection.local
    found = mysql(mysql_url).rows(table)
    assert found == [tuple(canonical(row[c.name], c.type) for c in table.columns) for row in data]


BAD = [
    ("text", "INT", "x", "incorrect integer"),
    ("text", "TINYINT", "300", "out of range"),
    ("text", "VARCHAR(2)", "abc", "too long|truncated"),
    ("text", "ENUM('a')", "b", "truncated"),
    ("timestamptz", "TIMESTAMP(6)", dt.datetime(1969, 1, 1, tzinfo=dt.UTC), "incorrect datetime|out of range"),
    ("int", "INT NOT NULL", None, "null"),
]


@pytest.mark.parametrize(("type", "ddl", "value", "told"), BAD)
@pytest.mark.parametrize("local", [True, False])
def test_values_that_do_not_fit(
    mysql_url: str, request: pytest.FixtureRequest, type: str, ddl: str, value: Any, told: str, local: bool
) -> None:
    """LOAD DATA LOCAL would change them, and leave no more than a warning."""
    if not local:
        request.getfixturevalue("without_local")
    column = TableColumn("c", parse_type(type), True, {"mysql": ddl})
    table = Table("t", "t", (column,))
    with pytest.raises(TargetError) as caught:
        write(_open(mysql_url), {table: [batch(table, [{"c": value}])]})
    assert re.search(told, str(caught.value).lower())
    assert _names(mysql_url) == []


def test_columns_left_to_the_database(mysql_url: str) -> None:
    """AUTO_INCREMENT, defaults and generated columns; bits, unsigned numbers and sets."""
    run_mysql(
        mysql_url,
        """CREATE TABLE t (id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, price DECIMAL(8,2) UNSIGNED NOT NULL,
        gross DECIMAL(9,2) AS (price * 1.2) STORED, made TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
        flag BIT(1) NOT NULL, kind SET('a','b') NOT NULL, y YEAR, code BINARY(2)) ENGINE = InnoDB""",
    )
    table = _table("t", {"price": "decimal(6,2)", "flag": "bool", "kind": "text", "y": "int", "code": "binary"})
    rows = [{"price": n, "flag": n == 1, "kind": "a,b", "y": 2000 + n, "code": b"\x00\xff"} for n in (1, 2)]
    write(_open(mysql_url), {table: [batch(table, rows)]})
    found = run_mysql(mysql_url, "SELECT id, gross, flag + 0, kind, y, code, made IS NOT NULL FROM t ORDER BY id")
    assert [(row[0], float(row[1]), *row[2:]) for row in found] == [
        (1, 1.2, 1, "a,b", 2001, b"\x00\xff", 1),
        (2, 2.4, 0, "a,b", 2002, b"\x00\xff", 1),
    ]
    (problem,) = _problems(
        mysql_url, replace(table, columns=(*table.columns, TableColumn("gross", parse_type("decimal(9,2)"), False)))
    )
    assert "is computed" in problem


def test_tables_that_can_not_be_filled(mysql_url: str) -> None:
    run_mysql(mysql_url, "CREATE TABLE old (id INT) ENGINE = MyISAM", "CREATE VIEW seen AS SELECT 1 AS id")
    target = _open(mysql_url)
    told = [*map(str, target.check([_table("old", {"id": "int"}), _table("seen", {"id": "int"})], Mode.APPEND_ONLY))]
    target.abort()
    assert any("MyISAM" in each and "ENGINE = InnoDB" in each for each in target.remarks)
    assert not any("MyISAM" in each for each in told)
    assert any("is a view" in each for each in told)


def _ring() -> tuple[Table, Table]:
    """Two tables that refer to each other."""
    a = _table("a", {"id": "int", "b": "int"}, primary_key=("id",), references=(Reference(("b",), "b", ("id",)),))
    b = _table("b", {"id": "int", "a": "int"}, primary_key=("id",), references=(Reference(("a",), "a", ("id",)),))
    return a, b


def test_tables_in_a_circle(mysql_url: str) -> None:
    a, b = _ring()
    for start, mode in ((0, Mode.CREATE_IF_MISSING), (3, Mode.APPEND_ONLY), (0, Mode.TRUNCATE_THEN_INSERT)):
        rows = [{"id": n, "a": n, "b": n} for n in range(start, start + 3)]
        write(_open(mysql_url), {a: [batch(a, rows)], b: [batch(b, rows)]}, mode)
    assert [row[0] for row in run_mysql(mysql_url, "SELECT id FROM a ORDER BY id")] == [0, 1, 2]
    orphan = [{"id": 9, "a": 9, "b": 77}]
    with pytest.raises(TargetError, match=r"target\.a: 1 rows refer to rows of b"):
        write(_open(mysql_url), {a: [batch(a, orphan)], b: [batch(b, orphan)]})
    assert len(run_mysql(mysql_url, "SELECT id FROM a")) == 3


@pytest.mark.parametrize("there", ["parents", "children"])
@pytest.mark.parametrize("fails", [False, True])
def test_old_and_new_tables(mysql_url: str, there: str, fails: bool) -> None:
    """A run that makes one table and fills another keeps keys between them, and takes both back where it fails."""
    parents, children = family()
    run_mysql(
        mysql_url,
        "CREATE TABLE parents (id BIGINT PRIMARY KEY, email VARCHAR(40) NOT NULL)"
        if there == "parents"
        else "CREATE TABLE children (id BIGINT PRIMARY KEY, parent_id BIGINT, up BIGINT)",
    )
    rows: dict[Table, Any] = dict(family())
    if fails:
        rows[children] = breaking(rows[children])
        with pytest.raises(RuntimeError, match="broken half-way"):
            write(_open(mysql_url), rows)
        assert _names(mysql_url) == [there]
        assert mysql(mysql_url).raw(parents if there == "parents" else children) == []
        return
    write(_open(mysql_url), rows)
    assert len(mysql(mysql_url).raw(parents)) == len(mysql(mysql_url).raw(children)) == 5
    if there == "parents":
        with pytest.raises(TargetError, match="foreign key"):
            run_mysql(mysql_url, "INSERT INTO children VALUES (99, 99, NULL)")
    assert _names(mysql_url) == ["children", "parents"]


def test_an_orphan_of_a_new_table(mysql_url: str) -> None:
    """It is found before the rows of the table that is there are committed."""
    run_mysql(mysql_url, "CREATE TABLE parents (id BIGINT PRIMARY KEY, email VARCHAR(40) NOT NULL)")
    parents, children = family()
    orphan = batch(children, [{"id": 1, "parent_id": 77, "up": None}])
    with pytest.raises(TargetError, match=r"(?i)target\.children: .*foreign key"):
        write(_open(mysql_url), {parents: family()[parents], children: [orphan]})
    assert _names(mysql_url) == ["parents"]
    assert mysql(mysql_url).raw(parents) == []


def test_texts_as_keys(mysql_url: str) -> None:
    """Texts without a limit, which differ in case alone."""
    table = _table("t", {"code": "text", "name": "string(20000)"}, primary_key=("code",))
    child = _table("u", {"t": "text"}, references=(Reference(("t",), "t", ("code",)),))
    rows = [{"code": code, "name": "x", "t": code} for code in ("a", "A", "ä", "𝄞")]
    write(_open(mysql_url), {table: [batch(table, rows)], child: [batch(child, rows)]})
    assert len(mysql(mysql_url).raw(child)) == 4


def test_another_schema(mysql_url: str, mysql_server: Server) -> None:
    mysql_server.run(b"CREATE DATABASE sdgen_other")
    try:
        table = _table("sdgen_other.t", {"id": "int"}, primary_key=("id",))
        write(_open(mysql_url), {table: [batch(table, [{"id": 1}])]})
        write(_open(mysql_url), {table: [batch(table, [{"id": 2}])]})
        assert len(run_mysql(mysql_url, "SELECT * FROM sdgen_other.t")) == 2
    finally:
        mysql_server.run(b"DROP DATABASE sdgen_other")


def test_what_is_there(mysql_url: str) -> None:
    table, data = every_type(5)
    write(_open(mysql_url), {table: [batch(table, data)]})
    target = _open(mysql_url)
    kinds = {"int", "uuid", "timestamp", "decimal", "date", "time", "string", "bool"}
    columns = tuple(column for column in table.columns if column.type.kind in kinds)
    found = target.existing(
        [
            ExistingRowsQuery(table, columns),
            ExistingRowsQuery(table, ()),
            ExistingRowsQuery(replace(table, name="none"), ()),
        ]
    )
    target.abort()
    assert [each.rows for each in found] == [5, 5, 0]
    for column in columns:
        values = [canonical(value, column.type) for value in found[0].columns[column.name].to_pylist()]
        assert values == [canonical(row[column.name], column.type) for row in data], column.name


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://me:s3cr3t@127.0.0.1:1/x", "is the server running"),
        ("mysql://me@127.0.0.1/", "names no database"),
        ("mysql://me@127.0.0.1:x/x", "port is no number"),
        ("mysql://me@127.0.0.1/x?unix_sockt=1", "unknown option: unix_sockt"),
    ],
)
def test_urls(url: str, told: str) -> None:
    (problem,) = _problems(url, _table("t", {"id": "int"}))
    assert told in problem
    assert "s3cr3t" not in problem


def test_what_a_killed_run_left(mysql_url: str) -> None:
    dead, alive = (
        loading.new_staging_name(0).replace(f"_{os.getpid()}_", f"_{process}_") for process in (2**22 + 1, os.getppid())
    )
    run_mysql(
        mysql_url,
        f"CREATE TABLE {dead} (id INT)",
        f"CREATE TABLE {alive} (id INT)",
        "CREATE TABLE _sdgen_mine (id INT)",
    )
    table = _table("t", {"id": "int"})
    write(_open(mysql_url), {table: [batch(table, [{"id": 1}])]})
    assert _names(mysql_url) == sorted([alive, "_sdgen_mine", "t"])


def test_uuids_are_text(mysql_url: str) -> None:
    table = _table("t", {"u": "uuid"}, primary_key=("u",))
    write(_open(mysql_url), {table: [batch(table, [{"u": each.bytes} for each in UUIDS])]})
    assert sorted(row[0] for row in mysql(mysql_url).raw(table)) == sorted(map(str, UUIDS))
