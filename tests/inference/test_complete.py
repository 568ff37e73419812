"""Generators that are left out inside others are found by name and type, and guesses never go in a cycle."""

from __future__ import annotations

from typing import Any

import pytest

import sdgen
from sdgen.inference.guess import with_guesses
from sdgen.readers.sources import read_mapping
from sdgen.scenario.model import Column


def guessed(**columns: Any) -> dict[str, Column]:
    scenario = read_mapping({"name": "s", "entities": {"orders": {"rows": 50, "columns": columns}}})
    return dict(with_guesses(scenario).entities["orders"].columns)


def params(column: Column) -> Any:
    assert column.generator is not None
    return column.generator.params


CHOICE = {"generator": "choice", "params": {"values": ["on", "off"]}}


def test_fields_of_a_struct() -> None:
    x = {"type": "struct<email: text, state: text>", "generator": "struct", "params": {"fields": {"state": CHOICE}}}
    fields = params(guessed(x=x)["x"])["fields"]
    assert list(fields) == ["email", "state"]
    assert fields["email"]["generator"] == "person.email"
    assert fields["state"] == CHOICE


def test_structs_in_arrays_and_values_of_maps() -> None:
    struct = {
        "generator": "struct",
        "params": {"fields": {"state": CHOICE}},
        "type": "struct<email: text, state: text>",
    }
    columns = guessed(
        x={"type": "array<struct<email: text, state: text>>", "generator": "array", "params": {"items": struct}},
        y={"type": "map<text, text>", "generator": "map", "params": {"keys": {"type": "text"}, "values": CHOICE}},
    )
    assert params(columns["x"])["items"]["params"]["fields"]["email"]["generator"] == "person.email"
    assert params(columns["y"])["keys"]["generator"]


def text(form: str) -> dict[str, Any]:
    written = {"value": {"type": "timestamptz"}, **({"format": form} if form else {})}
    return {"type": "text", "generator": "as_text", "params": written}


def test_a_written_moment_follows_another_one() -> None:
    columns = guessed(created_at=text("%Y-%m-%dT%H:%M:%SZ"), updated_at=text("%d/%m/%Y %H:%M"))
    assert params(columns["updated_at"])["value"]["generator"] == "after"
    assert params(columns["created_at"])["value"]["generator"] == "datetime"


@pytest.mark.parametrize("created", [text("%d/%m/%Y"), {"type": "text", **CHOICE}, "text"])
def test_but_none_that_can_not_be_read(created: Any) -> None:
    columns = guessed(start=created, end={"type": "timestamp"})
    assert columns["end"].generator is not None
    assert columns["end"].generator.type != "after"


def test_guesses_do_not_go_in_a_cycle() -> None:
    columns = guessed(id={"type": "bigint", "primary_key": True}, sent_at="timestamp", received_at="timestamp")
    specs = [columns[name].generator for name in ("sent_at", "received_at")]
    assert [spec.type for spec in specs if spec] == ["datetime", "after"] or [spec.type for spec in specs if spec] == [
        "after",
        "datetime",
    ]
    sdgen.plan({"name": "s", "entities": {"a": {"columns": {"sent_on": "date", "received_on": "date"}}}})


def test_a_part_that_nothing_is_found_for_is_told() -> None:
    x = {"type": "text", "generator": "as_text", "params": {"value": {}}}
    problems = sdgen.check({"name": "s", "entities": {"a": {"columns": {"x": x}}}})
    assert any("value.generator" in problem.where for problem in problems)
