"""Rows of a table that refers to itself, level by level: DuckDB wants a parent's row inserted by an earlier statement.

`connection` has the rows as `sdgen_rows`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sdgen.databases.duckdb.dialect import DUCKDB, union_members
from sdgen.errors import Problem, TargetError
from sdgen.targets.base import Reference, Table, TableColumn


def stored_rows(table: Table) -> str:
    """The query of the rows as the table stores them: a UNION of that of a struct's fields which has a value."""
    columns = ", ".join(f"{_stored(column)} AS {DUCKDB.quote(column.name)}" for column in table.columns)
    return f"SELECT {columns} FROM sdgen_rows"


def _stored(column: TableColumn) -> str:
    name, declared = DUCKDB.quote(column.name), column.target.get(DUCKDB.name, "")
    members = union_members(declared)
    if members is None or members.fields != column.type.fields:
        return name
    fields = map(DUCKDB.quote, members.fields)
    # DuckDB has no value for a member by its name: a UNION of one member is cast to that of all.
    cases = " ".join(
        f"WHEN {name}.{field} IS NOT NULL THEN CAST(union_value({field} := {name}.{field}) AS {declared})"
        for field in fields
    )
    return f"CASE {cases} END"


def insert_levels(connection: Any, table: Table, own: Sequence[Reference]) -> None:
    """Insert all rows, each after those that it refers to; TargetError where that can't be."""
    run = connection.execute
    run(f"CREATE OR REPLACE TEMP TABLE sdgen_tree AS {stored_rows(table)}")
    if len(own) == 1:
        left = _insert_tree(run, table, own[0])
    else:
        left = _insert_trees(run, table, own)
    if left:
        what = f"{left} rows are their own ancestors, or have parents that don't exist"
        raise TargetError(Problem(("target", table.name), what))
    run("DROP TABLE sdgen_tree")
    run("DROP TABLE sdgen_levels")


def _insert_tree(run: Any, table: Table, own: Reference) -> int:
    """Insert a tree, whose levels are found at once; how many rows are left over."""
    run(f"""CREATE OR REPLACE TEMP TABLE sdgen_levels AS WITH RECURSIVE levels AS (
        SELECT rowid AS place, 0 AS level FROM sdgen_tree AS child WHERE {_has_parent(own, table)}
        UNION ALL SELECT child.rowid, level + 1 FROM levels
        JOIN sdgen_tree AS parent ON parent.rowid = place JOIN sdgen_tree AS child ON {_link(own)})
        SELECT * FROM levels""")
    deepest, found, all_ = run(
        "SELECT max(level), count(*), (SELECT count(*) FROM sdgen_tree) FROM sdgen_levels"
    ).fetchone()
    for level in range((deepest or 0) + 1) if found == all_ else ():
        _insert(run, table, f"WHERE level = {level}")
    return int(all_ - found)


def _insert_trees(run: Any, table: Table, own: Sequence[Reference]) -> int:
    """Insert rows that refer to several rows of their table: in each round those all of whose parents are there."""
    ready = " AND ".join(_has_parent(reference, table) for reference in own)
    while True:
        run(
            f"CREATE OR REPLACE TEMP TABLE sdgen_levels AS SELECT rowid AS place FROM sdgen_tree AS child WHERE {ready}"
        )
        if not run("SELECT 1 FROM sdgen_levels LIMIT 1").fetchone():
            return int(run("SELECT count(*) FROM sdgen_tree").fetchone()[0])
        _insert(run, table, "")
        run("DELETE FROM sdgen_tree WHERE rowid IN (SELECT place FROM sdgen_levels)")


def _insert(run: Any, table: Table, where: str) -> None:
    names = ", ".join(DUCKDB.quote(name) for name in table.names)
    columns = ", ".join(f"sdgen_tree.{DUCKDB.quote(name)}" for name in table.names)
    run(f"""INSERT INTO {DUCKDB.table(table.name)} ({names}) SELECT {columns} FROM sdgen_tree
        JOIN sdgen_levels ON place = sdgen_tree.rowid {where} ORDER BY place""")


def _has_parent(own: Reference, table: Table) -> str:
    """The condition that a row of `child` names no parent, or one that the table holds."""
    absent = " OR ".join(f"child.{DUCKDB.quote(name)} IS NULL" for name in own.columns)
    return f"({absent} OR EXISTS (FROM {DUCKDB.table(table.name)} AS parent WHERE {_link(own)}))"


def _link(own: Reference) -> str:
    pairs = zip(own.columns, own.to, strict=True)
    return " AND ".join(f"child.{DUCKDB.quote(here)} = parent.{DUCKDB.quote(there)}" for here, there in pairs)
