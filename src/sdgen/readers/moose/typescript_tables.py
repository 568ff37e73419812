"""The tables that TypeScript files declare: OlapTable, IngestPipeline, MaterializedView, and exported data models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sdgen.readers.moose.project import Project
from sdgen.readers.moose.shapes import MooseTable, Notes, Shape, riddle, unknown_text
from sdgen.readers.moose.syntax import Body, Call, Declaration, Module, Named, Ref, Several
from sdgen.readers.moose.typescript_resolve import Modules, Resolver, Scope
from sdgen.readers.moose.typescript_values import SPREAD

LIBRARY = "moose-lib"
_NAMES = ("table_name", "name")
_OWN = ("order_by_fields", "engine", "order_by_expression")


def typescript_tables(project: Project, paths: Iterable[Path], notes: Notes) -> list[MooseTable]:
    """The tables of some files of a project, in the order they are declared."""
    return _Collector(project, notes).tables(list(paths))


class _Collector:
    def __init__(self, project: Project, notes: Notes) -> None:
        self.project = project
        self.modules = Modules(project)
        self.resolver = Resolver(self.modules)
        self.notes = notes

    def tables(self, paths: list[Path]) -> list[MooseTable]:
        modules = [module for path in paths if (module := self.modules.module(path)) is not None]
        if len(paths) == 1 and modules:
            modules = self._reached(modules[0])
        for module in modules:
            if module.faulty:
                what = "the parser does not understand the source here: what it can't read is left out"
                self.notes.add((), what, module.file, module.faulty)
        found = [table for module in modules for call in module.calls for table in self._called(module, call)]
        found = found or [table for module in modules for table in self._models(module)]
        self.notes.found += self.modules.faults
        return found

    def _reached(self, first: Module) -> list[Module]:
        """A file and those whose tables it makes known by exporting them; where there are none, those it imports."""
        found = {first.path: first}
        waiting = [first]
        while waiting:
            module = waiting.pop(0)
            for words, _ in module.reexports:
                self._reach(module, words, found, waiting)
        if not any(module.calls for module in found.values()):
            for words, _ in first.imports.values():
                self._reach(first, words, found, waiting)
        return list(found.values())

    def _reach(self, module: Module, words: str, found: dict[Path, Module], waiting: list[Module]) -> None:
        other = self.modules.imported(module, words)
        if other is not None and other.path not in found:
            found[other.path] = other
            waiting.append(other)

    def _called(self, module: Module, call: Call) -> Iterator[MooseTable]:
        if call.name == "MaterializedView":
            yield from self._view(module, call)
            return
        name = self._settled(module, call.args[0]) if call.args else None
        if not isinstance(name, str) or not name:
            self._tell(module, call, "has no name that can be read, and is left out")
            return
        config = self._config(module, call.args[1] if len(call.args) > 1 else {})
        if call.name == "IngestPipeline":
            table = config.get("table", False)
            if table is False or table is None:
                return
            inner = table if isinstance(table, Mapping) else {}
            version = {"version": config["version"]} if "version" in config else {}
            config = {**version, **inner}
        yield from self._table(module, call, name, config)

    def _view(self, module: Module, call: Call) -> Iterator[MooseTable]:
        """A view's target table, where the view declares it itself."""
        config = self._config(module, call.args[0] if call.args else {})
        target = config.get("target_table")
        if isinstance(target, Named):
            return  # a table that is declared elsewhere
        inner = {**config, **(target if isinstance(target, Mapping) else {})}
        name = inner["name"] if isinstance(target, Mapping) and "name" in inner else inner.get("table_name")
        if not isinstance(name, str):
            if name is not None or target is not None:
                self._tell(module, call, "has a target table whose name can't be read, and is left out")
            return
        # A view's config speaks of the view; only these words are of its target table.
        own = {key: value for key, value in inner.items() if key in _OWN}
        yield from self._table(module, call, name, own)

    def _table(self, module: Module, call: Call, name: str, config: Mapping[str, Any]) -> Iterator[MooseTable]:
        shape = riddle("it names no type in <>") if call.type is None else self._shape(module, call)
        if shape.kind != "object":
            why = shape.name if shape.kind == "riddle" else f"its type is {shape.kind}, not an object"
            self._tell(module, call, f"{name} is left out: {why}")
            return
        for key, value in config.items():
            if unknown_text(value) and key != "engine":
                what = f"{call.name} {name}: {key} is known only when the program runs, and is left out"
                self.notes.add((), f"{what} ({unknown_text(value)})", module.file, call.line)
        # An engine's name may be written as a member of an enumeration, which is unknown as a value and tells all the
        # same.
        known = {key: value for key, value in config.items() if key == "engine" or not unknown_text(value)}
        model = _model(call)
        comment = self._comment(module, model)
        yield MooseTable(name, model, shape, known, call.name, comment, module.file, call.line, call.assigned)

    def _shape(self, module: Module, call: Call) -> Shape:
        assert call.type is not None
        return self.resolver.shape(call.type, Scope(module))

    def _comment(self, module: Module, model: str) -> str:
        found = self.modules.local(module, model) if model else None
        return found[1].comment if found is not None and isinstance(found[1], Declaration) else ""

    def _tell(self, module: Module, call: Call, what: str) -> None:
        self.notes.add((), f"{call.name} {what}", module.file, call.line)

    def _config(self, module: Module, value: object) -> dict[str, Any]:
        """A config object with the constants it names and spreads written out, its keys in snake_case."""
        settled = self._settled(module, value)
        return {snake(key): inner for key, inner in settled.items()} if isinstance(settled, dict) else {}

    def _settled(self, module: Module, value: object, depth: int = 0) -> object:
        if depth > 12:
            return value
        if isinstance(value, Named):
            found = self.modules.value(module, value.path)
            return self._settled(module, found, depth + 1) if not isinstance(found, Named) else value
        if isinstance(value, list):
            return [self._settled(module, each, depth + 1) for each in value]
        if not isinstance(value, dict):
            return value
        spread = [self._settled(module, each, depth + 1) for each in value.get(SPREAD, [])]
        merged = {key: inner for each in spread if isinstance(each, dict) for key, inner in each.items()}
        own = {key: self._settled(module, inner, depth + 1) for key, inner in value.items() if key != SPREAD}
        if depth:
            return {**merged, **own}
        return {**merged, **{key: _object_keys(inner) if key in _NESTED else inner for key, inner in own.items()}}

    def _models(self, module: Module) -> Iterator[MooseTable]:
        """The exported interfaces of a file that declares no tables: its data models, where Moose's library is used."""
        moose = any(LIBRARY in words for words, _ in module.imports.values())
        # Any TypeScript file has exported interfaces: without the library they are no tables.
        if not moose and "datamodels" not in module.path.parts:
            return
        for name, declared in module.types.items():
            if not isinstance(declared, Declaration) or not declared.exported or declared.params:
                continue
            if not _is_object(declared):
                continue
            setup = module.setups.get(name)
            config = self._config(module, setup) if isinstance(setup, dict) else {}
            stored = config.get("storage")
            stored = {snake(key): value for key, value in stored.items()} if isinstance(stored, Mapping) else {}
            shape = self.resolver.shape(Ref(name), Scope(module))
            if shape.kind == "object" and stored.get("enabled", True) is not False:
                yield MooseTable(name, name, shape, stored, "interface", declared.comment, module.file, declared.line)


_NESTED = frozenset({"table", "targetTable", "target_table"})


def _object_keys(value: object) -> object:
    return {snake(key): inner for key, inner in value.items()} if isinstance(value, dict) else value


def _is_object(declared: Declaration) -> bool:
    return isinstance(declared.type, Body | Several)


def _model(call: Call) -> str:
    """The name of the type a table holds; of several, of the first that is named."""
    node = call.type
    if isinstance(node, Several) and not node.union:
        node = next((part for part in node.parts if isinstance(part, Ref)), None)
    return node.name if isinstance(node, Ref) and not node.args else ""


def snake(name: str) -> str:
    """`orderByFields` → `order_by_fields`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
