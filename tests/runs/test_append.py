"""append_only: keys go on after the largest, links lead to old rows too, and what is unique stays so."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import sdgen
from sdgen.errors import ScenarioError
from sdgen.read.sources import read_text_as_scenario
from sdgen.scenario.model import Scenario

TEXT = """\
name: t
seed: 5
as_of: 2026-01-01
entities:
  customers:
    rows: 100
    columns:
      id: {type: bigint, primary_key: true, generator: sequence}
      code: {type: uuid, generator: uuid4, unique: true}
      email: {generator: person.email, unique: true}
      short: {type: int, unique: true, generator: uniform_int, params: {min: 1, max: 500}}
      since: {type: date, generator: date, params: {start: 2020-01-01, end: 2020-12-31}}
  tags:
    rows: 12
    columns:
      id: {type: int, primary_key: true, generator: sequence}
  orders:
    rows: {per: customers, min: 0, max: 5}
    check: "day >= customers.since"
    columns:
      id: {type: uuid, primary_key: true, generator: uuid4}
      customer_id: {references: customers}
      who: {generator: parent, params: {column: customer_id.email}}
      day: {type: date, generator: expression, params: {sql: "customers.since + 3"}}
  tagged:
    rows: 300
    unique: [[customer_id, tag_id]]
    columns:
      customer_id: {references: customers}
      tag_id: {references: tags}
  profiles:
    rows: 50
    columns:
      customer_id: {references: customers, unique: true}
      email: {generator: parent, params: {column: customer_id.email}}
"""
ALONE = """\
name: t
seed: 5
as_of: 2026-01-01
entities:
  a:
    rows: 1000
    columns:
      id: {type: bigint, primary_key: true, generator: sequence}
      email: {generator: person.email, unique: true}
      at: {generator: time_series, params: {start: 2025-01-01, step: 1h}}
  b:
    rows: {per: a, min: 0, max: 3}
    columns:
      id: {type: uuid, primary_key: true, generator: uuid4}
      a_id: {references: a}
      email: {generator: parent, params: {column: a_id.email}}
"""


def scenario() -> Scenario:
    return read_text_as_scenario(TEXT, "t.yaml")


Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(params=["sqlite", "duckdb", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Ask]:
    """A place to write, and a way to ask it."""
    if request.param == "postgres":
        import psycopg

        url = request.getfixturevalue("postgres_url")

        def ask_postgres(sql: str) -> list[tuple[Any, ...]]:
            with psycopg.connect(url, autocommit=True) as connection:
                cursor = connection.execute(sql)
                return cursor.fetchall() if cursor.description else []

        return url, ask_postgres
    path = tmp_path / f"x.{request.param}"

    def ask(sql: str) -> list[tuple[Any, ...]]:
        if request.param == "sqlite":
            with closing(sqlite3.connect(path)) as connection, connection:
                return connection.execute(sql).fetchall()
        import duckdb

        with duckdb.connect(str(path)) as connection:
            return connection.execute(sql).fetchall()

    return str(path), ask


def whole(ask: Ask) -> None:
    """All constraints hold, and copies of a parent's columns are the parent's."""
    for table, column in (("customers", "id"), ("customers", "code"), ("customers", "email"), ("customers", "short"),
                          ("orders", "id"), ("profiles", "customer_id")):  # fmt: skip
        assert ask(f"SELECT count(*) - count(DISTINCT {column}) FROM {table}") == [(0,)], (table, column)
    assert ask("SELECT count(*) FROM (SELECT 1 FROM tagged GROUP BY customer_id, tag_id HAVING count(*) > 1) t") == [
        (0,)
    ]
    for table, copy in (("orders", "who"), ("profiles", "email")):
        joined = f"{table} t LEFT JOIN customers c ON c.id = t.customer_id"
        assert ask(f"SELECT count(*) FROM {joined} WHERE c.id IS NULL OR c.email <> t.{copy}") == [(0,)]


def test_runs_add_to_one_another(place: tuple[str, Ask]) -> None:
    to, ask = place
    sdgen.write(scenario(), to)
    sdgen.write(scenario(), to, mode="append_only")
    sdgen.write(scenario(), to, mode="append_only", seed=99, rows={"customers": 250, "tagged": 3000, "profiles": 350})
    whole(ask)
    assert ask("SELECT count(*), max(id) FROM customers") == [(450, 450)]
    assert ask("SELECT count(*) FROM tagged") == [(3600,)]
    assert ask("SELECT count(*) FROM profiles") == [(450,)]
    assert ask("SELECT count(*) FROM tagged WHERE customer_id <= 200")[0][0] > 1000


def test_one_entity_alone_is_added_to_rows_that_others_made(place: tuple[str, Ask]) -> None:
    to, ask = place
    sdgen.write(scenario(), to, rows={"customers": 3, "tagged": 0, "profiles": 0, "orders": 0})
    ask("DELETE FROM customers WHERE id = 2")
    ask("UPDATE customers SET id = 5000, email = 'ada@example.org', since = '2023-05-05' WHERE id = 3")
    sdgen.write(scenario(), to, mode="append_only", only=["orders"], rows={"orders": 200})
    whole(ask)
    assert ask("SELECT count(DISTINCT customer_id) FROM orders") == [(2,)]
    assert ask("SELECT min(day) = '2023-05-08' FROM orders WHERE who = 'ada@example.org'")[0][0]
    sdgen.write(scenario(), to, mode="append_only", rows={"customers": 60})
    whole(ask)
    assert ask("SELECT count(*), min(id), max(id) FROM customers WHERE id > 5000") == [(60, 5001, 5060)]


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_run_and_its_continuation_are_one_run(tmp_path: Path, kind: str) -> None:
    alone = read_text_as_scenario(ALONE, "t.yaml")
    parts, once = tmp_path / f"parts.{kind}", tmp_path / f"once.{kind}"
    sdgen.write(alone, parts)
    sdgen.write(alone, parts, mode="append_only", rows={"a": 1500})
    sdgen.write(alone, once, rows={"a": 2500})
    verified = sdgen.verify(alone, parts, rows={"a": 2500})
    assert not verified.broken
    assert [str(each.status) for each in verified.findings if each.check == "same rows"] == ["ok", "ok"]
    counts = [sum(each.num_rows for each in sdgen.generate(alone, rows={"a": 2500}).values())]
    assert counts == [sdgen.write(alone, tmp_path / "again.sqlite", rows={"a": 2500}).rows]


def test_an_empty_table_is_filled_as_in_the_first_run(tmp_path: Path) -> None:
    first, second = tmp_path / "first.sqlite", tmp_path / "second.sqlite"
    one = sdgen.write(scenario(), first)
    sdgen.write(scenario(), second, rows={"customers": 0, "tags": 0, "tagged": 0, "profiles": 0})
    other = sdgen.write(scenario(), second, mode="append_only")
    assert [each.digest for each in one.entities] == [each.digest for each in other.entities]


def test_more_than_can_be_is_refused_with_what_is_there_counted(tmp_path: Path) -> None:
    to = tmp_path / "x.sqlite"
    sdgen.write(scenario(), to)
    with pytest.raises(sdgen.ScenarioError, match="is unique over 501 rows"):
        sdgen.write(scenario(), to, mode="append_only", rows={"customers": 401})
    with pytest.raises(sdgen.ScenarioError, match="unique over 1,500 rows"):
        sdgen.write(scenario(), to, mode="append_only", only=["tagged"], rows={"tagged": 1200})
    with closing(sqlite3.connect(to)) as connection:
        assert connection.execute("SELECT count(*) FROM customers").fetchone() == (100,)


def test_a_sequence_of_the_database_goes_on_after_the_rows(postgres_url: str, tmp_path: Path) -> None:
    import psycopg

    ddl = "CREATE TABLE pets (id serial PRIMARY KEY, name text NOT NULL); CREATE TABLE visits (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, pet_id int NOT NULL REFERENCES pets);"
    path = tmp_path / "pets.sql"
    path.write_text(ddl)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(ddl.encode())
        sdgen.write(path, postgres_url, mode="append_only", rows={"pets": 20, "visits": 30})
        sdgen.write(path, postgres_url, mode="append_only", rows={"pets": 20, "visits": 30})
        assert connection.execute("INSERT INTO pets (name) VALUES ('Rex') RETURNING id").fetchone() == (41,)
        assert connection.execute("INSERT INTO visits (pet_id) VALUES (41) RETURNING id").fetchone() == (61,)


def test_existing_values_are_read_in_the_planned_types() -> None:
    from sdgen.scenario.types import Type
    from sdgen.write.base import Table, TableColumn
    from sdgen.write.existing_rows import Wanted

    columns = (
        TableColumn("a", Type("bool"), True),
        TableColumn("b", Type("date"), True),
        TableColumn("c", Type("uuid"), True),
    )
    texts = pa.table(
        {
            "a": ["t", "f", None],
            "b": ["2024-02-29", None, "1970-01-01"],
            "c": ["0" * 8 + "-0000-4000-8000-" + "1" * 12] * 3,
        }
    )
    found = Wanted(Table("t", "t", columns), columns).existing(texts)
    assert found.columns["a"].to_pylist() == [True, False, None]
    assert str(found.columns["b"][0]) == "2024-02-29"
    assert found.columns["c"].type == pa.binary(16)


def _invoices(orders: object) -> dict[str, Any]:
    """Each invoice goes to the customer of its order."""
    key = {"generator": "sequence", "primary_key": True}
    return {
        "name": "invoices",
        "seed": 1,
        "as_of": "2026-01-01T00:00:00Z",
        "entities": {
            "customers": {"rows": 30, "columns": {"id": key}},
            "orders": {
                "rows": 40,
                "columns": {
                    "id": key,
                    "customer_id": {"generator": "fk", "params": {"entity": "customers", "column": "id"}},
                },
            },
            "invoices": {
                "rows": orders,
                "columns": {
                    "id": key,
                    "order_id": {"generator": "fk", "params": {"entity": "orders", "column": "id"}},
                    "customer_id": {
                        "generator": "fk",
                        "params": {"entity": "customers", "column": "id", "follows": "order_id.customer_id"},
                    },
                },
            },
        },
    }


def test_links_that_follow_older_rows_are_refused(tmp_path: Path) -> None:
    place = tmp_path / "x.sqlite"
    sdgen.write(_invoices(50), place)
    with pytest.raises(ScenarioError, match=r"customer_id: follows a link of orders, whose 40 older rows"):
        sdgen.write(_invoices(50), place, mode="append_only", seed=2)


def test_links_that_follow_new_rows(tmp_path: Path) -> None:
    place = tmp_path / "x.sqlite"
    for seed, mode in ((1, "create_if_missing"), (2, "append_only")):
        sdgen.write(_invoices({"per": "orders", "count": 2}), place, mode=mode, seed=seed)
    with closing(sqlite3.connect(place)) as connection:
        wrong = (
            "SELECT count(*) FROM invoices i JOIN orders o ON o.id = i.order_id WHERE i.customer_id <> o.customer_id"
        )
        assert connection.execute(wrong).fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM invoices").fetchone() == (160,)
