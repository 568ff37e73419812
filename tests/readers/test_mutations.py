"""Inputs with tokens and lines lost, doubled, exchanged: they are read and planned, or refused in sdgen's own words."""

from __future__ import annotations

import contextlib
import random
import re
import textwrap
from pathlib import Path

import pytest

import sdgen
from sdgen.errors import SdgenError
from sdgen.planning.compile import check_scenario
from sdgen.readers.sources import read_counted
from tests.conftest import FUZZ

HERE = Path(__file__).parent
INPUTS = (
    *(HERE / "ddl" / name for name in ("one_to_one.sql", "odd_names.sql", "garage.mysql.sql", "orders.tsql.sql")),
    HERE / "ddl" / "notes.sqlite.sql",
    HERE / "jafgen" / "library" / "people.yaml",
    HERE / "airbyte" / "library" / "manifest.yaml",
    HERE / "snowfakery" / "clinic.recipe.yml",
    HERE.parents[1] / "examples" / "quickstart.yaml",
)
TOKEN = re.compile(r"\w+|[^\w\s]")
JUNK = ("", "(", ")", ",", ";", "'", '"', ":", "null", "-1", "1e400", "$$", "[", "*a", "é", "NOT NULL")


def mutated(text: str, draw: random.Random) -> str:
    """The text after one to four changes of a token or a line."""
    for _ in range(draw.randint(1, 4)):
        lines, tokens = text.split("\n"), list(TOKEN.finditer(text))
        if not tokens:
            break
        one, other = sorted(draw.choices(tokens, k=2), key=re.Match.start)
        first, second = draw.randrange(len(lines)), draw.randrange(len(lines))
        text = draw.choice(
            (
                "\n".join(lines[:first] + lines[first + 1 :]),
                "\n".join([*lines[:first], lines[second], *lines[first:]]),
                text[: one.start()] + draw.choice(JUNK) + text[one.end() :],
                text[: one.end()] + " " + other[0] + text[one.end() :],
                text[: one.start()]
                + other[0]
                + text[one.end() : max(other.start(), one.end())]
                + text[other.start() :],
                text[: one.start()] if draw.random() < 0.2 else text,
            )
        )
    return text


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.name)
def test_mutated_inputs_are_read_or_refused(tmp_path: Path, path: Path) -> None:
    changed = tmp_path / path.name
    for number in range(4 * FUZZ):
        changed.write_text(mutated(path.read_text("utf-8"), random.Random(f"{path.name} {number}")), "utf-8")
        with contextlib.suppress(SdgenError):
            scenario, _ = read_counted(changed, {"*": 20})
            assert "bug in sdgen" not in str(check_scenario(scenario))


def test_a_value_of_another_type_is_no_crash(tmp_path: Path) -> None:
    text = """
        version: 2
        models:
          - name: bells
            columns:
              - name: id
                data_type: bigint
                tests: [unique, not_null, {accepted_values: {values: [1, "2 3", 4]}}]
    """
    (tmp_path / "bells.yml").write_text(textwrap.dedent(text))
    with contextlib.suppress(SdgenError):
        check_scenario(read_counted(tmp_path / "bells.yml", {"*": 3})[0])


def test_a_column_without_a_name_is_refused() -> None:
    columns = {"": {"generator": "fk", "params": {"entity": "rings", "column": "id"}}}
    rings = {"rows": 3, "columns": {"id": {"generator": "sequence"}}}
    problems = sdgen.check({"name": "x", "entities": {"rings": rings, "tones": {"rows": 3, "columns": columns}}})
    assert [problem.what for problem in problems] == ["a column needs a name"]


def test_a_range_that_ends_at_no_moment_is_told(tmp_path: Path) -> None:
    path = tmp_path / "s.sql"
    path.write_text("CREATE TABLE t (id int PRIMARY KEY, at date NOT NULL CHECK (at < '2024-01- ONLY01'));")
    scenario = read_counted(path, {"*": 20})[0]
    assert any("a text that is none" in str(note) for note in scenario.notes)
