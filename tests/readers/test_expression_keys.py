"""Unique indexes over expressions, documents and arrays, on every database that has them, with existing rows beside."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import psycopg
import pytest

import sdgen
from sdgen.readers.sources import read_source
from tests.targets.places import run_mysql

ROWS = {"*": 60}
POSTGRES = """
CREATE TABLE parcels (id serial PRIMARY KEY, label jsonb NOT NULL, extra jsonb, stickers text[] NOT NULL, shelf int NOT NULL);
CREATE UNIQUE INDEX parcels_code ON parcels ((label->>'code'));
CREATE UNIQUE INDEX parcels_number ON parcels (shelf, (((extra->'sender')->>'number')::int));
ALTER TABLE parcels ADD UNIQUE (stickers);
CREATE TABLE guests (id serial PRIMARY KEY, mail text NOT NULL, house int, nick varchar(20), left_at timestamptz);
CREATE UNIQUE INDEX guests_mail ON guests (lower(mail) varchar_pattern_ops, coalesce(left_at, 'infinity'));
CREATE UNIQUE INDEX guests_nick ON guests (upper(nick), coalesce(house, -1) DESC);
CREATE TABLE folders (id serial PRIMARY KEY, above int REFERENCES folders, title text NOT NULL);
CREATE UNIQUE INDEX folders_title ON folders (coalesce(above, 0), lower(title));
CREATE TABLE visits (id serial PRIMARY KEY, seen timestamp NOT NULL, guest int NOT NULL REFERENCES guests);
CREATE UNIQUE INDEX visits_day ON visits (guest, (seen::date));
CREATE TABLE games (id serial PRIMARY KEY, home int NOT NULL REFERENCES guests, away int NOT NULL REFERENCES guests);
CREATE UNIQUE INDEX games_pair ON games (greatest(home, away), least(home, away));
CREATE TABLE sites (id serial PRIMARY KEY, host text NOT NULL, main boolean NOT NULL);
CREATE UNIQUE INDEX sites_main ON sites ((true)) WHERE main;
CREATE UNIQUE INDEX sites_host ON sites (md5(host));
CREATE TABLE setting (theme text);
CREATE UNIQUE INDEX setting_one ON setting ((1));
"""
SQLITE = """
CREATE TABLE parcels (id INTEGER PRIMARY KEY, label TEXT NOT NULL CHECK (json_valid(label)), extra JSON);
CREATE UNIQUE INDEX parcels_code ON parcels (json_extract(label, '$.sender.code'));
CREATE UNIQUE INDEX parcels_number ON parcels (extra->>'$.number' DESC);
CREATE TABLE guests (id INTEGER PRIMARY KEY, mail TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('a', 'b', 'c')), nick TEXT);
CREATE UNIQUE INDEX guests_mail ON guests (lower(mail));
CREATE UNIQUE INDEX guests_nick ON guests (ifnull(nick, ''), kind);
CREATE TABLE visits (id INTEGER PRIMARY KEY, seen TIMESTAMP NOT NULL, guest INTEGER NOT NULL REFERENCES guests);
CREATE UNIQUE INDEX visits_day ON visits (guest, date(seen));
CREATE TABLE sites (id INTEGER PRIMARY KEY, host TEXT NOT NULL, main BOOLEAN NOT NULL);
CREATE UNIQUE INDEX sites_main ON sites (main) WHERE main;
"""
MYSQL = """
CREATE TABLE parcels (id int AUTO_INCREMENT PRIMARY KEY, label JSON NOT NULL,
  code varchar(40) AS (json_value(label, '$.code')) PERSISTENT, UNIQUE KEY k (code));
CREATE TABLE boxes (id int AUTO_INCREMENT PRIMARY KEY, shelf int NOT NULL, extra JSON,
  number varchar(40) AS (json_unquote(json_extract(extra, '$.sender.number'))) VIRTUAL, UNIQUE KEY k (shelf, number));
CREATE TABLE guests (id int AUTO_INCREMENT PRIMARY KEY, mail varchar(190) NOT NULL, left_at datetime,
  here tinyint AS (if(left_at IS NULL, 1, NULL)) VIRTUAL, UNIQUE KEY e (mail, here));
CREATE TABLE visits (id int AUTO_INCREMENT PRIMARY KEY, seen datetime NOT NULL, guest int NOT NULL,
  day date AS (cast(seen as date)) PERSISTENT, UNIQUE KEY d (guest, day), FOREIGN KEY (guest) REFERENCES guests (id));
CREATE TABLE phones (id int AUTO_INCREMENT PRIMARY KEY, guest int NOT NULL, main bool NOT NULL,
  main_guest int AS (CASE WHEN main THEN guest END) VIRTUAL, UNIQUE KEY p (main_guest), FOREIGN KEY (guest) REFERENCES guests (id));
"""
DUCKDB = """
CREATE TABLE guests (id INTEGER PRIMARY KEY, mail VARCHAR NOT NULL, nick VARCHAR, house INTEGER);
CREATE UNIQUE INDEX guests_mail ON guests (lower(mail));
CREATE UNIQUE INDEX guests_nick ON guests (lower(nick), coalesce(house, 0));
CREATE TABLE visits (id INTEGER PRIMARY KEY, seen TIMESTAMP NOT NULL, guest INTEGER NOT NULL);
CREATE UNIQUE INDEX visits_day ON visits (guest, (seen::date));
"""


def _schema(folder: Path, text: str) -> Path:
    path = folder / "schema.sql"
    path.write_text(text)
    return path


def test_postgres(postgres_url: str, tmp_path: Path) -> None:
    schema = _schema(tmp_path, POSTGRES)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(POSTGRES.encode())
        notes = [note.what for note in read_source(schema).notes]
        assert notes == ["((1)) is the same in all rows, and unique: the table has one row"]
        sdgen.write(schema, postgres_url, mode="append_only", seed=1, rows=ROWS)
        sdgen.write(postgres_url, postgres_url, mode="append_only", seed=1, rows=ROWS, exclude="setting")
        ask = "SELECT count(*), count(DISTINCT extra->'sender'->>'number'), count(*) - count(extra) FROM parcels"
        rows, numbers, nulls = connection.execute(ask.encode()).fetchall()[0]
        assert (rows, numbers + nulls, nulls > 2) == (120, 120, True)
        asked = "SELECT count(*) FILTER (WHERE home >= away), count(*) FROM games"
        assert connection.execute(asked.encode()).fetchall() == [(0, 120)]
        assert connection.execute("SELECT count(*) FROM sites WHERE main").fetchall() == [(1,)]
        # What stands for a null keeps its nulls where another column can be unique alone.
        assert connection.execute("SELECT count(*) FROM guests WHERE left_at IS NULL").fetchall()[0][0] > 50
        assert connection.execute("SELECT count(*) FROM folders WHERE above IS NULL").fetchall()[0][0] > 0


def test_sqlite(tmp_path: Path) -> None:
    schema, to = _schema(tmp_path, SQLITE), tmp_path / "x.sqlite"
    with closing(sqlite3.connect(to)) as connection:
        connection.executescript(SQLITE)
        sdgen.write(schema, to, mode="append_only", seed=1, rows=ROWS)
        sdgen.write(to, to, mode="append_only", seed=1, rows=ROWS)
        asked = "SELECT count(*), count(DISTINCT json_extract(label, '$.sender.code')), count(DISTINCT extra->>'$.number') FROM parcels"
        rows, codes, numbers = connection.execute(asked).fetchall()[0]
        assert (rows, codes) == (120, 120)
        assert 90 < numbers <= 120
        assert connection.execute("SELECT sum(main), count(*) FROM sites").fetchall() == [(1, 120)]


def test_generated_columns_of_mariadb(mysql_url: str, tmp_path: Path) -> None:
    schema = _schema(tmp_path, MYSQL)
    run_mysql(mysql_url, *filter(str.strip, MYSQL.split(";")))
    sdgen.write(schema, mysql_url, mode="append_only", seed=1, rows=ROWS)
    sdgen.write(mysql_url, mysql_url, mode="append_only", seed=1, rows=ROWS)
    # Nearly all boxes have a document; a key over shelves alone would have asked for as many shelves.
    assert sdgen.read(schema).entities["boxes"].unique == (("shelf", "extra_number"),)
    assert sdgen.read(schema).entities["phones"].partial_unique[0].columns == ("guest",)


def test_duckdb(tmp_path: Path) -> None:
    schema, to = _schema(tmp_path, DUCKDB), tmp_path / "x.duckdb"
    with duckdb.connect(str(to)) as connection:
        connection.execute(DUCKDB)
    sdgen.write(schema, to, mode="append_only", seed=1, rows=ROWS)
    sdgen.write(to, to, mode="append_only", seed=1, rows=ROWS)
    with duckdb.connect(str(to)) as connection:
        asked = "SELECT count(*), count(DISTINCT lower(mail)), count(DISTINCT (guest, seen::date)) FROM guests, visits WHERE guests.id = visits.id"
        assert connection.execute(asked).fetchall() == [(120, 120, 120)]


@pytest.mark.parametrize(
    ("index", "what"),
    [
        ("(abs(a), b % 7)", "unique index t_i is over expressions: made unique by its columns"),
        ("(some_function(a)) WHERE b > 3", "unique index t_i holds where b > 3: made unique everywhere"),
    ],
)
def test_what_is_not_understood_is_told_at_its_place(tmp_path: Path, index: str, what: str) -> None:
    schema = _schema(
        tmp_path, f"CREATE TABLE t (a int NOT NULL, b int NOT NULL);\nCREATE UNIQUE INDEX t_i ON t {index};"
    )
    (note,) = read_source(schema).notes
    assert (note.what, note.line) == (what, 2)


def test_mysql_functional_keys_and_renamed_columns(tmp_path: Path) -> None:
    text = """CREATE TABLE t (`id` int AUTO_INCREMENT PRIMARY KEY, `mail` varchar(99) NOT NULL, `doc` json NOT NULL,
      UNIQUE KEY `m` ((lower(`mail`))), UNIQUE KEY `d` ((CAST(`doc`->>'$.id' AS CHAR(36))))) ENGINE=InnoDB;
      ALTER TABLE t RENAME COLUMN doc TO body;"""
    columns = read_source(_schema(tmp_path, text)).entities["t"].columns
    assert columns["mail"].unique
    assert columns["body_id"].unique
    assert columns["body"].generator is not None
    assert "id" in columns["body"].generator.params["fields"]
