"""The tables that Python files declare: OlapTable[T](...), IngestPipeline[T](...), MaterializedView[T](...)."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sdgen.readers.moose.library import DEAD_LETTER
from sdgen.readers.moose.project import Project
from sdgen.readers.moose.python_modules import PythonModule, PythonModules, dotted, plain_value
from sdgen.readers.moose.python_resolve import PythonResolver
from sdgen.readers.moose.shapes import MooseTable, Notes, Shape, unknown_text
from sdgen.readers.moose.syntax import Named

_CLASSES = frozenset({"OlapTable", "IngestPipeline", "MaterializedView"})
_OWN = ("order_by_fields", "engine", "order_by_expression")
_LEGACY = "moose_data_model"


def python_tables(project: Project, paths: Iterable[Path], notes: Notes) -> list[MooseTable]:
    """The tables of some files of a project, in the order they are declared."""
    return _Collector(project, notes).tables(list(paths))


class _Collector:
    def __init__(self, project: Project, notes: Notes) -> None:
        self.modules = PythonModules(project)
        self.resolver = PythonResolver(self.modules)
        self.notes = notes

    def tables(self, paths: list[Path]) -> list[MooseTable]:
        modules = [module for path in paths if (module := self.modules.module(path)) is not None]
        found = [table for module in modules for call in module.calls for table in self._called(module, call)]
        # A file that only gathers what others declare: its imports are looked into, one step deep.
        if not found and len(paths) == 1 and modules:
            modules = [modules[0], *self._imported(modules[0])]
            found = [table for module in modules for call in module.calls for table in self._called(module, call)]
        # Older ways of declaring tables count only where the present one is not used, or models would be tables
        # twice.
        found = found or [table for module in modules for table in self._marked(module)]
        found = found or [table for module in modules for table in self._keyed(module)]
        self.notes.found += self.modules.faults
        return found

    def _imported(self, module: PythonModule) -> list[PythonModule]:
        """The modules of the project that a module without tables imports."""
        found = {other.path: other for name in module.imports if (other := self.modules.imported(module, name)[0])}
        return [other for path, other in found.items() if path != module.path]

    def _called(self, module: PythonModule, call: ast.Call) -> Iterator[MooseTable]:
        made = call.func
        kind = (dotted(made.value) or ("",))[-1] if isinstance(made, ast.Subscript) else ""
        if not isinstance(made, ast.Subscript) or kind not in _CLASSES:
            return
        name, config = self._name(module, call), self._config(module, call)
        if kind == "IngestPipeline":
            table = config.get("table", False)
            # A pipeline without a table only passes its rows on.
            if table is False or table is None:
                return
            version = {"version": config["version"]} if "version" in config else {}
            config = {**version, **(table if isinstance(table, Mapping) else {})}
        elif kind == "MaterializedView":
            # The view writes into a table that is declared elsewhere, and is read there.
            if isinstance(config.get("target_table"), Named):
                return
            name = name or config.get("table_name") or config.get("name")
            config = {key: value for key, value in config.items() if key in _OWN}
        if not isinstance(name, str) or not name:
            self._tell(module, call, f"{kind} has no name that can be read, and is left out")
            return
        yield from self._table(module, call, kind, made.slice, name, config)

    def _table(
        self, module: PythonModule, call: ast.Call, kind: str, model: ast.expr, name: str, config: Mapping[str, Any]
    ) -> Iterator[MooseTable]:
        shape = self._shape(module, model)
        if shape.kind != "object":
            why = shape.name if shape.kind == "riddle" else f"its type is {shape.kind}, not a model"
            self._tell(module, call, f"{kind} {name} is left out: {why}")
            return
        for key, value in config.items():
            if unknown_text(value) and key != "engine":
                what = f"{kind} {name}: {key} is known only when the program runs, and is left out"
                self._tell(module, call, f"{what} ({unknown_text(value)})")
        known = {key: value for key, value in config.items() if key == "engine" or not unknown_text(value)}
        found = self.modules.find(module, dotted(model)) if dotted(model) else None
        comment = ast.get_docstring(found.node) if found is not None and isinstance(found.node, ast.ClassDef) else ""
        own = dotted(model)[-1] if found is not None else ""
        variable = next((each for each, value in module.values.items() if value is call), "")
        yield MooseTable(name, own, shape, known, kind, comment or "", module.file, call.lineno, variable)

    def _shape(self, module: PythonModule, model: ast.expr) -> Shape:
        name = dotted(model.value) if isinstance(model, ast.Subscript) else dotted(model)
        if name and name[-1] in ("DeadLetterModel", "DeadLetter") and self.modules.find(module, name) is None:
            return Shape("object", "DeadLetterModel", fields=DEAD_LETTER)
        return self.resolver.shape(model, module)

    def _tell(self, module: PythonModule, call: ast.Call, what: str) -> None:
        self.notes.add((), what, module.file, call.lineno)

    def _name(self, module: PythonModule, call: ast.Call) -> object:
        named = {each.arg: each.value for each in call.keywords if each.arg}
        node = call.args[0] if call.args and not isinstance(call.args[0], ast.Call) else named.get("name")
        return self._value(module, node)

    def _config(self, module: PythonModule, call: ast.Call) -> dict[str, Any]:
        """All that a constructor is given by name, in its config's call or beside it."""
        found: dict[str, Any] = {}
        for node in [*call.args, *(each.value for each in call.keywords if each.arg in ("config", "options"))]:
            value = self._value(module, node)
            if isinstance(value, dict):
                found.update(value)
        found.update({each.arg: self._value(module, each.value) for each in call.keywords if each.arg})
        return found

    def _value(self, module: PythonModule, node: ast.expr | None, depth: int = 0) -> Any:
        """A value; a call of a config's or an engine's class is a record of its arguments, with the class's name."""
        if depth > 12:
            return None
        if isinstance(node, ast.Call):
            name = (dotted(node.func) or ("",))[-1]
            given = {each.arg: self._value(module, each.value, depth + 1) for each in node.keywords if each.arg}
            if name.endswith(("Engine", "Config", "Options")):
                return {**given, **({"name": name.removesuffix("Engine")} if name.endswith("Engine") else {})}
            return given if name in ("TableIndex", "TableProjection", "dict") else plain_value(node)
        if isinstance(node, ast.List | ast.Tuple):
            return [self._value(module, each, depth + 1) for each in node.elts]
        if isinstance(node, ast.Name | ast.Attribute):
            found = self.modules.find(module, dotted(node)) if dotted(node) else None
            if found is not None and not isinstance(found.node, ast.ClassDef) and not _makes_table(found.node):
                return self._value(found.module, found.node, depth + 1)
        return plain_value(node)

    def _keyed(self, module: PythonModule) -> Iterator[MooseTable]:
        """The classes with a Key of a module that declares no tables."""
        for node in module.classes.values():
            shape = self.resolver.of_class(node, module)
            if shape.kind == "object" and any(each.shape.marks.get("key") for each in shape.fields):
                comment = ast.get_docstring(node) or ""
                yield MooseTable(node.name, node.name, shape, {}, "class", comment, module.file, node.lineno)

    def _marked(self, module: PythonModule) -> Iterator[MooseTable]:
        """The classes of the older way: marked as data models."""
        for node in module.classes.values():
            marks = [
                (dotted(each.func if isinstance(each, ast.Call) else each) or ("",))[-1] for each in node.decorator_list
            ]
            if _LEGACY not in marks:
                continue
            call = next((each for each in node.decorator_list if isinstance(each, ast.Call)), None)
            config = self._value(module, call.args[0]) if call is not None and call.args else {}
            stored = config.get("storage", {}) if isinstance(config, dict) else {}
            stored = stored if isinstance(stored, dict) else {}
            shape = self.resolver.of_class(node, module)
            if shape.kind == "object" and stored.get("enabled", True) is not False:
                comment = ast.get_docstring(node) or ""
                yield MooseTable(node.name, node.name, shape, stored, _LEGACY, comment, module.file, node.lineno)


def _makes_table(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Subscript)
