"""Row counts beside the rows that a schema's own text has inserted: what nobody named shrinks to what is left."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

import sdgen
from sdgen.errors import ScenarioError
from sdgen.execution.events import Event, Remark
from sdgen.execution.execute import execute_run
from sdgen.execution.request import RunRequest
from sdgen.execution.resolve import resolve
from sdgen.service.service import Service
from sdgen.targets.base import Mode
from tests.targets.places import run_mysql

CHECKED = """
CREATE TABLE shades (shade VARCHAR(9) PRIMARY KEY CHECK (shade IN ('red', 'green', 'blue')), title VARCHAR(20));
INSERT INTO shades VALUES ('red', 'Red'), ('green', 'Green'), ('blue', 'Blue');
CREATE TABLE sizes (size VARCHAR(2) PRIMARY KEY CHECK (size IN ('S', 'M', 'L')), title VARCHAR(20));
INSERT INTO sizes VALUES ('M', 'Medium');
CREATE TABLE mixes (shade VARCHAR(9) NOT NULL, size VARCHAR(2) NOT NULL, n INTEGER, PRIMARY KEY (shade, size),
  FOREIGN KEY (shade) REFERENCES shades (shade), FOREIGN KEY (size) REFERENCES sizes (size));
INSERT INTO mixes VALUES ('red', 'M', 1), ('blue', 'M', 2);
CREATE TABLE notes (shade VARCHAR(9) PRIMARY KEY, words VARCHAR(40), FOREIGN KEY (shade) REFERENCES shades (shade));
INSERT INTO notes VALUES ('red', 'x'), ('green', 'y');
CREATE TABLE shirts (id INTEGER PRIMARY KEY, shade VARCHAR(9) NOT NULL, size VARCHAR(2) NOT NULL,
  FOREIGN KEY (shade) REFERENCES shades (shade), FOREIGN KEY (size) REFERENCES sizes (size));
"""
ENUM = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE moods (mood mood PRIMARY KEY, face text NOT NULL);
INSERT INTO moods VALUES ('sad', ':('), ('ok', ':|'), ('happy', ':)');
CREATE TABLE site (one boolean PRIMARY KEY DEFAULT true CHECK (one), name text NOT NULL);
INSERT INTO site VALUES (true, 'here');
CREATE TABLE days (id serial PRIMARY KEY, mood mood NOT NULL REFERENCES moods, at date);
"""
Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Ask]]:
    """A database in which the text was run, and a way to ask it."""
    if request.param == "mysql":
        import pymysql

        url = request.getfixturevalue("mysql_url")
        run_mysql(url, *filter(str.strip, CHECKED.split(";")))
        socket, name = url.partition("unix_socket=")[2], url.partition("?")[0].rpartition("/")[2]
        with closing(pymysql.connect(unix_socket=socket, user="root", database=name, autocommit=True)) as mysql:

            def ask_mysql(sql: str) -> list[tuple[Any, ...]]:
                with mysql.cursor() as cursor:
                    cursor.execute(sql)
                    return list(cursor.fetchall())

            yield url, ask_mysql
    elif request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        with psycopg.connect(url, autocommit=True) as postgres:
            postgres.execute(CHECKED.encode())
            yield url, lambda sql: postgres.execute(sql.encode()).fetchall()
    else:
        with closing(sqlite3.connect(tmp_path / "x.sqlite")) as lite:
            lite.executescript(CHECKED)
            yield str(tmp_path / "x.sqlite"), lambda sql: lite.execute(sql).fetchall()


def _schema(folder: Path, text: str) -> Path:
    path = folder / "schema.sql"
    path.write_text(text)
    return path


def _appended(schema: Path, to: str, **fields: Any) -> list[str]:
    """What a run that appends tells."""
    found: list[Event] = []
    request = RunRequest(scenario_path=str(schema), target=to, mode=Mode.APPEND_ONLY, seed=3, **fields)
    execute_run(resolve(request), listen=found.append)
    return [event.text for event in found if isinstance(event, Remark)]


def test_tables_that_are_full_get_what_is_left(place: tuple[str, Ask], tmp_path: Path) -> None:
    to, ask = place
    told = _appended(_schema(tmp_path, CHECKED), to)
    assert "shades: 3 rows are there, and its keys leave room for 0 more: 0 of 3 made" in told
    assert {text.partition(":")[0] for text in told} == {"shades", "sizes", "mixes", "notes"}
    counts = [ask(f"SELECT count(*) FROM {table}")[0][0] for table in ("shades", "sizes", "mixes", "notes")]
    assert counts == [3, 3, 9, 3]
    assert ask("SELECT count(DISTINCT shade), count(DISTINCT size) FROM shirts") == [(3, 3)]


def test_a_count_that_is_named_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as lite:
        lite.executescript(CHECKED)
    schema, to = _schema(tmp_path, CHECKED), tmp_path / "x.sqlite"
    with pytest.raises(ScenarioError, match="ask for at most 2 more") as raised:
        sdgen.write(schema, to, mode="append_only", rows={"sizes": 3})
    assert {problem.path[1] for problem in raised.value.problems} == {"sizes"}
    with pytest.raises(ScenarioError, match="ask for at most 2 more"):
        sdgen.write(schema, to, mode="append_only", set={"entities.sizes.rows": 3})


def test_enums_and_singletons(postgres_url: str, tmp_path: Path) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(ENUM.encode())
        told = _appended(_schema(tmp_path, ENUM), postgres_url)
        assert [text.partition(":")[0] for text in told] == ["moods", "site"]
        assert connection.execute("SELECT count(DISTINCT mood), count(*) > 5 FROM days").fetchall() == [(3, True)]


def test_a_remembered_run_is_reproduced_with_as_many_rows(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as lite:
        lite.executescript(CHECKED)
    request = RunRequest(
        scenario_path=str(_schema(tmp_path, CHECKED)), target=str(tmp_path / "x.sqlite"), mode=Mode.APPEND_ONLY
    )
    service = Service.open(str(tmp_path / "runs.db"))
    try:
        run = service.perform(request)
        again = service.repository.job(run.id).plan()
        rows = {entity.entity: entity.written for entity in service.run(run.id).entities}
    finally:
        service.close()
    assert (rows["sizes"], rows["notes"]) == (2, 1)
    assert {name: each.rows - each.first for name, each in again.entities.items()} == rows
