"""Overlapping foreign keys: a tenant's order refers to that tenant's customer and that tenant's product."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import sdgen


def keyed(per: dict[str, Any]) -> dict[str, Any]:
    columns = {
        "tenant_id": {"generator": "fk", "params": {"entity": "tenants", "column": "id"}, "primary_key": True},
        "number": {"generator": "sequence", "params": {"per": "tenant_id"}, "primary_key": True},
    }
    return {"rows": {"per": "tenants", **per}, "columns": columns}


def scenario(orders: dict[str, Any] | None = None, products: dict[str, Any] | None = None) -> dict[str, Any]:
    def fk(entity: str, column: str, **params: Any) -> dict[str, Any]:
        return {"generator": "fk", "params": {"entity": entity, "column": column, **params}}

    columns = orders or {
        "id": {"generator": "sequence", "primary_key": True},
        "tenant_id": fk("customers", "tenant_id", via="customer"),
        "customer_number": fk("customers", "number", via="customer"),
        "product_number": fk("products", "number", via="product", within="customer"),
    }
    tenants = {"rows": 9, "columns": {"id": {"generator": "uuid4", "primary_key": True}}}
    entities = {
        "tenants": tenants,
        "customers": keyed({"min": 1, "max": 20}),
        "products": keyed(products or {"min": 1, "max": 6}),
        "orders": {"rows": 500, "columns": columns},
    }
    return {"name": "tenants", "seed": 8, "entities": entities}


def test_keys_that_share_a_column_hold_in_a_database(tmp_path: Path) -> None:
    sdgen.write(scenario(), tmp_path / "t.sqlite")
    with closing(sqlite3.connect(tmp_path / "t.sqlite")) as lite:
        keys = lite.execute('select id, "table", "from", "to" from pragma_foreign_key_list(\'orders\')').fetchall()
        assert {row[1:] for row in keys} == {
            ("customers", "tenant_id", "tenant_id"),
            ("customers", "customer_number", "number"),
            ("products", "tenant_id", "tenant_id"),
            ("products", "product_number", "number"),
        }
        assert lite.execute("pragma foreign_key_check").fetchall() == []
        assert lite.execute("select count(distinct product_number) from orders").fetchone()[0] > 3


def test_within_a_link_to_the_shared_row_itself() -> None:
    orders = {
        "tenant_id": {"generator": "fk", "params": {"entity": "tenants", "column": "id"}},
        "product": {"generator": "fk", "params": {"entity": "products", "column": "number", "within": "tenant_id"}},
        "owner": {"generator": "parent", "params": {"column": "product.tenant_id"}},
    }
    rows = sdgen.generate(scenario(orders))["orders"].to_pylist()
    assert all(row["tenant_id"] == row["owner"] for row in rows)


def test_a_tenant_may_have_no_parent_where_nulls_are_allowed() -> None:
    orders = {
        "tenant_id": {"generator": "fk", "params": {"entity": "tenants", "column": "id"}},
        "product": {
            "generator": "fk",
            "params": {"entity": "products", "column": "number", "within": "tenant_id"},
            "nullable": True,
            "null_rate": 0.0,
        },
    }
    made = sdgen.generate(scenario(orders, {"min": 0, "max": 1}))
    have = set(made["products"]["tenant_id"].to_pylist())
    assert all((row["product"] is None) == (row["tenant_id"] not in have) for row in made["orders"].to_pylist())


@pytest.mark.parametrize(
    ("params", "products", "what"),
    [
        ({"within": "nope"}, None, "no other link 'nope'"),
        ({"within": "tenant_id"}, {"min": 0, "max": 3}, "some rows of tenants may have no rows in products"),
        ({"within": "tenant_id", "distribution": "zipf"}, None, "takes neither a distribution"),
    ],
)
def test_what_can_not_be(params: dict[str, Any], products: dict[str, Any] | None, what: str) -> None:
    orders = {
        "tenant_id": {"generator": "fk", "params": {"entity": "tenants", "column": "id"}},
        "product": {"generator": "fk", "params": {"entity": "products", "column": "number", **params}},
    }
    assert any(what in problem.what for problem in sdgen.check(scenario(orders, products)))


def test_within_rows_that_are_counted_in_several_steps() -> None:
    """An item's product and its order, two steps below the tenant, belong to one tenant."""
    made = scenario(products={"count": 3, "total": 27})
    entities = made["entities"]
    entities["orders"] = {
        "rows": {"per": "customers", "min": 0, "max": 3},
        "columns": {
            "id": {"generator": "sequence", "primary_key": True},
            "tenant_id": {
                "generator": "fk",
                "params": {"entity": "customers", "column": "tenant_id", "via": "customer"},
            },
            "number": {"generator": "fk", "params": {"entity": "customers", "column": "number", "via": "customer"}},
        },
    }
    entities["items"] = {
        "rows": {"per": "orders", "count": 3},
        "columns": {
            "order_id": {"generator": "fk", "params": {"entity": "orders", "column": "id"}, "primary_key": True},
            "tenant": {"generator": "parent", "params": {"column": "order_id.tenant_id"}},
            "product": {
                "generator": "fk",
                "params": {"entity": "products", "column": "number", "within": "order_id", "distinct": True},
                "primary_key": True,
            },
            "owner": {"generator": "parent", "params": {"column": "product.tenant_id"}},
        },
    }
    rows = sdgen.generate(made)["items"].to_pylist()
    assert len(rows) > 50
    assert all(row["tenant"] == row["owner"] for row in rows)
    assert len({(row["order_id"], row["product"]) for row in rows}) == len(rows)
    entities["items"]["rows"]["count"] = 4
    assert any("up to 4 rows of one parent, but only 3 rows of products" in each.what for each in sdgen.check(made))


def test_a_count_for_the_first_parents_and_a_total() -> None:
    made = scenario(products={"count": 3, "total": 12})
    del made["entities"]["orders"]
    rows = sdgen.generate(made)["products"]["tenant_id"].to_pylist()
    assert [rows.count(tenant) for tenant in dict.fromkeys(rows)] == [3, 3, 3, 3]
    made["entities"]["products"]["rows"]["total"] = 13
    assert any("ask for a multiple of 3, up to 27" in problem.hint for problem in sdgen.check(made))


def test_a_tree_within_each_tenant() -> None:
    made = scenario()
    made["entities"]["customers"]["rows"] = {"per": "tenants", "count": 20}
    made["entities"]["customers"]["columns"]["chief"] = {
        "generator": "fk",
        "params": {"entity": "customers", "column": "number", "within": "tenant_id", "roots": 2},
    }
    rows = sdgen.generate(made)["customers"].to_pylist()
    assert sum(row["chief"] is None for row in rows) == 2 * 9
    assert all(row["chief"] is None or row["chief"] < row["number"] for row in rows)
