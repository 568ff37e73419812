"""What becomes of a schema of which nothing but names, types and keys is known: counts, lists, uneven links, nulls."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import sdgen
from sdgen.readers.base import ReadOptions
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_counted, read_source, read_text_as_scenario
from sdgen.scenario.model import Scenario

DRAFT = "https://json-schema.org/draft/2020-12/schema"
BAKERY = """
CREATE TABLE order_statuses (id smallint PRIMARY KEY, name varchar(20) NOT NULL UNIQUE, description text, sort_order int);
CREATE TABLE roles (id int PRIMARY KEY, code varchar(20) NOT NULL UNIQUE, label varchar(40) NOT NULL);
CREATE TABLE countries (code char(2) PRIMARY KEY, name varchar(60) NOT NULL, currency_code char(3));
CREATE TABLE bakeries (id int PRIMARY KEY, name text NOT NULL, country char(2) NOT NULL REFERENCES countries);
CREATE TABLE customers (
    id int PRIMARY KEY, role_id int NOT NULL REFERENCES roles, first_name text NOT NULL, last_name text,
    email text UNIQUE, middle_name text, latitude numeric(9, 6), longitude numeric(9, 6),
    billing_street text, billing_city text, billing_postal_code text, shipping_street text, shipping_city text
);
CREATE TABLE breads (id int PRIMARY KEY, name text NOT NULL, price numeric(8, 2) NOT NULL);
CREATE TABLE orders (
    id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, bakery_id int NOT NULL REFERENCES bakeries,
    status_id smallint NOT NULL REFERENCES order_statuses, ordered_at timestamp
);
CREATE TABLE order_lines (
    order_id int NOT NULL REFERENCES orders, line_no smallint NOT NULL, bread_id int NOT NULL REFERENCES breads,
    quantity int, PRIMARY KEY (order_id, line_no)
);
CREATE TABLE order_breads (
    order_id int REFERENCES orders, bread_id int REFERENCES breads, PRIMARY KEY (order_id, bread_id)
);
CREATE TABLE customer_cards (customer_id int PRIMARY KEY REFERENCES customers, number text NOT NULL);
CREATE TABLE receipts (order_id int UNIQUE NOT NULL REFERENCES orders, total numeric(9, 2));
CREATE TABLE weather (day date PRIMARY KEY, degrees int);
"""

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def bakery() -> Scenario:
    return read_text_as_scenario(BAKERY, "bakery.sql")


@pytest.fixture(scope="module")
def rows(bakery: Scenario) -> dict[str, list[dict[str, Any]]]:
    return {name: table.to_pylist() for name, table in sdgen.generate(bakery, seed=3).items()}


def test_lookups_are_small_dimensions_middling_facts_many(rows: dict[str, list[dict[str, Any]]]) -> None:
    counts = {name: len(each) for name, each in rows.items()}
    assert counts["bakeries"] < 50
    assert counts["customers"] == counts["breads"] == counts["customer_cards"] == 300
    assert counts["orders"] == counts["receipts"] == 3 * counts["customers"]
    assert 2 * counts["orders"] < counts["order_lines"] < 4 * counts["orders"]
    assert counts["weather"] == 1000  # linked with nothing
    assert sum(counts.values()) < 1000 * len(counts)


def test_lookups_list_what_their_names_suggest(rows: dict[str, list[dict[str, Any]]]) -> None:
    assert [row["name"] for row in rows["order_statuses"]][:4] == ["Pending", "Paid", "Processing", "Shipped"]
    assert [row["sort_order"] for row in rows["order_statuses"]] == [*range(1, len(rows["order_statuses"]) + 1)]
    assert {(row["code"], row["label"]) for row in rows["roles"]} >= {("manager", "Manager"), ("viewer", "Viewer")}
    assert {row["code"]: (row["name"], row["currency_code"]) for row in rows["countries"]}["JP"] == ("Japan", "JPY")


def test_a_bare_name_goes_by_what_refers_to_it() -> None:
    ddl = """CREATE TABLE statuses (status varchar(20) PRIMARY KEY);
        CREATE TABLE parcels (id int PRIMARY KEY, status varchar(20) NOT NULL REFERENCES statuses);"""
    found = sdgen.generate(read_text_as_scenario(ddl, "post.sql"), seed=1)
    assert "in_transit" in found["statuses"].column("status").to_pylist()
    assert set(found["parcels"].column("status").to_pylist()) <= set(found["statuses"].column("status").to_pylist())


@pytest.mark.parametrize(
    "column", ["name varchar(5) NOT NULL", "name text NOT NULL CHECK (name IN ('a', 'b'))", "number int NOT NULL"]
)
def test_what_holds_no_such_values_lists_none(column: str) -> None:
    ddl = f"""CREATE TABLE payment_statuses (id int PRIMARY KEY, {column});
        CREATE TABLE payments (id int PRIMARY KEY, status_id int REFERENCES payment_statuses);"""
    scenario = read_text_as_scenario(ddl, "p.sql")
    assert scenario.entities["payment_statuses"].rows.count == 8
    assert sdgen.generate(scenario, seed=1)["payment_statuses"].num_rows == 8


def test_details_are_numbered_within_their_parents(rows: dict[str, list[dict[str, Any]]]) -> None:
    lines: dict[int, list[int]] = {}
    for row in rows["order_lines"]:
        lines.setdefault(row["order_id"], []).append(row["line_no"])
    assert len(lines) == len(rows["orders"])
    assert all(each == [*range(1, len(each) + 1)] for each in lines.values())
    assert len({len(each) for each in lines.values()}) > 4
    pairs = [(row["order_id"], row["bread_id"]) for row in rows["order_breads"]]
    assert len(pairs) == len(set(pairs))


def test_links_are_uneven(rows: dict[str, list[dict[str, Any]]]) -> None:
    orders = [row["customer_id"] for row in rows["orders"]]
    counts = sorted((orders.count(customer) for customer in set(orders)), reverse=True)
    assert counts[0] > 5 * len(orders) / len(rows["customers"])
    states = [row["status_id"] for row in rows["orders"]]
    delivered, lost = 5, 7
    assert states.count(delivered) > 4 * states.count(lost)


def test_nulls_come_where_people_leave_things_out(rows: dict[str, list[dict[str, Any]]]) -> None:
    def missing(entity: str, column: str) -> list[bool]:
        return [row[column] is None for row in rows[entity]]

    assert missing("customers", "latitude") == missing("customers", "longitude")
    assert missing("customers", "billing_street") == missing("customers", "billing_postal_code")
    assert missing("customers", "billing_street") != missing("customers", "shipping_street")
    assert 0 < sum(missing("customers", "shipping_city")) < 60
    assert not any(missing("customers", "last_name")), "who has a first name has a surname"
    assert sum(missing("customers", "email")) < 15
    assert sum(missing("customers", "middle_name")) > 60
    assert not any(missing("orders", "ordered_at"))
    assert not any(missing("order_lines", "quantity"))


def test_a_count_is_of_each_table_and_a_scale_is_of_the_shape(tmp_path: Path) -> None:
    (tmp_path / "bakery.sql").write_text(BAKERY)
    scenario, counts = read_counted(tmp_path / "bakery.sql", {"*": 50})
    assert {entity.rows.count for entity in scenario.entities.values()} == {50}
    assert counts == {}
    plan = sdgen.plan(tmp_path / "bakery.sql", seed=3, scale=2)
    assert plan.entities["orders"].rows == 1800
    assert plan.entities["order_statuses"].rows == 7
    assert sdgen.plan(tmp_path / "bakery.sql", seed=3, rows={"customers": 10}).entities["customer_cards"].rows == 10


def test_what_is_imported_says_it_all(bakery: Scenario) -> None:
    text = scenario_text(bakery)
    assert "        - {name: Pending, sort_order: 1, description: null}\n" in text
    assert "rows: {per: orders, via: order_id, min: 1, max: 12, mean: 2.6, law: negative_binomial" in text
    again = read_text_as_scenario(text, "bakery.yaml")
    assert sdgen.plan(again, seed=3, as_of=NOW).identity == (sdgen.plan(bakery, seed=3, as_of=NOW).identity)


def test_counts_shrink_to_what_keys_have_room_for() -> None:
    ddl = """CREATE TABLE shelves (letter char(1) PRIMARY KEY, label text NOT NULL);
        CREATE TABLE boxes (
            shelf char(1) NOT NULL REFERENCES shelves, slot smallint NOT NULL CHECK (slot IN (1, 2)),
            label text, PRIMARY KEY (shelf, slot)
        );
        CREATE TABLE shelf_lights (shelf char(1) PRIMARY KEY REFERENCES shelves, watts int);"""
    found = sdgen.generate(read_text_as_scenario(ddl, "store.sql"), seed=1)
    assert 0 < found["shelves"].num_rows <= 36
    assert 0 < found["boxes"].num_rows <= 2 * found["shelves"].num_rows
    assert found["shelf_lights"].num_rows <= found["shelves"].num_rows


def test_chains_and_cycles_of_any_length_have_a_shape() -> None:
    chain = "".join(
        f"CREATE TABLE t{at} (id int PRIMARY KEY, before int NOT NULL REFERENCES t{max(at - 1, 0)});"
        for at in range(1, 400)
    )
    cycle = """CREATE TABLE hens (id int PRIMARY KEY, egg_id int REFERENCES eggs);
        CREATE TABLE eggs (id int PRIMARY KEY, hen_id int NOT NULL REFERENCES hens);"""
    from sdgen.inference.shape import shapes_of
    from sdgen.scenario.model import Column, Entity, GeneratorSpec

    assert sdgen.generate(read_text_as_scenario(cycle, "farm.sql"), seed=1)["eggs"].num_rows > 300
    assert chain
    entities = {
        f"t{at}": Entity(
            columns={
                "id": Column(type="int", primary_key=True),
                "before": Column(generator=GeneratorSpec(type="fk", params={"entity": f"t{at + 1}", "column": "id"})),
            }
        )
        for at in range(1500)
    }
    assert max(shape.rows for shape in shapes_of(entities, 1000).values()) <= 2000


def test_documents_have_a_shape_too(tmp_path: Path) -> None:
    key = {"type": "integer"}
    statuses = {"type": "object", "required": ["id", "name"], "properties": {"id": key, "name": {"type": "string"}}}
    orders = {
        "type": "object",
        "required": ["id", "order_status_id"],
        "properties": {"id": key, "order_status_id": key, "note": {"type": "string"}},
    }
    path = tmp_path / "shop.json"
    path.write_text(json.dumps({"$schema": DRAFT, "$defs": {"OrderStatus": statuses, "Order": orders}}))
    found = sdgen.generate(read_source(path), seed=1)
    assert "Shipped" in found["OrderStatus"].column("name").to_pylist()
    assert found["OrderStatus"].num_rows < 10 < found["Order"].num_rows
    same = read_source(path, ReadOptions(rows=30))
    assert {entity.rows.count for entity in same.entities.values()} == {30}


def test_other_tables_change_nothing() -> None:
    more = """CREATE TABLE wards (id int PRIMARY KEY, name text NOT NULL);
        CREATE TABLE patients (id int PRIMARY KEY, ward_id int NOT NULL REFERENCES wards, name text, status text);"""
    alone, among = (
        sdgen.generate(read_text_as_scenario(text, "x.sql"), seed=5, as_of=NOW) for text in (BAKERY, more + BAKERY)
    )
    assert all(among[name].equals(alone[name]) for name in alone)
