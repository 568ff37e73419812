"""array, map, struct and json: their elements are random access, their inner generators checked in place."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sdgen.errors import ScenarioError
from sdgen.generators.base import Dependency
from sdgen.generators.column_batch import ColumnBatch
from sdgen.generators.registry import make
from sdgen.planning.compile import compile_plan
from sdgen.scenario.model import Column, Entity, GeneratorSpec, Scenario
from sdgen.scenario.request import PlanRequest
from sdgen.scenario.types import parse_type
from tests.generators.fake import FakeRows, facts, fill

DIE = {"generator": "uniform_int", "params": {"min": 1, "max": 6}}
CODE = {"generator": "pattern", "params": {"regex": "[a-z]{2}"}}
SLOW = settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])

ARRAY = ("array", {"items": DIE, "min": 1, "max": 4}, "array<tinyint>")
SET = ("array", {"items": DIE, "min": 2, "max": 6, "unique": True}, "array<int>")
MAP = ("map", {"keys": CODE, "values": DIE, "min": 1, "max": 3}, "map<string, decimal(4,1)>")
STRUCT = ("struct", {"fields": {"size": DIE, "code": CODE}}, "struct<code: string, size: smallint>")
DEEP = ("array", {"items": {"generator": "struct", "params": {"fields": {
    "codes": {"generator": "array", "params": {"items": CODE}}, "size": DIE}}}}, "")  # fmt: skip
JSON = ("json", {"fields": {"size": DIE, "codes": {"generator": "array", "params": {"items": CODE}}}}, "")
ALL: list[tuple[str, dict[str, Any], str]] = [ARRAY, SET, MAP, STRUCT, DEEP, JSON]


@pytest.mark.parametrize(("name", "params", "type"), ALL)
@SLOW
@given(numbers=st.lists(st.integers(0, 1 << 40), min_size=1, max_size=30))
def test_any_order_and_split_gives_the_same(name: str, params: dict[str, Any], type: str, numbers: list[int]) -> None:
    whole = fill(name, params, numbers, type)
    whole.validate(full=True)
    assert whole.to_pylist() == [fill(name, params, [number], type).to_pylist()[0] for number in numbers]


@pytest.mark.parametrize(("name", "params", "type"), ALL)
def test_no_rows_and_pickling(name: str, params: dict[str, Any], type: str) -> None:
    assert fill(name, params, 0, type).to_pylist() == []
    generator = make(name, params)
    again = pickle.loads(pickle.dumps(generator))
    cells = ColumnBatch(FakeRows(np.arange(5)), facts(generator, type))
    assert again.values(cells).equals(generator.values(cells))


def test_lengths_and_values_fill_their_ranges() -> None:
    made = fill(*ARRAY[:2], 2000, ARRAY[2])
    assert made.type == pa.list_(pa.int8())
    lists = made.to_pylist()
    assert {len(found) for found in lists} == {1, 2, 3, 4}
    assert {value for found in lists for value in found} == set(range(1, 7))
    assert len({found[0] == found[-1] for found in lists if len(found) > 1}) == 2


def test_distinct_elements() -> None:
    lists = fill(*SET[:2], 2000, SET[2]).to_pylist()
    assert all(len(set(found)) == len(found) for found in lists)
    assert {len(found) for found in lists} == {2, 3, 4, 5, 6}
    for place in (0, 1):  # each place takes each value about equally often
        counts = np.bincount([found[place] for found in lists], minlength=7)[1:]
        assert counts.min() > 250
        assert counts.max() < 420


def test_map_keys_are_distinct_within_a_row() -> None:
    params = {"keys": DIE, "values": CODE, "min": 6, "max": 6}
    for found in fill("map", params, 200, "map<int, text>").to_pylist():
        assert sorted(key for key, _ in found) == [1, 2, 3, 4, 5, 6]


def test_struct_fields_follow_the_type() -> None:
    made = fill(*STRUCT[:2], 20, STRUCT[2])
    assert made.type == parse_type(STRUCT[2]).arrow
    assert all(1 <= one["size"] <= 6 and len(one["code"]) == 2 for one in made.to_pylist())


def test_natural_types() -> None:
    assert str(make(*DEEP[:2]).natural()) == "array<struct<codes: array<string>, size: bigint>>"
    assert str(make("map", {"keys": CODE, "values": {**DIE, "type": "tinyint"}}).natural()) == "map<string, tinyint>"
    assert str(make("json", JSON[1]).natural()) == "json"


def test_documents_are_json() -> None:
    for text in fill(*JSON[:2], 100).to_pylist():
        document = json.loads(text)
        assert list(document) == ["size", "codes"]
        assert 1 <= document["size"] <= 6
        assert all(isinstance(code, str) for code in document["codes"])


def test_constant_documents() -> None:
    value = {"a": [1, None, "ü"], "b": {}}
    assert fill("json", {"value": value}, 2).to_pylist() == ['{"a":[1,null,"ü"],"b":{}}'] * 2
    assert fill("json", {"value": None}, 1).to_pylist() == ["null"]


def test_documents_inside_documents_are_not_quoted_twice() -> None:
    inner = {"generator": "json", "params": {"fields": {"size": DIE}}}
    (text,) = fill("json", {"fields": {"in": inner}}, 1).to_pylist()
    assert isinstance(json.loads(text)["in"]["size"], int)


def test_fields_may_use_columns_and_parents() -> None:
    params = {
        "fields": {
            "label": {"generator": "template", "params": {"template": "{name}-{boss_id.name}"}},
            "double": {"generator": "expression", "params": {"sql": "people.size * 2"}},
        }
    }
    names = {"name": pa.array(["a", "b", "c"]), "size": pa.array([1, 2, 3])}
    rows = FakeRows(np.array([2, 0]), names, {"boss_id": FakeRows(np.array([1, 1]), names)})
    for kind in ("struct", "json"):
        generator = make(kind, params).resolved({"boss_id": "people"})
        assert set(generator.needs()) == {
            Dependency("name"),
            Dependency("name", "boss_id"),
            Dependency("size", "boss_id"),
        }
        types = {need: parse_type("int" if need.column == "size" else "text") for need in generator.needs()}
        natural = generator.natural_for(types)
        made = generator.values(ColumnBatch(rows, facts(generator, str(natural)))).to_pylist()
        found = [json.loads(one) for one in made] if kind == "json" else made
        assert found == [{"label": "c-b", "double": 4}, {"label": "a-b", "double": 4}]


def where(name: str, params: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(ValidationError) as caught:
        make(name, params)
    error = caught.value.errors()[0]
    return ".".join(map(str, error["loc"])), error["msg"]


def test_mistakes_inside_are_told_at_their_place() -> None:
    place, what = where("array", {"items": "unifrm_int"})
    assert place == "items.generator"
    assert "unknown generator 'unifrm_int'; did you mean 'uniform_int'?" in what
    assert where("array", {"items": {**DIE, "params": {"min": "x", "max": 1}}})[0] == "items.params.min"
    place, what = where("array", {"items": {**DIE, "params": {"min": 1, "max": 2, "maxx": 1}}})
    assert place == "items.params.maxx"
    assert what == "uniform_int has no param 'maxx'; did you mean 'max'?"
    assert where("array", {"items": "pattern"}) == ("items.params.regex", "pattern needs the param 'regex'")
    assert where("struct", {"fields": {"a": {**DIE, "type": "intt"}}})[0] == "fields.a.type"
    deep = {"generator": "array", "params": {"items": {"generator": "nothing"}}}
    assert where("struct", {"fields": {"a": deep}})[0] == "fields.a.params.items.generator"
    assert where("map", {"keys": CODE, "values": "nothing"})[0] == "values.generator"
    assert "either fields or a value" in where("json", {})[1]


@pytest.mark.parametrize(
    ("name", "params", "type", "param", "words"),
    [
        ("array", {"items": DIE, "min": 3, "max": 2}, "", "min", "more than max"),
        ("array", {"items": {**CODE, "params": {"regex": "a^"}}}, "", "items.params.regex", "an anchor"),
        ("array", {"items": CODE}, "array<int>", "items", "can't make values of type int"),
        ("array", {"items": CODE}, "array<string(1)>", "items.params.regex", "up to 2 characters"),
        ("array", {"items": DIE, "unique": True, "max": 7}, "", "max", "has only 6"),
        ("map", {"keys": {"generator": "pattern", "params": {"regex": "a?a?"}}, "values": DIE}, "", "keys", "promise"),
        ("map", {"keys": CODE, "values": DIE, "max": 101}, "", "max", "at most 100"),
        ("map", {"keys": DIE, "values": DIE, "max": 9}, "", "max", "has only 6"),
        ("struct", {"fields": {}}, "struct<a: int>", "fields", "at least one field"),
        ("struct", {"fields": {"b": DIE}}, "struct<a: int>", "fields", "the field 'a'"),
        ("struct", {"fields": {"a": DIE, "b": DIE}}, "struct<a: int>", "fields.b", "has no field 'b'"),
        ("struct", {"fields": {"a": CODE}}, "struct<a: int>", "fields.a", "can't make values of type int"),
        (
            "array",
            {"items": {"generator": "template", "params": {"template": "{x}"}}},
            "",
            "items",
            "no columns beside",
        ),
        ("json", {"fields": {"a": {**CODE, "params": {"regex": "("}}}}, "", "fields.a.params.regex", "never closed"),
    ],
)
def test_faults(name: str, params: dict[str, Any], type: str, param: str, words: str) -> None:
    generator = make(name, params)
    found = list(generator.faults(facts(generator, type)))
    assert any(fault.param == param and words in fault.what for fault in found), found


def test_types_inside_are_checked() -> None:
    inner = {"generator": "expression", "params": {"sql": "upper(size, 1)"}}
    generator = make("json", {"fields": {"a": inner}})
    (fault,) = generator.check_types({Dependency("size"): parse_type("int")})
    assert fault.param == "fields.a.params.sql"


def test_good_params_have_no_faults() -> None:
    for name, params, type in ALL:
        generator = make(name, params)
        assert list(generator.faults(facts(generator, type))) == []


def _arrays(*most: int) -> dict[str, Any]:
    """The params of arrays in arrays, the innermost last."""
    inner: Any = DIE
    for count in reversed(most[1:]):
        inner = {"generator": "array", "params": {"items": inner, "max": count}}
    return {"items": inner, "max": most[0]}


def test_elements_of_nested_arrays_multiply() -> None:
    deep = make("array", _arrays(10_000, 10_000))
    (found,) = deep.faults(facts(deep, ""))
    assert "100,000,000 elements" in found.what
    assert found.param == "max"
    thrice = make("array", _arrays(100, 100, 100))
    assert ["1,000,000 elements" in each.what for each in thrice.faults(facts(thrice, ""))] == [True]
    wide = make("json", {"fields": {f"f{n}": {"generator": "array", "params": _arrays(10_000)} for n in range(3)}})
    assert ["30,000 elements" in each.what for each in wide.faults(facts(wide, ""))] == [True]
    chosen = make("mixture", {"parts": [{"generator": "array", "params": _arrays(200, 200), "weight": 1}]})
    assert any("40,000 elements" in each.what for each in chosen.faults(facts(chosen, "array<array<tinyint>>")))
    for fine in (_arrays(10_000), _arrays(100, 200)):
        assert not list(make("array", fine).faults(facts(make("array", fine), "")))


def test_keys_without_a_finite_set_of_values_are_told_before_a_run() -> None:
    params = {"keys": {"generator": "text.sentence"}, "values": {"generator": "boolean"}}
    column = Column(type="map<text, bool>", generator=GeneratorSpec(type="map", params=params))
    scenario = Scenario(name="s", entities={"t": Entity(columns={"a": column})})
    with pytest.raises(ScenarioError, match="can't promise distinct values"):
        compile_plan(scenario, PlanRequest(seed=1))
