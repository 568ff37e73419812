"""Every mistake gives exit code 1 and one clear message: where it is, what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

COLUMN = "name: bad\nentities:\n  things:\n    rows: 100\n    columns:\n      id: {column}\n"
TWO = """\
entities:
  parents:
    columns:
      id: {generator: sequence, primary_key: true}
  children:
    rows: 10
    columns:
      parent_id: COLUMN
"""
CYCLE = """\
entities:
  eggs:
    columns:
      id: {primary_key: true, type: int, generator: fk, params: {entity: hens, column: id}}
  hens:
    columns:
      id: {primary_key: true, type: int, generator: fk, params: {entity: eggs, column: id}}
"""
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join(['*' + old] * 9)}]\n" for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)

# what is wrong → the text, where in it (line:column), and words of the message
MISTAKES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "unknown generator": (
        COLUMN.format(column="{generator: unifrom_int, params: {min: 1, max: 6}}"),
        "6:12",
        ("unknown generator 'unifrom_int'", "did you mean 'uniform_int'?"),
    ),
    "misspelt param": (
        COLUMN.format(column="{generator: uniform_int, params: {mni: 1, max: 6}}"),
        "6:45",
        ("uniform_int has no param 'mni'", "did you mean 'min'?"),
    ),
    "misspelt param with an alias": (
        COLUMN.format(column="{generator: choice, params: {valuez: [a]}}"),
        "6:40",
        ("choice has no param 'valuez'", "did you mean 'values'?"),
    ),
    "missing param": (
        COLUMN.format(column="{generator: uniform_int, params: {min: 1}}"),
        "6:36",
        ("uniform_int needs the param 'max'", "sdgen generators uniform_int"),
    ),
    "param of a wrong type": (
        COLUMN.format(column="{generator: uniform_int, params: {min: abc, max: 6}}"),
        "6:45",
        ("min is 'abc'", "integer"),
    ),
    "type the generator can't fill": (
        COLUMN.format(column="{type: uuid, generator: uniform_int, params: {min: 1, max: 6}}"),
        "6:7",
        ("uniform_int can't fill a column of type uuid", "it fills: "),
    ),
    "unknown type": (
        COLUMN.format(column="{type: strin, generator: const, params: {value: 1}}"),
        "6:12",
        ("unknown type 'strin'", "did you mean 'string'?"),
    ),
    "min above max": (
        COLUMN.format(column="{generator: uniform_int, params: {min: 7, max: 6}}"),
        "6:45",
        ("min 7 is more than max 6",),
    ),
    "weights of a wrong length": (
        COLUMN.format(column="{generator: choice, params: {values: [a, b], weights: [1]}}"),
        "6:56",
        ("weight",),
    ),
    "negative weight": (
        COLUMN.format(column="{generator: choice, params: {values: [a, b], weights: [1, -1]}}"),
        "6:56",
        ("weight",),
    ),
    "missing parent": (
        TWO.replace("COLUMN", "{generator: fk, params: {entity: parnts, column: id}}"),
        "8:34",
        ("the parent entity 'parnts' does not exist", "did you mean 'parents'?"),
    ),
    "missing parent column": (
        TWO.replace("COLUMN", "{generator: fk, params: {entity: parents, column: key}}"),
        "8:34",
        ("parents has no column 'key'",),
    ),
    "cycle of columns": (CYCLE, "4:7", ("depend on each other in a cycle", "eggs.id → hens.id → eggs.id")),
    "unique over too few values": (
        COLUMN.format(column="{unique: true, generator: uniform_int, params: {min: 1, max: 6}}"),
        "6:7",
        ("unique over 100 rows, but uniform_int has only 6 distinct values",),
    ),
    "a name twice": (
        "entities:\n  - {name: a, columns: {id: bool}}\n  - {name: a, columns: {id: bool}}\n",
        "3:5",
        ("the name 'a' stands here twice",),
    ),
    "a table twice": (
        "entities:\n  a: {columns: {id: bool}}\n  b: {target_table: a, columns: {id: bool}}\n",
        "3:3",
        ("writes to the table 'a', and so does a",),
    ),
    "no such date": (
        COLUMN.format(column="{generator: date, params: {start: 2020-13-45}}"),
        "6:38",
        ("2020-13-45",),
    ),
    "no such time as now": ("as_of: yesterday\n" + COLUMN.format(column="bool"), "1:1", ("'yesterday' is not a time",)),
    "a key twice": (
        "entities:\n  a: {columns: {id: bool}}\n  a: {columns: {id: int}}\n",
        "3:3",
        ("'a' stands here twice",),
    ),
    "unknown key": (
        "entities:\n  a:\n    colums: {id: bool}\n",
        "3:5",
        ("unknown key 'colums'", "did you mean 'columns'?"),
    ),
    "not YAML": ("entities: [\n", "2:1", ("not valid YAML",)),
    "tabs": ("entities:\n\ta: {}\n", "2:1", ("not valid YAML",)),
    "aliases that blow up": (BOMB, "", ("too many values",)),
    "nested too deep in brackets": ("a: " + "[" * 100 + "]" * 100, "1:", ("nested more than 64 deep",)),
    "nested too deep in lines": ("".join(" " * n + "a:\n" for n in range(100)), "", ("nested more than 64 deep",)),
    "empty file": ("", "", ("the file is empty",)),
    "comment alone": ("# nothing\n", "", ("the file is empty",)),
    "binary file": ("entities: \x00\x01\x02", "", ("binary file",)),
    "a list": ("- a\n", "1:1", ("must be a mapping",)),
    "a word": ("hello\n", "1:1", ("must be a mapping",)),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_is_told_with_its_place(mistake: str, run: Callable[..., Any], folder: Path) -> None:
    text, place, words = MISTAKES[mistake]
    (folder / "bad.yaml").write_text(text)
    result = run("validate", "bad.yaml")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert f"bad.yaml:{place}" in result.stderr, result.stderr
    for word in words:
        assert word in result.stderr, result.stderr


def test_generate_and_preview_tell_the_same(run: Callable[..., Any], folder: Path) -> None:
    (folder / "bad.yaml").write_text(CYCLE)
    told = {run(*args).stderr for args in (["validate", "bad.yaml"], ["preview", "bad.yaml"])}
    result = run("generate", "bad.yaml", "--to", "out/")
    assert result.exit_code == 1
    assert told == {result.stderr}
    assert not (folder / "out").exists()


def test_all_problems_are_told_at_once(run: Callable[..., Any], folder: Path) -> None:
    (folder / "bad.yaml").write_text(
        "entities:\n  a:\n    columns:\n      b: {generator: nonesuch}\n      c: {type: nonesuch}\n"
    )
    paragraphs = run("validate", "bad.yaml").stderr.strip().split("\n\n")
    assert len(paragraphs) > 2
    assert paragraphs[-1] == f"error: {len(paragraphs) - 1} problems"
    assert all(paragraph.startswith("bad.yaml:") for paragraph in paragraphs[:-1])


def test_terminal_commands_in_names_are_spelled_out(run: Callable[..., Any], folder: Path) -> None:
    (folder / "bad.yaml").write_text(COLUMN.format(column='{generator: "\\e[31mred"}'))
    result = run("validate", "bad.yaml")
    assert result.exit_code == 1
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nonesuch.yaml", ("nonesuch.yaml", "no such file, folder or example")),
        ("empty", ("no scenario files in the folder",)),
    ],
)
def test_no_source(source: str, words: tuple[str, ...], run: Callable[..., Any], folder: Path) -> None:
    (folder / "empty").mkdir()
    result = run("validate", source)
    assert result.exit_code == 1
    for word in words:
        assert word in result.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--rows", "ordrs=5"], ("unknown entity 'ordrs'", "did you mean 'orders'?")),
        (["--only", "ordrs"], ("unknown entity 'ordrs'",)),
        (["--scale", "0"], ("scale",)),
        (["--scale", "nan"], ("scale",)),
        (["--scale", "inf"], ("scale",)),
        (["--rows", "customers=1000000M"], ("rows are more than",)),
    ],
)
def test_requests_that_do_not_fit(
    args: list[str], words: tuple[str, ...], run: Callable[..., Any], folder: Path
) -> None:
    result = run("generate", "small.yaml", "--to", "out/", *args)
    assert result.exit_code == 1
    assert not (folder / "out").exists()
    for word in words:
        assert word in result.stderr, result.stderr


@pytest.mark.parametrize(
    ("destination", "words"),
    [
        ("nowhere/x.duckdb", ("nowhere", "does not exist")),
        ("nowhere/x.sqlite", ("nowhere", "does not exist")),
        ("small.yaml/", ("small.yaml", "is a file")),
        ("small.yaml/out/", ("small.yaml", "is a file")),
        ("out.csv", ("out.csv is one file", "--format csv")),
        ("nonesuch://host/db", ("nonesuch://",)),
        ("postgresql://nobody:s3cret@localhost:1/none", ("PostgreSQL",)),
        ("", ("the destination is empty",)),
    ],
)
def test_destinations_that_do_not_do(
    destination: str, words: tuple[str, ...], run: Callable[..., Any], folder: Path
) -> None:
    before = sorted(folder.iterdir())
    result = run("generate", "small.yaml", "--to", destination)
    assert result.exit_code == 1
    for word in words:
        assert word in result.stderr, result.stderr
    assert "s3cret" not in result.stderr
    assert sorted(folder.iterdir()) == before


def test_existing_files_are_not_overwritten(run: Callable[..., Any], folder: Path) -> None:
    assert run("generate", "small.yaml", "--to", "out/").exit_code == 0
    before = (folder / "out" / "customers.csv").read_bytes()
    result = run("generate", "small.yaml", "--to", "out/", "--seed", "8")
    assert result.exit_code == 1
    assert "truncate_then_insert" in result.stderr
    assert (folder / "out" / "customers.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("option", "value", "what"),
    [
        ("--mode", "replace", "'replace' is not one of"),
        ("--seed", "many", "'many' is not a whole number"),
        ("--workers", "-1", "'-1' is less than 0"),
    ],
)
def test_values_of_options_are_refused_in_plain_words(
    run: Callable[..., Any], option: str, value: str, what: str
) -> None:
    refused = run("generate", "shop", "--to", "out/", option, value)
    assert refused.exit_code == 2
    assert what in refused.stderr
    assert "Value error" not in refused.stderr
    assert "nput should" not in refused.stderr
