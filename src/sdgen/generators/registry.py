"""The catalogue: which generators there are, and one made from a name and params."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from inspect import signature
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_type_hints

import pyarrow as pa
from pydantic import create_model

from sdgen.generators.base import Generator
from sdgen.generators.column_batch import ColumnBatch
from sdgen.generators.families import FAMILIES
from sdgen.generators.text import vocabularies
from sdgen.scenario.types import Type, parse_type

ENTRY_POINTS = "sdgen.generators"


# Classes come here when their module is imported, which happens at the first use of one of their names.
_registered: dict[str, type[Generator]] = {}
Function = Callable[..., Any]
_G = TypeVar("_G", bound=type[Generator])


def register(*names: str) -> Callable[[_G], _G]:
    """Class decorator: make a generator known under these names."""

    def add(generator: _G) -> _G:
        for name in names:
            _registered[name] = generator
        return generator

    return add


def find(name: str) -> type[Generator] | None:
    """The class registered under a name, or of the generator a vocabulary's preset stands for; None for neither."""
    # A class that is registered goes before a preset of the same name.
    preset = vocabularies.preset(name)
    if preset is not None and name not in _registered:
        return find(preset.spec.type)
    if name not in _registered:
        _load(name)
    return _registered.get(name)


def main_param(name: str) -> str:
    """The param that a value alone is for, such as an expression's SQL; "" where there is none."""
    kind = find(name)
    if kind is None or kind.main:
        return kind.main if kind is not None else ""
    needed = [field.alias or param for param, field in kind.model_fields.items() if field.is_required()]
    return needed[0] if len(needed) == 1 else ""


def spelled_by_name(record: Iterable[str], known: Container[str]) -> list[str]:
    """The keys of a record that are generators' names: `{type: int, uniform_int: {max: 9}}`."""
    return [key for key in record if isinstance(key, str) and key not in known and find(key) is not None]


def params_of(name: str, value: object) -> Mapping[str, Any] | None:
    """The params that stand behind a generator's name: a mapping, a value alone, or nothing; None for what is none."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return value
    main = main_param(name)
    return {main: value} if main else None


def in_full(record: Mapping[str, Any], known: Container[str]) -> Mapping[str, Any]:
    """A record with `generator` and `params` instead of a generator's name; as it is where that can't be."""
    named = spelled_by_name(record, known)
    params = params_of(named[0], record[named[0]]) if len(named) == 1 and "generator" not in record else None
    if params is None or "params" in record:
        return record
    return {**{key: each for key, each in record.items() if key != named[0]}, "generator": named[0], "params": params}


def spellings(name: str) -> tuple[str, ...]:
    """All names of the generator that a name stands for, the one it is documented under first.

    A class of several generators tells in `about` which names those are; each other name is a spelling of the one
    that it stands behind in its family.
    """
    kind = find(name)
    if kind is None:
        return (name,)
    listed = next((names for names in FAMILIES.values() if name in names), (name,))
    groups: list[list[str]] = []
    for each in listed:
        if find(each) is kind:
            if not groups or each in kind.about:
                groups.append([])
            groups[-1].append(each)
    return next((tuple(group) for group in groups if name in group), (name,))


def make(name: str, params: dict[str, Any]) -> Generator:
    """A generator from its name and params; KeyError for an unknown name, pydantic.ValidationError for bad params."""
    preset = vocabularies.preset(name)
    if preset is not None and name not in _registered:
        return make(preset.spec.type, {**preset.spec.params, **params})
    kind = find(name)
    if kind is None:
        raise KeyError(name)
    made = kind.model_validate(params)
    # A class that serves several generators has to know which of them this is.
    object.__setattr__(made, "_called", name)
    return made


def names() -> list[str]:
    """All registered names and those of vocabularies' presets, sorted; loads what outside packages add."""
    _load_outside()
    return sorted({*(name for listed in FAMILIES.values() for name in listed), *_registered, *vocabularies.names()})


def outside() -> set[Path]:
    """The files of registered generators that aren't sdgen's own."""
    made = (getattr(kind, "function", kind) for kind in _registered.values())
    modules = {each.__module__ for each in made if not each.__module__.startswith("sdgen.")}
    files = (getattr(sys.modules.get(name), "__file__", None) for name in modules)
    return {Path(file) for file in files if file and Path(file).is_file()}


def families() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each family with its names, in the catalogue's order."""
    yield from FAMILIES.items()


# Only the module of the family is imported: importing all of them would make every
# start pay for what one scenario uses.
def _load(name: str) -> None:
    for family, listed in FAMILIES.items():
        if name in listed:
            import_module(f"sdgen.generators.{family}")
            return
    _load_outside()
    if name not in _registered and name.count(".") == 1:
        provided = import_module("sdgen.generators.text.mimesis_providers").find_provider(name)
        # mimesis comes last, so that none of its methods takes the place of a name of ours or of another package.
        if provided is not None:
            _registered[name] = provided


@cache
def _load_outside() -> None:
    for entry in entry_points(group=ENTRY_POINTS):
        # Entry points run code of other packages, so that they are loaded when a
        # name is asked for that is none of ours.
        entry.load()


def generator(name: str, *, makes: str, fits: Iterable[str] = ()) -> Callable[[Function], Function]:
    """Decorator: make a function a generator, known under `name`.

    The function takes cells and, as keyword arguments, params with types (and defaults); it returns an array with one
    value for each of the cells' row numbers, drawn from `cells.draw()`, `cells.unit()` or `cells.below(size)` alone.
    `makes` is the type it makes, such as "string"; `fits` are the kinds of further types its values convert to.
    """

    def add(function: Function) -> Function:
        _registered[name] = _function_generator(name, function, parse_type(makes), frozenset(fits))
        return function

    return add


def _function_generator(name: str, function: Function, made: Type, fits: frozenset[str]) -> type[Generator]:
    hints = get_type_hints(function)
    params = [parameter for parameter in signature(function).parameters.values() if parameter.name != "cells"]
    fields: dict[str, Any] = {
        parameter.name: (
            hints.get(parameter.name, Any),
            ... if parameter.default is parameter.empty else parameter.default,
        )
        for parameter in params
    }
    model = create_model(name.replace(".", "_"), __base__=FunctionGenerator, __doc__=function.__doc__, **fields)
    model.function, model.made, model.fits = staticmethod(function), made, fits | {made.kind}
    return model


class FunctionGenerator(Generator):
    """A generator made of a function."""

    function: ClassVar[Function]
    made: ClassVar[Type]

    def natural(self) -> Type:
        return self.made

    def values(self, cells: ColumnBatch) -> pa.Array:
        params = {name: getattr(self, name) for name in type(self).model_fields}
        values = type(self).function(cells, **params)
        return values if isinstance(values, pa.Array) else pa.array(values)
