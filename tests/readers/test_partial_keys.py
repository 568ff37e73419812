"""Partial unique indexes of a schema, in a real PostgreSQL with all of them on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

import sdgen
from sdgen.readers.sources import read_counted

SCHEMA = """
CREATE TYPE grade AS ENUM ('low', 'mid', 'top');
CREATE TABLE shops (id serial PRIMARY KEY, name text NOT NULL);
CREATE TABLE tills (id serial PRIMARY KEY, label text NOT NULL);
CREATE TABLE duties (
    id bigserial PRIMARY KEY,
    shop_id int NOT NULL REFERENCES shops,
    till_id int REFERENCES tills,
    grade grade NOT NULL,
    state varchar(12) NOT NULL CHECK (state IN ('planned', 'running', 'over')),
    chief boolean NOT NULL DEFAULT false,
    closed_at timestamptz,
    begun date NOT NULL, done date, CHECK (begun < done)
);
CREATE UNIQUE INDEX one_chief ON duties (shop_id) WHERE chief;
CREATE UNIQUE INDEX one_running ON duties (till_id) WHERE state = 'running' AND closed_at IS NULL;
CREATE UNIQUE INDEX one_top ON duties (till_id) WHERE grade = 'top';
CREATE TABLE loans (
    id serial PRIMARY KEY, till_id int NOT NULL REFERENCES tills, begun date NOT NULL, done date, CHECK (begun < done)
);
CREATE UNIQUE INDEX one_open ON loans (till_id) WHERE done IS NULL;
CREATE TABLE marks (id serial PRIMARY KEY, shop_id int REFERENCES shops, code text NOT NULL, gone_at timestamp);
CREATE UNIQUE INDEX live_code ON marks (lower(code)) WHERE gone_at IS NULL;
CREATE UNIQUE INDEX by_length ON marks (shop_id, code) WHERE length(code) > shop_id;
"""


def ask(url: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("from_database", [False, True], ids=["ddl", "database"])
def test_more_rows_than_values_load_and_match_once(postgres_url: str, tmp_path: Path, from_database: bool) -> None:
    ask(postgres_url, SCHEMA)
    schema = tmp_path / "duties.sql"
    schema.write_text(SCHEMA)
    source = postgres_url if from_database else schema
    rows = {"*": 400, "shops": 400, "tills": 30, "marks": 300}
    scenario, counts = read_counted(source, rows)
    told = [str(note) for note in scenario.notes]
    assert len([each for each in told if "made unique everywhere" in each]) == 2, told
    sdgen.write(scenario, postgres_url, mode="append_only", seed=5, rows=counts)
    assert ask(postgres_url, "SELECT count(*) FROM duties") == [(400,)]
    ((running, chiefs, top),) = ask(
        postgres_url,
        "SELECT count(*) FILTER (WHERE state = 'running'), count(*) FILTER (WHERE chief),"
        " count(*) FILTER (WHERE grade = 'top') FROM duties",
    )
    assert 15 <= running <= 30
    assert 15 <= top <= 30
    assert chiefs >= 15
    ((open_loans, done),) = ask(postgres_url, "SELECT count(*) FILTER (WHERE done IS NULL), count(done) FROM loans")
    assert 20 <= open_loans <= 30
    assert done >= 370
    report = sdgen.verify(scenario, postgres_url, seed=5, rows=counts)
    assert not report.broken
    assert sum(found.check == "partial unique" for found in report.findings) == 4
    sdgen.write(scenario, postgres_url, mode="append_only", seed=6, rows=counts)  # beside the rows that are there


def test_verify_finds_a_second_row_that_matches(postgres_url: str, tmp_path: Path) -> None:
    ask(postgres_url, SCHEMA.replace("CREATE UNIQUE INDEX one_open", "CREATE INDEX one_open"))
    schema = tmp_path / "duties.sql"
    schema.write_text(SCHEMA)
    sdgen.write(schema, postgres_url, mode="append_only", seed=5, rows=60)
    ask(postgres_url, "UPDATE loans SET done = NULL, till_id = 1")
    broken = [
        found for found in sdgen.verify(schema, postgres_url, seed=5, rows=60).findings if found.status == "broken"
    ]
    assert ("partial unique", ("till_id",)) in [(found.check, found.columns) for found in broken]


# Conditions of an index ON jobs (team_id), and what tells the rows that match from the others.
CONDITIONS = {
    "one state or another": ("state = 'open' OR state = 'held'", "state IN ('open', 'held')"),
    "either of two flags": ("urgent OR pinned", "urgent OR pinned"),
    "a range": ("rank BETWEEN 1 AND 3", "rank BETWEEN 1 AND 3"),
    "what is there, by a function": (
        "finished IS NOT NULL AND lower(label) = 'gold'",
        "finished IS NOT NULL AND label = 'gold'",
    ),
    "an order of two columns": ("rank < score", "rank < score"),
    "beside a CHECK of the same column": ("state = 'sent'", "state = 'sent' AND sent_on IS NOT NULL"),
    "not a state": ("NOT (state = 'void') AND urgent IS TRUE", "state <> 'void' AND urgent"),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_any_condition_that_is_understood_picks_rows(postgres_url: str, tmp_path: Path, name: str) -> None:
    condition, question = CONDITIONS[name]
    ddl = f"""
    CREATE TABLE teams (id int PRIMARY KEY, title text NOT NULL);
    CREATE TABLE jobs (
        id int PRIMARY KEY, team_id int NOT NULL REFERENCES teams, label text NOT NULL, urgent boolean NOT NULL,
        pinned boolean NOT NULL, rank int NOT NULL, score int NOT NULL, finished timestamp, sent_on date,
        state text NOT NULL CHECK (state IN ('open', 'held', 'sent', 'void')),
        CHECK ((state = 'sent') = (sent_on IS NOT NULL))
    );
    CREATE UNIQUE INDEX one_each ON jobs (team_id) WHERE {condition};
    """
    ask(postgres_url, ddl)
    schema = tmp_path / "jobs.sql"
    schema.write_text(ddl)
    scenario, counts = read_counted(schema, {"teams": 25, "jobs": 250})
    assert [str(note) for note in scenario.notes] == []
    sdgen.write(scenario, postgres_url, mode="append_only", seed=2, rows=counts)
    ((matching, every),) = ask(postgres_url, f"SELECT count(*) FILTER (WHERE {question}), count(*) FROM jobs")
    assert 10 <= matching <= 25
    assert every == 250


def test_unique_links_that_may_be_null_are_null_beyond_their_parents(postgres_url: str, tmp_path: Path) -> None:
    ddl = (
        "CREATE TABLE desks (id int PRIMARY KEY, label text NOT NULL);"
        "CREATE TABLE staff (id int PRIMARY KEY, desk_id int UNIQUE REFERENCES desks, key_id int REFERENCES desks);"
        "CREATE UNIQUE INDEX one_key ON staff (key_id) WHERE key_id IS NOT NULL;"
    )
    ask(postgres_url, ddl)
    schema = tmp_path / "staff.sql"
    schema.write_text(ddl)
    scenario, counts = read_counted(schema, {"desks": 20, "staff": 300})
    sdgen.write(scenario, postgres_url, mode="append_only", seed=2, rows=counts)
    ((desks, keys, every),) = ask(postgres_url, "SELECT count(desk_id), count(key_id), count(*) FROM staff")
    assert 15 <= desks <= 20
    assert 15 <= keys <= 20
    assert every == 300


def test_conditions_that_share_a_column_with_a_drawn_one(postgres_url: str, tmp_path: Path) -> None:
    """Which rows are gone is drawn with the branch of the CHECK, so that no other key may choose it again."""
    links = "CREATE TABLE tents (id int PRIMARY KEY); CREATE TABLE huts (id int PRIMARY KEY);"
    table = """
        CREATE TABLE stays (id int PRIMARY KEY, tent_id int REFERENCES tents, hut_id int REFERENCES huts,
            ticket_id int REFERENCES tents, place smallint NOT NULL, gone_on date,
            CHECK ((tent_id IS NULL) <> (hut_id IS NULL)));
        CREATE UNIQUE INDEX by_ticket ON stays (ticket_id) WHERE ticket_id IS NOT NULL AND gone_on IS NULL;
        CREATE UNIQUE INDEX by_tent ON stays (tent_id, place) WHERE tent_id IS NOT NULL AND gone_on IS NULL;
        CREATE UNIQUE INDEX by_hut ON stays (hut_id, place) WHERE hut_id IS NOT NULL AND gone_on IS NULL;
    """
    (tmp_path / "camp.sql").write_text(links + table)
    ask(postgres_url, links + table)
    sdgen.write(tmp_path / "camp.sql", postgres_url, mode="append_only", seed=1, rows={"*": 40, "stays": 300})
    counts = "count(tent_id) > 50, count(hut_id) > 50, count(gone_on) > 50, count(ticket_id) BETWEEN 20 AND 40"
    assert ask(postgres_url, f"SELECT {counts} FROM stays") == [(True, True, True, True)]


def test_a_tenants_key_among_rows_whose_end_follows_a_state(postgres_url: str, tmp_path: Path) -> None:
    schema = """
        CREATE TABLE sites (id int PRIMARY KEY);
        CREATE TABLE rooms (id text, site_id int NOT NULL REFERENCES sites, PRIMARY KEY (id, site_id));
        CREATE TABLE sittings (id text, site_id int NOT NULL, room_id text NOT NULL, status text, finished_at timestamp,
            created_at timestamp NOT NULL, PRIMARY KEY (id, site_id),
            FOREIGN KEY (room_id, site_id) REFERENCES rooms (id, site_id));
        CREATE UNIQUE INDEX one_open ON sittings (site_id, room_id) WHERE finished_at IS NULL;
        CREATE TABLE notes (site_id int, room_id text, no int, sitting_id text NOT NULL,
            PRIMARY KEY (site_id, room_id, no), FOREIGN KEY (room_id, site_id) REFERENCES rooms (id, site_id),
            FOREIGN KEY (sitting_id, site_id) REFERENCES sittings (id, site_id));
    """
    (tmp_path / "sites.sql").write_text(schema)
    ask(postgres_url, schema)
    sdgen.write(tmp_path / "sites.sql", postgres_url, mode="append_only", seed=1, rows=120)
    sql = "SELECT count(*), count(finished_at) BETWEEN 60 AND 119, bool_and(finished_at > created_at) FROM sittings"
    assert ask(postgres_url, sql) == [(120, True, True)]


def test_nulls_of_a_key_that_follow_a_branch(postgres_url: str, tmp_path: Path) -> None:
    """A column of the key is null as a CHECK's branch says; `note IS NULL` begins with a word of SQL's own."""
    schema = """
        CREATE TABLE lands (id int PRIMARY KEY);
        CREATE TABLE titles (id int PRIMARY KEY, land int NOT NULL REFERENCES lands, locale text,
            first boolean NOT NULL, comment text, name text NOT NULL,
            CHECK ((locale IS NULL AND first IS FALSE) OR locale IS NOT NULL));
        CREATE UNIQUE INDEX one_first ON titles (land, locale) WHERE first = TRUE AND locale IS NOT NULL;
        CREATE UNIQUE INDEX plain_name ON titles (name) WHERE comment IS NULL;
    """
    (tmp_path / "titles.sql").write_text(schema)
    ask(postgres_url, schema)
    sdgen.write(tmp_path / "titles.sql", postgres_url, mode="append_only", seed=1, rows=150)
    sql = "SELECT count(*), count(locale) BETWEEN 60 AND 149, count(*) FILTER (WHERE first) > 20 FROM titles"
    assert ask(postgres_url, sql) == [(150, True, True)]


ONE_ROW = """
CREATE TABLE staff (id int PRIMARY KEY, role varchar(10) NOT NULL DEFAULT 'member' CHECK (role IN ('admin', 'member', 'viewer')));
CREATE UNIQUE INDEX one_admin ON staff (role) WHERE role = 'admin';
CREATE TYPE plan AS ENUM ('free', 'root', 'team');
CREATE TABLE accounts (id int PRIMARY KEY, plan plan NOT NULL);
CREATE UNIQUE INDEX one_root ON accounts (plan) WHERE plan = 'root';
"""


def test_one_row_has_the_value_that_a_condition_asks_of_its_own_column(postgres_url: str, tmp_path: Path) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(ONE_ROW)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(ONE_ROW.encode())
        for seed in (1, 2):
            sdgen.write(schema, postgres_url, mode="append_only", seed=seed, rows=200)
        for table, column, one in (("staff", "role", "admin"), ("accounts", "plan", "root")):
            shares: dict[str, int] = dict(
                connection.execute(f"SELECT {column}::text, count(*) FROM {table} GROUP BY 1".encode())
            )
            assert shares.pop(one) == 1
            assert sum(shares.values()) == 399
            assert len(shares) == 2
