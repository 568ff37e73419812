"""`sdgen validate` for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_valid(run: Callable[..., Any]) -> None:
    result = run("validate", "small.yaml")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "valid: small 1.0.0: 2 entities, 8 columns, 250 rows\n"


def test_valid_as_json(run: Callable[..., Any]) -> None:
    result = run("validate", "small.yaml", "--format", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"is_valid": True, "valid": True, "problems": [], "warnings": []}


def test_problems_as_json(run: Callable[..., Any], folder: Path) -> None:
    (folder / "bad.yaml").write_text("name: x\nentities:\n  a:\n    columns:\n      b: {generator: unifrom_int}\n")
    result = run("validate", "bad.yaml", "--format", "json")
    assert (result.exit_code, result.stderr) == (1, "")
    assert json.loads(result.stdout) == {
        "is_valid": False,
        "valid": False,
        "warnings": [],
        "problems": [
            {
                "type": "unknown",
                "path": "entities.a.columns.b.generator",
                "what": "unknown generator 'unifrom_int'",
                "hint": "did you mean 'uniform_int'?",
                "file": "bad.yaml",
                "line": 5,
                "column": 11,
            }
        ],
    }


def test_an_unreadable_source_as_json(run: Callable[..., Any]) -> None:
    result = run("validate", "nonesuch.yaml", "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["problems"][0]["file"] == "nonesuch.yaml"


KEY = "id: {type: int, primary_key: true, generator: sequence}"
TYPES = {
    "syntax": "a: [",
    "missing": f"entities: {{a: {{columns: {{{KEY}}}}}}}",
    "unknown": f"name: x\nentities: {{a: {{colums: 1, columns: {{{KEY}}}}}}}",
    "type": "name: x\nentities: {a: {columns: {id: {type: intt, generator: sequence}}}}",
    "value": f"name: x\nas_of: soon\nentities: {{a: {{columns: {{{KEY}}}}}}}",
    "duplicate": f"name: x\nname: y\nentities: {{a: {{columns: {{{KEY}}}}}}}",
    "reference": f"name: x\nentities: {{a: {{columns: {{{KEY}, b: {{fk: {{entity: c, column: id}}}}}}}}}}",
    "cycle": "name: x\nentities: {a: {columns: {b: {generator: expression, params: {sql: c}}, c: {generator: expression, params: {sql: b}}}}}",
    "unique": "name: x\nentities: {a: {columns: {b: {type: bool, unique: true, generator: boolean}}}}",
    "constraint": "name: x\nentities: {a: {columns: {b: {type: text, nullable: false, generator: const, params: {value: null}}}}}",
    "rows": f"name: x\nentities: {{a: {{rows: 0, columns: {{{KEY}}}}}}}",
}


@pytest.mark.parametrize("type", TYPES)
def test_each_type_of_problem(run: Callable[..., Any], folder: Path, type: str) -> None:
    (folder / "bad.yaml").write_text(TYPES[type])
    result = run("validate", "bad.yaml", "--format", "json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["is_valid"]) == (1, False)
    assert [each["type"] for each in answer["problems"]] == [type], answer
    assert all(each["line"] > 0 for each in answer["problems"])


def test_a_source_that_is_not_there_has_a_type_too(run: Callable[..., Any]) -> None:
    assert json.loads(run("validate", "nonesuch.yaml", "--format", "json").stdout)["problems"][0]["type"] == "source"


def jafgen(folder: Path, required: str, type: str = "uuid") -> str:
    link = f"{{type: link, link_to: s.%s.id, required: {required}}}"
    (folder / "s.yaml").write_text(
        "system: {name: s, version: '1'}\nentities:\n"
        f"  a: {{count: 5, attributes: {{id: {{type: {type}, unique: true}}, b_id: {link % 'b'}}}}}\n"
        f"  b: {{count: 5, attributes: {{id: {{type: uuid, unique: true}}, a_id: {link % 'a'}}}}}\n"
    )
    return "s.yaml"


def test_a_cycle_of_required_links_is_an_error(run: Callable[..., Any], folder: Path) -> None:
    result = run("validate", jafgen(folder, "true"), "--format", "json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, [each["type"] for each in answer["problems"]]) == (1, ["cycle"])
    assert "a → b → a" in answer["problems"][0]["what"]
    assert answer["warnings"]
    assert all("cycle" not in each["what"] for each in answer["warnings"])
    assert run("validate", jafgen(folder, "false"), "--format", "json").exit_code == 0
    assert run("generate", jafgen(folder, "true"), "--to", "out/", "--quiet").exit_code == 0  # files take it


def test_a_native_cycle_of_required_links_is_an_error(run: Callable[..., Any], folder: Path) -> None:
    entity = f"{{rows: 5, columns: {{{KEY}, up: {{%s generator: fk, params: {{entity: %s, column: id}}}}}}}}"
    for nullable, code in (("", 1), ("nullable: true,", 0)):
        text = f"name: x\nentities:\n  a: {entity % (nullable, 'b')}\n  b: {entity % ('', 'a')}\n"
        (folder / "x.yaml").write_text(text)
        assert run("validate", "x.yaml").exit_code == code
        assert run("scenario", "validate", "x.yaml", "--format", "json").exit_code == code


def test_an_unknown_type_of_jafgen_is_an_error(run: Callable[..., Any], folder: Path) -> None:
    result = run("validate", jafgen(folder, "false", "person.emial"), "--format", "json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, [each["type"] for each in answer["problems"]]) == (1, ["type"])
    assert answer["problems"][0]["hint"] == "did you mean 'person.email'?"


def test_strict_makes_what_is_left_out_an_error(run: Callable[..., Any], folder: Path) -> None:
    (folder / "odd.sql").write_text(
        "CREATE TABLE t (id int PRIMARY KEY, own text GENERATED ALWAYS AS (my_own(id)) STORED);"
    )
    assert run("validate", "odd.sql").exit_code == 0
    refused = run("validate", "odd.sql", "--strict")
    assert refused.exit_code == 1
    assert "t.columns.own: it is computed by the database" in refused.stderr
    refused = run("generate", "odd.sql", "--to", "out", "--strict")
    assert refused.exit_code == 1
    assert "t.columns.own" in refused.stderr
    assert not (folder / "out").exists()
    assert run("generate", "odd.sql", "--to", "out").exit_code == 0
    assert run("generate", "small.yaml", "--to", "small", "--strict").exit_code == 0
