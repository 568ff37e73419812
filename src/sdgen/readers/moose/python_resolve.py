"""Python's annotations → shapes: aliases, enums, models and what they inherit are followed through files."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdgen.readers.moose.library import MOOSE
from sdgen.readers.moose.python_library import ANNOTATIONS, CALLS, PLAIN, WRAPPERS, limits_of
from sdgen.readers.moose.python_modules import Declared, PythonModule, PythonModules, dotted, plain_value
from sdgen.readers.moose.shapes import ANY, Field, Shape, intersection, riddle, tag, union
from sdgen.readers.moose.syntax import Enum, Literal
from sdgen.readers.moose.typescript_resolve import enum_shape

_DEEPEST = 60
Around = tuple[tuple[Path, str], ...]


class PythonResolver:
    """Works out annotations of one project."""

    def __init__(self, modules: PythonModules) -> None:
        self.modules = modules
        # By file and name: two files may have models of one name.
        self._known: dict[tuple[Path, str], Shape] = {}

    def shape(self, node: ast.expr | None, module: PythonModule, around: Around = (), depth: int = 0) -> Shape:
        """An annotation's shape; a riddle where it can't be known."""
        depth += 1
        if depth > _DEEPEST:
            return riddle("it is nested too deeply")
        match node:
            case None:
                return ANY
            case ast.Constant(value=None):
                return Shape("null")
            case ast.Constant(value=str(text)):
                # A text in an annotation is a type that is declared further below.
                return self._forward(text, module, around, depth)
            case ast.BinOp(op=ast.BitOr()):
                return union(
                    (self.shape(node.left, module, around, depth), self.shape(node.right, module, around, depth))
                )
            case ast.Subscript():
                return self._subscript(node, module, around, depth)
            case ast.Call():
                return self._called(node, module, around, depth)
            case ast.Name() | ast.Attribute():
                return self._named(node, module, around, depth)
        return riddle(f"{ast.unparse(node)[:60]} is no annotation that is understood")

    def _forward(self, text: str, module: PythonModule, around: Around, depth: int) -> Shape:
        try:
            return self.shape(ast.parse(text.strip(), mode="eval").body, module, around, depth)
        except (SyntaxError, ValueError):
            return riddle(f"{text[:40]!r} is no annotation")

    def _named(self, node: ast.expr, module: PythonModule, around: Around, depth: int) -> Shape:
        path = dotted(node)
        # The project's own declaration goes first: a model may be called like a type of the library.
        found = self.modules.find(module, path) if path else None
        if found is not None:
            return self._follow(found, around, depth)
        name = path[-1] if path else ""
        if name in PLAIN:
            return PLAIN[name]
        maker = MOOSE.get(name) or MOOSE.get(f"ClickHouse{name}")
        if maker is not None:
            return maker(())
        source = module.imports.get(path[0]) if path else None
        where = (
            f" comes from {source.module}, which is outside the project" if source is not None else " is not declared"
        )
        return riddle(f"the type {'.'.join(path) or ast.unparse(node)[:40]}{where}")

    def _follow(self, found: Declared, around: Around, depth: int) -> Shape:
        if not isinstance(found.node, ast.ClassDef):
            return self.shape(found.node, found.module, around, depth)
        key = (found.module.path, found.node.name)
        if key in around:
            return riddle(f"{found.node.name} refers to itself")
        if key not in self._known:
            self._known[key] = self.of_class(found.node, found.module, (*around, key), depth)
        return self._known[key]

    def of_class(self, node: ast.ClassDef, module: PythonModule, around: Around = (), depth: int = 0) -> Shape:
        """A model's shape, or an enum's."""
        if is_enum(node, module, self.modules):
            return enum_shape(Enum(node.name, members_of(node), node.lineno))
        fields: dict[str, Field] = {}
        # Reversed, as Pydantic takes them: the first base has the last word, the fields of the last one stand first.
        for base in reversed(node.bases):
            above = self.modules.find(module, dotted(base)) if dotted(base) else None
            if above is not None and isinstance(above.node, ast.ClassDef) and depth < _DEEPEST:
                inherited = self._follow(above, around, depth + 1)
                fields.update(inherited.all_fields if inherited.kind == "object" else {})
        for spec in fields_of(node, module):
            shape = self.shape(spec.annotation, module, around, depth)
            shape = shape.marked(**spec.marks) if spec.marks else shape
            own = Field(spec.name, shape, False, spec.comment, spec.aside, spec.line, module.file)
            # A field that is declared anew stays where it was. It may have an alias now: the inherited one goes by the
            # attribute's own name.
            if spec.attribute in fields:
                fields = {own.name if name == spec.attribute else name: each for name, each in fields.items()}
            fields[own.name] = own
        return Shape("object", node.name, fields=tuple(fields.values()))

    def _subscript(self, node: ast.Subscript, module: PythonModule, around: Around, depth: int) -> Shape:
        name = (dotted(node.value) or ("",))[-1]
        args = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name == "Annotated":
            return self._annotated(args, module, around, depth)
        if name == "Literal":
            values = [plain_value(each) for each in args]
            known = all(isinstance(value, str | int | float) for value in values)
            return union(Shape("const", value=value) for value in values) if known else riddle("a Literal of names")  # type: ignore[arg-type]
        # Pydantic makes no field of these, so they get no column either.
        if name in ("ClassVar", "Final", "InitVar"):
            return riddle(f"{name} is no field")
        shapes = tuple(self.shape(each, module, around, depth) for each in args)
        wrapper = WRAPPERS.get(name)
        if wrapper is not None:
            return wrapper(shapes)
        found = self.modules.find(module, dotted(node.value)) if dotted(node.value) else None
        if found is not None:
            return self._follow(found, around, depth)
        return riddle(f"{name or ast.unparse(node.value)[:40]}[...] is no annotation that is understood")

    def _annotated(self, args: list[ast.expr], module: PythonModule, around: Around, depth: int) -> Shape:
        base = self.shape(args[0], module, around, depth)
        return intersection((base, *(self._annotation(each, module, around, depth) for each in args[1:])))

    def _annotation(self, node: ast.expr, module: PythonModule, around: Around, depth: int) -> Shape:
        """What stands in Annotated behind the type: a word, the library's own call, or something of others."""
        found = self.modules.find(module, dotted(node)) if dotted(node) else None
        # An alias: `Money = clickhouse_decimal(10, 2)` stands for what it is assigned.
        if found is not None and not isinstance(found.node, ast.ClassDef):
            return self._annotation(found.node, found.module, around, depth + 1) if depth < _DEEPEST else tag()
        if isinstance(node, ast.Constant):
            return tag(**ANNOTATIONS.get(str(node.value), {}))
        if isinstance(node, ast.Name) and node.id in ANNOTATIONS:
            return tag(**ANNOTATIONS[node.id])
        return self._call(node, module, around, depth) or tag() if isinstance(node, ast.Call) else tag()

    def _called(self, node: ast.Call, module: PythonModule, around: Around, depth: int) -> Shape:
        """A call that stands for a type: `clickhouse_decimal(10, 2)`, `simple_aggregated("sum", UInt64)`."""
        made = self._call(node, module, around, depth)
        if made is None:
            return riddle(f"{ast.unparse(node.func)[:40]}(...) is known only when the program runs")
        return made

    def _call(self, node: ast.Call, module: PythonModule, around: Around, depth: int) -> Shape | None:
        name = (dotted(node.func) or ("",))[-1]
        make = CALLS.get(name)
        if make is None:
            return None
        named: Mapping[str, Any] = {each.arg: each.value for each in node.keywords if each.arg}
        return make(list(node.args), named, lambda inner: self.shape(inner, module, around, depth))


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
        # Field(...) is written as the value or inside Annotated; as the value it goes first.
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
        # auto() counts on from the last number that was given.
        following = value + 1 if isinstance(value, int) else following
    return tuple(found)
