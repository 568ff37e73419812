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
