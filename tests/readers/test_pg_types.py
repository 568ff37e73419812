"""PostgreSQL's types: each is filled, taken by a real server, and reads back as it was made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

import sdgen
from sdgen.readers.sources import read_source

KINDS = """
CREATE TYPE tint AS ENUM ('red', 'deep blue', 'the "best", of all');
CREATE DOMAIN positive AS int CHECK (VALUE > 0 AND VALUE < 9);
CREATE DOMAIN short AS varchar(4) NOT NULL;
CREATE DOMAIN shade AS tint;
CREATE TYPE parcel AS (label text, weight numeric(6,2), sent date, fragile boolean, code uuid, spot point[]);
CREATE TYPE plain AS (label varchar(5), pieces smallint, sent timestamptz, tint tint);
CREATE TYPE heights AS RANGE (subtype = float8);
"""
TYPES = [
    "tint[]", "shade", "shade[]", "positive[]", "short[]", "plain", "plain[]", "heights",
    "jsonb[]", "json[]", "text[]", "varchar(9)[]", "numeric(8,2)[]", "uuid[]", "timestamptz[]", "date[]", "boolean[]",
    "double precision[]", "inet[]", "interval[]", "daterange[]", "int[][]",
    "int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange",
    "int4multirange", "int8multirange", "nummultirange", "datemultirange", "tsmultirange", "tstzmultirange",
    "bit", "bit(8)", "bit varying(12)", "varbit", "interval", "interval day to second", "interval(3)",
    "inet", "cidr", "macaddr", "macaddr8", "tsquery", "jsonpath", "pg_lsn", "regclass", "regtype", "xid", "oid",
    "point", "line", "lseg", "box", "path", "polygon", "circle", "money", "timetz", "name", '"char"',
]  # fmt: skip


def ask(url: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("from_database", [False, True], ids=["ddl", "database"])
def test_a_server_takes_each_type_and_gives_it_back(postgres_url: str, tmp_path: Path, from_database: bool) -> None:
    types = [each for each in TYPES if not (from_database and each == "heights")]  # catalogues don't tell its subtype
    columns = ",\n".join(f"c{place} {type} NOT NULL" for place, type in enumerate(types))
    schema = tmp_path / "types.sql"
    schema.write_text(f"{KINDS}CREATE TABLE types (id int PRIMARY KEY, {columns}, words tsvector NOT NULL);")
    ask(postgres_url, schema.read_text())
    scenario = read_source(postgres_url if from_database else schema)
    assert [str(note) for note in scenario.notes] == []
    sdgen.write(scenario, postgres_url, mode="append_only", seed=4, rows=120)
    bad = [
        found for found in sdgen.verify(scenario, postgres_url, seed=4, rows=120).findings if found.status == "warning"
    ]
    same = [found for found in bad if found.check == "same rows" or found.check == "distribution"]
    assert not same, [(types[int(name[1:])], found.found) for found in same for name in found.columns]
    sdgen.write(scenario, postgres_url, mode="append_only", seed=5, rows=50)  # beside rows of all these types


def test_a_type_with_a_field_that_nothing_fills_is_told(tmp_path: Path) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(f"{KINDS}CREATE TABLE t (id int PRIMARY KEY, p parcel);")
    assert "nothing fills the type parcel" in str(read_source(schema).notes[0])


def test_arrays_go_into_arrays_and_documents(postgres_url: str, tmp_path: Path) -> None:
    ask(postgres_url, "CREATE TABLE t (id int PRIMARY KEY, a jsonb[], b jsonb, c int[], d json)")
    scenario = tmp_path / "s.yaml"
    number = "generator: uniform_int, params: {min: 1, max: 9}"
    numbers = f"{{type: array<int>, generator: array, params: {{min: 2, items: {{{number}}}}}}}"
    document = f"type: json, generator: json, params: {{fields: {{n: {{{number}}}}}}}"
    documents = f"{{type: array<json>, generator: array, params: {{min: 1, items: {{{document}}}}}}}"
    scenario.write_text(
        "name: s\nentities:\n  t:\n    rows: 20\n    columns:\n"
        "      id: {type: int, primary_key: true, generator: sequence}\n"
        f"      a: {documents}\n      b: {documents}\n      c: {numbers}\n      d: {numbers}\n"
    )
    sdgen.write(scenario, postgres_url, mode="append_only", seed=1)
    found = ask(postgres_url, "SELECT a[1]->>'n', b->0->>'n', c[1], d->>0 FROM t")
    assert all(int(value) in range(1, 10) for row in found for value in row)


def test_arrays_of_an_enum_are_sets_that_follow_their_default(postgres_url: str, tmp_path: Path) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(
        "CREATE TYPE \"Right\" AS ENUM ('READ', 'WRITE', 'OWN', 'LEND');\n"
        "CREATE TABLE keys (id int PRIMARY KEY, rights \"Right\"[] NOT NULL DEFAULT ARRAY['READ', 'LEND']::\"Right\"[],"
        " more \"Right\"[] NOT NULL DEFAULT '{OWN}');"
    )
    ask(postgres_url, schema.read_text())
    sdgen.write(schema, postgres_url, mode="append_only", seed=1, rows=200)
    for column, usual in (("rights", "{READ,LEND}"), ("more", "{OWN}")):
        ((often, empty),) = ask(
            postgres_url,
            f"SELECT count(*) FILTER (WHERE {column} = '{usual}'), count(*) FILTER (WHERE {column} = '{{}}') FROM keys",
        )
        assert 130 <= often <= 190
        assert empty == 0


@pytest.mark.parametrize(
    ("type", "text"),
    [
        ("geometry(Polygon,4326)", "SRID=4326;POLYGON(("),
        ("geography(Point)", "POINT("),
        ("public.geometry(MultiLineString)", "MULTILINESTRING(("),
        ("geometry", "POINT("),
    ],
)
def test_geometries_are_of_their_subtype(tmp_path: Path, type: str, text: str) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(f"CREATE EXTENSION postgis;\nCREATE TABLE t (id bigint PRIMARY KEY, g {type} NOT NULL);")
    found = sdgen.generate(schema, seed=1, rows=5)["t"]["g"].to_pylist()
    assert all(each.startswith(text) for each in found)
