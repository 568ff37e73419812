"""Dirt in runs: it is where the table of mistakes says, and nowhere else; in all targets, for any split."""

from __future__ import annotations

import copy
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import yaml

import sdgen
from sdgen.engine import batch
from sdgen.errors import ScenarioError
from sdgen.execution.digest import digest
from sdgen.planning.compile import compile_plan
from sdgen.readers.native.write import scenario_text
from sdgen.web import browse

CLINIC: dict[str, Any] = {
    "name": "clinic",
    "seed": 12,
    "as_of": "2026-01-01T00:00:00Z",
    "locale": "de",
    "entities": {
        "patients": {
            "rows": 2500,
            "columns": {
                "id": {"generator": "sequence", "primary_key": True},
                "given": {"generator": "person.first_name"},
                "family": {"type": "string(12)", "generator": "person.last_name"},
                "town": {"generator": "address.city", "nullable": True, "null_rate": 0.1},
                "label": {"type": "text", "generator": "expression", "params": {"sql": "family || '/' || town"}},
                "ward": {"generator": "choice", "params": {"values": ["A", "B", "C"]}},
            },
            "dirt": {
                "missing": {"ward": 0.02, "given": 0.013},
                "typo": {"family": 0.05, "given": 0.01},
                "encoding": {"town": 0.02},
                "swapped": [{"columns": ["given", "family"], "rate": 0.02}],
                "duplicate": 0.03,
                "constraints": False,
            },
        },
        "stays": {
            "rows": {"per": "patients", "min": 0, "max": 4},
            "columns": {
                "code": {"generator": "uuid4", "primary_key": True},
                "patient_id": {"references": "patients.id"},
                "family": {"generator": "parent", "params": {"column": "patient_id.family"}},
                "begun": {"type": "timestamp", "generator": "datetime", "params": {"start": "-2y"}},
                "cost": {"type": "decimal(8,2)", "generator": "lognormal", "params": {"median": 400}},
            },
            "dirt": {
                "broken_link": {"patient_id": 0.01},
                "outlier": {"cost": 0.01},
                "late": {"begun": 0.05},
                "constraints": False,
            },
        },
    },
}
RATES = {
    ("patients", "ward", "missing"): 0.02,
    ("patients", "given", "missing"): 0.013,
    ("patients", "family", "typo"): 0.05,
    ("patients", "given", "typo"): 0.01,
    ("patients", "town", "encoding"): 0.02,
    ("patients", "given", "swapped"): 0.02,
    ("patients", "family", "swapped"): 0.02,
    ("patients", None, "duplicate"): 0.03,
    ("stays", "patient_id", "broken_link"): 0.01,
    ("stays", "cost", "outlier"): 0.01,
    ("stays", "begun", "late"): 0.05,
}


def changed(entity: str, **dirt: Any) -> dict[str, Any]:
    scenario = copy.deepcopy(CLINIC)
    for each in scenario["entities"].values():
        each.pop("dirt")
    if dirt:
        scenario["entities"][entity]["dirt"] = dirt
    return scenario


@pytest.fixture(scope="module")
def dirty() -> dict[str, pa.Table]:
    return sdgen.generate(CLINIC)


@pytest.fixture(scope="module")
def clean() -> dict[str, pa.Table]:
    return sdgen.generate(changed("patients"))


def test_without_dirt_there_is_no_list_of_it(clean: dict[str, pa.Table]) -> None:
    assert sorted(clean) == ["patients", "stays"]


def test_each_kind_has_exactly_its_share(dirty: dict[str, pa.Table], clean: dict[str, pa.Table]) -> None:
    query = "SELECT table_name, column_name, kind, count(*) FROM listed GROUP BY ALL"
    counts = duckdb.from_arrow(dirty["_dirt"]).query("listed", query).fetchall()
    expected = {key: int(rate * len(clean[key[0]]) + 0.5) for key, rate in RATES.items()}
    assert {row[:3]: row[3] for row in counts} == expected
    assert len(dirty["patients"]) == len(clean["patients"]) + expected["patients", None, "duplicate"]


@pytest.mark.parametrize("entity", ["patients", "stays"])
def test_cells_differ_where_the_list_says_and_nowhere_else(
    entity: str, dirty: dict[str, pa.Table], clean: dict[str, pa.Table]
) -> None:
    """The clean table is that of the same scenario without dirt: computed columns and parents' copies among it."""
    made, was, key = dirty[entity], clean[entity], clean[entity].column_names[0]
    listed = dirty["_dirt"].filter(pc.field("table_name") == entity)
    for name in was.column_names:
        assert_listed(made, was, listed, key, name)


def assert_listed(made: pa.Table, was: pa.Table, listed: pa.Table, key: str, name: str) -> None:
    made = made.slice(0, len(was))
    wrong = duckdb.sql(f"""
        WITH answers AS (SELECT * FROM listed WHERE column_name = '{name}')
        SELECT count(*) FROM made JOIN was USING ({key}) LEFT JOIN answers ON row_key = made.{key}::text
        WHERE CASE WHEN row_key IS NULL THEN made.{name} IS DISTINCT FROM was.{name}
              ELSE made.{name}::text IS DISTINCT FROM dirty OR was.{name}::text IS DISTINCT FROM clean END
    """).fetchall()
    assert wrong == [(0,)], name
    same = duckdb.sql(f"""
        SELECT count(*) FROM listed WHERE column_name = '{name}' AND clean IS NOT DISTINCT FROM dirty
        AND clean IS NOT NULL AND kind <> 'swapped'
    """).fetchall()
    assert same == [(0,)], name


def test_copies_come_last_and_name_their_originals(dirty: dict[str, pa.Table], clean: dict[str, pa.Table]) -> None:
    made, rows = dirty["patients"], len(clean["patients"])
    listed = dirty["_dirt"].filter(pc.field("kind") == "duplicate")
    assert listed["row_index"].to_pylist() == list(range(rows, len(made)))
    originals = listed["dirty"].cast(pa.int64())
    assert len(set(originals.to_pylist())) == len(originals)
    assert made.take(originals).equals(made.slice(rows))


def test_links_lead_to_clean_keys_but_for_the_broken_ones(dirty: dict[str, pa.Table]) -> None:
    stays, listed = dirty["stays"], dirty["_dirt"].filter(pc.field("kind") == "broken_link")
    orphans = stays.filter(~pc.field("patient_id").isin(dirty["patients"]["id"].combine_chunks()))
    codes = [str(code) for code in orphans["code"].to_pylist()]
    assert sorted(codes) == sorted(listed["row_key"].to_pylist())


@pytest.mark.parametrize("entity", ["patients", "stays", "_dirt"])
def test_any_rows_can_be_made_alone(entity: str) -> None:
    plan = compile_plan(sdgen.read(CLINIC))
    rows = plan.entities[entity].rows
    whole = batch(plan, entity, 0, rows)
    whole.validate(full=True)
    for bounds in ([0, rows], [0, 1, 7, rows // 3, rows - 5, rows], [0, rows // 2, rows // 2 + 1, rows]):
        pieces = [batch(plan, entity, *pair) for pair in pairwise(bounds)]
        assert pa.Table.from_batches(pieces).combine_chunks().to_batches() == [whole]
    for row in np.random.default_rng(1).integers(0, rows, 8).tolist():
        assert batch(plan, entity, row, row + 1).to_pylist() == whole.slice(row, 1).to_pylist()


def test_pages_show_what_is_written() -> None:
    plan = compile_plan(sdgen.read(CLINIC))
    for name, entity in plan.entities.items():
        numbers = np.arange(min(entity.clean_rows, 900))
        assert browse.rows_at(plan, entity, numbers).equals(batch(plan, name, 0, len(numbers)))
        assert len(browse.references(plan, entity, numbers)) == len(browse.key_columns(entity))
        assert browse.select(plan, name, browse.Query(limit=5)).span.stop == entity.clean_rows


def test_runs_commit_as_they_go_and_are_resumed(tmp_path: Path, dirty: dict[str, pa.Table]) -> None:
    result = sdgen.write(CLINIC, tmp_path / "x.sqlite", commit_every=1000, batch_size=300)
    own = {name: digest(table.combine_chunks().to_batches()) for name, table in dirty.items()}
    assert {each.entity: each.digest for each in result.entities} == own
    again = sdgen.write(CLINIC, tmp_path / "x.sqlite", mode="truncate", commit_every=1000, resume=True)
    assert {each.entity: each.digest for each in again.entities} == own


def test_targets_and_workers_make_no_difference(tmp_path: Path, dirty: dict[str, pa.Table]) -> None:
    own = {name: digest(table.combine_chunks().to_batches()) for name, table in dirty.items()}
    for name, workers in (("a.duckdb", 1), ("b.sqlite", 2), ("csv/", 3)):
        result = sdgen.write(CLINIC, tmp_path / name if name[-1] != "/" else f"{tmp_path}/csv/", workers=workers)
        assert {each.entity: each.digest for each in result.entities} == own
    assert (tmp_path / "csv" / "_dirt.csv").exists()
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        kinds = connection.sql("SELECT table_name, constraint_type FROM duckdb_constraints()").fetchall()
    assert ("stays", "PRIMARY KEY") in kinds
    assert ("patients", "PRIMARY KEY") not in kinds
    assert "FOREIGN KEY" not in {kind for _, kind in kinds}


def test_only_some_tables(tmp_path: Path) -> None:
    tables = sdgen.write(CLINIC, tmp_path / "x.duckdb", only=["stays"]).entities
    assert [each.entity for each in tables] == ["stays", "_dirt"]
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
        assert connection.sql("SELECT DISTINCT table_name FROM _dirt").fetchall() == [("stays",)]


def test_the_list_can_be_left_out() -> None:
    assert sorted(sdgen.generate(changed("stays", late={"begun": 0.1}, answer_key=False))) == ["patients", "stays"]


BROKEN = [
    ("patients", {"duplicate": 0.01}, "break the primary key of patients"),
    ("patients", {"missing": {"family": 0.1}}, "family is declared never to be null"),
    ("patients", {"typo": {"given": 0.1}}, "breaks UNIQUE (given)"),
    ("stays", {"broken_link": {"patient_id": 0.1}}, "breaks the foreign key stays (patient_id)"),
]


@pytest.mark.parametrize(("entity", "dirt", "what"), BROKEN)
def test_databases_refuse_dirt_that_breaks_their_constraints(
    entity: str, dirt: dict[str, Any], what: str, tmp_path: Path
) -> None:
    scenario = changed(entity, **dirt)
    scenario["entities"]["patients"]["columns"]["family"]["nullable"] = False
    scenario["entities"]["patients"]["columns"]["given"] |= {"generator": "person.email", "unique": True}
    with pytest.raises(ScenarioError) as caught:
        sdgen.write(scenario, tmp_path / "x.duckdb")
    assert any(what in problem.what for problem in caught.value.problems)
    assert "constraints: false" in caught.value.problems[0].hint
    sdgen.write(scenario, f"{tmp_path}/files/")
    scenario["entities"][entity]["dirt"]["constraints"] = False
    sdgen.write(scenario, tmp_path / "x.duckdb")


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"missing": {"nme": 0.1}}, "no column 'nme'"),
    ({"typo": {"id": 0.1}}, "id is of the primary key"),
    ({"typo": {"cost": 0.1}}, "typo is of texts"),
    ({"late": {"ward": 0.1}}, "late is of dates and moments"),
    ({"outlier": {"ward": 0.1}}, "outlier is of numbers"),
    ({"broken_link": {"ward": 0.1}}, "ward is no foreign key"),
    ({"swapped": [{"columns": ["given", "born"], "rate": 0.1}]}, "given and born are"),
    ({"missing": {"ward": 0.6}, "typo": {"ward": 0.6}}, "a row has one at most"),
]


@pytest.mark.parametrize(("dirt", "what"), IMPOSSIBLE)
def test_what_cannot_be_dirty(dirt: dict[str, Any], what: str) -> None:
    scenario = changed("patients", **dirt)
    columns = scenario["entities"]["patients"]["columns"]
    columns |= {"cost": {"type": "int", "generator": "sequence"}, "born": {"generator": "date"}}
    assert any(what in f"{problem.what} {problem.hint}" for problem in sdgen.check(scenario))


def test_no_other_table_is_called_as_the_list() -> None:
    scenario = changed("stays", late={"begun": 0.1})
    scenario["entities"]["patients"]["target_table"] = "_dirt"
    (problem,) = sdgen.check(scenario)
    assert problem.what == "_dirt is the table that lists mistakes"
    scenario["entities"]["stays"]["dirt"]["answer_key"] = False
    assert not sdgen.check(scenario)


def test_a_key_that_ends_with_its_rows_has_no_broken_links() -> None:
    scenario = changed("stays", broken_link={"patient_id": 0.1})
    scenario["entities"]["patients"]["columns"]["id"]["params"] = {"shuffled": True}
    (problem,) = sdgen.check(scenario)
    assert problem.what == "patients.id has no keys beyond those of its rows"


def test_rows_are_not_added_to_a_table_with_dirt(tmp_path: Path) -> None:
    scenario = changed("stays", late={"begun": 0.1})
    sdgen.write(scenario, tmp_path / "x.duckdb")
    with pytest.raises(ScenarioError, match="can't be added to a table with dirt"):
        sdgen.write(scenario, tmp_path / "x.duckdb", mode="append_only")


def test_verify_knows_of_dirt(tmp_path: Path) -> None:
    for place in (f"{tmp_path}/x.duckdb", f"{tmp_path}/files/"):
        sdgen.write(CLINIC, place)
        report = sdgen.verify(CLINIC, place)
        found = {(each.entity, each.columns, each.check): str(each.status) for each in report.findings}
        assert not {"broken", "warning"} & set(found.values())
        assert found["stays", ("patient_id",), "foreign key"] == "skipped"
        assert found["stays", (), "same rows"] == "ok"
    with duckdb.connect(f"{tmp_path}/x.duckdb") as connection:
        connection.execute("UPDATE stays SET cost = cost + 1")
        connection.execute("UPDATE patients SET ward = 'Z' WHERE id = 7; UPDATE patients SET id = -7 WHERE id = 9")
    report = sdgen.verify(CLINIC, f"{tmp_path}/x.duckdb")
    broken = {(each.entity, each.columns, each.check) for each in report.findings if each.status == "broken"}
    assert ("patients", ("id",), "range") in broken  # which no dirt explains
    assert "warning" in {str(each.status) for each in report.findings if each.check == "same rows"}


def test_a_scenario_with_dirt_can_be_written_and_read() -> None:
    scenario = sdgen.read(CLINIC)
    text = scenario_text(scenario)
    assert "dirt:" in text
    assert compile_plan(sdgen.read(yaml.safe_load(text))).identity == compile_plan(scenario).identity
