"""Lengths of arrays and maps, pools of few values, and generators of a user's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sdgen.errors import ScenarioError
from sdgen.readers.base import ReadOptions
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_source, read_text_as_scenario
from sdgen.scenario.identity import canonical
from tests.readers.moose.reading import TYPESCRIPT, python_column, read_typescript, rows_of, typescript_column

MODEL = """
export interface Photo {
  photo_id: Key<UInt64>;
  site_id: Int32;
  pose_cluster_8: UInt8;
  /** 1-5 */
  rating: number;
  words: string[];
  weights: number[];
  counts: Record<string, number>;
  mood: string & LowCardinality;
  country: string & LowCardinality;
  updated_at: Date;
  created_at: Date;
}
export const photos = new OlapTable<Photo>("photos", { orderByFields: ["photo_id"],
  engine: ClickHouseEngines.ReplacingMergeTree, ver: "updated_at" });
"""


def test_lists_have_up_to_ten_elements_and_maps_up_to_five(tmp_path: Path) -> None:
    scenario = read_typescript(tmp_path, MODEL, rows=400)
    rows: list[dict[str, Any]] = rows_of(scenario, "Photo", 400)
    for name in ("words", "weights"):
        assert {len(row[name]) for row in rows} == set(range(11))
    assert {len(row["counts"]) for row in rows} == set(range(6))
    again = read_text_as_scenario(scenario_text(scenario), "again.yaml")
    assert canonical(again) == canonical(scenario)
    assert rows_of(again, "Photo", 400) == rows


def test_texts_of_low_cardinality_are_few(tmp_path: Path) -> None:
    rows = rows_of(read_typescript(tmp_path, MODEL, rows=2000), "Photo", 2000)
    moods = [row["mood"] for row in rows]
    counts = sorted((moods.count(mood) for mood in set(moods)), reverse=True)
    assert 5 <= len(counts) <= 100
    assert counts[0] > 5 * counts[-1]
    assert len({row["country"] for row in rows}) <= 250  # names that rules know have pools of their own


def given(folder: Path, rules: str) -> list[dict[str, object]]:
    (folder / "models.ts").write_text(TYPESCRIPT + MODEL)
    (folder / "rules.yaml").write_text(rules)
    options = ReadOptions(rows=60, rules=str(folder / "rules.yaml"))
    return rows_of(read_source(folder / "models.ts", options), "Photo", 60)


def test_what_is_updated_was_created_before(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = rows_of(read_typescript(tmp_path, MODEL, rows=3000), "Photo", 3000)
    assert all(row["created_at"] <= row["updated_at"] for row in rows)
    assert len({str(row["created_at"])[:4] for row in rows}) >= 3


def test_rules_of_a_file_go_before_conventions_comments_and_types(tmp_path: Path) -> None:
    rows = given(
        tmp_path,
        """
        fields: {rating: {generator: const, params: {value: 9}}}
        patterns:
          "*_cluster_*": {generator: uniform_int, params: {min: 100, max: 101}}
          "*_id": {generator: uniform_int, params: {min: 70, max: 79}}
        types:
          "string[]": {generator: array, params: {items: {generator: const, params: {value: x}}, min: 2, max: 2}}
          "LowCardinality(string)": {generator: choice, params: {values: [mine, yours, a, b, c, d]}}
          DateTime: {generator: datetime, params: {start: 2001-01-01, end: 2001-01-02}}
        """,
    )
    assert {row["rating"] for row in rows} == {9}
    assert {row["pose_cluster_8"] for row in rows} == {100, 101}
    assert {row["site_id"] for row in rows} <= set(range(70, 80))
    assert all(row["words"] == ["x", "x"] and row["mood"] in ("mine", "yours", "a", "b", "c", "d") for row in rows)
    assert [row["photo_id"] for row in rows] == list(range(1, 61))  # a key stays one
    assert len({row["updated_at"] for row in rows}) == 60  # a version goes on rising
    assert all(str(row["updated_at"]) > "2002" for row in rows)


def test_a_wrong_file_of_rules_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="no_such_generator"):
        given(tmp_path, "fields: {rating: no_such_generator}")


@pytest.mark.parametrize("type", ['ClickHouseInt<"int32">', 'number & ClickHouseInt<"int32">'])
def test_sizes_of_numbers_stand_alone_too(tmp_path: Path, type: str) -> None:
    assert typescript_column(tmp_path, type).type == "int"


def test_objects_in_documents_are_objects(tmp_path: Path) -> None:
    column = typescript_column(tmp_path, "{ a: string; b: { c: Int8; d?: string } } & ClickHouseJson<16>")
    assert column.target["clickhouse"] == "JSON(max_dynamic_paths=16, a String, b Tuple(c Int8, d Nullable(String)))"


def test_keys_of_low_cardinality_stay_distinct(tmp_path: Path) -> None:
    assert python_column(tmp_path, 'Annotated[Key[str], "LowCardinality"]').generator is None
