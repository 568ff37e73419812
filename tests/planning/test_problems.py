"""What is impossible is refused before anything is made: all problems at once, each with its place."""

from __future__ import annotations

import pytest

from sdgen.errors import Problem, ScenarioError, SourceError
from sdgen.planning.compile import check_scenario
from sdgen.readers.sources import read_text_as_scenario
from sdgen.scenario.request import PlanRequest

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
    (
        "{generator: fk, params: {entity: parents, column: id, distribution: weighted, weights_by_place: [[1], [0, 1]]}}",
        "have no places",
        "write rows: {per: …}",
    ),
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
    (
        "{nullable: false, generator: choice, params: {values: [a, null]}}",
        "choice gives nulls here",
        "leave nullable out",
    ),
    (
        "{primary_key: true, generator: choice, params: {values: [a, null]}}",
        "a primary key is never null, but",
        "out of",
    ),
    ("{type: int, nullable: false, generator: const, params: {value: null}}", "const gives nulls here", ""),
    (
        "{type: int, nullable: false, generator: mixture, params: {parts: [{generator: sequence}, {generator: const, params: {value: null}}]}}",
        "mixture gives nulls here",
        "",
    ),
    ("{nullable: false, generator: after, params: {column: id, state: id, only: [a]}}", "after gives nulls here", ""),
    ("{fk: {column: id}}", "names no entity", "write it like"),
    ("{fk: {entity: parents, column: id}, generator: uuid4}", "has the generator uuid4 already", "drop one"),
    (
        "{fk: {entity: parents, column: id}, generator: fk, params: {column: code}}",
        "column is 'id' here",
        "say it once",
    ),
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
    ("name: x\nentities:\n  a: {rows: 0, columns: {b: int}}\n", "a count must be above 0", 3),
    ("name: x\nentities:\n  a: {rows: {}, columns: {b: int}}\n", "rows gives no count", 3),
    ("name: x\nentities:\n  a: {rows: {empty: true, count: 4}, columns: {b: int}}\n", "empty is true, and", 3),
    (
        "name: x\nentities:\n  a: {rows: 40000000000000, columns: {b: int}}\n",
        "40,000,000,000,000 rows are more than",
        3,
    ),
    ("name: x\nentities:\n  a: {table_mode: trunc, columns: {b: int}}\n", "no mode is called 'trunc'", 3),
    ("name: x\noutput: {format: xlm}\nentities: {a: {columns: {b: int}}}\n", "no format of files is called 'xlm'", 2),
    ("name: x\noutput: {filename_pattern: '{x}.{format}'}\nentities: {a: {columns: {b: int}}}\n", "called {x}", 2),
    ("name: x\noutput: {filename_pattern: 'x.csv'}\nentities: {a: {columns: {b: int}}}\n", "ends in .{format}", 2),
    ("name: x\noutput: {filename_pattern: '../{entity}.{format}'}\nentities: {a: {columns: {b: int}}}\n", "inside", 2),
    ("name: x\noutput: {per_entity: {b: {format: csv}}}\nentities: {a: {columns: {b: int}}}\n", "no entity 'b'", 2),
    (
        "name: x\noutput: {filename_pattern: 'x.{format}'}\nentities: {a: {columns: {b: int}}, c: {columns: {b: int}}}\n",
        "a and c would both be written to x.csv",
        2,
    ),
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


TWICE = """\
name: bad
seed: 1
seed: 2
entities:
  - name: a
    rows: 5
    columns:
      - {name: id, type: int, primary_key: true, generator: sequence}
      - {name: id, type: intt, generator: sequence}
      - {name: c, type: int, generator: fk, params: {entity: nowhere, column: id}}
  - name: a
    rows: -1
    columns:
      - {name: id, type: int, generator: nope}
      - {name: x, typ: int, generator: sequence}
      - {name: x, type: int, generator: sequence}
"""


def test_no_problem_hides_another() -> None:
    found = problems_of(TWICE)
    assert sorted((problem.line, problem.type.value) for problem in found) == [
        (3, "duplicate"),
        (9, "duplicate"),
        (9, "type"),
        (10, "reference"),
        (11, "duplicate"),
        (12, "value"),
        (14, "unknown"),
        (15, "unknown"),
        (16, "duplicate"),
    ]


def test_what_follows_from_a_problem_is_not_told() -> None:
    """An entity without columns has no column that others refer to; a generator without a name no params."""
    text = "name: x\nentities:\n  a: {colums: {id: int}}\n  b: {columns: {a_id: {generator: fk, params: {entity: a, column: id}}, c: {generator: {}}}}\n"
    found = problems_of(text)
    assert [problem.what for problem in found] == [
        "unknown key 'colums'",
        "the entity has no columns",
        "the generator has no name",
    ]


FIXED = "name: x\nentities:\n  stores: {rows: {fixed: [{id: 1}, {id: 2}, {id: 3}]}, columns: {id: {type: int, generator: sequence}}}\n"


def test_fewer_rows_than_are_fixed() -> None:
    scenario = read_text_as_scenario(FIXED, "x.yaml")
    (problem,) = check_scenario(scenario, PlanRequest(rows={"stores": 2}))
    assert "2 rows are asked for, but 3 fixed rows come first" in problem.what
    assert "at least 3" in problem.hint
    assert not check_scenario(scenario, PlanRequest(rows={"stores": 4}))
    assert not check_scenario(scenario, PlanRequest(rows={"*": 2}))  # says nothing of a list


def test_a_count_over_the_limit_is_named_as_it_was_asked() -> None:
    scenario = read_text_as_scenario(FIXED, "x.yaml")
    for request in (PlanRequest(rows={"stores": 4 * 10**13}),):
        assert ["40,000,000,000,000 rows are more than" in each.what for each in check_scenario(scenario, request)] == [
            True
        ]
    scaled = read_text_as_scenario("name: x\nentities: {a: {rows: 7, columns: {b: int}}}", "x.yaml")
    (problem,) = check_scenario(scaled, PlanRequest(scale=1e13))
    assert "70,000,000,000,000 rows are more than the 1,099,511,627,776" in problem.what


def test_no_rows_where_that_is_said() -> None:
    text = "name: x\nentities: {a: {rows: %s, columns: {b: int}}}"
    assert not check_scenario(read_text_as_scenario(text % "{empty: true}", "x.yaml"))
    assert not check_scenario(read_text_as_scenario(text % "5", "x.yaml"), PlanRequest(rows={"a": 0}))
    assert not check_scenario(read_text_as_scenario(text % "0", "x.yaml"), PlanRequest(rows={"a": 0}))


def test_nulls_that_are_copied() -> None:
    for copy in (
        "{nullable: false, generator: template, params: {template: '{c}!'}}",
        "{nullable: false, generator: parent, params: {column: up.c}}",
    ):
        found = problems_of(
            column("{nullable: true, generator: choice, params: {values: [a, b]}}").replace("it:", "c:")
            + (
                "      up: {generator: fk, params: {entity: others, column: id}}\n"
                f"      it: {copy}\n"
                "  others:\n    columns:\n      id: {type: int, primary_key: true, generator: sequence}\n"
                "      c: {type: text, null_rate: 0.5, generator: text.word}\n"
            )
        )
        assert [
            problem.what.partition(", but ")[2].endswith(".c has nulls, and its values follow from it")
            for problem in found
        ] == [True]
    nullable = column("{generator: choice, params: {values: [a, null], weights: [1, 0]}, nullable: false}")
    assert not problems_of(nullable)
    assert any(
        "a fixed row has null" in each.what
        for each in problems_of(
            FIXED.replace("{id: 2}", "{id: null}").replace("{type: int,", "{type: int, primary_key: true,")
        )
    )


def test_which_of_several_links_counts_rows_is_asked_for() -> None:
    links = "".join(
        f"      {name}: {{generator: fk, params: {{entity: parents, column: id}}}}\n" for name in ("one_id", "other_id")
    )
    counted = HEAD.replace("rows: 20", "rows: {per: parents, min: 1, max: 2}") + links
    [problem] = problems_of(counted)
    assert problem.what == "rows are counted per parents, but 2 foreign keys lead there"
    assert problem.hint == "add `via:` with one of one_id, other_id"
    assert problems_of(counted.replace("per: parents,", "per: parents, via: other_id,")) == []


@pytest.mark.parametrize("locale", ["hi", "xx", "jaa", "english"])
def test_a_locale_without_lists_is_refused_with_those_there_are(locale: str) -> None:
    (problem,) = problems_of(f"locale: {locale}\n{HEAD}")
    assert problem.path == ("locale",)
    assert f"unknown locale {locale!r}" in problem.what
    assert all(known in problem.hint for known in ("de", "ja", "pt-br"))


@pytest.mark.parametrize("locale", ["en", "de_AT.UTF-8", "de-LU", "pt-br", "EN-us"])
def test_locales_are_known_by_their_language(locale: str) -> None:
    assert not problems_of(f"locale: {locale}\n{HEAD}")
