"""A stand-in for Moose's Python library: models that use it can be imported, and the tables they make are listed.

The library itself is not run, so that it needn't be installed and starts nothing. What it calls types are annotations
that Pydantic takes; whatever else a program asks of it is there, and does nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Annotated, Any

from sdgen.readers.moose.library import MOOSE
from sdgen.readers.moose.python_library import ANNOTATIONS, CALLS

LIBRARY = "moose_lib"
_BASES = ("MooseModel", "Mixin")  # of which models and enums are made
TABLES = frozenset({"OlapTable", "IngestPipeline", "MaterializedView"})
_TYPES = frozenset({"clickhouse_decimal", "clickhouse_datetime64", "simple_aggregated", "aggregated", "FixedString"})


@dataclass(frozen=True)
class AnnotationCall:
    """What an annotation says: a call of the library's, with its arguments."""

    name: str
    args: tuple[Any, ...] = ()
    named: dict[str, Any] = field(default_factory=dict)


@dataclass
class LibraryObject:
    """An object of the library's, with the model it is of and where it was made."""

    kind: str
    model: Any
    args: tuple[Any, ...]
    named: dict[str, Any]
    file: str = ""
    line: int = 0

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            # Python asks for special names by itself; an answer would make it believe in a protocol that is not
            # there.
            raise AttributeError(name)
        return _class(f"{self.kind}.{name}")

    def __call__(self, *args: Any, **named: Any) -> Any:
        return args[0] if len(args) == 1 and not named and callable(args[0]) else self  # a decorator's


class _Anything(type):
    """Stands for a name of the library: it can be called, indexed, asked for more and inherited from."""

    path: str
    model: Any

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _class(f"{cls.path}.{name}")

    def __getitem__(cls, model: Any) -> Any:
        return _class(cls.path, model)

    def __call__(cls, *args: Any, **named: Any) -> Any:
        if not cls.path:  # a class of the program's own, which inherits from one of the library's
            return super().__call__()
        wraps = len(args) == 1 and not named and callable(args[0]) and not isinstance(args[0], _Anything)
        if wraps and cls.model is None:
            return args[0]  # it is a decorator
        made = LibraryObject(cls.path, cls.model, args, named, *_caller())
        _LISTED.append(made)
        return made


_LISTED: list[LibraryObject] = []


def _caller() -> tuple[str, int]:
    # Two frames up: this function and the metaclass's call are between the user's line and here.
    frame = sys._getframe(2)
    return frame.f_code.co_filename, frame.f_lineno


def _class(path: str, model: Any = None) -> Any:
    return _Anything(path.rpartition(".")[2], (), {"path": path, "model": model, "__init_subclass__": _inherited})


@classmethod  # type: ignore[misc]
def _inherited(cls: Any, **words: Any) -> None:
    cls.path = ""


class _Wrapper:
    """`Key[T]`: the type itself, with a word beside it."""

    def __init__(self, word: str) -> None:
        self.word = word

    def __getitem__(self, type: Any) -> Any:
        return Annotated[type, AnnotationCall(self.word)]


def _named(name: str) -> Any:
    """What stands for a name of the library."""
    if name.startswith("__"):
        raise AttributeError(name)
    if name.endswith(_BASES):
        from pydantic import BaseModel

        return BaseModel if name.endswith("Model") else type(name, (), {})
    if name in ("Key", "JWT"):
        return _Wrapper(name)
    if name in _TYPES:
        return lambda *args, **named: Annotated[Any, AnnotationCall(name, args, named)]
    if name in CALLS:
        return lambda *args, **named: AnnotationCall(name, args, named)
    if name in ANNOTATIONS:
        return name
    if (name in MOOSE or f"ClickHouse{name}" in MOOSE) and not name.startswith("DeadLetter"):
        return Annotated[Any, AnnotationCall(name)]
    return _class(name)


class _Finder(MetaPathFinder, Loader):
    """Finds the library and all modules it is asked for."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        own = fullname == LIBRARY or fullname.startswith(f"{LIBRARY}.")
        return ModuleSpec(fullname, self, is_package=True) if own else None

    def exec_module(self, module: ModuleType) -> None:
        names = {
            *TABLES,
            *CALLS,
            *(name for name in MOOSE if name.isidentifier()),
            "Key",
            "JWT",
            "MooseModel",
            "StringToEnumMixin",
        }
        names |= {"OlapConfig", "IngestPipelineConfig", "IngestConfig", "StreamConfig", "ClickHouseEngines", "Stream"}
        names |= {
            "MaterializedViewOptions",
            "moose_data_model",
            "StorageConfig",
            "DataModelConfig",
            "ReplacingMergeTreeEngine",
        }
        module.__dict__["__getattr__"] = _named
        module.__dict__["__all__"] = sorted(names)  # what `import *` brings


@contextmanager
def standing_in() -> Iterator[list[LibraryObject]]:
    """The library is the stand-in inside; what is made of it is in the list."""
    # A library that is installed and imported already must neither be used inside nor be lost afterwards.
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] == LIBRARY}
    for name in before:
        del sys.modules[name]
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    _LISTED.clear()
    try:
        yield _LISTED
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.split(".")[0] == LIBRARY]:
            del sys.modules[name]
        sys.modules.update(before)
