"""Types and conditions of one dialect's own: read by its rules, and taken by its database with every constraint on."""

from __future__ import annotations

import json
import sqlite3
import uuid
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sdgen
from sdgen.cli.app import app
from sdgen.execution.destinations import open_target
from sdgen.execution.events import Event, Remark
from sdgen.execution.execute import execute
from sdgen.execution.request import RunSettings
from sdgen.readers.base import ReadOptions
from sdgen.readers.sources import read_text_as_scenario
from sdgen.readers.sql.ddl import guess_dialect
from sdgen.scenario.model import GeneratorSpec, Scenario
from sdgen.targets.base import Mode
from tests.targets.places import run_mysql

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def scenario_of(ddl: str, file: str = "schema.sql") -> Scenario:
    return read_text_as_scenario(ddl, file)


def filled(url: str, ddl: str, rows: int = 150) -> Scenario:
    """The scenario of a schema that its own database has made already, and filled with; nothing is broken."""
    scenario = scenario_of(ddl)
    sdgen.write(scenario, url, mode="append_only", seed=3, as_of=NOW, rows=rows)
    found = sdgen.verify(scenario, url, seed=3, as_of=NOW, rows=rows).findings
    assert [each for each in found if each.status.value == "broken"] == []
    return scenario


DEVICES = """
CREATE TABLE `devices` (
  `nr` SERIAL,
  `key` binary(12) NOT NULL,
  `last_ip` varbinary(16) DEFAULT NULL,
  `mask` bit(11) NOT NULL,
  `every` bit(64) NOT NULL,
  `whole` numeric NOT NULL,
  `page` varchar(900) NOT NULL,
  `area` varchar(30) NOT NULL,
  `slot` char(9) NOT NULL,
  `seen` datetime(6) NOT NULL,
  `state` longtext NOT NULL,
  `notes` mediumtext,
  `sort` varchar(20) GENERATED ALWAYS AS (json_unquote(json_extract(`notes`,'$.sort'))) VIRTUAL,
  CHECK (json_valid(`state`) AND `whole` >= 5),
  UNIQUE KEY `by_key` (`key`), UNIQUE KEY `by_page` (`page`(2)), UNIQUE KEY `by_place` (`area`(2),`slot`(1))
) ENGINE=InnoDB"""


def test_mysql_takes_what_its_own_types_hold(mysql_url: str) -> None:
    run_mysql(mysql_url, DEVICES)
    filled(mysql_url, DEVICES + ";")
    rows = run_mysql(mysql_url, "SELECT `key`, mask + 0, every + 0, page, whole, state FROM devices")
    assert {len(key) for key, *_ in rows} == {12}
    assert 1000 < max(mask for _, mask, *_ in rows) < 2048
    assert max(every for _, _, every, *_ in rows) > 1 << 60
    assert len({page[:2].lower() for _, _, _, page, *_ in rows}) == 150
    assert all(whole >= 5 and isinstance(json.loads(state), dict) for *_, whole, state in rows)


def test_mysql_tables_that_are_made_have_the_lengths_that_were_declared(mysql_url: str) -> None:
    scenario = scenario_of("CREATE TABLE `k` (`id` binary(16) NOT NULL, `m` bit(5) NOT NULL, PRIMARY KEY (`id`));")
    sdgen.write(scenario, mysql_url, seed=1, rows=20)
    (_, made), *_ = run_mysql(mysql_url, "SHOW CREATE TABLE k")
    assert "`id` binary(16) NOT NULL" in made
    assert "`m` bit(5) NOT NULL" in made
    assert max(m for (m,) in run_mysql(mysql_url, "SELECT m + 0 FROM k")) < 32


@pytest.mark.parametrize("engine", ["MyISAM", "MEMORY"])
def test_a_table_without_transactions_is_told_of_and_filled(mysql_url: str, engine: str) -> None:
    ddl = (
        f"CREATE TABLE `log` (`id` int NOT NULL AUTO_INCREMENT, `word` varchar(9), PRIMARY KEY (`id`)) ENGINE={engine};"
    )
    run_mysql(mysql_url, ddl)
    scenario = scenario_of(ddl)
    heard: list[Event] = []
    execute(
        sdgen.plan(scenario, seed=1, rows=40),
        open_target(mysql_url),
        RunSettings(mode=Mode.APPEND_ONLY),
        listen=heard.append,
    )
    assert run_mysql(mysql_url, "SELECT count(*) FROM log") == [(40,)]
    told = [each.text for each in heard if isinstance(each, Remark)]
    assert [text.partition(" takes")[0] for text in told] == [f"log: its engine {engine}"]


@pytest.mark.parametrize(
    ("ddl", "name", "wanted"),
    [
        ("CREATE TABLE `t` (`n` SERIAL);", "n", "ubigint"),
        ("CREATE TABLE `t` (`n` DECIMAL NOT NULL, `b` LONGTEXT);", "n", "decimal(10,0)"),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, d TEXT CHECK (json_valid(d)));", "d", "json"),
        ("CREATE TABLE t (d TEXT CHECK (d IS NULL OR json_type(d) = 'object')) STRICT;", "d", "json"),
        ("CREATE TABLE [t] ([id] int NOT NULL, [d] nvarchar(max) CHECK (ISJSON([d]) > 0));", "d", "json"),
        ("CREATE TABLE t (id NUMBER(9), d CLOB CHECK (d IS JSON));", "d", "json"),
        ("CREATE TABLE t (d DECIMAL(9,2) CHECK (typeof(d) = 'integer')) STRICT;", "d", "bigint"),
        ("CREATE TABLE t (d CHECK (typeof(d) IN ('blob', 'null'))) STRICT;", "d", "binary"),
    ],
)
def test_what_a_type_or_a_condition_of_it_means(ddl: str, name: str, wanted: str) -> None:
    scenario = scenario_of(ddl)
    assert next(iter(scenario.entities.values())).columns[name].type == wanted
    assert scenario.notes == ()


def test_a_part_of_a_condition_that_tells_no_type_is_still_kept() -> None:
    ddl = "CREATE TABLE t (n INT NOT NULL CHECK (typeof(n) = 'integer' AND n BETWEEN 3 AND 5)) STRICT;"
    assert set(sdgen.generate(scenario_of(ddl), seed=1)["t"]["n"].to_pylist()) == {3, 4, 5}


def test_datetime_with_a_precision_is_mysql() -> None:
    assert guess_dialect("CREATE TABLE t (a INT, b DATETIME(6) NOT NULL, c DATETIME(3));") == "mysql"
    assert guess_dialect("CREATE TABLE t (a INT, b TEXT DEFAULT (DATETIME('now')));") == "sqlite"
    assert guess_dialect("CREATE TABLE t (a INT8 NOT NULL, b int4, c INT8 DEFAULT 0);") == "postgres"
    assert guess_dialect("CREATE TABLE t (a Int8, b Nullable(Float32));") == "clickhouse"


def test_the_dialect_can_be_named_where_a_schema_is_filled(tmp_path: Path) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text("CREATE TABLE t (id INT PRIMARY KEY, n NUMERIC NOT NULL);")
    arguments = ["generate", str(schema), "--to", str(tmp_path / "out"), "--rows", "5", "--seed", "1"]
    done = CliRunner().invoke(app, [*arguments, "--dialect", "MariaDB"])
    assert done.exit_code == 0, done.output
    assert "--dialect mysql" in done.output
    assert all("." not in line.split(",")[1] for line in (tmp_path / "out" / "t.csv").read_text().splitlines()[1:])
    wrong = CliRunner().invoke(app, [*arguments, "--dialect", "klingon"])
    assert wrong.exit_code == 2
    assert "not one of postgres, mysql" in wrong.output


STRICT = """
CREATE TABLE [owner] (id INTEGER PRIMARY KEY AUTOINCREMENT, price MONEYISH NOT NULL, loose ANY);
CREATE TABLE held (
  owner INTEGER NOT NULL, tag TEXT NOT NULL, hash BLOB NOT NULL, opened TEXT NOT NULL CHECK (opened = date(opened)),
  alarm TEXT CHECK (alarm IS NULL OR alarm IS strftime('%H:%M', alarm)), doc TEXT NOT NULL,
  place TEXT GENERATED ALWAYS AS (json_extract(doc, '$.place')) STORED,
  CONSTRAINT pk PRIMARY KEY (owner, tag) CONSTRAINT up FOREIGN KEY (owner) REFERENCES [owner] (id) ON DELETE SET NULL
  CHECK (length(hash) = 20) UNIQUE (hash));
"""


def test_sqlite_takes_constraints_without_commas_types_it_does_not_know_and_texts_that_are_moments(
    tmp_path: Path,
) -> None:
    place = tmp_path / "x.sqlite"
    with closing(sqlite3.connect(place)) as connection:
        connection.executescript(STRICT)
    scenario = filled(str(place), STRICT)
    assert scenario.entities["held"].columns["owner"].generator == GeneratorSpec(
        type="fk", params={"entity": "owner", "column": "id"}
    )
    assert scenario.notes == ()
    with closing(sqlite3.connect(place)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert (
            connection.execute("SELECT count(*) FROM held WHERE alarm GLOB '[0-2][0-9]:[0-5][0-9]'").fetchone()[0] > 90
        )


UUIDS = """
CREATE TABLE account (id CHAR(32) NOT NULL, name VARCHAR(80) NOT NULL, digest CHAR(32), PRIMARY KEY (id));
CREATE TABLE entry (id CHAR(32) NOT NULL PRIMARY KEY, account_id CHAR(32) NOT NULL REFERENCES account (id));
"""


def test_sqlite_keeps_uuids_of_char_32_as_hex_digits(tmp_path: Path) -> None:
    place = tmp_path / "x.sqlite"
    with closing(sqlite3.connect(place)) as connection:
        connection.executescript(UUIDS)
    scenario = read_text_as_scenario(UUIDS, "s.sql", ReadOptions(dialect="sqlite"))
    assert (scenario.entities["entry"].columns["id"].type, scenario.entities["account"].columns["digest"].type) == (
        "uuid",
        "string(32)",
    )
    for seed in (1, 2):
        sdgen.write(scenario, str(place), mode="append_only", seed=seed, as_of=NOW, rows=50)
    with closing(sqlite3.connect(place)) as connection:
        found = [row[0] for row in connection.execute("SELECT id FROM account")]
        assert len(set(found)) == 100
        assert all(uuid.UUID(each).hex == each for each in found)
        assert connection.execute("SELECT count(*) FROM entry JOIN account ON account.id = account_id").fetchone() == (
            100,
        )


def test_a_script_and_mysql_keep_them_so_too(tmp_path: Path, mysql_url: str) -> None:
    scenario = read_text_as_scenario(UUIDS, "s.sql", ReadOptions(dialect="mysql"))
    sdgen.write(scenario, mysql_url, seed=1, as_of=NOW, rows=30)
    rows = run_mysql(mysql_url, "SELECT id, account_id FROM entry")
    assert len(rows) == 30
    assert all(uuid.UUID(text).hex == text for row in rows for text in row)
    found = sdgen.verify(scenario, mysql_url, seed=1, as_of=NOW, rows=30).findings
    assert {str(each.status) for each in found if each.check in ("same rows", "foreign key")} == {"ok"}
    sdgen.write(scenario, tmp_path / "x.mysql.sql", seed=1, as_of=NOW, rows=30)
    assert rows[0][0] in (tmp_path / "x.mysql.sql").read_text()
