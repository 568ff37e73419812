"""Prisma schemas → scenarios."""

from __future__ import annotations

import contextlib
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sdgen
from sdgen.errors import SdgenError
from sdgen.readers.base import ReadOptions
from sdgen.readers.prisma.syntax import blocks_of
from sdgen.readers.sources import read_source
from sdgen.scenario.model import Scenario
from tests.readers.reading import UNEVEN, assert_fault

CLINIC = Path(__file__).parent / "prisma" / "clinic.prisma"


@pytest.fixture(scope="module")
def clinic() -> Scenario:
    return read_source(CLINIC, ReadOptions(rows=200))


def of(tmp_path: Path, text: str, provider: str = "postgresql") -> Scenario:
    path = tmp_path / "schema.prisma"
    path.write_text(f'datasource db {{\n  provider = "{provider}"\n}}\n{dedent(text)}')
    return read_source(path)


def test_models_are_tables_by_their_names_in_the_database(clinic: Scenario) -> None:
    assert list(clinic.entities) == ["people", "Badge", "Ward", "Visit", "_PersonToWard"]
    people = clinic.entities["people"]
    assert people.description == "Who works here."
    assert {name: column.type for name, column in people.columns.items()} == {
        "id": "text",
        "email": "string(80)",
        "role": "enum(DOCTOR, nurse)",
        "boss_id": "text",
        "tags": "array<text>",
        "height": "decimal(5,2)",
        "settings": "json",
        "created_at": "timestamptz",
        "updatedAt": "timestamp",
    }
    assert people.columns["settings"].nullable
    assert clinic.entities["Ward"].unique == (("floor", "name"),)


def test_rows_keep_keys_relations_and_the_form_of_ids(clinic: Scenario) -> None:
    rows = sdgen.generate(clinic, seed=2)
    people = rows["people"].to_pylist()
    ids = {person["id"] for person in people}
    assert len(ids) == len(people)
    assert all(len(each) == 25 and each.startswith("c") for each in ids)
    assert {person["boss_id"] for person in people} - {None} <= ids
    assert {badge["personId"] for badge in rows["Badge"].to_pylist()} <= ids
    pairs = [(pair["A"], pair["B"]) for pair in rows["_PersonToWard"].to_pylist()]
    assert len(set(pairs)) == len(pairs)
    assert {pair[0] for pair in pairs} <= ids
    visits = [tuple(visit[name] for name in ("wardId", "personId", "day")) for visit in rows["Visit"].to_pylist()]
    assert len(set(visits)) == len(visits)
    roles = [person["role"] for person in people]
    assert roles.count("nurse") > roles.count("DOCTOR")  # the default is the commonest


def test_a_view_is_left_out_and_told_with_its_line(clinic: Scenario) -> None:
    (note,) = [note for note in clinic.notes if "Busy" in note.what]
    assert CLINIC.read_text().splitlines()[note.line - 1] == "view Busy {"


@pytest.mark.parametrize(
    ("provider", "type"), [("mysql", "string(191)"), ("sqlite", "text"), ("sqlserver", "string(1000)")]
)
def test_types_are_those_of_the_provider(tmp_path: Path, provider: str, type: str) -> None:
    found = of(tmp_path, "model A {\n  id Int @id\n  name String\n  on Boolean\n  at DateTime\n}", provider)
    assert [column.type for column in found.entities["A"].columns.values()][1:] == [type, "bool", "timestamp"]


def test_a_folder_of_parts(tmp_path: Path) -> None:
    folder = tmp_path / "prisma" / "schema"
    folder.mkdir(parents=True)
    (folder / "a.prisma").write_text("model A {\n id Int @id\n bs B[]\n}\n")
    (folder / "b.prisma").write_text(
        "model B {\n id Int @id\n a_id Int\n a A @relation(fields: [a_id], references: [id])\n}\n"
    )
    generator = read_source(tmp_path).entities["B"].columns["a_id"].generator
    assert generator is not None
    assert generator.params == {"entity": "A", "column": "id", **UNEVEN}


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("model A {\n  id Int @id\n", "is never closed", 4),
        ("modle A {\n}", "no block of a Prisma schema", 4),
        ("model A {\n  id Int @id(\n}", "value is expected", 6),
        ("model A {\n  id Int % 3\n}", "not expected", 5),
    ],
)
def test_faults_have_their_line(tmp_path: Path, text: str, what: str, line: int) -> None:
    assert_fault(lambda: of(tmp_path, text), what, line)


@given(cut=st.integers(0, len(CLINIC.read_text())), junk=st.text(max_size=4))
def test_mutated_schemas_are_read_or_refused(cut: int, junk: str) -> None:
    text = CLINIC.read_text()
    with contextlib.suppress(SdgenError):
        blocks_of(text[:cut] + junk + text[cut + len(junk) * 3 :], "x.prisma")
