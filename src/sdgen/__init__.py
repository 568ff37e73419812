"""sdgen: synthetic relational data that keeps every constraint, looks real, and is the same every time.

    import sdgen
    tables = sdgen.generate("shop", rows=1000, seed=7)      # Arrow tables by entity
    sdgen.write("shop", "shop.duckdb")                       # or a folder, SQLite, PostgreSQL

The names below are imported when first used, so that `import sdgen` and the command line start fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sdgen.api import batches, check, generate, plan, read, run, verify, write
    from sdgen.errors import (
        Cancelled,
        NotFound,
        Problem,
        ScenarioError,
        SdgenError,
        SourceError,
        StoreError,
        TargetError,
    )
    from sdgen.generators.base import Generator, ParamError
    from sdgen.generators.column_batch import ColumnBatch, ColumnContext
    from sdgen.generators.registry import generator

__version__ = "0.1.0"

_HOMES = {
    "sdgen.api": ("batches", "check", "generate", "plan", "read", "run", "verify", "write"),
    "sdgen.errors": (
        "Cancelled",
        "NotFound",
        "Problem",
        "ScenarioError",
        "SdgenError",
        "SourceError",
        "StoreError",
        "TargetError",
    ),
    "sdgen.generators.base": ("ColumnBatch", "ColumnContext", "Generator", "ParamError"),
    "sdgen.generators.registry": ("generator",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
_FORMER_NAMES = {"Cells": "ColumnBatch", "Facts": "ColumnContext", "Fault": "ParamError"}

__all__ = [
    "Cancelled",
    "ColumnBatch",
    "ColumnContext",
    "Generator",
    "NotFound",
    "ParamError",
    "Problem",
    "ScenarioError",
    "SdgenError",
    "SourceError",
    "StoreError",
    "TargetError",
    "__version__",
    "batches",
    "check",
    "generate",
    "generator",
    "plan",
    "read",
    "run",
    "verify",
    "write",
]


def __getattr__(name: str) -> Any:
    if name in _FORMER_NAMES:
        return __getattr__(_FORMER_NAMES[name])
    if name not in _HOME_OF:
        raise AttributeError(f"module 'sdgen' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value
