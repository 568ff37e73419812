"""TypeScript's declared types → shapes: names are followed through files, aliases, generics and utility types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sdgen.errors import Problem, SourceError
from sdgen.readers.moose.library import MOOSE, TYPIA
from sdgen.readers.moose.project import Project
from sdgen.readers.moose.shapes import Field, Shape, intersection, riddle, union
from sdgen.readers.moose.syntax import (
    Body,
    Declaration,
    Enum,
    KeysOf,
    ListOf,
    Lookup,
    Mapped,
    Module,
    Named,
    Odd,
    Ref,
    Row,
    Several,
    TypeNode,
    TypeOf,
    Value,
)
from sdgen.readers.moose.typescript import parsed
from sdgen.readers.moose.typescript_values import FUNCTION, KEYWORDS, UTILITIES, keys_of, looked_up, without_undefined

_DEEPEST = 80


@dataclass(frozen=True)
class Scope:
    """Where a type stands: its file, what its type parameters are, and what is being worked out around it."""

    module: Module
    bound: Mapping[str, Shape] = field(default_factory=dict)
    around: tuple[tuple[Path, str], ...] = ()
    depth: int = 0

    @property
    def deeper(self) -> Scope:
        return replace(self, depth=self.depth + 1)


Found = tuple[Module, Declaration | Enum]


class Modules:
    """The parsed files of a project, each read once."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.faults: list[Problem] = []
        self._parsed: dict[Path, Module | None] = {}

    def module(self, path: Path) -> Module | None:
        """What a file declares; None, and a fault, where it can't be read."""
        if path not in self._parsed:
            self._parsed[path] = self._read(path)
        return self._parsed[path]

    def _read(self, path: Path) -> Module | None:
        try:
            return parsed(self.project.text(path), path, self.project.shown(path))
        except SourceError as error:
            self.faults += error.problems
            return None

    def imported(self, module: Module, words: str) -> Module | None:
        path = self.project.find(module.path, words)
        return self.module(path) if path is not None else None

    def local(self, module: Module, name: str, seen: frozenset[tuple[Path, str]] = frozenset()) -> Found | None:
        """The declaration that a name means in a file."""
        if name in module.types:
            return module, module.types[name]
        if name not in module.imports:
            return None
        words, there = module.imports[name]
        other = self.imported(module, words)
        return self.exported(other, there, seen) if other is not None and there != "*" else None

    def exported(self, module: Module, name: str, seen: frozenset[tuple[Path, str]] = frozenset()) -> Found | None:
        """The declaration that a file exports under a name, through whatever it exports from others."""
        # Files may export each other in a circle.
        if (module.path, name) in seen:
            return None
        seen |= {(module.path, name)}
        found = self.local(module, module.default if name == "default" and module.default else name, seen)
        if found is not None:
            return found
        for words, names in module.reexports:
            other = self.imported(module, words) if names is None or name in names else None
            if other is not None:
                found = self.exported(other, name if names is None else names[name], seen)
                if found is not None:
                    return found
        return None

    def value(self, module: Module, path: tuple[str, ...], depth: int = 0) -> object:
        """What a constant's name stands for; Named again where it isn't known."""
        if depth > 8:
            return Named(path)
        if path[0] in module.values:
            found = module.values[path[0]]
            for part in path[1:]:
                found = found.get(part, Named(path)) if isinstance(found, dict) else Named(path)
            return (
                self.value(module, found.path, depth + 1) if isinstance(found, Named) and found.path != path else found
            )
        words, there = module.imports.get(path[0], ("", ""))
        other = self.imported(module, words) if words and there != "*" else None
        if other is None:
            return Named(path)
        return self._exported_value(other, there, path[1:], depth)

    def _exported_value(self, module: Module, name: str, rest: tuple[str, ...], depth: int) -> object:
        if name in module.values or name in module.imports:
            return self.value(module, (name, *rest), depth + 1)
        for words, names in module.reexports:
            other = self.imported(module, words) if depth < 8 and (names is None or name in names) else None
            if other is not None:
                found = self._exported_value(other, name if names is None else names[name], rest, depth + 1)
                if not isinstance(found, Named):
                    return found
        return Named((name, *rest))


class Resolver:
    """Works out types of one project."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        self._known: dict[tuple[Path, str], Shape] = {}

    def shape(self, node: TypeNode, scope: Scope) -> Shape:
        """A type's shape; a riddle where it can't be known."""
        if scope.depth > _DEEPEST:
            return riddle("it is nested too deeply")
        scope = scope.deeper
        match node:
            case Ref():
                return self._reference(node, scope)
            case Value(value):
                return Shape("const", value=value)
            case Several(parts, is_union):
                return (union if is_union else intersection)(self.shape(part, scope) for part in parts)
            case ListOf(item):
                return Shape("list", items=(self.shape(item, scope),))
            case Row(items):
                return Shape("tuple", items=tuple(self.shape(item, scope) for item in items))
            case Body():
                return self._object(node, scope)
            # These two forms ask for values of constants, which the text tells; any other `typeof` takes a compiler.
            case Lookup(TypeOf(name), Ref("number")):
                return self._listed(name, scope)
            case Lookup(TypeOf(name), KeysOf(TypeOf(other))) if name == other:
                return self._enumerated(name, scope)
            case Lookup(base, key):
                return looked_up(self.shape(base, scope), self.shape(key, scope))
            case KeysOf(base):
                return keys_of(self.shape(base, scope))
            case Mapped():
                return self._mapped(node, scope)
            case TypeOf(name):
                return riddle(f"`typeof {name}` takes a TypeScript compiler to work out")
            case Odd(what):
                return riddle(f"{what} takes a TypeScript compiler to work out")

    def _object(self, node: Body, scope: Scope) -> Shape:
        name = scope.around[-1][1] if scope.around else ""
        fields = {
            each.name: Field(
                name=each.name,
                shape=self.shape(each.type, scope),
                optional=each.optional,
                comment=each.comment,
                aside=each.aside,
                line=each.line,
                file=scope.module.file,
            )
            for each in node.members
        }
        index = (self.shape(node.index[0], scope), self.shape(node.index[1], scope)) if node.index else None
        return Shape("object", name, fields=tuple(fields.values()), index=index)

    def _mapped(self, node: Mapped, scope: Scope) -> Shape:
        """A field for each key, with what is said of the field it is made of; functions are left out."""
        keys = self.shape(node.keys, scope)
        if keys.kind == "string":
            return Shape("map", items=(keys, self.shape(node.value, scope)))
        if keys.kind not in ("const", "union"):
            return keys if keys.kind == "riddle" else riddle("a mapped type of keys that aren't known")
        base = self.shape(node.keys.base, scope).all_fields if isinstance(node.keys, KeysOf) else {}
        fields = []
        for key in keys.items or (keys,):
            name = str(key.value)
            shape = self.shape(node.value, replace(scope, bound={**scope.bound, node.name: key}))
            before = base.get(name, Field(name, shape, False, file=scope.module.file))
            optional = before.optional if node.optional is None else node.optional
            shape = without_undefined(shape) if node.optional is False or before.optional else shape
            if shape is not FUNCTION:
                fields.append(replace(before, shape=shape, optional=optional))
        return Shape("object", fields=tuple(fields))

    def _reference(self, node: Ref, scope: Scope) -> Shape:
        # A type parameter hides declarations of its name.
        if not node.space and not node.args and node.name in scope.bound:
            return scope.bound[node.name]
        # The project's own declaration goes before a built-in or a library's type of the same name.
        found = self._declared(node, scope)
        if found is not None:
            return self._follow(found, tuple(self.shape(each, scope) for each in node.args), scope)
        if node.name in UTILITIES and not node.space:
            return UTILITIES[node.name](tuple(self.shape(each, scope) for each in node.args))
        if node.name in KEYWORDS and not node.args:
            return KEYWORDS[node.name]
        # Both libraries have types of one name: `Type` and `Format` are typia's, mostly as tags.Type.
        typia = node.space.endswith("tags") or self._comes_from(scope.module, node.name, "typia")
        maker = TYPIA.get(node.name) if typia else MOOSE.get(node.name)
        if maker is not None:
            return maker(tuple(self.shape(each, scope) for each in node.args))
        return riddle(self._missing(node, scope.module))

    def _declared(self, node: Ref, scope: Scope) -> Found | None:
        if not node.space:
            return self.modules.local(scope.module, node.name)
        words, there = scope.module.imports.get(node.space.partition(".")[0], ("", ""))
        other = self.modules.imported(scope.module, words) if there == "*" else None
        if other is not None:
            return self.modules.exported(other, node.name)
        owner = self.modules.local(scope.module, node.space)  # one member of an enum
        if owner is not None and isinstance(owner[1], Enum):
            return owner
        return self.modules.local(scope.module, node.name)  # a namespace of this file

    def _comes_from(self, module: Module, name: str, package: str) -> bool:
        return module.imports.get(name, ("", ""))[0].partition("/")[0] == package

    def _missing(self, node: Ref, module: Module) -> str:
        words = module.imports.get(node.space.partition(".")[0] or node.name, ("", ""))[0]
        name = f"{node.space}.{node.name}".lstrip(".")
        if not words:
            return f"the type {name} is not declared"
        outside = "is outside the project (of a workspace, read the folder that holds both)"
        where = "isn't there" if words.startswith(".") else outside
        return f"the type {name} comes from {words}, which {where}"

    def _follow(self, found: Found, args: tuple[Shape, ...], scope: Scope) -> Shape:
        module, declared = found
        key = (module.path, declared.name)
        if isinstance(declared, Enum):
            return enum_shape(declared)
        if key in scope.around:
            return riddle(f"{declared.name} refers to itself")
        # A generic type is another one for each of its arguments, so only plain ones are kept.
        if not declared.params and key in self._known:
            return self._known[key]
        # The declaration is worked out where it stands: none of the parameters around the reference are known there.
        within = Scope(module, {}, (*scope.around, key), scope.depth)
        bound: dict[str, Shape] = {}
        for place, name in enumerate(declared.params):
            default = declared.defaults[place] if place < len(declared.defaults) else None
            if place < len(args):
                bound[name] = args[place]
            else:
                bound[name] = self.shape(default, within) if default is not None else riddle(f"{name} is not given")
        shape = self.shape(declared.type, replace(within, bound=bound))
        if shape.kind == "object":
            shape = replace(shape, name=declared.name)
        if not declared.params:
            self._known[key] = shape
        return shape

    def _listed(self, name: str, scope: Scope) -> Shape:
        """`(typeof STATES)[number]`: one of a constant list's values."""
        value = self.modules.value(scope.module, tuple(name.strip("()").split(".")))
        if isinstance(value, list) and value and all(isinstance(each, str | int | float) for each in value):
            return union(Shape("const", value=each) for each in value)
        return riddle(f"the values of {name} are not known")

    def _enumerated(self, name: str, scope: Scope) -> Shape:
        """`(typeof States)[keyof typeof States]`: one of a constant object's values."""
        value = self.modules.value(scope.module, tuple(name.strip("()").split(".")))
        if isinstance(value, dict) and value and all(isinstance(each, str | int | float) for each in value.values()):
            return union(Shape("const", value=each) for each in value.values())
        return riddle(f"the values of {name} are not known")


def enum_shape(enum: Enum) -> Shape:
    """An enum: all texts or all whole numbers, as Moose asks."""
    values = [value for _, value in enum.members]
    texts = all(isinstance(value, str) for value in values)
    numbers = all(isinstance(value, int) and not isinstance(value, bool) for value in values)
    if not values or not (texts or numbers):
        return riddle(f"the values of enum {enum.name} are neither all texts nor all whole numbers")
    members = tuple((name, value) for name, value in enum.members if value is not None)
    return Shape("enum", enum.name, members=members)
