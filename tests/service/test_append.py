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
from sdgen.execution.append import plan_into
from sdgen.execution.destinations import open_target
from sdgen.execution.request import RunSettings
from sdgen.execution.resolved import taken_values
from sdgen.readers.sources import read_text_as_scenario
from sdgen.scenario.model import Scenario
from sdgen.scenario.request import PlanRequest
from sdgen.service.service import Service
from sdgen.targets.base import Mode
from tests.service.made import asked, succeeded

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

        with duckdb.connect(str(path)) as opened:
            return opened.execute(sql).fetchall()

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
    from sdgen.databases.existing_tables import ExistingRowsQuery
    from sdgen.scenario.types import Type
    from sdgen.targets.base import Table, TableColumn

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
    found = ExistingRowsQuery(Table("t", "t", columns), columns).existing(texts)
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


def test_links_that_follow_older_rows(place: tuple[str, Ask]) -> None:
    """Where the orders' own links have changed since, invoices follow them as they are."""
    to, ask = place
    sdgen.write(_invoices(50), to)
    ask("INSERT INTO customers (id) VALUES (1000)")
    ask("INSERT INTO orders (id, customer_id) VALUES (1001, 1000)")
    ask("DELETE FROM invoices WHERE order_id = 3 OR order_id > 20")  # DuckDB changes no row that is referred to
    ask("DELETE FROM orders WHERE id = 3")
    ask("UPDATE orders SET customer_id = 1000 WHERE id > 20")
    last = ask("SELECT max(id) FROM invoices")[0][0]
    sdgen.write(_invoices(300), to, mode="append_only", seed=2)
    wrong = "SELECT count(*) FROM invoices i LEFT JOIN orders o ON o.id = i.order_id WHERE o.id IS NULL OR i.customer_id <> o.customer_id"
    assert ask(wrong) == [(0,)]
    assert ask(f"SELECT count(*) FROM invoices WHERE id > {last}") == [(300,)]
    assert ask(f"SELECT count(*) FROM invoices WHERE id > {last} AND customer_id = 1000")[0][0] > 30


def test_links_that_follow_older_rows_which_lead_nowhere(tmp_path: Path) -> None:
    place, scenario = tmp_path / "x.sqlite", _invoices(50)
    scenario["entities"]["orders"]["columns"]["customer_id"]["nullable"] = True
    sdgen.write(scenario, place)
    with closing(sqlite3.connect(place)) as connection, connection:
        connection.execute("UPDATE orders SET customer_id = NULL WHERE id <= 40")
    sdgen.write(scenario, place, mode="append_only", seed=2, rows={"orders": 40, "invoices": 300})
    with closing(sqlite3.connect(place)) as connection:
        followed = "FROM invoices i JOIN orders o ON o.id = i.order_id WHERE i.id > 50 AND o.customer_id IS"
        assert connection.execute(
            f"SELECT count(*) {followed} NOT NULL AND i.customer_id <> o.customer_id"
        ).fetchone() == (0,)
        assert connection.execute(f"SELECT count(DISTINCT i.customer_id) {followed} NULL").fetchone()[0] > 20


def test_links_that_follow_what_the_target_does_not_hold_are_refused(tmp_path: Path) -> None:
    place, scenario = tmp_path / "x.sqlite", _invoices(50)
    scenario["entities"]["orders"]["columns"]["customer_id"]["hidden"] = True
    sdgen.write(scenario, place)
    with pytest.raises(ScenarioError, match="customer_id of orders, which is not kept for its 40 older rows"):
        sdgen.write(scenario, place, mode="append_only", seed=2)


def test_links_that_follow_one_which_avoids_what_is_taken(place: tuple[str, Ask]) -> None:
    """No customer has two accounts, so new accounts of other runs change places; what follows them does too."""
    to, ask = place
    scenario = _invoices(50)
    scenario["entities"]["customers"]["rows"] = 200
    scenario["entities"]["orders"]["columns"]["customer_id"]["params"]["one_to_one"] = True
    sdgen.write(scenario, to)
    sdgen.write(scenario, to, mode="append_only", seed=2, rows={"customers": 0, "orders": 150, "invoices": 300})
    assert ask("SELECT count(*), count(DISTINCT customer_id) FROM orders") == [(190, 190)]
    assert ask(
        "SELECT count(*) FROM invoices i JOIN orders o ON o.id = i.order_id WHERE i.customer_id = o.customer_id"
    ) == [(350,)]


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


# --- fixed rows, and people whom others have put there ---

MEMBERS = """\
name: members
seed: 3
as_of: 2026-01-01
entities:
  plans:
    rows: {fixed: [{code: free, price: 0}, {code: pro, price: 9}]}
    columns:
      id: {type: int, primary_key: true, generator: sequence}
      code: {type: string(9), unique: true, generator: pattern, params: {regex: "[a-z]{6}"}}
      price: {type: int, generator: uniform_int, params: {min: 1, max: 50}}
  users:
    rows: {count: 200, fixed: [{name: root, level: 9}, {name: guest}]}
    columns:
      id: {type: uuid, primary_key: true, generator: uuid4}
      name: {type: string(50), unique: true, generator: person.username}
      level: {type: int, generator: uniform_int, params: {min: 1, max: 3}}
  posts:
    rows: 300
    columns:
      id: {type: bigint, primary_key: true, generator: sequence}
      author: {generator: fk, params: {entity: users, column: id, quota: [{where: {name: root}, count: 20}]}}
"""
FOREIGN = "'00000000-0000-4000-8000-{:012d}'"


def members() -> Scenario:
    return read_text_as_scenario(MEMBERS, "members.yaml")


def test_fixed_rows_are_there_once_and_quotas_find_theirs(place: tuple[str, Ask]) -> None:
    to, ask = place
    sdgen.write(members(), to)
    for _ in range(2):
        sdgen.write(members(), to, mode="append_only", seed=8)
    assert ask("SELECT count(*), sum(price) FROM plans") == [(2, 9)]
    assert ask("SELECT count(*), count(DISTINCT name), count(DISTINCT id) FROM users") == [(600, 600, 600)]
    assert ask("SELECT level FROM users WHERE name = 'root'") == [(9,)]
    assert ask("SELECT count(*) FROM posts p JOIN users u ON u.id = p.author WHERE u.name = 'root'") == [(20,)]
    assert ask("SELECT count(*) FROM posts p JOIN users u ON u.id = p.author") == [(900,)]


def test_fixed_rows_that_are_missing_come_first(place: tuple[str, Ask]) -> None:
    """A database that an application has filled: with a guest and others of its own, without an administrator."""
    to, ask = place
    sdgen.write(members(), to, rows={"users": 2, "posts": 20})
    ask("DELETE FROM posts")
    ask("DELETE FROM plans WHERE code = 'pro'")
    ask("DELETE FROM users")
    names = sdgen.generate(members(), seed=8, rows={"users": 60})["users"]["name"].to_pylist()
    for number, name in enumerate(["guest", *names[30:60]]):
        ask(f"INSERT INTO users (id, name, level) VALUES ({FOREIGN.format(number)}, '{name}', 1)")
    sdgen.write(members(), to, mode="append_only", seed=8, rows={"users": 100})
    assert ask("SELECT count(*), sum(price) FROM plans") == [(2, 9)]
    assert ask("SELECT count(*), count(DISTINCT name) FROM users") == [(131, 131)]
    assert ask("SELECT count(*) FROM users WHERE name = 'root' AND level = 9") == [(1,)]
    assert ask("SELECT count(*) FROM posts p JOIN users u ON u.id = p.author WHERE u.name = 'root'") == [(20,)]


def test_names_that_were_taken_are_told(place: tuple[str, Ask]) -> None:
    to, ask = place
    sdgen.write(members(), to, rows={"users": 50, "posts": 20})
    names = sdgen.generate(members(), rows={"users": 150})["users"]["name"].to_pylist()
    for number, name in enumerate(names[60:72]):
        ask(f"INSERT INTO users (id, name, level) VALUES ({FOREIGN.format(number)}, '{name}', 1)")
    target = open_target(to)
    try:
        plan = plan_into(members(), PlanRequest(rows={"users": 88}), target, RunSettings(mode=Mode.APPEND_ONLY)).plan
    finally:
        target.abort()
    told = "users.name: 10 of 88 new values exist already; others replace them"
    assert list(taken_values(plan)) == [told]
    assert list(taken_values(plan, ["posts"])) == []


def test_names_that_were_taken_are_told_by_runs(service: Service) -> None:
    members = {"name": "members", "seed": 3, "as_of": "2026-01-01", "entities": {"users": {"rows": 40, "columns": {
        "id": {"type": "bigint", "primary_key": True, "generator": "sequence"},
        "name": {"type": "string(50)", "unique": True, "generator": "person.username"},
    }}}}  # fmt: skip
    names = sdgen.generate(members, rows={"users": 80})["users"]["name"].to_pylist()
    succeeded(service.perform(asked("x.sqlite", scenario=members)))
    with closing(sqlite3.connect("x.sqlite")) as connection, connection:
        connection.executemany("UPDATE users SET name = ? WHERE id = ?", zip(names[40:47], range(1, 8), strict=True))
    run = succeeded(service.perform(asked("x.sqlite", scenario=members, mode="append_only")))
    told = "users.name: 7 of 40 new values exist already; others replace them"
    assert told in [line.text for line in service.logs(run.id)]
    again = service.perform_again(run.id)
    assert service.comparison(again.id).same


ANY_NAME = {"allow_databases": ["*"]}  # the scenario itself names demo and test databases alone
GENONAUT = {"users": 300, "content_items": 400, "content_items_auto": 500}


def test_genonaut_is_added_to_itself_and_to_people_of_others(place: tuple[str, Ask]) -> None:
    to, ask = place
    sdgen.write("genonaut", to, rows=GENONAUT, set=ANY_NAME)
    ask("UPDATE users SET updated_at = created_at")
    names = sdgen.generate("genonaut", rows={"users": 900}, seed=5)["users"]["username"].to_pylist()
    for number, name in enumerate(names[500:600]):
        values = (
            f"{FOREIGN.format(number)}, '{name}', 'u{number}@example.org', '2025-01-01', '2025-01-01', true, '{{}}'"
        )
        ask(
            f"INSERT INTO users (id, username, email, created_at, updated_at, is_active, preferences) VALUES ({values})"
        )
    for seed in (5, 42):
        sdgen.write("genonaut", to, rows={**GENONAUT, "users": 500}, mode="append_only", seed=seed, set=ANY_NAME)
    assert ask("SELECT count(*), count(DISTINCT username), count(DISTINCT email) FROM users") == [(1400, 1400, 1400)]
    admins = "JOIN users u ON u.id = c.creator_id WHERE u.username = 'admin'"
    for table, link in (("content_items", "content_id"), ("content_items_auto", "content_auto_id")):
        assert ask(f"SELECT count(*) FROM {table} c {admins}") == [(50,)]
        jobs = f"FROM {table} c LEFT JOIN generation_jobs j ON j.{link} = c.id"
        assert ask(f"SELECT count(*) {jobs}") == [(3 * GENONAUT[table],)]
        assert ask(
            f"SELECT count(*) {jobs} WHERE j.user_id = c.creator_id AND j.prompt = c.prompt AND j.status = 'completed'"
        ) == [(3 * GENONAUT[table],)]
    foreign = "CAST(c.creator_id AS varchar(36)) LIKE '00000000-0000-4000-8000-%'"
    assert ask(f"SELECT count(*) FROM content_items c WHERE {foreign}")[0][0] > 20
