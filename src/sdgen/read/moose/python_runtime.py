"""Annotations of models that were imported → shapes, the same ones that their source gives."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from enum import Enum as PythonEnum
from types import NoneType, UnionType
from typing import Annotated, Any, ForwardRef, Literal, NewType, TypeVar, Union, get_args, get_origin

from sdgen.read.moose.library import MOOSE
from sdgen.read.moose.python_library import ANNOTATIONS, CALLS, PLAIN, WRAPPERS, limits_of
from sdgen.read.moose.shapes import ANY, Field, Shape, intersection, riddle, tag, union
from sdgen.read.moose.standin import Said
from sdgen.read.moose.syntax import Enum
from sdgen.read.moose.typescript_resolve import enum_shape

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
        if isinstance(each, Said):
            return [self._of_library(each, around)]
        inner = getattr(each, "__metadata__", None) or getattr(each, "metadata", None) or ()
        found = [shape for one in inner for shape in self._said(one, around)]
        limits = limits_of({name: _node(getattr(each, name, None)) for name in _LIMITS})
        return [*found, tag(**limits)] if limits else found

    def _of_library(self, said: Said, around: tuple[Any, ...]) -> Shape:
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
