"""The tables that Python files make when they are imported, which runs them: only where a user allows it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum as PythonEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, ForwardRef, Literal, NewType, TypeVar, Union, get_args, get_origin

from sdgen.readers.models.importing import ModelPath, imported, on_path
from sdgen.readers.moose.library import DEAD_LETTER, MOOSE
from sdgen.readers.moose.project import Project
from sdgen.readers.moose.python_library import ANNOTATIONS, CALLS, PLAIN, WRAPPERS, limits_of
from sdgen.readers.moose.python_modules import PythonModules
from sdgen.readers.moose.python_resolve import fields_of
from sdgen.readers.moose.shapes import ANY, Field, MooseTable, Notes, Shape, intersection, riddle, tag, union
from sdgen.readers.moose.standin import TABLES, AnnotationCall, LibraryObject, standing_in
from sdgen.readers.moose.syntax import Enum, Named
from sdgen.readers.moose.typescript_resolve import enum_shape

_OWN = ("order_by_fields", "engine", "order_by_expression")


def imported_tables(project: Project, paths: Iterable[Path], notes: Notes) -> list[MooseTable]:
    """The tables that some files of a project make, in the order they are made; SourceError where one can't be run."""
    before = set(sys.modules)
    collector = _Collector(project, notes)
    try:
        with standing_in() as listed, on_path(project.root):
            for path in paths:
                imported(ModelPath(str(path)))
            # A file that others import may be run twice, under two names: a table is told by its place, and is
            # counted once.
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

    def tables(self, made: LibraryObject) -> Iterator[MooseTable]:
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

    def _table(self, made: LibraryObject, name: str, config: Mapping[str, Any], file: str) -> Iterator[MooseTable]:
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
        yield MooseTable(name, own, shape, known, made.kind, comment, file, made.line)

    def _name(self, made: LibraryObject) -> Any:
        return made.args[0] if made.args and not isinstance(made.args[0], LibraryObject) else made.named.get("name")

    def place(self, model: Any, attribute: str) -> tuple[str, str, int, str]:
        """What stands beside a field in its source: a comment, another one, the line and the file."""
        # An inherited field is documented where it was written, which may be another file.
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


def _config(made: LibraryObject) -> dict[str, Any]:
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
    if isinstance(given, LibraryObject):
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


_LIMITS = ("ge", "gt", "le", "lt", "pattern", "min_length", "max_length", "max_digits", "decimal_places")
_ALIASES = ("serialization_alias", "alias", "validation_alias")
_DEEPEST = 40

Place = Callable[[Any, str], tuple[str, str, int, str]]  # a class and an attribute → comment, aside, line and file


class Runtime:
    """Works out the annotations of imported classes."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def model(self, model: Any, around: tuple[Any, ...] = ()) -> Shape:
        """A Pydantic model's shape."""
        if model in around or len(around) > _DEEPEST:
            return riddle(f"{model.__name__} refers to itself")
        fields = tuple(self._field(model, name, info, (*around, model)) for name, info in model.model_fields.items())
        return Shape("object", model.__name__, fields=fields)

    def _field(self, model: Any, name: str, info: Any, around: tuple[Any, ...]) -> Field:
        annotated = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
        found = self.shape(annotated, around)
        # The name under which a value is written goes first, since rows are written.
        alias = next((each for key in _ALIASES if isinstance(each := getattr(info, key, None), str)), name)
        comment, aside, line, file = self.place(model, name)
        return Field(alias, found, False, info.description or comment, aside, line, file)

    def shape(self, annotation: Any, around: tuple[Any, ...] = ()) -> Shape:
        """An annotation's shape; a riddle where nothing of it is known."""
        origin, args = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self._annotated(annotation.__origin__, annotation.__metadata__, around)
        if origin in (Union, UnionType):
            return union(self.shape(each, around) for each in args)
        if origin is Literal:
            known = all(isinstance(value, str | int | float) for value in args)
            return union(Shape("const", value=value) for value in args) if known else riddle("a Literal of names")
        if hasattr(origin, "__value__"):  # an alias with parameters
            return self.shape(origin.__value__, around)
        if origin is not None:
            name = getattr(origin, "__name__", str(origin))
            wrapper = WRAPPERS.get(name)
            inner = tuple(riddle("...") if each is ... else self.shape(each, around) for each in args)
            return wrapper(inner) if wrapper else riddle(f"{name}[...] is no annotation that is understood")
        return self._plain(annotation, around)

    def _plain(self, annotation: Any, around: tuple[Any, ...]) -> Shape:
        if annotation is None or annotation is NoneType:
            return Shape("null")
        if annotation is Any or isinstance(annotation, TypeVar):
            return ANY
        if isinstance(annotation, NewType):
            return self.shape(annotation.__supertype__, around)
        if hasattr(annotation, "__value__"):
            return self.shape(annotation.__value__, around)
        if isinstance(annotation, type) and issubclass(annotation, PythonEnum):
            members = tuple((each.name, each.value) for each in annotation)
            return enum_shape(Enum(annotation.__name__, members))
        if hasattr(annotation, "model_fields"):
            return self.model(annotation, around)
        name = getattr(annotation, "__name__", "")
        if isinstance(annotation, str | ForwardRef) or name not in PLAIN:
            return riddle(f"the type {name or annotation} is not understood")
        return PLAIN[name]

    def _annotated(self, base: Any, said: tuple[Any, ...], around: tuple[Any, ...]) -> Shape:
        parts = [self.shape(base, around)]
        for each in said:
            parts += self._said(each, around)
        return intersection(parts)

    def _said(self, each: Any, around: tuple[Any, ...]) -> list[Shape]:
        """What stands in Annotated behind a type."""
        if isinstance(each, str):
            return [tag(**ANNOTATIONS.get(each, {}))]
        if isinstance(each, AnnotationCall):
            return [self._of_library(each, around)]
        # pydantic's Field keeps what it is given as a list of constraints, such as annotated-types has.
        inner = getattr(each, "__metadata__", None) or getattr(each, "metadata", None) or ()
        found = [shape for one in inner for shape in self._said(one, around)]
        limits = limits_of({name: _node(getattr(each, name, None)) for name in _LIMITS})
        return [*found, tag(**limits)] if limits else found

    def _of_library(self, said: AnnotationCall, around: tuple[Any, ...]) -> Shape:
        if said.name == "Key":
            return tag(key=True)
        make = CALLS.get(said.name)
        if make is not None:
            named: Mapping[str, ast.expr] = {key: _node(value) for key, value in said.named.items()}
            return make([_node(value) for value in said.args], named, lambda node: self._typed(node, around))
        maker = MOOSE.get(said.name) or MOOSE.get(f"ClickHouse{said.name}")
        return maker(()) if maker is not None and said.name != "JWT" else tag()

    def _typed(self, node: ast.expr, around: tuple[Any, ...]) -> Shape:
        """The type that stands in a call's arguments."""
        return self.shape(node.value, around) if isinstance(node, ast.Constant) else riddle("it is no type")


def _node(value: Any) -> ast.expr:
    """A value as the expression that makes it, which is what the library's words are read from."""
    if isinstance(value, list | tuple):
        return ast.List([_node(each) for each in value], ast.Load())
    return ast.Constant(value)
