"""`random_choice` and `if` → one value of a list, or one of several columns by a hidden one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sdgen.readers.drafts import spec
from sdgen.readers.snowfakery.cells import (
    TYPES,
    Cell,
    Function,
    Unread,
    Values,
    expression,
    kind_of,
    literal,
    plain,
)
from sdgen.readers.snowfakery.formulas import condition, is_formula
from sdgen.readers.snowfakery.recipe import Raw

Make = Callable[[Cell, Raw], Values]
_INTEGER = re.compile(r"-?\d{1,15}")


@dataclass(frozen=True)
class Choice:
    """One alternative: its value, weight, and condition, as far as they are given."""

    value: Any
    raw: Raw
    weight: float | None = None
    when: str = ""


def choices(cell: Cell, raw: Raw, value: Any, make: Make) -> Values | None:
    """`random_choice`: a list, or a mapping from values to weights."""
    found = _listed(raw, value)
    if not found:
        return None
    weights = [each.weight for each in found]
    given = None if None in weights else [each or 0.0 for each in weights]
    if given is not None and not any(given):
        return None
    if all(_is_plain(each.value) for each in found):
        return _values([each.value for each in found], given)
    made = [_alternative(cell, each, make) for each in found]
    if len(made) == 1:
        return made[0]
    # Alternatives that are computed can't be listed: a hidden number is drawn, and each of them has a column of its
    # own.
    pick = Values(spec("choice", values=list(range(len(made))), weights=given), "int", "int")
    ref = cell.hide(pick, f"{cell.field}_pick")
    cases = [(f"{ref.sql} = {number}", each) for number, each in enumerate(made[:-1])]
    return case(cell, cases, made[-1])


def _values(values: list[Any], weights: list[float] | None) -> Values:
    kinds = {kind_of(each) for each in values if each is not None}
    kind = kinds.pop() if len(kinds) == 1 else "float" if kinds == {"int", "float"} else "text"
    typed = TYPES.get(kind, "text")
    if kind == "text":
        values = [each if each is None or isinstance(each, str) else str(each) for each in values]
    if typed == "bigint" and not all(each is None or -(2**63) <= each < 2**63 for each in values):
        typed, kind, values = "text", "text", [each if each is None else str(each) for each in values]
    shown = [int(each) if each == each // 1 else each for each in weights] if weights else None
    return Values(spec("choice", values=values, weights=shown), typed, kind, nullable=None in values)


def _is_plain(value: Any) -> bool:
    return not isinstance(value, list | Mapping) and not is_formula(value)


def _listed(raw: Raw, value: Any) -> list[Choice]:
    if isinstance(value, Mapping):
        weighed = [(key, _weight(weight)) for key, weight in value.items()]
        known = all(weight is not None for _, weight in weighed)
        return [Choice(_number(key), raw.at(key, key), weight) for key, weight in weighed] if known else []
    found = []
    for index, each in enumerate(value if isinstance(value, list) else []):
        here = raw.at(index, each)
        # A choice with a weight or a condition is spelled out; any other element is the value itself.
        inner = each.get("choice") if isinstance(each, Mapping) and len(each) == 1 else None
        if isinstance(inner, Mapping):
            pick = inner.get("pick")
            weight = _weight(inner.get("probability"))
            found.append(Choice(pick, here.at("choice", inner).at("pick", pick), weight, str(inner.get("when") or "")))
        else:
            found.append(Choice(each, here))
    return found


def _weight(value: Any) -> float | None:
    """A weight, or a share in percent."""
    text = str(value).strip().removesuffix("%")
    try:
        weight = float(text)
    except ValueError:
        return None
    return weight if 0 <= weight < 1e15 else None


def _number(key: Any) -> Any:
    """A key as its plain value: keys of a mapping are texts."""
    text = str(key)
    return int(text) if _INTEGER.fullmatch(text) else None if text in ("NULL", "null", "~") else key


def _alternative(cell: Cell, choice: Choice, make: Make) -> Values:
    return make(cell, choice.raw)


def conditions(cell: Cell, raw: Raw, value: Any, make: Make, call: Function) -> Values | None:
    """`if`: the first choice whose `when` holds."""
    found = _listed(raw, value)
    try:
        tests = [condition(cell, each.raw, each.when, call) if each.when else "" for each in found]
    except Unread:
        return None
    made = [make(cell, each.raw) for each in found]
    if not found:
        return None
    rest = made[tests.index("")] if "" in tests else None
    cases = [(test, each) for test, each in zip(tests, made, strict=True) if test]
    return case(cell, cases, rest) if cases else rest


def case(cell: Cell, cases: list[tuple[str, Values]], rest: Values | None) -> Values:
    """One of several columns, each of them hidden unless it is a plain value."""
    made = [*(each for _, each in cases), *([rest] if rest else [])]
    if all(each.plain == (None,) for each in made):
        return plain(None)
    kinds = {each.kind for each in made if each.plain != (None,)}
    kind = kinds.pop() if len(kinds) == 1 else "float" if kinds == {"int", "float"} else "text"
    # CASE without ELSE is null where no condition holds.
    nullable = rest is None or any(each.nullable for each in made)
    parts = [f"when {test} then {_sql(cell, each, kind)}" for test, each in cases]
    if rest is not None and rest.plain != (None,):
        parts.append(f"else {_sql(cell, rest, kind)}")
    return expression(f"case {' '.join(parts)} end", kind, nullable)


def _sql(cell: Cell, made: Values, kind: str) -> str:
    if made.plain:
        sql = literal(made.plain[0])
    else:
        sql = cell.hide(made).sql
    # Dates of a recipe are texts in SQL, too, until they are cast.
    if made.plain != (None,) and (made.kind != kind or kind in ("date", "timestamp")):
        return f"cast({sql} as {_CASTS.get(kind, 'varchar')})"
    return sql


_CASTS = {"float": "double", "date": "date", "timestamp": "timestamp"}
