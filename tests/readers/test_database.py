"""Live databases → scenarios, and back into the same tables."""

from __future__ import annotations

import re
import shlex
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

import sdgen
from sdgen.databases.clickhouse import EMBEDDED
from sdgen.databases.urls import without_password
from sdgen.errors import SourceError
from sdgen.readers.sources import read_source
from sdgen.readers.sql.database import read_database
from sdgen.readers.sql.ddl_text import statements

FOLDER = Path(__file__).parent / "ddl"
DDL = """
CREATE TABLE teams (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE, level INTEGER NOT NULL CHECK (level BETWEEN 1 AND 3));
CREATE TABLE players (id INTEGER PRIMARY KEY, team INTEGER NOT NULL REFERENCES teams (id), number INTEGER NOT NULL, UNIQUE (team, number));
"""


@pytest.fixture(params=["sqlite", "duckdb"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    path = tmp_path / f"club.{request.param}"
    if request.param == "sqlite":
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(DDL)
    else:
        with duckdb.connect(str(path)) as database:
            database.execute(DDL)
    return str(path)


def test_a_database_file_fills_itself(file: str) -> None:
    scenario = read_source(file)
    assert list(scenario.entities) == ["teams", "players"]
    assert scenario.entities["players"].unique == (("team", "number"),)
    assert scenario.entities["teams"].columns["level"].generator is not None
    result = sdgen.write(file, file, mode="append_only", rows=300, seed=1)
    assert result.rows == 600


def test_by_its_url_too(file: str) -> None:
    kind = Path(file).suffix[1:]
    assert [table.name.name for table in read_database(f"{kind}:///{file}").tables] == ["teams", "players"]


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such database file"):
        read_database(str(tmp_path / "none.sqlite"))
    (tmp_path / "text.sqlite").write_text("no database at all, but long enough to look like one " * 4)
    with pytest.raises(SourceError, match="can't be read as a sqlite database"):
        read_database(str(tmp_path / "text.sqlite"))


def test_a_password_is_never_shown() -> None:
    assert without_password("postgresql://me:secret@host:5432/x?a=b") == "postgresql://me:***@host:5432/x?a=b"
    with pytest.raises(SourceError) as failure:
        read_database("postgresql://me:secret@127.0.0.1:1/x?connect_timeout=1")
    assert "secret" not in str(failure.value)


def test_a_database_without_a_catalogue_to_read_says_what_to_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sdgen.readers.sql.database.of_source", lambda source: replace(EMBEDDED, introspect=None))
    with pytest.raises(SourceError, match="chdb can't be read from its catalogue") as failure:
        read_database(f"chdb:///{tmp_path}/x")
    assert "schema.sql" in failure.value.problems[0].hint


def test_a_folder_of_chdb_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no such database, or nothing is in it"):
        read_database(f"chdb:///{tmp_path}/x")


def test_a_url_may_name_its_driver(postgres_url: str) -> None:
    """Then it is read by that one, with all that PostgreSQL's own catalogue tells."""
    import psycopg

    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE p (a varchar(7)) PARTITION BY LIST (a)")
        connection.execute("CREATE TABLE q PARTITION OF p FOR VALUES IN ('x')")
    schema = read_database(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    assert [table.name.name for table in schema.tables] == ["p"]
    assert schema.tables[0].checks


def test_a_missing_driver_is_told_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyodbc", None)
    command = shlex.join([sys.executable, "-m", "pip", "install", "pyodbc"])
    with pytest.raises(SourceError, match=re.escape(command)):
        read_database("mssql+pyodbc://localhost/x")


def test_postgres_says_the_same_as_its_ddl(postgres_url: str) -> None:
    import psycopg

    pytest.importorskip("sqlalchemy")
    text = (FOLDER / "library.sql").read_text("utf-8")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for statement in statements(text, "postgres"):
            if not any(word in statement.text for word in ("COPY", "librarian", "EXCLUDE")):
                connection.execute(statement.text.encode())
    from_text, from_database = read_source(FOLDER / "library.sql"), read_source(postgres_url)
    for name, entity in from_text.entities.items():
        found = from_database.entities[name]
        assert found.columns == entity.columns, name
        assert found.unique == entity.unique
        assert found.rows == entity.rows
    result = sdgen.write(postgres_url, postgres_url, mode="append_only", rows=100, seed=1)
    assert result.rows == 400
    result = sdgen.write(FOLDER / "library.sql", postgres_url, mode="truncate_then_insert", rows=200, seed=1)
    assert result.rows == 800
