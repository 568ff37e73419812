"""The SQL of tables and constraints."""

from __future__ import annotations

from sdgen.databases.create_table import add_constraint, constraints, create_table, too_long, unique_index
from sdgen.databases.duckdb.dialect import DUCKDB
from sdgen.databases.postgres.dialect import POSTGRES
from sdgen.databases.sqlite.dialect import SQLITE
from sdgen.scenario.types import parse_type
from sdgen.targets.base import Reference, Table, TableColumn

TABLE = Table(
    "app.orders",
    "orders",
    (
        TableColumn("id", parse_type("bigint"), False),
        TableColumn('the "user"', parse_type("uuid"), True),
        TableColumn("state", parse_type("enum(a, 'it''s')"), True),
    ),
    primary_key=("id",),
    unique=(('the "user"', "state"),),
    references=(Reference(('the "user"',), "users", ("id",)),),
)


def test_whole_table() -> None:
    assert create_table(TABLE, POSTGRES) == (
        'CREATE TABLE "app"."orders" (\n'
        '    "id" bigint NOT NULL,\n'
        '    "the ""user""" uuid,\n'
        '    "state" text,\n'
        "    CONSTRAINT \"orders_state_check\" CHECK (\"state\" IN ('a', 'it''s')),\n"
        '    CONSTRAINT "orders_pkey" PRIMARY KEY ("id"),\n'
        '    CONSTRAINT "orders_the ""user""_state_key" UNIQUE ("the ""user""", "state"),\n'
        '    CONSTRAINT "orders_the ""user""_fkey" FOREIGN KEY ("the ""user""") REFERENCES "users" ("id")\n'
        ")"
    )


def test_constraints_apart() -> None:
    assert "PRIMARY" not in create_table(TABLE, POSTGRES, frozenset())
    first, second, _ = constraints(TABLE, POSTGRES)
    assert (
        add_constraint(TABLE, first, POSTGRES)
        == 'ALTER TABLE "app"."orders" ADD CONSTRAINT "orders_pkey" PRIMARY KEY ("id")'
    )
    assert add_constraint(TABLE, first, DUCKDB) == 'ALTER TABLE "app"."orders" ADD PRIMARY KEY ("id")'
    assert unique_index(TABLE, second, SQLITE).startswith('CREATE UNIQUE INDEX "orders_the ""user""_state_key"')


def test_a_dot_is_part_of_the_name_without_schemas() -> None:
    assert create_table(TABLE, SQLITE).startswith('CREATE TABLE "app.orders" (')


def test_long_names() -> None:
    long = Table("t" * 64, "t", (TableColumn("c" * 60, parse_type("int"), True),), unique=(("c" * 60,),))
    assert [problem.path[-1] for problem in too_long(long, POSTGRES)] == ["t" * 64]
    assert too_long(long, DUCKDB) == []
    names = {
        constraints(Table(name, "t", long.columns, unique=long.unique), POSTGRES)[0].name for name in ("a", "b" * 60)
    }
    assert len(names) == 2
    assert all(len(name) <= 63 for name in names)
