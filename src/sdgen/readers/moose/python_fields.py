"""The fields of a Python model, and the members of an enum, as its class declares them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sdgen.readers.moose.python_library import limits_of
from sdgen.readers.moose.python_modules import PythonModule, PythonModules, dotted, plain_value
from sdgen.readers.moose.syntax import Literal

_ENUMS = frozenset({"Enum", "IntEnum", "StrEnum", "IntFlag", "Flag"})
_FIELDS = frozenset({"Field", "field"})
_ALIASES = ("serialization_alias", "alias", "validation_alias")


@dataclass(frozen=True)
class FieldSpec:
    """A field: `name` is the column's, `attribute` the class's own name for it."""

    name: str
    attribute: str
    annotation: ast.expr
    comment: str
    aside: str
    line: int
    marks: Mapping[str, Any] = field(default_factory=dict)


def fields_of(node: ast.ClassDef, module: PythonModule) -> Iterator[FieldSpec]:
    """A class's own fields, in order; private ones and class variables are none."""
    for place, statement in enumerate(node.body):
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        name = statement.target.id
        if name.startswith("_") or name == "model_config" or _is_class_variable(statement.annotation):
            continue
        named = _field_call(statement)
        alias = next((alias for key in _ALIASES if isinstance(alias := plain_value(named.get(key)), str)), name)
        said = plain_value(named.get("description"))
        documented = said if isinstance(said, str) else _docstring(node.body, place)
        behind = module.comment(statement.end_lineno or statement.lineno) or module.comment(statement.lineno)
        yield FieldSpec(
            alias,
            name,
            statement.annotation,
            documented or behind,
            behind if documented else "",
            statement.lineno,
            limits_of(named),
        )


def _is_class_variable(annotation: ast.expr) -> bool:
    base = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return (dotted(base) or ("",))[-1] == "ClassVar"


def _field_call(statement: ast.AnnAssign) -> Mapping[str, ast.expr]:
    """The arguments of pydantic's Field(...), as the value or within Annotated."""
    found: dict[str, ast.expr] = {}
    inside = statement.annotation
    if isinstance(inside, ast.Subscript) and isinstance(inside.slice, ast.Tuple):
        for each in inside.slice.elts:
            found.update(_arguments(each))
    return {**found, **_arguments(statement.value)}


def _arguments(node: ast.expr | None) -> dict[str, ast.expr]:
    if not isinstance(node, ast.Call) or (dotted(node.func) or ("",))[-1] not in _FIELDS:
        return {}
    return {each.arg: each.value for each in node.keywords if each.arg}


def _docstring(body: list[ast.stmt], place: int) -> str:
    """A text that stands right below a field speaks of it."""
    below = body[place + 1] if place + 1 < len(body) else None
    if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
        return below.value.value.strip()
    return ""


def is_enum(node: ast.ClassDef, module: PythonModule, modules: PythonModules, depth: int = 0) -> bool:
    for base in node.bases:
        path = dotted(base)
        if path and path[-1] in _ENUMS:
            return True
        above = modules.find(module, path) if path else None
        if above is None or not isinstance(above.node, ast.ClassDef) or above.node is node or depth > 12:
            continue
        if is_enum(above.node, above.module, modules, depth + 1):
            return True
    return False


def members_of(node: ast.ClassDef) -> tuple[tuple[str, Literal | None], ...]:
    """An enum's members; `auto()` counts on, or gives a StrEnum's name in lower case."""
    bases = {(dotted(base) or ("",))[-1] for base in node.bases}
    found: list[tuple[str, Literal | None]] = []
    following = 1
    for statement in node.body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            continue
        name = statement.targets[0].id
        value = plain_value(statement.value)
        if isinstance(statement.value, ast.Call) and (dotted(statement.value.func) or ("",))[-1] == "auto":
            value = name.lower() if bases & {"StrEnum", "str"} else following
        if not name.startswith("_"):
            found.append((name, value if isinstance(value, str | int | float) else None))
        following = value + 1 if isinstance(value, int) else following
    return tuple(found)
