"""The same values in every version: digests of each example and each generator, kept in golden.json.

A change here is a change of everybody's data: it is made on purpose, in a commit of its own, with the version bumped.
`python -m tests.test_golden` writes the file anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sdgen
from sdgen.execution.digest import digest
from sdgen.generators import registry
from sdgen.readers.sources import examples, read_source
from sdgen.readers.yaml_text import read_document
from tests.execution.test_dirt import CLINIC

GOLDEN = Path(__file__).with_name("golden.json")
AS_OF = "2026-01-01T00:00:00Z"
PARENTS: dict[str, Any] = {
    "rows": 40,
    "columns": {
        "id": {"generator": "sequence", "primary_key": True},
        "name": {"generator": "person.full_name"},
        "country": {"generator": "address.country"},
        "created_at": {"generator": "datetime", "params": {"start": "2020-01-01", "end": "2024-01-01"}},
        "amount": {"type": "decimal(10,2)", "generator": "lognormal", "params": {"median": 50}},
    },
}
CHILDREN: dict[str, Any] = {
    "rows": {"per": "things", "min": 0, "max": 4},
    "columns": {
        "thing_id": {"generator": "fk", "params": {"entity": "things", "column": "id"}},
        "total": {"generator": "decimal", "params": {"min": 1, "max": 90}},
    },
}
CONTRACTS: dict[str, Any] = {
    "rows": {"per": "customers", "min": 0, "max": 5},
    "columns": {
        "customer_id": {"generator": "fk", "params": {"entity": "customers", "column": "id"}},
        "begins": {"generator": "date"},
        "ends": {"generator": "after", "params": {"column": "begins", "max": "900d"}, "null_rate": 0.2},
    },
}
# What the generators' own examples speak of: columns beside them, and a parent.
BESIDE: dict[str, Any] = {
    "customer_id": {"generator": "fk", "params": {"entity": "customers", "column": "id"}},
    "order_id": {"generator": "fk", "params": {"entity": "customers", "column": "id", "via": "order_id"}},
    "first_name": {"generator": "person.first_name"},
    "last_name": {"generator": "person.last_name"},
    "title": {"generator": "text.title"},
    "price": {"generator": "decimal", "params": {"min": 1, "max": 90}},
    "quantity": {"generator": "uniform_int", "params": {"min": 1, "max": 9}},
    "number": {"generator": "sequence"},
    "id": {"generator": "sequence"},
    "created_at": {"generator": "datetime"},
    "status": {
        "generator": "lifecycle",
        "nullable": True,
        "params": {
            "start": "created_at",
            "states": {"new": {"next": ["shipped", "lost"]}, "shipped": None, "lost": None},
        },
    },
    "commentable_type": {"generator": "choice", "params": {"values": ["Post", "Photo"]}},
}


def example_of(name: str) -> dict[str, Any]:
    """A scenario of one column that is the generator's own example."""
    kind = registry.find(name)
    assert kind is not None
    column = read_document(kind.example, name).value
    column = {key: value for key, value in column.items() if key not in ("unique", "primary_key")} | {"generator": name}
    column = column | ({"nullable": True} if name.startswith("lifecycle") else {})
    counted = {"per": "customers", "via": "customer_id", "min": 0, "max": 15}
    rows = counted if "per" in column.get("params", {}) else 300
    things, items = {"rows": rows, "columns": {**BESIDE, "it": column}}, CHILDREN
    if name == "lifecycle.step":  # a row of a parent's life
        column = column | {"params": {"of": "things.status"}}
        things, items = {"rows": 300, "columns": BESIDE}, CHILDREN | {"columns": CHILDREN["columns"] | {"it": column}}
    return {
        "name": "golden",
        "seed": 11,
        "as_of": AS_OF,
        "entities": {
            **dict.fromkeys(("customers", "posts", "photos"), PARENTS),
            "contracts": CONTRACTS,
            "things": things,
            "order_items": items,
        },
    }


def made() -> Iterator[tuple[str, str]]:
    for name in sorted(examples()):
        settled = sdgen.plan(read_source(name), seed=7)
        for entity in settled.entities:
            yield f"{name}.{entity}", digest(sdgen.batches(settled, entity))
    for name in sorted(name for _, names in registry.families() for name in names):
        tables = sdgen.generate(example_of(name))
        table = next(table for table in tables.values() if "it" in table.column_names).select(["it"])
        yield name, digest(table.combine_chunks().to_batches())
    for name, table in sdgen.generate(CLINIC).items():
        yield f"dirt.{name}", digest(table.combine_chunks().to_batches())


@pytest.fixture(scope="module")
def found() -> dict[str, str]:
    return dict(made())


def test_nothing_changed(found: dict[str, str]) -> None:
    golden = json.loads(GOLDEN.read_text("utf-8"))
    changed = sorted(name for name in golden.keys() & found.keys() if golden[name] != found[name])
    assert not changed
    assert golden.keys() == found.keys(), "a generator or example came or went: write golden.json anew"


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(dict(made()), indent=1) + "\n", "utf-8")
