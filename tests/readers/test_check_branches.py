"""CHECKs across columns, in PostgreSQL with every constraint on: all branches appear, and each row keeps its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import sdgen
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_source, read_text_as_scenario
from sdgen.scenario.identity import canonical

PEOPLE = "CREATE TABLE people (id int PRIMARY KEY); CREATE TABLE teams (id int PRIMARY KEY);\n"


def filled(url: str, folder: Path, ddl: str, rows: int = 300) -> Any:
    """A database of the DDL with rows in it, and all that is told of them; a connection to it."""
    import psycopg

    schema = folder / "s.sql"
    schema.write_text(ddl)
    connection = psycopg.connect(url, autocommit=True)
    connection.execute(ddl.encode())
    result = sdgen.write(schema, url, mode="append_only", seed=1, rows=rows)
    assert all(entity.rows == rows for entity in result.entities)
    assert not sdgen.verify(schema, url, seed=1, rows=rows).broken
    return connection


# Columns with CHECKs, a question, and all of its answers: the branches that are to appear.
FORMS: dict[str, tuple[str, str, set[tuple[Any, ...]]]] = {
    "a state and its moment": (
        "state text NOT NULL CHECK (state IN ('new', 'sent', 'void')), sent_on date,"
        " CHECK ((state = 'sent') = (sent_on IS NOT NULL))",
        "SELECT DISTINCT state, sent_on IS NULL FROM t",
        {("new", True), ("sent", False), ("void", True)},
    ),
    "an arc of links": (
        "person int REFERENCES people, team int REFERENCES teams, CHECK (num_nonnulls(person, team) = 1)",
        "SELECT DISTINCT person IS NULL, team IS NULL FROM t",
        {(True, False), (False, True)},
    ),
    "an arc of links, by sums of cases": (
        "person int REFERENCES people, team int REFERENCES teams, note text, CHECK ("
        "(CASE WHEN person IS NULL THEN 0 ELSE 1 END) + (CASE WHEN team IS NULL THEN 0 ELSE 1 END)"
        " + (note IS NOT NULL)::integer = 1)",
        "SELECT DISTINCT person IS NULL, team IS NULL, note IS NULL FROM t",
        {(True, True, False), (True, False, True), (False, True, True)},
    ),
    "all or none of a link to the same table and what goes with it": (
        "above int REFERENCES t, place int, CHECK (above IS NULL AND place IS NULL OR above IS NOT NULL AND place IS NOT NULL)",
        "SELECT DISTINCT above IS NULL, place IS NULL FROM t",
        {(True, True), (False, False)},
    ),
    "what a number of the key asks of a link": (
        "team int REFERENCES teams, note text, CHECK (id <> 1 OR (team = 3 AND note IS NULL)),"
        " CHECK (team IS NOT NULL OR note IS NULL)",
        "SELECT min(id), count(*) FROM t",
        {(2, 300)},
    ),
    "texts of a key, listed or of a form": (
        "code varchar(6) NOT NULL UNIQUE CHECK (code IN ('AB-0.1', 'CD+7') OR code ~ '^9[0-9]{3}$')",
        "SELECT bool_or(code ~ '^9'), count(DISTINCT code) FROM t",
        {(True, 300)},
    ),
    "a link that others need, once to be there and once to be of some": (
        "lead int REFERENCES people, helper int REFERENCES people, badge int REFERENCES teams,"
        " CHECK (helper IS NULL OR lead IS NOT NULL), CHECK (badge IS NULL OR lead <= 150)",
        "SELECT bool_or(helper IS NULL), bool_or(helper > 0), bool_or(badge IS NULL), bool_or(badge > 0) FROM t",
        {(True, True, True, True)},
    ),
    "an implication with a range": (
        "kind varchar(9) NOT NULL CHECK (kind IN ('child', 'adult')), fee int NOT NULL,"
        " CHECK (kind <> 'child' OR fee BETWEEN 1 AND 5), CHECK (kind <> 'adult' OR fee > 50)",
        "SELECT DISTINCT kind, fee BETWEEN 1 AND 5, fee > 50 FROM t",
        {("child", True, False), ("adult", False, True)},
    ),
    "all or none": (
        "lat numeric(8,5), lon numeric(8,5), CHECK ((lat IS NULL) = (lon IS NULL))",
        "SELECT DISTINCT lat IS NULL, lon IS NULL FROM t",
        {(True, True), (False, False)},
    ),
    "at least one": (
        "mail text, phone text, CHECK (mail IS NOT NULL OR phone IS NOT NULL)",
        "SELECT DISTINCT mail IS NULL, phone IS NULL FROM t",
        {(True, False), (False, True), (False, False)},
    ),
    "not both": (
        "is_draft boolean NOT NULL, is_shared boolean NOT NULL, CHECK (is_draft IS NOT TRUE OR is_shared IS NOT TRUE)",
        "SELECT DISTINCT is_draft, is_shared FROM t",
        {(True, False), (False, True), (False, False)},
    ),
    "one of four flags, counted": (
        "w boolean NOT NULL, x boolean NOT NULL, y boolean NOT NULL, CHECK (w::int + x::int + y::int <= 1)",
        "SELECT DISTINCT w::int + x::int + y::int FROM t",
        {(0,), (1,)},
    ),
    "a case of several kinds": (
        "kind text NOT NULL CHECK (kind IN ('km', 'h', 'flat')), amount int,"
        " CHECK (CASE kind WHEN 'km' THEN amount BETWEEN 10 AND 20 WHEN 'h' THEN amount < 9 ELSE amount IS NULL END)",
        "SELECT DISTINCT kind, amount BETWEEN 10 AND 20, amount < 9 FROM t WHERE amount IS NOT NULL OR kind = 'flat'",
        {("km", True, False), ("h", False, True), ("flat", None, None)},
    ),
    "outside of a range": (
        "shift int NOT NULL CHECK (shift < -5 OR shift > 5)",
        "SELECT DISTINCT sign(shift)::int FROM t",
        {(-1,), (1,)},
    ),
    "a key of the first row": (
        "level int NOT NULL CHECK (level BETWEEN 0 AND 3), up text, CHECK (id <> 1 OR (level = 0 AND up IS NULL))",
        "SELECT level, up IS NULL FROM t WHERE id = 1",
        {(0, True)},
    ),
    "two sums of conditions together": (
        "a int, b int, c int, CHECK (num_nonnulls(a, b, c) >= 1), CHECK (a IS NULL OR b IS NULL)",
        "SELECT DISTINCT num_nonnulls(a, b) FROM t",
        {(0,), (1,)},
    ),
    "null where nothing else is": (
        "a int, b int, CHECK (a IS DISTINCT FROM b), CHECK ((a > 3) IS TRUE), CHECK (greatest(b, 2) > 4)",
        "SELECT DISTINCT a IS NULL, b IS NULL FROM t",
        {(False, False)},
    ),
    "a copy in one branch": (
        "own boolean NOT NULL, paid_by int NOT NULL, used_by int NOT NULL, CHECK (NOT own OR paid_by = used_by)",
        "SELECT DISTINCT own, paid_by = used_by FROM t WHERE own OR paid_by <> used_by",
        {(True, True), (False, False)},
    ),
    "an order in one branch": (
        "open boolean NOT NULL, low int NOT NULL, high int NOT NULL, CHECK (open OR low < high)",
        "SELECT DISTINCT open FROM t",
        {(True,), (False,)},
    ),
    "in a unique set": (
        "kind text NOT NULL CHECK (kind IN ('a', 'b')), slot int NOT NULL, ref text,"
        " CHECK ((kind = 'a') = (ref IS NULL)), UNIQUE (kind, slot)",
        "SELECT DISTINCT kind, ref IS NULL FROM t",
        {("a", True), ("b", False)},
    ),
    "orders against each other": (
        "way text NOT NULL CHECK (way IN ('up', 'down')), begun int NOT NULL, ended int NOT NULL,"
        " CHECK (way = 'up' AND begun < ended OR way = 'down' AND begun > ended)",
        "SELECT DISTINCT way, begun < ended FROM t",
        {("up", True), ("down", False)},
    ),
    "an equation in one branch, an order in the other": (
        "plan text NOT NULL CHECK (plan IN ('twin', 'free')), fee int NOT NULL, cap int NOT NULL,"
        " CHECK (plan <> 'twin' OR cap = 3 * fee), CHECK (plan <> 'free' OR fee < cap - 7)",
        "SELECT DISTINCT plan, cap = 3 * fee OR fee < cap - 7 FROM t",
        {("twin", True), ("free", True)},
    ),
    "a day that follows in one branch": (
        "over boolean NOT NULL, begun date NOT NULL, ended date,"
        " CHECK (over AND ended > begun AND ended IS NOT NULL OR NOT over AND ended IS NULL)",
        "SELECT DISTINCT over, ended > begun FROM t",
        {(True, True), (False, None)},
    ),
    "one null, or different": (
        "a numeric(6, 1), b numeric(6, 1), CHECK (a IS DISTINCT FROM b)",
        "SELECT DISTINCT a IS NULL, b IS NULL FROM t",
        {(True, False), (False, True), (False, False)},
    ),
    "branches by a link that may be null": (
        "kind int REFERENCES people, word text NOT NULL, again text NOT NULL, note text,"
        " CHECK (kind <> 2 OR (kind = 2 AND word = again AND note IS NULL)), CHECK (word <> '' OR note IS NULL)",
        "SELECT DISTINCT kind IS NULL FROM t",
        {(True,), (False,)},
    ),
    "a list of a link's own": (
        "kind int NOT NULL REFERENCES people CHECK (kind IN (2, 5)), other int REFERENCES people CHECK (other > 4),"
        " third int NOT NULL REFERENCES teams, CHECK (third <> 3)",
        "SELECT DISTINCT kind, min(other) OVER () > 4, bool_or(third = 3) OVER () FROM t",
        {(2, True, False), (5, True, False)},
    ),
    "two links in order": (
        "one int NOT NULL REFERENCES people, two int NOT NULL REFERENCES people, CHECK (one < two), UNIQUE (one, two)",
        "SELECT DISTINCT one < two FROM t",
        {(True,)},
    ),
    "all or none of three": (
        "road text, town text, post int, CHECK (num_nulls(road, town, post) IN (3, 0))",
        "SELECT DISTINCT num_nulls(road, town, post) FROM t",
        {(0,), (3,)},
    ),
    "a key of words or of a form": (
        "code text NOT NULL UNIQUE CHECK (code IN ('all', 'none') OR code LIKE 'g-%')",
        "SELECT DISTINCT left(code, 2) FROM t",
        {("al",), ("no",), ("g-",)},
    ),
    "one pattern and not another": (
        "a text NOT NULL CHECK (a LIKE 'x%' AND a NOT LIKE '%b%'), b varchar(9) NOT NULL UNIQUE"
        " CHECK (b ~ '^[[:lower:]]+[[:digit:]]$' AND b !~ '[qx]'), c text NOT NULL CHECK (c NOT LIKE 'C%')",
        "SELECT DISTINCT left(a, 1), a LIKE '%b%', b ~ '[qx]', b ~ '^[a-z]+[0-9]$', c LIKE 'C%' FROM t",
        {("x", False, False, True, False)},
    ),
    "a break of a shift beside its times": (
        "break_start interval, break_end time with time zone, shift_end time",
        "SELECT count(break_start) > 0 FROM t",
        {(True,)},
    ),
    "a tree without roots": (
        "up int NOT NULL REFERENCES t, CHECK (up <> id)",
        "SELECT DISTINCT up <> id FROM t",
        {(True,)},
    ),
    "unlike another link": (
        "one int REFERENCES people, two int REFERENCES people, CHECK (one IS NULL OR two IS NULL OR one <> two)",
        "SELECT DISTINCT one IS NULL, two IS NULL FROM t",
        {(True, True), (True, False), (False, True), (False, False)},
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_branch_appears(postgres_url: str, tmp_path: Path, form: str) -> None:
    columns, question, answers = FORMS[form]
    with filled(postgres_url, tmp_path, f"{PEOPLE}CREATE TABLE t (id int PRIMARY KEY, {columns});") as connection:
        assert set(connection.execute(question.encode()).fetchall()) == answers


@pytest.mark.parametrize("form", FORMS)
def test_the_scenario_file_says_the_same(tmp_path: Path, form: str) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(f"{PEOPLE}CREATE TABLE t (id int PRIMARY KEY, {FORMS[form][0]});")
    scenario = read_source(schema)
    assert scenario.notes == ()
    assert canonical(read_text_as_scenario(scenario_text(scenario), "x.yaml")) == canonical(scenario)


def test_branches_have_names_that_people_read(tmp_path: Path) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(
        "CREATE TABLE t (id int PRIMARY KEY, kind text NOT NULL CHECK (kind IN ('card', 'iban')), card_no text, iban text,"
        " CONSTRAINT paid_by CHECK (kind = 'card' AND card_no IS NOT NULL AND iban IS NULL"
        " OR kind = 'iban' AND iban IS NOT NULL AND card_no IS NULL));"
    )
    columns = read_source(schema).entities["t"].columns
    assert columns["paid_by_case"].hidden
    assert columns["paid_by_case"].generator.params == {"values": ["card", "iban"]}
    assert columns["card_no"].null_rates == {"paid_by_case": {"card": 0, "iban": 1}}


def test_a_branch_that_is_not_understood_is_told(tmp_path: Path) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(
        "CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b text NOT NULL,\n CHECK (a > 5 OR f(b) = 1));"
    )
    scenario = read_source(schema)
    assert "F(b) = 1 is not understood: no row takes this branch" in str(scenario.notes[0])
    assert min(row["a"] for row in sdgen.generate(scenario, seed=1)["t"].to_pylist()) > 5


@pytest.mark.parametrize(
    "columns",
    [
        "a int NOT NULL, b int NOT NULL,\n CONSTRAINT c CHECK (a IS NULL OR b IS NULL)",
        "k text NOT NULL CHECK (k IN ('x', 'y')),\n CONSTRAINT c CHECK (k = 'v' OR k = 'w' AND k <> 'w')",
    ],
)
def test_no_branch_is_possible(tmp_path: Path, columns: str) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(f"CREATE TABLE t (id int PRIMARY KEY, {columns});")
    with pytest.raises(sdgen.ScenarioError) as refused:
        sdgen.generate(schema, seed=1, rows=5)
    assert "CHECK c" in str(refused.value)
    assert "can't be kept" in str(refused.value)
