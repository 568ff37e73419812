"""How many rows a template makes: a number, a range, or a formula over options that can be computed beforehand."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sdgen.readers.snowfakery.recipe import Raw

MOST = 1 << 40
_LONGEST = 2000
_ALONE = re.compile(r"\s*(?:\$\{\{(.*?)\}\}|<<(.*?)>>)\s*", re.DOTALL)
_SIGNS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_CALLS: dict[str, Callable[..., Any]] = {"int": int, "round": round, "abs": abs, "min": min, "max": max, "float": float}


@dataclass(frozen=True)
class Count:
    """From `least` to `most` rows, each number equally likely. guessed: what could not be understood, or ""."""

    least: int = 1
    most: int = 1
    guessed: str = ""

    @property
    def fixed(self) -> bool:
        return self.least == self.most


def count_of(raw: Raw | None, options: Mapping[str, Any]) -> Count:
    """The count of a template; 1 where none is given."""
    if raw is None:
        return Count()
    value = raw.value
    if isinstance(value, Mapping) and len(value) == 1:
        ((key, inner),) = value.items()
        if key == "random_number" and isinstance(inner, Mapping):
            ends = [_whole(inner.get(end, otherwise), options) for end, otherwise in (("min", 0), ("max", None))]
            if ends[0] is not None and ends[1] is not None and ends[0] <= ends[1]:
                return Count(ends[0], ends[1])
        if key == "random_choice":
            found = [_whole(each, options) for each in _choices(inner)]
            known = [each for each in found if each is not None]
            if known and len(known) == len(found):
                return Count(min(known), max(known), "" if len(known) < 2 else "random_choice")
    whole = _whole(value, options)
    return Count(1, 1, f"{value!r}") if whole is None else Count(whole, whole)


def _choices(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value)
    found = []
    for each in value if isinstance(value, list) else []:
        choice = each.get("choice") if isinstance(each, Mapping) else None
        found.append(choice.get("pick") if isinstance(choice, Mapping) else each)
    return found


def _whole(value: Any, options: Mapping[str, Any]) -> int | None:
    number = computed(value, options)
    if isinstance(number, str):  # 100_000 is a number to recipes
        digits = number.strip().replace("_", "")
        number = int(digits) if digits.isdecimal() and len(digits) < 16 else None
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= MOST:
        return None
    return int(number)


def computed(value: Any, options: Mapping[str, Any]) -> Any:
    """A plain value, or what a formula over options comes to; None where it needs more than those."""
    match = _ALONE.fullmatch(value) if isinstance(value, str) and len(value) < _LONGEST else None
    if match is None:
        return value
    try:
        tree = ast.parse((match[1] or match[2]).strip(), mode="eval")
        return _value(tree.body, options)
    except (SyntaxError, ValueError, TypeError, ArithmeticError, LookupError, RecursionError, MemoryError):
        return None


def _value(node: ast.expr, options: Mapping[str, Any]) -> Any:
    """The value of an expression; ValueError or LookupError where it is none of those allowed."""
    match node:
        case ast.Constant(value=value) if isinstance(value, int | float | str):
            return value
        case ast.Name(id=name):
            found = options[name]
            return int(found) if isinstance(found, str) and found.isdigit() else found
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, options)
        case ast.BinOp(left=left, op=sign, right=right):
            one, other = _value(left, options), _value(right, options)
            if isinstance(one, str) or isinstance(other, str):
                raise ValueError("texts are not computed with")
            return _SIGNS[type(sign)](one, other)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _CALLS:
            return _CALLS[name](*(_value(each, options) for each in args))
    raise ValueError("not a plain formula")
