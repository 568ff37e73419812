"""Scores beside ids: where 0 stands for no topic in `topic_id_1`, `topic_score_1` is 0 in the same rows."""

from __future__ import annotations

from collections.abc import Mapping

from sdgen.read.moose.known import Known, is_number

_SCORES = frozenset({"score", "confidence", "probability", "similarity", "weight"})
_AROUND = frozenset({"id", "topic", "class", "label", "cluster", "count"})


def shared_zeros(columns: Mapping[str, Known]) -> dict[str, str]:
    """Scores, with the ids that say whether there is one: 0 or null where there is none."""
    ids = {_core(column, {"id"}): column for column in columns.values() if "id" in column.words and is_number(column)}
    found = {}
    for column in columns.values():
        if _SCORES & set(column.words) and column.kind in ("float", "double", "decimal") and column.sentinel:
            other = ids.get(_core(column, _SCORES))
            if other is not None and (other.sentinel or other.type.takes_null or "top" in other.words):
                found[column.name] = other.name
    return found


def _core(column: Known, own: frozenset[str] | set[str]) -> tuple[str, ...]:
    """What a column is about, without the words for what it says of that."""
    words = tuple(word for word in column.words if word not in own | _AROUND)
    return words or tuple(word for word in column.words if word not in own)
