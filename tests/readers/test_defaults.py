"""Defaults are hints of what is common, and MySQL's tinyint(1) is a boolean where nothing speaks against it."""

from __future__ import annotations

from decimal import Decimal

import pytest

import sdgen
from sdgen.readers.sql.ddl import read_ddl
from sdgen.readers.sql.defaults import read_default
from sdgen.readers.sql.scenario import relational_scenario
from sdgen.scenario.model import Column, Scenario


def scenario(ddl: str, dialect: str = "postgres") -> Scenario:
    return relational_scenario(read_ddl(ddl, "x.sql", dialect), 200)


def column(definition: str, dialect: str = "postgres") -> Column:
    found = scenario(f"CREATE TABLE t (id int PRIMARY KEY, {definition});", dialect)
    return next(each for name, each in found.entities["t"].columns.items() if name != "id")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'open'", "open"),
        ("'open'::character varying", "open"),
        ("('it''s')", "it's"),
        ("N'open'", "open"),
        ('"open"', "open"),
        ("((0))", Decimal(0)),
        ("-1.5", Decimal("-1.5")),
        ("b'0'", "0"),
        ("TRUE", True),
        ("NULL", None),
        ("now()", None),
        ("'a' || 'b'", None),
        ("(", None),
        ("", None),
    ],
)
def test_literals_of_all_dialects(text: str, value: object) -> None:
    assert read_default(text) == value


@pytest.mark.parametrize(
    ("definition", "type"),
    [
        ("active tinyint(1) NOT NULL DEFAULT '1'", "bool"),
        ("newsletter tinyint(1)", "bool"),
        ("deleted tinyint(1) DEFAULT b'0'", "bool"),
        ("flagged tinyint(1) COMMENT '0=no, 1=yes'", "bool"),
        ("kept tinyint(1) CHECK (kept IN (0, 1))", "bool"),
        ("kept tinyint(1) CHECK (kept >= 0 AND kept <= 1)", "bool"),
        ("loginCount tinyint(1) NOT NULL", "tinyint"),
        ("rating tinyint(1)", "tinyint"),
        ("state tinyint(1) DEFAULT '2'", "tinyint"),
        ("mood tinyint(1) CHECK (mood BETWEEN 1 AND 5)", "tinyint"),
        ("consent tinyint(1) COMMENT '0 - none, 1 - some, 2 - all'", "tinyint"),
        ("active tinyint(4)", "tinyint"),
    ],
)
def test_mysql_spells_booleans_as_tinyint_1(definition: str, type: str) -> None:
    found = column(definition, "mysql")
    assert found.type == type
    assert found.null_rate != 1.0


def test_keys_of_tinyint_1_are_numbers() -> None:
    ddl = """
    CREATE TABLE kinds (kind tinyint(1) PRIMARY KEY, word varchar(9));
    CREATE TABLE things (id int PRIMARY KEY, sort tinyint(1), FOREIGN KEY (sort) REFERENCES kinds (kind));
    """
    found = scenario(ddl, "mysql").entities
    assert (found["kinds"].columns["kind"].type, found["things"].columns["sort"].type) == ("tinyint", "tinyint")


def test_the_default_of_an_enum_is_its_likeliest_value() -> None:
    found = column("theme enum('light', 'dark', 'sepia') DEFAULT 'dark'", "mysql").generator
    assert found is not None
    assert found.params["weights"] == [1, 3, 1]
    checked = column("plan text DEFAULT 'free' CHECK (plan IN ('pro', 'free'))").generator
    assert checked is not None
    assert checked.params["weights"] == [1, 3]


def test_a_first_state_is_not_likelier_than_those_most_rows_reach() -> None:
    found = column("state enum('pending', 'delivered', 'lost') DEFAULT 'pending'", "mysql").generator
    assert found is not None
    assert found.params["weights"][1] == max(found.params["weights"])


def test_flags_are_mostly_what_their_default_says_where_their_name_says_nothing() -> None:
    for default, true in (("true", 0.85), ("false", 0.15)):
        found = column(f"glowing boolean DEFAULT {default}").generator
        assert found is not None
        assert found.params == {"probability": true}
    assert column("email_verified boolean DEFAULT false").generator is None


def test_a_default_no_rule_thinks_of_is_among_the_values() -> None:
    found = column("status varchar(12) DEFAULT 'queued_up'").generator
    assert found is not None
    assert found.params["values"][0] == "queued_up"
    shares = found.params["weights"]
    assert shares[0] == sum(shares[1:])
    shouted = column("status varchar(12) DEFAULT 'NEWEST'").generator
    assert shouted is not None
    assert all(value == value.upper() for value in shouted.params["values"])


def test_functions_choose_what_is_made() -> None:
    assert str(getattr(column("ref varchar(36) DEFAULT (gen_random_uuid())").generator, "type", "")) == "uuid4"
    assert column("ref varchar(20) DEFAULT (gen_random_uuid())").generator is None
    seen = column("seen text DEFAULT (datetime('now'))", "sqlite").generator
    assert seen is not None
    assert seen.type == "as_text"
    epoch = column("at integer DEFAULT (strftime('%s', 'now'))", "sqlite").generator
    assert epoch is not None
    assert epoch.type == "epoch"


def test_numbers_that_begin_at_0_stay_small() -> None:
    ddl = "CREATE TABLE t (id int PRIMARY KEY, goes int NOT NULL DEFAULT 0);"
    rows = sdgen.generate(scenario(ddl), seed=1)["t"]["goes"].to_pylist()
    assert 0 in rows
    assert max(rows) <= 20


def test_unique_columns_and_links_take_no_hints() -> None:
    ddl = """
    CREATE TABLE a (id int PRIMARY KEY, word text NOT NULL UNIQUE DEFAULT 'x');
    CREATE TABLE b (id int PRIMARY KEY, a_id int NOT NULL DEFAULT 0 REFERENCES a);
    """
    found = scenario(ddl)
    tables = sdgen.generate(found, seed=2)
    assert len(set(tables["a"]["word"].to_pylist())) == 200
    assert set(tables["b"]["a_id"].to_pylist()) <= set(tables["a"]["id"].to_pylist())
