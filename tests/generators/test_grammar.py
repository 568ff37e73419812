"""Texts by a grammar: rules, alternatives, columns, cases, shipped grammars, and what is refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest
from pydantic import ValidationError
from scipy import stats

import sdgen
from sdgen.generators.registry import make
from sdgen.generators.text.grammar import grammar_names, shipped_rules
from sdgen.generators.text.grammar_syntax import Alternatives, NumberRange, Reference, read_grammar_text
from sdgen.generators.text.templates import TemplateError
from tests.generators.fake import facts, fill
from tests.generators.splits import assert_family_documented, assert_split_free, faulty


def texts(rules: dict[str, Any], count: int = 4000, **params: Any) -> list[str]:
    return [str(text) for text in fill("text.grammar", {"rules": rules, **params}, count).to_pylist()]


def test_examples_and_descriptions() -> None:
    assert_family_documented("text.grammar")


@pytest.mark.parametrize(
    "params",
    [
        {"grammar": "software"},
        {"rules": {"a": ["{b} {b} {b}", "{b}{| and {b}{|, {2..77}}}"], "b": ["x", "y", "z"]}},
    ],
)
def test_any_split_gives_the_same_cells(params: dict[str, Any]) -> None:
    assert_split_free("text.grammar", params, "")


def test_texts_are_read() -> None:
    read = read_grammar_text("\\{a\\} {b:lower}{| or {c.d}} {2..9}{{x|y}|\\|}").pieces
    assert read[0] == "{a} "
    assert read[1] == Reference("b", "lower")
    assert isinstance(read[2], Alternatives)
    assert [text.pieces for text in read[2].texts] == [(), (" or ", Reference("c.d"))]
    assert read[3:5] == (" ", NumberRange(2, 9))
    assert isinstance(read[5], Alternatives)
    assert [type(text.pieces[0]) for text in read[5].texts] == [Alternatives, str]
    assert read[5].texts[1].literal == "|"


@pytest.mark.parametrize("text", ["{", "}", "a {b", "{9..2}", "{a b}", "{}", "{a:shout}", "{a.b.c}"])
def test_what_can_not_be_read(text: str) -> None:
    with pytest.raises(TemplateError):
        read_grammar_text(text)


def test_weights_are_kept() -> None:
    counts = Counter(texts({"fault": {"stuck": 7, "slow": 2, "loud": 1}}, 20_000))
    assert stats.chisquare([counts["stuck"], counts["slow"], counts["loud"]], [14_000, 4000, 2000]).pvalue > 1e-4


def test_alternatives_and_numbers_are_equally_likely() -> None:
    counts = Counter(texts({"a": ["{x|y|} {1..4}"]}, 24_000))
    assert (
        stats.chisquare([counts[f"{word} {number}"] for word in ("x", "y", "") for number in range(1, 5)]).pvalue > 1e-4
    )


def test_a_rule_named_again_gives_another_text() -> None:
    rules = {"all": ["{part} {part} {part}"], "part": ["a", "b", "c{1..3}", "d"]}
    for text in texts(rules):
        first_letters = [word[0] for word in text.split()]
        assert len(set(first_letters)) == 3
    assert len(set(texts(rules))) == 6 + 3 * 18  # with c's numbers: all there are


def test_filters() -> None:
    assert set(texts({"a": ["{b:capital} {b:upper}"], "b": ["ähnlich so"]})) == {"Ähnlich so ÄHNLICH SO"}


SCENARIO = """
    name: house
    seed: 5
    entities:
      parts:
        rows: 20
        columns:
          id: {type: int, primary_key: true, generator: sequence}
          name: {type: string, generator: choice, params: {values: [lift, door]}}
      reports:
        rows: 500
        columns:
          part_id: {generator: fk, params: {entity: parts, column: id}}
          name: {type: string, generator: parent, params: {column: parts.name}}
          kind: {type: string, nullable: true, null_rate: 0.2, generator: choice, params: {values: [fault, question]}}
          days: {type: int, nullable: true, null_rate: 0.3, generator: uniform_int, params: {min: 2, max: 9}}
          body:
            generator: text.grammar
            params: PARAMS
"""


def reports(tmp_path: Path, params: str) -> list[dict[str, Any]]:
    path = tmp_path / "house.yaml"
    path.write_text(dedent(SCENARIO).replace("PARAMS", "\n" + indent(dedent(params), " " * 12)))
    return sdgen.generate(path)["reports"].to_pylist()


def test_columns_of_the_row_and_of_parents(tmp_path: Path) -> None:
    params = """
        by: kind
        cases: {fault: fault, question: question}
        rules:
          other: ["The {parts.name}."]
          fault: ["{days} days without a {part_id.name:upper}"]
          question: ["Is the {part_id.name} {old|new}?"]
    """
    for row in reports(tmp_path, params):
        days = "" if row["days"] is None else row["days"]
        assert (
            row["body"]
            in {
                "fault": {f"{days} days without a {row['name'].upper()}"},
                "question": {f"Is the {row['name']} old?", f"Is the {row['name']} new?"},
                None: {f"The {row['name']}."},
            }[row["kind"]]
        )


def test_a_column_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(sdgen.SdgenError, match="colour"):
        reports(tmp_path, "rules: {a: ['{colour}']}")


@pytest.mark.parametrize(
    ("params", "params_at_fault"),
    [
        ({"rules": {"a": ["{b}"], "b": ["{c}"], "c": ["x", "{a}"]}}, ["rules"]),
        ({"rules": {"a": ["{a"]}}, ["rules.a"]),
        ({"rules": {"a": []}}, ["rules.a"]),
        ({"rules": {"a": ["x"]}, "start": "b"}, ["start"]),
        ({"rules": {"a": ["x"]}, "by": "kind", "cases": {"x": "c"}}, ["cases.x"]),
    ],
)
def test_wrong_params_are_faults(params: dict[str, Any], params_at_fault: list[str]) -> None:
    assert faulty("text.grammar", params, "") == params_at_fault


@pytest.mark.parametrize(
    "params", [{}, {"grammar": "no_such"}, {"rules": {"a": {"x": 0}}}, {"rules": {"a": ["x"]}, "by": "kind"}]
)
def test_params_that_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make("text.grammar", params)


@pytest.mark.parametrize("name", grammar_names())
def test_shipped_grammars_can_be_used_and_vary(name: str) -> None:
    generator = make("text.grammar", {"grammar": name})
    assert not list(generator.faults(facts(generator)))
    rows = fill("text.grammar", {"grammar": name}, 300).to_pylist()
    assert len(set(rows)) > 200
    assert all("{" not in text and "  " not in text and text == text.strip() for text in rows)
    named = {
        reference.name
        for rule in shipped_rules(name).values()
        for text in rule
        for reference in read_grammar_text(text).references()
    }
    assert named <= shipped_rules(name).keys(), "a shipped grammar names no columns"


def test_a_column_s_values_may_be_the_names_of_a_shipped_grammar_s_rules() -> None:
    title = {"text.grammar": {"grammar": "software", "by": "kind", "rules": {"part": ["lamp"]}}}
    columns = {"kind": {"choice": ["docs", "test"]}, "title": title}
    made = sdgen.generate({"name": "t", "entities": {"a": {"rows": 60, "columns": columns}}}, seed=1)["a"].to_pylist()
    first = {"docs": {"document", "explain", "add", "describe"}, "test": {"cover", "stop", "rewrite", "skip", "add"}}
    assert all(row["title"].split()[0] in first[row["kind"]] and "lamp" in row["title"] for row in made)
