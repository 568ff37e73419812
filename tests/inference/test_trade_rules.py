"""Each rule of data/rules/ has a column that it is for, and one that it isn't for: `table.column type, neighbour type`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sdgen.inference.guess import with_guesses
from sdgen.inference.rule_files import rule_records, words_apart
from sdgen.scenario.model import Column, Entity, Scenario

RULES = [record for record in rule_records() if "like" in record]


def _columns(example: str) -> tuple[str, str, dict[str, Column]]:
    """The table, the column, and all columns of an example."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(example + ","):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            parts.append(example[start:place].strip())
            start = place + 1
    named = [part.rsplit(" ", 1) for part in parts]
    table, _, column = named[0][0].partition(".")
    types = {column: named[0][1], **dict(named[1:])}
    key = {"primary_key": True} if column == "id" else {}
    return table, column, {name: Column(type=type, **(key if name == column else {})) for name, type in types.items()}


def _guessed(example: str) -> tuple[str, str]:
    table, column, columns = _columns(example)
    scenario = with_guesses(Scenario(name="x", entities={table: Entity(columns=columns)}))
    spec = scenario.entities[table].columns[column].generator
    assert spec is not None
    return spec.type, str(spec.params)


def _shape(value: Any) -> str:
    """Params without what placeholders stand for."""
    return str(value).split("$")[0][:40]


@pytest.mark.parametrize("rule", RULES, ids=[f"{rule['like']}" for rule in RULES])
def test_a_rule_is_for_its_example_and_not_for_the_other(rule: Mapping[str, Any]) -> None:
    expected = (rule["generator"], _first_value(rule.get("params", {})))
    assert _like(_guessed(rule["like"]), expected), _guessed(rule["like"])
    assert not _like(_guessed(rule["unlike"]), expected)


def _first_value(params: Mapping[str, Any]) -> str:
    return str(dict(params)).replace("'", "")


def _like(found: tuple[str, str], expected: tuple[str, str]) -> bool:
    """Whether a guess is the rule's: the same generator with params that begin alike, up to the first placeholder."""
    type, params = found
    return type == expected[0] and params.replace("'", "")[:24].startswith(_shape(expected[1])[:24])


@pytest.mark.parametrize(
    ("name", "apart"),
    [
        ("timecreated", "time_created"),
        ("issuestatus", "issue_status"),
        ("user_lastaccess", "user_last_access"),
        ("userid", "user_id"),
        ("password", "password"),
        ("landscape", "landscape"),
        ("order_total", "order_total"),
    ],
)
def test_words_that_run_together_are_tried_apart_too(name: str, apart: str) -> None:
    assert words_apart(name) == apart
