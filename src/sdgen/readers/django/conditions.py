"""Values and conditions in the source of models: literals, choices, and Q objects as SQL."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any


class Unknown(Exception):
    """What is known only when the program runs; the text is its source."""


def dotted(node: ast.expr) -> str:
    """`models.CharField` of a name or an attribute; "" of anything else."""
    if isinstance(node, ast.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return node.id if isinstance(node, ast.Name) else ""


def last_name(node: ast.expr) -> str:
    """The last part of a dotted name, or of what is called."""
    return dotted(node.func if isinstance(node, ast.Call) else node).rpartition(".")[2]


@dataclass(frozen=True)
class Values:
    """The names that a class knows: its own, then those of the classes and modules around it."""

    names: Mapping[str, ast.expr]
    classes: Mapping[str, ast.ClassDef]

    def value(self, node: ast.expr, depth: int = 0) -> Any:
        """A literal value, names and members of choices followed; Unknown for what is computed."""
        if depth > 12:
            raise Unknown(ast.unparse(node))
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            return [self.value(each, depth + 1) for each in node.elts]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            found = self.value(node.operand, depth + 1)
            if isinstance(found, int | float | Decimal):
                return -found
        if isinstance(node, ast.Name) and node.id in self.names:
            return self.value(self.names[node.id], depth + 1)
        if isinstance(node, ast.Attribute):
            return self._member(node, depth)
        # Translated labels and Decimal("1.5") stand for what is in their parentheses.
        if isinstance(node, ast.Call) and last_name(node) in ("_", "gettext_lazy", "gettext", "Decimal") and node.args:
            found = self.value(node.args[0], depth + 1)
            return _number(found) if last_name(node) == "Decimal" else found
        raise Unknown(ast.unparse(node))

    def _member(self, node: ast.Attribute, depth: int) -> Any:
        """`Status.DRAFT`, `Status.DRAFT.value`, `Status.choices`, `Status.values`."""
        if node.attr == "value":
            return self.value(node.value, depth + 1)
        owner = self.classes.get(last_name(node.value))
        if owner is None:
            raise Unknown(ast.unparse(node))
        members = self.members(owner)
        if node.attr in ("choices", "values"):
            return [(each, each) for each in members.values()] if node.attr == "choices" else [*members.values()]
        if node.attr not in members:
            raise Unknown(ast.unparse(node))
        return members[node.attr]

    def members(self, owner: ast.ClassDef) -> dict[str, Any]:
        """The members of an enumeration by name, or the constants of a class."""
        found: dict[str, Any] = {}
        for each in owner.body:
            if isinstance(each, ast.Assign) and len(each.targets) == 1 and isinstance(each.targets[0], ast.Name):
                # `DRAFT = "d", "Draft"` is a value and its label.
                first = each.value.elts[0] if isinstance(each.value, ast.Tuple) and each.value.elts else each.value
                try:
                    found[each.targets[0].id] = self.value(first)
                except Unknown:
                    continue
        return found

    def choices(self, node: ast.expr) -> list[Any]:
        """The values of `choices=`: of pairs, groups of pairs, a mapping, or an enumeration."""
        if isinstance(node, ast.Name) and node.id in self.classes:
            return [*self.members(self.classes[node.id]).values()]
        if isinstance(node, ast.Name) and node.id in self.names:
            return self.choices(self.names[node.id])
        if isinstance(node, ast.Dict):
            return [self.value(each) for each in node.keys if each is not None]
        if isinstance(node, ast.Tuple | ast.List):
            return [value for each in node.elts for value in self._choice(each)]
        return [each[0] if isinstance(each, tuple | list) else each for each in self.value(node)]

    def _choice(self, node: ast.expr) -> list[Any]:
        if isinstance(node, ast.Tuple | ast.List) and len(node.elts) == 2:
            # A pair whose second part is a list is a group: its name is no value.
            if isinstance(node.elts[1], ast.Tuple | ast.List):
                return [value for each in node.elts[1].elts for value in self._choice(each)]
            return [self.value(node.elts[0])]
        return [self.value(node)]


def literal(value: Any) -> str:
    """A value in SQL."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    raise Unknown(repr(value))


def _number(text: Any) -> Decimal:
    with suppress(InvalidOperation, ValueError, TypeError):
        found = Decimal(text)
        if found.is_finite():
            return found
    raise Unknown(repr(text))


_COMPARED = {"exact": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_MATCHED = {"startswith": "{}%", "endswith": "%{}", "contains": "%{}%"}


def condition(node: ast.expr, values: Values, column: Callable[[str], str]) -> str:
    """A Q object as SQL; Unknown where it says what SQL here can't."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr):
        word = "AND" if isinstance(node.op, ast.BitAnd) else "OR"
        return f"({condition(node.left, values, column)} {word} {condition(node.right, values, column)})"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
        return f"NOT ({condition(node.operand, values, column)})"
    if isinstance(node, ast.Call) and last_name(node) == "Q":
        parts = [condition(each, values, column) for each in node.args]
        parts += [_lookup(each, values, column) for each in node.keywords if each.arg]
        if parts:
            return "(" + " AND ".join(parts) + ")"
    raise Unknown(ast.unparse(node))


def _lookup(word: ast.keyword, values: Values, column: Callable[[str], str]) -> str:
    name, _, lookup = (word.arg or "").partition("__")
    left = f'"{column(name)}"'
    if lookup == "isnull":
        return f"{left} IS {'NULL' if values.value(word.value) else 'NOT NULL'}"
    if lookup in ("in", "range"):
        items = word.value.elts if isinstance(word.value, ast.List | ast.Tuple | ast.Set) else None
        found = (
            [_side(each, values, column) for each in items]
            if items is not None
            else [literal(each) for each in values.value(word.value)]
        )
        return f"{left} IN ({', '.join(found)})" if lookup == "in" else f"{left} BETWEEN {found[0]} AND {found[-1]}"
    if lookup in _MATCHED:
        return f"{left} LIKE {literal(_MATCHED[lookup].format(values.value(word.value)))}"
    if lookup == "regex":
        return f"{left} ~ {literal(values.value(word.value))}"
    mark = _COMPARED.get(lookup or "exact")
    if mark is None:
        raise Unknown(f"{word.arg}={ast.unparse(word.value)}")
    # `= NULL` is never true in SQL, while Django's filter by None finds nulls.
    if isinstance(word.value, ast.Constant) and word.value.value is None:
        return f"{left} IS NULL"
    return f"{left} {mark} {_side(word.value, values, column)}"


_MARKS: Mapping[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%"}
_FUNCTIONS = frozenset({"Lower", "Upper", "Trim", "Length", "Coalesce", "Greatest", "Least", "Abs", "Round", "Concat"})


def expression(node: ast.expr, values: Values, column: Callable[[str], str]) -> str:
    """A value, `F("other")`, what these are added up to, or a function of such; a plain text names a field."""
    named = isinstance(node, ast.Constant) and isinstance(node.value, str)
    if named or (isinstance(node, ast.Call) and last_name(node) == "F" and node.args):
        return f'"{column(str(values.value(node.args[0] if isinstance(node, ast.Call) else node)))}"'
    if isinstance(node, ast.BinOp) and type(node.op) in _MARKS:
        left, right = (expression(each, values, column) for each in (node.left, node.right))
        return f"({left} {_MARKS[type(node.op)]} {right})"
    if isinstance(node, ast.Call) and last_name(node) in _FUNCTIONS and node.args:
        return f"{last_name(node).lower()}({', '.join(expression(each, values, column) for each in node.args)})"
    if isinstance(node, ast.Call) and last_name(node) == "Value" and node.args:
        return literal(values.value(node.args[0]))
    return literal(values.value(node))


def _side(node: ast.expr, values: Values, column: Callable[[str], str]) -> str:
    """What a field is compared with: a plain text is a value here."""
    if isinstance(node, ast.Call | ast.BinOp) and last_name(node) != "Decimal":
        return expression(node, values, column)
    return literal(values.value(node))
