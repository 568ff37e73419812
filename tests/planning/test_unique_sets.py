"""Sets of columns that are unique together: by permutation, in constant memory, up to the whole domain."""

from __future__ import annotations

from typing import Any

import pytest

import sdgen

NUMBER = {"generator": "uniform_int", "params": {"min": 1, "max": 12}}
LETTER = {"generator": "choice", "params": {"values": list("abcdefgh"), "weights": [9, 1, 1, 1, 1, 1, 1, 1]}}
PARENTS = {"rows": 12, "columns": {"id": {"generator": "uuid4", "primary_key": True}}}


def tuples(entity: dict[str, Any], columns: list[str], **request: Any) -> list[tuple[Any, ...]]:
    scenario = {"name": "sets", "seed": 3, "entities": {"parents": PARENTS, "others": PARENTS, "it": entity}}
    rows = sdgen.generate(scenario, **request)["it"].select(columns).to_pylist()
    return [tuple(row.values()) for row in rows]


def fk(entity: str, **params: Any) -> dict[str, Any]:
    return {"generator": "fk", "params": {"entity": entity, "column": "id", **params}}


@pytest.mark.parametrize("rows", [1, 50, 96])
def test_a_pair_of_domains_up_to_every_pair(rows: int) -> None:
    found = tuples({"rows": rows, "columns": {"n": NUMBER, "l": LETTER}, "unique": [["n", "l"]]}, ["n", "l"])
    assert len(set(found)) == rows


@pytest.mark.parametrize("rows", [40, 144])
def test_a_junction_table_has_distinct_pairs(rows: int) -> None:
    columns = {"a": {**fk("parents"), "primary_key": True}, "b": {**fk("others"), "primary_key": True}}
    assert len(set(tuples({"rows": rows, "columns": columns}, ["a", "b"]))) == rows


def test_a_third_column_keeps_its_weights_where_two_suffice() -> None:
    columns = {"a": fk("parents"), "b": fk("others"), "l": LETTER}
    found = tuples({"rows": 100, "columns": columns, "unique": [["a", "b", "l"]]}, ["a", "b", "l"])
    assert len(set(found)) == 100
    assert sum(letter == "a" for *_, letter in found) > 40


def test_among_the_children_of_each_parent() -> None:
    columns = {"p": fk("parents"), "n": NUMBER}
    rows = {"per": "parents", "min": 5, "max": 12}
    found = tuples({"rows": rows, "columns": columns, "unique": [["p", "n"]]}, ["p", "n"])
    assert len(set(found)) == len(found) > 60


def test_an_expression_stands_for_the_column_it_shifts() -> None:
    columns = {
        "p": fk("parents"),
        "n": {**NUMBER, "hidden": True},
        "e": {"type": "bigint", "generator": "expression", "params": {"sql": "100 + n"}},
    }
    rows = {"per": "parents", "count": 12}
    found = tuples({"rows": rows, "columns": columns, "unique": [["p", "e"]]}, ["p", "e"])
    assert len(set(found)) == len(found) == 144


def test_a_place_among_siblings_is_unique_with_the_parent() -> None:
    columns = {
        "p": {**fk("parents"), "primary_key": True},
        "n": {"generator": "sequence", "params": {"per": "p"}, "primary_key": True},
    }
    found = tuples({"rows": {"per": "parents", "mean": 4}, "columns": columns}, ["p", "n"])
    assert len(set(found)) == len(found)


def test_a_set_too_small_is_refused_with_its_numbers() -> None:
    with pytest.raises(sdgen.ScenarioError, match=r"\(n, l\) can't be made unique over 97 rows \(n: 12, l: 8\)"):
        tuples({"rows": 97, "columns": {"n": NUMBER, "l": LETTER}, "unique": [["n", "l"]]}, ["n", "l"])


def test_fixed_rows_and_generated_ones_differ_in_a_unique_column() -> None:
    column = {"generator": "uniform_int", "params": {"min": 1, "max": 30}, "unique": True}
    rows = {"count": 30, "fixed": [{"n": 30}, {"n": 1}, {"n": 17}]}
    found = tuples({"rows": rows, "columns": {"n": column}}, ["n"])
    assert found[:3] == [(30,), (1,), (17,)]
    assert len(set(found)) == 30


def one_each(**column: Any) -> dict[str, Any]:
    return {"rows": {"per": "parents", "count": 1}, "columns": {"p": {**fk("parents"), "unique": True, **column}}}


@pytest.mark.parametrize("rows", [0, 5, 12])
def test_one_row_for_each_parent_stays_one_under_another_count(rows: int) -> None:
    found = tuples(one_each(), ["p"], rows={"it": rows})
    assert len(set(found)) == len(found) == rows


def test_more_rows_than_parents_that_have_one_each_are_refused() -> None:
    with pytest.raises(sdgen.ScenarioError, match="13 rows, but at most one for each of 12 parents"):
        tuples(one_each(), ["p"], rows={"it": 13})


def test_a_unique_link_to_the_own_entity_is_not_promised() -> None:
    columns = {"id": {"generator": "sequence", "primary_key": True}, "boss": {**fk("it"), "unique": True}}
    with pytest.raises(sdgen.ScenarioError, match="fk can't promise distinct values"):
        tuples({"rows": 40, "columns": columns}, ["boss"])


def test_names_without_a_domain_to_share_are_drawn_without_repeats() -> None:
    columns = {"p": fk("parents"), "name": {"generator": "company.name"}}
    rows = tuples({"rows": 3000, "columns": columns, "unique": [["p", "name"]]}, ["p", "name"])
    assert len({name for _, name in rows}) == 3000


def test_lists_of_places_and_names_take_part_in_sets() -> None:
    columns = {"country": {"generator": "address.country_code", "params": {"country": "world"}}, "n": NUMBER}
    found = tuples({"rows": 1500, "columns": columns, "unique": [["country", "n"]]}, ["country", "n"])
    assert len(set(found)) == 1500
    columns = {"p": fk("parents"), "c": {"generator": "finance.currency_code"}, "f": {"generator": "person.first_name"}}
    found = tuples({"rows": 2000, "columns": columns, "unique": [["p", "c", "f"]]}, ["p", "c", "f"])
    assert len(set(found)) == 2000
