"""`sdgen import`, and commands that take a schema for a scenario."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

DDL = """\
CREATE TABLE owners (id serial PRIMARY KEY, name text NOT NULL);
CREATE TABLE pets (id serial PRIMARY KEY, owner_id integer NOT NULL REFERENCES owners, kind text CHECK (kind IN ('cat', 'dog')),
    shape nosuch);
CREATE VIEW cats AS SELECT * FROM pets;
"""
Run = Callable[..., Any]


@pytest.fixture
def schema(folder: Path) -> Path:
    path = folder / "pets.sql"
    path.write_text(DDL)
    return path


def test_import_ddl_to_standard_output(run: Run, schema: Path) -> None:
    result = run("import", "ddl", "pets.sql")
    assert result.exit_code == 0
    link = (
        "owner_id: {type: int, generator: fk, params: {entity: owners, column: id, distribution: zipf, exponent: 0.6}}"
    )
    assert link in result.stdout
    assert "warning: pets.sql:4:1: 1 view left out" in result.stderr
    assert "shape: the column is left out" in result.stdout


def test_import_ddl_to_a_file(run: Run, schema: Path, folder: Path) -> None:
    assert run("import", "ddl", "pets.sql", "-o", "pets.yaml", "--rows", "50").exit_code == 0
    assert "valid: pets: 2 entities, 5 columns, 100 rows" in run("validate", "pets.yaml").stdout
    result = run("import", "ddl", "pets.sql", "-o", "pets.yaml")
    assert result.exit_code == 1
    assert "--force replaces it" in result.stderr
    assert run("import", "ddl", "pets.sql", "-o", "pets.yaml", "--force").exit_code == 0


def test_import_ddl_of_a_dialect(run: Run, schema: Path) -> None:
    assert run("import", "ddl", "pets.sql", "--dialect", "PostgreSQL").exit_code == 0
    assert run("import", "ddl", "pets.sql", "--dialect", "cobol").exit_code == 2


def test_import_a_database(run: Run, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "pets.sqlite")) as connection:
        connection.executescript("CREATE TABLE owners (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
    assert "name: text" in run("import", "database", "pets.sqlite").stdout
    result = run("import", "database", "pets.txt")
    assert result.exit_code == 1
    assert "this is no database" in result.stderr


def test_a_schema_stands_for_a_scenario(run: Run, schema: Path, folder: Path) -> None:
    result = run("generate", "pets.sql", "--to", "out/", "--rows", "20", "--seed", "1")
    assert result.exit_code == 0
    assert "40 rows" in result.stdout
    assert "again: sdgen generate pets.sql" in result.stdout
    assert "--rows 20" in result.stdout
    assert "warning: pets.sql:3" in result.stderr
    assert run("validate", "pets.sql").stdout.startswith("valid: pets")
    assert run("preview", "pets.sql", "pets", "--rows", "2").exit_code == 0


def test_a_missing_file_is_told(run: Run) -> None:
    result = run("import", "ddl", "none.sql")
    assert result.exit_code == 1
    assert "none.sql: can't be read" in result.stderr
