"""The tables that Python files make when they are imported, which runs them: only where a user allows it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sdgen.read.models.importing import Words, imported, on_path
from sdgen.read.moose.library import DEAD_LETTER
from sdgen.read.moose.project import Project
from sdgen.read.moose.python_fields import fields_of
from sdgen.read.moose.python_modules import PythonModules
from sdgen.read.moose.python_runtime import Runtime
from sdgen.read.moose.shapes import Shape
from sdgen.read.moose.standin import TABLES, Made, standing_in
from sdgen.read.moose.syntax import Named
from sdgen.read.moose.tables import Notes, Table

_OWN = ("order_by_fields", "engine", "order_by_expression")


def imported_tables(project: Project, paths: Iterable[Path], notes: Notes) -> list[Table]:
    """The tables that some files of a project make, in the order they are made; SourceError where one can't be run."""
    before = set(sys.modules)
    collector = _Collector(project, notes)
    try:
        with standing_in() as listed, on_path(project.root):
            for path in paths:
                imported(Words(str(path)))
            made = {(each.file, each.line, each.kind, str(each.args[:1])): each for each in listed}
            return [table for each in made.values() for table in collector.tables(each)]
    finally:
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).resolve().is_relative_to(project.root):
                del sys.modules[name]  # it holds the stand-in, and makes its tables anew when it is read again


class _Collector:
    def __init__(self, project: Project, notes: Notes) -> None:
        self.project = project
        self.notes = notes
        self.modules = PythonModules(project)
        self.runtime = Runtime(self.place)

    def tables(self, made: Made) -> Iterator[Table]:
        """The table of an object that has one."""
        if made.kind not in TABLES or made.model is None:
            return
        name, config = self._name(made), _config(made)
        if made.kind == "IngestPipeline":
            table = config.get("table", False)
            if table is False or table is None:
                return
            version = {"version": config["version"]} if "version" in config else {}
            config = {**version, **(table if isinstance(table, Mapping) else {})}
        elif made.kind == "MaterializedView":
            if isinstance(config.get("target_table"), Named):
                return
            name = name or config.get("table_name") or config.get("name")
            config = {key: value for key, value in config.items() if key in _OWN}
        file = self.project.shown(Path(made.file))
        if not isinstance(name, str) or not name:
            self.notes.add((), f"{made.kind} has no name, and is left out", file, made.line)
            return
        yield from self._table(made, name, config, file)

    def _table(self, made: Made, name: str, config: Mapping[str, Any], file: str) -> Iterator[Table]:
        dead = str(getattr(made.model, "path", "")).startswith("DeadLetter")
        if dead:
            shape, own, comment = Shape("object", "DeadLetterModel", fields=DEAD_LETTER), "DeadLetterModel", ""
        elif hasattr(made.model, "model_fields"):
            shape, own = self.runtime.model(made.model), made.model.__name__.partition("[")[0]
            comment = (made.model.__doc__ or "").strip()
        else:
            what = f"{made.kind} {name} is left out: {made.model} is not a Pydantic model"
            self.notes.add((), what, file, made.line)
            return
        known = {key: value for key, value in config.items() if key == "engine" or not isinstance(value, Named)}
        yield Table(name, own, shape, known, made.kind, comment, file, made.line)

    def _name(self, made: Made) -> Any:
        return made.args[0] if made.args and not isinstance(made.args[0], Made) else made.named.get("name")

    def place(self, model: Any, attribute: str) -> tuple[str, str, int, str]:
        """What stands beside a field in its source: a comment, another one, the line and the file."""
        for base in model.__mro__:
            file = getattr(sys.modules.get(base.__module__), "__file__", None)
            module = (
                self.modules.module(Path(file)) if file and attribute in vars(base).get("__annotations__", {}) else None
            )
            node = module.classes.get(base.__name__) if module is not None else None
            if module is None or not isinstance(node, ast.ClassDef):
                continue
            spec = next((each for each in fields_of(node, module) if each.attribute == attribute), None)
            if spec is not None:
                return spec.comment, spec.aside, spec.line, module.file
        return "", "", 0, ""


def _config(made: Made) -> dict[str, Any]:
    """All that an object is given by name, in its config's call or beside it."""
    found: dict[str, Any] = {}
    for each in [*made.args, *(value for key, value in made.named.items() if key in ("config", "options"))]:
        value = _value(each)
        if isinstance(value, dict):
            found.update(value)
    found.update({key: _value(value) for key, value in made.named.items()})
    return found


def _value(given: Any, depth: int = 0) -> Any:
    """A value as the source would give it: calls of the library's configs and engines are records."""
    if isinstance(given, Made):
        name = given.kind.rpartition(".")[2]
        if name in TABLES:
            return Named((name,))
        engine = {"name": name.removesuffix("Engine")} if name.endswith("Engine") else {}
        return {**{key: _value(each, depth + 1) for key, each in given.named.items()}, **engine}
    if isinstance(given, list | tuple) and depth < 12:
        return [_value(each, depth + 1) for each in given]
    if isinstance(given, dict) and depth < 12:
        return {str(key): _value(each, depth + 1) for key, each in given.items()}
    if isinstance(given, str | int | float | bool | None):
        return given
    return Named(tuple(str(getattr(given, "path", type(given).__name__)).split(".")))
