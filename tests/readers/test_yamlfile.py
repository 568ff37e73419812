"""YAML 1.2's plain words, and where each value stands."""

from __future__ import annotations

from typing import Any

import pytest

from sdgen.errors import SourceError
from sdgen.readers.yaml_text import read_document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("NO", "NO"),
        ("true", True),
        ("012", 12),
        ("1:30", "1:30"),
        ("1e3", 1000.0),
        ("-1.5", -1.5),
        ("0x10", 16),
        ("2024-01-01", "2024-01-01"),
        ("'12'", "12"),
        ("~", None),
        ("null", None),
        ("!!str 12", 12),
        (".5", 0.5),
        ("1_000", "1_000"),
    ],
)
def test_plain_words(text: str, value: Any) -> None:
    found = read_document(f"a: {text}\n", "x").value["a"]
    assert found == value
    assert type(found) is type(value)


def test_positions_of_keys_and_items() -> None:
    document = read_document("a:\n  - b: 1\n    c: [x, y]\n", "x")
    assert document.positions["a",] == (1, 1)
    assert document.positions["a", 0, "c"] == (3, 5)
    assert document.positions["a", 0, "c", 1] == (3, 12)


def test_merge_keys() -> None:
    text = "base: &b {x: 1, y: 2}\nit:\n  <<: *b\n  y: 3\n"
    assert read_document(text, "x").value["it"] == {"x": 1, "y": 3}


def test_json_is_read_too() -> None:
    assert read_document('{"a": [1, 2.5, "x\\u00e9", null, true]}', "x").value == {"a": [1, 2.5, "xé", None, True]}


def test_a_syntax_error_has_its_line() -> None:
    with pytest.raises(SourceError) as raised:
        read_document("a: 1\nb: [1, 2\nc: 3\n", "x.yaml")
    problem = raised.value.problems[0]
    assert (problem.file, problem.line) == ("x.yaml", 3)


def test_keys_may_stand_twice_where_that_is_allowed() -> None:
    document = read_document("a: 1\nb:\n  c: 2\n  c: 3\n", "x.yaml", may_repeat=True)
    assert document.value == {"a": 1, "b": {"c": 3}}
    assert [(one.line, one.what) for one in document.repeated] == [(4, "the key 'c' stands here twice")]


def test_aliases_and_merged_keys_have_values_and_places() -> None:
    document = read_document("a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\ne: *x\n", "x.yaml")
    assert document.value == {"a": {"b": 1}, "c": {"b": 1, "d": 2}, "e": {"b": 1}}
    assert document.positions["c", "d"] == (4, 3)


def test_a_mappings_own_keys_win_wherever_the_merged_one_stands() -> None:
    text = "b: &x {a: 2, c: 3}\nbefore: {a: 1, <<: *x}\nafter: {<<: *x, a: 5}\n"
    assert read_document(text, "x").value | {"b": None} == {
        "b": None,
        "before": {"a": 1, "c": 3},
        "after": {"a": 5, "c": 3},
    }
