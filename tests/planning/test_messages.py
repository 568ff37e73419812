"""What sdgen says of scenarios that are wrong: all problems of each case of faulty.yaml, word for word, in messages.json.

A message is for a person: whoever changes one reads it as that person would. `python -m tests.planning.test_messages` writes
messages.json anew; its difference is what to read.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import sdgen

HERE = Path(__file__).parent
MESSAGES = HERE / "messages.json"
FAULTY: dict[str, Any] = yaml.safe_load((HERE / "faulty.yaml").read_text())
CASES: dict[str, dict[str, Any]] = FAULTY["cases"]
REQUEST = ("rows", "scale", "only")
STEPS = ("beside", "first", "check", "validate", "make")  # how a case is tried: no part of its scenario


def scenario_of(case: Mapping[str, Any]) -> dict[str, Any]:
    """The case as a scenario, the entities that it takes in first."""
    own = {name: value for name, value in case.items() if name not in (*REQUEST, *STEPS)}
    beside = {name: FAULTY["beside"][name] for name in case.get("beside", ())}
    return {"name": "bad", "seed": 1, **own, "entities": {**beside, **case["entities"]}}


def problems_of(case: Mapping[str, Any]) -> list[dict[str, str]]:
    """What is said of a case, as messages.json has it: without the places in a file, and hints that are ""."""
    scenario = scenario_of(case)
    if "validate" in case:
        return validated(scenario)
    return [
        {"path": each.where, "type": each.type.value, "what": each.what} | ({"hint": each.hint} if each.hint else {})
        for each in (sdgen.check(scenario) if "check" in case else refused(scenario, case))
    ]


def validated(scenario: dict[str, Any]) -> list[dict[str, str]]:
    """By the command, which alone looks for circles of entities."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "x.json").write_text(json.dumps(scenario))
        command = [sys.executable, "-m", "sdgen", "validate", f"{folder}/x.json", "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    kept = ("path", "type", "what", "hint")
    return [{name: each[name] for name in kept if each[name]} for each in json.loads(done.stdout)["problems"]]


def refused(scenario: dict[str, Any], case: Mapping[str, Any]) -> list[sdgen.Problem]:
    with pytest.raises(sdgen.ScenarioError) as caught:
        _try(scenario, case, {name: case[name] for name in REQUEST if name in case})
    return list(caught.value.problems)


def _try(scenario: dict[str, Any], case: Mapping[str, Any], request: dict[str, Any]) -> None:
    if "first" in case:
        with tempfile.TemporaryDirectory() as folder:
            sdgen.write(scenario, f"{folder}/x.sqlite", **case["first"])
            sdgen.write(scenario, f"{folder}/x.sqlite", mode="append_only", **request)
    else:
        plan = sdgen.plan(scenario, **request)
        if "make" in case:
            sdgen.generate(plan)


@pytest.mark.parametrize("name", CASES)
def test_what_is_said(name: str) -> None:
    assert problems_of(CASES[name]) == json.loads(MESSAGES.read_text())[name]


def test_nothing_else_is_kept() -> None:
    assert list(json.loads(MESSAGES.read_text())) == list(CASES)


if __name__ == "__main__":
    found = {name: problems_of(case) for name, case in CASES.items()}
    MESSAGES.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
