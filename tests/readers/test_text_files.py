"""Texts of files that a scenario names: read beside it, kept with it, and told where they can't be read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import sdgen
from sdgen.errors import ScenarioError
from sdgen.readers.native.write import scenario_text
from sdgen.readers.sources import read_source, read_text_as_scenario
from sdgen.scenario.identity import config_hash

NOTES = (
    "The pump is loud today. The valve is shut again. Our pump makes a noise and the valve is loud. It is shut today."
)
SCENARIO = """
name: works
seed: 2
presets:
  remark: {generator: text.markov, params: {order: 1, file: notes/pump.txt}}
entities:
  shifts:
    rows: 40
    columns:
      note: {type: text, generator: text.markov, params: {order: 1, min_words: 3, file: notes/pump.txt}}
      remark: {type: text, generator: remark}
      remarks:
        generator: array
        params: {max: 2, items: {generator: text.markov, params: {order: 1, file: notes/pump.txt}}}
"""


@pytest.fixture
def works(tmp_path: Path) -> Path:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "pump.txt").write_text(NOTES, "utf-8")
    (tmp_path / "works.yaml").write_text(SCENARIO, "utf-8")
    return tmp_path / "works.yaml"


def test_texts_are_read_from_beside_the_scenario(works: Path) -> None:
    rows = sdgen.generate(works)["shifts"].to_pylist()
    words = set(NOTES.split())
    made = [text for row in rows for text in (row["note"], row["remark"], *row["remarks"])]
    assert {word for text in made for word in text.split()} <= words
    inline = SCENARIO.replace("file: notes/pump.txt", f"text: '{NOTES}'")
    assert config_hash(read_text_as_scenario(inline, "works.yaml")) == config_hash(read_source(works))


def test_the_text_is_part_of_what_a_run_is_of(works: Path) -> None:
    before, plan = read_source(works), sdgen.plan(works, as_of=datetime(2026, 1, 1, tzinfo=UTC))
    # A stored run holds the text itself, and gives the same rows when the file has changed.
    kept = scenario_text(before)
    (works.parent / "notes" / "pump.txt").write_text(NOTES + " It is loud again.", "utf-8")
    assert config_hash(read_source(works)) != config_hash(before)
    assert sdgen.plan(works, as_of=datetime(2026, 1, 1, tzinfo=UTC)).identity != plan.identity
    assert config_hash(read_text_as_scenario(kept, "works.yaml")) == config_hash(before)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "there is no file notes/pump.txt"),
        (b"", "has no words"),
        (b" \n\n", "has no words"),
        (b"a b. " * 900_000, "more than 4,000,000 characters"),
        (b"\xff\xfea\x00", "UTF-8"),
    ],
)
def test_what_can_not_be_read_is_told_with_its_place(works: Path, content: bytes | None, what: str) -> None:
    file = works.parent / "notes" / "pump.txt"
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        read_source(works)
    assert [problem.path[-1] for problem in caught.value.problems] == ["file"]
    (problem,) = caught.value.problems
    assert what in problem.what
    assert content is None or not problem.what.startswith("the text")


def test_a_folder_and_other_faults_are_told_at_once(works: Path) -> None:
    works.write_text(SCENARIO.replace("{order: 1, min_words: 3, file: notes/pump.txt}", "{order: 9, file: notes}"))
    with pytest.raises(ScenarioError) as caught:
        sdgen.plan(works)
    assert "notes is no file" in str(caught.value)


def test_a_text_opens_no_files(works: Path) -> None:
    """What comes through the HTTP API names files of the server in vain."""
    scenario = read_text_as_scenario(SCENARIO.replace("notes/pump.txt", str(works.parent / "notes/pump.txt")), "x.yaml")
    with pytest.raises(ScenarioError, match="only a scenario that is a file itself"):
        sdgen.plan(scenario)


def test_text_and_file_are_not_given_together(works: Path) -> None:
    works.write_text(SCENARIO.replace("min_words: 3,", "text: 'A b.',"), "utf-8")
    with pytest.raises(ScenarioError, match="both text and file"):
        sdgen.plan(works)
