"""A scenario → a native file → the same scenario."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.errors import Problem
from sdgen.readers.native.write import WIDTH, scenario_text
from sdgen.readers.sources import examples, read_source, read_text_as_scenario
from sdgen.readers.sql.ddl import read_ddl
from sdgen.readers.sql.scenario import relational_scenario
from sdgen.scenario.identity import canonical
from sdgen.scenario.model import Column, Entity, GeneratorSpec, RowCount, Scenario
from sdgen.scenario.problems import Origin

FOLDER = Path(__file__).parent / "ddl"


def again(scenario: Scenario) -> Scenario:
    return read_text_as_scenario(scenario_text(scenario), "again.yaml")


@pytest.mark.parametrize("name", examples())
def test_examples_keep_their_form(name: str) -> None:
    scenario = read_source(name)
    assert canonical(again(scenario)) == canonical(scenario)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.sql")), ids=lambda path: path.name)
def test_imported_schemas_keep_their_form(path: Path) -> None:
    scenario = relational_scenario(read_ddl(path.read_text("utf-8"), path.name))
    assert canonical(again(scenario)) == canonical(scenario)


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | st.sampled_from(
    [
        "true",
        "null",
        "~",
        "No",
        "1.5",
        "0x1f",
        "1e3",
        "a: b",
        "a #b",
        "- a",
        "{a}",
        "[a]",
        "'",
        '"',
        "\\",
        "\t",
        "\n",
        " a ",
    ]
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@given(texts, texts, texts, st.dictionaries(texts, values, max_size=3), texts)
def test_any_names_and_values_keep_their_form(
    name: str, entity: str, column: str, params: dict[str, object], description: str
) -> None:
    spec = GeneratorSpec(type="const", params=params)
    made = Column(type="text", generator=spec, description=description, nullable=True, null_rate=0.25)
    scenario = Scenario(
        name=name,
        presets={"p": spec},
        entities={entity: Entity(columns={column: made}, rows=RowCount(per="x", mean=2.5), unique=((column, column),))},
    )
    assert canonical(again(scenario)) == canonical(scenario)


def test_it_reads_well() -> None:
    ddl = "CREATE TABLE a (id int PRIMARY KEY, name text, b_id int NOT NULL REFERENCES b); CREATE TABLE b (id int PRIMARY KEY);"
    assert scenario_text(relational_scenario(read_ddl(ddl, "shop.sql", "postgres"), 1000)) == (
        "name: shop\n"
        "entities:\n"
        "  a:\n"
        "    rows: 1000\n"
        "    columns:\n"
        "      id: {type: int, primary_key: true, generator: sequence}\n"
        "      name: {type: text, nullable: true, null_rate: 0.0}\n"
        "      b_id: {type: int, generator: fk, params: {entity: b, column: id, distribution: zipf, exponent: 0.6}}\n"
        "\n"
        "  b:\n"
        "    rows: 1000\n"
        "    columns:\n"
        "      id: {type: int, primary_key: true, generator: sequence}\n"
    )


def test_notes_stand_as_comments_at_their_places() -> None:
    plain = Scenario(name="s", entities={"t": Entity(columns={"a": Column(type="int")})})
    notes = [
        Problem((), "2 views left out", "", "x.sql", 4, 1),
        Problem(("entities", "t", "columns", "a"), "guessed\nfrom\x1b nothing", "look", "x.sql", 7, 1),
        Problem(("entities", "t", "columns", "gone"), "word " * 60),
    ]
    text = scenario_text(plain.read_from(Origin("x.sql"), notes))
    lines = text.splitlines()
    assert lines[0] == "# 2 views left out (line 4)"
    assert lines[lines.index("      a: int") - 1].strip() == "# guessed from\\x1b nothing; look (line 7)"
    assert any(line.strip().startswith("# gone: word word") for line in lines)
    assert max(map(len, lines)) <= WIDTH
    assert canonical(read_text_as_scenario(text, "x.yaml")) == canonical(plain)
