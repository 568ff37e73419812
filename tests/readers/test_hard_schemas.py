"""Hard schemas: a database made by them takes all rows, run after run, and what they make impossible is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import sdgen
from sdgen.errors import Refusal
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_counted, read_source, read_text_as_scenario
from sdgen.readers.sql.ddl import guess_dialect
from sdgen.scenario.identity import canonical

DDL = Path(__file__).parent / "ddl"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = [
    "teams", "numbered", "circles", "one_to_one", "conditions", "dumped_checks", "pg_types", "odd_names", "partitions",
]  # fmt: skip


def ask(url: str, sql: str) -> list[tuple[Any, ...]]:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize(
    ("name", "rows"), [*((name, 60) for name in NAMES), ("teams", 3), ("numbered", 1000), ("one_to_one", 1)]
)
def test_a_database_takes_all_rows_twice(postgres_url: str, name: str, rows: int) -> None:
    schema = DDL / f"{name}.sql"
    ask(postgres_url, schema.read_text())
    scenario, counts = read_counted(schema, {"*": rows})
    sdgen.write(scenario, postgres_url, mode="append_only", seed=1, as_of=NOW, rows=counts)
    broken = [found for found in sdgen.verify(scenario, postgres_url, seed=1, as_of=NOW, rows=counts).findings
              if found.status.value == "broken"]  # fmt: skip
    assert not broken
    again = sdgen.write(scenario, postgres_url, mode="append_only", seed=2, as_of=NOW, rows=counts)
    assert all(entity.rows == rows for entity in again.entities)


@pytest.mark.parametrize("name", NAMES)
def test_the_scenario_file_says_the_same(name: str) -> None:
    scenario = read_source(DDL / f"{name}.sql")
    assert canonical(read_text_as_scenario(scenario_text(scenario), "x.yaml")) == canonical(scenario)


IMPOSSIBLE = {
    "a range without numbers": (
        "CREATE TABLE t (id int PRIMARY KEY,\n  x int NOT NULL CONSTRAINT x_range CHECK (x > 5 AND x < 3));",
        [":2:1: entities.t.columns.x: CHECK x_range can't be kept", "no int lies between its CHECKs"],
    ),
    "two constraints against each other": (
        "CREATE TABLE t (id int PRIMARY KEY, x int NOT NULL CONSTRAINT low CHECK (x < 3));\n"
        "ALTER TABLE t ADD CONSTRAINT high CHECK (x > 5);",
        [":2:1: entities.t.columns.x: CHECK low, CHECK high can't be kept"],
    ),
    "no value left": (
        "CREATE TABLE t (id int PRIMARY KEY,\n k text NOT NULL CONSTRAINT k_in CHECK (k IN ('a') AND k <> 'a'));",
        [":2:1:", "CHECK k_in", "no value is allowed"],
    ),
    "no such length": (
        "CREATE TABLE t (id int PRIMARY KEY,\n k text NOT NULL CONSTRAINT k_len CHECK (length(k) > 9 AND length(k) < 3));",
        [":2:1:", "CHECK k_len", "no text is as long"],
    ),
    "no such day": (
        "CREATE TABLE t (id int PRIMARY KEY,\n d date NOT NULL CONSTRAINT dd CHECK (d > '2024-05-01' AND d < '2024-01-01'));",
        [":2:1:", "CHECK dd", "no date lies between"],
    ),
    "null and not null": (
        "CREATE TABLE t (id int PRIMARY KEY,\n n int NOT NULL CONSTRAINT none CHECK (n IS NULL));",
        [":2:1:", "CHECK none", "it asks for null"],
    ),
    "a domain and a column": (
        "CREATE DOMAIN small AS int CONSTRAINT small_low CHECK (VALUE < 10);\n"
        "CREATE TABLE t (id int PRIMARY KEY, v small NOT NULL CONSTRAINT v_high CHECK (v > 20));",
        [":2:1:", "CHECK v_high, CHECK small_low"],
    ),
    "a circle of comparisons": (
        "CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b int NOT NULL,\n"
        " CONSTRAINT ab CHECK (a < b),\n CONSTRAINT ba CHECK (b < a));",
        [":2:1: entities.t.check.0: CHECK ab: row", ":3:1: entities.t.check.1: CHECK ba: row"],
    ),
    "what isn't understood": (
        "CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b int NOT NULL,\n CONSTRAINT far CHECK (a * b = 77777));",
        [":2:1:", "CHECK far: row 0 breaks the check"],
    ),
    "keys that are each other": (
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY REFERENCES a);\n"
        "ALTER TABLE a ADD CONSTRAINT a_is_b FOREIGN KEY (id) REFERENCES b;",
        [":2:1:", "foreign key a_is_b: columns depend on each other in a cycle: a.id → b.id → a.id"],
    ),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_the_impossible_is_refused_by_name_line_and_reason(postgres_url: str, tmp_path: Path, case: str) -> None:
    ddl, told = IMPOSSIBLE[case]
    schema = tmp_path / "s.sql"
    schema.write_text(ddl)
    ask(postgres_url, ddl)
    with pytest.raises(sdgen.ScenarioError) as refused:
        sdgen.write(schema, postgres_url, mode="append_only", seed=1, rows=5)
    assert [part for part in told if part not in str(refused.value)] == []
    tables = ask(
        postgres_url, "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    assert all(ask(postgres_url, f"SELECT count(*) FROM {table}") == [(0,)] for (table,) in tables)


def test_more_pairs_than_there_are(postgres_url: str, tmp_path: Path) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(
        "CREATE TABLE a (id int PRIMARY KEY);\nCREATE TABLE ab (a int NOT NULL REFERENCES a, b int NOT NULL REFERENCES a,\n"
        " CONSTRAINT ab_pk PRIMARY KEY (a, b));\nCREATE TABLE c (id int PRIMARY KEY,\n"
        " a int NOT NULL REFERENCES a CONSTRAINT c_one UNIQUE);"
    )
    with pytest.raises(sdgen.ScenarioError) as refused:
        sdgen.plan(schema, rows={"a": 3, "ab": 10, "c": 4})
    pairs = (
        "s.sql:3:1: entities.ab.primary_key: primary key ab_pk: (a, b) can't be made unique over 10 rows (a: 3, b: 3)"
    )
    assert pairs in str(refused.value)
    told = "s.sql:4:1: entities.c.rows: 4 rows, but at most one for each of 3 parents\n    ask for 3 rows at the most"
    assert told in str(refused.value)


def test_a_column_that_may_be_null_is_left_null(tmp_path: Path) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text("CREATE TABLE t (id int PRIMARY KEY, x int CONSTRAINT x_range CHECK (x > 5 AND x < 3));")
    scenario = read_source(schema)
    assert not any(isinstance(note, Refusal) for note in scenario.notes)
    assert "CHECK x_range is not kept: no int lies between its CHECKs" in str(scenario.notes[0])
    assert sdgen.generate(scenario, seed=1, rows=9)["t"]["x"].null_count == 9


@pytest.mark.parametrize(
    "broken",
    [
        "UPDATE t SET ends = starts - 1 WHERE id = 3",
        "UPDATE t SET code = 'abc' WHERE id = 3",
        "UPDATE t SET age = 99 WHERE id = 3",
        "UPDATE t SET kind = 'z' WHERE id = 3",
        "UPDATE t SET t_id = 4000 WHERE id = 3",
        "UPDATE t SET code = (SELECT code FROM t WHERE id = 1) WHERE id = 3",
        "DELETE FROM t WHERE id = 1",
    ],
)
def test_verify_finds_what_is_broken_by_hand(postgres_url: str, tmp_path: Path, broken: str) -> None:
    columns = (
        "id int PRIMARY KEY, t_id int {}, age int NOT NULL {}, starts date NOT NULL, ends date NOT NULL {},"
        " kind text NOT NULL {}, code varchar(8) NOT NULL {}"
    )
    constraints = ("REFERENCES t", "CHECK (age BETWEEN 18 AND 65)", "CHECK (ends >= starts)", "CHECK (kind IN ('x', 'y'))",
                   "UNIQUE CHECK (code ~ '^[A-Z]{3}-[0-9]{4}$')")  # fmt: skip
    schema = tmp_path / "s.sql"
    schema.write_text(f"CREATE TABLE t ({columns.format(*constraints)});")
    ask(postgres_url, f"CREATE TABLE t ({columns.format(*[''] * 5)})")
    scenario, counts = read_counted(schema, {"*": 100})
    sdgen.write(scenario, postgres_url, mode="append_only", seed=1, as_of=NOW, rows=counts)
    assert not sdgen.verify(scenario, postgres_url, seed=1, as_of=NOW, rows=counts).broken
    ask(postgres_url, broken)
    assert sdgen.verify(scenario, postgres_url, seed=1, as_of=NOW, rows=counts).broken


BY_HAND = """
    INSERT INTO org VALUES ('00000000-0000-0000-0000-000000000007'), ('ffffffff-ffff-ffff-ffff-ffffffffffff');
    INSERT INTO users VALUES ('ffffffff-ffff-ffff-ffff-ffffffffffff', -5, NULL, 'me'),
        ('00000000-0000-0000-0000-000000000007', 40000, NULL, NULL), ('ffffffff-ffff-ffff-ffff-ffffffffffff', 9, -5, NULL);
    INSERT INTO tags VALUES ('ffffffff-ffff-ffff-ffff-ffffffffffff', 'a  '), ('00000000-0000-0000-0000-000000000007', 'b');
    INSERT INTO tagged VALUES ('ffffffff-ffff-ffff-ffff-ffffffffffff', -5, 'a');
    INSERT INTO desk VALUES (1, 'ffffffff-ffff-ffff-ffff-ffffffffffff', 9), (7, NULL, NULL);"""
TENANTS = """
    CREATE TABLE org (id uuid PRIMARY KEY);
    CREATE TABLE users (org_id uuid NOT NULL REFERENCES org, id int NOT NULL, boss int, nick varchar(12) UNIQUE,
      PRIMARY KEY (org_id, id), FOREIGN KEY (org_id, boss) REFERENCES users (org_id, id));
    CREATE TABLE tags (org_id uuid NOT NULL REFERENCES org, word char(6) NOT NULL, PRIMARY KEY (org_id, word));
    CREATE TABLE tagged (org_id uuid NOT NULL, user_id int NOT NULL, word char(6) NOT NULL, PRIMARY KEY (org_id, user_id, word),
      FOREIGN KEY (org_id, user_id) REFERENCES users, FOREIGN KEY (org_id, word) REFERENCES tags);
    CREATE TABLE desk (id int PRIMARY KEY, org_id uuid, user_id int, UNIQUE (org_id, user_id),
      FOREIGN KEY (org_id, user_id) REFERENCES users MATCH FULL);"""


def test_rows_made_by_hand_are_kept_clear_of(postgres_url: str, tmp_path: Path) -> None:
    """Tenants with few users or none, gaps, negative keys, padded texts, nulls in unique columns."""
    schema = tmp_path / "s.sql"
    schema.write_text(TENANTS)
    ask(postgres_url, TENANTS + BY_HAND)
    scenario, counts = read_counted(schema, {"*": 40})
    for seed in (1, 1, 2):
        sdgen.write(scenario, postgres_url, mode="append_only", seed=seed, rows=counts)
    assert ask(postgres_url, "SELECT count(*) FROM tagged") == [(121,)]
    assert ask(postgres_url, "SELECT count(*) FROM desk") == [(122,)]


def test_one_table_alone_is_added_to_twice(postgres_url: str, tmp_path: Path) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(TENANTS)
    ask(postgres_url, TENANTS + BY_HAND)
    for table in ("users", "org"):
        for seed in (1, 1):
            sdgen.write(schema, postgres_url, mode="append_only", seed=seed, rows=1, only=[table])
    assert ask(postgres_url, "SELECT (SELECT count(*) FROM org), (SELECT count(*) FROM users)") == [(4, 7)]
    with pytest.raises(sdgen.ScenarioError, match=r"\(org_id, word\) is unique among the rows counted per org"):
        sdgen.write(schema, postgres_url, mode="append_only", seed=1, rows=1, only=["tags"])


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("CREATE TABLE a (id integer PRIMARY KEY, n integer)", "postgres"),
        ("CREATE TABLE a (id integer, number char(9) NOT NULL, b int, UNIQUE (id, number))", "postgres"),
        ("CREATE TABLE a (id integer, tags integer[], more varchar[])", "postgres"),
        ("ALTER TABLE a ATTACH PARTITION b FOR VALUES IN (1)", "postgres"),
        ("CREATE TABLE a (id NUMBER NOT NULL, n NUMBER)", "oracle"),
        ("CREATE TABLE a (id integer PRIMARY KEY, n text COLLATE NOCASE)", "sqlite"),
    ],
)
def test_plain_ddl_is_postgres(text: str, dialect: str) -> None:
    assert guess_dialect(text) == dialect


def test_nulls_that_are_not_distinct_come_never(tmp_path: Path) -> None:
    schema = tmp_path / "s.sql"
    schema.write_text(
        "CREATE TABLE a (x int UNIQUE NULLS NOT DISTINCT, y int, z int, UNIQUE NULLS NOT DISTINCT (y, z), w int);\n"
        "CREATE UNIQUE INDEX i ON a (w) NULLS NOT DISTINCT;"
    )
    rows = sdgen.generate(schema, seed=1, rows=50)["a"]
    assert [rows[name].null_count for name in "xyzw"] == [0, 0, 0, 0]


def test_a_set_holds_by_a_link_only_with_its_whole_key() -> None:
    """(tenant_id, number): many customers are one tenant's, so the numbers must differ among all of them."""
    scenario = read_source(DDL / "numbered.sql")
    rows = sdgen.generate(scenario, seed=4)["orders"]
    pairs = set(zip(rows["tenant_id"].to_pylist(), rows["number"].to_pylist(), strict=True))
    assert len(pairs) == rows.num_rows == 1000
    assert len(set(rows["tenant_id"].to_pylist())) < 200


def test_a_table_is_emptied_with_those_that_inherit_from_it(postgres_url: str, tmp_path: Path) -> None:
    ddl = (
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE pay (id int PRIMARY KEY, a int NOT NULL REFERENCES a);"
        "CREATE TABLE pay_2020 (FOREIGN KEY (a) REFERENCES a) INHERITS (pay);"
    )
    schema = tmp_path / "s.sql"
    schema.write_text(ddl)
    ask(postgres_url, f"{ddl} INSERT INTO a VALUES (77); INSERT INTO pay_2020 VALUES (1, 77)")
    sdgen.write(schema, postgres_url, mode="truncate_then_insert", seed=1, rows=5)
    assert ask(postgres_url, "SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM pay)") == [(5, 5)]
