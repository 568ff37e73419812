"""DuckDB's foreign keys: columns of other types than their keys, and tables that refer to themselves several times."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

import sdgen
from sdgen.execution.destinations import open_target
from sdgen.execution.events import Event, Remark
from sdgen.execution.execute import execute
from sdgen.execution.request import RunSettings
from sdgen.readers.sources import read_text_as_scenario
from sdgen.scenario.types import parse_type
from sdgen.targets.base import Mode, Reference, Table, TableColumn
from sdgen.targets.tables import tables_of
from tests.targets.made import batch, write

Columns = dict[str, Any]


def key(type: str) -> Columns:
    return {"type": type, "primary_key": True, "generator": "sequence"}


def link(entity: str, type: str = "", **params: Any) -> Columns:
    own = {"type": type} if type else {}
    return {**own, "generator": "fk", "params": {"entity": entity, "column": "id", **params}}


def scenario(**entities: Columns) -> sdgen.Scenario:
    rows = {"p": 30, "q": 30}
    records = {name: {"rows": rows.get(name, 60), "columns": columns} for name, columns in entities.items()}
    return sdgen.read({"name": "keys", "seed": 1, "as_of": "2026-01-01", "entities": records})


def keys_of(path: Path) -> dict[str, str]:
    sql = "SELECT table_name, constraint_text FROM duckdb_constraints() WHERE constraint_type = 'FOREIGN KEY' ORDER BY ALL"
    with duckdb.connect(str(path)) as connection:
        return dict(connection.execute(sql).fetchall())


def types_of(path: Path, table: str) -> list[str]:
    with duckdb.connect(str(path)) as connection:
        return [row[1] for row in connection.execute(f"DESCRIBE {table}").fetchall()]


TYPES = [("int", "bigint", "INTEGER"), ("bigint", "int", "BIGINT"), ("ubigint", "int", "UBIGINT")]
TYPES += [("decimal(10,0)", "decimal(12,0)", "DECIMAL(10,0)"), ("string(9)", "text", "VARCHAR")]


@pytest.mark.parametrize(("parent", "child", "declared"), TYPES)
def test_a_foreign_key_has_the_type_of_its_key(tmp_path: Path, parent: str, child: str, declared: str) -> None:
    path = tmp_path / "x.duckdb"
    found = scenario(p={"id": key(parent)}, c={"id": key("int"), "p_id": link("p", child)})
    for mode in ("create_if_missing", "truncate_then_insert", "append_only"):  # the tables that are there fit again
        sdgen.write(found, path, mode=mode)
    assert keys_of(path) == {"c": "FOREIGN KEY (p_id) REFERENCES p(id)"}
    assert types_of(path, "c") == ["INTEGER", declared]


def test_a_chain_of_keys_has_one_type(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    middle = {**link("p", "int", one_to_one=True), "primary_key": True}
    found = scenario(p={"id": key("bigint")}, q={"id": middle}, c={"id": key("int"), "q_id": link("q", "smallint")})
    sdgen.write(found, path)
    assert types_of(path, "q") == ["BIGINT"]
    assert types_of(path, "c") == ["INTEGER", "BIGINT"]
    assert not sdgen.verify(found, path).broken


def test_a_new_table_refers_to_one_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE p (id BIGINT PRIMARY KEY)")
    sdgen.write(scenario(p={"id": key("int")}, c={"id": key("int"), "p_id": link("p")}), path)
    assert types_of(path, "c") == ["INTEGER", "BIGINT"]
    assert keys_of(path) == {"c": "FOREIGN KEY (p_id) REFERENCES p(id)"}


def test_a_column_that_refers_to_two_types_is_told_before(tmp_path: Path) -> None:
    shared = {"references": [{"columns": ["p_id"], "entity": "p"}]}
    table = sdgen.read(
        {
            "name": "x",
            "entities": {
                "p": {"rows": 5, "columns": {"id": key("int")}},
                "c": {"rows": 5, "columns": {"id": key("int")}, **shared},
            },
        }
    )
    child = tables_of(sdgen.plan(table))["c"]
    parent = tables_of(sdgen.plan(table))["p"]
    wide = Table("w", "w", (TableColumn("id", parse_type("bigint"), False),), 5, ("id",))
    both = replace(child, references=(*child.references, Reference(("p_id",), "w", ("id",))))
    (problem,) = open_target(str(tmp_path / "x.duckdb")).check([parent, wide, both], Mode.CREATE_IF_MISSING)
    assert "refers to columns of several types" in problem.what
    assert "p.id (INTEGER), w.id (BIGINT)" in problem.what


@pytest.mark.parametrize(
    "links",
    [
        {"up": link("p", "bigint")},
        {"up": link("p", "bigint"), "mentor": link("p")},
        {"up": link("p", roots=3, depth=4), "mentor": {**link("p"), "null_rate": 0.3}, "third": link("p")},
    ],
    ids=["one", "two", "three"],
)
@pytest.mark.parametrize("commit_every", [0, 1])
def test_a_table_that_refers_to_itself(tmp_path: Path, links: Columns, commit_every: int) -> None:
    path = tmp_path / "x.duckdb"
    found = scenario(p={"id": key("int"), **links})
    rows = {"p": 70_000 if commit_every else 3_000}  # two spans
    sdgen.write(found, path, rows=rows, commit_every=commit_every)
    assert not sdgen.verify(found, path, rows=rows).broken
    with duckdb.connect(str(path)) as connection:
        sql = "SELECT count(*) FROM duckdb_constraints() WHERE constraint_type = 'FOREIGN KEY'"
        assert connection.execute(sql).fetchone() == (len(links),)


def test_rows_that_are_their_own_ancestors_are_refused(tmp_path: Path) -> None:
    columns = tuple(TableColumn(name, parse_type("int"), name != "id") for name in ("id", "up", "mentor"))
    own = (Reference(("up",), "t", ("id",)), Reference(("mentor",), "t", ("id",)))
    table = Table("t", "t", columns, 2, ("id",), (), own)
    rows = [{"id": 1, "up": None, "mentor": 2}, {"id": 2, "up": 1, "mentor": None}]
    with pytest.raises(sdgen.TargetError, match="2 rows are their own ancestors"):
        write(open_target(str(tmp_path / "x.duckdb")), {table: [batch(table, rows)]})


def test_a_key_into_another_schema_is_told_of_and_not_declared(tmp_path: Path) -> None:
    ddl = """
        CREATE SCHEMA north; CREATE SCHEMA south;
        CREATE TABLE north.town (id integer PRIMARY KEY, twin integer REFERENCES north.town (id));
        CREATE TABLE south.road (id integer PRIMARY KEY, start_town integer NOT NULL REFERENCES north.town (id), town integer);
        CREATE TABLE road_sign (id integer PRIMARY KEY, road integer NOT NULL REFERENCES south.road (id));"""
    planned = sdgen.plan(read_text_as_scenario(ddl, "s.sql"), seed=1, rows=40)
    for mode, told in ((Mode.CREATE_IF_MISSING, 2), (Mode.TRUNCATE_THEN_INSERT, 0)):
        heard: list[Event] = []
        execute(planned, open_target(str(tmp_path / "x.duckdb")), RunSettings(mode=mode), listen=heard.append)
        texts = [each.text for each in heard if isinstance(each, Remark)]
        assert len(texts) == told
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
        joined = "FROM south.road JOIN north.town ON town.id = start_town"
        assert connection.execute(f"SELECT count(*) {joined}").fetchone() == (40,)
        keys = "FROM duckdb_constraints() WHERE constraint_type = 'FOREIGN KEY'"
        assert connection.execute(f"SELECT table_name {keys}").fetchall() == [("town",)]
