"""dbt's models and sources → scenarios on which their tests pass."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sdgen
from sdgen.errors import SdgenError, SourceError
from sdgen.readers.base import ReadOptions, Source
from sdgen.readers.formats import format_of
from sdgen.readers.sources import read_as, read_source
from sdgen.scenario.model import Scenario

SCHOOL = Path(__file__).parent / "dbt" / "school.yml"


def of(tmp_path: Path, text: str) -> Scenario:
    path = tmp_path / "models.yml"
    path.write_text(dedent(text))
    return read_source(path)


def test_tests_pass_on_the_rows() -> None:
    rows = sdgen.generate(read_source(SCHOOL, ReadOptions(rows=300)), seed=3)
    pupils, courses, marks = (rows[name].to_pylist() for name in ("pupils", "courses", "marks"))
    ids = {pupil["pupil_id"] for pupil in pupils}
    assert len(ids) == 300
    emails = [pupil["email"] for pupil in pupils if pupil["email"] is not None]
    assert len(set(emails)) == len(emails)
    assert {pupil["year"] for pupil in pupils} - {None} == set(range(1, 13))
    assert {pupil["buddy_id"] for pupil in pupils} - {None} <= ids
    assert all(re.fullmatch("[A-Z]{3}-[0-9]{3}", course["code"]) for course in courses)
    assert {mark["pupil_id"] for mark in marks} <= ids
    assert {mark["course"] for mark in marks} <= {course["code"] for course in courses}
    assert {mark["term"] for mark in marks} == {1, 2, 3}
    assert len({(mark["pupil_id"], mark["course"], mark["term"]) for mark in marks}) == 300


def test_what_is_not_kept_is_told_with_its_line() -> None:
    lines = SCHOOL.read_text().splitlines()
    notes = {note.what: lines[note.line - 1] for note in read_source(SCHOOL).notes}
    assert any("teachers is left out" in what and "teachers" in line for what, line in notes.items())
    assert any("is_nice" in what and "is_nice" in line for what, line in notes.items())
    assert any("not only where term > 1" in what for what in notes)


def test_a_project_is_read_whole_and_its_files_refer_to_one_another(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: shop\nversion: '1'\n")
    folder = tmp_path / "models" / "marts"
    folder.mkdir(parents=True)
    (folder / "a.yml").write_text("models: [{name: a, columns: [{name: id, tests: [unique, not_null]}]}]\n")
    text = "models: [{name: b, columns: [{name: key, tests: [unique, not_null, {relationships: {to: ref('a'), field: id}}]}]}]\n"
    (tmp_path / "models" / "b.yaml").write_text(text)
    found = format_of(Source(str(tmp_path)))
    assert found is not None
    assert found.kind == "dbt"
    link = read_source(tmp_path).entities["b"].columns["key"].generator
    assert link is not None
    assert link.params == {"entity": "a", "column": "id", "one_to_one": True}


def test_a_parent_gets_the_column_that_is_referred_to(tmp_path: Path) -> None:
    scenario = of(
        tmp_path,
        """
        models:
          - {name: zones, columns: [{name: label}]}
          - {name: stops, columns: [{name: zone, tests: [{relationships: {to: ref('zones'), field: zone_id}}]}]}
        """,
    )
    assert scenario.entities["zones"].columns["zone_id"].primary_key
    assert any("does not list it" in note.what for note in scenario.notes)


def test_a_cycle_of_links_that_are_never_null_is_opened(tmp_path: Path) -> None:
    def model(name: str, other: str) -> str:
        test = "tests: [not_null, {relationships: {to: ref('" + other + "'), field: id}}]"
        return (
            f"  - {{name: {name}, columns: [{{name: id, tests: [unique, not_null]}}, {{name: {other}_id, {test}}}]}}\n"
        )

    scenario = of(tmp_path, "models:\n" + model("a", "b") + model("b", "a"))
    rows = sdgen.generate(scenario, seed=1)
    assert {row["a_id"] for row in rows["b"].to_pylist()} - {None} <= {row["id"] for row in rows["a"].to_pylist()}
    assert any("is a cycle" in note.what for note in scenario.notes)


def test_no_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.yml"
    path.write_text("models: [{name: a}]\n")
    with pytest.raises(SourceError, match="no model or source has columns"):
        read_as("dbt", str(path))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(line=st.integers(0, 52), text=st.sampled_from(["", "  - x", "tests: 3", "- {a: [1]}", "          - name: 4"]))
def test_mutated_files_are_read_or_refused(line: int, text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    lines = SCHOOL.read_text().splitlines()
    lines[line] = text
    path = tmp_path_factory.mktemp("dbt") / "m.yml"
    path.write_text("\n".join(lines))
    with suppress(SdgenError):
        read_as("dbt", str(path), ReadOptions(rows=5))


def test_foreign_keys_of_whole_models_are_links(tmp_path: Path) -> None:
    text = """
        version: 2
        models:
          - name: payments
            constraints:
              - {type: primary_key, columns: [invoice_id, part]}
              - {type: foreign_key, columns: [invoice_id], to: ref('invoices'), to_columns: [id]}
              - {type: foreign_key, columns: [part, invoice_id], to: ref('invoices'), to_columns: [a, b]}
            columns: [{name: invoice_id, data_type: bigint}, {name: part, data_type: int}]
          - name: invoices
            columns: [{name: id, data_type: bigint, data_tests: [unique, not_null]}]
    """
    scenario = of(tmp_path, text)
    generator = scenario.entities["payments"].columns["invoice_id"].generator
    assert generator is not None
    assert (generator.type, generator.params["entity"]) == ("fk", "invoices")
    assert [note.what for note in scenario.notes] == ["no link of part, invoice_id: one column alone can be one"]
