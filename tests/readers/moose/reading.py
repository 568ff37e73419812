"""Small Moose projects, written to a folder and read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

from sdgen.engine import batch
from sdgen.planning.compile import compile_plan
from sdgen.readers import moose
from sdgen.readers.base import ReadOptions, Source
from sdgen.scenario.model import Column, Scenario
from sdgen.scenario.request import PlanRequest

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TYPESCRIPT = 'import * as everything from "@514labs/moose-lib";\nimport typia, { tags } from "typia";\n'
PYTHON = """\
import datetime
import ipaddress
from datetime import date
from decimal import Decimal
from enum import Enum, IntEnum, auto
from typing import Annotated, Any, Literal, Optional
from uuid import UUID
from moose_lib import *
from pydantic import BaseModel, Field
"""


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))


def read(path: Path, rows: int = 50) -> Scenario:
    return moose.read(Source(str(path)), ReadOptions(rows=rows))


def read_typescript(folder: Path, text: str, rows: int = 50) -> Scenario:
    path = folder / "models.ts"
    path.write_text(TYPESCRIPT + dedent(text))
    return read(path, rows)


def read_python(folder: Path, text: str, rows: int = 50) -> Scenario:
    path = folder / "models.py"
    path.write_text(PYTHON + dedent(text))
    return read(path, rows)


def typescript_column(folder: Path, type: str, before: str = "", optional: bool = False) -> Column:
    """The column that a field of a type becomes."""
    mark = "?" if optional else ""
    text = f'{before}\nexport interface T {{ id: Key<string>; it{mark}: {type} }}\nnew OlapTable<T>("t");'
    return read_typescript(folder, text).entities["T"].columns["it"]


def python_column(folder: Path, type: str, before: str = "") -> Column:
    text = f'{before}\nclass T(BaseModel):\n    id: Key[str]\n    it: {type}\n\nt = OlapTable[T]("t")\n'
    return read_python(folder, text).entities["T"].columns["it"]


def rows_of(scenario: Scenario, entity: str, count: int = 50) -> list[dict[str, object]]:
    plan = compile_plan(scenario, PlanRequest(seed=3, as_of=NOW))
    return list(batch(plan, entity, 0, min(count, plan.entities[entity].rows)).to_pylist())


def told(scenario: Scenario) -> str:
    return "\n".join(f"{note.line} {note.where} {note.what}" for note in scenario.notes)
