"""Fact sheets: complete, and able to read what they declare."""

from __future__ import annotations

import pytest

from sdgen.databases.dialect import Dialect
from sdgen.databases.duckdb.dialect import DUCKDB
from sdgen.databases.mysql.dialect import MYSQL
from sdgen.databases.postgres.dialect import POSTGRES
from sdgen.databases.sqlite.dialect import SQLITE
from sdgen.scenario.types import KINDS, Type, array_of, parse_type

ALL = [POSTGRES, MYSQL, SQLITE, DUCKDB]
PLAIN = sorted(KINDS - {"decimal", "enum", "array", "map", "struct"})


@pytest.mark.parametrize("dialect", ALL, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("kind", PLAIN)
def test_every_kind_is_declared_and_read(dialect: Dialect, kind: str) -> None:
    assert dialect.read(dialect.declared(Type(kind))) is not None


@pytest.mark.parametrize(
    ("dialect", "text", "declared"),
    [
        (POSTGRES, "decimal(10,2)", "numeric(10,2)"),
        (POSTGRES, "string(9)", "varchar(9)"),
        (POSTGRES, "string", "text"),
        (POSTGRES, "uint", "bigint"),
        (POSTGRES, "ubigint", "numeric(20,0)"),
        (POSTGRES, "array<int>", "integer[]"),
        (POSTGRES, "array<array<int>>", "jsonb"),
        (POSTGRES, "array<json>", "jsonb"),
        (MYSQL, "enum(a, 'it''s')", "ENUM('a', 'it''s')"),
        (MYSQL, "map<string, int>", "JSON"),
        (SQLITE, "decimal(15,2)", "DECIMAL(15,2)"),
        (SQLITE, "decimal(16,2)", "TEXT"),
        (DUCKDB, "array<array<int>>", "INTEGER[][]"),
        (DUCKDB, "struct<a: int, 'b c': array<string>>", 'STRUCT("a" INTEGER, "b c" VARCHAR[])'),
        (DUCKDB, "map<string, decimal(5,1)>", "MAP(VARCHAR, DECIMAL(5,1))"),
    ],
)
def test_declared(dialect: Dialect, text: str, declared: str) -> None:
    assert dialect.declared(parse_type(text)) == declared


def test_read() -> None:
    assert POSTGRES.read("timestamp(3) with time zone") == Type("timestamptz")
    assert POSTGRES.read("character varying(20)") == Type("string", length=20)
    assert POSTGRES.read("numeric") == Type("decimal")
    assert POSTGRES.read("integer[]") == array_of(Type("int"))
    assert MYSQL.read("int(11) unsigned") == Type("uint")
    assert SQLITE.read("VARCHAR (10)") == Type("string", length=10)
    assert POSTGRES.read("no_such_type") is None


def test_quotes() -> None:
    assert POSTGRES.table('a.b"c') == '"a"."b""c"'
    assert MYSQL.quote("a`b") == "`a``b`"
    assert SQLITE.table("a.b") == '"a.b"'


def test_shortened_names_differ() -> None:
    first, second = (POSTGRES.shortened("x" * 70 + end) for end in "ab")
    assert first != second
    assert len(first) == len(second) == 63


def test_sqlite_reads_a_declaration_of_several_words_by_its_affinity() -> None:
    for declared, kind in (
        ("BLOB SUB_TYPE TEXT", "text"),
        ("NATIVE CHARACTER(70)", "text"),
        ("UNSIGNED BIG INTEGER", "bigint"),
        ("TIMESTAMP WITHOUT TIME ZONE", "timestamp"),
        ("TIMESTAMPTZ", "timestamp"),
    ):
        found = SQLITE.read(declared)
        assert found is not None
        assert found.kind == kind


@pytest.mark.parametrize("text", ["unsigned text", "unsigned decimal(5,2)", "unsigned uuid"])
def test_only_whole_numbers_are_unsigned(text: str) -> None:
    with pytest.raises(ValueError, match="only whole numbers are unsigned"):
        parse_type(text)
