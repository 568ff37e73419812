"""`verify` of a schema whose own text puts rows into its tables: those are no fault of the run's."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import sdgen
from sdgen.readers.sources import read_source
from sdgen.verification.findings import Report, Status

# Rows of the text's own: a list of states, a single row of settings, a keeper whose name no generator makes.
TEXT = """
CREATE TABLE state (code VARCHAR(8) PRIMARY KEY, label TEXT NOT NULL);
INSERT INTO state VALUES ('zz-old', 'Kept; from (long) ago'), ('zz-new', 'O''Neil');
INSERT OR IGNORE INTO "keeper" (id, name, state) SELECT 7001, 'nobody', 'zz-old';
CREATE TABLE keeper (id INTEGER PRIMARY KEY, name TEXT NOT NULL, state VARCHAR(8) NOT NULL REFERENCES state (code));
REPLACE INTO keeper VALUES (7002, '-', 'zz-new');
CREATE TABLE visit (id INTEGER PRIMARY KEY, keeper_id INTEGER NOT NULL REFERENCES keeper (id), on_day DATE NOT NULL);
CREATE TABLE perch (id INTEGER PRIMARY KEY, state VARCHAR(8) NOT NULL REFERENCES state (code), place INT NOT NULL,
  name TEXT NOT NULL, UNIQUE (state, place), UNIQUE (state, name));
INSERT INTO perch VALUES (9001, 'zz-old', 1, 'high'), (9002, 'zz-new', 1, 'high');
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    schema, path = tmp_path / "zoo.sql", tmp_path / "zoo.sqlite"
    schema.write_text(TEXT)
    with closing(sqlite3.connect(path)) as connection:
        # The INSERT that stands before its table can't be run, and tells nothing of it.
        connection.executescript(TEXT.replace(next(each for each in TEXT.splitlines() if "SELECT" in each), ""))
    sdgen.write(schema, str(path), rows=30, seed=4, mode="append_only")
    return path


def verified(place: Path, *statements: str) -> Report:
    with closing(sqlite3.connect(place)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return sdgen.verify(place.with_suffix(".sql"), str(place), rows=30, seed=4)


def broken(report: Report) -> set[tuple[str, str]]:
    return {(finding.entity, finding.check) for finding in report.findings if finding.status is Status.BROKEN}


def test_a_schema_knows_which_tables_its_text_fills(place: Path) -> None:
    assert read_source(place.with_suffix(".sql")).origin.filled == {"state", "keeper", "perch"}


def test_rows_that_queries_and_blocks_put_are_known(tmp_path: Path) -> None:
    text = """
        CREATE TABLE one (id int PRIMARY KEY); CREATE TABLE two (id int PRIMARY KEY); CREATE TABLE three (id int);
        WITH fresh AS (SELECT 1 AS id) INSERT INTO public.one (id) SELECT id FROM fresh;
        DO $$ BEGIN INSERT INTO "two" VALUES (1); END $$;
        COPY three (id) FROM stdin;
        1
        \\.
        CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'INSERT INTO four VALUES (1)';
        CREATE TABLE four (id int);
    """
    (tmp_path / "x.sql").write_text(text.replace("\n        ", "\n"))
    assert read_source(tmp_path / "x.sql").origin.filled == {"one", "two", "three"}


def test_rows_of_the_text_are_no_fault(place: Path) -> None:
    report = verified(place)
    assert not broken(report)
    counts = {each.entity: each.found for each in report.findings if each.check == "count"}
    assert counts["keeper"] == "31 rows, the schema's own among them"
    assert counts["visit"] == "30 rows"


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("DELETE FROM keeper WHERE id NOT IN (SELECT keeper_id FROM visit) OR id > 7002", ("keeper", "count")),
        ("UPDATE keeper SET state = 'nowhere' WHERE id = 7002", ("keeper", "foreign key")),
        ("DELETE FROM visit WHERE id = 3", ("visit", "count")),
    ],
)
def test_what_is_broken_beside_them_is_found(place: Path, statement: str, found: tuple[str, str]) -> None:
    assert found in broken(verified(place, statement))
