"""Links inside arrays, structs and documents: each element is of a parent's row, drawn like any link."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import sdgen
from sdgen.errors import ScenarioError

LINE = {"product": {"generator": "fk", "params": {"entity": "products", "column": "id", "distribution": "zipf"}}}
ITEMS = {"items": {"generator": "struct", "params": {"fields": {**LINE, "n": {"type": "int"}}}}, "min": 1, "max": 4}


def shop(**columns: Any) -> dict[str, Any]:
    products = {"id": {"type": "uuid", "primary_key": True}, "code": {"generator": "code.sku"}}
    baskets = {"id": {"type": "int", "primary_key": True}, **columns}
    entities = {"baskets": {"rows": 400, "columns": baskets}, "products": {"rows": 25, "columns": products}}
    return {"name": "shop", "as_of": "2026-01-01", "entities": entities}


def test_elements_of_arrays_and_fields_hold_keys_of_the_parent() -> None:
    code = {"generator": "fk", "params": {"entity": "products", "column": "code"}}
    fields = {
        "generator": "json",
        "params": {"fields": {**LINE, "codes": {"generator": "array", "params": {"items": code}}}},
    }
    rows = sdgen.generate(shop(lines={"generator": "array", "params": ITEMS}, gift=fields), seed=4)
    keys = {
        str(key): code
        for key, code in zip(*(rows["products"][name].to_pylist() for name in ("id", "code")), strict=True)
    }
    lines = [str(each["product"]) for row in rows["baskets"]["lines"].to_pylist() for each in row]
    assert set(lines) == keys.keys()
    assert Counter(lines).most_common(1)[0][1] > 3 * len(lines) / len(keys)  # zipf: a few have most
    gifts = [json.loads(text) for text in rows["baskets"]["gift"].to_pylist()]
    assert {gift["product"] for gift in gifts} <= keys.keys()
    assert {code for gift in gifts for code in gift["codes"]} == {*keys.values()}


def test_the_same_by_any_batch_and_in_a_database(tmp_path: Path) -> None:
    scenario = shop(lines={"generator": "array", "params": ITEMS})
    whole = sdgen.generate(scenario, seed=4)["baskets"]["lines"].to_pylist()
    longer = sdgen.generate(scenario, seed=4, rows={"baskets": 900})["baskets"]["lines"].to_pylist()
    assert longer[:400] == whole


@pytest.mark.parametrize(
    ("params", "what"),
    [
        ({"entity": "goods", "column": "id"}, "no entity 'goods'"),
        ({"entity": "products", "column": "key"}, "products has no column 'key'"),
        ({"entity": "products", "column": "id", "quota": []}, "quota"),
        ({"entity": "baskets", "column": "id"}, "another entity"),
    ],
)
def test_what_is_wrong_is_told(params: dict[str, Any], what: str) -> None:
    with pytest.raises(ScenarioError, match=what):
        sdgen.generate(shop(lines={"generator": "array", "params": {"items": {"generator": "fk", "params": params}}}))
