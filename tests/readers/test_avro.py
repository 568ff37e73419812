"""Avro schemas → scenarios."""

from __future__ import annotations

import json
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sdgen
from sdgen.errors import SdgenError
from sdgen.readers import avro
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.formats import format_of
from sdgen.readers.sources import read_source
from tests.readers.reading import UNEVEN

PARCEL = Path(__file__).parent / "avro" / "parcel.avsc"
TYPES = {
    "parcel_id": "uuid",
    "weight": "decimal(6,2)",
    "state": "text",
    "sent_at": "timestamptz",
    "day": "date",
    "to": "struct<street: text, floor: int>",
    "back_to": "struct<street: text, floor: int>",
    "marks": "map<text, double>",
    "stops": "array<struct<street: text, floor: int>>",
    "contents": "json",
    "code": "text",
    "speed": "int",
}


def test_types_nulls_and_notes() -> None:
    scenario = read_source(PARCEL)
    (parcel,) = scenario.entities.values()
    assert {name: column.type for name, column in parcel.columns.items()} == TYPES
    assert [name for name, column in parcel.columns.items() if column.nullable] == ["day", "back_to"]
    lines = PARCEL.read_text().splitlines()
    notes = {note.what: lines[note.line - 1] for note in scenario.notes if note.line}
    assert any("refers to itself" in what and "follows" in line for what, line in notes.items())
    assert any("knots" in what and "speed" in line for what, line in notes.items())


def test_all_types_of_a_union_occur() -> None:
    rows = sdgen.generate(read_source(PARCEL, ReadOptions(rows=200)), seed=1)["Parcel"].to_pylist()
    contents = [json.loads(row["contents"]) for row in rows]
    assert {tuple(each) for each in contents} == {("pages",), ("value", "state")}
    assert {row["to"]["floor"] is None for row in rows} == {True, False}
    assert all(len(row["code"]) == 8 for row in rows)


def test_which_files_are_avro(tmp_path: Path) -> None:
    found = format_of(Source(str(PARCEL)))
    assert found is not None
    assert found.kind == "avro"
    other = tmp_path / "parcel.json"
    other.write_text(PARCEL.read_text())
    found = format_of(Source(str(other)))
    assert found is not None
    assert found.kind == "avro"


def test_a_list_of_records_that_refer_to_one_another(tmp_path: Path) -> None:
    keeper = {"type": "record", "name": "Keeper", "fields": [{"name": "id", "type": "long"}]}
    fields = [{"name": "id", "type": "long"}, {"name": "keeper_id", "type": "long"}]
    path = tmp_path / "zoo.avsc"
    path.write_text(json.dumps([keeper, {"type": "record", "name": "Animal", "fields": fields}]))
    scenario = read_source(path)
    assert list(scenario.entities) == ["Keeper", "Animal"]
    link = scenario.entities["Animal"].columns["keeper_id"].generator
    assert link is not None
    assert link.params == {"entity": "Keeper", "column": "id", **UNEVEN}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_mutated_schemas_are_read_or_refused(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    value: Any = deepcopy(json.loads(PARCEL.read_text()))
    inner = data.draw(st.sampled_from([value, *value["fields"]]))
    key = data.draw(st.sampled_from(sorted(inner)))
    inner[key] = data.draw(st.sampled_from([None, [], {}, 3, "x", ["null"], {"type": "map"}, {"type": "record"}]))
    path = tmp_path_factory.mktemp("avro") / "p.avsc"
    path.write_text(json.dumps(value))
    with suppress(SdgenError):
        avro.read(Source(str(path)), ReadOptions(rows=5))
