"""Listed values by number: dictionaries of the whole list, nulls where there is no place, and what lookups can't be."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

import sdgen
from sdgen.errors import ScenarioError
from tests.generators.splits import faulty

SIZES = ["small", "medium", "large"]


def made(sql: str, values: list[Any] = SIZES, type: str = "", rows: int = 60, **column: Any) -> pa.ChunkedArray:
    spec = {
        "generator": "lookup",
        "params": {"values": values, "sql": sql},
        **({"type": type} if type else {}),
        **column,
    }
    columns = {"number": {"generator": "sequence"}, "it": spec}
    tables = sdgen.generate({"name": "x", "seed": 4, "entities": {"boxes": {"rows": rows, "columns": columns}}})
    return tables["boxes"]["it"]


def test_the_expression_says_which() -> None:
    found = made("case when number < 3 then 0 when number < 7 then 1 else 2 end")
    assert found.to_pylist()[:8] == ["small", "small", *["medium"] * 4, "large", "large"]
    assert pa.types.is_dictionary(found.type)
    assert found.chunk(0).dictionary.to_pylist() == SIZES


def test_places_behind_the_list_and_nulls_are_null() -> None:
    assert made("nullif(number, 2) - 1", rows=5).to_pylist() == ["small", None, "large", None, None]
    assert made("number - 3", rows=4).to_pylist() == [None, None, "small", "medium"]
    with pytest.raises(sdgen.SdgenError, match="not nullable"):
        made("number", nullable=False)


def test_other_types_than_texts() -> None:
    assert made("number % 2", [10, 20], rows=3).to_pylist() == [20, 10, 20]
    found = made("number % 2", ["2026-01-01", "2027-01-01"], "date", 2)
    assert [str(each) for each in found.to_pylist()] == ["2027-01-01", "2026-01-01"]


@pytest.mark.parametrize(
    ("sql", "values", "said"),
    [
        ("number / 2.0", SIZES, "not a whole number"),
        ("random()", SIZES, "random"),
        ("number %", SIZES, "can't be read"),
        ("number", ["a", "b", "a"], "a value is listed twice"),
    ],
)
def test_what_lookups_can_not_be(sql: str, values: list[Any], said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        made(sql, values)


@pytest.mark.parametrize("values", [["a", None, "b"], [1, "1"], ["a", "a"]])
def test_values_of_a_lookup_have_one_place_each(values: list[Any]) -> None:
    assert faulty("lookup", {"values": values, "sql": "1"}, "text") == ["values"]
