"""JSON documents: the same values and places as YAML's reader finds, only sooner."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdgen.errors import SourceError
from sdgen.readers.json_text import JsonPositions, read_json
from sdgen.readers.yaml_text import read_document

_TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\x7f", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=8
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(_TEXTS, _VALUES, max_size=4), st.sampled_from([None, 1, 2]))
def test_every_part_stands_where_its_text_says(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    document = read_document(text, "x.json")
    assert document.value == value
    assert isinstance(document.positions, JsonPositions)
    lines = text.split("\n")
    for path in document.positions:
        line, column = document.positions[path]
        rest = lines[line - 1][column - 1 :]
        wanted = value
        for part in path:
            wanted = wanted[part]
        start = json.dumps(path[-1]) if path and isinstance(path[-1], str) else json.dumps(wanted)[:1]
        assert rest.startswith(start)
    assert len(document.positions) == len(set(document.positions))


def test_what_is_not_there_has_no_place() -> None:
    positions = JsonPositions('{"a": [1, {"b": 2}]}')
    assert positions["a", 1, "b"] == (1, 12)
    assert positions.get(("a", 2)) is None
    assert positions.get(("a", 0, "b")) is None
    assert () in positions


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', '{"a": NaN}', '["\\ud83d"]', "{a: 1}", '{"a": 1'])
def test_what_is_no_sound_json_is_left_to_yaml(text: str) -> None:
    with pytest.raises(ValueError):
        read_json(text)


def test_mistakes_are_told_as_before() -> None:
    with pytest.raises(SourceError, match=r"x\.json:2:2: (a: )?the key 'a' stands here twice"):
        read_document('{"a": 1,\n "a": 2}', "x.json")
    assert read_document("{a: NaN}", "x.json").value == {"a": "NaN"}


def test_letters_in_two_halves() -> None:
    assert read_document('{"a": "\\ud83d\\ude9a \\\\ud83d"}', "x.json").value == {"a": "🚚 \\ud83d"}
