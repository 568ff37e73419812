"""The index over rules finds what asking every rule finds, and so do the columns beside one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdgen.inference.names import entity_name, forms, snake, spelled_out
from sdgen.inference.neighbours import Beside, Neighbours, literal_head
from sdgen.inference.rule_files import abbreviations, built_in_rules
from sdgen.inference.rule_index import RuleIndex, literals
from sdgen.inference.rules import ColumnTraits, guesses, indexed_rules
from sdgen.readers.sources import examples, read_source
from sdgen.scenario.model import Rule
from sdgen.scenario.types import parse_type
from tests.inference.test_rules import ROWS

WORDS = sorted({word for rule in built_in_rules() for text in literals(rule.pattern) or () for word in text.split("_")})


def asked(entity: str, column: str, type: str, beside: Beside | None = None) -> ColumnTraits:
    name = entity_name(entity, abbreviations())
    names = forms(spelled_out(column, abbreviations()), name, "")
    return ColumnTraits(column, names, (name, snake(entity)), parse_type(type), beside=beside or Beside())


def same(one: ColumnTraits) -> None:
    indexed = [built_in_rules()[place] for place in indexed_rules(one)]
    assert list(guesses(indexed, one)) == list(guesses(built_in_rules(), one))


@pytest.mark.parametrize(("entity", "column", "type", "expected"), ROWS, ids=[".".join(row[:3]) for row in ROWS])
def test_the_rules_own_examples(entity: str, column: str, type: str, expected: str) -> None:
    same(asked(entity, column, type))


@pytest.mark.parametrize("example", examples())
def test_all_columns_of_the_examples(example: str) -> None:
    for name, entity in read_source(example).entities.items():
        around = Neighbours({column: (spelled_out(column, abbreviations()),) for column in entity.columns})
        for place, column in enumerate(entity.columns):
            # Each column as a text, and by turns as one of the others.
            for type in ("text", ("string(20)", "timestamp", "bigint", "decimal(10,2)")[place % 4]):
                same(asked(name, column, type, Beside(around, {column})))


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3), st.sampled_from(["text", "int", "bool", "date"]))
def test_names_of_the_rules_words(words: list[str], type: str) -> None:
    same(asked("things", "_".join(words), type))


@given(st.text(max_size=12))
def test_any_name(name: str) -> None:
    same(ColumnTraits(name, (snake(name),), ("thing",), parse_type("text")))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("name", {"name"}),
        ("(?:.*_)?first_?name", {"first"}),
        ("(?:is|has)_(?:active|open)(?:_flag)?", {"active", "open"}),
        ("email|[a-z]+", None),
        (".*", None),
        ("(?!id$)[0-9]{3}", None),
        ("(?:Total){1,2}", {"total"}),
    ],
)
def test_literals(pattern: str, expected: set[str] | None) -> None:
    assert literals(pattern) == expected


def test_rules_without_a_name_are_always_found() -> None:
    rules = [{"type": "text"}, {"pattern": "city"}, {"field": "FirstName"}, {"pattern": "id"}]
    index = RuleIndex([Rule.model_validate({**rule, "generator": {"type": "const"}}) for rule in rules])
    assert list(index.places(["City"])) == [0, 1]
    assert list(index.places(["first_name", "FirstName"])) == [0, 2]
    assert list(index.places(["id"])) == [0, 3]
    assert list(index.places(["ſ"])) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("pattern", "head"),
    [("created_at", "created_at"), ("start(?:ed)?_at", "start"), ("Dates?", "date"), ("a|b", ""), ("(?:a|b)c", "")],
)
def test_heads_of_patterns(pattern: str, head: str) -> None:
    assert literal_head(pattern) == head


@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,3}(_[a-z]{1,2})?", fullmatch=True), st.just(()), max_size=8),
    st.sampled_from(["a.*", "(?:.*_)?b", "ab?c*", "[a-m]+", "a|b_.*", "c", "(.*_)?(?:a|b)"]),
)
def test_columns_beside_are_found_as_by_a_look_at_each(columns: dict[str, tuple[str, ...]], pattern: str) -> None:
    all = {name: (name, name.partition("_")[2] or name) for name in columns}
    by_hand = [name for place in (0, 1) for name in all if re.fullmatch(pattern, all[name][place])]
    found = Beside(Neighbours(all), {"a"}).first(pattern)
    assert found == next((name for name in by_hand if name != "a"), None)
