"""ClickHouse: its own types and table facts, tables that are there, and what it would change in silence."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from sdgen.databases import loading
from sdgen.databases.clickhouse.connection import fetch_rows
from sdgen.databases.clickhouse.create import create_table
from sdgen.databases.clickhouse.dialect import CLICKHOUSE, declared, read_type
from sdgen.databases.clickhouse.target import ClickHouse
from sdgen.databases.existing_tables import ExistingRowsQuery, takes
from sdgen.errors import TargetError
from sdgen.execution.destinations import open_target
from sdgen.execution.request import RunRequest
from sdgen.scenario.types import parse_type
from sdgen.service.service import Service
from sdgen.targets.base import Mode, Table, TableColumn
from tests.targets.made import UUIDS, batch, breaking, family, write


@pytest.fixture(params=["chdb", "clickhouse"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The embedded engine, and a stand-in server before it."""
    if request.param == "chdb":
        return f"chdb:///{tmp_path}/x"
    found: str = request.getfixturevalue("clickhouse_url")
    return found


def _open(url: str) -> ClickHouse:
    target = open_target(url)
    assert isinstance(target, ClickHouse)
    return target


def _run(url: str, *statements: str) -> None:
    target = _open(url)
    for sql in statements:
        target.engine.fetch(sql)
    target.engine.keep()


def _rows(url: str, sql: str) -> list[list[str]]:
    target = _open(url)
    try:
        return fetch_rows(target.engine, sql)
    finally:
        target.engine.discard()


def _table(columns: dict[str, str], target: dict[str, str] | None = None, **facts: Any) -> Table:
    own = target or {}
    made = tuple(
        TableColumn(name, parse_type(type), False, {"clickhouse": own[name]} if name in own else {})
        for name, type in columns.items()
    )
    return Table("t", "t", made, target={"clickhouse": facts} if facts else {})


def _problems(url: str, table: Table, mode: Mode = Mode.CREATE_IF_MISSING) -> list[str]:
    target = _open(url)
    try:
        return [str(problem) for problem in target.check([table], mode)]
    finally:
        target.abort()


TYPES = {
    "Nullable(Decimal(10, 2))": "decimal(10,2)",
    "LowCardinality(Nullable(String)) CODEC(ZSTD(3))": "text",
    "Array(Tuple(a Int32, `b c` Nullable(String)))": "array<struct<a: int, 'b c': text>>",
    "Nested(a Int32, b Array(String))": "array<struct<a: int, b: array<text>>>",
    "Enum8('a' = 1, 'it\\'s' = 2, 'x,y)' = 3)": "enum(a, 'it''s', 'x,y)')",
    "DateTime64(3, 'UTC')": "timestamp",
    "Map(LowCardinality(String), Array(UInt8))": "map<text, array<utinyint>>",
    "FixedString(3)": "string(3)",
    "Decimal64(4)": "decimal(18,4)",
    "JSON(a.b UInt32, SKIP x)": "json",
    "SimpleAggregateFunction(sum, UInt64)": "ubigint",
}


@pytest.mark.parametrize("text", TYPES)
def test_types_are_read(text: str) -> None:
    assert read_type(text) == parse_type(TYPES[text])


@pytest.mark.parametrize("text", ["", "(", "Array(", "Nullable", "Tuple(Int8, String)", "AggregateFunction(sum, Int8)"])
def test_types_that_are_none(text: str) -> None:
    assert read_type(text) is None
    assert not declared(text).fields or text.startswith(("Tuple", "Aggregate"))


def test_declared_types_are_read_back() -> None:
    for text in ("enum(a, 'it''s', 'b\\x')", "struct<a: int, b: array<string>>", "map<string, struct<a: int>>"):
        type = parse_type(text)
        assert takes(type, CLICKHOUSE.declared(type), CLICKHOUSE)


def test_facts_of_a_table(url: str) -> None:
    table = _table(
        {"id": "ubigint", "at": "timestamp", "city": "text", "n": "int"},
        {"city": "LowCardinality(String) CODEC(ZSTD(3))", "at": "DateTime64(3, 'Europe/Berlin') CODEC(Delta, ZSTD)"},
        engine="ReplacingMergeTree(at)",
        order_by=["id", "toDate(at)"],
        primary_key=["id"],
        partition_by="toYYYYMM(at)",
        ttl="toDateTime(at) + INTERVAL 50 YEAR",
        settings={"index_granularity": 4096},
        indexes={"by_city": "city TYPE bloom_filter GRANULARITY 4"},
        computed={"year": "UInt16 MATERIALIZED toYear(at)"},
    )
    row = {"id": 1, "at": dt.datetime(2024, 6, 1, 12), "city": "Bern", "n": 5}
    write(_open(url), {table: [batch(table, [row])]})
    ((made,),) = _rows(
        url, "SELECT create_table_query FROM system.tables WHERE name = 't' AND database = currentDatabase()"
    )
    for part in (
        "ENGINE = ReplacingMergeTree(at)",
        "PARTITION BY toYYYYMM(at)",
        "PRIMARY KEY (id)",
        "ORDER BY (id, toDate(at))",
        "index_granularity = 4096",
        "`city` LowCardinality(String) CODEC(ZSTD(3))",
        "INDEX by_city city TYPE bloom_filter",
        "MATERIALIZED toYear(at)",
    ):
        assert part in made
    assert _rows(url, "SELECT id, toString(at), city, n, year FROM t") == [
        ["1", "2024-06-01 14:00:00.000", "Bern", "5", "2024"]
    ]


def test_few_values_and_nulls() -> None:
    columns = (
        TableColumn("state", parse_type("text"), True, repeats=True),
        TableColumn("kind", parse_type("enum(a, b)"), False, repeats=True),
        TableColumn("tags", parse_type("array<string>"), True),
    )
    sql = create_table(replace(_table({"x": "int"}, order_by="state"), columns=columns), "`t`")
    assert "`state` LowCardinality(Nullable(String))" in sql
    assert "`kind` Enum('a', 'b')" in sql
    assert "`tags` Array(String)" in sql
    assert "allow_nullable_key = 1" in sql


@pytest.mark.parametrize("made", [False, True])
def test_nested(url: str, made: bool) -> None:
    """ClickHouse keeps a Nested as an array for each of its fields."""
    ddl = "Nested(a Int32, u UUID)"
    table = _table({"id": "int", "n": "array<struct<a: int, u: uuid>>"}, {"n": ddl})
    if not made:
        _run(url, f"CREATE TABLE t (id Int64, n {ddl}) ENGINE = MergeTree ORDER BY id")
    rows = [{"id": 1, "n": [{"a": 1, "u": UUIDS[0].bytes}, {"a": 2, "u": UUIDS[1].bytes}]}, {"id": 2, "n": []}]
    write(_open(url), {table: [batch(table, rows)]})
    found = _rows(url, "SELECT id, n.a, n.u FROM t ORDER BY id")
    assert found == [["1", "[1,2]", f"['{UUIDS[0]}','{UUIDS[1]}']"], ["2", "[]", "[]"]]


def test_uuids_keep_their_bytes(url: str) -> None:
    table = _table({"u": "uuid", "s": "array<uuid>", "f": "uuid"}, {"f": "FixedString(36)"})
    rows = [{"u": each.bytes, "s": [each.bytes], "f": each.bytes} for each in UUIDS]
    write(_open(url), {table: [batch(table, rows)]})
    wanted = sorted([str(each), f"['{each}']", str(each)] for each in UUIDS)
    assert sorted(_rows(url, "SELECT u, s, f FROM t")) == wanted


def test_a_slice(url: str) -> None:
    table = _table({"id": "int", "m": "map<string, int>", "l": "array<int>"})
    rows = [{"id": n, "m": {"k": n}, "l": [n] * n} for n in range(4)]
    write(_open(url), {table: [batch(table, rows).slice(1, 2)]})
    assert _rows(url, "SELECT id, m, l FROM t ORDER BY id") == [["1", "{'k':1}", "[1]"], ["2", "{'k':2}", "[2,2]"]]


def test_other_types_that_are_there(url: str) -> None:
    ddl = "a Int64, b IPv4, c Enum8('x' = 1, 'y' = 2), d DateTime, e Decimal(20, 4), f JSON, g LowCardinality(String)"
    _run(url, f"CREATE TABLE t ({ddl}, more UInt8 DEFAULT 7) ENGINE = MergeTree ORDER BY a")
    columns = {"g": "string(5)", "a": "int", "b": "text", "c": "enum(y)", "d": "timestamp", "e": "decimal(10,2)"}
    table = _table({**columns, "f": "struct<p: int, q: array<string>>"})
    row = {
        "g": "v",
        "a": 1,
        "b": "10.0.0.1",
        "c": "y",
        "d": dt.datetime(2030, 1, 2, 3),
        "e": None,
        "f": {"p": 1, "q": ["z"]},
    }
    write(_open(url), {table: [batch(table, [row])]})
    (found,) = _rows(url, "SELECT a, b, c, d, e, f.p, f.q, g, more FROM t")
    assert found == ["1", "10.0.0.1", "y", "2030-01-02 03:00:00", "0", "1", "['z']", "v", "7"]


def test_types_that_do_not_fit(url: str) -> None:
    _run(
        url,
        "CREATE TABLE t (a Int8, b Array(Int8), c Enum8('x'), d Int8 MATERIALIZED 1) ENGINE = MergeTree ORDER BY a",
        "CREATE VIEW v AS SELECT 1 AS a",
    )
    problems = _problems(url, _table({"a": "int", "b": "array<int>", "c": "enum(z)", "d": "tinyint", "e": "int"}))
    assert len(problems) == 5, problems
    assert "int does not fit the column that exists: Int8" in problems[0]
    assert "is computed" in problems[4]
    assert "is a View" in _problems(url, replace(_table({"a": "int"}), name="v"))[-1]


BAD = [
    ("timestamp", "DateTime", dt.datetime(1969, 1, 1), "DateTime"),
    ("timestamp", "DateTime64(9)", dt.datetime(2263, 1, 1), "datetime64 holds 1900-01-01 to 2262-04-11"),
    ("date", "Date", dt.date(2150, 1, 1), "date holds 1970-01-01 to 2149-06-06"),
    ("array<int>", "Array(Int32)", [1, None], "is null"),
    ("map<string, int>", "Map(String, Int32)", {"a": None}, "is null"),
    ("struct<a: int>", "Tuple(a Int32)", {"a": None}, "is null"),
    ("text", "Enum8('a')", "b", "Unknown element"),
    ("text", "IPv4", "1.2.3", "IPv4"),
    ("text", "FixedString(2)", "abc", "too long"),
]


@pytest.mark.parametrize(("type", "ddl", "value", "told"), BAD)
def test_values_that_do_not_fit(url: str, type: str, ddl: str, value: Any, told: str) -> None:
    """Refused by ClickHouse, or before it would make something else of them in silence."""
    table = _table({"c": type}, {"c": ddl})
    with pytest.raises(TargetError) as caught:
        write(_open(url), {table: [batch(table, [{"c": value}])]})
    assert told.lower() in str(caught.value).lower()
    assert str(caught.value).startswith("target.t")
    assert (
        url.startswith("chdb") or _rows(url, "SELECT name FROM system.tables WHERE database = currentDatabase()") == []
    )


def test_views_are_filled(url: str) -> None:
    _run(
        url,
        "CREATE TABLE t (id Int32, d Date) ENGINE = MergeTree PARTITION BY toYYYYMM(d) ORDER BY id",
        "CREATE TABLE sums (m UInt32, n UInt64) ENGINE = SummingMergeTree ORDER BY m",
        "CREATE MATERIALIZED VIEW mv TO sums AS SELECT toYYYYMM(d) AS m, count() AS n FROM t GROUP BY m",
    )
    table = _table({"id": "int", "d": "date"}, {"d": "Date"})
    rows = [{"id": n, "d": dt.date(2020, 1 + n, 1)} for n in range(3)]
    write(_open(url), {table: [batch(table, rows)]})
    assert _rows(url, "SELECT sum(n) FROM sums") == [["3"]]
    write(_open(url), {table: [batch(table, rows[:2])]}, Mode.TRUNCATE_THEN_INSERT)
    assert _rows(url, "SELECT count() FROM t") == [["2"]]
    assert _rows(url, "SELECT sum(n) FROM sums") == [["5"]]
    assert _rows(url, "SELECT name FROM system.tables WHERE startsWith(name, '_sdgen')") == []


@pytest.mark.parametrize("engine", ["MergeTree PARTITION BY id % 150 ORDER BY id", "Memory", "Log"])
def test_engines(url: str, engine: str) -> None:
    """Many partitions in one load, and engines without parts."""
    if engine == "Memory" and url.startswith("chdb"):
        pytest.skip("a table in memory ends with its process")
    _run(url, f"CREATE TABLE t (id Int32) ENGINE = {engine}", "INSERT INTO t VALUES (999)")
    table = _table({"id": "int"})
    rows = batch(table, [{"id": n} for n in range(300)])
    write(_open(url), {table: [rows]}, Mode.APPEND_ONLY)
    assert _rows(url, "SELECT count(), max(id) FROM t") == [["301", "999"]]
    write(_open(url), {table: [rows]}, Mode.TRUNCATE_THEN_INSERT)
    assert _rows(url, "SELECT count(), max(id) FROM t") == [["300", "299"]]


def test_what_a_killed_run_left(url: str) -> None:
    dead, alive = (
        loading.new_staging_name(0).replace(f"_{os.getpid()}_", f"_{process}_") for process in (2**22 + 1, os.getppid())
    )
    _run(url, *(f"CREATE TABLE {name} (id Int32) ENGINE = Log" for name in (dead, alive, "_sdgen_mine")))
    table = _table({"id": "int"})
    write(_open(url), {table: [batch(table, [{"id": 1}])]})
    names = _rows(url, "SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name")
    assert names == sorted([[alive], ["_sdgen_mine"], ["t"]])


def test_a_late_failure_is_undone(url: str) -> None:
    """One table has been emptied and one made when the third turns out to have changed."""
    _run(url, *(f"CREATE TABLE {name} (id Int32) ENGINE = MergeTree ORDER BY id" for name in ("t", "u")))
    _run(url, "INSERT INTO t VALUES (7)", "INSERT INTO u VALUES (8)")
    t = _table({"id": "int"})
    tables = [t, replace(t, name="made"), replace(t, name="u")]
    target = _open(url)
    assert target.check(tables, Mode.TRUNCATE_THEN_INSERT) == []
    for table in tables:
        target.prepare(table, Mode.TRUNCATE_THEN_INSERT)
        target.write(table, [target.encode(table, batch(table, [{"id": 1}]))])
    target.engine.fetch("RENAME TABLE u TO elsewhere")
    with pytest.raises(TargetError, match=r"(?i)target\.u: .*unknown_table"):
        target.finish()
    target.abort()
    assert _rows(url, "SELECT id FROM t") == [["7"]]
    names = "SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name"
    assert _rows(url, names) == [["elsewhere"], ["t"]]


def test_another_database(url: str) -> None:
    table = replace(_table({"id": "int"}), name="another.t")
    with pytest.raises(RuntimeError):
        write(_open(url), {table: _broken(table)})
    if not url.startswith("chdb"):
        assert _rows(url, "SELECT name FROM system.databases WHERE name = 'another'") == []
    write(_open(url), {table: [batch(table, [{"id": 1}])]})
    assert _rows(url, "SELECT id FROM another.t") == [["1"]]
    _run(url, "DROP DATABASE another")


def _broken(table: Table) -> Any:
    return breaking([batch(table, [{"id": 1}])])


def test_what_is_there(url: str) -> None:
    parents, children = family()
    write(_open(url), family())
    absent = replace(parents, name="absent")
    target = _open(url)
    wanted = [
        ExistingRowsQuery(parents, parents.columns[:1]),
        ExistingRowsQuery(children, ()),
        ExistingRowsQuery(absent, ()),
    ]
    found = target.existing(wanted)
    target.abort()
    assert found[0].rows == 5
    assert found[0].columns["id"].to_pylist() == [0, 1, 2, 3, 4]
    assert [each.rows for each in found[1:]] == [5, 0]


def test_small_inserts_are_gathered(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = _table({"id": "int"})
    target = _open(url)
    assert target.check([table], Mode.CREATE_IF_MISSING) == []
    target.prepare(table, Mode.CREATE_IF_MISSING)
    inserts: list[int] = []
    insert = target.engine.insert

    def counted(name: str, names: Any, pieces: Iterator[bytes]) -> int:
        inserts.append(0)
        return insert(name, names, pieces)

    monkeypatch.setattr(target.engine, "insert", counted)
    rows = pa.RecordBatch.from_arrays([pa.array(range(1 << 16), pa.int32())], names=["id"])
    target.write(table, (target.encode(table, rows) for _ in range(20)))
    target.finish()
    assert len(inserts) == 2
    assert _rows(url, "SELECT count() FROM t") == [[str(20 << 16)]]


def test_rows_that_got_lost_are_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = _table({"id": "int"})
    target = _open(url)
    insert = target.engine.insert
    monkeypatch.setattr(target.engine, "insert", lambda *given: insert(*given) - 1)
    with pytest.raises(TargetError, match="took 1 of 2 rows"):
        write(target, {table: [batch(table, [{"id": 1}, {"id": 2}])]})


def test_folders(tmp_path: Path) -> None:
    table = _table({"id": "int"})
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    assert "is a file" in _problems(f"chdb:///{tmp_path}/file", table)[0]
    assert "other files" in _problems(f"chdb:///{tmp_path}/full", table)[0]
    assert "does not exist" in _problems(f"chdb:///{tmp_path}/none/x", table)[0]
    write(_open(f"chdb:///{tmp_path}/empty"), {table: [batch(table, [{"id": 1}])]})
    assert _rows(f"chdb:///{tmp_path}/empty", "SELECT id FROM t") == [["1"]]


def test_in_use_by_another_process(tmp_path: Path) -> None:
    table = _table({"id": "int"})
    write(_open(f"chdb:///{tmp_path}/x"), {table: []})
    holding = f"from chdb.state.sqlitelike import Connection as C; c = C({str(tmp_path / 'x')!r}); print(1); input()"
    with subprocess.Popen([sys.executable, "-c", holding], stdin=-1, stdout=-1, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "1\n"
        assert "another process" in _problems(f"chdb:///{tmp_path}/x", table)[0]
        other.communicate("\n")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("clickhouse://127.0.0.1:9000/x", "native protocol"),
        ("clickhouse://127.0.0.1:1/x", "is the server running"),
        ("clickhouse://127.0.0.1:x/x", "port is no number"),
        ("clickhouse://127.0.0.1/x?sceure=1", "unknown option: sceure"),
    ],
)
def test_urls(url: str, told: str) -> None:
    (problem,) = _problems(url, _table({"id": "int"}))
    assert told in problem


def test_a_server_that_refuses(clickhouse_server: str) -> None:
    table = _table({"id": "int"})
    (problem,) = _problems(clickhouse_server.replace("s3cr3t", "wr0ng"), table)
    assert "Authentication failed" in problem
    assert "wr0ng" not in problem
    (problem,) = _problems(f"{clickhouse_server}/nowhere", table)
    assert "CREATE DATABASE nowhere" in problem


def test_a_run_into_clickhouse_is_planned(tmp_path: Path) -> None:
    """An estimate encodes a sample, and prepares no table for it."""
    pytest.importorskip("chdb")
    service = Service.open(tmp_path / "runs.sqlite")
    try:
        found = service.plan(RunRequest(scenario_id="shop", target=f"chdb://{tmp_path}/place", scale=0.1))
    finally:
        service.close()
    assert all(each.bytes > 0 for each in found.entities if each.rows)
