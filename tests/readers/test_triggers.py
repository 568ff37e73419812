"""Triggers on inserted rows are told at their place, and tables that they fill are left to them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

import sdgen
from sdgen.readers.sources import read_source

POSTGRES = """
CREATE TABLE parcels (id serial PRIMARY KEY, label text NOT NULL, weight int, changed timestamptz);
CREATE TABLE parcel_log (id serial PRIMARY KEY, parcel_id int NOT NULL, at timestamptz NOT NULL);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.changed := now(); RETURN NEW; END $$;
CREATE FUNCTION log_it() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO parcel_log (parcel_id, at) VALUES (NEW.id, now()); RETURN NEW; END $$;
CREATE TRIGGER parcels_stamp BEFORE INSERT OR UPDATE ON parcels FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE TRIGGER parcels_log AFTER INSERT ON parcels FOR EACH ROW EXECUTE FUNCTION log_it();
CREATE TRIGGER parcels_gone AFTER DELETE ON parcels FOR EACH ROW EXECUTE FUNCTION log_it();
"""
SQLITE = """
CREATE TABLE parcels (id INTEGER PRIMARY KEY, label TEXT NOT NULL, changed TIMESTAMP NOT NULL);
CREATE TABLE parcel_log (id INTEGER PRIMARY KEY, parcel_id INTEGER NOT NULL, kind TEXT DEFAULT 'new' CHECK (kind IN ('new', 'old', 'lost')));
CREATE TABLE depots (id INTEGER PRIMARY KEY, parcels INTEGER NOT NULL CHECK (parcels >= 0));
CREATE TRIGGER parcels_log AFTER INSERT ON parcels BEGIN
  INSERT INTO parcel_log (parcel_id, kind) VALUES (NEW.id, NULL);
  UPDATE "parcels" SET changed = '1999-01-01 00:00:00', label = coalesce(label, 'a = b') WHERE id = NEW.id;
  UPDATE depots SET parcels = parcels + 90000;
END;
"""


def _schema(folder: Path, text: str) -> Path:
    path = folder / "s.sql"
    path.write_text(text)
    return path


def test_postgres(postgres_url: str, tmp_path: Path) -> None:
    schema = _schema(tmp_path, POSTGRES)
    found = [(note.line, note.what) for note in read_source(schema).notes if "trigger" in note.what]
    assert (7, "parcels: trigger parcels_stamp runs on inserted rows, and sets changed") in found
    assert (8, "parcels: trigger parcels_log runs on inserted rows, and adds rows to parcel_log") in found
    assert not any("parcels_gone" in what for _, what in found)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(POSTGRES.encode())
        sdgen.write(schema, postgres_url, mode="append_only", seed=1, rows=50)
        assert connection.execute("SELECT count(*), (SELECT count(*) FROM parcel_log) FROM parcels").fetchall() == [
            (50, 50)
        ]


@pytest.mark.parametrize("from_database", [False, True])
def test_sqlite(tmp_path: Path, from_database: bool) -> None:
    schema, to = _schema(tmp_path, SQLITE), tmp_path / "x.sqlite"
    with closing(sqlite3.connect(to)) as connection:
        connection.executescript(SQLITE)
        scenario = read_source(to if from_database else schema)
        assert any("the trigger parcels_log fills it" in note.what for note in scenario.notes)
        assert any(
            note.what.endswith("sets changed, label and sets parcels of depots and adds rows to parcel_log")
            for note in scenario.notes
        )
        sdgen.write(scenario, to, mode="append_only", seed=1, rows={"parcels": 50, "depots": 10})
        assert connection.execute("SELECT count(*), (SELECT count(*) FROM parcel_log) FROM parcels").fetchall() == [
            (50, 50)
        ]
    report = sdgen.verify(scenario, to, seed=1, rows={"parcels": 50, "depots": 10})
    assert not report.broken
    assert [each.expected for each in report.findings if each.check == "count"] == [
        *("50 rows", "those of its trigger", "10 rows"),
    ]
    assert {each.columns for each in report.findings if each.check == "range" and each.status == "skipped"} >= {
        ("changed",)
    }


def test_mysql_and_sql_server(tmp_path: Path) -> None:
    mysql = "CREATE TABLE `a` (`id` int PRIMARY KEY, `n` int) ENGINE=InnoDB;\nCREATE TRIGGER `b` BEFORE INSERT ON `a` FOR EACH ROW SET NEW.n = 3;"
    assert any(
        "trigger b runs on inserted rows, and sets n" in note.what
        for note in read_source(_schema(tmp_path, mysql)).notes
    )
    audit = """
        CREATE TABLE `a` (`id` int PRIMARY KEY) ENGINE=InnoDB;
        CREATE TABLE `done` (`a` int NOT NULL, `run` int NOT NULL, `way` int NOT NULL);
        CREATE PROCEDURE note_it(IN which int) INSERT INTO done (a, run, way) VALUES (which, @run, @way);
        CREATE TRIGGER `b` AFTER INSERT ON `a` FOR EACH ROW BEGIN SET @run = 4; CALL note_it(NEW.id); END;
    """.replace("\n        ", "\n")
    left = [note for note in read_source(_schema(tmp_path, audit)).notes if "left empty" in note.what]
    assert "the trigger b needs the session's @way, which nothing sets" in left[-1].what
    assert left[-1].hint.startswith("take the trigger out")
    server = "CREATE TABLE [dbo].[a] ([id] int PRIMARY KEY);\nGO\nCREATE TRIGGER [dbo].[b] ON [dbo].[a] AFTER INSERT AS BEGIN EXEC p END;\nGO"
    told = [note.what for note in read_source(_schema(tmp_path, server)).notes]
    assert "a: trigger b runs on inserted rows, and may change them" in told


# What triggers ask of a row, in PostgreSQL and MariaDB alike; each ends a load that doesn't keep it.
PARKING = """
CREATE TABLE permits (no uuid PRIMARY KEY);
CREATE TABLE cars (
  no uuid NOT NULL PRIMARY KEY REFERENCES permits (no), length_cm int, extra text, owner_no int, left_at date);
CREATE TABLE bikes (no uuid PRIMARY KEY REFERENCES permits (no), bay int);
CREATE TABLE usage_log (owner_no int NOT NULL, n int);
CREATE TABLE sheds (no int PRIMARY KEY, label text);
CREATE FUNCTION count_use(who int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN INSERT INTO usage_log VALUES (who, 1); END $$;
CREATE FUNCTION park() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- INSERT INTO nowhere: a comment adds no rows
  INSERT INTO permits VALUES (NEW.no);
  IF NEW.length_cm > 600 OR NEW.length_cm < 150 THEN RAISE EXCEPTION 'no place'; END IF;
  IF NEW.extra::jsonb ? 'x' THEN NEW.left_at := now(); END IF;
  PERFORM count_use(NEW.owner_no);
  RETURN NEW;
END $$;
CREATE FUNCTION park_bike() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO permits VALUES (NEW.no);
  IF NEW.bay BETWEEN 1 AND 40 THEN RETURN NEW;
  ELSIF NEW.bay BETWEEN 51 AND 90 THEN RETURN NEW;
  ELSE INSERT INTO bikes_astray VALUES (NEW.*); RETURN NULL;
  END IF;
END $$;
CREATE FUNCTION build() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN EXECUTE format('CREATE TABLE shed_%s (n int)', NEW.label); RETURN NEW; END $$;
CREATE TRIGGER cars_park BEFORE INSERT ON cars FOR EACH ROW EXECUTE FUNCTION park();
CREATE TRIGGER cars_build AFTER INSERT ON cars FOR EACH ROW EXECUTE FUNCTION build();
CREATE TRIGGER bikes_park BEFORE INSERT ON bikes FOR EACH ROW EXECUTE FUNCTION park_bike();
CREATE TRIGGER sheds_build AFTER INSERT ON sheds FOR EACH ROW EXECUTE FUNCTION build();
DROP TRIGGER IF EXISTS cars_build ON cars;
"""


def test_rows_keep_what_triggers_ask(postgres_url: str, tmp_path: Path) -> None:
    schema = _schema(tmp_path, PARKING)
    told = {note.what for note in read_source(schema).notes}
    assert not any("cars_build" in what for what in told)
    assert any("the trigger sheds_build makes or changes tables with each row" in what for what in told)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(PARKING.encode())
        sdgen.write(schema, postgres_url, mode="append_only", seed=1, rows=60)
        counts = "SELECT (SELECT count(*) FROM {}), count(*) FROM permits"
        assert connection.execute(counts.format("cars").encode()).fetchall() == [(60, 120)]
        assert connection.execute(counts.format("bikes").encode()).fetchall() == [(60, 120)]
    assert not sdgen.verify(schema, postgres_url, seed=1, rows=60).broken


ELSEWHERE = """
CREATE TABLE rooms (id int PRIMARY KEY, beds int NOT NULL);
CREATE TABLE stays (id int PRIMARY KEY, room_id int NOT NULL REFERENCES rooms, guests int NOT NULL);
CREATE TABLE bills (id int PRIMARY KEY, stay_id int NOT NULL REFERENCES stays);
CREATE TABLE notes (id int PRIMARY KEY, room_id int NOT NULL REFERENCES rooms);
CREATE FUNCTION enough_beds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE free int;
BEGIN
  SELECT beds INTO free FROM rooms WHERE id = NEW.room_id;
  IF free < NEW.guests + 1000000 THEN RAISE EXCEPTION 'no bed'; END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION has_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM rooms r WHERE r.id = NEW.room_id) THEN RAISE EXCEPTION 'no room'; END IF;
  IF TG_OP = 'UPDATE' AND (SELECT count(*) FROM rooms) > 0 THEN RAISE EXCEPTION 'no change'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER stays_beds BEFORE INSERT ON stays FOR EACH ROW EXECUTE FUNCTION enough_beds();
CREATE TRIGGER notes_room BEFORE INSERT OR UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION has_room();
"""


def test_a_table_whose_trigger_looks_elsewhere_is_left_empty_and_the_run_goes_on(
    postgres_url: str, tmp_path: Path
) -> None:
    schema = _schema(tmp_path, ELSEWHERE)
    left = {note.path[1]: note.what for note in read_source(schema).notes if "left empty" in note.what}
    assert left.keys() == {"stays", "bills"}
    assert "the trigger stays_beds refuses rows by what is elsewhere: IF free < NEW.guests + 1000000" in left["stays"]
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(ELSEWHERE.encode())
        sdgen.write(schema, postgres_url, mode="append_only", seed=1, rows=40)
        counts = "SELECT (SELECT count(*) FROM rooms), (SELECT count(*) FROM notes), (SELECT count(*) FROM stays)"
        assert connection.execute(counts.encode()).fetchall() == [(40, 40, 0)]


def test_sqlites_and_mysqls_triggers_that_look_elsewhere(tmp_path: Path) -> None:
    texts = (
        "CREATE TABLE q (id INTEGER PRIMARY KEY AUTOINCREMENT, note TEXT);\n"
        "CREATE TRIGGER full BEFORE INSERT ON q WHEN (SELECT count(*) FROM q) > 3 BEGIN SELECT RAISE(ABORT, 'full'); END;",
        "CREATE TABLE `q` (`id` int PRIMARY KEY) ENGINE=InnoDB;\n"
        "CREATE TRIGGER `full` BEFORE INSERT ON `q` FOR EACH ROW BEGIN\n"
        "  IF @who IS NULL THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END IF;\nEND;",
    )
    for text in texts:
        told = [note.what for note in read_source(_schema(tmp_path, text)).notes]
        assert any("left empty: the trigger full refuses rows by what is elsewhere" in what for what in told)
