"""What is impossible is refused before anything is made: all problems at once, each with its place."""

from __future__ import annotations

import pytest

from sdgen.errors import Problem, ScenarioError, SourceError
from sdgen.plan.compile import check_scenario
from sdgen.read.sources import read_text_as_scenario

HEAD = """\
name: bad
entities:
  parents:
    rows: 10
    columns:
      id: {type: int, primary_key: true, generator: sequence}
      code: {type: string, generator: choice, params: {values: [a, b]}}
  children:
    rows: 20
    columns:
      id: {type: int, primary_key: true, generator: sequence}
"""


def problems_of(text: str) -> list[Problem]:
    try:
        return check_scenario(read_text_as_scenario(text, "bad.yaml"))
    except (ScenarioError, SourceError) as error:
        return list(error.problems)


def column(text: str) -> str:
    return f"{HEAD}      it: {text}\n"


# What is written as the column `it` of children; a part of the message; a part of the hint.
COLUMNS = [
    ("{generator: uniform_itn}", "unknown generator 'uniform_itn'", "did you mean 'uniform_int'?"),
    ("{generator: uniform_int, params: {mn: 1, max: 2}}", "uniform_int has no param 'mn'", "did you mean 'min'?"),
    ("{generator: uniform_int, params: {min: 1}}", "uniform_int needs the param 'max'", "sdgen generators uniform_int"),
    ("{generator: uniform_int, params: {min: 9, max: 2}}", "min", ""),
    ("{generator: uniform_int, params: {min: x, max: 2}}", "min is 'x'", ""),
    ("{generator: choice, params: {values: [1, 2], weights: [1]}}", "weight", ""),
    ("{generator: choice, params: {values: [1, 2], weights: [1, -1]}}", "below 0", ""),
    ("{type: intt, generator: sequence}", "unknown type 'intt'", "did you mean 'int'?"),
    ("{type: bool, generator: uuid4}", "uuid4 can't fill a column of type bool", "it fills:"),
    ("{type: int}x", "not valid YAML", ""),
    ("{type: date, generator: date, params: {start: 2020-13-45}}", "2020-13-45", ""),
    ("{generator: fk, params: {entity: parent, column: id}}", "the parent entity 'parent' does not exist", "'parents'"),
    ("{generator: fk, params: {entity: parents, column: idd}}", "parents has no column 'idd'", "did you mean 'id'?"),
    (
        "{type: uuid, generator: fk, params: {entity: parents, column: id}}",
        "which it refers to, is int",
        "make both int",
    ),
    ("{generator: fk, params: {entity: parents, column: id, one_to_one: true}}", "20 rows and only 10 parents", ""),
    ("{generator: fk, params: {entity: parents, column: id, weights: [1]}}", "the distribution is not weighted", ""),
    ("{generator: fk, params: {entity: parents, column: id, quota: [{row: 3, count: 99}]}}", "add up to 99 of 20", ""),
    ("{generator: fk, params: {entity: parents, column: id, quota: [{row: 30, count: 9}]}}", "row 30 is not one", ""),
    ("{unique: true, generator: uniform_int, params: {min: 1, max: 5}}", "only 5 distinct values", "at most 5 rows"),
    ("{unique: true, generator: normal, params: {mean: 1, std: 5}}", "can't promise distinct values", "domain"),
    ("{generator: sequence, params: {per: parents}}", "does not count its rows by the link", "rows: {per:"),
    ("{generator: parent, params: {column: parents.id}}", "parents", ""),
    ("{generator: expression, params: {sql: it + 1}}", "cycle", ""),
    ("{generator: expression, params: {sql: idd + 1}}", "idd", "did you mean"),
    ("{generator: sequence, null_rate: 2}", "is more than 1", ""),
    ("{generator: sequence, null_rate: 0.5, nullable: false}", "nullable is false", ""),
    ("{primary_key: true, nullable: true, generator: sequence}", "a primary key is never null", ""),
    ("{generator: sequence, uniq: true}", "unknown key 'uniq'", "did you mean 'unique'?"),
    ("{params: {a: 1}}", "params without a generator", ""),
    ("{generator: {type: choice, parms: {}}}", "unknown key 'parms'", "did you mean 'params'?"),
    ("{description: of no type}", "no generator, and no rule finds one", "name a generator"),
]


@pytest.mark.parametrize(("text", "what", "hint"), COLUMNS, ids=[what for _, what, _ in COLUMNS])
def test_a_wrong_column(text: str, what: str, hint: str) -> None:
    found = problems_of(column(text))
    assert any(what in problem.what and hint in problem.hint for problem in found), found
    assert all(problem.file == "bad.yaml" and problem.line == 12 for problem in found), found


WHOLE = [
    ("", "the file is empty", 0),
    ("[]", "must be a mapping", 1),
    ("name: x\n", "there are no entities", 1),
    ("name: x\nentities: {}\n", "at least 1 item", 2),
    ("name: x\nentities:\n  a: {rows: -4, columns: {b: int}}\n", "is less than 0", 3),
    ("name: x\nentities:\n  a: {rows: 5}\n", "the entity has no columns", 3),
    ("name: x\nname: y\nentities: {a: {columns: {b: int}}}\n", "the key 'name' stands here twice", 2),
    ("name: x\nentities:\n  - {name: a, columns: {b: int}}\n  - {name: a, columns: {b: int}}\n", "twice", 4),
    ("name: x\nentities: {a: {columns: {b: int}}, c: {target_table: a, columns: {b: int}}}\n", "and so does a", 2),
    (
        "a: &a [x, x]\nb: &b [*a, *a]\n"
        + "".join(f"{chr(c + 1)}: &{chr(c + 1)} [{', '.join(['*' + chr(c)] * 9)}]\n" for c in range(98, 110)),
        "too many values",
        1,
    ),
    ("a: " + "[" * 100 + "]" * 100, "nested more than 64 deep", 1),
    ("\t- x", "not valid YAML", 1),
    ("name: x\nseed: 99999999999999999999\nentities: {a: {columns: {b: int}}}\n", "not below 18446744073709551616", 2),
    ("name: x\nas_of: yesterday\nentities: {a: {columns: {b: int}}}\n", "'yesterday' is not a time", 2),
    ("name: x\nrules: [{generator: uuid4}]\nentities: {a: {columns: {b: int}}}\n", "the rule has no condition", 2),
    (
        "name: x\npresets: {a: {generator: b}, b: {generator: a}}\nentities: {a: {columns: {b: {generator: a}}}}\n",
        "refer to each other",
        2,
    ),
    ("name: x\nentities:\n  a: {rows: {per: b}, columns: {b: int}}\n", "unknown entity 'b'", 3),
    ("name: x\nentities:\n  a: {rows: {count: 1, min: 2}, columns: {b: int}}\n", "speak of rows per parent", 3),
    ("name: x\nentities:\n  a: {rows: {count: 3, fixed: [{c: 1}]}, columns: {b: int}}\n", "a has no column 'c'", 3),
    ("name: x\nentities:\n  a: {rows: {count: 3, fixed: [{b: x}]}, columns: {b: int}}\n", "'x'", 3),
    (
        "name: x\nentities:\n  a: {rows: 9, columns: {b: bool, c: bool}, unique: [[b, c]]}\n",
        "can't be made unique over 9 rows",
        3,
    ),
    ("name: x\nentities:\n  a: {rows: 9, columns: {b: {type: int, hidden: true}}}\n", "nothing would be written", 3),
]


@pytest.mark.parametrize(("text", "what", "line"), WHOLE, ids=[what for _, what, _ in WHOLE])
def test_a_wrong_scenario(text: str, what: str, line: int) -> None:
    found = problems_of(text)
    assert any(what in problem.what and problem.line == line for problem in found), found


def test_all_problems_come_at_once() -> None:
    found = problems_of(
        column("{generator: nope}") + "      other: {type: nope, generator: sequence}\n      third: {generator: fk}\n"
    )
    assert len(found) >= 4
    assert {problem.line for problem in found} == {12, 13, 14}


def test_a_cycle_of_columns_is_named() -> None:
    text = column("{generator: expression, params: {sql: other + 1}}")
    found = problems_of(text + "      other: {type: int, generator: expression, params: {sql: it + 1}}\n")
    assert any("children.it → children.other → children.it" in problem.what for problem in found), found
